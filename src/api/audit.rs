//! `/api/v1/audit`: the log's key, its newest checkpoint, proofs and tiles.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};

use crate::{
    audit::{self, AuditError, Wanted, tree::TilePath},
    http::{Asking, Problem, ProblemDocument},
    kernel::{Code, Digest, Fault},
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(key, checkpoint, proof, tile))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/audit/key", web::get().to(key))
        .route("/api/v1/audit/checkpoint", web::get().to(checkpoint))
        .route("/api/v1/audit/proofs/{leaf}", web::get().to(proof))
        .route("/api/v1/audit/{tile:tile/.+}", web::get().to(tile));
}

/// The public key that the log's checkpoints are signed with, as a C2SP verifier key. Keep it: proofs are checked against it.
#[utoipa::path(get, path = "/api/v1/audit/key", tag = "Audit",
    responses((status = 200, content_type = "text/plain", description = "name+id+key")))]
async fn key(asking: Asking) -> Result<HttpResponse, Problem> {
    let key = asking.hub.keys().log_key()?;
    Ok(HttpResponse::Ok().content_type(TEXT).body(format!("{}\n", key.verifier())))
}

/// The newest checkpoint: origin, size and root of the log as a signed note (C2SP tlog-checkpoint). Keep some: what you hold,
/// this node cannot take back.
#[utoipa::path(get, path = "/api/v1/audit/checkpoint", tag = "Audit",
    responses((status = 200, content_type = "text/plain", description = "Signed note"), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn checkpoint(asking: Asking) -> Result<HttpResponse, Problem> {
    let actor = asking.caller.actor;
    let note = asking.hub.read::<_, AuditError>(move |db| audit::checkpoint_for(db, &actor)).await?;
    Ok(HttpResponse::Ok().content_type(TEXT).body(note))
}

/// The proof that the leaf of your receipt is in the log (C2SP tlog-proof). It holds without this node: check it with
/// `throughline audit verify-proof`, or with any tool that knows the format.
#[utoipa::path(get, path = "/api/v1/audit/proofs/{leaf}", tag = "Audit", params(("leaf" = String, Path)),
    responses((status = 200, content_type = "text/plain", description = "Proof"), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn proof(asking: Asking, leaf: Path<Digest>) -> Result<HttpResponse, Problem> {
    let (actor, wanted) = (asking.caller.actor, Wanted::Leaf(leaf.into_inner()));
    let key = asking.hub.keys().log_key()?;
    let proof = asking
        .hub
        .read::<_, AuditError>(move |db| audit::proof_for(db, &actor, key.verifier(), wanted))
        .await?;
    Ok(HttpResponse::Ok().content_type(TEXT).body(proof.to_text()))
}

/// A tile of hashes or a bundle of entries, under the paths of C2SP tlog-tiles. For those who may read the log; that it was read
/// stands in the log.
#[utoipa::path(get, path = "/api/v1/audit/{tile}", tag = "Audit",
    params(("tile" = String, Path, description = "tile/LEVEL/PLACE or tile/entries/PLACE")),
    responses((status = 200, content_type = "application/octet-stream", description = "Bytes"), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn tile(asking: Asking, path: Path<String>) -> Result<HttpResponse, Problem> {
    let path: TilePath = path.parse().map_err(|error: audit::tree::NotATilePath| {
        Problem::new(Code::new("audit.not_a_tile", Fault::Malformed), error.to_string())
    })?;
    let bytes =
        asking.hub.write("audit.read_tile", &asking.caller, move |tx| audit::read_tile(tx, path)).await?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(bytes))
}

const TEXT: &str = "text/plain; charset=utf-8";
