//! What came in, what was sent, and what is overdue: referrals by what is due, as far as the hub can read them. Letters are opened elsewhere.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    corrections::{self, Waiting},
    form::Form,
    frame::{Frame, Place, page},
    service::Tag,
    visit::Signed,
    words::Words,
};
use crate::{
    http::Problem,
    kernel::{
        Timestamp,
        id::{OrganisationId, ReferralId},
        page::Asked,
    },
    members::{self, Name},
    policy::Policy,
    referrals::{self, DueView, Listing, ReferralError, ReferralView, StateName, TimerKind, Tray},
};

/// How many referrals stand on a page.
const PER_PAGE: u16 = 50;

/// Within how many hours something is due "today".
const TODAY_HOURS: i64 = 24;

/// A referral in a list.
struct Row {
    id: String,
    title: String,
    facts: Vec<String>,
    tag: Tag,
    is_unread: bool,
}

/// Rows that belong together.
struct Section {
    heading: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "tray.html")]
struct TrayPage {
    f: Frame,
    w: Words,
    heading: String,
    address: &'static str,
    ended: bool,
    has_ended: bool,
    /// What persons asked to have put right and nobody here has answered.
    waiting: Vec<Waiting>,
    sections: Vec<Section>,
    empty: String,
    next: Option<String>,
}

/// What the organisation received.
pub(super) async fn inbox(visit: Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    tray(visit, Form::of_query(request.query_string()), Tray::Inbox).await
}

/// What the organisation sent.
pub(super) async fn sent(visit: Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    tray(visit, Form::of_query(request.query_string()), Tray::Sent).await
}

/// What is overdue on this node, for coordinators.
pub(super) async fn overdue(visit: Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    tray(visit, Form::of_query(request.query_string()), Tray::Overdue).await
}

async fn tray(Signed(visit): Signed, form: Form, tray: Tray) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let (asked, ended) = (Asked::new(Some(PER_PAGE), form.after()), form.says("ended", "1"));
    let (found, names, waiting) = hub
        .read(move |db| {
            let waiting = corrections::waiting(db, &actor, now)?;
            let found = referrals::list_referrals(db, &actor, Listing { tray, ended }, &asked)?;
            let parties: BTreeSet<OrganisationId> =
                found.items.iter().flat_map(|referral| [referral.sender, referral.recipient]).collect();
            let names = members::names_of(db, &parties.into_iter().collect::<Vec<_>>())?;
            Ok::<_, ReferralError>((found, names, waiting))
        })
        .await?;
    let (place, address, heading) = match tray {
        Tray::Inbox => (Place::Inbox, "/inbox", "tray-inbox"),
        Tray::Sent => (Place::Sent, "/sent", "tray-sent"),
        Tray::Overdue => (Place::Overdue, "/overdue", "tray-overdue"),
    };
    let mut sections: Vec<(&'static str, Section)> = Vec::new();
    for referral in &found.items {
        let key = section(referral, tray, now);
        let row = row(referral, (&policy, &names), (tray, words), now);
        match sections.iter_mut().find(|(known, _)| *known == key) {
            Some((_, section)) => section.rows.push(row),
            None => sections.push((key, Section { heading: words.word("tray", key), rows: vec![row] })),
        }
    }
    sections.sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key));
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if ended {
            query.append_pair("ended", "1");
        }
        format!("{address}?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let heading = words.t(heading);
    let shown = TrayPage {
        f: visit.frame(place, heading.clone()),
        w: words,
        heading,
        address,
        ended,
        has_ended: tray != Tray::Overdue,
        waiting: waiting.iter().map(|row| Waiting::of(row, words)).collect(),
        sections: sections.into_iter().map(|(_, section)| section).collect(),
        empty: words.t(match tray {
            Tray::Inbox => "tray-empty-inbox",
            Tray::Sent => "tray-empty-sent",
            Tray::Overdue => "tray-empty-overdue",
        }),
        next,
    };
    page(StatusCode::OK, &shown)
}

