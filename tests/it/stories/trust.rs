//! What people meet who go by an entry feeds how far it is trusted; what changed in the directory is known field by field.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{self, DirectoryError, SetVisibility, Visibility},
    kernel::{
        Timestamp,
        id::ServiceId,
        page::{Asked, Cursor},
        time::{Clock as _, SystemClock},
    },
    storage::Db,
};

use crate::support::{Org, TestHub, import_package, listed, process::Machine, send, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";
const CLINIC: &str = "22222222-2222-4222-8222-222222222221";
const SHELTER: &str = "22222222-2222-4222-8222-222222222222";

async fn offering(hub: &TestHub, org: &Org, code: &str, name: &str) -> String {
    let body = json!({ "organisation": org.id, "service": code, "name": name, "description": "Primary care",
        "visibility": "public" });
    let made = listed(hub, &body).await;
    format!("/api/v1/services/{}", made["id"].as_str().unwrap())
}

async fn report(hub: &TestHub, org: &Org, path: &str, met: &str) -> Value {
    org.post(hub, &format!("{path}/reports"), &json!({ "met": met })).await.expect(200).body
}

async fn topics(hub: &TestHub, org: &Org) -> Vec<String> {
    hub.run_jobs().await;
    hub.clock.advance(TimeDelta::seconds(3));
    let notices = org.get(hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let items = notices["items"].as_array().unwrap().clone();
    let topics = items.iter().map(|notice| notice["topic"].as_str().unwrap().to_owned());
    topics.filter(|topic| topic.starts_with("service.")).collect()
}

async fn found(hub: &TestHub, org: &Org, query: &str) -> usize {
    let body = org.get(hub, &format!("/api/v1/services?{query}")).await.expect(200).body;
    body["items"].as_array().unwrap().len()
}

async fn verify(hub: &TestHub, org: &Org, path: &str, outcome: &str) -> Value {
    let seen = org.get(hub, path).await.expect(200).body["version"].as_i64().unwrap();
    let body = json!({ "method": "telephone", "outcome": outcome });
    let (path, tag) = (format!("{path}/verifications"), format!("\"{seen}\""));
    send(hub, Some(&org.token), "POST", &path, &[("if-match", &tag)], Some(&body)).await.expect(200).body
}

#[actix_web::test]
async fn an_entry_that_does_not_fit_is_corrected_or_left_out_until_somebody_verifies_it() {
    let hub = TestHub::new();
    let mut clinic = hub.org("Clinic of the Lake").await;
    let (mut harbour, hill) = (hub.org("Harbour Aid").await, hub.org("Hill Aid").await);
    let path = offering(&hub, &clinic, "SV07", "Lake clinic").await;

    hub.clock.advance(TimeDelta::seconds(1));
    assert_eq!(report(&hub, &harbour, &path, "reached").await.get("mismatches"), None);
    assert_eq!(report(&hub, &harbour, &path, "unreachable").await["mismatches"], 1);
    assert_eq!(report(&hub, &harbour, &path, "closed").await["mismatches"], 1, "one a day of each");
    let doubted = clinic.get(&hub, "/api/v1/directory/doubted").await.expect(200).body;
    assert_eq!(doubted["items"].as_array().unwrap().len(), 1, "its provider sees it");
    let theirs = hill.get(&hub, "/api/v1/directory/doubted").await.expect(200).body;
    assert!(theirs["items"].as_array().unwrap().is_empty(), "and no other member");
    assert_eq!(report(&hub, &hill, &path, "wrong_information").await["mismatches"], 2);
    assert_eq!(found(&hub, &hill, "text=lake").await, 1);
    report(&hub, &hill, &path, "wrong_information").await;
    assert_eq!(
        topics(&hub, &clinic).await,
        ["service.correction_asked"; 3],
        "what was said today is not told again"
    );

    hub.clock.advance(TimeDelta::days(1));
    harbour.sign_in(&hub).await;
    let flagged = report(&hub, &harbour, &path, "refused").await;
    assert_eq!(flagged["mismatches"], 3);
    assert!(flagged["flagged_at"].is_string());
    assert_eq!(found(&hub, &harbour, "text=lake").await, 0, "not suggested");
    assert_eq!(found(&hub, &harbour, "text=lake&doubtful=true").await, 1);
    let nothing = harbour.get(&hub, "/api/v1/services?text=lake").await.expect(200).body["nothing"].clone();
    assert!(
        nothing["without"].as_array().unwrap().contains(&json!({ "filter": "doubtful", "services": 1 })),
        "{nothing}"
    );
    harbour.get(&hub, &path).await.expect(200);
    let document = path.replace("/api/v1/services/svc_", "/hsds/services/");
    let public = send(&hub, None, "GET", &document, &[], None).await.expect(200).body;
    assert_eq!(public["flagged_at"], flagged["flagged_at"], "other systems are told as well");

    clinic.sign_in(&hub).await;
    let all = topics(&hub, &clinic).await;
    assert_eq!(all.iter().filter(|topic| *topic == "service.flagged").count(), 1, "{all:?}");
    let verified = verify(&hub, &clinic, &path, "corrected").await;
    assert_eq!((verified.get("mismatches"), verified.get("flagged_at")), (None, None));
    let public = send(&hub, None, "GET", &document, &[], None).await.expect(200).body;
    assert_eq!(public.get("flagged_at"), None);
    assert_eq!(found(&hub, &harbour, "text=lake").await, 1);
    let bad =
        harbour.post(&hub, &format!("{path}/reports"), &json!({ "met": "closed", "note": "Amina" })).await;
    assert_eq!(bad.status, 400, "there is no place for words");
}

#[actix_web::test]
async fn what_nobody_verified_for_long_is_not_suggested_and_says_so_where_it_shows() {
    let hub = TestHub::new();
    let mut clinic = hub.org("Clinic of the Lake").await;
    let path = offering(&hub, &clinic, "SV07", "Lake clinic").await;
    hub.clock.advance(TimeDelta::days(100));
    clinic.sign_in(&hub).await;
    assert_eq!(clinic.get(&hub, &path).await.expect(200).body["verification"], "due");
    assert_eq!(found(&hub, &clinic, "text=lake").await, 1, "with a warning");
    hub.clock.advance(TimeDelta::days(90));
    clinic.sign_in(&hub).await;
    assert_eq!(found(&hub, &clinic, "text=lake").await, 0);
    let shown = clinic.get(&hub, "/api/v1/services?text=lake&doubtful=true").await.expect(200).body;
    assert_eq!(shown["items"][0]["verification"], "stale");
    verify(&hub, &clinic, &path, "confirmed").await;
    assert_eq!(found(&hub, &clinic, "text=lake").await, 1);
}

#[tokio::test]
async fn a_search_on_the_command_line_says_what_may_not_be_true_any_more() {
    let machine = Machine::with(&[("DIRECTORY__FLAG_AFTER", "1")]);
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), "08:00", "");
    let from = folder.path().display();
    machine.run(&format!("directory import {from} --source list --yes")).expect(0);
    let clinic = format!("svc_{}", CLINIC.replace('-', ""));
    let said = |options: &str| {
        let shown = machine.run(&format!("directory search clinic {options}")).expect(0).out;
        shown.lines().find(|line| line.starts_with(&clinic)).map_or_else(String::new, str::to_owned)
    };
    let today = SystemClock.now();
    let verify = |days: i64| {
        let at = today.plus(TimeDelta::days(-days));
        let method = format!("--method visit --outcome confirmed --at {at}");
        machine.run(&format!("directory verify {clinic} {method}")).expect(0);
    };
    assert!(said("").ends_with("Clinic · Harbour Aid  never verified"), "{}", said(""));
    verify(200);
    assert_eq!(said(""), "", "what nobody verified for long is not suggested");
    assert!(said("--doubtful").ends_with("  not verified for long: confirm first"), "{}", said("--doubtful"));
    verify(100);
    assert!(said("").ends_with("  due to be verified"), "{}", said(""));
    verify(1);
    assert!(said("").ends_with("Clinic · Harbour Aid"), "{}", said(""));
    machine.run(&format!("directory report {clinic} closed")).expect(0);
    assert_eq!(said(""), "");
    let flagged = said("--doubtful");
    assert!(flagged.ends_with("  did not fit what people met: confirm first"), "{flagged}");
    let listed: Value =
        serde_json::from_str(&machine.run("--json directory search clinic --doubtful").expect(0).out)
            .unwrap();
    assert_eq!(listed["items"][0]["verification"], "verified");
    assert!(listed["items"][0]["flagged_at"].is_string(), "{listed}");
}

