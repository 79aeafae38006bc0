//! Take a referral: T01, in the transaction that keeps its packet.

use super::{
    apply,
    error::ReferralError,
    event::Event,
    forget::{nothing, was_forgotten},
    moves::{By, Move, Number},
    receipt::EventReceipt,
    referral::{Origin, Referral},
    sign_ahead::{first_receipt, first_standing},
    state::Step,
    store,
    timers::Terms,
};
use crate::{
    access::{Permission, Tx},
    crypto::Ahead,
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, ReferralId, SubjectToken},
    },
    policy::{Policy, ServiceCode, WorkingCalendar},
    storage::{Db, StorageError},
};

/// A referral to be taken.
pub struct Submission<'a> {
    /// What it begins with.
    pub origin: Origin,
    /// When the sender made the packet.
    pub sealed: Timestamp,
    /// The recipient's calendar.
    pub calendar: &'a WorkingCalendar,
    /// The receipt for the event T01, if it was signed before.
    pub ahead: Option<&'a Ahead<EventReceipt>>,
}

/// A referral that the hub has taken.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The referral.
    pub referral: Referral,
    /// The node's signed receipt for the event T01.
    pub receipt: String,
    /// The leaf of the audit log it stands under.
    pub leaf: Option<Digest>,
}

/// Takes a referral whose packet was verified and judged. The caller keeps the packet in the same transaction; a packet handed in
/// twice is recognised there, before this is called.
pub fn submit(
    tx: &mut Tx<'_>,
    submission: Submission<'_>,
    policy: &Policy,
) -> Result<Submitted, ReferralError> {
    tx.actor().may(Permission::SendReferrals)?;
    let now = tx.now();
    let Submission { origin, sealed, calendar, ahead } = submission;
    let urgency = policy.urgency(&origin.urgency).ok_or(ReferralError::UnknownUrgency)?;
    let rules = policy.timers();
    if rules.parallel.urgencies.contains(&origin.urgency) {
        let asked = store::asked(tx.db(), origin.subject, &origin.service, origin.sender)?;
        if asked.len() >= usize::from(rules.parallel.recipients_max) {
            return Err(ReferralError::TooManyParallel);
        }
    }
    if was_forgotten(tx.db(), origin.id)? {
        return Err(ReferralError::IdTaken);
    }
    if let Some(parent) = origin.parent
        && store::find_known(tx.db(), parent)?.is_none()
    {
        let actor = tx.actor();
        return Err(nothing(tx.db(), actor, parent)?);
    }
    let terms = Terms::at_submission(urgency, rules, calendar, now);
    let timers = terms.timers();
    let standing = first_standing();
    let referral = Referral {
        head: origin.envelope,
        origin,
        terms,
        standing: standing.clone(),
        events: 1,
        version: 1,
        submitted: now,
        changed: now,
    };
    store::insert(tx, &referral, &timers).map_err(|error| {
        if matches!(error, StorageError::Duplicate(_)) { ReferralError::IdTaken } else { error.into() }
    })?;
    let leaf = apply::entry(tx, &referral, None, referral.head)?;
    let event = Event {
        id: ahead.map_or_else(|| apply::fresh(tx), |ahead| ahead.claims().re),
        referral: referral.id(),
        prev: None,
        issuer: referral.origin.sender.to_string(),
        role: By::Sender,
        number: Number::T01,
        asked: Move::Submit {},
        occurred: sealed,
    };
    let step = Step { standing, number: Number::T01, effects: Vec::new() };
    let id = ahead.map_or_else(|| tx.id(), |ahead| ahead.claims().jti);
    let claims = first_receipt(tx.setting(), (referral.id(), referral.head), (event.id, id), leaf);
    let receipt = match ahead.and_then(|ahead| ahead.token_over(&claims)) {
        Some(token) => token.to_owned(),
        None => claims.sign(&tx.node().receipts)?,
    };
    // The envelope is the sender's signature under this event; it is kept with the packet.
    let kept = store::Kept {
        event: &event,
        token: None,
        digest: referral.head,
        seq: 1,
        number: Number::T01,
        receipt: &receipt,
    };
    store::keep_event(tx, &kept, &step)?;
    let origin = &referral.origin;
    let waiting = serde_json::json!({
        "referral": origin.id, "packet": origin.packet, "service": origin.service, "urgency": origin.urgency,
        "state": referral.standing.state.name(), "acknowledge_by": referral.terms.acknowledge_by,
    });
    apply::say(tx, "referral.submitted", Some(origin.recipient), waiting)?;
    Ok(Submitted { referral, receipt, leaf })
}

/// Whether this sender has an open referral of this person for this service to this recipient (D608).
pub fn has_open(
    db: &mut Db<'_>,
    subject: SubjectToken,
    service: &ServiceCode,
    sender: OrganisationId,
    recipient: OrganisationId,
) -> Result<bool, ReferralError> {
    Ok(store::asked(db, subject, service, sender)?.contains(&recipient))
}

/// What is known of a referral, for whoever has judged its reader.
pub fn known(db: &mut Db<'_>, id: ReferralId) -> Result<Option<Referral>, ReferralError> {
    Ok(store::find_known(db, id)?)
}
