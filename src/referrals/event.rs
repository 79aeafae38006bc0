//! The signed event: what one side did, citing what came before.
//!
//! A compact JWS of type `rp1-event+jws` over a closed set of claims. Events of a referral form a chain: each names the digest of the
//! token before it, and the first the digest of the envelope that began it. They hold codes, ids and dates; there is no member for
//! text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::moves::{By, Move, Number};
use crate::{
    crypto::{
        GateError, KeyError, Kid, SigningKey, Typ, VerifyingKey, closed, peek, peek_kid, sign_compact,
        verify_compact,
    },
    kernel::{
        Digest, Timestamp,
        id::{PacketId, ReferralEventId, ReferralId},
    },
};

/// How long an event may be, in characters.
pub const MAX_EVENT: usize = 4_096;

/// How deep its claims may nest.
const DEPTH: u8 = 6;

/// How long the name of a node may be.
const MAX_ISSUER: usize = 128;

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id. The same id twice is the same event.
    pub id: ReferralEventId,
    /// The referral.
    pub referral: ReferralId,
    /// Digest of the token before it; a withdrawal may leave it out.
    pub prev: Option<Digest>,
    /// Who says so: an organisation's id, or the node's name.
    pub issuer: String,
    /// In which part.
    pub role: By,
    /// The row of the table the issuer means. If the referral stands elsewhere, it is another row, and the event is refused.
    pub number: Number,
    /// What is asked.
    pub asked: Move,
    /// When it happened.
    pub occurred: Timestamp,
}

/// Why a token is not an event. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEvent {
    /// Not a token of the right form, or its signature is wrong.
    #[error("the event cannot be taken: {0}")]
    Gate(#[from] GateError),
    /// A member is missing, unknown, repeated or of another kind than it should be.
    #[error("the event's claims are not of the expected form")]
    Claims,
}

/// The claims as they are written, a closed set.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    v: u8,
    id: ReferralEventId,
    #[serde(rename = "ref")]
    referral: ReferralId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prev: Option<Digest>,
    iss: String,
    role: By,
    t: Number,
    #[serde(rename = "move")]
    name: String,
    facts: Map<String, Value>,
    at: i64,
}

impl Event {
    /// Which key an event claims to be signed with, before it is believed.
    pub fn kid(token: &str) -> Result<Kid, NotAnEvent> {
        Ok(peek_kid(token, Typ::Event, MAX_EVENT)?)
    }

    /// Reads and verifies an event with the key of whoever should have signed it.
    pub fn verify(token: &str, key: &std::sync::Arc<VerifyingKey>) -> Result<Self, NotAnEvent> {
        let verified = verify_compact(token, Typ::Event, MAX_EVENT, |kid| {
            (kid == key.kid()).then(|| std::sync::Arc::clone(key))
        })?;
        Self::read(verified.payload())
    }

    /// Reads what an event claims, without believing it: to find again what one's own side has said.
    pub fn claimed(token: &str) -> Result<Self, NotAnEvent> {
        Self::read(peek(token, Typ::Event, MAX_EVENT)?.unverified())
    }

    /// Reads the claims of an event that was verified before.
    pub(super) fn read(payload: &[u8]) -> Result<Self, NotAnEvent> {
        let claims: Claims = closed::read(payload, DEPTH).map_err(|_ignored| NotAnEvent::Claims)?;
        if claims.v != 1 || claims.iss.is_empty() || claims.iss.len() > MAX_ISSUER {
            return Err(NotAnEvent::Claims);
        }
        Ok(Self {
            id: claims.id,
            referral: claims.referral,
            prev: claims.prev,
            issuer: claims.iss,
            role: claims.role,
            number: claims.t,
            asked: asked(claims.name, claims.facts)?,
            occurred: Timestamp::from_seconds(claims.at),
        })
    }

    /// The packet that holds what its words are, where it names one.
    pub fn names_packet(&self) -> Option<PacketId> {
        if let Move::Answer { packet } = self.asked { Some(packet) } else { self.asked.note() }
    }

    /// Signs it.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        let (name, facts) = facts(&self.asked).ok_or(KeyError::Library)?;
        let claims = Claims {
            v: 1,
            id: self.id,
            referral: self.referral,
            prev: self.prev,
            iss: self.issuer.clone(),
            role: self.role,
            t: self.number,
            name,
            facts,
            at: self.occurred.seconds(),
        };
        let payload = serde_json::to_vec(&claims).map_err(|_ignored| KeyError::Library)?;
        sign_compact(key, Typ::Event, &payload)
    }
}

/// The digest the next event cites.
pub(super) fn digest(token: &str) -> Digest {
    Digest::of(token)
}

/// A move from its name and facts. What serde would take in another form than we write is refused.
pub(super) fn asked(name: String, facts: Map<String, Value>) -> Result<Move, NotAnEvent> {
    let written = Value::Object(Map::from_iter([(name, Value::Object(facts))]));
    let asked: Move = serde_json::from_value(written.clone()).map_err(|_ignored| NotAnEvent::Claims)?;
    let canonical = serde_json::to_value(&asked).map_err(|_ignored| NotAnEvent::Claims)?;
    if canonical == written { Ok(asked) } else { Err(NotAnEvent::Claims) }
}