fn package(folder: &Path, hours: &str, phones: &str) {
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,status",
            format!("{CLINIC},{ORGANISATION},Clinic,active\n{SHELTER},{ORGANISATION},Shelter,active\n"),
        ),
        ("phone", "id,number,service_id", phones.to_owned()),
        (
            "schedule",
            "id,service_id,freq,byday,opens_at,closes_at",
            format!("s1,{CLINIC},WEEKLY,MO,{hours},17:00\n"),
        ),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf) {
    hub.clock.advance(TimeDelta::seconds(1));
    import_package(hub, folder, ("test", Visibility::Members)).await;
}

fn said(body: &Value) -> Vec<(&str, &str, &str, &str)> {
    let all = body["items"].as_array().unwrap();
    all.iter()
        .map(|change| {
            let of = |name: &str| -> &str { change[name].as_str().unwrap() };
            (of("table"), of("field"), of("before"), of("after"))
        })
        .collect()
}

#[actix_web::test]
async fn each_field_that_changed_is_known_with_what_it_was() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (format!("p1,+260211000001,{CLINIC}\n"), format!("p2,+260211000002,{SHELTER}\n"));
    package(folder.path(), "08:00", &format!("{one}{two}"));
    import(&hub, folder.path().into()).await;
    let id: ServiceId = format!("svc_{}", CLINIC.replace('-', "")).parse().unwrap();
    let page = async |limit, after: Option<Cursor>| -> Value {
        let (asked, now) = (Asked::new(Some(limit), after), hub.hub.now());
        let looking = move |db: &mut Db<'_>| directory::changes(db, &Actor::operator(), (id, &asked), now);
        serde_json::to_value(hub.hub.read::<_, DirectoryError>(looking).await.unwrap()).unwrap()
    };
    let changes = async || page(200, None).await;
    assert!(said(&changes().await).is_empty(), "what came in is no change");

    package(folder.path(), "09:00", &two);
    import(&hub, folder.path().into()).await;
    import(&hub, folder.path().into()).await;
    let body = changes().await;
    assert_eq!(
        said(&body),
        [("phone", "listed", "yes", "no"), ("schedule", "opens_at", "08:00", "09:00")],
        "one row for each field, and nothing the second time"
    );
    package(folder.path(), "09:00", &format!("{}{two}", one.replace("000001", "000009")));
    import(&hub, folder.path().into()).await;
    let body = changes().await;
    assert_eq!(
        said(&body)[..2],
        [("phone", "listed", "no", "yes"), ("phone", "number", "+260211000001", "+260211000009")]
    );
    let first = page(1, None).await;
    let next = first["next"].as_str().unwrap().parse().unwrap();
    assert_eq!(said(&page(1, Some(next)).await), said(&body)[1..2]);

    hub.clock.advance(TimeDelta::seconds(1));
    let version = hub
        .hub
        .read(move |db| directory::find_service(db, &Actor::operator(), id, Timestamp::from_micros(0)))
        .await
        .unwrap()
        .version;
    let command = SetVisibility { service: id, version, visibility: Visibility::Public };
    hub.hub
        .write("directory.set_visibility", &hub.operator(), move |tx| directory::set_visibility(tx, &command))
        .await
        .unwrap();
    assert_eq!(said(&changes().await)[0], ("service", "visibility", "members", "public"));

    let member = hub.org("Hill Aid").await;
    let theirs = member.get(&hub, &format!("/api/v1/services/{id}/changes")).await;
    assert_eq!(theirs.status, 403, "for those concerned");
}
