//! What each reader may see of a referral: the two sides, the coordinator, and the person.

use serde::Serialize;

use super::{
    correct::CorrectionView,
    moves::{By, NextStep, Number, Told},
    names::{LoopName, StateName},
    referral::Referral,
    state::{Flags, Loop, Standing, State},
    timers::{Timer, TimerKind},
};
use crate::{
    consent::DutyView,
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, PacketId, ReferralEventId, ReferralId, ServiceId, StaffId, SubjectToken},
    },
    policy::{Mode, PurposeCode, ReasonCode, ServiceCode, UrgencyCode},
};

/// A clock as readers see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DueView {
    /// What it waits for.
    pub what: TimerKind,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    /// Since when it is overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub overdue_since: Option<Timestamp>,
}

impl From<&Timer> for DueView {
    fn from(timer: &Timer) -> Self {
        Self { what: timer.kind, due: timer.due, overdue_since: timer.overdue_since }
    }
}

/// An event as readers see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EventView {
    /// Its place in the chain.
    pub seq: i64,
    /// Its id.
    #[schema(value_type = String)]
    pub id: ReferralEventId,
    /// The row of the table.
    pub number: Number,
    /// The move.
    #[serde(rename = "move")]
    pub asked: String,
    /// Who did it, by part.
    pub role: By,
    /// Who signed: an organisation or the node.
    pub issuer: String,
    /// The reason it carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<ReasonCode>,
    /// Where the referral stood after it.
    pub state: StateName,
    /// Where the loop stood after it.
    #[serde(rename = "loop")]
    pub circle: LoopName,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// When the hub had it.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// The signed event; the first one's signature is the packet's envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The node's receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// A packet that its recipient asked for and did not get, because what was allowed when it came is not any more.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HeldView {
    /// The packet.
    #[schema(value_type = String)]
    pub packet: PacketId,
    /// The codes that stood against it when it was last asked for.
    #[schema(value_type = Vec<Object>)]
    pub denials: serde_json::Value,
}

/// What only the two sides see.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PartyView {
    /// The person, as a token.
    #[schema(value_type = String)]
    pub subject: SubjectToken,
    /// The packet that began it.
    #[schema(value_type = String)]
    pub packet: PacketId,
    /// What the next event must cite.
    #[schema(value_type = String)]
    pub head: Digest,
    /// The appointment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub appointment: Option<Timestamp>,
    /// The day the state is about: expected place, end of an interruption, first contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub day: Option<chrono::NaiveDate>,
    /// The sealed message that explains the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub note: Option<PacketId>,
    /// Who else could help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub alternatives: Vec<ServiceId>,
    /// Services still needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub pending_needs: Vec<ServiceCode>,
    /// The reason the sender gave when asking to cancel a running service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cancel_asked: Option<ReasonCode>,
    /// Which side proposes a handover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_asked_by: Option<By>,
    /// What the sender said comes next, or how the person was told, as the loop stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub loop_facts: Option<serde_json::Value>,
    /// Whether more than that the service was given may be told back: the agreement has that flow and the person agreed.
    pub details_return: bool,
    /// For whoever handed them in: packets of this referral that are held back; only when one referral is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldView>,
}

/// A referral as its readers see it. For a coordinator without `party`: organisations, states and clocks, nothing that
/// tells one person's referrals from another's.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReferralView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ReferralId,
    /// Who sent it.
    #[schema(value_type = String)]
    pub sender: OrganisationId,
    /// To whom.
    #[schema(value_type = String)]
    pub recipient: OrganisationId,
    /// On what footing.
    #[schema(value_type = String)]
    pub mode: Mode,
    /// For what.
    #[schema(value_type = String)]
    pub purpose: PurposeCode,
    /// The service.
    #[schema(value_type = String)]
    pub service: ServiceCode,
    /// How fast.
    #[schema(value_type = String)]
    pub urgency: UrgencyCode,
    /// Where it stands.
    pub state: StateName,
    /// Why, where the state has a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<ReasonCode>,
    /// Who knows how it ended.
    #[serde(rename = "loop")]
    pub circle: LoopName,
    /// What lies over it.
    pub flags: Flags,
    /// The running clocks.
    pub due: Vec<DueView>,
    /// When the hub took it.
    #[schema(value_type = String, format = DateTime)]
    pub submitted_at: Timestamp,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// Counts its changes; the `ETag`.
    pub version: i64,
    /// Who of the recipient's people has it; only in the recipient's own list on the pages, and never on the wire.
    #[serde(skip)]
    pub assignee: Option<StaffId>,
    /// What only the two sides see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyView>,
    /// Its events, oldest first; only when one referral is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Vec<EventView>>,
    /// What the recipient owes after the end; only when one referral is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destruction: Option<DutyView>,
    /// What the person asked to have put right, the newest first, for each organisation that must answer; only when one referral is asked
    /// for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<CorrectionView>,
}

/// Whose eyes a view is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eyes {
    /// Sender or recipient.
    Party,
    /// A coordinator.
    Overseer,
}

impl ReferralView {
    pub(super) fn of(referral: &Referral, timers: &[Timer], eyes: Eyes) -> Self {
        let (origin, standing) = (&referral.origin, &referral.standing);
        Self {
            id: origin.id,
            sender: origin.sender,
            recipient: origin.recipient,
            mode: origin.mode,
            purpose: origin.purpose.clone(),
            service: origin.service.clone(),
            urgency: origin.urgency.clone(),
            state: standing.state.name(),
            reason: standing.state.reason().cloned(),
            circle: standing.circle.name(),
            flags: standing.flags,
            due: timers.iter().map(DueView::from).collect(),
            submitted_at: referral.submitted,
            changed_at: referral.changed,
            version: referral.version,
            assignee: None,
            party: (eyes == Eyes::Party).then(|| party_view(referral)),
            timeline: None,
            destruction: None,
            corrections: Vec::new(),
        }
    }

