//! In which language pages are shown: what was chosen, otherwise what the browser asks for.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header,
    web::{Path, Query},
};
use serde::Deserialize;

use super::{form::here, words::Language};
use crate::http::{LANGUAGE_COOKIE as COOKIE, Problem, hub_of};

/// For how long a choice is kept.
const KEPT: Duration = Duration::days(365);

/// The language of whoever asks.
pub(super) fn of(chosen: Option<&str>, accepts: Option<&str>) -> Language {
    chosen.and_then(Language::of_tag).unwrap_or_else(|| Language::accepted(accepts.unwrap_or_default()))
}

/// The language of a request.
pub(super) fn of_request(request: &HttpRequest) -> Language {
    let chosen = request.cookie(COOKIE);
    let accepts = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    of(chosen.as_ref().map(Cookie::value), accepts)
}

/// Where to go on.
#[derive(Deserialize)]
pub(super) struct Then {
    #[serde(default)]
    then: String,
}

/// Keeps a choice, and goes back to where it was made.
pub(super) async fn choose(
    language: Path<String>,
    then: Query<Then>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let hub = hub_of(&request)?;
    let language = Language::of_tag(&language).unwrap_or_else(|| of_request(&request));
    let cookie = Cookie::build(COOKIE, language.tag())
        .path("/")
        .http_only(true)
        .secure(hub.settings().server.public_url.starts_with("https://"))
        .same_site(SameSite::Lax)
        .max_age(KEPT)
        .finish();
    let then = here(&then.then).unwrap_or("/").to_owned();
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, then)).finish())
}
