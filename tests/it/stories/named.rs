//! What a move names by its id must be there: an id that somebody made up answers nothing and explains nothing.

use chrono::TimeDelta;
use serde_json::json;
use throughline::{
    kernel::{
        Id,
        id::{Kind, ReferralId, SystemIds},
    },
    packets::{Draft, PacketKind, Sealed},
    referrals::{By, Move, NextStep, Number, Origin},
};

use super::{
    ledger::act,
    referral::{origin, submit},
};
use crate::support::{
    Org, Response,
    packet::{Certified, Mechanism, Person},
};

/// A referral of somebody that the clinic has looked at.
struct Looked {
    mechanism: Mechanism,
    person: Person,
    certified: Certified,
    first: Sealed,
    referral: ReferralId,
}

impl Looked {
    async fn at() -> Self {
        let mechanism = Mechanism::new().await;
        let (person, certified, first, referral) = mechanism.referred().await;
        mechanism.clinic_opens(&first).await;
        let looked = Self { mechanism, person, certified, first, referral };
        looked.clinic(Number::T03, Move::Acknowledge { worker: looked.fresh() }).await.expect(200);
        looked
    }

    fn fresh<K: Kind>(&self) -> Id<K> {
        Id::new(&SystemIds, self.mechanism.hub.now())
    }

    async fn clinic(&self, number: Number, asked: Move) -> Response {
        let Mechanism { hub, clinic, .. } = &self.mechanism;
        act(hub, clinic, self.referral, (By::Intake, number), asked).await
    }

    async fn harbour(&self, number: Number, asked: Move) -> Response {
        let Mechanism { hub, harbour, .. } = &self.mechanism;
        act(hub, harbour, self.referral, (By::Sender, number), asked).await
    }

    /// Hands in a packet of this referral, a second after whatever was before.
    async fn hand_in(&self, by: &Org, draft: Draft) -> Sealed {
        self.mechanism.hub.clock.advance(TimeDelta::seconds(1));
        let draft = Draft { referral: self.referral, ..draft };
        let (sealed, response) = self.mechanism.hand_in(by, draft).await;
        response.expect(201);
        self.mechanism.hub.clock.advance(TimeDelta::seconds(1));
        sealed
    }

    fn draft(&self) -> Draft {
        self.mechanism.draft(&self.person, &self.certified)
    }

    async fn update(&self) -> Sealed {
        self.hand_in(&self.mechanism.harbour, Mechanism::update(&self.first, self.draft())).await
    }

    async fn reply(&self) -> Sealed {
        self.hand_in(&self.mechanism.clinic, self.mechanism.reply(&self.first, self.draft())).await
    }
}

/// Refused, because what is named is missing.
fn missing(response: Response) {
    let response = response.expect(422);
    assert_eq!(response.code(), "referral.something_missing", "{}", response.body);
}

#[actix_web::test]
async fn an_answer_is_a_packet_of_the_sender_s_handed_in_after_the_question() {
    let looked = Looked::at().await;
    let before = looked.update().await;
    looked.clinic(Number::T04, Move::Ask { reason: "IX02".parse().unwrap(), note: None }).await.expect(200);
    let theirs = looked.reply().await;
    let taken_back = looked.update().await;
    let (kind, re) = (PacketKind::Withdraw, Some(taken_back.id));
    let back = Draft { kind, re, fields: Vec::new(), ..looked.draft() };
    let back = looked.hand_in(&looked.mechanism.harbour, back).await;
    let made_up = looked.fresh();
    for packet in [made_up, looked.first.id, before.id, theirs.id, taken_back.id, back.id] {
        missing(looked.harbour(Number::T05, Move::Answer { packet }).await);
    }
    let packet = looked.update().await.id;
    looked.harbour(Number::T05, Move::Answer { packet }).await.expect(200);
}

#[actix_web::test]
async fn a_note_is_a_packet_of_the_recipient_s_in_this_referral() {
    let looked = Looked::at().await;
    let (.., elsewhere, _) = looked.mechanism.referred().await;
    let ask = |note| Move::Ask { reason: "IX02".parse().unwrap(), note: Some(note) };
    for note in [looked.fresh(), looked.first.id, elsewhere.id] {
        missing(looked.clinic(Number::T04, ask(note)).await);
    }
    let note = looked.reply().await.id;
    looked.clinic(Number::T04, ask(note)).await.expect(200);
}

