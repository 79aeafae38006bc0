//! The gateway of the browser: what its scripts seal is taken by the hub and opened here, what is sealed here they open, and of what is
//! wrong both say the same.
//!
//! The scripts run under Node, packed from their sources once for each run. Where Node or the registry is missing the tests say so and
//! pass, unless `THROUGHLINE_TEST_NO_SKIP` is set.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, OnceLock},
};

use serde_json::{Value, json};
use throughline::{
    crypto::{DecryptionKey, Kid, SigningKey},
    kernel::{
        Digest,
        id::{ReferralId, SystemIds},
    },
    packets::{Desk, KeyLookup, KnownKey, PacketError, PacketFault, Reading, inspect, open},
    policy::{Excerpt, FieldId, Policy},
};

use super::{
    letter::{CANARY, draft, sealed},
    stored::{deliver_to, submit_body},
};
use crate::support::{
    Org, TestHub, available, is_for_the_other_run,
    packet::{Mechanism, denials, fetch, opened, submit},
    tools::{npm, run},
};

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/assets")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The sources under the build folder, with what they need installed there, and their tests packed into `tests`.
fn packed() -> Result<PathBuf, String> {
    static PACKED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PACKED
        .get_or_init(|| {
            run("node", &["--version"], Path::new("."))?;
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
            fs::create_dir_all(&folder).unwrap();
            for file in ["package.json", "package-lock.json", "tsconfig.json", "build.mjs", "build-tests.mjs"]
            {
                fs::copy(sources().join(file), folder.join(file)).unwrap();
            }
            npm(&folder)?;
            for part in ["src", "css", "test", "tests"] {
                let _none_yet = fs::remove_dir_all(folder.join(part));
            }
            for part in ["src", "css", "test"] {
                copy(&sources().join(part), &folder.join(part));
            }
            run("node", &["build-tests.mjs", "tests"], &folder)?;
            Ok(folder)
        })
        .clone()
}

fn scripts() -> Option<PathBuf> {
    if is_for_the_other_run() {
        return None;
    }
    available("the scripts of the pages", packed())
}

