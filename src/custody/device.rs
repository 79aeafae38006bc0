//! Add a device's signing key, and give one up.

use serde::{Deserialize, Serialize};

use super::{CustodyError, store, view::person_of};
use crate::{
    access::{AccessError, Tx},
    crypto::{Kid, PublicJwk},
    kernel::{Timestamp, text::Line},
    members::{self, KeyState},
};

/// How many devices a person may have, given up ones not counted.
pub const MOST_DEVICES: usize = 20;

/// What a person calls a device.
pub type DeviceName = Line<60>;

/// A device to add.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDevice {
    /// Its public key (P-256, use `sig`), made on it.
    #[schema(value_type = Object)]
    pub jwk: PublicJwk,
    /// What it is called, for the people who confirm it.
    #[schema(value_type = String, max_length = 60)]
    pub name: DeviceName,
}

/// A device as its person and the key holders see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DeviceView {
    /// Its key.
    #[schema(value_type = Object)]
    pub jwk: PublicJwk,
    /// What it is called.
    #[schema(value_type = String)]
    pub name: DeviceName,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
    /// Where its key stands in the organisation's statement; absent while nobody has confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<KeyState>,
    /// It is not used any more; its key is to be revoked.
    pub given_up: bool,
}

/// Adds a device of the person who acts. The same device again changes nothing.
pub fn add_device(tx: &mut Tx<'_>, cmd: &AddDevice) -> Result<DeviceView, CustodyError> {
    let (person, organisation) = person_of(tx.actor())?;
    if !cmd.jwk.is_for_signing() {
        return Err(CustodyError::WrongUse);
    }
    let devices = store::devices_of(tx.db(), person)?;
    if let Some(known) = devices.iter().find(|device| device.jwk.kid() == cmd.jwk.kid() && !device.given_up) {
        let state = members::find_key(tx.db(), known.jwk.kid())?.map(|key| key.state);
        return Ok(DeviceView { state, ..known.clone() });
    }
    if devices.iter().filter(|device| !device.given_up).count() >= MOST_DEVICES {
        return Err(CustodyError::TooManyDevices { most: MOST_DEVICES });
    }
    members::require_new_key(tx.db(), cmd.jwk.kid())?;
    let device = DeviceView {
        jwk: cmd.jwk.clone(),
        name: cmd.name.clone(),
        added_at: tx.now(),
        state: None,
        given_up: false,
    };
    store::insert_device(tx, (person, organisation), &device)?;
    Ok(device)
}

/// Gives a device of the person who acts up: its key is to be revoked. It stays listed even when nobody has confirmed it: whoever holds the
/// organisation's keys may be doing so at this moment.
pub fn give_up_device(tx: &mut Tx<'_>, kid: &Kid) -> Result<(), CustodyError> {
    let (person, _organisation) = person_of(tx.actor())?;
    let devices = store::devices_of(tx.db(), person)?;
    if !devices.iter().any(|device| device.jwk.kid() == kid) {
        return Err(AccessError::NotFound.into());
    }
    store::give_up_device(tx, kid)
}
