//! What the table must know besides the standing, and the guards that are about reasons and reports.

use chrono::{NaiveDate, TimeDelta};

use super::{
    moves::{CaseClosure, MAX_PENDING, Move, NextStep, Report, Told},
    state::{Effect, Held, Refused, State},
};
use crate::{
    kernel::{Timestamp, id::NeedId},
    policy::{Policy, ReasonCode, ReasonRefused, ReasonSet, Requirement, ServiceCode, Situation},
};

/// What the table must know besides the standing: the moment, the rules, and facts that live in other rooms.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "facts looked up one by one, each for its own guard")]
pub struct Ground<'a> {
    /// The moment.
    pub at: Timestamp,
    /// Reasons, limits.
    pub policy: &'a Policy,
    /// How long the sender has to answer a question.
    pub answer_within: TimeDelta,
    /// The agreement has the reverse flow and the person agreed that details go back.
    pub details_return: bool,
    /// The directory says that the service keeps a waiting list.
    pub keeps_waitlist: bool,
    /// The packet holds most sensitive data or is about a child: a missed appointment calls for a safety check.
    pub vulnerable: bool,
    /// A referral made from this one has not ended.
    pub has_open_children: bool,
    /// The referral named by a transfer is accepted and is for handing over the case.
    pub transfer_accepted: bool,
    /// When the referral ended, if it has.
    pub ended: Option<Timestamp>,
    /// The need named at closing is recorded.
    pub need_recorded: bool,
    /// All certificates of destruction or declared exceptions are in.
    pub withdrawal_settled: bool,
    /// The recipient has had it, and no withdrawal that is under way asks for it: what a legal hold kept is still to be destroyed.
    pub left_to_destroy: bool,
    /// What the move names by its id is there and belongs here: a packet, a service, another referral.
    pub named_is_there: bool,
}

