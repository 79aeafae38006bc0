//! Rows of the log of changes.

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{Change, Noted};
use crate::{
    access::Tx,
    directory::search::store::quoted,
    kernel::Timestamp,
    storage::{Conn, Db, StorageError, schema::directory::directory_field_changes},
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// How many rows of one service are looked at.
const MOST_ROWS: usize = 20_000;

#[derive(Insertable)]
#[diesel(table_name = directory_field_changes)]
struct NotedRow<'a> {
    source: &'a str,
    tbl: &'a str,
    id: &'a str,
    field: &'a str,
    at: i64,
    before: &'a str,
    after: &'a str,
    changed_by: &'a str,
    audit_id: &'a str,
}

/// Notes changes.
pub(in crate::directory) fn note(tx: &mut Tx<'_>, source: &str, noted: &[Noted]) -> Result<(), StorageError> {
    let (at, audit, by) = (tx.now().micros(), tx.entry().to_string(), tx.actor().log_name());
    for noted in noted.chunks(AT_ONCE) {
        let rows: Vec<NotedRow<'_>> = noted
            .iter()
            .map(|noted| NotedRow {
                source,
                tbl: noted.table,
                id: noted.id,
                field: &noted.field,
                at,
                before: &noted.before,
                after: &noted.after,
                changed_by: &by,
                audit_id: &audit,
            })
            .collect();
        let insert = diesel::insert_into(directory_field_changes::table).values(&rows);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

/// What changes of one moment are sorted by.
pub(super) fn key(change: &Change) -> String {
    format!("{}/{}/{}/{}", change.table, change.id, change.field, change.entry)
}

type Row = (i64, String, String, String, String, String, String, String);

/// Changes of rows, newest first, behind a moment and a key.
pub(super) fn of_rows(
    db: &mut Db<'_>,
    ids: &[String],
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Change>, StorageError> {
    use directory_field_changes as table;
    let ids = ids.get(..MOST_ROWS).unwrap_or(ids);
    let mut query = table::table
        .filter(table::id.eq_any(ids))
        .order((table::at.desc(), table::tbl, table::id, table::field, table::audit_id))
        .limit(limit)
        .select((
            table::at,
            table::tbl,
            table::id,
            table::field,
            table::before,
            table::after,
            table::changed_by,
            table::audit_id,
        ))
        .into_boxed();
    if let Some((at, key)) = after {
        let behind = format!(
            "(at < {at} OR (at = {at} AND (tbl || '/' || id || '/' || field || '/' || audit_id) > {}))",
            quoted(key)
        );
        query = query.filter(sql::<Bool>(&behind));
    }
    let rows: Vec<Row> = query.load(db.conn())?;
    Ok(rows
        .into_iter()
        .map(|(at, table, id, field, before, after, by, entry)| Change {
            at: Timestamp::from_micros(at),
            table,
            id,
            field,
            before,
            after,
            by,
            entry,
        })
        .collect())
}

/// Forgets the changes of everything that came from a source.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    diesel::delete(directory_field_changes::table.filter(directory_field_changes::source.eq(source)))
        .execute(tx.db().conn())?;
    Ok(())
}
