//! What an entry should say, checked as an import is, and put in the place of what it says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Of, overrides::store as overrides};
use crate::{
    access::Tx,
    directory::{
        DirectoryError, Listing, Service, changes,
        hsds::{
            self, Made, Package, Remarks, Row, Tally,
            columns::columns,
            tables::{Rule, rule},
        },
        rows::{self, Touched},
        search, store,
    },
    kernel::id::ServiceId,
    storage::{Db, StorageError},
};

type Cells = BTreeMap<String, String>;

/// Columns of a service that its provider may correct.
const COLUMNS: &[&str] = &[
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
];

/// Tables whose rows belong to a service and that its provider may correct.
const PARTS: &[&str] = &[
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

/// Columns of a location that the provider of all that is offered there may correct. Whether a place is a secret is decided elsewhere.
const PLACE_COLUMNS: &[&str] =
    &["name", "alternate_name", "description", "transportation", "latitude", "longitude"];

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
    /// Places where the service is offered, by the id of the location: such as nobody else offers anything at, and are no secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, PlaceEdit>)]
    pub places: BTreeMap<Uuid, PlaceEdit>,
}

/// What a place should be. What it does not name stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceEdit {
    /// Cells of the location, by column of HSDS; an empty text empties the cell.
    #[serde(default)]
    pub location: BTreeMap<String, String>,
    /// All addresses of the location, by column of HSDS. One keeps its `id`; one without is new, and one that is left out goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<BTreeMap<String, String>>>,
}

/// A place as it is.
struct Place {
    references: BTreeMap<&'static str, Uuid>,
    cells: Cells,
    addresses: BTreeMap<String, Cells>,
}

/// An entry as it is: the row of the service, and the rows that belong to it.
pub(super) struct Entry {
    row: String,
    source: String,
    references: BTreeMap<&'static str, Uuid>,
    cells: Cells,
    parts: BTreeMap<String, BTreeMap<String, Cells>>,
    /// Places where nobody but its provider offers anything.
    places: BTreeMap<Uuid, Place>,
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
        let tables: BTreeMap<String, String> = of_service.map(|link| (link.id, link.table)).collect();
        let ids: Vec<String> = tables.keys().cloned().chain([row.clone()]).collect();
        let mut cells = rows::store::cells(db, &ids)?;
        let mut parts: BTreeMap<String, BTreeMap<String, Cells>> = BTreeMap::new();
        for (id, table) in tables {
            if let Some(cells) = cells.remove(&id) {
                parts.entry(table).or_default().insert(id, cells);
            }
        }
        let cells = cells.remove(&row).unwrap_or_default();
        let places = Place::all(db, (&row, references.get("organization_id")))?;
        Ok(Self { row, source: service.source.clone(), references, cells, parts, places })
    }

    /// What changes when anything does that a draft may say.
    pub(super) fn digest(&self) -> Of {
        let places: BTreeMap<&Uuid, (&Cells, &BTreeMap<String, Cells>)> =
            self.places.iter().map(|(id, place)| (id, (&place.cells, &place.addresses))).collect();
        Of::of(serde_json::json!([self.cells, self.parts, places]).to_string())
    }

    fn place(&self, id: &Uuid) -> Result<&Place, DirectoryError> {
        self.places.get(id).ok_or_else(|| {
            let what = "no place of this service has this id where nobody else offers anything and which is no secret; others are \
                corrected by those who keep the directory";
            wrong("places", &id.to_string(), what)
        })
    }

    fn of(&self, table: &str) -> impl Iterator<Item = (&String, &Cells)> {
        self.parts.get(table).into_iter().flatten()
    }
}

