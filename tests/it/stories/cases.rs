//! The case studies of the guidance, in a small directory: what Mary and Ibrahim need is found, and what is shut to them is left out.
//!
//! Source: IOM Guidance on Referral Mechanisms, 4.1.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};
use throughline::directory::Visibility;

use crate::support::{Org, TestHub, import_package, write_package};

/// Terms of the taxonomy of services.
const GUARDIAN: &str = "a47a3e51-2c82-55a4-ac1b-5bdfec912e9b";
const BEST_INTERESTS: &str = "45f5ef50-bb9c-55ee-b94b-cc21a42d9618";
const EDUCATION: &str = "4c511661-719e-5de8-926a-e8b2bfd7b5e1";
const LEGAL: &str = "0f0667f4-6bd6-5e62-88d6-f1f106b34388";
const STAY: &str = "b86da702-b9ca-5fcd-ab3c-54624675f675";
const HEALTH: &str = "8eb2d92a-b3c2-54f3-981e-45bae7a73996";
const MENTAL_HEALTH: &str = "22593e13-1f33-5704-80ba-7913674d7e96";
const WORK: &str = "dc4462b4-2644-5fdd-9dc4-55ceb5bfceb0";
const RETURN: &str = "6d56d838-62c1-5c38-a840-9f271095bcf7";

