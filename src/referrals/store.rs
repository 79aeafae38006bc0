//! Rows of this room to types and back.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    destroy::Destruction,
    error::ReferralError,
    event::Event,
    moves::{By, Number, Report},
    names::{LoopName, StateName},
    needs::{NeedKind, NeedView},
    referral::{Origin, Referral},
    state::{Appointment, Assigned, Flags, Held, Loop, Pending, Service, Standing, State, Step},
    timers::{Terms, Timer, TimerKind},
    views::EventView,
};
use crate::{
    access::{AccessError, Tx},
    consent::{DutyColumns, Owed},
    kernel::{
        Digest, Timestamp,
        id::{
            AgreementId, CertificateId, NeedId, OrganisationId, PacketId, ReferralEventId, ReferralId,
            ServiceId, StaffId, SubjectToken,
        },
    },
    packets::Disclosed,
    policy::{PurposeCode, ReasonCode, ServiceCode},
    storage::{
        Conn, Db, StorageError, natively, read,
        schema::referrals::{
            destructions, forgotten_referrals, needs, past_disclosures, referral_ends, referral_events,
            referral_timers, referrals,
        },
    },
};

/// Stands for "never" in the columns lists are ordered by.
pub(super) const NEVER: i64 = i64::MAX;

fn json<T: for<'de> Deserialize<'de>>(text: &str, what: &'static str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|_ignored| StorageError::Unreadable(what))
}

fn text(value: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|_ignored| StorageError::Unreadable("referral"))
}

/// The facts of a state beside its reason and assignee.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Facts {
    #[serde(skip_serializing_if = "Option::is_none")]
    questions: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_due: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_shows: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<StateName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<PacketId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<ServiceId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pending: Vec<ServiceCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<ReferralId>,
}

/// A standing as its columns.
#[derive(AsChangeset)]
#[diesel(table_name = referrals, treat_none_as_null = true)]
struct StandingRow {
    state: String,
    reason: Option<String>,
    assignee: Option<String>,
    facts: String,
    loop_state: String,
    loop_facts: Option<String>,
    flags: String,
    pending: Option<String>,
}

impl StandingRow {
    fn of(standing: &Standing) -> Result<Self, StorageError> {
        let (reason, assignee, facts) = facts_of(&standing.state);
        let loop_facts = match &standing.circle {
            Loop::Open | Loop::OutcomeKnown => None,
            Loop::SenderAcknowledged { next } => Some(text(next)?),
            Loop::PersonInformed { told } => Some(text(told)?),
            Loop::Closed { reason } => Some(text(reason)?),
        };
        Ok(Self {
            state: standing.state.name().name().to_owned(),
            reason: reason.map(ToString::to_string),
            assignee: assignee.map(|assignee| assignee.to_string()),
            facts: text(&facts)?,
            loop_state: standing.circle.name().name().to_owned(),
            loop_facts,
            flags: standing.flags.words().join(" "),
            pending: if standing.pending.is_empty() { None } else { Some(text(&standing.pending)?) },
        })
    }

    fn into_standing(self) -> Result<Standing, StorageError> {
        let name = StateName::from_name(&self.state).ok_or(StorageError::Unreadable("referrals.state"))?;
        let reason = self.reason.map(|reason| read(&reason, "referrals.reason")).transpose()?;
        let assignee = self.assignee.map(|assignee| read(&assignee, "referrals.assignee")).transpose()?;
        let facts: Facts = json(&self.facts, "referrals.facts")?;
        let state =
            state_of(name, reason, assignee, facts).ok_or(StorageError::Unreadable("referrals.facts"))?;
        let circle = loop_of(&self.loop_state, self.loop_facts.as_deref())?;
        let flags = Flags::from_words(&self.flags).ok_or(StorageError::Unreadable("referrals.flags"))?;
        let pending: Pending = match &self.pending {
            Some(pending) => json(pending, "referrals.pending")?,
            None => Pending::default(),
        };
        Ok(Standing { state, circle, flags, pending })
    }
}

fn held_facts(held: &Held) -> (StaffId, Facts) {
    match held {
        Held::Accepted(Assigned { assignee }) => {
            (*assignee, Facts { from: Some(StateName::Accepted), ..Facts::default() })
        }
        Held::Scheduled(Appointment { assignee, on, no_shows }) => {
            let from = Some(StateName::Scheduled);
            (*assignee, Facts { from, on: Some(*on), no_shows: Some(*no_shows), ..Facts::default() })
        }
        Held::InService(Service { assignee, since }) => {
            (*assignee, Facts { from: Some(StateName::InService), since: Some(*since), ..Facts::default() })
        }
    }
}

fn facts_of(state: &State) -> (Option<&ReasonCode>, Option<StaffId>, Facts) {
    let none = Facts::default();
    match state {
        State::Draft | State::Submitted | State::Delivered => (None, None, none),
        State::Acknowledged { questions } => (None, None, Facts { questions: Some(*questions), ..none }),
        State::InfoRequested { questions, reason, answer_due } => {
            let facts = Facts { questions: Some(*questions), answer_due: Some(*answer_due), ..none };
            (Some(reason), None, facts)
        }
        State::Waitlisted { reason, estimate } => {
            (Some(reason), None, Facts { day: Some(*estimate), ..none })
        }
        State::Accepted(Assigned { assignee }) => (None, Some(*assignee), none),
        State::Scheduled(Appointment { assignee, on, no_shows }) => {
            (None, Some(*assignee), Facts { on: Some(*on), no_shows: Some(*no_shows), ..none })
        }
        State::InService(Service { assignee, since }) => {
            (None, Some(*assignee), Facts { since: Some(*since), ..none })
        }
        State::OnHold { reason, resume, from } => {
            let (assignee, facts) = held_facts(from);
            (Some(reason), Some(assignee), Facts { day: Some(*resume), ..facts })
        }
        State::Completed { outcome, report } => {
            (Some(outcome), None, Facts { report: Some(report.clone()), ..none })
        }
        State::Declined { reason, note } => (Some(reason), None, Facts { note: *note, ..none }),
        State::Redirected { reason, to, note } => {
            (Some(reason), None, Facts { to: to.clone(), note: *note, ..none })
        }
        State::Cancelled { reason } | State::Expired { reason } | State::EnteredInError { reason } => {
            (Some(reason), None, none)
        }
        State::Withdrawn { reason } => (reason.as_ref(), None, none),
        State::Failed { reason, pending } => (Some(reason), None, Facts { pending: pending.clone(), ..none }),
        State::Transferred { to } => (None, None, Facts { owner: Some(*to), ..none }),
    }
}

