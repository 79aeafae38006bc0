//! `/api/v1/agreements`: data-sharing agreements between members.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::Deserialize;

use super::{answer, reply::respond};
use crate::{
    access::Tx,
    agreements::{
        self, Agreement, AgreementDetail, AgreementError, AgreementView, Draft, FlowName, Sign, Suspend,
        Terminate, Which,
    },
    http::{Asking, Body, Expected, Paging, Problem, ProblemDocument, Remembered},
    hub::{Remember, Reply},
    kernel::{
        Code, Fault,
        id::{AgreementId, OrganisationId},
    },
    referrals::{self, ReferralError},
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(draft, list, find, offer, retract, sign, suspend, resume, terminate, review))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    const ONE: &str = "/api/v1/agreements/{agreement}/versions/{version}";
    config
        .route("/api/v1/agreements", web::post().to(draft))
        .route("/api/v1/agreements", web::get().to(list))
        .route(ONE, web::get().to(find))
        .route(&format!("{ONE}/offer"), web::put().to(offer))
        .route(&format!("{ONE}/offer"), web::delete().to(retract))
        .route(&format!("{ONE}/signatures"), web::post().to(sign))
        .route(&format!("{ONE}/suspension"), web::put().to(suspend))
        .route(&format!("{ONE}/suspension"), web::delete().to(resume))
        .route(&format!("{ONE}/termination"), web::put().to(terminate))
        .route(&format!("{ONE}/reviews"), web::post().to(review));
}

type One = Path<(AgreementId, u32)>;

/// Draft a version of an agreement. The document is refused with every rule it breaks.
#[utoipa::path(post, path = "/api/v1/agreements", tag = "Agreements", request_body = Draft,
    responses((status = 201, body = AgreementView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn draft(asking: Asking, body: Body<Draft>) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("agreements.draft", &asking.caller, remember, move |tx| {
        let agreement = agreements::draft(tx, &command, &policy)?;
        shown(tx, &agreement, 201)
    });
    answer(outcome.await)
}

/// The agreements of the caller's organisation; all of them for the coordinator.
#[utoipa::path(get, path = "/api/v1/agreements", tag = "Agreements", params(Paging),
    responses((status = 200, body = [AgreementView])))]
