//! What was found, counted. Counts hold only what the viewer may see, and not what is shut to the person.

use std::collections::HashMap;

use serde::Serialize;

use super::{Judged, store};
use crate::storage::{Db, StorageError};

/// How many values of each facet are given.
const MOST_VALUES: usize = 50;

/// A value and how many services have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// How many services.
    pub services: usize,
}

/// What was found, counted: the most frequent values first, at most 50 of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Facets {
    /// By service code.
    pub service: Vec<Facet>,
    /// By taxonomy term, as its id.
    pub taxonomy_term: Vec<Facet>,
    /// By language.
    pub language: Vec<Facet>,
    /// By area that they say they serve, as country, level and code.
    pub area: Vec<Facet>,
}

/// Counts services that fit conditions.
pub(super) fn count(db: &mut Db<'_>, conditions: &str, judged: &Judged) -> Result<Facets, StorageError> {
    let mut facet = |name: &str| -> Result<Vec<Facet>, StorageError> {
        Ok(counted(store::facets_of(db, (name, conditions))?, judged))
    };
    let (taxonomy_term, language, area) = (facet("term")?, facet("language")?, facet("serves")?);
    Ok(Facets { service: counted(store::codes_of(db, conditions)?, judged), taxonomy_term, language, area })
}

fn counted(found: Vec<(String, String)>, judged: &Judged) -> Vec<Facet> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for (value, service) in found {
        if !judged.leaves_out(&service) {
            let count = counts.entry(value).or_insert(0);
            *count = count.saturating_add(1);
        }
    }
    let mut facets: Vec<Facet> =
        counts.into_iter().map(|(value, services)| Facet { value, services }).collect();
    facets.sort_unstable_by(|one, other| {
        other.services.cmp(&one.services).then_with(|| one.value.cmp(&other.value))
    });
    facets.truncate(MOST_VALUES);
    facets
}
