//! The table, printed; the stories of the acceptance tests; and random walks that try to break the invariants.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    kernel::{Id, id::Kind},
    policy::{Deny, Policy},
};

pub(crate) fn id<K: Kind>(number: u128) -> Id<K> {
    Id::from_uuid(Uuid::from_u128(number))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn reason(text: &str) -> ReasonCode {
    text.parse().unwrap()
}

fn services(codes: &[&str]) -> Vec<ServiceCode> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// Every guard satisfied.
fn ground() -> Ground<'static> {
    Ground {
        at: now(),
        policy: Policy::builtin(),
        answer_within: TimeDelta::hours(6),
        details_return: true,
        keeps_waitlist: true,
        vulnerable: false,
        has_open_children: false,
        transfer_accepted: true,
        ended: Some(now().minus(TimeDelta::days(60))),
        need_recorded: true,
        withdrawal_settled: true,
        left_to_destroy: true,
        named_is_there: true,
    }
}

/// Every guard satisfied, at this moment.
pub(crate) fn ground_at(at: Timestamp) -> Ground<'static> {
    Ground { at, answer_within: TimeDelta::hours(6), ..ground() }
}

fn assigned() -> Assigned {
    Assigned { assignee: id(7) }
}

fn appointment(no_shows: u8) -> Appointment {
    Appointment { assignee: id(7), on: now(), no_shows }
}

fn service() -> Service {
    Service { assignee: id(7), since: day("2026-03-01") }
}

fn held(from: Held) -> State {
    State::OnHold { reason: reason("HX01"), resume: day("2026-04-01"), from }
}

/// A state of every kind, and of kinds that behave differently.
fn states() -> Vec<(&'static str, State)> {
    let answer_due = now().minus(TimeDelta::hours(1));
    vec![
        ("draft", State::Draft),
        ("submitted", State::Submitted),
        ("delivered", State::Delivered),
        ("acknowledged", State::Acknowledged { questions: 0 }),
        ("acknowledged, asked twice", State::Acknowledged { questions: 2 }),
        (
            "info_requested, overdue",
            State::InfoRequested { questions: 1, reason: reason("IX02"), answer_due },
        ),
        ("accepted", State::Accepted(assigned())),
        ("waitlisted", State::Waitlisted { reason: reason("DR01"), estimate: day("2026-04-01") }),
        ("scheduled", State::Scheduled(appointment(0))),
        ("scheduled, missed twice", State::Scheduled(appointment(2))),
        ("in_service", State::InService(service())),
        ("on_hold from accepted", held(Held::Accepted(assigned()))),
        ("on_hold from scheduled", held(Held::Scheduled(appointment(1)))),
        ("on_hold from in_service", held(Held::InService(service()))),
        ("completed", State::Completed { outcome: reason("OC1"), report: Report::default() }),
        ("declined", State::Declined { reason: reason("DR01"), note: None }),
        ("redirected", State::Redirected { reason: reason("DR11"), to: vec![id(9)], note: None }),
        ("cancelled", State::Cancelled { reason: reason("CX01") }),
        ("withdrawn", State::Withdrawn { reason: None }),
        ("expired", State::Expired { reason: reason("EX02") }),
        ("failed", State::Failed { reason: reason("FX01"), pending: Vec::new() }),
        ("transferred", State::Transferred { to: id(8) }),
        ("entered_in_error", State::EnteredInError { reason: reason("ER02") }),
    ]
}

fn standing(state: State) -> Standing {
    let circle = if state.is_terminal() { Loop::OutcomeKnown } else { Loop::Open };
    Standing { state, circle, flags: Flags::default(), pending: Pending::default() }
}

