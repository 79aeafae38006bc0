//! One event, applied: step, clocks, rows, receipt, and what others should know. Every use case that moves a referral ends here.

use serde_json::{Value, json};

use super::{
    destroy,
    error::ReferralError,
    event::{self, Event},
    ground::Ground,
    moves::{By, Move, Number},
    named, needs,
    receipt::{EventReceipt, Recorded},
    referral::Referral,
    state::{Effect, State, Step},
    store,
    take_back::holding,
    timers,
};
use crate::{
    access::Tx,
    audit,
    consent::Holding,
    directory::{self, Availability},
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, ReferralEventId},
    },
    outbox, packets,
    policy::{Policy, ReasonCode, ServiceCode},
};

/// What an event led to.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The referral after it.
    pub referral: Referral,
    /// The event's place in the chain.
    pub seq: i64,
    /// Which row of the table it was.
    pub number: Number,
    /// The node's signed receipt.
    pub receipt: String,
}

impl Moved {
    /// Whom the referral went to, for which service and why it was not taken, if this move declined or redirected it.
    pub fn declined(&self) -> Option<(OrganisationId, &ServiceCode, &ReasonCode)> {
        let is_new = matches!(self.number, Number::T06 | Number::T09 | Number::T10 | Number::T12);
        let (State::Declined { reason, .. } | State::Redirected { reason, .. }) =
            &self.referral.standing.state
        else {
            return None;
        };
        let origin = &self.referral.origin;
        is_new.then_some((origin.recipient, &origin.service, reason))
    }
}

/// Applies an event whose signature and order were looked at.
pub(super) fn apply(
    tx: &mut Tx<'_>,
    was: &Referral,
    event: &Event,
    token: &str,
    policy: &Policy,
) -> Result<Moved, ReferralError> {
    let at = timers::counted(event.occurred, was.changed, tx.now());
    let ground = ground(tx, was, event, at, policy)?;
    let step = was.standing.clone().step(&event.asked, event.role, &ground)?;
    let row_is_meant = step.number == event.number || matches!(event.asked, Move::Withdraw { .. });
    if !row_is_meant {
        return Err(ReferralError::MeansAnother { would_be: step.number.code() });
    }
    let before = store::timers(tx.db(), was.id())?;
    let after = timers::rearrange(before.clone(), &was.standing, &step, &was.terms, at);
    let head = event::digest(token);
    let referral = Referral {
        standing: step.standing.clone(),
        head,
        events: was.events.saturating_add(1),
        version: was.version.saturating_add(1),
        changed: at,
        ..was.clone()
    };
    store::advance(tx, was, &referral, &after)?;
    store::put_timers(tx, was.id(), &before, &after)?;
    let seq = referral.events;
    let receipt = receipt(tx, was, event, &step, (head, seq))?;
    let kept =
        store::Kept { event, token: Some(token), digest: head, seq, number: step.number, receipt: &receipt };
    store::keep_event(tx, &kept, &step)?;
    tell_parties(tx, &referral, event, step.number)?;
    follow(tx, &referral, &step, policy)?;
    Ok(Moved { referral, seq, number: step.number, receipt })
}

/// Applies a move that the node makes itself, or records for a person or a coordinator: the node signs the event.
pub(super) fn apply_own(
    tx: &mut Tx<'_>,
    was: &Referral,
    asked: Move,
    role: By,
    policy: &Policy,
) -> Result<Moved, ReferralError> {
    let mut event = Event {
        id: tx.id(),
        referral: was.id(),
        prev: Some(was.head),
        issuer: tx.node().name.clone(),
        role,
        number: Number::T34,
        asked,
        occurred: tx.now(),
    };
    let ground = ground(tx, was, &event, tx.now(), policy)?;
    event.number = was.standing.clone().step(&event.asked, role, &ground)?.number;
    let token = event.sign(&tx.node().receipts)?;
    apply(tx, was, &event, &token, policy)
}

