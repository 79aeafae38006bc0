//! What happens to referrals when a consent is withdrawn or settled, and when an agreement is suspended or comes back.
//!
//! Called in the transaction that records the cause, so that no packet and no move slips in between.

use super::{
    apply,
    error::ReferralError,
    moves::{By, Move},
    store,
};
use crate::{
    access::Tx,
    kernel::id::{AgreementId, CertificateId, ReferralId},
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

/// Notes on every referral under a certificate that all holders have answered its withdrawal.
pub fn settle_under(
    tx: &mut Tx<'_>,
    certificate: CertificateId,
    policy: &Policy,
) -> Result<(), ReferralError> {
    for was in store::under_certificate(tx.db(), certificate)? {
        let was = store::find_to_move(tx, was)?;
        if was.standing.flags.withdrawal {
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
