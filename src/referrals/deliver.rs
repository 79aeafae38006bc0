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
    kernel::id::ReferralId,
    packets::{self, ReceiptEvent, Registry, Verifiers},
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
    let was = store::find_to_move(tx, cmd.referral)?;
    was.visible_to(tx.actor())?;
    tx.actor().must_act_for(was.origin.recipient)?;
    tx.actor().may(Permission::ReceiveReferrals)?;
    let now = tx.now();
    let signer = {
        let verifiers = Verifiers::default();
        packets::receipt_key(&cmd.receipt, now, &mut Registry::new(tx.db(), &verifiers))?
    };
    let receipt = packets::take_receipt(tx, was.origin.packet, &cmd.receipt, &signer)?;
    match receipt.evt {
        ReceiptEvent::Opened => delivered(tx, was, policy),
        ReceiptEvent::Violation => {
            let payload =
                serde_json::json!({ "referral": cmd.referral, "packet": receipt.re, "report": cmd.receipt });
            apply::say(tx, "referral.violation_reported", Some(was.origin.sender), payload.clone())?;
            apply::say(tx, "referral.violation_reported", None, payload)?;
            Ok(was)
        }
        // Refused by `take_receipt`: these are the node's to say.
        ReceiptEvent::Accepted | ReceiptEvent::Delivered | ReceiptEvent::Purged => Ok(was),
    }
}

fn delivered(tx: &mut Tx<'_>, was: Referral, policy: &Policy) -> Result<Referral, ReferralError> {
    if was.standing.state.name() != StateName::Submitted {
        return Ok(was);
    }
    let Moved { referral, .. } = apply::apply_own(tx, &was, Move::Deliver {}, By::Hub, policy)?;
    Ok(referral)
}
