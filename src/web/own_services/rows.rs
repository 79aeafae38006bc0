//! What an entry says in rows of their own, as a form has it: whether it tells the authorities, which languages are spoken, and when it is open.

use std::collections::BTreeMap;

use chrono::NaiveTime;

use crate::{
    directory::{Reporting, Tongue},
    web::{
        form::{Form, Wrongs},
        words::Words,
    },
};

type Cells = BTreeMap<String, String>;

/// The column of what is said to the authorities, which is its field.
pub(super) const REPORTS: &str = "reports_to_authorities";

/// What can be said of that.
pub(super) const REPORTING: [Reporting; 3] = [Reporting::No, Reporting::Yes, Reporting::Unknown];

/// How HSDS calls the days, Monday first. In small letters they are fields.
pub(super) const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// How many languages one may say, and how long the name of one may be.
const MOST_LANGUAGES: usize = 20;
const LONGEST: usize = 80;

fn cell<'a>(row: &'a Cells, column: &str) -> &'a str {
    row.get(column).map_or("", |cell| cell.trim())
}

/// What rows say of the authorities: yes where one does, and no where all of those do that say something.
pub(super) fn reporting(rows: &[Cells]) -> Reporting {
    let said: Vec<Reporting> = rows.iter().filter_map(|row| cell(row, REPORTS).parse().ok()).collect();
    if said.contains(&Reporting::Yes) {
        Reporting::Yes
    } else if said.is_empty() || said.contains(&Reporting::Unknown) {
        Reporting::Unknown
    } else {
        Reporting::No
    }
}

/// Rows that say so of the authorities. What else they say stays.
pub(super) fn with_reporting(mut rows: Vec<Cells>, said: Reporting) -> Vec<Cells> {
    for row in &mut rows {
        row.remove(REPORTS);
    }
    if said != Reporting::Unknown {
        if rows.is_empty() {
            rows.push(Cells::new());
        }
        if let Some(first) = rows.first_mut() {
            first.insert(REPORTS.to_owned(), said.name().to_owned());
        }
    }
    rows.retain(|row| row.keys().any(|column| column != "id"));
    rows
}

