//! Passkeys as the second step of signing in, on the pages.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    browser::{require_passed, tests},
    visitor::{PASSPHRASE, Shown, Visitor, enrolled},
};
use crate::{
    api::second_step::code_at,
    support::{Org, Response, TestHub, passkey::Passkey, send},
};

const HERE: &str = "https://hub.example.org";
const PAGE: &str = "/account/second-step";

fn hub_with_a_name() -> TestHub {
    TestHub::with(&[("SERVER__PUBLIC_URL", HERE)])
}

async fn question(hub: &TestHub, visitor: &Visitor, passphrase: &str) -> Response {
    let cookie = visitor.cookie("throughline_session");
    let (path, body) = ("/api/v1/second-step/passkeys/question", json!({ "passphrase": passphrase }));
    send(hub, None, "POST", path, &[("cookie", &cookie)], Some(&body)).await
}

async fn add(visitor: &mut Visitor, name: &str, made: &Value) -> Shown {
    let path = format!("{PAGE}/passkeys");
    visitor.post(&path, &[("name", name), ("credential", &made.to_string())]).await
}

/// Somebody who has just added a passkey: the visitor, their name, the device, and the page that came.
async fn with_passkey(hub: &TestHub, org: &Org, role: &str) -> (Visitor, String, Passkey, Shown) {
    let name = enrolled(hub, org, &[role]).await;
    let mut visitor = Visitor::named(hub, &name).await;
    let asked = question(hub, &visitor, PASSPHRASE).await.expect(200).body;
    let device = Passkey::at(HERE);
    let added = add(&mut visitor, "blue telephone", &device.made(&asked)).await.expect(200);
    (visitor, name, device, added)
}

fn codes(shown: &Shown) -> Vec<String> {
    let codes = shown.text.split("<li><bdi class=\"code\">").skip(1);
    codes.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

async fn gives_passphrase(hub: &TestHub, name: &str) -> Visitor {
    let mut visitor = Visitor::new(hub);
    let on = visitor.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]).await.expect(303);
    assert!(on.header("location").starts_with("/sign-in/code"), "{}", on.header("location"));
    visitor
}

async fn asked(visitor: &mut Visitor) -> Value {
    serde_json::from_str(&visitor.post("/sign-in/passkey", &[]).await.expect(200).text).unwrap()
}

async fn answers(visitor: &mut Visitor, answer: &Value) -> Shown {
    visitor.post("/sign-in/code", &[("passkey", &answer.to_string()), ("then", "/account")]).await
}

#[actix_web::test]
async fn a_passkey_is_added_with_recovery_codes_and_signs_in() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let name = enrolled(&hub, &org, &["case_worker"]).await;
    let (mut here, mut elsewhere) = (Visitor::named(&hub, &name).await, Visitor::named(&hub, &name).await);
    here.get(PAGE).await.expect(200).says("action=\"/account/second-step/passkeys\"");
    question(&hub, &here, "not this one, sorry").await.expect(401);
    let asked_to_make = question(&hub, &here, PASSPHRASE).await.expect(200).body;
    let options = &asked_to_make["publicKey"];
    assert_eq!((&options["rp"]["id"], &options["attestation"]), (&json!("hub.example.org"), &json!("none")));
    assert_eq!(options["authenticatorSelection"]["userVerification"], json!("required"));
    let mut device = Passkey::at(HERE);
    let made = device.made(&asked_to_make);
    let added = add(&mut here, "blue telephone", &made).await.expect(200).says("The second step is on");
    assert_eq!(codes(&added).len(), 10);
    elsewhere.get("/account").await.expect(303);
    add(&mut here, "once more", &made).await.expect(422).says("id=\"passkey-name-e\"");
    let shown = here.get(PAGE).await.expect(200).says("blue telephone").says("10 of them were not used yet");
    shown.does_not_say("once more").does_not_say("last used").says("It is the only one");

    let mut back = gives_passphrase(&hub, &name).await;
    back.get("/account").await.expect(303);
    let page = back.get("/sign-in/code").await.expect(200).says("Use a passkey").says("Recovery code");
    page.does_not_say("six digits");
    let asked = asked(&mut back).await;
    assert_eq!(asked["publicKey"]["userVerification"], json!("required"));
    let on = answers(&mut back, &device.answer(&asked)).await.expect(303);
    assert_eq!(on.header("location"), "/account");
    back.get("/account").await.expect(200);
    back.get(PAGE).await.expect(200).says("last used");
}

#[track_caller]
fn refused(shown: Shown) {
    shown.expect(401).says("Error:").says("id=\"use-passkey-e\"");
}

