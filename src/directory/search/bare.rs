//! What finds what is ranked, alone: what a benchmark holds a search against.

use std::sync::Arc;

use super::{
    Search, Sieve,
    index::{self, Held},
    sift::Sift,
};
use crate::{
    access::{Actor, Permission},
    directory::{DirectoryError, Viewer},
    kernel::Timestamp,
    storage::Db,
};

/// A search whose words are folded, and whose likenesses are known.
#[derive(Clone, Debug)]
pub struct Bare {
    sieve: Arc<Sieve>,
    held: Arc<Held>,
}

impl Bare {
    /// Everything of a search that comes before it looks.
    pub fn of(
        db: &mut Db<'_>,
        actor: &Actor,
        search: &Search,
        now: Timestamp,
    ) -> Result<Self, DirectoryError> {
        actor.may(Permission::ReadDirectory)?;
        let held = index::current(db)?;
        let sieve = Sieve::of(db, &held, (Viewer::of(actor), search), now)?;
        Ok(Self { sieve: Arc::new(sieve), held })
    }

    /// Finds the candidates, and counts them. Nothing is ranked.
    pub fn candidates(&self) -> usize {
        let layers = self.held.layers().iter();
        layers.map(|layer| Sift::new(&self.sieve, layer, None).fitting().count()).sum()
    }
}
