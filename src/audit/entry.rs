//! One entry of the log, as bytes.
//!
//! The layout is fixed: [`LENGTH`] bytes, numbers big-endian, short names in lower-case ASCII filled up with zero bytes.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | flags: 1 object, 2 before, 4 after, 8 organisation, 16 refused |
//! | 2 | 16 | id of the entry |
//! | 18 | 8 | time, microseconds UTC since 1970 |
//! | 26 | 1 | kind of actor |
//! | 27 | 16 | id of the actor, zero where the kind has none |
//! | 43 | 16 | organisation the actor acts for |
//! | 59 | 16 | request |
//! | 75 | 24 | role |
//! | 99 | 40 | action |
//! | 139 | 48 | outcome: empty, or the code of the refusal |
//! | 187 | 32 | commitment to the object's id |
//! | 219 | 32 | commitment to the state before |
//! | 251 | 32 | commitment to the state after |
//! | 283 | 32 | salt of the three commitments |
//!
//! Ids of objects and digests of states stand behind the salt: equal objects do not look equal across entries, and nobody
//! guesses one from the log. Whoever holds the entry and knows the object can show that the two belong together
//! ([`Facts::is_about`]). Entries are never erased: nothing in the hub does it, and what it holds of people is deleted elsewhere.

use uuid::Uuid;

use crate::kernel::{
    Code, Coded, Digest, Fault, Timestamp,
    id::{ClientId, EntryId, OrganisationId, RequestId, StaffId},
};

/// How many bytes an entry has.
pub const LENGTH: usize = 315;

/// The longest name of a role.
pub const ROLE_MAX: usize = 24;

/// The longest name of an action.
pub const ACTION_MAX: usize = 40;

/// The longest code of a refusal.
pub const OUTCOME_MAX: usize = 48;

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody known: a request without credentials.
    Nobody,
    /// The hub itself: timers and sequencers.
    Hub,
    /// Whoever can run commands on the node's machine.
    Operator,
    /// A person with an account.
    Staff(StaffId),
    /// A machine client.
    Client(ClientId),
    /// The person a referral is about, by code and PIN. Has no id on purpose.
    Person,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused with this code and changed nothing.
    Refused(Code),
}

/// What an entry will say.
#[derive(Clone, Copy, Debug)]
pub struct EntryDraft<'a> {
    /// Its id. Rows that must not exist without the entry name it, so it is made before the entry is complete.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Who,
    /// For which organisation.
    pub organisation: Option<OrganisationId>,
    /// In which role: at most [`ROLE_MAX`] of `a-z 0-9 . _ -`, or nothing.
    pub role: &'a str,
    /// What: at most [`ACTION_MAX`] of `a-z 0-9 . _ -`, such as `referrals.accept`.
    pub action: &'a str,
    /// To which object: its id as text. Only a commitment to it is kept.
    pub object: Option<&'a str>,
    /// Digest of the object's state before. Only a commitment to it is kept.
    pub before: Option<Digest>,
    /// Digest of the object's state after. Only a commitment to it is kept.
    pub after: Option<Digest>,
    /// In which request.
    pub request: RequestId,
    /// How it ended.
    pub outcome: Outcome,
    /// 32 fresh random bytes.
    pub salt: [u8; 32],
}

/// An entry ready to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    id: EntryId,
    bytes: Vec<u8>,
    leaf: Digest,
}

/// What the bytes of an entry say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Who,
    /// For which organisation.
    pub organisation: Option<OrganisationId>,
    /// In which role; may be empty.
    pub role: String,
    /// What.
    pub action: String,
    /// Commitment to the object's id.
    pub object: Option<Digest>,
    /// Commitment to the digest of the state before.
    pub before: Option<Digest>,
    /// Commitment to the digest of the state after.
    pub after: Option<Digest>,
    /// In which request.
    pub request: RequestId,
    /// The code it was refused with; nothing when it was done.
    pub refused: Option<String>,
    salt: [u8; 32],
}

/// Why bytes are not an entry, or a draft cannot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A name that does not fit its field.
    #[error(
        "the {field} of an audit entry is at most {max} characters of a-z, 0-9, dot, underscore and dash"
    )]
    BadName {
        /// Which field.
        field: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// Bytes that this version of the layout does not allow.
    #[error("these bytes are not an audit entry: {reason}")]
    NotAnEntry {
        /// What is wrong with them.
        reason: &'static str,
    },
}

impl Coded for EntryError {
    fn code(&self) -> Code {
        match self {
            Self::BadName { .. } => Code::new("audit.bad_name", Fault::Internal),
            Self::NotAnEntry { .. } => Code::new("audit.not_an_entry", Fault::Malformed),
        }
    }
}

