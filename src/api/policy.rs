//! `/api/v1/policy`: what this node judges by, for gateways that judge by the same.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::Serialize;

use crate::{hub::Hub, kernel::Digest};

/// What this node judges by.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct PolicyView {
    /// The version of the dictionary, as packets name it. With profiles it ends in a digest of their texts.
    dictionary: String,
    /// Of every text the policy is built from: those compiled in, and the profiles.
    #[schema(value_type = String)]
    digest: Digest,
    /// The profiles that tighten what is compiled in, as they are written and in their order.
    profiles: Vec<String>,
}

/// The policy this node judges by. Open to everybody, and the same until the node is started again: keep it under its `ETag`.
#[utoipa::path(get, path = "/api/v1/policy", tag = "Operation",
    responses((status = 200, body = PolicyView), (status = 304, description = "It is the one that `If-None-Match` names")))]
pub(super) async fn policy(hub: web::Data<Hub>, request: HttpRequest) -> HttpResponse {
    let policy = hub.policy();
    let tag = format!("\"{}\"", policy.digest());
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if is_known {
        return answer.finish();
    }
    answer.json(PolicyView {
        dictionary: policy.dictionary().to_owned(),
        digest: policy.digest(),
        profiles: policy.profiles().to_vec(),
    })
}
