//! Carry a withdrawal out: stop every referral that rests on the consent, delete what was not handed over, and ask everybody who has
//! data to answer. In the transaction that records it, so that no packet and no move slips in between.

use std::collections::BTreeMap;

use super::{
    apply, destroy,
    error::ReferralError,
    moves::{By, Move},
    referral::Referral,
    state::State,
    store,
    withdraw::{settle_under, withdraw_passed_on, withdraw_under},
};
use crate::{
    access::{AccessError, Tx},
    consent::{self, ConsentError, Extent, Fall, Holding, Said, Whose, Withdraw, WithdrawalView},
    kernel::id::{CertificateId, OrganisationId, ReferralId, WithdrawalId},
    packets,
    policy::Policy,
    storage::Db,
};

/// Takes a consent back, or a part of it. Heard again, it changes nothing.
pub fn take_back(tx: &mut Tx<'_>, cmd: &Withdraw, policy: &Policy) -> Result<WithdrawalId, ReferralError> {
    carry_out(tx, cmd, None, policy)
}

/// Takes back everything the recipient of one referral may have, for the person who has the code of that referral. Heard again, it
/// changes nothing.
pub fn take_back_referral(tx: &mut Tx<'_>, id: ReferralId, policy: &Policy) -> Result<(), ReferralError> {
    let referral = store::find_to_move(tx, id)?;
    let origin = &referral.origin;
    if let Some(certificate) = origin.certificate {
        let extent = Extent { recipient: Some(origin.recipient), ..Extent::default() };
        match take_back(tx, &Withdraw { whose: Whose::Certificate(certificate), extent }, policy) {
            Ok(_withdrawal) => return Ok(()),
            // A certificate that was never registered here has no consent to take back; the referral ends all the same.
            Err(ReferralError::Consent(ConsentError::Access(AccessError::NotFound))) => {}
            Err(error) => return Err(error),
        }
    }
    if !referral.standing.flags.withdrawal && !matches!(referral.standing.state, State::Withdrawn { .. }) {
        apply::apply_own(tx, &referral, Move::Withdraw { reason: None }, By::Person, policy)?;
    }
    Ok(())
}

/// The same as [`take_back`], after one referral was withdrawn already: `before` says how far its recipient had come.
pub(super) fn carry_out(
    tx: &mut Tx<'_>,
    cmd: &Withdraw,
    before: Option<(ReferralId, Holding)>,
    policy: &Policy,
) -> Result<WithdrawalId, ReferralError> {
    let withdrawn = consent::withdraw(tx, cmd)?;
    if !withdrawn.new {
        return Ok(withdrawn.id);
    }
    let mut holders: BTreeMap<OrganisationId, Holding> = BTreeMap::new();
    for fall in &withdrawn.falls {
        for (holder, holding) in holding_under(tx, fall.certificate(), before)? {
            if fall.onward().is_some_and(|only| only != holder) {
                continue;
            }
            let most = holders.entry(holder).or_insert(holding);
            *most = (*most).max(holding);
        }
        if let Fall::Whole(certificate) = fall {
            withdraw_under(tx, *certificate, None, policy)?;
            purge_under(tx, *certificate)?;
        }
        if let Some(to) = fall.onward() {
            withdraw_passed_on(tx, fall.certificate(), to, policy)?;
        }
    }
    let asked: Vec<(OrganisationId, Holding)> =
        holders.into_iter().filter(|(_, holding)| *holding != Holding::Undelivered).collect();
    let organisations: Vec<OrganisationId> = asked.iter().map(|(holder, _)| *holder).collect();
    for fall in &withdrawn.falls {
        if let Fall::Whole(certificate) = fall {
            destroy::leave_to_withdrawal(tx, *certificate, &organisations)?;
        }
    }
    for settled in consent::ask_holders(tx, withdrawn.id, &asked, policy)? {
        settle_under(tx, &settled, policy)?;
    }
    Ok(withdrawn.id)
}

/// Takes what a holder answers. With the last answer the withdrawal is closed, and what it asked for is settled.
pub fn answer_withdrawal(
    tx: &mut Tx<'_>,
    id: WithdrawalId,
    said: Said,
    policy: &Policy,
) -> Result<WithdrawalView, ReferralError> {
    let answered = consent::answer(tx, id, said)?;
    for settled in &answered.settled {
        settle_under(tx, settled, policy)?;
    }
    Ok(answered.view)
}

/// Who received something under a certificate, and how far they had come.
fn holding_under(
    tx: &mut Tx<'_>,
    certificate: CertificateId,
    before: Option<(ReferralId, Holding)>,
) -> Result<Vec<(OrganisationId, Holding)>, ReferralError> {
    let mut found = Vec::new();
    for id in store::under_certificate(tx.db(), certificate)? {
        let referral = store::find_to_move(tx, id)?;
        let recipient = referral.origin.recipient;
        match before.filter(|(known, _)| *known == id) {
            Some((_, holding)) => found.push((recipient, holding)),
            // An earlier withdrawal asked for this one.
            None if referral.standing.flags.withdrawal => {}
            None => found.push((recipient, holding(tx.db(), &referral)?)),
        }
    }
    Ok(found)
}

/// How far a referral's recipient has come.
pub(super) fn holding(db: &mut Db<'_>, referral: &Referral) -> Result<Holding, ReferralError> {
    let recipient = referral.origin.recipient;
    let state = &referral.standing.state;
    let took_on = state.is_taken_on()
        || matches!(state, State::Completed { .. } | State::Failed { .. } | State::Transferred { .. });
    Ok(if took_on {
        Holding::Accepted
    } else if (state.is_undecided() && state.was_delivered())
        || packets::has_fetched(db, referral.id(), recipient)?
    {
        Holding::NotAccepted
    } else {
        Holding::Undelivered
    })
}

fn purge_under(tx: &mut Tx<'_>, certificate: CertificateId) -> Result<(), ReferralError> {
    for id in store::under_certificate(tx.db(), certificate)? {
        packets::purge_referral(tx, id)?;
    }
    Ok(())
}
