//! Services at places that everybody may see, with what stands around each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Form, hours,
    sectors::{Borne, sectors},
};
use crate::{
    directory::{
        DirectoryError, Service, Viewer,
        areas::{self, Area, Known},
        eligibility::{Attribute, Said, Whom},
        fold::fold,
        hsds::columns::fits,
        list,
        rows::{self, Withheld},
        search::Point,
        store, taxonomies,
        tongue::{Told, Tongue, Versions, own_language},
    },
    kernel::{Timestamp, id::ServiceId},
    storage::{Db, StorageError},
};

type Cells = BTreeMap<String, String>;

/// A service at a place.
pub(super) struct Offered {
    pub(super) place: String,
    pub(super) service: Service,
    pub(super) telephones: Vec<String>,
    /// Latitude and longitude.
    pub(super) at: Option<(f64, f64)>,
    /// Codes of the sectors it belongs to.
    pub(super) sectors: BTreeSet<&'static str>,
    /// Codes of the population groups that its rules name among those it takes.
    pub(super) populations: BTreeSet<String>,
    /// Codes of the kinds of organisation that its provider is.
    pub(super) kinds: BTreeSet<String>,
    /// The day on which it is read.
    pub(super) day: NaiveDate,
    /// What only a page has room for.
    pub(super) paper: Paper,
    organisation: Cells,
    location: Cells,
    address: Cells,
    /// The units of administration that it lies in, from small to large.
    areas: Vec<Area>,
}

/// What a page says beside the rest, each text in the language that was asked for.
#[derive(Default)]
pub(super) struct Paper {
    pub(super) name: Told,
    pub(super) provider: Told,
    pub(super) description: Told,
    pub(super) location: Told,
    /// When the service is open, wherever it is; and when it is open here.
    pub(super) hours: [Vec<hours::Times>; 2],
    /// The languages that are spoken.
    pub(super) languages: Vec<Heard>,
    /// Who can refer, as [`REFERRERS`] has them.
    pub(super) referrers: Vec<&'static str>,
    /// Whom the service takes; and whom beside that it takes here.
    pub(super) whom: [Whom<Told>; 2],
}

/// A language that is spoken.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heard {
    /// Its name; empty where it is said of a sign language alone.
    pub(super) told: Told,
    pub(super) via_interpreter: bool,
    pub(super) is_signed: bool,
}

/// Who can refer, in the order of their words.
pub(super) const REFERRERS: [&str; 3] = ["self", "member", "professional"];

impl Offered {
    /// A cell of the organisation.
    pub(super) fn organisation(&self, column: &str) -> &str {
        self.organisation.get(column).map_or("", |cell| cell.trim())
    }

    /// A cell of the location.
    pub(super) fn location(&self, column: &str) -> &str {
        self.location.get(column).map_or("", |cell| cell.trim())
    }

    /// A cell of the address.
    pub(super) fn address(&self, column: &str) -> &str {
        self.address.get(column).map_or("", |cell| cell.trim())
    }

    /// The smallest unit of administration that it lies in.
    pub(super) fn smallest(&self) -> Option<&Area> {
        self.areas.first()
    }

    /// The unit of a level that it lies in.
    pub(super) fn area(&self, level: u8) -> Option<&Area> {
        self.areas.iter().find(|area| area.level == level)
    }

    /// Whether it lies in a country, province, region or town: by its folded name in the address, or by the name or the code of a unit.
    pub(super) fn is_in(&self, area: &str) -> bool {
        let is = |text: &str| fold(text) == area;
        let is_unit = |unit: &Area| {
            is(&unit.code) || is(&unit.key) || is(&unit.name) || unit.names.values().any(|name| is(name))
        };
        AREAS.iter().any(|column| is(self.address(column))) || self.areas.iter().any(is_unit)
    }
}

/// The scheme of codes for kinds of organisation.
const KIND: &str = "org-type";

/// What an address says of where it lies, from large to small.
const AREAS: [&str; 4] = ["country", "state_province", "region", "city"];

/// What is read around a place.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) now: Timestamp,
    /// What it is for.
    pub(super) form: Form,
    /// The language that was asked for.
    pub(super) lang: Option<&'a Tongue>,
}

impl Reading<'_> {
    /// The tables whose rows are read of a service and of its place.
    const fn tables(&self) -> &'static [&'static str] {
        match self.form {
            Form::GeoJson => &["address", "phone", "attribute"],
            Form::WhoDoesWhatWhere => &["address", "phone", "attribute", "eligibility_rule"],
            Form::Print => &["address", "phone", "attribute", "schedule", "language", "eligibility_rule"],
        }
    }
}

