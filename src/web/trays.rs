//! What came in, what was sent, and what is overdue: referrals by what is due, as far as the hub can read them. Letters are opened elsewhere.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    corrections, duties,
    form::Form,
    frame::{Frame, Place, page},
    notes,
    service::Tag,
    visit::Signed,
    words::Words,
};
use crate::{
    access::{Actor, Permission},
    http::Problem,
    kernel::{
        Timestamp,
        id::{OrganisationId, StaffId},
        page::{Asked, Cursor},
    },
    members::{self, Name},
    policy::{Policy, ServiceCode},
    referrals::{
        self, DueView, Listing, LoopName, ReferralError, ReferralView, StateName, TimerKind, Tray, Whose,
    },
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
    /// Where another service of the same kind is looked for; empty while this one may still help.
    another: String,
}

/// Rows that belong together.
struct Section {
    heading: String,
    rows: Vec<Row>,
}

/// Something that waits for somebody, above the list.
pub(super) struct Waiting {
    pub(super) address: String,
    pub(super) title: String,
    pub(super) short: String,
    pub(super) tag: Tag,
}

/// What waits for the same reason.
struct Waits {
    heading: String,
    rows: Vec<Waiting>,
}

/// A way to look at the list: what is asked for, and what the way is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    /// What is open.
    Open,
    /// What is open, of the whole team.
    Team,
    /// What the viewer has, and what nobody has yet.
    Mine,
    /// What is over as well.
    AlsoEnded,
}

impl View {
    /// Those that a list has, the first when nothing was asked for.
    fn of(tray: Tray, actor: &Actor) -> &'static [Self] {
        match tray {
            Tray::Inbox if takes(actor).is_some() => &[Self::Team, Self::Mine, Self::AlsoEnded],
            Tray::Inbox | Tray::Sent => &[Self::Open, Self::AlsoEnded],
            Tray::Overdue => &[Self::Open],
        }
    }

    /// What an address asks for it with.
    const fn asked(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Open | Self::Team => None,
            Self::Mine => Some(("whose", "mine")),
            Self::AlsoEnded => Some(("ended", "1")),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Open => "tray-open",
            Self::Team => "tray-team",
            Self::Mine => "tray-mine",
            Self::AlsoEnded => "tray-also-ended",
        }
    }

    /// The address of a page of it.
    fn address(self, path: &str, after: Option<&Cursor>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some((name, value)) = self.asked() {
            query.append_pair(name, value);
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Who takes referrals on, when the viewer does.
fn takes(actor: &Actor) -> Option<StaffId> {
    actor.signed_in().filter(|_staff| actor.may(Permission::ReceiveReferrals).is_ok())
}

/// A way to look at the list otherwise.
struct Way {
    word: String,
    address: String,
    is_here: bool,
}

#[derive(Template)]
#[template(path = "tray.html")]
struct TrayPage {
    f: Frame,
    w: Words,
    heading: String,
    /// How it can be looked at, where there is more than one way.
    ways: Vec<Way>,
    /// What persons said and nobody here has answered, and what must be destroyed.
    waiting: Vec<Waits>,
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
pub(super) async fn overdue(visit: Signed, form: Form) -> Result<HttpResponse, Problem> {
    tray(visit, form, Tray::Overdue).await
}

async fn tray(Signed(visit): Signed, form: Form, tray: Tray) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let views = View::of(tray, &actor);
    let is_asked = |view: &&View| view.asked().is_some_and(|(name, value)| form.says(name, value));
    let view = views.iter().find(is_asked).or(views.first()).copied().unwrap_or(View::Open);
    let whose = takes(&actor).filter(|_staff| view == View::Mine).map_or(Whose::Team, Whose::Of);
    let listing = Listing { tray, ended: view == View::AlsoEnded, whose };
    let asked = Asked::new(Some(PER_PAGE), form.after());
    let viewer = actor.clone();
    let (found, known, (left, wrong, owed)) = hub
        .read(move |db| {
            let owed = if tray == Tray::Inbox { duties::waiting(db, &actor, now)? } else { Vec::new() };
            let waiting = (notes::waiting(db, &actor)?, corrections::waiting(db, &actor, now)?, owed);
            let found = referrals::list_referrals(db, &actor, listing, &asked)?;
            let parties: BTreeSet<OrganisationId> =
                found.items.iter().flat_map(|referral| [referral.sender, referral.recipient]).collect();
            let parties = members::names_of(db, &parties.into_iter().collect::<Vec<_>>())?;
            let staff: BTreeSet<StaffId> =
                found.items.iter().filter_map(|referral| referral.assignee).collect();
            let staff = members::names_of_staff(db, &actor, &staff.into_iter().collect::<Vec<_>>())?;
            Ok::<_, ReferralError>((found, Known { parties, staff }, waiting))
        })
        .await?;
    let (place, path, heading) = match tray {
        Tray::Inbox => (Place::Inbox, "/inbox", "tray-inbox"),
        Tray::Sent => (Place::Sent, "/sent", "tray-sent"),
        Tray::Overdue => (Place::Overdue, "/overdue", "tray-overdue"),
    };
    let mut sections: Vec<(&'static str, Section)> = Vec::new();
    for referral in &found.items {
        let key = if listing.whose != Whose::Team && referral.assignee.is_none() {
            "free"
        } else {
            section(referral, tray, now)
        };
        let row = row(referral, (&policy, &known, &viewer), (tray, words), now);
        match sections.iter_mut().find(|(known, _)| *known == key) {
            Some((_, section)) => section.rows.push(row),
            None => sections.push((key, Section { heading: words.word("tray", key), rows: vec![row] })),
        }
    }
    sections.sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key));
    let waiting = [
        Waits {
            heading: words.t("note-waiting"),
            rows: left.iter().map(|note| notes::shown_waiting(note, words)).collect(),
        },
        Waits {
            heading: words.t("correction-waiting"),
            rows: wrong.iter().map(|row| corrections::shown_waiting(row, words)).collect(),
        },
        Waits {
            heading: words.t("duties-title"),
            rows: owed.iter().map(|one| duties::shown_waiting(one, words, now)).collect(),
        },
    ];
    let heading = words.t(heading);
    let ways = views.iter().filter(|_view| views.len() > 1).map(|way| Way {
        word: words.t(way.name()),
        address: way.address(path, None),
        is_here: *way == view,
    });
    let shown = TrayPage {
        f: visit.frame(place, heading.clone()),
        w: words,
        heading,
        ways: ways.collect(),
        waiting: waiting.into_iter().filter(|waits| !waits.rows.is_empty()).collect(),
        sections: sections.into_iter().map(|(_, section)| section).collect(),
        empty: words.t(match tray {
            Tray::Inbox if view == View::Mine => "tray-empty-mine",
            Tray::Inbox => "tray-empty-inbox",
            Tray::Sent => "tray-empty-sent",
            Tray::Overdue => "tray-empty-overdue",
        }),
        next: found.next.as_ref().map(|next| view.address(path, Some(next))),
    };
    page(StatusCode::OK, &shown)
}

/// What is known of those who are named: organisations, and colleagues as far as the viewer may know their names.
struct Known {
    parties: HashMap<OrganisationId, Name>,
    staff: HashMap<StaffId, Name>,
}

/// In which order sections stand.
const ORDER: [&str; 6] = ["late", "today", "week", "waiting", "going", "free"];

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
    (policy, known, viewer): (&Policy, &Known, &Actor),
    (tray, words): (Tray, Words),
    now: Timestamp,
) -> Row {
    let name =
        |id: OrganisationId| known.parties.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
    let who = match tray {
        Tray::Inbox => vec![name(referral.sender)],
        Tray::Sent => vec![name(referral.recipient)],
        Tray::Overdue => vec![name(referral.sender), name(referral.recipient)],
    };
    let (state, silent) = (words.word("state", referral.state.name()), silence(referral, words));
    let holder = referral.assignee.map(|holder| {
        if viewer.signed_in() == Some(holder) {
            return words.t("tray-yours");
        }
        let name = known.staff.get(&holder);
        name.map_or_else(|| words.t("tray-taken"), |name| words.with("tray-with", "name", name.as_str()))
    });
    let facts = who.into_iter().chain([short(referral.id), silent.unwrap_or(state)]).chain(holder);
    // Whom the recipient named comes first, and stands on the page of the referral.
    let another = another(referral, viewer).filter(|_way| referral.state != StateName::Redirected);
    Row {
        id: referral.id.to_string(),
        title: service(referral, policy, words),
        facts: facts.collect(),
        tag: tag(referral, words, now),
        is_unread: matches!(referral.state, StateName::Submitted | StateName::Delivered),
        another: another.filter(|_way| tray == Tray::Sent).unwrap_or_default(),
    }
}

