//! The judgement: three-valued, with what decided it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    facts::Facts,
    rule::{Attribute, Kind, Rule, Test},
};

/// How many rules are named that decided.
const MOST_DECIDED: usize = 12;

/// Whether a service is for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A rule of the service is against it.
    NotEligible,
    /// Neither: something was not said. Ask the provider.
    NotKnown,
    /// Everything the service asks for holds.
    Eligible,
}

/// The judgement on one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Eligibility {
    /// The answer.
    pub answer: Answer,
    /// Whether the service takes such a person first.
    pub priority: bool,
    /// The rules that decided: those that are against it, those whose answer is not known, or all that hold. Empty when the service
    /// states nothing.
    pub decided_by: Vec<Decided>,
}

/// A rule that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Decided {
    /// The id of the rule; of the service where its ages or its description decided.
    pub rule: String,
    /// What it is about.
    pub attribute: Attribute,
    /// What it says.
    pub text: String,
    /// Whether it shuts those out for whom it holds.
    pub excludes: bool,
}

/// Everything that a service states of whom it takes, as it is kept for searches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::directory) struct Terms {
    /// The ages of HSDS.
    pub(in crate::directory) ages: Option<Rule>,
    /// What is said in words, where there is no rule.
    pub(in crate::directory) words: Option<(String, String)>,
    /// The rules of the service.
    pub(in crate::directory) rules: Vec<Rule>,
    /// The rules of each place that has some, when every place has: otherwise one is open to whom the service is.
    pub(in crate::directory) places: Vec<Vec<Rule>>,
}

impl Terms {
    /// Whether nothing is stated.
    pub(in crate::directory) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Three values, false below unknown below true: the lower of two for "and", the higher for "or".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

/// A value and the rules it comes from.
struct Found<'a> {
    truth: Truth,
    by: Vec<&'a Rule>,
}

impl Found<'_> {
    fn nothing() -> Self {
        Self { truth: Truth::True, by: Vec::new() }
    }

    /// Both: what decides is what is lowest.
    fn and(mut self, other: Self) -> Self {
        match self.truth.cmp(&other.truth) {
            std::cmp::Ordering::Less => self,
            std::cmp::Ordering::Greater => other,
            std::cmp::Ordering::Equal => {
                self.by.extend(other.by);
                self
            }
        }
    }

    /// One of them: what decides is what is highest, the first of equals.
    fn or(self, other: Self) -> Self {
        if other.truth > self.truth { other } else { self }
    }

    /// One of them where none may hold: when none does, all of them decide.
    fn none_of(mut self, other: Self) -> Self {
        if other.truth == self.truth {
            self.by.extend(other.by);
            return self;
        }
        if other.truth > self.truth { other } else { self }
    }
}

/// Judges a service.
pub(in crate::directory) fn judge(terms: &Terms, facts: &Facts) -> Eligibility {
    let of = |kind: Kind| -> Vec<&Rule> { terms.rules.iter().filter(|rule| rule.kind == kind).collect() };
    let ages = terms.ages.iter().map(|rule| rule_found(rule, facts)).fold(Found::nothing(), Found::and);
    let mut found = ages.and(any_group(&of(Kind::Required), facts));
    let excluded = groups(&of(Kind::Excluded), facts).reduce(Found::none_of);
    if let Some(excluded) = excluded {
        found = found.and(Found { truth: excluded.truth.not(), by: excluded.by });
    }
    let places = terms.places.iter().map(|rules| place_found(rules, facts)).reduce(Found::or);
    if let Some(place) = places {
        found = found.and(place);
    }
    let has_required = terms.ages.is_some()
        || terms.rules.iter().any(|rule| rule.kind == Kind::Required)
        || !terms.places.is_empty();
    let mut decided_by: Vec<Decided> =
        found.by.iter().take(MOST_DECIDED).map(|rule| Decided::of(rule)).collect();
    let mut answer = match found.truth {
        Truth::True => Answer::Eligible,
        Truth::Unknown => Answer::NotKnown,
        Truth::False => Answer::NotEligible,
    };
    // Words hold more than anybody checked, and silence is no invitation.
    let is_only_words = terms.words.is_some();
    if answer == Answer::Eligible && (is_only_words || !has_required) {
        answer = Answer::NotKnown;
        decided_by = terms.words.iter().map(Decided::words).collect();
    }
    let priority = answer != Answer::NotEligible
        && groups(&of(Kind::Priority), facts).any(|found| found.truth == Truth::True);
    Eligibility { answer, priority, decided_by }
}

