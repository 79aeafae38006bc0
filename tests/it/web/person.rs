//! The pages of the person concerned.

use serde_json::Value;
use throughline::referrals::OrganisationNote;

use super::visitor::Visitor;
use crate::support::{TestHub, packet::Mechanism};

#[actix_web::test]
async fn somebody_sees_where_it_stands_rates_and_takes_back_without_an_account() {
    let mechanism = Mechanism::new().await;
    let hub = &mechanism.hub;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = mechanism.harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let (code, pin) = (slip["code"].as_str().unwrap(), slip["pin"].as_str().unwrap());
    let given = [("code", code), ("pin", pin)];
    let mut person = Visitor::new(hub);
    let door = person.get("/my").await.expect(200).says("Nobody asks who you are");
    let door = door.says("the coordinator names who that is");
    assert!(door.text.find("Leave this page").unwrap() < door.text.find("<h1>").unwrap(), "first of all");
    let seen = person.post("/my", &given).await.expect(200).says("It was sent. There is no answer yet.");
    for told in ["clinic", "Harbour", "SV0", "referral", &referral.to_string()] {
        assert!(!seen.text.to_lowercase().contains(&told.to_lowercase()), "a bystander reads {told}");
    }
    let seen = seen.says("the coordinator names who that is");
    assert!(seen.headers.get("set-cookie").is_none());
    person.post("/my/rate", &given).await.expect(200).says("Nobody learns that it was you");
    person.post("/my/rated", &given).await.expect(422).says("Answer one of the questions");
    let said = [given[0], given[1], ("need_met", "4"), ("respectful", "yes")];
    person.post("/my/rated", &said).await.expect(200).says("Thank you").does_not_say("Say how it was");
    person.post("/my/rated", &said).await.expect(200).says("You said how it was before");
    person.post("/my/take-back", &given).await.expect(200).says("No reason is asked");
    person.post("/my/taken-back", &given).await.expect(200).says("Taken back").says("You took it back");
    person.post("/my/taken-back", &given).await.expect(200).says("You took it back");
}

#[actix_web::test]
async fn somebody_says_that_something_is_wrong_and_hears_until_when_and_what_became_of_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_person, _certified, sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let given = [("code", slip["code"].as_str().unwrap()), ("pin", slip["pin"].as_str().unwrap())];
    let mut person = Visitor::new(hub);
    person.post("/my", &given).await.expect(200).says("Say that something about you is wrong");
    let form = person.post("/my/correct", &given).await.expect(200).says("How to reach me");
    // There is nowhere to write.
    form.does_not_say("<textarea").does_not_say("type=\"text\"").says("If you are in danger now");
    person.post("/my/corrected", &given).await.expect(422).says("Choose one thing at least");
    let wrong = [given[0], given[1], ("kind", "reach"), ("kind", "name"), ("kind", "canary")];
    let noted = person.post("/my/corrected", &wrong).await.expect(200).says("Noted.");
    let until = "On 2 March 2026 you said that something is wrong. You hear by 3 March 2026, 09:00 UTC";
    noted.says(until).does_not_say("reach me").does_not_say("My name");
    let unknown = [given[0], given[1], ("kind", "canary")];
    person.post("/my/corrected", &unknown).await.expect(422).says("Choose one thing at least");

    let path = format!("/referrals/{referral}");
    let mut sender = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let shown = sender.get(&path).await.expect(200).says("The person says that something is wrong");
    let shown = shown.says("Name, How they are reached").says("Answer by 3 March 2026");
    let action = shown.text.split("action=\"").find(|rest| rest.starts_with("/referrals/ref_")).unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    let listed = sender.get("/sent").await.expect(200).says("People say that something is wrong");
    listed.says(&format!("{path}#corrections")).says("Answer by 3 March 2026");
    let mut administrator = Visitor::signed_in(hub, harbour, &["administrator"]).await;
    administrator.get("/sent").await.expect(200).does_not_say("People say");
    let seen = administrator.get(&path).await.expect(200).says("The person says that something is wrong");
    seen.does_not_say("/corrections/cor_");
    administrator.post(&action, &[("answer", "put_right")]).await.expect(403);
    sender.post(&action, &[]).await.expect(303);
    sender.get(&path).await.expect(200).says("no answer yet");
    let back = sender.post(&action, &[("answer", "not_reached")]).await.expect(303);
    assert_eq!(back.header("location"), format!("{path}#corrections"));
    person.post("/my", &given).await.expect(200).says("could not reach you");
    sender.post(&action, &[("answer", "put_right")]).await.expect(303);
    sender.get(&path).await.expect(200).says("Answered").does_not_say("/corrections/cor_");
    sender.get("/sent").await.expect(200).does_not_say("People say");
    person.post("/my", &given).await.expect(200).says("It was put right.");

    // Who gets the letter now hears of it, and answers for what they have.
    mechanism.clinic_opens(&sealed).await;
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    intake.get(&path).await.expect(200).says(&action).says("no answer yet");
    person.post("/my", &given).await.expect(200).says("at the latest");
    intake.post(&action, &[("answer", "disputed")]).await.expect(303);
    intake.get(&path).await.expect(200).says("it stays marked as disputed");
    person.post("/my", &given).await.expect(200).says("It stays noted that you see it otherwise.");
}

