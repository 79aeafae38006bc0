//! On which days and within which hours an organisation works, in its own time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};

use crate::kernel::Timestamp;

/// The most days off a calendar names.
pub const MOST_HOLIDAYS: usize = 366;

/// The most days off a calendar names in one year: what is asked within working days is not put off for ever.
pub const MOST_HOLIDAYS_A_YEAR: usize = 60;

/// A calendar that cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The difference from UTC is not one that is in use.
    #[error("the time's difference from UTC is between -12:00 and +14:00, in quarters of an hour")]
    Offset,
    /// No day is worked on.
    #[error("somebody works on at least one day of the week")]
    NoDay,
    /// A day of the week is there more than once.
    #[error("{0} is there twice; a day has its hours once")]
    DayTwice(Weekday),
    /// A day ends before it begins.
    #[error("on {0} work ends before it begins; hours over midnight are written up to 24:00")]
    Hours(Weekday),
    /// A day off is there more than once.
    #[error("the holiday {0} is there twice")]
    HolidayTwice(NaiveDate),
    /// Too many days off altogether.
    #[error("at most {MOST_HOLIDAYS} holidays can be named; leave out those that are over")]
    TooManyHolidays,
    /// Too many days off in one year.
    #[error("at most {MOST_HOLIDAYS_A_YEAR} holidays can be named in one year; {0} has more")]
    TooManyInAYear(i32),
    /// A time of day, a date or a difference from UTC is not written as one.
    #[error(
        "{0} cannot be read; a time is written like 08:30, a date like 2026-12-25 and a difference from UTC like +02:00"
    )]
    Unreadable(&'static str),
}

/// The hours of one day, in minutes from its midnight: from the first until just before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When work begins.
    pub from: u16,
    /// When it ends; 1440 is the end of the day.
    pub to: u16,
}

impl Hours {
    /// The whole day.
    pub const ALL_DAY: Self = Self { from: 0, to: MINUTES_A_DAY };

    /// The time, or the nearest to it within the hours.
    fn nearest(self, time: TimeDelta) -> TimeDelta {
        time.max(TimeDelta::minutes(self.from.into())).min(TimeDelta::minutes(self.to.into()))
    }
}

/// When an organisation works.
///
/// What must be done within so many working days is due on that day at the time it was asked, within the hours of the day: when it was
/// asked before they begin, it is due when they begin; when it was asked after they end, when they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingCalendar {
    /// How far its time is ahead of UTC, in minutes.
    offset: i16,
    /// The hours of each day of the week, from Monday.
    week: [Option<Hours>; 7],
    holidays: BTreeSet<NaiveDate>,
}

impl WorkingCalendar {
    /// A calendar of these hours, so many minutes ahead of UTC, without these holidays.
    pub fn new(
        offset: i16,
        hours: impl IntoIterator<Item = (Weekday, Hours)>,
        holidays: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<Self, CalendarError> {
        if !(LEAST_OFFSET..=MOST_OFFSET).contains(&offset) || offset % 15 != 0 {
            return Err(CalendarError::Offset);
        }
        Ok(Self { offset, week: week(hours)?, holidays: days_off(holidays)? })
    }

    /// How far its time is ahead of UTC, in minutes.
    pub const fn offset(&self) -> i16 {
        self.offset
    }

    /// The days of the week it works on with their hours, from Monday.
    pub fn week(&self) -> impl Iterator<Item = (Weekday, Hours)> {
        WEEK.into_iter().zip(self.week).filter_map(|(day, hours)| Some((day, hours?)))
    }

    /// The days it does not work on although it would, in order.
    pub fn holidays(&self) -> impl Iterator<Item = NaiveDate> {
        self.holidays.iter().copied()
    }

    /// The hours of a day; nothing when nobody works.
    fn hours_on(&self, day: NaiveDate) -> Option<Hours> {
        if self.holidays.contains(&day) {
            return None;
        }
        self.week.get(index(day.weekday())).copied().flatten()
    }

    /// So many working days later.
    pub(super) fn after(&self, start: Timestamp, days: u16) -> Timestamp {
        let ahead = TimeDelta::minutes(self.offset.into());
        let asked = start.plus(ahead).datetime();
        let time = asked.time().signed_duration_since(NaiveTime::MIN);
        let (mut day, mut last, mut left) = (asked.date_naive(), Hours::ALL_DAY, days);
        // A week has a day of work and holidays are a finite list, so this ends; the bound is for the end of chrono's calendar.
        for _ in 0..FARTHEST_DAYS {
            if left == 0 {
                break;
            }
            let Some(next) = day.checked_add_days(Days::new(1)) else { break };
            day = next;
            if let Some(hours) = self.hours_on(day) {
                (last, left) = (hours, left - 1);
            }
        }
        let due = day.and_time(NaiveTime::MIN).and_utc() + last.nearest(time);
        Timestamp::from(due).minus(ahead)
    }
}

impl Default for WorkingCalendar {
    /// Monday to Friday, all day, in UTC: what counts for whoever has no calendar of its own.
    fn default() -> Self {
        let mut week = [Some(Hours::ALL_DAY); 7];
        for day in [Weekday::Sat, Weekday::Sun] {
            if let Some(hours) = week.get_mut(index(day)) {
                *hours = None;
            }
        }
        Self { offset: 0, week, holidays: BTreeSet::new() }
    }
}

fn week(hours: impl IntoIterator<Item = (Weekday, Hours)>) -> Result<[Option<Hours>; 7], CalendarError> {
    let mut week = [None; 7];
    for (day, hours) in hours {
        if hours.from >= hours.to || hours.to > MINUTES_A_DAY {
            return Err(CalendarError::Hours(day));
        }
        if let Some(place) = week.get_mut(index(day))
            && place.replace(hours).is_some()
        {
            return Err(CalendarError::DayTwice(day));
        }
    }
    if week.iter().all(Option::is_none) { Err(CalendarError::NoDay) } else { Ok(week) }
}

fn days_off(holidays: impl IntoIterator<Item = NaiveDate>) -> Result<BTreeSet<NaiveDate>, CalendarError> {
    let (mut days, mut years) = (BTreeSet::new(), BTreeMap::new());
    for day in holidays {
        if !days.insert(day) {
            return Err(CalendarError::HolidayTwice(day));
        }
        if days.len() > MOST_HOLIDAYS {
            return Err(CalendarError::TooManyHolidays);
        }
        let in_year: &mut usize = years.entry(day.year()).or_default();
        *in_year += 1;
        if *in_year > MOST_HOLIDAYS_A_YEAR {
            return Err(CalendarError::TooManyInAYear(day.year()));
        }
    }
    Ok(days)
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.num_days_from_monday()).unwrap_or_default()
}

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

