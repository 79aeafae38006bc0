//! Deliver a packet to an organisation it is addressed to, with the sections that organisation's keys can open.

use std::collections::BTreeSet;

use super::{Envelope, PacketError, form::DEPTH, form::MAX_ENVELOPE, store, verify::Parts};
use crate::{
    access::{AccessError, Actor, Tx},
    crypto::{Typ, closed, peek},
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, PacketId, ReferralId},
    },
    policy::{CompartmentCode, Policy, ReaderRole},
    storage::{Db, StorageError},
};

/// A packet as it is served.
pub struct Delivered {
    /// Which.
    pub id: PacketId,
    /// The referral it belongs to.
    pub referral: ReferralId,
    /// The container; sections for which the reader has no key are `null`.
    pub body: Vec<u8>,
    /// The node's receipt, which says when the packet arrived.
    pub receipt: String,
    /// Digest of the envelope.
    pub envelope: Digest,
    /// Whether the recipient gets it for the first time. The sender never does.
    pub first: bool,
}

/// What the hub knows of a packet after its ciphertext is gone as well.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The envelope's token.
    pub envelope: String,
    /// The node's receipt.
    pub receipt: String,
    /// When it was received.
    pub received: Timestamp,
    /// When the ciphertext was deleted.
    pub purged: Option<Timestamp>,
}

/// Reads a packet for an organisation it is addressed to, or for its sender. Anybody else finds nothing.
pub fn fetch(
    db: &mut Db<'_>,
    actor: &Actor,
    id: PacketId,
    policy: &Policy,
) -> Result<Delivered, PacketError> {
    let (row, reader, standing) = find_for(db, actor, id)?;
    let body = store::body(db, id)?.ok_or(PacketError::Purged)?;
    let parts = Parts::from_stored(row.envelope.clone(), &body)?;
    let envelope = claims(&row.envelope)?;
    let open = readable(&envelope, reader, policy);
    let body = parts.body(|place| {
        let role = envelope.sections.get(place).map(|section| &section.role);
        role.is_some_and(|role| open.contains(role))
    })?;
    Ok(Delivered {
        id,
        referral: row.referral,
        body,
        receipt: row.receipt,
        envelope: row.digest,
        first: standing == store::Standing::Waiting,
    })
}

/// Like [`fetch`], and remembers when the recipient got it first.
pub fn deliver(tx: &mut Tx<'_>, id: PacketId, policy: &Policy) -> Result<Delivered, PacketError> {
    let actor = tx.actor();
    let delivered = fetch(tx.db(), actor, id, policy)?;
    if let Some(organisation) = actor.organisation().filter(|_| delivered.first) {
        store::set_delivered(tx, id, organisation)?;
    }
    Ok(delivered)
}

/// The envelope and the receipt, for a party of the packet, also after the ciphertext is gone.
pub fn evidence(db: &mut Db<'_>, actor: &Actor, id: PacketId) -> Result<Evidence, PacketError> {
    let (row, _, _) = find_for(db, actor, id)?;
    Ok(Evidence { envelope: row.envelope, receipt: row.receipt, received: row.received, purged: row.purged })
}

/// The claims of a kept packet. For rooms that have settled who may ask.
pub fn envelope_of(db: &mut Db<'_>, id: PacketId) -> Result<Envelope, PacketError> {
    let row = store::find(db, id)?.ok_or(AccessError::NotFound)?;
    claims(&row.envelope)
}

/// Packets that wait for the actor's organisation, oldest first.
pub fn waiting(
    db: &mut Db<'_>,
    actor: &Actor,
    limit: i64,
) -> Result<Vec<(PacketId, ReferralId)>, PacketError> {
    let organisation = actor.organisation().ok_or(AccessError::NotFound)?;
    Ok(store::waiting(db, organisation, limit)?)
}

fn find_for(
    db: &mut Db<'_>,
    actor: &Actor,
    id: PacketId,
) -> Result<(store::Row, OrganisationId, store::Standing), PacketError> {
    let reader = actor.organisation().ok_or(AccessError::NotFound)?;
    let row = store::find(db, id)?.ok_or(AccessError::NotFound)?;
    let standing = store::standing(db, id, reader)?;
    if row.issuer == reader || standing != store::Standing::NotForIt {
        Ok((row, reader, standing))
    } else {
        Err(AccessError::NotFound.into())
    }
}

/// The claims of an envelope of ours. It was verified when it was kept.
fn claims(token: &str) -> Result<Envelope, PacketError> {
    let wrong = || StorageError::Unreadable("packets.envelope");
    let peeked = peek(token, Typ::Envelope, MAX_ENVELOPE).map_err(|_ignored| wrong())?;
    Ok(closed::read(peeked.unverified(), DEPTH).map_err(|_ignored| wrong())?)
}

/// The compartments that the reader's roles open; the sender's keys open everything.
fn readable(envelope: &Envelope, reader: OrganisationId, policy: &Policy) -> BTreeSet<CompartmentCode> {
    let roles: BTreeSet<&ReaderRole> =
        envelope.grants.iter().filter(|grant| grant.aud == reader).map(|grant| &grant.role).collect();
    let sections = envelope.sections.iter().map(|section| &section.role);
    sections
        .filter(|compartment| {
            envelope.iss == reader
                || policy
                    .compartment(compartment)
                    .is_some_and(|known| known.readers.iter().any(|role| roles.contains(role)))
        })
        .cloned()
        .collect()
}
