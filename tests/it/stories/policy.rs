//! A node with a profile: what its mechanism tightened counts, and what was sealed by another policy is refused.

use std::fs;

use serde_json::{Value, json};
use throughline::{
    access::Tx,
    crypto::DecryptionKey,
    kernel::id::SystemIds,
    members::{self, KeyState, PublishKeys},
    packets::press,
    policy::Policy,
};

use crate::support::{
    Org, TestHub,
    packet::{Mechanism, fetch, opened, submit},
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

#[actix_web::test]
async fn a_packet_sealed_by_another_policy_is_refused_and_one_by_the_node_s_is_opened_by_it_alone() {
    let mechanism = Mechanism::on(tightened(&of_something_else()), |_| {}).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let (_, refused) = mechanism.hand_in(harbour, mechanism.draft(&person, &certified)).await;
    assert_eq!(refused.expect(400).code(), "packet.manifest");

    let draft = mechanism.draft(&person, &certified);
    let sealed = press(draft, &harbour.signing, &hub.hub.policy(), &SystemIds).unwrap();
    submit(hub, harbour, &sealed.body).await.expect(201);
    let served = fetch(hub, clinic, sealed.id).await;
    assert_eq!(served.status, 200);
    let (by_the_compiled_in, _) = opened(hub, clinic, harbour, &served).await;
    assert!(by_the_compiled_in.is_err(), "a gateway that does not follow its hub opened the packet");
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