/// Hands on every service at a place of a source that everybody may see.
pub(super) fn each_offered(
    db: &mut Db<'_>,
    (source, reading): (&str, Reading<'_>),
    mut take: impl FnMut(Offered) -> Result<(), DirectoryError>,
) -> Result<(), DirectoryError> {
    let mut withheld = Withheld::new(Viewer::Anybody);
    let mut after = String::new();
    loop {
        let page = store::present(db, source, "service_at_location", &after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.id);
        let places: Vec<String> = page.into_iter().map(|row| row.id).collect();
        let places = open(db, places, &mut withheld)?;
        let around = Around::load(db, &places, &mut withheld, reading)?;
        places.iter().filter_map(|place| around.offered(place)).try_for_each(&mut take)?;
    }
}

/// Services at places of whatever source, behind one in the order in which they came, and the last of them; nothing when there are no
/// more.
pub(super) fn behind(
    db: &mut Db<'_>,
    (place, take): (i64, i64),
    reading: Reading<'_>,
) -> Result<Option<(Vec<Offered>, i64)>, DirectoryError> {
    let listed = list::places_behind(db, (place, take))?;
    let Some((_, last)) = listed.last().cloned() else { return Ok(None) };
    let mut withheld = Withheld::new(Viewer::Anybody);
    let places = open(db, listed.into_iter().map(|(id, _)| id).collect(), &mut withheld)?;
    let around = Around::load(db, &places, &mut withheld, reading)?;
    Ok(Some((places.iter().filter_map(|place| around.offered(place)).collect(), last)))
}

/// Those of some rows that everybody may see.
fn open(db: &mut Db<'_>, mut ids: Vec<String>, withheld: &mut Withheld) -> Result<Vec<String>, StorageError> {
    withheld.judge(db, &ids)?;
    ids.retain(|id| !withheld.is(id));
    Ok(ids)
}

/// What stands around a page of places.
struct Around {
    /// Rows that rows name: by the row that names and the column.
    named: HashMap<(String, String), String>,
    /// Addresses, telephones and attributes, by what they belong to.
    parts: HashMap<String, Vec<(String, String)>>,
    cells: HashMap<String, Cells>,
    services: HashMap<String, Service>,
    /// The units of administration that locations name.
    areas: Known,
    /// Since when locations that name one say so.
    said: HashMap<String, Timestamp>,
    /// The day on which it is read.
    today: NaiveDate,
    /// What is read for a page: the day that it is of, and texts in the language that was asked for.
    paper: Option<(NaiveDate, Option<Versions>)>,
}

impl Around {
    fn load(
        db: &mut Db<'_>,
        places: &[String],
        withheld: &mut Withheld,
        reading: Reading<'_>,
    ) -> Result<Self, DirectoryError> {
        let mut named = HashMap::new();
        let mut name = |db: &mut Db<'_>, ids: &[String]| -> Result<Vec<String>, StorageError> {
            let links = rows::store::names(db, ids)?;
            let found = links.iter().map(|link| link.parent.clone()).collect();
            named.extend(links.into_iter().map(|link| ((link.id, link.via), link.parent)));
            Ok(found)
        };
        let behind = name(db, places)?;
        let behind = open(db, behind, withheld)?;
        let organisations = name(db, &behind)?;
        let mut all = open(db, organisations, withheld)?;
        let ids: Vec<String> = behind.iter().filter_map(|id| Some(service_id(id)?.to_string())).collect();
        let services = store::by_ids(db, &ids, reading.now)?;
        let mut owners: Vec<String> = behind.iter().chain(places).cloned().collect();
        if reading.form == Form::WhoDoesWhatWhere {
            owners.extend(all.iter().cloned());
        }
        let links = rows::store::parts(db, &owners, reading.tables())?;
        let ids = open(db, links.iter().map(|link| link.id.clone()).collect(), withheld)?;
        let bears = links.iter().filter(|link| link.table == "attribute" && ids.contains(&link.id));
        let terms = name(db, &bears.map(|link| link.id.clone()).collect::<Vec<_>>())?;
        all.extend(terms);
        let mut parts: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for link in links.into_iter().filter(|link| ids.contains(&link.id)) {
            parts.entry(link.parent).or_default().push((link.table, link.id));
        }
        all.extend(behind.into_iter().chain(ids));
        all.sort_unstable();
        all.dedup();
        let cells = rows::store::cells(db, &all)?;
        let (areas, said) = areas_of(db, &cells)?;
        let (today, on_paper) = (reading.now.datetime().date_naive(), reading.form == Form::Print);
        let versions = match reading.lang {
            Some(lang) if on_paper => Some(Versions::load(db, lang.clone(), &all, withheld)?),
            _ => None,
        };
        let paper = on_paper.then_some((today, versions));
        Ok(Self { named, parts, cells, services, areas, said, today, paper })
    }

    fn named(&self, id: &str, column: &str) -> Option<&String> {
        self.named.get(&(id.to_owned(), column.to_owned()))
    }

    fn of(&self, id: Option<&String>) -> Cells {
        id.and_then(|id| self.cells.get(id)).cloned().unwrap_or_default()
    }

    fn parts<'a>(&'a self, owner: &str, table: &'a str) -> impl Iterator<Item = (&'a str, &'a Cells)> {
        let parts = self.parts.get(owner).into_iter().flatten().filter(move |(of, _)| of == table);
        parts.filter_map(|(_, id)| Some((id.as_str(), self.cells.get(id)?)))
    }

    /// A text of a row in the language that was asked for; `original` is what stands without one, and `around` what the row is a part of.
    fn told(&self, (row, around): (&str, Option<&str>), field: &str, original: &str) -> Told {
        let Some((_, Some(versions))) = &self.paper else {
            return Told { text: original.to_owned(), ..Told::default() };
        };
        let language = |row: &str| self.cells.get(row).and_then(own_language);
        let own = language(row).or_else(|| around.and_then(language));
        versions.tell((row, own), field, original)
    }

    /// A cell of a row in the language that was asked for.
    fn cell(&self, (row, around): (&str, Option<&str>), field: &str) -> Told {
        let original = self.cells.get(row).and_then(|cells| cells.get(field)).map_or("", |cell| cell.trim());
        self.told((row, around), field, original)
    }

    /// When something is open.
    fn times(&self, owner: &str, today: NaiveDate) -> Vec<hours::Times> {
        let rows = self.parts(owner, "schedule").filter(|(_, cells)| hours::is_current(cells, today));
        let mut times: Vec<hours::Times> = rows
            .map(|(id, cells)| hours::Times::new(cells, self.cell((id, Some(owner)), "description"), today))
            .collect();
        times.sort_unstable();
        times
    }

    /// Whom rules of a row say that it takes.
    fn whom(&self, owner: &str) -> Whom<Told> {
        let mut rules: Vec<(&str, &Cells)> = self.parts(owner, "eligibility_rule").collect();
        rules.sort_unstable_by_key(|(id, _)| *id);
        Whom::of_rules(rules.into_iter().map(|(id, cells)| {
            let text = self.cell((id, Some(owner)), "text");
            (cells, Some(text).filter(|text| !text.text.is_empty()))
        }))
    }

    /// Whom a service takes.
    fn whom_of_service(&self, service: &str) -> Whom<Told> {
        let words = self.cell((service, None), "eligibility_description");
        let words = Some(words).filter(|words| !words.text.is_empty());
        match self.cells.get(service) {
            Some(cells) => self.whom(service).with(cells, words),
            None => self.whom(service),
        }
    }

    /// The languages that are spoken somewhere.
    fn spoken(&self, owner: &str) -> Vec<Heard> {
        let rows = self.parts(owner, "language");
        let named = rows.map(|(id, cells)| {
            let told = match cells.get("code").filter(|_| !cells.contains_key("name")) {
                // A code is a text in no language.
                Some(code) => Told { text: code.trim().to_owned(), ..Told::default() },
                None => self.cell((id, Some(owner)), "name"),
            };
            let says = |column: &str| cells.get(column).is_some_and(|cell| cell.trim() == "yes");
            Heard { told, via_interpreter: says("via_interpreter"), is_signed: says("sign_language") }
        });
        let mut spoken: Vec<Heard> =
            named.filter(|heard| heard.is_signed || !heard.told.text.is_empty()).collect();
        spoken.sort_unstable();
        spoken.dedup();
        spoken
    }

    /// The population groups that rules of these rows name among those they take.
    fn populations(&self, owners: [&str; 2]) -> BTreeSet<String> {
        let rules = owners.into_iter().flat_map(|owner| self.parts(owner, "eligibility_rule"));
        let whom = Whom::<String>::of_rules(rules.map(|(_, cells)| (cells, None)));
        let named = whom.takes.into_iter().flatten().filter_map(|said| {
            if let Said::OneOf(Attribute::Population, values) = said { Some(values) } else { None }
        });
        named.flatten().map(|value| group(&value)).collect()
    }

    /// The units of administration that a location lies in, from small to large.
    fn areas(&self, id: &str) -> Vec<Area> {
        let code = self.cells.get(id).and_then(|cells| areas::named_by("location", cells));
        let said = self.said.get(id).map(|at| at.datetime().date_naive());
        let area = code.and_then(|code| self.areas.meant(code, said, self.today).ok());
        area.into_iter().flat_map(|area| self.areas.chain(area, self.today)).cloned().collect()
    }

    /// Who can refer to a service.
    fn referrers(&self, service: &str) -> Vec<&'static str> {
        let cell = self.cells.get(service).and_then(|cells| cells.get("who_can_refer"));
        let cell = cell.filter(|cell| fits("service", "who_can_refer", cell));
        let codes: Vec<&str> = cell.into_iter().flat_map(|cell| cell.split(',')).map(str::trim).collect();
        REFERRERS.into_iter().filter(|code| codes.contains(code)).collect()
    }

    /// What a page says beside the rest of a service at a place.
    fn paper(&self, (place, service, location): (&str, &str, &str), offered: &Service) -> Paper {
        let Some((today, _)) = self.paper else { return Paper::default() };
        let (of_service, mut of_place) = (self.times(service, today), self.times(place, today));
        if of_service.is_empty() && of_place.is_empty() {
            of_place = self.times(location, today);
        }
        let languages = Some(self.spoken(service)).filter(|spoken| !spoken.is_empty());
        let provider = self.named(service, "organization_id");
        Paper {
            name: self.told((service, None), "name", &offered.name),
            description: self.told((service, None), "description", &offered.description),
            provider: provider
                .map(|provider| self.told((provider, None), "name", &offered.provider))
                .unwrap_or_default(),
            location: self.cell((location, None), "name"),
            hours: [of_service, of_place],
            languages: languages.unwrap_or_else(|| self.spoken(location)),
            referrers: self.referrers(service),
            whom: [self.whom_of_service(service), self.whom(place)],
        }
    }

    /// The telephones of some rows, each once.
    fn telephones(&self, owners: [&str; 3]) -> Vec<String> {
        let phones = owners.into_iter().flat_map(|owner| self.parts(owner, "phone"));
        let numbers: BTreeSet<String> =
            phones.filter_map(|(_, phone)| phone.get("number").cloned()).collect();
        numbers.into_iter().collect()
    }

    /// The kinds of organisation that one is.
    fn kinds(&self, organisation: Option<&String>) -> BTreeSet<String> {
        let terms = organisation.into_iter().flat_map(|id| self.terms(id));
        terms.flat_map(|term| taxonomies::codes(term.crosswalk, KIND)).map(str::to_owned).collect()
    }

    /// The terms that a service or an organisation bears.
    fn terms<'a>(&'a self, service: &'a str) -> impl Iterator<Item = Borne<'a>> {
        self.parts(service, "attribute").filter_map(|(id, _)| {
            let term = self.named(id, "taxonomy_term_id")?;
            let cell = |column: &str| self.cells.get(term)?.get(column).map(String::as_str);
            let crosswalk = cell("crosswalk").or_else(|| taxonomies::crosswalk(term));
            Some(Borne { code: cell("code").unwrap_or_default(), crosswalk: crosswalk.unwrap_or_default() })
        })
    }

    fn offered(&self, place: &str) -> Option<Offered> {
        let (service, location) = (self.named(place, "service_id")?, self.named(place, "location_id")?);
        let offered = self.services.get(&service_id(service)?.to_string())?.clone();
        Some(Offered {
            place: place.to_owned(),
            sectors: sectors(offered.service.as_ref(), self.terms(service)),
            populations: self.populations([service, place]),
            kinds: self.kinds(self.named(service, "organization_id")),
            day: self.today,
            paper: self.paper((place, service, location), &offered),
            service: offered,
            telephones: self.telephones([place, location, service]),
            at: position(self.cells.get(location)?),
            organisation: self.of(self.named(service, "organization_id")),
            location: self.of(Some(location)),
            address: self
                .parts(location, "address")
                .next()
                .map(|(_, cells)| cells.clone())
                .unwrap_or_default(),
            areas: self.areas(location),
        })
    }
}

