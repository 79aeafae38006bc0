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
    agreements::{self, Keep, NewPackets, OnwardRule},
    consent::{self, CitedAgreement, Link, Parent},
    kernel::{
        Timestamp,
        id::{PacketId, ReferralId},
    },
    packets::{self, Disclosed, Envelope, PacketKind},
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

/// When a packet that continues another referral is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// Now.
    pub(super) at: Timestamp,
    /// When the hub took it, once it did: what its sender was sent since then is not in it.
    pub(super) taken: Option<Timestamp>,
}

/// What there is to know of the referral that an envelope says it continues. Nothing of one that its sender did not receive.
pub(super) fn parent(
    db: &mut Db<'_>,
    envelope: &Envelope,
    Judged { at, taken }: Judged,
    policy: &Policy,
) -> Result<Option<Parent>, ReferralError> {
    let Some(was) = known(db, envelope)? else { return Ok(None) };
    let (standing, origin) = (&was.standing, &was.origin);
    let Sent { onward, keep, fields } = sent(db, origin, taken, policy)?;
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
        received: fields,
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

/// What a recipient was sent, and what it may do with it.
struct Sent {
    onward: OnwardRule,
    keep: Option<Keep>,
    fields: Option<BTreeSet<FieldId>>,
}

/// What the packets that may be passed on promise together: the shortest of their retentions, and their fields. Those are unknown when
/// the hub has deleted a manifest of theirs; then nothing can be told from what another packet said must stay, and only what a manifest
/// still shows counts. What was taken back counts for nothing.
fn sent(
    db: &mut Db<'_>,
    origin: &Origin,
    taken: Option<Timestamp>,
    policy: &Policy,
) -> Result<Sent, ReferralError> {
    let first = packets::envelope_of(db, origin.packet)?;
    let (onward, keep) = consent::promised(&first.onward, &first.retention, policy);
    let (mut promised, mut fields) = (None, BTreeSet::new());
    let (mut some_deleted, mut some_must_stay) = (false, false);
    let (packets, taken_back) = packets_of(db, origin)?;
    for packet in packets {
        let came_later = taken.is_some_and(|taken| packet.received > taken);
        if came_later || taken_back.contains(&packet.packet) {
            continue;
        }
        let (rule, keep) = consent::promised(&packet.onward, &packet.retention, policy);
        if rule != OnwardRule::Listed {
            some_must_stay = true;
            continue;
        }
        promised = Some((rule, promised.map_or(keep, |(_, other)| consent::shorter(keep, other))));
        if packet.purged.is_some() {
            some_deleted = true;
        } else {
            let (_envelope, manifest) = packets::claims_of(db, packet.packet)?;
            fields.extend(manifest.fields.into_iter().map(|field| field.f));
        }
    }
    // What was taken was told apart when it came; and where nothing may be passed on, that is the reason and not the fields.
    let told_apart = taken.is_some() || !some_must_stay;
    let unknown = (some_deleted && told_apart) || (promised.is_none() && onward != OnwardRule::Listed);
    let (onward, keep) = promised.unwrap_or((onward, keep));
    Ok(Sent { onward, keep, fields: (!unknown).then_some(fields) })
}

/// What a referral's sender sent, and which of it it took back.
fn packets_of(
    db: &mut Db<'_>,
    origin: &Origin,
) -> Result<(Vec<Disclosed>, BTreeSet<PacketId>), ReferralError> {
    let (mut sent, mut taken_back) = (Vec::new(), BTreeSet::new());
    for packet in packets::disclosed(db, origin.id)? {
        if packet.from != origin.sender {
            continue;
        }
        if packet.kind == PacketKind::Withdraw {
            taken_back.extend(packets::envelope_of(db, packet.packet)?.re);
        } else {
            sent.push(packet);
        }
    }
    Ok((sent, taken_back))
}

/// What the first sender is told: that something was passed on, for what, and, where that rests on its own consent, to whom. Never
/// what.
pub(super) fn notice(parent: ReferralId, envelope: &Envelope, borrowed: bool) -> serde_json::Value {
    let to = envelope.aud.first().filter(|_| borrowed);
    serde_json::json!({
        "referral": parent, "purpose": envelope.purpose, "service": envelope.service, "to": to,
    })
}
