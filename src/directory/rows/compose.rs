//! Nested documents out of rows: level by level, so that a page costs the same few statements however many objects stand on it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    derived::Derived,
    hsds_json,
    shape::{self, Named, Node},
    store,
    withheld::Withheld,
};
use crate::{
    directory::{
        Availability, DirectoryError, Viewer,
        hsds::tables::is_reference,
        list::store::{Seen, seen},
        tongue::{TextLanguage, Tongue, Versions, own_language},
        upkeep::{LastCheck, availability_at, is_ahead},
    },
    kernel::Timestamp,
    storage::{Db, StorageError},
};

/// What a document is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service.
    Service,
    /// A service at a location.
    Place,
    /// An organisation.
    Organization,
    /// A taxonomy.
    Taxonomy,
    /// A term of a taxonomy.
    Term,
    /// An agreement between organisations.
    Agreement,
}

/// How much stands in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Members that hold one value or one object.
    Listed,
    /// Everything; of an organisation's services what they are called.
    Full,
    /// Everything, an organisation's services too.
    WithServices,
}

impl Kind {
    pub(in crate::directory) const fn table(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Place => "service_at_location",
            Self::Organization => "organization",
            Self::Taxonomy => "taxonomy",
            Self::Term => "taxonomy_term",
            Self::Agreement => "agreement",
        }
    }

    fn node(self, depth: Depth) -> &'static Node {
        match (self, depth) {
            (Self::Service, Depth::Listed) => &shape::SERVICE_LISTED,
            (Self::Service, Depth::Full | Depth::WithServices) => &shape::SERVICE,
            (Self::Place, Depth::Listed) => &shape::PLACE_LISTED,
            (Self::Place, Depth::Full | Depth::WithServices) => &shape::PLACE,
            (Self::Organization, Depth::Listed) => &shape::ORGANIZATION_LISTED,
            (Self::Organization, Depth::Full) => &shape::ORGANIZATION,
            (Self::Organization, Depth::WithServices) => &shape::ORGANIZATION_WITH_SERVICES,
            (Self::Taxonomy, _) => &shape::TAXONOMY,
            (Self::Term, _) => &shape::TERM,
            (Self::Agreement, Depth::Listed) => &shape::AGREEMENT_LISTED,
            (Self::Agreement, Depth::Full | Depth::WithServices) => &shape::AGREEMENT,
        }
    }
}

/// The documents of these rows, in their order, with texts in the language that is asked for. What the viewer may not see stands in none of
/// them.
pub(in crate::directory) fn compose(
    db: &mut Db<'_>,
    (viewer, now): (Viewer, Timestamp),
    (kind, depth, lang): (Kind, Depth, Option<&Tongue>),
    ids: &[String],
) -> Result<Vec<Value>, DirectoryError> {
    let derived = Some(Derived::new(lang));
    let mut loaded = Loaded { lang: lang.cloned(), now, derived, ..Loaded::new(viewer) };
    loaded.documents(db, viewer, kind.node(depth), ids)
}

/// The same with nothing in it that was made of rules.
pub(in crate::directory) fn compose_as_given(
    db: &mut Db<'_>,
    (viewer, now): (Viewer, Timestamp),
    (kind, depth, lang): (Kind, Depth, Option<&Tongue>),
    ids: &[String],
) -> Result<Vec<Value>, DirectoryError> {
    let mut loaded = Loaded { lang: lang.cloned(), now, ..Loaded::new(viewer) };
    loaded.documents(db, viewer, kind.node(depth), ids)
}

/// The documents of these services with everything that one source gave, as it gave it: nothing that was found out here, and what hangs
/// together in the order of ids.
pub(in crate::directory) fn compose_whole(
    db: &mut Db<'_>,
    viewer: Viewer,
    source: &str,
    ids: &[String],
) -> Result<Vec<Value>, DirectoryError> {
    let mut loaded = Loaded { source: Some(source.to_owned()), ..Loaded::new(viewer) };
    loaded.documents(db, viewer, &shape::SERVICE, ids)
}

struct Body {
    table: String,
    cells: BTreeMap<String, String>,
    place: i64,
}

/// How many rows one page of documents may hold: a list of whole organisations could otherwise be the whole directory.
const MOST_ROWS: usize = 50_000;

