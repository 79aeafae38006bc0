//! When something is open, in the words of a page.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::words::Words;
use crate::directory::tongue::Told;

type Cells = BTreeMap<String, String>;

/// How HSDS calls the days, Monday first.
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// What one schedule says.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Times {
    on_request: bool,
    monthly: bool,
    /// Every so many weeks or months; nothing when every one.
    every: Option<u32>,
    /// Days of the week by their place, with the numbers of those in a month where some are meant.
    days: BTreeMap<usize, Vec<i8>>,
    /// Days of the month.
    dates: String,
    /// What it says of days that is not understood.
    other: String,
    from: String,
    to: String,
    valid: [String; 2],
    except: String,
    words: Vec<String>,
    language: Option<String>,
}

/// Whether a schedule is not over on a day.
pub(super) fn is_current(cells: &Cells, today: NaiveDate) -> bool {
    let is_over =
        |column: &str| cells.get(column).and_then(|cell| day(cell)).is_some_and(|last| last < today);
    !is_over("valid_to") && !is_over("until")
}

impl Times {
    /// Of the cells of a schedule, and what it says in words.
    pub(super) fn new(cells: &Cells, words: Told) -> Self {
        let cell = |column: &str| cells.get(column).map_or("", |cell| cell.trim());
        let short = |column: &str| cell(column).get(..5).unwrap_or_default().to_owned();
        let begins = day(cell("dtstart"));
        let monthly = cell("freq").eq_ignore_ascii_case("MONTHLY");
        let mut times = Self {
            on_request: cell("on_request") == "yes",
            monthly,
            every: cell("interval").parse().ok().filter(|every| *every > 1),
            dates: cell("bymonthday").to_owned(),
            from: short("opens_at"),
            to: short("closes_at"),
            valid: [date(cell("valid_from")), date(cell("valid_to"))],
            except: cell("exceptions").to_owned(),
            words: [words.text, cell("notes").to_owned()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect(),
            language: words.about.language,
            ..Self::default()
        };
        for token in cell("byday").split(',').map(str::trim).filter(|token| !token.is_empty()) {
            times.take_day(token);
        }
        // A rule without days recurs on that of its beginning.
        let has_days = !times.days.is_empty() || !times.dates.is_empty() || !times.other.is_empty();
        if let (false, Some(begins)) = (has_days || cell("freq").is_empty(), begins) {
            if monthly {
                times.dates = begins.day().to_string();
            } else if let Ok(place) = usize::try_from(begins.weekday().num_days_from_monday()) {
                times.days.entry(place).or_default();
            }
        }
        times
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

    /// What it says.
    pub(super) fn say(&self, words: &Words) -> String {
        let mut parts: Vec<String> = Vec::new();
        match (self.every, self.monthly) {
            (Some(every), true) => parts.push(words.every_months.replace("{}", &every.to_string())),
            (Some(every), false) => parts.push(words.every_weeks.replace("{}", &every.to_string())),
            (None, true) => parts.push(words.monthly.to_owned()),
            (None, false) => {}
        }
        let days = self.days_in(words);
        let dates = Some(&self.dates).filter(|dates| !dates.is_empty());
        parts.extend(Some(days).filter(|days| !days.is_empty()));
        parts.extend(dates.map(|dates| words.day_of_month.replace("{}", dates)));
        parts.extend(Some(self.other.clone()).filter(|other| !other.is_empty()));
        if !self.from.is_empty() || !self.to.is_empty() {
            parts.push(format!("{}–{}", self.from, self.to));
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
        parts.extend(self.words.iter().cloned());
        parts.join(" ")
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

fn day(text: &str) -> Option<NaiveDate> {
    text.trim().get(..10)?.parse().ok()
}

/// A day without what stands behind it.
fn date(text: &str) -> String {
    day(text).map_or_else(String::new, |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::publish::words;

    fn said(cells: &[(&str, &str)], lang: &str) -> String {
        let cells = cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect();
        let told = Told { text: "Ring twice".to_owned(), ..Told::default() };
        Times::new(&cells, told).say(words::of(Some(&lang.parse().unwrap())))
    }

    #[test]
    fn a_schedule_is_said_in_the_words_of_the_page() {
        let hours = [("opens_at", "08:00:00"), ("closes_at", "17:00")];
        for (rule, expected) in [
            (
                &[("freq", "WEEKLY"), ("byday", "MO,TU,WE,FR,SA")][..],
                "Mon–Wed, Fri, Sat 08:00–17:00 Ring twice",
            ),
            (&[("byday", "SU")], "Sun 08:00–17:00 Ring twice"),
            (
                &[("freq", "MONTHLY"), ("byday", "1TU,3TU,-1FR")],
                "monthly Tue (1, 3), Fri (last) 08:00–17:00 Ring twice",
            ),
            (&[("freq", "MONTHLY"), ("bymonthday", "15")], "monthly on day 15 08:00–17:00 Ring twice"),
            (&[("freq", "WEEKLY"), ("dtstart", "2020-05-06")], "Wed 08:00–17:00 Ring twice"),
            (
                &[("freq", "WEEKLY"), ("interval", "2"), ("byday", "WE")],
                "every 2 weeks Wed 08:00–17:00 Ring twice",
            ),
            (&[("byday", "Montag, MO")], "Mon Montag 08:00–17:00 Ring twice"),
            (
                &[("byday", "MO"), ("valid_to", "2026-03-09"), ("exceptions", "2026-03-02")],
                "Mon 08:00–17:00 ( – 2026-03-09) except 2026-03-02 Ring twice",
            ),
            (&[("on_request", "yes")], "08:00–17:00 on request Ring twice"),
        ] {
            assert_eq!(said(&[rule, &hours].concat(), "en"), expected, "{rule:?}");
        }
        assert_eq!(said(&[("byday", "MO,TU,WE")], "fr-CD"), "lun.–mer. Ring twice");
    }

    #[test]
    fn what_is_over_is_over() {
        let over = |day: &str| {
            let cells = BTreeMap::from([("valid_to".to_owned(), "2026-03-09T00:00:00Z".to_owned())]);
            !is_current(&cells, day.parse().unwrap())
        };
        assert!(!over("2026-03-09") && over("2026-03-10"));
    }
}
