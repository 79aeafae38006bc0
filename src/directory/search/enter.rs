//! Enters services in the tables they are found by: their words, where they are, whom they take, and what lists are narrowed by.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    away::given,
    index::{AGREEMENT, Body, REACH, SERVES},
    sphere::Point,
    store::{self, Entered, Unsearched},
    words::{self, Field},
};
use crate::{
    access::Tx,
    directory::{
        DirectoryError, Reporting, agreements,
        areas::{self, Area, Known},
        eligibility::{Rule, Terms},
        hours::{Hours, Slot},
        rows, upkeep,
    },
    kernel::Timestamp,
    storage::{Db, StorageError},
};

/// How many services are entered at once.
const AT_ONCE: i64 = 200;

/// Enters services that are not entered as they are now. Answers whether there may be more.
pub fn enter_searched(tx: &mut Tx<'_>) -> Result<bool, DirectoryError> {
    let entered = enter(tx, None, "")?.is_some();
    if !entered {
        tx.leaves_no_entry();
    }
    Ok(entered)
}

/// Lets what was entered before an area began or ended be entered anew: codes stand for what takes its place from that day on. Answers whether
/// there was any.
pub fn follow_areas(tx: &mut Tx<'_>) -> Result<bool, DirectoryError> {
    let today = tx.now().datetime().date_naive();
    let turn = areas::last_turn(tx.db(), today)?;
    let is_behind = turn.map(|day| store::unsearch_before(tx, day)).transpose()?.unwrap_or_default();
    if !is_behind {
        tx.leaves_no_entry();
    }
    Ok(is_behind)
}

/// Enters everything of a source that is not entered as it is now. Not while rows of an earlier release wait for their links: the words
/// and places would not be whole, and the job comes back for them.
pub(in crate::directory) fn enter_source(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    if rows::store::without_place(tx.db(), 1)?.is_empty() {
        let mut after = String::new();
        while let Some(last) = enter(tx, Some(source), &after)? {
            after = last;
        }
    }
    Ok(())
}

/// Enters the services of this node that were written just now.
pub(in crate::directory) fn enter_here(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    enter(tx, Some(source), "").map(drop)
}

/// Enters some, and answers the last of them.
fn enter(tx: &mut Tx<'_>, source: Option<&str>, after: &str) -> Result<Option<String>, StorageError> {
    let services = store::unsearched(tx.db(), source, (after, AT_ONCE))?;
    let Some(last) = services.last().map(|service| service.id.clone()) else { return Ok(None) };
    let today = tx.now().datetime().date_naive();
    let around = Around::load(tx.db(), &services, today)?;
    check(tx, &services, &around)?;
    let mut entered = Entered::default();
    for service in &services {
        let (places, middles) = around.places(service);
        let body = Body {
            words: around.words(service),
            places,
            middles,
            facets: around.facets(service),
            terms: around.terms(service),
            hours: around.hours(service),
        };
        entered.bodies.push((service.id.clone(), body));
        entered.reporting.entry(around.reporting(service).name()).or_default().push(service.id.clone());
    }
    store::replace(tx, &entered, today)?;
    Ok(Some(last))
}

/// Takes over when the sources of services say that they were last checked, where that is later than what was found here.
fn check(tx: &mut Tx<'_>, services: &[Unsearched], around: &Around) -> Result<(), StorageError> {
    let now = tx.now();
    let given = |service: &Unsearched| {
        let cells = around.cells.get(&service.row)?;
        upkeep::assured(cells, now).map(Timestamp::micros)
    };
    let of_source = |service: &&Unsearched| service.verified_at.is_some() && service.verify_by.is_none();
    let other = services.iter().filter(of_source).filter(|service| given(service) != service.verified_at);
    let other: Vec<String> = other.map(|service| service.id.clone()).collect();
    let found = upkeep::store::last_good(tx.db(), &other)?;
    let mut checks: BTreeMap<(Option<i64>, Option<i64>), Vec<String>> = BTreeMap::new();
    for service in services {
        let known = (service.verified_at, service.verify_by);
        // What the source said before counts no more: what was found here does again.
        let here = match known {
            (Some(_), None) => found.get(&service.id).map(|(at, by)| (Some(*at), *by)).unwrap_or_default(),
            _ => known,
        };
        let source = given(service);
        let is_later = source.is_some_and(|day| here.0.is_none_or(|at| day > at));
        let now = if is_later { (source, None) } else { here };
        if now != known {
            checks.entry(now).or_default().push(service.id.clone());
        }
    }
    for (check, ids) in checks {
        upkeep::store::set_last_check(tx, check, &ids)?;
    }
    Ok(())
}

