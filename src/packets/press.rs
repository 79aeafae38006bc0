//! The mechanics of sealing: group the fields by compartment, sign each document, encrypt each section under a key of its own, grant
//! the keys to the readers, and sign the envelope.
//!
//! Nothing here was held against agreement and consent. Whoever seals data about a person calls [`seal`](super::seal()), which demands the
//! proof that it was; a test keeps [`press`] out of every other room but the benchmark.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    AgreementRef, DraftFault, Envelope, Manifest, ManifestField, PacketError, PacketKind, ScopeRef,
    commitment,
    content::{Content, FileNote, GrantContent},
    envelope::{GrantRef, SectionRef},
    form::{
        MAX_ENVELOPE_PAYLOAD, MAX_FIELDS, MAX_FILE, MAX_GRANTS, MAX_LIFE, MAX_MANIFEST, MIN_LIFE, Salt,
        SectionId, Tag, Written,
    },
};
use crate::{
    consent::{Attested, FieldSource},
    crypto::{
        EncryptionKey, SectionKey, SectionKind, SigningKey, Typ, encrypt_grant, encrypt_section, sign_compact,
    },
    kernel::{
        Digest, Timestamp,
        id::{Ids, OrganisationId, PacketId, ReferralId, SubjectToken},
        text::Line,
    },
    policy::{
        CompartmentCode, Field, FieldId, FormValue, JustificationCode, MinimumSetId, Mode, OnwardCode,
        Policy, PurposeCode, ReaderRole, RetentionCode, ServiceCode, Shape, UrgencyCode, form::check_value,
    },
};

/// One field of a draft.
pub struct DraftField {
    /// Which.
    pub field: FieldId,
    /// Its value.
    pub value: FormValue,
    /// Why it is needed beyond the minimum set.
    pub justification: Option<JustificationCode>,
}

/// One file of a draft.
pub struct DraftFile {
    /// The field it answers.
    pub field: FieldId,
    /// Its name, as the recipient will see it.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Why it is needed beyond the minimum set.
    pub justification: Option<JustificationCode>,
}

/// One reader: a key of a recipient or of the sender. A recipient's opens the compartments its role reads; the sender's, everything.
#[derive(Clone)]
pub struct Reader {
    /// Whose key.
    pub organisation: OrganisationId,
    /// Who reads with it.
    pub role: ReaderRole,
    /// The key.
    pub key: Arc<EncryptionKey>,
}

/// Everything a packet is made from. Holds plaintext: no `Serialize`, and a `Debug` that hides.
pub struct Draft {
    /// What it is.
    pub kind: PacketKind,
    /// The packet it refers to.
    pub re: Option<PacketId>,
    /// Who sends.
    pub sender: OrganisationId,
    /// Who receives, in any order.
    pub recipients: Vec<OrganisationId>,
    /// When it is made.
    pub made: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The referral it belongs to.
    pub referral: ReferralId,
    /// The referral that one follows from.
    pub parent: Option<ReferralId>,
    /// The fields that were received with that one; the others are the sender's own.
    pub received: BTreeSet<FieldId>,
    /// The person.
    pub subject: SubjectToken,
    /// The agreement.
    pub agreement: AgreementRef,
    /// On what footing it travels.
    pub mode: Mode,
    /// The scope certificate.
    pub scope: Option<ScopeRef>,
    /// Why.
    pub purpose: PurposeCode,
    /// For which service.
    pub service: ServiceCode,
    /// How fast.
    pub urgency: UrgencyCode,
    /// How long the recipient may keep it.
    pub retention: RetentionCode,
    /// Whether the recipient may pass it on.
    pub onward: OnwardCode,
    /// What the sender attests.
    pub attested: Attested,
    /// The minimum set it was filled by.
    pub minset: MinimumSetId,
    /// The fields.
    pub fields: Vec<DraftField>,
    /// The files.
    pub files: Vec<DraftFile>,
    /// Who may open what.
    pub readers: Vec<Reader>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({}, {} fields, {} files)", self.referral, self.fields.len(), self.files.len())
    }
}

/// A sealed packet, ready to hand in.
#[derive(Clone)]
pub struct Sealed {
    /// Its id.
    pub id: PacketId,
    /// The body, `application/rp1+json`.
    pub body: Vec<u8>,
    /// Digest of its envelope.
    pub envelope: Digest,
    /// The manifest, for the sender's record.
    pub manifest: Manifest,
}

