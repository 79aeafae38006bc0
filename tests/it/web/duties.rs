//! What must be destroyed, answered on a page by an organisation that has nothing but browsers.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role},
    kernel::{
        Id,
        id::{ReferralId, SystemIds},
        page::Asked,
    },
    policy::Policy,
    referrals,
};

use super::visitor::{PASSPHRASE, Shown, Visitor, enrolled};
use crate::{
    stories::destruction::cancelled,
    support::{
        Org, TestHub, enrolled_at_node,
        packet::{CANARY, Mechanism, take_back},
    },
};

const HEARD: [(&str, &str); 1] = [("said", "acknowledged")];
const DESTROYED: [(&str, &str); 1] = [("said", "destroyed")];

fn kept<'a>(exception: &'a str, until: &'a str) -> [(&'static str, &'a str); 3] {
    [("said", "kept"), ("exception", exception), ("until", until)]
}

/// A person takes back of what the clinic opened: where the clinic answers, and the referral.
async fn taken_back(mechanism: &Mechanism, extent: Value) -> (String, ReferralId) {
    let (person, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let heard = take_back(&mechanism.hub, &person, extent).await.expect(201).body;
    (format!("/duties/{}", heard["withdrawal"].as_str().unwrap()), referral)
}

/// A withdrawal as an organisation sees it.
async fn withdrawal(hub: &TestHub, by: &Org, address: &str) -> Value {
    let id = address.strip_prefix("/duties/").unwrap();
    by.get(hub, &format!("/api/v1/withdrawals/{id}")).await.expect(200).body
}

/// What stands on a page before something else does.
#[track_caller]
fn stands_before(shown: &Shown, first: &str, then: &str) {
    let at = |text: &str| shown.text.find(text).unwrap_or_else(|| panic!("no {text} in: {}", shown.text));
    assert!(at(first) < at(then), "{first} after {then}");
}

async fn answered(visitor: &mut Visitor, address: &str, fields: &[(&str, &str)]) {
    let sent_on = visitor.post(address, fields).await.expect(303);
    assert_eq!(sent_on.header("location"), format!("/duties?done={}", fields[0].1));
}

#[actix_web::test]
async fn each_answer_is_what_the_sender_sees_and_the_last_one_closes_the_withdrawal() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    let empty = intake.get("/duties").await.expect(200).says("Nothing is to be destroyed");
    empty.says("<a href=\"/duties\" aria-current=\"page\">");
    let (_, over) = cancelled(&mechanism).await;
    let (address, referral) = taken_back(&mechanism, json!({})).await;
    let ended = format!("/duties/{over}");

    let listed = intake.get("/duties").await.expect(200).does_not_say("Nothing is to be destroyed");
    let listed = listed.says("A person took back everything they had agreed to").says("A referral is over");
    let listed = listed.says("From Harbour Aid").says("Answer by 5 March 2026, 09:00 UTC");
    let listed =
        listed.says("Everything must go that came with this consent").says("On paper and in your own");
    let listed = listed.says("Stop reading it").does_not_say(CANARY);
    stands_before(&listed, &format!("href=\"{address}\""), &format!("href=\"{ended}\""));
    let one = intake.get(&address).await.expect(200).says(&format!("href=\"/referrals/{referral}\""));
    one.does_not_say(&over.to_string()).says("<details class=\"no-print\" open>").says("We have heard it");

    for _twice in 0..2 {
        answered(&mut intake, &address, &HEARD).await;
    }
    let told = intake.get("/duties?done=acknowledged").await.expect(200);
    told.says("It is noted that your organisation heard it")
        .says("said on 2 March 2026, 09:00 UTC that it heard it");
    intake.get(&address).await.expect(200).does_not_say("We have heard it").says("It is destroyed");
    let seen = withdrawal(hub, harbour, &address).await;
    assert!(seen["holders"][0]["acknowledged"].is_string() && seen["closed"].is_null(), "{seen}");

    for _twice in 0..2 {
        answered(&mut intake, &address, &DESTROYED).await;
    }
    let seen = withdrawal(hub, harbour, &address).await;
    assert_eq!(seen["holders"][0]["answer"], "destroyed");
    assert!(seen["closed"].is_string(), "{seen}");
    let done =
        intake.get(&address).await.expect(200).says("stated on 2 March 2026, 09:00 UTC that it is destroyed");
    done.does_not_say("name=\"said\"");
    let late = intake.post(&address, &kept("WX1", "2026-06-01")).await.expect(409);
    late.says("Error:").says("It was answered in between").does_not_say("name=\"said\"");
    intake.get("/duties").await.expect(200).does_not_say(&address).says(&ended);

    answered(&mut intake, &ended, &kept("WX5", "2026-06-01")).await;
    let seen = mechanism.seen(harbour, over).await["destruction"].clone();
    assert_eq!(
        (&seen["answer"], &seen["exception"], &seen["kept_until"]),
        (&json!("kept"), &json!("WX5"), &json!("2026-06-01T00:00:00Z"))
    );
    let keeps = intake.get("/duties").await.expect(200).says("Kept until 1 June 2026");
    let keeps = keeps.says("The reason: It is part of a child-protection file");
    keeps.says("value=\"destroyed\"").does_not_say("value=\"kept\"").does_not_say("value=\"acknowledged\"");
    answered(&mut intake, &ended, &DESTROYED).await;
    assert_eq!(mechanism.seen(harbour, over).await["destruction"]["answer"], "destroyed");
    intake.get("/duties").await.expect(200).says("Nothing is to be destroyed");
    assert_eq!(harbour.told(hub, "consent.withdrawal_answered").await.len(), 2, "each answer once");
    assert_eq!(harbour.told(hub, "referral.destruction_answered").await.len(), 2);
}

