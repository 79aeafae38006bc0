//! The documents a policy is built from, as they are written, and everything that is checked when they are read.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Policy,
    agreement::{AfterTheEnd, AgreementLimits, AtMost},
    code::{
        CategoryCode, CompartmentCode, FieldId, JustificationCode, MinimumSetId, PurposeCode, ServiceCode,
    },
    deny::Deny,
    error::PolicyError,
    field::{Choices, Field, WrittenField},
    level::{Level, Tier},
    limits::{ConsentLimits, KeyLimits, Limits, StricterLimits, WithdrawalLimits},
    lists::{Category, Compartment, Form, Population, Purpose, Role, Service},
    minimum::{MinimumSet, NeverFor, Selector},
    reason::{Reason, ReasonSet},
    retention::{Ceiling, ModeEntry, Onward, OnwardHops, Retention, Situation},
    safeguard::{Exception, Mosaic, MostSensitive, Safeguards},
    span::Span,
    urgency::{DecisionPause, Parallel, Rung, TimerRules, Urgency},
};
use crate::kernel::Digest;

/// The texts a policy is built from: those compiled in, and any number of profiles on top. A profile can only tighten, so
/// there is no way to hand in other base documents.
#[derive(Clone, Debug)]
pub struct Documents {
    base: BTreeMap<&'static str, Cow<'static, str>>,
    profiles: Vec<Profile>,
}

/// A profile as it was handed over.
#[derive(Clone, Debug)]
struct Profile {
    /// What complaints call it.
    from: String,
    text: String,
}

impl Documents {
    /// The documents compiled in.
    pub fn builtin() -> Self {
        Self {
            base: BUILTIN.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect(),
            profiles: Vec::new(),
        }
    }

    /// With a profile of a mechanism on top. Complaints about it begin with where it is from.
    #[must_use]
    pub fn with_profile(mut self, from: impl Into<String>, text: impl Into<String>) -> Self {
        self.profiles.push(Profile { from: from.into(), text: text.into() });
        self
    }

    #[cfg(test)]
    pub(crate) fn with_base(mut self, name: &'static str, text: String) -> Self {
        self.base.insert(name, Cow::Owned(text));
        self
    }

    fn read<T: DeserializeOwned>(&self, name: &str, complaints: &mut Vec<String>) -> Option<T> {
        let text = self.base.get(name).map(AsRef::as_ref).unwrap_or_default();
        serde_json::from_str(text).map_err(|error| complaints.push(format!("{name}: {error}"))).ok()
    }

    pub(super) fn build(&self) -> Result<Policy, PolicyError> {
        let mut complaints = Vec::new();
        let written = Written {
            purposes: self.read("purposes", &mut complaints),
            categories: self.read("categories", &mut complaints),
            fields: self.read("fields", &mut complaints),
            forms: self.read("forms", &mut complaints),
            services: self.read("services", &mut complaints),
            minimum_sets: self.read("minimum-sets", &mut complaints),
            urgencies: self.read("urgencies", &mut complaints),
            reasons: self.read("reasons", &mut complaints),
            retention: self.read("retention", &mut complaints),
            populations: self.read("populations", &mut complaints),
            compartments: self.read("compartments", &mut complaints),
            safeguards: self.read("safeguards", &mut complaints),
            agreement_limits: self.read("agreement-limits", &mut complaints),
            limits: self.read("limits", &mut complaints),
        };
        let Some(mut parts) = written.complete() else {
            return Err(PolicyError::Inconsistent { complaints });
        };
        let mut refused = Vec::new();
        let mut names = vec![parts.fields.dictionary.clone()];
        for Profile { from, text } in &self.profiles {
            let mut wrong = Vec::new();
            match serde_json::from_str::<ProfileDoc>(text) {
                Ok(profile) => {
                    names.push(format!("{}-{}", profile.profile.0, profile.version));
                    raise(&mut parts, profile, &mut wrong);
                }
                Err(error) => wrong.push(error.to_string()),
            }
            refused.extend(wrong.into_iter().map(|wrong| format!("{from}: {wrong}")));
        }
        let origin = self.origin(names);
        if origin.dictionary.len() > MAX_DICTIONARY {
            refused.push(format!(
                "{} is longer than {MAX_DICTIONARY} characters; give the profiles shorter names",
                origin.dictionary
            ));
        }
        if !refused.is_empty() {
            return Err(PolicyError::Profile { complaints: refused });
        }
        let policy = assemble(parts, origin, &mut complaints);
        if complaints.is_empty() { Ok(policy) } else { Err(PolicyError::Inconsistent { complaints }) }
    }

