//! Whether somebody has a second step, using it, and taking it away.

use serde::Serialize;

use super::{FactorError, FactorKey, PasskeyView, app::digits, passkey, recovery, store};
use crate::{
    access::{AccessError, Actor, Tx, Who},
    audit,
    kernel::{Timestamp, id::StaffId},
    storage::Db,
};

/// How it stands with one's own second step.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SecondStep {
    /// Since when an app counts; absent while none does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub app_since: Option<Timestamp>,
    /// Passkeys, the oldest first.
    #[schema(max_items = 10)]
    pub passkeys: Vec<PasskeyView>,
    /// How many recovery codes were not used yet.
    pub recovery_codes_left: i64,
}

/// How it stands with one's own.
pub fn standing(db: &mut Db<'_>, actor: &Actor) -> Result<SecondStep, FactorError> {
    let person = own(actor)?;
    let app_since = store::app(db, person)?.filter(|app| app.is_confirmed).map(|app| app.at);
    let passkeys = store::passkeys(db, person)?.iter().map(passkey::view).collect();
    Ok(SecondStep { app_since, passkeys, recovery_codes_left: store::count_recovery(db, person)? })
}

/// With what somebody can do the second step, beside a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// Whether there is an app that counts.
    pub app: bool,
    /// Whether there is a passkey.
    pub passkey: bool,
}

/// With what somebody can do the second step.
pub fn ways(db: &mut Db<'_>, person: StaffId) -> Result<Ways, FactorError> {
    let app = store::app(db, person)?.is_some_and(|app| app.is_confirmed);
    Ok(Ways { app, passkey: store::has_passkey(db, person)? })
}

/// Whether somebody is asked for a second step.
pub fn is_on(db: &mut Db<'_>, person: StaffId) -> Result<bool, FactorError> {
    let ways = ways(db, person)?;
    Ok(ways.app || ways.passkey)
}

/// Whether a code of somebody's app, or one of their recovery codes, is right now. It is used up with that.
pub fn use_code(tx: &mut Tx<'_>, key: &FactorKey, person: StaffId, typed: &str) -> Result<bool, FactorError> {
    let plain = recovery::plain(typed);
    if recovery::is_one(&plain) {
        return store::use_recovery(tx, person, key.digest(person, &plain));
    }
    let Some(app) = store::app(tx.db(), person)?.filter(|app| app.is_confirmed) else { return Ok(false) };
    let now = tx.now();
    match key.open(person, &app.sealed)?.step_of(&digits(typed), now) {
        Some(step) => store::use_step(tx, person, step),
        None => Ok(false),
    }
}

/// Takes one's own second step away, recovery codes and all.
pub fn turn_off(tx: &mut Tx<'_>) -> Result<(), FactorError> {
    let person = own(tx.actor())?;
    if !is_on(tx.db(), person)? {
        return Err(FactorError::Off);
    }
    forget(tx, person)?;
    audit::record(tx, &audit::Record::about(&person.to_string()))?;
    Ok(())
}

/// Takes somebody's second step away. For `members`, when they get a new code or are removed.
pub fn forget(tx: &mut Tx<'_>, person: StaffId) -> Result<(), FactorError> {
    store::delete_recovery(tx, person)?;
    store::delete_passkeys(tx, person)?;
    store::delete_app(tx, person)
}

/// Forgets what browsers did not answer in time.
pub fn forget_questions(tx: &mut Tx<'_>) -> Result<(), FactorError> {
    store::forget_questions(tx)
}

/// The person who acts: machines have no second step.
pub(super) fn own(actor: &Actor) -> Result<StaffId, AccessError> {
    match actor.who() {
        Who::Staff(id) => Ok(id),
        Who::Nobody => Err(AccessError::Unauthenticated),
        Who::Client(_) | Who::Person | Who::Hub | Who::Operator => Err(AccessError::Forbidden),
    }
}
