//! What an entry should say, checked as an import is, and put in the place of what it says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Decision, Of,
    overrides::store as overrides,
    places::{self, EntryPlace},
};
use crate::{
    access::Tx,
    directory::{
        DirectoryError, Listing, Service, Standing, Visibility, changes,
        hsds::{
            self, Made, Package, Remarks, Row, Tally,
            columns::columns,
            tables::{Rule, rule},
        },
        offer,
        rows::{self, Touched},
        search, store,
    },
    kernel::id::ServiceId,
    storage::{Db, StorageError},
};

type Cells = BTreeMap<String, String>;

/// Columns of a service that its provider may correct.
pub(super) const COLUMNS: &[&str] = &[
    "name",
    "alternate_name",
    "description",
    "url",
    "email",
    "status",
    "interpretation_services",
    "application_process",
    "fees_description",
    "wait_time",
    "eligibility_description",
    "minimum_age",
    "maximum_age",
    "alert",
    "delivery_modes",
    "is_mobile",
    "who_can_refer",
    "response_time_code",
];

/// Tables whose rows belong to a service and that its provider may correct.
pub(super) const PARTS: &[&str] = &[
    "url",
    "phone",
    "schedule",
    "language",
    "service_area",
    "cost_option",
    "required_document",
    "eligibility_rule",
    "access_barrier",
    "referral_requirement",
    "referral_channel",
];

/// The most rows of one table.
const MOST_ROWS: usize = 200;

/// What an entry should say. What it does not name stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Cells of the service, by column of HSDS; an empty text empties the cell.
    #[serde(default)]
    pub service: BTreeMap<String, String>,
    /// For each table named, all rows of it that belong to the service, by column of HSDS or of the profile. A row keeps its `id`; one
    /// without is new, and one that is left out goes.
    #[serde(default)]
    pub parts: BTreeMap<String, Vec<BTreeMap<String, String>>>,
    /// All places of a service that was entered here; one that is left out goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<EntryPlace>>,
    /// Who is to find the service once it is listed; only of one that is not listed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// An entry as it is: the row of the service, and the rows that belong to it.
pub(super) struct Entry {
    pub(super) row: String,
    pub(super) source: String,
    references: BTreeMap<&'static str, Uuid>,
    pub(super) cells: Cells,
    parts: BTreeMap<String, BTreeMap<String, Cells>>,
}

impl Entry {
    pub(super) fn load(db: &mut Db<'_>, service: &Service) -> Result<Self, StorageError> {
        let row = service.id.uuid().to_string();
        let own = [row.clone()];
        let mut references = BTreeMap::new();
        for link in rows::store::names(db, &own)? {
            let column = ["organization_id", "program_id"].into_iter().find(|column| *column == link.via);
            if let (Some(column), Ok(id)) = (column, link.parent.parse()) {
                references.insert(column, id);
            }
        }
        let links = rows::store::parts(db, &own, PARTS)?;
        let of_service = links.into_iter().filter(|link| link.via == "service_id");
        let mut tables: BTreeMap<String, String> = of_service.map(|link| (link.id, link.table)).collect();
        if service.source == offer::HERE {
            tables.extend(places_of(db, &own)?);
        }
        let ids: Vec<String> = tables.keys().cloned().chain([row.clone()]).collect();
        let mut cells = rows::store::cells(db, &ids)?;
        let mut parts: BTreeMap<String, BTreeMap<String, Cells>> = BTreeMap::new();
        for (id, table) in tables {
            if let Some(cells) = cells.remove(&id) {
                parts.entry(table).or_default().insert(id, cells);
            }
        }
        let cells = cells.remove(&row).unwrap_or_default();
        Ok(Self { row, source: service.source.clone(), references, cells, parts })
    }

    /// What changes when anything does that a draft may say.
    pub(super) fn digest(&self) -> Of {
        Of::of(serde_json::json!([self.cells, self.parts]).to_string())
    }

    pub(super) fn of(&self, table: &str) -> impl Iterator<Item = (&String, &Cells)> {
        self.parts.get(table).into_iter().flatten()
    }
}

