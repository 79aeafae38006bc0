//! A directory is imported, searched, corrected and forgotten.

use std::path::{Path, PathBuf};

use serde_json::json;
use throughline::{
    access::Actor,
    directory::{
        self, Availability, DirectoryError, OfferFacts,
        hsds::{Package, Report},
    },
    policy::ServiceCode,
};

use crate::support::{Org, Response, TestHub, send};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

fn package(folder: &Path, services: &[(&str, &str)]) -> Package {
    let mut rows = String::from("id,organization_id,name,status,url\n");
    for (id, name) in services {
        rows.push_str(&format!("{id},{ORGANISATION},{name},active,javascript:alert(1)\n"));
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
            directory::import(tx, &package, source, &mut |_| {})
        })
        .await
        .map_err(|failure| match failure {
            throughline::hub::Failure::Refused(error) => error,
            other => panic!("{other}"),
        })
}

fn names(response: &Response) -> Vec<&str> {
    response.body["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect()
}

async fn offering(hub: &TestHub, org: &Org, visibility: &str) -> Response {
    let body = json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Primary care",
        "visibility": visibility });
    org.post(hub, "/api/v1/services", &body).await.expect(201)
}

#[actix_web::test]
async fn a_package_is_looked_at_taken_once_updated_and_forgotten() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = ("22222222-2222-4222-8222-222222222221", "22222222-2222-4222-8222-222222222222");
    package(folder.path(), &[(a, "Asylum advice"), (b, "Housing advice")]);

    let looked = Package::open(folder.path()).unwrap();
    let report = hub
        .hub
        .read(move |db| directory::dry_run(db, &Actor::operator(), &looked, "legal", &mut |_| {}))
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

#[actix_web::test]
async fn a_restricted_service_is_found_by_its_own_organisation_only() {
    let hub = TestHub::new();
    let (shelter, other) = (hub.org("Safe House").await, hub.org("Harbour Aid").await);
    let made = offering(&hub, &shelter, "restricted").await;
    let path = format!("/api/v1/services/{}", made.body["id"].as_str().unwrap());
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
    let path = format!("/api/v1/services/{}/availability", made.body["id"].as_str().unwrap());
    let full = json!({ "availability": "full" });
    let put = async |org: &Org, version| {
        send(&hub, Some(&org.token), "PUT", &path, &[("if-match", version)], Some(&full)).await
    };
    put(&other, "\"1\"").await.expect(403);
    put(&clinic, "\"1\"").await.expect(200);
    assert_eq!(put(&clinic, "\"1\"").await.expect(409).code(), "storage.conflict");
    assert_eq!(put(&clinic, "1").await.expect(400).code(), "api.if_match_missing");
    let (id, code): (_, ServiceCode) = (clinic.id, "SV07".parse().unwrap());
    let offer = hub.hub.read::<_, DirectoryError>(move |db| directory::offer(db, id, &code)).await.unwrap();
    assert_eq!(offer, Some(OfferFacts { availability: Availability::Full }));
    let none =
        hub.hub.read::<_, DirectoryError>(move |db| directory::offer(db, id, &"SV01".parse().unwrap())).await;
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
async fn a_real_directory_of_thousands_comes_in_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/hsds/laalaa");
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