impl EntryDraft<'_> {
    /// Writes the entry down.
    pub fn encode(&self) -> Result<Entry, EntryError> {
        let (kind, actor) = self.actor.parts();
        let refused = match self.outcome {
            Outcome::Done => "",
            Outcome::Refused(code) => code.name(),
        };
        let flags = flag(self.object.is_some(), HAS_OBJECT)
            | flag(self.before.is_some(), HAS_BEFORE)
            | flag(self.after.is_some(), HAS_AFTER)
            | flag(self.organisation.is_some(), HAS_ORGANISATION)
            | flag(!refused.is_empty(), REFUSED);
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.push(flags);
        bytes.extend_from_slice(self.id.uuid().as_bytes());
        bytes.extend_from_slice(&self.at.micros().to_be_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(actor.as_bytes());
        bytes.extend_from_slice(self.organisation.map_or(Uuid::nil(), OrganisationId::uuid).as_bytes());
        bytes.extend_from_slice(self.request.uuid().as_bytes());
        put_name(&mut bytes, "role", self.role, ROLE_MAX)?;
        put_name(&mut bytes, "action", self.action, ACTION_MAX)?;
        put_name(&mut bytes, "outcome", refused, OUTCOME_MAX)?;
        put_digest(&mut bytes, self.object.map(|id| commit(OBJECT, &self.salt, id.as_bytes())));
        put_digest(&mut bytes, self.before.map(|d| commit(BEFORE, &self.salt, d.as_bytes())));
        put_digest(&mut bytes, self.after.map(|d| commit(AFTER, &self.salt, d.as_bytes())));
        bytes.extend_from_slice(&self.salt);
        if self.action.is_empty() {
            return Err(EntryError::BadName { field: "action", max: ACTION_MAX });
        }
        let leaf = leaf(&bytes);
        Ok(Entry { id: self.id, bytes, leaf })
    }
}

impl Entry {
    /// Reads stored or received bytes. Anything the layout does not allow is refused.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, EntryError> {
        let facts = Facts::decode(&bytes)?;
        let leaf = leaf(&bytes);
        Ok(Self { id: facts.id, bytes, leaf })
    }

    /// Its id.
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The leaf of the tree: SHA-256 over a zero byte and the bytes (RFC 6962).
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// What it says.
    pub fn facts(&self) -> Result<Facts, EntryError> {
        Facts::decode(&self.bytes)
    }

    /// The bytes, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("id", &self.id).field("leaf", &self.leaf).finish_non_exhaustive()
    }
}

impl Facts {
    /// Reads an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut reader = Reader(bytes);
        let [version] = reader.take()?;
        if version != VERSION {
            return Err(EntryError::NotAnEntry { reason: "a version this program does not know" });
        }
        let [flags] = reader.take()?;
        if flags & !(HAS_OBJECT | HAS_BEFORE | HAS_AFTER | HAS_ORGANISATION | REFUSED) != 0 {
            return Err(EntryError::NotAnEntry { reason: "a flag this program does not know" });
        }
        let id = EntryId::from_uuid(Uuid::from_bytes(reader.take()?));
        let at = Timestamp::from_micros(i64::from_be_bytes(reader.take()?));
        let [kind] = reader.take()?;
        let actor = Who::from_parts(kind, Uuid::from_bytes(reader.take()?))?;
        let organisation = reader.optional(flags & HAS_ORGANISATION != 0)?;
        let request = RequestId::from_uuid(Uuid::from_bytes(reader.take()?));
        let role = reader.name::<ROLE_MAX>()?;
        let action = reader.name::<ACTION_MAX>()?;
        let refused = reader.name::<OUTCOME_MAX>()?;
        if action.is_empty() || refused.is_empty() != (flags & REFUSED == 0) {
            return Err(EntryError::NotAnEntry { reason: "a name is missing or one too many" });
        }
        let object = reader.optional(flags & HAS_OBJECT != 0)?;
        let before = reader.optional(flags & HAS_BEFORE != 0)?;
        let after = reader.optional(flags & HAS_AFTER != 0)?;
        let salt = reader.take()?;
        if !reader.0.is_empty() {
            return Err(EntryError::NotAnEntry { reason: "too long" });
        }
        Ok(Self {
            id,
            at,
            actor,
            organisation: organisation.map(|b| OrganisationId::from_uuid(Uuid::from_bytes(b))),
            role,
            action,
            object: object.map(Digest::from_bytes),
            before: before.map(Digest::from_bytes),
            after: after.map(Digest::from_bytes),
            request,
            refused: (!refused.is_empty()).then_some(refused),
            salt,
        })
    }

    /// Whether the entry is about the object with this id.
    pub fn is_about(&self, object: &str) -> bool {
        self.object == Some(commit(OBJECT, &self.salt, object.as_bytes()))
    }

    /// Whether the entry left the object in the state with this digest.
    pub fn left(&self, state: Digest) -> bool {
        self.after == Some(commit(AFTER, &self.salt, state.as_bytes()))
    }

    /// Whether the entry found the object in the state with this digest.
    pub fn found(&self, state: Digest) -> bool {
        self.before == Some(commit(BEFORE, &self.salt, state.as_bytes()))
    }
}

