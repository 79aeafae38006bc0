//! Scripts and styles, as they were packed when this was built. A name carries a hash of the content, so what was fetched once is kept.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use actix_web::{HttpRequest, HttpResponse, http::header, web::Path};
use serde::Deserialize;

use crate::{
    http::Problem,
    kernel::{Code, Fault, id::OrganisationId},
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
    /// The chunks that it brings along.
    imports: Vec<String>,
}

static MANIFEST: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    packed("manifest.json").and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
});

/// The address of what a source, such as `css/app.css`, became; a test holds that all that pages name is there.
pub(super) fn address(source: &str) -> String {
    MANIFEST.get(source).map_or_else(String::new, |entry| format!("/assets/{}", entry.file))
}

/// A script in the head of a page, with the files it brings along and the answers it will ask for: fetched at once, and not when the script is
/// there and runs. Far away each question takes its time.
pub(super) struct Script {
    entry: Option<&'static Entry>,
    asks: Vec<String>,
}

impl Script {
    /// What became of a source, such as `pages/letter.ts`.
    pub(super) fn of(source: &str) -> Self {
        Self { entry: MANIFEST.get(source), asks: Vec::new() }
    }

    /// With what every script with keys asks for that is about these organisations, word for word as it does: their keys, and whose key it is.
    pub(super) fn with_keys_of(mut self, organisations: impl IntoIterator<Item = OrganisationId>) -> Self {
        self.asks.push(String::from("/api/v1/custody"));
        let keys = organisations.into_iter();
        self.asks.extend(keys.map(|id| format!("/api/v1/organisations/{id}/keys?limit=200")));
        self
    }

    /// With another answer that it will ask for.
    pub(super) fn asking(mut self, path: &str) -> Self {
        self.asks.push(path.to_owned());
        self
    }
}

impl fmt::Display for Script {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Entry { file, imports }) = self.entry else { return Ok(()) };
        for chunk in imports {
            writeln!(out, "<link rel=\"modulepreload\" href=\"/assets/{chunk}\">")?;
        }
        write!(out, "<script type=\"module\" src=\"/assets/{file}\"></script>")?;
        for path in &self.asks {
            write!(out, "\n<link rel=\"preload\" as=\"fetch\" crossorigin href=\"{path}\">")?;
        }
        Ok(())
    }
}

/// Answers the worker that keeps files for when there is no network. A browser looks for another release of it with every page, and it names
/// the files of this one.
pub(super) async fn worker() -> Result<HttpResponse, Problem> {
    let script = packed("sw.js").ok_or_else(no_such_file)?;
    Ok(HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(script))
}

fn no_such_file() -> Problem {
    Problem::new(Code::new("web.no_such_file", Fault::NotFound), "There is no such file.")
}

/// Answers a packed file, compressed as the browser takes it.
pub(super) async fn file(name: Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "txt")) => "text/plain; charset=utf-8",
        Some(_) | None => return Err(no_such_file()),
    };
    let takes = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (found, encoding) = compressed(&name, takes.unwrap_or_default()).ok_or_else(no_such_file)?;
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
