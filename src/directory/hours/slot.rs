//! One row of `schedule`.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use rrule::{RRule, Unvalidated};
use serde::{Deserialize, Serialize};

use super::{Open, When};

/// How many days before the day asked for a rule may begin that counts from its beginning: a list that says it began in the year 1
/// would have every search count through all of them.
const COUNTED_DAYS: u64 = 36_525;

/// How many days before the day asked for a rule begins that may begin anywhere: more than the longest month.
const NEAR_DAYS: u64 = 70;

/// When a rule begins that says nothing of it.
const LONG_AGO: NaiveDate = match NaiveDate::from_ymd_opt(2001, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// When a service is open, as one schedule says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::directory) struct Slot {
    /// The days, as a rule of RFC 5545; nothing when the schedule says none that can be understood.
    rule: Option<String>,
    /// Whether the rule counts from its beginning: every second week, ten times.
    counts: bool,
    begins: Option<NaiveDate>,
    until: Option<NaiveDate>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    opens: Option<NaiveTime>,
    /// Midnight is the end of the day.
    closes: Option<NaiveTime>,
    zone: Option<Zone>,
    /// Days on which it does not hold.
    except: Vec<NaiveDate>,
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Zone {
    /// So many seconds east of UTC, the year round.
    Offset(i32),
    /// A zone of the IANA database.
    Named(chrono_tz::Tz),
}

impl Slot {
    /// What the cells of a schedule say. `zone` is that of the place, where it is known.
    pub(in crate::directory) fn of_cells(cells: &BTreeMap<String, String>, zone: Option<&str>) -> Self {
        let cell = |column: &str| cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        if cell("on_request") == Some("yes") {
            let [until, to] = ["until", "valid_to"].map(|last| cell(last).and_then(day));
            return Self { until, to, ..Self::default() };
        }
        let begins = cell("dtstart").and_then(day);
        let counts = cell("interval").is_some_and(|every| every != "1") || cell("count").is_some();
        let asked = cell("timezone").or(zone).or_else(|| cell("opens_at").and_then(suffix));
        Self {
            // What is counted from a beginning that nobody says is not known.
            rule: rule(cells, begins).filter(|_| !counts || begins.is_some()),
            counts,
            begins,
            until: cell("until").and_then(day),
            from: cell("valid_from").and_then(day),
            to: cell("valid_to").and_then(day),
            opens: cell("opens_at").and_then(time),
            closes: cell("closes_at").and_then(time).map(whole),
            zone: asked.and_then(Zone::read),
            except: cell("exceptions").into_iter().flat_map(|days| days.split(',')).filter_map(day).collect(),
        }
    }

    /// Whether it is open then, as far as this schedule says; of what began the evening before, only when that counts.
    pub(super) fn at(&self, when: When, last_night_counts: bool) -> Open {
        let Some(local) = self.clock(when) else { return Open::NotKnown };
        let (today, time) = (local.date(), local.time());
        let (Some(opens), Some(closes)) = (self.opens, self.closes) else {
            return self.all_day(today);
        };
        let mut answers = Vec::new();
        if time >= opens && (closes <= opens || time < closes) {
            answers.push(self.holds_on(today));
        }
        if let Some(yesterday) = self.evening_before(when).filter(|_| last_night_counts) {
            answers.push(self.holds_on(yesterday));
        }
        match answers.as_slice() {
            [] if self.rule.is_none() => self.all_day(today),
            answers if answers.contains(&Some(true)) => Open::Open,
            answers if answers.contains(&None) => Open::NotKnown,
            _ => Open::Closed,
        }
    }

    /// Whether no day on which it holds is still to come, as far as it says.
    pub(in crate::directory) fn is_over(&self, today: NaiveDate) -> bool {
        let has_passed = |last: NaiveDate| today > last;
        if [self.to, self.until].into_iter().flatten().any(has_passed) {
            return true;
        }
        // A rule that counts may have counted to its end.
        let Some(begins) = self.begins.filter(|_| self.counts) else { return false };
        let is_countable =
            today.checked_sub_days(Days::new(COUNTED_DAYS)).is_none_or(|early| begins >= early);
        let left = self.days_of(begins, today).filter(|_| is_countable);
        left.is_some_and(|left| left.all(1).dates.is_empty())
    }

    /// The days of the rule from a day on, when it begins on another.
    fn days_of(&self, begins: NaiveDate, from: NaiveDate) -> Option<rrule::RRuleSet> {
        let rule: RRule<Unvalidated> = self.rule.as_ref()?.parse().ok()?;
        Some(rule.build(midnight(begins)?).ok()?.after(midnight(from)?))
    }

    /// The day before, when this is the morning in which what began then may still be open.
    pub(super) fn evening_before(&self, when: When) -> Option<NaiveDate> {
        let (local, (opens, closes)) = (self.clock(when)?, self.opens.zip(self.closes)?);
        let is_late = closes <= opens && local.time() < closes;
        local.date().checked_sub_days(Days::new(1)).filter(|_| is_late)
    }

    /// Whether it is still open from the evening before; nothing when it is not.
    pub(super) fn last_night(&self, when: When) -> Option<Open> {
        match self.holds_on(self.evening_before(when)?) {
            Some(true) => Some(Open::Open),
            None => Some(Open::NotKnown),
            Some(false) => None,
        }
    }

    /// Whether this is what holds so many days before in the place of everything else, such as on holidays: days from one to another and no
    /// rule. It may have times, or say in words that it is closed.
    pub(super) fn is_special(&self, when: When, days_before: u64) -> bool {
        let local = self.clock(when).map(|local| local.date());
        let Some(day) = local.and_then(|day| day.checked_sub_days(Days::new(days_before))) else {
            return false;
        };
        let Some((from, to)) = self.from.zip(self.to) else { return false };
        self.rule.is_none() && (from..=to).contains(&day)
    }

    /// Whether it is open then, on a day on which it holds in the place of everything else.
    pub(super) fn special_at(&self, when: When) -> Open {
        let Some(time) = self.clock(when).map(|local| local.time()) else { return Open::NotKnown };
        match (self.opens, self.closes) {
            (Some(opens), Some(closes)) if time >= opens && (closes <= opens || time < closes) => Open::Open,
            (Some(_), Some(_)) => Open::Closed,
            _ => Open::NotKnown,
        }
    }

    /// What the clock at the place shows; nothing when nobody knows.
    fn clock(&self, when: When) -> Option<NaiveDateTime> {
        match (when, self.zone) {
            (When::Local(local), _) => Some(local),
            (When::Exact(moment), Some(zone)) => Some(zone.clock(&moment)),
            (When::Exact(_), None) => None,
        }
    }

    /// Without times: closed on other days, and on its own nobody knows from when to when.
    fn all_day(&self, today: NaiveDate) -> Open {
        match self.holds_on(today) {
            Some(false) => Open::Closed,
            Some(true) | None => Open::NotKnown,
        }
    }

    /// Whether the schedule holds on a day; nothing when it does not say.
    fn holds_on(&self, day: NaiveDate) -> Option<bool> {
        let is_over = [self.to, self.until].into_iter().flatten().any(|last| day > last);
        let is_early = [self.from, self.begins].into_iter().flatten().any(|first| day < first);
        if is_over || is_early || self.except.contains(&day) {
            return Some(false);
        }
        let begins = self.begins.unwrap_or(LONG_AGO);
        if self.counts && day.checked_sub_days(Days::new(COUNTED_DAYS)).is_some_and(|early| begins < early) {
            return None;
        }
        let near = day.checked_sub_days(Days::new(NEAR_DAYS)).unwrap_or(day);
        let begins = if self.counts { begins } else { begins.max(near) };
        let next = midnight(day.checked_add_days(Days::new(1))?)?;
        let found = self.days_of(begins, day)?.before(next).all(2);
        Some(found.dates.iter().any(|found| found.date_naive() == day))
    }
}

fn midnight(day: NaiveDate) -> Option<chrono::DateTime<rrule::Tz>> {
    rrule::Tz::UTC.from_local_datetime(&day.and_time(NaiveTime::MIN)).single()
}

/// The days of a schedule as a rule. What follows from its first day is written out, so that the rule may begin anywhere.
fn rule(cells: &BTreeMap<String, String>, begins: Option<NaiveDate>) -> Option<String> {
    let cell = |column: &str| cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
    let days = cell("byday").map(|days| days.to_uppercase().replace(' ', ""));
    let dates = cell("bymonthday").map(|dates| dates.replace(' ', ""));
    let freq = cell("freq").map(str::to_uppercase);
    let freq = freq.or_else(|| days.is_some().then(|| String::from("WEEKLY")))?;
    let (days, dates) = match (freq.as_str(), days, dates) {
        ("WEEKLY", None, None) => (Some(two_letters(begins?)), None),
        ("MONTHLY", None, None) if cell("byyearday").is_none() => (None, Some(begins?.day().to_string())),
        (_, days, dates) => (days, dates),
    };
    let mut parts = vec![format!("FREQ={freq}")];
    let mut put =
        |name: &str, value: Option<String>| parts.extend(value.map(|value| format!("{name}={value}")));
    put("BYDAY", days);
    put("BYMONTHDAY", dates);
    put("BYYEARDAY", cell("byyearday").map(str::to_owned));
    put("BYWEEKNO", cell("byweekno").map(str::to_owned));
    put("INTERVAL", cell("interval").map(str::to_owned));
    put("COUNT", cell("count").map(str::to_owned));
    put("WKST", cell("wkst").map(str::to_uppercase));
    if let Some(until) = cell("until") {
        // Its last day is looked at beside the rule, which may begin anywhere. One that is no day is not understood.
        day(until)?;
    }
    let rule = parts.join(";");
    // What the library does not take is not known, and not asked again.
    let known: RRule<Unvalidated> = rule.parse().ok()?;
    known.build(midnight(begins.unwrap_or(LONG_AGO))?).ok().map(|_| rule)
}

fn two_letters(day: NaiveDate) -> String {
    day.weekday().to_string().chars().take(2).collect::<String>().to_uppercase()
}

/// A day, whatever is said behind it.
pub(in crate::directory) fn day(text: &str) -> Option<NaiveDate> {
    text.trim().get(..10)?.parse().ok()
}

/// A time of day, whatever is said behind it.
fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.get(..5)?, "%H:%M").ok()
}

