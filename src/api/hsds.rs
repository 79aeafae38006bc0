//! `/hsds`: the directory as Open Referral's Human Services Data Specification 3.1 has it, open to everybody for what is public.
//!
//! What the standard leaves open is settled so: the first page is 1; a page holds 50 entries, 1 to 100 when asked for; behind the last page
//! there are empty ones; everything stands in the order in which it came in, so that turning pages shows each entry once while others
//! are added; a parameter that is not known is refused; `top_only` means terms without a term above them; errors are problem documents.
//! A query can be sent as the JSON body of a POST as well, where it stands in no address and no log.

use std::{collections::VecDeque, io, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::{Compress, DefaultHeaders},
    web::{self, Bytes, Path, ServiceConfig},
};
use chrono::NaiveDate;
use futures_util::stream;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::Value;
use uuid::Uuid;

use super::routes::nothing_here;
use crate::{
    access::AccessError,
    directory::{
        self, Availability, Depth, DirectoryError, Kind, Tongue,
        areas::{AreaMode, InArea},
        eligibility::{self, Facts},
        hours::When,
        list::{MOST_PER_PAGE, Narrowed, NumberedPage, PER_PAGE, Shown},
        search::{Around, Search, Term, TermMode},
    },
    http::{Asking, Body, Door, Problem, ProblemDocument},
    hub::Hub,
    kernel::{Code, Digest, Fault, Timestamp},
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    about,
    profile,
    profile_file,
    services,
    services_posted,
    service,
    organizations,
    organizations_posted,
    organization,
    places,
    places_posted,
    place,
    agreements,
    agreements_posted,
    agreement,
    taxonomies,
    taxonomies_posted,
    taxonomy,
    terms,
    terms_posted,
    term
))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    // Whoever may not look here from another origin has to be told so from another origin.
    let readable = DefaultHeaders::new()
        .add((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .add((header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag"));
    let hsds = web::scope("/hsds")
        .route("", web::get().to(about))
        // Who joins the address with a path that begins with nothing asks so.
        .route("/", web::get().to(about))
        .route("/profile", web::get().to(profile))
        .route("/profile/{file}", web::get().to(profile_file))
        .route("/services", web::get().to(services))
        .route("/services", web::post().to(services_posted))
        .route("/services/{id}", web::get().to(service))
        .route("/organizations", web::get().to(organizations))
        .route("/organizations", web::post().to(organizations_posted))
        .route("/organizations/{id}", web::get().to(organization))
        .route("/service_at_locations", web::get().to(places))
        .route("/service_at_locations", web::post().to(places_posted))
        .route("/service_at_locations/{id}", web::get().to(place))
        .route("/agreements", web::get().to(agreements))
        .route("/agreements", web::post().to(agreements_posted))
        .route("/agreements/{id}", web::get().to(agreement))
        .route("/taxonomies", web::get().to(taxonomies))
        .route("/taxonomies", web::post().to(taxonomies_posted))
        .route("/taxonomies/{id}", web::get().to(taxonomy))
        .route("/taxonomy_terms", web::get().to(terms))
        .route("/taxonomy_terms", web::post().to(terms_posted))
        .route("/taxonomy_terms/{id}", web::get().to(term))
        .default_service(web::to(otherwise));
    // There is nothing secret in an answer beside what somebody sent, so its length tells nothing (BREACH).
    config.service(hsds.wrap(Compress::default()).wrap(readable));
}

/// Lets pages of other origins send a query as JSON. They read what is public: no token and no cookie of theirs is taken. Nothing else that
/// has no route above is here.
async fn otherwise(request: HttpRequest) -> Result<HttpResponse, Problem> {
    if request.method() != Method::OPTIONS {
        return nothing_here().await;
    }
    Ok(HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, If-None-Match"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish())
}

/// How a list comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A page.
    #[default]
    Json,
    /// Everything, one object on each line.
    Ndjson,
}

/// Whether a service takes people: the codes of FHIR's SDOH Clinical Care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
enum IntakeStatus {
    /// It does.
    Capacity,
    /// Nobody, and there is no waiting list.
    NoCapacity,
    /// It has a waiting list.
    Waitlist,
    /// After an assessment of its own.
    AdditionalAssessmentRequired,
}

impl IntakeStatus {
    const fn availability(self) -> Availability {
        match self {
            Self::Capacity => Availability::Open,
            Self::NoCapacity => Availability::Full,
            Self::Waitlist => Availability::Waitlist,
            Self::AdditionalAssessmentRequired => Availability::Assessment,
        }
    }
}

/// Words in a body, or one of them in an address, where none of them may stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    Many(Vec<String>),
}

impl From<Several> for Vec<String> {
    fn from(several: Several) -> Self {
        match several {
            Several::One(word) => vec![word],
            Several::Many(words) => words,
        }
    }
}

/// What is asked of a list of services or of services at locations. All of it must fit.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct ServicesAsked {
    /// Words in names, provider, labels or description of the service; accents, capitals and small mistakes do not matter.
    search: String,
    /// Latitude of a place in degrees; what is near it.
    lat: Option<f64>,
    /// Longitude of that place in degrees.
    lon: Option<f64>,
    /// How far from there, in metres; 50000 when left out.
    proximity: Option<f64>,
    /// The code of an area; what serves it, or is in it.
    #[param(max_length = 60)]
    #[schema(max_length = 60)]
    area: Option<String>,
    /// `serves`, or `located` for what is in the area.
    area_mode: AreaMode,
    /// Where this language is spoken, BCP 47.
    #[param(max_length = 35)]
    #[schema(max_length = 35)]
    language: Option<String>,
    /// What is not closed then: as the clock at the place shows it, `2026-03-02T09:30`, or a moment with an offset.
    #[param(max_length = 40)]
    #[schema(max_length = 40)]
    open_at: Option<String>,
    /// What takes people in this way at present.
    intake_status: Option<IntakeStatus>,
    /// What was verified then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_since: Option<Timestamp>,
    /// What is not shut to somebody of so many completed years; only in the body of a POST.
    #[param(ignore)]
    age: Option<u32>,
    /// What is not shut to a person of this sex; only in the body of a POST.
    #[param(ignore)]
    #[schema(max_length = 64)]
    sex: Option<String>,
    /// What is not shut to a person of these population groups, such as `PG04`; only in the body of a POST.
    #[param(ignore)]
    #[schema(value_type = Option<Vec<String>>, max_items = 32)]
    population: Option<Several>,
    /// What is not shut to a person of these nationalities, ISO 3166-1 alpha-2; only in the body of a POST.
    #[param(ignore)]
    #[schema(value_type = Option<Vec<String>>, max_items = 32)]
    nationality: Option<Several>,
    /// What is not shut to a person of this migration status; only in the body of a POST.
    #[param(ignore)]
    #[schema(value_type = Option<Vec<String>>, max_items = 32)]
    status: Option<Several>,
    /// Which page; the first is 1.
    page: Option<u32>,
    /// How many on a page, 1 to 100; 50 when left out.
    per_page: Option<u32>,
    /// `json`, or `ndjson` for everything without pages.
    format: Format,
    /// HSDS knows it, this node does not.
    #[param(ignore)]
    #[schema(ignore)]
    #[serde(deserialize_with = "anything")]
    postcode: bool,
    /// What bears this term.
    taxonomy_term_id: Option<Uuid>,
    /// `exact`, or `descendants` for the terms below it as well.
    taxonomy_term_mode: TermMode,
    /// What bears any term of this taxonomy.
    taxonomy_id: Option<Uuid>,
    /// What this organisation offers.
    organization_id: Option<Uuid>,
    /// What this agreement covers; for members.
    agreement_id: Option<Uuid>,
    /// What changed then or later, itself or something nested in it.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    modified_after: Option<Timestamp>,
    /// Only ids and when they last changed; for services.
    minimal: bool,
    /// Everything nested.
    full: bool,
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    #[schema(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of a list of organisations.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct OrganizationsAsked {
    /// Words in the organisation's name or description.
    search: String,
    /// Which page; the first is 1.
    page: Option<u32>,
    /// How many on a page, 1 to 100; 50 when left out.
    per_page: Option<u32>,
    /// `json`, or `ndjson` for everything without pages.
    format: Format,
    /// Organisations with a service that bears this term.
    taxonomy_term_id: Option<Uuid>,
    /// Organisations with a service that bears any term of this taxonomy.
    taxonomy_id: Option<Uuid>,
    /// Organisations that this agreement binds; for members.
    agreement_id: Option<Uuid>,
    /// Everything nested; of services what they are called.
    full: bool,
    /// Everything nested, services too.
    full_service: bool,
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    #[schema(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of a list of taxonomies.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct TaxonomiesAsked {
    /// Words in name or description.
    search: String,
    /// Which page; the first is 1.
    page: Option<u32>,
    /// How many on a page, 1 to 100; 50 when left out.
    per_page: Option<u32>,
    /// `json`, or `ndjson` for everything without pages.
    format: Format,
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    #[schema(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of a list of terms.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct TermsAsked {
    /// Words in name or description.
    search: String,
    /// Which page; the first is 1.
    page: Option<u32>,
    /// How many on a page, 1 to 100; 50 when left out.
    per_page: Option<u32>,
    /// `json`, or `ndjson` for everything without pages.
    format: Format,
    /// Terms of this taxonomy.
    taxonomy_id: Option<Uuid>,
    /// Terms under this one.
    parent_id: Option<Uuid>,
    /// Terms without one above them.
    top_only: bool,
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    #[schema(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of one organisation.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct OrganizationAsked {
    /// Its services with everything, not only what they are called.
    full_service: bool,
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of a list of agreements.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct AgreementsAsked {
    /// Words in the title.
    search: String,
    /// Which page; the first is 1.
    page: Option<u32>,
    /// How many on a page, 1 to 100; 50 when left out.
    per_page: Option<u32>,
    /// `json`, or `ndjson` for everything without pages.
    format: Format,
    /// With the parties and the services in scope.
    full: bool,
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    #[schema(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of any other document.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct DocumentAsked {
    /// The language of texts, BCP 47; `texts` of each object says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// What is asked of a list, whatever it holds.
struct List {
    kind: Kind,
    narrowed: Narrowed,
    shown: Shown,
    format: Format,
    page: u32,
    per_page: u32,
}

impl List {
    fn new(
        kind: Kind,
        (narrowed, shown): (Narrowed, Shown),
        format: Format,
        (page, per_page): (Option<u32>, Option<u32>),
    ) -> Result<Self, Problem> {
        let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(PER_PAGE));
        if page == 0 || !(1..=MOST_PER_PAGE).contains(&per_page) {
            return Err(Problem::new(
                Code::new("hsds.page", Fault::Malformed),
                format!("The first page is 1, and a page holds 1 to {MOST_PER_PAGE} entries."),
            ));
        }
        Ok(Self { kind, narrowed, shown, format, page, per_page })
    }

    /// Refuses what must not stand in an address.
    fn addressed(self) -> Result<Self, Problem> {
        if self.narrowed.search.person.is_some() {
            return Err(Problem::new(
                Code::new("hsds.person", Fault::Malformed),
                "Nothing about a person stands in an address, because addresses are logged on their way; send it in the body of a POST.",
            ));
        }
        Ok(self)
    }
}

const fn depth(full: bool) -> Shown {
    Shown::Document(if full { Depth::Full } else { Depth::Listed })
}

/// What has these words.
fn worded(text: String) -> Search {
    Search { text, ..Search::everything() }
}

/// Whether something was said, whatever it is.
fn anything<'de, D: Deserializer<'de>>(said: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(said).map(|_| true)
}

impl ServicesAsked {
    /// Takes out what is said of a person.
    fn person(&mut self) -> Result<Option<Facts>, DirectoryError> {
        let said = eligibility::Asked {
            age: self.age.take(),
            sex: self.sex.take(),
            population: self.population.take().map(Vec::from),
            nationality: self.nationality.take().map(Vec::from),
            migration_status: self.status.take().map(Vec::from),
            ..eligibility::Asked::default()
        };
        if said == eligibility::Asked::default() {
            return Ok(None);
        }
        // Nothing of it counts from a day.
        Ok(Some(said.facts(NaiveDate::default())?))
    }

    fn list(mut self, kind: Kind) -> Result<List, Problem> {
        if self.postcode {
            return Err(Problem::new(
                Code::new("hsds.postcode", Fault::Malformed),
                "This node has no table of postal codes, so nothing can be asked by postcode; give lat and lon, and proximity in metres, or the \
                 code of an area.",
            ));
        }
        let person = self.person()?;
        let below = self.taxonomy_term_mode == TermMode::Descendants;
        let open_at =
            self.open_at.map(|text| text.parse::<When>().map_err(DirectoryError::BadMoment)).transpose()?;
        let search = Search {
            text: self.search,
            term: self.taxonomy_term_id.map(|id| Term { id, below }),
            language: self.language,
            open_at,
            availability: self.intake_status.map(IntakeStatus::availability),
            verified_since: self.verified_since,
            person,
            around: Around::asked(self.lat, self.lon, self.proximity)?,
            area: self.area.map(|code| InArea { code, mode: self.area_mode }),
            agreement: self.agreement_id,
            ..Search::everything()
        };
        let narrowed = Narrowed {
            search,
            organization: self.organization_id,
            taxonomy: self.taxonomy_id,
            modified_after: self.modified_after,
            lang: self.lang,
            ..Narrowed::default()
        };
        let shown = if self.minimal && kind == Kind::Service { Shown::Minimal } else { depth(self.full) };
        List::new(kind, (narrowed, shown), self.format, (self.page, self.per_page))
    }
}

impl OrganizationsAsked {
    fn list(self) -> Result<List, Problem> {
        let narrowed = Narrowed {
            search: Search { agreement: self.agreement_id, ..worded(self.search) },
            term: self.taxonomy_term_id,
            taxonomy: self.taxonomy_id,
            lang: self.lang,
            ..Narrowed::default()
        };
        let shown = if self.full_service { Shown::Document(Depth::WithServices) } else { depth(self.full) };
        List::new(Kind::Organization, (narrowed, shown), self.format, (self.page, self.per_page))
    }
}

impl AgreementsAsked {
    fn list(self) -> Result<List, Problem> {
        let narrowed = Narrowed { search: worded(self.search), lang: self.lang, ..Narrowed::default() };
        List::new(Kind::Agreement, (narrowed, depth(self.full)), self.format, (self.page, self.per_page))
    }
}

impl TaxonomiesAsked {
    fn list(self) -> Result<List, Problem> {
        let narrowed = Narrowed { search: worded(self.search), lang: self.lang, ..Narrowed::default() };
        List::new(Kind::Taxonomy, (narrowed, depth(true)), self.format, (self.page, self.per_page))
    }
}

impl TermsAsked {
    fn list(self) -> Result<List, Problem> {
        let narrowed = Narrowed {
            search: worded(self.search),
            taxonomy: self.taxonomy_id,
            parent: self.parent_id,
            top_only: self.top_only,
            lang: self.lang,
            ..Narrowed::default()
        };
        List::new(Kind::Term, (narrowed, depth(true)), self.format, (self.page, self.per_page))
    }
}

/// What this API is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct About {
    /// The version of HSDS.
    version: &'static str,
    /// The profile of HSDS that it follows.
    profile: String,
    /// Its description.
    openapi_url: String,
    /// What it is, in a sentence.
    description: &'static str,
    /// Who publishes it.
    publisher: Publisher,
}

/// Who publishes a directory.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Publisher {
    /// The node's name.
    name: String,
}

