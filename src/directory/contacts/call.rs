//! Who is to be called, for whoever may know it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Contact, store};
use crate::{
    access::{AccessError, Actor, Permission},
    directory::{
        DirectoryError, Service, Viewer, find_service, offer::codes, rows, store as directory_store,
    },
    kernel::{
        Timestamp,
        id::{ContactId, OrganisationId, ServiceId},
    },
    members,
    policy::{Policy, ServiceCode},
    storage::{Db, StorageError},
};

/// Whose contacts.
#[derive(Clone, Copy, Debug)]
pub enum ContactsOf {
    /// All of the actor's organisation.
    Own,
    /// All of an organisation.
    Organisation(OrganisationId),
    /// Of a service, and of the whole organisation that provides it.
    Service(ServiceId),
}

/// Contacts, as far as the actor may see them: first who is on call, then focal points, by what one asks for.
pub fn contacts(
    db: &mut Db<'_>,
    actor: &Actor,
    of: ContactsOf,
    now: Timestamp,
) -> Result<Vec<Contact>, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let (organisation, asked) = match of {
        ContactsOf::Own => (actor.for_organisation()?, None),
        ContactsOf::Organisation(organisation) => (organisation, None),
        ContactsOf::Service(service) => match find_service(db, actor, service, now)?.member {
            Some(member) => (member, Some(service)),
            None => return Ok(Vec::new()),
        },
    };
    let is_asked = |contact: &Contact| match (asked, contact.service) {
        (Some(asked), Some(service)) => asked == service,
        (None, _) | (_, None) => true,
    };
    let theirs = store::of_organisation(db, organisation, now)?.into_iter().filter(is_asked).collect();
    Ok(seen(db, Viewer::of(actor), theirs, now)?.into_iter().map(|(contact, _service)| contact).collect())
}

/// Whom a sender calls who waits for an answer: who is on call at the recipient for services of this kind, or for all it does.
pub fn on_call(
    db: &mut Db<'_>,
    actor: &Actor,
    (recipient, service, policy): (OrganisationId, &ServiceCode, &Policy),
    now: Timestamp,
) -> Result<Vec<Contact>, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let kinds = codes(service, policy);
    let theirs = store::of_organisation(db, recipient, now)?.into_iter().filter(|one| one.is_on_call);
    let seen = seen(db, Viewer::of(actor), theirs.collect(), now)?.into_iter();
    let is_for_it = |(contact, service): &(Contact, Option<Service>)| {
        let kind = service.as_ref().and_then(|service| service.service.as_ref());
        contact.service.is_none() || kind.is_some_and(|kind| kinds.iter().any(|code| code == kind.as_str()))
    };
    Ok(seen.filter(is_for_it).map(|(contact, _service)| contact).collect())
}

/// One contact. To whom may not see it there is none, and neither is there once it does not hold any more.
pub fn find_contact(
    db: &mut Db<'_>,
    actor: &Actor,
    id: ContactId,
    now: Timestamp,
) -> Result<Contact, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let found = store::find(db, id, now)?.into_iter().collect();
    let mut seen = seen(db, Viewer::of(actor), found, now)?;
    Ok(seen.pop().map(|(contact, _service)| contact).ok_or(AccessError::NotFound)?)
}

/// Those of one organisation that a viewer may see, each with its service. The organisation sees all of its own, also of a service that it does
/// not provide any more: they are its to remove. While it is suspended nobody else is sent to it.
fn seen(
    db: &mut Db<'_>,
    viewer: Viewer,
    contacts: Vec<Contact>,
    now: Timestamp,
) -> Result<Vec<(Contact, Option<Service>)>, DirectoryError> {
    let organisation = match contacts.first() {
        Some(contact) => members::find_known(db, contact.organisation)?,
        None => return Ok(Vec::new()),
    };
    let takes_part = organisation.is_some_and(|organisation| organisation.is_active());
    let named: BTreeSet<String> =
        contacts.iter().filter_map(|contact| contact.service).map(|id| id.to_string()).collect();
    let services = directory_store::by_ids(db, &named.into_iter().collect::<Vec<_>>(), now)?;
    let rows: Vec<String> = services.values().map(|service| service.id.uuid().to_string()).collect();
    let secret = at_secret_places(db, &rows)?;
    let is_seen = |contact: &Contact, service: &Service| {
        service.member == Some(contact.organisation)
            && viewer.sees((service.visibility, service.standing), service.member)
            && !secret.contains(&service.id.uuid().to_string())
    };
    let mut shown: Vec<(Contact, Option<Service>)> = Vec::new();
    for contact in contacts {
        let service = contact.service.and_then(|id| services.get(&id.to_string())).cloned();
        let is_theirs = viewer == Viewer::Keeper || viewer == Viewer::Member(Some(contact.organisation));
        let is_for_all = contact.service.is_none();
        let is_open = is_for_all || service.as_ref().is_some_and(|service| is_seen(&contact, service));
        if is_theirs || (takes_part && is_open) {
            shown.push((contact, service));
        }
    }
    shown.sort_by(|(one, _), (other, _)| {
        let rank = |contact: &Contact| (!contact.is_on_call, !contact.is_focal_point);
        rank(one).cmp(&rank(other)).then_with(|| (&one.label, one.id).cmp(&(&other.label, other.id)))
    });
    Ok(shown)
}

/// Those of these services that are somewhere that is kept secret.
fn at_secret_places(db: &mut Db<'_>, services: &[String]) -> Result<HashSet<String>, StorageError> {
    let at = rows::store::parts(db, services, &["service_at_location"])?.into_iter();
    let offered: HashMap<String, String> =
        at.filter(|link| link.via == "service_id").map(|link| (link.id, link.parent)).collect();
    let places: Vec<String> = offered.keys().cloned().collect();
    let named = rows::store::names(db, &places)?.into_iter();
    let located: Vec<(String, String)> =
        named.filter(|link| link.via == "location_id").map(|link| (link.id, link.parent)).collect();
    let locations: Vec<String> = located.iter().map(|(_place, location)| location.clone()).collect();
    let secret: HashSet<String> = rows::store::confidential(db, &locations)?.into_iter().collect();
    let there = located.iter().filter(|(_place, location)| secret.contains(location));
    Ok(there.filter_map(|(place, _location)| offered.get(place).cloned()).collect())
}
