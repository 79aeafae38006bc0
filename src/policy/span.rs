//! How long something may take: on the clock, or in working days of whoever must act.

use std::{fmt, str::FromStr};

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::Timestamp;

use super::{calendar::WorkingCalendar, code::NotACode};

/// How long something may take. Written `15m`, `48h`, `7d`, `3wd` or `plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Runs day and night.
    Clock(TimeDelta),
    /// Runs on working days of the recipient's calendar.
    WorkingDays(u16),
    /// Is agreed case by case; there is no clock.
    ByPlan,
}

impl Span {
    /// When it ends if it begins at `start`; `None` when there is no clock.
    pub fn after(self, start: Timestamp, calendar: &WorkingCalendar) -> Option<Timestamp> {
        match self {
            Self::Clock(span) => Some(start.plus(span)),
            Self::WorkingDays(days) => Some(calendar.after(start, days)),
            Self::ByPlan => None,
        }
    }

    /// The span on the clock, when it runs on the clock.
    pub const fn clock(self) -> Option<TimeDelta> {
        match self {
            Self::Clock(span) => Some(span),
            Self::WorkingDays(_) | Self::ByPlan => None,
        }
    }
}

impl FromStr for Span {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        let wrong = || NotACode::new("a span like 15m, 48h, 7d, 3wd or plan");
        if text == "plan" {
            return Ok(Self::ByPlan);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
        let number: u16 = number.parse().map_err(|_ignored| wrong())?;
        match unit {
            _ if number == 0 => Err(wrong()),
            "m" => Ok(Self::Clock(TimeDelta::minutes(number.into()))),
            "h" => Ok(Self::Clock(TimeDelta::hours(number.into()))),
            "d" => Ok(Self::Clock(TimeDelta::days(number.into()))),
            "wd" => Ok(Self::WorkingDays(number)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(span) => {
                let minutes = span.num_minutes();
                match (minutes % (24 * 60), minutes % 60) {
                    (0, _) => write!(f, "{}d", minutes / (24 * 60)),
                    (_, 0) => write!(f, "{}h", minutes / 60),
                    _ => write!(f, "{minutes}m"),
                }
            }
            Self::WorkingDays(days) => write!(f, "{days}wd"),
            Self::ByPlan => f.write_str("plan"),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_survives_its_text() {
        for text in ["15m", "1h", "3d", "365d", "3wd", "plan"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "0h", "3", "h", "-1d", "1.5h", "3 d", "99999d", "1y"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_clock_runs_through_weekends_and_a_plan_has_none() {
        let friday = at("2026-03-06T15:30:00Z");
        let calendar = WorkingCalendar::default();
        assert_eq!("48h".parse::<Span>().unwrap().after(friday, &calendar), Some(at("2026-03-08T15:30:00Z")));
        assert_eq!(Span::ByPlan.after(friday, &calendar), None);
    }
}
