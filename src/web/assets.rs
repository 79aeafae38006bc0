//! Scripts and styles, as they were packed when this was built. A name carries a hash of the content, so what was fetched once is kept.

use std::{collections::BTreeMap, sync::LazyLock};

use actix_web::{HttpRequest, HttpResponse, http::header, web::Path};
use serde::Deserialize;

use crate::{
    http::Problem,
    kernel::{Code, Fault},
};

// `FILES`: what was packed, by name, in the order of the names.
include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// A packed file.
fn packed(name: &str) -> Option<&'static [u8]> {
    let place = FILES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    FILES.get(place).map(|(_, bytes)| *bytes)
}

/// What a source became.
#[derive(Deserialize)]
struct Entry {
    file: String,
}

static MANIFEST: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    packed("manifest.json").and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
});

/// The address of what a source, such as `css/app.css`, became; a test holds that all that pages name is there.
pub(super) fn address(source: &str) -> String {
    MANIFEST.get(source).map_or_else(String::new, |entry| format!("/assets/{}", entry.file))
}

/// Answers a packed file, compressed as the browser takes it.
pub(super) async fn file(name: Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let nothing = || Problem::new(Code::new("web.no_such_file", Fault::NotFound), "There is no such file.");
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "txt")) => "text/plain; charset=utf-8",
        Some(_) | None => return Err(nothing()),
    };
    let takes = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (found, encoding) = compressed(&name, takes.unwrap_or_default()).ok_or_else(nothing)?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "accept-encoding"));
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Ok(response.body(found))
}

/// The sign of the program in the tab of a browser: an envelope.
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 28 28\"><rect width=\"28\" height=\"28\" rx=\"6\" \
    fill=\"#0f5152\"/><path d=\"M6 9h16v11H6z\" fill=\"#fff\"/><path d=\"m6 9 8 6.5L22 9z\" fill=\"#ffcf5c\"/></svg>";

/// Answers it.
pub(super) async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(ICON)
}

/// What a browser asks for by itself where a page names no sign: on the person's pages, whose tab tells nothing.
pub(super) async fn no_icon() -> HttpResponse {
    HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "public, max-age=86400")).finish()
}

type Found = (&'static [u8], Option<&'static str>);

fn compressed(name: &str, takes: &str) -> Option<Found> {
    let takes = |coding: &str| {
        takes
            .split(',')
            .map(|part| part.split(';').map(str::trim))
            .any(|mut part| part.next() == Some(coding) && part.next() != Some("q=0"))
    };
    for (ending, coding) in [("br", "br"), ("gz", "gzip")] {
        if takes(coding)
            && let Some(bytes) = packed(&format!("{name}.{ending}"))
        {
            return Some((bytes, Some(coding)));
        }
    }
    Some((packed(name)?, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_the_browser_takes_is_sent() {
        let style = address("css/app.css");
        let name = style.strip_prefix("/assets/").unwrap();
        let coding = |takes| compressed(name, takes).unwrap().1;
        assert_eq!(coding("gzip, deflate, br"), Some("br"));
        assert_eq!(coding("gzip"), Some("gzip"));
        assert_eq!(coding("br;q=0, identity"), None);
        assert!(compressed("manifest.jso", "br").is_none());
    }
}
