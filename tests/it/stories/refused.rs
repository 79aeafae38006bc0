//! Packets with one thing wrong, handed in over HTTP: each is refused by its number and its deny code, and each refusal is in the log.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    crypto::{SigningKey, Typ, sign_compact},
    kernel::{
        Digest,
        id::{PacketId, SystemIds},
    },
    packets::inspect,
};

use crate::support::{
    Response, TestHub,
    packet::{CANARY, Mechanism, denials, fetch, seal, submit, submit_with},
    request_token, send,
};

const PACKET: [(&str, &str); 1] = [("content-type", "application/rp1+json")];

/// A sealed packet as JSON, and the claims of its envelope.
async fn sealed(mechanism: &Mechanism) -> (Value, Value) {
    let person = mechanism.person();
    let certified = mechanism.certify(&person, &mechanism.clinic).await;
    let sealed = seal(&mechanism.harbour, mechanism.draft(&person, &certified));
    let claims = serde_json::to_value(inspect(&sealed.body).unwrap().envelope).unwrap();
    (serde_json::from_slice(&sealed.body).unwrap(), claims)
}

/// The container with these claims, signed.
fn signed(container: &Value, claims: &Value, key: &SigningKey) -> Value {
    let mut container = container.clone();
    container["envelope"] = json!(sign_compact(key, Typ::Envelope, claims.to_string().as_bytes()).unwrap());
    container
}

/// Changes a token's header and leaves the rest.
fn with_header(token: &Value, change: impl FnOnce(&mut Value)) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let (header, rest) = token.as_str().unwrap().split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    change(&mut header);
    json!(format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string())))
}

/// Every container the hub refuses by its form, with the number and the code.
fn wrong(mechanism: &Mechanism, good: &Value, claims: &Value) -> Vec<(Value, u16, &'static str)> {
    let harbour = &mechanism.harbour;
    let change = |path: &str, value: Value| {
        let mut container = good.clone();
        *container.pointer_mut(path).unwrap() = value;
        container
    };
    let claim = |path: &str, value: Value| {
        let mut claims = claims.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        claims.pointer_mut(parent).unwrap()[name] = value;
        signed(good, &claims, &harbour.signing)
    };
    let envelope = |edit: fn(&mut Value)| change("/envelope", with_header(&good["envelope"], edit));
    let token = good["envelope"].as_str().unwrap();
    let reader = harbour.readers[0].1.public().kid().to_string();
    let other_key =
        change("/envelope", with_header(&good["envelope"], |header| header["kid"] = json!(reader)));
    let unknown = SigningKey::generate(&SystemIds).unwrap();
    let now = mechanism.hub.now().seconds();
    let manifest = |edit: fn(&mut Value)| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let bytes = URL_SAFE_NO_PAD.decode(good["manifest"].as_str().unwrap()).unwrap();
        let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
        edit(&mut manifest);
        let bytes = manifest.to_string();
        let mut claims = claims.clone();
        claims["manifest"] = json!(Digest::of(&bytes));
        let mut container = signed(good, &claims, &harbour.signing);
        container["manifest"] = json!(URL_SAFE_NO_PAD.encode(&bytes));
        container
    };
    let part = |list: &str, token: Value| {
        let mut claims = claims.clone();
        let text = token.as_str().unwrap();
        claims[list][0]["h"] = json!(Digest::of(text));
        if list == "sections" {
            claims[list][0]["len"] = json!(text.len());
        }
        let mut container = signed(good, &claims, &harbour.signing);
        container[list][0] = token.clone();
        container
    };
    vec![
        (json!({}), 101, "D001"),
        (change("/v", json!(2)), 102, "D001"),
        (change("/envelope", json!(format!("{token}."))), 110, "D001"),
        (envelope(|header| header["crit"] = json!(["x"])), 111, "D001"),
        (envelope(|header| header["alg"] = json!("ES384")), 112, "D007"),
        (envelope(|header| header["typ"] = json!("rp1-content+jws")), 113, "D001"),
        (signed(good, claims, &unknown), 120, "D003"),
        (other_key, 121, "D005"),
        (
            change(
                "/envelope",
                json!(format!("{}{}", token.get(..token.len() - 86).unwrap(), "A".repeat(86))),
            ),
            123,
            "D003",
        ),
        (claim("/kind", json!("gossip")), 200, "D001"),
        (claim("/purpose", json!("because she is ill")), 200, "D010"),
        (claim("/name", json!(CANARY.replace('-', " "))), 200, "D010"),
        (claim("/iss", json!(mechanism.clinic.id)), 201, "D003"),
        (claim("/aud", json!([])), 203, "D001"),
        (claim("/iat", json!(now + 301)), 204, "D008"),
        (claim("/exp", json!(now + 2)), 205, "D008"),
        (claim("/re", json!(PacketId::new(&SystemIds, mechanism.hub.now()))), 206, "D001"),
        (claim("/manifest", json!(Digest::of("another"))), 207, "D011"),
        (manifest(|manifest| manifest["fields"] = json!({})), 207, "D011"),
        (manifest(|manifest| manifest["dict"] = json!("throughline-0")), 207, "D012"),
        (manifest(|manifest| manifest["fields"][0]["c"] = json!("K14")), 207, "D013"),
        (change("/grants", json!([good["grants"][0]])), 210, "D001"),
        (claim("/sections/0/len", json!(1)), 211, "D001"),
        (claim("/grants/0/h", json!(Digest::of("another"))), 212, "D001"),
        (claim("/grants/0/kid", json!(Digest::of("nobody"))), 213, "D006"),
        (part("grants", json!("x.y.z")), 214, "D001"),
        (part("sections", json!("x.y.z")), 215, "D001"),
    ]
}

