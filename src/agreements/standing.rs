//! What a state means at a moment: the standing, and its effects on what is new, under way and kept. Pure.

use chrono::{Months, TimeDelta};

use super::{
    document::Validity,
    state::{Ending, State, SuspensionReason},
};
use crate::{kernel::Timestamp, policy::Deny};

/// How an agreement stands at a moment, the calendar included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Draft, or waiting for signatures or for its first day.
    NotEffective,
    /// In force, reviewed in time.
    Active,
    /// In force; the review is late, within the grace.
    ReviewLate,
    /// The review is late beyond the grace.
    ReviewOverdue,
    /// Stopped for a reason.
    Suspended(SuspensionReason),
    /// Past its last day.
    Expired,
    /// Ended with notice until this moment.
    EndedWithNotice(Timestamp),
    /// Ended for breach.
    EndedForBreach,
    /// Replaced by this version.
    Superseded(u32),
}

/// What an agreement's standing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// To packets that arrive now.
    pub new_packets: NewPackets,
    /// To packets the hub holds for a recipient.
    pub queued: Queued,
    /// To referrals that were delivered and are open.
    pub open_referrals: OpenReferrals,
    /// What recipients may still report.
    pub reports: Reports,
    /// Whether rights requests and withdrawals pass.
    pub rights_pass: bool,
    /// What must be destroyed.
    pub destruction: Destroy,
}

/// To packets that arrive now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPackets {
    /// The rule decides.
    ByRule,
    /// The rule decides, with W201.
    ByRuleWithWarning,
    /// Refused with this code.
    Refused(Deny),
}

/// To packets the hub holds for a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// There are none.
    None,
    /// Delivered.
    Deliver,
    /// Held back.
    Hold,
    /// Held back as long as [`crate::policy::AfterTheEnd::suspended_purge_hours`] says, then purged; the sender is told.
    HoldThenPurge,
    /// Purged.
    Purge,
    /// Judged again under the new version.
    JudgeAgain,
}

/// To referrals that were delivered and are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenReferrals {
    /// There are none.
    None,
    /// As always.
    Normal,
    /// The service goes on; no further personal data moves.
    NoNewData,
    /// The same, and within [`crate::policy::AfterTheEnd::expired_close_days`] they are closed, moved to another agreement, or destroyed.
    NoNewDataThenClose,
    /// They may finish until the notice ends.
    FinishUntil(Timestamp),
    /// Recalled: the recipient stops at once, persons are told, the sender refers again.
    Recall,
    /// The new version applies to them.
    NewVersion,
}

/// What recipients may still report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// Nothing.
    None,
    /// Codes only.
    CodesOnly,
    /// All of it.
    Full,
}

/// What must be destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destroy {
    /// Nothing because of this.
    Nothing,
    /// What reaches the end of its retention.
    AtRetention,
    /// Everything, beginning now.
    Begin,
    /// Everything is returned or destroyed, with certificates.
    ReturnOrDestroy,
    /// Everything within [`crate::policy::AfterTheEnd::breach_destroy_days`], with an audit.
    SoonAndAudit,
    /// What the narrower retention of the new version does not cover.
    NarrowerRetention,
}

impl State {
    /// How this state stands at a moment.
    pub fn standing(&self, validity: &Validity, at: Timestamp) -> Standing {
        match self {
            Self::Draft | Self::Offered { .. } | Self::Signed { .. } => Standing::NotEffective,
            Self::InForce { .. } | Self::Suspended { .. } if validity.until <= at => Standing::Expired,
            Self::InForce { reviewed, .. } => {
                let due = review_due(*reviewed, validity);
                let grace = due.plus(TimeDelta::days(i64::from(validity.grace_days)));
                if at <= due {
                    Standing::Active
                } else if at <= grace {
                    Standing::ReviewLate
                } else {
                    Standing::ReviewOverdue
                }
            }
            Self::Suspended { reason, .. } => Standing::Suspended(*reason),
            Self::Terminated { ending: Ending::Notice { until }, .. } => Standing::EndedWithNotice(*until),
            Self::Terminated { ending: Ending::Breach, .. } => Standing::EndedForBreach,
            Self::Expired { .. } => Standing::Expired,
            Self::Superseded { by, .. } => Standing::Superseded(*by),
        }
    }
}

/// When the next review is due.
pub fn review_due(reviewed: Timestamp, validity: &Validity) -> Timestamp {
    let months = Months::new(validity.review_months);
    reviewed.datetime().checked_add_months(months).map_or(reviewed, Timestamp::from)
}

