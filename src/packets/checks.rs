//! Tests: every number of the validation order is reached by a packet with that one thing wrong, at the hub and at the recipient.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Arrival, MAX_BODY, PacketError, PacketFault, Reading, Receipt, ReceiptEvent, check, commitment,
    forge::{CANARY, Forge, Inside, NOW, World, number},
    form::MAX_MANIFEST,
    verify::{BEFORE_CIPHERTEXT, manifest_in, verify},
};
use crate::{
    crypto::{SigningKey, Typ, sign_compact},
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, PacketId, SystemIds},
    },
    members::{KeyState, KeyUse},
    policy::{FieldId, FormValue, Policy},
};

fn bytes(container: &Value) -> Vec<u8> {
    container.to_string().into_bytes()
}

#[track_caller]
fn hub_refuses(expected: u16, world: &mut World, container: &Value) {
    assert_eq!(number(world.verify(&bytes(container))), expected);
}

#[track_caller]
fn reader_refuses(expected: u16, world: &mut World, container: &Value) {
    assert_eq!(number(world.open(&bytes(container))), expected);
}

/// A forged packet with one change in the envelope.
fn with_claim(world: &World, path: &'static str, value: Value) -> Value {
    let mut forge = Forge::new(world);
    forge.last.push((path, value));
    forge.build()
}

/// Changes a token's header and leaves the rest.
fn with_header(token: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let (header, rest) = token.as_str().unwrap().split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    change(&mut header);
    json!(format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string())))
}

#[test]
fn a_good_packet_passes_the_hub_and_opens_with_everything_its_reader_may_see() {
    let mut world = World::new();
    let body = world.sealed();
    assert!(!String::from_utf8_lossy(&body).contains("anary"));
    let verified = world.verify(&body).unwrap();
    assert_eq!(verified.manifest().fields.len(), 7);
    assert_eq!(verified.received(), NOW);
    assert_eq!(
        serde_json::from_slice::<Value>(&verified.body().unwrap()).unwrap(),
        serde_json::from_slice::<Value>(&body).unwrap()
    );
    let opened = world.open(&body).unwrap();
    let name = opened.documents[0].fields.get("ZP.1a").unwrap();
    assert!(matches!(name, FormValue::Text(text) if text == CANARY));
    assert_eq!(opened.files[0].bytes.expose(), b"%PDF canary");
    assert!(opened.documents.iter().all(|document| !document.fields.contains_key("ZP.13d")));
    assert_eq!(opened.not_for_us.len(), 1, "the medical section");
    assert!(!format!("{opened:?}").contains("anary"));
    let receipt = world.receipt_for(&body);
    let medical = world.open_with(&body, &receipt, Reading::First, |role| role == "medical").unwrap();
    assert_eq!(medical.documents.len(), 1);
    assert!(medical.documents[0].fields.contains_key("ZP.13d"));
    assert!(medical.files.is_empty());
}

#[test]
fn the_forge_by_itself_makes_a_good_packet() {
    let mut world = World::new();
    let container = Forge::new(&world).build();
    hub_refuses(0, &mut world, &container);
    reader_refuses(0, &mut world, &container);
}