impl Who {
    const fn parts(self) -> (u8, Uuid) {
        match self {
            Self::Nobody => (0, Uuid::nil()),
            Self::Hub => (1, Uuid::nil()),
            Self::Operator => (2, Uuid::nil()),
            Self::Staff(id) => (3, id.uuid()),
            Self::Client(id) => (4, id.uuid()),
            Self::Person => (5, Uuid::nil()),
        }
    }

    fn from_parts(kind: u8, id: Uuid) -> Result<Self, EntryError> {
        match (kind, id.is_nil()) {
            (0, true) => Ok(Self::Nobody),
            (1, true) => Ok(Self::Hub),
            (2, true) => Ok(Self::Operator),
            (3, _) => Ok(Self::Staff(StaffId::from_uuid(id))),
            (4, _) => Ok(Self::Client(ClientId::from_uuid(id))),
            (5, true) => Ok(Self::Person),
            _ => Err(EntryError::NotAnEntry { reason: "an actor this program does not know" }),
        }
    }
}

/// The leaf of these bytes: SHA-256 over a zero byte and the bytes (RFC 6962).
pub fn leaf(bytes: &[u8]) -> Digest {
    Digest::of_parts([[0u8].as_slice(), bytes])
}

fn commit(domain: &[u8], salt: &[u8; 32], what: &[u8]) -> Digest {
    Digest::of_parts([domain, salt.as_slice(), what])
}

const fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
}

fn put_name(bytes: &mut Vec<u8>, field: &'static str, name: &str, max: usize) -> Result<(), EntryError> {
    if name.len() > max || !name.bytes().all(is_name_byte) {
        return Err(EntryError::BadName { field, max });
    }
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend(std::iter::repeat_n(0u8, max.saturating_sub(name.len())));
    Ok(())
}

fn put_digest(bytes: &mut Vec<u8>, digest: Option<Digest>) {
    bytes.extend_from_slice(&digest.map_or([0u8; 32], |d| *d.as_bytes()));
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EntryError> {
        let (head, rest) =
            self.0.split_first_chunk().ok_or(EntryError::NotAnEntry { reason: "too short" })?;
        self.0 = rest;
        Ok(*head)
    }

    fn optional<const N: usize>(&mut self, present: bool) -> Result<Option<[u8; N]>, EntryError> {
        let bytes = self.take::<N>()?;
        if present {
            Ok(Some(bytes))
        } else if bytes == [0; N] {
            Ok(None)
        } else {
            Err(EntryError::NotAnEntry { reason: "a field that should be empty is not" })
        }
    }

    fn name<const N: usize>(&mut self) -> Result<String, EntryError> {
        let bytes = self.take::<N>()?;
        let mut parts = bytes.splitn(2, |b| *b == 0);
        let name = parts.next().unwrap_or_default();
        let filled = parts.next().unwrap_or_default();
        if !name.iter().copied().all(is_name_byte) || filled.iter().any(|b| *b != 0) {
            return Err(EntryError::NotAnEntry { reason: "a name with characters it may not have" });
        }
        String::from_utf8(name.to_vec())
            .map_err(|_ignored| EntryError::NotAnEntry { reason: "a name that is not ASCII" })
    }
}

