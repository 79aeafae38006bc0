//! What waits for those who keep the directory, as they look at it: whose it is, and what would change, field by field.
//!
//! # Decisions
//!
//! - What would change is worked out of what would be put in place, and not of what was sent: they decide about what will stand there.
//! - They see places that are kept secret, as everywhere, and are shown that they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Draft, DraftState, drafts,
    edit::{Checked, Entry},
    find_draft, store,
};
use crate::{
    access::{AccessError, Actor, Permission},
    directory::{DirectoryError, Service, Standing, find_service, store as entries},
    kernel::{
        Timestamp,
        id::ServiceId,
        page::{Asked, Page},
    },
    storage::Db,
};

type Cells = BTreeMap<String, String>;

/// A draft that waits, and the service it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The draft.
    pub draft: Draft,
    /// The service as it is.
    pub service: Service,
}

/// What waits for those who keep the directory, the longest waiting first. For them.
pub fn waiting(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Waiting>, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    let Page { items, next } = drafts(db, actor, asked)?;
    let ids: Vec<String> = items.iter().map(|draft| draft.service.to_string()).collect();
    let mut services = entries::by_ids(db, &ids, now)?;
    let with_service = |draft: Draft| {
        let service = services.remove(&draft.service.to_string())?;
        Some(Waiting { draft, service })
    };
    Ok(Page { items: items.into_iter().filter_map(with_service).collect(), next })
}

/// An entry as those who keep the directory look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// The service as it is.
    pub service: Service,
    /// What waits for their decision; nothing when nothing does.
    pub draft: Option<Draft>,
    /// What the draft would change; nothing when it cannot be taken as it is.
    pub altered: Option<Vec<Altered>>,
    /// The version of the inclusion criteria that the last decision on this hub named.
    pub criteria: Option<String>,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowBecomes {
    /// It is new.
    New,
    /// It says something else.
    Changed,
    /// It goes.
    Gone,
}

/// A row that would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// Its table, as HSDS and the profile name it.
    pub table: &'static str,
    /// What becomes of it.
    pub becomes: RowBecomes,
    /// Whether it is a place, and it is kept secret where it is, or was.
    pub is_secret: bool,
    /// What it says otherwise, by field.
    pub fields: Vec<FieldAltered>,
}

/// A field that would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldAltered {
    /// Its column, as HSDS and the profile name it.
    pub field: String,
    /// What it says; empty when it says nothing.
    pub before: String,
    /// What it would say; empty when it would say nothing.
    pub after: String,
}

/// One entry, with what waits to be decided about it. For those who keep the directory.
pub fn review(
    db: &mut Db<'_>,
    actor: &Actor,
    service: ServiceId,
    now: Timestamp,
) -> Result<Review, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    let service = find_service(db, actor, service, now)?;
    let draft = match find_draft(db, actor, service.id, now) {
        Ok(draft) => Some(draft).filter(|draft| draft.state == DraftState::Submitted),
        Err(DirectoryError::Access(AccessError::NotFound)) => None,
        Err(refused) => return Err(refused),
    };
    let altered = match &draft {
        Some(draft) => altered(db, &service, draft)?,
        None => None,
    };
    let criteria = store::last_criteria(db)?;
    Ok(Review { service, draft, altered, criteria })
}

/// What a draft would change; nothing when it cannot be taken as it is.
fn altered(
    db: &mut Db<'_>,
    service: &Service,
    draft: &Draft,
) -> Result<Option<Vec<Altered>>, DirectoryError> {
    let entry = Entry::load(db, service)?;
    let checked = match draft.edit.check(&entry) {
        Ok(checked) => checked,
        Err(DirectoryError::BadEdit(_)) => return Ok(None),
        Err(refused) => return Err(refused),
    };
    let mut all: Vec<Altered> = of_service(&entry, &checked, (service, draft)).into_iter().collect();
    for (table, rows) in &checked.parts {
        let before: BTreeMap<&String, &Cells> = entry.of(table).collect();
        let kept: BTreeSet<String> = rows.iter().map(|row| row.id.to_string()).collect();
        let given = rows.iter().map(|row| (before.get(&row.id.to_string()).copied(), Some(&row.cells)));
        let gone =
            before.iter().filter(|(id, _)| !kept.contains(**id)).map(|(_, cells)| (Some(*cells), None));
        all.extend(given.chain(gone).filter_map(|(before, after)| of_row(table, before, after)));
    }
    Ok(Some(all))
}

