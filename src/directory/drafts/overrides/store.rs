//! Rows of corrections.

use diesel::prelude::*;

use super::Cells;
use crate::{
    access::Tx,
    kernel::id::ServiceId,
    storage::{
        Db, StorageError,
        schema::directory::{directory_decisions, directory_drafts, directory_overrides, services},
    },
};

/// What was corrected of a source: row, kind, cells.
pub(super) fn rows(db: &mut Db<'_>, source: &str) -> Result<Vec<(String, String, Cells)>, StorageError> {
    use directory_overrides as table;
    let rows: Vec<(String, String, String)> = table::table
        .filter(table::source.eq(source))
        .select((table::id, table::kind, table::cells))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(id, kind, cells)| {
            let cells = serde_json::from_str(&cells)
                .map_err(|_reason| StorageError::Unreadable("directory_overrides.cells"))?;
            Ok((id, kind, cells))
        })
        .collect()
}

type Key<'a> = (&'a str, &'a str, &'a str);

/// Lays cells over a row, beside those that were laid over it before.
pub(in crate::directory::drafts) fn lay(
    tx: &mut Tx<'_>,
    key: Key<'_>,
    (service, cells): (ServiceId, &Cells),
) -> Result<(), StorageError> {
    use directory_overrides as table;
    let before: Option<String> =
        table::table.find(key).select(table::cells).first(tx.db().conn()).optional()?;
    let before: Option<Cells> = before
        .map(|cells| serde_json::from_str(&cells))
        .transpose()
        .map_err(|_reason| StorageError::Unreadable("directory_overrides.cells"))?;
    let mut all = before.unwrap_or_default();
    all.extend(cells.iter().map(|(column, cell)| (column.clone(), cell.clone())));
    put(tx, key, (service, "cells", &all))
}

/// Puts another row in the place of one. One that was added stays added.
pub(in crate::directory::drafts) fn replace(
    tx: &mut Tx<'_>,
    key: Key<'_>,
    (service, cells): (ServiceId, &Cells),
) -> Result<(), StorageError> {
    let kind = if is_added(tx, key)? { "added" } else { "replaced" };
    put(tx, key, (service, kind, cells))
}

/// Adds a row.
pub(in crate::directory::drafts) fn add(
    tx: &mut Tx<'_>,
    key: Key<'_>,
    (service, cells): (ServiceId, &Cells),
) -> Result<(), StorageError> {
    put(tx, key, (service, "added", cells))
}

/// Leaves a row out.
pub(in crate::directory::drafts) fn leave_out(
    tx: &mut Tx<'_>,
    key: Key<'_>,
    (service, cells): (ServiceId, &Cells),
) -> Result<(), StorageError> {
    put(tx, key, (service, "left_out", cells))
}

fn is_added(tx: &mut Tx<'_>, key: Key<'_>) -> Result<bool, StorageError> {
    use directory_overrides as table;
    let kind: Option<String> = table::table.find(key).select(table::kind).first(tx.db().conn()).optional()?;
    Ok(kind.as_deref() == Some("added"))
}

fn put(
    tx: &mut Tx<'_>,
    (source, tbl, id): Key<'_>,
    (service, kind, cells): (ServiceId, &str, &Cells),
) -> Result<(), StorageError> {
    use directory_overrides as table;
    let cells = serde_json::to_string(cells)
        .map_err(|_reason| StorageError::Unreadable("directory_overrides.cells"))?;
    let (at, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::delete(table::table.find((source, tbl, id))).execute(tx.db().conn())?;
    diesel::insert_into(table::table)
        .values((
            table::source.eq(source),
            table::tbl.eq(tbl),
            table::id.eq(id),
            table::service.eq(service.to_string()),
            table::kind.eq(kind),
            table::cells.eq(cells),
            table::at.eq(at),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Forgets drafts, decisions and corrections of everything that came from a source. While its services are still there.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let theirs = || services::table.filter(services::source.eq(source.to_owned())).select(services::id);
    diesel::delete(directory_drafts::table.filter(directory_drafts::service.eq_any(theirs())))
        .execute(tx.db().conn())?;
    diesel::delete(directory_decisions::table.filter(directory_decisions::service.eq_any(theirs())))
        .execute(tx.db().conn())?;
    diesel::delete(directory_overrides::table.filter(directory_overrides::source.eq(source)))
        .execute(tx.db().conn())?;
    Ok(())
}