#[track_caller]
fn told(response: &Response, check: u16, deny: &str) {
    assert_eq!(response.body["check"], check, "{}", response.body);
    assert_eq!(denials(response), [deny], "{}", response.body);
    assert_eq!(response.body["denials"][0]["subcode"], check.to_string());
}

/// The codes that the log has for what was handed in and refused, sorted.
async fn logged(hub: &TestHub) -> Vec<String> {
    let mut refused: Vec<String> =
        hub.logged("packets.submit").await.into_iter().filter_map(|entry| entry.refused).collect();
    refused.sort();
    refused
}

#[actix_web::test]
async fn each_check_of_the_hub_is_told_by_number_and_code_and_leaves_an_entry() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let (good, claims) = sealed(&mechanism).await;
    let mut expected = Vec::new();
    for (container, check, deny) in wrong(&mechanism, &good, &claims) {
        let response = submit(hub, harbour, container.to_string().as_bytes()).await;
        told(&response, check, deny);
        expected.push(response.code().to_owned());
    }
    expected.sort();
    assert_eq!(logged(hub).await, expected);
    let entries = hub.logged("packets.submit").await;
    assert!(entries.iter().all(|entry| entry.organisation == Some(harbour.id)));
    let stored = hub.everything_stored();
    assert!(
        !stored.contains("because she is ill") && !stored.contains("anary"),
        "nothing of a packet is kept"
    );
    let metrics = send(hub, None, "GET", "/metrics", &[], None).await.body;
    for counted in ["D001\"} 13", "D006\"} 1", "D008\"} 2", "D010\"} 2", "D011\"} 2"] {
        let line = format!("throughline_denials_total{{code=\"{counted}");
        assert!(metrics.as_str().unwrap().contains(&line), "{line}");
    }
    submit(hub, harbour, good.to_string().as_bytes()).await.expect(201);
}

#[actix_web::test]
async fn a_packet_that_is_another_members_too_large_signed_too_late_or_used_before_is_in_the_log() {
    let mechanism = Mechanism::new().await;
    let (good, claims) = sealed(&mechanism).await;
    let Mechanism { hub, mut harbour, clinic, .. } = mechanism;
    let body = good.to_string();
    told(&submit(&hub, &clinic, body.as_bytes()).await.expect(403), 202, "D003");
    let large = vec![b' '; 12 * 1024 * 1024 + 1];
    told(&submit(&hub, &harbour, &large).await.expect(413), 100, "D001");
    submit(&hub, &harbour, body.as_bytes()).await.expect(201);
    let again = signed(&good, &claims, &harbour.signing);
    told(&submit(&hub, &harbour, again.to_string().as_bytes()).await.expect(409), 220, "D002");
    harbour.publish(&hub, throughline::members::KeyState::Retired).await.expect(201);
    hub.clock.advance(TimeDelta::seconds(10));
    let late = signed(&good, &claims, &harbour.signing);
    told(&submit(&hub, &harbour, late.to_string().as_bytes()).await.expect(422), 122, "D004");
    assert_eq!(
        logged(&hub).await,
        ["packet.key_time", "packet.not_the_caller", "packet.replay", "packet.too_large"]
    );
}

