//! `/api/v1/services`: the referral directory.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{answer, reply::respond};
use crate::{
    access::{AccessError, Actor, Tx},
    directory::{
        self, Availability, Change, Decided, Decision, DirectoryError, Draft, Intake, Link, LinkService,
        ListService, Meeting, Note, Service, ServiceInLanguage, SetAvailability, SetStanding, SetVisibility,
        Tongue, Verification, Verified, Verify, Visibility, WriteDraft, WriteNote,
        areas::{Area, AreaMode, AreasWanted, InArea},
        eligibility::{self, Facts},
        hours::When,
        search::{Around, Results, Search, Sort, Term, TermMode},
    },
    http::{Asking, Body, Door, Expected, Paging, Problem, ProblemDocument, Remembered},
    hub::{Remember, Reply},
    kernel::{
        Timestamp,
        id::ServiceId,
        page::{Asked, Cursor, Page},
    },
    policy::ServiceCode,
    storage::Db,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    search,
    search_posted,
    areas,
    find,
    list,
    set_availability,
    set_visibility,
    verify,
    verifications,
    changes,
    report,
    doubted,
    due,
    drafts,
    find_draft,
    write_draft,
    drop_draft,
    decide,
    set_standing,
    decisions,
    find_note,
    write_note,
    drop_note,
    link,
    unlink
))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/areas", web::get().to(areas))
        .route("/api/v1/services", web::get().to(search))
        .route("/api/v1/services", web::post().to(list))
        .route("/api/v1/services/search", web::post().to(search_posted))
        .route("/api/v1/services/{service}", web::get().to(find))
        .route("/api/v1/services/{service}/availability", web::put().to(set_availability))
        .route("/api/v1/services/{service}/visibility", web::put().to(set_visibility))
        .route("/api/v1/services/{service}/verifications", web::post().to(verify))
        .route("/api/v1/services/{service}/verifications", web::get().to(verifications))
        .route("/api/v1/services/{service}/changes", web::get().to(changes))
        .route("/api/v1/services/{service}/reports", web::post().to(report))
        .route("/api/v1/directory/doubted", web::get().to(doubted))
        .route("/api/v1/directory/due", web::get().to(due))
        .route("/api/v1/directory/drafts", web::get().to(drafts))
        .route("/api/v1/services/{service}/draft", web::get().to(find_draft))
        .route("/api/v1/services/{service}/draft", web::put().to(write_draft))
        .route("/api/v1/services/{service}/draft", web::delete().to(drop_draft))
        .route("/api/v1/services/{service}/draft/decision", web::post().to(decide))
        .route("/api/v1/services/{service}/standing", web::put().to(set_standing))
        .route("/api/v1/services/{service}/decisions", web::get().to(decisions))
        .route("/api/v1/services/{service}/note", web::get().to(find_note))
        .route("/api/v1/services/{service}/note", web::put().to(write_note))
        .route("/api/v1/services/{service}/note", web::delete().to(drop_note))
        .route("/api/v1/services/{service}/link", web::put().to(link))
        .route("/api/v1/services/{service}/link", web::delete().to(unlink));
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
    /// The code of the area that this place lies in, where it is known. What serves all of its country, what is given there by telephone or online,
    /// and what serves the area and has no place of its own is found as well.
    #[param(max_length = 60)]
    #[schema(max_length = 60)]
    lies_in: Option<String>,
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
    /// The code of an area; what serves it, or is in it.
    #[param(max_length = 60)]
    #[schema(max_length = 60)]
    area: Option<String>,
    /// `serves`, or `located` for what is in the area.
    area_mode: Option<AreaMode>,
    /// Only what takes people in this way at present.
    availability: Option<Availability>,
    /// Only what was verified then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_since: Option<Timestamp>,
    /// Also what is flagged because it did not fit what people met, and what is stale. Confirm it before anybody is referred there.
    #[serde(default)]
    doubtful: bool,
    /// Only what is not closed then: as the clock at the place shows it, `2026-03-02T09:30`, or a moment with an offset.
    #[param(max_length = 40)]
    #[schema(max_length = 40)]
    open_at: Option<String>,
    /// Only what this agreement covers: the services in its scope, or all of its parties when it names none.
    agreement_id: Option<Uuid>,
    /// Count what was found by service code, taxonomy term, language and area, with the first page.
    #[serde(default)]
    facets: bool,
    /// `best` first, or by `distance` from the place, by `freshness` or by `name`. Turn pages in one order.
    sort: Option<Sort>,
    /// The language of names and descriptions, BCP 47; `texts` says which each is in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    #[schema(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
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
        let open_at =
            self.open_at.map(|text| text.parse::<When>().map_err(DirectoryError::BadMoment)).transpose()?;
        let search = Search {
            text: self.text,
            service: self.service,
            members_only: self.members_only,
            around,
            lies_in: self.lies_in,
            term: self.taxonomy_term.map(|id| Term { id, below }),
            language: self.language,
            area: self.area.map(|code| InArea { code, mode: self.area_mode.unwrap_or_default() }),
            availability: self.availability,
            verified_since: self.verified_since,
            person,
            open_at,
            agreement: self.agreement_id,
            doubtful: self.doubtful,
            facets: self.facets,
            sort: self.sort.unwrap_or_default(),
            lang: self.lang,
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
async fn search(
    asking: Asking,
    door: web::Data<Door>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    found(asking, door, query.into_inner().wanted(None)?).await
}

/// Search the directory for a person, with the query in the body, where it stands in no address and no log. What is said of the person
/// is judged against the rules of each service and forgotten; a service is left out only when a rule of its own is against it.
#[utoipa::path(post, path = "/api/v1/services/search", tag = "Directory", request_body = SearchFor,
    responses((status = 200, body = Results), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument)))]
