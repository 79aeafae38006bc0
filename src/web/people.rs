//! The people of an organisation, or of the node: who they are and what they may do, inviting them, other roles, a new code, and removing them.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    service::Tag,
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{AccessError, Permission, Role, Tx},
    custody,
    http::Problem,
    hub,
    kernel::{Code, Coded, Digest, Fault, id::StaffId, page::Asked},
    members::{self, EnrolStaff, Enrolment, MemberError, Name, SetRoles, StaffView},
    storage::StorageError,
};

/// How many people stand on a page.
const PER_PAGE: u16 = 50;

/// Why somebody is to be removed. Each leads to what helps; nothing of it is kept.
const REASONS: [&str; 4] = ["left", "roles", "passphrase", "device"];

struct Row {
    id: String,
    name: String,
    roles: String,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
    /// What was done before this page.
    done: Option<String>,
    /// Whether the viewer manages the organisation's keys as well.
    holds: bool,
}

/// Something to choose.
struct Choice {
    value: &'static str,
    word: String,
    help: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "people-new.html")]
struct InvitePage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    name: String,
    roles: Vec<Choice>,
    sheet: String,
    /// Whether the hub adds something to the name.
    is_ended: bool,
}

#[derive(Template)]
#[template(path = "people-code.html")]
struct CodePage {
    f: Frame,
    w: Words,
    name: String,
    code: String,
    until: String,
    /// Whether they had a passphrase before.
    again: bool,
}

#[derive(Template)]
#[template(path = "people-one.html")]
struct PersonPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    id: String,
    name: String,
    roles: String,
    tag: Tag,
    is_removed: bool,
    is_self: bool,
    may: Vec<Choice>,
    was_given: bool,
    reasons: Vec<Choice>,
    sheet: String,
    holds: bool,
}

/// Why a form that makes a code was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The browser sent the same form again, as it does when an answer is loaded anew.
    #[error("this form was sent already; its code was shown once")]
    SentAlready,
}

impl Coded for Refused {
    fn code(&self) -> Code {
        match self {
            Self::Member(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::SentAlready => Code::new("web.sent_already", Fault::Conflict),
        }
    }
}

/// The people, page by page.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (actor, asked) = (visit.asking.caller.actor.clone(), Asked::new(Some(PER_PAGE), form.after()));
    let found = visit
        .asking
        .hub
        .read(move |db| members::list_staff(db, &actor, actor.organisation(), &asked))
        .await?;
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/people?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let shown = PeoplePage {
        f: visit.frame(Place::People, words.t("people-title")),
        w: words,
        rows: found.items.iter().map(|person| row(person, words)).collect(),
        next,
        done: match form.one("done") {
            "removed" => Some(words.t("people-removed-now")),
            "sent" => Some(words.t("people-sent-already")),
            _ => None,
        },
        holds: holds(&visit),
    };
    page(StatusCode::OK, &shown)
}

fn row(person: &StaffView, words: Words) -> Row {
    Row {
        id: person.id.to_string(),
        name: person.name.to_string(),
        roles: roles(&person.roles, words),
        tag: tag(person, words),
    }
}

fn roles(roles: &[Role], words: Words) -> String {
    words.list(roles.iter().map(|role| words.word("role", role.name())))
}

/// Whether somebody can come in.
fn tag(person: &StaffView, words: Words) -> Tag {
    match (person.removed, person.enrolled) {
        (true, _) => Tag { tone: "", word: words.t("people-removed") },
        (false, true) => Tag { tone: "good", word: words.t("people-enrolled") },
        (false, false) => Tag { tone: "warn", word: words.t("people-not-enrolled") },
    }
}

/// Whether the viewer manages keys: the page of keys is for organisations.
fn holds(visit: &Visit) -> bool {
    let actor = &visit.asking.caller.actor;
    actor.organisation().is_some() && actor.may(Permission::ManageKeys).is_ok()
}

/// The form to invite somebody.
pub(super) async fn ask(Signed(visit): Signed) -> Result<HttpResponse, Problem> {
    may_manage(&visit)?;
    let (wrongs, name) = (Wrongs::default(), String::new());
    invite_page(&visit, (wrongs, name, &[]), StatusCode::OK)
}

/// Refuses before a form is filled in what would be refused after it.
fn may_manage(visit: &Visit) -> Result<(), Problem> {
    let actor = &visit.asking.caller.actor;
    let asks = match actor.organisation() {
        Some(_) => Permission::ManageStaff,
        None => Permission::ManageMembers,
    };
    Ok(actor.may(asks).map_err(MemberError::from)?)
}

