//! A directory that was never there, with the distributions of a real one: the legal aid providers of England and Wales (2,486 organisations,
//! 4,383 services at 8,650 places). How many services an organisation has, at how many places each is offered, how long names and
//! descriptions are, how often words come again, how dense towns are, and how many places nobody has coordinates of, is as there; one
//! service of each such country has 367 places. A directory of more places is that of more such countries.
//!
//! Every organisation follows from its number alone, so that a package is written without ever being in memory, and a question about an
//! organisation needs no list of them.

mod dice;
mod organisation;
mod questions;
mod write;

pub(super) use questions::{Question, question};
pub(super) use write::{Written, write};
