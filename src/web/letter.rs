//! One referral: its envelope, its letter, what happened, and what can be done next.
//!
//! The hub shows what it can read. The letter is fetched, opened and answered by the page's script, which has the keys; every answer is an event
//! that it signs.

use std::collections::{BTreeMap, BTreeSet};

mod answers;

use actix_web::{HttpResponse, http::StatusCode, web::Path};
use answers::{Answer, Ground, Input, answers, no_shows};
use askama::Template;
use serde::Serialize;

use super::{
    assets,
    contacts::Called,
    corrections::{self, Wish},
    duties::{self, Owes},
    frame::{Frame, Place, page},
    notes::{self, Notes},
    offer::{PartyData, called, denials},
    script::{Said, json, script},
    service::Tag,
    trays::{another, service, short, tag},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{AccessError, Actor, Permission},
    directory::{self, DirectoryError, Service, Tongue},
    http::Problem,
    kernel::{
        Timestamp,
        id::{NeedId, OrganisationId, PacketId, ReferralId, ServiceId, StaffId},
        page::Asked,
    },
    members,
    packets::{self, PacketError},
    policy::{Barrier, Excerpt, FieldId, Policy, ReasonSet},
    referrals::{
        self, Event, EventView, Listing, LoopName, Move, Number, ReferralError, ReferralView, Seen,
        StateName, Tray, Whose,
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
    /// What the person asked to have put right.
    corrections: Vec<Wish>,
    /// What its recipient must still answer: what became of the data.
    owes: Vec<Owes>,
    /// What the person and this organisation left for each other.
    notes: Option<Notes>,
    /// For the sender while nobody answers: who is on call.
    called: Vec<Called>,
    facts: Vec<(String, String)>,
    steps: Vec<Step>,
    due: Vec<(String, String, bool)>,
    /// Who could help instead, as the recipient named them: where they are looked at, and where somebody is referred to them.
    instead: Vec<Instead>,
    /// For the recipient who said no for want of room: where the directory hears of it.
    room: Option<String>,
    /// The next referral that waits for an answer, and what it is for.
    after: Option<(String, String)>,
    /// Where the sender looks for another service of the same kind, when this one did not help.
    another: Option<String>,
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
    let (referral, mailbox, names, owed) = hub
        .read(move |db| {
            let found = referrals::find_referral(db, &actor, id, now)?;
            let own = actor.organisation();
            let mailbox = own.map(|_own| referrals::mailbox(db, &actor, id)).transpose()?;
            let names = members::names_of(db, &[found.sender, found.recipient])?;
            let owed = referrals::owed_about(db, &actor, id, now)?;
            Ok::<_, ReferralError>((found, mailbox, names, owed))
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
        corrections: corrections::wishes(&visit, &referral, &name),
        owes: duties::owes(&owed, words, now),
        notes: mailbox.and_then(|mailbox| notes::shown(&visit, id, &mailbox)),
        called: whom_to_call(&visit, &referral).await?,
        facts,
        steps: steps.collect(),
        due: due.collect(),
        instead: instead(&visit, &referral).await?,
        room: room(&visit, &referral, &policy).await?,
        after: after(&visit, &referral, &policy).await?,
        another: another(&referral, &visit.asking.caller.actor),
        letter: letter(&visit, &referral, &policy).await?,
    };
    page(StatusCode::OK, &shown)
}

/// Whom the sender calls while the referral waits for an answer, or something of it is late: who is on call for services of its kind.
async fn whom_to_call(visit: &Visit, referral: &ReferralView) -> Result<Vec<Called>, Problem> {
    let actor = visit.asking.caller.actor.clone();
    let is_late = referral.due.iter().any(|due| due.overdue_since.is_some());
    let is_theirs = actor.organisation() == Some(referral.sender) && referral.circle != LoopName::Closed;
    if !(is_theirs && (undecided(referral.state) || is_late)) {
        return Ok(Vec::new());
    }
    let hub = &visit.asking.hub;
    let (recipient, service) = (referral.recipient, referral.service.clone());
    let (policy, now) = (hub.policy(), hub.now());
    let on_call =
        hub.read(move |db| directory::on_call(db, &actor, (recipient, &service, &policy), now)).await?;
    Ok(on_call.iter().map(|contact| Called::of(contact, visit.words)).collect())
}

/// Where the recipient says that there is no room, so that nobody else is sent in vain: at the service when it is the only one of its
/// kind, otherwise where they all are.
async fn room(visit: &Visit, referral: &ReferralView, policy: &Policy) -> Result<Option<String>, Problem> {
    let actor = visit.asking.caller.actor.clone();
    let may_say = actor.organisation() == Some(referral.recipient)
        && actor.may(Permission::ReceiveReferrals).is_ok()
        && matches!(referral.state, StateName::Declined | StateName::Redirected);
    let reason = referral.reason.as_ref().filter(|_reason| may_say);
    let reason = reason.and_then(|code| policy.reason(ReasonSet::Dr, code));
    if reason.and_then(|reason| reason.barrier) != Some(Barrier::Capacity) {
        return Ok(None);
    }
    let (now, code) = (visit.asking.hub.now(), referral.service.clone());
    let asked = Asked::new(Some(MOST_OWN), None);
    let own = visit.asking.hub.read(move |db| directory::own_services(db, &actor, &asked, now)).await?;
    let mut same = own.items.iter().filter(|service| service.service.as_ref() == Some(&code));
    Ok(Some(match (same.next(), same.next(), &own.next) {
        (Some(service), None, None) => format!("/services/{}/room", service.id),
        _ => String::from("/services"),
    }))
}

/// The referral that waits for an answer next, for whoever has just given one.
async fn after(
    visit: &Visit,
    referral: &ReferralView,
    policy: &Policy,
) -> Result<Option<(String, String)>, Problem> {
    let actor = visit.asking.caller.actor.clone();
    let answers =
        actor.organisation() == Some(referral.recipient) && actor.may(Permission::ReceiveReferrals).is_ok();
    if !answers || undecided(referral.state) {
        return Ok(None);
    }
    let asked = Asked::new(Some(MOST_WAITING), None);
    let inbox = Listing { tray: Tray::Inbox, ended: false, whose: Whose::Team };
    let found = visit.asking.hub.read(move |db| referrals::list_referrals(db, &actor, inbox, &asked)).await?;
    let next = found.items.iter().find(|one| undecided(one.state) && one.id != referral.id);
    Ok(next.map(|next| {
        let what = format!("{} · {}", service(next, policy, visit.words), short(next.id));
        (format!("/referrals/{}", next.id), what)
    }))
}

/// Among how many of its own services the one that is full is looked for.
const MOST_OWN: u16 = 50;
/// Among how many of those that are due first the next one to answer is looked for.
const MOST_WAITING: u16 = 20;

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
    let (ends, closes) = (
        !receives && referral.circle == LoopName::OutcomeKnown,
        !receives && referral.circle == LoopName::PersonInformed,
    );
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
        let later = if ends { referrals::later_referrals(db, &asking, &view)? } else { Vec::new() };
        let names = later.iter().map(|one| one.recipient).collect::<BTreeSet<_>>();
        let names = members::names_of(db, &names.into_iter().collect::<Vec<_>>())?;
        let needs = if closes { referrals::recent_needs(db, &asking, &view.service)? } else { Vec::new() };
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
        Ok::<_, ReferralError>((fields, there, parties, (others, later, names, needs)))
    });
    let (fields, packets, parties, (others, later, names, needs)) = found.await?;
    let words = visit.words;
    let later = later.iter().map(|one| {
        let to = names.get(&one.recipient).map_or_else(|| one.recipient.to_string(), ToString::to_string);
        (one.id, format!("{to} · {} · {}", service(one, policy, words), words.moment(one.submitted_at)))
    });
    let needs = needs.iter().map(|need| {
        (need.id, format!("{} · {}", words.moment(need.recorded_at), words.word("gap", &need.reason)))
    });
    let (later, needs): (Vec<(ReferralId, String)>, Vec<(NeedId, String)>) =
        (later.collect(), needs.collect());
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
    let now = visit.asking.hub.now();
    let ground = |staff| Ground { referral, receives, staff, policy, words, now, others, later, needs };
    let answers = staff.map(|staff| answers(ground(staff))).unwrap_or_default();
    Ok(Some(Letter {
        script: assets::Script::of("pages/letter.ts")
            .with_keys_of([data.own, data.other])
            .asking("/.well-known/throughline-node"),
        sentences: script(words, SENTENCES),
        data: json(&data)?,
        answers,
    }))
}

const fn undecided(state: StateName) -> bool {
    matches!(state, StateName::Submitted | StateName::Delivered | StateName::Acknowledged)
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
