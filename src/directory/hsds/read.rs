//! Rows of a package: checked one by one, handed on in chunks.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet},
    io::{self, BufReader, Read},
    rc::Rc,
};

use csv::ByteRecord;
use uuid::Uuid;

use super::{
    HsdsError, LeftOut, Package, Problem, Report, Severity, TableFile, TableReport, Tally,
    columns::{FILLER, INSISTED, fits, listed, lists},
    tables::{LEFT_OUT, LINKED, RULES, Rule},
};
use crate::{
    directory::{agreements, lines::LineCount},
    kernel::Digest,
};

/// How many rows are handed on at once, at most.
pub const CHUNK: usize = 500;

/// From how many bytes on rows are handed on, however few they are: what takes them holds them several times over.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// The most rows of one table.
const ROWS_MAX: u64 = 2_000_000;

/// The longest row in bytes.
const ROW_BYTES_MAX: u64 = 1024 * 1024;

/// The longest cell in characters.
const CELL_MAX: usize = 20_000;

/// The most columns.
const COLUMNS_MAX: usize = 128;

/// A row that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id: the source's own when that is a UUID, otherwise one that follows from it.
    pub id: Uuid,
    /// The line it begins on.
    pub line: u64,
    /// Cells that are not empty, by column, exactly as they stood in the file.
    pub cells: BTreeMap<String, String>,
    /// Ids of the rows it refers to, by column.
    pub references: BTreeMap<&'static str, Uuid>,
}

impl Row {
    /// A cell.
    pub fn cell(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }

    /// The row as JSON with sorted members: the same row gives the same text whatever the order of columns.
    pub fn json(&self) -> String {
        self.cells.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<serde_json::Value>().to_string()
    }

    /// The digest of [`Row::json`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.json())
    }
}

/// How far reading has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Which table.
    pub table: &'a str,
    /// Bytes read, over all files.
    pub bytes: u64,
    /// Bytes there are, over all files.
    pub of: u64,
}

/// What takes the rows: says of each chunk how much of it was new, changed or there already.
pub(super) type Sink<'a, E> = dyn FnMut(&'static Rule, Vec<Row>) -> Result<Tally, E> + 'a;

/// Reads the whole package. `source` names where it comes from: ids that are not UUIDs are made from it.
pub fn read<E: From<HsdsError>>(
    package: &Package,
    source: &str,
    sink: &mut Sink<'_, E>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, E> {
    read_up_to(ROWS_MAX, (package, source), sink, progress)
}

fn read_up_to<E: From<HsdsError>>(
    rows_max: u64,
    (package, source): (&Package, &str),
    sink: &mut Sink<'_, E>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, E> {
    let mut reading = Reading {
        source,
        rows_max,
        report: Report { source: source.to_owned(), ..Report::default() },
        ids: HashMap::new(),
        taken: HashSet::new(),
        present: RULES.iter().map(|rule| rule.name).filter(|name| package.table(name).is_some()).collect(),
        bytes: 0,
        of: package.bytes(),
    };
    reading.leave_out(package);
    for rule in RULES {
        if let Some(table) = package.table(rule.name) {
            reading.table(rule, table, sink, progress)?;
        }
    }
    Ok(reading.report)
}

/// The id of a row whose own id is not a UUID: made from source, table and id, so that a second import finds it again.
pub fn stable_id(source: &str, table: &str, original: &str) -> Uuid {
    if let Some(uuid) = plain_uuid(original) {
        return uuid;
    }
    let mut parts = Vec::with_capacity(7);
    parts.push(b"throughline/hsds/id/1".as_slice());
    for part in [source, table, original] {
        parts.push(b"\0".as_slice());
        parts.push(part.as_bytes());
    }
    let digest = Digest::of_parts(parts);
    let mut bytes = [0u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Latitude and longitude of a row of `location`, and what is doubtful about them. Doubtful places are kept without coordinates:
/// a wrong point on the map sends people to it.
pub fn place(row: &Row) -> (Option<(f64, f64)>, Option<&'static str>) {
    let (latitude, longitude) = match (row.cell("latitude"), row.cell("longitude")) {
        (None, None) => return (None, None),
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        (Some(_), None) | (None, Some(_)) => return (None, Some("one of the two coordinates is missing")),
    };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let comma = |text: &str| number(&text.replace(',', "."));
    match (number(latitude), number(longitude)) {
        (Some(0.0), Some(0.0)) => (None, Some("both coordinates are zero")),
        (Some(lat), Some(lon)) if lat.abs() <= 90.0 && lon.abs() <= 180.0 => (Some((lat, lon)), None),
        (Some(lat), Some(lon)) if lat.abs() <= 180.0 && lon.abs() <= 90.0 => {
            (None, Some("latitude and longitude look swapped"))
        }
        (Some(_), Some(_)) => (None, Some("a coordinate is out of range")),
        (None, _) | (_, None) if comma(latitude).is_some() && comma(longitude).is_some() => {
            (None, Some("the coordinates have decimal commas; they need decimal points"))
        }
        (None, _) | (_, None) => (None, Some("a coordinate is not a number")),
    }
}

struct Reading<'a> {
    source: &'a str,
    /// The most rows of one table.
    rows_max: u64,
    report: Report,
    ids: HashMap<&'static str, HashSet<Uuid>>,
    /// Ids of the tables that were read before, whatever table they are of.
    taken: HashSet<Uuid>,
    present: Vec<&'static str>,
    bytes: u64,
    of: u64,
}

/// Why a row is refused or doubtful.
struct Finding {
    severity: Severity,
    code: &'static str,
    column: Option<String>,
    what: String,
    remedy: &'static str,
}

impl Finding {
    fn refused(
        code: &'static str,
        column: Option<&str>,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            severity: Severity::Refused,
            code,
            column: column.map(str::to_owned),
            what: what.into(),
            remedy,
        }
    }

    fn warned(
        code: &'static str,
        column: Option<&str>,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { severity: Severity::Warned, ..Self::refused(code, column, what, remedy) }
    }

    fn problem(self, name: &str, table: &TableFile, line: u64) -> Problem {
        Problem {
            severity: self.severity,
            code: self.code,
            table: name.to_owned(),
            line: Some(line),
            column: self.column.map(|column| table.called(column)),
            what: self.what,
            remedy: self.remedy,
        }
    }
}

