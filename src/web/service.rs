//! A service: on a card among others, and on a page of its own.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Path, Query},
};
use askama::Template;
use fluent_bundle::{FluentArgs, FluentValue};
use serde::Deserialize;

use super::{
    contacts::Called,
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    sign_in::see,
    visit::{Signed, Visit},
    whom,
    words::Words,
};
use crate::{
    access::{Actor, Permission, Tx},
    directory::{
        self, Availability, Brief, Contact, ContactsOf, DirectoryError, Freshness, Leaf, Meeting, Met,
        NOTE_MAX, Note, PaperAsked, Reporting, Service, ServiceInLanguage, Spoken, Standing, Tongue,
        WriteNote,
        eligibility::{Answer, Eligibility},
        search::{Band, Found, Match},
    },
    http::Problem,
    kernel::{Fault, id::ServiceId, text::NotALine},
    policy::Policy,
};

/// How many characters of a description stand on a card.
const SHORTENED: usize = 220;

/// How many characters of whom a service is for stand on a card, and of how fast it answers.
const BRIEF: usize = 120;

/// A mark: its tone and its words.
pub(super) struct Tag {
    pub(super) tone: &'static str,
    pub(super) word: String,
}

/// Whether a service is for the person.
pub(super) struct Fit {
    pub(super) tone: &'static str,
    pub(super) word: String,
    pub(super) rules: String,
}

/// A service among others.
pub(super) struct Card {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) area: String,
    /// How far away it is, or why it need not be near; empty when no place was asked for.
    pub(super) away: String,
    pub(super) description: String,
    /// For whom it is and how fast it answers, a sentence each.
    pub(super) brief: Vec<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) fit: Option<Fit>,
    pub(super) duty: Tag,
    /// Whether one refers to it through this hub.
    pub(super) is_member: bool,
    /// Whether the viewer does, from where the card stands.
    pub(super) may_refer: bool,
}

#[derive(Template)]
#[template(path = "service.html")]
struct ServicePage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    card: Card,
    leaf: Leaf,
    /// Whom it takes and whom it does not.
    whom: Vec<whom::Told>,
    /// Papers that are asked for, languages that are spoken and who can refer.
    papers: Vec<String>,
    languages: Vec<String>,
    referrers: Vec<String>,
    telephones: Vec<(String, String)>,
    /// Whom one calls there.
    called: Vec<Called>,
    /// Whether urgent referrals are taken.
    urgent: Option<String>,
    /// How one refers to it through this hub, where one does.
    refer: Option<String>,
    /// What a gateway of the viewer's organisation seals a letter for, where the viewer refers to it.
    gateway: Option<String>,
    availability: Vec<String>,
    checked: String,
    url: Option<String>,
    /// What is noted of it, for those who keep the directory.
    noted: Option<Noted>,
    mets: Vec<(&'static str, String)>,
    was_reported: bool,
}

/// What is noted of a service, and the form to note it.
struct Noted {
    text: String,
    /// What is noted now, where somebody was faster.
    now: Option<String>,
    /// When that was written; empty when nothing is noted.
    on: String,
    /// Its version; empty when nothing is noted.
    seen: String,
    most: usize,
}

impl Noted {
    fn of(note: Option<&Note>, refused: Option<Refused>, words: Words) -> Self {
        let text = note.map(|note| note.text.to_string());
        let is_stale = refused.as_ref().is_some_and(|refused| refused.is_stale);
        let now = text.clone().filter(|_text| is_stale);
        Self {
            now: now.map(|now| words.with("service-note-now", "says", now)),
            text: refused.map(|refused| refused.text).or(text).unwrap_or_default(),
            on: note
                .map(|note| words.with("service-noted-on", "day", words.day(note.at)))
                .unwrap_or_default(),
            seen: note.map(|note| note.version.to_string()).unwrap_or_default(),
            most: NOTE_MAX,
        }
    }
}

/// A service as it was found, by somebody.
pub(super) fn card(
    found: &Found,
    brief: Option<&Brief>,
    actor: &Actor,
    (policy, words): (&Policy, Words),
) -> Card {
    Card {
        may_refer: may_refer(&found.service, actor),
        fit: found.eligibility.as_ref().map(|judged| fit(judged, words)),
        brief: brief.map(|brief| in_short(brief, policy, words)).unwrap_or_default(),
        away: found.fit.as_ref().map(|fit| away(fit, words)).unwrap_or_default(),
        ..of_service(&found.service, words)
    }
}

/// Whether somebody refers people there through this hub: to another organisation, and never to their own.
fn may_refer(service: &Service, actor: &Actor) -> bool {
    let is_member = service.member.is_some() && service.service.is_some();
    is_member && actor.organisation() != service.member && actor.may(Permission::SendReferrals).is_ok()
}

