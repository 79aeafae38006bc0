//! Release: the sender's own check, before anything is encrypted.
//!
//! The first of three enforcement points, and the only one that sees both the record and the filled form. What it lets through is a
//! [`Release`]; sealing demands one, and nothing else can make one. So a packet that was never held against consent and agreement
//! does not compile.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    attested::Attested,
    record::Record,
    rule::{CitedAgreement, CitedCertificate, Facts, Permission, judge},
};
use crate::{
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, SubjectToken},
    },
    policy::{
        CompartmentCode, Denial, Denials, Deny, FieldId, JustificationCode, Mode, OnwardCode, Policy,
        PurposeCode, RetentionCode, ServiceCode, UrgencyCode, Warning,
    },
};

/// The longest reviewed free text, in characters.
pub(super) const MOST_NARRATIVE_CHARS: usize = 4_000;

/// File types that may be attached. None of them runs anything.
pub(super) const ATTACHABLE: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "text/plain"];

/// What the gateway knows of a filled form beyond the list of its fields. No value of a field is in here.
#[derive(Clone, Debug, Default)]
pub struct FormFacts {
    /// How many persons the form is about.
    pub subjects: usize,
    /// Its free texts.
    pub narratives: Vec<Narrative>,
    /// Its files.
    pub files: Vec<Attached>,
}

/// A free text of a form.
#[derive(Clone, Debug)]
pub struct Narrative {
    /// The field.
    pub field: FieldId,
    /// Its length.
    pub chars: usize,
    /// Somebody read it again for what it tells beyond need.
    pub reviewed: bool,
}

/// A file of a form.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The field.
    pub field: FieldId,
    /// Its media type, as looked at, not as named.
    pub media_type: String,
    /// Place, device and author were removed.
    pub metadata_removed: bool,
    /// It was scanned and found harmless.
    pub scanned: bool,
}

/// What to do with a field the person said no to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenThePersonSaidNo {
    /// Leave it out and say so.
    LeaveOut,
    /// Refuse the whole.
    Refuse,
}

/// A field that is not sent because the person said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The field.
    pub field: FieldId,
    /// The code that stands against it.
    pub deny: Deny,
}

/// A field that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// The field.
    pub field: FieldId,
    /// Why it is sent although it is beyond the minimum set.
    pub justification: Option<JustificationCode>,
}

/// Proof that these fields may go to this recipient for this purpose. Only [`release`] makes one, and by a recipient
/// [`release_seen`](super::release_seen).
#[derive(Clone, Debug)]
pub struct Release {
    at: Timestamp,
    until: Option<Timestamp>,
    sender: OrganisationId,
    recipient: OrganisationId,
    mode: Mode,
    purpose: PurposeCode,
    service: ServiceCode,
    urgency: UrgencyCode,
    retention: RetentionCode,
    onward: OnwardCode,
    subject: SubjectToken,
    agreement: CitedAgreement,
    certificate: CitedCertificate,
    fields: BTreeMap<CompartmentCode, Vec<Released>>,
    dropped: Vec<Dropped>,
    warnings: BTreeSet<Warning>,
    attested: Attested,
}

/// Holds a form against consent, agreement, minimum set and the rest, as the hub and the recipient will again: the release, or every
/// code with the fields it is about.
pub fn release(
    record: &Record,
    record_digest: Digest,
    form: &FormFacts,
    facts: &Facts,
    (policy, refused): (&Policy, WhenThePersonSaidNo),
) -> Result<Release, Denials> {
    let evidence = evidence(record, record_digest, facts, policy);
    let (kept, dropped) = match refused {
        WhenThePersonSaidNo::Refuse => (facts.clone(), Vec::new()),
        WhenThePersonSaidNo::LeaveOut => without_refused(facts),
    };
    let mut found: Denials = evidence.into_iter().chain(form.denials(&kept)).collect();
    let permission = match judge(&kept) {
        Ok(permission) => Some(permission),
        Err(denials) => {
            found.extend(denials);
            None
        }
    };
    let nothing_left = kept.proposal.fields.is_empty() && !dropped.is_empty();
    if nothing_left {
        found.extend(dropped.iter().map(|dropped| Denial::new(dropped.deny).fields([dropped.field.clone()])));
    }
    found.into_result()?;
    permission
        .and_then(|permission| Release::of(&kept, &permission, dropped))
        .ok_or_else(|| Denials::from_iter([Deny::D301.into()]))
}

