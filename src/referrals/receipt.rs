//! The node's receipt for an event: proof that it was recorded, and with what effect.

use serde::{Deserialize, Serialize};

use super::{
    moves::Number,
    names::{LoopName, StateName},
};
use crate::{
    crypto::{GateError, KeyError, SigningKey, Typ, VerifyingKey, sign_compact, verify_compact},
    kernel::{
        Digest,
        id::{ReceiptId, ReferralEventId, ReferralId},
    },
};

/// How long a receipt may be, in characters.
const MAX_RECEIPT: usize = 4_096;

/// How deep its claims nest.
const DEPTH: u8 = 2;

/// What happened to the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recorded {
    /// It has its place in the referral's chain.
    Recorded,
}

/// The claims of the receipt, a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventReceipt {
    /// Version: 1.
    pub v: u8,
    /// The receipt's own id.
    pub jti: ReceiptId,
    /// The node's name.
    pub iss: String,
    /// The event.
    pub re: ReferralEventId,
    /// Digest of the event's token.
    pub h: Digest,
    /// What happened to it.
    pub evt: Recorded,
    /// The referral.
    #[serde(rename = "ref")]
    pub referral: ReferralId,
    /// Its place in the chain.
    pub seq: i64,
    /// Which row of the table it was.
    pub t: Number,
    /// Where the referral stands after it.
    pub state: StateName,
    /// Where the loop stands after it.
    #[serde(rename = "loop")]
    pub circle: LoopName,
    /// When, seconds.
    pub at: i64,
    /// The leaf of the node's audit log that this stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Digest>,
}

impl EventReceipt {
    /// Signs it.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(self).map_err(|_ignored| KeyError::Library)?;
        sign_compact(key, Typ::Receipt, &claims)
    }

    /// Verifies a receipt against the node's key.
    pub fn verify(token: &str, key: &std::sync::Arc<VerifyingKey>) -> Result<Self, GateError> {
        let verified = verify_compact(token, Typ::Receipt, MAX_RECEIPT, |kid| {
            (kid == key.kid()).then(|| std::sync::Arc::clone(key))
        })?;
        let receipt: Self = verified.claims(DEPTH).map_err(|_ignored| GateError::Shape)?;
        if receipt.v == 1 { Ok(receipt) } else { Err(GateError::Shape) }
    }
}
