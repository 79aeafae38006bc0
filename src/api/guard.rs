//! What happens around every request: its id, its time limit, its headers, its place in the metrics.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use tracing::Instrument as _;

use super::Problem;
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
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Wraps the whole application.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(hub) = request.app_data::<web::Data<Hub>>().cloned() else {
        return Err(
            Problem::new(Code::new("api.unassembled", Fault::Internal), "The hub is not there.").into()
        );
    };
    let id = RequestId::new(hub.ids(), hub.now());
    request.extensions_mut().insert(id);
    let method = request.method().to_string();
    // The pattern, never the path: a path holds ids.
    let route = request.match_pattern().unwrap_or_else(|| String::from("none"));
    let span = tracing::info_span!("request", request.id = %id, method = %method, route = %route);
    let timer = hub.metrics().request_seconds.with_label_values(&[&route]).start_timer();
    let limit = Duration::from_secs(hub.settings().limits.request_seconds);
    let answered = tokio::time::timeout(limit, next.call(request).instrument(span.clone())).await;
    let Ok(answered) = answered else {
        let mut response = too_slow().respond(Some(id));
        finish(response.headers_mut(), id);
        note(&hub, &span, [&method, &route], response.status());
        return Err(InternalError::from_response("too slow", response).into());
    };
    let mut response = answered?.map_into_boxed_body();
    if let Some(error) = response.response().error() {
        let mended = refusal(error, id);
        let (request, _without_id) = response.into_parts();
        response = ServiceResponse::new(request, mended);
    }
    timer.observe_duration();
    finish(response.headers_mut(), id);
    note(&hub, &span, [&method, &route], response.status());
    Ok(response)
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

/// Our own problems with the request's id; a plain sentence in the place of actix's own errors, whose text may quote what the
/// caller sent.
fn refusal(error: &Error, id: RequestId) -> HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.respond(Some(id));
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
    Problem::new(code, sentence).respond(Some(id))
}
