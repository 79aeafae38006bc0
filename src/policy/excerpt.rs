//! The part of a policy that one page needs: what its fields are, who reads them, and how they are weighed for one service and purpose.
//!
//! A gateway that is a program carries the whole policy. A page cannot; it gets what it needs as one document, with everything resolved
//! that follows from other documents, and judges by it before anything is encrypted. The hub and the recipient judge by the whole again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    Policy,
    code::{
        CategoryCode, CompartmentCode, FieldId, JustificationCode, MinimumSetId, PurposeCode, ReaderRole,
        RetentionCode, ServiceCode,
    },
    deny::Deny,
    field::{Field, Shape},
    level::Level,
    limits::ConsentLimits,
    minimum::{Judgement, MinimumSet},
    retention::Trigger,
    safeguard::RecipientClass,
};

/// What a page needs of a policy.
#[derive(Clone, Debug, Serialize)]
pub struct Excerpt<'a> {
    dictionary: &'a str,
    service: ServiceExcerpt<'a>,
    purpose: PurposeExcerpt<'a>,
    fields: BTreeMap<&'a FieldId, FieldExcerpt<'a>>,
    /// Lists of codes, by the name their fields know them by.
    choices: BTreeMap<&'a str, &'a [String]>,
    compartments: BTreeMap<&'a CompartmentCode, &'a [ReaderRole]>,
    /// Of every category, whether or not a field of it is here: a consent may name any.
    categories: BTreeMap<&'a CategoryCode, Level>,
    /// Every sensitive field by its level, for the same reason.
    levels: BTreeMap<Level, Vec<&'a FieldId>>,
    /// The purposes a person can grant.
    grantable: Vec<&'a PurposeCode>,
    mosaic: MosaicExcerpt,
    retention: BTreeMap<&'a RetentionCode, KeepExcerpt>,
    /// How many people must approve what is most sensitive.
    approvals: u8,
    consent: ConsentLimits,
}

#[derive(Clone, Debug, Serialize)]
struct ServiceExcerpt<'a> {
    code: &'a ServiceCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    minset: Option<&'a MinimumSetId>,
    /// The code that goes in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    route_as: Option<&'a ServiceCode>,
    /// Whether a body that enforces may receive what is sensitive towards it, for this service and purpose.
    enforcement: bool,
}

#[derive(Clone, Debug, Serialize)]
struct PurposeExcerpt<'a> {
    code: &'a PurposeCode,
    listed: bool,
    explicit: bool,
    each_round: bool,
}

