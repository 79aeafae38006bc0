//! Whom others call: the list of one's own organisation, saying who that is, and how it stands on other pages.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use chrono::TimeDelta;

use super::{
    find::Choice,
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    own_services::{end_of_day, may_edit, offering::Refused, optional},
    people,
    sign_in::see,
    visit::{Signed, Visit},
    words::{Language, Words},
};
use crate::{
    access::{AccessError, Tx},
    directory::{
        self, Contact, ContactSays, ContactsOf, DirectoryError, PhoneChannel, Service, Telephone, Tongues,
    },
    http::Problem,
    kernel::{
        Digest, Fault,
        id::{ContactId, ServiceId},
        page::Asked,
        text::Line,
    },
};

/// Among how many of its services an organisation chooses the one that a contact is for.
const MOST_SERVICES: u16 = 200;

/// How long a contact holds when nobody says otherwise, in days.
const USUAL_DAYS: i64 = 365;

/// What is ticked of a contact, and the words for it.
const TICKS: [&str; 3] = ["on_call", "day_and_night", "focal_point"];

/// What was done before the list is shown.
const DONE: [&str; 4] = ["added", "changed", "removed", "sent"];

/// Whom one calls, as pages show it.
pub(super) struct Called {
    id: String,
    pub(super) label: String,
    /// The person, and what they do; empty where nobody says.
    pub(super) person: String,
    pub(super) facts: Vec<String>,
    /// What one does with the number.
    pub(super) how: String,
    pub(super) number: String,
    pub(super) dialled: String,
}

impl Called {
    /// A contact in words.
    pub(super) fn of(contact: &Contact, words: Words) -> Self {
        let marks = [
            (contact.is_on_call, "contacts-on-call"),
            (contact.day_and_night, "contacts-day-and-night"),
            (contact.is_focal_point, "contacts-focal-point"),
        ];
        let marks = marks.into_iter().filter(|(is, _key)| *is).map(|(_is, key)| words.t(key));
        let spoken: Vec<&str> = contact.languages.iter().map(|tongue| called(tongue.as_str())).collect();
        let speaks =
            (!spoken.is_empty()).then(|| words.with("contacts-speaks", "languages", words.list(spoken)));
        let person = [contact.name.as_deref(), contact.role.as_deref()];
        Self {
            id: contact.id.to_string(),
            label: contact.label.clone(),
            person: words.list(person.into_iter().flatten()),
            facts: marks.chain(speaks).collect(),
            how: words.word("contacts-by", contact.channel.name()),
            number: contact.telephone.as_str().to_owned(),
            dialled: contact.telephone.dialled(),
        }
    }
}

/// A language by its own name, where the pages speak it; otherwise its tag.
fn called(tag: &str) -> &str {
    match Language::of_tag(tag) {
        Some(language) => language.own_name(),
        None => tag,
    }
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    f: Frame,
    w: Words,
    rows: Vec<Called>,
    done: Option<String>,
    may_keep: bool,
}

/// A line of the form.
struct Field {
    name: &'static str,
    word: String,
    help: String,
    value: String,
    most: usize,
    /// The keyboard for it, where it is the same in every language.
    plain: Option<&'static str>,
    is_needed: bool,
}

#[derive(Template)]
#[template(path = "contact.html")]
struct ContactPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    /// The contact that is changed; nothing of a new one.
    id: Option<String>,
    to: String,
    sheet: String,
    version: i64,
    /// What holds now, where somebody was faster.
    now: Option<Called>,
    first: Vec<Field>,
    more: Vec<Field>,
    services: Vec<Choice>,
    channels: Vec<Choice>,
    ticks: Vec<Choice>,
    until: String,
}

/// The contacts of one's own organisation.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (actor, now) = (visit.asking.caller.actor.clone(), visit.asking.hub.now());
    let (found, services) = visit
        .asking
        .hub
        .read(move |db| {
            let found = directory::contacts(db, &actor, ContactsOf::Own, now)?;
            let asked = Asked::new(Some(MOST_SERVICES), None);
            let services = directory::own_services(db, &actor, &asked, now)?.items;
            Ok::<_, DirectoryError>((found, services))
        })
        .await?;
    let name = |id: ServiceId| services.iter().find(|one| one.id == id).map(|one| one.name.clone());
    let rows = found.iter().map(|contact| {
        let mut row = Called::of(contact, words);
        let whose = contact.service.map_or_else(|| Some(words.t("contacts-whole")), name);
        let until = words.with("contacts-until", "day", words.day(contact.valid_until));
        row.facts.extend(whose.into_iter().chain([until]));
        row
    });
    let done = DONE.iter().find(|done| **done == form.one("done"));
    let shown = ContactsPage {
        f: visit.frame(Place::Contacts, words.t("contacts-title")),
        w: words,
        rows: rows.collect(),
        done: done.map(|done| words.word("contacts-done", done)),
        may_keep: may_edit(&visit.asking.caller.actor),
    };
    page(StatusCode::OK, &shown)
}

