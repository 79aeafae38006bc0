//! Rows of this room to types and back.

use diesel::prelude::*;

use super::{FactorError, passkey::Kept};
use crate::{
    access::Tx,
    kernel::{Digest, Timestamp, id::StaffId},
    storage::{
        Db, StorageError, read,
        schema::factors::{factor_apps, passkey_questions, passkeys, recovery_codes},
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

/// Somebody's passkeys, the oldest first.
pub(super) fn passkeys(db: &mut Db<'_>, person: StaffId) -> Result<Vec<Kept>, FactorError> {
    type Row = (String, String, String, i64, Option<i64>);
    let rows: Vec<Row> = passkeys::table
        .filter(passkeys::staff.eq(person.to_string()))
        .order((passkeys::added_at, passkeys::id))
        .select((passkeys::id, passkeys::name, passkeys::credential, passkeys::added_at, passkeys::used_at))
        .load(db.conn())
        .map_err(StorageError::from)?;
    let kept = |(id, name, credential, added_at, used_at): Row| {
        Ok(Kept {
            id: read(&id, "passkeys.id")?,
            name: read(&name, "passkeys.name")?,
            passkey: serde_json::from_str(&credential)
                .map_err(|_ignored| StorageError::Unreadable("passkeys.credential"))?,
            added_at: Timestamp::from_micros(added_at),
            used_at: used_at.map(Timestamp::from_micros),
        })
    };
    Ok(rows.into_iter().map(kept).collect::<Result<_, StorageError>>()?)
}

pub(super) fn has_passkey(db: &mut Db<'_>, person: StaffId) -> Result<bool, FactorError> {
    let theirs = passkeys::table.filter(passkeys::staff.eq(person.to_string()));
    let many: i64 = theirs.count().get_result(db.conn()).map_err(StorageError::from)?;
    Ok(many > 0)
}

/// Whether a passkey is somebody's, whoever that is.
pub(super) fn is_passkey_known(db: &mut Db<'_>, id: Digest) -> Result<bool, FactorError> {
    let found = passkeys::table.filter(passkeys::id.eq(id.to_string()));
    let many: i64 = found.count().get_result(db.conn()).map_err(StorageError::from)?;
    Ok(many > 0)
}

fn credential(kept: &Kept) -> Result<String, FactorError> {
    let text = serde_json::to_string(&kept.passkey);
    Ok(text.map_err(|_ignored| StorageError::Unreadable("passkeys.credential"))?)
}

pub(super) fn insert_passkey(tx: &mut Tx<'_>, person: StaffId, kept: &Kept) -> Result<(), FactorError> {
    let audit = tx.entry().to_string();
    diesel::insert_into(passkeys::table)
        .values((
            passkeys::id.eq(kept.id.to_string()),
            passkeys::staff.eq(person.to_string()),
            passkeys::name.eq(kept.name.as_str()),
            passkeys::credential.eq(credential(kept)?),
            passkeys::added_at.eq(kept.added_at.micros()),
            passkeys::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Notes the use of a passkey, unless it was used elsewhere since it was read.
pub(super) fn use_passkey(tx: &mut Tx<'_>, person: StaffId, kept: &Kept) -> Result<bool, FactorError> {
    let now = tx.now().micros();
    let theirs = passkeys::staff.eq(person.to_string()).and(passkeys::id.eq(kept.id.to_string()));
    let noted = (passkeys::credential.eq(credential(kept)?), passkeys::used_at.eq(now));
    let used = match kept.used_at {
        Some(at) => diesel::update(passkeys::table.filter(theirs.and(passkeys::used_at.eq(at.micros()))))
            .set(noted)
            .execute(tx.db().conn()),
        None => diesel::update(passkeys::table.filter(theirs.and(passkeys::used_at.is_null())))
            .set(noted)
            .execute(tx.db().conn()),
    };
    Ok(used.map_err(StorageError::from)? == 1)
}

pub(super) fn delete_passkey(tx: &mut Tx<'_>, person: StaffId, id: Digest) -> Result<bool, FactorError> {
    let theirs = passkeys::staff.eq(person.to_string()).and(passkeys::id.eq(id.to_string()));
    let gone = diesel::delete(passkeys::table.filter(theirs)).execute(tx.db().conn());
    Ok(gone.map_err(StorageError::from)? == 1)
}

/// Takes all of somebody's passkeys away, and what their browser was asked.
pub(super) fn delete_passkeys(tx: &mut Tx<'_>, person: StaffId) -> Result<(), FactorError> {
    diesel::delete(passkeys::table.filter(passkeys::staff.eq(person.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    diesel::delete(passkey_questions::table.filter(passkey_questions::staff.eq(person.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Puts what a browser is asked in the place of what it was asked before.
pub(super) fn put_question(
    tx: &mut Tx<'_>,
    (subject, person): (&str, StaffId),
    state: &str,
    until: Timestamp,
) -> Result<(), FactorError> {
    diesel::delete(passkey_questions::table.filter(passkey_questions::subject.eq(subject)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    diesel::insert_into(passkey_questions::table)
        .values((
            passkey_questions::subject.eq(subject),
            passkey_questions::staff.eq(person.to_string()),
            passkey_questions::state.eq(state),
            passkey_questions::until.eq(until.micros()),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// What a browser was asked, once and in time.
pub(super) fn take_question(tx: &mut Tx<'_>, subject: &str) -> Result<Option<String>, FactorError> {
    let now = tx.now().micros();
    let found: Option<(String, i64)> = passkey_questions::table
        .filter(passkey_questions::subject.eq(subject))
        .select((passkey_questions::state, passkey_questions::until))
        .first(tx.db().conn())
        .optional()
        .map_err(StorageError::from)?;
    let taken = diesel::delete(passkey_questions::table.filter(passkey_questions::subject.eq(subject)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(found.filter(|(_, until)| taken == 1 && *until > now).map(|(state, _)| state))
}

/// Takes away what somebody's browsers were asked, but for one subject.
pub(super) fn delete_questions(tx: &mut Tx<'_>, person: StaffId, except: &str) -> Result<(), FactorError> {
    let theirs = passkey_questions::staff.eq(person.to_string()).and(passkey_questions::subject.ne(except));
    diesel::delete(passkey_questions::table.filter(theirs))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Forgets what browsers did not answer in time.
pub(super) fn forget_questions(tx: &mut Tx<'_>) -> Result<(), FactorError> {
    let now = tx.now().micros();
    diesel::delete(passkey_questions::table.filter(passkey_questions::until.le(now)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
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
