//! A part of the directory as it lies in memory: services in the order of their names, the words they have, where they are, and what lists
//! are narrowed by.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::Read;
use crate::{
    directory::{
        Availability, Standing, Viewer, Visibility,
        eligibility::Terms,
        hours::Hours,
        search::{
            sphere::{Around, Point},
            words,
        },
        upkeep::availability_at,
    },
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
    },
};

/// What a service is found by, as it is kept in its row.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::directory::search) struct Body {
    /// Its words, with what they count.
    pub(in crate::directory::search) words: BTreeMap<String, u8>,
    /// Where it is offered, as far as that is no secret: the service at a location, and the point. It is not called `places`: what is kept under
    /// that name does not tell secret places from others.
    #[serde(default, rename = "open_places", skip_serializing_if = "Vec::is_empty")]
    pub(in crate::directory::search) places: Vec<(Uuid, Point)>,
    /// Where it is offered and it is kept secret where that is: the service at a location, and the middle of the province.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::directory::search) middles: Vec<(Uuid, Point)>,
    /// What lists are narrowed by: values by facet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::directory::search) facets: BTreeMap<String, Vec<String>>,
    /// Whom it says it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::directory::search) terms: Option<Terms>,
    /// When it says it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::directory::search) hours: Option<Hours>,
}

/// The facet of service codes, which stand in the service's own row.
pub(in crate::directory::search) const CODE: &str = "service";

/// The facet of areas that a service says it serves.
pub(in crate::directory::search) const SERVES: &str = "serves";

/// The facet of how a service is given to those who are not near it.
pub(in crate::directory::search) const REACH: &str = "reach";

/// The facet of agreements that cover a service. Whether a viewer may see one is asked elsewhere.
pub(in crate::directory::search) const AGREEMENT: &str = "agreement";

/// A service.
#[derive(Debug)]
pub(in crate::directory::search) struct Entry {
    pub(in crate::directory::search) id: ServiceId,
    /// What it is sorted by in lists without a score.
    pub(in crate::directory::search) key: Box<str>,
    /// When it last changed.
    updated_at: i64,
    /// When it was last verified, or checked by its source.
    pub(in crate::directory::search) verified_at: Option<i64>,
    pub(in crate::directory::search) member: Option<OrganisationId>,
    stale_at: Option<i64>,
    availability: Availability,
    available_until: Option<Timestamp>,
    visibility: Visibility,
    standing: Standing,
    is_offered: bool,
    is_flagged: bool,
}

impl Entry {
    /// Whether it is offered and a viewer may see it.
    pub(in crate::directory::search) fn is_open(&self, viewer: Viewer) -> bool {
        self.is_offered && self.is_seen(viewer)
    }

    /// Whether a viewer may see it, offered or not.
    pub(in crate::directory::search) fn is_seen(&self, viewer: Viewer) -> bool {
        viewer.sees((self.visibility, self.standing), self.member)
    }

    /// Whether it is not flagged, and not stale: it was verified lately or never, or its source alone checked it.
    pub(in crate::directory::search) fn is_trusted(&self, now: Timestamp) -> bool {
        !self.is_flagged && self.stale_at.is_none_or(|stale| stale > now.micros())
    }

    /// When it was last verified, or checked by its source; of what nobody checked, when it last changed.
    pub(in crate::directory::search) fn fresh_at(&self) -> i64 {
        self.verified_at.unwrap_or(self.updated_at)
    }

    /// Whether it takes people at a moment.
    pub(in crate::directory::search) fn availability(&self, now: Timestamp) -> Availability {
        availability_at(self.availability, self.available_until, now)
    }
}

/// A number above a weight: a service that has a word, or a word that a service has, and what the word counts there.
#[derive(Clone, Copy, Debug, Default)]
struct Post(u32);

/// Bits of a weight, which is 100 at most.
const WEIGHT: u32 = 7;

impl Post {
    fn new(number: u32, weight: u32) -> Self {
        Self((number << WEIGHT) | weight.min(100))
    }

    const fn number(self) -> u32 {
        self.0 >> WEIGHT
    }

