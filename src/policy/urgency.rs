//! Urgencies: a maximum time each, and the timers that follow from it.

use serde::{Deserialize, Serialize};

use super::{code::UrgencyCode, span::Span};

/// A maximum time until service, with its timers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Urgency {
    /// The code.
    pub code: UrgencyCode,
    /// A few words for people.
    pub label: String,
    /// Whether recipients must be reachable at all hours.
    pub runs: Runs,
    /// The longest time until service begins.
    pub service_within: Span,
    /// When an undelivered packet alarms.
    pub delivery_alarm: Span,
    /// Until when a human must have acknowledged.
    pub acknowledge: Span,
    /// Until when the recipient must have decided.
    pub decide: Span,
    /// How often the recipient tells of progress.
    pub progress_every: Span,
    /// When a referral without an answer expires.
    pub hard_expiry: Span,
    /// When an outcome is overdue.
    pub outcome_overdue: Span,
    /// Until when the loop must be closed after the end.
    pub loop_close: Span,
    /// How often a place on a waiting list is confirmed; `None` where waiting is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waitlist_review: Option<Span>,
}

/// When the clocks of an urgency run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    /// At all hours. That the recipient has somebody on call is not checked: the directory has no word for it yet.
    DayAndNight,
    /// In the recipient's hours.
    WorkingHours,
}

/// What holds for the timers of every urgency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerRules {
    /// When the decision clock stands still.
    pub decision_pause: DecisionPause,
    /// Who is told when an acknowledgement or decision is missed.
    pub escalation: Vec<Rung>,
    /// When several recipients may be asked at once.
    pub parallel: Parallel,
    /// After how many missed appointments a referral fails.
    pub no_show_limit: u8,
    /// How often a recipient may ask for information.
    pub information_requests_max: u8,
    /// Until when the recipient answers a request to cancel.
    pub cancel_answer_within: Span,
    /// After how many redirects of the same need the case escalates.
    pub redirect_limit: u8,
    /// For how long after the end nobody must have been reached before a loop may end without the person's being told (CL07).
    pub no_contact_after: Span,
}

/// When the decision clock stands still: while the sender answers what the recipient asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionPause {
    /// How often: once for the first question, or never.
    pub times: u8,
    /// For how much of the time to decide, at most.
    pub cap_percent: u8,
    /// Urgencies it never stands still for.
    pub never_for: Vec<UrgencyCode>,
}

/// One step of an escalation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Its number.
    pub step: u8,
    /// When, after the missed moment, in percent of the time that was missed.
    pub after_percent: u16,
    /// Who is told.
    pub tell: Vec<Told>,
}

/// Who an escalation tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The recipient's focal point.
    RecipientFocalPoint,
    /// The recipient's supervisor.
    RecipientSupervisor,
    /// The sender.
    Sender,
    /// The coordinator of the mechanism.
    Coordinator,
}

/// When several recipients may be asked at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// For which urgencies.
    pub urgencies: Vec<UrgencyCode>,
    /// How many.
    pub recipients_max: u8,
}

impl TimerRules {
    /// For how long the decision clock may stand still at most; `None` when it never does.
    pub fn pause_cap(&self, urgency: &Urgency, decide: chrono::TimeDelta) -> Option<chrono::TimeDelta> {
        if self.decision_pause.times == 0 || self.decision_pause.never_for.contains(&urgency.code) {
            return None;
        }
        decide.checked_mul(i32::from(self.decision_pause.cap_percent)).map(|span| span / 100)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::policy::Policy;

    use super::*;

    fn urgency(code: &str) -> &'static Urgency {
        Policy::builtin().urgency(&code.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_timers_are_those_of_the_table() {
        let table: Vec<_> = Policy::builtin()
            .urgencies()
            .map(|u| {
                format!(
                    "{} service {} alarm {} ack {} decide {} progress {} expiry {} outcome {} loop {} waitlist {}",
                    u.code, u.service_within, u.delivery_alarm, u.acknowledge, u.decide, u.progress_every, u.hard_expiry,
                    u.outcome_overdue, u.loop_close, u.waitlist_review.map_or(String::from("-"), |span| span.to_string()),
                )
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"), @"
        U0 service 1d alarm 15m ack 1h decide 2h progress 1d expiry 1d outcome 3d loop 2d waitlist -
        U1 service 2d alarm 1h ack 4h decide 12h progress 2d expiry 2d outcome 7d loop 5d waitlist 1d
        U2 service 7d alarm 4h ack 1d decide 2d progress 7d expiry 7d outcome 30d loop 10d waitlist 3d
        U3 service 30d alarm 1d ack 3wd decide 5wd progress 14d expiry 30d outcome 90d loop 20d waitlist 14d
        U4 service plan alarm 2d ack 5wd decide 10wd progress 30d expiry 60d outcome plan loop 30d waitlist 30d
        ");
    }

    #[test]
    fn the_shortest_urgencies_run_day_and_night_on_the_clock() {
        for code in ["U0", "U1"] {
            let urgency = urgency(code);
            assert_eq!(urgency.runs, Runs::DayAndNight);
            assert!(urgency.acknowledge.clock().is_some() && urgency.decide.clock().is_some());
        }
        assert_eq!(urgency("U3").acknowledge, Span::WorkingDays(3));
    }

    #[test]
    fn the_decision_clock_pauses_for_half_its_time_and_never_for_an_emergency() {
        let timers = Policy::builtin().timers();
        assert_eq!(timers.pause_cap(urgency("U1"), TimeDelta::hours(12)), Some(TimeDelta::hours(6)));
        assert_eq!(timers.pause_cap(urgency("U0"), TimeDelta::hours(2)), None);
        let mut never = timers.clone();
        never.decision_pause.times = 0;
        assert_eq!(never.pause_cap(urgency("U1"), TimeDelta::hours(12)), None);
    }

    #[test]
    fn an_escalation_ends_with_the_coordinator() {
        let ladder = &Policy::builtin().timers().escalation;
        assert_eq!(ladder.first().map(|rung| rung.tell.clone()), Some(vec![Told::RecipientFocalPoint]));
        assert_eq!(ladder.last().map(|rung| rung.tell.clone()), Some(vec![Told::Coordinator]));
        assert!(ladder.is_sorted_by_key(|rung| (rung.step, rung.after_percent)));
    }
}
