//! The taxonomies that come with the program: services, populations, barriers, humanitarian sectors and kinds of organisations, as a package to be taken in
//! like any other.
//!
//! # Decisions
//!
//! - They are data: two tables, with ids that never change. A term that means something else gets another id.
//! - Terms are in English. What services and populations are called in other languages stands in a list of its own, a line for each term, and
//!   becomes rows of `translation`.
//! - What a term is called elsewhere stands in `crosswalk`: sector codes of OCHA, codes of this hub's policy, identifiers of Open Eligibility, and codes of
//!   kinds of organisations.
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

/// What terms are called in other languages.
const LABELS: &str = include_str!("../../config/taxonomies/labels.csv");

/// The languages of that list.
const LANGUAGES: [&str; 3] = ["fr", "es", "ar"];

/// The texts of a term. Both are its label.
const TEXTS: [&str; 2] = ["name", "description"];

/// They, as a package.
pub fn taxonomies() -> Result<Package, HsdsError> {
    let mut tables = Vec::new();
    for (name, text) in TABLES {
        let file = format!("{name}.csv");
        let rows = (2..).zip(read(&file, text)?).collect();
        tables.push(Made { name, file, rows, called: BTreeMap::new() });
    }
    tables.push(translations()?);
    Package::made(tables, Remarks::default())
}

/// What terms are called in other languages, as rows.
fn translations() -> Result<Made<String>, HsdsError> {
    let file = String::from("labels.csv");
    let mut made = Vec::new();
    for (line, labels) in (2..).zip(read(&file, LABELS)?) {
        let label = |column: &str| labels.get(column).map(String::as_str);
        let Some(term) = label("id") else { continue };
        for (language, text) in LANGUAGES.iter().filter_map(|language| Some((*language, label(language)?))) {
            made.extend(TEXTS.map(|field| (line, translation((term, field), (language, text)))));
        }
    }
    Ok(Made { name: "translation", file, rows: made, called: BTreeMap::new() })
}

fn translation((term, field): (&str, &str), (language, text): (&str, &str)) -> BTreeMap<String, String> {
    let id = format!("{term}.{field}.{language}");
    let cells = [
        ("id", id.as_str()),
        ("link_id", term),
        ("link_entity", "taxonomy_term"),
        ("field", field),
        ("language", language),
        ("text", text),
    ];
    cells.map(|(column, cell)| (column.to_owned(), cell.to_owned())).into()
}

fn read(file: &str, text: &str) -> Result<Vec<BTreeMap<String, String>>, HsdsError> {
    let wrong = |reason: csv::Error| HsdsError::Form { file: file.to_owned(), reason: reason.to_string() };
    rows(text).map_err(wrong)
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
                ["ocha:", "policy:", "open-eligibility:", "org-type:"]
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
    fn each_service_and_population_is_called_something_in_every_language() {
        let labels = rows(LABELS).unwrap();
        let named = ["Services for people on the move", "Populations"];
        let expected: Vec<(String, String)> = terms()
            .into_iter()
            .filter(|term| named.contains(&term["taxonomy"].as_str()))
            .map(|term| (term["id"].clone(), term["code"].clone()))
            .collect();
        let listed = labels.iter().map(|row| (row["id"].clone(), row["code"].clone()));
        assert_eq!(listed.collect::<Vec<_>>(), expected, "in the order of the terms");
        for row in &labels {
            assert!(LANGUAGES.iter().all(|language| !row[*language].trim().is_empty()), "{}", row["code"]);
        }
        let made = translations().unwrap().rows;
        let ids: BTreeSet<&str> = made.iter().map(|(_, cells)| cells["id"].as_str()).collect();
        assert_eq!(ids.len(), labels.len() * LANGUAGES.len() * TEXTS.len());
        assert!(terms().iter().all(|term| term["name"] == term["description"]), "both are the label");
    }

    #[test]
    fn a_cross_walk_is_read_scheme_by_scheme() {
        let walk = "ocha:FSC; ocha:NUT ;open-eligibility:1271 (broader); ochac:X";
        assert_eq!(codes(walk, "ocha").collect::<Vec<_>>(), ["FSC", "NUT"]);
        assert_eq!(codes(walk, "open-eligibility").collect::<Vec<_>>(), ["1271"]);
        assert_eq!(codes("", "ocha").count(), 0);
    }
}
