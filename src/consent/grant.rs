//! Grant lines: what a person said yes or no to, and what exactly that covers.
//!
//! No grant, no disclosure; a no beats any yes; a recipient is named; a most sensitive field is granted by its own id, never with
//! its category.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::Months;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    kernel::{
        Timestamp,
        id::{AgreementId, OrganisationId},
        text::Line,
    },
    policy::{CategoryCode, ConsentLimits, FieldId, Level, PurposeCode, ServiceCode},
};

/// The most lines a record or certificate holds.
pub const MOST_LINES: usize = 64;

/// The most fields or categories a line names.
pub(super) const MOST_IN_SCOPE: usize = 256;

/// One answer of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantLine {
    /// Yes or no.
    pub effect: Effect,
    /// To whom. Everybody only in a no.
    pub recipient: Named<OrganisationId>,
    /// A unit of the recipient, when not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Line<64>>,
    /// For what. Everything only in a no.
    pub purpose: Named<PurposeCode>,
    /// For one service only; every service of the recipient when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceCode>,
    /// What.
    pub scope: Scope,
    /// Fields taken out of the scope.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub exclude: BTreeSet<FieldId>,
    /// What may be done.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub operations: BTreeSet<Operation>,
    /// To whom the recipient may pass it on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub onward: BTreeSet<OrganisationId>,
    /// From this moment.
    pub from: Timestamp,
    /// Until just before this moment.
    pub until: Timestamp,
    /// The agreement that was in force when the person agreed; required in a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementVersion>,
    /// The round of follow-up it is for (P08).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u16>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Yes.
    Permit,
    /// No.
    Deny,
}

/// What may be done with what is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Disclose it to the recipient.
    Disclose,
    /// The recipient may contact the person again.
    FollowUpContact,
    /// The recipient may tell the sender what became of it.
    FeedbackReturn,
}

/// A version of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementVersion {
    /// The agreement.
    pub id: AgreementId,
    /// The version.
    pub version: u32,
}

/// Categories and single fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Categories. They never reach most sensitive fields in a yes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<CategoryCode>,
    /// Fields named one by one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<FieldId>,
}

/// One thing by name, or all of them (`*`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Named<T> {
    /// All of them.
    All,
    /// This one.
    One(T),
}

impl<T: PartialEq> Named<T> {
    /// Whether it names this one.
    pub fn names(&self, one: &T) -> bool {
        match self {
            Self::All => true,
            Self::One(named) => named == one,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::One(one) => one.fmt(f),
        }
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("*"),
            Self::One(one) => one.serialize(serializer),
        }
    }
}

impl<'de, T> Deserialize<'de> for Named<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "*" {
            Ok(Self::All)
        } else {
            text.parse().map(Self::One).map_err(serde::de::Error::custom)
        }
    }
}

/// A field as the dictionary knows it, for asking whether a line covers it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The field.
    pub field: &'a FieldId,
    /// Its category.
    pub category: &'a CategoryCode,
    /// Its level.
    pub level: Level,
}

impl GrantLine {
    /// Whether the moment lies within the line: from its beginning, until just before its end.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether it is a yes to disclosing something to this recipient.
    pub fn permits_disclosure_to(&self, recipient: OrganisationId, unit: Option<&str>) -> bool {
        self.effect == Effect::Permit
            && self.operations.contains(&Operation::Disclose)
            && self.recipient == Named::One(recipient)
            && self.unit.as_deref().is_none_or(|named| Some(named) == unit)
    }

    /// Whether it is a yes to disclosing something to the first, who may pass it on to the second.
    pub fn permits_passing_on(&self, by: OrganisationId, to: OrganisationId) -> bool {
        self.permits_disclosure_to(by, None) && self.onward.contains(&to)
    }

    /// Whether it is a yes to this recipient's telling the sender what became of it.
    pub fn permits_feedback_from(&self, recipient: OrganisationId) -> bool {
        self.effect == Effect::Permit
            && self.operations.contains(&Operation::FeedbackReturn)
            && self.recipient == Named::One(recipient)
    }

    /// Whether it is for this purpose and service.
    pub fn is_for(&self, purpose: &PurposeCode, service: &ServiceCode) -> bool {
        self.purpose.names(purpose) && self.service.as_ref().is_none_or(|named| named == service)
    }

    /// Whether a yes reaches the field. Exclusions are looked at separately: see [`GrantLine::excludes`].
    pub fn reaches(&self, asked: Asked<'_>) -> bool {
        let by_category = asked.level < Level::S4 && self.scope.categories.contains(asked.category);
        self.scope.fields.contains(asked.field) || by_category
    }

    /// Whether the field is taken out of the scope.
    pub fn excludes(&self, field: &FieldId) -> bool {
        self.exclude.contains(field)
    }

