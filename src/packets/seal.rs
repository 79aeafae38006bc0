//! Seal a packet that consent and agreement release: the first of three enforcement points stands in front of the encryption.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    AgreementRef, Draft, DraftFault, DraftField, DraftFile, PacketError, PacketKind, Reader, ScopeRef,
    Sealed, press,
};
use crate::{
    consent::Release,
    crypto::SigningKey,
    kernel::{
        Timestamp,
        id::{Ids, PacketId, ReferralId},
    },
    policy::{FieldId, FormValue, MinimumSetId, Policy},
};

/// What is to be sealed beyond what the release says: values, files and readers. Holds plaintext: no `Serialize`, and a `Debug` that
/// hides.
pub struct Letter {
    /// What it is.
    pub kind: PacketKind,
    /// The packet it refers to.
    pub re: Option<PacketId>,
    /// When it is made.
    pub made: Timestamp,
    /// When it ends; brought forward to the end of the consent.
    pub expires: Timestamp,
    /// The referral it belongs to.
    pub referral: ReferralId,
    /// The referral that one follows from.
    pub parent: Option<ReferralId>,
    /// The fields that were received with that one.
    pub received: BTreeSet<FieldId>,
    /// The minimum set it was filled by.
    pub minset: MinimumSetId,
    /// A value for each released field that is no file.
    pub values: BTreeMap<FieldId, FormValue>,
    /// The files. Their justifications are the release's.
    pub files: Vec<DraftFile>,
    /// Who may open what.
    pub readers: Vec<Reader>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({}, {} fields, {} files)", self.referral, self.values.len(), self.files.len())
    }
}

/// Seals exactly the released fields: one that is not released is refused by name, and so is a released one without a value.
pub fn seal(
    release: &Release,
    letter: Letter,
    signer: &SigningKey,
    policy: &Policy,
    ids: &dyn Ids,
) -> Result<Sealed, PacketError> {
    let mut values = letter.values;
    let mut files = letter.files;
    let mut fields = Vec::new();
    let released = || release.fields().values().flatten();
    for file in &mut files {
        let found = released().find(|released| released.field == file.field);
        let found = found.ok_or_else(|| DraftFault::NotReleased(file.field.clone()))?;
        file.justification.clone_from(&found.justification);
    }
    for released in released() {
        match values.remove(&released.field) {
            Some(value) => fields.push(DraftField {
                field: released.field.clone(),
                value,
                justification: released.justification.clone(),
            }),
            None if files.iter().any(|file| file.field == released.field) => {}
            None => return Err(DraftFault::NoValue(released.field.clone()).into()),
        }
    }
    if let Some(field) = values.into_keys().next() {
        return Err(DraftFault::NotReleased(field).into());
    }
    let (agreement, certificate) = (release.agreement(), release.certificate());
    let expires = release.until().map_or(letter.expires, |until| letter.expires.min(until));
    let draft = Draft {
        kind: letter.kind,
        re: letter.re,
        sender: release.sender(),
        recipients: vec![release.recipient()],
        made: letter.made,
        expires,
        referral: letter.referral,
        parent: letter.parent,
        received: letter.received,
        subject: release.subject(),
        agreement: AgreementRef { id: agreement.id, ver: agreement.version, h: agreement.digest },
        mode: release.mode(),
        scope: Some(ScopeRef { id: certificate.id, h: certificate.digest }),
        purpose: release.purpose().clone(),
        service: release.service().clone(),
        urgency: release.urgency().clone(),
        retention: release.retention().clone(),
        onward: release.onward().clone(),
        attested: release.attested().clone(),
        minset: letter.minset,
        fields,
        files,
        readers: letter.readers,
    };
    press(draft, signer, policy, ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::{FormFacts, WhenThePersonSaidNo, release, sample},
        crypto::DecryptionKey,
        kernel::{Digest, id::SystemIds},
        packets::inspect,
    };

    fn released() -> Release {
        let record = sample::record();
        let facts = sample::facts_of(sample::wanted(), &record, crate::agreements::sample::terms(|_| {}));
        let digest = Digest::of(record.bytes().unwrap().expose());
        let form = FormFacts { subjects: 1, ..FormFacts::default() };
        release(&record, digest, &form, &facts, (Policy::builtin(), WhenThePersonSaidNo::Refuse)).unwrap()
    }

    fn value(field: &FieldId) -> FormValue {
        use crate::policy::Shape;
        let field = Policy::builtin().field(field).unwrap();
        let one = match &field.shape {
            Shape::Flag => FormValue::Flag(true),
            Shape::Count { .. } => FormValue::Count(1),
            Shape::Code { choices } => FormValue::Text(choices.codes[0].clone()),
            Shape::Date => FormValue::Text("2026-03-01".into()),
            Shape::Month => FormValue::Text("2026-03".into()),
            Shape::Time => FormValue::Text("14:30".into()),
            Shape::Text { .. } | Shape::Prose { .. } | Shape::File { .. } => FormValue::Text("x".into()),
        };
        if field.many.is_some() { FormValue::Many(vec![one]) } else { one }
    }

    fn letter(release: &Release) -> Letter {
        let reader = |organisation, role: &str| Reader {
            organisation,
            role: role.parse().unwrap(),
            key: DecryptionKey::generate(&SystemIds).unwrap().public().encrypter().unwrap(),
        };
        Letter {
            kind: PacketKind::Referral,
            re: None,
            made: release.at(),
            expires: release.at().plus(chrono::TimeDelta::days(2)),
            referral: ReferralId::new(&SystemIds, release.at()),
            parent: None,
            received: BTreeSet::new(),
            minset: "ms_health".parse().unwrap(),
            values: release.fields().values().flatten().map(|r| (r.field.clone(), value(&r.field))).collect(),
            files: Vec::new(),
            readers: vec![
                reader(release.sender(), "case_worker"),
                reader(release.recipient(), "case_worker"),
                reader(release.recipient(), "medical"),
            ],
        }
    }

    fn sealed(release: &Release, letter: Letter) -> Result<Sealed, PacketError> {
        seal(release, letter, &SigningKey::generate(&SystemIds).unwrap(), Policy::builtin(), &SystemIds)
    }

    #[test]
    fn what_is_released_is_sealed_and_cites_what_it_rests_on() {
        let release = released();
        let sealed = sealed(&release, letter(&release)).unwrap();
        let envelope = inspect(&sealed.body).unwrap().envelope;
        assert_eq!(envelope.dsa.h, release.agreement().digest);
        assert_eq!(envelope.scope.unwrap().h, release.certificate().digest);
        assert_eq!(sealed.manifest.fields.len(), release.fields().values().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn a_field_that_is_not_released_is_refused_by_name() {
        let release = released();
        let mut more = letter(&release);
        let other: FieldId = "CF.medication".parse().unwrap();
        more.values.insert(other.clone(), FormValue::Text("x".into()));
        let refused = sealed(&release, more).err().unwrap();
        assert!(matches!(refused, PacketError::Draft(DraftFault::NotReleased(field)) if field == other));
    }

    #[test]
    fn a_released_field_without_a_value_is_refused_by_name() {
        let release = released();
        let mut fewer = letter(&release);
        let (left_out, _) = fewer.values.pop_first().unwrap();
        let refused = sealed(&release, fewer).err().unwrap();
        assert!(matches!(refused, PacketError::Draft(DraftFault::NoValue(field)) if field == left_out));
    }
}
