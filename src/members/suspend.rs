//! Suspend an organisation, and let it take part again.

use serde::Deserialize;

use super::{MemberError, Organisation, Standing, store};
use crate::{
    access::{Permission, Tx},
    kernel::id::OrganisationId,
};

/// Which organisation, at which version.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Suspend {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The version the caller saw.
    pub version: i64,
}

/// Suspends: from this moment it authenticates nobody, sends nothing and receives nothing.
pub fn suspend_organisation(tx: &mut Tx<'_>, cmd: &Suspend) -> Result<Organisation, MemberError> {
    stand(tx, cmd, Standing::Suspended)
}

/// Reinstates: it takes part again.
pub fn reinstate_organisation(tx: &mut Tx<'_>, cmd: &Suspend) -> Result<Organisation, MemberError> {
    stand(tx, cmd, Standing::Active)
}

fn stand(tx: &mut Tx<'_>, cmd: &Suspend, standing: Standing) -> Result<Organisation, MemberError> {
    tx.actor().may(Permission::ManageMembers)?;
    let was = store::organisation(tx.db(), cmd.organisation)?;
    store::set_standing(tx, &was, cmd.version, standing)?;
    Ok(Organisation { standing, version: was.version + 1, ..was })
}
