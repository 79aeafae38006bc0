//! The list of a service mapping exercise becomes a directory that people search.

use std::path::Path;

use serde_json::json;
use throughline::{
    access::Actor,
    directory::{
        self, DirectoryError, Given, Visibility,
        hsds::{Package, Report},
        sheet::{self, Map, Sheet, SheetError},
    },
};

use crate::support::{Org, TestHub, import_package, process::Machine, send, write_package};

/// Twenty-one rows in French, of organisations that do not exist, as Excel saves them: semicolons, Windows-1252, CR LF.
const LIST: &[u8] = include_bytes!("lists/cartographie.csv");

fn package(bytes: &[u8]) -> Result<Package, SheetError> {
    mapped(bytes, None)
}

fn mapped(bytes: &[u8], map: Option<Map>) -> Result<Package, SheetError> {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("cartographie.csv");
    std::fs::write(&list, bytes).unwrap();
    Ok(sheet::package(Sheet::open(&list)?, map)?.0)
}

async fn import(hub: &TestHub, bytes: &[u8]) -> Report {
    take(hub, || package(bytes).unwrap()).await
}

async fn take(hub: &TestHub, package: impl Fn() -> Package) -> Report {
    // The log of changes knows a row once at one moment.
    hub.clock.advance(chrono::TimeDelta::seconds(1));
    let (looked_at, package) = (package(), package());
    let now = hub.hub.now();
    let looked = hub
        .hub
        .read::<_, DirectoryError>(move |db| {
            directory::dry_run(db, &Actor::operator(), (&looked_at, "mapping-2026", now), &mut |_| {})
        })
        .await
        .unwrap();
    let taken = hub
        .hub
        .write("directory.import", &hub.operator(), move |tx| {
            let given = Given { package: &package, source: "mapping-2026", visibility: Visibility::Members };
            directory::import(tx, given, &mut |_| {})
        })
        .await
        .unwrap();
    assert_eq!(looked, taken, "the look says what is done");
    taken
}

