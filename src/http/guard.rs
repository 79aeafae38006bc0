//! What happens around every request: its id, its time limit, its headers, its place in the metrics.

use std::{future::Future, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use tracing::Instrument as _;

use super::{
    Problem,
    door::Door,
    pages::{Pages, Seeker},
};
use crate::{
    hub::Hub,
    kernel::{Code, Fault, id::RequestId},
};

const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types hub",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Wraps the whole application.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (Some(hub), Some(door)) =
        (request.app_data::<web::Data<Hub>>().cloned(), request.app_data::<web::Data<Door>>().cloned())
    else {
        return Err(
            Problem::new(Code::new("api.unassembled", Fault::Internal), "The hub is not there.").into()
        );
    };
    let id = RequestId::new(hub.ids(), hub.now());
    request.extensions_mut().insert(id);
    let method = method_label(request.method());
    // The pattern, never the path: a path holds ids.
    let route = request.match_pattern().unwrap_or_else(|| String::from("none"));
    let span = tracing::info_span!("request", request.id = %id, method, route = %route);
    // Taken now: the request is gone when it was refused.
    let seeker = request.app_data::<web::Data<Pages>>().cloned().zip(Seeker::of(&request, &hub));
    let timer = hub.metrics().request_seconds.with_label_values(&[&route]).start_timer();
    let answered = match door.admit(&request, hub.now()) {
        Ok(()) => within_the_limit(&hub, next.call(request).instrument(span.clone())).await,
        Err(problem) => Ok(request.into_response(refused(&problem, id, seeker.as_ref()))),
    };
    let mut response = match answered {
        Ok(response) => mended(response, id, seeker.as_ref()),
        Err(error) => {
            let mut response = refusal(&error, id, seeker.as_ref());
            finish(response.headers_mut(), id);
            note(&hub, &span, [method, &route], response.status());
            return Err(InternalError::from_response("refused", response).into());
        }
    };
    timer.observe_duration();
    finish(response.headers_mut(), id);
    note(&hub, &span, [method, &route], response.status());
    Ok(response)
}

/// What was answered, unless the time was up before.
async fn within_the_limit<B: MessageBody + 'static>(
    hub: &Hub,
    answering: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let limit = Duration::from_secs(hub.settings().limits.request_seconds);
    match tokio::time::timeout(limit, answering).await {
        Ok(answered) => answered.map(ServiceResponse::map_into_boxed_body),
        Err(_elapsed) => Err(too_slow().into()),
    }
}

type Seeking = (web::Data<Pages>, Seeker);

fn mended(
    response: ServiceResponse<BoxBody>,
    id: RequestId,
    seeker: Option<&Seeking>,
) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let mut mended = refusal(error, id, seeker);
    let (request, without_id) = response.into_parts();
    // Who may read answers from another origin may read why there is none.
    if let Some(origins) = without_id.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        mended.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origins.clone());
    }
    ServiceResponse::new(request, mended)
}

/// Methods by name, and one word for all that anybody may invent: each label is kept for as long as the process runs.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The answer's place in metrics and log.
fn note(hub: &Hub, span: &tracing::Span, [method, route]: [&str; 2], status: StatusCode) {
    hub.metrics().requests.with_label_values(&[method, route, status.as_str()]).inc();
    span.in_scope(|| tracing::info!(status = status.as_u16(), "answered"));
}

/// The headers that every answer has.
fn finish(headers: &mut HeaderMap, id: RequestId) {
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

fn too_slow() -> Problem {
    Problem::new(
        Code::new("api.too_slow", Fault::Unavailable),
        "The request took too long and was given up. Ask again with the same Idempotency-Key to learn whether it was done.",
    )
}

/// A refusal as whoever asked reads it: a page for a person, otherwise a problem document.
fn refused(problem: &Problem, id: RequestId, seeker: Option<&Seeking>) -> HttpResponse {
    match seeker {
        Some((pages, seeker)) => (pages.0)(seeker, problem, id),
        None => problem.respond(Some(id)),
    }
}

/// Our own problems with the request's id; a plain sentence in the place of actix's own errors, whose text may quote what the
/// caller sent.
fn refusal(error: &Error, id: RequestId, seeker: Option<&Seeking>) -> HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return refused(problem, id, seeker);
    }
    let status = error.as_response_error().status_code();
    let (code, sentence) = match status.as_u16() {
        404 => (
            Code::new("api.no_such_thing", Fault::NotFound),
            "There is nothing at this address; the path may hold a malformed id.",
        ),
        405 => (
            Code::new("api.no_such_method", Fault::Malformed),
            "This address does not take this method; see /api/openapi.json.",
        ),
        413 => {
            (Code::new("api.body_too_large", Fault::TooLarge), "The body is larger than this address takes.")
        }
        400..=499 => (
            Code::new("api.malformed", Fault::Malformed),
            "The path, the query or the form does not fit; see /api/openapi.json.",
        ),
        _ => (Code::new("api.internal", Fault::Internal), "Something failed inside the hub."),
    };
    refused(&Problem::new(code, sentence), id, seeker)
}