/// A minute before midnight is how HSDS writes the end of the day.
fn whole(closes: NaiveTime) -> NaiveTime {
    if NaiveTime::from_hms_opt(23, 59, 0) == Some(closes) { NaiveTime::MIN } else { closes }
}

/// The offset that stands behind a time. A lone Z is what machines put there.
fn suffix(opens: &str) -> Option<&str> {
    let at = opens.find(['+', '-'])?;
    opens.get(at..)
}

impl Zone {
    /// A zone's name, or hours east of UTC.
    fn read(text: &str) -> Option<Self> {
        if let Ok(zone) = text.parse() {
            return Some(Self::Named(zone));
        }
        let text = text.trim_start_matches("UTC").trim_start_matches("GMT");
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.trim_start_matches('+')),
        };
        let (hours, minutes) = digits.split_once([':', '.']).unwrap_or((digits, "0"));
        let minutes = if digits.contains('.') {
            if minutes.starts_with('5') { 30 } else { 0 }
        } else {
            minutes.parse().ok()?
        };
        let seconds: i32 =
            hours.parse::<i32>().ok()?.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?;
        (seconds <= 14 * 3_600).then(|| Self::Offset(sign * seconds))
    }

    /// What a clock shows at a moment.
    fn clock(self, moment: &chrono::DateTime<FixedOffset>) -> NaiveDateTime {
        match self {
            Self::Offset(seconds) => moment.naive_utc() + chrono::TimeDelta::seconds(i64::from(seconds)),
            Self::Named(zone) => moment.with_timezone(&zone).naive_local(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::hours::Hours;

    fn slot(cells: &[(&str, &str)]) -> Slot {
        let cells = cells.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect();
        Slot::of_cells(&cells, None)
    }

    fn at(slot: &Slot, when: &str) -> Open {
        slot.at(when.parse().unwrap(), true)
    }

    const OFFICE: &[(&str, &str)] =
        &[("freq", "WEEKLY"), ("byday", "MO,TU,WE,TH"), ("opens_at", "08:00"), ("closes_at", "17:00")];

    #[test]
    fn it_is_open_from_its_first_minute_to_its_last_on_its_days() {
        let office = slot(OFFICE);
        for (when, open) in [
            // 2 March 2026 is a Monday.
            ("2026-03-02T07:59", Open::Closed),
            ("2026-03-02T08:00", Open::Open),
            ("2026-03-02T16:59:59", Open::Open),
            ("2026-03-02T17:00", Open::Closed),
            ("2026-03-06T10:00", Open::Closed),
            ("2026-03-01 10:00", Open::Closed),
        ] {
            assert_eq!(at(&office, when), open, "{when}");
        }
        let friday_and_saturday_off =
            slot(&[("byday", "SU,MO,TU,WE,TH"), ("opens_at", "08:00:00"), ("closes_at", "14:00:00")]);
        assert_eq!(
            at(&friday_and_saturday_off, "2026-03-01T09:00"),
            Open::Open,
            "weekly when only days are said"
        );
        assert_eq!(at(&friday_and_saturday_off, "2026-03-06T09:00"), Open::Closed);
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began_on() {
        let night =
            slot(&[("freq", "WEEKLY"), ("byday", "FR"), ("opens_at", "20:00"), ("closes_at", "06:00")]);
        for (when, open) in [
            ("2026-03-06T05:00", Open::Closed),
            ("2026-03-06T21:00", Open::Open),
            ("2026-03-07T05:59", Open::Open),
            ("2026-03-07T06:00", Open::Closed),
            ("2026-03-07T21:00", Open::Closed),
        ] {
            assert_eq!(at(&night, when), open, "{when}");
        }
        let always =
            slot(&[("freq", "WEEKLY"), ("byday", "MO"), ("opens_at", "00:00"), ("closes_at", "23:59")]);
        assert_eq!(at(&always, "2026-03-02T23:59:30"), Open::Open, "to the end of the day");
        assert_eq!(at(&always, "2026-03-03T00:00"), Open::Closed);
    }

    const FIRST_SATURDAYS: &[(&str, &str)] =
        &[("freq", "MONTHLY"), ("byday", "1SA"), ("dtstart", "2026-07-04"), ("until", "2026-11-07")];

    const EVERY_SECOND_WEEK: &[(&str, &str)] =
        &[("freq", "WEEKLY"), ("interval", "2"), ("byday", "TU,SU"), ("dtstart", "1997-08-05")];

    #[test]
    fn between_two_ranges_of_a_day_it_is_closed_and_behind_their_last_day_too() {
        let range = |opens, closes| {
            let days = [
                ("freq", "WEEKLY"),
                ("byday", "MO,TU,WE,TH"),
                ("valid_from", "2026-03-02"),
                ("valid_to", "2026-06-30"),
            ];
            slot(&[&days[..], &[("opens_at", opens), ("closes_at", closes)]].concat())
        };
        let hours = Hours::new(vec![range("09:00", "12:00"), range("15:00", "17:00")]).unwrap();
        for (when, open) in [
            ("2026-06-30T08:59", Open::Closed),
            ("2026-06-30T10:00", Open::Open),
            ("2026-06-30T12:00", Open::Closed),
            ("2026-06-30T13:00", Open::Closed),
            ("2026-06-30T16:00", Open::Open),
            ("2026-06-30T17:00", Open::Closed),
            ("2026-07-01T10:00", Open::Closed),
            ("2026-07-02T16:00", Open::Closed),
            ("2026-06-26T10:00", Open::Closed),
        ] {
            assert_eq!(hours.at(when.parse().unwrap()), open, "{when}");
        }
    }

    #[test]
    fn what_is_open_all_day_on_every_day_is_never_closed() {
        let always = slot(&[
            ("freq", "WEEKLY"),
            ("byday", "MO,TU,WE,TH,FR,SA,SU"),
            ("opens_at", "00:00"),
            ("closes_at", "23:59"),
        ]);
        for when in ["2026-03-02T00:00", "2026-03-02T23:59:59", "2026-03-07T12:00", "2026-03-08T23:59"] {
            assert_eq!(at(&always, when), Open::Open, "{when}");
        }
    }

    #[test]
    fn a_night_in_which_clocks_change_ends_when_the_clock_shows_its_end() {
        let night = slot(&[
            ("freq", "WEEKLY"),
            ("byday", "SA"),
            ("opens_at", "22:00"),
            ("closes_at", "06:00"),
            ("timezone", "Europe/Paris"),
        ]);
        for (when, open) in [
            // On 29 March 2026 no clock there shows two o'clock.
            ("2026-03-28T20:59:00Z", Open::Closed),
            ("2026-03-28T21:00:00Z", Open::Open),
            ("2026-03-29T00:59:00Z", Open::Open),
            ("2026-03-29T01:00:00Z", Open::Open),
            ("2026-03-29T03:59:00Z", Open::Open),
            ("2026-03-29T04:00:00Z", Open::Closed),
            // On 25 October it is half past two twice.
            ("2026-10-24T19:59:00Z", Open::Closed),
            ("2026-10-24T20:00:00Z", Open::Open),
            ("2026-10-25T00:30:00Z", Open::Open),
            ("2026-10-25T01:30:00Z", Open::Open),
            ("2026-10-25T04:59:00Z", Open::Open),
            ("2026-10-25T05:00:00Z", Open::Closed),
        ] {
            assert_eq!(at(&night, when), open, "{when}");
        }
    }

    #[test]
    fn rules_mean_the_days_that_calendars_say() {
        let hours: &[(&str, &str)] = &[("opens_at", "09:00"), ("closes_at", "12:00")];
        for (rule, open, closed) in [
            // The first and the third Tuesday.
            (&[("freq", "MONTHLY"), ("byday", "1TU,3TU")][..], "2026-03-17", "2026-03-10"),
            (&[("freq", "MONTHLY"), ("byday", "-1FR")], "2026-03-27", "2026-03-20"),
            (&[("freq", "MONTHLY"), ("bymonthday", "15")], "2026-03-15", "2026-03-16"),
            (&[("freq", "MONTHLY"), ("bymonthday", "31")], "2026-03-31", "2026-04-30"),
            (&[("freq", "MONTHLY"), ("dtstart", "2020-05-06")], "2026-03-06", "2026-03-05"),
            (&[("freq", "WEEKLY"), ("dtstart", "2020-05-06")], "2026-03-04", "2026-03-05"),
            // Every second Wednesday from 7 January 2026.
            (
                &[("freq", "WEEKLY"), ("interval", "2"), ("dtstart", "2026-01-07"), ("byday", "WE")],
                "2026-03-04",
                "2026-03-11",
            ),
            (
                &[("freq", "WEEKLY"), ("count", "3"), ("dtstart", "2026-03-02"), ("byday", "MO")],
                "2026-03-16",
                "2026-03-23",
            ),
            (&[("freq", "WEEKLY"), ("until", "2026-03-16"), ("byday", "MO")], "2026-03-16", "2026-03-23"),
            (&[("freq", "WEEKLY"), ("until", "2026-03-16"), ("byday", "MO")], "2026-03-16", "2027-11-01"),
            (&[("freq", "WEEKLY"), ("dtstart", "0001-01-01"), ("byday", "MO")], "2026-03-16", "2026-03-17"),
            (&[("freq", "WEEKLY"), ("dtstart", "2026-03-09"), ("byday", "MO")], "2026-03-09", "2026-03-02"),
            (
                &[("freq", "WEEKLY"), ("valid_from", "2026-03-09"), ("byday", "MO")],
                "2026-03-09",
                "2026-03-02",
            ),
            (&[("freq", "WEEKLY"), ("valid_to", "2026-03-09"), ("byday", "MO")], "2026-03-09", "2026-03-16"),
            (
                &[("freq", "WEEKLY"), ("exceptions", "2026-03-16, 2026-04-06"), ("byday", "MO")],
                "2026-03-09",
                "2026-03-16",
            ),
            // The first Saturday of July to November.
            (FIRST_SATURDAYS, "2026-07-04", "2026-06-06"),
            (FIRST_SATURDAYS, "2026-11-07", "2026-12-05"),
            (FIRST_SATURDAYS, "2026-09-05", "2026-09-12"),
            // The 75th day of a year, and the Monday of its twelfth week.
            (&[("freq", "YEARLY"), ("byyearday", "75")], "2026-03-16", "2026-03-17"),
            (&[("freq", "YEARLY"), ("byyearday", "75")], "2028-03-15", "2028-03-16"),
            (&[("freq", "YEARLY"), ("byweekno", "12"), ("byday", "MO")], "2026-03-16", "2026-03-23"),
            // Where a week begins decides which Sunday is in the same one (RFC 5545, 3.8.5.3).
            (&[EVERY_SECOND_WEEK, &[("wkst", "MO")]].concat(), "1997-08-10", "1997-08-17"),
            (&[EVERY_SECOND_WEEK, &[("wkst", "su")]].concat(), "1997-08-17", "1997-08-10"),
        ] {
            let slot = slot(&[rule, hours].concat());
            assert_eq!(at(&slot, &format!("{open}T10:00")), Open::Open, "{rule:?} {open}");
            assert_eq!(at(&slot, &format!("{closed}T10:00")), Open::Closed, "{rule:?} {closed}");
        }
    }

    #[test]
    fn it_is_over_when_no_day_of_it_is_to_come() {
        let monday: &[(&str, &str)] = &[("freq", "WEEKLY"), ("byday", "MO"), ("dtstart", "2026-03-02")];
        for (rule, last) in [
            (&[("count", "3")][..], "2026-03-16"),
            (&[("until", "2026-03-18")], "2026-03-18"),
            (&[("valid_to", "2026-03-18")], "2026-03-18"),
            (&[("valid_to", "2026-03-18"), ("on_request", "yes")], "2026-03-18"),
        ] {
            let slot = slot(&[rule, monday].concat());
            let last: NaiveDate = last.parse().unwrap();
            assert!(!slot.is_over(last), "{rule:?}");
            assert!(slot.is_over(last.succ_opt().unwrap()), "{rule:?}");
        }
        for rule in [&[][..], &[("interval", "2")], &[("count", "3"), ("byday", "Montag")]] {
            assert!(!slot(&[monday, rule].concat()).is_over("2096-03-02".parse().unwrap()), "{rule:?}");
        }
    }

    #[test]
    fn nobody_counts_from_the_year_one() {
        let hours: &[(&str, &str)] = &[
            ("freq", "WEEKLY"),
            ("byday", "MO"),
            ("interval", "2"),
            ("opens_at", "09:00"),
            ("closes_at", "12:00"),
        ];
        let counted = slot(&[&[("dtstart", "0001-01-01")], hours].concat());
        assert_eq!(at(&counted, "2026-03-16T10:00"), Open::NotKnown);
    }

    #[test]
    fn a_night_goes_on_into_the_morning_before_and_behind_special_days() {
        const NIGHTS: &[(&str, &str)] = &[
            ("freq", "WEEKLY"),
            ("byday", "MO,TU,WE,TH,FR,SA,SU"),
            ("opens_at", "22:00"),
            ("closes_at", "05:00"),
        ];
        let days: &[(&str, &str)] = &[("valid_from", "2026-12-24"), ("valid_to", "2026-12-26")];
        let with =
            |times: &[(&str, &str)]| Hours::new(vec![slot(NIGHTS), slot(&[days, times].concat())]).unwrap();
        let longer = with(&[("opens_at", "20:00"), ("closes_at", "06:00")]);
        let shorter = with(&[("opens_at", "20:00"), ("closes_at", "23:00")]);
        for (when, by_longer, by_shorter) in [
            ("2026-12-24T02:00", Open::Open, Open::Open),
            ("2026-12-24T05:30", Open::Closed, Open::Closed),
            ("2026-12-24T21:00", Open::Open, Open::Open),
            ("2026-12-25T02:00", Open::Open, Open::Closed),
            ("2026-12-25T05:30", Open::Open, Open::Closed),
            ("2026-12-25T12:00", Open::Closed, Open::Closed),
            ("2026-12-27T02:00", Open::Open, Open::Closed),
            ("2026-12-27T05:30", Open::Open, Open::Closed),
            ("2026-12-27T23:00", Open::Open, Open::Open),
            ("2026-12-28T02:00", Open::Open, Open::Open),
        ] {
            assert_eq!(longer.at(when.parse().unwrap()), by_longer, "longer, {when}");
            assert_eq!(shorter.at(when.parse().unwrap()), by_shorter, "shorter, {when}");
        }
    }

    #[test]
    fn what_holds_on_some_days_holds_in_the_place_of_everything_else() {
        let days: &[(&str, &str)] = &[("valid_from", "2026-03-02"), ("valid_to", "2026-03-03")];
        let with = |special: &[(&str, &str)]| {
            Hours::new(vec![slot(OFFICE), slot(&[days, special].concat())]).unwrap()
        };
        let closed = with(&[("description", "Closed")]);
        let short = with(&[("opens_at", "08:00"), ("closes_at", "09:00")]);
        for (hours, when, open) in [
            (&closed, "2026-03-02T10:00", Open::NotKnown),
            (&closed, "2026-03-04T10:00", Open::Open),
            (&closed, "2026-03-04T20:00", Open::Closed),
            (&short, "2026-03-02T08:30", Open::Open),
            (&short, "2026-03-02T10:00", Open::Closed),
            (&short, "2026-03-04T10:00", Open::Open),
        ] {
            assert_eq!(hours.at(when.parse().unwrap()), open, "{when}");
        }
    }

    #[test]
    fn what_is_not_said_is_not_closed() {
        for cells in [
            &[("description", "Mornings")][..],
            &[
                ("freq", "WEEKLY"),
                ("byday", "MO"),
                ("on_request", "yes"),
                ("opens_at", "08:00"),
                ("closes_at", "09:00"),
            ],
            &[("freq", "WEEKLY"), ("byday", "Montag"), ("opens_at", "08:00"), ("closes_at", "09:00")],
            &[
                ("freq", "WEEKLY"),
                ("interval", "2"),
                ("byday", "MO"),
                ("opens_at", "08:00"),
                ("closes_at", "09:00"),
            ],
            &[("freq", "WEEKLY"), ("byday", "MO"), ("opens_at", "early"), ("closes_at", "09:00")],
        ] {
            assert_eq!(at(&slot(cells), "2026-03-02T08:30"), Open::NotKnown, "{cells:?}");
        }
        let days_only = slot(&[("freq", "WEEKLY"), ("byday", "MO")]);
        assert_eq!(at(&days_only, "2026-03-02T08:30"), Open::NotKnown);
        assert_eq!(at(&days_only, "2026-03-03T08:30"), Open::Closed);
        assert_eq!(at(&slot(OFFICE), "2026-03-02T08:30:00Z"), Open::NotKnown, "nobody says which clock");
    }

    #[test]
    fn a_moment_is_what_the_clock_at_the_place_shows_also_when_clocks_change() {
        let zoned = |zone: &str| {
            let mut cells: BTreeMap<String, String> =
                OFFICE.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect();
            cells.insert("timezone".to_owned(), zone.to_owned());
            cells.insert("byday".to_owned(), "SU,MO".to_owned());
            Slot::of_cells(&cells, None)
        };
        // On 29 March 2026 Paris goes from UTC+1 to UTC+2.
        let paris = zoned("Europe/Paris");
        for (when, open) in [
            ("2026-03-22T07:00:00Z", Open::Open),
            ("2026-03-29T06:00:00Z", Open::Open),
            ("2026-03-29T05:59:00Z", Open::Closed),
            ("2026-03-29T17:00:00+02:00", Open::Closed),
            ("2026-10-25T07:30:00Z", Open::Open),
        ] {
            assert_eq!(at(&paris, when), open, "{when}");
        }
        for zone in ["2", "+02:00", "UTC+2", "2.0"] {
            assert_eq!(at(&zoned(zone), "2026-03-02T06:00:00Z"), Open::Open, "{zone}");
            assert_eq!(at(&zoned(zone), "2026-03-02T05:59:00Z"), Open::Closed, "{zone}");
        }
        assert_eq!(at(&zoned("5.5"), "2026-03-02T02:30:00Z"), Open::Open);
        assert_eq!(at(&zoned("-04:00"), "2026-03-02T12:00:00Z"), Open::Open);
        for zone in ["nowhere", "99", "+2h"] {
            assert_eq!(at(&zoned(zone), "2026-03-02T06:00:00Z"), Open::NotKnown, "{zone}");
        }
    }
}
