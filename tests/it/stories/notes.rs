//! What a person and the organisations of their referral leave for each other: who hears of it, what stands for how long, and what is told nowhere.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role},
    kernel::{
        Id,
        id::{ReferralId, SystemIds},
    },
    packets::Draft,
    referrals::{self, By, Move, Number, UnreadNote},
};

use super::{destruction::cancelled, ledger::act};
use crate::support::{Org, Response, TestHub, packet::Mechanism, send};

/// What the person got for a referral.
async fn slip(mechanism: &Mechanism, referral: ReferralId) -> Value {
    let path = format!("/api/v1/referrals/{referral}/person-code");
    mechanism.harbour.post(&mechanism.hub, &path, &Value::Null).await.expect(201).body
}

async fn says(hub: &TestHub, slip: &Value, kind: &str) -> Response {
    let body = json!({ "code": slip["code"], "pin": slip["pin"], "kind": kind });
    send(hub, None, "POST", "/api/v1/person/note", &[], Some(&body)).await
}

async fn looks(hub: &TestHub, slip: &Value) -> Value {
    let body = json!({ "code": slip["code"], "pin": slip["pin"] });
    send(hub, None, "POST", "/api/v1/person/status", &[], Some(&body)).await.expect(200).body
}

async fn leaves(hub: &TestHub, org: &Org, referral: ReferralId, note: Value) -> Response {
    org.post(hub, &format!("/api/v1/referrals/{referral}/notes"), &note).await
}

async fn mailbox(hub: &TestHub, org: &Org, referral: ReferralId) -> Value {
    org.get(hub, &format!("/api/v1/referrals/{referral}/notes")).await.expect(200).body
}

/// Says that all that was left until now was read.
async fn reads(hub: &TestHub, org: &Org, referral: ReferralId) {
    let until = json!({ "until": hub.now().to_string() });
    org.post(hub, &format!("/api/v1/referrals/{referral}/notes/read"), &until).await.expect(204);
}

/// Which sentences stand in a list, the newest first.
fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|note| note["kind"].as_str().unwrap()).collect()
}

async fn unread(hub: &TestHub, org: &Org) -> Vec<UnreadNote> {
    let worker = Actor::staff(Id::new(&SystemIds, hub.now()), Some(org.id), vec![Role::CaseWorker].into());
    hub.hub.read(move |db| referrals::unread_notes(db, &worker, 50)).await.unwrap()
}

async fn later(mechanism: &mut Mechanism, span: TimeDelta) {
    mechanism.hub.clock.advance(span);
    mechanism.hub.run_jobs().await;
    mechanism.hub.run_jobs().await;
    for org in [&mut mechanism.harbour, &mut mechanism.clinic, &mut mechanism.lawyers] {
        org.sign_in(&mechanism.hub).await;
    }
}

#[actix_web::test]
async fn what_a_person_leaves_reaches_whoever_holds_something_and_they_hear_that_it_was_read() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (_, _, sealed, referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    assert_eq!(looks(hub, &slip).await.get("last_left"), None);
    let seen = says(hub, &slip, "want_to_talk").await.expect(200).body;
    assert_eq!(seen["last_left"], json!({ "left": "2026-03-02T09:00:00Z", "was_read": false }));
    assert!(!seen.to_string().contains("want_to_talk"), "a bystander does not read what it was: {seen}");
    let found = mailbox(hub, harbour, referral).await;
    assert_eq!((kinds(&found["from_person"]), &found["can_leave"]), (vec!["want_to_talk"], &json!(true)));
    let nothing = json!({ "from_person": [], "for_person": [], "can_leave": false });
    assert_eq!(mailbox(hub, clinic, referral).await, nothing, "it has no letter yet");
    lawyers.get(hub, &format!("/api/v1/referrals/{referral}/notes")).await.expect(404);

    mechanism.clinic_opens(&sealed).await;
    assert_eq!(kinds(&mailbox(hub, clinic, referral).await["from_person"]), ["want_to_talk"]);
    assert_eq!((unread(hub, harbour).await.len(), unread(hub, clinic).await.len()), (1, 1));
    reads(hub, harbour, referral).await;
    assert_eq!(looks(hub, &slip).await["last_left"]["was_read"], true);
    assert_eq!(
        (unread(hub, harbour).await.len(), unread(hub, clinic).await.len()),
        (0, 1),
        "each for itself"
    );
    // Left again, it counts from then on.
    hub.clock.advance(TimeDelta::seconds(1));
    says(hub, &slip, "want_to_talk").await.expect(200);
    let found = mailbox(hub, harbour, referral).await;
    assert_eq!((found["from_person"].as_array().unwrap().len(), unread(hub, harbour).await.len()), (1, 1));
    assert_eq!(looks(hub, &slip).await["last_left"]["was_read"], false);
}

