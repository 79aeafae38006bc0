//! From the codes of an envelope and a manifest, or of a form about to be sealed, to a proposal the rule can judge.

use std::collections::BTreeSet;

use super::{
    onward::FieldSource,
    rule::{
        CitedAgreement, CitedCertificate, Course, FieldFact, KnownField, Onwards, Proposal, ProtectionSignal,
    },
};
use crate::{
    agreements::{Keep, OnwardRule},
    kernel::id::{OrganisationId, SubjectToken},
    policy::{
        CompartmentCode, Deny, Field, FieldId, JustificationCode, Language, Level, MinimumSet, Mode,
        OnwardCode, Policy, PurposeCode, RecipientClass, RetentionCode, ServiceCode, UrgencyCode, Warning,
    },
};

/// What a sender wants to send, in codes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who sends.
    pub sender: OrganisationId,
    /// To whom.
    pub recipient: Option<OrganisationId>,
    /// On what footing.
    pub mode: Mode,
    /// For what.
    pub purpose: PurposeCode,
    /// What the person is referred to.
    pub service: ServiceCode,
    /// Until when the person needs it.
    pub urgency: UrgencyCode,
    /// How long the recipient may keep it.
    pub retention: RetentionCode,
    /// Whether it may be passed on.
    pub onward: OnwardCode,
    /// The packet profile, `rp1`.
    pub profile: String,
    /// The dictionary version of the manifest.
    pub dictionary: String,
    /// The fields.
    pub fields: Vec<WantedField>,
    /// Whether the person's language is rare where they are. Only the sender knows; the hub says common.
    pub language: Language,
    /// How many people at the sender approved it.
    pub approvals: u8,
    /// What the sender says about protection needs.
    pub signal: ProtectionSignal,
    /// The person's pseudonym.
    pub subject: SubjectToken,
    /// The agreement it cites.
    pub agreement: Option<CitedAgreement>,
    /// The certificate it cites.
    pub certificate: Option<CitedCertificate>,
    /// The round of follow-up, for P08.
    pub round: Option<u16>,
    /// Soft refusals the sender overrides.
    pub overrides: BTreeSet<Deny>,
    /// Whether the worker asked not to be named.
    pub worker_anonymous: bool,
    /// Whether it continues another referral.
    pub onwards: Onwards,
    /// What it is within its referral.
    pub course: Course,
}

/// A field a sender wants to send.
#[derive(Clone, Debug)]
pub struct WantedField {
    /// The field.
    pub id: FieldId,
    /// The compartment it is sealed in; `None` before it is sealed.
    pub compartment: Option<CompartmentCode>,
    /// Why it is sent although it is beyond the minimum set.
    pub justification: Option<JustificationCode>,
    /// Where the sender has it from, in a packet that passes something on.
    pub source: Option<FieldSource>,
}

impl Wanted {
    /// Looks every code up.
    pub fn on(self, policy: &Policy) -> Proposal {
        let purpose = policy.purpose(&self.purpose);
        let raised = self.raised(policy);
        let set = policy.minimum_set(&self.service);
        let (onward, keep) = promised(&self.onward, &self.retention, policy);
        let fields = self.fields.iter().map(|wanted| self.fact(policy, set, raised, wanted)).collect();
        Proposal {
            routed_as: policy.service(&self.service).and_then(|service| service.route_as.clone()),
            purpose_listed: purpose.is_some(),
            purpose_explicit: purpose.is_some_and(|purpose| purpose.explicit),
            purpose_each_round: purpose.is_some_and(|purpose| purpose.each_round),
            enforcement_opened: policy.safeguards().enforcement_may_receive(&self.purpose, &self.service),
            fields,
            dictionary_known: self.dictionary == policy.dictionary(),
            keep,
            onward,
            approvals_needed: policy.safeguards().approvals(),
            sender: self.sender,
            recipient: self.recipient,
            mode: self.mode,
            purpose: self.purpose,
            service: self.service,
            urgency: self.urgency,
            retention: self.retention,
            passing_on: self.onward,
            profile: self.profile,
            approvals: self.approvals,
            signal: self.signal,
            subject: self.subject,
            agreement: self.agreement,
            certificate: self.certificate,
            round: self.round,
            overrides: self.overrides,
            worker_anonymous: self.worker_anonymous,
            onwards: self.onwards,
            course: self.course,
        }
    }

    /// The level the fields that together tell who somebody is are raised to, when enough of them come together.
    fn raised(&self, policy: &Policy) -> Option<Level> {
        let fields = self.fields.iter().filter_map(|wanted| policy.field(&wanted.id));
        policy.safeguards().mosaic(fields, self.language)
    }

    fn fact(
        &self,
        policy: &Policy,
        set: Option<&MinimumSet>,
        raised: Option<Level>,
        wanted: &WantedField,
    ) -> FieldFact {
        let field = policy.field(&wanted.id);
        let kept_from = |class| field.zip(set).is_some_and(|(field, set)| set.is_kept_from(field, class));
        FieldFact {
            id: wanted.id.clone(),
            known: field.map(|field| self.known(policy, raised, field)),
            justification: wanted.justification.clone(),
            weighed: field.map_or(Ok(None), |field| self.weigh(set, field, wanted.justification.as_ref())),
            kept_from_enforcement: kept_from(RecipientClass::Enforcement),
            kept_from_origin: kept_from(RecipientClass::OriginAuthority),
            compartment_fits: field
                .zip(wanted.compartment.as_ref())
                .is_none_or(|(field, sealed_in)| field.compartment == *sealed_in),
            source: wanted.source,
        }
    }

    fn known(&self, policy: &Policy, raised: Option<Level>, field: &Field) -> KnownField {
        let together = raised.filter(|_| policy.safeguards().is_trait(field, self.language));
        KnownField {
            category: field.category.clone(),
            level: field.level.max(together.unwrap_or(field.level)),
            compartment: field.compartment.clone(),
            enforcement: field.enforcement_sensitive,
            third_party: policy.category(&field.category).is_some_and(|category| category.third_party),
        }
    }

    /// A service without a minimum set gets nothing without a reason.
    fn weigh(
        &self,
        set: Option<&MinimumSet>,
        field: &Field,
        justification: Option<&JustificationCode>,
    ) -> Result<Option<Warning>, Deny> {
        if !field.fits_purpose(&self.purpose) {
            return Err(field.refused_with.unwrap_or(Deny::D602));
        }
        match set {
            Some(set) => set.weigh(field, justification),
            None => Err(Deny::D602),
        }
    }
}

/// What the codes of a packet promise: to whom it may be passed on, and how long it may be kept; `None` when that means nothing.
pub fn promised(
    onward: &OnwardCode,
    retention: &RetentionCode,
    policy: &Policy,
) -> (OnwardRule, Option<Keep>) {
    let keep =
        policy.retention(retention).map(|kept| Keep { trigger: kept.trigger, days: u32::from(kept.days) });
    (meaning(policy, onward), keep)
}

/// What an onward code means. A code nobody knows allows the most, so that no agreement takes it for less.
fn meaning(policy: &Policy, code: &OnwardCode) -> OnwardRule {
    match (policy.onward(code), code.as_str()) {
        (Some(_), "OW00") => OnwardRule::None,
        (Some(_), "OW01") => OnwardRule::SameLegalPerson,
        _ => OnwardRule::Listed,
    }
}
