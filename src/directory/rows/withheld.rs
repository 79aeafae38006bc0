//! Which rows a viewer may not see. Documents, exports and the marks of changes ask here.
//!
//! Services have a visibility. A service at a location and a location are there for those who may see the service, or one that is offered
//! there now, and for nobody else: a place that cannot be tied to something visible is not shown. A program and an organisation are there
//! for those who may see one of their services, and for everybody when they have none; what a source no longer gives still counts, so that a
//! shelter that closed does not give its organisation away. Lists hold organisations that have none for those who may see something of the same
//! source. Every other row is there when all that it belongs to is: a telephone of a shelter stays with the shelter, whatever else it names.
//!
//! Where it is kept secret where a location is, the location is there for those who keep the directory and for the provider, and so are the
//! service at it and every telephone, address and time there. That there is such a service, and whom it serves, is no secret.
//!
//! Agreements are for members. What an agreement says of services in scope and of parties that a viewer may not see is left out; and where
//! nothing of its scope is left, or of its parties one, the agreement is with what is hidden, and its title would tell: it is not there.
//! What a source no longer gives still counts for that, because a title outlives it.

use std::collections::{BTreeSet, HashMap};

use super::store;
use crate::{
    directory::{Viewer, list::store::seen},
    storage::{Db, StorageError},
};

/// Columns by which a row belongs to another.
const OWNERS: &[&str] = &[
    "service_id",
    "service_at_location_id",
    "location_id",
    "organization_id",
    "phone_id",
    "link_id",
    "agreement_id",
];

/// A language of a telephone of a service at a location is the deepest there is.
const DEEPEST: u8 = 8;

/// What an agreement is about.
#[derive(Default)]
struct Agreed {
    services: BTreeSet<String>,
    parties: BTreeSet<String>,
}

/// Rows that offer something.
struct Behind {
    /// Those behind a service that the viewer may see.
    shown: BTreeSet<String>,
    /// Those behind services of which the viewer may see none.
    hidden: BTreeSet<String>,
}

/// What was found about rows for one viewer.
pub(in crate::directory) struct Withheld {
    viewer: Viewer,
    verdicts: HashMap<String, bool>,
}

impl Withheld {
    pub(in crate::directory) fn new(viewer: Viewer) -> Self {
        Self { viewer, verdicts: HashMap::new() }
    }

    /// Whether a row is withheld that was judged. One that was not is.
    pub(in crate::directory) fn is(&self, id: &str) -> bool {
        self.viewer != Viewer::Keeper && self.verdicts.get(id).copied().unwrap_or(true)
    }

    /// Judges rows, and what they belong to.
    pub(in crate::directory) fn judge(
        &mut self,
        db: &mut Db<'_>,
        ids: &[String],
    ) -> Result<(), StorageError> {
        if self.viewer == Viewer::Keeper {
            return Ok(());
        }
        let mut owners: HashMap<String, Vec<String>> = HashMap::new();
        let mut level = self.unknown(ids.iter(), &owners);
        while !level.is_empty() {
            owners.extend(level.iter().map(|id| (id.clone(), Vec::new())));
            for link in store::names(db, &level)? {
                if OWNERS.contains(&link.via.as_str()) {
                    owners.entry(link.id).or_default().push(link.parent);
                }
            }
            level = self.unknown(level.iter().filter_map(|id| owners.get(id)).flatten(), &owners);
        }
        let known = store::tables(db, &owners.keys().cloned().collect::<Vec<_>>())?;
        self.behind(db, &known)?;
        for id in owners.keys() {
            self.settle(id, &owners, &known, DEEPEST);
        }
        Ok(())
    }

    /// Judges a row by what it belongs to.
    fn settle(
        &mut self,
        id: &str,
        owners: &HashMap<String, Vec<String>>,
        known: &HashMap<String, String>,
        depth: u8,
    ) -> bool {
        if let Some(verdict) = self.verdicts.get(id) {
            return *verdict;
        }
        // What belongs to itself, over however many others, belongs to nothing.
        let Some(deeper) = depth.checked_sub(1) else { return true };
        let theirs = owners.get(id).map_or(&[][..], Vec::as_slice);
        let is =
            !known.contains_key(id) || theirs.iter().any(|owner| self.settle(owner, owners, known, deeper));
        self.verdicts.insert(id.to_owned(), is);
        is
    }

