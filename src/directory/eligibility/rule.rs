//! One rule of a service: an attribute of a person, what it must be, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Completed months of life.
    AgeMonths,
    /// Sex, as the policy's choices have it: `female`, `male`, `other`.
    Sex,
    /// Gender.
    Gender,
    /// Nationality, ISO 3166-1 alpha-2.
    Nationality,
    /// Migration status, as the policy's choices have it.
    MigrationStatus,
    /// A population group of the policy, such as `PG04`, with a qualifier behind a point where there are some.
    Population,
    /// Where the person lives, as the code of an area.
    ResidenceArea,
    /// With whom the person is registered.
    Registration,
    /// The family's situation.
    FamilySituation,
    /// State of health.
    Health,
    /// A language the person speaks, BCP 47.
    Language,
    /// Income.
    Income,
    /// Who refers the person.
    ReferralOrigin,
    /// Nothing: the rule holds for everybody.
    Everybody,
    /// Something that only its text says.
    Other,
}

impl Attribute {
    const ALL: [(Self, &'static str); 15] = [
        (Self::AgeMonths, "age_months"),
        (Self::Sex, "sex"),
        (Self::Gender, "gender"),
        (Self::Nationality, "nationality"),
        (Self::MigrationStatus, "migration_status"),
        (Self::Population, "population"),
        (Self::ResidenceArea, "residence_area"),
        (Self::Registration, "registration"),
        (Self::FamilySituation, "family_situation"),
        (Self::Health, "health"),
        (Self::Language, "language"),
        (Self::Income, "income"),
        (Self::ReferralOrigin, "referral_origin"),
        (Self::Everybody, "everybody"),
        (Self::Other, "other"),
    ];

    /// Its name in a package.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("other", |(_, name)| name)
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, one)| *one == name).map(|(attribute, _)| *attribute)
    }

    /// Whether a person can have several at once, so that naming one does not deny the others.
    pub(super) const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Population | Self::Registration | Self::FamilySituation | Self::Health | Self::Language
        )
    }
}

/// The attributes, as a package names them.
pub const ATTRIBUTES: &[&str] = &[
    "age_months",
    "sex",
    "gender",
    "nationality",
    "migration_status",
    "population",
    "residence_area",
    "registration",
    "family_situation",
    "health",
    "language",
    "income",
    "referral_origin",
    "everybody",
    "other",
];

/// How an attribute is compared.
pub const OPERATORS: &[&str] = &["in", "not_in", "between", "exists", "not_exists"];

/// What follows from a rule.
pub const KINDS: &[&str] = &["required", "excluded", "priority"];

/// What follows when a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// It must.
    Required,
    /// It must not.
    Excluded,
    /// The person comes first.
    Priority,
}

impl Kind {
    /// Out of a row of `eligibility_rule`.
    pub(super) fn of_cells(cells: &BTreeMap<String, String>) -> Self {
        match cells.get("kind").map_or("", |cell| cell.trim()) {
            "excluded" => Self::Excluded,
            "priority" => Self::Priority,
            _ => Self::Required,
        }
    }
}

/// What an attribute must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Test {
    /// Completed months, both ends included.
    Between { from: Option<u32>, to: Option<u32> },
    /// One of these.
    In(BTreeSet<String>),
    /// None of these.
    NotIn(BTreeSet<String>),
    /// There is some.
    Exists,
    /// There is none.
    NotExists,
    /// Whatever it is.
    Always,
    /// Only its text says.
    Words,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::directory) struct Rule {
    /// The row it stands in.
    pub(super) id: String,
    pub(super) attribute: Attribute,
    pub(super) test: Test,
    pub(super) kind: Kind,
    pub(super) group: i64,
    /// What it says, for people.
    pub(super) text: String,
}

