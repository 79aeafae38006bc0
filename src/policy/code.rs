//! The coded words every room speaks: purposes, categories, fields, services and so on. Each is a text whose shape was looked at
//! when it was parsed; whether the code exists is a question for [`Policy`](super::Policy).

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text does not have the shape of the code that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct NotACode {
    expected: &'static str,
}

impl NotACode {
    pub(super) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $expected:literal, $shape:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The code as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotACode;

            fn from_str(text: &str) -> Result<Self, NotACode> {
                let shape: fn(&str) -> bool = $shape;
                if shape(text) { Ok(Self(Arc::from(text))) } else { Err(NotACode { expected: $expected }) }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

codes! {
    /// Why data may flow, such as `P01`. The list is closed.
    PurposeCode, "a purpose code like P01", |text| lettered(text, "P", 2..=2);
    /// A kind of data, such as `K08`.
    CategoryCode, "a category code like K08", |text| lettered(text, "K", 2..=2);
    /// One field of the dictionary, such as `ZP.9b`: the form, a dot, the item.
    FieldId, "a field id like ZP.9b", field_id;
    /// What a person is referred to, such as `SV07`.
    ServiceCode, "a service code like SV07", |text| lettered(text, "SV", 2..=2);
    /// A maximum time, such as `U1`.
    UrgencyCode, "an urgency code like U1", |text| lettered(text, "U", 1..=1);
    /// Why something happened to a referral, such as `DR01`.
    ReasonCode, "a reason code like DR01", |text| {
        text.get(..2).is_some_and(|set| set.bytes().all(|b| b.is_ascii_uppercase()) && lettered(text, set, 1..=2))
    };
    /// How long a recipient may keep what it received, such as `RT05`.
    RetentionCode, "a retention code like RT05", |text| lettered(text, "RT", 2..=2);
    /// Whether the recipient may pass data on, such as `OW00`.
    OnwardCode, "an onward code like OW00", |text| lettered(text, "OW", 2..=2);
    /// A presumptive population group, for statistics only, such as `PG07`.
    PopulationCode, "a population code like PG07", |text| lettered(text, "PG", 2..=2);
    /// Why a field beyond the minimum set is needed, such as `JC02`.
    JustificationCode, "a justification code like JC02", |text| lettered(text, "JC", 2..=2);
    /// A group of fields sealed together, such as `medical`.
    CompartmentCode, "a compartment like medical", word;
    /// Who may open a compartment, such as `case_worker`.
    ReaderRole, "a reader role like case_worker", word;
    /// The template a minimum set is written down under, such as `ms_health`.
    MinimumSetId, "a minimum set like ms_health", word;
    /// What a field means whatever the form that asks for it, such as `name.family`.
    ConceptCode, "a concept like name.family", |text| !text.is_empty() && text.len() <= 64 && text.split('.').all(word);
}

/// On what footing a packet travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The person agreed.
    Consent,
    /// Life or integrity is at stake and the person could not be asked.
    Emergency,
    /// A law that binds the sender demands it.
    Legal,
    /// No data about the person moves; only that a need exists.
    Info,
}

impl Mode {
    /// The word in the envelope.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Emergency => "emergency",
            Self::Legal => "legal",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        [Self::Consent, Self::Emergency, Self::Legal, Self::Info]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or(NotACode { expected: "consent, emergency, legal or info" })
    }
}

fn lettered(text: &str, letters: &str, digits: std::ops::RangeInclusive<usize>) -> bool {
    text.strip_prefix(letters)
        .is_some_and(|rest| digits.contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()))
}

fn word(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn field_id(text: &str) -> bool {
    let mut parts = text.split('.');
    let form = parts.next().unwrap_or_default();
    let mut items = parts.peekable();
    text.len() <= 48
        && form.len() <= 8
        && form.starts_with(|c: char| c.is_ascii_uppercase())
        && form.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && items.peek().is_some()
        && items.all(|item| !item.is_empty() && item.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_shape() {
        assert!("P01".parse::<PurposeCode>().is_ok());
        assert!("U0".parse::<UrgencyCode>().is_ok());
        assert!("OC2".parse::<ReasonCode>().is_ok());
        assert!("DR90".parse::<ReasonCode>().is_ok());
        assert!("case_worker".parse::<ReaderRole>().is_ok());
        assert!("name.family".parse::<ConceptCode>().is_ok());
        for text in ["", "P", "P1", "P001", "p01", "P0a", "P٠١", " P01", "SV01"] {
            assert!(text.parse::<PurposeCode>().is_err(), "{text}");
        }
        for text in ["", "D", "é1", "DR", "dr01", "DR001", "DRA1"] {
            assert!(text.parse::<ReasonCode>().is_err(), "{text}");
        }
        for text in ["", "Medical", "1a", "a-b", "a b"] {
            assert!(text.parse::<CompartmentCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn field_ids_name_a_form_and_an_item() {
        for text in ["ZP.9b", "ZP.5band", "A1.D.12.1.2", "RC.i1.3", "CF.age_band"] {
            assert!(text.parse::<FieldId>().is_ok(), "{text}");
        }
        for text in ["", "ZP", "ZP.", ".9b", "zp.9b", "ZP..9", "ZP.9 b", "ZP.é", "TOOLONGFORM.1"] {
            assert!(text.parse::<FieldId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_mode_survives_its_word() {
        for mode in [Mode::Consent, Mode::Emergency, Mode::Legal, Mode::Info] {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        assert!("Consent".parse::<Mode>().is_err());
    }
}
