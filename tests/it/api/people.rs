//! People of an organisation: how they come in, lose and change their passphrase, and leave.

use serde_json::{Value, json};
use throughline::{crypto::SigningKey, kernel::id::SystemIds};

use crate::support::{Org, Response, TestHub, coordinator, packet::Mechanism, send};

const FIRST: &str = "four unrelated words here";
const SECOND: &str = "four other words to use";

struct Person {
    id: String,
    name: String,
    code: String,
}

impl Person {
    fn of(enrolment: &Value) -> Self {
        let text = |name: &str| enrolment[name].as_str().unwrap().to_owned();
        Self { id: text("id"), name: text("name"), code: text("code") }
    }

    async fn enrolled(hub: &TestHub, org: &Org, name: &str) -> Self {
        let path = format!("/api/v1/organisations/{}/staff", org.id);
        let body = json!({ "name": name, "roles": ["case_worker"] });
        Self::of(&org.post(hub, &path, &body).await.expect(201).body)
    }

    async fn chooses(&self, hub: &TestHub, passphrase: &str) -> Response {
        let choice = json!({ "code": self.code, "passphrase": passphrase });
        send(hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await
    }

    /// The cookie, when the passphrase is right.
    async fn signs_in(&self, hub: &TestHub, passphrase: &str) -> Option<String> {
        let body = json!({ "name": self.name, "passphrase": passphrase });
        let response = send(hub, None, "POST", "/api/v1/session", &[], Some(&body)).await;
        let cookie = response.headers.get("set-cookie")?.to_str().unwrap();
        cookie.split(';').next().map(str::to_owned)
    }

    fn path(&self, org: &Org) -> String {
        format!("/api/v1/organisations/{}/staff/{}", org.id, self.id)
    }
}

async fn looks(hub: &TestHub, cookie: &str) -> u16 {
    send(hub, None, "GET", "/api/v1/organisations", &[("cookie", cookie)], None).await.status
}

#[actix_web::test]
async fn somebody_who_lost_the_passphrase_gets_a_new_code_and_the_old_passphrase_is_worth_nothing() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("City Clinic").await);
    let person = Person::enrolled(&hub, &org, "w.banda").await;
    person.chooses(&hub, FIRST).await.expect(204);
    let cookie = person.signs_in(&hub, FIRST).await.unwrap();
    let path = format!("{}/enrolment", person.path(&org));
    let theirs = other.post(&hub, &path, &json!({})).await;
    assert_eq!(theirs.expect(404).code(), "access.not_found");
    assert_eq!(looks(&hub, &cookie).await, 200);

    let again = Person::of(&org.post(&hub, &path, &json!({})).await.expect(201).body);
    assert_eq!(again.name, person.name);
    assert_eq!(looks(&hub, &cookie).await, 401, "the session goes on");
    assert!(person.signs_in(&hub, FIRST).await.is_none(), "the lost passphrase still opens");
    again.chooses(&hub, SECOND).await.expect(204);
    assert!(person.signs_in(&hub, SECOND).await.is_some());
}

#[actix_web::test]
async fn a_code_that_ran_out_is_followed_by_another() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let person = Person::enrolled(&hub, &org, "w.banda").await;
    hub.clock.advance(chrono::TimeDelta::hours(73));
    assert_eq!(person.chooses(&hub, FIRST).await.expect(401).code(), "member.enrolment_refused");
    org.sign_in(&hub).await;
    let path = format!("{}/enrolment", person.path(&org));
    let again = Person::of(&org.post(&hub, &path, &json!({})).await.expect(201).body);
    again.chooses(&hub, FIRST).await.expect(204);
}

