//! Where services are, as far as a map may show it: points that their sources give. Of a place that is kept secret there is none, for nobody:
//! a map is looked at over shoulders.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    DirectoryError, Viewer,
    rows::{self, Withheld},
    search::Point,
};
use crate::{
    access::{Actor, Permission},
    kernel::id::ServiceId,
    storage::Db,
};

/// The places of services at present, as latitude and longitude in degrees. A service of which no place may be shown is not among them.
pub fn pins(
    db: &mut Db<'_>,
    actor: &Actor,
    services: &[ServiceId],
) -> Result<HashMap<ServiceId, Vec<(f64, f64)>>, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let of: HashMap<String, ServiceId> = services.iter().map(|id| (id.uuid().to_string(), *id)).collect();
    let asked: Vec<String> = of.keys().cloned().collect();
    let parts = rows::store::parts(db, &asked, &["service_at_location"])?;
    let parts = parts.into_iter().filter(|link| link.via == "service_id");
    let at: BTreeMap<String, ServiceId> =
        parts.filter_map(|link| Some((link.id, *of.get(&link.parent)?))).collect();
    let places: Vec<String> = at.keys().cloned().collect();
    let named = rows::store::names(db, &places)?;
    let named = named.into_iter().filter(|link| link.table == "service_at_location");
    let named = named.filter(|link| link.via == "location_id").map(|link| (link.id, link.parent));
    let mut named: Vec<(String, String)> = named.collect();
    named.sort_unstable();
    named.dedup();
    let mut all: Vec<String> = named.iter().map(|(_, location)| location.clone()).collect();
    let secret: HashSet<String> = rows::store::confidential(db, &all)?.into_iter().collect();
    all.extend(places);
    let mut withheld = Withheld::new(Viewer::of(actor));
    withheld.judge(db, &all)?;
    let cells = rows::store::cells(db, &all)?;
    let mut pins: HashMap<ServiceId, Vec<(f64, f64)>> = HashMap::new();
    for (place, location) in named {
        let is_hidden = secret.contains(&location) || withheld.is(&location) || withheld.is(&place);
        if is_hidden || !cells.contains_key(&place) {
            continue;
        }
        let point = cells.get(&location).and_then(point);
        if let (Some(service), Some(point)) = (at.get(&place), point) {
            let theirs = pins.entry(*service).or_default();
            if !theirs.contains(&point) {
                theirs.push(point);
            }
        }
    }
    Ok(pins)
}

/// The point that a location gives.
fn point(location: &BTreeMap<String, String>) -> Option<(f64, f64)> {
    let degrees = |column: &str| location.get(column)?.trim().parse::<f64>().ok();
    let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
    // A place at zero and zero is one that nobody filled in.
    let is_given = latitude != 0.0 || longitude != 0.0;
    Point::at(latitude, longitude).filter(|_| is_given).map(|_| (latitude, longitude))
}
