//! Replace an organisation's root key, when it is lost or is not the organisation's alone any more.

use super::{MemberError, Organisation, client::require_new, store};
use crate::{
    access::{Permission, Tx},
    crypto::PublicJwk,
    kernel::id::OrganisationId,
    outbox::{self, Event},
};

/// Which organisation, at which version, and its new root key.
#[derive(Clone, Debug)]
pub struct ReplaceRoot {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The version the caller saw.
    pub version: i64,
    /// The new root key. Compare its thumbprint with the organisation by another channel first.
    pub root: PublicJwk,
}

/// Replaces the root key. Every key the old one stood for is revoked from this moment: nobody knows which of them the organisation
/// still has. The chain goes on under the new root; whoever follows it takes them as revoked at its first statement at the latest.
pub fn replace_root(tx: &mut Tx<'_>, cmd: &ReplaceRoot) -> Result<Organisation, MemberError> {
    tx.actor().may(Permission::ManageMembers)?;
    let was = store::organisation(tx.db(), cmd.organisation)?;
    require_new(tx.db(), cmd.root.kid())?;
    store::replace_root(tx, &was, cmd.version, &cmd.root)?;
    outbox::say(
        tx,
        &Event {
            topic: "member.root_replaced",
            organisation: None,
            payload: serde_json::json!({ "organisation": cmd.organisation }),
        },
    )?;
    Ok(Organisation { root: cmd.root.kid().to_string(), version: was.version.saturating_add(1), ..was })
}
