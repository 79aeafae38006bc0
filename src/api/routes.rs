//! Path to handler, and the description made from the same places.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, ServiceConfig},
};
use utoipa::{OpenApi as _, openapi::RefOr};

use super::{
    agreements, audit, consents, contacts, custody, directory, feedback, health, hsds, members, node,
    notices, packets, page, policy, published, referrals, second_step, sessions, sources, tokens,
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
    contacts::configure(config);
    hsds::configure(config);
    published::configure(config);
    sources::configure(config);
    consents::configure(config);
    packets::configure(config);
    referrals::configure(config);
}

/// The description of the whole API, OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut all = complete("node", Doc::openapi());
    let parts: [(&str, fn() -> utoipa::openapi::OpenApi); 15] = [
        ("agreements", agreements::Doc::openapi),
        ("members", members::Doc::openapi),
        ("sessions", sessions::Doc::openapi),
        ("second_step", second_step::Doc::openapi),
        ("custody", custody::Doc::openapi),
        ("feedback", feedback::Doc::openapi),
        ("audit", audit::Doc::openapi),
        ("directory", directory::Doc::openapi),
        ("contacts", contacts::Doc::openapi),
        ("hsds", hsds::Doc::openapi),
        ("published", published::Doc::openapi),
        ("sources", sources::Doc::openapi),
        ("consents", consents::Doc::openapi),
        ("packets", packets::Doc::openapi),
        ("referrals", referrals::Doc::openapi),
    ];
    for (part, describe) in parts {
        all.merge(complete(part, describe()));
    }
    all
}

/// Puts in what OpenAPI insists on: ids that no two calls share, and a description of every answer, which is what its status is called where
/// nothing more is said.
fn complete(part: &str, mut described: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let paths = described.paths.paths.values_mut();
    let calls = paths.flat_map(|path| [&mut path.get, &mut path.post, &mut path.put, &mut path.delete]);
    for call in calls.flatten() {
        call.operation_id = call.operation_id.take().map(|id| format!("{part}_{id}"));
        for (status, answer) in &mut call.responses.responses {
            let RefOr::T(answer) = answer else { continue };
            let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
            if answer.description.is_empty() {
                answer.description =
                    status.and_then(|status| status.canonical_reason()).unwrap_or("Answer").into();
            }
        }
    }
    described
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
