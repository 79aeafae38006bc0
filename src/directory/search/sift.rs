//! What of a part of the directory fits a search.

use std::{cmp::Reverse, collections::HashSet};

use super::{
    Filter, Narrow, Sieve,
    index::{Entry, Layer},
    rank,
    sphere::Around,
};
use crate::{
    directory::{
        eligibility::{Answer, Eligibility, Terms, judge},
        hours::Open,
    },
    kernel::Timestamp,
};

/// Services by their numbers, in order, each with what it counts.
#[derive(Debug, Default)]
struct Listed {
    numbers: Vec<u32>,
    /// What each counts; empty where that is nothing.
    counts: Vec<f64>,
}

impl Listed {
    /// What is within a circle, with how far its nearest place is.
    fn near(layer: &Layer, around: Around) -> Self {
        let found = layer.segment.within(around).map(|(number, _, metres)| (number, metres));
        Self::best(found.collect(), |one, other| one.total_cmp(&other))
    }

    /// Of each service what counts most, or least.
    fn best(mut found: Vec<(u32, f64)>, is_before: impl Fn(f64, f64) -> std::cmp::Ordering) -> Self {
        // Most of it is in order already, which the stable sort makes use of.
        found.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| is_before(one.1, other.1)));
        found.dedup_by_key(|(number, _)| *number);
        let (numbers, counts) = found.into_iter().unzip();
        Self { numbers, counts }
    }

    fn has(&self, number: u32) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    fn count(&self, number: u32) -> Option<f64> {
        self.counts.get(self.numbers.binary_search(&number).ok()?).copied()
    }
}

/// What one filter lets through.
#[derive(Debug)]
enum Test<'a> {
    Listed(Listed),
    /// What shows on the service itself.
    Plain(&'a Narrow),
}

/// A layer, with what each filter of a search lets through of it.
#[derive(Debug)]
pub(super) struct Sift<'a> {
    sieve: &'a Sieve,
    layer: &'a Layer,
    tests: Vec<(Filter<'a>, Test<'a>)>,
}

/// A service that fits, by its number, and what is said of it for the person and the moment asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fitting {
    pub(super) number: u32,
    /// What it counts whether it is for the person.
    pub(super) eligible: Option<f64>,
    /// Whether it is open.
    pub(super) open: Option<Open>,
}

/// What fits, and how much is left out because it is not for the person, or closed.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) fitting: Vec<Fitting>,
    pub(super) not_eligible: usize,
    pub(super) closed: usize,
}

impl<'a> Sift<'a> {
    /// Looks up what a search asks for. Where a place is asked for, few are near it, and of words only theirs are looked at.
    pub(super) fn new(sieve: &'a Sieve, layer: &'a Layer) -> Self {
        let near = sieve.around.map(|around| Listed::near(layer, around));
        let mut sift = Self::of(sieve, layer, near.as_ref());
        sift.tests.extend(near.map(|near| (Filter::Place, Test::Listed(near))));
        sift
    }

    /// Looks up all of what each filter lets through, so that one can be left out or the place moved.
    pub(super) fn apart(sieve: &'a Sieve, layer: &'a Layer) -> Self {
        let mut sift = Self::of(sieve, layer, None);
        if let Some(around) = sieve.around {
            sift.move_to(around);
        }
        sift
    }

    fn of(sieve: &'a Sieve, layer: &'a Layer, among: Option<&Listed>) -> Self {
        let segment = &*layer.segment;
        let mut tests = Vec::new();
        for word in &sieve.words {
            let having = segment.having(&word.word, word.alike.keys().map(String::as_str));
            let having = having.filter(|(_, number, _)| among.is_none_or(|among| among.has(*number)));
            let found = having.map(|(text, number, weight)| {
                (number, f64::from(weight.saturating_mul(rank::likeness(word, text))))
            });
            let listed = Listed::best(found.collect(), |one, other| other.total_cmp(&one));
            tests.push((Filter::Word(&word.word), Test::Listed(listed)));
        }
        for (name, narrow) in &sieve.narrowed {
            let test = match narrow {
                Narrow::Facet(facets, values) => {
                    Test::Listed(Listed { numbers: segment.with_facet(facets, values), counts: Vec::new() })
                }
                Narrow::Trusted | Narrow::Member | Narrow::Available(_) | Narrow::VerifiedSince(_) => {
                    Test::Plain(narrow)
                }
            };
            tests.push((Filter::Narrowed(name), test));
        }
        Self { sieve, layer, tests }
    }

    /// Looks up what is near another place, or in another circle, instead.
    pub(super) fn move_to(&mut self, around: Around) {
        let near = Listed::near(self.layer, around);
        self.tests.retain(|(filter, _)| *filter != Filter::Place);
        self.tests.push((Filter::Place, Test::Listed(near)));
    }

