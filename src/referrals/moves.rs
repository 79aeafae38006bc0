//! What may be asked of a referral, by whom, and under which number of the table.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    kernel::{
        Timestamp,
        id::{NeedId, PacketId, ReferralId, ServiceId, StaffId},
    },
    policy::{ReasonCode, ReasonSet, ServiceCode},
};

/// How many alternatives a redirect may name.
pub(super) const MAX_TARGETS: usize = 5;

/// How many pending needs an event may name.
pub(super) const MAX_PENDING: usize = 10;

/// In which part somebody acts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The case worker who sent it.
    Sender,
    /// The recipient's intake.
    Intake,
    /// The recipient's case worker.
    CaseWorker,
    /// The hub: timers, and what follows from other events.
    Hub,
    /// The person or a representative, through any staff or by code.
    Person,
    /// The coordinator of the mechanism.
    Coordinator,
    /// Whoever answers for data protection.
    DataProtection,
}

impl By {
    /// Every part, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Sender,
        Self::Intake,
        Self::CaseWorker,
        Self::Hub,
        Self::Person,
        Self::Coordinator,
        Self::DataProtection,
    ];

    /// The word in events and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Intake => "intake",
            Self::CaseWorker => "case_worker",
            Self::Hub => "hub",
            Self::Person => "person",
            Self::Coordinator => "coordinator",
            Self::DataProtection => "data_protection",
        }
    }

    /// The part a word names.
    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == word)
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! numbers {
    ($($name:ident,)*) => {
        /// A row of the table of transitions: `T` moves the referral, `L` the loop, `O` sets or lifts a flag that the table only
        /// describes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[expect(missing_docs, reason = "the table is the documentation")]
        pub enum Number { $($name,)* }

        impl Number {
            /// Every row.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number as it is written.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The row a number names.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|number| number.code() == code)
            }
        }
    };
}

numbers! {
    T01, T02, T03, T04, T05, T06, T07, T08, T09, T10, T11, T12, T13, T14, T15, T16, T17, T18, T19, T20, T21, T22, T23, T24,
    T25, T26, T27, T28, T29, T30, T31, T32, T33, T34, T35,
    L1, L2, L3, L4,
    O1, O2, O3, O4, O5,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What the sender does next, having seen the outcome (L2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NextStep {
    /// Nothing: the need is met.
    NeedMet {},
    /// A new referral was made for the same need.
    ReReferred {
        /// Which.
        referral: ReferralId,
    },
    /// The need stays, and is recorded.
    PendingNeed {
        /// Of which services.
        pending: Vec<ServiceCode>,
    },
    /// Nothing more, for this reason (CL).
    NoFurtherAction {
        /// Why.
        reason: ReasonCode,
    },
}

/// How the person was told (L3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Told {
    /// Face to face.
    InPerson {},
    /// By telephone.
    Phone {},
    /// By a message that the person agreed is safe.
    SafeMessage {},
    /// Through a representative.
    Representative {},
    /// Could not be told: CL07 or CL08.
    NotPossible {
        /// Why.
        reason: ReasonCode,
        /// How often somebody tried; with CL07.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempts: Option<u8>,
    },
}

/// Closing a referral that also closes the case takes two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseClosure {
    /// The case manager.
    pub manager: StaffId,
    /// The supervisor: somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<StaffId>,
}

/// What the recipient may report at the end of a service. Everything but the outcome needs the person's agreement that
/// details go back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// First day of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Last day of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Services still needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<ServiceCode>,
    /// How the person was told, when they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Whether the person agreed to be contacted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_contact: Option<bool>,
    /// The sealed message that says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<PacketId>,
}