#[actix_web::test]
async fn an_answer_at_another_site_or_without_a_pin_opens_nothing() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (_there, name, mut device, _page) = with_passkey(&hub, &org, "case_worker").await;
    let lies: [fn(&mut Passkey); 6] = [
        |device| device.origin = String::from("https://evil.example"),
        |device| device.origin = String::from("https://sub.hub.example.org"),
        |device| device.origin = String::from("http://hub.example.org"),
        |device| device.origin = String::from("https://hub.example.org:8443"),
        |device| device.site = Some(String::from("evil.example")),
        |device| device.is_verified = false,
    ];
    for (number, lie) in lies.iter().enumerate() {
        let mut here = gives_passphrase(&hub, &name).await;
        lie(&mut device);
        let question = asked(&mut here).await;
        refused(answers(&mut here, &device.answer(&question)).await);
        (device.origin, device.site, device.is_verified) = (String::from(HERE), None, true);
        // Answered once, wrongly: the same question takes no second answer.
        refused(answers(&mut here, &device.answer(&question)).await);
        let question = asked(&mut here).await;
        let on = answers(&mut here, &device.answer(&question)).await;
        assert_eq!(on.status, 303, "{number}: nothing but the lie was wrong");
    }
    let mut there = Visitor::signed_in(&hub, &org, &["intake"]).await;
    for lie in lies {
        let question = question(&hub, &there, PASSPHRASE).await.expect(200).body;
        let mut device = Passkey::at(HERE);
        lie(&mut device);
        add(&mut there, "blue telephone", &device.made(&question)).await.expect(422);
    }
    there.get(PAGE).await.expect(200).does_not_say("blue telephone").does_not_say("Turn it off");
}

#[actix_web::test]
async fn an_answer_that_was_given_before_or_comes_late_opens_nothing() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (mut there, name, mut device, _page) = with_passkey(&hub, &org, "case_worker").await;
    let mut here = gives_passphrase(&hub, &name).await;
    let (first, second) = (asked(&mut here).await, asked(&mut here).await);
    assert_ne!(first["publicKey"]["challenge"], second["publicKey"]["challenge"]);
    refused(answers(&mut here, &device.answer(&first)).await);
    let question = asked(&mut here).await;
    let answer = device.answer(&question);
    answers(&mut here, &answer).await.expect(303);
    let mut replayed = gives_passphrase(&hub, &name).await;
    refused(answers(&mut replayed, &answer).await);
    asked(&mut replayed).await;
    refused(answers(&mut replayed, &answer).await);
    replayed.get("/account").await.expect(303);

    let mut late = gives_passphrase(&hub, &name).await;
    let question_of_late = asked(&mut late).await;
    let to_make = self::question(&hub, &there, PASSPHRASE).await.expect(200).body;
    hub.clock.advance(TimeDelta::minutes(6));
    let sent_on = answers(&mut late, &device.answer(&question_of_late)).await.expect(303);
    assert_eq!(sent_on.header("location"), "/sign-in");
    late.get("/account").await.expect(303);
    add(&mut there, "late", &Passkey::at(HERE).made(&to_make)).await.expect(422);
    // What nobody answered in time is not kept.
    assert!(hub.rows().contains("adding "));
    hub.clock.advance(TimeDelta::hours(2));
    hub.run_jobs().await;
    assert!(!hub.rows().contains("adding "));
}

#[actix_web::test]
async fn nobody_is_asked_for_a_passkey_without_the_passphrase_and_anothers_is_none() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (mut there, name, mut device, _page) = with_passkey(&hub, &org, "case_worker").await;
    let (_other, other, ..) = with_passkey(&hub, &org, "intake").await;
    let mut nobody = Visitor::new(&hub);
    nobody.post("/sign-in/passkey", &[]).await.expect(401);
    nobody.post_with(&[("sec-fetch-site", "cross-site")], "/sign-in/passkey", &[]).await.expect(403);
    let mut here = gives_passphrase(&hub, &other).await;
    let asked_other = asked(&mut here).await;
    answers(&mut here, &device.answer(&asked_other)).await.expect(401);
    let mut mine = gives_passphrase(&hub, &name).await;
    let asked_mine = asked(&mut mine).await;
    asked(&mut here).await;
    answers(&mut here, &device.answer(&asked_mine)).await.expect(401);
    // What another has already is not taken a second time.
    let cookie = there.cookie("throughline_session");
    let listed =
        send(&hub, None, "GET", "/api/v1/second-step", &[("cookie", &cookie)], None).await.expect(200);
    let id = listed.body["passkeys"][0]["id"].as_str().unwrap().to_owned();
    let mut stranger = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    let fields = [("passkey", id.as_str()), ("passphrase", PASSPHRASE)];
    stranger.post(&format!("{PAGE}/passkeys/remove"), &fields).await.expect(303);
    let asked_stranger = question(&hub, &stranger, PASSPHRASE).await.expect(200).body;
    add(&mut stranger, "taken", &device.made(&asked_stranger)).await.expect(422);
    there.get(PAGE).await.expect(200).says("blue telephone");
}