/// The form to add somebody.
pub(super) async fn ask(Signed(visit): Signed) -> Result<HttpResponse, Problem> {
    require_keeper(&visit)?;
    let until = visit.asking.hub.now().plus(TimeDelta::days(USUAL_DAYS)).datetime().date_naive();
    let form = Form::begun(vec![
        (String::from("channel"), PhoneChannel::Voice.name().to_owned()),
        (String::from("until"), until.to_string()),
    ]);
    form_page(&visit, (None, &form, Wrongs::default()), StatusCode::OK).await
}

/// Adds somebody. The same form counts once.
pub(super) async fn add(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    require_keeper(&visit)?;
    let Ok(sheet) = form.one("sheet").parse::<Digest>() else { return Ok(see("/contacts/new")) };
    let mut wrongs = Wrongs::default();
    let Some(says) = read(&form, visit.words, &mut wrongs) else {
        return form_page(&visit, (None, &form, wrongs), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let adding = move |tx: &mut Tx<'_>| {
        people::once(tx, sheet)?;
        directory::add_contact(tx, None, &says)?;
        Ok::<_, Refused>(())
    };
    let added = visit.asking.hub.write("directory.add_contact", &visit.asking.caller, adding).await;
    let Err(problem) = added.map_err(Problem::from) else { return Ok(see("/contacts?done=added")) };
    if problem.code().name() == "web.sent_already" {
        return Ok(see("/contacts?done=sent"));
    }
    note(&problem, visit.words, &mut wrongs);
    if wrongs.is_empty() {
        return Err(problem);
    }
    form_page(&visit, (None, &form, wrongs), problem.status()).await
}

/// A contact of one's own organisation, as a form.
pub(super) async fn show(Signed(visit): Signed, id: Path<ContactId>) -> Result<HttpResponse, Problem> {
    let contact = own(&visit, id.into_inner()).await?;
    let form = filled(&contact);
    form_page(&visit, (Some((&contact, false)), &form, Wrongs::default()), StatusCode::OK).await
}

/// Says something else of a contact.
pub(super) async fn change(
    Signed(visit): Signed,
    id: Path<ContactId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let contact = own(&visit, id.into_inner()).await?;
    let mut wrongs = Wrongs::default();
    let Some(says) = read(&form, visit.words, &mut wrongs) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return form_page(&visit, (Some((&contact, false)), &form, wrongs), status).await;
    };
    let seen = (contact.id, form.one("version").parse::<i64>().unwrap_or(-1));
    let changing = move |tx: &mut Tx<'_>| directory::change_contact(tx, seen, &says).map(drop);
    let changed = visit.asking.hub.write("directory.change_contact", &visit.asking.caller, changing).await;
    let Err(problem) = changed.map_err(Problem::from) else { return Ok(see("/contacts?done=changed")) };
    refused(&visit, (contact, &form), wrongs, problem).await
}

/// Takes a contact away.
pub(super) async fn remove(
    Signed(visit): Signed,
    id: Path<ContactId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let contact = own(&visit, id.into_inner()).await?;
    let seen = (contact.id, form.one("version").parse::<i64>().unwrap_or(-1));
    let removing = move |tx: &mut Tx<'_>| directory::remove_contact(tx, seen);
    let removed = visit.asking.hub.write("directory.remove_contact", &visit.asking.caller, removing).await;
    let Err(problem) = removed.map_err(Problem::from) else { return Ok(see("/contacts?done=removed")) };
    let form = filled(&contact);
    refused(&visit, (contact, &form), Wrongs::default(), problem).await
}

/// The form again where somebody was faster, or where the hub says what is wrong with it.
async fn refused(
    visit: &Visit,
    (was, form): (Contact, &Form),
    mut wrongs: Wrongs,
    problem: Problem,
) -> Result<HttpResponse, Problem> {
    let is_stale = problem.code().fault() == Fault::Conflict;
    note(&problem, visit.words, &mut wrongs);
    if wrongs.is_empty() && !is_stale {
        return Err(problem);
    }
    let contact = if is_stale { own(visit, was.id).await? } else { was };
    form_page(visit, (Some((&contact, is_stale)), form, wrongs), problem.status()).await
}

