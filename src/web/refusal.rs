//! A refusal as a page: what happened, what is kept, what to do.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;

use super::{frame::Frame, language, words::Words};
use crate::{
    http::{Problem, Seeker},
    kernel::{Fault, id::RequestId},
};

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page<'a> {
    f: Frame,
    w: Words,
    heading: String,
    what: String,
    advice: String,
    code: &'a str,
    request: String,
    again: bool,
}

/// The page for a refusal; to sign in where that is missing.
pub fn page(seeker: &Seeker, problem: &Problem, request: RequestId) -> HttpResponse {
    let fault = problem.code().fault();
    if fault == Fault::Unauthenticated {
        let then = if seeker.is_reading { seeker.path.as_str() } else { "/" };
        let then: String = form_urlencoded::byte_serialize(then.as_bytes()).collect();
        return HttpResponse::SeeOther()
            .insert_header((header::LOCATION, format!("/sign-in?then={then}")))
            .finish();
    }
    if problem.code().name() == "access.second_step_required" {
        return HttpResponse::SeeOther().insert_header((header::LOCATION, "/account/second-step")).finish();
    }
    let words = Words { language: language::of(seeker.language.as_deref(), seeker.accepts.as_deref()) };
    let kind = kind(fault);
    let frame = Frame::bare(words, words.word("refusal", kind), &seeker.node, &seeker.path).with_error();
    let page = Page {
        w: words,
        heading: words.word("refusal", kind),
        what: words.word("refusal-what", kind),
        advice: words.word("refusal-advice", kind),
        code: problem.code().name(),
        request: request.to_string(),
        again: seeker.is_reading
            && matches!(fault, Fault::Unavailable | Fault::TooMany | Fault::Internal | Fault::Unsure),
        f: frame,
    };
    let status = problem.status();
    let html = page.render().unwrap_or_else(|_unlikely| problem.code().name().to_owned());
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    response.content_type("text/html; charset=utf-8").body(html)
}

const fn kind(fault: Fault) -> &'static str {
    match fault {
        Fault::Malformed | Fault::Refused | Fault::Unauthenticated => "refused",
        Fault::Forbidden => "forbidden",
        Fault::NotFound => "not-found",
        Fault::Conflict | Fault::Stale => "conflict",
        Fault::TooLarge => "too-large",
        Fault::TooMany => "too-many",
        Fault::Unavailable => "unavailable",
        Fault::Unsure => "unsure",
        Fault::Internal => "internal",
    }
}
