//! Take an organisation's signed event and carry out the move it asks for: acknowledge, accept, decline, and all the others.
//!
//! One use case for every move of the table, because what differs between them is the table's business and not this file's.

use super::{
    apply::{self, Moved},
    error::ReferralError,
    event::{self, Event},
    forget::found,
    moves::{By, Move, Number},
    store,
    take_back::{carry_out, holding},
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    consent::{ConsentError, Extent, Holding, Whose, Withdraw},
    kernel::id::{OrganisationId, ReferralId},
    members,
    policy::Policy,
};

/// A signed event about a referral.
#[derive(Clone, Debug)]
pub struct Act {
    /// The referral.
    pub referral: ReferralId,
    /// The event, a compact JWS.
    pub event: String,
}

/// Carries out the move a signed event asks for. The same event again gets the same answer.
pub fn act(tx: &mut Tx<'_>, cmd: &Act, policy: &Policy) -> Result<Moved, ReferralError> {
    let was = found(tx, cmd.referral)?;
    let organisation = tx.actor().for_organisation()?;
    let event = signed_by(tx, organisation, &cmd.event)?;
    if event.referral != cmd.referral {
        return Err(ReferralError::OtherReferral);
    }
    if let Some(known) = store::answered(tx.db(), event.id)? {
        let same = known.referral == cmd.referral && known.digest == event::digest(&cmd.event).to_string();
        let number = Number::from_code(&known.number).filter(|_number| same);
        let number = number.ok_or(ReferralError::IdReused)?;
        return Ok(Moved { referral: was, seq: known.seq, number, receipt: known.receipt });
    }
    is_in_this_part(tx.actor(), event.role, organisation == was.origin.sender)?;
    let in_order = event.prev == Some(was.head) || event.asked.ignores_order();
    if !in_order {
        return Err(ReferralError::Stale {
            state: was.standing.state.name(),
            circle: was.standing.circle.name(),
            head: was.head,
        });
    }
    if matches!(event.asked, Move::Withdraw { .. }) {
        let held = holding(tx.db(), &was)?;
        let moved = apply::apply(tx, &was, &event, &cmd.event, policy)?;
        return with_consent(tx, moved, held, policy);
    }
    apply::apply(tx, &was, &event, &cmd.event, policy)
}

/// Who hears a withdrawal of one referral takes back what the person agreed to for its recipient.
fn with_consent(
    tx: &mut Tx<'_>,
    moved: Moved,
    held: Holding,
    policy: &Policy,
) -> Result<Moved, ReferralError> {
    let origin = &moved.referral.origin;
    let Some(certificate) = origin.certificate else { return Ok(moved) };
    let extent = Extent { recipient: Some(origin.recipient), ..Extent::default() };
    let cmd = Withdraw { whose: Whose::Certificate(certificate), extent };
    match carry_out(tx, &cmd, Some((moved.referral.id(), held)), policy) {
        Ok(_withdrawal) => {}
        // A certificate that was never registered here has no consent to take back.
        Err(ReferralError::Consent(ConsentError::Access(AccessError::NotFound))) => {}
        Err(error) => return Err(error),
    }
    let referral = store::find_known(tx.db(), moved.referral.id())?.unwrap_or(moved.referral);
    Ok(Moved { referral, ..moved })
}

fn signed_by(tx: &mut Tx<'_>, organisation: OrganisationId, token: &str) -> Result<Event, ReferralError> {
    let kid = Event::kid(token)?;
    let key = members::find_key(tx.db(), &kid)?.ok_or(ReferralError::SignerRefused)?;
    let may_sign = key.organisation == organisation && key.may_sign_at(tx.now());
    let verifier = key.jwk.verifier().filter(|_verifier| may_sign).ok_or(ReferralError::SignerRefused)?;
    let event = Event::verify(token, &verifier)?;
    if event.issuer == organisation.to_string() { Ok(event) } else { Err(ReferralError::SignerRefused) }
}

/// Whether this actor may act in the part the event names: the right side, and the right role on it.
fn is_in_this_part(actor: &Actor, role: By, is_sender: bool) -> Result<(), ReferralError> {
    let refused = || super::state::Refused::NotTheirs { by: role, asked: "do this for another side" };
    let (theirs, permission) = match role {
        By::Sender => (is_sender, Permission::SendReferrals),
        By::Intake | By::CaseWorker => (!is_sender, Permission::ReceiveReferrals),
        // Whoever hears it passes it on.
        By::Person => (true, Permission::WithdrawConsent),
        By::DataProtection => (true, Permission::ReadDisclosures),
        // These speak through the node, see `oversee` and `tick`.
        By::Hub | By::Coordinator => return Err(refused().into()),
    };
    if !theirs {
        return Err(refused().into());
    }
    Ok(actor.may(permission)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{Role, Roles},
        referrals::state::tests::{id, moves},
    };

    #[test]
    fn whatever_an_organisation_may_ask_for_it_can_hand_in_as_an_event() {
        let everybody = Actor::client(id(1), id(2), Roles::from(Role::ALL.to_vec()));
        for asked in moves() {
            for by in asked.actors() {
                let taken =
                    [true, false].map(|is_sender| is_in_this_part(&everybody, *by, is_sender).is_ok());
                let expected = match by {
                    By::Sender => [true, false],
                    By::Intake | By::CaseWorker => [false, true],
                    By::Person | By::DataProtection => [true, true],
                    By::Hub | By::Coordinator => [false, false],
                };
                assert_eq!(taken, expected, "{} as {by}", asked.name());
            }
        }
    }
}
