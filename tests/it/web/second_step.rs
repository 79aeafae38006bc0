//! The second step of signing in, on the pages.

use chrono::TimeDelta;

use super::visitor::{PASSPHRASE, Shown, Visitor, enrolled};
use crate::{
    api::second_step::code_at,
    support::{Org, TestHub},
};

fn between(shown: &Shown, start: &str, end: &str) -> String {
    let (_, rest) = shown.text.split_once(start).unwrap_or_else(|| panic!("no {start} in: {}", shown.text));
    rest.split_once(end).unwrap().0.to_owned()
}

/// The secret as it is shown to be typed.
fn secret(shown: &Shown) -> String {
    between(shown, "class=\"code\" translate=\"no\">", "<").replace(' ', "")
}

/// Somebody who has just turned it on: the visitor, their name, the secret, and their recovery codes.
async fn with_app(hub: &TestHub, org: &Org) -> (Visitor, String, String, Vec<String>) {
    let name = enrolled(hub, org, &["case_worker"]).await;
    let mut visitor = Visitor::named(hub, &name).await;
    let begun = visitor.post("/account/second-step/app", &[("passphrase", PASSPHRASE)]).await.expect(200);
    let secret = secret(&begun);
    let code = code_at(&secret, hub.hub.now().seconds());
    let on = visitor.post("/account/second-step/app/confirm", &[("code", &code)]).await.expect(200);
    let codes = on.text.split("<li><bdi class=\"code\">").skip(1);
    let codes = codes.map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
    (visitor, name, secret, codes)
}

async fn gives_passphrase(hub: &TestHub, name: &str) -> Visitor {
    let mut visitor = Visitor::new(hub);
    let fields = [("name", name), ("passphrase", PASSPHRASE), ("then", "/account")];
    let on = visitor.post("/sign-in", &fields).await.expect(303);
    assert_eq!(on.header("location"), "/sign-in/code?then=%2Faccount");
    assert!(on.header("set-cookie").contains("HttpOnly; SameSite=Strict; Path=/sign-in"));
    visitor
}

#[actix_web::test]
async fn an_app_is_set_up_with_a_picture_and_a_text_and_counts_after_a_right_code() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.get("/account").await.expect(200).says("href=\"/account/second-step\"");
    worker.get("/account/second-step").await.expect(200).says("Set it up").does_not_say("Turn it off");
    let begun = worker
        .post("/account/second-step/app", &[("passphrase", PASSPHRASE)])
        .await
        .expect(200)
        .says("class=\"qr\"");
    let begun = begun.says("role=\"img\"").does_not_say("otpauth:").does_not_say("style=");
    let secret = secret(&begun);
    let wrong = worker.post("/account/second-step/app/confirm", &[("code", "123")]).await.expect(422);
    let wrong = wrong.says("Error:").says("This code is not right").says("class=\"qr\"");
    assert_eq!(self::secret(&wrong), secret, "what was read into the app stays good");
    let code = code_at(&secret, hub.hub.now().seconds());
    let on = worker.post("/account/second-step/app/confirm", &[("code", &code)]).await.expect(200);
    let on = on.says("The second step is on").does_not_say(&secret);
    assert_eq!(on.text.matches("<li><bdi class=\"code\">").count(), 10);
    let shown = worker.get("/account/second-step").await.expect(200).says("10 of them were not used yet");
    shown.says("Turn it off").does_not_say("class=\"code\"");
    worker.post("/account/second-step/app", &[("passphrase", PASSPHRASE)]).await.expect(303);
}