/// The units of administration that rows name, and since when they do.
fn areas_of(
    db: &mut Db<'_>,
    cells: &HashMap<String, Cells>,
) -> Result<(Known, HashMap<String, Timestamp>), StorageError> {
    let naming = cells.iter().filter_map(|(id, cells)| Some((id, areas::named_by("location", cells)?)));
    let naming: Vec<(&String, &str)> = naming.collect();
    let said = rows::store::said(db, &naming.iter().map(|(id, _)| (*id).clone()).collect::<Vec<_>>())?;
    Ok((Known::load(db, naming.into_iter().map(|(_, code)| code))?, said))
}

/// The code of a population group, with its qualifier behind a point where there is one.
fn group(value: &str) -> String {
    match value.split_once('.') {
        Some((code, qualifier)) => format!("{}.{qualifier}", code.to_uppercase()),
        None => value.to_uppercase(),
    }
}

/// Where a location lies. One at zero and zero is one that nobody filled in.
fn position(location: &Cells) -> Option<(f64, f64)> {
    let degrees = |column: &str| location.get(column)?.trim().parse::<f64>().ok();
    let at = degrees("latitude").zip(degrees("longitude"));
    at.filter(|(up, round)| Point::at(*up, *round).is_some() && (*up, *round) != (0.0, 0.0))
}

fn service_id(row: &str) -> Option<ServiceId> {
    Uuid::try_parse(row).ok().map(ServiceId::from_uuid)
}
