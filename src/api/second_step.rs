//! `/api/v1/second-step`: the second step of signing in, of whoever asks.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::Deserialize;

use crate::{
    access::Tx,
    factors::{self, AddPasskey, AddedPasskey, AppCode, AppSecret, RecoveryCodes, SecondStep},
    http::{Asking, Body, Door, Problem, ProblemDocument, session},
    kernel::Secret,
    members::MemberError,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    standing,
    begin_app,
    confirm_app,
    new_recovery_codes,
    begin_passkey,
    add_passkey,
    remove_passkey,
    turn_off
))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/second-step", web::get().to(standing))
        .route("/api/v1/second-step/app", web::post().to(begin_app))
        .route("/api/v1/second-step/app/confirmation", web::post().to(confirm_app))
        .route("/api/v1/second-step/passkeys/question", web::post().to(begin_passkey))
        .route("/api/v1/second-step/passkeys", web::post().to(add_passkey))
        .route("/api/v1/second-step/passkeys/{passkey}/removal", web::post().to(remove_passkey))
        .route("/api/v1/second-step/recovery-codes", web::post().to(new_recovery_codes))
        .route("/api/v1/second-step/removal", web::post().to(turn_off));
}

/// One's passphrase, once more.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct OnceMore {
    /// The passphrase.
    #[schema(value_type = String, max_length = 256)]
    passphrase: Secret<String>,
}

/// How it stands with your second step. For people who signed in.
#[utoipa::path(get, path = "/api/v1/second-step", tag = "Sign in",
    responses((status = 200, body = SecondStep), (status = 403, body = ProblemDocument)))]
async fn standing(asking: Asking) -> Result<HttpResponse, Problem> {
    let actor = asking.caller.actor;
    let standing = asking.hub.read(move |db| factors::standing(db, &actor)).await?;
    Ok(HttpResponse::Ok().json(standing))
}

/// Begin with an app (RFC 6238): the answer holds what it is given. It counts once a code was confirmed, within the hour; asked again before, there
/// is a new secret. A wrong passphrase counts as a wrong try to sign in does.
#[utoipa::path(post, path = "/api/v1/second-step/app", tag = "Sign in", request_body = OnceMore,
    responses((status = 201, body = AppSecret), (status = 401, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn begin_app(
    asking: Asking,
    door: web::Data<Door>,
    body: Body<OnceMore>,
) -> Result<HttpResponse, Problem> {
    // Not remembered: the answer holds a secret, and secrets are not stored.
    let (command, _never_remembered) = body.into_parts();
    Ok(HttpResponse::Created().json(session::begin_app(&asking, &door, command.passphrase).await?))
}

/// Confirm the app with a code it shows. From now on signing in asks for one; your other sessions end. The answer holds ten recovery codes, once.
#[utoipa::path(post, path = "/api/v1/second-step/app/confirmation", tag = "Sign in", request_body = AppCode,
    responses((status = 200, body = RecoveryCodes), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn confirm_app(
    asking: Asking,
    request: HttpRequest,
    body: Body<AppCode>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    Ok(HttpResponse::Ok().json(session::confirm_app(&asking, &request, command).await?))
}

/// What a browser is asked in order to make a passkey (WebAuthn): the answer holds `publicKey`, for five minutes. A wrong passphrase counts as a
/// wrong try to sign in does.
#[utoipa::path(post, path = "/api/v1/second-step/passkeys/question", tag = "Sign in", request_body = OnceMore,
    responses((status = 200, description = "PublicKeyCredentialCreationOptionsJSON under publicKey"), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn begin_passkey(
    asking: Asking,
    door: web::Data<Door>,
    body: Body<OnceMore>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    Ok(HttpResponse::Ok().json(session::begin_passkey(&asking, &door, command.passphrase).await?))
}

/// Add the passkey that the browser made. From now on signing in on the pages asks for it, and over the API for a code; your other sessions end.
/// Where there was no second step before, the answer holds ten recovery codes, once.
#[utoipa::path(post, path = "/api/v1/second-step/passkeys", tag = "Sign in", request_body = AddPasskey,
    responses((status = 201, body = AddedPasskey), (status = 422, body = ProblemDocument)))]
async fn add_passkey(
    asking: Asking,
    request: HttpRequest,
    body: Body<AddPasskey>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    Ok(HttpResponse::Created().json(session::add_passkey(&asking, &request, command).await?))
}

/// Take one of your passkeys away; with the last, where there is no app, the second step is off. A wrong passphrase counts as a wrong try to sign in does.
#[utoipa::path(post, path = "/api/v1/second-step/passkeys/{passkey}/removal", tag = "Sign in", request_body = OnceMore,
    params(("passkey" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn remove_passkey(
    asking: Asking,
    door: web::Data<Door>,
    id: Path<String>,
    body: Body<OnceMore>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    session::remove_passkey(&asking, &door, (&id, command.passphrase)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Make new recovery codes; the old ones open nothing any more. A wrong passphrase counts as a wrong try to sign in does.
#[utoipa::path(post, path = "/api/v1/second-step/recovery-codes", tag = "Sign in", request_body = OnceMore,
    responses((status = 200, body = RecoveryCodes), (status = 401, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn new_recovery_codes(
    asking: Asking,
    door: web::Data<Door>,
    body: Body<OnceMore>,
) -> Result<HttpResponse, Problem> {
    let ((command, _never_remembered), key) = (body.into_parts(), asking.hub.keys().factors());
    let making = move |tx: &mut Tx<'_>| Ok::<_, MemberError>(factors::new_recovery_codes(tx, &key)?);
    let asked = ("factors.new_recovery_codes", command.passphrase);
    Ok(HttpResponse::Ok().json(session::confirmed(&asking, &door, asked, making).await?))
}

/// Turn the second step off. A wrong passphrase counts as a wrong try to sign in does.
#[utoipa::path(post, path = "/api/v1/second-step/removal", tag = "Sign in", request_body = OnceMore,
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn turn_off(
    asking: Asking,
    door: web::Data<Door>,
    body: Body<OnceMore>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    let turning = |tx: &mut Tx<'_>| Ok::<_, MemberError>(factors::turn_off(tx)?);
    session::confirmed(&asking, &door, ("factors.turn_off", command.passphrase), turning).await?;
    Ok(HttpResponse::NoContent().finish())
}
