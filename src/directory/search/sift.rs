//! What of a part of the directory fits a search.

use std::{cmp::Reverse, collections::HashSet};

use super::{
    Filter, Narrow, Sieve, Sought,
    away::{Away, Far},
    index::{Entry, Layer, Segment, Spellings},
    rank,
    sphere::Around,
};
use crate::{
    directory::{
        eligibility::{Answer, Eligibility, Facts, Terms, judge},
        hours::{Open, When},
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
    /// What has a word, with what the best of its spellings counts there.
    fn worded(segment: &Segment, spellings: &Spellings) -> Self {
        let found = segment.having(spellings);
        if spellings.posts.saturating_mul(MANY) < segment.len() {
            let mut found: Vec<(u32, u32)> = found.collect();
            found.sort_unstable_by_key(|(number, count)| (*number, Reverse(*count)));
            found.dedup_by_key(|(number, _)| *number);
            return found.into_iter().map(|(number, count)| (number, f64::from(count))).collect();
        }
        let mut best = vec![0u16; segment.len()];
        for (number, count) in found {
            let count = u16::try_from(count).unwrap_or(u16::MAX);
            if let Some(best) = usize::try_from(number).ok().and_then(|number| best.get_mut(number)) {
                *best = count.max(*best);
            }
        }
        let found = (0u32..).zip(best).filter(|(_, count)| *count > 0);
        found.map(|(number, count)| (number, f64::from(count))).collect()
    }

    /// The same, of these only.
    fn worded_among(segment: &Segment, spellings: &Spellings, among: &Self) -> Self {
        if among.numbers.len().saturating_mul(WORDS) < spellings.posts {
            let counted = |number| Some((number, segment.count(spellings, number)?.into()));
            return among.numbers.iter().copied().filter_map(counted).collect();
        }
        let worded = Self::worded(segment, spellings);
        let mut known = Seeker(&among.numbers);
        worded.numbers.into_iter().zip(worded.counts).filter(|(number, _)| known.finds(*number)).collect()
    }

    fn has(&self, number: u32) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }
}

impl FromIterator<(u32, f64)> for Listed {
    fn from_iter<T: IntoIterator<Item = (u32, f64)>>(found: T) -> Self {
        let (numbers, counts) = found.into_iter().unzip();
        Self { numbers, counts }
    }
}

/// What is near a place, and what need not be.
#[derive(Debug)]
struct Nearby {
    /// The services; none counts anything by itself.
    listed: Listed,
    /// How far each is.
    away: Vec<Away>,
}

impl Nearby {
    fn of(sieve: &Sieve, layer: &Layer, around: Around) -> Self {
        let segment = &*layer.segment;
        let near = segment.within(around).filter_map(|near| {
            let entry = segment.entry(near.number)?;
            let is_secret = near.is_secret && !sieve.viewer.knows_places_of(entry.member);
            Some((near.number, Away::at(Far::told(near.metres, is_secret))))
        });
        let mut found: Vec<(u32, Away)> = near.collect();
        found.extend(sieve.here.iter().flat_map(|here| here.reached(segment)));
        // Most of it comes in order.
        found.sort_by_key(|(number, _)| *number);
        found.dedup_by(|(next, away), (number, known)| {
            let is_same = next == number;
            if is_same {
                *known = known.and(*away);
            }
            is_same
        });
        let (numbers, away) = found.into_iter().unzip();
        Self { listed: Listed { numbers, counts: Vec::new() }, away }
    }
}

/// Above one service in so many, what stands in them is put down by their numbers, and not sorted.
const MANY: usize = 16;

/// How many words a service has, about.
const WORDS: usize = 32;

/// Numbers in order, among which others are looked for that come in order too.
pub(super) struct Seeker<'a>(&'a [u32]);

impl<'a> Seeker<'a> {
    pub(super) const fn of(numbers: &'a [u32]) -> Self {
        Self(numbers)
    }

    /// How many were passed by on the way to the first that is not below this one.
    fn pass(&mut self, number: u32) -> usize {
        let mut reach = 1usize;
        while self.0.get(reach).is_some_and(|passed| *passed < number) {
            reach = reach.saturating_mul(2);
        }
        let within = self.0.get(..=reach).unwrap_or(self.0);
        let passed = within.partition_point(|passed| *passed < number);
        self.0 = self.0.get(passed..).unwrap_or_default();
        passed
    }

