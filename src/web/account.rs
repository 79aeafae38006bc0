//! One's own account: who one is here, another passphrase, and where one is signed in.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use askama::Template;
use serde::Deserialize;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Tx,
    factors,
    http::{Door, Problem, session},
    kernel::{Fault, Secret, id::SessionId},
    members::{self, ChangePassphrase, LEAST_PASSPHRASE, SessionView},
};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    name: String,
    roles: String,
    organisation: String,
    least: usize,
    /// What was done before this page.
    done: Option<String>,
    sessions: Vec<Row>,
    has_others: bool,
    is_second_on: bool,
    /// Whether they have a key of their own.
    has_key: bool,
}

/// A session in words.
struct Row {
    id: String,
    since: String,
    last_used: String,
    current: bool,
}

/// What was done before the page is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    changed: String,
    ended: String,
}

/// The account.
pub(super) async fn show(
    Signed(visit): Signed,
    request: HttpRequest,
    shown: Query<Shown>,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let done = match (shown.changed.as_str(), shown.ended.as_str()) {
        ("", "") => None,
        ("", "one") => Some(words.t("account-session-ended")),
        ("", _) => Some(words.t("account-sessions-ended")),
        _ => Some(words.t("account-changed")),
    };
    account_page((&visit, &request), (Wrongs::default(), done), StatusCode::OK).await
}

async fn account_page(
    (visit, request): (&Visit, &HttpRequest),
    (wrongs, done): (Wrongs, Option<String>),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let sessions: Vec<Row> =
        session::own(&visit.asking, request).await?.iter().map(|session| row(session, words)).collect();
    let actor = visit.asking.caller.actor.clone();
    let second = visit.asking.hub.read(move |db| factors::standing(db, &actor)).await?;
    let frame = visit.frame(Place::Elsewhere, words.t("account-title"));
    let f = if wrongs.is_empty() { frame } else { frame.with_error() };
    let who = f.who.as_ref();
    let (name, roles, organisation) =
        who.map(|who| (who.name.clone(), who.roles.clone(), who.organisation.clone())).unwrap_or_default();
    let shown = AccountPage {
        w: words,
        wrongs,
        name,
        roles,
        organisation,
        least: LEAST_PASSPHRASE,
        done,
        has_others: sessions.iter().any(|session| !session.current),
        sessions,
        is_second_on: second.app_since.is_some() || !second.passkeys.is_empty(),
        has_key: f.chip.is_some(),
        f,
    };
    page(status, &shown)
}

fn row(session: &SessionView, words: Words) -> Row {
    Row {
        id: session.id.to_string(),
        since: words.with("account-session-since", "moment", words.moment(session.since)),
        last_used: words.with("account-session-used", "moment", words.moment(session.last_used)),
        current: session.current,
    }
}

/// Ends one of the sessions. One that is over already is over.
pub(super) async fn end_session(
    Signed(visit): Signed,
    id: Path<SessionId>,
    _form: Form,
) -> Result<HttpResponse, Problem> {
    let (id, asking) = (id.into_inner(), &visit.asking);
    let ending = move |tx: &mut Tx<'_>| members::end_session(tx, id);
    let ended = asking.hub.write("members.end_session", &asking.caller, ending).await.map_err(Problem::from);
    match ended {
        Err(problem) if problem.code().fault() != Fault::NotFound => Err(problem),
        Ok(()) | Err(_) => Ok(see("/account?ended=one#sessions")),
    }
}

/// Ends every session but this one.
pub(super) async fn end_sessions(
    Signed(visit): Signed,
    request: HttpRequest,
    _form: Form,
) -> Result<HttpResponse, Problem> {
    session::end_others(&visit.asking, &request).await?;
    Ok(see("/account?ended=all#sessions"))
}

/// Puts a new passphrase in the place of the old one.
pub(super) async fn change(
    Signed(visit): Signed,
    request: HttpRequest,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let (old, new) = (form.raw("old"), form.raw("passphrase"));
    let mut wrongs = Wrongs::default();
    if old.is_empty() {
        wrongs.note("old", words.t("account-no-old"));
    }
    if new.chars().count() < LEAST_PASSPHRASE {
        wrongs.note("passphrase", words.with("passphrase-short", "least", LEAST_PASSPHRASE));
    } else if new != form.raw("again") {
        wrongs.note("again", words.t("passphrase-differs"));
    }
    if !wrongs.is_empty() {
        return account_page((&visit, &request), (wrongs, None), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let command = ChangePassphrase { old: Secret::new(old.to_owned()), new: Secret::new(new.to_owned()) };
    let Err(problem) = session::change_passphrase(&visit.asking, (&door, &request), command).await else {
        return Ok(see("/account?changed=1"));
    };
    match problem.code().name() {
        "member.sign_in_refused" => wrongs.note("old", words.t("account-wrong-old")),
        "member.passphrase_too_long" => wrongs.note("passphrase", words.t("passphrase-long")),
        _ => return Err(problem),
    }
    account_page((&visit, &request), (wrongs, None), problem.status()).await
}
