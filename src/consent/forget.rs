//! Let go of certificates that are over: of what nothing open rests on any more, only the digest stays.

use super::{error::ConsentError, store};
use crate::{access::Tx, kernel::id::CertificateId, storage::Db};

/// How many certificates one step looks at.
pub const FORGET_BATCH: i64 = 200;

/// Certificates that are over and whose token is still here, after an id.
pub fn over(tx: &mut Tx<'_>, after: Option<CertificateId>) -> Result<Vec<CertificateId>, ConsentError> {
    let (now, after) = (tx.now(), after.map(|id| id.to_string()).unwrap_or_default());
    let db: &mut Db<'_> = tx.db();
    Ok(store::over(db, now, &after, FORGET_BATCH)?)
}

/// Forgets what a certificate says. Its digest, and what was taken back of it, stay.
pub fn forget_certificate(tx: &mut Tx<'_>, id: CertificateId) -> Result<(), ConsentError> {
    Ok(store::forget_token(tx, id)?)
}