const VERSION: u8 = 1;
const HAS_OBJECT: u8 = 1;
const HAS_BEFORE: u8 = 2;
const HAS_AFTER: u8 = 4;
const HAS_ORGANISATION: u8 = 8;
const REFUSED: u8 = 16;
const OBJECT: &[u8] = b"throughline/audit/object/1\0";
const BEFORE: &[u8] = b"throughline/audit/before/1\0";
const AFTER: &[u8] = b"throughline/audit/after/1\0";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::id::{Ids as _, SystemIds};

    fn draft() -> EntryDraft<'static> {
        EntryDraft {
            id: EntryId::from_uuid(Uuid::from_u128(6)),
            at: Timestamp::from_micros(1_700_000_000_123_456),
            actor: Who::Staff(StaffId::from_uuid(Uuid::from_u128(7))),
            organisation: Some(OrganisationId::from_uuid(Uuid::from_u128(8))),
            role: "caseworker",
            action: "referrals.accept",
            object: Some("ref_0192f0c1000070008000000000000001"),
            before: Some(Digest::of(b"before")),
            after: Some(Digest::of(b"after")),
            request: RequestId::from_uuid(Uuid::from_u128(9)),
            outcome: Outcome::Done,
            salt: [3; 32],
        }
    }

    #[test]
    fn an_entry_says_what_its_draft_said() {
        let entry = draft().encode().unwrap();
        assert_eq!(entry.bytes().len(), LENGTH);
        let facts = entry.facts().unwrap();
        assert_eq!((facts.id, entry.id()), (draft().id, draft().id));
        assert_eq!(facts.at, draft().at);
        assert_eq!(facts.actor, draft().actor);
        assert_eq!(facts.organisation, draft().organisation);
        assert_eq!((facts.role.as_str(), facts.action.as_str()), ("caseworker", "referrals.accept"));
        assert_eq!(facts.request, draft().request);
        assert_eq!(facts.refused, None);
        assert!(facts.is_about("ref_0192f0c1000070008000000000000001"));
        assert!(!facts.is_about("ref_0192f0c1000070008000000000000002"));
        assert!(facts.found(Digest::of(b"before")) && facts.left(Digest::of(b"after")));
        assert!(!facts.left(Digest::of(b"before")));
        assert_eq!(Entry::from_bytes(entry.bytes().to_vec()).unwrap(), entry);
    }

    #[test]
    fn a_refusal_carries_its_code() {
        let code = Code::new("referral.move_refused", Fault::Conflict);
        let entry = EntryDraft {
            outcome: Outcome::Refused(code),
            object: None,
            before: None,
            after: None,
            ..draft()
        };
        let facts = entry.encode().unwrap().facts().unwrap();
        assert_eq!(facts.refused.as_deref(), Some("referral.move_refused"));
        assert_eq!((facts.object, facts.before, facts.after), (None, None, None));
    }

    #[test]
    fn the_layout_does_not_drift() {
        let entry = draft().encode().unwrap();
        assert_eq!(entry.leaf().to_string(), leaf(entry.bytes()).to_string());
        insta::assert_snapshot!(entry.leaf(), @"YH4FstGMbyVXFw6SN9iuX-sZhkIgulLMgQJk-04uSas");
    }

    #[test]
    fn the_same_object_does_not_look_the_same_twice() {
        let one = draft().encode().unwrap().facts().unwrap();
        let two = EntryDraft { salt: [4; 32], ..draft() }.encode().unwrap().facts().unwrap();
        assert_ne!(one.object, two.object);
        assert_ne!(one.after, two.after);
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        for action in ["", "Upper", "with space", "x".repeat(ACTION_MAX + 1).as_str()] {
            assert!(EntryDraft { action, ..draft() }.encode().is_err(), "{action}");
        }
    }

    #[test]
    fn every_way_to_bend_the_layout_is_refused() {
        let good = draft().encode().unwrap().into_bytes();
        let mut short = good.clone();
        short.pop();
        let mut long = good.clone();
        long.push(0);
        let bent = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        for (what, bytes) in [
            ("short", short),
            ("long", long),
            ("version", bent(0, 2)),
            ("flags", bent(1, 0xff)),
            ("organisation without its flag", bent(1, HAS_OBJECT | HAS_BEFORE | HAS_AFTER)),
            ("refused without a code", bent(1, good[1] | REFUSED)),
            ("actor", bent(26, 9)),
            ("a nobody with an id", bent(26, 0)),
            ("upper case", bent(99, b'R')),
            ("a name behind its end", bent(138, b'x')),
        ] {
            assert!(matches!(Entry::from_bytes(bytes), Err(EntryError::NotAnEntry { .. })), "{what}");
        }
    }

    proptest! {
        #[test]
        fn whatever_decodes_encodes_back(at in any::<i64>(), flip in 0usize..LENGTH, value in any::<u8>()) {
            let mut salt = [0u8; 32];
            SystemIds.random(&mut salt);
            let mut bytes = EntryDraft { at: Timestamp::from_micros(at), salt, ..draft() }.encode().unwrap().into_bytes();
            bytes[flip] = value;
            if let Ok(entry) = Entry::from_bytes(bytes.clone()) {
                prop_assert_eq!(entry.leaf(), leaf(&bytes));
                prop_assert_eq!(entry.into_bytes(), bytes);
            }
        }
    }
}
