//! What somebody who has data owes: to hear that it must go, and to say what became of it. One machine for everybody who is asked, after
//! a withdrawal and after the end of a referral. Pure.

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::{
    error::ConsentError,
    withdrawal::{Exception, Step},
};
use crate::{kernel::Timestamp, policy::WithdrawalLimits};

/// What a holder answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderAnswer {
    /// Everything that was asked for is destroyed.
    Destroyed,
    /// It is kept, apart and under restricted access, because an exception holds.
    Kept {
        /// Which.
        exception: Exception,
        /// Until when.
        until: Timestamp,
    },
}

impl HolderAnswer {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Destroyed => "destroyed",
            Self::Kept { .. } => "kept",
        }
    }

    /// The exception and its end, when it is kept.
    const fn kept(self) -> Option<(Exception, Timestamp)> {
        match self {
            Self::Destroyed => None,
            Self::Kept { exception, until } => Some((exception, until)),
        }
    }
}

/// What an organisation says about data it was asked to destroy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It heard it, and stopped.
    Acknowledged,
    /// What it did with the data.
    Done(HolderAnswer),
}

/// What is still open of a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owed {
    /// Its answer.
    Answer,
    /// What is kept, once the exception has ended.
    Kept,
}

/// A holder's duty, and how far it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// When it was asked; asked again, when that was.
    pub asked: Timestamp,
    /// Until when it must answer.
    pub due: Timestamp,
    /// When it said that it heard it.
    pub acknowledged: Option<Timestamp>,
    /// When its silence was escalated.
    pub escalated: Option<Timestamp>,
    /// What it answered, and when.
    pub answer: Option<(Timestamp, HolderAnswer)>,
    /// How often an exception of it ended and it was asked again.
    pub rounds: i16,
}

impl Duty {
    /// A duty that begins now.
    pub const fn new(asked: Timestamp, due: Timestamp) -> Self {
        Self { asked, due, acknowledged: None, escalated: None, answer: None, rounds: 0 }
    }

    /// Takes what the holder says; false when it had said that before.
    pub fn take(&mut self, said: Said, now: Timestamp) -> Result<bool, ConsentError> {
        match (said, self.answer) {
            (Said::Acknowledged, _) if self.acknowledged.is_some() => Ok(false),
            (Said::Acknowledged, _) => {
                self.acknowledged = Some(now);
                Ok(true)
            }
            (Said::Done(answer), Some((_, before))) if before == answer => Ok(false),
            // What was kept may be destroyed later; what is destroyed stays so.
            (Said::Done(HolderAnswer::Kept { .. }), Some(_)) => Err(ConsentError::Answered),
            (Said::Done(answer), _) => {
                let in_bounds = match answer {
                    HolderAnswer::Destroyed => true,
                    HolderAnswer::Kept { until, .. } => now < until && until < now.plus(LONGEST_KEPT),
                };
                if !in_bounds {
                    return Err(ConsentError::KeptUntil);
                }
                self.acknowledged = self.acknowledged.or(Some(now));
                self.answer = Some((now, answer));
                Ok(true)
            }
        }
    }

    /// What is still open of it, and when that is due. Nothing once everything is destroyed.
    pub const fn owed(&self) -> Option<(Owed, Timestamp)> {
        match self.answer {
            None => Some((Owed::Answer, self.due)),
            Some((_, HolderAnswer::Kept { until, .. })) => Some((Owed::Kept, until)),
            Some((_, HolderAnswer::Destroyed)) => None,
        }
    }

    /// Whether its answer is late.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.answer.is_none() && self.due < now
    }

    /// Whether it has been silent for as long as one may be before somebody is told.
    pub fn is_unheard(&self, now: Timestamp, limits: WithdrawalLimits) -> bool {
        self.acknowledged.is_none() && self.escalated.is_none() && self.asked.plus(limits.unheard()) <= now
    }

    /// Whether its answer was still missing after the last deadline of all.
    pub fn is_breached(&self, now: Timestamp) -> bool {
        self.answer.is_none() && Step::W11.due(self.asked) <= now
    }

    /// The exception it kept data under, once that has ended.
    pub fn ended(&self, now: Timestamp) -> Option<Exception> {
        match self.answer {
            Some((_, HolderAnswer::Kept { exception, until })) if until <= now => Some(exception),
            Some(_) | None => None,
        }
    }

    /// Begins anew: what was said before does not count any more, and there is as much time as before.
    #[must_use]
    pub fn again(&self, now: Timestamp) -> Self {
        let within = self.due.since(self.asked);
        Self { rounds: self.rounds.saturating_add(1), ..Self::new(now, now.plus(within)) }
    }
}

