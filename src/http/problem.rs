//! Problem documents (RFC 9457).

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use serde::Serialize;

use crate::kernel::{Code, Coded, Fault, id::RequestId};

/// A refusal on its way out: any room's error, seen as a code, a sentence and facts.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    facts: Option<serde_json::Map<String, serde_json::Value>>,
    retry_after: Option<u64>,
}

/// The document as it is sent, for the API's description. Some codes add members of their own, such as `denials`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// `urn:throughline:problem:` and the code.
    pub r#type: String,
    /// The kind of refusal in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence that says what is wrong and what to do.
    pub detail: String,
    /// The stable code, such as `referral.move_refused`.
    pub code: String,
    /// Id of the request: say it when you ask for help.
    pub request: String,
}

impl Problem {
    /// A problem of the entrance itself.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), facts: None, retry_after: None }
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<serde_json::Value>) -> Self {
        self.facts.get_or_insert_default().insert(member.to_owned(), value.into());
        self
    }

    /// What a person may read of it.
    pub fn sentence(&self) -> &str {
        &self.detail
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        status_of(self.code.fault())
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// A member that the document has beside the usual ones.
    pub fn member(&self, name: &str) -> Option<&serde_json::Value> {
        self.facts.as_ref()?.get(name)
    }
}

impl<E: Coded> From<E> for Problem {
    fn from(error: E) -> Self {
        let code = error.code();
        let detail = match code.fault() {
            Fault::Internal => {
                tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "a request failed inside");
                String::from(
                    "Something failed inside the hub. Nothing was changed; the request's id helps to find out why.",
                )
            }
            Fault::Unavailable => {
                tracing::warn!(error = %error, cause = ?std::error::Error::source(&error), "a request could not be served now");
                format!("{error}. Nothing was changed; try again in a moment.")
            }
            Fault::Unsure => {
                tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "nobody knows whether a request was done");
                format!("{error}.")
            }
            Fault::Malformed
            | Fault::Unauthenticated
            | Fault::Forbidden
            | Fault::NotFound
            | Fault::Conflict
            | Fault::Stale
            | Fault::TooLarge
            | Fault::Refused
            | Fault::TooMany => error.to_string(),
        };
        let retry_after =
            matches!(code.fault(), Fault::Unavailable | Fault::Unsure | Fault::TooMany).then_some(1);
        Self { code, detail, facts: error.facts(), retry_after }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

pub(super) fn status_of(fault: Fault) -> StatusCode {
    match fault {
        Fault::Malformed => StatusCode::BAD_REQUEST,
        Fault::Unauthenticated => StatusCode::UNAUTHORIZED,
        Fault::Forbidden => StatusCode::FORBIDDEN,
        Fault::NotFound => StatusCode::NOT_FOUND,
        Fault::Conflict => StatusCode::CONFLICT,
        Fault::Stale => StatusCode::PRECONDITION_FAILED,
        Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Fault::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Fault::Unavailable | Fault::Unsure => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title_of(fault: Fault) -> &'static str {
    match fault {
        Fault::Malformed => "The request is malformed",
        Fault::Unauthenticated => "Sign in first",
        Fault::Forbidden => "Not allowed",
        Fault::NotFound => "Nothing here",
        Fault::Conflict => "Something else happened first",
        Fault::Stale => "This is not the newest version any more",
        Fault::TooLarge => "Too large",
        Fault::Refused => "Refused by a rule",
        Fault::TooMany => "Too many requests",
        Fault::Unavailable => "Not now",
        Fault::Unsure => "Not known whether it was done",
        Fault::Internal => "A fault inside the hub",
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status_of(self.code.fault())
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(None)
    }
}

impl Problem {
    /// The response, with the request's id when it is known.
    pub(super) fn respond(&self, request: Option<RequestId>) -> HttpResponse {
        let fault = self.code.fault();
        let mut document = serde_json::Map::new();
        let mut put = |key: &str, value: serde_json::Value| document.insert(key.to_owned(), value);
        put("type", format!("urn:throughline:problem:{}", self.code).into());
        put("title", title_of(fault).into());
        put("status", status_of(fault).as_u16().into());
        put("detail", self.detail.clone().into());
        put("code", self.code.name().into());
        if let Some(request) = request {
            put("request", request.to_string().into());
        }
        for (key, value) in self.facts.iter().flatten() {
            put(key, value.clone());
        }
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if fault == Fault::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"throughline\""));
        }
        response.body(serde_json::Value::Object(document).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::AccessError;

    #[actix_web::test]
    async fn a_refusal_becomes_a_problem_document_with_its_code() {
        let response = Problem::from(AccessError::Unauthenticated).error_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["code"], "access.unauthenticated");
        assert_eq!(document["status"], 401);
    }
}