impl Reading<'_> {
    fn leave_out(&mut self, package: &Package) {
        self.report.read_as = package.remarks.read_as;
        self.report.left_out.clone_from(&package.remarks.left_out);
        for problem in &package.remarks.problems {
            self.report.note(problem.clone());
        }
        for table in package.tables() {
            self.report.left_out.extend(left_out(table.name()));
        }
    }

    fn table<E: From<HsdsError>>(
        &mut self,
        rule: &'static Rule,
        table: &TableFile,
        sink: &mut Sink<'_, E>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), E> {
        let mut lines = Lines::open(table)?;
        let mut report = TableReport {
            table: rule.name.to_owned(),
            file: table.file().to_owned(),
            ..TableReport::default()
        };
        let mut seen = HashSet::new();
        let mut broken = 0u64;
        // A row may name a row of its own table that stands further down, so those ids are gathered first.
        let own = own_ids(self.source, rule, table)?;
        let (mut chunk, mut held) = (Vec::with_capacity(CHUNK), 0usize);
        while let Some((line, record)) = lines.next_record()? {
            report.rows = report.rows.saturating_add(1);
            let line = table.line(report.rows, line);
            if report.rows > self.rows_max {
                let reason = format!("it has more than {} rows; part the package", self.rows_max);
                return Err(HsdsError::Form { file: table.file().to_owned(), reason }.into());
            }
            let (row, findings) = self.row(rule, &lines.columns, line, &record, (&mut seen, own.as_ref()));
            broken = broken.saturating_add(u64::from(findings.iter().any(|found| found.code == BROKEN)));
            for found in findings {
                self.report.note(found.problem(rule.name, table, line));
            }
            match row {
                Some(row) => {
                    held = held.saturating_add(record.as_slice().len());
                    chunk.push(row);
                }
                None => report.refused = report.refused.saturating_add(1),
            }
            if chunk.len() >= CHUNK || held >= CHUNK_BYTES {
                held = 0;
                report.add(sink(rule, std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)))?);
                progress(Progress {
                    table: rule.name,
                    bytes: self.bytes.saturating_add(lines.bytes()),
                    of: self.of,
                });
            }
        }
        if !chunk.is_empty() {
            report.add(sink(rule, chunk)?);
        }
        self.bytes = self.bytes.saturating_add(lines.bytes());
        progress(Progress { table: rule.name, bytes: self.bytes, of: self.of });
        if report.rows > 1 && broken == report.rows {
            let reason = format!("every row of {} refers to a row that is not in the package", rule.name);
            self.report.stopped.get_or_insert(reason);
        }
        self.report.tables.push(report);
        self.taken.extend(&seen);
        if rule.is_referred_to {
            self.ids.insert(rule.name, seen);
        }
        Ok(())
    }

    fn row(
        &self,
        rule: &'static Rule,
        columns: &[String],
        line: u64,
        record: &ByteRecord,
        (seen, own): (&mut HashSet<Uuid>, Option<&HashSet<Uuid>>),
    ) -> (Option<Row>, Vec<Finding>) {
        let mut row = match cells(columns, line, record) {
            Ok(row) => row,
            Err(finding) => return (None, vec![finding]),
        };
        // What stands for nothing is nothing.
        row.cells.retain(|column, cell| cell != FILLER || !lists(INSISTED, rule.name, column));
        let Some(original) = row.cell("id") else {
            return (
                None,
                vec![Finding::refused(
                    "blank_id",
                    Some("id"),
                    "the row has no id",
                    "give each row an id of its own",
                )],
            );
        };
        row.id = stable_id(self.source, rule.name, original);
        let mut findings = Vec::new();
        for column in rule.required {
            if row.cell(column).is_none() {
                findings.push(Finding::refused(
                    "required",
                    Some(column),
                    "this cell may not be empty",
                    "fill it in",
                ));
            }
        }
        for (column, allowed) in rule.closed {
            if row.cell(column).is_some_and(|value| !allowed.contains(&value)) {
                findings.push(Finding::refused(
                    "not_in_list",
                    Some(column),
                    format!("expected one of: {}", allowed.join(", ")),
                    "use a value of the list, in this spelling",
                ));
            }
        }
        if row.cell("contact_id").is_some() {
            findings.push(Finding::refused(
                "person",
                Some("contact_id"),
                "what belongs to a person is not imported",
                "leave contact_id empty where the row is of an office and of no person",
            ));
        }
        if self.taken.contains(&row.id) {
            findings.push(Finding::refused(
                "id_of_another_table",
                Some("id"),
                "a row of another table has the same id",
                "give each row an id of its own",
            ));
        }
        self.follow(rule, &mut row, own, &mut findings);
        if findings.iter().all(|found| found.severity != Severity::Refused) && !seen.insert(row.id) {
            findings.push(Finding::refused(
                "duplicate_id",
                Some("id"),
                "an earlier row of this table has the same id",
                "keep one of the two rows",
            ));
        }
        if findings.iter().any(|found| found.severity == Severity::Refused) {
            return (None, findings);
        }
        doubts(rule, &row, &mut findings);
        (Some(row), findings)
    }

    /// Looks up what the row refers to.
    fn follow(
        &self,
        rule: &'static Rule,
        row: &mut Row,
        own: Option<&HashSet<Uuid>>,
        findings: &mut Vec<Finding>,
    ) {
        let mut found = BTreeMap::new();
        for (column, table) in rule.references {
            let Some(value) = row.cell(column) else { continue };
            let id = stable_id(self.source, table, value);
            let is_there = if *table == rule.name {
                own.is_some_and(|own| own.contains(&id))
            } else {
                // A table of the package that stands further down the list cannot be looked up; its own rows will name this one.
                self.ids
                    .get(table)
                    .map_or(self.present.contains(table) && later(rule, table), |ids| ids.contains(&id))
            };
            if is_there {
                found.insert(*column, id);
            } else {
                findings.push(Finding::refused(
                    BROKEN,
                    Some(column),
                    format!("there is no such row in {table}, or it was refused"),
                    "add the row it names, or correct the id",
                ));
            }
        }
        if LINKED.contains(&rule.name) {
            self.follow_link(row, &mut found, findings);
        }
        row.references = found;
    }

    /// An attribute may belong to a row of any table: `link_entity` says which.
    /// Looks up what a row belongs to that names table and id.
    fn follow_link(&self, row: &Row, found: &mut BTreeMap<&'static str, Uuid>, findings: &mut Vec<Finding>) {
        let (Some(entity), Some(link)) = (row.cell("link_entity"), row.cell("link_id")) else { return };
        let Some(target) = RULES.iter().find(|rule| rule.name == entity) else {
            findings.push(Finding::refused(
                "not_in_list",
                Some("link_entity"),
                "this is not a table that is imported",
                "name a table of the package",
            ));
            return;
        };
        let id = stable_id(self.source, target.name, link);
        // Tables nothing else refers to are not remembered; what is linked to theirs is taken at its word.
        if self.ids.get(target.name).is_none_or(|ids| ids.contains(&id))
            && self.present.contains(&target.name)
        {
            found.insert("link_id", id);
        } else {
            findings.push(Finding::refused(
                BROKEN,
                Some("link_id"),
                format!("there is no such row in {entity}, or it was refused"),
                "add the row it names, or correct the id",
            ));
        }
    }
}