#[actix_web::test]
async fn a_copy_of_a_passkey_opens_nothing_and_the_log_says_so() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (_there, name, mut device, _page) = with_passkey(&hub, &org, "case_worker").await;
    device.count = 40;
    let (mut first, mut second) = (gives_passphrase(&hub, &name).await, gives_passphrase(&hub, &name).await);
    let (to_first, to_second) = (asked(&mut first).await, asked(&mut second).await);
    answers(&mut first, &device.answer(&to_first)).await.expect(303);
    // Asked before the count went on: the question is gone with the answer that was right.
    device.count = 40;
    answers(&mut second, &device.answer(&to_second)).await.expect(401);
    device.count = 40;
    let to_second = asked(&mut second).await;
    answers(&mut second, &device.answer(&to_second)).await.expect(401).says("This passkey was not taken");
    let tries = hub.logged("members.sign_in").await;
    let copied = tries.iter().filter(|facts| facts.refused.as_deref() == Some("factor.passkey_copied"));
    assert_eq!(copied.map(|facts| facts.object.is_some()).collect::<Vec<_>>(), [true]);
    let to_second = asked(&mut second).await;
    answers(&mut second, &device.answer(&to_second)).await.expect(303);
}

#[actix_web::test]
async fn wrong_answers_count_as_wrong_tries_do() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (_there, name, mut device, _page) = with_passkey(&hub, &org, "case_worker").await;
    let mut here = gives_passphrase(&hub, &name).await;
    for _guess in 0..5 {
        asked(&mut here).await;
        answers(&mut here, &json!({})).await.expect(401);
    }
    let question = asked(&mut here).await;
    answers(&mut here, &device.answer(&question)).await.expect(401);
    hub.clock.advance(TimeDelta::minutes(16));
    let mut here = gives_passphrase(&hub, &name).await;
    let question = asked(&mut here).await;
    answers(&mut here, &device.answer(&question)).await.expect(303);
}

#[actix_web::test]
async fn recovery_codes_open_for_whoever_has_nothing_but_a_passkey_and_go_with_it() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (mut there, name, _device, page) = with_passkey(&hub, &org, "case_worker").await;
    let codes = codes(&page);
    let mut lost = gives_passphrase(&hub, &name).await;
    lost.post("/sign-in/code", &[("code", "123456")]).await.expect(401).says("id=\"code-e\"");
    lost.post("/sign-in/code", &[("code", &codes[4])]).await.expect(303);
    lost.get(PAGE).await.expect(200).says("9 of them were not used yet");

    let remove = format!("{PAGE}/passkeys/remove");
    let id = there
        .get(PAGE)
        .await
        .text
        .split("name=\"passkey\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let wrong = [("passkey", id.as_str()), ("passphrase", "not this one, sorry")];
    there.post(&remove, &wrong).await.expect(401).says("id=\"remove-e\"").says("blue telephone");
    let gone = there.post(&remove, &[("passkey", &id), ("passphrase", PASSPHRASE)]).await.expect(303);
    let page = there.get(gone.header("location")).await.expect(200).says("The passkey is removed");
    page.does_not_say("blue telephone").does_not_say("Recovery codes");
    Visitor::named(&hub, &name).await.get("/account").await.expect(200);

    // Codes of a second step that is over do not come back with the next.
    let asked = question(&hub, &there, PASSPHRASE).await.expect(200).body;
    let fresh = add(&mut there, "another", &Passkey::at(HERE).made(&asked)).await.expect(200);
    assert_eq!(self::codes(&fresh).len(), 10);
    let mut lost = gives_passphrase(&hub, &name).await;
    lost.post("/sign-in/code", &[("code", &codes[5])]).await.expect(401);
}

#[actix_web::test]
async fn a_passkey_is_the_second_step_that_a_role_takes_and_a_new_code_takes_it_away() {
    let hub = TestHub::with(&[("SERVER__PUBLIC_URL", HERE), ("ACCESS__SECOND_STEP_FOR", "case_worker")]);
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    assert_eq!(worker.get("/find").await.expect(303).header("location"), PAGE);
    let asked_to_make = question(&hub, &worker, PASSPHRASE).await.expect(200).body;
    worker.get("/find").await.expect(303);
    add(&mut worker, "blue telephone", &Passkey::at(HERE).made(&asked_to_make)).await.expect(200);
    worker.get("/find").await.expect(200);
}

