//! What a person asks to have put right: who is told, until when they answer, what the person hears, and that silence shows.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role},
    kernel::{
        Id,
        id::{ReferralId, SystemIds},
    },
    referrals::{self, CorrectionKind},
};

use super::destruction::cancelled;
use crate::support::{Org, Response, TestHub, coordinator, packet::Mechanism, send};

/// What the person got for a referral.
async fn slip(mechanism: &Mechanism, referral: ReferralId) -> Value {
    let path = format!("/api/v1/referrals/{referral}/person-code");
    mechanism.harbour.post(&mechanism.hub, &path, &Value::Null).await.expect(201).body
}

async fn wrong(hub: &TestHub, slip: &Value, kinds: Value) -> Response {
    let body = json!({ "code": slip["code"], "pin": slip["pin"], "kinds": kinds });
    send(hub, None, "POST", "/api/v1/person/correction", &[], Some(&body)).await
}

/// How far everything is that the person asked for, the newest first.
async fn standing(hub: &TestHub, slip: &Value) -> Vec<String> {
    let body = json!({ "code": slip["code"], "pin": slip["pin"] });
    let seen = send(hub, None, "POST", "/api/v1/person/status", &[], Some(&body)).await.expect(200).body;
    let asked = seen["corrections"].as_array().cloned().unwrap_or_default();
    asked.iter().map(|one| one["standing"].as_str().unwrap().to_owned()).collect()
}

async fn to_answer(hub: &TestHub, org: &Org) -> Vec<Value> {
    let page = org.get(hub, "/api/v1/corrections?open=true").await.expect(200).body;
    page["items"].as_array().unwrap().clone()
}

async fn answers(hub: &TestHub, org: &Org, id: &Value, answer: &str) -> Response {
    let path = format!("/api/v1/corrections/{}/answer", id.as_str().unwrap());
    org.post(hub, &path, &json!({ "answer": answer })).await
}

async fn later(mechanism: &mut Mechanism, span: TimeDelta) {
    mechanism.hub.clock.advance(span);
    mechanism.hub.run_jobs().await;
    mechanism.hub.run_jobs().await;
    for org in [&mut mechanism.harbour, &mut mechanism.clinic, &mut mechanism.lawyers] {
        org.sign_in(&mechanism.hub).await;
    }
}

#[actix_web::test]
async fn whoever_holds_something_of_a_person_hears_what_is_wrong_and_by_when_to_answer() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (_, _, sealed, referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    let seen = wrong(hub, &slip, json!(["name"])).await.expect(200).body;
    let asked = &seen["corrections"][0];
    assert_eq!((&asked["standing"], &asked["answer_by"]), (&json!("asked"), &json!("2026-03-17T09:00:00Z")));
    assert!(!seen.to_string().contains("name"), "a bystander does not read what it is about: {seen}");
    let first = to_answer(hub, harbour).await;
    assert_eq!((first.len(), &first[0]["kinds"]), (1, &json!(["name"])));
    assert_eq!(to_answer(hub, clinic).await, Vec::<Value>::new(), "it has no letter yet");
    let seen_by =
        async |side| mechanism.seen(side, referral).await["corrections"].as_array().map_or(0, Vec::len);
    assert_eq!(
        (seen_by(harbour).await, seen_by(clinic).await),
        (1, 0),
        "who holds nothing hears nothing of it"
    );

    mechanism.clinic_opens(&sealed).await;
    let told = to_answer(hub, clinic).await;
    assert_eq!((told.len(), &told[0]["id"]), (1, &first[0]["id"]), "it hears it with the letter");
    hub.clock.advance(TimeDelta::seconds(1));
    // Of what waits for an answer nobody is asked twice; what can hurt is due within a day.
    wrong(hub, &slip, json!(["name", "health"])).await.expect(200);
    wrong(hub, &slip, json!(["health"])).await.expect(200);
    for side in [harbour, clinic] {
        let rows = to_answer(hub, side).await;
        assert_eq!((rows.len(), &rows[1]["kinds"]), (2, &json!(["health"])));
        assert_eq!(rows[1]["answer_by"], "2026-03-03T09:00:01Z");
        let told = side.told(hub, "referral.correction_asked").await;
        assert_eq!(told.len(), 2);
        assert!(
            told.iter().all(|told| told.get("kinds").is_none()),
            "a message outlives the referral: {told:?}"
        );
        assert_eq!(mechanism.seen(side, referral).await["corrections"].as_array().unwrap().len(), 4);
    }
    assert_eq!(to_answer(hub, lawyers).await, Vec::<Value>::new());
    assert_eq!(standing(hub, &slip).await, ["asked", "asked"]);
}