/// What this directory is, and where it is described.
#[utoipa::path(get, path = "/hsds", tag = "Directory (HSDS)", responses((status = 200, body = About)))]
async fn about(hub: web::Data<Hub>) -> HttpResponse {
    let url = &hub.settings().server.public_url;
    open(&mut HttpResponse::Ok()).json(About {
        version: "3.1",
        profile: format!("{url}/hsds/profile"),
        openapi_url: format!("{url}/api/openapi.json"),
        description: "The public part of a referral mechanism's directory of services.",
        publisher: Publisher { name: hub.node().name.clone() },
    })
}

/// What the profile adds to the standard.
#[derive(Serialize, utoipa::ToSchema)]
struct ProfileIndex {
    /// What it is called.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// What it is a profile of.
    standard: &'static str,
    /// Its files: JSON Merge Patches of the standard's files with the same names, and objects of its own.
    files: Vec<String>,
}

/// The profile: which files are to be merged into the schemas of HSDS 3.1.
#[utoipa::path(get, path = "/hsds/profile", tag = "Directory (HSDS)", responses((status = 200, body = ProfileIndex)))]
async fn profile(hub: web::Data<Hub>) -> HttpResponse {
    let url = &hub.settings().server.public_url;
    open(&mut HttpResponse::Ok()).json(ProfileIndex {
        name: "migrant referral profile",
        version: directory::profile::VERSION,
        standard: "https://github.com/openreferral/specification/tree/3.1-dev",
        files: directory::profile::FILES
            .iter()
            .map(|(name, _)| *name)
            .chain([super::profile::FILE])
            .map(|name| format!("{url}/hsds/profile/{name}"))
            .collect(),
    })
}

