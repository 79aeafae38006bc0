//! How far away a service is, as far as whoever asks may know, and what need not be near to be of use.
//!
//! # Decisions
//!
//! - Of a place that is kept secret nobody is told metres but those who may know where it is: others are told a band, in which all places count
//!   alike, so that neither what is said nor an order nor a score closes in on one.
//! - A hotline has no distance. What is given by telephone or online, and what serves a whole country, counts as if it were where it is
//!   looked for.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde::Serialize;

use super::{
    Search,
    index::{REACH, SERVES, Segment},
    sift::Seeker,
};
use crate::{
    directory::{
        DirectoryError,
        areas::{Area, Known},
    },
    storage::Db,
};

/// A span of distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Band {
    /// Where it begins, in metres.
    pub from: u32,
    /// Where it ends, in metres; the last one does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

impl Band {
    /// The bands, one behind the other.
    pub const ALL: [Self; 5] = [
        Self { from: 0, to: Some(10_000) },
        Self { from: 10_000, to: Some(50_000) },
        Self { from: 50_000, to: Some(100_000) },
        Self { from: 100_000, to: Some(250_000) },
        LAST,
    ];

    /// The band in which a distance lies.
    fn of(metres: f64) -> Self {
        let is_in = |band: &Self| band.to.is_some_and(|to| metres < f64::from(to));
        Self::ALL.into_iter().find(is_in).unwrap_or(LAST)
    }

    /// What every distance in it counts as, in metres: its middle; of the last, twice where it begins.
    fn counts_as(self) -> f64 {
        let from = f64::from(self.from);
        self.to.map_or(from * 2.0, |to| f64::midpoint(from, f64::from(to)))
    }
}

const LAST: Band = Band { from: 250_000, to: None };

/// Why a service is of use without being near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// It is given by telephone, by messages or online.
    Remote,
    /// It serves the whole country.
    Country,
    /// It serves an area that the place lies in, and has no place of its own that is known.
    Area,
}

impl Reach {
    /// Its name, as an answer has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Country => "country",
            Self::Area => "area",
        }
    }
}

/// How far a place is, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Far {
    Metres(f64),
    Band(Band),
}

impl Far {
    /// What is told of a place at a distance.
    pub(super) fn told(metres: f64, is_secret: bool) -> Self {
        if is_secret { Self::Band(Band::of(metres)) } else { Self::Metres(metres) }
    }

    /// What it counts as, in metres.
    fn counts_as(self) -> f64 {
        match self {
            Self::Metres(metres) => metres,
            Self::Band(band) => band.counts_as(),
        }
    }

    /// The nearer of two; of two that count alike the one that says more.
    fn nearer(self, other: Self) -> Self {
        let is_band = |far: Self| matches!(far, Self::Band(_));
        let by_distance = other.counts_as().total_cmp(&self.counts_as());
        let order = by_distance.then_with(|| is_band(other).cmp(&is_band(self)));
        if order == Ordering::Less { other } else { self }
    }
}

/// How far a service is from a place, and whether that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Away {
    /// How far its nearest place is, of those that are near.
    place: Option<Far>,
    reach: Option<Reach>,
}

impl Away {
    pub(super) const fn at(place: Far) -> Self {
        Self { place: Some(place), reach: None }
    }

    const fn reached(reach: Reach) -> Self {
        Self { place: None, reach: Some(reach) }
    }

    /// Both of what is known of one service.
    pub(super) fn and(self, other: Self) -> Self {
        let place = match (self.place, other.place) {
            (Some(one), Some(other)) => Some(one.nearer(other)),
            (one, other) => one.or(other),
        };
        Self { place, reach: self.reach.into_iter().chain(other.reach).min() }
    }

    /// How far it is in metres, where that is told.
    pub(super) fn metres(self) -> Option<f64> {
        if let Some(Far::Metres(metres)) = self.place { Some(metres) } else { None }
    }

