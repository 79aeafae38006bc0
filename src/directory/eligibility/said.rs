//! Whom a service takes as its rules say it: in parts, which a page puts into the words of its language.

use std::collections::BTreeMap;

use super::rule::{Attribute, Kind, Rule, Test, test};

type Cells = BTreeMap<String, String>;

/// The lowest and the highest age in completed months.
type Ages = (Option<u32>, Option<u32>);

/// What one rule says: the words of its source where it gives some, otherwise what words are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<T = String> {
    /// The words of the source.
    Text(T),
    /// An age in completed months, both ends included.
    Age {
        /// The lowest.
        from: Option<u32>,
        /// The highest.
        to: Option<u32>,
    },
    /// One of these values of an attribute, as the source wrote them.
    OneOf(Attribute, Vec<String>),
    /// None of these values.
    NoneOf(Attribute, Vec<String>),
    /// There is some of it.
    Any(Attribute),
    /// There is none of it.
    Without(Attribute),
    /// Everybody.
    Everybody,
    /// Something that only the provider can say.
    Ask,
}

impl<T> Said<T> {
    fn of(cells: &Cells, text: Option<T>) -> Self {
        if let Some(text) = text {
            return Self::Text(text);
        }
        let cell = |column: &str| cells.get(column).map_or("", |cell| cell.trim());
        let attribute = Attribute::from_name(cell("attribute")).unwrap_or(Attribute::Other);
        let values = || {
            let values = cell("values").split(',').map(str::trim).filter(|value| !value.is_empty());
            values.map(str::to_owned).collect()
        };
        match test(attribute, cell("operator"), cell("values")) {
            Some(Test::Between { from, to }) => Self::Age { from, to },
            Some(Test::In(_)) => Self::OneOf(attribute, values()),
            Some(Test::NotIn(_)) => Self::NoneOf(attribute, values()),
            Some(Test::Exists) => Self::Any(attribute),
            Some(Test::NotExists) => Self::Without(attribute),
            Some(Test::Always) => Self::Everybody,
            Some(Test::Words) | None => Self::Ask,
        }
    }
}

/// Whom a service takes. The lines of a list are alternatives; within a line all of it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom<T = String> {
    /// Those it takes; empty where it does not say.
    pub takes: Vec<Vec<Said<T>>>,
    /// Those it does not take, whatever else is said.
    pub refuses: Vec<Vec<Said<T>>>,
    /// Those it takes first.
    pub first: Vec<Vec<Said<T>>>,
}

impl<T> Default for Whom<T> {
    fn default() -> Self {
        Self { takes: Vec::new(), refuses: Vec::new(), first: Vec::new() }
    }
}