const MINUTES_A_DAY: u16 = 24 * 60;
const LEAST_OFFSET: i16 = -12 * 60;
const MOST_OFFSET: i16 = 14 * 60;
const FARTHEST_DAYS: u16 = 3_660;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(days: &[Weekday], hours: Hours) -> Vec<(Weekday, Hours)> {
        days.iter().map(|day| (*day, hours)).collect()
    }

    const OFFICE: Hours = Hours { from: 8 * 60, to: 17 * 60 };
    const FIVE: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

    #[test]
    fn working_days_step_over_weekends_and_holidays() {
        let friday = at("2026-03-06T15:30:00Z");
        assert_eq!(WorkingCalendar::default().after(friday, 3), at("2026-03-11T15:30:00Z"));
        assert_eq!(WorkingCalendar::default().after(friday, 0), friday);
        let holiday = WorkingCalendar::new(0, days(&FIVE, Hours::ALL_DAY), [date("2026-03-09")]).unwrap();
        assert_eq!(holiday.after(friday, 3), at("2026-03-12T15:30:00Z"));
        let from_sunday = [Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu];
        let from_sunday = WorkingCalendar::new(0, days(&from_sunday, Hours::ALL_DAY), []).unwrap();
        assert_eq!(from_sunday.after(friday, 1), at("2026-03-08T15:30:00Z"));
    }

    #[test]
    fn days_are_those_of_the_organisation_s_own_time() {
        let late_thursday = at("2026-03-05T22:30:00Z");
        let ahead = WorkingCalendar::new(120, days(&FIVE, Hours::ALL_DAY), []).unwrap();
        assert_eq!(ahead.after(late_thursday, 1), at("2026-03-08T22:30:00Z"), "it is Friday there already");
        assert_eq!(WorkingCalendar::default().after(late_thursday, 1), at("2026-03-06T22:30:00Z"));
        let behind = WorkingCalendar::new(-300, days(&FIVE, Hours::ALL_DAY), []).unwrap();
        assert_eq!(
            behind.after(at("2026-03-07T03:00:00Z"), 1),
            at("2026-03-10T03:00:00Z"),
            "Friday night there"
        );
    }

    #[test]
    fn what_is_due_is_due_within_the_hours_of_its_day() {
        let mut hours = days(&FIVE[..4], OFFICE);
        hours.push((Weekday::Fri, Hours { from: 9 * 60, to: 12 * 60 }));
        let office = WorkingCalendar::new(0, hours, []).unwrap();
        for (asked, due) in [
            ("2026-03-02T10:15:00Z", "2026-03-03T10:15:00Z"),
            ("2026-03-02T05:00:00Z", "2026-03-03T08:00:00Z"),
            ("2026-03-02T23:00:00Z", "2026-03-03T17:00:00Z"),
            ("2026-03-05T16:00:00Z", "2026-03-06T12:00:00Z"),
            ("2026-03-07T20:00:00Z", "2026-03-09T17:00:00Z"),
        ] {
            assert_eq!(office.after(at(asked), 1), at(due), "{asked}");
        }
    }

    #[test]
    fn a_calendar_has_limits() {
        let whole = || days(&FIVE, OFFICE);
        let refused = |offset, hours, holidays: Vec<NaiveDate>| {
            WorkingCalendar::new(offset, hours, holidays).unwrap_err()
        };
        for offset in [-735, 855, 7] {
            assert_eq!(refused(offset, whole(), vec![]), CalendarError::Offset);
        }
        assert_eq!(refused(0, vec![], vec![]), CalendarError::NoDay);
        assert_eq!(
            refused(0, days(&[Weekday::Mon; 2], OFFICE), vec![]),
            CalendarError::DayTwice(Weekday::Mon)
        );
        for (from, to) in [(60, 60), (120, 60), (0, 1_441)] {
            let hours = days(&[Weekday::Tue], Hours { from, to });
            assert_eq!(refused(0, hours, vec![]), CalendarError::Hours(Weekday::Tue));
        }
        let day = date("2026-01-01");
        assert_eq!(refused(0, whole(), vec![day, day]), CalendarError::HolidayTwice(day));
        let year = |year: i32, n: u64| {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            (0..n).map(move |day| first + Days::new(day))
        };
        assert_eq!(refused(0, whole(), year(2026, 61).collect()), CalendarError::TooManyInAYear(2026));
        let seven_years: Vec<_> = (2026..2033).flat_map(|one| year(one, 60)).collect();
        assert_eq!(refused(0, whole(), seven_years.clone()), CalendarError::TooManyHolidays);
        WorkingCalendar::new(0, whole(), seven_years.into_iter().take(MOST_HOLIDAYS)).unwrap();
    }
}
