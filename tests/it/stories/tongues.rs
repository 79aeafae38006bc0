//! Texts in the language that is asked for: in documents, in an answer about one service, and on paper.

use std::path::Path;

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::directory::{Outcome, Visibility};

use crate::support::{Response, TestHub, import_package, send, service_of_row, verify, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";
const CLINIC: &str = "22222222-2222-4222-8222-222222222221";
const OFFICE: &str = "22222222-2222-4222-8222-222222222222";
const LEGAL: &str = "44444444-4444-4444-8444-444444444441";

/// A clinic whose entry is in English and has versions, and an office of which nobody says what language it is in.
fn package(folder: &Path) {
    let files = [
        ("organization", "id,name,text_language", format!("{ORGANISATION},Harbour Aid,en\n")),
        (
            "service",
            "id,organization_id,name,description,status,text_language",
            format!(
                "{CLINIC},{ORGANISATION},Harbour clinic,Primary care,active,en\n\
                 {OFFICE},{ORGANISATION},Ofisi ya sheria,Msaada wa kisheria,active,\n"
            ),
        ),
        ("taxonomy", "id,name", String::from("t1,Needs\n")),
        ("taxonomy_term", "id,name,taxonomy_id,language", format!("{LEGAL},Legal aid,t1,en\n")),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id", format!("x1,{OFFICE},service,{LEGAL}\n")),
        (
            "location",
            "id,location_type,name,latitude,longitude",
            String::from("l1,physical,Old quay,-15.4,28.3\n"),
        ),
        ("service_at_location", "id,service_id,location_id", format!("p1,{CLINIC},l1\np2,{OFFICE},l1\n")),
        (
            "address",
            "id,location_id,address_1,city,country,address_type",
            String::from("a1,l1,Quay 1,Port,ZM,physical\n"),
        ),
        (
            "schedule",
            "id,service_id,service_at_location_id,location_id,freq,byday,opens_at,closes_at,valid_to,description",
            format!(
                "s1,{CLINIC},,,WEEKLY,\"MO,TU,WE\",08:00,12:30,,Ring twice\n\
                 s2,{CLINIC},,,WEEKLY,SA,08:00,12:30,2020-01-01,Over\n\
                 s3,,p1,,WEEKLY,SU,09:00,10:00,,\n\
                 s4,,,l1,WEEKLY,FR,13:00,14:00,,\n"
            ),
        ),
        ("language", "id,service_id,name,code", format!("g1,{CLINIC},French,fr\ng2,{CLINIC},,sw\n")),
        (
            "translation",
            "id,link_id,link_entity,field,language,text,machine_made",
            format!(
                "n1,{CLINIC},service,name,ar,عيادة المرفأ,no\n\
                 n2,{CLINIC},service,description,fr,Soins de base,yes\n\
                 n3,{CLINIC},service,name,fr,Clinique du port,no\n\
                 n4,{ORGANISATION},organization,name,fr,Aide du port,no\n\
                 n5,l1,location,name,fr,Vieux quai,no\n\
                 n6,s1,schedule,description,fr,Sonnez deux fois,no\n\
                 n7,{LEGAL},taxonomy_term,name,fr,Aide juridique,no\n\
                 n8,{CLINIC},service,status,fr,fermé,no\n"
            ),
        ),
    ];
    write_package(folder, files);
}

async fn directory() -> TestHub {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let report = import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    hub
}

async fn get(hub: &TestHub, path: &str) -> Response {
    send(hub, None, "GET", path, &[], None).await
}

async fn document(hub: &TestHub, path: &str) -> Value {
    get(hub, &format!("/hsds/{path}")).await.expect(200).body
}

#[actix_web::test]
async fn a_document_stands_in_the_language_asked_for_and_says_which_texts_do_not() {
    let hub = directory().await;
    let french = document(&hub, &format!("services/{CLINIC}?lang=fr-CD")).await;
    assert_eq!(
        (&french["name"], &french["description"]),
        (&json!("Clinique du port"), &json!("Soins de base"))
    );
    assert_eq!(
        french["texts"],
        json!({
            "name": { "language": "fr", "fallback": false },
            "description": { "language": "fr", "fallback": false, "machine_made": true },
        })
    );
    assert_eq!(french["status"], "active", "only texts are translated");
    assert_eq!(french["organization"]["name"], "Aide du port");
    assert_eq!(french["service_at_locations"][0]["location"]["name"], "Vieux quai");
    let schedules = french["schedules"].as_array().unwrap();
    assert!(schedules.iter().any(|one| one["description"] == "Sonnez deux fois"), "{schedules:?}");

    let arabic = document(&hub, &format!("services/{CLINIC}?lang=ar")).await;
    assert_eq!(arabic["name"], "عيادة المرفأ");
    assert_eq!(arabic["texts"]["description"], json!({ "language": "en", "fallback": true }));
    let english = document(&hub, &format!("services/{CLINIC}?lang=en-GB")).await;
    assert_eq!(english["texts"]["name"], json!({ "language": "en", "fallback": false }));
    let spoken = english["schedules"].as_array().unwrap().iter().find(|one| one["texts"].is_object());
    let own = json!({ "description": { "language": "en", "fallback": false } });
    assert_eq!(spoken.unwrap()["texts"], own, "what is a part of an entry is in the language of the entry");
    let unknown = document(&hub, &format!("services/{OFFICE}?lang=fr")).await;
    assert_eq!(
        (&unknown["name"], &unknown["texts"]["name"]),
        (&json!("Ofisi ya sheria"), &json!({ "fallback": true }))
    );
    let plain = document(&hub, &format!("services/{CLINIC}")).await;
    assert!(plain["name"] == "Harbour clinic" && plain.get("texts").is_none());

    // Lists of every kind, short and whole, in the address and in the body, on pages and line by line.
    for path in ["services?lang=fr", "services?lang=fr&full=true", "service_at_locations?lang=fr"] {
        let page = document(&hub, path).await.to_string();
        assert!(page.contains("Clinique du port") && !page.contains("Harbour clinic"), "{path}: {page}");
    }
    let asked = json!({ "lang": "fr" });
    let posted = send(&hub, None, "POST", "/hsds/organizations", &[], Some(&asked)).await.expect(200).body;
    assert_eq!(posted["contents"][0]["name"], "Aide du port");
    assert_eq!(document(&hub, "taxonomy_terms?lang=fr").await["contents"][0]["name"], "Aide juridique");
    // Words find it by what its term is called in another language, whatever language is asked for.
    assert_eq!(document(&hub, "services?search=juridique").await["contents"][0]["id"], OFFICE);
    let lines = document(&hub, "services?lang=fr&format=ndjson").await.to_string();
    assert!(lines.contains("Clinique du port"), "{lines}");
    assert_eq!(get(&hub, "/hsds/services?lang=french!").await.status, 400);
}

#[actix_web::test]
async fn documents_in_another_language_are_valid_by_the_standard() {
    let hub = directory().await;
    let Some(schemas) = super::hsds::shared("data/hsds/spec-3.1/schema") else { return };
    for (path, schema) in [
        ("services?lang=fr&full=true", "service.json"),
        ("organizations?lang=fr&full_service=true", "organization.json"),
        ("service_at_locations?lang=ar&full=true", "service_at_location.json"),
        ("taxonomy_terms?lang=fr", "taxonomy_term.json"),
    ] {
        let judge = super::hsds::validator(&schemas, schema);
        let page = document(&hub, path).await;
        for document in page["contents"].as_array().unwrap() {
            assert!(
                document["texts"]["name"].is_object() || schema == "service_at_location.json",
                "{document}"
            );
            super::hsds::require_valid(&judge, document);
        }
    }
}

#[actix_web::test]
async fn a_service_stands_in_the_language_a_member_asks_for() {
    let hub = directory().await;
    let org = hub.org("Lakeside").await;
    let path = format!("/api/v1/services/svc_{}", CLINIC.replace('-', ""));
    let french = org.get(&hub, &format!("{path}?lang=fr")).await.expect(200).body;
    assert_eq!(
        (&french["name"], &french["provider"], &french["description"]),
        (&json!("Clinique du port"), &json!("Aide du port"), &json!("Soins de base"))
    );
    assert_eq!(
        french["texts"]["description"],
        json!({ "language": "fr", "fallback": false, "machine_made": true })
    );
    let arabic = org.get(&hub, &format!("{path}?lang=ar")).await.expect(200).body;
    assert_eq!(arabic["texts"]["provider"], json!({ "language": "en", "fallback": true }));
    let plain = org.get(&hub, &path).await.expect(200).body;
    assert!(plain["name"] == "Harbour clinic" && plain.get("texts").is_none());
    assert_eq!(org.get(&hub, &format!("{path}?lang=1")).await.status, 400);
}

#[actix_web::test]
async fn what_is_found_stands_in_the_language_a_member_asks_for() {
    let hub = directory().await;
    let org = hub.org("Lakeside").await;
    for asked in ["text=clinic&lang=fr", "lang=fr", "sort=freshness&lang=fr-CD"] {
        let found = org.get(&hub, &format!("/api/v1/services?{asked}")).await.expect(200).body;
        let clinic = found["items"].as_array().unwrap().iter().find(|one| one["name"] == "Clinique du port");
        let clinic = clinic.unwrap_or_else(|| panic!("{asked}: {found}"));
        assert_eq!(clinic["provider"], "Aide du port");
        assert_eq!(
            clinic["texts"]["description"],
            json!({ "language": "fr", "fallback": false, "machine_made": true })
        );
    }
    let both = org.get(&hub, "/api/v1/services?lang=ar").await.expect(200).body;
    let office =
        both["items"].as_array().unwrap().iter().find(|one| one["name"] == "Ofisi ya sheria").unwrap();
    assert_eq!(office["texts"]["name"], json!({ "fallback": true }));
    let plain = org.get(&hub, "/api/v1/services").await.expect(200).body;
    assert!(plain["items"][0].get("texts").is_none());
}

#[actix_web::test]
async fn what_a_provider_is_called_in_another_language_finds_its_services() {
    let hub = directory().await;
    let org = hub.org("Lakeside").await;
    for asked in ["text=aide%20port", "text=port&lang=ar", "text=port&lang=fr"] {
        let found = org.get(&hub, &format!("/api/v1/services?{asked}")).await.expect(200).body;
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{asked}: {found}");
    }
    let listed = document(&hub, "services?search=port").await;
    assert_eq!(listed["total_items"], 2);
}

async fn paper(hub: &TestHub, asked: &str) -> String {
    let page = get(hub, &format!("/api/v1/directory/page.html{asked}")).await.expect(200).body;
    page.as_str().unwrap().to_owned()
}

/// What a page says of one service.
fn entry<'a>(page: &'a str, name: &str) -> &'a str {
    page.split("<article>").find(|entry| entry.contains(name)).unwrap_or_else(|| panic!("{page}"))
}

