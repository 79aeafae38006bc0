//! Rows of this room to types and back.

use diesel::prelude::*;

use super::FactorError;
use crate::{
    access::Tx,
    kernel::{Digest, Timestamp, id::StaffId},
    storage::{
        Db, StorageError,
        schema::factors::{factor_apps, recovery_codes},
    },
};

/// An app as it is kept.
pub(super) struct App {
    pub(super) sealed: String,
    pub(super) is_confirmed: bool,
    /// When it was confirmed, or made.
    pub(super) at: Timestamp,
}

pub(super) fn app(db: &mut Db<'_>, person: StaffId) -> Result<Option<App>, FactorError> {
    let row: Option<(String, Option<i64>, i64)> = factor_apps::table
        .filter(factor_apps::staff.eq(person.to_string()))
        .select((factor_apps::sealed, factor_apps::confirmed_at, factor_apps::made_at))
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(row.map(|(sealed, confirmed, made)| App {
        sealed,
        is_confirmed: confirmed.is_some(),
        at: Timestamp::from_micros(confirmed.unwrap_or(made)),
    }))
}

/// Puts a secret that does not count yet in the place of another such.
pub(super) fn put_app(tx: &mut Tx<'_>, person: StaffId, sealed: &str) -> Result<(), FactorError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    delete_app(tx, person)?;
    diesel::insert_into(factor_apps::table)
        .values((
            factor_apps::staff.eq(person.to_string()),
            factor_apps::sealed.eq(sealed),
            factor_apps::made_at.eq(now),
            factor_apps::last_step.eq(0_i64),
            factor_apps::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Lets the secret that was seen count.
pub(super) fn confirm_app(
    tx: &mut Tx<'_>,
    person: StaffId,
    (sealed, step): (&str, i64),
) -> Result<(), FactorError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let seen = factor_apps::staff.eq(person.to_string()).and(factor_apps::sealed.eq(sealed));
    let changed = diesel::update(factor_apps::table.filter(seen.and(factor_apps::confirmed_at.is_null())))
        .set((
            factor_apps::confirmed_at.eq(now),
            factor_apps::last_step.eq(step),
            factor_apps::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

/// Uses a step up, unless it or a later one was used.
pub(super) fn use_step(tx: &mut Tx<'_>, person: StaffId, step: i64) -> Result<bool, FactorError> {
    let theirs = factor_apps::staff.eq(person.to_string()).and(factor_apps::last_step.lt(step));
    let used = diesel::update(factor_apps::table.filter(theirs))
        .set(factor_apps::last_step.eq(step))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(used == 1)
}

pub(super) fn delete_app(tx: &mut Tx<'_>, person: StaffId) -> Result<(), FactorError> {
    diesel::delete(factor_apps::table.filter(factor_apps::staff.eq(person.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

pub(super) fn insert_recovery(tx: &mut Tx<'_>, person: StaffId, digest: Digest) -> Result<(), FactorError> {
    diesel::insert_into(recovery_codes::table)
        .values((recovery_codes::digest.eq(digest.to_string()), recovery_codes::staff.eq(person.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Deletes a code; whether it was there.
pub(super) fn use_recovery(tx: &mut Tx<'_>, person: StaffId, digest: Digest) -> Result<bool, FactorError> {
    let theirs = recovery_codes::staff.eq(person.to_string());
    let used = diesel::delete(
        recovery_codes::table.filter(theirs.and(recovery_codes::digest.eq(digest.to_string()))),
    )
    .execute(tx.db().conn())
    .map_err(StorageError::from)?;
    Ok(used == 1)
}

pub(super) fn count_recovery(db: &mut Db<'_>, person: StaffId) -> Result<i64, FactorError> {
    Ok(recovery_codes::table
        .filter(recovery_codes::staff.eq(person.to_string()))
        .count()
        .get_result(db.conn())
        .map_err(StorageError::from)?)
}

pub(super) fn delete_recovery(tx: &mut Tx<'_>, person: StaffId) -> Result<(), FactorError> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::staff.eq(person.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}