    pub(super) fn finds(&mut self, number: u32) -> bool {
        self.pass(number);
        self.0.first() == Some(&number)
    }

    /// What stands beside the number in a list that is as long.
    fn with<T: Copy>(&mut self, number: u32, beside: &mut &[T]) -> Option<T> {
        *beside = beside.get(self.pass(number)..).unwrap_or_default();
        self.0.first().filter(|first| **first == number).and_then(|_| beside.first()).copied()
    }
}

/// What one filter lets through.
#[derive(Debug)]
enum Test<'a> {
    Listed(Listed),
    Nearby(Nearby),
    /// What shows on the service itself.
    Plain(&'a Narrow),
}

/// A layer, with what each filter of a search lets through of it.
#[derive(Debug)]
pub(super) struct Sift<'a> {
    sieve: &'a Sieve,
    layer: &'a Layer,
    /// What has fewest first, and what shows on services last.
    tests: Vec<(Filter<'a>, Test<'a>)>,
    /// The person, with what is said to them by who says nothing of whom it takes.
    person: Option<(&'a Facts, Eligibility)>,
    open_at: Option<When>,
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

impl Fitting {
    fn is_closed(self) -> bool {
        self.open == Some(Open::Closed)
    }
}

/// What fits, and how much is left out because it is not for the person, or closed.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) fitting: Vec<Fitting>,
    pub(super) not_eligible: usize,
    pub(super) closed: usize,
}