fn invite_page(
    visit: &Visit,
    (wrongs, name, chosen): (Wrongs, String, &[Role]),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let of_node = visit.asking.caller.actor.organisation().is_none();
    let frame = visit.frame(Place::People, words.t("people-invite"));
    let shown = InvitePage {
        f: Frame {
            path: String::from("/people/new"),
            ..if wrongs.is_empty() { frame } else { frame.with_error() }
        },
        w: words,
        wrongs,
        name,
        roles: to_give(of_node, chosen, words),
        sheet: sheet(visit),
        is_ended: !of_node,
    };
    page(status, &shown)
}

/// The roles that can be given to people of the node, or of an organisation.
fn to_give(of_node: bool, chosen: &[Role], words: Words) -> Vec<Choice> {
    let fitting = Role::ALL.into_iter().filter(|role| role.belongs_to_the_node() == of_node);
    let choice = |role: Role| Choice {
        value: role.name(),
        word: words.word("role", role.name()),
        help: words.word("people-may", role.name()),
        chosen: chosen.contains(&role),
    };
    fitting.map(choice).collect()
}

/// What tells one form from the next: one that comes in twice counts once.
pub(super) fn sheet(visit: &Visit) -> String {
    let mut random = [0u8; 16];
    visit.asking.hub.ids().random(&mut random);
    Digest::of(random).to_string()
}

/// Refuses a form that came in before.
pub(super) fn once(tx: &mut Tx<'_>, sheet: Digest) -> Result<(), Refused> {
    let (who, at) = (tx.actor().log_name(), tx.now());
    let is_new = hub::use_once(tx.db(), &who, &format!("form {sheet}"), at)?;
    if is_new { Ok(()) } else { Err(Refused::SentAlready) }
}

/// Invites somebody. The page that answers is the only one that ever shows the code.
pub(super) async fn invite(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let Ok(sheet) = form.one("sheet").parse::<Digest>() else { return Ok(see("/people/new")) };
    let chosen: Vec<Role> = form.all("roles").filter_map(|role| role.parse().ok()).collect();
    let (name, mut wrongs) = (form.one("name").parse::<Name>(), Wrongs::default());
    if name.is_err() {
        wrongs.note("name", words.t("people-no-name"));
    }
    if chosen.is_empty() {
        wrongs.note("roles", words.t("people-no-role"));
    }
    let asked = form.one("name").to_owned();
    let (Ok(name), true) = (name, wrongs.is_empty()) else {
        return invite_page(&visit, (wrongs, asked, &chosen), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let command = EnrolStaff { name, roles: chosen.clone() };
    let problem = match enrol(&visit, command, sheet).await {
        Ok(enrolment) => return code_page(&visit, &enrolment, false),
        Err(problem) => problem,
    };
    let wrong = match problem.code().name() {
        "web.sent_already" => return Ok(see("/people?done=sent")),
        "member.name_taken" | "storage.duplicate" => "people-name-taken",
        "member.name_too_long" => "people-name-long",
        _ => return Err(problem),
    };
    wrongs.note("name", words.t(wrong));
    invite_page(&visit, (wrongs, asked, &chosen), problem.status())
}

async fn enrol(visit: &Visit, command: EnrolStaff, sheet: Digest) -> Result<Enrolment, Problem> {
    let (hub, caller) = (&visit.asking.hub, &visit.asking.caller);
    let (organisation, hours) = (caller.actor.organisation(), hub.settings().access.enrolment_hours);
    let enrolled = hub
        .write("members.enrol_staff", caller, move |tx| {
            once(tx, sheet)?;
            Ok::<_, Refused>(members::enrol_staff(tx, organisation, &command, hours)?)
        })
        .await?;
    Ok(enrolled)
}

fn code_page(visit: &Visit, enrolment: &Enrolment, again: bool) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let title = words.t(if again { "people-code-again" } else { "people-code-title" });
    let shown = CodePage {
        f: Frame { path: String::from("/people"), ..visit.frame(Place::People, title) },
        w: words,
        name: enrolment.name.to_string(),
        code: enrolment.code.clone(),
        until: words.moment(enrolment.until),
        again,
    };
    page(StatusCode::OK, &shown)
}

/// One of the people.
pub(super) async fn show(
    Signed(visit): Signed,
    id: Path<StaffId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let was_given = Form::of_query(request.query_string()).says("done", "roles");
    person_page((&visit, id.into_inner()), (Wrongs::default(), None, was_given), StatusCode::OK).await
}

async fn person_page(
    (visit, id): (&Visit, StaffId),
    (wrongs, chosen, was_given): (Wrongs, Option<Vec<Role>>, bool),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, actor) = (visit.words, visit.asking.caller.actor.clone());
    let own = actor.organisation();
    let person = visit.asking.hub.read(move |db| members::find_staff(db, &actor, id)).await?;
    if person.organisation != own {
        return Err(MemberError::from(AccessError::NotFound).into());
    }
    // Who it is about stands in no title.
    let frame = visit.frame(Place::People, words.t("people-one"));
    let shown = PersonPage {
        f: Frame {
            path: format!("/people/{id}"),
            ..if wrongs.is_empty() { frame } else { frame.with_error() }
        },
        w: words,
        wrongs,
        id: id.to_string(),
        name: person.name.to_string(),
        roles: roles(&person.roles, words),
        tag: tag(&person, words),
        is_removed: person.removed,
        is_self: visit.asking.caller.actor.signed_in() == Some(id),
        may: to_give(own.is_none(), chosen.as_deref().unwrap_or(&person.roles), words),
        was_given,
        reasons: REASONS
            .map(|reason| Choice {
                value: reason,
                word: words.word("people-why", reason),
                help: words.word("people-why-help", reason),
                chosen: false,
            })
            .into(),
        sheet: sheet(visit),
        holds: holds(visit),
    };
    page(status, &shown)
}

