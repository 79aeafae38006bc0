//! What a packet is judged against beside the policy: keys and members, behind small traits so that judging stays pure.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use super::{PacketError, PacketKind, deliver::envelope_of, store};
use crate::{
    crypto::{Kid, VerifyingKey},
    kernel::id::{OrganisationId, PacketId},
    members::{self, KeyRecord},
    storage::Db,
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

    /// Says which keys will be asked for next. Whoever has to fetch them can fetch them together.
    fn expect(&mut self, _kids: &[&Kid]) -> Result<(), PacketError> {
        Ok(())
    }
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

/// How many verifiers are kept ready.
const MOST_VERIFIERS: usize = 10_000;

/// Keys made ready to verify with. A thumbprint names one key for ever, so what is in here never goes stale; whether the key
/// still counts is read from its row each time.
#[derive(Default)]
pub struct Verifiers(RwLock<HashMap<Kid, Arc<VerifyingKey>>>);

impl Verifiers {
    /// The ones of this process.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Verifiers> = LazyLock::new(Verifiers::default);
        &SHARED
    }

    fn ready(&self, record: &KeyRecord) -> Option<Arc<VerifyingKey>> {
        let kid = record.jwk.kid();
        if let Some(found) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(kid) {
            return Some(Arc::clone(found));
        }
        let made = record.jwk.verifier()?;
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_VERIFIERS {
            kept.clear();
        }
        kept.insert(kid.clone(), Arc::clone(&made));
        Some(made)
    }
}

/// The hub's own view: the rows of members and packets.
pub struct Registry<'r, 'd> {
    db: &'r mut Db<'d>,
    verifiers: &'r Verifiers,
    /// Read ahead, with nothing for keys that nobody announced.
    expected: HashMap<Kid, Option<KeyRecord>>,
}

impl<'r, 'd> Registry<'r, 'd> {
    /// Looks at the rows behind this connection.
    pub fn new(db: &'r mut Db<'d>, verifiers: &'r Verifiers) -> Self {
        Self { db, verifiers, expected: HashMap::new() }
    }
}

impl KeyLookup for Registry<'_, '_> {
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        let found = match self.expected.remove(kid) {
            Some(expected) => expected,
            None => members::find_key(self.db, kid)?,
        };
        let Some(record) = found else { return Ok(None) };
        let verifier = self.verifiers.ready(&record);
        Ok(Some(Arc::new(KnownKey { record, verifier })))
    }

    fn expect(&mut self, kids: &[&Kid]) -> Result<(), PacketError> {
        self.expected.extend(kids.iter().map(|kid| ((*kid).clone(), None)));
        for record in members::find_keys(self.db, kids)? {
            self.expected.insert(record.jwk.kid().clone(), Some(record));
        }
        Ok(())
    }
}

impl HubView for Registry<'_, '_> {
    fn may_receive(&mut self, organisation: OrganisationId) -> Result<bool, PacketError> {
        Ok(members::is_active(self.db, organisation)?)
    }

    /// Nobody may: relay permissions come with federation.
    fn may_relay(&mut self, _caller: OrganisationId, _issuer: OrganisationId) -> Result<bool, PacketError> {
        Ok(false)
    }

    fn may_refer_to(
        &mut self,
        re: PacketId,
        kind: PacketKind,
        issuer: OrganisationId,
    ) -> Result<bool, PacketError> {
        if store::find(self.db, re)?.is_none() {
            return Ok(false);
        }
        let before = envelope_of(self.db, re)?;
        let sent = before.iss == issuer;
        let received = before.aud.contains(&issuer);
        Ok(match kind {
            PacketKind::Referral => sent || received,
            PacketKind::Update | PacketKind::Withdraw => sent,
            PacketKind::Reply => received,
        })
    }
}
