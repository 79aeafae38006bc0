//! Which of the two sides holds something of the person: what reaches them about it goes to those.

use std::collections::BTreeSet;

use super::{error::ReferralError, referral::Referral, store, take_back::holding};
use crate::{
    consent::{HolderAnswer, Holding},
    kernel::id::OrganisationId,
    storage::Db,
};

/// The sender, and the recipient if it has a letter and has not destroyed it.
pub(super) fn holders(
    db: &mut Db<'_>,
    referral: &Referral,
) -> Result<BTreeSet<OrganisationId>, ReferralError> {
    let mut holders = BTreeSet::from([referral.origin.sender]);
    let duty = store::destruction(db, referral.id())?;
    let answer = duty.and_then(|row| row.duty.answer);
    let is_destroyed = answer.is_some_and(|(_, answer)| answer == HolderAnswer::Destroyed);
    if !is_destroyed && holding(db, referral)? != Holding::Undelivered {
        holders.insert(referral.origin.recipient);
    }
    Ok(holders)
}
