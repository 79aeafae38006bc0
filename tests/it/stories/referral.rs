//! A referral from submission to the end of its loop, as the two sides' gateways and a stranger live it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role},
    directory::{self, Availability, ListService, SetAvailability},
    hub::{Caller, Failure},
    kernel::{
        Digest, Id,
        id::{Kind, ReferralId, RequestId, ServiceId, SystemIds},
    },
    policy::{Policy, WorkingCalendar},
    referrals::{
        self, By, CaseClosure, Event, Move, NextStep, Number, Origin, ReferralError, Report, Submission, Told,
    },
};

use crate::support::{Org, Response, TestHub, listed};

fn fresh<K: Kind>(hub: &TestHub) -> Id<K> {
    Id::new(&SystemIds, hub.now())
}

fn caller(hub: &TestHub, org: &Org) -> Caller {
    let roles = vec![Role::CaseWorker, Role::Intake, Role::DataProtection].into();
    Caller { actor: Actor::client(org.client, org.id, roles), request: RequestId::new(&SystemIds, hub.now()) }
}

fn coordinator(hub: &TestHub) -> Caller {
    let actor = Actor::staff(fresh(hub), None, vec![Role::Coordinator].into());
    Caller { actor, request: RequestId::new(&SystemIds, hub.now()) }
}

pub(super) fn origin(hub: &TestHub, sender: &Org, recipient: &Org, urgency: &str) -> Origin {
    let id: ReferralId = fresh(hub);
    Origin {
        id,
        sender: sender.id,
        recipient: recipient.id,
        subject: fresh(hub),
        packet: fresh(hub),
        envelope: Digest::of(id.to_string()),
        certificate: Some(fresh(hub)),
        agreement: fresh(hub),
        agreement_version: 1,
        mode: "consent".parse().unwrap(),
        purpose: "P01".parse().unwrap(),
        service: "SV01".parse().unwrap(),
        urgency: urgency.parse().unwrap(),
        parent: None,
        details_return: true,
        vulnerable: false,
    }
}

pub(super) async fn submit(
    hub: &TestHub,
    sender: &Org,
    origin: Origin,
) -> Result<(), Failure<ReferralError>> {
    let sealed = hub.now();
    hub.hub
        .write("referrals.submit", &caller(hub, sender), move |tx| {
            let calendar = WorkingCalendar::default();
            let submission = Submission { origin: origin.clone(), sealed, calendar: &calendar, ahead: None };
            referrals::submit(tx, submission, Policy::builtin()).map(drop)
        })
        .await
}

/// One referral, and the last token its sides know.
pub(crate) struct Story {
    origin: Origin,
    head: Digest,
}

impl Story {
    pub(crate) async fn new(hub: &TestHub, sender: &Org, recipient: &Org, urgency: &str) -> Self {
        let origin = origin(hub, sender, recipient, urgency);
        submit(hub, sender, origin.clone()).await.unwrap();
        Self { head: origin.envelope, origin }
    }

    pub(crate) fn event(&self, hub: &TestHub, by: By, number: Number, asked: Move, org: &Org) -> String {
        let event = Event {
            id: fresh(hub),
            referral: self.origin.id,
            prev: Some(self.head),
            issuer: org.id.to_string(),
            role: by,
            number,
            asked,
            occurred: hub.now(),
        };
        event.sign(&org.signing).unwrap()
    }

    pub(crate) fn path(&self) -> String {
        format!("/api/v1/referrals/{}", self.origin.id)
    }

    async fn hand_in(&self, hub: &TestHub, org: &Org, event: &str) -> Response {
        org.post(hub, &format!("{}/events", self.path()), &json!({ "event": event })).await
    }

    async fn tries(&self, hub: &TestHub, org: &Org, by: By, number: Number, asked: Move) -> Response {
        let token = self.event(hub, by, number, asked, org);
        self.hand_in(hub, org, &token).await
    }

