//! When something is open, in the words of a page.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::words::Words;
use crate::directory::{
    hours::{Slot, day},
    tongue::Told,
};

type Cells = BTreeMap<String, String>;

/// How HSDS calls the days, Monday first.
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// What one schedule says.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Times {
    on_request: bool,
    how_often: Often,
    /// Every so many weeks or months; nothing when every one.
    every: Option<u32>,
    /// Days of the week by their place, with the numbers of those in a month where some are meant.
    days: BTreeMap<usize, Vec<i8>>,
    /// Days of the month, weeks and days of the year.
    dates: [String; 3],
    /// How many times.
    count: String,
    /// What it says of days that is not understood.
    other: String,
    from: String,
    to: String,
    valid: [String; 2],
    except: String,
    notes: String,
    /// What it says in words.
    description: Told,
}

/// How often something recurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Often {
    #[default]
    Weekly,
    Monthly,
    Daily,
    Yearly,
}

/// Whether a schedule is not over on a day.
pub(super) fn is_current(cells: &Cells, today: NaiveDate) -> bool {
    !Slot::of_cells(cells, None).is_over(today)
}

impl Times {
    /// Of the cells of a schedule that is current on a day, and what it says in words.
    pub(super) fn new(cells: &Cells, description: Told, today: NaiveDate) -> Self {
        let cell = |column: &str| cells.get(column).map_or("", |cell| cell.trim());
        let short = |column: &str| cell(column).get(..5).unwrap_or_default().to_owned();
        let begins = day(cell("dtstart"));
        let is_to_come = begins.filter(|begins| *begins > today);
        let first = day(cell("valid_from")).into_iter().chain(is_to_come).max();
        let last = [cell("valid_to"), cell("until")].into_iter().filter_map(day).min();
        let mut times = Self {
            on_request: cell("on_request") == "yes",
            every: cell("interval").parse().ok().filter(|every| *every > 1),
            dates: ["bymonthday", "byweekno", "byyearday"].map(|column| cell(column).to_owned()),
            count: cell("count").to_owned(),
            from: short("opens_at"),
            to: short("closes_at"),
            valid: [first, last].map(|day| day.map_or_else(String::new, |day| day.to_string())),
            except: cell("exceptions").to_owned(),
            notes: cell("notes").to_owned(),
            description,
            ..Self::default()
        };
        match cell("freq").to_ascii_uppercase().as_str() {
            "" | "WEEKLY" => {}
            "MONTHLY" => times.how_often = Often::Monthly,
            "DAILY" => times.how_often = Often::Daily,
            "YEARLY" => times.how_often = Often::Yearly,
            _ => cell("freq").clone_into(&mut times.other),
        }
        for token in cell("byday").split(',').map(str::trim).filter(|token| !token.is_empty()) {
            times.take_day(token);
        }
        times.take_first_day(begins.filter(|_| !cell("freq").is_empty()));
        times
    }

    /// The day that a rule without days recurs on: that of its beginning.
    fn take_first_day(&mut self, begins: Option<NaiveDate>) {
        let has_days = !self.days.is_empty() || self.dates.iter().any(|dates| !dates.is_empty());
        let Some(begins) = begins.filter(|_| !has_days && self.other.is_empty()) else { return };
        match self.how_often {
            Often::Weekly => {
                let place = usize::try_from(begins.weekday().num_days_from_monday()).unwrap_or_default();
                self.days.entry(place).or_default();
            }
            Often::Monthly => {
                let [of_month, ..] = &mut self.dates;
                *of_month = begins.day().to_string();
            }
            Often::Yearly => self.other = begins.format("%m-%d").to_string(),
            Often::Daily => {}
        }
    }

