//! A node with a profile: what its mechanism tightened counts, what is sealed by another policy is refused, and what was taken before the
//! policy changed is judged again and never lost.

use std::fs;

use serde_json::{Value, json};
use throughline::{
    access::Tx,
    crypto::DecryptionKey,
    jobs::Serving,
    kernel::id::SystemIds,
    members::{self, KeyState, PublishKeys},
    packets::{Draft, PacketKind, Sealed, press},
    policy::{Policy, ReasonCode},
    referrals::{By, Move, Number},
};

use super::ledger::act;
use crate::support::{
    Org, Response, TestHub,
    packet::{Mechanism, Served, denials, fetch, opened_by, submit},
    send,
};

fn tightened(profile: &Value) -> TestHub {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), profile.to_string()).unwrap();
    TestHub::with(&[("POLICY__PROFILES", file.path().to_str().unwrap())])
}

/// A profile that says nothing about what these packets hold.
fn of_something_else() -> Value {
    json!({ "profile": "zm", "version": 7, "fields": [{ "id": "ZP.7", "level": "S4" }] })
}

#[actix_web::test]
async fn a_limit_that_a_profile_tightens_refuses_what_is_allowed_without_it() {
    let profile =
        json!({ "profile": "zm", "version": 1, "limits": { "consent": { "certificate_days": 1 } } });
    for (hub, status) in [(TestHub::new(), 201), (tightened(&profile), 400)] {
        let mechanism = Mechanism::on(hub, |_| {}).await;
        let certified = mechanism.certificate(&mechanism.person(), &mechanism.clinic);
        mechanism.register(&certified).await.expect(status);
    }
}

/// A profile under which nobody may be sent a telephone number.
fn without_telephones() -> Value {
    json!({ "profile": "zm", "version": 8, "fields": [{ "id": "CF.phone", "tier": "never" }] })
}

/// A profile that raises a field, so that it belongs in another compartment than before.
fn pregnancy_is_most_sensitive() -> Value {
    json!({ "profile": "zm", "version": 9, "fields": [{ "id": "CF.pregnancy", "level": "S4" }] })
}

/// Seals by the node's policy and hands in.
async fn hand_in(mechanism: &Mechanism, sender: &Org, draft: Draft) -> (Sealed, Response) {
    let hub = &mechanism.hub;
    let sealed = press(draft, &sender.signing, &hub.hub.policy(), &SystemIds).unwrap();
    let response = submit(hub, sender, &sealed.body).await;
    (sealed, response)
}

fn problem(served: &Served) -> Value {
    serde_json::from_slice(&served.body).unwrap()
}

