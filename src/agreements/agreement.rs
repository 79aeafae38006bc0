//! A version of an agreement as the hub holds it: where it stands, beside the document that never changes.

use super::{AgreementError, Move, Standing, State, StoppedFlow, Validity, store};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, OrganisationId},
    },
    outbox::{self, Event},
};

/// A version of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The agreement.
    pub id: AgreementId,
    /// The version.
    pub version: u32,
    /// Digest of the document's exact bytes.
    pub digest: Digest,
    /// Who drafted it.
    pub drafted_by: OrganisationId,
    /// Who signs.
    pub parties: Vec<OrganisationId>,
    /// From when to when.
    pub validity: Validity,
    /// Where it stands.
    pub state: State,
    /// Who suspended it; the coordinator when it is suspended and nobody is named.
    pub suspended_by: Option<OrganisationId>,
    /// Directions that are stopped while the rest goes on.
    pub stopped: Vec<StoppedFlow>,
    /// Counts its changes.
    pub row_version: i64,
}

impl Agreement {
    /// How it stands at a moment.
    pub fn standing(&self, at: Timestamp) -> Standing {
        self.state.standing(&self.validity, at)
    }

    /// Whether every party signed it, as far as that can matter still: the table lets nothing past an offer without it, and
    /// what ended is refused for having ended.
    pub fn is_signed(&self) -> bool {
        !matches!(self.state, State::Draft | State::Offered { .. })
    }

    /// Whether a direction is stopped.
    pub fn is_stopped(&self, from: OrganisationId, to: OrganisationId) -> bool {
        self.stopped.iter().any(|flow| flow.from == from && flow.to == to)
    }

    /// A stranger finds nothing. A draft is its drafter's own business.
    pub(super) fn visible_to(&self, actor: &Actor) -> Result<(), AccessError> {
        if actor.may(Permission::OverseeAgreements).is_ok() && self.state != State::Draft {
            return Ok(());
        }
        let organisation = actor.for_organisation().map_err(|error| match error {
            AccessError::Unauthenticated => error,
            AccessError::Forbidden | AccessError::NotFound => AccessError::NotFound,
        })?;
        let theirs = if self.state == State::Draft {
            self.drafted_by == organisation
        } else {
            self.parties.contains(&organisation)
        };
        if theirs { Ok(()) } else { Err(AccessError::NotFound) }
    }
}

/// Which version of which agreement, at which of its changes.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    /// The agreement.
    pub id: AgreementId,
    /// The version.
    pub version: u32,
    /// The change the caller saw; what happened since is not theirs to undo.
    pub seen: i64,
}

/// Finds an agreement its party may move. Returns it with the party; the coordinator is none.
pub(super) fn for_party(
    tx: &mut Tx<'_>,
    which: Which,
) -> Result<(Agreement, OrganisationId), AgreementError> {
    let was = store::find(tx.db(), which.id, which.version)?;
    was.visible_to(tx.actor())?;
    tx.actor().may(Permission::ManageAgreements)?;
    let organisation = tx.actor().for_organisation()?;
    Ok((fresh(was, which)?, organisation))
}

/// Finds an agreement that a party or the coordinator may move.
pub(super) fn for_party_or_coordinator(
    tx: &mut Tx<'_>,
    which: Which,
) -> Result<(Agreement, Option<OrganisationId>), AgreementError> {
    let was = store::find(tx.db(), which.id, which.version)?;
    was.visible_to(tx.actor())?;
    let organisation = if tx.actor().may(Permission::ManageAgreements).is_ok() {
        Some(tx.actor().for_organisation()?)
    } else {
        tx.actor().may(Permission::OverseeAgreements)?;
        None
    };
    Ok((fresh(was, which)?, organisation))
}

fn fresh(was: Agreement, which: Which) -> Result<Agreement, AgreementError> {
    if was.row_version == which.seen { Ok(was) } else { Err(AgreementError::Stale) }
}

/// Steps, writes, and tells every party.
pub(super) fn step(
    tx: &mut Tx<'_>,
    was: Agreement,
    asked: &Move,
    suspended_by: Option<OrganisationId>,
) -> Result<Agreement, AgreementError> {
    let state = was.state.clone().step(asked, tx.now())?;
    let now = Agreement { state, suspended_by, ..was };
    let now = store::advance(tx, now)?;
    tell(tx, &now)?;
    Ok(now)
}

/// Tells every party where the agreement stands.
pub(super) fn tell(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<(), AgreementError> {
    let topic = match agreement.state {
        State::Draft => "agreement.retracted",
        State::Offered { .. } => "agreement.offered",
        State::Signed { .. } => "agreement.signed",
        State::InForce { .. } => "agreement.in_force",
        State::Suspended { .. } => "agreement.suspended",
        State::Terminated { .. } => "agreement.terminated",
        State::Expired { .. } => "agreement.expired",
        State::Superseded { .. } => "agreement.superseded",
    };
    for party in &agreement.parties {
        outbox::say(
            tx,
            &Event {
                topic,
                organisation: Some(*party),
                payload: serde_json::json!({
                    "agreement": agreement.id, "version": agreement.version, "digest": agreement.digest,
                }),
            },
        )?;
    }
    Ok(())
}
