//! What organisations agreed with one another, as the directory tells of it: memoranda, agreements on services, procedures, directives.
//!
//! These are entries that help to choose where to refer. What packets travel under is another thing: the data-sharing agreements that
//! their parties sign at this hub.
//!
//! # Decisions
//!
//! - An agreement, its parties and its scope are for members, titles, exclusions and financing included; the public sees none of it. Who made
//!   an agreement with the police or with a shelter is nothing for everybody.
//! - A service in scope, and a party, that a viewer may not see is left out of an agreement. An agreement of which nothing in scope, or one
//!   party alone, would be left is not there for that viewer (`rows::withheld`), and then neither a search nor a list finds anything by it. What
//!   must be kept secret from members does not belong in a title all the same.
//! - An agreement covers the services in scope; one that names none covers all services of its parties.
//! - It is in force when it is active, on and between its first and its last day. One with a day that cannot be read is not: nobody should
//!   rely on it.
//! - What a search knows of agreements is asked of the database once for each viewer and kept beside what it finds services by: who may see
//!   what of them is then the same rule as for documents.
//! - The plain form of an export has no agreements, in tables or in words: it is read by those who are not members.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    Viewer,
    rows::{self, Withheld},
    search,
};
use crate::{
    access::Tx,
    kernel::id::OrganisationId,
    storage::{Db, StorageError},
};

type Cells = BTreeMap<String, String>;

/// The tables of agreements.
pub(super) const TABLES: &[&str] = &["agreement", "agreement_party", "agreement_service"];

/// Why a row of an agreement is doubtful, and in which column.
pub(super) fn doubt(table: &str, cells: &Cells) -> Option<(&'static str, &'static str)> {
    let days: &[&'static str] = match table {
        "agreement" => &["valid_from", "valid_to"],
        "agreement_party" => &["signed_on"],
        _ => return None,
    };
    let unread = days.iter().find(|column| day(cells, column).is_err());
    if let Some(column) = unread {
        return Some((column, "this is no day in the form 2026-02-28"));
    }
    let (from, to) = (day(cells, "valid_from").ok().flatten(), day(cells, "valid_to").ok().flatten());
    let is_never = from.zip(to).is_some_and(|(from, to)| to < from);
    is_never.then_some(("valid_to", "the agreement ends before it begins"))
}

/// The day that a cell says; nothing when it is empty.
fn day(cells: &Cells, column: &str) -> Result<Option<NaiveDate>, chrono::ParseError> {
    cells.get(column).map(|cell| NaiveDate::parse_from_str(cell.trim(), "%Y-%m-%d")).transpose()
}

/// Where an agreement stands, and since and until when it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Term {
    is_active: bool,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

impl Term {
    fn of_cells(cells: &Cells) -> Self {
        let (from, to) = (day(cells, "valid_from"), day(cells, "valid_to"));
        let is_active = cells.get("status").is_some_and(|status| status.trim() == "active");
        Self {
            is_active: is_active && from.is_ok() && to.is_ok(),
            from: from.ok().flatten(),
            to: to.ok().flatten(),
        }
    }

    fn is_in_force(self, on: NaiveDate) -> bool {
        self.is_active && self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to)
    }
}

/// The agreements that a viewer may see, and which of them bind an organisation.
#[derive(Debug, Default)]
pub(super) struct Agreements(BTreeMap<String, Known>);

#[derive(Debug)]
struct Known {
    term: Term,
    /// Whether it binds the organisation of whoever asks.
    is_own: bool,
}

/// Agreements in force on a day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct InForce {
    /// With the organisation of whoever asks.
    pub(super) own: Vec<String>,
    /// Among others.
    pub(super) others: Vec<String>,
}

impl InForce {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.others.is_empty()
    }
}

