//! What is past its time in an organisation, for whoever runs it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    kernel::{
        Id,
        id::{ReferralId, SystemIds},
    },
    referrals::{By, Move, Number},
};

use super::visitor::{Shown, Visitor, enrolled};
use crate::{
    stories::{destruction::cancelled, ledger::act},
    support::{
        TestHub, listed,
        packet::{CANARY, Mechanism, take_back},
        send,
    },
};

const NOTHING: &str = "Nothing of your organisation is past its time";

/// Who runs the three organisations, by the names they sign in with: whoever enrols them is not signed in for long.
async fn heads(mechanism: &Mechanism) -> [String; 3] {
    let Mechanism { hub, harbour, clinic, lawyers, .. } = mechanism;
    [
        enrolled(hub, harbour, &["administrator"]).await,
        enrolled(hub, clinic, &["administrator"]).await,
        enrolled(hub, lawyers, &["administrator"]).await,
    ]
}

async fn seen_by(hub: &TestHub, name: &str) -> Shown {
    let shown = Visitor::named(hub, name).await.get("/overdue").await.expect(200);
    shown.does_not_say(CANARY).says("aria-current=\"page\"")
}

async fn later(hub: &TestHub, hours: i64) {
    hub.clock.advance(TimeDelta::hours(hours));
    hub.run_jobs().await;
    hub.run_jobs().await;
}

/// A section of the page, up to the next.
fn section<'a>(shown: &'a Shown, heading: &str) -> &'a str {
    let (_, rest) = shown
        .text
        .split_once(&format!("<h2>{heading}</h2>"))
        .unwrap_or_else(|| panic!("{heading}: {}", shown.text));
    rest.split("</section>").next().unwrap()
}

/// Whether a section of the page has a referral, and whom it stands with.
fn has(shown: &Shown, heading: &str, referral: ReferralId, with: &str) {
    leads(shown, heading, &format!("/referrals/{referral}"), with);
}

/// Whether a section of the page leads somewhere, and whom that stands with.
fn leads(shown: &Shown, heading: &str, address: &str, with: &str) {
    let rows = section(shown, heading);
    let row = rows.split("<li>").find(|row| row.contains(&format!("href=\"{address}")));
    let row = row.unwrap_or_else(|| panic!("{heading} has no {address}: {rows}"));
    assert!(
        row.contains(&format!("With: {with}")) && row.contains("Since") && row.contains("Late by"),
        "{row}"
    );
}

/// A referral that the clinic has opened and looked at.
async fn looked_at(mechanism: &Mechanism) -> ReferralId {
    let (_, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let worker = Id::new(&SystemIds, mechanism.hub.now());
    let acknowledge = Move::Acknowledge { worker };
    act(&mechanism.hub, &mechanism.clinic, referral, (By::Intake, Number::T03), acknowledge)
        .await
        .expect(200);
    referral
}

#[actix_web::test]
async fn what_is_late_between_two_organisations_stands_with_both_and_with_no_other() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let names = heads(&mechanism).await;
    for name in &names {
        seen_by(hub, name).await.says("Nothing here").says(NOTHING);
    }
    let (.., silent) = mechanism.referred().await;
    let asked = looked_at(&mechanism).await;
    let ask = Move::Ask { reason: "IX02".parse().unwrap(), note: None };
    act(hub, clinic, asked, (By::Intake, Number::T04), ask).await.expect(200);
    let taken = looked_at(&mechanism).await;
    let accept = Move::Accept { assignee: Id::new(&SystemIds, hub.now()) };
    act(hub, clinic, taken, (By::Intake, Number::T07), accept).await.expect(200);
    let path = format!("/api/v1/referrals/{taken}/person-code");
    let slip = harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let wrong = json!({ "code": slip["code"], "pin": slip["pin"], "kinds": ["danger"] });
    send(hub, None, "POST", "/api/v1/person/correction", &[], Some(&wrong)).await.expect(200);
    let (_, over) = cancelled(&mechanism).await;
    let (person, _, sealed, _) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    take_back(hub, &person, json!({})).await.expect(201);
    for name in &names {
        seen_by(hub, name).await.says(NOTHING);
    }

    let [sender, recipient, other] = &names;
    later(hub, 30).await;
    has(&seen_by(hub, sender).await, "Asked, and not told in time", asked, "Case worker");
    has(&seen_by(hub, recipient).await, "Asked, and not told in time", asked, "Harbour Aid");

    later(hub, 5 * 24).await;
    let sent = seen_by(hub, sender).await.does_not_say(NOTHING);
    has(&sent, "Sent and not answered in time", silent, "Clinic of the Lake");
    has(&sent, "To be put right, as the person asked", taken, "Case worker");
    assert!(!sent.text.contains("danger"), "what is wrong stands where it is answered");
    let taken_back = section(&sent, "To be destroyed");
    assert!(
        taken_back.contains("A consent was taken back") && taken_back.contains("With: Clinic of the Lake")
    );
    assert!(!taken_back.contains(&over.to_string()), "not before its time");
    assert!(!taken_back.contains("/duties/"), "others answer for what they have");
    let received = seen_by(hub, recipient).await;
    has(&received, "Received and not answered in time", silent, "Intake worker");
    let taken_back = section(&received, "To be destroyed");
    assert!(taken_back.contains("With: Data protection"), "{taken_back}");
    leads(&received, "To be destroyed", "/duties/wdr_", "Data protection");
    let theirs = seen_by(hub, other).await.says(NOTHING);
    theirs.does_not_say(&silent.to_string()).does_not_say("A consent was taken back");

    later(hub, 2 * 24 + 6).await;
    let sent = seen_by(hub, sender).await;
    has(&sent, "To be destroyed", over, "Clinic of the Lake");
    has(&sent, "How it goes, or how it ended, was not told in time", taken, "Clinic of the Lake");
    let received = seen_by(hub, recipient).await;
    leads(&received, "To be destroyed", &format!("/duties/{over}"), "Intake worker");
    has(&received, "How it goes, or how it ended, was not told in time", taken, "Intake worker");
    seen_by(hub, other).await.says(NOTHING);
}

