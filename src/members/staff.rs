//! People who work for an organisation or for the node, and their enrolment.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{MemberError, Name, client::may_manage, store};
use crate::{
    access::{AccessError, Actor, Permission, Role, Tx},
    audit, factors,
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, StaffId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// A person to enrol.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolStaff {
    /// What the name begins with that the person will sign in with: the hub adds four characters, so that nobody learns which names
    /// are taken elsewhere, or can guess one. Need not be the person's own.
    #[schema(value_type = String, max_length = 115)]
    pub name: Name,
    /// What they may do.
    pub roles: Vec<Role>,
}

/// What the administrator hands to the person, once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Enrolment {
    /// The person's id.
    #[schema(value_type = String)]
    pub id: StaffId,
    /// The name to sign in with.
    #[schema(value_type = String)]
    pub name: Name,
    /// The code with which the person chooses a passphrase. Shown this once.
    pub code: String,
    /// Until when it is good.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// A person as their administrator sees them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StaffView {
    /// The person's id.
    #[schema(value_type = String)]
    pub id: StaffId,
    /// The organisation; absent for the node's own people.
    #[schema(value_type = Option<String>)]
    pub organisation: Option<OrganisationId>,
    /// The name they sign in with.
    #[schema(value_type = String)]
    pub name: Name,
    /// What they may do.
    pub roles: Vec<Role>,
    /// They have chosen a passphrase.
    pub enrolled: bool,
    /// They were removed and cannot sign in.
    pub removed: bool,
}

/// A person as they see themselves.
#[derive(Clone, Debug)]
pub struct Colleague {
    /// The name they sign in with.
    pub name: Name,
    /// What they may do.
    pub roles: Vec<Role>,
    /// The name of their organisation; absent for the node's own people.
    pub organisation: Option<String>,
}

/// Enrols a person of an organisation, or of the node when `organisation` is `None`.
pub fn enrol_staff(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    cmd: &EnrolStaff,
    hours: i64,
) -> Result<Enrolment, MemberError> {
    may_manage_staff(tx.actor(), organisation)?;
    if let Some(organisation) = organisation {
        store::organisation(tx.db(), organisation)?;
    }
    roles_fit(&cmd.roles, organisation)?;
    let person = StaffView {
        id: tx.id(),
        organisation,
        name: free_name(tx, organisation, &cmd.name)?,
        roles: cmd.roles.clone(),
        enrolled: false,
        removed: false,
    };
    let enrolment = enrolment(tx, &person, hours);
    store::insert_staff(tx, &person, Digest::of(&enrolment.code), enrolment.until)?;
    Ok(enrolment)
}

/// Gives a person who lost the passphrase, or came too late for it, a new code. The passphrase they had is worth nothing from now on,
/// their second step is taken away with it, and their sessions end.
pub fn reenrol_staff(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    id: StaffId,
    hours: i64,
) -> Result<Enrolment, MemberError> {
    let person = theirs(tx, organisation, id)?;
    let enrolment = enrolment(tx, &person, hours);
    store::reenrol_staff(tx, id, Digest::of(&enrolment.code), enrolment.until)?;
    factors::forget(tx, id)?;
    audit::record(tx, &audit::Record::about(&id.to_string()))?;
    Ok(enrolment)
}

/// Removes a person: their sessions end now, and their name is free again.
pub fn remove_staff(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    id: StaffId,
) -> Result<(), MemberError> {
    theirs(tx, organisation, id)?;
    factors::forget(tx, id)?;
    store::remove_staff(tx, id)
}

/// The people of an organisation, or of the node, by id.
pub fn list_staff(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: Option<OrganisationId>,
    asked: &Asked,
) -> Result<Page<StaffView>, MemberError> {
    may_manage_staff(actor, organisation)?;
    let rows = store::staff_of(db, organisation, asked)?;
    Ok(asked.page(rows, |person| person.id.to_string()))
}

/// One person, for whoever may manage them.
pub fn find_staff(db: &mut Db<'_>, actor: &Actor, id: StaffId) -> Result<StaffView, MemberError> {
    let person = store::find_staff(db, id)?;
    may_manage_staff(actor, person.organisation)?;
    Ok(person)
}

/// The person who acts; nothing when no person does.
pub fn colleague(db: &mut Db<'_>, actor: &Actor) -> Result<Option<Colleague>, MemberError> {
    let Some(id) = actor.signed_in() else { return Ok(None) };
    let person = store::find_staff(db, id)?;
    let organisation = person.organisation.map(|id| store::organisation(db, id)).transpose()?;
    let organisation = organisation.map(|organisation| organisation.name.to_string());
    Ok(Some(Colleague { name: person.name, roles: person.roles, organisation }))
}

/// What colleagues are called, for whoever may manage them; nobody's name for anybody else.
pub fn names_of_staff(
    db: &mut Db<'_>,
    actor: &Actor,
    ids: &[StaffId],
) -> Result<HashMap<StaffId, Name>, MemberError> {
    let own = actor.organisation();
    if ids.is_empty() || may_manage_staff(actor, own).is_err() {
        return Ok(HashMap::new());
    }
    store::staff_names(db, own, ids)
}

/// Refuses no role at all, and roles of the node for people of an organisation and the other way round.
pub(super) fn roles_fit(roles: &[Role], organisation: Option<OrganisationId>) -> Result<(), MemberError> {
    if roles.is_empty() {
        return Err(MemberError::NoRole);
    }
    if roles.iter().any(|role| role.belongs_to_the_node() != organisation.is_none()) {
        return Err(MemberError::RoleDoesNotFit);
    }
    Ok(())
}

pub(super) fn may_manage_staff(
    actor: &Actor,
    organisation: Option<OrganisationId>,
) -> Result<(), MemberError> {
    match organisation {
        Some(organisation) => may_manage(actor, organisation),
        None => Ok(actor.may(Permission::ManageMembers)?),
    }
}

/// A person of that organisation, or of the node, whom the actor may manage.
pub(super) fn theirs(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    id: StaffId,
) -> Result<StaffView, MemberError> {
    may_manage_staff(tx.actor(), organisation)?;
    let person = store::find_staff(tx.db(), id)?;
    if person.organisation == organisation { Ok(person) } else { Err(AccessError::NotFound.into()) }
}

fn enrolment(tx: &Tx<'_>, person: &StaffView, hours: i64) -> Enrolment {
    let mut random = [0u8; 18];
    tx.ids().random(&mut random);
    Enrolment {
        id: person.id,
        name: person.name.clone(),
        code: URL_SAFE_NO_PAD.encode(random),
        until: tx.now().plus(chrono::TimeDelta::hours(hours)),
    }
}

/// The name itself for people of the node, who are few and whom its operator knows; for others one that nobody has.
fn free_name(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    asked: &Name,
) -> Result<Name, MemberError> {
    if organisation.is_none() {
        return Ok(asked.clone());
    }
    loop {
        let mut random = [0u8; 4];
        tx.ids().random(&mut random);
        let ending =
            random.map(|byte| ENDINGS.get(usize::from(byte) % ENDINGS.len()).copied().unwrap_or('2'));
        let name = format!("{}.{}", asked.as_str(), String::from_iter(ending));
        let name = name.parse().map_err(|_too_long| MemberError::NameTooLong)?;
        if !store::name_is_taken(tx.db(), &name)? {
            return Ok(name);
        }
    }
}

/// What names end with: nothing that is read as something else.
const ENDINGS: [char; 32] = [
    '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p',
    'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'i',
];
