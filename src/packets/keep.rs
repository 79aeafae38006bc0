//! Keep a packet: the envelope as evidence, the ciphertext beside it, and a signed receipt for the sender.

use super::{PacketError, PacketFault, Receipt, ReceiptEvent, VerifiedPacket, store};
use crate::{
    access::{Setting, Tx},
    crypto::Ahead,
    kernel::{
        Digest,
        id::{PacketId, ReceiptId},
    },
    storage::{Db, StorageError},
};

/// A packet that is kept, and what its sender gets for it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The packet.
    pub id: PacketId,
    /// The node's receipt: the same one whenever the same packet is handed in again.
    pub receipt: String,
    /// Whether it was kept before.
    pub again: bool,
}

/// Check 220: whether this very packet is kept already. Another packet under the same id is a conflict.
pub fn kept_before(db: &mut Db<'_>, packet: &VerifiedPacket) -> Result<Option<Kept>, PacketError> {
    let Some(row) = store::find(db, packet.envelope().jti)? else { return Ok(None) };
    if row.issuer == packet.envelope().iss && row.digest == packet.envelope_digest() {
        Ok(Some(Kept { id: row.id, receipt: row.receipt, again: true }))
    } else {
        Err(PacketFault::Replay.into())
    }
}

/// Signs the receipt for a packet that is not kept yet. Not to be handed out: [`keep`] does, when everything came as expected.
pub fn sign_ahead(
    setting: &Setting,
    packet: &VerifiedPacket,
    leaf: Digest,
) -> Result<Ahead<Receipt>, PacketError> {
    let receipt = receipt(setting, packet, ReceiptId::new(&*setting.ids, setting.now), Some(leaf));
    let token = receipt.sign(&setting.node.receipts)?;
    Ok(Ahead::new(receipt, token))
}

fn receipt(setting: &Setting, packet: &VerifiedPacket, id: ReceiptId, leaf: Option<Digest>) -> Receipt {
    Receipt {
        v: 1,
        jti: id,
        iss: setting.node.name.clone(),
        re: packet.envelope().jti,
        h: packet.envelope_digest(),
        evt: ReceiptEvent::Accepted,
        at: packet.received().seconds(),
        leaf,
        note: None,
    }
}

/// Keeps a packet inside the caller's transaction with its signed receipt: the one in `ahead`, if it says what is the case. `leaf` is the
/// leaf of the audit entry that this write leaves.
///
/// The caller has judged it: a [`VerifiedPacket`] says that form and keys are right, not that agreement and consent allow it.
/// The caller has also asked [`kept_before`], in the same transaction, and counted with [`sent_on`](super::sent_on) how many went before
/// it on the same day.
pub fn keep(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    leaf: Option<Digest>,
    sent_before: u32,
    ahead: Option<&Ahead<Receipt>>,
) -> Result<Kept, PacketError> {
    let envelope = packet.envelope();
    let id = ahead.map_or_else(|| tx.id(), |ahead| ahead.claims().jti);
    let claims = receipt(tx.setting(), packet, id, leaf);
    let receipt = match ahead.and_then(|ahead| ahead.token_over(&claims)) {
        Some(token) => token.to_owned(),
        None => claims.sign(&tx.node().receipts)?,
    };
    let row = store::NewRow {
        receipt: &receipt,
        purge_at: envelope.expires(),
        body: packet.sealed_parts(),
        sent_before,
    };
    match store::insert(tx, packet, &row) {
        Ok(()) => Ok(Kept { id: envelope.jti, receipt, again: false }),
        // Handed in twice at the same moment: whoever came second asks again and gets the first receipt.
        Err(StorageError::Duplicate(_)) => Err(StorageError::Conflict.into()),
        Err(error) => Err(error.into()),
    }
}