#[actix_web::test]
async fn signing_in_asks_for_the_code_on_a_second_page_and_goes_on_from_there() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let (_there, name, secret, codes) = with_app(&hub, &org).await;
    hub.clock.advance(TimeDelta::seconds(60));
    let mut here = gives_passphrase(&hub, &name).await;
    here.get("/account").await.expect(303);
    here.get("/sign-in/code?then=%2Faccount").await.expect(200).says("value=\"/account\"");
    here.get("/sign-in/code?then=%2F%2Fevil.example").await.expect(200).does_not_say("evil");
    let wrong = here.post("/sign-in/code", &[("code", "000000")]).await.expect(401);
    wrong.says("Error:").says("This code is not right").does_not_say("000000");
    let code = code_at(&secret, hub.hub.now().seconds());
    let on = here.post("/sign-in/code", &[("code", &code), ("then", "/account")]).await.expect(303);
    assert_eq!(on.header("location"), "/account");
    here.get("/account").await.expect(200);

    let mut replayed = gives_passphrase(&hub, &name).await;
    replayed.post("/sign-in/code", &[("code", &code)]).await.expect(401);
    replayed.post("/sign-in/code", &[("code", &codes[0])]).await.expect(303);
    replayed.get("/find").await.expect(200);

    let mut late = gives_passphrase(&hub, &name).await;
    hub.clock.advance(TimeDelta::minutes(6));
    let sent_on = late.post("/sign-in/code", &[("code", &codes[1])]).await.expect(303);
    assert_eq!(sent_on.header("location"), "/sign-in");
    let mut stranger = Visitor::new(&hub);
    assert_eq!(stranger.get("/sign-in/code").await.expect(303).header("location"), "/sign-in");
    stranger.post_with(&[("sec-fetch-site", "cross-site")], "/sign-in/code", &[]).await.expect(403);
}

#[actix_web::test]
async fn pages_with_a_secret_or_codes_are_not_compressed_and_kept_by_nobody() {
    const ACCEPTS: [(&str, &str); 2] = [("accept-encoding", "gzip"), ("sec-fetch-site", "same-origin")];
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    let plain = |shown: &Shown| {
        assert_eq!((shown.header("content-encoding"), shown.header("cache-control")), ("", "no-store"));
    };
    let begun = worker
        .post_with(&ACCEPTS, "/account/second-step/app", &[("passphrase", PASSPHRASE)])
        .await
        .expect(200);
    plain(&begun);
    let confirm = "/account/second-step/app/confirm";
    plain(&worker.post_with(&ACCEPTS, confirm, &[("code", "1")]).await.expect(422));
    let code = code_at(&secret(&begun), hub.hub.now().seconds());
    plain(&worker.post_with(&ACCEPTS, confirm, &[("code", &code)]).await.expect(200));
    let renew = "/account/second-step/codes";
    let renewed = worker.post_with(&ACCEPTS, renew, &[("passphrase", PASSPHRASE)]).await.expect(200);
    plain(&renewed);
    renewed.says("New recovery codes");
    worker.post(renew, &[("passphrase", "not this one, sorry")]).await.expect(401).says("id=\"codes-e\"");
    let off = "/account/second-step/off";
    worker.post(off, &[("passphrase", "not this one, sorry")]).await.expect(401).says("id=\"off-e\"");
    let done = worker.post(off, &[("passphrase", PASSPHRASE)]).await.expect(303);
    worker.get(done.header("location")).await.expect(200).says("The second step is off").says("Set it up");
}

#[actix_web::test]
async fn a_role_that_takes_a_second_step_is_led_to_the_page_that_sets_it_up() {
    let hub = TestHub::with(&[("ACCESS__SECOND_STEP_FOR", "administrator")]);
    let org = hub.org("Harbour Aid").await;
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    for path in ["/", "/find", "/people", "/account", "/key", "/sign-in"] {
        let sent_on = administrator.get(path).await.expect(303);
        assert_eq!(sent_on.header("location"), "/account/second-step", "{path}");
    }
    administrator.get("/account/second-step").await.expect(200).says("Your role needs a second step");
    let begun =
        administrator.post("/account/second-step/app", &[("passphrase", PASSPHRASE)]).await.expect(200);
    let code = code_at(&secret(&begun), hub.hub.now().seconds());
    administrator.post("/account/second-step/app/confirm", &[("code", &code)]).await.expect(200);
    administrator.get("/people").await.expect(200);
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.get("/find").await.expect(200);
}
