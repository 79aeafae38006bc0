//! Hold every receipt this node gave out against its log.

use std::sync::Arc;

use super::{PacketError, Receipt, store};
use crate::{
    audit::{self, Verification},
    crypto::VerifyingKey,
    kernel::id::PacketId,
    storage::Db,
};

/// Receipts looked at in one step.
const AT_ONCE: i64 = 500;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// How many receipts were looked at.
    pub checked: u64,
    /// Packets whose stored receipt is not ours, is about something else, or promises a leaf that the log does not have.
    pub broken: Vec<PacketId>,
}

/// Adds to what looking at the log has shown what [`check_promises`] finds.
pub fn hold_promises(
    db: &mut Db<'_>,
    key: &Arc<VerifyingKey>,
    found: &mut Verification,
) -> Result<(), PacketError> {
    let promises = check_promises(db, key)?;
    let broken =
        promises.broken.iter().map(|packet| format!("the receipt of {packet} does not hold against the log"));
    found.hold_against(promises.checked, broken);
    Ok(())
}

/// Looks at every stored receipt: the node's signature, the packet it is about, and the leaf it promised. `key` is the node's receipt
/// key.
pub fn check_promises(db: &mut Db<'_>, key: &Arc<VerifyingKey>) -> Result<Promises, PacketError> {
    let mut promises = Promises::default();
    let mut after = String::new();
    loop {
        let page = store::after(db, &after, AT_ONCE)?;
        let Some(last) = page.last() else { return Ok(promises) };
        after = last.id.to_string();
        for row in page {
            promises.checked = promises.checked.saturating_add(1);
            let receipt = Receipt::verify(&row.receipt, key).ok();
            let kept = match receipt.filter(|receipt| receipt.re == row.id && receipt.h == row.digest) {
                None => false,
                Some(Receipt { leaf: None, .. }) => true,
                Some(Receipt { leaf: Some(leaf), .. }) => audit::has_leaf(db, leaf)?,
            };
            if !kept {
                promises.broken.push(row.id);
            }
        }
    }
}
