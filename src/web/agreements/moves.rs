//! What a party, or whoever oversees agreements, does to one on its page: offers a draft, takes an offer back, declines it, suspends,
//! resumes and ends. Each is asked with its reason, and says before what becomes of what is under way.

use actix_web::{HttpResponse, http::StatusCode, web::Path};
use chrono::{Days, NaiveDate, TimeDelta};

use super::{Told, Unmet, agreement_page};
use crate::{
    access::{Permission, Tx},
    agreements::{
        self, Agreement, AgreementDetail, AgreementError, AgreementView, Document, FlowName, Suspend,
        SuspensionReason, Terminate, Which,
    },
    http::Problem,
    kernel::{Fault, Timestamp, id::AgreementId},
    policy::Policy,
    referrals::{self, ReferralError},
    web::{
        form::{Form, Wrongs},
        sign_in::see,
        visit::{Signed, Visit},
        words::Words,
    },
};

/// How many days ahead the notice ends that is proposed.
const PROPOSED_NOTICE_DAYS: i64 = 30;

/// Something to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) word: String,
    pub(super) help: String,
    pub(super) chosen: bool,
}

/// A direction that is stopped.
pub(super) struct Stopped {
    /// As the form names it.
    pub(super) which: String,
    pub(super) word: String,
    pub(super) reason: String,
    /// Whether the visitor may let it go on.
    pub(super) is_theirs: bool,
}

/// How an agreement can be ended.
pub(super) struct Ending {
    pub(super) ways: Vec<Choice>,
    pub(super) until: String,
    /// The last day on which a notice may end.
    pub(super) latest: String,
}

/// What the visitor may do to it; what they may not is empty.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) path: String,
    /// The change of it that the page shows.
    pub(super) seen: i64,
    pub(super) edit: Option<String>,
    pub(super) may_retract: bool,
    pub(super) may_decline: bool,
    pub(super) renew: Option<String>,
    /// What happens to what waits when all of it, and when one direction is suspended.
    pub(super) suspending: Option<[String; 2]>,
    pub(super) reasons: Vec<Choice>,
    /// All of it, and each direction, where there are several.
    pub(super) directions: Vec<Choice>,
    /// Who suspended it, when it is; whether the visitor may resume it.
    pub(super) suspended: Option<(String, bool)>,
    pub(super) stopped: Vec<Stopped>,
    pub(super) ending: Option<Ending>,
}

impl Moves {
    /// What can be done to a version as it stands, by whoever looks at it.
    pub(super) fn of(
        visit: &Visit,
        (detail, document): (&AgreementDetail, &Document),
        told: Told<'_>,
        form: &Form,
    ) -> Self {
        let (view, actor, words) = (&detail.agreement, &visit.asking.caller.actor, told.words);
        let manages = actor.may(Permission::ManageAgreements).is_ok();
        let party = actor.organisation().filter(|own| manages && view.parties.contains(own));
        let oversees = !manages && actor.may(Permission::OverseeAgreements).is_ok();
        let may_stop = party.is_some() || oversees;
        let is_drafter = party == Some(view.drafted_by);
        let has_signed = detail.signatures.iter().any(|signature| Some(signature.organisation) == party);
        let is_in_force = view.state == "in_force";
        let may_end = party.is_some() && matches!(view.state, "signed" | "in_force" | "suspended");
        let theirs = |by: Option<_>| oversees || (party.is_some() && by == party);
        let stopped = view.stopped_flows.iter().filter(|_| may_stop && is_in_force);
        let began = format!("/agreements/new?base={}/{}", view.id, view.version);
        let is_draft = view.state == "draft";
        let may_renew = party.is_some() && !is_draft && view.superseded_by.is_none();
        Self {
            path: format!("/agreements/{}/{}", view.id, view.version),
            seen: view.row_version,
            edit: (is_draft && is_drafter).then(|| began.clone()),
            may_retract: view.state == "offered" && is_drafter,
            may_decline: view.state == "offered" && party.is_some() && !is_drafter && !has_signed,
            renew: (may_renew && view.state != "offered").then_some(began),
            suspending: (may_stop && is_in_force).then(|| waits(told.policy, words)),
            reasons: reasons(words, form),
            directions: directions(document, told, form),
            suspended: (may_stop && view.state == "suspended")
                .then(|| (who_suspended(view, told), theirs(view.suspended_by))),
            stopped: stopped
                .map(|flow| Stopped {
                    which: format!("{}/{}", flow.from, flow.to),
                    word: told.direction(flow.from, flow.to),
                    reason: words.word("agreements-reason", flow.reason),
                    is_theirs: theirs(flow.by),
                })
                .collect(),
            ending: may_end.then(|| ending(visit, words, form)),
        }
    }
}