/// Where its sender looks for another service of the same kind: when it came to nothing, or the recipient is silent before anything began.
/// The address names the kind of service, and nothing of the person.
pub(super) fn another(referral: &ReferralView, viewer: &Actor) -> Option<String> {
    let is_theirs = viewer.organisation() == Some(referral.sender);
    let came_to_nothing = matches!(
        referral.state,
        StateName::Declined | StateName::Redirected | StateName::Expired | StateName::Failed
    );
    let silent = |due: &DueView| {
        let is_before = matches!(
            due.what,
            TimerKind::Delivery
                | TimerKind::Acknowledge
                | TimerKind::Decide
                | TimerKind::Expiry
                | TimerKind::Service
                | TimerKind::WaitlistReview
        );
        is_before && due.overdue_since.is_some()
    };
    let is_wanted = came_to_nothing || referral.due.iter().any(silent);
    let is_open = referral.circle != LoopName::Closed;
    let refers = is_theirs && viewer.may(Permission::SendReferrals).is_ok();
    (refers && is_open && is_wanted).then(|| same_kind(&referral.service))
}

/// The search for services of a kind.
fn same_kind(service: &ServiceCode) -> String {
    format!("/find?service={service}")
}

/// Silence as what it is: since when nobody answers.
fn silence(referral: &ReferralView, words: Words) -> Option<String> {
    let silent =
        referral.due.iter().filter(|due| matches!(due.what, TimerKind::Acknowledge | TimerKind::Decide));
    let since = silent.filter_map(|due| due.overdue_since).min()?;
    Some(words.with("tray-silent", "moment", words.moment(since)))
}

/// The end of an id: enough to tell two rows apart on the telephone.
pub(super) fn short(id: impl fmt::Display) -> String {
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
        return late(due.due, words, now);
    }
    let is_soon = due.due.since(now).num_hours() < TODAY_HOURS;
    Tag {
        tone: if is_soon { "warn" } else { "" },
        word: words.with("tray-by", "moment", words.moment(due.due)),
    }
}

/// By how much something is late.
pub(super) fn late(due: Timestamp, words: Words, now: Timestamp) -> Tag {
    let hours = now.since(due).num_hours();
    let word = if hours < 48 {
        words.with("tray-late-hours", "hours", hours.max(1))
    } else {
        words.with("tray-late-days", "days", hours / 24)
    };
    Tag { tone: "bad", word }
}
