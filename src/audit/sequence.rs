//! Give the waiting entries their places.

use super::{AuditError, LogKey, store, tree::Edge};
use crate::access::Tx;

/// How many entries one transaction places. Enough that a busy node keeps up, few enough that nobody waits behind it.
pub const BATCH: i64 = 1_000;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// How many entries got a place.
    pub placed: u64,
    /// How many entries the log has now.
    pub size: u64,
}

/// Places up to [`BATCH`] waiting entries, keeps the tiles they complete, and signs a checkpoint over all of it.
///
/// The order of the log is the order of this function and of nothing else: rows that become visible late come later. Two
/// processes that try at once collide on a place, and one of them is rolled back.
pub fn sequence(tx: &mut Tx<'_>, key: &LogKey) -> Result<Sequenced, AuditError> {
    let size = store::newest_checkpoint(tx.db())?.map_or(0, |checkpoint| checkpoint.size);
    if store::end(tx.db())? != size {
        return Err(AuditError::Broken("the newest checkpoint does not cover the last entry"));
    }
    let leaves = store::place_pending(tx, size, BATCH)?;
    if leaves.is_empty() {
        return Ok(Sequenced { placed: 0, size });
    }
    let mut edge = edge(tx, size)?;
    let mut tiles = Vec::new();
    for leaf in &leaves {
        edge.push(*leaf, |tile| tiles.push(tile));
    }
    store::insert_tiles(tx, &tiles)?;
    let (size, root, at) = (edge.size(), edge.root(), tx.now());
    store::insert_checkpoint(tx, size, root, &key.sign(size, root)?, at)?;
    Ok(Sequenced { placed: u64::try_from(leaves.len()).unwrap_or(u64::MAX), size })
}

/// The right edge of the stored tree.
fn edge(tx: &mut Tx<'_>, size: u64) -> Result<Edge, AuditError> {
    let mut levels = Vec::new();
    for level in 0..8u8 {
        let Some((first, count)) = Edge::wanted(size, level) else { break };
        levels.push(match level.checked_sub(1) {
            _ if count == 0 => Vec::new(),
            None => store::leaves(tx.db(), first, count)?,
            Some(below) => store::tile_roots(tx.db(), below, first, count)?,
        });
    }
    Edge::load(size, levels)
}
