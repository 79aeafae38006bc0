//! Whom one calls at a member organisation, or at one of its services: focal points, and who is on call.
//!
//! # Invariants
//!
//! - Names and numbers of people are for those who are signed in. No document, export, map, paper, count, mark of a change, entry of the log
//!   or notice holds any of them, and no answer that is remembered does.
//! - Each holds until a day, two years off at most. From that moment on nobody is shown it, and a job deletes it.
//!
//! # Decisions
//!
//! - One asks for what somebody does ("Duty protection officer"); a name is only there where the provider wants it to be.
//! - What belongs to a service is shown to those who may see the service. Where it is kept secret where a service is, its own contacts are for
//!   the provider and for those who keep the directory alone; those of the whole organisation say nothing of the place.
//! - A service takes urgent referrals only while somebody is on call for it, or for its whole organisation: a draft that says so is refused
//!   otherwise, an import is taken and says it, and pages do not show it.
//! - Of a member that is suspended nobody else is told whom to call.
//! - Contacts do not come in with lists: nobody asked those people.
//!
//! It does not call anybody, and does not know whether somebody answers.

mod call;
mod forget;
mod keep;
mod remind;
mod store;
mod urgent;

use std::{fmt, str::FromStr};

pub use call::{ContactsOf, contacts, find_contact, on_call};
use chrono::TimeDelta;
pub use forget::{anything_to_forget, forget_contacts};
pub use keep::{add_contact, change_contact, remove_contact};
pub(super) use remind::{anything_to_remind, remind};
use serde::{Deserialize, Serialize};
pub(super) use store::forget_source;
pub(super) use urgent::{Urgent, require_on_call};

use super::{DirectoryError, Tongue};
use crate::kernel::{
    Timestamp,
    id::{ContactId, OrganisationId, ServiceId},
    text::Line,
};

/// How many contacts an organisation may have.
pub const MOST_CONTACTS: usize = 50;

/// How many languages one is spoken to in.
const MOST_LANGUAGES: usize = 8;

/// How long a contact holds when nobody says, and how long it may, in days.
const USUAL_DAYS: i64 = 365;
const MOST_DAYS: i64 = 731;

/// How a number is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneChannel {
    /// One speaks.
    #[default]
    Voice,
    /// One sends a short message.
    Sms,
    /// One writes with a messenger.
    Messaging,
}

impl PhoneChannel {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Voice, Self::Sms, Self::Messaging];

    /// Its word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Sms => "sms",
            Self::Messaging => "messaging",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == word)
    }
}

impl FromStr for PhoneChannel {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_name(word).ok_or("expected voice, sms or messaging")
    }
}

/// A telephone number as it is written: 3 to 15 digits, and what people set between them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Telephone(String);

/// How a number may be written.
const EXPECTED: &str = "expected a telephone number of 3 to 15 digits, such as +260 211 000 000";

/// The longest number as it is written.
const LONGEST: usize = 40;

impl Telephone {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is dialled: its digits, and the plus before them.
    pub fn dialled(&self) -> String {
        self.0.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

impl FromStr for Telephone {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let rest = text.strip_prefix('+').unwrap_or(text);
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte));
        let is_number = text.len() <= LONGEST && (3..=15).contains(&digits) && is_plain;
        if is_number { Ok(Self(text.to_owned())) } else { Err(EXPECTED) }
    }
}

impl TryFrom<String> for Telephone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Telephone> for String {
    fn from(telephone: Telephone) -> Self {
        telephone.0
    }
}

impl fmt::Debug for Telephone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telephone(…)")
    }
}

/// The languages that somebody is spoken to in, few and each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Tongue>")]
pub struct Tongues(Vec<Tongue>);

impl Tongues {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Tongue> {
        self.0.iter()
    }
}

impl TryFrom<Vec<Tongue>> for Tongues {
    type Error = &'static str;

    fn try_from(all: Vec<Tongue>) -> Result<Self, Self::Error> {
        let mut few: Vec<Tongue> = Vec::new();
        for tongue in all {
            if !few.contains(&tongue) {
                few.push(tongue);
            }
        }
        if few.len() > MOST_LANGUAGES { Err("expected 8 languages at most") } else { Ok(Self(few)) }
    }
}

impl FromStr for Tongues {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tags = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|tag| !tag.is_empty());
        tags.map(str::parse).collect::<Result<Vec<Tongue>, _>>()?.try_into()
    }
}

impl fmt::Display for Tongues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<&str> = self.0.iter().map(Tongue::as_str).collect();
        f.write_str(&tags.join(" "))
    }
}

