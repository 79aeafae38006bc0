//! What work takes, in a real browser: clicks, keys, bytes, seconds, a network that goes away, paper.

use serde_json::json;

use super::{
    browser::{require_passed, tests},
    find::directory,
    keys::enrolled,
};
use crate::{
    cli::{gateway::keep_time, referral::Story},
    support::packet::CANARY,
};

#[actix_web::test]
async fn flows_take_few_clicks_and_bytes_and_outlive_a_network_that_goes_away_in_a_browser() {
    let Some(mut tests) = tests("flows.test.mjs") else { return };
    let story = Story::new().await;
    story.send("").await;
    let hub = &story.hub;
    // Others that can be found as well.
    directory(hub).await;
    let intake = enrolled(hub, &story.lakeside, "intake", json!(["intake"])).await;
    let sender = enrolled(hub, &story.harbour, "worker", json!(["case_worker"])).await;
    tests.env("HUB", &hub.url);
    tests.env("INTAKE", intake).env("FOLDER", story.lakeside.file(""));
    tests.env("SENDER", sender).env("SENDER_FOLDER", story.harbour.file(""));
    tests.env("CANARY", CANARY);
    require_passed(tests, async || keep_time(hub)).await;
}
