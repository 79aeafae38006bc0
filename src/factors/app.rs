//! Setting up an app: the secret is made, typed or read into the app, and counts once the app has shown a right code.

use serde::{Deserialize, Serialize};

use super::{FactorError, FactorKey, RecoveryCodes, recovery, standing::own, store};
use crate::{
    access::{Actor, Tx},
    audit,
    crypto::OneTime,
    kernel::{Secret, Timestamp, id::StaffId},
    storage::Db,
};

/// What an app is given, while it is being set up.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AppSecret {
    /// To type, in base32.
    pub secret: String,
    /// The same for a QR code: `otpauth://totp/…`.
    pub address: String,
}

/// A code of the app.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppCode {
    /// Six digits.
    #[schema(value_type = String, max_length = 16)]
    pub code: Secret<String>,
}

/// For how long a secret that was shown waits for its first code. What was left lying longer is not turned on by whoever finds the session.
const SETTING_UP: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Makes a new secret for one's app, in the place of one that was never confirmed.
pub fn begin_app(tx: &mut Tx<'_>, key: &FactorKey, name: &str) -> Result<AppSecret, FactorError> {
    let person = own(tx.actor())?;
    if store::app(tx.db(), person)?.is_some_and(|app| app.is_confirmed) {
        return Err(FactorError::On);
    }
    let app = OneTime::random(tx.ids());
    let sealed = key.seal(tx.ids(), person, &app)?;
    store::put_app(tx, person, &sealed)?;
    shown(&app, name)
}

/// What was begun and not confirmed yet.
pub fn app_in_hand(
    db: &mut Db<'_>,
    actor: &Actor,
    (key, now): (&FactorKey, Timestamp),
    name: &str,
) -> Result<AppSecret, FactorError> {
    let person = own(actor)?;
    shown(&key.open(person, &begun(db, person, now)?.sealed)?, name)
}

fn begun(db: &mut Db<'_>, person: StaffId, now: Timestamp) -> Result<store::App, FactorError> {
    match store::app(db, person)? {
        Some(app) if app.is_confirmed => Err(FactorError::On),
        Some(app) if now < app.at.plus(SETTING_UP) => Ok(app),
        Some(_) | None => Err(FactorError::Off),
    }
}

fn shown(app: &OneTime, name: &str) -> Result<AppSecret, FactorError> {
    let whole = app.as_text().and_then(|secret| Ok((secret, app.as_address(name)?)));
    let (secret, address) = whole.map_err(|_library| FactorError::Sealed)?;
    Ok(AppSecret { secret: secret.expose().clone(), address: address.expose().clone() })
}

/// Lets the app count, once it has shown a right code. Answers the recovery codes, this once.
pub fn confirm_app(tx: &mut Tx<'_>, key: &FactorKey, cmd: &AppCode) -> Result<RecoveryCodes, FactorError> {
    let (person, now) = (own(tx.actor())?, tx.now());
    let app = begun(tx.db(), person, now)?;
    let shared = key.open(person, &app.sealed)?;
    let step = shared.step_of(&digits(cmd.code.expose()), now).ok_or(FactorError::CodeRefused)?;
    store::confirm_app(tx, person, (&app.sealed, step))?;
    let codes = recovery::make(tx, person, key)?;
    audit::record(tx, &audit::Record::about(&person.to_string()))?;
    Ok(codes)
}

/// The digits, as apps show them with a blank in the middle.
pub(super) fn digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(16).collect()
}