/// What the hub refused, at its field.
fn note(problem: &Problem, words: Words, wrongs: &mut Wrongs) {
    match problem.code().name() {
        "directory.bad_moment" => wrongs.note("until", words.t("contacts-until-wrong")),
        "directory.contact_service" => wrongs.note("service", words.t("contacts-service-wrong")),
        "directory.too_many_contacts" => {
            wrongs.note("form", words.with("contacts-too-many", "most", directory::MOST_CONTACTS));
        }
        _ => {}
    }
}

/// Refuses before a form is filled in what would be refused after it.
fn require_keeper(visit: &Visit) -> Result<(), Problem> {
    let actor = &visit.asking.caller.actor;
    actor.for_organisation().map_err(DirectoryError::from)?;
    if may_edit(actor) { Ok(()) } else { Err(DirectoryError::from(AccessError::Forbidden).into()) }
}

/// A contact of one's own organisation, for who speaks for it.
async fn own(visit: &Visit, id: ContactId) -> Result<Contact, Problem> {
    require_keeper(visit)?;
    let (actor, now) = (visit.asking.caller.actor.clone(), visit.asking.hub.now());
    let found = visit.asking.hub.read(move |db| {
        let contact = directory::find_contact(db, &actor, id, now)?;
        actor.must_act_for(contact.organisation)?;
        Ok::<_, DirectoryError>(contact)
    });
    Ok(found.await?)
}

