//! Places on the globe as points in space, so that near and far are the same at the poles and across the meridian of 180° as anywhere.
//!
//! How far two places are apart follows from the straight line between them, without a case of its own anywhere: it is the haversine
//! formula, written so that what is near is picked with nothing but products and sums.

use serde::{Deserialize, Serialize};

use crate::directory::DirectoryError;

/// How far is near when nobody says, in metres.
const METRES: f64 = 50_000.0;

/// The mean radius of the Earth in metres.
const EARTH: f64 = 6_371_008.8;

/// What the rounding of coordinates may come to, in metres: two ways to write one place are one place.
const SLACK: f64 = 0.001;

/// A place on the globe, as a point at distance one from its middle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) z: f64,
}

impl Point {
    /// The place at a latitude and a longitude in degrees; nothing when there is none.
    pub fn at(latitude: f64, longitude: f64) -> Option<Self> {
        if !((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)) {
            return None;
        }
        let (up, round) = (latitude.to_radians(), longitude.to_radians());
        Some(Self { x: up.cos() * round.cos(), y: up.cos() * round.sin(), z: up.sin() })
    }

    /// The square of the straight line to another place.
    pub(super) fn square_to(self, other: Self) -> f64 {
        let (x, y, z) = (self.x - other.x, self.y - other.y, self.z - other.z);
        x * x + y * y + z * z
    }

    /// How far it is to another place over the ground, in metres.
    pub fn metres_to(self, other: Self) -> f64 {
        let line = self.square_to(other).sqrt();
        2.0 * EARTH * (line / 2.0).min(1.0).asin()
    }
}

/// Everything within so many metres of a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    pub(super) middle: Point,
    pub(super) metres: f64,
}

impl Around {
    /// Everything within so many metres of a latitude and a longitude in degrees; nothing when there is no such place or distance.
    pub fn new((latitude, longitude): (f64, f64), metres: f64) -> Option<Self> {
        let middle = Point::at(latitude, longitude)?;
        (metres.is_finite() && metres >= 0.0).then_some(Self { middle, metres })
    }

    /// What a query asks for, if it names a place: within 50 km of it unless it says how far.
    pub fn asked(
        latitude: Option<f64>,
        longitude: Option<f64>,
        metres: Option<f64>,
    ) -> Result<Option<Self>, DirectoryError> {
        match (latitude, longitude, metres) {
            (None, None, None) => Ok(None),
            (Some(latitude), Some(longitude), metres) => {
                let around = Self::new((latitude, longitude), metres.unwrap_or(METRES));
                around.map(Some).ok_or(DirectoryError::BadPlace)
            }
            _ => Err(DirectoryError::BadPlace),
        }
    }

    /// The longest straight line from the middle to a place within.
    pub(super) fn line(self) -> f64 {
        let angle = (self.metres + SLACK) / EARTH;
        if angle >= std::f64::consts::PI { 2.1 } else { 2.0 * (angle / 2.0).sin() }
    }

    /// The same with twice the distance, a kilometre at least; nothing when it held the whole Earth already.
    pub(super) fn wider(self) -> Option<Self> {
        let metres = (self.metres * 2.0).max(1_000.0);
        (self.metres < EARTH * std::f64::consts::PI).then_some(Self { metres, ..self })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn haversine((lat, lon): (f64, f64), (lat2, lon2): (f64, f64)) -> f64 {
        let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
        let a = half(lat, lat2) + lat.to_radians().cos() * lat2.to_radians().cos() * half(lon, lon2);
        2.0 * EARTH * a.sqrt().min(1.0).asin()
    }

    #[test]
    fn places_are_as_far_apart_as_they_are() {
        for (from, to, metres) in [
            ((52.52, 13.405), (48.8566, 2.3522), 877_464.6),
            ((0.0, 179.9), (0.0, -179.9), 22_239.0),
            ((90.0, 12.0), (90.0, -170.0), 0.0),
            ((90.0, 0.0), (-90.0, 0.0), 20_015_115.0),
            ((10.0, 180.0), (10.0, -180.0), 0.0),
        ] {
            let found = Point::at(from.0, from.1).unwrap().metres_to(Point::at(to.0, to.1).unwrap());
            assert!((found - metres).abs() < 100.0, "{from:?} {to:?} {found}");
        }
        assert_eq!(Point::at(90.1, 0.0), None);
        assert_eq!(Point::at(0.0, f64::NAN), None);
        assert_eq!(Around::new((0.0, 0.0), -1.0), None);
        assert_eq!(Around::new((0.0, 0.0), f64::INFINITY), None);
    }

    proptest! {
        #[test]
        fn the_straight_line_says_what_the_haversine_says(
            lat in -90.0..=90.0f64, lon in -180.0..=180.0f64, lat2 in -90.0..=90.0f64, lon2 in -180.0..=180.0f64,
        ) {
            let found = Point::at(lat, lon).unwrap().metres_to(Point::at(lat2, lon2).unwrap());
            // Where two places are opposite each other, neither formula tells the last metre.
            prop_assert!((found - haversine((lat, lon), (lat2, lon2))).abs() < 1.0);
        }
    }
}
