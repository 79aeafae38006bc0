//! Where a referral stands, and the whole table of what can happen to it next.
//!
//! Two machines run side by side. The *lifecycle* is what happens to the request; the *loop* is who knows how it ended. A
//! service can be over long before the loop is closed. Flags lie over both. Everything is decided in [`Standing::step`], which
//! neither reads a clock nor a database: what it must know is in [`Ground`].
//!
//! A move that is not in the table is refused with a code, never ignored.

use chrono::{NaiveDate, TimeDelta};

use super::{
    ground::Ground,
    moves::{By, MAX_TARGETS, Move, NextStep, Number, Report, Told},
    names::{LoopName, StateName},
};
use crate::{
    kernel::{
        Timestamp,
        id::{PacketId, ReferralId, ServiceId, StaffId},
    },
    policy::{Deny, ReasonCode, ReasonRefused, ReasonSet, ServiceCode, Situation},
};

/// Where a referral stands in its life, with the facts of that state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Being written, at the sender only.
    Draft,
    /// The hub has it.
    Submitted,
    /// The recipient's gateway has it.
    Delivered,
    /// Somebody at the recipient has looked at it.
    Acknowledged {
        /// How often the recipient has asked for information.
        questions: u8,
    },
    /// The recipient asked for information.
    InfoRequested {
        /// How often, this time included.
        questions: u8,
        /// What for (IX).
        reason: ReasonCode,
        /// Until when the sender should answer.
        answer_due: Timestamp,
    },
    /// The recipient takes it on.
    Accepted(Assigned),
    /// The person waits for a place.
    Waitlisted {
        /// Why (DR01, DR02).
        reason: ReasonCode,
        /// When a place is expected.
        estimate: NaiveDate,
    },
    /// There is an appointment.
    Scheduled(Appointment),
    /// The service is running.
    InService(Service),
    /// Interrupted.
    OnHold {
        /// Why (HX).
        reason: ReasonCode,
        /// When it should go on.
        resume: NaiveDate,
        /// Where it was interrupted.
        from: Held,
    },
    /// Ended: the service was delivered.
    Completed {
        /// With which outcome (OC).
        outcome: ReasonCode,
        /// What the recipient may tell beyond it.
        report: Report,
    },
    /// Ended: the recipient refused.
    Declined {
        /// Why (DR).
        reason: ReasonCode,
        /// The packet with the explanation, for DR90.
        note: Option<PacketId>,
    },
    /// Ended: the recipient refused and named others.
    Redirected {
        /// Why (DR).
        reason: ReasonCode,
        /// Who could help.
        to: Vec<ServiceId>,
        /// The packet with the explanation, for DR90.
        note: Option<PacketId>,
    },
    /// Ended: called back.
    Cancelled {
        /// Why (CX).
        reason: ReasonCode,
    },
    /// Ended: the person withdrew.
    Withdrawn {
        /// Why, when volunteered (WR).
        reason: Option<ReasonCode>,
    },
    /// Ended: nobody answered.
    Expired {
        /// What did not happen (EX).
        reason: ReasonCode,
    },
    /// Ended: taken on and not delivered.
    Failed {
        /// Why (FX).
        reason: ReasonCode,
        /// Services still needed.
        pending: Vec<ServiceCode>,
    },
    /// Ended: another organisation has the case.
    Transferred {
        /// Its referral.
        to: ReferralId,
    },
    /// Ended: should never have been sent.
    EnteredInError {
        /// Why (ER).
        reason: ReasonCode,
    },
}

/// Somebody at the recipient has it in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Who, as an id that says nothing outside.
    pub assignee: StaffId,
}

/// An appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// With whom.
    pub assignee: StaffId,
    /// When.
    pub on: Timestamp,
    /// How many appointments were missed.
    pub no_shows: u8,
}

/// A running service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Who is in charge.
    pub assignee: StaffId,
    /// First contact.
    pub since: NaiveDate,
}

/// Where an interrupted referral was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Taken on.
    Accepted(Assigned),
    /// With an appointment.
    Scheduled(Appointment),
    /// With a running service.
    InService(Service),
}

impl Held {
    const fn assignee(&self) -> StaffId {
        match self {
            Self::Accepted(Assigned { assignee })
            | Self::Scheduled(Appointment { assignee, .. })
            | Self::InService(Service { assignee, .. }) => *assignee,
        }
    }
}

impl From<Held> for State {
    fn from(held: Held) -> Self {
        match held {
            Held::Accepted(assigned) => Self::Accepted(assigned),
            Held::Scheduled(appointment) => Self::Scheduled(appointment),
            Held::InService(service) => Self::InService(service),
        }
    }
}

