//! What can be done with a referral, as its page offers it: every move that the table has for either side, and none that it refuses.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    kernel::id::ReferralId,
    referrals::{By, Move, Number},
};

use super::visitor::{Visitor, enrolled};
use crate::{
    stories::ledger::act,
    support::{
        Org, Response, TestHub,
        packet::{CANARY, Mechanism},
    },
};

/// A form of the page.
struct Form<'a> {
    name: &'a str,
    html: &'a str,
}

impl<'a> Form<'a> {
    fn all(page: &'a str) -> Vec<Self> {
        let forms = page.split("<form ").skip(1).filter_map(|html| {
            let (_, from) = html.split_once("data-move=\"")?;
            Some(Self { name: from.split('"').next().unwrap(), html: html.split("</form>").next().unwrap() })
        });
        forms.collect()
    }

    fn said(html: &str, attribute: &str) -> Option<String> {
        let (_, from) = html.split_once(&format!(" {attribute}=\""))?;
        Some(from.split('"').next().unwrap().replace("&#34;", "\""))
    }

    /// The codes that can be chosen.
    fn codes(&self) -> Vec<String> {
        self.html
            .split("<input type=\"radio\"")
            .skip(1)
            .filter_map(|input| Self::said(input, "data-code"))
            .collect()
    }

    /// What the script of the page would sign when this code is chosen and these facts are filled in.
    fn chosen(&self, code: &str, more: &Value) -> (By, Number, Move) {
        let mut facts = more.clone();
        let mut number = Self::said(self.html, "data-number").unwrap();
        let inputs =
            self.html.split("<input type=\"radio\"").skip(1).map(|input| input.split('>').next().unwrap());
        if let Some(input) =
            inputs.into_iter().find(|input| Self::said(input, "data-code").as_deref() == Some(code))
        {
            let fact = Self::said(input, "data-fact").unwrap();
            if facts.get(&fact).is_none() {
                facts[fact] = serde_json::from_str(&Self::said(input, "value").unwrap()).unwrap();
            }
            number = Self::said(input, "data-number").unwrap_or(number);
            let with: Value =
                serde_json::from_str(&Self::said(input, "data-more").unwrap_or_else(|| "{}".into())).unwrap();
            for (name, value) in with.as_object().unwrap() {
                facts[name] = value.clone();
            }
        }
        let by = Self::said(self.html, "data-by").unwrap();
        let asked = serde_json::from_value(json!({ (self.name): facts })).unwrap();
        (By::from_name(&by).unwrap(), Number::from_code(&number).unwrap(), asked)
    }
}

/// One side with its page.
struct Side<'a> {
    hub: &'a TestHub,
    org: &'a Org,
    name: String,
    referral: ReferralId,
}

impl<'a> Side<'a> {
    async fn new(hub: &'a TestHub, org: &'a Org, role: &str, referral: ReferralId) -> Side<'a> {
        Self { hub, org, name: enrolled(hub, org, &["case_worker", role]).await, referral }
    }

    async fn page(&self) -> String {
        let mut visitor = Visitor::named(self.hub, &self.name).await;
        visitor.get(&format!("/referrals/{}", self.referral)).await.expect(200).does_not_say(CANARY).text
    }

    async fn offers(&self, moves: &[&str]) {
        let page = self.page().await;
        assert_eq!(Form::all(&page).iter().map(|form| form.name).collect::<Vec<_>>(), moves);
    }

    async fn codes(&self, of: &str) -> Vec<String> {
        let page = self.page().await;
        Form::all(&page).iter().find(|form| form.name == of).unwrap().codes()
    }

    /// Does what the page offers.
    async fn tries(&self, asked: &str, code: &str, more: Value) -> Response {
        let page = self.page().await;
        let forms = Form::all(&page);
        let form =
            forms.iter().find(|form| form.name == asked).unwrap_or_else(|| panic!("no {asked}: {page}"));
        let (by, number, asked) = form.chosen(code, &more);
        self.hub.clock.advance(TimeDelta::seconds(1));
        act(self.hub, self.org, self.referral, (by, number), asked).await
    }

    async fn does(&self, asked: &str, code: &str, more: Value) {
        self.tries(asked, code, more).await.expect(200);
    }
}

