//! Note that the parties looked at an agreement again.

use super::{
    Agreement, AgreementError, Move,
    agreement::{Which, for_party, step},
};
use crate::access::Tx;

/// Notes a review; the next one is due after the agreed months.
pub fn review(tx: &mut Tx<'_>, which: Which) -> Result<Agreement, AgreementError> {
    let (was, _organisation) = for_party(tx, which)?;
    step(tx, was, &Move::Review, None)
}
