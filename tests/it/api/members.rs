//! Organisations, machines, people and keys over HTTP.

use serde_json::{Value, json};
use throughline::{
    access::Role,
    crypto::{DecryptionKey, SigningKey, Typ, peek, sign_compact},
    kernel::{Timestamp, id::SystemIds},
    members::{self, EnrolStaff, KeyState, MemberError, StatedKey, Suspend},
};

use crate::support::{Org, TestHub, request_token, send};

#[actix_web::test]
async fn a_machine_gets_a_token_and_sees_the_other_members() {
    let hub = TestHub::new();
    let (a, b) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let list = a.get(&hub, "/api/v1/organisations").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
    let one = a.get(&hub, &format!("/api/v1/organisations/{}", b.id)).await.expect(200);
    assert_eq!(one.body["name"], "Clinic of the Lake");
    assert_eq!(one.headers["etag"], "\"1\"");
}

#[actix_web::test]
async fn an_assertion_counts_once() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let assertion = org.assertion(&hub);
    request_token(&hub, &assertion).await.expect(200);
    assert_eq!(request_token(&hub, &assertion).await.expect(401).code(), "token.assertion_refused");
}

#[actix_web::test]
async fn an_assertion_of_a_stranger_s_key_or_past_its_time_is_refused() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let late = org.assertion(&hub);
    hub.clock.advance(chrono::TimeDelta::minutes(10));
    request_token(&hub, &late).await.expect(401);
    org.client_key = SigningKey::generate(&SystemIds).unwrap();
    request_token(&hub, &org.assertion(&hub)).await.expect(401);
}

#[actix_web::test]
async fn a_token_ends_with_its_time() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    hub.clock.advance(chrono::TimeDelta::seconds(599));
    org.get(&hub, "/api/v1/organisations").await.expect(200);
    hub.clock.advance(chrono::TimeDelta::seconds(2));
    assert_eq!(org.get(&hub, "/api/v1/organisations").await.expect(401).code(), "access.bad_token");
}

#[actix_web::test]
async fn a_suspended_organisation_is_out_within_seconds_and_comes_back() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let suspend = Suspend { organisation: org.id, version: 1 };
    hub.hub
        .write("members.suspend", &hub.operator(), move |tx| members::suspend_organisation(tx, &suspend))
        .await
        .unwrap();
    hub.clock.advance(chrono::TimeDelta::seconds(4));
    org.get(&hub, "/api/v1/organisations").await.expect(401);
    request_token(&hub, &org.assertion(&hub)).await.expect(401);
    let stale = hub
        .hub
        .write("members.reinstate", &hub.operator(), move |tx| members::reinstate_organisation(tx, &suspend))
        .await;
    assert!(stale.is_err(), "the version has moved on");
    let again = Suspend { version: 2, ..suspend };
    hub.hub
        .write("members.reinstate", &hub.operator(), move |tx| members::reinstate_organisation(tx, &again))
        .await
        .unwrap();
    request_token(&hub, &org.assertion(&hub)).await.expect(200);
}

#[actix_web::test]
async fn key_statements_form_a_chain_and_keys_never_go_back() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let path = format!("/api/v1/organisations/{}/keys", org.id);
    let first = org.statements[0].clone();
    let again = org.post(&hub, &path, &json!({ "statement": first })).await;
    assert_eq!(again.expect(409).code(), "member.statement_out_of_order");
    org.publish(&hub, KeyState::Retired).await.expect(201);
    let back = org.publish(&hub, KeyState::Active).await;
    assert_eq!(back.expect(422).code(), "member.statement_refused");
    let history = org.get(&hub, &path).await.expect(200);
    assert_eq!(history.body["statements"].as_array().unwrap().len(), 2);
    let jwks = org.get(&hub, &format!("/api/v1/organisations/{}/jwks.json", org.id)).await.expect(200);
    let kept: Vec<&str> =
        jwks.body["keys"].as_array().unwrap().iter().map(|k| k["use"].as_str().unwrap()).collect();
    assert!(
        kept.iter().all(|r#use| *r#use == "enc"),
        "retired encryption keys have days of grace, signing keys none"
    );
}