/// Every move once, with facts that satisfy its guards; those whose reason matters several times.
pub(crate) fn moves() -> Vec<Move> {
    let mut moves = vec![
        Move::Submit {},
        Move::Deliver {},
        Move::Acknowledge { worker: id(7) },
        Move::Ask { reason: reason("IX02"), note: None },
        Move::Answer { packet: id(5) },
        Move::Accept { assignee: id(7) },
        Move::Waitlist { reason: reason("DR01"), estimate: day("2026-04-01") },
        Move::Reconfirm { estimate: day("2026-05-01") },
        Move::Decline { reason: reason("DR01"), note: None },
        Move::Decline { reason: reason("DR20"), note: None },
        Move::Redirect { reason: reason("DR11"), to: vec![id(9)], note: None },
        Move::Schedule { on: now() },
        Move::Reschedule { on: now(), reason: reason("NX09") },
        Move::Start { since: day("2026-03-01") },
        Move::NoShow { reason: reason("NX02") },
        Move::Hold { reason: reason("HX01"), resume: day("2026-04-01") },
        Move::Resume { on: None },
        Move::Resume { on: Some(now()) },
        Move::Complete { outcome: reason("OC1"), report: Report::default() },
        Move::Fail { reason: reason("FX01"), unsafe_to_continue: false, pending: Vec::new() },
        Move::Fail { reason: reason("FX02"), unsafe_to_continue: true, pending: Vec::new() },
        Move::Progress { pending: Vec::new(), note: None },
        Move::Cancel { reason: reason("CX01") },
        Move::Cancel { reason: reason("CX05") },
        Move::Cancel { reason: reason("CX08") },
        Move::AskCancel { reason: reason("CX01") },
        Move::AgreeCancel {},
        Move::RefuseCancel { reason: reason("DR15") },
    ];
    moves.extend(["EX01", "EX02", "EX03", "EX04"].map(|code| Move::Expire { reason: reason(code) }));
    moves.extend([
        Move::Transfer { to: id(8), plan: id(6) },
        Move::Withdraw { reason: None },
        Move::DeclareError { reason: reason("ER02") },
        Move::Suspend {},
        Move::Unsuspend {},
        Move::Escalate {},
        Move::AddChild { child: id(4) },
        Move::AcknowledgeOutcome { next: NextStep::NeedMet {} },
        Move::InformPerson { told: Told::Phone {} },
        Move::Close { reason: reason("CL01"), case: None, need: None },
        Move::Restrict {},
        Move::LiftRestriction {},
        Move::HoldLegal {},
        Move::ReleaseLegal {},
        Move::SettleWithdrawal {},
    ]);
    moves
}

