//! Import a package: look first, then all of it in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{
    Availability, DirectoryError, Listing, Reporting, Service, Standing, Upkeep, Visibility, agreements,
    areas,
    contacts::Urgent,
    drafts::Overridden,
    hsds::{self, Package, Problem, Progress, Report, Row, TableReport, Tally, tables::Rule},
    rows::{self, Touched, Waiting},
    search,
    store::{self, Known},
    twins::Comparing,
    upkeep::{self, Ahead},
};
use crate::{
    access::{Actor, Permission, Tx},
    audit::{self, Record},
    kernel::{Id, Timestamp, id::ServiceId},
    storage::{Db, StorageError},
};

/// Reads the package and compares it with the directory; changes nothing.
pub fn dry_run(
    db: &mut Db<'_>,
    actor: &Actor,
    (package, source, now): (&Package, &str, Timestamp),
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    check_source(source)?;
    let (mut seen, mut stated) = (Seen::new(), Stated::new());
    let (mut ahead, mut urgent) = (Ahead::new(now), Urgent::new(now));
    let (mut other, mut comparing) = (None, Comparing::default());
    let is_known = store::has_source(db, source)?;
    let overridden = Overridden::load(db, source)?;
    let mut report = {
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| {
            remember(&mut seen, rule, &rows);
            state(&mut stated, rule, &rows);
            ahead.see(rule.name, &rows);
            urgent.see(db, (rule.name, &rows))?;
            comparing.see(db, source, (rule.name, &rows))?;
            if rule.name == "service" && other.is_none() {
                other = store::other_source(db, source, &rows.iter().collect::<Vec<_>>())?;
            }
            if !is_known {
                return Ok(all_new(&rows));
            }
            let (rows, left_out) = overridden.lay_over(rows);
            Ok::<_, DirectoryError>(compare(db, source, rule, &rows)?.0.with_unchanged(left_out))
        };
        hsds::read(package, source, &mut sink, progress)?
    };
    if let Some(other) = other {
        report.stopped.get_or_insert(imported_as(&other));
    }
    warn(&mut report, areas::unknown(db, &stated, now.datetime().date_naive())?);
    warn_of(&mut report, ahead.problems());
    warn_of(&mut report, urgent.problems());
    if report.stopped.is_none() {
        (report.alike, report.duplicates) = comparing.done(db, source)?;
        for (table, _id) in missing(db, source, &seen, &overridden)? {
            count_missing(&mut report, &table);
        }
    }
    Ok(report)
}

/// After so many changes of rows the tables are other tables to a planner.
const MUCH: u64 = 1_000;

/// A package, and what the one who imports it says about it.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The package.
    pub package: &'a Package,
    /// A name for where it comes from.
    pub source: &'a str,
    /// Who may find services that are new with it. What was decided of others stays.
    pub visibility: Visibility,
}