impl Decided {
    fn of(rule: &Rule) -> Self {
        Self {
            rule: rule.id.clone(),
            attribute: rule.attribute,
            text: rule.text.clone(),
            excludes: rule.kind == Kind::Excluded,
        }
    }

    fn words((service, text): &(String, String)) -> Self {
        Self { rule: service.clone(), attribute: Attribute::Other, text: text.clone(), excludes: false }
    }
}

fn place_found<'a>(rules: &'a [Rule], facts: &Facts) -> Found<'a> {
    let of = |kind: Kind| -> Vec<&'a Rule> { rules.iter().filter(|rule| rule.kind == kind).collect() };
    let required = any_group(&of(Kind::Required), facts);
    match groups(&of(Kind::Excluded), facts).reduce(Found::none_of) {
        Some(excluded) => required.and(Found { truth: excluded.truth.not(), by: excluded.by }),
        None => required,
    }
}

/// One of the groups, when there are any.
fn any_group<'a>(rules: &[&'a Rule], facts: &Facts) -> Found<'a> {
    groups(rules, facts).reduce(Found::or).unwrap_or_else(Found::nothing)
}

/// What each group says: all of its rules.
fn groups<'a>(rules: &[&'a Rule], facts: &Facts) -> impl Iterator<Item = Found<'a>> {
    let mut groups: BTreeMap<i64, Vec<&'a Rule>> = BTreeMap::new();
    for rule in rules {
        groups.entry(rule.group).or_default().push(rule);
    }
    let found: Vec<Found<'a>> = groups
        .into_values()
        .map(|rules| rules.into_iter().map(|rule| rule_found(rule, facts)).fold(Found::nothing(), Found::and))
        .collect();
    found.into_iter()
}

fn rule_found<'a>(rule: &'a Rule, facts: &Facts) -> Found<'a> {
    Found { truth: holds(rule, facts), by: vec![rule] }
}

fn holds(rule: &Rule, facts: &Facts) -> Truth {
    let named = facts.values.get(&rule.attribute);
    let is_complete = !rule.attribute.is_open() || facts.complete.contains(&rule.attribute);
    match &rule.test {
        Test::Always => Truth::True,
        Test::Words => Truth::Unknown,
        Test::Between { from, to } => facts.age.map_or(Truth::Unknown, |age| {
            let (from, to) = (from.unwrap_or(0), to.unwrap_or(u32::MAX));
            if age.from >= from && age.to <= to {
                Truth::True
            } else if age.to < from || age.from > to {
                Truth::False
            } else {
                Truth::Unknown
            }
        }),
        Test::In(values) => among(named, values, is_complete),
        Test::NotIn(values) => among(named, values, is_complete).not(),
        Test::Exists => exists(named, is_complete),
        Test::NotExists => exists(named, is_complete).not(),
    }
}

fn exists(named: Option<&BTreeSet<String>>, is_complete: bool) -> Truth {
    match named {
        Some(named) if !named.is_empty() => Truth::True,
        Some(_) if is_complete => Truth::False,
        _ => Truth::Unknown,
    }
}

