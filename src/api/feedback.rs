//! `/api/v1/person`: what the person a referral is about can do with code and PIN, and how its sender gets them;
//! `/api/v1/ratings`: what comes of it.
//!
//! A person does not sign in. Code and PIN travel in the body, never in an address, and no answer is remembered.

use std::collections::BTreeSet;

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};

use crate::{
    feedback::{
        self, Correct, FeedbackError, LeaveNote, Pauses, Presented, Quarter, Rate, Rating, Summary,
        WhereItStands,
    },
    http::{Asking, Body, Problem, ProblemDocument},
    kernel::{
        Secret, Timestamp,
        id::{OrganisationId, ReferralId},
    },
    policy::ServiceCode,
    referrals::{CorrectionKind, PersonNote},
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(person_code, status, take_back, correct, leave_note, rate, ratings))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/referrals/{referral}/person-code", web::post().to(person_code))
        .route("/api/v1/person/status", web::post().to(status))
        .route("/api/v1/person/withdrawal", web::post().to(take_back))
        .route("/api/v1/person/correction", web::post().to(correct))
        .route("/api/v1/person/note", web::post().to(leave_note))
        .route("/api/v1/person/rating", web::post().to(rate))
        .route("/api/v1/ratings", web::get().to(ratings));
}

/// What the person gets on a slip of paper. It can be shown this once and never again.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PersonSlip {
    /// The code.
    #[schema(example = "4K7QX-9M2PC")]
    code: String,
    /// The PIN.
    #[schema(example = "493827")]
    pin: String,
    /// Until when they are good.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Get the code and the PIN for the person, as the sender of a referral. Those handed out before are not good any more. No answer is
/// remembered for an `Idempotency-Key`: asking again makes new ones.
#[utoipa::path(post, path = "/api/v1/referrals/{referral}/person-code", tag = "Person",
    params(("referral" = String, Path)),
    responses((status = 201, body = PersonSlip), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn person_code(asking: Asking, id: Path<ReferralId>) -> Result<HttpResponse, Problem> {
    let (referral, key) = (id.into_inner(), asking.hub.keys().person.clone());
    let issued = asking
        .hub
        .write("feedback.issue", &asking.caller, move |tx| feedback::hand_out(tx, &key, referral))
        .await?;
    let (code, pin) = (issued.code.written(), issued.pin.written());
    let slip = PersonSlip { code: code.expose().clone(), pin: pin.expose().clone(), until: issued.until };
    Ok(HttpResponse::Created().insert_header(("cache-control", "no-store")).json(slip))
}

/// Code and PIN.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeAndPin {
    /// The code, with or without hyphen.
    #[schema(value_type = String, max_length = 40)]
    code: Secret<String>,
    /// The PIN.
    #[schema(value_type = String, max_length = 12)]
    pin: Secret<String>,
}

/// See where it stands, in words that tell a bystander nothing, and what was left for the person. What is shown counts as read.
#[utoipa::path(post, path = "/api/v1/person/status", tag = "Person", request_body = CodeAndPin,
    responses((status = 200, body = WhereItStands), (status = 401, body = ProblemDocument)))]
async fn status(asking: Asking, body: Body<CodeAndPin>) -> Result<HttpResponse, Problem> {
    let (given, _never_remembered) = body.into_parts();
    let presented = Presented::new(&asking.hub.keys().person, &given.code, &given.pin);
    let pauses = Pauses::from(&asking.hub.settings().access);
    let seen = asking
        .hub
        .write("feedback.look", &asking.caller.as_the_person(), move |tx| {
            feedback::look(tx, &presented, &pauses)
        })
        .await?;
    Ok(HttpResponse::Ok().json(seen.ok_or(FeedbackError::NotOpened)?))
}

/// Take back everything the recipient of this referral may have. Needs no reason, is never too late, and changes nothing the second time.
#[utoipa::path(post, path = "/api/v1/person/withdrawal", tag = "Person", request_body = CodeAndPin,
    responses((status = 200, body = WhereItStands), (status = 401, body = ProblemDocument)))]