#[actix_web::test]
async fn what_is_wrong_is_said_at_its_field_and_what_was_filled_in_stays() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let mut officer = Visitor::signed_in(hub, clinic, &["data_protection"]).await;
    let (address, _) = taken_back(&mechanism, json!({})).await;
    let id = address.strip_prefix("/duties/").unwrap().to_owned();
    let form = officer.get(&address).await.expect(200);
    form.says("min=\"2026-03-03\"").says("max=\"2036-03-01\"").says("A law demands that it is kept");

    let nothing = officer.post(&address, &[("said", "kept")]).await.expect(422).says("Error:");
    let nothing = nothing.says("Choose why it must be kept.").says("Say until which day it is kept.");
    nothing
        .says(&format!("href=\"#{id}-exception\""))
        .says(&format!("id=\"{id}-until-e\""))
        .says("aria-invalid=\"true\"");
    let made_up = officer.post(&address, &kept("WX9", "2026-06-01")).await.expect(422);
    made_up
        .says("Choose why it must be kept.")
        .says("value=\"2026-06-01\"")
        .does_not_say(&format!("{id}-until-e"));
    for day in ["2026-03-02", "2036-03-02", "1999-01-01"] {
        let out = officer.post(&address, &kept("WX3", day)).await.expect(422);
        let out =
            out.says("Choose a day from 3 March 2026 to 1 March 2036.").says(&format!("value=\"{day}\""));
        out.says("value=\"WX3\" checked").says(&format!("href=\"#{id}-until\""));
    }
    let unclear = officer.post(&address, &[("said", "perhaps")]).await.expect(303);
    assert_eq!(unclear.header("location"), address);
    let seen = withdrawal(hub, harbour, &address).await;
    assert!(seen["holders"][0]["acknowledged"].is_null() && seen["holders"][0]["answer"].is_null(), "{seen}");

    answered(&mut officer, &address, &kept("WX3", "2036-03-01")).await;
    answered(&mut officer, &address, &kept("WX3", "2036-03-01")).await;
    let seen = withdrawal(hub, harbour, &address).await;
    assert_eq!(seen["holders"][0]["kept_until"], "2036-03-01T00:00:00Z");
    assert!(seen["closed"].is_string(), "an exception is an answer: {seen}");
    let other = officer.post(&address, &kept("WX2", "2030-01-01")).await.expect(409);
    other.says("It was answered in between").says("Kept until 1 March 2036").says("value=\"destroyed\"");
}

