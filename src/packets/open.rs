//! Open a packet at its recipient: the hub's checks again as far as a recipient can make them, then 300 to 311. No plaintext leaves
//! before all of them have passed.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    Envelope, KeyLookup, Manifest, PacketError, PacketFault, Receipt, ReceiptEvent, Violation, ViolationNote,
    commitment,
    content::{Content, FileNote, GrantContent},
    form::{
        CONTENT_DEPTH, Container, DEPTH, MAX_CONTENT, MAX_DOCUMENT, MAX_DOCUMENT_SECTION, MAX_FILE_SECTION,
        MAX_GRANT, Salt, SectionId,
    },
    press::FIELDS_SCHEMA,
    verify::{SignedEnvelope, judge_parts, judge_shapes, signing_key},
};
use crate::{
    crypto::{
        DecryptionKey, SectionKey, SectionKind, SigningKey, Typ, VerifyingKey,
        closed::{self, Nulls},
        decrypt_grant, decrypt_section, verify_compact,
    },
    kernel::{
        Digest, Secret, Timestamp,
        id::{Ids, OrganisationId, PacketId, ReceiptId},
    },
    policy::{CompartmentCode, FieldId, FormValue, Policy, form::check_value},
};

/// Whether this packet was opened here before (310).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Never seen.
    First,
    /// Seen before, and nobody asked to read it again.
    Repeated,
    /// Seen before under this envelope digest, and opened again on purpose.
    Again(Digest),
}

/// A recipient's, or the sender's, desk: who reads, with which keys, against what.
pub struct Desk<'a> {
    /// Whose desk it is.
    pub organisation: OrganisationId,
    /// The private keys at hand.
    pub keys: &'a [DecryptionKey],
    /// Signs receipts and violation reports.
    pub signer: &'a SigningKey,
    /// The key the node signs its receipts with.
    pub node: &'a Arc<VerifyingKey>,
    /// Fields and forms.
    pub policy: &'a Policy,
    /// Where receipt ids come from.
    pub ids: &'a dyn Ids,
    /// The moment, for reports and receipts.
    pub now: Timestamp,
}

/// A document that was inside. Holds plaintext: no `Serialize`, and a `Debug` that hides.
pub struct OpenedDocument {
    /// The compartment it came in.
    pub compartment: CompartmentCode,
    /// Its fields.
    pub fields: BTreeMap<FieldId, FormValue>,
}

/// A file that was inside. Holds plaintext: no `Serialize`, and a `Debug` that hides.
pub struct OpenedFile {
    /// The field it answers.
    pub field: FieldId,
    /// Its name, as the sender gave it: not a path, and not to be used as one.
    pub name: String,
    /// Its media type, as the sender gave it.
    pub mime: String,
    /// Its bytes.
    pub bytes: Secret<Vec<u8>>,
}

/// An opened packet.
pub struct Opened {
    /// The envelope's claims.
    pub envelope: Envelope,
    /// The digest of the envelope's token.
    pub envelope_digest: Digest,
    /// What the sender says is inside.
    pub manifest: Manifest,
    /// When the hub received it.
    pub received: Timestamp,
    /// The documents we could read.
    pub documents: Vec<OpenedDocument>,
    /// The files we could read.
    pub files: Vec<OpenedFile>,
    /// Fields that the policy here does not know, or whose value it does not know, of a packet that was sealed by another policy: as JSON
    /// text, for a person to look at and not to be worked with.
    pub unknown: BTreeMap<FieldId, Secret<String>>,
    /// Sections that are not for our keys.
    pub not_for_us: Vec<SectionId>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { envelope, documents, files, .. } = self;
        write!(f, "Opened({}, {} documents, {} files)", envelope.jti, documents.len(), files.len())
    }
}

impl Opened {
    /// Signs that this desk opened the packet.
    pub fn receipt(&self, desk: &Desk<'_>) -> Result<String, PacketError> {
        let receipt = desk.receipt(self.envelope.jti, self.envelope_digest, ReceiptEvent::Opened, None);
        Ok(receipt.sign(desk.signer)?)
    }
}

impl Desk<'_> {
    fn receipt(
        &self,
        packet: PacketId,
        envelope: Digest,
        evt: ReceiptEvent,
        note: Option<ViolationNote>,
    ) -> Receipt {
        Receipt {
            v: 1,
            jti: ReceiptId::new(self.ids, self.now),
            iss: self.organisation.to_string(),
            re: packet,
            h: envelope,
            evt,
            at: self.now.seconds(),
            leaf: None,
            note,
        }
    }
}

