//! Rows of notes.

use diesel::prelude::*;

use super::{NOTE_MAX, Note};
use crate::{
    access::Tx,
    kernel::{Timestamp, id::ServiceId, text::Line},
    storage::{
        Db, StorageError,
        schema::directory::{directory_notes, services},
    },
};

/// What is noted of a service.
pub(super) fn find(db: &mut Db<'_>, service: ServiceId) -> Result<Option<Note>, StorageError> {
    use directory_notes as table;
    let row: Option<(String, String, i64, i64)> = table::table
        .find(service.to_string())
        .select((table::text, table::noted_by, table::at, table::version))
        .first(db.conn())
        .optional()?;
    row.map(|(text, by, at, version)| {
        let text = text.parse().map_err(|_reason| StorageError::Unreadable("directory_notes.text"))?;
        Ok(Note { text, by, at: Timestamp::from_micros(at), version })
    })
    .transpose()
}

/// Keeps a note in the place of the one there was.
pub(super) fn put(
    tx: &mut Tx<'_>,
    service: ServiceId,
    (text, version): (&Line<NOTE_MAX>, i64),
) -> Result<(), StorageError> {
    use directory_notes as table;
    let (at, audit, by) = (tx.now().micros(), tx.entry().to_string(), tx.actor().log_name());
    remove(tx, service)?;
    diesel::insert_into(table::table)
        .values((
            table::service.eq(service.to_string()),
            table::text.eq(text.as_str()),
            table::noted_by.eq(by),
            table::at.eq(at),
            table::version.eq(version),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Takes a note away.
pub(super) fn remove(tx: &mut Tx<'_>, service: ServiceId) -> Result<(), StorageError> {
    diesel::delete(directory_notes::table.find(service.to_string())).execute(tx.db().conn())?;
    Ok(())
}

/// Forgets what was noted of everything that came from a source. While its services are still there.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let theirs = services::table.filter(services::source.eq(source.to_owned())).select(services::id);
    diesel::delete(directory_notes::table.filter(directory_notes::service.eq_any(theirs)))
        .execute(tx.db().conn())?;
    Ok(())
}
