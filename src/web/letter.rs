//! One referral: its envelope, its letter, what happened, and what can be done next.
//!
//! The hub shows what it can read. The letter is fetched, opened and answered by the page's script, which has the keys; every answer is an event
//! that it signs.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use fluent_bundle::FluentArgs;
use serde::Serialize;
use serde_json::json as value;

use super::{
    assets,
    frame::{Frame, Place, page},
    offer::{PartyData, called, denials},
    script::{Said, json, script},
    service::Tag,
    trays::{service, short, tag},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{AccessError, Actor, Permission},
    directory::{self, DirectoryError, Service, Tongue},
    http::Problem,
    kernel::{
        Timestamp,
        id::{OrganisationId, PacketId, ReferralId, ServiceId, StaffId},
    },
    members,
    packets::{self, PacketError},
    policy::{Excerpt, FieldId, Policy, Reason, ReasonCode, Requirement},
    referrals::{
        self, By, Event, EventView, LoopName, Move, NextStep, Number, ReferralError, ReferralView, Report,
        Seen, StateName, Told,
    },
    storage::Db,
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
    /// Who could help instead, as the recipient named them: where they are looked at, and where somebody is referred to them.
    instead: Vec<Instead>,
    letter: Option<Letter>,
}

/// A service that was named instead.
struct Instead {
    name: String,
    provider: String,
    look: String,
    /// For the sender; empty where nobody refers through this hub.
    refer: String,
}

/// Something that happened.
struct Step {
    what: String,
    who: String,
    when: String,
}

