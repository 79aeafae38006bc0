//! Lists of referrals and one of them, as far as the hub can read it.

use chrono::TimeDelta;
use throughline::{
    access::{Actor, Role},
    kernel::{
        Id,
        id::{ReferralId, StaffId, SystemIds},
        page::Asked,
    },
    referrals::{self, By, Listing, Move, Number, Tray, Whose},
};

use super::visitor::{Visitor, enrolled};
use crate::{
    stories::ledger::act,
    support::{
        Org, TestHub,
        packet::{CANARY, Mechanism},
    },
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
    let waiting =
        sender.get("/sent").await.expect(200).says("Waiting for an answer").says(&path).says("Clinic");
    waiting.does_not_say("Find another service");
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
    // Whoever enrols people is not signed in for so long.
    let (desk, head) =
        (enrolled(hub, clinic, &["intake"]).await, enrolled(hub, harbour, &["administrator"]).await);
    hub.clock.advance(TimeDelta::days(3));
    hub.run_jobs().await;
    let mut sender = Visitor::named(hub, &name).await;
    let late = sender
        .get("/sent")
        .await
        .expect(200)
        .says("<h2>Overdue</h2>")
        .says("No answer since")
        .says("Late by");
    late.says("<a href=\"/find?service=SV07\">Find another service");
    sender.get(&path).await.expect(200).says("href=\"/find?service=SV07\"");
    let mut intake = Visitor::named(hub, &desk).await;
    for page in ["/inbox", &path] {
        intake.get(page).await.expect(200).does_not_say("/find?service=");
    }
    let mut administrator = Visitor::named(hub, &head).await;
    administrator.get("/sent").await.expect(200).says("No answer since").does_not_say("/find?service=");
}

/// Somebody of an organisation: the name to sign in with, and the id.
async fn somebody(hub: &TestHub, org: &Org, roles: &[&str]) -> (String, StaffId) {
    let name = enrolled(hub, org, roles).await;
    let staff = org.get(hub, &format!("/api/v1/organisations/{}/staff", org.id)).await.expect(200).body;
    let them = staff["items"].as_array().unwrap().iter().find(|one| one["name"] == name.as_str()).unwrap();
    let id = them["id"].as_str().unwrap().parse().unwrap();
    (name, id)
}

/// Somebody is referred to the clinic, where somebody takes it on, or nobody does.
async fn referred_and_taken(mechanism: &Mechanism, by: Option<StaffId>) -> ReferralId {
    let Mechanism { hub, clinic, .. } = mechanism;
    let (_person, _certified, sealed, referral) = mechanism.referred().await;
    if let Some(assignee) = by {
        mechanism.clinic_opens(&sealed).await;
        let moved = |number, asked| act(hub, clinic, referral, (By::Intake, number), asked);
        moved(Number::T03, Move::Acknowledge { worker: assignee }).await.expect(200);
        moved(Number::T07, Move::Accept { assignee }).await.expect(200);
    }
    hub.clock.advance(TimeDelta::seconds(1));
    referral
}