    async fn does(&mut self, hub: &TestHub, org: &Org, by: By, number: Number, asked: Move) -> Value {
        let token = self.event(hub, by, number, asked, org);
        let response = self.hand_in(hub, org, &token).await.expect(200);
        self.head = Digest::of(&token);
        response.body
    }

    async fn seen(&mut self, hub: &TestHub, org: &Org) -> Value {
        let view = org.get(hub, &self.path()).await.expect(200).body;
        self.head = view["party"]["head"].as_str().unwrap().parse().unwrap();
        view
    }
}

fn reason(code: &str) -> throughline::policy::ReasonCode {
    code.parse().unwrap()
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

async fn until_accepted(hub: &TestHub, story: &mut Story, to: &Org) {
    let worker = fresh(hub);
    story.does(hub, to, By::Intake, Number::T03, Move::Acknowledge { worker }).await;
    story.does(hub, to, By::Intake, Number::T07, Move::Accept { assignee: worker }).await;
}

fn denied(response: &Response) -> Vec<&str> {
    let denials = response.body["denials"].as_array().unwrap_or_else(|| panic!("{}", response.body));
    denials.iter().map(|denial| denial["code"].as_str().or(denial["deny"].as_str()).unwrap()).collect()
}

#[actix_web::test]
async fn a_referral_goes_from_submission_to_a_closed_loop() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U2").await;
    let inbox = to.get(&hub, "/api/v1/referrals?tray=inbox").await.expect(200).body;
    assert_eq!(inbox["items"][0]["id"], story.origin.id.to_string());
    assert_eq!(inbox["items"][0]["state"], "submitted");
    until_accepted(&hub, &mut story, &to).await;
    story.does(&hub, &to, By::CaseWorker, Number::T14, Move::Schedule { on: hub.now() }).await;
    let started = Move::Start { since: day("2026-03-02") };
    let answer = story.does(&hub, &to, By::CaseWorker, Number::T16, started).await;
    assert_eq!(answer["referral"]["state"], "in_service");
    assert_eq!(answer["seq"], 5);
    let report = Report { pending: vec!["SV07".parse().unwrap()], ..Report::default() };
    let done = Move::Complete { outcome: reason("OC2"), report };
    let ended = story.does(&hub, &to, By::CaseWorker, Number::T21, done).await;
    assert_eq!(ended["referral"]["loop"], "outcome_known");
    let seen =
        Move::AcknowledgeOutcome { next: NextStep::PendingNeed { pending: vec!["SV07".parse().unwrap()] } };
    story.does(&hub, &from, By::Sender, Number::L2, seen).await;
    let close = |supervisor| Move::Close {
        reason: reason("CL01"),
        case: Some(CaseClosure { manager: fresh(&hub), supervisor }),
        need: None,
    };
    let early = story.tries(&hub, &from, By::Sender, Number::L4, close(Some(fresh(&hub)))).await.expect(422);
    assert_eq!(denied(&early), ["D701"], "the person was not told");
    story.does(&hub, &from, By::Sender, Number::L3, Move::InformPerson { told: Told::Phone {} }).await;
    let alone = story.tries(&hub, &from, By::Sender, Number::L4, close(None)).await.expect(422);
    assert_eq!(denied(&alone), ["D708"]);
    let closed = story.does(&hub, &from, By::Sender, Number::L4, close(Some(fresh(&hub)))).await;
    assert_eq!(closed["referral"]["loop"], "closed");
    let view = story.seen(&hub, &from).await;
    let moves: Vec<&str> =
        view["timeline"].as_array().unwrap().iter().map(|event| event["number"].as_str().unwrap()).collect();
    assert_eq!(moves, ["T01", "T03", "T07", "T14", "T16", "T21", "L2", "L3", "L4"]);
    assert_eq!(view["due"], json!([]));
    hub.clock.advance(TimeDelta::seconds(5));
    let notices = from.get(&hub, "/api/v1/notices").await.expect(200).body;
    let topics: Vec<&str> =
        notices["items"].as_array().unwrap().iter().map(|notice| notice["topic"].as_str().unwrap()).collect();
    assert_eq!(
        topics,
        [
            "referral.acknowledged",
            "referral.accepted",
            "referral.scheduled",
            "referral.started",
            "referral.completed"
        ]
    );
}