impl State {
    /// The state's name.
    pub const fn name(&self) -> StateName {
        match self {
            Self::Draft => StateName::Draft,
            Self::Submitted => StateName::Submitted,
            Self::Delivered => StateName::Delivered,
            Self::Acknowledged { .. } => StateName::Acknowledged,
            Self::InfoRequested { .. } => StateName::InfoRequested,
            Self::Accepted(_) => StateName::Accepted,
            Self::Waitlisted { .. } => StateName::Waitlisted,
            Self::Scheduled(_) => StateName::Scheduled,
            Self::InService(_) => StateName::InService,
            Self::OnHold { .. } => StateName::OnHold,
            Self::Completed { .. } => StateName::Completed,
            Self::Declined { .. } => StateName::Declined,
            Self::Redirected { .. } => StateName::Redirected,
            Self::Cancelled { .. } => StateName::Cancelled,
            Self::Withdrawn { .. } => StateName::Withdrawn,
            Self::Expired { .. } => StateName::Expired,
            Self::Failed { .. } => StateName::Failed,
            Self::Transferred { .. } => StateName::Transferred,
            Self::EnteredInError { .. } => StateName::EnteredInError,
        }
    }

    /// Whether nothing more happens to the request.
    pub const fn is_terminal(&self) -> bool {
        self.name().is_terminal()
    }

    /// The reason the state has, where it has one.
    pub const fn reason(&self) -> Option<&ReasonCode> {
        match self {
            Self::InfoRequested { reason, .. }
            | Self::Waitlisted { reason, .. }
            | Self::OnHold { reason, .. }
            | Self::Completed { outcome: reason, .. }
            | Self::Declined { reason, .. }
            | Self::Redirected { reason, .. }
            | Self::Cancelled { reason }
            | Self::Expired { reason }
            | Self::Failed { reason, .. }
            | Self::EnteredInError { reason } => Some(reason),
            Self::Withdrawn { reason } => reason.as_ref(),
            Self::Draft
            | Self::Submitted
            | Self::Delivered
            | Self::Acknowledged { .. }
            | Self::Accepted(_)
            | Self::Scheduled(_)
            | Self::InService(_)
            | Self::Transferred { .. } => None,
        }
    }

    /// Whether the recipient has taken it on and it has not ended.
    pub const fn is_taken_on(&self) -> bool {
        matches!(self, Self::Accepted(_) | Self::Scheduled(_) | Self::InService(_) | Self::OnHold { .. })
    }

    /// Who of the recipient's people has it; nothing while nobody does, and when it has ended.
    pub const fn assignee(&self) -> Option<StaffId> {
        match self {
            Self::Accepted(Assigned { assignee })
            | Self::Scheduled(Appointment { assignee, .. })
            | Self::InService(Service { assignee, .. }) => Some(*assignee),
            Self::OnHold { from, .. } => Some(from.assignee()),
            Self::Draft
            | Self::Submitted
            | Self::Delivered
            | Self::Acknowledged { .. }
            | Self::InfoRequested { .. }
            | Self::Waitlisted { .. }
            | Self::Completed { .. }
            | Self::Declined { .. }
            | Self::Redirected { .. }
            | Self::Cancelled { .. }
            | Self::Withdrawn { .. }
            | Self::Expired { .. }
            | Self::Failed { .. }
            | Self::Transferred { .. }
            | Self::EnteredInError { .. } => None,
        }
    }

    /// Whether the recipient may still say no.
    pub const fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::Submitted
                | Self::Delivered
                | Self::Acknowledged { .. }
                | Self::InfoRequested { .. }
                | Self::Waitlisted { .. }
        )
    }

    /// Whether the service has begun, or had begun when it was interrupted: from then on the sender cannot end it alone.
    const fn has_begun(&self) -> bool {
        matches!(self, Self::InService(_) | Self::OnHold { from: Held::InService(_), .. })
    }

    /// Whether the recipient holds the data.
    pub(super) const fn was_delivered(&self) -> bool {
        !matches!(self, Self::Draft | Self::Submitted)
    }
}

/// Who knows how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loop {
    /// It has not ended.
    Open,
    /// The hub knows.
    OutcomeKnown,
    /// The sender knows, and has said what comes next.
    SenderAcknowledged {
        /// What comes next.
        next: NextStep,
    },
    /// The person was told, or it is recorded why not.
    PersonInformed {
        /// How.
        told: Told,
    },
    /// Everybody knows.
    Closed {
        /// Why it could be closed (CL).
        reason: ReasonCode,
    },
}

impl Loop {
    /// The state's name.
    pub const fn name(&self) -> LoopName {
        match self {
            Self::Open => LoopName::Open,
            Self::OutcomeKnown => LoopName::OutcomeKnown,
            Self::SenderAcknowledged { .. } => LoopName::SenderAcknowledged,
            Self::PersonInformed { .. } => LoopName::PersonInformed,
            Self::Closed { .. } => LoopName::Closed,
        }
    }
}