/// Imports the package. The report is the one a dry run gives, without what looks like entries of other sources.
pub fn import(
    tx: &mut Tx<'_>,
    given: Given<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, DirectoryError> {
    let Given { package, source, .. } = given;
    tx.actor().may(Permission::ManageDirectory)?;
    check_source(source)?;
    tx.take_turn(&["directory"])?;
    let (mut seen, mut stated) = (Seen::new(), Stated::new());
    let (mut ahead, mut urgent) = (Ahead::new(tx.now()), Urgent::new(tx.now()));
    let mut taking = Taking::begin(tx, given)?;
    let mut report = {
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| {
            remember(&mut seen, rule, &rows);
            state(&mut stated, rule, &rows);
            ahead.see(rule.name, &rows);
            urgent.see(tx.db(), (rule.name, &rows))?;
            let (rows, left_out) = taking.overridden.lay_over(rows);
            Ok::<_, DirectoryError>(take(tx, source, rule, &rows, &mut taking)?.with_unchanged(left_out))
        };
        hsds::read(package, source, &mut sink, progress)?
    };
    if let Some(reason) = report.stopped {
        return Err(DirectoryError::Stopped(reason));
    }
    taking.waiting.bring_in(tx)?;
    let is_much = report.changes() > MUCH;
    if is_much {
        // Before anything reads page by page: a planner that takes the tables for empty sorts all that is left for each page.
        search::store::analyse(tx)?;
    }
    let today = tx.now().datetime().date_naive();
    warn(&mut report, areas::unknown(tx.db(), &stated, today)?);
    warn_of(&mut report, ahead.problems());
    warn_of(&mut report, urgent.problems());
    // A list that was not there before gave nothing that it could lack now.
    let gone =
        if taking.is_known { missing(tx.db(), source, &seen, &taking.overridden)? } else { Vec::new() };
    keep_restricted(tx, source, &gone, &taking)?;
    for (table, id) in gone {
        store::mark_missing(tx, (source, &table, &id))?;
        count_missing(&mut report, &table);
        taking.has_agreed |= agreements::TABLES.contains(&table.as_str());
        taking.touched.add(id);
    }
    taking.touched.mark(tx)?;
    if taking.has_agreed {
        agreements::unsearch(tx, source)?;
    }
    search::enter_source(tx, source)?;
    if is_much {
        search::store::analyse(tx)?;
    }
    audit::record(tx, &Record::about(source))?;
    Ok(report)
}

/// A restricted service that is not given any more may have come in again under another name or id, in the same import: new services of
/// its organisation are restricted as well, until somebody says otherwise.
fn keep_restricted(
    tx: &mut Tx<'_>,
    source: &str,
    gone: &[(String, String)],
    taking: &Taking,
) -> Result<(), DirectoryError> {
    let restricted = store::restricted(tx.db(), source)?;
    let lost: Vec<String> = gone
        .iter()
        .filter(|(table, id)| table == "service" && restricted.contains(id))
        .map(|(_, id)| id.clone())
        .collect();
    let theirs: HashSet<String> = rows::store::organizations_of(tx.db(), &lost)?.into_iter().collect();
    let new = taking.offered.iter().filter(|(_, organization)| theirs.contains(&organization.to_string()));
    let new: Vec<String> = new.map(|(service, _)| service.to_string()).collect();
    store::restrict(tx, source, &new)?;
    Ok(())
}

/// Forgets everything that came from a source. Answers how many services went with it. Refused while members are linked to
/// some, or some are restricted: what comes in again would not be.
pub fn forget_source(tx: &mut Tx<'_>, source: &str) -> Result<usize, DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    check_source(source)?;
    tx.take_turn(&["directory"])?;
    let linked = store::linked(tx.db(), source)?;
    if linked > 0 {
        return Err(DirectoryError::Linked(linked));
    }
    let restricted = store::restricted(tx.db(), source)?.len();
    if restricted > 0 {
        return Err(DirectoryError::Restricted(restricted));
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

/// Codes of areas that rows name, each with the first that does: its table and line.
type Stated = BTreeMap<String, (&'static str, u64)>;

/// How many different codes are looked up.
const MOST_STATED: usize = 50_000;

fn state(stated: &mut Stated, rule: &'static Rule, rows: &[Row]) {
    for row in rows {
        let Some(code) = areas::named_by(rule.name, &row.cells) else { continue };
        if stated.len() < MOST_STATED {
            stated.entry(code.to_owned()).or_insert((rule.name, row.line));
        }
    }
}

/// Adds what is doubtful to a report.
fn warn(report: &mut Report, problems: Vec<Problem>) {
    let count = u64::try_from(problems.len()).unwrap_or(u64::MAX);
    report.warned = report.warned.saturating_add(count);
    report.problems.extend(problems);
}

/// Adds to a report what is doubtful of so many rows, of which some are named.
fn warn_of(report: &mut Report, (count, problems): (u64, Vec<Problem>)) {
    report.warned = report.warned.saturating_add(count);
    report.problems.extend(problems);
}

/// Rows the source gave before and does not give now: table and id.
fn missing(
    db: &mut Db<'_>,
    source: &str,
    seen: &Seen,
    overridden: &Overridden,
) -> Result<Vec<(String, String)>, DirectoryError> {
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
                        let is_given = id.is_ok_and(|id| given.is_some_and(|given| given.contains(&id)));
                        !is_given && !overridden.is_added(&row.id)
                    })
                    .map(|row| (table.clone(), row.id)),
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

pub(super) fn check_source(source: &str) -> Result<(), DirectoryError> {
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

/// Of a source that gave nothing before.
fn all_new(rows: &[Row]) -> Tally {
    Tally { new: u64::try_from(rows.len()).unwrap_or(u64::MAX), ..Tally::default() }
}

enum Difference {
    None,
    New,
    Changed(Known),
}

/// What an import knows on its way through the tables.
struct Taking {
    /// Names of the organisations: their services show them.
    names: HashMap<Uuid, String>,
    /// Organisations that changed.
    changed: HashSet<Uuid>,
    /// Rows that changed.
    touched: Touched,
    /// New services, each with its organisation.
    offered: Vec<(Uuid, Uuid)>,
    /// The place of the next new row.
    place: i64,
    /// Whether this source gave anything before.
    is_known: bool,
    /// Who may find new services.
    visibility: Visibility,
    /// What providers corrected.
    overridden: Overridden,
    /// Whether something changed of agreements.
    has_agreed: bool,
    /// Links of new rows that are not in their table yet.
    waiting: Waiting,
}

impl Taking {
    fn begin(tx: &mut Tx<'_>, given: Given<'_>) -> Result<Self, DirectoryError> {
        let now = tx.now();
        let is_known = store::has_source(tx.db(), given.source)?;
        Ok(Self {
            names: HashMap::new(),
            changed: HashSet::new(),
            touched: Touched::default(),
            offered: Vec::new(),
            place: rows::store::next_place(tx.db(), now)?,
            is_known,
            visibility: given.visibility,
            overridden: Overridden::load(tx.db(), given.source)?,
            has_agreed: false,
            // What is found through links while a list is compared with itself must be there.
            waiting: if is_known { Waiting::for_nothing() } else { Waiting::of_new_list(tx)? },
        })
    }
}

fn take(
    tx: &mut Tx<'_>,
    source: &str,
    rule: &'static Rule,
    rows: &[Row],
    taking: &mut Taking,
) -> Result<Tally, DirectoryError> {
    let (tally, differences) = if taking.is_known {
        compare(tx.db(), source, rule, rows)?
    } else {
        (all_new(rows), rows.iter().map(|_row| Difference::New).collect())
    };
    if taking.is_known {
        // What a row belonged to looks different as well, when it moves.
        let changes = rows.iter().zip(&differences).filter(|(_, how)| matches!(how, Difference::Changed(_)));
        let ids: Vec<String> = changes.map(|(row, _)| row.id.to_string()).collect();
        taking.touched.add_owners(tx.db(), &ids)?;
    }
    let changed = rows.iter().zip(&differences).filter(|(_, how)| matches!(how, Difference::Changed(_)));
    let changed: Vec<String> = changed.map(|(row, _)| row.id.to_string()).collect();
    let before = store::cells_before(tx.db(), (source, rule.name), &changed)?;
    let (mut new, mut touched) = (Vec::new(), Vec::new());
    for (row, difference) in rows.iter().zip(&differences) {
        match difference {
            Difference::New => new.push(row),
            Difference::Changed(was) => {
                let id = row.id.to_string();
                let before = before.get(&id).ok_or(StorageError::Unreadable("directory_rows.body"))?;
                store::update_row(tx, (source, rule.name), row, (before, was.missing))?;
                rows::store::replace_links(tx, (source, rule.name, &id), &rows::of_row(rule, row))?;
                touched.push(row);
            }
            Difference::None => {
                let provider = row.references.get("organization_id");
                if provider.is_some_and(|provider| taking.changed.contains(provider)) {
                    touched.push(row);
                }
            }
        }
    }
    let first = taking.place;
    store::insert_rows(tx, (source, rule.name), &new, first)?;
    let links: Vec<_> = new.iter().flat_map(|row| rows::of_row(rule, row)).collect();
    taking.waiting.take(tx, source, &links)?;
    taking.place = first.saturating_add(i64::try_from(new.len()).unwrap_or(i64::MAX));
    // A source that is new shows in nothing that was there.
    let is_agreed = agreements::TABLES.contains(&rule.name);
    taking.has_agreed |= is_agreed && !(new.is_empty() && touched.is_empty());
    if taking.is_known {
        for row in new.iter().chain(&touched) {
            taking.touched.add(row.id.to_string());
        }
    }
    match rule.name {
        "organization" => {
            taking.names.extend(rows.iter().filter_map(|row| Some((row.id, row.cell("name")?.to_owned()))));
            taking.changed.extend(touched.iter().map(|row| row.id));
        }
        "service" => {
            if let Some(other) = store::other_source(tx.db(), source, &new)? {
                return Err(DirectoryError::Stopped(imported_as(&other)));
            }
            taking
                .offered
                .extend(new.iter().filter_map(|row| Some((row.id, *row.references.get("organization_id")?))));
            let now = tx.now();
            let made = |rows: &[&Row]| -> Vec<Service> {
                rows.iter().map(|row| service(row, source, taking, now)).collect()
            };
            store::insert_services(tx, &made(&new), first)?;
            for service in made(&touched) {
                store::replace_service(tx, &service)?;
            }
        }
        _ => {}
    }
    Ok(tally)
}

/// The service that people find, out of a row.
fn service(row: &Row, source: &str, taking: &Taking, now: Timestamp) -> Service {
    let text = |column: &str| row.cell(column).unwrap_or_default().trim().to_owned();
    let provider = row.references.get("organization_id").and_then(|id| taking.names.get(id)).cloned();
    let safe_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    Service {
        id: ServiceId::from(row),
        source: source.to_owned(),
        name: text("name"),
        provider: provider.unwrap_or_default(),
        description: text("description"),
        url: row.cell("url").filter(|url| safe_url(url)).map(str::to_owned),
        status: Listing::from_name(&text("status")).unwrap_or(Listing::Inactive),
        standing: Standing::Listed,
        visibility: taking.visibility,
        member: None,
        service: None,
        area: None,
        availability: Availability::Unknown,
        reports_to_authorities: Reporting::Unknown,
        upkeep: Upkeep { verified_at: upkeep::assured(&row.cells, now), ..Upkeep::default() },
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
