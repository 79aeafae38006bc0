//! Telling an organisation which of its contacts holds for a month yet, once. The notice names neither a person nor a number.

use chrono::TimeDelta;
use serde::Serialize;

use super::store;
use crate::{
    access::Tx,
    directory::DirectoryError,
    kernel::{
        Timestamp,
        id::{ContactId, ServiceId},
    },
    outbox::{self, Event},
    storage::Db,
};

/// How long before its end the organisation is told, in days.
const DAYS_BEFORE: i64 = 30;

/// How many contacts one write tells of.
const BATCH: i64 = 100;

#[derive(Serialize)]
struct Payload {
    contact: ContactId,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServiceId>,
    at: Timestamp,
}

/// Whether there is anybody to tell.
pub(in crate::directory) fn anything_to_remind(
    db: &mut Db<'_>,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    Ok(!store::ending(db, soon(now), 1)?.is_empty())
}

/// Tells organisations, a batch of them, of contacts that end soon.
pub(in crate::directory) fn remind(tx: &mut Tx<'_>) -> Result<(), DirectoryError> {
    let by = soon(tx.now());
    let ending = store::ending(tx.db(), by, BATCH)?;
    for contact in &ending {
        let payload = Payload { contact: contact.id, service: contact.service, at: contact.valid_until };
        outbox::say(tx, &Event { topic: "contact.ends", organisation: Some(contact.organisation), payload })?;
    }
    let ids: Vec<ContactId> = ending.iter().map(|contact| contact.id).collect();
    Ok(store::note_told(tx, &ids)?)
}

fn soon(now: Timestamp) -> Timestamp {
    now.plus(TimeDelta::days(DAYS_BEFORE))
}
