//! Suspend an agreement or one of its directions, and resume it.

use serde::Deserialize;

use super::{
    Agreement, AgreementError, Move, Refused, State, StoppedFlow, SuspensionReason,
    agreement::{Which, for_party_or_coordinator, step, tell},
    store,
};
use crate::{access::Tx, kernel::id::OrganisationId};

/// Why, and whether only one direction.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// Why.
    pub reason: SuspensionReason,
    /// One direction only: the others go on.
    #[serde(default)]
    pub flow: Option<FlowName>,
}

/// One direction of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowName {
    /// Who discloses.
    #[schema(value_type = String)]
    pub from: OrganisationId,
    /// Who receives.
    #[schema(value_type = String)]
    pub to: OrganisationId,
}

/// Stops new packets at once. Either party may, and the coordinator.
pub fn suspend(tx: &mut Tx<'_>, which: Which, cmd: Suspend) -> Result<Agreement, AgreementError> {
    let (was, organisation) = for_party_or_coordinator(tx, which)?;
    let Some(flow) = cmd.flow else {
        return step(tx, was, &Move::Suspend(cmd.reason), organisation);
    };
    in_force(&was)?;
    if !store::has_flow(tx.db(), &was, flow.from, flow.to)? {
        return Err(AgreementError::NoSuchFlow);
    }
    // A stop of somebody else's stays beside this one: it is not theirs to lift.
    let mut now = was;
    now.stopped.retain(|stopped| !flow.is_of(stopped) || stopped.by != organisation);
    let (reason, since) = (cmd.reason, tx.now());
    now.stopped.push(StoppedFlow { from: flow.from, to: flow.to, reason, since, by: organisation });
    let now = store::advance(tx, now)?;
    tell(tx, &now)?;
    Ok(now)
}

/// Goes on: the whole agreement, or one direction of it. Only whoever suspended it or stopped the direction may, and the coordinator;
/// a direction that several stopped goes on when the last of them lets it.
pub fn resume(tx: &mut Tx<'_>, which: Which, flow: Option<FlowName>) -> Result<Agreement, AgreementError> {
    let (was, organisation) = for_party_or_coordinator(tx, which)?;
    let Some(flow) = flow else {
        if organisation.is_some() && organisation != was.suspended_by {
            return Err(AgreementError::NotTheirs);
        }
        return step(tx, was, &Move::Resume, None);
    };
    in_force(&was)?;
    if !was.is_stopped(flow.from, flow.to) {
        return Err(AgreementError::NoSuchFlow);
    }
    let before = was.stopped.len();
    let mut now = was;
    now.stopped
        .retain(|stopped| !flow.is_of(stopped) || (organisation.is_some() && organisation != stopped.by));
    if now.stopped.len() == before {
        return Err(AgreementError::NotTheirs);
    }
    let now = store::advance(tx, now)?;
    tell(tx, &now)?;
    Ok(now)
}

fn in_force(was: &Agreement) -> Result<(), Refused> {
    if matches!(was.state, State::InForce { .. }) {
        Ok(())
    } else {
        Err(Refused { from: was.state.name(), asked: "have one direction stopped or resumed" })
    }
}

impl FlowName {
    fn is_of(&self, stopped: &StoppedFlow) -> bool {
        stopped.from == self.from && stopped.to == self.to
    }
}
