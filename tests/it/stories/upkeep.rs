//! What is said of services runs out, is verified, and providers are reminded.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    directory::{
        self, Availability, Given, Method, OfferFacts, Outcome, Verified, Verify, Visibility, hsds::Package,
    },
    kernel::{id::ServiceId, page::Asked},
    policy::{Policy, ServiceCode},
};

use crate::support::{
    Org, Response, TestHub, import_package, link_to, listed, send, service_of_row, verify, write_package,
};

async fn offering(hub: &TestHub, org: &Org, name: &str) -> String {
    let body = json!({ "organisation": org.id, "service": "SV07", "name": name, "description": "Primary care",
        "visibility": "public" });
    let made = listed(hub, &body).await;
    format!("/api/v1/services/{}", made["id"].as_str().unwrap())
}

/// Changes a service at the version it has now.
async fn change(
    hub: &TestHub,
    org: &Org,
    (method, path): (&str, &str),
    part: &str,
    body: &Value,
) -> Response {
    let seen = org.get(hub, path).await.expect(200).body["version"].as_i64().unwrap();
    let path = format!("{path}/{part}");
    send(hub, Some(&org.token), method, &path, &[("if-match", &format!("\"{seen}\""))], Some(body)).await
}

async fn topics(hub: &TestHub, org: &Org) -> Vec<String> {
    hub.run_jobs().await;
    hub.clock.advance(TimeDelta::seconds(3));
    let notices = org.get(hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let items = notices["items"].as_array().unwrap().clone();
    let topics = items.iter().map(|notice| notice["topic"].as_str().unwrap().to_owned());
    topics.filter(|topic| topic.starts_with("service.")).collect()
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or("")
}

#[actix_web::test]
async fn what_is_said_of_room_runs_out_everywhere_without_being_written() {
    let hub = TestHub::new();
    let mut clinic = hub.org("Clinic of the Lake").await;
    let path = offering(&hub, &clinic, "Lake clinic").await;
    let said = json!({ "availability": "full", "note": "Flooded", "places": 0, "valid_until": "2026-03-04T09:00:00Z" });
    let shown = change(&hub, &clinic, ("PUT", &path), "availability", &said).await.expect(200).body;
    assert_eq!((text(&shown, "availability"), text(&shown, "availability_note")), ("full", "Flooded"));
    let whole = async |asker: Option<&Org>| -> Value {
        let token = asker.map(|org| org.token.as_str());
        let page = send(&hub, token, "GET", "/hsds/services?full=true", &[], None).await.expect(200).body;
        page["contents"][0].clone()
    };
    let until = json!("2026-03-04T09:00:00Z");
    let known = json!({ "status": "no-capacity", "available": 0, "valid_until": until });
    assert_eq!(whole(None).await["intake"], known, "what the provider adds is for members");
    let of_member = whole(Some(&clinic)).await;
    let known = json!({ "status": "no-capacity", "available": 0, "note": "Flooded", "valid_until": until });
    assert_eq!(of_member["intake"], known);
    if let Some(merged) = super::hsds::with_profile(&hub).await {
        super::hsds::require_valid(&super::hsds::validator(merged.path(), "service.json"), &of_member);
    }
    let listed = send(&hub, None, "GET", "/hsds/services", &[], None).await.expect(200).body;
    assert_eq!(listed["contents"][0].get("intake"), None, "only a whole document has it");
    let asked = async || {
        let (id, now) = (clinic.id, hub.now());
        let code: ServiceCode = "SV07".parse().unwrap();
        let offer = move |db: &mut throughline::storage::Db<'_>| {
            directory::offer(db, id, &code, Policy::builtin(), now)
        };
        hub.hub.read::<_, directory::DirectoryError>(offer).await.unwrap()
    };
    assert_eq!(asked().await, Some(OfferFacts { availability: Availability::Full }));

    hub.clock.advance(TimeDelta::days(2));
    assert_eq!(asked().await, Some(OfferFacts { availability: Availability::Unknown }));
    clinic.sign_in(&hub).await;
    for asker in [None, Some(&clinic)] {
        assert_eq!(whole(asker).await["intake"], json!({ "status": "unknown", "valid_until": until }));
    }
    let one = clinic.get(&hub, &path).await.expect(200).body;
    for found in ["/api/v1/services", "/api/v1/services?text=lake"] {
        let listed = clinic.get(&hub, found).await.expect(200).body["items"][0].clone();
        assert_eq!(text(&listed, "availability"), "unknown", "{found}");
        assert!(listed.get("availability_note").is_none() && listed.get("availability_places").is_none());
    }
    assert_eq!(
        (text(&one, "availability"), text(&one, "availability_until")),
        ("unknown", "2026-03-04T09:00:00Z")
    );
    assert_eq!(one["version"], shown["version"], "nothing was written");

    let until_when = |until: &str| json!({ "availability": "open", "valid_until": until });
    for (until, status) in
        [("2026-03-01T00:00:00Z", 400), ("2028-03-01T00:00:00Z", 400), ("2026-03-05T00:00:00Z", 200)]
    {
        change(&hub, &clinic, ("PUT", &path), "availability", &until_when(until)).await.expect(status);
    }
    let two_lines = json!({ "availability": "open", "note": "a\nb" });
    change(&hub, &clinic, ("PUT", &path), "availability", &two_lines).await.expect(400);
    let after =
        change(&hub, &clinic, ("PUT", &path), "availability", &json!({ "availability": "assessment" })).await;
    assert_eq!(text(&after.expect(200).body, "availability_until"), "2026-04-03T09:00:00Z", "thirty days");
}

