//! Give somebody other roles.

use serde::Deserialize;

use super::{
    MemberError, StaffView,
    staff::{may_manage_staff, roles_fit, theirs},
    store,
};
use crate::{
    access::{AccessError, Permission, Role, Roles, Tx},
    audit,
    kernel::{
        Digest,
        id::{OrganisationId, StaffId},
    },
};

/// What somebody may do from now on.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRoles {
    /// All of their roles, as when they were enrolled.
    #[schema(max_items = 6)]
    pub roles: Vec<Role>,
}

/// Puts other roles in the place of those somebody has. Their sessions go on, and may do what the new roles allow at once. Somebody who can
/// sign in must remain who manages people.
pub fn set_roles(
    tx: &mut Tx<'_>,
    organisation: Option<OrganisationId>,
    id: StaffId,
    cmd: &SetRoles,
) -> Result<StaffView, MemberError> {
    may_manage_staff(tx.actor(), organisation)?;
    roles_fit(&cmd.roles, organisation)?;
    // Two administrators who take the role from each other at once: the second sees what the first did.
    let whose = organisation.map_or_else(|| String::from("node"), |organisation| organisation.to_string());
    tx.take_turn(&["roles", &whose])?;
    let was = theirs(tx, organisation, id)?;
    if was.removed {
        return Err(AccessError::NotFound.into());
    }
    let manages = |role: Role| role.permissions().contains(&managing(organisation));
    let gives_up =
        was.roles.iter().any(|role| manages(*role)) && !cmd.roles.iter().any(|role| manages(*role));
    if gives_up && !store::others_with_role(tx.db(), &was, manages)? {
        return Err(MemberError::LastAdministrator);
    }
    store::set_roles(tx, &was, &cmd.roles)?;
    let now = store::find_staff(tx.db(), id)?;
    let digest = |person: &StaffView| Digest::of(Roles::from(person.roles.clone()).to_string());
    let object = id.to_string();
    let mut record = audit::Record::about(&object);
    (record.before, record.after) = (Some(digest(&was)), Some(digest(&now)));
    audit::record(tx, &record)?;
    Ok(now)
}

/// What lets somebody manage these people.
const fn managing(organisation: Option<OrganisationId>) -> Permission {
    match organisation {
        Some(_) => Permission::ManageStaff,
        None => Permission::ManageMembers,
    }
}