/// The rows of the places of a service that was entered here, each with its table.
fn places_of(db: &mut Db<'_>, service: &[String]) -> Result<Vec<(String, String)>, StorageError> {
    let offered = rows::store::parts(db, service, &[places::SERVICE_AT_LOCATION])?;
    let offered: Vec<String> =
        offered.into_iter().filter(|link| link.via == "service_id").map(|link| link.id).collect();
    let named = rows::store::names(db, &offered)?.into_iter().filter(|link| link.via == "location_id");
    let locations: Vec<String> = named.map(|link| link.parent).collect();
    let parts = rows::store::parts(db, &locations, places::OF_LOCATIONS)?;
    let parts = parts.into_iter().filter(|link| link.via == "location_id").map(|link| (link.id, link.table));
    let of = |table: &'static str| move |id: String| (id, table.to_owned());
    let offered = offered.into_iter().map(of(places::SERVICE_AT_LOCATION));
    Ok(parts.chain(offered).chain(locations.into_iter().map(of("location"))).collect())
}

/// What an edit makes of an entry.
pub(super) struct Checked {
    pub(super) service: Option<Row>,
    pub(super) parts: BTreeMap<&'static str, Vec<Row>>,
}

impl Edit {
    /// What a service says that is offered, and who is to find it.
    pub(super) fn of_offer(service: &Service, visibility: Visibility) -> Self {
        let cells = [("name", &service.name), ("description", &service.description)];
        let service = cells.map(|(column, cell)| (column.to_owned(), cell.clone())).into();
        Self { service, visibility: Some(visibility), ..Self::default() }
    }

    /// With who is to find a service that is not listed yet; what it does not say stays as it was said before.
    pub(super) fn shown_to(
        self,
        service: &Service,
        before: Option<Visibility>,
    ) -> Result<Self, DirectoryError> {
        if service.standing == Standing::Proposed {
            return Ok(Self { visibility: self.visibility.or(before).or(Some(Visibility::Members)), ..self });
        }
        if self.visibility.is_some() {
            let what = "who finds a service that was listed is not said in a draft; set its visibility";
            return Err(wrong("service", "visibility", what));
        }
        Ok(self)
    }

    /// With who is to find a service that is offered, as those who keep the directory decide.
    pub(super) fn decided(mut self, decision: &Decision, is_offer: bool) -> Result<Self, DirectoryError> {
        let Some(decided) = decision.visibility else { return Ok(self) };
        if !is_offer {
            let what = "who finds a service that was listed is not said in a decision; set its visibility";
            return Err(wrong("service", "visibility", what));
        }
        let asked = self.visibility.unwrap_or(Visibility::Members);
        if decided.is_wider_than(asked) && decision.reason.is_none() {
            return Err(DirectoryError::ReasonMissing);
        }
        self.visibility = Some(decided);
        Ok(self)
    }

    /// Gives new rows ids. A row that is there already must belong to the service.
    pub(super) fn with_ids(mut self, tx: &mut Tx<'_>, service: &Service) -> Result<Self, DirectoryError> {
        let entry = Entry::load(tx.db(), service)?;
        for (table, rows) in &mut self.parts {
            let known: BTreeSet<&String> = entry.of(table).map(|(id, _)| id).collect();
            for row in rows {
                let id = row.get("id").map(|id| id.trim().to_lowercase()).filter(|id| !id.is_empty());
                if id.as_ref().is_some_and(|id| !known.contains(id)) {
                    return Err(wrong(
                        table,
                        "id",
                        "no row of this service has this id; leave it out for a new one",
                    ));
                }
                let fresh = || tx.id::<crate::kernel::id::Service>().uuid().to_string();
                row.insert(String::from("id"), id.unwrap_or_else(fresh));
            }
        }
        if let Some(places) = self.places.take() {
            let places = places.into_iter().map(|place| place.with_ids(tx, &entry));
            self.places = Some(places.collect::<Result<_, _>>()?);
        }
        Ok(self)
    }

    /// Whether it says nothing at all.
    fn is_empty(&self) -> bool {
        let says_of_it = !self.service.is_empty() || !self.parts.is_empty() || self.places.is_some();
        !says_of_it && self.visibility.is_none()
    }

