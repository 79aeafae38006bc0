//! The services that members offer.

pub mod fold;
pub mod hsds;
