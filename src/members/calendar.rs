//! Say when an organisation works: the clocks of referrals to it that run in working days follow that.

use std::sync::Arc;

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::{MemberError, Organisation, client::may_manage, organisation::words, store};
use crate::{
    access::{Actor, Permission, Tx},
    kernel::id::OrganisationId,
    policy::{CalendarError, Hours, WorkingCalendar},
    storage::{Db, StorageError},
};
words! {
    /// A day of the week.
    Day {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
}

/// A calendar as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// How far the organisation's time is ahead of UTC, in quarters of an hour. It does not change with the season: write the one that
    /// lets fewer days pass.
    #[schema(example = "+02:00", max_length = 6)]
    pub utc_offset: String,
    /// The days of the week on which somebody works, each once.
    #[schema(min_items = 1, max_items = 7)]
    pub week: Vec<WorkingDay>,
    /// Days of the year on which nobody works, at most 60 in one year and 366 altogether.
    #[serde(default)]
    #[schema(max_items = 366, example = json!(["2026-12-25"]))]
    pub holidays: Vec<String>,
}

/// The hours of a day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkingDay {
    /// The day.
    pub day: Day,
    /// When work begins.
    #[schema(example = "08:00", max_length = 5)]
    pub from: String,
    /// When it ends, up to 24:00.
    #[schema(example = "17:00", max_length = 5)]
    pub to: String,
}

/// The calendar that counts for an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CalendarView {
    /// The organisation.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// Whether the organisation said so itself. Before it does, Monday to Friday counts, in UTC.
    pub own: bool,
    /// When it works.
    pub calendar: Calendar,
    /// Counts the changes of the organisation.
    pub version: i64,
}

/// Whose calendar, seen at which version, and what it is from now on.
#[derive(Clone, Debug)]
pub struct SetCalendar {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The version the caller saw.
    pub version: i64,
    /// When it works.
    pub calendar: Calendar,
}

/// Says when an organisation works. Its administrator may, and whoever enrols members. Referrals that are under way keep the moments they
/// were given.
pub fn set_calendar(tx: &mut Tx<'_>, cmd: &SetCalendar) -> Result<CalendarView, MemberError> {
    may_manage(tx.actor(), cmd.organisation)?;
    let was = store::organisation(tx.db(), cmd.organisation)?;
    let calendar = cmd.calendar.read()?;
    store::set_calendar(tx, &was, cmd.version, &Calendar::of(&calendar))?;
    let version = was.version.saturating_add(1);
    Ok(view(&Organisation { calendar: Some(Arc::new(calendar)), version, ..was }))
}

/// When an organisation works. Members may see it of each other: it says when an answer can be expected.
pub fn find_calendar(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
) -> Result<CalendarView, MemberError> {
    actor.may(Permission::ReadDirectory)?;
    Ok(view(&store::organisation(db, organisation)?))
}

fn view(organisation: &Organisation) -> CalendarView {
    CalendarView {
        organisation: organisation.id,
        own: organisation.calendar.is_some(),
        calendar: organisation
            .calendar
            .as_deref()
            .map_or_else(|| Calendar::of(&WorkingCalendar::default()), Calendar::of),
        version: organisation.version,
    }
}

impl Calendar {
    /// What it says, when that can be worked with.
    pub fn read(&self) -> Result<WorkingCalendar, CalendarError> {
        let offset = offset_of(&self.utc_offset).ok_or(CalendarError::Unreadable("utc_offset"))?;
        let hours = |day: &WorkingDay| {
            let from = minutes(&day.from).ok_or(CalendarError::Unreadable("from"))?;
            let to = minutes(&day.to).ok_or(CalendarError::Unreadable("to"))?;
            Ok((Weekday::from(day.day), Hours { from, to }))
        };
        let week = self.week.iter().map(hours).collect::<Result<Vec<_>, CalendarError>>()?;
        let holiday = |day: &String| date(day).ok_or(CalendarError::Unreadable("a holiday"));
        let holidays = self.holidays.iter().map(holiday).collect::<Result<Vec<_>, _>>()?;
        WorkingCalendar::new(offset, week, holidays)
    }

