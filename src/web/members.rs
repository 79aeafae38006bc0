//! The member organisations: who takes part, enrolling one with its first administrator, suspending one and letting it take part again. For
//! coordinators.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    people::{Refused, once, sheet},
    service::Tag,
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Permission, Role},
    crypto::PublicJwk,
    http::Problem,
    kernel::{Digest, Fault, Timestamp, id::OrganisationId, page::Asked},
    members::{
        self, Country, EnrolOrganisation, EnrolStaff, Enrolment, MechanismRole, MemberError, Name,
        Organisation, OrganisationKind, Overview, Suspend,
    },
};

/// How many organisations stand on a page.
const PER_PAGE: u16 = 50;

/// Within how many days keys end soon: as the head of pages says it to those whose keys they are.
const SOON_DAYS: i64 = 60;

/// Why an organisation is to be suspended. Each leads to what helps; nothing of it is kept.
const REASONS: [&str; 5] = ["incident", "key", "asked", "left", "partner"];

struct Row {
    id: String,
    name: String,
    what: String,
    tag: Tag,
    keys: Tag,
    people: String,
}

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
    was_sent: bool,
}

/// Something to choose.
struct Choice {
    value: &'static str,
    word: String,
    help: String,
    chosen: bool,
}

/// What stands in the form.
struct Filled {
    name: String,
    country: String,
    authority_of: String,
    is_enforcement: bool,
    root: String,
    thumbprint: String,
    administrator: String,
}

#[derive(Template)]
#[template(path = "members-new.html")]
struct EnrolPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    kinds: Vec<Choice>,
    does: Vec<Choice>,
    filled: Filled,
    sheet: String,
}

#[derive(Template)]
#[template(path = "members-code.html")]
struct CodePage {
    f: Frame,
    w: Words,
    id: String,
    organisation: String,
    name: String,
    code: String,
    until: String,
}

/// Until when a role of an organisation can be written to.
struct Reader {
    role: String,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "members-one.html")]
struct MemberPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    id: String,
    name: String,
    tag: Tag,
    what: String,
    facts: Vec<(String, String)>,
    root: String,
    readers: Vec<Reader>,
    is_suspended: bool,
    version: i64,
    reasons: Vec<Choice>,
    sheet: String,
    /// The beginning of an administrator's name, as it was filled in.
    administrator: String,
    done: Option<String>,
    /// Whether somebody else changed the organisation since the page was opened.
    is_stale: bool,
}

/// The organisations, page by page.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    may_manage(&visit)?;
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
    let (asked, now) = (Asked::new(Some(PER_PAGE), form.after()), hub.now());
    let (found, overviews) = hub
        .read(move |db| {
            let found = members::list_organisations(db, &actor, &asked)?;
            let ids: Vec<OrganisationId> = found.items.iter().map(|organisation| organisation.id).collect();
            let overviews = members::overviews(db, &actor, &ids)?;
            Ok::<_, MemberError>((found, overviews))
        })
        .await?;
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/members?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let row = |organisation: &Organisation| {
        let overview = overviews.get(&organisation.id).cloned().unwrap_or_default();
        Row {
            id: organisation.id.to_string(),
            name: organisation.name.to_string(),
            what: what(organisation, words),
            tag: standing(organisation, words),
            keys: keys(overview.ends(), now, words),
            people: words.with("members-people-count", "count", overview.people),
        }
    };
    let shown = MembersPage {
        f: visit.frame(Place::Members, words.t("members-title")),
        w: words,
        rows: found.items.iter().map(row).collect(),
        next,
        was_sent: form.says("done", "sent"),
    };
    page(StatusCode::OK, &shown)
}

/// Refuses before something is read or filled in what would be refused after it.
fn may_manage(visit: &Visit) -> Result<(), Problem> {
    Ok(visit.asking.caller.actor.may(Permission::ManageMembers).map_err(MemberError::from)?)
}

/// What kind of body it is, and where.
fn what(organisation: &Organisation, words: Words) -> String {
    format!("{}, {}", words.word("members-kind", organisation.kind.name()), organisation.country)
}

/// Whether it takes part.
fn standing(organisation: &Organisation, words: Words) -> Tag {
    let tone = if organisation.is_active() { "good" } else { "bad" };
    Tag { tone, word: words.word("members-standing", organisation.standing.name()) }
}