#[actix_web::test]
async fn the_node_signs_what_it_recorded_and_gives_the_same_answer_twice() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let story = Story::new(&hub, &from, &to, "U2").await;
    let acknowledge = Move::Acknowledge { worker: fresh(&hub) };
    let token = story.event(&hub, By::Intake, Number::T03, acknowledge, &to);
    let first = story.hand_in(&hub, &to, &token).await.expect(200).body;
    let again = story.hand_in(&hub, &to, &token).await.expect(200).body;
    assert_eq!(first["receipt"], again["receipt"]);
    assert_eq!((&again["seq"], &again["referral"]["version"]), (&json!(2), &first["referral"]["version"]));
    let key = hub.hub.keys().node.receipts.verifier();
    let receipt = referrals::EventReceipt::verify(first["receipt"].as_str().unwrap(), &key).unwrap();
    assert_eq!((receipt.h, receipt.seq), (Digest::of(&token), 2));
    assert!(receipt.leaf.is_some());
}

#[actix_web::test]
async fn the_second_of_two_events_citing_the_same_one_is_refused_with_the_present_state() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U2").await;
    let acknowledge = Move::Acknowledge { worker: fresh(&hub) };
    story.does(&hub, &to, By::Intake, Number::T03, acknowledge).await;
    let accept = story.event(&hub, By::Intake, Number::T07, Move::Accept { assignee: fresh(&hub) }, &to);
    let cancel = story.event(&hub, By::Sender, Number::T24, Move::Cancel { reason: reason("CX01") }, &from);
    let (one, two) = tokio::join!(story.hand_in(&hub, &to, &accept), story.hand_in(&hub, &from, &cancel));
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!(won.status, 200, "{}", won.body);
    assert_eq!((lost.status, lost.code()), (409, "referral.stale"), "{}", lost.body);
    assert_eq!(denied(&lost), ["D704"]);
    assert_eq!(lost.body["state"], won.body["referral"]["state"]);
    assert_eq!(lost.body["head"], won.body["referral"]["party"]["head"]);
}

#[actix_web::test]
async fn a_withdrawal_wins_whatever_happens_at_the_same_time() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    for _ in 0..4 {
        let mut story = Story::new(&hub, &from, &to, "U2").await;
        story.does(&hub, &to, By::Intake, Number::T03, Move::Acknowledge { worker: fresh(&hub) }).await;
        let accept = story.event(&hub, By::Intake, Number::T07, Move::Accept { assignee: fresh(&hub) }, &to);
        let withdraw = story.event(&hub, By::Person, Number::T30, Move::Withdraw { reason: None }, &from);
        let (_accepted, withdrawn) =
            tokio::join!(story.hand_in(&hub, &to, &accept), story.hand_in(&hub, &from, &withdraw));
        withdrawn.expect(200);
        let view = story.seen(&hub, &to).await;
        assert_eq!((&view["state"], &view["flags"]["withdrawal"]), (&json!("withdrawn"), &json!(true)));
        let late =
            story.tries(&hub, &to, By::Intake, Number::T07, Move::Accept { assignee: fresh(&hub) }).await;
        assert_eq!(denied(&late.expect(422)), ["D705"]);
    }
}

#[actix_web::test]
async fn what_is_withdrawn_at_the_consent_is_withdrawn_in_every_referral_under_it() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U2").await;
    let other = Story::new(&hub, &from, &to, "U2").await;
    let certificate = story.origin.certificate.unwrap();
    let withdrawn = hub
        .hub
        .write("consent.withdraw", &caller(&hub, &from), move |tx| {
            referrals::withdraw_under(tx, certificate, None, Policy::builtin())
        })
        .await
        .unwrap();
    assert_eq!(withdrawn, [story.origin.id]);
    assert_eq!(story.seen(&hub, &from).await["state"], "withdrawn");
    let untouched = from.get(&hub, &other.path()).await.expect(200).body;
    assert_eq!(untouched["state"], "submitted");
}