impl Agreements {
    /// Those of these agreements that the viewer may see. A member is known by the organisation behind the services that it provides.
    pub(super) fn load(
        db: &mut Db<'_>,
        (viewer, member): (Viewer, Option<OrganisationId>),
        ids: &[String],
    ) -> Result<Self, StorageError> {
        let mut withheld = Withheld::new(viewer);
        withheld.judge(db, ids)?;
        let cells = rows::store::cells(db, ids)?;
        let seen = cells.iter().filter(|(id, _)| viewer != Viewer::Anybody && !withheld.is(id));
        let seen = seen.map(|(id, cells)| (id.clone(), Known { term: Term::of_cells(cells), is_own: false }));
        let mut seen: BTreeMap<String, Known> = seen.collect();
        let Some(member) = member else { return Ok(Self(seen)) };
        let offered = rows::store::offered_by(db, member)?;
        let own: BTreeSet<String> = rows::store::organizations_of(db, &offered)?.into_iter().collect();
        for party in given(db, &seen.keys().cloned().collect::<Vec<_>>())? {
            if let Some(known) = seen.get_mut(&party.agreement) {
                known.is_own |= !party.is_service && own.contains(&party.target);
            }
        }
        Ok(Self(seen))
    }

    /// Whether there is such an agreement.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Those in force on a day.
    pub(super) fn in_force(&self, on: NaiveDate) -> InForce {
        let mut found = InForce::default();
        for (id, known) in self.0.iter().filter(|(_, known)| known.term.is_in_force(on)) {
            let list = if known.is_own { &mut found.own } else { &mut found.others };
            list.push(id.clone());
        }
        found
    }
}

/// What these agreements bind and cover, as far as their sources give it at present.
fn given(db: &mut Db<'_>, agreements: &[String]) -> Result<Vec<rows::store::Bound>, StorageError> {
    let mut bound = rows::store::bound_by(db, agreements)?;
    let ids: Vec<String> = bound.iter().map(|bound| bound.row.clone()).collect();
    let present = rows::store::cells(db, &ids)?;
    bound.retain(|bound| present.contains_key(&bound.row));
    Ok(bound)
}

/// The agreements that cover these services, by the row of the service: those in whose scope it is, and those of its provider that name
/// no scope.
pub(super) fn covering(
    db: &mut Db<'_>,
    services: &[String],
) -> Result<HashMap<String, BTreeSet<String>>, StorageError> {
    let named = rows::store::names(db, services)?;
    let provided = named.into_iter().filter(|link| link.table == "service" && link.via == "organization_id");
    let provided: Vec<(String, String)> = provided.map(|link| (link.parent, link.id)).collect();
    let around: BTreeSet<String> =
        services.iter().chain(provided.iter().map(|(provider, _)| provider)).cloned().collect();
    let around: Vec<String> = around.into_iter().collect();
    let named = rows::store::parts(db, &around, &["agreement_party", "agreement_service"])?;
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<String> = named.into_iter().map(|link| link.id).collect();
    let agreements = rows::store::names(db, &ids)?.into_iter().filter(|link| link.via == "agreement_id");
    let agreements: BTreeSet<String> = agreements.map(|link| link.parent).collect();
    let agreements: Vec<String> = agreements.into_iter().collect();
    let present = rows::store::cells(db, &agreements)?;
    let mut bound = given(db, &agreements)?;
    bound.retain(|bound| present.contains_key(&bound.agreement));
    let scoped: BTreeSet<&String> =
        bound.iter().filter(|bound| bound.is_service).map(|bound| &bound.agreement).collect();
    let mut theirs: HashMap<&String, Vec<&String>> = HashMap::new();
    for (provider, service) in &provided {
        theirs.entry(provider).or_default().push(service);
    }
    let wanted: BTreeSet<&String> = services.iter().collect();
    let mut covering: HashMap<String, BTreeSet<String>> = HashMap::new();
    for bound in &bound {
        let covered = match theirs.get(&bound.target) {
            _ if bound.is_service => vec![&bound.target],
            Some(services) if !scoped.contains(&bound.agreement) => services.clone(),
            Some(_) | None => Vec::new(),
        };
        for service in covered.into_iter().filter(|service| wanted.contains(*service)) {
            covering.entry(service.clone()).or_default().insert(bound.agreement.clone());
        }
    }
    Ok(covering)
}

