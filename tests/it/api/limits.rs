//! What everybody is held to before anything is looked up: rates, room for bodies, headers, times, connections.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Org, TestHub, request_form, send};

const SLOW: [(&str, &str); 2] =
    [("LIMITS__STRANGER_REQUESTS_PER_SECOND", "1"), ("LIMITS__STRANGER_BURST", "4")];

/// Asks as a caller that a proxy on this machine speaks for.
async fn as_if_from(hub: &TestHub, address: &str) -> u16 {
    send(hub, None, "GET", "/api/v1/organisations", &[("x-forwarded-for", address)], None).await.status
}

/// How often 429 came back among these.
fn turned_away(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 429).count()
}

#[actix_web::test]
async fn invented_methods_make_no_series_of_their_own() {
    let hub = TestHub::new();
    for method in ["GET", "INVENTED", "FOO", "BAR"] {
        send(&hub, None, method, "/health/live", &[], None).await;
        send(&hub, None, method, "/nowhere", &[], None).await;
    }
    let text = send(&hub, None, "GET", "/metrics", &[], None).await.expect(200).body;
    let text = text.as_str().unwrap();
    assert!(text.contains("method=\"other\""), "{text}");
    assert!(!text.contains("INVENTED") && !text.contains("FOO"), "{text}");
}

#[actix_web::test]
async fn a_stranger_has_one_rate_for_every_address_of_the_hub() {
    let hub = TestHub::with(&SLOW);
    let mut statuses = Vec::new();
    for path in
        ["/health/live", "/health/ready", "/metrics", "/api/openapi.json", "/nowhere", "/api", "/metrics"]
    {
        statuses.push(send(&hub, None, "GET", path, &[], None).await.status);
    }
    assert!(turned_away(&statuses) >= 2, "{statuses:?}");
}

#[actix_web::test]
async fn a_token_or_session_nobody_gave_out_is_counted_against_its_address() {
    for shown in [
        ("authorization", "Bearer not.a.token"),
        ("authorization", "Basic x"),
        ("cookie", "throughline_session=x"),
    ] {
        let hub = TestHub::with(&SLOW);
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(send(&hub, None, "GET", "/api/v1/organisations", &[shown], None).await.status);
        }
        assert!(turned_away(&statuses) >= 2, "{shown:?}: {statuses:?}");
    }
}

