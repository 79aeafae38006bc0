//! Choosing a passphrase, signing in and out.
//!
//! A wrong name, a wrong passphrase, a removed person and a pause all look the same from outside and in the log, and take the same
//! time: a passphrase is checked against a hash and the same statements are run in every case.
//!
//! A session ends at its last hour, or when it was not used for some minutes. Its use is noted once in a while and not at each
//! request, so that reading stays reading; a session may therefore end as much as [`SEEN_EVERY`] early.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde::Deserialize;

use super::{MemberError, Name, store};
use crate::{
    access::{AccessError, Actor, Tx, Who},
    audit, config,
    crypto::{self, PassphraseHash},
    kernel::{Coded as _, Digest, Secret, Timestamp, id::StaffId},
    storage::Db,
};

/// The least length of a passphrase, in characters. Length is what counts (NIST SP 800-63B 5.1.1.2).
pub const LEAST_PASSPHRASE: usize = 12;

/// The greatest length of a passphrase, in characters.
pub const MOST_PASSPHRASE: usize = 256;

/// How far apart two notes of a session's use are at least.
pub const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

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

/// Choose another passphrase while signed in.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassphrase {
    /// The passphrase until now.
    #[schema(value_type = String, max_length = 256)]
    pub old: Secret<String>,
    /// The new one, at least 12 characters.
    #[schema(value_type = String, min_length = 12, max_length = 256)]
    pub new: Secret<String>,
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

/// Refuses what is no passphrase, or what no open enrolment code comes with. Costs little; hashing does not.
pub fn may_choose(db: &mut Db<'_>, cmd: &SetPassphrase, now: Timestamp) -> Result<(), MemberError> {
    judge_passphrase(&cmd.passphrase)?;
    store::find_enrolment(db, Digest::of(cmd.code.expose()), now)?
        .map(drop)
        .ok_or(MemberError::EnrolmentRefused)
}

/// Refuses, with the reason, what [`may_choose`] refused before: so that it stands in the log.
pub fn refuse_choice(tx: &mut Tx<'_>, cmd: &SetPassphrase) -> Result<(), MemberError> {
    let now = tx.now();
    may_choose(tx.db(), cmd, now)?;
    Err(MemberError::EnrolmentRefused)
}

fn judge_passphrase(passphrase: &Secret<String>) -> Result<(), MemberError> {
    match passphrase.expose().chars().count() {
        ..LEAST_PASSPHRASE => Err(MemberError::PassphraseTooWeak { least: LEAST_PASSPHRASE }),
        LEAST_PASSPHRASE..=MOST_PASSPHRASE => Ok(()),
        _ => Err(MemberError::PassphraseTooLong { most: MOST_PASSPHRASE }),
    }
}

/// Sets the passphrase. The code is used up.
///
/// Hashing takes tens of milliseconds on purpose, so it is done before and handed in.
pub fn set_passphrase(
    tx: &mut Tx<'_>,
    cmd: &SetPassphrase,
    hash: &PassphraseHash,
) -> Result<StaffId, MemberError> {
    judge_passphrase(&cmd.passphrase)?;
    let now = tx.now();
    store::use_enrolment_code(tx, Digest::of(cmd.code.expose()), hash, now)
}

/// The person behind the session, before either passphrase is worked on.
pub(crate) fn may_change(
    db: &mut Db<'_>,
    actor: &Actor,
    cmd: &ChangePassphrase,
) -> Result<Candidate, MemberError> {
    judge_passphrase(&cmd.new)?;
    match actor.who() {
        Who::Staff(id) => store::candidate_by_id(db, id),
        Who::Nobody => Err(AccessError::Unauthenticated.into()),
        Who::Client(_) | Who::Person | Who::Hub | Who::Operator => Err(AccessError::Forbidden.into()),
    }
}

