//! Enters services in the tables they are found by: their words, and where they are.

use std::collections::{BTreeMap, HashMap};

use super::{
    sphere::Point,
    store::{self, PlaceRow, Unsearched, WordRow},
    words::{self, Field},
};
use crate::{
    access::Tx,
    directory::{DirectoryError, rows},
    storage::{Db, StorageError},
};

/// How many services are entered at once.
const AT_ONCE: i64 = 200;

/// Enters services that are not entered as they are now. Answers whether there may be more.
pub fn enter_searched(tx: &mut Tx<'_>) -> Result<bool, DirectoryError> {
    let entered = enter(tx, None)?;
    if !entered {
        tx.leaves_no_entry();
    }
    Ok(entered)
}

/// Enters everything of a source that is not entered as it is now. Not while rows of an earlier release wait for their links: the words
/// and places would not be whole, and the job comes back for them.
pub(in crate::directory) fn enter_source(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    if rows::store::without_place(tx.db(), 1)?.is_empty() {
        while enter(tx, Some(source))? {}
    }
    store::sweep(tx)
}

/// Enters the services of this node that were written just now.
pub(in crate::directory) fn enter_here(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    enter(tx, Some(source)).map(drop)
}

fn enter(tx: &mut Tx<'_>, source: Option<&str>) -> Result<bool, StorageError> {
    let services = store::unsearched(tx.db(), source, AT_ONCE)?;
    if services.is_empty() {
        return Ok(false);
    }
    let around = Around::load(tx.db(), &services)?;
    let (mut words, mut places) = (Vec::new(), Vec::new());
    for service in &services {
        words.extend(around.words(service));
        places.extend(around.places(service));
    }
    let ids: Vec<String> = services.into_iter().map(|service| service.id).collect();
    store::replace(tx, &ids, (&words, &places))?;
    Ok(true)
}

/// What stands around services: rows that their sources give at present, and which of them name which.
struct Around {
    cells: HashMap<String, BTreeMap<String, String>>,
    /// Attributes and services at locations, by the service they name.
    parts: HashMap<String, Vec<(String, String)>>,
    /// Terms and locations, by the attribute or the service at a location that names them.
    named: HashMap<String, Vec<String>>,
}

impl Around {
    fn load(db: &mut Db<'_>, services: &[Unsearched]) -> Result<Self, StorageError> {
        let mut all: Vec<String> = services.iter().map(|service| service.row.clone()).collect();
        let mut parts: HashMap<String, Vec<(String, String)>> = HashMap::new();
        let mut inner = Vec::new();
        for link in rows::store::parts(db, &all, &["attribute", "service_at_location"])? {
            if matches!(link.via.as_str(), "link_id" | "service_id") {
                inner.push(link.id.clone());
                parts.entry(link.parent).or_default().push((link.table, link.id));
            }
        }
        let mut named: HashMap<String, Vec<String>> = HashMap::new();
        for link in rows::store::names(db, &inner)? {
            if matches!(link.via.as_str(), "taxonomy_term_id" | "location_id") {
                all.push(link.parent.clone());
                named.entry(link.id).or_default().push(link.parent);
            }
        }
        all.extend(inner);
        all.sort_unstable();
        all.dedup();
        let mut cells = HashMap::new();
        for row in rows::store::bodies(db, &all)? {
            let read = serde_json::from_str(&row.body)
                .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
            cells.entry(row.id).or_insert(read);
        }
        Ok(Self { cells, parts, named })
    }

    /// Rows of a table that a service names or that name it, and through them those of another.
    fn behind<'a>(
        &'a self,
        service: &'a Unsearched,
        table: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a BTreeMap<String, String>)> {
        let parts = self.parts.get(&service.row).into_iter().flatten();
        parts.filter(move |(of, id)| of == table && self.cells.contains_key(id)).flat_map(|(_, id)| {
            let named = self.named.get(id).into_iter().flatten();
            named.filter_map(|target| Some((id.as_str(), self.cells.get(target)?)))
        })
    }

    fn words(&self, service: &Unsearched) -> Vec<WordRow> {
        let own = self.cells.get(&service.row).and_then(|cells| cells.get("alternate_name"));
        let labels = self.behind(service, "attribute").filter_map(|(_, term)| term.get("name"));
        let texts = [
            (Field::Name, service.name.as_str()),
            (Field::Provider, &service.provider),
            (Field::Description, &service.description),
        ];
        let texts = texts
            .into_iter()
            .chain(own.map(|name| (Field::AlternateName, name.as_str())))
            .chain(labels.map(|label| (Field::Label, label.as_str())));
        words::of_service(texts)
            .into_iter()
            .map(|(word, weight)| WordRow { word, service: service.id.clone(), weight })
            .collect()
    }

    fn places(&self, service: &Unsearched) -> Vec<PlaceRow> {
        let located = self.behind(service, "service_at_location").filter_map(|(place, location)| {
            let degrees = |column: &str| location.get(column)?.trim().parse::<f64>().ok();
            let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
            // A place at zero and zero is one that nobody filled in.
            let is_given = latitude != 0.0 || longitude != 0.0;
            Some((place, Point::at(latitude, longitude).filter(|_| is_given)?))
        });
        let mut places: BTreeMap<&str, Point> = BTreeMap::new();
        for (place, at) in located {
            places.entry(place).or_insert(at);
        }
        places
            .into_iter()
            .map(|(place, at)| PlaceRow::new(place.to_owned(), service.id.clone(), at))
            .collect()
    }
}