/// The languages of rows, one in each line.
pub(super) fn languages(rows: &[Cells]) -> String {
    rows.iter().map(called).filter(|name| !name.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A language by its name, with the code that searches go by where there is one.
fn called(row: &Cells) -> String {
    match (cell(row, "name"), cell(row, "code")) {
        (name, "") => name.to_owned(),
        ("", code) => code.to_owned(),
        (name, code) => format!("{name} ({code})"),
    }
}

/// Rows of the languages that were typed. One that was there keeps what else it says, and what has no name is not asked about.
pub(super) fn with_languages(mut rows: Vec<Cells>, typed: &str) -> Vec<Cells> {
    let mut said: Vec<Cells> = Vec::new();
    for line in lines(typed) {
        let is_it = |row: &Cells| called(row).to_lowercase() == line.to_lowercase();
        if said.iter().any(is_it) {
            continue;
        }
        let known = rows.iter().position(is_it).map(|at| rows.remove(at));
        said.push(known.unwrap_or_else(|| language(line)));
    }
    rows.retain(|row| called(row).is_empty());
    said.append(&mut rows);
    said
}

fn lines(typed: &str) -> impl Iterator<Item = &str> {
    typed.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Whether these are languages: a few, in a few words each.
pub(super) fn are_languages(typed: &str) -> bool {
    lines(typed).count() <= MOST_LANGUAGES && lines(typed).all(|line| line.chars().count() <= LONGEST)
}

/// A language as it is typed: a name, a code, or the name with its code behind it.
fn language(line: &str) -> Cells {
    let row = |name: &str, code: &str| {
        let cells = [("name", name.trim()), ("code", code.trim())];
        let said = cells.into_iter().filter(|(_, cell)| !cell.is_empty());
        said.map(|(column, cell)| (column.to_owned(), cell.to_owned())).collect()
    };
    let behind = line.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match behind.filter(|(_, code)| is_code(code)) {
        Some((name, code)) => row(name, code),
        None if is_code(line) => row("", line),
        None => row(line, ""),
    }
}

/// Codes have two or three letters, names have more.
fn is_code(text: &str) -> bool {
    let first = text.trim().split(['-', '_']).next().unwrap_or_default();
    first.len() <= 3 && text.parse::<Tongue>().is_ok()
}

/// When something is open: on each day of the week from when to when, and what there is to add in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Week {
    /// Empty on days of which nothing is said.
    pub(super) days: [(String, String); 7],
    pub(super) words: String,
}

/// The field of when it opens on a day.
pub(super) fn opens(day: &str) -> String {
    format!("opens-{}", day.to_lowercase())
}

/// The field of when it closes.
pub(super) fn closes(day: &str) -> String {
    format!("closes-{}", day.to_lowercase())
}

impl Week {
    /// Of rows; nothing when they say more than a week does.
    pub(super) fn of(rows: &[Cells]) -> Option<Self> {
        let mut week = Self::default();
        for row in rows {
            let mut said = row.iter().filter(|(_, cell)| !cell.trim().is_empty());
            let asked = ["id", "freq", "byday", "opens_at", "closes_at", "description"];
            if !said.all(|(column, _)| asked.contains(&column.as_str())) {
                return None;
            }
            let words = cell(row, "description");
            if !words.is_empty() {
                if !week.words.is_empty() {
                    return None;
                }
                words.clone_into(&mut week.words);
            }
            if ["freq", "byday", "opens_at", "closes_at"].iter().all(|column| cell(row, column).is_empty()) {
                continue;
            }
            if !["", "WEEKLY"].contains(&cell(row, "freq").to_uppercase().as_str()) {
                return None;
            }
            let times = (clock(cell(row, "opens_at"))?, clock(cell(row, "closes_at"))?);
            for day in cell(row, "byday").split(',') {
                let at = DAYS.iter().position(|known| day.trim().eq_ignore_ascii_case(known))?;
                let said = week.days.get_mut(at).filter(|(opens, _)| opens.is_empty())?;
                *said = times.clone();
            }
        }
        Some(week)
    }

    /// As a form says it; what cannot be read is noted.
    pub(super) fn read(form: &Form, hours: &str, (words, wrongs): (Words, &mut Wrongs)) -> Self {
        let mut week = Self { words: hours.to_owned(), ..Self::default() };
        for (day, said) in DAYS.iter().zip(&mut week.days) {
            let (opens, closes) = (opens(day), closes(day));
            match (form.one(&opens), form.one(&closes)) {
                ("", "") => {}
                (from, to) => match clock(from).zip(clock(to)) {
                    Some(times) => *said = times,
                    None => wrongs.note(opens, words.t("own-entry-times-wrong")),
                },
            }
        }
        week
    }

    /// Rows that say it, with the ids of those there were. Days with the same times stand in one.
    pub(super) fn rows(self, before: &[Cells]) -> Vec<Cells> {
        let mut times: Vec<((String, String), Vec<&str>)> = Vec::new();
        for (day, said) in DAYS.iter().zip(self.days) {
            if said.0.is_empty() {
                continue;
            }
            match times.iter_mut().find(|(known, _)| *known == said) {
                Some((_, days)) => days.push(day),
                None => times.push((said, vec![day])),
            }
        }
        let mut rows: Vec<Cells> = Vec::new();
        for ((opens, closes), days) in times {
            let cells = [
                ("freq", "WEEKLY".to_owned()),
                ("byday", days.join(",")),
                ("opens_at", opens),
                ("closes_at", closes),
            ];
            rows.push(cells.into_iter().map(|(column, cell)| (column.to_owned(), cell)).collect());
        }
        if !self.words.is_empty() {
            if rows.is_empty() {
                rows.push(Cells::new());
            }
            if let Some(first) = rows.first_mut() {
                first.insert(String::from("description"), self.words);
            }
        }
        for (row, known) in rows.iter_mut().zip(before) {
            row.extend(known.get("id").map(|id| (String::from("id"), id.clone())));
        }
        rows
    }
}

/// A time of day, as forms have it; nothing when it is none.
fn clock(text: &str) -> Option<String> {
    let time = ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
    time.map(|time| time.format("%H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    fn row(cells: &[(&str, &str)]) -> Cells {
        cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
    }

    #[test]
    fn what_is_said_of_the_authorities_leaves_what_else_a_row_says() {
        let rows =
            vec![row(&[("id", "1"), ("form", "F1"), (REPORTS, "no")]), row(&[("id", "2"), (REPORTS, "yes")])];
        assert_eq!(reporting(&rows), Reporting::Yes);
        let no = with_reporting(rows.clone(), Reporting::No);
        assert_eq!(no, [row(&[("id", "1"), ("form", "F1"), (REPORTS, "no")])]);
        assert_eq!(with_reporting(rows, Reporting::Unknown), [row(&[("id", "1"), ("form", "F1")])]);
        assert_eq!(reporting(&[]), Reporting::Unknown);
        assert_eq!(with_reporting(Vec::new(), Reporting::Yes), [row(&[(REPORTS, "yes")])]);
        assert_eq!(reporting(&[row(&[(REPORTS, "no")])]), Reporting::No);
    }

    #[test]
    fn languages_keep_what_is_known_of_them_and_new_ones_are_names_or_codes() {
        let rows = vec![
            row(&[("id", "1"), ("name", "Nyanja"), ("code", "ny"), ("via_interpreter", "yes")]),
            row(&[("id", "2"), ("code", "fr")]),
            row(&[("id", "3"), ("sign_language", "yes")]),
        ];
        assert_eq!(languages(&rows), "Nyanja (ny)\nfr");
        let said = with_languages(rows.clone(), "Bemba\n Nyanja (ny)\r\nsw\nKiswahili (sw)\nbemba");
        let expected = [
            row(&[("name", "Bemba")]),
            rows[0].clone(),
            row(&[("code", "sw")]),
            row(&[("name", "Kiswahili"), ("code", "sw")]),
            rows[2].clone(),
        ];
        assert_eq!(said, expected);
        assert!(are_languages(&"Bemba\n".repeat(20)) && !are_languages(&"Bemba\n".repeat(21)));
        assert!(!are_languages(&"a".repeat(81)));
    }

    #[test]
    fn a_week_is_read_and_written_and_what_says_more_is_not_asked() {
        let rows = vec![
            row(&[
                ("id", "1"),
                ("freq", "WEEKLY"),
                ("byday", "MO, TU"),
                ("opens_at", "08:00:00"),
                ("closes_at", "17:00"),
                ("description", "Not on holidays"),
            ]),
            row(&[("id", "2"), ("byday", "SA"), ("opens_at", "20:00"), ("closes_at", "06:00")]),
        ];
        let week = Week::of(&rows).unwrap();
        let times = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!([&week.days[0], &week.days[5]], [&times("08:00", "17:00"), &times("20:00", "06:00")]);
        assert_eq!((week.words.as_str(), week.days[6].0.as_str()), ("Not on holidays", ""));
        let again = week.clone().rows(&rows);
        assert_eq!(Week::of(&again).as_ref(), Some(&week));
        assert_eq!((again.len(), cell(&again[0], "id"), cell(&again[0], "byday")), (2, "1", "MO,TU"));
        let words = Week { words: String::from("By appointment"), ..Week::default() };
        assert_eq!(words.rows(&rows), [row(&[("id", "1"), ("description", "By appointment")])]);
        for more in [
            ("interval", "2"),
            ("freq", "MONTHLY"),
            ("byday", "1MO"),
            ("opens_at", "soon"),
            ("valid_from", "2026-01-01"),
        ] {
            let mut row = rows[1].clone();
            row.insert(more.0.to_owned(), more.1.to_owned());
            assert_eq!(Week::of(&[row]), None, "{more:?}");
        }
        assert_eq!(Week::of(&[rows[0].clone(), rows[0].clone()]), None, "one day twice");
        assert_eq!(Week::of(&[]), Some(Week::default()));
    }

    #[test]
    fn a_day_that_has_only_one_time_is_named() {
        let form = Form::default()
            .with("opens-mo", "08:00")
            .with("opens-tu", "8 o'clock")
            .with("closes-tu", "17:00");
        let form = form.with("opens-we", "08:00").with("closes-we", "17:00");
        let mut wrongs = Wrongs::default();
        let week = Week::read(&form, "", (Words { language: Language::En }, &mut wrongs));
        assert!(
            wrongs.at("opens-mo").is_some()
                && wrongs.at("opens-tu").is_some()
                && wrongs.at("opens-we").is_none()
        );
        assert_eq!(week.days[2].1, "17:00");
    }
}
