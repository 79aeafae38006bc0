//! Let agreements take effect on their first day, and expire after their last.

use chrono::TimeDelta;

use super::{Agreement, AgreementError, Move, Queued, State, agreement::step, store};
use crate::{access::Tx, kernel::Timestamp, policy::Policy, storage::Db};

/// How many agreements one run moves.
pub const DUE_BATCH: i64 = 100;

/// Whether the calendar makes anything due, so that an idle minute leaves no entry in the log.
pub fn anything_due(db: &mut Db<'_>, now: Timestamp) -> Result<bool, AgreementError> {
    Ok(!store::due(db, now, 1)?.is_empty())
}

/// Moves what the calendar makes due: signed agreements whose first day came, and those whose last day passed. Answers them as they stand now.
pub fn move_due(tx: &mut Tx<'_>) -> Result<Vec<Agreement>, AgreementError> {
    let now = tx.now();
    let mut moved = Vec::new();
    for agreement in store::due(tx.db(), now, DUE_BATCH)? {
        moved.push(if agreement.validity.until <= now {
            let validity = agreement.validity;
            step(tx, agreement, &Move::Expire(validity), None)?
        } else {
            take_effect_now(tx, agreement)?
        });
    }
    Ok(moved)
}

/// Agreements under which what was not handed over must be deleted by now: those that ended, and those suspended for longer than
/// packets are held. What ended long ago has no packet left and is not looked at.
pub fn purging(db: &mut Db<'_>, now: Timestamp, policy: &Policy) -> Result<Vec<Agreement>, AgreementError> {
    let stopped = store::stopped_since(db, now.minus(LONGEST_WAIT))?;
    let held = TimeDelta::hours(i64::from(policy.agreement_limits().after_the_end.suspended_purge_hours));
    let due = |agreement: &Agreement| match agreement.standing(now).effects().queued {
        Queued::Purge => true,
        Queued::HoldThenPurge => agreement.state.since().is_some_and(|since| since.plus(held) <= now),
        Queued::None | Queued::Deliver | Queued::Hold | Queued::JudgeAgain => false,
    };
    Ok(stopped.into_iter().filter(due).collect())
}

/// Longer than any packet lives.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(90);

/// Puts a signed version in force; the one before is superseded in the same transaction, so that there is never none nor two.
pub(super) fn take_effect_now(tx: &mut Tx<'_>, agreement: Agreement) -> Result<Agreement, AgreementError> {
    let validity = agreement.validity;
    let now = step(tx, agreement, &Move::TakeEffect(validity), None)?;
    for older in store::older_versions(tx.db(), now.id, now.version)? {
        if matches!(older.state, State::InForce { .. } | State::Suspended { .. }) {
            step(tx, older, &Move::Supersede { by: now.version }, None)?;
        }
    }
    Ok(now)
}
