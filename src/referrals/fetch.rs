//! Hand a packet over to its recipient. What was allowed when it came is asked once more: an agreement may have been suspended since,
//! the person may have taken something back, the policy may have been tightened, or a key may have turned out to be stolen.

use super::{
    correct,
    deliver::may_read,
    error::ReferralError,
    notes,
    onward::{self, Judged},
    proposal::{course_within, facts, wanted},
    store,
};
use crate::{
    access::{AccessError, Tx},
    agreements::{self, State},
    consent::{CitedAgreement, Counted, judge},
    kernel::id::PacketId,
    packets::{self, HandedOver, PacketKind},
    policy::{Denial, Deny, Policy},
    storage::Db,
};

/// Lets a packet be handed over and remembers when the recipient got it first. The first time, it is judged again; what does not pass any
/// more is held back.
pub fn fetch(tx: &mut Tx<'_>, id: PacketId, policy: &Policy) -> Result<HandedOver, ReferralError> {
    let delivered = packets::deliver(tx, id)?;
    if !delivered.first {
        return Ok(delivered);
    }
    let referral = store::find_to_move(tx, delivered.referral)?;
    may_read(tx.actor(), &referral)?;
    let (envelope, manifest) = packets::claims_of(tx.db(), id)?;
    if envelope.kind == PacketKind::Withdraw {
        return Ok(delivered);
    }
    let mut wanted = wanted(&envelope, &manifest, course_within(&referral, &envelope));
    if let Some(cited) = wanted.agreement {
        wanted.agreement = Some(newest(tx.db(), cited)?);
    }
    // The policy it was sealed by was in force when it was taken; what counts now is what the one in force says of its fields.
    policy.dictionary().clone_into(&mut wanted.dictionary);
    // Nobody counts twice: the day's volume was judged when it came.
    let now = tx.now();
    let parent =
        onward::parent(tx.db(), &envelope, Judged { at: now, taken: Some(delivered.received) }, policy)?;
    let counted = Counted { open_referral: false, sent_today: 0, parent };
    let facts = facts(tx.db(), wanted, now, counted, policy)?;
    let mut denials = judge(&facts).err().unwrap_or_default();
    if !packets::signature_stands(tx.db(), id)? {
        denials.extend([Denial::new(Deny::D004)]);
    }
    if !denials.is_empty() {
        return Err(ReferralError::Held(denials));
    }
    if tx.actor().organisation() == Some(referral.origin.recipient) {
        correct::tell_new_holder(tx, &referral)?;
        notes::tell_new_holder(tx, &referral, id)?;
    }
    Ok(delivered)
}

/// The version that replaced the one that was cited, however often.
pub(super) fn newest(db: &mut Db<'_>, cited: CitedAgreement) -> Result<CitedAgreement, ReferralError> {
    let mut newest = cited;
    for _step in 0..MOST_VERSIONS {
        let cover = agreements::cover(db, newest.id, newest.version)?.ok_or(AccessError::NotFound)?;
        let State::Superseded { by, .. } = cover.agreement.state else { return Ok(newest) };
        let next = agreements::cover(db, newest.id, by)?.ok_or(AccessError::NotFound)?;
        newest = CitedAgreement { id: newest.id, version: by, digest: next.agreement.digest };
    }
    Ok(newest)
}

/// How many replacements are followed. A packet waits for days, an agreement changes a few times a year.
const MOST_VERSIONS: usize = 16;
