//! `/api/v1/services`: the referral directory.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{Asking, Body, Expected, Paging, Problem, ProblemDocument, Remembered, answer, reply::respond};
use crate::{
    access::Tx,
    directory::{
        self, DirectoryError, Intake, Link, LinkService, ListService, Service, SetAvailability,
        SetVisibility, Verification, Verified, Verify, Visibility,
        eligibility::{self, Facts},
        search::{Around, Results, Search, Term},
    },
    hub::{Remember, Reply},
    kernel::{
        id::ServiceId,
        page::{Asked, Cursor},
    },
    policy::ServiceCode,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    search,
    search_posted,
    find,
    list,
    set_availability,
    set_visibility,
    verify,
    verifications,
    link,
    unlink
))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/services", web::get().to(search))
        .route("/api/v1/services", web::post().to(list))
        .route("/api/v1/services/search", web::post().to(search_posted))
        .route("/api/v1/services/{service}", web::get().to(find))
        .route("/api/v1/services/{service}/availability", web::put().to(set_availability))
        .route("/api/v1/services/{service}/visibility", web::put().to(set_visibility))
        .route("/api/v1/services/{service}/verifications", web::post().to(verify))
        .route("/api/v1/services/{service}/verifications", web::get().to(verifications))
        .route("/api/v1/services/{service}/link", web::put().to(link))
        .route("/api/v1/services/{service}/link", web::delete().to(unlink));
}

/// Which terms count for one that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum TermMode {
    /// It alone.
    #[default]
    Exact,
    /// It and those below it.
    Descendants,
}

/// What to search for. Nothing about a person belongs here.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[schema(as = DirectoryQuery)]
struct Query {
    /// Words in names, provider, labels, description or their translations; accents, capitals and small mistakes do not matter.
    #[serde(default)]
    text: String,
    /// Latitude of a place in degrees; what is near it.
    lat: Option<f64>,
    /// Longitude of that place in degrees.
    lon: Option<f64>,
    /// How far from there, in metres; 50000 when left out.
    proximity: Option<f64>,
    /// A service code.
    #[param(value_type = Option<String>)]
    #[schema(value_type = Option<String>)]
    service: Option<ServiceCode>,
    /// Only what one can refer to through this hub.
    #[serde(default)]
    members_only: bool,
    /// Only what bears this taxonomy term.
    taxonomy_term: Option<Uuid>,
    /// `exact`, or `descendants` for the terms below it as well.
    taxonomy_term_mode: Option<TermMode>,
    /// Only where this language is spoken, BCP 47.
    #[param(max_length = 35)]
    #[schema(max_length = 35)]
    language: Option<String>,
    /// Count what was found by service code, taxonomy term and language, with the first page.
    #[serde(default)]
    facets: bool,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    #[schema(value_type = Option<String>)]
    after: Option<Cursor>,
}

impl Query {
    fn wanted(self, person: Option<Facts>) -> Result<(Search, Asked), Problem> {
        let around = Around::asked(self.lat, self.lon, self.proximity)?;
        let below = self.taxonomy_term_mode.unwrap_or_default() == TermMode::Descendants;
        let search = Search {
            text: self.text,
            service: self.service,
            members_only: self.members_only,
            around,
            term: self.taxonomy_term.map(|id| Term { id, below }),
            language: self.language,
            person,
            facets: self.facets,
        };
        Ok((search, Asked::new(self.limit, self.after)))
    }
}

/// The same for a person: what is shut to them is left out, and the rest says whether it is for them.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SearchFor {
    /// What to search for; everything when left out.
    query: Option<Query>,
    /// What the case worker chooses to say of the person. Judged and forgotten: it is kept nowhere.
    #[schema(value_type = Option<eligibility::Asked>)]
    person: Option<eligibility::Asked>,
}

/// Search the directory. Best first when words or a place are asked for, otherwise by name; when nothing is found, `nothing` says why.
#[utoipa::path(get, path = "/api/v1/services", tag = "Directory", params(Query),
    responses((status = 200, body = Results), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument)))]
async fn search(asking: Asking, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    found(asking, query.into_inner().wanted(None)?).await
}

/// Search the directory for a person, with the query in the body, where it stands in no address and no log. What is said of the person
/// is judged against the rules of each service and forgotten; a service is left out only when a rule of its own is against it.
#[utoipa::path(post, path = "/api/v1/services/search", tag = "Directory", request_body = SearchFor,
    responses((status = 200, body = Results), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument)))]
async fn search_posted(asking: Asking, body: Body<SearchFor>) -> Result<HttpResponse, Problem> {
    let SearchFor { query, person } = body.value;
    let today = asking.hub.now().datetime().date_naive();
    let person = person.map(|person| person.facts(today)).transpose().map_err(DirectoryError::from)?;
    found(asking, query.unwrap_or_default().wanted(person)?).await
}

