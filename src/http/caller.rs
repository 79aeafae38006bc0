//! Who is calling: access tokens for machines, sessions for people.
//!
//! A machine proves itself with a signed assertion (RFC 7523) and gets a short access token (RFC 9068 in form); people have a
//! session cookie. A token that was looked at a moment ago is not verified again, but its client and organisation are looked up
//! every few seconds, so that a suspension counts at once and not when the token ends.
//!
//! A browser sends the cookie along with whatever another site makes it ask. `SameSite=Strict` keeps it from that; and what changes
//! something is refused as well when the browser says that it comes from elsewhere.

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderName},
    web,
};
use serde::{Deserialize, Serialize};

use super::{
    Problem,
    door::{Door, Seen, bearer},
    unassembled,
};
use crate::{
    access::{Actor, Roles, Who},
    crypto::{self, Kid, Typ},
    factors,
    hub::Hub,
    kernel::{
        Code, Digest, Fault, Secret, Timestamp,
        id::{ClientId, OrganisationId},
    },
    members,
};

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "throughline_session";

/// The greatest length of a token, in bytes.
pub(crate) const MAX_TOKEN: usize = 4_096;
const RECHECK_SECONDS: i64 = 3;
/// How long a session that was found good spares its address the rate of strangers. It is looked up each time all the same.
const SESSION_KNOWN: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// What an access token says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: ClientId,
    org: OrganisationId,
    roles: Roles,
    client_kid: Kid,
    iat: i64,
    exp: i64,
}

/// The one who calls; nobody when there is neither token nor session. Their address has paid for the question already.
pub(super) async fn actor_of(hub: &Hub, request: &HttpRequest) -> Result<Actor, Problem> {
    let door = request.app_data::<web::Data<Door>>().ok_or_else(unassembled)?;
    let actor = if request.headers().contains_key(header::AUTHORIZATION) {
        by_token(hub, door, bearer(request.headers()).ok_or_else(bad_token)?).await?
    } else {
        match request.cookie(COOKIE) {
            Some(cookie) => {
                refuse_forged(hub, request)?;
                let actor = by_session(hub, door, Secret::new(cookie.value().to_owned())).await?;
                require_second_step(hub, &actor, request.path()).await?;
                actor
            }
            None => Actor::nobody(),
        }
    };
    if actor.who() != Who::Nobody {
        door.count(&actor)?;
    }
    Ok(actor)
}

async fn by_session(hub: &Hub, door: &Door, token: Secret<String>) -> Result<Actor, Problem> {
    let (now, limits, asked) = (hub.now(), hub.settings().access.clone(), token.clone());
    let session = hub.read(move |db| members::find_session(db, &asked, now, &limits)).await?;
    let digest = Digest::of(token.expose());
    let Some(session) = session else {
        door.sessions.forget(&digest);
        return Ok(Actor::nobody());
    };
    door.sessions.remember(digest, now.plus(SESSION_KNOWN), (), now);
    if session.is_to_be_marked(now) {
        let marked = hub.tend("members.mark_session", move |tx| members::mark_session(tx, &token)).await;
        if let Err(error) = marked {
            // Nobody is sent away for it: the session only ends earlier.
            tracing::warn!(error = %error, "the use of a session could not be noted");
        }
    }
    Ok(session.actor)
}

/// Where whoever must have a second step and has none may go: to set it up, and out.
const OPEN_WITHOUT: [&str; 5] =
    ["/account/second-step", "/api/v1/second-step", "/api/v1/session", "/language", "/sign-out"];

