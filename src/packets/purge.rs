//! Delete ciphertext that is past its time. The envelope stays: it is small, names nobody, and is the evidence,
//! until its referral is forgotten.

use super::{PacketError, store};
use crate::{
    access::Tx,
    kernel::id::{PacketId, ReferralId},
};

/// How many packets one call deletes.
pub const PURGE_BATCH: i64 = 200;

/// Deletes the ciphertext of one packet now: it was withdrawn, or its referral has ended. Answers whether there was any.
pub fn purge(tx: &mut Tx<'_>, id: PacketId) -> Result<bool, PacketError> {
    Ok(store::purge(tx, id)?)
}

/// Deletes the ciphertext of every packet of a referral. Answers how many there were.
pub fn purge_referral(tx: &mut Tx<'_>, referral: ReferralId) -> Result<usize, PacketError> {
    let mut purged = 0usize;
    for id in store::of_referral(tx.db(), referral)? {
        purged = purged.saturating_add(usize::from(store::purge(tx, id)?));
    }
    Ok(purged)
}

/// Forgets every packet of a referral, envelopes and receipts too. Answers how many there were.
pub fn forget_referral(tx: &mut Tx<'_>, referral: ReferralId) -> Result<usize, PacketError> {
    let packets = store::of_referral(tx.db(), referral)?;
    for id in &packets {
        store::forget(tx, *id)?;
    }
    Ok(packets.len())
}

/// Deletes what is due: expired packets, and those whose every recipient has answered a while ago. Answers how many; call again
/// while it is a whole batch.
pub fn purge_due(tx: &mut Tx<'_>) -> Result<usize, PacketError> {
    let now = tx.now();
    let due = store::due(tx.db(), now, PURGE_BATCH)?;
    for id in &due {
        store::purge(tx, *id)?;
    }
    if due.is_empty() {
        tx.leaves_no_entry();
    }
    Ok(due.len())
}
