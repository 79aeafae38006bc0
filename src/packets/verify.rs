//! Judge a packet: checks 100 to 215, in their order, cheap ones first. Nothing is stored, nothing is decrypted.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Envelope, HubView, KeyLookup, KnownKey, Manifest, PacketError, PacketFault, PacketKind,
    form::{
        Container, DEPTH, MAX_DOCUMENT_SECTION, MAX_ENVELOPE, MAX_ENVELOPE_PAYLOAD, MAX_FILE_SECTION,
        MAX_GRANT, SectionId, Written,
    },
};
use crate::{
    crypto::{Kid, SectionKind, Typ, check_grant_shape, check_section_shape, closed::Nulls, verify_compact},
    kernel::{Digest, Timestamp, id::OrganisationId},
    members::KeyUse,
    policy::Policy,
    storage::StorageError,
};

/// Who handed a packet in, and when.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The authenticated caller's organisation.
    pub caller: OrganisationId,
    /// The moment of receipt. Keys are judged by it.
    pub at: Timestamp,
}

/// A packet that passed every check the hub can make on its form and keys. Only [`verify`] makes one.
///
/// Whether agreement and consent allow it is the next question, and not answered here.
pub struct VerifiedPacket {
    envelope: Envelope,
    envelope_digest: Digest,
    manifest: Manifest,
    kinds: Vec<SectionKind>,
    kid: Kid,
    received: Timestamp,
    token: String,
    /// The rest as it will be kept, so that the writer only has to write it.
    stored: Vec<u8>,
}

/// A packet's tokens, as received.
pub(super) struct Parts {
    pub(super) envelope: String,
    pub(super) manifest: String,
    pub(super) grants: Vec<String>,
    pub(super) sections: Vec<Option<String>>,
}

/// What is stored of a packet beside its envelope, and deleted first. The manifest stands first in it: see [`manifest_in`].
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    manifest: Cow<'a, str>,
    #[serde(borrow)]
    grants: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    sections: Vec<Cow<'a, str>>,
}

/// How many bytes of what is stored hold the manifest: it stands first, so that judging a packet again needs no ciphertext.
pub(super) const BEFORE_CIPHERTEXT: i32 = 16_384 + 64;

/// The manifest in the beginning of what is stored of a packet.
pub(super) fn manifest_in(beginning: &[u8]) -> Result<&str, StorageError> {
    let text = beginning.strip_prefix(STORED_FIRST.as_bytes());
    let text = text.and_then(|text| text.split(|byte| *byte == b'"').next());
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    text.ok_or(StorageError::Unreadable("packet_bodies.body"))
}

/// How what is stored begins.
const STORED_FIRST: &str = r#"{"manifest":""#;

impl Parts {
    /// Puts envelope and stored parts together again.
    pub(super) fn from_stored(envelope: String, stored: &[u8]) -> Result<Self, StorageError> {
        let stored: Stored<'_> = serde_json::from_slice(stored)
            .map_err(|_ignored| StorageError::Unreadable("packet_bodies.body"))?;
        Ok(Self {
            envelope,
            manifest: stored.manifest.into_owned(),
            grants: stored.grants.into_iter().map(Cow::into_owned).collect(),
            sections: stored.sections.into_iter().map(|section| Some(section.into_owned())).collect(),
        })
    }

    /// The container with every section that `keep` keeps, and `null` for the others.
    pub(super) fn body(&self, keep: impl Fn(usize) -> bool) -> Result<Vec<u8>, PacketFault> {
        let sections =
            self.sections.iter().enumerate().map(|(place, s)| s.as_deref().filter(|_| keep(place))).collect();
        let written = Written {
            v: 1,
            envelope: &self.envelope,
            manifest: &self.manifest,
            grants: &self.grants,
            sections,
        };
        serde_json::to_vec(&written).map_err(|_ignored| PacketFault::NotOneObject)
    }
}

impl Stored<'_> {
    /// Everything of a whole packet but the envelope.
    fn bytes_of(container: &Container<'_>) -> Result<Vec<u8>, PacketFault> {
        let stored = Stored {
            manifest: container.manifest.into(),
            grants: container.grants.iter().map(|grant| (*grant).into()).collect(),
            sections: container.sections.iter().flatten().map(|section| (*section).into()).collect(),
        };
        serde_json::to_vec(&stored).map_err(|_ignored| PacketFault::NotOneObject)
    }
}

