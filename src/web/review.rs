//! Reviewing the directory: what waits for a decision, what is doubtful, and what has to be verified. For those who keep it.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    service::{Card, Tag, checked, of_service},
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Permission},
    directory::{
        self, Altered, Decision, DirectoryError, Draft, FieldAltered, Freshness, Method, Outcome, Review,
        RowBecomes, Service, Standing, Verified, Verify, Visibility,
    },
    http::Problem,
    kernel::{
        Fault, Timestamp,
        id::{OrganisationId, ServiceId},
        page::{Asked, Page},
        text::Line,
    },
    members::{self, Name},
    policy::Policy,
    storage::Db,
};

/// How many entries stand on a page.
const PER_PAGE: u16 = 50;

/// How somebody who keeps the directory verifies an entry.
const METHODS: [Method; 5] =
    [Method::Telephone, Method::Visit, Method::Email, Method::ProviderUpdate, Method::Document];

/// For whom something can be listed.
const VISIBILITIES: [Visibility; 3] = [Visibility::Restricted, Visibility::Members, Visibility::Public];

/// What can come of it.
const OUTCOMES: [Outcome; 4] =
    [Outcome::Confirmed, Outcome::Corrected, Outcome::Unreachable, Outcome::Closed];

/// A list of entries that ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    /// What waits for a decision.
    Waiting,
    /// What did not fit what people met.
    Doubtful,
    /// What has to be verified.
    Due,
}

impl List {
    const ALL: [Self; 3] = [Self::Waiting, Self::Doubtful, Self::Due];

    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Doubtful => "doubtful",
            Self::Due => "due",
        }
    }

    /// The one that an address names; the first where it names none.
    fn of(form: &Form) -> Self {
        Self::ALL.into_iter().find(|list| list.name() == form.one("list")).unwrap_or(Self::Waiting)
    }

    fn address(self) -> String {
        format!("/directory?list={}", self.name())
    }
}

/// A list among the others.
struct Way {
    address: String,
    word: String,
    is_here: bool,
}

struct Row {
    address: String,
    name: String,
    facts: Vec<String>,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ListPage {
    f: Frame,
    w: Words,
    ways: Vec<Way>,
    lead: String,
    rows: Vec<Row>,
    empty: String,
    next: Option<String>,
    done: Option<String>,
}

/// An entry of a list.
struct Entry {
    service: Service,
    /// Since when it waits for a decision.
    waits_since: Option<Timestamp>,
}

/// What asks for something, one list at a time, page by page.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    may_keep(&visit)?;
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let list = List::of(&form);
    let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
    let (asked, now) = (Asked::new(Some(PER_PAGE), form.after()), hub.now());
    let (found, names) = hub
        .read(move |db| {
            let found = entries(db, &actor, (list, &asked), now)?;
            let members: Vec<OrganisationId> =
                found.items.iter().filter_map(|entry| entry.service.member).collect();
            let names = members::names_of(db, &members)?;
            Ok::<_, DirectoryError>((found, names))
        })
        .await?;
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("list", list.name()).append_pair("after", &next.to_string());
        format!("/directory?{}", query.finish())
    });
    let done = ["taken", "refused", "verified"].into_iter().find(|done| form.says("done", done));
    let way = |way: List| Way {
        address: way.address(),
        word: words.word("review-list", way.name()),
        is_here: way == list,
    };
    let shown = ListPage {
        f: visit.frame(Place::Directory, words.t("review-title")),
        w: words,
        ways: List::ALL.map(way).into(),
        lead: words.word("review-lead", list.name()),
        rows: found.items.iter().map(|entry| row(entry, (list, &names), words)).collect(),
        empty: words.word("review-empty", list.name()),
        next,
        done: done.map(|done| words.word("review-done", done)),
    };
    page(StatusCode::OK, &shown)
}

