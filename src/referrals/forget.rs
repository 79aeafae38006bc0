//! Let go of what is past its time: of certificates that are over, when no open referral rests on them; of ended referrals with their
//! envelopes, events and clocks; and at last of the record of what was disclosed.
//!
//! Of a forgotten referral three digests stay, which only somebody who knows its id can find: so that its sides are told that it was
//! forgotten, and that its id is not taken again.

use serde::Serialize;

use super::{
    apply, correct,
    error::ReferralError,
    notes,
    referral::{Referral, reads_of},
    store::{self, Ended},
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    audit, consent,
    kernel::{
        Digest, Timestamp,
        id::{CertificateId, OrganisationId, ReferralId},
    },
    packets,
    policy::{Policy, Situation},
    storage::Db,
};

/// How many referrals, or records of disclosures, one step forgets.
pub const FORGET_BATCH: i64 = 100;

/// Looks at a batch of certificates that are over, and forgets those nothing open rests on. Answers after which to go on, when there may be
/// more.
pub fn forget_certificates(
    tx: &mut Tx<'_>,
    after: Option<CertificateId>,
) -> Result<Option<CertificateId>, ReferralError> {
    let over = consent::over(tx, after)?;
    let mut forgotten = 0_usize;
    for id in &over {
        if !store::has_open_under(tx.db(), *id)? {
            consent::forget_certificate(tx, *id)?;
            forgotten = forgotten.saturating_add(1);
        }
    }
    if forgotten == 0 {
        tx.leaves_no_entry();
    }
    let full = i64::try_from(over.len()).is_ok_and(|found| found == consent::FORGET_BATCH);
    Ok(over.last().copied().filter(|_id| full))
}

/// Where a look at the ledger stopped.
#[derive(Clone, Debug, Default)]
pub struct Past(Ended);

/// Ended referrals whose ledger is past its time and that nothing holds, and after which to go on when there may be more. Asked before
/// [`forget`], so that a job with nothing to do leaves no entry in the log.
pub fn past(
    db: &mut Db<'_>,
    now: Timestamp,
    after: &Past,
    policy: &Policy,
) -> Result<(Vec<ReferralId>, Option<Past>), ReferralError> {
    let Some(before) = since(now, Situation::Ledger, policy) else { return Ok((Vec::new(), None)) };
    let ended = store::ended_before(db, before, &after.0, FORGET_BATCH)?;
    let full = i64::try_from(ended.len()).is_ok_and(|found| found == FORGET_BATCH);
    let last = ended.last().map(|(place, _)| Past(place.clone())).filter(|_place| full);
    let mut ids = Vec::new();
    for ((_, id), flags) in ended {
        let id = id.parse().map_err(|_ignored| crate::storage::StorageError::Unreadable("referrals.id"))?;
        if !flags.keep_ledger() && !store::has_open_children(db, id)? {
            ids.push(id);
        }
    }
    Ok((ids, last))
}

/// What one step let go of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Referrals.
    pub referrals: usize,
    /// Their events.
    pub events: usize,
    /// Their packets: envelopes and receipts.
    pub packets: usize,
}

/// Forgets referrals, each looked at once more. The entry in the log stands for the numbers and names nobody; so does the notice to the
/// node.
pub fn forget(tx: &mut Tx<'_>, ids: &[ReferralId], policy: &Policy) -> Result<Forgotten, ReferralError> {
    let mut done = Forgotten::default();
    let before = since(tx.now(), Situation::Ledger, policy);
    for id in ids {
        let Some(referral) = store::find_known_to_move(tx, *id)? else { continue };
        let ended = store::ended_at(tx.db(), *id)?;
        let is_past = ended.zip(before).is_some_and(|(ended, before)| ended <= before);
        if !is_past || referral.standing.flags.keep_ledger() || store::has_open_children(tx.db(), *id)? {
            continue;
        }
        keep_disclosures(tx, &referral, policy)?;
        correct::forget(tx, *id)?;
        notes::forget(tx, *id)?;
        done.packets = done.packets.saturating_add(packets::forget_referral(tx, *id)?);
        done.events = done.events.saturating_add(store::forget(tx, *id)?);
        done.referrals = done.referrals.saturating_add(1);
        let origin = &referral.origin;
        for side in [None, Some(origin.sender), Some(origin.recipient)] {
            store::mark_forgotten(tx, mark(*id, side))?;
        }
    }
    let counts = serde_json::json!(done);
    audit::record(tx, &audit::Record::about(&counts.to_string()))?;
    apply::say(tx, "referral.ledger_forgotten", None, counts)?;
    Ok(done)
}

