//! Purposes, categories, fields, services, minimum sets, reasons, timers and limits, as versioned documents; the
//! numbered codes that say why something may not pass; and the filled form, checked against the dictionary.
//!
//! The documents live in `config/policy/` and are compiled in; their schemas live in `schemas/policy/`. A mechanism puts a
//! [profile](Documents::with_profile) on top; a process [loads](Policy::load) its policy once, at its start.
//!
//! # Invariants
//!
//! - Every code one document names is in the document that lists it, or nothing is built.
//! - Each field stands on one form in one place, and is sealed in the one compartment its category and level lead to.
//! - A retention ceiling stands for every situation; there is none that gives no time.
//! - A profile raises levels, tightens tiers and limits, and adds enforcement flags. It cannot lower, loosen, remove or add.
//! - Two policies with different profiles have different names, and a packet names the one it was sealed by.
//! - A prohibited purpose has no code, so neither an agreement nor a consent can name it.
//!
//! # What it does not do
//!
//! It knows no organisation, no consent and no agreement: whether a packet may pass is decided in `agreements`. It keeps no
//! clock: spans become moments where a referral is.
//!
//! # Decisions
//!
//! - Where a level or tier depends on the answer, the answer has two fields: `ZP.5` is the exact day of birth and `ZP.5band`
//!   the age band. A manifest then tells them apart without the hub seeing either.
//! - A compartment follows from category and level and is not written beside each field, so that a raised field moves.
//! - A restricted field that no list of a minimum set names is outside, and no justification code lets it in.
//! - `Policy::builtin` does not return a result: a build whose documents do not hold together fails its tests.

mod agreement;
mod calendar;
pub mod code;
pub mod deny;
mod documents;
mod error;
mod excerpt;
mod field;
pub mod form;
mod level;
mod limits;
mod lists;
mod load;
mod minimum;
mod reason;
mod retention;
mod safeguard;
mod span;
mod urgency;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

pub use agreement::{AfterTheEnd, AgreementLimits, AtMost};
pub use calendar::{CalendarError, Hours, MOST_HOLIDAYS, MOST_HOLIDAYS_A_YEAR, WorkingCalendar};
pub use code::{
    CategoryCode, CompartmentCode, ConceptCode, FieldId, JustificationCode, MinimumSetId, Mode, NotACode,
    OnwardCode, PopulationCode, PurposeCode, ReaderRole, ReasonCode, RetentionCode, ServiceCode, UrgencyCode,
};
pub use deny::{Audience, Denial, Denials, Deny, Missing, NOT_RAISED, WARNINGS_NOT_RAISED, Warning};
use documents::Origin;
pub use documents::{Documents, Justification};
pub use error::PolicyError;
pub use excerpt::Excerpt;
pub use field::{Choices, Field, Shape};
pub use form::{Complaint, FilledForm, FormValue};
pub use level::{Level, Tier};
pub use limits::{ConsentLimits, KeyLimits, Limits, WithdrawalLimits};
pub use lists::{Category, Compartment, Form, FormItem, Holding, Population, Purpose, Role, Service};
pub use minimum::{Judgement, MinimumSet, NeverFor, Selector};
pub use reason::{Barrier, Reason, ReasonRefused, ReasonSet, Requirement};
pub use retention::{Ceiling, ModeEntry, Onward, OnwardHops, Retention, Situation, Trigger};
pub use safeguard::{Language, RecipientClass, Safeguards};
pub use span::Span;
pub use urgency::{DecisionPause, Parallel, Rung, Runs, TimerRules, Told, Urgency};

use crate::kernel::Digest;

/// Everything the documents say, ready to be asked.
#[derive(Clone, Debug)]
pub struct Policy {
    origin: Origin,
    purposes: BTreeMap<PurposeCode, Purpose>,
    categories: BTreeMap<CategoryCode, Category>,
    fields: BTreeMap<FieldId, Arc<Field>>,
    forms: BTreeMap<String, Form>,
    services: BTreeMap<ServiceCode, Service>,
    justifications: BTreeMap<JustificationCode, Justification>,
    minimum_sets: BTreeMap<ServiceCode, Arc<MinimumSet>>,
    urgencies: BTreeMap<UrgencyCode, Urgency>,
    timers: TimerRules,
    reasons: BTreeMap<ReasonSet, BTreeMap<ReasonCode, Reason>>,
    retention: BTreeMap<RetentionCode, Retention>,
    ceilings: BTreeMap<Situation, Ceiling>,
    onward: BTreeMap<OnwardCode, Onward>,
    onward_hops: OnwardHops,
    modes: BTreeMap<Mode, ModeEntry>,
    populations: BTreeMap<PopulationCode, Population>,
    compartments: BTreeMap<CompartmentCode, Compartment>,
    roles: BTreeMap<ReaderRole, Role>,
    safeguards: Safeguards,
    agreement_limits: AgreementLimits,
    limits: Limits,
}

