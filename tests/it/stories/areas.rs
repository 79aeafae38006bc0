//! Services are found by the areas they serve or are in, areas change with time, and where a place is can be kept secret.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role},
    directory::{
        self, DirectoryError, Documents, Visibility,
        hsds::Report,
        search::{Around, Band, Match, Search, Sort},
        sheet::Sheet,
    },
    hub::Failure,
    kernel::{Id, id::SystemIds, page::Asked},
    storage::Db,
};

use super::search::haversine;
use crate::{
    support::{Org, Response, TestHub, import_package, link_to, restrict, send, write_package},
    web::visitor::Visitor,
};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

pub(super) const AREAS: &str = "country,level,code,name,name_fr,parent,latitude,longitude\n\
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

pub(super) fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

/// The plus code of a place.
fn plus_code(number: usize) -> String {
    format!("5GJCF2{}C+2H", number + 2)
}

fn package(folder: &Path) {
    let (mut services, mut areas, mut locations, mut places) =
        (String::new(), String::new(), String::new(), String::new());
    let (mut phones, mut addresses) = (String::new(), String::new());
    for (number, (name, serves, within, latitude, secret)) in SERVICES.iter().enumerate() {
        let (service, location, place) = (uuid(2, number), uuid(3, number), uuid(5, number));
        writeln!(services, "{service},{ORGANISATION},{name},active").unwrap();
        writeln!(areas, "{},{service},,{serves}", uuid(4, number)).unwrap();
        let (whose, precision) = if *secret == "yes" { ("Canary", "settlement") } else { ("Open", "street") };
        writeln!(
            locations,
            "{location},physical,{ORGANISATION},{whose} house,{latitude},28.7,{within},P-Code,{secret},{},{precision}",
            plus_code(number)
        )
        .unwrap();
        writeln!(addresses, "{},{location},{whose} street {number},Siavonga,ZM,physical", uuid(7, number))
            .unwrap();
        writeln!(places, "{place},{service},{location}").unwrap();
        writeln!(phones, "{},+26021100000{number},{place}", uuid(6, number)).unwrap();
    }
    writeln!(areas, "{},,{},ZM109012", uuid(8, 3), uuid(5, 3)).unwrap();
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("service", "id,organization_id,name,status", services),
        (
            "location",
            "id,location_type,organization_id,name,latitude,longitude,external_identifier,external_identifier_type,confidential,plus_code,coord_precision",
            locations,
        ),
        ("service_at_location", "id,service_id,location_id", places),
        ("address", "id,location_id,address_1,city,country,address_type", addresses),
        ("service_area", "id,service_id,service_at_location_id,admin_area", areas),
        ("phone", "id,number,service_at_location_id", phones),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf) -> Report {
    import_package(hub, folder, ("test", Visibility::Public)).await
}

/// Takes a list of areas, and works out anew where services are. Answers what a look said before.
pub(super) async fn take_areas(hub: &TestHub, text: &str) -> Result<Report, DirectoryError> {
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
    enter(hub).await;
    if let Ok(taken) = &taken {
        assert_eq!(*taken, looked, "a look says what is taken");
    }
    taken.map(|_| looked)
}

/// Works out anew where services are, as far as that is due.
async fn enter(hub: &TestHub) {
    while hub.hub.tend("directory.enter_searched", directory::search::enter_searched).await.unwrap() {}
}

/// What the job does when areas may have begun or ended; answers whether any had since it was done before.
async fn follow(hub: &TestHub) -> bool {
    let is_behind = hub.hub.tend("directory.follow_areas", directory::search::follow_areas).await.unwrap();
    enter(hub).await;
    is_behind
}

