//! Who may find what: one service, or everything that came from a source.

use super::{
    DirectoryError, Service, Standing, Visibility, changes, find_service, import::check_source, store,
};
use crate::{
    access::{AccessError, Permission, Tx},
    audit::{self, Record},
    kernel::id::ServiceId,
};

/// Who may find a service from now on.
#[derive(Clone, Copy, Debug)]
pub struct SetVisibility {
    /// Which service.
    pub service: ServiceId,
    /// The version the caller saw.
    pub version: i64,
    /// From now on.
    pub visibility: Visibility,
}

/// Says who may find a service. For those who keep the directory, and for the administrator of the organisation that provides it.
pub fn set_visibility(tx: &mut Tx<'_>, cmd: &SetVisibility) -> Result<Service, DirectoryError> {
    let actor = tx.actor();
    let now = tx.now();
    let was = find_service(tx.db(), actor, cmd.service, now)?;
    let own = was.member.is_some() && was.member == actor.organisation();
    if !(own && actor.may(Permission::ManageStaff).is_ok()) {
        actor.may(Permission::ManageDirectory)?;
    }
    // Who is to find what waits to be listed stands in its draft.
    if was.standing == Standing::Proposed {
        return Err(DirectoryError::Undecided);
    }
    let (before, after) = (was.visibility.name().to_owned(), cmd.visibility.name().to_owned());
    changes::note_service(tx, &was, &[("visibility", before, after)])?;
    store::set_visibility(tx, cmd)?;
    let (version, updated_at) = (cmd.version.saturating_add(1), tx.now());
    Ok(Service { visibility: cmd.visibility, version, updated_at, ..was })
}

/// Says the same of everything that came from a source and is not restricted: what is kept secret is opened one by one. Answers how
/// many services that were.
pub fn set_source_visibility(
    tx: &mut Tx<'_>,
    source: &str,
    visibility: Visibility,
) -> Result<usize, DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    check_source(source)?;
    if !store::has_source(tx.db(), source)? {
        return Err(AccessError::NotFound.into());
    }
    let changed = store::set_source_visibility(tx, source, visibility)?;
    audit::record(tx, &Record::about(source))?;
    Ok(changed)
}
