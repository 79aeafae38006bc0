//! What reading a package has found, for the person who must repair it.

use serde::Serialize;

/// How many problems are listed; more are only counted.
const PROBLEMS_LISTED: usize = 1_000;

/// What came of a package.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Report {
    /// Where the rows come from, as the person who imports named it.
    pub source: String,
    /// What it was read as, when that is not a package of HSDS 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_as: Option<&'static str>,
    /// Each table, in the order it was read.
    pub tables: Vec<TableReport>,
    /// What is wrong or doubtful, at most 1,000.
    pub problems: Vec<Problem>,
    /// How many rows were refused.
    pub refused: u64,
    /// How many rows were taken although something in them is doubtful.
    pub warned: u64,
    /// Why the package as a whole cannot be imported; nothing when it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Tables that were left out, with the reason.
    pub left_out: Vec<LeftOut>,
    /// How many services look like entries that other sources gave. A look says so; an import does not ask again.
    #[serde(skip_serializing_if = "is_zero")]
    pub alike: u64,
    /// The first 100 of them, by their lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<Duplicate>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A service that looks like an entry which another source gave: provider and service are called the same.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Duplicate {
    /// Which line of the table of services.
    pub line: u64,
    /// The entry.
    pub service: String,
    /// The source of the entry.
    pub source: String,
    /// What else they have in common.
    pub alike: Alike,
}

/// What two services of the same name have in common.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Alike {
    /// They are within 500 metres of each other.
    Place,
    /// They are in a town of the same name.
    Town,
    /// They have a telephone number in common.
    Telephone,
}

impl Alike {
    /// As people are told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Place => "at the same place",
            Self::Town => "in the same town",
            Self::Telephone => "by the same telephone number",
        }
    }
}

/// A table that was left out.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub table: String,
    /// Why.
    pub reason: String,
}

/// One table.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct TableReport {
    /// Its name.
    pub table: String,
    /// The file it was read from.
    pub file: String,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that the directory did not have.
    pub new: u64,
    /// Rows that the directory has with other content.
    pub changed: u64,
    /// Rows that are there already, exactly so.
    pub unchanged: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Rows the directory has from this source that are no longer in the file. They are marked, not deleted.
    pub missing: u64,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row is not imported.
    Refused,
    /// The row is imported as it is.
    Warned,
}

/// Something wrong or doubtful, and what to do about it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name for the kind of problem.
    pub code: &'static str,
    /// Which table.
    pub table: String,
    /// Which line of the file, the header being line 1; a row with line breaks inside counts from its first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Which column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong. Holds no cell's content beyond ids and closed codes.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// How many rows of a chunk were new, changed or there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not there before.
    pub new: u64,
    /// There with other content.
    pub changed: u64,
    /// There exactly so.
    pub unchanged: u64,
}

impl Tally {
    /// The same with so many more that are there already.
    #[must_use]
    pub fn with_unchanged(self, more: u64) -> Self {
        Self { unchanged: self.unchanged.saturating_add(more), ..self }
    }
}

impl Report {
    /// Rows over all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Rows that an import adds or changes.
    pub fn changes(&self) -> u64 {
        self.tables.iter().map(|table| table.new.saturating_add(table.changed)).sum()
    }

    /// Rows that the source no longer gives.
    pub fn missing(&self) -> u64 {
        self.tables.iter().map(|table| table.missing).sum()
    }

    /// The report of one table.
    pub fn table(&self, name: &str) -> Option<&TableReport> {
        self.tables.iter().find(|table| table.table == name)
    }

    pub(super) fn note(&mut self, problem: Problem) {
        match problem.severity {
            Severity::Refused => self.refused = self.refused.saturating_add(1),
            Severity::Warned => self.warned = self.warned.saturating_add(1),
        }
        if self.problems.len() < PROBLEMS_LISTED {
            self.problems.push(problem);
        }
    }
}

impl TableReport {
    pub(super) fn add(&mut self, tally: Tally) {
        self.new = self.new.saturating_add(tally.new);
        self.changed = self.changed.saturating_add(tally.changed);
        self.unchanged = self.unchanged.saturating_add(tally.unchanged);
    }
}