/// Refuses everything else while a role asks for a second step that is not there.
async fn require_second_step(hub: &Hub, actor: &Actor, path: &str) -> Result<(), Problem> {
    let required = &hub.settings().access.second_step_for;
    let Some(staff) = actor.signed_in().filter(|_staff| !required.is_empty()) else { return Ok(()) };
    let is_open = OPEN_WITHOUT
        .iter()
        .any(|open| path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if is_open || !actor.roles().iter().any(|role| required.name(role.name())) {
        return Ok(());
    }
    if hub.read(move |db| factors::is_on(db, staff)).await? { Ok(()) } else { Err(without_second_step()) }
}

fn without_second_step() -> Problem {
    Problem::new(
        Code::new("access.second_step_required", Fault::Forbidden),
        "Your role takes a second step when you sign in. Set it up first, at /account/second-step.",
    )
}

async fn by_token(hub: &Hub, door: &Door, token: &str) -> Result<Actor, Problem> {
    let (now, digest) = (hub.now(), Digest::of(token));
    let (seen, until) = match door.tokens.of(&digest, now) {
        Some((seen, until)) => (seen, until),
        None => verified(hub, token).await?,
    };
    if now >= until {
        return Err(bad_token());
    }
    if now.since(seen.checked).num_seconds() < RECHECK_SECONDS {
        return Ok(seen.actor);
    }
    let kid = seen.kid.clone();
    let client = hub.read(move |db| members::client_by_kid(db, &kid)).await?;
    let Some((client, _key)) = client else {
        door.tokens.forget(&digest);
        return Err(bad_token());
    };
    let actor = Actor::client(client.id, client.organisation, client.roles.into());
    door.tokens.remember(digest, until, Seen { actor: actor.clone(), checked: now, ..seen }, now);
    Ok(actor)
}

/// Verifies on a blocking thread: a signature takes time that others on this thread would wait for.
async fn verified(hub: &Hub, token: &str) -> Result<(Seen, Timestamp), Problem> {
    let (hub, token) = (hub.clone(), token.to_owned());
    web::block(move || verify(&hub, &token)).await.map_err(|_gone| unassembled())?
}

fn verify(hub: &Hub, token: &str) -> Result<(Seen, Timestamp), Problem> {
    let key = &hub.keys().tokens;
    let verified = crypto::verify_compact(token, Typ::AccessToken, MAX_TOKEN, |kid| {
        (kid == key.kid()).then(|| key.verifier())
    })
    .map_err(|_refused| bad_token())?;
    let claims: Claims = serde_json::from_slice(verified.payload()).map_err(|_ignored| bad_token())?;
    if claims.aud != hub.settings().server.public_url || claims.iss != hub.settings().node.name {
        return Err(bad_token());
    }
    let seen = Seen {
        actor: Actor::client(claims.sub, claims.org, claims.roles),
        kid: claims.client_kid,
        checked: Timestamp::from_micros(i64::MIN),
    };
    Ok((seen, Timestamp::from_seconds(claims.exp)))
}

/// A fresh access token for a client that proved itself with this key.
pub(crate) fn access_token(
    hub: &Hub,
    (client, organisation, roles): (ClientId, OrganisationId, Roles),
    client_kid: Kid,
) -> Result<String, Problem> {
    let now = hub.now().seconds();
    let claims = Claims {
        iss: hub.settings().node.name.clone(),
        aud: hub.settings().server.public_url.clone(),
        sub: client,
        org: organisation,
        roles,
        client_kid,
        iat: now,
        exp: now.saturating_add(hub.settings().access.token_seconds),
    };
    let payload = serde_json::to_vec(&claims).map_err(|_ignored| unassembled())?;
    Ok(crypto::sign_compact(&hub.keys().tokens, Typ::AccessToken, &payload)?)
}

/// Refuses what would change something and comes from a page of another site, as far as the browser tells: `Sec-Fetch-Site`, and `Origin`
/// from those that do not send that. What says neither is no browser that others could misuse.
pub(crate) fn refuse_forged(hub: &Hub, request: &HttpRequest) -> Result<(), Problem> {
    if request.method().is_safe() {
        return Ok(());
    }
    let said = |name: HeaderName| request.headers().get(name).map(|value| value.as_bytes().to_vec());
    let here = hub.settings().server.public_url.trim_end_matches('/');
    let is_ours = match (said(HeaderName::from_static("sec-fetch-site")), said(header::ORIGIN)) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => origin == here.as_bytes(),
        (None, None) => true,
    };
    if is_ours { Ok(()) } else { Err(forged()) }
}

fn forged() -> Problem {
    Problem::new(
        Code::new("access.other_site", Fault::Forbidden),
        "This was sent by a page of another site. Nothing was changed; open the hub's own page and do it there.",
    )
}

fn bad_token() -> Problem {
    Problem::new(
        Code::new("access.bad_token", Fault::Unauthenticated),
        "This token is not good, or not any more; get a new one at /oauth/token.",
    )
}
