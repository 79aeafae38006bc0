//! Two organisations agree, from nothing but commands.

use serde_json::{Value, json};

use super::gateway::{Gateway, hub};
use crate::support::TestHub;

const SIGN: &str = "--signatory Banda --office Director --authority Statute --yes";

/// Drafts what the template writes, offers it, and has both sides sign. Returns the agreement's id.
pub(super) async fn agree(hub: &TestHub, from: &Gateway, to: &Gateway) -> String {
    agree_on(hub, from, to, "").await
}

/// The same, with the same fields flowing back.
pub(super) async fn agree_both_ways(hub: &TestHub, from: &Gateway, to: &Gateway) -> String {
    agree_on(hub, from, to, "--both-ways").await
}

async fn agree_on(hub: &TestHub, from: &Gateway, to: &Gateway, more: &str) -> String {
    agree_with(hub, (from, to), more, |_| {}).await
}

/// The same with a change to what the template writes.
pub(super) async fn agree_with(
    hub: &TestHub,
    (from, to): (&Gateway, &Gateway),
    more: &str,
    edit: impl FnOnce(&mut Value),
) -> String {
    let template = format!("agreement draft --template --with {} --out agreement.json {more}", to.id);
    from.run(hub, &template).await.expect(0);
    fill_in(from);
    let mut document: Value =
        serde_json::from_slice(&std::fs::read(from.file("agreement.json")).unwrap()).unwrap();
    edit(&mut document);
    std::fs::write(from.file("agreement.json"), serde_json::to_vec_pretty(&document).unwrap()).unwrap();
    let draft = from.json(hub, "agreement draft --from agreement.json").await;
    let id = draft["id"].as_str().unwrap().to_owned();
    from.run(hub, &format!("agreement offer {id}")).await.expect(0);
    from.run(hub, &format!("agreement sign {id} {SIGN}")).await.expect(0);
    let signed = to.json(hub, &format!("agreement sign {id} {SIGN}")).await;
    assert_eq!(signed["state"], "in_force");
    id
}

fn fill_in(gateway: &Gateway) {
    let text = std::fs::read_to_string(gateway.file("agreement.json")).unwrap();
    std::fs::write(gateway.file("agreement.json"), text.replace("to be filled in", "As agreed")).unwrap();
}

#[actix_web::test]
async fn two_organisations_agree_and_each_can_prove_what_was_signed_without_the_hub() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let id = agree(&hub, &a, &b).await;
    let shown = b.run(&hub, &format!("agreement show {id}")).await.expect(0).out;
    for part in [
        "in_force",
        "Harbour may send to Lakeside",
        "CF.name",
        "SV07",
        "A field that is not listed does not flow",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    b.run(&hub, &format!("agreement fetch {id} --out theirs.json")).await.expect(0);
    let drafted = std::fs::read(a.file("agreement.json")).unwrap();
    assert_eq!(
        std::fs::read(b.file("theirs.json")).unwrap(),
        drafted,
        "the bytes are those that were drafted"
    );
    hub.stop().await;
    let verified = b.json(&hub, "agreement verify theirs.json").await;
    assert_eq!(verified["signed_by"].as_array().unwrap().len(), 2);
    let mut bytes = drafted;
    bytes.push(b'\n');
    std::fs::write(b.file("theirs.json"), bytes).unwrap();
    let refused = b.run(&hub, "agreement verify theirs.json").await.expect(65);
    assert!(refused.err.contains("agreement.not_signed"), "{}", refused.err);
}

#[actix_web::test]
async fn every_rule_a_document_breaks_is_named_with_its_place_before_any_key_is_needed() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    a.run(&hub, &format!("agreement draft --template --with {} --out agreement.json", b.id)).await.expect(0);
    let open = a.run(&hub, "agreement draft --from agreement.json").await.expect(65).err;
    assert!(open.contains("/dpia/reference this is left of the template"), "{open}");
    fill_in(&a);
    let bytes = std::fs::read(a.file("agreement.json")).unwrap();
    let mut document: Value = serde_json::from_slice(&bytes).unwrap();
    document["validity"]["review_months"] = 24.into();
    document["destruction"]["methods"] = json!([]);
    std::fs::write(a.file("bad.json"), document.to_string()).unwrap();
    let check = "agreement draft --from bad.json --check --home nowhere";
    let refused = a.run(&hub, check).await.expect(65).err;
    assert!(refused.contains("/destruction/methods D212"), "{refused}");
    assert!(refused.contains("/validity/review_months"), "{refused}");
    a.run(&hub, "agreement draft --from agreement.json --check --home nowhere").await.expect(0);
}

#[actix_web::test]
async fn an_agreement_is_suspended_resumed_reviewed_and_ended_by_command() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let id = agree(&hub, &a, &b).await;
    let suspended = b.json(&hub, &format!("agreement suspend {id} --reason failed_audit")).await;
    assert_eq!((&suspended["state"], &suspended["reason"]), (&json!("suspended"), &json!("failed_audit")));
    let theirs = a.run(&hub, &format!("agreement resume {id}")).await.expect(77);
    assert!(theirs.err.contains("agreement.not_theirs"), "{}", theirs.err);
    b.run(&hub, &format!("agreement resume {id}")).await.expect(0);
    a.run(&hub, &format!("agreement review {id}")).await.expect(0);
    let one_way = format!("agreement suspend {id} --reason safeguarding --from {} --to {}", a.id, b.id);
    let stopped = a.json(&hub, &one_way).await;
    assert_eq!(stopped["stopped_flows"][0]["to"], json!(b.id));
    let unasked = a.run(&hub, &format!("agreement terminate {id} --for-breach")).await.expect(65);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    let ended = a.json(&hub, &format!("agreement terminate {id} --for-breach --yes")).await;
    assert_eq!(ended["standing"], "terminated_for_breach");
    let list = b.run(&hub, "agreement list").await.expect(0).out;
    assert!(list.contains("terminated") && list.contains("with Harbour"), "{list}");
}

#[actix_web::test]
async fn a_missing_home_and_a_wrong_passphrase_are_told_apart_and_say_what_to_do() {
    let hub = hub();
    let a = Gateway::enrolled(&hub, "Harbour").await;
    let missing = a.run(&hub, "agreement list --home nowhere").await.expect(69);
    assert!(missing.err.contains("throughline key init"), "{}", missing.err);
    std::fs::write(a.file("wrong"), "another four unrelated words\n").unwrap();
    let wrong = a.run(&hub, "agreement list --passphrase-file wrong").await.expect(77);
    assert!(wrong.err.contains("home.wrong_passphrase"), "{}", wrong.err);
}
