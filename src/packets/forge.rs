//! For tests: a small world with keys, and a forge that makes packets with one thing wrong.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    AgreementRef, Arrival, Desk, Draft, DraftField, DraftFile, Envelope, HubView, KeyLookup, KnownKey,
    Opened, PacketError, PacketFault, PacketKind, Reader, Reading, Receipt, ReceiptEvent, ScopeRef,
    VerifiedPacket, open, press, verify,
};
use crate::{
    crypto::{
        DecryptionKey, Kid, SectionKey, SectionKind, SigningKey, Typ, check_section_shape, decrypt_grant,
        decrypt_section, encrypt_grant, encrypt_section, sign_compact,
    },
    kernel::{
        Digest, Timestamp,
        id::{
            AgreementId, CertificateId, OrganisationId, PacketId, ReceiptId, ReferralId, SubjectToken,
            SystemIds,
        },
    },
    members::{KeyRecord, KeyState, KeyUse},
    policy::{FormValue, Mode, Policy},
};

/// Something no hub may ever hold.
pub(super) const CANARY: &str = "Amina-Canary-Phiri";
/// The moment everything happens at.
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// A sender, a recipient, their keys, and what the hub knows.
pub(super) struct World {
    pub(super) sender: OrganisationId,
    pub(super) recipient: OrganisationId,
    pub(super) signing: SigningKey,
    pub(super) recipient_signing: SigningKey,
    pub(super) node: SigningKey,
    /// The sender's, then the recipient's, each for a role.
    pub(super) readers: Vec<(OrganisationId, &'static str, DecryptionKey)>,
    pub(super) keys: BTreeMap<Kid, Arc<KnownKey>>,
    pub(super) suspended: Vec<OrganisationId>,
    pub(super) visible: Vec<PacketId>,
}

impl KeyLookup for World {
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        Ok(self.keys.get(kid).cloned())
    }
}

impl HubView for World {
    fn may_receive(&mut self, organisation: OrganisationId) -> Result<bool, PacketError> {
        let known = organisation == self.sender || organisation == self.recipient;
        Ok(known && !self.suspended.contains(&organisation))
    }

    fn may_relay(&mut self, _caller: OrganisationId, _issuer: OrganisationId) -> Result<bool, PacketError> {
        Ok(false)
    }

    fn may_refer_to(
        &mut self,
        re: PacketId,
        _kind: PacketKind,
        _issuer: OrganisationId,
    ) -> Result<bool, PacketError> {
        Ok(self.visible.contains(&re))
    }
}

impl World {
    pub(super) fn new() -> Self {
        let mut world = Self {
            sender: OrganisationId::new(&SystemIds, NOW),
            recipient: OrganisationId::new(&SystemIds, NOW),
            signing: SigningKey::generate(&SystemIds).unwrap(),
            recipient_signing: SigningKey::generate(&SystemIds).unwrap(),
            node: SigningKey::generate(&SystemIds).unwrap(),
            readers: Vec::new(),
            keys: BTreeMap::new(),
            suspended: Vec::new(),
            visible: Vec::new(),
        };
        world.know(&world.signing.public().clone(), world.sender, KeyUse::Sign, "sign");
        world.know(&world.recipient_signing.public().clone(), world.recipient, KeyUse::Sign, "sign");
        let (sender, recipient) = (world.sender, world.recipient);
        for (organisation, role) in [
            (sender, "case_worker"),
            (recipient, "intake"),
            (recipient, "case_worker"),
            (recipient, "medical"),
        ] {
            let key = DecryptionKey::generate(&SystemIds).unwrap();
            world.know(key.public(), organisation, KeyUse::Encrypt, role);
            world.readers.push((organisation, role, key));
        }
        world
    }

    fn know(
        &mut self,
        jwk: &crate::crypto::PublicJwk,
        organisation: OrganisationId,
        r#use: KeyUse,
        role: &str,
    ) {
        let record = KeyRecord {
            jwk: jwk.clone(),
            organisation,
            r#use,
            role: role.to_owned(),
            state: KeyState::Active,
            from: Timestamp::from_seconds(NOW.seconds() - 86_400),
            until: Timestamp::from_seconds(NOW.seconds() + 86_400 * 200),
            retired_at: None,
            revoked_at: None,
            compromised_at: None,
        };
        self.keys.insert(jwk.kid().clone(), Arc::new(KnownKey::new(record)));
    }

    pub(super) fn change_key(&mut self, kid: &Kid, change: impl FnOnce(&mut KeyRecord)) {
        let mut known = KnownKey::clone(&self.keys[kid]);
        change(&mut known.record);
        self.keys.insert(kid.clone(), Arc::new(known));
    }

