//! Why nothing was found: what there would be without each thing that was asked for. Counts hold only what the viewer may see.
//!
//! Without a place half a country may fit, and to judge all of it for a person takes longer than the search did. Whoever has so many before
//! them has to narrow in any case, so counting ends at a thousand.

use serde::Serialize;

use super::{Filter, Sieve, Sought, index::Held, sift::Sift, sphere::Around};

/// Where counting ends: so many are so many or more.
pub const COUNTED: usize = 1_000;

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
    /// How many there would be; 1,000 are 1,000 or more.
    pub services: usize,
}

/// A wider circle.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Wider {
    /// Its radius in metres.
    pub proximity: f64,
    /// How many services are in it; 1,000 are 1,000 or more.
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
    let anywhere = sieve.around.map_or_else(Vec::new, |_| left(sieve, held, Filter::Place));
    let is_anywhere = count(&anywhere);
    let mut without = Vec::new();
    for filter in filters(sieve) {
        let services = if filter == Filter::Place { is_anywhere } else { count(&left(sieve, held, filter)) };
        let word = if let Filter::Word(word) = filter { Some(word.to_owned()) } else { None };
        // What is doubtful was not asked away by anybody: worth a word only when there is some.
        if services > 0 || filter != Filter::Narrowed("doubtful") {
            without.push(Without { filter: filter.name(), word, services });
        }
    }
    let wider = sieve.around.filter(|_| is_anywhere > 0).and_then(|around| wider(around, &anywhere));
    Nothing { services: held.open(sieve.viewer), without, wider }
}

/// The layers with one filter left out.
fn left<'a>(sieve: &'a Sieve, held: &'a Held, out: Filter<'a>) -> Vec<Sift<'a>> {
    held.layers().iter().map(|layer| Sift::new(sieve, layer, Some(out))).collect()
}

/// Up to the most there is to count.
fn count(layers: &[Sift<'_>]) -> usize {
    added(layers, Sift::count)
}

/// Adds up what each layer has, and stops at the most there is to count.
fn added<'a>(layers: &[Sift<'a>], of: impl Fn(&Sift<'a>, usize) -> usize) -> usize {
    layers.iter().fold(0, |counted, layer| counted + of(layer, COUNTED.saturating_sub(counted)))
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
fn wider(around: Around, anywhere: &[Sift<'_>]) -> Option<Wider> {
    std::iter::successors(around.wider(), |around| around.wider()).find_map(|around| {
        let services = added(anywhere, |layer, most| layer.count_within(around, most));
        (services > 0).then_some(Wider { proximity: around.metres, services })
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{
        super::{
            index::{Body, Segment, segment::tests::segment},
            sphere::Point,
        },
        *,
    };
    use crate::{directory::Viewer, kernel::Timestamp};

    /// Services a degree east of the meridian at which they are looked for, each at two places there.
    fn services(how_many: u32) -> Segment {
        let place = |step: f64| (Uuid::nil(), Point::at(0.0, 1.0 + step).unwrap());
        let body = |_| Body { places: vec![place(0.0), place(0.001)], ..Body::default() };
        segment(&(0..how_many).map(body).collect::<Vec<_>>())
    }

    fn explained(segments: Vec<Segment>) -> Nothing {
        let sieve = Sieve {
            viewer: Viewer::Anybody,
            offered_only: true,
            now: Timestamp::from_micros(0),
            words: Vec::new(),
            narrowed: Vec::new(),
            around: Around::new((0.0, 0.0), 30_000.0),
            here: None,
            person: None,
            open_at: None,
        };
        explain(&sieve, &Held::of(segments))
    }

    #[test]
    fn services_are_counted_once_and_up_to_a_most() {
        for (segments, services, counted) in [
            (vec![services(40)], 40, 40),
            (vec![services(600), services(399)], 999, 999),
            (vec![services(600), services(401)], 1_001, COUNTED),
            (vec![services(900), services(900), services(5)], 1_805, COUNTED),
        ] {
            let nothing = explained(segments);
            assert_eq!(nothing.services, services);
            assert_eq!(nothing.without, [Without { filter: "proximity", word: None, services: counted }]);
            assert_eq!(nothing.wider, Some(Wider { proximity: 120_000.0, services: counted }));
        }
        assert_eq!(explained(vec![Segment::default()]).wider, None);
    }
}
