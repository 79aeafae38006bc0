//! Rows of a list as rows of HSDS.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Field, Map, Sheet, SheetError,
    cells::{self, Meant},
    countries,
};
use crate::{
    directory::{
        fold::fold,
        hsds::{LeftOut, Made, Package, Problem, Remarks, Severity},
    },
    kernel::Digest,
};

/// Makes a package of a list. Without a map, the one that the names of the columns suggest, if they leave nothing open.
pub fn package(sheet: Sheet, map: Option<Map>) -> Result<(Package, Map), SheetError> {
    let map = map.map_or_else(|| suggested(&sheet), Ok)?;
    map.check(&sheet)?;
    let Sheet { file, rows, problems, columns, .. } = sheet;
    let mut turning = Turning { map: &map, problems, tables: BTreeMap::new() };
    let mut entries = Vec::new();
    for row in rows {
        let cells = map.columns.iter().filter_map(|(field, name)| {
            let place = columns.iter().position(|column| column == name)?;
            Some((*field, row.cells.get(place).filter(|cell| !cell.is_empty())?.clone()))
        });
        entries.extend(turning.entry(row.line, cells.collect()));
    }
    turning.organisations(&entries);
    for service in turning.services(entries) {
        turning.service(&service);
    }
    let Turning { mut problems, mut tables, .. } = turning;
    problems.sort_by_key(|problem| problem.line);
    for rows in tables.values_mut() {
        rows.sort_by_key(|(line, _)| *line);
    }
    let left_out = left_out(&columns, &map);
    let made = tables.into_iter().map(|(name, rows)| {
        let called = CALLED
            .iter()
            .filter(|(table, _, _)| *table == name)
            .filter_map(|(_, column, field)| Some((*column, map.columns.get(field)?.clone())));
        Made { name, file: file.clone(), rows, called: called.collect() }
    });
    let package = Package::made(made.collect(), Remarks { problems, left_out, read_as: None })?;
    Ok((package, map))
}

fn suggested(sheet: &Sheet) -> Result<Map, SheetError> {
    let suggestion = Map::suggest(sheet);
    if suggestion.unclear.is_empty() {
        Ok(suggestion.map)
    } else {
        Err(SheetError::NeedsMap(suggestion.unclear.join("; ")))
    }
}

/// Columns that are not taken.
fn left_out(columns: &[String], map: &Map) -> Vec<LeftOut> {
    let taken: BTreeSet<&String> = map.columns.values().collect();
    let mut left_out = Vec::new();
    for column in columns.iter().filter(|column| !column.is_empty() && !taken.contains(column)) {
        let reason = if super::words::is_person(column) {
            "names and numbers of people are personal data and are not imported; contacts are entered on this hub"
        } else {
            "the map gives it no meaning"
        };
        left_out.push(LeftOut { table: format!("column \"{column}\""), reason: reason.to_owned() });
    }
    left_out
}

/// A row of the list that can be taken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// What its service is known by.
    service: String,
    /// What tells the places of one service apart.
    place: String,
    /// What its organisation is known by.
    organisation: String,
    cells: BTreeMap<Field, String>,
    line: u64,
}

impl Entry {
    fn cell(&self, field: Field) -> Option<&str> {
        self.cells.get(&field).map(String::as_str)
    }
}

type Cells = BTreeMap<&'static str, String>;

/// Tables whose rows say what language their texts, and those of their parts, are in.
const WORDED: &[&str] = &["organization", "service", "location", "service_at_location"];

struct Turning<'a> {
    map: &'a Map,
    problems: Vec<Problem>,
    tables: BTreeMap<&'static str, Vec<(u64, Cells)>>,
}