/// What lies over the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Flags {
    /// A withdrawal is running.
    pub withdrawal: bool,
    /// The agreement is suspended.
    pub suspended: bool,
    /// Somebody further up must look.
    pub escalated: bool,
    /// The person restricted the use of the data, or objects to it.
    pub restricted: bool,
    /// Everything must be kept for a legal claim.
    pub legal_hold: bool,
}

impl Flags {
    /// Whether something is still under way that needs the ledger, however long ago the referral ended.
    pub const fn keep_ledger(self) -> bool {
        self.legal_hold || self.restricted || self.withdrawal
    }

    /// The flags that are set, as words.
    pub fn words(self) -> Vec<&'static str> {
        let all = [
            (self.withdrawal, "withdrawal"),
            (self.suspended, "suspended"),
            (self.escalated, "escalated"),
            (self.restricted, "restricted"),
            (self.legal_hold, "legal_hold"),
        ];
        all.into_iter().filter_map(|(is_set, word)| is_set.then_some(word)).collect()
    }

    /// The flags these words name; nothing when one is unknown.
    pub fn from_words(words: &str) -> Option<Self> {
        let mut flags = Self::default();
        for word in words.split_whitespace() {
            match word {
                "withdrawal" => flags.withdrawal = true,
                "suspended" => flags.suspended = true,
                "escalated" => flags.escalated = true,
                "restricted" => flags.restricted = true,
                "legal_hold" => flags.legal_hold = true,
                _ => return None,
            }
        }
        Some(flags)
    }
}

/// What one side asked and the other has not answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The sender asks that a running service ends.
    pub cancel: Option<CancelAsked>,
    /// One side proposes to hand the case over.
    pub transfer: Option<TransferAsked>,
    /// Coordinator or data protection declared it an error.
    pub error: Option<ErrorAsked>,
}

impl Pending {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A request to cancel that waits for the recipient.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelAsked {
    /// Why (CX).
    pub reason: ReasonCode,
    /// Until when the recipient answers.
    pub answer_due: Timestamp,
}

/// A proposed handover.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferAsked {
    /// Which side proposed it.
    pub by: By,
    /// The new owner's referral.
    pub to: ReferralId,
    /// The sealed handover plan.
    pub plan: PacketId,
}

/// An error declared by one of the two who must agree.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorAsked {
    /// Which of the two.
    pub by: By,
    /// Why (ER).
    pub reason: ReasonCode,
}

/// Where a referral stands altogether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The request.
    pub state: State,
    /// Who knows.
    pub circle: Loop,
    /// What lies over it.
    pub flags: Flags,
    /// What waits for an answer.
    pub pending: Pending,
}

/// What follows from a step besides the new standing. The use case turns each into rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The hub deletes the ciphertext within an hour.
    Purge,
    /// The recipient destroys what it holds, within this many hours.
    Destroy {
        /// Hours from now.
        hours: u16,
    },
    /// Data protection must look at what went wrong.
    Incident,
    /// The sender checks that the person is safe.
    SafetyCheck,
    /// Referrals sent in parallel for the same emergency end.
    EndParallel,
    /// The withdrawal procedure runs.
    Withdrawal,
    /// The sender is offered what else the directory knows.
    OfferNext,
}

/// The outcome of a move that is in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the referral stands now.
    pub standing: Standing,
    /// Which row of the table it was.
    pub number: Number,
    /// What follows.
    pub effects: Vec<Effect>,
}