fn state_of(
    name: StateName,
    reason: Option<ReasonCode>,
    assignee: Option<StaffId>,
    facts: Facts,
) -> Option<State> {
    let given_to = |assignee: Option<StaffId>| assignee.map(|assignee| Assigned { assignee });
    let appointment = |assignee: Option<StaffId>, facts: &Facts| {
        Some(Appointment { assignee: assignee?, on: facts.on?, no_shows: facts.no_shows? })
    };
    let service =
        |assignee: Option<StaffId>, facts: &Facts| Some(Service { assignee: assignee?, since: facts.since? });
    Some(match name {
        StateName::Draft => State::Draft,
        StateName::Submitted => State::Submitted,
        StateName::Delivered => State::Delivered,
        StateName::Acknowledged => State::Acknowledged { questions: facts.questions? },
        StateName::InfoRequested => State::InfoRequested {
            questions: facts.questions?,
            reason: reason?,
            answer_due: facts.answer_due?,
        },
        StateName::Accepted => State::Accepted(given_to(assignee)?),
        StateName::Waitlisted => State::Waitlisted { reason: reason?, estimate: facts.day? },
        StateName::Scheduled => State::Scheduled(appointment(assignee, &facts)?),
        StateName::InService => State::InService(service(assignee, &facts)?),
        StateName::OnHold => State::OnHold {
            reason: reason?,
            resume: facts.day?,
            from: {
                let from = facts.from?;
                if from == StateName::Accepted {
                    Held::Accepted(given_to(assignee)?)
                } else if from == StateName::Scheduled {
                    Held::Scheduled(appointment(assignee, &facts)?)
                } else if from == StateName::InService {
                    Held::InService(service(assignee, &facts)?)
                } else {
                    return None;
                }
            },
        },
        StateName::Completed => State::Completed { outcome: reason?, report: facts.report? },
        StateName::Declined => State::Declined { reason: reason?, note: facts.note },
        StateName::Redirected => State::Redirected { reason: reason?, to: facts.to, note: facts.note },
        StateName::Cancelled => State::Cancelled { reason: reason? },
        StateName::Withdrawn => State::Withdrawn { reason },
        StateName::Expired => State::Expired { reason: reason? },
        StateName::Failed => State::Failed { reason: reason?, pending: facts.pending },
        StateName::Transferred => State::Transferred { to: facts.owner? },
        StateName::EnteredInError => State::EnteredInError { reason: reason? },
    })
}

fn loop_of(word: &str, facts: Option<&str>) -> Result<Loop, StorageError> {
    let unreadable = || StorageError::Unreadable("referrals.loop_state");
    let facts = |what| facts.ok_or(StorageError::Unreadable(what));
    Ok(match LoopName::from_name(word).ok_or_else(unreadable)? {
        LoopName::Open => Loop::Open,
        LoopName::OutcomeKnown => Loop::OutcomeKnown,
        LoopName::SenderAcknowledged => {
            Loop::SenderAcknowledged { next: json(facts("referrals.loop_facts")?, "referrals.loop_facts")? }
        }
        LoopName::PersonInformed => {
            Loop::PersonInformed { told: json(facts("referrals.loop_facts")?, "referrals.loop_facts")? }
        }
        LoopName::Closed => {
            Loop::Closed { reason: json(facts("referrals.loop_facts")?, "referrals.loop_facts")? }
        }
    })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = referrals, treat_none_as_default_value = false)]
struct ReferralRow {
    id: String,
    sender: String,
    recipient: String,
    subject: String,
    packet: String,
    envelope: String,
    certificate: Option<String>,
    agreement: String,
    agreement_version: i32,
    mode: String,
    purpose: String,
    service: String,
    urgency: String,
    parent: Option<String>,
    details_return: i16,
    vulnerable: i16,
    terms: String,
    state: String,
    reason: Option<String>,
    assignee: Option<String>,
    facts: String,
    loop_state: String,
    loop_facts: Option<String>,
    flags: String,
    pending: Option<String>,
    head: String,
    events: i64,
    version: i64,
    submitted_at: i64,
    changed_at: i64,
    next_due: i64,
    overdue_since: i64,
}

impl ReferralRow {
    fn of(referral: &Referral, timers: &[Timer]) -> Result<Self, StorageError> {
        let origin = &referral.origin;
        let standing = StandingRow::of(&referral.standing)?;
        let (next_due, overdue_since) = marks(timers);
        Ok(Self {
            id: origin.id.to_string(),
            sender: origin.sender.to_string(),
            recipient: origin.recipient.to_string(),
            subject: origin.subject.to_string(),
            packet: origin.packet.to_string(),
            envelope: origin.envelope.to_string(),
            certificate: origin.certificate.map(|id| id.to_string()),
            agreement: origin.agreement.to_string(),
            agreement_version: i32::try_from(origin.agreement_version)
                .map_err(|_ignored| StorageError::Unreadable("referrals.agreement_version"))?,
            mode: origin.mode.to_string(),
            purpose: origin.purpose.to_string(),
            service: origin.service.to_string(),
            urgency: origin.urgency.to_string(),
            parent: origin.parent.map(|id| id.to_string()),
            details_return: i16::from(origin.details_return),
            vulnerable: i16::from(origin.vulnerable),
            terms: text(&referral.terms)?,
            state: standing.state,
            reason: standing.reason,
            assignee: standing.assignee,
            facts: standing.facts,
            loop_state: standing.loop_state,
            loop_facts: standing.loop_facts,
            flags: standing.flags,
            pending: standing.pending,
            head: referral.head.to_string(),
            events: referral.events,
            version: referral.version,
            submitted_at: referral.submitted.micros(),
            changed_at: referral.changed.micros(),
            next_due,
            overdue_since,
        })
    }

    fn into_referral(self) -> Result<Referral, StorageError> {
        let terms: Terms = json(&self.terms, "referrals.terms")?;
        let origin = Origin {
            id: read(&self.id, "referrals.id")?,
            sender: read(&self.sender, "referrals.sender")?,
            recipient: read(&self.recipient, "referrals.recipient")?,
            subject: read(&self.subject, "referrals.subject")?,
            packet: read(&self.packet, "referrals.packet")?,
            envelope: read(&self.envelope, "referrals.envelope")?,
            certificate: self.certificate.map(|id| read(&id, "referrals.certificate")).transpose()?,
            agreement: read(&self.agreement, "referrals.agreement")?,
            agreement_version: u32::try_from(self.agreement_version)
                .map_err(|_ignored| StorageError::Unreadable("referrals.agreement_version"))?,
            mode: read(&self.mode, "referrals.mode")?,
            purpose: read(&self.purpose, "referrals.purpose")?,
            service: read(&self.service, "referrals.service")?,
            urgency: read(&self.urgency, "referrals.urgency")?,
            parent: self.parent.map(|id| read(&id, "referrals.parent")).transpose()?,
            details_return: self.details_return != 0,
            vulnerable: self.vulnerable != 0,
        };
        let standing = StandingRow {
            state: self.state,
            reason: self.reason,
            assignee: self.assignee,
            facts: self.facts,
            loop_state: self.loop_state,
            loop_facts: self.loop_facts,
            flags: self.flags,
            pending: self.pending,
        };
        Ok(Referral {
            origin,
            terms,
            standing: standing.into_standing()?,
            head: read(&self.head, "referrals.head")?,
            events: self.events,
            version: self.version,
            submitted: Timestamp::from_micros(self.submitted_at),
            changed: Timestamp::from_micros(self.changed_at),
        })
    }
}

/// What lists are ordered by: the next due moment, and since when something is overdue.
fn marks(timers: &[Timer]) -> (i64, i64) {
    let running = timers.iter().filter(|timer| timer.overdue_since.is_none());
    let next = running.map(|timer| timer.due.micros()).min().unwrap_or(NEVER);
    let overdue = timers.iter().filter_map(|timer| timer.overdue_since);
    (next, overdue.map(Timestamp::micros).min().unwrap_or(NEVER))
}