    /// A day of the week, with its number in the month before it where it has one.
    fn take_day(&mut self, token: &str) {
        let split = token.len().saturating_sub(2);
        let known = token.split_at_checked(split).and_then(|(number, name)| {
            let place = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name))?;
            let number = if number.is_empty() { None } else { Some(number.parse::<i8>().ok()?) };
            Some((place, number))
        });
        match known {
            Some((place, number)) => self.days.entry(place).or_default().extend(number),
            None if self.other.is_empty() => token.clone_into(&mut self.other),
            None => self.other.extend([", ", token]),
        }
    }

    /// What it says, but for what it says in words.
    pub(super) fn say(&self, words: &Words) -> String {
        let mut parts = vec![self.often(words), self.days_in(words)];
        let dates = self.dates.iter().zip([words.day_of_month, words.week_of_year, words.day_of_year]);
        let dates = dates.filter(|(dates, _)| !dates.is_empty());
        parts.extend(dates.map(|(dates, sentence)| sentence.replace("{}", dates)));
        parts.push(self.other.clone());
        if !self.from.is_empty() || !self.to.is_empty() {
            parts.push(format!("{}–{}", self.from, self.to));
        }
        if !self.count.is_empty() {
            parts.push(words.times.replace("{}", &self.count));
        }
        let [first, last] = &self.valid;
        if !first.is_empty() || !last.is_empty() {
            parts.push(format!("({first} – {last})"));
        }
        if !self.except.is_empty() {
            parts.push(format!("{} {}", words.except, self.except));
        }
        if self.on_request {
            parts.push(words.on_request.to_owned());
        }
        parts.push(self.notes.clone());
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// What it says in words.
    pub(super) const fn description(&self) -> &Told {
        &self.description
    }

    fn often(&self, words: &Words) -> String {
        let each = |sentence: &str, every: u32| sentence.replace("{}", &every.to_string());
        match (self.how_often, self.every) {
            (Often::Weekly, None) => String::new(),
            (Often::Weekly, Some(every)) => each(words.every_weeks, every),
            (Often::Monthly, None) => words.monthly.to_owned(),
            (Often::Monthly, Some(every)) => each(words.every_months, every),
            (Often::Daily, None) => words.daily.to_owned(),
            (Often::Daily, Some(every)) => each(words.every_days, every),
            (Often::Yearly, None) => words.yearly.to_owned(),
            (Often::Yearly, Some(every)) => each(words.every_years, every),
        }
    }

    /// The days of the week: those that follow one another as a span.
    fn days_in(&self, words: &Words) -> String {
        let name = |place: usize| words.days.get(place).copied().unwrap_or_default();
        let mut said: Vec<String> = Vec::new();
        let mut plain =
            self.days.iter().filter(|(_, numbers)| numbers.is_empty()).map(|(place, _)| *place).peekable();
        while let Some(first) = plain.next() {
            let mut last = first;
            while let Some(next) = plain.next_if(|next| *next == last.saturating_add(1)) {
                last = next;
            }
            said.push(match last.saturating_sub(first) {
                0 => name(first).to_owned(),
                1 => format!("{}, {}", name(first), name(last)),
                _ => format!("{}–{}", name(first), name(last)),
            });
        }
        for (place, numbers) in self.days.iter().filter(|(_, numbers)| !numbers.is_empty()) {
            let number = |number: &i8| match number {
                -1 => words.last.to_owned(),
                number => number.to_string(),
            };
            let numbers: Vec<String> = numbers.iter().map(number).collect();
            said.push(format!("{} ({})", name(*place), numbers.join(", ")));
        }
        said.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::publish::words;

    fn said(cells: &[(&str, &str)], lang: &str) -> String {
        let cells = cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect();
        let today = "2026-03-01".parse().unwrap();
        Times::new(&cells, Told::default(), today).say(words::of(Some(&lang.parse().unwrap())))
    }

    #[test]
    fn a_schedule_is_said_in_the_words_of_the_page() {
        let hours = [("opens_at", "08:00:00"), ("closes_at", "17:00")];
        for (rule, expected) in [
            (&[("freq", "WEEKLY"), ("byday", "MO,TU,WE,FR,SA")][..], "Mon–Wed, Fri, Sat 08:00–17:00"),
            (&[("byday", "SU")], "Sun 08:00–17:00"),
            (&[("freq", "MONTHLY"), ("byday", "1TU,3TU,-1FR")], "monthly Tue (1, 3), Fri (last) 08:00–17:00"),
            (&[("freq", "MONTHLY"), ("bymonthday", "15")], "monthly on day 15 08:00–17:00"),
            (&[("freq", "WEEKLY"), ("dtstart", "2020-05-06")], "Wed 08:00–17:00"),
            (&[("freq", "WEEKLY"), ("interval", "2"), ("byday", "WE")], "every 2 weeks Wed 08:00–17:00"),
            (&[("byday", "Montag, MO")], "Mon Montag 08:00–17:00"),
            (
                &[("byday", "MO"), ("valid_to", "2026-03-09"), ("exceptions", "2026-03-02")],
                "Mon 08:00–17:00 ( – 2026-03-09) except 2026-03-02",
            ),
            (&[("on_request", "yes")], "08:00–17:00 on request"),
            (
                &[("freq", "WEEKLY"), ("byday", "MO"), ("dtstart", "2026-03-09"), ("until", "2026-04-06")],
                "Mon 08:00–17:00 (2026-03-09 – 2026-04-06)",
            ),
            (
                &[("freq", "WEEKLY"), ("byday", "MO"), ("dtstart", "2026-02-02"), ("count", "6")],
                "Mon 08:00–17:00 6 times",
            ),
            (&[("freq", "DAILY"), ("interval", "3")], "every 3 days 08:00–17:00"),
            (&[("freq", "YEARLY"), ("byweekno", "20,21")], "yearly in week 20,21 08:00–17:00"),
            (&[("freq", "YEARLY"), ("byyearday", "100")], "yearly on day 100 of the year 08:00–17:00"),
            (&[("freq", "YEARLY"), ("dtstart", "2020-05-06")], "yearly 05-06 08:00–17:00"),
            (&[("freq", "FORTNIGHTLY"), ("byday", "MO")], "Mon FORTNIGHTLY 08:00–17:00"),
        ] {
            assert_eq!(said(&[rule, &hours].concat(), "en"), expected, "{rule:?}");
        }
        assert_eq!(said(&[("byday", "MO,TU,WE")], "fr-CD"), "lun.–mer.");
    }
}
