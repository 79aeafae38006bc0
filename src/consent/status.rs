//! The life of a consent. Pure.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Asked, not answered yet.
    Requested,
    /// Asked, to be answered later.
    Deferred,
    /// The person agreed.
    Given,
    /// The person agreed again.
    Renewed,
    /// The person said no.
    Refused,
    /// The person took it back.
    Withdrawn,
    /// A controller, an authority or a court took it back.
    Revoked,
    /// Its time is over.
    Expired,
    /// Found defective: what was disclosed under it is an incident.
    Invalidated,
    /// A newer version of the record replaced it.
    Superseded,
    /// Imported; nobody knows.
    Unknown,
}

/// Something that happens to a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentMove {
    /// The person asks for time.
    Defer,
    /// The person agrees.
    Give,
    /// The person says no.
    Refuse,
    /// The person agrees again.
    Renew,
    /// The person takes it back.
    Withdraw,
    /// A controller, an authority or a court takes it back.
    Revoke,
    /// Its time is over.
    Expire,
    /// It is found defective.
    Invalidate,
    /// A newer version replaces it.
    Supersede,
}

/// The move is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a consent that is {from} cannot move like this")]
pub struct Refused {
    /// Where it stands.
    pub from: Status,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 11] = [
        Self::Requested,
        Self::Deferred,
        Self::Given,
        Self::Renewed,
        Self::Refused,
        Self::Withdrawn,
        Self::Revoked,
        Self::Expired,
        Self::Invalidated,
        Self::Superseded,
        Self::Unknown,
    ];

    /// The status's name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Deferred => "deferred",
            Self::Given => "given",
            Self::Renewed => "renewed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::Superseded => "superseded",
            Self::Unknown => "unknown",
        }
    }

    /// Whether data may be disclosed under it.
    pub const fn allows_disclosure(self) -> bool {
        matches!(self, Self::Given | Self::Renewed)
    }

    /// Whether what was disclosed under it must be handled as an incident.
    pub const fn makes_incidents(self) -> bool {
        matches!(self, Self::Invalidated)
    }

    /// The whole table.
    pub fn step(self, asked: ConsentMove) -> Result<Self, Refused> {
        use ConsentMove as M;
        match (self, asked) {
            (Self::Requested, M::Defer) => Ok(Self::Deferred),
            (Self::Requested | Self::Deferred, M::Give) => Ok(Self::Given),
            (Self::Requested | Self::Deferred, M::Refuse) => Ok(Self::Refused),
            (Self::Given | Self::Renewed, M::Renew) => Ok(Self::Renewed),
            // A withdrawal is never turned away: it also ends what was asked and not answered, and it repeats without harm.
            (
                Self::Requested
                | Self::Deferred
                | Self::Given
                | Self::Renewed
                | Self::Refused
                | Self::Expired
                | Self::Unknown
                | Self::Withdrawn,
                M::Withdraw,
            ) => Ok(Self::Withdrawn),
            (Self::Requested | Self::Deferred | Self::Given | Self::Renewed | Self::Unknown, M::Revoke) => {
                Ok(Self::Revoked)
            }
            (Self::Requested | Self::Deferred | Self::Given | Self::Renewed, M::Expire) => Ok(Self::Expired),
            (
                Self::Given
                | Self::Renewed
                | Self::Withdrawn
                | Self::Revoked
                | Self::Expired
                | Self::Superseded
                | Self::Unknown,
                M::Invalidate,
            ) => Ok(Self::Invalidated),
            (
                Self::Requested
                | Self::Deferred
                | Self::Given
                | Self::Renewed
                | Self::Refused
                | Self::Expired,
                M::Supersede,
            ) => Ok(Self::Superseded),
            _ => Err(Refused { from: self }),
        }
    }
}

impl ConsentMove {
    /// Every move.
    pub const ALL: [Self; 9] = [
        Self::Defer,
        Self::Give,
        Self::Refuse,
        Self::Renew,
        Self::Withdraw,
        Self::Revoke,
        Self::Expire,
        Self::Invalidate,
        Self::Supersede,
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a status of a consent")]
pub struct NotAStatus;

impl FromStr for Status {
    type Err = NotAStatus;

    fn from_str(text: &str) -> Result<Self, NotAStatus> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or(NotAStatus)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_status_answers_every_move_as_the_table_says() {
        let mut table = String::new();
        for status in Status::ALL {
            for asked in ConsentMove::ALL {
                match status.step(asked) {
                    Ok(to) => {
                        writeln!(table, "{status:<12} {asked:?} → {to}", status = status.name()).unwrap();
                    }
                    Err(_) => {
                        writeln!(table, "{status:<12} {asked:?} → refused", status = status.name()).unwrap();
                    }
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn only_a_given_or_renewed_consent_allows_disclosure() {
        let allowing: Vec<_> = Status::ALL.into_iter().filter(|status| status.allows_disclosure()).collect();
        assert_eq!(allowing, [Status::Given, Status::Renewed]);
    }

    #[test]
    fn nothing_that_ended_comes_back_to_life() {
        let ended = [
            Status::Refused,
            Status::Withdrawn,
            Status::Revoked,
            Status::Expired,
            Status::Invalidated,
            Status::Superseded,
        ];
        for status in ended {
            for asked in ConsentMove::ALL {
                assert!(status.step(asked).map_or(true, |to| !to.allows_disclosure()), "{status} {asked:?}");
            }
        }
    }

    #[test]
    fn a_status_survives_its_text() {
        for status in Status::ALL {
            assert_eq!(status.to_string().parse(), Ok(status));
        }
    }
}