impl<T: PartialEq> Whom<T> {
    /// As these rules say it, each with the words that its source gives.
    pub(in crate::directory) fn of_rules<'a>(
        rules: impl IntoIterator<Item = (&'a Cells, Option<T>)>,
    ) -> Self {
        let mut groups: [BTreeMap<i64, Vec<Said<T>>>; 3] =
            [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        let [takes, refuses, first] = &mut groups;
        for (cells, text) in rules {
            let list = match Kind::of_cells(cells) {
                Kind::Required => &mut *takes,
                Kind::Excluded => &mut *refuses,
                Kind::Priority => &mut *first,
            };
            let group = cells.get("group_no").and_then(|group| group.trim().parse().ok()).unwrap_or(0);
            let (line, said) = (list.entry(group).or_default(), Said::of(cells, text));
            if !line.contains(&said) {
                line.push(said);
            }
        }
        let [takes, refuses, first] = groups.map(|lines| lines.into_values().map(plain).collect());
        Self { takes, refuses, first }
    }

    /// With what the row of a service says itself: its words where no rule says whom it takes, and its ages.
    pub(in crate::directory) fn with(mut self, cells: &Cells, words: Option<T>) -> Self {
        if let Some(words) = words.filter(|_| self.takes.is_empty()) {
            self.takes.push(vec![Said::Text(words)]);
        }
        let Some(Test::Between { from, to }) = Rule::of_ages("", cells).map(|rule| rule.test) else {
            return self;
        };
        let age = || Said::Age { from, to };
        if self.takes.is_empty() {
            self.takes.push(Vec::new());
        }
        for line in self.takes.iter_mut().filter(|line| !line.contains(&age())) {
            line.insert(0, age());
        }
        self.takes = self.takes.into_iter().map(plain).collect();
        self
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.takes.is_empty() && self.refuses.is_empty() && self.first.is_empty()
    }
}

/// A line without what adds nothing: that everybody is meant, where something narrows it.
fn plain<T: PartialEq>(mut line: Vec<Said<T>>) -> Vec<Said<T>> {
    if line.iter().any(|said| *said != Said::Everybody) {
        line.retain(|said| *said != Said::Everybody);
    }
    line
}

/// The lowest and the highest age that rules leave open, in completed months. A group without an age leaves all of them open.
pub(in crate::directory) fn ages<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Ages {
    let (mut takes, mut refuses) = (BTreeMap::new(), BTreeMap::new());
    for rule in rules {
        let groups: &mut BTreeMap<i64, Vec<&Test>> = match rule.kind {
            Kind::Required => &mut takes,
            Kind::Excluded => &mut refuses,
            Kind::Priority => continue,
        };
        groups.entry(rule.group).or_default().push(&rule.test);
    }
    let within = |group: &Vec<&Test>| -> Ages {
        let ages = group.iter().filter_map(|test| match test {
            Test::Between { from, to } => Some((*from, *to)),
            Test::In(_) | Test::NotIn(_) | Test::Exists | Test::NotExists | Test::Always | Test::Words => {
                None
            }
        });
        ages.fold((None, None), |(from, to), (later, sooner)| (higher(from, later), lower(to, sooner)))
    };
    let widest = |(from, to): Ages, (other_from, other_to): Ages| -> Ages {
        let from = from.zip(other_from).map(|(one, other)| one.min(other));
        (from, to.zip(other_to).map(|(one, other)| one.max(other)))
    };
    let allowed = takes.values().map(within).reduce(widest).unwrap_or_default();
    // Only an age that alone shuts people out does so whoever they are.
    let shut = refuses.values().filter_map(|group| match group.as_slice() {
        [Test::Between { from: None, to: Some(to) }] => Some((to.checked_add(1), None)),
        [Test::Between { from: Some(from), to: None }] => Some((None, from.checked_sub(1))),
        _ => None,
    });
    shut.fold(allowed, |(from, to), (later, sooner)| (higher(from, later), lower(to, sooner)))
}

fn higher(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    one.max(other)
}

fn lower(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    one.into_iter().chain(other).min()
}

/// The years of `minimum_age` that a number of completed months is.
pub(in crate::directory) fn minimum_age(months: u32) -> String {
    let (years, rest) = (months / 12, months % 12);
    if rest == 0 {
        return years.to_string();
    }
    let text = format!("{:.2}", f64::from(months) / 12.0);
    text.trim_end_matches('0').to_owned()
}

/// The years of `maximum_age` that a number of completed months is: who is 17 is so until the day before the birthday.
pub(in crate::directory) fn maximum_age(months: u32) -> String {
    (months / 12).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: &[(&str, &str)]) -> Cells {
        cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
    }

    fn rule((kind, group): (&str, &str), attribute: &str, operator: &str, values: &str) -> Cells {
        cells(&[
            ("kind", kind),
            ("group_no", group),
            ("attribute", attribute),
            ("operator", operator),
            ("values", values),
        ])
    }

    fn whom(rules: &[Cells]) -> Whom {
        Whom::of_rules(rules.iter().map(|cells| (cells, None)))
    }

