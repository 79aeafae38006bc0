//! What people say about a service, as numbers that point to nobody.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use super::{FeedbackError, store};
use crate::{
    access::{Actor, Permission},
    kernel::{Timestamp, id::OrganisationId},
    policy::ServiceCode,
    storage::Db,
};

/// Below this many ratings nothing is released.
pub const LEAST_RATINGS: usize = 20;

/// A quarter of a year, written `2026-Q1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter {
    year: u16,
    quarter: u8,
}

impl Quarter {
    /// The quarter of a moment, in UTC.
    pub fn of(moment: Timestamp) -> Self {
        let day = moment.datetime();
        let quarter = u8::try_from(day.month0() / 3 + 1).unwrap_or(1);
        Self { year: u16::try_from(day.year()).unwrap_or_default(), quarter }
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let month = u32::from(self.quarter.saturating_sub(1)) * 3 + 1;
        NaiveDate::from_ymd_opt(self.year.into(), month, 1)
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map_or(Timestamp::from_seconds(0), |moment| moment.and_utc().into())
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.quarter)
    }
}

impl FromStr for Quarter {
    type Err = FeedbackError;

    fn from_str(text: &str) -> Result<Self, FeedbackError> {
        let (year, quarter) = text.split_once("-Q").ok_or(FeedbackError::NotAQuarter)?;
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !matches!(quarter, "1" | "2" | "3" | "4") {
            return Err(FeedbackError::NotAQuarter);
        }
        let year = year.parse().map_err(|_ignored| FeedbackError::NotAQuarter)?;
        let quarter = quarter.parse().map_err(|_ignored| FeedbackError::NotAQuarter)?;
        Ok(Self { year, quarter })
    }
}

/// Which numbers.
#[derive(Clone, Debug)]
pub struct About {
    /// The organisation that gave the service.
    pub provider: OrganisationId,
    /// The service.
    pub service: ServiceCode,
    /// The quarter.
    pub quarter: Quarter,
}

/// How many said yes, of how many who answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Share {
    /// Said yes.
    pub yes: usize,
    /// Answered.
    pub answered: usize,
}

/// What people say about a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// Ratings given.
    pub ratings: usize,
    /// Got to the service.
    pub reached_service: Share,
    /// Found the time acceptable.
    pub time_acceptable: Share,
    /// Felt respected.
    pub respectful: Share,
    /// Found the information clear.
    pub information_clear: Share,
    /// Were asked before their information was shared.
    pub asked_consent: Share,
    /// How often each of 1 to 5 was given for the need.
    pub need_met: [usize; 5],
}

/// The numbers of one service in one quarter; `None` when there are too few to show. For the provider itself and for whoever
/// oversees all referrals. Released only when the quarter is over: numbers that grow would give away each new rating.
pub fn summary(
    db: &mut Db<'_>,
    actor: &Actor,
    about: &About,
    now: Timestamp,
) -> Result<Option<Summary>, FeedbackError> {
    if actor.may(Permission::ReadAllReferrals).is_err() {
        actor.must_act_for(about.provider)?;
        actor.may(Permission::ReadReferrals)?;
    }
    if about.quarter >= Quarter::of(now) {
        return Err(FeedbackError::QuarterNotOver);
    }
    let ratings = store::ratings(db, about)?;
    if ratings.len() < LEAST_RATINGS {
        return Ok(None);
    }
    let mut all = Summary { ratings: ratings.len(), ..Summary::default() };
    for rating in ratings {
        count(&mut all.reached_service, rating.reached_service);
        count(&mut all.time_acceptable, rating.time_acceptable);
        count(&mut all.respectful, rating.respectful);
        count(&mut all.information_clear, rating.information_clear);
        count(&mut all.asked_consent, rating.asked_consent);
        let step = rating.need_met.and_then(|met| all.need_met.get_mut(usize::from(met).checked_sub(1)?));
        if let Some(step) = step {
            *step += 1;
        }
    }
    Ok(Some(all))
}

fn count(share: &mut Share, answer: Option<bool>) {
    share.answered += usize::from(answer.is_some());
    share.yes += usize::from(answer == Some(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_survives_its_text_and_knows_its_start() {
        for (moment, quarter, start) in [
            ("2026-01-01T00:00:00Z", "2026-Q1", "2026-01-01T00:00:00Z"),
            ("2026-03-31T23:59:59Z", "2026-Q1", "2026-01-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2026-Q4", "2026-10-01T00:00:00Z"),
        ] {
            let found = Quarter::of(moment.parse().unwrap());
            assert_eq!(found.to_string(), quarter);
            assert_eq!(quarter.parse::<Quarter>().unwrap(), found);
            assert_eq!(found.start().to_string(), start);
        }
        for text in ["", "2026", "2026-Q5", "2026-Q", "26-Q1", "2026-Q01", "2026-q1"] {
            assert!(text.parse::<Quarter>().is_err(), "{text}");
        }
    }
}
