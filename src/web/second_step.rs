//! The second step of signing in: asking for it, and setting it up, renewing its recovery codes and turning it off.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Query},
};
use askama::Template;
use fluent_bundle::FluentArgs;
use serde::Deserialize;

use super::{
    assets,
    form::{Form, Wrongs, here},
    frame::{Frame, Place, page},
    picture,
    script::{Said, script},
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Tx,
    factors::{
        self, AddPasskey, AppCode, AppSecret, FactorError, MOST_PASSKEYS, PasskeyView, RecoveryCodes, Ways,
    },
    http::{Door, Problem, half, refuse_forged, session},
    kernel::{Fault, Secret},
    members::{MemberError, SecondAnswer},
    storage::Db,
};

#[derive(Template)]
#[template(path = "sign-in-second.html")]
struct AskPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    then: String,
    has_app: bool,
    /// Whether there is a passkey, and browsers answer with one for this hub.
    has_passkey: bool,
    /// Words for the script that asks the browser for a passkey.
    sentences: String,
    script: assets::Script,
}

#[derive(Template)]
#[template(path = "second-step.html")]
struct StandingPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    is_on: bool,
    /// Since when an app is.
    since: Option<String>,
    left: String,
    few_left: bool,
    /// Whether nothing else can be done before it is on.
    is_required: bool,
    /// What was done before this page.
    done: Option<String>,
    passkeys: Vec<Key>,
    /// Whether the hub's address is one that browsers make passkeys for.
    has_site: bool,
    /// Whether one more passkey may be added.
    has_room: bool,
    most: usize,
    /// Whether nothing is asked for any more when one passkey is removed.
    is_last: bool,
    sentences: String,
    script: assets::Script,
}

/// A passkey in words.
struct Key {
    id: String,
    name: String,
    added: String,
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
    added: String,
    removed: String,
    over: String,
}

/// Asks for the code, of whoever gave the right passphrase a moment ago.
pub(super) async fn ask(
    visit: Visit,
    request: HttpRequest,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let then = here(&asked.then).unwrap_or("/find");
    let Some(ways) = half::ways_on(&visit.asking, &request).await? else { return Ok(see("/sign-in")) };
    ask_page(&visit, (ways, Wrongs::default()), then, StatusCode::OK)
}

fn ask_page(
    visit: &Visit,
    (ways, wrongs): (Ways, Wrongs),
    then: &str,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Elsewhere, words.t("second-ask"));
    let f = if wrongs.is_empty() { frame } else { frame.with_error() };
    let shown = AskPage {
        f,
        w: words,
        wrongs,
        then: then.to_owned(),
        has_app: ways.app,
        has_passkey: ways.passkey && session::site(&visit.asking.hub).is_some(),
        sentences: script(words, ASKING),
        script: assets::Script::of("pages/passkey.ts"),
    };
    page(status, &shown)
}

/// Takes the code, and goes on where somebody wanted to.
pub(super) async fn give(visit: Visit, request: HttpRequest, form: Form) -> Result<HttpResponse, Problem> {
    let then = here(form.one("then")).unwrap_or("/find");
    let Some(ways) = half::ways_on(&visit.asking, &request).await? else { return Ok(see("/sign-in")) };
    let site = session::site(&visit.asking.hub).filter(|_site| !form.one("passkey").is_empty());
    let (answer, field, wrong) = match site {
        Some(site) => {
            let said = Secret::new(form.one("passkey").to_owned());
            (SecondAnswer::Passkey(site, said), "use-passkey", "passkey-ask-wrong")
        }
        None => (SecondAnswer::Code(Secret::new(form.one("code").to_owned())), "code", "second-ask-wrong"),
    };
    match half::second_step(&visit.asking, &request, answer).await {
        Ok([session, over]) => Ok(HttpResponse::SeeOther()
            .cookie(session)
            .cookie(over)
            .insert_header((header::LOCATION, then))
            .finish()),
        Err(problem) if problem.code().fault() == Fault::Unauthenticated => {
            let mut wrongs = Wrongs::default();
            wrongs.note(field, visit.words.t(wrong));
            ask_page(&visit, (ways, wrongs), then, problem.status())
        }
        Err(problem) => Err(problem),
    }
}

/// What the browser is asked for a passkey, for its script.
pub(super) async fn question(visit: Visit, request: HttpRequest) -> Result<HttpResponse, Problem> {
    refuse_forged(&visit.asking.hub, &request)?;
    match half::ask_passkey(&visit.asking, &request).await {
        Ok(Some(question)) => Ok(HttpResponse::Ok().json(question)),
        Ok(None) => Err(FactorError::Off.into()),
        // The script has words for it, and no use for a page to sign in.
        Err(problem) if problem.code().fault() == Fault::Unauthenticated => {
            Ok(HttpResponse::Unauthorized().finish())
        }
        Err(problem) => Err(problem),
    }
}

/// Sentences of the script that adds a passkey.
const ADDING: &[Said<'static>] = &[
    ("asking", "passkey-asking", &[]),
    ("not-answered", "passkey-not-answered", &[]),
    ("known", "passkey-known", &[]),
    ("wrong", "account-wrong-old", &[]),
    ("refused", "passkey-refused", &[]),
    ("unreachable", "passkey-unreachable", &[]),
    ("failed", "passkey-refused", &[]),
];

