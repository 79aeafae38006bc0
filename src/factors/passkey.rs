//! Passkeys (WebAuthn): a key of a telephone, a computer or a small device that answers the hub's question after its own PIN, finger or face.
//! What is stored is the public half.

use std::fmt;

use serde::{Deserialize, Serialize};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
        RegisterPublicKeyCredential, Url, WebauthnError,
    },
};

use super::{
    FactorError, FactorKey, recovery,
    standing::{forget, is_on, own},
    store,
};
use crate::{
    access::{AccessError, Tx},
    audit,
    kernel::{Digest, Timestamp, id::StaffId, text::Line},
};

/// How many passkeys somebody has at most.
pub const MOST_PASSKEYS: usize = 10;

/// For how long a browser may take to answer.
const ANSWER_WITHIN: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// What somebody calls a passkey.
pub type PasskeyName = Line<60>;

/// The site that passkeys are for: the hub's own address, as people type it.
pub struct Site(Webauthn);

impl Site {
    /// Nothing where browsers make no passkeys: where the address has no name, or is not safe. One's own machine is safe without TLS.
    pub fn of(public_url: &str) -> Option<Self> {
        let origin = Url::parse(public_url).ok()?;
        let name = origin.domain()?.to_owned();
        let is_own_machine = name == "localhost";
        if origin.scheme() != "https" && !is_own_machine {
            return None;
        }
        let site = WebauthnBuilder::new(&name, &origin).ok()?.rp_name("Throughline");
        let site = site.timeout(ANSWER_WITHIN.to_std().ok()?);
        // On one's own machine a hub is at any port.
        site.allow_any_port(is_own_machine).build().ok().map(Self)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Site(…)")
    }
}

/// A passkey as it is stored.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) id: Digest,
    pub(super) name: PasskeyName,
    pub(super) passkey: Passkey,
    pub(super) added_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

/// A passkey as whoever it belongs to sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PasskeyView {
    /// Digest of its id.
    #[schema(value_type = String)]
    pub id: Digest,
    /// What it is called.
    #[schema(value_type = String)]
    pub name: PasskeyName,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
    /// When somebody last signed in with it; absent while nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub used_at: Option<Timestamp>,
}

/// A passkey to add: what the browser answered.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPasskey {
    /// What it is to be called.
    #[schema(value_type = String, max_length = 60)]
    pub name: PasskeyName,
    /// The `RegistrationResponseJSON` of the browser.
    #[schema(value_type = Object)]
    pub credential: RegisterPublicKeyCredential,
}

/// A passkey that was added.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AddedPasskey {
    /// The passkey.
    pub passkey: PasskeyView,
    /// Recovery codes, this once, where nothing was asked for before this passkey.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub recovery_codes: Vec<String>,
}

/// How an answer for a passkey was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// Right.
    Right,
    /// Wrong, too late, or answered before.
    Wrong,
    /// Signed well, by a passkey that counted no further than it had: there may be a copy.
    Copied,
}

/// What the browser is asked in order to make a passkey: `PublicKeyCredentialCreationOptionsJSON` under `publicKey`.
pub fn begin_passkey(
    tx: &mut Tx<'_>,
    site: Option<&Site>,
    name: &str,
) -> Result<serde_json::Value, FactorError> {
    let person = own(tx.actor())?;
    let site = site.ok_or(FactorError::NoSite)?;
    let kept = store::passkeys(tx.db(), person)?;
    refuse_more(&kept)?;
    let known = kept.iter().map(|kept| kept.passkey.cred_id().clone()).collect();
    let (question, state) = site
        .0
        .start_passkey_registration(person.uuid(), name, name, Some(known))
        .map_err(|_library| FactorError::PasskeyRefused)?;
    let until = tx.now().plus(ANSWER_WITHIN);
    store::put_question(tx, (&adding(person), person), &text(&state)?, until)?;
    value(&question)
}

fn refuse_more(kept: &[Kept]) -> Result<(), FactorError> {
    if kept.len() < MOST_PASSKEYS {
        Ok(())
    } else {
        Err(FactorError::TooManyPasskeys { most: MOST_PASSKEYS })
    }
}