/// The form as a contact has it.
fn filled(contact: &Contact) -> Form {
    let mut fields = vec![
        ("label", contact.label.clone()),
        ("telephone", contact.telephone.as_str().to_owned()),
        ("channel", contact.channel.name().to_owned()),
        ("service", contact.service.map(|service| service.to_string()).unwrap_or_default()),
        ("name", contact.name.clone().unwrap_or_default()),
        ("role", contact.role.clone().unwrap_or_default()),
        ("languages", contact.languages.to_string()),
        ("until", contact.valid_until.datetime().date_naive().to_string()),
    ];
    let ticked = [contact.is_on_call, contact.day_and_night, contact.is_focal_point];
    let ticked = TICKS.into_iter().zip(ticked).filter(|(_tick, is)| *is);
    fields.extend(ticked.map(|(tick, _is)| (tick, String::from("yes"))));
    Form::begun(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

async fn form_page(
    visit: &Visit,
    (known, form, wrongs): (Option<(&Contact, bool)>, &Form, Wrongs),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let (actor, now) = (visit.asking.caller.actor.clone(), visit.asking.hub.now());
    let asked = Asked::new(Some(MOST_SERVICES), None);
    let own = visit.asking.hub.read(move |db| directory::own_services(db, &actor, &asked, now)).await?;
    let stale = known.filter(|(_contact, is_stale)| *is_stale).map(|(contact, _is)| contact);
    let path = known
        .map_or_else(|| String::from("/contacts/new"), |(contact, _is)| format!("/contacts/{}", contact.id));
    let title = if known.is_some() { "contacts-change" } else { "contacts-new" };
    let frame = visit.frame(Place::Contacts, words.t(title));
    let is_wrong = stale.is_some() || !wrongs.is_empty();
    let field = |(name, most, plain, is_needed): (&'static str, usize, Option<&'static str>, bool)| Field {
        name,
        word: words.word("contacts-field", name),
        help: words.word("contacts-help", name),
        value: form.one(name).to_owned(),
        most,
        plain,
        is_needed,
    };
    let shown = ContactPage {
        f: Frame { path: path.clone(), ..if is_wrong { frame.with_error() } else { frame } },
        w: words,
        id: known.map(|(contact, _is)| contact.id.to_string()),
        to: path,
        sheet: people::sheet(visit),
        version: known.map_or(0, |(contact, _is)| contact.version),
        now: stale.map(|contact| Called::of(contact, words)),
        first: [("label", 80, None, true), ("telephone", 40, Some("tel"), true)].map(field).into(),
        more: [
            ("name", 120, None, false),
            ("role", 160, None, false),
            ("languages", 80, Some("text"), false),
        ]
        .map(field)
        .into(),
        services: services(&own.items, form),
        channels: PhoneChannel::ALL
            .map(|channel| Choice {
                value: channel.name().to_owned(),
                word: words.word("contacts-channel", channel.name()),
                chosen: form.says("channel", channel.name()),
            })
            .into(),
        ticks: TICKS
            .map(|tick| Choice {
                value: tick.to_owned(),
                word: words.word("contacts-tick", tick),
                chosen: form.has(tick),
            })
            .into(),
        until: form.one("until").to_owned(),
        wrongs,
    };
    page(status, &shown)
}

/// The services that a contact can be for.
fn services(own: &[Service], form: &Form) -> Vec<Choice> {
    let choice = |service: &Service| {
        let value = service.id.to_string();
        Choice { chosen: form.one("service") == value, value, word: service.name.clone() }
    };
    own.iter().map(choice).collect()
}

/// What the form says; nothing, and what is wrong at its fields, when it cannot be read.
fn read(form: &Form, words: Words, wrongs: &mut Wrongs) -> Option<ContactSays> {
    let label = form.one("label").parse::<Line<80>>();
    let telephone = form.one("telephone").parse::<Telephone>();
    let channel = form.one("channel").parse::<PhoneChannel>();
    let service = optional(form.one("service"), |text| text.parse::<ServiceId>().ok());
    let name = optional(form.one("name"), |text| text.parse::<Line<120>>().ok());
    let role = optional(form.one("role"), |text| text.parse::<Line<160>>().ok());
    let languages = form.one("languages").parse::<Tongues>();
    let valid_until = optional(form.one("until"), end_of_day);
    for (field, is_good) in [
        ("label", label.is_ok()),
        ("telephone", telephone.is_ok()),
        ("channel", channel.is_ok()),
        ("service", service.is_ok()),
        ("name", name.is_ok()),
        ("role", role.is_ok()),
        ("languages", languages.is_ok()),
        ("until", valid_until.is_ok()),
    ] {
        if !is_good {
            wrongs.note(field, words.t(&format!("contacts-{field}-wrong")));
        }
    }
    Some(ContactSays {
        service: service.ok()?,
        label: label.ok()?,
        name: name.ok()?,
        role: role.ok()?,
        is_focal_point: form.has("focal_point"),
        is_on_call: form.has("on_call"),
        telephone: telephone.ok()?,
        channel: channel.ok()?,
        day_and_night: form.has("day_and_night"),
        languages: languages.ok()?,
        valid_until: valid_until.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words = Words { language: Language::En };

    fn form(changes: &[(&str, &str)]) -> Form {
        let begun = [
            ("label", "Duty officer"),
            ("telephone", "+260 211 000 000"),
            ("channel", "sms"),
            ("on_call", "yes"),
            ("languages", "en, fr"),
            ("until", "2026-12-31"),
        ];
        let begun = begun.map(|(name, value)| (name.to_owned(), value.to_owned()));
        changes.iter().fold(Form::begun(begun.into()), |form, (name, value)| form.with(name, value))
    }

    #[test]
    fn a_form_says_what_is_filled_in_and_its_last_day_to_the_end() {
        let mut wrongs = Wrongs::default();
        let says = read(&form(&[]), WORDS, &mut wrongs).unwrap();
        assert!(wrongs.is_empty() && says.is_on_call && !says.is_focal_point && says.name.is_none());
        assert_eq!((says.channel, says.languages.to_string().as_str()), (PhoneChannel::Sms, "en fr"));
        assert_eq!(says.valid_until.unwrap().to_string(), "2026-12-31T23:59:59Z");
        assert!(read(&form(&[("until", "")]), WORDS, &mut wrongs).unwrap().valid_until.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field_in_words() {
        for (field, value) in [
            ("label", ""),
            ("telephone", "ask inside"),
            ("channel", "pigeon"),
            ("service", "somewhere"),
            ("name", &"x".repeat(121)),
            ("role", "two\nlines"),
            ("languages", "english and french!"),
            ("until", "soon"),
        ] {
            let mut wrongs = Wrongs::default();
            assert!(read(&form(&[(field, value)]), WORDS, &mut wrongs).is_none(), "{field}");
            let told: Vec<&str> = wrongs.0.iter().map(|wrong| wrong.field.as_ref()).collect();
            assert_eq!(told, [field]);
            assert!(!wrongs.0[0].sentence.starts_with("contacts-"), "{field}");
        }
    }

    #[test]
    fn every_word_of_a_contact_is_there() {
        for key in PhoneChannel::ALL.map(PhoneChannel::name) {
            for room in ["contacts-by", "contacts-channel"] {
                assert!(!WORDS.word(room, key).starts_with(room), "{room} {key}");
            }
        }
        for tick in TICKS {
            assert!(!WORDS.word("contacts-tick", tick).starts_with("contacts"), "{tick}");
        }
        for done in DONE {
            assert!(!WORDS.word("contacts-done", done).starts_with("contacts"), "{done}");
        }
        for field in ["label", "telephone", "name", "role", "languages"] {
            for room in ["contacts-field", "contacts-help"] {
                assert!(!WORDS.word(room, field).starts_with("contacts"), "{room} {field}");
            }
        }
    }
}