/// Refuses before something is read or filled in what would be refused after it.
fn may_keep(visit: &Visit) -> Result<(), Problem> {
    Ok(visit.asking.caller.actor.may(Permission::ManageDirectory).map_err(DirectoryError::from)?)
}

fn entries(
    db: &mut Db<'_>,
    actor: &Actor,
    (list, asked): (List, &Asked),
    now: Timestamp,
) -> Result<Page<Entry>, DirectoryError> {
    let alone = |service| Entry { service, waits_since: None };
    Ok(match list {
        List::Waiting => directory::waiting(db, actor, asked, now)?
            .map(|waiting| Entry { waits_since: Some(waiting.draft.updated_at), service: waiting.service }),
        List::Doubtful => directory::doubted(db, actor, asked, now)?.map(alone),
        List::Due => directory::due(db, actor, asked, now)?.map(alone),
    })
}

fn row(
    Entry { service, waits_since }: &Entry,
    (list, names): (List, &HashMap<OrganisationId, Name>),
    words: Words,
) -> Row {
    let upkeep = &service.upkeep;
    let tag = |tone, key| Tag { tone, word: words.t(key) };
    let (fact, tag) = match list {
        List::Waiting => {
            let since = waits_since.unwrap_or(service.updated_at);
            (words.with("review-since", "moment", words.moment(since)), is_what(service, words))
        }
        List::Doubtful if upkeep.flagged_at.is_some() => {
            (mismatches(service, words), tag("bad", "review-flagged"))
        }
        List::Doubtful => (mismatches(service, words), tag("warn", "review-not-flagged")),
        List::Due => {
            let mark = match upkeep.verification {
                Freshness::Stale => tag("bad", "review-stale"),
                Freshness::Unverified => tag("", "review-unverified"),
                Freshness::Due | Freshness::Verified => tag("warn", "review-due"),
            };
            (due_since(service, words), mark)
        }
    };
    Row {
        address: format!("/directory/{}?list={}", service.id, list.name()),
        name: service.name.clone(),
        facts: vec![who(service, names), fact],
        tag,
    }
}

/// Who offers it: the member by its name, otherwise as the entry calls it.
fn who(service: &Service, names: &HashMap<OrganisationId, Name>) -> String {
    let member = service.member.and_then(|member| names.get(&member));
    member.map_or_else(|| service.provider.clone(), ToString::to_string)
}

/// Whether it is new, or an entry that changes.
fn is_what(service: &Service, words: Words) -> Tag {
    if service.standing == Standing::Proposed {
        Tag { tone: "warn", word: words.t("review-offer") }
    } else {
        Tag { tone: "", word: words.t("review-change") }
    }
}

fn mismatches(service: &Service, words: Words) -> String {
    words.with("review-mismatches", "count", service.upkeep.mismatches)
}

pub(super) fn due_since(service: &Service, words: Words) -> String {
    match service.upkeep.verified_at.and(service.upkeep.verify_by) {
        Some(by) => words.with("review-due-since", "day", words.day(by)),
        None => words.t("review-never"),
    }
}

/// Something to choose.
struct Choice {
    value: &'static str,
    word: String,
    help: String,
    chosen: bool,
}

/// A field of a row that would change.
struct Field {
    name: String,
    before: String,
    after: String,
}

/// A row that would change, in words.
struct Group {
    heading: String,
    tags: Vec<Tag>,
    /// Whether it says something before and after.
    is_changed: bool,
    fields: Vec<Field>,
}

/// What waits to be decided.
struct Waits {
    since: String,
    tag: Tag,
    version: i64,
    is_outdated: bool,
    /// What would change; nothing when it cannot be taken as it is.
    groups: Option<Vec<Group>>,
    /// Who is to find it, once it is listed.
    shown_to: Option<String>,
    /// For whom else it can be listed; nothing where that is not decided here.
    visibilities: Vec<Choice>,
    choices: Vec<Choice>,
    criteria: String,
    reason: String,
}

