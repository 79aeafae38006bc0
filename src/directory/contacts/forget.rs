//! Deleting what does not hold any more.

use super::store;
use crate::{access::Tx, directory::DirectoryError, kernel::Timestamp, storage::Db};

/// How many contacts one write deletes.
const BATCH: i64 = 200;

/// Whether there is a contact that does not hold any more.
pub fn anything_to_forget(db: &mut Db<'_>, now: Timestamp) -> Result<bool, DirectoryError> {
    Ok(!store::over(db, now, 1)?.is_empty())
}

/// Deletes contacts that do not hold any more, a batch of them.
pub fn forget_contacts(tx: &mut Tx<'_>) -> Result<(), DirectoryError> {
    let now = tx.now();
    let over = store::over(tx.db(), now, BATCH)?;
    Ok(store::forget(tx, &over)?)
}
