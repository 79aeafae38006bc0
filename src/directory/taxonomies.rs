//! The taxonomies that come with the program: services, populations, barriers and humanitarian sectors, as a package to be taken in like any other.
//!
//! # Decisions
//!
//! - They are data: two tables, with ids that never change. A term that means something else gets another id.
//! - What a term is called elsewhere stands in `crosswalk`: sector codes of OCHA, codes of this hub's policy, identifiers of Open Eligibility.
//!   Nothing of a licensed taxonomy is among them; a partner's own codes come in with the partner's terms, which may have a `crosswalk` too.
//! - Packages name the terms by their ids, and hold the rows of those they name.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use super::hsds::{HsdsError, Made, Package, Remarks};

/// The name of the source that they come from.
pub const TAXONOMIES: &str = "throughline-taxonomies";

const TABLES: [(&str, &str); 2] = [
    ("taxonomy", include_str!("../../config/taxonomies/taxonomy.csv")),
    ("taxonomy_term", include_str!("../../config/taxonomies/taxonomy_term.csv")),
];

/// They, as a package.
pub fn taxonomies() -> Result<Package, HsdsError> {
    let tables = TABLES.into_iter().map(|(name, text)| made(name, text)).collect::<Result<_, _>>()?;
    Package::made(tables, Remarks::default())
}

fn made(name: &'static str, text: &str) -> Result<Made<String>, HsdsError> {
    let file = format!("{name}.csv");
    let rows =
        rows(text).map_err(|reason| HsdsError::Form { file: file.clone(), reason: reason.to_string() })?;
    Ok(Made { name, file, rows: (2..).zip(rows).collect(), called: BTreeMap::new() })
}

fn rows(text: &str) -> Result<Vec<BTreeMap<String, String>>, csv::Error> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect()
}

/// What one of their terms is called elsewhere, by its id.
pub(super) fn crosswalk(term: &str) -> Option<&'static str> {
    static KNOWN: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let [_, (_, terms)] = TABLES;
        let terms = rows(terms).unwrap_or_default().into_iter();
        terms.filter_map(|mut cells| Some((cells.remove("id")?, cells.remove("crosswalk")?))).collect()
    });
    KNOWN.get(term).map(String::as_str)
}

/// The codes of one scheme in a cross-walk, such as `ocha:FSC; ocha:NUT; open-eligibility:1271 (broader)`.
pub(super) fn codes<'a>(crosswalk: &'a str, scheme: &'a str) -> impl Iterator<Item = &'a str> {
    crosswalk.split(';').filter_map(move |entry| {
        let code = entry.trim().strip_prefix(scheme)?.strip_prefix(':')?;
        code.split_whitespace().next()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::{Policy, PopulationCode, ServiceCode};

    fn terms() -> Vec<BTreeMap<String, String>> {
        rows(TABLES[1].1).unwrap()
    }

    #[test]
    fn the_terms_lead_to_codes_that_there_are_and_each_service_code_has_a_term() {
        let (policy, mut reached) = (Policy::builtin(), BTreeSet::new());
        for term in terms() {
            let walk = crosswalk(&term["id"]).unwrap();
            for code in codes(walk, "policy") {
                let code = code.split('.').next().unwrap();
                if let Ok(service) = code.parse::<ServiceCode>() {
                    assert!(policy.service(&service).is_some(), "{code}");
                    reached.insert(service);
                } else {
                    let population: PopulationCode = code.parse().unwrap();
                    assert!(policy.populations().any(|known| known.code == population), "{code}");
                }
            }
            let known = walk.split(';').filter(|entry| !entry.trim().is_empty()).all(|entry| {
                ["ocha:", "policy:", "open-eligibility:"]
                    .iter()
                    .any(|scheme| entry.trim().starts_with(scheme))
            });
            assert!(known, "{walk}");
        }
        let all: BTreeSet<ServiceCode> = policy.services().map(|service| service.code.clone()).collect();
        assert_eq!(reached, all);
    }

    #[test]
    fn ids_and_codes_stand_once_and_terms_below_others_of_their_taxonomy() {
        let terms = terms();
        let ids: BTreeSet<&str> = terms.iter().map(|term| term["id"].as_str()).collect();
        let codes: BTreeSet<(&str, &str)> =
            terms.iter().map(|term| (term["taxonomy_id"].as_str(), term["code"].as_str())).collect();
        assert_eq!((ids.len(), codes.len()), (terms.len(), terms.len()));
        for term in terms.iter().filter(|term| !term["parent_id"].is_empty()) {
            let parent = terms.iter().find(|parent| parent["id"] == term["parent_id"]).unwrap();
            assert_eq!(parent["taxonomy_id"], term["taxonomy_id"], "{}", term["code"]);
        }
        let taxonomies = rows(TABLES[0].1).unwrap();
        let barriers = taxonomies.iter().find(|one| one["name"] == "Barriers").unwrap();
        let barriers: BTreeSet<&str> = terms
            .iter()
            .filter(|term| term["taxonomy_id"] == barriers["id"])
            .map(|term| term["code"].as_str())
            .collect();
        let rule = crate::directory::hsds::tables::rule("access_barrier").unwrap();
        assert_eq!(barriers, rule.closed[0].1.iter().copied().collect());
    }

    #[test]
    fn a_cross_walk_is_read_scheme_by_scheme() {
        let walk = "ocha:FSC; ocha:NUT ;open-eligibility:1271 (broader); ochac:X";
        assert_eq!(codes(walk, "ocha").collect::<Vec<_>>(), ["FSC", "NUT"]);
        assert_eq!(codes(walk, "open-eligibility").collect::<Vec<_>>(), ["1271"]);
        assert_eq!(codes("", "ocha").count(), 0);
    }
}