/// What would change of the service itself. What is offered says all of it for the first time.
fn of_service(entry: &Entry, checked: &Checked, (service, draft): (&Service, &Draft)) -> Option<Altered> {
    let after = checked.service.as_ref().map_or(&entry.cells, |row| &row.cells);
    if service.standing != Standing::Proposed {
        return of_row("service", Some(&entry.cells), Some(after));
    }
    let said = after.iter().filter(|(column, _)| draft.edit.service.contains_key(*column));
    let said: Cells = said.map(|(column, cell)| (column.clone(), cell.clone())).collect();
    of_row("service", None, Some(&said))
}

/// How a row differs; nothing when it does not.
fn of_row(table: &'static str, before: Option<&Cells>, after: Option<&Cells>) -> Option<Altered> {
    let becomes = match (before, after) {
        (None, Some(_)) => RowBecomes::New,
        (Some(_), Some(_)) => RowBecomes::Changed,
        (Some(_), None) => RowBecomes::Gone,
        (None, None) => return None,
    };
    let columns: BTreeSet<&String> = [before, after].into_iter().flatten().flat_map(BTreeMap::keys).collect();
    let text = |cells: Option<&Cells>, column: &str| {
        cells.and_then(|cells| cells.get(column)).cloned().unwrap_or_default()
    };
    let fields = columns.into_iter().filter(|column| *column != "id" && !column.ends_with("_id"));
    let fields = fields.map(|column| FieldAltered {
        field: column.clone(),
        before: text(before, column),
        after: text(after, column),
    });
    let fields: Vec<FieldAltered> = fields.filter(|field| field.before != field.after).collect();
    let is_secret = table == "location" && [before, after].into_iter().any(is_kept_secret);
    (!fields.is_empty()).then_some(Altered { table, becomes, is_secret, fields })
}

fn is_kept_secret(cells: Option<&Cells>) -> bool {
    let said = cells.and_then(|cells| cells.get("confidential"));
    said.is_some_and(|said| said.trim().eq_ignore_ascii_case("yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<const N: usize>(cells: [(&str, &str); N]) -> Cells {
        cells.map(|(column, cell)| (column.to_owned(), cell.to_owned())).into()
    }

    #[test]
    fn a_row_tells_what_is_new_what_changes_and_what_goes() {
        let was = cells([("id", "1"), ("service_id", "2"), ("number", "11"), ("type", "voice")]);
        let is = cells([("id", "1"), ("service_id", "2"), ("number", "12"), ("type", "voice")]);
        let changed = of_row("phone", Some(&was), Some(&is)).unwrap();
        let field = |before: &str, after: &str| FieldAltered {
            field: String::from("number"),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        assert_eq!((changed.becomes, changed.fields), (RowBecomes::Changed, vec![field("11", "12")]));
        assert_eq!(of_row("phone", Some(&was), Some(&was)), None);
        let new = of_row("phone", None, Some(&is)).unwrap();
        assert_eq!((new.becomes, new.fields.len()), (RowBecomes::New, 2));
        let gone = of_row("phone", Some(&was), None).unwrap();
        assert_eq!((gone.becomes, gone.fields.first()), (RowBecomes::Gone, Some(&field("11", ""))));
        assert_eq!(
            of_row("service_at_location", None, Some(&cells([("id", "1"), ("location_id", "3")]))),
            None
        );
    }

    #[test]
    fn a_place_that_is_or_was_kept_secret_is_marked() {
        let open = cells([("name", "By the pier")]);
        let secret = cells([("name", "By the pier"), ("confidential", "yes")]);
        for (before, after, is) in [
            (Some(&open), &secret, true),
            (Some(&secret), &open, true),
            (None, &secret, true),
            (None, &open, false),
        ] {
            assert_eq!(of_row("location", before, Some(after)).map(|row| row.is_secret), Some(is));
        }
    }
}