/// Where somebody says that they verified it.
struct Verifying {
    version: i64,
    methods: Vec<Choice>,
    outcomes: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "review-one.html")]
struct OnePage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    id: String,
    /// The list it was opened from.
    list: &'static str,
    back: String,
    name: String,
    card: Card,
    facts: Vec<(String, String)>,
    waits: Option<Waits>,
    verifying: Option<Verifying>,
    /// Whether somebody else did something with it since the page was opened.
    is_stale: bool,
}

/// What is told of what was asked before, and the form as it was filled.
#[derive(Default)]
struct Told {
    wrongs: Wrongs,
    form: Form,
    is_stale: bool,
}

/// One entry: what would change and deciding about it, and saying that it was verified.
pub(super) async fn show(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let form = Form::of_query(request.query_string());
    let told = Told { form: Form::default().with("list", form.one("list")), ..Told::default() };
    one_page(&visit, id.into_inner(), told, StatusCode::OK).await
}

async fn one_page(
    visit: &Visit,
    id: ServiceId,
    told: Told,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    may_keep(visit)?;
    let (words, hub, actor) = (visit.words, &visit.asking.hub, visit.asking.caller.actor.clone());
    let now = hub.now();
    let (review, names) = hub
        .read(move |db| {
            let review = directory::review(db, &actor, id, now)?;
            let members: Vec<OrganisationId> = review.service.member.into_iter().collect();
            let names = members::names_of(db, &members)?;
            Ok::<_, DirectoryError>((review, names))
        })
        .await?;
    let Told { wrongs, form, is_stale } = told;
    let frame = visit.frame(Place::Directory, words.t("review-one"));
    let is_wrong = is_stale || !wrongs.is_empty();
    let (list, service) = (List::of(&form), &review.service);
    // What is not listed is decided about, and not verified.
    let can_be_verified = service.standing == Standing::Listed && service.missing_since.is_none();
    let shown = OnePage {
        f: Frame { path: format!("/directory/{id}"), ..if is_wrong { frame.with_error() } else { frame } },
        w: words,
        wrongs,
        id: id.to_string(),
        list: list.name(),
        back: list.address(),
        name: service.name.clone(),
        card: of_service(service, words),
        facts: facts(service, &names, (&hub.policy(), words)),
        waits: review.draft.as_ref().map(|draft| waits(&review, draft, &form, words)),
        verifying: can_be_verified.then(|| verifying(service, &form, words)),
        is_stale,
    };
    page(status, &shown)
}

/// The entry as it is.
fn facts(
    service: &Service,
    names: &HashMap<OrganisationId, Name>,
    (policy, words): (&Policy, Words),
) -> Vec<(String, String)> {
    let label = |code| policy.service(code).map_or("", |known| known.label.as_str());
    let code = service.service.as_ref().map(|code| words.code(code.as_str(), label(code)));
    let is_offer = service.standing == Standing::Proposed;
    let doubts = (service.upkeep.mismatches > 0).then(|| mismatches(service, words));
    let all = [
        ("review-who", who(service, names)),
        ("review-what", code.unwrap_or_default()),
        ("review-area", service.area.clone().unwrap_or_default()),
        ("service-what", service.description.clone()),
        ("review-source", if service.member.is_some() { String::new() } else { service.source.clone() }),
        ("review-shown-to", if is_offer { String::new() } else { shown_to(service.visibility, words) }),
        ("service-checked", if is_offer { String::new() } else { checked(service, words) }),
        ("review-doubts", doubts.unwrap_or_default()),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.trim().is_empty());
    said.map(|(key, value)| (words.t(key), value)).collect()
}

fn shown_to(visibility: Visibility, words: Words) -> String {
    words.t(match visibility {
        Visibility::Public => "review-visibility-public",
        Visibility::Members => "review-visibility-members",
        Visibility::Restricted => "review-visibility-restricted",
    })
}