#[actix_web::test]
async fn a_new_enrolment_code_takes_passkeys_away() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let body = json!({ "name": "w.banda", "roles": ["case_worker"] });
    let person = org.post(&hub, &staff, &body).await.expect(201).body;
    let name = person["name"].as_str().unwrap();
    let choice = json!({ "code": person["code"], "passphrase": PASSPHRASE });
    send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
    let mut worker = Visitor::named(&hub, name).await;
    let asked_to_make = question(&hub, &worker, PASSPHRASE).await.expect(200).body;
    add(&mut worker, "blue telephone", &Passkey::at(HERE).made(&asked_to_make)).await.expect(200);
    let path = format!("{staff}/{}/enrolment", person["id"].as_str().unwrap());
    let again = org.post(&hub, &path, &json!({})).await.expect(201).body;
    let choice = json!({ "code": again["code"], "passphrase": PASSPHRASE });
    send(&hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
    let mut back = Visitor::named(&hub, name).await;
    back.get(PAGE).await.expect(200).does_not_say("blue telephone").does_not_say("Turn it off");
}

#[actix_web::test]
async fn there_are_ten_passkeys_at_most_and_an_app_beside_them_takes_the_passphrase() {
    let hub = hub_with_a_name();
    let org = hub.org("Harbour Aid").await;
    let (mut there, name, mut device, page) = with_passkey(&hub, &org, "case_worker").await;
    let old = codes(&page);
    for number in 2..=10 {
        let asked = question(&hub, &there, PASSPHRASE).await.expect(200).body;
        assert_eq!(asked["publicKey"]["excludeCredentials"].as_array().unwrap().len(), number - 1);
        let made = Passkey::at(HERE).made(&asked);
        add(&mut there, &format!("number {number}"), &made).await.expect(303);
    }
    assert_eq!(question(&hub, &there, PASSPHRASE).await.expect(422).code(), "factor.too_many_passkeys");
    there.get(PAGE).await.expect(200).says("You have 10 passkeys").does_not_say("It is the only one");

    let app = "/account/second-step/app";
    there.post(app, &[("passphrase", "not this one, sorry")]).await.expect(401).says("id=\"app-e\"");
    there.post(app, &[("passphrase", PASSPHRASE)]).await.expect(200);
    hub.clock.advance(TimeDelta::minutes(14));
    there.get(PAGE).await.expect(200);
    let begun = there.post(app, &[("passphrase", PASSPHRASE)]).await.expect(200);
    let secret =
        begun.text.split("class=\"code\" translate=\"no\">").nth(1).unwrap().split('<').next().unwrap();
    let code = code_at(&secret.replace(' ', ""), hub.hub.now().seconds());
    let on = there.post(&format!("{app}/confirm"), &[("code", &code)]).await.expect(200);
    assert_eq!(codes(&on).len(), 10);
    let mut back = gives_passphrase(&hub, &name).await;
    back.get("/sign-in/code").await.expect(200).says("Use a passkey").says("six digits");
    back.post("/sign-in/code", &[("code", &old[0])]).await.expect(401);
    let asked = asked(&mut back).await;
    answers(&mut back, &device.answer(&asked)).await.expect(303);
}

#[actix_web::test]
async fn where_browsers_make_no_passkeys_none_is_offered() {
    for unfit in ["http://127.0.0.1:8080", "http://hub.example.org"] {
        let hub = TestHub::with(&[("SERVER__PUBLIC_URL", unfit)]);
        let org = hub.org("Harbour Aid").await;
        let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
        let shown = worker.get(PAGE).await.expect(200).says("begin with https");
        shown.does_not_say("action=\"/account/second-step/passkeys\"");
        assert_eq!(question(&hub, &worker, PASSPHRASE).await.expect(422).code(), "factor.no_site");
    }
}

#[actix_web::test]
async fn a_passkey_is_added_asked_for_and_removed_in_a_browser() {
    let Some(mut tests) = tests("passkeys.test.mjs") else { return };
    // This name is safe without TLS.
    let hub = TestHub::with(&[("SERVER__PUBLIC_URL", "http://localhost")]);
    let org = hub.org("Harbour Aid").await;
    let name = enrolled(&hub, &org, &["case_worker"]).await;
    tests.env("HUB", hub.url.replace("127.0.0.1", "localhost")).env("NAME", name);
    require_passed(tests, async || {}).await;
}
