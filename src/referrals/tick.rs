//! Look at the clocks that have run out: note what is overdue, tell whom the ladder names, escalate, and end what nobody answered.
//!
//! Safe to run twice and at once: what was dealt with is in the rows, and a referral that moved meanwhile is a conflict that the next
//! tick takes up.

use serde_json::json;

use super::{
    apply,
    error::ReferralError,
    moves::{By, Move},
    referral::Referral,
    store,
    timers::{Fired, Tell, Timer, fire},
};
use crate::{
    access::Tx,
    kernel::{Timestamp, id::ReferralId},
    policy::Policy,
    storage::Db,
};

/// How many clocks one call deals with.
pub const TICK_BATCH: u16 = 50;

/// Whether a clock has run out. Asked before [`tick`], so that a tick with nothing to do leaves no entry in the log.
pub fn has_due(db: &mut Db<'_>, now: Timestamp) -> Result<bool, ReferralError> {
    Ok(!store::due(db, now, 1)?.is_empty())
}

/// Deals with at most `limit` clocks. Returns how many referrals were looked at; fewer than a call before means that little is left.
pub fn tick(tx: &mut Tx<'_>, limit: u16, policy: &Policy) -> Result<usize, ReferralError> {
    let now = tx.now();
    let due = store::due(tx.db(), now, i64::from(limit))?;
    for id in &due {
        look(tx, *id, policy)?;
    }
    Ok(due.len())
}

fn look(tx: &mut Tx<'_>, id: ReferralId, policy: &Policy) -> Result<(), ReferralError> {
    let was = store::find_to_move(tx, id)?;
    let before = store::timers(tx.db(), id)?;
    let now = tx.now();
    let fired: Vec<Fired> =
        before.iter().filter_map(|timer| fire(timer, &was.standing, policy, now)).collect();
    if fired.is_empty() {
        return Ok(());
    }
    let after: Vec<Timer> = before
        .iter()
        .map(|timer| {
            let changed = fired.iter().find(|fired| fired.timer.kind == timer.kind);
            changed.map_or_else(|| timer.clone(), |fired| fired.timer.clone())
        })
        .collect();
    let noted = Referral { version: was.version.saturating_add(1), ..was.clone() };
    store::advance(tx, &was, &noted, &after)?;
    store::put_timers(tx, id, &before, &after)?;
    for fired in &fired {
        tell(tx, &noted, fired)?;
    }
    let expires = fired.iter().find_map(|fired| fired.expires);
    if let Some(code) = expires.and_then(|code| code.parse().ok()) {
        apply::apply_own(tx, &noted, Move::Expire { reason: code }, By::Hub, policy)?;
    } else if fired.iter().any(|fired| fired.escalates) && !noted.standing.flags.escalated {
        apply::apply_own(tx, &noted, Move::Escalate {}, By::Hub, policy)?;
    }
    Ok(())
}

fn tell(tx: &mut Tx<'_>, referral: &Referral, fired: &Fired) -> Result<(), ReferralError> {
    let origin = &referral.origin;
    for whom in &fired.tell {
        let (organisation, role) = match whom {
            Tell::RecipientFocalPoint => (Some(origin.recipient), "focal_point"),
            Tell::RecipientSupervisor => (Some(origin.recipient), "supervisor"),
            Tell::Sender => (Some(origin.sender), "case_worker"),
            Tell::Coordinator => (None, "coordinator"),
        };
        let overdue = json!({
            "referral": origin.id, "what": fired.timer.kind, "due": fired.timer.due, "step": fired.timer.rung, "role": role,
        });
        apply::say(tx, "referral.overdue", organisation, overdue)?;
    }
    Ok(())
}
