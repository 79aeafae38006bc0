//! The HTTP entrance, as callers see it.

mod conventions;
mod description;
mod feedback;
mod members;