    const fn weight(self) -> u32 {
        self.0 & ((1 << WEIGHT) - 1)
    }
}

/// How many services a segment has room for; more than any country has. Further ones are not found.
const MOST: usize = 1 << (32 - WEIGHT);

#[derive(Debug)]
struct Word {
    text: Box<str>,
    posts: Box<[Post]>,
}

/// The words of each service, one service after the other.
#[derive(Debug, Default)]
struct Worded {
    words: Vec<Post>,
    /// Where the words of each service end.
    ends: Vec<usize>,
}

impl Worded {
    /// Turns the services of each word into the words of each service.
    fn of(words: &[Word], services: usize) -> Self {
        let mut ends = vec![0usize; services];
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        for post in words.iter().flat_map(|word| &word.posts) {
            if let Some(end) = ends.get_mut(place(post.number())) {
                *end = end.saturating_add(1);
            }
        }
        let mut from = 0usize;
        // Where the next word of each service goes: in the end, where its words end.
        for end in &mut ends {
            from = from.saturating_add(std::mem::replace(end, from));
        }
        let mut turned = vec![Post::default(); from];
        for (number, word) in (0u32..).zip(words) {
            for post in &word.posts {
                let Some(next) = ends.get_mut(place(post.number())) else { continue };
                if let Some(free) = turned.get_mut(*next) {
                    *free = Post::new(number, post.weight());
                }
                *next = next.saturating_add(1);
            }
        }
        Self { words: turned, ends }
    }

    /// The words of a service, in order.
    fn words(&self, number: u32) -> &[Post] {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let end = self.ends.get(place).copied().unwrap_or(0);
        let begin = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.words.get(begin..end).unwrap_or_default()
    }
}

/// The words that stand for one that was typed.
#[derive(Debug)]
pub(in crate::directory::search) struct Spellings {
    /// The words in order, with how well each stands for it, in hundredths.
    words: Vec<(u32, u32)>,
    /// How often they stand in services.
    pub(in crate::directory::search) posts: usize,
}

/// A place where a service is offered.
#[derive(Clone, Copy, Debug)]
struct Spot {
    at: Point,
    number: u32,
    place: Uuid,
    /// Whether this is the middle of the province, and where the place is a secret.
    is_secret: bool,
}

/// A place that is near.
#[derive(Clone, Copy, Debug)]
pub(in crate::directory::search) struct Near {
    /// The service.
    pub(in crate::directory::search) number: u32,
    /// The service at a location.
    pub(in crate::directory::search) place: Uuid,
    /// How far it is, in metres; of a secret place, how far the middle of the province is.
    pub(in crate::directory::search) metres: f64,
    pub(in crate::directory::search) is_secret: bool,
}

/// A part of the directory. Services go by their numbers, which follow their names.
#[derive(Debug, Default)]
pub(in crate::directory::search) struct Segment {
    entries: Vec<Entry>,
    /// Services by their ids.
    numbers: HashMap<ServiceId, u32>,
    /// In order.
    words: Vec<Word>,
    /// The same the other way round.
    worded: Worded,
    /// Words by how many letters they have, each with its shape: what may look alike is looked for there.
    lengths: Vec<Vec<(Shape, u32)>>,
    /// From the south to the north.
    spots: Vec<Spot>,
    facets: HashMap<String, BTreeMap<Box<str>, Vec<u32>>>,
    terms: HashMap<u32, Terms>,
    hours: HashMap<u32, Hours>,
}

/// A segment in the making.
#[derive(Default)]
pub(super) struct Making {
    read: Vec<(Entry, u32)>,
    words: HashMap<Box<str>, Vec<(u32, u8)>>,
    spots: Vec<Spot>,
    facets: HashMap<String, BTreeMap<Box<str>, Vec<u32>>>,
    terms: HashMap<u32, Terms>,
    hours: HashMap<u32, Hours>,
}

