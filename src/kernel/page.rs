//! Cursor pagination: a page of rows and where the next one begins.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many rows a page may hold.
pub const MAX_PAGE: u16 = 200;

/// How many rows a page holds when nobody says.
pub const DEFAULT_PAGE: u16 = 50;

/// Which page is asked for: at most `limit` rows after `after`.
#[derive(Clone, Debug)]
pub struct Asked {
    limit: u16,
    after: Option<Cursor>,
}

impl Asked {
    /// A page of at most `limit` rows (1 to [`MAX_PAGE`]; anything else is brought within) after the cursor.
    pub fn new(limit: Option<u16>, after: Option<Cursor>) -> Self {
        Self { limit: limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE), after }
    }

    /// How many rows to load: one more than the page holds, to know whether there is a next page.
    pub fn rows_to_load(&self) -> i64 {
        i64::from(self.limit).saturating_add(1)
    }

    /// The key of the last row of the page before, if any.
    pub fn after(&self) -> Option<&str> {
        self.after.as_ref().map(|c| c.0.as_str())
    }

    /// The same where rows stand by a moment: the moment, and what names the row. Nothing where the key is no such place.
    pub fn after_moment(&self) -> Option<(i64, &str)> {
        let (at, row) = self.after()?.split_once(' ')?;
        Some((at.parse().ok()?, row))
    }

    /// Makes the page out of what was loaded: `key` names a row's sort key.
    pub fn page<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> Page<T> {
        let limit = usize::from(self.limit);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(|row| Cursor(key(row))) } else { None };
        Page { items: rows, next }
    }
}

/// A page of rows.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page with each row turned into something else.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(turn).collect(), next: self.next }
    }
}

/// An opaque place in a list. Holds the sort key of a row, and nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

/// The text is not a cursor this hub gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor is not one that this hub gave out")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        if text.len() > 400 {
            return Err(NotACursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_ignored| NotACursor)?;
        let key = String::from_utf8(bytes).map_err(|_ignored| NotACursor)?;
        if key.chars().any(char::is_control) { Err(NotACursor) } else { Ok(Self(key)) }
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_next() {
        let asked = Asked::new(Some(2), None);
        let page = asked.page(vec![1, 2, 3], i32::to_string);
        assert_eq!(page.items, [1, 2]);
        let next = Asked::new(Some(2), page.next);
        assert_eq!(next.after(), Some("2"));
        assert_eq!(next.page(vec![3], i32::to_string).next, None);
    }

    #[test]
    fn a_place_by_a_moment_is_the_moment_and_the_row_and_nothing_else_is() {
        let after = |key: &str| Asked::new(None, Some(Cursor(key.to_owned())));
        assert_eq!(after("-7 row 1").after_moment(), Some((-7, "row 1")));
        for other in ["7", "soon row", ""] {
            assert_eq!(after(other).after_moment(), None, "{other}");
        }
        assert_eq!(Asked::new(None, None).after_moment(), None);
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        assert_eq!("%%%".parse::<Cursor>(), Err(NotACursor));
    }
}