    /// As it is written.
    pub fn of(calendar: &WorkingCalendar) -> Self {
        let offset = calendar.offset();
        let (sign, ahead) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
        Self {
            utc_offset: format!("{sign}{}", clock(ahead)),
            week: calendar
                .week()
                .map(|(day, hours)| WorkingDay {
                    day: day.into(),
                    from: clock(hours.from),
                    to: clock(hours.to),
                })
                .collect(),
            holidays: calendar.holidays().map(|day| day.to_string()).collect(),
        }
    }

    /// As it is kept.
    pub(super) fn kept(&self) -> Result<String, StorageError> {
        serde_json::to_string(self).map_err(|_ignored| StorageError::Unreadable("organisations.calendar"))
    }

    /// What was kept.
    pub(super) fn from_kept(text: &str) -> Result<WorkingCalendar, StorageError> {
        let unreadable = || StorageError::Unreadable("organisations.calendar");
        let written: Self = serde_json::from_str(text).map_err(|_ignored| unreadable())?;
        written.read().map_err(|_ignored| unreadable())
    }
}

fn offset_of(text: &str) -> Option<i16> {
    let ahead = |text| minutes(text).and_then(|minutes| i16::try_from(minutes).ok());
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(ahead_of), _) => ahead(ahead_of),
        (_, Some(behind)) => ahead(behind).map(|minutes| -minutes),
        _ => None,
    }
}

/// Minutes from midnight of a time of day, as `08:30`; the end of the day is `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: u16| -> Option<u16> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    let (hours, minutes) = (number(hours, 24)?, number(minutes, 59)?);
    (hours < 24 || minutes == 0).then_some(hours * 60 + minutes)
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A day of this age, written in ten characters.
fn date(text: &str) -> Option<NaiveDate> {
    if text.len() == 10 && text.starts_with("20") { text.parse().ok() } else { None }
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Mon => Self::Mon,
            Day::Tue => Self::Tue,
            Day::Wed => Self::Wed,
            Day::Thu => Self::Thu,
            Day::Fri => Self::Fri,
            Day::Sat => Self::Sat,
            Day::Sun => Self::Sun,
        }
    }
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Mon => Self::Mon,
            Weekday::Tue => Self::Tue,
            Weekday::Wed => Self::Wed,
            Weekday::Thu => Self::Thu,
            Weekday::Fri => Self::Fri,
            Weekday::Sat => Self::Sat,
            Weekday::Sun => Self::Sun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Calendar {
        serde_json::from_value(serde_json::json!({
            "utc_offset": "-03:30",
            "week": [{ "day": "sun", "from": "08:00", "to": "16:30" }, { "day": "fri", "from": "22:00", "to": "24:00" }],
            "holidays": ["2026-12-25", "2026-01-01"],
        }))
        .unwrap()
    }

    #[test]
    fn a_calendar_survives_being_kept_and_comes_back_in_order() {
        let calendar = written().read().unwrap();
        let kept = Calendar::of(&calendar).kept().unwrap();
        assert_eq!(
            kept,
            r#"{"utc_offset":"-03:30","week":[{"day":"fri","from":"22:00","to":"24:00"},{"day":"sun","from":"08:00","to":"16:30"}],"holidays":["2026-01-01","2026-12-25"]}"#
        );
        assert_eq!(Calendar::from_kept(&kept).unwrap(), calendar);
        let usual = WorkingCalendar::default();
        assert_eq!(Calendar::of(&usual).read().unwrap(), usual);
    }

    #[test]
    fn what_is_no_time_date_or_difference_is_named() {
        for wrong in ["", "02:00", "+2:00", "+02:60", "+24:30", "2", "+ 2:00", "+02:00:00", "++1:00", "UTC"] {
            let calendar = Calendar { utc_offset: wrong.to_owned(), ..written() };
            assert_eq!(calendar.read(), Err(CalendarError::Unreadable("utc_offset")), "{wrong}");
        }
        for wrong in ["", "8:00", "24:01", "25:00", "08:0a", "-1:00", "+8:00"] {
            let mut calendar = written();
            calendar.week[0].from = wrong.to_owned();
            assert_eq!(calendar.read(), Err(CalendarError::Unreadable("from")), "{wrong}");
        }
        for wrong in ["", "2026-02-30", "26-01-01", "9999-01-01", "+2026-1-01", "2026-1-001"] {
            let calendar = Calendar { holidays: vec![wrong.to_owned()], ..written() };
            assert_eq!(calendar.read(), Err(CalendarError::Unreadable("a holiday")), "{wrong}");
        }
    }
}
