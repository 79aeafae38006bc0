//! Sessions of people: how long they live, and what is left of a try that failed.

use chrono::TimeDelta;
use serde_json::json;
use throughline::{access::Tx, audit::Who, config, kernel::id::StaffId, members};

use crate::support::{Org, TestHub, send};

const PASSPHRASE: &str = "four unrelated words here";

/// Enrols a person who can sign in from now on; answers the name to do it with.
async fn person(hub: &TestHub, org: &Org, name: &str) -> String {
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let enrolment =
        org.post(hub, &staff, &json!({ "name": name, "roles": ["case_worker"] })).await.expect(201);
    let choice = json!({ "code": enrolment.body["code"], "passphrase": PASSPHRASE });
    send(hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
    enrolment.body["name"].as_str().unwrap().to_owned()
}

/// Tries to sign in; answers the status and, when it was right, the cookie.
async fn try_as(hub: &TestHub, name: &str, passphrase: &str) -> (u16, String) {
    let body = json!({ "name": name, "passphrase": passphrase });
    let response = send(hub, None, "POST", "/api/v1/session", &[], Some(&body)).await;
    let cookie = response.headers.get("set-cookie").map(|value| value.to_str().unwrap());
    (response.status, cookie.and_then(|c| c.split(';').next()).unwrap_or_default().to_owned())
}

async fn look(hub: &TestHub, cookie: &str) -> u16 {
    send(hub, None, "GET", "/api/v1/organisations", &[("cookie", cookie)], None).await.status
}

/// How often the use of a session was noted.
fn notes(hub: &TestHub) -> u64 {
    hub.hub.metrics().writes.with_label_values(&["members.mark_session", "done"]).get()
}

#[actix_web::test]
async fn a_session_left_alone_ends_and_one_in_use_goes_on() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let banda = person(&hub, &org, "w.banda").await;
    let (_, used) = try_as(&hub, &banda, PASSPHRASE).await;
    let (_, left) = try_as(&hub, &banda, PASSPHRASE).await;
    for _step in 0..3 {
        hub.clock.advance(TimeDelta::minutes(20));
        assert_eq!(look(&hub, &used).await, 200, "it was used 20 minutes ago");
    }
    assert_eq!(look(&hub, &left).await, 401, "nobody used it for an hour");
    hub.clock.advance(TimeDelta::minutes(29));
    assert_eq!(look(&hub, &used).await, 200);
    hub.clock.advance(TimeDelta::minutes(30));
    assert_eq!(look(&hub, &used).await, 401);
    assert_eq!(look(&hub, &used).await, 401, "asking with a session that is over does not wake it");
}

#[actix_web::test]
async fn wrong_tries_at_once_are_each_counted() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let body = json!({ "name": "w.banda", "roles": ["case_worker"] });
    let enrolled = org.post(&hub, &staff, &body).await.expect(201).body;
    let id: StaffId = enrolled["id"].as_str().unwrap().parse().unwrap();
    let limits = config::Access { passphrase_tries: 40, ..hub.hub.settings().access.clone() };
    let tries: Vec<_> = (0..40)
        .map(|_try| {
            let (hub, caller, limits) = (hub.hub.clone(), hub.operator(), limits.clone());
            let sign_in = move |tx: &mut Tx<'_>| members::sign_in(tx, Some(id), false, &limits);
            tokio::spawn(async move { hub.write("members.sign_in", &caller, sign_in).await.unwrap() })
        })
        .collect();
    for one in tries {
        assert!(one.await.unwrap().is_none());
    }
    let right = move |tx: &mut Tx<'_>| members::sign_in(tx, Some(id), true, &limits);
    let after = hub.hub.write("members.sign_in", &hub.operator(), right).await.unwrap();
    assert!(after.is_none(), "the fortieth wrong try begins a pause");
}

#[actix_web::test]
async fn a_session_in_use_ends_with_its_last_hour() {
    let hub = TestHub::with(&[("ACCESS__SESSION_HOURS", "1")]);
    let org = hub.org("Harbour Aid").await;
    let banda = person(&hub, &org, "w.banda").await;
    let (_, cookie) = try_as(&hub, &banda, PASSPHRASE).await;
    for _step in 0..2 {
        hub.clock.advance(TimeDelta::minutes(25));
        assert_eq!(look(&hub, &cookie).await, 200);
    }
    hub.clock.advance(TimeDelta::minutes(10));
    assert_eq!(look(&hub, &cookie).await, 401);
}

#[actix_web::test]
async fn the_use_of_a_session_is_noted_once_a_minute_and_not_at_each_request() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let banda = person(&hub, &org, "w.banda").await;
    let (_, cookie) = try_as(&hub, &banda, PASSPHRASE).await;
    for _request in 0..5 {
        look(&hub, &cookie).await;
    }
    assert_eq!(notes(&hub), 0, "signing in was use enough");
    hub.clock.advance(TimeDelta::seconds(60));
    for _request in 0..5 {
        look(&hub, &cookie).await;
    }
    assert_eq!(notes(&hub), 1);
    hub.clock.advance(TimeDelta::seconds(59));
    look(&hub, &cookie).await;
    assert_eq!(notes(&hub), 1);
}

