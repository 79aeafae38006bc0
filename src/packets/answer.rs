//! Take a recipient's signed receipt: it opened the packet, or it found something the manifest does not list.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    KeyLookup, KnownKey, MAX_RECEIPT, PacketError, PacketFault, Receipt, ReceiptEvent, store,
    verify::signing_key,
};
use crate::{
    access::{AccessError, Tx},
    crypto::{Typ, peek_kid},
    kernel::{Timestamp, id::PacketId},
    policy::{Policy, Situation},
};

/// Takes the receipt. `signer` is the key from [`receipt_key`]: it must be the acting organisation's.
///
/// The same receipt again is no fault; another one is.
pub fn take_receipt(
    tx: &mut Tx<'_>,
    id: PacketId,
    token: &str,
    signer: &KnownKey,
    policy: &Policy,
) -> Result<Receipt, PacketError> {
    let organisation = tx.actor().organisation().ok_or(AccessError::NotFound)?;
    let row = store::find(tx.db(), id)?.ok_or(AccessError::NotFound)?;
    let before = store::answer(tx.db(), id, organisation)?;
    let verifier = signer.verifier.as_ref().ok_or(PacketFault::KeyUse)?;
    let receipt = Receipt::verify(token, verifier).map_err(|_ignored| PacketFault::Receipt)?;
    let fits = signer.record.organisation == organisation
        && receipt.iss == organisation.to_string()
        && receipt.re == id
        && receipt.h == row.digest
        && matches!(receipt.evt, ReceiptEvent::Opened | ReceiptEvent::Violation);
    if !fits {
        return Err(PacketFault::Receipt.into());
    }
    if let Some(before) = before {
        let same = before == token;
        return if same { Ok(receipt) } else { Err(PacketFault::Receipt.into()) };
    }
    store::set_delivered(tx, id, organisation)?;
    store::set_answer(tx, id, organisation, (receipt.evt, token))?;
    if store::unanswered(tx.db(), id)? == 0 {
        // Long enough to read it again when a disk broke, and no longer than the policy allows.
        let kept = policy.ceiling(Situation::CiphertextAfterDelivery).and_then(|most| most.at_most.clock());
        let at = tx.now().plus(kept.unwrap_or_else(TimeDelta::zero));
        store::purge_by(tx, id, at)?;
    }
    Ok(receipt)
}

/// The key a receipt says it was signed with, if it may sign now (120 to 122).
pub fn receipt_key(
    token: &str,
    now: Timestamp,
    keys: &mut dyn KeyLookup,
) -> Result<Arc<KnownKey>, PacketError> {
    let kid = peek_kid(token, Typ::Receipt, MAX_RECEIPT).map_err(|_ignored| PacketFault::Receipt)?;
    signing_key(&kid, now, keys)
}
