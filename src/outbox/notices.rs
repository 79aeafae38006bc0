//! Notices: an organisation's own part of the outbox, read with a cursor.

use serde::Serialize;

use super::{OutboxError, SETTLE_SECONDS, store};
use crate::{
    kernel::{
        Timestamp,
        id::OrganisationId,
        page::{Asked, Page},
    },
    storage::Db,
};

/// Something an organisation should know.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Notice {
    /// Place in the order.
    pub seq: i64,
    /// Id of the message; the same message always has the same id.
    pub id: String,
    /// What happened, such as `referral.accepted`.
    pub topic: String,
    /// Ids and codes.
    pub payload: serde_json::Value,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// The notices of an organisation after the cursor, oldest first. A notice rests two seconds before it shows, so that none
/// appears behind a reader's back.
pub fn notices(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Notice>, OutboxError> {
    let after = asked.after().and_then(|key| key.parse().ok()).unwrap_or(0);
    let settled = now.minus(chrono::TimeDelta::seconds(SETTLE_SECONDS));
    let rows = store::of_organisation(db, organisation, after, settled, asked.rows_to_load())?;
    Ok(asked.page(rows, |notice| notice.seq.to_string()))
}
