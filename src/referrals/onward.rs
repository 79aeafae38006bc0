//! The referral that a packet continues, as facts for the rule.

use std::collections::BTreeSet;

use super::{
    error::ReferralError,
    fetch::newest,
    referral::{Origin, Referral},
    state::State,
    store,
};
use crate::{
    access::{AccessError, Tx},
    agreements::{self, NewPackets},
    consent::{self, CitedAgreement, Link, Parent},
    kernel::{Timestamp, id::ReferralId},
    packets::{self, Envelope, PacketKind},
    policy::{FieldId, Policy},
    storage::Db,
};

/// Holds the referral that is continued where it stands, so that it does not end while something is passed on from it.
pub(super) fn hold(tx: &mut Tx<'_>, envelope: &Envelope) -> Result<(), ReferralError> {
    if let Some(was) = known(tx.db(), envelope)? {
        store::find_to_move(tx, was.id())?;
    }
    Ok(())
}

fn known(db: &mut Db<'_>, envelope: &Envelope) -> Result<Option<Referral>, ReferralError> {
    let Some(id) = envelope.parent else { return Ok(None) };
    Ok(store::find_known(db, id)?.filter(|known| known.origin.recipient == envelope.iss))
}

/// What there is to know of the referral that an envelope says it continues. Nothing of one that its sender did not receive.
pub(super) fn parent(
    db: &mut Db<'_>,
    envelope: &Envelope,
    at: Timestamp,
    policy: &Policy,
) -> Result<Option<Parent>, ReferralError> {
    let Some(was) = known(db, envelope)? else { return Ok(None) };
    let (standing, origin) = (&was.standing, &was.origin);
    let first = packets::envelope_of(db, origin.packet)?;
    let (onward, keep) = consent::promised(&first.onward, &first.retention, policy);
    let flags = standing.flags;
    Ok(Some(Parent {
        sender: origin.sender,
        recipient: origin.recipient,
        untouched: !flags.withdrawal && !flags.restricted,
        serving: matches!(standing.state, State::InService(_)),
        purpose: origin.purpose.clone(),
        onward,
        keep,
        certificate: origin.certificate,
        links: links(db, origin, at, policy)?,
        received: received(db, origin)?,
    }))
}

/// The agreements on the way back to the first sender, no more of them than could ever be passed on under.
fn links(
    db: &mut Db<'_>,
    origin: &Origin,
    at: Timestamp,
    policy: &Policy,
) -> Result<Vec<Link>, ReferralError> {
    let mut links = vec![link(db, origin, at)?];
    let mut before = origin.parent;
    while let Some(id) = before.filter(|_| links.len() <= usize::from(policy.onward_hops().max)) {
        let known = store::find_known(db, id)?.ok_or(AccessError::NotFound)?;
        links.push(link(db, &known.origin, at)?);
        before = known.origin.parent;
    }
    Ok(links)
}

fn link(db: &mut Db<'_>, origin: &Origin, at: Timestamp) -> Result<Link, ReferralError> {
    let (id, version) = (origin.agreement, origin.agreement_version);
    let cited = agreements::cover(db, id, version)?.ok_or(AccessError::NotFound)?;
    let last = newest(db, CitedAgreement { id, version, digest: cited.agreement.digest })?;
    let last = agreements::cover(db, id, last.version)?.ok_or(AccessError::NotFound)?;
    let agreement = &last.agreement;
    let refused = matches!(agreement.standing(at).effects().new_packets, NewPackets::Refused(_));
    let stopped = agreement.is_stopped(origin.sender, origin.recipient);
    Ok(Link { stands: !refused && !stopped, cited: cited.terms, newest: last.terms })
}

/// The fields its recipient was sent; nothing when the hub has deleted a manifest of it.
fn received(db: &mut Db<'_>, origin: &Origin) -> Result<Option<BTreeSet<FieldId>>, ReferralError> {
    let mut fields = BTreeSet::new();
    for packet in packets::disclosed(db, origin.id)? {
        if packet.from != origin.sender || packet.kind == PacketKind::Withdraw {
            continue;
        }
        if packet.purged.is_some() {
            return Ok(None);
        }
        let (_envelope, manifest) = packets::claims_of(db, packet.packet)?;
        fields.extend(manifest.fields.into_iter().map(|field| field.f));
    }
    Ok(Some(fields))
}

/// What the first sender is told: that something was passed on, for what, and, where that rests on its own consent, to whom. Never
/// what.
pub(super) fn notice(parent: ReferralId, envelope: &Envelope, borrowed: bool) -> serde_json::Value {
    let to = envelope.aud.first().filter(|_| borrowed);
    serde_json::json!({
        "referral": parent, "purpose": envelope.purpose, "service": envelope.service, "to": to,
    })
}
