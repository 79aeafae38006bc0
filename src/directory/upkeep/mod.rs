//! What keeps the directory true: what is said of a service's room runs out, and entries are verified.
//!
//! # Decisions
//!
//! - What ran out is read as unknown, by whoever reads it; nothing has to be written for that, so no job can be late.
//! - What is shown of freshness is worked out from two moments, when an entry was verified and by when it must be again.
//! - Reminders are written by a job, once each: soon, and when it is over. Nobody is reminded of what a source checked.

mod assured;
mod due;
mod ranked;
mod remind;
mod report;
pub(super) mod store;
mod verify;

pub(super) use assured::{Ahead, LastCheck, assured, is_ahead};
pub use due::due;
pub use remind::{anything_to_remind, remind};
pub use report::{Meeting, Met, doubted, report, report_declined};
use serde::Serialize;
pub use verify::{Checked, Method, Outcome, Verification, Verified, Verify, verifications, verify};
pub(super) use verify::{may_verify, speaks};

use super::Availability;
use crate::kernel::Timestamp;

/// How fresh an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Nobody verified it.
    #[default]
    Unverified,
    /// Verified, and not due again.
    Verified,
    /// Due to be verified again: show it with a warning.
    Due,
    /// Due for as long as its verification was good: confirm it before anybody is referred there.
    Stale,
}

impl Freshness {
    /// As it is stored and sent.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Verified => "verified",
            Self::Due => "due",
            Self::Stale => "stale",
        }
    }
}

/// What is known of how true an entry still is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Upkeep {
    /// What the provider adds to whether it takes people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_note: Option<String>,
    /// How many it can take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_places: Option<i64>,
    /// Until when what was said of its room holds; afterwards it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub availability_until: Option<Timestamp>,
    /// When it was last verified; where its source checked it later, the beginning of the day that the source gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub verified_at: Option<Timestamp>,
    /// By when it must be verified again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub verify_by: Option<Timestamp>,
    /// How fresh it is.
    pub verification: Freshness,
    /// Whether that is by the day that its source gives, and nobody verified it here since. Absent when not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub assured: bool,
    /// How many times it did not fit what people met since it was last verified.
    #[serde(skip_serializing_if = "is_zero")]
    pub mismatches: i64,
    /// Since when it is flagged, because it did so too often; searches leave it out until somebody verifies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub flagged_at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Upkeep {
    /// As it is at a moment.
    pub(super) fn at(self, now: Timestamp) -> Self {
        let check = LastCheck::of(self.verified_at, self.verify_by);
        let verification = check.freshness(now);
        let kept = Self { verify_by: check.by, verification, assured: check.is_of_source, ..self };
        if holds(kept.availability_until, now) {
            return kept;
        }
        Self { availability_note: None, availability_places: None, ..kept }
    }
}

/// Whether what holds until then holds now.
fn holds(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}

/// What is known now of whether a service takes people, by what was said and until when it holds.
pub(super) fn availability_at(said: Availability, until: Option<Timestamp>, now: Timestamp) -> Availability {
    if holds(until, now) { said } else { Availability::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_seconds(days * 86_400)
    }

    #[test]
    fn what_was_said_holds_up_to_its_end_and_not_at_it() {
        assert_eq!(availability_at(Availability::Full, Some(at(3)), at(2)), Availability::Full);
        assert_eq!(availability_at(Availability::Full, Some(at(3)), at(3)), Availability::Unknown);
        assert_eq!(availability_at(Availability::Open, None, at(9_000)), Availability::Open);
    }
}
