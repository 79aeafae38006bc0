//! What the person and this organisation left for each other, on the page of a referral: plain forms to leave something and to say that it was
//! read. Neither takes the key.

use actix_web::{HttpResponse, web::Path};
use chrono::{NaiveDate, TimeDelta};

use super::{
    find::Choice,
    form::Form,
    service::Tag,
    sign_in::see,
    trays::{Waiting, short},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Tx},
    http::Problem,
    kernel::{Timestamp, id::ReferralId},
    referrals::{self, LeftByPerson, LeftForPerson, Mailbox, OrganisationNote, ReferralError, UnreadNote},
    storage::Db,
};

/// How many that nobody has read stand above a list.
const MOST_WAITING: u16 = 50;

/// How far ahead the form offers a day.
const A_YEAR: TimeDelta = TimeDelta::days(365);

/// What nobody of somebody's organisation has read, when they can say that they did.
pub(super) fn waiting(db: &mut Db<'_>, actor: &Actor) -> Result<Vec<UnreadNote>, ReferralError> {
    if actor.organisation().is_none() || !referrals::may_answer(actor) {
        return Ok(Vec::new());
    }
    referrals::unread_notes(db, actor, MOST_WAITING)
}

/// As it stands above a list.
pub(super) fn shown_waiting(note: &UnreadNote, words: Words) -> Waiting {
    Waiting {
        address: format!("/referrals/{}#notes", note.referral),
        title: words.word("note-from", note.kind.name()),
        short: short(note.referral),
        tag: Tag {
            tone: if note.kind.warns() { "bad" } else { "warn" },
            word: words.with("note-since", "moment", words.moment(note.left)),
        },
    }
}

/// The notes on a referral's page.
pub(super) struct Notes {
    /// Why the person's number must not be called.
    pub(super) warning: Option<String>,
    pub(super) lines: Vec<Line>,
    /// Until when that was left which is said to be read; nothing where all of it is, or the reader cannot say so.
    pub(super) unread: Option<String>,
    /// What the organisation can leave.
    pub(super) choices: Vec<Choice>,
    /// The first and the last day that somebody can be asked to come on.
    pub(super) days: (String, String),
    /// Where what is left goes.
    pub(super) address: String,
}

/// One note.
pub(super) struct Line {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) when: String,
    pub(super) tag: Tag,
}

/// The mailbox as it is shown; nothing where it is empty and nothing can be left.
pub(super) fn shown(visit: &Visit, id: ReferralId, mailbox: &Mailbox) -> Option<Notes> {
    let (words, now) = (visit.words, visit.asking.hub.now());
    let theirs = mailbox.from_person.iter().map(|note| (note.left, from_person(note, words)));
    let ours = mailbox.for_person.iter().map(|note| (note.left, for_person(note, words)));
    let mut lines: Vec<(Timestamp, Line)> = theirs.chain(ours).collect();
    lines.sort_by_key(|(left, _)| std::cmp::Reverse(*left));
    if lines.is_empty() && !mailbox.can_leave {
        return None;
    }
    let offered = OrganisationNote::ALL.into_iter().filter(|_note| mailbox.can_leave);
    let choices = offered.map(|note| Choice {
        value: note.name().to_owned(),
        word: words.word("note-for", note.name()),
        chosen: false,
    });
    let answers = referrals::may_answer(&visit.asking.caller.actor);
    let warning = mailbox.not_to_be_called();
    Some(Notes {
        warning: warning.map(|since| words.with("note-warning", "moment", words.moment(since))),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        unread: mailbox.unread().filter(|_until| answers).map(|until| until.to_string()),
        choices: choices.collect(),
        days: (day_of(now), day_of(now.plus(A_YEAR))),
        address: format!("/referrals/{id}/notes"),
    })
}

fn from_person(note: &LeftByPerson, words: Words) -> Line {
    let unread = if note.kind.warns() { "bad" } else { "warn" };
    Line {
        who: words.t("note-theirs"),
        what: words.word("note-from", note.kind.name()),
        when: words.moment(note.left),
        tag: read_tag(note.read, unread, words),
    }
}

fn for_person(note: &LeftForPerson, words: Words) -> Line {
    let what = match note.day {
        Some(day) => words.with("note-for-please-come-on", "day", words.date(day)),
        None => words.word("note-for", note.kind.name()),
    };
    Line {
        who: words.t("note-ours"),
        what,
        when: words.moment(note.left),
        tag: read_tag(note.read, "", words),
    }
}

fn read_tag(read: Option<Timestamp>, unread: &'static str, words: Words) -> Tag {
    match read {
        Some(at) => Tag { tone: "", word: words.with("note-read", "moment", words.moment(at)) },
        None => Tag { tone: unread, word: words.t("note-unread") },
    }
}

/// As a field for days has it.
fn day_of(at: Timestamp) -> String {
    at.datetime().date_naive().to_string()
}

/// Leaves something for the person, and leads back to the referral.
pub(super) async fn leave(
    Signed(visit): Signed,
    path: Path<ReferralId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    if let Some(kind) = OrganisationNote::named(form.one("kind")) {
        let day = day_in(&form, kind)?;
        let leaving = move |tx: &mut Tx<'_>| referrals::leave_note(tx, id, (kind, day));
        visit.asking.hub.write("referrals.leave_note", &visit.asking.caller, leaving).await?;
    }
    Ok(see(&format!("/referrals/{id}#notes")))
}

/// The day of a note that has one: the field stands there for every one.
fn day_in(form: &Form, kind: OrganisationNote) -> Result<Option<NaiveDate>, ReferralError> {
    let text = form.one("day");
    if text.is_empty() || !kind.takes_day() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_not_a_day| ReferralError::NoteDay)
}

/// Notes that what the person left was read, and leads back to the referral.
pub(super) async fn read(
    Signed(visit): Signed,
    path: Path<ReferralId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let id = path.into_inner();
    if let Ok(until) = form.one("until").parse::<Timestamp>() {
        let reading = move |tx: &mut Tx<'_>| referrals::read_notes(tx, id, until);
        visit.asking.hub.write("referrals.read_notes", &visit.asking.caller, reading).await?;
    }
    Ok(see(&format!("/referrals/{id}#notes")))
}
