//! What providers corrected in what a source gives, so that the next import does not undo it.

pub(in crate::directory) mod store;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    directory::hsds::Row,
    storage::{Db, StorageError},
};

type Cells = BTreeMap<String, String>;

/// What becomes of a row that a source gives.
enum Kind {
    /// These cells are laid over it; an empty one is emptied.
    Cells(Cells),
    /// It is another row.
    Replaced(Cells),
    /// It is left out.
    LeftOut,
}

/// What was corrected of one source.
#[derive(Default)]
pub(in crate::directory) struct Overridden {
    rows: HashMap<String, Kind>,
    added: HashSet<String>,
}

impl Overridden {
    /// Loads what was corrected of a source.
    pub(in crate::directory) fn load(db: &mut Db<'_>, source: &str) -> Result<Self, StorageError> {
        let mut overridden = Self::default();
        for (id, kind, cells) in store::rows(db, source)? {
            let kind = match kind.as_str() {
                "cells" => Kind::Cells(cells),
                "replaced" => Kind::Replaced(cells),
                "left_out" => Kind::LeftOut,
                _ => {
                    overridden.added.insert(id);
                    continue;
                }
            };
            overridden.rows.insert(id, kind);
        }
        Ok(overridden)
    }

    /// Rows as providers corrected them, and how many are left out.
    pub(in crate::directory) fn lay_over(&self, given: Vec<Row>) -> (Vec<Row>, u64) {
        if self.rows.is_empty() {
            return (given, 0);
        }
        let (mut kept, mut left_out) = (Vec::with_capacity(given.len()), 0u64);
        for mut row in given {
            match self.rows.get(&row.id.to_string()) {
                None => {}
                Some(Kind::Cells(cells)) => {
                    for (column, cell) in cells {
                        if cell.trim().is_empty() {
                            row.cells.remove(column);
                        } else {
                            row.cells.insert(column.clone(), cell.trim().to_owned());
                        }
                    }
                }
                Some(Kind::Replaced(cells)) => row.cells.clone_from(cells),
                Some(Kind::LeftOut) => {
                    left_out = left_out.saturating_add(1);
                    continue;
                }
            }
            kept.push(row);
        }
        (kept, left_out)
    }

    /// Whether a row is there because its provider added it, and not because the source gave it.
    pub(in crate::directory) fn is_added(&self, id: &str) -> bool {
        self.added.contains(id)
    }
}