/// What is said of a contact.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactSays {
    /// The service it is for; the whole organisation when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    /// Whom one asks for, such as "Duty protection officer".
    #[schema(value_type = String, max_length = 80)]
    pub label: Line<80>,
    /// The name of the person, where they agreed that it stands here.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 120)]
    pub name: Option<Line<120>>,
    /// What they do or decide there.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 160)]
    pub role: Option<Line<160>>,
    /// Whether others turn to them first about referrals.
    #[serde(default)]
    pub is_focal_point: bool,
    /// Whether they answer when something is urgent.
    #[serde(default)]
    pub is_on_call: bool,
    /// The number, with the code of the country.
    #[schema(value_type = String, max_length = 40)]
    pub telephone: Telephone,
    /// How it is used; one speaks, when left out.
    #[serde(default)]
    pub channel: PhoneChannel,
    /// Whether somebody answers by day and by night.
    #[serde(default)]
    pub day_and_night: bool,
    /// The languages they are spoken to in, BCP 47.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 8)]
    pub languages: Tongues,
    /// Until when this holds, two years off at most; a year from now when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
}

impl fmt::Debug for ContactSays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactSays(…)")
    }
}

impl ContactSays {
    /// Until when it holds, if that can be.
    fn until(&self, now: Timestamp) -> Result<Timestamp, DirectoryError> {
        let until = self.valid_until.unwrap_or_else(|| now.plus(TimeDelta::days(USUAL_DAYS)));
        if until <= now || until > now.plus(TimeDelta::days(MOST_DAYS)) {
            return Err(DirectoryError::BadMoment(
                "valid_until is later than now, and at most two years off",
            ));
        }
        Ok(until)
    }
}

/// Whom one calls.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contact {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ContactId,
    /// The organisation.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// The service it is for; absent when it is for the whole organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    /// Whom one asks for.
    pub label: String,
    /// The name of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they do or decide there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether others turn to them first about referrals.
    pub is_focal_point: bool,
    /// Whether they answer when something is urgent.
    pub is_on_call: bool,
    /// The number.
    #[schema(value_type = String)]
    pub telephone: Telephone,
    /// How it is used.
    pub channel: PhoneChannel,
    /// Whether somebody answers by day and by night.
    pub day_and_night: bool,
    /// The languages they are spoken to in, BCP 47.
    #[schema(value_type = Vec<String>)]
    pub languages: Tongues,
    /// Until when this holds.
    #[schema(value_type = String, format = DateTime)]
    pub valid_until: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({}, …)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_can_be_dialled_and_nothing_else() {
        for (written, dialled) in [
            (" +260 (211) 000-000 ", Some("+260211000000")),
            ("112", Some("112")),
            ("0211.000.000", Some("0211000000")),
            ("11", None),
            ("1234567890123456", None),
            ("ask for Mary", None),
            ("+260 211 000 ext 4", None),
            ("260+211", None),
            ("javascript:112", None),
            ("١١٢", None),
            ("", None),
        ] {
            let number = written.parse::<Telephone>().ok().map(|number| number.dialled());
            assert_eq!(number.as_deref(), dialled, "{written}");
        }
        assert!(
            "1".repeat(3)
                .chars()
                .chain(" ".repeat(38).chars())
                .collect::<String>()
                .parse::<Telephone>()
                .is_ok()
        );
        assert!(format!("1{}23", " ".repeat(38)).parse::<Telephone>().is_err());
    }

    #[test]
    fn languages_are_few_and_each_once() {
        assert_eq!("en, FR en\u{a0}pt_BR".parse::<Tongues>().unwrap().to_string(), "en fr pt-br");
        assert_eq!("".parse::<Tongues>().unwrap(), Tongues::default());
        assert!("en english!".parse::<Tongues>().is_err());
        assert!("aa bb cc dd ee ff gg hh ii".parse::<Tongues>().is_err());
        assert!(serde_json::from_str::<Tongues>(r#"["aa","bb","cc","dd","ee","ff","gg","hh"]"#).is_ok());
    }

    #[test]
    fn nothing_of_a_person_shows_when_a_contact_is_printed() {
        let said = serde_json::json!({
            "label": "Canary officer of the night", "name": "Canary Persona Longname", "telephone": "+260 977 123456",
        });
        let says: ContactSays = serde_json::from_value(said).unwrap();
        assert_eq!(format!("{says:?} {:?}", says.telephone), "ContactSays(…) Telephone(…)");
    }

    #[test]
    fn a_contact_holds_a_year_and_two_at_most() {
        let now = Timestamp::from_seconds(1_772_442_000);
        let says = |until: Option<i64>| ContactSays {
            service: None,
            label: "Duty officer".parse().unwrap(),
            name: None,
            role: None,
            is_focal_point: false,
            is_on_call: true,
            telephone: "112".parse().unwrap(),
            channel: PhoneChannel::Voice,
            day_and_night: false,
            languages: Tongues::default(),
            valid_until: until.map(|days| now.plus(TimeDelta::days(days))),
        };
        assert_eq!(says(None).until(now).unwrap(), now.plus(TimeDelta::days(365)));
        assert!(says(Some(1)).until(now).is_ok() && says(Some(731)).until(now).is_ok());
        for wrong in [-1, 0, 732] {
            assert!(matches!(says(Some(wrong)).until(now), Err(DirectoryError::BadMoment(_))), "{wrong}");
        }
    }
}
