//! Machine clients of an organisation (RFC 7523: they prove themselves with a key).

use serde::{Deserialize, Serialize};

use super::{MemberError, Name, store};
use crate::{
    access::{Actor, Permission, Role, Tx},
    crypto::{Kid, PublicJwk},
    kernel::{
        Timestamp,
        id::{ClientId, OrganisationId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// A new machine client.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterClient {
    /// What it is, for the people who keep the list.
    #[schema(value_type = String, max_length = 120)]
    pub name: Name,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Its public key (P-256, use `sig`); used for nothing else.
    #[schema(value_type = Object)]
    pub key: PublicJwk,
}

/// A machine client as its organisation sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ClientView {
    /// Its id, the `iss` and `sub` of its assertions.
    #[schema(value_type = String)]
    pub id: ClientId,
    /// The organisation it acts for.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// What it is.
    #[schema(value_type = String)]
    pub name: Name,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Thumbprint of its key.
    pub kid: String,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered_at: Timestamp,
}

/// Registers a client of the organisation. The organisation's administrator may, and whoever enrols members.
pub fn register_client(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    cmd: &RegisterClient,
) -> Result<ClientView, MemberError> {
    may_manage(tx.actor(), organisation)?;
    if cmd.roles.is_empty() {
        return Err(MemberError::NoRole);
    }
    if cmd.roles.iter().any(|role| role.belongs_to_the_node()) {
        return Err(MemberError::RoleDoesNotFit);
    }
    store::organisation(tx.db(), organisation)?;
    require_new(tx.db(), cmd.key.kid())?;
    let client = ClientView {
        id: tx.id(),
        organisation,
        name: cmd.name.clone(),
        roles: cmd.roles.clone(),
        kid: cmd.key.kid().to_string(),
        revoked: false,
        registered_at: tx.now(),
    };
    store::insert_client(tx, &client, &cmd.key)?;
    Ok(client)
}

/// Revokes a client: its next token is refused, and those it holds are looked at again within their short life.
pub fn revoke_client(tx: &mut Tx<'_>, organisation: OrganisationId, id: ClientId) -> Result<(), MemberError> {
    may_manage(tx.actor(), organisation)?;
    store::revoke_client(tx, organisation, id)
}

/// Refuses a key that is known already, of whomever and for whatever: none is for two things.
pub fn require_new_key(db: &mut Db<'_>, kid: &Kid) -> Result<(), MemberError> {
    require_new(db, kid)
}

pub(super) fn require_new(db: &mut Db<'_>, kid: &Kid) -> Result<(), MemberError> {
    if store::key_is_known(db, kid)? { Err(MemberError::KeyKnown) } else { Ok(()) }
}

/// The organisation's clients, by id.
pub fn list_clients(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
    asked: &Asked,
) -> Result<Page<ClientView>, MemberError> {
    may_manage(actor, organisation)?;
    let rows = store::clients(db, organisation, asked)?;
    Ok(asked.page(rows, |client| client.id.to_string()))
}

/// The client behind a key, with the key, while it and its organisation take part.
pub fn client_by_kid(db: &mut Db<'_>, kid: &Kid) -> Result<Option<(ClientView, PublicJwk)>, MemberError> {
    store::client_by_kid(db, kid)
}

/// People of the node may manage any organisation's; an administrator their own.
pub(super) fn may_manage(actor: &Actor, organisation: OrganisationId) -> Result<(), MemberError> {
    if actor.may(Permission::ManageMembers).is_ok() {
        return Ok(());
    }
    actor.must_act_for(organisation)?;
    Ok(actor.may(Permission::ManageStaff)?)
}
