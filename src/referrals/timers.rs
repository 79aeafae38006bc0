//! Clocks: what is due when, what a missed moment leads to, and when a clock stands still.
//!
//! Moments are computed once, at submission, from the urgency and the recipient's calendar, and stored; spans that begin later are
//! stored as spans. A later version of the policy changes neither. Everything here is arithmetic: rows are for `store`, acting on what
//! is due is for `tick`.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{
    moves::Number,
    names::StateName,
    state::{Held, Loop, Standing, State, Step},
};
use crate::{
    kernel::Timestamp,
    policy::{Policy, TimerRules, Urgency, WorkingCalendar},
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// What a clock waits for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum TimerKind { $($(#[$doc])* $kind,)* }

        impl TimerKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The word on the wire and in the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// The kind a word names.
            pub fn from_name(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == word)
            }
        }
    };
}

kinds! {
    /// The recipient's gateway has it.
    Delivery = "delivery",
    /// Somebody has looked at it.
    Acknowledge = "acknowledge",
    /// The recipient has decided.
    Decide = "decide",
    /// The referral ends without an answer.
    Expiry = "expiry",
    /// The service has begun.
    Service = "service",
    /// The recipient has told how it goes.
    Progress = "progress",
    /// The outcome is known.
    Outcome = "outcome",
    /// The sender has answered a question.
    Answer = "answer",
    /// The recipient has answered a request to cancel.
    CancelAnswer = "cancel_answer",
    /// The place on the waiting list is confirmed.
    WaitlistReview = "waitlist_review",
    /// An interrupted service goes on.
    Resume = "resume",
    /// Everybody knows how it ended.
    LoopClose = "loop_close",
}

/// What was agreed about time when the referral was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// When the clocks began.
    pub from: Timestamp,
    /// Until when the recipient's gateway should have it.
    pub deliver_by: Timestamp,
    /// Until when a person should have looked at it.
    pub acknowledge_by: Timestamp,
    /// Until when the recipient should have decided.
    pub decide_by: Timestamp,
    /// When it ends without an answer.
    pub expires: Timestamp,
    /// Until when the service should have begun; nothing where it is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serve_by: Option<Timestamp>,
    /// Until when the outcome should be known; nothing where it is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_by: Option<Timestamp>,
    /// How often the recipient tells how it goes, in seconds.
    pub progress_seconds: i64,
    /// How long after the end the loop may stay open, in seconds.
    pub loop_close_seconds: i64,
    /// How often a place on the waiting list is confirmed, in seconds; nothing where waiting is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waitlist_review_seconds: Option<i64>,
    /// How long the sender has to answer a question, in seconds.
    pub answer_seconds: i64,
    /// For how long the decision clock may stand still, in seconds; nothing where it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_seconds: Option<i64>,
}

impl Terms {
    /// The terms of a referral submitted now.
    pub fn at_submission(
        urgency: &Urgency,
        rules: &TimerRules,
        calendar: &WorkingCalendar,
        at: Timestamp,
    ) -> Self {
        // Only spans that may be left to a plan have no moment; the others fall back to the hard expiry of the strictest urgency.
        let moment = |span: crate::policy::Span| span.after(at, calendar);
        let or_soon = |span| moment(span).unwrap_or(at.plus(TimeDelta::hours(24)));
        let seconds = |span: crate::policy::Span| or_soon(span).since(at).num_seconds();
        // The end runs on the clock: a calendar with few days puts nothing off beyond it.
        let expires = or_soon(urgency.hard_expiry);
        let decide_by = or_soon(urgency.decide).min(expires);
        let decide = decide_by.since(at);
        let cap = rules.pause_cap(urgency, decide);
        Self {
            from: at,
            deliver_by: or_soon(urgency.delivery_alarm),
            acknowledge_by: or_soon(urgency.acknowledge).min(decide_by),
            decide_by,
            expires,
            serve_by: moment(urgency.service_within),
            outcome_by: moment(urgency.outcome_overdue),
            progress_seconds: seconds(urgency.progress_every),
            loop_close_seconds: seconds(urgency.loop_close),
            waitlist_review_seconds: urgency.waitlist_review.map(seconds),
            answer_seconds: cap.unwrap_or(decide / 2).num_seconds(),
            pause_seconds: cap.map(|cap| cap.num_seconds()),
        }
    }