impl<'a> Sift<'a> {
    /// Looks up what a search asks for, with one filter left out. Each word is looked for among what the place and the rarer words leave.
    pub(super) fn new(sieve: &'a Sieve, layer: &'a Layer, left_out: Option<Filter<'a>>) -> Self {
        let segment = &*layer.segment;
        let asks = |filter: Filter<'_>| !left_out.is_some_and(|out| out.covers(filter));
        let around = sieve.around.filter(|_| asks(Filter::Place));
        let near = around.map(|around| Nearby::of(sieve, layer, around));
        let words = sieve.words.iter().filter(|word| asks(Filter::Word(&word.word)));
        let mut spelt: Vec<(&Sought, Spellings)> =
            words.map(|word| (word, spellings(segment, word))).collect();
        spelt.sort_by_key(|(_, spellings)| spellings.posts);
        let mut worded: Vec<(&Sought, Listed)> = Vec::with_capacity(spelt.len());
        for (word, spellings) in spelt {
            let near = near.as_ref().map(|near| &near.listed);
            let listed = match worded.last().map(|(_, listed)| listed).or(near) {
                Some(among) => Listed::worded_among(segment, &spellings, among),
                None => Listed::worded(segment, &spellings),
            };
            worded.push((word, listed));
        }
        let worded =
            worded.into_iter().map(|(word, listed)| (Filter::Word(&word.word), Test::Listed(listed)));
        let narrowed = sieve.narrowed.iter().filter(|(name, _)| asks(Filter::Narrowed(name)));
        let narrowed = narrowed.map(|(name, narrow)| {
            let test = match narrow {
                Narrow::Facet(facets, values) => {
                    Test::Listed(Listed { numbers: segment.with_facet(facets, values), counts: Vec::new() })
                }
                Narrow::Trusted | Narrow::Member | Narrow::Available(_) | Narrow::VerifiedSince(_) => {
                    Test::Plain(narrow)
                }
            };
            (Filter::Narrowed(name), test)
        });
        let near = near.map(|near| (Filter::Place, Test::Nearby(near)));
        let mut tests: Vec<_> = worded.chain(narrowed).chain(near).collect();
        tests.sort_by_key(|(_, test)| test.listed().map_or(usize::MAX, |listed| listed.numbers.len()));
        let person = sieve.person.as_ref().filter(|_| asks(Filter::Person));
        Self {
            sieve,
            layer,
            tests,
            person: person.map(|facts| (facts, judge(&Terms::default(), facts))),
            open_at: sieve.open_at.filter(|_| asks(Filter::Hours)),
        }
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

    /// The services that fit, in order of their names.
    pub(super) fn fitting(&self) -> impl Iterator<Item = u32> {
        // What has fewest is gone through, and the others are looked up.
        let fewest = self.tests.first().and_then(|(_, test)| test.listed());
        let all = fewest.is_none().then(|| 0..u32::try_from(self.layer.segment.len()).unwrap_or(u32::MAX));
        let others = self.tests.get(usize::from(fewest.is_some())..).unwrap_or_default();
        let listed = fewest.into_iter().flat_map(|listed| listed.numbers.iter().copied());
        listed.chain(all.into_iter().flatten()).filter(|number| self.lets(others, *number))
    }

    /// The same without what is not for the person or closed.
    pub(super) fn judged(&self) -> Judged {
        let mut judged = Judged::default();
        for number in self.fitting() {
            let (fitting, is_shut) = self.judge(number);
            judged.closed = judged.closed.saturating_add(usize::from(fitting.is_closed()));
            judged.not_eligible = judged.not_eligible.saturating_add(usize::from(is_shut));
            if !fitting.is_closed() && !is_shut {
                judged.fitting.push(fitting);
            }
        }
        judged
    }

    /// How many there are, counted to a most.
    pub(super) fn count(&self, most: usize) -> usize {
        self.fitting().filter(|number| self.is_for_them(*number)).take(most).count()
    }

    /// How many there are within a circle, wherever the search itself looks, counted to a most.
    pub(super) fn count_within(&self, around: Around, most: usize) -> usize {
        let mut counted = HashSet::new();
        for number in self.layer.segment.within(around).map(|near| near.number) {
            if counted.len() >= most {
                break;
            }
            if !counted.contains(&number) && self.lets(&self.tests, number) && self.is_for_them(number) {
                counted.insert(number);
            }
        }
        counted.len()
    }

    /// Whether a service may be shown and passes some of the tests.
    fn lets(&self, tests: &[(Filter<'_>, Test<'_>)], number: u32) -> bool {
        self.layer.holds(number)
            && self.entry(number).is_some_and(|entry| {
                self.sieve.shows(entry)
                    && tests.iter().all(|(_, test)| test.lets(number, entry, self.sieve.now))
            })
    }

    /// What is said of a service for the person and the moment asked about, and whether it is not for the person.
    fn judge(&self, number: u32) -> (Fitting, bool) {
        let open = self
            .open_at
            .map(|when| self.layer.segment.hours(number).map_or(Open::NotKnown, |hours| hours.at(when)));
        let said = self.person.as_ref().map(|(facts, silent)| {
            self.layer
                .segment
                .terms(number)
                .map_or_else(|| weighed(silent), |terms| weighed(&judge(terms, facts)))
        });
        let (eligible, is_shut) = said.unzip();
        (Fitting { number, eligible, open }, is_shut.unwrap_or(false))
    }

    fn is_for_them(&self, number: u32) -> bool {
        let (fitting, is_shut) = self.judge(number);
        !is_shut && !fitting.is_closed()
    }

    /// Whether a service is for the person.
    pub(super) fn eligibility(&self, number: u32) -> Option<Eligibility> {
        let (facts, silent) = self.person.as_ref()?;
        let terms = self.layer.segment.terms(number);
        Some(terms.map_or_else(|| silent.clone(), |terms| judge(terms, facts)))
    }

    /// How well services fit the words, 0 to 1, and how far each is from the place. They come in order.
    pub(super) fn counts(&self) -> impl FnMut(u32) -> (Option<f64>, Option<Away>) {
        let words = self.tests.iter().filter(|(filter, _)| matches!(filter, Filter::Word(_))).count();
        let words = f64::from(u32::try_from(words).unwrap_or(u32::MAX));
        let counted = self.tests.iter().filter_map(|(_, test)| {
            let listed = test.listed().filter(|listed| !listed.counts.is_empty())?;
            Some((Seeker(&listed.numbers), listed.counts.as_slice()))
        });
        let mut counted: Vec<_> = counted.collect();
        let near = self.tests.iter().find_map(|(_, test)| test.nearby());
        let mut near = near.map(|near| (Seeker(&near.listed.numbers), near.away.as_slice()));
        move |number| {
            let counts = counted.iter_mut().filter_map(|(numbers, counts)| numbers.with(number, counts));
            let text: f64 = counts.sum();
            let away = near.as_mut().and_then(|(numbers, away)| numbers.with(number, away));
            ((words > 0.0).then(|| text / (words * 10_000.0)), away)
        }
    }

    /// How many of some services have each value of a facet.
    pub(super) fn facet(&self, facet: &str, of: &HashSet<u32>) -> Vec<(&'a str, usize)> {
        let values = self.layer.segment.facet(facet);
        let counted = values
            .map(|(value, numbers)| (value, numbers.iter().filter(|number| of.contains(number)).count()));
        counted.filter(|(_, services)| *services > 0).collect()
    }
}

/// The words of a part of the directory that stand for one that was typed.
fn spellings(segment: &Segment, sought: &Sought) -> Spellings {
    let alike = sought.alike.keys().map(String::as_str);
    segment.spellings(&sought.word, alike, |word| rank::likeness(sought, word))
}

fn weighed(judged: &Eligibility) -> (f64, bool) {
    (rank::eligible(judged), judged.answer == Answer::NotEligible)
}

impl Test<'_> {
    const fn listed(&self) -> Option<&Listed> {
        match self {
            Self::Listed(listed) => Some(listed),
            Self::Nearby(near) => Some(&near.listed),
            Self::Plain(_) => None,
        }
    }

