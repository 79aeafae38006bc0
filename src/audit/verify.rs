//! Look at the whole log, trusting nothing in it but the key.
//!
//! Everything is computed again from the bytes of the entries: leaves, tiles, and the root at every size for which there is a
//! checkpoint. Two checkpoints that both fit are thereby consistent with each other. What cannot be seen from here is a log cut
//! off at its end together with everything that points into the cut: that is what receipts, and checkpoints kept by others,
//! are for ([`verify`] takes them too).

use serde::Serialize;

use super::{
    AuditError, Entry, LogVerifier, store,
    tree::{Completed, Edge},
};
use crate::{
    kernel::Digest,
    storage::{Db, StorageError},
};

/// How many findings are listed; more are only counted.
const LISTED: usize = 200;

/// How many entries are looked at between two words about progress.
const CHUNK: u64 = 1_000;

/// What looking at the log has shown.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq, utoipa::ToSchema)]
pub struct Verification {
    /// Which log.
    pub origin: String,
    /// Entries with a place, all computed again.
    pub entries: u64,
    /// Checkpoints, all computed again and their signatures checked.
    pub checkpoints: u64,
    /// Complete tiles, all computed again.
    pub tiles: u64,
    /// Entries that wait for their place.
    pub pending: u64,
    /// Rows of other tables whose entry was looked up.
    pub rows: u64,
    /// Receipts and outside checkpoints that were held against the log.
    pub held_against: u64,
    /// Everything that is wrong, at most 200.
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub wrong: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, utoipa::ToSchema)]
pub struct Finding {
    /// What kind of wrong.
    pub kind: FindingKind,
    /// Where: a place in the log, or the size of a checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u64>,
    /// In words.
    pub what: String,
}

/// Kinds of wrong.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Places are not without gaps.
    EntryMissing,
    /// The bytes of an entry do not give its stored leaf or id, or are no entry.
    EntryChanged,
    /// A tile is missing or does not follow from the entries.
    Tile,
    /// A checkpoint is not signed by the node's key, or says something else than its row.
    CheckpointForged,
    /// A checkpoint whose root does not follow from the entries.
    CheckpointWrong,
    /// Entries that no checkpoint covers.
    Uncovered,
    /// A row of another table names an entry that is not there.
    Unaudited,
    /// A receipt's leaf, or an outside checkpoint, that the log does not contain.
    Contradicted,
}

/// What others hold about this log.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Leaves that receipts promised.
    pub leaves: Vec<Digest>,
    /// Checkpoints that somebody kept, as they were signed.
    pub checkpoints: Vec<String>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.wrong == 0
    }

    /// Adds what another room found when it held what it keeps against the log.
    pub fn hold_against(&mut self, checked: u64, contradictions: impl IntoIterator<Item = String>) {
        self.held_against = self.held_against.saturating_add(checked);
        for what in contradictions {
            self.find(FindingKind::Contradicted, None, what);
        }
    }

    fn find(&mut self, kind: FindingKind, place: Option<u64>, what: impl Into<String>) {
        self.wrong = self.wrong.saturating_add(1);
        if self.findings.len() < LISTED {
            self.findings.push(Finding { kind, place, what: what.into() });
        }
    }
}