/// One file of the profile.
#[utoipa::path(get, path = "/hsds/profile/{file}", tag = "Directory (HSDS)", params(("file" = String, Path)),
    responses((status = 200), (status = 404, body = ProblemDocument)))]
async fn profile_file(file: Path<String>) -> Result<HttpResponse, Problem> {
    let text = match directory::profile::file(&file) {
        Some(text) => Bytes::from_static(text.as_bytes()),
        None if *file == super::profile::FILE => super::profile::openapi_patch(),
        None => return Err(DirectoryError::from(AccessError::NotFound).into()),
    };
    Ok(open(&mut HttpResponse::Ok()).content_type("application/json").body(text))
}

macro_rules! lists {
    ($(#[doc = $doc:expr] $get:ident $post:ident $path:literal $asked:ident |$value:ident| $list:expr;)*) => {$(
        #[doc = $doc]
        #[utoipa::path(get, path = $path, tag = "Directory (HSDS)", params($asked),
            responses((status = 200, body = NumberedPage), (status = 400, body = ProblemDocument)))]
        async fn $get(asking: Asking, door: web::Data<Door>, request: HttpRequest, query: web::Query<$asked>) -> Result<HttpResponse, Problem> {
            let $value = query.into_inner();
            answer(asking, &door, (&request, $list?.addressed()?)).await
        }

        #[doc = $doc]
        ///
        /// The query stands in the body.
        #[utoipa::path(post, path = $path, tag = "Directory (HSDS)", request_body = $asked,
            responses((status = 200, body = NumberedPage), (status = 400, body = ProblemDocument)))]
        async fn $post(asking: Asking, door: web::Data<Door>, request: HttpRequest, body: Body<$asked>) -> Result<HttpResponse, Problem> {
            let $value = body.value;
            answer(asking, &door, (&request, $list?)).await
        }
    )*};
}

