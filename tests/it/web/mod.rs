//! The pages, as a browser asks for them.

mod browser;
mod find;
mod pages;
mod person;
mod trays;
mod visitor;
