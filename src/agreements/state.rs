//! The life of one version of an agreement. Pure.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::document::Validity;
use crate::kernel::{Timestamp, id::OrganisationId};

/// Where a version of an agreement stands, with the facts of that state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Being written; nobody is bound to the bytes.
    Draft,
    /// The bytes are fixed and wait for signatures.
    Offered {
        /// Since when.
        since: Timestamp,
    },
    /// Every party signed; not effective yet.
    Signed {
        /// Since when.
        since: Timestamp,
    },
    /// Data may flow by the rule.
    InForce {
        /// Since when.
        since: Timestamp,
        /// The last review, or the day it took effect.
        reviewed: Timestamp,
    },
    /// Stopped for a reason, to go on later.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: SuspensionReason,
        /// Since when it was in force.
        in_force: Timestamp,
        /// The last review before.
        reviewed: Timestamp,
    },
    /// Ended by a party.
    Terminated {
        /// Since when.
        since: Timestamp,
        /// How.
        ending: Ending,
    },
    /// Ended by its date.
    Expired {
        /// Since when.
        since: Timestamp,
    },
    /// Replaced by a newer version.
    Superseded {
        /// Since when.
        since: Timestamp,
        /// The newer version.
        by: u32,
    },
}

/// Why an agreement is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    /// A security incident.
    SecurityIncident,
    /// A finding on safeguarding or on sexual exploitation and abuse.
    Safeguarding,
    /// A party came under other control.
    ChangeOfControl,
    /// The law changed.
    LegalChange,
    /// An audit failed.
    FailedAudit,
    /// A party did not answer a withdrawal.
    WithdrawalUnanswered,
    /// Political risk.
    PoliticalRisk,
}

/// How a termination ends what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// With notice: open referrals may finish until this moment.
    Notice {
        /// The end of the notice period.
        until: Timestamp,
    },
    /// For breach: the recipient stops at once.
    Breach,
}

/// Something a party, the coordinator or the calendar does to an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Fix the bytes and ask for signatures.
    Offer,
    /// Take the offer back to write on; signatures fall.
    Retract,
    /// The last missing signature arrived.
    CompleteSignatures,
    /// The first day of validity came.
    TakeEffect(Validity),
    /// The parties looked at it again.
    Review,
    /// Stop for a reason.
    Suspend(SuspensionReason),
    /// Go on after a suspension.
    Resume,
    /// End it.
    Terminate {
        /// How.
        ending: Ending,
        /// How long a notice may be.
        longest_notice: TimeDelta,
    },
    /// The last day of validity passed.
    Expire(Validity),
    /// A newer version took effect.
    Supersede {
        /// The newer version.
        by: u32,
    },
}

/// The move is not in the table, or not at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an agreement that is {from} cannot {asked}")]
pub struct Refused {
    /// Name of the state.
    pub from: &'static str,
    /// Name of the move.
    pub asked: &'static str,
}

impl State {
    /// Since when it stands like this; a draft has no since.
    pub const fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Draft => None,
            Self::Offered { since }
            | Self::Signed { since }
            | Self::InForce { since, .. }
            | Self::Suspended { since, .. }
            | Self::Terminated { since, .. }
            | Self::Expired { since }
            | Self::Superseded { since, .. } => Some(*since),
        }
    }

    /// The state's name on the wire and in the database.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Offered { .. } => "offered",
            Self::Signed { .. } => "signed",
            Self::InForce { .. } => "in_force",
            Self::Suspended { .. } => "suspended",
            Self::Terminated { .. } => "terminated",
            Self::Expired { .. } => "expired",
            Self::Superseded { .. } => "superseded",
        }
    }

    /// Whether no move leads out any more.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminated { .. } | Self::Expired { .. } | Self::Superseded { .. })
    }

    /// The whole table.
    pub fn step(self, asked: &Move, at: Timestamp) -> Result<Self, Refused> {
        let refused = Refused { from: self.name(), asked: asked.name() };
        match (self, asked) {
            (Self::Draft, Move::Offer) => Ok(Self::Offered { since: at }),
            (Self::Offered { .. }, Move::Retract) => Ok(Self::Draft),
            (Self::Offered { .. }, Move::CompleteSignatures) => Ok(Self::Signed { since: at }),
            (Self::Signed { .. }, Move::TakeEffect(validity))
                if validity.from <= at && at < validity.until =>
            {
                Ok(Self::InForce { since: at, reviewed: at })
            }
            (Self::InForce { since, .. }, Move::Review) => Ok(Self::InForce { since, reviewed: at }),
            (Self::InForce { since, reviewed }, Move::Suspend(reason)) => {
                Ok(Self::Suspended { since: at, reason: *reason, in_force: since, reviewed })
            }
            (Self::Suspended { in_force, reviewed, .. }, Move::Resume) => {
                Ok(Self::InForce { since: in_force, reviewed })
            }
            (
                Self::Offered { .. } | Self::Signed { .. } | Self::InForce { .. } | Self::Suspended { .. },
                Move::Terminate { ending, longest_notice },
            ) if ending.is_timely(at, *longest_notice) => Ok(Self::Terminated { since: at, ending: *ending }),
            (
                Self::Offered { .. } | Self::Signed { .. } | Self::InForce { .. } | Self::Suspended { .. },
                Move::Expire(validity),
            ) if validity.until <= at => Ok(Self::Expired { since: at }),
            (Self::InForce { .. } | Self::Suspended { .. }, Move::Supersede { by }) => {
                Ok(Self::Superseded { since: at, by: *by })
            }
            _ => Err(refused),
        }
    }
}

