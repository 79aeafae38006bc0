//! Hand a code and a PIN out, to whoever sent the referral.

use super::{FeedbackError, Issue, Issued, issue};
use crate::{
    access::{AccessError, Permission, Tx},
    kernel::{Secret, id::ReferralId},
    referrals,
};

/// Hands out what the person gets for a referral that the acting organisation sent. See [`issue`]: the answer must not be remembered.
pub fn hand_out(
    tx: &mut Tx<'_>,
    key: &Secret<Vec<u8>>,
    referral: ReferralId,
) -> Result<Issued, FeedbackError> {
    let known = referrals::known(tx.db(), referral)?.ok_or(AccessError::NotFound)?;
    known.visible_to(tx.actor())?;
    tx.actor().may(Permission::SendReferrals)?;
    if tx.actor().for_organisation()? != known.origin.sender {
        return Err(AccessError::Forbidden.into());
    }
    let cmd = Issue { referral, provider: known.origin.recipient, service: known.origin.service.clone() };
    issue(tx, key, &cmd)
}
