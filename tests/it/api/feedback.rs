//! What a person can do with code and PIN, and what others can read of it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    audit::Who,
    feedback::{self, Issue},
    kernel::id::ReferralId,
};

use crate::support::{Org, Response, TestHub, packet::Mechanism, send};

/// A slip of paper: what the person got.
pub(super) struct Slip {
    pub(super) code: String,
    pub(super) pin: String,
    referral: ReferralId,
}

pub(super) async fn issue(hub: &TestHub, provider: &Org, referral: Option<ReferralId>) -> Slip {
    let referral = referral.unwrap_or_else(|| ReferralId::new(hub.hub.ids(), hub.now()));
    let command = Issue { referral, provider: provider.id, service: "SV07".parse().unwrap() };
    let key = hub.hub.keys().person.clone();
    let issued = hub
        .hub
        .write("feedback.issue", &hub.operator(), move |tx| feedback::issue(tx, &key, &command))
        .await
        .unwrap();
    Slip {
        code: issued.code.written().expose().clone(),
        pin: issued.pin.written().expose().clone(),
        referral,
    }
}

async fn rate(hub: &TestHub, code: &str, pin: &str, rating: Value) -> Response {
    let body = json!({ "code": code, "pin": pin, "rating": rating });
    send(hub, None, "POST", "/api/v1/person/rating", &[], Some(&body)).await
}

fn wrong(pin: &str) -> String {
    let other = if pin.starts_with('0') { "1" } else { "0" };
    pin.chars().skip(1).fold(other.to_owned(), |wrong, digit| wrong + &digit.to_string())
}

#[actix_web::test]
async fn a_person_rates_once_and_nothing_leads_back_to_their_referral() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let slip = issue(&hub, &clinic, None).await;
    let rating = json!({ "reached_service": true, "respectful": true, "need_met": 4 });
    rate(&hub, &slip.code.to_lowercase(), &slip.pin, rating.clone()).await.expect(204);
    let again = rate(&hub, &slip.code, &slip.pin, rating.clone()).await;
    assert_eq!(again.expect(409).code(), "feedback.rated_already");
    // A new slip for the same referral does not give a second vote.
    let second = issue(&hub, &clinic, Some(slip.referral)).await;
    let again = rate(&hub, &second.code, &second.pin, rating).await;
    assert_eq!(again.expect(409).code(), "feedback.rated_already");
}

#[actix_web::test]
async fn code_and_pin_are_stored_nowhere_as_they_are() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let slip = issue(&hub, &clinic, None).await;
    rate(&hub, &slip.code, &slip.pin, json!({ "need_met": 5 })).await.expect(204);
    let stored = hub.everything_stored();
    assert!(!stored.contains(&slip.code) && !stored.contains(&slip.code.replace('-', "")));
    assert!(stored.contains(&slip.referral.to_string()), "the dump shows what is stored");
    let ids: Vec<_> = stored.match_indices("fbk_").map(|(at, _)| stored.get(at..at + 16)).collect();
    let quarter: Vec<_> = ids.iter().filter(|id| **id == Some("fbk_019b76daa800")).collect();
    assert!(!ids.is_empty() && quarter.len() == ids.len(), "an id holds the start of its quarter: {ids:?}");
}

#[actix_web::test]
async fn a_wrong_code_a_wrong_pin_a_pause_and_an_old_code_look_the_same() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let (slip, other) = (issue(&hub, &clinic, None).await, issue(&hub, &clinic, None).await);
    let replaced = issue(&hub, &clinic, None).await;
    issue(&hub, &clinic, Some(replaced.referral)).await;
    let rating = json!({ "need_met": 1 });
    let mut answers = vec![
        rate(&hub, "00000-00000", &slip.pin, rating.clone()).await,
        rate(&hub, "not a code", "not a pin", rating.clone()).await,
        rate(&hub, &slip.code, &wrong(&slip.pin), rating.clone()).await,
        rate(&hub, &replaced.code, &replaced.pin, rating.clone()).await,
    ];
    for _ in 0..5 {
        answers.push(rate(&hub, &other.code, &wrong(&other.pin), rating.clone()).await);
    }
    answers.push(rate(&hub, &other.code, &other.pin, rating.clone()).await);
    hub.clock.advance(TimeDelta::days(401));
    answers.push(rate(&hub, &slip.code, &slip.pin, rating).await);
    for mut answer in answers {
        answer.body.as_object_mut().unwrap().remove("request");
        assert_eq!(answer.code(), "feedback.not_opened");
        assert_eq!(answer.status, 401);
        assert!(answer.headers.get("retry-after").is_none());
    }
}

