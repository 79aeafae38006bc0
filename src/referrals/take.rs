//! Take a packet: judge it by the agreement and the consent as they stand now, and keep it with what follows for its referral, in one
//! transaction.

use super::{
    apply,
    error::ReferralError,
    forget::found,
    onward::{self, Judged},
    proposal::{course_within, facts, wanted},
    referral::{Origin, Referral},
    sign_ahead::SignedAhead,
    state::Refused,
    submit::{self, Submission, Submitted},
};
use crate::{
    access::{Actor, Permission, Tx},
    consent::{Counted, Course, Facts, judge},
    kernel::{
        Timestamp,
        id::{OrganisationId, PacketId, ReferralId},
    },
    packets::{self, Envelope, Kept, PacketKind, VerifiedPacket},
    policy::{Denial, Denials, Deny, Policy, Warning},
    storage::{Db, StorageError},
};

/// A packet that is taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The packet.
    pub packet: PacketId,
    /// Its referral.
    pub referral: ReferralId,
    /// The node's signed receipt: the same one whenever the same packet comes again.
    pub receipt: String,
    /// Whether it had been taken before.
    pub again: bool,
    /// What should be looked at although it passed. Not repeated when it comes again.
    pub warnings: Vec<Warning>,
}

impl Taken {
    fn new(packet: &VerifiedPacket, kept: Kept, warnings: Vec<Warning>) -> Self {
        let Kept { id, receipt, again } = kept;
        Self { packet: id, referral: packet.envelope().referral, receipt, again, warnings }
    }
}

/// Takes a packet whose form, keys and signature were verified. Every code that stands against it comes back at once; nothing of a
/// refused packet is kept but the entry in the log.
///
/// `ahead` is what was signed for this packet in the setting of this write.
pub fn take(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    ahead: Option<&SignedAhead>,
    policy: &Policy,
) -> Result<Taken, ReferralError> {
    let envelope = packet.envelope();
    may_send(tx.actor(), envelope.kind)?;
    tx.actor().must_act_for(envelope.iss)?;
    if envelope.kind == PacketKind::Referral {
        // What is open for this need is counted below and at `submit`; nothing may slip in meanwhile, this packet itself included.
        tx.take_turn(&["referrals.begin", &envelope.sub.to_string(), envelope.service.as_str()])?;
    }
    if let Some(taken) = taken_before(tx.db(), packet)? {
        // What happened has its entry already.
        tx.mark_recorded();
        return Ok(taken);
    }
    packet.judge_policy(policy)?;
    let [recipient] = envelope.aud.as_slice() else { return Err(ReferralError::OneRecipient) };
    match envelope.kind {
        PacketKind::Referral => begin(tx, packet, (*recipient, ahead), policy),
        PacketKind::Update | PacketKind::Reply => add(tx, packet, ahead, policy),
        PacketKind::Withdraw => take_back(tx, packet, ahead),
    }
}

/// Whether this very packet was taken before. Another one under the same id is a conflict.
///
/// Asked again when taking failed because something came in between: on PostgreSQL two may hand in the same packet at once.
pub fn taken_before(db: &mut Db<'_>, packet: &VerifiedPacket) -> Result<Option<Taken>, ReferralError> {
    let kept = packets::kept_before(db, packet)?;
    Ok(kept.map(|kept| Taken::new(packet, kept, Vec::new())))
}

fn may_send(actor: &Actor, kind: PacketKind) -> Result<(), ReferralError> {
    let permission = match kind {
        PacketKind::Referral | PacketKind::Update | PacketKind::Withdraw => Permission::SendReferrals,
        PacketKind::Reply => Permission::ReceiveReferrals,
    };
    Ok(actor.may(permission)?)
}

