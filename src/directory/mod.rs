//! The services that members offer, and those that are only known of.
//!
//! # Invariants
//!
//! - An import is one transaction: all of it or nothing. The same package a second time changes nothing.
//! - Rows of a package are kept as they came, so that nothing is lost that this release does not use yet.
//! - A restricted entry is found by nobody without clearance: not in lists, not by search, not by id.
//! - A query holds nothing about a person and is not logged.
//!
//! It does not rank by fit to a person, and it does not judge eligibility: who asks is not known here.

mod error;
pub mod fold;
pub mod hsds;
mod import;
mod offer;
mod service;
mod store;

pub use error::DirectoryError;
pub use import::{dry_run, forget_source, import};
pub use offer::{
    Availability, ListService, OfferFacts, SetAvailability, list_service, offer, set_availability,
};
pub use service::{Listing, Search, Service, Visibility, find_service, search};
