//! Lists of services that come in over the API, go out as packages, and are forgotten.

use reqwest::header;
use serde_json::Value;

use crate::support::{TestHub, coordinator};

const LIST: &[u8] = include_bytes!("../stories/lists/cartographie.csv");
const PACKAGE: &str = "/api/v1/directory/sources/mapping-2026/package";

/// Somebody who asks with a cookie, a token or nothing.
struct Keeper<'a> {
    hub: &'a TestHub,
    who: (&'static str, String),
}

impl Keeper<'_> {
    async fn asks(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> (u16, Vec<u8>) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", self.hub.url));
        request = request.header(self.who.0, &self.who.1);
        if let Some((kind, bytes)) = body {
            request = request.header(header::CONTENT_TYPE, kind).body(bytes.to_vec());
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    async fn hears(&self, status: u16, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Value {
        let (said, bytes) = self.asks(method, path, body).await;
        assert_eq!(said, status, "{}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

#[actix_web::test]
async fn a_list_is_looked_at_taken_given_out_and_forgotten_over_the_api() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let keeper = Keeper { hub: &hub, who: ("cookie", coordinator(&hub).await) };
    let list = Some(("text/csv", LIST));
    let looked = keeper.hears(200, "POST", PACKAGE, list).await;
    assert_eq!(looked["imported"], false);
    let new = looked["report"]["tables"].as_array().unwrap().iter().find(|table| table["table"] == "service");
    let new = new.unwrap()["new"].as_u64().unwrap();
    assert!(new > 0, "{looked}");
    assert_eq!(keeper.asks("GET", PACKAGE, None).await.0, 404, "a look changes nothing");

    hub.clock.advance(chrono::TimeDelta::seconds(1));
    let taking = format!("{PACKAGE}?take=true&visibility=public");
    let taken = keeper.hears(200, "POST", &taking, list).await;
    assert_eq!((&taken["imported"], &taken["report"]), (&true.into(), &looked["report"]));
    let (status, zip) = keeper.asks("GET", PACKAGE, None).await;
    assert!(status == 200 && zip.starts_with(b"PK"), "{status}");
    // What went out comes in again and changes nothing; nothing is left of it on the disk.
    let again = keeper.hears(200, "POST", &taking, Some(("application/zip", &zip))).await;
    assert_eq!(again["imported"], false, "{again}");
    let again = keeper.hears(200, "POST", &taking, list).await;
    assert_eq!(again["imported"], false, "{again}");

    let gone = keeper.hears(200, "DELETE", "/api/v1/directory/sources/mapping-2026", None).await;
    assert_eq!(gone["services"].as_u64(), Some(new));
    assert_eq!(keeper.asks("GET", PACKAGE, None).await.0, 404);
    let nobody = Keeper { hub: &hub, who: ("authorization", format!("Bearer {}", org.token)) };
    for (method, path) in
        [("POST", taking.as_str()), ("GET", PACKAGE), ("DELETE", "/api/v1/directory/sources/mapping-2026")]
    {
        assert_eq!(nobody.hears(403, method, path, None).await["code"], "access.forbidden", "{method}");
    }
}

#[actix_web::test]
async fn what_is_no_list_is_refused_with_what_to_do_and_nothing_is_taken() {
    let hub = TestHub::new();
    let keeper = Keeper { hub: &hub, who: ("cookie", coordinator(&hub).await) };
    let taking = format!("{PACKAGE}?take=true");
    for (status, code, kind, body) in [
        (400, "directory.media_type", "text/plain", LIST),
        (400, "directory.bad_zip", "application/zip", LIST),
        (400, "directory.bad_file", "application/json", LIST),
        (422, "directory.needs_map", "text/csv", b"Organisation;Service;Remarque\nA;B;C\n"),
    ] {
        let refused = keeper.hears(status, "POST", &taking, Some((kind, body))).await;
        assert_eq!(refused["code"], code, "{refused}");
        assert!(!refused["detail"].as_str().unwrap().contains("/tmp"), "{refused}");
    }
    let large = vec![b' '; 8 * 1024 * 1024 + 1];
    let refused = keeper.hears(413, "POST", &taking, Some(("text/csv", &large))).await;
    assert_eq!(refused["code"], "api.body_too_large");
    let bad = keeper
        .hears(400, "POST", "/api/v1/directory/sources/Bad%20Name/package", Some(("text/csv", LIST)))
        .await;
    assert_eq!(bad["code"], "directory.bad_source");
    let unknown =
        keeper.hears(400, "POST", &format!("{PACKAGE}?taking=true"), Some(("text/csv", LIST))).await;
    assert!(unknown["code"].as_str().unwrap().starts_with("api."), "{unknown}");
    assert_eq!(keeper.asks("GET", PACKAGE, None).await.0, 404);
}
