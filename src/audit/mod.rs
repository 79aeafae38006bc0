//! The append-only log: who did what to which object and when, in a Merkle tree that anybody can check without this node.
//!
//! Every use case that writes leaves one [`Entry`]. It is inserted in the same transaction as the change it tells of, so a
//! change without an entry cannot be committed. A sequencer gives the waiting entries their places afterwards: nothing a request
//! does waits for a shared counter or the head of a chain.
//!
//! # Invariants
//!
//! - An entry holds no personal data: ids of actors, and salted commitments to everything else.
//! - An entry that has a place keeps it; no row of the log is updated or deleted.
//! - A checkpoint is signed only when the entries and the tiles it commits to are stored.
//!
//! What this room does not do: decide who may read the log (`access`), or keep the content of what happened (the domain rooms).

mod checkpoint;
pub mod entry;
mod error;
pub mod proof;
mod prove;
mod record;
mod sequence;
mod store;
pub mod tree;
mod verify;
mod views;

pub use checkpoint::{Checkpoint, LogKey, LogVerifier};
pub use entry::{Entry, EntryDraft, EntryError, Outcome, Who};
pub use error::AuditError;
pub use proof::{Proof, Proven};
pub use prove::{Detail, Wanted, checkpoint, prove, tile};
pub use record::{Record, record};
pub use sequence::{BATCH, Sequenced, sequence};
pub use verify::{Finding, FindingKind, Held, Verification, has_entries, has_leaf, verify};
pub use views::{checkpoint_for, proof_for, read_tile};
