//! Signing people in and out: the work on the passphrase in its turn, and the cookie.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite},
    web,
};

use super::{Asking, Door, Problem, caller::COOKIE};
use crate::{
    access::{AccessError, Tx},
    crypto,
    factors::{self, AddPasskey, AddedPasskey, AppCode, AppSecret, RecoveryCodes, Site},
    hub::Hub,
    kernel::{Digest, Secret, id::StaffId},
    members::{self, ChangePassphrase, MemberError, SessionView, SetPassphrase, SignIn, SignedIn},
    storage::{Db, StorageError},
};

/// Whose try it is, and whether the passphrase fits and counts now.
pub(super) async fn tried(
    asking: &Asking,
    door: &Door,
    command: &SignIn,
) -> Result<(Option<StaffId>, bool), Problem> {
    let (name, passphrase) = (command.name.clone(), command.passphrase.clone());
    let candidate = asking.hub.read(move |db| members::candidate(db, &name)).await?;
    let (found, now) = (candidate.as_ref().map(|c| c.staff), asking.hub.now());
    let paused = candidate.as_ref().and_then(|c| c.paused_until).is_some_and(|until| now < until);
    let checking = move || members::passphrase_fits(candidate.as_ref(), &passphrase);
    let fits = in_turn(&asking.hub, door, checking).await?;
    Ok((found, fits && !paused))
}

/// Signs somebody in with everything at once: the session, and the cookie that holds it.
pub(crate) async fn sign_in(
    asking: &Asking,
    door: &Door,
    command: SignIn,
) -> Result<(SignedIn, Cookie<'static>), Problem> {
    let (tried, limits) = (tried(asking, door, &command).await?, asking.hub.settings().access.clone());
    let (key, code) = (asking.hub.keys().factors(), command.code);
    let signing = move |tx: &mut Tx<'_>| members::both_steps(tx, tried, code.as_ref(), (&key, &limits));
    let signed = asking.hub.write("members.sign_in", &asking.caller, signing).await?;
    let signed = signed.ok_or(MemberError::SignInRefused)?;
    let cookie = cookie(asking, COOKIE, "/", &signed.token);
    Ok((signed, cookie))
}

/// The site that passkeys are for.
pub(crate) fn site(hub: &Hub) -> Option<Site> {
    Site::of(&hub.settings().server.public_url)
}

/// The cookie that holds a token, sent with what is asked under a path.
pub(super) fn cookie(
    asking: &Asking,
    name: &'static str,
    path: &'static str,
    token: &Secret<String>,
) -> Cookie<'static> {
    Cookie::build(name, token.expose().clone())
        .path(path)
        .http_only(true)
        .secure(asking.hub.settings().server.public_url.starts_with("https://"))
        .same_site(SameSite::Strict)
        .finish()
}

/// The cookie that takes another away.
pub(super) fn over(name: &'static str, path: &'static str) -> Cookie<'static> {
    let mut over = Cookie::new(name, "");
    over.set_path(path);
    over.make_removal();
    over
}

/// Whether whoever is signed in knows their passphrase, and what is done when they do. A wrong one counts as a wrong try to sign in does.
pub(crate) async fn confirmed<T: Send + 'static>(
    asking: &Asking,
    door: &Door,
    (action, passphrase): (&'static str, Secret<String>),
    mut work: impl FnMut(&mut Tx<'_>) -> Result<T, MemberError> + Send + 'static,
) -> Result<T, Problem> {
    let actor = asking.caller.actor.clone();
    let found = asking.hub.read(move |db| members::who_confirms(db, &actor)).await?;
    let (staff, limits) = (found.staff, asking.hub.settings().access.clone());
    let fits =
        in_turn(&asking.hub, door, move || members::passphrase_fits(Some(&found), &passphrase)).await?;
    let done = asking.hub.write(action, &asking.caller, move |tx| {
        match members::confirm(tx, staff, fits, &limits)? {
            Some(()) => work(tx).map(Some),
            None => Ok(None),
        }
    });
    Ok(done.await?.ok_or(MemberError::SignInRefused)?)
}

/// Turns the second step of whoever asks on, and ends every session but the one they ask with: those were opened without it.
pub(crate) async fn confirm_app(
    asking: &Asking,
    request: &HttpRequest,
    command: AppCode,
) -> Result<RecoveryCodes, Problem> {
    let token = token_of(request).unwrap_or_else(|| Secret::new(String::new()));
    let key = asking.hub.keys().factors();
    let confirming = move |tx: &mut Tx<'_>| {
        let codes = factors::confirm_app(tx, &key, &command)?;
        members::end_other_sessions(tx, &token)?;
        Ok::<_, MemberError>(codes)
    };
    Ok(asking.hub.write("factors.confirm_app", &asking.caller, confirming).await?)
}

/// What the browser of whoever knows their passphrase is asked in order to make a passkey.
pub(crate) async fn begin_passkey(
    asking: &Asking,
    door: &Door,
    passphrase: Secret<String>,
) -> Result<serde_json::Value, Problem> {
    let site = site(&asking.hub);
    let beginning = move |tx: &mut Tx<'_>| {
        let name = own_name(tx)?;
        Ok::<_, MemberError>(factors::begin_passkey(tx, site.as_ref(), &name)?)
    };
    confirmed(asking, door, ("factors.begin_passkey", passphrase), beginning).await
}

/// Takes a passkey of whoever knows their passphrase away. What is no digest is nobody's passkey.
pub(crate) async fn remove_passkey(
    asking: &Asking,
    door: &Door,
    (id, passphrase): (&str, Secret<String>),
) -> Result<(), Problem> {
    let id: Option<Digest> = id.parse().ok();
    let removing = move |tx: &mut Tx<'_>| {
        let id = id.ok_or(AccessError::NotFound)?;
        Ok::<_, MemberError>(factors::remove_passkey(tx, id)?)
    };
    confirmed(asking, door, ("factors.remove_passkey", passphrase), removing).await
}

/// What whoever knows their passphrase lets their app read.
pub(crate) async fn begin_app(
    asking: &Asking,
    door: &Door,
    passphrase: Secret<String>,
) -> Result<AppSecret, Problem> {
    let key = asking.hub.keys().factors();
    let beginning = move |tx: &mut Tx<'_>| {
        let name = own_name(tx)?;
        Ok::<_, MemberError>(factors::begin_app(tx, &key, &name)?)
    };
    confirmed(asking, door, ("factors.begin_app", passphrase), beginning).await
}

/// What somebody signs in with: it stands in their app, and beside their passkey.
fn own_name(tx: &mut Tx<'_>) -> Result<String, MemberError> {
    let actor = tx.actor();
    Ok(members::colleague(tx.db(), actor)?.map(|who| who.name.to_string()).unwrap_or_default())
}

/// Adds a passkey to whoever asks, and ends every session but the one they ask with.
pub(crate) async fn add_passkey(
    asking: &Asking,
    request: &HttpRequest,
    command: AddPasskey,
) -> Result<AddedPasskey, Problem> {
    let token = token_of(request).unwrap_or_else(|| Secret::new(String::new()));
    let (site, key) = (site(&asking.hub), asking.hub.keys().factors());
    let adding = move |tx: &mut Tx<'_>| {
        let added = factors::add_passkey(tx, (site.as_ref(), &key), &command)?;
        members::end_other_sessions(tx, &token)?;
        Ok::<_, MemberError>(added)
    };
    Ok(asking.hub.write("factors.add_passkey", &asking.caller, adding).await?)
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
    Ok(Some(over(COOKIE, "/")))
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