#[actix_web::test]
async fn somebody_and_those_who_help_leave_sentences_for_each_other_that_tell_a_bystander_nothing() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_person, _certified, sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let given = [("code", slip["code"].as_str().unwrap()), ("pin", slip["pin"].as_str().unwrap())];
    let mut person = Visitor::new(hub);
    let seen = person.post("/my", &given).await.expect(200).says("Leave a note for those who help you");
    seen.does_not_say("Notes for you").does_not_say("You left a note");
    let form = person.post("/my/write", &given).await.expect(200).says("Do not call my number");
    form.does_not_say("<textarea").does_not_say("type=\"text\"").says("If you are in danger now");
    for chosen in [vec![], vec![("kind", "canary-of-a-person")]] {
        let fields = [&given[..], &chosen].concat();
        person.post("/my/written", &fields).await.expect(422).says("Choose one thing at least");
    }
    let warning = [given[0], given[1], ("kind", "do_not_call")];
    let left = person.post("/my/written", &warning).await.expect(200).says("Left. Those who help you");
    let left = left.says("You left a note on 2 March 2026. Nobody has read it yet.");
    left.does_not_say("Do not call").does_not_say("do_not_call");

    let path = format!("/referrals/{referral}");
    let notes = format!("{path}/notes");
    let mut sender = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let listed = sender.get("/sent").await.expect(200).says("People left a note");
    listed.says(&format!("{path}#notes")).says("Do not call their number");
    let shown = sender.get(&path).await.expect(200).says("Do not call the person").says("Not read yet");
    let until = shown.text.split("name=\"until\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut administrator = Visitor::signed_in(hub, harbour, &["administrator"]).await;
    administrator.get("/sent").await.expect(200).does_not_say("People left a note");
    let seen = administrator.get(&path).await.expect(200).says("Do not call the person");
    seen.does_not_say("name=\"until\"").does_not_say(&format!("action=\"{notes}\""));
    administrator.post(&notes, &[("kind", "please_call")]).await.expect(403);
    administrator.post(&format!("{notes}/read"), &[("until", until)]).await.expect(403);
    sender.post(&format!("{notes}/read"), &[]).await.expect(303);
    sender.get("/sent").await.expect(200).says("People left a note");
    let back = sender.post(&format!("{notes}/read"), &[("until", until)]).await.expect(303);
    assert_eq!(back.header("location"), format!("{path}#notes"));
    sender.get("/sent").await.expect(200).does_not_say("People left a note");
    // It was read, and it still warns; whoever gets the letter is warned as well.
    sender.get(&path).await.expect(200).says("Do not call the person").does_not_say("name=\"until\"");
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    intake.get(&path).await.expect(200).does_not_say("Do not call the person").does_not_say(&notes);
    mechanism.clinic_opens(&sealed).await;
    intake.get(&path).await.expect(200).says("Do not call the person");
    intake.get("/inbox").await.expect(200).says("People left a note");

    let come = [("kind", "please_come"), ("day", "2026-03-09")];
    sender.post(&notes, &come).await.expect(303);
    sender.post(&notes, &[("kind", "please_come"), ("day", "canary-of-a-day")]).await.expect(422);
    // The field for the day stands there for every sentence.
    intake.post(&notes, &[("kind", "bring_papers"), ("day", "2026-03-09")]).await.expect(303);
    let found =
        person.post("/my", &given).await.expect(200).says("You left a note on 2 March 2026. It was read.");
    let found = found.says("<b>Please come on 9 March 2026.</b>").says("Left on 2 March 2026");
    let found = found.says("<b>When you come, bring the documents you were asked for.</b>");
    for told in ["clinic", "Harbour", "SV0", "referral", "migra", &referral.to_string()] {
        assert!(!found.text.to_lowercase().contains(&told.to_lowercase()), "a bystander reads {told}");
    }
    person
        .post("/my", &given)
        .await
        .expect(200)
        .says("Please come on 9 March 2026.")
        .does_not_say("<b>Please");
    let shown = sender.get(&path).await.expect(200).says("Please come on 9 March 2026");
    shown.does_not_say("Bring the documents that we asked for</h3>");

    hub.clock.advance(chrono::TimeDelta::seconds(1));
    let talk = [given[0], given[1], ("kind", "want_to_talk")];
    person.post("/my/written", &talk).await.expect(200);
    sender.get(&path).await.expect(200).says("Do not call the person").says("Wants to talk to somebody");
    let call = [given[0], given[1], ("kind", "call_me")];
    person.post("/my/written", &call).await.expect(200);
    for side in [&mut sender, &mut intake] {
        side.get(&path).await.expect(200).says("Their number can be called").does_not_say("Do not call");
    }
}