/// Why a move is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The state and the move are no pair.
    #[error("a referral that is {state} cannot {asked}")]
    NotFromHere {
        /// Where it stands.
        state: StateName,
        /// The move.
        asked: &'static str,
    },
    /// The loop and the move are no pair.
    #[error("with the loop at {stands} nobody can {asked}")]
    LoopNotThere {
        /// Where the loop stands.
        stands: LoopName,
        /// The move.
        asked: &'static str,
    },
    /// Asked as often as allowed.
    #[error("the sender was asked as often as allowed")]
    AskedEnough,
    /// The sender still has time to answer.
    #[error("the sender's answer is not overdue")]
    AnswerNotOverdue,
    /// Nobody is out of reach yet.
    #[error("that nobody was reached (CL07) can be said {days} days after the end")]
    TooSoon {
        /// How long somebody must have tried.
        days: i64,
    },
    /// Somebody else's move.
    #[error("{by} cannot {asked} here")]
    NotTheirs {
        /// Who asked.
        by: By,
        /// The move.
        asked: &'static str,
    },
    /// The reason is not one this move takes, or what must come with it did not.
    #[error(transparent)]
    Reason(#[from] ReasonRefused),
    /// The code is in the right set but does not fit here.
    #[error("{0}")]
    WrongCode(&'static str),
    /// The referral has ended.
    #[error("the referral has ended")]
    Ended,
    /// A withdrawal is running, or the person restricted the use of the data.
    #[error("a withdrawal or a restriction is under way")]
    Restricted,
    /// Something that must come first did not.
    #[error("{0}")]
    Missing(&'static str),
}

impl Refused {
    /// The numbered code.
    pub const fn deny(&self) -> Deny {
        match self {
            Self::NotFromHere { .. }
            | Self::LoopNotThere { .. }
            | Self::AskedEnough
            | Self::AnswerNotOverdue
            | Self::TooSoon { .. } => Deny::D701,
            Self::NotTheirs { .. } => Deny::D702,
            Self::Reason(_) | Self::WrongCode(_) => Deny::D703,
            Self::Ended => Deny::D705,
            Self::Restricted => Deny::D707,
            Self::Missing(_) => Deny::D708,
        }
    }
}

impl Standing {
    /// A referral being written.
    pub const fn draft() -> Self {
        Self {
            state: State::Draft,
            circle: Loop::Open,
            flags: Flags {
                withdrawal: false,
                suspended: false,
                escalated: false,
                restricted: false,
                legal_hold: false,
            },
            pending: Pending { cancel: None, transfer: None, error: None },
        }
    }

    /// The whole table: what becomes of this referral when somebody asks for a move.
    pub fn step(self, asked: &Move, by: By, ground: &Ground<'_>) -> Result<Step, Refused> {
        let step = self.row(asked, by, ground)?;
        // Nothing stands between a person and a withdrawal.
        if ground.named_is_there || matches!(asked, Move::Withdraw { .. }) {
            return Ok(step);
        }
        Err(Refused::Missing(asked.nothing_there()))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "everything that is left is the way through")]
    fn row(self, asked: &Move, by: By, ground: &Ground<'_>) -> Result<Step, Refused> {
        if !asked.actors().contains(&by) {
            return Err(Refused::NotTheirs { by, asked: asked.name() });
        }
        let draft = matches!(self.state, State::Draft);
        match asked {
            Move::Withdraw { reason } if !draft => self.withdraw(reason.as_ref(), ground),
            Move::DeclareError { reason } if !draft => self.declare_error(reason, by, ground),
            Move::Restrict {} | Move::LiftRestriction {} | Move::HoldLegal {} | Move::ReleaseLegal {}
                if !draft =>
            {
                self.flag(asked, ground)
            }
            Move::SettleWithdrawal {} => self.settle(ground),
            Move::AcknowledgeOutcome { .. } | Move::InformPerson { .. } | Move::Close { .. } => {
                self.close_loop(asked, ground)
            }
            _ if self.state.is_terminal() => Err(Refused::Ended),
            _ if self.flags.restricted && asked.needs_use_of_data() => Err(Refused::Restricted),
            Move::Suspend {} | Move::Unsuspend {} | Move::Escalate {} if !draft => self.flag(asked, ground),
            Move::Cancel { reason } => self.cancel(reason, by, ground),
            Move::AskCancel { .. } | Move::AgreeCancel {} | Move::RefuseCancel { .. } => {
                self.negotiate_cancel(asked, ground)
            }
            Move::Transfer { to, plan } => self.transfer(*to, *plan, by, ground),
            _ => self.advance(asked, ground),
        }
    }

    /// T01 to T23, T27, T28 and T35: the way through, and the ends that lie on it.
    #[expect(clippy::too_many_lines, reason = "one row of the table after the other")]
    fn advance(self, asked: &Move, ground: &Ground<'_>) -> Result<Step, Refused> {
        use Number as N;
        use ReasonSet as R;
        let mut effects = Vec::new();
        let (number, to) = match (self.state.clone(), asked) {
            (State::Draft, Move::Submit {}) => (N::T01, State::Submitted),
            (State::Submitted, Move::Deliver {}) => (N::T02, State::Delivered),
            // From submitted: somebody has read it, so it was delivered, and the receipt got lost.
            (State::Submitted | State::Delivered, Move::Acknowledge { .. }) => {
                (N::T03, State::Acknowledged { questions: 0 })
            }
            (State::Acknowledged { questions }, Move::Ask { reason, .. }) => {
                ground.reason(R::Ix, reason, &[])?;
                if questions >= ground.policy.timers().information_requests_max {
                    return Err(Refused::AskedEnough);
                }
                let answer_due = ground.at.plus(ground.answer_within);
                let questions = questions.saturating_add(1);
                (N::T04, State::InfoRequested { questions, reason: reason.clone(), answer_due })
            }
            (State::InfoRequested { questions, .. }, Move::Answer { .. }) => {
                (N::T05, State::Acknowledged { questions })
            }
            (State::InfoRequested { answer_due, .. }, Move::Decline { reason, note }) => {
                ground.decline(reason, note.is_some())?;
                if reason.as_str() != ANSWER_OVERDUE {
                    return Err(Refused::WrongCode("while a question is open only DR20 declines"));
                }
                if ground.at < answer_due {
                    return Err(Refused::AnswerNotOverdue);
                }
                (N::T06, State::Declined { reason: reason.clone(), note: *note })
            }
            (State::Acknowledged { .. }, Move::Accept { assignee }) => {
                effects.push(Effect::EndParallel);
                (N::T07, State::Accepted(Assigned { assignee: *assignee }))
            }
            (State::Acknowledged { .. }, Move::Waitlist { reason, estimate }) => {
                ground.reason(R::Dr, reason, &[])?;
                if !WAITLIST_CAUSES.contains(&reason.as_str()) {
                    return Err(Refused::WrongCode("a place on a waiting list is explained by DR01 or DR02"));
                }
                if !ground.keeps_waitlist {
                    return Err(Refused::Missing("the directory lists no waiting list for this service"));
                }
                (N::T08, State::Waitlisted { reason: reason.clone(), estimate: *estimate })
            }
            (State::Acknowledged { questions }, Move::Decline { reason, note }) => {
                ground.decline(reason, note.is_some())?;
                if questions == 0 && reason.as_str() == ANSWER_OVERDUE {
                    return Err(Refused::Missing("DR20 declines after a question, and none was asked"));
                }
                (N::T09, State::Declined { reason: reason.clone(), note: *note })
            }
            (State::Acknowledged { .. }, Move::Redirect { reason, to, note }) => {
                ground.decline(reason, note.is_some())?;
                if to.is_empty() || to.len() > MAX_TARGETS {
                    return Err(Refused::WrongCode("a redirect names one to five services of the directory"));
                }
                (N::T10, State::Redirected { reason: reason.clone(), to: to.clone(), note: *note })
            }
            (State::Waitlisted { .. }, Move::Accept { assignee }) => {
                effects.push(Effect::EndParallel);
                (N::T11, State::Accepted(Assigned { assignee: *assignee }))
            }
            (State::Waitlisted { .. }, Move::Decline { reason, note }) => {
                ground.decline(reason, note.is_some())?;
                (N::T12, State::Declined { reason: reason.clone(), note: *note })
            }
            (State::Waitlisted { reason, .. }, Move::Reconfirm { estimate }) => {
                (N::T13, State::Waitlisted { reason, estimate: *estimate })
            }
            (State::Accepted(Assigned { assignee }), Move::Schedule { on }) => {
                (N::T14, State::Scheduled(Appointment { assignee, on: *on, no_shows: 0 }))
            }
            (State::Scheduled(was), Move::Reschedule { on, reason }) => {
                ground.one_of(&[R::Nx, R::Hx], reason)?;
                (N::T15, State::Scheduled(Appointment { on: *on, ..was }))
            }
            (
                State::Accepted(Assigned { assignee }) | State::Scheduled(Appointment { assignee, .. }),
                Move::Start { since },
            ) => (N::T16, State::InService(Service { assignee, since: *since })),
            (State::Scheduled(was), Move::NoShow { reason }) => {
                ground.reason(R::Nx, reason, &[])?;
                if ground.vulnerable {
                    effects.push(Effect::SafetyCheck);
                }
                let no_shows = was.no_shows.saturating_add(1);
                if no_shows < ground.policy.timers().no_show_limit {
                    (N::T17, State::Scheduled(Appointment { no_shows, ..was }))
                } else {
                    (N::T18, State::Failed { reason: code(REPEATED_NO_SHOW)?, pending: Vec::new() })
                }
            }
            (State::Scheduled(_), Move::Fail { reason, unsafe_to_continue: true, pending }) => {
                ground.fail(reason, pending)?;
                if reason.as_str() != REPEATED_NO_SHOW {
                    return Err(Refused::WrongCode("giving up because trying is unsafe is FX02"));
                }
                (N::T18, State::Failed { reason: reason.clone(), pending: pending.clone() })
            }
            (State::Accepted(was), Move::Hold { reason, resume }) => {
                (N::T19, ground.hold(reason, *resume, Held::Accepted(was))?)
            }
            (State::Scheduled(was), Move::Hold { reason, resume }) => {
                (N::T19, ground.hold(reason, *resume, Held::Scheduled(was))?)
            }
            (State::InService(was), Move::Hold { reason, resume }) => {
                (N::T19, ground.hold(reason, *resume, Held::InService(was))?)
            }
            (State::OnHold { from, .. }, Move::Resume { on }) => (N::T20, resume(from, *on)?),
            (State::InService(_), Move::Complete { outcome, report }) => {
                ground.complete(outcome, report)?;
                (N::T21, State::Completed { outcome: outcome.clone(), report: report.clone() })
            }
            (State::Scheduled(_), Move::Fail { reason, .. }) if reason.as_str() == REPEATED_NO_SHOW => {
                return Err(Refused::WrongCode(
                    "FX02 follows from the third missed appointment, or when trying on is unsafe",
                ));
            }
            (
                State::Accepted(_) | State::Scheduled(_) | State::InService(_) | State::OnHold { .. },
                Move::Fail { reason, pending, unsafe_to_continue: false },
            ) => {
                ground.fail(reason, pending)?;
                (N::T22, State::Failed { reason: reason.clone(), pending: pending.clone() })
            }
            (State::InService(was), Move::Progress { pending, note }) => {
                ground.details(pending, note.is_some())?;
                (N::T23, State::InService(was))
            }
            (State::Submitted, Move::Expire { reason }) => {
                (N::T27, ground.expire(reason, &["EX01"], &mut effects)?)
            }
            (State::Delivered, Move::Expire { reason }) => {
                (N::T27, ground.expire(reason, &["EX02"], &mut effects)?)
            }
            (State::Acknowledged { .. } | State::InfoRequested { .. }, Move::Expire { reason }) => {
                (N::T28, ground.expire(reason, &["EX03"], &mut effects)?)
            }
            (State::Waitlisted { .. }, Move::Expire { reason }) => {
                (N::T28, ground.expire(reason, &["EX04"], &mut effects)?)
            }
            (State::InService(was), Move::AddChild { .. }) => (N::T35, State::InService(was)),
            (state, _) => {
                return Err(Refused::NotFromHere { state: state.name(), asked: asked.name() });
            }
        };
        if number == Number::T21 && ground.has_open_children {
            return Err(Refused::Missing("a referral made from this one has not ended"));
        }
        if matches!(to, State::Declined { .. } | State::Redirected { .. } | State::Expired { .. }) {
            effects.extend(self.destroy(ground, Situation::EndedBeforeAcceptance));
        }
        Ok(self.into_state(to, number, effects))
    }

    /// T24 and T26, and the hub's own cancelling of parallel referrals.
    fn cancel(self, reason: &ReasonCode, by: By, ground: &Ground<'_>) -> Result<Step, Refused> {
        ground.reason(ReasonSet::Cx, reason, &[])?;
        if matches!(self.state, State::Draft) {
            return Err(Refused::NotFromHere { state: StateName::Draft, asked: "cancel" });
        }
        // The hub ends what lost against a parallel referral, and nothing else; what was taken on is not lost.
        if by == By::Hub {
            if reason.as_str() != ACCEPTED_ELSEWHERE {
                return Err(Refused::NotTheirs { by, asked: "cancel" });
            }
            if !self.state.is_undecided() {
                return Err(Refused::NotFromHere { state: self.state.name(), asked: "cancel" });
            }
        }
        let begun = self.state.has_begun();
        let number = match (begun, ALWAYS_CANCELS.contains(&reason.as_str())) {
            (_, true) => Number::T26,
            (false, false) => Number::T24,
            (true, false) => {
                return Err(Refused::Missing(
                    "a running service ends by a request that the recipient agrees to",
                ));
            }
        };
        let mut effects = self.give_back(ground);
        if reason.as_str() == WRONG_RECIPIENT && self.state.was_delivered() {
            effects.push(Effect::Incident);
        }
        Ok(self.into_state(State::Cancelled { reason: reason.clone() }, number, effects))
    }

    /// T25: one asks, the other answers.
    fn negotiate_cancel(mut self, asked: &Move, ground: &Ground<'_>) -> Result<Step, Refused> {
        if !self.state.has_begun() {
            return Err(Refused::NotFromHere { state: self.state.name(), asked: asked.name() });
        }
        match (asked, self.pending.cancel.take()) {
            (Move::AskCancel { reason }, None) => {
                ground.reason(ReasonSet::Cx, reason, &[])?;
                let within =
                    ground.policy.timers().cancel_answer_within.clock().unwrap_or(TimeDelta::hours(48));
                let answer_due = ground.at.plus(within);
                self.pending.cancel = Some(CancelAsked { reason: reason.clone(), answer_due });
                Ok(self.stay(Number::T25))
            }
            (Move::AskCancel { .. }, Some(_)) => {
                Err(Refused::NotFromHere { state: self.state.name(), asked: asked.name() })
            }
            (Move::AgreeCancel {}, Some(CancelAsked { reason, .. })) => {
                let effects = self.give_back(ground);
                Ok(self.into_state(State::Cancelled { reason }, Number::T25, effects))
            }
            (Move::RefuseCancel { reason }, Some(_)) => {
                ground.reason(ReasonSet::Dr, reason, &[])?;
                Ok(self.stay(Number::T25))
            }
            _ => Err(Refused::Missing("the sender has not asked to cancel")),
        }
    }

    /// T29: proposed by one side, agreed to by the other, and only to a new owner who has accepted.
    fn transfer(
        mut self,
        to: ReferralId,
        plan: PacketId,
        by: By,
        ground: &Ground<'_>,
    ) -> Result<Step, Refused> {
        if !matches!(self.state, State::Accepted(_) | State::InService(_)) {
            return Err(Refused::NotFromHere { state: self.state.name(), asked: "transfer" });
        }
        if !ground.transfer_accepted {
            return Err(Refused::Missing(
                "the new owner has not accepted a referral for handing over the case",
            ));
        }
        match self.pending.transfer.take() {
            Some(asked) if asked.by != by && asked.to == to => {
                self.circle = Loop::Closed { reason: code(TRANSFERRED)? };
                Ok(self.into_state(State::Transferred { to }, Number::T29, Vec::new()))
            }
            _ => {
                self.pending.transfer = Some(TransferAsked { by, to, plan });
                Ok(self.stay(Number::T29))
            }
        }
    }

    /// T30 and T31: nothing stands in the way of a withdrawal.
    fn withdraw(mut self, reason: Option<&ReasonCode>, ground: &Ground<'_>) -> Result<Step, Refused> {
        if let Some(reason) = reason {
            ground.reason(ReasonSet::Wr, reason, &[])?;
        }
        self.flags.withdrawal = true;
        if self.state.is_terminal() {
            return Ok(Step { standing: self, number: Number::T31, effects: vec![Effect::Withdrawal] });
        }
        let mut effects = vec![Effect::Withdrawal, Effect::Purge];
        let situation = if self.state.is_taken_on() {
            Situation::WithdrawnAfterAcceptance
        } else {
            Situation::WithdrawnBeforeAcceptance
        };
        effects.extend(self.destroy(ground, situation));
        Ok(self.into_state(State::Withdrawn { reason: reason.cloned() }, Number::T30, effects))
    }

    /// T32: by the sender alone while nobody has read it; afterwards by coordinator and data protection together.
    fn declare_error(mut self, reason: &ReasonCode, by: By, ground: &Ground<'_>) -> Result<Step, Refused> {
        if matches!(self.state, State::EnteredInError { .. }) {
            return Err(Refused::Ended);
        }
        ground.reason(ReasonSet::Er, reason, &[])?;
        let unread = matches!(self.state, State::Submitted | State::Delivered);
        if by == By::Sender {
            if !unread {
                return Err(Refused::NotTheirs { by, asked: "declare_error" });
            }
        } else {
            match self.pending.error.take() {
                Some(asked) if asked.by != by => {
                    if asked.reason != *reason {
                        return Err(Refused::WrongCode(
                            "the two who declare an error must give the same reason",
                        ));
                    }
                }
                _ => {
                    self.pending.error = Some(ErrorAsked { by, reason: reason.clone() });
                    return Ok(self.stay(Number::T32));
                }
            }
        }
        let mut effects = self.give_back(ground);
        if self.state.was_delivered() {
            effects.push(Effect::Incident);
        }
        Ok(self.into_state(State::EnteredInError { reason: reason.clone() }, Number::T32, effects))
    }

    /// T33, T34 and the flags the table only describes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only the moves named above set flags")]
    fn flag(mut self, asked: &Move, ground: &Ground<'_>) -> Result<Step, Refused> {
        let flags = &mut self.flags;
        let (flag, to, number) = match asked {
            Move::Suspend {} => (&mut flags.suspended, true, Number::T33),
            Move::Unsuspend {} => (&mut flags.suspended, false, Number::T33),
            Move::Escalate {} => {
                flags.escalated = true;
                return Ok(self.stay(Number::T34));
            }
            Move::Restrict {} => (&mut flags.restricted, true, Number::O1),
            Move::LiftRestriction {} => (&mut flags.restricted, false, Number::O2),
            Move::HoldLegal {} => (&mut flags.legal_hold, true, Number::O3),
            Move::ReleaseLegal {} => (&mut flags.legal_hold, false, Number::O4),
            _ => return Err(Refused::NotFromHere { state: self.state.name(), asked: asked.name() }),
        };
        if *flag == to {
            return Err(Refused::NotFromHere { state: self.state.name(), asked: asked.name() });
        }
        *flag = to;
        let effects = if number == Number::O4 { self.after_a_hold(ground) } else { Vec::new() };
        Ok(Step { standing: self, number, effects })
    }

    /// What was put off while a legal hold lay on what has ended.
    fn after_a_hold(&self, ground: &Ground<'_>) -> Vec<Effect> {
        let ended_without_help = matches!(
            self.state,
            State::Declined { .. }
                | State::Redirected { .. }
                | State::Cancelled { .. }
                | State::Withdrawn { .. }
                | State::Expired { .. }
                | State::EnteredInError { .. }
        );
        if !ended_without_help {
            return Vec::new();
        }
        let hours = ground.hours_within(Situation::EndedBeforeAcceptance);
        let destroy = ground.left_to_destroy.then_some(Effect::Destroy { hours });
        std::iter::once(Effect::Purge).chain(destroy).collect()
    }

    /// The withdrawal is over when every holder has answered.
    fn settle(mut self, ground: &Ground<'_>) -> Result<Step, Refused> {
        if !self.flags.withdrawal {
            return Err(Refused::NotFromHere { state: self.state.name(), asked: "settle_withdrawal" });
        }
        if !ground.withdrawal_settled {
            return Err(Refused::Missing("not every holder has answered the withdrawal"));
        }
        self.flags.withdrawal = false;
        Ok(self.stay(Number::O5))
    }

    /// L2 to L4.
    fn close_loop(mut self, asked: &Move, ground: &Ground<'_>) -> Result<Step, Refused> {
        let (number, to) = match (&self.circle, asked) {
            (Loop::OutcomeKnown, Move::AcknowledgeOutcome { next }) => {
                ground.next_step(next)?;
                (Number::L2, Loop::SenderAcknowledged { next: next.clone() })
            }
            (Loop::SenderAcknowledged { .. }, Move::InformPerson { told }) => {
                ground.told_in_the_end(told)?;
                (Number::L3, Loop::PersonInformed { told: told.clone() })
            }
            (Loop::PersonInformed { told }, Move::Close { reason, case, need }) => {
                if self.flags.withdrawal {
                    return Err(Refused::Restricted);
                }
                ground.close(reason, *case, *need, told)?;
                (Number::L4, Loop::Closed { reason: reason.clone() })
            }
            (stands, _) => {
                return Err(Refused::LoopNotThere { stands: stands.name(), asked: asked.name() });
            }
        };
        self.circle = to;
        Ok(self.stay(number))
    }

    /// The new state; with an end comes L1, and what was pending has no meaning any more.
    fn into_state(self, to: State, number: Number, effects: Vec<Effect>) -> Step {
        let Self { state, mut circle, mut flags, mut pending } = self;
        let ends = to.is_terminal();
        if ends && circle == Loop::Open {
            circle = Loop::OutcomeKnown;
        }
        if ends {
            pending = Pending::default();
        }
        if state.name() != to.name() {
            // What somebody had to look at has moved on.
            flags.escalated = false;
            pending.transfer = None;
            if !to.has_begun() {
                pending.cancel = None;
            }
        }
        Step { standing: Self { state: to, circle, flags, pending }, number, effects }
    }

    fn stay(self, number: Number) -> Step {
        Step { standing: self, number, effects: Vec::new() }
    }

    /// What a referral that is called back leaves to do.
    fn give_back(&self, ground: &Ground<'_>) -> Vec<Effect> {
        if self.state.was_delivered() && self.flags.legal_hold {
            return Vec::new();
        }
        let destroy = self.destroy(ground, Situation::EndedBeforeAcceptance);
        std::iter::once(Effect::Purge).chain(destroy).collect()
    }

    /// What the recipient must destroy, if it had anything and nothing holds it, within the time the policy gives.
    fn destroy(&self, ground: &Ground<'_>, situation: Situation) -> Option<Effect> {
        let hours = ground.hours_within(situation);
        (self.state.was_delivered() && !self.flags.legal_hold).then_some(Effect::Destroy { hours })
    }
}

fn resume(from: Held, on: Option<Timestamp>) -> Result<State, Refused> {
    match (from, on) {
        (Held::InService(_), Some(_)) => {
            Err(Refused::WrongCode("a running service goes on without an appointment"))
        }
        (Held::Accepted(Assigned { assignee }), Some(on)) => {
            Ok(State::Scheduled(Appointment { assignee, on, no_shows: 0 }))
        }
        (Held::Scheduled(was), Some(on)) => Ok(State::Scheduled(Appointment { on, ..was })),
        (from, None) => Ok(from.into()),
    }
}

fn code(text: &'static str) -> Result<ReasonCode, Refused> {
    text.parse().map_err(|_ignored| Refused::WrongCode("a reason code of the table is missing"))
}

const ANSWER_OVERDUE: &str = "DR20";
const WAITLIST_CAUSES: [&str; 2] = ["DR01", "DR02"];
const REPEATED_NO_SHOW: &str = "FX02";
const ACCEPTED_ELSEWHERE: &str = "CX05";
const WRONG_RECIPIENT: &str = "CX02";
/// Wrong recipient, duplicate, deceased: these end a running service at once.
pub(super) const ALWAYS_CANCELS: [&str; 3] = [WRONG_RECIPIENT, "CX06", "CX08"];
const TRANSFERRED: &str = "CL05";

#[cfg(test)]
pub(crate) mod tests;
