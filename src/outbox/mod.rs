//! What the world should know, written in the same transaction as what happened.
//!
//! A message is a topic and a small JSON object of ids and codes; it never holds anything about a person. Rows are only
//! appended. Each consumer (a courier, or whoever reads notices) has a cursor of its own.
//!
//! # Decisions
//!
//! - **What is for the node** (an incident, a clock nobody heeded, a withdrawal nobody answers) is read by whoever oversees all referrals,
//!   at the same place where an organisation reads its own: there is no message that nobody can read.
//! - **Order.** On PostgreSQL sequence numbers may become visible out of order. Readers therefore stay behind the present by
//!   [`SETTLE_SECONDS`], longer than any write transaction may live.

mod error;
mod notices;
mod store;

pub use error::OutboxError;
pub use notices::{Notice, newest_notices, notices};
pub use store::{Claimed, advance, claim, fail, forget_before};

use serde::Serialize;

use crate::{
    access::Tx,
    kernel::id::{MessageId, OrganisationId},
};

/// How long a message rests before consumers may pass over it, in seconds.
pub const SETTLE_SECONDS: i64 = 2;

/// Something that happened and that somebody outside the transaction should know.
#[derive(Clone, Debug)]
pub struct Event<P> {
    /// What happened, in the past tense: `referral.accepted`.
    pub topic: &'static str,
    /// The organisation that should know; `None` for the node itself.
    pub organisation: Option<OrganisationId>,
    /// Ids and codes, nothing about a person.
    pub payload: P,
}

/// Writes the event into the outbox of this transaction.
pub fn say<P: Serialize>(tx: &mut Tx<'_>, event: &Event<P>) -> Result<(), OutboxError> {
    let payload = serde_json::to_string(&event.payload).map_err(OutboxError::Payload)?;
    let (id, at): (MessageId, _) = (tx.id(), tx.now());
    store::append(tx.db(), id, event.topic, event.organisation, &payload, at)?;
    Ok(())
}
