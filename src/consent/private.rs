//! Text of a consent record that tells of a person: it reads and writes, and never shows.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::kernel::text::{Line, NotALine};

/// A line of text that `Debug` hides and that has no `Display`. It serialises, because the gateway must write the record; the
/// record itself is only ever written into an encrypted file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<const MAX: usize>(Line<MAX>);

impl<const MAX: usize> Private<MAX> {
    /// Looks at the text. The name is long on purpose: every use shows in a review.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl<const MAX: usize> FromStr for Private<MAX> {
    type Err = NotALine;

    fn from_str(text: &str) -> Result<Self, NotALine> {
        text.parse().map(Self)
    }
}

impl<const MAX: usize> fmt::Debug for Private<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(…)")
    }
}
