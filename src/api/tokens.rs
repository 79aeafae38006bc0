//! Who is calling: access tokens for machines, sessions for people.
//!
//! A machine proves itself with a signed assertion (RFC 7523) and gets a short access token (RFC 9068 in form); people have a
//! session cookie. A token that was looked at a moment ago is not verified again, but its client and organisation are looked up
//! every few seconds, so that a suspension counts at once and not when the token ends.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::{Deserialize, Serialize};

use super::{
    Problem, ProblemDocument,
    door::{Door, Seen, bearer},
    extract::{hub_of, request_id},
};
use crate::{
    access::{Actor, Roles, Tx, Who},
    crypto::{self, Kid, Typ},
    hub::{Caller, Failure, Hub},
    kernel::{
        Code, Coded, Digest, Fault, Secret, Timestamp,
        id::{ClientId, OrganisationId},
    },
    members::{self, ClientView, MemberError},
    storage::StorageError,
};

/// Name of the session cookie.
pub(super) const COOKIE: &str = "throughline_session";

const MAX_TOKEN: usize = 4_096;
const RECHECK_SECONDS: i64 = 3;
/// How long a session that was found good spares its address the rate of strangers. It is looked up each time all the same.
const SESSION_KNOWN: chrono::TimeDelta = chrono::TimeDelta::minutes(10);
const MAX_ASSERTION_SECONDS: i64 = 300;
const SKEW_SECONDS: i64 = 60;

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
            Some(cookie) => by_session(hub, door, Secret::new(cookie.value().to_owned())).await?,
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

/// A token request (RFC 6749 section 4.4 with RFC 7523 section 2.2). Other parameters, `scope` among them, are ignored: what a client
/// may do hangs on the roles it was registered with.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct TokenRequest {
    /// `client_credentials`.
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: String,
    /// A JWT signed by the client's key: `iss` and `sub` are the client's id, `aud` is this address, `jti` is used once, `exp` is
    /// at most five minutes away.
    #[schema(max_length = 4096)]
    client_assertion: String,
    /// The client's id. May be left out; when it is there it must be the one in the assertion.
    #[serde(default)]
    #[schema(max_length = 64)]
    client_id: Option<String>,
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
    /// The client's roles, parted by spaces: what the token allows, whatever was asked for.
    scope: String,
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

/// A client that proved itself.
struct Proved {
    client: ClientView,
    kid: Kid,
    jti: String,
}

/// Get an access token for a machine client. Refusals carry `error` as well, as RFC 6749 section 5.2 has it.
#[utoipa::path(post, path = "/oauth/token", tag = "Sign in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenAnswer), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument)))]
pub(super) async fn token(
    request: HttpRequest,
    form: Result<web::Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let hub = hub_of(&request)?;
    let form = form.map_err(|_ignored| bad_form())?.into_inner();
    if form.grant_type != "client_credentials"
        || form.client_assertion_type != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    {
        return Err(Problem::new(
            Code::new("token.grant_unsupported", Fault::Malformed),
            "Only client_credentials with a jwt-bearer assertion is taken.",
        )
        .with("error", "unsupported_grant_type"));
    }
    let proved = prove(&hub, form).await?;
    let (caller, jti) = (proved.client.id.to_string(), proved.jti.clone());
    let fresh = hub
        .tend::<_, MemberError>("tokens.use_assertion", move |tx| {
            let at = tx.now();
            Ok(crate::hub::use_once(tx.db(), &caller, &jti, at)?)
        })
        .await?;
    if fresh { issue(&hub, proved) } else { Err(shown_again(&request, &hub, &proved.client).await) }
}

