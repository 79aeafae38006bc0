//! Safeguards that hold whatever an agreement or a consent says.

use serde::{Deserialize, Serialize};

use super::{
    code::{ConceptCode, PurposeCode, ServiceCode},
    field::Field,
    level::Level,
};

/// What kind of body a recipient is, where it matters for safeguards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientClass {
    /// No special care.
    Ordinary,
    /// A body with an enforcement mandate.
    Enforcement,
    /// An authority or consulate of a country of origin.
    OriginAuthority,
}

/// Whether the person's language is one few speak at the place. The dictionary cannot know; the gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Many speak it.
    Common,
    /// Few speak it: it points to the person.
    Rare,
}

/// The safeguards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safeguards {
    pub(super) mosaic: Mosaic,
    pub(super) enforcement: Exception,
    pub(super) most_sensitive: MostSensitive,
}

/// Points that are harmless one by one and point to a person together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mosaic {
    pub(super) at_least: usize,
    pub(super) treated_as: Level,
    pub(super) traits: Vec<Trait>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trait {
    #[serde(rename = "trait")]
    _name: String,
    pub(super) concepts: Vec<ConceptCode>,
    #[serde(default)]
    pub(super) only_if_rare: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exception {
    pub(super) purposes: Vec<PurposeCode>,
    pub(super) services: Vec<ServiceCode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MostSensitive {
    approvals: u8,
}

impl Safeguards {
    /// The level the whole packet is treated as, when its fields together point to a person.
    pub fn mosaic<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a Field>,
        language: Language,
    ) -> Option<Level> {
        let fields: Vec<_> = fields.into_iter().filter_map(|field| field.concept.as_ref()).collect();
        let met = self.mosaic.traits.iter().filter(|one| {
            (!one.only_if_rare || language == Language::Rare)
                && one.concepts.iter().any(|concept| fields.contains(&concept))
        });
        (met.count() >= self.mosaic.at_least).then_some(self.mosaic.treated_as)
    }

    /// Whether a field is one of the traits that together tell who somebody is.
    pub fn is_trait(&self, field: &Field, language: Language) -> bool {
        field.concept.as_ref().is_some_and(|concept| {
            let rare = language == Language::Rare;
            self.mosaic.traits.iter().any(|one| (rare || !one.only_if_rare) && one.concepts.contains(concept))
        })
    }

    /// Whether a body with an enforcement mandate may receive enforcement-sensitive fields for this purpose and service. The
    /// person must still have agreed to each such field by itself.
    pub fn enforcement_may_receive(&self, purpose: &PurposeCode, service: &ServiceCode) -> bool {
        self.enforcement.purposes.contains(purpose) || self.enforcement.services.contains(service)
    }

    /// How many people must approve a packet that holds a most sensitive field.
    pub const fn approvals(&self) -> u8 {
        self.most_sensitive.approvals
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    use super::*;

    fn mosaic(ids: &[&str], language: Language) -> Option<Level> {
        let policy = Policy::builtin();
        policy.safeguards().mosaic(ids.iter().map(|id| policy.field(&id.parse().unwrap()).unwrap()), language)
    }

    #[test]
    fn three_harmless_points_make_a_person() {
        assert_eq!(mosaic(&["ZP.5", "ZP.7"], Language::Common), None);
        assert_eq!(mosaic(&["ZP.5", "ZP.7", "ZP.h4"], Language::Common), Some(Level::S3));
        assert_eq!(mosaic(&["ZP.5band", "ZP.7", "ZP.h4"], Language::Common), None);
    }

    #[test]
    fn the_same_point_twice_counts_once_and_a_language_only_when_rare() {
        assert_eq!(mosaic(&["ZP.5", "CF.birth_date", "ZP.7"], Language::Common), None);
        assert_eq!(mosaic(&["ZP.15a", "ZP.7", "ZP.2"], Language::Common), None);
        assert_eq!(mosaic(&["ZP.15a", "ZP.7", "ZP.2"], Language::Rare), Some(Level::S3));
    }

    #[test]
    fn enforcement_bodies_receive_only_where_the_purpose_is_the_persons_own() {
        let safeguards = Policy::builtin().safeguards();
        let may = |purpose: &str, service: &str| {
            safeguards.enforcement_may_receive(&purpose.parse().unwrap(), &service.parse().unwrap())
        };
        assert!(!may("P01", "SV01"));
        assert!(!may("P06", "SV10"));
        assert!(may("P12", "SV10"));
        assert!(may("P02", "SV14"));
        assert!(may("P01", "SV13"));
        assert_eq!(safeguards.approvals(), 2);
    }
}
