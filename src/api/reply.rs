//! From a use case's reply to an HTTP response.

use actix_web::{HttpResponse, http::StatusCode, http::header};

use crate::{
    access::Tx,
    audit::{self, AuditError, Record},
    http::{Asking, Problem},
    hub::{Answer, Failure, Reply},
    kernel::Coded,
};

/// The response for what `hub.answer` gave.
pub(crate) fn answer<E: Coded>(outcome: Result<Answer, Failure<E>>) -> Result<HttpResponse, Problem> {
    let Answer { reply, replayed } = outcome?;
    let mut response = respond(&reply);
    if replayed {
        response.headers_mut().insert(
            header::HeaderName::from_static("idempotent-replayed"),
            header::HeaderValue::from_static("true"),
        );
    }
    Ok(response)
}

/// Leaves an entry about something that was read, before it is answered.
pub(super) async fn note_read(
    asking: &Asking,
    action: &'static str,
    object: &str,
) -> Result<(), Failure<AuditError>> {
    let object = object.to_owned();
    let noting = move |tx: &mut Tx<'_>| audit::record(tx, &Record::about(&object)).map(drop);
    asking.hub.write(action, &asking.caller, noting).await
}

/// The response for a read: 200 with its version, or 304 when the reader has it.
pub(super) fn respond(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(version) = &reply.etag {
        response.insert_header((header::ETAG, format!("\"{version}\"")));
    }
    if reply.body.is_null() { response.finish() } else { response.json(&reply.body) }
}