#[test]
fn every_move_there_is_goes_through_the_table_here_and_stands_in_the_schema() {
    // Whoever names a move that is none is told which there are.
    let refused = serde_json::from_str::<Move>(r#"{"vanish":{}}"#).unwrap_err().to_string();
    let there: BTreeSet<&str> = refused.split('`').skip(3).step_by(2).collect();
    assert!(there.len() > 30, "{refused}");
    let all = moves();
    assert_eq!(all.iter().map(Move::name).collect::<BTreeSet<_>>(), there);
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schemas/referrals/event.v1.schema.json")).unwrap();
    let listed = schema["properties"]["move"]["enum"].as_array().unwrap();
    assert_eq!(listed.iter().map(|name| name.as_str().unwrap()).collect::<BTreeSet<_>>(), there);
}

fn label(asked: &Move) -> String {
    if matches!(asked, Move::Resume { on: Some(_) }) {
        return String::from("resume with date");
    }
    asked.reason().map_or_else(|| asked.name().to_owned(), |reason| format!("{} {reason}", asked.name()))
}

fn outcome(from: &Standing, asked: &Move, by: By) -> String {
    match from.clone().step(asked, by, &ground()) {
        Err(refused) => refused.deny().to_string(),
        Ok(step) => {
            let mut text = step.number.to_string();
            if step.standing.state == from.state {
                text.push_str(" same");
            } else {
                let _ = write!(text, " → {}", step.standing.state.name());
            }
            if step.standing.flags != from.flags {
                text.push_str(" + flag");
            }
            if step.standing.pending != from.pending {
                text.push_str(" + pending");
            }
            if step.standing.circle != from.circle {
                let _ = write!(text, " + loop {}", step.standing.circle.name());
            }
            if !step.effects.is_empty() {
                let _ = write!(text, " {:?}", step.effects);
            }
            text
        }
    }
}

#[test]
fn the_whole_table_of_states_moves_and_actors() {
    let mut table = String::new();
    for (name, state) in states() {
        let from = standing(state);
        let _ = writeln!(table, "{name}");
        let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for asked in moves() {
            let all: Vec<(By, String)> =
                By::ALL.into_iter().map(|by| (by, outcome(&from, &asked, by))).collect();
            // Whoever may never ask for a move is refused with D702 everywhere: only the others are news.
            let (theirs, strangers): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(by, _)| asked.actors().contains(by));
            assert!(strangers.iter().all(|(_, cell)| cell == "D702"), "{name} {asked:?}");
            for (by, cell) in theirs {
                if cell.starts_with('D') {
                    refused.entry(cell).or_default().push(format!("{} ({by})", label(&asked)));
                } else {
                    let _ = writeln!(table, "  {:<20} {:<15} {cell}", label(&asked), by.name());
                }
            }
        }
        for (deny, cells) in refused {
            let _ = writeln!(table, "  {deny}: {}", cells.join(", "));
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

fn walk(steps: &[(Move, By)]) -> Result<Standing, Refused> {
    walk_on(Standing::draft(), steps)
}

fn walk_on(mut from: Standing, steps: &[(Move, By)]) -> Result<Standing, Refused> {
    for (asked, by) in steps {
        from = from.step(asked, *by, &ground())?.standing;
    }
    Ok(from)
}

fn until_accepted() -> Vec<(Move, By)> {
    vec![
        (Move::Submit {}, By::Sender),
        (Move::Deliver {}, By::Hub),
        (Move::Acknowledge { worker: id(7) }, By::Intake),
        (Move::Accept { assignee: id(7) }, By::Intake),
    ]
}

fn in_service() -> Standing {
    let mut steps = until_accepted();
    steps.push((Move::Start { since: day("2026-03-01") }, By::CaseWorker));
    walk(&steps).unwrap()
}

fn deny(outcome: Result<Step, Refused>) -> Deny {
    outcome.unwrap_err().deny()
}

#[test]
fn at_51_nothing_is_accepted_that_nobody_acknowledged() {
    let submitted = walk(&[(Move::Submit {}, By::Sender)]).unwrap();
    assert_eq!(deny(submitted.step(&Move::Accept { assignee: id(7) }, By::Intake, &ground())), Deny::D701);
}

#[test]
fn at_52_a_decline_gives_a_reason_of_its_list_and_text_only_with_dr90() {
    let acknowledged = standing(State::Acknowledged { questions: 0 });
    let try_with = |code: &str, note| {
        let asked = Move::Decline { reason: reason(code), note };
        acknowledged.clone().step(&asked, By::Intake, &ground())
    };
    assert_eq!(deny(try_with("CX01", None)), Deny::D703);
    assert_eq!(deny(try_with("DR90", None)), Deny::D703);
    assert_eq!(deny(try_with("DR01", Some(id(5)))), Deny::D703);
    assert_eq!(deny(try_with("DR20", None)), Deny::D708);
    assert!(try_with("DR90", Some(id(5))).is_ok());
    assert!(try_with("DR01", None).is_ok());
}

#[test]
fn at_53_a_running_service_ends_by_agreement_or_because_the_person_died() {
    let cancel =
        |code: &str| in_service().step(&Move::Cancel { reason: reason(code) }, By::Sender, &ground());
    assert_eq!(deny(cancel("CX01")), Deny::D708);
    assert_eq!(cancel("CX08").unwrap().number, Number::T26);
    let asked =
        in_service().step(&Move::AskCancel { reason: reason("CX01") }, By::Sender, &ground()).unwrap();
    assert_eq!(asked.standing.state.name(), StateName::InService);
    let due = asked.standing.pending.cancel.clone().unwrap().answer_due;
    assert_eq!(due, now().plus(TimeDelta::hours(48)));
    let refused = asked
        .standing
        .clone()
        .step(&Move::RefuseCancel { reason: reason("DR15") }, By::CaseWorker, &ground())
        .unwrap();
    assert_eq!(
        (refused.standing.state.name(), refused.standing.pending.cancel),
        (StateName::InService, None)
    );
    let agreed = asked.standing.step(&Move::AgreeCancel {}, By::CaseWorker, &ground()).unwrap();
    assert_eq!(agreed.standing.state, State::Cancelled { reason: reason("CX01") });
    assert_eq!(deny(in_service().step(&Move::AgreeCancel {}, By::CaseWorker, &ground())), Deny::D708);
}

#[test]
fn at_54_cancelling_before_the_start_obliges_the_recipient_to_destroy_within_a_week() {
    let accepted = walk(&until_accepted()).unwrap();
    let step = accepted.step(&Move::Cancel { reason: reason("CX01") }, By::Sender, &ground()).unwrap();
    assert_eq!((step.number, step.standing.state.name()), (Number::T24, StateName::Cancelled));
    assert!(step.effects.contains(&Effect::Destroy { hours: 7 * 24 }));
}

#[test]
fn a_hold_is_cancelled_by_the_rule_of_the_state_it_came_from() {
    let before = standing(held(Held::Accepted(assigned())));
    let running = standing(held(Held::InService(service())));
    let cancel = Move::Cancel { reason: reason("CX01") };
    assert_eq!(before.step(&cancel, By::Sender, &ground()).unwrap().number, Number::T24);
    assert_eq!(deny(running.step(&cancel, By::Sender, &ground())), Deny::D708);
}

#[test]
fn at_57_the_third_missed_appointment_ends_the_referral_with_fx02() {
    let mut steps = until_accepted();
    steps.push((Move::Schedule { on: now() }, By::CaseWorker));
    let mut at = walk(&steps).unwrap();
    let missed = Move::NoShow { reason: reason("NX02") };
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let step = at.step(&missed, By::CaseWorker, &Ground { vulnerable: true, ..ground() }).unwrap();
        assert!(step.effects.contains(&Effect::SafetyCheck));
        numbers.push(step.number);
        at = step.standing;
    }
    assert_eq!(numbers, [Number::T17, Number::T17, Number::T18]);
    assert_eq!(at.state, State::Failed { reason: reason("FX02"), pending: Vec::new() });
    assert_eq!(at.circle, Loop::OutcomeKnown);
}

#[test]
fn fx02_takes_three_missed_appointments_or_danger_in_trying_on() {
    let scheduled = standing(State::Scheduled(appointment(1)));
    let fail =
        |unsafe_to_continue| Move::Fail { reason: reason("FX02"), unsafe_to_continue, pending: Vec::new() };
    assert_eq!(deny(scheduled.clone().step(&fail(false), By::CaseWorker, &ground())), Deny::D703);
    assert_eq!(scheduled.step(&fail(true), By::CaseWorker, &ground()).unwrap().number, Number::T18);
}

#[test]
fn at_60_the_hub_ends_what_lost_against_a_parallel_referral_and_nothing_that_was_taken_on() {
    let lost = Move::Cancel { reason: reason("CX05") };
    let acknowledged = standing(State::Acknowledged { questions: 0 });
    let step = acknowledged.clone().step(&lost, By::Hub, &ground()).unwrap();
    assert_eq!(step.number, Number::T24);
    assert!(step.effects.contains(&Effect::Destroy { hours: 168 }));
    let other = Move::Cancel { reason: reason("CX01") };
    assert_eq!(deny(acknowledged.step(&other, By::Hub, &ground())), Deny::D702);
    assert_eq!(deny(standing(State::Accepted(assigned())).step(&lost, By::Hub, &ground())), Deny::D701);
}

#[test]
fn at_62_a_need_met_in_part_names_the_rest() {
    let complete = |outcome: &str, pending: &[&str]| Move::Complete {
        outcome: reason(outcome),
        report: Report { pending: services(pending), ..Report::default() },
    };
    let try_with = |asked: Move| in_service().step(&asked, By::CaseWorker, &ground());
    assert_eq!(deny(try_with(complete("OC2", &[]))), Deny::D703);
    assert!(try_with(complete("OC2", &["SV07"])).is_ok());
    assert_eq!(deny(try_with(complete("OC1", &["SV07"]))), Deny::D703);
    assert_eq!(deny(try_with(complete("OC2", &["SV98"]))), Deny::D703);
    assert_eq!(deny(try_with(complete("OC5", &[]))), Deny::D708);
}

#[test]
fn at_63_a_person_who_was_not_told_keeps_the_loop_open() {
    let completed = standing(State::Completed { outcome: reason("OC1"), report: Report::default() });
    let seen = Move::AcknowledgeOutcome { next: NextStep::NeedMet {} };
    let close = |code: &str| Move::Close { reason: reason(code), case: None, need: None };
    let seen = completed.step(&seen, By::Sender, &ground()).unwrap().standing;
    assert_eq!(deny(seen.clone().step(&close("CL01"), By::Sender, &ground())), Deny::D701);
    let untold =
        |attempts| Move::InformPerson { told: Told::NotPossible { reason: reason("CL07"), attempts } };
    assert_eq!(deny(seen.clone().step(&untold(None), By::Sender, &ground())), Deny::D703);
    for soon in [None, Some(now().minus(TimeDelta::days(60)).plus(TimeDelta::microseconds(1)))] {
        let soon = Ground { ended: soon, ..ground() };
        assert_eq!(
            seen.clone().step(&untold(Some(3)), By::Sender, &soon).unwrap_err(),
            Refused::TooSoon { days: 60 }
        );
    }
    let untold = seen.clone().step(&untold(Some(3)), By::Sender, &ground()).unwrap().standing;
    let soon = Ground { ended: Some(now()), ..ground() };
    assert_eq!(deny(untold.clone().step(&close("CL07"), By::Sender, &soon)), Deny::D701);
    assert_eq!(deny(untold.clone().step(&close("CL01"), By::Sender, &ground())), Deny::D703);
    assert!(untold.step(&close("CL07"), By::Sender, &ground()).is_ok());
    let told = seen.step(&Move::InformPerson { told: Told::InPerson {} }, By::CaseWorker, &ground()).unwrap();
    let closed = told.standing.step(&close("CL01"), By::Sender, &ground()).unwrap().standing;
    assert_eq!(closed.circle, Loop::Closed { reason: reason("CL01") });
}

#[test]
fn at_64_closing_the_case_takes_two_people() {
    let told = Standing {
        circle: Loop::PersonInformed { told: Told::Phone {} },
        ..standing(State::Completed { outcome: reason("OC1"), report: Report::default() })
    };
    let close = |manager, supervisor| Move::Close {
        reason: reason("CL01"),
        case: Some(crate::referrals::CaseClosure { manager: id(manager), supervisor }),
        need: None,
    };
    assert_eq!(deny(told.clone().step(&close(1, None), By::Sender, &ground())), Deny::D708);
    assert_eq!(deny(told.clone().step(&close(1, Some(id(1))), By::Sender, &ground())), Deny::D708);
    assert!(told.step(&close(1, Some(id(2))), By::Sender, &ground()).is_ok());
}

#[test]
fn at_65_an_ended_referral_takes_only_withdrawal_rights_loop_and_error() {
    for (name, state) in states().into_iter().filter(|(_, state)| state.is_terminal()) {
        for asked in moves() {
            let lives_on = matches!(
                asked,
                Move::Withdraw { .. }
                    | Move::DeclareError { .. }
                    | Move::Restrict {}
                    | Move::LiftRestriction {}
                    | Move::HoldLegal {}
                    | Move::ReleaseLegal {}
                    | Move::SettleWithdrawal {}
                    | Move::AcknowledgeOutcome { .. }
                    | Move::InformPerson { .. }
                    | Move::Close { .. }
            );
            let by = asked.actors()[0];
            let outcome = standing(state.clone()).step(&asked, by, &ground());
            let refused = matches!(&outcome, Err(refused) if refused.deny() == Deny::D705);
            let error_again =
                matches!((&state, &asked), (State::EnteredInError { .. }, Move::DeclareError { .. }));
            assert_eq!(refused, !lives_on || error_again, "{name} {asked:?} {outcome:?}");
        }
    }
}

#[test]
fn at_66a_without_the_person_s_agreement_only_oc0_goes_back() {
    let quiet = Ground { details_return: false, ..ground() };
    let complete = |outcome: &str, report: Report| Move::Complete { outcome: reason(outcome), report };
    let try_with = |asked: Move| in_service().step(&asked, By::CaseWorker, &quiet);
    assert_eq!(deny(try_with(complete("OC1", Report::default()))), Deny::D703);
    let dated = Report { from: Some(day("2026-03-01")), ..Report::default() };
    assert_eq!(deny(try_with(complete("OC0", dated))), Deny::D703);
    assert!(try_with(complete("OC0", Report::default())).is_ok());
    let note = Move::Progress { pending: Vec::new(), note: Some(id(5)) };
    assert_eq!(deny(try_with(note)), Deny::D703);
    assert!(try_with(Move::Progress { pending: Vec::new(), note: None }).is_ok());
}

#[test]
fn a_question_may_be_asked_twice_and_declines_only_when_its_answer_is_overdue() {
    let ask = Move::Ask { reason: reason("IX02"), note: None };
    let mut at = standing(State::Acknowledged { questions: 0 });
    for _ in 0..2 {
        let asked = at.step(&ask, By::Intake, &ground()).unwrap().standing;
        let early =
            asked.clone().step(&Move::Decline { reason: reason("DR20"), note: None }, By::Intake, &ground());
        assert_eq!(deny(early), Deny::D701);
        let late = Ground { at: now().plus(TimeDelta::hours(6)), ..ground() };
        let decline = |code| Move::Decline { reason: reason(code), note: None };
        assert_eq!(deny(asked.clone().step(&decline("DR01"), By::Intake, &late)), Deny::D703);
        assert_eq!(asked.clone().step(&decline("DR20"), By::Intake, &late).unwrap().number, Number::T06);
        at = asked.step(&Move::Answer { packet: id(5) }, By::Sender, &ground()).unwrap().standing;
    }
    assert_eq!(deny(at.step(&ask, By::Intake, &ground())), Deny::D701);
}

#[test]
fn what_a_move_names_must_be_there_where_the_move_is_possible() {
    let absent = Ground { named_is_there: false, ..ground() };
    let asked = standing(State::Acknowledged { questions: 0 })
        .step(&Move::Ask { reason: reason("IX02"), note: None }, By::Intake, &ground())
        .unwrap()
        .standing;
    let answer = Move::Answer { packet: id(5) };
    assert_eq!(deny(asked.clone().step(&answer, By::Sender, &absent)), Deny::D708);
    assert_eq!(deny(in_service().step(&answer, By::Sender, &absent)), Deny::D701, "the state comes first");
    assert!(asked.step(&Move::Withdraw { reason: None }, By::Person, &absent).is_ok(), "it names nothing");
}

#[test]
fn a_waiting_list_must_be_in_the_directory() {
    let acknowledged = standing(State::Acknowledged { questions: 0 });
    let wait = |code| Move::Waitlist { reason: reason(code), estimate: day("2026-04-01") };
    let none = Ground { keeps_waitlist: false, ..ground() };
    assert_eq!(deny(acknowledged.clone().step(&wait("DR01"), By::Intake, &none)), Deny::D708);
    assert_eq!(deny(acknowledged.clone().step(&wait("DR05"), By::Intake, &ground())), Deny::D703);
    assert_eq!(acknowledged.step(&wait("DR02"), By::Intake, &ground()).unwrap().number, Number::T08);
}

#[test]
fn a_handover_takes_both_sides_and_a_new_owner() {
    let hand_over = Move::Transfer { to: id(8), plan: id(6) };
    let nobody = Ground { transfer_accepted: false, ..ground() };
    assert_eq!(deny(in_service().step(&hand_over, By::CaseWorker, &nobody)), Deny::D708);
    let asked = in_service().step(&hand_over, By::CaseWorker, &ground()).unwrap().standing;
    assert_eq!(asked.state.name(), StateName::InService);
    let again = asked.clone().step(&hand_over, By::CaseWorker, &ground()).unwrap().standing;
    assert_eq!(again.state.name(), StateName::InService, "one side cannot do it alone");
    let done = asked.step(&hand_over, By::Sender, &ground()).unwrap().standing;
    assert_eq!(done.state, State::Transferred { to: id(8) });
    assert_eq!(done.circle, Loop::Closed { reason: reason("CL05") });
}

#[test]
fn an_error_found_late_takes_coordinator_and_data_protection() {
    let error = Move::DeclareError { reason: reason("ER01") };
    let delivered = walk(&until_accepted()[..2]).unwrap();
    let step = delivered.step(&error, By::Sender, &ground()).unwrap();
    assert_eq!(step.standing.state.name(), StateName::EnteredInError);
    assert!(step.effects.contains(&Effect::Incident));
    assert_eq!(deny(in_service().step(&error, By::Sender, &ground())), Deny::D702);
    let first = in_service().step(&error, By::Coordinator, &ground()).unwrap().standing;
    let alone = first.clone().step(&error, By::Coordinator, &ground()).unwrap().standing;
    assert_eq!(alone.state.name(), StateName::InService);
    let both = first.step(&error, By::DataProtection, &ground()).unwrap().standing;
    assert_eq!(both.state.name(), StateName::EnteredInError);
}

#[test]
fn a_restriction_stops_use_and_keeps_what_ends_or_pauses() {
    let restricted = in_service().step(&Move::Restrict {}, By::Person, &ground()).unwrap().standing;
    let progress = Move::Progress { pending: Vec::new(), note: None };
    assert_eq!(deny(restricted.clone().step(&progress, By::CaseWorker, &ground())), Deny::D707);
    let hold = Move::Hold { reason: reason("HX01"), resume: day("2026-04-01") };
    assert!(restricted.clone().step(&hold, By::CaseWorker, &ground()).is_ok());
    let lifted = restricted.step(&Move::LiftRestriction {}, By::DataProtection, &ground()).unwrap().standing;
    assert!(lifted.step(&progress, By::CaseWorker, &ground()).is_ok());
}

#[test]
fn a_legal_hold_keeps_what_would_be_destroyed() {
    let kept = in_service().step(&Move::HoldLegal {}, By::DataProtection, &ground()).unwrap().standing;
    let step = kept.step(&Move::Cancel { reason: reason("CX08") }, By::Sender, &ground()).unwrap();
    assert!(step.effects.is_empty(), "{:?}", step.effects);
}

#[test]
fn what_a_legal_hold_kept_is_destroyed_after_its_release() {
    let held = in_service().step(&Move::HoldLegal {}, By::DataProtection, &ground()).unwrap().standing;
    let going_on = held.clone().step(&Move::ReleaseLegal {}, By::DataProtection, &ground()).unwrap();
    assert_eq!(going_on.effects, [], "nothing has ended");
    let done = Move::Complete { outcome: reason("OC1"), report: Report::default() };
    let done = held.clone().step(&done, By::CaseWorker, &ground()).unwrap().standing;
    let released = done.step(&Move::ReleaseLegal {}, By::DataProtection, &ground()).unwrap();
    assert_eq!(released.effects, [], "what was done is kept as long as was promised");
    let ended = held.step(&Move::Cancel { reason: reason("CX08") }, By::Sender, &ground()).unwrap().standing;
    let nothing = Ground { left_to_destroy: false, ..ground() };
    for (ground, effects) in
        [(ground(), vec![Effect::Purge, Effect::Destroy { hours: 168 }]), (nothing, vec![Effect::Purge])]
    {
        let released = ended.clone().step(&Move::ReleaseLegal {}, By::DataProtection, &ground).unwrap();
        assert_eq!(released.effects, effects);
        assert!(!released.standing.flags.legal_hold);
    }
}

#[test]
fn a_withdrawal_needs_no_reason_and_its_loop_closes_when_it_is_settled() {
    let withdrawn = in_service().step(&Move::Withdraw { reason: None }, By::Person, &ground()).unwrap();
    assert_eq!(withdrawn.number, Number::T30);
    assert!(withdrawn.effects.contains(&Effect::Withdrawal));
    let steps = [
        (Move::AcknowledgeOutcome { next: NextStep::NeedMet {} }, By::Sender),
        (Move::InformPerson { told: Told::InPerson {} }, By::Sender),
    ];
    let told = walk_on(withdrawn.standing, &steps).unwrap();
    let close = Move::Close { reason: reason("CL02"), case: None, need: None };
    assert_eq!(deny(told.clone().step(&close, By::Sender, &ground())), Deny::D707);
    let settled = told.step(&Move::SettleWithdrawal {}, By::Hub, &ground()).unwrap().standing;
    assert!(settled.step(&close, By::Sender, &ground()).is_ok());
}

#[test]
fn a_parent_waits_for_its_children() {
    let done = Move::Complete { outcome: reason("OC1"), report: Report::default() };
    let open = Ground { has_open_children: true, ..ground() };
    assert_eq!(deny(in_service().step(&done, By::CaseWorker, &open)), Deny::D708);
    assert!(in_service().step(&done, By::CaseWorker, &ground()).is_ok());
}

#[test]
fn an_acknowledgement_stands_for_a_lost_delivery_receipt() {
    let submitted = walk(&[(Move::Submit {}, By::Sender)]).unwrap();
    let step = submitted.step(&Move::Acknowledge { worker: id(7) }, By::Intake, &ground()).unwrap();
    assert_eq!((step.number, step.standing.state.name()), (Number::T03, StateName::Acknowledged));
}

#[test]
fn names_and_states_agree() {
    let named: BTreeSet<StateName> = states().into_iter().map(|(_, state)| state.name()).collect();
    assert_eq!(named.len(), StateName::ALL.len());
    for name in StateName::ALL {
        assert_eq!(StateName::from_name(name.name()), Some(name));
    }
    for name in LoopName::ALL {
        assert_eq!(LoopName::from_name(name.name()), Some(name));
    }
}

fn ground_of(facts: [bool; 7], hours: i64) -> Ground<'static> {
    let [details, waitlist, vulnerable, children, transfer, need, settled] = facts;
    Ground {
        at: now().plus(TimeDelta::hours(hours)),
        details_return: details,
        keeps_waitlist: waitlist,
        vulnerable,
        has_open_children: children,
        transfer_accepted: transfer,
        need_recorded: need,
        withdrawal_settled: settled,
        ..ground()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_walk_breaks_the_invariants(
        steps in prop::collection::vec((0..moves().len(), 0..By::ALL.len(), any::<[bool; 7]>(), 0..72i64), 1..120)
    ) {
        let moves = moves();
        let mut at = Standing::draft();
        let mut acknowledged = false;
        let mut withdrawn = false;
        for (chosen, by, facts, hours) in steps {
            let (asked, by, ground) = (&moves[chosen], By::ALL[by], ground_of(facts, hours));
            let before = at.clone();
            let Ok(Step { standing: after, number, effects }) = at.clone().step(asked, by, &ground) else {
                // Nothing stands between a person and a withdrawal.
                let refused_withdrawal = matches!(asked, Move::Withdraw { .. })
                    && by == By::Person
                    && before.state != State::Draft;
                prop_assert!(!refused_withdrawal);
                continue;
            };
            acknowledged |= after.state.name() == StateName::Acknowledged;
            withdrawn |= matches!(asked, Move::Withdraw { .. });
            // Nobody is taken on whom nobody looked at.
            if matches!(after.state, State::Accepted(_) | State::Waitlisted { .. } | State::InService(_)) {
                prop_assert!(acknowledged);
            }
            // An end is an end, except that it may turn out to have been an error.
            if before.state.is_terminal() && after.state != before.state {
                prop_assert_eq!(after.state.name(), StateName::EnteredInError);
                prop_assert_eq!(number, Number::T32);
            }
            // After a withdrawal the referral is over and nobody works on it.
            if withdrawn {
                prop_assert!(after.state.is_terminal());
            }
            // The loop only goes forward, one step at a time, except that a handover closes it.
            let place = |circle: &Loop| LoopName::ALL.iter().position(|name| *name == circle.name()).unwrap();
            let (from, to) = (place(&before.circle), place(&after.circle));
            prop_assert!(to == from || to == from + 1 || number == Number::T29, "{:?} {:?}", before, after);
            // It is open exactly while the request is.
            prop_assert_eq!(after.circle == Loop::Open, !after.state.is_terminal());
            // Nothing is pending in an end but a declared error.
            if after.state.is_terminal() {
                prop_assert!(after.pending.cancel.is_none() && after.pending.transfer.is_none());
            }
            // A request to cancel exists only for what has begun.
            if after.pending.cancel.is_some() {
                prop_assert!(after.state.has_begun());
            }
            // Only the sender before the start, both sides after it, or what always cancels.
            if after.state.name() == StateName::Cancelled && before.state.has_begun() && number == Number::T24 {
                prop_assert!(false, "a running service was cancelled alone");
            }
            // What was never delivered leaves nothing to destroy at the recipient.
            if !before.state.was_delivered() {
                let destroys = effects.iter().any(|effect| matches!(effect, Effect::Destroy { .. }));
                prop_assert!(!destroys);
            }
            at = after;
        }
    }
}

#[test]
fn the_row_a_side_would_name_is_the_row_it_is() {
    let mut seen_rows = BTreeSet::new();
    for (_, state) in states() {
        let no_shows = if let State::Scheduled(appointment) = &state { appointment.no_shows } else { 0 };
        let seen = crate::referrals::Seen { state: state.name(), no_shows };
        for circle in [Loop::Open, Loop::OutcomeKnown] {
            for (asked, by) in moves().into_iter().flat_map(|asked| By::ALL.map(|by| (asked.clone(), by))) {
                let was = Standing { circle: circle.clone(), ..standing(state.clone()) };
                let Ok(step) = was.step(&asked, by, &ground()) else { continue };
                assert_eq!(asked.row(seen, Policy::builtin()), step.number, "{asked:?} from {state:?}");
                seen_rows.insert(step.number);
            }
        }
    }
    assert!(seen_rows.len() > 30, "{seen_rows:?}");
}
