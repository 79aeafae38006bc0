//! The services that members offer.