/// What stands around services: rows that their sources give at present, and which of them name which.
struct Around {
    cells: HashMap<String, BTreeMap<String, String>>,
    /// What belongs to a service or to a service at a location, by it: table and row.
    parts: HashMap<String, Vec<(String, String)>>,
    /// Terms and locations, by the attribute or the service at a location that names them.
    named: HashMap<String, Vec<String>>,
    /// The terms above each term.
    above: HashMap<String, Vec<String>>,
    /// Locations whose whereabouts are kept secret.
    secret: BTreeSet<String>,
    /// The agreements that cover each service.
    covering: HashMap<String, BTreeSet<String>>,
    /// The organisation of each service.
    providers: HashMap<String, String>,
    /// The units of administration that are named here.
    areas: Known,
    /// Since when rows that name one say so.
    said: HashMap<String, Timestamp>,
    today: NaiveDate,
}

/// Services at locations, each with a point.
type Points = Vec<(Uuid, Point)>;

/// By which of `delivery_modes` nobody has to be near.
const REMOTE: [&str; 3] = ["telephone", "messaging", "online"];

/// What belongs to a service and is entered.
const PARTS: &[&str] = &[
    "attribute",
    "service_at_location",
    "eligibility_rule",
    "language",
    "translation",
    "service_area",
    "schedule",
    "referral_requirement",
];

/// What belongs to a service at a location and is entered.
const PARTS_OF_PLACES: &[&str] = &["eligibility_rule", "service_area", "schedule"];

/// What belongs to an organisation and is entered with each of its services.
const PARTS_OF_PROVIDERS: &[&str] = &["translation"];

/// What belongs to a term and is entered with each service that bears it.
const PARTS_OF_TERMS: &[&str] = &["translation"];

/// What an organisation is called beside its name.
const OTHER_NAMES: [&str; 2] = ["alternate_name", "acronym"];

/// How many versions of its names an organisation or a term is found by; there are fewer languages in any list. They stand with each of its
/// services.
const MOST_VERSIONS: usize = 200;

/// The smallest level of which it is told that a secret place is in it.
const TOLD_LEVEL: u8 = 1;

/// How many steps of a taxonomy are followed upwards.
const DEEPEST: usize = 8;

