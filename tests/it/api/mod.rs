//! The HTTP entrance, as callers see it.

mod agreements;
mod conventions;
pub(crate) mod custody;
pub(crate) mod description;
mod feedback;
mod limits;
mod members;
mod people;
pub(crate) mod second_step;
mod sessions;
mod sources;
mod strangers;
