//! What a recipient owes after the end of a referral: to destroy and to say so, or to name its exception; silence shows.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    kernel::{
        Id,
        id::{ReferralId, SystemIds},
    },
    referrals::{By, Event, Move, Number},
};

use super::ledger::act;
use crate::support::{
    Org, Response, TestHub,
    packet::{Mechanism, Person, take_back},
    send,
};

/// A referral that the clinic opened and the harbour cancelled.
pub(crate) async fn cancelled(mechanism: &Mechanism) -> (Person, ReferralId) {
    let Mechanism { hub, harbour, .. } = mechanism;
    let (person, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let head = mechanism.seen(harbour, referral).await["party"]["head"].as_str().unwrap().parse().unwrap();
    let event = Event {
        id: Id::new(&SystemIds, hub.now()),
        referral,
        prev: Some(head),
        issuer: harbour.id.to_string(),
        role: By::Sender,
        number: Number::T24,
        asked: Move::Cancel { reason: "CX01".parse().unwrap() },
        occurred: hub.now(),
    };
    let event = json!({ "event": event.sign(&harbour.signing).unwrap() });
    harbour.post(hub, &format!("/api/v1/referrals/{referral}/events"), &event).await.expect(200);
    (person, referral)
}

async fn says(hub: &TestHub, org: &Org, referral: ReferralId, body: Value) -> Response {
    org.post(hub, &format!("/api/v1/referrals/{referral}/destruction"), &body).await
}

async fn owed(hub: &TestHub, org: &Org) -> Vec<Value> {
    let page = org.get(hub, "/api/v1/destructions?open=true").await.expect(200).body;
    page["items"].as_array().unwrap().clone()
}

async fn later(mechanism: &mut Mechanism, span: TimeDelta) {
    mechanism.hub.clock.advance(span);
    mechanism.hub.run_jobs().await;
    mechanism.hub.run_jobs().await;
    for org in [&mut mechanism.harbour, &mut mechanism.clinic, &mut mechanism.lawyers] {
        org.sign_in(&mechanism.hub).await;
    }
}

fn times(topics: &[String], topic: &str) -> usize {
    topics.iter().filter(|told| *told == topic).count()
}

#[actix_web::test]
async fn a_recipient_says_that_it_destroyed_what_it_had_and_the_sender_sees_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (_, referral) = cancelled(&mechanism).await;
    let asked = &mechanism.seen(harbour, referral).await["destruction"];
    assert_eq!((&asked["answer_by"], &asked["overdue"]), (&json!("2026-03-09T09:00:00Z"), &json!(false)));
    assert_eq!(owed(hub, clinic).await[0]["referral"], json!(referral));
    assert_eq!(owed(hub, lawyers).await, Vec::<Value>::new());
    let destroyed = json!({ "said": "destroyed" });
    for other in [harbour, lawyers] {
        says(hub, other, referral, destroyed.clone()).await.expect(404);
    }
    let path = format!("/api/v1/referrals/{referral}/destruction");
    send(hub, None, "POST", &path, &[], Some(&destroyed)).await.expect(401);
    says(hub, clinic, referral, json!({ "said": "acknowledged" })).await.expect(200);
    let done = says(hub, clinic, referral, destroyed.clone()).await.expect(200).body;
    assert_eq!(done["answer"], "destroyed");
    assert_eq!(says(hub, clinic, referral, destroyed).await.expect(200).body, done, "the same again");
    let kept = json!({ "said": "kept", "exception": "WX1", "until": "2027-01-01T00:00:00Z" });
    assert_eq!(says(hub, clinic, referral, kept).await.expect(409).code(), "consent.answered_already");
    assert_eq!(mechanism.seen(harbour, referral).await["destruction"]["answer"], "destroyed");
    assert_eq!(owed(hub, harbour).await, Vec::<Value>::new());
    assert_eq!(times(&mechanism.told(harbour).await, "referral.destruction_answered"), 2);
    assert_eq!(hub.logged("referrals.answer_destruction").await.len(), 7, "and those that were refused");
}