async fn found(asking: Asking, (wanted, asked): (Search, Asked)) -> Result<HttpResponse, Problem> {
    let (actor, now) = (asking.caller.actor, asking.hub.now());
    let found =
        asking.hub.read(move |db| directory::search::search(db, &actor, &wanted, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// One service.
#[utoipa::path(get, path = "/api/v1/services/{service}", tag = "Directory", params(("service" = String, Path)),
    responses((status = 200, body = Service), (status = 404, body = ProblemDocument)))]
async fn find(asking: Asking, id: Path<ServiceId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let now = asking.hub.now();
    let service = asking.hub.read(move |db| directory::find_service(db, &actor, id, now)).await?;
    Ok(respond(&Reply::ok(&service)?.version(service.version)))
}

/// Enter a service that a member organisation offers for referral.
#[utoipa::path(post, path = "/api/v1/services", tag = "Directory", request_body = ListService,
    responses((status = 201, body = Service), (status = 422, body = ProblemDocument)))]
async fn list(asking: Asking, body: Body<ListService>) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let (policy, settings) = (asking.hub.policy(), asking.hub.settings().directory.clone());
    let outcome = asking.hub.answer("directory.list_service", &asking.caller, remember, move |tx| {
        let service = directory::list_service(tx, &command, (&policy, &settings))?;
        Ok::<_, DirectoryError>(Reply::created(&service)?.version(service.version))
    });
    answer(outcome.await)
}

/// Say whether a service takes people now, and until when that holds; afterwards it is unknown. For the provider and for those who keep the directory.
#[utoipa::path(put, path = "/api/v1/services/{service}/availability", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)), request_body = Intake,
    responses((status = 200, body = Service), (status = 400, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn set_availability(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    body: Body<Intake>,
) -> Result<HttpResponse, Problem> {
    let (said, remember) = body.into_parts();
    let command = SetAvailability { service: id.into_inner(), version: expected.0, said };
    let settings = asking.hub.settings().directory.clone();
    change(asking, remember, "directory.set_availability", move |tx| {
        directory::set_availability(tx, &command, &settings)
    })
    .await
}

/// Who may find a service.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct VisibilityNow {
    /// From now on.
    visibility: Visibility,
}

/// Say who may find a service. For those who keep the directory and for administrators of its provider.
#[utoipa::path(put, path = "/api/v1/services/{service}/visibility", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)), request_body = VisibilityNow,
    responses((status = 200, body = Service), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn set_visibility(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    body: Body<VisibilityNow>,
) -> Result<HttpResponse, Problem> {
    let (now, remember) = body.into_parts();
    let command = SetVisibility { service: id.into_inner(), version: expected.0, visibility: now.visibility };
    change(asking, remember, "directory.set_visibility", move |tx| directory::set_visibility(tx, &command))
        .await
}

/// Say how a service was verified, and what came of it: what is found closed is not offered any more. For the provider and for those who
/// keep the directory.
#[utoipa::path(post, path = "/api/v1/services/{service}/verifications", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)), request_body = Verified,
    responses((status = 200, body = Service), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn verify(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    body: Body<Verified>,
) -> Result<HttpResponse, Problem> {
    let (found, remember) = body.into_parts();
    let command = Verify { service: id.into_inner(), version: expected.0, found };
    let settings = asking.hub.settings().directory.clone();
    change(asking, remember, "directory.verify", move |tx| directory::verify(tx, &command, &settings)).await
}

/// How a service was verified so far, newest first. For the provider and for those who keep the directory.
#[utoipa::path(get, path = "/api/v1/services/{service}/verifications", tag = "Directory",
    params(("service" = String, Path), Paging),
    responses((status = 200, body = [Verification]), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn verifications(
    asking: Asking,
    id: Path<ServiceId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let (asked, now) = (paging.into_inner().asked(), asking.hub.now());
    let page = asking.hub.read(move |db| directory::verifications(db, &actor, (id, &asked), now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Say which member provides an imported service, and the code to refer with. For those who keep the directory.
#[utoipa::path(put, path = "/api/v1/services/{service}/link", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)), request_body = Link,
    responses((status = 200, body = Service), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn link(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    body: Body<Link>,
) -> Result<HttpResponse, Problem> {
    let (link, remember) = body.into_parts();
    let command = LinkService { service: id.into_inner(), version: expected.0, link: Some(link) };
    let policy = asking.hub.policy();
    change(asking, remember, "directory.link", move |tx| directory::link_service(tx, &command, &policy)).await
}

/// Take the link between a service and a member back.
#[utoipa::path(delete, path = "/api/v1/services/{service}/link", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Service), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn unlink(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let command = LinkService { service: id.into_inner(), version: expected.0, link: None };
    let policy = asking.hub.policy();
    change(asking, remembered.0, "directory.unlink", move |tx| directory::link_service(tx, &command, &policy))
        .await
}

/// Changes a service and answers it as it is now.
async fn change(
    asking: Asking,
    remember: Option<Remember>,
    name: &'static str,
    mut act: impl FnMut(&mut Tx<'_>) -> Result<Service, DirectoryError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let outcome = asking.hub.answer(name, &asking.caller, remember, move |tx| {
        let service = act(tx)?;
        Ok::<_, DirectoryError>(Reply::ok(&service)?.version(service.version))
    });
    answer(outcome.await)
}
