//! People search for somebody: what a service says of whom it takes, and what they chose to say of the person.

use std::path::Path;

use serde_json::{Value, json};
use throughline::directory::{self, Given, Visibility, hsds::Package};

use crate::support::{Org, TestHub, restrict, send, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";
const PUBLIC: &str = "44444444-4444-4444-8444-444444444441";
const HEALTH: &str = "44444444-4444-4444-8444-444444444442";
const DENTIST: &str = "44444444-4444-4444-8444-444444444443";

fn id(number: u32) -> String {
    format!("22222222-2222-4222-8222-22222222222{number}")
}

/// A shelter for women, one for boys, a clinic for everybody with its dentist, an office that says nothing, and a hidden house.
pub(super) fn package(folder: &Path) {
    let [women, boys, clinic, office, hidden] = [1, 2, 3, 4, 5].map(id);
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("taxonomy", "id,name", String::from("t1,Needs\n")),
        (
            "taxonomy_term",
            "id,name,taxonomy_id,parent_id",
            format!("{PUBLIC},Public,t1,\n{HEALTH},Health,t1,{PUBLIC}\n{DENTIST},Dentist,t1,{HEALTH}\n"),
        ),
        (
            "service",
            "id,organization_id,name,status,minimum_age,maximum_age,eligibility_description",
            format!(
                "{women},{ORGANISATION},Shelter for women,active,,,\n{boys},{ORGANISATION},Shelter for boys,active,12,17,\n\
                 {clinic},{ORGANISATION},Clinic,active,,,\n{office},{ORGANISATION},Office,active,,,by appointment\n\
                 {hidden},{ORGANISATION},Canary house,active,,,\n"
            ),
        ),
        (
            "eligibility_rule",
            "id,service_id,group_no,attribute,operator,values,kind,text",
            format!(
                "r1,{women},1,sex,in,female,required,\nr2,{women},1,population,in,PG01,required,victims of trafficking\n\
                 r3,{women},1,age_months,between,\",359\",required,\nr4,{boys},1,sex,in,male,required,\n\
                 r5,{clinic},1,everybody,exists,,required,\nr6,{clinic},1,population,in,PG16,priority,\n\
                 r7,{hidden},1,everybody,exists,,required,\n"
            ),
        ),
        (
            "access_barrier",
            "id,service_id,barrier_type,severity,description",
            format!("b1,{clinic},reporting_to_authorities,high,asks for papers\n"),
        ),
        (
            "referral_requirement",
            "id,service_id,form,reports_to_authorities",
            format!("q1,{clinic},none,unknown\n"),
        ),
        (
            "referral_channel",
            "id,service_id,channel,order,address",
            format!("c1,{clinic},telephone,1,+260211000000\n"),
        ),
        (
            "outgoing_referral",
            "id,organization_id,to_service_id,note",
            format!("g1,{ORGANISATION},{clinic},whoever is ill\n"),
        ),
        ("language", "id,service_id,code", format!("l1,{clinic},fr-CD\nl2,{women},en\n")),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id", format!("x1,{clinic},service,{DENTIST}\n")),
        (
            "translation",
            "id,link_id,link_entity,field,language,text,machine_made",
            format!("n1,{clinic},service,name,ar,عيادة,no\n"),
        ),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: &Path) -> directory::hsds::Report {
    let package = Package::open(folder).unwrap();
    hub.hub
        .write("directory.import", &hub.operator(), move |tx| {
            let given = Given { package: &package, source: "coast", visibility: Visibility::Public };
            directory::import(tx, given, &mut |_| {})
        })
        .await
        .unwrap()
}

async fn directory() -> (TestHub, Org, tempfile::TempDir) {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let report = import(&hub, folder.path()).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    restrict(&hub, &id(5)).await;
    let org = hub.org("Lakeside").await;
    (hub, org, folder)
}

async fn search(hub: &TestHub, org: &Org, query: Value, person: Value) -> Value {
    let body = json!({ "query": query, "person": person });
    org.post(hub, "/api/v1/services/search", &body).await.expect(200).body
}

fn found(results: &Value) -> Vec<(&str, &str)> {
    let items = results["items"].as_array().unwrap().iter();
    items
        .map(|item| (item["name"].as_str().unwrap(), item["eligibility"]["answer"].as_str().unwrap()))
        .collect()
}

#[actix_web::test]
async fn a_service_is_left_out_only_by_a_rule_of_its_own_and_otherwise_says_what_to_ask() {
    let (hub, org, _folder) = directory().await;
    let woman = json!({ "sex": "female", "age": 24, "population": ["PG01.presumed", "PG16"] });
    let results = search(&hub, &org, json!({}), woman).await;
    let expected = [("Clinic", "eligible"), ("Shelter for women", "eligible"), ("Office", "not_known")];
    assert_eq!(found(&results), expected);
    assert_eq!(results["not_eligible"], 1, "the boys' shelter, and not the house nobody may know of");
    assert_eq!(results["items"][0]["eligibility"]["priority"], true);
    assert_eq!(results["items"][2]["eligibility"]["decided_by"][0]["text"], "by appointment");

    let boy = json!({ "sex": "male", "born": "2009-06-01" });
    let results = search(&hub, &org, json!({}), boy).await;
    let expected = [("Shelter for boys", "eligible"), ("Clinic", "eligible"), ("Office", "not_known")];
    assert_eq!(found(&results), expected);

    let results = search(&hub, &org, json!({ "text": "shelter" }), json!({ "sex": "female" })).await;
    assert_eq!(found(&results), [("Shelter for women", "not_known")]);
    let asks = results["items"][0]["eligibility"]["decided_by"].as_array().unwrap();
    let asks: Vec<&str> = asks.iter().map(|rule| rule["text"].as_str().unwrap()).collect();
    assert_eq!(asks, ["victims of trafficking", "age up to 29 years"]);
}

#[actix_web::test]
async fn when_a_search_for_somebody_finds_nothing_it_says_what_the_rules_took_away() {
    let (hub, org, _folder) = directory().await;
    let man = json!({ "sex": "male", "age": 40 });
    let results = search(&hub, &org, json!({ "text": "shelter" }), man).await;
    assert_eq!((&results["items"], &results["not_eligible"]), (&json!([]), &json!(2)));
    let without = &results["nothing"]["without"];
    let expected = json!([
        { "filter": "text", "services": 2 },
        { "filter": "person", "services": 2 },
    ]);
    assert_eq!(
        *without, expected,
        "without words the clinic and the office; without the person both shelters"
    );
}

#[actix_web::test]
async fn what_was_said_of_a_person_is_kept_nowhere_and_repeated_nowhere() {
    let (hub, org, _folder) = directory().await;
    let canary = "canarystatus";
    let said = json!({ "health": [canary], "migration_status": [canary] });
    let results = search(&hub, &org, json!({}), said).await;
    assert!(!results.to_string().contains(canary), "{results}");
    for person in [
        json!({ "age": canary }),
        json!({ "sex": [canary] }),
        json!({ "complete": [canary] }),
        json!({ "health": [canary.repeat(9)] }),
        json!({ "age": 12, "born": "2009-06-01" }),
    ] {
        let refused =
            org.post(&hub, "/api/v1/services/search", &json!({ "person": person })).await.expect(400);
        assert!(!refused.body.to_string().contains(canary), "{}", refused.body);
    }
    hub.run_jobs().await;
    assert!(!hub.everything_stored().contains(canary));
    let in_the_address = org.get(&hub, "/api/v1/services?person=x").await;
    assert_eq!(in_the_address.status, 400, "facts have no place in an address");
}

#[actix_web::test]
async fn lists_are_narrowed_by_term_and_language_and_counted() {
    let (hub, org, _folder) = directory().await;
    let names = async |query: &str| -> Vec<String> {
        let found = org.get(&hub, &format!("/api/v1/services?{query}")).await.expect(200).body;
        let items = found["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&format!("taxonomy_term={DENTIST}")).await, ["Clinic"]);
    assert!(names(&format!("taxonomy_term={PUBLIC}")).await.is_empty(), "only what bears the term itself");
    assert_eq!(names(&format!("taxonomy_term={PUBLIC}&taxonomy_term_mode=descendants")).await, ["Clinic"]);
    assert_eq!(names("language=FR").await, ["Clinic"]);
    assert_eq!(names("language=fr-cd").await, ["Clinic"]);
    assert!(names("language=fr-be").await.is_empty());
    assert_eq!(names("text=%D8%B9%D9%8A%D8%A7%D8%AF%D8%A9").await, ["Clinic"], "by its Arabic name");
    let counted = org.get(&hub, "/api/v1/services?facets=true&limit=1").await.expect(200).body;
    let expected = json!({
        "service": [],
        "taxonomy_term": [{ "value": DENTIST, "services": 1 }],
        "language": [
            { "value": "en", "services": 1 }, { "value": "fr", "services": 1 }, { "value": "fr-cd", "services": 1 },
        ],
        "area": [],
    });
    assert_eq!(counted["facets"], expected);
    let next = counted["next"].as_str().unwrap();
    let second =
        org.get(&hub, &format!("/api/v1/services?facets=true&limit=1&after={next}")).await.expect(200);
    assert_eq!(second.body.get("facets"), None, "once is enough");
    let boys = search(&hub, &org, json!({ "facets": true }), json!({ "sex": "male" })).await;
    let languages = boys["facets"]["language"].as_array().unwrap();
    assert!(
        languages.iter().all(|language| language["value"] != "en"),
        "what is shut to the person is not counted"
    );
}

#[actix_web::test]
async fn a_rule_that_changes_at_the_source_is_judged_as_it_is_now() {
    let (hub, org, folder) = directory().await;
    let man = json!({ "sex": "male", "age": 40 });
    let rules = folder.path().join("eligibility_rule.csv");
    let before = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, before.replace(",sex,in,female,", ",sex,in,\"female,male\",")).unwrap();
    hub.clock.advance(chrono::TimeDelta::minutes(5));
    assert_eq!(import(&hub, folder.path()).await.changes(), 1);
    let results = search(&hub, &org, json!({ "text": "women" }), json!({ "sex": "male", "age": 20 })).await;
    assert_eq!(found(&results), [("Shelter for women", "not_known")]);
    let results = search(&hub, &org, json!({ "text": "women" }), man).await;
    assert_eq!(results["items"], json!([]));
}

#[actix_web::test]
async fn rules_that_cannot_be_understood_are_named_by_the_import_and_asked_about() {
    let (hub, org, folder) = directory().await;
    let rules = folder.path().join("eligibility_rule.csv");
    let before = std::fs::read_to_string(&rules).unwrap();
    let text = format!("{before}r8,{},1,age_months,between,eighteen,required,adults\n", id(3));
    std::fs::write(&rules, text).unwrap();
    hub.clock.advance(chrono::TimeDelta::minutes(5));
    let report = import(&hub, folder.path()).await;
    assert_eq!((report.refused, report.warned), (0, 1));
    assert_eq!((report.problems[0].code, report.problems[0].line), ("eligibility", Some(9)));
    let results = search(&hub, &org, json!({ "text": "clinic" }), json!({ "age": 30 })).await;
    assert_eq!(found(&results), [("Clinic", "not_known")]);
    assert_eq!(results["items"][0]["eligibility"]["decided_by"][0]["text"], "adults");
}

#[actix_web::test]
async fn documents_tell_whom_a_service_takes_and_colleagues_what_keeps_people_away() {
    let (hub, org, _folder) = directory().await;
    let path = format!("/hsds/services/{}", id(3));
    let public = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
    assert_eq!(public["eligibility_rules"][0]["attribute"], "everybody");
    assert_eq!(public["referral_requirements"][0]["reports_to_authorities"], "unknown");
    assert_eq!(public["translations"][0]["text"], "عيادة");
    assert_eq!(public["organization"]["outgoing_referrals"][0]["note"], "whoever is ill");
    assert_eq!((public.get("access_barriers"), public.get("referral_channels")), (None, None));
    let member = org.get(&hub, &path).await.expect(200).body;
    assert_eq!(member["access_barriers"][0]["description"], "asks for papers");
    assert_eq!(member["referral_channels"][0]["order"], 1);
}