async fn search_posted(
    asking: Asking,
    door: web::Data<Door>,
    body: Body<SearchFor>,
) -> Result<HttpResponse, Problem> {
    let SearchFor { query, person } = body.value;
    let today = asking.hub.now().datetime().date_naive();
    let person = person.map(|person| person.facts(today)).transpose().map_err(DirectoryError::from)?;
    found(asking, door, query.unwrap_or_default().wanted(person)?).await
}

async fn found(
    asking: Asking,
    door: web::Data<Door>,
    (wanted, asked): (Search, Asked),
) -> Result<HttpResponse, Problem> {
    let _turn = door.searching().await?;
    let (actor, now) = (asking.caller.actor, asking.hub.now());
    let found =
        asking.hub.read(move |db| directory::search::search(db, &actor, &wanted, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Which areas.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct AreasAsked {
    /// Part of a name in any language, or of the code.
    #[param(max_length = 200)]
    text: String,
    /// Of this country, ISO 3166-1 alpha-2.
    country: Option<String>,
    /// Of this level; 0 is countries.
    level: Option<u8>,
    /// Those that lie in this one, by its id.
    parent: Option<Uuid>,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

/// Countries, provinces, districts that services are in and serve: those that there are today, by country, level and name. Open to everybody.
#[utoipa::path(get, path = "/api/v1/areas", tag = "Directory", params(AreasAsked),
    responses((status = 200, body = [Area]), (status = 400, body = ProblemDocument)))]
async fn areas(asking: Asking, query: web::Query<AreasAsked>) -> Result<HttpResponse, Problem> {
    let AreasAsked { text, country, level, parent, limit, after } = query.into_inner();
    let (wanted, asked) = (AreasWanted { text, country, level, parent }, Asked::new(limit, after));
    let today = asking.hub.now().datetime().date_naive();
    let page = asking.hub.read(move |db| directory::areas::areas(db, (&wanted, &asked), today)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// In which language a service is asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct ServiceAsked {
    /// The language of texts, BCP 47; `texts` says which they are in. Where there is none, the original stands.
    #[param(value_type = Option<String>, max_length = 35)]
    lang: Option<Tongue>,
}

/// One service.
#[utoipa::path(get, path = "/api/v1/services/{service}", tag = "Directory", params(("service" = String, Path), ServiceAsked),
    responses((status = 200, body = ServiceInLanguage), (status = 404, body = ProblemDocument)))]
async fn find(
    asking: Asking,
    id: Path<ServiceId>,
    query: web::Query<ServiceAsked>,
) -> Result<HttpResponse, Problem> {
    let (actor, asked) = (asking.caller.actor, (id.into_inner(), query.into_inner().lang));
    let now = asking.hub.now();
    let found = asking.hub.read(move |db| directory::find_service_in(db, &actor, asked, now)).await?;
    Ok(respond(&Reply::ok(&found)?.version(found.service.version)))
}

/// Enter a service that a member organisation offers for referral. What those who keep the directory enter is listed. What a member enters is
/// `proposed`: nobody else finds it until those who keep the directory took its draft, which says who is to find it.
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
    let id = id.into_inner();
    page(asking, paging, move |db, actor, asked, now| directory::verifications(db, actor, (id, asked), now))
        .await
}

