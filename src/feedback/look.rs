//! What the person sees, and taking back, with code and PIN.

use super::{FeedbackError, Opened, Pauses, Presented, WhereItStands, open};
use crate::{
    access::{AccessError, Tx},
    policy::Policy,
    referrals,
};

/// Where the referral stands, and what was left for the person, which counts as read then. `None` when code and PIN do not fit; see [`open`].
pub fn look(
    tx: &mut Tx<'_>,
    presented: &Presented,
    pauses: &Pauses,
) -> Result<Option<WhereItStands>, FeedbackError> {
    match open(tx, presented, pauses)? {
        Some(opened) => Ok(Some(stands(tx, &opened)?)),
        None => Ok(None),
    }
}

/// Takes back everything the recipient of the referral may have, and says where it stands then. Again, it changes nothing. `None` when
/// code and PIN do not fit; see [`open`].
pub fn take_back(
    tx: &mut Tx<'_>,
    presented: &Presented,
    pauses: &Pauses,
    policy: &Policy,
) -> Result<Option<WhereItStands>, FeedbackError> {
    let Some(opened) = open(tx, presented, pauses)? else { return Ok(None) };
    referrals::take_back_referral(tx, opened.referral, policy)?;
    Ok(Some(stands(tx, &opened)?))
}

pub(super) fn stands(tx: &mut Tx<'_>, opened: &Opened) -> Result<WhereItStands, FeedbackError> {
    let now = tx.now();
    let known = referrals::known(tx.db(), opened.referral)?.ok_or(AccessError::NotFound)?;
    let corrections = referrals::corrections_asked(tx.db(), opened.referral, now)?;
    let mailbox = referrals::look_into_mailbox(tx, opened.referral)?;
    Ok(WhereItStands::of(known.standing.state.name(), opened.rating, corrections, mailbox))
}
