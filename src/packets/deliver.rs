//! Deliver a packet to an organisation it is addressed to, with the sections that organisation's keys can open.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Envelope, Manifest, PacketError, PacketKind,
    form::DEPTH,
    form::MAX_ENVELOPE,
    store,
    verify::{BEFORE_CIPHERTEXT, Parts, manifest_in},
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    crypto::{Typ, closed, peek, peek_kid},
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, PacketId, ReferralId},
        page::{Asked, Page},
    },
    members,
    policy::{CompartmentCode, Denials, Policy, ReaderRole},
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
    /// When the hub took it.
    pub received: Timestamp,
    /// Whether the recipient has not got it yet. The sender never does.
    pub first: bool,
}

/// A packet that waits to be fetched.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Waiting {
    /// Which.
    #[schema(value_type = String)]
    pub id: PacketId,
    /// The referral it belongs to.
    #[schema(value_type = String)]
    pub referral: ReferralId,
    /// Who sent it.
    #[schema(value_type = String)]
    pub sender: OrganisationId,
    /// What it is.
    pub kind: PacketKind,
    /// When the hub received it.
    #[schema(value_type = String, format = DateTime)]
    pub received: Timestamp,
    /// Until when it can be fetched, at most.
    #[schema(value_type = String, format = DateTime)]
    pub expires: Timestamp,
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
    /// For its sender: the codes it is held back for, since its recipient last asked for it.
    pub held: Option<Value>,
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
        received: row.received,
        first: standing == store::Standing::Waiting,
    })
}

/// A packet that is handed over: what was [fetched](fetch) may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// The referral it belongs to.
    pub referral: ReferralId,
    /// When the hub took it.
    pub received: Timestamp,
    /// Whether the recipient gets it for the first time. The sender never does.
    pub first: bool,
}

/// Remembers when the recipient got it first. Its ciphertext is not looked at: whoever serves it has read it before.
pub fn deliver(tx: &mut Tx<'_>, id: PacketId) -> Result<HandedOver, PacketError> {
    let actor = tx.actor();
    let (row, reader, standing) = find_for(tx.db(), actor, id)?;
    if row.purged.is_some() {
        return Err(PacketError::Purged);
    }
    let first = standing == store::Standing::Waiting;
    if first {
        store::set_delivered(tx, id, reader)?;
    }
    Ok(HandedOver { referral: row.referral, received: row.received, first })
}

/// The envelope and the receipt, for a party of the packet, also after the ciphertext is gone.
pub fn evidence(db: &mut Db<'_>, actor: &Actor, id: PacketId) -> Result<Evidence, PacketError> {
    let (row, reader, _) = find_for(db, actor, id)?;
    // They may be about the consent, of which the recipient hears nothing.
    let held = if row.issuer == reader { store::held(db, id)? } else { None };
    let held = held.map(|why| denials(&why)).transpose()?;
    let store::Row { envelope, receipt, received, purged, .. } = row;
    Ok(Evidence { envelope, receipt, received, purged, held })
}

/// What of a referral is held back of what this organisation handed in, each packet with the codes that stood against it when its
/// recipient last asked for it.
pub fn held_back(
    db: &mut Db<'_>,
    referral: ReferralId,
    sender: OrganisationId,
) -> Result<Vec<(PacketId, Value)>, PacketError> {
    let held = store::held_of(db, referral, sender)?;
    held.into_iter().map(|(packet, why)| Ok((packet, denials(&why)?))).collect()
}

fn denials(why: &str) -> Result<Value, StorageError> {
    serde_json::from_str(why).map_err(|_ignored| StorageError::Unreadable("packet_recipients.held"))
}

/// Keeps for the sender why a packet is held back from the actor's organisation, until it gets it. Answers whether the sender has not
/// been told that yet.
pub fn set_held(tx: &mut Tx<'_>, id: PacketId, denials: &Denials) -> Result<bool, PacketError> {
    let organisation = tx.actor().for_organisation()?;
    let why = json!(denials).to_string();
    Ok(store::set_held(tx, id, organisation, &why)?)
}

