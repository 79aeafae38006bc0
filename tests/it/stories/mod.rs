//! Whole stories, through the entrances.

mod directory;
pub(crate) mod referral;
mod submit;
mod withdrawal;