    /// Those that nothing is known of yet.
    fn unknown<'a>(
        &self,
        ids: impl Iterator<Item = &'a String>,
        owners: &HashMap<String, Vec<String>>,
    ) -> Vec<String> {
        let new: BTreeSet<&String> =
            ids.filter(|id| !self.verdicts.contains_key(*id) && !owners.contains_key(*id)).collect();
        new.into_iter().cloned().collect()
    }

    /// Judges services, and what is there for those who may see one behind it.
    fn behind(&mut self, db: &mut Db<'_>, known: &HashMap<String, String>) -> Result<(), StorageError> {
        let of = |table: &str| -> Vec<String> {
            known.iter().filter(|(_, known)| *known == table).map(|(id, _)| id.clone()).collect()
        };
        let services = of("service");
        let open = seen(db, self.viewer, &services)?;
        self.verdicts.extend(services.into_iter().map(|id| (id.clone(), !open.contains_key(&id))));
        for (table, offered) in [
            ("service_at_location", store::services_at(db, &of("service_at_location"))?),
            ("location", store::services_in(db, &of("location"))?),
            ("program", store::services_naming(db, &of("program"), "program_id")?),
            ("organization", store::services_naming(db, &of("organization"), "organization_id")?),
        ] {
            let Behind { shown, hidden } = self.behind_services(db, offered)?;
            let is_place = matches!(table, "service_at_location" | "location");
            let withheld = |id: &String| if is_place { !shown.contains(id) } else { hidden.contains(id) };
            self.verdicts.extend(of(table).into_iter().map(|id| (id.clone(), withheld(&id))));
        }
        self.agreements(db, of("agreement"))?;
        self.secret(db, (&of("service_at_location"), of("location")))
    }

    /// Judges agreements by their parties and the services in scope.
    fn agreements(&mut self, db: &mut Db<'_>, ids: Vec<String>) -> Result<(), StorageError> {
        if self.viewer == Viewer::Anybody || ids.is_empty() {
            self.verdicts.extend(ids.into_iter().map(|id| (id, true)));
            return Ok(());
        }
        let mut agreed: HashMap<String, Agreed> = ids.into_iter().map(|id| (id, Agreed::default())).collect();
        for bound in store::bound_by(db, &agreed.keys().cloned().collect::<Vec<_>>())? {
            let Some(agreed) = agreed.get_mut(&bound.agreement) else { continue };
            let targets = if bound.is_service { &mut agreed.services } else { &mut agreed.parties };
            targets.insert(bound.target);
        }
        let all = |of: fn(&Agreed) -> &BTreeSet<String>| -> Vec<String> {
            agreed.values().flat_map(of).cloned().collect::<BTreeSet<_>>().into_iter().collect()
        };
        let open = seen(db, self.viewer, &all(|agreed| &agreed.services))?;
        let offered = store::services_naming(db, &all(|agreed| &agreed.parties), "organization_id")?;
        let Behind { hidden, .. } = self.behind_services(db, offered)?;
        self.verdicts.extend(agreed.into_iter().map(|(id, Agreed { services, parties })| {
            let is_open = services.is_empty() || services.iter().any(|service| open.contains_key(service));
            let left = parties.iter().filter(|party| !hidden.contains(*party)).count();
            (id, !is_open || (left < parties.len() && left < 2))
        }));
        Ok(())
    }

    /// What stands behind services, by whether the viewer may see one of them.
    fn behind_services(
        &self,
        db: &mut Db<'_>,
        offered: Vec<(String, String)>,
    ) -> Result<Behind, StorageError> {
        let services: BTreeSet<String> = offered.iter().map(|(_, service)| service.clone()).collect();
        let open = seen(db, self.viewer, &services.into_iter().collect::<Vec<_>>())?;
        let (shown, other): (Vec<_>, Vec<_>) =
            offered.into_iter().partition(|(_, service)| open.contains_key(service));
        let shown: BTreeSet<String> = shown.into_iter().map(|(id, _)| id).collect();
        let hidden = other.into_iter().map(|(id, _)| id).filter(|id| !shown.contains(id)).collect();
        Ok(Behind { shown, hidden })
    }

    /// Withholds locations whose whereabouts are kept secret, and services at them, from all but the provider.
    fn secret(
        &mut self,
        db: &mut Db<'_>,
        (places, mut locations): (&[String], Vec<String>),
    ) -> Result<(), StorageError> {
        let at = store::locations_of(db, places)?;
        locations.extend(at.iter().map(|(_, location)| location.clone()));
        let secret: BTreeSet<String> = store::confidential(db, &locations)?.into_iter().collect();
        if secret.is_empty() {
            return Ok(());
        }
        let offered = store::services_in(db, &secret.iter().cloned().collect::<Vec<_>>())?;
        let services: Vec<String> = offered.iter().map(|(_, service)| service.clone()).collect();
        let own: BTreeSet<String> = match self.viewer {
            Viewer::Member(Some(own)) => store::provided_by(db, &services, own)?.into_iter().collect(),
            Viewer::Member(None) | Viewer::Anybody | Viewer::Keeper => BTreeSet::new(),
        };
        // Where several offer services at one secret place, each is trusted with it.
        let known: BTreeSet<&String> = offered
            .iter()
            .filter(|(_, service)| own.contains(service))
            .map(|(location, _)| location)
            .collect();
        let withheld = |location: &String| secret.contains(location) && !known.contains(location);
        let hidden: Vec<String> = at
            .iter()
            .filter(|(_, location)| withheld(location))
            .map(|(place, _)| place.clone())
            .chain(locations.iter().filter(|location| withheld(location)).cloned())
            .collect();
        self.verdicts.extend(hidden.into_iter().map(|id| (id, true)));
        Ok(())
    }
}