impl Report {
    /// Whether it says anything beyond the outcome.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is asked of a referral. Facts are codes, ids and dates; text travels sealed, and an event only names the packet
/// that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Move {
    /// Send it.
    Submit {},
    /// The recipient's gateway has it and found it sound.
    Deliver {},
    /// A person at the recipient has looked at it.
    Acknowledge {
        /// Who, as an id that says nothing outside.
        worker: StaffId,
    },
    /// Ask the sender for something (IX).
    Ask {
        /// What kind of thing.
        reason: ReasonCode,
        /// The sealed question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<PacketId>,
    },
    /// Answer what was asked.
    Answer {
        /// The packet with the answer.
        packet: PacketId,
    },
    /// Take it on.
    Accept {
        /// The case worker, as an id that says nothing outside.
        assignee: StaffId,
    },
    /// Put the person on the waiting list (DR01, DR02).
    Waitlist {
        /// Why they wait.
        reason: ReasonCode,
        /// When a place is expected.
        estimate: NaiveDate,
    },
    /// Confirm that the person is still on the list.
    Reconfirm {
        /// When a place is expected now.
        estimate: NaiveDate,
    },
    /// Refuse it (DR).
    Decline {
        /// Why.
        reason: ReasonCode,
        /// The sealed explanation: with DR90, and only then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<PacketId>,
    },
    /// Refuse it and say who could help (DR). No data moves.
    Redirect {
        /// Why.
        reason: ReasonCode,
        /// Services in the directory.
        to: Vec<ServiceId>,
        /// The sealed explanation: with DR90, and only then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<PacketId>,
    },
    /// Make an appointment.
    Schedule {
        /// When.
        on: Timestamp,
    },
    /// Move the appointment (NX, HX).
    Reschedule {
        /// When now.
        on: Timestamp,
        /// Why.
        reason: ReasonCode,
    },
    /// The first contact took place.
    Start {
        /// On which day.
        since: NaiveDate,
    },
    /// The person did not come, or could not be received (NX).
    NoShow {
        /// Why.
        reason: ReasonCode,
    },
    /// Interrupt it (HX).
    Hold {
        /// Why.
        reason: ReasonCode,
        /// When to go on.
        resume: NaiveDate,
    },
    /// Go on from where it was interrupted.
    Resume {
        /// A new appointment, where none stands or the old one passed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Timestamp>,
    },
    /// The service was delivered (OC).
    Complete {
        /// With which outcome.
        outcome: ReasonCode,
        /// What may be told beyond it.
        #[serde(default, skip_serializing_if = "Report::is_empty")]
        report: Report,
    },
    /// The service was not delivered after all (FX).
    Fail {
        /// Why.
        reason: ReasonCode,
        /// Going on trying to reach the person would put them at risk.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unsafe_to_continue: bool,
        /// Services still needed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pending: Vec<ServiceCode>,
    },
    /// It goes on.
    Progress {
        /// Services found to be needed on the way.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pending: Vec<ServiceCode>,
        /// The sealed note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<PacketId>,
    },
    /// Call it back (CX).
    Cancel {
        /// Why.
        reason: ReasonCode,
    },
    /// Ask the recipient to agree that a running service ends (CX).
    AskCancel {
        /// Why.
        reason: ReasonCode,
    },
    /// Agree that it ends.
    AgreeCancel {},
    /// Do not agree (DR).
    RefuseCancel {
        /// Why not.
        reason: ReasonCode,
    },
    /// Nobody answered in time (EX).
    Expire {
        /// What did not happen.
        reason: ReasonCode,
    },
    /// Hand the case over; asked by one side, agreed to by the other.
    Transfer {
        /// The new owner's referral, accepted, for handing over the case.
        to: ReferralId,
        /// The sealed handover plan.
        plan: PacketId,
    },
    /// The person withdraws (WR, only when volunteered).
    Withdraw {
        /// Why, when the person said so unasked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<ReasonCode>,
    },
    /// It should never have been sent (ER).
    DeclareError {
        /// Why.
        reason: ReasonCode,
    },
    /// The agreement it travels under is suspended.
    Suspend {},
    /// The agreement is in force again.
    Unsuspend {},
    /// Somebody further up must look.
    Escalate {},
    /// The recipient refers the person on.
    AddChild {
        /// The new referral.
        child: ReferralId,
    },
    /// The sender has seen how it ended.
    AcknowledgeOutcome {
        /// What the sender does next.
        next: NextStep,
    },
    /// The person was told how it ended.
    InformPerson {
        /// How.
        told: Told,
    },
    /// Everybody knows (CL).
    Close {
        /// Why it can be closed.
        reason: ReasonCode,
        /// When it closes the case as well: who signs for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseClosure>,
        /// With CL10: the recorded need that stays unmet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        need: Option<NeedId>,
    },
    /// The person objects to the use of the data, or restricts it.
    Restrict {},
    /// The restriction ends.
    LiftRestriction {},
    /// Keep everything for a legal claim.
    HoldLegal {},
    /// The legal hold ends.
    ReleaseLegal {},
    /// All holders have answered the withdrawal.
    SettleWithdrawal {},
}