/// Rows that were read, and how they hang together.
struct Loaded {
    rows: HashMap<String, Body>,
    /// What a row names, by row and column.
    names: HashMap<String, BTreeMap<String, String>>,
    /// The rows that name a row, by that row, their table and column.
    parts: HashMap<String, BTreeMap<(String, String), BTreeSet<String>>>,
    /// What is known of services beside their rows.
    seen: HashMap<String, Seen>,
    /// Who asks.
    viewer: Viewer,
    /// When it is asked: verifications age.
    now: Timestamp,
    done: HashSet<(usize, String)>,
    withheld: Withheld,
    /// Only rows of this source, with everything that stands in them.
    source: Option<String>,
    /// The language that is asked for, and what stands in it.
    lang: Option<Tongue>,
    versions: Option<Versions>,
    /// What is made of rules where a source says nothing, when that is asked for.
    derived: Option<Derived>,
}

/// Columns that hold texts for people.
const TEXTS: &[&str] = &[
    "name",
    "acronym",
    "affects",
    "alert",
    "alternate_name",
    "amount_description",
    "application_process",
    "city",
    "complaints_mechanism",
    "description",
    "details",
    "document",
    "eligibility_description",
    "exclusions",
    "fees_description",
    "financing",
    "financing_note",
    "interpretation_services",
    "label",
    "minimum_data",
    "mitigation",
    "next_step",
    "note",
    "notes",
    "option",
    "region",
    "service_type",
    "state_province",
    "text",
    "title",
    "transportation",
    "wait_time",
];

/// Tables of which every document says what language its texts are in. Others say it where there are versions.
const TOLD: &[&str] =
    &["organization", "program", "service", "location", "service_at_location", "taxonomy", "taxonomy_term"];

/// So deep is nothing that HSDS nests, and no chain of parents.
const DEEPEST: u8 = 24;

impl Loaded {
    fn new(viewer: Viewer) -> Self {
        Self {
            rows: HashMap::new(),
            names: HashMap::new(),
            parts: HashMap::new(),
            seen: HashMap::new(),
            viewer,
            now: Timestamp::from_micros(0),
            done: HashSet::new(),
            withheld: Withheld::new(viewer),
            source: None,
            lang: None,
            versions: None,
            derived: None,
        }
    }

