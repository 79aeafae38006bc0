//! Choosing a passphrase, signing in and out.
//!
//! A wrong name, a wrong passphrase, a removed person and a pause all look the same from outside and in the log, and take the same
//! time: a passphrase is checked against a hash and the same statements are run in every case.
//!
//! Whoever has a second step (`factors`) stands between the two for a few minutes: the passphrase was right, and opens nothing yet. A wrong code
//! counts as a wrong passphrase does, and the right passphrase alone takes no count away.
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
    factors::{self, FactorError, FactorKey, Site, Used, Ways},
    kernel::{Coded as _, Digest, Secret, Timestamp, id::StaffId},
    storage::Db,
};

/// The least length of a passphrase, in characters. Length is what counts (NIST SP 800-63B 5.1.1.2).
pub const LEAST_PASSPHRASE: usize = 12;

/// The greatest length of a passphrase, in characters.
pub const MOST_PASSPHRASE: usize = 256;

/// How far apart two notes of a session's use are at least.
pub const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// For how long somebody is asked for the second step.
pub const SECOND_STEP: TimeDelta = TimeDelta::minutes(5);

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
    /// The code of the app, or a recovery code, for whoever has a second step. Without it they are answered
    /// `member.second_step_needed`, once the passphrase is right.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    pub code: Option<Secret<String>>,
}

/// How a try to sign in went, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// Wrong.
    Wrong,
    /// The first of two steps was right.
    Half,
    /// Right, and whole.
    Right,
}

impl Try {
    const fn of(fits: bool) -> Self {
        if fits { Self::Right } else { Self::Wrong }
    }
}

/// What the passphrase opened.
#[derive(Debug)]
pub enum FirstStep {
    /// A session.
    In(SignedIn),
    /// The second step: this token, for [`SECOND_STEP`].
    Half(Secret<String>),
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
    let open =
        store::note_try(tx, Some(found.staff), Try::of(new.is_some()), limits.passphrase_tries, pause_until)?;
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
    let open = noted(tx, found, fits, limits)?;
    let (Some(staff), true) = (found, open) else {
        audit::record(tx, &audit::Record::refused(MemberError::SignInRefused.code()))?;
        return Ok(None);
    };
    let token = fresh_token(tx);
    let until = now.plus(TimeDelta::hours(limits.session_hours));
    store::insert_session(tx, Digest::of(token.expose()), staff, until)?;
    Ok(Some(SignedIn { staff, token, until }))
}

/// Notes how a whole try went; whether a session may be opened.
fn noted(
    tx: &mut Tx<'_>,
    found: Option<StaffId>,
    fits: bool,
    limits: &config::Access,
) -> Result<bool, MemberError> {
    let pause_until = tx.now().plus(TimeDelta::minutes(limits.passphrase_pause_minutes));
    store::note_try(tx, found, Try::of(fits), limits.passphrase_tries, pause_until)
}

fn fresh_token(tx: &Tx<'_>) -> Secret<String> {
    let mut random = [0u8; 32];
    tx.ids().random(&mut random);
    Secret::new(URL_SAFE_NO_PAD.encode(random))
}

/// The first step: a session for whoever has no other, and otherwise what the second step is asked with.
pub fn first_step(
    tx: &mut Tx<'_>,
    found: Option<StaffId>,
    fits: bool,
    limits: &config::Access,
) -> Result<Option<FirstStep>, MemberError> {
    let Some(staff) = with_second_step(tx, found, fits)? else {
        return Ok(sign_in(tx, found, fits, limits)?.map(FirstStep::In));
    };
    let is_open = half_way(tx, staff, limits)?;
    let answer = if is_open { MemberError::SecondStepNeeded } else { MemberError::SignInRefused };
    audit::record(tx, &audit::Record::refused(answer.code()))?;
    if !is_open {
        return Ok(None);
    }
    let (token, until) = (fresh_token(tx), tx.now().plus(SECOND_STEP));
    store::insert_half_session(tx, Digest::of(token.expose()), staff, until)?;
    Ok(Some(FirstStep::Half(token)))
}

/// Both steps at once, for whoever gives everything together. That a code is needed is said only after the passphrase was right.
pub fn both_steps(
    tx: &mut Tx<'_>,
    (found, fits): (Option<StaffId>, bool),
    code: Option<&Secret<String>>,
    (key, limits): (&FactorKey, &config::Access),
) -> Result<Option<SignedIn>, MemberError> {
    let Some(staff) = with_second_step(tx, found, fits)? else { return sign_in(tx, found, fits, limits) };
    match code {
        Some(code) => {
            let fits = factors::use_code(tx, key, staff, code.expose())?;
            sign_in(tx, Some(staff), fits, limits)
        }
        None if half_way(tx, staff, limits)? => Err(MemberError::SecondStepNeeded),
        None => sign_in(tx, Some(staff), false, limits),
    }
}

