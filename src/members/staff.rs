//! People who work for an organisation or for the node, and their enrolment.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{MemberError, Name, client::may_manage, store};
use crate::{
    access::{Actor, Permission, Role, Tx},
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, StaffId},
    },
    storage::Db,
};

/// A person to enrol.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolStaff {
    /// Name the person signs in with; unique at this node. Need not be the person's own.
    #[schema(value_type = String, max_length = 120)]
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

/// Enrols a person of an organisation, or of the node when `organisation` is `None`.
pub fn enrol_staff(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    cmd: &EnrolStaff,
    hours: i64,
) -> Result<Enrolment, MemberError> {
    match organisation {
        Some(organisation) => {
            may_manage(tx.actor(), organisation)?;
            store::organisation(tx.db(), organisation)?;
        }
        None => tx.actor().may(Permission::ManageMembers)?,
    }
    if cmd.roles.is_empty() {
        return Err(MemberError::NoRole);
    }
    if cmd.roles.iter().any(|role| role.belongs_to_the_node() != organisation.is_none()) {
        return Err(MemberError::RoleDoesNotFit);
    }
    let mut random = [0u8; 18];
    tx.ids().random(&mut random);
    let code = URL_SAFE_NO_PAD.encode(random);
    let until = tx.now().plus(chrono::TimeDelta::hours(hours));
    let id: StaffId = tx.id();
    store::insert_staff(tx, id, organisation, cmd, Digest::of(&code), until)?;
    Ok(Enrolment { id, code, until })
}

/// Removes a person: their sessions end now.
pub fn remove_staff(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    id: StaffId,
) -> Result<(), MemberError> {
    match organisation {
        Some(organisation) => may_manage(tx.actor(), organisation)?,
        None => tx.actor().may(Permission::ManageMembers)?,
    }
    store::remove_staff(tx, organisation, id)
}

/// The people of an organisation.
pub fn list_staff(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
) -> Result<Vec<StaffView>, MemberError> {
    may_manage(actor, organisation)?;
    store::staff_of(db, organisation)
}