/// How many keys of the organisation can be used now.
async fn usable(hub: &TestHub, org: &Org) -> usize {
    let set = org.get(hub, &format!("/api/v1/organisations/{}/jwks.json", org.id)).await.expect(200);
    set.body["keys"].as_array().unwrap().len()
}

#[actix_web::test]
async fn a_revoked_key_is_worth_nothing_at_once_and_never_again() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let now = hub.now().seconds();
    let revoked = |at: Option<i64>| {
        move |key: &mut StatedKey| {
            key.status = KeyState::Revoked;
            key.compromised_at = at;
        }
    };
    let later = org.statement_with(&hub, revoked(Some(now + 86_400)));
    assert_eq!(org.state(&hub, later).await.expect(422).code(), "member.statement_refused");
    assert_ne!(usable(&hub, &org).await, 0, "a refused statement changed something");
    let today = org.statement_with(&hub, revoked(Some(now)));
    org.state(&hub, today).await.expect(201);
    assert_eq!(usable(&hub, &org).await, 0);
    let (id, at) = (org.id, hub.now());
    let roles = hub.hub.read::<_, MemberError>(move |db| members::reader_roles(db, id, at)).await.unwrap();
    assert!(roles.is_empty(), "{roles:?}");

    hub.clock.advance(chrono::TimeDelta::days(2));
    org.sign_in(&hub).await;
    let moved = org.statement_with(&hub, revoked(Some(now + 86_400)));
    assert_eq!(org.state(&hub, moved).await.expect(422).code(), "member.statement_refused");
    let earlier = org.statement_with(&hub, revoked(Some(now - 3_600)));
    org.state(&hub, earlier).await.expect(201);
    let silent = org.statement_with(&hub, revoked(None));
    org.state(&hub, silent).await.expect(201);
    let kid = org.signing.kid().clone();
    let key = hub.hub.read(move |db| members::find_key(db, &kid)).await.unwrap().unwrap();
    assert_eq!(key.compromised_at.map(Timestamp::seconds), Some(now - 3_600), "it is not forgotten");
}

#[actix_web::test]
async fn what_was_said_about_a_key_s_life_is_not_rewritten() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let refused: [(&str, fn(&mut StatedKey)); 3] = [
        ("a later beginning", |key| key.nbf += 1),
        ("an earlier beginning", |key| key.nbf -= 86_400),
        ("a later end", |key| key.exp += 1),
    ];
    for (what, change) in refused {
        let statement = org.statement_with(&hub, change);
        let answer = org.state(&hub, statement).await;
        assert_eq!((answer.status, answer.code()), (422, "member.statement_refused"), "{what}");
    }
    let sooner = org.statement_with(&hub, |key| key.exp -= 86_400);
    org.state(&hub, sooner).await.expect(201);
    let as_before = org.statement(&hub, KeyState::Active);
    org.state(&hub, as_before).await.expect(422);
}

