//! Typed identifiers: UUIDv7 (RFC 9562) with a prefix that names the kind, `ref_0192f0c1…` with 32 hexadecimal digits.
//!
//! The same text stands on the wire, in the database and in the log, so that one search finds it everywhere. Parsing happens
//! at the door: a room never sees an id of the wrong kind.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::time::Timestamp;

/// A kind of thing that has ids.
pub trait Kind: 'static {
    /// What stands before the underscore on the wire.
    const PREFIX: &'static str;
}

/// An identifier of a `K`.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// The text is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that looks like {expected}_ and 32 hexadecimal digits")]
pub struct NotAnId {
    expected: &'static str,
}

/// Where ids and salts come from. The hub hands one in, so that tests can count on them.
pub trait Ids: Send + Sync {
    /// A new UUIDv7 for this moment.
    fn uuid(&self, at: Timestamp) -> Uuid;

    /// Fills the buffer with random bytes fit for keys and salts.
    fn random(&self, buffer: &mut [u8]);
}

impl<K: Kind> Id<K> {
    /// A new id made at this moment.
    pub fn new(ids: &dyn Ids, at: Timestamp) -> Self {
        Self::from_uuid(ids.uuid(at))
    }

    /// Gives a UUID its kind.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The bare UUID.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.uuid.simple())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let wrong = || NotAnId { expected: K::PREFIX };
        let (prefix, rest) = text.split_once('_').ok_or_else(wrong)?;
        let lower = rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if prefix != K::PREFIX || rest.len() != 32 || !lower {
            return Err(wrong());
        }
        Uuid::try_parse(rest).map(Self::from_uuid).map_err(|_ignored| wrong())
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Ids from the operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid(&self, at: Timestamp) -> Uuid {
        let mut random = [0u8; 10];
        self.random(&mut random);
        let millis = u64::try_from(at.micros().div_euclid(1_000)).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn random(&self, buffer: &mut [u8]) {
        #[expect(clippy::expect_used, reason = "without a random source nothing here is safe to go on")]
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $id:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        #[doc = concat!("Id of a [`", stringify!($kind), "`], written `", $prefix, "_…`.")]
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// A member organisation.
    Organisation, OrganisationId, "org";
    /// A person who works for a member organisation or for the node.
    Staff, StaffId, "stf";
    /// A machine client of a member organisation.
    Client, ClientId, "cli";
    /// A data-sharing agreement.
    Agreement, AgreementId, "dsa";
    /// A consent record, held by the organisation that took it.
    Consent, ConsentId, "con";
    /// A scope certificate: the signed, pseudonymous extract of a consent for one recipient.
    Certificate, CertificateId, "cer";
    /// A random pseudonym of a person, scoped to one sender and one case.
    Subject, SubjectToken, "sub";
    /// A referral.
    Referral, ReferralId, "ref";
    /// A signed event of a referral.
    ReferralEvent, ReferralEventId, "evt";
    /// A packet as the hub routes it.
    Packet, PacketId, "pkt";
    /// A signed receipt about a packet.
    Receipt, ReceiptId, "rcp";
    /// A service in the referral directory.
    Service, ServiceId, "svc";
    /// Whom one calls at a member organisation.
    Contact, ContactId, "ctc";
    /// A withdrawal of consent on its way to every holder.
    Withdrawal, WithdrawalId, "wdr";
    /// A rating or complaint.
    Feedback, FeedbackId, "fbk";
    /// A person's wish that something about them be put right.
    Correction, CorrectionId, "cor";
    /// A need that did not become a referral.
    Need, NeedId, "ned";
    /// A message in the outbox.
    Message, MessageId, "msg";
    /// An entry of the audit log.
    Entry, EntryId, "aud";
    /// One request, from its door to its end.
    Request, RequestId, "req";
    /// Something that an organisation keeps at the hub, sealed to itself.
    Paper, PaperId, "kpt";
    /// A signed-in session of a person.
    Session, SessionId, "ses";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = ReferralId::new(&SystemIds, Timestamp::from_micros(1_700_000_000_000_000));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<OrganisationId>().is_err());
        assert!(id.to_string().to_uppercase().parse::<ReferralId>().is_err());
        assert!("ref_".parse::<ReferralId>().is_err());
    }

    #[test]
    fn ids_sort_by_the_moment_they_were_made() {
        let early = ReferralId::new(&SystemIds, Timestamp::from_micros(1_700_000_000_000_000));
        let late = ReferralId::new(&SystemIds, Timestamp::from_micros(1_700_000_000_001_000));
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }
}
