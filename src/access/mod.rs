//! Who is calling, what they may do, and the transaction that carries both.
//!
//! # Invariants
//!
//! - Every write knows its actor, its moment and its request; none of them can be changed inside the use case.
//! - A stranger to a thing gets "not found", never "forbidden": its existence is nobody's business.
//! - What a role may do is one table ([`Role::permissions`]); no use case compares roles.
//!
//! It does not authenticate: tokens, passphrases and signatures are looked at by the entrances and by `members`.

mod actor;
mod permission;
mod tx;

pub use actor::{AccessError, Actor, Who};
pub use permission::{Permission, Role, Roles};
pub use tx::{Node, Setting, Tx};