    /// With who of the recipient's people has it.
    pub(super) fn with_assignee(mut self, assignee: Option<StaffId>) -> Self {
        self.assignee = assignee;
        self
    }

    /// With what is held back of what its reader handed in.
    pub(super) fn with_held(mut self, held: Vec<HeldView>) -> Self {
        if let Some(party) = &mut self.party {
            party.held = held;
        }
        self
    }

    /// With its events. An overseer sees who moved when, and not the tokens.
    pub(super) fn with_timeline(mut self, mut timeline: Vec<EventView>) -> Self {
        if self.party.is_none() {
            for event in &mut timeline {
                event.token = None;
                event.receipt = None;
            }
        }
        self.timeline = Some(timeline);
        self
    }
}

fn party_view(referral: &Referral) -> PartyView {
    let standing = &referral.standing;
    let mut view = PartyView {
        subject: referral.origin.subject,
        packet: referral.origin.packet,
        head: referral.head,
        appointment: None,
        day: None,
        note: None,
        alternatives: Vec::new(),
        pending_needs: Vec::new(),
        cancel_asked: standing.pending.cancel.as_ref().map(|asked| asked.reason.clone()),
        transfer_asked_by: standing.pending.transfer.as_ref().map(|asked| asked.by),
        loop_facts: loop_facts(&standing.circle),
        details_return: referral.origin.details_return,
        held: Vec::new(),
    };
    match &standing.state {
        State::Scheduled(appointment) => view.appointment = Some(appointment.on),
        State::Waitlisted { estimate, .. } => view.day = Some(*estimate),
        State::OnHold { resume, .. } => view.day = Some(*resume),
        State::InService(service) => view.day = Some(service.since),
        State::Declined { note, .. } => view.note = *note,
        State::Redirected { to, note, .. } => {
            view.note = *note;
            view.alternatives.clone_from(to);
        }
        State::Completed { report, .. } => {
            view.note = report.note;
            view.pending_needs.clone_from(&report.pending);
        }
        State::Failed { pending, .. } => view.pending_needs.clone_from(pending),
        State::Draft
        | State::Submitted
        | State::Delivered
        | State::Acknowledged { .. }
        | State::InfoRequested { .. }
        | State::Accepted(_)
        | State::Cancelled { .. }
        | State::Withdrawn { .. }
        | State::Expired { .. }
        | State::Transferred { .. }
        | State::EnteredInError { .. } => {}
    }
    view
}

fn loop_facts(circle: &Loop) -> Option<serde_json::Value> {
    let value = |facts: Result<serde_json::Value, serde_json::Error>| facts.ok();
    match circle {
        Loop::Open | Loop::OutcomeKnown => None,
        Loop::SenderAcknowledged { next } => value(serde_json::to_value::<&NextStep>(next)),
        Loop::PersonInformed { told } => value(serde_json::to_value::<&Told>(told)),
        Loop::Closed { reason } => value(serde_json::to_value(reason)),
    }
}

/// What the person is told, in words that blame nobody and reveal nothing to somebody looking over a shoulder: no organisation, no
/// service, no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonState {
    /// Your request is on its way.
    OnItsWay,
    /// Somebody is looking at your request.
    BeingLookedAt,
    /// More information was asked for.
    MoreNeeded,
    /// You are on a waiting list.
    Waiting,
    /// Somebody will help you.
    Taken,
    /// There is an appointment.
    Appointment,
    /// You are receiving help.
    InProgress,
    /// It is interrupted for now.
    Paused,
    /// The help has ended.
    Finished,
    /// This place cannot help; ask about others.
    AskAboutOthers,
    /// It was stopped as you wished.
    StoppedAsYouWished,
    /// It was stopped; ask whoever sent it.
    Stopped,
    /// Somebody else looks after it now.
    WithSomebodyElse,
}

/// What the person sees of their own referral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PersonView {
    /// Where it stands.
    pub state: PersonState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Somebody should have answered by now; the person may ask to be referred elsewhere.
    pub late: bool,
    /// The use of the data is being stopped.
    pub withdrawal_running: bool,
}

/// The person's view of a referral.
pub fn person_view(referral: &Referral, timers: &[Timer]) -> PersonView {
    PersonView {
        state: person_state(&referral.standing),
        since: referral.changed,
        late: timers.iter().any(|timer| timer.overdue_since.is_some()),
        withdrawal_running: referral.standing.flags.withdrawal,
    }
}

const fn person_state(standing: &Standing) -> PersonState {
    match standing.state.name() {
        StateName::Draft | StateName::Submitted | StateName::Delivered => PersonState::OnItsWay,
        StateName::Acknowledged => PersonState::BeingLookedAt,
        StateName::InfoRequested => PersonState::MoreNeeded,
        StateName::Accepted => PersonState::Taken,
        StateName::Waitlisted => PersonState::Waiting,
        StateName::Scheduled => PersonState::Appointment,
        StateName::InService => PersonState::InProgress,
        StateName::OnHold => PersonState::Paused,
        StateName::Completed => PersonState::Finished,
        StateName::Declined | StateName::Redirected | StateName::Expired | StateName::Failed => {
            PersonState::AskAboutOthers
        }
        StateName::Withdrawn => PersonState::StoppedAsYouWished,
        StateName::Cancelled | StateName::EnteredInError => PersonState::Stopped,
        StateName::Transferred => PersonState::WithSomebodyElse,
    }
}