#[actix_web::test]
async fn what_was_taken_back_of_it_is_called_as_the_policy_calls_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    let part = json!({ "categories": ["K14"], "fields": ["CF.phone"] });
    let (address, referral) = taken_back(&mechanism, part).await;
    let policy = Policy::builtin();
    let kind = &policy.category(&"K14".parse().unwrap()).unwrap().label;
    let field = &policy.field(&"CF.phone".parse().unwrap()).unwrap().label;
    let shown = intake.get(&address).await.expect(200).says("A person took back a part");
    let shown = shown.says(&format!("These kinds of data must go: {kind}"));
    let shown =
        shown.says(&format!("These details must go: {field}")).says(&format!("/referrals/{referral}"));
    shown.does_not_say("Everything must go");
    let (whole, _) = taken_back(&mechanism, json!({ "recipient": clinic.id })).await;
    let shown =
        intake.get(&whole).await.expect(200).says("A person took back what your organisation may have");
    shown.says("Everything must go that came with this consent");
    let (purpose, _) = taken_back(&mechanism, json!({ "purpose": "P01" })).await;
    let label = &policy.purpose(&"P01".parse().unwrap()).unwrap().label;
    let shown = intake.get(&purpose).await.expect(200).says("A person took back a part");
    shown.says(&format!("What you have for this purpose must go: {label}"));
}

#[actix_web::test]
async fn nobody_sees_or_answers_what_another_organisation_owes() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (address, _) = taken_back(&mechanism, json!({})).await;
    let (_, over) = cancelled(&mechanism).await;
    let ended = format!("/duties/{over}");
    for other in [harbour, lawyers] {
        let mut visitor = Visitor::signed_in(hub, other, &["intake", "data_protection"]).await;
        let list = visitor.get("/duties").await.expect(200).says("Nothing is to be destroyed");
        list.does_not_say("A person took back").does_not_say("A referral is over");
        visitor.get(&address).await.expect(404);
        let sent_on = visitor.get(&ended).await.expect(303);
        assert_eq!(sent_on.header("location"), format!("/referrals/{over}"));
        for path in [&address, &ended] {
            for fields in [&HEARD[..], &DESTROYED, &kept("WX1", "2026-06-01"), &[("said", "kept")]] {
                visitor.post(path, fields).await.expect(404);
            }
        }
        visitor.get("/duties/nonsense").await.expect(404);
    }
    let mut nobody = Visitor::new(hub);
    for path in ["/duties", &address, &ended] {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2Fduties"), "{path}");
    }
    nobody.post(&address, &DESTROYED).await.expect(303);
    enrolled_at_node(hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(hub, "m.tembo").await;
    for path in ["/duties", &address, &ended] {
        coordinator.get(path).await.expect(403);
    }
    coordinator.post(&address, &DESTROYED).await.expect(403);
    coordinator.get("/account").await.expect(200).does_not_say("href=\"/duties\"");
    assert!(withdrawal(hub, harbour, &address).await["closed"].is_null());
    for (role, is_in_menu) in
        [("case_worker", false), ("intake", true), ("administrator", true), ("data_protection", true)]
    {
        let mut visitor = Visitor::signed_in(hub, clinic, &[role]).await;
        visitor.get("/duties").await.expect(200).says(&address).says(&ended);
        let menu = visitor.get("/account").await.expect(200);
        assert_eq!(menu.text.contains("<li><a href=\"/duties\""), is_in_menu, "{role}");
    }
}