#[derive(Clone, Debug, Serialize)]
struct MosaicExcerpt {
    at_least: usize,
    treated_as: Level,
    /// Of each trait, whether it counts only where it is rare.
    only_if_rare: Vec<bool>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct KeepExcerpt {
    trigger: Trigger,
    days: u16,
}

#[derive(Clone, Debug, Serialize)]
struct FieldExcerpt<'a> {
    label: &'a str,
    place: usize,
    category: &'a CategoryCode,
    level: Level,
    compartment: &'a CompartmentCode,
    shape: ShapeExcerpt<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    many: Option<u16>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enforcement: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    third_party: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept_from: Vec<RecipientClass>,
    /// Places of the traits it shows in `mosaic`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traits: Vec<usize>,
    #[serde(flatten)]
    need: Need,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ShapeExcerpt<'a> {
    Text { max: usize },
    Prose { max: usize },
    Date,
    Month,
    Time,
    Count { max: u32 },
    Flag,
    Code { choices: &'a str },
    File { max: u64, media: &'a [String] },
}

/// How a field is weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "need", rename_all = "lowercase")]
enum Need {
    /// It belongs to the minimum set.
    Minimum,
    /// It may go with a reason: any of these, or any at all.
    Justified {
        #[serde(skip_serializing_if = "Option::is_none")]
        with: Option<BTreeSet<JustificationCode>>,
    },
    /// It may not go.
    Refused { deny: Deny },
}

impl<'a> Excerpt<'a> {
    /// Of a policy, for one service and purpose. Without `fields` it holds every field.
    pub fn of(
        policy: &'a Policy,
        (service, purpose): (&'a ServiceCode, &'a PurposeCode),
        fields: Option<&BTreeSet<FieldId>>,
    ) -> Self {
        let set = policy.minimum_set(service);
        let kept = policy.fields().filter(|field| fields.is_none_or(|fields| fields.contains(&field.id)));
        let kept: Vec<&Field> = kept.collect();
        let listed = policy.purpose(purpose);
        let sensitive = [Level::S3, Level::S4].into_iter().map(|level| {
            (level, policy.fields().filter(|field| field.level == level).map(|field| &field.id).collect())
        });
        let choices = kept.iter().filter_map(|field| match &field.shape {
            Shape::Code { choices } => Some((choices.name.as_str(), choices.codes.as_slice())),
            Shape::Text { .. }
            | Shape::Prose { .. }
            | Shape::Date
            | Shape::Month
            | Shape::Time
            | Shape::Count { .. }
            | Shape::Flag
            | Shape::File { .. } => None,
        });
        let mosaic = &policy.safeguards().mosaic;
        Self {
            dictionary: policy.dictionary(),
            service: ServiceExcerpt {
                code: service,
                minset: set.map(|set| &set.id),
                route_as: policy.service(service).and_then(|service| service.route_as.as_ref()),
                enforcement: policy.safeguards().enforcement_may_receive(purpose, service),
            },
            purpose: PurposeExcerpt {
                code: purpose,
                listed: listed.is_some(),
                explicit: listed.is_some_and(|purpose| purpose.explicit),
                each_round: listed.is_some_and(|purpose| purpose.each_round),
            },
            fields: kept
                .iter()
                .map(|field| (&field.id, FieldExcerpt::of(field, set, purpose, policy)))
                .collect(),
            choices: choices.collect(),
            compartments: policy.compartments().map(|one| (&one.code, one.readers.as_slice())).collect(),
            categories: policy.categories().map(|category| (&category.code, category.level)).collect(),
            levels: sensitive.collect(),
            grantable: policy
                .purposes()
                .filter(|purpose| purpose.is_grantable())
                .map(|purpose| &purpose.code)
                .collect(),
            mosaic: MosaicExcerpt {
                at_least: mosaic.at_least,
                treated_as: mosaic.treated_as,
                only_if_rare: mosaic.traits.iter().map(|one| one.only_if_rare).collect(),
            },
            retention: policy
                .retentions()
                .map(|kept| (&kept.code, KeepExcerpt { trigger: kept.trigger, days: kept.days }))
                .collect(),
            approvals: policy.safeguards().approvals(),
            consent: policy.limits().consent,
        }
    }
}

impl<'a> FieldExcerpt<'a> {
    fn of(field: &'a Field, set: Option<&MinimumSet>, purpose: &PurposeCode, policy: &Policy) -> Self {
        let kept_from = [RecipientClass::Enforcement, RecipientClass::OriginAuthority].into_iter();
        let traits =
            policy.safeguards().mosaic.traits.iter().enumerate().filter(|(_, one)| {
                field.concept.as_ref().is_some_and(|concept| one.concepts.contains(concept))
            });
        Self {
            label: &field.label,
            place: field.place,
            category: &field.category,
            level: field.level,
            compartment: &field.compartment,
            shape: ShapeExcerpt::of(&field.shape),
            many: field.many,
            enforcement: field.enforcement_sensitive,
            third_party: policy.category(&field.category).is_some_and(|category| category.third_party),
            kept_from: kept_from
                .filter(|class| set.is_some_and(|set| set.is_kept_from(field, *class)))
                .collect(),
            traits: traits.map(|(place, _)| place).collect(),
            need: Need::of(field, set, purpose),
        }
    }
}

impl<'a> ShapeExcerpt<'a> {
    fn of(shape: &'a Shape) -> Self {
        match shape {
            Shape::Text { max } => Self::Text { max: *max },
            Shape::Prose { max } => Self::Prose { max: *max },
            Shape::Date => Self::Date,
            Shape::Month => Self::Month,
            Shape::Time => Self::Time,
            Shape::Count { max } => Self::Count { max: *max },
            Shape::Flag => Self::Flag,
            Shape::Code { choices } => Self::Code { choices: &choices.name },
            Shape::File { max, media } => Self::File { max: *max, media },
        }
    }
}

impl Need {
    fn of(field: &Field, set: Option<&MinimumSet>, purpose: &PurposeCode) -> Self {
        let own = Self::Refused { deny: field.refused_with.unwrap_or(Deny::D602) };
        let Some(set) = set.filter(|_| field.fits_purpose(purpose)) else {
            // A service without a minimum set gets nothing; the field's own code is for a purpose it is not for.
            return if field.fits_purpose(purpose) { Self::Refused { deny: Deny::D602 } } else { own };
        };
        match set.judge(field) {
            Judgement::Minimum => Self::Minimum,
            Judgement::Justifiable => Self::Justified { with: set.reasons(field) },
            Judgement::Never => own,
            Judgement::Outside => Self::Refused { deny: Deny::D602 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_its_fields_and_no_others() {
        let (service, purpose) = ("SV07".parse().unwrap(), "P01".parse().unwrap());
        let fields: BTreeSet<FieldId> = ["ZP.1a", "ZP.4"].iter().map(|id| id.parse().unwrap()).collect();
        let excerpt = Excerpt::of(Policy::builtin(), (&service, &purpose), Some(&fields));
        let shown = serde_json::to_value(&excerpt).unwrap();
        assert_eq!(shown["dictionary"], Policy::builtin().dictionary());
        assert_eq!(shown["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["ZP.1a", "ZP.4"]);
        assert_eq!(shown["choices"].as_object().unwrap().len(), 1);
        assert_eq!(shown["compartments"]["medical"], serde_json::json!(["medical"]));
    }

    #[test]
    fn what_an_excerpt_says_of_a_field_is_what_weighing_it_answers() {
        let policy = Policy::builtin();
        let reasons: Vec<JustificationCode> = policy.justifications().map(|one| one.code.clone()).collect();
        for service in policy.services().map(|service| &service.code) {
            for purpose in policy.purposes().map(|purpose| &purpose.code) {
                let set = policy.minimum_set(service);
                for field in policy.fields() {
                    let need = Need::of(field, set, purpose);
                    let weigh = |reason: Option<&JustificationCode>| match set {
                        _ if !field.fits_purpose(purpose) => Err(field.refused_with.unwrap_or(Deny::D602)),
                        Some(set) => set.weigh(field, reason),
                        None => Err(Deny::D602),
                    };
                    for reason in std::iter::once(None).chain(reasons.iter().map(Some)) {
                        let says = match (&need, reason) {
                            (Need::Minimum, _) => None,
                            (Need::Justified { with }, Some(reason))
                                if with.as_ref().is_none_or(|with| with.contains(reason)) =>
                            {
                                None
                            }
                            (Need::Justified { .. }, _) => Some(Deny::D602),
                            (Need::Refused { deny }, _) => Some(*deny),
                        };
                        assert_eq!(weigh(reason).err(), says, "{service} {purpose} {} {reason:?}", field.id);
                    }
                }
            }
        }
    }
}