impl Around {
    fn load(db: &mut Db<'_>, services: &[Unsearched], today: NaiveDate) -> Result<Self, StorageError> {
        let mut all: Vec<String> = services.iter().map(|service| service.row.clone()).collect();
        let covering = agreements::covering(db, &all)?;
        let mut parts: HashMap<String, Vec<(String, String)>> = HashMap::new();
        let mut inner = Vec::new();
        for link in rows::store::parts(db, &all, PARTS)? {
            if matches!(link.via.as_str(), "link_id" | "service_id") {
                inner.push(link.id.clone());
                parts.entry(link.parent).or_default().push((link.table, link.id));
            }
        }
        let (providers, theirs) = providers(db, &all)?;
        for link in rows::store::parts(db, &theirs, PARTS_OF_PROVIDERS)? {
            if link.via == "link_id" {
                inner.push(link.id.clone());
                parts.entry(link.parent).or_default().push((link.table, link.id));
            }
        }
        let places: Vec<String> = parts
            .values()
            .flatten()
            .filter(|(table, _)| table == "service_at_location")
            .map(|(_, id)| id.clone())
            .collect();
        for link in rows::store::parts(db, &places, PARTS_OF_PLACES)? {
            if link.via == "service_at_location_id" {
                inner.push(link.id.clone());
                parts.entry(link.parent).or_default().push((link.table, link.id));
            }
        }
        let mut named: HashMap<String, Vec<String>> = HashMap::new();
        let (mut locations, mut terms) = (BTreeSet::new(), BTreeSet::new());
        for link in rows::store::names(db, &inner)? {
            if link.via == "location_id" {
                locations.insert(link.parent.clone());
            } else if link.via == "taxonomy_term_id" {
                terms.insert(link.parent.clone());
            }
            if matches!(link.via.as_str(), "taxonomy_term_id" | "location_id") {
                all.push(link.parent.clone());
                named.entry(link.id).or_default().push(link.parent);
            }
        }
        let locations: Vec<String> = locations.into_iter().collect();
        for link in rows::store::parts(db, &locations, &["schedule"])? {
            if link.via == "location_id" {
                inner.push(link.id.clone());
                parts.entry(link.parent).or_default().push((link.table, link.id));
            }
        }
        let terms: Vec<String> = terms.into_iter().collect();
        for link in rows::store::parts(db, &terms, PARTS_OF_TERMS)? {
            if link.via == "link_id" {
                inner.push(link.id.clone());
                parts.entry(link.parent).or_default().push((link.table, link.id));
            }
        }
        let above = above(db, named.values().flatten())?;
        all.extend(inner);
        all.extend(theirs);
        all.sort_unstable();
        all.dedup();
        let cells = rows::store::cells(db, &all)?;
        for found in parts.values_mut() {
            found.sort_unstable();
        }
        let secret = rows::store::confidential(db, &locations)?.into_iter().collect();
        let naming = cells.iter().filter_map(|(id, cells)| Some((id, areas::named_by("location", cells)?)));
        let naming: Vec<(&String, &str)> = naming.collect();
        let said = rows::store::said(db, &naming.iter().map(|(id, _)| (*id).clone()).collect::<Vec<_>>())?;
        let stated = naming.into_iter().map(|(_, code)| code);
        let stated = stated.chain(services.iter().filter_map(|service| service.area.as_deref()));
        let areas = Known::load(db, stated)?;
        Ok(Self { cells, parts, named, above, secret, covering, providers, areas, said, today })
    }