impl Move {
    /// The sealed message that says more, where there is one.
    pub const fn note(&self) -> Option<PacketId> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other moves have no note")]
        match self {
            Self::Ask { note, .. }
            | Self::Decline { note, .. }
            | Self::Redirect { note, .. }
            | Self::Progress { note, .. } => *note,
            Self::Complete { report, .. } => report.note,
            _ => None,
        }
    }

    /// The move's name in events.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Submit {} => "submit",
            Self::Deliver {} => "deliver",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Ask { .. } => "ask",
            Self::Answer { .. } => "answer",
            Self::Accept { .. } => "accept",
            Self::Waitlist { .. } => "waitlist",
            Self::Reconfirm { .. } => "reconfirm",
            Self::Decline { .. } => "decline",
            Self::Redirect { .. } => "redirect",
            Self::Schedule { .. } => "schedule",
            Self::Reschedule { .. } => "reschedule",
            Self::Start { .. } => "start",
            Self::NoShow { .. } => "no_show",
            Self::Hold { .. } => "hold",
            Self::Resume { .. } => "resume",
            Self::Complete { .. } => "complete",
            Self::Fail { .. } => "fail",
            Self::Progress { .. } => "progress",
            Self::Cancel { .. } => "cancel",
            Self::AskCancel { .. } => "ask_cancel",
            Self::AgreeCancel {} => "agree_cancel",
            Self::RefuseCancel { .. } => "refuse_cancel",
            Self::Expire { .. } => "expire",
            Self::Transfer { .. } => "transfer",
            Self::Withdraw { .. } => "withdraw",
            Self::DeclareError { .. } => "declare_error",
            Self::Suspend {} => "suspend",
            Self::Unsuspend {} => "unsuspend",
            Self::Escalate {} => "escalate",
            Self::AddChild { .. } => "add_child",
            Self::AcknowledgeOutcome { .. } => "acknowledge_outcome",
            Self::InformPerson { .. } => "inform_person",
            Self::Close { .. } => "close",
            Self::Restrict {} => "restrict",
            Self::LiftRestriction {} => "lift_restriction",
            Self::HoldLegal {} => "hold_legal",
            Self::ReleaseLegal {} => "release_legal",
            Self::SettleWithdrawal {} => "settle_withdrawal",
        }
    }

    /// Who may ask for it at all. Some states narrow this further.
    pub const fn actors(&self) -> &'static [By] {
        use By::{CaseWorker, Coordinator, DataProtection, Hub, Intake, Person, Sender};
        match self {
            Self::Submit {}
            | Self::Answer { .. }
            | Self::AskCancel { .. }
            | Self::AcknowledgeOutcome { .. }
            | Self::Close { .. } => &[Sender],
            Self::Deliver {}
            | Self::Expire { .. }
            | Self::Suspend {}
            | Self::Unsuspend {}
            | Self::SettleWithdrawal {} => &[Hub],
            Self::Acknowledge { .. }
            | Self::Ask { .. }
            | Self::Accept { .. }
            | Self::Waitlist { .. }
            | Self::Reconfirm { .. }
            | Self::Decline { .. }
            | Self::Redirect { .. } => &[Intake],
            Self::Schedule { .. }
            | Self::Reschedule { .. }
            | Self::Start { .. }
            | Self::NoShow { .. }
            | Self::Hold { .. }
            | Self::Resume { .. }
            | Self::Complete { .. }
            | Self::Fail { .. }
            | Self::Progress { .. }
            | Self::AgreeCancel {}
            | Self::RefuseCancel { .. }
            | Self::AddChild { .. } => &[CaseWorker],
            Self::Cancel { .. } => &[Sender, Hub],
            Self::Transfer { .. } | Self::InformPerson { .. } => &[Sender, CaseWorker],
            Self::Withdraw { .. } => &[Person],
            Self::DeclareError { .. } => &[Sender, Coordinator, DataProtection],
            Self::Escalate {} => &[Hub, Coordinator],
            Self::Restrict {} | Self::LiftRestriction {} => &[Person, DataProtection],
            Self::HoldLegal {} | Self::ReleaseLegal {} => &[DataProtection],
        }
    }

    /// From which sets its reason comes, and which codes of them alone where not all fit.
    pub const fn reasons(&self) -> (&'static [ReasonSet], &'static [&'static str]) {
        use ReasonSet as R;
        match self {
            Self::Ask { .. } => (&[R::Ix], &[]),
            Self::Waitlist { .. } => (&[R::Dr], &["DR01", "DR02"]),
            Self::Decline { .. } | Self::Redirect { .. } | Self::RefuseCancel { .. } => (&[R::Dr], &[]),
            Self::Reschedule { .. } => (&[R::Nx, R::Hx], &[]),
            Self::NoShow { .. } => (&[R::Nx], &[]),
            Self::Hold { .. } => (&[R::Hx], &[]),
            Self::Complete { .. } => (&[R::Oc], &[]),
            Self::Fail { .. } => (&[R::Fx], &[]),
            Self::Cancel { .. } | Self::AskCancel { .. } => (&[R::Cx], &[]),
            Self::Withdraw { .. } => (&[R::Wr], &[]),
            Self::DeclareError { .. } => (&[R::Er], &[]),
            Self::InformPerson { .. } => (&[R::Cl], &["CL07", "CL08"]),
            Self::AcknowledgeOutcome { .. } | Self::Close { .. } => (&[R::Cl], &[]),
            Self::Expire { .. } => (&[R::Ex], &[]),
            Self::Submit {}
            | Self::Deliver {}
            | Self::Acknowledge { .. }
            | Self::Answer { .. }
            | Self::Accept { .. }
            | Self::Reconfirm { .. }
            | Self::Schedule { .. }
            | Self::Start { .. }
            | Self::Resume { .. }
            | Self::Progress { .. }
            | Self::AgreeCancel {}
            | Self::Transfer { .. }
            | Self::Suspend {}
            | Self::Unsuspend {}
            | Self::Escalate {}
            | Self::AddChild { .. }
            | Self::Restrict {}
            | Self::LiftRestriction {}
            | Self::HoldLegal {}
            | Self::ReleaseLegal {}
            | Self::SettleWithdrawal {} => (&[], &[]),
        }
    }

    /// The reason, outcome or closure code it carries, for lists and statistics.
    pub const fn reason(&self) -> Option<&ReasonCode> {
        match self {
            Self::Ask { reason, .. }
            | Self::Waitlist { reason, .. }
            | Self::Decline { reason, .. }
            | Self::Redirect { reason, .. }
            | Self::Reschedule { reason, .. }
            | Self::NoShow { reason }
            | Self::Hold { reason, .. }
            | Self::Fail { reason, .. }
            | Self::Cancel { reason }
            | Self::AskCancel { reason }
            | Self::RefuseCancel { reason }
            | Self::Expire { reason }
            | Self::DeclareError { reason }
            | Self::Complete { outcome: reason, .. }
            | Self::Close { reason, .. }
            | Self::AcknowledgeOutcome { next: NextStep::NoFurtherAction { reason } }
            | Self::InformPerson { told: Told::NotPossible { reason, .. } } => Some(reason),
            Self::Withdraw { reason } => reason.as_ref(),
            Self::AcknowledgeOutcome { .. }
            | Self::InformPerson { .. }
            | Self::Submit {}
            | Self::Deliver {}
            | Self::Acknowledge { .. }
            | Self::Answer { .. }
            | Self::Accept { .. }
            | Self::Reconfirm { .. }
            | Self::Schedule { .. }
            | Self::Start { .. }
            | Self::Resume { .. }
            | Self::Progress { .. }
            | Self::AgreeCancel {}
            | Self::Transfer { .. }
            | Self::Suspend {}
            | Self::Unsuspend {}
            | Self::Escalate {}
            | Self::AddChild { .. }
            | Self::Restrict {}
            | Self::LiftRestriction {}
            | Self::HoldLegal {}
            | Self::ReleaseLegal {}
            | Self::SettleWithdrawal {} => None,
        }
    }

    /// Whether a restriction stands in its way: it brings new data, or uses what is there for something new.
    pub const fn needs_use_of_data(&self) -> bool {
        matches!(
            self,
            Self::Ask { .. }
                | Self::Answer { .. }
                | Self::Accept { .. }
                | Self::Schedule { .. }
                | Self::Start { .. }
                | Self::Resume { .. }
                | Self::Progress { .. }
                | Self::Transfer { .. }
                | Self::AddChild { .. }
        )
    }

    /// Whether it applies whatever happened in between. Nothing may stand between a person and a withdrawal.
    pub const fn ignores_order(&self) -> bool {
        matches!(self, Self::Withdraw { .. } | Self::SettleWithdrawal {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_carries_its_name_on_the_wire_and_refuses_unknown_facts() {
        let written = serde_json::to_string(&Move::Start { since: "2026-03-01".parse().unwrap() }).unwrap();
        assert_eq!(written, r#"{"start":{"since":"2026-03-01"}}"#);
        assert!(serde_json::from_str::<Move>(r#"{"start":{"since":"2026-03-01","note":"x"}}"#).is_err());
        assert!(serde_json::from_str::<Move>(r#"{"agree_cancel":{"because":"x"}}"#).is_err());
        assert!(serde_json::from_str::<Move>(r#"{"vanish":{}}"#).is_err());
    }

    #[test]
    fn every_number_and_part_survives_its_word() {
        for number in Number::ALL {
            assert_eq!(Number::from_code(number.code()), Some(*number));
        }
        for by in By::ALL {
            assert_eq!(By::from_name(by.name()), Some(by));
        }
    }
}
