//! Sign the receipts for a packet before its transaction begins.
//!
//! A writer does one thing at a time, and signing took an eighth of its time. What the receipts say is known before: ids are drawn,
//! actor, moment, entry and its salt are settled in the [`Setting`], and a referral that begins has no event before it. So whoever
//! verified the packet signs as well, beside the writer.
//!
//! The transaction is not told what to say. It makes its claims of what it has read and written, as it would without this file, and
//! takes a token only when that was signed over the very same claims; otherwise it signs by itself. Tokens leave this process only
//! in the answer, and that is given after the commit. What was signed for a packet that is refused is dropped.
//!
//! Signing after the commit would need no ids ahead, but a second write: a receipt is a row, and the same one whenever it is asked for.

use super::{
    apply,
    moves::Number,
    receipt::{EventReceipt, Recorded},
    state::{Standing, State},
};
use crate::{
    access::Setting,
    audit,
    crypto::Ahead,
    kernel::{
        Digest, Id,
        id::{Kind, ReceiptId, ReferralEventId, ReferralId},
    },
    packets::{self, PacketKind, Receipt, VerifiedPacket},
};

/// Receipts that nobody has yet.
pub struct SignedAhead {
    pub(super) packet: Ahead<Receipt>,
    /// For the event that begins a referral.
    pub(super) event: Option<Ahead<EventReceipt>>,
}

/// Signs the receipts that a write in this setting will give for a packet, if nothing comes in between. `None` when it cannot: then the
/// write signs, or says why not.
pub fn sign_ahead(setting: &Setting, packet: &VerifiedPacket) -> Option<SignedAhead> {
    let (referral, head) = (packet.envelope().referral, packet.envelope_digest());
    let about = referral.to_string();
    let leaf = audit::leaf_ahead(setting, &apply::record(&about, None, head)).ok()?;
    let event = match packet.envelope().kind {
        PacketKind::Referral => {
            let claims =
                first_receipt(setting, (referral, head), (fresh(setting), fresh(setting)), Some(leaf));
            let token = claims.sign(&setting.node.receipts).ok()?;
            Some(Ahead::new(claims, token))
        }
        PacketKind::Update | PacketKind::Reply | PacketKind::Withdraw => None,
    };
    Some(SignedAhead { packet: packets::sign_ahead(setting, packet, leaf).ok()?, event })
}

fn fresh<K: Kind>(setting: &Setting) -> Id<K> {
    Id::new(&*setting.ids, setting.now)
}

/// Where a referral stands when it begins.
pub(super) fn first_standing() -> Standing {
    Standing { state: State::Submitted, ..Standing::draft() }
}

/// The receipt for T01.
pub(super) fn first_receipt(
    setting: &Setting,
    (referral, head): (ReferralId, Digest),
    (event, id): (ReferralEventId, ReceiptId),
    leaf: Option<Digest>,
) -> EventReceipt {
    let standing = first_standing();
    EventReceipt {
        v: 1,
        jti: id,
        iss: setting.node.name.clone(),
        re: event,
        h: head,
        evt: Recorded::Recorded,
        referral,
        seq: 1,
        t: Number::T01,
        state: standing.state.name(),
        circle: standing.circle.name(),
        at: setting.now.seconds(),
        leaf,
    }
}