    const fn nearby(&self) -> Option<&Nearby> {
        if let Self::Nearby(near) = self { Some(near) } else { None }
    }

    /// Whether a service passes.
    fn lets(&self, number: u32, entry: &Entry, now: Timestamp) -> bool {
        match self {
            Self::Listed(listed) => listed.has(number),
            Self::Nearby(near) => near.listed.has(number),
            Self::Plain(narrow) => narrow.lets(entry, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{
        super::index::segment::tests::{segment, worded},
        *,
    };

    fn pairs(listed: &Listed) -> Vec<(u32, f64)> {
        listed.numbers.iter().copied().zip(listed.counts.iter().copied()).collect()
    }

    proptest! {
        #[test]
        fn a_word_counts_the_same_however_it_is_looked_up(
            bodies in proptest::collection::vec(proptest::collection::btree_map("[ab]{1,3}", 1u8..=100, 0..4), 1..80),
            begin in "[ab]{1,2}",
            among in proptest::collection::btree_set(0u32..80, 0..80),
        ) {
            let bodies: Vec<Vec<(&str, u8)>> = bodies.iter()
                .map(|words| words.iter().map(|(word, weight)| (word.as_str(), *weight)).collect())
                .collect();
            let bodies: Vec<_> = bodies.iter().map(|words| worded(words)).collect();
            let segment = segment(&bodies);
            let likeness = |word: &str| if word.starts_with(&begin) { 80 } else { 40 };
            let spellings = segment.spellings(&begin, ["bb", "ab"].into_iter(), likeness);
            let mut best: BTreeMap<u32, f64> = BTreeMap::new();
            for (number, count) in segment.having(&spellings) {
                let best = best.entry(number).or_insert(0.0);
                *best = best.max(f64::from(count));
            }
            let wanted: Vec<(u32, f64)> = best.iter().map(|(number, count)| (*number, *count)).collect();
            prop_assert_eq!(pairs(&Listed::worded(&segment, &spellings)), wanted);
            // With and without the words of each service, few among many and the other way round.
            let known: Listed = among.iter().map(|number| (*number, 0.0)).collect();
            best.retain(|number, _| among.contains(number));
            let wanted: Vec<(u32, f64)> = best.into_iter().collect();
            prop_assert_eq!(pairs(&Listed::worded_among(&segment, &spellings, &known)), wanted.clone());
            let counted = |number: &u32| Some((*number, segment.count(&spellings, *number)?.into()));
            prop_assert_eq!(among.iter().filter_map(counted).collect::<Vec<_>>(), wanted);
        }

        #[test]
        fn numbers_are_found_in_order_among_others(
            numbers in proptest::collection::btree_set(0u32..200, 0..60), asked in proptest::collection::btree_set(0u32..220, 0..60),
        ) {
            let held: Vec<u32> = numbers.iter().copied().collect();
            let (mut seeker, mut passed) = (Seeker(&held), 0usize);
            for number in asked {
                let before = passed;
                passed += seeker.pass(number);
                prop_assert!(passed >= before);
                prop_assert_eq!(passed, held.partition_point(|held| *held < number));
                prop_assert_eq!(seeker.finds(number), numbers.contains(&number));
            }
        }
    }
}