lists! {
    /// List services.
    services services_posted "/hsds/services" ServicesAsked |asked| asked.list(Kind::Service);
    /// List services at locations.
    places places_posted "/hsds/service_at_locations" ServicesAsked |asked| asked.list(Kind::Place);
    /// List organisations.
    organizations organizations_posted "/hsds/organizations" OrganizationsAsked |asked| asked.list();
    /// List agreements between organisations. For members; for others there are none.
    agreements agreements_posted "/hsds/agreements" AgreementsAsked |asked| asked.list();
    /// List taxonomies.
    taxonomies taxonomies_posted "/hsds/taxonomies" TaxonomiesAsked |asked| asked.list();
    /// List terms.
    terms terms_posted "/hsds/taxonomy_terms" TermsAsked |asked| asked.list();
}

macro_rules! documents {
    ($(#[doc = $doc:expr] $name:ident $path:literal $kind:expr;)*) => {$(
        #[doc = $doc]
        #[utoipa::path(get, path = $path, tag = "Directory (HSDS)", params(("id" = Uuid, Path), DocumentAsked),
            responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
        async fn $name(
            asking: Asking,
            request: HttpRequest,
            id: Path<Uuid>,
            query: web::Query<DocumentAsked>,
        ) -> Result<HttpResponse, Problem> {
            document(asking, &request, ($kind, Depth::Full, query.into_inner().lang), id.into_inner()).await
        }
    )*};
}

