//! `/api/v1/sessions`: where somebody is signed in, and ending that.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::Serialize;

use super::answer;
use crate::{
    http::{Asking, Problem, ProblemDocument, Remembered, session},
    hub::Reply,
    kernel::id::SessionId,
    members::{self, MemberError, SessionView},
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(list, end, end_others))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/sessions", web::get().to(list))
        .route("/api/v1/sessions", web::delete().to(end_others))
        .route("/api/v1/sessions/{session}", web::delete().to(end));
}

/// Your own sessions.
#[derive(Serialize, utoipa::ToSchema)]
struct Sessions {
    /// Those used last first, a hundred at most.
    #[schema(max_items = 100)]
    items: Vec<SessionView>,
}

/// Where you are signed in: since when, when it was last used, and which one asks. Nothing is kept of the browser or the address. For people.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "Sign in",
    responses((status = 200, body = Sessions), (status = 403, body = ProblemDocument)))]
async fn list(asking: Asking, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let items = session::own(&asking, &request).await?;
    Ok(HttpResponse::Ok().json(Sessions { items }))
}

/// End one of your sessions, at once.
#[utoipa::path(delete, path = "/api/v1/sessions/{session}", tag = "Sign in", params(("session" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn end(asking: Asking, id: Path<SessionId>, remembered: Remembered) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let outcome = asking.hub.answer("members.end_session", &asking.caller, remembered.0, move |tx| {
        members::end_session(tx, id)?;
        Ok::<_, MemberError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// End all of your sessions but the one that asks.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "Sign in",
    responses((status = 204), (status = 403, body = ProblemDocument)))]
async fn end_others(asking: Asking, request: HttpRequest) -> Result<HttpResponse, Problem> {
    session::end_others(&asking, &request).await?;
    Ok(HttpResponse::NoContent().finish())
}
