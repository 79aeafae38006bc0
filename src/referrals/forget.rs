//! Let go of certificates that are over, when no open referral rests on them any more.

use super::{error::ReferralError, store};
use crate::{access::Tx, consent, kernel::id::CertificateId};

/// Looks at a batch of certificates that are over, and forgets those nothing open rests on. Answers after which to go on, when there may be
/// more.
pub fn forget_certificates(
    tx: &mut Tx<'_>,
    after: Option<CertificateId>,
) -> Result<Option<CertificateId>, ReferralError> {
    let over = consent::over(tx, after)?;
    for id in &over {
        if !store::has_open_under(tx.db(), *id)? {
            consent::forget_certificate(tx, *id)?;
        }
    }
    let full = i64::try_from(over.len()).is_ok_and(|found| found == consent::FORGET_BATCH);
    Ok(over.last().copied().filter(|_id| full))
}