documents! {
    /// One service with everything.
    service "/hsds/services/{id}" Kind::Service;
    /// One service at a location with everything.
    place "/hsds/service_at_locations/{id}" Kind::Place;
    /// One agreement with its parties and the services in scope. For members.
    agreement "/hsds/agreements/{id}" Kind::Agreement;
    /// One taxonomy.
    taxonomy "/hsds/taxonomies/{id}" Kind::Taxonomy;
    /// One term.
    term "/hsds/taxonomy_terms/{id}" Kind::Term;
}

/// One organisation with everything.
#[utoipa::path(get, path = "/hsds/organizations/{id}", tag = "Directory (HSDS)",
    params(("id" = Uuid, Path), OrganizationAsked),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
async fn organization(
    asking: Asking,
    request: HttpRequest,
    id: Path<Uuid>,
    query: web::Query<OrganizationAsked>,
) -> Result<HttpResponse, Problem> {
    let depth = if query.full_service { Depth::WithServices } else { Depth::Full };
    document(asking, &request, (Kind::Organization, depth, query.into_inner().lang), id.into_inner()).await
}

async fn document(
    asking: Asking,
    request: &HttpRequest,
    (kind, depth, lang): (Kind, Depth, Option<Tongue>),
    id: Uuid,
) -> Result<HttpResponse, Problem> {
    let (actor, now) = (asking.caller.actor, asking.hub.now());
    let found = asking
        .hub
        .read(move |db| directory::list::find_document(db, (&actor, now), (kind, depth, lang.as_ref()), id))
        .await?;
    Ok(tagged(request, &found))
}

