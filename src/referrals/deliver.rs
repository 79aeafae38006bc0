//! Take the recipient gateway's receipt: it has the packet and found it sound (T02), or found something that should not be inside.

use super::{
    apply::{self, Moved},
    error::ReferralError,
    moves::{By, Move},
    names::StateName,
    referral::Referral,
    store,
};
use crate::{
    access::{Permission, Tx},
    crypto::{Typ, peek_kid},
    kernel::id::ReferralId,
    members,
    packets::{MAX_RECEIPT, Receipt, ReceiptEvent},
    policy::Policy,
};

/// A gateway's signed receipt about a referral's packet.
#[derive(Clone, Debug)]
pub struct Deliver {
    /// The referral.
    pub referral: ReferralId,
    /// The receipt, a compact JWS.
    pub receipt: String,
}

/// Takes a receipt. One that comes again, or after somebody has read the referral, changes nothing.
pub fn deliver(tx: &mut Tx<'_>, cmd: &Deliver, policy: &Policy) -> Result<Referral, ReferralError> {
    let was = store::find(tx.db(), cmd.referral)?;
    was.visible_to(tx.actor())?;
    tx.actor().must_act_for(was.origin.recipient)?;
    tx.actor().may(Permission::ReceiveReferrals)?;
    let kid = peek_kid(&cmd.receipt, Typ::Receipt, MAX_RECEIPT)?;
    let key = members::find_key(tx.db(), &kid)?.ok_or(ReferralError::SignerRefused)?;
    let may_sign = key.organisation == was.origin.recipient && key.may_sign_at(tx.now());
    let verifier = key.jwk.verifier().filter(|_verifier| may_sign).ok_or(ReferralError::SignerRefused)?;
    let receipt = Receipt::verify(&cmd.receipt, &verifier)?;
    let about_this = receipt.re == was.origin.packet
        && receipt.h == was.origin.envelope
        && receipt.iss == was.origin.recipient.to_string();
    if !about_this {
        return Err(ReferralError::OtherReceipt);
    }
    match receipt.evt {
        ReceiptEvent::Opened => delivered(tx, was, policy),
        ReceiptEvent::Violation => {
            let payload =
                serde_json::json!({ "referral": cmd.referral, "packet": receipt.re, "report": cmd.receipt });
            apply::say(tx, "referral.violation_reported", Some(was.origin.sender), payload.clone())?;
            apply::say(tx, "referral.violation_reported", None, payload)?;
            Ok(was)
        }
        ReceiptEvent::Accepted | ReceiptEvent::Delivered | ReceiptEvent::Purged => {
            Err(ReferralError::OtherReceipt)
        }
    }
}

fn delivered(tx: &mut Tx<'_>, was: Referral, policy: &Policy) -> Result<Referral, ReferralError> {
    if was.standing.state.name() != StateName::Submitted {
        return Ok(was);
    }
    let Moved { referral, .. } = apply::apply_own(tx, was, Move::Deliver {}, By::Hub, policy)?;
    Ok(referral)
}
