//! One referral: its envelope, its letter, what happened, and what can be done next.
//!
//! The hub shows what it can read. The letter is fetched, opened and answered by the page's script, which has the keys; every answer is an event
//! that it signs.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use serde::Serialize;
use serde_json::json as value;

use super::{
    assets,
    frame::{Frame, Place, page},
    offer::called,
    script::{Said, json, script},
    service::Tag,
    trays::{service, short, tag},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Permission,
    http::Problem,
    kernel::id::{OrganisationId, PacketId, ReferralId, StaffId},
    members,
    packets::{self, PacketError},
    policy::{Excerpt, FieldId, Policy, Reason, ReasonCode},
    referrals::{
        self, By, EventView, LoopName, Move, NextStep, Number, ReferralError, ReferralView, Report, Seen,
        StateName, Told,
    },
};

#[derive(Template)]
#[template(path = "referral.html")]
struct ReferralPage {
    f: Frame,
    w: Words,
    heading: String,
    tag: Tag,
    short: String,
    facts: Vec<(String, String)>,
    steps: Vec<Step>,
    due: Vec<(String, String, bool)>,
    letter: Option<Letter>,
}

/// Something that happened.
struct Step {
    what: String,
    who: String,
    when: String,
}

/// What the script is given, for somebody who may read the letter.
struct Letter {
    script: String,
    sentences: String,
    data: String,
    answers: Vec<Answer>,
}

/// A move that somebody can make now.
struct Answer {
    name: &'static str,
    number: Number,
    by: By,
    /// What its button says.
    button: String,
    /// How its button looks.
    tone: &'static str,
    help: String,
    inputs: Vec<Input>,
}

