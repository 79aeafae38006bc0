//! Take a gateway's receipt about a packet: it has it and found it sound, or found something that should not be inside. The first one
//! about the packet that began a referral is T02.

use super::{
    apply,
    error::ReferralError,
    moves::{By, Move},
    names::StateName,
    referral::Referral,
    store,
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    kernel::id::PacketId,
    packets::{self, ReceiptEvent, Registry, Verifiers},
    policy::Policy,
};

/// A gateway's signed receipt about a packet.
#[derive(Clone, Debug)]
pub struct Deliver {
    /// The packet.
    pub packet: PacketId,
    /// The receipt, a compact JWS.
    pub receipt: String,
}

/// Takes a receipt. One that comes again, or after somebody has read the referral, changes nothing.
pub fn deliver(tx: &mut Tx<'_>, cmd: &Deliver, policy: &Policy) -> Result<Referral, ReferralError> {
    let envelope = packets::envelope_of(tx.db(), cmd.packet)?;
    let was = store::find_to_move(tx, envelope.referral)?;
    was.visible_to(tx.actor())?;
    may_read(tx.actor(), &was)?;
    let now = tx.now();
    let signer = packets::receipt_key(&cmd.receipt, now, &mut Registry::new(tx.db(), Verifiers::shared()))?;
    let receipt = packets::take_receipt(tx, cmd.packet, &cmd.receipt, &signer, policy)?;
    match receipt.evt {
        ReceiptEvent::Opened if cmd.packet == was.origin.packet => opened(tx, was, policy),
        ReceiptEvent::Violation => {
            let payload =
                serde_json::json!({ "referral": was.id(), "packet": receipt.re, "report": cmd.receipt });
            apply::say(tx, "referral.violation_reported", Some(envelope.iss), payload.clone())?;
            apply::say(tx, "referral.violation_reported", None, payload)?;
            Ok(was)
        }
        // The other ones are refused by `take_receipt`: they are the node's to say.
        ReceiptEvent::Opened | ReceiptEvent::Accepted | ReceiptEvent::Delivered | ReceiptEvent::Purged => {
            Ok(was)
        }
    }
}

/// Whoever reads what a referral's packets hold works on their side of it: the recipient's intake, and the sender's case worker on what
/// comes back.
pub(super) fn may_read(actor: &Actor, referral: &Referral) -> Result<(), AccessError> {
    let receives = actor.for_organisation()? == referral.origin.recipient;
    actor.may(if receives { Permission::ReceiveReferrals } else { Permission::SendReferrals })
}

fn opened(tx: &mut Tx<'_>, was: Referral, policy: &Policy) -> Result<Referral, ReferralError> {
    if was.standing.state.name() != StateName::Submitted {
        return Ok(was);
    }
    Ok(apply::apply_own(tx, &was, Move::Deliver {}, By::Hub, policy)?.referral)
}