#[actix_web::test]
async fn a_provider_is_reminded_once_before_and_once_after() {
    let hub = TestHub::new();
    let mut clinic = hub.org("Clinic of the Lake").await;
    let path = offering(&hub, &clinic, "Lake clinic").await;
    assert!(topics(&hub, &clinic).await.is_empty());
    hub.clock.advance(TimeDelta::days(24));
    clinic.sign_in(&hub).await;
    let mut told = vec!["service.availability_ends"];
    assert_eq!(topics(&hub, &clinic).await, told);
    assert_eq!(topics(&hub, &clinic).await, told, "once");
    hub.clock.advance(TimeDelta::days(7));
    clinic.sign_in(&hub).await;
    told.push("service.availability_ended");
    assert_eq!(topics(&hub, &clinic).await, told);
    change(&hub, &clinic, ("PUT", &path), "availability", &json!({ "availability": "unknown" }))
        .await
        .expect(200);
    hub.clock.advance(TimeDelta::days(53));
    clinic.sign_in(&hub).await;
    told.push("service.verification_due");
    assert_eq!(topics(&hub, &clinic).await, told, "what is unknown does not run out");
    let found = json!({ "method": "provider_update", "outcome": "confirmed" });
    change(&hub, &clinic, ("POST", &path), "verifications", &found).await.expect(200);
    hub.clock.advance(TimeDelta::days(30));
    clinic.sign_in(&hub).await;
    assert_eq!(
        topics(&hub, &clinic).await,
        told[1..],
        "verified in time; the oldest notice has been forgotten"
    );
    hub.clock.advance(TimeDelta::days(61));
    clinic.sign_in(&hub).await;
    assert_eq!(topics(&hub, &clinic).await.last().unwrap(), "service.verification_overdue");
}

#[actix_web::test]
async fn a_verification_holds_for_its_time_and_its_history_is_for_those_concerned() {
    let hub = TestHub::new();
    let (mut clinic, other) = (hub.org("Clinic of the Lake").await, hub.org("Harbour Aid").await);
    let path = offering(&hub, &clinic, "Lake clinic").await;
    let found = json!({ "method": "telephone", "outcome": "confirmed", "fields": ["hours", "contact", "hours"], "at": "2026-03-01T00:00:00Z" });
    change(&hub, &other, ("POST", &path), "verifications", &found).await.expect(403);
    let future = json!({ "method": "visit", "outcome": "confirmed", "at": "2026-03-03T00:00:00Z" });
    let refused = change(&hub, &clinic, ("POST", &path), "verifications", &future).await.expect(400);
    assert_eq!(refused.code(), "directory.bad_moment");

    let older = change(&hub, &clinic, ("POST", &path), "verifications", &found).await.expect(200).body;
    assert_eq!(text(&older, "verified_at"), "2026-03-02T09:00:00Z", "an older one changes no dates");
    let gone = json!({ "method": "visit", "outcome": "unreachable" });
    let same = change(&hub, &clinic, ("POST", &path), "verifications", &gone).await.expect(200).body;
    assert_eq!((text(&same, "verify_by"), text(&same, "verification")), ("2026-05-31T09:00:00Z", "verified"));
    let history = clinic.get(&hub, &format!("{path}/verifications?limit=2")).await.expect(200).body;
    let outcomes: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|kept| text(kept, "outcome")).collect();
    assert_eq!(outcomes, ["unreachable", "confirmed"]);
    assert_eq!(history["items"][1]["fields"], json!(["contact", "hours"]));
    let next = history["next"].as_str().unwrap();
    let rest = clinic.get(&hub, &format!("{path}/verifications?after={next}")).await.expect(200).body;
    assert_eq!(text(&rest["items"][0], "method"), "provider_update", "who enters a service has looked");
    other.get(&hub, &format!("{path}/verifications")).await.expect(403);

    let hsds = path.replace("/api/v1/services/svc_", "/hsds/services/");
    for (days, state) in [(0, "verified"), (90, "due"), (89, "due"), (1, "stale")] {
        hub.clock.advance(TimeDelta::days(days));
        clinic.sign_in(&hub).await;
        assert_eq!(text(&clinic.get(&hub, &path).await.expect(200).body, "verification"), state);
        let public = send(&hub, None, "GET", &hsds, &[], None).await.expect(200).body;
        let said = ["assured_date", "verification", "verify_by"].map(|member| text(&public, member));
        assert_eq!(said, ["2026-03-02", state, "2026-05-31T09:00:00Z"]);
        let list = send(&hub, None, "GET", "/hsds/services", &[], None).await.expect(200).body;
        assert_eq!(text(&list["contents"][0], "verification"), state);
    }
}