/// Whether a record of disclosures is past its time.
pub fn has_past_disclosures(db: &mut Db<'_>, now: Timestamp) -> Result<bool, ReferralError> {
    Ok(!store::disclosures_over(db, now, 1)?.is_empty())
}

/// Forgets records of disclosures that are past their time, a batch of them. The entry in the log stands for their number.
pub fn forget_disclosures(tx: &mut Tx<'_>) -> Result<usize, ReferralError> {
    let now = tx.now();
    let over = store::disclosures_over(tx.db(), now, FORGET_BATCH)?;
    for packet in &over {
        store::forget_disclosure(tx, packet)?;
    }
    let counts = serde_json::json!({ "disclosures": over.len() });
    audit::record(tx, &audit::Record::about(&counts.to_string()))?;
    apply::say(tx, "referral.disclosures_forgotten", None, counts)?;
    Ok(over.len())
}

/// The record of disclosures lives longer than the envelopes it was read from.
fn keep_disclosures(tx: &mut Tx<'_>, referral: &Referral, policy: &Policy) -> Result<(), ReferralError> {
    let kept = policy.ceiling(Situation::Disclosures).and_then(|ceiling| ceiling.at_most.clock());
    let Some(until) = kept.map(|span| referral.changed.plus(span)).filter(|until| tx.now() < *until) else {
        return Ok(());
    };
    for disclosed in packets::disclosed(tx.db(), referral.id())? {
        store::keep_disclosure(tx, &referral.origin, &disclosed, until)?;
    }
    Ok(())
}

fn since(now: Timestamp, situation: Situation, policy: &Policy) -> Option<Timestamp> {
    let span = policy.ceiling(situation)?.at_most.clock()?;
    Some(now.minus(span))
}

/// What stays of a forgotten referral: for everybody who may see all, and for each side.
fn mark(id: ReferralId, side: Option<OrganisationId>) -> Digest {
    let side = side.map(|side| side.to_string()).unwrap_or_default();
    Digest::of(format!("forgotten referral {id} {side}"))
}

/// Whether a referral of this id was here and is forgotten.
pub(super) fn was_forgotten(db: &mut Db<'_>, id: ReferralId) -> Result<bool, ReferralError> {
    Ok(store::is_forgotten(db, mark(id, None))?)
}

/// A referral to be moved, for whoever may see it.
pub(super) fn found(tx: &mut Tx<'_>, id: ReferralId) -> Result<Referral, ReferralError> {
    let actor = tx.actor();
    let Some(referral) = store::find_known_to_move(tx, id)? else { return Err(nothing(tx.db(), actor, id)?) };
    referral.visible_to(actor)?;
    Ok(referral)
}

/// Why there is nothing under this id for the actor: a side, and whoever may see every referral, is told that it was forgotten.
pub(super) fn nothing(
    db: &mut Db<'_>,
    actor: &Actor,
    id: ReferralId,
) -> Result<ReferralError, ReferralError> {
    let known = match reads_of(actor) {
        Some(side) if store::is_forgotten(db, mark(id, Some(side)))? => true,
        _ => actor.may(Permission::ReadAllReferrals).is_ok() && was_forgotten(db, id)?,
    };
    Ok(if known { ReferralError::Forgotten } else { AccessError::NotFound.into() })
}