/// Why a table is left out, if it is.
pub(super) fn left_out(table: &str) -> Option<LeftOut> {
    let known = LEFT_OUT.iter().find(|(name, _)| *name == table);
    let reason = match known {
        Some((_, reason)) => reason,
        None if RULES.iter().any(|rule| rule.name == table) => return None,
        None => "this is not a table of HSDS",
    };
    Some(LeftOut { table: table.to_owned(), reason: reason.to_owned() })
}

/// The rows of a table as they stand in its file, with their lines: for what is turned into another form before it is checked. What cannot
/// be read as a row is noted.
pub(super) fn plain_rows(
    table: &TableFile,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Result<Vec<(u64, BTreeMap<String, String>)>, HsdsError> {
    let mut lines = Lines::open(table)?;
    let mut rows = Vec::new();
    while let Some((line, record)) = lines.next_record()? {
        match cells(&lines.columns, line, &record) {
            Ok(row) => rows.push((line, row.cells)),
            Err(found) => problems.push(found.problem(name, table, line)),
        }
    }
    Ok(rows)
}

/// Whether `table` is read after `rule`'s.
fn later(rule: &'static Rule, table: &str) -> bool {
    let at = |name: &str| RULES.iter().position(|other| other.name == name);
    at(table) > at(rule.name)
}

/// The ids of a table that refers to itself.
fn own_ids(source: &str, rule: &'static Rule, table: &TableFile) -> Result<Option<HashSet<Uuid>>, HsdsError> {
    if !rule.references.iter().any(|(_, target)| *target == rule.name) {
        return Ok(None);
    }
    let mut lines = Lines::open(table)?;
    let Some(at) = lines.columns.iter().position(|column| column == "id") else { return Ok(None) };
    let mut ids = HashSet::new();
    while let Some((_, record)) = lines.next_record()? {
        if let Some(id) = record.get(at).and_then(|cell| std::str::from_utf8(cell).ok()) {
            ids.insert(stable_id(source, rule.name, id.trim()));
        }
    }
    Ok(Some(ids))
}

/// The cells of a record as text.
fn cells(columns: &[String], line: u64, record: &ByteRecord) -> Result<Row, Finding> {
    if record.len() != columns.len() {
        return Err(Finding::refused(
            "cell_count",
            None,
            format!("the row has {} cells, the header {}", record.len(), columns.len()),
            "a cell with a comma or a line break needs quotes around it",
        ));
    }
    let mut cells = BTreeMap::new();
    for (column, cell) in columns.iter().zip(record.iter()) {
        let Ok(text) = std::str::from_utf8(cell) else {
            return Err(Finding::refused(
                "encoding",
                Some(column),
                "the cell is not UTF-8",
                "save the file as UTF-8",
            ));
        };
        // An apostrophe before a formula is how spreadsheets, and our own export, keep it from being calculated.
        let text = text.trim();
        let text = text.strip_prefix('\'').filter(|rest| is_formula("", rest)).unwrap_or(text);
        if text.chars().nth(CELL_MAX).is_some() {
            return Err(Finding::refused(
                "cell_length",
                Some(column),
                format!("the cell is longer than {CELL_MAX} characters"),
                "shorten it",
            ));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Finding::refused(
                "control_character",
                Some(column),
                "the cell holds a control character",
                "remove it",
            ));
        }
        if !text.is_empty() {
            cells.insert(column.clone(), text.to_owned());
        }
    }
    Ok(Row { id: Uuid::nil(), line, cells, references: BTreeMap::new() })
}