    /// What the entry would be. Refused is what an import would refuse, and what a provider may not say.
    pub(super) fn check(&self, entry: &Entry) -> Result<Checked, DirectoryError> {
        if self.is_empty() {
            return Err(DirectoryError::BadEdit(String::from("it says nothing; name a cell or a table")));
        }
        if let Some(column) = self.service.keys().find(|column| !COLUMNS.contains(&column.as_str())) {
            let allowed = format!("a draft may say {}", COLUMNS.join(", "));
            return Err(wrong("service", column, &allowed));
        }
        let organization = entry
            .references
            .get("organization_id")
            .ok_or(StorageError::Unreadable("directory_links.parent"))?;
        let mut cells: BTreeMap<&'static str, String> =
            BTreeMap::from([("id", entry.row.clone()), ("organization_id", organization.to_string())]);
        for column in columns("service").iter().filter(|column| !column.ends_with("id")) {
            let said = self.service.get(*column).or_else(|| entry.cells.get(*column));
            cells.extend(said.map(|cell| (*column, cell.trim().to_owned())));
        }
        let owner = BTreeMap::from([("id", organization.to_string()), ("name", String::from("-"))]);
        let mut tables = vec![made("organization", vec![owner]), made("service", vec![cells])];
        for (table, given) in &self.parts {
            // A table that is emptied has no columns to read.
            tables.extend(Some(part(table, given, &entry.row)?).filter(|made| !made.rows.is_empty()));
        }
        if let Some(given) = &self.places {
            if entry.source != offer::HERE {
                let what = "places come from the source of this entry; only those of what was entered here are said in a draft";
                return Err(wrong("places", "", what));
            }
            tables.extend(places::tables(given, &entry.row)?);
        }
        let package = Package::made(tables, Remarks::default())?;
        let mut read: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| {
            read.entry(rule.name).or_default().extend(rows);
            Ok::<_, DirectoryError>(Tally::default())
        };
        let report = hsds::read(&package, &entry.source, &mut sink, &mut |_| {})?;
        // What an import keeps and does not show helps nobody who says it here. What the source of the entry says stays as it is.
        let is_said = |found: &hsds::Problem| {
            found.table != "service"
                || found.column.as_ref().is_some_and(|column| self.service.contains_key(column))
        };
        let refused = report.problems.iter().find(|found| {
            found.severity == hsds::Severity::Refused || (found.code == hsds::UNTOLD && is_said(found))
        });
        if let Some(refused) = refused {
            let column = refused.column.as_deref().unwrap_or("id");
            let remedy = if refused.code == hsds::UNTOLD { "correct it" } else { refused.remedy };
            return Err(wrong(&refused.table, column, &format!("{} {remedy}", refused.what)));
        }
        let service = read.remove("service").and_then(|mut rows| rows.pop());
        let service = service.map(|row| self.whole(row, entry)).filter(|row| row.cells != entry.cells);
        read.remove("organization");
        places::check(read.get("location").map_or(&[], Vec::as_slice))?;
        // A table that is named without rows is emptied.
        let of_places = self.places.iter().flat_map(|_| places::TABLES);
        for table in self.parts.keys().map(String::as_str).chain(of_places).filter_map(rule) {
            read.entry(table.name).or_default();
        }
        Ok(Checked { service, parts: read })
    }

    /// The row of the service with what no draft may say, as it is.
    fn whole(&self, row: Row, entry: &Entry) -> Row {
        let kept = entry.cells.iter().filter(|(column, _)| !self.service.contains_key(*column));
        let mut cells: Cells = kept.map(|(column, cell)| (column.clone(), cell.clone())).collect();
        let said = row.cells.into_iter().filter(|(column, _)| self.service.contains_key(column));
        cells.extend(said);
        Row { cells, references: entry.references.clone(), ..row }
    }

    /// Puts what the edit says in the place of what the entry says, and sees to it that no import undoes it. Only after [`Tx::take_turn`].
    pub(super) fn apply(&self, tx: &mut Tx<'_>, was: &Service) -> Result<(), DirectoryError> {
        let entry = Entry::load(tx.db(), was)?;
        let Checked { service, parts } = self.check(&entry)?;
        let mut touched = Touched::default();
        touched.add(entry.row.clone());
        if let Some(row) = service {
            replace(tx, (&entry, "service"), (&entry.cells, &row))?;
            let said: Cells = self.service.clone();
            overrides::lay(tx, (&entry.source, "service", &entry.row), (was.id, &said))?;
            let status = row.cell("status").and_then(Listing::from_name).unwrap_or(was.status);
            let text = |column| row.cell(column).unwrap_or_default().to_owned();
            let safe = |url: &String| url.starts_with("http://") || url.starts_with("https://");
            let url = Some(text("url")).filter(safe);
            let now = tx.now();
            let (name, description) = (text("name"), text("description"));
            let shown = Service { name, description, url, status, updated_at: now, ..was.clone() };
            store::replace_service(tx, &shown)?;
        }
        for (table, rows) in &parts {
            put(tx, (&entry, table), (was.id, rows))?;
        }
        touched.mark(tx)?;
        search::enter_here(tx, &entry.source)?;
        Ok(())
    }
}