/// How far away it is, as far as that is told, and why it need not be near.
fn away(fit: &Match, words: Words) -> String {
    let distance = fit.distance.map(|metres| {
        let kilometres =
            if metres < 1_000.0 { String::from("0") } else { format!("{:.0}", metres / 1_000.0) };
        words.with("find-away", "km", kilometres.parse::<i64>().unwrap_or_default())
    });
    let band = fit.band.map(|Band { from, to }| {
        let kilometres = |metres: u32| FluentValue::from(metres / 1_000);
        let mut between = FluentArgs::new();
        between.set("from", kilometres(from));
        if let Some(to) = to {
            between.set("to", kilometres(to));
        }
        let key = match (from, to) {
            (0, _) => "find-away-under",
            (_, Some(_)) => "find-away-between",
            (_, None) => "find-away-over",
        };
        words.filled(key, &between)
    });
    let reach = fit.reach.map(|reach| words.word("find-serves", reach.name()));
    distance.or(band).into_iter().chain(reach).collect::<Vec<_>>().join(" · ")
}

/// For whom it is and how fast it answers, as far as it says so.
fn in_short(brief: &Brief, policy: &Policy, words: Words) -> Vec<String> {
    let [takes, refuses] = whom::in_short(&brief.whom, policy, words);
    let who = |said: Option<String>, key: &str| Some(words.with(key, "who", shortened(&said?, BRIEF)));
    let answers = brief.answers_in.as_ref();
    let answers = answers.map(|time| words.with("service-answers", "time", shortened(time, BRIEF)));
    let said = [who(takes, "service-for"), who(refuses, "service-not-for"), answers];
    said.into_iter().flatten().collect()
}

pub(super) fn of_service(service: &Service, words: Words) -> Card {
    let mut tags: Vec<Tag> = standing(service, words).into_iter().collect();
    tags.push(room(service, words));
    if service.upkeep.flagged_at.is_some() {
        tags.push(Tag { tone: "bad", word: words.t("service-flagged") });
    } else {
        match service.upkeep.verification {
            Freshness::Stale => tags.push(Tag { tone: "bad", word: words.t("service-stale") }),
            Freshness::Due | Freshness::Unverified => {
                tags.push(Tag { tone: "warn", word: words.t("service-due") });
            }
            Freshness::Verified => {}
        }
    }
    Card {
        id: service.id.to_string(),
        name: service.name.clone(),
        provider: service.provider.clone(),
        area: service.area.clone().unwrap_or_default(),
        away: String::new(),
        description: shortened(&service.description, SHORTENED),
        brief: Vec::new(),
        tags,
        fit: None,
        duty: duty(service.reports_to_authorities, words),
        is_member: service.member.is_some() && service.service.is_some(),
        may_refer: false,
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most).collect();
    if let Some((whole, _)) = cut.rsplit_once(' ') {
        cut.truncate(whole.len());
    }
    cut + "…"
}

/// Why nobody is referred there, where those who keep the directory do not list it.
pub(super) fn standing(service: &Service, words: Words) -> Option<Tag> {
    let (tone, key) = match service.standing {
        Standing::Listed => return None,
        Standing::Proposed => ("warn", "service-proposed"),
        Standing::Suspended => ("bad", "service-suspended"),
        Standing::Archived => ("bad", "service-archived"),
    };
    Some(Tag { tone, word: words.t(key) })
}

/// Whether it takes people, in a few words.
pub(super) fn room(service: &Service, words: Words) -> Tag {
    let places = service.upkeep.availability_places;
    match service.availability {
        Availability::Open => Tag {
            tone: "good",
            word: places.map_or_else(
                || words.t("service-open"),
                |places| words.with("service-places", "places", places),
            ),
        },
        Availability::Waitlist => Tag { tone: "warn", word: words.t("service-waitlist") },
        Availability::Assessment => Tag { tone: "warn", word: words.t("service-assessment") },
        Availability::Full => Tag { tone: "bad", word: words.t("service-full") },
        Availability::Unknown => Tag { tone: "", word: words.t("service-unknown") },
    }
}

/// Whether it tells the authorities of people, in a sentence.
pub(super) fn duty(reports: Reporting, words: Words) -> Tag {
    match reports {
        Reporting::No => Tag { tone: "", word: words.t("service-reports-no") },
        Reporting::Unknown => Tag { tone: "unsure", word: words.t("service-reports-unknown") },
        Reporting::Yes => Tag { tone: "tells", word: words.t("service-reports-yes") },
    }
}