fn waits(review: &Review, draft: &Draft, form: &Form, words: Words) -> Waits {
    let is_offer = review.service.standing == Standing::Proposed;
    let can_be_taken = review.altered.is_some() && !draft.is_outdated;
    let take = if is_offer { "review-take-offer" } else { "review-take-change" };
    let choice = |value, key, help| Choice {
        value,
        word: words.t(key),
        help: words.t(help),
        chosen: form.says("decision", value),
    };
    let taking = can_be_taken.then(|| choice("take", take, "review-take-help"));
    let criteria =
        if form.has("criteria") { form.one("criteria") } else { review.criteria.as_deref().unwrap_or("") };
    Waits {
        since: words.with("review-since", "moment", words.moment(draft.updated_at)),
        tag: is_what(&review.service, words),
        version: draft.version,
        is_outdated: draft.is_outdated,
        groups: review.altered.as_ref().map(|all| all.iter().map(|row| group(row, words)).collect()),
        shown_to: draft.edit.visibility.map(|visibility| shown_to(visibility, words)),
        visibilities: draft
            .edit
            .visibility
            .filter(|_asked| is_offer && can_be_taken)
            .map_or_else(Vec::new, |asked| visibilities(asked, form, words)),
        choices: taking
            .into_iter()
            .chain([choice("refuse", "review-refuse", "review-refuse-help")])
            .collect(),
        criteria: criteria.to_owned(),
        reason: form.one("reason").to_owned(),
    }
}

/// For whom it can be listed, and how that is to what its provider asked.
fn visibilities(asked: Visibility, form: &Form, words: Words) -> Vec<Choice> {
    let said = if form.has("visibility") { form.one("visibility") } else { asked.name() };
    let choice = |visibility: Visibility| Choice {
        value: visibility.name(),
        word: shown_to(visibility, words),
        help: words.t(if visibility == asked {
            "review-visibility-as-asked"
        } else if visibility.is_wider_than(asked) {
            "review-visibility-wider"
        } else {
            "review-visibility-narrower"
        }),
        chosen: said == visibility.name(),
    };
    VISIBILITIES.map(choice).into()
}

/// A row that would change. A column that there are no words for is named as the directory names it.
fn group(row: &Altered, words: Words) -> Group {
    let becomes = match row.becomes {
        // Of the service itself it is said above whether it is new.
        RowBecomes::New if row.table == "service" => None,
        RowBecomes::New => Some(Tag { tone: "good", word: words.t("review-row-new") }),
        RowBecomes::Changed => None,
        RowBecomes::Gone => Some(Tag { tone: "bad", word: words.t("review-row-gone") }),
    };
    let secret = row.is_secret.then(|| Tag { tone: "warn", word: words.t("review-row-secret") });
    let named = |room: &str, word: &str| {
        let said = words.word(room, word);
        if said.starts_with(room) { word.to_owned() } else { said }
    };
    let field = |field: &FieldAltered| Field {
        name: named("review-field", &field.field),
        before: field.before.clone(),
        after: field.after.clone(),
    };
    Group {
        heading: named("review-table", row.table),
        tags: becomes.into_iter().chain(secret).collect(),
        is_changed: row.becomes == RowBecomes::Changed,
        fields: row.fields.iter().map(field).collect(),
    }
}

fn verifying(service: &Service, form: &Form, words: Words) -> Verifying {
    let choice = |room: &str, field: &str, value: &'static str| Choice {
        value,
        word: words.word(room, value),
        help: String::new(),
        chosen: form.says(field, value),
    };
    Verifying {
        version: service.version,
        methods: METHODS.map(|method| choice("review-method", "method", method.name())).into(),
        outcomes: OUTCOMES.map(|outcome| choice("review-outcome", "outcome", outcome.name())).into(),
    }
}

