//! Whole stories, through the entrances.

mod directory;
mod referral;
mod submit;
mod withdrawal;
