//! What people ask a directory for.

use chrono::NaiveDate;
use serde_json::json;

use super::{
    dice::Dice,
    organisation::{CATEGORIES, Organisation, population},
};
use crate::directory::{
    eligibility::Asked,
    search::{Around, Search},
};

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::bench) enum Question {
    /// The name of an organisation, in half of the cases with what the service is about, and one typing error.
    Text,
    /// Everything within 10 km of a place where something is offered.
    Radius,
    /// Everything within 10 km of such a place, for a person of whom age, sex and population are said.
    Person,
    /// What a service is about, with one typing error, within 10 km of such a place, for a person.
    Combined,
    /// One word that stands in a quarter of all services: the worst that somebody can ask.
    Common,
}

impl Question {
    /// All kinds, in the order in which they are asked.
    pub(in crate::cli::bench) const ALL: [Self; 5] =
        [Self::Text, Self::Radius, Self::Person, Self::Combined, Self::Common];

    /// Its name in reports.
    pub(in crate::cli::bench) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Radius => "radius",
            Self::Person => "person",
            Self::Combined => "combined",
            Self::Common => "common",
        }
    }

    const fn kind(self) -> u64 {
        match self {
            Self::Text => 11,
            Self::Radius => 12,
            Self::Person => 15,
            Self::Combined => 13,
            Self::Common => 14,
        }
    }
}

/// How far is near, in metres.
const NEAR: f64 = 10_000.0;

/// How many services a page shows somebody who looks for one.
const PAGE: usize = 20;

/// The question of a kind with this number, to a directory of so many organisations, on a day; as the body it is asked with and as the
/// search it is.
pub(in crate::cli::bench) fn question(
    of: Question,
    (number, organisations): (u64, u64),
    today: NaiveDate,
) -> (String, Search) {
    let mut dice = Dice::of(of.kind(), number);
    let organisation = Organisation::with(dice.below(organisations));
    let category = dice.weighted(CATEGORIES).to_lowercase();
    let text = match of {
        Question::Text => {
            let about = organisation.services.first().filter(|_| dice.happens(50));
            let about = about.map(|service| service.category.to_lowercase()).unwrap_or_default();
            format!("{} {about}", mistyped(&organisation.called, &mut dice)).trim_end().to_owned()
        }
        Question::Combined => mistyped(&category, &mut dice),
        Question::Common => String::from("family"),
        Question::Radius | Question::Person => String::new(),
    };
    let is_near = matches!(of, Question::Radius | Question::Person | Question::Combined);
    let at = is_near.then(|| somewhere(&mut dice, organisations));
    let (latitude, longitude) = at.unzip();
    let around = Around::asked(latitude, longitude, at.map(|_| NEAR)).ok().flatten();
    let person = matches!(of, Question::Person | Question::Combined).then(|| {
        let (age, sex) = (dice.below(70), dice.pick(&["female", "male"]));
        json!({ "age": age, "sex": sex, "population": [population(&mut dice)] })
    });
    let query = json!({ "limit": PAGE, "text": text, "lat": latitude, "lon": longitude, "proximity": at.map(|_| NEAR) });
    let body = json!({ "query": query, "person": person }).to_string();
    let asked = person.and_then(|person| serde_json::from_value::<Asked>(person).ok());
    let person = asked.and_then(|asked| asked.facts(today).ok());
    (body, Search { text, around, person, ..Search::default() })
}

/// Near a place where something is offered: where there is more, more people ask.
fn somewhere(dice: &mut Dice, organisations: u64) -> (f64, f64) {
    let known = (0..100).find_map(|_try| {
        let mut off = || (dice.part() - 0.5) / 50.0;
        let (up, round) = (off(), off());
        let organisation = Organisation::with(dice.below(organisations));
        let (latitude, longitude) = organisation.locations.first()?.at?;
        Some((latitude + up, longitude + round))
    });
    known.unwrap_or_default()
}

/// The text with one mistake in its longest word: a letter left out, written twice, exchanged, or swapped with the next.
fn mistyped(text: &str, dice: &mut Dice) -> String {
    let Some(longest) = text.split(' ').max_by_key(|word| word.len()) else { return text.to_owned() };
    let mut letters: Vec<char> = longest.chars().collect();
    // Few mistake the first letter.
    let last = u64::try_from(letters.len().saturating_sub(2)).unwrap_or(0);
    let place = usize::try_from(dice.below(last)).unwrap_or(0).saturating_add(1);
    match dice.below(4) {
        0 if letters.len() > 3 => drop(letters.remove(place)),
        1 => letters.insert(place, letters.get(place).copied().unwrap_or('e')),
        2 if letters.len() > 3 => letters.swap(place, place.saturating_add(1)),
        _ => {
            if let Some(letter) = letters.get_mut(place) {
                *letter = dice.pick(&['a', 'e', 'i', 'n', 'r', 's', 't']);
            }
        }
    }
    text.replace(longest, &letters.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_the_same_each_time_and_hold_one_mistake() {
        for of in Question::ALL {
            let today = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
            let (body, search) = question(of, (5, 1_000), today);
            assert_eq!(body, question(of, (5, 1_000), today).0);
            let is_for_somebody = matches!(of, Question::Person | Question::Combined);
            assert_eq!(search.person.is_some(), is_for_somebody, "{body}");
            assert_eq!(search.around.is_some(), is_for_somebody || of == Question::Radius, "{body}");
        }
        let mut dice = Dice::of(1, 1);
        for _each in 0..200 {
            let typed = mistyped("Harringworth & Co", &mut dice);
            let (word, rest) = typed.split_once(' ').unwrap();
            assert!(strsim::osa_distance(word, "Harringworth") <= 1 && rest == "& Co", "{typed}");
        }
    }
}
