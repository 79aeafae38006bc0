//! `/api/v1/person`: what the person a referral is about can do with code and PIN; `/api/v1/ratings`: what comes of it.
//!
//! Nobody signs in here. Code and PIN travel in the body, never in an address, and no answer is remembered.

use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};
use chrono::TimeDelta;
use serde::Deserialize;

use super::{Asking, Body, Problem, ProblemDocument};
use crate::{
    access::Actor,
    feedback::{self, FeedbackError, Pauses, Presented, Quarter, Rate, Rating, Summary},
    hub::{Caller, Hub},
    kernel::{Secret, id::OrganisationId},
    policy::ServiceCode,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(rate, ratings))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/person/rating", web::post().to(rate))
        .route("/api/v1/ratings", web::get().to(ratings));
}

/// Code, PIN, and what the person says.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RatingGiven {
    /// The code, with or without hyphen.
    #[schema(value_type = String, max_length = 40)]
    code: Secret<String>,
    /// The PIN.
    #[schema(value_type = String, max_length = 12)]
    pin: Secret<String>,
    /// What the person says. Every question may be left out, but not all of them.
    rating: Rating,
}

/// Say how it went. Once for each referral; nothing ties the rating to it.
#[utoipa::path(post, path = "/api/v1/person/rating", tag = "Person", request_body = RatingGiven,
    responses((status = 204, description = "Taken"), (status = 401, body = ProblemDocument),
        (status = 409, body = ProblemDocument)))]
async fn rate(asking: Asking, body: Body<RatingGiven>) -> Result<HttpResponse, Problem> {
    let (given, _never_remembered) = body.into_parts();
    let presented = Presented::new(&asking.hub.keys().person, &given.code, &given.pin);
    let (command, pauses) = (Rate { presented, rating: given.rating }, pauses(&asking.hub));
    let taken = asking
        .hub
        .write("feedback.rate", &person(&asking), move |tx| feedback::rate(tx, &command, &pauses))
        .await?;
    taken.ok_or(FeedbackError::NotOpened)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which numbers.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The organisation that gave the service.
    #[param(value_type = String)]
    provider: OrganisationId,
    /// The service, such as `SV07`.
    #[param(value_type = String)]
    service: ServiceCode,
    /// The quarter, such as `2026-Q1`.
    #[param(max_length = 7)]
    quarter: String,
}

/// What people said about a service in a quarter that is over. 204 when too few said something to show numbers.
#[utoipa::path(get, path = "/api/v1/ratings", tag = "Feedback", params(Which),
    responses((status = 200, body = Summary), (status = 204, description = "Too few to show"),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn ratings(asking: Asking, which: web::Query<Which>) -> Result<HttpResponse, Problem> {
    let Which { provider, service, quarter } = which.into_inner();
    let (actor, now, quarter) = (asking.caller.actor, asking.hub.now(), quarter.parse::<Quarter>()?);
    let found = asking
        .hub
        .read(move |db| feedback::summary(db, &actor, &feedback::About { provider, service, quarter }, now))
        .await?;
    Ok(found.map_or_else(|| HttpResponse::NoContent().finish(), |summary| HttpResponse::Ok().json(summary)))
}

/// Whoever calls, the one who acts is the person who has code and PIN.
fn person(asking: &Asking) -> Caller {
    Caller { actor: Actor::person(), request: asking.caller.request }
}

fn pauses(hub: &Hub) -> Pauses {
    let access = &hub.settings().access;
    Pauses { tries: access.passphrase_tries, first: TimeDelta::minutes(access.passphrase_pause_minutes) }
}