/// What only the sender can see: whether the record behind the certificate holds.
fn evidence(record: &Record, digest: Digest, facts: &Facts, policy: &Policy) -> Denials {
    let mut found = record.defects(policy, facts.at);
    if record.subject != facts.proposal.subject {
        found.raise(Deny::D303);
    }
    let made_from_it = facts
        .certificate
        .as_ref()
        .is_none_or(|held| held.claims.record == digest && held.claims.ver == record.version);
    if !made_from_it {
        found.raise(Denial::new(Deny::D302).subcode("record"));
    }
    found
}

impl FormFacts {
    /// What stands against the form whoever sends it.
    pub(super) fn denials(&self, facts: &Facts) -> Denials {
        of_form(self, facts)
    }
}

fn of_form(form: &FormFacts, facts: &Facts) -> Denials {
    let sent = |field: &FieldId| facts.proposal.fields.iter().any(|fact| fact.id == *field);
    let mut found = Denials::none();
    if form.subjects != 1 {
        found.raise(Deny::D009);
    }
    let careless = form
        .narratives
        .iter()
        .filter(|text| sent(&text.field) && (!text.reviewed || text.chars > MOST_NARRATIVE_CHARS));
    for text in careless {
        found.raise(Denial::new(Deny::D601).fields([text.field.clone()]));
    }
    for file in form.files.iter().filter(|file| sent(&file.field)) {
        let subcode = match file {
            file if !ATTACHABLE.contains(&file.media_type.as_str()) => "type",
            file if !file.metadata_removed => "metadata",
            file if !file.scanned => "scan",
            _ => continue,
        };
        found.raise(Denial::new(Deny::D607).subcode(subcode).fields([file.field.clone()]));
    }
    found
}

/// The facts without the fields the person said no to. Anything else that is wrong stays wrong.
fn without_refused(facts: &Facts) -> (Facts, Vec<Dropped>) {
    let Err(denials) = judge(facts) else { return (facts.clone(), Vec::new()) };
    let refused = denials.iter().filter(|denial| matches!(denial.deny, Deny::D308 | Deny::D309));
    let dropped: Vec<Dropped> = refused
        .flat_map(|denial| {
            denial.fields.iter().map(|field| Dropped { field: field.clone(), deny: denial.deny })
        })
        .collect();
    let mut kept = facts.clone();
    kept.proposal.fields.retain(|fact| !dropped.iter().any(|dropped| dropped.field == fact.id));
    (kept, dropped)
}

fn by_compartment(facts: &Facts) -> BTreeMap<CompartmentCode, Vec<Released>> {
    let mut fields: BTreeMap<CompartmentCode, Vec<Released>> = BTreeMap::new();
    for fact in &facts.proposal.fields {
        if let Some(known) = &fact.known {
            let released = Released { field: fact.id.clone(), justification: fact.justification.clone() };
            fields.entry(known.compartment.clone()).or_default().push(released);
        }
    }
    fields
}

impl Release {
    /// What was judged, as a release. Nothing moves without recipient, agreement and certificate; a referral that moves no data is not
    /// sealed.
    pub(super) fn of(facts: &Facts, permission: &Permission, dropped: Vec<Dropped>) -> Option<Self> {
        let proposal = &facts.proposal;
        Some(Self {
            at: facts.at,
            until: permission.until(),
            sender: proposal.sender,
            recipient: proposal.recipient?,
            mode: proposal.mode,
            purpose: proposal.purpose.clone(),
            service: proposal.service.clone(),
            urgency: proposal.urgency.clone(),
            retention: proposal.retention.clone(),
            onward: proposal.passing_on.clone(),
            subject: proposal.subject,
            agreement: proposal.agreement?,
            certificate: proposal.certificate?,
            fields: by_compartment(facts),
            dropped,
            warnings: permission.warnings().collect(),
            attested: Attested::of(proposal),
        })
    }

