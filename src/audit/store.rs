//! Rows of the log.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Binary, SmallInt, Text},
};

use super::{
    AuditError, Entry,
    tree::{Completed, TileName},
};
use crate::{
    access::Tx,
    kernel::{Digest, Timestamp, id::EntryId},
    storage::{
        Db, Engine, StorageError, natively,
        schema::{
            audit::{audit_checkpoints, audit_entries, audit_tiles},
            foundation::audit_pending,
        },
    },
};

pub(super) fn insert(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), StorageError> {
    let at = tx.now().micros();
    let insert = diesel::insert_into(audit_pending::table).values((
        audit_pending::id.eq(entry.id().to_string()),
        audit_pending::entry.eq(entry.bytes()),
        audit_pending::leaf.eq(entry.leaf().to_string()),
        audit_pending::at.eq(at),
    ));
    natively!(tx.db(), conn => insert.execute(conn))?;
    Ok(())
}

/// A stored checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredCheckpoint {
    pub(super) size: u64,
    pub(super) root: String,
    pub(super) note: String,
}

/// An entry with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) place: u64,
    pub(super) id: String,
    pub(super) entry: Vec<u8>,
    pub(super) leaf: String,
}

/// How much there is of each, seen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Entries, counted.
    pub(super) entries: u64,
    /// One more than the last place.
    pub(super) end: u64,
    /// The size of the newest checkpoint.
    pub(super) checkpoint: u64,
    /// Checkpoints.
    pub(super) checkpoints: u64,
    /// Complete tiles.
    pub(super) tiles: u64,
    /// Entries that wait.
    pub(super) pending: u64,
}

/// The newest checkpoint, if there is one.
pub(super) fn newest_checkpoint(db: &mut Db<'_>) -> Result<Option<StoredCheckpoint>, StorageError> {
    let row: Option<CheckpointRow> = audit_checkpoints::table
        .order(audit_checkpoints::size.desc())
        .select((audit_checkpoints::size, audit_checkpoints::root, audit_checkpoints::note))
        .first(db.conn())
        .optional()?;
    row.map(checkpoint).transpose()
}

/// Checkpoints of a size above `after`, smallest first.
pub(super) fn checkpoints_after(
    db: &mut Db<'_>,
    after: u64,
    limit: i64,
) -> Result<Vec<StoredCheckpoint>, StorageError> {
    let rows: Vec<CheckpointRow> = audit_checkpoints::table
        .filter(audit_checkpoints::size.gt(whole(after)?))
        .order(audit_checkpoints::size)
        .limit(limit)
        .select((audit_checkpoints::size, audit_checkpoints::root, audit_checkpoints::note))
        .load(db.conn())?;
    rows.into_iter().map(checkpoint).collect()
}

type CheckpointRow = (i64, String, String);

fn checkpoint((size, root, note): CheckpointRow) -> Result<StoredCheckpoint, StorageError> {
    Ok(StoredCheckpoint { size: count(size)?, root, note })
}

/// Gives up to `limit` waiting entries the places from `first` on, oldest first, and answers their leaves in that order. One
/// statement moves them; none of their bytes leaves the database.
pub(super) fn place_pending(tx: &mut Tx<'_>, first: u64, limit: i64) -> Result<Vec<Digest>, StorageError> {
    let placed = sql_query(pick(
        tx.db().engine(),
        "INSERT INTO audit_entries (place, id, entry, leaf) \
         SELECT ? + row_number() OVER (ORDER BY id) - 1, id, entry, leaf FROM \
         (SELECT id, entry, leaf FROM audit_pending p \
          WHERE NOT EXISTS (SELECT 1 FROM audit_entries e WHERE e.id = p.id) ORDER BY id LIMIT ?) AS waiting",
        "INSERT INTO audit_entries (place, id, entry, leaf) \
         SELECT $1 + row_number() OVER (ORDER BY id) - 1, id, entry, leaf FROM \
         (SELECT id, entry, leaf FROM audit_pending p \
          WHERE NOT EXISTS (SELECT 1 FROM audit_entries e WHERE e.id = p.id) ORDER BY id LIMIT $2) AS waiting",
    ))
    .bind::<BigInt, _>(whole(first)?)
    .bind::<BigInt, _>(limit)
    .execute(tx.db().conn())?;
    if placed == 0 {
        return Ok(Vec::new());
    }
    sql_query(pick(
        tx.db().engine(),
        "DELETE FROM audit_pending WHERE id IN (SELECT id FROM audit_entries WHERE place >= ?)",
        "DELETE FROM audit_pending WHERE id IN (SELECT id FROM audit_entries WHERE place >= $1)",
    ))
    .bind::<BigInt, _>(whole(first)?)
    .execute(tx.db().conn())?;
    leaves(tx.db(), first, u64::try_from(placed).unwrap_or(u64::MAX))
}