/// What becomes of letters that wait, when all of it or one direction is suspended.
fn waits(policy: &Policy, words: Words) -> [String; 2] {
    let hours = policy.agreement_limits().after_the_end.suspended_purge_hours;
    [
        words.with("agreements-suspend-waits", "hours", i64::from(hours)),
        words.t("agreements-suspend-waits-direction"),
    ]
}

fn reasons(words: Words, form: &Form) -> Vec<Choice> {
    let choice = |reason: SuspensionReason| Choice {
        value: reason.name().to_owned(),
        word: words.word("agreements-reason", reason.name()),
        help: String::new(),
        chosen: form.says("reason", reason.name()),
    };
    SuspensionReason::ALL.map(choice).into()
}

fn directions(document: &Document, told: Told<'_>, form: &Form) -> Vec<Choice> {
    if document.flows.len() < 2 {
        return Vec::new();
    }
    let whole = Choice {
        value: String::from("all"),
        word: told.words.t("agreements-all-of-it"),
        help: String::new(),
        chosen: !form.has("which") || form.says("which", "all"),
    };
    let each = document.flows.iter().map(|flow| {
        let value = format!("{}/{}", flow.from, flow.to);
        let chosen = form.says("which", &value);
        Choice { chosen, word: told.direction(flow.from, flow.to), help: String::new(), value }
    });
    std::iter::once(whole).chain(each).collect()
}

fn who_suspended(view: &AgreementView, told: Told<'_>) -> String {
    let words = told.words;
    view.suspended_by.map_or_else(
        || words.t("agreements-suspended-by-coordinator"),
        |by| words.with("agreements-suspended-by", "name", told.name(by)),
    )
}

fn ending(visit: &Visit, words: Words, form: &Form) -> Ending {
    let (now, policy) = (visit.asking.hub.now(), visit.asking.hub.policy());
    let limits = policy.agreement_limits();
    let destroyed = i64::from(limits.after_the_end.breach_destroy_days);
    let way = |value: &str, word: &str, help| Choice {
        value: value.to_owned(),
        word: words.t(word),
        help,
        chosen: form.says("how", value),
    };
    let longest = limits.longest_notice();
    let proposed = now.plus(longest.min(TimeDelta::days(PROPOSED_NOTICE_DAYS)));
    Ending {
        ways: vec![
            way("notice", "agreements-end-notice", words.t("agreements-end-notice-help")),
            way(
                "breach",
                "agreements-end-breach",
                words.with("agreements-end-breach-help", "days", destroyed),
            ),
        ],
        until: if form.has("until") { form.one("until").to_owned() } else { day(proposed).to_string() },
        latest: words.day(now.plus(longest)),
    }
}

fn day(at: Timestamp) -> NaiveDate {
    at.datetime().date_naive()
}

type One = Path<(AgreementId, u32)>;

/// Offers a draft for signature.
pub(in crate::web) async fn offer(
    Signed(visit): Signed,
    one: One,
    form: Form,
) -> Result<HttpResponse, Problem> {
    moved((&visit, one), ("agreements.offer", "offered"), form, agreements::offer).await
}

/// Takes an offer back, to draft again.
pub(in crate::web) async fn retract(
    Signed(visit): Signed,
    one: One,
    form: Form,
) -> Result<HttpResponse, Problem> {
    moved((&visit, one), ("agreements.retract", "retracted"), form, agreements::retract).await
}