async fn sides(mechanism: &Mechanism) -> (Side<'_>, Side<'_>) {
    let Mechanism { hub, harbour, clinic, .. } = mechanism;
    let (_person, _certified, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    (Side::new(hub, harbour, "intake", referral).await, Side::new(hub, clinic, "intake", referral).await)
}

fn worker() -> Value {
    json!("stf_0192f0c1000070008000000000000007")
}

async fn accepted(recipient: &Side<'_>) {
    let look = Move::Acknowledge { worker: serde_json::from_value(worker()).unwrap() };
    act(recipient.hub, recipient.org, recipient.referral, (By::Intake, Number::T03), look).await.expect(200);
    recipient.does("accept", "", json!({ "assignee": worker() })).await;
}

#[actix_web::test]
async fn every_step_from_acceptance_to_the_end_of_the_loop_can_be_made_on_the_page() {
    let mechanism = Mechanism::new().await;
    let (sender, recipient) = sides(&mechanism).await;
    sender.offers(&["cancel", "declare_error"]).await;
    recipient.offers(&["accept", "ask", "waitlist", "redirect", "decline"]).await;
    accepted(&recipient).await;
    recipient.offers(&["schedule", "start", "hold", "fail"]).await;
    sender.offers(&["cancel"]).await;

    recipient.does("hold", "HX04", json!({ "resume": "2026-04-01" })).await;
    recipient.offers(&["resume", "fail"]).await;
    sender.offers(&["cancel"]).await;
    recipient.does("resume", "", json!({})).await;

    recipient.does("start", "", json!({ "since": "2026-03-01" })).await;
    recipient.offers(&["complete", "progress", "hold", "fail"]).await;
    recipient.does("progress", "", json!({})).await;
    recipient.does("hold", "HX01", json!({ "resume": "2026-04-01" })).await;
    assert!(
        !recipient.page().await.contains("New day and time, if there is one"),
        "what runs needs no appointment"
    );
    recipient.does("resume", "", json!({})).await;

    // What runs ends when both agree to it.
    sender.offers(&["ask_cancel", "cancel"]).await;
    assert_eq!(sender.codes("cancel").await, ["CX02", "CX06", "CX08"]);
    sender.does("ask_cancel", "CX01", json!({})).await;
    sender.offers(&["cancel"]).await;
    recipient.offers(&["agree_cancel", "refuse_cancel", "complete", "progress", "hold", "fail"]).await;
    recipient.does("refuse_cancel", "DR22", json!({})).await;
    recipient.offers(&["complete", "progress", "hold", "fail"]).await;

    // Nothing goes back but what may.
    let view = recipient.org.get(recipient.hub, &format!("/api/v1/referrals/{}", recipient.referral)).await;
    let outcomes = recipient.codes("complete").await;
    if view.expect(200).body["party"]["details_return"] == true {
        assert_eq!(outcomes, ["OC0", "OC1", "OC2", "OC3", "OC4", "OC5"]);
        recipient.does("complete", "OC2", json!({ "report": { "pending": ["SV07"] } })).await;
    } else {
        assert_eq!(outcomes, ["OC0"]);
        recipient.does("complete", "OC0", json!({})).await;
    }
    recipient.offers(&[]).await;

    sender.offers(&["acknowledge_outcome"]).await;
    let steps = sender.codes("acknowledge_outcome").await;
    assert!(steps.starts_with(&["need_met".to_owned(), "pending_need".to_owned()]), "{steps:?}");
    assert!(steps.contains(&"CL10".to_owned()), "{steps:?}");
    sender.does("acknowledge_outcome", "CL10", json!({})).await;
    sender.offers(&["inform_person"]).await;
    assert!(
        !sender.codes("inform_person").await.contains(&"CL07".to_owned()),
        "nobody tried for long enough"
    );
}

#[actix_web::test]
async fn a_reason_that_ends_it_at_once_is_another_row_and_the_need_that_stays_is_named() {
    let mechanism = Mechanism::new().await;
    let (sender, recipient) = sides(&mechanism).await;
    accepted(&recipient).await;
    // A reason that ends it at once is another row of the table than one that does not.
    sender.does("cancel", "CX02", json!({})).await;
    sender
        .does(
            "acknowledge_outcome",
            "pending_need",
            json!({ "next": { "pending_need": { "pending": ["SV12"] } } }),
        )
        .await;
}

#[actix_web::test]
async fn that_trying_on_is_unsafe_ends_an_appointment_and_the_sender_may_name_the_need_that_stays() {
    let mechanism = Mechanism::new().await;
    let (sender, recipient) = sides(&mechanism).await;
    accepted(&recipient).await;
    assert!(!recipient.codes("fail").await.contains(&"FX02".to_owned()), "nobody was missed yet");
    recipient.does("schedule", "", json!({ "on": "2026-06-01T09:00:00Z" })).await;
    recipient.offers(&["start", "reschedule", "no_show", "hold", "fail"]).await;
    recipient.does("fail", "FX02", json!({})).await;
    sender.does("acknowledge_outcome", "need_met", json!({})).await;
    sender.does("inform_person", "CL08", json!({})).await;
    assert_eq!(sender.codes("close").await, ["CL08"], "for no other reason than that nobody was told");
    sender.does("close", "CL08", json!({})).await;
    sender.offers(&[]).await;
}

#[actix_web::test]
async fn a_need_that_stays_unmet_closes_it_once_it_is_noted() {
    let mechanism = Mechanism::new().await;
    let (sender, _recipient) = sides(&mechanism).await;
    sender.does("cancel", "CX01", json!({})).await;
    sender.does("acknowledge_outcome", "need_met", json!({})).await;
    let page = sender.page().await;
    assert!(page.contains("By telephone"), "{page}");
    let told = Move::InformPerson { told: throughline::referrals::Told::Phone {} };
    act(sender.hub, sender.org, sender.referral, (By::Sender, Number::L3), told).await.expect(200);
    assert!(!sender.codes("close").await.contains(&"CL10".to_owned()));
    assert!(sender.page().await.contains("/needs/new?service=SV07"));
    let need = json!({ "kind": "unreferred", "service": "SV07", "urgency": "U2", "reason": "NP01" });
    let need = sender.org.post(sender.hub, "/api/v1/needs", &need).await.expect(201).body["id"].clone();
    assert!(sender.codes("close").await.contains(&"CL10".to_owned()));
    assert!(sender.page().await.contains(need.as_str().unwrap()));
    sender.does("close", "CL10", json!({ "need": need })).await;
}

#[actix_web::test]
async fn whoever_says_no_for_want_of_room_is_led_to_the_directory_and_to_the_next_one() {
    let mechanism = Mechanism::new().await;
    let (_sender, recipient) = sides(&mechanism).await;
    let (_person, _certified, _sealed, another) = mechanism.referred().await;
    assert!(!recipient.page().await.contains("Next one to answer"), "this one comes first");
    let look = Move::Acknowledge { worker: serde_json::from_value(worker()).unwrap() };
    act(recipient.hub, recipient.org, recipient.referral, (By::Intake, Number::T03), look).await.expect(200);
    recipient.does("decline", "DR01", json!({})).await;
    let page = recipient.page().await;
    assert!(page.contains("You said no because there is no room"), "{page}");
    let (_, room) = page
        .split_once("Say that there is no room")
        .map(|(before, _)| before.rsplit_once("href=\"").unwrap())
        .unwrap();
    assert!(room.starts_with("/services/svc_") && room.contains("/room\""), "{room}");
    assert!(page.contains("Next one to answer") && page.contains(&format!("/referrals/{another}")), "{page}");
}
