//! Whom one calls at members: who keeps that, who sees it, until when, and what a service may say while nobody is on call.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role, Tx},
    directory::{self, Decision, DirectoryError, Visibility},
    kernel::id::ServiceId,
    members,
    storage::Db,
};

use crate::support::{
    Org, Response, TestHub, as_keeper, import_package, link_to, listed, process::Machine, restrict, send,
    service_of_row, version_at, write_package,
};

const CONTACTS: &str = "/api/v1/directory/contacts";

/// What stands nowhere but in a contact.
const CANARIES: [&str; 3] = ["Canary Personaname Mwila", "+260 977 31415926", "31415926"];

fn canary() -> Value {
    json!({
        "label": "Duty protection officer", "name": CANARIES[0], "telephone": CANARIES[1], "is_on_call": true,
        "day_and_night": true, "languages": ["en", "bem"],
    })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

/// A service of an organisation that everybody finds.
async fn clinic_of(hub: &TestHub, org: &Org) -> String {
    let body = json!({
        "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Care", "visibility": "public",
    });
    listed(hub, &body).await["id"].as_str().unwrap().to_owned()
}

/// Adds a contact; answers its path.
async fn added(hub: &TestHub, org: &Org, body: &Value) -> String {
    let kept = org.post(hub, CONTACTS, body).await.expect(201).body;
    format!("{CONTACTS}/{}", kept["id"].as_str().unwrap())
}

/// Changes or removes a contact, as somebody who saw this version.
async fn act(
    hub: &TestHub,
    org: &Org,
    (method, path): (&str, &str),
    version: i64,
    body: Option<&Value>,
) -> Response {
    let seen = format!("\"{version}\"");
    send(hub, Some(&org.token), method, path, &[("if-match", &seen)], body).await
}

/// The labels that somebody is shown.
async fn labels(hub: &TestHub, org: &Org, query: &str) -> Vec<String> {
    let found = org.get(hub, &format!("{CONTACTS}{query}")).await.expect(200).body;
    let items = found["items"].as_array().unwrap().iter();
    items.map(|contact| contact["label"].as_str().unwrap().to_owned()).collect()
}

/// Everything that is given out about a service beside its contacts: to everybody, and to whom a token belongs.
async fn outputs(hub: &TestHub, org: &Org, service: &str) -> Vec<(String, String)> {
    let row = service.trim_start_matches("svc_");
    let public = [
        String::from("/hsds"),
        String::from("/hsds/services?full=true"),
        String::from("/hsds/services?format=ndjson"),
        format!("/hsds/services/{row}"),
        String::from("/hsds/organizations?full=true"),
        String::from("/hsds/service_at_locations?full=true"),
        String::from("/api/v1/directory/places.geojson"),
        String::from("/api/v1/directory/3w.csv"),
        String::from("/api/v1/directory/page.html"),
        String::from("/api/v1/services?text=lake"),
        format!("/api/v1/services/{service}"),
        format!("/api/v1/services/{service}/changes"),
        format!("/services/{service}"),
        String::from("/metrics"),
        String::from("/api/v1/notices"),
        String::from(CONTACTS),
    ];
    let mut told = Vec::new();
    for path in public {
        let open = send(hub, None, "GET", &path, &[], None).await;
        told.push((format!("{path} to nobody"), format!("{:?} {}", open.headers, open.body)));
        if path != CONTACTS && !path.starts_with("/services") {
            let theirs = org.get(hub, &path).await;
            told.push((format!("{path} to a member"), format!("{:?} {}", theirs.headers, theirs.body)));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("package");
    let (plain, package) = (folder.path().join("plain"), into.clone());
    for empty in [&plain, &package] {
        std::fs::create_dir(empty).unwrap();
    }
    hub.hub
        .read::<_, DirectoryError>(move |db: &mut Db<'_>| {
            directory::export(db, &Actor::operator(), "node", into.as_path())?;
            directory::export_plain(db, &Actor::operator(), "node", plain.as_path())
        })
        .await
        .unwrap();
    for folder in [package, folder.path().join("plain")] {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            told.push((path.display().to_string(), std::fs::read_to_string(path).unwrap()));
        }
    }
    told
}

#[actix_web::test]
async fn a_contact_is_for_members_stands_in_nothing_public_and_is_gone_after_its_day() {
    let hub = TestHub::new();
    let (mut harbour, mut other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let service = clinic_of(&hub, &harbour).await;
    let end = hub.now().plus(TimeDelta::days(40));
    let body = with(with(canary(), "service", json!(service)), "valid_until", json!(end));
    let key = [("idempotency-key", "contact-1")];
    let once = || send(&hub, Some(&harbour.token), "POST", CONTACTS, &key, Some(&body));
    let kept = once().await.expect(201).body;
    assert_eq!(once().await.expect(201).body, kept, "the same request counts once");
    let path = format!("{CONTACTS}/{}", kept["id"].as_str().unwrap());
    let asked = format!("?service={service}");
    assert_eq!(hub.rows().matches(CANARIES[0]).count(), 1, "no answer that is remembered holds it");

    // Members see it, and nobody else does.
    let shown = other.get(&hub, &format!("{CONTACTS}{asked}")).await.expect(200).body;
    assert_eq!(shown["items"].as_array().unwrap().len(), 1);
    let shown = &shown["items"][0];
    assert_eq!([&shown["name"], &shown["telephone"]], [&json!(CANARIES[0]), &json!(CANARIES[1])]);
    assert_eq!((&shown["channel"], &shown["languages"]), (&json!("voice"), &json!(["en", "bem"])));
    for path in [CONTACTS, &path, &format!("{CONTACTS}{asked}")] {
        assert_eq!(
            send(&hub, None, "GET", path, &[], None).await.expect(401).code(),
            "access.unauthenticated"
        );
    }
    let before: Vec<(String, String)> = outputs(&hub, &other, &service).await;
    assert!(before.iter().any(|(_, text)| text.contains("Lake clinic")));
    for (what, text) in &before {
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in {what}");
        }
    }
    for wrong in [
        with(body.clone(), "telephone", json!(CANARIES[0])),
        with(body.clone(), "valid_until", json!(CANARIES[1])),
        with(body.clone(), "name", json!(format!("{}\n", CANARIES[0].repeat(9)))),
        with(body.clone(), "channel", json!(CANARIES[2])),
    ] {
        let refused = harbour.post(&hub, CONTACTS, &wrong).await.expect(400);
        assert!(CANARIES.iter().all(|canary| !refused.body.to_string().contains(canary)), "{}", refused.body);
    }
    let entries = hub.logged("directory.add_contact").await;
    assert!(!entries.is_empty());
    assert!(CANARIES.iter().all(|canary| !format!("{entries:?}").contains(canary)));

    // A month before, its organisation is told, once, and neither whom nor which number.
    assert!(harbour.told(&hub, "contact.ends").await.is_empty());
    hub.clock.advance(TimeDelta::days(11));
    for _ in 0..2 {
        hub.run_jobs().await;
    }
    harbour.sign_in(&hub).await;
    other.sign_in(&hub).await;
    let told = harbour.told(&hub, "contact.ends").await;
    assert_eq!(told, [json!({ "contact": kept["id"], "service": service, "at": end })]);
    assert!(other.told(&hub, "contact.ends").await.is_empty());

    // From its end on nobody sees it, before any job looked; then it is deleted.
    hub.clock.advance(end.since(hub.now()));
    harbour.sign_in(&hub).await;
    other.sign_in(&hub).await;
    harbour.get(&hub, &path).await.expect(404);
    for org in [&harbour, &other] {
        assert!(labels(&hub, org, &asked).await.is_empty());
    }
    assert!(hub.rows().contains(CANARIES[0]), "it is there until a job deletes it");
    hub.run_jobs().await;
    let rows = hub.rows();
    for canary in CANARIES {
        assert!(!rows.contains(canary), "{canary} is still there");
    }
    assert_eq!(hub.logged("directory.forget_contacts").await.len(), 1);
}

#[actix_web::test]
async fn contacts_are_kept_by_who_speaks_for_their_organisation_and_by_those_who_keep_the_directory() {
    let hub = TestHub::new();
    let (harbour, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let mut worker = hub.org("Bystanders").await;
    let own = format!("?organisation={}", worker.id);
    worker.sign_in_only_as(&hub, Role::CaseWorker).await;
    worker.post(&hub, CONTACTS, &canary()).await.expect(403);
    assert!(labels(&hub, &worker, &own).await.is_empty());

    let path = added(&hub, &harbour, &canary()).await;
    let of_harbour = format!("{CONTACTS}?organisation={}", harbour.id);
    other.post(&hub, &of_harbour, &canary()).await.expect(404);
    let changed = with(canary(), "label", json!("Night desk"));
    act(&hub, &other, ("PUT", &path), 1, Some(&changed)).await.expect(404);
    act(&hub, &other, ("DELETE", &path), 1, None).await.expect(404);

    // Who was slower is told so, and changes nothing.
    let kept = act(&hub, &harbour, ("PUT", &path), 1, Some(&changed)).await.expect(200);
    assert_eq!((kept.headers["etag"].to_str().unwrap(), &kept.body["version"]), ("\"2\"", &json!(2)));
    assert!(kept.body.get("name").is_none() && kept.body.get("telephone").is_none());
    for (method, body) in [("PUT", Some(&changed)), ("DELETE", None)] {
        let late = act(&hub, &harbour, (method, &path), 1, body).await.expect(409);
        assert_eq!(late.code(), "storage.conflict");
    }
    assert_eq!(labels(&hub, &other, &format!("?organisation={}", harbour.id)).await, ["Night desk"]);

    // Those who keep the directory add, change and remove for any.
    let (id, organisation) = (path.rsplit('/').next().unwrap().parse().unwrap(), other.id);
    let says = |body: Value| serde_json::from_value::<directory::ContactSays>(body).unwrap();
    let (for_other, again) = (says(canary()), says(canary()));
    as_keeper(&hub, "directory.add_contact", move |tx| {
        directory::add_contact(tx, Some(organisation), &for_other)
    })
    .await
    .unwrap();
    as_keeper(&hub, "directory.change_contact", move |tx| directory::change_contact(tx, (id, 2), &again))
        .await
        .unwrap();
    as_keeper(&hub, "directory.remove_contact", move |tx| directory::remove_contact(tx, (id, 3)))
        .await
        .unwrap();
    harbour.get(&hub, &path).await.expect(404);
    assert_eq!(labels(&hub, &other, "").await, ["Duty protection officer"]);
}

#[actix_web::test]
async fn of_whom_one_calls_at_a_suspended_member_nobody_else_is_told() {
    let hub = TestHub::new();
    let (harbour, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let service = clinic_of(&hub, &harbour).await;
    let path = added(&hub, &harbour, &canary()).await;
    added(&hub, &harbour, &with(canary(), "service", json!(service))).await;
    let lists = [format!("?organisation={}", harbour.id), format!("?service={service}")];
    for list in &lists {
        assert_eq!(labels(&hub, &other, list).await.len(), 2);
    }
    let suspend = members::Suspend { organisation: harbour.id, version: 1 };
    let suspending = move |tx: &mut Tx<'_>| members::suspend_organisation(tx, &suspend);
    hub.hub.write("members.suspend", &hub.operator(), suspending).await.unwrap();
    for list in &lists {
        assert!(labels(&hub, &other, list).await.is_empty(), "{list}");
    }
    other.get(&hub, &path).await.expect(404);
    let (organisation, now) = (harbour.id, hub.now());
    let kept = hub.hub.read::<_, DirectoryError>(move |db| {
        directory::contacts(db, &Actor::operator(), directory::ContactsOf::Organisation(organisation), now)
    });
    assert_eq!(kept.await.unwrap().len(), 2, "those who keep the directory take them away");
}

#[actix_web::test]
async fn what_ends_while_the_job_runs_is_told_of_and_does_not_keep_it_running() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let began = hub.now();
    let soon = with(canary(), "valid_until", json!(began.plus(TimeDelta::seconds(1))));
    added(&hub, &harbour, &soon).await;
    hub.clock.advance(TimeDelta::seconds(2));
    let (telling, asking) = (hub.hub.settings().directory.clone(), hub.hub.settings().directory.clone());
    let remind = move |tx: &mut Tx<'_>| directory::remind(tx, &telling);
    hub.hub.write("directory.remind", &hub.operator(), remind).await.unwrap();
    let asked = hub.hub.read(move |db| directory::anything_to_remind(db, began, &asking)).await.unwrap();
    assert!(!asked, "the job asks as of when it began");
    assert_eq!(harbour.told(&hub, "contact.ends").await.len(), 1);
}

#[actix_web::test]
async fn what_a_contact_cannot_be_is_refused_with_what_to_do() {
    let hub = TestHub::new();
    let (harbour, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let elsewhere = clinic_of(&hub, &other).await;
    let foreign = with(canary(), "service", json!(elsewhere));
    assert_eq!(harbour.post(&hub, CONTACTS, &foreign).await.expect(422).code(), "directory.contact_service");
    for days in [-1, 732] {
        let until = json!(hub.now().plus(TimeDelta::days(days)));
        let refused = harbour.post(&hub, CONTACTS, &with(canary(), "valid_until", until)).await.expect(400);
        assert_eq!(refused.code(), "directory.bad_moment");
    }
    let languages = json!(["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii"]);
    for (member, value) in [
        ("label", json!("x".repeat(81))),
        ("languages", languages),
        ("telephone", json!("112 ask for Mary")),
        ("nickname", json!("x")),
    ] {
        harbour.post(&hub, CONTACTS, &with(canary(), member, value)).await.expect(400);
    }
    for _ in 0..directory::MOST_CONTACTS {
        harbour.post(&hub, CONTACTS, &canary()).await.expect(201);
    }
    let one_more = harbour.post(&hub, CONTACTS, &canary()).await.expect(422);
    assert_eq!(one_more.code(), "directory.too_many_contacts");
    other.post(&hub, CONTACTS, &canary()).await.expect(201);
}

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";
const SECRET: &str = "22222222-2222-4222-8222-222222222221";
const RESTRICTED: &str = "22222222-2222-4222-8222-222222222222";
const LOCATION: &str = "33333333-3333-4333-8333-333333333331";

/// A list with a shelter whose place is kept secret, and another that is restricted later; both say that they take urgent referrals.
async fn shelters(hub: &TestHub) -> directory::hsds::Report {
    let folder = tempfile::tempdir().unwrap();
    let tables = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,status",
            format!("{SECRET},{ORGANISATION},Refuge,active\n{RESTRICTED},{ORGANISATION},House,active\n"),
        ),
        ("location", "id,name,location_type,confidential", format!("{LOCATION},By the pier,physical,yes\n")),
        ("service_at_location", "id,service_id,location_id", format!("at,{SECRET},{LOCATION}\n")),
        (
            "referral_requirement",
            "id,service_id,accepts_emergency",
            format!("r1,{SECRET},yes\nr2,{RESTRICTED},yes\nr3,{RESTRICTED},no\n"),
        ),
    ];
    write_package(folder.path(), tables);
    hub.clock.advance(TimeDelta::seconds(1));
    import_package(hub, folder.path().into(), ("coast", Visibility::Public)).await
}

#[actix_web::test]
async fn whom_to_call_where_something_is_kept_secret_is_for_the_provider_and_those_who_keep_the_directory() {
    let hub = TestHub::new();
    let (harbour, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    shelters(&hub).await;
    restrict(&hub, RESTRICTED).await;
    link_to(&hub, SECRET, (&harbour, "SV01")).await;
    let hidden = service_of_row(RESTRICTED);
    let link = Some(directory::Link { organisation: harbour.id, service: "SV01".parse().unwrap() });
    let (command, policy) = (directory::LinkService { service: hidden, version: 2, link }, hub.hub.policy());
    as_keeper(&hub, "directory.link", move |tx| directory::link_service(tx, &command, &policy).map(drop))
        .await
        .unwrap();
    let secret = service_of_row(SECRET);
    let mut paths = Vec::new();
    for (label, service) in [("Refuge desk", secret), ("House desk", hidden)] {
        let body = with(with(canary(), "label", json!(label)), "service", json!(service));
        paths.push(added(&hub, &harbour, &body).await);
    }
    let everywhere = with(canary(), "label", json!("Duty officer"));
    added(&hub, &harbour, &with(everywhere, "is_on_call", json!(false))).await;

    let of_harbour = format!("?organisation={}", harbour.id);
    let all = ["House desk", "Refuge desk", "Duty officer"];
    assert_eq!(labels(&hub, &harbour, &of_harbour).await, all, "who is on call stands first");
    assert_eq!(labels(&hub, &other, &of_harbour).await, ["Duty officer"]);
    assert_eq!(labels(&hub, &harbour, &format!("?service={secret}")).await, ["Refuge desk", "Duty officer"]);
    assert_eq!(labels(&hub, &other, &format!("?service={secret}")).await, ["Duty officer"]);
    other.get(&hub, &format!("{CONTACTS}?service={hidden}")).await.expect(404);
    for path in &paths {
        harbour.get(&hub, path).await.expect(200);
        other.get(&hub, path).await.expect(404);
    }
    let now = hub.now();
    let kept = hub
        .hub
        .read::<_, DirectoryError>(move |db| {
            directory::contacts(db, &Actor::operator(), directory::ContactsOf::Service(hidden), now)
        })
        .await
        .unwrap();
    assert_eq!(kept.iter().map(|contact| contact.label.as_str()).collect::<Vec<_>>(), [all[0], all[2]]);
}

/// What a draft says of urgent referrals.
fn urgent(said: &str) -> Value {
    json!({ "edit": { "parts": { "referral_requirement": [{ "accepts_emergency": said }] } }, "submit": true })
}

async fn write(hub: &TestHub, org: &Org, path: &str, body: &Value) -> Response {
    send(hub, Some(&org.token), "PUT", &format!("{path}/draft"), &[], Some(body)).await
}

#[actix_web::test]
async fn a_service_takes_urgent_referrals_only_while_somebody_is_on_call() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let service = clinic_of(&hub, &harbour).await;
    let path = format!("/api/v1/services/{service}");
    let refused = write(&hub, &harbour, &path, &urgent("yes")).await.expect(422);
    assert_eq!(refused.code(), "directory.nobody_on_call");
    assert!(refused.body["detail"].as_str().unwrap().contains("/contacts"), "{}", refused.body);
    write(&hub, &harbour, &path, &urgent("no")).await.expect(200);

    // Neither a focal point nor who is on call for something else is enough.
    let focal = with(with(canary(), "is_on_call", json!(false)), "is_focal_point", json!(true));
    added(&hub, &harbour, &focal).await;
    let second = clinic_of(&hub, &harbour).await;
    added(&hub, &harbour, &with(canary(), "service", json!(second))).await;
    write(&hub, &harbour, &path, &urgent("yes")).await.expect(422);
    let on_call = added(&hub, &harbour, &canary()).await;
    write(&hub, &harbour, &path, &urgent("yes")).await.expect(200);

    // Who goes before it is decided takes the answer along.
    act(&hub, &harbour, ("DELETE", &on_call), 1, None).await.expect(204);
    let version = version_at(&hub, &harbour, &format!("{path}/draft")).await;
    let id: ServiceId = service.parse().unwrap();
    let decide = async || {
        let decision =
            Decision { approve: true, criteria: "2026-1".parse().unwrap(), reason: None, visibility: None };
        let settings = hub.hub.settings().directory.clone();
        as_keeper(&hub, "directory.decide", move |tx| {
            directory::decide(tx, (id, version), (&decision, &settings)).map(drop)
        })
        .await
    };
    assert!(matches!(decide().await, Err(DirectoryError::NobodyOnCall)));
    added(&hub, &harbour, &with(canary(), "service", json!(service))).await;
    decide().await.unwrap();
    let row = service.trim_start_matches("svc_");
    let shown = harbour.get(&hub, &format!("/hsds/services/{row}")).await.expect(200).body;
    assert_eq!(shown["referral_requirements"][0]["accepts_emergency"], "yes");
}

#[actix_web::test]
async fn a_list_that_says_urgent_is_taken_and_warned_of_while_nobody_is_on_call() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let report = shelters(&hub).await;
    let warned = |report: &directory::hsds::Report| -> Vec<(String, Option<u64>)> {
        let problems = report.problems.iter().filter(|problem| problem.code == "nobody_on_call");
        problems.map(|problem| (problem.table.clone(), problem.line)).collect()
    };
    let line = |line| (String::from("referral_requirement"), Some(line));
    assert_eq!(warned(&report), [line(2), line(3)]);
    assert!(report.warned >= 2 && report.refused == 0, "{report:?}");
    link_to(&hub, SECRET, (&harbour, "SV01")).await;
    added(&hub, &harbour, &with(canary(), "service", json!(service_of_row(SECRET)))).await;
    assert_eq!(warned(&shelters(&hub).await), [line(3)]);
}

