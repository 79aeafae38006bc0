//! The append-only log: who did what to which object and when, in a Merkle tree that anybody can check without this node.
//!
//! Every use case that writes leaves one [`Entry`], people's and the jobs' alike. It is inserted in the same transaction as the change it
//! tells of. Without one go only claims of jobs, the places and checkpoints of the log itself, the use of an assertion or a session, and the
//! forgetting of remembered answers, notices, persons' codes and sessions whose time is over. A sequencer gives the waiting entries their places afterwards: nothing a request
//! does waits for a shared counter or the head of a chain.
//!
//! # Invariants
//!
//! - An entry holds no personal data: ids of actors, and salted commitments to everything else.
//! - An entry that has a place keeps it; no row of the log is updated or deleted.
//! - A checkpoint is signed only when the entries and the tiles it commits to are stored.
//!
//! # Decisions
//!
//! - **What has an `audit_id` is held against the log** by [`verify`](fn@verify): the column is found in the schema, so a new table is looked
//!   at without being listed. It is no foreign key, because an entry moves from one table to another when it gets its place; a row
//!   that names no entry is found in the night, not refused at its commit.
//! - **Reading leaves an entry where content or somebody else's matter is read**: every fetch of a packet, the first and any other, by its
//!   recipient or its sender; envelope and receipt as evidence; a person of the node looking at a referral; the statement of disclosures;
//!   tiles and entries of the log.
//!   What a party reads of its own referrals, lists and notices leaves none: gateways ask every few seconds, it holds codes the party knows,
//!   and a log of it would show the rhythm of its work. Nor do keys, which every member may read, checkpoints and proofs.
//! - **The whole log is looked at every night** by a job, which tells and changes nothing: a log that does not fit is a matter for people.
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
pub use record::{Record, leaf_ahead, record};
pub use sequence::{BATCH, Sequenced, sequence};
pub use verify::{Finding, FindingKind, Held, Verification, has_entries, has_leaf, verify};
pub use views::{EntryView, checkpoint_for, proof_for, read_entries, read_tile};
