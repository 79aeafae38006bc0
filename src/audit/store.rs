//! Rows of the log.

use diesel::prelude::*;

use super::Entry;
use crate::{
    access::Tx,
    storage::{StorageError, schema::foundation::audit_pending},
};

pub(super) fn insert(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), StorageError> {
    let at = tx.now().micros();
    diesel::insert_into(audit_pending::table)
        .values((
            audit_pending::id.eq(entry.id().to_string()),
            audit_pending::entry.eq(entry.bytes()),
            audit_pending::leaf.eq(entry.leaf().to_string()),
            audit_pending::at.eq(at),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}
