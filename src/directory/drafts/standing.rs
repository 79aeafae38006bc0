//! An entry is suspended, archived, and taken up again.

use super::{Edit, Payload, store};
use crate::{
    access::{Permission, Tx},
    directory::{
        DirectoryError, Service, SetVisibility, Standing, Visibility, changes, find_service, store as entries,
    },
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
    if [was.standing, cmd.standing].contains(&Standing::Proposed) {
        return Err(DirectoryError::Undecided);
    }
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
            // Proposed was refused above.
            Standing::Listed | Standing::Proposed => "service.listed",
            Standing::Suspended => "service.suspended",
            Standing::Archived => "service.archived",
        };
        outbox::say(tx, &Event { topic, organisation: Some(member), payload: Payload { service } })?;
    }
    Ok(after)
}

/// Lists what a member offered, for those whom its draft names. What the draft says of the entry is in its place already.
pub(super) fn list(tx: &mut Tx<'_>, service: ServiceId, edit: &Edit) -> Result<(), DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let was = find_service(tx.db(), actor, service, now)?;
    entries::set_standing(tx, (service, was.version), Standing::Listed)?;
    let version = was.version.saturating_add(1);
    let visibility = edit.visibility.unwrap_or(Visibility::Members);
    entries::set_visibility(tx, &SetVisibility { service, version, visibility })?;
    let after = find_service(tx.db(), actor, service, now)?;
    let mut changed = vec![
        ("standing", was.standing.name().to_owned(), after.standing.name().to_owned()),
        ("visibility", was.visibility.name().to_owned(), after.visibility.name().to_owned()),
    ];
    // Where the draft changed it, that stands among the changes of the row.
    if !edit.service.contains_key("status") {
        changed.push(("status", was.status.name().to_owned(), after.status.name().to_owned()));
    }
    Ok(changes::note_service(tx, &was, &changed)?)
}
