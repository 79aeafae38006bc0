//! What every route keeps to: problems, idempotency, limits, headers.

use serde_json::json;
use throughline::{crypto::SigningKey, kernel::id::SystemIds};

use crate::support::{Org, TestHub, send};

fn client(name: &str) -> serde_json::Value {
    let key = SigningKey::generate(&SystemIds).unwrap();
    json!({ "name": name, "roles": ["intake"], "key": key.public() })
}

#[actix_web::test]
async fn the_same_key_and_request_get_the_same_answer_and_happen_once() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let (path, body) = (format!("/api/v1/organisations/{}/clients", org.id), client("second"));
    let key = [("idempotency-key", "abc-1")];
    let ask = |body| send(&hub, Some(&org.token), "POST", &path, &key, Some(body));
    let first = ask(&body).await.expect(201);
    let second = ask(&body).await.expect(201);
    assert_eq!(first.body, second.body);
    assert_eq!(second.headers["idempotent-replayed"], "true");
    assert_eq!(ask(&client("third")).await.expect(422).code(), "idempotency.key_reused");
    let list = org.get(&hub, &path).await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_refused_request_is_not_remembered() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let path = format!("/api/v1/organisations/{}/clients", org.id);
    let key = [("idempotency-key", "abc-2")];
    let mut body = client("second");
    body["roles"] = json!([]);
    send(&hub, Some(&org.token), "POST", &path, &key, Some(&body)).await.expect(422);
    body["roles"] = json!(["intake"]);
    send(&hub, Some(&org.token), "POST", &path, &key, Some(&body)).await.expect(201);
}

#[actix_web::test]
async fn a_problem_names_its_request_and_never_what_was_sent() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let path = format!("/api/v1/organisations/{}/clients", org.id);
    let problem = org.post(&hub, &path, &json!({ "name": "x", "roles": "canary-word" })).await.expect(400);
    assert_eq!(problem.code(), "api.body_malformed");
    assert_eq!(problem.body["request"], problem.headers["x-request-id"].to_str().unwrap());
    assert!(!problem.body.to_string().contains("canary"));
    let lost = org.get(&hub, "/api/v1/organisations/org_canary-word").await.expect(404);
    assert!(!lost.body.to_string().contains("canary"));
}

#[actix_web::test]
async fn too_large_a_body_is_refused_before_it_is_read() {
    let hub = TestHub::with(&[("LIMITS__BODY_BYTES", "1000")]);
    let large = json!({ "code": "x".repeat(2_000), "passphrase": "y" });
    let problem = send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&large)).await.expect(413);
    assert_eq!(problem.code(), "api.body_too_large");
}

#[actix_web::test]
async fn callers_have_a_rate() {
    let hub = TestHub::with(&[
        ("LIMITS__STRANGER_REQUESTS_PER_SECOND", "1"),
        ("LIMITS__STRANGER_BURST", "3"),
        ("LIMITS__ORGANISATION_REQUESTS_PER_SECOND", "1"),
        ("LIMITS__ORGANISATION_BURST", "4"),
    ]);
    let org = hub.org("Harbour Aid").await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(org.get(&hub, "/api/v1/organisations").await.status);
    }
    assert!(answers.contains(&200) && answers.contains(&429), "{answers:?}");
}

#[actix_web::test]
async fn who_finds_every_reader_in_use_is_told_that_the_database_is_busy_and_when_to_come_again() {
    let hub = TestHub::with(&[("DATABASE__READERS", "1"), ("DATABASE__LOCK_TIMEOUT_SECONDS", "1")]);
    let org = hub.org("Harbour Aid").await;
    let (let_go, until) = std::sync::mpsc::channel::<()>();
    let (taken, is_taken) = tokio::sync::oneshot::channel();
    let reading = hub.hub.read(move |_db| {
        taken.send(()).unwrap();
        until.recv().unwrap();
        Ok::<_, throughline::storage::StorageError>(())
    });
    let asking = async {
        is_taken.await.unwrap();
        let answer = org.get(&hub, "/api/v1/organisations").await;
        let_go.send(()).unwrap();
        answer
    };
    let (read, answer) = tokio::join!(reading, asking);
    read.unwrap();
    let busy = answer.expect(503);
    assert_eq!((busy.code(), &busy.headers["retry-after"]), ("storage.busy", &"1".parse().unwrap()));
    org.get(&hub, "/api/v1/organisations").await.expect(200);
}

