//! Who is calling: access tokens for machines, sessions for people.
//!
//! A machine proves itself with a signed assertion (RFC 7523) and gets a short access token (RFC 9068 in form); people have a
//! session cookie. A token that was looked at a moment ago is not verified again, but its client and organisation are looked up
//! every few seconds, so that a suspension counts at once and not when the token ends.

use std::{collections::HashMap, num::NonZeroU32, sync::Mutex};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};

use super::{Problem, ProblemDocument, extract::hub_of};
use crate::{
    access::{Actor, Roles},
    config::Limits,
    crypto::{self, Kid, Typ},
    hub::Hub,
    kernel::{
        Code, Digest, Fault, Secret, Timestamp,
        id::{ClientId, OrganisationId},
    },
    members::{self, MemberError},
};

/// Name of the session cookie.
pub(super) const COOKIE: &str = "throughline_session";

const MAX_TOKEN: usize = 4_096;
const RECHECK_SECONDS: i64 = 3;
const MAX_SEEN: usize = 20_000;
const MAX_ASSERTION_SECONDS: i64 = 300;
const SKEW_SECONDS: i64 = 60;

/// What this process remembers about callers: verified tokens and how often each came.
pub(super) struct Door {
    seen: Mutex<HashMap<Digest, Seen>>,
    organisations: DefaultKeyedRateLimiter<String>,
    strangers: DefaultKeyedRateLimiter<std::net::IpAddr>,
}

#[derive(Clone)]
struct Seen {
    actor: Actor,
    kid: Kid,
    until: Timestamp,
    checked: Timestamp,
}

impl Door {
    /// With the limits of the settings.
    pub(super) fn new(limits: &Limits) -> Self {
        let quota = |rate: u32, burst: u32| {
            let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(rate).allow_burst(burst)
        };
        Self {
            seen: Mutex::new(HashMap::new()),
            organisations: RateLimiter::keyed(quota(
                limits.organisation_requests_per_second,
                limits.organisation_burst,
            )),
            strangers: RateLimiter::keyed(quota(limits.stranger_requests_per_second, limits.stranger_burst)),
        }
    }

    fn remembered(&self, token: &Digest) -> Option<Seen> {
        self.seen.lock().ok()?.get(token).cloned()
    }

    fn remember(&self, token: Digest, seen: Seen) {
        if let Ok(mut all) = self.seen.lock() {
            if all.len() >= MAX_SEEN {
                let now = seen.checked;
                all.retain(|_, other| now < other.until);
                if all.len() >= MAX_SEEN {
                    all.clear();
                }
            }
            all.insert(token, seen);
        }
    }

    fn forget(&self, token: &Digest) {
        if let Ok(mut all) = self.seen.lock() {
            all.remove(token);
        }
    }

    /// Forgets rates of callers that are back to full. A job calls it.
    pub(super) fn tidy(&self) {
        self.organisations.retain_recent();
        self.strangers.retain_recent();
    }
}

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

/// The one who calls; nobody when there is neither token nor session.
pub(super) async fn actor_of(hub: &Hub, request: &HttpRequest) -> Result<Actor, Problem> {
    let door = request.app_data::<web::Data<Door>>().ok_or_else(unassembled)?;
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let actor = match bearer {
        Some(value) => {
            let token = value.strip_prefix("Bearer ").ok_or_else(bad_token)?;
            by_token(hub, door, token).await?
        }
        None => match request.cookie(COOKIE) {
            Some(cookie) => by_session(hub, Secret::new(cookie.value().to_owned())).await?,
            None => Actor::nobody(),
        },
    };
    let allowed = match (actor.organisation(), request.peer_addr()) {
        (Some(organisation), _) => door.organisations.check_key(&organisation.to_string()).is_ok(),
        (None, Some(address)) => door.strangers.check_key(&address.ip()).is_ok(),
        (None, None) => true,
    };
    if allowed { Ok(actor) } else { Err(too_many()) }
}

async fn by_session(hub: &Hub, token: Secret<String>) -> Result<Actor, Problem> {
    let (now, limits, asked) = (hub.now(), hub.settings().access.clone(), token.clone());
    let session = hub.read(move |db| members::find_session(db, &asked, now, &limits)).await?;
    let Some(session) = session else { return Ok(Actor::nobody()) };
    if session.is_to_be_marked(now) {
        let marked = hub.tend("members.mark_session", move |tx| members::mark_session(tx, &token)).await;
        if let Err(error) = marked {
            // Nobody is sent away for it: the session only ends earlier.
            tracing::warn!(error = %error, "the use of a session could not be noted");
        }
    }
    Ok(session.actor)
}

async fn by_token(hub: &Hub, door: &Door, token: &str) -> Result<Actor, Problem> {
    let (now, digest) = (hub.now(), Digest::of(token));
    let seen = match door.remembered(&digest) {
        Some(seen) => seen,
        None => verify(hub, token)?,
    };
    if now >= seen.until {
        door.forget(&digest);
        return Err(bad_token());
    }
    if now.since(seen.checked).num_seconds() < RECHECK_SECONDS {
        return Ok(seen.actor);
    }
    let kid = seen.kid.clone();
    let client = hub.read(move |db| members::client_by_kid(db, &kid)).await?;
    let Some((client, _key)) = client else {
        door.forget(&digest);
        return Err(bad_token());
    };
    let actor = Actor::client(client.id, client.organisation, client.roles.into());
    door.remember(digest, Seen { actor: actor.clone(), checked: now, ..seen });
    Ok(actor)
}

