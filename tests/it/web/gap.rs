//! Noting on the pages that a need stays unmet.

use serde_json::Value;

use super::{
    find::directory,
    visitor::{Visitor, encoded},
};
use crate::support::{Org, TestHub};

const BACK: &str = "/find?text=zzzzqqq&service=SV01";

async fn worker(hub: &TestHub) -> (Org, Visitor) {
    let org = hub.org("Harbour Aid").await;
    let visitor = Visitor::signed_in(hub, &org, &["case_worker"]).await;
    (org, visitor)
}

/// The needs that were recorded.
async fn needs(hub: &TestHub, org: &Org) -> Vec<Value> {
    let listed = org.get(hub, "/api/v1/needs").await.expect(200).body;
    listed["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn a_search_that_finds_nobody_becomes_a_need_without_a_person() {
    let hub = TestHub::new();
    let (org, mut worker) = worker(&hub).await;
    directory(&hub).await;
    let way = format!("/needs/new?service=SV01&then={}", encoded(BACK));
    let shown = worker.get(BACK).await.expect(200).says("Nothing found").says("/needs/new?service=SV01");
    shown.says("Note the need without saying whose it is");
    worker.get("/find?text=kitchen").await.expect(200).says("Note that the need is unmet");
    let asked = worker.get(&way).await.expect(200);
    let asked =
        asked.says("value=\"SV01\" selected").says("who the person is").says("No provider in the area");
    asked.says("value=\"ZM\"").does_not_say("Victim").does_not_say("<script>");
    let fields = [
        ("then", BACK),
        ("service", "SV01"),
        ("urgency", "U2"),
        ("area", "ZM-09"),
        ("population", "PG04"),
        ("reason", "NP01"),
        ("age", "canary"),
    ];
    let done = worker.post("/needs", &fields).await.expect(303);
    let noted = worker.get(done.header("location")).await.expect(200).says("The need is noted");
    noted.says("href=\"/find?text=zzzzqqq").says("Nothing about the person was kept");
    let recorded = needs(&hub, &org).await;
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    for (name, value) in [
        ("kind", "unreferred"),
        ("service", "SV01"),
        ("urgency", "U2"),
        ("area", "ZM-09"),
        ("population", "PG04"),
        ("reason", "NP01"),
    ] {
        assert_eq!(recorded[0][name], value, "{name}");
    }
    let stored = hub.everything_stored();
    assert!(
        !stored.contains("zzzzqqq") && !stored.contains("canary"),
        "what was searched for is kept nowhere"
    );
}

#[actix_web::test]
async fn a_need_that_is_refused_comes_back_as_it_was_filled() {
    let hub = TestHub::new();
    let (org, mut worker) = worker(&hub).await;
    let nothing = worker.post("/needs", &[("then", BACK)]).await.expect(422).says("Error:");
    nothing.says("Choose what is needed").says("href=\"#urgency\"").says("href=\"#reason\"");
    // A shelter whose name alone says why somebody needs it.
    let telling = [
        ("then", BACK),
        ("service", "SV02"),
        ("urgency", "U1"),
        ("area", "ZM"),
        ("population", "PG04"),
        ("reason", "NP03"),
    ];
    let mut finer = telling;
    finer[3].1 = "ZM-09";
    let refused = worker.post("/needs", &finer).await.expect(422).says("choose a country and no part of it");
    refused
        .says("value=\"SV02\" selected")
        .says("value=\"U1\" checked")
        .says("value=\"NP03\" checked")
        .says("value=\"PG04\" selected")
        .says("id=\"area-e\"");
    assert!(needs(&hub, &org).await.is_empty());
    worker.post("/needs", &telling).await.expect(303);
    assert_eq!(needs(&hub, &org).await.len(), 1);
    let elsewhere = worker.get("/needs/new?then=https%3A%2F%2Fevil.example").await.expect(200);
    elsewhere.does_not_say("evil.example");
}

#[actix_web::test]
async fn whoever_does_not_refer_notes_no_needs_and_is_not_led_there() {
    let hub = TestHub::new();
    let (org, _worker) = worker(&hub).await;
    directory(&hub).await;
    let mut reader = Visitor::signed_in(&hub, &org, &["data_protection"]).await;
    reader.get("/find").await.expect(200).says("Kitchen").does_not_say("/needs/new");
    reader.get("/needs/new").await.expect(403);
    reader.post("/needs", &[("service", "SV01"), ("urgency", "U2"), ("reason", "NP01")]).await.expect(403);
    Visitor::new(&hub).get("/needs/new").await.expect(303);
    assert!(needs(&hub, &org).await.is_empty());
}