#[actix_web::test]
async fn what_is_left_meanwhile_does_not_count_as_read() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let (.., referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    says(hub, &slip, "will_come").await.expect(200);
    let shown = json!({ "until": mailbox(hub, harbour, referral).await["from_person"][0]["left"] });
    hub.clock.advance(TimeDelta::seconds(1));
    says(hub, &slip, "cannot_come").await.expect(200);
    harbour.post(hub, &format!("/api/v1/referrals/{referral}/notes/read"), &shown).await.expect(204);
    let found = mailbox(hub, harbour, referral).await;
    assert_eq!(kinds(&found["from_person"]), ["cannot_come"], "it takes the place of what it contradicts");
    assert_eq!(found["from_person"][0].get("read"), None);
}

#[actix_web::test]
async fn what_an_organisation_leaves_is_new_to_the_person_once_and_theirs_alone() {
    let mut mechanism = Mechanism::new().await;
    let (_, _, sealed, referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    {
        let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
        let come = json!({ "kind": "please_come", "day": "2026-03-09" });
        leaves(hub, harbour, referral, come).await.expect(204);
        let left = json!({ "kind": "please_come", "day": "2026-03-09", "left": "2026-03-02T09:00:00Z" });
        assert_eq!(mailbox(hub, harbour, referral).await["for_person"], json!([left]));
        assert_eq!(looks(hub, &slip).await["notes"], json!([left]), "it is new");
        let known = looks(hub, &slip).await["notes"][0].clone();
        assert_eq!((&known["kind"], &known["read"]), (&left["kind"], &left["left"]), "and stays there");
        assert_eq!(mailbox(hub, harbour, referral).await["for_person"], json!([known]));

        let refused = leaves(hub, clinic, referral, json!({ "kind": "please_call" })).await.expect(422);
        assert_eq!(refused.code(), "referral.holds_nothing");
        mechanism.clinic_opens(&sealed).await;
        hub.clock.advance(TimeDelta::seconds(1));
        leaves(hub, clinic, referral, json!({ "kind": "please_call" })).await.expect(204);
        let for_person = async |org| mailbox(hub, org, referral).await["for_person"].clone();
        assert_eq!(kinds(&for_person(clinic).await), ["please_call"]);
        assert_eq!(
            kinds(&for_person(harbour).await),
            ["please_come"],
            "what the other one left is not shown"
        );
        assert_eq!(kinds(&looks(hub, &slip).await["notes"]), ["please_call", "please_come"]);
        // It takes the place of what it contradicts, of one's own alone.
        hub.clock.advance(TimeDelta::seconds(1));
        leaves(hub, clinic, referral, json!({ "kind": "do_not_come" })).await.expect(204);
        assert_eq!(kinds(&for_person(harbour).await), ["please_come"]);
        leaves(hub, harbour, referral, json!({ "kind": "do_not_come" })).await.expect(204);
        assert_eq!(kinds(&for_person(harbour).await), ["do_not_come"]);
        leaves(hub, lawyers, referral, json!({ "kind": "please_call" })).await.expect(404);
        for wrong in [
            json!({ "kind": "please_call", "day": "2026-03-09" }),
            json!({ "kind": "please_come", "day": "2026-02-27" }),
            json!({ "kind": "please_come", "day": "2027-06-01" }),
        ] {
            let refused = leaves(hub, harbour, referral, wrong).await.expect(422);
            assert_eq!(refused.code(), "referral.note_day");
        }
        let words = json!({ "kind": "please_call", "words": "canary-words-of-a-worker" });
        assert_eq!(leaves(hub, harbour, referral, words).await.status / 100, 4);
    }
    mechanism.harbour.sign_in_only_as(&mechanism.hub, Role::Administrator).await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let refused = leaves(hub, harbour, referral, json!({ "kind": "please_call" })).await.expect(403);
    assert_eq!(refused.code(), "access.forbidden");
    assert_eq!(mailbox(hub, harbour, referral).await["can_leave"], false);
}

#[actix_web::test]
async fn that_a_number_must_not_be_called_stays_until_the_person_says_that_it_can() {
    let mut mechanism = Mechanism::new().await;
    let (_, _, sealed, referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    says(&mechanism.hub, &slip, "do_not_call").await.expect(200);
    mechanism.clinic_opens(&sealed).await;
    {
        let Mechanism { hub, harbour, clinic, .. } = &mechanism;
        for org in [harbour, clinic] {
            reads(hub, org, referral).await;
        }
        hub.clock.advance(TimeDelta::seconds(1));
        says(hub, &slip, "want_to_talk").await.expect(200);
        reads(hub, harbour, referral).await;
        let come = json!({ "kind": "please_come", "day": "2026-04-20" });
        leaves(hub, harbour, referral, come).await.expect(204);
        looks(hub, &slip).await;
    }
    later(&mut mechanism, TimeDelta::days(29)).await;
    let found = mailbox(&mechanism.hub, &mechanism.harbour, referral).await;
    assert_eq!(kinds(&found["from_person"]), ["want_to_talk", "do_not_call"], "not a day early");
    later(&mut mechanism, TimeDelta::days(2)).await;
    {
        let Mechanism { hub, harbour, clinic, .. } = &mechanism;
        let (ours, theirs) = (mailbox(hub, harbour, referral).await, mailbox(hub, clinic, referral).await);
        assert_eq!(kinds(&ours["from_person"]), ["do_not_call"], "what was read goes, but not the warning");
        assert_eq!(kinds(&theirs["from_person"]), ["want_to_talk", "do_not_call"], "nobody read it there");
        assert_eq!(kinds(&ours["for_person"]), ["please_come"], "its day is still to come");
    }
    later(&mut mechanism, TimeDelta::days(20)).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    assert_eq!(mailbox(hub, harbour, referral).await["for_person"], json!([]));
    says(hub, &slip, "call_me").await.expect(200);
    for org in [harbour, clinic] {
        let found = mailbox(hub, org, referral).await;
        assert!(!kinds(&found["from_person"]).contains(&"do_not_call"), "{found}");
    }
}

#[actix_web::test]
async fn what_was_read_and_went_does_not_come_back_with_another_letter() {
    let mut mechanism = Mechanism::new().await;
    let (person, certified, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let slip = slip(&mechanism, referral).await;
    {
        let Mechanism { hub, clinic, .. } = &mechanism;
        let by_clinic = |number, asked| act(hub, clinic, referral, (By::Intake, number), asked);
        let worker = Id::new(&SystemIds, hub.now());
        by_clinic(Number::T03, Move::Acknowledge { worker }).await.expect(200);
        let assignee = Id::new(&SystemIds, hub.now());
        by_clinic(Number::T07, Move::Accept { assignee }).await.expect(200);
        for kind in ["want_to_talk", "do_not_call"] {
            says(hub, &slip, kind).await.expect(200);
        }
        reads(hub, clinic, referral).await;
    }
    later(&mut mechanism, TimeDelta::days(31)).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    assert_eq!(kinds(&mailbox(hub, clinic, referral).await["from_person"]), ["do_not_call"]);
    let draft = Draft { referral, ..mechanism.draft(&person, &certified) };
    let (more, response) = mechanism.hand_in(harbour, Mechanism::update(&sealed, draft)).await;
    response.expect(201);
    mechanism.clinic_opens(&more).await;
    assert_eq!(kinds(&mailbox(hub, clinic, referral).await["from_person"]), ["do_not_call"]);
    assert_eq!(unread(hub, clinic).await, []);
    assert_eq!(unread(hub, harbour).await.len(), 2, "nobody read it there");
}

#[actix_web::test]
async fn who_gets_nothing_more_of_a_person_leaves_them_nothing_either() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let slip = slip(&mechanism, referral).await;
    assert_eq!(mailbox(hub, clinic, referral).await["can_leave"], true);
    let body = json!({ "code": slip["code"], "pin": slip["pin"] });
    send(hub, None, "POST", "/api/v1/person/withdrawal", &[], Some(&body)).await.expect(200);
    assert_eq!(mailbox(hub, clinic, referral).await["can_leave"], false);
    let refused = leaves(hub, clinic, referral, json!({ "kind": "please_call" })).await.expect(422);
    assert_eq!(refused.code(), "referral.holds_nothing");
    leaves(hub, harbour, referral, json!({ "kind": "please_call" })).await.expect(204);
    // As long as it has the number, it hears that it must not be called.
    says(hub, &slip, "do_not_call").await.expect(200);
    says(hub, &slip, "have_moved").await.expect(200);
    assert_eq!(kinds(&mailbox(hub, clinic, referral).await["from_person"]), ["do_not_call"]);
    assert_eq!(kinds(&mailbox(hub, harbour, referral).await["from_person"]), ["do_not_call", "have_moved"]);
    // And that it can be called again takes the warning away there too.
    says(hub, &slip, "call_me").await.expect(200);
    assert_eq!(mailbox(hub, clinic, referral).await["from_person"], json!([]));
}

#[actix_web::test]
async fn a_wrong_pin_leaves_nothing_and_neither_do_words() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let (.., referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    let pin = if slip["pin"] == "000000" { "000001" } else { "000000" };
    let knocked = says(hub, &json!({ "code": slip["code"], "pin": pin }), "am_well").await;
    let made_up = says(hub, &json!({ "code": "4K7QX-9M2PC", "pin": "493827" }), "am_well").await;
    for refused in [knocked, made_up] {
        assert_eq!(refused.expect(401).code(), "feedback.not_opened");
    }
    assert_eq!(says(hub, &slip, "canary-words-of-a-person").await.status / 100, 4);
    assert_eq!(mailbox(hub, harbour, referral).await["from_person"], json!([]));
}

#[actix_web::test]
async fn which_sentence_it_is_stands_in_no_notice_and_not_in_the_log() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_, _, sealed, referral) = mechanism.referred().await;
    let slip = slip(&mechanism, referral).await;
    // Of what nobody has read yet nobody is told twice.
    for _ in 0..2 {
        says(hub, &slip, "nobody_called").await.expect(200);
    }
    mechanism.clinic_opens(&sealed).await;
    leaves(hub, harbour, referral, json!({ "kind": "number_changed" })).await.expect(204);
    for org in [harbour, clinic] {
        let told = org.told(hub, "referral.note_left").await;
        assert_eq!(told, [json!({ "referral": referral })], "a message outlives the referral");
        let notices = org.get(hub, "/api/v1/notices?limit=200").await.expect(200).body.to_string();
        assert!(!notices.contains("nobody_called") && !notices.contains("number_changed"), "{notices}");
    }
    let (theirs, ours) = (hub.logged("feedback.leave_note").await, hub.logged("referrals.leave_note").await);
    assert_eq!((theirs.len(), ours.len()), (2, 1), "that there was something, and by whom");
    assert_eq!((theirs[0].organisation, ours[0].organisation), (None, Some(harbour.id)));
    for entry in theirs.iter().chain(&ours) {
        let entry = format!("{entry:?}");
        assert!(!entry.contains("nobody_called") && !entry.contains("number_changed"), "{entry}");
    }
}

#[actix_web::test]
async fn what_was_left_is_forgotten_with_the_referral() {
    let mut mechanism = Mechanism::new().await;
    let (_, referral) = cancelled(&mechanism).await;
    let slip = slip(&mechanism, referral).await;
    says(&mechanism.hub, &slip, "do_not_call").await.expect(200);
    for org in [&mechanism.harbour, &mechanism.clinic] {
        assert_eq!(unread(&mechanism.hub, org).await.len(), 1);
    }
    later(&mut mechanism, TimeDelta::days(731)).await;
    for org in [&mechanism.harbour, &mechanism.clinic] {
        assert_eq!(unread(&mechanism.hub, org).await, []);
        let gone = org.get(&mechanism.hub, &format!("/api/v1/referrals/{referral}/notes")).await.expect(404);
        assert_eq!(gone.code(), "referral.forgotten");
    }
}