pub(super) fn wrong(table: &str, column: &str, what: &str) -> DirectoryError {
    let short = |text: &str| text.chars().take(60).collect::<String>();
    DirectoryError::BadEdit(format!("{}.{}: {what}", short(table), short(column)))
}

pub(super) fn made(name: &'static str, rows: Vec<BTreeMap<&'static str, String>>) -> Made {
    let rows = (1..).zip(rows).collect();
    Made { name, file: String::from("draft"), rows, called: BTreeMap::new() }
}

fn part(table: &str, given: &[Cells], service: &str) -> Result<Made, DirectoryError> {
    let Some(name) = PARTS.iter().find(|name| **name == table) else {
        let allowed = format!("a draft may say {}", PARTS.join(", "));
        return Err(wrong(table, "", &allowed));
    };
    if given.len() > MOST_ROWS {
        return Err(wrong(table, "", "there are more than 200 rows"));
    }
    let of_service = || BTreeMap::from([("service_id", service.to_owned())]);
    let rows = given.iter().map(|cells| cells_of(name, cells, of_service()));
    Ok(made(name, rows.collect::<Result<_, _>>()?))
}

/// Cells of a row by the columns that a draft may say, beside those that it has by itself.
pub(super) fn cells_of(
    table: &'static str,
    cells: &Cells,
    mut row: BTreeMap<&'static str, String>,
) -> Result<BTreeMap<&'static str, String>, DirectoryError> {
    for (column, cell) in cells {
        let known = column_of(table, column);
        let known = known.ok_or_else(|| wrong(table, column, "this is no column that a draft may say"))?;
        row.insert(known, cell.trim().to_owned());
    }
    Ok(row)
}

/// A column of a table, if a draft may say it.
pub(super) fn column_of(table: &str, column: &str) -> Option<&'static str> {
    let known = columns(table).iter().copied().find(|known| *known == column);
    let known = known.filter(|known| *known == "id" || !known.ends_with("_id"));
    // Nobody is named.
    known.filter(|known| *known != "attention")
}

/// Puts a row in the place of what it was, with its change.
fn replace(
    tx: &mut Tx<'_>,
    (entry, table): (&Entry, &'static str),
    (before, row): (&Cells, &Row),
) -> Result<(), StorageError> {
    store::update_row(tx, (&entry.source, table), row, (before, false))
}

/// Puts all rows of a table that belong to a service in the place of those there were.
fn put(
    tx: &mut Tx<'_>,
    (entry, table): (&Entry, &'static str),
    (service, given): (ServiceId, &[Row]),
) -> Result<(), DirectoryError> {
    let kept: BTreeSet<String> = given.iter().map(|row| row.id.to_string()).collect();
    let known: BTreeMap<&String, &Cells> = entry.of(table).collect();
    for row in given {
        let id = row.id.to_string();
        let key = (entry.source.as_str(), table, id.as_str());
        match known.get(&id) {
            Some(before) if **before == row.cells => {}
            Some(before) => {
                replace(tx, (entry, table), (before, row))?;
                overrides::replace(tx, key, (service, &row.cells))?;
            }
            None => {
                let now = tx.now();
                let place = rows::store::next_place(tx.db(), now)?;
                store::insert_rows(tx, (&entry.source, table), &[row], place)?;
                let links = rule(table).map_or_else(Vec::new, |rule| rows::of_row(rule, row));
                rows::store::insert_links(tx, &entry.source, &links)?;
                overrides::add(tx, key, (service, &row.cells))?;
                changes::store::note(tx, &entry.source, &[changes::listed((table, &id), true)])?;
            }
        }
    }
    for (id, cells) in known.into_iter().filter(|(id, _)| !kept.contains(*id)) {
        let key = (entry.source.as_str(), table, id.as_str());
        store::mark_missing(tx, key)?;
        overrides::leave_out(tx, key, (service, cells))?;
    }
    Ok(())
}