#[actix_web::test]
async fn the_first_recipient_to_accept_an_emergency_ends_the_others() {
    let hub = TestHub::new();
    let from = hub.org("Harbour Aid").await;
    let to = [hub.org("Clinic of the Lake").await, hub.org("Shelter").await, hub.org("Night Post").await];
    let mut stories = Vec::new();
    let subject = fresh(&hub);
    for recipient in &to {
        let origin = Origin { subject, ..origin(&hub, &from, recipient, "U0") };
        submit(&hub, &from, origin.clone()).await.unwrap();
        stories.push(Story { head: origin.envelope, origin });
    }
    let fourth = Origin { subject, ..origin(&hub, &from, &to[0], "U0") };
    let refused = submit(&hub, &from, fourth).await.unwrap_err();
    assert!(matches!(refused, Failure::Refused(ReferralError::TooManyParallel)), "{refused:?}");
    until_accepted(&hub, &mut stories[1], &to[1]).await;
    for lost in [0, 2] {
        let view = stories[lost].seen(&hub, &to[lost]).await;
        assert_eq!((&view["state"], &view["reason"]), (&json!("cancelled"), &json!("CX05")));
    }
    assert_eq!(stories[1].seen(&hub, &from).await["state"], "accepted");
}

#[actix_web::test]
async fn silence_is_shown_escalates_and_ends() {
    let hub = TestHub::new();
    let (mut from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U1").await;
    let quiet = Story::new(&hub, &from, &to, "U3").await;
    hub.clock.advance(TimeDelta::hours(4));
    hub.run_jobs().await;
    hub.run_jobs().await;
    from.sign_in(&hub).await;
    let view = story.seen(&hub, &from).await;
    assert_eq!(view["flags"]["escalated"], true);
    let overdue: Vec<&Value> = view["due"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|due| due["overdue_since"] != Value::Null)
        .map(|due| &due["what"])
        .collect();
    assert_eq!(overdue, ["acknowledge", "delivery"]);
    let sent = from.get(&hub, "/api/v1/referrals?tray=sent").await.expect(200).body;
    let order: Vec<&str> =
        sent["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(order, [story.origin.id.to_string(), quiet.origin.id.to_string()], "overdue first");
    hub.clock.advance(TimeDelta::hours(44));
    hub.run_jobs().await;
    from.sign_in(&hub).await;
    let view = story.seen(&hub, &from).await;
    assert_eq!((&view["state"], &view["reason"]), (&json!("expired"), &json!("EX01")));
    let moves: Vec<&str> =
        view["timeline"].as_array().unwrap().iter().map(|event| event["number"].as_str().unwrap()).collect();
    assert_eq!(moves, ["T01", "T34", "T27"], "two runs of the job escalate once");
    hub.clock.advance(TimeDelta::seconds(5));
    let notices = from.get(&hub, "/api/v1/notices").await.expect(200).body;
    let next = notices["items"].as_array().unwrap().iter().any(|n| n["topic"] == "referral.next_options");
    assert!(next, "the sender is offered what else there is");
}

#[actix_web::test]
async fn an_unknown_referral_and_one_of_others_look_the_same_and_what_is_overdue_is_for_coordinators() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let stranger = hub.org("Passer-by").await;
    let story = Story::new(&hub, &from, &to, "U2").await;
    let unknown = format!("/api/v1/referrals/{}", fresh::<throughline::kernel::id::Referral>(&hub));
    for path in [story.path(), unknown] {
        assert_eq!(stranger.get(&hub, &path).await.expect(404).code(), "access.not_found");
    }
    stranger.get(&hub, "/api/v1/referrals?tray=overdue").await.expect(403);
}

#[actix_web::test]
async fn an_event_signed_by_another_in_another_part_or_about_another_referral_is_refused() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let (story, other) = (Story::new(&hub, &from, &to, "U2").await, Story::new(&hub, &from, &to, "U2").await);
    let acknowledge = || Move::Acknowledge { worker: fresh(&hub) };
    let borrowed = story.event(&hub, By::Intake, Number::T03, acknowledge(), &to);
    let response = story.hand_in(&hub, &from, &borrowed).await.expect(422);
    assert_eq!(response.code(), "referral.signer_refused");
    let by_sender = story.tries(&hub, &from, By::Intake, Number::T03, acknowledge()).await.expect(422);
    assert_eq!(denied(&by_sender), ["D702"]);
    let as_hub = story.tries(&hub, &to, By::Hub, Number::T02, Move::Deliver {}).await.expect(422);
    assert_eq!(denied(&as_hub), ["D702"]);
    let elsewhere = other.event(&hub, By::Intake, Number::T03, acknowledge(), &to);
    let response = story.hand_in(&hub, &to, &elsewhere).await.expect(422);
    assert_eq!(response.code(), "referral.other_referral");
    let meant = story.tries(&hub, &to, By::Intake, Number::T07, acknowledge()).await.expect(422);
    assert_eq!((meant.code(), denied(&meant)), ("referral.means_another", vec!["D701"]));
    let skip = Move::Accept { assignee: fresh(&hub) };
    let response = story.tries(&hub, &to, By::Intake, Number::T07, skip).await.expect(422);
    assert_eq!((response.code(), denied(&response)), ("referral.move_refused", vec!["D701"]));
    let garbage = story.hand_in(&hub, &to, "a.b.c").await.expect(400);
    assert_eq!(garbage.code(), "referral.event_malformed");
    let view = to.get(&hub, &story.path()).await.expect(200).body;
    assert_eq!((&view["state"], &view["version"]), (&json!("submitted"), &json!(1)));
}