    pub(super) fn draft(&self) -> Draft {
        let text = |text: &str| FormValue::Text(text.to_owned());
        let field = |id: &str, value| DraftField { field: id.parse().unwrap(), value, justification: None };
        Draft {
            kind: PacketKind::Referral,
            re: None,
            sender: self.sender,
            recipients: vec![self.recipient],
            made: NOW,
            expires: Timestamp::from_seconds(NOW.seconds() + 86_400),
            referral: ReferralId::new(&SystemIds, NOW),
            parent: None,
            received: std::collections::BTreeSet::new(),
            subject: SubjectToken::new(&SystemIds, NOW),
            agreement: AgreementRef {
                id: AgreementId::new(&SystemIds, NOW),
                ver: 1,
                h: Digest::of("agreement"),
            },
            mode: Mode::Consent,
            scope: Some(ScopeRef { id: CertificateId::new(&SystemIds, NOW), h: Digest::of("scope") }),
            purpose: "P01".parse().unwrap(),
            service: "SV07".parse().unwrap(),
            urgency: "U2".parse().unwrap(),
            retention: "RT01".parse().unwrap(),
            onward: "OW00".parse().unwrap(),
            attested: crate::consent::Attested::default(),
            minset: "ms_health".parse().unwrap(),
            fields: vec![
                field("ZP.1a", text(CANARY)),
                field("ZP.4", text("female")),
                field("CF.phone", text("+260 000 canary")),
                field("ZP.13d", text("canary: asthma \"é\" \\ \u{2028}")),
                field("ZP.13p", FormValue::Flag(true)),
                field("CF.special_diet", FormValue::Many(Vec::new())),
            ],
            files: vec![DraftFile {
                field: "CF.attachment".parse().unwrap(),
                name: "canary letter.pdf".into(),
                mime: "application/pdf".into(),
                bytes: b"%PDF canary".to_vec(),
                justification: None,
            }],
            readers: self
                .readers
                .iter()
                .map(|(organisation, role, key)| Reader {
                    organisation: *organisation,
                    role: role.parse().unwrap(),
                    key: key.public().encrypter().unwrap(),
                })
                .collect(),
        }
    }

    pub(super) fn sealed(&self) -> Vec<u8> {
        press(self.draft(), &self.signing, Policy::builtin(), &SystemIds).unwrap().body
    }

    pub(super) fn verify(&mut self, body: &[u8]) -> Result<VerifiedPacket, PacketError> {
        let caller = self.sender;
        verify(body, Arrival { caller, at: NOW }, self, Policy::builtin())
    }

    pub(super) fn receipt_for(&self, body: &[u8]) -> String {
        let container: Value = serde_json::from_slice(body).unwrap_or_default();
        let token = container["envelope"].as_str().unwrap_or_default();
        let claims = part(token, 1);
        let re = claims["jti"].as_str().and_then(|jti| jti.parse().ok());
        Receipt {
            v: 1,
            jti: ReceiptId::new(&SystemIds, NOW),
            iss: "rhn:zz:test".into(),
            re: re.unwrap_or_else(|| PacketId::new(&SystemIds, NOW)),
            h: Digest::of(token),
            evt: ReceiptEvent::Accepted,
            at: NOW.seconds(),
            leaf: None,
            note: None,
        }
        .sign(&self.node)
        .unwrap()
    }

    pub(super) fn open(&mut self, body: &[u8]) -> Result<Opened, PacketError> {
        let receipt = self.receipt_for(body);
        self.open_with(body, &receipt, Reading::First, |role| role != "medical")
    }

    pub(super) fn open_with(
        &mut self,
        body: &[u8],
        receipt: &str,
        reading: Reading,
        roles: impl Fn(&str) -> bool,
    ) -> Result<Opened, PacketError> {
        let keys: Vec<DecryptionKey> = self
            .readers
            .iter()
            .filter(|(organisation, role, _)| *organisation == self.recipient && roles(role))
            .map(|(_, _, key)| DecryptionKey::from_secret_jwk(&key.to_secret_jwk()).unwrap())
            .collect();
        let signer = SigningKey::from_secret_jwk(&self.recipient_signing.to_secret_jwk()).unwrap();
        let node = self.node.verifier();
        let desk = Desk {
            organisation: self.recipient,
            keys: &keys,
            signer: &signer,
            node: &node,
            policy: Policy::builtin(),
            ids: &SystemIds,
            now: NOW,
        };
        open(body, receipt, reading, &desk, self)
    }
}

fn part(token: &str, place: usize) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(place).unwrap_or_default()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// What is inside one section.
pub(super) enum Inside {
    Document(Value),
    File(Vec<u8>),
}

/// A packet taken apart with all keys at hand. Change what is to be wrong, then [`Forge::build`]: everything that follows from
/// what was changed is made right again, so that only the one thing is wrong.
pub(super) struct Forge<'a> {
    world: &'a World,
    pub(super) content_signer: &'a SigningKey,
    pub(super) envelope_signer: &'a SigningKey,
    pub(super) manifest: Value,
    pub(super) sections: Vec<(SectionKey, Inside)>,
    /// Index into the world's readers, and the plaintext.
    pub(super) grants: Vec<(usize, Value)>,
    pub(super) envelope: Value,
    /// Changes made to the envelope after digests and lengths were filled in.
    pub(super) last: Vec<(&'static str, Value)>,
}