/// What changed of a service and of what belongs to it, field by field, newest first. For the provider and for those who keep the directory.
#[utoipa::path(get, path = "/api/v1/services/{service}/changes", tag = "Directory",
    params(("service" = String, Path), Paging),
    responses((status = 200, body = [Change]), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn changes(
    asking: Asking,
    id: Path<ServiceId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    page(asking, paging, move |db, actor, asked, now| directory::changes(db, actor, (id, asked), now)).await
}

/// Report what somebody met who went by an entry: a code, and nothing about a person. What does not fit asks the provider for a correction,
/// and after some times searches leave the entry out until somebody verifies it.
#[utoipa::path(post, path = "/api/v1/services/{service}/reports", tag = "Directory",
    params(("service" = String, Path)), request_body = Meeting,
    responses((status = 200, body = Service), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn report(asking: Asking, id: Path<ServiceId>, body: Body<Meeting>) -> Result<HttpResponse, Problem> {
    let (meeting, remember) = body.into_parts();
    let (id, settings) = (id.into_inner(), asking.hub.settings().directory.clone());
    change(asking, remember, "directory.report", move |tx| directory::report(tx, (id, meeting), &settings))
        .await
}

/// Services whose entries do not fit what people met, worst first: all of them for those who keep the directory, its own for a provider.
#[utoipa::path(get, path = "/api/v1/directory/doubted", tag = "Directory", params(Paging),
    responses((status = 200, body = [Service]), (status = 401, body = ProblemDocument)))]
async fn doubted(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    page(asking, paging, directory::doubted).await
}

/// Services that have to be verified, whoever provides them: what is due longest first, what nobody verified last. All of them for those who
/// keep the directory, its own for a provider.
#[utoipa::path(get, path = "/api/v1/directory/due", tag = "Directory", params(Paging),
    responses((status = 200, body = [Service]), (status = 401, body = ProblemDocument)))]
async fn due(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    page(asking, paging, directory::due).await
}

/// Drafts that wait, the longest waiting first: all that were submitted for those who keep the directory, all of its own for a provider.
#[utoipa::path(get, path = "/api/v1/directory/drafts", tag = "Directory", params(Paging),
    responses((status = 200, body = [Draft]), (status = 401, body = ProblemDocument)))]
async fn drafts(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    page(asking, paging, |db, actor, asked, _now| directory::drafts(db, actor, asked)).await
}

/// What its provider wants a service's entry to say. For the provider, and once it was submitted for those who keep the directory.
#[utoipa::path(get, path = "/api/v1/services/{service}/draft", tag = "Directory", params(("service" = String, Path)),
    responses((status = 200, body = Draft), (status = 404, body = ProblemDocument)))]
async fn find_draft(asking: Asking, id: Path<ServiceId>) -> Result<HttpResponse, Problem> {
    let (actor, id, now) = (asking.caller.actor, id.into_inner(), asking.hub.now());
    let draft = asking.hub.read(move |db| directory::find_draft(db, &actor, id, now)).await?;
    Ok(respond(&Reply::ok(&draft)?.version(draft.version)))
}