fn verify(hub: &Hub, token: &str) -> Result<Seen, Problem> {
    let key = &hub.keys().tokens;
    let verified = crypto::verify_compact(token, Typ::AccessToken, MAX_TOKEN, |kid| {
        (kid == key.kid()).then(|| key.verifier())
    })
    .map_err(|_refused| bad_token())?;
    let claims: Claims = serde_json::from_slice(verified.payload()).map_err(|_ignored| bad_token())?;
    if claims.aud != hub.settings().server.public_url || claims.iss != hub.settings().node.name {
        return Err(bad_token());
    }
    Ok(Seen {
        actor: Actor::client(claims.sub, claims.org, claims.roles),
        kid: claims.client_kid,
        until: Timestamp::from_seconds(claims.exp),
        checked: Timestamp::from_micros(i64::MIN),
    })
}

/// A token request (RFC 6749 section 4.4 with RFC 7523 section 2.2).
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// `client_credentials`.
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: String,
    /// A JWT signed by the client's key: `iss` and `sub` are the client's id, `aud` is this address, `jti` is used once, `exp` is
    /// at most five minutes away.
    #[schema(max_length = 4096)]
    client_assertion: String,
}

/// An access token.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TokenAnswer {
    /// The token, for `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds it lives.
    expires_in: i64,
}

#[derive(Deserialize)]
struct Assertion {
    iss: ClientId,
    sub: ClientId,
    aud: String,
    exp: i64,
    jti: String,
    #[serde(default)]
    iat: Option<i64>,
}

/// Get an access token for a machine client.
#[utoipa::path(post, path = "/oauth/token", tag = "Sign in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenAnswer), (status = 401, body = ProblemDocument)))]
pub(super) async fn token(
    request: HttpRequest,
    form: web::Form<TokenRequest>,
) -> Result<HttpResponse, Problem> {
    let hub = hub_of(&request)?;
    let door = request.app_data::<web::Data<Door>>().ok_or_else(unassembled)?;
    if let Some(address) = request.peer_addr() {
        door.strangers.check_key(&address.ip()).map_err(|_ignored| too_many())?;
    }
    let form = form.into_inner();
    if form.grant_type != "client_credentials"
        || form.client_assertion_type != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    {
        return Err(Problem::new(
            Code::new("token.grant_unsupported", Fault::Malformed),
            "Only client_credentials with a jwt-bearer assertion is taken.",
        ));
    }
    let kid = crypto::peek_kid(&form.client_assertion, Typ::ClientAssertion, MAX_TOKEN)
        .map_err(|_refused| bad_assertion())?;
    let wanted = kid.clone();
    let found = hub.read(move |db| members::client_by_kid(db, &wanted)).await?;
    let (client, key) = found.ok_or_else(bad_assertion)?;
    let verified = crypto::verify_compact(&form.client_assertion, Typ::ClientAssertion, MAX_TOKEN, |named| {
        (*named == kid).then(|| key.verifier()).flatten()
    })
    .map_err(|_refused| bad_assertion())?;
    let claims: Assertion = serde_json::from_slice(verified.payload()).map_err(|_ignored| bad_assertion())?;
    let now = hub.now();
    let life = claims.exp.saturating_sub(now.seconds());
    let fits = claims.iss == client.id
        && claims.sub == client.id
        && claims.aud == format!("{}/oauth/token", hub.settings().server.public_url)
        && (1..=MAX_ASSERTION_SECONDS.saturating_add(SKEW_SECONDS)).contains(&life)
        && claims.iat.is_none_or(|iat| iat <= now.seconds().saturating_add(SKEW_SECONDS))
        && (8..=128).contains(&claims.jti.len())
        && claims.jti.bytes().all(|b| b.is_ascii_graphic());
    if !fits {
        return Err(bad_assertion());
    }
    let (caller, jti) = (client.id.to_string(), claims.jti);
    let fresh = hub
        .tend::<_, MemberError>("tokens.use_assertion", move |tx| {
            let at = tx.now();
            Ok(crate::hub::use_once(tx.db(), &caller, &jti, at)?)
        })
        .await?;
    if !fresh {
        return Err(bad_assertion());
    }
    let lifetime = hub.settings().access.token_seconds;
    let claims = Claims {
        iss: hub.settings().node.name.clone(),
        aud: hub.settings().server.public_url.clone(),
        sub: client.id,
        org: client.organisation,
        roles: client.roles.into(),
        client_kid: kid,
        iat: now.seconds(),
        exp: now.seconds().saturating_add(lifetime),
    };
    let payload = serde_json::to_vec(&claims).map_err(|_ignored| unassembled())?;
    let token = crypto::sign_compact(&hub.keys().tokens, Typ::AccessToken, &payload)?;
    Ok(HttpResponse::Ok().json(TokenAnswer {
        access_token: token,
        token_type: "Bearer",
        expires_in: lifetime,
    }))
}

fn bad_token() -> Problem {
    Problem::new(
        Code::new("access.bad_token", Fault::Unauthenticated),
        "This token is not good, or not any more; get a new one at /oauth/token.",
    )
}

fn bad_assertion() -> Problem {
    Problem::new(
        Code::new("token.assertion_refused", Fault::Unauthenticated),
        "This client assertion is not taken: unknown or revoked client, wrong audience, used before, or past its time.",
    )
}

fn too_many() -> Problem {
    Problem::new(Code::new("api.too_many_requests", Fault::TooMany), "Too many requests; wait a moment.")
        .after(1)
}

fn unassembled() -> Problem {
    Problem::new(Code::new("api.unassembled", Fault::Internal), "The hub is not there.")
}
