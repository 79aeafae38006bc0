//! Whole stories, through the entrances.

pub(crate) mod destruction;
mod directory;
mod ledger;
pub(crate) mod referral;
mod refused;
mod submit;
mod withdrawal;