/// Looks up the facts the table needs for this move, and no others.
fn ground<'p>(
    tx: &mut Tx<'_>,
    was: &Referral,
    event: &Event,
    at: Timestamp,
    policy: &'p Policy,
) -> Result<Ground<'p>, ReferralError> {
    let origin = &was.origin;
    let mut ground = Ground {
        at,
        policy,
        answer_within: was.terms.answer_within(),
        details_return: origin.details_return,
        keeps_waitlist: false,
        vulnerable: origin.vulnerable,
        has_open_children: false,
        transfer_accepted: false,
        ended: None,
        need_recorded: false,
        withdrawal_settled: false,
        left_to_destroy: false,
        named_is_there: named::is_there(tx, was, event)?,
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other moves need no fact of another row")]
    match &event.asked {
        Move::Waitlist { .. } => {
            let offer = directory::offer(tx.db(), origin.recipient, &origin.service, policy, at)?;
            let keeps = offer.is_some_and(|offer| offer.availability == Availability::Waitlist);
            ground.keeps_waitlist = keeps && was.terms.waitlist_review_seconds.is_some();
        }
        Move::Complete { .. } => ground.has_open_children = store::has_open_children(tx.db(), was.id())?,
        Move::Transfer { to, .. } => {
            let new = store::find_known(tx.db(), *to)?;
            ground.transfer_accepted = new.is_some_and(|new| {
                new.is_party(origin.sender)
                    && new.origin.purpose.as_str() == HAND_OVER
                    && new.standing.state.is_taken_on()
            });
        }
        Move::InformPerson { .. } => ground.ended = store::ended_at(tx.db(), was.id())?,
        Move::Close { need, .. } => {
            ground.ended = store::ended_at(tx.db(), was.id())?;
            if let Some(need) = need {
                ground.need_recorded = store::has_need(tx.db(), origin.sender, *need)?;
            }
        }
        // Who settles a withdrawal has counted the certificates: `consent` does.
        Move::SettleWithdrawal {} => ground.withdrawal_settled = true,
        Move::ReleaseLegal {} => {
            let asked = was.standing.flags.withdrawal && origin.certificate.is_some();
            ground.left_to_destroy = !asked && holding(tx.db(), was)? != Holding::Undelivered;
        }
        _ => {}
    }
    Ok(ground)
}

fn receipt(
    tx: &mut Tx<'_>,
    was: &Referral,
    event: &Event,
    step: &Step,
    (head, seq): (Digest, i64),
) -> Result<String, ReferralError> {
    let leaf = entry(tx, was, Some(was.head), head)?;
    let receipt = EventReceipt {
        v: 1,
        jti: tx.id(),
        iss: tx.node().name.clone(),
        re: event.id,
        h: head,
        evt: Recorded::Recorded,
        referral: was.id(),
        seq,
        t: step.number,
        state: step.standing.state.name(),
        circle: step.standing.circle.name(),
        at: tx.now().seconds(),
        leaf,
    };
    Ok(receipt.sign(&tx.node().receipts)?)
}

/// The audit entry of this write, once; its leaf, when it is written here.
pub(super) fn entry(
    tx: &mut Tx<'_>,
    referral: &Referral,
    before: Option<Digest>,
    after: Digest,
) -> Result<Option<Digest>, ReferralError> {
    if tx.is_recorded() {
        return Ok(None);
    }
    let id = referral.id().to_string();
    Ok(Some(audit::record(tx, &record(&id, before, after))?))
}

/// What that entry says of a referral.
pub(super) fn record(referral: &str, before: Option<Digest>, after: Digest) -> audit::Record<'_> {
    let mut record = audit::Record::about(referral);
    record.before = before;
    record.after = Some(after);
    record
}

/// Tells whoever did not do it: the other side, or both when the node did.
fn tell_parties(
    tx: &mut Tx<'_>,
    referral: &Referral,
    event: &Event,
    number: Number,
) -> Result<(), ReferralError> {
    let origin = &referral.origin;
    let payload = json!({
        "referral": origin.id, "event": event.id, "move": event.asked.name(), "number": number,
        "state": referral.standing.state.name(), "loop": referral.standing.circle.name(),
        "reason": event.asked.reason(), "head": referral.head,
    });
    let issuer: Option<OrganisationId> = event.issuer.parse().ok();
    for organisation in [origin.sender, origin.recipient] {
        if issuer != Some(organisation) {
            say(tx, topic(&event.asked), Some(organisation), payload.clone())?;
        }
    }
    Ok(())
}

