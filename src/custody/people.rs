//! Whose keys wait to be confirmed, and which are to be revoked: what key holders look at.

use std::collections::HashMap;

use serde::Serialize;

use super::{CustodyError, DeviceView, store};
use crate::{
    access::{Actor, Permission, Role},
    crypto::{Kid, PublicJwk},
    kernel::{
        id::{OrganisationId, StaffId},
        page::{Asked, Page},
    },
    members::{self, KeyState, Name},
    storage::Db,
};

/// A member key as key holders see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Confirmed {
    /// The public half.
    #[schema(value_type = Object)]
    pub jwk: PublicJwk,
    /// Where it stands in the organisation's statement; absent while nobody has confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<KeyState>,
    /// The keys that were handed to it, by thumbprint.
    #[schema(value_type = Vec<String>)]
    pub keyrings: Vec<Kid>,
}

/// A person and their keys as key holders see them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonView {
    /// The person.
    #[schema(value_type = String)]
    pub staff: StaffId,
    /// The name they sign in with.
    #[schema(value_type = String)]
    pub name: Name,
    /// What they may do.
    pub roles: Vec<Role>,
    /// They were removed: their devices are to be revoked.
    pub removed: bool,
    /// Their key; absent before their first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Confirmed>,
    /// Their devices, the oldest first.
    pub devices: Vec<DeviceView>,
}

/// Whose keys these are, among those of the people of the actor's organisation; nobody's where a device was given up. For whoever manages its
/// keys. What a gateway has for itself is not among them.
pub fn owners(
    db: &mut Db<'_>,
    actor: &Actor,
    kids: &[&Kid],
) -> Result<HashMap<String, Option<StaffId>>, CustodyError> {
    actor.may(Permission::ManageKeys)?;
    let own = actor.for_organisation()?;
    let kids: Vec<String> = kids.iter().map(ToString::to_string).collect();
    Ok(store::owners(db, own, &kids)?.into_iter().collect())
}

/// The people of an organisation and their keys, by id. For whoever manages its keys.
pub fn people(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
    asked: &Asked,
) -> Result<Page<PersonView>, CustodyError> {
    actor.must_act_for(organisation)?;
    actor.may(Permission::ManageKeys)?;
    let staff = members::list_staff(db, actor, Some(organisation), asked)?;
    let member_keys = store::member_keys(db, organisation)?;
    let devices = store::devices(db, organisation)?;
    let handed = store::handed(db, organisation)?;
    let here = |person: StaffId| staff.items.iter().any(|one| one.id == person);
    let kids: Vec<Kid> = member_keys
        .iter()
        .filter(|(person, _)| here(*person))
        .map(|(_, jwk)| jwk)
        .chain(devices.iter().filter(|(person, _)| here(*person)).map(|(_, device)| &device.jwk))
        .map(|jwk| jwk.kid().clone())
        .collect();
    let stated = members::find_keys(db, &kids.iter().collect::<Vec<_>>())?;
    let state = |kid: &Kid| stated.iter().find(|key| key.jwk.kid() == kid).map(|key| key.state);
    Ok(staff.map(|person| PersonView {
        staff: person.id,
        member: member_keys.iter().find(|(whose, _)| *whose == person.id).map(|(_, jwk)| Confirmed {
            jwk: jwk.clone(),
            state: state(jwk.kid()),
            keyrings: handed
                .iter()
                .filter(|(member, _)| member == jwk.kid())
                .map(|(_, kid)| kid.clone())
                .collect(),
        }),
        devices: devices
            .iter()
            .filter(|(whose, _)| *whose == person.id)
            .map(|(_, device)| DeviceView { state: state(device.jwk.kid()), ..device.clone() })
            .collect(),
        name: person.name,
        roles: person.roles,
        removed: person.removed,
    }))
}