/// The claims and the manifest of a kept packet, as they were verified, while its ciphertext is here: to judge it again before it is
/// handed over. The manifest names the policy that was in force when it was taken.
pub fn claims_of(db: &mut Db<'_>, id: PacketId) -> Result<(Envelope, Manifest), PacketError> {
    let row = store::find(db, id)?.ok_or(AccessError::NotFound)?;
    let beginning = store::body_up_to(db, id, BEFORE_CIPHERTEXT)?.ok_or(PacketError::Purged)?;
    let envelope = claims(&row.envelope)?;
    let manifest = Manifest::read(manifest_in(&beginning)?, &envelope)?;
    Ok((envelope, manifest))
}

/// Whether the key that signed a kept packet could sign when the packet came. That it could not is often known only later, when the key
/// turns out to have been stolen before.
pub fn signature_stands(db: &mut Db<'_>, id: PacketId) -> Result<bool, PacketError> {
    let row = store::find(db, id)?.ok_or(AccessError::NotFound)?;
    let Ok(kid) = peek_kid(&row.envelope, Typ::Envelope, MAX_ENVELOPE) else { return Ok(false) };
    let key = members::find_key(db, &kid)?;
    Ok(key.is_some_and(|key| key.organisation == row.issuer && key.may_sign_at(row.received)))
}

/// The claims of a kept packet. For rooms that have settled who may ask.
pub fn envelope_of(db: &mut Db<'_>, id: PacketId) -> Result<Envelope, PacketError> {
    let row = store::find(db, id)?.ok_or(AccessError::NotFound)?;
    claims(&row.envelope)
}

/// Packets that wait for the actor's organisation, oldest first.
pub fn waiting(db: &mut Db<'_>, actor: &Actor, asked: &Asked) -> Result<Page<Waiting>, PacketError> {
    actor.may(Permission::ReadReferrals)?;
    let organisation = actor.for_organisation()?;
    let rows = store::waiting(db, organisation, asked.after(), asked.rows_to_load())?;
    Ok(asked.page(rows, |waiting| waiting.id.to_string()))
}

/// Whether an organisation has fetched anything of a referral. For rooms that have settled who may ask.
pub fn has_fetched(
    db: &mut Db<'_>,
    referral: ReferralId,
    organisation: OrganisationId,
) -> Result<bool, PacketError> {
    Ok(store::has_fetched(db, (referral, organisation), None)?)
}

/// Whether this packet is the first of a referral that an organisation has fetched. For rooms that have settled who may ask.
pub fn is_first_fetched(
    db: &mut Db<'_>,
    (referral, packet): (ReferralId, PacketId),
    organisation: OrganisationId,
) -> Result<bool, PacketError> {
    Ok(!store::has_fetched(db, (referral, organisation), Some(packet))?)
}

/// How many packets went from one organisation to another on the day of this moment, UTC. May be short by as many as there are
/// writers.
pub fn sent_on(
    db: &mut Db<'_>,
    from: OrganisationId,
    to: OrganisationId,
    at: Timestamp,
) -> Result<u32, PacketError> {
    Ok(u32::try_from(store::sent_on(db, from, to, at)?).unwrap_or(u32::MAX))
}

/// Where a packet belongs that something else names.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    /// Its referral.
    pub referral: ReferralId,
    /// Who handed it in.
    pub from: OrganisationId,
    /// Since when.
    pub since: Timestamp,
}

/// Whether a packet was handed in as this one, and reached its recipient or still can.
pub fn is_handed_in(db: &mut Db<'_>, id: PacketId, as_this: Handed) -> Result<bool, PacketError> {
    Ok(store::is_handed_in(db, id, as_this)?)
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
pub(super) fn claims(token: &str) -> Result<Envelope, PacketError> {
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
