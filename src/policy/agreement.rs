//! How far an agreement may go, and what follows when it stops.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::code::PurposeCode;

/// The limits every agreement keeps, whatever its parties sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementLimits {
    /// The farthest an agreement may go in each of its clauses.
    pub at_most: AtMost,
    /// How long there is for what follows when an agreement stops.
    pub after_the_end: AfterTheEnd,
    pub(super) bulk_purposes: Vec<PurposeCode>,
}

/// The farthest an agreement may go in each of its clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtMost {
    /// Months from the first day of an agreement to its last, at most.
    pub validity_months: u32,
    /// Months between two reviews, at most.
    pub review_months: u32,
    /// Days a review may be late before nothing new flows, at most.
    pub grace_days: u32,
    /// Days from a termination to the end of its notice, at most.
    pub notice_days: u32,
    /// Days from receipt to the latest end of any retention, at most.
    pub retention_latest_days: u32,
    /// Days within which data is destroyed, at most.
    pub destruction_days: u32,
    /// Days a key may live, at most.
    pub key_lifetime_days: u32,
    /// Minutes until a revocation has reached everybody, at most.
    pub revocation_minutes: u32,
    /// Months for which evidence is kept, at most.
    pub evidence_months: u32,
    /// Months for which logs are kept, at most.
    pub log_months: u32,
    /// Packets in one direction a day, at most.
    pub packets_per_day: u32,
    /// Fields in one packet, at most; the format of packets allows no more than 400.
    pub fields_per_packet: u32,
    /// Days within which the parties help one another with a person's request, at most.
    pub cooperation_days: u32,
    /// Hours until the other parties are told of an incident, at most.
    pub incident_parties_hours: u32,
    /// Hours until the authority is told of an incident, at most.
    pub incident_authority_hours: u32,
}

/// How long there is for what follows when an agreement stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AfterTheEnd {
    /// Hours that packets for a suspended agreement are held back before they are purged.
    pub suspended_purge_hours: u32,
    /// Days within which open referrals of an expired agreement are closed, moved or destroyed.
    pub expired_close_days: u32,
    /// Days within which everything is destroyed after an end for breach.
    pub breach_destroy_days: u32,
}

impl AgreementLimits {
    /// Whether many persons may be sent at once under this purpose.
    pub fn allow_bulk(&self, purpose: &PurposeCode) -> bool {
        self.bulk_purposes.contains(purpose)
    }

    /// The longest notice of a termination.
    pub fn longest_notice(&self) -> TimeDelta {
        TimeDelta::days(self.at_most.notice_days.into())
    }
}