async fn answer(
    asking: Asking,
    door: &Door,
    (request, mut list): (&HttpRequest, List),
) -> Result<HttpResponse, Problem> {
    let _turn = door.searching().await?;
    let actor = asking.caller.actor;
    list.narrowed.now = asking.hub.now();
    let List { kind, narrowed, shown, format, page, per_page } = list;
    if format == Format::Ndjson {
        // What cannot be asked for is said before the answer begins.
        let asked = asking
            .hub
            .read(move |db| directory::list::List::ask(db, &actor, (kind, narrowed, shown)))
            .await?;
        return Ok(lines(asking.hub, asked));
    }
    let page = asking
        .hub
        .read(move |db| {
            directory::list::List::ask(db, &actor, (kind, narrowed, shown))?.page(db, (page, per_page))
        })
        .await?;
    Ok(tagged(request, &page))
}

/// Lets pages of other origins read the tag as well; the answer depends on who asks, and what was stored is asked for again.
fn open(response: &mut actix_web::HttpResponseBuilder) -> &mut actix_web::HttpResponseBuilder {
    response
        .insert_header((header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag"))
        .insert_header((header::VARY, "Authorization, Cookie"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
}

/// The answer with a tag of its bytes, or that nothing changed. The tag is a weak one: the same bytes may go compressed.
fn tagged(request: &HttpRequest, answer: &impl Serialize) -> HttpResponse {
    let Ok(bytes) = serde_json::to_vec(answer) else {
        return HttpResponse::InternalServerError().finish();
    };
    let tag = format!("\"{}\"", Digest::of(&bytes));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
    });
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    open(&mut response);
    if let Ok(tag) = HeaderValue::from_str(&format!("W/{tag}")) {
        response.insert_header((header::ETAG, tag));
    }
    if is_known { response.finish() } else { response.content_type("application/json").body(bytes) }
}

/// Where streaming stands: what is ready to be sent, and the place behind which to go on.
struct Going {
    hub: web::Data<Hub>,
    list: Arc<directory::list::List>,
    ready: VecDeque<Value>,
    place: Option<i64>,
}

/// One object on each line, read in portions as the client takes them; a client that goes away ends the reading.
fn lines(hub: web::Data<Hub>, list: directory::list::List) -> HttpResponse {
    let going = Going { hub, list: Arc::new(list), ready: VecDeque::new(), place: Some(0) };
    let lines = stream::try_unfold(going, |mut going| async move {
        while going.ready.is_empty() {
            let Some(place) = going.place else { return Ok(None) };
            going.fetch(place).await?;
        }
        let mut bytes = Vec::new();
        for value in going.ready.drain(..) {
            serde_json::to_writer(&mut bytes, &value)?;
            bytes.push(b'\n');
        }
        Ok::<_, io::Error>(Some((Bytes::from(bytes), going)))
    });
    open(&mut HttpResponse::Ok()).content_type("application/x-ndjson").streaming(lines)
}

impl Going {
    async fn fetch(&mut self, place: i64) -> io::Result<()> {
        let list = Arc::clone(&self.list);
        let read = self.hub.read(move |db| list.behind(db, place)).await;
        // The answer has begun: all that can be done is to end it before its end.
        let found = read.map_err(|error| {
            let problem = Problem::from(error);
            io::Error::other(problem.to_string())
        })?;
        self.place = found.as_ref().map(|(_, last)| *last);
        self.ready.extend(found.into_iter().flat_map(|(documents, _)| documents));
        Ok(())
    }
}
