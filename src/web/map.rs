//! Places on a map that the server draws: without tiles, without a script, and without boundaries, of which this hub has none.
//!
//! Marks stand at shares of the width and the height, so that they and their numbers keep their size on every screen. Where two would touch
//! on the narrowest, they are one.
//!
//! Whoever looks closer sees less land, around the mark that is nearest to the middle. All that is drawn is drawn of places that may be shown, so
//! nothing that is kept secret moves the picture, however close it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::{FluentArgs, FluentValue};

use super::words::Words;

/// How far apart marks stand at least, in hundredths of the map: 30 of 328 pixels, as wide as two marks of several places need.
const APART: f64 = 9.2;

/// How long a degree of latitude is, in kilometres.
const DEGREE: f64 = 111.2;

/// How much of the land a map shows at least, in kilometres.
const LEAST: f64 = 4.0;

/// How often one looks closer, each time at half of the land.
pub(super) const CLOSEST: u8 = 5;

/// How far inside of the edges marks stand, in hundredths of the map.
const EDGE: f64 = 3.0;

/// How much room there is around the outermost marks.
const MARGIN: f64 = 1.35;

/// Lengths of the scale bar and of the squares of the grid, in kilometres.
const LENGTHS: [f64; 15] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0,
];

/// A latitude and a longitude in degrees.
pub(super) type Degrees = (f64, f64);

/// A service of the list with its places.
pub(super) struct Placed {
    /// Where it stands in the list.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) places: Vec<Degrees>,
}

/// Everything within so many kilometres.
#[derive(Clone, Copy)]
pub(super) struct Within {
    pub(super) middle: Degrees,
    pub(super) kilometres: f64,
}

/// What is drawn. Shares are written as percentages.
pub(super) struct Map {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) grid: Vec<String>,
    pub(super) ring: Option<Ring>,
    pub(super) marks: Vec<Mark>,
    /// Where the scale bar ends, and how long it is.
    pub(super) scale_to: String,
    pub(super) scale: String,
    /// How often it was looked closer than at everything.
    pub(super) closer: u8,
    /// Whether one can look closer still.
    pub(super) may_closer: bool,
    /// That something of the list lies outside of what is shown; empty when nothing does.
    pub(super) outside: String,
}

/// A circle: where, and how wide.
pub(super) struct Ring {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) radius: String,
}

/// A place, or several that would touch.
pub(super) struct Mark {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) radius: u8,
    pub(super) tone: &'static str,
    pub(super) text: String,
    /// What a screen reader says.
    pub(super) name: String,
    /// The first of the list that is there.
    pub(super) number: usize,
}

/// Draws places, looked at so many times closer than at everything; nothing when there are none.
pub(super) fn draw(placed: &[Placed], within: Option<Within>, closer: u8, words: Words) -> Option<Map> {
    let first = placed.iter().find_map(|placed| placed.places.first())?;
    let origin = within.map_or(*first, |within| within.middle);
    let names: BTreeMap<usize, &str> =
        placed.iter().map(|placed| (placed.number, placed.name.as_str())).collect();
    let spots = placed.iter().flat_map(|placed| {
        placed.places.iter().map(move |place| (placed.number, kilometres_from(origin, *place)))
    });
    let spots: Vec<(usize, (f64, f64))> = spots.collect();
    let reach = within.map(|within| within.kilometres);
    let ends = reach.into_iter().flat_map(|reach| [(-reach, -reach), (reach, reach)]);
    let seen: Vec<(f64, f64)> = spots.iter().map(|(_, spot)| *spot).chain(ends).collect();
    let all: Vec<(f64, f64)> = spots.iter().map(|(_, spot)| *spot).collect();
    let (window, closer) = Window::around(&seen).closer(closer, &all);
    let shown = spots.iter().map(|(number, spot)| (*number, window.share(*spot)));
    let shown: Vec<(usize, (f64, f64))> =
        shown.filter(|(_, share)| closer == 0 || is_inside(*share)).collect();
    let inside: BTreeSet<usize> = shown.iter().map(|(number, _)| *number).collect();
    let outside = spots.iter().map(|(number, _)| *number).filter(|number| !inside.contains(number));
    let outside = outside.collect::<BTreeSet<usize>>().len();
    let clusters = gather(shown.into_iter().map(|(number, share)| Cluster::of(number, share)));
    let length = window.length();
    let step = 100.0 * length / window.side;
    let lines = std::iter::successors(Some(step), |at| Some(at + step)).take_while(|at| *at < 100.0);
    Some(Map {
        title: words.t("map-title"),
        description: words.t("map-description"),
        grid: lines.map(percent).collect(),
        ring: reach.map(|reach| {
            let (x, y) = window.share((0.0, 0.0));
            Ring { x: percent(x), y: percent(y), radius: percent(100.0 * reach / window.side) }
        }),
        marks: clusters.iter().map(|cluster| mark(cluster, &names, words)).collect(),
        scale_to: percent(SCALE_FROM + step),
        scale: words.with("map-scale", "length", length.to_string()),
        closer,
        may_closer: closer < CLOSEST && window.side > LEAST,
        outside: if outside == 0 { String::new() } else { words.with("map-outside", "count", outside) },
    })
}

