//! The verbs of the command line, and the move each of them is.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::unclear;
use crate::{
    cli::{CliError, consent::withdrawals::moment},
    kernel::{
        Timestamp,
        id::{NeedId, PacketId, ReferralId, ServiceId, StaffId},
    },
    policy::{Policy, ReasonCode, ReasonSet, Requirement, ServiceCode},
    referrals::{CaseClosure, Move, NextStep, Report, Told},
};

/// Which referral, and why.
#[derive(Args)]
pub(super) struct Because {
    /// The referral.
    referral: ReferralId,
    /// The reason, as a code; a wrong one is answered with those that fit.
    #[arg(long, value_name = "CODE")]
    reason: ReasonCode,
}

/// Which referral, why, and the packet that says more.
#[derive(Args)]
pub(super) struct Explained {
    #[command(flatten)]
    because: Because,
    /// The packet with the sealed text. Only a reason that asks for one takes it.
    #[arg(long, value_name = "PACKET")]
    note: Option<PacketId>,
}

/// How the person was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum How {
    /// Face to face.
    InPerson,
    /// By telephone.
    Phone,
    /// By a message that the person agreed is safe.
    SafeMessage,
    /// Through a representative.
    Representative,
    /// Could not be told; with --reason CL07 (and --attempts) or CL08.
    NotPossible,
}

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Recipient: a person has looked at it.
    #[command(after_help = "Example:\n  throughline referral acknowledge ref_… --worker stf_…")]
    Acknowledge {
        /// The referral.
        referral: ReferralId,
        /// Who looked, as an id that says nothing outside.
        #[arg(long, value_name = "STAFF")]
        worker: StaffId,
    },
    /// Recipient: ask the sender for something (IX).
    #[command(after_help = "Example:\n  throughline referral ask ref_… --reason IX02")]
    Ask(Explained),
    /// Sender: answer what was asked, with a packet that was sent for this referral.
    #[command(
        after_help = "Example:\n  throughline packet seal … --update-of pkt_… --referral ref_… --out more.rp1\n  throughline packet send more.rp1\n  throughline referral answer ref_… --packet pkt_…"
    )]
    Answer {
        /// The referral.
        referral: ReferralId,
        /// The packet with the answer.
        #[arg(long, value_name = "PACKET")]
        packet: PacketId,
    },
    /// Recipient: take it on.
    #[command(after_help = "Example:\n  throughline referral accept ref_… --assignee stf_…")]
    Accept {
        /// The referral.
        referral: ReferralId,
        /// The case worker, as an id that says nothing outside.
        #[arg(long, value_name = "STAFF")]
        assignee: StaffId,
    },
    /// Recipient: put the person on the waiting list (DR01, DR02).
    #[command(
        after_help = "Example:\n  throughline referral waitlist ref_… --reason DR01 --estimate 2026-06-01"
    )]
    Waitlist {
        #[command(flatten)]
        because: Because,
        /// The day a place is expected.
        #[arg(long, value_name = "DAY")]
        estimate: NaiveDate,
    },
    /// Recipient: confirm that the person is still on the waiting list.
    #[command(after_help = "Example:\n  throughline referral reconfirm ref_… --estimate 2026-07-01")]
    Reconfirm {
        /// The referral.
        referral: ReferralId,
        /// The day a place is expected now.
        #[arg(long, value_name = "DAY")]
        estimate: NaiveDate,
    },
    /// Recipient: refuse it (DR).
    #[command(after_help = "Example:\n  throughline referral decline ref_… --reason DR01")]
    Decline(Explained),
    /// Recipient: refuse it and say who could help (DR). No data moves.
    #[command(after_help = "Example:\n  throughline referral redirect ref_… --reason DR11 --to svc_…")]
    Redirect {
        #[command(flatten)]
        explained: Explained,
        /// A service of the directory. May be given several times.
        #[arg(long = "to", value_name = "SERVICE", required = true)]
        services: Vec<ServiceId>,
    },
    /// Recipient: make an appointment.
    #[command(after_help = "Example:\n  throughline referral schedule ref_… --on 2026-03-09T09:30:00Z")]
    Schedule {
        /// The referral.
        referral: ReferralId,
        /// When.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        on: Timestamp,
    },
    /// Recipient: move the appointment (NX, HX).
    #[command(
        after_help = "Example:\n  throughline referral reschedule ref_… --on 2026-03-10T09:30:00Z --reason NX09"
    )]
    Reschedule {
        #[command(flatten)]
        because: Because,
        /// When now.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        on: Timestamp,
    },
    /// Recipient: the first contact took place.
    #[command(after_help = "Example:\n  throughline referral start ref_… --since 2026-03-09")]
    Start {
        /// The referral.
        referral: ReferralId,
        /// On which day.
        #[arg(long, value_name = "DAY")]
        since: NaiveDate,
    },
    /// Recipient: the person did not come, or could not be received (NX). The third time ends the referral.
    #[command(after_help = "Example:\n  throughline referral no-show ref_… --reason NX02")]
    NoShow(Because),
    /// Recipient: interrupt it (HX).
    #[command(after_help = "Example:\n  throughline referral hold ref_… --reason HX01 --resume 2026-04-01")]
    Hold {
        #[command(flatten)]
        because: Because,
        /// The day to go on.
        #[arg(long, value_name = "DAY")]
        resume: NaiveDate,
    },
    /// Recipient: go on from where it was interrupted.
    #[command(after_help = "Example:\n  throughline referral resume ref_… --on 2026-04-02T09:30:00Z")]
    Resume {
        /// The referral.
        referral: ReferralId,
        /// A new appointment, where none stands or the old one passed.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        on: Option<Timestamp>,
    },
    /// Recipient: the service was delivered (OC). Everything beyond the outcome needs the person's agreement that details go back;
    /// without it the outcome is OC0.
    #[command(
        after_help = "Examples:\n  throughline referral complete ref_… --outcome OC0\n  throughline referral complete ref_… --outcome OC2 --pending SV12 --until 2026-05-01"
    )]
    Complete(Box<Completed>),
    /// Recipient: the service was not delivered after all (FX).
    #[command(after_help = "Example:\n  throughline referral fail ref_… --reason FX01")]
    Fail {
        #[command(flatten)]
        because: Because,
        /// Going on trying to reach the person would put them at risk.
        #[arg(long)]
        unsafe_to_continue: bool,
        /// A service still needed. May be given several times.
        #[arg(long = "pending", value_name = "SERVICE")]
        pending: Vec<ServiceCode>,
    },
    /// Recipient: it goes on.
    #[command(after_help = "Example:\n  throughline referral progress ref_… --pending SV12")]
    Progress {
        /// The referral.
        referral: ReferralId,
        /// A service found to be needed on the way. May be given several times.
        #[arg(long = "pending", value_name = "SERVICE")]
        pending: Vec<ServiceCode>,
        /// The packet with the sealed note.
        #[arg(long, value_name = "PACKET")]
        note: Option<PacketId>,
    },
    /// Sender: call it back (CX).
    #[command(after_help = "Example:\n  throughline referral cancel ref_… --reason CX01")]
    Cancel(Because),
    /// Sender: ask the recipient to agree that a running service ends (CX).
    #[command(after_help = "Example:\n  throughline referral ask-cancel ref_… --reason CX01")]
    AskCancel(Because),
    /// Recipient: agree that it ends.
    #[command(after_help = "Example:\n  throughline referral agree-cancel ref_…")]
    AgreeCancel {
        /// The referral.
        referral: ReferralId,
    },
    /// Recipient: do not agree (DR).
    #[command(after_help = "Example:\n  throughline referral refuse-cancel ref_… --reason DR22")]
    RefuseCancel(Because),
    /// Either side: hand the case over, or agree to it when the other side proposed the same.
    #[command(after_help = "Example:\n  throughline referral transfer ref_… --to ref_… --plan pkt_…")]
    Transfer {
        /// The referral.
        referral: ReferralId,
        /// The new owner's referral, accepted, for handing over the case.
        #[arg(long, value_name = "REFERRAL")]
        to: ReferralId,
        /// The packet with the sealed handover plan.
        #[arg(long, value_name = "PACKET")]
        plan: PacketId,
    },
    /// Either side, for the person: they withdraw. Takes back their consent for this recipient; needs no reason, and nothing stands in
    /// its way.
    #[command(after_help = "Example:\n  throughline referral withdraw ref_…")]
    Withdraw {
        /// The referral.
        referral: ReferralId,
        /// Why (WR), only when the person said so unasked.
        #[arg(long, value_name = "CODE")]
        reason: Option<ReasonCode>,
    },
    /// Sender, or data protection of either side: it should never have been sent (ER).
    #[command(
        after_help = "Examples:\n  throughline referral declare-error ref_… --reason ER01\n  throughline referral declare-error ref_… --reason ER01 --data-protection     once it was read"
    )]
    DeclareError {
        #[command(flatten)]
        because: Because,
        /// As data protection: needed once the recipient has read it, and then the coordinator must say so too.
        #[arg(long)]
        data_protection: bool,
    },
    /// Either side, for the person: no use of the data beyond keeping it.
    #[command(after_help = "Example:\n  throughline referral restrict ref_…")]
    Restrict {
        /// The referral.
        referral: ReferralId,
    },
    /// Either side, for the person: the restriction ends.
    #[command(after_help = "Example:\n  throughline referral lift-restriction ref_…")]
    LiftRestriction {
        /// The referral.
        referral: ReferralId,
    },
    /// Data protection: keep everything for a legal claim.
    #[command(after_help = "Example:\n  throughline referral hold-legal ref_…")]
    HoldLegal {
        /// The referral.
        referral: ReferralId,
    },
    /// Data protection: the legal hold ends.
    #[command(after_help = "Example:\n  throughline referral release-legal ref_…")]
    ReleaseLegal {
        /// The referral.
        referral: ReferralId,
    },
    /// Recipient: the person was referred on from here.
    #[command(after_help = "Example:\n  throughline referral add-child ref_… --child ref_…")]
    AddChild {
        /// The referral.
        referral: ReferralId,
        /// The new referral.
        #[arg(long, value_name = "REFERRAL")]
        child: ReferralId,
    },
    /// Sender: how it ended was seen, and what comes next.
    #[command(
        after_help = "Examples:\n  throughline referral acknowledge-outcome ref_… --need-met\n  throughline referral acknowledge-outcome ref_… --re-referred ref_…\n  throughline referral acknowledge-outcome ref_… --pending SV12\n  throughline referral acknowledge-outcome ref_… --no-further-action CL03"
    )]
    AcknowledgeOutcome(Next),
    /// Either side: the person was told how it ended.
    #[command(
        after_help = "Examples:\n  throughline referral inform-person ref_… --how in-person\n  throughline referral inform-person ref_… --how not-possible --reason CL07 --attempts 3"
    )]
    InformPerson {
        /// The referral.
        referral: ReferralId,
        /// How.
        #[arg(long)]
        how: How,
        /// With not-possible: why, CL07 or CL08.
        #[arg(long, value_name = "CODE", required_if_eq("how", "not-possible"))]
        reason: Option<ReasonCode>,
        /// With CL07, from 60 days after the end on: how often somebody tried.
        #[arg(long, requires = "reason")]
        attempts: Option<u8>,
    },
    /// Sender: everybody knows; the referral is closed (CL).
    #[command(
        after_help = "Examples:\n  throughline referral close ref_… --reason CL01\n  throughline referral close ref_… --reason CL10 --need ned_…     after throughline need record"
    )]
    Close {
        #[command(flatten)]
        because: Because,
        /// It closes the case as well: the case manager who signs for that.
        #[arg(long, value_name = "STAFF", requires = "supervisor")]
        manager: Option<StaffId>,
        /// The supervisor who signs too: somebody else.
        #[arg(long, value_name = "STAFF", requires = "manager")]
        supervisor: Option<StaffId>,
        /// With CL10: the need that stays unmet, as `throughline need record` answered.
        #[arg(long, value_name = "NEED")]
        need: Option<NeedId>,
    },
}