impl Rule {
    /// Out of a row of `eligibility_rule`. What cannot be understood is kept as words: it is asked about, never left out.
    pub(in crate::directory) fn of_cells(id: &str, cells: &BTreeMap<String, String>) -> Self {
        let cell = |column: &str| cells.get(column).map_or("", |cell| cell.trim());
        let attribute = Attribute::from_name(cell("attribute")).unwrap_or(Attribute::Other);
        let must = test(attribute, cell("operator"), cell("values")).unwrap_or(Test::Words);
        let text = Some(cell("text")).filter(|text| !text.is_empty()).map(str::to_owned);
        let text = text.unwrap_or_else(|| sentence(attribute, &must));
        Self {
            id: id.to_owned(),
            attribute,
            test: must,
            kind: Kind::of_cells(cells),
            group: cell("group_no").parse().unwrap_or(0),
            text,
        }
    }

    /// What it says, in words: how that begins, and the rest.
    pub(in crate::directory) fn words(self) -> (&'static str, String) {
        let begin = match self.kind {
            Kind::Required => "For",
            Kind::Excluded => "Not for",
            Kind::Priority => "First",
        };
        (begin, self.text)
    }

    /// The years between which a service takes people, out of its own row.
    pub(in crate::directory) fn of_ages(id: &str, cells: &BTreeMap<String, String>) -> Option<Self> {
        let years = |column: &str| -> Option<u32> {
            let years: f64 = cells.get(column)?.trim().parse().ok()?;
            // Nobody is older, and HSDS lets ages be any number.
            (0.0..=150.0).contains(&years).then(|| months(years))
        };
        let (from, to) = (years("minimum_age"), years("maximum_age"));
        // Who is 17 is so until the day before the 18th birthday.
        let to = to.map(|to| to.saturating_add(11));
        let test = Test::Between { from, to };
        (from.is_some() || to.is_some()).then(|| Self {
            id: id.to_owned(),
            attribute: Attribute::AgeMonths,
            text: sentence(Attribute::AgeMonths, &test),
            test,
            kind: Kind::Required,
            group: 0,
        })
    }
}

fn months(years: f64) -> u32 {
    let mut months = 0u32;
    while f64::from(months) < (years * 12.0).round() {
        months = months.saturating_add(1);
    }
    months
}

pub(super) fn test(attribute: Attribute, operator: &str, values: &str) -> Option<Test> {
    let listed = || -> Option<BTreeSet<String>> {
        let values: BTreeSet<String> =
            values.split(',').map(folded).filter(|value| !value.is_empty()).collect();
        (!values.is_empty()).then_some(values)
    };
    match (attribute, operator) {
        (Attribute::Everybody, _) => Some(Test::Always),
        (Attribute::Other, _) => Some(Test::Words),
        (Attribute::AgeMonths, "between") => {
            let (from, to) = values.split_once(',')?;
            let end = |text: &str| match text.trim() {
                "" => Some(None),
                text => text.parse().ok().map(Some),
            };
            let (from, to): (Option<u32>, Option<u32>) = (end(from)?, end(to)?);
            let is_range = from.zip(to).is_none_or(|(from, to)| from <= to);
            ((from.is_some() || to.is_some()) && is_range).then_some(Test::Between { from, to })
        }
        (Attribute::AgeMonths, _) | (_, "between") => None,
        (_, "in") => listed().map(Test::In),
        (_, "not_in") => listed().map(Test::NotIn),
        (_, "exists") => Some(Test::Exists),
        (_, "not_exists") => Some(Test::NotExists),
        _ => None,
    }
}

/// Values as they are compared: capitals and what stands around them do not matter.
pub(super) fn folded(value: &str) -> String {
    value.trim().to_lowercase()
}

/// What is doubtful about a row of `eligibility_rule`, for the report of an import.
pub(in crate::directory) fn doubt(cells: &BTreeMap<String, String>) -> Option<&'static str> {
    let cell = |column: &str| cells.get(column).map_or("", |cell| cell.trim());
    let attribute = Attribute::from_name(cell("attribute"))?;
    if cell("group_no").parse::<i64>().is_err() && !cell("group_no").is_empty() {
        return Some("the group is not a number");
    }
    match test(attribute, cell("operator"), cell("values")) {
        Some(Test::Words) if cell("text").is_empty() => Some("a rule about something else needs a text"),
        Some(_) => None,
        None if attribute == Attribute::AgeMonths => {
            Some("an age is given as between with the months from,to, one of which may be left out")
        }
        None => Some("this operator needs values, parted by commas"),
    }
}