/// What is taken, and said.
fn doubts(rule: &Rule, row: &Row, findings: &mut Vec<Finding>) {
    for (column, cell) in &row.cells {
        if is_formula(column, cell) {
            findings.push(Finding::warned(
                "formula",
                Some(column),
                "the cell looks like a spreadsheet formula; it is kept as text and never exported as a formula",
                "check what it was meant to say",
            ));
        }
        if matches!(column.as_str(), "url" | "website" | "uri" | "logo" | "term_uri") && !has_scheme(cell) {
            findings.push(Finding::warned(
                "url_scheme",
                Some(column),
                "the address does not begin with http:// or https://",
                "write the whole address",
            ));
        }
        if rule.name == "phone" && column == "number" && has_words(cell) {
            findings.push(Finding::warned(
                "telephone",
                Some(column),
                "there are words around the telephone number",
                "write them into the description",
            ));
        }
        if matches!(column.as_str(), "email" | "assurer_email") && !cell.contains('@') {
            findings.push(Finding::warned(
                "email",
                Some(column),
                "this is not an e-mail address",
                "correct it",
            ));
        }
        if !fits(rule.name, column, cell) {
            findings.push(untold(rule.name, column));
        }
        if matches!(column.as_str(), "minimum_age" | "maximum_age") && cell.parse::<f64>().is_err() {
            findings.push(Finding::warned(
                "number",
                Some(column),
                "this is not a number",
                "write the age in years",
            ));
        }
    }
    if rule.name == "eligibility_rule" {
        if let Some(doubt) = crate::directory::eligibility::doubt(&row.cells) {
            let remedy = "correct it; until then people are told to ask the provider";
            findings.push(Finding::warned("eligibility", Some("values"), doubt, remedy));
        }
        if row.references.is_empty() {
            let what = "the rule belongs to no service";
            findings.push(Finding::warned("eligibility", Some("service_id"), what, "name its service"));
        }
    }
    if let Some((column, doubt)) = agreements::doubt(rule.name, &row.cells) {
        let remedy = "correct it; until then the agreement counts as one that is not in force";
        findings.push(Finding::warned("agreement", Some(column), doubt, remedy));
    }
    if rule.name == "location"
        && let (_, Some(doubt)) = place(row)
    {
        let remedy = "correct the coordinates; until then the place is listed without them";
        findings.push(Finding::warned("coordinates", Some("latitude"), doubt, remedy));
    }
}

/// What is said of a cell that its column cannot hold: it is kept and told by nothing.
fn untold(table: &str, column: &str) -> Finding {
    let what = match listed(table, column) {
        Some(listed) if listed.holds_several => {
            format!("expected one or more of these, parted by commas: {}", listed.words.join(", "))
        }
        Some(listed) => format!("expected one of: {}", listed.words.join(", ")),
        None => String::from("this is no plus code: a whole one, or a short one with its town behind it"),
    };
    Finding::warned(UNTOLD, Some(column), what, "correct it; until then it is kept and not shown")
}

/// Whether a spreadsheet would calculate the cell. Numbers with a sign and telephone numbers are not formulas.
pub fn is_formula(column: &str, cell: &str) -> bool {
    let mut letters = cell.chars();
    match letters.next() {
        Some('=' | '@') => true,
        Some('+' | '-') => {
            let is_number =
                letters.all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | ',' | '(' | ')' | '-' | '/'));
            !is_number && column != "number"
        }
        _ => false,
    }
}

/// Whether there is more than a number and its extension.
fn has_words(number: &str) -> bool {
    let mut words = number.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.any(|word| !["ext", "extension", "x"].iter().any(|known| word.eq_ignore_ascii_case(known)))
}

fn has_scheme(address: &str) -> bool {
    let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// A UUID in its usual form with hyphens; other forms would let one row have two ids.
fn plain_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// The records of one file, with limits on what is read between two of them.
struct Lines<'a> {
    columns: Vec<String>,
    reader: csv::Reader<Metered<'a>>,
    meter: Rc<Meter>,
    file: String,
}

struct Meter {
    row: Cell<u64>,
    all: Cell<u64>,
    lines: RefCell<LineCount>,
}

/// Counts what goes through, and stops a row that does not end.
struct Metered<'a> {
    inner: BufReader<Box<dyn Read + 'a>>,
    meter: Rc<Meter>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.lines.borrow_mut().read(buffer.get(..count).unwrap_or_default());
        let more = u64::try_from(count).unwrap_or(u64::MAX);
        self.meter.row.set(self.meter.row.get().saturating_add(more));
        self.meter.all.set(self.meter.all.get().saturating_add(more));
        if self.meter.row.get() > ROW_BYTES_MAX.saturating_add(READ_AHEAD) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row is longer than 1 MiB; a quote may be missing",
            ));
        }
        Ok(count)
    }
}

