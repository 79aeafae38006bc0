//! The second step of signing in: asking for it, and setting it up, renewing its recovery codes and turning it off.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Query},
};
use askama::Template;
use serde::Deserialize;

use super::{
    form::{Form, Wrongs, here},
    frame::{Frame, Place, page},
    picture,
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Tx,
    factors::{self, AppCode, AppSecret, RecoveryCodes},
    http::{Door, Problem, session},
    kernel::{Fault, Secret},
    members::MemberError,
};

#[derive(Template)]
#[template(path = "sign-in-second.html")]
struct AskPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    then: String,
}

#[derive(Template)]
#[template(path = "second-step.html")]
struct StandingPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    /// Since when it is on.
    since: Option<String>,
    left: String,
    few_left: bool,
    /// Whether nothing else can be done before it is on.
    is_required: bool,
    was_turned_off: bool,
}

#[derive(Template)]
#[template(path = "second-step-app.html")]
struct AppPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    secret: String,
    qr: String,
}

#[derive(Template)]
#[template(path = "second-step-codes.html")]
struct CodesPage {
    f: Frame,
    w: Words,
    codes: Vec<String>,
    /// Whether the second step was turned on just now.
    is_new: bool,
}

/// Where to go afterwards.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    then: String,
    off: String,
}

/// Asks for the code, of whoever gave the right passphrase a moment ago.
pub(super) async fn ask(
    visit: Visit,
    request: HttpRequest,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let then = here(&asked.then).unwrap_or("/find");
    if !session::is_half_way(&visit.asking, &request).await? {
        return Ok(see("/sign-in"));
    }
    ask_page(&visit, Wrongs::default(), then, StatusCode::OK)
}

fn ask_page(visit: &Visit, wrongs: Wrongs, then: &str, status: StatusCode) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Elsewhere, words.t("second-ask"));
    let f = if wrongs.is_empty() { frame } else { frame.with_error() };
    page(status, &AskPage { f, w: words, wrongs, then: then.to_owned() })
}

/// Takes the code, and goes on where somebody wanted to.
pub(super) async fn give(visit: Visit, request: HttpRequest, form: Form) -> Result<HttpResponse, Problem> {
    let then = here(form.one("then")).unwrap_or("/find");
    if !session::is_half_way(&visit.asking, &request).await? {
        return Ok(see("/sign-in"));
    }
    let code = Secret::new(form.one("code").to_owned());
    match session::second_step(&visit.asking, &request, code).await {
        Ok([session, over]) => Ok(HttpResponse::SeeOther()
            .cookie(session)
            .cookie(over)
            .insert_header((header::LOCATION, then))
            .finish()),
        Err(problem) if problem.code().fault() == Fault::Unauthenticated => {
            let mut wrongs = Wrongs::default();
            wrongs.note("code", visit.words.t("second-ask-wrong"));
            ask_page(&visit, wrongs, then, problem.status())
        }
        Err(problem) => Err(problem),
    }
}

/// How it stands with one's own.
pub(super) async fn show(Signed(visit): Signed, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    standing_page(&visit, (Wrongs::default(), !asked.off.is_empty()), StatusCode::OK).await
}

async fn standing_page(
    visit: &Visit,
    (wrongs, was_turned_off): (Wrongs, bool),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, hub, actor) = (visit.words, &visit.asking.hub, visit.asking.caller.actor.clone());
    let required = &hub.settings().access.second_step_for;
    let is_required = actor.roles().iter().any(|role| required.name(role.name()));
    let standing = hub.read(move |db| factors::standing(db, &actor)).await?;
    let frame = visit.frame(Place::Elsewhere, words.t("second-title"));
    let shown = StandingPage {
        f: Frame {
            path: String::from("/account/second-step"),
            ..if wrongs.is_empty() { frame } else { frame.with_error() }
        },
        w: words,
        wrongs,
        since: standing.app_since.map(|since| words.with("second-since", "moment", words.moment(since))),
        left: words.with("second-left", "count", standing.recovery_codes_left),
        few_left: standing.recovery_codes_left < FEW,
        is_required,
        was_turned_off,
    };
    page(status, &shown)
}

/// With fewer recovery codes than this somebody is told to make new ones.
const FEW: i64 = 3;

