//! Whom a service takes and whom it does not, in the language of a page.

use fluent_bundle::{FluentArgs, FluentValue};

use super::words::Words;
use crate::{
    directory::{
        Leaf,
        eligibility::{self, Attribute, Said},
    },
    policy::{Policy, PopulationCode},
};

/// A few of whom something is said.
pub(super) struct Told {
    /// What is said of them.
    pub(super) label: String,
    /// They, one of these lines being enough.
    pub(super) lines: Vec<String>,
}

/// Everything that a service says of whom it takes, wherever it is and at its places.
pub(super) fn of_leaf(leaf: &Leaf, policy: &Policy, words: Words) -> Vec<Told> {
    let say = Say { policy, words };
    let mut told = say.lists(&leaf.whom, None);
    // Silence is no invitation.
    if leaf.whom.takes.is_empty() && leaf.places.iter().all(|place| place.whom.takes.is_empty()) {
        let unsaid = Told { label: words.t("service-takes"), lines: vec![words.t("service-takes-unsaid")] };
        told.insert(0, unsaid);
    }
    for place in &leaf.places {
        let called = [&place.name, &place.address].into_iter().find(|name| !name.is_empty());
        let called = called.cloned().unwrap_or_else(|| words.t("whom-some-place"));
        told.extend(say.lists(&place.whom, Some(&called)));
    }
    told
}

/// Whom a service takes, and whom it does not, each in one line of a list; nothing where it does not say.
pub(super) fn in_short(whom: &eligibility::Whom, policy: &Policy, words: Words) -> [Option<String>; 2] {
    let say = Say { policy, words };
    [&whom.takes, &whom.refuses].map(|lines| {
        let lines = lines.iter().map(|line| say.line(line));
        lines.reduce(|all, line| format!("{all}; {}", words.with("whom-or", "line", line)))
    })
}

struct Say<'a> {
    policy: &'a Policy,
    words: Words,
}