impl<'a> Lines<'a> {
    fn open(table: &'a TableFile) -> Result<Self, HsdsError> {
        let file = table.file().to_owned();
        let form = |reason: &str| HsdsError::Form { file: file.clone(), reason: reason.to_owned() };
        let mut inner = BufReader::new(table.open()?);
        let ahead = io::BufRead::fill_buf(&mut inner)
            .map_err(|source| HsdsError::File { file: file.clone(), source })?;
        if ahead.starts_with(b"\xff\xfe") || ahead.starts_with(b"\xfe\xff") {
            return Err(form("it is UTF-16; save it as UTF-8"));
        }
        if ahead.starts_with(b"PK\x03\x04") || ahead.contains(&0) {
            return Err(form("it is not a text file; export the table as CSV in UTF-8"));
        }
        let meter =
            Rc::new(Meter { row: Cell::new(0), all: Cell::new(0), lines: RefCell::new(LineCount::new()) });
        let metered = Metered { inner, meter: Rc::clone(&meter) };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(metered);
        let header = reader.byte_headers().map_err(|reason| unreadable(&file, &reason))?.clone();
        if header.len() > COLUMNS_MAX {
            return Err(form("it has more than 128 columns"));
        }
        let mut columns = Vec::with_capacity(header.len());
        for name in &header {
            let name = std::str::from_utf8(name).map_err(|_reason| form("its header is not UTF-8"))?;
            let name = name.trim().trim_start_matches('\u{feff}').to_owned();
            let plain = !name.is_empty() && name.len() <= 64 && !name.chars().any(char::is_control);
            if !plain || columns.contains(&name) {
                return Err(form("its header has an empty, overlong or repeated column name"));
            }
            columns.push(name);
        }
        if !columns.iter().any(|column| column == "id") {
            return Err(form(
                "it has no column called id; the first line must name the columns, parted by commas",
            ));
        }
        Ok(Self { columns, reader, meter, file })
    }

    fn next_record(&mut self) -> Result<Option<(u64, ByteRecord)>, HsdsError> {
        self.meter.row.set(0);
        let mut record = ByteRecord::new();
        let more =
            self.reader.read_byte_record(&mut record).map_err(|reason| unreadable(&self.file, &reason))?;
        let start = record.position().map_or(0, csv::Position::byte);
        let line = self.meter.lines.borrow_mut().line_of(start);
        Ok(more.then_some((line, record)))
    }

    fn bytes(&self) -> u64 {
        self.meter.all.get()
    }
}

fn unreadable(file: &str, reason: &csv::Error) -> HsdsError {
    HsdsError::Form { file: file.to_owned(), reason: reason.to_string() }
}

/// What is found of a cell that is kept and not shown, because its column cannot hold it.
pub(in crate::directory) const UNTOLD: &str = "not_shown";

