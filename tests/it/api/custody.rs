//! Keys of people and papers of organisations: what the hub keeps of them, for whom, and what it refuses.

use serde_json::{Value, json};
use throughline::{
    crypto::{DecryptionKey, FileKey, Kid, SigningKey, decrypt_keyring, encrypt_keyring},
    kernel::{
        Timestamp,
        id::{PaperId, SystemIds},
    },
    members::KeyState,
};

use crate::support::{Org, Response, TestHub, send};

const PASSPHRASE: &str = "four unrelated words here";

/// The cookie of somebody of an organisation who signed in.
pub(crate) async fn signed_in(hub: &TestHub, org: &Org, roles: &[&str]) -> String {
    Person::of(hub, org, roles).await.cookie
}

/// Somebody of an organisation who signed in.
pub(crate) struct Person {
    pub(crate) id: String,
    cookie: String,
}

impl Person {
    async fn of(hub: &TestHub, org: &Org, roles: &[&str]) -> Self {
        let staff = format!("/api/v1/organisations/{}/staff", org.id);
        let enrolment =
            org.post(hub, &staff, &json!({ "name": "w.banda", "roles": roles })).await.expect(201).body;
        Self::enrolled(hub, &enrolment).await
    }

    /// Somebody with this enrolment, who chooses a passphrase and signs in.
    pub(crate) async fn enrolled(hub: &TestHub, enrolment: &Value) -> Self {
        let choice = json!({ "code": enrolment["code"], "passphrase": PASSPHRASE });
        send(hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
        let name = json!({ "name": enrolment["name"], "passphrase": PASSPHRASE });
        let session = send(hub, None, "POST", "/api/v1/session", &[], Some(&name)).await.expect(200);
        let cookie = session.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { id: enrolment["id"].as_str().unwrap().to_owned(), cookie }
    }

    pub(crate) async fn ask(
        &self,
        hub: &TestHub,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Response {
        send(hub, None, method, path, &[("cookie", &self.cookie)], body).await
    }

    pub(crate) async fn custody(&self, hub: &TestHub) -> Value {
        self.ask(hub, "GET", "/api/v1/custody", None).await.expect(200).body
    }

    pub(crate) async fn keep(&self, hub: &TestHub, key: &Value, version: Option<i64>) -> Response {
        let etag = version.map(|version| format!("\"{version}\""));
        let mut headers = vec![("cookie", self.cookie.as_str())];
        headers.extend(etag.as_deref().map(|etag| ("if-match", etag)));
        send(hub, None, "PUT", "/api/v1/custody/member-key", &headers, Some(key)).await
    }
}

/// A private key under what nobody here has.
fn wrapped() -> String {
    FileKey::random(&SystemIds).shut(&SystemIds, b"{}").unwrap()
}

/// A member key as a browser hands it in.
pub(crate) fn member_key(key: &DecryptionKey) -> Value {
    json!({
        "jwk": key.public(),
        "passphrase": { "v": 1, "kdf": "PBKDF2-SHA256", "rounds": 600_000, "salt": "AAAAAAAAAAAAAAAAAAAAAA", "jwe": wrapped() },
        "recovery": { "v": 1, "kdf": "HKDF-SHA256", "salt": "AAAAAAAAAAAAAAAAAAAAAA", "jwe": wrapped() },
    })
}

/// The intake key of an organisation, sealed to a member key.
pub(crate) fn keyring(org: &Org, member: &DecryptionKey) -> Value {
    let (role, key) = &org.readers[0];
    let plain = format!(
        r#"{{"v":1,"org":"{}","role":"{role}","member":"{}","jwk":{}}}"#,
        org.id,
        member.kid(),
        key.to_secret_jwk().expose()
    );
    let token = encrypt_keyring(&member.public().encrypter().unwrap(), &SystemIds, plain.as_bytes()).unwrap();
    json!({ "role": role, "kid": key.kid(), "member": member.kid(), "token": token })
}

pub(crate) fn paper_id() -> PaperId {
    PaperId::new(&SystemIds, Timestamp::from_seconds(1_790_000_000))
}

/// Something that only this organisation opens: the form of a token, which is all that the hub looks at.
pub(crate) fn paper_for(org: &Org) -> Value {
    json!({ "kind": "consent", "sealed": sealed_to(org.readers[0].1.kid()) })
}

fn sealed_to(kid: &Kid) -> String {
    let key = DecryptionKey::generate(&SystemIds).unwrap();
    let token = encrypt_keyring(&key.public().encrypter().unwrap(), &SystemIds, b"a paper").unwrap();
    let (header, rest) = token.split_once('.').unwrap();
    let header = String::from_utf8(base64(header)).unwrap();
    let header = header.replace(key.kid().as_str(), kid.as_str()).replace("rp1-keyring+jwe", "rp1-kept+jwe");
    format!("{}.{rest}", in_base64(header.as_bytes()))
}

fn base64(text: &str) -> Vec<u8> {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn in_base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[actix_web::test]
async fn a_person_keeps_a_key_that_only_they_can_open_and_nobody_else_is_shown_it() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let (worker, other) =
        (Person::of(&hub, &org, &["case_worker"]).await, Person::of(&hub, &org, &["intake"]).await);
    assert!(worker.custody(&hub).await.get("member").is_none());
    let key = DecryptionKey::generate(&SystemIds).unwrap();
    let mine = member_key(&key);
    worker.keep(&hub, &mine, None).await.expect(200);
    let seen = worker.custody(&hub).await;
    assert_eq!(seen["member"]["passphrase"], mine["passphrase"]);
    assert_eq!(seen["confirmed"], false);
    assert!(other.custody(&hub).await.get("member").is_none());
    // What a holder sees of it is the public half.
    let people = org.get(&hub, &format!("/api/v1/organisations/{}/custody", org.id)).await.expect(200);
    let text = people.body.to_string();
    assert!(
        text.contains(key.kid().as_str()) && !text.contains("\"jwe\"") && !text.contains("\"salt\""),
        "{text}"
    );
    // Others cannot have it as theirs, and it is not replaced by chance.
    assert_eq!(other.keep(&hub, &mine, None).await.expect(409).code(), "custody.key_known");
    assert_eq!(worker.keep(&hub, &mine, None).await.expect(409).code(), "custody.exists");
    assert_eq!(worker.keep(&hub, &mine, Some(7)).await.expect(409).code(), "custody.changed");
    let rewrapped = worker.keep(&hub, &member_key(&key), Some(1)).await.expect(200);
    assert_eq!(rewrapped.body["version"], 2);
    // Machines and the node's people have no key here.
    let machine = org.get(&hub, "/api/v1/custody").await.expect(403);
    assert_eq!(machine.code(), "access.forbidden");
}

#[actix_web::test]
async fn a_wrap_that_could_be_tried_out_is_not_kept() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let worker = Person::of(&hub, &org, &["case_worker"]).await;
    let good = member_key(&DecryptionKey::generate(&SystemIds).unwrap());
    for (place, value, code) in [
        ("/passphrase/rounds", json!(599_999), "custody.weak_wrap"),
        ("/passphrase/rounds", json!(10_000_001), "custody.weak_wrap"),
        ("/passphrase/kdf", json!("PBKDF2-SHA1"), "custody.weak_wrap"),
        ("/passphrase/salt", json!("AAAA"), "custody.weak_wrap"),
        ("/passphrase/jwe", json!("a.b.c.d.e"), "custody.token_refused"),
        ("/recovery/kdf", json!("PBKDF2-SHA256"), "custody.weak_wrap"),
        ("/recovery/jwe", json!(format!("{}x", wrapped())), "custody.token_refused"),
        ("/jwk", json!(SigningKey::generate(&SystemIds).unwrap().public()), "custody.wrong_use"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert_eq!(worker.keep(&hub, &bad, None).await.expect(422).code(), code, "{place}");
    }
    let unknown = json!({ "jwk": good["jwk"], "passphrase": good["passphrase"], "recovery": good["recovery"], "more": 1 });
    worker.keep(&hub, &unknown, None).await.expect(400);
    worker.keep(&hub, &good, None).await.expect(200);
}

#[actix_web::test]
async fn keys_are_handed_to_a_member_key_that_a_signed_statement_names_and_to_no_other() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let other = hub.org("Lakeside").await;
    let worker = Person::of(&hub, &org, &["case_worker"]).await;
    let key = DecryptionKey::generate(&SystemIds).unwrap();
    worker.keep(&hub, &member_key(&key), None).await.expect(200);
    let device = SigningKey::generate(&SystemIds).unwrap();
    let add = json!({ "jwk": device.public(), "name": "Telephone" });
    worker.ask(&hub, "POST", "/api/v1/custody/devices", Some(&add)).await.expect(201);
    worker.ask(&hub, "POST", "/api/v1/custody/devices", Some(&add)).await.expect(201);
    assert_eq!(worker.custody(&hub).await["devices"].as_array().unwrap().len(), 1);
    let path = format!("/api/v1/organisations/{}/keyrings", org.id);
    let hand = |keyring: Value| json!({ "keyrings": [keyring] });
    let handing = org.post(&hub, &path, &hand(keyring(&org, &key))).await.expect(422);
    assert_eq!(handing.code(), "custody.not_confirmed");
    // A holder compared the code and says so, signed.
    org.people = vec![(key.public().clone(), "member"), (device.public().clone(), "sign")];
    org.publish(&hub, KeyState::Active).await.expect(201);
    let seen = worker.custody(&hub).await;
    assert_eq!((&seen["confirmed"], &seen["devices"][0]["state"]), (&json!(true), &json!("active")));
    for (change, code) in [
        (json!({ "kid": other.readers[0].1.kid() }), "custody.no_such_key"),
        (json!({ "role": "medical" }), "custody.no_such_key"),
        (json!({ "role": "root" }), "custody.no_such_key"),
        (json!({ "kid": key.kid(), "role": "member" }), "custody.no_such_key"),
        (json!({ "member": org.readers[1].1.kid() }), "custody.other_member"),
        (json!({ "token": "a.b.c.d.e" }), "custody.token_refused"),
    ] {
        let mut wrong = keyring(&org, &key);
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(org.post(&hub, &path, &hand(wrong)).await.expect(422).code(), code, "{change}");
    }
    assert_eq!(
        org.post(&hub, &path, &json!({ "keyrings": [] })).await.expect(400).code(),
        "custody.too_many_keyrings"
    );
    org.post(&hub, &path, &hand(keyring(&org, &key))).await.expect(204);
    org.post(&hub, &path, &hand(keyring(&org, &key))).await.expect(204);
    let seen = worker.custody(&hub).await;
    let handed = seen["keyrings"].as_array().unwrap();
    assert_eq!(handed.len(), 1);
    let plain = decrypt_keyring(handed[0]["token"].as_str().unwrap(), &key, 4_096).unwrap();
    assert!(String::from_utf8_lossy(plain.expose()).contains("\"d\""));
    // The event of somebody's device is the organisation's.
    let with_it = hub.org("Stranger").await;
    assert_eq!(
        with_it.post(&hub, &path, &hand(keyring(&org, &key))).await.expect(404).code(),
        "access.not_found"
    );
    // Another key takes the keyrings of the one before with it.
    let new = DecryptionKey::generate(&SystemIds).unwrap();
    worker.keep(&hub, &member_key(&new), Some(1)).await.expect(200);
    let seen = worker.custody(&hub).await;
    assert_eq!((&seen["confirmed"], &seen["keyrings"]), (&json!(false), &json!([])));
    // What was handed to the old one is not taken again.
    let handing = org.post(&hub, &path, &hand(keyring(&org, &key))).await.expect(422);
    assert_eq!(handing.code(), "custody.not_confirmed");
}

#[actix_web::test]
async fn who_is_removed_has_nothing_left_and_their_devices_are_named_until_they_are_revoked() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let worker = Person::of(&hub, &org, &["case_worker"]).await;
    let key = DecryptionKey::generate(&SystemIds).unwrap();
    worker.keep(&hub, &member_key(&key), None).await.expect(200);
    let device = SigningKey::generate(&SystemIds).unwrap();
    let add = json!({ "jwk": device.public(), "name": "Telephone" });
    worker.ask(&hub, "POST", "/api/v1/custody/devices", Some(&add)).await.expect(201);
    org.people = vec![(key.public().clone(), "member"), (device.public().clone(), "sign")];
    org.publish(&hub, KeyState::Active).await.expect(201);
    let path = format!("/api/v1/organisations/{}/keyrings", org.id);
    let handed = json!({ "keyrings": [keyring(&org, &key)] });
    org.post(&hub, &path, &handed).await.expect(204);
    let staff = format!("/api/v1/organisations/{}/staff/{}", org.id, worker.id);
    send(&hub, Some(&org.token), "DELETE", &staff, &[], None).await.expect(204);
    worker.ask(&hub, "GET", "/api/v1/custody", None).await.expect(401);
    let people = org.get(&hub, &format!("/api/v1/organisations/{}/custody", org.id)).await.expect(200).body;
    let gone = &people["items"][0];
    assert_eq!((&gone["removed"], gone.get("member")), (&json!(true), None));
    assert_eq!(
        (&gone["devices"][0]["given_up"], &gone["devices"][0]["state"]),
        (&json!(true), &json!("active"))
    );
    assert_eq!(org.post(&hub, &path, &handed).await.expect(422).code(), "custody.not_confirmed");
}

