//! A coordinator at work: a person who signs in, sees where referrals stand and nothing of whom they are about, and is named in the log.

use serde_json::json;
use throughline::{
    access::Role,
    outbox::{self, Event},
};

use super::{
    gateway::{Gateway, hub_behind},
    referral::Story,
};
use crate::support::{TestHub, enrolled_at_node, meddler::Meddler};

const PASSPHRASE: &str = "coordinating four unrelated words";

/// Enrols a person of the node, who chooses a passphrase and keeps it in a file of `desk`.
async fn enrolled(hub: &TestHub, desk: &Gateway, name: &str, role: Role) {
    enrolled_at_node(hub, name, (role, PASSPHRASE)).await;
    std::fs::write(desk.file("seat"), PASSPHRASE).unwrap();
}

#[actix_web::test]
async fn a_coordinator_sees_a_referral_without_the_person_and_has_somebody_look_at_it() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    enrolled(hub, lakeside, "m.tembo", Role::Coordinator).await;
    let seat = format!("--hub {} --as m.tembo --passphrase-file seat", hub.url);
    let run = |words: String| async move { lakeside.run(hub, &format!("referral oversee {words}")).await };

    let shown = run(format!("show {referral} {seat} --json")).await.expect(0).json();
    assert_eq!((&shown["state"], &shown["party"]), (&json!("acknowledged"), &json!(null)));
    let nothing = run(format!("list {seat}")).await.expect(0).out;
    assert!(nothing.contains("Nothing is overdue."), "{nothing}");

    let told = run(format!("escalate {referral} {seat}")).await.expect(0).out;
    assert!(told.contains("escalated"), "{told}");
    let seen = harbour.json(hub, &format!("referral show {referral}")).await;
    let last = seen["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["number"], &last["role"], &last["state"]),
        (&json!("T34"), &json!("coordinator"), &json!("acknowledged"))
    );
    let sessions = hub.logged("members.sign_out").await;
    assert_eq!(sessions.len(), 3, "every run signed out");
}

#[actix_web::test]
async fn a_coordinator_reads_what_the_hub_tells_whoever_oversees_it() {
    let story = Story::new().await;
    let Story { hub, lakeside, .. } = &story;
    enrolled(hub, lakeside, "m.tembo", Role::Coordinator).await;
    let notices = format!("referral oversee notices --hub {} --as m.tembo --passphrase-file seat", hub.url);
    let (_, referral) = story.acknowledged().await;
    hub.clock.advance(chrono::TimeDelta::days(60));
    hub.run_jobs().await;
    // More than a page of them.
    for _ in 0..210 {
        let need = json!({ "need": "canary" });
        let event = Event { topic: "need.recorded", organisation: None, payload: need };
        hub.hub.write("tests.say", &hub.operator(), move |tx| outbox::say(tx, &event)).await.unwrap();
    }
    hub.clock.advance(chrono::TimeDelta::seconds(5));
    let told = lakeside.run(hub, &notices).await.expect(0).out;
    assert!(told.contains("referral.overdue") && told.contains(&format!("referral {referral}")), "{told}");
    assert_eq!(told.matches("need.recorded").count(), 210);
    let rows = lakeside.run(hub, &format!("{notices} --json")).await.expect(0).json();
    assert_eq!(rows[0]["topic"], "member.enrolled", "what was first");
}

#[actix_web::test]
async fn what_answers_and_is_no_hub_does_not_say_that_nothing_is_overdue() {
    let meddler = Meddler::new();
    let story = Story::at(hub_behind(&meddler)).await;
    let Story { hub, lakeside, .. } = &story;
    enrolled(hub, lakeside, "m.tembo", Role::Coordinator).await;
    let list = format!("referral oversee list --hub {} --as m.tembo --passphrase-file seat", hub.url);
    for (wanted, answer) in [("/api/v1/session", json!({})), ("/api/v1/referrals", json!("Please sign in"))] {
        meddler.before(move |method, path| {
            (method != "DELETE" && path.starts_with(wanted)).then(|| (200, answer.clone()))
        });
        let ran = lakeside.run(hub, &list).await;
        assert!(ran.code != 0 && ran.err.contains("hub.not_understood"), "{wanted}: {} {}", ran.out, ran.err);
        assert!(!ran.out.contains("Nothing is overdue"), "{}", ran.out);
        meddler.rest();
    }
}

#[actix_web::test]
async fn an_error_found_late_is_declared_by_the_coordinator_and_by_data_protection() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    enrolled(hub, harbour, "m.tembo", Role::Coordinator).await;
    let oversee = format!("referral oversee declare-error {referral} --hub {} --as m.tembo", hub.url);
    let wrong = format!("{oversee} --passphrase-file seat --reason DR01");
    let refused = harbour.run(hub, &wrong).await.expect(65).err;
    assert!(refused.contains("\n  ER01 "), "{refused}");
    harbour.run(hub, &format!("{oversee} --passphrase-file seat --reason ER01")).await.expect(0);
    assert_eq!(story.state(&referral).await, "acknowledged", "one alone does not undo what was read");
    let ours = format!("referral declare-error {referral} --reason ER01 --data-protection");
    lakeside.run(hub, &ours).await.expect(0);
    assert_eq!(story.state(&referral).await, "entered_in_error");
}

#[actix_web::test]
async fn who_is_no_coordinator_oversees_nothing_and_a_passphrase_is_not_told_in_the_open() {
    let story = Story::new().await;
    let Story { hub, harbour, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    enrolled(hub, harbour, "o.phiri", Role::Operator).await;
    let escalate = |hub: &str, file: &str| {
        format!("referral oversee escalate {referral} --hub {hub} --as o.phiri --passphrase-file {file}")
    };
    let nothing = harbour.run(hub, &escalate(&hub.url, "seat")).await.expect(69).err;
    assert!(nothing.contains("error[access.not_found]"), "{nothing}");
    let wrong = harbour.run(hub, &escalate(&hub.url, "passphrase")).await.expect(77).err;
    assert!(wrong.contains("error[member.sign_in_refused]"), "{wrong}");
    let notices = escalate(&hub.url, "seat").replace(&format!("escalate {referral}"), "notices");
    let forbidden = harbour.run(hub, &notices).await.expect(77).err;
    assert!(forbidden.contains("error[access.forbidden]"), "{forbidden}");
    let open = harbour.run(hub, &escalate("http://hub.example", "seat")).await.expect(65).err;
    assert!(open.contains("error[hub.not_private]"), "{open}");
    assert_eq!(story.state(&referral).await, "acknowledged");
}