/// A service, its term, its ages, and its rules: attribute, operator, values, kind.
type Offer = (&'static str, &'static str, &'static str, &'static [[&'static str; 4]]);

const EVERYBODY: [&str; 4] = ["everybody", "exists", "", "required"];

const OFFERS: &[Offer] = &[
    (
        "Office for guardians",
        GUARDIAN,
        ",",
        &[["age_months", "between", ",215", "required"], ["population", "in", "PG04,PG05", "required"]],
    ),
    ("Panel for the best interests of children", BEST_INTERESTS, ",17", &[]),
    ("Secondary school", EDUCATION, "12,19", &[]),
    ("Evening school for adults", EDUCATION, "18,", &[]),
    ("Office for permits", STAY, ",", &[EVERYBODY, ["migration_status", "in", "citizen", "excluded"]]),
    ("Desk for refused asylum seekers", STAY, ",", &[["population", "in", "PG03", "required"]]),
    ("Flights home", RETURN, ",", &[["population", "in", "PG04,PG05", "excluded"], EVERYBODY]),
    ("Clinic for chronic illness", HEALTH, ",", &[EVERYBODY, ["health", "in", "hiv", "priority"]]),
    ("Clinic for migrants in transit", HEALTH, ",", &[["migration_status", "not_in", "citizen", "required"]]),
    ("Counselling", MENTAL_HEALTH, "18,", &[]),
    ("Counselling for children", MENTAL_HEALTH, ",17", &[]),
    ("Placement in workshops", WORK, "18,", &[["population", "in", "PG11,PG13", "required"]]),
    (
        "Work for permit holders",
        WORK,
        ",",
        &[["migration_status", "in", "resident_regular,refugee", "required"]],
    ),
];

fn package(folder: &Path, offers: &[Offer]) {
    let [mut services, mut attributes, mut rules] = [const { String::new() }; 3];
    let mut terms =
        vec![format!("{LEGAL},Legal assistance,"), format!("{STAY},Regularisation of stay,{LEGAL}")];
    for (at, (name, term, ages, stated)) in offers.iter().enumerate() {
        writeln!(services, "s{at},o1,{name},active,{ages}").unwrap();
        writeln!(attributes, "a{at},s{at},service,{term}").unwrap();
        let row = format!("{term},Term {at},");
        if !terms.iter().any(|known| known.starts_with(term)) {
            terms.push(row);
        }
        for (rule, [attribute, operator, values, kind]) in stated.iter().enumerate() {
            writeln!(rules, "r{at}x{rule},s{at},1,{attribute},{operator},\"{values}\",{kind}").unwrap();
        }
    }
    let files = [
        ("organization", "id,name", String::from("o1,Network of the coast\n")),
        ("taxonomy_term", "id,name,parent_id", terms.join("\n") + "\n"),
        ("service", "id,organization_id,name,status,minimum_age,maximum_age", services),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id", attributes),
        ("eligibility_rule", "id,service_id,group_no,attribute,operator,values,kind", rules),
    ];
    write_package(folder, files);
}

async fn directory() -> (TestHub, Org) {
    directory_of(OFFERS).await
}

async fn directory_of(offers: &[Offer]) -> (TestHub, Org) {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), offers);
    let report = import_package(&hub, folder.path().into(), ("coast", Visibility::Members)).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    let org = hub.org("Lakeside").await;
    (hub, org)
}

/// What is found for a person below a term, or anywhere.
async fn search(hub: &TestHub, org: &Org, term: Option<&str>, person: &Value) -> Value {
    let query = match term {
        Some(term) => json!({ "taxonomy_term": term, "taxonomy_term_mode": "descendants", "limit": 50 }),
        None => json!({ "limit": 50 }),
    };
    let body = json!({ "query": query, "person": person });
    org.post(hub, "/api/v1/services/search", &body).await.expect(200).body
}

/// Names and answers, by name.
fn found(results: &Value) -> Vec<(&str, &str)> {
    let items = results["items"].as_array().unwrap().iter();
    let mut found: Vec<(&str, &str)> = items
        .map(|item| (item["name"].as_str().unwrap(), item["eligibility"]["answer"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    found
}

/// The texts of the rules that decided about the first that was found.
fn decided(results: &Value) -> Vec<&str> {
    let rules = results["items"][0]["eligibility"]["decided_by"].as_array().unwrap().iter();
    rules.map(|rule| rule["text"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn mary_finds_a_guardian_a_panel_a_school_and_a_permit_and_nothing_that_is_shut_to_her() {
    let (hub, org) = directory().await;
    let mary = json!({ "age": 16, "sex": "female", "population": ["PG04"], "migration_status": ["irregular"],
        "complete": ["population", "migration_status"] });
    for (term, name) in [
        (GUARDIAN, "Office for guardians"),
        (BEST_INTERESTS, "Panel for the best interests of children"),
        (EDUCATION, "Secondary school"),
        // She looks for legal help; the permit is below it.
        (LEGAL, "Office for permits"),
    ] {
        let results = search(&hub, &org, Some(term), &mary).await;
        assert_eq!(found(&results), [(name, "eligible")], "{results}");
    }
    let guardians = search(&hub, &org, Some(GUARDIAN), &mary).await;
    assert_eq!(decided(&guardians).len(), 2, "each rule of the group holds: {guardians}");
    let school = search(&hub, &org, Some(EDUCATION), &mary).await;
    assert_eq!(school["not_eligible"], 1, "the evening school");
    // She does not want to go back, and an unaccompanied child is not flown there anyhow.
    let back = search(&hub, &org, Some(RETURN), &mary).await;
    assert_eq!((&back["items"], &back["not_eligible"]), (&json!([]), &json!(1)));
    let all = search(&hub, &org, None, &mary).await;
    let names: Vec<&str> = found(&all).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "Clinic for chronic illness",
        "Clinic for migrants in transit",
        "Counselling for children",
        "Office for guardians",
        "Office for permits",
        "Panel for the best interests of children",
        "Secondary school",
    ];
    assert_eq!(names, expected);
    assert_eq!(all["not_eligible"], OFFERS.len() - expected.len());

    // Which rule it is that shuts a service shows as soon as what it asks for was not said.
    let without_age = json!({ "sex": "female", "population": ["PG04"] });
    let school = search(&hub, &org, Some(EDUCATION), &without_age).await;
    assert_eq!(
        found(&school),
        [("Evening school for adults", "not_known"), ("Secondary school", "not_known")]
    );
    let ages: Vec<&Value> =
        school["items"].as_array().unwrap().iter().map(|item| &item["eligibility"]["decided_by"]).collect();
    assert!(ages.iter().all(|by| by.as_array().unwrap().len() == 1 && by[0]["attribute"] == "age_months"));
    let texts: Vec<&str> = ages.iter().map(|by| by[0]["text"].as_str().unwrap()).collect();
    assert!(texts.contains(&"age from 18 years"), "{texts:?}");
}

#[actix_web::test]
async fn ibrahim_finds_his_medicines_somebody_to_talk_to_and_a_job_and_nothing_that_is_shut_to_him() {
    let (hub, org) = directory().await;
    let ibrahim = json!({ "age": 47, "sex": "male", "population": ["PG11"], "migration_status": ["citizen"],
        "health": ["hiv"], "complete": ["population", "migration_status"] });
    for (term, name) in [
        (HEALTH, "Clinic for chronic illness"),
        (MENTAL_HEALTH, "Counselling"),
        (WORK, "Placement in workshops"),
    ] {
        let results = search(&hub, &org, Some(term), &ibrahim).await;
        assert_eq!(found(&results), [(name, "eligible")], "{results}");
        assert_eq!(results["not_eligible"], 1, "{name} has a neighbour that is shut to him");
    }
    let clinic = search(&hub, &org, Some(HEALTH), &ibrahim).await;
    assert_eq!(clinic["items"][0]["eligibility"]["priority"], true);
    let all = search(&hub, &org, None, &ibrahim).await;
    let names: Vec<&str> = found(&all).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "Clinic for chronic illness",
        "Counselling",
        "Evening school for adults",
        "Flights home",
        "Placement in workshops",
    ];
    assert_eq!(names, expected);
    // At home he is a citizen: the office for permits is shut to him by that, and by nothing else.
    let unsaid = json!({ "age": 47, "population": ["PG11"], "complete": ["population"] });
    let permits = search(&hub, &org, Some(LEGAL), &unsaid).await;
    assert_eq!(found(&permits), [("Office for permits", "not_known")]);
    let by = &permits["items"][0]["eligibility"]["decided_by"][0];
    assert_eq!((&by["attribute"], &by["excludes"]), (&json!("migration_status"), &json!(true)));
}

#[actix_web::test]
async fn the_examples_of_the_guidance_are_found_by_whom_they_take_and_counted_for_whom_they_do_not() {
    const NOT_ASKED: &str = "Desk for migrants who have not asked for asylum";
    const SHELTER: &str = "Shelter for women under thirty who were trafficked";
    let (hub, org) = directory_of(&[
        (
            NOT_ASKED,
            STAY,
            ",",
            &[EVERYBODY, ["migration_status", "in", "asylum_seeker,asylum_seeker_rejected", "excluded"]],
        ),
        (
            SHELTER,
            HEALTH,
            ",29",
            &[["sex", "in", "female", "required"], ["population", "in", "PG01", "required"]],
        ),
    ])
    .await;
    let trafficked = |sex: &str, age: u32| json!({ "sex": sex, "age": age, "population": ["PG01"] });
    for (term, name, person, expected) in [
        (STAY, NOT_ASKED, json!({ "migration_status": ["irregular_entry"] }), Some("eligible")),
        (STAY, NOT_ASKED, json!({ "migration_status": ["asylum_seeker"] }), None),
        (STAY, NOT_ASKED, json!({ "migration_status": ["asylum_seeker_rejected"] }), None),
        (STAY, NOT_ASKED, json!({ "age": 30 }), Some("not_known")),
        (HEALTH, SHELTER, trafficked("female", 29), Some("eligible")),
        (HEALTH, SHELTER, trafficked("female", 30), None),
        (HEALTH, SHELTER, trafficked("male", 29), None),
        (HEALTH, SHELTER, json!({ "sex": "female", "age": 20 }), Some("not_known")),
    ] {
        let results = search(&hub, &org, Some(term), &person).await;
        let found = found(&results);
        assert_eq!(found, expected.map(|answer| (name, answer)).into_iter().collect::<Vec<_>>(), "{person}");
        let shut = usize::from(expected.is_none());
        assert_eq!(results["not_eligible"], shut, "{person}: {results}");
    }
}