/// A packet that begins a referral (T01).
fn begin(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    (recipient, ahead): (OrganisationId, Option<&SignedAhead>),
    policy: &Policy,
) -> Result<Taken, ReferralError> {
    let envelope = packet.envelope();
    let sender = envelope.iss;
    onward::hold(tx, envelope)?;
    let counted = Counted {
        open_referral: submit::has_open(tx.db(), envelope.sub, &envelope.service, sender, recipient)?,
        sent_today: packets::sent_on(tx.db(), sender, recipient, packet.received())?,
        parent: onward::parent(tx.db(), envelope, on_arrival(packet), policy)?,
    };
    let sent_today = counted.sent_today;
    let (facts, warnings) = judged(tx, packet, Course::Begins, counted, policy)?;
    let origin = Origin {
        id: envelope.referral,
        sender,
        recipient,
        subject: envelope.sub,
        packet: envelope.jti,
        envelope: packet.envelope_digest(),
        certificate: envelope.scope.as_ref().map(|scope| scope.id),
        agreement: envelope.dsa.id,
        agreement_version: envelope.dsa.ver,
        mode: envelope.mode,
        purpose: envelope.purpose.clone(),
        service: envelope.service.clone(),
        urgency: envelope.urgency.clone(),
        parent: envelope.parent,
        details_return: facts.details_return(),
        vulnerable: facts.vulnerable(),
    };
    let submission = Submission {
        origin,
        sealed: Timestamp::from_seconds(envelope.iat),
        calendar: &facts.calendar(),
        ahead: ahead.and_then(|ahead| ahead.event.as_ref()),
    };
    let Submitted { leaf, .. } = submit::submit(tx, submission, policy)?;
    let kept = packets::keep(tx, packet, leaf, sent_today, ahead.map(|ahead| &ahead.packet))?;
    tell_first_sender(tx, envelope, &facts)?;
    Ok(Taken::new(packet, kept, warnings))
}

fn on_arrival(packet: &VerifiedPacket) -> Judged {
    Judged { at: packet.received(), taken: None }
}

/// Who sent what is passed on hears of it, in codes, unless the person objects.
fn tell_first_sender(tx: &mut Tx<'_>, envelope: &Envelope, facts: &Facts) -> Result<(), ReferralError> {
    if envelope.att.untold {
        return Ok(());
    }
    let (Some(id), Some(parent)) = (envelope.parent, &facts.parent) else { return Ok(()) };
    let notice = onward::notice(id, envelope, facts.borrowed_from().is_some());
    apply::say(tx, "referral.passed_on", Some(parent.sender), notice)
}

/// A packet of a referral that is there: its sender adds something, or its recipient writes back.
fn add(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    ahead: Option<&SignedAhead>,
    policy: &Policy,
) -> Result<Taken, ReferralError> {
    let envelope = packet.envelope();
    let referral = of_packet(tx, packet)?;
    let flags = referral.standing.flags;
    if flags.withdrawal || flags.restricted {
        return Err(Refused::Restricted.into());
    }
    if envelope.kind == PacketKind::Update && referral.standing.state.is_terminal() {
        return Err(Refused::Ended.into());
    }
    let to = other_side(&referral, envelope.iss);
    let sent_today = packets::sent_on(tx.db(), envelope.iss, to, packet.received())?;
    let parent = onward::parent(tx.db(), envelope, on_arrival(packet), policy)?;
    let counted = Counted { open_referral: false, sent_today, parent };
    let course = course_within(&referral, envelope);
    let (facts, warnings) = judged(tx, packet, course, counted, policy)?;
    rests_as_before(&referral, envelope, &facts)?;
    let kept = keep_with(tx, packet, &referral, (sent_today, ahead))?;
    let waiting = serde_json::json!({
        "packet": envelope.jti, "referral": referral.id(), "kind": envelope.kind, "re": envelope.re,
    });
    apply::say(tx, "packet.waiting", Some(to), waiting)?;
    Ok(Taken::new(packet, kept, warnings))
}