async fn list(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    let (actor, asked, now) = (asking.caller.actor, paging.into_inner().asked(), asking.hub.now());
    let page = asking.hub.read(move |db| agreements::list_agreements(db, &actor, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One version with its document, its signatures and what changed against the version before.
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}/versions/{version}", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = AgreementDetail), (status = 404, body = ProblemDocument)))]
async fn find(asking: Asking, one: One) -> Result<HttpResponse, Problem> {
    let (actor, one, now) = (asking.caller.actor, one.into_inner(), asking.hub.now());
    let detail = asking.hub.read(move |db| agreements::find_agreement(db, &actor, one, now)).await?;
    Ok(respond(&Reply::ok(&detail)?.version(detail.agreement.row_version)))
}

/// Offer a draft for signature: from now on its bytes are fixed.
#[utoipa::path(put, path = "/api/v1/agreements/{agreement}/versions/{version}/offer", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = AgreementView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
async fn offer(
    asking: Asking,
    one: One,
    seen: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    moved(asking, "agreements.offer", remembered.0, which(&one, seen), agreements::offer).await
}

/// Take an offer back, to draft again. Its signatures fall.
#[utoipa::path(delete, path = "/api/v1/agreements/{agreement}/versions/{version}/offer", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = AgreementView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
async fn retract(
    asking: Asking,
    one: One,
    seen: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    moved(asking, "agreements.retract", remembered.0, which(&one, seen), agreements::retract).await
}

/// Sign for the caller's organisation. With the last signature the agreement takes effect, on its first day at the earliest.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/versions/{version}/signatures", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path)), request_body = Sign,
    responses((status = 201, body = AgreementView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn sign(asking: Asking, one: One, body: Body<Sign>) -> Result<HttpResponse, Problem> {
    let ((command, remember), (id, version)) = (body.into_parts(), one.into_inner());
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("agreements.sign", &asking.caller, remember, move |tx| {
        let agreement = agreements::sign(tx, id, version, &command)?;
        referrals::follow_standing(tx, &agreement, &policy)?;
        Ok::<_, ReferralError>(shown(tx, &agreement, 201)?)
    });
    answer(outcome.await)
}

/// Suspend the agreement, or one direction of it. New packets are refused from now on.
#[utoipa::path(put, path = "/api/v1/agreements/{agreement}/versions/{version}/suspension", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path), ("If-Match" = String, Header)), request_body = Suspend,
    responses((status = 200, body = AgreementView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
async fn suspend(
    asking: Asking,
    one: One,
    seen: Expected,
    body: Body<Suspend>,
) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    moved(asking, "agreements.suspend", remember, which(&one, seen), move |tx, which| {
        agreements::suspend(tx, which, command)
    })
    .await
}

/// Which direction to resume; the whole agreement when left out.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Direction {
    /// Who discloses.
    #[param(value_type = Option<String>)]
    from: Option<OrganisationId>,
    /// Who receives.
    #[param(value_type = Option<String>)]
    to: Option<OrganisationId>,
}

/// Resume a suspended agreement, or one direction of it. Only whoever suspended or stopped it may, and the coordinator.
#[utoipa::path(delete, path = "/api/v1/agreements/{agreement}/versions/{version}/suspension", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path), ("If-Match" = String, Header), Direction),
    responses((status = 200, body = AgreementView), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn resume(
    asking: Asking,
    one: One,
    seen: Expected,
    remembered: Remembered,
    direction: web::Query<Direction>,
) -> Result<HttpResponse, Problem> {
    let Direction { from, to } = direction.into_inner();
    if from.is_some() != to.is_some() {
        return Err(Problem::new(
            Code::new("agreement.half_a_direction", Fault::Malformed),
            "A direction has two ends: name both `from` and `to`, or neither for the whole agreement.",
        ));
    }
    let flow = from.zip(to).map(|(from, to)| FlowName { from, to });
    moved(asking, "agreements.resume", remembered.0, which(&one, seen), move |tx, which| {
        agreements::resume(tx, which, flow)
    })
    .await
}

/// End the agreement, with notice or for breach.
#[utoipa::path(put, path = "/api/v1/agreements/{agreement}/versions/{version}/termination", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path), ("If-Match" = String, Header)), request_body = Terminate,
    responses((status = 200, body = AgreementView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
async fn terminate(
    asking: Asking,
    one: One,
    seen: Expected,
    body: Body<Terminate>,
) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let policy = asking.hub.policy();
    moved(asking, "agreements.terminate", remember, which(&one, seen), move |tx, which| {
        agreements::terminate(tx, which, command, &policy)
    })
    .await
}

/// Note that the parties reviewed the agreement.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/versions/{version}/reviews", tag = "Agreements",
    params(("agreement" = String, Path), ("version" = u32, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = AgreementView), (status = 409, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
async fn review(
    asking: Asking,
    one: One,
    seen: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    moved(asking, "agreements.review", remembered.0, which(&one, seen), agreements::review).await
}

fn which(one: &One, seen: Expected) -> Which {
    let (id, version) = **one;
    Which { id, version, seen: seen.0 }
}

async fn moved(
    asking: Asking,
    action: &'static str,
    remember: Option<Remember>,
    which: Which,
    mut work: impl FnMut(&mut Tx<'_>, Which) -> Result<Agreement, AgreementError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer(action, &asking.caller, remember, move |tx| {
        let agreement = work(tx, which)?;
        referrals::follow_standing(tx, &agreement, &policy)?;
        Ok::<_, ReferralError>(shown(tx, &agreement, 200)?)
    });
    answer(outcome.await)
}

fn shown(tx: &mut Tx<'_>, agreement: &Agreement, status: u16) -> Result<Reply, AgreementError> {
    let view = AgreementView::of(agreement, tx.now());
    Ok(Reply::with(status, &view)?.version(agreement.row_version))
}