impl<'a> Forge<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        let body: Value = serde_json::from_slice(&world.sealed()).unwrap();
        let envelope = part(body["envelope"].as_str().unwrap(), 1);
        let manifest =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body["manifest"].as_str().unwrap()).unwrap())
                .unwrap();
        let claims: Envelope = serde_json::from_value(envelope.clone()).unwrap();
        let grants: Vec<(usize, Value)> = claims
            .grants
            .iter()
            .zip(body["grants"].as_array().unwrap())
            .map(|(stated, token)| {
                let reader = world.readers.iter().position(|(_, _, key)| *key.kid() == stated.kid).unwrap();
                let plaintext =
                    decrypt_grant(token.as_str().unwrap(), &world.readers[reader].2, 4_096).unwrap();
                (reader, serde_json::from_slice(plaintext.expose()).unwrap())
            })
            .collect();
        let own =
            &grants.iter().find(|(reader, _)| world.readers[*reader].0 == world.sender).unwrap().1["keys"];
        let sections = body["sections"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(place, token)| {
                let key = URL_SAFE_NO_PAD.decode(own[format!("s{place}")].as_str().unwrap()).unwrap();
                let key = SectionKey::from_bytes(key).unwrap();
                let token = token.as_str().unwrap();
                let kind = check_section_shape(token, usize::MAX).unwrap();
                let plaintext = decrypt_section(token, kind, &key, usize::MAX).unwrap();
                let inside = match kind {
                    SectionKind::Document => {
                        Inside::Document(part(std::str::from_utf8(plaintext.expose()).unwrap(), 1))
                    }
                    SectionKind::File => Inside::File(plaintext.expose().clone()),
                };
                (key, inside)
            })
            .collect();
        Self {
            world,
            content_signer: &world.signing,
            envelope_signer: &world.signing,
            manifest,
            sections,
            grants,
            envelope,
            last: Vec::new(),
        }
    }

    /// The document that has this field.
    pub(super) fn document_with(&mut self, field: &str) -> &mut Value {
        self.sections
            .iter_mut()
            .find_map(|(_, inside)| match inside {
                Inside::Document(content) if content["data"].get(field).is_some() => Some(content),
                Inside::Document(_) | Inside::File(_) => None,
            })
            .unwrap()
    }

    /// The document that describes a file.
    pub(super) fn document_with_file(&mut self) -> &mut Value {
        self.sections
            .iter_mut()
            .find_map(|(_, inside)| match inside {
                Inside::Document(content) if content["files"].get(0).is_some() => Some(content),
                Inside::Document(_) | Inside::File(_) => None,
            })
            .unwrap()
    }

    pub(super) fn build(self) -> Value {
        let (manifest, grants, sections) = self.tokens();
        let mut envelope = self.envelope;
        envelope["manifest"] = json!(Digest::of(&manifest));
        for (place, token) in grants.iter().enumerate() {
            envelope["grants"][place]["h"] = json!(Digest::of(token));
        }
        for (place, token) in sections.iter().enumerate() {
            envelope["sections"][place]["h"] = json!(Digest::of(token));
            envelope["sections"][place]["len"] = json!(token.len());
        }
        for (path, value) in self.last {
            if path.is_empty() {
                envelope = value;
            } else if let Some(name) = path.strip_prefix('-') {
                envelope.as_object_mut().unwrap().remove(name);
            } else if let Some(member) = envelope.pointer_mut(path) {
                *member = value;
            } else {
                envelope[path.trim_start_matches('/')] = value;
            }
        }
        let token =
            sign_compact(self.envelope_signer, Typ::Envelope, envelope.to_string().as_bytes()).unwrap();
        json!({ "v": 1, "envelope": token, "manifest": URL_SAFE_NO_PAD.encode(manifest), "grants": grants,
            "sections": sections })
    }

    fn tokens(&self) -> (String, Vec<String>, Vec<String>) {
        let sections = self.sections.iter().map(|(key, inside)| match inside {
            Inside::Document(content) => {
                let signed =
                    sign_compact(self.content_signer, Typ::Content, content.to_string().as_bytes()).unwrap();
                encrypt_section(key, SectionKind::Document, &SystemIds, signed.as_bytes()).unwrap()
            }
            Inside::File(bytes) => encrypt_section(key, SectionKind::File, &SystemIds, bytes).unwrap(),
        });
        let grants = self.grants.iter().map(|(reader, plaintext)| {
            let key = self.world.readers[*reader].2.public().encrypter().unwrap();
            encrypt_grant(&key, &SystemIds, plaintext.to_string().as_bytes()).unwrap()
        });
        (self.manifest.to_string(), grants.collect(), sections.collect())
    }
}

/// The number a packet was refused with; 0 when it was not.
pub(super) fn number<T>(result: Result<T, PacketError>) -> u16 {
    match result {
        Ok(_) => 0,
        Err(PacketError::Refused(fault)) => fault.number(),
        Err(PacketError::Quarantined(_)) => PacketFault::Outside.number(),
        Err(other) => panic!("not a numbered refusal: {other:?}"),
    }
}