/// An assertion that was good, and used before.
#[derive(Debug, thiserror::Error)]
enum ShownAgain {
    #[error("this client assertion was used before; make a new one for each request")]
    Refused,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Coded for ShownAgain {
    fn code(&self) -> Code {
        match self {
            Self::Refused => bad_assertion().code(),
            Self::Storage(error) => error.code(),
        }
    }
}

/// Notes in the log that a good assertion was shown again: somebody may have taken it from the client. What is no good assertion, or not
/// any more, proves nobody, and strangers do not write in the log.
async fn shown_again(request: &HttpRequest, hub: &Hub, client: &ClientView) -> Problem {
    let Some(door) = request.app_data::<web::Data<Door>>() else { return unassembled() };
    let actor = Actor::client(client.id, client.organisation, client.roles.clone().into());
    if let Err(too_many) = door.count(&actor) {
        return too_many;
    }
    let caller = Caller { actor, request: request_id(request, hub) };
    let refusing = |_tx: &mut Tx<'_>| Err::<(), _>(ShownAgain::Refused);
    match hub.write("tokens.issue", &caller, refusing).await {
        Ok(()) | Err(Failure::Refused(_)) => bad_assertion(),
        Err(failure) => failure.into(),
    }
}

/// Who asks, by a signature that is looked at beside the database and not on the thread that serves others.
async fn prove(hub: &Hub, form: TokenRequest) -> Result<Proved, Problem> {
    let kid = crypto::peek_kid(&form.client_assertion, Typ::ClientAssertion, MAX_TOKEN)
        .map_err(|_refused| bad_assertion())?;
    let (wanted, assertion) = (kid.clone(), form.client_assertion);
    let verified = hub
        .read(move |db| {
            let Some((client, key)) = members::client_by_kid(db, &wanted)? else { return Ok(None) };
            let verified = crypto::verify_compact(&assertion, Typ::ClientAssertion, MAX_TOKEN, |named| {
                (*named == wanted).then(|| key.verifier()).flatten()
            });
            Ok::<_, MemberError>(verified.ok().map(|verified| (client, verified.payload().to_vec())))
        })
        .await?;
    let (client, payload) = verified.ok_or_else(bad_assertion)?;
    let claims: Assertion = serde_json::from_slice(&payload).map_err(|_ignored| bad_assertion())?;
    let now = hub.now();
    let life = claims.exp.saturating_sub(now.seconds());
    let fits = claims.iss == client.id
        && claims.sub == client.id
        && form.client_id.is_none_or(|named| named == client.id.to_string())
        && claims.aud == format!("{}/oauth/token", hub.settings().server.public_url)
        && (1..=MAX_ASSERTION_SECONDS.saturating_add(SKEW_SECONDS)).contains(&life)
        && claims.iat.is_none_or(|iat| iat <= now.seconds().saturating_add(SKEW_SECONDS))
        && (8..=128).contains(&claims.jti.len())
        && claims.jti.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(Proved { client, kid, jti: claims.jti }) } else { Err(bad_assertion()) }
}

fn issue(hub: &Hub, Proved { client, kid, .. }: Proved) -> Result<HttpResponse, Problem> {
    let lifetime = hub.settings().access.token_seconds;
    let (now, roles) = (hub.now().seconds(), Roles::from(client.roles));
    let scope = roles.to_string();
    let claims = Claims {
        iss: hub.settings().node.name.clone(),
        aud: hub.settings().server.public_url.clone(),
        sub: client.id,
        org: client.organisation,
        roles,
        client_kid: kid,
        iat: now,
        exp: now.saturating_add(lifetime),
    };
    let payload = serde_json::to_vec(&claims).map_err(|_ignored| unassembled())?;
    let token = crypto::sign_compact(&hub.keys().tokens, Typ::AccessToken, &payload)?;
    Ok(HttpResponse::Ok().json(TokenAnswer {
        access_token: token,
        token_type: "Bearer",
        expires_in: lifetime,
        scope,
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
    .with("error", "invalid_client")
}

fn bad_form() -> Problem {
    Problem::new(
        Code::new("token.request_malformed", Fault::Malformed),
        "Send a form with grant_type, client_assertion_type and client_assertion, each once.",
    )
    .with("error", "invalid_request")
}

fn unassembled() -> Problem {
    Problem::new(Code::new("api.unassembled", Fault::Internal), "The hub is not there.")
}