/// The leaves of `count` places from `first` on.
pub(super) fn leaves(db: &mut Db<'_>, first: u64, count: u64) -> Result<Vec<Digest>, StorageError> {
    let end = first.saturating_add(count);
    let rows: Vec<String> = audit_entries::table
        .filter(audit_entries::place.ge(whole(first)?).and(audit_entries::place.lt(whole(end)?)))
        .order(audit_entries::place)
        .select(audit_entries::leaf)
        .load(db.conn())?;
    rows.iter().map(|leaf| digest(leaf, "audit_entries.leaf")).collect()
}

/// Entries from `first` on, at most `count`.
pub(super) fn entries(db: &mut Db<'_>, first: u64, count: u64) -> Result<Vec<Placed>, StorageError> {
    let end = first.saturating_add(count);
    let rows: Vec<(i64, String, Vec<u8>, String)> = audit_entries::table
        .filter(audit_entries::place.ge(whole(first)?).and(audit_entries::place.lt(whole(end)?)))
        .order(audit_entries::place)
        .select((audit_entries::place, audit_entries::id, audit_entries::entry, audit_entries::leaf))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(place, id, entry, leaf)| Ok(Placed { place: self::count(place)?, id, entry, leaf }))
        .collect()
}

/// Entries whose place is before this one, newest first.
pub(super) fn newest(db: &mut Db<'_>, before: i64, limit: i64) -> Result<Vec<Placed>, StorageError> {
    let rows: Vec<(i64, String, Vec<u8>, String)> = audit_entries::table
        .filter(audit_entries::place.lt(before))
        .order(audit_entries::place.desc())
        .limit(limit)
        .select((audit_entries::place, audit_entries::id, audit_entries::entry, audit_entries::leaf))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(place, id, entry, leaf)| Ok(Placed { place: count(place)?, id, entry, leaf }))
        .collect()
}

/// The entry with this id.
pub(super) fn by_id(db: &mut Db<'_>, id: EntryId) -> Result<Option<Placed>, StorageError> {
    let row: Option<(i64, String, Vec<u8>, String)> = audit_entries::table
        .filter(audit_entries::id.eq(id.to_string()))
        .select((audit_entries::place, audit_entries::id, audit_entries::entry, audit_entries::leaf))
        .first(db.conn())
        .optional()?;
    row.map(|(place, id, entry, leaf)| Ok(Placed { place: count(place)?, id, entry, leaf })).transpose()
}

/// The entry with this leaf.
pub(super) fn by_leaf(db: &mut Db<'_>, leaf: Digest) -> Result<Option<Placed>, StorageError> {
    let row: Option<(i64, String, Vec<u8>, String)> = audit_entries::table
        .filter(audit_entries::leaf.eq(leaf.to_string()))
        .order(audit_entries::place)
        .select((audit_entries::place, audit_entries::id, audit_entries::entry, audit_entries::leaf))
        .first(db.conn())
        .optional()?;
    row.map(|(place, id, entry, leaf)| Ok(Placed { place: count(place)?, id, entry, leaf })).transpose()
}