/// What is added to something that was passed on rests on the certificate that this began under, when either is the first sender's:
/// taking that consent back reaches a referral by the one it began under.
fn rests_as_before(referral: &Referral, envelope: &Envelope, facts: &Facts) -> Result<(), ReferralError> {
    let began = referral.origin.certificate;
    let cited = envelope.scope.as_ref().map(|scope| scope.id);
    let first = facts.parent.as_ref().and_then(|parent| parent.certificate);
    let touches_first = first.is_some() && (cited == first || began == first);
    if envelope.kind != PacketKind::Update || cited == began || !touches_first {
        return Ok(());
    }
    let denial = Denial::new(Deny::D706).subcode("certificate");
    Err(ReferralError::Denied(Denials::from_iter([denial])))
}

/// A packet that takes another one back: it holds no field, needs nobody's leave, and deletes that one's ciphertext.
fn take_back(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    ahead: Option<&SignedAhead>,
) -> Result<Taken, ReferralError> {
    let envelope = packet.envelope();
    let referral = of_packet(tx, packet)?;
    if !packet.manifest().fields.is_empty() {
        return Err(ReferralError::WithdrawalHoldsFields);
    }
    let Some(re) = envelope.re else { return Err(ReferralError::OtherReferral) };
    if packets::envelope_of(tx.db(), re)?.referral != referral.id() {
        return Err(ReferralError::OtherReferral);
    }
    let to = other_side(&referral, envelope.iss);
    let sent_today = packets::sent_on(tx.db(), envelope.iss, to, packet.received())?;
    let kept = keep_with(tx, packet, &referral, (sent_today, ahead))?;
    packets::purge(tx, re)?;
    let gone = serde_json::json!({ "packet": re, "referral": referral.id(), "by": envelope.jti });
    apply::say(tx, "packet.taken_back", Some(to), gone)?;
    Ok(Taken::new(packet, kept, Vec::new()))
}

/// The referral a packet belongs to, locked: it goes between the two sides, about the same person, for the same thing.
fn of_packet(tx: &mut Tx<'_>, packet: &VerifiedPacket) -> Result<Referral, ReferralError> {
    let envelope = packet.envelope();
    let referral = found(tx, envelope.referral)?;
    let origin = &referral.origin;
    let sends = envelope.iss == origin.sender;
    let right_kind = sends != (envelope.kind == PacketKind::Reply);
    // What is added to something that was passed on is passed on as well.
    let continues = envelope.kind != PacketKind::Update || envelope.parent == origin.parent;
    let fits = right_kind
        && continues
        && envelope.aud == [other_side(&referral, envelope.iss)]
        && envelope.sub == origin.subject
        && envelope.purpose == origin.purpose
        && envelope.service == origin.service;
    if fits { Ok(referral) } else { Err(ReferralError::OtherReferral) }
}

fn other_side(referral: &Referral, one: OrganisationId) -> OrganisationId {
    let origin = &referral.origin;
    if one == origin.sender { origin.recipient } else { origin.sender }
}

/// The facts, and the warnings of the permission; or every code that stands against the packet.
fn judged(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    course: Course,
    counted: Counted,
    policy: &Policy,
) -> Result<(Facts, Vec<Warning>), ReferralError> {
    let envelope = packet.envelope();
    let wanted = wanted(envelope, packet.manifest(), course);
    let facts = facts(tx.db(), wanted, packet.received(), counted, policy)?;
    let permission = judge(&facts).map_err(ReferralError::Denied)?;
    let warnings = permission.warnings().collect();
    Ok((facts, warnings))
}

/// Keeps a packet under the entry of its referral, so that its receipt names the leaf.
fn keep_with(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    referral: &Referral,
    (sent_before, ahead): (u32, Option<&SignedAhead>),
) -> Result<Kept, ReferralError> {
    let leaf = apply::entry(tx, referral, None, packet.envelope_digest())?;
    Ok(packets::keep(tx, packet, leaf, sent_before, ahead.map(|ahead| &ahead.packet))?)
}

impl ReferralError {
    /// Whether somebody else may have taken the same packet at the same moment: then [`taken_before`] knows.
    pub fn may_be_taken(&self) -> bool {
        matches!(
            self,
            Self::IdTaken
                | Self::Storage(StorageError::Conflict)
                | Self::Packet(packets::PacketError::Storage(StorageError::Conflict))
        )
    }
}
