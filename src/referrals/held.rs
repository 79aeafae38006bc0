//! Tell the sender of a packet that is held back why: once for the same codes, however often its recipient asks.

use serde_json::json;

use super::{apply, deliver::may_read, error::ReferralError, store};
use crate::{access::Tx, kernel::id::PacketId, packets, policy::Denials};

/// Tells the sender what [`fetch`](super::fetch) held a packet back for. Called after that refusal, which left nothing behind.
pub fn tell_held(tx: &mut Tx<'_>, id: PacketId, denials: &Denials) -> Result<(), ReferralError> {
    let envelope = packets::envelope_of(tx.db(), id)?;
    let referral = store::find_to_move(tx, envelope.referral)?;
    may_read(tx.actor(), &referral)?;
    if !packets::set_held(tx, id, denials)? {
        tx.leaves_no_entry();
        return Ok(());
    }
    let held = json!({ "packet": id, "referral": referral.id(), "denials": denials });
    apply::say(tx, "packet.held", Some(envelope.iss), held)
}