impl VerifiedPacket {
    /// The envelope's claims.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The digest of the envelope's token: the packet's identity next to its id.
    pub const fn envelope_digest(&self) -> Digest {
        self.envelope_digest
    }

    /// What is inside, field by field. For judging in memory; not to be stored.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which sections hold files.
    pub fn is_file(&self, section: SectionId) -> bool {
        self.kinds.get(section.place()) == Some(&SectionKind::File)
    }

    /// The key that signed.
    pub const fn kid(&self) -> &Kid {
        &self.kid
    }

    /// When the hub received it.
    pub const fn received(&self) -> Timestamp {
        self.received
    }

    /// The envelope's token: small, and evidence after the ciphertext is gone.
    pub fn envelope_token(&self) -> &str {
        &self.token
    }

    /// Everything but the envelope, as it is kept beside it.
    pub(super) fn sealed_parts(&self) -> &[u8] {
        &self.stored
    }

    /// The last part of check 207: it was sealed by the policy in force. Asked after 220, so that a packet that was taken before the policy
    /// changed gets its receipt again. One that takes another back holds no field to judge, and is taken whatever it names.
    pub fn judge_policy(&self, policy: &Policy) -> Result<(), PacketError> {
        let nothing_in_it = self.envelope.kind == PacketKind::Withdraw && self.manifest.fields.is_empty();
        if nothing_in_it || self.manifest.is_by(policy) {
            Ok(())
        } else {
            Err(PacketFault::OtherPolicy.into())
        }
    }

    /// The whole packet as it was received.
    pub fn body(&self) -> Result<Vec<u8>, PacketError> {
        Ok(Parts::from_stored(self.token.clone(), &self.stored)?.body(|_place| true)?)
    }
}

/// Judges what was handed in. Reads nothing but the bytes, the view and the policy, stores nothing, and remembers nothing: whether the packet was
/// handed in before (220) is asked when it is kept, and whether it was sealed by the policy in force after that.
pub fn verify(
    body: &[u8],
    arrival: Arrival,
    view: &mut dyn HubView,
    policy: &Policy,
) -> Result<VerifiedPacket, PacketError> {
    let container = Container::read(body, Nulls::Refused)?;
    let signed = SignedEnvelope::read(container.envelope, arrival.at, view)?;
    let envelope = signed.envelope;
    if envelope.iss != arrival.caller && !view.may_relay(arrival.caller, envelope.iss)? {
        return Err(PacketFault::NotTheCaller.into());
    }
    if !envelope.recipients_are_in_order() {
        return Err(PacketFault::Recipients.into());
    }
    for recipient in &envelope.aud {
        if !view.may_receive(*recipient)? {
            return Err(PacketFault::Recipients.into());
        }
    }
    envelope.judge_times(arrival.at)?;
    judge_reference(&envelope, view)?;
    let manifest = Manifest::read(container.manifest, &envelope)?;
    manifest.judge(&envelope, policy)?;
    judge_parts(&envelope, &container)?;
    judge_grants(&envelope, arrival.at, view)?;
    let kinds = judge_shapes(&envelope, &container)?;
    // A section left out was refused at 101; what is here is whole.
    let kinds = kinds.into_iter().flatten().collect();
    Ok(VerifiedPacket {
        envelope,
        envelope_digest: signed.digest,
        manifest,
        kinds,
        kid: signed.key.record.jwk.kid().clone(),
        received: arrival.at,
        token: container.envelope.to_owned(),
        stored: Stored::bytes_of(&container)?,
    })
}

/// An envelope whose signature and form are right (110 to 201).
pub(super) struct SignedEnvelope {
    pub(super) envelope: Envelope,
    pub(super) digest: Digest,
    pub(super) key: Arc<KnownKey>,
}

impl SignedEnvelope {
    pub(super) fn read(
        token: &str,
        received: Timestamp,
        keys: &mut (impl KeyLookup + ?Sized),
    ) -> Result<Self, PacketError> {
        if token.split('.').nth(1).is_some_and(|payload| payload.len() > MAX_ENVELOPE_PAYLOAD) {
            return Err(PacketFault::EnvelopeShape.into());
        }
        let mut found = Err(PacketFault::KeyUnknown.into());
        let verified = verify_compact(token, Typ::Envelope, MAX_ENVELOPE, |kid| {
            found = signing_key(kid, received, keys);
            found.as_ref().ok().and_then(|key| key.verifier.clone())
        });
        let verified = match verified {
            Ok(verified) => verified,
            // The gate knows no key; why it got none is ours to say.
            Err(crate::crypto::GateError::UnknownKey) => {
                return Err(found.err().unwrap_or_else(|| PacketFault::KeyUnknown.into()));
            }
            Err(gate) => return Err(PacketFault::of_envelope(gate).into()),
        };
        let key = found?;
        let envelope: Envelope =
            verified.claims(DEPTH).map_err(|_ignored| PacketFault::of_claims(verified.payload()))?;
        envelope.judge_form()?;
        if key.record.organisation != envelope.iss {
            return Err(PacketFault::Issuer.into());
        }
        Ok(Self { envelope, digest: Digest::of(token), key })
    }
}