/// Where the scale bar begins.
const SCALE_FROM: f64 = 4.0;

fn is_inside((x, y): (f64, f64)) -> bool {
    let edges = EDGE..=100.0 - EDGE;
    edges.contains(&x) && edges.contains(&y)
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}

/// How far a place is to the east and to the north of another, on a plane: good enough for as much land as fits on a map.
fn kilometres_from((latitude, longitude): Degrees, (to_latitude, to_longitude): Degrees) -> (f64, f64) {
    // The short way around, also across the meridian of 180°.
    let round = (to_longitude - longitude + 540.0).rem_euclid(360.0) - 180.0;
    (round * DEGREE * latitude.to_radians().cos(), (to_latitude - latitude) * DEGREE)
}

/// The square of land that is shown.
struct Window {
    middle: (f64, f64),
    side: f64,
}

impl Window {
    fn around(seen: &[(f64, f64)]) -> Self {
        let extent = |of: fn(&(f64, f64)) -> f64| {
            seen.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
                (least.min(value), most.max(value))
            })
        };
        let ((west, east), (south, north)) = (extent(|spot| spot.0), extent(|spot| spot.1));
        let side = ((east - west).max(north - south) * MARGIN).max(LEAST);
        Self { middle: (f64::midpoint(west, east), f64::midpoint(south, north)), side }
    }

    /// The window after so many looks closer, each at half of the land around the spot that is nearest to the middle, and how many it took: no
    /// more than lead to the least that is shown.
    fn closer(self, asked: u8, spots: &[(f64, f64)]) -> (Self, u8) {
        let far = |spot: &(f64, f64)| (spot.0 - self.middle.0).hypot(spot.1 - self.middle.1);
        let nearest = spots.iter().copied().min_by(|one, other| far(one).total_cmp(&far(other)));
        let (mut side, mut looks) = (self.side, 0);
        while looks < asked.min(CLOSEST) && side > LEAST {
            side = (side / 2.0).max(LEAST);
            looks += 1;
        }
        let middle = nearest.filter(|_spot| looks > 0).unwrap_or(self.middle);
        (Self { middle, side }, looks)
    }

    /// Where a spot stands, in hundredths from the left and from the top.
    fn share(&self, (east, north): (f64, f64)) -> (f64, f64) {
        let share = |distance: f64| 100.0 * distance / self.side;
        (50.0 + share(east - self.middle.0), 50.0 - share(north - self.middle.1))
    }

    /// The longest length that is no more than a third of it.
    fn length(&self) -> f64 {
        let fitting = LENGTHS.into_iter().rev().find(|length| *length <= self.side / 3.0);
        fitting.unwrap_or(LEAST / 8.0)
    }
}

/// Spots that are drawn as one mark.
struct Cluster {
    middle: (f64, f64),
    spots: f64,
    /// The services of the list that are there.
    numbers: Vec<usize>,
}

impl Cluster {
    fn of(number: usize, middle: (f64, f64)) -> Self {
        Self { middle, spots: 1.0, numbers: vec![number] }
    }