async fn telling_of(mechanism: &Mechanism, org: &Org, topic: &str) -> Vec<Value> {
    mechanism.hub.clock.advance(chrono::TimeDelta::seconds(5));
    let notices = org.get(&mechanism.hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let told = notices["items"].as_array().unwrap().iter().filter(|notice| notice["topic"] == topic);
    told.map(|notice| notice["payload"].clone()).collect()
}

#[actix_web::test]
async fn a_packet_sealed_by_another_policy_is_refused_with_what_to_do_and_one_by_the_node_s_is_taken() {
    let mechanism = Mechanism::on(tightened(&of_something_else()), |_| {}).await;
    let Mechanism { harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let (_, refused) = mechanism.hand_in(harbour, mechanism.draft(&person, &certified)).await;
    let refused = refused.expect(422);
    assert_eq!((refused.code(), denials(&refused)), ("packet.policy", vec!["D012"]));
    assert_eq!(
        (&refused.body["check"], &refused.body["denials"][0]["subcode"]),
        (&json!(207), &json!("207"))
    );
    let says = refused.body["detail"].as_str().unwrap();
    assert!(says.contains("fetch the policy and seal it again"), "{says}");
    hand_in(&mechanism, harbour, mechanism.draft(&person, &certified)).await.1.expect(201);
}

#[actix_web::test]
async fn a_packet_taken_before_the_policy_changed_is_handed_over_and_opened_when_it_still_passes() {
    let mechanism = Mechanism::new().await;
    let (.., sealed, referral) = mechanism.referred().await;
    let mechanism = mechanism.restarted(&of_something_else()).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let served = fetch(hub, clinic, sealed.id).await;
    assert_eq!(served.status, 200, "{}", String::from_utf8_lossy(&served.body));
    let (opened, receipt) = opened_by(&hub.hub.policy(), hub, (clinic, harbour), &served).await;
    let opened = opened.unwrap();
    assert_eq!((opened.documents.len(), opened.unknown.len()), (3, 0));
    let path = format!("/api/v1/packets/{}/receipts", sealed.id);
    clinic.post(hub, &path, &json!({ "receipt": receipt })).await.expect(200);
    assert_eq!(mechanism.seen(clinic, referral).await["state"], "delivered");
}

#[actix_web::test]
async fn a_packet_the_new_policy_does_not_let_pass_is_held_and_its_sender_is_told_why_and_seals_again() {
    let mechanism = Mechanism::new().await;
    let (person, certified, held, referral) = mechanism.referred().await;
    let mechanism = mechanism.restarted(&without_telephones()).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    for _often in 0..2 {
        let served = fetch(hub, clinic, held.id).await;
        assert_eq!((served.status, served.code().as_str()), (409, "packet.held"));
        assert_eq!(problem(&served)["denials"][0]["code"], "D602", "{}", problem(&served));
    }
    let told = telling_of(&mechanism, harbour, "packet.held").await;
    assert_eq!(told.len(), 1, "once for the same codes: {told:?}");
    let expected = json!([{ "code": "D602", "fields": ["CF.phone"] }]);
    let why = |denials: &Value| json!([{ "code": denials[0]["code"], "fields": denials[0]["fields"] }]);
    assert_eq!((why(&told[0]["denials"]), &told[0]["packet"]), (expected.clone(), &json!(held.id)));
    let evidence = format!("/api/v1/packets/{}/evidence", held.id);
    assert_eq!(why(&harbour.get(hub, &evidence).await.expect(200).body["held"]), expected);
    assert_eq!(clinic.get(hub, &evidence).await.expect(200).body["held"], Value::Null);

    // The sender gives the first one up and seals again without the number.
    let reason: ReasonCode = "CX01".parse().unwrap();
    act(hub, harbour, referral, (By::Sender, Number::T24), Move::Cancel { reason }).await.expect(200);
    let mut draft = mechanism.draft(&person, &certified);
    draft.fields.retain(|field| field.field.as_str() != "CF.phone");
    let (again, taken) = hand_in(&mechanism, harbour, draft).await;
    taken.expect(201);
    assert_eq!(fetch(hub, clinic, again.id).await.status, 200);
}

#[actix_web::test]
async fn a_field_the_new_policy_moved_to_another_compartment_holds_the_packet() {
    let mechanism = Mechanism::new().await;
    let (.., held, _) = mechanism.referred().await;
    let mechanism = mechanism.restarted(&pregnancy_is_most_sensitive()).await;
    let served = fetch(&mechanism.hub, &mechanism.clinic, held.id).await;
    assert_eq!((served.status, served.code().as_str()), (409, "packet.held"));
    let problem = problem(&served);
    let codes: Vec<&str> = problem["denials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|denial| denial["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"D210"), "{problem}");
}

#[actix_web::test]
async fn replies_and_updates_to_a_packet_of_before_pass_when_they_are_sealed_by_the_policy_in_force() {
    let mechanism = Mechanism::new().await;
    let (person, certified, first, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&first).await;
    let mechanism = mechanism.restarted(&of_something_else()).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let draft = || Draft { referral, ..mechanism.draft(&person, &certified) };
    let (_, refused) = mechanism.hand_in(clinic, mechanism.reply(&first, draft())).await;
    assert_eq!(refused.expect(422).code(), "packet.policy");
    let (reply, taken) = hand_in(&mechanism, clinic, mechanism.reply(&first, draft())).await;
    taken.expect(201);
    let (update, taken) = hand_in(&mechanism, harbour, Mechanism::update(&first, draft())).await;
    taken.expect(201);
    assert_eq!(fetch(hub, harbour, reply.id).await.status, 200);
    assert_eq!(fetch(hub, clinic, update.id).await.status, 200);
}

#[actix_web::test]
async fn a_packet_of_before_handed_in_again_gets_its_receipt_and_can_be_taken_back_by_whatever_policy() {
    let mechanism = Mechanism::new().await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, &mechanism.clinic).await;
    let draft = mechanism.draft(&person, &certified);
    let referral = draft.referral;
    let (sealed, first) = mechanism.hand_in(&mechanism.harbour, draft).await;
    let first = first.expect(201);
    let mechanism = mechanism.restarted(&of_something_else()).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let again = submit(hub, harbour, &sealed.body).await.expect(201);
    assert_eq!((&again.body["receipt"], &again.body["again"]), (&first.body["receipt"], &json!(true)));

    let draft = mechanism.draft(&person, &certified);
    let back =
        Draft { kind: PacketKind::Withdraw, re: Some(sealed.id), referral, fields: Vec::new(), ..draft };
    let (back, taken) = mechanism.hand_in(harbour, back).await;
    taken.expect(201);
    assert_eq!(fetch(hub, clinic, sealed.id).await.code(), "packet.purged");
    let served = fetch(hub, clinic, back.id).await;
    assert_eq!(served.status, 200);
    opened_by(&hub.hub.policy(), hub, (clinic, harbour), &served).await.0.unwrap();
}

