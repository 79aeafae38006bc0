//! What readers of different standing see of the log.
//!
//! Sizes and times tell how busy a node is, so strangers see nothing. Whoever holds a leaf from a receipt gets its proof; the
//! entries themselves are for those who may read the log, and that they read it stands in the log.

use super::{
    AuditError, Detail, LogVerifier, Proof, Record, Wanted, checkpoint, prove, record, tile, tree::TilePath,
};
use crate::{
    access::{AccessError, Actor, Permission, Tx, Who},
    storage::Db,
};

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

fn known(actor: &Actor) -> Result<(), AccessError> {
    if actor.who() == Who::Nobody { Err(AccessError::Unauthenticated) } else { Ok(()) }
}
