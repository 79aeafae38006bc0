//! A provider corrects its entry, those who keep the directory decide, and no import undoes what was taken.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{
        self, Decision, DirectoryError, Visibility,
        hsds::{Package, Report},
    },
    kernel::id::ServiceId,
};

use crate::support::{
    Org, TestHub, as_keeper, import_read, link_to, service_of_row, version_at, write_package,
};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";
const CLINIC: &str = "22222222-2222-4222-8222-222222222221";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";
const PHONE: &str = "66666666-6666-4666-8666-666666666661";
const OTHER_PHONE: &str = "66666666-6666-4666-8666-666666666662";

fn package(folder: &Path, name: &str) {
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,description,status,local_code",
            format!(
                "{CLINIC},{ORGANISATION},{name},Old,active,X9\n{OTHER},{ORGANISATION},Other,Other,active,\n"
            ),
        ),
        (
            "phone",
            "id,number,service_id",
            format!("{PHONE},+260211000001,{CLINIC}\n{OTHER_PHONE},+260211000002,{OTHER}\n"),
        ),
        ("language", "id,service_id,code", format!("l1,{CLINIC},fr\n")),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf) -> Report {
    hub.clock.advance(TimeDelta::seconds(1));
    let (package, looked_at) = (Package::open(&folder).unwrap(), Package::open(&folder).unwrap());
    let now = hub.hub.now();
    let looking = move |db: &mut throughline::storage::Db<'_>| {
        directory::dry_run(db, &Actor::operator(), (&looked_at, "test", now), &mut |_| {})
    };
    let looked = hub.hub.read::<_, DirectoryError>(looking).await.unwrap();
    let taken = import_read(hub, package, ("test", Visibility::Public)).await;
    assert_eq!(looked, taken, "a look says what is taken");
    taken
}

fn service() -> ServiceId {
    service_of_row(CLINIC)
}

/// A hub with an imported clinic that a member provides.
async fn directory() -> (TestHub, Org, tempfile::TempDir) {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), "Clinic");
    import(&hub, folder.path().into()).await;
    let org = hub.org("Harbour Aid").await;
    link_to(&hub, CLINIC, (&org, "SV07")).await;
    (hub, org, folder)
}

fn path(part: &str) -> String {
    format!("/api/v1/services/{}/{part}", service())
}

async fn write(hub: &TestHub, org: &Org, edit: Value) -> crate::support::Response {
    let body = json!({ "edit": edit, "submit": true });
    crate::support::send(hub, Some(&org.token), "PUT", &path("draft"), &[], Some(&body)).await
}

async fn decide(hub: &TestHub, org: &Org, approve: bool, reason: Option<&str>) -> Result<(), DirectoryError> {
    let version = version_at(hub, org, &path("draft")).await;
    let decision = Decision {
        approve,
        criteria: "2026-1".parse().unwrap(),
        reason: reason.map(|reason| reason.parse().unwrap()),
        visibility: None,
    };
    let settings = hub.hub.settings().directory.clone();
    as_keeper(hub, "directory.decide", move |tx| {
        directory::decide(tx, (service(), version), (&decision, &settings)).map(drop)
    })
    .await
}

async fn document(hub: &TestHub) -> Value {
    let path = format!("/hsds/services/{CLINIC}");
    crate::support::send(hub, None, "GET", &path, &[], None).await.expect(200).body
}