impl Place {
    /// The places of a service at which nobody but its organisation offers anything, and whose whereabouts are no secret.
    fn all(
        db: &mut Db<'_>,
        (service, organization): (&String, Option<&Uuid>),
    ) -> Result<BTreeMap<Uuid, Self>, StorageError> {
        let Some(owner) = organization.map(Uuid::to_string) else { return Ok(BTreeMap::new()) };
        let at = rows::store::parts(db, std::slice::from_ref(service), &["service_at_location"])?;
        let at: Vec<String> = at.into_iter().map(|link| link.id).collect();
        let mut locations: BTreeSet<String> = targets(db, &at, "location_id")?.into_values().collect();
        for secret in rows::store::confidential(db, &locations.iter().cloned().collect::<Vec<_>>())? {
            locations.remove(&secret);
        }
        let ids: Vec<String> = locations.iter().cloned().collect();
        let parts = rows::store::parts(db, &ids, &["service_at_location", "address"])?;
        let (at, addresses): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|link| link.table == "service_at_location");
        let all_at: Vec<String> = at.iter().map(|link| link.id.clone()).collect();
        let services = targets(db, &all_at, "service_id")?;
        let offered: Vec<String> = services.values().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let owners = targets(db, &offered, "organization_id")?;
        for link in at {
            let offers = services.get(&link.id).and_then(|service| owners.get(service));
            if offers != Some(&owner) {
                locations.remove(&link.parent);
            }
        }
        let references = targets(db, &ids, "organization_id")?;
        let all: Vec<String> = addresses.iter().map(|link| &link.id).chain(&ids).cloned().collect();
        let mut cells = rows::store::cells(db, &all)?;
        let mut places = BTreeMap::new();
        for location in locations {
            let (Ok(id), Some(own)) = (location.parse(), cells.remove(&location)) else { continue };
            let reference = references.get(&location).and_then(|owner| owner.parse().ok());
            let references = reference.map(|owner| ("organization_id", owner)).into_iter().collect();
            places.insert(id, Self { references, cells: own, addresses: BTreeMap::new() });
        }
        for link in addresses {
            let place = link.parent.parse().ok().and_then(|id: Uuid| places.get_mut(&id));
            if let (Some(place), Some(cells)) = (place, cells.remove(&link.id)) {
                place.addresses.insert(link.id, cells);
            }
        }
        Ok(places)
    }
}

/// What rows name in a column, by the row.
fn targets(db: &mut Db<'_>, rows: &[String], via: &str) -> Result<BTreeMap<String, String>, StorageError> {
    let links = rows::store::names(db, rows)?.into_iter().filter(|link| link.via == via);
    Ok(links.map(|link| (link.id, link.parent)).collect())
}

/// What an edit makes of an entry.
pub(super) struct Checked {
    service: Option<Row>,
    parts: BTreeMap<&'static str, Vec<Row>>,
    locations: Vec<Row>,
    /// All addresses of each location that they were said of.
    addresses: BTreeMap<Uuid, Vec<Row>>,
}

impl Edit {
    /// Gives new rows ids. A row that is there already must belong to the service.
    pub(super) fn with_ids(mut self, tx: &mut Tx<'_>, service: &Service) -> Result<Self, DirectoryError> {
        let entry = Entry::load(tx.db(), service)?;
        for (table, rows) in &mut self.parts {
            let known: BTreeSet<&String> = entry.of(table).map(|(id, _)| id).collect();
            name(tx, table, (rows, &known))?;
        }
        for (id, place) in &mut self.places {
            let known = entry.place(id)?.addresses.keys().collect();
            if let Some(rows) = &mut place.addresses {
                name(tx, "address", (rows, &known))?;
            }
        }
        Ok(self)
    }

