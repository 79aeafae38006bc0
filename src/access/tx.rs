//! The transaction as a use case sees it: rows, actor, moment, ids, and the node's own signing key.

use std::sync::Arc;

use crate::{
    access::Actor,
    crypto::SigningKey,
    kernel::{
        Id, Timestamp,
        id::{EntryId, Ids, Kind, RequestId},
    },
    storage::{Db, StorageError, Write},
};

/// The node's name and the key it signs receipts, events and tokens with.
pub struct Node {
    /// The node's name, such as `rhn:zz:national`.
    pub name: String,
    /// Signs receipts and the hub's own events.
    pub receipts: SigningKey,
}

/// What is settled before a write begins and stays the same until it ends.
#[derive(Clone)]
pub struct Setting {
    /// Who acts.
    pub actor: Actor,
    /// What they do, such as `referrals.accept`. Stands in the log and in the metrics.
    pub action: &'static str,
    /// The request this belongs to.
    pub request: RequestId,
    /// The moment, frozen.
    pub now: Timestamp,
    /// The entry of the audit log this write will leave.
    pub entry: EntryId,
    /// What that entry's commitments stand behind: 32 fresh random bytes.
    pub salt: [u8; 32],
    /// Where ids and salts come from.
    pub ids: Arc<dyn Ids>,
    /// The node.
    pub node: Arc<Node>,
}

/// A write transaction. Use cases take `&mut Tx`; reading functions take the [`Db`] inside it.
pub struct Tx<'a> {
    write: Write<'a>,
    setting: &'a Setting,
    recorded: bool,
}

impl<'a> Tx<'a> {
    /// Puts a write and its setting together. A [`Write`] can only be had from the store's writers.
    pub fn new(write: Write<'a>, setting: &'a Setting) -> Self {
        Self { write, setting, recorded: false }
    }

    /// The connection, for `store.rs`.
    pub fn db(&mut self) -> &mut Db<'a> {
        self.write.db()
    }

    /// Runs `work` in a savepoint: when it fails, its changes are gone and the rest can go on.
    pub fn savepoint<T, E>(&mut self, work: impl FnOnce(&mut Db<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StorageError>,
    {
        self.write.savepoint(work)
    }

    /// Inserts what is there once; `false` when it was there, or somebody inserts it at this very moment.
    pub fn insert_once(
        &mut self,
        insert: impl FnOnce(&mut Db<'_>) -> Result<(), StorageError>,
    ) -> Result<bool, StorageError> {
        match self.savepoint(insert) {
            Err(StorageError::Duplicate(_)) => Ok(false),
            made => made.map(|()| true),
        }
    }

    /// Makes others that name the same thing wait until this write has ended: what was read then still holds when it is written.
    pub fn take_turn(&mut self, what: &[&str]) -> Result<(), StorageError> {
        self.write.take_turn(what)
    }

    /// Who acts.
    pub fn actor(&self) -> &'a Actor {
        &self.setting.actor
    }

    /// The moment of this write.
    pub fn now(&self) -> Timestamp {
        self.setting.now
    }

    /// A new id made now.
    pub fn id<K: Kind>(&self) -> Id<K> {
        Id::new(&*self.setting.ids, self.setting.now)
    }

    /// Where ids and salts come from.
    pub fn ids(&self) -> &'a dyn Ids {
        &*self.setting.ids
    }

    /// The node and its key.
    pub fn node(&self) -> &'a Node {
        &self.setting.node
    }

    /// What was settled before the write began.
    pub fn setting(&self) -> &'a Setting {
        self.setting
    }

    /// The audit entry this write leaves; rows that must not exist without it name it.
    pub fn entry(&self) -> EntryId {
        self.setting.entry
    }

    /// Whether the audit entry is written already. For `audit`.
    pub fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Notes that nothing was changed, so that no entry is due. For jobs that looked and found nothing to do.
    pub fn leaves_no_entry(&mut self) {
        self.recorded = true;
    }

    /// Notes that the audit entry is written. For `audit`.
    pub fn mark_recorded(&mut self) {
        self.recorded = true;
    }
}