/// What follows from a step, as rows.
fn follow(tx: &mut Tx<'_>, referral: &Referral, step: &Step, policy: &Policy) -> Result<(), ReferralError> {
    let origin = &referral.origin;
    let id = origin.id;
    for effect in &step.effects {
        match effect {
            Effect::Purge => {
                packets::purge_referral(tx, id)?;
            }
            Effect::Destroy { hours } => {
                let by = tx.now().plus(chrono::TimeDelta::hours(i64::from(*hours)));
                destroy::ask(tx, referral, by)?;
            }
            Effect::Incident => {
                let state = step.standing.state.name();
                say(tx, "referral.incident", None, json!({ "referral": id, "state": state }))?;
            }
            Effect::SafetyCheck => {
                say(tx, "referral.safety_check_asked", Some(origin.sender), json!({ "referral": id }))?;
            }
            Effect::OfferNext => {
                let between = (origin.sender, origin.recipient);
                let now = tx.now();
                let others = directory::alternatives(tx.db(), (&origin.service, policy), between, now)?;
                let next = json!({ "referral": id, "service": origin.service, "options": others });
                say(tx, "referral.next_options", Some(origin.sender), next)?;
            }
            Effect::EndParallel => end_parallel(tx, referral, policy)?,
            // The procedure itself runs where the consent is.
            Effect::Withdrawal => {}
        }
    }
    if step.number == Number::T10 {
        needs::note_bounce(tx, referral, policy)?;
    }
    Ok(())
}

/// The first to accept wins; the others end, undecided as they are.
fn end_parallel(tx: &mut Tx<'_>, won: &Referral, policy: &Policy) -> Result<(), ReferralError> {
    let origin = &won.origin;
    if !policy.timers().parallel.urgencies.contains(&origin.urgency) {
        return Ok(());
    }
    let reason = ACCEPTED_ELSEWHERE.parse().map_err(|_ignored| ReferralError::UnknownUrgency)?;
    let cancel = Move::Cancel { reason };
    for other in store::open_for(tx.db(), origin.subject, &origin.service, origin.sender)? {
        if other.id() == won.id() {
            continue;
        }
        let other = store::find_to_move(tx, other.id())?;
        if other.standing.state.is_undecided() {
            apply_own(tx, &other, cancel.clone(), By::Hub, policy)?;
        }
    }
    Ok(())
}

pub(super) fn say(
    tx: &mut Tx<'_>,
    topic: &'static str,
    organisation: Option<OrganisationId>,
    payload: Value,
) -> Result<(), ReferralError> {
    Ok(outbox::say(tx, &outbox::Event { topic, organisation, payload })?)
}

/// The event's id, when a table row needs one of its own.
pub(super) fn fresh(tx: &Tx<'_>) -> ReferralEventId {
    tx.id()
}

const fn topic(asked: &Move) -> &'static str {
    match asked {
        Move::Submit {} => "referral.submitted",
        Move::Deliver {} => "referral.delivered",
        Move::Acknowledge { .. } => "referral.acknowledged",
        Move::Ask { .. } => "referral.info_requested",
        Move::Answer { .. } => "referral.answered",
        Move::Accept { .. } => "referral.accepted",
        Move::Waitlist { .. } => "referral.waitlisted",
        Move::Reconfirm { .. } => "referral.reconfirmed",
        Move::Decline { .. } => "referral.declined",
        Move::Redirect { .. } => "referral.redirected",
        Move::Schedule { .. } => "referral.scheduled",
        Move::Reschedule { .. } => "referral.rescheduled",
        Move::Start { .. } => "referral.started",
        Move::NoShow { .. } => "referral.no_show",
        Move::Hold { .. } => "referral.held",
        Move::Resume { .. } => "referral.resumed",
        Move::Complete { .. } => "referral.completed",
        Move::Fail { .. } => "referral.failed",
        Move::Progress { .. } => "referral.progressed",
        Move::Cancel { .. } => "referral.cancelled",
        Move::AskCancel { .. } => "referral.cancel_asked",
        Move::AgreeCancel {} => "referral.cancel_agreed",
        Move::RefuseCancel { .. } => "referral.cancel_refused",
        Move::Expire { .. } => "referral.expired",
        Move::Transfer { .. } => "referral.transferred",
        Move::Withdraw { .. } => "referral.withdrawn",
        Move::DeclareError { .. } => "referral.error_declared",
        Move::Suspend {} => "referral.suspended",
        Move::Unsuspend {} => "referral.unsuspended",
        Move::Escalate {} => "referral.escalated",
        Move::AddChild { .. } => "referral.child_added",
        Move::AcknowledgeOutcome { .. } => "referral.outcome_acknowledged",
        Move::InformPerson { .. } => "referral.person_informed",
        Move::Close { .. } => "referral.closed",
        Move::Restrict {} => "referral.restricted",
        Move::LiftRestriction {} => "referral.restriction_lifted",
        Move::HoldLegal {} => "referral.legal_hold",
        Move::ReleaseLegal {} => "referral.legal_hold_released",
        Move::SettleWithdrawal {} => "referral.withdrawal_settled",
    }
}

const HAND_OVER: &str = "P03";
const ACCEPTED_ELSEWHERE: &str = "CX05";
