//! A hub, or something before it, that says what the node never signed: no command believes it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use throughline::{
    crypto::{SigningKey, Typ, Wrapped, sign_compact, unwrap},
    kernel::{Digest, Secret, id::SystemIds},
};

use super::{
    gateway::{Gateway, hub_behind},
    referral::{Story, WORKER},
};
use crate::support::meddler::{Answered, Meddler};

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The same words under a stranger's signature.
fn forged(token: &str) -> String {
    let stranger = SigningKey::generate(&SystemIds).unwrap();
    sign_compact(&stranger, Typ::Receipt, &bytes(token.split('.').nth(1).unwrap())).unwrap()
}

fn forge(answered: &mut Answered) {
    answered.change("receipt", forged);
    answered.receipt = answered.receipt.take().map(|receipt| forged(&receipt));
}

#[actix_web::test]
async fn a_receipt_the_node_did_not_sign_is_not_believed_when_sending_fetching_or_moving() {
    let meddler = Meddler::new();
    let story = Story::at(hub_behind(&meddler)).await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let sealed = harbour.json(hub, &story.seal("")).await;
    let (packet, referral) = (sealed["packet"].as_str().unwrap(), sealed["referral"].as_str().unwrap());

    meddler.after(forge);
    let sent = harbour.run(hub, "packet send out.rp1").await.expect(65).err;
    assert!(sent.contains("packet.receipt"), "{sent}");
    assert!(!harbour.file("out.receipt.jws").exists(), "nothing was kept");
    let fetch = format!("packet fetch {packet} --out in.rp1");
    let fetched = lakeside.run(hub, &fetch).await.expect(65).err;
    assert!(fetched.contains("packet.receipt"), "{fetched}");
    assert!(!lakeside.file("in.rp1").exists() && !lakeside.file("in.receipt.jws").exists());

    meddler.rest();
    harbour.run(hub, "packet send out.rp1").await.expect(0);
    lakeside.run(hub, &fetch).await.expect(0);
    lakeside.run(hub, "packet open in.rp1").await.expect(0);
    meddler.after(forge);
    let acknowledge = format!("referral acknowledge {referral} --worker {WORKER}");
    let moved = lakeside.run(hub, &acknowledge).await.expect(65);
    assert!(moved.err.contains("referral.receipt_refused") && moved.out.is_empty(), "{}", moved.err);
    assert!(!lakeside.file("home/receipts").read_dir().is_ok_and(|mut kept| kept.next().is_some()));
}

#[actix_web::test]
async fn the_receipt_of_another_packet_is_not_this_one_s() {
    let meddler = Meddler::new();
    let story = Story::at(hub_behind(&meddler)).await;
    let Story { hub, harbour, .. } = &story;
    let (packet, referral) = story.send("").await;
    let first = std::fs::read_to_string(harbour.file("out.receipt.jws")).unwrap();
    std::fs::remove_file(harbour.file("out.receipt.jws")).unwrap();
    harbour.run(hub, &story.seal(&format!("--update-of {packet} --referral {referral}"))).await.expect(0);
    meddler.after(move |answered| answered.change("receipt", |_| first.clone()));
    let sent = harbour.run(hub, "packet send out.rp1").await.expect(65).err;
    assert!(sent.contains("packet.receipt") && !harbour.file("out.receipt.jws").exists(), "{sent}");
    meddler.rest();
    assert_eq!(harbour.json(hub, "packet send out.rp1").await["again"], true);
}

