//! Leave a note for those who help, with code and PIN.

use super::{FeedbackError, Pauses, Presented, WhereItStands, look::stands, open};
use crate::{
    access::Tx,
    referrals::{self, PersonNote},
};

/// Who leaves a note, and which.
#[derive(Clone, Debug)]
pub struct LeaveNote {
    /// Code and PIN.
    pub presented: Presented,
    /// Which sentence.
    pub kind: PersonNote,
}

/// Leaves the person's note for everybody who holds something of them, and says where it stands then. `None` when code and PIN do not fit;
/// see [`open`].
pub fn leave_note(
    tx: &mut Tx<'_>,
    cmd: &LeaveNote,
    pauses: &Pauses,
) -> Result<Option<WhereItStands>, FeedbackError> {
    let Some(opened) = open(tx, &cmd.presented, pauses)? else { return Ok(None) };
    referrals::leave_persons_note(tx, opened.referral, cmd.kind)?;
    Ok(Some(stands(tx, &opened)?))
}