    /// In which band it is, where no more is told.
    pub(super) fn band(self) -> Option<Band> {
        if let Some(Far::Band(band)) = self.place { Some(band) } else { None }
    }

    pub(super) const fn reach(self) -> Option<Reach> {
        self.reach
    }

    /// What it counts as for what is to be near, in metres.
    pub(super) fn weighs(self) -> f64 {
        if self.reach.is_some() { 0.0 } else { self.sorts() }
    }

    /// What it stands at where the nearest is first, in metres: what has no distance is behind all that has one.
    pub(super) fn sorts(self) -> f64 {
        self.place.map_or(BEHIND, Far::counts_as)
    }
}

/// Farther than any place on Earth, in metres.
const BEHIND: f64 = 100_000_000.0;

/// What a service says of how it is given, as it is entered under [`REACH`].
pub(super) mod given {
    /// By telephone, by messages or online.
    pub(in crate::directory::search) const REMOTE: &str = "remote";
    /// So, and no area is said that is served.
    pub(in crate::directory::search) const ANYWHERE: &str = "anywhere";
    /// Nobody knows where it is.
    pub(in crate::directory::search) const NOWHERE: &str = "nowhere";
}

/// Where whoever looks near a place is, as far as they say: what serves it is found beside what is near.
#[derive(Debug, Default)]
pub(super) struct Here {
    /// The keys of the area that the place lies in, and of those that it lies in.
    areas: Vec<String>,
    /// Those of them that are countries.
    countries: Vec<String>,
}

impl Here {
    /// What a search near a place says of it; nothing when none is asked for.
    pub(super) fn of(
        db: &mut Db<'_>,
        search: &Search,
        day: NaiveDate,
    ) -> Result<Option<Self>, DirectoryError> {
        if search.around.is_none() {
            return if search.lies_in.is_some() { Err(DirectoryError::BadPlace) } else { Ok(None) };
        }
        let said = search.lies_in.as_ref().or(search.area.as_ref().map(|area| &area.code));
        let Some(code) = said else { return Ok(Some(Self::default())) };
        let known = Known::load(db, std::iter::once(code.as_str()))?;
        let area = known.resolve(code, day).map_err(|why| why.error(code))?;
        let around = || known.chain(area, day);
        let key = |area: &Area| area.key.clone();
        let countries = around().filter(|area| area.level == 0);
        Ok(Some(Self { areas: around().map(key).collect(), countries: countries.map(key).collect() }))
    }

