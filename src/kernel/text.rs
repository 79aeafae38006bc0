//! Text that came from outside and has been looked at: bounded, without control characters, trimmed.

use std::{fmt, ops::Deref, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A line of text of 1 to `MAX` characters, without control characters (PostgreSQL stores no NUL) and without blank ends.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line<const MAX: usize>(String);

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALine {
    /// Nothing but blanks.
    #[error("the text is empty")]
    Empty,
    /// Over the limit.
    #[error("the text is longer than {max} characters")]
    TooLong {
        /// The limit in characters.
        max: usize,
    },
    /// A control character, such as a line break or NUL.
    #[error("the text holds a control character")]
    Control,
}

impl<const MAX: usize> Line<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Line<MAX> {
    type Err = NotALine;

    fn from_str(text: &str) -> Result<Self, NotALine> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotALine::Empty);
        }
        if text.chars().count() > MAX {
            return Err(NotALine::TooLong { max: MAX });
        }
        if text.chars().any(char::is_control) {
            return Err(NotALine::Control);
        }
        Ok(Self(text.to_owned()))
    }
}

impl<const MAX: usize> Deref for Line<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Line<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> Serialize for Line<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!("  ab ".parse::<Line<2>>().map(|l| l.to_string()), Ok(String::from("ab")));
        assert_eq!(" ".parse::<Line<2>>(), Err(NotALine::Empty));
        assert_eq!("abc".parse::<Line<2>>(), Err(NotALine::TooLong { max: 2 }));
        assert_eq!("a\0".parse::<Line<2>>(), Err(NotALine::Control));
    }
}