#[actix_web::test]
async fn what_a_stolen_key_signed_counts_for_nothing_when_that_is_found_out_later() {
    let mut mechanism = Mechanism::new().await;
    let agreed = mechanism.hub.now();
    mechanism.hub.clock.advance(TimeDelta::minutes(2));
    let (early, late) = (mechanism.person(), mechanism.person());
    let before = mechanism.certify(&early, &mechanism.clinic).await;
    mechanism.hub.clock.advance(TimeDelta::minutes(2));
    let stolen = mechanism.hub.now();
    mechanism.hub.clock.advance(TimeDelta::minutes(2));
    let behind = mechanism.certify(&late, &mechanism.clinic).await;
    mechanism.hub.clock.advance(TimeDelta::minutes(2));
    mechanism.harbour.was_robbed(&mechanism.hub, stolen).await;

    let (_, refused) = mechanism.hand_in(&mechanism.harbour, mechanism.draft(&late, &behind)).await;
    assert_eq!(denials(&refused.expect(422)), ["D302"], "a certificate of the thief's");
    let handed_in = mechanism.hub.now();
    let (sealed, taken) = mechanism.hand_in(&mechanism.harbour, mechanism.draft(&early, &before)).await;
    taken.expect(201);
    mechanism.hub.clock.advance(TimeDelta::minutes(2));
    mechanism.harbour.sign_in(&mechanism.hub).await;
    mechanism.clinic.sign_in(&mechanism.hub).await;
    mechanism.harbour.was_robbed(&mechanism.hub, handed_in.minus(TimeDelta::seconds(1))).await;
    let held = fetch(&mechanism.hub, &mechanism.clinic, sealed.id).await;
    assert_eq!((held.status, held.code().as_str()), (409, "packet.held"), "a packet that the thief signed");
    let why = mechanism.harbour.get(&mechanism.hub, &format!("/api/v1/packets/{}/evidence", sealed.id)).await;
    assert_eq!(why.expect(200).body["held"][0]["code"], "D004");

    // The clinic's key was not its own when it signed the agreement.
    mechanism.clinic.was_robbed(&mechanism.hub, agreed.minus(TimeDelta::minutes(1))).await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, &mechanism.clinic).await;
    let (_, refused) = mechanism.hand_in(&mechanism.harbour, mechanism.draft(&person, &certified)).await;
    assert_eq!(denials(&refused.expect(422)), ["D205"], "an agreement that the thief signed");
}

#[actix_web::test]
async fn who_is_nobody_is_refused_by_number_and_writes_nothing_in_the_log() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, .. } = &mechanism;
    for token in [None, Some("no token")] {
        let response = submit_with(hub, token, b"{}", &PACKET).await.expect(401);
        assert_eq!(response.body["check"], 103, "{}", response.body);
        assert!(response.code().starts_with("access."));
    }
    assert!(hub.logged("packets.submit").await.is_empty());
}

#[actix_web::test]
async fn a_good_assertion_that_is_shown_again_is_in_the_log_and_a_bad_one_is_not() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour").await;
    let assertion = harbour.assertion(&hub);
    request_token(&hub, &assertion).await.expect(200);
    assert_eq!(request_token(&hub, &assertion).await.expect(401).body["error"], "invalid_client");
    request_token(&hub, assertion.get(..assertion.len() - 4).unwrap()).await.expect(401);
    hub.clock.advance(TimeDelta::hours(1));
    request_token(&hub, &assertion).await.expect(401);
    let entries = hub.logged("tokens.issue").await;
    let refused: Vec<_> = entries.iter().filter_map(|entry| entry.refused.as_deref()).collect();
    assert_eq!(refused, ["token.assertion_refused"]);
    assert_eq!(entries[0].organisation, Some(harbour.id));
}

#[actix_web::test]
async fn a_packet_that_is_held_counts_under_its_codes() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (person, _, sealed, _) = mechanism.referred().await;
    crate::support::packet::take_back(hub, &person, json!({ "fields": ["CF.pregnancy"] })).await.expect(201);
    assert_eq!(fetch(hub, clinic, sealed.id).await.status, 409);
    let (_, refused) = mechanism
        .hand_in(&mechanism.harbour, mechanism.draft(&person, &mechanism.certificate(&person, clinic)))
        .await;
    let codes = denials(&refused.expect(422)).join(" ");
    let metrics = send(hub, None, "GET", "/metrics", &[], None).await.body;
    let first = codes.split(' ').next().unwrap();
    assert!(metrics.as_str().unwrap().contains(&format!("throughline_denials_total{{code=\"{first}\"}}")));
}
