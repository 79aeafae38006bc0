//! Import a package: look first, then all of it in one transaction.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{
    Availability, DirectoryError, Listing, Service, Visibility,
    hsds::{self, Package, Progress, Report, Row, TableReport, Tally, tables::Rule},
    store::{self, Known},
};
use crate::{
    access::{Actor, Permission, Tx},
    audit::{self, Record},
    kernel::{Id, Timestamp, id::ServiceId},
    storage::Db,
};

/// Reads the package and compares it with the directory; changes nothing.
pub fn dry_run(
    db: &mut Db<'_>,
    actor: &Actor,
    package: &Package,
    source: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    check_source(source)?;
    let mut seen = Seen::new();
    let mut other = None;
    let mut report = {
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| {
            remember(&mut seen, rule, &rows);
            if rule.name == "service" && other.is_none() {
                other = store::other_source(db, source, &rows.iter().collect::<Vec<_>>())?;
            }
            Ok::<_, DirectoryError>(compare(db, source, rule, &rows)?.0)
        };
        hsds::read(package, source, &mut sink, progress)?
    };
    if let Some(other) = other {
        report.stopped.get_or_insert(imported_as(&other));
    }
    if report.stopped.is_none() {
        for (table, _id, _digest) in missing(db, source, &seen)? {
            count_missing(&mut report, &table);
        }
    }
    Ok(report)
}

/// Imports the package. The report is the one a dry run gives.
pub fn import(
    tx: &mut Tx<'_>,
    package: &Package,
    source: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    check_source(source)?;
    let (mut seen, mut providers) = (Seen::new(), Providers::default());
    let mut report = {
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| {
            remember(&mut seen, rule, &rows);
            take(tx, source, rule, &rows, &mut providers)
        };
        hsds::read(package, source, &mut sink, progress)?
    };
    if let Some(reason) = report.stopped {
        return Err(DirectoryError::Stopped(reason));
    }
    for (table, id, digest) in missing(tx.db(), source, &seen)? {
        store::mark_missing(tx, (source, &table, &id), &digest)?;
        count_missing(&mut report, &table);
    }
    audit::record(tx, &Record::about(source))?;
    Ok(report)
}

/// Forgets everything that came from a source. Answers how many services went with it. Refused while members are linked to some.
pub fn forget_source(tx: &mut Tx<'_>, source: &str) -> Result<usize, DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    check_source(source)?;
    let linked = store::linked(tx.db(), source)?;
    if linked > 0 {
        return Err(DirectoryError::Linked(linked));
    }
    let gone = store::forget(tx, source)?;
    audit::record(tx, &Record::about(source))?;
    Ok(gone)
}

/// Ids of the rows that a package gives, by table.
type Seen = HashMap<&'static str, HashSet<Uuid>>;

fn remember(seen: &mut Seen, rule: &'static Rule, rows: &[Row]) {
    seen.entry(rule.name).or_default().extend(rows.iter().map(|row| row.id));
}

/// Rows the source gave before and does not give now: table, id, digest.
fn missing(
    db: &mut Db<'_>,
    source: &str,
    seen: &Seen,
) -> Result<Vec<(String, String, String)>, DirectoryError> {
    let mut missing = Vec::new();
    for table in store::tables(db, source)? {
        let given = seen.get(table.as_str());
        let mut after = String::new();
        loop {
            let page = store::present(db, source, &table, &after)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            missing.extend(
                page.into_iter()
                    .filter(|row| {
                        let id = Uuid::try_parse(&row.id);
                        !id.is_ok_and(|id| given.is_some_and(|given| given.contains(&id)))
                    })
                    .map(|row| (table.clone(), row.id, row.digest)),
            );
        }
    }
    Ok(missing)
}

fn count_missing(report: &mut Report, table: &str) {
    let position = report.tables.iter().position(|known| known.table == table);
    if position.is_none() {
        report.tables.push(TableReport { table: table.to_owned(), ..TableReport::default() });
    }
    let entry = match position {
        Some(place) => report.tables.get_mut(place),
        None => report.tables.last_mut(),
    };
    if let Some(entry) = entry {
        entry.missing = entry.missing.saturating_add(1);
    }
}