    /// How many clocks a referral begins with when its service has a day to begin and the sender a day to hear of the outcome.
    pub(super) const CLOCKS: usize = 6;

    /// The clocks that run from the start.
    pub fn timers(&self) -> Vec<Timer> {
        let mut timers = vec![
            self.timer(TimerKind::Delivery, self.deliver_by),
            self.timer(TimerKind::Acknowledge, self.acknowledge_by),
            self.timer(TimerKind::Decide, self.decide_by),
            self.timer(TimerKind::Expiry, self.expires),
        ];
        timers.extend(self.serve_by.map(|by| self.timer(TimerKind::Service, by)));
        timers.extend(self.outcome_by.map(|by| self.timer(TimerKind::Outcome, by)));
        timers
    }

    /// How long the sender has to answer a question.
    pub const fn answer_within(&self) -> TimeDelta {
        TimeDelta::seconds(self.answer_seconds)
    }

    fn timer(&self, kind: TimerKind, due: Timestamp) -> Timer {
        Timer { kind, from: self.from, due, next: Some(due), rung: 0, overdue_since: None, paused_at: None }
    }
}

/// One running clock: a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// What it waits for.
    pub kind: TimerKind,
    /// When it began.
    pub from: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// When somebody must look at it next; nothing when everything that can follow has followed.
    pub next: Option<Timestamp>,
    /// How many steps of the escalation were taken.
    pub rung: u8,
    /// Since when it is overdue.
    pub overdue_since: Option<Timestamp>,
    /// Since when it stands still.
    pub paused_at: Option<Timestamp>,
}

impl Timer {
    fn starting(kind: TimerKind, from: Timestamp, due: Timestamp) -> Self {
        Self { kind, from, due, next: Some(due), rung: 0, overdue_since: None, paused_at: None }
    }
}

/// Who is told that something is overdue.
pub(super) type Tell = crate::policy::Told;

/// What follows when a clock has run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The clock afterwards.
    pub timer: Timer,
    /// Who is told.
    pub tell: Vec<Tell>,
    /// Whether somebody further up must look (T34).
    pub escalates: bool,
    /// With which code the referral expires (T27, T28).
    pub expires: Option<&'static str>,
}

/// The clocks after a step. Those that have no meaning any more are gone; those that begin with the new state run.
#[expect(clippy::wildcard_enum_match_arm, reason = "no clock begins in the other states")]
pub(super) fn rearrange(
    timers: Vec<Timer>,
    before: &Standing,
    step: &Step,
    terms: &Terms,
    at: Timestamp,
) -> Vec<Timer> {
    let after = &step.standing;
    let mut timers: Vec<Timer> = timers.into_iter().filter(|timer| is_wanted(timer.kind, after)).collect();
    let entered = before.state.name() != after.state.name();
    if let State::InfoRequested { questions, answer_due, .. } = &after.state {
        if entered {
            set(&mut timers, Timer::starting(TimerKind::Answer, at, *answer_due));
            if *questions == 1 {
                pause(&mut timers, terms, at);
            }
        }
    } else if matches!(before.state, State::InfoRequested { .. }) {
        go_on(&mut timers, terms, at);
    }
    match &after.state {
        State::InService(_) if entered || step.number == Number::T23 => {
            let due = at.plus(TimeDelta::seconds(terms.progress_seconds));
            set(&mut timers, Timer::starting(TimerKind::Progress, at, due));
        }
        State::Waitlisted { .. } if entered || step.number == Number::T13 => {
            if let Some(seconds) = terms.waitlist_review_seconds {
                let due = at.plus(TimeDelta::seconds(seconds));
                set(&mut timers, Timer::starting(TimerKind::WaitlistReview, at, due));
            }
        }
        State::OnHold { resume, .. } if entered => {
            set(&mut timers, Timer::starting(TimerKind::Resume, at, end_of(*resume)));
        }
        _ => {}
    }
    if let (None, Some(asked)) = (&before.pending.cancel, &after.pending.cancel) {
        set(&mut timers, Timer::starting(TimerKind::CancelAnswer, at, asked.answer_due));
    }
    if !before.state.is_terminal() && is_wanted(TimerKind::LoopClose, after) {
        let due = at.plus(TimeDelta::seconds(terms.loop_close_seconds));
        set(&mut timers, Timer::starting(TimerKind::LoopClose, at, due));
    }
    timers
}

