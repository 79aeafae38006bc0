//! What a coordinator may do to any referral: have somebody look at it, and declare with data protection that it was an error.

use super::{
    apply::{self, Moved},
    error::ReferralError,
    forget::found,
    moves::{By, Move},
};
use crate::{
    access::{AccessError, Permission, Tx},
    kernel::id::ReferralId,
    policy::{Policy, ReasonCode},
    storage::StorageError,
};

/// What a coordinator asks.
#[derive(Clone, Debug)]
pub struct Oversee {
    /// Which referral.
    pub referral: ReferralId,
    /// The version the coordinator saw.
    pub version: i64,
    /// What for.
    pub what: Oversight,
}

/// What a coordinator can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oversight {
    /// Somebody further up must look (T34).
    Escalate,
    /// It should never have been sent (T32): carried out when data protection says so too.
    DeclareError(ReasonCode),
}

/// Carries out what a coordinator asks; the node signs the event.
pub fn oversee(tx: &mut Tx<'_>, cmd: &Oversee, policy: &Policy) -> Result<Moved, ReferralError> {
    let was = found(tx, cmd.referral)?;
    if !tx.actor().roles().contains(crate::access::Role::Coordinator) {
        return Err(AccessError::Forbidden.into());
    }
    tx.actor().may(Permission::ReadAllReferrals)?;
    if was.version != cmd.version {
        return Err(StorageError::Conflict.into());
    }
    let asked = match &cmd.what {
        Oversight::Escalate => Move::Escalate {},
        Oversight::DeclareError(reason) => Move::DeclareError { reason: reason.clone() },
    };
    apply::apply_own(tx, &was, asked, By::Coordinator, policy)
}