#[actix_web::test]
async fn a_wrong_pin_is_logged_as_refused() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let slip = issue(&hub, &clinic, None).await;
    let rating = json!({ "respectful": true });
    rate(&hub, &slip.code, &wrong(&slip.pin), rating.clone()).await.expect(401);
    rate(&hub, &slip.code, &slip.pin, rating).await.expect(204);
    let mut outcomes: Vec<_> =
        hub.logged("feedback.rate").await.into_iter().map(|facts| facts.refused).collect();
    outcomes.sort();
    assert_eq!(outcomes, [None, Some(String::from("feedback.not_opened"))]);
}

#[actix_web::test]
async fn a_pause_ends_and_knocking_does_not_make_it_longer() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let slip = issue(&hub, &clinic, None).await;
    let rating = json!({ "need_met": 1 });
    for _ in 0..5 {
        rate(&hub, &slip.code, &wrong(&slip.pin), rating.clone()).await.expect(401);
    }
    for _ in 0..20 {
        rate(&hub, &slip.code, &wrong(&slip.pin), rating.clone()).await.expect(401);
    }
    hub.clock.advance(TimeDelta::minutes(14));
    rate(&hub, &slip.code, &slip.pin, rating.clone()).await.expect(401);
    hub.clock.advance(TimeDelta::minutes(1));
    rate(&hub, &slip.code, &slip.pin, rating).await.expect(204);
}

#[actix_web::test]
async fn a_rating_says_something_and_stays_on_its_scale() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let slip = issue(&hub, &clinic, None).await;
    let empty = rate(&hub, &slip.code, &slip.pin, json!({})).await;
    assert_eq!(empty.expect(422).code(), "feedback.nothing_said");
    for met in [0, 6] {
        let outside = rate(&hub, &slip.code, &slip.pin, json!({ "need_met": met })).await;
        assert_eq!(outside.expect(422).code(), "feedback.outside_the_scale");
    }
    rate(&hub, &slip.code, &slip.pin, json!({ "comment": "canary" })).await.expect(400);
    rate(&hub, &slip.code, &slip.pin, json!({ "need_met": 5 })).await.expect(204);
}

#[actix_web::test]
async fn numbers_are_shown_after_the_quarter_to_those_concerned_and_only_when_many() {
    let hub = TestHub::new();
    let (clinic, other) = (hub.org("Clinic of the Lake").await, hub.org("Harbour Aid").await);
    let path = format!("/api/v1/ratings?provider={}&service=SV07&quarter=2026-Q1", clinic.id);
    for number in 0..19 {
        let slip = issue(&hub, &clinic, None).await;
        let rating = json!({ "reached_service": number % 2 == 0, "need_met": 1 + number % 5 });
        rate(&hub, &slip.code, &slip.pin, rating).await.expect(204);
    }
    assert_eq!(clinic.get(&hub, &path).await.expect(422).code(), "feedback.quarter_not_over");
    let late = issue(&hub, &clinic, None).await;
    hub.clock.advance(TimeDelta::days(40));
    let (mut clinic, mut other) = (clinic, other);
    clinic.sign_in(&hub).await;
    other.sign_in(&hub).await;
    assert_eq!(clinic.get(&hub, &path).await.status, 204, "nineteen are too few");
    rate(&hub, &late.code, &late.pin, json!({ "need_met": 3 })).await.expect(204);
    assert_eq!(clinic.get(&hub, &path).await.status, 204, "a rating belongs to the quarter it is given in");
    other.get(&hub, &path).await.expect(404);
    send(&hub, None, "GET", &path, &[], None).await.expect(401);
    clinic.get(&hub, &path.replace("2026-Q1", "2026-Q9")).await.expect(400);
    clinic.get(&hub, &path.replace("2026-Q1", "2025-Q4")).await.expect(204);
}