#[actix_web::test]
async fn a_withdrawal_is_tried_again_when_somebody_moved_in_between_and_another_move_is_not() {
    let meddler = Meddler::new();
    let story = Story::at(hub_behind(&meddler)).await;
    let Story { hub, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    let stale_once = || {
        let mut left = 1;
        move |method: &str, path: &str| {
            let hit = method == "POST" && path.ends_with("/events") && left > 0;
            left -= i32::from(hit);
            hit.then(|| (409, json!({ "code": "referral.stale", "detail": "somebody was first" })))
        }
    };
    meddler.before(stale_once());
    let accept = format!("referral accept {referral} --assignee {WORKER}");
    let refused = lakeside.run(hub, &accept).await.expect(75).err;
    assert!(refused.contains("referral.stale"), "{refused}");
    assert_eq!(story.state(&referral).await, "acknowledged", "a person decides again");
    meddler.before(stale_once());
    let withdrawn = lakeside.json(hub, &format!("referral withdraw {referral}")).await;
    assert_eq!(withdrawn["referral"]["state"], "withdrawn");
}

/// Harbour's own signing key, out of its home.
fn signing_key(harbour: &Gateway) -> SigningKey {
    let wrapped: Wrapped =
        serde_json::from_slice(&std::fs::read(harbour.file("home/keys.json")).unwrap()).unwrap();
    let passphrase = std::fs::read_to_string(harbour.file("passphrase")).unwrap();
    let plain = unwrap(&Secret::new(passphrase.trim().to_owned()), &wrapped).unwrap();
    let keys: Value = serde_json::from_slice(plain.expose()).unwrap();
    SigningKey::from_secret_jwk(&Secret::new(keys["signing"].as_str().unwrap().to_owned())).unwrap()
}

/// A manifest that says of two fields what is true of the other, signed by the sender as if it were right.
fn belie(packet: &[u8], signer: &SigningKey) -> Vec<u8> {
    let mut container: Value = serde_json::from_slice(packet).unwrap();
    let mut manifest: Value =
        serde_json::from_slice(&bytes(container["manifest"].as_str().unwrap())).unwrap();
    let second = manifest["fields"][1]["n"].clone();
    manifest["fields"][1]["n"] = std::mem::replace(&mut manifest["fields"][0]["n"], second);
    let manifest = manifest.to_string();
    let envelope = container["envelope"].as_str().unwrap();
    let mut claims: Value = serde_json::from_slice(&bytes(envelope.split('.').nth(1).unwrap())).unwrap();
    claims["manifest"] = json!(Digest::of(&manifest));
    container["manifest"] = URL_SAFE_NO_PAD.encode(&manifest).into();
    container["envelope"] =
        sign_compact(signer, Typ::Envelope, claims.to_string().as_bytes()).unwrap().into();
    container.to_string().into_bytes()
}

#[actix_web::test]
async fn a_packet_that_belies_its_manifest_is_kept_shut_and_the_hub_gets_the_signed_report() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let sealed = harbour.json(hub, &story.seal("")).await;
    let (packet, referral) = (sealed["packet"].as_str().unwrap(), sealed["referral"].as_str().unwrap());
    let belied = belie(&std::fs::read(harbour.file("out.rp1")).unwrap(), &signing_key(harbour));
    std::fs::write(harbour.file("out.rp1"), belied).unwrap();
    harbour.run(hub, "packet send out.rp1").await.expect(0);
    lakeside.run(hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
    let alone = lakeside.run(hub, "packet open in.rp1 --no-receipt").await.expect(65).err;
    assert!(alone.contains("packet.outside_manifest") && alone.contains("Hand the report in"), "{alone}");
    assert!(hub.logged("packets.receipt").await.is_empty(), "nobody was told");

    let opened = lakeside.run(hub, "packet open in.rp1").await.expect(65);
    assert!(opened.err.contains("The hub has the report") && opened.out.is_empty(), "{}", opened.err);
    assert!(!opened.err.contains("Canary"), "{}", opened.err);
    let report = std::fs::read_to_string(lakeside.file("in.violation.jws")).unwrap();
    let report: Value = serde_json::from_slice(&bytes(report.split('.').nth(1).unwrap())).unwrap();
    assert_eq!((&report["evt"], &report["re"]), (&json!("violation"), &json!(packet)));
    assert_eq!(report["note"]["fields"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(story.state(referral).await, "submitted", "what was not opened is not delivered");
    let told = hub.told("referral.violation_reported").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["referral"], &told[0]["packet"]), (&json!(referral), &json!(packet)));
}

/// Changes the history of keys on its way to a gateway.
fn meddle(meddler: &Meddler, mut change: impl FnMut(&mut Value) + Send + 'static) {
    meddler.after(move |answered| {
        if answered.path.contains("/keys?") {
            let mut history: Value = serde_json::from_slice(&answered.body).unwrap();
            change(&mut history);
            answered.body = history.to_string().into_bytes();
        }
    });
}

#[actix_web::test]
async fn a_hub_cannot_make_an_organisation_sign_keys_that_are_not_its_own_or_forget_what_it_said() {
    let meddler = Meddler::new();
    let hub = hub_behind(&meddler);
    let harbour = Gateway::enrolled(&hub, "Harbour").await;
    let lakeside = Gateway::enrolled(&hub, "Lakeside").await;
    harbour.run(&hub, "key rotate medical").await.expect(0);
    let before = harbour.json(&hub, "key history").await;
    let refused = async |words: &str, code: &str| {
        for command in [words, "key history"] {
            let error = harbour.run(&hub, command).await.expect(65).err;
            assert!(error.contains(code), "{command}: {error}");
        }
    };

    let stranger = SigningKey::generate(&SystemIds).unwrap();
    let root = stranger.public().clone();
    meddle(&meddler, move |history| {
        let last = history["statements"].as_array().unwrap().len() - 1;
        let said = history["statements"][last].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        let mut said: Value = serde_json::from_slice(&bytes(&said)).unwrap();
        said["keys"][0]["jwk"] = json!(SigningKey::generate(&SystemIds).unwrap().public());
        let forged = sign_compact(&stranger, Typ::Directory, said.to_string().as_bytes()).unwrap();
        history["statements"][last] = forged.into();
    });
    refused("key publish", "known.unusable").await;
    let held = harbour.json(&hub, "key list").await;
    refused("key rotate sign", "known.unusable").await;
    assert_eq!(
        harbour.json(&hub, "key list").await,
        held,
        "a key that cannot be published is not put to use"
    );

    let other = root.clone();
    meddle(&meddler, move |history| {
        history["former"] = json!([{ "root": other, "last_seq": 0, "replaced_at": "2026-01-01T00:00:00Z" }]);
    });
    refused("key publish", "known.changed").await;
    let error = harbour.run(&hub, "key publish").await.err;
    assert!(error.contains(root.kid().as_str()) && error.contains("key trust org_"), "{error}");

    meddle(&meddler, |history| {
        history["statements"].as_array_mut().unwrap().pop();
    });
    refused("key publish", "known.lacking").await;

    meddler.rest();
    assert_eq!(harbour.json(&hub, "key history").await, before, "nothing was published meanwhile");
    harbour.run(&hub, "key publish").await.expect(0);
    lakeside.run(&hub, "key publish").await.expect(0);
}

#[actix_web::test]
async fn a_new_home_believes_no_root_key_but_its_own_and_those_it_was_told() {
    let meddler = Meddler::new();
    let hub = hub_behind(&meddler);
    let stranger = SigningKey::generate(&SystemIds).unwrap().public().clone();
    let other = stranger.clone();
    // Before the first statement: nothing is known of this organisation yet.
    meddle(&meddler, move |history| {
        history["former"] = json!([{ "root": other, "last_seq": 0, "replaced_at": "2026-01-01T00:00:00Z" }]);
    });
    let harbour = Gateway::connected(&hub, "Harbour").await;
    let error = harbour.run(&hub, "key publish").await.expect(65).err;
    assert!(error.contains("known.changed") && error.contains(stranger.kid().as_str()), "{error}");
    let told = format!("key trust {} {}", harbour.id, stranger.kid());
    harbour.run(&hub, &told).await.expect(0);
    harbour.run(&hub, "key publish").await.expect(0);
}