    /// What these documents are called. With profiles the name ends in a digest of their texts: a profile that was changed and kept its
    /// version is another policy all the same.
    fn origin(&self, mut names: Vec<String>) -> Origin {
        let texts: Vec<&str> = self.profiles.iter().map(|profile| profile.text.as_str()).collect();
        let own: Vec<Digest> = texts.iter().map(Digest::of).collect();
        if !own.is_empty() {
            let all = Digest::of_parts(own.iter().map(|digest| digest.as_bytes().as_slice()));
            names.push(all.to_string().chars().take(DIGEST_IN_NAME).collect());
        }
        let base = self.base.values().map(|text| Digest::of(text.as_ref()));
        let every: Vec<Digest> = base.chain(own).collect();
        Origin {
            dictionary: names.join("."),
            digest: Digest::of_parts(every.iter().map(|digest| digest.as_bytes().as_slice())),
            profiles: texts.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// What a policy was built from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The dictionary version, as manifests name it.
    pub(super) dictionary: String,
    /// Of every text, in order.
    pub(super) digest: Digest,
    /// The texts of the profiles, in order.
    pub(super) profiles: Vec<String>,
}

/// The longest name of a dictionary that a manifest can carry.
const MAX_DICTIONARY: usize = 64;

/// How much of the profiles' digest stands in the name: 66 bits.
const DIGEST_IN_NAME: usize = 11;

/// How long somebody must be tried before they count as out of reach, whatever a policy says.
const LEAST_WITHOUT_CONTACT: chrono::TimeDelta = chrono::TimeDelta::days(60);

/// The names and texts of the documents compiled in.
pub(super) const BUILTIN: &[(&str, &str)] = &[
    ("purposes", include_str!("../../config/policy/purposes.v1.json")),
    ("categories", include_str!("../../config/policy/categories.v1.json")),
    ("fields", include_str!("../../config/policy/fields.v1.json")),
    ("forms", include_str!("../../config/policy/forms.v1.json")),
    ("services", include_str!("../../config/policy/services.v1.json")),
    ("minimum-sets", include_str!("../../config/policy/minimum-sets.v1.json")),
    ("urgencies", include_str!("../../config/policy/urgencies.v1.json")),
    ("reasons", include_str!("../../config/policy/reasons.v1.json")),
    ("retention", include_str!("../../config/policy/retention.v1.json")),
    ("populations", include_str!("../../config/policy/populations.v1.json")),
    ("compartments", include_str!("../../config/policy/compartments.v1.json")),
    ("safeguards", include_str!("../../config/policy/safeguards.v1.json")),
    ("agreement-limits", include_str!("../../config/policy/agreement-limits.v1.json")),
    ("limits", include_str!("../../config/policy/limits.v1.json")),
];

struct Written {
    purposes: Option<PurposesDoc>,
    categories: Option<CategoriesDoc>,
    fields: Option<FieldsDoc>,
    forms: Option<FormsDoc>,
    services: Option<ServicesDoc>,
    minimum_sets: Option<MinimumSetsDoc>,
    urgencies: Option<UrgenciesDoc>,
    reasons: Option<ReasonsDoc>,
    retention: Option<RetentionDoc>,
    populations: Option<PopulationsDoc>,
    compartments: Option<CompartmentsDoc>,
    safeguards: Option<SafeguardsDoc>,
    agreement_limits: Option<AgreementLimitsDoc>,
    limits: Option<LimitsDoc>,
}

struct Parts {
    purposes: PurposesDoc,
    categories: CategoriesDoc,
    fields: FieldsDoc,
    forms: FormsDoc,
    services: ServicesDoc,
    minimum_sets: MinimumSetsDoc,
    urgencies: UrgenciesDoc,
    reasons: ReasonsDoc,
    retention: RetentionDoc,
    populations: PopulationsDoc,
    compartments: CompartmentsDoc,
    safeguards: SafeguardsDoc,
    agreement_limits: AgreementLimitsDoc,
    limits: LimitsDoc,
}

impl Written {
    fn complete(self) -> Option<Parts> {
        Some(Parts {
            purposes: self.purposes?,
            categories: self.categories?,
            fields: self.fields?,
            forms: self.forms?,
            services: self.services?,
            minimum_sets: self.minimum_sets?,
            urgencies: self.urgencies?,
            reasons: self.reasons?,
            retention: self.retention?,
            populations: self.populations?,
            compartments: self.compartments?,
            safeguards: self.safeguards?,
            agreement_limits: self.agreement_limits?,
            limits: self.limits?,
        })
    }
}

macro_rules! documents {
    ($($name:ident { $($field:ident : $type:ty),* $(,)? })*) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            #[serde(rename = "version")]
            _version: FirstVersion,
            $($field: $type,)*
        }
    )*};
}

documents! {
    PurposesDoc { purposes: Vec<Purpose> }
    CategoriesDoc { categories: Vec<Category> }
    FieldsDoc { dictionary: String, choices: BTreeMap<String, Vec<String>>, fields: Vec<WrittenField> }
    FormsDoc { forms: Vec<Form> }
    ServicesDoc { services: Vec<Service> }
    MinimumSetsDoc { justifications: Vec<Justification>, base: Vec<Selector>, sets: Vec<WrittenSet> }
    UrgenciesDoc {
        urgencies: Vec<Urgency>,
        decision_pause: DecisionPause,
        escalation: Vec<Rung>,
        parallel: Parallel,
        no_show_limit: u8,
        information_requests_max: u8,
        cancel_answer_within: Span,
        redirect_limit: u8,
        no_contact_after: Span,
    }
    ReasonsDoc { sets: Vec<WrittenReasons> }
    RetentionDoc {
        codes: Vec<Retention>,
        ceilings: Vec<Ceiling>,
        onward: Vec<Onward>,
        onward_hops: OnwardHops,
        modes: Vec<ModeEntry>,
    }
    PopulationsDoc { populations: Vec<Population> }
    CompartmentsDoc { roles: Vec<Role>, compartments: Vec<Compartment> }
    SafeguardsDoc { mosaic: Mosaic, enforcement: Exception, most_sensitive: MostSensitive }
    LimitsDoc { consent: ConsentLimits, withdrawal: WithdrawalLimits, keys: KeyLimits }
    AgreementLimitsDoc { at_most: AtMost, after_the_end: AfterTheEnd, bulk_purposes: Vec<PurposeCode> }
}

