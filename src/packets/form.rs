//! The container: five members around tokens, its limits, and the small words its claims use.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PacketFault;
use crate::crypto::closed::{self, Nulls};

/// Media type of a packet.
pub const MEDIA_TYPE: &str = "application/rp1+json";
/// How large a packet's body may be, in bytes.
pub const MAX_BODY: usize = 12 * 1_024 * 1_024;
/// How long an envelope may be, in characters.
pub const MAX_ENVELOPE: usize = 16_384;
/// How long an envelope's payload may be, in characters of base64url: 12,000 bytes.
pub(super) const MAX_ENVELOPE_PAYLOAD: usize = 16_000;
/// How long a manifest may be, in characters.
pub const MAX_MANIFEST: usize = 16_384;
/// How many fields a manifest may list.
pub const MAX_FIELDS: usize = 400;
/// How many sections a packet may have.
pub const MAX_SECTIONS: usize = 16;
/// How many grants a packet may have.
pub const MAX_GRANTS: usize = 32;
/// How long a grant may be, in characters.
pub const MAX_GRANT: usize = 4_096;
/// How large a document may be before signing, after padding, in bytes.
pub const MAX_DOCUMENT: usize = 32_768;
/// How long the signed content of a document may be, in characters.
pub(super) const MAX_CONTENT: usize = 45_056;
/// How long a document section may be, in characters.
pub const MAX_DOCUMENT_SECTION: usize = 61_440;
/// How large a file may be, in bytes.
pub const MAX_FILE: usize = 5 * 1_024 * 1_024;
/// How long a file section may be, in characters.
pub const MAX_FILE_SECTION: usize = 6_990_848;
/// How short a packet may live, in seconds.
pub const MIN_LIFE: i64 = 60;
/// How long a packet may live, in seconds: 30 days.
pub const MAX_LIFE: i64 = 2_592_000;
/// How far clocks may differ, in seconds.
pub const SKEW: i64 = 300;
/// How deep the container and the claims may nest.
pub(super) const DEPTH: u8 = 4;
/// How deep the content of a document may nest.
pub(super) const CONTENT_DEPTH: u8 = 8;

/// A packet's container as it was received.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Container<'a> {
    v: u64,
    pub(super) envelope: &'a str,
    pub(super) manifest: &'a str,
    #[serde(borrow)]
    pub(super) grants: Vec<&'a str>,
    /// `None` for a section the reader has no key for; only in what the hub serves.
    #[serde(borrow)]
    pub(super) sections: Vec<Option<&'a str>>,
}

impl<'a> Container<'a> {
    /// Checks 100 to 102. `nulls` says whether sections may be left out, as they may in what the hub serves.
    pub(super) fn read(body: &'a [u8], nulls: Nulls) -> Result<Self, PacketFault> {
        if body.len() > MAX_BODY {
            return Err(PacketFault::TooLarge);
        }
        let container: Self =
            closed::read_with(body, DEPTH, nulls).map_err(|_ignored| PacketFault::NotOneObject)?;
        let counted = (1..=MAX_GRANTS).contains(&container.grants.len())
            && (1..=MAX_SECTIONS).contains(&container.sections.len());
        if container.v == 1 && counted { Ok(container) } else { Err(PacketFault::Version) }
    }
}

/// A packet's container as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    pub(super) v: u8,
    pub(super) envelope: &'a str,
    pub(super) manifest: &'a str,
    pub(super) grants: &'a [String],
    pub(super) sections: Vec<Option<&'a str>>,
}

/// The place of a section: `s0` to `s15`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionId(u8);

/// The text is not the word it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct NotAWord(&'static str);

impl SectionId {
    /// The section at this place.
    pub(super) fn at(place: usize) -> Option<Self> {
        u8::try_from(place).ok().filter(|place| usize::from(*place) < MAX_SECTIONS).map(Self)
    }

    /// Its place in the packet's list.
    pub fn place(self) -> usize {
        usize::from(self.0)
    }
}

impl FromStr for SectionId {
    type Err = NotAWord;

