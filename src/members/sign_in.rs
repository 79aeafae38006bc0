//! Choosing a passphrase, signing in and out.
//!
//! A wrong name, a wrong passphrase, a removed person and a pause all look the same from outside and take the same time: a
//! passphrase is checked against a hash in every case.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{MemberError, Name, store};
use crate::{
    access::{Actor, Tx},
    config,
    crypto::{self, PassphraseHash},
    kernel::{Digest, Secret, Timestamp, id::StaffId},
    storage::Db,
};

/// The least length of a passphrase, in characters. Length is what counts (NIST SP 800-63B 5.1.1.2).
pub const LEAST_PASSPHRASE: usize = 12;

/// Choose a passphrase with an enrolment code.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassphrase {
    /// The code the administrator handed over.
    #[schema(value_type = String, max_length = 64)]
    pub code: Secret<String>,
    /// The passphrase, at least 12 characters.
    #[schema(value_type = String, min_length = 12, max_length = 256)]
    pub passphrase: Secret<String>,
}

/// Sign in.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The name.
    #[schema(value_type = String, max_length = 120)]
    pub name: Name,
    /// The passphrase.
    #[schema(value_type = String, max_length = 256)]
    pub passphrase: Secret<String>,
}

/// A fresh session. The token goes into a cookie and is shown to nobody else.
#[derive(Debug)]
pub struct SignedIn {
    /// Who signed in.
    pub staff: StaffId,
    /// The session's token.
    pub token: Secret<String>,
    /// When the session ends at the latest.
    pub until: Timestamp,
}

/// Sets the passphrase. The code is used up.
///
/// Hashing takes tens of milliseconds on purpose, so it is done before and handed in.
pub fn set_passphrase(
    tx: &mut Tx<'_>,
    cmd: &SetPassphrase,
    hash: &PassphraseHash,
) -> Result<StaffId, MemberError> {
    if cmd.passphrase.expose().chars().count() < LEAST_PASSPHRASE {
        return Err(MemberError::PassphraseTooWeak { least: LEAST_PASSPHRASE });
    }
    let now = tx.now();
    store::use_enrolment_code(tx, Digest::of(cmd.code.expose()), hash, now)
}

/// What is stored about the one who wants to sign in. Read before the passphrase is checked.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) staff: StaffId,
    pub(crate) hash: Option<PassphraseHash>,
    pub(crate) paused_until: Option<Timestamp>,
}

/// Looks up who wants to sign in.
pub(crate) fn candidate(db: &mut Db<'_>, name: &Name) -> Result<Option<Candidate>, MemberError> {
    store::candidate(db, name)
}

/// Checks the passphrase, at the same cost whether or not there is somebody to check it for.
pub(crate) fn passphrase_fits(candidate: Option<&Candidate>, passphrase: &Secret<String>) -> bool {
    let known = candidate.and_then(|c| c.hash.as_ref());
    let fits = crypto::verify_passphrase(passphrase, known.unwrap_or(&PassphraseHash::of_nobody()));
    fits && known.is_some()
}

/// Notes the outcome of a try and opens a session when it was right.
pub fn sign_in(
    tx: &mut Tx<'_>,
    found: Option<StaffId>,
    fits: bool,
    limits: &config::Access,
) -> Result<Option<SignedIn>, MemberError> {
    let Some(staff) = found else { return Ok(None) };
    let now = tx.now();
    let open = store::note_try(
        tx,
        staff,
        fits,
        limits.passphrase_tries,
        now.plus(chrono::TimeDelta::minutes(limits.passphrase_pause_minutes)),
    )?;
    if !(fits && open) {
        return Ok(None);
    }
    let mut random = [0u8; 32];
    tx.ids().random(&mut random);
    let token = Secret::new(URL_SAFE_NO_PAD.encode(random));
    let until = now.plus(chrono::TimeDelta::hours(limits.session_hours));
    store::insert_session(tx, Digest::of(token.expose()), staff, until)?;
    Ok(Some(SignedIn { staff, token, until }))
}

/// Ends a session. One that is not there is over already.
pub fn sign_out(tx: &mut Tx<'_>, token: &Secret<String>) -> Result<(), MemberError> {
    store::delete_session(tx, Digest::of(token.expose()))
}

/// The person behind a session's token; nobody when it is over, or they or their organisation no longer take part.
pub fn actor_of_session(
    db: &mut Db<'_>,
    token: &Secret<String>,
    now: Timestamp,
) -> Result<Option<Actor>, MemberError> {
    store::actor_of_session(db, Digest::of(token.expose()), now)
}