/// Says of every service that agreements of a source cover, or would without a scope, that it is not entered as it is now.
pub(super) fn unsearch(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let (mut services, providers) = rows::store::bound_in(tx.db(), source)?;
    let theirs = rows::store::services_naming(tx.db(), &providers, "organization_id")?;
    services.extend(theirs.into_iter().map(|(_, service)| service));
    services.sort_unstable();
    services.dedup();
    search::store::unsearch(tx, &services)
}

/// The agreements that the viewer may see; nothing is said of a viewer who may see all.
pub(super) fn listed(db: &mut Db<'_>, viewer: Viewer) -> Result<Option<Vec<String>>, StorageError> {
    Ok(match viewer {
        Viewer::Keeper => None,
        Viewer::Anybody => Some(Vec::new()),
        Viewer::Member(_) => {
            let all = rows::store::ids_of(db, "agreement")?;
            Some(Agreements::load(db, (viewer, None), &all)?.0.into_keys().collect())
        }
    })
}

/// The organisations that an agreement binds, as far as the viewer may see it and them.
pub(super) fn parties(db: &mut Db<'_>, viewer: Viewer, agreement: Uuid) -> Result<Vec<String>, StorageError> {
    let id = agreement.to_string();
    if !Agreements::load(db, (viewer, None), std::slice::from_ref(&id))?.has(&id) {
        return Ok(Vec::new());
    }
    let parties = given(db, &[id])?.into_iter().filter(|bound| !bound.is_service);
    let (ids, parties): (Vec<String>, Vec<String>) = parties.map(|bound| (bound.row, bound.target)).unzip();
    let mut withheld = Withheld::new(viewer);
    withheld.judge(db, &ids)?;
    let seen = ids.iter().zip(parties).filter(|(id, _)| !withheld.is(id));
    Ok(seen.map(|(_, party)| party).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_cannot_be_are_pointed_out() {
        let cells = |pairs: &[(&str, &str)]| -> Cells {
            pairs.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
        };
        for (table, pairs, column) in [
            ("agreement", &[("valid_from", "1 May 2026")][..], Some("valid_from")),
            ("agreement", &[("valid_from", "2026-01-01"), ("valid_to", "2026-02-30")], Some("valid_to")),
            ("agreement", &[("valid_from", "2026-03-01"), ("valid_to", "2026-02-28")], Some("valid_to")),
            ("agreement", &[("valid_from", "2026-03-01"), ("valid_to", "2026-03-01")], None),
            ("agreement", &[], None),
            ("agreement_party", &[("signed_on", "lately")], Some("signed_on")),
            ("service", &[("valid_from", "lately")], None),
        ] {
            assert_eq!(doubt(table, &cells(pairs)).map(|(column, _)| column), column, "{table} {pairs:?}");
        }
    }

    #[test]
    fn an_agreement_is_in_force_while_it_is_active_from_its_first_to_its_last_day() {
        let cells = |status: &str, from: &str, to: &str| -> Cells {
            let pairs = [("status", status), ("valid_from", from), ("valid_to", to)];
            let said = pairs.iter().filter(|(_, cell)| !cell.is_empty());
            said.map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
        };
        let on = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        for (status, from, to, is) in [
            ("active", "", "", true),
            ("active", "2026-03-02", "2026-03-02", true),
            ("active", "2026-03-03", "", false),
            ("active", "", "2026-03-01", false),
            ("active", "2026-01-01", "some day", false),
            ("draft", "", "", false),
            ("suspended", "", "", false),
            ("ended", "", "", false),
            ("", "", "", false),
        ] {
            assert_eq!(Term::of_cells(&cells(status, from, to)).is_in_force(on), is, "{status} {from} {to}");
        }
    }
}
