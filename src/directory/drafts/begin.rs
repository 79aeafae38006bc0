//! What a provider begins a draft with: what its entry says, and the draft that there is already.

use std::collections::BTreeMap;

use super::{
    Draft, DraftState, Edit, EntryPlace,
    edit::{COLUMNS, Entry, PARTS, column_of},
    own,
    places::SERVICE_AT_LOCATION,
    store,
};
use crate::{
    access::Actor,
    directory::{DirectoryError, find_service, offer, upkeep},
    kernel::{Digest, Timestamp, id::ServiceId},
    storage::Db,
};

type Cells = BTreeMap<String, String>;

/// What a draft begins with.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What the entry says, of what a draft may say; its places where it was entered here.
    pub says: Edit,
    /// The draft that there is, as it may be written again: a row that is not in the entry has no id.
    pub draft: Option<Draft>,
    /// Another one once the entry says something else, or its draft does.
    pub seen: Digest,
}

/// What a draft of a service begins with. For its provider.
pub fn begun(
    db: &mut Db<'_>,
    actor: &Actor,
    service: ServiceId,
    now: Timestamp,
) -> Result<Begun, DirectoryError> {
    let was = find_service(db, actor, service, now)?;
    own(actor, &was)?;
    let entry = Entry::load(db, &was)?;
    let of = entry.digest();
    let found = store::find(db, service)?;
    let written = found.as_ref().map(|(draft, _of)| (draft.version, draft.updated_at.micros()));
    let seen = Digest::of(format!("{of} {written:?}"));
    let draft = found.map(|(draft, written_of)| Draft {
        is_outdated: written_of != of,
        edit: again(&entry, draft.edit),
        ..draft
    });
    Ok(Begun { says: says(&entry), draft, seen })
}

/// How far the drafts of some services of the actor's organisation have come; without those that have none. For whoever speaks for it.
pub fn draft_states(
    db: &mut Db<'_>,
    actor: &Actor,
    services: &[ServiceId],
) -> Result<Vec<(ServiceId, DraftState)>, DirectoryError> {
    let own = actor.for_organisation()?;
    if !upkeep::speaks(actor) {
        return Ok(Vec::new());
    }
    Ok(store::states(db, own, services)?)
}

/// What the entry says, as a draft that changes nothing.
fn says(entry: &Entry) -> Edit {
    let cells = entry.cells.iter().filter(|(column, _)| COLUMNS.contains(&column.as_str()));
    let service = cells.map(|(column, cell)| (column.clone(), cell.clone())).collect();
    let mut parts = BTreeMap::new();
    for table in PARTS {
        let rows: Vec<Cells> = entry.of(table).map(|(id, cells)| with_id(row(table, cells), id)).collect();
        if !rows.is_empty() {
            parts.insert((*table).to_owned(), rows);
        }
    }
    let is_of_here = entry.source == offer::HERE;
    Edit { service, parts, places: is_of_here.then(|| places(entry)), visibility: None }
}

/// The cells of a row that a draft may say, without its id.
fn row(table: &str, cells: &Cells) -> Cells {
    let said = cells.iter().filter(|(column, _)| *column != "id" && column_of(table, column).is_some());
    said.map(|(column, cell)| (column.clone(), cell.clone())).collect()
}

fn with_id(mut cells: Cells, id: &str) -> Cells {
    cells.insert(String::from("id"), id.to_owned());
    cells
}

fn places(entry: &Entry) -> Vec<EntryPlace> {
    let place = |(id, at): (&String, &Cells)| {
        let location = at.get("location_id");
        let there = |table: &'static str| {
            let mut rows = entry.of(table).map(|(_, cells)| cells);
            let found = rows.find(|cells| location.is_some() && cells.get("location_id") == location);
            found.map(|cells| row(table, cells)).unwrap_or_default()
        };
        let itself = location.and_then(|location| entry.of("location").find(|(id, _)| *id == location));
        EntryPlace {
            id: Some(id.clone()),
            location: itself.map(|(_, cells)| row("location", cells)).unwrap_or_default(),
            address: there("address"),
            accessibility: there("accessibility"),
        }
    };
    entry.of(SERVICE_AT_LOCATION).map(place).collect()
}

/// A draft as it may be written again: what it made new gets ids anew.
fn again(entry: &Entry, mut edit: Edit) -> Edit {
    let is_there = |table: &str, id: &String| entry.of(table).any(|(known, _)| known == id);
    for (table, rows) in &mut edit.parts {
        for row in rows {
            if !row.get("id").is_some_and(|id| is_there(table, id)) {
                row.remove("id");
            }
        }
    }
    for place in edit.places.iter_mut().flatten() {
        place.id = place.id.take().filter(|id| is_there(SERVICE_AT_LOCATION, id));
        for cells in [&mut place.location, &mut place.address, &mut place.accessibility] {
            cells.remove("id");
        }
    }
    edit
}