/// Enters a night shelter of the organisation, with what is said of its room.
async fn offer(hub: &TestHub, org: &Org, availability: Availability) -> ServiceId {
    let entry = ListService {
        organisation: org.id,
        service: "SV01".parse().unwrap(),
        name: "Night shelter".parse().unwrap(),
        description: "Beds".parse().unwrap(),
        area: None,
        reports_to_authorities: directory::Reporting::Unknown,
        visibility: directory::Visibility::Members,
    };
    let settings = hub.hub.settings().directory.clone();
    let operator = hub.operator();
    let entered = hub.hub.write("directory.list_service", &operator, move |tx| {
        let service = directory::list_service(tx, &entry, (Policy::builtin(), &settings))?;
        let set =
            SetAvailability { service: service.id, version: service.version, said: availability.into() };
        directory::set_availability(tx, &set, &settings)
    });
    entered.await.unwrap().id
}

#[actix_web::test]
async fn when_nobody_answered_the_sender_is_told_of_others_who_take_people_and_of_nobody_else() {
    let hub = TestHub::new();
    let (mut from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let (open, full) = (hub.org("House of Doors").await, hub.org("Full House").await);
    for (org, availability) in
        [(&from, Availability::Open), (&to, Availability::Open), (&full, Availability::Full)]
    {
        offer(&hub, org, availability).await;
    }
    let other = offer(&hub, &open, Availability::Open).await;
    Story::new(&hub, &from, &to, "U1").await;
    hub.clock.advance(TimeDelta::hours(48));
    hub.run_jobs().await;
    hub.clock.advance(TimeDelta::seconds(5));
    from.sign_in(&hub).await;
    let notices = from.get(&hub, "/api/v1/notices").await.expect(200).body;
    let told = notices["items"].as_array().unwrap().iter().find(|n| n["topic"] == "referral.next_options");
    assert_eq!(told.unwrap()["payload"]["options"], json!([other]));
}

#[actix_web::test]
async fn that_nobody_was_reached_is_refused_until_sixty_days_after_the_end() {
    let hub = TestHub::new();
    let (mut from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U2").await;
    story.does(&hub, &from, By::Sender, Number::T24, Move::Cancel { reason: reason("CX03") }).await;
    let seen = Move::AcknowledgeOutcome { next: NextStep::NeedMet {} };
    story.does(&hub, &from, By::Sender, Number::L2, seen).await;
    let untold =
        || Move::InformPerson { told: Told::NotPossible { reason: reason("CL07"), attempts: Some(3) } };
    hub.clock.advance(TimeDelta::days(60).checked_sub(&TimeDelta::seconds(1)).unwrap());
    from.sign_in(&hub).await;
    let soon = story.tries(&hub, &from, By::Sender, Number::L3, untold()).await.expect(422);
    assert_eq!((soon.code(), denied(&soon).as_slice()), ("referral.too_soon", ["D701"].as_slice()));
    hub.clock.advance(TimeDelta::seconds(1));
    story.does(&hub, &from, By::Sender, Number::L3, untold()).await;
    let close = Move::Close { reason: reason("CL07"), case: None, need: None };
    story.does(&hub, &from, By::Sender, Number::L4, close).await;
}

#[actix_web::test]
async fn a_waiting_list_must_stand_in_the_directory() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U3").await;
    story.does(&hub, &to, By::Intake, Number::T03, Move::Acknowledge { worker: fresh(&hub) }).await;
    let wait = || Move::Waitlist { reason: reason("DR01"), estimate: day("2026-04-01") };
    let none = story.tries(&hub, &to, By::Intake, Number::T08, wait()).await.expect(422);
    assert_eq!(denied(&none), ["D708"]);
    offer(&hub, &to, Availability::Waitlist).await;
    let view = story.does(&hub, &to, By::Intake, Number::T08, wait()).await;
    assert_eq!(view["referral"]["party"]["day"], "2026-04-01");
}

#[actix_web::test]
async fn an_error_found_late_takes_the_coordinator_and_data_protection() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U2").await;
    until_accepted(&hub, &mut story, &to).await;
    let error = || Move::DeclareError { reason: reason("ER01") };
    story.does(&hub, &from, By::DataProtection, Number::T32, error()).await;
    assert!(hub.told("referral.incident").await.is_empty(), "one of the two is not enough");
    let version = story.seen(&hub, &from).await["version"].as_i64().unwrap();
    let oversee = referrals::Oversee {
        referral: story.origin.id,
        version,
        what: referrals::Oversight::DeclareError(reason("ER01")),
    };
    hub.hub
        .write("referrals.oversee", &coordinator(&hub), move |tx| {
            referrals::oversee(tx, &oversee, Policy::builtin()).map(drop)
        })
        .await
        .unwrap();
    assert_eq!(story.seen(&hub, &to).await["state"], "entered_in_error");
    let incident = json!({ "referral": story.origin.id, "state": "entered_in_error" });
    assert_eq!(hub.told("referral.incident").await, [incident], "whoever oversees the node is told");
    for side in [&from, &to] {
        assert!(side.told(&hub, "referral.incident").await.is_empty());
    }
}

