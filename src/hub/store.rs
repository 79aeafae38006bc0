//! Rows of remembered answers.

use diesel::prelude::*;

use super::{Remember, Reply};
use crate::{
    kernel::{Digest, Timestamp},
    storage::{Db, StorageError, schema::foundation::idempotency},
};

pub(super) fn find(
    db: &mut Db<'_>,
    caller: &str,
    key: &str,
) -> Result<Option<(String, Reply)>, StorageError> {
    let row: Option<(String, i32, Option<String>, String)> = idempotency::table
        .filter(idempotency::caller.eq(caller).and(idempotency::key.eq(key)))
        .select((idempotency::request, idempotency::status, idempotency::etag, idempotency::body))
        .first(db.conn())
        .optional()?;
    let Some((request, status, etag, body)) = row else { return Ok(None) };
    let unreadable = StorageError::Unreadable("idempotency");
    let (Ok(status), Ok(body)) = (u16::try_from(status), serde_json::from_str(&body)) else {
        return Err(unreadable);
    };
    Ok(Some((request, Reply { status, etag, body })))
}

pub(super) fn keep(
    db: &mut Db<'_>,
    caller: &str,
    remember: &Remember,
    reply: &Reply,
    at: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(idempotency::table)
        .values((
            idempotency::caller.eq(caller),
            idempotency::key.eq(&remember.key),
            idempotency::request.eq(remember.request.to_string()),
            idempotency::status.eq(i32::from(reply.status)),
            idempotency::etag.eq(reply.etag.as_deref()),
            idempotency::body.eq(reply.body.to_string()),
            idempotency::at.eq(at.micros()),
        ))
        .execute(db.conn())?;
    Ok(())
}

/// Forgets answers given before a moment. Returns how many.
pub(crate) fn forget_before(db: &mut Db<'_>, before: Timestamp) -> Result<usize, StorageError> {
    Ok(diesel::delete(idempotency::table.filter(idempotency::at.lt(before.micros()))).execute(db.conn())?)
}

/// Uses a key up: false when it was used before. For assertions that count once.
pub(crate) fn use_once(
    db: &mut Db<'_>,
    caller: &str,
    key: &str,
    at: Timestamp,
) -> Result<bool, StorageError> {
    if find(db, caller, key)?.is_some() {
        return Ok(false);
    }
    let once = Remember { key: key.to_owned(), request: Digest::of(key) };
    keep(db, caller, &once, &Reply { status: 204, etag: None, body: serde_json::Value::Null }, at)?;
    Ok(true)
}