/// What somebody answers to the second step.
#[derive(Debug)]
pub enum SecondAnswer {
    /// A code of the app, or a recovery code.
    Code(Secret<String>),
    /// What the browser said for a passkey, as JSON.
    Passkey(Site, Secret<String>),
}

/// What a browser is asked for a passkey, with what the first step answered; nothing where there is none.
pub fn ask_passkey(
    tx: &mut Tx<'_>,
    token: &Secret<String>,
    site: &Site,
) -> Result<Option<serde_json::Value>, MemberError> {
    let (token, now) = (Digest::of(token.expose()), tx.now());
    let Some(staff) = store::half_session(tx.db(), token, now)? else {
        return Err(MemberError::SignInRefused);
    };
    Ok(factors::ask_passkey(tx, site, (token, staff))?)
}

/// The second step, with what the first one answered.
pub fn second_step(
    tx: &mut Tx<'_>,
    token: &Secret<String>,
    answer: &SecondAnswer,
    (key, limits): (&FactorKey, &config::Access),
) -> Result<Option<SignedIn>, MemberError> {
    let (token, now) = (Digest::of(token.expose()), tx.now());
    let Some(staff) = store::half_session(tx.db(), token, now)? else {
        return sign_in(tx, None, false, limits);
    };
    let fits = match answer {
        SecondAnswer::Code(code) => factors::use_code(tx, key, staff, code.expose())?,
        SecondAnswer::Passkey(site, answer) => {
            let used = factors::use_passkey(tx, site, (token, staff), answer.expose())?;
            if used == Used::Copied {
                return refuse_copy(tx, staff, limits);
            }
            used == Used::Right
        }
    };
    let signed = sign_in(tx, Some(staff), fits, limits)?;
    if signed.is_some() {
        store::delete_half_session(tx, token)?;
    }
    Ok(signed)
}

/// Refuses as a wrong answer is refused. The log says why, and whose passkey it is: what was copied once has to be taken away.
fn refuse_copy(
    tx: &mut Tx<'_>,
    staff: StaffId,
    limits: &config::Access,
) -> Result<Option<SignedIn>, MemberError> {
    noted(tx, Some(staff), false, limits)?;
    let code = FactorError::PasskeyCopied.code();
    audit::record(tx, &audit::Record::refused_about(&staff.to_string(), code))?;
    Ok(None)
}

/// With what whoever stands between the steps with this token can go on; nothing when nobody does.
pub fn ways_on(db: &mut Db<'_>, token: &Secret<String>, now: Timestamp) -> Result<Option<Ways>, MemberError> {
    let Some(staff) = store::half_session(db, Digest::of(token.expose()), now)? else { return Ok(None) };
    Ok(Some(factors::ways(db, staff)?))
}

/// Who gave the right passphrase and has a second step to do.
fn with_second_step(
    tx: &mut Tx<'_>,
    found: Option<StaffId>,
    fits: bool,
) -> Result<Option<StaffId>, MemberError> {
    let Some(staff) = found.filter(|_known| fits) else { return Ok(None) };
    Ok(factors::is_on(tx.db(), staff)?.then_some(staff))
}

/// Whether whoever gave the right passphrase may go on to the second step.
fn half_way(tx: &mut Tx<'_>, staff: StaffId, limits: &config::Access) -> Result<bool, MemberError> {
    let pause_until = tx.now().plus(TimeDelta::minutes(limits.passphrase_pause_minutes));
    store::note_try(tx, Some(staff), Try::Half, limits.passphrase_tries, pause_until)
}

/// The person behind the session, before the passphrase they give once more is worked on.
pub(crate) fn who_confirms(db: &mut Db<'_>, actor: &Actor) -> Result<Candidate, MemberError> {
    match actor.who() {
        Who::Staff(id) => store::candidate_by_id(db, id),
        Who::Nobody => Err(AccessError::Unauthenticated.into()),
        Who::Client(_) | Who::Person | Who::Hub | Who::Operator => Err(AccessError::Forbidden.into()),
    }
}

/// Notes how it went when somebody who is signed in gave their passphrase once more. A wrong one counts as a wrong try to sign in does, is kept as
/// such, and answers nothing.
pub(crate) fn confirm(
    tx: &mut Tx<'_>,
    staff: StaffId,
    fits: bool,
    limits: &config::Access,
) -> Result<Option<()>, MemberError> {
    let pause_until = tx.now().plus(TimeDelta::minutes(limits.passphrase_pause_minutes));
    if store::note_try(tx, Some(staff), Try::of(fits), limits.passphrase_tries, pause_until)? {
        return Ok(Some(()));
    }
    audit::record(tx, &audit::Record::refused(MemberError::SignInRefused.code()))?;
    Ok(None)
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
