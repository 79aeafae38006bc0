//! What one's own organisation offers: how many places there are today, and saying so; offering a service, and what its entry should say.

pub(super) mod editing;
mod entry;
pub(super) mod offering;
mod rows;
mod says;

use std::collections::HashMap;

pub(super) use entry::may_edit;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use chrono::NaiveDate;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    service::{Tag, room, standing},
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Permission},
    directory::{
        self, Availability, DirectoryError, DraftState, Freshness, Intake, Service, SetAvailability, Standing,
    },
    http::Problem,
    kernel::{Fault, Timestamp, id::ServiceId, page::Asked, text::Line},
    policy::Policy,
};

/// How many services stand on a page.
const PER_PAGE: u16 = 50;

/// What one can say of the room of a service, and the word of it in a form.
const SAID: [(Availability, &str); 5] = [
    (Availability::Open, "open"),
    (Availability::Waitlist, "waitlist"),
    (Availability::Assessment, "assessment"),
    (Availability::Full, "full"),
    (Availability::Unknown, "unknown"),
];

struct Row {
    id: String,
    name: String,
    what: String,
    /// How it stands: why nobody is referred there if it is not listed, what waits, whether it is due to be checked, its room.
    tags: Vec<Tag>,
    verified: String,
    until: String,
    version: i64,
    /// Whether there may be places that can be said to be gone.
    may_be_full: bool,
}

#[derive(Template)]
#[template(path = "own-services.html")]
struct ServicesPage {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
    was_said: bool,
    /// What was done before this page.
    done: Option<String>,
    /// Whether the viewer may say how much room there is.
    may_say: bool,
    /// Whether the viewer says what entries should say.
    may_edit: bool,
    may_offer: bool,
}

/// What was done before the list is shown, and the words for it.
const DONE: [(&str, &str); 6] = [
    ("offered", "own-done-offered"),
    ("sent", "own-done-sent"),
    ("submitted", "own-done-submitted"),
    ("kept", "own-done-kept"),
    ("dropped", "own-done-dropped"),
    ("confirmed", "own-done-confirmed"),
];

struct Choice {
    value: &'static str,
    word: String,
    chosen: bool,
}

/// What stands in the form.
struct Filled {
    availability: String,
    places: String,
    note: String,
    until: String,
}

#[derive(Template)]
#[template(path = "own-room.html")]
struct RoomPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    id: String,
    name: String,
    now: Tag,
    until: String,
    version: i64,
    choices: Vec<Choice>,
    filled: Filled,
    days: i64,
    /// Whether somebody else said something since the form was opened.
    is_stale: bool,
}

/// What the organisation offers, page by page.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
    let (asked, now, policy) = (Asked::new(Some(PER_PAGE), form.after()), hub.now(), hub.policy());
    let (found, states) = hub
        .read(move |db| {
            let found = directory::own_services(db, &actor, &asked, now)?;
            let shown: Vec<ServiceId> = found.items.iter().map(|service| service.id).collect();
            let states = directory::draft_states(db, &actor, &shown)?;
            Ok::<_, DirectoryError>((found, states.into_iter().collect::<HashMap<_, _>>()))
        })
        .await?;
    let done = DONE.iter().find(|(done, _)| *done == form.one("done"));
    let actor = &visit.asking.caller.actor;
    let may_edit = may_edit(actor);
    let cards = found.items.iter().map(|service| {
        let state = states.get(&service.id).copied();
        row(service, (state, may_edit), (&policy, words))
    });
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/services?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let shown = ServicesPage {
        f: visit.frame(Place::Services, words.t("own-title")),
        w: words,
        rows: cards.collect(),
        next,
        was_said: form.says("said", "1"),
        done: done.map(|(_, key)| words.t(key)),
        may_say: may_say(actor),
        may_edit,
        may_offer: offering::may_offer(actor),
    };
    page(StatusCode::OK, &shown)
}

/// Whether the actor may say how much room there is in what is theirs.
fn may_say(actor: &Actor) -> bool {
    [Permission::ReceiveReferrals, Permission::ManageDirectory].iter().any(|may| actor.may(*may).is_ok())
}