impl Policy {
    /// The policy compiled in, without a profile. For tests: a process asks for its own, which [`Policy::load`] or
    /// [`Policy::tightened_by`] gave it.
    pub fn builtin() -> &'static Self {
        #[expect(clippy::expect_used, reason = "the documents are compiled in, and a test builds them")]
        static BUILTIN: LazyLock<Policy> =
            LazyLock::new(|| Documents::builtin().build().expect("the documents compiled in hold together"));
        &BUILTIN
    }

    /// The policy of these documents, or everything that is wrong with them.
    pub fn from_documents(documents: &Documents) -> Result<Self, PolicyError> {
        documents.build()
    }

    /// The dictionary version, as manifests name it: that of the documents, then that of each profile and a digest of their texts. Two
    /// that judge by different profiles never name the same.
    pub fn dictionary(&self) -> &str {
        &self.origin.dictionary
    }

    /// Of every text this policy was built from.
    pub const fn digest(&self) -> Digest {
        self.origin.digest
    }

    /// The texts of the profiles on top, in order.
    pub fn profiles(&self) -> &[String] {
        &self.origin.profiles
    }

    /// A field of the dictionary.
    pub fn field(&self, id: &FieldId) -> Option<&Field> {
        self.fields.get(id).map(AsRef::as_ref)
    }

    /// Every field, sorted by id.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().map(AsRef::as_ref)
    }

    /// The fields that ask for the same thing on different forms.
    pub fn fields_of(&self, concept: &ConceptCode) -> impl Iterator<Item = &Field> {
        self.fields().filter(move |field| field.concept.as_ref() == Some(concept))
    }

    /// A form, by its prefix.
    pub fn form(&self, code: &str) -> Option<&Form> {
        self.forms.get(code)
    }

    /// Every form.
    pub fn forms(&self) -> impl Iterator<Item = &Form> {
        self.forms.values()
    }

    /// A purpose.
    pub fn purpose(&self, code: &PurposeCode) -> Option<&Purpose> {
        self.purposes.get(code)
    }

    /// Every purpose.
    pub fn purposes(&self) -> impl Iterator<Item = &Purpose> {
        self.purposes.values()
    }

    /// A category.
    pub fn category(&self, code: &CategoryCode) -> Option<&Category> {
        self.categories.get(code)
    }

    /// Every category.
    pub fn categories(&self) -> impl Iterator<Item = &Category> {
        self.categories.values()
    }

    /// A service.
    pub fn service(&self, code: &ServiceCode) -> Option<&Service> {
        self.services.get(code)
    }

    /// Every service.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// What a service needs to know.
    pub fn minimum_set(&self, service: &ServiceCode) -> Option<&MinimumSet> {
        self.minimum_sets.get(service).map(AsRef::as_ref)
    }

    /// A justification.
    pub fn justification(&self, code: &JustificationCode) -> Option<&Justification> {
        self.justifications.get(code)
    }

    /// Every justification.
    pub fn justifications(&self) -> impl Iterator<Item = &Justification> {
        self.justifications.values()
    }

    /// An urgency with its timers.
    pub fn urgency(&self, code: &UrgencyCode) -> Option<&Urgency> {
        self.urgencies.get(code)
    }

    /// Every urgency, the shortest first.
    pub fn urgencies(&self) -> impl Iterator<Item = &Urgency> {
        self.urgencies.values()
    }

    /// What holds for the timers of every urgency.
    pub const fn timers(&self) -> &TimerRules {
        &self.timers
    }

    /// A reason of a set.
    pub fn reason(&self, set: ReasonSet, code: &ReasonCode) -> Option<&Reason> {
        self.reasons.get(&set)?.get(code)
    }

    /// A reason of a set with what came with it, or why it is not taken (D703).
    pub fn check_reason(
        &self,
        set: ReasonSet,
        code: &ReasonCode,
        given: &[Requirement],
    ) -> Result<&Reason, ReasonRefused> {
        let reason = self.reason(set, code).ok_or(ReasonRefused::WrongSet { set: set.letters() })?;
        reason.check(given)?;
        Ok(reason)
    }

    /// Every set of reasons.
    pub fn reason_sets(&self) -> impl Iterator<Item = ReasonSet> {
        self.reasons.keys().copied()
    }

    /// Every reason of a set.
    pub fn reasons(&self, set: ReasonSet) -> impl Iterator<Item = &Reason> {
        self.reasons.get(&set).into_iter().flat_map(BTreeMap::values)
    }

    /// A retention code.
    pub fn retention(&self, code: &RetentionCode) -> Option<&Retention> {
        self.retention.get(code)
    }

    /// Every retention code.
    pub fn retentions(&self) -> impl Iterator<Item = &Retention> {
        self.retention.values()
    }

    /// The longest data may be kept in a situation.
    pub fn ceiling(&self, situation: Situation) -> Option<&Ceiling> {
        self.ceilings.get(&situation)
    }

    /// An onward code.
    pub fn onward(&self, code: &OnwardCode) -> Option<&Onward> {
        self.onward.get(code)
    }

    /// How often data may be passed on.
    pub const fn onward_hops(&self) -> OnwardHops {
        self.onward_hops
    }

    /// What a mode is.
    pub fn mode(&self, mode: Mode) -> Option<&ModeEntry> {
        self.modes.get(&mode)
    }

    /// A population code.
    pub fn population(&self, code: &PopulationCode) -> Option<&Population> {
        self.populations.get(code)
    }

    /// Every population code.
    pub fn populations(&self) -> impl Iterator<Item = &Population> {
        self.populations.values()
    }

    /// A compartment.
    pub fn compartment(&self, code: &CompartmentCode) -> Option<&Compartment> {
        self.compartments.get(code)
    }

    /// Every compartment.
    pub fn compartments(&self) -> impl Iterator<Item = &Compartment> {
        self.compartments.values()
    }

    /// The compartment a field is sealed in.
    pub fn compartment_of(&self, field: &FieldId) -> Option<&Compartment> {
        self.compartment(&self.field(field)?.compartment)
    }

    /// A reader role.
    pub fn role(&self, code: &ReaderRole) -> Option<&Role> {
        self.roles.get(code)
    }

    /// Every reader role.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// The safeguards that hold whatever an agreement or a consent says.
    pub const fn safeguards(&self) -> &Safeguards {
        &self.safeguards
    }

    /// The limits every agreement keeps.
    pub const fn agreement_limits(&self) -> &AgreementLimits {
        &self.agreement_limits
    }

    /// How long consents and keys last, and how long silence after a withdrawal may be.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }
}
