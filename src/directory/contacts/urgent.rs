//! Who says to take urgent referrals has somebody on call.

use super::store;
use crate::{
    directory::{
        DirectoryError, Edit, Service,
        hsds::{Problem, Row, Severity},
    },
    kernel::{Timestamp, id::ServiceId},
    storage::{Db, StorageError},
};

/// The table and the column that say it.
const TABLE: &str = "referral_requirement";
const COLUMN: &str = "accepts_emergency";

/// How many rows of an import are named.
const MOST_NAMED: usize = 100;

/// Whether a cell says that urgent referrals are taken.
fn says_so(cell: Option<&String>) -> bool {
    cell.is_some_and(|cell| cell.trim().eq_ignore_ascii_case("yes"))
}

/// Refuses a draft that says to take urgent referrals while nobody is on call.
pub(in crate::directory) fn require_on_call(
    db: &mut Db<'_>,
    service: &Service,
    edit: &Edit,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let mut rows = edit.parts.get(TABLE).into_iter().flatten();
    if !rows.any(|row| says_so(row.get(COLUMN))) {
        return Ok(());
    }
    let is_on_call = !store::with_on_call(db, &[service.id], now)?.is_empty();
    if is_on_call { Ok(()) } else { Err(DirectoryError::NobodyOnCall) }
}

/// Rows of an import that say so of services that nobody is on call for.
#[derive(Debug)]
pub(in crate::directory) struct Urgent {
    now: Timestamp,
    lines: Vec<u64>,
    count: u64,
}

impl Urgent {
    /// Nothing seen yet.
    pub(in crate::directory) const fn new(now: Timestamp) -> Self {
        Self { now, lines: Vec::new(), count: 0 }
    }

    /// Looks at rows of a table.
    pub(in crate::directory) fn see(
        &mut self,
        db: &mut Db<'_>,
        (table, rows): (&str, &[Row]),
    ) -> Result<(), StorageError> {
        if table != TABLE {
            return Ok(());
        }
        let said = rows.iter().filter(|row| says_so(row.cells.get(COLUMN)));
        let of = |row: &Row| row.references.get("service_id").copied().map(ServiceId::from_uuid);
        let said: Vec<(u64, ServiceId)> = said.filter_map(|row| Some((row.line, of(row)?))).collect();
        let services: Vec<ServiceId> = said.iter().map(|(_line, service)| *service).collect();
        let covered = store::with_on_call(db, &services, self.now)?;
        for (line, _service) in said.iter().filter(|(_line, service)| !covered.contains(service)) {
            self.count = self.count.saturating_add(1);
            if self.lines.len() < MOST_NAMED {
                self.lines.push(*line);
            }
        }
        Ok(())
    }

    /// What the report says of them: the first are named, and all are counted.
    pub(in crate::directory) fn problems(self) -> (u64, Vec<Problem>) {
        let problems = self.lines.into_iter().map(|line| Problem {
            severity: Severity::Warned,
            code: "nobody_on_call",
            table: TABLE.to_owned(),
            line: Some(line),
            column: Some(COLUMN.to_owned()),
            what: String::from(
                "it says that urgent referrals are taken, and nobody is on call there; pages do not show it.",
            ),
            remedy: "link the service with its member, and add an on-call contact of it on this hub",
        });
        (self.count, problems.collect())
    }
}
