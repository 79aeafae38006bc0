//! Minimum sets: which fields a service needs, which take a reason, and which it never gets.

use serde::{Deserialize, Serialize};

use super::{
    code::{CategoryCode, ConceptCode, FieldId, JustificationCode, MinimumSetId, ServiceCode},
    deny::{Deny, Warning},
    field::Field,
    level::{Level, Tier},
    safeguard::RecipientClass,
};

/// Picks fields. Every part that is given must hold; within a part, one entry must.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// Of these categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryCode>,
    /// Not of these categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_categories: Vec<CategoryCode>,
    /// Of these levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
    /// Of these tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Of these concepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<ConceptCode>,
    /// Of these forms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<String>,
    /// These fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldId>,
    /// In a list of what never travels: the codes that lift it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<JustificationCode>,
}

impl Selector {
    /// Whether it picks this field.
    pub fn picks(&self, field: &Field) -> bool {
        fn among<T: PartialEq>(list: &[T], one: &T) -> bool {
            list.is_empty() || list.contains(one)
        }
        among(&self.categories, &field.category)
            && !self.except_categories.contains(&field.category)
            && among(&self.levels, &field.level)
            && among(&self.tiers, &field.tier)
            && (self.concepts.is_empty() || field.concept.as_ref().is_some_and(|c| self.concepts.contains(c)))
            && among(&self.forms, &field.form)
            && among(&self.fields, &field.id)
    }

    /// Whether it says anything at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.categories.is_empty()
            && self.levels.is_empty()
            && self.tiers.is_empty()
            && self.concepts.is_empty()
            && self.forms.is_empty()
            && self.fields.is_empty()
    }
}

/// What a minimum set says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The service needs it.
    Minimum,
    /// It travels with a justification code.
    Justifiable,
    /// The service does not get it, whatever the reason.
    Never,
    /// Nobody foresaw it for this service.
    Outside,
}

/// What services need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinimumSet {
    /// The template's id, as the manifest names it.
    pub id: MinimumSetId,
    /// The services it is for.
    pub services: Vec<ServiceCode>,
    pub(super) minimum: Vec<Selector>,
    pub(super) justified: Vec<Selector>,
    pub(super) never: Vec<Selector>,
    pub(super) never_for: Vec<NeverFor>,
}

/// Categories a class of recipient never gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeverFor {
    /// The recipients.
    pub recipients: Vec<RecipientClass>,
    /// The categories.
    pub categories: Vec<CategoryCode>,
}

impl MinimumSet {
    /// What this set says of a field. What never travels wins; then what is needed; then what takes a reason. A field of the
    /// minimum or justified tier that the set does not name takes a reason; a restricted one is outside.
    pub fn judge(&self, field: &Field) -> Judgement {
        if field.tier == Tier::Never {
            return Judgement::Never;
        }
        if !field.tier.travels() || !self.services.iter().any(|service| field.fits_service(service)) {
            return Judgement::Outside;
        }
        let mut barred = self.never.iter().filter(|selector| selector.picks(field)).peekable();
        if barred.peek().is_some() {
            return if barred.all(|selector| !selector.unless.is_empty()) {
                Judgement::Justifiable
            } else {
                Judgement::Never
            };
        }
        if self.minimum.iter().any(|selector| selector.picks(field)) {
            Judgement::Minimum
        } else if field.tier != Tier::Restricted
            || self.justified.iter().any(|selector| selector.picks(field))
        {
            Judgement::Justifiable
        } else {
            Judgement::Outside
        }
    }

    /// Whether a field may be sent, with the justification it carries: nothing to say, a warning, or the code that refuses it.
    pub fn weigh(
        &self,
        field: &Field,
        justification: Option<&JustificationCode>,
    ) -> Result<Option<Warning>, Deny> {
        match (self.judge(field), justification) {
            (Judgement::Minimum, _) => Ok(None),
            (Judgement::Justifiable, Some(code)) if self.takes(field, code) => Ok(Some(Warning::W602)),
            (Judgement::Never, _) => Err(field.refused_with.unwrap_or(Deny::D602)),
            (Judgement::Justifiable | Judgement::Outside, _) => Err(Deny::D602),
        }
    }

    /// Whether a class of recipient is kept from a field for this service, whatever the reason.
    pub fn is_kept_from(&self, field: &Field, recipient: RecipientClass) -> bool {
        self.never_for
            .iter()
            .any(|never| never.recipients.contains(&recipient) && never.categories.contains(&field.category))
    }

    fn takes(&self, field: &Field, code: &JustificationCode) -> bool {
        self.never
            .iter()
            .filter(|selector| selector.picks(field))
            .all(|selector| selector.unless.contains(code))
    }
}
