//! HSDS 3 as JSON: a page, one object on each line, or a single object, with what is nested in it, as the same tables that a package has.
//!
//! Objects say nowhere what they are, so that is told by their members. The same object may stand in many places, in a list with less of
//! it: what is said of it anywhere counts, and where two places differ, the first. Members that HSDS does not know are kept, with
//! their kinds: a [`Value`] that a cell cannot be is its JSON.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    HsdsError, LeftOut, Made, Problem, Remarks, Severity,
    columns::{COLUMNS, lists},
    read::left_out,
    tables::{self, LINKED},
};

/// What it is called in a report.
pub(super) const READ_AS: &str = "HSDS 3 as JSON";

/// How much is read.
#[derive(Clone, Copy)]
struct Limits {
    /// The largest file of lines.
    file: u64,
    /// The largest file that is one object, and the longest line.
    whole: u64,
}

const LIMITS: Limits = Limits { file: 256 * 1024 * 1024, whole: 64 * 1024 * 1024 };

/// Members that hold one object: the table of the object, and the column that names it.
const ONE: &[(&str, &str, &str)] = &[
    ("organization", "organization", "organization_id"),
    ("program", "program", "program_id"),
    ("service", "service", "service_id"),
    ("location", "location", "location_id"),
    ("taxonomy_term", "taxonomy_term", "taxonomy_term_id"),
    ("taxonomy_detail", "taxonomy", "taxonomy_id"),
    ("unit", "unit", "unit_id"),
    ("population_term", "taxonomy_term", "population_term_id"),
    ("parent", "taxonomy_term", "parent_id"),
    ("parent_organization", "organization", "parent_organization_id"),
    ("to_organization", "organization", "to_organization_id"),
    ("agreement", "agreement", "agreement_id"),
];

/// Members that hold a list, with the table of its objects. They name what they stand in.
const MANY: &[(&str, &str)] = &[
    ("services", "service"),
    ("service_at_locations", "service_at_location"),
    ("locations", "location"),
    ("programs", "program"),
    ("phones", "phone"),
    ("addresses", "address"),
    ("schedules", "schedule"),
    ("languages", "language"),
    ("service_areas", "service_area"),
    ("funding", "funding"),
    ("cost_options", "cost_option"),
    ("required_documents", "required_document"),
    ("capacities", "service_capacity"),
    ("accessibility", "accessibility"),
    ("additional_urls", "url"),
    ("additional_websites", "url"),
    ("organization_identifiers", "organization_identifier"),
    ("attributes", "attribute"),
    ("translations", "translation"),
    ("eligibility_rules", "eligibility_rule"),
    ("access_barriers", "access_barrier"),
    ("referral_requirements", "referral_requirement"),
    ("referral_channels", "referral_channel"),
    ("outgoing_referrals", "outgoing_referral"),
    ("agreement_parties", "agreement_party"),
    ("agreement_services", "agreement_service"),
];

/// Members of people and of change logs, which are not imported.
const PEOPLE: &[(&str, &str)] = &[("contacts", "contact"), ("contact", "contact"), ("metadata", "metadata")];

type Cells = BTreeMap<Arc<str>, String>;

/// Whether a file is such a document, and no descriptor of a package.
pub(super) fn is_document(from: &Path) -> bool {
    let ends = |with: &str| from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(with));
    let is_named = from.file_name().is_some_and(|name| name == "datapackage.json");
    from.is_file() && !is_named && (ends("json") || ends("ndjson") || ends("jsonl"))
}

/// The tables of a document.
pub(super) fn read(from: &Path) -> Result<(Vec<Made<Arc<str>>>, Remarks), HsdsError> {
    let name = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = File::open(from).map_err(|source| HsdsError::File { file: name.clone(), source })?;
    let is_whole = from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    take(name, is_whole, file, LIMITS)
}

fn take(
    file: String,
    is_whole: bool,
    from: impl Read,
    limits: Limits,
) -> Result<(Vec<Made<Arc<str>>>, Remarks), HsdsError> {
    let mut taking = Taking { file, ..Taking::default() };
    if is_whole {
        taking.whole(from, limits)?;
    } else {
        taking.lines(from, limits)?;
    }
    Ok(taking.done())
}

