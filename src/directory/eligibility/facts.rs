//! What a case worker chose to say of a person, for one search.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;

use super::rule::{Attribute, folded};
use crate::kernel::{Code, Fault};

/// How many values may be named of one attribute, and how long one is, in bytes.
const MOST_VALUES: usize = 32;
const LONGEST: usize = 64;

/// Nobody is older, in months.
const OLDEST: u32 = 1_800;

/// Completed months of life: as far as they are known, from and to, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Age {
    /// Between two numbers of completed months.
    pub fn months(from: u32, to: u32) -> Result<Self, FactsError> {
        if from <= to && to <= OLDEST { Ok(Self { from, to }) } else { Err(FactsError::Age) }
    }

    /// Completed years: anything up to the day before the next birthday.
    pub fn years(years: u32) -> Result<Self, FactsError> {
        let from = years.checked_mul(12).ok_or(FactsError::Age)?;
        Self::months(from, from.saturating_add(11))
    }

    /// On a day, of somebody born on another. Who was born on the 31st is a month older on the last day of a shorter one.
    pub fn of_birth(born: NaiveDate, today: NaiveDate) -> Result<Self, FactsError> {
        let count =
            |day: NaiveDate| i64::from(day.year()).saturating_mul(12).saturating_add(i64::from(day.month0()));
        let is_last = today.succ_opt().is_some_and(|next| next.month() != today.month());
        let is_short = today.day() < born.day() && !is_last;
        let months = count(today).saturating_sub(count(born)).saturating_sub(i64::from(is_short));
        let months = u32::try_from(months).map_err(|_before| FactsError::Age)?;
        Self::months(months, months)
    }
}

/// What is said of a person. What is left out is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub(super) age: Option<Age>,
    pub(super) values: BTreeMap<Attribute, BTreeSet<String>>,
    pub(super) complete: BTreeSet<Attribute>,
}

/// The same as it comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonFacts)]
pub struct Asked {
    /// Completed years of life. One of `age`, `age_months` and `born`.
    pub age: Option<u32>,
    /// Completed months of life, from and to.
    #[schema(min_items = 2, max_items = 2)]
    pub age_months: Option<(u32, u32)>,
    /// Day of birth.
    #[schema(value_type = Option<String>, format = Date)]
    pub born: Option<NaiveDate>,
    /// `female`, `male` or `other`.
    #[schema(max_length = 64)]
    pub sex: Option<String>,
    /// Gender.
    #[schema(max_length = 64)]
    pub gender: Option<String>,
    /// Nationalities, ISO 3166-1 alpha-2; an empty list for none.
    #[schema(max_items = 32)]
    pub nationality: Option<Vec<String>>,
    /// Migration status, of the policy's choices.
    #[schema(max_items = 32)]
    pub migration_status: Option<Vec<String>>,
    /// Population groups, such as `PG04` or `PG01.presumed`.
    #[schema(max_items = 32)]
    pub population: Option<Vec<String>>,
    /// Codes of the area where the person lives, and of those around it.
    #[schema(max_items = 32)]
    pub residence_area: Option<Vec<String>>,
    /// With whom the person is registered; an empty list for nobody.
    #[schema(max_items = 32)]
    pub registration: Option<Vec<String>>,
    /// The family's situation.
    #[schema(max_items = 32)]
    pub family_situation: Option<Vec<String>>,
    /// State of health.
    #[schema(max_items = 32)]
    pub health: Option<Vec<String>>,
    /// Languages the person speaks, BCP 47.
    #[schema(max_items = 32)]
    pub language: Option<Vec<String>>,
    /// Income.
    #[schema(max_items = 32)]
    pub income: Option<Vec<String>>,
    /// Who refers the person.
    #[schema(max_items = 32)]
    pub referral_origin: Option<Vec<String>>,
    /// Of which attributes nothing else applies than what is named. Without that, a population that is not named is not known.
    #[schema(max_items = 15)]
    pub complete: Option<BTreeSet<Attribute>>,
}

