//! The ground on which the entrances of HTTP stand: the server, its door, who is calling, and how a refusal goes out.
//!
//! # Invariants
//!
//! - Every request passes the guard: it has an id, a time limit, the headers that all answers have, and its place in the metrics.
//! - Neither a body nor a query nor a header's value is ever logged; routes are logged as patterns, without ids of people.
//! - What changes something is refused when a browser says that another site sent it.
//!
//! # What it does not do
//!
//! It has no routes. `api` and `web` have them, and whoever assembles a server hands them in.

mod caller;
mod door;
mod extract;
mod guard;
#[cfg(feature = "web")]
pub(crate) mod half;
mod packing;
mod pages;
mod problem;
mod server;
pub(crate) mod session;

#[cfg(feature = "web")]
pub(crate) use caller::refuse_forged;
pub(crate) use caller::{MAX_TOKEN, access_token};
pub(crate) use door::Door;
#[cfg(feature = "web")]
pub(crate) use extract::holder;
pub use extract::{Asking, Body, Expected, Paging, Remembered};
pub(crate) use extract::{Coming, hub_of, read, remembered, request_id};
pub(crate) use packing::packed;
#[cfg(feature = "web")]
pub(crate) use pages::LANGUAGE_COOKIE;
pub use pages::{Pages, Seeker};
pub use problem::{Problem, ProblemDocument};
pub use server::{ServeError, Serving, serve};

use crate::kernel::{Code, Fault};

/// The parts of the server are not there: a fault of whoever assembled it.
pub(crate) fn unassembled() -> Problem {
    Problem::new(Code::new("api.unassembled", Fault::Internal), "The hub is not there.")
}