impl Ground<'_> {
    pub(super) fn reason(
        &self,
        set: ReasonSet,
        reason: &ReasonCode,
        given: &[Requirement],
    ) -> Result<(), Refused> {
        self.policy.check_reason(set, reason, given)?;
        Ok(())
    }

    pub(super) fn one_of(&self, sets: &[ReasonSet], reason: &ReasonCode) -> Result<(), Refused> {
        let mut last = Refused::WrongCode("a reason is needed");
        for set in sets {
            match self.reason(*set, reason, &[]) {
                Ok(()) => return Ok(()),
                Err(refused) => last = refused,
            }
        }
        Err(last)
    }

    /// How long the policy gives in a situation, in hours. A policy that gives none is not built.
    pub(super) fn hours_within(&self, situation: Situation) -> u16 {
        let span = self.policy.ceiling(situation).and_then(|ceiling| ceiling.at_most.clock());
        span.and_then(|span| u16::try_from(span.num_hours()).ok()).unwrap_or_default()
    }

    pub(super) fn decline(&self, reason: &ReasonCode, has_note: bool) -> Result<(), Refused> {
        let given: &[Requirement] = if has_note { &[Requirement::Text] } else { &[] };
        self.reason(ReasonSet::Dr, reason, given)
    }

    pub(super) fn hold(&self, reason: &ReasonCode, resume: NaiveDate, from: Held) -> Result<State, Refused> {
        self.reason(ReasonSet::Hx, reason, &[])?;
        Ok(State::OnHold { reason: reason.clone(), resume, from })
    }

    pub(super) fn expire(
        &self,
        reason: &ReasonCode,
        fits: &[&str],
        effects: &mut Vec<Effect>,
    ) -> Result<State, Refused> {
        self.reason(ReasonSet::Ex, reason, &[])?;
        if !fits.contains(&reason.as_str()) {
            return Err(Refused::WrongCode("this is not what did not happen"));
        }
        effects.extend([Effect::Purge, Effect::OfferNext]);
        Ok(State::Expired { reason: reason.clone() })
    }

    pub(super) fn fail(&self, reason: &ReasonCode, pending: &[ServiceCode]) -> Result<(), Refused> {
        self.reason(ReasonSet::Fx, reason, &[])?;
        self.details(pending, false)
    }

    /// Details go back only where the agreement and the person allow it.
    pub(super) fn details(&self, pending: &[ServiceCode], has_note: bool) -> Result<(), Refused> {
        self.services(pending)?;
        if !self.details_return && (has_note || !pending.is_empty()) {
            return Err(Refused::WrongCode(NO_DETAILS));
        }
        Ok(())
    }

    fn services(&self, services: &[ServiceCode]) -> Result<(), Refused> {
        if services.len() > MAX_PENDING {
            return Err(Refused::WrongCode("too many services are named"));
        }
        if services.iter().any(|service| self.policy.service(service).is_none()) {
            return Err(Refused::WrongCode("a service that is named is not in the list of services"));
        }
        Ok(())
    }

    pub(super) fn complete(&self, outcome: &ReasonCode, report: &Report) -> Result<(), Refused> {
        let mut given = Vec::new();
        if !report.pending.is_empty() {
            given.push(Requirement::PendingNeeds);
        }
        self.reason(ReasonSet::Oc, outcome, &given)?;
        self.services(&report.pending)?;
        let withheld = outcome.as_str() == WITHHELD;
        if (withheld || !self.details_return) && !report.is_empty() {
            return Err(Refused::WrongCode(NO_DETAILS));
        }
        if !withheld && !self.details_return {
            return Err(Refused::WrongCode(NO_DETAILS));
        }
        if NOTHING_PENDING.contains(&outcome.as_str()) && !report.pending.is_empty() {
            return Err(Refused::WrongCode("this outcome leaves no need"));
        }
        if outcome.as_str() == HANDED_TO_AUTHORITY && report.note.is_none() {
            return Err(Refused::Missing("OC5 names the sealed message that holds the decision"));
        }
        match (report.from, report.until) {
            (Some(from), Some(until)) if until < from => {
                Err(Refused::WrongCode("the service ends before it begins"))
            }
            _ => match &report.told {
                Some(told) => self.told(told),
                None => Ok(()),
            },
        }
    }

    pub(super) fn next_step(&self, next: &NextStep) -> Result<(), Refused> {
        match next {
            NextStep::NeedMet {} | NextStep::ReReferred { .. } => Ok(()),
            NextStep::PendingNeed { pending } if pending.is_empty() => {
                Err(Refused::WrongCode("a pending need names its services"))
            }
            NextStep::PendingNeed { pending } => self.services(pending),
            // What must come with the reason comes when the loop is closed.
            NextStep::NoFurtherAction { reason } => {
                let known = self.policy.reason(ReasonSet::Cl, reason).is_some();
                if known {
                    Ok(())
                } else {
                    Err(ReasonRefused::WrongSet { set: ReasonSet::Cl.letters() }.into())
                }
            }
        }
    }

    pub(super) fn told(&self, told: &Told) -> Result<(), Refused> {
        let Told::NotPossible { reason, attempts } = told else { return Ok(()) };
        self.reason(ReasonSet::Cl, reason, &made(*attempts))?;
        if NOT_TOLD.contains(&reason.as_str()) {
            Ok(())
        } else {
            Err(Refused::WrongCode("only CL07 and CL08 explain that the person was not told"))
        }
    }

    /// What is said at the end of the loop: that nobody was reached is true only after the time for trying.
    pub(super) fn told_in_the_end(&self, told: &Told) -> Result<(), Refused> {
        self.told(told)?;
        if let Told::NotPossible { reason, .. } = told { self.out_of_reach(reason) } else { Ok(()) }
    }

    fn out_of_reach(&self, reason: &ReasonCode) -> Result<(), Refused> {
        if reason.as_str() != OUT_OF_REACH {
            return Ok(());
        }
        let within = self.policy.timers().no_contact_after.clock();
        let is_over = within.zip(self.ended).is_some_and(|(within, ended)| self.at >= ended.plus(within));
        if is_over {
            return Ok(());
        }
        Err(Refused::TooSoon { days: within.map_or(0, |within| within.num_days()) })
    }

    pub(super) fn close(
        &self,
        reason: &ReasonCode,
        case: Option<CaseClosure>,
        need: Option<NeedId>,
        told: &Told,
    ) -> Result<(), Refused> {
        let (mut given, untold) = match told {
            Told::NotPossible { reason, attempts } => (made(*attempts), Some(reason)),
            Told::InPerson {} | Told::Phone {} | Told::SafeMessage {} | Told::Representative {} => {
                (Vec::new(), None)
            }
        };
        if need.is_some() {
            given.push(Requirement::GapRecord);
        }
        self.reason(ReasonSet::Cl, reason, &given)?;
        self.out_of_reach(reason)?;
        if need.is_some() && !self.need_recorded {
            return Err(Refused::Missing("the unmet need that is named is not recorded"));
        }
        if untold.is_some_and(|untold| untold != reason) {
            return Err(Refused::WrongCode("a person who was not told closes the loop with the reason why"));
        }
        match case {
            Some(CaseClosure { supervisor: None, .. }) => {
                Err(Refused::Missing("closing the case takes case manager and supervisor"))
            }
            Some(CaseClosure { manager, supervisor: Some(supervisor) }) if manager == supervisor => {
                Err(Refused::Missing("case manager and supervisor must be two people"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Move {
    /// The sentence for when what the move names by its id is not there.
    pub(super) const fn nothing_there(&self) -> &'static str {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other moves name at most a note")]
        match self {
            Self::Answer { .. } => {
                "an answer is a packet that the sender handed in for this referral after the question"
            }
            Self::Redirect { .. } => {
                "a redirect names services of the directory, and its note a packet of this referral"
            }
            Self::Transfer { .. } => "the handover plan is no packet that one of the sides handed in",
            Self::AddChild { .. } => {
                "no referral of the recipient's that continues this one, and may be told of, has the id that is named"
            }
            Self::AcknowledgeOutcome { .. } => {
                "no other referral of this person by the sender has the id that is named"
            }
            _ => "the note is no packet that the recipient handed in for this referral",
        }
    }
}

fn made(attempts: Option<u8>) -> Vec<Requirement> {
    if attempts.is_some_and(|tries| tries > 0) { vec![Requirement::ContactAttempts] } else { Vec::new() }
}

const NO_DETAILS: &str =
    "details may not go back: without the person's agreement the outcome is OC0 and nothing else";
const OUT_OF_REACH: &str = "CL07";

const NOT_TOLD: [&str; 2] = [OUT_OF_REACH, "CL08"];
const WITHHELD: &str = "OC0";
const NOTHING_PENDING: [&str; 2] = ["OC1", "OC4"];
const HANDED_TO_AUTHORITY: &str = "OC5";
