//! Services of a list that look like entries which other sources gave: a hint for the person who looks at a list before it is imported.
//!
//! # Decisions
//!
//! - Two are alike when provider and service are called the same, as searches fold names, and they are within 500 metres of each other, in a town
//!   of the same name, or have a telephone number in common. A number alone says nothing: all services of an organisation have its hotline.
//! - The list is compared while it is read. Entries of other sources are read once, page by page, and what stands around them for those alone
//!   that are called the same.
//! - Nothing is joined and nothing refused: whoever looks decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::{
    DirectoryError,
    fold::fold,
    hsds::{Alike, Duplicate, Row, place},
    rows,
    search::Point,
    store::{self, Other},
};
use crate::storage::{Db, StorageError};

/// How many services of a list are compared.
const MOST_COMPARED: usize = 200_000;

/// How many pairs of the same name are looked at.
const MOST_PAIRS: usize = 10_000;

/// How many are listed; all are counted.
const MOST_LISTED: usize = 100;

/// How many entries are looked at together.
const AT_ONCE: usize = 500;

/// How many places of a service are compared: with a few of them the two are found to be near each other, or not at all.
const MOST_POINTS: usize = 400;

/// How near is the same place, in metres.
const NEAR: f64 = 500.0;

/// So many digits of a telephone number are compared, from its end: what stands before is written or left out.
const DIGITS: usize = 8;

/// Fewer digits are no number.
const FEWEST_DIGITS: usize = 3;

/// Where a service is and how it is reached.
#[derive(Debug, Default)]
struct Around {
    points: Vec<Point>,
    towns: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

impl Around {
    fn take_point(&mut self, at: Option<(f64, f64)>) {
        let at = at.and_then(|(latitude, longitude)| Point::at(latitude, longitude));
        self.points.extend(at.filter(|_| self.points.len() < MOST_POINTS));
    }

    fn take_town(&mut self, city: Option<&str>) {
        self.towns.extend(city.map(fold).filter(|town| !town.is_empty()));
    }

    fn take_number(&mut self, number: Option<&str>) {
        let digits: Vec<char> = number.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= FEWEST_DIGITS {
            self.numbers.insert(digits.iter().rev().take(DIGITS).collect());
        }
    }

