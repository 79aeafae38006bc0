//! Places of a service that was entered here: each a location with its address, and the service at it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::edit::{Entry, cells_of, made, wrong};
use crate::{
    access::Tx,
    directory::{
        DirectoryError,
        hsds::{Made, Row, place},
    },
};

type Cells = BTreeMap<String, String>;

/// The tables that places are rows of.
pub(super) const TABLES: [&str; 4] = ["location", SERVICE_AT_LOCATION, "address", "accessibility"];

/// The table of services at locations.
pub(super) const SERVICE_AT_LOCATION: &str = "service_at_location";

/// Tables whose rows belong to a location.
pub(super) const OF_LOCATIONS: &[&str] = &["address", "accessibility"];

/// The most places of one service.
const MOST_PLACES: usize = 200;

/// A place where a service is offered, by columns of HSDS and of the profile. Where it is shows to nobody but its provider and those who keep
/// the directory if `confidential` of `location` is `yes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPlace {
    /// The id of the service at the location, to keep or change one that is there; without it the place is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Cells of `location`, such as `name`, `latitude`, `longitude`, `admin_area` and `confidential`.
    #[serde(default)]
    pub location: BTreeMap<String, String>,
    /// Cells of `address`; none when nobody says it.
    #[serde(default)]
    pub address: BTreeMap<String, String>,
    /// Cells of `accessibility`; none when nobody says it.
    #[serde(default)]
    pub accessibility: BTreeMap<String, String>,
}

impl EntryPlace {
    /// Gives its rows the ids that they have, or new ones.
    pub(super) fn with_ids(self, tx: &Tx<'_>, entry: &Entry) -> Result<Self, DirectoryError> {
        let fresh = || tx.id::<crate::kernel::id::Service>().uuid().to_string();
        let given = self.id.map(|id| id.trim().to_lowercase()).filter(|id| !id.is_empty());
        let known = given.as_ref().map(|id| {
            let mut places = entry.of(SERVICE_AT_LOCATION);
            let found = places.find(|(known, _)| *known == id).map(|(_, cells)| cells);
            found.ok_or_else(|| {
                wrong("places", "id", "no place of this service has this id; leave it out for a new one")
            })
        });
        let location = known.transpose()?.and_then(|cells| cells.get("location_id")).cloned();
        let row_there = |table: &str| {
            let mut rows = entry.of(table);
            let there =
                rows.find(|(_, cells)| location.is_some() && cells.get("location_id") == location.as_ref());
            there.map(|(id, _)| id.clone())
        };
        let (address, accessibility) = (row_there("address"), row_there("accessibility"));
        let with_id = |mut cells: Cells, id: Option<String>| {
            cells.insert(String::from("id"), id.unwrap_or_else(fresh));
            cells
        };
        // What says nothing is no row.
        let says =
            |cells: &Cells| cells.iter().any(|(column, cell)| column != "id" && !cell.trim().is_empty());
        let said = |cells: Cells, id: Option<String>| {
            if says(&cells) { with_id(cells, id) } else { Cells::new() }
        };
        Ok(Self {
            id: Some(given.unwrap_or_else(fresh)),
            location: with_id(self.location, location.clone()),
            address: said(self.address, address),
            accessibility: said(self.accessibility, accessibility),
        })
    }
}

/// The rows of places, as tables of a package. A location and an address are physical where nothing else is said.
pub(super) fn tables(places: &[EntryPlace], service: &str) -> Result<Vec<Made>, DirectoryError> {
    if places.len() > MOST_PLACES {
        return Err(wrong("places", "", "there are more than 200 places"));
    }
    let kind = |column| BTreeMap::from([(column, String::from("physical"))]);
    let mut rows: BTreeMap<&'static str, Vec<BTreeMap<&'static str, String>>> = BTreeMap::new();
    for place in places {
        let id = |cells: &Cells| cells.get("id").cloned().unwrap_or_default();
        let (here, location) = (place.id.clone().unwrap_or_default(), id(&place.location));
        let offered = [("id", here), ("service_id", service.to_owned()), ("location_id", location.clone())];
        rows.entry(SERVICE_AT_LOCATION).or_default().push(BTreeMap::from(offered));
        let locations = cells_of("location", &place.location, kind("location_type"))?;
        rows.entry("location").or_default().push(locations);
        for (table, cells, before) in [
            ("address", &place.address, kind("address_type")),
            ("accessibility", &place.accessibility, BTreeMap::new()),
        ] {
            if cells.is_empty() {
                continue;
            }
            let mut row = cells_of(table, cells, before)?;
            row.insert("location_id", location.clone());
            rows.entry(table).or_default().push(row);
        }
    }
    Ok(rows.into_iter().map(|(table, rows)| made(table, rows)).collect())
}

/// Refuses coordinates that an import would leave out: a wrong point on the map sends people to it.
pub(super) fn check(locations: &[Row]) -> Result<(), DirectoryError> {
    match locations.iter().find_map(|row| place(row).1) {
        Some(doubt) => Err(wrong("location", "latitude", doubt)),
        None => Ok(()),
    }
}