/// What follows from a clock that has run out at this moment; nothing when it has not.
pub(super) fn fire(timer: &Timer, standing: &Standing, policy: &Policy, now: Timestamp) -> Option<Fired> {
    if timer.next.is_none_or(|next| now < next) {
        return None;
    }
    let mut after = timer.clone();
    after.overdue_since.get_or_insert(timer.due);
    after.next = None;
    let expires = expires(timer, standing);
    let (tell, escalates) = match timer.kind {
        TimerKind::Acknowledge | TimerKind::Decide | TimerKind::WaitlistReview => {
            let ladder = &policy.timers().escalation;
            let span = timer.due.since(timer.from);
            // After an outage several steps may be due: they are taken together.
            let mut tell = Vec::new();
            for rung in ladder.iter().skip(usize::from(timer.rung)) {
                let step_at = timer.due.plus(percent(span, rung.after_percent));
                if step_at > now {
                    after.next = Some(step_at);
                    break;
                }
                after.rung = after.rung.saturating_add(1);
                tell.extend(rung.tell.iter().copied());
            }
            if timer.kind == TimerKind::WaitlistReview && expires.is_none() {
                after.next =
                    Some(after.next.unwrap_or_else(|| timer.due.plus(span)).min(timer.due.plus(span)));
            }
            (tell, true)
        }
        TimerKind::Delivery => (vec![Tell::Sender, Tell::RecipientFocalPoint], false),
        TimerKind::Expiry => (vec![Tell::Sender, Tell::RecipientSupervisor], false),
        TimerKind::Service => (vec![Tell::Sender, Tell::RecipientSupervisor, Tell::Coordinator], true),
        TimerKind::Progress | TimerKind::Resume | TimerKind::Outcome => {
            (vec![Tell::RecipientFocalPoint, Tell::Sender], false)
        }
        TimerKind::Answer => (vec![Tell::Sender], false),
        TimerKind::CancelAnswer => (vec![Tell::RecipientSupervisor, Tell::Sender], true),
        TimerKind::LoopClose => (vec![Tell::Sender, Tell::Coordinator], false),
    };
    Some(Fired { timer: after, tell, escalates, expires })
}

/// Which moment counts for clocks: when it happened, unless that is before the previous event, in the future or more than 72 hours ago.
pub(super) fn counted(occurred: Timestamp, previous: Timestamp, recorded: Timestamp) -> Timestamp {
    let oldest = recorded.minus(TimeDelta::hours(OFFLINE_HOURS));
    if occurred < previous || occurred < oldest || occurred > recorded { recorded } else { occurred }
}

fn expires(timer: &Timer, standing: &Standing) -> Option<&'static str> {
    match (timer.kind, &standing.state) {
        (TimerKind::Expiry, State::Submitted) => Some("EX01"),
        (TimerKind::Expiry, State::Delivered) => Some("EX02"),
        (TimerKind::Expiry, State::Acknowledged { .. } | State::InfoRequested { .. }) => Some("EX03"),
        // One missed review is a reminder; a whole interval without an answer ends the wait.
        (TimerKind::WaitlistReview, State::Waitlisted { .. }) => {
            let given_up = timer.due.plus(timer.due.since(timer.from));
            timer.next.filter(|next| *next >= given_up).map(|_next| "EX04")
        }
        _ => None,
    }
}

fn is_wanted(kind: TimerKind, standing: &Standing) -> bool {
    use StateName as S;
    let name = standing.state.name();
    let undecided = matches!(name, S::Submitted | S::Delivered | S::Acknowledged | S::InfoRequested);
    match kind {
        TimerKind::Delivery => name == S::Submitted,
        TimerKind::Acknowledge => matches!(name, S::Submitted | S::Delivered),
        TimerKind::Decide | TimerKind::Expiry => undecided,
        TimerKind::Service => {
            let held_before =
                matches!(&standing.state, State::OnHold { from: Held::Accepted(_) | Held::Scheduled(_), .. });
            undecided || held_before || matches!(name, S::Accepted | S::Waitlisted | S::Scheduled)
        }
        TimerKind::Progress => name == S::InService,
        TimerKind::Outcome => !name.is_terminal(),
        TimerKind::Answer => name == S::InfoRequested,
        TimerKind::CancelAnswer => standing.pending.cancel.is_some(),
        TimerKind::WaitlistReview => name == S::Waitlisted,
        TimerKind::Resume => name == S::OnHold,
        TimerKind::LoopClose => name.is_terminal() && !matches!(standing.circle, Loop::Closed { .. }),
    }
}