/// Looks at the whole log. `progress` hears how many entries of how many are done.
pub fn verify(
    db: &mut Db<'_>,
    verifier: &LogVerifier,
    held: &Held,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, AuditError> {
    let extent = store::extent(db)?;
    let mut found = Verification {
        origin: verifier.origin().to_owned(),
        entries: extent.entries,
        tiles: extent.tiles,
        pending: extent.pending,
        ..Verification::default()
    };
    if extent.entries != extent.end {
        found.find(
            FindingKind::EntryMissing,
            None,
            format!("{} entries, but the last place is before {}", extent.entries, extent.end),
        );
    }
    if extent.end != extent.checkpoint {
        let what = format!("the newest checkpoint has size {}, the log {}", extent.checkpoint, extent.end);
        found.find(FindingKind::Uncovered, Some(extent.checkpoint), what);
    }
    let outside = open_outside(verifier, held, extent.end, &mut found);
    let mut walk = Walk { edge: Edge::default(), checkpoints: Checkpoints::default(), outside, tiles: 0 };
    walk.entries(db, verifier, extent.end, &mut found, progress)?;
    if walk.tiles != extent.tiles {
        found.find(
            FindingKind::Tile,
            None,
            format!("{} tiles are stored, {} follow from the entries", extent.tiles, walk.tiles),
        );
    }
    rows(db, &mut found)?;
    receipts(db, held, &mut found)?;
    Ok(found)
}

/// Whether anything happened yet.
pub fn has_entries(db: &mut Db<'_>) -> Result<bool, StorageError> {
    let extent = store::extent(db)?;
    Ok(extent.entries > 0 || extent.pending > 0)
}

/// Whether the log has an entry with this leaf, or one that waits for its place.
pub fn has_leaf(db: &mut Db<'_>, leaf: Digest) -> Result<bool, StorageError> {
    // In this order: an entry that gets its place between the two is seen by the second.
    Ok(store::is_pending(db, leaf)? || store::by_leaf(db, leaf)?.is_some())
}

/// Checkpoints that others kept: signature first, then held against the roots on the way.
fn open_outside(
    verifier: &LogVerifier,
    held: &Held,
    end: u64,
    found: &mut Verification,
) -> Vec<(u64, Digest)> {
    let mut outside = Vec::new();
    for note in &held.checkpoints {
        found.held_against = found.held_against.saturating_add(1);
        match verifier.open(note) {
            Ok(checkpoint) if checkpoint.size <= end => outside.push((checkpoint.size, checkpoint.root)),
            Ok(checkpoint) => {
                let what = format!(
                    "somebody holds a signed checkpoint of size {}; the log ends at {end}",
                    checkpoint.size
                );
                found.find(FindingKind::Contradicted, Some(checkpoint.size), what);
            }
            Err(error) => found.find(
                FindingKind::CheckpointForged,
                None,
                format!("a checkpoint held by others: {error}"),
            ),
        }
    }
    outside.sort_unstable();
    outside
}

/// The stored checkpoints, read ahead in small chunks.
#[derive(Default)]
struct Checkpoints {
    ahead: std::collections::VecDeque<store::StoredCheckpoint>,
    last: u64,
    done: bool,
}

impl Checkpoints {
    /// The next checkpoint, if its size is `size`.
    fn at(&mut self, db: &mut Db<'_>, size: u64) -> Result<Option<store::StoredCheckpoint>, StorageError> {
        if self.ahead.is_empty() && !self.done {
            self.ahead = store::checkpoints_after(db, self.last, 500)?.into();
            self.last = self.ahead.back().map_or(self.last, |checkpoint| checkpoint.size);
            self.done = self.ahead.is_empty();
        }
        let is_due = self.ahead.front().is_some_and(|checkpoint| checkpoint.size <= size);
        Ok(if is_due { self.ahead.pop_front() } else { None })
    }
}

struct Walk {
    edge: Edge,
    checkpoints: Checkpoints,
    outside: Vec<(u64, Digest)>,
    tiles: u64,
}

impl Walk {
    fn entries(
        &mut self,
        db: &mut Db<'_>,
        verifier: &LogVerifier,
        end: u64,
        found: &mut Verification,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), AuditError> {
        let mut next = 0u64;
        while next < end {
            let chunk = store::entries(db, next, CHUNK.min(end.saturating_sub(next)))?;
            let mut expected = next;
            for placed in &chunk {
                if placed.place != expected {
                    found.find(FindingKind::EntryMissing, Some(expected), "no entry has this place");
                    // From here on every root would differ; the rest would only be noise.
                    return Ok(());
                }
                expected = expected.saturating_add(1);
                let leaf = check_entry(placed, found);
                let mut completed = Vec::new();
                self.edge.push(leaf, |tile| completed.push(tile));
                for tile in completed {
                    self.tiles = self.tiles.saturating_add(1);
                    check_tile(db, &tile, found)?;
                }
                self.check_roots(db, verifier, found)?;
            }
            let wanted = next.saturating_add(CHUNK).min(end);
            if expected < wanted {
                found.find(FindingKind::EntryMissing, Some(expected), "no entry has this place");
                return Ok(());
            }
            next = wanted;
            progress(next, end);
        }
        Ok(())
    }

    /// Holds every checkpoint of the present size against the root that follows from the entries.
    fn check_roots(
        &mut self,
        db: &mut Db<'_>,
        verifier: &LogVerifier,
        found: &mut Verification,
    ) -> Result<(), StorageError> {
        let size = self.edge.size();
        while let Some(stored) = self.checkpoints.at(db, size)? {
            found.checkpoints = found.checkpoints.saturating_add(1);
            match verifier.open(&stored.note) {
                Err(error) => found.find(FindingKind::CheckpointForged, Some(stored.size), error.to_string()),
                Ok(signed) if signed.size != stored.size || signed.root.to_string() != stored.root => {
                    found.find(
                        FindingKind::CheckpointForged,
                        Some(stored.size),
                        "its row says something else than what was signed",
                    );
                }
                Ok(signed) if signed.size != size || signed.root != self.edge.root() => {
                    found.find(
                        FindingKind::CheckpointWrong,
                        Some(stored.size),
                        "its root does not follow from the entries",
                    );
                }
                Ok(_) => {}
            }
        }
        while let Some((_, root)) = self.outside.first().copied().filter(|(held, _)| *held <= size) {
            self.outside.remove(0);
            if root != self.edge.root() {
                found.find(
                    FindingKind::Contradicted,
                    Some(size),
                    "somebody holds a signed checkpoint of this size with another root",
                );
            }
        }
        Ok(())
    }
}

/// Computes an entry's leaf again.
fn check_entry(placed: &store::Placed, found: &mut Verification) -> Digest {
    match Entry::from_bytes(placed.entry.clone()) {
        Ok(entry) => {
            if entry.leaf().to_string() != placed.leaf {
                found.find(FindingKind::EntryChanged, Some(placed.place), "its bytes do not give its leaf");
            }
            if entry.id().to_string() != placed.id {
                found.find(
                    FindingKind::EntryChanged,
                    Some(placed.place),
                    "its bytes carry another id than its row",
                );
            }
            entry.leaf()
        }
        Err(error) => {
            found.find(FindingKind::EntryChanged, Some(placed.place), error.to_string());
            super::entry::leaf(&placed.entry)
        }
    }
}

fn check_tile(db: &mut Db<'_>, done: &Completed, found: &mut Verification) -> Result<(), StorageError> {
    let name = format!("tile {} of level {}", done.tile.index, done.tile.level);
    match store::tile(db, done.tile.level, done.tile.index)? {
        None => found.find(FindingKind::Tile, Some(done.tile.index), format!("{name} is missing")),
        Some((hashes, root)) if hashes != done.hashes || root != done.root.to_string() => {
            found.find(
                FindingKind::Tile,
                Some(done.tile.index),
                format!("{name} does not follow from the entries"),
            );
        }
        Some(_) => {}
    }
    Ok(())
}

/// Every row that names an entry must find it.
fn rows(db: &mut Db<'_>, found: &mut Verification) -> Result<(), StorageError> {
    for table in store::tables_with_entries(db)? {
        let (all, orphans) = store::orphans(db, &table)?;
        found.rows = found.rows.saturating_add(all);
        if orphans > 0 {
            found.find(
                FindingKind::Unaudited,
                None,
                format!("{orphans} rows of {table} name an entry that is not in the log"),
            );
        }
    }
    Ok(())
}

/// Every leaf that a receipt promised must be there, or at least wait.
fn receipts(db: &mut Db<'_>, held: &Held, found: &mut Verification) -> Result<(), StorageError> {
    for leaf in &held.leaves {
        found.held_against = found.held_against.saturating_add(1);
        if !has_leaf(db, *leaf)? {
            found.find(
                FindingKind::Contradicted,
                None,
                format!("a receipt promised the leaf {leaf}, which the log does not have"),
            );
        }
    }
    Ok(())
}
