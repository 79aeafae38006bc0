//! Receipts: signed statements about a packet, by the node or by an organisation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{PacketFault, form::DEPTH};
use crate::{
    crypto::{GateError, KeyError, SigningKey, Typ, VerifyingKey, sign_compact, verify_compact},
    kernel::{
        Digest, Timestamp,
        id::{PacketId, ReceiptId},
    },
    policy::FieldId,
};

/// How long a receipt may be, in characters.
pub const MAX_RECEIPT: usize = 16_384;

/// What a receipt states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptEvent {
    /// The node has it durably.
    Accepted,
    /// The node handed it to a recipient.
    Delivered,
    /// A recipient decrypted it and found it in order.
    Opened,
    /// A recipient found something inside that the manifest does not list.
    Violation,
    /// The node deleted the ciphertext.
    Purged,
}

impl ReceiptEvent {
    /// The word in the receipt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Violation => "violation",
            Self::Purged => "purged",
        }
    }
}

/// What a violation report says beyond that there was one. Only words the sender's dictionary has: what an unlisted field is
/// called may itself tell something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViolationNote {
    /// The number of the check.
    pub check: u16,
    /// Known fields that were not as the manifest says.
    pub fields: Vec<FieldId>,
    /// How many others.
    pub others: usize,
}

/// The claims of a receipt, a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version: 1.
    pub v: u8,
    /// The receipt's own id.
    pub jti: ReceiptId,
    /// Who states it: a node's name or an organisation's id.
    pub iss: String,
    /// The packet.
    pub re: PacketId,
    /// Digest of the packet's envelope.
    pub h: Digest,
    /// What happened.
    pub evt: ReceiptEvent,
    /// When, seconds.
    pub at: i64,
    /// The leaf of the node's audit log that this stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Digest>,
    /// With a violation: what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ViolationNote>,
}

impl Receipt {
    /// When it happened.
    pub fn moment(&self) -> Timestamp {
        Timestamp::from_seconds(self.at)
    }

    /// Signs it.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(self).map_err(|_ignored| KeyError::Library)?;
        sign_compact(key, Typ::Receipt, &claims)
    }

    /// Verifies a receipt against the key of whoever should have signed it. A violation says what was found, and nothing else does.
    pub fn verify(token: &str, key: &std::sync::Arc<VerifyingKey>) -> Result<Self, GateError> {
        let verified = verify_compact(token, Typ::Receipt, MAX_RECEIPT, |kid| {
            (kid == key.kid()).then(|| std::sync::Arc::clone(key))
        })?;
        let receipt: Self = verified.claims(DEPTH).map_err(|_ignored| GateError::Shape)?;
        let noted = receipt.note.is_some() == (receipt.evt == ReceiptEvent::Violation);
        let fits = receipt.v == 1 && receipt.iss.len() <= 128 && noted;
        if fits { Ok(receipt) } else { Err(GateError::Shape) }
    }

    /// The part of check 310 that concerns the hub's receipt: it is about this envelope and says that the hub took it.
    pub(super) fn judge(&self, packet: PacketId, envelope: Digest) -> Result<(), PacketFault> {
        let taken = matches!(self.evt, ReceiptEvent::Accepted | ReceiptEvent::Delivered);
        if taken && self.re == packet && self.h == envelope { Ok(()) } else { Err(PacketFault::Receipt) }
    }
}

/// Something inside a packet that its manifest does not list: the signed report, and what the reader may be told.
pub struct Violation {
    /// The report, a signed receipt.
    pub report: String,
    /// What it says.
    pub receipt: Receipt,
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Violation({})", self.receipt.re)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn a_violation_says_what_was_found_and_nothing_else_does() {
        let key = SigningKey::generate(&SystemIds).unwrap();
        let at = Timestamp::from_seconds(1_772_442_000);
        let receipt = |evt, note| Receipt {
            v: 1,
            jti: ReceiptId::new(&SystemIds, at),
            iss: String::from("org_019cadc69a8077d7a7cef477d85c4e55"),
            re: PacketId::new(&SystemIds, at),
            h: Digest::of("envelope"),
            evt,
            at: at.seconds(),
            leaf: None,
            note,
        };
        let events = [
            ReceiptEvent::Accepted,
            ReceiptEvent::Delivered,
            ReceiptEvent::Opened,
            ReceiptEvent::Violation,
            ReceiptEvent::Purged,
        ];
        for evt in events {
            for note in [None, Some(ViolationNote { check: 311, fields: Vec::new(), others: 1 })] {
                let belongs = note.is_some() == (evt == ReceiptEvent::Violation);
                let receipt = receipt(evt, note);
                let verified = Receipt::verify(&receipt.sign(&key).unwrap(), &key.verifier());
                assert_eq!(verified, if belongs { Ok(receipt) } else { Err(GateError::Shape) });
            }
        }
    }
}