impl Standing {
    /// The standing's name, as a sub-code and in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotEffective => "not_effective",
            Self::Active => "active",
            Self::ReviewLate => "review_late",
            Self::ReviewOverdue => "review_overdue",
            Self::Suspended(_) => "suspended",
            Self::Expired => "expired",
            Self::EndedWithNotice(_) => "terminated",
            Self::EndedForBreach => "terminated_for_breach",
            Self::Superseded(_) => "superseded",
        }
    }

    /// What this standing does: one row of the table.
    pub const fn effects(self) -> Effects {
        let (new_packets, queued, open_referrals, reports, rights_pass, destruction) = match self {
            Self::NotEffective => (
                NewPackets::Refused(Deny::D202),
                Queued::None,
                OpenReferrals::None,
                Reports::None,
                false,
                Destroy::Nothing,
            ),
            Self::Active => (
                NewPackets::ByRule,
                Queued::Deliver,
                OpenReferrals::Normal,
                Reports::Full,
                true,
                Destroy::AtRetention,
            ),
            Self::ReviewLate => (
                NewPackets::ByRuleWithWarning,
                Queued::Deliver,
                OpenReferrals::Normal,
                Reports::Full,
                true,
                Destroy::AtRetention,
            ),
            Self::ReviewOverdue => (
                NewPackets::Refused(Deny::D219),
                Queued::Hold,
                OpenReferrals::NoNewData,
                Reports::CodesOnly,
                true,
                Destroy::AtRetention,
            ),
            Self::Suspended(_) => (
                NewPackets::Refused(Deny::D203),
                Queued::HoldThenPurge,
                OpenReferrals::NoNewData,
                Reports::CodesOnly,
                true,
                Destroy::Nothing,
            ),
            Self::Expired => (
                NewPackets::Refused(Deny::D202),
                Queued::Purge,
                OpenReferrals::NoNewDataThenClose,
                Reports::CodesOnly,
                true,
                Destroy::Begin,
            ),
            Self::EndedWithNotice(until) => (
                NewPackets::Refused(Deny::D202),
                Queued::Purge,
                OpenReferrals::FinishUntil(until),
                Reports::CodesOnly,
                true,
                Destroy::ReturnOrDestroy,
            ),
            Self::EndedForBreach => (
                NewPackets::Refused(Deny::D202),
                Queued::Purge,
                OpenReferrals::Recall,
                Reports::None,
                true,
                Destroy::SoonAndAudit,
            ),
            Self::Superseded(_) => (
                NewPackets::Refused(Deny::D204),
                Queued::JudgeAgain,
                OpenReferrals::NewVersion,
                Reports::Full,
                true,
                Destroy::NarrowerRetention,
            ),
        };
        Effects { new_packets, queued, open_referrals, reports, rights_pass, destruction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn validity() -> Validity {
        Validity {
            from: at("2026-01-01T00:00:00Z"),
            until: at("2028-12-31T00:00:00Z"),
            review_months: 12,
            grace_days: 60,
        }
    }

    fn in_force() -> State {
        State::InForce { since: validity().from, reviewed: validity().from }
    }

    #[test]
    fn a_review_late_by_59_days_warns_and_by_61_days_refuses() {
        let due = at("2027-01-01T00:00:00Z");
        let days = |n| due.plus(TimeDelta::days(n));
        for (moment, standing) in [
            (due, Standing::Active),
            (days(59), Standing::ReviewLate),
            (days(60), Standing::ReviewLate),
            (days(61), Standing::ReviewOverdue),
        ] {
            assert_eq!(in_force().standing(&validity(), moment), standing, "{moment}");
        }
        assert_eq!(Standing::ReviewLate.effects().new_packets, NewPackets::ByRuleWithWarning);
        assert_eq!(Standing::ReviewOverdue.effects().new_packets, NewPackets::Refused(Deny::D219));
    }

    #[test]
    fn the_last_day_ends_it_even_when_no_job_ran_and_even_when_suspended() {
        let end = validity().until;
        assert_eq!(in_force().standing(&validity(), end), Standing::Expired);
        let suspended = State::Suspended {
            since: end,
            reason: SuspensionReason::PoliticalRisk,
            in_force: validity().from,
            reviewed: validity().from,
        };
        assert_eq!(suspended.standing(&validity(), end), Standing::Expired);
    }

    #[test]
    fn every_standing_has_its_row_of_effects() {
        let until = at("2026-06-01T00:00:00Z");
        let rows: Vec<String> = [
            Standing::NotEffective,
            Standing::Active,
            Standing::ReviewLate,
            Standing::ReviewOverdue,
            Standing::Suspended(SuspensionReason::Safeguarding),
            Standing::Expired,
            Standing::EndedWithNotice(until),
            Standing::EndedForBreach,
            Standing::Superseded(2),
        ]
        .into_iter()
        .map(|standing| format!("{}: {:#?}", standing.name(), standing.effects()))
        .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn a_withdrawal_passes_whatever_happened_to_an_agreement_that_was_once_effective() {
        for standing in [
            Standing::ReviewOverdue,
            Standing::Suspended(SuspensionReason::SecurityIncident),
            Standing::Expired,
            Standing::EndedForBreach,
            Standing::Superseded(3),
        ] {
            assert!(standing.effects().rights_pass, "{standing:?}");
        }
    }
}