#[actix_web::test]
async fn what_is_found_closed_is_not_offered_and_no_import_brings_it_back() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let folder = tempfile::tempdir().unwrap();
    let id = "22222222-2222-4222-8222-222222222221";
    let write = |name: &str| {
        let rows = format!(
            "id,organization_id,name,status\n{id},11111111-1111-4111-8111-111111111111,{name},active\n"
        );
        std::fs::write(folder.path().join("services.csv"), rows).unwrap();
        std::fs::write(
            folder.path().join("organizations.csv"),
            "id,name,description\n11111111-1111-4111-8111-111111111111,Aid,x\n",
        )
        .unwrap();
        let descriptor = json!({ "name": "test", "resources": [
            { "name": "organization", "path": "organizations.csv" }, { "name": "service", "path": "services.csv" },
        ]});
        std::fs::write(folder.path().join("datapackage.json"), descriptor.to_string()).unwrap();
    };
    let take = async || {
        let package = Package::open(folder.path()).unwrap();
        let importing = move |tx: &mut throughline::access::Tx<'_>| {
            let given = Given { package: &package, source: "list", visibility: Visibility::Public };
            directory::import(tx, given, &mut |_| {})
        };
        hub.hub.write("directory.import", &hub.operator(), importing).await.unwrap();
    };
    write("Clinic");
    take().await;
    let service: ServiceId = format!("svc_{}", id.replace('-', "")).parse().unwrap();
    link_to(&hub, id, (&clinic, "SV07")).await;
    let says = async |version: i64, outcome| {
        let found = Verified { method: Method::Visit, outcome, fields: Vec::new(), at: None, next_due: None };
        let (cmd, settings) = (Verify { service, version, found }, hub.hub.settings().directory.clone());
        let verifying = move |tx: &mut throughline::access::Tx<'_>| directory::verify(tx, &cmd, &settings);
        hub.hub.write("directory.verify", &hub.operator(), verifying).await
    };
    let names = async || {
        let found = clinic.get(&hub, "/api/v1/services").await.expect(200).body;
        found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| text(found, "name").to_owned())
            .collect::<Vec<_>>()
    };
    assert!(says(1, Outcome::Closed).await.is_err(), "somebody else's version");
    says(2, Outcome::Closed).await.unwrap();
    assert!(names().await.is_empty());
    write("Clinic of the shore");
    take().await;
    assert!(names().await.is_empty(), "a list does not know that it closed");
    let one = clinic.get(&hub, &format!("/api/v1/services/{service}")).await.expect(200).body;
    assert_eq!((text(&one, "name"), text(&one, "status")), ("Clinic of the shore", "inactive"));
    let public = send(&hub, None, "GET", &format!("/hsds/services/{id}"), &[], None).await.expect(200).body;
    assert_eq!(text(&public, "status"), "inactive");
    says(one["version"].as_i64().unwrap(), Outcome::Confirmed).await.unwrap();
    assert_eq!(names().await, ["Clinic of the shore"]);
}