/// The compartment every packet has, even one without fields.
const GENERAL: &str = "general";

/// Schema of documents: an object of fields, each as the dictionary wants it.
pub(super) const FIELDS_SCHEMA: &str = "rp1-fields.v1";

/// Seals a draft as it is. The same key signs the documents and the envelope.
pub fn press(
    draft: Draft,
    signer: &SigningKey,
    policy: &Policy,
    ids: &dyn Ids,
) -> Result<Sealed, PacketError> {
    let mut recipients = draft.recipients.clone();
    recipients.sort_unstable();
    judge(&draft, &recipients)?;
    let id = PacketId::new(ids, draft.made);
    let layout = Layout::of(&draft, policy)?;
    let readers = readers(&draft, &layout, policy)?;
    let mut press =
        Press { id, sender: draft.sender, recipients: &recipients, signer, ids, sections: Vec::new() };
    let mut fields = Vec::new();
    let version: Tag = policy.dictionary().parse().map_err(|_ignored| DraftFault::TooMany("dictionaries"))?;
    for (compartment, share) in &layout.shares {
        press.document(compartment, share, &mut fields)?;
    }
    if draft.parent.is_some() {
        for listed in &mut fields {
            let received = draft.received.contains(&listed.f);
            listed.s = Some(if received { FieldSource::Received } else { FieldSource::Own });
        }
    }
    let manifest = Manifest { v: 1, dict: version, minset: draft.minset.clone(), fields };
    let manifest_bytes = json(&manifest)?;
    let encoded = URL_SAFE_NO_PAD.encode(&manifest_bytes);
    if manifest.fields.len() > MAX_FIELDS || encoded.len() > MAX_MANIFEST {
        return Err(DraftFault::TooMany("fields").into());
    }
    let (mut grants, mut tokens) = (Vec::new(), Vec::new());
    for granted in readers {
        let token = press.grant(&granted)?;
        grants.push(GrantRef {
            aud: granted.reader.organisation,
            role: granted.reader.role.clone(),
            kid: granted.reader.key.kid().clone(),
            h: Digest::of(&token),
        });
        tokens.push(token);
    }
    let (sections, ciphertexts): (Vec<_>, Vec<_>) =
        press.sections.iter().map(|section| (section.stated.clone(), section.token.as_str())).unzip();
    let envelope = envelope(draft, id, recipients.clone(), Digest::of(&manifest_bytes), grants, sections);
    let payload = json(&envelope)?;
    if URL_SAFE_NO_PAD.encode(&payload).len() > MAX_ENVELOPE_PAYLOAD {
        return Err(DraftFault::TooMany("recipients").into());
    }
    let token = sign_compact(signer, Typ::Envelope, &payload)?;
    let body = json(&Written {
        v: 1,
        envelope: &token,
        manifest: &encoded,
        grants: &tokens,
        sections: ciphertexts.into_iter().map(Some).collect(),
    })?;
    if body.len() > super::form::MAX_BODY {
        return Err(DraftFault::TooMany("large files").into());
    }
    Ok(Sealed { id, body, envelope: Digest::of(&token), manifest })
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, PacketError> {
    Ok(serde_json::to_vec(value).map_err(|_ignored| crate::crypto::KeyError::Library)?)
}

fn judge(draft: &Draft, recipients: &[OrganisationId]) -> Result<(), DraftFault> {
    let repeated = recipients.iter().zip(recipients.iter().skip(1)).any(|(one, next)| one == next);
    if repeated || recipients.is_empty() {
        return Err(DraftFault::Recipients);
    }
    let life = draft.expires.seconds().saturating_sub(draft.made.seconds());
    if !(MIN_LIFE..=MAX_LIFE).contains(&life) {
        return Err(DraftFault::Life);
    }
    if draft.kind.refers_back() && draft.re.is_none() {
        return Err(DraftFault::Reference);
    }
    Ok(())
}

/// What goes into one compartment.
#[derive(Default)]
struct Share<'a> {
    fields: Vec<(&'a Field, &'a DraftField)>,
    files: Vec<(&'a Field, &'a DraftFile)>,
}

/// The draft, sorted into compartments: the general one first, the others by name.
struct Layout<'a> {
    shares: Vec<(CompartmentCode, Share<'a>)>,
}

