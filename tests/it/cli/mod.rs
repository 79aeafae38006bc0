//! The gateway's commands, run as the program against a node, as an organisation runs them.

mod agreement;
mod bench;
mod consent;
mod demo;
mod disclosures;
mod files;
mod forged;
mod gateway;
mod onward;
mod oversee;
mod policy;
mod progress;
mod referral;
mod walkthrough;