#[actix_web::test]
async fn a_person_has_so_many_devices_and_one_that_was_never_confirmed_is_forgotten() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let worker = Person::of(&hub, &org, &["case_worker"]).await;
    let mut last = String::new();
    for place in 0..20 {
        let jwk = SigningKey::generate(&SystemIds).unwrap().public().clone();
        last = jwk.kid().to_string();
        let add = json!({ "jwk": jwk, "name": format!("Device {place}") });
        worker.ask(&hub, "POST", "/api/v1/custody/devices", Some(&add)).await.expect(201);
    }
    let one_more = json!({ "jwk": SigningKey::generate(&SystemIds).unwrap().public(), "name": "One more" });
    let refused = worker.ask(&hub, "POST", "/api/v1/custody/devices", Some(&one_more)).await.expect(422);
    assert_eq!(refused.code(), "custody.too_many_devices");
    let path = format!("/api/v1/custody/devices/{last}");
    let other = Person::of(&hub, &org, &["intake"]).await;
    assert_eq!(other.ask(&hub, "DELETE", &path, None).await.expect(404).code(), "access.not_found");
    worker.ask(&hub, "DELETE", &path, None).await.expect(204);
    worker.ask(&hub, "DELETE", "/api/v1/custody/devices/nonsense", None).await.expect(404);
    worker.ask(&hub, "POST", "/api/v1/custody/devices", Some(&one_more)).await.expect(201);
}