fn imported_as(other: &str) -> String {
    format!("some of it was imported before under the name {other}; use that name")
}

fn check_source(source: &str) -> Result<(), DirectoryError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let fits = (1..=60).contains(&source.len()) && source.bytes().all(plain) && source != "node";
    if fits { Ok(()) } else { Err(DirectoryError::BadSource) }
}

/// How many rows are new, changed or known, and what each one is.
fn compare(
    db: &mut Db<'_>,
    source: &str,
    rule: &Rule,
    rows: &[Row],
) -> Result<(Tally, Vec<Difference>), DirectoryError> {
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let mut known = store::known(db, source, rule.name, &ids)?;
    let mut tally = Tally::default();
    let mut differences = Vec::new();
    for (row, id) in rows.iter().zip(&ids) {
        let (counter, difference) = match known.remove(id) {
            None => (&mut tally.new, Difference::New),
            Some(was) if was.digest == row.digest().to_string() && !was.missing => {
                (&mut tally.unchanged, Difference::None)
            }
            Some(was) => (&mut tally.changed, Difference::Changed(was)),
        };
        *counter = counter.saturating_add(1);
        differences.push(difference);
    }
    Ok((tally, differences))
}

enum Difference {
    None,
    New,
    Changed(Known),
}

/// Names of the organisations of a package, and which of them changed: their services show the name.
#[derive(Default)]
struct Providers {
    names: HashMap<Uuid, String>,
    changed: HashSet<Uuid>,
}

fn take(
    tx: &mut Tx<'_>,
    source: &str,
    rule: &Rule,
    rows: &[Row],
    providers: &mut Providers,
) -> Result<Tally, DirectoryError> {
    let (tally, differences) = compare(tx.db(), source, rule, rows)?;
    let (mut new, mut touched) = (Vec::new(), Vec::new());
    for (row, difference) in rows.iter().zip(&differences) {
        match difference {
            Difference::New => new.push(row),
            Difference::Changed(was) => {
                store::update_row(tx, source, rule.name, row, was)?;
                touched.push(row);
            }
            Difference::None => {
                let provider = row.references.get("organization_id");
                if provider.is_some_and(|provider| providers.changed.contains(provider)) {
                    touched.push(row);
                }
            }
        }
    }
    store::insert_rows(tx, source, rule.name, &new)?;
    match rule.name {
        "organization" => {
            providers
                .names
                .extend(rows.iter().filter_map(|row| Some((row.id, row.cell("name")?.to_owned()))));
            providers.changed.extend(touched.iter().map(|row| row.id));
        }
        "service" => {
            if let Some(other) = store::other_source(tx.db(), source, &new)? {
                return Err(DirectoryError::Stopped(imported_as(&other)));
            }
            let now = tx.now();
            let made = |rows: &[&Row]| -> Vec<Service> {
                rows.iter().map(|row| service(row, source, &providers.names, now)).collect()
            };
            store::insert_services(tx, &made(&new))?;
            for service in made(&touched) {
                store::replace_service(tx, &service)?;
            }
        }
        _ => {}
    }
    Ok(tally)
}

/// The service that people find, out of a row.
fn service(row: &Row, source: &str, providers: &HashMap<Uuid, String>, now: Timestamp) -> Service {
    let text = |column: &str| row.cell(column).unwrap_or_default().trim().to_owned();
    let provider = row.references.get("organization_id").and_then(|id| providers.get(id)).cloned();
    let safe_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    Service {
        id: ServiceId::from(row),
        source: source.to_owned(),
        name: text("name"),
        provider: provider.unwrap_or_default(),
        description: text("description"),
        url: row.cell("url").filter(|url| safe_url(url)).map(str::to_owned),
        status: Listing::from_name(&text("status")).unwrap_or(Listing::Inactive),
        // Imported entries are public sources; whatever is confidential is entered here and nowhere else.
        visibility: Visibility::Members,
        member: None,
        service: None,
        area: None,
        availability: Availability::Unknown,
        missing_since: None,
        updated_at: now,
        version: 1,
    }
}

impl From<&Row> for ServiceId {
    fn from(row: &Row) -> Self {
        Id::from_uuid(row.id)
    }
}
