//! What happens to referrals when a consent is withdrawn or settled, and when an agreement is suspended or comes back.
//!
//! Called in the transaction that records the cause, so that no packet and no move slips in between.

use serde_json::json;

use super::{
    apply,
    error::ReferralError,
    moves::{By, Move},
    store,
};
use crate::{
    access::Tx,
    agreements::{Agreement, OpenReferrals},
    consent::Settled,
    kernel::id::{AgreementId, CertificateId, OrganisationId, ReferralId},
    packets,
    policy::{Policy, ReasonCode},
};

/// Withdraws every referral under a certificate (T30, T31). The node signs for the person: nothing may stand in the way.
pub fn withdraw_under(
    tx: &mut Tx<'_>,
    certificate: CertificateId,
    reason: Option<&ReasonCode>,
    policy: &Policy,
) -> Result<Vec<ReferralId>, ReferralError> {
    let mut withdrawn = Vec::new();
    for was in store::under_certificate(tx.db(), certificate)? {
        let was = store::find_to_move(tx, was)?;
        if was.standing.flags.withdrawal {
            continue;
        }
        withdrawn.push(was.id());
        apply::apply_own(tx, &was, Move::Withdraw { reason: reason.cloned() }, By::Person, policy)?;
    }
    Ok(withdrawn)
}

/// Withdraws what was passed on to one organisation under a certificate, and deletes what it has not fetched.
pub(super) fn withdraw_passed_on(
    tx: &mut Tx<'_>,
    certificate: CertificateId,
    to: OrganisationId,
    policy: &Policy,
) -> Result<(), ReferralError> {
    for id in store::under_certificate(tx.db(), certificate)? {
        let was = store::find_to_move(tx, id)?;
        if was.origin.recipient != to {
            continue;
        }
        if !was.standing.flags.withdrawal {
            apply::apply_own(tx, &was, Move::Withdraw { reason: None }, By::Person, policy)?;
        }
        packets::purge_referral(tx, id)?;
    }
    Ok(())
}

/// Notes on referrals under a certificate that everybody has answered the withdrawals that asked for them.
pub fn settle_under(tx: &mut Tx<'_>, settled: &Settled, policy: &Policy) -> Result<(), ReferralError> {
    for was in store::under_certificate(tx.db(), settled.certificate)? {
        let was = store::find_to_move(tx, was)?;
        if was.standing.flags.withdrawal && settled.covers(was.origin.recipient) {
            apply::apply_own(tx, &was, Move::SettleWithdrawal {}, By::Hub, policy)?;
        }
    }
    Ok(())
}

/// Whether an agreement's referrals may go on as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementNow {
    /// Codes only, no further personal data.
    Suspended,
    /// As before.
    InForce,
}

/// Lets open referrals follow what became of their agreement: the one place that reads its standing for them.
pub fn follow_standing(tx: &mut Tx<'_>, agreement: &Agreement, policy: &Policy) -> Result<(), ReferralError> {
    let now = match agreement.standing(tx.now()).effects().open_referrals {
        OpenReferrals::None => return Ok(()),
        OpenReferrals::Normal | OpenReferrals::NewVersion => AgreementNow::InForce,
        OpenReferrals::NoNewData
        | OpenReferrals::NoNewDataThenClose
        | OpenReferrals::FinishUntil(_)
        | OpenReferrals::Recall => AgreementNow::Suspended,
    };
    follow_agreement(tx, agreement.id, now, policy)
}

/// Deletes what was not handed over under an agreement that ended or was suspended for too long, and tells each sender. Answers how many
/// referrals it was.
pub fn purge_undelivered(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<usize, ReferralError> {
    let mut purged = 0_usize;
    for referral in store::undelivered_under(tx.db(), (agreement.id, agreement.version))? {
        let origin = &referral.origin;
        if packets::has_fetched(tx.db(), origin.id, origin.recipient)?
            || packets::purge_referral(tx, origin.id)? == 0
        {
            continue;
        }
        purged = purged.saturating_add(1);
        let gone = json!({ "referral": origin.id, "packet": origin.packet, "agreement": agreement.id });
        apply::say(tx, "packet.purged", Some(origin.sender), gone)?;
    }
    if purged == 0 {
        tx.leaves_no_entry();
    }
    Ok(purged)
}

/// Sets or lifts the flag on every open referral under an agreement (T33).
pub fn follow_agreement(
    tx: &mut Tx<'_>,
    agreement: AgreementId,
    now: AgreementNow,
    policy: &Policy,
) -> Result<(), ReferralError> {
    let suspended = now == AgreementNow::Suspended;
    for was in store::under_agreement(tx.db(), agreement)? {
        let was = store::find_to_move(tx, was)?;
        if was.standing.flags.suspended != suspended {
            let asked = if suspended { Move::Suspend {} } else { Move::Unsuspend {} };
            apply::apply_own(tx, &was, asked, By::Hub, policy)?;
        }
    }
    Ok(())
}
