//! Why nothing was found: what there would be without each thing that was asked for. Counts hold only what the viewer may see.

use std::collections::HashSet;

use serde::Serialize;

use super::{
    Filter, Sieve, Sought,
    index::{Held, Layer},
    sift::Sift,
    sphere::Around,
};

/// Why nothing was found.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Nothing {
    /// How many services there are to find without any filter.
    pub services: usize,
    /// How many would be found with one filter left out.
    pub without: Vec<Without>,
    /// The next wider circle in which something is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wider: Option<Wider>,
}

/// How many would be found with one filter left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Without {
    /// The filter: `doubtful` (what is flagged or stale is left out), `text`, `word`, `service`, `members_only`, `taxonomy_term`, `language`, `availability`, `verified_since`, `area`, `agreement_id`, `proximity`,
    /// `open_at` or `person`.
    pub filter: &'static str,
    /// Which word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// How many there would be.
    pub services: usize,
}

/// A wider circle.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Wider {
    /// Its radius in metres.
    pub proximity: f64,
    /// How many services are in it.
    pub services: usize,
}

impl Filter<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Word(_) => "word",
            Self::Narrowed(name) => name,
            Self::Place => "proximity",
            Self::Person => "person",
            Self::Hours => "open_at",
        }
    }
}

/// Counts what there would be.
pub(super) fn explain(sieve: &Sieve, held: &Held) -> Nothing {
    let anywhere: Vec<Left<'_>> = sieve.around.map_or_else(Vec::new, |_| left(sieve, held, Filter::Place));
    let mut without = Vec::new();
    for filter in filters(sieve) {
        let services =
            if filter == Filter::Place { count(&anywhere) } else { count(&left(sieve, held, filter)) };
        let word = if let Filter::Word(word) = filter { Some(word.to_owned()) } else { None };
        // What is doubtful was not asked away by anybody: worth a word only when there is some.
        if services > 0 || filter != Filter::Narrowed("doubtful") {
            without.push(Without { filter: filter.name(), word, services });
        }
    }
    Nothing { services: held.open(sieve.viewer), without, wider: wider(sieve, &anywhere) }
}

/// What fits in a layer with one filter left out, by the numbers of services.
type Left<'a> = (&'a Layer, Vec<u32>);

/// What fits, is not shut to the person and not closed, with one filter left out.
fn left<'a>(sieve: &Sieve, held: &'a Held, out: Filter<'_>) -> Vec<Left<'a>> {
    let numbers = |layer: &Layer| {
        let fitting = Sift::new(sieve, layer, Some(out)).judged().fitting;
        fitting.into_iter().map(|fitting| fitting.number).collect()
    };
    held.layers().iter().map(|layer| (layer, numbers(layer))).collect()
}

fn count(left: &[Left<'_>]) -> usize {
    left.iter().map(|(_, numbers)| numbers.len()).sum()
}

fn filters(sieve: &Sieve) -> Vec<Filter<'_>> {
    let text = (!sieve.words.is_empty()).then_some(Filter::Text);
    let words =
        sieve.words.iter().filter(|_| sieve.words.len() > 1).map(|Sought { word, .. }| Filter::Word(word));
    let narrowed = sieve.narrowed.iter().map(|(name, _)| Filter::Narrowed(name));
    let person = sieve.person.as_ref().map(|_| Filter::Person);
    let place = sieve.around.map(|_| Filter::Place);
    let hours = sieve.open_at.map(|_| Filter::Hours);
    text.into_iter().chain(words).chain(narrowed).chain(place).chain(hours).chain(person).collect()
}

/// The next wider circle that holds some of what fits anywhere.
fn wider(sieve: &Sieve, anywhere: &[Left<'_>]) -> Option<Wider> {
    let mut next = sieve.around.filter(|_| count(anywhere) > 0).and_then(Around::wider);
    while let Some(around) = next {
        let within = |(layer, fitting): &Left<'_>| {
            let near = layer.segment.within(around).map(|(number, ..)| number);
            near.filter(|number| fitting.binary_search(number).is_ok()).collect::<HashSet<u32>>().len()
        };
        let services = anywhere.iter().map(within).sum();
        if services > 0 {
            return Some(Wider { proximity: around.metres, services });
        }
        next = around.wider();
    }
    None
}