/// The decision clock stands still: it is moved out by all that it may stand still at most, and moved back in [`go_on`].
fn pause(timers: &mut [Timer], terms: &Terms, at: Timestamp) {
    let Some(seconds) = terms.pause_seconds else { return };
    let running = |timer: &&mut Timer| {
        timer.kind == TimerKind::Decide && timer.overdue_since.is_none() && at < timer.due
    };
    if let Some(timer) = timers.iter_mut().find(running) {
        timer.paused_at = Some(at);
        timer.due = timer.due.plus(TimeDelta::seconds(seconds));
        timer.next = Some(timer.due);
    }
}

fn go_on(timers: &mut [Timer], terms: &Terms, at: Timestamp) {
    let cap = TimeDelta::seconds(terms.pause_seconds.unwrap_or_default());
    for timer in timers.iter_mut().filter(|timer| timer.kind == TimerKind::Decide) {
        if let Some(since) = timer.paused_at.take()
            && timer.overdue_since.is_none()
        {
            let unused = cap - at.since(since).clamp(TimeDelta::zero(), cap);
            timer.due = timer.due.minus(unused);
            timer.next = Some(timer.due);
        }
    }
}

fn set(timers: &mut Vec<Timer>, timer: Timer) {
    timers.retain(|known| known.kind != timer.kind);
    timers.push(timer);
}

fn end_of(day: NaiveDate) -> Timestamp {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
    next.and_time(NaiveTime::MIN).and_utc().into()
}

fn percent(span: TimeDelta, percent: u16) -> TimeDelta {
    span.checked_mul(i32::from(percent)).map_or(span, |whole| whole / 100)
}