#[actix_web::test]
async fn a_redirect_names_services_of_the_directory() {
    let looked = Looked::at().await;
    let Mechanism { lawyers, .. } = &looked.mechanism;
    let listed = looked.mechanism.offers(lawyers, "SV11").await.body["id"].as_str().unwrap().parse().unwrap();
    let redirect = |to| Move::Redirect { reason: "DR11".parse().unwrap(), to, note: None };
    missing(looked.clinic(Number::T10, redirect(vec![listed, looked.fresh()])).await);
    looked.clinic(Number::T10, redirect(vec![listed])).await.expect(200);
}

#[actix_web::test]
async fn declined_because_the_service_is_not_offered_its_entry_is_doubted() {
    for (reason, mismatches) in [("DR11", 1), ("DR04", 1), ("DR01", 0)] {
        let looked = Looked::at().await;
        let decline = Move::Decline { reason: reason.parse().unwrap(), note: None };
        looked.clinic(Number::T09, decline).await.expect(200);
        let Mechanism { clinic, hub, .. } = &looked.mechanism;
        let doubted = clinic.get(hub, "/api/v1/directory/doubted").await.expect(200).body;
        assert_eq!(doubted["items"].as_array().unwrap().len(), mismatches, "{reason}: {doubted}");
    }
}

#[actix_web::test]
async fn a_new_referral_for_the_same_need_is_the_same_person_s_and_the_sender_s() {
    let looked = Looked::at().await;
    let decline = Move::Decline { reason: "DR01".parse().unwrap(), note: None };
    looked.clinic(Number::T09, decline).await.expect(200);
    let (.., another_s) = looked.mechanism.referred().await;
    let next = |referral| Move::AcknowledgeOutcome { next: NextStep::ReReferred { referral } };
    for referral in [looked.fresh(), looked.referral, another_s] {
        missing(looked.harbour(Number::L2, next(referral)).await);
    }
    let (_, again) = looked.mechanism.refer(&looked.person, &looked.certified).await;
    looked.harbour(Number::L2, next(again)).await.expect(200);
}

#[actix_web::test]
async fn a_child_is_a_referral_that_continues_this_one() {
    let looked = Looked::at().await;
    let assignee = looked.fresh();
    looked.clinic(Number::T07, Move::Accept { assignee }).await.expect(200);
    looked.clinic_works(Number::T16, Move::Start { since: "2026-03-02".parse().unwrap() }).await.expect(200);
    let (.., elsewhere) = looked.mechanism.referred().await;
    for child in [looked.fresh(), elsewhere] {
        missing(looked.clinic_works(Number::T35, Move::AddChild { child }).await);
    }
    let seen = looked.mechanism.seen(&looked.mechanism.clinic, looked.referral).await;
    assert_eq!(seen["state"], json!("in_service"));
}

#[actix_web::test]
async fn a_handover_plan_is_a_packet_that_one_of_the_sides_handed_in() {
    let looked = Looked::at().await;
    let Mechanism { hub, harbour, lawyers, .. } = &looked.mechanism;
    let assignee = looked.fresh();
    looked.clinic(Number::T07, Move::Accept { assignee }).await.expect(200);
    let owner = Origin { purpose: "P03".parse().unwrap(), ..origin(hub, harbour, lawyers, "U2") };
    let to = owner.id;
    submit(hub, harbour, owner).await.unwrap();
    let worker = looked.fresh();
    act(hub, lawyers, to, (By::Intake, Number::T03), Move::Acknowledge { worker }).await.expect(200);
    act(hub, lawyers, to, (By::Intake, Number::T07), Move::Accept { assignee: worker }).await.expect(200);

    let hand_over = |plan| Move::Transfer { to, plan };
    missing(looked.clinic_works(Number::T29, hand_over(looked.fresh())).await);
    let plan = looked.reply().await.id;
    looked.clinic_works(Number::T29, hand_over(plan)).await.expect(200);
    let done = looked.harbour(Number::T29, hand_over(plan)).await.expect(200);
    assert_eq!(done.body["referral"]["state"], "transferred");
}

impl Looked {
    /// What the clinic's case worker does.
    async fn clinic_works(&self, number: Number, asked: Move) -> Response {
        let Mechanism { hub, clinic, .. } = &self.mechanism;
        act(hub, clinic, self.referral, (By::CaseWorker, number), asked).await
    }
}