#[actix_web::test]
async fn what_is_due_first_stands_first_however_much_was_asked_before() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    for kind in ["name", "danger"] {
        let (.., referral) = mechanism.referred().await;
        let slip = slip(&mechanism, referral).await;
        wrong(hub, &slip, json!([kind])).await.expect(200);
        hub.clock.advance(TimeDelta::seconds(1));
    }
    let id = harbour.id;
    let pressing = async |actor: Actor, days| {
        let now = hub.now().plus(TimeDelta::days(days));
        let read = hub.hub.read(move |db| referrals::pressing_corrections(db, &actor, 1, now)).await.unwrap();
        read.into_iter().map(|row| (row.kinds, row.overdue)).collect::<Vec<_>>()
    };
    let worker = || Actor::staff(Id::new(&SystemIds, hub.now()), Some(id), vec![Role::CaseWorker].into());
    assert_eq!(pressing(worker(), 0).await, [(vec![CorrectionKind::Danger], false)]);
    let coordinator = || Actor::staff(Id::new(&SystemIds, hub.now()), None, vec![Role::Coordinator].into());
    assert_eq!(pressing(coordinator(), 0).await, [], "nothing is late");
    assert_eq!(
        pressing(coordinator(), 2).await,
        [(Vec::new(), true)],
        "and what is late is told without what it is"
    );
}

