//! Signing in and out, and choosing a passphrase.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::Cookie,
    http::{StatusCode, header},
    web::{Data, Query},
};
use askama::Template;
use serde::Deserialize;

use super::{
    form::{Form, Wrongs, here},
    frame::{Frame, Place, page},
    visit::Visit,
    words::Words,
};
use crate::{
    http::{
        Door, Problem,
        half::{self, First},
        session,
    },
    kernel::{Fault, Secret},
    members::{LEAST_PASSPHRASE, Name, SetPassphrase, SignIn},
};

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    name: String,
    then: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "passphrase.html")]
struct PassphrasePage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    code: String,
    least: usize,
}

/// Where to go after signing in, and whether a passphrase was chosen just now.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    then: String,
    chosen: String,
}

/// The address of the hub: where somebody's work begins, or the way in.
pub(super) async fn home(visit: Visit) -> HttpResponse {
    let way = if visit.who.is_some() { "/find" } else { "/sign-in" };
    see(way)
}

/// The form to sign in.
pub(super) async fn ask(visit: Visit, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    if visit.who.is_some() {
        return Ok(see(here(&asked.then).unwrap_or("/find")));
    }
    let words = visit.words;
    let form = SignInPage {
        f: visit.frame(Place::Elsewhere, words.t("sign-in-title")),
        w: words,
        wrongs: Wrongs::default(),
        name: String::new(),
        then: here(&asked.then).unwrap_or_default().to_owned(),
        chosen: !asked.chosen.is_empty(),
    };
    page(StatusCode::OK, &form)
}

/// Signs in, and goes on where somebody wanted to.
pub(super) async fn sign_in(visit: Visit, door: Data<Door>, form: Form) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let then = here(form.one("then")).unwrap_or("/find").to_owned();
    let refused = match form.one("name").parse::<Name>() {
        Ok(name) => {
            let passphrase = Secret::new(form.raw("passphrase").to_owned());
            let command = SignIn { name, passphrase, code: None };
            match half::first_step(&visit.asking, &door, command).await {
                Ok(First::In(cookie)) => return Ok(see_with(cookie, &then)),
                Ok(First::Half(cookie)) => {
                    let then: String = form_urlencoded::byte_serialize(then.as_bytes()).collect();
                    return Ok(see_with(cookie, &format!("/sign-in/code?then={then}")));
                }
                Err(problem) if problem.code().fault() == Fault::Unauthenticated => problem,
                Err(problem) => return Err(problem),
            }
        }
        Err(_no_name) => crate::members::MemberError::SignInRefused.into(),
    };
    let mut wrongs = Wrongs::default();
    wrongs.note("passphrase", words.t("sign-in-refused"));
    let again = SignInPage {
        f: visit.frame(Place::Elsewhere, words.t("sign-in-title")).with_error(),
        w: words,
        wrongs,
        name: form.one("name").to_owned(),
        then,
        chosen: false,
    };
    page(refused.status(), &again)
}

/// Signs out.
pub(super) async fn sign_out(
    visit: Visit,
    request: HttpRequest,
    _form: Form,
) -> Result<HttpResponse, Problem> {
    let over = session::sign_out(&visit.asking, &request).await?;
    let mut response = HttpResponse::SeeOther();
    if let Some(over) = over {
        response.cookie(over);
    }
    Ok(response.insert_header((header::LOCATION, "/sign-in")).finish())
}

/// The form to choose a passphrase, with the code from an administrator.
pub(super) async fn ask_passphrase(visit: Visit) -> Result<HttpResponse, Problem> {
    passphrase_page(&visit, Wrongs::default(), String::new(), StatusCode::OK)
}

/// Chooses a passphrase.
pub(super) async fn choose_passphrase(
    visit: Visit,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let (code, passphrase) = (form.one("code").to_owned(), form.raw("passphrase"));
    let mut wrongs = Wrongs::default();
    if code.is_empty() {
        wrongs.note("code", words.t("passphrase-no-code"));
    }
    if passphrase.chars().count() < LEAST_PASSPHRASE {
        wrongs.note("passphrase", words.with("passphrase-short", "least", LEAST_PASSPHRASE));
    } else if passphrase != form.raw("again") {
        wrongs.note("again", words.t("passphrase-differs"));
    }
    if !wrongs.is_empty() {
        return passphrase_page(&visit, wrongs, code, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let command =
        SetPassphrase { code: Secret::new(code.clone()), passphrase: Secret::new(passphrase.to_owned()) };
    match session::choose_passphrase(&visit.asking, &door, command).await {
        Ok(()) => Ok(see("/sign-in?chosen=1")),
        Err(problem) if problem.code().name() == "member.passphrase_too_long" => {
            wrongs.note("passphrase", words.t("passphrase-long"));
            passphrase_page(&visit, wrongs, code, problem.status())
        }
        Err(problem) if problem.code().fault() == Fault::Unauthenticated => {
            wrongs.note("code", words.t("passphrase-bad-code"));
            passphrase_page(&visit, wrongs, code, problem.status())
        }
        Err(problem) => Err(problem),
    }
}

fn passphrase_page(
    visit: &Visit,
    wrongs: Wrongs,
    code: String,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Elsewhere, words.t("passphrase-title"));
    let f = if wrongs.is_empty() { frame } else { frame.with_error() };
    page(status, &PassphrasePage { f, w: words, wrongs, code, least: LEAST_PASSPHRASE })
}

fn see_with(cookie: Cookie<'_>, address: &str) -> HttpResponse {
    HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, address)).finish()
}

/// Goes on to another page.
pub(super) fn see(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}