/// In which order sections stand.
const ORDER: [&str; 5] = ["late", "today", "week", "waiting", "going"];

/// Where a referral stands in a list.
fn section(referral: &ReferralView, tray: Tray, now: Timestamp) -> &'static str {
    let is_unanswered = matches!(
        referral.state,
        StateName::Submitted | StateName::Delivered | StateName::Acknowledged | StateName::InfoRequested
    );
    let next = referral.due.iter().map(|due| due.due).min();
    let is_soon = next.is_some_and(|due| due.since(now).num_hours() < TODAY_HOURS);
    match tray {
        Tray::Overdue => "late",
        Tray::Inbox if is_unanswered && is_soon => "today",
        Tray::Inbox if is_unanswered => "week",
        Tray::Sent if referral.due.iter().any(|due| due.overdue_since.is_some()) => "late",
        Tray::Sent if is_unanswered => "waiting",
        Tray::Inbox | Tray::Sent => "going",
    }
}

fn row(
    referral: &ReferralView,
    (policy, names): (&Policy, &HashMap<OrganisationId, Name>),
    (tray, words): (Tray, Words),
    now: Timestamp,
) -> Row {
    let name = |id: OrganisationId| names.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
    let who = match tray {
        Tray::Inbox => vec![name(referral.sender)],
        Tray::Sent => vec![name(referral.recipient)],
        Tray::Overdue => vec![name(referral.sender), name(referral.recipient)],
    };
    let (state, silent) = (words.word("state", referral.state.name()), silence(referral, words));
    let facts = who.into_iter().chain([short(referral.id), silent.unwrap_or(state)]);
    Row {
        id: referral.id.to_string(),
        title: service(referral, policy, words),
        facts: facts.collect(),
        tag: tag(referral, words, now),
        is_unread: matches!(referral.state, StateName::Submitted | StateName::Delivered),
    }
}

/// Silence as what it is: since when nobody answers.
fn silence(referral: &ReferralView, words: Words) -> Option<String> {
    let silent =
        referral.due.iter().filter(|due| matches!(due.what, TimerKind::Acknowledge | TimerKind::Decide));
    let since = silent.filter_map(|due| due.overdue_since).min()?;
    Some(words.with("tray-silent", "moment", words.moment(since)))
}

/// The end of an id: enough to tell two rows apart on the telephone.
pub(super) fn short(id: ReferralId) -> String {
    let id = id.to_string();
    let from = id.len().saturating_sub(6);
    id.get(from..).unwrap_or_default().to_uppercase()
}

pub(super) fn service(referral: &ReferralView, policy: &Policy, words: Words) -> String {
    let label = policy.service(&referral.service).map_or("", |service| service.label.as_str());
    words.code(referral.service.as_str(), label)
}

/// What is next due, or where it stands.
pub(super) fn tag(referral: &ReferralView, words: Words, now: Timestamp) -> Tag {
    let counted = referral.due.iter().filter(|due| due.what != TimerKind::Expiry);
    match counted.min_by_key(|due| due.due) {
        Some(due) => due_tag(due, words, now),
        None => Tag { tone: "", word: words.word("state", referral.state.name()) },
    }
}

fn due_tag(due: &DueView, words: Words, now: Timestamp) -> Tag {
    if due.overdue_since.is_some() || due.due <= now {
        let hours = now.since(due.due).num_hours();
        let word = if hours < 48 {
            words.with("tray-late-hours", "hours", hours.max(1))
        } else {
            words.with("tray-late-days", "days", hours / 24)
        };
        return Tag { tone: "bad", word };
    }
    let is_soon = due.due.since(now).num_hours() < TODAY_HOURS;
    Tag {
        tone: if is_soon { "warn" } else { "" },
        word: words.with("tray-by", "moment", words.moment(due.due)),
    }
}