/// The end of a service, and what may be told of it.
#[derive(Args)]
pub(super) struct Completed {
    /// The referral.
    referral: ReferralId,
    /// The outcome, such as OC1.
    #[arg(long, value_name = "CODE")]
    outcome: ReasonCode,
    /// First day of the service.
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// Last day of the service.
    #[arg(long, value_name = "DAY")]
    until: Option<NaiveDate>,
    /// A service still needed. May be given several times.
    #[arg(long = "pending", value_name = "SERVICE")]
    pending: Vec<ServiceCode>,
    /// How the person was told.
    #[arg(long, value_name = "HOW")]
    told: Option<How>,
    /// With --told not-possible: why, CL07 or CL08.
    #[arg(long, value_name = "CODE", required_if_eq("told", "not-possible"))]
    reason: Option<ReasonCode>,
    /// With CL07: how often somebody tried.
    #[arg(long, requires = "reason")]
    attempts: Option<u8>,
    /// Whether the person agreed to be contacted again.
    #[arg(long, value_name = "TRUE|FALSE")]
    next_contact: Option<bool>,
    /// The packet that says more.
    #[arg(long, value_name = "PACKET")]
    note: Option<PacketId>,
}

/// What the sender does next.
#[derive(Args)]
pub(super) struct Next {
    /// The referral.
    referral: ReferralId,
    #[command(flatten)]
    step: NextArgs,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct NextArgs {
    /// Nothing: the need is met.
    #[arg(long)]
    need_met: bool,
    /// A new referral was made for the same need.
    #[arg(long, value_name = "REFERRAL")]
    re_referred: Option<ReferralId>,
    /// The need stays, of this service. May be given several times.
    #[arg(long = "pending", value_name = "SERVICE")]
    pending: Vec<ServiceCode>,
    /// Nothing more, for this reason (CL).
    #[arg(long, value_name = "CODE")]
    no_further_action: Option<ReasonCode>,
}

impl Next {
    fn into_step(self) -> NextStep {
        let NextArgs { need_met: _, re_referred, pending, no_further_action } = self.step;
        match (re_referred, no_further_action) {
            (Some(referral), _) => NextStep::ReReferred { referral },
            (None, Some(reason)) => NextStep::NoFurtherAction { reason },
            (None, None) if pending.is_empty() => NextStep::NeedMet {},
            (None, None) => NextStep::PendingNeed { pending },
        }
    }
}

impl Completed {
    fn into_move(self) -> Result<Move, CliError> {
        let told = self.told.map(|how| how.told(self.reason, self.attempts)).transpose()?;
        let report = Report {
            from: self.from,
            until: self.until,
            pending: self.pending,
            told,
            next_contact: self.next_contact,
            note: self.note,
        };
        Ok(Move::Complete { outcome: self.outcome, report })
    }
}

impl How {
    fn told(self, reason: Option<ReasonCode>, attempts: Option<u8>) -> Result<Told, CliError> {
        match (self, reason) {
            (Self::InPerson, None) => Ok(Told::InPerson {}),
            (Self::Phone, None) => Ok(Told::Phone {}),
            (Self::SafeMessage, None) => Ok(Told::SafeMessage {}),
            (Self::Representative, None) => Ok(Told::Representative {}),
            (Self::NotPossible, Some(reason)) => Ok(Told::NotPossible { reason, attempts }),
            (Self::NotPossible, None) => Err(unclear("say with --reason why the person could not be told")),
            (Self::InPerson | Self::Phone | Self::SafeMessage | Self::Representative, Some(_)) => {
                Err(unclear("a reason comes with not-possible, and only with it"))
            }
        }
    }
}

/// What is asked of which referral, and whether data protection asks it.
pub(super) struct Request {
    pub(super) referral: ReferralId,
    pub(super) asked: Move,
    pub(super) as_data_protection: bool,
}

impl Verb {
    /// The move a verb is.
    pub(super) fn into_request(self, policy: &Policy) -> Result<Request, CliError> {
        let mut as_data_protection = false;
        let (referral, asked) = match self {
            Self::Acknowledge { referral, worker } => (referral, Move::Acknowledge { worker }),
            Self::Ask(Explained { because: Because { referral, reason }, note }) => {
                (referral, Move::Ask { reason, note })
            }
            Self::Answer { referral, packet } => (referral, Move::Answer { packet }),
            Self::Accept { referral, assignee } => (referral, Move::Accept { assignee }),
            Self::Waitlist { because: Because { referral, reason }, estimate } => {
                (referral, Move::Waitlist { reason, estimate })
            }
            Self::Reconfirm { referral, estimate } => (referral, Move::Reconfirm { estimate }),
            Self::Decline(Explained { because: Because { referral, reason }, note }) => {
                (referral, Move::Decline { reason, note })
            }
            Self::Redirect { explained: Explained { because, note }, services } => {
                (because.referral, Move::Redirect { reason: because.reason, to: services, note })
            }
            Self::Schedule { referral, on } => (referral, Move::Schedule { on }),
            Self::Reschedule { because: Because { referral, reason }, on } => {
                (referral, Move::Reschedule { on, reason })
            }
            Self::Start { referral, since } => (referral, Move::Start { since }),
            Self::NoShow(Because { referral, reason }) => (referral, Move::NoShow { reason }),
            Self::Hold { because: Because { referral, reason }, resume } => {
                (referral, Move::Hold { reason, resume })
            }
            Self::Resume { referral, on } => (referral, Move::Resume { on }),
            Self::Complete(completed) => (completed.referral, completed.into_move()?),
            Self::Fail { because: Because { referral, reason }, unsafe_to_continue, pending } => {
                (referral, Move::Fail { reason, unsafe_to_continue, pending })
            }
            Self::Progress { referral, pending, note } => (referral, Move::Progress { pending, note }),
            Self::Cancel(Because { referral, reason }) => (referral, Move::Cancel { reason }),
            Self::AskCancel(Because { referral, reason }) => (referral, Move::AskCancel { reason }),
            Self::AgreeCancel { referral } => (referral, Move::AgreeCancel {}),
            Self::RefuseCancel(Because { referral, reason }) => (referral, Move::RefuseCancel { reason }),
            Self::Transfer { referral, to, plan } => (referral, Move::Transfer { to, plan }),
            Self::Withdraw { referral, reason } => (referral, Move::Withdraw { reason }),
            Self::DeclareError { because: Because { referral, reason }, data_protection } => {
                as_data_protection = data_protection;
                (referral, Move::DeclareError { reason })
            }
            Self::Restrict { referral } => (referral, Move::Restrict {}),
            Self::LiftRestriction { referral } => (referral, Move::LiftRestriction {}),
            Self::HoldLegal { referral } => (referral, Move::HoldLegal {}),
            Self::ReleaseLegal { referral } => (referral, Move::ReleaseLegal {}),
            Self::AddChild { referral, child } => (referral, Move::AddChild { child }),
            Self::AcknowledgeOutcome(next) => {
                (next.referral, Move::AcknowledgeOutcome { next: next.into_step() })
            }
            Self::InformPerson { referral, how, reason, attempts } => {
                (referral, Move::InformPerson { told: how.told(reason, attempts)? })
            }
            Self::Close { because: Because { referral, reason }, manager, supervisor, need } => {
                names_its_need(&reason, need, policy)?;
                let case = manager.map(|manager| CaseClosure { manager, supervisor });
                (referral, Move::Close { reason, case, need })
            }
        };
        Ok(Request { referral, asked, as_data_protection })
    }
}

/// A referral that ends with the need unmet says which recorded need that is, so that the gap shows.
fn names_its_need(reason: &ReasonCode, need: Option<NeedId>, policy: &Policy) -> Result<(), CliError> {
    let known = policy.reason(ReasonSet::Cl, reason);
    let is_gap = known.is_some_and(|known| known.requires.contains(&Requirement::GapRecord));
    match (is_gap, need) {
        (true, None) => Err(unclear(&format!(
            "{reason} leaves a need unmet: record it with `throughline need record --service SV.. --urgency U.. --reason NP..`, and \
             name it with --need"
        ))),
        (false, Some(_)) if known.is_some() => {
            Err(unclear("a need comes with a reason that leaves it unmet (CL10), and only with it"))
        }
        (true | false, _) => Ok(()),
    }
}