#[actix_web::test]
async fn a_passphrase_is_changed_by_whoever_knows_it_and_other_sessions_end() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::enrolled(&hub, &org, "w.banda").await;
    person.chooses(&hub, FIRST).await.expect(204);
    let here = person.signs_in(&hub, FIRST).await.unwrap();
    let elsewhere = person.signs_in(&hub, FIRST).await.unwrap();
    let change = async |old: &str, new: &str| {
        let body = json!({ "old": old, "new": new });
        send(&hub, None, "PUT", "/api/v1/passphrase", &[("cookie", &here)], Some(&body)).await
    };
    assert_eq!(change(FIRST, "short").await.expect(422).code(), "member.passphrase_too_weak");
    assert_eq!(change("not this one, sorry", SECOND).await.expect(401).code(), "member.sign_in_refused");
    assert_eq!(looks(&hub, &elsewhere).await, 200);
    change(FIRST, SECOND).await.expect(204);
    assert_eq!((looks(&hub, &here).await, looks(&hub, &elsewhere).await), (200, 401));
    assert!(person.signs_in(&hub, FIRST).await.is_none());
    for _try in 0..5 {
        change("not this one, sorry", FIRST).await.expect(401);
    }
    change(SECOND, FIRST).await.expect(401);
    assert!(person.signs_in(&hub, SECOND).await.is_none(), "guesses at a stolen session are not counted");
}

#[actix_web::test]
async fn a_name_tells_nothing_about_who_works_elsewhere_and_is_free_when_they_leave() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("City Clinic").await);
    let one = Person::enrolled(&hub, &org, "w.banda").await;
    let two = Person::enrolled(&hub, &other, "w.banda").await;
    let three = Person::enrolled(&hub, &org, "w.banda").await;
    assert!(one.name != two.name && one.name != three.name, "{} {} {}", one.name, two.name, three.name);
    for person in [&one, &two] {
        person.chooses(&hub, FIRST).await.expect(204);
        assert!(person.signs_in(&hub, FIRST).await.is_some());
    }
    send(&hub, Some(&org.token), "DELETE", &one.path(&org), &[], None).await.expect(204);
    assert!(one.signs_in(&hub, FIRST).await.is_none());
    assert_eq!(org.post(&hub, &format!("{}/enrolment", one.path(&org)), &json!({})).await.status, 404);
    let long = json!({ "name": "x".repeat(116), "roles": ["intake"] });
    let path = format!("/api/v1/organisations/{}/staff", org.id);
    assert_eq!(org.post(&hub, &path, &long).await.expect(400).code(), "member.name_too_long");
}

#[actix_web::test]
async fn people_clients_and_statements_come_in_pages() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    for number in 0..4 {
        Person::enrolled(&hub, &org, &format!("person{number}")).await;
        let key = SigningKey::generate(&SystemIds).unwrap();
        let client = json!({ "name": "more", "roles": ["intake"], "key": key.public() });
        org.post(&hub, &format!("/api/v1/organisations/{}/clients", org.id), &client).await.expect(201);
        org.publish(&hub, throughline::members::KeyState::Active).await.expect(201);
    }
    for (list, rows, whole) in [("staff", "items", 4), ("clients", "items", 5), ("keys", "statements", 5)] {
        let path = format!("/api/v1/organisations/{}/{list}?limit=2", org.id);
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = org.get(&hub, &format!("{path}{after}")).await.expect(200).body;
            let items = page[rows].as_array().unwrap();
            assert!(items.len() <= 2, "{list}");
            found.extend(items.iter().map(Value::to_string));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let unique: std::collections::BTreeSet<&String> = found.iter().collect();
        assert_eq!((found.len(), unique.len()), (whole, whole), "{list}");
    }
}

#[actix_web::test]
async fn no_key_is_for_two_things() {
    let hub = TestHub::new();
    let (mut org, other) = (hub.org("Harbour Aid").await, hub.org("City Clinic").await);
    let clients = format!("/api/v1/organisations/{}/clients", org.id);
    for (what, key) in [
        ("its root", org.root.public()),
        ("its signing key", org.signing.public()),
        ("another's client key", other.client_key.public()),
        ("another's signing key", other.signing.public()),
        ("another's root", other.root.public()),
    ] {
        let client = json!({ "name": "second", "roles": ["intake"], "key": key });
        let refused = org.post(&hub, &clients, &client).await;
        assert_eq!((refused.status, refused.code()), (409, "member.key_known"), "{what}");
    }
    let own = org.signing.public().clone();
    org.signing = SigningKey::from_secret_jwk(&other.client_key.to_secret_jwk()).unwrap();
    assert_ne!(org.signing.public(), &own);
    assert!(org.publish(&hub, throughline::members::KeyState::Active).await.status >= 400);
}

