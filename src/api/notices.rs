//! `/api/v1/notices`: what an organisation, or whoever oversees the node, should know, in order.

use actix_web::{HttpResponse, web};

use crate::{
    http::{Asking, Paging, Problem, ProblemDocument},
    outbox::{self, Notice, OutboxError},
};

/// What happened to your organisation's referrals, agreements and consents, oldest first; for coordinators what the node was told:
/// incidents, referrals overdue or redirected again and again, packets that were not what they said, withdrawals that nobody answers. Keep
/// the last `next` and ask again with it: nothing is shown twice and nothing is left out.
#[utoipa::path(get, path = "/api/v1/notices", tag = "Notices", params(Paging),
    responses((status = 200, body = [Notice]), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub(super) async fn list(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    let (actor, asked, now) = (asking.caller.actor, paging.into_inner().asked(), asking.hub.now());
    let page = asking.hub.read::<_, OutboxError>(move |db| outbox::notices(db, &actor, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
}