impl Making {
    /// Takes a service in.
    pub(super) fn take(&mut self, read: Read) {
        let number = match u32::try_from(self.read.len()) {
            Ok(number) if self.read.len() < MOST => number,
            _ => return,
        };
        let body = read.body;
        for (word, weight) in body.words {
            match self.words.get_mut(word.as_str()) {
                Some(posts) => posts.push((number, weight)),
                None => {
                    self.words.insert(word.into_boxed_str(), vec![(number, weight)]);
                }
            }
        }
        let spot = |is_secret| move |(place, at)| Spot { at, number, place, is_secret };
        self.spots.extend(body.places.into_iter().map(spot(false)));
        self.spots.extend(body.middles.into_iter().map(spot(true)));
        let code = read.code.map(|code| (CODE.to_owned(), vec![code]));
        for (facet, values) in body.facets.into_iter().chain(code) {
            let known = self.facets.entry(facet).or_default();
            for value in values {
                known.entry(value.into_boxed_str()).or_default().push(number);
            }
        }
        if let Some(terms) = body.terms {
            self.terms.insert(number, terms);
        }
        if let Some(hours) = body.hours {
            self.hours.insert(number, hours);
        }
        let entry = Entry {
            id: read.id,
            key: read.sort_key.into_boxed_str(),
            updated_at: read.updated_at,
            verified_at: read.verified_at,
            member: read.member,
            stale_at: read.stale_at,
            availability: read.availability,
            available_until: read.available_until,
            visibility: read.visibility,
            standing: read.standing,
            is_offered: read.is_offered,
            is_flagged: read.is_flagged,
        };
        self.read.push((entry, number));
    }

    /// The segment, with services numbered by their names.
    pub(super) fn done(mut self) -> Segment {
        self.read.sort_unstable_by(|(one, _), (other, _)| one.key.cmp(&other.key));
        let mut now = vec![0u32; self.read.len()];
        for (number, (_, was)) in (0u32..).zip(&self.read) {
            if let Some(place) = usize::try_from(*was).ok().and_then(|was| now.get_mut(was)) {
                *place = number;
            }
        }
        let number = |was: u32| usize::try_from(was).ok().and_then(|was| now.get(was)).copied().unwrap_or(0);
        let mut words: Vec<Word> = self
            .words
            .into_iter()
            .map(|(text, posts)| {
                let mut posts: Vec<Post> =
                    posts.into_iter().map(|(was, weight)| Post::new(number(was), weight.into())).collect();
                posts.sort_unstable_by_key(|post| post.number());
                Word { text, posts: posts.into_boxed_slice() }
            })
            .collect();
        words.sort_unstable_by(|one, other| one.text.cmp(&other.text));
        let mut lengths: Vec<Vec<(Shape, u32)>> = Vec::new();
        for (place, word) in (0u32..).zip(&words) {
            let length = length(&word.text);
            if lengths.len() <= length {
                lengths.resize(length.saturating_add(1), Vec::new());
            }
            if let Some(alike) = lengths.get_mut(length) {
                alike.push((Shape::of(&word.text), place));
            }
        }
        for spot in &mut self.spots {
            spot.number = number(spot.number);
        }
        self.spots.sort_unstable_by(|one, other| one.at.z.total_cmp(&other.at.z));
        for numbers in self.facets.values_mut().flat_map(BTreeMap::values_mut) {
            for was in numbers.iter_mut() {
                *was = number(*was);
            }
            numbers.sort_unstable();
            numbers.dedup();
            numbers.shrink_to_fit();
        }
        let entries: Vec<Entry> = self.read.into_iter().map(|(entry, _)| entry).collect();
        let worded = Worded::of(&words, entries.len());
        Segment {
            numbers: (0u32..).zip(&entries).map(|(number, entry)| (entry.id, number)).collect(),
            entries,
            words,
            worded,
            lengths,
            spots: self.spots,
            facets: self.facets,
            terms: self.terms.into_iter().map(|(was, terms)| (number(was), terms)).collect(),
            hours: self.hours.into_iter().map(|(was, hours)| (number(was), hours)).collect(),
        }
    }
}

