//! Lists of referrals and one of them, as far as the hub can read it.

use chrono::TimeDelta;

use super::visitor::{Visitor, enrolled};
use crate::support::packet::{CANARY, Mechanism};

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