/// Services of a list, each with the day on which the list says it was last checked.
fn checked_list(folder: &std::path::Path, days: &[(&str, &str)]) {
    let rows = (1..).zip(days).map(|(number, (name, day))| {
        format!("22222222-2222-4222-8222-22222222222{number},11111111-1111-4111-8111-111111111111,{name},active,{day}\n")
    });
    let files = [
        ("organization", "id,name", String::from("11111111-1111-4111-8111-111111111111,Aid\n")),
        ("service", "id,organization_id,name,status,assured_date", rows.collect()),
    ];
    write_package(folder, files);
}

const FIRST: &str = "22222222-2222-4222-8222-222222222221";

#[actix_web::test]
async fn a_list_that_was_checked_long_ago_is_shown_as_old_and_does_not_vanish() {
    let hub = TestHub::new();
    let mut org = hub.org("Lakeside").await;
    let folder = tempfile::tempdir().unwrap();
    let days = [
        ("Clinic old", "2015-06-01"),
        ("Clinic new", "2026-02-20"),
        ("Clinic undated", ""),
        ("Clinic ahead", "2026-03-03"),
    ];
    checked_list(folder.path(), &days);
    let report = import_package(&hub, folder.path().into(), ("list", Visibility::Public)).await;
    assert_eq!((report.refused, report.warned), (0, 1), "{:?}", report.problems);
    let problem = &report.problems[0];
    assert_eq!((problem.code, problem.line, problem.table.as_str()), ("assured_ahead", Some(5), "service"));

    // Half a year later the whole list is overdue: it is found all the same.
    for later in [0, 200] {
        if later > 0 {
            hub.clock.advance(TimeDelta::days(later));
            org.sign_in(&hub).await;
        }
        let found = org.get(&hub, "/api/v1/services?text=clinic").await.expect(200).body;
        let items = found["items"].as_array().unwrap();
        assert_eq!(items.len(), 4, "{found}");
        assert_eq!(items[3]["name"], "Clinic old", "what was checked last long ago stands last");
        assert_eq!(
            ["verification", "verified_at", "verify_by"].map(|member| text(&items[3], member)),
            ["due", "2015-06-01T00:00:00Z", "2015-08-30T00:00:00Z"]
        );
        assert_eq!(items[3]["assured"], true);
        for name in ["Clinic undated", "Clinic ahead"] {
            let item = items.iter().find(|item| item["name"] == name).unwrap();
            assert_eq!((text(item, "verification"), item.get("assured")), ("unverified", None), "{name}");
        }
        let new = items.iter().find(|item| item["name"] == "Clinic new").unwrap();
        assert_eq!(text(new, "verification"), if later == 0 { "verified" } else { "due" });
    }
    let since = org.get(&hub, "/api/v1/services?verified_since=2026-01-01T00:00:00Z").await.expect(200).body;
    assert_eq!(since["items"].as_array().unwrap().len(), 1, "{since}");
    assert!(topics(&hub, &org).await.is_empty(), "nobody is reminded of what a source checked");

    let public = |id: u8| format!("/hsds/services/22222222-2222-4222-8222-22222222222{id}");
    let old = send(&hub, None, "GET", &public(1), &[], None).await.expect(200).body;
    assert_eq!(["assured_date", "verification"].map(|member| text(&old, member)), ["2015-06-01", "due"]);
    let undated = send(&hub, None, "GET", &public(3), &[], None).await.expect(200).body;
    assert_eq!(text(&undated, "verification"), "unverified");
    let again = import_package(&hub, folder.path().into(), ("list", Visibility::Public)).await;
    assert_eq!((again.changes(), again.missing()), (0, 0));
    let after = org.get(&hub, "/api/v1/services?text=old").await.expect(200).body;
    assert_eq!(after["items"][0]["version"], 1, "nothing was written");
}

/// The names of what is due for who keeps the directory, read one on a page.
async fn due(hub: &TestHub) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let (asked, now) = (Asked::new(Some(1), after), hub.now());
        let read = move |db: &mut throughline::storage::Db<'_>| {
            directory::due(db, &throughline::access::Actor::operator(), &asked, now)
        };
        let page = hub.hub.read::<_, directory::DirectoryError>(read).await.unwrap();
        names.extend(page.items.into_iter().map(|service| service.name));
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