fn row(
    service: &Service,
    (state, may_edit): (Option<DraftState>, bool),
    (policy, words): (&Policy, Words),
) -> Row {
    let code = service.service.as_ref();
    let what = code.map(|code| {
        let label = policy.service(code).map_or("", |known| known.label.as_str());
        words.code(code.as_str(), label)
    });
    Row {
        id: service.id.to_string(),
        name: service.name.clone(),
        what: what.unwrap_or_default(),
        tags: tags(service, (state, may_edit), words),
        verified: verified(service, words),
        until: until(service, words),
        version: service.version,
        may_be_full: service.availability != Availability::Full,
    }
}

/// How a service stands.
fn tags(service: &Service, (state, may_edit): (Option<DraftState>, bool), words: Words) -> Vec<Tag> {
    let mut tags: Vec<Tag> = standing(service, words).into_iter().collect();
    // What waits is said to those who wrote it.
    if may_edit {
        tags.extend(entry::draft_tag(state, service, words));
    }
    let due = match service.upkeep.verification {
        _ if service.standing != Standing::Listed => None,
        _ if service.upkeep.flagged_at.is_some() => Some(("bad", "service-flagged")),
        Freshness::Stale => Some(("bad", "service-stale")),
        Freshness::Due | Freshness::Unverified => Some(("warn", "service-due")),
        Freshness::Verified => None,
    };
    tags.extend(due.map(|(tone, key)| Tag { tone, word: words.t(key) }));
    tags.push(room(service, words));
    tags
}

/// When a service was last verified, and by when it has to be again.
fn verified(service: &Service, words: Words) -> String {
    match (service.upkeep.verified_at, service.upkeep.verify_by) {
        (Some(at), Some(by)) => {
            let mut gaps = fluent_bundle::FluentArgs::new();
            gaps.set("day", words.day(at));
            gaps.set("due", words.day(by));
            words.filled("own-verified-until", &gaps)
        }
        (Some(at), None) => words.with("own-verified", "day", words.day(at)),
        (None, _) => words.t("own-never-verified"),
    }
}

/// Until when what was said holds, or since when it does not.
fn until(service: &Service, words: Words) -> String {
    match service.upkeep.availability_until {
        Some(until) if service.availability == Availability::Unknown => {
            words.with("own-ran-out", "moment", words.moment(until))
        }
        Some(until) => words.with("own-holds-until", "moment", words.moment(until)),
        None => words.t("own-nobody-said"),
    }
}

/// The form to say how much room there is.
pub(super) async fn ask(Signed(visit): Signed, id: Path<ServiceId>) -> Result<HttpResponse, Problem> {
    let service = own(&visit, id.into_inner()).await?;
    let said = SAID.iter().find(|(availability, _)| *availability == service.availability);
    let filled = Filled {
        availability: said.map(|(_, word)| (*word).to_owned()).unwrap_or_default(),
        places: service.upkeep.availability_places.map(|places| places.to_string()).unwrap_or_default(),
        note: service.upkeep.availability_note.clone().unwrap_or_default(),
        until: String::new(),
    };
    room_page(&visit, &service, (Wrongs::default(), filled, false), StatusCode::OK)
}

/// A service whose room the visitor may speak of.
async fn own(visit: &Visit, id: ServiceId) -> Result<Service, Problem> {
    let (actor, now) = (visit.asking.caller.actor.clone(), visit.asking.hub.now());
    let found = visit
        .asking
        .hub
        .read(move |db| {
            let service = directory::find_service(db, &actor, id, now)?;
            let theirs = service.member.is_some() && service.member == actor.organisation();
            if !(theirs && actor.may(Permission::ReceiveReferrals).is_ok()) {
                actor.may(Permission::ManageDirectory)?;
            }
            Ok::<_, DirectoryError>(service)
        })
        .await?;
    Ok(found)
}

fn room_page(
    visit: &Visit,
    service: &Service,
    (wrongs, filled, is_stale): (Wrongs, Filled, bool),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Services, words.t("own-room-title"));
    let is_wrong = is_stale || !wrongs.is_empty();
    let shown = RoomPage {
        f: if is_wrong { frame.with_error() } else { frame },
        w: words,
        wrongs,
        id: service.id.to_string(),
        name: service.name.clone(),
        now: room(service, words),
        until: until(service, words),
        version: service.version,
        choices: SAID
            .map(|(_, word)| Choice {
                value: word,
                word: words.word("own-availability", word),
                chosen: filled.availability == word,
            })
            .into(),
        filled,
        days: visit.asking.hub.settings().directory.availability_days,
        is_stale,
    };
    page(status, &shown)
}

