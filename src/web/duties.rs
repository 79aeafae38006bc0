//! What must be destroyed: what one's organisation owes after a person took consent back and after the end of a referral, and the forms to
//! answer for it. None takes a key.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use chrono::NaiveDate;
use fluent_bundle::FluentArgs;

use super::{
    find::Choice,
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    service::Tag,
    sign_in::see,
    trays::{Waiting, late, short},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    consent::{self, DutyView, Exception, Extent, HolderAnswer, Said},
    http::Problem,
    kernel::{
        Fault, Timestamp,
        id::{OrganisationId, ReferralId},
        page::Asked,
    },
    members::{self, Name},
    policy::Policy,
    referrals::{self, About, OwedView, ReferralError},
    storage::Db,
};

/// How many duties stand on a page.
const PER_PAGE: u16 = 20;

/// How many that wait for an answer stand above a list.
const MOST_WAITING: u16 = 50;

/// What can be answered: what the form says, and what is said of it afterwards.
const DONE: [(&str, &str); 3] = [
    ("acknowledged", "duties-done-heard"),
    ("destroyed", "duties-done-destroyed"),
    ("kept", "duties-done-kept"),
];

/// A duty, and what can be answered.
struct Row {
    id: String,
    address: String,
    title: String,
    tag: Tag,
    facts: Vec<String>,
    /// The referrals that it came with: where they are looked at, and how they are called.
    referrals: Vec<(String, String)>,
    /// What is said where none of them is here any more.
    gone: String,
    /// What must go.
    must: Vec<String>,
    /// What was answered so far.
    so_far: Option<String>,
    forms: Option<Forms>,
}

/// The forms of a duty that is not done.
struct Forms {
    is_open: bool,
    /// Whether nobody has said yet that it was heard.
    asks_hearing: bool,
    /// What it may be kept for; nothing where it is kept already.
    keep: Option<Keep>,
}

/// The form to say that something is kept.
struct Keep {
    exceptions: Vec<Choice>,
    until: String,
    /// The first and the last day.
    days: (String, String),
    /// The ids of its two fields.
    at_exception: String,
    at_until: String,
}

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    rows: Vec<Row>,
    next: Option<String>,
    /// What was answered before this page.
    done: Option<String>,
    /// Whether this is one duty and not the list.
    is_one: bool,
    /// Whether it was answered otherwise in between.
    is_stale: bool,
}

/// A form as it came in, and what is wrong with it.
#[derive(Default)]
struct Filled {
    form: Form,
    wrongs: Wrongs,
    is_stale: bool,
}

/// Whether somebody may answer for their organisation.
pub(super) fn answers(actor: &Actor) -> bool {
    actor.organisation().is_some() && actor.may(Permission::WithdrawConsent).is_ok()
}

/// Whether it is a place of somebody's menu: of those who take referrals on, run the organisation, or answer for its data protection. Others
/// who may answer come from a referral.
pub(super) fn are_looked_at_by(actor: &Actor) -> bool {
    let asks = [Permission::ReceiveReferrals, Permission::ManageStaff, Permission::ReadDisclosures];
    answers(actor) && asks.iter().any(|permission| actor.may(*permission).is_ok())
}

/// Where a duty is answered.
pub(super) fn address(about: About) -> String {
    format!("/duties/{about}")
}

/// What waits for an answer of somebody's organisation, when they can give it.
pub(super) fn waiting(
    db: &mut Db<'_>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<OwedView>, ReferralError> {
    if !answers(actor) {
        return Ok(Vec::new());
    }
    let owed = referrals::list_owed(db, actor, &Asked::new(Some(MOST_WAITING), None), now)?.items;
    Ok(owed.into_iter().filter(|one| one.duty.answered.is_none()).collect())
}

/// As it stands above a list.
pub(super) fn shown_waiting(one: &OwedView, words: Words, now: Timestamp) -> Waiting {
    let named: Vec<String> = one.referrals.iter().map(|id| short(*id)).collect();
    Waiting {
        address: address(one.about),
        title: title(one, words),
        short: if named.is_empty() { short(one.about) } else { words.list(named) },
        tag: tag(&one.duty, words, now),
    }
}