/// Takes what waits, or refuses it.
pub(super) async fn decide(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    may_keep(&visit)?;
    let (id, mut wrongs) = (id.into_inner(), Wrongs::default());
    let Some(decision) = decision(&form, visit.words, &mut wrongs) else {
        let told = Told { wrongs, form, is_stale: false };
        return one_page(&visit, id, told, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let done = if decision.approve { "taken" } else { "refused" };
    let (version, settings) = (seen(&form), visit.asking.hub.settings().directory.clone());
    let deciding = visit.asking.hub.write("directory.decide", &visit.asking.caller, move |tx| {
        directory::decide(tx, (id, version), (&decision, &settings)).map(drop)
    });
    match deciding.await.map_err(Problem::from) {
        Ok(()) => Ok(see(&format!("/directory?done={done}"))),
        Err(problem) if problem.code().name() == "directory.reason_missing" => {
            let mut wrongs = Wrongs::default();
            wrongs.note("reason", visit.words.t("review-no-reason-wider"));
            let told = Told { wrongs, form, is_stale: false };
            one_page(&visit, id, told, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(problem) => stands_otherwise(&visit, id, form, problem).await,
    }
}

/// The version that a page showed.
fn seen(form: &Form) -> i64 {
    form.one("seen").parse().unwrap_or(-1)
}

/// Where it goes on when somebody else was faster, or the draft cannot be taken: what holds now, with the form as it was filled.
async fn stands_otherwise(
    visit: &Visit,
    id: ServiceId,
    form: Form,
    problem: Problem,
) -> Result<HttpResponse, Problem> {
    if problem.code().name() == "directory.nobody_on_call" {
        let mut wrongs = Wrongs::default();
        wrongs.note("decision", visit.words.t("review-nobody-on-call"));
        return one_page(visit, id, Told { wrongs, form, is_stale: false }, problem.status()).await;
    }
    let fault = problem.code().fault();
    let is_otherwise =
        matches!(fault, Fault::Conflict | Fault::NotFound) || problem.code().name() == "directory.bad_draft";
    if !is_otherwise {
        return Err(problem);
    }
    let told = Told { wrongs: Wrongs::default(), form, is_stale: true };
    one_page(visit, id, told, StatusCode::CONFLICT).await
}

/// What is decided; nothing, and what is wrong, when it cannot be read.
fn decision(form: &Form, words: Words, wrongs: &mut Wrongs) -> Option<Decision> {
    let approve = match form.one("decision") {
        "take" => Some(true),
        "refuse" => Some(false),
        _ => None,
    };
    if approve.is_none() {
        wrongs.note("decision", words.t("review-no-decision"));
    }
    let criteria = form.one("criteria").parse::<Line<60>>().ok();
    if criteria.is_none() {
        wrongs.note("criteria", words.t("review-no-criteria"));
    }
    let said = form.one("reason").split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = said.parse::<Line<500>>().ok();
    if reason.is_none() && !said.is_empty() {
        wrongs.note("reason", words.t("review-reason-wrong"));
    }
    if approve == Some(false) && said.is_empty() {
        wrongs.note("reason", words.t("review-no-reason"));
    }
    // A page without the question leaves it as its provider asked.
    let said = form.one("visibility");
    let visibility = VISIBILITIES.into_iter().find(|visibility| visibility.name() == said);
    if visibility.is_none() && !said.is_empty() {
        wrongs.note("visibility", words.t("review-no-visibility"));
    }
    wrongs.is_empty().then_some(())?;
    let approve = approve?;
    Some(Decision { approve, criteria: criteria?, reason, visibility: visibility.filter(|_| approve) })
}

/// Takes what somebody found who verified an entry.
pub(super) async fn verify(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    may_keep(&visit)?;
    let (id, words) = (id.into_inner(), visit.words);
    let mut wrongs = Wrongs::default();
    let method = METHODS.into_iter().find(|method| method.name() == form.one("method"));
    let outcome = OUTCOMES.into_iter().find(|outcome| outcome.name() == form.one("outcome"));
    if method.is_none() {
        wrongs.note("method", words.t("review-no-method"));
    }
    if outcome.is_none() {
        wrongs.note("outcome", words.t("review-no-outcome"));
    }
    let Some((method, outcome)) = method.zip(outcome) else {
        let told = Told { wrongs, form, is_stale: false };
        return one_page(&visit, id, told, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let found = Verified { method, outcome, fields: Vec::new(), at: None, next_due: None };
    let command = Verify { service: id, version: seen(&form), found };
    let settings = visit.asking.hub.settings().directory.clone();
    let verifying = visit.asking.hub.write("directory.verify", &visit.asking.caller, move |tx| {
        directory::verify(tx, &command, &settings).map(drop)
    });
    match verifying.await.map_err(Problem::from) {
        Ok(()) => Ok(see(&format!("{}&done=verified", List::of(&form).address()))),
        Err(problem) => stands_otherwise(&visit, id, form, problem).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    const WORDS: Words = Words { language: Language::En };

    fn filled(fields: &[(&str, &str)]) -> Form {
        Form::begun(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_decision_names_the_criteria_and_a_refusal_its_reason() {
        let mut wrongs = Wrongs::default();
        let taken = decision(&filled(&[("decision", "take"), ("criteria", "2026-1")]), WORDS, &mut wrongs);
        let taken = taken.unwrap();
        assert!(taken.approve && taken.reason.is_none() && taken.criteria.to_string() == "2026-1");
        let refused = [("decision", "refuse"), ("criteria", "2026-1"), ("reason", "Say which\r\nnights")];
        let refused = decision(&filled(&refused), WORDS, &mut wrongs).unwrap();
        assert_eq!(refused.reason.unwrap().to_string(), "Say which nights");
        assert!(wrongs.is_empty());
        let bare = [("decision", "refuse"), ("criteria", "2026-1")];
        assert!(decision(&filled(&bare), WORDS, &mut wrongs).is_none() && wrongs.at("reason").is_some());
        let mut wrongs = Wrongs::default();
        assert!(decision(&Form::default(), WORDS, &mut wrongs).is_none());
        assert!(wrongs.at("decision").is_some() && wrongs.at("criteria").is_some());
    }

    #[test]
    fn whatever_can_change_and_be_said_has_words_in_every_language() {
        let tables = [
            "service",
            "url",
            "phone",
            "schedule",
            "language",
            "service_area",
            "cost_option",
            "required_document",
            "eligibility_rule",
            "access_barrier",
            "referral_requirement",
            "referral_channel",
            "location",
            "service_at_location",
            "address",
            "accessibility",
        ];
        let fields = [
            "name",
            "alternate_name",
            "description",
            "url",
            "email",
            "status",
            "interpretation_services",
            "application_process",
            "fees_description",
            "wait_time",
            "eligibility_description",
            "minimum_age",
            "maximum_age",
            "alert",
            "number",
            "opens_at",
            "closes_at",
            "byday",
            "latitude",
            "longitude",
            "confidential",
            "address_1",
            "city",
            "country",
            "reports_to_authorities",
        ];
        let lists = List::ALL.map(List::name);
        let rooms: [(&str, &[&str]); 8] = [
            ("review-table", &tables),
            ("review-field", &fields),
            ("review-list", &lists),
            ("review-lead", &lists),
            ("review-empty", &lists),
            ("review-done", &["taken", "refused", "verified"]),
            ("review-method", &METHODS.map(Method::name)),
            ("review-outcome", &OUTCOMES.map(Outcome::name)),
        ];
        for language in Language::ALL {
            for (room, names) in &rooms {
                for name in *names {
                    let said = Words { language }.word(room, name);
                    assert!(!said.starts_with(room), "{}: {said} is not there", language.tag());
                }
            }
        }
    }
}