/// A duty as its columns, which are the same in every table that has them.
#[derive(Clone, Debug)]
pub struct DutyColumns {
    /// When it was asked, microseconds.
    pub asked_at: i64,
    /// How often it was asked again.
    pub rounds: i16,
    /// Until when it must answer.
    pub due_at: i64,
    /// When it said that it heard it.
    pub acknowledged_at: Option<i64>,
    /// When its silence was escalated.
    pub escalated_at: Option<i64>,
    /// When it answered.
    pub answered_at: Option<i64>,
    /// The word for what it answered.
    pub answer: Option<String>,
    /// The exception's code.
    pub exception: Option<String>,
    /// Until when it is kept.
    pub kept_until: Option<i64>,
}

impl From<&Duty> for DutyColumns {
    fn from(duty: &Duty) -> Self {
        let (answered, answer) = duty.answer.unzip();
        let kept = answer.and_then(HolderAnswer::kept);
        Self {
            asked_at: duty.asked.micros(),
            rounds: duty.rounds,
            due_at: duty.due.micros(),
            acknowledged_at: duty.acknowledged.map(Timestamp::micros),
            escalated_at: duty.escalated.map(Timestamp::micros),
            answered_at: answered.map(Timestamp::micros),
            answer: answer.map(|answer| answer.name().to_owned()),
            exception: kept.map(|(exception, _)| exception.code().to_owned()),
            kept_until: kept.map(|(_, until)| until.micros()),
        }
    }
}

impl DutyColumns {
    /// The duty; nothing when the columns do not fit together.
    pub fn into_duty(self) -> Option<Duty> {
        let answer = match (self.answered_at, self.exception, self.kept_until) {
            (None, None, None) => None,
            (Some(at), None, None) => Some((Timestamp::from_micros(at), HolderAnswer::Destroyed)),
            (Some(at), Some(exception), Some(until)) => {
                let (exception, until) = (Exception::of_code(&exception)?, Timestamp::from_micros(until));
                Some((Timestamp::from_micros(at), HolderAnswer::Kept { exception, until }))
            }
            _ => return None,
        };
        Some(Duty {
            asked: Timestamp::from_micros(self.asked_at),
            due: Timestamp::from_micros(self.due_at),
            acknowledged: self.acknowledged_at.map(Timestamp::from_micros),
            escalated: self.escalated_at.map(Timestamp::from_micros),
            answer,
            rounds: self.rounds,
        })
    }
}

/// A duty as readers see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DutyView {
    /// When it was asked; when it was asked again, once an exception had ended.
    #[schema(value_type = String, format = DateTime)]
    pub asked: Timestamp,
    /// How often an exception ended and it was asked again.
    pub asked_again: i16,
    /// Until when its answer is due.
    #[schema(value_type = String, format = DateTime)]
    pub answer_by: Timestamp,
    /// Its answer is late.
    pub overdue: bool,
    /// When it acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged: Option<Timestamp>,
    /// When it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered: Option<Timestamp>,
    /// What: `destroyed`, or `kept` under an exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<&'static str>,
    /// The exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// Until when it is kept under that exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub kept_until: Option<Timestamp>,
}

impl DutyView {
    /// How the duty stands at a moment.
    pub fn of(duty: &Duty, now: Timestamp) -> Self {
        let (answered, answer) = duty.answer.unzip();
        let kept = answer.and_then(HolderAnswer::kept);
        Self {
            asked: duty.asked,
            asked_again: duty.rounds,
            answer_by: duty.due,
            overdue: duty.is_overdue(now),
            acknowledged: duty.acknowledged,
            answered,
            answer: answer.map(HolderAnswer::name),
            exception: kept.map(|(exception, _)| exception),
            kept_until: kept.map(|(_, until)| until),
        }
    }
}

/// The first and the last day that something may be kept until, when that is said now. A day is its beginning.
pub fn days_to_keep_until(now: Timestamp) -> (NaiveDate, NaiveDate) {
    let day = |at: Timestamp| at.datetime().date_naive();
    let last = now.plus(LONGEST_KEPT).minus(TimeDelta::microseconds(1));
    (day(now.plus(TimeDelta::days(1))), day(last))
}

