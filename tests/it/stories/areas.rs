//! Services are found by the areas they serve or are in, areas change with time, and where a place is can be kept secret.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{self, DirectoryError, Visibility, hsds::Report, sheet::Sheet},
    hub::Failure,
};

use crate::support::{Org, Response, TestHub, import_package, link_to, send, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

const AREAS: &str = "country,level,code,name,name_fr,parent,latitude,longitude\n\
    ZM,0,ZM,Zambia,Zambie,,-13.1,27.8\n\
    ZM,1,ZM109,Southern,Méridionale,ZM,-16.8,26.9\n\
    ZM,2,ZM109012,Siavonga,,ZM109,-16.5,28.7\n\
    ZM,1,ZM105,Lusaka,,ZM,-15.4,28.3\n";

/// What services serve, where they are, and whether that is secret: name, area served, area of the place, latitude, secret.
const SERVICES: &[(&str, &str, &str, &str, &str)] = &[
    ("Hotline", "ZM", "ZM105", "-15.41", ""),
    ("Clinic", "zm109012", "ZM109012", "-16.53", "no"),
    ("Office", "ZM105", "ZM109012", "-16.54", ""),
    ("Shelter", "ZM109", "ZM109012", "-16.599", "yes"),
    ("Drop-in", "ZM777", "", "-15.42", ""),
];

fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

fn package(folder: &Path) {
    let (mut services, mut areas, mut locations, mut places) =
        (String::new(), String::new(), String::new(), String::new());
    let mut phones = String::new();
    for (number, (name, serves, within, latitude, secret)) in SERVICES.iter().enumerate() {
        let (service, location, place) = (uuid(2, number), uuid(3, number), uuid(5, number));
        writeln!(services, "{service},{ORGANISATION},{name},active").unwrap();
        writeln!(areas, "{},{service},{serves}", uuid(4, number)).unwrap();
        writeln!(locations, "{location},physical,{ORGANISATION},{latitude},28.7,{within},P-Code,{secret}")
            .unwrap();
        writeln!(places, "{place},{service},{location}").unwrap();
        writeln!(phones, "{},+26021100000{number},{place}", uuid(6, number)).unwrap();
    }
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("service", "id,organization_id,name,status", services),
        (
            "location",
            "id,location_type,organization_id,latitude,longitude,external_identifier,external_identifier_type,confidential",
            locations,
        ),
        ("service_at_location", "id,service_id,location_id", places),
        ("service_area", "id,service_id,admin_area", areas),
        ("phone", "id,number,service_at_location_id", phones),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf) -> Report {
    import_package(hub, folder, ("test", Visibility::Public)).await
}

/// Takes a list of areas, and works out anew where services are. Answers what a look said before.
async fn take_areas(hub: &TestHub, text: &str) -> Result<Report, DirectoryError> {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("areas.csv");
    std::fs::write(&list, text).unwrap();
    let (looked_at, sheet) = (Sheet::open(&list).unwrap(), Sheet::open(&list).unwrap());
    let looked = hub
        .hub
        .read::<_, DirectoryError>(move |db| {
            directory::areas::look_at_areas(db, &Actor::operator(), &looked_at)
        })
        .await
        .unwrap();
    let taking = move |tx: &mut throughline::access::Tx<'_>| directory::areas::import_areas(tx, &sheet);
    let taken = hub.hub.write("directory.import_areas", &hub.operator(), taking).await;
    let taken = taken.map_err(|failure| {
        let Failure::Refused(error) = failure else { panic!("{failure}") };
        error
    });
    while hub.hub.tend("directory.enter_searched", directory::search::enter_searched).await.unwrap() {}
    if let Ok(taken) = &taken {
        assert_eq!(*taken, looked, "a look says what is taken");
    }
    taken.map(|_| looked)
}

async fn directory() -> (TestHub, Org, tempfile::TempDir) {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    take_areas(&hub, AREAS).await.unwrap();
    package(folder.path());
    import(&hub, folder.path().into()).await;
    let org = hub.org("Lakeside").await;
    (hub, org, folder)
}

fn names(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn found(hub: &TestHub, org: &Org, query: &str) -> Vec<String> {
    let body = org.get(hub, &format!("/api/v1/services?{query}")).await.expect(200).body;
    names(&body).into_iter().map(str::to_owned).collect()
}

async fn hsds(hub: &TestHub, path: &str) -> Response {
    send(hub, None, "GET", &format!("/hsds{path}"), &[], None).await
}

#[actix_web::test]
async fn what_serves_an_area_and_what_is_in_it_are_two_questions() {
    let (hub, org, _folder) = directory().await;
    assert_eq!(
        found(&hub, &org, "area=ZM109012").await,
        ["Clinic", "Hotline", "Shelter"],
        "what serves the country or the province, and not who only has an office there"
    );
    assert_eq!(found(&hub, &org, "area=zm/1/zm109").await, ["Hotline", "Shelter"]);
    assert_eq!(found(&hub, &org, "area=ZM&area_mode=serves").await, ["Hotline"]);
    assert_eq!(found(&hub, &org, "area=ZM109012&area_mode=located").await, ["Clinic", "Office"]);
    assert_eq!(
        found(&hub, &org, "area=ZM&area_mode=located").await,
        ["Clinic", "Hotline", "Office", "Shelter"],
        "of a secret place the province is told, and what that lies in"
    );
    let none = org.get(&hub, "/api/v1/services?area=XX9").await.expect(400);
    assert_eq!(none.body["code"], "directory.unknown_area");
    for hostile in ["%00", "ZM%00", "%27%27%20OR%201=1", "ZM/1/%00", "///", "%E2%80%AE"] {
        let refused = org.get(&hub, &format!("/api/v1/services?area={hostile}")).await.expect(400);
        assert_eq!(refused.code(), "directory.unknown_area", "{hostile}");
    }
    for hostile in ["%00", "Z", "ZMB", "%27%27"] {
        let refused = org.get(&hub, &format!("/api/v1/areas?country={hostile}")).await.expect(400);
        assert_eq!(refused.code(), "directory.unknown_area", "{hostile}");
    }
    org.get(&hub, "/api/v1/areas?text=%00%27%25").await.expect(200);
    assert!(found(&hub, &org, "language=%00%27").await.is_empty());
    let facets =
        org.get(&hub, "/api/v1/services?facets=true").await.expect(200).body["facets"]["area"].clone();
    assert_eq!(facets.as_array().unwrap().len(), 4, "{facets}");
    let nothing = org.get(&hub, "/api/v1/services?area=ZM105&text=clinic").await.expect(200).body;
    let without = &nothing["nothing"]["without"];
    assert_eq!(without[1], json!({ "filter": "area", "services": 1 }), "{without}");

    let listed = hsds(&hub, "/services?area=ZM109&area_mode=located").await.expect(200).body;
    assert_eq!(listed["total_items"], 3);
    let lines = hsds(&hub, "/services?area=XX9&format=ndjson").await.expect(400);
    assert_eq!(lines.body["code"], "directory.unknown_area", "said before the answer begins");
}

#[actix_web::test]
async fn an_import_says_which_areas_nobody_knows() {
    let (hub, _org, folder) = directory().await;
    let report = import(&hub, folder.path().into()).await;
    let [problem] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
    assert_eq!(
        (problem.code, problem.line, problem.table.as_str()),
        ("area_unknown", Some(6), "service_area")
    );
    let bare = TestHub::new();
    let quiet = import(&bare, folder.path().into()).await;
    assert!(quiet.problems.is_empty(), "who has no areas is not told of each");
}

/// A list as large as that of all countries, with everything that real codes do.
fn world() -> String {
    let mut list = String::from("country,level,code,name,parent,valid_from,valid_to,replaced_by\n");
    let mut put = |row: [&str; 8]| list.push_str(&(row.join(",") + "\n"));
    for (country, three) in
        [("TR", "TUR"), ("IQ", "IQ"), ("HT", "HT"), ("LB", "LB"), ("AZ", "AZ"), ("TJ", "TJ")]
    {
        put([country, "0", country, country, "", "", "", ""]);
        for province in 0..40 {
            let code = format!("{three}{province:03}");
            put([country, "1", &code, "Province", country, "", "", ""]);
            for district in 0..132 {
                let (level, child) = match country {
                    "IQ" => ("2", format!("{three}G{province:02}Q{district:03}")),
                    "HT" => ("2", format!("{three}-{province:03}-{district:03}")),
                    "LB" => ("3", format!("{}", 10_000 + province * 200 + district)),
                    "AZ" => ("3", format!("{code}{district:03}")),
                    "TJ" => ("2", format!("X{province}Y{district}")),
                    _ => ("2", format!("{code}{district:03}")),
                };
                put([country, level, &child, "District", &code, "", "", ""]);
            }
        }
    }
    list
}

#[actix_web::test]
async fn every_kind_of_code_loads_and_what_lies_in_what_comes_from_the_list() {
    let hub = TestHub::new();
    let org = hub.org("Lakeside").await;
    let world = world();
    assert!(world.lines().count() > 31_000);
    let first = take_areas(&hub, &world).await.unwrap();
    assert_eq!((first.refused, first.tables[0].new), (0, first.tables[0].rows));
    let again = take_areas(&hub, &world).await.unwrap();
    assert_eq!((again.changes(), again.tables[0].unchanged), (0, first.tables[0].rows));

    let page = org.get(&hub, "/api/v1/areas?text=X7Y131").await.expect(200).body;
    let district = &page["items"][0];
    assert_eq!((&district["key"], &district["level"]), (&json!("TJ/2/X7Y131"), &json!(2)));
    let province = org.get(&hub, "/api/v1/areas?country=tj&level=1&text=TJ007").await.expect(200).body;
    assert_eq!(district["parent"], province["items"][0]["id"], "not by how codes begin");
    let within = format!("/api/v1/areas?limit=200&parent={}", province["items"][0]["id"].as_str().unwrap());
    assert_eq!(org.get(&hub, &within).await.expect(200).body["items"].as_array().unwrap().len(), 132);
}

#[actix_web::test]
async fn a_code_that_ended_is_what_took_its_place_and_one_used_again_is_by_date() {
    let (hub, org, _folder) = directory().await;
    let moved = "country,level,code,name,parent,valid_from,valid_to,replaced_by\n\
        ZM,1,ZM109,Southern,ZM,,2020-01-01,ZM110\n\
        ZM,1,ZM110,South,ZM,2020-01-01,,\n\
        ZM,1,ZM109,Another,ZM,2035-01-01,,\n";
    take_areas(&hub, moved).await.unwrap();
    assert_eq!(
        found(&hub, &org, "area=ZM110").await,
        ["Hotline", "Shelter"],
        "the list of services says ZM109"
    );
    assert_eq!(found(&hub, &org, "area=ZM109").await, ["Hotline", "Shelter"], "and so may who looks");
    let page = org.get(&hub, "/api/v1/areas?level=1").await.expect(200).body;
    assert_eq!(names(&page), ["Lusaka", "South"], "what there is today");
    hub.clock.advance(chrono::TimeDelta::days(365 * 12));
    let org = hub.org("Later").await;
    let page = org.get(&hub, "/api/v1/areas?level=1&text=another").await.expect(200).body;
    assert_eq!(names(&page), ["Another"]);
}

#[actix_web::test]
async fn a_list_of_areas_with_a_fault_is_not_taken_and_says_where() {
    let hub = TestHub::new();
    let org = hub.org("Lakeside").await;
    for (rows, line, column) in [
        ("ZM,0,ZM,Zambia,,,,,\nZM,1,ZM1,North,ZMX,,,,", 3, "parent"),
        ("ZM,0,ZM,Zambia,,,,,\nZM,1,ZM1,North,,,,,", 3, "parent"),
        ("ZM,0,ZM,Zambia,,,,,\nZM,0,ZM,Zambia,,,,,", 3, "code"),
        ("ZM,0,ZM,Zambia,,,,,\nZM,0,zm,Zambia,,2020-01-01,,,", 2, "valid_from"),
        ("Zambia,0,ZM,Zambia,,,,,", 2, "country"),
        ("ZM,ten,ZM,Zambia,,,,,", 2, "level"),
        ("ZM,0,Z M,Zambia,,,,,", 2, "code"),
        ("ZM,0,ZM,,,,,,", 2, "name"),
        ("ZM,0,ZM,Zambia,,1.2.2020,,,", 2, "valid_from"),
        ("ZM,0,ZM,Zambia,,2021-01-01,2020-01-01,,", 2, "valid_to"),
        ("ZM,0,ZM,Zambia,,,,91,0", 2, "latitude"),
        ("ZM,0,ZM,Zambia,,,,91,", 2, "latitude"),
    ] {
        let list = format!("country,level,code,name,parent,valid_from,valid_to,latitude,longitude\n{rows}\n");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list.csv"), &list).unwrap();
        let sheet = Sheet::open(&folder.path().join("list.csv")).unwrap();
        let looked = hub
            .hub
            .read::<_, DirectoryError>(move |db| {
                directory::areas::look_at_areas(db, &Actor::operator(), &sheet)
            })
            .await
            .unwrap();
        let problem = &looked.problems[0];
        assert_eq!(
            (problem.line, problem.column.as_deref()),
            (Some(line), Some(column)),
            "{rows}: {problem:?}"
        );
        let refused = take_areas(&hub, &list).await.unwrap_err();
        assert!(matches!(refused, DirectoryError::Stopped(_)), "{refused}");
    }
    assert!(names(&org.get(&hub, "/api/v1/areas").await.expect(200).body).is_empty());
}

/// Everything that is said to whoever asks, in every way there is.
async fn everything(hub: &TestHub, org: Option<&Org>) -> String {
    let mut all = String::new();
    for path in [
        "/hsds/services?full=true",
        "/hsds/service_at_locations?full=true",
        "/hsds/service_at_locations",
        "/hsds/organizations?full_service=true",
        "/hsds/services?format=ndjson&full=true",
        "/hsds/service_at_locations?lat=-16.599&lon=28.7&proximity=5",
        &format!("/hsds/service_at_locations/{}", uuid(5, 3)),
        &format!("/hsds/services/{}", uuid(2, 3)),
    ] {
        let answer = match org {
            Some(org) => org.get(hub, path).await,
            None => send(hub, None, "GET", path, &[], None).await,
        };
        all += &answer.body.to_string();
    }
    all
}

#[actix_web::test]
async fn where_a_secret_place_is_shows_in_no_answer_and_no_circle_closes_in_on_it() {
    let (hub, org, folder) = directory().await;
    let secrets = [uuid(3, 3), uuid(5, 3), "-16.599".to_owned(), "+260211000003".to_owned()];
    for answers in [everything(&hub, None).await, everything(&hub, Some(&org)).await] {
        assert!(answers.contains("Shelter") && answers.contains(&uuid(5, 1)));
        for secret in &secrets {
            assert!(!answers.contains(secret), "{secret}");
        }
    }
    let counted = hsds(&hub, "/service_at_locations").await.expect(200).body;
    assert_eq!(
        (&counted["total_items"], &counted["size"]),
        (&json!(4), &json!(4)),
        "counts do not tell either"
    );
    assert_eq!(hsds(&hub, &format!("/service_at_locations/{}", uuid(5, 3))).await.status, 404);

    // The middle of the province, and not the place, is where it is for whoever looks.
    for metres in ["1", "10", "1000", "20000"] {
        let near = format!("lat=-16.599&lon=28.7&proximity={metres}&text=shelter");
        assert!(found(&hub, &org, &near).await.is_empty(), "{metres}");
    }
    assert_eq!(found(&hub, &org, "lat=-16.8&lon=26.9&proximity=1&text=shelter").await, ["Shelter"]);

    let into = tempfile::tempdir().unwrap();
    let written = into.path().to_owned();
    hub.hub
        .read::<_, DirectoryError>(move |db| {
            directory::export(db, &Actor::operator(), "test", written.as_path())
        })
        .await
        .unwrap();
    for file in std::fs::read_dir(into.path()).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }

    link_to(&hub, &uuid(2, 3), (&org, "SV05")).await;
    let own = everything(&hub, Some(&org)).await;
    assert!(secrets.iter().all(|secret| own.contains(secret)), "its provider sees it");
    let stranger = everything(&hub, Some(&hub.org("Hillside").await)).await;
    assert!(secrets.iter().all(|secret| !stranger.contains(secret)));

    // That it moved within the province shows in nothing.
    let before = hsds(&hub, &format!("/services/{}", uuid(2, 3))).await.expect(200).body;
    let file = folder.path().join("location.csv");
    let moved = std::fs::read_to_string(&file).unwrap().replace("-16.599", "-16.598");
    std::fs::write(&file, moved).unwrap();
    hub.clock.advance(chrono::TimeDelta::hours(1));
    import(&hub, folder.path().into()).await;
    assert_eq!(hsds(&hub, &format!("/services/{}", uuid(2, 3))).await.expect(200).body, before);
}