/// The scripts, ready to be asked.
pub(super) struct Scripts {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Scripts {
    pub(super) fn start() -> Option<Self> {
        let folder = scripts()?;
        let mut child = Command::new("node")
            .arg(folder.join("tests/bridge.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asks, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, asks, answers })
    }

    pub(super) fn ask(&mut self, what: &str, mut task: Value) -> Value {
        task["what"] = json!(what);
        writeln!(self.asks, "{task}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("failed").is_none(), "{what}: {answer:#}");
        answer
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

pub(super) fn secret(jwk: &throughline::crypto::SecretJwk) -> Value {
    serde_json::from_str(jwk.expose()).unwrap()
}

/// The policy as a page of a service gets it, with every field.
pub(super) fn dictionary(service: &str, purpose: &str) -> Value {
    let (service, purpose) = (service.parse().unwrap(), purpose.parse().unwrap());
    serde_json::to_value(Excerpt::of(Policy::builtin(), (&service, &purpose), None)).unwrap()
}

/// The keys of these organisations as the hub hands them out.
fn histories(orgs: &[&Org]) -> Value {
    let of = |org: &&Org| {
        let history = json!({ "root": org.root.public(), "former": [], "statements": org.statements });
        (org.id.to_string(), history)
    };
    orgs.iter().map(of).collect::<serde_json::Map<_, _>>().into()
}

/// The keys of an organisation for some of its roles.
fn keys(org: &Org, roles: impl Fn(&str) -> bool) -> Vec<&DecryptionKey> {
    org.readers.iter().filter(|(role, _)| roles(role)).map(|(_, key)| key).collect()
}

/// A desk as the scripts want it.
fn desk(hub: &TestHub, by: &Org, from: &Org, keys: &[&DecryptionKey]) -> Value {
    json!({
        "organisation": by.id, "keys": keys.iter().map(|key| secret(&key.to_secret_jwk())).collect::<Vec<_>>(),
        "signing": secret(&by.signing.to_secret_jwk()), "node": hub.hub.node().receipts.public(),
        "histories": histories(&[from, by]), "dictionary": dictionary("SV07", "P01"), "now": hub.now().micros(),
    })
}

fn with(mut task: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[derive(Clone)]
struct Known(Vec<Arc<KnownKey>>);

impl KeyLookup for Known {
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        Ok(self.0.iter().find(|key| key.record.jwk.kid() == kid).cloned())
    }
}

impl Known {
    /// Every key of these organisations, as the hub has it.
    async fn of(hub: &TestHub, orgs: &[&Org]) -> Self {
        let mut found = Vec::new();
        for org in orgs {
            let readers = org.readers.iter().map(|(_, key)| key.kid());
            for kid in readers.chain([org.signing.kid()]) {
                let kid = kid.clone();
                let record = hub.hub.read(move |db| throughline::members::find_key(db, &kid)).await.unwrap();
                found.push(Arc::new(KnownKey::new(record.unwrap())));
            }
        }
        Self(found)
    }

    /// The number opening a packet gives here; 0 when it opens.
    fn number(&mut self, hub: &TestHub, by: &Org, keys: &[DecryptionKey], body: &str, receipt: &str) -> u16 {
        let node = hub.hub.node().receipts.verifier();
        let desk = Desk {
            organisation: by.id,
            keys,
            signer: &by.signing,
            node: &node,
            policy: Policy::builtin(),
            ids: &SystemIds,
            now: hub.now(),
        };
        match open(body.as_bytes(), receipt, Reading::First, &desk, self) {
            Ok(_) => 0,
            Err(PacketError::Refused(fault)) => fault.number(),
            Err(PacketError::Quarantined(_)) => PacketFault::Outside.number(),
            Err(other) => panic!("not a numbered refusal: {other:?}"),
        }
    }
}

#[test]
fn the_scripts_pass_their_own_tests() {
    let Some(folder) = scripts() else { return };
    let tests = fs::read_dir(folder.join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let tests: Vec<String> = tests
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(!tests.is_empty());
    let arguments: Vec<&str> = std::iter::once("--test").chain(tests.iter().map(String::as_str)).collect();
    run("node", &arguments, &folder).unwrap();
}

#[test]
fn the_scripts_are_packed_into_the_same_bytes_wherever_they_go() {
    let Some(folder) = scripts() else { return };
    let contents = |target: &str| {
        let target = folder.join(target);
        run("node", &["build.mjs", &target.to_string_lossy()], &folder).unwrap();
        let files = fs::read_dir(target).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files
            .map(|file| (file.file_name().unwrap().to_owned(), Digest::of(fs::read(&file).unwrap())))
            .collect();
        files.sort();
        files
    };
    let once = contents("packed");
    assert!(once.iter().any(|(name, _)| name == "manifest.json"));
    assert_eq!(once, contents("packed-again"));
}

#[actix_web::test]
async fn a_packet_that_a_page_seals_is_taken_by_the_hub_and_opened_here() {
    let Some(mut scripts) = Scripts::start() else { return };
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let reader = |org: &Org| {
        let of = |(role, key): &(&str, DecryptionKey)| json!({ "organisation": org.id, "role": role, "key": key.public() });
        org.readers.iter().map(of).collect::<Vec<_>>()
    };
    let both = [reader(harbour), reader(clinic)].concat();
    let values = json!({
        "CF.case_token": "C-17", "CF.name": CANARY, "CF.age_band": "25_34", "CF.phone": "+260 000 canary", "CF.language": "Nyanja",
        "CF.need": "canary: asthma \"é\" \\ \u{2028} \u{1F600}", "CF.pregnancy": true,
    });
    let values = fitting(values);
    let fields: Vec<Value> =
        values.as_object().unwrap().keys().map(|field| json!({ "field": field })).collect();
    let referral = ReferralId::new(&SystemIds, hub.now());
    let task = json!({
        "release": {
            "sender": harbour.id, "recipient": clinic.id, "purpose": "P01", "service": "SV07", "urgency": "U2", "retention": "RT02",
            "onward": "OW00", "subject": person.subject, "fields": fields, "attested": {},
            "agreement": { "id": mechanism.agreed.id, "version": mechanism.agreed.version, "digest": mechanism.agreed.digest },
            "certificate": { "id": certified.id, "digest": certified.digest },
        },
        "letter": {
            "kind": "referral", "made": hub.now().micros(), "expires": hub.now().micros() + 86_400_000_000_i64,
            "referral": referral, "minset": "ms_health", "values": values,
            "readers": both,
        },
        "files": [], "signing": secret(&harbour.signing.to_secret_jwk()), "dictionary": dictionary("SV07", "P01"),
    });
    let answer = scripts.ask("seal", task);
    let body = answer["body"].as_str().unwrap().as_bytes();
    assert!(!String::from_utf8_lossy(body).contains("anary"));
    let response = submit(hub, harbour, body).await;
    assert_eq!(response.status, 201, "{} {:?}", response.body, denials(&response));
    let stored = hub.everything_stored();
    assert!(!stored.contains("anary"));
    let packet = inspect(body).unwrap().envelope;
    assert_eq!(json!(packet.jti), answer["id"]);
    let served = fetch(hub, clinic, packet.jti).await;
    let (opened, _) = opened(hub, clinic, harbour, &served).await;
    let opened = opened.unwrap();
    assert_eq!(json!(opened.envelope_digest), answer["envelope"]);
    for (field, value) in values.as_object().unwrap() {
        let field: FieldId = field.parse().unwrap();
        let found = opened.documents.iter().find_map(|document| document.fields.get(&field)).unwrap();
        assert_eq!(&found.expose_json(), value, "{field}");
    }
    // The sender reads its own again, in the browser.
    let own = fetch(hub, harbour, packet.jti).await;
    let task = with(
        desk(hub, harbour, harbour, &keys(harbour, |_| true)),
        &json!({ "body": String::from_utf8(own.body).unwrap(), "receipt": own.receipt }),
    );
    assert_eq!(scripts.ask("open", task)["check"], 0);
}

/// Values that their fields take, whatever the dictionary says their shape is.
fn fitting(mut values: Value) -> Value {
    use throughline::policy::Shape;
    for (id, value) in values.as_object_mut().unwrap() {
        let field = Policy::builtin().field(&id.parse().unwrap()).unwrap();
        let one = match &field.shape {
            Shape::Code { choices } => json!(choices.codes[0]),
            Shape::Flag => json!(true),
            Shape::Count { .. } => json!(1),
            Shape::Date => json!("2026-03-01"),
            Shape::Month => json!("2026-03"),
            Shape::Time => json!("14:30"),
            Shape::Text { .. } | Shape::Prose { .. } | Shape::File { .. } => value.clone(),
        };
        *value = if field.many.is_some() { json!([one]) } else { one };
    }
    values
}

#[actix_web::test]
async fn a_packet_that_is_sealed_here_opens_in_a_page_and_its_receipt_is_taken() {
    let Some(mut scripts) = Scripts::start() else { return };
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_, _, sealed, _) = mechanism.referred().await;
    let served = fetch(hub, clinic, sealed.id).await;
    let task = with(
        desk(hub, clinic, harbour, &keys(clinic, |_| true)),
        &json!({ "body": String::from_utf8(served.body).unwrap(), "receipt": served.receipt }),
    );
    let answer = scripts.ask("open", task.clone());
    assert_eq!(answer["check"], 0, "{answer}");
    assert_eq!(answer["digest"], json!(sealed.envelope));
    assert_eq!(answer["manifest"], json!(sealed.manifest));
    assert_eq!(answer["notForUs"], json!([]));
    let found = answer["documents"].as_array().unwrap();
    let found: usize = found.iter().map(|document| document["fields"].as_object().unwrap().len()).sum();
    assert_eq!(found, sealed.manifest.fields.len());
    let path = format!("/api/v1/packets/{}/receipts", sealed.id);
    clinic.post(hub, &path, &json!({ "receipt": answer["receipt"] })).await.expect(200);
    for (reading, check) in [
        (json!("repeated"), 310),
        (json!({ "again": sealed.envelope }), 0),
        (json!({ "again": Digest::of("another") }), 310),
    ] {
        assert_eq!(scripts.ask("open", with(task.clone(), &json!({ "reading": reading })))["check"], check);
    }
}

/// Two organisations and a packet with files and several compartments, as what the scripts forge from.
async fn forger(hub: &TestHub, from: &Org, to: &Org) -> (Value, Value, Vec<DecryptionKey>) {
    let packet = sealed(from, to, hub.now());
    let reader = |org: &Org| {
        let of = |(role, key): &(&str, DecryptionKey)| json!({ "organisation": org.id, "role": role, "key": secret(&key.to_secret_jwk()) });
        org.readers.iter().map(of).collect::<Vec<_>>()
    };
    let both = [reader(from), reader(to)].concat();
    let private = |key: &SigningKey| secret(&key.to_secret_jwk());
    let forger = json!({
        "packet": serde_json::from_slice::<Value>(&packet.body).unwrap(), "sender": from.id, "recipient": to.id,
        "signing": private(&from.signing), "recipientSigning": private(&to.signing), "node": private(&hub.hub.node().receipts),
        "readers": both, "at": hub.now().seconds(),
    });
    let ours = keys(to, |role| role != "medical");
    let task = desk(hub, to, from, &ours);
    let ours = ours.iter().map(|key| DecryptionKey::from_secret_jwk(&key.to_secret_jwk()).unwrap()).collect();
    submit_body(hub, from, packet.body).await.unwrap();
    (forger, task, ours)
}

#[actix_web::test]
async fn of_every_wrong_packet_the_pages_and_we_say_the_same_number() {
    let Some(mut scripts) = Scripts::start() else { return };
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let (forger, task, keys) = forger(&hub, &from, &to).await;
    let mut known = Known::of(&hub, &[&from, &to]).await;
    let wrongs = scripts.ask("wrongs", with(task, &json!({ "forger": forger })));
    let wrongs = wrongs.as_array().unwrap();
    let mut met = std::collections::BTreeSet::new();
    for wrong in wrongs {
        let (name, told) = (wrong["name"].as_str().unwrap(), &wrong["told"]);
        let (body, receipt) = (wrong["body"].as_str().unwrap(), wrong["receipt"].as_str().unwrap());
        let ours = known.number(&hub, &to, &keys, body, receipt);
        assert_eq!(ours, wrong["expected"], "{name}: here");
        assert_eq!(told["check"], wrong["expected"], "{name}: in the page: {told}");
        met.insert(ours);
        if ours == 0 {
            continue;
        }
        // The number as it may be told, and nothing else.
        let outward = if ours == 305 { 301 } else { ours };
        assert_eq!(told["message"], format!("the packet was refused at check {outward}"));
        assert_eq!(told["report"].is_string(), ours == 311, "{name}");
        assert!(!told.to_string().contains("anary"));
        if let Some(report) = told["report"].as_str() {
            let said = throughline::packets::Receipt::verify(report, &to.signing.verifier()).unwrap();
            assert_eq!(said.evt, throughline::packets::ReceiptEvent::Violation);
            let note = said.note.unwrap();
            assert!(note.fields.len() + note.others > 0 && note.check == 311);
            assert!(!serde_json::to_string(&note).unwrap().contains("anary"));
        }
    }
    let all = PacketFault::ALL.iter().map(|fault| fault.number());
    // Those that only the hub asks, a key that ends, which has a test of its own, and 301, told for 305.
    let of_the_hub = [100, 103, 122, 202, 203, 206, 213, 220, 301];
    let missing: Vec<u16> =
        all.filter(|number| !met.contains(number) && !of_the_hub.contains(number)).collect();
    assert_eq!(missing, [0; 0], "no packet reaches these");
}

#[actix_web::test]
async fn of_packets_with_random_changes_the_pages_and_we_say_the_same() {
    let Some(mut scripts) = Scripts::start() else { return };
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let mut small = draft(&from, &to, hub.now());
    small.files.clear();
    let packet = throughline::packets::press(small, &from.signing, Policy::builtin(), &SystemIds).unwrap();
    submit_body(&hub, &from, packet.body.clone()).await.unwrap();
    let receipt = deliver_to(&hub, &to, packet.id).await.unwrap().receipt;
    let ours = keys(&to, |_| true);
    let task = json!({ "body": String::from_utf8(packet.body).unwrap(), "receipt": receipt, "count": 300 });
    let spoilt = scripts.ask("spoilt", with(desk(&hub, &to, &from, &ours), &task));
    let ours: Vec<_> =
        ours.iter().map(|key| DecryptionKey::from_secret_jwk(&key.to_secret_jwk()).unwrap()).collect();
    let mut known = Known::of(&hub, &[&from]).await;
    for one in spoilt.as_array().unwrap() {
        let body = one["body"].as_str().unwrap();
        let number = known.number(&hub, &to, &ours, body, &receipt);
        assert_eq!(one["told"]["check"], number, "{body}");
    }
}

#[actix_web::test]
async fn a_page_follows_the_keys_of_an_organisation_as_its_statements_say() {
    let Some(mut scripts) = Scripts::start() else { return };
    let hub = TestHub::new();
    let (mut from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let stolen = from.signing.kid().to_string();
    hub.clock.advance(chrono::TimeDelta::minutes(2));
    let packet = sealed(&from, &to, hub.now());
    submit_body(&hub, &from, packet.body.clone()).await.unwrap();
    let got = deliver_to(&hub, &to, packet.id).await.unwrap();
    from.was_robbed(&hub, hub.now()).await;
    let history = &histories(&[&from])[from.id.to_string()];
    let follow = json!({ "organisation": from.id, "history": history, "now": hub.now().micros() });
    let records = scripts.ask("history", follow);
    let record = records.as_array().unwrap().iter().find(|record| record["jwk"]["kid"] == stolen).unwrap();
    assert_eq!((&record["state"], &record["compromisedAt"]), (&json!("revoked"), &json!(hub.now().micros())));
    // What the hub received when the key was somebody else's already counts for nothing.
    let task = with(
        desk(&hub, &to, &from, &keys(&to, |_| true)),
        &json!({ "body": String::from_utf8(got.body).unwrap(), "receipt": got.receipt }),
    );
    let told = scripts.ask("open", task)["check"].clone();
    let mut known = Known::of(&hub, &[&to]).await;
    let kid = stolen.parse().unwrap();
    let record = hub.hub.read(move |db| throughline::members::find_key(db, &kid)).await.unwrap().unwrap();
    known.0.push(Arc::new(KnownKey::new(record)));
    let ours: Vec<_> = keys(&to, |_| true)
        .iter()
        .map(|key| DecryptionKey::from_secret_jwk(&key.to_secret_jwk()).unwrap())
        .collect();
    let body = String::from_utf8(packet.body).unwrap();
    assert_eq!(known.number(&hub, &to, &ours, &body, &got.receipt), 122);
    assert_eq!(told, 122);
}

/// A key as the pages and the hub have it, in one form.
fn seen(record: &Value) -> Value {
    json!([
        record["jwk"]["kid"],
        record["role"],
        record["state"],
        record["from"],
        record["until"],
        record["retiredAt"],
        record["revokedAt"],
        record["compromisedAt"]
    ])
}

#[actix_web::test]
async fn what_a_page_states_of_keys_the_hub_takes_and_both_follow_it_to_the_same_end() {
    let Some(mut scripts) = Scripts::start() else { return };
    let hub = TestHub::new();
    let mut org = hub.org("Lusaka Shelter").await;
    let new = || SigningKey::generate(&SystemIds).unwrap();
    let (device, other, member) = (new(), new(), DecryptionKey::generate(&SystemIds).unwrap());
    let (stated, retired) = (org.readers[0].1.kid().clone(), org.readers[1].1.kid().clone());
    let signing = org.signing.kid().clone();
    let people = json!([
        { "jwk": device.public(), "role": "sign" }, { "jwk": other.public(), "role": "sign" },
        { "jwk": member.public(), "role": "member" },
    ]);
    let kids = [&signing, &stated, &retired, device.kid(), other.kid(), member.kid()].map(Clone::clone);
    for (days, change) in [
        (1, json!({ "stated": people, "revoked": [], "retired": [] })),
        (5, json!({ "stated": [], "revoked": [other.kid()], "retired": [retired] })),
        (
            20,
            json!({ "stated": [], "revoked": [], "retired": [], "prolonged": [device.kid(), member.kid(), other.kid()] }),
        ),
        // After they ended.
        (
            400,
            json!({ "stated": [], "revoked": [], "retired": [], "prolonged": [device.kid(), member.kid()] }),
        ),
        (410, json!({ "stated": [], "revoked": [], "retired": [] })),
    ] {
        hub.clock.advance(chrono::TimeDelta::days(days));
        org.sign_in(&hub).await;
        let history = &histories(&[&org])[org.id.to_string()];
        let mut task =
            json!({ "organisation": org.id, "history": history, "now": hub.now().micros(), "days": 365 });
        let stating =
            with(task.clone(), &json!({ "change": change, "root": secret(&org.root.to_secret_jwk()) }));
        let answer = scripts.ask("state", stating);
        assert_eq!(answer["code"], throughline::custody::root_code(org.id, org.root.kid()).to_string());
        let statement = answer["statement"].as_str().unwrap().to_owned();
        org.state(&hub, statement).await.expect(201);
        task["history"] = histories(&[&org])[org.id.to_string()].clone();
        let theirs = scripts.ask("history", task);
        for kid in &kids {
            let wanted = kid.clone();
            let ours =
                hub.hub.read(move |db| throughline::members::find_key(db, &wanted)).await.unwrap().unwrap();
            let micros =
                |at: Option<throughline::kernel::Timestamp>| at.map(throughline::kernel::Timestamp::micros);
            let ours = json!([
                ours.jwk.kid(),
                ours.role,
                ours.state.name(),
                ours.from.micros(),
                ours.until.micros(),
                micros(ours.retired_at),
                micros(ours.revoked_at),
                micros(ours.compromised_at)
            ]);
            let theirs = theirs.as_array().unwrap().iter().find(|one| one["jwk"]["kid"] == kid.as_str());
            assert_eq!(ours, seen(theirs.unwrap()), "after {days} days");
        }
    }
    // Both refuse the same: a reader key that would go on.
    let history = &histories(&[&org])[org.id.to_string()];
    let task = json!({
        "organisation": org.id, "history": history, "now": hub.now().micros(), "days": 365,
        "change": { "stated": [], "revoked": [], "retired": [], "prolonged": [stated] }, "root": secret(&org.root.to_secret_jwk()),
    });
    let statement = scripts.ask("state", task)["statement"].as_str().unwrap().to_owned();
    assert_eq!(org.state(&hub, statement).await.expect(422).code(), "member.statement_refused");
}