    /// When it was judged. A release is used at once; the hub judges again.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// When the consent it rests on ends.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Who sends.
    pub fn sender(&self) -> OrganisationId {
        self.sender
    }

    /// To whom.
    pub fn recipient(&self) -> OrganisationId {
        self.recipient
    }

    /// On what footing.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// For what.
    pub fn purpose(&self) -> &PurposeCode {
        &self.purpose
    }

    /// What the person is referred to.
    pub fn service(&self) -> &ServiceCode {
        &self.service
    }

    /// Until when the person needs it.
    pub fn urgency(&self) -> &UrgencyCode {
        &self.urgency
    }

    /// How long the recipient may keep it.
    pub fn retention(&self) -> &RetentionCode {
        &self.retention
    }

    /// Whether it may be passed on.
    pub fn onward(&self) -> &OnwardCode {
        &self.onward
    }

    /// What the sender attests, as it was judged.
    pub fn attested(&self) -> &Attested {
        &self.attested
    }

    /// The person's pseudonym.
    pub fn subject(&self) -> SubjectToken {
        self.subject
    }

    /// The agreement it rests on.
    pub fn agreement(&self) -> CitedAgreement {
        self.agreement
    }

    /// The certificate it rests on.
    pub fn certificate(&self) -> CitedCertificate {
        self.certificate
    }

    /// The fields that may be sent, by compartment.
    pub fn fields(&self) -> &BTreeMap<CompartmentCode, Vec<Released>> {
        &self.fields
    }

    /// The fields that are left out because the person said no.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// What should be looked at although it passes.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + '_ {
        self.warnings.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{
        Status,
        sample::{facts_of, fields, health, legal, record, record_with, wanted, wanted_legal},
    };

    fn digest(record: &Record) -> Digest {
        Digest::of(record.bytes().unwrap().expose())
    }

    fn form() -> FormFacts {
        FormFacts { subjects: 1, ..FormFacts::default() }
    }

    fn leaving_out(form: &FormFacts, facts: &Facts) -> Result<Release, Denials> {
        let record = record();
        release(&record, digest(&record), form, facts, (Policy::builtin(), WhenThePersonSaidNo::LeaveOut))
    }

    fn refusing(form: &FormFacts, facts: &Facts) -> Result<Release, Denials> {
        let record = record();
        release(&record, digest(&record), form, facts, (Policy::builtin(), WhenThePersonSaidNo::Refuse))
    }

    fn with_medication() -> Facts {
        let mut wanted = wanted();
        wanted.fields.extend(fields(&["CF.medication"]));
        facts_of(wanted, &record(), crate::agreements::sample::terms(|_| {}))
    }

