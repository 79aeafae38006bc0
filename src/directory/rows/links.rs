//! Which row names which, kept beside the rows so that children are found by their parents and a change is seen where it shows.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{shape, store, withheld::Withheld};
use crate::{
    access::Tx,
    directory::{
        DirectoryError, Viewer, agreements,
        hsds::{
            Row, stable_id,
            tables::{LINKED, Rule, rule},
        },
    },
    storage::{Db, StorageError},
};

/// How many rows are entered in one transaction.
const AT_ONCE: i64 = 500;

/// One row names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::directory) struct Link {
    /// The row that is named.
    pub(in crate::directory) parent: String,
    /// The table of the row that names it.
    pub(in crate::directory) table: &'static str,
    /// The column.
    pub(in crate::directory) via: String,
    /// The row that names it.
    pub(in crate::directory) id: String,
}

/// The links of a row that was read.
pub(in crate::directory) fn of_row(rule: &'static Rule, row: &Row) -> Vec<Link> {
    let link = |(via, parent): (&&'static str, &Uuid)| Link {
        parent: parent.to_string(),
        table: rule.name,
        via: (*via).to_owned(),
        id: row.id.to_string(),
    };
    row.references.iter().map(link).collect()
}

/// The same of a row that was stored.
fn of_cells(source: &str, rule: &'static Rule, id: &str, cells: &BTreeMap<String, String>) -> Vec<Link> {
    let entity = cells.get("link_entity").map(|entity| ("link_id", entity.as_str()));
    let named = rule.references.iter().copied().chain(entity.filter(|_| LINKED.contains(&rule.name)));
    named
        .filter_map(|(via, target)| {
            let parent = stable_id(source, target, cells.get(via)?).to_string();
            Some(Link { parent, table: rule.name, via: via.to_owned(), id: id.to_owned() })
        })
        .collect()
}

/// Enters rows that were stored by an earlier release. Answers whether there may be more.
pub fn enter_rows(tx: &mut Tx<'_>) -> Result<bool, DirectoryError> {
    let rows = store::without_place(tx.db(), AT_ONCE)?;
    if rows.is_empty() {
        tx.leaves_no_entry();
        return Ok(false);
    }
    tx.take_turn(&["directory"])?;
    let now = tx.now();
    let first = store::next_place(tx.db(), now)?;
    for (place, row) in (first..).zip(&rows) {
        let cells = serde_json::from_str(&row.body)
            .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
        let links =
            rule(&row.table).map_or_else(Vec::new, |rule| of_cells(&row.source, rule, &row.id, &cells));
        store::replace_links(tx, (&row.source, &row.table, &row.id), &links)?;
        let folded = crate::directory::store::folded(&row.table, &cells);
        store::set_place(tx, (&row.source, &row.table, &row.id), (place, folded))?;
    }
    Ok(true)
}

/// Rows that changed, to find the services that look different now.
#[derive(Default)]
pub(in crate::directory) struct Touched {
    rows: BTreeSet<String>,
    /// Rows of which nothing may tell that they changed, and that are searched by what did.
    quietly: BTreeSet<String>,
}

impl Touched {
    /// Notes a row.
    pub(in crate::directory) fn add(&mut self, id: String) {
        self.rows.insert(id);
    }

    /// Notes what rows stand in now, before they are moved. A row that members may not see tells nothing of what they may.
    pub(in crate::directory) fn add_owners(
        &mut self,
        db: &mut Db<'_>,
        ids: &[String],
    ) -> Result<(), StorageError> {
        let mut links = store::names(db, ids)?;
        links.retain(|link| {
            shape::is_part(&link.table, &link.via) && !agreements::TABLES.contains(&link.table.as_str())
        });
        let around: Vec<String> = links.iter().flat_map(|link| [&link.id, &link.parent]).cloned().collect();
        let mut withheld = Withheld::new(Viewer::Member(None));
        withheld.judge(db, &around)?;
        for link in links {
            let tells = withheld.is(&link.id) && !withheld.is(&link.parent);
            let parents = if tells { &mut self.quietly } else { &mut self.rows };
            parents.insert(link.parent);
        }
        Ok(())
    }

    /// Marks the services that show any of the rows as changed now. That something changed which members may not see is told by
    /// nothing that they may.
    pub(in crate::directory) fn mark(self, tx: &mut Tx<'_>) -> Result<(), StorageError> {
        let Self { rows: mut known, mut quietly } = self;
        let mut withheld = Withheld::new(Viewer::Member(None));
        let mut frontier: Vec<String> = known.iter().cloned().collect();
        while !frontier.is_empty() {
            store::touch_services(tx, &frontier)?;
            let mut next = Vec::new();
            let mut links = store::links_around(tx.db(), &frontier)?;
            // When a service changed is read by everybody; who agreed with whom is not. So an agreement changes none.
            links.retain(|link| !agreements::TABLES.contains(&link.table.as_str()));
            let around: Vec<String> =
                links.iter().flat_map(|link| [&link.id, &link.parent]).cloned().collect();
            withheld.judge(tx.db(), &around)?;
            for link in &links {
                let up = shape::is_part(&link.table, &link.via).then_some((&link.id, &link.parent));
                let down = shape::is_shown_by(&link.table, &link.via).then_some((&link.parent, &link.id));
                for (from, to) in up.into_iter().chain(down) {
                    let tells = withheld.is(from) && !withheld.is(to);
                    if tells && known.contains(from) {
                        quietly.insert(to.clone());
                    } else if known.contains(from) && known.insert(to.clone()) {
                        next.push(to.clone());
                    }
                }
            }
            frontier = next;
        }
        // What is searched by, such as the province of a secret place, is entered anew all the same.
        let quietly: Vec<String> = quietly.into_iter().collect();
        crate::directory::search::store::unsearch(tx, &quietly)
    }
}