#[derive(Default)]
struct Taking {
    file: String,
    tables: BTreeMap<&'static str, Vec<(u64, Cells)>>,
    /// Where the row of an id stands.
    places: HashMap<(&'static str, String), usize>,
    columns: BTreeMap<Arc<str>, Arc<str>>,
    problems: Vec<Problem>,
    left_out: BTreeMap<&'static str, LeftOut>,
    /// Which document this is; the first is 1.
    line: u64,
}

impl Taking {
    fn form(&self, reason: impl Into<String>) -> HsdsError {
        HsdsError::Form { file: self.file.clone(), reason: reason.into() }
    }

    /// A page, a list, or one object.
    fn whole(&mut self, file: impl Read, limits: Limits) -> Result<(), HsdsError> {
        let mut text = Vec::new();
        let read = file.take(limits.whole.saturating_add(1)).read_to_end(&mut text);
        read.map_err(|source| HsdsError::File { file: self.file.clone(), source })?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > limits.whole {
            return Err(self.form("it is larger than 64 MiB; give one object on each line (.ndjson)"));
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&text);
        let value: Value = serde_json::from_slice(text).map_err(|reason| self.form(reason.to_string()))?;
        let all = match value {
            Value::Array(all) => all,
            Value::Object(mut page) => match page.remove("contents") {
                Some(Value::Array(all)) => all,
                Some(_) => return Err(self.form("its contents are no list")),
                None => vec![Value::Object(page)],
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(self.form("it is no object of HSDS"));
            }
        };
        all.into_iter().try_for_each(|document| self.document(document))
    }

    /// One object on each line.
    fn lines(&mut self, file: impl Read, limits: Limits) -> Result<(), HsdsError> {
        let mut lines = BufReader::new(file.take(limits.file.saturating_add(1)));
        let (mut text, mut bytes) = (Vec::new(), 0u64);
        loop {
            text.clear();
            let read = (&mut lines).take(limits.whole.saturating_add(1)).read_until(b'\n', &mut text);
            let count = read.map_err(|source| HsdsError::File { file: self.file.clone(), source })?;
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            bytes = bytes.saturating_add(count);
            if count > limits.whole || bytes > limits.file {
                return Err(self.form("it has more than 256 MiB, or a line more than 64 MiB; part it"));
            }
            if count == 0 {
                return Ok(());
            }
            let begin = text.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&text);
            if begin.trim_ascii().is_empty() {
                self.line = self.line.saturating_add(1);
                continue;
            }
            let value = serde_json::from_slice(begin)
                .map_err(|reason| self.form(format!("line {}: {reason}", self.line.saturating_add(1))))?;
            self.document(value)?;
        }
    }

    fn document(&mut self, value: Value) -> Result<(), HsdsError> {
        self.line = self.line.saturating_add(1);
        let Value::Object(object) = value else {
            return Err(self.form(format!("document {} is no object of HSDS", self.line)));
        };
        let table = kind(&object);
        self.object(table, object, None);
        Ok(())
    }

    /// Takes an object and what stands in it; answers its id.
    fn object(
        &mut self,
        table: &'static str,
        object: Map<String, Value>,
        within: Option<(&str, &str)>,
    ) -> Option<String> {
        let id = object.get("id").and_then(identity);
        let mut cells = Cells::new();
        for (member, value) in object {
            self.member((table, id.as_deref()), (member, value), &mut cells);
        }
        if let Some((parent, of)) = within {
            if LINKED.contains(&table) {
                // Whatever it says itself, it stands there.
                cells.retain(|column, _| !matches!(&**column, "link_id" | "link_entity"));
                self.fill(&mut cells, "link_id", of);
                self.fill(&mut cells, "link_entity", parent);
            } else {
                self.fill(&mut cells, &format!("{parent}_id"), of);
            }
        }
        self.keep(table, id.clone().unwrap_or_default(), cells);
        id
    }