    /// The services that need not be near, each with why. One may come several times.
    pub(super) fn reached(&self, segment: &Segment) -> impl Iterator<Item = (u32, Away)> {
        let serving = segment.with_facet(&[SERVES], &self.areas);
        let among = |given: &'static str| {
            let mut given = Seeker::of(segment.having_value(REACH, given));
            serving.iter().copied().filter(move |number| given.finds(*number))
        };
        let anywhere = segment.having_value(REACH, given::ANYWHERE).iter().copied();
        let countrywide = segment.with_facet(&[SERVES], &self.countries);
        let mut found: Vec<(u32, Reach)> = Vec::new();
        found.extend(anywhere.map(|number| (number, Reach::Remote)));
        found.extend(among(given::REMOTE).map(|number| (number, Reach::Remote)));
        found.extend(countrywide.into_iter().map(|number| (number, Reach::Country)));
        found.extend(among(given::NOWHERE).map(|number| (number, Reach::Area)));
        found.into_iter().map(|(number, reach)| (number, Away::reached(reach)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{
        super::index::{Body, segment::tests::segment},
        *,
    };

    #[test]
    fn bands_follow_one_another_and_each_counts_as_something_within() {
        let mut from = 0;
        for band in Band::ALL {
            assert_eq!(band.from, from);
            assert_eq!(Band::of(f64::from(band.from)), band);
            assert_eq!(Band::of(band.counts_as()), band);
            from = band.to.unwrap_or(u32::MAX);
        }
        assert_eq!(from, u32::MAX, "the last one has no end");
        assert_eq!(Band::of(20_015_115.0), LAST);
    }

    proptest! {
        #[test]
        fn of_two_places_in_a_band_nothing_tells_which_is_nearer(one in 0.0..400_000.0f64, other in 0.0..400_000.0f64) {
            let [one_told, other_told] = [one, other].map(|metres| Away::at(Far::told(metres, true)));
            let is_same = Band::of(one) == Band::of(other);
            prop_assert_eq!(one_told == other_told, is_same);
            prop_assert_eq!(one_told.sorts().total_cmp(&other_told.sorts()).is_eq(), is_same);
            prop_assert_eq!(one_told.metres(), None);
        }

        #[test]
        fn what_is_known_of_a_service_does_not_hang_on_what_is_known_first(
            places in proptest::collection::vec((0u32..8, any::<bool>()), 1..6),
            reaches in proptest::collection::vec(0usize..3, 0..3),
        ) {
            let all = [Reach::Remote, Reach::Country, Reach::Area];
            let places = places.iter().map(|(step, is_secret)| Away::at(Far::told(f64::from(*step) * 2_500.0, *is_secret)));
            let reaches = reaches.iter().map(|number| Away::reached(all[*number]));
            let known: Vec<Away> = places.chain(reaches).collect();
            let forwards = known.iter().copied().fold(Away::default(), Away::and);
            let backwards = known.iter().rev().copied().fold(Away::default(), Away::and);
            prop_assert_eq!(forwards, backwards);
        }
    }

    #[test]
    fn what_need_not_be_near_is_found_by_what_it_serves_and_how_it_is_given() {
        let body = |reach: &[&str], serves: &[&str]| {
            let values = |of: &[&str]| of.iter().map(|value| (*value).to_owned()).collect();
            let facets = [(REACH, values(reach)), (SERVES, values(serves))];
            let facets = facets.map(|(facet, values)| (facet.to_owned(), values));
            Body { facets: BTreeMap::from(facets), ..Body::default() }
        };
        // The first in the list is the last by name.
        let mut bodies = vec![
            body(&[given::REMOTE, given::ANYWHERE, given::NOWHERE], &[]),
            body(&[given::REMOTE, given::NOWHERE], &["ZM/0/ZM"]),
            body(&[given::REMOTE, given::NOWHERE], &["MW/0/MW"]),
            body(&[given::REMOTE], &["ZM/1/ZM109"]),
            body(&[], &["ZM/0/ZM"]),
            body(&[given::NOWHERE], &["ZM/2/ZM109012"]),
            body(&[], &["ZM/2/ZM109012"]),
            body(&[given::NOWHERE], &["ZM/1/ZM105"]),
            body(&[given::NOWHERE], &[]),
        ];
        bodies.reverse();
        let segment = segment(&bodies);
        let found = |areas: &[&str], countries: &[&str]| {
            let keys = |of: &[&str]| of.iter().map(|key| (*key).to_owned()).collect();
            let here = Here { areas: keys(areas), countries: keys(countries) };
            let mut best: BTreeMap<u32, Away> = BTreeMap::new();
            for (number, away) in here.reached(&segment) {
                let known = best.entry(number).or_default();
                *known = known.and(away);
            }
            best.into_iter().filter_map(|(number, away)| Some((number, away.reach()?))).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&["ZM/2/ZM109012", "ZM/1/ZM109", "ZM/0/ZM"], &["ZM/0/ZM"]),
            [
                (0, Reach::Remote),
                (1, Reach::Remote),
                (3, Reach::Remote),
                (4, Reach::Country),
                (5, Reach::Area)
            ]
        );
        assert_eq!(found(&[], &[]), [(0, Reach::Remote)], "where nobody says which country it is");
    }
}
