//! Answers that travel packed, for pages on slow telephones.
//!
//! actix-web packs at its fastest, which leaves a third more on the wire than gzip's usual care, and a telephone far away waits longer for
//! that than a server works for it. Only what is there whole is packed; what streams stays as it is.
//!
//! Nothing that answers with a secret beside what somebody else could send may be packed: the length of such an answer tells what repeats in
//! it (BREACH). So it is said route by route.

use std::io::Write as _;

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, block},
};
use flate2::{Compression, write::GzEncoder};

/// What is longer is not held twice in memory.
const LONGEST: usize = 2 << 20;

/// What is longer is packed on a thread of its own: whoever else is answered by this one would wait for it.
const AT_ONCE: usize = 64 << 10;

/// Packs an answer as the client takes it. For [`from_fn`](actix_web::middleware::from_fn).
pub(crate) async fn packed<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_taken = takes_gzip(&request);
    let (request, answer) = next.call(request).await?.map_into_boxed_body().into_parts();
    let is_plain = !answer.headers().contains_key(header::CONTENT_ENCODING)
        && !matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !is_plain {
        return Ok(ServiceResponse::new(request, answer));
    }
    let (mut answer, body) = answer.into_parts();
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let body = match body.try_into_bytes() {
        Ok(bytes) if is_taken && bytes.len() <= LONGEST => match gzip(&bytes).await {
            Some(packed) => {
                answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                BoxBody::new(packed)
            }
            None => BoxBody::new(bytes),
        },
        Ok(bytes) => BoxBody::new(bytes),
        Err(body) => body,
    };
    Ok(ServiceResponse::new(request, answer.set_body(body)))
}

fn takes_gzip(request: &ServiceRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .ok()
        .and_then(|taken| taken.negotiate(supported.iter()))
        .is_some_and(|chosen| chosen == Encoding::Known(ContentEncoding::Gzip))
}

/// The same packed; nothing where that would be longer.
async fn gzip(bytes: &Bytes) -> Option<Bytes> {
    let packed = if bytes.len() <= AT_ONCE {
        smaller(bytes)?
    } else {
        let whole = bytes.clone();
        block(move || smaller(&whole)).await.ok()??
    };
    (packed.len() < bytes.len()).then(|| Bytes::from(packed))
}

fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::{App, HttpResponse, middleware::from_fn, test, web};
    use flate2::read::GzDecoder;

    use super::*;

    #[actix_web::test]
    async fn what_is_there_whole_is_packed_for_who_takes_that_and_stays_the_same() {
        let text = |sentences| "a sentence of the page. ".repeat(sentences);
        // One that is packed where it is made, and one that is packed elsewhere.
        let (long, longer) = (200, 2 * AT_ONCE / 24);
        let app = App::new().service(
            web::scope("")
                .wrap(from_fn(packed))
                .route("/long", web::get().to(move || async move { text(long) }))
                .route("/longer", web::get().to(move || async move { text(longer) }))
                .route("/short", web::get().to(|| async { "short" }))
                .route("/none", web::get().to(HttpResponse::NoContent))
                .route(
                    "/already",
                    web::get().to(|| async {
                        HttpResponse::Ok()
                            .insert_header((header::CONTENT_ENCODING, "br"))
                            .body("x".repeat(900))
                    }),
                ),
        );
        let app = test::init_service(app).await;
        for (path, takes, encoding) in [
            ("/long", "gzip, deflate, br", Some("gzip")),
            ("/long", "br, gzip;q=0.5", Some("gzip")),
            ("/longer", "gzip", Some("gzip")),
            ("/longer", "identity", None),
            ("/long", "gzip;q=0", None),
            ("/long", "br", None),
            ("/long", "", None),
            ("/short", "gzip", None),
            ("/none", "gzip", None),
            ("/already", "gzip", Some("br")),
        ] {
            let request = test::TestRequest::get().uri(path).insert_header((header::ACCEPT_ENCODING, takes));
            let answer = test::call_service(&app, request.to_request()).await;
            let told =
                answer.headers().get(header::CONTENT_ENCODING).map(|told| told.to_str().unwrap().to_owned());
            assert_eq!(told.as_deref(), encoding, "{path} for {takes}");
            let varies = answer.headers().get(header::VARY).is_some();
            assert_eq!(varies, matches!(path, "/long" | "/longer" | "/short"), "{path}");
            let bytes = test::read_body(answer).await;
            if path.starts_with("/long") {
                let mut read = String::new();
                match encoding {
                    Some(_) => drop(GzDecoder::new(&bytes[..]).read_to_string(&mut read).unwrap()),
                    None => read = String::from_utf8(bytes.to_vec()).unwrap(),
                }
                assert!(read == text(if path == "/long" { long } else { longer }), "{path} for {takes}");
            }
        }
    }
}
