//! Ask that something be put right, with code and PIN.

use std::collections::BTreeSet;

use super::{FeedbackError, Pauses, Presented, WhereItStands, look::stands, open};
use crate::{
    access::Tx,
    referrals::{self, CorrectionKind},
};

/// Who asks, and which kinds of thing are wrong.
#[derive(Clone, Debug)]
pub struct Correct {
    /// Code and PIN.
    pub presented: Presented,
    /// What is wrong.
    pub kinds: BTreeSet<CorrectionKind>,
}

/// Notes what the person asks to have put right, tells whoever must answer, and says where it stands then. What waits for an answer is
/// asked once. `None` when code and PIN do not fit; see [`open`].
pub fn correct(
    tx: &mut Tx<'_>,
    cmd: &Correct,
    pauses: &Pauses,
) -> Result<Option<WhereItStands>, FeedbackError> {
    if cmd.kinds.is_empty() {
        return Err(FeedbackError::NothingToCorrect);
    }
    let Some(opened) = open(tx, &cmd.presented, pauses)? else { return Ok(None) };
    referrals::ask_correction(tx, opened.referral, &cmd.kinds)?;
    Ok(Some(stands(tx, &opened)?))
}
