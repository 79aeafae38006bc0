//! When an entry was last checked: here, or by its source, which gives a day (`assured_date` of HSDS: when what is said of a service was last
//! checked). Of two the later counts.
//!
//! # Decisions
//!
//! - What a source says makes an entry no better than it says: a day that is not there yet counts for nothing, and no flag goes by it.
//! - It is due after a while like what was checked here, and never stale: searches would leave out whole lists, and nobody would verify what
//!   nobody finds. How long ago it was shows in its place among others.
//! - When it changed (`last_modified`) is not when it was checked: somebody who corrects a telephone number has not looked at the rest.
//! - It lies in the columns of a verification, without a moment by which it must be verified again: nobody here said one.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveTime, TimeDelta};

use super::Freshness;
use crate::{
    directory::{
        hours,
        hsds::{Problem, Row, Severity},
    },
    kernel::Timestamp,
};

/// How long what a source checked is good.
pub(super) const SOURCE_DAYS: i64 = 90;

/// Earlier years are mistakes.
const FIRST_YEAR: i32 = 1900;

/// How many rows are named whose day is not there yet.
const MOST_NAMED: usize = 100;

const COLUMN: &str = "assured_date";

/// When an entry was last checked, and by when it must be again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::directory) struct LastCheck {
    pub(in crate::directory) at: Option<Timestamp>,
    pub(in crate::directory) by: Option<Timestamp>,
    /// Whether its source checked it, and nobody here since.
    pub(in crate::directory) is_of_source: bool,
}

impl LastCheck {
    /// By what is kept of a service.
    pub(in crate::directory) fn of(verified_at: Option<Timestamp>, verify_by: Option<Timestamp>) -> Self {
        let is_of_source = verified_at.is_some() && verify_by.is_none();
        let after = verified_at.filter(|_| is_of_source).map(|at| at.plus(TimeDelta::days(SOURCE_DAYS)));
        Self { at: verified_at, by: verify_by.or(after), is_of_source }
    }

    /// How fresh the entry is.
    pub(in crate::directory) fn freshness(self, now: Timestamp) -> Freshness {
        let (Some(_), Some(by)) = (self.at, self.by) else { return Freshness::Unverified };
        if now < by {
            Freshness::Verified
        } else if self.stale_at().is_none_or(|stale| now < stale) {
            Freshness::Due
        } else {
            Freshness::Stale
        }
    }

    /// From when on nobody should rely on it.
    pub(in crate::directory) fn stale_at(self) -> Option<Timestamp> {
        let (at, by) = self.at.zip(self.by).filter(|_| !self.is_of_source)?;
        Some(by.plus(by.since(at)))
    }
}

/// When the source of a service says that it was last checked; nothing when it says nothing that is a day by now.
pub(in crate::directory) fn assured(cells: &BTreeMap<String, String>, now: Timestamp) -> Option<Timestamp> {
    stated(cells).filter(|day| *day <= now)
}

/// Whether a source says so of a day that is not there yet.
pub(in crate::directory) fn is_ahead(cells: &BTreeMap<String, String>, now: Timestamp) -> bool {
    stated(cells).is_some_and(|day| day > now)
}

/// The beginning of the day, where it is one.
fn stated(cells: &BTreeMap<String, String>) -> Option<Timestamp> {
    let day = hours::day(cells.get(COLUMN)?)?;
    let is_likely = (FIRST_YEAR..=9999).contains(&day.year());
    is_likely.then(|| Timestamp::from_micros(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
}

/// Rows of an import whose day is not there yet.
#[derive(Debug)]
pub(in crate::directory) struct Ahead {
    now: Timestamp,
    lines: Vec<u64>,
    count: u64,
}

impl Ahead {
    /// Nothing seen yet.
    pub(in crate::directory) const fn new(now: Timestamp) -> Self {
        Self { now, lines: Vec::new(), count: 0 }
    }

    /// Looks at rows of a table.
    pub(in crate::directory) fn see(&mut self, table: &str, rows: &[Row]) {
        if table != "service" {
            return;
        }
        for row in rows.iter().filter(|row| is_ahead(&row.cells, self.now)) {
            self.count = self.count.saturating_add(1);
            if self.lines.len() < MOST_NAMED {
                self.lines.push(row.line);
            }
        }
    }

    /// What the report says of them: the first are named, and all are counted.
    pub(in crate::directory) fn problems(self) -> (u64, Vec<Problem>) {
        let problems = self.lines.into_iter().map(|line| Problem {
            severity: Severity::Warned,
            code: "assured_ahead",
            table: String::from("service"),
            line: Some(line),
            column: Some(COLUMN.to_owned()),
            what: String::from("the day on which it was last checked is not there yet; it does not count."),
            remedy: "write the day on which somebody last looked",
        });
        (self.count, problems.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_seconds(days * 86_400)
    }

    fn says(day: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(COLUMN.to_owned(), day.to_owned())])
    }

    #[test]
    fn an_entry_is_due_after_its_period_and_stale_after_twice_that() {
        let fresh = |day| LastCheck::of(Some(at(10)), Some(at(100))).freshness(at(day));
        assert_eq!(
            [fresh(99), fresh(100), fresh(189), fresh(190)],
            [Freshness::Verified, Freshness::Due, Freshness::Due, Freshness::Stale]
        );
        assert_eq!(LastCheck::of(None, Some(at(5))).freshness(at(1_000)), Freshness::Unverified);
    }

    #[test]
    fn what_a_source_checked_is_due_after_a_while_and_never_stale() {
        let checked = LastCheck::of(Some(at(10)), None);
        assert!(checked.is_of_source && checked.by == Some(at(100)) && checked.stale_at().is_none());
        let fresh = |day| checked.freshness(at(day));
        assert_eq!(
            [fresh(99), fresh(100), fresh(9_000)],
            [Freshness::Verified, Freshness::Due, Freshness::Due]
        );
        assert_eq!(LastCheck::of(None, None), LastCheck::default());
    }

    #[test]
    fn a_day_counts_from_its_beginning_and_not_before() {
        for (day, now, counts) in [
            ("1970-01-11", at(10), Some(at(10))),
            (" 1970-01-11T23:00:00Z ", at(10), Some(at(10))),
            ("1970-01-12", at(10), None),
            ("0015-01-12", at(10), None),
            ("last week", at(10), None),
            ("", at(10), None),
        ] {
            assert_eq!(assured(&says(day), now), counts, "{day}");
        }
        assert!(is_ahead(&says("1970-01-12"), at(10)) && !is_ahead(&says("1970-01-11"), at(10)));
        assert!(!is_ahead(&says("soon"), at(10)) && !is_ahead(&BTreeMap::new(), at(10)));
    }
}