#[actix_web::test]
async fn the_sender_is_asked_to_look_after_somebody_vulnerable_who_missed_an_appointment() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    for vulnerable in [false, true] {
        let origin = Origin { vulnerable, ..origin(&hub, &from, &to, "U2") };
        submit(&hub, &from, origin.clone()).await.unwrap();
        let mut story = Story { head: origin.envelope, origin };
        until_accepted(&hub, &mut story, &to).await;
        story.does(&hub, &to, By::CaseWorker, Number::T14, Move::Schedule { on: hub.now() }).await;
        let missed = Move::NoShow { reason: reason("NX02") };
        story.does(&hub, &to, By::CaseWorker, Number::T17, missed).await;
        let asked = from.told(&hub, "referral.safety_check_asked").await;
        let referral = json!({ "referral": story.origin.id });
        assert_eq!(asked, if vulnerable { vec![referral] } else { Vec::new() });
    }
    assert!(to.told(&hub, "referral.safety_check_asked").await.is_empty());
    assert!(hub.told("referral.safety_check_asked").await.is_empty());
}

#[actix_web::test]
async fn whoever_a_ladder_names_is_told_what_is_overdue_and_the_coordinator_last() {
    let hub = TestHub::new();
    let (from, mut to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let story = Story::new(&hub, &from, &to, "U1").await;
    let overdue = |told: Vec<Value>| -> Vec<Value> {
        let of_this = told.into_iter().filter(|told| told["what"] == "acknowledge");
        of_this.map(|told| json!([told["role"], told["step"], told["referral"]])).collect()
    };
    let id = story.origin.id.to_string();
    let told = |role: &str, step: u8| json!([role, step, id]);
    let (mut at, mut sender) = (0, from);
    for (hours, recipient_s, sender_s, node_s) in [
        (4, vec![told("focal_point", 1)], vec![], vec![]),
        (6, vec![told("focal_point", 1), told("supervisor", 2)], vec![told("case_worker", 2)], vec![]),
        (
            8,
            vec![told("focal_point", 1), told("supervisor", 2)],
            vec![told("case_worker", 2)],
            vec![told("coordinator", 3)],
        ),
    ] {
        hub.clock.advance(TimeDelta::hours(hours - at));
        at = hours;
        hub.run_jobs().await;
        to.sign_in(&hub).await;
        sender.sign_in(&hub).await;
        assert_eq!(overdue(to.told(&hub, "referral.overdue").await), recipient_s, "after {hours} hours");
        assert_eq!(overdue(sender.told(&hub, "referral.overdue").await), sender_s, "after {hours} hours");
        assert_eq!(overdue(hub.told("referral.overdue").await), node_s, "after {hours} hours");
    }
}

#[actix_web::test]
async fn who_answers_for_data_protection_and_nothing_else_holds_declares_and_withdraws() {
    let hub = TestHub::new();
    let (from, mut to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut story = Story::new(&hub, &from, &to, "U2").await;
    let mut other = Story::new(&hub, &from, &to, "U2").await;
    until_accepted(&hub, &mut story, &to).await;
    to.sign_in_only_as(&hub, Role::DataProtection).await;
    assert_eq!(story.seen(&hub, &to).await["state"], "accepted");
    let by = By::DataProtection;
    story.does(&hub, &to, by, Number::O3, Move::HoldLegal {}).await;
    story.does(&hub, &to, by, Number::O4, Move::ReleaseLegal {}).await;
    story.does(&hub, &to, by, Number::T32, Move::DeclareError { reason: reason("ER01") }).await;
    let withdraw = Move::Withdraw { reason: None };
    let ended = other.does(&hub, &to, By::Person, Number::T30, withdraw).await;
    assert_eq!(ended["referral"]["state"], "withdrawn");
    let told = to.told(&hub, "referral.submitted").await;
    assert_eq!(told.len(), 2, "what their organisation is told is for them too");

    let cancel =
        story.tries(&hub, &to, By::CaseWorker, Number::T25, Move::AskCancel { reason: reason("CX02") });
    assert_eq!(cancel.await.expect(403).code(), "access.forbidden", "it moves nothing that is not theirs");
    to.get(&hub, "/api/v1/referrals?tray=inbox").await.expect(403);
}

#[actix_web::test]
async fn a_coordinator_sees_clocks_and_nothing_that_links_one_person_s_referrals() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let story = Story::new(&hub, &from, &to, "U2").await;
    let (actor, id) = (coordinator(&hub).actor, story.origin.id);
    let now = hub.now();
    let view = hub.hub.read(move |db| referrals::find_referral(db, &actor, id, now)).await.unwrap();
    let text = serde_json::to_string(&view).unwrap();
    assert!(!text.contains(&story.origin.subject.to_string()));
    assert!(!text.contains(&story.origin.packet.to_string()));
    assert!(text.contains("acknowledge"));
}

#[actix_web::test]
async fn the_third_redirect_of_one_need_is_a_gap() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let subject = fresh(&hub);
    let other =
        json!({ "organisation": to.id, "service": "SV01", "name": "Elsewhere", "description": "Beds" });
    let listed = listed(&hub, &other).await;
    let listed = listed["id"].as_str().unwrap().parse().unwrap();
    for _ in 0..3 {
        let origin = Origin { subject, ..origin(&hub, &from, &to, "U2") };
        submit(&hub, &from, origin.clone()).await.unwrap();
        let mut story = Story { head: origin.envelope, origin };
        story.does(&hub, &to, By::Intake, Number::T03, Move::Acknowledge { worker: fresh(&hub) }).await;
        let redirect = Move::Redirect { reason: reason("DR11"), to: vec![listed], note: None };
        story.does(&hub, &to, By::Intake, Number::T10, redirect).await;
    }
    let needs = from.get(&hub, "/api/v1/needs").await.expect(200).body;
    assert_eq!(needs["items"].as_array().unwrap().len(), 1);
    assert_eq!(needs["items"][0]["kind"], "bounced");
    let bounced = hub.told("referral.bounced").await;
    assert_eq!((bounced.len(), &bounced[0]["redirects"]), (1, &json!(3)));
    assert_eq!(from.told(&hub, "referral.bounced").await, bounced);
    assert!(to.told(&hub, "referral.bounced").await.is_empty());
}