/// Checks 120 to 122.
pub(super) fn signing_key(
    kid: &Kid,
    received: Timestamp,
    keys: &mut (impl KeyLookup + ?Sized),
) -> Result<Arc<KnownKey>, PacketError> {
    let key = keys.key(kid)?.ok_or(PacketFault::KeyUnknown)?;
    if key.record.r#use != KeyUse::Sign || key.verifier.is_none() {
        return Err(PacketFault::KeyUse.into());
    }
    if !key.record.may_sign_at(received) {
        return Err(PacketFault::KeyTime.into());
    }
    Ok(key)
}

fn judge_reference(envelope: &Envelope, view: &mut dyn HubView) -> Result<(), PacketError> {
    match envelope.re {
        Some(re) if !view.may_refer_to(re, envelope.kind, envelope.iss)? => {
            Err(PacketFault::Reference.into())
        }
        None if envelope.kind.refers_back() => Err(PacketFault::Reference.into()),
        Some(_) | None => Ok(()),
    }
}

/// Checks 210 to 212.
pub(super) fn judge_parts(envelope: &Envelope, container: &Container<'_>) -> Result<(), PacketFault> {
    let counted = envelope.grants.len() == container.grants.len()
        && envelope.sections.len() == container.sections.len();
    if !counted {
        return Err(PacketFault::Counts);
    }
    for (stated, section) in envelope.sections.iter().zip(&container.sections) {
        if section.is_some_and(|token| token.len() != stated.len || Digest::of(token) != stated.h) {
            return Err(PacketFault::SectionDigest);
        }
    }
    for (stated, token) in envelope.grants.iter().zip(&container.grants) {
        if Digest::of(token) != stated.h {
            return Err(PacketFault::GrantDigest);
        }
    }
    Ok(())
}

/// Check 213.
fn judge_grants(envelope: &Envelope, at: Timestamp, view: &mut dyn HubView) -> Result<(), PacketError> {
    let kids: Vec<&Kid> = envelope.grants.iter().map(|grant| &grant.kid).collect();
    view.expect(&kids)?;
    for grant in &envelope.grants {
        let party = grant.aud == envelope.iss || envelope.aud.contains(&grant.aud);
        let key = if party { view.key(&grant.kid)? } else { None };
        let fits = key.is_some_and(|key| {
            key.record.may_encrypt_at(at)
                && key.record.organisation == grant.aud
                && key.record.role == grant.role.as_str()
        });
        if !fits {
            return Err(PacketFault::GrantKey.into());
        }
    }
    let mut readers = envelope.aud.iter().chain([&envelope.iss]);
    let everybody = readers.all(|reader| envelope.grants.iter().any(|grant| grant.aud == *reader));
    if everybody { Ok(()) } else { Err(PacketFault::GrantKey.into()) }
}

/// Checks 214 and 215. Answers what each section holds; nothing for one that was left out.
pub(super) fn judge_shapes(
    envelope: &Envelope,
    container: &Container<'_>,
) -> Result<Vec<Option<SectionKind>>, PacketFault> {
    for (stated, token) in envelope.grants.iter().zip(&container.grants) {
        let kid = check_grant_shape(token, MAX_GRANT).map_err(|_ignored| PacketFault::GrantShape)?;
        if kid != stated.kid {
            return Err(PacketFault::GrantShape);
        }
    }
    let shape = |token: &str| {
        let kind =
            check_section_shape(token, MAX_FILE_SECTION).map_err(|_ignored| PacketFault::SectionShape)?;
        let long = kind == SectionKind::Document && token.len() > MAX_DOCUMENT_SECTION;
        if long { Err(PacketFault::SectionShape) } else { Ok(kind) }
    };
    container.sections.iter().map(|section| section.map(shape).transpose()).collect()
}
