//! The pages, as a browser asks for them.

mod admin;
mod agreements;
mod answers;
mod browser;
mod contacts;
mod duties;
mod entries;
mod find;
mod flows;
mod gap;
mod keys;
mod mechanism;
mod overdue;
mod pages;
mod person;
mod review;
mod second_passkey;
mod second_step;
mod trays;
pub(crate) mod visitor;