#[actix_web::test]
async fn a_need_without_a_referral_is_recorded_in_codes() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let need = json!({ "kind": "unreferred", "service": "SV01", "urgency": "U2", "area": "ZM-09", "population": "PG04", "reason": "NP01" });
    let made = org.post(&hub, "/api/v1/needs", &need).await.expect(201).body;
    assert_eq!((&made["area"], &made["population"]), (&json!("ZM-09"), &json!("PG04")));
    for reason in ["NP02", "NP03", "NP04", "NP05", "NP06"] {
        let mut other = need.clone();
        other["reason"] = json!(reason);
        let made = org.post(&hub, "/api/v1/needs", &other).await.expect(201).body;
        assert_eq!(made["reason"], reason);
    }
    let info = json!({ "kind": "information_only", "service": "SV01", "urgency": "U2", "reason": "refused_sharing" });
    org.post(&hub, "/api/v1/needs", &info).await.expect(201);
    for (member, value, status) in [
        ("reason", "DR01", 422),
        ("reason", "she has nowhere to go", 422),
        ("kind", "bounced", 422),
        ("area", "Lusaka, house 12", 400),
        ("service", "SV98", 422),
        ("population", "PG55", 422),
        ("population", "PG01", 422),
        ("population", "PG09", 422),
        ("population", "PG16", 422),
        ("service", "SV02", 422),
        ("population", "Wezi", 400),
        ("name", "Wezi", 400),
    ] {
        let mut bad = need.clone();
        bad[member] = json!(value);
        org.post(&hub, "/api/v1/needs", &bad).await.expect(status);
    }
    let listed = org.get(&hub, "/api/v1/needs").await.expect(200).body;
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 7);
    assert_eq!(listed.iter().filter(|need| need["population"] == "PG04").count(), 6);
}

#[actix_web::test]
async fn lists_go_on_where_the_page_before_ended() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let mut made = Vec::new();
    for urgency in ["U3", "U1", "U2", "U4", "U0"] {
        made.push(Story::new(&hub, &from, &to, urgency).await.origin.id.to_string());
    }
    for tray in ["inbox", "sent"] {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/referrals?tray={tray}&limit=2{next}");
            let page = if tray == "inbox" { to.get(&hub, &path).await } else { from.get(&hub, &path).await };
            let page = page.expect(200).body;
            let items = page["items"].as_array().unwrap();
            found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(cursor) => next = format!("&after={cursor}"),
                None => break,
            }
        }
        let by_due = [4, 1, 2, 0, 3].map(|place| made[place].clone());
        assert_eq!(found, by_due, "{tray}: what is due first comes first");
    }
}