    /// Rows of a table that a service names or that name it, and through them those of another: the row between, the other and its cells.
    fn behind<'a>(
        &'a self,
        service: &'a Unsearched,
        table: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a BTreeMap<String, String>)> {
        let parts = self.parts.get(&service.row).into_iter().flatten();
        parts.filter(move |(of, id)| of == table && self.cells.contains_key(id)).flat_map(|(_, id)| {
            let named = self.named.get(id).into_iter().flatten();
            named.filter_map(|target| Some((id.as_str(), target.as_str(), self.cells.get(target)?)))
        })
    }

    /// Rows of a table that belong to a row.
    fn own<'a>(
        &'a self,
        row: &'a str,
        table: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a BTreeMap<String, String>)> {
        let parts = self.parts.get(row).into_iter().flatten();
        parts
            .filter(move |(of, _)| of == table)
            .filter_map(|(_, id)| Some((id.as_str(), self.cells.get(id)?)))
    }

    /// Whom a service says it takes; nothing when it says nothing.
    fn terms(&self, service: &Unsearched) -> Option<Terms> {
        let rules = |row| -> Vec<Rule> {
            self.own(row, "eligibility_rule").map(|(id, cells)| Rule::of_cells(id, cells)).collect()
        };
        let of_service = rules(service.row.as_str());
        let cells = self.cells.get(&service.row);
        let words = cells.and_then(|cells| cells.get("eligibility_description"));
        let words = words.map(|text| text.trim()).filter(|text| !text.is_empty() && of_service.is_empty());
        let places: Vec<Vec<Rule>> =
            self.own(&service.row, "service_at_location").map(|(place, _)| rules(place)).collect();
        // Where one place takes whomever the service does, the others narrow nothing.
        let is_open = places.iter().any(Vec::is_empty);
        let terms = Terms {
            ages: cells.and_then(|cells| Rule::of_ages(&service.row, cells)),
            words: words.map(|text| (service.row.clone(), text.to_owned())),
            rules: of_service,
            places: if is_open { Vec::new() } else { places },
        };
        (!terms.is_empty()).then_some(terms)
    }

    /// Whether the provider tells the authorities: when one of its requirements says so, and not when all say no.
    fn reporting(&self, service: &Unsearched) -> Reporting {
        let says = self.own(&service.row, "referral_requirement");
        let says =
            says.filter_map(|(_, cells)| Reporting::from_name(cells.get("reports_to_authorities")?.trim()));
        let all: Vec<Reporting> = says.collect();
        if all.contains(&Reporting::Yes) {
            Reporting::Yes
        } else if all.is_empty() || all.contains(&Reporting::Unknown) {
            Reporting::Unknown
        } else {
            Reporting::No
        }
    }

    /// When a service is open: by its own schedules and those of its places; where there are none, by those of its locations.
    fn hours(&self, service: &Unsearched) -> Option<Hours> {
        let mut slots: Vec<Slot> =
            self.own(&service.row, "schedule").map(|(_, cells)| Slot::of_cells(cells, None)).collect();
        let mut of_locations = Vec::new();
        for (place, _) in self.own(&service.row, "service_at_location") {
            let locations = || self.named.get(place).into_iter().flatten();
            let zone = locations().find_map(|location| self.cells.get(location)?.get("iana_timezone"));
            let zone = zone.map(|zone| zone.trim());
            slots.extend(self.own(place, "schedule").map(|(_, cells)| Slot::of_cells(cells, zone)));
            let theirs = locations().flat_map(|location| self.own(location, "schedule"));
            of_locations.extend(theirs.map(|(_, cells)| Slot::of_cells(cells, zone)));
        }
        Hours::new(if slots.is_empty() { of_locations } else { slots })
    }

    /// What lists are narrowed by: terms, the terms above them, languages, areas and agreements; and how it is given to who is not near.
    fn facets(&self, service: &Unsearched) -> BTreeMap<String, Vec<String>> {
        let mut facets: BTreeSet<(&'static str, String)> = BTreeSet::new();
        for (attribute, _) in self.own(&service.row, "attribute") {
            for term in self.named.get(attribute).into_iter().flatten() {
                facets.insert(("term", term.clone()));
                let above = self.above.get(term).into_iter().flatten();
                facets.extend(above.map(|above| ("under", above.clone())));
            }
        }
        for (_, language) in self.own(&service.row, "language") {
            let Some(code) = language.get("code").or_else(|| language.get("name")) else { continue };
            let code = code.trim().to_lowercase();
            let broad = code.split(['-', '_']).next().unwrap_or_default().to_owned();
            facets.extend([code, broad].map(|code| ("language", code)));
        }
        let covering = self.covering.get(&service.row).into_iter().flatten();
        facets.extend(covering.map(|agreement| (AGREEMENT, agreement.clone())));
        facets.extend(self.served(service).map(|key| (SERVES, key.to_owned())));
        for location in self.locations(service) {
            let area = self.cells.get(location).and_then(|cells| self.area(("location", location), cells));
            let around = area.into_iter().flat_map(|area| self.areas.chain(area, self.today));
            let told = around.filter(|area| area.level <= TOLD_LEVEL || !self.secret.contains(location));
            facets.extend(told.map(|area| ("located", area.key.clone())));
        }
        facets.extend(self.reach(service).into_iter().map(|how| (REACH, how.to_owned())));
        let mut by_facet: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (facet, value) in facets.into_iter().filter(|(_, value)| !value.is_empty()) {
            by_facet.entry(facet.to_owned()).or_default().push(value);
        }
        by_facet
    }

    /// The unit that a row names.
    fn area(&self, (table, id): (&str, &str), cells: &BTreeMap<String, String>) -> Option<&Area> {
        self.meant(areas::named_by(table, cells)?, self.said.get(id).copied())
    }

    /// The unit that a code named when it was said, or what took its place since.
    fn meant(&self, code: &str, said: Option<Timestamp>) -> Option<&Area> {
        self.areas.meant(code, said.map(|at| at.datetime().date_naive()), self.today).ok()
    }

    /// The units that a service says it serves, as a whole or at one of its places; what it says of a secret place, as the province.
    fn served<'a>(&'a self, service: &'a Unsearched) -> impl Iterator<Item = &'a str> {
        let places = self.own(&service.row, "service_at_location").map(|(place, _)| {
            let is_secret = |location: &String| self.secret.contains(location);
            (place, self.named.get(place).into_iter().flatten().any(is_secret))
        });
        let rows = std::iter::once((service.row.as_str(), false)).chain(places);
        let stated = rows.flat_map(move |(row, is_secret)| {
            let areas = self.own(row, "service_area");
            let areas = areas.filter_map(|(id, cells)| self.area(("service_area", id), cells));
            areas.filter_map(move |area| {
                let mut told = self.areas.chain(area, self.today);
                if is_secret { told.find(|area| area.level <= TOLD_LEVEL) } else { Some(area) }
            })
        });
        let changed = Timestamp::from_micros(service.updated_at);
        let said = service.area.as_deref().and_then(|code| self.meant(code, Some(changed)));
        stated.chain(said).map(|area| area.key.as_str())
    }

    /// How a service is given to those who are not near it.
    fn reach(&self, service: &Unsearched) -> Vec<&'static str> {
        let modes = self.cells.get(&service.row).and_then(|cells| cells.get("delivery_modes"));
        let mut modes = modes.into_iter().flat_map(|cell| cell.split(','));
        let is_remote = modes.any(|mode| REMOTE.contains(&mode.trim()));
        let (places, middles) = self.places(service);
        let reach = [
            (is_remote, given::REMOTE),
            (is_remote && !self.says_area(service), given::ANYWHERE),
            (places.is_empty() && middles.is_empty(), given::NOWHERE),
        ];
        reach.into_iter().filter(|(holds, _)| *holds).map(|(_, how)| how).collect()
    }

    /// Whether anything is said of areas that a service serves, known or not. What is said of secret places alone does not count: that it
    /// was said would show.
    fn says_area(&self, service: &Unsearched) -> bool {
        let is_open = |place: &&str| {
            let mut locations = self.named.get(*place).into_iter().flatten();
            !locations.any(|location| self.secret.contains(location))
        };
        let places = self.own(&service.row, "service_at_location").map(|(place, _)| place).filter(is_open);
        let mut rows = std::iter::once(service.row.as_str()).chain(places);
        let is_said = rows.any(|row| self.own(row, "service_area").next().is_some());
        is_said || service.area.is_some() || self.served(service).next().is_some()
    }

    /// The locations of a service.
    fn locations<'a>(&'a self, service: &'a Unsearched) -> impl Iterator<Item = &'a String> {
        let places = self.own(&service.row, "service_at_location");
        places.flat_map(|(place, _)| self.named.get(place).into_iter().flatten())
    }

    /// Where a location is; of one that is kept secret, the middle of the province.
    fn point(&self, id: &str, location: &BTreeMap<String, String>) -> Option<Point> {
        if self.secret.contains(id) {
            let area = self.area(("location", id), location)?;
            let mut told = self.areas.chain(area, self.today).filter(|area| area.level <= TOLD_LEVEL);
            return told.find_map(|area| Point::at(area.latitude?, area.longitude?));
        }
        let degrees = |column: &str| location.get(column)?.trim().parse::<f64>().ok();
        let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
        // A place at zero and zero is one that nobody filled in.
        let is_given = latitude != 0.0 || longitude != 0.0;
        Point::at(latitude, longitude).filter(|_| is_given)
    }

    fn words(&self, service: &Unsearched) -> BTreeMap<String, u8> {
        let own = self.cells.get(&service.row).and_then(|cells| cells.get("alternate_name"));
        let terms = || self.behind(service, "attribute");
        let labels = terms().filter_map(|(_, _, term)| Some(term.get("name")?.as_str()));
        let labels = labels.chain(terms().flat_map(|(_, term, _)| self.called(term)));
        let texts = [
            (Field::Name, service.name.as_str()),
            (Field::Provider, &service.provider),
            (Field::Description, &service.description),
        ];
        let texts = texts
            .into_iter()
            .chain(own.map(|name| (Field::AlternateName, name.as_str())))
            .chain(labels.map(|label| (Field::Label, label)));
        let translated = self.own(&service.row, "translation").filter_map(|(_, row)| {
            let field = match row.get("field")?.as_str() {
                "name" => Field::Name,
                "alternate_name" => Field::AlternateName,
                "description" => Field::Description,
                _ => return None,
            };
            Some((field, row.get("text")?.as_str()))
        });
        let provider = self.provided_as(service).map(|name| (Field::Provider, name));
        words::of_service(texts.chain(translated).chain(provider))
    }

    /// What a row is called in other languages.
    fn called<'a>(&'a self, row: &'a str) -> impl Iterator<Item = &'a str> {
        let versions = self.own(row, "translation").filter_map(|(_, version)| {
            let field = version.get("field")?.as_str();
            let is_name = field == "name" || OTHER_NAMES.contains(&field);
            version.get("text").filter(|_| is_name)
        });
        versions.take(MOST_VERSIONS).map(String::as_str)
    }

    /// What else the organisation of a service is called: its other name and its acronym, and its names in other languages.
    fn provided_as<'a>(&'a self, service: &'a Unsearched) -> impl Iterator<Item = &'a str> {
        let provider = self.providers.get(&service.row);
        let cells = provider.and_then(|id| self.cells.get(id));
        let other = OTHER_NAMES.iter().filter_map(move |column| cells?.get(*column));
        let versions = provider.into_iter().flat_map(|id| self.called(id));
        other.map(String::as_str).chain(versions)
    }

    /// Where a service is offered, and of places that are kept secret the middles of their provinces.
    fn places(&self, service: &Unsearched) -> (Points, Points) {
        let located = self.behind(service, "service_at_location").filter_map(|(place, id, location)| {
            Some((place.parse().ok()?, (self.secret.contains(id), self.point(id, location)?)))
        });
        let mut places: BTreeMap<Uuid, (bool, Point)> = BTreeMap::new();
        for (place, at) in located {
            // A place that is said to be at two locations is secret where one of them is.
            let known = places.entry(place).or_insert(at);
            if at.0 && !known.0 {
                *known = at;
            }
        }
        let (secret, open): (Vec<_>, Vec<_>) = places.into_iter().partition(|(_, (is_secret, _))| *is_secret);
        let points =
            |of: Vec<(Uuid, (bool, Point))>| of.into_iter().map(|(place, (_, at))| (place, at)).collect();
        (points(open), points(secret))
    }
}