#[test]
fn documents_are_padded_so_that_their_size_does_not_tell() {
    let world = World::new();
    let sections = |draft| {
        let sealed = super::press(draft, &world.signing, Policy::builtin(), &SystemIds).unwrap();
        let container: Value = serde_json::from_slice(&sealed.body).unwrap();
        container["sections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s.as_str().unwrap().len())
            .collect::<Vec<_>>()
    };
    let (mut short, mut long) = (world.draft(), world.draft());
    short.files.clear();
    long.files.clear();
    long.fields[0].value = FormValue::Text("x".repeat(119));
    assert_eq!(sections(short), sections(long));
}

#[test]
fn the_manifest_of_what_is_stored_is_read_without_its_ciphertext() {
    let mut world = World::new();
    let packet = world.verify(&world.sealed()).unwrap();
    let stored = packet.sealed_parts();
    let end = stored.iter().position(|byte| *byte == b',').unwrap();
    let manifest = manifest_in(&stored[..end]).unwrap();
    assert_eq!(Digest::of(URL_SAFE_NO_PAD.decode(manifest).unwrap()), packet.envelope().manifest);
    let around = stored.iter().position(|byte| *byte == b':').unwrap() + 3;
    assert!(usize::try_from(BEFORE_CIPHERTEXT).unwrap() >= MAX_MANIFEST + around);
    assert!(manifest_in(&stored[1..]).is_err());
}

/// The checks of the hub in the order of the format.
const ORDER: [u16; 25] = [
    100, 101, 102, 110, 111, 112, 113, 120, 121, 122, 123, 200, 201, 202, 203, 204, 205, 206, 207, 210, 211,
    212, 213, 214, 215,
];

#[test]
fn of_several_faults_the_one_that_stands_first_is_told() {
    for first in ORDER {
        let mut world = World::new();
        let (body, caller) = wrong_from(&mut world, first);
        let told = number(verify(&body, Arrival { caller, at: NOW }, &mut world, Policy::builtin()));
        assert_eq!(told, first);
    }
}

/// A packet with which everything is wrong from this check on, and nothing before it; and who hands it in.
fn wrong_from(world: &mut World, first: u16) -> (Vec<u8>, OrganisationId) {
    let wrong = |number: u16| number >= first;
    let mut container = Forge::new(world).build();
    let claims = wrong_claims(world, &mut container, first);
    let token = sign_compact(&world.signing, Typ::Envelope, claims.to_string().as_bytes()).unwrap();
    let mut token = json!(token);
    if wrong(123) {
        let signed = token.as_str().unwrap();
        token = json!(format!("{}{}", signed.get(..signed.len() - 86).unwrap(), "A".repeat(86)));
    }
    let (signing, reading) = (world.signing.kid().clone(), world.readers[0].2.kid().clone());
    for (number, kid) in [(122, &signing), (121, &reading)] {
        if wrong(number) {
            world.change_key(kid, |key| key.until = key.from);
        }
    }
    let header: [(u16, &str, Value); 5] = [
        (121, "kid", json!(reading)),
        (120, "kid", json!(Digest::of("nobody"))),
        (113, "typ", json!("rp1-content+jws")),
        (112, "alg", json!("ES384")),
        (111, "crit", json!(["x"])),
    ];
    for (_, member, value) in header.into_iter().filter(|(number, ..)| wrong(*number)) {
        token = with_header(&token, |header| header[member] = value);
    }
    container["envelope"] = if wrong(110) { json!(format!("{}.", token.as_str().unwrap())) } else { token };
    container["v"] = if wrong(102) { json!(2) } else { json!(1) };
    if wrong(101) {
        container["extra"] = json!(1);
    }
    let mut body = bytes(&container);
    body.resize(if wrong(100) { MAX_BODY + 1 } else { body.len() }, b' ');
    let nobody = OrganisationId::new(&SystemIds, NOW);
    (body, if wrong(202) { nobody } else { world.sender })
}

/// What such a packet claims; the tokens beside it are changed with it.
fn wrong_claims(world: &World, container: &mut Value, first: u16) -> Value {
    let mut claims = claims_of(container);
    for (list, number) in [("sections", 215), ("grants", 214)] {
        if number >= first {
            container[list][0] = json!("x.y.z");
            claims[list][0]["h"] = json!(Digest::of("x.y.z"));
        }
    }
    claims["sections"][0]["len"] = json!(container["sections"][0].as_str().unwrap().len());
    for (number, path, value) in [
        (213, "/grants/0/kid", json!(Digest::of("nobody"))),
        (212, "/grants/1/h", json!(Digest::of("another"))),
        (211, "/sections/1/len", json!(1)),
        (207, "/manifest", json!(Digest::of("another"))),
        (205, "/exp", json!(NOW.seconds() + 2)),
        (204, "/iat", json!(NOW.seconds() + 301)),
        (203, "/aud", json!([])),
        (201, "/iss", json!(world.recipient)),
        (200, "/kind", json!("gossip")),
    ] {
        if number >= first {
            *claims.pointer_mut(path).unwrap() = value;
        }
    }
    if 210 >= first {
        container["grants"].as_array_mut().unwrap().pop();
    }
    if 206 >= first {
        claims["re"] = json!(PacketId::new(&SystemIds, NOW));
    }
    claims
}

#[test]
fn checks_110_to_113_look_at_the_envelope_token() {
    let mut world = World::new();
    let good = Forge::new(&world).build();
    let token = good["envelope"].as_str().unwrap().to_owned();
    let long = format!("{}.{}.{}", token.split_once('.').unwrap().0, "A".repeat(16_001), "A".repeat(86));
    for (envelope, expected) in [
        (json!("x"), 110),
        (json!(format!("{token}.")), 110),
        (json!(token.get(1..).unwrap()), 110),
        (json!(long), 110),
        (with_header(&json!(token), |header| header["crit"] = json!(["x"])), 111),
        (with_header(&json!(token), |header| header["alg"] = json!("ES384")), 112),
        (with_header(&json!(token), |header| header["typ"] = json!("rp1-content+jws")), 113),
        (with_header(&json!(token), |header| header["kid"] = json!(Digest::of("nobody"))), 120),
        // A header that says the same in another order was not signed.
        (
            with_header(&json!(token), |header| {
                *header = json!({ "typ": header["typ"], "kid": header["kid"], "alg": "ES256" });
            }),
            123,
        ),
    ] {
        let mut container = good.clone();
        container["envelope"] = envelope;
        hub_refuses(expected, &mut world, &container);
        reader_refuses(expected, &mut world, &container);
    }
}

#[test]
fn checks_120_to_123_look_at_the_signing_key_and_the_signature() {
    let mut world = World::new();
    let good = Forge::new(&world).build();
    let kid = world.signing.kid().clone();
    let known = world.keys.get(&kid).cloned().unwrap();
    let check = |world: &mut World, expected, change: &dyn Fn(&mut crate::members::KeyRecord)| {
        world.change_key(&kid, change);
        hub_refuses(expected, world, &good);
        reader_refuses(expected, world, &good);
        world.keys.insert(kid.clone(), known.clone());
    };
    check(&mut world, 121, &|key| key.r#use = KeyUse::Encrypt);
    check(&mut world, 122, &|key| key.state = KeyState::Announced);
    check(&mut world, 122, &|key| key.until = NOW);
    check(&mut world, 122, &|key| key.from = Timestamp::from_seconds(NOW.seconds() + 1));
    check(&mut world, 122, &|key| {
        key.state = KeyState::Retired;
        key.retired_at = Some(NOW);
    });
    check(&mut world, 122, &|key| {
        key.state = KeyState::Revoked;
        key.compromised_at = Some(NOW);
    });
    // What was received before the key was compromised stands.
    check(&mut world, 0, &|key| {
        key.state = KeyState::Revoked;
        key.compromised_at = Some(Timestamp::from_seconds(NOW.seconds() + 1));
    });
    world.keys.remove(world.signing.kid());
    hub_refuses(120, &mut world, &good);
    let mut world = World::new();
    let mut container = Forge::new(&world).build();
    let other = Forge::new(&world).build();
    let signature = other["envelope"].as_str().unwrap().rsplit_once('.').unwrap().1.to_owned();
    let (input, _) = container["envelope"].as_str().unwrap().rsplit_once('.').unwrap();
    container["envelope"] = json!(format!("{input}.{signature}"));
    hub_refuses(123, &mut world, &container);
    reader_refuses(123, &mut world, &container);
}

#[test]
fn check_200_takes_exactly_the_claims() {
    let mut world = World::new();
    for (path, value) in [
        ("", json!([])),
        ("-sub", json!(null)),
        ("/unknown", json!(1)),
        ("/re", json!(null)),
        ("/v", json!(2)),
        ("/iat", json!(1.5)),
        ("/exp", json!("1790000000")),
        ("/iss", json!("ref_00000000000000000000000000000000")),
        ("/kind", json!("gossip")),
        ("/purpose", json!("because")),
        ("/mode", json!({ "consent": null })),
        ("/dsa", json!(["dsa_00000000000000000000000000000000", 1, Digest::of("x")])),
        ("/sections/0/id", json!("s1")),
        ("/grants/0/note", json!("free text")),
    ] {
        let container = with_claim(&world, path, value);
        hub_refuses(200, &mut world, &container);
        reader_refuses(200, &mut world, &container);
    }
}

#[test]
fn checks_201_to_206_look_at_who_when_and_what_for() {
    let mut world = World::new();
    let stranger = OrganisationId::new(&SystemIds, NOW);
    let container = with_claim(&world, "/iss", json!(world.recipient));
    hub_refuses(201, &mut world, &container);
    reader_refuses(201, &mut world, &container);

    let good = Forge::new(&world).build();
    let arrival = Arrival { caller: stranger, at: NOW };
    let refused = verify(&bytes(&good), arrival, &mut world, Policy::builtin());
    assert_eq!(number(refused), 202);

    for aud in [json!([]), json!([stranger]), json!([world.recipient, world.recipient])] {
        let container = with_claim(&world, "/aud", aud);
        hub_refuses(203, &mut world, &container);
    }
    let unsorted = with_claim(
        &world,
        "/aud",
        json!([world.recipient.max(world.sender), world.recipient.min(world.sender)]),
    );
    hub_refuses(203, &mut world, &unsorted);
    world.suspended.push(world.recipient);
    hub_refuses(203, &mut world, &good);
    world.suspended.clear();

    let now = NOW.seconds();
    for (times, expected) in [
        (("/iat", now + 301), 204),
        (("/exp", now + 59), 205),
        (("/exp", now + 2_592_001), 205),
        (("/exp", now - 300), 205),
        (("/iat", now + 300), 0),
    ] {
        let container = with_claim(&world, times.0, json!(times.1));
        hub_refuses(expected, &mut world, &container);
        reader_refuses(expected, &mut world, &container);
    }
    let mut forge = Forge::new(&world);
    forge.last.extend([("/iat", json!(now - 10_000)), ("/exp", json!(now - 300))]);
    let expired = forge.build();
    hub_refuses(205, &mut world, &expired);
    let mut forge = Forge::new(&world);
    forge.last.push(("/iat", json!(now - 10_000)));
    let sealed_earlier = forge.build();
    hub_refuses(0, &mut world, &sealed_earlier);

    let before = PacketId::new(&SystemIds, NOW);
    let container = with_claim(&world, "/kind", json!("reply"));
    hub_refuses(206, &mut world, &container);
    let container = with_claim(&world, "/re", json!(before));
    hub_refuses(206, &mut world, &container);
    world.visible.push(before);
    hub_refuses(0, &mut world, &container);
}

#[test]
fn check_207_holds_the_manifest_against_the_envelope_and_the_dictionary() {
    let mut world = World::new();
    let other = with_claim(&world, "/manifest", json!(Digest::of("other")));
    hub_refuses(207, &mut world, &other);
    let changes: [(&str, Value); 8] = [
        ("/v", json!(2)),
        ("/fields/0/f", json!("ZP.none")),
        ("/fields/0/c", json!("K14")),
        ("/fields/0/sec", json!("s9")),
        ("/fields/0/sec", json!("s2")),
        ("/fields/0/n", json!("short")),
        ("/fields/1", json!(null)),
        ("/fields", json!({})),
    ];
    for (path, value) in changes {
        let mut forge = Forge::new(&world);
        *forge.manifest.pointer_mut(path).unwrap() = value;
        let container = forge.build();
        hub_refuses(207, &mut world, &container);
        reader_refuses(207, &mut world, &container);
    }
    let mut forge = Forge::new(&world);
    let first = forge.manifest["fields"][0].clone();
    forge.manifest["fields"].as_array_mut().unwrap().push(first);
    let twice = forge.build();
    hub_refuses(207, &mut world, &twice);
}

/// A packet of another policy, which has a field and a code that this one does not have.
fn by_another_policy(world: &World) -> Forge<'_> {
    let mut forge = Forge::new(world);
    forge.manifest["dict"] = json!("throughline-0");
    let unknown: FieldId = "ZP.99".parse().unwrap();
    let document = forge.document_with("ZP.4");
    document["data"]["ZP.4"] = json!("a code of before");
    document["data"]["ZP.99"] = json!("canary");
    document["salts"]["ZP.99"] = document["salts"]["ZP.4"].clone();
    let salt = document["salts"]["ZP.4"].as_str().unwrap().parse().unwrap();
    let fields = forge.manifest["fields"].as_array_mut().unwrap();
    let listed = fields.iter_mut().find(|field| field["f"] == "ZP.4").unwrap();
    listed["n"] = json!(commitment(&"ZP.4".parse().unwrap(), salt, &json!("a code of before")));
    let mut added = listed.clone();
    (added["f"], added["n"]) = (json!(unknown), json!(commitment(&unknown, salt, &json!("canary"))));
    fields.push(added);
    forge
}

#[test]
fn what_another_policy_sealed_is_not_taken_anew_and_opens_at_its_reader_with_what_is_not_known_set_aside() {
    let mut world = World::new();
    let body = bytes(&by_another_policy(&world).build());
    let verified = world.verify(&body).unwrap();
    let refused = verified.judge_policy(Policy::builtin());
    assert!(matches!(refused, Err(PacketError::Refused(PacketFault::OtherPolicy))), "{refused:?}");
    let receipt = world.receipt_for(&body);
    let node = world.node.verifier();
    let checked = |world: &mut World, receipt| check(&body, receipt, NOW, world, Policy::builtin());
    assert_eq!(number(checked(&mut world, None)), 207);
    assert_eq!(number(checked(&mut world, Some((&receipt, &node)))), 0);

    let opened = world.open(&body).unwrap();
    let aside: Vec<_> =
        opened.unknown.iter().map(|(id, text)| (id.as_str(), text.expose().as_str())).collect();
    assert_eq!(aside, [("ZP.4", "\"a code of before\""), ("ZP.99", "\"canary\"")]);
    assert!(opened.documents.iter().any(|document| document.fields.contains_key("ZP.1a")));
    assert!(!format!("{opened:?}").contains("anary"));
}

#[test]
fn what_another_policy_sealed_must_still_be_what_its_manifest_lists() {
    let mut world = World::new();
    let mut forge = by_another_policy(&world);
    forge.document_with("ZP.99")["data"]["ZP.99"] = json!("another");
    let changed = forge.build();
    let mut forge = by_another_policy(&world);
    forge.manifest["fields"].as_array_mut().unwrap().pop();
    let unlisted = forge.build();
    let mut forge = by_another_policy(&world);
    forge.document_with("ZP.99")["sch"] = json!("other");
    let other_schema = forge.build();
    for (container, check) in [(changed, 311), (unlisted, 311), (other_schema, 309)] {
        reader_refuses(check, &mut world, &container);
    }
}

#[test]
fn checks_210_to_215_hold_the_parts_against_the_claims() {
    let mut world = World::new();
    let good = Forge::new(&world).build();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut container = good.clone();
        change(&mut container);
        container
    };
    let swap = |path: &str, container: &mut Value| {
        let list = container[path].as_array_mut().unwrap();
        list.swap(0, 1);
    };
    for (container, expected) in [
        (changed(&|c| drop(c["sections"].as_array_mut().unwrap().pop())), 210),
        (changed(&|c| drop(c["grants"].as_array_mut().unwrap().pop())), 210),
        (changed(&|c| c["sections"][0] = json!("x")), 211),
        (changed(&|c| swap("sections", c)), 211),
        (with_claim(&world, "/sections/0/len", json!(1)), 211),
        (with_claim(&world, "/sections/0/h", json!(Digest::of("x"))), 211),
        (changed(&|c| swap("grants", c)), 212),
        (with_claim(&world, "/grants/0/h", json!(Digest::of("x"))), 212),
    ] {
        hub_refuses(expected, &mut world, &container);
        reader_refuses(expected, &mut world, &container);
    }
    // Tokens of another shape, properly listed.
    for (list, token, expected) in [
        ("grants", with_header(&good["grants"][0], |header| header["zip"] = json!("DEF")), 214),
        ("grants", with_header(&good["grants"][0], |header| header["apu"] = json!("AAAA")), 214),
        ("grants", with_header(&good["grants"][0], |header| header["epk"]["crv"] = json!("P-384")), 214),
        ("grants", json!("x.y.z"), 214),
        ("sections", with_header(&good["sections"][0], |header| header["zip"] = json!("DEF")), 215),
        ("sections", with_header(&good["sections"][0], |header| header["enc"] = json!("A128GCM")), 215),
        ("sections", json!(format!("{}A", good["sections"][0].as_str().unwrap())), 215),
    ] {
        let mut forge = Forge::new(&world);
        let length = token.as_str().unwrap().len();
        let digest = Digest::of(token.as_str().unwrap());
        if list == "grants" {
            forge.last.push(("/grants/0/h", json!(digest)));
        } else {
            forge.last.extend([("/sections/0/h", json!(digest)), ("/sections/0/len", json!(length))]);
        }
        let mut container = forge.build();
        container[list][0] = token;
        hub_refuses(expected, &mut world, &container);
        reader_refuses(expected, &mut world, &container);
    }
}