impl Turning<'_> {
    /// The row, or nothing when it was refused.
    fn entry(&mut self, line: u64, mut cells: BTreeMap<Field, String>) -> Option<Entry> {
        let folded = |cells: &BTreeMap<Field, String>, field| cells.get(&field).map(|cell| fold(cell));
        let mut is_whole = true;
        for field in [Field::Organisation, Field::Service] {
            if folded(&cells, field).is_none_or(|name| name.is_empty()) {
                is_whole = false;
                self.say(
                    Severity::Refused,
                    "required",
                    (line, Some(field)),
                    "this cell may not be empty;",
                    "fill it in",
                );
            }
        }
        if let Some(status) = cells.get_mut(&Field::Status) {
            if let Some(known) = cells::status(status) {
                known.clone_into(status);
            } else {
                is_whole = false;
                let place = (line, Some(Field::Status));
                let what = "this is no status that is known;";
                self.say(Severity::Refused, "not_in_list", place, what, STATUS_REMEDY);
            }
        }
        is_whole &= self.country(line, &mut cells);
        let organisation = folded(&cells, Field::Organisation)?;
        let service = match cells.get(&Field::Id) {
            Some(id) => key(&["id", id]),
            None => key(&["named", &organisation, &folded(&cells, Field::Service)?]),
        };
        let [city, street] = [Field::City, Field::Street].map(|f| folded(&cells, f).unwrap_or_default());
        is_whole.then(|| Entry { service, place: key(&["place", &city, &street]), organisation, cells, line })
    }

    /// Puts the country's code in the place of its name. Answers whether the row can be taken.
    fn country(&mut self, line: u64, cells: &mut BTreeMap<Field, String>) -> bool {
        let says_where =
            [Field::Street, Field::City, Field::AdminArea].iter().any(|field| cells.contains_key(field));
        let code = match cells.get(&Field::Country) {
            Some(name) => countries::code(name).map(str::to_owned),
            None if !says_where => return true,
            None => self.map.country.clone(),
        };
        let Some(code) = code else {
            let what = "the country is not there, or not surely known by this name;";
            let remedy = "write its code of two letters, such as TN";
            self.say(Severity::Refused, "country", (line, Some(Field::Country)), what, remedy);
            return false;
        };
        cells.insert(Field::Country, code);
        true
    }

    /// Each organisation once, by its most usual spelling.
    fn organisations(&mut self, entries: &[Entry]) {
        let mut spellings: BTreeMap<&str, BTreeMap<&str, (u64, u64)>> = BTreeMap::new();
        for entry in entries {
            let Some(name) = entry.cell(Field::Organisation) else { continue };
            let seen =
                spellings.entry(&entry.organisation).or_default().entry(name).or_insert((0, entry.line));
            *seen = (seen.0.saturating_add(1), seen.1.min(entry.line));
        }
        for (organisation, names) in spellings {
            let usual = names.iter().max_by_key(|(name, (count, _))| (*count, Reverse(**name)));
            let Some((usual, _)) = usual else { continue };
            let line = names.values().map(|(_, line)| *line).min().unwrap_or_default();
            self.put(
                "organization",
                line,
                [("id", Some(organisation_id(organisation))), ("name", Some((*usual).to_owned()))],
            );
            for (_, (_, line)) in names.iter().filter(|(name, _)| name != &usual) {
                let what =
                    "the organisation is spelt otherwise in other rows; the most usual spelling is taken.";
                let place = (*line, Some(Field::Organisation));
                self.say(
                    Severity::Warned,
                    "spelling",
                    place,
                    what,
                    "choose one spelling, or two different names",
                );
            }
        }
    }

    /// The rows of each service, one for each place, in an order that does not hang on that of the list.
    fn services(&mut self, mut entries: Vec<Entry>) -> Vec<Vec<Entry>> {
        entries.sort_unstable();
        let mut services: Vec<Vec<Entry>> = Vec::new();
        for entry in entries {
            let of_it = services
                .last_mut()
                .filter(|rows| rows.first().is_some_and(|one| one.service == entry.service));
            let Some(rows) = of_it else {
                services.push(vec![entry]);
                continue;
            };
            if let Some(first) = rows.first().filter(|first| first.organisation != entry.organisation) {
                let what = format!("line {} has the same service of another organisation;", first.line);
                let remedy = "give each service an id of its own, or leave the column out";
                self.say(Severity::Refused, "duplicate", (entry.line, None), what, remedy);
                continue;
            }
            match rows.last().filter(|last| last.place == entry.place) {
                Some(last) if last.cells == entry.cells => {
                    let what = "another row says the very same; it is taken once.";
                    self.say(Severity::Warned, "repeated", (entry.line, None), what, "remove one of the two");
                }
                Some(last) => {
                    let what = format!(
                        "line {} has the same service at the same place with other cells;",
                        last.line
                    );
                    let remedy = "keep one of the two, or give the services or their streets different names";
                    self.say(Severity::Refused, "duplicate", (entry.line, None), what, remedy);
                }
                None => rows.push(entry),
            }
        }
        services
    }

    fn service(&mut self, rows: &[Entry]) {
        let Some(first) = rows.first() else { return };
        let mut cells = vec![
            ("id", Some(id(&["service", &first.service]))),
            ("organization_id", Some(organisation_id(&first.organisation))),
            ("status", Some(self.shared(rows, Field::Status).unwrap_or_else(|| String::from("active")))),
        ];
        for (column, field) in [
            ("name", Field::Service),
            ("description", Field::Description),
            ("email", Field::Email),
            ("eligibility_description", Field::Eligibility),
            ("fees_description", Field::Cost),
        ] {
            cells.push((column, self.shared(rows, field)));
        }
        if let Some(web) = self.shared(rows, Field::Web) {
            let web = self.meant(cells::web(&web), (first.line, Field::Web), "url_scheme");
            cells.push(("url", Some(web)));
        }
        cells.push(("assured_date", self.last_checked(rows)));
        if let Some(original) = first.cell(Field::Id) {
            cells.push(("original_id", Some(original.to_owned())));
        }
        self.put("service", first.line, cells);
        for language in self.shared(rows, Field::Languages).iter().flat_map(|cell| cells::languages(cell)) {
            let row = [
                ("id", Some(id(&["language", &first.service, &fold(&language)]))),
                ("service_id", Some(id(&["service", &first.service]))),
                ("name", Some(language)),
            ];
            self.put("language", first.line, row);
        }
        for row in rows {
            self.place(row, rows.len() == 1);
        }
    }

    /// A cell that a service has once although it may stand in several rows.
    fn shared(&mut self, rows: &[Entry], field: Field) -> Option<String> {
        let (line, taken) = rows.iter().find_map(|row| Some((row.line, row.cell(field)?.to_owned())))?;
        for row in rows.iter().filter(|row| row.cell(field).is_some_and(|cell| cell != taken)) {
            // What is said of one place stands with that place.
            if field != Field::Description {
                let what =
                    format!("the row of the same service on line {line} says otherwise; that one is taken.");
                let remedy = "write the same in both, or give the services different names";
                self.say(Severity::Warned, "differs", (row.line, Some(field)), what, remedy);
            }
        }
        Some(taken)
    }

    /// The oldest day on which a row of the service was looked at.
    fn last_checked(&mut self, rows: &[Entry]) -> Option<String> {
        let mut days = Vec::new();
        for row in rows {
            let Some(cell) = row.cell(Field::LastChecked) else { continue };
            let day = cells::day(cell, self.map.dates);
            if day.is_none() {
                let what = "this is no day that is surely known; it is not taken.";
                let remedy = "write it like 2026-02-28, or \"dates\": \"day_first\" in the map";
                self.say(Severity::Warned, "date", (row.line, Some(Field::LastChecked)), what, remedy);
            }
            days.extend(day);
        }
        days.into_iter().min()
    }

    /// Where the service is given, and what belongs to it there.
    fn place(&mut self, row: &Entry, is_only: bool) {
        let service = id(&["service", &row.service]);
        // A place that is the only one keeps its ids when its address is corrected.
        let place = if is_only { "" } else { row.place.as_str() };
        let [location, here] =
            ["location", "service_at_location"].map(|table| id(&[table, &row.service, place]));
        let cell = |field| row.cell(field).map(str::to_owned);
        let address = [
            ("address_1", cell(Field::Street)),
            ("city", cell(Field::City)),
            ("state_province", cell(Field::AdminArea)),
            ("country", cell(Field::Country)),
        ];
        let has_address = address.iter().any(|(_, cell)| cell.is_some());
        let point = [("latitude", cell(Field::Latitude)), ("longitude", cell(Field::Longitude))];
        let is_place = has_address || point.iter().any(|(_, cell)| cell.is_some());
        let of_place = is_place && !is_only;
        let belongs_to =
            if of_place { ("service_at_location_id", here.clone()) } else { ("service_id", service.clone()) };
        if is_place {
            let kind = [
                ("id", Some(location.clone())),
                ("location_type", Some(String::from("physical"))),
                ("admin_area", cell(Field::AdminArea).filter(|cell| is_code(cell))),
            ];
            self.put("location", row.line, kind.into_iter().chain(point));
            let said = if of_place { cell(Field::Description) } else { None };
            let joins = [
                ("id", Some(here)),
                ("service_id", Some(service)),
                ("location_id", Some(location.clone())),
                ("description", said),
            ];
            self.put("service_at_location", row.line, joins);
        }
        if has_address {
            let kind = [
                ("id", Some(id(&["address", &row.service, place]))),
                ("location_id", Some(location)),
                ("address_type", Some(String::from("physical"))),
            ];
            self.put("address", row.line, kind.into_iter().chain(address));
        }
        self.reached(row, place, &belongs_to);
    }

    /// How and when people reach it.
    fn reached(&mut self, row: &Entry, place: &str, (column, parent): &(&'static str, String)) {
        let parent = || (*column, Some(parent.clone()));
        if let Some(cell) = row.cell(Field::Telephone) {
            let numbers = self.meant(cells::telephones(cell), (row.line, Field::Telephone), "telephone");
            for (count, number) in numbers.into_iter().enumerate() {
                let id = id(&["phone", &row.service, place, &count.to_string()]);
                self.put("phone", row.line, [("id", Some(id)), ("number", Some(number)), parent()]);
            }
        }
        if let Some(hours) = row.cell(Field::OpeningHours) {
            let id = id(&["schedule", &row.service, place]);
            self.put(
                "schedule",
                row.line,
                [("id", Some(id)), ("description", Some(hours.to_owned())), parent()],
            );
        }
    }

    fn put(
        &mut self,
        table: &'static str,
        line: u64,
        cells: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) {
        let mut cells: Cells = cells.into_iter().filter_map(|(column, cell)| Some((column, cell?))).collect();
        if let Some(language) = self.map.language.as_ref().filter(|_| WORDED.contains(&table)) {
            cells.insert("text_language", language.as_str().to_owned());
        }
        self.tables.entry(table).or_default().push((line, cells));
    }

    fn meant<T>(&mut self, meant: Meant<T>, (line, field): (u64, Field), code: &'static str) -> T {
        if let Some((what, remedy)) = meant.said {
            self.say(Severity::Warned, code, (line, Some(field)), what, remedy);
        }
        meant.value
    }

    fn say(
        &mut self,
        severity: Severity,
        code: &'static str,
        (line, field): (u64, Option<Field>),
        what: impl Into<String>,
        remedy: &'static str,
    ) {
        self.problems.push(Problem {
            severity,
            code,
            table: String::from("list"),
            line: Some(line),
            column: field.and_then(|field| self.map.columns.get(&field)).cloned(),
            what: what.into(),
            remedy,
        });
    }
}