    #[test]
    fn rules_of_a_group_stand_in_a_line_and_what_shuts_out_stands_apart() {
        let rules = [
            rule(("required", "1"), "sex", "in", "female"),
            rule(("required", "2"), "population", "in", "PG04, PG05.presumed"),
            rule(("required", "1"), "age_months", "between", "216,"),
            rule(("excluded", "1"), "migration_status", "in", "asylum_seeker"),
            rule(("priority", "1"), "health", "not_in", "trauma"),
            rule(("required", "3"), "other", "in", "x"),
        ];
        let said = whom(&rules);
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            said.takes,
            [
                vec![
                    Said::OneOf(Attribute::Sex, owned(&["female"])),
                    Said::Age { from: Some(216), to: None }
                ],
                vec![Said::OneOf(Attribute::Population, owned(&["PG04", "PG05.presumed"]))],
                vec![Said::Ask],
            ]
        );
        assert_eq!(said.refuses, [[Said::OneOf(Attribute::MigrationStatus, owned(&["asylum_seeker"]))]]);
        assert_eq!(said.first, [[Said::NoneOf(Attribute::Health, owned(&["trauma"]))]]);
    }

    #[test]
    fn the_words_of_a_source_come_first_and_ages_of_a_service_hold_in_every_line() {
        let rules = [
            rule(("required", "1"), "everybody", "exists", ""),
            rule(("required", "2"), "sex", "in", "female"),
        ];
        let texts = [None, Some(String::from("women"))];
        let service = cells(&[("minimum_age", "16"), ("maximum_age", "17")]);
        let (age, words) = (Said::Age { from: Some(192), to: Some(215) }, Said::Text(String::from("women")));
        let said = Whom::of_rules(rules.iter().zip(texts)).with(&service, Some(String::from("left out")));
        assert_eq!(said.takes, [vec![age.clone()], vec![age.clone(), words.clone()]]);
        let bare = Whom::default().with(&service, Some(String::from("women")));
        assert_eq!(bare.takes, [vec![age.clone(), words]]);
        assert_eq!(Whom::<String>::default().with(&service, None).takes, [[age]]);
        assert!(Whom::<String>::default().with(&cells(&[]), None).is_empty());
    }

    #[test]
    fn what_shuts_some_out_says_nothing_of_whom_it_takes() {
        let shut = [rule(("excluded", "1"), "sex", "in", "male")];
        let said = whom(&shut).with(&cells(&[]), Some(String::from("by appointment")));
        assert_eq!(said.takes, [[Said::Text(String::from("by appointment"))]]);
        assert!(whom(&shut).takes.is_empty() && !whom(&shut).is_empty());
    }

    #[test]
    fn ages_that_rules_leave_open_are_those_of_all_groups() {
        let of = |rules: &[Cells]| {
            let rules: Vec<Rule> = rules.iter().map(|cells| Rule::of_cells("", cells)).collect();
            ages(&rules)
        };
        let young = rule(("required", "1"), "age_months", "between", ",215");
        let old = rule(("required", "2"), "age_months", "between", "720,");
        let between = rule(("required", "3"), "age_months", "between", "144,359");
        let female = rule(("required", "4"), "sex", "in", "female");
        assert_eq!(of(&[young.clone(), between.clone()]), (None, Some(359)));
        assert_eq!(of(&[between.clone(), old.clone()]), (Some(144), None));
        assert_eq!(of(&[between.clone(), female]), (None, None), "women of any age");
        let minors = rule(("excluded", "1"), "age_months", "between", ",215");
        assert_eq!(of(&[minors.clone(), between.clone()]), (Some(216), Some(359)));
        assert_eq!(of(std::slice::from_ref(&minors)), (Some(216), None));
        let men = rule(("excluded", "1"), "sex", "in", "male");
        assert_eq!(of(&[minors, men]), (None, None), "boys, and no girls");
        assert_eq!(of(&[rule(("priority", "1"), "age_months", "between", ",71")]), (None, None));
        assert_eq!([minimum_age(192), minimum_age(6), minimum_age(200)], ["16", "0.5", "16.67"]);
        assert_eq!([maximum_age(215), maximum_age(359)], ["17", "29"]);
    }
}
