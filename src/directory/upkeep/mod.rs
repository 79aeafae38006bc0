//! What keeps the directory true: what is said of a service's room runs out, and entries are verified.
//!
//! # Decisions
//!
//! - What ran out is read as unknown, by whoever reads it; nothing has to be written for that, so no job can be late.
//! - What is shown of freshness is worked out from two moments, when an entry was verified and by when it must be again.
//! - Reminders are written by a job, once each: soon, and when it is over.

mod remind;
mod report;
pub(super) mod store;
mod verify;

pub use remind::{anything_to_remind, remind};
pub use report::{Meeting, Met, doubted, report, report_declined};
use serde::Serialize;
pub(super) use verify::may_verify;
pub use verify::{Checked, Method, Outcome, Verification, Verified, Verify, verifications, verify};

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
    /// When it was last verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub verified_at: Option<Timestamp>,
    /// By when it must be verified again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub verify_by: Option<Timestamp>,
    /// How fresh it is.
    pub verification: Freshness,
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
        let verification = freshness(self.verified_at, self.verify_by, now);
        if holds(self.availability_until, now) {
            return Self { verification, ..self };
        }
        Self { availability_note: None, availability_places: None, verification, ..self }
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

/// How fresh an entry is that was verified then, and is to be verified again by then.
pub(super) fn freshness(verified: Option<Timestamp>, by: Option<Timestamp>, now: Timestamp) -> Freshness {
    let (Some(verified), Some(by)) = (verified, by) else { return Freshness::Unverified };
    if now < by {
        Freshness::Verified
    } else if now < by.plus(by.since(verified)) {
        Freshness::Due
    } else {
        Freshness::Stale
    }
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

    #[test]
    fn an_entry_is_due_after_its_period_and_stale_after_twice_that() {
        let fresh = |day| freshness(Some(at(10)), Some(at(100)), at(day));
        assert_eq!(
            [fresh(99), fresh(100), fresh(189), fresh(190)],
            [Freshness::Verified, Freshness::Due, Freshness::Due, Freshness::Stale]
        );
        assert_eq!(freshness(None, Some(at(5)), at(1_000)), Freshness::Unverified);
    }
}