const BROKEN: &str = "broken_reference";
const READ_AHEAD: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const DESCRIPTOR: &str = r#"{"resources":[
        {"name":"organization","path":"organizations.csv"},
        {"name":"service","path":"services.csv"},
        {"name":"location","path":"locations.csv"},
        {"name":"service_at_location","path":"service_at_location.csv"}]}"#;

    fn files(folder: &Path, changed: &[(&str, &[u8])]) {
        let plain: [(&str, &[u8]); 5] = [
            ("datapackage.json", DESCRIPTOR.as_bytes()),
            ("organizations.csv", b"id,name\no1,One\no2,Two\n"),
            (
                "services.csv",
                b"id,organization_id,name,status\ns1,o1,Legal aid,active\ns2,o2,Shelter,active\n",
            ),
            ("locations.csv", b"id,location_type,latitude,longitude\nl1,physical,-15.4,28.3\n"),
            ("service_at_location.csv", b"id,service_id,location_id\np1,s1,l1\np2,s2,l1\n"),
        ];
        for (name, bytes) in plain.iter().chain(changed) {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    fn read_all(changed: &[(&str, &[u8])]) -> Result<(Report, Vec<(&'static str, Row)>), HsdsError> {
        let folder = tempfile::tempdir().unwrap();
        files(folder.path(), changed);
        let mut rows = Vec::new();
        let package = Package::open(folder.path())?;
        let report = read::<HsdsError>(
            &package,
            "test",
            &mut |rule, chunk| {
                let new = u64::try_from(chunk.len()).unwrap();
                rows.extend(chunk.into_iter().map(|row| (rule.name, row)));
                Ok(Tally { new, ..Tally::default() })
            },
            &mut |_progress| {},
        )?;
        Ok((report, rows))
    }

    fn codes(report: &Report) -> Vec<(&'static str, Option<u64>, Option<&str>)> {
        report.problems.iter().map(|p| (p.code, p.line, p.column.as_deref())).collect()
    }

    #[test]
    fn a_plain_package_passes_whole() {
        let (report, rows) = read_all(&[]).unwrap();
        assert_eq!((report.rows(), report.changes(), report.refused, report.warned), (7, 7, 0, 0));
        let place_row = &rows.iter().find(|(table, _)| *table == "service_at_location").unwrap().1;
        assert_eq!(place_row.references["service_id"], stable_id("test", "service", "s1"));
        assert_eq!(
            place(&rows.iter().find(|(table, _)| *table == "location").unwrap().1).0,
            Some((-15.4, 28.3))
        );
    }

    #[test]
    fn the_same_row_has_one_digest_whatever_the_order_of_columns_and_line_ends() {
        let (_, plain) = read_all(&[]).unwrap();
        let (_, other) = read_all(&[
            ("services.csv", b"\xef\xbb\xbfstatus,name,id,organization_id\r\nactive,Shelter,s2,o2\r\nactive, Legal aid ,s1,o1\r\n"),
        ])
        .unwrap();
        let [plain, other] = [plain, other].map(|rows| {
            let of_services = rows.iter().filter(|(table, _)| *table == "service");
            let mut digests: Vec<Digest> = of_services.map(|(_, row)| row.digest()).collect();
            digests.sort();
            digests
        });
        assert_eq!(plain, other);
    }

    #[test]
    fn quoted_line_breaks_stay_in_their_cell_and_lines_are_counted_right() {
        let (report, rows) = read_all(&[(
            "services.csv",
            b"id,organization_id,name,status,description\ns1,o1,Legal aid,active,\"two\nlines, and \"\"quotes\"\"\"\ns2,o2,,active,\n",
        )])
        .unwrap();
        let row = &rows.iter().find(|(table, _)| *table == "service").unwrap().1;
        assert_eq!(row.cell("description"), Some("two\nlines, and \"quotes\""));
        assert!(codes(&report).contains(&("required", Some(4), Some("name"))), "{report:?}");
    }

    #[test]
    fn lines_are_counted_as_an_editor_does_however_they_end() {
        let written = "id,organization_id,name,status,description\ns1,o1,Legal aid,active,\"two\nlines\"\n\ns2,o2,,active,\ns3,o2,,active,";
        for (end, mark) in [("\n", ""), ("\r\n", ""), ("\r", ""), ("\r\n", "\u{feff}")] {
            let text = format!("{mark}{}", written.replace('\n', end));
            let (report, _rows) = read_all(&[("services.csv", text.as_bytes())]).unwrap();
            let found: Vec<_> = codes(&report).into_iter().filter(|(code, ..)| *code == "required").collect();
            let expected = [5, 6].map(|line| ("required", Some(line), Some("name")));
            assert_eq!(found, expected, "{end:?} {mark:?}");
        }
    }

    #[test]
    fn an_id_stands_for_one_row_whatever_the_table_and_a_person_s_number_stays_out() {
        let (report, rows) = read_all(&[
            ("organizations.csv", b"id,name\n11111111-1111-4111-8111-111111111111,Harbour\n"),
            (
                "services.csv",
                b"id,organization_id,name,status,contact_id\n\
                  11111111-1111-4111-8111-111111111111,11111111-1111-4111-8111-111111111111,Advice,active,\n\
                  s1,11111111-1111-4111-8111-111111111111,Clinic,active,\n\
                  s2,11111111-1111-4111-8111-111111111111,Canary,active,c1\n",
            ),
            ("service_at_location.csv", b"id,service_id,location_id\np1,s1,l1\n"),
        ])
        .unwrap();
        let found = [("id_of_another_table", Some(2), Some("id")), ("person", Some(4), Some("contact_id"))];
        assert_eq!(codes(&report), found);
        assert!(rows.iter().all(|(_, row)| row.cell("name") != Some("Canary")));
    }

    #[test]
    fn broken_references_are_all_listed_and_what_hangs_on_them_too() {
        let (report, rows) = read_all(&[(
            "services.csv",
            b"id,organization_id,name,status\ns1,o1,Legal aid,active\ns2,nobody,Shelter,active\n",
        )])
        .unwrap();
        assert_eq!(
            codes(&report),
            [
                ("broken_reference", Some(3), Some("organization_id")),
                ("broken_reference", Some(3), Some("service_id")),
            ]
        );
        assert_eq!(report.stopped, None);
        assert_eq!(rows.len(), 5);
        assert_eq!(report.table("service").unwrap().refused, 1);
    }

    #[test]
    fn a_package_whose_references_are_all_broken_is_stopped() {
        let (report, _) = read_all(&[("organizations.csv", b"id,name\nx1,One\nx2,Two\n")]).unwrap();
        assert_eq!(
            report.stopped.as_deref(),
            Some("every row of service refers to a row that is not in the package")
        );
    }

    #[test]
    fn a_parent_may_stand_below_its_child() {
        let (report, rows) =
            read_all(&[("organizations.csv", b"id,name,parent_organization_id\no1,One,o2\no2,Two,\n")])
                .unwrap();
        assert_eq!(report.refused, 0, "{report:?}");
        assert_eq!(rows[0].1.references["parent_organization_id"], stable_id("test", "organization", "o2"));
    }

    #[test]
    fn blank_and_repeated_ids_are_refused_and_other_tables_may_use_the_same() {
        let (report, rows) = read_all(&[
            ("organizations.csv", b"id,name\no1,One\no1,Again\n,Nameless\no2,Two\n"),
            ("locations.csv", b"id,location_type\no1,physical\nl1,physical\n"),
        ])
        .unwrap();
        assert_eq!(
            codes(&report),
            [("duplicate_id", Some(3), Some("id")), ("blank_id", Some(4), Some("id"))]
        );
        assert_ne!(rows[0].1.id, stable_id("test", "location", "o1"));
        assert!(rows.iter().any(|(table, row)| *table == "location" && row.cell("id") == Some("o1")));
    }

    #[test]
    fn ids_that_are_uuids_are_kept_and_others_are_made_from_their_source() {
        let uuid = "eab4c721-a152-58e1-a5b0-a4c11e76d205";
        assert_eq!(stable_id("a", "service", uuid).to_string(), uuid);
        assert_eq!(stable_id("a", "service", "s1"), stable_id("a", "service", "s1"));
        assert_ne!(stable_id("a", "service", "s1"), stable_id("b", "service", "s1"));
        assert_ne!(stable_id("a", "service", "s1"), stable_id("a", "location", "s1"));
        assert_ne!(stable_id("a", "service", &uuid.replace('-', "")).to_string(), uuid);
    }

    #[test]
    fn formulas_stay_text_and_are_pointed_out() {
        let (report, rows) = read_all(&[(
            "organizations.csv",
            b"id,name,tax_id\no1,\"=cmd|' /C calc'!A0\",-12\no2,@SUM(A1),+1+HYPERLINK(1)\n",
        )])
        .unwrap();
        assert_eq!(rows[0].1.cell("name"), Some("=cmd|' /C calc'!A0"));
        assert_eq!(
            codes(&report),
            [
                ("formula", Some(2), Some("name")),
                ("formula", Some(3), Some("name")),
                ("formula", Some(3), Some("tax_id"))
            ]
        );
        assert!(!is_formula("number", "+44 (0)20 7946-0000 ext 2"));
    }

    #[test]
    fn an_apostrophe_that_kept_a_formula_from_being_calculated_is_taken_off_again() {
        let (_, rows) = read_all(&[("organizations.csv", b"id,name\no1,'=SUM(A1)\no2,'t Hooft\n")]).unwrap();
        assert_eq!((rows[0].1.cell("name"), rows[1].1.cell("name")), (Some("=SUM(A1)"), Some("'t Hooft")));
    }

    #[test]
    fn odd_coordinates_are_named_and_never_put_on_the_map() {
        let row = |latitude: &str, longitude: &str| Row {
            id: Uuid::nil(),
            line: 2,
            cells: [("latitude", latitude), ("longitude", longitude)]
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(column, value)| ((*column).to_owned(), (*value).to_owned()))
                .collect(),
            references: BTreeMap::new(),
        };
        assert_eq!(place(&row("", "")), (None, None));
        assert_eq!(place(&row("51.5", "-0.08")).0, Some((51.5, -0.08)));
        for (latitude, longitude, says) in [
            ("51.5", "", "missing"),
            ("0", "0", "zero"),
            ("128.3", "15.4", "swapped"),
            ("951", "15.4", "range"),
            ("51,5", "0,08", "commas"),
            ("north", "0,08", "not a number"),
            ("NaN", "1", "not a number"),
        ] {
            let (point, doubt) = place(&row(latitude, longitude));
            assert!(
                point.is_none() && doubt.is_some_and(|doubt| doubt.contains(says)),
                "{latitude} {longitude} {doubt:?}"
            );
        }
    }

    #[test]
    fn addresses_without_a_scheme_and_words_around_a_number_are_pointed_out_and_kept() {
        let descriptor = r#"{"resources":[{"name":"organization","path":"organizations.csv"},{"name":"phone","path":"phones.csv"}]}"#;
        let (report, rows) = read_all(&[
            ("datapackage.json", descriptor.as_bytes()),
            ("organizations.csv", b"id,name,website\no1,One,example.org\no2,Two,https://example.org\n"),
            ("phones.csv", b"id,number,organization_id\nn1,ask for Mary 123,o1\nn2,+44 20 ext. 5,o1\n"),
        ])
        .unwrap();
        let found = [("url_scheme", Some(2), Some("website")), ("telephone", Some(2), Some("number"))];
        assert_eq!(codes(&report), found);
        assert_eq!((report.refused, report.warned, rows.len()), (0, 2, 4));
    }

    #[test]
    fn what_can_be_no_mail_address_no_number_and_no_place_is_pointed_out_where_it_stands_and_kept() {
        let (report, rows) = read_all(&[
            (
                "services.csv",
                b"id,organization_id,name,status,email,minimum_age\n\
                  s1,o1,Legal aid,active,not a mail,many\ns2,o2,Shelter,active,desk@example.org,16\n",
            ),
            ("locations.csv", b"id,location_type,latitude,longitude\nl1,physical,north,28.3\n"),
        ])
        .unwrap();
        let mut found = codes(&report);
        found.sort_unstable();
        let expected = [
            ("coordinates", Some(2), Some("latitude")),
            ("email", Some(2), Some("email")),
            ("number", Some(2), Some("minimum_age")),
        ];
        assert_eq!(found, expected);
        assert_eq!((report.refused, rows.len()), (0, 7));
    }

    #[test]
    fn values_outside_of_a_closed_list_are_refused() {
        let (report, _) = read_all(&[(
            "services.csv",
            b"id,organization_id,name,status\ns1,o1,Legal aid,Active\ns2,o2,Shelter,temporarily closed\n",
        )])
        .unwrap();
        assert!(codes(&report).contains(&("not_in_list", Some(2), Some("status"))));
        assert_eq!(report.table("service").unwrap().refused, 1);
    }

    #[test]
    fn odd_encodings_are_refused_clearly() {
        let utf16 = read_all(&[("organizations.csv", b"\xff\xfei\0d\0")]).unwrap_err();
        assert!(utf16.to_string().contains("UTF-16"), "{utf16}");
        let workbook = read_all(&[("organizations.csv", b"PK\x03\x04rest")]).unwrap_err();
        assert!(workbook.to_string().contains("export the table as CSV"), "{workbook}");
        let (report, _) = read_all(&[("organizations.csv", b"id,name\no1,Caf\xe9\no2,Two\n")]).unwrap();
        assert_eq!(codes(&report)[0], ("encoding", Some(2), Some("name")));
        let (report, _) = read_all(&[("organizations.csv", b"id,name\no1,O\x07ne\no2,Two\n")]).unwrap();
        assert_eq!(codes(&report)[0], ("control_character", Some(2), Some("name")));
    }

    #[test]
    fn a_row_that_does_not_end_and_a_table_that_is_too_wide_are_refused() {
        let mut endless = b"id,name\no1,\"".to_vec();
        endless.resize(3 * 1024 * 1024, b'x');
        let refused = read_all(&[("organizations.csv", &endless)]).unwrap_err();
        assert!(refused.to_string().contains("longer than 1 MiB"), "{refused}");
        let wide = (0..10_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
        let refused = read_all(&[("organizations.csv", wide.as_bytes())]).unwrap_err();
        assert!(refused.to_string().contains("128 columns"), "{refused}");
        let long = format!("id,name\no1,{}\no2,Two\n", "x".repeat(CELL_MAX + 1));
        let (report, _) = read_all(&[("organizations.csv", long.as_bytes())]).unwrap();
        assert_eq!(codes(&report)[0], ("cell_length", Some(2), Some("name")));
        let (report, _) = read_all(&[("organizations.csv", b"id,name\no1,One,more\no2,Two\n")]).unwrap();
        assert_eq!(codes(&report)[0], ("cell_count", Some(2), None));
    }

    #[test]
    fn a_table_of_more_rows_than_its_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        files(folder.path(), &[]);
        let package = Package::open(folder.path()).unwrap();
        let read = |rows_max| {
            let mut sink = |_: &'static Rule, _: Vec<Row>| Ok::<_, HsdsError>(Tally::default());
            read_up_to(rows_max, (&package, "test"), &mut sink, &mut |_| {})
        };
        assert_eq!(read(2).unwrap().rows(), 7);
        let refused = read(1).unwrap_err().to_string();
        assert!(refused.contains("organizations.csv") && refused.contains("more than 1 rows"), "{refused}");
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for path in [
            "../organizations.csv",
            "/etc/passwd",
            "..\\x.csv",
            "C:x.csv",
            "",
            "./../x",
            "http://example.org/x.csv",
        ] {
            let descriptor =
                serde_json::json!({"resources": [{"name": "organization", "path": path}]}).to_string();
            let refused = read_all(&[("datapackage.json", descriptor.as_bytes())]);
            assert!(matches!(refused, Err(HsdsError::Resource { .. })), "{path}: {refused:?}");
        }
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        files(folder.path(), &[]);
        fs::write(outside.path().join("secret.csv"), "id,name\n").unwrap();
        fs::remove_file(folder.path().join("organizations.csv")).unwrap();
        std::os::unix::fs::symlink(
            outside.path().join("secret.csv"),
            folder.path().join("organizations.csv"),
        )
        .unwrap();
        assert!(matches!(Package::open(folder.path()), Err(HsdsError::Resource { .. })));
    }

    #[test]
    fn descriptors_that_cannot_be_used_are_refused() {
        for (descriptor, says) in [
            ("{", "cannot be used"),
            (r#"{"resources":[{"name":"organization","path":["a.csv","b.csv"]}]}"#, "one file"),
            (
                r#"{"resources":[{"name":"organization","path":"organizations.csv","encoding":"latin-1"}]}"#,
                "UTF-8",
            ),
            (
                r#"{"resources":[{"name":"organization","path":"organizations.csv","dialect":{"delimiter":";"}}]}"#,
                "commas",
            ),
            (r#"{"resources":[{"name":"organization","path":"none.csv"}]}"#, "none.csv"),
            (
                r#"{"resources":[{"name":"organization","path":"organizations.csv"},{"name":"organization","path":"organizations.csv"}]}"#,
                "twice",
            ),
        ] {
            let refused = read_all(&[("datapackage.json", descriptor.as_bytes())]).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
        let nothing = tempfile::tempdir().unwrap();
        assert!(matches!(Package::open(nothing.path()), Err(HsdsError::NoPackage { .. })));
    }

    #[test]
    fn people_s_names_are_left_out_and_said_so() {
        let descriptor = r#"{"resources":[{"name":"organization","path":"organizations.csv"},{"name":"contact","path":"contacts.csv"}]}"#;
        let changed: [(&str, &[u8]); 2] =
            [("datapackage.json", descriptor.as_bytes()), ("contacts.csv", b"id,name\nc1,Canary Person\n")];
        let (report, rows) = read_all(&changed).unwrap();
        assert_eq!(report.left_out[0].table, "contact");
        assert!(rows.iter().all(|(table, _)| *table == "organization"));
        assert!(!format!("{report:?}").contains("Canary"));
    }

    /// A real directory, where there is one beside the project. Never part of it.
    fn legal_aid() -> Option<std::path::PathBuf> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let folder = std::env::var_os("THROUGHLINE_TEST_SHARED")
            .map_or(beside, std::path::PathBuf::from)
            .join("data/hsds/laalaa");
        if folder.exists() {
            return Some(folder);
        }
        assert!(std::env::var_os("THROUGHLINE_TEST_NO_SKIP").is_none(), "{} is not there", folder.display());
        println!("skipped: {} is not there", folder.display());
        None
    }

    #[test]
    fn the_legal_aid_directory_is_read_whole() {
        let Some(folder) = legal_aid() else { return };
        let package = Package::open(&folder).unwrap();
        let mut largest = 0;
        let mut without_coordinates = 0;
        let report = read::<HsdsError>(
            &package,
            "laalaa",
            &mut |rule, chunk| {
                largest = largest.max(chunk.len());
                if rule.name == "location" {
                    without_coordinates += chunk.iter().filter(|row| place(row).0.is_none()).count();
                }
                Ok(Tally { new: u64::try_from(chunk.len()).unwrap(), ..Tally::default() })
            },
            &mut |_progress| {},
        )
        .unwrap();
        let rows = |table| report.table(table).unwrap().new;
        assert_eq!(
            ["organization", "service", "service_at_location", "location"].map(rows),
            [2_486, 4_383, 8_650, 5_864]
        );
        assert_eq!(
            ["address", "phone", "organization_identifier", "attribute"].map(rows),
            [5_864, 3_904, 2_486, 6_869]
        );
        assert_eq!((report.refused, without_coordinates), (0, 240), "{:?}", report.problems.first());
        assert!(largest <= CHUNK);
    }
}
