//! What changed in the directory, field by field: who changed it, when, from what to what.
//!
//! # Decisions
//!
//! - It is written where rows are, in the transaction that changes them; nothing that changed is missing here.
//! - It is for those who keep the directory and for the provider, and shows of rows what they may see. The public documents have no log: what
//!   was corrected may be what should never have been there.
//! - What a source does not give any more is a change of the field `listed`.

pub(super) mod store;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{DirectoryError, Service, Viewer, find_service, rows, rows::Withheld, upkeep};
use crate::{
    access::{Actor, Tx},
    kernel::{
        Timestamp,
        id::ServiceId,
        page::{Asked, Page},
    },
    storage::{Db, StorageError},
};

/// The field that says whether a source gives a row.
const LISTED: &str = "listed";

/// One field of one row that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Change {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The table of the row, as HSDS and the profile name it.
    pub table: String,
    /// The row.
    pub id: String,
    /// The field; `listed` when its source gives the row no longer, or again.
    pub field: String,
    /// What it said before; empty when it said nothing.
    pub before: String,
    /// What it says since; empty when it says nothing.
    pub after: String,
    /// Who changed it: an id.
    pub by: String,
    /// The entry of the log that vouches for it.
    pub entry: String,
}

/// A change that is to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noted<'a> {
    table: &'a str,
    id: &'a str,
    field: String,
    before: String,
    after: String,
}

type Cells = BTreeMap<String, String>;

/// The fields in which a row differs from what it was.
pub(super) fn between<'a>(
    (table, id): (&'a str, &'a str),
    (before, after): (&Cells, &Cells),
    was_missing: bool,
) -> Vec<Noted<'a>> {
    let text = |cells: &Cells, field: &str| cells.get(field).cloned().unwrap_or_default();
    let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = fields.into_iter().filter(|field| before.get(*field) != after.get(*field));
    let back = was_missing.then(|| listed((table, id), true));
    changed
        .map(|field| Noted {
            table,
            id,
            field: field.clone(),
            before: text(before, field),
            after: text(after, field),
        })
        .chain(back)
        .collect()
}

/// That a source gives a row again, or no longer.
pub(super) fn listed<'a>((table, id): (&'a str, &'a str), is_now: bool) -> Noted<'a> {
    let (before, after) = if is_now { ("no", "yes") } else { ("yes", "no") };
    Noted { table, id, field: LISTED.to_owned(), before: before.to_owned(), after: after.to_owned() }
}

/// Notes what was decided here about a service. What stays the same is no change.
pub(super) fn note_service(
    tx: &mut Tx<'_>,
    was: &Service,
    fields: &[(&str, String, String)],
) -> Result<(), StorageError> {
    let changed = fields.iter().filter(|(_, before, after)| before != after);
    let id = was.id.uuid().to_string();
    let noted: Vec<Noted<'_>> = changed
        .map(|(field, before, after)| Noted {
            table: "service",
            id: &id,
            field: (*field).to_owned(),
            before: before.clone(),
            after: after.clone(),
        })
        .collect();
    store::note(tx, &was.source, &noted)
}

/// What changed of a service and of everything that belongs to it, newest first. For the provider and for those who keep the directory.
pub fn changes(
    db: &mut Db<'_>,
    actor: &Actor,
    (service, asked): (ServiceId, &Asked),
    now: Timestamp,
) -> Result<Page<Change>, DirectoryError> {
    let service = find_service(db, actor, service, now)?;
    upkeep::may_verify(actor, &service)?;
    let mut ids = rows::store::whole(db, &service.id.uuid().to_string())?;
    let mut withheld = Withheld::new(Viewer::of(actor));
    withheld.judge(db, &ids)?;
    ids.retain(|id| !withheld.is(id));
    let after = asked.after().map(|key| key.split_once(' ').ok_or(DirectoryError::BadCursor)).transpose()?;
    let after = after
        .map(|(at, key)| {
            Ok::<_, DirectoryError>((at.parse().map_err(|_reason| DirectoryError::BadCursor)?, key))
        })
        .transpose()?;
    let rows = store::of_rows(db, &ids, after, asked.rows_to_load())?;
    Ok(asked.page(rows, |change| format!("{} {}", change.at.micros(), store::key(change))))
}
