//! A directory is imported, searched, corrected and forgotten.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{
        self, Availability, Depth, DirectoryError, Given, Kind, Link, LinkService, OfferFacts, Visibility,
        hsds::{Alike, Package, Report},
        list::{List, Narrowed, Shown},
    },
    kernel::{Coded as _, id::ServiceId, page::Asked},
    policy::{Policy, ServiceCode},
    storage::{Db, StorageError},
};

use crate::support::{Org, Response, TestHub, import_package, listed, send, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

fn package(folder: &Path, services: &[(&str, &str)]) -> Package {
    let mut rows = String::from("id,organization_id,name,status,url\n");
    for (id, name) in services {
        rows.extend([id, ",", ORGANISATION, ",", name, ",active,javascript:alert(1)\n"]);
    }
    std::fs::write(folder.join("services.csv"), rows).unwrap();
    std::fs::write(
        folder.join("organizations.csv"),
        format!("id,name,description\n{ORGANISATION},Zażółć Legal Aid,x\n"),
    )
    .unwrap();
    let descriptor = json!({ "name": "test", "resources": [
        { "name": "organization", "path": "organizations.csv" }, { "name": "service", "path": "services.csv" },
    ]});
    std::fs::write(folder.join("datapackage.json"), descriptor.to_string()).unwrap();
    Package::open(folder).unwrap()
}

async fn import(hub: &TestHub, folder: PathBuf, source: &'static str) -> Result<Report, DirectoryError> {
    let package = Package::open(&folder)?;
    hub.hub
        .write("directory.import", &hub.operator(), move |tx| {
            let given = Given { package: &package, source, visibility: Visibility::Members };
            directory::import(tx, given, &mut |_| {})
        })
        .await
        .map_err(|failure| {
            let throughline::hub::Failure::Refused(error) = failure else { panic!("{failure}") };
            error
        })
}

fn names(response: &Response) -> Vec<&str> {
    response.body["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect()
}

async fn offering(hub: &TestHub, org: &Org, visibility: &str) -> Value {
    let body = json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Primary care",
        "visibility": visibility });
    listed(hub, &body).await
}

#[actix_web::test]
async fn a_package_is_looked_at_taken_once_updated_and_forgotten() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = ("22222222-2222-4222-8222-222222222221", "22222222-2222-4222-8222-222222222222");
    package(folder.path(), &[(a, "Asylum advice"), (b, "Housing advice")]);

    let looked = Package::open(folder.path()).unwrap();
    let now = hub.hub.now();
    let report = hub
        .hub
        .read(move |db| directory::dry_run(db, &Actor::operator(), (&looked, "legal", now), &mut |_| {}))
        .await
        .unwrap();
    assert_eq!((report.rows(), report.changes()), (3, 3));
    assert!(names(&org.get(&hub, "/api/v1/services").await).is_empty(), "a look changes nothing");

    import(&hub, folder.path().into(), "legal").await.unwrap();
    assert_eq!(names(&org.get(&hub, "/api/v1/services").await), ["Asylum advice", "Housing advice"]);
    let found = org.get(&hub, "/api/v1/services?text=ZAZOLC%20asyl").await.expect(200);
    assert_eq!(names(&found), ["Asylum advice"], "folded letters match, every word counts");
    assert!(found.body["items"][0]["url"].is_null(), "only http and https links are kept");

    let again = import(&hub, folder.path().into(), "legal").await.unwrap();
    assert_eq!(again.changes(), 0);
    package(folder.path(), &[(a, "Asylum and detention advice"), (b, "Housing advice")]);
    let changed = import(&hub, folder.path().into(), "legal").await.unwrap();
    assert_eq!(changed.changes(), 1);
    let first = org.get(&hub, "/api/v1/services?limit=1").await.expect(200);
    assert_eq!(names(&first), ["Asylum and detention advice"]);
    let next = first.body["next"].as_str().unwrap();
    let second = org.get(&hub, &format!("/api/v1/services?limit=1&after={next}")).await.expect(200);
    assert_eq!(names(&second), ["Housing advice"]);

    let gone = hub
        .hub
        .write("directory.forget_source", &hub.operator(), |tx| directory::forget_source(tx, "legal"))
        .await
        .unwrap();
    assert_eq!(gone, 2);
    assert!(names(&org.get(&hub, "/api/v1/services").await).is_empty());
}

