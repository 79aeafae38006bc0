//! What cells of a list mean. Each answers what is surely meant, and what to say about it.

use super::Dates;
use crate::directory::fold::fold;

/// A cell that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant<T> {
    pub(super) value: T,
    /// What is to be said of it: what was done, and what to do.
    pub(super) said: Option<(&'static str, &'static str)>,
}

impl<T> Meant<T> {
    const fn plainly(value: T) -> Self {
        Self { value, said: None }
    }

    const fn but(value: T, what: &'static str, remedy: &'static str) -> Self {
        Self { value, said: Some((what, remedy)) }
    }
}

/// The telephone numbers in a cell, without the words around them: these are often names.
pub(super) fn telephones(cell: &str) -> Meant<Vec<String>> {
    let mut digits = cell.bytes().filter(u8::is_ascii_digit);
    let is_rounded = cell.contains(['E', 'e']) && cell.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if is_rounded || digits.by_ref().nth(2).is_none() {
        return Meant::but(
            Vec::new(),
            "this is no telephone number; it is not taken.",
            "write the number, in a cell that the spreadsheet keeps as text",
        );
    }
    let mut numbers = Vec::new();
    let mut current = String::new();
    for letter in cell.chars().chain([';']) {
        let is_part =
            letter.is_ascii_digit() || matches!(letter, '+' | ' ' | '.' | '-' | '(' | ')' | '\u{a0}');
        if is_part && !(letter == '+' && current.contains(|c: char| c.is_ascii_digit())) {
            current.push(if letter == '\u{a0}' { ' ' } else { letter });
            continue;
        }
        let rest = if letter == '+' { String::from("+") } else { String::new() };
        let number = std::mem::replace(&mut current, rest);
        let number = tidy(&number);
        if number.bytes().filter(u8::is_ascii_digit).count() >= 3 && !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let lost = cell.chars().any(char::is_alphabetic);
    if lost {
        return Meant::but(
            numbers,
            "only the digits were taken; the words around them were not.",
            "nothing, if the numbers are right",
        );
    }
    Meant::plainly(numbers)
}

/// A number with single blanks, without signs that stand alone at its ends.
fn tidy(number: &str) -> String {
    let joined = number.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = joined.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+' && c != '(');
    let to = from.trim_end_matches(|c: char| !c.is_ascii_digit());
    let opened = to.matches('(').count();
    if opened == to.matches(')').count() { to.to_owned() } else { to.replace(['(', ')'], "") }
}

/// The address of a page, whole.
pub(super) fn web(cell: &str) -> Meant<String> {
    let begin = cell.get(..8).unwrap_or(cell).to_ascii_lowercase();
    if begin.starts_with("http://") || begin.starts_with("https://") {
        return Meant::plainly(cell.to_owned());
    }
    let host = cell.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.contains('.')
        && host.split('.').all(|part| !part.is_empty())
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        && host.chars().any(char::is_alphabetic)
        && !cell.contains(char::is_whitespace);
    if is_host {
        return Meant::but(
            format!("https://{cell}"),
            "the address of the page had no https:// before it; it was added.",
            "look whether the page opens",
        );
    }
    // What it is instead, whoever reads the package says.
    Meant::plainly(cell.to_owned())
}

/// The status as HSDS names it.
pub(super) fn status(cell: &str) -> Option<&'static str> {
    let cell = fold(cell);
    STATUS.iter().find(|(_, words)| words.contains(&cell.as_str())).map(|(status, _)| *status)
}

/// Languages, one by one.
pub(super) fn languages(cell: &str) -> Vec<String> {
    let mut languages: Vec<String> = Vec::new();
    for part in cell.split([',', ';', '/', '|', '+', '&', '\n']) {
        let mut language = Vec::new();
        for word in part.split_whitespace().chain(["and"]) {
            if !matches!(fold(word).as_str(), "and" | "et" | "y" | "e") {
                language.push(word);
                continue;
            }
            let name = std::mem::take(&mut language).join(" ");
            if !fold(&name).is_empty() && languages.iter().all(|known| fold(known) != fold(&name)) {
                languages.push(name);
            }
        }
    }
    languages
}

/// A day as `2026-02-28`, where it is surely that day.
pub(super) fn day(cell: &str, order: Option<Dates>) -> Option<String> {
    let parts = numbers(cell)?;
    let (year, month, day) = match parts {
        [year, month, day] if year > 31 => (year, month, day),
        [first, second, year] if year > 31 => match order {
            Some(Dates::DayFirst) => (year, second, first),
            Some(Dates::MonthFirst) => (year, first, second),
            None if first > 12 || first == second => (year, second, first),
            None if second > 12 => (year, first, second),
            None => return None,
        },
        _ => return None,
    };
    let year = i32::try_from(year).ok().filter(|year| (1990..=2200).contains(year))?;
    chrono::NaiveDate::from_ymd_opt(year, month, day).map(|day| day.to_string())
}

/// What stands first in these dates, when some of them show it and none shows otherwise.
pub(super) fn order_of_dates<'a>(cells: impl Iterator<Item = &'a str>) -> Option<Dates> {
    let (mut day_first, mut month_first) = (false, false);
    for [first, second, year] in cells.filter_map(numbers) {
        day_first |= year > 31 && first > 12;
        month_first |= year > 31 && second > 12;
    }
    match (day_first, month_first) {
        (true, false) => Some(Dates::DayFirst),
        (false, true) => Some(Dates::MonthFirst),
        (true, true) | (false, false) => None,
    }
}