/// Puts the new passphrase in the place of the old when that was right, and ends every other session. A wrong one counts as a wrong
/// try to sign in does, is kept as such, and answers nothing.
pub(crate) fn change_passphrase(
    tx: &mut Tx<'_>,
    found: &Candidate,
    new: Option<&PassphraseHash>,
    session: &Secret<String>,
    limits: &config::Access,
) -> Result<Option<()>, MemberError> {
    let pause_until = tx.now().plus(TimeDelta::minutes(limits.passphrase_pause_minutes));
    let open = store::note_try(tx, Some(found.staff), new.is_some(), limits.passphrase_tries, pause_until)?;
    let (Some(new), Some(was), true) = (new, &found.hash, open) else {
        audit::record(tx, &audit::Record::refused(MemberError::SignInRefused.code()))?;
        return Ok(None);
    };
    store::change_passphrase(tx, found.staff, was, new, Digest::of(session.expose()))?;
    Ok(Some(()))
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

/// Checks the passphrase, at the same cost whether or not there is somebody to check it for. One that nobody can have chosen fits
/// nobody.
pub(crate) fn passphrase_fits(candidate: Option<&Candidate>, passphrase: &Secret<String>) -> bool {
    if judge_passphrase(passphrase).is_err() {
        return false;
    }
    let known = candidate.and_then(|c| c.hash.as_ref());
    let fits = crypto::verify_passphrase(passphrase, known.unwrap_or(&PassphraseHash::of_nobody()));
    fits && known.is_some()
}

/// Notes the outcome of a try and opens a session when it was right.
///
/// A wrong try counts towards a pause, so it is kept and not rolled back as other refusals are; its entry in the log is that of a
/// refusal all the same.
pub fn sign_in(
    tx: &mut Tx<'_>,
    found: Option<StaffId>,
    fits: bool,
    limits: &config::Access,
) -> Result<Option<SignedIn>, MemberError> {
    let now = tx.now();
    let pause_until = now.plus(TimeDelta::minutes(limits.passphrase_pause_minutes));
    let open = store::note_try(tx, found, fits, limits.passphrase_tries, pause_until)?;
    let (Some(staff), true) = (found, open) else {
        audit::record(tx, &audit::Record::refused(MemberError::SignInRefused.code()))?;
        return Ok(None);
    };
    let mut random = [0u8; 32];
    tx.ids().random(&mut random);
    let token = Secret::new(URL_SAFE_NO_PAD.encode(random));
    let until = now.plus(TimeDelta::hours(limits.session_hours));
    store::insert_session(tx, Digest::of(token.expose()), staff, until)?;
    Ok(Some(SignedIn { staff, token, until }))
}

/// Ends a session. One that is not there is over already.
pub fn sign_out(tx: &mut Tx<'_>, token: &Secret<String>) -> Result<(), MemberError> {
    store::delete_session(tx, Digest::of(token.expose()))
}

/// A session that counts.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who signed in.
    pub actor: Actor,
    seen: Timestamp,
}

impl Session {
    /// Whether its use is to be noted again.
    pub fn is_to_be_marked(&self, now: Timestamp) -> bool {
        now.since(self.seen) >= SEEN_EVERY
    }
}

/// The session of a token; none when it is over or was left alone for too long, or when the person or their organisation no longer
/// takes part.
pub fn find_session(
    db: &mut Db<'_>,
    token: &Secret<String>,
    now: Timestamp,
    limits: &config::Access,
) -> Result<Option<Session>, MemberError> {
    let found = store::session(db, Digest::of(token.expose()), now, idle_since(now, limits))?;
    Ok(found.map(|(actor, seen)| Session { actor, seen }))
}

/// Notes that a session is in use.
pub fn mark_session(tx: &mut Tx<'_>, token: &Secret<String>) -> Result<(), MemberError> {
    store::mark_seen(tx, Digest::of(token.expose()))
}

/// Forgets sessions that are over. Answers how many.
pub fn forget_sessions(tx: &mut Tx<'_>, limits: &config::Access) -> Result<usize, MemberError> {
    let now = tx.now();
    store::forget_sessions(tx, now, idle_since(now, limits))
}

pub(super) fn idle_since(now: Timestamp, limits: &config::Access) -> Timestamp {
    now.minus(TimeDelta::minutes(limits.session_idle_minutes))
}