pub(super) fn find(db: &mut Db<'_>, id: ReferralId) -> Result<Referral, ReferralError> {
    let row: Option<ReferralRow> = referrals::table
        .filter(referrals::id.eq(id.to_string()))
        .select(ReferralRow::as_select())
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(row.ok_or(AccessError::NotFound)?.into_referral()?)
}

pub(super) fn find_known(db: &mut Db<'_>, id: ReferralId) -> Result<Option<Referral>, StorageError> {
    let row: Option<ReferralRow> = referrals::table
        .filter(referrals::id.eq(id.to_string()))
        .select(ReferralRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(ReferralRow::into_referral).transpose()
}

/// Reads a referral that is about to be moved, and keeps others from moving it until the transaction ends: on PostgreSQL two
/// writers work at once, and a withdrawal must not lose against an accept that is a moment earlier. SQLite has one writer.
pub(super) fn find_to_move(tx: &mut Tx<'_>, id: ReferralId) -> Result<Referral, ReferralError> {
    Ok(find_known_to_move(tx, id)?.ok_or(AccessError::NotFound)?)
}

/// The same, for one that may have gone meanwhile.
pub(super) fn find_known_to_move(tx: &mut Tx<'_>, id: ReferralId) -> Result<Option<Referral>, StorageError> {
    let found = referrals::table.filter(referrals::id.eq(id.to_string()));
    let row: Option<ReferralRow> = match tx.db().conn() {
        Conn::Sqlite(conn) => found.select(ReferralRow::as_select()).first(conn).optional(),
        Conn::Postgres(conn) => found.select(ReferralRow::as_select()).for_update().first(conn).optional(),
    }?;
    row.map(ReferralRow::into_referral).transpose()
}

pub(super) fn insert(tx: &mut Tx<'_>, referral: &Referral, timers: &[Timer]) -> Result<(), StorageError> {
    let row = ReferralRow::of(referral, timers)?;
    let insert = diesel::insert_into(referrals::table).values(row);
    natively!(tx.db(), conn => insert.execute(conn))?;
    insert_timers(tx, referral.id(), timers)
}

/// Moves the referral on, unless somebody else did since it was read.
pub(super) fn advance(
    tx: &mut Tx<'_>,
    was: &Referral,
    to: &Referral,
    timers: &[Timer],
) -> Result<(), StorageError> {
    let (next_due, overdue_since) = marks(timers);
    let changed = diesel::update(
        referrals::table
            .filter(referrals::id.eq(was.id().to_string()).and(referrals::version.eq(was.version))),
    )
    .set((
        StandingRow::of(&to.standing)?,
        referrals::head.eq(to.head.to_string()),
        referrals::events.eq(to.events),
        referrals::version.eq(to.version),
        referrals::changed_at.eq(to.changed.micros()),
        referrals::next_due.eq(next_due),
        referrals::overdue_since.eq(overdue_since),
    ))
    .execute(tx.db().conn())?;
    if changed != 1 {
        return Err(StorageError::Conflict);
    }
    if to.standing.state.is_terminal() && !was.standing.state.is_terminal() {
        diesel::insert_into(referral_ends::table)
            .values((
                referral_ends::referral.eq(was.id().to_string()),
                referral_ends::ended_at.eq(to.changed.micros()),
            ))
            .execute(tx.db().conn())?;
    }
    Ok(())
}

// Events

/// What an event was answered with.
pub(super) struct Answered {
    pub(super) referral: ReferralId,
    pub(super) digest: String,
    pub(super) seq: i64,
    pub(super) number: String,
    pub(super) receipt: String,
}

pub(super) fn answered(db: &mut Db<'_>, id: ReferralEventId) -> Result<Option<Answered>, StorageError> {
    let row: Option<(String, String, i64, String, String)> = referral_events::table
        .filter(referral_events::id.eq(id.to_string()))
        .select((
            referral_events::referral,
            referral_events::digest,
            referral_events::seq,
            referral_events::number,
            referral_events::receipt,
        ))
        .first(db.conn())
        .optional()?;
    row.map(|(referral, digest, seq, number, receipt)| {
        let referral = read(&referral, "referral_events.referral")?;
        Ok(Answered { referral, digest, seq, number, receipt })
    })
    .transpose()
}

/// An event as it is kept.
pub(super) struct Kept<'a> {
    pub(super) event: &'a Event,
    pub(super) token: Option<&'a str>,
    pub(super) digest: Digest,
    pub(super) seq: i64,
    pub(super) number: Number,
    pub(super) receipt: &'a str,
}

pub(super) fn keep_event(tx: &mut Tx<'_>, kept: &Kept<'_>, step: &Step) -> Result<(), StorageError> {
    let (audit, now) = (tx.entry().to_string(), tx.now());
    let event = kept.event;
    let insert = diesel::insert_into(referral_events::table).values((
        referral_events::referral.eq(event.referral.to_string()),
        referral_events::seq.eq(kept.seq),
        referral_events::id.eq(event.id.to_string()),
        referral_events::digest.eq(kept.digest.to_string()),
        referral_events::token.eq(kept.token),
        referral_events::issuer.eq(&event.issuer),
        referral_events::role.eq(event.role.name()),
        referral_events::number.eq(kept.number.code()),
        referral_events::asked.eq(event.asked.name()),
        referral_events::reason.eq(event.asked.reason().map(ToString::to_string)),
        referral_events::state.eq(step.standing.state.name().name()),
        referral_events::loop_state.eq(step.standing.circle.name().name()),
        referral_events::occurred_at.eq(event.occurred.micros()),
        referral_events::recorded_at.eq(now.micros()),
        referral_events::receipt.eq(kept.receipt),
        referral_events::audit_id.eq(audit),
    ));
    natively!(tx.db(), conn => insert.execute(conn))?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = referral_events)]
struct EventRow {
    seq: i64,
    id: String,
    token: Option<String>,
    issuer: String,
    role: String,
    number: String,
    asked: String,
    reason: Option<String>,
    state: String,
    loop_state: String,
    occurred_at: i64,
    recorded_at: i64,
    receipt: String,
}

pub(super) fn timeline(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<EventView>, StorageError> {
    let rows: Vec<EventRow> = referral_events::table
        .filter(referral_events::referral.eq(referral.to_string()))
        .order(referral_events::seq)
        .limit(MOST_EVENTS)
        .select(EventRow::as_select())
        .load(db.conn())?;
    rows.into_iter()
        .map(|row| {
            let unreadable = StorageError::Unreadable("referral_events");
            let (Some(role), Some(number), Some(state), Some(circle)) = (
                By::from_name(&row.role),
                Number::from_code(&row.number),
                StateName::from_name(&row.state),
                LoopName::from_name(&row.loop_state),
            ) else {
                return Err(unreadable);
            };
            Ok(EventView {
                seq: row.seq,
                id: read(&row.id, "referral_events.id")?,
                number,
                asked: row.asked,
                role,
                issuer: row.issuer,
                reason: row.reason.map(|reason| read(&reason, "referral_events.reason")).transpose()?,
                state,
                circle,
                occurred_at: Timestamp::from_micros(row.occurred_at),
                recorded_at: Timestamp::from_micros(row.recorded_at),
                token: row.token,
                receipt: Some(row.receipt),
            })
        })
        .collect()
}

// Clocks

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = referral_timers, treat_none_as_null = true, treat_none_as_default_value = false)]
struct TimerRow {
    referral: String,
    kind: String,
    from_at: i64,
    due_at: i64,
    next_at: Option<i64>,
    rung: i16,
    overdue_since: Option<i64>,
    paused_at: Option<i64>,
}