/// Takes what somebody says of the room of a service.
pub(super) async fn say(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (words, id) = (visit.words, id.into_inner());
    let filled = Filled {
        availability: form.one("availability").to_owned(),
        places: form.one("places").to_owned(),
        note: form.one("note").to_owned(),
        until: form.one("until").to_owned(),
    };
    let mut wrongs = Wrongs::default();
    let said = read(&filled, words, &mut wrongs);
    let version = form.one("version").parse::<i64>().unwrap_or(-1);
    let problem = match said {
        Some(said) => match set(&visit, SetAvailability { service: id, version, said }).await {
            Ok(()) => return Ok(see("/services?said=1")),
            Err(problem) => Some(problem),
        },
        None => None,
    };
    let is_stale = problem.as_ref().is_some_and(|problem| problem.code().fault() == Fault::Conflict);
    match problem.as_ref().map(|problem| problem.code().name()) {
        Some("directory.too_many_places") => wrongs.note("places", words.t("own-places-wrong")),
        Some("directory.bad_moment") => wrongs.note("until", words.t("own-until-wrong")),
        Some(_) | None => {}
    }
    match problem {
        Some(problem) if wrongs.is_empty() && !is_stale => Err(problem),
        told => {
            let status = told.map_or(StatusCode::UNPROCESSABLE_ENTITY, |problem| problem.status());
            let service = own(&visit, id).await?;
            room_page(&visit, &service, (wrongs, filled, is_stale), status)
        }
    }
}

async fn set(visit: &Visit, command: SetAvailability) -> Result<(), Problem> {
    let settings = visit.asking.hub.settings().directory.clone();
    visit
        .asking
        .hub
        .write("directory.set_availability", &visit.asking.caller, move |tx| {
            directory::set_availability(tx, &command, &settings).map(drop)
        })
        .await?;
    Ok(())
}

/// What the form says; nothing, and what is wrong, when it cannot be read.
fn read(filled: &Filled, words: Words, wrongs: &mut Wrongs) -> Option<Intake> {
    let said = SAID.iter().find(|(_, word)| *word == filled.availability);
    if said.is_none() {
        wrongs.note("availability", words.t("own-availability-wrong"));
    }
    let places = optional(&filled.places, |text| text.parse::<u32>().ok());
    if places.is_err() {
        wrongs.note("places", words.t("own-places-wrong"));
    }
    let note = optional(&filled.note, |text| text.parse::<Line<200>>().ok());
    if note.is_err() {
        wrongs.note("note", words.t("own-note-wrong"));
    }
    let valid_until = optional(&filled.until, end_of_day);
    if valid_until.is_err() {
        wrongs.note("until", words.t("own-until-wrong"));
    }
    let (availability, _) = said?;
    let (Ok(note), Ok(places), Ok(valid_until)) = (note, places, valid_until) else { return None };
    Some(Intake { availability: *availability, note, places, valid_until })
}

/// What stands in a field cannot be read.
pub(super) struct Unreadable;

/// Nothing where nothing stands; otherwise what is read of it, if it can be.
pub(super) fn optional<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some).ok_or(Unreadable) }
}

/// The last second of a day.
pub(super) fn end_of_day(text: &str) -> Option<Timestamp> {
    let day: NaiveDate = text.parse().ok()?;
    Some(day.and_hms_opt(23, 59, 59)?.and_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    fn filled(availability: &str, places: &str, until: &str) -> Filled {
        let (availability, places, until) = (availability.into(), places.into(), until.into());
        Filled { availability, places, until, note: String::new() }
    }

    #[test]
    fn what_is_left_out_is_not_said_and_what_cannot_be_read_is_told_at_its_field() {
        let words = Words { language: Language::En };
        let mut wrongs = Wrongs::default();
        let said = read(&filled("full", "0", "2026-03-02"), words, &mut wrongs).unwrap();
        assert_eq!((said.availability, said.places), (Availability::Full, Some(0)));
        assert_eq!(said.valid_until.unwrap().to_string().get(..19), Some("2026-03-02T23:59:59"));
        let said = read(&filled("open", "", ""), words, &mut wrongs).unwrap();
        assert!(wrongs.is_empty() && said.places.is_none() && said.valid_until.is_none());
        assert!(read(&filled("soon", "-1", "tomorrow"), words, &mut wrongs).is_none());
        for field in ["availability", "places", "until"] {
            assert!(wrongs.at(field).is_some(), "{field}");
        }
    }
}
