//! The second step of signing in, over the API.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Org, Response, TestHub, send};

const PASSPHRASE: &str = "four unrelated words here";

/// What an app shows at a moment, for the secret that was typed into it.
pub(crate) fn code_at(secret: &str, seconds: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    app.generate(u64::try_from(seconds).unwrap()).to_string()
}

struct Person {
    id: String,
    name: String,
    cookie: String,
    secret: String,
    recovery: Vec<String>,
}

impl Person {
    async fn enrolled(hub: &TestHub, org: &Org, roles: &[&str]) -> Self {
        let staff = format!("/api/v1/organisations/{}/staff", org.id);
        let enrolled =
            org.post(hub, &staff, &json!({ "name": "w.banda", "roles": roles })).await.expect(201).body;
        let choice = json!({ "code": enrolled["code"], "passphrase": PASSPHRASE });
        send(hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
        let text = |name: &str| enrolled[name].as_str().unwrap().to_owned();
        let mut person = Self {
            id: text("id"),
            name: text("name"),
            cookie: String::new(),
            secret: String::new(),
            recovery: Vec::new(),
        };
        person.cookie = cookie(&person.tries(hub, PASSPHRASE, None).await.expect(200));
        person
    }

    /// With a second step that is on.
    async fn with_app(hub: &TestHub, org: &Org, roles: &[&str]) -> Self {
        let mut person = Self::enrolled(hub, org, roles).await;
        let begun = person
            .ask(hub, "POST", "/app", Some(&json!({ "passphrase": PASSPHRASE })))
            .await
            .expect(201)
            .body;
        person.secret = begun["secret"].as_str().unwrap().to_owned();
        assert!(begun["address"].as_str().unwrap().contains(&person.secret));
        let code = json!({ "code": person.code(hub) });
        let on = person.ask(hub, "POST", "/app/confirmation", Some(&code)).await.expect(200).body;
        let codes = on["recovery_codes"].as_array().unwrap();
        person.recovery = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        person
    }

    fn code(&self, hub: &TestHub) -> String {
        code_at(&self.secret, hub.hub.now().seconds())
    }

    async fn tries(&self, hub: &TestHub, passphrase: &str, code: Option<&str>) -> Response {
        let mut body = json!({ "name": self.name, "passphrase": passphrase });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        send(hub, None, "POST", "/api/v1/session", &[], Some(&body)).await
    }

    async fn ask(&self, hub: &TestHub, method: &str, path: &str, body: Option<&Value>) -> Response {
        let path = format!("/api/v1/second-step{path}");
        send(hub, None, method, &path, &[("cookie", &self.cookie)], body).await
    }
}

fn cookie(response: &Response) -> String {
    response.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn looks(hub: &TestHub, cookie: &str) -> u16 {
    send(hub, None, "GET", "/api/v1/organisations", &[("cookie", cookie)], None).await.status
}

#[actix_web::test]
async fn whoever_has_a_second_step_is_asked_for_it_and_a_code_counts_once() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::with_app(&hub, &org, &["case_worker"]).await;
    assert_eq!(person.recovery.len(), 10);
    let needed = person.tries(&hub, PASSPHRASE, None).await.expect(401);
    assert_eq!(needed.code(), "member.second_step_needed");
    assert!(needed.headers.get("set-cookie").is_none());

    let used = person.code(&hub);
    let again = person.tries(&hub, PASSPHRASE, Some(&used)).await.expect(401);
    assert_eq!(again.code(), "member.sign_in_refused", "the code that turned it on counts again");
    hub.clock.advance(TimeDelta::seconds(30));
    let fresh = person.code(&hub);
    person.tries(&hub, PASSPHRASE, Some(&fresh)).await.expect(200);
    person.tries(&hub, PASSPHRASE, Some(&fresh)).await.expect(401);
    person.tries(&hub, PASSPHRASE, Some(&used)).await.expect(401);

    let written = person.recovery[3].to_ascii_lowercase().replace('-', " ");
    person.tries(&hub, PASSPHRASE, Some(&written)).await.expect(200);
    person.tries(&hub, PASSPHRASE, Some(&person.recovery[3])).await.expect(401);
    let standing = person.ask(&hub, "GET", "", None).await.expect(200).body;
    assert_eq!(standing["recovery_codes_left"], json!(9));
    assert!(standing["app_since"].is_string());
}

#[actix_web::test]
async fn a_copy_of_the_database_holds_neither_the_secret_nor_a_recovery_code() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::with_app(&hub, &org, &["case_worker"]).await;
    let kept = hub.everything_stored();
    assert!(kept.contains(&person.id));
    let plain = person.recovery.iter().map(|code| code.replace('-', ""));
    for secret in plain.chain(person.recovery.clone()).chain([person.secret.clone()]) {
        assert!(!kept.contains(&secret), "{secret}");
    }
}