impl<'a> Layout<'a> {
    fn of(draft: &'a Draft, policy: &'a Policy) -> Result<Self, DraftFault> {
        let general: CompartmentCode =
            GENERAL.parse().map_err(|_ignored| DraftFault::TooMany("compartments"))?;
        let mut shares: BTreeMap<CompartmentCode, Share<'a>> =
            BTreeMap::from([(general.clone(), Share::default())]);
        let known = |id: &FieldId| policy.field(id).ok_or_else(|| DraftFault::UnknownField(id.clone()));
        let mut seen = BTreeSet::new();
        for entry in &draft.fields {
            let field = known(&entry.field)?;
            if !seen.insert(&entry.field) {
                return Err(DraftFault::Twice(entry.field.clone()));
            }
            let is_file = matches!(field.shape, Shape::File { .. });
            if is_file || check_value(field, entry.value.expose_json()).is_err() {
                return Err(DraftFault::Value(entry.field.clone()));
            }
            shares.entry(field.compartment.clone()).or_default().fields.push((field, entry));
        }
        for file in &draft.files {
            let field = known(&file.field)?;
            let Shape::File { max, media } = &field.shape else {
                return Err(DraftFault::Value(file.field.clone()));
            };
            let most = usize::try_from(*max).unwrap_or(MAX_FILE).min(MAX_FILE);
            if file.bytes.is_empty() || file.bytes.len() > most {
                return Err(DraftFault::FileTooLarge(file.field.clone()));
            }
            if file.name.parse::<Line<120>>().is_err() || !media.contains(&file.mime) {
                return Err(DraftFault::FileName(file.field.clone()));
            }
            shares.entry(field.compartment.clone()).or_default().files.push((field, file));
        }
        let first = shares.remove(&general).map(|share| (general, share));
        Ok(Self { shares: first.into_iter().chain(shares).collect() })
    }

    fn compartments(&self) -> impl Iterator<Item = &CompartmentCode> {
        self.shares.iter().map(|(compartment, _)| compartment)
    }
}

/// A reader and the compartments of this packet that it may open.
struct Granted {
    reader: Reader,
    compartments: BTreeSet<CompartmentCode>,
}

/// The readers that get a grant: those who may open something that is there, and the sender, who may open everything.
fn readers(draft: &Draft, layout: &Layout<'_>, policy: &Policy) -> Result<Vec<Granted>, DraftFault> {
    let mut granted = Vec::new();
    for reader in &draft.readers {
        let is_sender = reader.organisation == draft.sender;
        if !is_sender && !draft.recipients.contains(&reader.organisation) {
            return Err(DraftFault::NoGrant);
        }
        let reads = |compartment: &&CompartmentCode| {
            is_sender || policy.compartment(compartment).is_some_and(|c| c.readers.contains(&reader.role))
        };
        let compartments: BTreeSet<_> = layout.compartments().filter(reads).cloned().collect();
        if !compartments.is_empty() {
            granted.push(Granted { reader: reader.clone(), compartments });
        }
    }
    for compartment in layout.compartments() {
        let read = granted.iter().any(|granted| {
            draft.recipients.contains(&granted.reader.organisation)
                && granted.compartments.contains(compartment)
        });
        if !read {
            return Err(DraftFault::NobodyReads(compartment.clone()));
        }
    }
    let mut parties = draft.recipients.iter().chain([&draft.sender]);
    if !parties.all(|party| granted.iter().any(|granted| granted.reader.organisation == *party)) {
        return Err(DraftFault::NoGrant);
    }
    if granted.len() > MAX_GRANTS {
        return Err(DraftFault::TooMany("grants"));
    }
    Ok(granted)
}

fn listed(
    field: &Field,
    sec: SectionId,
    salt: Salt,
    value: &Value,
    j: Option<JustificationCode>,
) -> Result<ManifestField, DraftFault> {
    let n = commitment(&field.id, salt, value).ok_or_else(|| DraftFault::Value(field.id.clone()))?;
    Ok(ManifestField { f: field.id.clone(), c: field.category.clone(), sec, n, j, s: None })
}

struct SealedSection {
    stated: SectionRef,
    token: String,
    key: SectionKey,
}

/// Makes sections and grants, and keeps count of them.
struct Press<'a> {
    id: PacketId,
    sender: OrganisationId,
    recipients: &'a [OrganisationId],
    signer: &'a SigningKey,
    ids: &'a dyn Ids,
    sections: Vec<SealedSection>,
}

