//! What a browser shows while the hub cannot be reached: one page for everybody, which the worker of the pages keeps. It is asked for without a
//! cookie and holds nothing of anybody; what waits on the device its script reads there.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Path,
};
use askama::Template;

use super::{
    assets,
    frame::{Frame, page},
    script::script,
    words::{Language, Words},
};
use crate::http::{Problem, hub_of};

#[derive(Template)]
#[template(path = "offline.html")]
struct OfflinePage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
}

/// The page in a language.
pub(super) async fn show(language: Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let hub = hub_of(&request)?;
    let words = Words { language: Language::of_tag(&language).unwrap_or(Language::En) };
    let shown = OfflinePage {
        f: Frame::bare(words, words.t("offline-title"), &hub.settings().node.name, "/"),
        w: words,
        script: assets::Script::of("pages/offline.ts"),
        sentences: script(words, &[("waits", "compose-waits", &["service", "to", "moment"])]),
    };
    let mut response = page(StatusCode::OK, &shown)?;
    // The one page that may be kept.
    let kept = header::HeaderValue::from_static("no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}
