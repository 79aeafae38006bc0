//! Whole stories, through the entrances.

mod calendar;
pub(crate) mod destruction;
mod directory;
mod eligibility;
mod frictionless;
mod hsds;
mod ledger;
mod named;
mod onward;
mod policy;
pub(crate) mod referral;
mod refused;
mod roundtrip;
mod search;
mod sheet;
mod submit;
mod upkeep;
mod withdrawal;