    /// Whether it is a no that touches the field. A no to a category reaches every field of it, the most sensitive too.
    pub fn denies(
        &self,
        asked: Asked<'_>,
        recipient: OrganisationId,
        purpose: &PurposeCode,
        at: Timestamp,
    ) -> bool {
        self.effect == Effect::Deny
            && self.recipient.names(&recipient)
            && self.purpose.names(purpose)
            && self.holds_at(at)
            && (self.scope.categories.contains(asked.category) || self.scope.fields.contains(asked.field))
    }

    /// Whether the line is well formed: everybody and everything only in a no, an interval that is not empty, an agreement and
    /// an operation in a yes, something in its scope.
    pub fn is_sound(&self) -> bool {
        let named = self.recipient != Named::All && self.purpose != Named::All;
        let scope = self.scope.categories.len() + self.scope.fields.len();
        let bounded = (1..=MOST_IN_SCOPE).contains(&scope)
            && self.exclude.len() <= MOST_IN_SCOPE
            && self.onward.len() <= MOST_LINES;
        let backed = self.agreement.is_some() && !self.operations.is_empty();
        self.from < self.until && bounded && (self.effect == Effect::Deny || (named && backed))
    }
}

/// `permitted(field, recipient, purpose, time)`: some yes covers it, and no no does.
pub fn permitted(
    lines: &[GrantLine],
    asked: Asked<'_>,
    recipient: OrganisationId,
    (purpose, service): (&PurposeCode, &ServiceCode),
    at: Timestamp,
) -> bool {
    let yes = lines.iter().any(|line| {
        line.permits_disclosure_to(recipient, None)
            && line.is_for(purpose, service)
            && line.holds_at(at)
            && line.reaches(asked)
            && !line.excludes(asked.field)
    });
    yes && !lines.iter().any(|line| line.denies(asked, recipient, purpose, at))
}

/// What bounds the end of a yes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// When the person agreed.
    pub collected_at: Timestamp,
    /// The end of the agreement it rests on.
    pub agreement_until: Timestamp,
    /// The latest destruction date the person was told.
    pub retention_ceiling: Timestamp,
    /// The eighteenth birthday, when a guardian agreed.
    pub eighteenth_birthday: Option<Timestamp>,
    /// What the policy allows.
    pub limits: ConsentLimits,
}

impl Bounds {
    /// The latest end a yes may have.
    pub fn latest(&self) -> Timestamp {
        let ends = [
            self.agreement_until,
            months_after(self.collected_at, self.limits.longest_months),
            self.retention_ceiling,
            self.eighteenth_birthday.unwrap_or(self.agreement_until),
        ];
        ends.into_iter().min().unwrap_or(self.collected_at)
    }

    /// The end a yes has when nobody says.
    pub fn usual(&self) -> Timestamp {
        months_after(self.collected_at, self.limits.usual_months).min(self.latest())
    }
}