    /// What two services have in common, if anything.
    fn alike(&self, other: &Self) -> Option<Alike> {
        let is_near = self.points.iter().any(|at| other.points.iter().any(|to| at.metres_to(*to) <= NEAR));
        if is_near {
            Some(Alike::Place)
        } else if !self.towns.is_disjoint(&other.towns) {
            Some(Alike::Town)
        } else if !self.numbers.is_disjoint(&other.numbers) {
            Some(Alike::Telephone)
        } else {
            None
        }
    }
}

/// A service of the list, and an entry that is called the same.
struct Pair {
    service: Uuid,
    line: u64,
    other: Other,
}

/// A list that is compared while it is read.
#[derive(Default)]
pub(super) struct Comparing {
    /// Folded names of organisations.
    providers: HashMap<Uuid, String>,
    /// Services with their lines, by what they and their providers are called.
    services: HashMap<String, Vec<(Uuid, u64)>>,
    compared: usize,
    /// Those that are called like an entry; nothing before the last service was read.
    pairs: Option<Vec<Pair>>,
    /// What stands around the services of pairs.
    around: HashMap<Uuid, Around>,
    /// Coordinates of locations.
    points: HashMap<Uuid, (f64, f64)>,
    /// The service of each service at a location, and the services at each location.
    places: HashMap<Uuid, Uuid>,
    locations: HashMap<Uuid, Vec<Uuid>>,
}

/// What two services are compared by before anything else.
fn called(provider: &str, service: &str) -> String {
    format!("{provider}|{}", fold(service))
}

impl Comparing {
    /// Takes rows of a table in. Tables come in the order in which one names another.
    pub(super) fn see(
        &mut self,
        db: &mut Db<'_>,
        source: &str,
        (table, rows): (&str, &[Row]),
    ) -> Result<(), StorageError> {
        match table {
            "organization" => {
                let names = rows.iter().filter_map(|row| Some((row.id, fold(row.cell("name")?))));
                self.providers.extend(names);
            }
            "service" => {
                for row in rows {
                    self.service(row);
                }
            }
            "location" | "service_at_location" | "address" | "phone" => {
                self.seek(db, source)?;
                // Where nothing is called the same, nothing is kept of what follows.
                let rows: &[Row] = if self.around.is_empty() { &[] } else { rows };
                for row in rows {
                    self.part(table, row);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn service(&mut self, row: &Row) {
        let provider = row.references.get("organization_id").and_then(|id| self.providers.get(id));
        if let (Some(provider), Some(name)) = (provider, row.cell("name"))
            && self.compared < MOST_COMPARED
        {
            self.compared = self.compared.saturating_add(1);
            self.services.entry(called(provider, name)).or_default().push((row.id, row.line));
        }
    }

    /// Looks for entries of other sources that are called like services of the list, once.
    fn seek(&mut self, db: &mut Db<'_>, source: &str) -> Result<(), StorageError> {
        if self.pairs.is_some() {
            return Ok(());
        }
        let mut pairs = Vec::new();
        let mut after = String::new();
        while !self.services.is_empty() && pairs.len() < MOST_PAIRS {
            let page = store::others(db, source, &after)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for other in page {
                let same = self.services.get(&called(&fold(&other.provider), &other.name));
                let room = MOST_PAIRS.saturating_sub(pairs.len());
                pairs.extend(same.into_iter().flatten().take(room).map(|(service, line)| Pair {
                    service: *service,
                    line: *line,
                    other: other.clone(),
                }));
            }
        }
        self.around = pairs.iter().map(|pair| (pair.service, Around::default())).collect();
        self.pairs = Some(pairs);
        Ok(())
    }

    /// Takes what stands around a service of a pair.
    fn part(&mut self, table: &str, row: &Row) {
        let named = |column: &str| row.references.get(column);
        match table {
            "location" => {
                self.points.extend(place(row).0.map(|at| (row.id, at)));
            }
            "service_at_location" => {
                let (Some(service), Some(location)) = (named("service_id"), named("location_id")) else {
                    return;
                };
                if let Some(around) = self.around.get_mut(service) {
                    around.take_point(self.points.get(location).copied());
                    self.places.insert(row.id, *service);
                    self.locations.entry(*location).or_default().push(*service);
                }
            }
            _ => {
                let of_place = named("service_at_location_id").and_then(|place| self.places.get(place));
                let at = named("location_id").and_then(|location| self.locations.get(location));
                let services =
                    named("service_id").into_iter().chain(of_place).chain(at.into_iter().flatten());
                for service in services {
                    let Some(around) = self.around.get_mut(service) else { continue };
                    around.take_town(row.cell("city").filter(|_| table == "address"));
                    around.take_number(row.cell("number").filter(|_| table == "phone"));
                }
            }
        }
    }

    /// How many services look like an entry, and the first of them.
    pub(super) fn done(
        mut self,
        db: &mut Db<'_>,
        source: &str,
    ) -> Result<(u64, Vec<Duplicate>), DirectoryError> {
        self.seek(db, source)?;
        let mut found: BTreeMap<(u64, Uuid), Duplicate> = BTreeMap::new();
        for pairs in self.pairs.unwrap_or_default().chunks(AT_ONCE) {
            let entries: BTreeSet<String> = pairs.iter().map(|pair| pair.other.row.clone()).collect();
            let others = around(db, &entries.into_iter().collect::<Vec<_>>())?;
            for Pair { service, line, other } in pairs {
                let both = self.around.get(service).zip(others.get(&other.row));
                if let Some(alike) = both.and_then(|(one, other)| one.alike(other)) {
                    found.entry((*line, *service)).or_insert_with(|| Duplicate {
                        line: *line,
                        service: other.id.clone(),
                        source: other.source.clone(),
                        alike,
                    });
                }
            }
        }
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        Ok((count, found.into_values().take(MOST_LISTED).collect()))
    }
}

/// What stands around entries, by their rows.
fn around(db: &mut Db<'_>, services: &[String]) -> Result<HashMap<String, Around>, StorageError> {
    let mut all: HashMap<String, Around> =
        services.iter().map(|service| (service.clone(), Around::default())).collect();
    // Rows that say something, each with the services that it says it of.
    let mut of: HashMap<String, Vec<String>> = HashMap::new();
    let mut places: HashMap<String, String> = HashMap::new();
    for link in rows::store::parts(db, services, &["service_at_location", "phone"])? {
        if link.via == "service_id" && link.table == "phone" {
            of.entry(link.id).or_default().push(link.parent);
        } else if link.via == "service_id" {
            places.insert(link.id, link.parent);
        }
    }
    let ids: Vec<String> = places.keys().cloned().collect();
    for link in rows::store::parts(db, &ids, &["phone"])? {
        if let Some(service) = places.get(&link.parent) {
            of.entry(link.id).or_default().push(service.clone());
        }
    }
    for link in rows::store::names(db, &ids)? {
        if let Some(service) = places.get(&link.id).filter(|_| link.via == "location_id") {
            of.entry(link.parent).or_default().push(service.clone());
        }
    }
    let locations: Vec<String> = of.keys().cloned().collect();
    for link in rows::store::parts(db, &locations, &["address", "phone"])? {
        let theirs = of.get(&link.parent).filter(|_| link.via == "location_id").cloned();
        of.entry(link.id).or_default().extend(theirs.into_iter().flatten());
    }
    for (row, cells) in rows::store::cells(db, &of.keys().cloned().collect::<Vec<_>>())? {
        let cell = |column: &str| cells.get(column).map(String::as_str);
        let degrees = |column: &str| cell(column)?.trim().parse::<f64>().ok();
        let at =
            degrees("latitude").zip(degrees("longitude")).filter(|at| at.0.abs() > 0.0 || at.1.abs() > 0.0);
        for service in of.get(&row).into_iter().flatten() {
            let Some(around) = all.get_mut(service) else { continue };
            around.take_point(at);
            around.take_town(cell("city"));
            around.take_number(cell("number"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(at: Option<(f64, f64)>, town: &str, number: &str) -> Around {
        let mut around = Around::default();
        around.take_point(at);
        around.take_town(Some(town));
        around.take_number(Some(number));
        around
    }

    #[test]
    fn services_are_alike_where_they_are_or_by_how_they_are_reached() {
        let here = with(Some((-15.4, 28.3)), "Lusáka", "+260 211 123 456");
        for (other, alike) in [
            (with(Some((-15.403, 28.3)), "", ""), Some(Alike::Place)),
            (with(Some((-15.41, 28.3)), "", ""), None),
            (with(Some((-15.41, 28.3)), "LUSAKA", ""), Some(Alike::Town)),
            (with(None, "Kitwe", "0211-123456"), Some(Alike::Telephone)),
            (with(None, "Kitwe", "0211-123457"), None),
            (with(None, "", "12"), None),
        ] {
            assert_eq!(here.alike(&other), alike, "{other:?}");
        }
        let nowhere = with(None, "", "");
        assert_eq!(nowhere.alike(&with(None, "", "")), None, "two of which nothing is known");
    }
}