/// The only version of these documents there is.
#[derive(Deserialize)]
#[serde(try_from = "u8")]
struct FirstVersion;

impl TryFrom<u8> for FirstVersion {
    type Error = &'static str;

    fn try_from(version: u8) -> Result<Self, Self::Error> {
        if version == 1 { Ok(Self) } else { Err("only version 1 is known") }
    }
}

/// Why a field beyond the minimum set is needed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Justification {
    /// The code.
    pub code: JustificationCode,
    /// A few words for people.
    pub label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSet {
    id: MinimumSetId,
    services: Vec<ServiceCode>,
    minimum: Vec<Selector>,
    justified: Vec<Selector>,
    never: Vec<Selector>,
    #[serde(default)]
    never_for: Vec<NeverFor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenReasons {
    code: ReasonSet,
    #[serde(rename = "label")]
    _label: String,
    reasons: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileDoc {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    profile: ProfileName,
    version: NonZeroU16,
    #[serde(default)]
    categories: Vec<RaisedCategory>,
    #[serde(default)]
    fields: Vec<RaisedField>,
    limits: Option<StricterLimits>,
}

/// The name of a mechanism, as it stands in the name of the dictionary.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ProfileName(String);

impl TryFrom<String> for ProfileName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if plain && (1..=32).contains(&name.len()) {
            Ok(Self(name))
        } else {
            Err("a profile is named with 1 to 32 small letters, digits or hyphens")
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RaisedCategory {
    code: CategoryCode,
    level: Level,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RaisedField {
    id: FieldId,
    level: Option<Level>,
    tier: Option<Tier>,
    enforcement_sensitive: Option<bool>,
}

fn raise(parts: &mut Parts, profile: ProfileDoc, refused: &mut Vec<String>) {
    if let Some(stricter) = profile.limits {
        parts.limits.tighten(stricter, refused);
    }
    for RaisedCategory { code, level } in profile.categories {
        let Some(category) = parts.categories.categories.iter_mut().find(|category| category.code == code)
        else {
            refused.push(format!("{code}: no such category"));
            continue;
        };
        if level < category.level {
            refused.push(format!("{code}: {level} is below {}", category.level));
            continue;
        }
        category.level = level;
        for field in parts.fields.fields.iter_mut().filter(|field| field.category == code) {
            field.level = field.level.max(level);
        }
    }
    for RaisedField { id, level, tier, enforcement_sensitive } in profile.fields {
        let Some(field) = parts.fields.fields.iter_mut().find(|field| field.id == id) else {
            refused.push(format!("{id}: no such field"));
            continue;
        };
        if let Some(level) = level {
            if level < field.level {
                refused.push(format!("{id}: {level} is below {}", field.level));
            } else {
                field.level = level;
            }
        }
        if let Some(tier) = tier {
            if tier.at_least(field.tier) {
                field.tier = tier;
                if tier == Tier::Never {
                    field.refused_with.get_or_insert(Deny::D602);
                }
            } else {
                refused.push(format!("{id}: {tier:?} is looser than {:?}", field.tier));
            }
        }
        match enforcement_sensitive {
            Some(false) if field.enforcement_sensitive => {
                refused.push(format!("{id}: stays kept from enforcement bodies"));
            }
            Some(sensitive) => field.enforcement_sensitive = sensitive,
            None => {}
        }
    }
}

fn assemble(parts: Parts, origin: Origin, complaints: &mut Vec<String>) -> Policy {
    let UrgenciesDoc {
        urgencies,
        decision_pause,
        escalation,
        parallel,
        no_show_limit,
        information_requests_max,
        cancel_answer_within,
        redirect_limit,
        no_contact_after,
        ..
    } = parts.urgencies;
    let SafeguardsDoc { mosaic, enforcement, most_sensitive, .. } = parts.safeguards;
    let AgreementLimitsDoc { at_most, after_the_end, bulk_purposes, .. } = parts.agreement_limits;
    let compartments =
        listed("compartments", parts.compartments.compartments, |c| c.code.clone(), complaints);
    let categories = listed("categories", parts.categories.categories, |c| c.code.clone(), complaints);
    let placement = placements(&compartments, &categories, complaints);
    let items = items(&parts.forms.forms, complaints);
    let fields = fields(parts.fields, &placement, &items, complaints);
    let mut reasons = BTreeMap::new();
    for WrittenReasons { code: set, reasons: list, .. } in parts.reasons.sets {
        let list = listed("reasons", list, |reason| reason.code.clone(), complaints);
        for code in list.keys().filter(|code| code.as_str().get(..2) != Some(set.letters())) {
            complaints.push(format!("reasons: {code} is not of the set {}", set.letters()));
        }
        if reasons.insert(set, list).is_some() {
            complaints.push(format!("reasons: the set {} is there twice", set.letters()));
        }
    }
    let policy = Policy {
        origin,
        purposes: listed("purposes", parts.purposes.purposes, |p| p.code.clone(), complaints),
        categories,
        fields,
        forms: listed("forms", parts.forms.forms, |form| form.code.clone(), complaints),
        services: listed("services", parts.services.services, |s| s.code.clone(), complaints),
        justifications: listed(
            "justifications",
            parts.minimum_sets.justifications,
            |j| j.code.clone(),
            complaints,
        ),
        minimum_sets: minimum_sets(&parts.minimum_sets.base, parts.minimum_sets.sets, complaints),
        urgencies: listed("urgencies", urgencies, |urgency| urgency.code.clone(), complaints),
        timers: TimerRules {
            decision_pause,
            escalation,
            parallel,
            no_show_limit,
            information_requests_max,
            cancel_answer_within,
            redirect_limit,
            no_contact_after,
        },
        reasons,
        retention: listed("retention", parts.retention.codes, |r| r.code.clone(), complaints),
        ceilings: listed("ceilings", parts.retention.ceilings, |ceiling| ceiling.situation, complaints),
        onward: listed("onward", parts.retention.onward, |onward| onward.code.clone(), complaints),
        onward_hops: parts.retention.onward_hops,
        modes: listed("modes", parts.retention.modes, |mode| mode.code, complaints),
        populations: listed("populations", parts.populations.populations, |p| p.code.clone(), complaints),
        compartments,
        roles: listed("roles", parts.compartments.roles, |role| role.code.clone(), complaints),
        safeguards: Safeguards { mosaic, enforcement, most_sensitive },
        agreement_limits: AgreementLimits { at_most, after_the_end, bulk_purposes },
        limits: parts.limits.limits(),
    };
    cross_check(&policy, complaints);
    complaints.extend(policy.limits.complaints());
    ceilings_are_whole(&policy, complaints);
    policy
}

fn listed<K: Ord + std::fmt::Debug, V>(
    list: &str,
    entries: Vec<V>,
    key: impl Fn(&V) -> K,
    complaints: &mut Vec<String>,
) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for entry in entries {
        let code = key(&entry);
        if map.contains_key(&code) {
            complaints.push(format!("{list}: {code:?} is there twice"));
        }
        map.insert(code, entry);
    }
    map
}

type Placement = BTreeMap<(CategoryCode, Level), CompartmentCode>;

fn placements(
    compartments: &BTreeMap<CompartmentCode, Compartment>,
    categories: &BTreeMap<CategoryCode, Category>,
    complaints: &mut Vec<String>,
) -> Placement {
    let mut placement = Placement::new();
    for compartment in compartments.values() {
        for holding in &compartment.holds {
            for category in &holding.categories {
                for level in &holding.levels {
                    let place = (category.clone(), *level);
                    if let Some(other) = placement.insert(place, compartment.code.clone()) {
                        complaints.push(format!(
                            "compartments: {category} {level} is in {other} and {}",
                            compartment.code
                        ));
                    }
                }
            }
        }
    }
    for category in categories.keys() {
        for level in Level::ALL {
            if !placement.contains_key(&(category.clone(), level)) {
                complaints.push(format!("compartments: {category} {level} is in none"));
            }
        }
    }
    placement
}

fn items<'a>(forms: &'a [Form], complaints: &mut Vec<String>) -> BTreeMap<&'a FieldId, (&'a str, &'a str)> {
    let mut items = BTreeMap::new();
    for form in forms {
        for item in &form.items {
            for field in &item.fields {
                if items.insert(field, (form.code.as_str(), item.item.as_str())).is_some() {
                    complaints.push(format!("forms: {field} stands in two places"));
                }
            }
        }
    }
    items
}

fn fields(
    document: FieldsDoc,
    placement: &Placement,
    items: &BTreeMap<&FieldId, (&str, &str)>,
    complaints: &mut Vec<String>,
) -> BTreeMap<FieldId, Arc<Field>> {
    let lists: BTreeMap<_, _> = document
        .choices
        .into_iter()
        .map(|(name, codes)| (name.clone(), Arc::new(Choices { name, codes })))
        .collect();
    let mut fields = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (place, written) in document.fields.into_iter().enumerate() {
        let id = written.id.clone();
        if !seen.insert(id.clone()) {
            complaints.push(format!("fields: {id} is there twice"));
        }
        let Some((form, item)) = items.get(&id) else {
            complaints.push(format!("fields: {id} stands on no form"));
            continue;
        };
        if id.as_str().split('.').next() != Some(form) {
            complaints.push(format!("fields: {id} stands on form {form}"));
        }
        let Some(compartment) = placement.get(&(written.category.clone(), written.level)) else {
            complaints.push(format!("fields: {id} has no compartment"));
            continue;
        };
        if (written.tier == Tier::Never) != written.refused_with.is_some() {
            complaints.push(format!(
                "fields: {id} says with which code it is refused exactly when it never travels"
            ));
        }
        let shape = match written.shape.resolve(|name| lists.get(name).cloned()) {
            Ok(shape) => shape,
            Err(problem) => {
                complaints.push(format!("fields: {id} {problem}"));
                continue;
            }
        };
        let field = Field {
            form: (*form).to_owned(),
            item: (*item).to_owned(),
            label: written.label,
            concept: written.concept,
            category: written.category,
            level: written.level,
            tier: written.tier,
            enforcement_sensitive: written.enforcement_sensitive,
            refused_with: written.refused_with,
            shape,
            many: written.shape.many,
            compartment: compartment.clone(),
            only_purposes: written.only.purposes,
            only_services: written.only.services,
            dpv: written.dpv,
            place,
            id: id.clone(),
        };
        fields.insert(id, Arc::new(field));
    }
    for field in items.keys().filter(|field| !fields.contains_key(**field)) {
        complaints.push(format!("forms: {field} is not in the dictionary"));
    }
    fields
}

fn minimum_sets(
    base: &[Selector],
    sets: Vec<WrittenSet>,
    complaints: &mut Vec<String>,
) -> BTreeMap<ServiceCode, Arc<MinimumSet>> {
    let mut by_service = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for WrittenSet { id, services, minimum, justified, never, never_for } in sets {
        if !ids.insert(id.clone()) {
            complaints.push(format!("minimum-sets: {id} is there twice"));
        }
        if minimum.iter().chain(&justified).chain(&never).any(Selector::is_empty) {
            complaints.push(format!("minimum-sets: {id} has a selector that picks everything"));
        }
        if minimum.iter().chain(&justified).any(|selector| !selector.unless.is_empty()) {
            complaints.push(format!("minimum-sets: {id} says unless outside of never"));
        }
        let minimum = base.iter().cloned().chain(minimum).collect();
        let set = Arc::new(MinimumSet { id, services, minimum, justified, never, never_for });
        for service in &set.services {
            if by_service.insert(service.clone(), Arc::clone(&set)).is_some() {
                complaints.push(format!("minimum-sets: {service} has two"));
            }
        }
    }
    by_service
}

/// Whatever happens to data, there is an end to it, in whole hours on the clock.
fn ceilings_are_whole(policy: &Policy, complaints: &mut Vec<String>) {
    for situation in Situation::ALL {
        let Some(ceiling) = policy.ceilings.get(&situation) else {
            complaints.push(format!("retention: no ceiling for {situation:?}"));
            continue;
        };
        let hours = ceiling.at_most.clock().map(|span| span.num_hours());
        if !hours.is_some_and(|hours| (1..=i64::from(u16::MAX)).contains(&hours)) {
            complaints.push(format!(
                "retention: {situation:?} gives {}, which is no time in hours",
                ceiling.at_most
            ));
        }
    }
}

impl LimitsDoc {
    fn limits(&self) -> Limits {
        Limits { consent: self.consent, withdrawal: self.withdrawal, keys: self.keys }
    }

    fn tighten(&mut self, by: StricterLimits, refused: &mut Vec<String>) {
        let mut limits = self.limits();
        limits.tighten(by, refused);
        Limits { consent: self.consent, withdrawal: self.withdrawal, keys: self.keys } = limits;
    }
}

/// What no policy may say of the clocks.
fn figures(policy: &Policy, complaints: &mut Vec<String>) {
    if policy.timers.no_contact_after.clock().is_none_or(|span| span < LEAST_WITHOUT_CONTACT) {
        complaints.push(String::from("urgencies: nobody is out of reach before 60 days have passed"));
    }
    if policy.timers.decision_pause.times > 1 {
        complaints.push(String::from("urgencies: the decision clock stands still once or never"));
    }
}

/// Every code that one document names must be in the document that lists it.
fn cross_check(policy: &Policy, complaints: &mut Vec<String>) {
    figures(policy, complaints);
    let mut need = |known: bool, place: &str, code: &dyn std::fmt::Display| {
        if !known {
            complaints.push(format!("{place}: {code} is not known"));
        }
    };
    let concepts: BTreeSet<_> = policy.fields().filter_map(|field| field.concept.as_ref()).collect();
    for field in policy.fields() {
        let place = format!("fields: {}", field.id);
        match policy.categories.get(&field.category) {
            Some(category) => {
                let fits = category.tiers.iter().any(|tier| field.tier.at_least(*tier));
                need(fits, &place, &"its tier in that category");
            }
            None => need(false, &place, &field.category),
        }
        for purpose in &field.only_purposes {
            need(policy.purposes.contains_key(purpose), &place, purpose);
        }
        for service in &field.only_services {
            need(policy.services.contains_key(service), &place, service);
        }
    }
    for service in policy.services.values() {
        let place = format!("services: {}", service.code);
        need(policy.minimum_sets.contains_key(&service.code), &place, &"its minimum set");
        if let Some(other) = &service.route_as {
            need(policy.services.contains_key(other), &place, other);
        }
        for form in service.crosswalk.keys() {
            need(policy.forms.contains_key(form), &place, form);
        }
    }
    for (service, set) in &policy.minimum_sets {
        let place = format!("minimum-sets: {}", set.id);
        need(policy.services.contains_key(service), &place, service);
        for selector in set.minimum.iter().chain(&set.justified).chain(&set.never) {
            for category in selector.categories.iter().chain(&selector.except_categories) {
                need(policy.categories.contains_key(category), &place, category);
            }
            for concept in &selector.concepts {
                need(concepts.contains(concept), &place, concept);
            }
            for form in &selector.forms {
                need(policy.forms.contains_key(form), &place, form);
            }
            for field in &selector.fields {
                need(policy.fields.contains_key(field), &place, field);
            }
            for code in &selector.unless {
                need(policy.justifications.contains_key(code), &place, code);
            }
        }
        for category in set.never_for.iter().flat_map(|never| &never.categories) {
            need(policy.categories.contains_key(category), &place, category);
        }
    }
    for compartment in policy.compartments.values() {
        let place = format!("compartments: {}", compartment.code);
        need(!compartment.readers.is_empty(), &place, &"its reader");
        for reader in &compartment.readers {
            need(policy.roles.contains_key(reader), &place, reader);
        }
        for category in compartment.holds.iter().flat_map(|holding| &holding.categories) {
            need(policy.categories.contains_key(category), &place, category);
        }
    }
    for onward in policy.onward.values() {
        for code in &onward.within {
            need(policy.onward.contains_key(code), &format!("onward: {}", onward.code), code);
        }
    }
    for code in policy.timers.decision_pause.never_for.iter().chain(&policy.timers.parallel.urgencies) {
        need(policy.urgencies.contains_key(code), "urgencies", code);
    }
    for concept in policy.safeguards.mosaic.traits.iter().flat_map(|one| &one.concepts) {
        need(concepts.contains(concept), "safeguards", concept);
    }
    for purpose in &policy.safeguards.enforcement.purposes {
        need(policy.purposes.contains_key(purpose), "safeguards", purpose);
    }
    for service in &policy.safeguards.enforcement.services {
        need(policy.services.contains_key(service), "safeguards", service);
    }
    for purpose in &policy.agreement_limits.bulk_purposes {
        need(policy.purposes.contains_key(purpose), "agreement-limits", purpose);
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::ReaderRole;

    use super::*;

    fn broken(name: &'static str, change: impl Fn(&str) -> String) -> Vec<String> {
        let text = BUILTIN.iter().find(|(known, _)| *known == name).unwrap().1;
        let changed = change(text);
        assert_ne!(changed, text, "the change changed nothing");
        match Documents::builtin().with_base(name, changed).build() {
            Err(PolicyError::Inconsistent { complaints }) => complaints,
            other => panic!("expected complaints, got {:?}", other.map(|policy| policy.origin)),
        }
    }

    fn profiled(profile: &serde_json::Value) -> Result<Policy, Vec<String>> {
        Documents::builtin().with_profile("it", profile.to_string()).build().map_err(|error| {
            let PolicyError::Profile { complaints } = error else { panic!("{error}") };
            complaints
        })
    }

    #[test]
    fn the_documents_compiled_in_hold_together() {
        if let Err(error) = Documents::builtin().build() {
            panic!("{error}");
        }
    }

    #[test]
    fn the_lists_are_whole() {
        let policy = Policy::builtin();
        assert_eq!(policy.categories().count(), 30);
        assert_eq!(policy.purposes().count(), 17);
        assert_eq!(policy.services().count(), 29);
        assert_eq!(policy.urgencies().count(), 5);
        assert_eq!(policy.populations().count(), 19);
        assert_eq!(policy.forms().count(), 19);
        let count = |set| policy.reasons(set).count();
        assert_eq!(
            [
                count(ReasonSet::Dr),
                count(ReasonSet::Ex),
                count(ReasonSet::Ix),
                count(ReasonSet::Cx),
                count(ReasonSet::Hx),
                count(ReasonSet::Nx),
                count(ReasonSet::Fx),
                count(ReasonSet::Er),
                count(ReasonSet::Oc),
                count(ReasonSet::Wr),
                count(ReasonSet::Cl),
                count(ReasonSet::Np),
            ],
            [25, 4, 6, 9, 7, 9, 9, 4, 6, 6, 10, 6]
        );
    }

    #[test]
    fn a_prohibited_purpose_cannot_be_written_down() {
        let policy = Policy::builtin();
        let codes: Vec<_> = policy.purposes().map(|purpose| purpose.code.as_str()).collect();
        assert_eq!(codes.first(), Some(&"P01"));
        assert_eq!(codes.last(), Some(&"P17"));
        for word in ["immigration", "deport", "intelligence", "marketing", "donor", "enforce"] {
            let named: Vec<_> = policy
                .purposes()
                .filter(|purpose| purpose.label.to_lowercase().contains(word))
                .map(|purpose| purpose.code.as_str())
                .collect();
            // Reporting to law enforcement because the person asks is the one purpose that names enforcement.
            assert_eq!(named, if word == "enforce" { vec!["P12"] } else { vec![] }, "{word}");
        }
    }

    #[test]
    fn a_person_cannot_grant_emergency_or_legal_duty() {
        let ungrantable: Vec<_> = Policy::builtin()
            .purposes()
            .filter(|purpose| !purpose.is_grantable())
            .map(|purpose| purpose.code.as_str())
            .collect();
        assert_eq!(ungrantable, ["P13", "P14"]);
    }

    #[test]
    fn every_most_sensitive_field_is_sealed_apart_from_lesser_ones() {
        let policy = Policy::builtin();
        let places = |most: bool| -> BTreeSet<_> {
            policy
                .fields()
                .filter(|field| field.tier.travels() && field.is_most_sensitive() == most)
                .map(|field| field.compartment.as_str())
                .collect()
        };
        assert!(places(true).is_disjoint(&places(false)));
        assert!(!places(true).contains("general"));
    }

    #[test]
    fn the_narrative_is_for_the_case_worker_alone() {
        let policy = Policy::builtin();
        for field in policy.fields().filter(|field| field.category.as_str() == "K27") {
            let readers = &policy.compartment_of(&field.id).unwrap().readers;
            assert_eq!(
                readers.iter().map(ReaderRole::as_str).collect::<Vec<_>>(),
                ["case_worker"],
                "{}",
                field.id
            );
        }
    }

    #[test]
    fn sensitive_fields_stay_out_of_the_general_compartment() {
        for field in Policy::builtin().fields() {
            if field.level >= Level::S3 && field.tier.travels() {
                assert_ne!(field.compartment.as_str(), "general", "{}", field.id);
            }
        }
    }

    #[test]
    fn forms_that_ask_the_same_thing_share_a_concept() {
        let policy = Policy::builtin();
        let forms: BTreeSet<_> =
            policy.fields_of(&"name.family".parse().unwrap()).map(|field| field.form.as_str()).collect();
        assert_eq!(forms, BTreeSet::from(["A1", "A2", "A3", "A4", "A5", "ZP", "ZR"]));
    }

    #[test]
    fn one_concept_is_one_category_but_where_an_answer_tells_more() {
        let mut categories: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for field in Policy::builtin().fields() {
            if let Some(concept) = &field.concept {
                categories.entry(concept.as_str()).or_default().insert(field.category.as_str());
            }
        }
        let several: Vec<_> =
            categories.iter().filter(|(_, several)| several.len() > 1).map(|(concept, _)| *concept).collect();
        assert_eq!(
            several,
            ["closure.date", "consent.name", "debt.exploitative", "organisation.name", "stateless"]
        );
    }

    #[test]
    fn a_field_without_a_form_and_a_form_without_a_field_are_both_reported() {
        let complaints = broken("forms", |text| text.replacen("\"ZP.9b\"", "\"ZP.9z\"", 1));
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(complaints.iter().any(|complaint| complaint.contains("ZP.9b stands on no form")));
        assert!(complaints.iter().any(|complaint| complaint.contains("ZP.9z is not in the dictionary")));
    }

    #[test]
    fn what_points_nowhere_is_reported() {
        for (name, from, to, about) in [
            ("services", "\"route_as\": \"SV01\"", "\"route_as\": \"SV98\"", "SV98"),
            ("minimum-sets", "\"K07\"", "\"K77\"", "K77"),
            ("minimum-sets", "\"SV28\"", "\"SV27\"", "SV27"),
            ("minimum-sets", "\"unless\": [\"JC03\"]", "\"unless\": [\"JC33\"]", "JC33"),
            ("minimum-sets", "\"safety.level\"", "\"safety.lvel\"", "safety.lvel"),
            ("safeguards", "\"P02\"", "\"P92\"", "P92"),
            ("agreement-limits", "\"P03\"", "\"P93\"", "P93"),
            ("agreement-limits", "\"grace_days\": 60,", "", "grace_days"),
            ("limits", "\"longest_days\": 731", "\"longest_days\": 0", "keys.longest_days"),
            ("limits", "\"usual_months\": 6", "\"usual_months\": 13", "consent.usual_months"),
            ("limits", "\"unheard_hours\": 24", "", "unheard_hours"),
            ("urgencies", "\"times\": 1", "\"times\": 2", "once or never"),
            ("urgencies", "\"no_contact_after\": \"60d\"", "\"no_contact_after\": \"59d\"", "before 60 days"),
            (
                "retention",
                "\"situation\": \"disclosures\"",
                "\"situation\": \"ledger\"",
                "no ceiling for Disclosures",
            ),
            (
                "retention",
                "\"at_most\": \"72h\"",
                "\"at_most\": \"15m\"",
                "WithdrawnBeforeAcceptance gives 15m",
            ),
            (
                "retention",
                "\"at_most\": \"24h\"",
                "\"at_most\": \"plan\"",
                "CiphertextAfterDelivery gives plan",
            ),
            ("retention", "\"at_most\": \"60d\"", "\"at_most\": \"9999d\"", "Undelivered gives 9999d"),
            ("compartments", "\"K27\"", "\"K99\"", "K27"),
            ("categories", "\"code\": \"K30\"", "\"code\": \"K29\"", "K29"),
            ("fields", "\"choices\": \"sex\"", "\"choices\": \"sexes\"", "list of codes"),
            ("urgencies", "\"never_for\": [\"U0\"]", "\"never_for\": [\"U9\"]", "U9"),
            ("reasons", "\"code\": \"DR01\"", "\"code\": \"EX09\"", "EX09"),
            ("purposes", "\"version\": 1", "\"version\": 2", "version 1"),
        ] {
            let complaints = broken(name, |text| text.replacen(from, to, 1));
            assert!(complaints.iter().any(|complaint| complaint.contains(about)), "{name}: {complaints:?}");
        }
    }

    #[test]
    fn a_profile_raises_and_the_field_moves_to_its_compartment() {
        let policy = profiled(&serde_json::json!({
            "profile": "zm", "version": 3,
            "categories": [{ "code": "K02", "level": "S3" }],
            "fields": [
                { "id": "ZP.7", "level": "S4", "tier": "restricted" },
                { "id": "ZP.11n", "tier": "never" },
                { "id": "ZP.6c", "enforcement_sensitive": true },
            ],
        }))
        .unwrap();
        let name = policy.dictionary().strip_prefix("throughline-1.zm-3.");
        assert_eq!(name.map(str::len), Some(DIGEST_IN_NAME), "{}", policy.dictionary());
        let field = |id: &str| policy.field(&id.parse().unwrap()).unwrap();
        assert_eq!(field("ZP.h3").compartment.as_str(), "casework");
        assert_eq!((field("ZP.7").level, field("ZP.7").compartment.as_str()), (Level::S4, "legal_s4"));
        assert_eq!(field("ZP.11n").refused_with, Some(Deny::D602));
        assert!(field("ZP.6c").enforcement_sensitive);
        assert_eq!(Policy::builtin().field(&"ZP.7".parse().unwrap()).unwrap().level, Level::S2);
    }

    #[test]
    fn a_profile_makes_limits_stricter_and_never_looser() {
        let of = |limits: serde_json::Value| {
            profiled(&serde_json::json!({ "profile": "zm", "version": 1, "limits": limits }))
        };
        let stricter = of(serde_json::json!({
            "consent": { "longest_months": 3, "certificate_days": 92 },
            "withdrawal": { "unheard_hours": 12 }, "keys": { "longest_days": 366 },
        }));
        let stricter = *stricter.unwrap().limits();
        let consent = ConsentLimits { longest_months: 3, usual_months: 3, certificate_days: 92 };
        assert_eq!(stricter.consent, consent, "what is usual is within what is longest");
        assert_eq!((stricter.withdrawal.unheard_hours, stricter.keys.longest_days), (12, 366));
        let looser = serde_json::json!({
            "consent": { "longest_months": 13, "usual_months": 7, "certificate_days": 367 },
            "withdrawal": { "unheard_hours": 25 }, "keys": { "longest_days": 732 },
        });
        assert_eq!(of(looser).unwrap_err().len(), 5);
        assert!(of(serde_json::json!({ "consent": { "weeks": 1 } })).is_err());
    }

    #[test]
    fn a_profile_never_lowers() {
        let complaints = profiled(&serde_json::json!({
            "profile": "xx", "version": 1,
            "categories": [{ "code": "K20", "level": "S3" }, { "code": "K99", "level": "S4" }],
            "fields": [
                { "id": "ZP.12", "level": "S2" },
                { "id": "ZP.12", "tier": "justified" },
                { "id": "ZP.h5", "tier": "restricted" },
                { "id": "ZP.d3", "tier": "minimum" },
                { "id": "ZP.7", "enforcement_sensitive": false },
                { "id": "ZP.99", "level": "S4" },
            ],
        }))
        .unwrap_err();
        assert_eq!(complaints.len(), 8, "{complaints:?}");
    }

    #[test]
    fn a_profile_that_changes_under_its_version_is_another_policy() {
        let of = |level: &str| {
            let profile = serde_json::json!({
                "profile": "zm", "version": 1, "fields": [{ "id": "ZP.7", "level": level }],
            });
            profiled(&profile).unwrap()
        };
        let (one, other) = (of("S3"), of("S4"));
        assert_ne!(one.dictionary(), other.dictionary());
        assert_ne!(one.digest(), other.digest());
        assert_eq!(one.dictionary(), of("S3").dictionary());
        assert_eq!(
            Policy::builtin().dictionary(),
            "throughline-1",
            "without a profile there is nothing to tell apart"
        );
        assert_ne!(Policy::builtin().digest(), one.digest());
    }

    #[test]
    fn a_profile_has_a_name_that_manifests_can_carry_and_a_version() {
        let of = |name: &str, version: u16| {
            profiled(&serde_json::json!({ "profile": name, "version": version }))
                .map(|policy| policy.origin.dictionary)
        };
        let longest = "z".repeat(32);
        assert_eq!(of(&longest, u16::MAX).unwrap().len(), MAX_DICTIONARY);
        for name in ["", "Zm", "z m", "z.m", &"z".repeat(33)] {
            assert!(of(name, 1).is_err(), "{name}");
        }
        assert!(of("zm", 0).is_err());
        let two = Documents::builtin()
            .with_profile("a", format!(r#"{{ "profile": "{longest}", "version": 1 }}"#))
            .with_profile("b", format!(r#"{{ "profile": "{longest}", "version": 2 }}"#));
        assert!(two.build().unwrap_err().to_string().contains("shorter names"));
    }

    #[test]
    fn a_complaint_about_a_profile_begins_with_where_it_is_from() {
        let sound = r#"{ "profile": "zm", "version": 1 }"#;
        let wide = r#"{ "profile": "east", "version": 1, "limits": { "keys": { "longest_days": 732 } } }"#;
        let built =
            Documents::builtin().with_profile("10-zm.json", sound).with_profile("20-east.json", wide).build();
        let Err(PolicyError::Profile { complaints }) = built else { panic!("it widens") };
        assert_eq!(complaints, ["20-east.json: limits.keys.longest_days: 732 is more than 731"]);
    }

    #[test]
    fn a_profile_adds_no_members_of_its_own() {
        assert!(profiled(&serde_json::json!({ "profile": "xx", "version": 1, "purposes": [] })).is_err());
        assert!(
            profiled(&serde_json::json!({ "profile": "xx", "version": 1, "fields": [{ "id": "ZP.7", "label": "x" }] }))
                .is_err()
        );
    }
}
