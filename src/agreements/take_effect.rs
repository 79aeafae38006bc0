//! Let agreements take effect on their first day, and expire after their last.

use super::{Agreement, AgreementError, Move, State, agreement::step, store};
use crate::{access::Tx, kernel::Timestamp, storage::Db};

/// How many agreements one run moves.
pub const DUE_BATCH: i64 = 100;

/// Whether the calendar makes anything due, so that an idle minute leaves no entry in the log.
pub fn anything_due(db: &mut Db<'_>, now: Timestamp) -> Result<bool, AgreementError> {
    Ok(!store::due(db, now, 1)?.is_empty())
}

/// Moves what the calendar makes due: signed agreements whose first day came, and those whose last day passed. Answers how many.
pub fn move_due(tx: &mut Tx<'_>) -> Result<usize, AgreementError> {
    let now = tx.now();
    let due = store::due(tx.db(), now, DUE_BATCH)?;
    let count = due.len();
    for agreement in due {
        if agreement.validity.until <= now {
            let validity = agreement.validity;
            step(tx, agreement, &Move::Expire(validity), None)?;
        } else {
            take_effect_now(tx, agreement)?;
        }
    }
    Ok(count)
}

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