    /// What the entry would be. Refused is what an import would refuse, and what a provider may not say.
    pub(super) fn check(&self, entry: &Entry) -> Result<Checked, DirectoryError> {
        if self.service.is_empty() && self.parts.is_empty() && self.places.is_empty() {
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
        tables.extend(self.places(entry)?);
        let package = Package::made(tables, Remarks::default())?;
        let mut read: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
        let mut sink = |rule: &'static Rule, rows: Vec<Row>| {
            read.entry(rule.name).or_default().extend(rows);
            Ok::<_, DirectoryError>(Tally::default())
        };
        let report = hsds::read(&package, &entry.source, &mut sink, &mut |_| {})?;
        let refused = report.problems.iter().find(|found| {
            // What an import would leave out of a place would move it.
            found.severity == hsds::Severity::Refused || found.table == "location"
        });
        if let Some(refused) = refused {
            let column = refused.column.as_deref().unwrap_or("id");
            return Err(wrong(&refused.table, column, &format!("{} {}", refused.what, refused.remedy)));
        }
        let service = read.remove("service").and_then(|mut rows| rows.pop());
        let service = service.map(|row| whole(row, (&self.service, &entry.cells, &entry.references)));
        let service = service.filter(|row| row.cells != entry.cells);
        let locations = read.remove("location").unwrap_or_default().into_iter().filter_map(|row| {
            let (said, is) = (self.places.get(&row.id)?, entry.places.get(&row.id)?);
            Some(whole(row, (&said.location, &is.cells, &is.references))).filter(|row| row.cells != is.cells)
        });
        let locations = locations.collect();
        let named = self.places.iter().filter(|(_, place)| place.addresses.is_some());
        let mut addresses: BTreeMap<Uuid, Vec<Row>> = named.map(|(id, _)| (*id, Vec::new())).collect();
        for row in read.remove("address").unwrap_or_default() {
            let location = row.references.get("location_id");
            if let Some(of_it) = location.and_then(|location| addresses.get_mut(location)) {
                of_it.push(row);
            }
        }
        read.remove("organization");
        // A table that is named without rows is emptied.
        for table in self.parts.keys().filter_map(|table| rule(table)) {
            read.entry(table.name).or_default();
        }
        Ok(Checked { service, parts: read, locations, addresses })
    }

    /// The places that the edit names, as tables of a package.
    fn places(&self, entry: &Entry) -> Result<Vec<Made>, DirectoryError> {
        let (mut locations, mut addresses) = (Vec::new(), Vec::new());
        for (id, said) in &self.places {
            let is = entry.place(id)?;
            if let Some(column) =
                said.location.keys().find(|column| !PLACE_COLUMNS.contains(&column.as_str()))
            {
                let allowed = format!("a draft may say {}", PLACE_COLUMNS.join(", "));
                return Err(wrong("location", column, &allowed));
            }
            let mut cells = BTreeMap::from([("id", id.to_string())]);
            for column in columns("location").iter().filter(|column| !column.ends_with("id")) {
                let cell = said.location.get(*column).or_else(|| is.cells.get(*column));
                cells.extend(cell.map(|cell| (*column, cell.trim().to_owned())));
            }
            locations.push(cells);
            let given = said.addresses.as_deref().unwrap_or_default();
            addresses.extend(part_rows("address", given, ("location_id", &id.to_string()))?);
        }
        let tables = [made("location", locations), made("address", addresses)];
        Ok(tables.into_iter().filter(|made| !made.rows.is_empty()).collect())
    }

    /// Puts what the edit says in the place of what the entry says, and sees to it that no import undoes it. Only after [`Tx::take_turn`].
    pub(super) fn apply(&self, tx: &mut Tx<'_>, was: &Service) -> Result<(), DirectoryError> {
        let entry = Entry::load(tx.db(), was)?;
        let Checked { service, parts, locations, addresses } = self.check(&entry)?;
        let mut touched = Touched::default();
        touched.add(entry.row.clone());
        if let Some(row) = service {
            replace(tx, (&entry.source, "service"), (&entry.cells, &row))?;
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
            put(tx, (&entry.source, table, entry.of(table).collect()), (was.id, rows))?;
        }
        for row in locations {
            let (Some(said), Ok(place)) = (self.places.get(&row.id), entry.place(&row.id)) else { continue };
            replace(tx, (&entry.source, "location"), (&place.cells, &row))?;
            overrides::lay(tx, (&entry.source, "location", &row.id.to_string()), (was.id, &said.location))?;
            touched.add(row.id.to_string());
        }
        for (location, rows) in &addresses {
            let known = entry.place(location)?.addresses.iter().collect();
            put(tx, (&entry.source, "address", known), (was.id, rows))?;
            touched.add(location.to_string());
        }
        touched.mark(tx)?;
        search::enter_here(tx, &entry.source)?;
        Ok(())
    }
}

fn wrong(table: &str, column: &str, what: &str) -> DirectoryError {
    let short = |text: &str| text.chars().take(60).collect::<String>();
    DirectoryError::BadEdit(format!("{}.{}: {what}", short(table), short(column)))
}

fn made(name: &'static str, rows: Vec<BTreeMap<&'static str, String>>) -> Made {
    let rows = (1..).zip(rows).collect();
    Made { name, file: String::from("draft"), rows, called: BTreeMap::new() }
}

