//! The one who acts, and the questions a use case may ask about them.

use std::fmt;

use super::permission::{Permission, Roles};
use crate::kernel::{
    Code, Coded, Fault,
    id::{ClientId, OrganisationId, StaffId},
};

/// What kind of somebody this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Not signed in.
    Nobody,
    /// A person who signed in.
    Staff(StaffId),
    /// A machine client with a token.
    Client(ClientId),
    /// The person a referral is about, by code and PIN.
    Person,
    /// The hub itself: timers and sequencers.
    Hub,
    /// Whoever can run commands on the node's machine.
    Operator,
}

/// The one who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    organisation: Option<OrganisationId>,
    roles: Roles,
}

/// Why an actor may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Nobody is signed in.
    #[error("sign in first")]
    Unauthenticated,
    /// Signed in, without the role for it.
    #[error("your roles do not allow this")]
    Forbidden,
    /// Not there, or not for this actor.
    #[error("there is nothing here under this id")]
    NotFound,
}

impl Coded for AccessError {
    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated => Code::new("access.unauthenticated", Fault::Unauthenticated),
            Self::Forbidden => Code::new("access.forbidden", Fault::Forbidden),
            Self::NotFound => Code::new("access.not_found", Fault::NotFound),
        }
    }
}

impl Actor {
    /// Nobody in particular.
    pub fn nobody() -> Self {
        Self { who: Who::Nobody, organisation: None, roles: Roles::default() }
    }

    /// A person who signed in.
    pub fn staff(id: StaffId, organisation: Option<OrganisationId>, roles: Roles) -> Self {
        Self { who: Who::Staff(id), organisation, roles }
    }

    /// A machine client of an organisation.
    pub fn client(id: ClientId, organisation: OrganisationId, roles: Roles) -> Self {
        Self { who: Who::Client(id), organisation: Some(organisation), roles }
    }

    /// The person a referral is about.
    pub fn person() -> Self {
        Self { who: Who::Person, organisation: None, roles: Roles::default() }
    }

    /// The hub acting by itself.
    pub fn hub() -> Self {
        Self { who: Who::Hub, organisation: None, roles: Roles::default() }
    }

    /// Whoever runs commands on the node's machine: they hold the database file, so roles would protect nothing.
    pub fn operator() -> Self {
        Self { who: Who::Operator, organisation: None, roles: Roles::default() }
    }

    /// What kind of somebody this is.
    pub const fn who(&self) -> Who {
        self.who
    }

    /// The person who signed in; nothing when it is no person of an organisation or of the node.
    pub const fn signed_in(&self) -> Option<StaffId> {
        match self.who {
            Who::Staff(id) => Some(id),
            Who::Nobody | Who::Client(_) | Who::Person | Who::Hub | Who::Operator => None,
        }
    }

    /// The organisation they act for.
    pub const fn organisation(&self) -> Option<OrganisationId> {
        self.organisation
    }

    /// Their roles.
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Refuses unless a role allows it. The hub and the operator of the machine may do what only runs the node; neither can
    /// act for an organisation.
    pub fn may(&self, permission: Permission) -> Result<(), AccessError> {
        let allowed = match self.who {
            Who::Nobody => return Err(AccessError::Unauthenticated),
            Who::Staff(_) | Who::Client(_) => self.roles.allow(permission),
            Who::Hub | Who::Operator => matches!(
                permission,
                Permission::ReadDirectory
                    | Permission::ManageDirectory
                    | Permission::ManageMembers
                    | Permission::ManageStaff
                    | Permission::OverseeAgreements
                    | Permission::ReadAudit
                    | Permission::ReadAllReferrals
            ),
            Who::Person => permission == Permission::WithdrawConsent,
        };
        if allowed { Ok(()) } else { Err(AccessError::Forbidden) }
    }

    /// The organisation they act for, or a refusal.
    pub fn for_organisation(&self) -> Result<OrganisationId, AccessError> {
        match self.who {
            Who::Nobody => Err(AccessError::Unauthenticated),
            Who::Staff(_) | Who::Client(_) | Who::Person | Who::Hub | Who::Operator => {
                self.organisation.ok_or(AccessError::Forbidden)
            }
        }
    }

    /// Refuses as "not found" unless they act for this organisation.
    pub fn must_act_for(&self, organisation: OrganisationId) -> Result<(), AccessError> {
        if self.who == Who::Nobody {
            return Err(AccessError::Unauthenticated);
        }
        if self.organisation == Some(organisation) { Ok(()) } else { Err(AccessError::NotFound) }
    }

    /// What stands in the log for this actor: ids and kinds, no name.
    pub fn log_name(&self) -> String {
        match self.who {
            Who::Nobody => String::from("nobody"),
            Who::Staff(id) => id.to_string(),
            Who::Client(id) => id.to_string(),
            Who::Person => String::from("person"),
            Who::Hub => String::from("hub"),
            Who::Operator => String::from("operator"),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.log_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::Role,
        kernel::{Timestamp, id::SystemIds},
    };

    #[test]
    fn a_stranger_gets_not_found_and_nobody_is_asked_to_sign_in() {
        let at = Timestamp::from_seconds(1);
        let (ours, theirs) = (OrganisationId::new(&SystemIds, at), OrganisationId::new(&SystemIds, at));
        let actor = Actor::client(ClientId::new(&SystemIds, at), ours, vec![Role::Intake].into());
        assert_eq!(actor.must_act_for(ours), Ok(()));
        assert_eq!(actor.must_act_for(theirs), Err(AccessError::NotFound));
        assert_eq!(Actor::nobody().must_act_for(ours), Err(AccessError::Unauthenticated));
    }

    #[test]
    fn the_machine_s_operator_cannot_send_for_an_organisation() {
        assert_eq!(Actor::operator().may(Permission::ManageMembers), Ok(()));
        assert_eq!(Actor::operator().may(Permission::SendReferrals), Err(AccessError::Forbidden));
        assert_eq!(Actor::operator().for_organisation(), Err(AccessError::Forbidden));
    }
}