#[actix_web::test]
async fn everybody_can_read_what_a_node_judges_by_and_keep_it_by_its_tag() {
    let hub = tightened(&of_something_else());
    let policy = send(&hub, None, "GET", "/api/v1/policy", &[], None).await.expect(200);
    assert_eq!(policy.body["profiles"], json!([of_something_else().to_string()]));
    let dictionary = policy.body["dictionary"].as_str().unwrap();
    assert!(dictionary.starts_with("throughline-1.zm-7."), "{dictionary}");
    let tag = policy.headers["etag"].to_str().unwrap().to_owned();
    send(&hub, None, "GET", "/api/v1/policy", &[("if-none-match", &tag)], None).await.expect(304);
    send(&hub, None, "GET", "/api/v1/policy", &[("if-none-match", "\"other\"")], None).await.expect(200);
    let ready = send(&hub, None, "GET", "/health/ready", &[], None).await.expect(200);
    assert_eq!(ready.body["policy"], dictionary);
    let metrics = send(&hub, None, "GET", "/metrics", &[], None).await.expect(200);
    let line = format!("throughline_policy_info{{dictionary=\"{dictionary}\"}} 1");
    assert!(metrics.body.as_str().unwrap().contains(&line), "{}", metrics.body);
}

#[actix_web::test]
async fn a_shorter_life_of_keys_is_asked_of_new_ones_and_leaves_known_ones_alone() {
    let hub = TestHub::new();
    // Published with keys that live 300 days.
    let mut org = hub.org("Harbour Aid").await;
    let shorter = json!({ "profile": "zm", "version": 1, "limits": { "keys": { "longest_days": 90 } } });
    let policy = std::sync::Arc::new(Policy::tightened_by(&[shorter.to_string()]).unwrap());
    let publish = async |org: &Org, statement: String| {
        let (id, policy, command) = (org.id, std::sync::Arc::clone(&policy), PublishKeys { statement });
        let publishing = move |tx: &mut Tx<'_>| members::publish_keys(tx, id, &command, &policy);
        hub.hub.write("members.publish_keys", &hub.operator(), publishing).await
    };
    let again = org.statement(&hub, KeyState::Active);
    publish(&org, again.clone()).await.unwrap();
    org.statements.push(again);
    org.readers.push(("legal", DecryptionKey::generate(&SystemIds).unwrap()));
    let with_a_new_one = org.statement(&hub, KeyState::Active);
    let refused = publish(&org, with_a_new_one).await.unwrap_err().to_string();
    assert!(refused.contains("no longer than the policy allows"), "{refused}");
}

#[actix_web::test]
async fn a_process_that_judges_by_another_policy_is_noticed_until_it_is_gone() {
    for stops in [true, false] {
        let hub = TestHub::new();
        let elder = Serving::begin(&hub.hub).await;
        if stops {
            elder.stop().await;
        }
        let hub = hub.restarted(&of_something_else()).await;
        let alike = async || {
            let ready = send(&hub, None, "GET", "/health/ready", &[], None).await.expect(200).body;
            let metrics = hub.hub.metrics().render();
            assert!(metrics.contains("throughline_policy_info"));
            let counted = metrics.contains("throughline_other_policies 0");
            assert_eq!(ready["same_policy"], counted);
            counted
        };
        let _younger = Serving::begin(&hub.hub).await;
        assert_eq!(alike().await, stops);
        hub.clock.advance(chrono::TimeDelta::seconds(61));
        let _another = Serving::begin(&hub.hub).await;
        assert!(alike().await, "who fell silent does not count");
    }
}