#[actix_web::test]
async fn what_an_organisation_keeps_is_its_own_and_a_version_is_not_lost() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let path = format!("/api/v1/papers/{}", paper_id());
    let keep = async |org: &Org, paper: &Value, version: Option<&str>| {
        let headers: Vec<(&str, &str)> = version.map(|version| ("if-match", version)).into_iter().collect();
        send(&hub, Some(&org.token), "PUT", &path, &headers, Some(paper)).await
    };
    let paper = paper_for(&org);
    keep(&org, &paper, None).await.expect(200);
    assert_eq!(keep(&org, &paper, None).await.expect(409).code(), "custody.exists");
    assert_eq!(keep(&other, &paper_for(&other), Some("\"1\"")).await.expect(404).code(), "access.not_found");
    // Only to a key of one's own, or somebody else could open it.
    assert_eq!(keep(&org, &paper_for(&other), Some("\"1\"")).await.expect(422).code(), "custody.no_such_key");
    let changed = keep(&org, &paper_for(&org), Some("\"1\"")).await.expect(200);
    assert_eq!(changed.body["version"], 2);
    assert_eq!(keep(&org, &paper, Some("\"1\"")).await.expect(409).code(), "custody.changed");
    let list = org.get(&hub, "/api/v1/papers?kind=consent").await.expect(200).body;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["version"], 2);
    assert_eq!(org.get(&hub, "/api/v1/papers?kind=case").await.expect(200).body["items"], json!([]));
    org.get(&hub, "/api/v1/papers?kind=diary").await.expect(400);
    send(&hub, Some(&other.token), "DELETE", &path, &[("if-match", "\"2\"")], None).await.expect(404);
    send(&hub, Some(&org.token), "DELETE", &path, &[("if-match", "\"1\"")], None).await.expect(409);
    send(&hub, Some(&org.token), "DELETE", &path, &[("if-match", "\"2\"")], None).await.expect(204);
    org.get(&hub, &path).await.expect(404);
}