/// Opens what the hub served, with the hub's receipt for it.
pub fn open(
    body: &[u8],
    receipt: &str,
    reading: Reading,
    desk: &Desk<'_>,
    keys: &mut dyn KeyLookup,
) -> Result<Opened, PacketError> {
    let container = Container::read(body, Nulls::Allowed)?;
    // The receipt comes first although its number is high: it says at which moment everything else is judged.
    let receipt = Receipt::verify(receipt, desk.node).map_err(|_ignored| PacketFault::Receipt)?;
    let received = receipt.moment();
    let signed = SignedEnvelope::read(container.envelope, received, keys)?;
    let (envelope, digest) = (signed.envelope, signed.digest);
    envelope.judge_times(received)?;
    let manifest = Manifest::read(container.manifest, &envelope)?;
    manifest.judge(&envelope, desk.policy)?;
    judge_parts(&envelope, &container)?;
    let kinds = judge_shapes(&envelope, &container)?;
    let section_keys = take_keys(&envelope, &container, desk)?;
    let author = signed.key.record.jwk.kid();
    let mut bench =
        Bench { envelope: &envelope, container: &container, kinds: &kinds, section_keys: &section_keys };
    let contents = bench.documents(|token| {
        let verified = verify_compact(token, Typ::Content, MAX_CONTENT, |kid| {
            signing_key(kid, received, keys).ok().and_then(|key| key.verifier.clone())
        })
        .map_err(|_ignored| PacketFault::Content)?;
        if verified.payload().len() > MAX_DOCUMENT {
            return Err(PacketFault::Content);
        }
        if verified.kid() != author {
            return Err(PacketFault::ContentClaims);
        }
        closed::read(verified.payload(), CONTENT_DEPTH).map_err(|_ignored| PacketFault::ContentClaims)
    })?;
    let files = bench.files(&contents)?;
    let dictionary = Dictionary { policy: desk.policy, is_its_own: manifest.is_by(desk.policy) };
    for (_, content) in &contents {
        dictionary.judge_schema(content)?;
    }
    receipt.judge(envelope.jti, digest)?;
    match reading {
        Reading::First => {}
        Reading::Again(before) if before == digest => {}
        Reading::Again(_) | Reading::Repeated => return Err(PacketFault::Receipt.into()),
    }
    if let Some(note) = outside(&manifest, &contents, &kinds, &section_keys, desk.policy) {
        let receipt = desk.receipt(envelope.jti, digest, ReceiptEvent::Violation, Some(note));
        let report = receipt.sign(desk.signer)?;
        return Err(PacketError::Quarantined(Box::new(Violation { report, receipt })));
    }
    let not_for_us =
        envelope.sections.iter().map(|s| s.id).filter(|id| !section_keys.contains_key(id)).collect();
    let mut unknown = BTreeMap::new();
    let documents = contents
        .into_iter()
        .map(|(compartment, content)| dictionary.document(compartment, content, &mut unknown));
    let documents = documents.collect::<Result<_, _>>()?;
    let files = files.into_iter().map(|file| file.named(&manifest)).collect::<Result<_, _>>()?;
    Ok(Opened {
        envelope_digest: digest,
        manifest,
        received,
        documents,
        files,
        unknown,
        not_for_us,
        envelope,
    })
}

type SectionKeys = BTreeMap<SectionId, SectionKey>;

/// Checks 300 to 304: every grant that is for one of our keys.
fn take_keys(
    envelope: &Envelope,
    container: &Container<'_>,
    desk: &Desk<'_>,
) -> Result<SectionKeys, PacketFault> {
    let mut ours = SectionKeys::new();
    let mut any = false;
    for (stated, token) in envelope.grants.iter().zip(&container.grants) {
        let key = desk.keys.iter().find(|key| *key.kid() == stated.kid);
        let Some(key) = key.filter(|_| stated.aud == desk.organisation) else { continue };
        any = true;
        let plaintext = decrypt_grant(token, key, MAX_GRANT).map_err(|_ignored| PacketFault::GrantSealed)?;
        let grant: GrantContent =
            closed::read(plaintext.expose(), DEPTH).map_err(|_ignored| PacketFault::GrantMalformed)?;
        if grant.v != 1 {
            return Err(PacketFault::GrantMalformed);
        }
        if grant.iss != envelope.iss || grant.aud != stated.aud || grant.jti != envelope.jti {
            return Err(PacketFault::GrantMismatch);
        }
        for (section, key) in grant.keys {
            let key = Secret::new(key);
            let bytes = URL_SAFE_NO_PAD.decode(key.expose()).map_err(|_ignored| PacketFault::SectionKey)?;
            let key = SectionKey::from_bytes(bytes).ok_or(PacketFault::SectionKey)?;
            let stated = envelope.sections.get(section.place()).ok_or(PacketFault::SectionKey)?;
            if key.commitment() != stated.kc {
                return Err(PacketFault::SectionKey);
            }
            ours.insert(section, key);
        }
    }
    if any { Ok(ours) } else { Err(PacketFault::NoGrant) }
}

