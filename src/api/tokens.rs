//! `/oauth/token`: access tokens for machines, which prove themselves with a signed assertion (RFC 7523).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::{
    access::{Actor, Roles, Tx},
    crypto::{self, Kid, Typ},
    http::{Door, MAX_TOKEN, Problem, ProblemDocument, access_token, hub_of, request_id, unassembled},
    hub::{Caller, Failure, Hub},
    kernel::{Code, Coded, Fault, id::ClientId},
    members::{self, ClientView, MemberError},
    storage::StorageError,
};

const MAX_ASSERTION_SECONDS: i64 = 300;
const SKEW_SECONDS: i64 = 60;

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
    let roles = Roles::from(client.roles.clone());
    let scope = roles.to_string();
    let access_token = access_token(hub, (client.id, client.organisation, roles), kid)?;
    let expires_in = hub.settings().access.token_seconds;
    Ok(HttpResponse::Ok().json(TokenAnswer { access_token, token_type: "Bearer", expires_in, scope }))
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
