//! Signing people in and out: the work on the passphrase in its turn, and the cookie.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite},
    web,
};

use super::{Asking, Door, Problem, caller::COOKIE};
use crate::{
    access::Tx,
    crypto,
    hub::Hub,
    kernel::Secret,
    members::{self, ChangePassphrase, MemberError, SessionView, SetPassphrase, SignIn, SignedIn},
    storage::{Db, StorageError},
};

/// Signs somebody in: the session, and the cookie that holds it.
pub(crate) async fn sign_in(
    asking: &Asking,
    door: &Door,
    command: SignIn,
) -> Result<(SignedIn, Cookie<'static>), Problem> {
    let name = command.name.clone();
    let candidate = asking.hub.read(move |db| members::candidate(db, &name)).await?;
    let (found, now) = (candidate.as_ref().map(|c| c.staff), asking.hub.now());
    let paused = candidate.as_ref().and_then(|c| c.paused_until).is_some_and(|until| now < until);
    let checking = move || members::passphrase_fits(candidate.as_ref(), &command.passphrase);
    let fits = in_turn(&asking.hub, door, checking).await?;
    let limits = asking.hub.settings().access.clone();
    let signed = asking
        .hub
        .write("members.sign_in", &asking.caller, move |tx| {
            members::sign_in(tx, found, fits && !paused, &limits)
        })
        .await?
        .ok_or(MemberError::SignInRefused)?;
    let cookie = Cookie::build(COOKIE, signed.token.expose().clone())
        .path("/")
        .http_only(true)
        .secure(asking.hub.settings().server.public_url.starts_with("https://"))
        .same_site(SameSite::Strict)
        .finish();
    Ok((signed, cookie))
}

/// The token of the session that a request comes with.
fn token_of(request: &HttpRequest) -> Option<Secret<String>> {
    request.cookie(COOKIE).map(|cookie| Secret::new(cookie.value().to_owned()))
}

/// The sessions of whoever asks.
pub(crate) async fn own(asking: &Asking, request: &HttpRequest) -> Result<Vec<SessionView>, Problem> {
    let (actor, token) = (asking.caller.actor.clone(), token_of(request));
    let (now, limits) = (asking.hub.now(), asking.hub.settings().access.clone());
    let reading = move |db: &mut Db<'_>| members::own_sessions(db, &actor, token.as_ref(), (now, &limits));
    Ok(asking.hub.read(reading).await?)
}

/// Ends every session of whoever asks but the one they ask with.
pub(crate) async fn end_others(asking: &Asking, request: &HttpRequest) -> Result<(), Problem> {
    let token = token_of(request).unwrap_or_else(|| Secret::new(String::new()));
    let ending = move |tx: &mut Tx<'_>| members::end_other_sessions(tx, &token);
    Ok(asking.hub.write("members.end_other_sessions", &asking.caller, ending).await?)
}

/// Ends the session; the cookie that takes the old one away, when there was one.
pub(crate) async fn sign_out(
    asking: &Asking,
    request: &HttpRequest,
) -> Result<Option<Cookie<'static>>, Problem> {
    let Some(token) = token_of(request) else { return Ok(None) };
    asking.hub.write("members.sign_out", &asking.caller, move |tx| members::sign_out(tx, &token)).await?;
    let mut over = Cookie::new(COOKIE, "");
    over.set_path("/");
    over.make_removal();
    Ok(Some(over))
}

/// Sets the passphrase of whoever shows an enrolment code. What comes with no good code costs no work on a passphrase.
pub(crate) async fn choose_passphrase(
    asking: &Asking,
    door: &Door,
    command: SetPassphrase,
) -> Result<(), Problem> {
    let action = "members.set_passphrase";
    let (asked, refused, now) = (command.clone(), command.clone(), asking.hub.now());
    if asking.hub.read(move |db| members::may_choose(db, &asked, now)).await.is_err() {
        asking.hub.write(action, &asking.caller, move |tx| members::refuse_choice(tx, &refused)).await?;
    }
    let (hub, passphrase) = (asking.hub.clone(), command.passphrase.clone());
    let hash = in_turn(&asking.hub, door, move || crypto::hash_passphrase(&passphrase, hub.ids()))
        .await?
        .map_err(MemberError::Secret)?;
    let setting = move |tx: &mut Tx<'_>| members::set_passphrase(tx, &command, &hash).map(drop);
    Ok(asking.hub.write(action, &asking.caller, setting).await?)
}

/// Puts a new passphrase in the place of the old one of whoever is signed in. A wrong old one counts as a wrong try to sign in does.
pub(crate) async fn change_passphrase(
    asking: &Asking,
    (door, request): (&Door, &HttpRequest),
    command: ChangePassphrase,
) -> Result<(), Problem> {
    let (actor, asked) = (asking.caller.actor.clone(), command.clone());
    let found = asking.hub.read(move |db| members::may_change(db, &actor, &asked)).await?;
    let session = token_of(request).unwrap_or_else(|| Secret::new(String::new()));
    let (hub, candidate) = (asking.hub.clone(), found.clone());
    let hash = in_turn(&asking.hub, door, move || {
        let fits = members::passphrase_fits(Some(&candidate), &command.old);
        fits.then(|| crypto::hash_passphrase(&command.new, hub.ids())).transpose()
    });
    let hash = hash.await?.map_err(MemberError::Secret)?;
    let limits = asking.hub.settings().access.clone();
    asking
        .hub
        .write("members.change_passphrase", &asking.caller, move |tx| {
            members::change_passphrase(tx, &found, hash.as_ref(), &session, &limits)
        })
        .await?
        .ok_or(MemberError::SignInRefused)?;
    Ok(())
}

/// Does costly work on a blocking thread when it is its turn. The turn ends with the work, not with whoever asked for it.
pub(crate) async fn in_turn<T: Send + 'static>(
    hub: &Hub,
    door: &Door,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let turn = door.turn().await?;
    hub.metrics().passphrases.inc();
    let done = web::block(move || {
        let done = work();
        drop(turn);
        done
    });
    Ok(done.await.map_err(|_gone| MemberError::Storage(StorageError::Panicked))?)
}
