//! When an organisation works, and what that does to the clocks of what it is asked.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Org, Response, TestHub, packet::Mechanism, process::Machine, send};

fn office(offset: &str, days: &[&str]) -> Value {
    let day = |day: &&str| json!({ "day": day, "from": "08:00", "to": "17:00" });
    json!({ "utc_offset": offset, "week": days.iter().map(day).collect::<Vec<_>>(), "holidays": [] })
}

fn path(org: &Org) -> String {
    format!("/api/v1/organisations/{}/calendar", org.id)
}

async fn put(hub: &TestHub, by: &Org, of: &Org, version: &str, calendar: &Value) -> Response {
    put_once(hub, by, of, (version, "once"), calendar).await
}

async fn put_once(
    hub: &TestHub,
    by: &Org,
    of: &Org,
    (version, key): (&str, &str),
    calendar: &Value,
) -> Response {
    let headers = [("if-match", version), ("idempotency-key", key)];
    send(hub, Some(&by.token), "PUT", &path(of), &headers, Some(calendar)).await
}

/// When a referral of somebody new, for something that has a month, is to be looked at by the clinic, as the clinic is told.
async fn acknowledge_by(mechanism: &Mechanism) -> String {
    let Mechanism { hub, harbour, clinic, .. } = mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let mut draft = mechanism.draft(&person, &certified);
    draft.urgency = "U3".parse().unwrap();
    mechanism.hand_in(harbour, draft).await.1.expect(201);
    hub.clock.advance(TimeDelta::seconds(5));
    let notices = clinic.get(hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let told = |notice: &&Value| notice["topic"] == "referral.submitted";
    let last = notices["items"].as_array().unwrap().iter().rfind(told).unwrap();
    last["payload"]["acknowledge_by"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn what_is_due_within_working_days_is_due_on_days_on_which_the_recipient_works() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let now = hub.now().datetime();
    assert_eq!(now.format("%a %H:%M").to_string(), "Mon 09:00", "the test counts from here");
    let day = |days| (now + TimeDelta::days(days)).format("%F").to_string();
    assert_eq!(acknowledge_by(&mechanism).await, format!("{}T09:00:00Z", day(3)));

    // Three days a week, and one of them is a holiday.
    let mut calendar = office("+02:00", &["mon", "wed", "fri"]);
    calendar["holidays"] = json!([day(2)]);
    put(hub, clinic, clinic, "\"1\"", &calendar).await.expect(200);
    assert_eq!(acknowledge_by(&mechanism).await, format!("{}T09:00:05Z", day(9)));
    // What the sender says of itself changes nothing of it.
    put(hub, harbour, harbour, "\"1\"", &office("+00:00", &["sat"])).await.expect(200);
    assert_eq!(acknowledge_by(&mechanism).await, format!("{}T09:00:10Z", day(9)));
    // One day a week, early in the morning, in another time.
    let early = json!({ "utc_offset": "+10:00", "week": [{ "day": "sun", "from": "06:00", "to": "09:30" }] });
    put_once(hub, clinic, clinic, ("\"2\"", "other"), &early).await.expect(200);
    assert_eq!(acknowledge_by(&mechanism).await, format!("{}T23:30:00Z", day(19)));
}

#[actix_web::test]
async fn a_calendar_is_its_administrator_s_to_set_names_its_version_and_counts_once() {
    let hub = TestHub::new();
    let (ours, theirs) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let before = theirs.get(&hub, &path(&ours)).await.expect(200);
    assert_eq!((&before.body["own"], before.headers["etag"].to_str().unwrap()), (&json!(false), "\"1\""));
    assert_eq!(before.body["calendar"]["week"].as_array().unwrap().len(), 5);

    let calendar = office("-03:30", &["fri", "sun"]);
    assert_eq!(put(&hub, &theirs, &ours, "\"1\"", &calendar).await.expect(404).code(), "access.not_found");
    let stale = put(&hub, &ours, &ours, "\"2\"", &calendar).await.expect(409);
    assert_eq!(stale.code(), "storage.conflict");
    let set = put(&hub, &ours, &ours, "\"1\"", &calendar).await.expect(200);
    assert_eq!((&set.body["own"], &set.body["calendar"]), (&json!(true), &calendar));
    let again = put(&hub, &ours, &ours, "\"1\"", &calendar).await.expect(200);
    assert_eq!((again.body, &again.headers["idempotent-replayed"]), (set.body, &"true".parse().unwrap()));
    let after = theirs.get(&hub, &path(&ours)).await.expect(200);
    assert_eq!((&after.body["calendar"], after.headers["etag"].to_str().unwrap()), (&calendar, "\"2\""));
    let done = hub.logged("members.set_calendar").await;
    assert_eq!(done.len(), 3, "two refusals and one that was done: {done:?}");

    let mut unfit = office("+00:00", &["mon", "mon"]);
    let refused = put_once(&hub, &ours, &ours, ("\"2\"", "twice"), &unfit).await.expect(422);
    assert_eq!(refused.code(), "member.calendar_refused");
    unfit["weeks"] = json!([]);
    put_once(&hub, &ours, &ours, ("\"2\"", "more"), &unfit).await.expect(400);
}

#[actix_web::test]
async fn whoever_runs_the_node_says_when_an_organisation_works_that_cannot() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let machine = Machine::taking_over(&hub).await;
    let words = format!("member calendar {}", org.id);
    let shown = machine.run(&format!("{words} --json")).expect(0).out;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["own"], false);
    let file = machine.folder().join("calendar.json");
    let set = format!("{words} --file {}", file.display());
    std::fs::write(&file, office("+05:30", &["sun", "mon"]).to_string()).unwrap();
    let told = machine.run(&set).expect(0).out;
    assert_eq!(told.trim(), "UTC+05:30\nmon  08:00 to 17:00\nsun  08:00 to 17:00");
    std::fs::write(&file, office("+05:20", &["sun"]).to_string()).unwrap();
    machine.run(&set).expect(65).expect_code("cli.calendar_file");
}