/// Why facts cannot be used. Never what they were.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// No age of a person.
    #[error(
        "give one of age (years), age_months ([from, to]) and born (a day that is not in the future), of at most 150 years"
    )]
    Age,
    /// Too much of something.
    #[error("an attribute has at most {MOST_VALUES} values of {LONGEST} letters each")]
    Values,
}

impl FactsError {
    /// The stable code.
    pub fn code(&self) -> Code {
        Code::new("directory.bad_facts", Fault::Malformed)
    }
}

impl Asked {
    /// What it says, on a day.
    pub fn facts(self, today: NaiveDate) -> Result<Facts, FactsError> {
        let given = [self.age.is_some(), self.age_months.is_some(), self.born.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(FactsError::Age);
        }
        let age = match (self.age, self.age_months, self.born) {
            (Some(years), ..) => Some(Age::years(years)?),
            (_, Some((from, to)), _) => Some(Age::months(from, to)?),
            (_, _, Some(born)) => Some(Age::of_birth(born, today)?),
            _ => None,
        };
        let one = |value: Option<String>| value.map(|value| vec![value]);
        let named = [
            (Attribute::Sex, one(self.sex)),
            (Attribute::Gender, one(self.gender)),
            (Attribute::Nationality, self.nationality),
            (Attribute::MigrationStatus, self.migration_status),
            (Attribute::Population, self.population),
            (Attribute::ResidenceArea, self.residence_area),
            (Attribute::Registration, self.registration),
            (Attribute::FamilySituation, self.family_situation),
            (Attribute::Health, self.health),
            (Attribute::Language, self.language),
            (Attribute::Income, self.income),
            (Attribute::ReferralOrigin, self.referral_origin),
        ];
        let mut values = BTreeMap::new();
        for (attribute, named) in named.into_iter().filter_map(|(one, named)| Some((one, named?))) {
            let is_long = |value: &String| value.trim().is_empty() || value.len() > LONGEST;
            if named.len() > MOST_VALUES || named.iter().any(is_long) {
                return Err(FactsError::Values);
            }
            values.insert(attribute, named.iter().map(|value| folded(value)).collect());
        }
        Ok(Facts { age, values, complete: self.complete.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_changes_on_the_birthday_and_not_the_day_before() {
        let age = |born: &str, today: &str| Age::of_birth(day(born), day(today)).map(|age| age.from);
        assert_eq!(age("2008-03-15", "2026-03-14"), Ok(215));
        assert_eq!(age("2008-03-15", "2026-03-15"), Ok(216));
        assert_eq!(age("2008-02-29", "2026-02-27"), Ok(215));
        assert_eq!(age("2008-02-29", "2026-02-28"), Ok(216), "the month has no 29th");
        assert_eq!(age("2025-12-31", "2026-02-28"), Ok(2));
        assert_eq!(age("2026-03-15", "2026-03-15"), Ok(0));
        assert_eq!(age("2026-03-16", "2026-03-15"), Err(FactsError::Age));
        assert_eq!(age("1800-01-01", "2026-03-15"), Err(FactsError::Age));
    }

    #[test]
    fn an_age_is_given_in_one_way_and_names_are_bounded() {
        let read =
            |json: serde_json::Value| serde_json::from_value::<Asked>(json).unwrap().facts(day("2026-03-15"));
        assert_eq!(read(serde_json::json!({ "age": 16 })).unwrap().age, Some(Age { from: 192, to: 203 }));
        assert_eq!(
            read(serde_json::json!({ "age": 16, "born": "2010-01-01" })).unwrap_err(),
            FactsError::Age
        );
        assert_eq!(read(serde_json::json!({ "age_months": [9, 3] })).unwrap_err(), FactsError::Age);
        assert_eq!(read(serde_json::json!({ "age": 4_000_000_000u32 })).unwrap_err(), FactsError::Age);
        let many: Vec<String> = (0..33).map(|number| format!("PG{number}")).collect();
        assert_eq!(read(serde_json::json!({ "population": many })).unwrap_err(), FactsError::Values);
        assert_eq!(read(serde_json::json!({ "health": ["x".repeat(65)] })).unwrap_err(), FactsError::Values);
    }
}