pub(super) async fn directory() -> (TestHub, Org, tempfile::TempDir) {
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
    for (country, prefix, provinces, districts) in [
        ("TR", "TUR0", 40, 132),
        ("IQ", "IQ0", 40, 132),
        ("HT", "HT0", 40, 132),
        ("LB", "LB0", 40, 132),
        ("AZ", "AZ0", 40, 132),
        ("TJ", "TJ0", 40, 132),
        ("ZM", "Z", 20, 41),
    ] {
        put([country, "0", country, country, "", "", "", ""]);
        for province in 0..provinces {
            let code = format!("{prefix}{province:02}");
            put([country, "1", &code, "Province", country, "", "", ""]);
            for district in 0..districts {
                let (level, child) = match country {
                    "IQ" => ("2", format!("IQG{province:02}Q{district:03}")),
                    "HT" => ("2", format!("HT-{province:03}-{district:03}")),
                    "LB" => ("3", format!("{}", 10_000 + province * 200 + district)),
                    "AZ" => ("3", format!("{code}{district:03}")),
                    "TJ" => ("2", format!("X{province}Y{district}")),
                    "ZM" => ("2", format!("ZMB{province:04}{district:06}")),
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
    assert_eq!(world.lines().count() - 1, 32_767, "as many as a list of the world has");
    let first = take_areas(&hub, &world).await.unwrap();
    assert_eq!((first.refused, first.tables[0].new), (0, first.tables[0].rows));
    let again = take_areas(&hub, &world).await.unwrap();
    assert_eq!((again.changes(), again.tables[0].unchanged), (0, first.tables[0].rows));

    // What lies in what comes from the list, and not from how codes begin or how levels count.
    for (country, level, district, province, districts) in [
        ("TJ", 2, "X7Y131", "TJ007", 132),
        ("TR", 2, "TUR007131", "TUR007", 132),
        ("IQ", 2, "IQG07Q131", "IQ007", 132),
        ("HT", 2, "HT-007-131", "HT007", 132),
        ("LB", 3, "11531", "LB007", 132),
        ("AZ", 3, "AZ007131", "AZ007", 132),
        ("ZM", 2, "ZMB0007000040", "Z07", 41),
    ] {
        let named = async |level: i32, code: &str| -> Value {
            let path = format!("/api/v1/areas?limit=200&country={country}&level={level}&text={code}");
            let page = org.get(&hub, &path).await.expect(200).body;
            let key = format!("{country}/{level}/{code}");
            let mut all = page["items"].as_array().unwrap().iter();
            all.find(|area| area["key"] == key).unwrap_or_else(|| panic!("{key}: {page}")).clone()
        };
        let (district, province) = (named(level, district).await, named(1, province).await);
        assert_eq!(district["parent"], province["id"], "{district} in {province}");
        let within = format!("/api/v1/areas?limit=200&parent={}", province["id"].as_str().unwrap());
        let within = org.get(&hub, &within).await.expect(200).body;
        assert_eq!(within["items"].as_array().unwrap().len(), districts, "{province}");
    }
    // The same name stands for as many areas as bear it.
    let same = "/api/v1/areas?limit=200&country=zm&level=1&text=province";
    assert_eq!(org.get(&hub, same).await.expect(200).body["items"].as_array().unwrap().len(), 20);
}

#[actix_web::test]
async fn a_code_that_ended_is_what_took_its_place_and_one_used_again_is_by_date() {
    let (hub, org, folder) = directory().await;
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

    // Who looks for the code now means the new one, and who said it before then did not.
    assert!(follow(&hub).await, "something began since");
    assert!(!follow(&hub).await, "once");
    assert_eq!(found(&hub, &org, "area=ZM109").await, ["Hotline"], "it serves the country");
    assert_eq!(found(&hub, &org, "area=ZM110").await, ["Hotline", "Shelter"]);
    // That the same list comes again changes nothing; a row that was written anew says what it means today.
    import(&hub, folder.path().into()).await;
    assert_eq!(found(&hub, &org, "area=ZM109").await, ["Hotline"]);
    change(folder.path(), "service_area", (",ZM109\n", ",ZM/1/ZM109\n"));
    import(&hub, folder.path().into()).await;
    assert_eq!(found(&hub, &org, "area=ZM109").await, ["Hotline", "Shelter"]);
    let still = found(&hub, &org, "area=ZM110").await;
    assert_eq!(still, ["Hotline", "Shelter"], "what it says of its place was not written anew");
}

#[actix_web::test]
async fn on_the_day_that_an_area_ends_its_services_are_where_took_its_place() {
    let (hub, org, _folder) = directory().await;
    let year = chrono::Datelike::year(&hub.now().datetime()) + 1;
    let moved = format!(
        "country,level,code,name,parent,valid_from,valid_to,replaced_by\n\
        ZM,1,ZM109,Southern,ZM,,{year}-01-01,ZM110\n\
        ZM,1,ZM110,South,ZM,{year}-01-01,,\n"
    );
    take_areas(&hub, &moved).await.unwrap();
    assert_eq!(found(&hub, &org, "area=ZM109").await, ["Hotline", "Shelter"]);
    assert!(!follow(&hub).await, "nothing began or ended yet");
    org.get(&hub, "/api/v1/services?area=ZM110").await.expect(400);
    hub.clock.advance(chrono::TimeDelta::days(366));
    let org = hub.org("Later").await;
    assert!(follow(&hub).await);
    for code in ["ZM109", "ZM110"] {
        assert_eq!(found(&hub, &org, &format!("area={code}")).await, ["Hotline", "Shelter"], "{code}");
    }
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

/// What everybody reads of the directory beside its documents.
const PUBLISHED: [&str; 3] =
    ["/api/v1/directory/places.geojson", "/api/v1/directory/3w.csv", "/api/v1/directory/page.html"];

/// Everything that is said to whoever asks, in every way there is.
pub(super) async fn everything(hub: &TestHub, org: Option<&Org>) -> String {
    let mut all = String::new();
    let organisation = format!("/hsds/organizations/{ORGANISATION}");
    let service = format!("/api/v1/services/svc_{}", uuid(2, 3).replace('-', ""));
    let found = "/api/v1/services?facets=true&lat=-16.599&lon=28.7&proximity=1000000";
    let of_members = [service.as_str(), "/api/v1/services", "/api/v1/services?text=shelter", found];
    let of_members = if org.is_some() { &of_members[..] } else { &[] };
    for path in [
        "/hsds/services?full=true",
        &organisation,
        &format!("{organisation}?full_service=true"),
        &format!("/hsds/services?organization_id={ORGANISATION}&full=true"),
        "/hsds/service_at_locations?full=true",
        "/hsds/service_at_locations",
        "/hsds/organizations?full_service=true",
        "/hsds/services?format=ndjson&full=true",
        "/hsds/service_at_locations?lat=-16.599&lon=28.7&proximity=5",
        &format!("/hsds/service_at_locations/{}", uuid(5, 3)),
        &format!("/hsds/services/{}", uuid(2, 3)),
    ]
    .into_iter()
    .chain(PUBLISHED)
    .chain(of_members.iter().copied())
    {
        let answer = match org {
            Some(org) => org.get(hub, path).await,
            None => send(hub, None, "GET", path, &[], None).await,
        };
        all += &answer.body.to_string();
    }
    all
}

/// What is exported of the list, in every form.
pub(super) async fn exports(hub: &TestHub) -> BTreeMap<&'static str, String> {
    let mut forms = BTreeMap::new();
    for (form, is_plain) in [("package", false), ("plain", true)] {
        let into = tempfile::tempdir().unwrap();
        let written = into.path().to_owned();
        let export = move |db: &mut Db<'_>| {
            let (actor, into) = (Actor::operator(), written.as_path());
            if is_plain {
                directory::export_plain(db, &actor, "test", into)
            } else {
                directory::export(db, &actor, "test", into)
            }
        };
        hub.hub.read::<_, DirectoryError>(export).await.unwrap();
        let files = std::fs::read_dir(into.path()).unwrap();
        let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        forms.insert(form, texts.collect());
    }
    for (name, form) in [("json", Documents::Page), ("ndjson", Documents::Lines)] {
        let give = move |db: &mut Db<'_>| {
            let mut into = Vec::new();
            directory::give(db, &Actor::operator(), ("test", form), &mut into)?;
            Ok::<_, DirectoryError>(String::from_utf8(into).unwrap())
        };
        forms.insert(name, hub.hub.read(give).await.unwrap());
    }
    forms
}

/// What must not be told of the shelter's place.
fn secrets() -> [String; 7] {
    let of_rows = [uuid(3, 3), uuid(5, 3), uuid(8, 3)];
    let [location, place, area] = of_rows;
    let [latitude, number, name] = ["-16.599", "+260211000003", "Canary"].map(str::to_owned);
    [location, place, area, latitude, number, name, plus_code(3)]
}

#[actix_web::test]
async fn where_a_secret_place_is_shows_in_no_answer_and_no_circle_closes_in_on_it() {
    let (hub, org, folder) = directory().await;
    let secrets = secrets();
    for path in PUBLISHED {
        let text = send(&hub, None, "GET", path, &[], None).await.expect(200).body.to_string();
        assert!(text.contains("Clinic") && !text.contains("Shelter"), "{path}: {text}");
    }
    for answers in [everything(&hub, None).await, everything(&hub, Some(&org)).await] {
        assert!(answers.contains("Shelter") && answers.contains(&uuid(5, 1)));
        assert!(
            answers.contains(&plus_code(1)) && answers.contains("coord_precision"),
            "of an open place it is told"
        );
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

    // Nor for everybody at `/hsds`, and not on a page either.
    for (list, listed) in [("services", 1), ("service_at_locations", 0)] {
        for (middle, metres, many) in [("lat=-16.599&lon=28.7", 20_000, 0), ("lat=-16.8&lon=26.9", 1, listed)]
        {
            let near = hsds(&hub, &format!("/{list}?{middle}&proximity={metres}&search=shelter")).await;
            assert_eq!(near.expect(200).body["total_items"], many, "{list} within {metres} of {middle}");
        }
    }
    let elsewhere = hub.org("Lakeside").await;
    let mut visitor = Visitor::signed_in(&hub, &elsewhere, &["case_worker"]).await;
    let page = format!("/services/svc_{}", uuid(2, 3).replace('-', ""));
    let mut page = visitor.get(&page).await.expect(200).says("Shelter");
    for secret in &secrets {
        page = page.does_not_say(secret);
    }

    for (form, text) in exports(&hub).await {
        assert!(text.contains("Shelter") && text.contains("Open street"), "{form}: {text}");
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{form}: {text}");
    }

    link_to(&hub, &uuid(2, 3), (&org, "SV05")).await;
    let own = everything(&hub, Some(&org)).await;
    assert!(secrets.iter().all(|secret| own.contains(secret)), "its provider sees it");
    let stranger = everything(&hub, Some(&hub.org("Hillside").await)).await;
    assert!(secrets.iter().all(|secret| !stranger.contains(secret)));

    // That it moved within the province shows in nothing: no body, no tag, no date and no log.
    hub.clock.advance(chrono::TimeDelta::hours(1));
    let stranger = hub.org("Riverside").await;
    let before = answers(&hub, &stranger).await;
    assert!(before.iter().filter(|(_, tag, _)| tag.is_some()).count() > 10, "{before:?}");
    for (table, was, is) in [
        ("location", "-16.599", "-16.598"),
        ("location", "Canary house", "Canary hall"),
        ("location", &plus_code(3), "5GJCF25C+3J"),
        ("address", "Canary street 3", "Canary road 9"),
        ("phone", "+260211000003", "+260211000009"),
    ] {
        change(folder.path(), table, (was, is));
    }
    let began = hub.now();
    import(&hub, folder.path().into()).await;
    assert_eq!(answers(&hub, &stranger).await, before);
    for list in ["services", "service_at_locations"] {
        let since = hsds(&hub, &format!("/{list}?modified_after={began}")).await.expect(200).body;
        assert_eq!(since["total_items"], 0, "{list}");
    }
    let log = format!("/api/v1/services/svc_{}/changes", uuid(2, 3).replace('-', ""));
    let refused = stranger.get(&hub, &log).await.expect(403);
    assert!(!refused.body.to_string().contains("Canary"), "{}", refused.body);
    let mut org = org;
    org.sign_in(&hub).await;
    let own = org.get(&hub, &log).await.expect(200).body.to_string();
    for told in ["Canary hall", "-16.598", "5GJCF25C+3J"] {
        assert!(own.contains(told), "its provider reads it: {told}: {own}");
    }

    // What is told of it changes all the same when that does.
    assert_eq!(found(&hub, &org, "area=ZM105&area_mode=located&text=shelter").await, [""; 0]);
    change(folder.path(), "location", ("-16.598,28.7,ZM109012", "-15.401,28.3,ZM105"));
    import(&hub, folder.path().into()).await;
    assert_eq!(found(&hub, &org, "area=ZM105&area_mode=located&text=shelter").await, ["Shelter"]);
    assert_eq!(found(&hub, &org, "lat=-15.4&lon=28.3&proximity=1&text=shelter").await, ["Shelter"]);
}

/// Changes what a table says.
fn change(folder: &Path, table: &str, (was, is): (&str, &str)) {
    let file = folder.join(format!("{table}.csv"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches(was).count(), 1, "{was}: {text}");
    std::fs::write(&file, text.replace(was, is)).unwrap();
}

/// What is answered to everybody and to a member who is a stranger, with its tag.
async fn answers(hub: &TestHub, stranger: &Org) -> Vec<(String, Option<String>, Value)> {
    let documents = [
        format!("/hsds/services/{}", uuid(2, 3)),
        format!("/hsds/organizations/{ORGANISATION}"),
        String::from("/hsds/services"),
        String::from("/hsds/services?full=true"),
        String::from("/hsds/services?minimal=true"),
        String::from("/hsds/services?format=ndjson&full=true"),
        String::from("/hsds/organizations"),
        String::from("/hsds/organizations?full=true"),
        String::from("/hsds/organizations?full_service=true"),
        String::from("/hsds/service_at_locations"),
        String::from("/hsds/service_at_locations?full=true"),
    ];
    let mut all = Vec::new();
    let of_members = [
        format!("/api/v1/services/svc_{}", uuid(2, 3).replace('-', "")),
        String::from("/api/v1/services?facets=true"),
        String::from("/api/v1/services?lat=-16.599&lon=28.7&proximity=1000000"),
    ];
    let mut note = |path: &str, answer: Response| {
        let answer = answer.expect(200);
        let tag = answer.headers.get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        all.push((path.to_owned(), tag, answer.body));
    };
    for path in documents.iter().map(String::as_str).chain(PUBLISHED) {
        note(path, send(hub, None, "GET", path, &[], None).await);
    }
    for path in documents.iter().chain(&of_members) {
        note(path, stranger.get(hub, path).await);
    }
    all
}

/// What a search finds near a point, each with what is said of how far away it is, in the order of that.
fn near(db: &mut Db<'_>, actor: &Actor, (at, metres): ((f64, f64), f64)) -> Vec<(String, Match)> {
    let around = Around::new(at, metres);
    let search = Search { around, sort: Sort::Distance, ..Search::default() };
    let now = "2026-03-02T09:00:00Z".parse().unwrap();
    let found = directory::search::search(db, actor, &search, &Asked::new(Some(200), None), now).unwrap();
    found.items.iter().map(|found| (found.service.name.clone(), found.fit.unwrap())).collect()
}

/// What a distance that is told counts as: of a band the middle.
fn counts_as(fit: &Match) -> f64 {
    let middle = |Band { from, to }| f64::midpoint(f64::from(from), f64::from(to.unwrap_or(from * 3)));
    fit.distance.or(fit.band.map(middle)).unwrap()
}

/// Who looks for services and has nothing to do with any.
fn stranger(hub: &TestHub) -> Actor {
    Actor::staff(Id::new(&SystemIds, hub.now()), None, vec![Role::CaseWorker].into())
}

const RADII: [f64; 8] = [1.0, 100.0, 1_000.0, 20_000.0, 60_000.0, 150_000.0, 300_000.0, 500_000.0];

#[actix_web::test]
async fn circles_around_any_points_tell_the_middle_of_the_province_and_nothing_nearer() {
    let (hub, ..) = directory().await;
    let (actor, keeper) = (stranger(&hub), Actor::operator());
    let middle = (-16.8, 26.9);
    let grid: Vec<(f64, f64)> = (0..14)
        .flat_map(|row| (0..15).map(move |column| (row, column)))
        .map(|(row, column)| (-16.599 - 2.6 + 0.4 * f64::from(row), 28.7 - 2.8 + 0.4 * f64::from(column)))
        .chain([(-16.599, 28.7), middle])
        .collect();
    let looking = move |db: &mut Db<'_>| {
        let mut hits = 0;
        for at in grid {
            let away = haversine(at, middle);
            for metres in RADII {
                let found = near(db, &actor, (at, metres));
                let shelter = found.iter().find(|(name, _)| name == "Shelter");
                assert_eq!(shelter.is_some(), away <= metres, "{at:?} {metres} {away}");
                let in_order = |one: &Match, next: &Match| counts_as(one) <= counts_as(next);
                assert!(found.is_sorted_by(|(_, one), (_, next)| in_order(one, next)), "{at:?}: {found:?}");
                if let Some((_, fit)) = shelter {
                    let Band { from, to } = fit.band.unwrap();
                    assert!(
                        Band::ALL.contains(&Band { from, to }) && fit.distance.is_none(),
                        "{at:?}: {fit:?}"
                    );
                    let is_in = away >= f64::from(from) && to.is_none_or(|to| away < f64::from(to));
                    assert!(is_in, "{at:?}: {fit:?} and not {away}");
                    hits += 1;
                }
                let mut others = found.iter().filter(|(name, _)| name != "Shelter");
                assert!(others.all(|(_, fit)| fit.distance.is_some() && fit.band.is_none()));
            }
            let known = near(db, &keeper, (at, 500_000.0));
            let told = known.iter().find(|(name, _)| name == "Shelter").and_then(|(_, fit)| fit.distance);
            assert!(told.is_none_or(|told| (told - away).abs() < 1.0), "{at:?}: {told:?} and not {away}");
        }
        assert!(hits > 200, "{hits}");
        Ok::<_, DirectoryError>(())
    };
    hub.hub.read(looking).await.unwrap();
}

#[actix_web::test]
async fn a_secret_place_in_a_province_without_a_middle_is_near_nothing() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let bare = AREAS.replace("-13.1,27.8", ",").replace("-16.8,26.9", ",");
    take_areas(&hub, &bare).await.unwrap();
    package(folder.path());
    import(&hub, folder.path().into()).await;
    let actor = stranger(&hub);
    let looking = move |db: &mut Db<'_>| {
        for (at, metres) in [((-16.599, 28.7), 0.0), ((-16.599, 28.7), 500_000.0), ((0.0, 0.0), 20_015_115.0)]
        {
            let names: Vec<String> =
                near(db, &actor, (at, metres)).into_iter().map(|(name, _)| name).collect();
            assert!(!names.contains(&String::from("Shelter")), "{at:?} {metres}: {names:?}");
            assert_eq!(names.len(), if metres > 0.0 { 4 } else { 0 }, "{at:?} {metres}: {names:?}");
        }
        Ok::<_, DirectoryError>(())
    };
    hub.hub.read(looking).await.unwrap();
    let org = hub.org("Lakeside").await;
    assert_eq!(found(&hub, &org, "text=shelter").await, ["Shelter"], "by words it is found");
}

#[actix_web::test]
async fn what_is_counted_of_areas_counts_nothing_that_is_hidden() {
    let (hub, org, _folder) = directory().await;
    let counted = async || {
        let body = org.get(&hub, "/api/v1/services?facets=true").await.expect(200).body;
        let areas = body["facets"]["area"].as_array().unwrap().clone();
        let each = areas
            .into_iter()
            .map(|one| (one["value"].as_str().unwrap().to_owned(), one["services"].as_u64().unwrap()));
        each.collect::<BTreeMap<String, u64>>()
    };
    let all = [("ZM/0/ZM", 1), ("ZM/1/ZM105", 1), ("ZM/1/ZM109", 1), ("ZM/2/ZM109012", 1)];
    let all = all.map(|(area, count)| (area.to_owned(), count));
    assert_eq!(counted().await, all.clone().into(), "of a secret place the province is told, once");
    restrict(&hub, &uuid(2, 1)).await;
    assert_eq!(counted().await, all.into_iter().take(3).collect());
}

#[actix_web::test]
async fn what_is_said_of_a_secret_place_to_be_served_is_told_as_the_province() {
    let hub = TestHub::new();
    take_areas(&hub, AREAS).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (service, location, place) = (uuid(2, 0), uuid(3, 0), uuid(5, 0));
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("service", "id,organization_id,name,status", format!("{service},{ORGANISATION},Refuge,active\n")),
        (
            "location",
            "id,location_type,latitude,longitude,confidential",
            format!("{location},physical,-16.599,28.7,yes\n"),
        ),
        ("service_at_location", "id,service_id,location_id", format!("{place},{service},{location}\n")),
        (
            "service_area",
            "id,service_at_location_id,admin_area",
            format!("{},{place},ZM109012\n", uuid(4, 0)),
        ),
    ];
    write_package(folder.path(), files);
    import(&hub, folder.path().into()).await;
    let org = hub.org("Lakeside").await;
    assert_eq!(found(&hub, &org, "area=ZM109").await, ["Refuge"]);
    let told = org.get(&hub, "/api/v1/services?facets=true").await.expect(200).body.to_string();
    assert!(told.contains("Refuge") && !told.contains("109012"), "{told}");
}