/// What the script is given, for somebody who may read the letter.
struct Letter {
    script: assets::Script,
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
    /// Services of the directory: these at hand, and others that are searched for.
    Services { fact: &'static str, options: Vec<(String, String)> },
    /// A few words, which travel sealed in a packet of their own; the event names it.
    Words { fact: &'static str, label: String, when: &'static str, hidden: bool },
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
    /// Both organisations, ours first: what is written back is judged before it is sealed.
    parties: Vec<PartyData<'a>>,
    denials: BTreeMap<&'static str, String>,
    words_in: &'static str,
    language: &'static str,
}

/// The field that a few words between the two sides travel in. Events hold no text.
const WORDS_IN: &str = "CF.need_text";

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
    ("file-size", "letter-file-size", &["size"]),
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
    ("words-back", "letter-words-back", &[]),
    ("words-added", "letter-words-added", &[]),
    ("no-words", "letter-no-words", &["why"]),
    ("words-left", "letter-words-left", &["count", "most"]),
    ("too-long", "letter-too-long", &["most"]),
    ("no-receipt", "compose-no-receipt", &[]),
    ("sealing", "compose-sealing", &[]),
    ("nobody-reads", "compose-nobody-reads", &[]),
    ("not-here", "letter-not-here", &[]),
    ("found", "letter-found", &["count"]),
    ("found-nothing", "letter-found-nothing", &[]),
    ("most-services", "letter-most-services", &["most"]),
    ("service-of", "letter-service-of", &["name", "provider"]),
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
    super::audit::note_read(&visit, id).await?;
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
        instead: instead(&visit, &referral).await?,
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

/// The services that the recipient named instead, as far as the directory still has them.
async fn instead(visit: &Visit, referral: &ReferralView) -> Result<Vec<Instead>, Problem> {
    let named = referral.party.as_ref().map(|party| party.alternatives.clone()).unwrap_or_default();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let (actor, now) = (visit.asking.caller.actor.clone(), visit.asking.hub.now());
    let own = actor.organisation();
    let refers = own == Some(referral.sender) && actor.may(Permission::SendReferrals).is_ok();
    let tongue: Option<Tongue> = visit.words.language.tag().parse().ok();
    let found =
        visit.asking.hub.read(move |db| in_directory(db, (&actor, tongue.as_ref()), named, now)).await?;
    let shown = found.into_iter().map(|service| {
        let is_here = refers && service.member.is_some_and(|member| Some(member) != own);
        Instead {
            look: format!("/services/{}", service.id),
            refer: if is_here { format!("/referrals/new?service={}", service.id) } else { String::new() },
            name: service.name,
            provider: service.provider,
        }
    });
    Ok(shown.collect())
}

/// Every packet whose letter is shown: what began it, and what either side wrote since, in the order of the events that name it.
fn packets_of(referral: &ReferralView) -> Vec<PacketId> {
    let Some(party) = &referral.party else { return Vec::new() };
    let events = referral.timeline.iter().flatten().filter_map(|event| event.token.as_deref());
    let named =
        events.filter_map(|token| Event::claimed(token).ok()).filter_map(|event| event.names_packet());
    let mut found = vec![party.packet];
    for id in named.chain(party.note) {
        if !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

/// Other services of the same kind that the sender could turn to and the recipient finds as well.
fn at_hand(
    db: &mut Db<'_>,
    (actor, tongue): (&Actor, Option<&Tongue>),
    (referral, policy): (&ReferralView, &Policy),
    now: Timestamp,
) -> Result<Vec<Named>, DirectoryError> {
    let between = (referral.sender, referral.recipient);
    let others = directory::alternatives(db, (&referral.service, policy), between, now)?;
    in_directory(db, (actor, tongue), others, now)
}

/// Services by their ids, without those that the directory does not show or has no more.
fn in_directory(
    db: &mut Db<'_>,
    (actor, tongue): (&Actor, Option<&Tongue>),
    ids: Vec<ServiceId>,
    now: Timestamp,
) -> Result<Vec<Named>, DirectoryError> {
    let mut found = Vec::new();
    for id in ids {
        match directory::find_service_in(db, actor, (id, tongue.cloned()), now) {
            Ok(one) => found.push(Named::of(one.service)),
            // What left the directory meanwhile helps nobody.
            Err(DirectoryError::Access(AccessError::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// A service that is or could be named instead.
struct Named {
    id: ServiceId,
    name: String,
    provider: String,
    /// Who offers it through this hub.
    member: Option<OrganisationId>,
}

impl Named {
    fn of(service: Service) -> Self {
        let member = service.member.filter(|_| service.service.is_some());
        Self { id: service.id, name: service.name, provider: service.provider, member }
    }
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
    let packets = packets_of(referral);
    let (asked, asking, now) = (packets.clone(), actor.clone(), visit.asking.hub.now());
    let sides = [own, if receives { referral.sender } else { referral.recipient }];
    let decides = receives && undecided(referral.state);
    let (view, rules) = (referral.clone(), visit.asking.hub.policy());
    let tongue: Option<Tongue> = visit.words.language.tag().parse().ok();
    let found = visit.asking.hub.read(move |db| {
        // What may be written back is in nobody's letter yet.
        let mut fields: BTreeSet<FieldId> = WORDS_IN.parse::<FieldId>().into_iter().collect();
        let mut there = Vec::new();
        let mut parties = Vec::new();
        for id in sides {
            parties.push(members::find_organisation(db, &asking, id)?);
        }
        let others =
            if decides { at_hand(db, (&asking, tongue.as_ref()), (&view, &rules), now)? } else { Vec::new() };
        for id in asked {
            match packets::claims_of(db, id) {
                Ok((_, manifest)) => {
                    fields.extend(manifest.fields.into_iter().map(|field| field.f));
                    there.push(id);
                }
                // What was deleted is gone for everybody, and the page says so.
                Err(PacketError::Purged) => there.push(id),
                Err(error) => return Err(error.into()),
            }
        }
        Ok::<_, ReferralError>((fields, there, parties, others))
    });
    let (fields, packets, parties, others) = found.await?;
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
        parties: parties.iter().map(PartyData::of).collect(),
        denials: denials(words),
        words_in: WORDS_IN,
        language: words.language.tag(),
    };
    let answers =
        staff.map(|staff| answers(referral, (receives, staff), (policy, words), others)).unwrap_or_default();
    Ok(Some(Letter {
        script: assets::Script::of("pages/letter.ts")
            .with_keys_of([data.own, data.other])
            .asking("/.well-known/throughline-node"),
        sentences: script(words, SENTENCES),
        data: json(&data)?,
        answers,
    }))
}

fn no_shows(referral: &ReferralView) -> u8 {
    let missed = referral.timeline.iter().flatten().filter(|event| event.number == Number::T17);
    u8::try_from(missed.count()).unwrap_or(u8::MAX)
}

const fn undecided(state: StateName) -> bool {
    matches!(state, StateName::Submitted | StateName::Delivered | StateName::Acknowledged)
}

/// What can be done where it stands. The hub's table decides; this only leaves out what it would refuse.
fn answers(
    referral: &ReferralView,
    (receives, staff): (bool, StaffId),
    (policy, words): (&Policy, Words),
    others: Vec<Named>,
) -> Vec<Answer> {
    let make = Make { policy, words, seen: Seen { state: referral.state, no_shows: no_shows(referral) } };
    let mut answers = match (receives, referral.state) {
        // Looking at it comes first, and is noted by itself.
        (true, state) if undecided(state) => make.decide(staff, others),
        (true, StateName::Waitlisted) => make.waiting(staff),
        (true, StateName::Accepted) => make.begin(),
        (true, StateName::Scheduled) => make.appointment(),
        (true, StateName::InService) => make.end(),
        (false, StateName::InfoRequested) => make.reply().into_iter().chain(make.cancel()).collect(),
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

    /// The reasons that fit and need nothing beside them but what the form asks for, as a choice.
    fn reasons_with(&self, like: &Move, fact: &'static str, but: &[&str], asked: &[Requirement]) -> Input {
        let (sets, only) = like.reasons();
        let fits = |reason: &&Reason| {
            let code = reason.code.as_str();
            let has_all = reason.requires.iter().all(|one| asked.contains(one));
            (only.is_empty() || only.contains(&code)) && !but.contains(&code) && has_all
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

    /// The reasons that fit and need nothing beside them, as a choice.
    fn reasons(&self, like: &Move, fact: &'static str, but: &[&str]) -> Input {
        self.reasons_with(like, fact, but, &[])
    }

    /// A reason to say no, and the words that go with the one that takes them.
    fn why_not(&self, like: &Move) -> [Input; 2] {
        let label = self.words.t("answer-other-words");
        [
            self.reasons_with(like, "reason", &["DR20"], &[Requirement::Text]),
            Input::Words { fact: "note", label, when: OTHER, hidden: true },
        ]
    }

    /// A code that stands in for the one somebody chooses.
    fn any() -> Option<ReasonCode> {
        "DR01".parse().ok()
    }

    fn decide(&self, staff: StaffId, others: Vec<Named>) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let estimate = chrono::NaiveDate::default();
        let (accept, ask) =
            (Move::Accept { assignee: staff }, Move::Ask { reason: reason.clone(), note: None });
        let waitlist = Move::Waitlist { reason: reason.clone(), estimate };
        let decline = Move::Decline { reason: reason.clone(), note: None };
        let redirect = Move::Redirect { reason, to: Vec::new(), note: None };
        let named = |Named { id, name, provider, .. }: Named| {
            let mut gaps = FluentArgs::new();
            gaps.set("name", name);
            gaps.set("provider", provider);
            (id.to_string(), self.words.filled("letter-service-of", &gaps))
        };
        let options = others.into_iter().map(named).collect();
        let question =
            Input::Words { fact: "note", label: self.words.t("answer-question"), when: "", hidden: false };
        let [why_redirected, redirected_words] = self.why_not(&redirect);
        vec![
            self.answer(&accept, "", vec![Input::Own { fact: "assignee" }]),
            self.answer(&ask, "secondary", vec![self.reasons(&ask, "reason", &[]), question]),
            self.answer(
                &waitlist,
                "secondary",
                vec![self.reasons(&waitlist, "reason", &[]), self.day("estimate", "answer-estimate")],
            ),
            self.answer(
                &redirect,
                "secondary",
                vec![Input::Services { fact: "to", options }, why_redirected, redirected_words],
            ),
            self.answer(&decline, "danger", self.why_not(&decline).into()),
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
            self.answer(&decline, "danger", self.why_not(&decline).into()),
        ]
    }

    fn begin(&self) -> Vec<Answer> {
        let since = chrono::NaiveDate::default();
        vec![
            self.answer(
                &Move::Schedule { on: Timestamp::from_seconds(0) },
                "",
                vec![Input::Moment { fact: "on", label: self.words.t("answer-on") }],
            ),
            self.answer(&Move::Start { since }, "secondary", vec![self.day("since", "answer-since")]),
        ]
    }

    fn appointment(&self) -> Vec<Answer> {
        let Some(reason) = Self::any() else { return Vec::new() };
        let no_show = Move::NoShow { reason: reason.clone() };
        let reschedule = Move::Reschedule { on: Timestamp::from_seconds(0), reason };
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

    /// What was asked is answered in words, in a packet that is held against everything as the first one was.
    fn reply(&self) -> Option<Answer> {
        let like = Move::Answer { packet: "pkt_00000000000070008000000000000000".parse().ok()? };
        let words =
            Input::Words { fact: "packet", label: self.words.t("answer-reply"), when: ALWAYS, hidden: false };
        Some(self.answer(&like, "", vec![words]))
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

/// The reason to say no that is told in words, and in nothing but words.
const OTHER: &str = "DR90";
/// Words without which there is no answer.
const ALWAYS: &str = "always";

/// A fact as it stands in an event.
fn written(fact: &impl Serialize) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}
