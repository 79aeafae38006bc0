//! When services are open, and whether one is at a moment.
//!
//! # Decisions
//!
//! - The answer is one of three: open, closed, or not known. A service without times, with times in words only, or that opens on request is
//!   never taken for closed.
//! - Times are what the clock at the place shows. A question without an offset is about that clock, so nothing has to be known of zones; one
//!   with an offset is answered where the zone of the schedule is known, and otherwise it is not known. HSDS would have UTC assumed;
//!   nobody who writes "08:00" of a clinic means that.
//! - What closes before it opens closes on the next day.
//! - What holds from one day to another without a rule (a holiday) holds in the place of everything else.
//! - Which days a rule means is the calendar library's to say (RFC 5545). Only the beginning of a rule is moved near the day asked for, so
//!   that a schedule of many years costs what a new one does.

mod slot;

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDateTime};
use serde::{Deserialize, Serialize};
pub(super) use slot::{Slot, day};

/// Whether a service is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// It is.
    Open,
    /// Its times do not say: ask.
    NotKnown,
    /// It is not.
    Closed,
}

/// A moment that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// What the clock at the place shows.
    Local(NaiveDateTime),
    /// A moment everywhere.
    Exact(DateTime<FixedOffset>),
}

/// How a moment is written.
const EXPECTED: &str = "expected a time such as 2026-03-02T09:30 (at the place) or 2026-03-02T09:30:00+02:00";

impl std::str::FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
            return if (1900..=2200).contains(&exact.year()) {
                Ok(Self::Exact(exact))
            } else {
                Err(EXPECTED)
            };
        }
        // Years of four digits: nobody asks for others, and a rule would be counted up to them.
        if text.len() > 19 {
            return Err(EXPECTED);
        }
        ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            .into_iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .filter(|local| (1900..=2200).contains(&local.year()))
            .map(Self::Local)
            .ok_or(EXPECTED)
    }
}

/// The times of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Hours {
    slots: Vec<Slot>,
}

impl Hours {
    /// Those of schedules; nothing when there are none.
    pub(super) fn new(slots: Vec<Slot>) -> Option<Self> {
        (!slots.is_empty()).then_some(Self { slots })
    }

    /// Whether the service is open.
    pub(super) fn at(&self, when: When) -> Open {
        let special = |days_before| -> Vec<&Slot> {
            self.slots.iter().filter(|slot| slot.is_special(when, days_before)).collect()
        };
        let (today, before) = (special(0), special(1));
        let mut all: Vec<Open> = if today.is_empty() {
            self.slots.iter().map(|slot| slot.at(when, before.is_empty())).collect()
        } else {
            today.iter().map(|slot| slot.special_at(when)).collect()
        };
        // What began the evening before goes on into the morning, whatever this day is.
        if before.is_empty() && !today.is_empty() {
            all.extend(self.slots.iter().filter_map(|slot| slot.last_night(when)));
        }
        if before.iter().any(|slot| slot.evening_before(when).is_some()) {
            all.push(Open::Open);
        }
        if all.contains(&Open::Open) {
            Open::Open
        } else if all.is_empty() || all.contains(&Open::NotKnown) {
            Open::NotKnown
        } else {
            Open::Closed
        }
    }
}