#[actix_web::test]
async fn without_the_passphrase_nobody_learns_that_there_is_a_second_step() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let (with, without) = (
        Person::with_app(&hub, &org, &["case_worker"]).await,
        Person::enrolled(&hub, &org, &["case_worker"]).await,
    );
    let mut answers = Vec::new();
    for name in [&*with.name, &*without.name, "nobody.of.this.name"] {
        for code in [None, Some("123456"), Some(with.recovery[0].as_str())] {
            let mut body = json!({ "name": name, "passphrase": "not this one, sorry" });
            body["code"] = json!(code);
            let mut response =
                send(&hub, None, "POST", "/api/v1/session", &[], Some(&body)).await.expect(401).body;
            response["request"] = Value::Null;
            answers.push(response);
        }
        hub.clock.advance(TimeDelta::minutes(16));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    let tries = hub.logged("members.sign_in").await;
    let told = tries.iter().filter(|facts| facts.refused.is_some());
    assert!(told.clone().all(|facts| facts.refused.as_deref() == Some("member.sign_in_refused")));
    assert_eq!(with.ask(&hub, "GET", "", None).await.status, 401, "left alone for so long");
}

#[actix_web::test]
async fn wrong_codes_count_and_the_right_passphrase_takes_no_count_away() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::with_app(&hub, &org, &["case_worker"]).await;
    hub.clock.advance(TimeDelta::seconds(60));
    for _guess in 0..5 {
        person.tries(&hub, PASSPHRASE, None).await.expect(401);
        person.tries(&hub, PASSPHRASE, Some("000000")).await.expect(401);
    }
    let paused = person.tries(&hub, PASSPHRASE, Some(&person.code(&hub))).await.expect(401);
    assert_eq!(paused.code(), "member.sign_in_refused");
    let paused = person.tries(&hub, PASSPHRASE, None).await.expect(401);
    assert_eq!(paused.code(), "member.sign_in_refused", "in a pause the passphrase is not confirmed");
    hub.clock.advance(TimeDelta::minutes(16));
    person.tries(&hub, PASSPHRASE, Some(&person.code(&hub))).await.expect(200);
}

#[actix_web::test]
async fn it_counts_only_after_a_right_code_and_ends_what_was_opened_without_it() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut person = Person::enrolled(&hub, &org, &["case_worker"]).await;
    let elsewhere = cookie(&person.tries(&hub, PASSPHRASE, None).await.expect(200));
    let confirm = async |person: &Person, code: &str| {
        person.ask(&hub, "POST", "/app/confirmation", Some(&json!({ "code": code }))).await
    };
    assert_eq!(confirm(&person, "123456").await.expect(409).code(), "factor.off");
    let first =
        person.ask(&hub, "POST", "/app", Some(&json!({ "passphrase": PASSPHRASE }))).await.expect(201).body;
    let second =
        person.ask(&hub, "POST", "/app", Some(&json!({ "passphrase": PASSPHRASE }))).await.expect(201).body;
    assert_ne!(first["secret"], second["secret"]);
    let stale = code_at(first["secret"].as_str().unwrap(), hub.hub.now().seconds());
    assert_eq!(confirm(&person, &stale).await.expect(422).code(), "factor.code_refused");
    person.tries(&hub, PASSPHRASE, None).await.expect(200);
    second["secret"].as_str().unwrap().clone_into(&mut person.secret);
    let code = person.code(&hub);
    let (left, right) = code.split_at(3);
    confirm(&person, &format!("{left} {right}")).await.expect(200);
    assert_eq!((looks(&hub, &person.cookie).await, looks(&hub, &elsewhere).await), (200, 401));
    assert_eq!(
        person.ask(&hub, "POST", "/app", Some(&json!({ "passphrase": PASSPHRASE }))).await.expect(409).code(),
        "factor.on"
    );
    person.tries(&hub, PASSPHRASE, None).await.expect(401);
}