    fn touches(&self, other: &Self) -> bool {
        (self.middle.0 - other.middle.0).hypot(self.middle.1 - other.middle.1) < APART
    }

    fn take(&mut self, other: Self) {
        let all = self.spots + other.spots;
        let mean = |own: f64, theirs: f64| (own * self.spots + theirs * other.spots) / all;
        self.middle = (mean(self.middle.0, other.middle.0), mean(self.middle.1, other.middle.1));
        self.spots = all;
        self.numbers.extend(other.numbers);
        self.numbers.sort_unstable();
        self.numbers.dedup();
    }
}

/// Puts together what would touch, until nothing does.
fn gather(spots: impl Iterator<Item = Cluster>) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = spots.collect();
    loop {
        let before = clusters.len();
        let mut kept: Vec<Cluster> = Vec::with_capacity(before);
        for cluster in clusters {
            match kept.iter_mut().find(|near| near.touches(&cluster)) {
                Some(near) => near.take(cluster),
                None => kept.push(cluster),
            }
        }
        clusters = kept;
        if clusters.len() == before {
            return clusters;
        }
    }
}

fn mark(cluster: &Cluster, names: &BTreeMap<usize, &str>, words: Words) -> Mark {
    let listed = cluster.numbers.iter().map(|number| {
        let name = names.get(number).copied().unwrap_or_default();
        format!("{number} {name}")
    });
    let listed = words.list(listed);
    let (count, number) = (cluster.numbers.len(), cluster.numbers.first().copied().unwrap_or_default());
    let (x, y) = (percent(cluster.middle.0), percent(cluster.middle.1));
    if count == 1 {
        return Mark { x, y, radius: 12, tone: "pin", text: number.to_string(), name: listed, number };
    }
    let mut arguments = FluentArgs::new();
    arguments.set("count", FluentValue::from(count));
    arguments.set("names", FluentValue::from(listed));
    let name = words.filled("map-several", &arguments);
    Mark { x, y, radius: 15, tone: "mark", text: format!("×{count}"), name, number }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    const WORDS: Words = Words { language: Language::En };

    fn placed(number: usize, places: &[Degrees]) -> Placed {
        Placed { number, name: format!("service {number}"), places: places.to_vec() }
    }

    fn share(text: &str) -> f64 {
        text.strip_suffix('%').unwrap().parse().unwrap()
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(draw(&[], None, 0, WORDS).is_none());
        let within = Within { middle: (-15.4, 28.3), kilometres: 10.0 };
        assert!(draw(&[placed(1, &[])], Some(within), 0, WORDS).is_none());
    }

    #[test]
    fn the_north_is_up_the_east_is_right_and_everything_is_on_the_map() {
        let map = draw(&[placed(1, &[(-15.0, 28.0)]), placed(2, &[(-16.0, 29.0)])], None, 0, WORDS).unwrap();
        let [first, second] = map.marks.as_slice() else { panic!("{}", map.marks.len()) };
        assert!(share(&first.x) < share(&second.x) && share(&first.y) < share(&second.y));
        for at in [&first.x, &first.y, &second.x, &second.y] {
            assert!((5.0..=95.0).contains(&share(at)), "{at}");
        }
        assert_eq!((first.text.as_str(), first.tone, first.number), ("1", "pin", 1));
        assert_eq!(first.name, "1 service 1");
    }

    #[test]
    fn marks_that_would_touch_are_one_and_none_of_those_that_are_left_touch() {
        let far = placed(3, &[(-12.0, 31.0)]);
        let near = [placed(1, &[(-15.40, 28.30)]), placed(2, &[(-15.41, 28.31), (-15.42, 28.30)]), far];
        let map = draw(&near, None, 0, WORDS).unwrap();
        let texts: Vec<&str> = map.marks.iter().map(|mark| mark.text.as_str()).collect();
        assert_eq!(texts, ["×2", "3"]);
        let both = map.marks.first().unwrap();
        assert_eq!((both.number, both.tone), (1, "mark"));
        let many: Vec<Placed> = (0..200u32)
            .map(|at| placed(1, &[(f64::from(at % 14) / 40.0, 28.0 + f64::from(at * 37 % 101) / 90.0)]))
            .collect();
        let map = draw(&many, None, 0, WORDS).unwrap();
        let at: Vec<(f64, f64)> = map.marks.iter().map(|mark| (share(&mark.x), share(&mark.y))).collect();
        for (number, one) in at.iter().enumerate() {
            for other in at.iter().skip(number + 1) {
                assert!((one.0 - other.0).hypot(one.1 - other.1) > APART - 0.1, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn one_place_is_in_the_middle_and_two_across_the_meridian_are_near() {
        let map = draw(&[placed(1, &[(-15.4, 28.3)])], None, 0, WORDS).unwrap();
        let only = map.marks.first().unwrap();
        assert_eq!((only.x.as_str(), only.y.as_str()), ("50.00%", "50.00%"));
        let map = draw(&[placed(1, &[(0.5, 179.9)]), placed(2, &[(0.5, -179.9)])], None, 0, WORDS).unwrap();
        let [west, east] = map.marks.as_slice() else { panic!("{}", map.marks.len()) };
        assert!(share(&west.x) < share(&east.x), "the short way around");
        assert!(map.scale.contains('5') || map.scale.contains("10"), "{}", map.scale);
    }

    #[test]
    fn the_ring_is_where_it_was_asked_for_and_whole() {
        let within = Within { middle: (-15.4, 28.3), kilometres: 25.0 };
        let map = draw(&[placed(1, &[(-15.5, 28.4)])], Some(within), 0, WORDS).unwrap();
        let ring = map.ring.unwrap();
        let (x, y, radius) = (share(&ring.x), share(&ring.y), share(&ring.radius));
        assert!(x - radius > 0.0 && x + radius < 100.0 && y - radius > 0.0 && y + radius < 100.0);
        assert!((30.0..50.0).contains(&radius), "{radius}");
        assert!(map.grid.len() >= 2 && map.grid.len() < 12, "{:?}", map.grid);
        assert!(share(&map.scale_to) < 50.0);
    }

    #[test]
    fn whoever_looks_closer_sees_less_land_around_a_mark_and_is_told_what_lies_outside() {
        let near = [placed(1, &[(-15.400, 28.300)]), placed(2, &[(-15.404, 28.304)])];
        let far = [placed(3, &[(-15.9, 28.9)]), placed(4, &[(-14.6, 27.6)])];
        let all: Vec<Placed> = near.into_iter().chain(far).collect();
        let whole = draw(&all, None, 0, WORDS).unwrap();
        assert_eq!(whole.marks.iter().map(|mark| mark.text.as_str()).collect::<Vec<_>>(), ["×2", "3", "4"]);
        assert!(whole.may_closer && whole.closer == 0 && whole.outside.is_empty());
        let once = draw(&all, None, 1, WORDS).unwrap();
        assert_ne!(once.scale, whole.scale);
        assert_eq!(once.closer, 1);
        let closest = draw(&all, None, u8::MAX, WORDS).unwrap();
        assert!(closest.closer == CLOSEST && !closest.may_closer);
        let texts: Vec<&str> = closest.marks.iter().map(|mark| mark.text.as_str()).collect();
        assert!(!texts.is_empty() && !texts.contains(&"3") && !texts.contains(&"4"), "{texts:?}");
        assert!(closest.outside.contains('2'), "{}", closest.outside);
        for mark in &closest.marks {
            assert!((0.0..=100.0).contains(&share(&mark.x)) && (0.0..=100.0).contains(&share(&mark.y)));
        }
        // One place is shown with the least land there is already.
        let alone = draw(&[placed(1, &[(-15.4, 28.3)])], None, 3, WORDS).unwrap();
        assert!(alone.closer == 0 && !alone.may_closer && alone.marks.len() == 1);
        let within = Within { middle: (-15.4, 28.3), kilometres: 25.0 };
        let circle = draw(&[placed(1, &[(-15.5, 28.4)])], Some(within), 2, WORDS).unwrap();
        assert!(circle.ring.is_some() && circle.marks.len() == 1);
    }
}