impl Press<'_> {
    fn next(&self) -> Result<SectionId, DraftFault> {
        SectionId::at(self.sections.len()).ok_or(DraftFault::TooMany("sections"))
    }

    fn section(
        &mut self,
        role: &CompartmentCode,
        kind: SectionKind,
        plaintext: &[u8],
    ) -> Result<SectionId, PacketError> {
        let id = self.next()?;
        let key = SectionKey::random(self.ids);
        let token = encrypt_section(&key, kind, self.ids, plaintext)?;
        let stated = SectionRef {
            id,
            role: role.clone(),
            len: token.len(),
            h: Digest::of(&token),
            kc: key.commitment(),
        };
        self.sections.push(SealedSection { stated, token, key });
        Ok(id)
    }

    /// Seals a compartment: its files first, then the document that holds its fields and describes the files.
    fn document(
        &mut self,
        compartment: &CompartmentCode,
        share: &Share<'_>,
        manifest: &mut Vec<ManifestField>,
    ) -> Result<(), PacketError> {
        let mut salts = BTreeMap::new();
        let mut files = Vec::new();
        for (field, file) in &share.files {
            let sec = self.section(compartment, SectionKind::File, &file.bytes)?;
            let note = FileNote {
                sec,
                name: file.name.clone(),
                mime: file.mime.clone(),
                size: file.bytes.len(),
                sha256: Digest::of(&file.bytes),
            };
            let salt = Salt::random(self.ids);
            let value =
                serde_json::to_value(&note).map_err(|_ignored| DraftFault::Value(file.field.clone()))?;
            manifest.push(listed(field, sec, salt, &value, file.justification.clone())?);
            salts.insert(sec.to_string(), salt);
            files.push(note);
        }
        let sec = self.next()?;
        let mut data = BTreeMap::new();
        for (field, entry) in &share.fields {
            let salt = Salt::random(self.ids);
            let value = entry.value.expose_json();
            manifest.push(listed(field, sec, salt, &value, entry.justification.clone())?);
            salts.insert(entry.field.to_string(), salt);
            data.insert(entry.field.to_string(), value);
        }
        let sch = FIELDS_SCHEMA.parse().map_err(|_ignored| DraftFault::TooMany("schemas"))?;
        let content = Content {
            v: 1,
            iss: self.sender,
            aud: self.recipients.to_vec(),
            jti: self.id,
            sec,
            sch,
            data,
            salts,
            files,
            pad: String::new(),
        };
        let padded =
            content.into_padded().ok_or_else(|| DraftFault::DocumentTooLarge(compartment.clone()))?;
        let signed = sign_compact(self.signer, Typ::Content, &padded)?;
        self.section(compartment, SectionKind::Document, signed.as_bytes())?;
        Ok(())
    }

    fn grant(&self, granted: &Granted) -> Result<String, PacketError> {
        let keys = self
            .sections
            .iter()
            .filter(|section| granted.compartments.contains(&section.stated.role))
            .map(|section| (section.stated.id, URL_SAFE_NO_PAD.encode(section.key.as_bytes())))
            .collect();
        let content =
            GrantContent { v: 1, iss: self.sender, aud: granted.reader.organisation, jti: self.id, keys };
        let plaintext = crate::kernel::Secret::new(json(&content)?);
        Ok(encrypt_grant(&granted.reader.key, self.ids, plaintext.expose())?)
    }
}

fn envelope(
    draft: Draft,
    id: PacketId,
    aud: Vec<OrganisationId>,
    manifest: Digest,
    grants: Vec<GrantRef>,
    sections: Vec<SectionRef>,
) -> Envelope {
    Envelope {
        v: 1,
        jti: id,
        kind: draft.kind,
        re: draft.re,
        iss: draft.sender,
        aud,
        iat: draft.made.seconds(),
        exp: draft.expires.seconds(),
        referral: draft.referral,
        parent: draft.parent,
        sub: draft.subject,
        dsa: draft.agreement,
        mode: draft.mode,
        scope: draft.scope,
        purpose: draft.purpose,
        service: draft.service,
        urgency: draft.urgency,
        retention: draft.retention,
        onward: draft.onward,
        att: draft.attested,
        manifest,
        grants,
        sections,
    }
}
