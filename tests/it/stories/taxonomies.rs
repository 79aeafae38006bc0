//! The taxonomies that come with the program: taken in, listed, and counted by sector.

use std::path::Path;

use serde_json::{Value, json};
use throughline::directory::{self, TAXONOMIES, Visibility, hsds::Report};

use crate::support::{Org, TestHub, import_package, import_read, process::Machine, send, write_package};

const SERVICES: &str = "497b74a5-9032-5712-9636-ea79615de422";
const FOOD: &str = "30f2cfb1-f942-516e-b90a-7d927568030c";
const GUARD: &str = "a47a3e51-2c82-55a4-ac1b-5bdfec912e9b";

async fn taken(hub: &TestHub) -> Report {
    import_read(hub, directory::taxonomies().unwrap(), (TAXONOMIES, Visibility::Public)).await
}

async fn document(hub: &TestHub, path: &str) -> Value {
    send(hub, None, "GET", &format!("/hsds/{path}"), &[], None).await.expect(200).body
}

#[actix_web::test]
async fn the_taxonomies_that_come_along_are_listed_for_everybody_and_stay_as_they_are() {
    let hub = TestHub::new();
    let report = taken(&hub).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    assert_eq!(taken(&hub).await.changes(), 0, "a second time");
    let taxonomies = document(&hub, "taxonomies").await;
    let names: Vec<&str> =
        taxonomies["contents"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Services for people on the move",
            "Populations",
            "Barriers",
            "Humanitarian sectors",
            "Organisation types"
        ]
    );
    let food = document(&hub, &format!("taxonomy_terms/{FOOD}")).await;
    assert_eq!((&food["code"], &food["taxonomy_id"]), (&"FOOD".into(), &SERVICES.into()));
    let walk = food["crosswalk"].as_str().unwrap();
    assert!(
        walk.contains("ocha:FSC") && walk.contains("open-eligibility:1102") && walk.contains("policy:SV03")
    );
    let attributed = document(&hub, &format!("taxonomies/{SERVICES}")).await;
    let said = attributed["description"].as_str().unwrap();
    assert!(said.contains("Open Eligibility 2.0") && said.contains("CC BY-SA 3.0"), "{said}");
    let top =
        document(&hub, &format!("taxonomy_terms?taxonomy_id={SERVICES}&top_only=true&per_page=100")).await;
    let all = document(&hub, &format!("taxonomy_terms?taxonomy_id={SERVICES}&per_page=100")).await;
    assert!(top["total_items"].as_i64() < all["total_items"].as_i64());
    let Some(schemas) = super::hsds::shared("data/hsds/spec-3.1/schema") else { return };
    for (page, schema) in [(&taxonomies, "taxonomy.json"), (&all, "taxonomy_term.json")] {
        let judge = super::hsds::validator(&schemas, schema);
        page["contents"].as_array().unwrap().iter().for_each(|one| super::hsds::require_valid(&judge, one));
    }
}

/// Services that bear terms of ours, one of a partner's with a cross-walk, and one that leads nowhere.
fn package(folder: &Path) {
    let files = [
        ("organization", "id,name", String::from("o1,Harbour Aid\n")),
        (
            "taxonomy_term",
            "id,name,crosswalk",
            format!("{FOOD},Food,\n{GUARD},Guardians,\nx1,Clinics,ocha:HEA; ocha:XX\nx2,Other,\n"),
        ),
        (
            "service",
            "id,organization_id,name,status",
            String::from(
                "s1,o1,Soup,active\ns2,o1,Guardians,active\ns3,o1,Clinic,active\ns4,o1,Club,active\n",
            ),
        ),
        ("location", "id,location_type", String::from("l1,physical\n")),
        (
            "service_at_location",
            "id,service_id,location_id",
            String::from("p1,s1,l1\np2,s2,l1\np3,s3,l1\np4,s4,l1\n"),
        ),
        (
            "attribute",
            "id,link_id,link_entity,taxonomy_term_id",
            format!("a1,s1,service,{FOOD}\na2,s2,service,{GUARD}\na3,s3,service,x1\na4,s4,service,x2\n"),
        ),
    ];
    write_package(folder, files);
}

