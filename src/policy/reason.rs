//! Why something happened to a referral. Codes come in sets; a move takes a code of its own set.

use serde::{Deserialize, Serialize};

use super::code::ReasonCode;

/// A set of reason codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReasonSet {
    /// Decline or redirect.
    Dr,
    /// Expire.
    Ex,
    /// Ask for information.
    Ix,
    /// Cancel.
    Cx,
    /// Put on hold.
    Hx,
    /// Did not come.
    Nx,
    /// Could not be delivered.
    Fx,
    /// Entered in error.
    Er,
    /// Outcome.
    Oc,
    /// Withdraw.
    Wr,
    /// Close.
    Cl,
    /// Need without a referral.
    Np,
}

impl ReasonSet {
    /// The letters its codes begin with.
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Dr => "DR",
            Self::Ex => "EX",
            Self::Ix => "IX",
            Self::Cx => "CX",
            Self::Hx => "HX",
            Self::Nx => "NX",
            Self::Fx => "FX",
            Self::Er => "ER",
            Self::Oc => "OC",
            Self::Wr => "WR",
            Self::Cl => "CL",
            Self::Np => "NP",
        }
    }
}

/// What kind of barrier a reason tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Barrier {
    /// Not enough room.
    Capacity,
    /// Not enough money.
    Funding,
    /// Shut to this person.
    Access,
    /// A criterion not met.
    Eligibility,
    /// Not safe.
    Safety,
    /// How referring works.
    Process,
    /// The person's own choice or situation.
    Person,
}

/// What must come with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// A text, sealed to the other side.
    Text,
    /// The services still needed.
    PendingNeeds,
    /// A record of attempts to make contact.
    ContactAttempts,
    /// A record that the need stays open.
    GapRecord,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// A few words for people.
    pub label: String,
    /// What kind of barrier it tells of.
    #[serde(rename = "class", skip_serializing_if = "Option::is_none")]
    pub barrier: Option<Barrier>,
    /// What must come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
}

/// Why a reason was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonRefused {
    /// The code is not in the set this move takes.
    #[error("the reason is not one of the {set} codes")]
    WrongSet {
        /// The letters of the set.
        set: &'static str,
    },
    /// Something must come with the code.
    #[error("the reason must come with {requirement:?}")]
    Missing {
        /// What is missing.
        requirement: Requirement,
    },
    /// A text came with a code that explains itself.
    #[error("only a reason that requires a text takes one")]
    TextNotTaken,
}

impl Reason {
    /// Whether what came with the reason is what must come with it. A text is refused unless required, so that nobody
    /// writes about a person where a code would do.
    pub fn check(&self, given: &[Requirement]) -> Result<(), ReasonRefused> {
        if let Some(requirement) = self.requires.iter().find(|requirement| !given.contains(requirement)) {
            return Err(ReasonRefused::Missing { requirement: *requirement });
        }
        if given.contains(&Requirement::Text) && !self.requires.contains(&Requirement::Text) {
            return Err(ReasonRefused::TextNotTaken);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    use super::*;

    fn check(set: ReasonSet, code: &str, given: &[Requirement]) -> Result<(), ReasonRefused> {
        Policy::builtin().check_reason(set, &code.parse().unwrap(), given).map(|_reason| ())
    }

    #[test]
    fn a_reason_of_another_set_is_refused() {
        assert_eq!(check(ReasonSet::Dr, "DR01", &[]), Ok(()));
        assert_eq!(check(ReasonSet::Dr, "CX01", &[]), Err(ReasonRefused::WrongSet { set: "DR" }));
        assert_eq!(check(ReasonSet::Dr, "DR25", &[]), Err(ReasonRefused::WrongSet { set: "DR" }));
    }

    #[test]
    fn only_the_open_decline_takes_a_text_and_it_must() {
        let text = [Requirement::Text];
        assert_eq!(check(ReasonSet::Dr, "DR90", &text), Ok(()));
        assert_eq!(
            check(ReasonSet::Dr, "DR90", &[]),
            Err(ReasonRefused::Missing { requirement: Requirement::Text })
        );
        assert_eq!(check(ReasonSet::Dr, "DR01", &text), Err(ReasonRefused::TextNotTaken));
    }

    #[test]
    fn an_outcome_met_in_part_says_what_is_left() {
        let missing = Requirement::PendingNeeds;
        assert_eq!(check(ReasonSet::Oc, "OC2", &[]), Err(ReasonRefused::Missing { requirement: missing }));
        assert_eq!(check(ReasonSet::Oc, "OC2", &[missing]), Ok(()));
        assert_eq!(check(ReasonSet::Oc, "OC1", &[]), Ok(()));
        assert!(check(ReasonSet::Cl, "CL10", &[]).is_err());
    }

    #[test]
    fn every_decline_tells_of_a_barrier_but_the_open_one() {
        let without: Vec<_> = Policy::builtin()
            .reasons(ReasonSet::Dr)
            .filter(|reason| reason.barrier.is_none())
            .map(|reason| reason.code.as_str())
            .collect();
        assert_eq!(without, ["DR90"]);
    }
}
