//! Whole stories, through the entrances.

mod directory;
mod ledger;
pub(crate) mod referral;
mod submit;
mod withdrawal;
