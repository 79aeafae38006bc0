//! Show the log to somebody who does not trust this node.

use super::{
    AuditError, LogVerifier, Proof,
    proof::bundle,
    store,
    tree::{self, TileName, TilePath},
};
use crate::{
    kernel::{Digest, id::EntryId},
    storage::Db,
};

/// What a proof is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// The entry with this id.
    Entry(EntryId),
    /// The entry with this leaf, as a receipt has it.
    Leaf(Digest),
}

/// Whether a proof carries the entry's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// With the entry: for those who may read the log.
    Whole,
    /// Only its way up: for those who hold the leaf and nothing else.
    Path,
}

/// The proof that an entry is in the log, up to the newest checkpoint. The stored tree is checked on the way: a proof that does
/// not hold is never given out.
pub fn prove(
    db: &mut Db<'_>,
    verifier: &LogVerifier,
    wanted: Wanted,
    detail: Detail,
) -> Result<Proof, AuditError> {
    let found = match wanted {
        Wanted::Entry(id) => store::by_id(db, id)?,
        Wanted::Leaf(leaf) => store::by_leaf(db, leaf)?,
    };
    let placed = found.ok_or(AuditError::NotInTree)?;
    let checkpoint = store::newest_checkpoint(db)?.ok_or(AuditError::NotInTree)?;
    let path = tree::prove_inclusion(checkpoint.size, placed.place, &mut |tile| store::hashes(db, tile))?;
    let proof = Proof { entry: Some(placed.entry), index: placed.place, path, checkpoint: checkpoint.note };
    proof
        .check(verifier, None)
        .map_err(|_reason| AuditError::Broken("a proof made from it does not hold"))?;
    Ok(match detail {
        Detail::Whole => proof,
        Detail::Path => Proof { entry: None, ..proof },
    })
}

/// The newest checkpoint as it was signed.
pub fn checkpoint(db: &mut Db<'_>) -> Result<String, AuditError> {
    Ok(store::newest_checkpoint(db)?.ok_or(AuditError::NotInTree)?.note)
}

/// The bytes of a tile or of a bundle of entries, as C2SP's paths name them. A tile that is complete by now can still be had in
/// part, as somebody with an older checkpoint wants it.
pub fn tile(db: &mut Db<'_>, path: TilePath) -> Result<Vec<u8>, AuditError> {
    let size = store::newest_checkpoint(db)?.map_or(0, |checkpoint| checkpoint.size);
    let (TilePath::Hashes(asked) | TilePath::Entries(asked)) = path;
    let there = TileName::within(size, asked.level, asked.index).ok_or(AuditError::NotInTree)?;
    if asked.width > there.width {
        return Err(AuditError::NotInTree);
    }
    match path {
        TilePath::Hashes(_) => {
            let hashes = store::hashes(db, there)?;
            Ok(hashes.iter().take(usize::from(asked.width)).flat_map(|hash| *hash.as_bytes()).collect())
        }
        TilePath::Entries(_) => {
            let entries = store::entries(db, asked.first(), u64::from(asked.width))?;
            bundle(entries.iter().map(|placed| placed.entry.as_slice()))
        }
    }
}