fn part(table: &str, given: &[Cells], service: &str) -> Result<Made, DirectoryError> {
    let Some(name) = PARTS.iter().find(|name| **name == table) else {
        let allowed = format!("a draft may say {}", PARTS.join(", "));
        return Err(wrong(table, "", &allowed));
    };
    Ok(made(name, part_rows(name, given, ("service_id", service))?))
}

/// Rows as they were given, each naming what it belongs to.
fn part_rows(
    table: &str,
    given: &[Cells],
    (via, owner): (&'static str, &str),
) -> Result<Vec<BTreeMap<&'static str, String>>, DirectoryError> {
    if given.len() > MOST_ROWS {
        return Err(wrong(table, "", "there are more than 200 rows"));
    }
    let columns = columns(table);
    let mut rows = Vec::new();
    for cells in given {
        let mut row = BTreeMap::from([(via, owner.to_owned())]);
        for (column, cell) in cells {
            let known = columns.iter().find(|known| *known == column);
            let known = known.filter(|known| **known == "id" || !known.ends_with("_id"));
            let known =
                known.ok_or_else(|| wrong(table, column, "this is no column that a draft may say"))?;
            row.insert(known, cell.trim().to_owned());
        }
        rows.push(row);
    }
    Ok(rows)
}

/// A row with what no draft may say, as it is.
fn whole(row: Row, (said, was, references): (&Cells, &Cells, &BTreeMap<&'static str, Uuid>)) -> Row {
    let kept = was.iter().filter(|(column, _)| !said.contains_key(*column));
    let mut cells: Cells = kept.map(|(column, cell)| (column.clone(), cell.clone())).collect();
    cells.extend(row.cells.into_iter().filter(|(column, _)| said.contains_key(column)));
    Row { cells, references: references.clone(), ..row }
}

/// Gives new rows of a table ids. One that is there already must be known.
fn name(
    tx: &mut Tx<'_>,
    table: &str,
    (rows, known): (&mut [Cells], &BTreeSet<&String>),
) -> Result<(), DirectoryError> {
    for row in rows {
        let id = row.get("id").map(|id| id.trim().to_lowercase()).filter(|id| !id.is_empty());
        if id.as_ref().is_some_and(|id| !known.contains(id)) {
            return Err(wrong(table, "id", "no row of this service has this id; leave it out for a new one"));
        }
        let fresh = || tx.id::<crate::kernel::id::Service>().uuid().to_string();
        row.insert(String::from("id"), id.unwrap_or_else(fresh));
    }
    Ok(())
}

/// Puts a row in the place of what it was, with its change.
fn replace(
    tx: &mut Tx<'_>,
    (source, table): (&str, &'static str),
    (before, row): (&Cells, &Row),
) -> Result<(), StorageError> {
    store::update_row(tx, (source, table), row, (before, false))
}

/// Puts all rows of a table that belong to a service in the place of those there were.
fn put(
    tx: &mut Tx<'_>,
    (source, table, known): (&str, &'static str, BTreeMap<&String, &Cells>),
    (service, given): (ServiceId, &[Row]),
) -> Result<(), DirectoryError> {
    let kept: BTreeSet<String> = given.iter().map(|row| row.id.to_string()).collect();
    for row in given {
        let id = row.id.to_string();
        let key = (source, table, id.as_str());
        match known.get(&id) {
            Some(before) if **before == row.cells => {}
            Some(before) => {
                replace(tx, (source, table), (before, row))?;
                overrides::replace(tx, key, (service, &row.cells))?;
            }
            None => {
                let now = tx.now();
                let place = rows::store::next_place(tx.db(), now)?;
                store::insert_rows(tx, (source, table), &[row], place)?;
                let links = rule(table).map_or_else(Vec::new, |rule| rows::of_row(rule, row));
                rows::store::insert_links(tx, source, &links)?;
                overrides::add(tx, key, (service, &row.cells))?;
                changes::store::note(tx, source, &[changes::listed((table, &id), true)])?;
            }
        }
    }
    for (id, cells) in known.into_iter().filter(|(id, _)| !kept.contains(*id)) {
        let key = (source, table, id.as_str());
        store::mark_missing(tx, key)?;
        overrides::leave_out(tx, key, (service, cells))?;
    }
    Ok(())
}
