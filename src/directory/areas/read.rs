//! A list of units out of a table: each row checked by itself, and then against the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Area, CODE_MAX};
use crate::directory::{
    hsds::{HsdsError, Problem, Severity, stable_id},
    search::Point,
    sheet::{Sheet, SheetRow},
};

/// The longest name, in characters.
const NAME_MAX: usize = 200;

/// The lowest level.
const LEVELS: u8 = 9;

/// A row that passed by itself.
pub(super) struct Given {
    line: u64,
    /// The code of the unit it lies in.
    within: Option<String>,
    area: Area,
}

/// How a unit is named whole.
pub(super) fn key(country: &str, level: i64, code: &str) -> String {
    format!("{country}/{level}/{code}")
}

fn id(country: &str, level: u8, code: &str, from: Option<NaiveDate>) -> Uuid {
    let from = from.map_or_else(String::new, |day| day.to_string());
    stable_id("areas", "admin_area", &format!("{country}/{level}/{}/{from}", code.to_uppercase()))
}

/// The columns of a list.
struct Columns {
    named: HashMap<&'static str, usize>,
    /// Columns of names in other languages.
    translated: Vec<(String, usize)>,
}

const COLUMNS: &[&str] = &[
    "country",
    "level",
    "code",
    "name",
    "parent",
    "valid_from",
    "valid_to",
    "replaced_by",
    "latitude",
    "longitude",
];

impl Columns {
    fn of(sheet: &Sheet) -> Result<Self, HsdsError> {
        let wrong = |reason: String| HsdsError::Form { file: sheet.file.clone(), reason };
        let (mut named, mut translated) = (HashMap::new(), Vec::new());
        for (place, column) in sheet.columns.iter().enumerate() {
            let column = column.to_lowercase();
            if let Some(known) = COLUMNS.iter().find(|known| **known == column) {
                if named.insert(*known, place).is_some() {
                    return Err(wrong(format!("the column {known} is there twice")));
                }
            } else if let Some(language) =
                column.strip_prefix("name_").filter(|language| !language.is_empty())
            {
                translated.push((language.replace('_', "-"), place));
            } else {
                return Err(wrong(format!(
                    "its columns are country, level, code, name, and where needed parent, valid_from, valid_to, replaced_by, latitude, \
                     longitude and names in other languages such as name_fr; \"{column}\" is none of them"
                )));
            }
        }
        match ["country", "level", "code", "name"].iter().find(|column| !named.contains_key(*column)) {
            Some(missing) => Err(wrong(format!("the column {missing} is missing"))),
            None => Ok(Self { named, translated }),
        }
    }

    fn cell<'a>(&self, row: &'a SheetRow, column: &str) -> Option<&'a str> {
        let cell = row.cells.get(*self.named.get(column)?)?;
        (!cell.is_empty()).then_some(cell.as_str())
    }
}

type Wrong = (&'static str, String, &'static str);

/// Reads the rows, each by itself.
pub(super) fn rows(sheet: &Sheet) -> Result<(Vec<Given>, Vec<Problem>), HsdsError> {
    let columns = Columns::of(sheet)?;
    let mut problems: Vec<Problem> =
        sheet.problems.iter().filter(|problem| problem.severity == Severity::Refused).cloned().collect();
    let mut given = Vec::new();
    for row in &sheet.rows {
        match one(&columns, row) {
            Ok(read) => given.push(read),
            Err(wrong) => problems.push(problem(row.line, wrong)),
        }
    }
    Ok((given, problems))
}

fn problem(line: u64, (column, what, remedy): Wrong) -> Problem {
    Problem {
        severity: Severity::Refused,
        code: "bad_area",
        table: String::from("admin_area"),
        line: Some(line),
        column: Some(column.to_owned()),
        what,
        remedy,
    }
}

fn one(columns: &Columns, row: &SheetRow) -> Result<Given, Wrong> {
    let cell = |column| columns.cell(row, column);
    let country = cell("country").unwrap_or_default().to_ascii_uppercase();
    if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Err((
            "country",
            format!("\"{}\" is no country;", short(&country)),
            "write its two letters, such as ZM",
        ));
    }
    let level = cell("level").unwrap_or_default();
    let level = level.parse::<u8>().ok().filter(|level| *level <= LEVELS);
    let level =
        level.ok_or(("level", String::from("the level is no number from 0 to 9;"), "0 is the country"))?;
    let code = text(cell("code"), CODE_MAX).filter(|code| !code.contains(['/', ' ']));
    let code = code.ok_or((
        "code",
        format!("the code is empty, longer than {CODE_MAX} characters or holds blanks or /;"),
        "write it as the list of the country does",
    ))?;
    let name = text(cell("name"), NAME_MAX).ok_or((
        "name",
        String::from("the name is empty or longer than 200 characters;"),
        "every unit has one",
    ))?;
    let (valid_from, valid_to) = (day(columns, row, "valid_from")?, day(columns, row, "valid_to")?);
    if valid_from.zip(valid_to).is_some_and(|(from, to)| to <= from) {
        return Err((
            "valid_to",
            String::from("it ends before it begins;"),
            "valid_to is the first day without it",
        ));
    }
    let (latitude, longitude) = middle(columns, row)?;
    let names = columns.translated.iter().filter_map(|(language, place)| {
        let name = text(row.cells.get(*place).map(String::as_str), NAME_MAX)?;
        Some((language.clone(), name))
    });
    let area = Area {
        id: id(&country, level, &code, valid_from),
        key: key(&country, i64::from(level), &code),
        names: names.collect(),
        parent: None,
        replaced_by: text(cell("replaced_by"), CODE_MAX),
        country,
        level,
        code,
        name,
        valid_from,
        valid_to,
        latitude,
        longitude,
    };
    Ok(Given { line: row.line, within: cell("parent").map(str::to_uppercase), area })
}

