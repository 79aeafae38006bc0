//! What happens around every request: its id, its time limit, its headers, its place in the metrics.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
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
    let kept = request.request().clone();
    let outcome = tokio::time::timeout(limit, next.call(request).instrument(span.clone())).await;
    let mut response = match outcome {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => ServiceResponse::new(kept, refusal(&error)),
        Err(_elapsed) => {
            let problem = Problem::new(
                Code::new("api.too_slow", Fault::Unavailable),
                "The request took too long and was given up. Ask again with the same Idempotency-Key to learn whether it was done.",
            );
            ServiceResponse::new(kept, problem.error_response())
        }
    };
    timer.observe_duration();
    let status = response.status().as_u16();
    hub.metrics().requests.with_label_values(&[&method, &route, &status.to_string()]).inc();
    span.in_scope(|| tracing::info!(status, "answered"));
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}

/// Our own problems as they are; actix's errors, whose text may quote what the caller sent, as a plain sentence.
fn refusal(error: &Error) -> actix_web::HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.error_response();
    }
    let status = error.as_response_error().status_code();
    let (code, sentence) = match status.as_u16() {
        404 => (
            Code::new("api.no_such_route", Fault::NotFound),
            "There is nothing at this address; see /api for what there is.",
        ),
        405 => (
            Code::new("api.no_such_method", Fault::Malformed),
            "This address does not take this method; see /api.",
        ),
        413 => {
            (Code::new("api.body_too_large", Fault::TooLarge), "The body is larger than this address takes.")
        }
        400..=499 => (
            Code::new("api.malformed", Fault::Malformed),
            "The path or the query does not fit; see /api for what it should be.",
        ),
        _ => (Code::new("api.internal", Fault::Internal), "Something failed inside the hub."),
    };
    Problem::new(code, sentence).error_response()
}