/// Whether an entry with this leaf waits for its place.
pub(super) fn is_pending(db: &mut Db<'_>, leaf: Digest) -> Result<bool, StorageError> {
    let waiting: i64 = audit_pending::table
        .filter(audit_pending::leaf.eq(leaf.to_string()))
        .count()
        .get_result(db.conn())?;
    Ok(waiting > 0)
}

/// Keeps complete tiles.
pub(super) fn insert_tiles(tx: &mut Tx<'_>, tiles: &[Completed]) -> Result<(), StorageError> {
    let statement = pick(
        tx.db().engine(),
        "INSERT INTO audit_tiles (level, place, hashes, root) VALUES (?, ?, ?, ?)",
        "INSERT INTO audit_tiles (level, place, hashes, root) VALUES ($1, $2, $3, $4)",
    );
    for done in tiles {
        let hashes: Vec<u8> = done.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        sql_query(statement)
            .bind::<SmallInt, _>(i16::from(done.tile.level))
            .bind::<BigInt, _>(whole(done.tile.index)?)
            .bind::<Binary, _>(hashes)
            .bind::<Text, _>(done.root.to_string())
            .execute(tx.db().conn())?;
    }
    Ok(())
}

/// Roots of `count` complete tiles of a level from `first` on.
pub(super) fn tile_roots(
    db: &mut Db<'_>,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Digest>, StorageError> {
    let end = first.saturating_add(count);
    let rows: Vec<String> = audit_tiles::table
        .filter(audit_tiles::level.eq(i16::from(level)))
        .filter(audit_tiles::place.ge(whole(first)?).and(audit_tiles::place.lt(whole(end)?)))
        .order(audit_tiles::place)
        .select(audit_tiles::root)
        .load(db.conn())?;
    rows.iter().map(|root| digest(root, "audit_tiles.root")).collect()
}