async fn take_back(asking: Asking, body: Body<CodeAndPin>) -> Result<HttpResponse, Problem> {
    let (given, _never_remembered) = body.into_parts();
    let presented = Presented::new(&asking.hub.keys().person, &given.code, &given.pin);
    let (pauses, person) = (Pauses::from(&asking.hub.settings().access), asking.caller.as_the_person());
    let policy = asking.hub.policy();
    let outcome = asking.hub.write("feedback.take_back", &person, move |tx| {
        feedback::take_back(tx, &presented, &pauses, &policy)
    });
    Ok(HttpResponse::Ok().json(outcome.await?.ok_or(FeedbackError::NotOpened)?))
}

/// Code, PIN, and what is wrong.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatIsWrong {
    /// The code, with or without hyphen.
    #[schema(value_type = String, max_length = 40)]
    code: Secret<String>,
    /// The PIN.
    #[schema(value_type = String, max_length = 12)]
    pin: Secret<String>,
    /// Which kinds of thing are wrong, one at least. There is no place for what is right: the person tells that to those who know them.
    #[schema(value_type = Vec<CorrectionKind>, min_items = 1, max_items = 8)]
    kinds: BTreeSet<CorrectionKind>,
}

/// Ask that something be put right. Whoever holds it must answer: within 24 hours where a mistake can hurt the person at once, otherwise
/// within 15 days. What waits for an answer is asked once; how far it is stands in the answer, and in that of the status.
#[utoipa::path(post, path = "/api/v1/person/correction", tag = "Person", request_body = WhatIsWrong,
    responses((status = 200, body = WhereItStands), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn correct(asking: Asking, body: Body<WhatIsWrong>) -> Result<HttpResponse, Problem> {
    let (given, _never_remembered) = body.into_parts();
    let presented = Presented::new(&asking.hub.keys().person, &given.code, &given.pin);
    let command = Correct { presented, kinds: given.kinds };
    let (pauses, person) = (Pauses::from(&asking.hub.settings().access), asking.caller.as_the_person());
    let outcome = asking
        .hub
        .write("feedback.correct", &person, move |tx| feedback::correct(tx, &command, &pauses))
        .await?;
    Ok(HttpResponse::Ok().json(outcome.ok_or(FeedbackError::NotOpened)?))
}

/// Code, PIN, and which sentence.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatIsLeft {
    /// The code, with or without hyphen.
    #[schema(value_type = String, max_length = 40)]
    code: Secret<String>,
    /// The PIN.
    #[schema(value_type = String, max_length = 12)]
    pin: Secret<String>,
    /// The sentence. There is no place for words.
    kind: PersonNote,
}

/// Leave a note for those who help. Everybody who holds something of the person is told that there is one; whether it was read stands in the
/// answer, and in that of the status. The same again counts from now, and it takes the place of what it contradicts.
#[utoipa::path(post, path = "/api/v1/person/note", tag = "Person", request_body = WhatIsLeft,
    responses((status = 200, body = WhereItStands), (status = 401, body = ProblemDocument)))]
async fn leave_note(asking: Asking, body: Body<WhatIsLeft>) -> Result<HttpResponse, Problem> {
    let (given, _never_remembered) = body.into_parts();
    let presented = Presented::new(&asking.hub.keys().person, &given.code, &given.pin);
    let command = LeaveNote { presented, kind: given.kind };
    let (pauses, person) = (Pauses::from(&asking.hub.settings().access), asking.caller.as_the_person());
    let outcome = asking
        .hub
        .write("feedback.leave_note", &person, move |tx| feedback::leave_note(tx, &command, &pauses))
        .await?;
    Ok(HttpResponse::Ok().json(outcome.ok_or(FeedbackError::NotOpened)?))
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
    let (command, pauses) =
        (Rate { presented, rating: given.rating }, Pauses::from(&asking.hub.settings().access));
    let taken = asking
        .hub
        .write("feedback.rate", &asking.caller.as_the_person(), move |tx| {
            feedback::rate(tx, &command, &pauses)
        })
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
