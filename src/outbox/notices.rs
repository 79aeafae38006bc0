//! Notices: the part of the outbox that is an organisation's own, or the node's, read with a cursor.

use serde::Serialize;

use super::{
    OutboxError, SETTLE_SECONDS,
    store::{self, Onward},
};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::{
        Timestamp,
        id::OrganisationId,
        page::{Asked, Page},
    },
    storage::Db,
};

/// Something an organisation, or whoever oversees the node, should know.
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

/// The notices for somebody's organisation, or for the node, after the cursor, oldest first. A notice rests two seconds before it shows,
/// so that none appears behind a reader's back.
pub fn notices(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Notice>, OutboxError> {
    let reader = reads_of(actor)?;
    let after = asked.after().and_then(|key| key.parse().ok()).unwrap_or(0);
    let settled = now.minus(chrono::TimeDelta::seconds(SETTLE_SECONDS));
    let rows = store::for_reader(db, reader, Onward::Newer(after), settled, asked.rows_to_load())?;
    Ok(asked.page(rows, |notice| notice.seq.to_string()))
}

/// The same, newest first, for people who look: what came since stands on the first page. The cursor leads to older ones.
pub fn newest_notices(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Notice>, OutboxError> {
    let reader = reads_of(actor)?;
    let before = asked.after().and_then(|key| key.parse().ok()).unwrap_or(i64::MAX);
    let settled = now.minus(chrono::TimeDelta::seconds(SETTLE_SECONDS));
    let rows = store::for_reader(db, reader, Onward::Older(before), settled, asked.rows_to_load())?;
    Ok(asked.page(rows, |notice| notice.seq.to_string()))
}

/// Whose notices somebody reads: their organisation's, as one who works on its referrals or who answers for its data protection; the
/// node's, as one who oversees it.
fn reads_of(actor: &Actor) -> Result<Option<OrganisationId>, AccessError> {
    let Some(organisation) = actor.organisation() else {
        return actor.may(Permission::ReadAllReferrals).map(|()| None);
    };
    actor.may(Permission::ReadReferrals).or_else(|_refused| actor.may(Permission::ReadDisclosures))?;
    Ok(Some(organisation))
}