#[actix_web::test]
async fn turning_it_off_and_new_recovery_codes_take_the_passphrase() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::with_app(&hub, &org, &["case_worker"]).await;
    let (wrong, right) =
        (json!({ "passphrase": "not this one, sorry" }), json!({ "passphrase": PASSPHRASE }));
    for path in ["/app", "/recovery-codes", "/removal"] {
        let refused = person.ask(&hub, "POST", path, Some(&wrong)).await.expect(401);
        assert_eq!(refused.code(), "member.sign_in_refused", "{path}");
    }
    let fresh = person.ask(&hub, "POST", "/recovery-codes", Some(&right)).await.expect(200).body;
    let fresh = fresh["recovery_codes"][0].as_str().unwrap().to_owned();
    person.tries(&hub, PASSPHRASE, Some(&person.recovery[0])).await.expect(401);
    person.tries(&hub, PASSPHRASE, Some(&fresh)).await.expect(200);
    person.ask(&hub, "POST", "/removal", Some(&right)).await.expect(204);
    person.tries(&hub, PASSPHRASE, None).await.expect(200);
    assert_eq!(person.ask(&hub, "POST", "/removal", Some(&right)).await.expect(409).code(), "factor.off");
    for action in ["factors.confirm_app", "factors.new_recovery_codes", "factors.turn_off"] {
        let entries = hub.logged(action).await;
        assert!(entries.iter().any(|facts| facts.refused.is_none() && facts.object.is_some()), "{action}");
    }
    for _guess in 0..5 {
        person.ask(&hub, "POST", "/removal", Some(&wrong)).await.expect(401);
    }
    person.tries(&hub, PASSPHRASE, None).await.expect(401);
}

#[actix_web::test]
async fn a_new_enrolment_code_takes_the_second_step_away() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = Person::with_app(&hub, &org, &["case_worker"]).await;
    let path = format!("/api/v1/organisations/{}/staff/{}/enrolment", org.id, person.id);
    let again = org.post(&hub, &path, &json!({})).await.expect(201).body;
    let choice = json!({ "code": again["code"], "passphrase": PASSPHRASE });
    send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
    let back = cookie(&person.tries(&hub, PASSPHRASE, None).await.expect(200));
    let standing = send(&hub, None, "GET", "/api/v1/second-step", &[("cookie", &back)], None).await;
    assert_eq!(standing.body["recovery_codes_left"], json!(0));
    let entries = hub.logged("members.reenrol_staff").await;
    assert!(entries[0].object.is_some(), "the log does not commit to whose it was");
}

#[actix_web::test]
async fn a_role_that_takes_a_second_step_reaches_nothing_else_without_it() {
    let hub = TestHub::with(&[("ACCESS__SECOND_STEP_FOR", "administrator, coordinator")]);
    let org = hub.org("Harbour Aid").await;
    let mut person = Person::enrolled(&hub, &org, &["administrator"]).await;
    let worker = Person::enrolled(&hub, &org, &["case_worker"]).await;
    assert_eq!(looks(&hub, &worker.cookie).await, 200);
    let refused = send(&hub, None, "GET", "/api/v1/organisations", &[("cookie", &person.cookie)], None)
        .await
        .expect(403);
    assert_eq!(refused.code(), "access.second_step_required");
    for (method, path) in [("GET", "/api/v1/sessions"), ("DELETE", "/api/v1/sessions")] {
        send(&hub, None, method, path, &[("cookie", &person.cookie)], None).await.expect(403);
    }
    let begun =
        person.ask(&hub, "POST", "/app", Some(&json!({ "passphrase": PASSPHRASE }))).await.expect(201).body;
    assert_eq!(looks(&hub, &person.cookie).await, 403, "begun is not done");
    begun["secret"].as_str().unwrap().clone_into(&mut person.secret);
    let code = json!({ "code": person.code(&hub) });
    person.ask(&hub, "POST", "/app/confirmation", Some(&code)).await.expect(200);
    assert_eq!(looks(&hub, &person.cookie).await, 200);
    person.ask(&hub, "POST", "/removal", Some(&json!({ "passphrase": PASSPHRASE }))).await.expect(204);
    assert_eq!(looks(&hub, &person.cookie).await, 403);
    send(&hub, None, "DELETE", "/api/v1/session", &[("cookie", &person.cookie)], None).await.expect(204);
}
