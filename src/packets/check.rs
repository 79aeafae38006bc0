//! Check a packet without opening it: everything a recipient can judge before it uses a key (100 to 215).

use std::sync::Arc;

use super::{
    Envelope, KeyLookup, Manifest, PacketError, PacketFault, Receipt,
    form::Container,
    verify::{SignedEnvelope, judge_parts, judge_shapes},
};
use crate::{
    crypto::{VerifyingKey, closed::Nulls},
    kernel::{Digest, Timestamp},
    policy::Policy,
};

/// A packet whose envelope, manifest and parts belong together.
#[derive(Debug)]
pub struct Checked {
    /// The envelope's claims.
    pub envelope: Envelope,
    /// The digest of its token.
    pub envelope_digest: Digest,
    /// What the sender says is inside.
    pub manifest: Manifest,
    /// When the hub received it, by its receipt; without one, the moment that was given.
    pub received: Timestamp,
}

/// Checks a packet. With the node's key and receipt it is judged by the moment of receipt, otherwise by `now`, and by this policy alone:
/// what the node has taken may name the policy of before.
pub fn check(
    body: &[u8],
    receipt: Option<(&str, &Arc<VerifyingKey>)>,
    now: Timestamp,
    keys: &mut dyn KeyLookup,
    policy: &Policy,
) -> Result<Checked, PacketError> {
    let container = Container::read(body, Nulls::Allowed)?;
    let receipt = receipt
        .map(|(token, node)| Receipt::verify(token, node))
        .transpose()
        .map_err(|_ignored| PacketFault::Receipt)?;
    let received = receipt.as_ref().map_or(now, Receipt::moment);
    let SignedEnvelope { envelope, digest, .. } = SignedEnvelope::read(container.envelope, received, keys)?;
    envelope.judge_times(received)?;
    let manifest = Manifest::read(container.manifest, &envelope)?;
    if receipt.is_none() && !manifest.is_by(policy) {
        return Err(PacketFault::OtherPolicy.into());
    }
    manifest.judge(&envelope, policy)?;
    judge_parts(&envelope, &container)?;
    judge_shapes(&envelope, &container)?;
    if let Some(receipt) = receipt {
        receipt.judge(envelope.jti, digest)?;
    }
    Ok(Checked { envelope, envelope_digest: digest, manifest, received })
}