/// What has to be said with it.
enum Input {
    /// The id of whoever does it, which says nothing outside.
    Own { fact: &'static str },
    /// One of several; what is sent is JSON.
    Choice { fact: &'static str, label: String, options: Vec<(String, String)> },
    /// A day.
    Day { fact: &'static str, label: String },
    /// A moment.
    Moment { fact: &'static str, label: String },
}

/// What the script works with.
#[derive(Serialize)]
struct Data<'a> {
    referral: ReferralId,
    /// The packets whose letters are shown: what began it, and what came back.
    packets: Vec<PacketId>,
    own: OrganisationId,
    other: OrganisationId,
    sender: OrganisationId,
    staff: Option<StaffId>,
    head: crate::kernel::Digest,
    /// How looking at it is noted, while nobody has.
    unread: Option<Number>,
    policy: Option<Excerpt<'a>>,
    words: BTreeMap<String, String>,
    readers: BTreeMap<String, Vec<String>>,
}

const SENTENCES: &[Said<'static>] = &[
    ("failed", "key-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("signed-out", "desk-signed-out", &[]),
    ("wrong-words", "key-wrong-words", &[]),
    ("not-a-code", "key-not-a-code", &[]),
    ("weak", "key-weak", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("changed-meanwhile", "key-changed-meanwhile", &[]),
    ("opening-key", "key-opening", &[]),
    ("opening", "letter-opening", &[]),
    ("opened", "letter-opened", &[]),
    ("reader", "letter-for", &["role"]),
    ("closed", "letter-closed", &["role"]),
    ("yes", "letter-yes", &[]),
    ("no", "letter-no", &[]),
    ("file", "letter-file", &["name"]),
    ("unknown", "letter-unknown", &[]),
    ("quarantined", "letter-quarantined", &[]),
    ("refused", "letter-refused", &["number"]),
    ("not-for-you", "letter-not-for-you", &[]),
    ("purged", "letter-purged", &[]),
    ("held", "letter-held", &[]),
    ("stale", "letter-stale", &[]),
    ("missing", "letter-missing", &[]),
    ("signing", "letter-signing", &[]),
    ("no-key", "letter-no-key", &[]),
    ("waits", "letter-waits", &[]),
    ("receipt", "letter-receipt", &[]),
];

/// One referral: its envelope, what happened, what is due.
pub(super) async fn show(Signed(visit): Signed, id: Path<ReferralId>) -> Result<HttpResponse, Problem> {
    let (words, hub, id) = (visit.words, &visit.asking.hub, id.into_inner());
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let (referral, names) = hub
        .read(move |db| {
            let found = referrals::find_referral(db, &actor, id, now)?;
            let names = members::names_of(db, &[found.sender, found.recipient])?;
            Ok::<_, ReferralError>((found, names))
        })
        .await?;
    let name = |id: OrganisationId| names.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
    let urgency = policy.urgencies().find(|urgency| urgency.code == referral.urgency);
    let urgency = words.code(referral.urgency.as_str(), urgency.map_or("", |urgency| urgency.label.as_str()));
    let mut facts = vec![
        (words.t("referral-from"), name(referral.sender)),
        (words.t("referral-to"), name(referral.recipient)),
        (words.t("referral-urgency"), urgency),
        (words.t("referral-state"), words.word("state", referral.state.name())),
    ];
    if let Some(at) = referral.party.as_ref().and_then(|party| party.appointment) {
        facts.push((words.t("referral-appointment"), words.moment(at)));
    }
    let steps = referral.timeline.iter().flatten().map(|event| step(event, &referral, words, &name));
    let due = referral
        .due
        .iter()
        .map(|due| (words.word("due", due.what.name()), words.moment(due.due), due.overdue_since.is_some()));
    let title = service(&referral, &policy, words);
    let shown = ReferralPage {
        f: visit.frame(where_it_belongs(&visit, &referral), title.clone()),
        w: words,
        heading: title,
        tag: tag(&referral, words, now),
        short: short(referral.id),
        facts,
        steps: steps.collect(),
        due: due.collect(),
        letter: letter(&visit, &referral, &policy).await?,
    };
    page(StatusCode::OK, &shown)
}

fn where_it_belongs(visit: &Visit, referral: &ReferralView) -> Place {
    match visit.asking.caller.actor.organisation() {
        Some(own) if own == referral.recipient => Place::Inbox,
        Some(own) if own == referral.sender => Place::Sent,
        Some(_) | None => Place::Overdue,
    }
}

fn step(
    event: &EventView,
    referral: &ReferralView,
    words: Words,
    name: &impl Fn(OrganisationId) -> String,
) -> Step {
    let who = if event.issuer == referral.sender.to_string() {
        name(referral.sender)
    } else if event.issuer == referral.recipient.to_string() {
        name(referral.recipient)
    } else {
        words.t("referral-the-hub")
    };
    Step { what: words.word("state", event.state.name()), who, when: words.moment(event.recorded_at) }
}

/// The letter, for those of the two organisations who may read it.
async fn letter(visit: &Visit, referral: &ReferralView, policy: &Policy) -> Result<Option<Letter>, Problem> {
    let actor = &visit.asking.caller.actor;
    let (Some(own), Some(party)) = (actor.organisation(), &referral.party) else { return Ok(None) };
    let receives = own == referral.recipient;
    let needed = if receives { Permission::ReceiveReferrals } else { Permission::SendReferrals };
    if actor.may(needed).is_err() {
        return Ok(None);
    }
    let packets: Vec<PacketId> = std::iter::once(party.packet).chain(party.note).collect();
    let asked = packets.clone();
    let found = visit.asking.hub.read(move |db| {
        let mut fields = BTreeSet::new();
        let mut there = Vec::new();
        for id in asked {
            match packets::claims_of(db, id) {
                Ok((_, manifest)) => {
                    fields.extend(manifest.fields.into_iter().map(|field| field.f));
                    there.push(id);
                }
                // What was deleted is gone for everybody, and the page says so.
                Err(PacketError::Purged) => there.push(id),
                Err(error) => return Err(error),
            }
        }
        Ok::<(BTreeSet<FieldId>, Vec<PacketId>), PacketError>((fields, there))
    });
    let (fields, packets) = found.await?;
    let words = visit.words;
    let staff = actor.signed_in();
    let seen = Seen { state: referral.state, no_shows: no_shows(referral) };
    let is_unread = matches!(referral.state, StateName::Submitted | StateName::Delivered);
    let data = Data {
        referral: referral.id,
        packets,
        own,
        other: if receives { referral.sender } else { referral.recipient },
        sender: referral.sender,
        staff,
        head: party.head,
        unread: staff
            .filter(|_staff| receives && is_unread)
            .map(|worker| Move::Acknowledge { worker }.row(seen, policy)),
        policy: Some(Excerpt::of(policy, (&referral.service, &referral.purpose), Some(&fields))),
        words: called(policy, words, &fields),
        readers: policy
            .compartments()
            .map(|one| (one.code.to_string(), one.readers.iter().map(ToString::to_string).collect()))
            .collect(),
    };
    let answers =
        staff.map(|staff| answers(referral, (receives, staff), (policy, words))).unwrap_or_default();
    Ok(Some(Letter {
        script: assets::address("pages/letter.ts"),
        sentences: script(words, SENTENCES),
        data: json(&data)?,
        answers,
    }))
}

fn no_shows(referral: &ReferralView) -> u8 {
    let missed = referral.timeline.iter().flatten().filter(|event| event.number == Number::T17);
    u8::try_from(missed.count()).unwrap_or(u8::MAX)
}

/// What can be done where it stands. The hub's table decides; this only leaves out what it would refuse.
fn answers(
    referral: &ReferralView,
    (receives, staff): (bool, StaffId),
    (policy, words): (&Policy, Words),
) -> Vec<Answer> {
    let make = Make { policy, words, seen: Seen { state: referral.state, no_shows: no_shows(referral) } };
    let mut answers = match (receives, referral.state) {
        // Looking at it comes first, and is noted by itself.
        (true, StateName::Submitted | StateName::Delivered | StateName::Acknowledged) => make.decide(staff),
        (true, StateName::Waitlisted) => make.waiting(staff),
        (true, StateName::Accepted) => make.begin(),
        (true, StateName::Scheduled) => make.appointment(),
        (true, StateName::InService) => make.end(),
        (false, state) if can_be_cancelled(state) => make.cancel(),
        _ => Vec::new(),
    };
    if !receives {
        answers.extend(make.close(referral.circle));
    }
    answers
}

const fn can_be_cancelled(state: StateName) -> bool {
    matches!(
        state,
        StateName::Submitted
            | StateName::Delivered
            | StateName::Acknowledged
            | StateName::InfoRequested
            | StateName::Waitlisted
            | StateName::Accepted
            | StateName::Scheduled
    )
}

/// Makes answers in the words of the page.
struct Make<'a> {
    policy: &'a Policy,
    words: Words,
    seen: Seen,
}

impl Make<'_> {
    /// An answer that is asked for like this one; what it says beside its name is filled in by the page.
    fn answer(&self, like: &Move, tone: &'static str, inputs: Vec<Input>) -> Answer {
        let by = like.actors().iter().find(|by| matches!(by, By::Sender | By::Intake | By::CaseWorker));
        // From where it stands when it was looked at.
        let is_unread = matches!(self.seen.state, StateName::Submitted | StateName::Delivered);
        let seen = if is_unread { Seen { state: StateName::Acknowledged, ..self.seen } } else { self.seen };
        Answer {
            name: like.name(),
            number: like.row(seen, self.policy),
            by: by.copied().unwrap_or(By::Sender),
            button: self.words.word("answer", like.name()),
            tone,
            help: self.words.word("answer-help", like.name()),
            inputs,
        }
    }

    /// The reasons that fit and need nothing beside them, as a choice.
    fn reasons(&self, like: &Move, fact: &'static str, but: &[&str]) -> Input {
        let (sets, only) = like.reasons();
        let fits = |reason: &&Reason| {
            let code = reason.code.as_str();
            (only.is_empty() || only.contains(&code)) && !but.contains(&code) && reason.requires.is_empty()
        };
        let options = sets.iter().flat_map(|set| self.policy.reasons(*set)).filter(fits);
        let options = options
            .map(|reason| {
                let code = reason.code.as_str();
                (value!(code).to_string(), self.words.code(code, &reason.label))
            })
            .collect();
        Input::Choice { fact, label: self.words.t("answer-why"), options }
    }

    /// A code that stands in for the one somebody chooses.
    fn any() -> Option<ReasonCode> {
        "DR01".parse().ok()
    }

    fn decide(&self, staff: StaffId) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let estimate = chrono::NaiveDate::default();
        let (accept, ask) =
            (Move::Accept { assignee: staff }, Move::Ask { reason: reason.clone(), note: None });
        let waitlist = Move::Waitlist { reason: reason.clone(), estimate };
        let decline = Move::Decline { reason, note: None };
        vec![
            self.answer(&accept, "", vec![Input::Own { fact: "assignee" }]),
            self.answer(&ask, "secondary", vec![self.reasons(&ask, "reason", &[])]),
            self.answer(
                &waitlist,
                "secondary",
                vec![self.reasons(&waitlist, "reason", &[]), self.day("estimate", "answer-estimate")],
            ),
            self.answer(&decline, "danger", vec![self.reasons(&decline, "reason", &["DR20"])]),
        ]
    }

    fn waiting(&self, staff: StaffId) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let decline = Move::Decline { reason, note: None };
        vec![
            self.answer(&Move::Accept { assignee: staff }, "", vec![Input::Own { fact: "assignee" }]),
            self.answer(
                &Move::Reconfirm { estimate: chrono::NaiveDate::default() },
                "secondary",
                vec![self.day("estimate", "answer-estimate")],
            ),
            self.answer(&decline, "danger", vec![self.reasons(&decline, "reason", &["DR20"])]),
        ]
    }

    fn begin(&self) -> Vec<Answer> {
        let since = chrono::NaiveDate::default();
        vec![
            self.answer(
                &Move::Schedule { on: crate::kernel::Timestamp::from_seconds(0) },
                "",
                vec![Input::Moment { fact: "on", label: self.words.t("answer-on") }],
            ),
            self.answer(&Move::Start { since }, "secondary", vec![self.day("since", "answer-since")]),
        ]
    }

    fn appointment(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let no_show = Move::NoShow { reason: reason.clone() };
        let reschedule = Move::Reschedule { on: crate::kernel::Timestamp::from_seconds(0), reason };
        vec![
            self.answer(
                &Move::Start { since: chrono::NaiveDate::default() },
                "",
                vec![self.day("since", "answer-since")],
            ),
            self.answer(
                &reschedule,
                "secondary",
                vec![
                    Input::Moment { fact: "on", label: self.words.t("answer-on") },
                    self.reasons(&reschedule, "reason", &[]),
                ],
            ),
            self.answer(&no_show, "secondary", vec![self.reasons(&no_show, "reason", &[])]),
        ]
    }

    fn end(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let complete = Move::Complete { outcome: reason.clone(), report: Report::default() };
        let fail = Move::Fail { reason, unsafe_to_continue: false, pending: Vec::new() };
        vec![
            self.answer(&complete, "", vec![self.reasons(&complete, "outcome", &[])]),
            self.answer(&fail, "danger", vec![self.reasons(&fail, "reason", &["FX02"])]),
        ]
    }

    fn cancel(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let cancel = Move::Cancel { reason };
        vec![self.answer(&cancel, "danger", vec![self.reasons(&cancel, "reason", &[])])]
    }

    /// What is left to do when it has ended: to see how, to tell the person, and to close it.
    fn close(&self, circle: LoopName) -> Option<Answer> {
        match circle {
            LoopName::OutcomeKnown => {
                let met = Move::AcknowledgeOutcome { next: NextStep::NeedMet {} };
                let options = vec![(written(&NextStep::NeedMet {}), self.words.t("answer-need-met"))];
                let more =
                    self.policy.reasons(crate::policy::ReasonSet::Cl).filter(|one| one.requires.is_empty());
                let more = more.map(|one| {
                    let step = NextStep::NoFurtherAction { reason: one.code.clone() };
                    (written(&step), self.words.code(one.code.as_str(), &one.label))
                });
                let options = options.into_iter().chain(more).collect();
                let next = Input::Choice { fact: "next", label: self.words.t("answer-next"), options };
                Some(self.answer(&met, "", vec![next]))
            }
            LoopName::SenderAcknowledged => {
                let options = [
                    (Told::InPerson {}, "answer-told-in-person"),
                    (Told::Phone {}, "answer-told-phone"),
                    (Told::SafeMessage {}, "answer-told-message"),
                    (Told::Representative {}, "answer-told-representative"),
                ];
                let options = options.iter().map(|(told, key)| (written(told), self.words.t(key))).collect();
                let told = Input::Choice { fact: "told", label: self.words.t("answer-told"), options };
                Some(self.answer(&Move::InformPerson { told: Told::InPerson {} }, "", vec![told]))
            }
            LoopName::PersonInformed => {
                let close = Move::Close { reason: Self::any()?, case: None, need: None };
                Some(self.answer(&close, "", vec![self.reasons(&close, "reason", &[])]))
            }
            LoopName::Open | LoopName::Closed => None,
        }
    }

    fn day(&self, fact: &'static str, key: &'static str) -> Input {
        Input::Day { fact, label: self.words.t(key) }
    }
}

/// A fact as it stands in an event.
fn written(fact: &impl Serialize) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}
