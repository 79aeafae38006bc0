//! The schemas of packets describe what we write, and what we read is what they take.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use throughline::{
    consent::{Attested, Claims, Effect, Made, Named, ProtectionSignal, Record},
    crypto::{SectionKey, SectionKind, Typ, closed, decrypt_grant, decrypt_section, peek},
    kernel::{
        Digest,
        id::{CertificateId, ReceiptId, SystemIds},
    },
    packets::{
        Envelope, MAX_BODY, MAX_GRANT, Manifest, Receipt, ReceiptEvent, Sealed, ViolationNote, inspect,
    },
    policy::{Deny, Policy},
};

use super::{
    letter::sealed,
    stored::{deliver_to, open_at, submit_body},
};
use crate::support::{Org, TestHub};

fn folder(area: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(area)
}

/// Holds a document against a schema such as `packets/envelope`.
fn hold(schema: &str, bytes: &[u8]) {
    let (area, name) = schema.split_once('/').unwrap();
    let text = fs::read_to_string(folder(area).join(format!("{name}.v1.schema.json"))).unwrap();
    let judge = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let complaints: Vec<_> =
        judge.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(complaints.is_empty(), "{schema}: {complaints:#?}");
}

fn payload(token: &str, typ: Typ) -> Vec<u8> {
    peek(token, typ, MAX_BODY).unwrap().unverified().to_vec()
}

#[actix_web::test]
async fn what_we_seal_serve_and_state_satisfies_the_schemas() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let packet = sealed(&from, &to, hub.now());
    hold("packets/container", &packet.body);
    let container: Value = serde_json::from_slice(&packet.body).unwrap();
    hold("packets/envelope", &payload(container["envelope"].as_str().unwrap(), Typ::Envelope));
    let attested = Attested {
        approvals: 2,
        signal: Some(ProtectionSignal::Absent),
        round: Some(1),
        overrides: [Deny::D107].into(),
        anonymous: true,
        untold: true,
    };
    let attested = Envelope { att: attested, ..inspect(&packet.body).unwrap().envelope };
    hold("packets/envelope", &serde_json::to_vec(&attested).unwrap());
    let manifest = URL_SAFE_NO_PAD.decode(container["manifest"].as_str().unwrap()).unwrap();
    hold("packets/manifest", &manifest);
    assert_eq!(what_is_sealed(&container, &to), (3, 4), "grants and documents");

    let kept = submit_body(&hub, &from, packet.body.clone()).await.unwrap();
    hold("packets/receipt", &payload(&kept.receipt, Typ::Receipt));
    let served = deliver_to(&hub, &to, packet.id).await.unwrap();
    hold("packets/container", &served.body);
    let (_, opened) = open_at(&hub, &to, &from, &served).await;
    hold("packets/receipt", &payload(&opened, Typ::Receipt));
    hold("packets/receipt", &serde_json::to_vec(&violation(&packet, &to)).unwrap());
}

/// Opens every grant for an organisation and every document it leads to, and holds each against its schema.
fn what_is_sealed(container: &Value, to: &Org) -> (usize, usize) {
    let (mut grants, mut documents) = (0, BTreeMap::new());
    for token in container["grants"].as_array().unwrap() {
        for (_, key) in &to.readers {
            let Ok(grant) = decrypt_grant(token.as_str().unwrap(), key, MAX_GRANT) else { continue };
            hold("packets/grant", grant.expose());
            grants += 1;
            let grant: Value = serde_json::from_slice(grant.expose()).unwrap();
            for (id, key) in grant["keys"].as_object().unwrap() {
                let place: usize = id.trim_start_matches('s').parse().unwrap();
                let key = URL_SAFE_NO_PAD.decode(key.as_str().unwrap()).unwrap();
                let key = SectionKey::from_bytes(key).unwrap();
                let section = container["sections"][place].as_str().unwrap();
                let Ok(token) = decrypt_section(section, SectionKind::Document, &key, MAX_BODY) else {
                    continue;
                };
                let content = payload(std::str::from_utf8(token.expose()).unwrap(), Typ::Content);
                hold("packets/content", &content);
                documents.insert(place, content);
            }
        }
    }
    (grants, documents.len())
}

fn violation(packet: &Sealed, by: &Org) -> Receipt {
    let note = ViolationNote { check: 311, fields: vec!["ZP.1a".parse().unwrap()], others: 1 };
    Receipt {
        v: 1,
        jti: ReceiptId::new(&SystemIds, "2026-03-02T09:00:00Z".parse().unwrap()),
        iss: by.id.to_string(),
        re: packet.id,
        h: packet.envelope,
        evt: ReceiptEvent::Violation,
        at: 1_772_442_000,
        leaf: None,
        note: Some(note),
    }
}

#[test]
fn the_certificate_of_a_record_satisfies_its_schema() {
    let record = fs::read(folder("consent").join("examples/valid/record.v1.thumbprint.json")).unwrap();
    let noon = "2026-03-01T12:00:00Z".parse().unwrap();
    let made = Made {
        id: CertificateId::new(&SystemIds, noon),
        record: Digest::of(&record),
        at: noon,
        policy: Policy::builtin(),
    };
    let record = Record::parse(&record).unwrap();
    let named = record.lines.iter().find_map(|answer| match answer.line.recipient {
        Named::One(recipient) if answer.line.effect == Effect::Permit => Some(recipient),
        Named::One(_) | Named::All => None,
    });
    let ends = |_| Some("2027-01-01T00:00:00Z".parse().unwrap());
    let claims = Claims::of(&record, named.unwrap(), made, ends).unwrap();
    hold("consent/certificate", &claims.bytes().unwrap());
}

/// Where a schema says more than the form of the claims does. Version, recipients and reference are refused when a packet is
/// judged, and notes when a receipt is verified; what is said of approvals, nobody refuses.
const REFUSED_LATER: [&str; 6] = [
    "envelope.v1.another-version.json",
    "envelope.v1.nobody-receives.json",
    "envelope.v1.reply-to-nothing.json",
    "envelope.v1.eleven-approvals.json",
    "receipt.v1.violation-of-nothing.json",
    "receipt.v1.note-without-violation.json",
];

#[test]
fn we_take_and_refuse_the_examples_as_the_schemas_do() {
    let mut seen = 0;
    for (kind, taken) in [("valid", true), ("invalid", false)] {
        for entry in fs::read_dir(folder("packets").join("examples").join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&path).unwrap();
            let ours = match file.split('.').next().unwrap() {
                "container" => inspect(&bytes).ok().map(|_| Value::Null),
                "envelope" => again::<Envelope>(&bytes),
                "manifest" => again::<Manifest>(&bytes),
                "receipt" => again::<Receipt>(&bytes),
                // Sealed: only the room itself reads these.
                _ => continue,
            };
            seen += 1;
            if REFUSED_LATER.contains(&file.as_str()) {
                continue;
            }
            assert_eq!(ours.is_some(), taken, "{file}");
            if let Some(ours) = ours.filter(|ours| !ours.is_null()) {
                assert_eq!(ours, serde_json::from_slice::<Value>(&bytes).unwrap(), "{file}");
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

/// What we write of what we read; nothing when we do not take it.
fn again<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Option<Value> {
    closed::read::<T>(bytes, 4).ok().map(|claims| json!(claims))
}
