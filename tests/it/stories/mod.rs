//! Whole stories, through the entrances.

mod areas;
mod calendar;
mod cases;
pub(crate) mod destruction;
mod directory;
mod drafts;
mod eligibility;
mod frictionless;
mod hours;
mod hsds;
mod ledger;
mod named;
mod onward;
mod policy;
mod published;
pub(crate) mod referral;
mod refused;
mod roundtrip;
mod search;
mod sheet;
mod standing;
mod submit;
mod taxonomies;
mod tongues;
mod trust;
mod upkeep;
mod withdrawal;