/// The list with its rows in another order. One cell holds a line break, so rows end at the last column.
fn shuffled() -> Vec<u8> {
    let text: String = LIST.iter().map(|byte| char::from(*byte)).collect();
    let (header, rest) = text.split_once("\r\n").unwrap();
    let mut rows: Vec<String> = Vec::new();
    for line in rest.split_terminator("\r\n") {
        match rows.last_mut().filter(|row| row.matches(';').count() < 18) {
            Some(row) => *row = format!("{row}\r\n{line}"),
            None => rows.push(line.to_owned()),
        }
    }
    assert_eq!(rows.len(), 21);
    rows.reverse();
    rows.swap(3, 15);
    let text = [header.to_owned()].into_iter().chain(rows).collect::<Vec<_>>().join("\r\n");
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn corrected(from: &str, to: &str) -> Vec<u8> {
    let text: String = LIST.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(text.matches(from).count(), 1);
    text.replace(from, to).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

async fn found(hub: &TestHub, org: &Org, words: &str) -> Vec<String> {
    let page = org.get(hub, &format!("/api/v1/services?text={words}")).await.expect(200);
    page.body["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect()
}

fn said(report: &Report) -> Vec<String> {
    let line = |p: &directory::hsds::Problem| {
        let (line, column) = (p.line.unwrap_or_default(), p.column.as_deref().unwrap_or("-"));
        format!("{line} {column}: {}", p.code)
    };
    report.problems.iter().map(line).collect()
}

#[actix_web::test]
async fn a_list_is_found_by_search_and_a_second_import_changes_what_was_corrected() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let report = import(&hub, LIST).await;
    let rows = |table| report.table(table).unwrap().new;
    assert_eq!(["organization", "service", "location", "service_at_location"].map(rows), [9, 18, 19, 19]);
    let expected = [
        "0 -: encoding",
        "4 Site web: url_scheme",
        "5 Site web: url_scheme",
        "5 Téléphone: telephone",
        "6 Site web: url_scheme",
        "10 Nom de l'organisation: spelling",
        "10 Langues: differs",
        "15 Site web: url_scheme",
        "18 Site web: url_scheme",
        "22 Pays: country",
        "5 Latitude: coordinates",
        "13 Latitude: coordinates",
        "14 Latitude: coordinates",
    ];
    assert_eq!(said(&report), expected);
    let left_out: Vec<&str> = report.left_out.iter().map(|left| left.table.as_str()).collect();
    assert_eq!(left_out, ["column \"Personne de contact\""]);
    assert!(report.left_out[0].reason.contains("people"));
    assert_eq!(found(&hub, &org, "hebergement").await.len(), 2);
    assert_eq!(found(&hub, &org, "oeuvre%20vestiaire").await, ["Vestiaire"]);
    for canary in ["Canari", "Canary"] {
        assert!(found(&hub, &org, canary).await.is_empty(), "nobody is found by name");
    }

    for bytes in [LIST.to_vec(), shuffled()] {
        let again = import(&hub, &bytes).await;
        assert_eq!((again.changes(), again.missing()), (0, 0));
    }
    for (from, to) in [
        ("Colis pour deux semaines", "Colis pour trois semaines"),
        (";71 000 301;conseil@", ";71 000 399;conseil@"),
        ("lundi et mardi", "lundi, mardi et jeudi"),
        (";2, place du March\u{e9};", ";4, place du March\u{e9};"),
        (";Vestiaire;", ";VESTIAIRE;"),
    ] {
        let once = import(&hub, &corrected(from, to)).await;
        assert_eq!((once.changes(), once.missing()), (1, 0), "{from}");
        assert_eq!(import(&hub, LIST).await.changes(), 1, "and back");
    }
}

#[actix_web::test]
async fn what_a_list_holds_stands_in_the_documents_of_its_services_and_no_person_does() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    import(&hub, LIST).await;
    let page = org.get(&hub, "/hsds/services?full=true&search=conseil").await.expect(200);
    let service = &page.body["contents"][0];
    let places = service["service_at_locations"].as_array().unwrap();
    let mut cities: Vec<&str> =
        places.iter().map(|p| p["location"]["addresses"][0]["city"].as_str().unwrap()).collect();
    cities.sort_unstable();
    assert_eq!(cities, ["Gab\u{e8}s", "Sfax", "Tunis"]);
    assert!(places.iter().all(|place| place["phones"].as_array().unwrap().len() == 1));
    assert_eq!(service["assured_date"], "2026-02-20");
    assert_eq!(service["fees_description"], "gratuit");
    let all = org.get(&hub, "/hsds/services?full=true").await.expect(200).body.to_string();
    assert!(all.contains("71 000 201") && !all.contains("Canari"), "numbers come without names");
}

#[actix_web::test]
async fn the_table_of_who_does_what_where_comes_in_elsewhere_without_its_hashtags() {
    let (hub, folder) = (TestHub::new(), tempfile::tempdir().unwrap());
    let [aid, clinic, legal] = [1, 2, 3].map(|number| format!("11111111-1111-4111-8111-11111111111{number}"));
    let tables = [
        ("organization", "id,name,alternate_name,legal_status", format!("{aid},Harbour Aid,HA,NGO\n")),
        (
            "service",
            "id,organization_id,name,status,assured_date",
            format!("{clinic},{aid},Clinic,active,2026-02-20\n{legal},{aid},Legal advice,active,\n"),
        ),
        (
            "location",
            "id,location_type,name,latitude,longitude,admin_area",
            String::from("l1,physical,Old quay,-15.4,28.3,ZM109012\nl2,physical,New quay,-15.5,28.4,\n"),
        ),
        (
            "address",
            "id,location_id,city,state_province,country,address_type",
            String::from("a1,l1,Port,Southern,ZM,physical\na2,l2,Port,Southern,ZM,physical\n"),
        ),
        (
            "service_at_location",
            "id,service_id,location_id",
            format!("p1,{clinic},l1\np2,{clinic},l2\np3,{legal},l1\n"),
        ),
        (
            "eligibility_rule",
            "id,service_id,group_no,attribute,operator,values,kind",
            format!("e1,{clinic},1,population,in,PG04,required\n"),
        ),
    ];
    super::areas::take_areas(&hub, super::areas::AREAS).await.unwrap();
    write_package(folder.path(), tables);
    import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    let table = send(&hub, None, "GET", "/api/v1/directory/3w.csv", &[], None).await.expect(200).body;
    let table = table.as_str().unwrap();
    let (_names, with_hashtags_only) = table.split_once('\n').unwrap();
    assert!(with_hashtags_only.starts_with("#org+name+prov,"), "{table}");
    assert!(table.contains(",ZM,ZM109,Southern,ZM109012,Siavonga,Port,Old quay,ZM109012,"), "{table}");
    assert!(table.contains("\nHarbour Aid,HA,NGO,,Clinic,") && table.contains(",PG04,"), "{table}");

    let other = TestHub::new();
    let org = other.org("Lakeside").await;
    let report = import(&other, table.as_bytes()).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    let left_out: Vec<&str> = report.left_out.iter().map(|one| one.table.as_str()).collect();
    for name in ["Acronym", "Admin 1 code", "Admin 2 code", "Population groups", "Places free", "Period to"] {
        assert!(left_out.contains(&format!("column \"{name}\"").as_str()), "{name}: {left_out:?}");
    }
    let rows = |table| report.table(table).unwrap().new;
    assert_eq!(["organization", "service", "location", "service_at_location"].map(rows), [1, 2, 3, 3]);
    assert_eq!(found(&other, &org, "harbour").await.len(), 2);
    assert!(found(&other, &org, "service").await.is_empty(), "no hashtag is an entry");
    let clinic = org.get(&other, "/hsds/services?full=true&search=clinic").await.expect(200).body;
    let clinic = &clinic["contents"][0];
    assert_eq!(clinic["assured_date"], "2026-02-20", "when it was verified, and not when it changed");
    let place = &clinic["service_at_locations"][0]["location"];
    assert_eq!((&place["latitude"], &place["addresses"][0]["city"]), (&json!(-15.4), &json!("Port")));

    for again in [table, with_hashtags_only] {
        let again = import(&other, again.as_bytes()).await;
        assert_eq!((again.changes(), again.missing(), again.refused), (0, 0, 0), "{:?}", again.problems);
    }
}

#[test]
fn a_list_whose_columns_are_not_all_understood_needs_a_map() {
    let refused = package(b"Organisation;Service;Remarque\nA;B;C\n").unwrap_err().to_string();
    assert!(refused.contains("\"Remarque\"") && refused.contains("--map"), "{refused}");
    assert!(package(b"PK\x03\x04").unwrap_err().to_string().contains("workbook"));
    assert!(Sheet::open(Path::new("/nowhere/list.csv")).is_err());
}

#[actix_web::test]
async fn a_list_says_once_what_language_it_is_in() {
    let hub = TestHub::new();
    let org = hub.org("Lakeside").await;
    let list = "Organisation;Service;Ville;Pays;Horaires\nAide du port;Soins;Sfax;TN;le matin\n".as_bytes();
    let map = json!({
        "v": "throughline-sheet-map-1",
        "columns": {
            "organisation": "Organisation", "service": "Service", "city": "Ville", "country": "Pays", "opening_hours": "Horaires",
        },
        "language": "fr",
    });
    let map = Map::parse(map.to_string().as_bytes()).unwrap();
    let report = take(&hub, || mapped(list, Some(map.clone())).unwrap()).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    let page = org.get(&hub, "/hsds/services?lang=fr&full=true").await.expect(200).body;
    let service = &page["contents"][0];
    let french = json!({ "language": "fr", "fallback": false });
    assert_eq!((&service["texts"]["name"], &service["organization"]["texts"]["name"]), (&french, &french));
    let page = org.get(&hub, "/hsds/services?lang=ar").await.expect(200).body;
    assert_eq!(page["contents"][0]["texts"]["name"], json!({ "language": "fr", "fallback": true }));
}

#[tokio::test]
async fn by_three_commands_a_list_becomes_a_directory_that_is_searched_and_a_fourth_forgets_it() {
    let machine = Machine::new();
    std::fs::write(machine.folder().join("list.csv"), LIST).unwrap();
    let map = machine.run("directory map list.csv").expect(0);
    let read: serde_json::Value = serde_json::from_str(&map.out).unwrap();
    assert!(read["columns"]["service"].is_string(), "{}", map.out);
    std::fs::write(machine.folder().join("map.json"), &map.out).unwrap();
    let from = "list.csv --map map.json --source mapping-2026";
    machine.run(&format!("directory import {from}")).expect(0);
    let search = "--json directory search clinique";
    let found = || -> serde_json::Value { serde_json::from_str(&machine.run(search).expect(0).out).unwrap() };
    assert_eq!(found()["items"], json!([]), "a look takes nothing");
    machine.run(&format!("directory import {from} --visibility public --yes")).expect(0);
    assert_ne!(found()["items"], json!([]));
    let gone = machine.run("--json directory forget mapping-2026").expect(0);
    let gone: serde_json::Value = serde_json::from_str(&gone.out).unwrap();
    assert!(gone["services"].as_u64().unwrap() > 5, "{gone}");
    assert_eq!(found()["items"], json!([]));
    let again = machine.run("directory forget mapping-2026").expect(0);
    assert_eq!(again.out.trim(), "Forgot 0 services.");

    std::fs::write(machine.folder().join("map.json"), "{}").unwrap();
    machine.run(&format!("directory import {from}")).expect(65);
}
