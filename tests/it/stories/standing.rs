//! Those who keep the directory suspend an entry, archive it and take it up again.

use std::path::Path;

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    directory::{self, DirectoryError, Outcome, SetStanding, Standing, Visibility},
    kernel::{Coded as _, id::ServiceId},
    policy::{Policy, ServiceCode},
};

use crate::support::{
    Org, Response, TestHub, as_keeper, coordinator, import_package, link_to, send, service_of_row, verify,
    version_at, write_package,
};

const CLINIC: &str = "22222222-2222-4222-8222-222222222221";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

fn package(folder: &Path, name: &str) {
    let files = [
        ("organization", "id,name", String::from("o1,Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,description,status",
            format!("{CLINIC},o1,{name},Care,active\n{OTHER},o1,Other,Care,active\n"),
        ),
        ("location", "id,location_type,latitude,longitude", String::from("l1,physical,-15.4,28.3\n")),
        ("service_at_location", "id,service_id,location_id", format!("p1,{CLINIC},l1\np2,{OTHER},l1\n")),
    ];
    write_package(folder, files);
}

fn service() -> ServiceId {
    service_of_row(CLINIC)
}

async fn import(hub: &TestHub, name: &str) {
    hub.clock.advance(TimeDelta::seconds(1));
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), name);
    let report = import_package(hub, folder.path().into(), ("coast", Visibility::Public)).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
}