#[actix_web::test]
async fn what_is_due_is_listed_whoever_provides_it_the_longest_due_first_and_what_nobody_verified_last() {
    let hub = TestHub::new();
    let (mut clinic, mut harbour) = (hub.org("Clinic of the Lake").await, hub.org("Harbour Aid").await);
    let path = offering(&hub, &clinic, "Lake clinic").await;
    let folder = tempfile::tempdir().unwrap();
    let days =
        [("Undated", ""), ("Long ago", "2015-06-01"), ("Last year", "2025-06-01"), ("Lately", "2026-03-01")];
    checked_list(folder.path(), &days);
    import_package(&hub, folder.path().into(), ("list", Visibility::Public)).await;
    assert_eq!(due(&hub).await, ["Long ago", "Last year", "Undated"]);
    let own = async |hub: &TestHub, org: &Org| -> Vec<Value> {
        let page = org.get(hub, "/api/v1/directory/due").await.expect(200).body;
        page["items"].as_array().unwrap().iter().map(|service| service["name"].clone()).collect()
    };
    assert!(own(&hub, &clinic).await.is_empty() && own(&hub, &harbour).await.is_empty());

    hub.clock.advance(TimeDelta::days(90));
    clinic.sign_in(&hub).await;
    harbour.sign_in(&hub).await;
    assert_eq!(due(&hub).await, ["Long ago", "Last year", "Lately", "Lake clinic", "Undated"]);
    assert_eq!(own(&hub, &clinic).await, ["Lake clinic"], "a provider sees its own");
    assert!(own(&hub, &harbour).await.is_empty(), "and no other member does");

    // What was looked at is due no more, and neither is what is found closed.
    let confirmed = json!({ "method": "telephone", "outcome": "confirmed" });
    change(&hub, &clinic, ("POST", &path), "verifications", &confirmed).await.expect(200);
    verify(&hub, (service_of_row(FIRST), 1), Outcome::Confirmed).await;
    let second = service_of_row("22222222-2222-4222-8222-222222222222");
    verify(&hub, (second, 1), Outcome::Closed).await;
    assert_eq!(due(&hub).await, ["Last year", "Lately"]);
    let asked = "/api/v1/directory/due?after=bm9uc2Vuc2U";
    assert_eq!(clinic.get(&hub, asked).await.expect(400).code(), "directory.bad_cursor");
}

#[actix_web::test]
async fn a_day_that_is_not_there_yet_is_not_published_either() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    checked_list(folder.path(), &[("Clinic", "2026-03-03")]);
    import_package(&hub, folder.path().into(), ("list", Visibility::Public)).await;
    let path = format!("/hsds/services/{FIRST}");
    let public = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
    assert_eq!((public.get("assured_date"), text(&public, "verification")), (None, "unverified"));
}

#[actix_web::test]
async fn the_later_counts_of_what_was_found_here_and_what_a_source_says() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let entry = async || {
        let now = hub.now();
        let find = move |db: &mut throughline::storage::Db<'_>| {
            directory::find_service(db, &throughline::access::Actor::operator(), service_of_row(FIRST), now)
        };
        hub.hub.read::<_, directory::DirectoryError>(find).await.unwrap()
    };
    let take = async |day: &str| {
        hub.clock.advance(TimeDelta::hours(1));
        checked_list(folder.path(), &[("Clinic", day)]);
        let report = import_package(&hub, folder.path().into(), ("list", Visibility::Public)).await;
        assert_eq!((report.refused, report.changes() > 0), (0, true));
        let upkeep = entry().await.upkeep;
        let said = [upkeep.verified_at, upkeep.verify_by].map(|at| at.unwrap().to_string());
        (said, upkeep.assured)
    };
    let is = |at: &str, by: &str, assured| ([at.to_owned(), by.to_owned()], assured);
    assert_eq!(take("2025-01-01").await, is("2025-01-01T00:00:00Z", "2025-04-01T00:00:00Z", true));
    assert_eq!(
        take("2024-01-01").await,
        is("2024-01-01T00:00:00Z", "2024-03-31T00:00:00Z", true),
        "corrected"
    );
    let seen = entry().await.version;
    verify(&hub, (service_of_row(FIRST), seen), Outcome::Confirmed).await;
    let here = is("2026-03-02T11:00:00Z", "2026-05-31T11:00:00Z", false);
    assert_eq!(take("2024-02-01").await, here, "older than what was found here");
    assert_eq!(take("2026-03-02").await, here, "of the same day what was found here");
    hub.clock.advance(TimeDelta::hours(20));
    assert_eq!(take("2026-03-03").await, is("2026-03-03T00:00:00Z", "2026-06-01T00:00:00Z", true));
    assert_eq!(take("").await, here, "what the source takes back counts no more");
}