/// The sections on the table, and the keys to them.
struct Bench<'a> {
    envelope: &'a Envelope,
    container: &'a Container<'a>,
    kinds: &'a [Option<SectionKind>],
    section_keys: &'a SectionKeys,
}

/// A file whose bytes are the ones its document describes.
struct FoundFile {
    note: FileNote,
    bytes: Secret<Vec<u8>>,
}

impl Bench<'_> {
    /// Check 305. A section we have a key for and were not served counts as one that does not decrypt.
    fn decrypt(&self, section: SectionId, kind: SectionKind) -> Result<Secret<Vec<u8>>, PacketFault> {
        let fault = PacketFault::SectionSealed;
        let key = self.section_keys.get(&section).ok_or(fault)?;
        let token = self.container.sections.get(section.place()).copied().flatten().ok_or(fault)?;
        let max = match kind {
            SectionKind::Document => MAX_DOCUMENT_SECTION,
            SectionKind::File => MAX_FILE_SECTION,
        };
        decrypt_section(token, kind, key, max).map_err(|_ignored| fault)
    }

    fn kind(&self, section: SectionId) -> Option<SectionKind> {
        self.kinds.get(section.place()).copied().flatten()
    }

    /// Checks 305 to 307 for every document we have the key of.
    fn documents(
        &mut self,
        mut verify: impl FnMut(&str) -> Result<Content, PacketFault>,
    ) -> Result<Vec<(CompartmentCode, Content)>, PacketFault> {
        let mut contents = Vec::new();
        for stated in &self.envelope.sections {
            let ours = self.section_keys.contains_key(&stated.id);
            if !ours || self.kind(stated.id) == Some(SectionKind::File) {
                continue;
            }
            let plaintext = self.decrypt(stated.id, SectionKind::Document)?;
            let token = std::str::from_utf8(plaintext.expose()).map_err(|_ignored| PacketFault::Content)?;
            let content = verify(token)?;
            let same = content.v == 1
                && content.iss == self.envelope.iss
                && content.aud == self.envelope.aud
                && content.jti == self.envelope.jti
                && content.sec == stated.id;
            if !same {
                return Err(PacketFault::ContentClaims);
            }
            contents.push((stated.role.clone(), content));
        }
        Ok(contents)
    }

    /// Check 308: every described file is there and is the one described, in the compartment of its document.
    fn files(&self, contents: &[(CompartmentCode, Content)]) -> Result<Vec<FoundFile>, PacketFault> {
        let mut found: Vec<FoundFile> = Vec::new();
        for (compartment, content) in contents {
            for note in &content.files {
                let stated = self.envelope.sections.get(note.sec.place()).ok_or(PacketFault::File)?;
                let fresh = found.iter().all(|file| file.note.sec != note.sec);
                if stated.role != *compartment || self.kind(note.sec) != Some(SectionKind::File) || !fresh {
                    return Err(PacketFault::File);
                }
                let bytes = self.decrypt(note.sec, SectionKind::File)?;
                if bytes.expose().len() != note.size || Digest::of(bytes.expose()) != note.sha256 {
                    return Err(PacketFault::File);
                }
                found.push(FoundFile { note: note.clone(), bytes });
            }
        }
        Ok(found)
    }
}

/// What the fields of a packet are read by.
struct Dictionary<'a> {
    policy: &'a Policy,
    /// Whether the packet was sealed by it. What was sealed by another policy the hub has judged by that one when it took it, and by its
    /// own when it handed it over; that this one knows less of it is no reason to lose it.
    is_its_own: bool,
}