/// How long an exception may keep data: ten years.
const LONGEST_KEPT: TimeDelta = TimeDelta::days(3_652);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::sample::{NOON, at};

    fn duty() -> Duty {
        Duty::new(at(NOON), at(NOON).plus(TimeDelta::hours(72)))
    }

    fn kept(days: i64) -> Said {
        let until = at(NOON).plus(TimeDelta::days(days));
        Said::Done(HolderAnswer::Kept { exception: Exception::WX1, until })
    }

    #[test]
    fn an_exception_that_ends_lets_the_duty_begin_anew() {
        let (mut duty, end) = (duty(), at(NOON).plus(TimeDelta::days(30)));
        assert!(duty.take(kept(30), at(NOON)).unwrap());
        assert_eq!(duty.ended(end.minus(TimeDelta::seconds(1))), None);
        assert_eq!(duty.ended(end), Some(Exception::WX1));
        let mut again = duty.again(end);
        assert_eq!((again.answer, again.acknowledged, again.rounds), (None, None, 1));
        let limits = WithdrawalLimits { unheard_hours: 24 };
        assert!(
            !again.is_unheard(end.plus(TimeDelta::hours(23)), limits),
            "a day from when it was asked again"
        );
        assert!(again.is_unheard(end.plus(TimeDelta::hours(24)), limits));
        let stricter = WithdrawalLimits { unheard_hours: 12 };
        assert!(again.is_unheard(end.plus(TimeDelta::hours(12)), stricter));
        assert!(again.is_overdue(end.plus(TimeDelta::hours(73))));
        assert!(
            !again.is_breached(end.plus(TimeDelta::days(13)))
                && again.is_breached(end.plus(TimeDelta::days(14)))
        );
        assert!(again.take(kept(60), end).unwrap(), "it may have another reason");
    }

    #[test]
    fn the_days_that_are_offered_are_those_that_are_taken() {
        for now in [at(NOON), at("2026-03-01T00:00:00Z"), at("2026-03-01T23:59:59Z")] {
            let (first, last) = days_to_keep_until(now);
            let taken = |day: NaiveDate| {
                let until = format!("{day}T00:00:00Z").parse().unwrap();
                let said = Said::Done(HolderAnswer::Kept { exception: Exception::WX2, until });
                Duty::new(now, now).take(said, now).is_ok()
            };
            assert!(taken(first) && taken(last), "{now:?}");
            assert!(!taken(first.pred_opt().unwrap()) && !taken(last.succ_opt().unwrap()), "{now:?}");
        }
    }

    #[test]
    fn what_is_open_is_the_answer_then_what_is_kept_and_in_the_end_nothing() {
        let (mut duty, end) = (duty(), at(NOON).plus(TimeDelta::days(30)));
        assert_eq!(duty.owed(), Some((Owed::Answer, duty.due)));
        assert!(duty.take(Said::Acknowledged, at(NOON)).unwrap());
        assert_eq!(duty.owed(), Some((Owed::Answer, duty.due)), "to have heard it is no answer");
        assert!(duty.take(kept(30), at(NOON)).unwrap());
        assert_eq!(duty.owed(), Some((Owed::Kept, end)));
        assert!(duty.take(Said::Done(HolderAnswer::Destroyed), at(NOON)).unwrap());
        assert_eq!(duty.owed(), None);
    }

    #[test]
    fn what_is_destroyed_stays_so_and_a_second_exception_is_refused() {
        let mut duty = duty();
        assert!(duty.take(kept(30), at(NOON)).unwrap());
        assert!(!duty.take(kept(30), at(NOON)).unwrap(), "the same again");
        assert!(matches!(duty.take(kept(40), at(NOON)), Err(ConsentError::Answered)));
        assert!(duty.take(Said::Done(HolderAnswer::Destroyed), at(NOON)).unwrap());
        assert!(matches!(duty.take(kept(40), at(NOON)), Err(ConsentError::Answered)));
        let mut other = self::duty();
        assert!(matches!(other.take(kept(0), at(NOON)), Err(ConsentError::KeptUntil)));
        assert!(matches!(other.take(kept(3_652), at(NOON)), Err(ConsentError::KeptUntil)));
    }
}