#[test]
fn check_213_wants_a_usable_key_for_every_reader_and_for_the_sender() {
    let mut world = World::new();
    let good = Forge::new(&world).build();
    let kid = world.readers[1].2.kid().clone();
    let known = world.keys.get(&kid).cloned().unwrap();
    let day = 86_400;
    let check = |world: &mut World, expected, change: &dyn Fn(&mut crate::members::KeyRecord)| {
        world.change_key(&kid, change);
        hub_refuses(expected, world, &good);
        world.keys.insert(kid.clone(), known.clone());
    };
    check(&mut world, 213, &|key| key.r#use = KeyUse::Sign);
    check(&mut world, 213, &|key| key.organisation = OrganisationId::new(&SystemIds, NOW));
    check(&mut world, 213, &|key| key.role = "medical".into());
    check(&mut world, 213, &|key| {
        key.state = KeyState::Retired;
        key.retired_at = Some(Timestamp::from_seconds(NOW.seconds() - 7 * day));
    });
    check(&mut world, 0, &|key| {
        key.state = KeyState::Retired;
        key.retired_at = Some(Timestamp::from_seconds(NOW.seconds() - 6 * day));
    });
    world.keys.remove(world.readers[1].2.kid());
    hub_refuses(213, &mut world, &good);
    // Without the sender's own grant, and without any for the recipient.
    for sender_is_left_out in [true, false] {
        let mut world = World::new();
        let sender = world.sender;
        world.readers.truncate(2);
        let mut draft = world.draft();
        draft.files.clear();
        draft.fields.truncate(2);
        let sealed = super::press(draft, &world.signing, Policy::builtin(), &SystemIds).unwrap().body;
        let mut container: Value = serde_json::from_slice(&sealed).unwrap();
        let mut envelope = claims_of(&container);
        let dropped = envelope["grants"]
            .as_array()
            .unwrap()
            .iter()
            .position(|grant| (grant["aud"] == json!(sender)) == sender_is_left_out)
            .unwrap();
        envelope["grants"].as_array_mut().unwrap().remove(dropped);
        container["grants"].as_array_mut().unwrap().remove(dropped);
        container["envelope"] =
            json!(sign_compact(&world.signing, Typ::Envelope, envelope.to_string().as_bytes()).unwrap());
        hub_refuses(213, &mut world, &container);
    }
}

fn claims_of(container: &Value) -> Value {
    let payload = container["envelope"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn checks_300_to_304_look_at_the_grants() {
    let mut world = World::new();
    let good = Forge::new(&world).build();
    let receipt = world.receipt_for(&bytes(&good));
    let none = world.open_with(&bytes(&good), &receipt, Reading::First, |_| false);
    assert_eq!(number(none), 300);

    let intake = 1;
    let other_key = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let changes: [(&str, Value, u16); 8] = [
        ("/v", json!(2), 302),
        ("/extra", json!(1), 302),
        ("/keys/s99", other_key.clone(), 302),
        ("/iss", json!(world.recipient), 303),
        ("/aud", json!(world.sender), 303),
        ("/jti", json!(PacketId::new(&SystemIds, NOW)), 303),
        ("/keys/s0", json!("AAAA"), 304),
        ("/keys/s0", other_key, 304),
    ];
    for (path, value, expected) in changes {
        let mut forge = Forge::new(&world);
        let plaintext = &mut forge.grants.iter_mut().find(|(reader, _)| *reader == intake).unwrap().1;
        match path.rsplit_once('/').unwrap() {
            ("", name) => plaintext[name] = value,
            (parent, name) => plaintext.pointer_mut(parent).unwrap()[name] = value,
        }
        let container = forge.build();
        hub_refuses(0, &mut world, &container);
        reader_refuses(expected, &mut world, &container);
    }
    // A grant whose ciphertext belongs to another.
    let mut container = Forge::new(&world).build();
    let place = claims_of(&container)["grants"]
        .as_array()
        .unwrap()
        .iter()
        .position(|grant| grant["role"] == "intake")
        .unwrap();
    let token = container["grants"][place].as_str().unwrap();
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[3] = if parts[3].starts_with('A') {
        parts[3].replacen('A', "B", 1)
    } else {
        format!("A{}", parts[3].get(1..).unwrap())
    };
    let token = json!(parts.join("."));
    let mut claims = claims_of(&container);
    claims["grants"][place]["h"] = json!(Digest::of(token.as_str().unwrap()));
    container["grants"][place] = token;
    container["envelope"] = resigned(&world, &claims);
    hub_refuses(0, &mut world, &container);
    reader_refuses(301, &mut world, &container);
}

fn resigned(world: &World, claims: &Value) -> Value {
    let token = sign_compact(&world.signing, Typ::Envelope, claims.to_string().as_bytes());
    json!(token.unwrap())
}

#[test]
fn checks_305_to_309_look_at_the_content() {
    let mut world = World::new();
    // 305: the ciphertext is not what the key opens, and a section that was not served.
    let mut container = Forge::new(&world).build();
    let token = container["sections"][0].as_str().unwrap();
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[2] = String::from("AAAAAAAAAAAAAAAA");
    let token = json!(parts.join("."));
    let mut claims = claims_of(&container);
    claims["sections"][0]["h"] = json!(Digest::of(token.as_str().unwrap()));
    container["sections"][0] = token;
    container["envelope"] = resigned(&world, &claims);
    hub_refuses(0, &mut world, &container);
    reader_refuses(305, &mut world, &container);
    let mut container = Forge::new(&world).build();
    container["sections"][0] = json!(null);
    reader_refuses(305, &mut world, &container);

    // 306: the content's key is not known.
    let unknown = SigningKey::generate(&SystemIds).unwrap();
    let mut forge = Forge::new(&world);
    forge.content_signer = &unknown;
    let container = forge.build();
    reader_refuses(306, &mut world, &container);

    // 307: another key than the envelope's; other claims; malformed.
    let recipient = SigningKey::from_secret_jwk(&world.recipient_signing.to_secret_jwk()).unwrap();
    let mut forge = Forge::new(&world);
    forge.content_signer = &recipient;
    let container = forge.build();
    reader_refuses(307, &mut world, &container);
    for (name, value) in [
        ("v", json!(2)),
        ("iss", json!(world.recipient)),
        ("aud", json!([world.sender])),
        ("jti", json!(PacketId::new(&SystemIds, NOW))),
        ("sec", json!("s1")),
        ("extra", json!(1)),
        ("salts", json!([])),
    ] {
        let mut forge = Forge::new(&world);
        forge.document_with("ZP.1a")[name] = value;
        let container = forge.build();
        hub_refuses(0, &mut world, &container);
        reader_refuses(307, &mut world, &container);
    }

    // 308: another file than the one described, in size or in content; a description that points elsewhere.
    let mut forge = Forge::new(&world);
    for (_, inside) in &mut forge.sections {
        if let Inside::File(bytes) = inside {
            bytes[0] = b'!';
        }
    }
    let container = forge.build();
    reader_refuses(308, &mut world, &container);
    for (name, value) in [("size", json!(1)), ("sha256", json!(Digest::of("x"))), ("sec", json!("s0"))] {
        let mut forge = Forge::new(&world);
        forge.document_with_file()["files"][0][name] = value;
        let container = forge.build();
        reader_refuses(308, &mut world, &container);
    }

    // 309: a value of another kind than the dictionary's; another schema.
    let mut forge = Forge::new(&world);
    forge.document_with("ZP.4")["data"]["ZP.4"] = json!("not a code");
    let container = forge.build();
    reader_refuses(309, &mut world, &container);
    let mut forge = Forge::new(&world);
    forge.document_with("ZP.4")["sch"] = json!("other");
    let container = forge.build();
    reader_refuses(309, &mut world, &container);
}

#[test]
fn check_310_wants_the_hubs_receipt_and_a_first_reading() {
    let mut world = World::new();
    let body = bytes(&Forge::new(&world).build());
    let good = world.receipt_for(&body);
    let all = |_: &str| true;
    let envelope = Digest::of(claims_token(&body));
    assert_eq!(number(world.open_with(&body, &good, Reading::First, all)), 0);
    assert_eq!(number(world.open_with(&body, &good, Reading::Again(envelope), all)), 0);
    assert_eq!(number(world.open_with(&body, &good, Reading::Repeated, all)), 310);
    assert_eq!(number(world.open_with(&body, &good, Reading::Again(Digest::of("x")), all)), 310);
    assert_eq!(number(world.open_with(&body, "", Reading::First, all)), 310);
    let receipt: Receipt = Receipt::verify(&good, &world.node.verifier()).unwrap();
    let wrong = [
        Receipt { re: PacketId::new(&SystemIds, NOW), ..receipt.clone() },
        Receipt { h: Digest::of("x"), ..receipt.clone() },
        Receipt { evt: ReceiptEvent::Opened, ..receipt.clone() },
        Receipt { v: 2, ..receipt.clone() },
    ];
    for receipt in wrong {
        let token = receipt.sign(&world.node).unwrap();
        assert_eq!(number(world.open_with(&body, &token, Reading::First, all)), 310);
    }
    let by_another = receipt.sign(&world.signing).unwrap();
    assert_eq!(number(world.open_with(&body, &by_another, Reading::First, all)), 310);
}

fn claims_token(body: &[u8]) -> String {
    let container: Value = serde_json::from_slice(body).unwrap();
    container["envelope"].as_str().unwrap().to_owned()
}

#[test]
fn check_311_quarantines_what_the_manifest_does_not_list_and_reports_it_signed() {
    let mut world = World::new();
    let changes: [fn(&mut Forge<'_>); 7] = [
        |forge| forge.document_with("ZP.1a")["data"]["ZP.1b"] = json!("one more name"),
        |forge| forge.document_with("ZP.1a")["data"][CANARY] = json!("something of no form"),
        |forge| forge.document_with("ZP.1a")["data"]["ZP.1a"] = json!("another name"),
        |forge| drop(forge.document_with("ZP.1a")["data"].as_object_mut().unwrap().remove("ZP.1a")),
        |forge| drop(forge.document_with("ZP.1a")["salts"].as_object_mut().unwrap().remove("ZP.1a")),
        |forge| drop(forge.document_with_file()["files"].as_array_mut().unwrap().pop()),
        |forge| forge.document_with_file()["files"][0]["name"] = json!("another name.pdf"),
    ];
    for change in changes {
        let mut forge = Forge::new(&world);
        change(&mut forge);
        let body = bytes(&forge.build());
        assert_eq!(number(world.verify(&body)), 0, "the hub cannot see it");
        let Err(PacketError::Quarantined(violation)) = world.open(&body) else { panic!("not quarantined") };
        let told = Receipt::verify(&violation.report, &world.recipient_signing.verifier()).unwrap();
        assert_eq!(told, violation.receipt);
        assert_eq!(told.evt, ReceiptEvent::Violation);
        assert_eq!(told.h, Digest::of(claims_token(&body)));
        let note = told.note.unwrap();
        assert!(note.fields.len() + note.others > 0);
        assert!(!serde_json::to_string(&note).unwrap().contains("anary"));
    }
}

/// Hands over a world and a packet sealed in it, made once for each thread.
fn with_sealed(check: impl FnOnce(&mut World, &[u8])) {
    thread_local! {
        static MADE: std::cell::RefCell<(World, Vec<u8>)> = std::cell::RefCell::new({
            let world = World::new();
            let body = world.sealed();
            (world, body)
        });
    }
    MADE.with(|made| {
        let (world, good) = &mut *made.borrow_mut();
        check(world, good);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_packet_with_any_changed_byte_is_refused_and_nothing_panics(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        with_sealed(|world, good| {
            let mut changed = good.to_vec();
            let place = place.index(changed.len());
            changed[place] ^= 1 << bit;
            assert_ne!(number(world.verify(&changed)), 0);
            let receipt = world.receipt_for(good);
            assert!(world.open_with(&changed, &receipt, Reading::First, |_| true).is_err());
        });
    }

    #[test]
    fn a_packet_out_of_its_own_pieces_is_refused_unless_it_is_the_same(
        place in any::<prop::sample::Index>(), gone in 0_usize..200, from in any::<prop::sample::Index>(), long in 0_usize..200,
    ) {
        with_sealed(|world, good| {
            let (place, from) = (place.index(good.len()), from.index(good.len()));
            let (end, until) = ((place + gone).min(good.len()), (from + long).min(good.len()));
            let changed = [&good[..place], &good[from..until], &good[end..]].concat();
            assert_eq!(number(world.verify(&changed)) == 0, changed == good);
            let _no_panic = super::inspect(&changed);
        });
    }

    #[test]
    fn bytes_of_any_kind_are_refused_and_nothing_panics(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut world = World { readers: Vec::new(), ..World::new() };
        prop_assert_ne!(number(world.verify(&noise)), 0);
        prop_assert!(super::inspect(&noise).is_err());
    }
}