fn months_after(moment: Timestamp, months: u32) -> Timestamp {
    moment.datetime().checked_add_months(Months::new(months)).map_or(moment, Timestamp::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::id::SystemIds;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn org() -> OrganisationId {
        OrganisationId::new(&SystemIds, at("2026-01-01T00:00:00Z"))
    }

    fn line(recipient: OrganisationId, categories: &[&str], fields: &[&str]) -> GrantLine {
        GrantLine {
            effect: Effect::Permit,
            recipient: Named::One(recipient),
            unit: None,
            purpose: Named::One("P01".parse().unwrap()),
            service: None,
            scope: Scope {
                categories: categories.iter().map(|c| c.parse().unwrap()).collect(),
                fields: fields.iter().map(|f| f.parse().unwrap()).collect(),
            },
            exclude: BTreeSet::new(),
            operations: [Operation::Disclose].into(),
            onward: BTreeSet::new(),
            from: at("2026-03-01T00:00:00Z"),
            until: at("2026-03-01T12:00:00Z"),
            agreement: Some(AgreementVersion {
                id: AgreementId::new(&SystemIds, at("2026-01-01T00:00:00Z")),
                version: 1,
            }),
            round: None,
        }
    }

    fn deny(categories: &[&str]) -> GrantLine {
        GrantLine {
            effect: Effect::Deny,
            recipient: Named::All,
            purpose: Named::All,
            agreement: None,
            operations: BTreeSet::new(),
            ..line(org(), categories, &[])
        }
    }

    fn ask(
        lines: &[GrantLine],
        field: &str,
        category: &str,
        level: Level,
        to: OrganisationId,
        moment: &str,
    ) -> bool {
        let (field, category) = (field.parse().unwrap(), category.parse().unwrap());
        let asked = Asked { field: &field, category: &category, level };
        permitted(lines, asked, to, (&"P01".parse().unwrap(), &"SV07".parse().unwrap()), at(moment))
    }

    #[test]
    fn a_line_holds_from_its_beginning_until_just_before_its_end() {
        let to = org();
        let lines = [line(to, &["K03"], &[])];
        for (moment, holds) in [
            ("2026-02-28T23:59:59.999999Z", false),
            ("2026-03-01T00:00:00Z", true),
            ("2026-03-01T11:59:59Z", true),
            ("2026-03-01T12:00:00Z", false),
        ] {
            assert_eq!(ask(&lines, "ZP.1a", "K03", Level::S2, to, moment), holds, "{moment}");
        }
    }

    #[test]
    fn a_most_sensitive_field_is_granted_by_its_own_id_only() {
        let to = org();
        let noon = "2026-03-01T06:00:00Z";
        assert!(!ask(&[line(to, &["K17"], &[])], "ZR.6c", "K17", Level::S4, to, noon));
        assert!(ask(&[line(to, &[], &["ZR.6c"])], "ZR.6c", "K17", Level::S4, to, noon));
    }

    #[test]
    fn a_no_to_a_category_reaches_its_most_sensitive_fields_and_beats_a_yes_by_id() {
        let to = org();
        let noon = "2026-03-01T06:00:00Z";
        let lines = [line(to, &[], &["ZR.6c"]), deny(&["K17"])];
        assert!(!ask(&lines, "ZR.6c", "K17", Level::S4, to, noon));
    }

    #[test]
    fn an_exclusion_and_another_recipient_are_not_covered() {
        let to = org();
        let noon = "2026-03-01T06:00:00Z";
        let mut lines = [line(to, &["K14"], &[])];
        assert!(ask(&lines, "ZP.12", "K14", Level::S3, to, noon));
        assert!(!ask(&lines, "ZP.12", "K14", Level::S3, org(), noon));
        lines[0].exclude.insert("ZP.12".parse().unwrap());
        assert!(!ask(&lines, "ZP.12", "K14", Level::S3, to, noon));
    }

    #[test]
    fn a_yes_names_its_recipient_its_purpose_and_its_agreement() {
        let good = line(org(), &["K03"], &[]);
        assert!(good.is_sound());
        assert!(deny(&["K20"]).is_sound());
        for bad in [
            GrantLine { recipient: Named::All, ..good.clone() },
            GrantLine { purpose: Named::All, ..good.clone() },
            GrantLine { agreement: None, ..good.clone() },
            GrantLine { operations: BTreeSet::new(), ..good.clone() },
            GrantLine { scope: Scope::default(), ..good.clone() },
            GrantLine { until: good.from, ..good.clone() },
        ] {
            assert!(!bad.is_sound(), "{bad:?}");
        }
    }

    #[test]
    fn the_end_of_a_yes_is_the_earliest_of_its_bounds() {
        let collected_at = at("2026-03-01T00:00:00Z");
        let far = at("2040-01-01T00:00:00Z");
        let limits = ConsentLimits { longest_months: 12, usual_months: 6, certificate_days: 366 };
        let bounds = Bounds {
            collected_at,
            agreement_until: far,
            retention_ceiling: far,
            eighteenth_birthday: None,
            limits,
        };
        assert_eq!(bounds.latest(), at("2027-03-01T00:00:00Z"));
        assert_eq!(bounds.usual(), at("2026-09-01T00:00:00Z"));
        let early = at("2026-05-01T00:00:00Z");
        for bound in [
            Bounds { agreement_until: early, ..bounds },
            Bounds { retention_ceiling: early, ..bounds },
            Bounds { eighteenth_birthday: Some(early), ..bounds },
        ] {
            assert_eq!((bound.latest(), bound.usual()), (early, early));
        }
    }

    proptest! {
        #[test]
        fn adding_a_no_never_grants_anything(
            categories in prop::collection::vec("K0[1-9]", 1..4),
            denied in prop::collection::vec("K0[1-9]", 0..4),
            asked in "K0[1-9]",
        ) {
            let to = org();
            let names: Vec<&str> = categories.iter().map(String::as_str).collect();
            let denies: Vec<&str> = denied.iter().map(String::as_str).collect();
            let noon = "2026-03-01T06:00:00Z";
            let without = [line(to, &names, &[])];
            let with = [line(to, &names, &[]), deny(&denies)];
            let before = ask(&without, "ZP.1a", &asked, Level::S2, to, noon);
            let after = ask(&with, "ZP.1a", &asked, Level::S2, to, noon);
            prop_assert!(before || !after);
            prop_assert_eq!(after, before && !denied.contains(&asked));
        }
    }
}