async fn directory() -> (TestHub, Org, Org) {
    let hub = TestHub::new();
    import(&hub, "Clinic").await;
    let (provider, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    link_to(&hub, CLINIC, (&provider, "SV07")).await;
    (hub, provider, other)
}

fn path(part: &str) -> String {
    format!("/api/v1/services/{}{part}", service())
}

async fn stand(hub: &TestHub, org: &Org, standing: Standing, reason: &str) -> Result<(), DirectoryError> {
    let version = version_at(hub, org, &path("")).await;
    let command =
        SetStanding { standing, criteria: "2026-1".parse().unwrap(), reason: reason.parse().unwrap() };
    as_keeper(hub, "directory.set_standing", move |tx| {
        directory::set_standing(tx, (service(), version), &command).map(drop)
    })
    .await
}

async fn verify_now(hub: &TestHub, org: &Org, outcome: Outcome) {
    hub.clock.advance(TimeDelta::seconds(1));
    verify(hub, (service(), version_at(hub, org, &path("")).await), outcome).await;
}

async fn anybody(hub: &TestHub, path: &str) -> Response {
    send(hub, None, "GET", path, &[], None).await
}

/// Whether somebody can be referred there.
async fn is_offered(hub: &TestHub, org: &Org) -> bool {
    let (id, now, code) = (org.id, hub.now(), "SV07".parse::<ServiceCode>().unwrap());
    let offer =
        move |db: &mut throughline::storage::Db<'_>| directory::offer(db, id, &code, Policy::builtin(), now);
    hub.hub.read::<_, DirectoryError>(offer).await.unwrap().is_some()
}

/// Whether it is suggested, offered for referrals, and published.
async fn is_there(hub: &TestHub, provider: &Org, other: &Org) -> bool {
    let mut seen = Vec::new();
    for org in [provider, other] {
        let found = org.get(hub, "/api/v1/services?text=clinic").await.expect(200).body;
        seen.push(!found["items"].as_array().unwrap().is_empty());
    }
    seen.push(is_offered(hub, provider).await);
    let list = anybody(hub, "/hsds/services").await.expect(200).body;
    assert_eq!(list["total_items"], list["size"]);
    seen.push(list.to_string().contains(CLINIC));
    seen.push(anybody(hub, &format!("/hsds/services/{CLINIC}")).await.status == 200);
    for form in
        ["service_at_locations?full=true", "organizations?full_service=true", "services?format=ndjson"]
    {
        seen.push(anybody(hub, &format!("/hsds/{form}")).await.expect(200).body.to_string().contains(CLINIC));
    }
    for form in ["places.geojson", "3w.csv", "page.html"] {
        let text = anybody(hub, &format!("/api/v1/directory/{form}")).await.expect(200).body.to_string();
        assert!(text.contains("Other"), "{form}: {text}");
        seen.push(text.to_lowercase().contains("clinic"));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "not everywhere the same: {seen:?}");
    seen[0]
}

#[actix_web::test]
async fn what_is_suspended_is_neither_suggested_nor_published_nor_offered_until_it_is_taken_up_again() {
    let (hub, mut provider, mut other) = directory().await;
    assert!(is_there(&hub, &provider, &other).await);
    stand(&hub, &provider, Standing::Suspended, "Turned people away").await.unwrap();
    assert!(!is_there(&hub, &provider, &other).await);
    let shown = other.get(&hub, &path("")).await.expect(200).body;
    assert_eq!((&shown["status"], &shown["standing"]), (&json!("inactive"), &json!("suspended")));
    let document = other.get(&hub, &format!("/hsds/services/{CLINIC}")).await.expect(200).body;
    assert_eq!(document["status"], "inactive", "members read it as what it is");

    // Neither its source, nor who finds it in order, lists it again.
    import(&hub, "Clinic of the coast").await;
    assert!(!is_there(&hub, &provider, &other).await);
    verify_now(&hub, &provider, Outcome::Confirmed).await;
    assert!(!is_there(&hub, &provider, &other).await);
    let again = stand(&hub, &provider, Standing::Suspended, "Once more").await.unwrap_err();
    assert_eq!(again.code().name(), "directory.stands_so");
    stand(&hub, &provider, Standing::Archived, "Gone for good").await.unwrap();
    assert!(!is_there(&hub, &provider, &other).await);
    stand(&hub, &provider, Standing::Listed, "In order").await.unwrap();
    assert!(is_there(&hub, &provider, &other).await);
    assert!(other.get(&hub, &path("")).await.expect(200).body.get("standing").is_none());

    hub.run_jobs().await;
    hub.clock.advance(TimeDelta::seconds(3));
    provider.sign_in(&hub).await;
    other.sign_in(&hub).await;
    let notices = provider.get(&hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let topics: Vec<&str> = notices["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| notice["topic"].as_str().unwrap())
        .filter(|topic| ["service.suspended", "service.archived", "service.listed"].contains(topic))
        .collect();
    assert_eq!(topics, ["service.suspended", "service.archived", "service.listed"]);
}

#[actix_web::test]
async fn each_decision_about_an_entry_is_kept_with_its_reason_and_its_criteria() {
    let (hub, provider, other) = directory().await;
    for (standing, reason) in [(Standing::Suspended, "Turned people away"), (Standing::Listed, "In order")] {
        stand(&hub, &provider, standing, reason).await.unwrap();
    }
    let decisions = provider.get(&hub, &path("/decisions")).await.expect(200).body;
    let kept: Vec<[&str; 3]> = decisions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["state", "criteria", "reason"].map(|member| one[member].as_str().unwrap()))
        .collect();
    assert_eq!(kept, [["listed", "2026-1", "In order"], ["suspended", "2026-1", "Turned people away"]]);
    let changes = provider.get(&hub, &path("/changes")).await.expect(200).body;
    let changed: Vec<[&str; 3]> = changes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["field", "before", "after"].map(|member| one[member].as_str().unwrap()))
        .filter(|[field, ..]| *field == "standing" || *field == "status")
        .collect();
    assert_eq!(changed.len(), 4, "{changed:?}");
    assert!(
        changed.contains(&["standing", "listed", "suspended"])
            && changed.contains(&["status", "inactive", "active"])
    );

    let body = json!({ "standing": "suspended", "criteria": "2026-1", "reason": "Ours" });
    let version = provider.get(&hub, &path("")).await.expect(200).body["version"].clone();
    let seen = format!("\"{version}\"");
    for org in [&provider, &other] {
        let headers = [("if-match", seen.as_str())];
        let refused = send(&hub, Some(&org.token), "PUT", &path("/standing"), &headers, Some(&body)).await;
        assert_eq!(refused.status, 403, "only those who keep the directory");
    }
    let cookie = coordinator(&hub).await;
    let headers = [("if-match", seen.as_str()), ("cookie", cookie.as_str())];
    let put = async |body: &Value| send(&hub, None, "PUT", &path("/standing"), &headers, Some(body)).await;
    let without = json!({ "standing": "suspended", "criteria": "2026-1" });
    assert_eq!(put(&without).await.status, 400, "a reason must be said");
    assert_eq!(put(&body).await.expect(200).body["standing"], "suspended");
}

#[actix_web::test]
async fn what_was_found_closed_meanwhile_is_not_offered_when_it_is_taken_up_again() {
    let (hub, provider, _other) = directory().await;
    stand(&hub, &provider, Standing::Suspended, "Under review").await.unwrap();
    verify_now(&hub, &provider, Outcome::Closed).await;
    stand(&hub, &provider, Standing::Listed, "In order").await.unwrap();
    let shown = provider.get(&hub, &path("")).await.expect(200).body;
    assert_eq!((&shown["status"], shown.get("standing")), (&json!("inactive"), None));
    verify_now(&hub, &provider, Outcome::Confirmed).await;
    assert_eq!(provider.get(&hub, &path("")).await.expect(200).body["status"], "active");
}
