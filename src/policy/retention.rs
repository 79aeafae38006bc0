//! How long data may be kept, and whether it may be passed on.

use serde::{Deserialize, Serialize};

use super::{
    code::{Mode, OnwardCode, RetentionCode},
    span::Span,
};

/// A promise of how long data is kept, as the envelope carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The code.
    pub code: RetentionCode,
    /// A few words for people.
    pub label: String,
    /// From when the days count.
    pub trigger: Trigger,
    /// For how many days.
    pub days: u16,
}

/// From when retention counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// From the day it was received, whatever happens.
    Received,
    /// From the end of the purpose.
    PurposeFulfilled,
}

impl Retention {
    /// Whether this never keeps longer than the other. A purpose has no end known beforehand, so what counts from its end
    /// is never within what counts from receipt.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self.trigger, other.trigger) {
            (Trigger::PurposeFulfilled, Trigger::Received) => false,
            (Trigger::Received, _) | (Trigger::PurposeFulfilled, Trigger::PurposeFulfilled) => {
                self.days <= other.days
            }
        }
    }
}

/// Where data is when a ceiling applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// Waiting at the hub.
    Undelivered,
    /// Delivered, and ended before it was accepted.
    EndedBeforeAcceptance,
    /// Delivered, and withdrawn before it was accepted.
    WithdrawnBeforeAcceptance,
    /// Withdrawn after it was accepted.
    WithdrawnAfterAcceptance,
    /// Screened, and no help given.
    ScreenedWithoutHelp,
    /// Accepted, counted from the end of the purpose.
    Accepted,
    /// Envelopes and events at the hub, counted from the end.
    Ledger,
    /// Ciphertext at the hub after confirmed receipt.
    CiphertextAfterDelivery,
    /// Disclosures and evidence of consent.
    Disclosures,
    /// A closed complaint's mailbox.
    ComplaintMailbox,
}

impl Situation {
    /// Every situation.
    pub const ALL: [Self; 10] = [
        Self::Undelivered,
        Self::EndedBeforeAcceptance,
        Self::WithdrawnBeforeAcceptance,
        Self::WithdrawnAfterAcceptance,
        Self::ScreenedWithoutHelp,
        Self::Accepted,
        Self::Ledger,
        Self::CiphertextAfterDelivery,
        Self::Disclosures,
        Self::ComplaintMailbox,
    ];
}

/// The longest data may be kept in a situation. An agreement may shorten it only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Where data is.
    pub situation: Situation,
    /// A few words for people.
    pub label: String,
    /// The longest time.
    pub at_most: Span,
    /// Whether the holder must certify that it was destroyed.
    pub certificate: bool,
}

/// Whether the recipient may pass data on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onward {
    /// The code.
    pub code: OnwardCode,
    /// A few words for people.
    pub label: String,
    /// The codes that allow at least as much.
    pub within: Vec<OnwardCode>,
}

impl Onward {
    /// Whether this allows no more than the other.
    pub fn is_within(&self, other: &OnwardCode) -> bool {
        self.within.contains(other)
    }
}

/// How often data may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnwardHops {
    /// Unless an agreement says otherwise.
    pub default: u8,
    /// Whatever an agreement says.
    pub max: u8,
}

/// What a mode is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeEntry {
    /// The word in the envelope.
    pub code: Mode,
    /// A few words for people.
    pub label: String,
    /// Whether a packet in this mode carries fields at all.
    pub carries_fields: bool,
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    use super::*;

    #[test]
    fn a_shorter_promise_is_within_a_longer_one_and_never_the_other_way() {
        let policy = Policy::builtin();
        let within = |one: &str, other: &str| {
            let code = |code: &str| policy.retention(&code.parse().unwrap()).unwrap();
            code(one).is_within(code(other))
        };
        assert!(within("RT02", "RT01"));
        assert!(!within("RT01", "RT02"));
        assert!(within("RT07", "RT03"));
        assert!(!within("RT05", "RT06"), "a purpose may never end");
        assert!(within("RT06", "RT01"));
    }

    #[test]
    fn no_promise_is_longer_than_the_ceiling() {
        let policy = Policy::builtin();
        let ceiling =
            policy.ceiling(Situation::Accepted).and_then(|ceiling| ceiling.at_most.clock()).unwrap();
        for retention in policy.retentions() {
            assert!(chrono::TimeDelta::days(retention.days.into()) <= ceiling, "{}", retention.code);
        }
    }

    #[test]
    fn passing_on_is_compared_by_what_it_allows() {
        let policy = Policy::builtin();
        let code = |code: &str| code.parse::<OnwardCode>().unwrap();
        let within = |one: &str, other: &str| policy.onward(&code(one)).unwrap().is_within(&code(other));
        assert!(within("OW00", "OW00") && within("OW00", "OW02") && within("OW01", "OW02"));
        assert!(!within("OW02", "OW01") && !within("OW01", "OW00"));
        assert_eq!(policy.onward_hops(), OnwardHops { default: 0, max: 2 });
    }

    #[test]
    fn only_the_information_mode_carries_nothing() {
        let policy = Policy::builtin();
        for mode in [Mode::Consent, Mode::Emergency, Mode::Legal, Mode::Info] {
            assert_eq!(policy.mode(mode).unwrap().carries_fields, mode != Mode::Info);
        }
    }
}
