//! Roles and what each may do, as one table.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Something a role may be allowed to do. Named by the deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Search the directory and read services that members may see.
    ReadDirectory,
    /// Import and correct directory entries of the whole node.
    ManageDirectory,
    /// Register the scope certificate of a consent.
    RegisterConsent,
    /// Report that a person withdraws consent.
    WithdrawConsent,
    /// Send packets and move referrals as their sender.
    SendReferrals,
    /// Fetch packets and move referrals as their recipient.
    ReceiveReferrals,
    /// Read what became of the organisation's own referrals.
    ReadReferrals,
    /// Read states and timers of all referrals, without anything about a person.
    ReadAllReferrals,
    /// Draft, offer and sign agreements for the organisation.
    ManageAgreements,
    /// Suspend any agreement and read all of them.
    OverseeAgreements,
    /// Publish the organisation's keys.
    ManageKeys,
    /// Enrol and remove people and machine clients of the organisation.
    ManageStaff,
    /// Enrol and suspend organisations.
    ManageMembers,
    /// Read the log, its checkpoints and its proofs.
    ReadAudit,
    /// Read the record of disclosures about one subject token.
    ReadDisclosures,
}

/// A role of a person or of a machine client. An organisation's role in the mechanism is something else:
/// see `members::MechanismRole`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Finds services, takes consent, sends referrals.
    CaseWorker,
    /// Receives and answers referrals.
    Intake,
    /// Runs the organisation's people, keys and agreements.
    Administrator,
    /// Answers for data protection in the organisation.
    DataProtection,
    /// Runs the mechanism: members, agreements, directory, overdue referrals.
    Coordinator,
    /// Runs the node's machine and keys.
    Operator,
}

impl Role {
    /// Every role, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::CaseWorker,
        Self::Intake,
        Self::Administrator,
        Self::DataProtection,
        Self::Coordinator,
        Self::Operator,
    ];

    /// The role's name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaseWorker => "case_worker",
            Self::Intake => "intake",
            Self::Administrator => "administrator",
            Self::DataProtection => "data_protection",
            Self::Coordinator => "coordinator",
            Self::Operator => "operator",
        }
    }

    /// What the role may do.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::CaseWorker => &[
                P::ReadDirectory,
                P::RegisterConsent,
                P::WithdrawConsent,
                P::SendReferrals,
                P::ReadReferrals,
            ],
            Self::Intake => &[P::ReadDirectory, P::WithdrawConsent, P::ReceiveReferrals, P::ReadReferrals],
            Self::Administrator => &[
                P::ReadDirectory,
                P::WithdrawConsent,
                P::ReadReferrals,
                P::ManageAgreements,
                P::ManageKeys,
                P::ManageStaff,
            ],
            Self::DataProtection => &[P::ReadDirectory, P::WithdrawConsent, P::ReadDisclosures],
            Self::Coordinator => &[
                P::ReadDirectory,
                P::ManageDirectory,
                P::ReadAllReferrals,
                P::OverseeAgreements,
                P::ManageMembers,
                P::ReadAudit,
            ],
            Self::Operator => &[P::ReadDirectory, P::ManageDirectory, P::ManageMembers, P::ReadAudit],
        }
    }

    /// Roles that only people and machines of the node itself may hold.
    pub const fn belongs_to_the_node(self) -> bool {
        matches!(self, Self::Coordinator | Self::Operator)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a role; roles are case_worker, intake, administrator, data_protection, coordinator and operator"
)]
pub struct NotARole;

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(NotARole)
    }
}

/// A set of roles, sorted and without repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Role>", into = "Vec<Role>")]
pub struct Roles(Vec<Role>);

impl Roles {
    /// Whether one of the roles may do it.
    pub fn allow(&self, permission: Permission) -> bool {
        self.0.iter().any(|role| role.permissions().contains(&permission))
    }

    /// The roles.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// Whether the role is among them.
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl From<Vec<Role>> for Roles {
    fn from(mut roles: Vec<Role>) -> Self {
        roles.sort_unstable();
        roles.dedup();
        Self(roles)
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Self {
        roles.0
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|role| role.name()).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Roles {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        text.split_whitespace().map(str::parse).collect::<Result<Vec<Role>, _>>().map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_case_worker_sends() {
        let senders: Vec<Role> =
            Role::ALL.into_iter().filter(|r| r.permissions().contains(&Permission::SendReferrals)).collect();
        assert_eq!(senders, [Role::CaseWorker]);
    }

    #[test]
    fn settings_know_the_same_roles() {
        assert_eq!(crate::config::RoleNames::KNOWN, Role::ALL.map(Role::name));
    }

    #[test]
    fn nobody_at_the_node_may_open_or_send_packets() {
        for role in Role::ALL.into_iter().filter(|r| r.belongs_to_the_node()) {
            for packet in
                [Permission::SendReferrals, Permission::ReceiveReferrals, Permission::RegisterConsent]
            {
                assert!(!role.permissions().contains(&packet), "{role} may {packet:?}");
            }
        }
    }

    #[test]
    fn roles_survive_their_text_form() {
        let roles: Roles = "intake case_worker intake".parse().unwrap();
        assert_eq!(roles.to_string(), "case_worker intake");
        assert!("boss".parse::<Roles>().is_err());
    }
}