#[actix_web::test]
async fn a_page_stands_in_the_language_asked_for_and_marks_what_does_not() {
    let hub = directory().await;
    let french = paper(&hub, "?area=port&lang=fr").await;
    assert!(french.contains("<html lang=\"fr\" dir=\"ltr\">") && french.contains("Répertoire des services"));
    let clinic = entry(&french, "Clinique du port");
    for said in [
        "<bdi lang=\"fr\" dir=\"ltr\">Aide du port</bdi> — <bdi lang=\"fr\" dir=\"ltr\">Clinique du port</bdi></h3>",
        "<bdi lang=\"fr\" dir=\"ltr\">Soins de base</bdi> <small>[traduction automatique]</small>",
        "Horaires: <bdi>lun.–mer. 08:00–12:30</bdi> <bdi lang=\"fr\" dir=\"ltr\">Sonnez deux fois</bdi></p>",
        "Langues: <bdi lang=\"en\" dir=\"ltr\">French</bdi> <small>[texte d’origine: en]</small>, <bdi>sw</bdi></p>",
        "Vieux quai</bdi> · <bdi>Quay 1</bdi> · Horaires: <bdi>dim. 09:00–10:00</bdi></p>",
    ] {
        assert!(clinic.contains(said), "{said}: {clinic}");
    }
    assert!(!clinic.contains("ven.") && !clinic.contains("Over"), "hours of another: {clinic}");
    let office = entry(&french, "Ofisi");
    assert!(office.contains("<bdi>Ofisi ya sheria</bdi> <small>[texte d’origine]</small>"), "{office}");
    assert!(office.contains("Horaires: <bdi>ven. 13:00–14:00</bdi>"), "those of the location: {office}");

    let arabic = paper(&hub, "?lang=ar-LB").await;
    assert!(arabic.contains("<html lang=\"ar\" dir=\"rtl\">") && arabic.contains("دليل الخدمات"));
    let clinic = entry(&arabic, "عيادة المرفأ");
    assert!(clinic.contains("<bdi lang=\"ar\" dir=\"rtl\">عيادة المرفأ</bdi></h3>"), "{clinic}");
    let fallback = "<bdi lang=\"en\" dir=\"ltr\">Primary care</bdi> <small>[النص الأصلي: en]</small>";
    assert!(clinic.contains(fallback), "{clinic}");
    let ring = "<bdi lang=\"en\" dir=\"ltr\">Ring twice</bdi> <small>[النص الأصلي: en]</small>";
    assert!(clinic.contains(ring), "{clinic}");
    let plain = paper(&hub, "").await;
    assert!(plain.contains("<html lang=\"en\" dir=\"ltr\">") && !plain.contains("<small>"), "{plain}");
    assert_eq!(get(&hub, "/api/v1/directory/page.html?lang=%3Cb%3E").await.status, 400);
}