/// A list of services, each with its modes of delivery, the area it serves, the area it is in and where that is, and whether that is secret.
fn list(folder: &Path, given: &[(&str, &str, &str, &str, &str, &str)]) {
    let [mut services, mut areas, mut locations, mut places] = [const { String::new() }; 4];
    for (number, (name, modes, serves, within, at, secret)) in given.iter().enumerate() {
        let (service, location) = (uuid(2, number), uuid(3, number));
        writeln!(services, "{service},{ORGANISATION},{name},active,\"{modes}\"").unwrap();
        if !serves.is_empty() {
            writeln!(areas, "{},{service},{serves}", uuid(4, number)).unwrap();
        }
        if !at.is_empty() {
            writeln!(locations, "{location},physical,{at},{within},{secret}").unwrap();
            writeln!(places, "{},{service},{location}", uuid(5, number)).unwrap();
        }
    }
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("service", "id,organization_id,name,status,delivery_modes", services),
        ("location", "id,location_type,latitude,longitude,admin_area,confidential", locations),
        ("service_at_location", "id,service_id,location_id", places),
        ("service_area", "id,service_id,admin_area", areas),
    ];
    write_package(folder, files);
}

#[actix_web::test]
async fn secret_places_in_one_band_are_told_alike_and_stand_by_their_ids() {
    let hub = TestHub::new();
    take_areas(&hub, AREAS).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let given = [
        ("Refuge", "", "", "ZM109", "-16.599,28.7", "yes"),
        ("Haven", "", "", "ZM105", "-15.612,28.1", "yes"),
        ("Clinic", "", "", "ZM105", "-15.4,28.3", ""),
    ];
    list(folder.path(), &given);
    assert_eq!(import(&hub, folder.path().into()).await.refused, 0);
    let org = hub.org("Lakeside").await;
    let find = async |org: &Org, (latitude, longitude): (f64, f64), sort: &str| {
        let query =
            format!("lat={latitude}&lon={longitude}&proximity=300000&sort={sort}&text=harbour&facets=true");
        org.get(&hub, &format!("/api/v1/services?{query}")).await.expect(200).body
    };
    // In turn one province and the other is nearer, and both are between 100 and 250 km away.
    let points = [(-17.0, 28.4), (-15.2, 26.8)];
    let [southern, lusaka] = [(-16.8, 26.9), (-15.4, 28.3)];
    assert!(haversine(points[0], southern) < haversine(points[0], lusaka));
    assert!(haversine(points[1], southern) > haversine(points[1], lusaka));
    for sort in ["distance", "best"] {
        let [one, other] = [find(&org, points[0], sort).await, find(&org, points[1], sort).await];
        for body in [&one, &other] {
            let secret: Vec<&Value> =
                body["items"].as_array().unwrap().iter().filter(|item| item["name"] != "Clinic").collect();
            assert_eq!(
                secret.iter().map(|item| &item["name"]).collect::<Vec<_>>(),
                ["Refuge", "Haven"],
                "{sort}"
            );
            assert_eq!(secret[0]["match"], secret[1]["match"], "{sort}");
            assert_eq!(secret[0]["match"]["band"], json!({ "from": 100_000, "to": 250_000 }));
            assert_eq!(secret[0]["match"]["distance"], Value::Null);
        }
        assert_eq!(one["facets"], other["facets"]);
        let told = |body: &Value| {
            body["items"].as_array().unwrap().iter().find(|item| item["name"] == "Refuge").cloned()
        };
        assert_eq!(told(&one), told(&other), "{sort}: from where it is looked for shows in nothing");
    }
    // Its provider may know where it is, and so may those who keep the directory; of the other nobody else is told more.
    link_to(&hub, &uuid(2, 0), (&org, "SV05")).await;
    let own = find(&org, points[0], "distance").await;
    let told: Vec<(&Value, bool)> = own["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["name"], item["match"]["distance"].is_number()))
        .collect();
    assert_eq!(told.len(), 3);
    for (name, is_told) in told {
        assert_eq!(is_told, name != "Haven", "{name}");
    }
}

#[actix_web::test]
async fn what_is_given_by_telephone_or_serves_the_country_is_found_near_any_place_in_it() {
    let hub = TestHub::new();
    take_areas(&hub, &format!("{AREAS}MW,0,MW,Malawi,,,,\n")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let given = [
        ("Hotline", "telephone", "ZM", "", "", ""),
        ("Counsel by video", "in_person, online", "", "", "", ""),
        ("Hotline abroad", "telephone", "MW", "", "", ""),
        ("Hotline of nowhere", "telephone", "ZM777", "", "", ""),
        ("Ministry", "in_person", "ZM", "ZM105", "-15.41,28.3", ""),
        ("Mobile team", "home_visit", "ZM109012", "", "", ""),
        ("Clinic", "in_person", "", "ZM109012", "-16.5,28.7", ""),
        ("Office", "in_person", "ZM109", "ZM105", "-15.41,28.3", ""),
        ("Unplaced", "in_person", "", "", "", ""),
    ];
    list(folder.path(), &given);
    assert_eq!(import(&hub, folder.path().into()).await.refused, 0);
    let org = hub.org("Lakeside").await;
    let place = "lat=-16.5&lon=28.7&proximity=10000";
    let find = async |query: &str| org.get(&hub, &format!("/api/v1/services?{place}&{query}")).await;
    let body = find("sort=distance").await.expect(200).body;
    assert_eq!(names(&body), ["Clinic", "Counsel by video"], "whose country nobody said");

    let body = find("sort=distance&lies_in=ZM109012&facets=true").await.expect(200).body;
    assert_eq!(names(&body), ["Clinic", "Hotline", "Counsel by video", "Ministry", "Mobile team"]);
    let items = body["items"].as_array().unwrap();
    let reach: Vec<&Value> = items.iter().map(|item| &item["match"]["reach"]).collect();
    assert_eq!(json!(reach), json!([null, "remote", "remote", "country", "area"]));
    let told: Vec<bool> = items.iter().map(|item| item["match"]["distance"].is_number()).collect();
    assert_eq!(told, [true, false, false, false, false]);
    assert!(items.iter().all(|item| item["match"]["score"] == items[0]["match"]["score"]), "{body}");
    assert_eq!(
        body["facets"]["area"],
        json!([{ "value": "ZM/0/ZM", "services": 2 }, { "value": "ZM/2/ZM109012", "services": 1 }]),
        "what is counted is what is found"
    );
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = find(&format!("sort=distance&lies_in=ZM109012&limit=2{after}")).await.expect(200).body;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, names(&body), "page by page");
    let of_words = find("lies_in=ZM&text=hotline").await.expect(200).body;
    assert_eq!(names(&of_words), ["Hotline"]);
    let serving = find("area=ZM109012").await.expect(200).body;
    assert_eq!(
        serving["items"].as_array().unwrap().len(),
        3,
        "what serves it, and is near or need not be: {serving}"
    );

    // Why nothing is found counts what need not be near as well.
    let nothing = find("lies_in=ZM109012&text=unplaced").await.expect(200).body["nothing"].clone();
    let without = json!([{ "filter": "text", "services": 5 }, { "filter": "proximity", "services": 1 }]);
    assert_eq!((&nothing["without"], &nothing["wider"]), (&without, &Value::Null));

    // What the standard calls near is.
    for list in ["services", "service_at_locations"] {
        assert_eq!(
            hsds(&hub, &format!("/{list}?{place}")).await.expect(200).body["total_items"],
            1,
            "{list}"
        );
        let narrowed = hsds(&hub, &format!("/{list}?{place}&area=ZM")).await.expect(200).body;
        assert_eq!(narrowed["total_items"], 0, "{list}");
    }
    assert_eq!(find("lies_in=XX9").await.expect(400).code(), "directory.unknown_area");
    let nowhere = org.get(&hub, "/api/v1/services?lies_in=ZM").await.expect(400);
    assert_eq!(nowhere.code(), "directory.bad_place");
}
