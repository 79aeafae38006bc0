//! What readers of different standing see of the log.
//!
//! Sizes and times tell how busy a node is, so strangers see nothing. Whoever holds a leaf from a receipt gets its proof; the
//! entries themselves are for those who may read the log, and that they read it stands in the log.

use super::{
    AuditError, Detail, LogVerifier, Proof, Record, Wanted, checkpoint, entry::Facts, prove, record, store,
    tile, tree::TilePath,
};
use crate::{
    access::{AccessError, Actor, Permission, Tx, Who},
    kernel::page::{Asked, Page},
    storage::Db,
};

/// What an entry says, and its place in the log.
#[derive(Clone, Debug)]
pub struct EntryView {
    /// Its place, counted from 0.
    pub place: u64,
    /// What it says.
    pub facts: Facts,
}

/// The newest checkpoint, for anybody who is signed in.
pub fn checkpoint_for(db: &mut Db<'_>, actor: &Actor) -> Result<String, AuditError> {
    known(actor)?;
    checkpoint(db)
}

/// The proof for a leaf, for anybody who is signed in and knows it; with the entry for those who may read the log.
pub fn proof_for(
    db: &mut Db<'_>,
    actor: &Actor,
    verifier: &LogVerifier,
    wanted: Wanted,
) -> Result<Proof, AuditError> {
    known(actor)?;
    match (actor.may(Permission::ReadAudit), wanted) {
        (Ok(()), _) => prove(db, verifier, wanted, Detail::Whole),
        (Err(_), Wanted::Leaf(_)) => prove(db, verifier, wanted, Detail::Path),
        // Ids of entries stand in rows that others may see; a leaf stands only in a receipt.
        (Err(refused), Wanted::Entry(_)) => Err(refused.into()),
    }
}

/// A tile or a bundle of entries, for those who may read the log. A write, because reading leaves an entry.
pub fn read_tile(tx: &mut Tx<'_>, path: TilePath) -> Result<Vec<u8>, AuditError> {
    tx.actor().may(Permission::ReadAudit)?;
    let bytes = tile(tx.db(), path)?;
    let name = path.to_string();
    record(tx, &Record::about(&name))?;
    Ok(bytes)
}

/// Entries that have their place, newest first, for those who may read the log. A write, because reading leaves an entry.
pub fn read_entries(tx: &mut Tx<'_>, asked: &Asked) -> Result<Page<EntryView>, AuditError> {
    tx.actor().may(Permission::ReadAudit)?;
    let before = asked.after().and_then(|key| key.parse().ok()).unwrap_or(i64::MAX);
    let rows = store::newest(tx.db(), before, asked.rows_to_load())?;
    let mut entries = Vec::with_capacity(rows.len());
    for placed in rows {
        entries.push(EntryView { place: placed.place, facts: Facts::decode(&placed.entry)? });
    }
    let page = asked.page(entries, |entry| entry.place.to_string());
    let read: Vec<String> = page.items.iter().map(|entry| entry.place.to_string()).collect();
    record(tx, &Record::about(&format!("entries {}", read.join(" "))))?;
    Ok(page)
}

fn known(actor: &Actor) -> Result<(), AccessError> {
    if actor.who() == Who::Nobody { Err(AccessError::Unauthenticated) } else { Ok(()) }
}