/// The organisation of each of these services, and all of the organisations, each once.
fn providers(
    db: &mut Db<'_>,
    services: &[String],
) -> Result<(HashMap<String, String>, Vec<String>), StorageError> {
    let links = rows::store::names(db, services)?;
    let links = links.into_iter().filter(|link| link.table == "service" && link.via == "organization_id");
    let providers: HashMap<String, String> = links.map(|link| (link.id, link.parent)).collect();
    let theirs: BTreeSet<String> = providers.values().cloned().collect();
    Ok((providers, theirs.into_iter().collect()))
}

/// The terms above these, each with all that stand above it.
fn above<'a>(
    db: &mut Db<'_>,
    terms: impl Iterator<Item = &'a String>,
) -> Result<HashMap<String, Vec<String>>, StorageError> {
    let mut parents: HashMap<String, Option<String>> = HashMap::new();
    let mut level: BTreeSet<String> = terms.cloned().collect();
    let all = level.clone();
    for _ in 0..DEEPEST {
        let ids: Vec<String> = level.iter().cloned().collect();
        parents.extend(ids.iter().map(|id| (id.clone(), None)));
        let mut next = BTreeSet::new();
        for link in rows::store::names(db, &ids)? {
            if link.table == "taxonomy_term" && link.via == "parent_id" {
                if !parents.contains_key(&link.parent) {
                    next.insert(link.parent.clone());
                }
                parents.insert(link.id, Some(link.parent));
            }
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    let chain = |term: &String| -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut at = parents.get(term).cloned().flatten();
        while let Some(parent) = at.filter(|parent| parent != term && !found.contains(parent)) {
            at = parents.get(&parent).cloned().flatten();
            found.push(parent);
        }
        found
    };
    Ok(all.iter().map(|term| (term.clone(), chain(term))).filter(|(_, above)| !above.is_empty()).collect())
}