    /// A service of this layer.
    pub(super) fn entry(&self, number: u32) -> Option<&'a Entry> {
        self.layer.segment.entry(number)
    }

    /// The services of this layer that have one of some values of one of some facets, in order.
    pub(super) fn with_facet(&self, facets: &[&str], values: &[String]) -> Vec<u32> {
        self.layer.segment.with_facet(facets, values)
    }

    /// The number of the first service that is sorted behind a key.
    pub(super) fn behind(&self, key: &str) -> u32 {
        self.layer.segment.behind(key)
    }

    /// The services that fit, in order of their names; with one filter left out.
    pub(super) fn fitting(&self, left_out: Option<Filter<'_>>) -> Vec<u32> {
        let tests = self.tests.iter().filter(|(filter, _)| !left_out.is_some_and(|out| out.covers(*filter)));
        let tests: Vec<&Test<'_>> = tests.map(|(_, test)| test).collect();
        let mut lists: Vec<&Listed> = tests.iter().filter_map(|test| test.listed()).collect();
        // What has fewest is gone through, and the others are looked up.
        lists.sort_by_key(|listed| Reverse(listed.numbers.len()));
        let fewest = lists.pop();
        let fits = |number: &u32| {
            self.layer.holds(*number)
                && self.entry(*number).is_some_and(|entry| {
                    self.sieve.shows(entry) && tests.iter().all(|test| test.lets(entry, self.sieve.now))
                })
                && lists.iter().all(|listed| listed.has(*number))
        };
        match fewest {
            Some(fewest) => fewest.numbers.iter().copied().filter(fits).collect(),
            None => (0..u32::try_from(self.layer.segment.len()).unwrap_or(u32::MAX)).filter(fits).collect(),
        }
    }

    /// The same without what is not for the person or closed.
    pub(super) fn judged(&self, left_out: Option<Filter<'_>>) -> Judged {
        let sieve = self.sieve;
        let person = sieve.person.as_ref().filter(|_| left_out != Some(Filter::Person));
        let open_at = sieve.open_at.filter(|_| left_out != Some(Filter::Hours));
        let silent = person.map(|facts| judge(&Terms::default(), facts));
        let mut judged = Judged::default();
        for number in self.fitting(left_out) {
            let open = open_at
                .map(|when| self.layer.segment.hours(number).map_or(Open::NotKnown, |hours| hours.at(when)));
            let (eligible, is_shut) = match (person, self.layer.segment.terms(number)) {
                (Some(facts), Some(terms)) => weighed(&judge(terms, facts)),
                (Some(_), None) => silent.as_ref().map_or((None, false), weighed),
                (None, _) => (None, false),
            };
            let is_closed = open == Some(Open::Closed);
            judged.closed = judged.closed.saturating_add(usize::from(is_closed));
            judged.not_eligible = judged.not_eligible.saturating_add(usize::from(is_shut));
            if !is_closed && !is_shut {
                judged.fitting.push(Fitting { number, eligible, open });
            }
        }
        judged
    }

    /// Whether a service is for the person.
    pub(super) fn eligibility(&self, number: u32) -> Option<Eligibility> {
        let facts = self.sieve.person.as_ref()?;
        let terms = self.layer.segment.terms(number);
        Some(terms.map_or_else(|| judge(&Terms::default(), facts), |terms| judge(terms, facts)))
    }

    /// How well a service fits the words, 0 to 1, and how far its nearest place is, in metres.
    pub(super) fn counts(&self, number: u32) -> (Option<f64>, Option<f64>) {
        let (mut words, mut text, mut distance) = (0u32, 0.0, None);
        for (filter, test) in &self.tests {
            let count = test.listed().and_then(|listed| listed.count(number));
            match filter {
                Filter::Word(_) => {
                    words = words.saturating_add(1);
                    text += count.unwrap_or(0.0);
                }
                Filter::Place => distance = count,
                Filter::Text | Filter::Narrowed(_) | Filter::Person | Filter::Hours => {}
            }
        }
        let text = (words > 0).then(|| text / (f64::from(words) * 10_000.0));
        (text, distance)
    }

    /// How many of some services have each value of a facet.
    pub(super) fn facet(&self, facet: &str, of: &HashSet<u32>) -> Vec<(&'a str, usize)> {
        let values = self.layer.segment.facet(facet);
        let counted = values
            .map(|(value, numbers)| (value, numbers.iter().filter(|number| of.contains(number)).count()));
        counted.filter(|(_, services)| *services > 0).collect()
    }
}

fn weighed(judged: &Eligibility) -> (Option<f64>, bool) {
    (Some(rank::eligible(judged)), judged.answer == Answer::NotEligible)
}

impl Test<'_> {
    const fn listed(&self) -> Option<&Listed> {
        match self {
            Self::Listed(listed) => Some(listed),
            Self::Plain(_) => None,
        }
    }

    /// Whether a service passes; lists are looked up elsewhere.
    fn lets(&self, entry: &Entry, now: Timestamp) -> bool {
        match self {
            Self::Listed(_) => true,
            Self::Plain(narrow) => narrow.lets(entry, now),
        }
    }
}