#[actix_web::test]
async fn a_token_that_was_good_a_moment_ago_does_not_use_up_the_rate_of_its_address() {
    let hub = TestHub::with(&SLOW);
    let org = hub.org("Harbour Aid").await;
    for _ in 0..12 {
        org.get(&hub, "/api/v1/organisations").await.expect(200);
    }
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_caller_has_a_rate_of_their_own() {
    let hub = TestHub::with(&[SLOW[0], SLOW[1], ("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]);
    let mut flood = Vec::new();
    for _ in 0..8 {
        flood.push(as_if_from(&hub, "203.0.113.1").await);
    }
    assert!(turned_away(&flood) >= 2, "{flood:?}");
    assert_eq!(as_if_from(&hub, "203.0.113.1, 198.51.100.7").await, 401, "another caller pays for it");
    for last in 1..=8 {
        flood.push(as_if_from(&hub, &format!("2001:db8:1:1::{last}")).await);
    }
    assert!(turned_away(&flood[8..]) >= 2, "one network of IPv6 has a rate for each address: {flood:?}");
}

#[actix_web::test]
async fn without_a_trusted_proxy_nobody_can_say_they_come_from_elsewhere() {
    let hub = TestHub::with(&SLOW);
    let mut statuses = Vec::new();
    for last in 1..=8 {
        statuses.push(as_if_from(&hub, &format!("203.0.113.{last}")).await);
    }
    assert!(turned_away(&statuses) >= 2, "{statuses:?}");
}

#[actix_web::test]
async fn headers_above_their_limit_are_refused() {
    let hub = TestHub::with(&[("LIMITS__HEADER_BYTES", "8192")]);
    let ask = async |size: usize| {
        let long = "x".repeat(size);
        send(&hub, None, "GET", "/health/live", &[("x-long", &long)], None).await
    };
    ask(6_000).await.expect(204);
    assert_eq!(ask(9_000).await.expect(413).code(), "api.headers_too_large");
}

/// Sends bytes and answers what came back until the hub hung up, and after how long.
async fn raw(hub: &TestHub, bytes: &[u8]) -> (String, Duration) {
    let mut stream = TcpStream::connect(hub.url.strip_prefix("http://").unwrap()).await.unwrap();
    let began = Instant::now();
    stream.write_all(bytes).await.unwrap();
    let mut back = Vec::new();
    let _reset = timeout(Duration::from_secs(20), stream.read_to_end(&mut back))
        .await
        .expect("the hub waits for ever");
    (String::from_utf8_lossy(&back).into_owned(), began.elapsed())
}

#[actix_web::test]
async fn headers_that_never_end_are_not_waited_for() {
    let hub = TestHub::with(&[("LIMITS__HEADER_SECONDS", "1")]);
    let (back, after) = raw(&hub, b"GET /health/live HTTP/1.1\r\nhost: hub.test\r\nx-slow: ").await;
    assert!(back.is_empty() || back.starts_with("HTTP/1.1 408"), "{back}");
    assert!(after < Duration::from_secs(10), "{after:?}");
}

#[actix_web::test]
async fn headers_without_an_end_are_not_kept() {
    let hub = TestHub::new();
    let endless = format!("GET /health/live HTTP/1.1\r\nhost: hub.test\r\nx-long: {}", "x".repeat(300_000));
    let (back, after) = raw(&hub, endless.as_bytes()).await;
    assert!(!back.starts_with("HTTP/1.1 2"), "{back}");
    assert!(after < Duration::from_secs(8), "{after:?}");
}

#[actix_web::test]
async fn a_body_that_never_comes_is_given_up() {
    let hub = TestHub::with(&[("LIMITS__REQUEST_SECONDS", "1")]);
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: hub.test\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let (back, after) = raw(&hub, head.as_bytes()).await;
    assert!(back.contains("api.too_slow"), "{back}");
    assert!(after < Duration::from_secs(15), "{after:?}");
}

#[actix_web::test]
async fn more_connections_than_there_may_be_wait_until_one_is_free() {
    let hub = TestHub::with(&[("LIMITS__CONNECTIONS", "2"), ("SERVER__WORKERS", "2")]);
    let address = hub.url.strip_prefix("http://").unwrap().to_owned();
    let open = async || {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: hub.test\r\n\r\n").await.unwrap();
        stream
    };
    let answered = async |stream: &mut TcpStream| {
        let mut some = [0u8; 64];
        timeout(Duration::from_secs(1), stream.read(&mut some)).await.is_ok_and(|read| read.unwrap() > 0)
    };
    let (mut first, mut second) = (open().await, open().await);
    assert!(answered(&mut first).await && answered(&mut second).await);
    let mut third = open().await;
    assert!(!answered(&mut third).await, "a third is served beside two");
    drop(first);
    assert!(answered(&mut third).await, "no place came free");
}

/// A request whose body was announced and has not come: it holds its room.
async fn hold(hub: &TestHub, org: &Org, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(hub.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /api/v1/packets HTTP/1.1\r\nhost: hub.test\r\nauthorization: Bearer {}\r\ncontent-type: application/rp1+json\r\ncontent-length: {bytes}\r\n\r\n{{",
        org.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[actix_web::test]
async fn one_organisation_cannot_take_all_the_room_for_bodies() {
    let least = (4 * 12 * 1_048_576).to_string();
    let hub = TestHub::with(&[("LIMITS__BODIES_BYTES", &least)]);
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("City Clinic").await);
    let held = hold(&hub, &org, 12 * 1_048_576).await;
    let tries = async |org: &Org| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}/api/v1/packets", hub.url)).bearer_auth(&org.token);
        let answer = request.header("content-type", "application/rp1+json").body("{}").send().await.unwrap();
        answer.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned()
    };
    let full = hub.hub.eventually(Duration::from_secs(5), async || tries(&org).await == "api.busy").await;
    assert!(full, "there is room beside a whole packet");
    assert_ne!(tries(&other).await, "api.busy", "others have no room");
    drop(held);
    let free = hub.hub.eventually(Duration::from_secs(5), async || tries(&org).await != "api.busy").await;
    assert!(free, "the room is not given back");
}

#[actix_web::test]
async fn a_packet_above_its_setting_is_refused() {
    let hub = TestHub::with(&[("LIMITS__PACKET_BYTES", "1000")]);
    let org = hub.org("Harbour Aid").await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/api/v1/packets", hub.url)).bearer_auth(&org.token);
    let answer =
        request.header("content-type", "application/rp1+json").body("x".repeat(1_001)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 413);
}

#[actix_web::test]
async fn no_passphrase_is_worked_on_for_a_code_nobody_handed_out() {
    let hub = TestHub::with(&[("ACCESS__PASSPHRASES_AT_ONCE", "1")]);
    let choice = json!({ "code": "nobody handed this out", "passphrase": "four unrelated words here" });
    for _ in 0..20 {
        let refused = send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(401);
        assert_eq!(refused.code(), "member.enrolment_refused");
    }
    assert_eq!(hub.hub.metrics().passphrases.get(), 0);
    let unknown = json!({ "name": "x", "passphrase": "four unrelated words" });
    send(&hub, None, "POST", "/api/v1/session", &[], Some(&unknown)).await.expect(401);
    assert_eq!(hub.hub.metrics().passphrases.get(), 1, "a name that nobody has costs as much as any other");
    assert_eq!(hub.logged("members.set_passphrase").await.len(), 20, "each refusal stands in the log");
    for length in [11, 257, 100_000] {
        let odd = json!({ "code": "x", "passphrase": "y".repeat(length) });
        let refused = send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&odd)).await.expect(422);
        assert!(refused.code().starts_with("member.passphrase_too_"), "{length}");
    }
}

#[actix_web::test]
async fn a_token_request_may_say_more_than_is_asked_for_and_is_refused_in_oauth_s_words() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let whole = |more: &str| {
        format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}{more}",
            org.assertion(&hub)
        )
    };
    let more = format!("&scope=everything&client_id={}&resource=x", org.client);
    let good = request_form(&hub, whole(&more)).await.expect(200);
    assert_eq!(good.body["scope"], "case_worker intake administrator data_protection");
    for (form, status, error) in [
        (whole("&client_id=cli_another"), 401, "invalid_client"),
        (whole("x"), 401, "invalid_client"),
        (String::from("grant_type=client_credentials"), 400, "invalid_request"),
        (whole("&grant_type=client_credentials"), 400, "invalid_request"),
        (whole("").replace("client_credentials", "password"), 400, "unsupported_grant_type"),
    ] {
        let refused = request_form(&hub, form).await.expect(status);
        assert_eq!(refused.body["error"], error);
        assert_eq!(refused.headers["cache-control"], "no-store");
    }
}
