//! What a person finds of their own keys.

use serde::Serialize;

use super::{CustodyError, DeviceView, KeyringView, MemberKeyView, ROOT_ROLE, store};
use crate::{
    access::{AccessError, Actor},
    crypto::Kid,
    kernel::id::{OrganisationId, StaffId},
    members::{self, KeyState},
    storage::Db,
};

/// A person's own keys as the hub keeps them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Custody {
    /// Whose.
    #[schema(value_type = String)]
    pub staff: StaffId,
    /// The organisation they work for.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// Their key; absent before their first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberKeyView>,
    /// Whether a key holder has confirmed it.
    pub confirmed: bool,
    /// Their devices, the oldest first.
    pub devices: Vec<DeviceView>,
    /// The keys that were handed to them.
    pub keyrings: Vec<KeyringView>,
    /// How many people hold the organisation's root key.
    pub holders: i64,
}

/// The keys of the person who acts.
pub fn custody_of(db: &mut Db<'_>, actor: &Actor) -> Result<Custody, CustodyError> {
    let (staff, organisation) = person_of(actor)?;
    let member = store::member_key(db, staff)?;
    let mut devices = store::devices_of(db, staff)?;
    let keyrings = match &member {
        Some(member) => store::keyrings(db, member.jwk.kid())?,
        None => Vec::new(),
    };
    let kids: Vec<Kid> = devices
        .iter()
        .map(|device| &device.jwk)
        .chain(member.iter().map(|key| &key.jwk))
        .map(|jwk| jwk.kid().clone())
        .collect();
    let stated = members::find_keys(db, &kids.iter().collect::<Vec<_>>())?;
    let state = |kid: &Kid| stated.iter().find(|key| key.jwk.kid() == kid).map(|key| key.state);
    for device in &mut devices {
        device.state = state(device.jwk.kid());
    }
    let confirmed = member.as_ref().is_some_and(|key| state(key.jwk.kid()) == Some(KeyState::Active));
    let holders = store::count_handed(db, organisation, ROOT_ROLE)?;
    Ok(Custody { staff, organisation, member, confirmed, devices, keyrings, holders })
}

/// The person who acts, and whom they work for. Machines have gateways of their own, and the node's people no letters.
pub(super) fn person_of(actor: &Actor) -> Result<(StaffId, OrganisationId), CustodyError> {
    let organisation = actor.for_organisation()?;
    let person = actor.signed_in().ok_or(AccessError::Forbidden)?;
    Ok((person, organisation))
}
