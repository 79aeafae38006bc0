//! Path to handler, and the description made from the same places.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};
use utoipa::OpenApi as _;

use super::{
    agreements, audit, consents, custody, directory, feedback, health, hsds, members, node, notices, packets,
    page, policy, published, referrals, second_step, sessions, tokens,
};
use crate::{
    http::{Problem, ProblemDocument},
    kernel::{Code, Fault},
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Throughline",
        description = "The API of a Throughline node. Errors are problem documents with a stable code."
    ),
    paths(
        health::live,
        health::ready,
        health::metrics,
        node::node,
        notices::list,
        policy::policy,
        tokens::token,
        description
    ),
    components(schemas(ProblemDocument))
)]
struct Doc;

/// Every route of this entrance.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/health/live", web::get().to(health::live))
        .route("/health/ready", web::get().to(health::ready))
        .route("/metrics", web::get().to(health::metrics))
        .route("/.well-known/throughline-node", web::get().to(node::node))
        .route("/api/v1/policy", web::get().to(policy::policy))
        .route("/oauth/token", web::post().to(tokens::token))
        .route("/api/v1/notices", web::get().to(notices::list))
        .route("/api", web::get().to(page::page))
        .route("/api/page.css", web::get().to(page::css))
        .route("/api/openapi.json", web::get().to(description));
    agreements::configure(config);
    members::configure(config);
    sessions::configure(config);
    second_step::configure(config);
    custody::configure(config);
    feedback::configure(config);
    audit::configure(config);
    directory::configure(config);
    hsds::configure(config);
    published::configure(config);
    consents::configure(config);
    packets::configure(config);
    referrals::configure(config);
}

/// The description of the whole API, OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut all = Doc::openapi();
    all.merge(agreements::Doc::openapi());
    all.merge(members::Doc::openapi());
    all.merge(sessions::Doc::openapi());
    all.merge(second_step::Doc::openapi());
    all.merge(custody::Doc::openapi());
    all.merge(feedback::Doc::openapi());
    all.merge(audit::Doc::openapi());
    all.merge(directory::Doc::openapi());
    all.merge(hsds::Doc::openapi());
    all.merge(published::Doc::openapi());
    all.merge(consents::Doc::openapi());
    all.merge(packets::Doc::openapi());
    all.merge(referrals::Doc::openapi());
    all
}

/// The description of this API (OpenAPI 3.1).
#[utoipa::path(get, path = "/api/openapi.json", tag = "Operation", responses((status = 200, description = "OpenAPI document")))]
async fn description() -> HttpResponse {
    static WRITTEN: LazyLock<web::Bytes> =
        LazyLock::new(|| serde_json::to_vec(&openapi()).unwrap_or_default().into());
    HttpResponse::Ok().content_type("application/json").body(WRITTEN.clone())
}

/// What this address is, where there are no pages.
pub use super::page::front;

/// The answer where there is nothing.
pub async fn nothing_here() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        Code::new("api.no_such_route", Fault::NotFound),
        "There is nothing at this address; see /api/openapi.json for what there is.",
    ))
}