fn fit(judged: &Eligibility, words: Words) -> Fit {
    let rules: Vec<&str> = judged.decided_by.iter().map(|decided| decided.text.as_str()).collect();
    let (tone, word) = match judged.answer {
        Answer::Eligible if judged.priority => ("good", "service-fits-first"),
        Answer::Eligible => ("good", "service-fits"),
        Answer::NotKnown => ("ask", "service-ask"),
        Answer::NotEligible => ("bad", "service-does-not-fit"),
    };
    Fit { tone, word: words.t(word), rules: rules.join("; ") }
}

/// What was done before the page is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    reported: String,
}

/// What the page of a service tells beside it.
enum Told {
    Nothing,
    /// That a report was taken.
    Reported,
    NotNoted(Refused),
}

/// What was to be noted of a service and was not, and why.
struct Refused {
    text: String,
    why: String,
    is_stale: bool,
}

/// One service with everything that helps to decide.
pub(super) async fn show(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    shown: Query<Shown>,
) -> Result<HttpResponse, Problem> {
    let told = if shown.reported.is_empty() { Told::Nothing } else { Told::Reported };
    service_page(&visit, id.into_inner(), told, StatusCode::OK).await
}

async fn service_page(
    visit: &Visit,
    id: ServiceId,
    told: Told,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now) = (visit.asking.caller.actor.clone(), hub.now());
    let tongue: Option<Tongue> = words.language.tag().parse().ok();
    let keeps = actor.may(Permission::ManageDirectory).is_ok();
    let (found, leaf, contacts, note) = hub
        .read(move |db| {
            let found = directory::find_service_in(db, &actor, (id, tongue.clone()), now)?;
            let leaf = directory::leaf(db, &actor, (id.uuid(), tongue.as_ref()), now)?;
            let note = if keeps { directory::note(db, &actor, id, now)? } else { None };
            let contacts = directory::contacts(db, &actor, ContactsOf::Service(id), now)?;
            Ok::<_, DirectoryError>((found, leaf, contacts, note))
        })
        .await?;
    let ServiceInLanguage { service, .. } = found;
    let viewer = &visit.asking.caller.actor;
    let card = Card {
        description: service.description.clone(),
        may_refer: may_refer(&service, viewer),
        ..of_service(&service, words)
    };
    let (was_reported, refused) = match told {
        Told::Nothing => (false, None),
        Told::Reported => (true, None),
        Told::NotNoted(refused) => (false, Some(refused)),
    };
    let mut wrongs = Wrongs::default();
    if let Some(refused) = &refused {
        wrongs.note("text", refused.why.clone());
    }
    let frame = Frame { path: format!("/services/{id}"), ..visit.frame(Place::Find, card.name.clone()) };
    let mets = [Met::Closed, Met::Unreachable, Met::Refused, Met::WrongInformation, Met::Reached];
    let shown = ServicePage {
        f: if wrongs.is_empty() { frame } else { frame.with_error() },
        w: words,
        wrongs,
        noted: keeps.then(|| Noted::of(note.as_ref(), refused, words)),
        availability: availability(&service, words),
        checked: checked(&service, words),
        url: service.url.clone(),
        refer: refer(&service, viewer, words),
        gateway: service
            .member
            .zip(service.service.as_ref())
            .filter(|_both| card.may_refer)
            .map(|(to, code)| format!("--to {to} --service {code}")),
        mets: mets.map(|met| (met.name(), words.word("service-met", met.name()))).into(),
        whom: whom::of_leaf(&leaf, &hub.policy(), words),
        papers: leaf.papers.iter().map(|asked| paper(asked, words)).collect(),
        languages: leaf.languages.iter().map(|one| spoken(one, words)).collect(),
        referrers: leaf.referrers.iter().map(|code| words.word("service-can-refer", code)).collect(),
        telephones: leaf.telephones.iter().map(|shown| (shown.clone(), dialled(shown))).collect(),
        called: contacts.iter().map(|contact| Called::of(contact, words)).collect(),
        urgent: urgent(&leaf, &contacts).map(|key| words.t(key)),
        was_reported,
        card,
        leaf,
    };
    page(status, &shown)
}

/// Whether it takes urgent referrals. That it does counts only while the viewer can see whom to call.
fn urgent(leaf: &Leaf, contacts: &[Contact]) -> Option<&'static str> {
    if !leaf.takes_urgent? {
        return Some("service-urgent-no");
    }
    contacts.iter().any(|contact| contact.is_on_call).then_some("service-urgent-yes")
}

/// A paper, and whether there is a way without it.
fn paper(asked: &PaperAsked, words: Words) -> String {
    let other =
        asked.has_alternative.map(|has| if has { "service-paper-other" } else { "service-paper-no-other" });
    let waivable = asked.is_waivable.then_some("service-paper-waivable");
    noted(&asked.name, &[other, waivable], words)
}