#[actix_web::test]
async fn sectors_are_found_through_the_terms_of_a_service() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let report = import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    let table = send(&hub, None, "GET", "/api/v1/directory/3w.csv", &[], None).await.expect(200).body;
    let row = |name: &str| table.as_str().unwrap().lines().find(|row| row.contains(name)).unwrap().to_owned();
    for (name, sectors) in [("Soup", "FSC|NUT"), ("Guardians", "PRO-CPN"), ("Clinic", "HEA"), ("Club", "")] {
        assert!(row(name).contains(&format!(",{name},,{sectors},active,")), "{name}: {table}");
    }
    let exact = send(&hub, None, "GET", "/api/v1/directory/3w.csv?sector=PRO", &[], None).await.expect(200);
    assert_eq!(exact.body.as_str().unwrap().lines().count(), 2, "an area is not its sector");
}

/// What an earlier release brought along: terms in English alone.
fn without_labels(folder: &Path) {
    let tables = [
        ("taxonomy", include_str!("../../../config/taxonomies/taxonomy.csv")),
        ("taxonomy_term", include_str!("../../../config/taxonomies/taxonomy_term.csv")),
    ];
    let tables = tables.map(|(table, text)| {
        let (columns, rows) = text.split_once('\n').unwrap();
        (table, columns, rows.to_owned())
    });
    write_package(folder, tables);
}

/// The names of the services that words find.
async fn found(hub: &TestHub, org: &Org, words: &str) -> Vec<String> {
    let body = json!({ "query": { "text": words } });
    let found = org.post(hub, "/api/v1/services/search", &body).await.expect(200).body;
    let items = found["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn services_and_populations_are_told_and_found_in_the_languages_of_the_labels() {
    let hub = TestHub::new();
    let org = hub.org("Lakeside").await;
    let (earlier, services) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    without_labels(earlier.path());
    import_package(&hub, earlier.path().into(), (TAXONOMIES, Visibility::Public)).await;
    package(services.path());
    import_package(&hub, services.path().into(), ("coast", Visibility::Public)).await;
    assert!(found(&hub, &org, "tutelle").await.is_empty());

    hub.clock.advance(chrono::TimeDelta::seconds(1));
    let upgraded = taken(&hub).await;
    assert_eq!((upgraded.refused, upgraded.warned), (0, 0), "{:?}", upgraded.problems);
    assert_eq!((upgraded.changes(), upgraded.table("translation").unwrap().new), (498, 498));
    while hub.hub.tend("directory.enter_searched", directory::search::enter_searched).await.unwrap() {}
    for (words, service) in [
        ("tutelle", "Guardians"),
        ("tutela", "Guardians"),
        ("وصاية", "Guardians"),
        ("alimentation", "Soup"),
        ("غذاء", "Soup"),
    ] {
        assert_eq!(found(&hub, &org, words).await, [service], "{words}");
    }

    for (lang, label) in
        [("fr", "Alimentation et nutrition"), ("es", "Alimentación y nutrición"), ("ar", "غذاء وتغذية")]
    {
        let food = document(&hub, &format!("taxonomy_terms/{FOOD}?lang={lang}")).await;
        let own = json!({ "language": lang, "fallback": false });
        assert_eq!((&food["name"], &food["texts"]["name"]), (&json!(label), &own), "{lang}");
        assert_eq!((&food["description"], &food["texts"]["description"]), (&json!(label), &own), "{lang}");
    }
    let english = json!({ "language": "en", "fallback": true });
    let portuguese = document(&hub, &format!("taxonomy_terms/{FOOD}?lang=pt")).await;
    assert_eq!((&portuguese["name"], &portuguese["texts"]["name"]), (&json!("Food and nutrition"), &english));
    let whole = document(&hub, "services?lang=fr&full=true").await.to_string();
    assert!(whole.contains("Tutelle d’un enfant"), "{whole}");
    hub.clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(taken(&hub).await.changes(), 0, "a second time");
}

#[tokio::test]
async fn one_command_takes_the_taxonomies_after_a_look() {
    let machine = Machine::new();
    let look = machine.run("directory taxonomies").expect(0);
    assert!(look.out.contains("Nothing was changed."), "{}", look.out);
    let taken = machine.run("directory taxonomies --yes").expect(0);
    assert!(taken.out.contains("Imported: 633 rows"), "{}", taken.out);
    let again = machine.run("directory taxonomies --yes").expect(0);
    assert!(again.out.contains("Everything is there already"), "{}", again.out);
}
