//! Connections, transactions and migrations on SQLite and PostgreSQL: the only room that names a database driver, next to
//! the `store.rs` files of the domain rooms.
//!
//! # Invariants
//!
//! - A write happens inside [`Store::write`] and nowhere else: only this room makes a [`Write`].
//! - Nobody is told "yes" before the commit that holds their rows is durable.
//! - A piece of work that fails rolls back its own savepoint and spoils nobody else's.
//! - Connections handed to readers cannot write, on either engine.
//!
//! # Decisions
//!
//! - **Writers take waiting work in batches** and commit each batch once. On SQLite there is one writer thread (the file has one
//!   writer anyway, and sharing its fsync is what makes it fast); on PostgreSQL there are a few, because there the round trip
//!   is the cost and several connections overlap it. Given up: work may run twice when a batch was rolled back,
//!   so work is `FnMut` and has no effect outside its transaction.
//! - **What may have been committed is never run again.** When the connection breaks between sending COMMIT and hearing of it, the
//!   callers get [`StorageError::OutcomeUnknown`]; with their Idempotency-Key they learn what happened. Before that point a broken
//!   connection is replaced and the work is done once more.
//! - **Times are microseconds in a `BIGINT`, ids are text, digests are text** on both engines. Given up: `TIMESTAMPTZ` when somebody
//!   reads the tables by hand. Gained: one query text, no rounding, no session time zone.
//! - **The statements of a submit run natively** (`natively!`): behind the enum diesel writes a statement's text twice each time it runs,
//!   which costs as much as running it. Given up: such a statement is compiled twice. Everything else goes through the enum.
//! - Everything else about the two engines' differences is in `docs/storage.md`.
//!
//! It does not retry by itself beyond that, and knows no table. What a room keeps in memory of a database has a place beside the
//! connections ([`Db::kept`]); what stands there is that room's affair.

mod beside;
mod db;
mod error;
mod migrate;
pub mod schema;
mod store;
mod write;

pub(crate) use db::natively;
pub use db::{Conn, Db, Engine, Write};
pub use error::StorageError;
pub(crate) use error::read;
pub use migrate::{Applied, MigrationStatus};
pub use store::{Health, Opening, Store};
pub use write::{Work, WriteFailed};