/// How long ago something may have happened and still count from when it happened.
const OFFLINE_HOURS: i64 = 72;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Hours;
    use crate::referrals::{
        ground::Ground,
        moves::{By, Move},
        state::tests::{ground_at, id, reason},
    };

    fn start() -> Timestamp {
        // A Friday.
        "2026-03-06T10:00:00Z".parse().unwrap()
    }

    fn after(hours: i64) -> Timestamp {
        start().plus(TimeDelta::hours(hours))
    }

    fn terms(urgency: &str) -> Terms {
        let policy = Policy::builtin();
        let urgency = policy.urgency(&urgency.parse().unwrap()).unwrap();
        Terms::at_submission(urgency, policy.timers(), &WorkingCalendar::default(), start())
    }

    /// A referral with its clocks, moved and looked at.
    struct World {
        standing: Standing,
        timers: Vec<Timer>,
        terms: Terms,
    }

    impl World {
        fn new(urgency: &str) -> Self {
            let terms = terms(urgency);
            let mut world = Self { standing: Standing::draft(), timers: terms.timers(), terms };
            world.go(&Move::Submit {}, By::Sender, start());
            world
        }

        fn go(&mut self, asked: &Move, by: By, at: Timestamp) {
            let before = self.standing.clone();
            let ground = Ground { answer_within: self.terms.answer_within(), ..ground_at(at) };
            let step = before.clone().step(asked, by, &ground).unwrap();
            self.timers = rearrange(std::mem::take(&mut self.timers), &before, &step, &self.terms, at);
            self.standing = step.standing;
        }

        fn due(&self, kind: TimerKind) -> Option<Timestamp> {
            self.timers.iter().find(|timer| timer.kind == kind).map(|timer| timer.due)
        }

        /// Looks every half hour until `until`, as the job does, and tells what followed.
        fn look(&mut self, until: Timestamp) -> Vec<(i64, TimerKind, usize, Option<&'static str>)> {
            let mut seen = Vec::new();
            let mut now = start();
            while now <= until {
                for timer in &mut self.timers {
                    if let Some(fired) = fire(timer, &self.standing, Policy::builtin(), now) {
                        let hours = now.since(start()).num_hours();
                        seen.push((hours, timer.kind, fired.tell.len(), fired.expires));
                        *timer = fired.timer;
                    }
                }
                now = now.plus(TimeDelta::minutes(30));
            }
            seen
        }
    }

    #[test]
    fn at_55_silence_on_a_48_hour_referral_escalates_at_4_and_12_hours_and_expires_at_48() {
        let mut world = World::new("U1");
        world.go(&Move::Deliver {}, By::Hub, start());
        let seen = world.look(after(48));
        assert_eq!(
            seen,
            [
                (4, TimerKind::Acknowledge, 1, None),
                (6, TimerKind::Acknowledge, 2, None),
                (8, TimerKind::Acknowledge, 1, None),
                (12, TimerKind::Decide, 1, None),
                (18, TimerKind::Decide, 2, None),
                (24, TimerKind::Decide, 1, None),
                (48, TimerKind::Expiry, 2, Some("EX02")),
                (48, TimerKind::Service, 3, None),
            ]
        );
        let mut read = World::new("U1");
        read.go(&Move::Acknowledge { worker: id(7) }, By::Intake, after(1));
        let expired: Vec<_> = read.look(after(48)).into_iter().filter_map(|seen| seen.3).collect();
        assert_eq!(expired, ["EX03"]);
    }

    #[test]
    fn steps_missed_during_an_outage_are_taken_together_and_not_twice() {
        let world = World::new("U1");
        let timer = world.timers.iter().find(|timer| timer.kind == TimerKind::Acknowledge).unwrap();
        let fired = fire(timer, &world.standing, Policy::builtin(), after(7)).unwrap();
        assert_eq!((fired.tell.len(), fired.timer.rung, fired.timer.next), (3, 2, Some(after(8))));
        assert_eq!(fired.timer.overdue_since, Some(after(4)));
        assert!(fire(&fired.timer, &world.standing, Policy::builtin(), after(7)).is_none());
    }

    #[test]
    fn working_days_follow_the_recipient_s_calendar_and_clock_time_does_not() {
        let month = terms("U3");
        assert_eq!(month.acknowledge_by.to_string(), "2026-03-11T10:00:00Z");
        assert_eq!(month.decide_by.to_string(), "2026-03-13T10:00:00Z");
        assert_eq!(month.deliver_by.to_string(), "2026-03-07T10:00:00Z");
        let planned = terms("U4");
        assert_eq!((planned.serve_by, planned.outcome_by), (None, None));
        assert_eq!(terms("U0").decide_by, after(2));
    }

    #[test]
    fn a_calendar_of_few_days_puts_nothing_off_beyond_the_end() {
        let policy = Policy::builtin();
        let urgency = policy.urgency(&"U3".parse().unwrap()).unwrap();
        let sundays = WorkingCalendar::new(0, [(chrono::Weekday::Sun, Hours::ALL_DAY)], []).unwrap();
        let terms = Terms::at_submission(urgency, policy.timers(), &sundays, start());
        assert_eq!(terms.acknowledge_by.to_string(), "2026-03-22T10:00:00Z");
        assert_eq!((terms.decide_by, terms.expires), (after(30 * 24), after(30 * 24)));
    }

    #[test]
    fn the_decision_clock_stands_still_once_for_at_most_half_its_time() {
        let ask = Move::Ask { reason: reason("IX02"), note: None };
        let answer = Move::Answer { packet: id(5) };
        let mut world = World::new("U1");
        world.go(&Move::Acknowledge { worker: id(7) }, By::Intake, after(1));
        world.go(&ask, By::Intake, after(2));
        assert_eq!(world.due(TimerKind::Answer), Some(after(8)));
        world.go(&answer, By::Sender, after(4));
        assert_eq!(world.due(TimerKind::Decide), Some(after(14)), "two hours were spent waiting");
        world.go(&ask, By::Intake, after(5));
        world.go(&answer, By::Sender, after(7));
        assert_eq!(world.due(TimerKind::Decide), Some(after(14)), "the second question stops nothing");
        assert_eq!(world.due(TimerKind::Answer), None);

        let mut slow = World::new("U1");
        slow.go(&Move::Acknowledge { worker: id(7) }, By::Intake, after(1));
        slow.go(&ask, By::Intake, after(2));
        assert_eq!(slow.due(TimerKind::Decide), Some(after(18)), "half of twelve hours, and no more");
        slow.go(&answer, By::Sender, after(40));
        assert_eq!(slow.due(TimerKind::Decide), Some(after(18)));
    }

    #[test]
    fn the_decision_clock_of_an_emergency_never_stands_still() {
        let mut world = World::new("U0");
        world.go(&Move::Acknowledge { worker: id(7) }, By::Intake, start());
        world.go(&Move::Ask { reason: reason("IX02"), note: None }, By::Intake, start());
        assert_eq!(world.due(TimerKind::Decide), Some(after(2)));
        assert_eq!(world.due(TimerKind::Answer), Some(after(1)));
    }

    #[test]
    fn a_waiting_list_is_confirmed_or_ends_after_two_intervals() {
        let wait = Move::Waitlist { reason: reason("DR01"), estimate: "2026-04-01".parse().unwrap() };
        let mut world = World::new("U1");
        world.go(&Move::Acknowledge { worker: id(7) }, By::Intake, start());
        world.go(&wait, By::Intake, start());
        assert_eq!(world.due(TimerKind::WaitlistReview), Some(after(24)));
        assert_eq!(world.due(TimerKind::Expiry), None, "a confirmed place is an answer");
        let again = Move::Reconfirm { estimate: "2026-05-01".parse().unwrap() };
        world.go(&again, By::Intake, after(20));
        assert_eq!(world.due(TimerKind::WaitlistReview), Some(after(44)));
        let seen = world.look(after(80));
        let reviews: Vec<_> = seen.into_iter().filter(|seen| seen.1 == TimerKind::WaitlistReview).collect();
        assert_eq!(reviews.first(), Some(&(44, TimerKind::WaitlistReview, 1, None)));
        assert_eq!(reviews.last(), Some(&(68, TimerKind::WaitlistReview, 1, Some("EX04"))));
    }

    #[test]
    fn progress_starts_the_clock_anew_and_the_end_starts_the_loop_s() {
        let mut world = World::new("U1");
        world.go(&Move::Acknowledge { worker: id(7) }, By::Intake, start());
        world.go(&Move::Accept { assignee: id(7) }, By::Intake, after(1));
        assert_eq!(world.due(TimerKind::Decide), None);
        assert_eq!(world.due(TimerKind::Service), Some(after(48)));
        world.go(&Move::Start { since: "2026-03-06".parse().unwrap() }, By::CaseWorker, after(2));
        assert_eq!(world.due(TimerKind::Progress), Some(after(50)));
        assert_eq!(world.due(TimerKind::Service), None);
        world.go(&Move::Progress { pending: Vec::new(), note: None }, By::CaseWorker, after(30));
        assert_eq!(world.due(TimerKind::Progress), Some(after(78)));
        let done = Move::Complete { outcome: reason("OC1"), report: crate::referrals::Report::default() };
        world.go(&done, By::CaseWorker, after(40));
        let left: Vec<TimerKind> = world.timers.iter().map(|timer| timer.kind).collect();
        assert_eq!(left, [TimerKind::LoopClose]);
        assert_eq!(world.due(TimerKind::LoopClose), Some(after(40 + 5 * 24)));
    }

    #[test]
    fn a_hold_is_looked_at_the_day_after_it_should_have_ended() {
        let mut world = World::new("U2");
        world.go(&Move::Acknowledge { worker: id(7) }, By::Intake, start());
        world.go(&Move::Accept { assignee: id(7) }, By::Intake, start());
        let hold = Move::Hold { reason: reason("HX01"), resume: "2026-03-10".parse().unwrap() };
        world.go(&hold, By::CaseWorker, start());
        assert_eq!(world.due(TimerKind::Resume).unwrap().to_string(), "2026-03-11T00:00:00Z");
        assert!(world.due(TimerKind::Service).is_some(), "a hold before the start does not stop the promise");
        world.go(&Move::Resume { on: None }, By::CaseWorker, start());
        assert_eq!(world.due(TimerKind::Resume), None);
    }

    #[test]
    fn what_was_recorded_offline_counts_from_when_it_happened_within_limits() {
        let (previous, now) = (after(0), after(100));
        assert_eq!(counted(after(50), previous, now), after(50));
        assert_eq!(counted(after(-1), previous, now), now, "before the previous event");
        assert_eq!(counted(after(20), previous, now), now, "more than 72 hours ago");
        assert_eq!(counted(after(101), previous, now), now, "in the future");
    }

    #[test]
    fn terms_survive_their_text() {
        let terms = terms("U3");
        let text = serde_json::to_string(&terms).unwrap();
        assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms);
    }
}