/// What a point on the map says of how fresh its entry is, by the names of services.
async fn freshness_on_a_map(hub: &TestHub, name: &str) -> [Value; 3] {
    let map = get(hub, "/api/v1/directory/places.geojson").await.expect(200).body;
    let map: Value = map.as_str().map_or_else(|| map.clone(), |text| serde_json::from_str(text).unwrap());
    let mut points = map["features"].as_array().unwrap().iter().map(|point| &point["properties"]);
    let point = points.find(|point| point["name"] == name).unwrap_or_else(|| panic!("{map}"));
    ["verification", "verified_at", "flagged_at"].map(|member| point[member].clone())
}

#[actix_web::test]
async fn what_is_printed_and_published_says_how_fresh_each_entry_is() {
    let hub = directory().await;
    let verified_at = hub.now();
    verify(&hub, (service_of_row(CLINIC), 1), Outcome::Confirmed).await;
    let on = hub.now().to_string().chars().take(10).collect::<String>();
    let last = format!("Last verified on <bdi dir=\"ltr\">{on}</bdi>");
    for (days, state, doubt) in [
        (0, "verified", None),
        (91, "due", Some("due to be verified again")),
        (90, "stale", Some("out of date")),
    ] {
        hub.clock.advance(TimeDelta::days(days));
        let page = paper(&hub, "").await;
        let clinic = entry(&page, "Harbour clinic");
        assert!(clinic.contains(&last), "{state}: {clinic}");
        assert_eq!(clinic.contains("<strong>"), doubt.is_some(), "{state}: {clinic}");
        assert!(doubt.is_none_or(|doubt| clinic.contains(doubt)), "{state}: {clinic}");
        assert!(entry(&page, "Ofisi").contains("<strong>Never verified"), "{page}");
        let table = get(&hub, "/api/v1/directory/3w.csv").await.expect(200).body;
        let row =
            |name: &str| table.as_str().unwrap().lines().find(|row| row.contains(name)).unwrap().to_owned();
        assert!(row("Harbour clinic").ends_with(&format!(",{on},{state}")), "{table}");
        assert!(row("Ofisi").ends_with(",,unverified"), "{table}");
        let point = freshness_on_a_map(&hub, "Harbour clinic").await;
        assert_eq!(point, [json!(state), json!(verified_at), Value::Null]);
        let never = [json!("unverified"), Value::Null, Value::Null];
        assert_eq!(freshness_on_a_map(&hub, "Ofisi ya sheria").await, never);
    }
    // That it did not fit what people met is said before how long ago somebody looked.
    let reports = format!("/api/v1/services/{}/reports", service_of_row(CLINIC));
    for name in ["Harbour Aid", "Hill Aid", "Lake Aid"] {
        hub.org(name).await.post(&hub, &reports, &json!({ "met": "closed" })).await.expect(200);
    }
    let clinic = paper(&hub, "").await;
    assert!(entry(&clinic, "Harbour clinic").contains("<strong>does not fit what people met"), "{clinic}");
    let table = get(&hub, "/api/v1/directory/3w.csv").await.expect(200).body;
    let row = table.as_str().unwrap().lines().find(|row| row.contains("Harbour clinic")).unwrap();
    assert!(row.ends_with(&format!(",{on},flagged")), "{row}");
    let [state, at, flagged] = freshness_on_a_map(&hub, "Harbour clinic").await;
    assert_eq!((state, at, flagged), (json!("stale"), json!(verified_at), json!(hub.now())));
    hub.run_jobs().await;
}