fn numbers(document: &Value) -> Vec<&str> {
    let phones = document["phones"].as_array().map_or(&[][..], Vec::as_slice);
    phones.iter().map(|phone| phone["number"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn what_a_provider_corrects_is_taken_by_those_who_keep_the_directory_and_outlives_imports() {
    let (hub, org, folder) = directory().await;
    let edit = json!({
        "service": { "name": "Night clinic", "description": "Nights only", "url": "https://night.example" },
        "parts": {
            "phone": [{ "id": PHONE, "number": "+260211000009" }, { "number": "+260211000010" }],
            "schedule": [{ "freq": "WEEKLY", "byday": "MO", "opens_at": "20:00", "closes_at": "06:00" }],
            "language": []
        }
    });
    let draft = write(&hub, &org, edit).await.expect(200).body;
    assert_eq!((&draft["state"], &draft["is_outdated"]), (&json!("submitted"), &json!(false)));
    assert_eq!(document(&hub).await["name"], "Clinic", "nothing changes before it is taken");
    let waiting = hub
        .hub
        .read(move |db| {
            directory::drafts(db, &Actor::operator(), &throughline::kernel::page::Asked::new(None, None))
        })
        .await
        .unwrap();
    assert_eq!(waiting.items.len(), 1);

    decide(&hub, &org, true, None).await.unwrap();
    let shown = document(&hub).await;
    assert_eq!((&shown["name"], &shown["description"]), (&json!("Night clinic"), &json!("Nights only")));
    assert_eq!(numbers(&shown), ["+260211000009", "+260211000010"]);
    assert_eq!(shown["schedules"][0]["byday"], "MO");
    assert_eq!(shown.get("languages"), None, "a table that is named without rows is emptied");
    let found = org.get(&hub, "/api/v1/services?text=night&open_at=2026-03-02T21:00").await.expect(200).body;
    assert_eq!(
        (&found["items"][0]["hours"], &found["items"][0]["verification"]),
        (&json!("open"), &json!("verified"))
    );
    assert_eq!(org.get(&hub, &path("draft")).await.status, 404, "it is no draft any more");
    let decided = org.get(&hub, &path("decisions")).await.expect(200).body;
    assert_eq!(
        (&decided["items"][0]["state"], &decided["items"][0]["criteria"]),
        (&json!("approved"), &json!("2026-1"))
    );
    let changes = org.get(&hub, &path("changes")).await.expect(200).body.to_string();
    assert!(changes.contains("Night clinic") && changes.contains("+260211000001"), "{changes}");

    let again = import(&hub, folder.path().into()).await;
    assert_eq!(
        (again.changes(), again.missing()),
        (0, 0),
        "what the source still gives undoes nothing: {again:?}"
    );
    let mut after = document(&hub).await;
    let mut before = shown;
    for document in [&mut after, &mut before] {
        document.as_object_mut().unwrap().remove("last_modified");
    }
    assert_eq!(after, before);

    // What the provider said nothing of follows the source.
    let text = std::fs::read_to_string(folder.path().join("service.csv")).unwrap();
    std::fs::write(
        folder.path().join("service.csv"),
        text.replace("X9", "X10").replace(",Clinic,", ",Renamed,"),
    )
    .unwrap();
    let changed = import(&hub, folder.path().into()).await;
    assert_eq!(changed.changes(), 1);
    assert_eq!(document(&hub).await["name"], "Night clinic");
}

#[actix_web::test]
async fn a_draft_that_is_refused_says_why_and_can_be_written_again() {
    let (hub, org, _folder) = directory().await;
    write(&hub, &org, json!({ "service": { "name": "Best clinic" } })).await.expect(200);
    let refused = decide(&hub, &org, false, None).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::ReasonMissing), "{refused}");
    decide(&hub, &org, false, Some("No praise in names")).await.unwrap();
    let draft = org.get(&hub, &path("draft")).await.expect(200).body;
    assert_eq!((&draft["state"], &draft["reason"]), (&json!("rejected"), &json!("No praise in names")));
    assert_eq!(document(&hub).await["name"], "Clinic");
    let draft = write(&hub, &org, json!({ "service": { "name": "Harbour clinic" } })).await.expect(200).body;
    assert_eq!((&draft["state"], draft.get("reason")), (&json!("submitted"), None));
    decide(&hub, &org, true, None).await.unwrap();
    assert_eq!(document(&hub).await["name"], "Harbour clinic");
}

#[actix_web::test]
async fn a_draft_of_an_entry_that_changed_has_to_be_looked_at_again() {
    let (hub, org, folder) = directory().await;
    write(&hub, &org, json!({ "service": { "alert": "Closed on Friday" } })).await.expect(200);
    package(folder.path(), "Clinic of the Lake");
    import(&hub, folder.path().into()).await;
    assert_eq!(org.get(&hub, &path("draft")).await.expect(200).body["is_outdated"], true);
    let refused = decide(&hub, &org, true, None).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::DraftOutdated), "{refused}");
    write(&hub, &org, json!({ "service": { "alert": "Closed on Friday" } })).await.expect(200);
    decide(&hub, &org, true, None).await.unwrap();
    let shown = document(&hub).await;
    assert_eq!((&shown["name"], &shown["alert"]), (&json!("Clinic of the Lake"), &json!("Closed on Friday")));
}

#[actix_web::test]
async fn a_draft_says_nothing_that_is_decided_elsewhere_and_nothing_of_others() {
    let (hub, org, _folder) = directory().await;
    for (edit, says) in [
        (json!({}), "says nothing"),
        (json!({ "service": { "id": OTHER } }), "service.id"),
        (json!({ "service": { "organization_id": OTHER } }), "service.organization_id"),
        (json!({ "service": { "status": "open" } }), "service.status"),
        (json!({ "service": { "name": "" } }), "service.name"),
        (json!({ "parts": { "location": [{ "location_type": "physical" }] } }), "location"),
        (json!({ "parts": { "phone": [{ "id": OTHER_PHONE, "number": "1" }] } }), "phone.id"),
        (json!({ "parts": { "phone": [{ "number": "1", "service_id": OTHER }] } }), "phone.service_id"),
        (json!({ "parts": { "phone": [{ "number": "" }] } }), "phone.number"),
        (json!({ "parts": { "schedule": [{ "freq": "DAILY" }] } }), "schedule.freq"),
        (json!({ "places": [{ "location": { "name": "Elsewhere" } }] }), "places"),
        (json!({ "parts": { "phone": vec![json!({ "number": "1" }); 201] } }), "200 rows"),
    ] {
        let refused = write(&hub, &org, edit.clone()).await.expect(422);
        assert_eq!(refused.code(), "directory.bad_draft", "{edit}");
        assert!(refused.body["detail"].as_str().unwrap().contains(says), "{edit}: {}", refused.body);
    }
    assert_eq!(org.get(&hub, &path("draft")).await.status, 404);
    let stranger = hub.org("Hill Aid").await;
    let theirs = write(&hub, &stranger, json!({ "service": { "name": "Mine" } })).await;
    assert_eq!(theirs.status, 403);
    write(&hub, &org, json!({ "service": { "name": "Ours" } })).await.expect(200);
    assert_eq!(stranger.get(&hub, &path("draft")).await.status, 403);
}