/// Several texts as one that no others make.
fn key(parts: &[&str]) -> String {
    let lengths: Vec<[u8; 8]> =
        parts.iter().map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()).collect();
    let bytes = lengths.iter().zip(parts).flat_map(|(length, part)| [length.as_slice(), part.as_bytes()]);
    Digest::of_parts(bytes).to_string()
}

/// The id of a row. The package's reader makes it one of this source.
fn id(parts: &[&str]) -> String {
    format!("list.{}", key(parts))
}

fn organisation_id(folded: &str) -> String {
    id(&["organization", folded])
}

const STATUS_REMEDY: &str = "write active, inactive, temporarily closed or defunct";

/// Which cell of the list a column of a table comes from.
const CALLED: &[(&str, &str, Field)] = &[
    ("organization", "name", Field::Organisation),
    ("service", "name", Field::Service),
    ("service", "description", Field::Description),
    ("service", "email", Field::Email),
    ("service", "url", Field::Web),
    ("service", "status", Field::Status),
    ("service", "eligibility_description", Field::Eligibility),
    ("service", "fees_description", Field::Cost),
    ("service", "assured_date", Field::LastChecked),
    ("service", "original_id", Field::Id),
    ("service_at_location", "description", Field::Description),
    ("location", "latitude", Field::Latitude),
    ("location", "longitude", Field::Longitude),
    ("address", "address_1", Field::Street),
    ("address", "city", Field::City),
    ("address", "state_province", Field::AdminArea),
    ("address", "country", Field::Country),
    ("phone", "number", Field::Telephone),
    ("schedule", "description", Field::OpeningHours),
    ("language", "name", Field::Languages),
];

/// Whether a cell looks like the code of an area and not like its name: lists have the one or the other in such a column.
fn is_code(cell: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '/');
    cell.contains(|letter: char| letter.is_ascii_digit()) && cell.chars().all(is_part)
}