impl Segment {
    /// How many services it has.
    pub(in crate::directory::search) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Its services, in order.
    pub(in crate::directory::search) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A service by its number.
    pub(in crate::directory::search) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(number).ok()?)
    }

    /// The number of a service.
    pub(in crate::directory::search) fn number(&self, id: ServiceId) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    /// The number of the first service that is sorted behind a key.
    pub(in crate::directory::search) fn behind(&self, key: &str) -> u32 {
        let place = self.entries.partition_point(|entry| &*entry.key <= key);
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Whom a service says it takes.
    pub(in crate::directory::search) fn terms(&self, number: u32) -> Option<&Terms> {
        self.terms.get(&number)
    }

    /// When a service says it is open.
    pub(in crate::directory::search) fn hours(&self, number: u32) -> Option<&Hours> {
        self.hours.get(&number)
    }

    /// Words that differ from one in so many places at most, with the number of places, of services that pass.
    ///
    /// A word with two mistakes may share no part with what was meant, so it is compared with every word: the shape of each rules most of them
    /// out.
    pub(in crate::directory::search) fn alike<'a>(
        &'a self,
        typed: &'a str,
        most: usize,
        passes: impl Fn(u32) -> bool + 'a,
    ) -> impl Iterator<Item = (usize, &'a str)> + 'a {
        let (own, length) = (Shape::of(typed), length(typed));
        let near = self.lengths.iter().skip(length.saturating_sub(most));
        let near = near.take(length.saturating_add(most).saturating_add(1) - length.saturating_sub(most));
        near.flatten().filter(move |(shape, _)| own.may_be(*shape, most)).filter_map(move |(_, place)| {
            let word = self.words.get(usize::try_from(*place).ok()?)?;
            let edits = words::edits(typed, &word.text, most)?;
            word.posts.iter().any(|post| passes(post.number())).then_some((edits, &*word.text))
        })
    }

    /// The words that stand for one: each that begins so, and these.
    pub(in crate::directory::search) fn spellings<'a>(
        &self,
        beginning: &str,
        alike: impl Iterator<Item = &'a str>,
        likeness: impl Fn(&str) -> u32,
    ) -> Spellings {
        let from = self.words.partition_point(|word| &*word.text < beginning);
        let begin = self.words.iter().skip(from).take_while(|word| word.text.starts_with(beginning)).count();
        let alike = alike
            .filter(|word| !word.starts_with(beginning))
            .filter_map(|word| self.words.binary_search_by(|known| (*known.text).cmp(word)).ok());
        let mut places: Vec<usize> = (from..from.saturating_add(begin)).chain(alike).collect();
        places.sort_unstable();
        let mut spellings = Spellings { words: Vec::with_capacity(places.len()), posts: 0 };
        for place in places {
            if let (Some(word), Ok(number)) = (self.words.get(place), u32::try_from(place)) {
                spellings.words.push((number, likeness(&word.text)));
                spellings.posts = spellings.posts.saturating_add(word.posts.len());
            }
        }
        spellings
    }

    /// Services that have such words, with what each word counts there, out of 10,000.
    pub(in crate::directory::search) fn having(
        &self,
        spellings: &Spellings,
    ) -> impl Iterator<Item = (u32, u32)> {
        let words = spellings.words.iter().filter_map(|(number, likeness)| {
            Some((self.words.get(usize::try_from(*number).ok()?)?, likeness))
        });
        words.flat_map(|(word, likeness)| {
            word.posts.iter().map(|post| (post.number(), post.weight().saturating_mul(*likeness)))
        })
    }

    /// What such words count in one service, out of 10,000: the best of them. Nothing when it has none.
    pub(in crate::directory::search) fn count(&self, spellings: &Spellings, number: u32) -> Option<u32> {
        let counts = self.worded.words(number).iter().filter_map(|word| {
            let found = spellings.words.binary_search_by_key(&word.number(), |(number, _)| *number).ok()?;
            let (_, likeness) = spellings.words.get(found)?;
            Some(word.weight().saturating_mul(*likeness))
        });
        counts.max()
    }

    /// Places within a circle.
    pub(in crate::directory::search) fn within(&self, around: Around) -> impl Iterator<Item = Near> + '_ {
        let (line, middle) = (around.line(), around.middle);
        let from = self.spots.partition_point(|spot| spot.at.z < middle.z - line);
        self.spots
            .iter()
            .skip(from)
            .take_while(move |spot| spot.at.z <= middle.z + line)
            .filter(move |spot| middle.square_to(spot.at) <= line * line)
            .map(move |spot| Near {
                number: spot.number,
                place: spot.place,
                metres: middle.metres_to(spot.at),
                is_secret: spot.is_secret,
            })
    }

    /// The services that have one of some values of one of some facets, in order.
    pub(in crate::directory::search) fn with_facet(&self, facets: &[&str], values: &[String]) -> Vec<u32> {
        let mut found = Vec::new();
        for facet in facets.iter().filter_map(|facet| self.facets.get(*facet)) {
            for value in values {
                found.extend(facet.get(value.as_str()).into_iter().flatten().copied());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The services that have a value of a facet, in order.
    pub(in crate::directory::search) fn having_value(&self, facet: &str, value: &str) -> &[u32] {
        self.facets.get(facet).and_then(|values| values.get(value)).map_or(&[], Vec::as_slice)
    }

    /// The values of a facet, with the services that have them.
    pub(in crate::directory::search) fn facet(&self, facet: &str) -> impl Iterator<Item = (&str, &[u32])> {
        let values = self.facets.get(facet).into_iter().flatten();
        values.map(|(value, numbers)| (&**value, numbers.as_slice()))
    }
}

/// What a word is made of: its letters, and its pairs of letters with what stands before the first and behind the last, each in 64 classes.
#[derive(Clone, Copy, Debug)]
struct Shape {
    letters: u64,
    pairs: u64,
}

impl Shape {
    fn of(word: &str) -> Self {
        let (mut letters, mut pairs, mut before) = (0, 0, 0u32);
        for letter in word.chars().map(u32::from) {
            letters |= class(letter);
            pairs |= pair(before, letter);
            before = letter;
        }
        Self { letters, pairs: pairs | pair(before, 0) }
    }

    /// Whether a word of another shape may differ in so few places: a mistake takes away one letter and three pairs at most (two letters that
    /// are swapped stand in three), and brings as many in.
    fn may_be(self, other: Self, edits: usize) -> bool {
        let most = u32::try_from(edits).unwrap_or(u32::MAX);
        let is_near = |one: u64, other: u64, most: u32| {
            (one & !other).count_ones() <= most && (other & !one).count_ones() <= most
        };
        is_near(self.letters, other.letters, most) && is_near(self.pairs, other.pairs, most.saturating_mul(3))
    }
}

const fn class(of: u32) -> u64 {
    1 << (of % 64)
}

const fn pair(one: u32, next: u32) -> u64 {
    class(one.wrapping_mul(37) ^ next)
}

fn length(word: &str) -> usize {
    word.chars().count()
}

#[cfg(test)]
pub(in crate::directory::search) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(number: u128, name: &str, body: &Body) -> Read {
        let id = ServiceId::from_uuid(Uuid::from_u128(number));
        Read {
            id,
            sort_key: format!("{name}|{id}"),
            is_offered: true,
            visibility: Visibility::Public,
            standing: Standing::Listed,
            member: None,
            code: None,
            updated_at: 0,
            verified_at: None,
            is_flagged: false,
            stale_at: None,
            availability: Availability::Unknown,
            available_until: None,
            body: serde_json::from_str(&serde_json::to_string(body).unwrap()).unwrap(),
        }
    }

    pub(in crate::directory::search) fn segment(bodies: &[Body]) -> Segment {
        let mut making = Making::default();
        for (number, body) in (0u128..).zip(bodies) {
            // The last is called first.
            making.take(read(number, &format!("name {:03}", 999 - number), body));
        }
        making.done()
    }

    pub(in crate::directory::search) fn worded(words: &[(&str, u8)]) -> Body {
        let words = words.iter().map(|(word, weight)| ((*word).to_owned(), *weight)).collect();
        Body { words, ..Body::default() }
    }

    proptest! {
        #[test]
        fn every_word_is_found_that_differs_in_as_few_places(
            typed in "[a-e\u{e9}]{2,9}", others in proptest::collection::vec("[a-e\u{e9}]{1,9}", 1..60),
        ) {
            let Some(most) = words::most_edits(&typed) else { return Ok(()) };
            let words: Vec<(&str, u8)> = others.iter().map(|word| (word.as_str(), 80)).collect();
            let segment = segment(&[worded(&words)]);
            let mut wanted: Vec<&str> =
                others.iter().map(String::as_str).filter(|other| words::edits(&typed, other, most).is_some()).collect();
            let mut found: Vec<&str> = segment.alike(&typed, most, |_| true).map(|(_, word)| word).collect();
            wanted.sort_unstable();
            wanted.dedup();
            found.sort_unstable();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn a_body_is_read_as_it_was_written(x in -1.0..1.0f64, y in -1.0..1.0f64, z in -1.0..1.0f64) {
            let places = vec![(Uuid::from_u128(7), Point { x, y, z })];
            let middles = vec![(Uuid::from_u128(8), Point { x: y, y: z, z: x })];
            let body = Body { places, middles, ..worded(&[("clinic", 80)]) };
            let again: Body = serde_json::from_str(&serde_json::to_string(&body).unwrap()).unwrap();
            prop_assert_eq!(again, body);
        }
    }

    #[test]
    fn services_go_by_their_names_and_words_and_facets_go_with_them() {
        let facets = BTreeMap::from([(String::from("language"), vec![String::from("ar")])]);
        let arabic = Body { facets, ..worded(&[("clinic", 85), ("clinics", 25)]) };
        let segment =
            segment(&[worded(&[("clinic", 80)]), arabic, worded(&[("clear", 100), ("kliniek", 7)])]);
        let names: Vec<&str> =
            segment.entries().iter().filter_map(|entry| entry.key.split('|').next()).collect();
        assert_eq!(names, ["name 997", "name 998", "name 999"]);
        let likeness = |word: &str| if word.starts_with("clini") { 80 } else { 40 };
        let spellings = segment.spellings("clini", ["kliniek", "clinic"].into_iter(), likeness);
        let found: Vec<(u32, u32)> = segment.having(&spellings).collect();
        assert_eq!(found, [(1, 85 * 80), (2, 80 * 80), (1, 25 * 80), (0, 7 * 40)]);
        assert_eq!(spellings.posts, found.len());
        let counts = [0, 1, 2, 3].map(|number| segment.count(&spellings, number));
        assert_eq!(counts, [Some(7 * 40), Some(85 * 80), Some(80 * 80), None]);
        assert_eq!(segment.with_facet(&["language", "term"], &[String::from("ar")]), [1]);
        assert_eq!(segment.with_facet(&["term"], &[String::from("ar")]), [0; 0]);
        let second = segment.entry(1).unwrap();
        assert_eq!((segment.number(second.id), segment.behind(&second.key)), (Some(1), 2));
        assert_eq!((segment.behind(""), segment.behind("z")), (0, 3));
    }

    #[test]
    fn what_is_within_a_circle_is_found_with_its_distance() {
        let at = |latitude, longitude| Point::at(latitude, longitude).unwrap();
        let body = |place, point| Body { places: vec![(Uuid::from_u128(place), point)], ..Body::default() };
        let middles = vec![(Uuid::from_u128(4), at(0.0, 179.99))];
        let secret = Body { middles, ..body(3, at(80.0, 0.0)) };
        let segment = segment(&[body(1, at(0.0, 179.99)), body(2, at(0.0, -179.99)), secret]);
        let around = Around::new((0.0, 180.0), 2_000.0).unwrap();
        let found = segment.within(around).map(|near| (near.place.as_u128(), near.is_secret));
        let mut found: Vec<(u128, bool)> = found.collect();
        found.sort_unstable();
        assert_eq!(found, [(1, false), (2, false), (4, true)]);
        assert!(segment.within(around).all(|near| (near.metres - 1_112.0).abs() < 1.0));
        assert_eq!(segment.within(Around::new((0.0, 0.0), 3e7).unwrap()).count(), 4);
    }
}
