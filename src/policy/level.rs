//! How sensitive a field is, and how far it may go.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The worst that can credibly come of disclosure. A level is a floor: a profile may raise it, never lower it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// No harm: public.
    S0,
    /// Administrative.
    S1,
    /// Ordinary personal data.
    S2,
    /// Special categories, vulnerability, other people's data.
    S3,
    /// Life, liberty or persecution is at stake. Covered field by field only.
    S4,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 5] = [Self::S0, Self::S1, Self::S2, Self::S3, Self::S4];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How far a field may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Belongs to what is needed to refer at all.
    Minimum,
    /// Travels with a justification code.
    Justified,
    /// Travels only where a service foresees it, and the person agreed to the very field.
    Restricted,
    /// Never travels.
    Never,
    /// Stays with whoever took the consent; the scope certificate travels in its place.
    Certificate,
    /// Travels only inside the statistics block.
    Statistics,
}

impl Tier {
    /// Whether this tier is at least as strict as the other. Certificate and statistics are strict only against themselves.
    pub fn at_least(self, other: Self) -> bool {
        let ladder = |tier| matches!(tier, Self::Minimum | Self::Justified | Self::Restricted | Self::Never);
        self == other || (ladder(self) && ladder(other) && self > other)
    }

    /// Whether a field of this tier may stand in a packet's compartments at all.
    pub const fn travels(self) -> bool {
        matches!(self, Self::Minimum | Self::Justified | Self::Restricted)
    }
}