    fn member(
        &mut self,
        (table, id): (&'static str, Option<&str>),
        (member, value): (String, Value),
        cells: &mut Cells,
    ) {
        if let Some((_, people)) = PEOPLE.iter().find(|(known, _)| *known == member) {
            // However it is written.
            let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if let (Some(left), false) = (left_out(people), is_nothing) {
                self.left_out.insert(people, left);
            }
            return;
        }
        let one = ONE.iter().find(|(known, _, _)| *known == member);
        let many = MANY.iter().find(|(known, _)| *known == member);
        match (one, many, value) {
            (Some((_, of, via)), _, Value::Object(inner)) => {
                if let Some(id) = self.object(of, inner, None) {
                    self.fill(cells, via, &id);
                }
            }
            (_, Some((_, of)), Value::Array(all)) => {
                for inner in all {
                    if let Value::Object(inner) = inner {
                        self.object(of, inner, id.map(|id| (table, id)));
                    }
                }
            }
            (_, _, Value::Null) => {}
            // What can be no id is none, and is refused as such.
            (_, _, value) if member == "id" && identity(&value).is_none() => {}
            (_, _, value) => {
                let cell = if lists(COLUMNS, table, &member) { plain(value) } else { kept(value) };
                let column = self.column(&member);
                cells.insert(column, cell);
            }
        }
    }

    fn column(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.columns.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.columns.insert(Arc::clone(&new), Arc::clone(&new));
        new
    }

    fn fill(&mut self, cells: &mut Cells, column: &str, with: &str) {
        let column = self.column(column);
        cells.entry(column).or_insert_with(|| with.to_owned());
    }

    /// Keeps a row, or adds to it what is said of it here.
    fn keep(&mut self, table: &'static str, id: String, cells: Cells) {
        let rows = self.tables.entry(table).or_default();
        let known = (!id.is_empty()).then(|| *self.places.entry((table, id)).or_insert(rows.len()));
        let Some((_, row)) = known.and_then(|place| rows.get_mut(place)) else {
            rows.push((self.line, cells));
            return;
        };
        let mut differs = None;
        for (column, cell) in cells {
            match row.get(&column) {
                Some(first) if *first != cell => differs = Some(column),
                Some(_) => {}
                None => drop(row.insert(column, cell)),
            }
        }
        if let Some(column) = differs {
            self.problems.push(Problem {
                severity: Severity::Warned,
                code: "differs",
                table: table.to_owned(),
                line: Some(self.line),
                column: Some(column.to_string()),
                what: String::from("the same entry says something else further up, which is taken"),
                remedy: "make them say the same",
            });
        }
    }

    fn done(mut self) -> (Vec<Made<Arc<str>>>, Remarks) {
        self.programs();
        self.close();
        let Self { file, tables, problems, left_out, .. } = self;
        let made = tables.into_iter();
        let made = made.map(|(name, rows)| Made { name, file: file.clone(), rows, called: BTreeMap::new() });
        let left_out = left_out.into_values().collect();
        (made.collect(), Remarks { problems, left_out, read_as: Some(READ_AS) })
    }

    /// The program of a service is one of its organisation, which HSDS does not repeat.
    fn programs(&mut self) {
        let services = self.tables.get("service").into_iter().flatten();
        let theirs = services.filter_map(|(_, cells)| {
            Some((cells.get("program_id")?.clone(), cells.get("organization_id")?.clone()))
        });
        let theirs: Vec<(String, String)> = theirs.collect();
        for (program, organization) in theirs {
            let place = self.places.get(&("program", program)).copied();
            let row = place.and_then(|place| self.tables.get_mut("program")?.get_mut(place));
            if let Some((_, cells)) = row {
                cells.entry(Arc::from("organization_id")).or_insert(organization);
            }
        }
    }

    /// A document may name what does not stand in it. Where nothing hangs on that, it is not named any more.
    fn close(&mut self) {
        for (table, rows) in &mut self.tables {
            let Some(rule) = tables::rule(table) else { continue };
            for (line, cells) in rows {
                for (column, target) in rule.references {
                    let Some(named) = cells.get(*column) else { continue };
                    if rule.required.contains(column) || self.places.contains_key(&(*target, named.clone())) {
                        continue;
                    }
                    cells.remove(*column);
                    self.problems.push(Problem {
                        severity: Severity::Warned,
                        code: "not_here",
                        table: (*table).to_owned(),
                        line: Some(*line),
                        column: Some((*column).to_owned()),
                        what: format!("the {target} it names does not stand in the file; that is left out"),
                        remedy: "give the whole, or a package",
                    });
                }
            }
        }
    }
}

/// What an object is known by: a text, or the number that some sources have.
fn identity(id: &Value) -> Option<String> {
    match id {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What an object is, by its members.
fn kind(object: &Map<String, Value>) -> &'static str {
    let has = |members: &[&str]| members.iter().any(|member| object.contains_key(*member));
    if has(&["agreement_type"]) {
        "agreement"
    } else if has(&["location"]) || (has(&["service_id", "service"]) && has(&["location_id"])) {
        "service_at_location"
    } else if has(&["status"]) {
        "service"
    } else if has(&["location_type"]) {
        "location"
    } else if has(&["taxonomy_detail", "taxonomy_id", "parent_id", "term_uri", "taxonomy", "code"]) {
        "taxonomy_term"
    } else if has(&["version"]) {
        "taxonomy"
    } else {
        "organization"
    }
}

/// A value of a column that HSDS knows.
fn plain(value: Value) -> String {
    if let Value::String(text) = value { text } else { value.to_string() }
}

/// A value of a member that HSDS does not know, so that [`given`] gives the same.
pub(in crate::directory) fn kept(value: Value) -> String {
    let is_plain = |text: &str| !text.is_empty() && text.trim() == text && is_text(text);
    if value.as_str().is_some_and(is_plain) { plain(value) } else { value.to_string() }
}

/// The value that a cell stands for.
pub(in crate::directory) fn given(cell: &str) -> Value {
    if is_text(cell) { cell.into() } else { serde_json::from_str(cell).unwrap_or_else(|_| cell.into()) }
}

/// Whether a text is nothing but a text: it is not what the JSON of something would be, letter for letter.
fn is_text(text: &str) -> bool {
    let value: Result<Value, _> = serde_json::from_str(text);
    value
        .map_or(true, |value| value.is_null() || serde_json::to_string(&value).is_ok_and(|json| json != text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Limits = Limits { file: 1_000, whole: 200 };

    fn refused(is_whole: bool, from: impl Read, limits: Limits) -> String {
        take(String::from("services.json"), is_whole, from, limits).unwrap_err().to_string()
    }

    fn service(length: usize) -> String {
        let empty = r#"{"id":"s1","name":"","status":"active"}"#;
        empty.replacen("\"\"", &format!("\"{}\"", "x".repeat(length - empty.len())), 1)
    }

    #[test]
    fn files_and_lines_over_their_limits_are_refused_with_their_reason() {
        for (is_whole, text, says) in [
            (true, service(200), None),
            (true, service(201), Some("larger than 64 MiB; give one object on each line")),
            (false, format!("{}\n", service(199)).repeat(5), None),
            (false, format!("{}\n", service(199)).repeat(6), Some("more than 256 MiB")),
            (
                false,
                format!("{}\n{}", service(100), service(201)),
                Some("or a line more than 64 MiB; part it"),
            ),
        ] {
            let read = take(String::from("services.json"), is_whole, text.as_bytes(), LOW);
            match says {
                None => assert_eq!(read.unwrap().0[0].rows.len(), 1),
                Some(says) => assert!(read.unwrap_err().to_string().contains(says), "{text}"),
            }
        }
        assert_eq!((LIMITS.whole >> 20, LIMITS.file >> 20), (64, 256), "as the reasons say");
    }

    /// A file that is longer each time that somebody looks, and has no end.
    struct Growing(u64);

    impl Read for Growing {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0 += u64::try_from(into.len()).unwrap();
            assert!(self.0 < 1 << 20, "read on and on");
            into.fill(b' ');
            Ok(into.len())
        }
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_read_no_further_than_its_limit() {
        assert!(refused(true, Growing(0), LOW).contains("larger than 64 MiB"));
        assert!(refused(false, Growing(0), LOW).contains("a line more than 64 MiB"));
    }

    #[test]
    fn what_is_nested_without_an_end_is_refused() {
        for deep in ["[".repeat(100_000), "{\"organization\":".repeat(100_000), "{\"x\":[".repeat(100_000)] {
            for is_whole in [true, false] {
                let says = refused(is_whole, deep.as_bytes(), LIMITS);
                assert!(says.contains("recursion limit exceeded"), "{says}");
            }
        }
    }
}
