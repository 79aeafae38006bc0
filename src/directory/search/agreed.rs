//! Which services agreements in force cover, for the ranking.

use super::{index::AGREEMENT, rank, sift::Sift};
use crate::directory::agreements::InForce;

/// Services of a layer that agreements in force cover, in order.
pub(super) struct Agreed {
    /// Agreements with the organisation of whoever asks.
    own: Vec<u32>,
    /// Agreements among others.
    others: Vec<u32>,
}

impl Agreed {
    /// Nothing when no agreement is in force that whoever asks may see.
    pub(super) fn of(sift: &Sift<'_>, in_force: &InForce) -> Option<Self> {
        let of = |agreements: &[String]| sift.with_facet(&[AGREEMENT], agreements);
        (!in_force.is_empty()).then(|| Self { own: of(&in_force.own), others: of(&in_force.others) })
    }

    /// What it counts that a service is covered.
    pub(super) fn count(&self, number: u32) -> f64 {
        let has = |numbers: &[u32]| numbers.binary_search(&number).is_ok();
        rank::agreement(has(&self.own), has(&self.others))
    }
}
