//! Whom a service takes, in the words of a page to print and of documents.

use super::words::Words;
use crate::{
    directory::eligibility::{ATTRIBUTES, Attribute, Said, Whom},
    policy::{Policy, PopulationCode},
};

/// Everything that is said, line by line; `part` says what a rule does.
pub(in crate::directory) fn lines<T>(
    whom: &Whom<T>,
    words: &Words,
    part: impl Fn(&Said<T>) -> String,
) -> Vec<String> {
    let own = &words.whom;
    let lists = [(own.takes, &whom.takes), (own.refuses, &whom.refuses), (own.first, &whom.first)];
    let told = lists.into_iter().filter(|(_, lines)| !lines.is_empty()).map(|(begin, lines)| {
        let line = |line: &Vec<Said<T>>| line.iter().map(&part).collect::<Vec<_>>().join(own.and);
        format!("{begin}: {}", lines.iter().map(line).collect::<Vec<_>>().join(own.or))
    });
    told.collect()
}

/// What a rule says to which its source gives no words; nothing for one with some.
pub(in crate::directory) fn generated<T>(said: &Said<T>, words: &Words) -> String {
    let own = &words.whom;
    match said {
        Said::Text(_) => String::new(),
        Said::Age { from, to } => age((from.filter(|from| *from > 0 || to.is_none()), *to), words),
        Said::OneOf(attribute, values) => named(*attribute, &either(*attribute, values, words), words),
        Said::NoneOf(attribute, values) => {
            let none = own.none_of.replace("{}", &either(*attribute, values, words));
            named(*attribute, &none, words)
        }
        Said::Any(attribute) => own.any.replace("{}", called(*attribute, words)),
        Said::Without(attribute) => own.without.replace("{}", called(*attribute, words)),
        Said::Everybody => own.everybody.to_owned(),
        Said::Ask => own.ask.to_owned(),
    }
}

fn age((from, to): (Option<u32>, Option<u32>), words: &Words) -> String {
    let own = &words.whom;
    match (from, to) {
        (Some(from), Some(to)) => {
            let begun = own.age_between.replacen("{}", &years(from), 1);
            begun.replacen("{}", &last_years(to), 1)
        }
        (Some(from), None) => own.age_from.replace("{}", &years(from)),
        (None, Some(to)) => own.age_to.replace("{}", &last_years(to)),
        (None, None) => own.everybody.to_owned(),
    }
}

/// Completed months as years.
fn years(months: u32) -> String {
    let tenths = months.saturating_mul(10) / 12;
    match (tenths / 10, tenths % 10) {
        (years, 0) => years.to_string(),
        (years, tenths) => format!("{years}.{tenths}"),
    }
}

/// The same of the highest age: the rest of its last year belongs to it.
fn last_years(months: u32) -> String {
    if months > 11 && months % 12 == 11 { (months / 12).to_string() } else { years(months) }
}

fn called(attribute: Attribute, words: &Words) -> &'static str {
    let place = ATTRIBUTES.iter().position(|name| *name == attribute.name());
    place.and_then(|place| words.whom.attributes.get(place)).copied().unwrap_or_default()
}

/// Values with what they are of, where they do not say it themselves.
fn named(attribute: Attribute, values: &str, words: &Words) -> String {
    if matches!(attribute, Attribute::Sex | Attribute::Population) {
        return values.to_owned();
    }
    format!("{}: {values}", called(attribute, words))
}

fn either(attribute: Attribute, values: &[String], words: &Words) -> String {
    let values: Vec<String> = values.iter().map(|value| word(attribute, value, words)).collect();
    values.join(words.whom.either)
}

/// A value as people read it.
fn word(attribute: Attribute, value: &str, words: &Words) -> String {
    let [female, male, other] = words.whom.sexes;
    let own = match (attribute, value.to_lowercase().as_str()) {
        (Attribute::Sex, "female") => Some(female.to_owned()),
        (Attribute::Sex, "male") => Some(male.to_owned()),
        (Attribute::Sex, "other") => Some(other.to_owned()),
        (Attribute::Population, _) => population(value, words),
        _ => None,
    };
    own.unwrap_or_else(|| value.replace('_', " "))
}

/// What a population group is called, as far as every node calls it so. The policy does in English; elsewhere its code stands beside that. A
/// group that a node added stands as its code.
fn population(value: &str, words: &Words) -> Option<String> {
    let (code, qualifier) = value.split_once('.').unwrap_or((value, ""));
    let code: PopulationCode = code.trim().to_uppercase().parse().ok()?;
    let label = &Policy::builtin().population(&code)?.label;
    let mut said = if words.tag == "en" { label.clone() } else { format!("{code} ({label})") };
    if !qualifier.is_empty() {
        said = format!("{said} ({})", qualifier.replace('_', " "));
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::words, *};

    fn whom(rules: &[(&str, &str, &str, &str)]) -> Whom {
        let rules: Vec<BTreeMap<String, String>> = rules
            .iter()
            .zip(1..)
            .map(|((kind, attribute, operator, values), group)| {
                let cells = [
                    ("kind", *kind),
                    ("attribute", *attribute),
                    ("operator", *operator),
                    ("values", *values),
                ];
                let mut cells: BTreeMap<String, String> =
                    cells.map(|(column, cell)| (column.to_owned(), cell.to_owned())).into();
                cells.insert(String::from("group_no"), group.to_string());
                cells
            })
            .collect();
        Whom::of_rules(rules.iter().map(|cells| (cells, None)))
    }

    fn said(rules: &[(&str, &str, &str, &str)], lang: &str) -> Vec<String> {
        let words = words::of(Some(&lang.parse().unwrap()));
        lines(&whom(rules), words, |said| generated(said, words))
    }

    #[test]
    fn rules_without_words_are_said_in_the_language_of_the_page() {
        let rules = [
            ("required", "sex", "in", "female"),
            ("required", "age_months", "between", ",71"),
            ("required", "population", "in", "pg04,PG01.presumed"),
            ("excluded", "migration_status", "not_in", "asylum_seeker"),
            ("priority", "registration", "exists", ""),
        ];
        assert_eq!(
            said(&rules, "en"),
            [
                "Takes: women and girls; or up to 5 years; or Unaccompanied child or Victim of trafficking (presumed)",
                "Does not take: migration status: not asylum seeker",
                "Takes first: with: registration",
            ]
        );
        let french = said(&rules, "fr");
        assert!(
            french[0].starts_with("Accueille: femmes et filles ; ou jusqu’à 5 ans ; ou PG04"),
            "{french:?}"
        );
        for lang in ["es", "pt", "ar"] {
            let said = said(&rules, lang);
            assert!(said.len() == 3 && !said.concat().contains("women"), "{said:?}");
        }
    }

    #[test]
    fn ages_are_years_and_parts_of_a_year() {
        let age = |values: &str| said(&[("required", "age_months", "between", values)], "en").concat();
        assert_eq!(age("216,"), "Takes: 18 years or older");
        assert_eq!(age("192,251"), "Takes: 16 to 20 years");
        assert_eq!(age("0,6"), "Takes: up to 0.5 years");
    }
}
