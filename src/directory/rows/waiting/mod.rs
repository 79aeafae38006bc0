//! New links of a large list wait beside their table, and come in in the order of what they name.
//!
//! Ids have no order: a link that comes in as the file has it falls somewhere into the index of what is named, which is the largest of the
//! directory. While that fits in the memory of the server it costs nothing. When it does not, each link has a page read, and another one
//! written to make room for it; and the first that falls into a page after a checkpoint has all of the page written into the log. In the
//! order of the index its pages are had one after the other.
//!
//! So on PostgreSQL the links of a list that gave nothing before wait in a temporary table, which has no index and no log, until there are
//! very many or the list is at its end. On SQLite, whose temporary tables lie in memory, they come in as they are. So do those of a list that
//! was imported before: what is found through links, while such a list is compared, must be there.

mod store;

use super::{links::Link, store as links};
use crate::{access::Tx, storage::StorageError};

/// Fewer links than these come in at once: a small table is not worth the way around.
const FEW: usize = 500;

/// How many links wait at most.
const MOST: usize = 1_000_000;

/// Links that are not in their table yet.
pub(in crate::directory) struct Waiting {
    is_used: bool,
    links: usize,
}

impl Waiting {
    /// For a list that gave nothing before, as far as the database allows it.
    pub(in crate::directory) fn of_new_list(tx: &mut Tx<'_>) -> Result<Self, StorageError> {
        Ok(Self { is_used: store::is_allowed(tx.db())?, links: 0 })
    }

    /// Where nothing waits.
    pub(in crate::directory) const fn for_nothing() -> Self {
        Self { is_used: false, links: 0 }
    }

    /// Takes links of new rows.
    pub(in crate::directory) fn take(
        &mut self,
        tx: &mut Tx<'_>,
        source: &str,
        new: &[Link],
    ) -> Result<(), StorageError> {
        if !self.is_used || new.len() < FEW {
            return links::insert_links(tx, source, new);
        }
        if self.links == 0 {
            store::lay(tx)?;
        }
        store::add(tx, source, new)?;
        self.links = self.links.saturating_add(new.len());
        if self.links >= MOST { self.bring_in(tx) } else { Ok(()) }
    }

    /// Brings in what waits.
    pub(in crate::directory) fn bring_in(&mut self, tx: &mut Tx<'_>) -> Result<(), StorageError> {
        if self.links > 0 {
            store::bring_in(tx)?;
            self.links = 0;
        }
        Ok(())
    }
}
