//! Packets made and opened by other JOSE libraries: npm `jose` and Python `joserfc`.
//!
//! The peers' sources are beside this file. They are installed once, from their lock files, under the build folder. Where their
//! interpreter or the registry is missing the test says so and passes, unless `THROUGHLINE_TEST_NO_SKIP` is set.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use throughline::{
    crypto::DecryptionKey,
    kernel::id::SystemIds,
    packets::{OpenedFile, PacketKind, inspect},
    policy::Policy,
};

use super::{
    letter::{CANARY, draft, sealed},
    stored::{deliver_to, open_at, submit_body},
};
use crate::support::{
    Org, TestHub, available,
    tools::{installed, pip, run},
};

/// Another library, installed and ready to run.
struct Peer {
    program: PathBuf,
    script: PathBuf,
}

/// Installs a peer from its sources beside this file.
fn install(
    name: &str,
    files: &[&str],
    steps: &dyn Fn(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    installed(&Path::new("tests/it/wire").join(name), files, steps)
}

fn javascript() -> Result<Peer, String> {
    run("node", &["--version"], Path::new("."))?;
    let files = ["package.json", "package-lock.json", "peer.mjs"];
    let folder = install("js", &files, &|folder| {
        run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    })?;
    Ok(Peer { program: "node".into(), script: folder.join("peer.mjs") })
}

fn python() -> Result<Peer, String> {
    let files = ["requirements.txt", "peer.py"];
    let folder = install("python", &files, &pip)?;
    Ok(Peer { program: folder.join("venv/bin/python"), script: folder.join("peer.py") })
}

impl Peer {
    fn ask(&self, what: &str, task: &Value) -> Value {
        let mut child = Command::new(&self.program)
            .arg(&self.script)
            .arg(what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn private(key: &DecryptionKey) -> Value {
    serde_json::from_str(key.to_secret_jwk().expose()).unwrap()
}

/// Our packet, opened by the peer.
fn ours_is_opened(peer: &Peer, hub: &TestHub, from: &Org, to: &Org) {
    let packet = sealed(from, to, hub.now());
    let keys: Vec<Value> = to.readers.iter().map(|(_, key)| private(key)).collect();
    let answer = peer.ask(
        "open",
        &json!({
            "packet": serde_json::from_slice::<Value>(&packet.body).unwrap(),
            "sender": from.signing.public(), "reader": to.id, "keys": keys,
        }),
    );
    assert_eq!(answer["jti"], json!(packet.id));
    let letter = draft(from, to, hub.now());
    for field in &letter.fields {
        assert_eq!(answer["values"][field.field.as_str()], field.value.expose_json(), "{}", field.field);
    }
    assert_eq!(answer["values"].as_object().unwrap().len(), letter.fields.len());
    assert_eq!(answer["files"][0]["name"], "canary letter.pdf");
}

/// What the peer seals a packet from.
fn task(hub: &TestHub, from: &Org, to: &Org, file: &[u8]) -> Value {
    let policy = Policy::builtin();
    let letter = draft(from, to, hub.now());
    let mut categories = serde_json::Map::new();
    let mut compartments: Vec<(String, Value, Vec<Value>)> = Vec::new();
    let mut place = |id: &throughline::policy::FieldId| {
        let known = policy.field(id).unwrap();
        categories.insert(id.to_string(), json!(known.category));
        let role = known.compartment.to_string();
        let found = compartments.iter().position(|(name, _, _)| *name == role);
        found.unwrap_or_else(|| {
            compartments.push((role, json!({}), Vec::new()));
            compartments.len() - 1
        })
    };
    let placed: Vec<usize> = letter.fields.iter().map(|field| place(&field.field)).collect();
    let attachment = place(&letter.files[0].field);
    for (field, place) in letter.fields.iter().zip(placed) {
        compartments[place].1[field.field.as_str()] = field.value.expose_json();
    }
    compartments[attachment].2.push(json!({
        "field": letter.files[0].field, "name": "canary letter.pdf", "mime": "application/pdf",
        "base64": STANDARD.encode(file),
    }));
    let readers: Vec<Value> = [from, to]
        .iter()
        .flat_map(|org| org.readers.iter().map(move |(role, key)| (org, role, key)))
        .map(|(org, role, key)| {
            let readable: Vec<&str> = compartments
                .iter()
                .map(|(name, _, _)| name.as_str())
                .filter(|name| {
                    let known = policy.compartment(&name.parse().unwrap()).unwrap();
                    org.id == from.id || known.readers.iter().any(|reader| reader.as_str() == *role)
                })
                .collect();
            json!({ "aud": org.id, "role": role, "jwk": key.public(), "compartments": readable })
        })
        .collect();
    let compartments: Vec<Value> = compartments
        .into_iter()
        .map(|(role, data, files)| json!({ "role": role, "data": data, "files": files }))
        .collect();
    let signing: Value = serde_json::from_str(from.signing.to_secret_jwk().expose()).unwrap();
    let jti = throughline::kernel::id::PacketId::new(&SystemIds, hub.now());
    json!({
        "claims": {
            "v": 1, "jti": jti, "kind": PacketKind::Referral, "iss": from.id, "aud": [to.id],
            "iat": hub.now().seconds(), "exp": hub.now().seconds() + 3_600, "ref": letter.referral, "sub": letter.subject,
            "dsa": letter.agreement, "mode": letter.mode, "scope": letter.scope, "purpose": letter.purpose,
            "service": letter.service, "urgency": letter.urgency, "retention": letter.retention, "onward": letter.onward,
        },
        "dict": policy.dictionary(), "minset": letter.minset, "categories": categories, "compartments": compartments,
        "readers": readers, "signing": signing,
    })
}

/// The peer's packet, taken by the hub and opened by us.
async fn theirs_is_taken_and_opened(peer: &Peer, hub: &TestHub, from: &Org, to: &Org) {
    // Larger than what some libraries take by default, and every byte there is.
    let file: Vec<u8> = (0..=255).cycle().take(60_000).collect();
    let body = peer.ask("seal", &task(hub, from, to, &file)).to_string().into_bytes();
    let id = inspect(&body).unwrap().envelope.jti;
    assert!(!String::from_utf8_lossy(&body).contains("anary"));
    submit_body(hub, from, body).await.unwrap();
    let stored = hub.everything_stored();
    assert!(!stored.contains("anary") && !stored.contains(CANARY));
    let got = deliver_to(hub, to, id).await.unwrap();
    let (opened, _) = open_at(hub, to, from, &got).await;
    let opened = opened.unwrap();
    for field in draft(from, to, hub.now()).fields {
        let value = opened.documents.iter().find_map(|document| document.fields.get(&field.field)).unwrap();
        assert!(*value == field.value, "{}", field.field);
    }
    let [OpenedFile { bytes, .. }] = opened.files.as_slice() else { panic!("one file") };
    assert_eq!(bytes.expose(), &file);
}

async fn exchange(peer: Peer) {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    ours_is_opened(&peer, &hub, &from, &to);
    theirs_is_taken_and_opened(&peer, &hub, &from, &to).await;
}

#[actix_web::test]
async fn packets_are_exchanged_with_the_npm_library_jose() {
    if let Some(peer) = available("npm jose", javascript()) {
        exchange(peer).await;
    }
}

#[actix_web::test]
async fn packets_are_exchanged_with_the_python_library_joserfc() {
    if let Some(peer) = available("Python joserfc", python()) {
        exchange(peer).await;
    }
}