/// What must still be answered about a referral, on its page: where, what is said of it, and until when.
pub(super) struct Owes {
    pub(super) address: String,
    pub(super) sentence: String,
    pub(super) tag: Tag,
}

/// What the recipient of a referral owes.
pub(super) fn owes(owed: &[(About, DutyView)], words: Words, now: Timestamp) -> Vec<Owes> {
    let one = |(about, duty): &(About, DutyView)| Owes {
        address: address(*about),
        sentence: words.t(match about {
            About::Withdrawal(_) => "duties-referral-taken-back",
            About::Referral(_) => "duties-referral-over",
        }),
        tag: tag(duty, words, now),
    };
    owed.iter().map(one).collect()
}

/// What the organisation owes, page by page.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let form = Form::of_query(request.query_string());
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let asked = Asked::new(Some(PER_PAGE), form.after());
    let (found, names) = hub
        .read(move |db| {
            let found = referrals::list_owed(db, &actor, &asked, now)?;
            let names = names(db, &found.items)?;
            Ok::<_, ReferralError>((found, names))
        })
        .await?;
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/duties?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let told = Told { words, policy: &policy, names: &names, now };
    let (none, done) = (Form::default(), DONE.iter().find(|(said, _)| form.says("done", said)));
    let shown = DutiesPage {
        f: visit.frame(Place::Duties, words.t("duties-title")),
        w: words,
        wrongs: Wrongs::default(),
        rows: found.items.iter().map(|one| told.row(one, &none, false)).collect(),
        next,
        done: done.map(|(_, key)| words.t(key)),
        is_one: false,
        is_stale: false,
    };
    page(StatusCode::OK, &shown)
}

/// One duty. What a withdrawal took over is on the page of its referral.
pub(super) async fn show(Signed(visit): Signed, path: Path<String>) -> Result<HttpResponse, Problem> {
    let about = named(&path)?;
    match (one_page(&visit, about, Filled::default(), StatusCode::OK).await, about) {
        (Err(problem), About::Referral(id)) if problem.code().fault() == Fault::NotFound => {
            Ok(see(&format!("/referrals/{id}")))
        }
        (shown, _) => shown,
    }
}

fn named(path: &str) -> Result<About, ReferralError> {
    path.parse().map_err(|_not_a_duty| AccessError::NotFound.into())
}

async fn one_page(
    visit: &Visit,
    about: About,
    filled: Filled,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let (found, names) = hub
        .read(move |db| {
            let found = referrals::find_owed(db, &actor, about, now)?;
            let names = names(db, std::slice::from_ref(&found))?;
            Ok::<_, ReferralError>((found, names))
        })
        .await?;
    let told = Told { words, policy: &policy, names: &names, now };
    let frame = visit.frame(Place::Duties, words.t("duties-title"));
    let shown = DutiesPage {
        f: if filled.wrongs.is_empty() && !filled.is_stale { frame } else { frame.with_error() },
        w: words,
        rows: vec![told.row(&found, &filled.form, true)],
        wrongs: filled.wrongs,
        next: None,
        done: None,
        is_one: true,
        is_stale: filled.is_stale,
    };
    page(status, &shown)
}