impl Dictionary<'_> {
    /// Check 309, for the fields the dictionary has; the others are found at 311.
    fn judge_schema(&self, content: &Content) -> Result<(), PacketFault> {
        if content.sch.as_str() != FIELDS_SCHEMA {
            return Err(PacketFault::Schema);
        }
        for (name, value) in content.data.iter().filter(|_| self.is_its_own) {
            let field = name.parse::<FieldId>().ok();
            if let Some(field) = field.as_ref().and_then(|id| self.policy.field(id)) {
                check_value(field, value.clone()).map_err(|_ignored| PacketFault::Schema)?;
            }
        }
        Ok(())
    }

    fn document(
        &self,
        compartment: CompartmentCode,
        content: Content,
        unknown: &mut BTreeMap<FieldId, Secret<String>>,
    ) -> Result<OpenedDocument, PacketFault> {
        let mut fields = BTreeMap::new();
        for (name, value) in content.data {
            let id: FieldId = name.parse().map_err(|_ignored| PacketFault::Outside)?;
            match self.value(&id, value.clone()) {
                Ok(value) => drop(fields.insert(id, value)),
                Err(_not_its_own) if !self.is_its_own => {
                    unknown.insert(id, Secret::new(value.to_string()));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(OpenedDocument { compartment, fields })
    }

    fn value(&self, id: &FieldId, value: Value) -> Result<FormValue, PacketFault> {
        let field = self.policy.field(id).ok_or(PacketFault::Outside)?;
        check_value(field, value).map_err(|_ignored| PacketFault::Schema)
    }
}

/// Check 311: what is inside and what the manifest lists for the sections we read are the same, value by value.
fn outside(
    manifest: &Manifest,
    contents: &[(CompartmentCode, Content)],
    kinds: &[Option<SectionKind>],
    section_keys: &SectionKeys,
    policy: &Policy,
) -> Option<ViolationNote> {
    let mut note = ViolationNote { check: PacketFault::Outside.number(), fields: Vec::new(), others: 0 };
    for (_, content) in contents {
        for name in content.data.keys() {
            let id = name.parse::<FieldId>().ok();
            let listed = manifest.fields_of(content.sec).any(|listed| Some(&listed.f) == id.as_ref());
            if listed {
                continue;
            }
            match id.filter(|id| policy.field(id).is_some()) {
                Some(id) => note.fields.push(id),
                None => note.others = note.others.saturating_add(1),
            }
        }
        for listed in manifest.fields_of(content.sec) {
            let value = content.data.get(listed.f.as_str());
            let salt = content.salts.get(listed.f.as_str());
            if !holds(&listed.f, salt, value, listed.n) {
                note.fields.push(listed.f.clone());
            }
        }
        for file in &content.files {
            let value = serde_json::to_value(file).ok();
            let salt = content.salts.get(&file.sec.to_string());
            let listed = manifest.fields_of(file.sec).collect::<Vec<_>>();
            match listed.as_slice() {
                [listed] if holds(&listed.f, salt, value.as_ref(), listed.n) => {}
                [listed, ..] => note.fields.push(listed.f.clone()),
                [] => note.others = note.others.saturating_add(1),
            }
        }
    }
    // A file we could read, in a compartment we could read, that no document describes.
    let is_described =
        |id: &SectionId| contents.iter().any(|(_, content)| content.files.iter().any(|file| file.sec == *id));
    let stray = section_keys.keys().filter(|id| {
        kinds.get(id.place()).copied().flatten() == Some(SectionKind::File) && !is_described(id)
    });
    note.others = note.others.saturating_add(stray.count());
    note.fields.sort_unstable();
    note.fields.dedup();
    (!note.fields.is_empty() || note.others > 0).then_some(note)
}

fn holds(field: &FieldId, salt: Option<&Salt>, value: Option<&Value>, expected: Digest) -> bool {
    match (salt, value) {
        (Some(salt), Some(value)) => commitment(field, *salt, value) == Some(expected),
        (None, _) | (_, None) => false,
    }
}

impl FoundFile {
    fn named(self, manifest: &Manifest) -> Result<OpenedFile, PacketFault> {
        let listed = manifest.fields_of(self.note.sec).next().ok_or(PacketFault::Outside)?;
        let FileNote { name, mime, .. } = self.note;
        Ok(OpenedFile { field: listed.f.clone(), name, mime, bytes: self.bytes })
    }
}
