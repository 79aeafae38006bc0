//! Lists of what somebody should look at, each in an order of its own.

use crate::{
    access::{Actor, Permission},
    directory::{DirectoryError, Service, store},
    kernel::{
        Timestamp,
        id::OrganisationId,
        page::{Asked, Page},
    },
    storage::{Db, StorageError},
};

/// Where a page ended: the place in the order, and the id.
pub(super) type Place<'a> = (i64, &'a str);

/// A page of services that a reading ranks. It is told whose they are (everybody's where nobody is named), behind which place it goes on, and how
/// many it reads. Those who keep the directory see all of them, a provider its own.
pub(super) fn ranked(
    db: &mut Db<'_>,
    actor: &Actor,
    (asked, now): (&Asked, Timestamp),
    read: impl FnOnce(
        &mut Db<'_>,
        Option<OrganisationId>,
        Option<Place<'_>>,
        i64,
    ) -> Result<Vec<(i64, String)>, StorageError>,
) -> Result<Page<Service>, DirectoryError> {
    let own = match actor.may(Permission::ManageDirectory) {
        Ok(()) => None,
        Err(refused) => Some(actor.organisation().ok_or(refused)?),
    };
    actor.may(Permission::ReadDirectory)?;
    let place = |key| -> Option<Place<'_>> {
        let (rank, id) = str::split_once(key, ' ')?;
        Some((rank.parse().ok()?, id))
    };
    let after = asked.after().map(|key| place(key).ok_or(DirectoryError::BadCursor)).transpose()?;
    let ids = read(db, own, after, asked.rows_to_load())?;
    let page = asked.page(ids, |(rank, id)| format!("{rank} {id}"));
    let wanted: Vec<String> = page.items.iter().map(|(_, id)| id.clone()).collect();
    let mut services = store::by_ids(db, &wanted, now)?;
    let items = wanted.iter().filter_map(|id| services.remove(id)).collect();
    Ok(Page { items, next: page.next })
}