impl Say<'_> {
    fn lists(&self, whom: &eligibility::Whom, place: Option<&str>) -> Vec<Told> {
        let lists = [
            ("service-takes", "whom-takes-at", &whom.takes),
            ("whom-refuses", "whom-refuses-at", &whom.refuses),
            ("whom-first", "whom-first-at", &whom.first),
        ];
        let told = lists.into_iter().filter(|(_, _, lines)| !lines.is_empty()).map(|(key, at, lines)| {
            let label = place.map_or_else(|| self.words.t(key), |place| self.words.with(at, "place", place));
            let lines = lines.iter().enumerate().map(|(number, line)| {
                let line = self.line(line);
                if number == 0 { line } else { self.words.with("whom-or", "line", line) }
            });
            Told { label, lines: lines.collect() }
        });
        told.collect()
    }

    /// What holds together.
    fn line(&self, line: &[Said]) -> String {
        let parts = line.iter().map(|said| self.said(said));
        parts.reduce(|one, other| self.two("whom-both", ("one", one), ("other", other))).unwrap_or_default()
    }

    fn two(
        &self,
        key: &str,
        (one, with): (&'static str, String),
        (other, and): (&'static str, String),
    ) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set(one, FluentValue::from(with));
        arguments.set(other, FluentValue::from(and));
        self.words.filled(key, &arguments)
    }

    fn said(&self, said: &Said) -> String {
        match said {
            Said::Text(text) => text.clone(),
            Said::Age { from, to } => self.age((from.filter(|from| *from > 0 || to.is_none()), *to)),
            Said::OneOf(attribute, values) => self.named(*attribute, self.either(*attribute, values)),
            Said::NoneOf(attribute, values) => {
                let none = self.words.with("whom-not", "values", self.either(*attribute, values));
                self.named(*attribute, none)
            }
            Said::Any(attribute) => self.words.with("whom-any", "what", self.called(*attribute)),
            Said::Without(attribute) => self.words.with("whom-without", "what", self.called(*attribute)),
            Said::Everybody => self.words.t("whom-everybody"),
            Said::Ask => self.words.t("whom-ask"),
        }
    }

    fn age(&self, (from, to): (Option<u32>, Option<u32>)) -> String {
        match (from, to) {
            (Some(from), Some(to)) => {
                // The rest of the last year belongs to it.
                let to = if to > 11 && to % 12 == 11 { to.saturating_sub(11) } else { to };
                self.two("whom-age-between", ("from", self.span(from)), ("to", self.span(to)))
            }
            (Some(from), None) => self.words.with("whom-age-from", "age", self.span(from)),
            (None, Some(to)) if to % 12 == 11 => {
                self.words.with("whom-age-below", "age", self.span(to.saturating_add(1)))
            }
            (None, Some(to)) => self.words.with("whom-age-to", "age", self.span(to)),
            (None, None) => self.words.t("whom-everybody"),
        }
    }

    /// Completed months in years and months.
    fn span(&self, months: u32) -> String {
        let years = || self.words.with("whom-years", "count", i64::from(months / 12));
        let rest = || self.words.with("whom-months", "count", i64::from(months % 12));
        match (months / 12, months % 12) {
            (_, 0) => years(),
            (0, _) => rest(),
            _ => self.two("whom-span", ("years", years()), ("months", rest())),
        }
    }

    fn called(&self, attribute: Attribute) -> String {
        self.words.word("whom-attribute", attribute.name())
    }

    /// Values with what they are of, where they do not say it themselves.
    fn named(&self, attribute: Attribute, values: String) -> String {
        if matches!(attribute, Attribute::Sex | Attribute::Population) {
            return values;
        }
        self.two("whom-of", ("what", self.called(attribute)), ("values", values))
    }

    fn either(&self, attribute: Attribute, values: &[String]) -> String {
        let values = values.iter().map(|value| self.value(attribute, value));
        values
            .reduce(|one, other| self.two("whom-either", ("one", one), ("other", other)))
            .unwrap_or_default()
    }

    fn value(&self, attribute: Attribute, value: &str) -> String {
        let room = match attribute {
            Attribute::Sex => Some("whom-sex"),
            Attribute::MigrationStatus => Some("whom-status"),
            Attribute::Population => return self.population(value),
            Attribute::AgeMonths
            | Attribute::Gender
            | Attribute::Nationality
            | Attribute::ResidenceArea
            | Attribute::Registration
            | Attribute::FamilySituation
            | Attribute::Health
            | Attribute::Language
            | Attribute::Income
            | Attribute::ReferralOrigin
            | Attribute::Everybody
            | Attribute::Other => None,
        };
        let said = room.map(|room| (room, self.words.word(room, &value.to_lowercase())));
        match said {
            Some((room, said)) if !said.starts_with(room) => said,
            _ => value.replace('_', " "),
        }
    }

    fn population(&self, value: &str) -> String {
        let (code, qualifier) = value.split_once('.').unwrap_or((value, ""));
        let known: Option<PopulationCode> = code.trim().to_uppercase().parse().ok();
        let known = known.and_then(|code| self.policy.population(&code));
        let Some(known) = known else { return value.to_owned() };
        let group = self.words.code(known.code.as_str(), &known.label);
        if qualifier.is_empty() {
            return group;
        }
        let qualifier = qualifier.replace('_', " ");
        self.two("whom-qualified", ("group", group), ("qualifier", qualifier))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::Language, *};
    use crate::directory::eligibility::{ATTRIBUTES, Whom};

    fn say(language: Language) -> Say<'static> {
        Say { policy: Policy::builtin(), words: Words { language } }
    }

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn what_is_asked_about_and_its_values_have_words_in_every_language() {
        let statuses = [
            "asylum_seeker",
            "asylum_seeker_rejected",
            "citizen",
            "resident_regular",
            "student_regular",
            "worker_regular",
            "irregular_entry",
            "irregular_overstay",
            "refugee",
            "stateless",
            "other",
            "dont_know",
            "refused",
        ];
        for language in Language::ALL {
            let words = Words { language };
            for (room, names) in [
                ("whom-attribute", ATTRIBUTES),
                ("whom-sex", &["female", "male", "other"][..]),
                ("whom-status", &statuses[..]),
            ] {
                for name in names {
                    assert!(!words.word(room, name).starts_with(room), "{room} {name} {}", language.tag());
                }
            }
        }
    }

    #[test]
    fn rules_without_words_are_said_in_the_language_of_the_page() {
        let line = |language, line: &[Said]| say(language).line(line);
        let women =
            [Said::OneOf(Attribute::Sex, owned(&["female"])), Said::Age { from: Some(216), to: None }];
        assert_eq!(line(Language::En, &women), "women and girls, and aged 18 years or more");
        assert_eq!(line(Language::Fr, &women), "femmes et filles, et 18 ans ou plus");
        assert_eq!(line(Language::En, &[Said::Age { from: None, to: Some(359) }]), "under 30 years");
        assert_eq!(
            line(Language::En, &[Said::Age { from: Some(6), to: Some(23) }]),
            "aged 6 months to 1 year"
        );
        let alone = [Said::OneOf(Attribute::Population, owned(&["PG04", "pg01.presumed"]))];
        assert_eq!(line(Language::En, &alone), "Unaccompanied child or Victim of trafficking (presumed)");
        assert_eq!(line(Language::Fr, &alone), "Enfant non accompagné ou Victime de la traite (presumed)");
        let permit = [Said::NoneOf(Attribute::MigrationStatus, owned(&["asylum_seeker", "x_y"]))];
        assert_eq!(line(Language::En, &permit), "migration status: not asked for asylum or x y");
        for language in [Language::Es, Language::Ar] {
            let said = line(language, &permit);
            assert!(!said.contains("whom-") && !said.contains("asylum"), "{said}");
        }
    }

    #[test]
    fn what_shuts_some_out_stands_by_itself_and_silence_is_no_invitation() {
        let whom = Whom { refuses: vec![vec![Said::Everybody]], ..Whom::default() };
        let leaf = Leaf { whom, ..Leaf::default() };
        let words = Words { language: Language::En };
        let told = of_leaf(&leaf, Policy::builtin(), words);
        let told: Vec<(&str, Vec<&str>)> = told
            .iter()
            .map(|one| (one.label.as_str(), one.lines.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(told, [("Takes", vec!["Not said. Ask them."]), ("Does not take", vec!["everybody"])]);
    }
}