#[actix_web::test]
async fn whoever_runs_the_node_adds_changes_lists_and_removes_contacts_by_command() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let machine = Machine::taking_over(&hub).await;
    let words =
        "--label Night-desk --telephone +260211000000 --on-call --channel sms --language en --language fr";
    let list = format!("directory contacts list --organisation {}", org.id);
    assert_eq!(machine.run(&list).expect(0).out.trim(), "There is no contact.");
    let added = machine.run(&format!("directory contacts add {} {words} --json", org.id)).expect(0).out;
    let added: Value = serde_json::from_str(&added).unwrap();
    assert_eq!((&added["languages"], &added["channel"]), (&json!(["en", "fr"]), &json!("sms")));
    let contact = added["id"].as_str().unwrap();
    let change = format!("directory contacts change {contact} --label Desk --telephone 112");
    let over = machine.run(&format!("{change} --until 2000-01-01T00:00:00Z")).expect(65);
    over.expect_code("directory.bad_moment");
    machine.run(&change).expect(0);
    let shown = machine.run(&format!("{list} --json")).expect(0).out;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["items"][0]["label"], &shown["items"][0]["is_on_call"]),
        (&json!("Desk"), &json!(false))
    );
    machine.run(&format!("directory contacts remove {contact}")).expect(0);
    machine.run(&format!("directory contacts remove {contact}")).expect(69).expect_code("access.not_found");
    assert_eq!(machine.run(&list).expect(0).out.trim(), "There is no contact.");
}