#[actix_web::test]
async fn twenty_ratings_make_numbers() {
    let hub = TestHub::new();
    let mut clinic = hub.org("Clinic of the Lake").await;
    for number in 0..20 {
        let slip = issue(&hub, &clinic, None).await;
        rate(&hub, &slip.code, &slip.pin, json!({ "reached_service": number < 15, "need_met": 5 }))
            .await
            .expect(204);
    }
    hub.clock.advance(TimeDelta::days(40));
    clinic.sign_in(&hub).await;
    let path = format!("/api/v1/ratings?provider={}&service=SV07&quarter=2026-Q1", clinic.id);
    let numbers = clinic.get(&hub, &path).await.expect(200).body;
    assert_eq!(numbers["ratings"], 20);
    assert_eq!(numbers["reached_service"], json!({ "yes": 15, "answered": 20 }));
    assert_eq!(numbers["respectful"], json!({ "yes": 0, "answered": 0 }));
    assert_eq!(numbers["need_met"], json!([0, 0, 0, 0, 20]));
}

#[actix_web::test]
async fn a_code_past_its_time_is_forgotten() {
    let hub = TestHub::new();
    let clinic = hub.org("Clinic of the Lake").await;
    let slip = issue(&hub, &clinic, None).await;
    hub.clock.advance(TimeDelta::days(401));
    hub.run_jobs().await;
    let again = issue(&hub, &clinic, Some(slip.referral)).await;
    rate(&hub, &again.code, &again.pin, json!({ "need_met": 2 })).await.expect(204);
    rate(&hub, &slip.code, &slip.pin, json!({ "need_met": 2 })).await.expect(401);
}

async fn knock(hub: &TestHub, what: &str, code: &str, pin: &str) -> Response {
    let body = json!({ "code": code, "pin": pin });
    send(hub, None, "POST", &format!("/api/v1/person/{what}"), &[], Some(&body)).await
}

#[actix_web::test]
async fn a_person_with_a_slip_sees_where_it_stands_and_takes_it_back() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (_, certified, sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    clinic.post(hub, &path, &Value::Null).await.expect(403);
    lawyers.post(hub, &path, &Value::Null).await.expect(404);
    send(hub, None, "POST", &path, &[], None).await.expect(401);
    let keyed = [("idempotency-key", "k1")];
    let lost = send(hub, Some(&harbour.token), "POST", &path, &keyed, None).await.expect(201).body;
    let slip = send(hub, Some(&harbour.token), "POST", &path, &keyed, None).await.expect(201).body;
    assert_ne!(lost["code"], slip["code"], "no answer is remembered");
    let (code, pin) = (slip["code"].as_str().unwrap(), slip["pin"].as_str().unwrap());
    let stored = hub.everything_stored();
    assert!(
        !stored.contains(code) && !stored.contains(&code.replace('-', "")),
        "neither code nor PIN is kept"
    );
    let old = knock(hub, "status", lost["code"].as_str().unwrap(), lost["pin"].as_str().unwrap()).await;
    assert_eq!(old.expect(401).code(), "feedback.not_opened");

    let seen = knock(hub, "status", code, pin).await.expect(200).body;
    assert_eq!((&seen["word"], &seen["can_take_back"]), (&json!("sent"), &json!(true)));
    mechanism.clinic_opens(&sealed).await;
    knock(hub, "withdrawal", code, &wrong(pin)).await.expect(401);
    assert_eq!(
        mechanism.seen(harbour, referral).await["state"],
        "delivered",
        "a wrong PIN takes nothing back"
    );
    let taken = knock(hub, "withdrawal", code, pin).await.expect(200).body;
    assert_eq!((&taken["word"], &taken["can_take_back"]), (&json!("taken_back"), &json!(false)));
    let again = knock(hub, "withdrawal", code, pin).await.expect(200).body;
    assert_eq!(taken, again);
    assert_eq!(mechanism.seen(clinic, referral).await["state"], "withdrawn");
    let certificate = format!("/api/v1/certificates/{}", certified.id);
    assert_eq!(harbour.get(hub, &certificate).await.expect(200).body["status"], "withdrawn");
    let asked = clinic.get(hub, "/api/v1/withdrawals").await.expect(200).body;
    assert_eq!(asked["items"].as_array().unwrap().len(), 1, "whoever has data is asked, once");
    let logged = hub.logged("feedback.take_back").await;
    assert!(logged.iter().all(|facts| matches!(facts.actor, Who::Person)), "the log names nobody");
}