/// Write what the entry of an own service should say, in the place of the draft there was. It is checked as an import is; with `submit`
/// those who keep the directory look at it.
#[utoipa::path(put, path = "/api/v1/services/{service}/draft", tag = "Directory", params(("service" = String, Path)),
    request_body = WriteDraft,
    responses((status = 200, body = Draft), (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn write_draft(
    asking: Asking,
    id: Path<ServiceId>,
    body: Body<WriteDraft>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let outcome = asking.hub.answer("directory.write_draft", &asking.caller, remember, move |tx| {
        let draft = directory::write_draft(tx, id, &command)?;
        Ok::<_, DirectoryError>(Reply::ok(&draft)?.version(draft.version))
    });
    answer(outcome.await)
}

/// Throw the draft of an own service away.
#[utoipa::path(delete, path = "/api/v1/services/{service}/draft", tag = "Directory", params(("service" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn drop_draft(
    asking: Asking,
    id: Path<ServiceId>,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let outcome = asking.hub.answer("directory.drop_draft", &asking.caller, remembered.0, move |tx| {
        directory::drop_draft(tx, id)?;
        Ok::<_, DirectoryError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// Take a draft or refuse it, by the inclusion criteria. For those who keep the directory. What is taken outlives imports.
#[utoipa::path(post, path = "/api/v1/services/{service}/draft/decision", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)), request_body = Decision,
    responses((status = 200, body = Service), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn decide(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    body: Body<Decision>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let settings = asking.hub.settings().directory.clone();
    change(asking, remember, "directory.decide", move |tx| {
        directory::decide(tx, (id, expected.0), (&command, &settings))
    })
    .await
}

/// Suspend an entry, archive it or take it up again, by the inclusion criteria. For those who keep the directory. What is not listed is
/// inactive, whatever its source says: nobody is referred there, no search suggests it, and the public does not see it.
#[utoipa::path(put, path = "/api/v1/services/{service}/standing", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)), request_body = SetStanding,
    responses((status = 200, body = Service), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn set_standing(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    body: Body<SetStanding>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    change(asking, remember, "directory.set_standing", move |tx| {
        directory::set_standing(tx, (id, expected.0), &command)
    })
    .await
}

/// What was decided about a service so far, newest first. For its provider and for those who keep the directory.
#[utoipa::path(get, path = "/api/v1/services/{service}/decisions", tag = "Directory",
    params(("service" = String, Path), Paging),
    responses((status = 200, body = [Decided]), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn decisions(
    asking: Asking,
    id: Path<ServiceId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    page(asking, paging, move |db, actor, asked, now| directory::decisions(db, actor, (id, asked), now)).await
}

/// What is noted of a service: how good it is, and what going there risks. For those who keep the directory; neither the provider nor the public
/// reads it, and it is exported nowhere.
#[utoipa::path(get, path = "/api/v1/services/{service}/note", tag = "Directory", params(("service" = String, Path)),
    responses((status = 200, body = Note), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn find_note(asking: Asking, id: Path<ServiceId>) -> Result<HttpResponse, Problem> {
    let (actor, id, now) = (asking.caller.actor, id.into_inner(), asking.hub.now());
    let found = move |db: &mut Db<'_>| directory::note(db, &actor, id, now);
    let note = asking.hub.read(found).await?.ok_or(DirectoryError::from(AccessError::NotFound))?;
    Ok(respond(&Reply::ok(&note)?.version(note.version)))
}

/// Note how good a service is and what going there risks, in the place of what was noted: `If-Match` names the version of that, and is left out
/// where nothing was. For those who keep the directory.
#[utoipa::path(put, path = "/api/v1/services/{service}/note", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = Option<String>, Header)), request_body = WriteNote,
    responses((status = 204), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn write_note(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Option<Expected>,
    body: Body<WriteNote>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let seen = expected.map(|Expected(version)| version);
    let outcome = asking.hub.answer("directory.write_note", &asking.caller, remember, move |tx| {
        let version = directory::write_note(tx, (id, seen), &command)?;
        Ok::<_, DirectoryError>(Reply::with(204, ())?.version(version))
    });
    answer(outcome.await)
}

/// Take back what was noted of a service. For those who keep the directory.
#[utoipa::path(delete, path = "/api/v1/services/{service}/note", tag = "Directory",
    params(("service" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument)))]
async fn drop_note(
    asking: Asking,
    id: Path<ServiceId>,
    expected: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let outcome = asking.hub.answer("directory.drop_note", &asking.caller, remembered.0, move |tx| {
        directory::drop_note(tx, (id, expected.0))?;
        Ok::<_, DirectoryError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
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

/// A page of a list.
async fn page<T: Serialize + Send + 'static>(
    asking: Asking,
    paging: web::Query<Paging>,
    list: impl FnOnce(&mut Db<'_>, &Actor, &Asked, Timestamp) -> Result<Page<T>, DirectoryError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let (actor, asked, now) = (asking.caller.actor, paging.into_inner().asked(), asking.hub.now());
    let page = asking.hub.read(move |db| list(db, &actor, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
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