/// What a rule without a text says.
fn sentence(attribute: Attribute, test: &Test) -> String {
    let what = attribute.name().replace('_', " ");
    let listed = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(", ");
    match test {
        Test::Between { from, to } => match (from, to) {
            (Some(from), Some(to)) => format!("age from {} to {}", years(*from), years(*to)),
            (Some(from), None) => format!("age from {}", years(*from)),
            (None, Some(to)) => format!("age up to {}", years(*to)),
            (None, None) => String::from("any age"),
        },
        Test::In(values) => format!("{what}: {}", listed(values)),
        Test::NotIn(values) => format!("{what}: not {}", listed(values)),
        Test::Exists => format!("{what}: any"),
        Test::NotExists => format!("{what}: none"),
        Test::Always => String::from("open to everybody"),
        Test::Words => String::from("ask the provider"),
    }
}

/// Months as people say them: whole years without the rest of the last one.
fn years(months: u32) -> String {
    match (months / 12, months % 12) {
        (years, 0 | 11) => format!("{years} years"),
        (years, months) => format!("{years} years {months} months"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(cells: &[(&str, &str)]) -> Rule {
        let cells = cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect();
        Rule::of_cells("r1", &cells)
    }

    #[test]
    fn the_names_that_a_package_may_use_are_those_that_are_understood() {
        assert_eq!(Attribute::ALL.map(|(_, name)| name), ATTRIBUTES);
        for (attribute, name) in Attribute::ALL {
            assert_eq!(serde_json::to_value(attribute).unwrap(), name);
        }
    }

    #[test]
    fn a_rule_without_a_text_says_what_it_asks() {
        let says = |attribute: &str, operator: &str, values: &str| {
            rule(&[("attribute", attribute), ("operator", operator), ("values", values)]).text
        };
        assert_eq!(says("age_months", "between", "216,359"), "age from 18 years to 29 years");
        assert_eq!(says("age_months", "between", ",6"), "age up to 0 years 6 months");
        assert_eq!(says("sex", "in", "female"), "sex: female");
        assert_eq!(
            says("migration_status", "not_in", "Refugee, asylum_seeker"),
            "migration status: not asylum_seeker, refugee"
        );
        assert_eq!(says("registration", "exists", ""), "registration: any");
        assert_eq!(says("everybody", "exists", ""), "open to everybody");
    }

    #[test]
    fn what_cannot_be_understood_is_pointed_out_and_asked_about() {
        for (attribute, operator, values) in [
            ("age_months", "in", "216"),
            ("age_months", "between", "359,216"),
            ("age_months", "between", ","),
            ("age_months", "between", "eighteen,"),
            ("sex", "between", "1,2"),
            ("sex", "in", " , "),
            ("other", "exists", ""),
        ] {
            let cells = [("attribute", attribute), ("operator", operator), ("values", values)];
            assert_eq!(rule(&cells).test, Test::Words, "{cells:?}");
            let cells =
                cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect();
            assert!(doubt(&cells).is_some(), "{cells:?}");
        }
    }

    #[test]
    fn the_ages_of_hsds_are_whole_years() {
        let ages = |from: &str, to: &str| {
            let cells = [("minimum_age", from), ("maximum_age", to)];
            let cells =
                cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect();
            Rule::of_ages("s1", &cells).map(|rule| rule.test)
        };
        assert_eq!(ages("16", "17"), Some(Test::Between { from: Some(192), to: Some(215) }));
        assert_eq!(ages("0.5", ""), Some(Test::Between { from: Some(6), to: None }));
        assert_eq!(ages("", ""), None);
        assert_eq!(ages("NaN", "-1"), None);
    }
}
