//! What has to be verified: what is due, and what nobody ever verified.
//!
//! # Decisions
//!
//! - Whoever provides an entry is reminded of it; what no member provides nobody is reminded of, and stands here all the same.
//! - What is due longest stands first, and what nobody verified last: of that there is no moment, and whole lists may be so.
//! - What is not offered is not asked about: what is closed, what its source gives no longer, and what is not listed.

use super::store;
use crate::{
    access::{Actor, Permission},
    directory::{DirectoryError, Service},
    kernel::{
        Timestamp,
        page::{Asked, Page},
    },
    storage::Db,
};

/// Services that have to be verified, those that are due longest first, and those that nobody verified last. Those who keep the directory
/// see all of them, a provider its own.
pub fn due(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Service>, DirectoryError> {
    let own = match actor.may(Permission::ManageDirectory) {
        Ok(()) => None,
        Err(refused) => Some(actor.organisation().ok_or(refused)?),
    };
    actor.may(Permission::ReadDirectory)?;
    let after = asked.after().map(|key| key.split_once(' ').ok_or(DirectoryError::BadCursor)).transpose()?;
    let after = after
        .map(|(by, id)| {
            Ok::<_, DirectoryError>((by.parse().map_err(|_reason| DirectoryError::BadCursor)?, id))
        })
        .transpose()?;
    let ids = store::due(db, own, (now, after), asked.rows_to_load())?;
    let page = asked.page(ids, |(by, id)| format!("{by} {id}"));
    let wanted: Vec<String> = page.items.iter().map(|(_, id)| id.clone()).collect();
    let mut services = crate::directory::store::by_ids(db, &wanted, now)?;
    let items = wanted.iter().filter_map(|id| services.remove(id)).collect();
    Ok(Page { items, next: page.next })
}