/// A language, and whether it is spoken through an interpreter or is signed.
fn spoken(spoken: &Spoken, words: Words) -> String {
    let interpreter = spoken.via_interpreter.then_some("service-interpreter");
    noted(&spoken.name, &[interpreter, spoken.is_signed.then_some("service-sign-language")], words)
}

/// A name with what is noted of it.
fn noted(name: &str, keys: &[Option<&str>], words: Words) -> String {
    let notes = words.list(keys.iter().flatten().map(|key| words.t(key)));
    match (name.is_empty(), notes.is_empty()) {
        (_, true) => name.to_owned(),
        (true, false) => notes,
        (false, false) => format!("{name} ({notes})"),
    }
}

/// How one refers to a service that takes referrals through this hub, for the viewer.
fn refer(service: &Service, viewer: &Actor, words: Words) -> Option<String> {
    let how = match service.member.zip(service.service.as_ref()) {
        None => return None,
        Some(_) if may_refer(service, viewer) => "service-refer-how",
        Some((member, _)) if viewer.organisation() == Some(member) => "service-refer-own",
        Some(_) => "service-refer-who",
    };
    Some(words.t(how))
}

/// What is dialled for a number as it is written: its digits, and the plus before them. An extension is not.
fn dialled(shown: &str) -> String {
    let number = shown.split(" ext").next().unwrap_or_default();
    number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

fn availability(service: &Service, words: Words) -> Vec<String> {
    let mut said = vec![room(service, words).word];
    said.extend(service.upkeep.availability_note.clone());
    if let Some(until) =
        service.upkeep.availability_until.filter(|_| service.availability != Availability::Unknown)
    {
        said.push(words.with("service-holds-until", "day", words.day(until)));
    }
    said
}

/// When it was last checked, in words.
pub(super) fn checked(service: &Service, words: Words) -> String {
    match service.upkeep.verified_at {
        Some(at) if service.upkeep.assured => words.with("service-assured", "day", words.day(at)),
        Some(at) => words.with("service-verified", "day", words.day(at)),
        None => words.t("service-never-verified"),
    }
}

/// Takes what is to be noted of a service; nothing takes back what was. What is not taken stays in its field.
pub(super) async fn note(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (words, id) = (visit.words, id.into_inner());
    let (hub, caller) = (&visit.asking.hub, &visit.asking.caller);
    let text = form.one("text").split_whitespace().collect::<Vec<_>>().join(" ");
    let seen: Option<i64> = form.one("seen").parse().ok();
    let kept: Result<(), Problem> = match (text.parse(), seen) {
        (Ok(text), seen) => {
            let command = WriteNote { text };
            let writing = move |tx: &mut Tx<'_>| directory::write_note(tx, (id, seen), &command).map(drop);
            hub.write("directory.write_note", caller, writing).await.map_err(Problem::from)
        }
        (Err(NotALine::Empty), Some(seen)) => {
            let dropping = move |tx: &mut Tx<'_>| directory::drop_note(tx, (id, seen));
            hub.write("directory.drop_note", caller, dropping).await.map_err(Problem::from)
        }
        (Err(NotALine::Empty), None) => Ok(()),
        (Err(NotALine::TooLong { .. } | NotALine::Control), _) => {
            caller.actor.may(Permission::ManageDirectory).map_err(DirectoryError::from)?;
            let refused = Refused {
                text: form.one("text").to_owned(),
                why: words.with("service-note-wrong", "most", NOTE_MAX),
                is_stale: false,
            };
            return service_page(&visit, id, Told::NotNoted(refused), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match kept {
        Ok(()) => Ok(see(&format!("/services/{id}#note"))),
        Err(problem) if problem.code().fault() == Fault::Conflict => {
            let refused = Refused {
                text: form.one("text").to_owned(),
                why: words.t("service-note-stale"),
                is_stale: true,
            };
            service_page(&visit, id, Told::NotNoted(refused), problem.status()).await
        }
        Err(problem) => Err(problem),
    }
}

/// Takes a report of what somebody met: a code, and nothing about a person.
pub(super) async fn report(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let Ok(met) = form.one("met").parse::<Met>() else { return Ok(see(&format!("/services/{id}#wrong"))) };
    let settings = visit.asking.hub.settings().directory.clone();
    let meeting = Meeting { met };
    visit
        .asking
        .hub
        .write("directory.report", &visit.asking.caller, move |tx| {
            directory::report(tx, (id, meeting), &settings).map(drop)
        })
        .await?;
    Ok(see(&format!("/services/{id}?reported=1#wrong")))
}