impl TimerRow {
    fn of(referral: ReferralId, timer: &Timer) -> Self {
        Self {
            referral: referral.to_string(),
            kind: timer.kind.name().to_owned(),
            from_at: timer.from.micros(),
            due_at: timer.due.micros(),
            next_at: timer.next.map(Timestamp::micros),
            rung: i16::from(timer.rung),
            overdue_since: timer.overdue_since.map(Timestamp::micros),
            paused_at: timer.paused_at.map(Timestamp::micros),
        }
    }

    fn into_timer(self) -> Result<Timer, StorageError> {
        Ok(Timer {
            kind: TimerKind::from_name(&self.kind).ok_or(StorageError::Unreadable("referral_timers.kind"))?,
            from: Timestamp::from_micros(self.from_at),
            due: Timestamp::from_micros(self.due_at),
            next: self.next_at.map(Timestamp::from_micros),
            rung: u8::try_from(self.rung)
                .map_err(|_ignored| StorageError::Unreadable("referral_timers.rung"))?,
            overdue_since: self.overdue_since.map(Timestamp::from_micros),
            paused_at: self.paused_at.map(Timestamp::from_micros),
        })
    }
}

fn insert_timers(tx: &mut Tx<'_>, referral: ReferralId, timers: &[Timer]) -> Result<(), StorageError> {
    if timers.is_empty() {
        return Ok(());
    }
    let rows: Vec<TimerRow> = timers.iter().map(|timer| TimerRow::of(referral, timer)).collect();
    // So many begin with every referral: a number that is known needs no new statement text.
    match <[TimerRow; Terms::CLOCKS]>::try_from(rows) {
        Ok(rows) => {
            let insert = diesel::insert_into(referral_timers::table).values(rows);
            natively!(tx.db(), conn => insert.execute(conn))?
        }
        Err(rows) => {
            let insert = diesel::insert_into(referral_timers::table).values(rows);
            natively!(tx.db(), conn => insert.execute(conn))?
        }
    };
    Ok(())
}