fn text(cell: Option<&str>, longest: usize) -> Option<String> {
    let cell = cell?.trim();
    let fits = (1..=longest).contains(&cell.chars().count()) && !cell.chars().any(char::is_control);
    fits.then(|| cell.to_owned())
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

fn day(columns: &Columns, row: &SheetRow, column: &'static str) -> Result<Option<NaiveDate>, Wrong> {
    let Some(cell) = columns.cell(row, column) else { return Ok(None) };
    let wrong = |_reason| (column, format!("\"{}\" is no day;", short(cell)), "write it as 2026-02-28");
    cell.parse().map(Some).map_err(wrong)
}

fn middle(columns: &Columns, row: &SheetRow) -> Result<(Option<f64>, Option<f64>), Wrong> {
    let degrees = |column| columns.cell(row, column).map(|cell| cell.parse::<f64>().ok());
    match (degrees("latitude"), degrees("longitude")) {
        (None, None) => Ok((None, None)),
        (Some(Some(up)), Some(Some(round))) if Point::at(up, round).is_some() => Ok((Some(up), Some(round))),
        _ => Err((
            "latitude",
            String::from("latitude and longitude are no place;"),
            "both are degrees with decimal points, or both are empty",
        )),
    }
}

/// The countries that rows are of.
pub(super) fn countries(given: &[Given]) -> Vec<String> {
    let countries: BTreeSet<&String> = given.iter().map(|given| &given.area.country).collect();
    countries.into_iter().cloned().collect()
}

/// A unit as others name it.
struct Named {
    id: Uuid,
    level: u8,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Checks the rows against each other and against what is known, and finds what each lies in.
pub(super) fn check(given: Vec<Given>, known: &[Area], problems: &mut Vec<Problem>) -> Vec<Area> {
    let mut taken = HashSet::new();
    let given: Vec<Given> = given
        .into_iter()
        .filter(|given| {
            let is_first = taken.insert(given.area.id);
            if !is_first {
                problems.push(problem(given.line, twice(&given.area)));
            }
            is_first
        })
        .collect();
    let mut by_code: BTreeMap<(String, String), Vec<Named>> = BTreeMap::new();
    let others = known.iter().filter(|area| !taken.contains(&area.id));
    for area in given.iter().map(|given| &given.area).chain(others) {
        let named = Named { id: area.id, level: area.level, from: area.valid_from, to: area.valid_to };
        by_code.entry((area.country.clone(), area.code.to_uppercase())).or_default().push(named);
    }
    let mut areas = Vec::new();
    for mut given in given {
        match within(&given, &by_code) {
            Ok(parent) => {
                given.area.parent = parent;
                areas.push(given.area);
            }
            Err(wrong) => problems.push(problem(given.line, wrong)),
        }
    }
    areas
}

fn twice(area: &Area) -> Wrong {
    ("code", format!("{} is there twice with the same beginning;", area.key), "leave one of the two out")
}

/// What a unit lies in. What it is named by must be there.
fn within(given: &Given, by_code: &BTreeMap<(String, String), Vec<Named>>) -> Result<Option<Uuid>, Wrong> {
    let Given { area, .. } = given;
    let of =
        |code: &str| by_code.get(&(area.country.clone(), code.to_uppercase())).map_or(&[][..], Vec::as_slice);
    let same = of(&area.code).iter().filter(|other| other.id != area.id && other.level == area.level);
    let begins = |from: Option<NaiveDate>| from.unwrap_or(NaiveDate::MIN);
    let ends = |to: Option<NaiveDate>| to.unwrap_or(NaiveDate::MAX);
    let meets =
        |other: &Named| begins(other.from) < ends(area.valid_to) && begins(area.valid_from) < ends(other.to);
    if same.into_iter().any(meets) {
        let what = format!("{} is there twice for the same time;", area.key);
        return Err(("valid_from", what, "say with valid_to when the earlier one ended"));
    }
    if let Some(code) = &area.replaced_by
        && of(code).is_empty()
    {
        return Err((
            "replaced_by",
            format!("no area has the code {code};"),
            "add it to the list, or leave this empty",
        ));
    }
    let Some(code) = &given.within else {
        if area.level == 0 {
            return Ok(None);
        }
        return Err((
            "parent",
            String::from("it does not say what it lies in;"),
            "write the code of the unit above it",
        ));
    };
    // Of several above it the nearest, and of those the one that was there longest.
    let above = of(code).iter().filter(|other| other.level < area.level);
    let above = above.max_by_key(|other| (meets(other), other.level, ends(other.to)));
    let missing = || ("parent", format!("no area above it has the code {code};"), "add it to the list");
    above.map(|other| Some(other.id)).ok_or_else(missing)
}