#[actix_web::test]
async fn keys_that_sign_or_are_a_person_s_go_on_while_they_are_in_use_and_reader_keys_do_not() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let member = DecryptionKey::generate(&SystemIds).unwrap();
    org.people = vec![(member.public().clone(), "member")];
    org.publish(&hub, KeyState::Active).await.expect(201);
    let day = 86_400;
    let later = |role: &'static str, days: i64| {
        move |key: &mut StatedKey| {
            if key.role == role {
                key.exp += days * day;
            }
        }
    };
    let reader = org.statement_with(&hub, later("intake", 1));
    assert_eq!(org.state(&hub, reader).await.expect(422).code(), "member.statement_refused");
    // 731 days from today at most, and five minutes for a clock that is ahead.
    let too_long = org.statement_with(&hub, later("sign", 432));
    assert_eq!(org.state(&hub, too_long).await.expect(422).code(), "member.statement_refused");
    for role in ["sign", "member"] {
        let statement = org.statement_with(&hub, later(role, 431));
        org.state(&hub, statement).await.expect(201);
        // For what comes next, everything ends where it did; an end may come earlier.
        org.publish(&hub, KeyState::Active).await.expect(201);
    }
    // Also what has ended goes on; nobody else can have had it meanwhile without its being revoked.
    hub.clock.advance(chrono::TimeDelta::days(301));
    org.sign_in(&hub).await;
    assert_eq!(usable(&hub, &org).await, 0);
    let again = org.statement_with(&hub, |key| {
        if ["sign", "member"].contains(&key.role.as_str()) {
            key.exp += 365 * day;
        }
    });
    org.state(&hub, again).await.expect(201);
    assert_eq!(usable(&hub, &org).await, 2);
    for state in [KeyState::Retired, KeyState::Revoked] {
        let statement = org.statement_with(&hub, |key| {
            later("sign", 365)(key);
            later("member", 365)(key);
            key.status = state;
        });
        org.state(&hub, statement).await.expect(201);
        let more = org.statement_with(&hub, |key| {
            later("sign", 366)(key);
            later("member", 365)(key);
            key.status = state;
        });
        assert_eq!(org.state(&hub, more).await.expect(422).code(), "member.statement_refused", "{state:?}");
    }
}

#[actix_web::test]
async fn a_key_that_a_statement_does_not_name_stays_as_it_was_said_last() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let before = usable(&hub, &org).await;
    let readers = std::mem::take(&mut org.readers);
    org.publish(&hub, KeyState::Retired).await.expect(201);
    assert_eq!(usable(&hub, &org).await, before - 1, "the signing key alone was retired");
    org.readers = readers;
    assert_eq!(org.publish(&hub, KeyState::Active).await.expect(422).code(), "member.statement_refused");
}

#[actix_web::test]
async fn a_statement_signed_by_any_other_key_is_refused() {
    let hub = TestHub::new();
    let (mut org, other) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let path = format!("/api/v1/organisations/{}/keys", org.id);
    let theirs =
        other.post(&hub, &path, &json!({ "statement": org.statement(&hub, KeyState::Retired) })).await;
    assert_eq!(theirs.expect(404).code(), "access.not_found");
    org.root = SigningKey::generate(&SystemIds).unwrap();
    assert_eq!(org.publish(&hub, KeyState::Active).await.expect(422).code(), "member.statement_refused");
    let wrong_type = sign_compact(&org.root, Typ::Event, b"{}").unwrap();
    org.post(&hub, &path, &json!({ "statement": wrong_type })).await.expect(422);
}

#[actix_web::test]
async fn a_statement_that_two_readers_could_read_differently_is_refused() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let path = format!("/api/v1/organisations/{}/keys", org.id);
    let token = org.statement(&hub, KeyState::Active);
    let claims = peek(&token, Typ::Directory, members::MAX_STATEMENT).unwrap();
    let good = String::from_utf8(claims.unverified().to_vec()).unwrap();
    let value: Value = serde_json::from_str(&good).unwrap();
    let in_a_row: Vec<&Value> = ["v", "org", "seq", "prev", "keys", "iat"].map(|name| &value[name]).into();
    for (what, claims) in [
        ("a member twice", good.replacen("\"v\":1", "\"v\":1,\"v\":1", 1)),
        ("a member of a key twice", good.replacen("\"crv\":", "\"crv\":\"P-256\",\"crv\":", 1)),
        ("null for nothing", good.replacen("\"status\":", "\"compromised_at\":null,\"status\":", 1)),
        ("an array for an object", json!(in_a_row).to_string()),
        ("something after the end", format!("{good} {{}}")),
    ] {
        assert_ne!(claims, good, "{what}");
        let statement = sign_compact(&org.root, Typ::Directory, claims.as_bytes()).unwrap();
        let refused = org.post(&hub, &path, &json!({ "statement": statement })).await;
        assert_eq!((refused.status, refused.code()), (422, "member.statement_refused"), "{what}");
    }
    org.post(&hub, &path, &json!({ "statement": token })).await.expect(201);
}

