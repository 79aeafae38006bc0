//! Offer a draft for signature, and take an offer back.

use super::{
    Agreement, AgreementError, Move,
    agreement::{Which, for_party, step},
    store,
};
use crate::{
    access::{AccessError, Tx},
    kernel::id::OrganisationId,
};

/// Offers: from now on the bytes are fixed and every party sees them.
pub fn offer(tx: &mut Tx<'_>, which: Which) -> Result<Agreement, AgreementError> {
    let was = drafted(tx, which)?;
    step(tx, was, &Move::Offer, None)
}

/// Takes an offer back to write on it. The signatures that are there fall.
pub fn retract(tx: &mut Tx<'_>, which: Which) -> Result<Agreement, AgreementError> {
    let was = drafted(tx, which)?;
    let now = step(tx, was, &Move::Retract, None)?;
    store::forget_signatures(tx, &now)?;
    Ok(now)
}

/// The offer is the drafter's to make and to take back.
fn drafted(tx: &mut Tx<'_>, which: Which) -> Result<Agreement, AgreementError> {
    let (was, organisation): (Agreement, OrganisationId) = for_party(tx, which)?;
    if was.drafted_by == organisation { Ok(was) } else { Err(AccessError::Forbidden.into()) }
}