/// Until when others can write to it.
fn keys(ends: Option<Timestamp>, now: Timestamp, words: Words) -> Tag {
    let Some(ends) = ends else { return Tag { tone: "warn", word: words.t("members-keys-none") } };
    let (tone, key) = if ends <= now {
        ("bad", "members-keys-over")
    } else if ends.since(now).num_days() < SOON_DAYS {
        ("warn", "members-keys-soon")
    } else {
        ("", "members-keys-until")
    };
    Tag { tone, word: words.with(key, "day", words.day(ends)) }
}

/// The form to enrol an organisation.
pub(super) async fn ask(Signed(visit): Signed) -> Result<HttpResponse, Problem> {
    may_manage(&visit)?;
    enrol_page(&visit, &Form::default(), (Wrongs::default(), ""), StatusCode::OK)
}

/// The form as it was filled; `root` is shown again apart: what is no public key is not.
fn enrol_page(
    visit: &Visit,
    form: &Form,
    (wrongs, root): (Wrongs, &str),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Members, words.t("members-enrol"));
    let kind = |kind: &OrganisationKind| Choice {
        value: kind.name(),
        word: words.word("members-kind", kind.name()),
        help: String::new(),
        chosen: form.says("kind", kind.name()),
    };
    let does = |role: &MechanismRole| Choice {
        value: role.name(),
        word: words.word("members-does", role.name()),
        help: String::new(),
        chosen: form.says("does", role.name()),
    };
    let shown = EnrolPage {
        f: Frame {
            path: String::from("/members/new"),
            ..if wrongs.is_empty() { frame } else { frame.with_error() }
        },
        w: words,
        wrongs,
        kinds: OrganisationKind::ALL.iter().map(kind).collect(),
        does: MechanismRole::ALL.iter().map(does).collect(),
        filled: Filled {
            name: form.one("name").to_owned(),
            country: form.one("country").to_owned(),
            authority_of: form.one("authority_of").to_owned(),
            is_enforcement: form.says("enforcement", "yes"),
            root: root.to_owned(),
            thumbprint: form.one("thumbprint").to_owned(),
            administrator: form.one("administrator").to_owned(),
        },
        sheet: sheet(visit),
    };
    page(status, &shown)
}

/// What the form says; nothing, and what is wrong, when it cannot be read.
fn read(form: &Form, words: Words, wrongs: &mut Wrongs) -> Option<(EnrolOrganisation, Name)> {
    let name = noted(form.one("name").parse::<Name>().ok(), "name", words.t("members-no-name"), wrongs);
    let kind = OrganisationKind::from_name(form.one("kind"));
    let kind = noted(kind, "kind", words.t("members-no-kind"), wrongs);
    let country = noted(country_of(form.one("country")), "country", words.t("members-country-wrong"), wrongs);
    let roles: Vec<MechanismRole> = form.all("does").filter_map(MechanismRole::from_name).collect();
    if roles.is_empty() {
        wrongs.note("does", words.t("members-no-does"));
    }
    let authority_of = match form.one("authority_of") {
        "" => None,
        text => noted(country_of(text), "authority_of", words.t("members-country-wrong"), wrongs),
    };
    let root = noted(public_root(form), "root", words.t("members-root-wrong"), wrongs);
    if root.as_ref().is_some_and(|root| root.kid().as_str() != form.one("thumbprint")) {
        wrongs.note("thumbprint", words.t("members-thumbprint-wrong"));
    }
    let first = form.one("administrator").parse::<Name>().ok();
    let first = noted(first, "administrator", words.t("members-no-administrator"), wrongs);
    let enforcement = form.says("enforcement", "yes");
    let (name, kind, country, root) = (name?, kind?, country?, root?);
    wrongs.is_empty().then_some(())?;
    Some((EnrolOrganisation { name, kind, country, roles, enforcement, authority_of, root }, first?))
}

/// The same, and what to do at its field where there is nothing.
fn noted<T>(read: Option<T>, field: &'static str, sentence: String, wrongs: &mut Wrongs) -> Option<T> {
    if read.is_none() {
        wrongs.note(field, sentence);
    }
    read
}

fn country_of(text: &str) -> Option<Country> {
    text.to_uppercase().parse().ok()
}

