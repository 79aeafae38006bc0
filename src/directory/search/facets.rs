//! What was found, counted. Counts hold only what the viewer may see, and not what is shut to the person.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{
    index::{CODE, SERVES},
    sift::{Judged, Sift},
};

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

/// Counts what fits.
pub(super) fn count(layers: &[(Sift<'_>, Judged)]) -> Facets {
    let numbers = layers.iter().map(|(sift, judged)| {
        let numbers: HashSet<u32> = judged.fitting.iter().map(|fitting| fitting.number).collect();
        (sift, numbers)
    });
    let numbers: Vec<_> = numbers.collect();
    let facet = |name: &str| counted(numbers.iter().flat_map(|(sift, of)| sift.facet(name, of)));
    Facets {
        service: facet(CODE),
        taxonomy_term: facet("term"),
        language: facet("language"),
        area: facet(SERVES),
    }
}

fn counted<'a>(found: impl Iterator<Item = (&'a str, usize)>) -> Vec<Facet> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (value, services) in found {
        let count = counts.entry(value).or_insert(0);
        *count = count.saturating_add(services);
    }
    let mut facets: Vec<Facet> =
        counts.into_iter().map(|(value, services)| Facet { value: value.to_owned(), services }).collect();
    facets.sort_unstable_by(|one, other| {
        other.services.cmp(&one.services).then_with(|| one.value.cmp(&other.value))
    });
    facets.truncate(MOST_VALUES);
    facets
}