    fn documents(
        &mut self,
        db: &mut Db<'_>,
        viewer: Viewer,
        root: &'static Node,
        ids: &[String],
    ) -> Result<Vec<Value>, DirectoryError> {
        let mut level: Vec<(&'static Node, String)> = ids.iter().map(|id| (root, id.clone())).collect();
        while !level.is_empty() {
            level = self.level(db, viewer, level)?;
        }
        let services = self.rows.iter().filter(|(_, row)| row.table == "service");
        let services = services.map(|(id, row)| (id.as_str(), &row.cells));
        let mut rules = Vec::new();
        if let Some(derived) = &mut self.derived {
            rules = derived.read(db, &mut self.withheld, services)?;
        }
        if let Some(lang) = self.lang.clone() {
            let mut owners: Vec<String> = self.rows.keys().cloned().chain(rules).collect();
            owners.sort_unstable();
            self.versions = Some(Versions::load(db, lang, &owners, &mut self.withheld)?);
        }
        Ok(ids.iter().filter_map(|id| self.object(root, id, (DEEPEST, None))).collect())
    }

    /// What an object holds one of.
    fn ones(&self, node: &'static Node) -> impl Iterator<Item = &'static Named> + use<> {
        let more = if self.source.is_some() { shape::named_by(node.table) } else { &[] };
        node.one.iter().chain(more)
    }

    /// Reads a level of the tree. Answers the next.
    fn level(
        &mut self,
        db: &mut Db<'_>,
        viewer: Viewer,
        wanted: Vec<(&'static Node, String)>,
    ) -> Result<Vec<(&'static Node, String)>, DirectoryError> {
        let new: BTreeSet<String> =
            wanted.iter().map(|(_, id)| id).filter(|id| !self.names.contains_key(*id)).cloned().collect();
        self.read(db, viewer, &new.into_iter().collect::<Vec<_>>())?;
        self.read_parts(db, &wanted)?;
        let mut next = Vec::new();
        for (node, id) in wanted {
            if !self.rows.contains_key(&id)
                || !self.done.insert((std::ptr::from_ref(node).addr(), id.clone()))
            {
                continue;
            }
            for (_, via, inner) in self.ones(node) {
                let named = self.names.get(&id).and_then(|names| names.get(*via));
                next.extend(named.map(|parent| (*inner, parent.clone())));
            }
            for (_, via, inner) in node.many {
                next.extend(self.children(&id, inner.table, via).map(|child| (*inner, child.clone())));
            }
        }
        Ok(next)
    }

    fn read(&mut self, db: &mut Db<'_>, viewer: Viewer, ids: &[String]) -> Result<(), DirectoryError> {
        if self.rows.len().saturating_add(ids.len()) > MOST_ROWS {
            return Err(DirectoryError::TooMuch);
        }
        let bodies = match &self.source {
            Some(source) => store::bodies_of(db, source, ids)?,
            None => store::bodies(db, ids)?,
        };
        for row in bodies {
            let cells = serde_json::from_str(&row.body)
                .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
            self.rows.entry(row.id).or_insert(Body { table: row.table, cells, place: row.place });
        }
        for id in ids {
            self.names.entry(id.clone()).or_default();
        }
        let links = store::names(db, ids)?;
        // What the viewer may not see is as if it were not there, and named by nothing.
        let parents = links.iter().map(|link| &link.parent);
        self.withheld.judge(db, &ids.iter().chain(parents).cloned().collect::<Vec<_>>())?;
        for link in links.into_iter().filter(|link| !self.withheld.is(&link.parent)) {
            if let Some(names) = self.names.get_mut(&link.id) {
                names.insert(link.via, link.parent);
            }
        }
        for id in ids.iter().filter(|id| self.withheld.is(id)) {
            self.rows.remove(id);
        }
        if viewer == Viewer::Anybody {
            self.rows.retain(|_, row| !shape::is_for_members(&row.table));
        }
        let services: Vec<String> = ids
            .iter()
            .filter(|id| self.rows.get(*id).is_some_and(|row| row.table == "service"))
            .cloned()
            .collect();
        self.seen.extend(seen(db, viewer, &services)?);
        Ok(())
    }

    /// Reads what hangs on these rows, and only what is to stand in them: a term is named by thousands.
    fn read_parts(
        &mut self,
        db: &mut Db<'_>,
        wanted: &[(&'static Node, String)],
    ) -> Result<(), DirectoryError> {
        let (mut tables, mut parents) = (BTreeSet::new(), BTreeSet::new());
        for (node, id) in wanted {
            if !node.many.is_empty() && self.rows.contains_key(id) {
                parents.insert(id.clone());
                tables.extend(node.many.iter().map(|(_, _, inner)| inner.table));
            }
        }
        let (tables, parents): (Vec<&str>, Vec<String>) =
            (tables.into_iter().collect(), parents.into_iter().collect());
        for link in store::parts(db, &parents, &tables)? {
            let parts = self.parts.entry(link.parent).or_default();
            parts.entry((link.table, link.via)).or_default().insert(link.id);
        }
        Ok(())
    }

    /// What children stand by, before their ids.
    const fn order(&self, row: &Body) -> i64 {
        if self.source.is_some() { 0 } else { row.place }
    }

    fn children(&self, id: &str, table: &str, via: &str) -> impl Iterator<Item = &String> {
        let parts = self.parts.get(id);
        parts.and_then(|parts| parts.get(&(table.to_owned(), via.to_owned()))).into_iter().flatten()
    }

    /// A row as an object with what hangs on it, so deep. `around` is the language of what it is a part of.
    fn object(&self, node: &'static Node, id: &str, (depth, around): (u8, Option<&Tongue>)) -> Option<Value> {
        let (row, deeper) = (self.rows.get(id)?, depth.checked_sub(1)?);
        let own = self.versions.as_ref().and_then(|_| own_language(&row.cells));
        let own = own.as_ref().or(around);
        let mut object = hsds_json::members(&row.table, &row.cells);
        if self.source.is_some() {
            object.extend(hsds_json::unknown(&row.table, &row.cells));
        }
        if let Some(versions) = &self.versions {
            translate(versions, (id, row, own), &mut object);
        }
        object.insert(String::from("id"), id.into());
        // Which row is named, by its id here; what the viewer may not see is named by nothing.
        object.retain(|column, _| !is_reference(&row.table, column));
        for (via, parent) in self.names.get(id).into_iter().flatten() {
            object.insert(via.clone(), parent.as_str().into());
        }
        if let Some(seen) = self.seen.get(id).filter(|_| self.source.is_none()) {
            object.insert(String::from("last_modified"), seen.changed.to_string().into());
            let check = LastCheck::of(seen.verified, seen.verify_by);
            if let Some(verified) = check.at {
                let day = verified.datetime().format("%Y-%m-%d").to_string();
                object.insert(String::from("assured_date"), day.into());
            } else if is_ahead(&row.cells, self.now) {
                object.remove("assured_date");
            }
            object.insert(String::from("verification"), check.freshness(self.now).name().into());
            if let Some(by) = check.by {
                object.insert(String::from("verify_by"), by.to_string().into());
            }
            if let Some(since) = seen.flagged {
                object.insert(String::from("flagged_at"), since.to_string().into());
            }
            if seen.is_inactive {
                object.insert(String::from("status"), "inactive".into());
            }
            if !node.many.is_empty() {
                object.extend(intake(seen, (self.viewer, self.now)));
            }
        }
        if let Some(derived) = self.derived.as_ref().filter(|_| row.table == "service") {
            derived.tell((id, &row.cells), self.versions.as_ref(), &mut object);
        }
        for (member, via, inner) in self.ones(node) {
            let named = self.names.get(id).and_then(|names| names.get(*via));
            if let Some(inner) = named.and_then(|named| self.object(inner, named, (deeper, None))) {
                object.insert((*member).to_owned(), inner);
            }
        }
        for (member, via, inner) in node.many {
            let mut children: Vec<(i64, &String)> = self
                .children(id, inner.table, via)
                .filter_map(|child| Some((self.order(self.rows.get(child)?), child)))
                .collect();
            children.sort_unstable();
            let list: Vec<Value> = children
                .into_iter()
                .filter_map(|(_, child)| self.object(inner, child, (deeper, own)))
                .collect();
            if !list.is_empty() {
                object.insert((*member).to_owned(), list.into());
            }
        }
        hsds_json::is_whole(&row.table, &object).then(|| object.into())
    }
}

/// Whether a service takes people, as far as somebody said and it still holds. What the provider adds in words is for members.
fn intake(seen: &Seen, (viewer, now): (Viewer, Timestamp)) -> Option<(String, Value)> {
    let said = &seen.intake;
    let is_said = said.availability != Availability::Unknown || said.until.is_some();
    let known = availability_at(said.availability, said.until, now);
    let mut object = Map::new();
    object.insert(String::from("status"), known.intake_status().into());
    if known != Availability::Unknown {
        if let Some(places) = said.places {
            object.insert(String::from("available"), places.into());
        }
        if let Some(note) = said.note.as_deref().filter(|_| viewer != Viewer::Anybody) {
            object.insert(String::from("note"), note.into());
        }
    }
    if let Some(until) = said.until {
        object.insert(String::from("valid_until"), until.to_string().into());
    }
    is_said.then(|| (String::from("intake"), object.into()))
}

/// Puts texts in the language that was asked for into an object, and says of each which it is in.
fn translate(
    versions: &Versions,
    (id, row, language): (&str, &Body, Option<&Tongue>),
    object: &mut Map<String, Value>,
) {
    let own: BTreeSet<&str> = versions.fields(id).collect();
    let is_told = TOLD.contains(&row.table.as_str());
    let mut said: BTreeMap<&str, TextLanguage> = BTreeMap::new();
    for field in TEXTS.iter().copied().filter(|field| is_told || own.contains(field)) {
        // What is not shown is not put there either.
        let Some(Value::String(original)) = object.get_mut(field) else { continue };
        if original.is_empty() {
            continue;
        }
        let told = versions.tell((id, language.cloned()), field, original);
        *original = told.text;
        said.insert(field, told.about);
    }
    if let (false, Ok(said)) = (said.is_empty(), serde_json::to_value(said)) {
        object.insert(String::from("texts"), said);
    }
}
