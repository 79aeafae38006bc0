//! The list of a service mapping exercise: one table saved from a spreadsheet, one row a service at a place.
//!
//! A [`Map`] says which column means what; it is suggested by the columns' names, corrected by hand and kept. With it the list becomes a
//! [`Package`](super::hsds::Package), so that everything that holds for packages holds here: limits, the look before, the report, one transaction.
//!
//! # Invariants
//!
//! - The same rows give the same package, whatever their order, the encoding or the separator.
//! - A row is known by its `id` where there is such a column, otherwise by its organisation and its service; places of one service by city
//!   and street. Correcting any other cell changes one row.
//! - Names of people are not taken. A column that speaks of a person cannot be mapped.
//! - A row of hashtags (HXL) is no entry. It says what columns hold, before their names do.
//! - Nothing is guessed: a country, a date or a status that is not sure is refused or left out, and said.
//!
//! It reads no workbooks, and it does not ask any service where a place is.

mod cells;
mod countries;
mod hxl;
mod map;
mod read;
mod turn;
mod words;

pub use map::{Dates, Field, Map, Suggestion};
pub use read::Sheet;
pub(super) use read::SheetRow;
pub use turn::package;

use super::hsds::HsdsError;
use crate::kernel::{Code, Coded, Fault};

/// Why a list cannot be taken at all.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The list itself.
    #[error(transparent)]
    List(#[from] HsdsError),
    /// The map.
    #[error("the map cannot be used: {0}")]
    Map(String),
    /// No map was given, and the columns do not speak for themselves.
    #[error(
        "not every column is understood: {0}; make a map with `throughline directory map`, look at it, and give it with --map"
    )]
    NeedsMap(String),
}

impl Coded for SheetError {
    fn code(&self) -> Code {
        match self {
            Self::List(error) => error.code(),
            Self::Map(_) => Code::new("directory.bad_map", Fault::Malformed),
            Self::NeedsMap(_) => Code::new("directory.needs_map", Fault::Refused),
        }
    }
}
