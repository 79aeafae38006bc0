//! The HTTP entrance, as callers see it.

mod conventions;
mod members;
