//! The query that finds what is ranked, alone: what a benchmark holds a search against.

use super::{MOST_RANKED, Search, Sieve, store};
use crate::{
    access::{Actor, Permission},
    directory::{DirectoryError, Viewer},
    kernel::Timestamp,
    storage::{Db, StorageError},
};

/// A search whose words are folded, and whose likenesses are known.
#[derive(Clone, Debug)]
pub struct Bare(String);

impl Bare {
    /// Everything of a search that comes before its query.
    pub fn of(
        db: &mut Db<'_>,
        actor: &Actor,
        search: &Search,
        now: Timestamp,
    ) -> Result<Self, DirectoryError> {
        actor.may(Permission::ReadDirectory)?;
        Ok(Self(Sieve::of(db, Viewer::of(actor), search, now)?.narrow(db)?))
    }

    /// Asks for the candidates as they are at a moment, and counts them. Nothing is ranked.
    pub fn candidates(&self, db: &mut Db<'_>, now: Timestamp) -> Result<usize, StorageError> {
        Ok(store::candidates(db, &self.0, MOST_RANKED, now)?.len())
    }
}
