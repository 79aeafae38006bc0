//! Who asks for a page rather than for a document.

use actix_web::{HttpResponse, dev::ServiceRequest, http::header};

use super::Problem;
use crate::{hub::Hub, kernel::id::RequestId};

/// Name of the cookie that keeps in which language pages are shown.
pub(crate) const LANGUAGE_COOKIE: &str = "throughline_language";

/// Where documents are; everything else is pages.
const DOCUMENTS: [&str; 7] =
    ["/api", "/federation", "/health", "/hsds", "/metrics", "/oauth", "/.well-known"];

/// How a refusal is shown as a page.
#[derive(Clone, Copy)]
pub struct Pages(pub fn(&Seeker, &Problem, RequestId) -> HttpResponse);

/// What a page about a refusal needs to know of who asked for what.
#[derive(Clone, Debug)]
pub struct Seeker {
    /// The path, without anything that was asked.
    pub path: String,
    /// Whether something was only to be read.
    pub is_reading: bool,
    /// The language that was chosen.
    pub language: Option<String>,
    /// The languages that the browser asks for.
    pub accepts: Option<String>,
    /// The name of the node.
    pub node: String,
}

impl Seeker {
    /// Whoever asks for a page; nothing where documents are.
    pub(super) fn of(request: &ServiceRequest, hub: &Hub) -> Option<Self> {
        let path = request.path();
        let is_document = DOCUMENTS.iter().any(|start| {
            path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if is_document {
            return None;
        }
        let accepts = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Some(Self {
            path: path.to_owned(),
            is_reading: request.method().is_safe(),
            language: request.cookie(LANGUAGE_COOKIE).map(|cookie| cookie.value().to_owned()),
            accepts: accepts.map(str::to_owned),
            node: hub.settings().node.name.clone(),
        })
    }
}