/// A move's name and facts.
pub(super) fn facts(asked: &Move) -> Option<(String, Map<String, Value>)> {
    let Ok(Value::Object(members)) = serde_json::to_value(asked) else { return None };
    match members.into_iter().next() {
        Some((name, Value::Object(facts))) => Some((name, facts)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::json;

    use super::*;
    use crate::{
        kernel::id::SystemIds,
        referrals::state::tests::{id, moves},
    };

    const SCHEMA: &str = include_str!("../../schemas/referrals/event.v1.schema.json");

    fn event(asked: Move) -> Event {
        Event {
            id: id(1),
            referral: id(2),
            prev: Some(Digest::of("envelope")),
            issuer: String::from("org_00000000000000000000000000000003"),
            role: By::Intake,
            number: Number::T07,
            asked,
            occurred: Timestamp::from_seconds(1_772_442_000),
        }
    }

    fn claims() -> Value {
        let (name, facts) = facts(&Move::Accept { assignee: id(7) }).unwrap();
        json!({
            "v": 1, "id": "evt_00000000000000000000000000000001", "ref": "ref_00000000000000000000000000000002",
            "prev": Digest::of("envelope"), "iss": "org_00000000000000000000000000000003", "role": "intake", "t": "T07",
            "move": name, "facts": facts, "at": 1_772_442_000,
        })
    }

    fn with(member: &str, value: Value) -> Value {
        let mut changed = claims();
        changed[member] = value;
        changed
    }

    fn validator() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
    }

    #[test]
    fn every_move_survives_signing_and_satisfies_the_schema() {
        let key = SigningKey::generate(&SystemIds).unwrap();
        let validator = validator();
        for asked in moves() {
            let event = event(asked);
            let token = event.sign(&key).unwrap();
            assert_eq!(Event::verify(&token, &key.verifier()).unwrap(), event);
            let verified = verify_compact(&token, Typ::Event, MAX_EVENT, |_| Some(key.verifier())).unwrap();
            let value: Value = serde_json::from_slice(verified.payload()).unwrap();
            assert!(validator.is_valid(&value), "{value}");
        }
    }

    #[test]
    fn another_key_or_another_byte_is_refused() {
        let (key, other) =
            (SigningKey::generate(&SystemIds).unwrap(), SigningKey::generate(&SystemIds).unwrap());
        let token = event(Move::AgreeCancel {}).sign(&key).unwrap();
        assert_eq!(Event::verify(&token, &other.verifier()), Err(GateError::UnknownKey.into()));
        let wrong = sign_compact(&key, Typ::Receipt, b"{}").unwrap();
        assert_eq!(Event::verify(&wrong, &key.verifier()), Err(GateError::Type.into()));
    }

    #[test]
    fn the_set_of_claims_is_closed_and_has_no_room_for_text() {
        let read = |value: &Value| Event::read(value.to_string().as_bytes());
        assert_eq!(read(&claims()).unwrap(), event(Move::Accept { assignee: id(7) }));
        for value in [
            with("note", json!("call her mother")),
            with("v", json!(2)),
            with("iss", json!("")),
            with("role", json!("boss")),
            with("t", json!("T99")),
            with("move", json!("vanish")),
            with("facts", json!({})),
            with("facts", json!({ "assignee": "Wezi Banda" })),
            with("facts", json!({ "assignee": "stf_00000000000000000000000000000007", "note": "x" })),
            with("facts", json!(["stf_00000000000000000000000000000007"])),
            with("prev", Value::Null),
            with("at", json!(1.5)),
            with("at", json!("2026-03-02T09:00:00Z")),
        ] {
            assert_eq!(read(&value), Err(NotAnEvent::Claims), "{value}");
            assert!(!validator().is_valid(&value) || value["iss"] == "", "{value} passes the schema");
        }
        let twice = claims().to_string().replacen("\"v\":1", "\"v\":1,\"v\":1", 1);
        assert_eq!(Event::read(twice.as_bytes()), Err(NotAnEvent::Claims));
    }

    fn examples(kind: &str) -> Vec<(String, Value)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/referrals/examples").join(kind);
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let read = |path: &Path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let found: Vec<_> = files.map(|path| (path.display().to_string(), read(&path))).collect();
        assert!(!found.is_empty());
        found
    }

    #[test]
    fn the_examples_are_what_they_say_they_are() {
        for (name, value) in examples("valid") {
            assert!(validator().is_valid(&value), "{name}");
            assert!(Event::read(value.to_string().as_bytes()).is_ok(), "{name}");
        }
        for (name, value) in examples("invalid") {
            assert!(!validator().is_valid(&value), "{name}");
            assert!(Event::read(value.to_string().as_bytes()).is_err(), "{name}");
        }
    }
}