/// Suspends it, or one of its directions.
pub(in crate::web) async fn suspend(
    Signed(visit): Signed,
    one: One,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let Some(reason) = SuspensionReason::named(form.one("reason")) else {
        let mut wrongs = Wrongs::default();
        wrongs.note("reason", words.t("agreements-no-reason"));
        return again(&visit, one, (wrongs, form), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let Ok(flow) = direction(form.one("which")) else { return no_direction(&visit, one, form).await };
    let done = if flow.is_some() { "stopped" } else { "suspended" };
    let command = Suspend { reason, flow };
    let work = move |tx: &mut Tx<'_>, which| agreements::suspend(tx, which, command);
    moved((&visit, one), ("agreements.suspend", done), form, work).await
}

/// Lets it go on, or one of its directions.
pub(in crate::web) async fn resume(
    Signed(visit): Signed,
    one: One,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let Ok(flow) = direction(form.one("which")) else { return no_direction(&visit, one, form).await };
    let work = move |tx: &mut Tx<'_>, which| agreements::resume(tx, which, flow);
    moved((&visit, one), ("agreements.resume", "resumed"), form, work).await
}

/// Ends it, with notice or for breach; an offer is declined.
pub(in crate::web) async fn end(
    Signed(visit): Signed,
    one: One,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (words, now, policy) = (visit.words, visit.asking.hub.now(), visit.asking.hub.policy());
    let longest = policy.agreement_limits().longest_notice();
    let mut wrongs = Wrongs::default();
    let notice_until = match form.one("how") {
        "notice" => {
            let until = notice(form.one("until"), now, longest);
            if until.is_none() {
                wrongs.note(
                    "until",
                    words.with("agreements-notice-wrong", "day", words.day(now.plus(longest))),
                );
            }
            until
        }
        // Nothing went under an offer, so its notice need not be long.
        "decline" => end_of(day(now)),
        "breach" => None,
        _ => {
            wrongs.note("how", words.t("agreements-no-ending"));
            None
        }
    };
    if !wrongs.is_empty() {
        return again(&visit, one, (wrongs, form), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let done = if form.says("how", "decline") { "declined" } else { "ended" };
    let work =
        move |tx: &mut Tx<'_>, which| agreements::terminate(tx, which, Terminate { notice_until }, &policy);
    moved((&visit, one), ("agreements.terminate", done), form, work).await
}

/// The end of the day that was typed, where a notice may end then.
fn notice(typed: &str, now: Timestamp, longest: TimeDelta) -> Option<Timestamp> {
    let (typed, latest) = (typed.parse::<NaiveDate>().ok()?, now.plus(longest));
    if typed < day(now) || day(latest) < typed {
        return None;
    }
    Some(end_of(typed)?.min(latest))
}

/// The moment at which a day is over.
pub(super) fn end_of(day: NaiveDate) -> Option<Timestamp> {
    let next = day.checked_add_days(Days::new(1))?;
    Some(next.and_hms_opt(0, 0, 0)?.and_utc().into())
}

/// What was named is neither a direction nor all of it.
#[derive(Debug)]
struct NoDirection;

/// The direction that a form names; nothing when it names all of it.
fn direction(named: &str) -> Result<Option<FlowName>, NoDirection> {
    if matches!(named, "" | "all") {
        return Ok(None);
    }
    let (from, to) = named.split_once('/').ok_or(NoDirection)?;
    let org = |text: &str| text.parse().map_err(|_ignored| NoDirection);
    Ok(Some(FlowName { from: org(from)?, to: org(to)? }))
}

async fn no_direction(visit: &Visit, one: One, form: Form) -> Result<HttpResponse, Problem> {
    let mut wrongs = Wrongs::default();
    wrongs.note("which", visit.words.t("agreements-new-choose"));
    again(visit, one, (wrongs, form), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Shows the agreement again, with what was wrong and what was filled in.
async fn again(
    visit: &Visit,
    one: One,
    (wrongs, form): (Wrongs, Form),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let unmet = Unmet { wrongs, form, ..Unmet::default() };
    agreement_page(visit, one.into_inner(), unmet, status).await
}

async fn moved(
    (visit, one): (&Visit, One),
    (action, done): (&'static str, &str),
    form: Form,
    mut work: impl FnMut(&mut Tx<'_>, Which) -> Result<Agreement, AgreementError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let (hub, (id, version)) = (&visit.asking.hub, one.into_inner());
    let (policy, seen) = (hub.policy(), form.one("seen").parse().unwrap_or(-1));
    let moving = move |tx: &mut Tx<'_>| {
        let agreement = work(tx, Which { id, version, seen })?;
        referrals::follow_standing(tx, &agreement, &policy)
    };
    let moved = hub.write::<(), ReferralError>(action, &visit.asking.caller, moving).await;
    let Err(problem) = moved.map_err(Problem::from) else {
        return Ok(see(&format!("/agreements/{id}/{version}?done={done}")));
    };
    if !matches!(problem.code().fault(), Fault::Conflict | Fault::Stale) {
        return Err(problem);
    }
    let unmet = Unmet { form, is_stale: true, ..Unmet::default() };
    agreement_page(visit, (id, version), unmet, problem.status()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_direction_is_not_taken_for_all_of_it() {
        let ids = ["org_019cadc69a807e35ba7839e2c797bdb0", "org_019cadc69a807379b1c2a0b1c2d3e4f5"];
        let pair = ids.join("/");
        assert!(matches!(direction(""), Ok(None)) && matches!(direction("all"), Ok(None)));
        assert!(matches!(direction(&pair), Ok(Some(_))));
        let [short, long] = [pair.trim_end_matches('5'), &format!("{pair}0")];
        for unclear in ["x", ids[0], "/", short, long, "All"] {
            assert!(direction(unclear).is_err(), "{unclear}");
        }
    }

    #[test]
    fn a_notice_ends_with_the_day_that_was_typed_and_never_later_than_a_notice_may() {
        let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into();
        let (now, longest) = (at("2026-03-01T10:00:00Z"), TimeDelta::days(90));
        assert_eq!(notice("2026-03-01", now, longest), Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(
            notice("2026-05-30", now, longest),
            Some(at("2026-05-30T10:00:00Z")),
            "cut at the longest"
        );
        for refused in ["2026-02-28", "2026-05-31", "soon", ""] {
            assert_eq!(notice(refused, now, longest), None, "{refused}");
        }
    }
}