/// Gives somebody other roles, which count at once.
pub(super) async fn set_roles(
    Signed(visit): Signed,
    id: Path<StaffId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (id, words) = (id.into_inner(), visit.words);
    let chosen: Vec<Role> = form.all("roles").filter_map(|role| role.parse().ok()).collect();
    let (caller, command) = (&visit.asking.caller, SetRoles { roles: chosen.clone() });
    let organisation = caller.actor.organisation();
    let setting = move |tx: &mut Tx<'_>| members::set_roles(tx, organisation, id, &command).map(drop);
    let set = visit.asking.hub.write("members.set_roles", caller, setting).await.map_err(Problem::from);
    let Err(problem) = set else { return Ok(see(&format!("/people/{id}?done=roles#roles"))) };
    let wrong = match problem.code().name() {
        "member.no_role" => "people-no-role",
        "member.last_administrator" => "people-last",
        _ => return Err(problem),
    };
    let mut wrongs = Wrongs::default();
    wrongs.note("roles", words.t(wrong));
    person_page((&visit, id), (wrongs, Some(chosen), false), problem.status()).await
}

/// Gives somebody a new code. What they had is worth nothing from then on.
pub(super) async fn renew(
    Signed(visit): Signed,
    id: Path<StaffId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let Ok(sheet) = form.one("sheet").parse::<Digest>() else { return Ok(see(&format!("/people/{id}"))) };
    let (hub, caller) = (&visit.asking.hub, &visit.asking.caller);
    let (organisation, hours) = (caller.actor.organisation(), hub.settings().access.enrolment_hours);
    let renewed = hub
        .write("members.reenrol_staff", caller, move |tx| {
            once(tx, sheet)?;
            Ok::<_, Refused>(members::reenrol_staff(tx, organisation, id, hours)?)
        })
        .await;
    match renewed.map_err(Problem::from) {
        Ok(enrolment) => code_page(&visit, &enrolment, true),
        Err(problem) if problem.code().name() == "web.sent_already" => Ok(see("/people?done=sent")),
        Err(problem) => Err(problem),
    }
}

/// Removes somebody, or leads to what helps when that is something else.
pub(super) async fn remove(
    Signed(visit): Signed,
    id: Path<StaffId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let then = match form.one("why") {
        "left" => "/people?done=removed",
        "roles" => return Ok(see(&format!("/people/{id}#roles"))),
        "passphrase" => return Ok(see(&format!("/people/{id}#code"))),
        "device" if holds(&visit) => return Ok(see("/key/people")),
        _ => {
            let mut wrongs = Wrongs::default();
            wrongs.note("why", visit.words.t("people-no-reason"));
            return person_page((&visit, id), (wrongs, None, false), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let caller = &visit.asking.caller;
    let organisation = caller.actor.organisation();
    visit
        .asking
        .hub
        .write("members.remove_staff", caller, move |tx| {
            members::remove_staff(tx, organisation, id)?;
            custody::forget_person(tx, id)
        })
        .await?;
    Ok(see(then))
}
