//! Hand out a code and a PIN for a referral, and let somebody in who has them.

use chrono::TimeDelta;

use super::{FeedbackError, PersonCode, Pin, RatingGiven, store};
use crate::{
    access::Tx,
    audit, config,
    crypto::{keyed_digest, same_digest},
    kernel::{
        Coded as _, Digest, Secret, Timestamp,
        id::{OrganisationId, ReferralId},
    },
    policy::ServiceCode,
};

/// What a code is handed out for. Whoever calls has made sure that the actor sent this referral.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The referral.
    pub referral: ReferralId,
    /// The organisation it went to.
    pub provider: OrganisationId,
    /// The service it is for.
    pub service: ServiceCode,
}

/// A code and a PIN. They can be shown this once and never again.
#[derive(Debug)]
pub struct Issued {
    /// The code.
    pub code: PersonCode,
    /// The PIN.
    pub pin: Pin,
    /// Until when they are good.
    pub until: Timestamp,
}

/// Hands out a code and a PIN. Those handed out before for the same referral are not good any more, so that a lost slip can be
/// replaced. A rating that was given stays given.
///
/// The answer must not be remembered for an `Idempotency-Key`: it would be stored.
pub fn issue(tx: &mut Tx<'_>, key: &Secret<Vec<u8>>, cmd: &Issue) -> Result<Issued, FeedbackError> {
    let (code, pin) = (PersonCode::random(tx.ids()), Pin::random(tx.ids()));
    let until = tx.now().plus(TimeDelta::days(GOOD_FOR_DAYS));
    let rated = store::take_away(tx, cmd.referral)?;
    store::insert_key(
        tx,
        &store::Key {
            code: code_digest(key, &code),
            pin: pin_digest(key, &code, &pin),
            referral: cmd.referral,
            provider: cmd.provider,
            service: cmd.service.clone(),
            until,
            tries: 0,
            paused_until: None,
            rated,
        },
    )?;
    Ok(Issued { code, pin, until })
}

/// What somebody typed, already turned into digests.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    code: Digest,
    pin: Digest,
}

impl Presented {
    /// What cannot be a code or a PIN at all goes the same way as a wrong one.
    pub fn new(key: &Secret<Vec<u8>>, code: &Secret<String>, pin: &Secret<String>) -> Self {
        match (PersonCode::read(code.expose()), Pin::read(pin.expose())) {
            (Some(code), Some(pin)) => {
                Self { code: code_digest(key, &code), pin: pin_digest(key, &code, &pin) }
            }
            _ => Self { code: keyed_digest(key, &[b"nobody"]), pin: keyed_digest(key, &[b"nothing"]) },
        }
    }
}

/// How many wrong PINs make a pause, and how long the first one is.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// Wrong PINs in a round.
    pub tries: i32,
    /// The first pause; each further round doubles it.
    pub first: TimeDelta,
}

impl From<&config::Access> for Pauses {
    fn from(access: &config::Access) -> Self {
        let first = TimeDelta::minutes(access.passphrase_pause_minutes);
        Self { tries: access.passphrase_tries, first }
    }
}

/// What a code and PIN opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The referral.
    pub referral: ReferralId,
    /// The organisation it went to.
    pub provider: OrganisationId,
    /// The service it is for.
    pub service: ServiceCode,
    /// Whether a rating was given.
    pub rating: RatingGiven,
    code: Digest,
}

impl Opened {
    pub(super) const fn code(&self) -> Digest {
        self.code
    }

    pub(super) fn now_rated(self) -> Self {
        Self { rating: RatingGiven::Already, ..self }
    }
}

/// Lets in whoever has code and PIN; `None` for everybody else. A wrong try is counted, so the transaction must be committed in
/// either case: make a refusal of `None` after the commit. Its entry in the log is that of a refusal already.
pub fn open(
    tx: &mut Tx<'_>,
    presented: &Presented,
    pauses: &Pauses,
) -> Result<Option<Opened>, FeedbackError> {
    let (now, found) = (tx.now(), store::key(tx.db(), presented.code)?);
    let known = found.as_ref();
    let fits = same_digest(&presented.pin, known.map_or(&Digest::of("nobody"), |key| &key.pin));
    let good = known.is_some_and(|key| now < key.until && key.paused_until.is_none_or(|until| until <= now));
    let seen = known.map_or(0, |key| key.tries);
    // A pause is not made longer by knocking during it, or anybody could keep a person out for good.
    let (tries, paused_until) = match (good, fits) {
        (true, true) => (0, None),
        (true, false) => (seen.saturating_add(1), pause(seen.saturating_add(1), pauses, now)),
        (false, _) => (seen, known.and_then(|key| key.paused_until)),
    };
    let noted = store::note_try(tx, presented.code, seen, tries, paused_until)?;
    let Some(key) = found.filter(|_key| good && fits && noted) else {
        audit::record(tx, &audit::Record::refused(FeedbackError::NotOpened.code()))?;
        return Ok(None);
    };
    Ok(Some(Opened {
        referral: key.referral,
        provider: key.provider,
        service: key.service,
        rating: if key.rated { RatingGiven::Already } else { RatingGiven::NotYet },
        code: key.code,
    }))
}

/// Forgets codes that are past their time. Answers how many.
pub fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<usize, FeedbackError> {
    Ok(store::forget_before(tx, moment)?)
}

fn pause(tries: i32, pauses: &Pauses, now: Timestamp) -> Option<Timestamp> {
    let round = tries.checked_div(pauses.tries).filter(|_| tries.checked_rem(pauses.tries) == Some(0))?;
    let doubled =
        u32::try_from(round.saturating_sub(1)).ok().and_then(|times| 1_i32.checked_shl(times.min(20)));
    let span = doubled.and_then(|times| pauses.first.checked_mul(times)).unwrap_or(LONGEST_PAUSE);
    Some(now.plus(span.min(LONGEST_PAUSE)))
}

fn code_digest(key: &Secret<Vec<u8>>, code: &PersonCode) -> Digest {
    keyed_digest(key, &[b"code", code.bytes()])
}

fn pin_digest(key: &Secret<Vec<u8>>, code: &PersonCode, pin: &Pin) -> Digest {
    keyed_digest(key, &[b"pin", code.bytes(), pin.bytes()])
}

const GOOD_FOR_DAYS: i64 = 400;
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_comes_after_each_round_and_doubles_up_to_a_day() {
        let pauses = Pauses { tries: 5, first: TimeDelta::minutes(15) };
        let now = Timestamp::from_seconds(1_000_000);
        let minutes: Vec<_> = (1..=50)
            .map(|tries| pause(tries, &pauses, now).map_or(0, |until| until.since(now).num_minutes()))
            .filter(|minutes| *minutes > 0)
            .collect();
        assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1_440, 1_440, 1_440]);
        assert_eq!(pause(i32::MAX, &Pauses { tries: 1, ..pauses }, now), Some(now.plus(LONGEST_PAUSE)));
        assert_eq!(pause(3, &Pauses { tries: 0, ..pauses }, now), None);
    }
}