#[actix_web::test]
async fn sessions_that_are_over_are_forgotten_and_no_others() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let banda = person(&hub, &org, "w.banda").await;
    let (_, _left) = try_as(&hub, &banda, PASSPHRASE).await;
    hub.clock.advance(TimeDelta::minutes(20));
    let (_, fresh) = try_as(&hub, &banda, PASSPHRASE).await;
    hub.clock.advance(TimeDelta::minutes(15));
    let limits = hub.hub.settings().access.clone();
    let forgotten =
        hub.hub.tend("tests.forget", move |tx| members::forget_sessions(tx, &limits)).await.unwrap();
    assert_eq!(forgotten, 1);
    assert_eq!(look(&hub, &fresh).await, 200);
    hub.clock.advance(TimeDelta::hours(1));
    hub.run_jobs().await;
    let limits = hub.hub.settings().access.clone();
    let left = hub.hub.tend("tests.forget", move |tx| members::forget_sessions(tx, &limits)).await.unwrap();
    assert_eq!(left, 0, "the job was there first");
}

#[actix_web::test]
async fn a_failed_sign_in_is_logged_as_refused_and_the_log_does_not_say_why() {
    let hub = TestHub::with(&[("ACCESS__PASSPHRASE_TRIES", "2")]);
    let org = hub.org("Harbour Aid").await;
    let banda = person(&hub, &org, "w.banda").await;
    let phiri = person(&hub, &org, "t.phiri").await;
    assert_eq!(try_as(&hub, "nobody.of.this.name", PASSPHRASE).await.0, 401);
    assert_eq!(try_as(&hub, &banda, "not this one, sorry").await.0, 401);
    assert_eq!(try_as(&hub, &banda, "nor this one, sorry").await.0, 401);
    assert_eq!(try_as(&hub, &banda, PASSPHRASE).await.0, 401, "there is a pause now");
    assert_eq!(try_as(&hub, &phiri, PASSPHRASE).await.0, 200);
    let tries = hub.logged("members.sign_in").await;
    let (good, refused): (Vec<_>, Vec<_>) = tries.iter().partition(|facts| facts.refused.is_none());
    assert_eq!((good.len(), refused.len()), (1, 4));
    for facts in refused {
        assert_eq!(facts.refused.as_deref(), Some("member.sign_in_refused"));
        let told = (facts.actor, facts.organisation, facts.object, facts.before, facts.after);
        assert_eq!(told, (Who::Nobody, None, None, None, None));
    }
}

async fn own(hub: &TestHub, cookie: &str) -> Vec<serde_json::Value> {
    let listed = send(hub, None, "GET", "/api/v1/sessions", &[("cookie", cookie)], None).await.expect(200);
    listed.body["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn somebody_sees_where_they_are_signed_in_and_ends_it() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let (banda, phiri) = (person(&hub, &org, "w.banda").await, person(&hub, &org, "t.phiri").await);
    let (_, there) = try_as(&hub, &banda, PASSPHRASE).await;
    hub.clock.advance(TimeDelta::minutes(10));
    let (_, here) = try_as(&hub, &banda, PASSPHRASE).await;
    let (_, somebody) = try_as(&hub, &phiri, PASSPHRASE).await;

    let listed = own(&hub, &here).await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
    assert!(listed[0]["since"].as_str() > listed[1]["since"].as_str());
    let mut members: Vec<&String> = listed[0].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["current", "id", "last_used", "since", "until"], "nothing of device or place");
    let old = format!("/api/v1/sessions/{}", listed[1]["id"].as_str().unwrap());
    let end =
        async |cookie: &str, path: &str| send(&hub, None, "DELETE", path, &[("cookie", cookie)], None).await;
    assert_eq!(end(&somebody, &old).await.expect(404).code(), "access.not_found");
    assert_eq!(look(&hub, &there).await, 200);
    end(&here, &old).await.expect(204);
    assert_eq!((look(&hub, &there).await, look(&hub, &here).await), (401, 200));

    let (_, third) = try_as(&hub, &banda, PASSPHRASE).await;
    end(&here, "/api/v1/sessions").await.expect(204);
    assert_eq!((look(&hub, &third).await, look(&hub, &here).await), (401, 200));
    assert_eq!(look(&hub, &somebody).await, 200, "only one's own sessions end");
    assert_eq!(own(&hub, &here).await.len(), 1);
    hub.clock.advance(TimeDelta::minutes(31));
    let (_, late) = try_as(&hub, &banda, PASSPHRASE).await;
    assert_eq!(own(&hub, &late).await.len(), 1, "what was left alone too long counts no more");
    let ended = hub.logged("members.end_session").await;
    assert!(ended.iter().all(|facts| facts.object.is_some() || facts.refused.is_some()));
    assert_eq!(ended.iter().filter(|facts| facts.refused.is_none()).count(), 1);
}
