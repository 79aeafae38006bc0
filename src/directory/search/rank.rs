//! How much a service counts among those that fit: fixed weights, the same on every engine.

use serde::Serialize;

use super::{
    Sought,
    away::{Away, Band, Reach},
};
use crate::{
    directory::{
        Availability,
        eligibility::{Answer, Eligibility},
        hours::Open,
    },
    kernel::Timestamp,
};

/// How much of the score the text makes out, and the others.
const TEXT: f64 = 0.60;
const DISTANCE: f64 = 0.25;
const FRESHNESS: f64 = 0.10;
const AVAILABILITY: f64 = 0.05;
const ELIGIBLE: f64 = 0.20;
const OPEN: f64 = 0.15;
const AGREEMENT: f64 = 0.10;

/// Within how many metres the worth of being near falls to a third (1/e).
const NEAR: f64 = 10_000.0;

/// In how many days the worth of an entry that nobody verified or changed falls to a half.
const HALF_LIFE_DAYS: f64 = 90.0;

/// Why a service stands where it stands. What was not asked for is absent and does not count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Match {
    /// How well it fits the words, 0 to 1: for each word, what it stands in (name 0.80, alternate name 0.65, provider 0.60, label 0.50,
    /// description 0.25, and 0.05 more for each further one of them) times how it is found (as typed 1, beginning so 0.8, one edit away
    /// 0.6, two 0.4); the mean of that.
    pub text: Option<f64>,
    /// How far the nearest place is where it is offered, in metres. Absent for what has no place that is near, and for a place of which no more
    /// than a band is told.
    pub distance: Option<f64>,
    /// In which band the nearest place is, where it is kept secret where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
    /// Why it is of use without being near; its distance then does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// How fresh the entry is, 0 to 1: halves every 90 days since it was last verified, or checked by its source; of what
    /// nobody checked, since its last change.
    pub freshness: f64,
    /// Whether it takes people: open 1, unknown 0.5, waiting list 0.3, full 0.
    pub availability: f64,
    /// Whether it is for the person: takes such people first 1, is for them 0.8, not known 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligible: Option<f64>,
    /// Whether it is open at the moment asked for: open 1, not known 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<f64>,
    /// Whether an agreement in force covers it: one with the organisation of whoever asks 1, one among others 0.5, none 0. Absent while there is
    /// no agreement in force that the searcher may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
    /// What it is sorted by, 0 to 1: 0.60 text, 0.25 distance (e to the power of -distance/10 km; a band counts as its middle, what need not be
    /// near as 0 km), 0.20 eligible, 0.15 open, 0.10 agreement, 0.10
    /// freshness, 0.05 availability, divided by the weights of what was asked for.
    pub score: f64,
}

impl Match {
    /// Puts the components together.
    pub(super) fn of(
        (fresh_at, available): (i64, Availability),
        Parts { text, away, eligible, open, agreement }: Parts,
        now: Timestamp,
    ) -> Self {
        let freshness = freshness(fresh_at, now);
        let availability = availability(available);
        let parts = [
            text.map(|text| (TEXT, text)),
            away.map(|away| (DISTANCE, (-away.weighs() / NEAR).exp())),
            eligible.map(|eligible| (ELIGIBLE, eligible)),
            open.map(|open| (OPEN, open)),
            agreement.map(|agreement| (AGREEMENT, agreement)),
            Some((FRESHNESS, freshness)),
            Some((AVAILABILITY, availability)),
        ];
        let (sum, weights) = parts
            .into_iter()
            .flatten()
            .fold((0.0, 0.0), |(sum, weights), (weight, part)| (sum + weight * part, weights + weight));
        let score = millionths(sum / weights);
        Self {
            text,
            distance: away.and_then(Away::metres),
            band: away.and_then(Away::band),
            reach: away.and_then(Away::reach),
            freshness,
            availability,
            eligible,
            open,
            agreement,
            score,
        }
    }
}

/// What was asked for, and how well a service fits it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts {
    pub(super) text: Option<f64>,
    pub(super) away: Option<Away>,
    pub(super) eligible: Option<f64>,
    pub(super) open: Option<f64>,
    pub(super) agreement: Option<f64>,
}

/// What it counts whether agreements in force cover a service.
pub(super) const fn agreement(has_own: bool, has_others: bool) -> f64 {
    match (has_own, has_others) {
        (true, _) => 1.0,
        (false, true) => 0.5,
        (false, false) => 0.0,
    }
}

/// What it counts whether a service is for somebody.
pub(super) fn eligible(judged: &Eligibility) -> f64 {
    match judged.answer {
        Answer::Eligible if judged.priority => 1.0,
        Answer::Eligible => 0.8,
        Answer::NotKnown | Answer::NotEligible => 0.0,
    }
}

/// What it counts whether a service is open.
pub(super) const fn open(open: Open) -> f64 {
    match open {
        Open::Open => 1.0,
        Open::NotKnown | Open::Closed => 0.0,
    }
}

