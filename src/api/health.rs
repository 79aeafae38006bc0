//! `/health/live`, `/health/ready`, `/metrics`.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::hub::Hub;

/// What is ready and what is not.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each says whether one thing holds, as monitors read it")]
pub(super) struct Readiness {
    /// Everything below holds.
    pub ready: bool,
    /// The database answers.
    pub database: bool,
    /// It takes writes: it is no standby, and nobody set it to read only.
    pub writes: bool,
    /// Its tables are those of this release.
    pub migrations: bool,
    /// The node's keys sign, and lie in their folder as this process loaded them: without them it could never be started again.
    pub keys: bool,
    /// There is room on the disk, as far as is known.
    pub disk: bool,
    /// The last nightly look at the log found nothing wrong, as far as this process has looked. Work goes on all the same: somebody has to
    /// compare.
    pub log: bool,
    /// Every process on this database judges by the same policy, as far as this one has heard. Work goes on all the same: while a policy is
    /// changed two are there for a moment.
    pub same_policy: bool,
    /// The policy this process judges by: the dictionary's version as packets name it.
    pub policy: String,
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "Operation", responses((status = 204, description = "The process runs")))]
pub(super) async fn live() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The process can do its work: database, migrations, keys, disk.
#[utoipa::path(get, path = "/health/ready", tag = "Operation",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness, description = "Something is missing")))]
pub(super) async fn ready(hub: web::Data<Hub>) -> HttpResponse {
    let store = hub.store().clone();
    // Whoever asks wants to hear soon that a database has fallen silent.
    let patience = Duration::from_secs(hub.settings().database.lock_timeout_seconds);
    let (keys, folder) = (hub.keys().clone(), hub.settings().node.keys.clone());
    let (health, keys) = tokio::join!(
        tokio::time::timeout(patience, web::block(move || store.health())),
        tokio::time::timeout(patience, web::block(move || keys.are_usable(&folder))),
    );
    let health = health.ok().and_then(Result::ok);
    let floor = hub.settings().database.free_disk_megabytes.saturating_mul(1_048_576);
    let readiness = Readiness {
        ready: false,
        database: health.is_some_and(|h| h.reads),
        writes: health.is_some_and(|h| h.writes),
        migrations: health.is_some_and(|h| h.migrated),
        keys: matches!(keys, Ok(Ok(true))),
        disk: health.and_then(|h| h.free_bytes).is_none_or(|free| free >= floor),
        log: hub.metrics().log_is_sound(),
        same_policy: hub.metrics().policies_are_alike(),
        policy: hub.policy().dictionary().to_owned(),
    };
    let ready =
        readiness.database && readiness.writes && readiness.migrations && readiness.keys && readiness.disk;
    let readiness = Readiness { ready, ..readiness };
    if ready {
        HttpResponse::Ok().json(readiness)
    } else {
        HttpResponse::ServiceUnavailable().json(readiness)
    }
}

/// Metrics in the Prometheus text format: names of routes, actions and codes, never an id.
#[utoipa::path(get, path = "/metrics", tag = "Operation", responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn metrics(hub: web::Data<Hub>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(hub.metrics().render())
}
