//! What a sender attests where the hub cannot see for itself. It travels in the signed envelope, so that it can be audited on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::rule::{Onwards, Proposal, ProtectionSignal};
use crate::policy::Deny;

/// A sender's attestations, a closed set of codes and numbers. Nothing attested is the default, and weighs like the cautious answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// How many people at the sender approved the packet.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub approvals: u8,
    /// What the sender says about a possible need of international protection. Without it: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<ProtectionSignal>,
    /// The round of follow-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u16>,
    /// Soft refusals the sender overrides.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub overrides: BTreeSet<Deny>,
    /// The worker asked not to be named.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymous: bool,
    /// The person does not want whoever sent what is passed on to hear that it was. They say so to the organisation that passes on, which
    /// signs it here; then no notice goes out, nothing is noted on the referral that is continued, and a statement of disclosures leaves
    /// it out for everybody but its own two sides. A withdrawal asks its holder all the same, and the first sender sees whom it asked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub untold: bool,
}

impl Default for Attested {
    fn default() -> Self {
        Self {
            approvals: 1,
            signal: None,
            round: None,
            overrides: BTreeSet::new(),
            anonymous: false,
            untold: false,
        }
    }
}

impl Attested {
    /// What a proposal rests on.
    pub(super) fn of(proposal: &Proposal) -> Self {
        Self {
            approvals: proposal.approvals,
            signal: Some(proposal.signal).filter(|signal| *signal != ProtectionSignal::NotScreened),
            round: proposal.round,
            overrides: proposal.overrides.clone(),
            anonymous: proposal.worker_anonymous,
            untold: proposal.onwards == Onwards::Untold,
        }
    }

    /// Whether its numbers are such as a sender can mean.
    pub fn is_within_bounds(&self) -> bool {
        (1..=MOST_APPROVALS).contains(&self.approvals)
    }

    /// Whether there is nothing beyond the default: then the envelope leaves it out.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// The most people who approve one packet.
const MOST_APPROVALS: u8 = 9;

const fn one() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_one(count: &u8) -> bool {
    *count == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_attested_is_one_approval_and_nothing_else() {
        let read: Attested = serde_json::from_str("{}").unwrap();
        assert_eq!(read, Attested::default());
        assert!(read.is_plain());
        assert_eq!(serde_json::to_string(&read).unwrap(), "{}");
    }

    #[test]
    fn what_is_attested_survives_and_anything_else_is_refused() {
        let text = r#"{"approvals":2,"signal":"absent","round":1,"overrides":["D107"],"anonymous":true,"untold":true}"#;
        let read: Attested = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        for approvals in [0, 10] {
            assert!(!Attested { approvals, ..read.clone() }.is_within_bounds());
        }
        assert!(serde_json::from_str::<Attested>(r#"{"approvals":2,"note":"urgent"}"#).is_err());
    }
}
