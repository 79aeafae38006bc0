//! Lists of referrals and one of them, as far as the hub can read it.

use chrono::TimeDelta;
use throughline::{
    kernel::{Id, id::SystemIds},
    referrals::{By, Move, Number},
};

use super::visitor::{Visitor, enrolled};
use crate::{
    stories::ledger::act,
    support::packet::{CANARY, Mechanism},
};

#[actix_web::test]
async fn both_sides_see_a_referral_by_what_is_due_and_nobody_else_does() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let name = enrolled(hub, harbour, &["case_worker"]).await;
    let mut sender = Visitor::named(hub, &name).await;
    sender.get("/sent").await.expect(200).says("Nothing here").says("until everybody knows how they ended");
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let path = format!("/referrals/{referral}");
    sender.get("/sent").await.expect(200).says("Waiting for an answer").says(&path).says("Clinic");
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    let row = intake.get("/inbox").await.expect(200).says(&path).says("Harbour").says("nobody read it yet");
    row.does_not_say("Overdue").does_not_say(CANARY);
    for visitor in [&mut sender, &mut intake] {
        let shown = visitor.get(&path).await.expect(200).says("What the hub can read").says("What happened");
        shown.says("aria-current=\"page\"").does_not_say(CANARY);
    }
    Visitor::signed_in(hub, lawyers, &["case_worker"])
        .await
        .get(&path)
        .await
        .expect(404)
        .says("There is nothing here");
    let mut finder = Visitor::signed_in(hub, harbour, &["data_protection"]).await;
    finder.get("/sent").await.expect(403).says("Your roles do not allow this");
    finder.get("/find").await.expect(200).does_not_say("href=\"/sent\"");
    hub.clock.advance(TimeDelta::days(3));
    hub.run_jobs().await;
    let mut sender = Visitor::named(hub, &name).await;
    sender.get("/sent").await.expect(200).says("<h2>Overdue</h2>").says("No answer since").says("Late by");
}

#[actix_web::test]
async fn the_recipient_names_others_or_writes_sealed_and_the_sender_is_led_to_those_who_were_named() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let other = mechanism.offers(lawyers, "SV07").await.body["id"].as_str().unwrap().to_owned();
    let (_person, _certified, first, referral) = mechanism.referred().await;
    let path = format!("/referrals/{referral}");
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    let shown = intake.get(&path).await.expect(200);
    // Of the same kind, and not one's own; the reason that takes words is there with a place for them, and the question has one.
    let shown =
        shown.says("Name other services").says(&format!("value=\"{other}\"")).says("Advocates of the Bay");
    let shown =
        shown.says("value=\"&#34;DR90&#34;\"").says("data-when=\"DR90\" hidden").says("id=\"ask-note\"");
    shown
        .says("id=\"redirect-search\"")
        .says("\"words_in\":\"CF.need_text\"")
        .does_not_say("Who could help instead</h2>");
    mechanism.clinic_opens(&first).await;
    let moved = |number, asked| act(hub, clinic, referral, (By::Intake, number), asked);
    moved(Number::T03, Move::Acknowledge { worker: Id::new(&SystemIds, hub.now()) }).await.expect(200);
    let to = vec![other.parse().unwrap()];
    moved(Number::T10, Move::Redirect { reason: "DR11".parse().unwrap(), to, note: None }).await.expect(200);
    let mut sender = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let shown = sender.get(&path).await.expect(200).says("Who could help instead</h2>");
    shown.says(&format!("/services/{other}")).says(&format!("/referrals/new?service={other}"));
    intake
        .get(&path)
        .await
        .expect(200)
        .says("Who could help instead</h2>")
        .does_not_say("/referrals/new?service=");
}

#[actix_web::test]
async fn a_question_and_its_answer_are_letters_on_the_page_and_the_answer_is_written_there() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (person, certified, first, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&first).await;
    let by_clinic = |number, asked| act(hub, clinic, referral, (By::Intake, number), asked);
    by_clinic(Number::T03, Move::Acknowledge { worker: Id::new(&SystemIds, hub.now()) }).await.expect(200);
    hub.clock.advance(TimeDelta::seconds(1));
    let draft = || throughline::packets::Draft { referral, ..mechanism.draft(&person, &certified) };
    let (question, response) = mechanism.hand_in(clinic, mechanism.reply(&first, draft())).await;
    response.expect(201);
    let ask = Move::Ask { reason: "IX02".parse().unwrap(), note: Some(question.id) };
    by_clinic(Number::T04, ask).await.expect(200);
    let path = format!("/referrals/{referral}");
    let mut sender = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let shown = sender.get(&path).await.expect(200).says(&question.id.to_string());
    shown.says("data-move=\"answer\"").says("data-when=\"always\"").says("Answer the question");
    hub.clock.advance(TimeDelta::seconds(1));
    let (answer, response) = mechanism.hand_in(harbour, Mechanism::update(&first, draft())).await;
    response.expect(201);
    let answered =
        act(hub, harbour, referral, (By::Sender, Number::T05), Move::Answer { packet: answer.id }).await;
    answered.expect(200);
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    let shown =
        intake.get(&path).await.expect(200).says(&question.id.to_string()).says(&answer.id.to_string());
    shown.does_not_say("data-move=\"answer\"").says("data-move=\"redirect\"");
}

#[actix_web::test]
async fn consent_is_asked_of_a_guardian_and_a_child_and_the_slip_has_a_picture_of_an_address_alone() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let listed = harbour.get(hub, "/api/v1/services?service=SV07").await.expect(200).body;
    let offered = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let mut worker = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let shown = worker.get(&format!("/consents/new?service={offered}")).await.expect(200);
    for mode in ["present_consents", "remote_consents", "unreachable_waiver", "denied"] {
        assert!(shown.text.contains(&format!("name=\"guardian\" value=\"{mode}\"")), "{mode}");
    }
    for said in ["assented", "dissented", "not_sought", "not_capable"] {
        assert!(shown.text.contains(&format!("name=\"assent\" value=\"{said}\"")), "{said}");
    }
    let shown = shown.says("href=\"/find?service=SV15\"").says("D401").says("data-place=\"slip-picture\"");
    let picture = |text: &str| {
        let (_, from) = text.split_once("data-place=\"slip-picture\">").unwrap();
        from.split_once("</div>").unwrap().0.to_owned()
    };
    let compose = worker.get(&format!("/referrals/new?service={offered}")).await.expect(200);
    assert_eq!(picture(&shown.text), picture(&compose.text), "it is of one address, whoever the slip is for");
    assert!(picture(&shown.text).starts_with("<svg ") && picture(&shown.text).len() < 20_000);
}