/// A complete tile: its hashes and its root.
pub(super) fn tile(
    db: &mut Db<'_>,
    level: u8,
    place: u64,
) -> Result<Option<(Vec<Digest>, String)>, StorageError> {
    let row: Option<(Vec<u8>, String)> = audit_tiles::table
        .filter(audit_tiles::level.eq(i16::from(level)).and(audit_tiles::place.eq(whole(place)?)))
        .select((audit_tiles::hashes, audit_tiles::root))
        .first(db.conn())
        .optional()?;
    let Some((bytes, root)) = row else { return Ok(None) };
    let hashes = bytes
        .chunks(32)
        .map(|chunk| {
            Digest::from_slice(chunk).map_err(|_length| StorageError::Unreadable("audit_tiles.hashes"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Some((hashes, root)))
}

/// The hashes of any tile: stored, or at the right edge made from what is below it.
pub(super) fn hashes(db: &mut Db<'_>, name: TileName) -> Result<Vec<Digest>, AuditError> {
    let count = u64::from(name.width);
    let hashes = match (name.is_complete(), name.level.checked_sub(1)) {
        (true, _) => tile(db, name.level, name.index)?.map(|(hashes, _root)| hashes).unwrap_or_default(),
        (false, None) => leaves(db, name.first(), count)?,
        (false, Some(below)) => tile_roots(db, below, name.first(), count)?,
    };
    if u64::try_from(hashes.len()).ok() == Some(count) {
        Ok(hashes)
    } else {
        Err(AuditError::Broken("a tile is missing"))
    }
}

/// Keeps a signed checkpoint.
pub(super) fn insert_checkpoint(
    tx: &mut Tx<'_>,
    size: u64,
    root: Digest,
    note: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(audit_checkpoints::table)
        .values((
            audit_checkpoints::size.eq(whole(size)?),
            audit_checkpoints::root.eq(root.to_string()),
            audit_checkpoints::note.eq(note),
            audit_checkpoints::at.eq(at.micros()),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

#[derive(QueryableByName)]
struct ExtentRow {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    end_place: i64,
    #[diesel(sql_type = BigInt)]
    checkpoint: i64,
    #[diesel(sql_type = BigInt)]
    checkpoints: i64,
    #[diesel(sql_type = BigInt)]
    tiles: i64,
    #[diesel(sql_type = BigInt)]
    pending: i64,
}

/// How much there is of each. One statement, so that all numbers are of one moment.
pub(super) fn extent(db: &mut Db<'_>) -> Result<Extent, StorageError> {
    let row: ExtentRow = sql_query(
        "SELECT (SELECT count(*) FROM audit_entries) AS entries, \
         (SELECT coalesce(max(place) + 1, 0) FROM audit_entries) AS end_place, \
         (SELECT coalesce(max(size), 0) FROM audit_checkpoints) AS checkpoint, \
         (SELECT count(*) FROM audit_checkpoints) AS checkpoints, \
         (SELECT count(*) FROM audit_tiles) AS tiles, \
         (SELECT count(*) FROM audit_pending) AS pending",
    )
    .get_result(db.conn())?;
    Ok(Extent {
        entries: count(row.entries)?,
        end: count(row.end_place)?,
        checkpoint: count(row.checkpoint)?,
        checkpoints: count(row.checkpoints)?,
        tiles: count(row.tiles)?,
        pending: count(row.pending)?,
    })
}

/// One more than the last place.
pub(super) fn end(db: &mut Db<'_>) -> Result<u64, StorageError> {
    let last: Option<i64> =
        audit_entries::table.select(diesel::dsl::max(audit_entries::place)).first(db.conn())?;
    Ok(last.map(count).transpose()?.map_or(0, |last| last.saturating_add(1)))
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct OrphanRow {
    #[diesel(sql_type = BigInt)]
    orphans: i64,
    #[diesel(sql_type = BigInt)]
    all_rows: i64,
}

/// Tables whose rows name the entry that made them.
pub(super) fn tables_with_entries(db: &mut Db<'_>) -> Result<Vec<String>, StorageError> {
    let rows: Vec<NameRow> = sql_query(pick(
        db.engine(),
        "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND c.name = 'audit_id' ORDER BY m.name",
        "SELECT table_name::text AS name FROM information_schema.columns \
         WHERE table_schema = current_schema() AND column_name = 'audit_id' ORDER BY table_name",
    ))
    .load(db.conn())?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// How many rows of a table there are, and how many name an entry that the log does not have. `table` comes from
/// [`tables_with_entries`].
pub(super) fn orphans(db: &mut Db<'_>, table: &str) -> Result<(u64, u64), StorageError> {
    if !table.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(StorageError::Unreadable("a table's name"));
    }
    let row: OrphanRow = sql_query(format!(
        "SELECT count(*) AS all_rows, coalesce(sum(CASE \
           WHEN EXISTS (SELECT 1 FROM audit_entries e WHERE e.id = t.audit_id) THEN 0 \
           WHEN EXISTS (SELECT 1 FROM audit_pending p WHERE p.id = t.audit_id) THEN 0 \
           ELSE 1 END), 0) AS orphans FROM \"{table}\" t WHERE t.audit_id IS NOT NULL"
    ))
    .get_result(db.conn())?;
    Ok((count(row.all_rows)?, count(row.orphans)?))
}

/// The same statement for both engines, which count their parameters differently.
const fn pick(engine: Engine, sqlite: &'static str, postgres: &'static str) -> &'static str {
    match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    }
}

fn whole(number: u64) -> Result<i64, StorageError> {
    i64::try_from(number).map_err(|_ignored| StorageError::Unreadable("a place in the log"))
}

fn count(number: i64) -> Result<u64, StorageError> {
    u64::try_from(number).map_err(|_ignored| StorageError::Unreadable("a place in the log"))
}

fn digest(text: &str, column: &'static str) -> Result<Digest, StorageError> {
    text.parse().map_err(|_ignored| StorageError::Unreadable(column))
}
