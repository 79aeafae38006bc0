//! Import a package: look first, then all of it in one transaction.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    Availability, DirectoryError, Listing, Service, Visibility,
    hsds::{self, Package, Progress, Report, Row, Tally, tables::Rule},
    store,
};
use crate::{
    access::{Actor, Permission, Tx},
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
    let mut sink = |rule: &'static Rule, rows: Vec<Row>| Ok(compare(db, source, rule, &rows)?.0);
    hsds::read(package, source, &mut sink, progress)
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
    let mut providers = HashMap::new();
    let report = {
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| take(tx, source, rule, &rows, &mut providers);
        hsds::read(package, source, &mut sink, progress)?
    };
    match &report.stopped {
        Some(reason) => Err(DirectoryError::Stopped(reason.clone())),
        None => Ok(report),
    }
}

/// Forgets everything that came from a source. Answers how many services went with it.
pub fn forget_source(tx: &mut Tx<'_>, source: &str) -> Result<usize, DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    check_source(source)?;
    Ok(store::forget(tx, source)?)
}

fn check_source(source: &str) -> Result<(), DirectoryError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let fits = (1..=60).contains(&source.len()) && source.bytes().all(plain) && source != "node";
    if fits { Ok(()) } else { Err(DirectoryError::BadSource) }
}

/// How many rows are new, changed or known, and which of the first two sorts each one is.
fn compare(
    db: &mut Db<'_>,
    source: &str,
    rule: &Rule,
    rows: &[Row],
) -> Result<(Tally, Vec<Difference>), DirectoryError> {
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let known = store::digests(db, source, rule.name, &ids)?;
    let mut tally = Tally::default();
    let mut differences = Vec::new();
    for (row, id) in rows.iter().zip(&ids) {
        let counter = match known.get(id) {
            None => {
                differences.push(Difference::New);
                &mut tally.new
            }
            Some(digest) if *digest == row.digest().to_string() => {
                differences.push(Difference::None);
                &mut tally.unchanged
            }
            Some(_) => {
                differences.push(Difference::Changed);
                &mut tally.changed
            }
        };
        *counter = counter.saturating_add(1);
    }
    Ok((tally, differences))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Difference {
    None,
    New,
    Changed,
}

fn take(
    tx: &mut Tx<'_>,
    source: &str,
    rule: &Rule,
    rows: &[Row],
    providers: &mut HashMap<Uuid, String>,
) -> Result<Tally, DirectoryError> {
    if rule.name == "organization" {
        let names = rows.iter().filter_map(|row| Some((row.id, row.cell("name")?.to_owned())));
        providers.extend(names);
    }
    let (tally, differences) = compare(tx.db(), source, rule, rows)?;
    let of = |kind: Difference| {
        rows.iter().zip(&differences).filter(move |(_, d)| **d == kind).map(|(row, _)| row)
    };
    let (new, changed): (Vec<&Row>, Vec<&Row>) =
        (of(Difference::New).collect(), of(Difference::Changed).collect());
    store::insert_rows(tx, source, rule.name, &new)?;
    for row in &changed {
        store::update_row(tx, source, rule.name, row)?;
    }
    if rule.name == "service" {
        let now = tx.now();
        let services =
            |rows: &[&Row]| rows.iter().map(|row| service(row, source, providers, now)).collect::<Vec<_>>();
        store::insert_services(tx, &services(&new))?;
        for service in services(&changed) {
            store::replace_service(tx, &service)?;
        }
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
        updated_at: now,
        version: 1,
    }
}

impl From<&Row> for ServiceId {
    fn from(row: &Row) -> Self {
        Id::from_uuid(row.id)
    }
}