#[actix_web::test]
async fn what_a_legal_hold_kept_is_asked_for_when_it_is_released_after_the_end() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let hold = (By::DataProtection, Number::O3);
    act(hub, clinic, referral, hold, Move::HoldLegal {}).await.expect(200);
    let cancel = Move::Cancel { reason: "CX01".parse().unwrap() };
    act(hub, harbour, referral, (By::Sender, Number::T24), cancel).await.expect(200);
    assert_eq!(owed(hub, clinic).await, Vec::<Value>::new(), "the hold keeps it");
    let release = (By::DataProtection, Number::O4);
    act(hub, clinic, referral, release, Move::ReleaseLegal {}).await.expect(200);
    let asked = &mechanism.seen(harbour, referral).await["destruction"];
    assert_eq!((&asked["answer_by"], &asked["overdue"]), (&json!("2026-03-09T09:00:00Z"), &json!(false)));
    assert_eq!(times(&mechanism.told(clinic).await, "referral.destruction_asked"), 1);
    says(hub, clinic, referral, json!({ "said": "destroyed" })).await.expect(200);
    assert_eq!(owed(hub, harbour).await, Vec::<Value>::new());

    // Nobody had this one: there is nothing to destroy.
    let (.., unread) = mechanism.referred().await;
    act(hub, clinic, unread, hold, Move::HoldLegal {}).await.expect(200);
    let cancel = Move::Cancel { reason: "CX01".parse().unwrap() };
    act(hub, harbour, unread, (By::Sender, Number::T24), cancel).await.expect(200);
    act(hub, clinic, unread, release, Move::ReleaseLegal {}).await.expect(200);
    assert_eq!(owed(hub, clinic).await, Vec::<Value>::new());
}

#[actix_web::test]
async fn a_recipient_that_says_nothing_is_overdue_and_everybody_concerned_is_told_once() {
    let mut mechanism = Mechanism::new().await;
    let (_, referral) = cancelled(&mechanism).await;
    later(&mut mechanism, TimeDelta::hours(167)).await;
    assert_eq!(mechanism.seen(&mechanism.harbour, referral).await["destruction"]["overdue"], false);
    later(&mut mechanism, TimeDelta::hours(2)).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    assert_eq!(mechanism.seen(harbour, referral).await["destruction"]["overdue"], true);
    assert_eq!(owed(hub, harbour).await[0]["overdue"], true);
    for side in [harbour, clinic] {
        assert_eq!(times(&mechanism.told(side).await, "referral.destruction_overdue"), 1);
    }
    let overdue = hub.told("referral.destruction_overdue").await;
    assert_eq!((overdue.len(), &overdue[0]["holder"]), (1, &json!(clinic.id)));
    assert_eq!(hub.logged("referrals.follow_destructions").await.len(), 1);
    says(hub, clinic, referral, json!({ "said": "destroyed" })).await.expect(200);
    assert_eq!(mechanism.seen(harbour, referral).await["destruction"]["overdue"], false);
}

#[actix_web::test]
async fn an_exception_of_a_recipient_ends_even_when_its_referral_is_forgotten() {
    let mut mechanism = Mechanism::new().await;
    let (_, referral) = cancelled(&mechanism).await;
    let kept = |until: &str| json!({ "said": "kept", "exception": "WX5", "until": until });
    let endless = says(&mechanism.hub, &mechanism.clinic, referral, kept("2046-01-01T00:00:00Z")).await;
    assert_eq!(endless.expect(422).code(), "consent.kept_until");
    says(&mechanism.hub, &mechanism.clinic, referral, kept("2029-03-02T09:00:00Z")).await.expect(200);
    later(&mut mechanism, TimeDelta::days(731)).await;
    let path = format!("/api/v1/referrals/{referral}");
    let gone = mechanism.harbour.get(&mechanism.hub, &path).await.expect(404);
    assert_eq!(gone.code(), "referral.forgotten");
    assert_eq!(owed(&mechanism.hub, &mechanism.harbour).await[0]["exception"], "WX5");
    later(&mut mechanism, TimeDelta::days(366)).await;
    let asked = &owed(&mechanism.hub, &mechanism.harbour).await[0];
    assert_eq!((&asked["asked_again"], &asked["answer"]), (&json!(1), &Value::Null));
    assert_eq!(times(&mechanism.told(&mechanism.clinic).await, "referral.destruction_asked_again"), 1);
    says(&mechanism.hub, &mechanism.clinic, referral, json!({ "said": "destroyed" })).await.expect(200);
}

#[actix_web::test]
async fn where_a_withdrawal_asks_for_everything_nothing_is_asked_twice() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (person, _) = cancelled(&mechanism).await;
    assert_eq!(owed(hub, clinic).await.len(), 1);
    take_back(hub, &person, json!({})).await.expect(201);
    assert_eq!(owed(hub, clinic).await, Vec::<Value>::new());
    let asked = clinic.get(hub, "/api/v1/withdrawals?open=true").await.expect(200).body;
    assert_eq!(asked["items"][0]["holders"][0]["organisation"], json!(clinic.id));
}