#[actix_web::test]
async fn a_full_mailbox_is_under_ten_kilobytes_as_well() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_person, _certified, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    for org in [harbour, clinic] {
        for kind in OrganisationNote::ALL.map(OrganisationNote::name) {
            let left = serde_json::json!({ "kind": kind });
            org.post(hub, &format!("/api/v1/referrals/{referral}/notes"), &left).await.expect(204);
        }
    }
    let given = [("code", slip["code"].as_str().unwrap()), ("pin", slip["pin"].as_str().unwrap())];
    for language in ["en", "fr", "es", "ar"] {
        let mut person = Visitor::new(hub);
        let headers = [("accept-language", language), ("sec-fetch-site", "same-origin")];
        let shown = person.post_with(&headers, "/my", &given).await.expect(200);
        assert_eq!(shown.text.matches("class=\"meta\"").count(), 10, "{}", shown.text);
        let style = shown.text.split('"').find(|part| part.starts_with("/assets/")).unwrap();
        let style = person.get_with(style, &[("accept-encoding", "gzip")]).await;
        assert!(shown.bytes + style.bytes <= 10_000, "{language}: {} and {}", shown.bytes, style.bytes);
    }
}

#[actix_web::test]
async fn a_consent_is_taken_back_by_the_code_on_its_slip_alone() {
    let mechanism = Mechanism::new().await;
    let hub = &mechanism.hub;
    let (consented, ..) = mechanism.referred().await;
    let mut person = Visitor::new(hub);
    person.get("/my").await.expect(200).says("leave it empty");
    let given = [("code", consented.code.as_str()), ("pin", "")];
    // Whether there is such a consent is told to nobody who does not take it back.
    let asked =
        person.post("/my", &given).await.expect(200).says("No reason is asked").says("/my/taken-back");
    let made_up = [("code", "QQQQ-QQQQ-QQQQ-QQQQ"), ("pin", "")];
    let other = person.post("/my", &made_up).await.expect(200);
    assert_eq!(asked.text.replace(given[0].1, ""), other.text.replace(made_up[0].1, ""));
    person.post("/my/taken-back", &made_up).await.expect(401).says("do not open anything");
    person.post("/my/taken-back", &given).await.expect(200).says("Taken back. Nothing more is passed on.");
    let listed = mechanism.harbour.get(hub, "/api/v1/withdrawals").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    person.post("/my/taken-back", &given).await.expect(200).says("Taken back");
    let with_pin = [given[0], ("pin", "123456")];
    person.post("/my", &with_pin).await.expect(401).says("do not open anything");
}

