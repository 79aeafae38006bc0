//! Where things stand, in words that tell a bystander nothing: no service, no organisation, no reason.

use serde::Serialize;

use crate::referrals::{CorrectionAsked, ForPerson, LastLeft, LeftForPerson, StateName};

/// Where a referral stands, for the person it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// On its way, or not looked at yet.
    Sent,
    /// Somebody reads it.
    LookedAt,
    /// The answer is yes.
    Accepted,
    /// In a queue.
    Waiting,
    /// There is a date.
    Arranged,
    /// It has begun.
    UnderWay,
    /// It rests.
    Paused,
    /// It is over, and was given.
    Done,
    /// It is over, and was not given.
    NotPossible,
    /// It was stopped.
    Stopped,
    /// The person took it back.
    TakenBack,
}

/// What a person sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WhereItStands {
    /// For pages, which have it in the person's language.
    pub word: Word,
    /// In plain English.
    pub sentence: &'static str,
    /// Whether anything can still be taken back. Taking back is never too late: it also counts after the end.
    pub can_take_back: bool,
    /// Whether a rating can still be given.
    pub can_rate: bool,
    /// What the person asked to have put right, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<CorrectionAsked>,
    /// What was left for the person: first what is new, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<LeftForPerson>,
    /// The last note that the person left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_left: Option<LastLeft>,
}

/// Whether the person has said how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RatingGiven {
    /// They have.
    Already,
    /// They have not.
    NotYet,
}

impl Word {
    /// The word for a state.
    pub const fn of(state: StateName) -> Self {
        match state {
            StateName::Draft | StateName::Submitted | StateName::Delivered => Self::Sent,
            StateName::Acknowledged | StateName::InfoRequested => Self::LookedAt,
            StateName::Accepted => Self::Accepted,
            StateName::Waitlisted => Self::Waiting,
            StateName::Scheduled => Self::Arranged,
            StateName::InService => Self::UnderWay,
            StateName::OnHold => Self::Paused,
            StateName::Completed | StateName::Transferred => Self::Done,
            StateName::Declined | StateName::Redirected | StateName::Expired | StateName::Failed => {
                Self::NotPossible
            }
            StateName::Cancelled | StateName::EnteredInError => Self::Stopped,
            StateName::Withdrawn => Self::TakenBack,
        }
    }

    /// The word as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Sent => "Your request was sent. There is no answer yet.",
            Self::LookedAt => "Somebody is looking at your request.",
            Self::Accepted => "Your request was accepted.",
            Self::Waiting => "Your request is on a waiting list. You may ask for help elsewhere too.",
            Self::Arranged => "A time was arranged.",
            Self::UnderWay => "It is under way.",
            Self::Paused => "It is paused for now.",
            Self::Done => "It is finished.",
            Self::NotPossible => "This did not work out. Ask whoever gave you this code what else there is.",
            Self::Stopped => {
                "This request was stopped. Ask whoever gave you this code if you did not expect that."
            }
            Self::TakenBack => "You took this back. Nothing more is shared.",
        }
    }
}

impl WhereItStands {
    /// For a referral in this state.
    pub fn of(
        state: StateName,
        rating: RatingGiven,
        corrections: Vec<CorrectionAsked>,
        mailbox: ForPerson,
    ) -> Self {
        let word = Word::of(state);
        Self {
            word,
            sentence: word.sentence(),
            can_take_back: !matches!(word, Word::TakenBack),
            can_rate: matches!(rating, RatingGiven::NotYet),
            corrections,
            notes: mailbox.notes,
            last_left: mailbox.last_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_sentence_names_neither_service_nor_reason() {
        for state in StateName::ALL {
            let sentence = Word::of(state).sentence().to_lowercase();
            for telling in [
                "shelter",
                "medical",
                "clinic",
                "legal",
                "police",
                "refus",
                "declin",
                "consent",
                "withdr",
                "organisation",
            ] {
                assert!(!sentence.contains(telling), "{state}: {sentence}");
            }
        }
    }

    #[test]
    fn every_word_is_reached_and_says_something_of_its_own() {
        let words: HashSet<_> = StateName::ALL.into_iter().map(Word::of).collect();
        let sentences: HashSet<_> = words.iter().map(|word| word.sentence()).collect();
        assert_eq!((words.len(), sentences.len()), (11, 11));
    }

    #[test]
    fn taking_back_is_possible_to_the_end_and_after_it() {
        for state in StateName::ALL {
            let empty = ForPerson { notes: Vec::new(), last_left: None };
            let stands = WhereItStands::of(state, RatingGiven::Already, Vec::new(), empty);
            assert_eq!(stands.can_take_back, state != StateName::Withdrawn);
            assert!(!stands.can_rate);
        }
    }
}