/// Takes what the organisation answers. The same again changes nothing; a form that is refused comes back as it was filled.
pub(super) async fn answer(
    Signed(visit): Signed,
    path: Path<String>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (words, about) = (visit.words, named(&path)?);
    let Some((done, _)) = DONE.iter().find(|(said, _)| form.says("said", said)) else {
        return Ok(see(&address(about)));
    };
    let read = match *done {
        "acknowledged" => Ok(Said::Acknowledged),
        "destroyed" => Ok(Said::Done(HolderAnswer::Destroyed)),
        _ => kept(&form, about, words),
    };
    let said = match read {
        Ok(said) => said,
        Err(wrongs) => {
            let filled = Filled { form, wrongs, is_stale: false };
            return one_page(&visit, about, filled, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match take(&visit, about, said).await {
        Ok(()) => Ok(see(&format!("/duties?done={done}"))),
        Err(problem) if problem.code().name() == "consent.kept_until" => {
            let mut wrongs = Wrongs::default();
            wrongs.note(at_until(about), not_a_day(visit.asking.hub.now(), words));
            one_page(&visit, about, Filled { form, wrongs, is_stale: false }, problem.status()).await
        }
        Err(problem) if problem.code().fault() == Fault::Conflict => {
            let filled = Filled { form, is_stale: true, ..Filled::default() };
            one_page(&visit, about, filled, problem.status()).await
        }
        Err(problem) => Err(problem),
    }
}

async fn take(visit: &Visit, about: About, said: Said) -> Result<(), Problem> {
    let (hub, caller, policy) = (&visit.asking.hub, &visit.asking.caller, visit.asking.hub.policy());
    match about {
        About::Withdrawal(id) => {
            let answering =
                move |tx: &mut Tx<'_>| referrals::answer_withdrawal(tx, id, said, &policy).map(drop);
            hub.write("consent.answer_withdrawal", caller, answering).await?;
        }
        About::Referral(id) => {
            let answering = move |tx: &mut Tx<'_>| referrals::answer_destruction(tx, id, said).map(drop);
            hub.write("referrals.answer_destruction", caller, answering).await?;
        }
    }
    Ok(())
}

/// What is kept, for what and until when; or what is missing.
fn kept(form: &Form, about: About, words: Words) -> Result<Said, Wrongs> {
    let mut wrongs = Wrongs::default();
    let exception = Exception::of_code(form.one("exception"));
    if exception.is_none() {
        wrongs.note(at_exception(about), words.t("duties-no-exception"));
    }
    let until = day(form.one("until"));
    if until.is_none() {
        wrongs.note(at_until(about), words.t("duties-no-day"));
    }
    match (exception, until) {
        (Some(exception), Some(until)) => Ok(Said::Done(HolderAnswer::Kept { exception, until })),
        _ => Err(wrongs),
    }
}

/// A day is its beginning.
fn day(text: &str) -> Option<Timestamp> {
    let day: NaiveDate = text.parse().ok()?;
    format!("{day}T00:00:00Z").parse().ok()
}

fn not_a_day(now: Timestamp, words: Words) -> String {
    let (first, last) = consent::days_to_keep_until(now);
    let mut gaps = FluentArgs::new();
    gaps.set("first", words.date(first));
    gaps.set("last", words.date(last));
    words.filled("duties-day-out", &gaps)
}

fn at_exception(about: About) -> String {
    format!("{about}-exception")
}

fn at_until(about: About) -> String {
    format!("{about}-until")
}

/// Who sent what must go.
fn names(db: &mut Db<'_>, owed: &[OwedView]) -> Result<HashMap<OrganisationId, Name>, ReferralError> {
    let senders: BTreeSet<OrganisationId> = owed.iter().flat_map(|one| one.senders.iter().copied()).collect();
    Ok(members::names_of(db, &senders.into_iter().collect::<Vec<_>>())?)
}

/// What happened.
fn title(one: &OwedView, words: Words) -> String {
    words.t(match &one.withdrawn {
        None => "duties-what-over",
        Some((extent, _)) if extent.is_whole() => "duties-what-everything",
        Some((extent, _)) if extent.purpose.is_none() && names_no_part(extent) => "duties-what-yours",
        Some(_) => "duties-what-part",
    })
}

fn names_no_part(extent: &Extent) -> bool {
    extent.categories.is_empty() && extent.fields.is_empty()
}

fn tag(duty: &DutyView, words: Words, now: Timestamp) -> Tag {
    match (duty.answered, duty.kept_until) {
        (None, _) if duty.overdue => late(duty.answer_by, words, now),
        (None, _) => {
            Tag { tone: "warn", word: words.with("duties-by", "moment", words.moment(duty.answer_by)) }
        }
        (Some(_), Some(until)) => Tag { tone: "", word: words.with("duties-kept", "day", words.day(until)) },
        (Some(_), None) => Tag { tone: "good", word: words.t("duties-destroyed") },
    }
}

/// What rows are made with.
#[derive(Clone, Copy)]
struct Told<'a> {
    words: Words,
    policy: &'a Policy,
    names: &'a HashMap<OrganisationId, Name>,
    now: Timestamp,
}

impl Told<'_> {
    fn row(self, one: &OwedView, form: &Form, is_open: bool) -> Row {
        let words = self.words;
        let name =
            |id: &OrganisationId| self.names.get(id).map_or_else(|| id.to_string(), ToString::to_string);
        let mut facts: Vec<String> =
            one.senders.iter().map(|id| words.with("duties-from", "who", name(id))).collect();
        facts.push(words.with("duties-asked", "moment", words.moment(one.duty.asked)));
        if one.duty.asked_again > 0 {
            facts.push(words.t("duties-asked-again"));
        }
        let forms = one.duty.answered.is_none() || one.duty.kept_until.is_some();
        Row {
            id: one.about.to_string(),
            address: address(one.about),
            title: title(one, words),
            tag: tag(&one.duty, words, self.now),
            facts,
            referrals: one.referrals.iter().map(|id| self.referral(*id)).collect(),
            gone: words.with("duties-no-referral", "short", short(one.about)),
            must: self.must(one),
            so_far: self.so_far(&one.duty),
            forms: forms.then(|| self.forms(one, form, is_open)),
        }
    }

    fn referral(self, id: ReferralId) -> (String, String) {
        (format!("/referrals/{id}"), self.words.with("notices-referral", "short", short(id)))
    }

    /// What must go, in sentences.
    fn must(self, one: &OwedView) -> Vec<String> {
        let words = self.words;
        let mut must = match &one.withdrawn {
            Some((extent, holding)) => {
                let mut must = vec![words.word("duties-holding", holding.name())];
                must.extend(self.parts(extent));
                must
            }
            None => vec![words.t("duties-must-referral")],
        };
        must.push(words.t("duties-must-everywhere"));
        must
    }

    /// What of a person was taken back, as the policy calls it.
    fn parts(self, extent: &Extent) -> Vec<String> {
        let (words, policy) = (self.words, self.policy);
        if extent.purpose.is_none() && names_no_part(extent) {
            return vec![words.t("duties-must-everything")];
        }
        let purpose = extent.purpose.as_ref().map(|code| {
            let label = policy.purpose(code).map_or(code.as_str(), |purpose| purpose.label.as_str());
            words.with("duties-must-purpose", "what", words.code(code.as_str(), label))
        });
        let kinds = extent.categories.iter().map(|code| {
            let label = policy.category(code).map_or(code.as_str(), |category| category.label.as_str());
            words.code(code.as_str(), label)
        });
        let fields = extent.fields.iter().map(|id| {
            let label = policy.field(id).map_or(id.as_str(), |field| field.label.as_str());
            words.code(&id.as_str().replace('.', "-"), label)
        });
        let (kinds, fields): (Vec<String>, Vec<String>) = (kinds.collect(), fields.collect());
        let mut parts: Vec<String> = purpose.into_iter().collect();
        if !kinds.is_empty() {
            parts.push(words.with("duties-must-kinds", "what", words.list(kinds)));
        }
        if !fields.is_empty() {
            parts.push(words.with("duties-must-fields", "what", words.list(fields)));
        }
        parts
    }

    fn so_far(self, duty: &DutyView) -> Option<String> {
        let words = self.words;
        if let Some((exception, until)) = duty.exception.zip(duty.kept_until) {
            let mut gaps = FluentArgs::new();
            gaps.set("day", words.day(until));
            gaps.set("why", words.word("duties-exception", exception.code()));
            return Some(words.filled("duties-is-kept", &gaps));
        }
        if let Some(at) = duty.answered {
            return Some(words.with("duties-is-destroyed", "moment", words.moment(at)));
        }
        duty.acknowledged.map(|at| words.with("duties-is-heard", "moment", words.moment(at)))
    }

    fn forms(self, one: &OwedView, form: &Form, is_open: bool) -> Forms {
        let words = self.words;
        let (first, last) = consent::days_to_keep_until(self.now);
        let choice = |exception: Exception| Choice {
            value: exception.code().to_owned(),
            word: words.word("duties-exception", exception.code()),
            chosen: form.says("exception", exception.code()),
        };
        let keep = one.duty.answered.is_none().then(|| Keep {
            exceptions: Exception::ALL.into_iter().map(choice).collect(),
            until: form.one("until").to_owned(),
            days: (first.to_string(), last.to_string()),
            at_exception: at_exception(one.about),
            at_until: at_until(one.about),
        });
        Forms { is_open, asks_hearing: one.duty.acknowledged.is_none(), keep }
    }
}
