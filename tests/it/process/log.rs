//! What the hub says of itself, at the loudest level there is: nothing of what anybody sent, no path, no token, no id of a person.

use rustix::process::Signal;
use serde_json::json;
use throughline::kernel::time::{Clock as _, SystemClock};

use crate::support::{
    TestHub,
    packet::{CANARY, Mechanism, seal},
    process::{Machine, Member, Running, answer, client, send},
};

/// Sends one thing, whatever becomes of it.
async fn say(hub: &Running, client: &reqwest::Client, member: &Member, path: &str, body: Vec<u8>) {
    let request = client.post(format!("{}{path}", hub.url)).bearer_auth(&member.token);
    let media =
        if path.ends_with("/packets") { "application/rp1+json" } else { "application/json; charset=utf-8" };
    let request = request.header("content-type", media).header("x-remark", CANARY);
    answer(request.header("idempotency-key", CANARY).body(body).send().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_loudest_level_the_log_says_nothing_of_what_was_sent() {
    let mechanism = Mechanism::on(TestHub::at(SystemClock.now()), |_| {}).await;
    let mut machine = Machine::taking_over(&mechanism.hub).await;
    machine.set("LOG__LEVEL", "trace");
    let mut member = Member::from(&mechanism.harbour);
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    let person = mechanism.person();
    let certified = mechanism.certificate(&person, &mechanism.clinic);
    let draft = mechanism.draft(&person, &certified);
    let notes = format!("/api/v1/referrals/{}/notes", draft.referral);
    let sealed = seal(&mechanism.harbour, draft);
    let second = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    for client in [client(), second] {
        let certificate = json!({ "certificate": certified.token }).to_string().into_bytes();
        say(&hub, &client, &member, "/api/v1/certificates", certificate).await;
        say(&hub, &client, &member, "/api/v1/packets", sealed.body.clone()).await;
        for (path, body) in [
            ("/api/v1/needs", json!({ "kind": CANARY })),
            ("/api/v1/needs", json!({ CANARY: 1 })),
            ("/api/v1/session", json!({ "name": CANARY, "passphrase": CANARY })),
            ("/api/v1/withdrawals", json!({ "code": person.code })),
            ("/api/v1/person/rating", json!({ "code": CANARY, "pin": CANARY, "rating": {} })),
            ("/api/v1/person/note", json!({ "code": CANARY, "pin": CANARY, "kind": "nobody_called" })),
            (notes.as_str(), json!({ "kind": "number_changed" })),
            ("/api/v1/services/search", json!({ "text": CANARY, "person": { "age": CANARY } })),
            ("/hsds/services", json!({ "search": CANARY, "population": [CANARY] })),
            ("/hsds/services", json!({ CANARY: 1 })),
            ("/hsds/organizations", json!({ "search": CANARY })),
            ("/hsds/taxonomy_terms", json!({ "search": CANARY })),
        ] {
            say(&hub, &client, &member, path, body.to_string().into_bytes()).await;
        }
        say(&hub, &client, &member, "/api/v1/needs", format!("{{{CANARY}").into_bytes()).await;
        say(&hub, &client, &member, "/api/v1/packets", CANARY.as_bytes().to_vec()).await;
    }
    for path in [
        format!("/api/v1/referrals/{CANARY}"),
        format!("/api/v1/services?text={CANARY}&limit={CANARY}"),
        format!("/{CANARY}"),
    ] {
        send(&hub.url, Some(&member.token), &path).await.unwrap();
    }
    hub.tell(Signal::TERM);
    let said = hub.ended().await.expect(0).err;
    assert!(said.contains("\"message\":\"answered\""), "{said}");
    let subject = person.subject.to_string();
    let envelope = sealed.id.to_string();
    let token = member.token.rsplit('.').next().unwrap();
    let of_the_person = [token, &person.code, &certified.token, &subject, &envelope];
    for secret in [CANARY, "Canary", "nobody_called", "number_changed"].into_iter().chain(of_the_person) {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
