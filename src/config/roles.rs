//! Roles as settings name them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names of roles, parted by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleNames(Vec<String>);

/// The text names something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role; write some of {all}, parted by commas", all = RoleNames::KNOWN.join(", "))]
pub struct NotRoleNames(String);

impl RoleNames {
    /// The roles there are. `access` says what each may do.
    pub const KNOWN: [&str; 6] =
        ["case_worker", "intake", "administrator", "data_protection", "coordinator", "operator"];

    /// Whether a role is among them.
    pub fn name(&self, role: &str) -> bool {
        self.0.iter().any(|named| named == role)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for RoleNames {
    type Err = NotRoleNames;

    fn from_str(text: &str) -> Result<Self, NotRoleNames> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let known = names.map(|name| {
            let is_known = Self::KNOWN.contains(&name);
            if is_known { Ok(name.to_owned()) } else { Err(NotRoleNames(name.to_owned())) }
        });
        known.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for RoleNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl Serialize for RoleNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_named_one_after_the_other_and_nothing_else_is() {
        let names: RoleNames = " administrator,coordinator , ".parse().unwrap();
        assert!(names.name("coordinator") && !names.name("intake"));
        assert_eq!(names.to_string(), "administrator, coordinator");
        assert!(RoleNames::default().is_empty() && "".parse::<RoleNames>().unwrap().is_empty());
        let complaint = "administrator, boss".parse::<RoleNames>().unwrap_err().to_string();
        assert!(complaint.contains("\"boss\"") && complaint.contains("data_protection"), "{complaint}");
    }
}
