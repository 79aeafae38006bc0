//! The pages, as a browser asks for them.

mod admin;
mod browser;
mod find;
mod gap;
mod keys;
mod pages;
mod person;
mod second_step;
mod trays;
mod visitor;