#[actix_web::test]
async fn the_same_key_with_another_version_or_query_is_another_request() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::enrolled(&hub, &org, "w.banda").await;
    let ask = async |path: &str, version: &str| {
        let headers = [("idempotency-key", "same"), ("if-match", version)];
        send(&hub, Some(&org.token), "DELETE", path, &headers, None).await
    };
    ask(&person.path(&org), "\"1\"").await.expect(204);
    assert_eq!(ask(&person.path(&org), "\"1\"").await.expect(204).headers["idempotent-replayed"], "true");
    assert_eq!(ask(&person.path(&org), "\"2\"").await.expect(422).code(), "idempotency.key_reused");
    let other = format!("{}?from=x", person.path(&org));
    assert_eq!(ask(&other, "\"1\"").await.expect(422).code(), "idempotency.key_reused");
}

#[actix_web::test]
async fn a_person_of_the_node_who_looks_at_a_referral_is_in_the_log_and_its_parties_are_not() {
    let mechanism = Mechanism::new().await;
    let (.., referral) = mechanism.referred().await;
    let Mechanism { hub, harbour, lawyers, .. } = &mechanism;
    let path = format!("/api/v1/referrals/{referral}");
    harbour.get(hub, &path).await.expect(200);
    lawyers.get(hub, &path).await.expect(404);
    assert!(hub.logged("referrals.read").await.is_empty());
    let cookie = coordinator(hub).await;
    send(hub, None, "GET", &path, &[("cookie", &cookie)], None).await.expect(200);
    let entries = hub.logged("referrals.read").await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].organisation, entries[0].role.as_str()), (None, "coordinator"));
}

#[actix_web::test]
async fn somebody_gets_other_roles_and_their_session_may_at_once_what_those_allow() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("City Clinic").await);
    let person = Person::enrolled(&hub, &org, "w.banda").await;
    person.chooses(&hub, FIRST).await.expect(204);
    let cookie = person.signs_in(&hub, FIRST).await.unwrap();
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let lists = async || send(&hub, None, "GET", &staff, &[("cookie", &cookie)], None).await.status;
    assert_eq!(lists().await, 403);
    let path = format!("{}/roles", person.path(&org));
    let give = async |by: &Org, roles: Value| {
        send(&hub, Some(&by.token), "PUT", &path, &[], Some(&json!({ "roles": roles }))).await
    };
    assert_eq!(give(&other, json!(["administrator"])).await.expect(404).code(), "access.not_found");
    assert_eq!(give(&org, json!([])).await.expect(422).code(), "member.no_role");
    assert_eq!(give(&org, json!(["coordinator"])).await.expect(422).code(), "member.role_does_not_fit");
    let given = give(&org, json!(["administrator", "intake"])).await.expect(200).body;
    assert_eq!(given["roles"], json!(["intake", "administrator"]));
    assert_eq!(lists().await, 200);

    let own = async |roles: Value| {
        let body = json!({ "roles": roles });
        send(&hub, None, "PUT", &path, &[("cookie", &cookie)], Some(&body)).await
    };
    assert_eq!(own(json!(["intake"])).await.expect(409).code(), "member.last_administrator");
    let second = Person::enrolled(&hub, &org, "t.phiri").await;
    let theirs = format!("{}/roles", second.path(&org));
    let body = json!({ "roles": ["administrator"] });
    send(&hub, Some(&org.token), "PUT", &theirs, &[], Some(&body)).await.expect(200);
    assert_eq!(
        own(json!(["intake"])).await.expect(409).code(),
        "member.last_administrator",
        "cannot come in"
    );
    second.chooses(&hub, FIRST).await.expect(204);
    own(json!(["intake"])).await.expect(200);
    assert_eq!(lists().await, 403, "the session keeps what was taken");

    let entries = hub.logged("members.set_roles").await;
    let done: Vec<_> = entries.iter().filter(|facts| facts.refused.is_none()).collect();
    assert_eq!(done.len(), 3);
    for facts in done {
        assert!(facts.object.is_some() && facts.before.is_some() && facts.before != facts.after);
    }
    send(&hub, Some(&org.token), "DELETE", &person.path(&org), &[], None).await.expect(204);
    assert_eq!(give(&org, json!(["intake"])).await.expect(404).code(), "access.not_found");
}