#[actix_web::test]
async fn each_side_answers_for_itself_and_the_person_hears_what_matters_most() {
    let mut mechanism = Mechanism::new().await;
    let (_, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let slip = slip(&mechanism, referral).await;
    wrong(&mechanism.hub, &slip, json!(["reach"])).await.expect(200);
    {
        let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
        let id = &to_answer(hub, harbour).await[0]["id"];
        answers(hub, lawyers, id, "put_right").await.expect(404);
        let tried = answers(hub, harbour, id, "not_reached").await.expect(200).body;
        assert_eq!(answers(hub, harbour, id, "not_reached").await.expect(200).body, tried, "the same again");
        assert_eq!(standing(hub, &slip).await, ["not_reached"], "the person can do something about it");
        answers(hub, harbour, id, "put_right").await.expect(200);
        assert_eq!(standing(hub, &slip).await, ["asked"], "the clinic has not answered");
        answers(hub, clinic, id, "disputed").await.expect(200);
        assert_eq!(standing(hub, &slip).await, ["disputed"]);
        let refused = answers(hub, clinic, id, "not_reached").await.expect(409);
        assert_eq!(refused.code(), "referral.correction_answered");
        answers(hub, clinic, id, "put_right").await.expect(200);
        assert_eq!(standing(hub, &slip).await, ["put_right"]);
        answers(hub, clinic, id, "disputed").await.expect(409);
        assert_eq!(to_answer(hub, clinic).await, Vec::<Value>::new());
        let told = harbour.told(hub, "referral.correction_answered").await;
        let told: Vec<&Value> = told.iter().map(|told| &told["answer"]).collect();
        assert_eq!(told, [&json!("disputed"), &json!("put_right")]);
        // What was answered can be asked again.
        wrong(hub, &slip, json!(["reach"])).await.expect(200);
        assert_eq!(standing(hub, &slip).await, ["asked", "put_right"]);
    }
    let id = to_answer(&mechanism.hub, &mechanism.clinic).await[0]["id"].clone();
    mechanism.clinic.sign_in_only_as(&mechanism.hub, Role::Administrator).await;
    let refused = answers(&mechanism.hub, &mechanism.clinic, &id, "put_right").await.expect(403);
    assert_eq!(refused.code(), "access.forbidden");
    mechanism.clinic.sign_in_only_as(&mechanism.hub, Role::DataProtection).await;
    answers(&mechanism.hub, &mechanism.clinic, &id, "put_right").await.expect(200);
}

#[actix_web::test]
async fn a_wrong_pin_asks_for_nothing_and_neither_does_an_empty_list() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let (.., referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    let pin = if slip["pin"] == "000000" { "000001" } else { "000000" };
    let knocked = wrong(hub, &json!({ "code": slip["code"], "pin": pin }), json!(["name"])).await;
    let made_up = wrong(hub, &json!({ "code": "4K7QX-9M2PC", "pin": "493827" }), json!(["name"])).await;
    for refused in [knocked, made_up] {
        assert_eq!(refused.expect(401).code(), "feedback.not_opened");
    }
    let empty = wrong(hub, &slip, json!([])).await.expect(422);
    assert_eq!(empty.code(), "feedback.nothing_to_correct");
    assert_eq!(wrong(hub, &slip, json!(["my name is Wezi"])).await.status / 100, 4);
    assert_eq!(to_answer(hub, harbour).await, Vec::<Value>::new());
    assert_eq!(standing(hub, &slip).await, Vec::<String>::new());
}

#[actix_web::test]
async fn what_nobody_answers_in_time_is_told_once_to_whoever_oversees_it_without_what_it_is_about() {
    let mut mechanism = Mechanism::new().await;
    let (_, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let slip = slip(&mechanism, referral).await;
    wrong(&mechanism.hub, &slip, json!(["danger"])).await.expect(200);
    let id = to_answer(&mechanism.hub, &mechanism.harbour).await[0]["id"].clone();
    answers(&mechanism.hub, &mechanism.harbour, &id, "put_right").await.expect(200);
    later(&mut mechanism, TimeDelta::hours(23)).await;
    assert_eq!(mechanism.hub.told("referral.correction_overdue").await.len(), 0, "not an hour early");
    later(&mut mechanism, TimeDelta::hours(2)).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    assert_eq!(standing(hub, &slip).await, ["late"]);
    assert_eq!(to_answer(hub, clinic).await[0]["overdue"], true);
    let told = hub.told("referral.correction_overdue").await;
    assert_eq!((told.len(), &told[0]["holder"]), (1, &json!(clinic.id)));
    assert_eq!(told[0]["kinds"], Value::Null);
    for side in [harbour, clinic] {
        assert_eq!(side.told(hub, "referral.correction_overdue").await.len(), 1);
    }
    let cookie = coordinator(hub).await;
    for path in ["/api/v1/corrections?open=true", "/overdue", &format!("/referrals/{referral}")] {
        let seen = send(hub, None, "GET", path, &[("cookie", &cookie)], None).await.expect(200).body;
        let seen = seen.to_string();
        assert!(seen.contains("\"cor_") || seen.contains("Something about the person"), "{path}: {seen}");
        assert!(!seen.contains("danger"), "{path} says what it is about: {seen}");
    }
    answers(hub, clinic, &id, "put_right").await.expect(200);
    assert_eq!(standing(hub, &slip).await, ["put_right"], "late is better than never");
}

#[actix_web::test]
async fn what_was_asked_is_forgotten_with_the_referral() {
    let mut mechanism = Mechanism::new().await;
    let (_, referral) = cancelled(&mechanism).await;
    let slip = slip(&mechanism, referral).await;
    wrong(&mechanism.hub, &slip, json!(["family"])).await.expect(200);
    assert_eq!(to_answer(&mechanism.hub, &mechanism.clinic).await[0]["referral"], json!(referral));
    later(&mut mechanism, TimeDelta::days(731)).await;
    for side in [&mechanism.harbour, &mechanism.clinic] {
        let all = side.get(&mechanism.hub, "/api/v1/corrections").await.expect(200).body;
        assert_eq!(all["items"], json!([]));
    }
}