/// Takes the passkey that the browser made. Answers recovery codes as well where there was no second step before.
pub fn add_passkey(
    tx: &mut Tx<'_>,
    (site, key): (Option<&Site>, &FactorKey),
    cmd: &AddPasskey,
) -> Result<AddedPasskey, FactorError> {
    let person = own(tx.actor())?;
    let site = site.ok_or(FactorError::NoSite)?;
    let asked = store::take_question(tx, &adding(person))?.ok_or(FactorError::PasskeyRefused)?;
    let state: PasskeyRegistration =
        serde_json::from_str(&asked).map_err(|_ignored| FactorError::PasskeyRefused)?;
    let passkey = site
        .0
        .finish_passkey_registration(&cmd.credential, &state)
        .map_err(|_refused| FactorError::PasskeyRefused)?;
    refuse_more(&store::passkeys(tx.db(), person)?)?;
    let id = Digest::of(passkey.cred_id());
    if store::is_passkey_known(tx.db(), id)? {
        return Err(FactorError::PasskeyRefused);
    }
    let is_first = !is_on(tx.db(), person)?;
    let kept = Kept { id, name: cmd.name.clone(), passkey, added_at: tx.now(), used_at: None };
    store::insert_passkey(tx, person, &kept)?;
    let recovery_codes = if is_first { recovery::make(tx, person, key)?.recovery_codes } else { Vec::new() };
    let subject = person.to_string();
    let mut record = audit::Record::about(&subject);
    record.after = Some(id);
    audit::record(tx, &record)?;
    Ok(AddedPasskey { passkey: view(&kept), recovery_codes })
}

/// Takes one of one's own away. With the last of them, where there is no app, the second step is off.
pub fn remove_passkey(tx: &mut Tx<'_>, id: Digest) -> Result<(), FactorError> {
    let person = own(tx.actor())?;
    if !store::delete_passkey(tx, person, id)? {
        return Err(AccessError::NotFound.into());
    }
    if !is_on(tx.db(), person)? {
        forget(tx, person)?;
    }
    let subject = person.to_string();
    let mut record = audit::Record::about(&subject);
    record.before = Some(id);
    audit::record(tx, &record)?;
    Ok(())
}

/// What the browser is asked when somebody signs in, for what stands between the steps under this digest. Nothing for whoever has no passkey.
pub fn ask_passkey(
    tx: &mut Tx<'_>,
    site: &Site,
    (half, person): (Digest, StaffId),
) -> Result<Option<serde_json::Value>, FactorError> {
    let kept: Vec<Passkey> = store::passkeys(tx.db(), person)?.into_iter().map(|kept| kept.passkey).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let (question, state) =
        site.0.start_passkey_authentication(&kept).map_err(|_library| FactorError::PasskeyRefused)?;
    let until = tx.now().plus(ANSWER_WITHIN);
    store::put_question(tx, (&half.to_string(), person), &text(&state)?, until)?;
    value(&question).map(Some)
}

/// How the browser's answer is to what it was asked. A question is answered once, rightly or not.
pub fn use_passkey(
    tx: &mut Tx<'_>,
    site: &Site,
    (half, person): (Digest, StaffId),
    answer: &str,
) -> Result<Used, FactorError> {
    let Some(asked) = store::take_question(tx, &half.to_string())? else { return Ok(Used::Wrong) };
    let state = serde_json::from_str::<PasskeyAuthentication>(&asked);
    let answer = serde_json::from_str::<PublicKeyCredential>(answer);
    let (Ok(state), Ok(answer)) = (state, answer) else { return Ok(Used::Wrong) };
    let result = match site.0.finish_passkey_authentication(&answer, &state) {
        Ok(result) => result,
        Err(WebauthnError::CredentialPossibleCompromise) => return Ok(Used::Copied),
        Err(_) => return Ok(Used::Wrong),
    };
    // As it stands now: it may have been removed since the question.
    let id = Digest::of(result.cred_id());
    let Some(mut kept) = store::passkeys(tx.db(), person)?.into_iter().find(|kept| kept.id == id) else {
        return Ok(Used::Wrong);
    };
    kept.passkey.update_credential(&result);
    if !store::use_passkey(tx, person, &kept)? {
        return Ok(Used::Wrong);
    }
    // Other questions know the passkey's count from before this answer.
    store::delete_questions(tx, person, &adding(person))?;
    Ok(Used::Right)
}

pub(super) fn view(kept: &Kept) -> PasskeyView {
    PasskeyView { id: kept.id, name: kept.name.clone(), added_at: kept.added_at, used_at: kept.used_at }
}

fn adding(person: StaffId) -> String {
    format!("adding {person}")
}

fn text(state: &impl Serialize) -> Result<String, FactorError> {
    serde_json::to_string(state).map_err(|_ignored| FactorError::PasskeyRefused)
}

fn value(question: &impl Serialize) -> Result<serde_json::Value, FactorError> {
    serde_json::to_value(question).map_err(|_ignored| FactorError::PasskeyRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_for_addresses_with_a_name_that_are_safe() {
        for named in ["https://hub.example.org", "https://hub.example.org:8443", "http://localhost:8080"] {
            assert!(Site::of(named).is_some(), "{named}");
        }
        for other in [
            "http://127.0.0.1:8080",
            "https://[2001:db8::1]",
            "hub",
            "http://hub.example.org",
            "ftp://hub.example.org",
        ] {
            assert!(Site::of(other).is_none(), "{other}");
        }
    }
}
