//! Adding contacts, changing them and taking them away.

use super::{Contact, ContactSays, MOST_CONTACTS, store};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    audit::{self, Record},
    directory::{DirectoryError, find_service, upkeep::speaks},
    kernel::id::{ContactId, OrganisationId},
    members,
};

/// Adds a contact of an organisation; of the actor's own when none is named. For whoever speaks for it, and for those who keep the directory.
pub fn add_contact(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    says: &ContactSays,
) -> Result<Contact, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let organisation = match organisation {
        Some(organisation) => organisation,
        None => actor.for_organisation()?,
    };
    may_keep(actor, organisation)?;
    members::find_active(tx.db(), organisation)?;
    let contact = said(tx, (tx.id(), organisation, 1), says)?;
    // Who adds one at the same moment waits, so that the count holds.
    tx.take_turn(&["contacts", &organisation.to_string()])?;
    if store::of_organisation(tx.db(), organisation, now)?.len() >= MOST_CONTACTS {
        return Err(DirectoryError::TooManyContacts);
    }
    store::insert(tx, &contact)?;
    audit::record(tx, &Record::about(&contact.id.to_string()))?;
    Ok(contact)
}

/// Says something else of a contact, at the version the caller saw.
pub fn change_contact(
    tx: &mut Tx<'_>,
    (id, version): (ContactId, i64),
    says: &ContactSays,
) -> Result<Contact, DirectoryError> {
    let was = kept(tx, id)?;
    let contact = said(tx, (id, was.organisation, version.saturating_add(1)), says)?;
    store::change(tx, (&was, version), &contact)?;
    audit::record(tx, &Record::about(&id.to_string()))?;
    Ok(contact)
}

/// Takes a contact away, at the version the caller saw. Nothing of it is kept.
pub fn remove_contact(tx: &mut Tx<'_>, (id, version): (ContactId, i64)) -> Result<(), DirectoryError> {
    kept(tx, id)?;
    store::remove(tx, (id, version))?;
    audit::record(tx, &Record::about(&id.to_string()))?;
    Ok(())
}

/// Whether the actor keeps the contacts of an organisation. A stranger finds none.
fn may_keep(actor: &Actor, organisation: OrganisationId) -> Result<(), AccessError> {
    if actor.may(Permission::ManageDirectory).is_ok() {
        return Ok(());
    }
    actor.must_act_for(organisation)?;
    if speaks(actor) { Ok(()) } else { Err(AccessError::Forbidden) }
}

/// A contact that the actor keeps.
fn kept(tx: &mut Tx<'_>, id: ContactId) -> Result<Contact, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let found = store::find(tx.db(), id, now)?;
    let Some(found) = found else {
        actor.may(Permission::ReadDirectory)?;
        return Err(AccessError::NotFound.into());
    };
    may_keep(actor, found.organisation)?;
    Ok(found)
}

/// The contact that is said. Its service must be one that the organisation provides.
fn said(
    tx: &mut Tx<'_>,
    (id, organisation, version): (ContactId, OrganisationId, i64),
    says: &ContactSays,
) -> Result<Contact, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let valid_until = says.until(now)?;
    if let Some(service) = says.service {
        let is_theirs = match find_service(tx.db(), actor, service, now) {
            Ok(service) => service.member == Some(organisation),
            Err(DirectoryError::Access(AccessError::NotFound)) => false,
            Err(error) => return Err(error),
        };
        if !is_theirs {
            return Err(DirectoryError::ContactService);
        }
    }
    Ok(Contact {
        id,
        organisation,
        service: says.service,
        label: says.label.to_string(),
        name: says.name.as_ref().map(ToString::to_string),
        role: says.role.as_ref().map(ToString::to_string),
        is_focal_point: says.is_focal_point,
        is_on_call: says.is_on_call,
        telephone: says.telephone.clone(),
        channel: says.channel,
        day_and_night: says.day_and_night,
        languages: says.languages.clone(),
        valid_until,
        updated_at: now,
        version,
    })
}
