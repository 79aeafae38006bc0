//! Leave the entry of a write, inside its transaction.

use super::{AuditError, Entry, EntryDraft, Outcome, Who, store};
use crate::{
    access::{self, Setting, Tx},
    kernel::{Code, Digest},
};

/// What a use case adds to its entry. The actor, the action, the moment and the request are known already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// Id of the object.
    pub object: Option<&'a str>,
    /// Digest of its state before.
    pub before: Option<Digest>,
    /// Digest of its state after.
    pub after: Option<Digest>,
    refused: Option<Code>,
}

impl<'a> Record<'a> {
    /// About the object with this id.
    pub fn about(object: &'a str) -> Self {
        Self { object: Some(object), ..Self::default() }
    }

    /// For something that was refused.
    pub fn refused(code: Code) -> Self {
        Self { refused: Some(code), ..Self::default() }
    }

    /// The same, where whom it is about has to be found later.
    pub fn refused_about(object: &'a str, code: Code) -> Self {
        Self { refused: Some(code), ..Self::about(object) }
    }
}

/// Writes the entry of this transaction and answers its leaf hash, for receipts. Called once; a use case that does not call it
/// gets a plain entry at its end.
pub fn record(tx: &mut Tx<'_>, record: &Record<'_>) -> Result<Digest, AuditError> {
    let entry = entry(tx.setting(), record)?;
    store::insert(tx, &entry)?;
    tx.mark_recorded();
    Ok(entry.leaf())
}

/// The leaf hash that [`record`] will answer in a write with this setting, if that leaves the same record.
pub fn leaf_ahead(setting: &Setting, record: &Record<'_>) -> Result<Digest, AuditError> {
    Ok(entry(setting, record)?.leaf())
}

fn entry(setting: &Setting, record: &Record<'_>) -> Result<Entry, AuditError> {
    let actor = match setting.actor.who() {
        access::Who::Nobody => Who::Nobody,
        access::Who::Staff(id) => Who::Staff(id),
        access::Who::Client(id) => Who::Client(id),
        access::Who::Person => Who::Person,
        access::Who::Hub => Who::Hub,
        access::Who::Operator => Who::Operator,
    };
    let role = setting.actor.roles().iter().next().map_or("", access::Role::name);
    let draft = EntryDraft {
        id: setting.entry,
        at: setting.now,
        actor,
        organisation: setting.actor.organisation(),
        role,
        action: setting.action,
        object: record.object,
        before: record.before,
        after: record.after,
        request: setting.request,
        outcome: record.refused.map_or(Outcome::Done, Outcome::Refused),
        salt: setting.salt,
    };
    Ok(draft.encode()?)
}
