//! `/api/v1/custody`: a person's own keys, wrapped; `/api/v1/organisations/{organisation}/custody`: what key holders confirm;
//! `/api/v1/papers`: what an organisation keeps here sealed to itself.

use actix_web::{
    HttpResponse, guard,
    middleware::from_fn,
    web::{self, Path, ServiceConfig},
};
use serde::Deserialize;

use super::{answer, reply::respond};
use crate::{
    crypto::Kid,
    custody::{
        self, AddDevice, Custody, CustodyError, DeviceView, HandKeyrings, KeepMemberKey, KeepPaper,
        MemberKeyView, PaperKind, PaperView, PersonView,
    },
    http::{Asking, Body, Expected, Paging, Problem, ProblemDocument, Remembered, packed},
    hub::Reply,
    kernel::{
        id::{OrganisationId, PaperId},
        page::{Asked, Cursor},
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    own,
    keep_member_key,
    add_device,
    give_up_device,
    people,
    hand_keyrings,
    papers,
    find_paper,
    keep_paper,
    throw_away
))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    // Pages ask for these on slow telephones. What was sealed and wrapped stands in them beside nothing that somebody else could send, so the
    // length of an answer tells nothing (BREACH).
    config
        .service(
            web::resource("/api/v1/custody")
                .guard(guard::Get())
                .route(web::get().to(own))
                .wrap(from_fn(packed)),
        )
        .route("/api/v1/custody/member-key", web::put().to(keep_member_key))
        .route("/api/v1/custody/devices", web::post().to(add_device))
        .route("/api/v1/custody/devices/{key}", web::delete().to(give_up_device))
        .route("/api/v1/organisations/{organisation}/custody", web::get().to(people))
        .route("/api/v1/organisations/{organisation}/keyrings", web::post().to(hand_keyrings))
        .service(
            web::resource("/api/v1/papers")
                .guard(guard::Get())
                .route(web::get().to(papers))
                .wrap(from_fn(packed)),
        )
        .service(
            web::resource("/api/v1/papers/{paper}")
                .guard(guard::Get())
                .route(web::get().to(find_paper))
                .wrap(from_fn(packed)),
        )
        .route("/api/v1/papers/{paper}", web::put().to(keep_paper))
        .route("/api/v1/papers/{paper}", web::delete().to(throw_away));
}

/// Your own keys: what your key is got back from, your devices, and the keys that were handed to you. For people who signed in.
#[utoipa::path(get, path = "/api/v1/custody", tag = "Keys of people",
    responses((status = 200, body = Custody), (status = 403, body = ProblemDocument)))]
async fn own(asking: Asking) -> Result<HttpResponse, Problem> {
    let actor = asking.caller.actor;
    let found = asking.hub.read(move |db| custody::custody_of(db, &actor)).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Keep your key, wrapped. With `If-Match`, in the place of the one you read: the same key may get other wraps; another key takes the
/// keyrings of the one before with it.
#[utoipa::path(put, path = "/api/v1/custody/member-key", tag = "Keys of people", request_body = KeepMemberKey,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, body = MemberKeyView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn keep_member_key(
    asking: Asking,
    expected: Option<Expected>,
    body: Body<KeepMemberKey>,
) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let version = expected.map(|expected| expected.0);
    let outcome = asking.hub.answer("custody.keep_member_key", &asking.caller, remember, move |tx| {
        let kept = custody::keep_member_key(tx, &command, version)?;
        Ok::<_, CustodyError>(Reply::ok(&kept)?.version(kept.version))
    });
    answer(outcome.await)
}