#[actix_web::test]
async fn a_person_enrols_signs_in_is_paused_and_signs_out() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let enrol = json!({ "name": "w.banda", "roles": ["case_worker"] });
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let enrolment = org.post(&hub, &staff, &enrol).await.expect(201);
    let (code, name) = (enrolment.body["code"].as_str().unwrap(), &enrolment.body["name"]);
    let choose = |passphrase: &str| json!({ "code": code, "passphrase": passphrase });
    let short = send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&choose("short"))).await;
    assert_eq!(short.expect(422).code(), "member.passphrase_too_weak");
    let long = choose("four unrelated words here");
    send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&long)).await.expect(204);
    let used = send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&long)).await;
    assert_eq!(used.expect(401).code(), "member.enrolment_refused");

    let sign_in = |passphrase: &str| json!({ "name": name, "passphrase": passphrase });
    let good = sign_in("four unrelated words here");
    let session = send(&hub, None, "POST", "/api/v1/session", &[], Some(&good)).await.expect(200);
    let cookie = session.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let with = [("cookie", cookie)];
    send(&hub, None, "GET", "/api/v1/organisations", &with, None).await.expect(200);
    send(&hub, None, "DELETE", "/api/v1/session", &with, None).await.expect(204);
    send(&hub, None, "GET", "/api/v1/organisations", &with, None).await.expect(401);

    for _try in 0..5 {
        send(&hub, None, "POST", "/api/v1/session", &[], Some(&sign_in("not this one, sorry")))
            .await
            .expect(401);
    }
    let paused = send(&hub, None, "POST", "/api/v1/session", &[], Some(&good)).await;
    assert_eq!(paused.expect(401).code(), "member.sign_in_refused");
    hub.clock.advance(chrono::TimeDelta::minutes(16));
    send(&hub, None, "POST", "/api/v1/session", &[], Some(&good)).await.expect(200);
    assert!(!hub.everything_stored().contains("four unrelated words here"));
}

#[actix_web::test]
async fn members_cannot_give_themselves_the_node_s_roles() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let enrol = EnrolStaff { name: "x".parse().unwrap(), roles: vec![Role::Coordinator] };
    let body = json!({ "name": enrol.name, "roles": enrol.roles });
    let refused = org.post(&hub, &format!("/api/v1/organisations/{}/staff", org.id), &body).await;
    assert_eq!(refused.expect(422).code(), "member.role_does_not_fit");
}

#[actix_web::test]
async fn of_two_who_publish_one_new_key_at_the_same_moment_one_has_it() {
    let hub = TestHub::new();
    let (mut a, mut b) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    for _round in 0..4 {
        let shared = DecryptionKey::generate(&SystemIds).unwrap();
        for org in [&mut a, &mut b] {
            let copy = DecryptionKey::from_secret_jwk(&shared.to_secret_jwk()).unwrap();
            org.readers.push(("case_worker", copy));
        }
        let (by_a, by_b) = (a.statement(&hub, KeyState::Active), b.statement(&hub, KeyState::Active));
        let (at_a, at_b) = tokio::join!(a.state(&hub, by_a), b.state(&hub, by_b));
        let won = [at_a.status, at_b.status].iter().filter(|status| **status == 201).count();
        assert_eq!(won, 1, "{} {}", at_a.body, at_b.body);
        for (org, answer) in [(&mut a, at_a), (&mut b, at_b)] {
            if answer.status != 201 {
                assert_eq!(answer.code(), "member.key_known");
                org.readers.pop();
            }
        }
    }
}
