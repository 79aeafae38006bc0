//! What those who keep the directory note of a service: how good it is, and what somebody risks who goes there.
//!
//! # Decisions
//!
//! - It is for those who keep the directory and for nobody else. Its provider does not read it either: it may be about the provider, and whoever
//!   told of a danger must not be found out by it.
//! - It stands in a table of its own, which nothing reads that searches, publishes, exports or tells of changes. The log says that somebody noted
//!   something of a service, and not what.
//! - There is one for each service, with whoever wrote it last: it says what holds, and is no history.
//! - It goes with the source of the service when that is forgotten.

pub(super) mod store;

use serde::{Deserialize, Serialize};

use super::{DirectoryError, find_service};
use crate::{
    access::{Actor, Permission, Tx},
    audit::{self, Record},
    kernel::{Timestamp, id::ServiceId, text::Line},
    storage::{Db, StorageError},
};

/// The longest note in characters.
pub const NOTE_MAX: usize = 2_000;

/// What is noted of a service. It is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Note {
    /// How good the service is, and what going there risks.
    #[schema(value_type = String, max_length = 2000)]
    pub text: Line<NOTE_MAX>,
    /// Who wrote it: an id.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// What is to be noted.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteNote {
    /// How good the service is, and what going there risks. Nothing about a person.
    #[schema(value_type = String, max_length = 2000)]
    pub text: Line<NOTE_MAX>,
}

/// What is noted of a service; nothing when nothing is. For those who keep the directory.
pub fn note(
    db: &mut Db<'_>,
    actor: &Actor,
    service: ServiceId,
    now: Timestamp,
) -> Result<Option<Note>, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    let service = find_service(db, actor, service, now)?;
    Ok(store::find(db, service.id)?)
}

/// Notes something of a service in the place of what was noted, at the version that was seen of that; nothing was where there is none. Answers
/// the version that there is now. For those who keep the directory.
pub fn write_note(
    tx: &mut Tx<'_>,
    (service, seen): (ServiceId, Option<i64>),
    cmd: &WriteNote,
) -> Result<i64, DirectoryError> {
    open(tx, (service, seen))?;
    let version = seen.unwrap_or(0).saturating_add(1);
    store::put(tx, service, (&cmd.text, version))?;
    audit::record(tx, &Record::about(&service.to_string()))?;
    Ok(version)
}

/// Takes back what was noted of a service, at the version that was seen. For those who keep the directory.
pub fn drop_note(tx: &mut Tx<'_>, (service, seen): (ServiceId, i64)) -> Result<(), DirectoryError> {
    open(tx, (service, Some(seen)))?;
    store::remove(tx, service)?;
    audit::record(tx, &Record::about(&service.to_string()))?;
    Ok(())
}

/// Lets whoever may change what is noted of a service as they saw it, before anybody else does.
fn open(tx: &mut Tx<'_>, (service, seen): (ServiceId, Option<i64>)) -> Result<(), DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    tx.take_turn(&["directory"])?;
    let (actor, now) = (tx.actor(), tx.now());
    let was = note(tx.db(), actor, service, now)?;
    if was.map(|was| was.version) != seen {
        return Err(StorageError::Conflict.into());
    }
    Ok(())
}
