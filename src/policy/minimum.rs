//! Minimum sets: which fields a service needs, which take a reason, and which it never gets.

use std::collections::BTreeSet;

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
        self.reasons(field).is_none_or(|reasons| reasons.contains(code))
    }

    /// The only reasons that let a field in which something bars; `None` when nothing does, and any reason is one.
    pub(super) fn reasons(&self, field: &Field) -> Option<BTreeSet<JustificationCode>> {
        let barred = self.never.iter().filter(|selector| selector.picks(field));
        let each = barred.map(|selector| selector.unless.iter().cloned().collect::<BTreeSet<_>>());
        each.reduce(|one, other| one.intersection(&other).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    use super::*;

    fn judge(service: &str, field: &str) -> Judgement {
        let policy = Policy::builtin();
        let set = policy.minimum_set(&service.parse().unwrap()).unwrap();
        set.judge(policy.field(&field.parse().unwrap()).unwrap_or_else(|| panic!("{field}")))
    }

    fn weigh(service: &str, field: &str, justification: Option<&str>) -> Result<Option<Warning>, Deny> {
        let policy = Policy::builtin();
        let set = policy.minimum_set(&service.parse().unwrap()).unwrap();
        let code = justification.map(|code| code.parse().unwrap());
        set.weigh(policy.field(&field.parse().unwrap()).unwrap(), code.as_ref())
    }

    #[test]
    fn every_service_takes_what_it_takes_to_refer_at_all() {
        for service in Policy::builtin().services() {
            for field in [
                "CF.case_token",
                "CF.name",
                "CF.age_band",
                "CF.sex",
                "CF.phone",
                "CF.contact_conditions",
                "CF.language",
                "CF.need",
                "CF.time_limit",
            ] {
                assert_eq!(
                    judge(service.code.as_str(), field),
                    Judgement::Minimum,
                    "{} {field}",
                    service.code
                );
            }
        }
    }

    #[test]
    fn each_service_has_its_own_view_of_a_field() {
        use Judgement::{Justifiable, Minimum, Never, Outside};
        for (service, field, expected) in [
            // Shelter: how many come, not what documents they hold.
            ("SV01", "CF.household_children", Minimum),
            ("SV01", "CF.mobility", Minimum),
            ("SV01", "CF.functional_need", Justifiable),
            ("SV01", "CF.document_number", Never),
            ("SV01", "CF.trafficking", Never),
            ("SV01", "CF.health", Outside),
            ("SV02", "CF.risk_level", Minimum),
            ("SV02", "CF.safety", Justifiable),
            ("SV02", "CF.income", Never),
            ("SV03", "CF.special_diet", Justifiable),
            ("SV03", "CF.income", Never),
            // Health: what the body needs, not the status.
            ("SV07", "CF.pregnancy", Minimum),
            ("SV07", "CF.health_most_sensitive", Justifiable),
            ("SV07", "CF.birth_date", Justifiable),
            ("SV07", "CF.migration_status", Never),
            ("SV08", "CF.mental_action", Minimum),
            ("SV08", "A5.J.action", Minimum),
            ("SV08", "A5.I.total", Never),
            ("SV08", "CF.violence", Justifiable),
            ("SV08", "A1.F.2", Outside),
            ("SV10", "CF.migration_status", Justifiable),
            ("SV11", "ZP.9b", Minimum),
            ("SV11", "CF.parents", Justifiable),
            ("SV11", "CF.health", Never),
            ("SV12", "CF.nationality", Minimum),
            ("SV12", "ZR.6c", Justifiable),
            ("SV12", "CF.health", Justifiable),
            ("SV12", "A4.E.threats", Justifiable),
            ("SV06", "A4.E.threats", Never),
            ("SV14", "ZP.24d", Justifiable),
            ("SV14", "CF.document_copy", Never),
            ("SV15", "ZR.6d", Minimum),
            ("SV15", "BI.bid", Minimum),
            ("SV01", "BI.bid", Outside),
            ("SV18", "CF.last_contact", Minimum),
            ("SV19", "CF.education", Minimum),
            ("SV19", "CF.debt", Never),
            ("SV19", "CF.detention", Never),
            ("SV19", "CF.document_type", Justifiable),
            ("SV22", "CF.profile", Minimum),
            ("SV22", "CF.safety", Justifiable),
            ("SV22", "A8.4c", Never),
            ("SV23", "CF.document_number", Minimum),
            ("SV23", "CF.trafficking", Justifiable),
            ("SV27", "CF.health", Never),
            // A need of another service is a referral of its own.
            ("SV01", "ZR.5b", Minimum),
            ("SV01", "ZR.5a", Outside),
            // What stays with the consent record or in the statistics block is in no packet.
            ("SV01", "ZP.d3", Outside),
            ("SV01", "SB.sex", Outside),
        ] {
            assert_eq!(judge(service, field), expected, "{service} {field}");
        }
    }

    #[test]
    fn a_reason_lets_a_justifiable_field_in_and_no_other() {
        assert_eq!(weigh("SV07", "CF.pregnancy", None), Ok(None));
        assert_eq!(weigh("SV07", "CF.birth_date", None), Err(Deny::D602));
        assert_eq!(weigh("SV07", "CF.birth_date", Some("JC02")), Ok(Some(Warning::W602)));
        assert_eq!(weigh("SV01", "CF.health", Some("JC03")), Err(Deny::D602));
        assert_eq!(weigh("SV01", "CF.document_number", Some("JC03")), Err(Deny::D602));
        assert_eq!(weigh("SV22", "A8.4c", Some("JC03")), Err(Deny::D604));
    }

    #[test]
    fn what_a_service_never_gets_is_lifted_by_its_own_reason_only() {
        assert_eq!(weigh("SV12", "CF.health", Some("JC03")), Err(Deny::D602));
        assert_eq!(weigh("SV12", "CF.health", Some("JC05")), Ok(Some(Warning::W602)));
        assert_eq!(weigh("SV23", "CF.trafficking", Some("JC08")), Ok(Some(Warning::W602)));
    }

    #[test]
    fn authorities_of_origin_learn_no_status_from_tracing() {
        let policy = Policy::builtin();
        let set = policy.minimum_set(&"SV18".parse().unwrap()).unwrap();
        let status = policy.field(&"CF.asylum".parse().unwrap()).unwrap();
        assert!(set.is_kept_from(status, RecipientClass::OriginAuthority));
        assert!(!set.is_kept_from(status, RecipientClass::Ordinary));
    }

    #[test]
    fn the_worked_example_of_a_health_referral_is_within_its_minimum() {
        for field in
            ["CF.name", "CF.age_band", "CF.phone", "CF.language", "CF.need", "CF.pregnancy", "CF.medication"]
        {
            assert_eq!(judge("SV07", field), Judgement::Minimum, "{field}");
        }
    }
}