#[actix_web::test]
async fn an_inbox_can_be_ones_own_and_says_who_has_what() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (my_name, me) = somebody(hub, clinic, &["intake"]).await;
    let (their_name, them) = somebody(hub, clinic, &["intake"]).await;
    let mine = format!("/referrals/{}", referred_and_taken(&mechanism, Some(me)).await);
    let theirs = format!("/referrals/{}", referred_and_taken(&mechanism, Some(them)).await);
    let free = format!("/referrals/{}", referred_and_taken(&mechanism, None).await);
    let mut intake = Visitor::named(hub, &my_name).await;
    let team = intake.get("/inbox").await.expect(200).says(&mine).says(&theirs).says(&free);
    let team = team.says("href=\"/inbox\" aria-current=\"true\">Of the whole team");
    let team = team.says("<bdi>Yours</bdi>").says("<bdi>Taken</bdi>").does_not_say(&their_name);
    assert_eq!(team.text.matches("<bdi>Yours</bdi>").count(), 1);
    assert_eq!(team.text.matches("<bdi>Taken</bdi>").count(), 1);
    let own = intake.get("/inbox?whose=mine").await.expect(200).says(&mine).says(&free);
    let own = own.does_not_say(&theirs).says("href=\"/inbox?whose=mine\" aria-current=\"true\"");
    let (before, after) = own.text.split_once("Nobody has taken these yet").unwrap();
    assert!(before.contains(&mine) && !before.contains(&free) && after.contains(&free), "{}", own.text);
    // Who manages people knows their names, takes nothing on, and has no list of their own.
    let mut administrator = Visitor::signed_in(hub, clinic, &["administrator"]).await;
    for path in ["/inbox", "/inbox?whose=mine"] {
        let all = administrator.get(path).await.expect(200).says(&mine).says(&theirs).says(&free);
        let all = all.says(&format!("With {their_name}")).says(&format!("With {my_name}"));
        all.does_not_say("whose=mine").does_not_say("<bdi>Yours</bdi>");
    }
    // Who has it is nobody's business elsewhere.
    let sender = Visitor::signed_in(hub, harbour, &["case_worker", "administrator"]).await.get("/sent").await;
    let sender =
        sender.expect(200).says(&mine).does_not_say("<bdi>Taken</bdi>").does_not_say("<bdi>Yours</bdi>");
    sender.does_not_say(&their_name).does_not_say("whose=mine");
    let listed = clinic.get(hub, "/api/v1/referrals?tray=inbox").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    assert!(listed["items"].as_array().unwrap().iter().all(|one| one.get("assignee").is_none()));
    let mut nobody_yet = Visitor::signed_in(hub, clinic, &["intake"]).await;
    nobody_yet
        .get("/inbox?whose=mine")
        .await
        .expect(200)
        .says(&free)
        .does_not_say(&mine)
        .does_not_say(&theirs);
}

#[actix_web::test]
async fn ones_own_inbox_is_read_page_by_page_without_a_gap() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (_name, me) = somebody(hub, clinic, &["intake"]).await;
    let (_name, them) = somebody(hub, clinic, &["intake"]).await;
    let mut taken = Vec::new();
    let mut free = Vec::new();
    for holder in [None, Some(me), Some(them), None, Some(me)] {
        let referral = referred_and_taken(&mechanism, holder).await;
        match holder {
            Some(holder) if holder == me => taken.push(referral),
            Some(_) => {}
            None => free.push(referral),
        }
    }
    let actor = Actor::staff(me, Some(clinic.id), vec![Role::Intake].into());
    for ended in [false, true] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (actor, asked) = (actor.clone(), Asked::new(Some(1), after));
            let listing = Listing { tray: Tray::Inbox, ended, whose: Whose::Of(me) };
            let read = hub.hub.read(move |db| referrals::list_referrals(db, &actor, listing, &asked));
            let page = read.await.unwrap();
            found.extend(page.items.iter().map(|referral| (referral.id, referral.assignee)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let (own, rest) = found.split_at(2);
        assert!(own.iter().all(|(id, holder)| taken.contains(id) && *holder == Some(me)), "{found:?}");
        assert!(rest.iter().all(|(id, holder)| free.contains(id) && holder.is_none()), "{found:?}");
        assert_eq!(rest.len(), free.len(), "{found:?}");
    }
}

#[actix_web::test]
async fn whose_referral_was_declined_is_led_to_others_of_the_kind_and_nothing_of_the_person_goes_along() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (person, _certified, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let moved = |number, asked| act(hub, clinic, referral, (By::Intake, number), asked);
    moved(Number::T03, Move::Acknowledge { worker: Id::new(&SystemIds, hub.now()) }).await.expect(200);
    moved(Number::T09, Move::Decline { reason: "DR01".parse().unwrap(), note: None }).await.expect(200);
    let mut sender = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let path = format!("/referrals/{referral}");
    for page in ["/sent", &path] {
        let shown = sender.get(page).await.expect(200).says("Find another service");
        let ways: Vec<&str> = shown.text.split("href=\"/find?").skip(1).collect();
        let ways: Vec<&str> = ways.iter().map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(ways, ["service=SV07"], "{page}");
        assert!(ways.iter().all(|way| !way.contains(&person.subject.to_string())));
    }
    sender.get("/find?service=SV07").await.expect(200).says("<option value=\"SV07\" selected>");
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
    let shown = shown.says(&format!("/services/{other}")).says(&format!("/referrals/new?service={other}"));
    shown.says("href=\"/find?service=SV07\"");
    sender.get("/sent").await.expect(200).says(&path).does_not_say("/find?service=");
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
