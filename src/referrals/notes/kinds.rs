//! The sentences there are, of either side.

use serde::{Deserialize, Serialize};

/// What an organisation leaves for the person.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationNote {
    /// They should call.
    PleaseCall,
    /// They should come, on a day where one is said.
    PleaseCome,
    /// They should not come for now.
    DoNotCome,
    /// They should bring the documents that they were asked for.
    BringPapers,
    /// They could not be reached.
    NotReached,
    /// It takes longer.
    StillLooking,
    /// All is well, and they need do nothing.
    NothingToDo,
    /// The organisation has another telephone number.
    NumberChanged,
}

impl OrganisationNote {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::PleaseCall,
        Self::PleaseCome,
        Self::DoNotCome,
        Self::BringPapers,
        Self::NotReached,
        Self::StillLooking,
        Self::NothingToDo,
        Self::NumberChanged,
    ];

    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PleaseCall => "please_call",
            Self::PleaseCome => "please_come",
            Self::DoNotCome => "do_not_come",
            Self::BringPapers => "bring_papers",
            Self::NotReached => "not_reached",
            Self::StillLooking => "still_looking",
            Self::NothingToDo => "nothing_to_do",
            Self::NumberChanged => "number_changed",
        }
    }

    /// The one that a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|note| note.name() == word)
    }

    /// Whether a day can be said with it.
    pub const fn takes_day(self) -> bool {
        matches!(self, Self::PleaseCome)
    }

    /// What it contradicts: each takes the place of the other.
    pub(super) const fn contradicts(self) -> Option<Self> {
        match self {
            Self::PleaseCome => Some(Self::DoNotCome),
            Self::DoNotCome => Some(Self::PleaseCome),
            Self::PleaseCall
            | Self::BringPapers
            | Self::NotReached
            | Self::StillLooking
            | Self::NothingToDo
            | Self::NumberChanged => None,
        }
    }
}

/// What the person leaves for those who help them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PersonNote {
    /// They want to talk.
    WantToTalk,
    /// Their number can be called, again where it could not be.
    CallMe,
    /// Calling their number puts them in danger. It stays until they say that it can be called.
    DoNotCall,
    /// Nobody called them.
    NobodyCalled,
    /// They will come.
    WillCome,
    /// They cannot come.
    CannotCome,
    /// They are somewhere else now.
    HaveMoved,
    /// They are well.
    AmWell,
}

impl PersonNote {
    /// Every one, in the order in which a person is asked.
    pub const ALL: [Self; 8] = [
        Self::WantToTalk,
        Self::CallMe,
        Self::DoNotCall,
        Self::NobodyCalled,
        Self::WillCome,
        Self::CannotCome,
        Self::HaveMoved,
        Self::AmWell,
    ];

    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WantToTalk => "want_to_talk",
            Self::CallMe => "call_me",
            Self::DoNotCall => "do_not_call",
            Self::NobodyCalled => "nobody_called",
            Self::WillCome => "will_come",
            Self::CannotCome => "cannot_come",
            Self::HaveMoved => "have_moved",
            Self::AmWell => "am_well",
        }
    }

    /// The one that a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|note| note.name() == word)
    }

    /// Whether somebody would call a number that is not safe if this were forgotten.
    pub const fn warns(self) -> bool {
        matches!(self, Self::DoNotCall)
    }

    /// What it contradicts: each takes the place of the other.
    pub(super) const fn contradicts(self) -> Option<Self> {
        match self {
            Self::CallMe => Some(Self::DoNotCall),
            Self::DoNotCall => Some(Self::CallMe),
            Self::WillCome => Some(Self::CannotCome),
            Self::CannotCome => Some(Self::WillCome),
            Self::WantToTalk | Self::NobodyCalled | Self::HaveMoved | Self::AmWell => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_and_stands_the_same_on_the_wire() {
        for note in OrganisationNote::ALL {
            assert_eq!(OrganisationNote::named(note.name()), Some(note));
            assert_eq!(serde_json::json!(note), note.name());
        }
        for note in PersonNote::ALL {
            assert_eq!(PersonNote::named(note.name()), Some(note));
            assert_eq!(serde_json::json!(note), note.name());
        }
        assert_eq!((OrganisationNote::named("canary"), PersonNote::named("canary")), (None, None));
    }
}