/// The public root key, for signing.
fn public_root(form: &Form) -> Option<PublicJwk> {
    serde_json::from_str::<PublicJwk>(form.one("root")).ok().filter(PublicJwk::is_for_signing)
}

/// Enrols an organisation and its first administrator. The page that answers is the only one that ever shows the code.
pub(super) async fn enrol(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    may_manage(&visit)?;
    let words = visit.words;
    let Ok(sheet) = form.one("sheet").parse::<Digest>() else { return Ok(see("/members/new")) };
    let root = if public_root(&form).is_some() { form.one("root") } else { "" };
    let mut wrongs = Wrongs::default();
    let Some((command, first)) = read(&form, words, &mut wrongs) else {
        return enrol_page(&visit, &form, (wrongs, root), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let (hub, caller) = (&visit.asking.hub, &visit.asking.caller);
    let (hours, first) = (hub.settings().access.enrolment_hours, administrator(first));
    let enrolled = hub
        .write("members.enrol", caller, move |tx| {
            once(tx, sheet)?;
            let organisation = members::enrol_organisation(tx, &command)?;
            let enrolment = members::enrol_staff(tx, Some(organisation.id), &first, hours)?;
            Ok::<_, Refused>((organisation, enrolment))
        })
        .await;
    let problem = match enrolled.map_err(Problem::from) {
        Ok((organisation, enrolment)) => return code_page(&visit, &organisation, &enrolment),
        Err(problem) => problem,
    };
    let (field, wrong) = match problem.code().name() {
        "web.sent_already" => return Ok(see("/members?done=sent")),
        "member.key_known" => ("root", "members-root-known"),
        "member.name_too_long" => ("administrator", "people-name-long"),
        _ => return Err(problem),
    };
    wrongs.note(field, words.t(wrong));
    enrol_page(&visit, &form, (wrongs, root), problem.status())
}

/// Somebody who invites everybody else.
fn administrator(name: Name) -> EnrolStaff {
    EnrolStaff { name, roles: vec![Role::Administrator] }
}

fn code_page(
    visit: &Visit,
    organisation: &Organisation,
    enrolment: &Enrolment,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Members, words.t("people-code-title"));
    let shown = CodePage {
        f: Frame { path: String::from("/members"), ..frame },
        w: words,
        id: organisation.id.to_string(),
        organisation: organisation.name.to_string(),
        name: enrolment.name.to_string(),
        code: enrolment.code.clone(),
        until: words.moment(enrolment.until),
    };
    page(StatusCode::OK, &shown)
}

/// One organisation.
pub(super) async fn show(
    Signed(visit): Signed,
    id: Path<OrganisationId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let form = Form::of_query(request.query_string());
    let done = match form.one("done") {
        "suspended" => Some(visit.words.t("members-suspended-now")),
        "resumed" => Some(visit.words.t("members-resumed-now")),
        "sent" => Some(visit.words.t("members-sent-already")),
        _ => None,
    };
    let told = Told { done, ..Told::default() };
    member_page(&visit, id.into_inner(), told, StatusCode::OK).await
}

/// What is told of what was asked before.
#[derive(Default)]
struct Told {
    wrongs: Wrongs,
    administrator: String,
    done: Option<String>,
    is_stale: bool,
}

async fn member_page(
    visit: &Visit,
    id: OrganisationId,
    told: Told,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    may_manage(visit)?;
    let (words, now, actor) = (visit.words, visit.asking.hub.now(), visit.asking.caller.actor.clone());
    let (organisation, overview) = visit
        .asking
        .hub
        .read(move |db| {
            let organisation = members::find_organisation(db, &actor, id)?;
            let overview = members::overviews(db, &actor, &[id])?.remove(&id).unwrap_or_default();
            Ok::<_, MemberError>((organisation, overview))
        })
        .await?;
    let frame = visit.frame(Place::Members, words.t("members-one"));
    let is_wrong = told.is_stale || !told.wrongs.is_empty();
    let reason = |reason| Choice {
        value: reason,
        word: words.word("members-why", reason),
        help: words.word("members-why-help", reason),
        chosen: false,
    };
    let shown = MemberPage {
        f: Frame { path: format!("/members/{id}"), ..if is_wrong { frame.with_error() } else { frame } },
        w: words,
        wrongs: told.wrongs,
        id: id.to_string(),
        name: organisation.name.to_string(),
        tag: standing(&organisation, words),
        what: what(&organisation, words),
        facts: facts(&organisation, &overview, words),
        root: organisation.root.clone(),
        readers: readers(&overview.readers, now, words),
        is_suspended: !organisation.is_active(),
        version: organisation.version,
        reasons: REASONS.map(reason).into(),
        sheet: sheet(visit),
        administrator: told.administrator,
        done: told.done,
        is_stale: told.is_stale,
    };
    page(status, &shown)
}

/// What is known of an organisation, beside its keys.
fn facts(organisation: &Organisation, overview: &Overview, words: Words) -> Vec<(String, String)> {
    let done = MechanismRole::ALL.iter().filter(|role| organisation.roles.contains(**role));
    let does: Vec<String> = done.map(|role| words.word("members-does", role.name())).collect();
    let enforces = if organisation.enforcement { "members-enforces" } else { "members-enforces-not" };
    let mut facts =
        vec![(words.t("members-does"), does.join("; ")), (words.t("members-enforcement"), words.t(enforces))];
    if let Some(country) = organisation.authority_of {
        facts.push((words.t("members-authority"), country.to_string()));
    }
    facts.push((words.t("members-since"), words.day(organisation.enrolled_at)));
    facts.push((words.t("members-people"), words.with("members-people-count", "count", overview.people)));
    facts
}

fn readers(readers: &BTreeMap<String, Timestamp>, now: Timestamp, words: Words) -> Vec<Reader> {
    let shown = readers.iter().map(|(role, until)| {
        let (key, name) = (format!("reader-{}", role.replace('_', "-")), role);
        let said = words.t(&key);
        Reader { role: if said == key { name.clone() } else { said }, tag: keys(Some(*until), now, words) }
    });
    shown.collect()
}

/// Gives an organisation another administrator: its first who came too late, or one where none can sign in any more.
pub(super) async fn invite(
    Signed(visit): Signed,
    id: Path<OrganisationId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    may_manage(&visit)?;
    let (words, id) = (visit.words, id.into_inner());
    let Ok(sheet) = form.one("sheet").parse::<Digest>() else { return Ok(see(&format!("/members/{id}"))) };
    let refused = |wrong: &str| {
        let mut wrongs = Wrongs::default();
        wrongs.note("administrator", words.t(wrong));
        Told { wrongs, administrator: form.one("administrator").to_owned(), ..Told::default() }
    };
    let Ok(name) = form.one("administrator").parse::<Name>() else {
        let told = refused("members-no-administrator");
        return member_page(&visit, id, told, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let (hub, caller) = (&visit.asking.hub, &visit.asking.caller);
    let (hours, command) = (hub.settings().access.enrolment_hours, administrator(name));
    let invited = hub
        .write("members.enrol_staff", caller, move |tx| {
            once(tx, sheet)?;
            let actor = tx.actor();
            let organisation = members::find_organisation(tx.db(), actor, id)?;
            let enrolment = members::enrol_staff(tx, Some(id), &command, hours)?;
            Ok::<_, Refused>((organisation, enrolment))
        })
        .await;
    match invited.map_err(Problem::from) {
        Ok((organisation, enrolment)) => code_page(&visit, &organisation, &enrolment),
        Err(problem) => match problem.code().name() {
            "web.sent_already" => Ok(see(&format!("/members/{id}?done=sent"))),
            "member.name_too_long" => {
                member_page(&visit, id, refused("people-name-long"), problem.status()).await
            }
            _ => Err(problem),
        },
    }
}

/// Suspends an organisation, or leads to what helps when that is something else.
pub(super) async fn suspend(
    Signed(visit): Signed,
    id: Path<OrganisationId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    match form.one("why") {
        "partner" => return Ok(see("/agreements")),
        why if REASONS.contains(&why) => {}
        _ => {
            let mut wrongs = Wrongs::default();
            wrongs.note("why", visit.words.t("members-no-reason"));
            let told = Told { wrongs, ..Told::default() };
            return member_page(&visit, id, told, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    }
    let suspend = Suspend { organisation: id, version: seen(&form) };
    let suspending = visit.asking.hub.write("members.suspend", &visit.asking.caller, move |tx| {
        members::suspend_organisation(tx, &suspend).map(drop)
    });
    let stood = suspending.await.map_err(Problem::from);
    stands(&visit, id, stood, "suspended").await
}

/// Lets a suspended organisation take part again.
pub(super) async fn resume(
    Signed(visit): Signed,
    id: Path<OrganisationId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let resume = Suspend { organisation: id, version: seen(&form) };
    let resuming = visit.asking.hub.write("members.reinstate", &visit.asking.caller, move |tx| {
        members::reinstate_organisation(tx, &resume).map(drop)
    });
    let stood = resuming.await.map_err(Problem::from);
    stands(&visit, id, stood, "resumed").await
}

/// The version of the organisation that a page showed.
fn seen(form: &Form) -> i64 {
    form.one("seen").parse().unwrap_or(-1)
}

/// Where it goes on after an organisation was suspended or not any more: who was slower than somebody else sees what holds now.
async fn stands(
    visit: &Visit,
    id: OrganisationId,
    stood: Result<(), Problem>,
    done: &str,
) -> Result<HttpResponse, Problem> {
    match stood {
        Ok(()) => Ok(see(&format!("/members/{id}?done={done}"))),
        Err(problem) if problem.code().fault() == Fault::Conflict => {
            let told = Told { is_stale: true, ..Told::default() };
            member_page(visit, id, told, problem.status()).await
        }
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crypto::SigningKey, kernel::id::SystemIds, members::Standing, web::words::Language};

    const WORDS: Words = Words { language: Language::En };

    fn filled(root: &PublicJwk, thumbprint: &str) -> Form {
        let fields = [
            ("name", "Harbour Aid"),
            ("kind", "ngo"),
            ("country", "zm"),
            ("does", "identify"),
            ("does", "manage_cases"),
            ("thumbprint", thumbprint),
            ("administrator", "a.mwale"),
        ];
        let own = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let root = (String::from("root"), serde_json::to_string(root).unwrap());
        Form::begun(own.into_iter().chain([root]).collect())
    }

    #[test]
    fn an_organisation_is_read_only_with_the_thumbprint_of_the_key_that_was_pasted() {
        let key = SigningKey::generate(&SystemIds).unwrap();
        let root = key.public();
        let mut wrongs = Wrongs::default();
        let (command, first) = read(&filled(root, root.kid().as_str()), WORDS, &mut wrongs).unwrap();
        assert_eq!((command.country.to_string().as_str(), command.roles.len()), ("ZM", 2));
        assert_eq!((first.as_str(), command.enforcement, command.authority_of), ("a.mwale", false, None));
        assert!(read(&filled(root, "another"), WORDS, &mut wrongs).is_none());
        assert!(wrongs.at("thumbprint").is_some() && wrongs.at("root").is_none());
        let mut wrongs = Wrongs::default();
        assert!(read(&Form::default(), WORDS, &mut wrongs).is_none());
        for field in ["name", "kind", "country", "does", "root", "administrator"] {
            assert!(wrongs.at(field).is_some(), "{field}");
        }
    }

    #[test]
    fn keys_that_ended_or_end_soon_stand_out() {
        let now = Timestamp::from_seconds(1_000_000_000);
        let days = |days| Some(now.plus(chrono::TimeDelta::days(days)));
        let tone = |ends| keys(ends, now, WORDS).tone;
        assert_eq!([tone(None), tone(days(-1)), tone(days(59)), tone(days(61))], ["warn", "bad", "warn", ""]);
    }

    #[test]
    fn whatever_is_known_of_an_organisation_has_a_word_in_every_language() {
        let rooms: [(&str, Vec<&str>); 5] = [
            ("members-kind", OrganisationKind::ALL.iter().map(|kind| kind.name()).collect()),
            ("members-does", MechanismRole::ALL.iter().map(|role| role.name()).collect()),
            ("members-standing", Standing::ALL.iter().map(|standing| standing.name()).collect()),
            ("members-why", REASONS.into()),
            ("members-why-help", REASONS.into()),
        ];
        for language in Language::ALL {
            for (room, names) in &rooms {
                for name in names {
                    let said = Words { language }.word(room, name);
                    assert!(!said.starts_with(room), "{}: {said} is not there", language.tag());
                }
            }
        }
    }
}