/// The score without what two ways to add would leave behind.
fn millionths(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn freshness(changed: i64, now: Timestamp) -> f64 {
    let hours = now.micros().saturating_sub(changed).max(0) / 3_600_000_000;
    let days = f64::from(u32::try_from(hours).unwrap_or(u32::MAX)) / 24.0;
    (-days / HALF_LIFE_DAYS).exp2()
}

const fn availability(availability: Availability) -> f64 {
    match availability {
        Availability::Open => 1.0,
        Availability::Assessment => 0.8,
        Availability::Unknown => 0.5,
        Availability::Waitlist => 0.3,
        Availability::Full => 0.0,
    }
}

/// How well a word of the directory is what was typed, in hundredths.
pub(super) fn likeness(sought: &Sought, word: &str) -> u32 {
    if word == sought.word {
        return 100;
    }
    if word.starts_with(&sought.word) {
        return 80;
    }
    match sought.alike.get(word) {
        Some(1) => 60,
        Some(_) => 40,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::away::Far, *};

    fn away(metres: f64) -> Away {
        Away::at(Far::told(metres, false))
    }

    fn candidate(age_hours: i64, availability: Availability) -> (i64, Availability) {
        (-age_hours * 3_600_000_000, availability)
    }

    /// What each part can count that takes steps, from worst to best.
    const ELIGIBLE_STEPS: [(Answer, bool); 3] =
        [(Answer::NotKnown, false), (Answer::Eligible, false), (Answer::Eligible, true)];
    const OPEN_STEPS: [Open; 2] = [Open::NotKnown, Open::Open];
    const AGREEMENT_STEPS: [(bool, bool); 3] = [(false, false), (false, true), (true, false)];
    const AVAILABILITY_STEPS: [Availability; 5] = [
        Availability::Full,
        Availability::Waitlist,
        Availability::Unknown,
        Availability::Assessment,
        Availability::Open,
    ];

    /// A service in everything that counts.
    #[derive(Clone, Copy, Debug)]
    struct Service {
        text: f64,
        metres: f64,
        age_hours: i64,
        eligible: usize,
        open: usize,
        agreement: usize,
        availability: usize,
    }

    impl Service {
        fn score(self) -> f64 {
            let (answer, priority) = ELIGIBLE_STEPS[self.eligible];
            let judged = Eligibility { answer, priority, decided_by: Vec::new() };
            let (own, others) = AGREEMENT_STEPS[self.agreement];
            let parts = Parts {
                text: Some(self.text),
                away: Some(away(self.metres)),
                eligible: Some(eligible(&judged)),
                open: Some(open(OPEN_STEPS[self.open])),
                agreement: Some(agreement(own, others)),
            };
            let candidate = candidate(self.age_hours, AVAILABILITY_STEPS[self.availability]);
            Match::of(candidate, parts, Timestamp::from_micros(0)).score
        }

        /// The service in each way in which it can be better in one thing.
        fn better(self) -> Vec<Self> {
            let mut better = vec![
                Self { text: self.text + 0.1, ..self },
                Self { metres: self.metres - 1_000.0, ..self },
                Self { age_hours: self.age_hours - 1_000, ..self },
            ];
            better
                .extend((self.eligible + 1..ELIGIBLE_STEPS.len()).map(|eligible| Self { eligible, ..self }));
            better.extend((self.open + 1..OPEN_STEPS.len()).map(|open| Self { open, ..self }));
            better.extend(
                (self.agreement + 1..AGREEMENT_STEPS.len()).map(|agreement| Self { agreement, ..self }),
            );
            let more = self.availability + 1..AVAILABILITY_STEPS.len();
            better.extend(more.map(|availability| Self { availability, ..self }));
            better
        }
    }

    #[test]
    fn the_best_there_can_be_is_one_whatever_was_asked_for() {
        let now = Timestamp::from_micros(0);
        for (text, metres, eligible, open, agreement) in [
            (Some(1.0), Some(0.0), None, None, None),
            (Some(1.0), None, Some(1.0), Some(1.0), Some(agreement(true, false))),
            (None, Some(0.0), None, Some(1.0), None),
            (None, None, Some(1.0), None, Some(agreement(true, true))),
        ] {
            let parts = Parts { text, away: metres.map(away), eligible, open, agreement };
            let best = Match::of(candidate(0, Availability::Open), parts, now);
            assert!((best.score - 1.0).abs() < 1e-9, "{best:?}");
        }
        assert!((freshness(-90 * 86_400_000_000, now) - 0.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_service_that_is_better_in_one_thing_and_equal_in_the_rest_stands_before(
            text in 0.0..0.9f64, metres in 1_000.0..20_000.0f64, age_hours in 1_000i64..5_000,
            (eligible, open) in (0..3usize, 0..2usize), (agreement, availability) in (0..3usize, 0..5usize),
        ) {
            let service = Service { text, metres, age_hours, eligible, open, agreement, availability };
            for better in service.better() {
                prop_assert!(better.score() > service.score(), "{better:?} and {service:?}");
            }
        }
    }
}