/// The three numbers of a date; a time behind it is not looked at.
fn numbers(cell: &str) -> Option<[u32; 3]> {
    let date = cell.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<u32> = date.split(['/', '-', '.']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

const STATUS: &[(&str, &[&str])] = &[
    (
        "active",
        &[
            "active",
            "actif",
            "actifs",
            "activo",
            "activa",
            "ativo",
            "ativa",
            "open",
            "ouvert",
            "abierto",
            "aberto",
            "operational",
            "operationnel",
            "en cours",
            "ongoing",
            "fonctionnel",
            "functional",
            "oui",
            "yes",
            "si",
            "sim",
        ],
    ),
    (
        "inactive",
        &[
            "inactive",
            "inactif",
            "inactivo",
            "inativo",
            "not active",
            "planned",
            "prevu",
            "previsto",
            "non",
            "no",
            "nao",
        ],
    ),
    (
        "temporarily closed",
        &[
            "temporarily closed",
            "suspended",
            "suspendu",
            "suspendido",
            "suspenso",
            "ferme temporairement",
            "temporairement ferme",
            "cerrado temporalmente",
            "temporariamente fechado",
            "fechado temporariamente",
            "en pause",
            "on hold",
        ],
    ),
    (
        "defunct",
        &[
            "defunct",
            "closed",
            "ferme",
            "cerrado",
            "fechado",
            "ended",
            "termine",
            "terminado",
            "encerrado",
            "cloture",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_come_without_the_words_around_them() {
        for (cell, numbers, is_said) in [
            ("+216 71 000 001", &["+216 71 000 001"][..], false),
            ("71 000 001 / 71 000 002", &["71 000 001", "71 000 002"], false),
            ("+21671000001+21671000002", &["+21671000001", "+21671000002"], false),
            ("Tél. : (+216) 71.000.001 (Mme Canari)", &["(+216) 71.000.001"], true),
            ("1899", &["1899"], false),
            ("71\u{a0}000\u{a0}001", &["71 000 001"], false),
            ("2.16710E+10", &[], true),
            ("voir site", &[], true),
        ] {
            let meant = telephones(cell);
            assert_eq!(
                (meant.value.as_slice(), meant.said.is_some()),
                (&numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()[..], is_said),
                "{cell}"
            );
        }
    }

    #[test]
    fn an_address_of_a_page_gets_what_it_lacks_when_it_is_one() {
        assert_eq!(web("www.exemple.test/aide").value, "https://www.exemple.test/aide");
        assert!(web("www.exemple.test").said.is_some());
        for cell in [
            "HTTP://exemple.test",
            "https://exemple.test",
            "n.a.",
            "aide@exemple.test",
            "voir page",
            "12.5",
            "javascript:a.b",
        ] {
            assert_eq!(web(cell), Meant::plainly(cell.to_owned()), "{cell}");
        }
    }

    #[test]
    fn a_status_is_known_in_four_languages_or_not_at_all() {
        for (cell, is) in [
            ("Actif", Some("active")),
            ("FERMÉ", Some("defunct")),
            ("suspendido", Some("temporarily closed")),
            ("não", Some("inactive")),
            ("bientôt", None),
        ] {
            assert_eq!(status(cell), is, "{cell}");
        }
    }

    #[test]
    fn languages_are_parted() {
        assert_eq!(languages("Français, arabe et anglais / français"), ["Français", "arabe", "anglais"]);
        assert_eq!(languages("langue des signes"), ["langue des signes"]);
    }

    #[test]
    fn a_day_is_taken_where_it_is_sure() {
        for (cell, order, is) in [
            ("2026-02-28", None, Some("2026-02-28")),
            ("2026-02-28 10:00", None, Some("2026-02-28")),
            ("28/02/2026", None, Some("2026-02-28")),
            ("02/28/2026", None, Some("2026-02-28")),
            ("03.03.2026", None, Some("2026-03-03")),
            ("03/04/2026", None, None),
            ("03/04/2026", Some(Dates::DayFirst), Some("2026-04-03")),
            ("03/04/2026", Some(Dates::MonthFirst), Some("2026-03-04")),
            ("30/02/2026", None, None),
            ("03/04/26", Some(Dates::DayFirst), None),
            ("mars 2026", None, None),
        ] {
            assert_eq!(day(cell, order).as_deref(), is, "{cell}");
        }
        assert_eq!(order_of_dates(["03/04/2026", "28/02/2026"].into_iter()), Some(Dates::DayFirst));
        assert_eq!(order_of_dates(["03/28/2026", "28/02/2026"].into_iter()), None);
        assert_eq!(order_of_dates(["2026-02-28"].into_iter()), None);
    }
}