impl Ending {
    /// Whether a notice ends neither in the past nor later than a notice may.
    pub(super) fn is_timely(self, at: Timestamp, longest_notice: TimeDelta) -> bool {
        match self {
            Self::Notice { until } => at <= until && until <= at.plus(longest_notice),
            Self::Breach => true,
        }
    }
}

impl Move {
    /// The move as a verb, for sentences and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Offer => "be offered",
            Self::Retract => "be retracted",
            Self::CompleteSignatures => "be signed",
            Self::TakeEffect(_) => "take effect",
            Self::Review => "be reviewed",
            Self::Suspend(_) => "be suspended",
            Self::Resume => "be resumed",
            Self::Terminate { .. } => "be terminated",
            Self::Expire(_) => "expire",
            Self::Supersede { .. } => "be superseded",
        }
    }
}

impl SuspensionReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::SecurityIncident,
        Self::Safeguarding,
        Self::ChangeOfControl,
        Self::LegalChange,
        Self::FailedAudit,
        Self::WithdrawalUnanswered,
        Self::PoliticalRisk,
    ];

    /// The reason's name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecurityIncident => "security_incident",
            Self::Safeguarding => "safeguarding",
            Self::ChangeOfControl => "change_of_control",
            Self::LegalChange => "legal_change",
            Self::FailedAudit => "failed_audit",
            Self::WithdrawalUnanswered => "withdrawal_unanswered",
            Self::PoliticalRisk => "political_risk",
        }
    }

    /// The reason of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A direction that is stopped while the rest of the agreement goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoppedFlow {
    /// Who may not disclose.
    pub from: OrganisationId,
    /// To whom.
    pub to: OrganisationId,
    /// Why.
    pub reason: SuspensionReason,
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it; the coordinator when nobody is named. Only they let it go on, or the coordinator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<OrganisationId>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_seconds(n * 86_400)
    }

    fn validity() -> Validity {
        Validity { from: day(10), until: day(100), review_months: 12, grace_days: 60 }
    }

    fn states() -> Vec<State> {
        vec![
            State::Draft,
            State::Offered { since: day(1) },
            State::Signed { since: day(2) },
            State::InForce { since: day(10), reviewed: day(10) },
            State::Suspended {
                since: day(20),
                reason: SuspensionReason::FailedAudit,
                in_force: day(10),
                reviewed: day(10),
            },
            State::Terminated { since: day(30), ending: Ending::Breach },
            State::Expired { since: day(100) },
            State::Superseded { since: day(50), by: 2 },
        ]
    }

    fn end(ending: Ending) -> Move {
        Move::Terminate { ending, longest_notice: TimeDelta::days(90) }
    }

    fn moves(at: Timestamp) -> Vec<Move> {
        vec![
            Move::Offer,
            Move::Retract,
            Move::CompleteSignatures,
            Move::TakeEffect(validity()),
            Move::Review,
            Move::Suspend(SuspensionReason::LegalChange),
            Move::Resume,
            end(Ending::Notice { until: at.plus(TimeDelta::days(90)) }),
            end(Ending::Breach),
            Move::Expire(validity()),
            Move::Supersede { by: 2 },
        ]
    }

    #[test]
    fn every_state_answers_every_move_as_the_table_says() {
        let mut table = String::new();
        for at in [day(60), day(100)] {
            writeln!(table, "at day {}", at.seconds() / 86_400).unwrap();
            for state in states() {
                for asked in moves(at) {
                    let from = state.name();
                    match state.clone().step(&asked, at) {
                        Ok(to) => writeln!(table, "  {from:<10} {asked:?} → {to:?}").unwrap(),
                        Err(_) => writeln!(table, "  {from:<10} {} → refused", asked.name()).unwrap(),
                    }
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_notice_longer_than_the_longest_and_one_that_is_over_are_refused() {
        let long = end(Ending::Notice { until: day(60).plus(TimeDelta::days(91)) });
        let back = end(Ending::Notice { until: day(59) });
        let in_force = State::InForce { since: day(10), reviewed: day(10) };
        assert!(in_force.clone().step(&long, day(60)).is_err());
        assert!(in_force.step(&back, day(60)).is_err());
    }

    #[test]
    fn an_agreement_cannot_take_effect_before_its_day_nor_expire_before_its_end() {
        let signed = State::Signed { since: day(2) };
        assert!(signed.clone().step(&Move::TakeEffect(validity()), day(9)).is_err());
        assert!(signed.clone().step(&Move::TakeEffect(validity()), day(10)).is_ok());
        assert!(signed.clone().step(&Move::TakeEffect(validity()), day(100)).is_err());
        assert!(signed.step(&Move::Expire(validity()), day(99)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_leads_out_of_an_end_and_force_needs_signatures(picks in prop::collection::vec(0_usize..11, 0..40)) {
            let mut state = State::Draft;
            let mut signed = false;
            for (n, pick) in picks.into_iter().enumerate() {
                let at = day(i64::try_from(n).unwrap() * 4);
                let asked = moves(at)[pick].clone();
                let was = state.clone();
                if let Ok(next) = state.clone().step(&asked, at) {
                    prop_assert!(!was.is_terminal());
                    signed |= matches!(next, State::Signed { .. });
                    let in_force = matches!(next, State::InForce { .. });
                    prop_assert!(signed || !in_force);
                    state = next;
                }
            }
        }
    }
}