/// Begins with an app: shows what it is given. The page that answers, and the one that comes after a wrong code, are the only ones that do.
pub(super) async fn begin(Signed(visit): Signed, _form: Form) -> Result<HttpResponse, Problem> {
    let (key, name) = (visit.asking.hub.keys().factors(), name(&visit));
    let beginning = move |tx: &mut Tx<'_>| factors::begin_app(tx, &key, &name);
    let begun = visit.asking.hub.write("factors.begin_app", &visit.asking.caller, beginning).await;
    match begun.map_err(Problem::from) {
        Ok(app) => app_page(&visit, Wrongs::default(), &app, StatusCode::OK),
        Err(problem) if problem.code().fault() == Fault::Conflict => Ok(see("/account/second-step")),
        Err(problem) => Err(problem),
    }
}

/// What somebody signs in with: it stands above the code on their telephone.
fn name(visit: &Visit) -> String {
    visit.who.as_ref().map(|who| who.name.to_string()).unwrap_or_default()
}

fn app_page(
    visit: &Visit,
    wrongs: Wrongs,
    app: &AppSecret,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Elsewhere, words.t("second-app"));
    let groups: Vec<String> =
        app.secret.chars().collect::<Vec<char>>().chunks(4).map(|group| group.iter().collect()).collect();
    let shown = AppPage {
        f: Frame {
            path: String::from("/account/second-step"),
            ..if wrongs.is_empty() { frame } else { frame.with_error() }
        },
        w: words,
        wrongs,
        secret: groups.join(" "),
        qr: picture::of_text(&app.address),
    };
    page(status, &shown)
}

/// Turns it on once the app has shown a right code, and shows the recovery codes.
pub(super) async fn confirm(
    Signed(visit): Signed,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let code = AppCode { code: Secret::new(form.one("code").to_owned()) };
    let problem = match session::confirm_app(&visit.asking, &request, code).await {
        Ok(codes) => return codes_page(&visit, codes, true),
        Err(problem) if problem.code().fault() == Fault::Conflict => return Ok(see("/account/second-step")),
        Err(problem) => problem,
    };
    if problem.code().name() != "factor.code_refused" {
        return Err(problem);
    }
    let (key, name, actor) =
        (visit.asking.hub.keys().factors(), name(&visit), visit.asking.caller.actor.clone());
    let app = visit.asking.hub.read(move |db| factors::app_in_hand(db, &actor, &key, &name)).await?;
    let mut wrongs = Wrongs::default();
    wrongs.note("code", visit.words.t("second-wrong-code"));
    app_page(&visit, wrongs, &app, problem.status())
}

fn codes_page(visit: &Visit, codes: RecoveryCodes, is_new: bool) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let title = words.t(if is_new { "second-on" } else { "second-new-codes" });
    let shown = CodesPage {
        f: Frame { path: String::from("/account/second-step"), ..visit.frame(Place::Elsewhere, title) },
        w: words,
        codes: codes.recovery_codes,
        is_new,
    };
    page(StatusCode::OK, &shown)
}

/// Makes new recovery codes, for whoever knows the passphrase.
pub(super) async fn renew(
    Signed(visit): Signed,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let key = visit.asking.hub.keys().factors();
    let making = move |tx: &mut Tx<'_>| Ok::<_, MemberError>(factors::new_recovery_codes(tx, &key)?);
    match session::confirmed(&visit.asking, &door, ("factors.new_recovery_codes", given(&form)), making).await
    {
        Ok(codes) => codes_page(&visit, codes, false),
        Err(problem) => not_confirmed(&visit, "codes", problem).await,
    }
}

/// Turns it off, for whoever knows the passphrase.
pub(super) async fn turn_off(
    Signed(visit): Signed,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let turning = |tx: &mut Tx<'_>| Ok::<_, MemberError>(factors::turn_off(tx)?);
    match session::confirmed(&visit.asking, &door, ("factors.turn_off", given(&form)), turning).await {
        Ok(()) => Ok(see("/account/second-step?off=1")),
        Err(problem) => not_confirmed(&visit, "off", problem).await,
    }
}

fn given(form: &Form) -> Secret<String> {
    Secret::new(form.raw("passphrase").to_owned())
}

async fn not_confirmed(
    visit: &Visit,
    field: &'static str,
    problem: Problem,
) -> Result<HttpResponse, Problem> {
    let fault = problem.code().fault();
    if fault == Fault::Conflict {
        return Ok(see("/account/second-step"));
    }
    if fault != Fault::Unauthenticated {
        return Err(problem);
    }
    let mut wrongs = Wrongs::default();
    wrongs.note(field, visit.words.t("account-wrong-old"));
    standing_page(visit, (wrongs, false), problem.status()).await
}
