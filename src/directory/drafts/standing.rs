//! An entry is suspended, archived, and taken up again.

use super::{Payload, store};
use crate::{
    access::{Permission, Tx},
    directory::{DirectoryError, Service, Standing, changes, find_service, store as entries},
    kernel::{id::ServiceId, text::Line},
    outbox::{self, Event},
};

/// Whether an entry is to be listed, and why.
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStanding {
    /// From now on.
    pub standing: Standing,
    /// The version of the inclusion criteria that the entry was held against.
    #[schema(value_type = String, max_length = 60)]
    pub criteria: Line<60>,
    /// Why; the provider reads it. Nothing about a person.
    #[schema(value_type = String, max_length = 500)]
    pub reason: Line<500>,
}

/// Suspends an entry, archives it or takes it up again. For those who keep the directory. What is not listed is inactive, whatever its source
/// says, and nobody but members sees it.
pub fn set_standing(
    tx: &mut Tx<'_>,
    (service, version): (ServiceId, i64),
    cmd: &SetStanding,
) -> Result<Service, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    actor.may(Permission::ManageDirectory)?;
    // No import comes between looking at the entry and changing it.
    tx.take_turn(&["directory"])?;
    let was = find_service(tx.db(), actor, service, now)?;
    if was.standing == cmd.standing {
        return Err(DirectoryError::StandsSo);
    }
    entries::set_standing(tx, (service, version), cmd.standing)?;
    let after = find_service(tx.db(), actor, service, now)?;
    let said = |standing: Standing| standing.name().to_owned();
    let status = |service: &Service| service.status.name().to_owned();
    let changed =
        [("standing", said(was.standing), said(after.standing)), ("status", status(&was), status(&after))];
    changes::note_service(tx, &was, &changed)?;
    store::note_decision(
        tx,
        service,
        (cmd.standing.name(), cmd.criteria.as_str(), Some(cmd.reason.as_str())),
    )?;
    if let Some(member) = was.member {
        let topic = match cmd.standing {
            Standing::Listed => "service.listed",
            Standing::Suspended => "service.suspended",
            Standing::Archived => "service.archived",
        };
        outbox::say(tx, &Event { topic, organisation: Some(member), payload: Payload { service } })?;
    }
    Ok(after)
}