#[actix_web::test]
async fn entries_agreements_and_keys_stand_there_from_when_they_are_due_or_end() {
    let mechanism =
        Mechanism::agreeing(|text| text["validity"]["until"] = json!("2026-04-20T00:00:00Z")).await;
    let hub = &mechanism.hub;
    let [sender, recipient, _] = heads(&mechanism).await;
    let apart = hub.org("Shelter of the Hill").await;
    let apart = enrolled(hub, &apart, &["administrator"]).await;
    let agreement = format!("/agreements/{}/1", mechanism.agreed.id);
    let ends = seen_by(hub, &sender).await;
    let row = section(&ends, "Agreements that end or ended");
    assert!(
        row.contains(&agreement) && row.contains("Clinic of the Lake") && row.contains("Ends on"),
        "{row}"
    );
    assert!(row.contains("Ends soon") && !row.contains("Late by"), "{row}");
    seen_by(hub, &apart).await.says(NOTHING);

    later(hub, 55 * 24).await;
    let ended = seen_by(hub, &sender).await;
    let row = section(&ended, "Agreements that end or ended");
    assert!(row.contains(&agreement) && row.contains("Ended on") && row.contains("Late by"), "{row}");

    later(hub, 40 * 24).await;
    let due = seen_by(hub, &recipient).await.does_not_say(&agreement);
    let row = section(&due, "Entries to be checked");
    assert!(row.contains("A service") && row.contains("/edit\"") && row.contains("Due since"), "{row}");
    seen_by(hub, &sender).await.says(NOTHING).does_not_say("A service");
    seen_by(hub, &apart).await.says(NOTHING);

    hub.clock.advance(TimeDelta::days(150));
    let keys = seen_by(hub, &sender).await;
    let row = section(&keys, "Keys that end or ended");
    assert!(row.contains("Key to sign with") && row.contains("href=\"/key/people\""), "{row}");
    assert!(row.contains("Reader key") && row.contains("Ends soon"), "{row}");
}

#[actix_web::test]
async fn what_is_late_is_for_those_who_run_an_organisation_and_read_page_by_page() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    for role in ["case_worker", "intake", "data_protection"] {
        let mut visitor = Visitor::signed_in(&hub, &org, &[role]).await;
        visitor.get("/overdue").await.expect(403);
        visitor.get("/account").await.expect(200).does_not_say("href=\"/overdue\"");
    }
    let name = enrolled(&hub, &org, &["administrator"]).await;
    for number in 10..31 {
        let body = json!({
            "organisation": org.id, "service": "SV07", "name": format!("Clinic {number}"), "description": "Care",
        });
        listed(&hub, &body).await;
    }
    hub.clock.advance(TimeDelta::days(95));
    let mut administrator = Visitor::named(&hub, &name).await;
    administrator.get("/account").await.expect(200).says("href=\"/overdue\"");
    let first = administrator.get("/overdue").await.expect(200).says("href=\"/overdue?list=entries\"");
    assert_eq!(first.text.matches("class=\"title\"").count(), 20);
    let all = administrator.get("/overdue?list=entries").await.expect(200).says("All that is overdue");
    assert_eq!(all.text.matches("class=\"title\"").count(), 21);
    let none = administrator.get("/overdue?list=sent").await.expect(200).says("Nothing here");
    none.says("<a href=\"/overdue\">").does_not_say("Clinic 10").does_not_say(NOTHING);
}
