//! `/api/v1/directory`: what everybody may see of the directory, in the forms that others read. Open to everybody, as `/hsds` is, and the same for
//! everybody: points on a map, a table of who does what where, and a page to print.

use std::io;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header,
    web::{self, Bytes, ServiceConfig},
};
use futures_util::stream;
use serde::Deserialize;

use crate::{
    directory::{DirectoryError, Form, Portions, Publish, Sector, Tongue},
    http::{Asking, Problem, ProblemDocument},
    hub::Hub,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(places, who_does_what_where, page), components(schemas(SectorMode)))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/directory/places.geojson", web::get().to(places))
        .route("/api/v1/directory/3w.csv", web::get().to(who_does_what_where))
        .route("/api/v1/directory/page.html", web::get().to(page));
}

/// Which areas count for a sector that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum SectorMode {
    /// None: who asks for protection does not count child protection.
    #[default]
    Exact,
    /// Those below it.
    Descendants,
}

/// What is asked for. All of it must fit.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct PublishedAsked {
    /// Only places whose address names this country, province, region or town, or that lie in an area with this name or code; accents and
    /// capitals do not matter.
    #[param(max_length = 200)]
    area: Option<String>,
    /// Only services of this sector, such as `HEA` or `PRO-HTS`.
    #[param(max_length = 10)]
    sector: Option<String>,
    /// `exact`, or `descendants` for the areas below the sector as well.
    sector_mode: SectorMode,
}

impl PublishedAsked {
    fn publish(self, form: Form) -> Result<Publish, DirectoryError> {
        let sector = sector(self.sector.as_deref(), self.sector_mode)?;
        Ok(Publish { area: self.area, sector, ..Publish::all(form) })
    }
}

fn sector(code: Option<&str>, mode: SectorMode) -> Result<Option<Sector>, DirectoryError> {
    code.map(|code| Sector::asked(code, mode == SectorMode::Descendants)).transpose()
}

/// What is asked of a page. All of it must fit.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct PageAsked {
    /// Only places whose address names this country, province, region or town, or that lie in an area with this name or code; accents and
    /// capitals do not matter.
    #[param(max_length = 200)]
    area: Option<String>,
    /// Only services of this sector, such as `HEA` or `PRO-HTS`.
    #[param(max_length = 10)]
    sector: Option<String>,
    /// `exact`, or `descendants` for the areas below the sector as well.
    sector_mode: SectorMode,
    /// The language of texts, BCP 47. A text that there is none of in it is the original, and marked.
    #[param(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// Services at places with coordinates, as points on a map (RFC 7946).
#[utoipa::path(get, path = "/api/v1/directory/places.geojson", tag = "Directory", params(PublishedAsked),
    responses((status = 200, content_type = "application/geo+json", body = Object), (status = 400, body = ProblemDocument)))]
async fn places(asking: Asking, query: web::Query<PublishedAsked>) -> Result<HttpResponse, Problem> {
    let what = query.into_inner().publish(Form::GeoJson)?;
    Ok(file("application/geo+json", "attachment; filename=\"places.geojson\"")
        .streaming(streamed(asking.hub, what)))
}

/// Who does what where: a row for each service at a place, with HXL hashtags in the second line.
#[utoipa::path(get, path = "/api/v1/directory/3w.csv", tag = "Directory", params(PublishedAsked),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = ProblemDocument)))]
async fn who_does_what_where(
    asking: Asking,
    query: web::Query<PublishedAsked>,
) -> Result<HttpResponse, Problem> {
    let what = query.into_inner().publish(Form::WhoDoesWhatWhere)?;
    Ok(file("text/csv; charset=utf-8", "attachment; filename=\"3w.csv\"")
        .streaming(streamed(asking.hub, what)))
}

/// A page to print, by country, province and town, with opening hours, languages and how fresh each entry is; at most 5,000 places.
#[utoipa::path(get, path = "/api/v1/directory/page.html", tag = "Directory", params(PageAsked),
    responses((status = 200, content_type = "text/html", body = String), (status = 400, body = ProblemDocument),
        (status = 413, body = ProblemDocument)))]
async fn page(asking: Asking, query: web::Query<PageAsked>) -> Result<HttpResponse, Problem> {
    let PageAsked { area, sector, sector_mode, lang } = query.into_inner();
    let sector = self::sector(sector.as_deref(), sector_mode)?;
    let mut portions = Portions::of(Publish { form: Form::Print, area, sector, lang });
    let mut page = Vec::new();
    // Each portion is a reading of its own, so that nobody waits for a reader as long as a page takes.
    while !portions.is_through() {
        let (bytes, going) = next(&asking.hub, portions).await?;
        page.extend(bytes);
        portions = going;
    }
    Ok(file("text/html; charset=utf-8", "inline; filename=\"services.html\"")
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(page))
}

/// Nothing runs and nothing is fetched; the page brings its own style.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer that is the same for everybody, and that pages of other origins may read.
fn file(kind: &'static str, disposition: &'static str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CACHE_CONTROL, "no-cache"));
    response
}

/// Portions as the client takes them; a client that goes away ends the reading.
fn streamed(hub: web::Data<Hub>, what: Publish) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((hub, Portions::of(what)), |(hub, mut portions)| async move {
        while !portions.is_through() {
            // The answer has begun: all that can be done is to end it before its end.
            let read = next(&hub, portions).await;
            let (bytes, going) = read.map_err(|problem| io::Error::other(problem.to_string()))?;
            portions = going;
            if !bytes.is_empty() {
                return Ok(Some((Bytes::from(bytes), (hub, portions))));
            }
        }
        Ok(None)
    })
}

async fn next(hub: &Hub, mut portions: Portions) -> Result<(Vec<u8>, Portions), Problem> {
    let now = hub.now();
    let read = hub.read::<_, DirectoryError>(move |db| Ok((portions.next(db, now)?, portions))).await;
    read.map_err(Problem::from)
}