    fn from_str(text: &str) -> Result<Self, NotAWord> {
        let wrong = NotAWord("a section from s0 to s15");
        let digits = text.strip_prefix('s').ok_or(wrong)?;
        let section = digits.parse().ok().and_then(Self::at).ok_or(wrong)?;
        // Neither `s00` nor `s+1`.
        if section.to_string() == text { Ok(section) } else { Err(wrong) }
    }
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl fmt::Debug for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A short name without spaces: a dictionary version, a template, a schema. 1 to 64 of letters, digits, `.`, `_`, `-`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Box<str>);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = NotAWord;

    fn from_str(text: &str) -> Result<Self, NotAWord> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if plain && (1..=64).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(NotAWord("1 to 64 letters, digits, dots, underscores or hyphens"))
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sixteen random bytes that keep a commitment from being guessed; 22 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// A new one.
    pub(super) fn random(ids: &dyn crate::kernel::id::Ids) -> Self {
        let mut bytes = [0u8; 16];
        ids.random(&mut bytes);
        Self(bytes)
    }
}

impl FromStr for Salt {
    type Err = NotAWord;

    fn from_str(text: &str) -> Result<Self, NotAWord> {
        let wrong = NotAWord("22 characters of base64url");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_ignored| wrong)?;
        bytes.try_into().map(Self).map_err(|_ignored| wrong)
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

macro_rules! text_on_the_wire {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
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

text_on_the_wire! { SectionId Tag Salt }

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Option<PacketFault> {
        Container::read(body.as_bytes(), Nulls::Refused).err()
    }

    #[test]
    fn checks_100_to_102_look_at_the_container() {
        let good = r#"{"v":1,"envelope":"e","manifest":"m","grants":["g"],"sections":["s"]}"#;
        assert_eq!(refusal(good), None);
        let large = " ".repeat(MAX_BODY + 1);
        let many = format!(r#"["g"{}]"#, r#","g""#.repeat(MAX_GRANTS));
        for (body, number) in [
            (large.as_str(), 100),
            ("", 101),
            ("[]", 101),
            (r#"[1,"e","m",["g"],["s"]]"#, 101),
            (&good.replace("\"v\":1", "\"v\":\"1\""), 101),
            (&good.replace("\"v\":1,", "\"v\":1,\"v\":1,"), 101),
            (&good.replace("\"v\":1,", "\"v\":1,\"x\":1,"), 101),
            (&good.replace("\"manifest\":\"m\",", ""), 101),
            (&good.replace("[\"g\"]", "[[\"g\"]]"), 101),
            (&good.replace("[\"s\"]", "[null]"), 101),
            (&format!("{good}{good}"), 101),
            (&good.replace("\"v\":1", "\"v\":2"), 102),
            (&good.replace("[\"g\"]", "[]"), 102),
            (&good.replace("[\"s\"]", "[]"), 102),
            (&good.replace("[\"g\"]", &many), 102),
        ] {
            assert_eq!(refusal(body).map(PacketFault::number), Some(number), "{}", body.len());
        }
    }

    #[test]
    fn what_the_hub_serves_may_leave_sections_out() {
        let served = br#"{"v":1,"envelope":"e","manifest":"m","grants":["g"],"sections":[null,"s"]}"#;
        assert!(Container::read(served, Nulls::Allowed).is_ok());
    }

    #[test]
    fn words_are_written_one_way_only() {
        assert_eq!("s15".parse::<SectionId>().map(SectionId::place), Ok(15));
        for text in ["", "s", "s16", "s00", "s+1", "S1", "s 1", "1"] {
            assert!(text.parse::<SectionId>().is_err(), "{text}");
        }
        assert!("".parse::<Tag>().is_err() && "a b".parse::<Tag>().is_err() && "é".parse::<Tag>().is_err());
        assert!("AAAAAAAAAAAAAAAAAAAAAA".parse::<Salt>().is_ok());
        assert!("AAAAAAAAAAAAAAAAAAAAAB".parse::<Salt>().is_err());
    }
}