/// Sentences of the script that signs in with one.
const ASKING: &[Said<'static>] = &[
    ("asking", "passkey-asking", &[]),
    ("not-answered", "passkey-not-answered", &[]),
    ("wrong", "passkey-late", &[]),
    ("refused", "passkey-refused", &[]),
    ("unreachable", "passkey-unreachable", &[]),
    ("failed", "passkey-refused", &[]),
];

/// How it stands with one's own.
pub(super) async fn show(Signed(visit): Signed, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let done = [
        (&asked.off, "second-turned-off"),
        (&asked.added, "passkey-added"),
        (&asked.removed, "passkey-removed"),
        (&asked.over, "second-setting-up-over"),
    ];
    let done = done.iter().find(|(said, _)| !said.is_empty()).map(|(_, key)| visit.words.t(key));
    standing_page(&visit, (Wrongs::default(), done), StatusCode::OK).await
}

async fn standing_page(
    visit: &Visit,
    (wrongs, done): (Wrongs, Option<String>),
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
        is_on: standing.app_since.is_some() || !standing.passkeys.is_empty(),
        since: standing.app_since.map(|since| words.with("second-since", "moment", words.moment(since))),
        left: words.with("second-left", "count", standing.recovery_codes_left),
        few_left: standing.recovery_codes_left < FEW,
        is_required,
        done,
        has_site: session::site(hub).is_some(),
        has_room: standing.passkeys.len() < MOST_PASSKEYS,
        most: MOST_PASSKEYS,
        is_last: standing.app_since.is_none() && standing.passkeys.len() == 1,
        passkeys: standing.passkeys.iter().map(|passkey| key(passkey, words)).collect(),
        sentences: script(words, ADDING),
        script: assets::Script::of("pages/passkey.ts"),
    };
    page(status, &shown)
}

fn key(passkey: &PasskeyView, words: Words) -> Key {
    let added = words.moment(passkey.added_at);
    let added = match passkey.used_at {
        Some(used) => {
            let mut arguments = FluentArgs::new();
            arguments.set("moment", added);
            arguments.set("used", words.moment(used));
            words.filled("passkey-used", &arguments)
        }
        None => words.with("passkey-since", "moment", added),
    };
    Key { id: passkey.id.to_string(), name: passkey.name.to_string(), added }
}

/// Takes the passkey that the browser made, and shows the recovery codes that come with the first.
pub(super) async fn add(
    Signed(visit): Signed,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (name, credential) = (form.one("name").parse(), serde_json::from_str(form.one("credential")));
    let added = match (name, credential) {
        (Ok(name), Ok(credential)) => {
            session::add_passkey(&visit.asking, &request, AddPasskey { name, credential }).await
        }
        (Err(_), _) | (_, Err(_)) => Err(FactorError::PasskeyRefused.into()),
    };
    match added {
        Ok(added) if added.recovery_codes.is_empty() => Ok(see("/account/second-step?added=1")),
        Ok(added) => codes_page(&visit, RecoveryCodes { recovery_codes: added.recovery_codes }, true),
        Err(problem) if problem.code().fault() == Fault::Refused => {
            let mut wrongs = Wrongs::default();
            wrongs.note("passkey-name", visit.words.t("passkey-refused"));
            standing_page(&visit, (wrongs, None), problem.status()).await
        }
        Err(problem) => Err(problem),
    }
}

/// Takes a passkey away, for whoever knows the passphrase.
pub(super) async fn remove(
    Signed(visit): Signed,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    match session::remove_passkey(&visit.asking, &door, (form.one("passkey"), given(&form))).await {
        Ok(()) => Ok(see("/account/second-step?removed=1")),
        Err(problem) if problem.code().fault() == Fault::NotFound => Ok(see("/account/second-step")),
        Err(problem) => not_confirmed(&visit, "remove", problem).await,
    }
}

/// With fewer recovery codes than this somebody is told to make new ones.
const FEW: i64 = 3;

/// Begins with an app: shows what it is given. The page that answers, and the one that comes after a wrong code, are the only ones that do.
pub(super) async fn begin(
    Signed(visit): Signed,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    match session::begin_app(&visit.asking, &door, given(&form)).await {
        Ok(app) => app_page(&visit, Wrongs::default(), &app, StatusCode::OK),
        Err(problem) => not_confirmed(&visit, "app", problem).await,
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
        Err(problem) if problem.code().name() == "factor.off" => {
            return Ok(see("/account/second-step?over=1"));
        }
        Err(problem) if problem.code().fault() == Fault::Conflict => return Ok(see("/account/second-step")),
        Err(problem) => problem,
    };
    if problem.code().name() != "factor.code_refused" {
        return Err(problem);
    }
    let (key, name, actor) =
        (visit.asking.hub.keys().factors(), name(&visit), visit.asking.caller.actor.clone());
    let now = visit.asking.hub.now();
    let reading = move |db: &mut Db<'_>| factors::app_in_hand(db, &actor, (&key, now), &name);
    let app = visit.asking.hub.read(reading).await?;
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
    standing_page(visit, (wrongs, None), problem.status()).await
}
