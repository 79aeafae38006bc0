//! Those who keep the directory note how good a service is and what going there risks, and nobody else reads it anywhere.

use serde_json::{Value, json};
use throughline::directory;

use super::areas::{directory, everything, exports, uuid};
use crate::support::{Org, Response, TestHub, coordinator, link_to, send};

/// What is noted; long enough to be nothing else.
const NOTED: &str = "Canarywatchman sells names of guests to smugglers";

/// The path of what is noted of the shelter.
fn path() -> String {
    format!("/api/v1/services/svc_{}/note", uuid(2, 3).replace('-', ""))
}

/// Whoever keeps the directory, by a cookie.
struct Keeper<'a> {
    hub: &'a TestHub,
    cookie: String,
}

impl Keeper<'_> {
    async fn ask(&self, method: &str, seen: Option<&str>, body: Option<&Value>) -> Response {
        let mut headers = vec![("cookie", self.cookie.as_str())];
        headers.extend(seen.map(|seen| ("if-match", seen)));
        send(self.hub, None, method, &path(), &headers, body).await
    }
}

fn etag(answer: &Response) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn what_is_noted_of_a_service_is_changed_by_whoever_saw_it_last() {
    let (hub, ..) = directory().await;
    let keeper = Keeper { hub: &hub, cookie: coordinator(&hub).await };
    keeper.ask("GET", None, None).await.expect(404);
    let says = |text: &str| json!({ "text": text });
    let first = keeper.ask("PUT", None, Some(&says(NOTED))).await.expect(204);
    let read = keeper.ask("GET", None, None).await.expect(200);
    assert_eq!((read.body["text"].as_str(), etag(&read)), (Some(NOTED), etag(&first)));
    assert!(read.body["by"].is_string() && read.body["at"].is_string(), "{}", read.body);
    assert_eq!(keeper.ask("PUT", None, Some(&says("Safe"))).await.expect(409).code(), "storage.conflict");
    let second = keeper.ask("PUT", Some(&etag(&first)), Some(&says("Safe by day"))).await.expect(204);
    for (method, body) in [("PUT", Some(says("Safe"))), ("DELETE", None)] {
        keeper.ask(method, Some(&etag(&first)), body.as_ref()).await.expect(409);
    }
    for wrong in [says(""), says("two\nlines"), says(&"x".repeat(directory::NOTE_MAX + 1)), json!({})] {
        keeper.ask("PUT", Some(&etag(&second)), Some(&wrong)).await.expect(400);
    }
    keeper.ask("PUT", Some(&etag(&second)), Some(&json!({ "text": "Safe", "for": 1 }))).await.expect(400);
    assert_eq!(keeper.ask("GET", None, None).await.expect(200).body["text"], "Safe by day");
    keeper.ask("DELETE", Some(&etag(&second)), None).await.expect(204);
    keeper.ask("GET", None, None).await.expect(404);
    assert!(!hub.rows().contains("Safe by day"));

    // It goes with its source.
    keeper.ask("PUT", None, Some(&says(NOTED))).await.expect(204);
    assert!(hub.rows().contains(NOTED));
    let forgetting = |tx: &mut throughline::access::Tx<'_>| directory::forget_source(tx, "test");
    hub.hub.write("directory.forget_source", &hub.operator(), forgetting).await.unwrap();
    assert!(!hub.rows().contains(NOTED));
    keeper.ask("GET", None, None).await.expect(404);
}

/// Everything that an organisation is told.
async fn told(hub: &TestHub, org: &Org) -> String {
    let mut all = everything(hub, Some(org)).await;
    let service = path().replace("/note", "");
    for path in [
        service.clone(),
        format!("{service}/changes"),
        format!("{service}/verifications"),
        format!("{service}/decisions"),
        format!("{service}/note"),
        String::from("/api/v1/services?text=canarywatchman&doubtful=true"),
        String::from("/api/v1/services?text=smugglers&facets=true"),
        String::from("/api/v1/notices?limit=200"),
        String::from("/api/v1/directory/doubted"),
        String::from("/api/v1/directory/due"),
    ] {
        all += &org.get(hub, &path).await.body.to_string();
    }
    all
}

#[actix_web::test]
async fn what_is_noted_of_a_service_is_read_by_nobody_but_those_who_keep_the_directory() {
    let (hub, provider, _folder) = directory().await;
    link_to(&hub, &uuid(2, 3), (&provider, "SV05")).await;
    let (stranger, keeper) =
        (hub.org("Hillside").await, Keeper { hub: &hub, cookie: coordinator(&hub).await });
    hub.run_jobs().await;
    let before = [everything(&hub, None).await, told(&hub, &stranger).await, told(&hub, &provider).await];
    let first = keeper.ask("PUT", None, Some(&json!({ "text": NOTED }))).await.expect(204);
    hub.run_jobs().await;
    let after = [everything(&hub, None).await, told(&hub, &stranger).await, told(&hub, &provider).await];
    for (before, after) in before.iter().zip(&after) {
        assert!(after.contains("Shelter") && !after.contains("Canarywatchman"), "{after}");
        assert_eq!(before.len(), after.len(), "not even that there is one shows");
    }
    for (form, text) in exports(&hub).await {
        assert!(text.contains("Shelter") && !text.contains("Canarywatchman"), "{form}: {text}");
    }
    for org in [&stranger, &provider] {
        org.get(&hub, &path()).await.expect(403);
        let seen = etag(&first);
        for (method, body) in [("PUT", Some(json!({ "text": "Safe" }))), ("DELETE", None)] {
            let headers = [("if-match", seen.as_str())];
            let refused = send(&hub, Some(&org.token), method, &path(), &headers, body.as_ref()).await;
            assert_eq!(refused.expect(403).code(), "access.forbidden", "{method}");
        }
    }
    send(&hub, None, "GET", &path(), &[], None).await.expect(401);
    let logged = hub.logged("directory.write_note").await;
    assert_eq!(logged.iter().filter(|facts| facts.refused.is_none()).count(), 1);
    assert!(!format!("{logged:?}").contains("Canarywatchman"), "the log says that, and not what");
    assert_eq!(keeper.ask("GET", None, None).await.expect(200).body["text"], NOTED);
}
