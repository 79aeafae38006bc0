//! The documents a policy is built from, as they are written, and everything that is checked when they are read.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Policy,
    code::{CategoryCode, CompartmentCode, FieldId, JustificationCode, MinimumSetId, ServiceCode},
    deny::Deny,
    error::PolicyError,
    field::{Choices, Field, WrittenField},
    level::{Level, Tier},
    lists::{Category, Compartment, Form, Population, Purpose, Role, Service},
    minimum::{MinimumSet, NeverFor, Selector},
    reason::{Reason, ReasonSet},
    retention::{Ceiling, ModeEntry, Onward, OnwardHops, Retention},
    safeguard::{Exception, Mosaic, MostSensitive, Safeguards},
    urgency::{AtExpiry, DecisionPause, Parallel, Rung, TimerRules, Urgency},
};

/// The texts a policy is built from: those compiled in, and any number of profiles on top. A profile can only tighten, so
/// there is no way to hand in other base documents.
#[derive(Clone, Debug)]
pub struct Documents {
    base: BTreeMap<&'static str, Cow<'static, str>>,
    profiles: Vec<String>,
}

impl Documents {
    /// The documents compiled in.
    pub fn builtin() -> Self {
        Self {
            base: BUILTIN.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect(),
            profiles: Vec::new(),
        }
    }

    /// With a profile of a mechanism on top.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profiles.push(profile.into());
        self
    }

    #[cfg(test)]
    pub(super) fn with_base(mut self, name: &'static str, text: String) -> Self {
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
        };
        let Some(mut parts) = written.complete() else {
            return Err(PolicyError::Inconsistent { complaints });
        };
        let mut refused = Vec::new();
        let mut versions = vec![parts.fields.dictionary.clone()];
        for text in &self.profiles {
            match serde_json::from_str::<ProfileDoc>(text) {
                Ok(profile) => {
                    versions.push(format!("{}-{}", profile.profile, profile.version));
                    raise(&mut parts, profile, &mut refused);
                }
                Err(error) => refused.push(error.to_string()),
            }
        }
        if !refused.is_empty() {
            return Err(PolicyError::Profile { complaints: refused });
        }
        let policy = assemble(parts, versions.join("+"), &mut complaints);
        if complaints.is_empty() { Ok(policy) } else { Err(PolicyError::Inconsistent { complaints }) }
    }
}

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
        at_expiry: AtExpiry,
        parallel: Parallel,
        no_show_limit: u8,
        information_requests_max: u8,
        cancel_answer_within: super::span::Span,
        redirect_limit: u8,
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
    profile: String,
    version: u16,
    #[serde(default)]
    categories: Vec<RaisedCategory>,
    #[serde(default)]
    fields: Vec<RaisedField>,
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

fn assemble(parts: Parts, version: String, complaints: &mut Vec<String>) -> Policy {
    let UrgenciesDoc {
        urgencies,
        decision_pause,
        escalation,
        at_expiry,
        parallel,
        no_show_limit,
        information_requests_max,
        cancel_answer_within,
        redirect_limit,
        ..
    } = parts.urgencies;
    let SafeguardsDoc { mosaic, enforcement, most_sensitive, .. } = parts.safeguards;
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
        version,
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
            at_expiry,
            parallel,
            no_show_limit,
            information_requests_max,
            cancel_answer_within,
            redirect_limit,
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
    };
    cross_check(&policy, complaints);
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
    for written in document.fields {
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

/// Every code that one document names must be in the document that lists it.
fn cross_check(policy: &Policy, complaints: &mut Vec<String>) {
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
}
