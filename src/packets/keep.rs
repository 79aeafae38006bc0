//! Keep a packet: the envelope as evidence, the ciphertext beside it, and a signed receipt for the sender.

use super::{PacketError, PacketFault, Receipt, ReceiptEvent, VerifiedPacket, store};
use crate::{
    access::Tx,
    kernel::{Digest, id::PacketId},
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

/// Keeps a packet inside the caller's transaction and signs the receipt. `leaf` is the leaf of the audit entry that this write leaves.
///
/// The caller has judged it: a [`VerifiedPacket`] says that form and keys are right, not that agreement and consent allow it.
/// The caller has also asked [`kept_before`], in the same transaction, and counted with [`sent_on`](super::sent_on) how many went before
/// it on the same day.
pub fn keep(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    leaf: Option<Digest>,
    sent_before: u32,
) -> Result<Kept, PacketError> {
    let envelope = packet.envelope();
    let receipt = Receipt {
        v: 1,
        jti: tx.id(),
        iss: tx.node().name.clone(),
        re: envelope.jti,
        h: packet.envelope_digest(),
        evt: ReceiptEvent::Accepted,
        at: packet.received().seconds(),
        leaf,
        note: None,
    }
    .sign(&tx.node().receipts)?;
    let body = packet.sealed_parts()?;
    let row = store::NewRow { receipt: &receipt, purge_at: envelope.expires(), body: &body, sent_before };
    match store::insert(tx, packet, &row) {
        Ok(()) => Ok(Kept { id: envelope.jti, receipt, again: false }),
        // Handed in twice at the same moment: whoever came second asks again and gets the first receipt.
        Err(StorageError::Duplicate(_)) => Err(StorageError::Conflict.into()),
        Err(error) => Err(error.into()),
    }
}
