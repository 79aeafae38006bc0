//! Say how it went, once.

use serde::Deserialize;

use super::{FeedbackError, Opened, Pauses, Presented, Quarter, RatingGiven, key, store};
use crate::{access::Tx, kernel::id::FeedbackId};

/// What a person says about a service. Every question may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// Did you get to the service?
    #[serde(default)]
    pub reached_service: Option<bool>,
    /// Was the time it took acceptable?
    #[serde(default)]
    pub time_acceptable: Option<bool>,
    /// Were you treated with respect?
    #[serde(default)]
    pub respectful: Option<bool>,
    /// Was what you were told clear?
    #[serde(default)]
    pub information_clear: Option<bool>,
    /// Were you asked before your information was shared?
    #[serde(default)]
    pub asked_consent: Option<bool>,
    /// Was your need met? 1 not at all, 5 fully.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5)]
    pub need_met: Option<u8>,
}

impl Rating {
    fn check(self) -> Result<(), FeedbackError> {
        if self == Self::default() {
            return Err(FeedbackError::NothingSaid);
        }
        if self.need_met.is_some_and(|met| !(1..=5).contains(&met)) {
            return Err(FeedbackError::OutsideTheScale);
        }
        Ok(())
    }
}

/// Who says it, and what.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Code and PIN.
    pub presented: Presented,
    /// What they say.
    pub rating: Rating,
}

/// Takes a rating. `None` when code and PIN do not fit; see [`open`](super::open).
pub fn rate(tx: &mut Tx<'_>, cmd: &Rate, pauses: &Pauses) -> Result<Option<Opened>, FeedbackError> {
    cmd.rating.check()?;
    let Some(opened) = key::open(tx, &cmd.presented, pauses)? else { return Ok(None) };
    if opened.rating == RatingGiven::Already {
        return Err(FeedbackError::RatedAlready);
    }
    store::mark_rated(tx, opened.code())?;
    let quarter = Quarter::of(tx.now());
    // An id usually carries its moment, and the moment would lead to the request. The start of the quarter leads nowhere.
    let id = FeedbackId::new(tx.ids(), quarter.start());
    store::insert_rating(tx, id, &opened, quarter, cmd.rating)?;
    Ok(Some(opened.now_rated()))
}
