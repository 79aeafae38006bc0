//! The gateway's commands, run as the program against a node, as an organisation runs them.

mod agreement;
mod bench;
mod consent;
mod demo;
mod disclosures;
mod files;
mod forged;
pub(crate) mod gateway;
mod onward;
mod oversee;
mod people;
mod policy;
mod progress;
pub(crate) mod referral;
mod walkthrough;
