//! Signing in on the pages, in two steps: what the first leads to, and the cookie between them.

use actix_web::{HttpRequest, cookie::Cookie};

use super::{
    Asking, Door, Problem,
    caller::COOKIE,
    session::{cookie, over, site, tried},
};
use crate::{
    access::Tx,
    factors::Ways,
    kernel::Secret,
    members::{self, FirstStep, MemberError, SecondAnswer, SignIn},
};

/// Name of the cookie between the two steps of signing in.
const HALF_COOKIE: &str = "throughline_second_step";

/// Where that cookie is sent.
const HALF_PATH: &str = "/sign-in";

/// What the first step on the pages leads to.
pub(crate) enum First {
    /// The session's cookie.
    In(Cookie<'static>),
    /// The cookie that the second step is asked with.
    Half(Cookie<'static>),
}

/// The first step on the pages.
pub(crate) async fn first_step(asking: &Asking, door: &Door, command: SignIn) -> Result<First, Problem> {
    let (found, fits) = tried(asking, door, &command).await?;
    let limits = asking.hub.settings().access.clone();
    let signing = move |tx: &mut Tx<'_>| members::first_step(tx, found, fits, &limits);
    let first = asking.hub.write("members.sign_in", &asking.caller, signing).await?;
    Ok(match first.ok_or(MemberError::SignInRefused)? {
        FirstStep::In(signed) => First::In(cookie(asking, COOKIE, "/", &signed.token)),
        FirstStep::Half(token) => First::Half(cookie(asking, HALF_COOKIE, HALF_PATH, &token)),
    })
}

/// With what whoever asks from between the steps can go on; nothing for whoever does not stand there.
pub(crate) async fn ways_on(asking: &Asking, request: &HttpRequest) -> Result<Option<Ways>, Problem> {
    let Some(token) = half_token(request) else { return Ok(None) };
    let now = asking.hub.now();
    Ok(asking.hub.read(move |db| members::ways_on(db, &token, now)).await?)
}

/// The second step on the pages: the session's cookie, and the one that takes the other away.
pub(crate) async fn second_step(
    asking: &Asking,
    request: &HttpRequest,
    answer: SecondAnswer,
) -> Result<[Cookie<'static>; 2], Problem> {
    let token = half_token(request).ok_or(MemberError::SignInRefused)?;
    let (key, limits) = (asking.hub.keys().factors(), asking.hub.settings().access.clone());
    let signing = move |tx: &mut Tx<'_>| members::second_step(tx, &token, &answer, (&key, &limits));
    let signed = asking.hub.write("members.sign_in", &asking.caller, signing).await?;
    let signed = signed.ok_or(MemberError::SignInRefused)?;
    Ok([cookie(asking, COOKIE, "/", &signed.token), over(HALF_COOKIE, HALF_PATH)])
}

/// What the browser is asked for a passkey, between the steps. Nothing where there is no passkey.
pub(crate) async fn ask_passkey(
    asking: &Asking,
    request: &HttpRequest,
) -> Result<Option<serde_json::Value>, Problem> {
    let token = half_token(request).ok_or(MemberError::SignInRefused)?;
    let Some(site) = site(&asking.hub) else { return Ok(None) };
    let asked = asking.hub.tend("members.ask_passkey", move |tx| members::ask_passkey(tx, &token, &site));
    Ok(asked.await?)
}

fn half_token(request: &HttpRequest) -> Option<Secret<String>> {
    request.cookie(HALF_COOKIE).map(|cookie| Secret::new(cookie.value().to_owned()))
}
