//! `/.well-known/throughline-node`: who this node is, for gateways that want to check its receipts.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::{crypto::PublicJwk, hub::Hub};

/// Who this node is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NodeView {
    /// Its name, which stands as the issuer in its receipts.
    name: String,
    /// The public key it signs receipts with. Keep it, and be suspicious when it changes.
    #[schema(value_type = Object)]
    receipts: PublicJwk,
}

/// The node's name and the key of its receipts. Open to everybody.
#[utoipa::path(get, path = "/.well-known/throughline-node", tag = "Operation", responses((status = 200, body = NodeView)))]
pub(super) async fn node(hub: web::Data<Hub>) -> HttpResponse {
    let node = hub.node();
    HttpResponse::Ok().json(NodeView { name: node.name.clone(), receipts: node.receipts.public().clone() })
}