#[actix_web::test]
async fn a_node_is_ready_when_its_parts_are() {
    let hub = TestHub::new();
    send(&hub, None, "GET", "/health/live", &[], None).await.expect(204);
    let ready = send(&hub, None, "GET", "/health/ready", &[], None).await.expect(200);
    assert_eq!((&ready.body["ready"], &ready.body["writes"]), (&true.into(), &true.into()));
    let full = TestHub::with(&[("DATABASE__FREE_DISK_MEGABYTES", "999999999")]);
    let status = send(&full, None, "GET", "/health/ready", &[], None).await.status;
    let on_sqlite = full.hub.store().engine() == throughline::storage::Engine::Sqlite;
    assert_eq!(status, if on_sqlite { 503 } else { 200 });
}

#[actix_web::test]
async fn metrics_hold_names_of_routes_and_no_ids() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    org.get(&hub, &format!("/api/v1/organisations/{}", org.id)).await.expect(200);
    let text = send(&hub, None, "GET", "/metrics", &[], None).await.expect(200).body;
    let text = text.as_str().unwrap();
    assert!(text.contains("route=\"/api/v1/organisations/{organisation}\""));
    assert!(!text.contains("org_"));
}

#[actix_web::test]
async fn an_old_answer_is_forgotten_and_the_request_is_done_anew() {
    let hub = TestHub::new();
    let mut org = hub.org("Harbour Aid").await;
    let need = json!({ "kind": "unreferred", "service": "SV01", "urgency": "U2", "reason": "NP01" });
    let ask = async |org: &Org| {
        let key = [("idempotency-key", "abc-3")];
        send(&hub, Some(&org.token), "POST", "/api/v1/needs", &key, Some(&need)).await.expect(201)
    };
    let first = ask(&org).await;
    for (hours, remembered) in [(47, true), (2, false)] {
        hub.clock.advance(chrono::TimeDelta::hours(hours));
        hub.run_jobs().await;
        org.sign_in(&hub).await;
        let again = ask(&org).await;
        assert_eq!(again.headers.contains_key("idempotent-replayed"), remembered, "after {hours} more hours");
        assert_eq!(again.body["id"] == first.body["id"], remembered, "after {hours} more hours");
    }
}

#[actix_web::test]
async fn two_equal_requests_at_once_are_one_and_neither_stands_in_the_other_s_way() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let path = format!("/api/v1/organisations/{}/clients", org.id);
    for round in 0..8 {
        let key = SigningKey::generate(&SystemIds).unwrap();
        let body = json!({ "name": "gateway", "roles": ["intake"], "key": key.public() });
        let named = format!("at-once-{round}");
        let ask = || async {
            let headers = [("idempotency-key", named.as_str())];
            send(&hub, Some(&org.token), "POST", &path, &headers, Some(&body)).await
        };
        let (one, two) = tokio::join!(ask(), ask());
        for response in [&one, &two] {
            let fine = response.status == 201 || response.code() == "idempotency.in_progress";
            assert!(fine, "{}", response.body);
        }
        if (one.status, two.status) == (201, 201) {
            assert_eq!(one.body, two.body);
        }
    }
}

#[actix_web::test]
async fn a_stopped_hub_answers_nobody() {
    let hub = TestHub::new();
    send(&hub, None, "GET", "/health/live", &[], None).await.expect(204);
    hub.stop().await;
    let gone = reqwest::Client::builder().no_proxy().build().unwrap().get(&hub.url).send().await;
    assert!(gone.is_err());
}

#[actix_web::test]
async fn who_opens_the_hub_s_address_is_led_to_the_ways_in() {
    let hub = TestHub::new();
    let front = send(&hub, None, "GET", "/", &[], None).await.expect(200);
    assert_eq!(front.headers["content-type"], "text/html; charset=utf-8");
    let html = front.body.as_str().unwrap();
    for link in
        ["action=\"/sign-in\"", "href=\"/my\"", "href=\"/api/v1/directory/page.html\"", "href=\"/api\""]
    {
        assert!(html.contains(link), "{html}");
    }
    assert!(!html.contains("<script"), "{html}");
    send(&hub, None, "GET", "/elsewhere", &[], None).await.expect(404);
}
