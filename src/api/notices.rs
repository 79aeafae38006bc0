//! `/api/v1/notices`: what an organisation should know, in order.

use actix_web::{HttpResponse, web};

use super::{Asking, Paging, Problem, ProblemDocument};
use crate::{
    access::Permission,
    outbox::{self, Notice, OutboxError},
};

/// What happened to your organisation's referrals, agreements and consents, oldest first. Keep the last `next` and ask again
/// with it: nothing is shown twice and nothing is left out.
#[utoipa::path(get, path = "/api/v1/notices", tag = "Notices", params(Paging),
    responses((status = 200, body = [Notice]), (status = 401, body = ProblemDocument)))]
pub(super) async fn list(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    asking.caller.actor.may(Permission::ReadReferrals)?;
    let organisation = asking.caller.actor.for_organisation()?;
    let (asked, now) = (paging.into_inner().asked(), asking.hub.now());
    let page =
        asking.hub.read::<_, OutboxError>(move |db| outbox::notices(db, organisation, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
}