/// Whether something that was named is one of the values, or more exactly one of them. What is named less exactly may be.
fn among(named: Option<&BTreeSet<String>>, values: &BTreeSet<String>, is_complete: bool) -> Truth {
    let Some(named) = named else { return Truth::Unknown };
    let is_under = |exact: &str, broad: &str| {
        exact.strip_prefix(broad).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    };
    if named.iter().any(|one| values.iter().any(|value| is_under(one, value))) {
        return Truth::True;
    }
    let may_be = named.iter().any(|one| values.iter().any(|value| is_under(value, one)));
    if is_complete && !may_be { Truth::False } else { Truth::Unknown }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde_json::{Value, json};

    use super::*;
    use crate::directory::eligibility::facts::Asked;

    fn facts(said: Value) -> Facts {
        let today: NaiveDate = "2026-03-15".parse().unwrap();
        serde_json::from_value::<Asked>(said).unwrap().facts(today).unwrap()
    }

    fn rule(kind: &str, group: &str, attribute: &str, operator: &str, values: &str) -> Rule {
        let cells = [
            ("kind", kind),
            ("group_no", group),
            ("attribute", attribute),
            ("operator", operator),
            ("values", values),
        ];
        let cells = cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect();
        Rule::of_cells(&format!("{kind} {attribute} {values}"), &cells)
    }

    fn terms(rules: Vec<Rule>) -> Terms {
        Terms { rules, ..Terms::default() }
    }

    fn answer(terms: &Terms, said: Value) -> Answer {
        judge(terms, &facts(said)).answer
    }

    /// Female victims of trafficking under 30: one group of three rules.
    fn women_s_shelter() -> Terms {
        terms(vec![
            rule("required", "1", "sex", "in", "female"),
            rule("required", "1", "population", "in", "PG01"),
            rule("required", "1", "age_months", "between", ",359"),
        ])
    }

    #[test]
    fn a_shelter_for_female_victims_of_trafficking_under_thirty_takes_them_and_asks_about_what_was_not_said()
    {
        let shelter = women_s_shelter();
        let whole = json!({ "sex": "female", "population": ["PG01.presumed"], "age": 29 });
        assert_eq!(answer(&shelter, whole), Answer::Eligible);
        for said in [
            json!({ "sex": "male", "population": ["PG01"], "age": 20 }),
            json!({ "sex": "female", "population": ["PG01"], "age": 30 }),
            json!({ "sex": "female", "population": ["PG04"], "complete": ["population"], "age": 20 }),
            json!({ "sex": "male" }),
        ] {
            assert_eq!(answer(&shelter, said.clone()), Answer::NotEligible, "{said}");
        }
        let judged = judge(&shelter, &facts(json!({ "sex": "female", "age": 20 })));
        assert_eq!(judged.answer, Answer::NotKnown);
        let asks: Vec<Attribute> = judged.decided_by.iter().map(|rule| rule.attribute).collect();
        assert_eq!(asks, [Attribute::Population], "the rule to ask about, and no other");
        let judged = judge(&shelter, &facts(json!({ "sex": "male", "age": 40 })));
        let against: Vec<Attribute> = judged.decided_by.iter().map(|rule| rule.attribute).collect();
        assert_eq!(against, [Attribute::Sex, Attribute::AgeMonths]);
        assert_eq!(answer(&shelter, json!({})), Answer::NotKnown);
    }

    #[test]
    fn a_service_for_migrants_who_have_not_asked_for_asylum_shuts_those_out_who_have() {
        let service = terms(vec![
            rule("required", "1", "everybody", "exists", ""),
            rule("excluded", "1", "migration_status", "in", "asylum_seeker,asylum_seeker_rejected"),
        ]);
        assert_eq!(answer(&service, json!({ "migration_status": ["irregular_entry"] })), Answer::Eligible);
        let judged = judge(&service, &facts(json!({ "migration_status": ["asylum_seeker"] })));
        assert_eq!((judged.answer, judged.decided_by[0].excludes), (Answer::NotEligible, true));
        assert_eq!(answer(&service, json!({})), Answer::NotKnown, "nobody said");
    }

    #[test]
    fn groups_are_alternatives_and_an_exclusion_beats_all_of_them() {
        let service = terms(vec![
            rule("required", "1", "sex", "in", "female"),
            rule("required", "2", "age_months", "between", ",215"),
            rule("excluded", "1", "population", "in", "PG17"),
        ]);
        let boy = |more: Value| {
            let mut said = json!({ "sex": "male", "age": 12, "complete": ["population"], "population": [] });
            said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            said
        };
        assert_eq!(answer(&service, boy(json!({}))), Answer::Eligible);
        assert_eq!(answer(&service, boy(json!({ "age": 18 }))), Answer::NotEligible);
        assert_eq!(answer(&service, boy(json!({ "population": ["PG17"] }))), Answer::NotEligible);
        assert_eq!(answer(&service, boy(json!({ "complete": [] }))), Answer::NotKnown);
    }

    #[test]
    fn an_exclusion_of_several_rules_needs_all_of_them() {
        let service = terms(vec![
            rule("required", "1", "everybody", "exists", ""),
            rule("excluded", "1", "sex", "in", "male"),
            rule("excluded", "1", "age_months", "between", "192,"),
        ]);
        assert_eq!(answer(&service, json!({ "sex": "male", "age": 12 })), Answer::Eligible);
        assert_eq!(answer(&service, json!({ "sex": "male", "age": 16 })), Answer::NotEligible);
        assert_eq!(answer(&service, json!({ "sex": "male" })), Answer::NotKnown);
        assert_eq!(answer(&service, json!({ "sex": "female" })), Answer::Eligible);
    }

    #[test]
    fn silence_and_words_are_never_a_yes_and_never_a_no() {
        assert_eq!(answer(&Terms::default(), json!({ "sex": "female", "age": 20 })), Answer::NotKnown);
        let words =
            Terms { words: Some((String::from("s1"), String::from("by appointment"))), ..Terms::default() };
        let judged = judge(&words, &facts(json!({ "sex": "female" })));
        assert_eq!((judged.answer, judged.decided_by[0].text.as_str()), (Answer::NotKnown, "by appointment"));
        let only_exclusions = terms(vec![rule("excluded", "1", "sex", "in", "male")]);
        assert_eq!(answer(&only_exclusions, json!({ "sex": "female" })), Answer::NotKnown);
        assert_eq!(answer(&only_exclusions, json!({ "sex": "male" })), Answer::NotEligible);
    }

    #[test]
    fn the_truth_table_of_each_operator() {
        let (yes, unknown, no) = (Answer::Eligible, Answer::NotKnown, Answer::NotEligible);
        let cases = [
            (("sex", "in", "female"), json!({ "sex": "Female" }), yes),
            (("sex", "in", "female"), json!({ "sex": "male" }), no),
            (("sex", "in", "female"), json!({}), unknown),
            (("sex", "not_in", "female"), json!({ "sex": "male" }), yes),
            (("sex", "not_in", "female"), json!({ "sex": "female" }), no),
            (("sex", "not_in", "female"), json!({}), unknown),
            (("population", "in", "PG04,PG05"), json!({ "population": ["PG05"] }), yes),
            (("population", "in", "PG04"), json!({ "population": ["PG05"] }), unknown),
            (("population", "in", "PG04"), json!({ "population": ["PG05"], "complete": ["population"] }), no),
            (
                ("population", "in", "PG01.actual"),
                json!({ "population": ["PG01"], "complete": ["population"] }),
                unknown,
            ),
            (("population", "in", "PG1"), json!({ "population": ["PG11"], "complete": ["population"] }), no),
            (("population", "not_in", "PG04"), json!({ "population": ["PG04"] }), no),
            (("population", "not_in", "PG04"), json!({ "population": ["PG05"] }), unknown),
            (("language", "in", "fr"), json!({ "language": ["fr-CA"] }), yes),
            (("registration", "exists", ""), json!({ "registration": ["unhcr"] }), yes),
            (("registration", "exists", ""), json!({ "registration": [] }), unknown),
            (("registration", "exists", ""), json!({ "registration": [], "complete": ["registration"] }), no),
            (
                ("registration", "not_exists", ""),
                json!({ "registration": [], "complete": ["registration"] }),
                yes,
            ),
            (("nationality", "exists", ""), json!({ "nationality": [] }), no),
            (("nationality", "not_exists", ""), json!({ "nationality": [] }), yes),
            (("age_months", "between", "192,215"), json!({ "age": 16 }), yes),
            (("age_months", "between", "192,215"), json!({ "age_months": [191, 191] }), no),
            (("age_months", "between", "192,215"), json!({ "age_months": [192, 192] }), yes),
            (("age_months", "between", "192,215"), json!({ "age_months": [215, 215] }), yes),
            (("age_months", "between", "192,215"), json!({ "age_months": [216, 216] }), no),
            (("age_months", "between", "192,215"), json!({ "age_months": [180, 200] }), unknown),
            (("age_months", "between", "192,215"), json!({ "born": "2010-03-15" }), yes),
            (("age_months", "between", "192,215"), json!({ "born": "2010-03-16" }), no),
            (("other", "exists", ""), json!({ "sex": "male" }), unknown),
            (("everybody", "exists", ""), json!({}), yes),
        ];
        for ((attribute, operator, values), said, expected) in cases {
            let terms = terms(vec![rule("required", "1", attribute, operator, values)]);
            assert_eq!(answer(&terms, said.clone()), expected, "{attribute} {operator} {values}: {said}");
            let against = self::terms(vec![
                rule("required", "1", "everybody", "exists", ""),
                rule("excluded", "1", attribute, operator, values),
            ]);
            let opposite = match expected {
                Answer::Eligible => no,
                Answer::NotKnown => unknown,
                Answer::NotEligible => yes,
            };
            assert_eq!(
                answer(&against, said.clone()),
                opposite,
                "excluded {attribute} {operator} {values}: {said}"
            );
        }
    }

    #[test]
    fn who_comes_first_is_said_and_decides_nothing() {
        let service = terms(vec![
            rule("required", "1", "everybody", "exists", ""),
            rule("priority", "1", "population", "in", "PG04"),
        ]);
        let first = judge(&service, &facts(json!({ "population": ["PG04"] })));
        assert_eq!((first.answer, first.priority), (Answer::Eligible, true));
        let other = judge(&service, &facts(json!({ "population": ["PG05"] })));
        assert_eq!((other.answer, other.priority), (Answer::Eligible, false));
    }

    #[test]
    fn a_place_with_rules_of_its_own_narrows_only_itself() {
        let women = vec![rule("required", "1", "sex", "in", "female")];
        let men = vec![rule("required", "1", "sex", "in", "male")];
        let both = Terms { places: vec![women.clone(), men], ..Terms::default() };
        assert_eq!(answer(&both, json!({ "sex": "male" })), Answer::Eligible);
        let only = Terms { places: vec![women], ..Terms::default() };
        assert_eq!(answer(&only, json!({ "sex": "male" })), Answer::NotEligible);
        assert_eq!(answer(&only, json!({})), Answer::NotKnown);
    }

    #[test]
    fn the_ages_of_hsds_stand_beside_every_group() {
        let ages = [("minimum_age", "18")].map(|(column, cell)| (column.to_owned(), cell.to_owned())).into();
        let service = Terms { ages: Rule::of_ages("s1", &ages), ..Terms::default() };
        assert_eq!(answer(&service, json!({ "age": 18 })), Answer::Eligible);
        assert_eq!(answer(&service, json!({ "age": 17 })), Answer::NotEligible);
        assert_eq!(answer(&service, json!({})), Answer::NotKnown);
    }
}
