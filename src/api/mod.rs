//! The HTTP entrance: `/api/v1`, the directory as `/hsds`, tokens, health, metrics and the description of all that.
//!
//! # Conventions
//!
//! - Errors are problem documents (RFC 9457) with a stable `code` and the request's id.
//! - Every unsafe call may carry an `Idempotency-Key`; the answer is remembered in the transaction that earned it, unless there is a
//!   secret in it or in what was asked.
//! - What can change has an `ETag`, and changing it takes `If-Match`.
//! - Lists are pages with a cursor. Times are RFC 3339 in UTC. Unknown members are refused.
//!
//! # Invariants
//!
//! - A handler makes one call and one conversion. Whatever needs more belongs into a room.
//! - Neither a body nor a query nor a header's value is ever logged; routes are logged as patterns, without ids of people.

mod agreements;
mod audit;
mod consents;
mod contacts;
mod custody;
mod directory;
mod feedback;
mod health;
mod hsds;
mod members;
mod node;
mod notices;
mod packets;
mod page;
mod policy;
mod profile;
mod published;
mod referrals;
mod reply;
pub mod routes;
mod second_step;
mod sessions;
mod sources;
mod tokens;

pub(crate) use reply::answer;
pub use routes::configure;
