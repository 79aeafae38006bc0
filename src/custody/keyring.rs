//! Hand an organisation's keys to people who are entitled to them.

use serde::{Deserialize, Serialize};

use super::{CustodyError, store};
use crate::{
    access::{Permission, Tx},
    crypto::{self, Kid, Typ},
    kernel::id::OrganisationId,
    members::{self, KeyUse, MEMBER_ROLE},
};

/// How many keyrings may be handed in at once.
pub const MOST_KEYRINGS: usize = 200;
/// How long a keyring may be, in characters.
pub const MAX_KEYRING: usize = 4_096;
/// Under which role the organisation's root key is handed to its key holders.
pub const ROOT_ROLE: &str = "root";

/// A key of the organisation, sealed to one member key.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handed {
    /// The reader role the key is for, or `root`.
    #[schema(max_length = 32)]
    pub role: String,
    /// Thumbprint of the key.
    #[schema(value_type = String, max_length = 43)]
    pub kid: Kid,
    /// Thumbprint of the member key it is sealed to.
    #[schema(value_type = String, max_length = 43)]
    pub member: Kid,
    /// Compact JWE of type `rp1-keyring+jwe`.
    #[schema(max_length = 4096)]
    pub token: String,
}

/// Keyrings to hand out.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandKeyrings {
    /// 1 to 200 of them.
    #[schema(max_items = 200)]
    pub keyrings: Vec<Handed>,
}

/// A keyring for the person who reads it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeyringView {
    /// The reader role the key is for, or `root`.
    pub role: String,
    /// Thumbprint of the key.
    #[schema(value_type = String)]
    pub kid: Kid,
    /// Compact JWE of type `rp1-keyring+jwe`.
    pub token: String,
}

/// Keeps them for the people they are for. Each must be sealed to a confirmed member key of somebody who is still there, and hold a key of
/// the organisation, as far as that can be seen from outside.
pub fn hand_keyrings(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    cmd: &HandKeyrings,
) -> Result<(), CustodyError> {
    tx.actor().must_act_for(organisation)?;
    tx.actor().may(Permission::ManageKeys)?;
    if cmd.keyrings.is_empty() || cmd.keyrings.len() > MOST_KEYRINGS {
        return Err(CustodyError::TooManyKeyrings { most: MOST_KEYRINGS });
    }
    let root = members::root_kid(tx.db(), organisation)?;
    let named: Vec<&Kid> = cmd.keyrings.iter().flat_map(|one| [&one.kid, &one.member]).collect();
    let known = members::find_keys(tx.db(), &named)?;
    let present = store::member_kids(tx.db(), organisation)?;
    for one in &cmd.keyrings {
        if crypto::check_shape_to(&one.token, Typ::Keyring, MAX_KEYRING)? != one.member {
            return Err(CustodyError::OtherMember);
        }
        let key =
            |kid: &Kid| known.iter().find(|key| key.jwk.kid() == kid && key.organisation == organisation);
        let confirmed = key(&one.member)
            .is_some_and(|member| member.role == MEMBER_ROLE && member.may_encrypt_at(tx.now()));
        if !confirmed || !present.contains(&one.member) {
            return Err(CustodyError::NotConfirmed);
        }
        let is_there = if one.role == ROOT_ROLE {
            one.kid == root
        } else {
            key(&one.kid).is_some_and(|key| {
                key.r#use == KeyUse::Encrypt && key.role == one.role && key.role != MEMBER_ROLE
            })
        };
        if !is_there {
            return Err(CustodyError::NoSuchKey);
        }
        store::put_keyring(tx, organisation, one)?;
    }
    Ok(())
}