#[actix_web::test]
async fn a_wrong_code_a_wrong_pin_and_nonsense_look_the_same() {
    let mechanism = Mechanism::new().await;
    let hub = &mechanism.hub;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = mechanism.harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let code = slip["code"].as_str().unwrap();
    let mut texts = Vec::new();
    for (code, pin) in [(code, "000000"), ("4K7QX-9M2PC", "493827"), ("canary", "canary")] {
        let shown = Visitor::new(hub).post("/my", &[("code", code), ("pin", pin)]).await.expect(401);
        texts.push(shown.says("do not open anything").text.replace(code, ""));
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    for path in ["/my/taken-back", "/my/corrected", "/my/written", "/my/rated"] {
        let kind = if path == "/my/written" { "am_well" } else { "name" };
        let given = [("code", code), ("pin", "000000"), ("need_met", "1"), ("kind", kind)];
        Visitor::new(hub).post(path, &given).await.expect(401).says("do not open anything");
    }
}

#[actix_web::test]
async fn somebody_who_wants_to_complain_is_led_to_a_body_that_is_no_member() {
    let hub = TestHub::with(&[
        ("COMPLAINTS__NAME", "Citizens’ Desk <b>"),
        ("COMPLAINTS__TELEPHONE", "+260 (211) 000-000"),
        ("COMPLAINTS__ADDRESS", "1 High Street, Lusaka"),
    ]);
    let mut person = Visitor::new(&hub);
    let door = person.get("/my").await.expect(200).says("Citizens’ Desk &#60;b&#62;");
    let door = door.says("href=\"tel:+260211000000\"").says("+260 (211) 000-000").says("1 High Street");
    let door = door.does_not_say("the coordinator names");
    assert!(door.text.find("Leave this page").unwrap() < door.text.find("Citizens").unwrap());
    let refused = person.post("/my", &[("code", "canary"), ("pin", "canary")]).await.expect(401);
    refused.says("Citizens’ Desk");
    person.get("/language/ar?then=%2Fmy").await.expect(303);
    person.get("/my").await.expect(200).says("تقديم شكوى").says("<bdi>+260");
}

#[actix_web::test]
async fn the_pages_of_the_person_are_under_ten_kilobytes_and_have_no_script() {
    let hub = TestHub::new();
    for language in ["en", "fr", "es", "ar"] {
        let mut person = Visitor::new(&hub);
        let (speaks, unpacks) = (("accept-language", language), ("accept-encoding", "gzip"));
        let door = person.get_with("/my", &[speaks]).await.expect(200);
        assert!(!door.text.contains("<script") && !door.text.contains("Throughline"), "{}", door.text);
        let style = door.text.split('"').find(|part| part.starts_with("/assets/")).unwrap().to_owned();
        let (door, style) =
            (person.get_with("/my", &[speaks, unpacks]).await, person.get_with(&style, &[unpacks]).await);
        assert!(door.bytes + style.bytes <= 10_000, "{language}: {} and {}", door.bytes, style.bytes);
        // Never packed, because it holds a code.
        let given = [("code", "4K7QX-9M2PC"), ("pin", "493827")];
        let headers = [speaks, ("sec-fetch-site", "same-origin")];
        for path in ["/my/correct", "/my/write"] {
            let asked = person.post_with(&headers, path, &given).await.expect(200);
            assert!(!asked.text.contains("<script"), "{}", asked.text);
            assert!(asked.bytes + style.bytes <= 10_000, "{language}: {} and {}", asked.bytes, style.bytes);
        }
    }
}
