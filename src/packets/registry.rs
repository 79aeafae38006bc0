//! What a packet is judged against beside the policy: keys and members, behind small traits so that judging stays pure.

use std::sync::Arc;

use super::{PacketError, PacketKind};
use crate::{
    crypto::{Kid, VerifyingKey},
    kernel::id::{OrganisationId, PacketId},
    members::KeyRecord,
};

/// A key we know, and what it takes to verify with it.
#[derive(Clone)]
pub struct KnownKey {
    /// Whose it is, what it is for, and when.
    pub record: KeyRecord,
    /// Ready to verify with; nothing for an encryption key.
    pub verifier: Option<Arc<VerifyingKey>>,
}

impl KnownKey {
    /// Prepares a key. Costs as much as a verification: keep the result.
    pub fn new(record: KeyRecord) -> Self {
        let verifier = record.jwk.verifier();
        Self { record, verifier }
    }
}

/// Finds keys by their thumbprint.
pub trait KeyLookup {
    /// The key, whatever its state; `None` when nobody announced it.
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError>;
}

/// What the hub knows beyond keys when it judges a packet.
pub trait HubView: KeyLookup {
    /// Whether the organisation takes part at present and may receive (203).
    fn may_receive(&mut self, organisation: OrganisationId) -> Result<bool, PacketError>;

    /// Whether `caller` may hand in packets that `issuer` signed (202). Not asked when they are the same.
    fn may_relay(&mut self, caller: OrganisationId, issuer: OrganisationId) -> Result<bool, PacketError>;

    /// Whether `issuer` may send a packet of this kind that refers to `re` (206).
    fn may_refer_to(
        &mut self,
        re: PacketId,
        kind: PacketKind,
        issuer: OrganisationId,
    ) -> Result<bool, PacketError>;
}