pub(super) fn timers(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<Timer>, StorageError> {
    let rows: Vec<TimerRow> = referral_timers::table
        .filter(referral_timers::referral.eq(referral.to_string()))
        .order(referral_timers::kind)
        .select(TimerRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(TimerRow::into_timer).collect()
}

/// Writes what changed between two sets of clocks.
pub(super) fn put_timers(
    tx: &mut Tx<'_>,
    referral: ReferralId,
    before: &[Timer],
    after: &[Timer],
) -> Result<(), StorageError> {
    let of = |timers: &[Timer], kind| timers.iter().find(|timer| timer.kind == kind).cloned();
    let gone: Vec<&str> = before
        .iter()
        .filter(|timer| of(after, timer.kind).is_none())
        .map(|timer| timer.kind.name())
        .collect();
    if !gone.is_empty() {
        diesel::delete(
            referral_timers::table
                .filter(referral_timers::referral.eq(referral.to_string()))
                .filter(referral_timers::kind.eq_any(gone)),
        )
        .execute(tx.db().conn())?;
    }
    let mut new = Vec::new();
    for timer in after {
        match of(before, timer.kind) {
            None => new.push(timer.clone()),
            Some(known) if known != *timer => {
                diesel::update(
                    referral_timers::table
                        .filter(referral_timers::referral.eq(referral.to_string()))
                        .filter(referral_timers::kind.eq(timer.kind.name())),
                )
                .set(TimerRow::of(referral, timer))
                .execute(tx.db().conn())?;
            }
            Some(_) => {}
        }
    }
    insert_timers(tx, referral, &new)
}

/// Referrals with a clock that somebody must look at now, those that have waited longest first.
pub(super) fn due(db: &mut Db<'_>, now: Timestamp, limit: i64) -> Result<Vec<ReferralId>, StorageError> {
    let rows: Vec<String> = referral_timers::table
        .filter(referral_timers::next_at.le(now.micros()))
        .order(referral_timers::next_at)
        .limit(limit)
        .select(referral_timers::referral)
        .load(db.conn())?;
    let mut ids: Vec<ReferralId> = Vec::new();
    for row in rows {
        let id = read(&row, "referral_timers.referral")?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

// Lists

/// Whose list, in which order.
pub(super) enum Of {
    /// What an organisation received, by what is due.
    Inbox(OrganisationId),
    /// What one of its people has taken on, and behind it what nobody has, each by what is due.
    Taken(OrganisationId, StaffId),
    /// What an organisation sent, overdue first.
    Sent(OrganisationId),
    /// What an organisation received and something of is overdue.
    LateReceived(OrganisationId),
    /// What an organisation sent and something of is overdue.
    LateSent(OrganisationId),
    /// Everything that is overdue.
    Overdue,
}

/// Where a page ended: what the list is ordered by first (the overdue mark, or whether nobody has it), due mark, id.
pub(super) type Place = (i64, i64, String);

pub(super) fn list(
    db: &mut Db<'_>,
    of: &Of,
    ended: bool,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(Referral, Place)>, StorageError> {
    let mut query = referrals::table.select(ReferralRow::as_select()).into_boxed();
    match of {
        Of::Inbox(organisation) => query = query.filter(referrals::recipient.eq(organisation.to_string())),
        Of::Taken(organisation, staff) => {
            let theirs = referrals::assignee.eq(staff.to_string()).or(referrals::assignee.is_null());
            query = query.filter(referrals::recipient.eq(organisation.to_string())).filter(theirs);
        }
        Of::Sent(organisation) | Of::LateSent(organisation) => {
            query = query.filter(referrals::sender.eq(organisation.to_string()));
        }
        Of::LateReceived(organisation) => {
            query = query.filter(referrals::recipient.eq(organisation.to_string()));
        }
        Of::Overdue => {}
    }
    if matches!(of, Of::LateReceived(_) | Of::LateSent(_) | Of::Overdue) {
        query = query.filter(referrals::overdue_since.lt(NEVER));
    }
    if !ended || matches!(of, Of::Taken(..)) {
        match of {
            Of::Inbox(_) | Of::Taken(..) => query = query.filter(is_open()),
            Of::Sent(_) | Of::LateReceived(_) | Of::LateSent(_) | Of::Overdue => {
                query = query.filter(referrals::loop_state.ne(LoopName::Closed.name()));
            }
        }
    }
    query = match of {
        Of::Inbox(_) => query.order((referrals::next_due, referrals::id)),
        Of::Taken(..) => query.order((referrals::assignee.is_null(), referrals::next_due, referrals::id)),
        Of::Sent(_) | Of::LateReceived(_) | Of::LateSent(_) | Of::Overdue => {
            query.order((referrals::overdue_since, referrals::next_due, referrals::id))
        }
    };
    if let Some((first, due, id)) = after {
        let further = referrals::next_due.gt(due).or(referrals::next_due.eq(due).and(referrals::id.gt(id)));
        query = match of {
            Of::Inbox(_) => query.filter(further),
            Of::Taken(..) if first == 0 => {
                query.filter(referrals::assignee.is_null().or(referrals::assignee.is_not_null().and(further)))
            }
            Of::Taken(..) => query.filter(referrals::assignee.is_null().and(further)),
            Of::Sent(_) | Of::LateReceived(_) | Of::LateSent(_) | Of::Overdue => query.filter(
                referrals::overdue_since.gt(first).or(referrals::overdue_since.eq(first).and(further)),
            ),
        };
    }
    let rows: Vec<ReferralRow> = query.limit(limit).load(db.conn())?;
    rows.into_iter()
        .map(|row| {
            let first = match of {
                Of::Taken(..) => i64::from(row.assignee.is_none()),
                Of::Inbox(_) | Of::Sent(_) | Of::LateReceived(_) | Of::LateSent(_) | Of::Overdue => {
                    row.overdue_since
                }
            };
            let place = (first, row.next_due, row.id.clone());
            Ok((row.into_referral()?, place))
        })
        .collect()
}

/// The clocks of several referrals, by referral.
pub(super) fn timers_of(
    db: &mut Db<'_>,
    ids: &[ReferralId],
) -> Result<Vec<(ReferralId, Timer)>, StorageError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<TimerRow> = referral_timers::table
        .filter(referral_timers::referral.eq_any(ids))
        .order((referral_timers::referral, referral_timers::kind))
        .select(TimerRow::as_select())
        .load(db.conn())?;
    rows.into_iter()
        .map(|row| {
            let id = read(&row.referral, "referral_timers.referral")?;
            Ok((id, row.into_timer()?))
        })
        .collect()
}

/// Open referrals: those whose loop is open, as a CHECK holds. One word and not a list, because SQLite would prepare a statement with a
/// list anew each time.
fn is_open() -> diesel::dsl::Eq<referrals::loop_state, &'static str> {
    referrals::loop_state.eq(LoopName::Open.name())
}

/// To whom this sender has open referrals of this person for this service.
pub(super) fn asked(
    db: &mut Db<'_>,
    subject: SubjectToken,
    service: &ServiceCode,
    sender: OrganisationId,
) -> Result<Vec<OrganisationId>, StorageError> {
    let query = referrals::table
        .filter(referrals::subject.eq(subject.to_string()).and(referrals::service.eq(service.as_str())))
        .filter(referrals::sender.eq(sender.to_string()))
        .filter(is_open())
        .select(referrals::recipient);
    let rows: Vec<String> = natively!(db, conn => query.load(conn))?;
    rows.iter().map(|recipient| read(recipient, "referrals.recipient")).collect()
}

/// Open referrals of this person for this service by this sender.
pub(super) fn open_for(
    db: &mut Db<'_>,
    subject: SubjectToken,
    service: &ServiceCode,
    sender: OrganisationId,
) -> Result<Vec<Referral>, StorageError> {
    let rows: Vec<ReferralRow> = referrals::table
        .filter(referrals::subject.eq(subject.to_string()).and(referrals::service.eq(service.as_str())))
        .filter(referrals::sender.eq(sender.to_string()))
        .filter(is_open())
        .order(referrals::id)
        .limit(MOST_RELATED)
        .select(ReferralRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(ReferralRow::into_referral).collect()
}

/// What this sender sent of this person after a referral, newest first.
pub(super) fn sent_after(
    db: &mut Db<'_>,
    (subject, sender): (SubjectToken, OrganisationId),
    earlier: ReferralId,
    limit: i64,
) -> Result<Vec<Referral>, StorageError> {
    let rows: Vec<ReferralRow> = referrals::table
        .filter(referrals::subject.eq(subject.to_string()).and(referrals::sender.eq(sender.to_string())))
        .filter(referrals::id.gt(earlier.to_string()))
        .order(referrals::id.desc())
        .limit(limit)
        .select(ReferralRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(ReferralRow::into_referral).collect()
}

/// Referrals of a person that an organisation is a side of, and those in which what it sent was passed on under its own consent and the
/// same pseudonym, oldest first.
pub(super) fn about(
    db: &mut Db<'_>,
    subject: SubjectToken,
    side: OrganisationId,
) -> Result<Vec<ReferralId>, StorageError> {
    let side = side.to_string();
    let sent: Vec<(String, Option<String>)> = referrals::table
        .filter(referrals::subject.eq(subject.to_string()).and(referrals::sender.eq(&side)))
        .select((referrals::id, referrals::certificate))
        .load(db.conn())?;
    let rows: Vec<String> = referrals::table
        .filter(referrals::subject.eq(subject.to_string()))
        .filter(referrals::sender.eq(&side).or(referrals::recipient.eq(&side)))
        .order(referrals::id)
        .select(referrals::id)
        .load(db.conn())?;
    let of_forgotten: Vec<String> = referral_ends::table
        .inner_join(referrals::table.on(referrals::id.eq(referral_ends::referral)))
        .filter(referrals::subject.eq(subject.to_string()).and(referral_ends::passed_on_for.eq(&side)))
        .select(referrals::id)
        .load(db.conn())?;
    let parents: Vec<&str> = sent.iter().map(|(id, _)| id.as_str()).collect();
    let passed_on: Vec<(String, Option<String>, Option<String>)> = referrals::table
        .filter(referrals::subject.eq(subject.to_string()))
        .filter(referrals::parent.eq_any(parents).and(referrals::certificate.is_not_null()))
        .select((referrals::id, referrals::parent, referrals::certificate))
        .load(db.conn())?;
    let borrows = |parent: &Option<String>, certificate: &Option<String>| {
        sent.iter().any(|(id, theirs)| Some(id) == parent.as_ref() && theirs == certificate)
    };
    let passed_on = passed_on
        .iter()
        .filter(|(_, parent, certificate)| borrows(parent, certificate))
        .map(|(id, ..)| id.as_str());
    let all: BTreeSet<&str> = rows.iter().chain(&of_forgotten).map(String::as_str).chain(passed_on).collect();
    all.into_iter().map(|id| read(id, "referrals.id")).collect()
}

/// Whose consent a referral was passed on under; nobody when it continues none, or rests on its own sender's.
fn passed_on_for(conn: &mut Conn, referral: &str) -> Result<Option<String>, StorageError> {
    let (parent, certificate): (Option<String>, Option<String>) = referrals::table
        .filter(referrals::id.eq(referral))
        .select((referrals::parent, referrals::certificate))
        .first(conn)?;
    let (Some(parent), Some(certificate)) = (parent, certificate) else {
        let kept: Option<Option<String>> = referral_ends::table
            .filter(referral_ends::referral.eq(referral))
            .select(referral_ends::passed_on_for)
            .first(conn)
            .optional()?;
        return Ok(kept.flatten());
    };
    Ok(referrals::table
        .filter(referrals::id.eq(parent).and(referrals::certificate.eq(certificate)))
        .select(referrals::sender)
        .first(conn)
        .optional()?)
}

/// How often this need of this person was redirected.
pub(super) fn redirects(
    db: &mut Db<'_>,
    subject: SubjectToken,
    service: &ServiceCode,
) -> Result<i64, StorageError> {
    Ok(referrals::table
        .filter(referrals::subject.eq(subject.to_string()).and(referrals::service.eq(service.as_str())))
        .filter(referrals::state.eq(StateName::Redirected.name()))
        .count()
        .get_result(db.conn())?)
}

pub(super) fn has_open_children(db: &mut Db<'_>, parent: ReferralId) -> Result<bool, StorageError> {
    let found: Option<String> = referrals::table
        .filter(referrals::parent.eq(parent.to_string()))
        .filter(is_open())
        .select(referrals::id)
        .first(db.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Referrals under a certificate, all of them: an ended one keeps the duties of a withdrawal.
pub(super) fn under_certificate(
    db: &mut Db<'_>,
    certificate: CertificateId,
) -> Result<Vec<ReferralId>, StorageError> {
    let rows: Vec<String> = referrals::table
        .filter(referrals::certificate.eq(certificate.to_string()))
        .order(referrals::id)
        .select(referrals::id)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "referrals.id")).collect()
}

/// Whether an open referral rests on a certificate.
pub(super) fn has_open_under(db: &mut Db<'_>, certificate: CertificateId) -> Result<bool, StorageError> {
    let found: Option<String> = referrals::table
        .filter(referrals::certificate.eq(certificate.to_string()))
        .filter(is_open())
        .select(referrals::id)
        .first(db.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Referrals under one version of an agreement that nobody has acknowledged having.
pub(super) fn undelivered_under(
    db: &mut Db<'_>,
    (agreement, version): (AgreementId, u32),
) -> Result<Vec<Referral>, StorageError> {
    let version = i32::try_from(version).map_err(|_ignored| StorageError::Unreadable("agreement_version"))?;
    let rows: Vec<ReferralRow> = referrals::table
        .filter(referrals::agreement.eq(agreement.to_string()))
        .filter(referrals::agreement_version.eq(version))
        .filter(referrals::state.eq(StateName::Submitted.name()))
        .order(referrals::id)
        .select(ReferralRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(ReferralRow::into_referral).collect()
}

/// Open referrals under an agreement, whichever version.
pub(super) fn under_agreement(
    db: &mut Db<'_>,
    agreement: AgreementId,
) -> Result<Vec<ReferralId>, StorageError> {
    let rows: Vec<String> = referrals::table
        .filter(referrals::agreement.eq(agreement.to_string()))
        .filter(is_open())
        .order(referrals::id)
        .select(referrals::id)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "referrals.id")).collect()
}

// Needs

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = needs)]
struct NeedRow {
    id: String,
    organisation: String,
    kind: String,
    service: String,
    urgency: String,
    area: Option<String>,
    reason: String,
    recorded_at: i64,
    audit_id: String,
    population: Option<String>,
}

impl NeedRow {
    fn into_need(self) -> Result<NeedView, StorageError> {
        Ok(NeedView {
            id: read(&self.id, "needs.id")?,
            kind: NeedKind::from_name(&self.kind).ok_or(StorageError::Unreadable("needs.kind"))?,
            service: read(&self.service, "needs.service")?,
            urgency: read(&self.urgency, "needs.urgency")?,
            area: self.area.map(|area| read(&area, "needs.area")).transpose()?,
            population: self.population.map(|code| read(&code, "needs.population")).transpose()?,
            reason: self.reason,
            recorded_at: Timestamp::from_micros(self.recorded_at),
        })
    }
}

pub(super) fn insert_need(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    need: &NeedView,
) -> Result<(), StorageError> {
    let row = NeedRow {
        id: need.id.to_string(),
        organisation: organisation.to_string(),
        kind: need.kind.name().to_owned(),
        service: need.service.to_string(),
        urgency: need.urgency.to_string(),
        area: need.area.as_ref().map(ToString::to_string),
        reason: need.reason.clone(),
        recorded_at: need.recorded_at.micros(),
        audit_id: tx.entry().to_string(),
        population: need.population.as_ref().map(ToString::to_string),
    };
    diesel::insert_into(needs::table).values(row).execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn needs_of(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<NeedView>, StorageError> {
    let rows: Vec<NeedRow> = needs::table
        .filter(needs::organisation.eq(organisation.to_string()))
        .filter(needs::id.gt(after.unwrap_or_default()))
        .order(needs::id)
        .limit(limit)
        .select(NeedRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(NeedRow::into_need).collect()
}

/// What an organisation recorded that nobody could be referred to for a service, newest first.
pub(super) fn unreferred(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    service: &ServiceCode,
    limit: i64,
) -> Result<Vec<NeedView>, StorageError> {
    let rows: Vec<NeedRow> = needs::table
        .filter(needs::organisation.eq(organisation.to_string()).and(needs::service.eq(service.as_str())))
        .filter(needs::kind.eq(NeedKind::Unreferred.name()))
        .order(needs::id.desc())
        .limit(limit)
        .select(NeedRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(NeedRow::into_need).collect()
}

pub(super) fn has_need(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    need: NeedId,
) -> Result<bool, StorageError> {
    let found: Option<String> = needs::table
        .filter(needs::id.eq(need.to_string()).and(needs::organisation.eq(organisation.to_string())))
        .select(needs::id)
        .first(db.conn())
        .optional()?;
    Ok(found.is_some())
}

// Destruction after the end

#[derive(Queryable, Selectable)]
#[diesel(table_name = destructions)]
struct DestructionRow {
    referral: String,
    sender: String,
    recipient: String,
    asked_at: i64,
    rounds: i16,
    due_at: i64,
    acknowledged_at: Option<i64>,
    escalated_at: Option<i64>,
    answered_at: Option<i64>,
    answer: Option<String>,
    exception: Option<String>,
    kept_until: Option<i64>,
    version: i64,
}

impl DestructionRow {
    fn into_destruction(self) -> Result<Destruction, StorageError> {
        let columns = DutyColumns {
            asked_at: self.asked_at,
            rounds: self.rounds,
            due_at: self.due_at,
            acknowledged_at: self.acknowledged_at,
            escalated_at: self.escalated_at,
            answered_at: self.answered_at,
            answer: self.answer,
            exception: self.exception,
            kept_until: self.kept_until,
        };
        Ok(Destruction {
            referral: read(&self.referral, "destructions.referral")?,
            sender: read(&self.sender, "destructions.sender")?,
            recipient: read(&self.recipient, "destructions.recipient")?,
            duty: columns.into_duty().ok_or(StorageError::Unreadable("destructions.answer"))?,
            version: self.version,
        })
    }
}

pub(super) fn insert_destruction(tx: &mut Tx<'_>, row: &Destruction) -> Result<(), StorageError> {
    let audit = tx.entry().to_string();
    diesel::insert_into(destructions::table)
        .values((
            destructions::referral.eq(row.referral.to_string()),
            destructions::sender.eq(row.sender.to_string()),
            destructions::recipient.eq(row.recipient.to_string()),
            destructions::asked_at.eq(row.duty.asked.micros()),
            destructions::rounds.eq(row.duty.rounds),
            destructions::due_at.eq(row.duty.due.micros()),
            destructions::version.eq(row.version),
            destructions::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn destruction(db: &mut Db<'_>, id: ReferralId) -> Result<Option<Destruction>, StorageError> {
    let row: Option<DestructionRow> = destructions::table
        .filter(destructions::referral.eq(id.to_string()))
        .select(DestructionRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(DestructionRow::into_destruction).transpose()
}

/// Writes how a duty stands now, unless somebody else did since it was read.
pub(super) fn put_destruction(tx: &mut Tx<'_>, row: &Destruction) -> Result<(), StorageError> {
    let duty = DutyColumns::from(&row.duty);
    let changed = diesel::update(
        destructions::table
            .filter(destructions::referral.eq(row.referral.to_string()))
            .filter(destructions::version.eq(row.version)),
    )
    .set((
        destructions::asked_at.eq(duty.asked_at),
        destructions::rounds.eq(duty.rounds),
        destructions::due_at.eq(duty.due_at),
        destructions::acknowledged_at.eq(duty.acknowledged_at),
        destructions::escalated_at.eq(duty.escalated_at),
        destructions::answered_at.eq(duty.answered_at),
        destructions::answer.eq(duty.answer),
        destructions::exception.eq(duty.exception),
        destructions::kept_until.eq(duty.kept_until),
        destructions::version.eq(row.version.saturating_add(1)),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

pub(super) fn drop_destruction(tx: &mut Tx<'_>, id: ReferralId) -> Result<(), StorageError> {
    diesel::delete(destructions::table.filter(destructions::referral.eq(id.to_string())))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Duties after a referral's id, of one side or all; only those not destroyed yet when asked.
pub(super) fn destructions(
    db: &mut Db<'_>,
    side: Option<OrganisationId>,
    open_only: bool,
    (after, limit): (Option<&str>, i64),
) -> Result<Vec<Destruction>, StorageError> {
    let mut query = destructions::table
        .filter(destructions::referral.gt(after.unwrap_or_default().to_owned()))
        .order(destructions::referral)
        .limit(limit)
        .select(DestructionRow::as_select())
        .into_boxed();
    if open_only {
        query = query.filter(destructions::answered_at.is_null().or(destructions::kept_until.is_not_null()));
    }
    if let Some(side) = side.map(|side| side.to_string()) {
        query = query.filter(destructions::sender.eq(side.clone()).or(destructions::recipient.eq(side)));
    }
    let rows: Vec<DestructionRow> = query.load(db.conn())?;
    rows.into_iter().map(DestructionRow::into_destruction).collect()
}

/// Duties that were not answered in time, of one side or all, what is late longest first, after a moment and a referral's id.
pub(super) fn late_destructions(
    db: &mut Db<'_>,
    side: Option<OrganisationId>,
    now: Timestamp,
    (after, limit): (Option<(i64, &str)>, i64),
) -> Result<Vec<Destruction>, StorageError> {
    let mut query = destructions::table
        .filter(destructions::answered_at.is_null().and(destructions::due_at.lt(now.micros())))
        .order((destructions::due_at, destructions::referral))
        .limit(limit)
        .select(DestructionRow::as_select())
        .into_boxed();
    if let Some((due, id)) = after {
        let further = destructions::due_at.eq(due).and(destructions::referral.gt(id.to_owned()));
        query = query.filter(destructions::due_at.gt(due).or(further));
    }
    if let Some(side) = side.map(|side| side.to_string()) {
        query = query.filter(destructions::sender.eq(side.clone()).or(destructions::recipient.eq(side)));
    }
    let rows: Vec<DestructionRow> = query.load(db.conn())?;
    rows.into_iter().map(DestructionRow::into_destruction).collect()
}

/// What of a recipient's duties is open in one way, what is due first on top, after a moment and an id.
pub(super) fn owed_destructions(
    db: &mut Db<'_>,
    recipient: OrganisationId,
    owed: Owed,
    (after, limit): (Option<(i64, &str)>, i64),
) -> Result<Vec<Destruction>, StorageError> {
    let mut query = destructions::table
        .filter(destructions::recipient.eq(recipient.to_string()))
        .limit(limit)
        .select(DestructionRow::as_select())
        .into_boxed();
    query = match owed {
        Owed::Answer => query
            .filter(destructions::answered_at.is_null())
            .order((destructions::due_at, destructions::referral)),
        Owed::Kept => query
            .filter(destructions::kept_until.is_not_null())
            .order((destructions::kept_until, destructions::referral)),
    };
    if let Some((at, id)) = after {
        let behind = destructions::referral.gt(id.to_owned());
        query = match owed {
            Owed::Answer => {
                let further = destructions::due_at.eq(at).and(behind);
                query.filter(destructions::due_at.gt(at).or(further))
            }
            Owed::Kept => {
                let further = destructions::kept_until.assume_not_null().eq(at).and(behind);
                query.filter(destructions::kept_until.assume_not_null().gt(at).or(further))
            }
        };
    }
    let rows: Vec<DestructionRow> = query.load(db.conn())?;
    rows.into_iter().map(DestructionRow::into_destruction).collect()
}

/// A referral that an organisation received, as far as it says what a duty is about.
pub(super) struct Received {
    pub(super) id: ReferralId,
    pub(super) sender: OrganisationId,
    pub(super) certificate: Option<CertificateId>,
    pub(super) purpose: PurposeCode,
}

/// What an organisation received, by ids and under certificates, the oldest first.
pub(super) fn received(
    db: &mut Db<'_>,
    recipient: OrganisationId,
    (ids, certificates): (&[ReferralId], &BTreeSet<CertificateId>),
) -> Result<Vec<Received>, StorageError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let certificates: Vec<String> = certificates.iter().map(ToString::to_string).collect();
    let is_named = referrals::certificate.is_not_null();
    let is_under = is_named.and(referrals::certificate.assume_not_null().eq_any(certificates));
    let rows: Vec<(String, String, Option<String>, String)> = referrals::table
        .filter(referrals::recipient.eq(recipient.to_string()))
        .filter(referrals::id.eq_any(ids).or(is_under))
        .order(referrals::id)
        .limit(MOST_RECEIVED)
        .select((referrals::id, referrals::sender, referrals::certificate, referrals::purpose))
        .load(db.conn())?;
    let received = |(id, sender, certificate, purpose): (String, String, Option<String>, String)| {
        Ok(Received {
            id: read(&id, "referrals.id")?,
            sender: read(&sender, "referrals.sender")?,
            certificate: certificate.map(|id| read(&id, "referrals.certificate")).transpose()?,
            purpose: read(&purpose, "referrals.purpose")?,
        })
    };
    rows.into_iter().map(received).collect()
}

/// The most referrals that a page of duties may be about.
const MOST_RECEIVED: i64 = 2_000;

/// Duties that became overdue and nobody was told of, and those whose exception has ended.
pub(super) fn due_destructions(
    db: &mut Db<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Destruction>, StorageError> {
    let overdue = destructions::answered_at
        .is_null()
        .and(destructions::escalated_at.is_null())
        .and(destructions::due_at.lt(now.micros()));
    let ended = destructions::kept_until
        .is_not_null()
        .and(destructions::kept_until.assume_not_null().le(now.micros()));
    let rows: Vec<DestructionRow> = destructions::table
        .filter(overdue.or(ended))
        .order(destructions::due_at)
        .limit(limit)
        .select(DestructionRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(DestructionRow::into_destruction).collect()
}

/// Lets go of a duty that is done. One that is not stays, whatever becomes of its referral.
fn forget_destroyed(conn: &mut Conn, referral: &str) -> Result<(), StorageError> {
    diesel::delete(
        destructions::table
            .filter(destructions::referral.eq(referral))
            .filter(destructions::answer.eq("destroyed")),
    )
    .execute(conn)?;
    Ok(())
}

// What is past

/// Where a look at ended referrals stopped: when the last one ended, and its id.
pub(super) type Ended = (i64, String);

/// Referrals that ended before a moment, those that ended first, after one of them.
pub(super) fn ended_before(
    db: &mut Db<'_>,
    before: Timestamp,
    after: &Ended,
    limit: i64,
) -> Result<Vec<(Ended, Flags)>, StorageError> {
    let (at, id) = after;
    let beyond =
        referral_ends::ended_at.gt(at).or(referral_ends::ended_at.eq(at).and(referral_ends::referral.gt(id)));
    let rows: Vec<(i64, String, String)> = referral_ends::table
        .inner_join(referrals::table.on(referrals::id.eq(referral_ends::referral)))
        .filter(referral_ends::ended_at.le(before.micros()))
        .filter(beyond)
        .order((referral_ends::ended_at, referral_ends::referral))
        .limit(limit)
        .select((referral_ends::ended_at, referral_ends::referral, referrals::flags))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(ended, id, flags)| {
            let flags = Flags::from_words(&flags).ok_or(StorageError::Unreadable("referrals.flags"))?;
            Ok(((ended, id), flags))
        })
        .collect()
}

/// When a referral ended.
pub(super) fn ended_at(db: &mut Db<'_>, id: ReferralId) -> Result<Option<Timestamp>, StorageError> {
    let ended: Option<i64> = referral_ends::table
        .filter(referral_ends::referral.eq(id.to_string()))
        .select(referral_ends::ended_at)
        .first(db.conn())
        .optional()?;
    Ok(ended.map(Timestamp::from_micros))
}

/// Deletes a referral with its events and clocks; what continues it does not name it any more, and keeps for whom it was passed on.
/// Answers how many events there were.
pub(super) fn forget(tx: &mut Tx<'_>, id: ReferralId) -> Result<usize, StorageError> {
    let (now, id) = (tx.now().micros(), id.to_string());
    let conn = tx.db().conn();
    // The triggers let events go only behind this mark.
    diesel::update(referral_ends::table.filter(referral_ends::referral.eq(&id)))
        .set(referral_ends::forgotten_at.eq(now))
        .execute(conn)?;
    let events =
        diesel::delete(referral_events::table.filter(referral_events::referral.eq(&id))).execute(conn)?;
    diesel::delete(referral_timers::table.filter(referral_timers::referral.eq(&id))).execute(conn)?;
    forget_parent(conn, &id)?;
    diesel::delete(referral_ends::table.filter(referral_ends::referral.eq(&id))).execute(conn)?;
    diesel::delete(referrals::table.filter(referrals::id.eq(&id))).execute(conn)?;
    forget_destroyed(conn, &id)?;
    Ok(events)
}

fn forget_parent(conn: &mut Conn, id: &str) -> Result<(), StorageError> {
    let children: Vec<String> =
        referrals::table.filter(referrals::parent.eq(id)).select(referrals::id).load(conn)?;
    for child in children {
        let first = passed_on_for(conn, &child)?;
        // Whatever continues it has ended as well.
        diesel::update(referral_ends::table.filter(referral_ends::referral.eq(&child)))
            .set(referral_ends::passed_on_for.eq(first))
            .execute(conn)?;
        diesel::update(referrals::table.filter(referrals::id.eq(child)))
            .set(referrals::parent.eq(None::<String>))
            .execute(conn)?;
    }
    Ok(())
}

pub(super) fn mark_forgotten(tx: &mut Tx<'_>, mark: Digest) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::insert_into(forgotten_referrals::table)
        .values((
            forgotten_referrals::mark.eq(mark.to_string()),
            forgotten_referrals::at.eq(now),
            forgotten_referrals::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn is_forgotten(db: &mut Db<'_>, mark: Digest) -> Result<bool, StorageError> {
    let found: Option<String> = forgotten_referrals::table
        .filter(forgotten_referrals::mark.eq(mark.to_string()))
        .select(forgotten_referrals::mark)
        .first(db.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Keeps the record of a disclosure whose envelope goes.
pub(super) fn keep_disclosure(
    tx: &mut Tx<'_>,
    of: &Origin,
    disclosed: &Disclosed,
    until: Timestamp,
) -> Result<(), StorageError> {
    let first = passed_on_for(tx.db().conn(), &of.id.to_string())?;
    diesel::insert_into(past_disclosures::table)
        .values((
            past_disclosures::packet.eq(disclosed.packet.to_string()),
            past_disclosures::subject.eq(of.subject.to_string()),
            past_disclosures::sender.eq(of.sender.to_string()),
            past_disclosures::recipient.eq(of.recipient.to_string()),
            past_disclosures::facts.eq(text(disclosed)?),
            past_disclosures::until.eq(until.micros()),
            past_disclosures::passed_on_for.eq(first),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Records of disclosures about a person whose referral is forgotten, for one of its sides and for whom it was passed on.
pub(super) fn past_disclosures(
    db: &mut Db<'_>,
    subject: SubjectToken,
    side: OrganisationId,
) -> Result<Vec<Disclosed>, StorageError> {
    let side = side.to_string();
    let rows: Vec<String> = past_disclosures::table
        .filter(past_disclosures::subject.eq(subject.to_string()))
        .filter(
            past_disclosures::sender
                .eq(&side)
                .or(past_disclosures::recipient.eq(&side))
                .or(past_disclosures::passed_on_for.eq(&side)),
        )
        .order(past_disclosures::packet)
        .select(past_disclosures::facts)
        .load(db.conn())?;
    rows.iter().map(|facts| json(facts, "past_disclosures.facts")).collect()
}

/// Records of disclosures whose time is over.
pub(super) fn disclosures_over(
    db: &mut Db<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StorageError> {
    Ok(past_disclosures::table
        .filter(past_disclosures::until.le(now.micros()))
        .order(past_disclosures::until)
        .limit(limit)
        .select(past_disclosures::packet)
        .load(db.conn())?)
}

pub(super) fn forget_disclosure(tx: &mut Tx<'_>, packet: &str) -> Result<(), StorageError> {
    diesel::delete(past_disclosures::table.filter(past_disclosures::packet.eq(packet)))
        .execute(tx.db().conn())?;
    Ok(())
}

/// How many events a timeline shows at most: far beyond what a referral has.
const MOST_EVENTS: i64 = 1_000;
/// How many open referrals of one need are looked at.
const MOST_RELATED: i64 = 50;
