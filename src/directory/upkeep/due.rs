//! What has to be verified: what is due, and what nobody ever verified.
//!
//! # Decisions
//!
//! - Whoever provides an entry is reminded of it; what no member provides nobody is reminded of, and stands here all the same.
//! - What is due longest stands first, and what nobody verified last: of that there is no moment, and whole lists may be so.
//! - What is not offered is not asked about: what is closed, what its source gives no longer, and what is not listed.

use super::{ranked::ranked, store};
use crate::{
    access::Actor,
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
    ranked(db, actor, (asked, now), |db, own, after, rows| store::due(db, own, (now, after), rows))
}
