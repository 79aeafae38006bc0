//! Whether what a move names by its id is there: packets of this referral, services of the directory, other referrals. Where it is not,
//! the table refuses: otherwise an id that somebody made up would answer a question, or explain a refusal.

use super::{
    error::ReferralError,
    event::Event,
    moves::{MAX_TARGETS, Move, NextStep},
    referral::Referral,
    state::State,
    store,
};
use crate::{
    access::{AccessError, Tx},
    directory::{self, DirectoryError},
    kernel::{
        Timestamp,
        id::{PacketId, ReferralId, ServiceId},
    },
    packets::{self, Handed},
};

/// Looks up everything the move names.
pub(super) fn is_there(tx: &mut Tx<'_>, was: &Referral, event: &Event) -> Result<bool, ReferralError> {
    let origin = &was.origin;
    let of = |from, since| Handed { referral: was.id(), from, since };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other moves name at most a note")]
    let is_there = match &event.asked {
        Move::Answer { packet } => packets::is_handed_in(tx.db(), *packet, of(origin.sender, asked_at(was)))?,
        Move::Redirect { to, .. } => are_listed(tx, to)?,
        Move::Transfer { to, plan } => is_plan(tx, was, *to, *plan)?,
        Move::AddChild { child } => {
            let child = store::find_known(tx.db(), *child)?
                .filter(|new| new.origin.parent == Some(was.id()) && new.origin.sender == origin.recipient);
            // What stands on a referral, its sender reads.
            let envelope = child.map(|new| packets::envelope_of(tx.db(), new.origin.packet)).transpose()?;
            envelope.is_some_and(|envelope| !envelope.att.untold)
        }
        Move::AcknowledgeOutcome { next: NextStep::ReReferred { referral } } => {
            let new = store::find_known(tx.db(), *referral)?;
            new.is_some_and(|new| {
                new.id() != was.id()
                    && new.origin.sender == origin.sender
                    && new.origin.subject == origin.subject
            })
        }
        _ => true,
    };
    match event.asked.note() {
        // Only the recipient explains itself in notes.
        Some(note) if is_there => {
            Ok(packets::is_handed_in(tx.db(), note, of(origin.recipient, Timestamp::from_micros(0)))?)
        }
        _ => Ok(is_there),
    }
}

/// When the open question was asked. Where none is open, the table refuses an answer.
fn asked_at(was: &Referral) -> Timestamp {
    if let State::InfoRequested { answer_due, .. } = &was.standing.state {
        answer_due.minus(was.terms.answer_within())
    } else {
        was.changed
    }
}

/// Whether the actor finds every service in the directory. More than a redirect may name are not looked up.
fn are_listed(tx: &mut Tx<'_>, services: &[ServiceId]) -> Result<bool, ReferralError> {
    let (actor, now) = (tx.actor(), tx.now());
    for service in services.iter().take(MAX_TARGETS) {
        match directory::find_service(tx.db(), actor, *service, now) {
            Ok(_service) => {}
            Err(DirectoryError::Access(AccessError::NotFound)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// A handover plan travels within this referral, from either side, or with the one to the new owner.
fn is_plan(tx: &mut Tx<'_>, was: &Referral, to: ReferralId, plan: PacketId) -> Result<bool, ReferralError> {
    let (origin, since) = (&was.origin, Timestamp::from_micros(0));
    for (referral, from) in
        [(was.id(), origin.sender), (was.id(), origin.recipient), (to, origin.sender), (to, origin.recipient)]
    {
        if packets::is_handed_in(tx.db(), plan, Handed { referral, from, since })? {
            return Ok(true);
        }
    }
    Ok(false)
}
