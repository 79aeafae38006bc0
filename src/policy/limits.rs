//! How long consents and keys last, and how long silence after a withdrawal may be.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What bounds consents, withdrawals and keys, whatever their parties sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a consent lasts.
    pub consent: ConsentLimits,
    /// What follows when a holder is silent.
    pub withdrawal: WithdrawalLimits,
    /// How long keys live.
    pub keys: KeyLimits,
}

/// How long a consent lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentLimits {
    /// Months from the person's yes to its end, at most.
    pub longest_months: u32,
    /// Months a yes lasts when nobody says how long.
    pub usual_months: u32,
    /// Days from the making of a certificate to its end, at most.
    pub certificate_days: u32,
}

impl ConsentLimits {
    /// The longest a certificate lives.
    pub fn certificate(&self) -> TimeDelta {
        TimeDelta::days(self.certificate_days.into())
    }
}

/// What follows when whoever was asked to destroy data is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalLimits {
    /// Hours within which a holder acknowledges before others are told that it is silent.
    pub unheard_hours: u32,
}

impl WithdrawalLimits {
    /// For how long a holder may be silent.
    pub fn unheard(&self) -> TimeDelta {
        TimeDelta::hours(self.unheard_hours.into())
    }
}

/// How long an organisation's keys live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLimits {
    /// Days until a key ends, at most: from its beginning, or from the day on which its end was put off.
    pub longest_days: u32,
}

impl KeyLimits {
    /// The longest a key lives.
    pub fn longest(&self) -> TimeDelta {
        TimeDelta::days(self.longest_days.into())
    }
}

/// What a profile makes stricter.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StricterLimits {
    consent: StricterConsent,
    withdrawal: StricterWithdrawal,
    keys: StricterKeys,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StricterConsent {
    longest_months: Option<u32>,
    usual_months: Option<u32>,
    certificate_days: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StricterWithdrawal {
    unheard_hours: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StricterKeys {
    longest_days: Option<u32>,
}

impl Limits {
    /// Makes stricter what a profile says, and refuses what would be looser.
    pub(super) fn tighten(&mut self, by: StricterLimits, refused: &mut Vec<String>) {
        let Self { consent, withdrawal, keys } = self;
        for (name, limit, to) in [
            ("consent.longest_months", &mut consent.longest_months, by.consent.longest_months),
            ("consent.usual_months", &mut consent.usual_months, by.consent.usual_months),
            ("consent.certificate_days", &mut consent.certificate_days, by.consent.certificate_days),
            ("withdrawal.unheard_hours", &mut withdrawal.unheard_hours, by.withdrawal.unheard_hours),
            ("keys.longest_days", &mut keys.longest_days, by.keys.longest_days),
        ] {
            match to {
                Some(to) if to > *limit => refused.push(format!("limits.{name}: {to} is more than {limit}")),
                Some(to) => *limit = to,
                None => {}
            }
        }
        // What nobody asked for is within what anybody may have.
        consent.usual_months = consent.usual_months.min(consent.longest_months);
    }

    /// What cannot be meant.
    pub(super) fn complaints(&self) -> Vec<String> {
        let Self { consent, withdrawal, keys } = self;
        let mut found: Vec<String> = [
            ("consent.longest_months", consent.longest_months),
            ("consent.usual_months", consent.usual_months),
            ("consent.certificate_days", consent.certificate_days),
            ("withdrawal.unheard_hours", withdrawal.unheard_hours),
            ("keys.longest_days", keys.longest_days),
        ]
        .into_iter()
        .filter(|(_, limit)| !(1..=MOST).contains(limit))
        .map(|(name, limit)| format!("limits: {name} is {limit}"))
        .collect();
        if consent.usual_months > consent.longest_months {
            found.push(String::from("limits: consent.usual_months is more than consent.longest_months"));
        }
        found
    }
}

/// Beyond this nothing is a limit.
const MOST: u32 = 10_000;