/// Add the device you work on. It signs for your organisation once a key holder has confirmed it.
#[utoipa::path(post, path = "/api/v1/custody/devices", tag = "Keys of people", request_body = AddDevice,
    responses((status = 201, body = DeviceView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn add_device(asking: Asking, body: Body<AddDevice>) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let outcome = asking.hub.answer("custody.add_device", &asking.caller, remember, move |tx| {
        Ok::<_, CustodyError>(Reply::created(custody::add_device(tx, &command)?)?)
    });
    answer(outcome.await)
}

/// Give up one of your devices. A key holder revokes its key.
#[utoipa::path(delete, path = "/api/v1/custody/devices/{key}", tag = "Keys of people",
    params(("key" = String, Path, description = "Thumbprint of its key")),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn give_up_device(
    asking: Asking,
    key: Path<String>,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    // What is no thumbprint is nobody's key.
    let kid: Option<Kid> = key.into_inner().parse().ok();
    let outcome = asking.hub.answer("custody.give_up_device", &asking.caller, remembered.0, move |tx| {
        let kid = kid.as_ref().ok_or(crate::access::AccessError::NotFound)?;
        custody::give_up_device(tx, kid)?;
        Ok::<_, CustodyError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// The people of your organisation with their keys: which wait to be confirmed, which are to be revoked. For whoever manages its keys.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}/custody", tag = "Keys of people",
    params(("organisation" = String, Path), Paging),
    responses((status = 200, body = [PersonView]), (status = 404, body = ProblemDocument)))]
async fn people(
    asking: Asking,
    id: Path<OrganisationId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let (actor, id, asked) = (asking.caller.actor, id.into_inner(), paging.into_inner().asked());
    let page = asking.hub.read(move |db| custody::people(db, &actor, id, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Hand keys of your organisation to its people, each sealed to a member key that the organisation's signed statement names.
#[utoipa::path(post, path = "/api/v1/organisations/{organisation}/keyrings", tag = "Keys of people",
    params(("organisation" = String, Path)), request_body = HandKeyrings,
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn hand_keyrings(
    asking: Asking,
    id: Path<OrganisationId>,
    body: Body<HandKeyrings>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let outcome = asking.hub.answer("custody.hand_keyrings", &asking.caller, remember, move |tx| {
        custody::hand_keyrings(tx, id, &command)?;
        Ok::<_, CustodyError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// Which papers, and which page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listed {
    /// `consent` or `case`.
    kind: PaperKind,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

/// What your organisation keeps here, sealed to itself.
#[utoipa::path(get, path = "/api/v1/papers", tag = "Keys of people", params(Listed),
    responses((status = 200, body = [PaperView]), (status = 403, body = ProblemDocument)))]
async fn papers(asking: Asking, listed: web::Query<Listed>) -> Result<HttpResponse, Problem> {
    let (actor, Listed { kind, limit, after }) = (asking.caller.actor, listed.into_inner());
    let asked = Asked::new(limit, after);
    let page = asking.hub.read(move |db| custody::list_papers(db, &actor, kind, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One paper, with its version.
#[utoipa::path(get, path = "/api/v1/papers/{paper}", tag = "Keys of people", params(("paper" = String, Path)),
    responses((status = 200, body = PaperView), (status = 404, body = ProblemDocument)))]
async fn find_paper(asking: Asking, id: Path<PaperId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let found = asking.hub.read(move |db| custody::find_paper(db, &actor, id)).await?;
    Ok(respond(&Reply::ok(&found)?.version(found.version)))
}

/// Keep a paper under an id that you made. With `If-Match`, in the place of the one you read.
#[utoipa::path(put, path = "/api/v1/papers/{paper}", tag = "Keys of people", request_body = KeepPaper,
    params(("paper" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = PaperView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn keep_paper(
    asking: Asking,
    id: Path<PaperId>,
    expected: Option<Expected>,
    body: Body<KeepPaper>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let version = expected.map(|expected| expected.0);
    let outcome = asking.hub.answer("custody.keep_paper", &asking.caller, remember, move |tx| {
        let kept = custody::keep_paper(tx, id, &command, version)?;
        Ok::<_, CustodyError>(Reply::ok(&kept)?.version(kept.version))
    });
    answer(outcome.await)
}

/// Throw a paper away.
#[utoipa::path(delete, path = "/api/v1/papers/{paper}", tag = "Keys of people",
    params(("paper" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn throw_away(
    asking: Asking,
    id: Path<PaperId>,
    expected: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let (id, version) = (id.into_inner(), expected.0);
    let outcome = asking.hub.answer("custody.throw_away", &asking.caller, remembered.0, move |tx| {
        custody::throw_away(tx, id, version)?;
        Ok::<_, CustodyError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}