/// Names of the services behind a place of the list that everybody reads, and the place of the last.
async fn behind(hub: &TestHub, place: i64) -> Option<(Vec<String>, i64)> {
    let reading = move |db: &mut Db<'_>| {
        let asked = (Kind::Service, Narrowed::default(), Shown::Document(Depth::Listed));
        List::ask(db, &Actor::operator(), asked)?.behind(db, place)
    };
    let (documents, last) = hub.hub.read(reading).await.unwrap()?;
    Some((documents.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect(), last))
}

#[actix_web::test]
async fn who_reads_a_list_on_finds_what_came_in_after_a_source_was_forgotten() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[("22222222-2222-4222-8222-222222222221", "Asylum advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    let (read, last) = behind(&hub, 0).await.unwrap();
    assert_eq!(read, ["Asylum advice"]);
    hub.hub
        .write("directory.forget_source", &hub.operator(), |tx| directory::forget_source(tx, "legal"))
        .await
        .unwrap();
    hub.clock.advance(chrono::TimeDelta::seconds(1));
    package(folder.path(), &[("22222222-2222-4222-8222-222222222222", "Housing advice")]);
    import(&hub, folder.path().into(), "homes").await.unwrap();
    assert_eq!(behind(&hub, last).await.unwrap().0, ["Housing advice"]);
}

#[actix_web::test]
async fn a_restricted_service_is_found_by_its_own_organisation_only() {
    let hub = TestHub::new();
    let (shelter, other) = (hub.org("Safe House").await, hub.org("Harbour Aid").await);
    let made = offering(&hub, &shelter, "restricted").await;
    let path = format!("/api/v1/services/{}", made["id"].as_str().unwrap());
    assert_eq!(names(&shelter.get(&hub, "/api/v1/services").await).len(), 1);
    shelter.get(&hub, &path).await.expect(200);
    assert!(names(&other.get(&hub, "/api/v1/services?text=clinic").await).is_empty());
    assert_eq!(other.get(&hub, &path).await.expect(404).code(), "access.not_found");
    send(&hub, None, "GET", "/api/v1/services", &[], None).await.expect(401);
}

#[actix_web::test]
async fn availability_names_its_version_and_shows_to_the_rule() {
    let hub = TestHub::new();
    let (clinic, other) = (hub.org("Clinic of the Lake").await, hub.org("Harbour Aid").await);
    let made = offering(&hub, &clinic, "members").await;
    let path = format!("/api/v1/services/{}/availability", made["id"].as_str().unwrap());
    let full = json!({ "availability": "full" });
    let put = async |org: &Org, version| {
        send(&hub, Some(&org.token), "PUT", &path, &[("if-match", version)], Some(&full)).await
    };
    put(&other, "\"1\"").await.expect(403);
    put(&clinic, "\"1\"").await.expect(200);
    assert_eq!(put(&clinic, "\"1\"").await.expect(409).code(), "storage.conflict");
    assert_eq!(put(&clinic, "1").await.expect(400).code(), "api.if_match_missing");
    let (id, code): (_, ServiceCode) = (clinic.id, "SV07".parse().unwrap());
    let now = hub.now();
    let offer = hub
        .hub
        .read::<_, DirectoryError>(move |db| directory::offer(db, id, &code, Policy::builtin(), now))
        .await
        .unwrap();
    assert_eq!(offer, Some(OfferFacts { availability: Availability::Full }));
    let none = hub
        .hub
        .read::<_, DirectoryError>(move |db| {
            directory::offer(db, id, &"SV01".parse().unwrap(), Policy::builtin(), now)
        })
        .await;
    assert_eq!(none.unwrap(), None);
}

#[actix_web::test]
async fn nobody_enters_services_for_somebody_else_or_under_a_made_up_code() {
    let hub = TestHub::new();
    let (ours, theirs) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let body = |org: &Org, code: &str| json!({ "organisation": org.id, "service": code, "name": "x", "description": "y" });
    ours.post(&hub, "/api/v1/services", &body(&theirs, "SV07")).await.expect(404);
    let unknown = ours.post(&hub, "/api/v1/services", &body(&ours, "SV77")).await;
    assert_eq!(unknown.expect(422).code(), "directory.unknown_service");
}

#[actix_web::test]
async fn a_package_whose_references_are_all_broken_changes_nothing() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[(A, "Asylum advice"), (B, "Housing advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    let before = org.get(&hub, "/hsds/services?full=true").await.expect(200).body;
    package(folder.path(), &[(A, "Canary advice"), (B, "Canary housing"), (C, "Canary clinic")]);
    let others = "id,name\n11111111-1111-4111-8111-111111111119,Canary Aid\n";
    std::fs::write(folder.path().join("organizations.csv"), others).unwrap();
    hub.clock.advance(chrono::TimeDelta::hours(1));
    for source in ["legal", "another"] {
        let stopped = import(&hub, folder.path().into(), source).await.unwrap_err();
        let DirectoryError::Stopped(reason) = &stopped else { panic!("{stopped}") };
        assert_eq!(reason, "every row of service refers to a row that is not in the package");
    }
    assert!(!hub.everything_stored().contains("Canary"), "not the organisation that was all right either");
    let mut org = org;
    org.sign_in(&hub).await;
    assert_eq!(org.get(&hub, "/hsds/services?full=true").await.expect(200).body, before);
    assert_eq!(changes(&hub, A).await, Vec::<[String; 3]>::new());
}

const A: &str = "22222222-2222-4222-8222-222222222221";
const B: &str = "22222222-2222-4222-8222-222222222222";
const C: &str = "22222222-2222-4222-8222-222222222223";

async fn found(hub: &TestHub, org: &Org) -> Vec<String> {
    let response = org.get(hub, "/api/v1/services").await.expect(200);
    names(&response).into_iter().map(str::to_owned).collect()
}

/// What changed in a service, newest first: field, before, after.
async fn changes(hub: &TestHub, id: &str) -> Vec<[String; 3]> {
    let id: ServiceId = format!("svc_{}", id.replace('-', "")).parse().unwrap();
    let (now, asked) = (hub.hub.now(), Asked::new(None, None));
    let look = move |db: &mut Db<'_>| directory::changes(db, &Actor::operator(), (id, &asked), now);
    let page = hub.hub.read::<_, DirectoryError>(look).await.unwrap();
    page.items.into_iter().map(|change| [change.field, change.before, change.after]).collect()
}

#[actix_web::test]
async fn a_row_that_its_source_no_longer_gives_is_marked_and_comes_back() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[(A, "Asylum advice"), (B, "Housing advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();

    let package_without = package(folder.path(), &[(B, "Housing advice")]);
    let now = hub.hub.now();
    let looked = hub
        .hub
        .read(move |db| {
            directory::dry_run(db, &Actor::operator(), (&package_without, "legal", now), &mut |_| {})
        })
        .await
        .unwrap();
    assert_eq!((looked.missing(), looked.changes()), (1, 0));
    assert_eq!(found(&hub, &org).await.len(), 2, "a look changes nothing");

    hub.clock.advance(chrono::TimeDelta::minutes(2));
    let report = import(&hub, folder.path().into(), "legal").await.unwrap();
    assert_eq!(report.table("service").unwrap().missing, 1);
    assert_eq!(found(&hub, &org).await, ["Housing advice"]);
    let gone = org.get(&hub, &format!("/api/v1/services/svc_{}", A.replace('-', ""))).await.expect(200);
    assert_eq!(gone.body["missing_since"], "2026-03-02T09:02:00Z", "it is marked, not deleted");
    assert_eq!(import(&hub, folder.path().into(), "legal").await.unwrap().missing(), 0, "told once");

    hub.clock.advance(chrono::TimeDelta::minutes(2));
    package(folder.path(), &[(A, "Asylum advice"), (B, "Housing and rent")]);
    assert_eq!(import(&hub, folder.path().into(), "legal").await.unwrap().changes(), 2);
    assert_eq!(found(&hub, &org).await, ["Asylum advice", "Housing and rent"]);
    assert_eq!(changes(&hub, A).await, [["listed", "no", "yes"], ["listed", "yes", "no"]]);
    assert_eq!(changes(&hub, B).await, [["name", "Housing advice", "Housing and rent"]]);
}

#[actix_web::test]
async fn a_provider_s_new_name_shows_on_its_services() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[(A, "Asylum advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    std::fs::write(
        folder.path().join("organizations.csv"),
        format!("id,name\n{ORGANISATION},Renamed Advice\n"),
    )
    .unwrap();
    assert_eq!(import(&hub, folder.path().into(), "legal").await.unwrap().changes(), 1);
    let response = org.get(&hub, "/api/v1/services?text=renamed").await.expect(200);
    assert_eq!(response.body["items"][0]["provider"], "Renamed Advice");
}

#[actix_web::test]
async fn a_linked_service_can_be_referred_to_and_the_link_outlives_imports() {
    let hub = TestHub::new();
    let (org, provider) = (hub.org("Harbour Aid").await, hub.org("Legal Aid Board").await);
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[(A, "Asylum advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    let id: ServiceId = format!("svc_{}", A.replace('-', "")).parse().unwrap();
    let path = format!("/api/v1/services/{id}/link");
    let body = json!({ "organisation": provider.id, "service": "SV12" });
    let refused =
        send(&hub, Some(&provider.token), "PUT", &path, &[("if-match", "\"1\"")], Some(&body)).await;
    assert_eq!(refused.expect(403).code(), "access.forbidden", "members do not link by themselves");

    let link = |version, link| {
        let command = LinkService { service: id, version, link };
        let caller = hub.operator();
        let hub = hub.hub.clone();
        async move {
            hub.write("directory.link", &caller, move |tx| {
                directory::link_service(tx, &command, Policy::builtin())
            })
            .await
        }
    };
    let to = |code: &str| Some(Link { organisation: provider.id, service: code.parse().unwrap() });
    assert!(link(1, to("SV77")).await.is_err());
    assert!(link(9, to("SV12")).await.is_err(), "somebody else's version is not overwritten");
    let linked = link(1, to("SV12")).await.unwrap();
    assert_eq!((linked.member, linked.version), (Some(provider.id), 2));

    package(folder.path(), &[(A, "Asylum and detention advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    let (member, code): (_, ServiceCode) = (provider.id, "SV12".parse().unwrap());
    let now = hub.now();
    let offered = hub
        .hub
        .read::<_, DirectoryError>(move |db| directory::offer(db, member, &code, Policy::builtin(), now))
        .await
        .unwrap();
    assert_eq!(offered, Some(OfferFacts { availability: Availability::Unknown }));
    let shown = org.get(&hub, "/api/v1/services?members_only=true&service=SV12").await.expect(200);
    assert_eq!(names(&shown), ["Asylum and detention advice"]);

    let forget = || {
        let (hub, caller) = (hub.hub.clone(), hub.operator());
        async move {
            hub.write("directory.forget_source", &caller, |tx| directory::forget_source(tx, "legal")).await
        }
    };
    assert_eq!(forget().await.unwrap_err().code().name(), "directory.linked");
    link(3, None).await.unwrap();
    assert_eq!(forget().await.unwrap(), 1);
}

#[actix_web::test]
async fn a_broader_code_in_a_packet_finds_the_service_it_stands_for() {
    let hub = TestHub::new();
    let shelter = hub.org("Safe House").await;
    let body = json!({ "organisation": shelter.id, "service": "SV02", "name": "Secure shelter", "description": "y" });
    listed(&hub, &body).await;
    for (code, is_offered) in [("SV02", true), ("SV01", true), ("SV03", false)] {
        let (id, asked): (_, ServiceCode) = (shelter.id, code.parse().unwrap());
        let now = hub.now();
        let offer = hub
            .hub
            .read::<_, DirectoryError>(move |db| directory::offer(db, id, &asked, Policy::builtin(), now))
            .await
            .unwrap();
        assert_eq!(offer.is_some(), is_offered, "{code}");
    }
}

#[actix_web::test]
async fn one_service_does_not_come_in_under_two_names() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[(A, "Asylum advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    let refused = import(&hub, folder.path().into(), "other").await.unwrap_err();
    assert!(matches!(&refused, DirectoryError::Stopped(reason) if reason.contains("legal")), "{refused}");
    let again = Package::open(folder.path()).unwrap();
    let now = hub.hub.now();
    let looked = hub
        .hub
        .read(move |db| directory::dry_run(db, &Actor::operator(), (&again, "other", now), &mut |_| {}))
        .await
        .unwrap();
    assert!(looked.stopped.is_some(), "a look says so too");
    // The organisation stood before the service at which the import was given up: nothing of it is there.
    let out = tempfile::tempdir().unwrap();
    let into = out.path().to_owned();
    let export = move |db: &mut Db<'_>| directory::export(db, &Actor::operator(), "other", into.as_path());
    let nothing = hub.hub.read::<_, DirectoryError>(export).await.unwrap_err();
    assert_eq!(nothing.code().name(), "access.not_found");
}

#[actix_web::test]
async fn the_order_of_files_and_rows_changes_nothing() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), &[(A, "Asylum advice"), (B, "Housing advice")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    package(folder.path(), &[(B, "Housing advice"), (A, "Asylum advice")]);
    let descriptor = folder.path().join("datapackage.json");
    let mut listed: Value = serde_json::from_slice(&std::fs::read(&descriptor).unwrap()).unwrap();
    listed["resources"].as_array_mut().unwrap().reverse();
    std::fs::write(&descriptor, listed.to_string()).unwrap();
    let again = import(&hub, folder.path().into(), "legal").await.unwrap();
    assert_eq!((again.changes(), again.missing(), again.refused), (0, 0, 0));
}

#[actix_web::test]
async fn an_export_comes_in_again_as_the_same_and_holds_nothing_restricted() {
    use diesel::RunQueryDsl as _;
    let hub = TestHub::new();
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    package(folder.path(), &[(A, "Asylum advice"), (B, "=Canary(1)")]);
    import(&hub, folder.path().into(), "legal").await.unwrap();
    let export = |into: PathBuf| {
        let hub = hub.hub.clone();
        async move {
            hub.read::<_, DirectoryError>(move |db| {
                directory::export(db, &Actor::operator(), "legal", into.as_path())
            })
            .await
        }
    };
    assert_eq!(export(out.path().into()).await.unwrap()["service"], 2);
    let written = std::fs::read_to_string(out.path().join("service.csv")).unwrap();
    assert!(written.contains(",'=Canary(1),"), "{written}");

    let other = TestHub::new();
    import(&other, out.path().into(), "legal").await.unwrap();
    let back = import(&hub, out.path().into(), "legal").await.unwrap();
    assert_eq!((back.changes(), back.missing()), (0, 0), "the export is what came in");

    hub.hub
        .tend::<_, StorageError>("tests.restrict", |tx| {
            let sql = "UPDATE services SET visibility = 'restricted' WHERE name LIKE '=Canary%'";
            Ok(diesel::sql_query(sql).execute(tx.db().conn())?)
        })
        .await
        .unwrap();
    let second = tempfile::tempdir().unwrap();
    assert_eq!(export(second.path().into()).await.unwrap()["service"], 1);
    let written = std::fs::read_to_string(second.path().join("service.csv")).unwrap();
    assert!(!written.contains("Canary"), "{written}");
}

#[actix_web::test]
async fn a_real_directory_of_thousands_comes_in_whole() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder =
        std::env::var_os("THROUGHLINE_TEST_SHARED").map_or(beside, PathBuf::from).join("data/hsds/laalaa");
    if !folder.exists() {
        assert!(
            std::env::vars().all(|(name, _)| name != "THROUGHLINE_TEST_NO_SKIP"),
            "{} is missing",
            folder.display()
        );
        eprintln!("SKIPPED: {} is not here", folder.display());
        return;
    }
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let report = import(&hub, folder.clone(), "laalaa").await.unwrap();
    let rows = |table: &str| report.table(table).map_or(0, |t| t.new);
    assert_eq!((rows("organization"), rows("service"), rows("location")), (2_486, 4_383, 5_864));
    assert_eq!((rows("service_at_location"), rows("phone"), report.refused), (8_650, 3_904, 0));
    assert_eq!(import(&hub, folder, "laalaa").await.unwrap().changes(), 0);
    let found = org.get(&hub, "/api/v1/services?text=immigration&limit=200").await.expect(200);
    assert!(names(&found).len() > 100, "{}", names(&found).len());
}

/// A list with one organisation and three of its services: at a place, in a town, and by telephone alone.
fn three_services(folder: &Path, prefix: &str, (provider, latitude, town, number): (&str, &str, &str, &str)) {
    let id = |what: &str| format!("{prefix}-{what}");
    let (aid, clinic, legal, hotline) = (id("aid"), id("clinic"), id("legal"), id("hotline"));
    let (quay, port) = (id("quay"), id("port"));
    let tables = [
        ("organization", "id,name", format!("{aid},{provider}\n")),
        (
            "service",
            "id,organization_id,name,status",
            format!(
                "{clinic},{aid},Clinic,active\n{legal},{aid},Legal advice,active\n{hotline},{aid},Hotline,active\n"
            ),
        ),
        (
            "location",
            "id,location_type,latitude,longitude",
            format!("{quay},physical,{latitude},28.3\n{port},physical,,\n"),
        ),
        (
            "service_at_location",
            "id,service_id,location_id",
            format!("{prefix}-at1,{clinic},{quay}\n{prefix}-at2,{legal},{port}\n"),
        ),
        (
            "address",
            "id,location_id,city,country,address_type",
            format!("{prefix}-a1,{port},{town},ZM,physical\n"),
        ),
        ("phone", "id,number,service_id", format!("{prefix}-p1,{number},{hotline}\n")),
    ];
    write_package(folder, tables);
}

#[actix_web::test]
async fn a_look_names_services_that_look_like_entries_of_other_sources() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    three_services(folder.path(), "one", ("Harbour Aid", "-15.4", "Chipata", "+260 211 123456"));
    import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    let look = async |source: &'static str, what| {
        let folder = tempfile::tempdir().unwrap();
        three_services(folder.path(), "two", what);
        let (package, now) = (Package::open(folder.path()).unwrap(), hub.now());
        let looked = hub.hub.read::<_, DirectoryError>(move |db| {
            directory::dry_run(db, &Actor::operator(), (&package, source, now), &mut |_| {})
        });
        looked.await.unwrap()
    };
    let said = |report: &Report| -> Vec<(u64, String, Alike)> {
        assert_eq!(report.alike, u64::try_from(report.duplicates.len()).unwrap());
        let twins = report.duplicates.iter();
        twins.map(|twin| (twin.line, twin.source.clone(), twin.alike)).collect()
    };
    let report = look("inland", ("HARBOUR  aïd", "-15.403", "chípata", "0211 12 34 56")).await;
    let coast = || String::from("coast");
    assert_eq!(
        said(&report),
        [(2, coast(), Alike::Place), (3, coast(), Alike::Town), (4, coast(), Alike::Telephone)]
    );
    assert!(report.duplicates.iter().all(|twin| twin.service.starts_with("svc_")));
    assert_eq!((report.refused, report.warned, report.table("service").unwrap().new), (0, 0, 3));
    let elsewhere = look("inland", ("Harbour Aid", "-15.41", "Kitwe", "0211 12 34 57")).await;
    assert!(said(&elsewhere).is_empty(), "the same names elsewhere");
    let others = look("inland", ("Lake Legal", "-15.4", "Chipata", "+260 211 123456")).await;
    assert!(said(&others).is_empty(), "another provider");
    let own = look("coast", ("Harbour Aid", "-15.4", "Chipata", "+260 211 123456")).await;
    assert!(said(&own).is_empty(), "a source is not compared with itself");
}