    #[test]
    fn a_release_names_its_fields_by_compartment() {
        let release = refusing(&form(), &health()).unwrap();
        let shown: Vec<String> = release
            .fields()
            .iter()
            .map(|(compartment, fields)| {
                let fields: Vec<_> = fields.iter().map(|released| released.field.to_string()).collect();
                format!("{compartment}: {}", fields.join(" "))
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        contact: CF.phone
        general: CF.case_token CF.name CF.age_band CF.language CF.need
        medical: CF.pregnancy
        ");
        assert!(release.dropped().is_empty());
        assert_eq!(release.subject(), record().subject);
        assert_eq!(release.certificate().id, health().proposal.certificate.unwrap().id);
    }

    #[test]
    fn what_the_person_said_no_to_is_left_out_or_refused_as_asked() {
        let facts = with_medication();
        let release = leaving_out(&form(), &facts).unwrap();
        assert_eq!(
            release.dropped(),
            [Dropped { field: "CF.medication".parse().unwrap(), deny: Deny::D309 }]
        );
        assert!(
            !release.fields().values().flatten().any(|released| released.field.as_str() == "CF.medication")
        );
        assert_eq!(refusing(&form(), &facts).unwrap_err().codes(), [Deny::D309]);
    }

    #[test]
    fn what_the_agreement_does_not_cover_is_refused_whatever_was_asked() {
        let mut facts = with_medication();
        let terms = crate::agreements::sample::terms(|d| drop(d.flows[0].purposes[0].items.remove(8)));
        facts.proposal.agreement.as_mut().unwrap().digest = terms.digest();
        facts.agreement.terms = Some(std::sync::Arc::new(terms));
        let denials = leaving_out(&form(), &facts).unwrap_err();
        assert_eq!(denials.codes(), [Deny::D208]);
    }

    #[test]
    fn a_packet_of_which_nothing_is_left_is_refused() {
        let wanted = crate::consent::Wanted { fields: fields(&["CF.medication"]), ..wanted() };
        let facts = facts_of(wanted, &record(), crate::agreements::sample::terms(|_| {}));
        assert_eq!(leaving_out(&form(), &facts).unwrap_err().codes(), [Deny::D309]);
    }

    #[test]
    fn the_record_behind_the_certificate_must_be_the_one_and_in_order() {
        let other = record_with(|r| r["version"] = 2.into());
        let policy = (Policy::builtin(), WhenThePersonSaidNo::Refuse);
        let denials = release(&other, digest(&other), &form(), &health(), policy).unwrap_err();
        assert_eq!(denials.codes(), [Deny::D302]);
        let mut stranger = record();
        stranger.subject = "sub_0192f0c1000070008000000000000099".parse().unwrap();
        let denials = release(&stranger, digest(&record()), &form(), &health(), policy).unwrap_err();
        assert_eq!(denials.codes(), [Deny::D303]);
        let mut defective = record();
        defective.information_given.clear();
        let denials = release(&defective, digest(&record()), &form(), &health(), policy).unwrap_err();
        assert_eq!(denials.codes(), [Deny::D311]);
        let mut withdrawn = record();
        withdrawn.status = Status::Withdrawn;
        let denials = release(&withdrawn, digest(&record()), &form(), &health(), policy).unwrap_err();
        assert_eq!(denials.codes(), [Deny::D304]);
    }

    #[test]
    fn d009_a_form_is_about_one_person() {
        let two = FormFacts { subjects: 2, ..FormFacts::default() };
        assert_eq!(refusing(&two, &health()).unwrap_err().codes(), [Deny::D009]);
    }

    #[test]
    fn d601_free_text_is_reviewed_and_short() {
        let field: FieldId = "CF.need".parse().unwrap();
        let text = |chars, reviewed| FormFacts {
            narratives: vec![Narrative { field: field.clone(), chars, reviewed }],
            ..form()
        };
        assert!(refusing(&text(MOST_NARRATIVE_CHARS, true), &health()).is_ok());
        for careless in [text(10, false), text(MOST_NARRATIVE_CHARS + 1, true)] {
            let denials = refusing(&careless, &health()).unwrap_err();
            assert_eq!(denials.codes(), [Deny::D601]);
            assert_eq!(denials.primary().unwrap().fields, std::slice::from_ref(&field));
        }
    }

    #[test]
    fn d607_a_file_is_of_a_harmless_type_clean_and_scanned() {
        let file = |media_type: &str, metadata_removed, scanned| FormFacts {
            files: vec![Attached {
                field: "CF.need".parse().unwrap(),
                media_type: media_type.into(),
                metadata_removed,
                scanned,
            }],
            ..form()
        };
        assert!(refusing(&file("image/png", true, true), &health()).is_ok());
        for (careless, subcode) in [
            (file("text/html", true, true), "type"),
            (file("image/png", false, true), "metadata"),
            (file("image/png", true, false), "scan"),
        ] {
            let denials = refusing(&careless, &health()).unwrap_err();
            assert_eq!(
                denials.primary().map(|d| (d.deny, d.subcode.as_deref())),
                Some((Deny::D607, Some(subcode)))
            );
        }
    }

    #[test]
    fn a_most_sensitive_field_goes_into_a_compartment_of_its_own() {
        let release = refusing(&form(), &legal()).unwrap();
        let compartment = release
            .fields()
            .iter()
            .find(|(_, fields)| fields.iter().any(|released| released.field.as_str() == "ZR.6c"))
            .unwrap();
        assert_eq!(compartment.1.len(), 1);
        assert_eq!(compartment.1[0].justification.as_ref().unwrap().as_str(), "JC05");
        assert_eq!(release.recipient(), wanted_legal().recipient.unwrap());
    }
}