#[actix_web::test]
async fn the_referral_the_inbox_and_the_notices_lead_to_it_until_it_is_answered() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (address, referral) = taken_back(&mechanism, json!({})).await;
    let (_, over) = cancelled(&mechanism).await;
    let (_, _, sealed, going) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let ended = format!("/duties/{over}");
    hub.clock.advance(TimeDelta::seconds(5));
    let mut clinics = Visitor::signed_in(hub, clinic, &["intake", "administrator"]).await;
    let mut sender = Visitor::signed_in(hub, harbour, &["case_worker", "administrator"]).await;

    let of = |id: ReferralId| format!("/referrals/{id}");
    let shown =
        clinics.get(&of(referral)).await.expect(200).says("The person took consent back. Your organisation");
    shown.says(&format!("href=\"{address}\"")).says("Answer by 5 March 2026");
    let shown = clinics.get(&of(over)).await.expect(200).says("This referral is over. Your organisation");
    shown.says(&format!("href=\"{ended}\"")).does_not_say(&address);
    clinics.get(&of(going)).await.expect(200).does_not_say("/duties/");
    let inbox = clinics.get("/inbox").await.expect(200).says("<h2>To be destroyed</h2>");
    inbox.says(&format!("href=\"{address}\"")).says(&format!("href=\"{ended}\""));
    let notices = clinics.get("/notices").await.expect(200);
    notices.says(&format!("href=\"{address}\"")).says(&format!("href=\"{ended}\""));
    for path in [&of(referral), &of(over), "/inbox", "/sent", "/notices"] {
        sender
            .get(path)
            .await
            .expect(200)
            .does_not_say("/duties/")
            .does_not_say("Your organisation must say");
    }

    for path in [&address, &ended] {
        answered(&mut clinics, path, &DESTROYED).await;
    }
    for path in [&of(referral), &of(over), "/inbox"] {
        clinics.get(path).await.expect(200).does_not_say("/duties/");
    }
}

#[actix_web::test]
async fn what_must_be_answered_comes_before_what_is_kept_page_by_page_and_without_a_gap() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let mut addresses = Vec::new();
    let (keeps, _) = taken_back(&mechanism, json!({})).await;
    let (_, kept_longer) = cancelled(&mechanism).await;
    for _round in 0..2 {
        addresses.push(taken_back(&mechanism, json!({})).await.0);
        hub.clock.advance(TimeDelta::seconds(1));
    }
    for _round in 0..2 {
        addresses.push(format!("/duties/{}", cancelled(&mechanism).await.1));
        hub.clock.advance(TimeDelta::seconds(1));
    }
    addresses.extend([keeps.clone(), format!("/duties/{kept_longer}")]);
    let mut intake = Visitor::signed_in(hub, clinic, &["intake"]).await;
    answered(&mut intake, &keeps, &kept("WX2", "2026-03-04")).await;
    answered(&mut intake, &addresses[5], &kept("WX2", "2026-03-05")).await;
    for size in [1, 2, 4] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let actor =
                Actor::staff(Id::new(&SystemIds, hub.now()), Some(clinic.id), vec![Role::Intake].into());
            let (asked, now) = (Asked::new(Some(size), after), hub.now());
            let page = hub.hub.read(move |db| referrals::list_owed(db, &actor, &asked, now)).await.unwrap();
            found.extend(page.items.iter().map(|one| format!("/duties/{}", one.about)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, addresses, "{size} on a page");
    }
    let listed = intake.get("/duties").await.expect(200);
    for pair in addresses.windows(2) {
        stands_before(&listed, &format!("href=\"{}\"", pair[0]), &format!("href=\"{}\"", pair[1]));
    }
}

#[actix_web::test]
async fn what_is_late_is_marked_and_what_outlives_its_referral_is_still_answered() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let name = enrolled(hub, clinic, &["intake"]).await;
    let (_, over) = cancelled(&mechanism).await;
    let address = format!("/duties/{over}");
    let later = async |days: i64| {
        hub.clock.advance(TimeDelta::days(days));
        hub.run_jobs().await;
        hub.run_jobs().await;
        Visitor::named(hub, &name).await
    };
    let mut intake = later(10).await;
    intake.get("/duties").await.expect(200).says("Late by 3 days").says(&format!("/referrals/{over}"));
    answered(&mut intake, &address, &kept("WX5", "2029-03-02")).await;
    let mut intake = later(731).await;
    let gone = intake.get(&address).await.expect(200).says(": the referral is not here any more.");
    gone.says("From Harbour Aid").does_not_say(&format!("/referrals/{over}"));
    let mut intake = later(366).await;
    intake.get(&address).await.expect(200).says("Asked again, because the reason to keep it has ended");
    answered(&mut intake, &address, &DESTROYED).await;
    intake.get("/duties").await.expect(200).says("Nothing is to be destroyed");
}
