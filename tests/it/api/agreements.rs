//! Agreements from draft to end, over the API.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role, Roles, Tx},
    agreements::{self, Agreement, AgreementError, FlowName, Suspend, SuspensionReason, Which},
    hub::Caller,
    kernel::id::{RequestId, StaffId, SystemIds},
};

use crate::support::{
    Org, Response, TestHub,
    agreement::{Agreed, agreed, change, document, offered, signature},
    send,
};

async fn three(hub: &TestHub) -> [Org; 3] {
    [hub.org("Harbour Support").await, hub.org("Lakeside Clinic").await, hub.org("Open Door").await]
}

async fn in_force(hub: &TestHub) -> ([Org; 3], Agreed) {
    let parties = three(hub).await;
    let [a, b, c] = &parties;
    let document = document(hub, [a, b, c]);
    let agreed = agreed(hub, &[a, b, c], &document).await;
    (parties, agreed)
}

async fn state(hub: &TestHub, org: &Org, agreed: &Agreed) -> String {
    let read = org.get(hub, &agreed.path()).await.expect(200);
    read.body["state"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn an_agreement_is_in_force_with_the_last_signature_and_keeps_its_bytes() {
    let hub = TestHub::new();
    let ([a, b, c], agreed) = in_force(&hub).await;
    let read = b.get(&hub, &agreed.path()).await.expect(200);
    assert_eq!(read.body["state"], "in_force");
    assert_eq!(read.body["document"], agreed.document.as_str());
    assert_eq!(read.body["digest"], json!(agreed.digest));
    assert_eq!(read.body["signatures"].as_array().unwrap().len(), 3);
    hub.clock.advance(TimeDelta::seconds(3));
    let notices = c.get(&hub, "/api/v1/notices").await.expect(200);
    let topics: Vec<_> = notices.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| notice["topic"].as_str().unwrap())
        .collect();
    assert_eq!(topics, ["agreement.offered", "agreement.signed", "agreement.in_force"]);
    let list = a.get(&hub, "/api/v1/agreements").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_missing_signature_keeps_an_agreement_out_of_force() {
    let hub = TestHub::new();
    let [a, b, c] = &three(&hub).await;
    let offer = offered(&hub, a, &document(&hub, [a, b, c])).await;
    let path = format!("{}/signatures", offer.path());
    a.post(&hub, &path, &signature(a, &offer.document)).await.expect(201);
    b.post(&hub, &path, &signature(b, &offer.document)).await.expect(201);
    assert_eq!(state(&hub, a, &offer).await, "offered");
    let twice = b.post(&hub, &path, &signature(b, &offer.document)).await.expect(409);
    assert_eq!(twice.code(), "agreement.signed_already");
}

#[actix_web::test]
async fn a_signature_over_other_bytes_or_with_another_s_key_does_not_count() {
    let hub = TestHub::new();
    let [a, b, c] = &three(&hub).await;
    let offer = offered(&hub, a, &document(&hub, [a, b, c])).await;
    let path = format!("{}/signatures", offer.path());
    let compact: Value = serde_json::from_str(&offer.document).unwrap();
    let same_meaning = signature(b, &compact.to_string());
    let refused = b.post(&hub, &path, &same_meaning).await.expect(422);
    assert_eq!(refused.code(), "agreement.signature_refused");
    let refused = b.post(&hub, &path, &signature(c, &offer.document)).await.expect(422);
    assert_eq!(refused.code(), "agreement.signature_refused");
    assert_eq!(state(&hub, a, &offer).await, "offered");
}

#[actix_web::test]
async fn a_document_is_refused_with_every_rule_it_breaks() {
    let hub = TestHub::new();
    let [a, b, c] = &three(&hub).await;
    let mut bad = document(&hub, [a, b, c]);
    bad["validity"]["review_months"] = 24.into();
    bad["destruction"]["methods"] = json!([]);
    bad["flows"][0]["purposes"][0]["purpose"] = "immigration enforcement".into();
    let refused =
        a.post(&hub, "/api/v1/agreements", &json!({ "document": bad.to_string() })).await.expect(422);
    assert_eq!(refused.code(), "agreement.document_refused");
    assert_eq!(refused.body["complaints"][0]["code"], "D216");
    bad["flows"][0]["purposes"][0]["purpose"] = "P01".into();
    let refused =
        a.post(&hub, "/api/v1/agreements", &json!({ "document": bad.to_string() })).await.expect(422);
    let rules: Vec<_> =
        refused.body["complaints"].as_array().unwrap().iter().map(|c| c["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["destruction_missing", "review"]);
}

#[actix_web::test]
async fn a_draft_is_its_drafter_s_own_and_a_party_s() {
    let hub = TestHub::new();
    let [a, b, c] = &three(&hub).await;
    let stranger = hub.org("Elsewhere").await;
    let text = document(&hub, [a, b, c]).to_string();
    let draft = a.post(&hub, "/api/v1/agreements", &json!({ "document": text })).await.expect(201);
    let path = format!("/api/v1/agreements/{}/versions/1", draft.body["id"].as_str().unwrap());
    b.get(&hub, &path).await.expect(404);
    change(&hub, b, "PUT", &format!("{path}/offer"), &draft, None).await.expect(404);
    change(&hub, a, "PUT", &format!("{path}/offer"), &draft, None).await.expect(200);
    b.get(&hub, &path).await.expect(200);
    let refused = stranger.post(&hub, "/api/v1/agreements", &json!({ "document": text })).await.expect(422);
    assert_eq!(refused.body["complaints"][0]["rule"], "drafter_no_party");
}

#[actix_web::test]
async fn a_change_names_the_version_it_saw() {
    let hub = TestHub::new();
    let ([a, b, _c], agreed) = in_force(&hub).await;
    let path = format!("{}/suspension", agreed.path());
    let body = json!({ "reason": "failed_audit" });
    send(&hub, Some(&a.token), "PUT", &path, &[], Some(&body)).await.expect(400);
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    change(&hub, &a, "PUT", &path, &read, Some(&body)).await.expect(200);
    let late = change(&hub, &b, "PUT", &path, &read, Some(&body)).await.expect(412);
    assert_eq!(late.code(), "agreement.stale");
}

#[actix_web::test]
async fn only_whoever_suspended_resumes() {
    let hub = TestHub::new();
    let ([a, b, _c], agreed) = in_force(&hub).await;
    let path = format!("{}/suspension", agreed.path());
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    let body = json!({ "reason": "security_incident" });
    let suspended = change(&hub, &a, "PUT", &path, &read, Some(&body)).await.expect(200);
    assert_eq!(suspended.body["standing"], "suspended");
    let refused = change(&hub, &b, "DELETE", &path, &suspended, None).await.expect(403);
    assert_eq!(refused.code(), "agreement.not_theirs");
    change(&hub, &a, "DELETE", &path, &suspended, None).await.expect(200);
    assert_eq!(state(&hub, &b, &agreed).await, "in_force");
}

#[actix_web::test]
async fn one_direction_can_be_stopped_while_the_others_go_on() {
    let hub = TestHub::new();
    let ([a, b, c], agreed) = in_force(&hub).await;
    let path = format!("{}/suspension", agreed.path());
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    let backwards = json!({ "reason": "safeguarding", "flow": { "from": b.id, "to": a.id } });
    let refused = change(&hub, &a, "PUT", &path, &read, Some(&backwards)).await.expect(422);
    assert_eq!(refused.code(), "agreement.no_such_flow");
    let body = json!({ "reason": "safeguarding", "flow": { "from": a.id, "to": c.id } });
    let stopped = change(&hub, &a, "PUT", &path, &read, Some(&body)).await.expect(200);
    assert_eq!(stopped.body["state"], "in_force");
    assert_eq!(stopped.body["stopped_flows"][0]["to"], json!(c.id));
    let resume = format!("{path}?from={}&to={}", a.id, c.id);
    let resumed = change(&hub, &a, "DELETE", &resume, &stopped, None).await.expect(200);
    assert_eq!(resumed.body["stopped_flows"], json!([]));
}

#[actix_web::test]
async fn a_stopped_direction_goes_on_when_whoever_stopped_it_lets_it() {
    let hub = TestHub::new();
    let ([a, b, c], agreed) = in_force(&hub).await;
    let path = format!("{}/suspension", agreed.path());
    let body = json!({ "reason": "safeguarding", "flow": { "from": a.id, "to": c.id } });
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    let first = change(&hub, &a, "PUT", &path, &read, Some(&body)).await.expect(200);
    assert_eq!(first.body["stopped_flows"][0]["by"], json!(a.id));
    let resume = format!("{path}?from={}&to={}", a.id, c.id);
    let refused = change(&hub, &c, "DELETE", &resume, &first, None).await.expect(403);
    assert_eq!(refused.code(), "agreement.not_theirs");
    change(&hub, &b, "DELETE", &resume, &first, None).await.expect(403);

    // Whoever stops it as well lifts their own stop and no other.
    let both = change(&hub, &c, "PUT", &path, &first, Some(&body)).await.expect(200);
    let one = change(&hub, &c, "DELETE", &resume, &both, None).await.expect(200);
    assert_eq!(one.body["stopped_flows"], first.body["stopped_flows"]);
    let flow = FlowName { from: a.id, to: c.id };
    let none =
        coordinate(&hub, &agreed, &one, move |tx, which| agreements::resume(tx, which, Some(flow))).await;
    assert_eq!(none.stopped, []);

    let stop = Suspend { reason: SuspensionReason::Safeguarding, flow: Some(flow) };
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    coordinate(&hub, &agreed, &read, move |tx, which| agreements::suspend(tx, which, stop)).await;
    let stopped = a.get(&hub, &agreed.path()).await.expect(200);
    for party in [&a, &b, &c] {
        change(&hub, party, "DELETE", &resume, &stopped, None).await.expect(403);
    }
}

/// What the coordinator does to an agreement that was read.
async fn coordinate(
    hub: &TestHub,
    agreed: &Agreed,
    read: &Response,
    mut work: impl FnMut(&mut Tx<'_>, Which) -> Result<Agreement, AgreementError> + Send + 'static,
) -> Agreement {
    let actor = Actor::staff(StaffId::new(&SystemIds, hub.now()), None, Roles::from(vec![Role::Coordinator]));
    let caller = Caller { actor, request: RequestId::new(&SystemIds, hub.now()) };
    let seen = read.body["row_version"].as_i64().unwrap();
    let which = Which { id: agreed.id, version: agreed.version, seen };
    hub.hub.write("agreements.oversee", &caller, move |tx| work(tx, which)).await.unwrap()
}

#[actix_web::test]
async fn half_a_direction_resumes_nothing() {
    let hub = TestHub::new();
    let ([a, ..], agreed) = in_force(&hub).await;
    let path = format!("{}/suspension", agreed.path());
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    let body = json!({ "reason": "security_incident" });
    let suspended = change(&hub, &a, "PUT", &path, &read, Some(&body)).await.expect(200);
    for half in [format!("{path}?from={}", a.id), format!("{path}?to={}", a.id)] {
        let refused = change(&hub, &a, "DELETE", &half, &suspended, None).await.expect(400);
        assert_eq!(refused.code(), "agreement.half_a_direction");
    }
    assert_eq!(state(&hub, &a, &agreed).await, "suspended");
}

#[actix_web::test]
async fn a_new_version_supersedes_the_old_one_and_says_what_became_wider() {
    let hub = TestHub::new();
    let ([a, b, c], first) = in_force(&hub).await;
    let mut second: Value = serde_json::from_str(&first.document).unwrap();
    second["version"] = 2.into();
    let orphan =
        a.post(&hub, "/api/v1/agreements", &json!({ "document": second.to_string() })).await.expect(422);
    assert_eq!(orphan.body["complaints"][0]["rule"], "version");
    second["supersedes"] = json!("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    let broken =
        a.post(&hub, "/api/v1/agreements", &json!({ "document": second.to_string() })).await.expect(422);
    assert_eq!(broken.code(), "agreement.chain_broken");
    second["supersedes"] = json!(first.digest);
    let item = json!({ "field": "CF.alias", "reason": "Known at the ward under it" });
    second["flows"][0]["purposes"][0]["items"].as_array_mut().unwrap().push(item);
    let second = agreed(&hub, &[&a, &b, &c], &second).await;
    let old = a.get(&hub, &first.path()).await.expect(200);
    assert_eq!((&old.body["state"], &old.body["superseded_by"]), (&json!("superseded"), &json!(2)));
    let new = a.get(&hub, &second.path()).await.expect(200);
    assert_eq!(new.body["changes"]["wider"][0]["field"], "CF.alias");
    assert_eq!(new.body["changes"]["narrower"], json!([]));
}

#[actix_web::test]
async fn an_offer_can_be_taken_back_and_drafted_again_but_a_signed_version_cannot() {
    let hub = TestHub::new();
    let [a, b, c] = &three(&hub).await;
    let mut text = document(&hub, [a, b, c]);
    let offer = offered(&hub, a, &text).await;
    b.post(&hub, &format!("{}/signatures", offer.path()), &signature(b, &offer.document)).await.expect(201);
    let read = a.get(&hub, &offer.path()).await.expect(200);
    change(&hub, b, "DELETE", &format!("{}/offer", offer.path()), &read, None).await.expect(403);
    change(&hub, a, "DELETE", &format!("{}/offer", offer.path()), &read, None).await.expect(200);
    text["volumes"]["packets_per_day"] = 50.into();
    let again = agreed(&hub, &[a, b, c], &text).await;
    assert_eq!(state(&hub, a, &again).await, "in_force");
    let taken =
        a.post(&hub, "/api/v1/agreements", &json!({ "document": text.to_string() })).await.expect(409);
    assert_eq!(taken.code(), "agreement.version_taken");
}

#[actix_web::test]
async fn the_calendar_puts_agreements_in_force_and_ends_them() {
    let hub = TestHub::new();
    let [a, b, c] = &mut three(&hub).await;
    let mut later = document(&hub, [a, b, c]);
    later["validity"]["from"] = "2026-03-05T00:00:00Z".into();
    later["validity"]["until"] = "2026-04-05T00:00:00Z".into();
    let agreed = agreed(&hub, &[a, b, c], &later).await;
    assert_eq!(state(&hub, a, &agreed).await, "signed");
    hub.clock.advance(TimeDelta::days(3));
    hub.run_jobs().await;
    a.sign_in(&hub).await;
    assert_eq!(state(&hub, a, &agreed).await, "in_force");
    hub.clock.advance(TimeDelta::days(40));
    a.sign_in(&hub).await;
    let read = a.get(&hub, &agreed.path()).await.expect(200);
    assert_eq!((&read.body["state"], &read.body["standing"]), (&json!("in_force"), &json!("expired")));
    hub.run_jobs().await;
    assert_eq!(state(&hub, a, &agreed).await, "expired");
}

#[actix_web::test]
async fn a_party_ends_an_agreement_with_notice_of_at_most_ninety_days_or_for_breach() {
    let hub = TestHub::new();
    let ([_a, b, _c], agreed) = in_force(&hub).await;
    let path = format!("{}/termination", agreed.path());
    let read = b.get(&hub, &agreed.path()).await.expect(200);
    let long = json!({ "notice_until": "2026-06-15T00:00:00Z" });
    let refused = change(&hub, &b, "PUT", &path, &read, Some(&long)).await.expect(422);
    assert_eq!(refused.code(), "agreement.notice_refused");
    assert_eq!(
        (&refused.body["notice_days"], &refused.body["notice_until_at_most"]),
        (&json!(90), &json!("2026-05-31T09:00:00Z"))
    );
    assert!(refused.body["detail"].as_str().unwrap().contains("90 days"), "{}", refused.body);
    let past = json!({ "notice_until": "2026-03-01T00:00:00Z" });
    let refused = change(&hub, &b, "PUT", &path, &read, Some(&past)).await.expect(422);
    assert_eq!(refused.code(), "agreement.notice_refused");
    let notice = json!({ "notice_until": "2026-05-15T00:00:00Z" });
    let ended = change(&hub, &b, "PUT", &path, &read, Some(&notice)).await.expect(200);
    assert_eq!(ended.body["standing"], "terminated");
    let again = change(&hub, &b, "PUT", &path, &ended, Some(&json!({}))).await.expect(409);
    assert_eq!(again.code(), "agreement.move_refused");
}
