//! The rows behind the directory, as their sources gave them: the order they came in, which of them name which, and the nested documents
//! that HSDS makes of them.
//!
//! An order that only grows keeps pages with numbers whole: what is added while somebody turns pages comes at the end.

mod compose;
mod derived;
pub(super) mod hsds_json;
mod links;
mod shape;
pub(super) mod store;
mod waiting;
mod withheld;

pub use compose::{Depth, Kind};
pub(super) use compose::{compose, compose_as_given, compose_whole};
pub use links::enter_rows;
pub(super) use links::{Touched, of_row};
pub(super) use shape::is_for_members;
pub(super) use waiting::Waiting;
pub(super) use withheld::Withheld;
