//! What can be refused here.

use serde_json::{Map, Value, json};

use super::{
    event::NotAnEvent,
    names::{LoopName, StateName},
    state::Refused,
};
use crate::{
    access::AccessError,
    audit::AuditError,
    crypto::KeyError,
    directory::DirectoryError,
    kernel::{Code, Coded, Digest, Fault},
    members::MemberError,
    outbox::OutboxError,
    packets::PacketError,
    policy::{Denial, Denials, Deny},
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum ReferralError {
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Organisations or keys.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The outbox failed.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A key of ours could not be used.
    #[error("the node's key could not be used")]
    Key(#[from] KeyError),
    /// The token is no event.
    #[error(transparent)]
    NotAnEvent(#[from] NotAnEvent),
    /// The packet, or the receipt about it.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The signing key is not known, not the issuer's, or not valid now.
    #[error("the key that signed is not a valid signing key of the organisation that the event names")]
    SignerRefused,
    /// The event names another referral than the address.
    #[error("the event is about another referral")]
    OtherReferral,
    /// The same event id with other content.
    #[error("this event id was used before for something else")]
    IdReused,
    /// The table says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The move is possible, and means something else than the event says.
    #[error("from where the referral stands this would be {would_be}, not what the event says")]
    MeansAnother {
        /// The row it would be.
        would_be: &'static str,
    },
    /// Something happened in between.
    #[error("something happened to the referral in between; it is {state} now")]
    Stale {
        /// Where it stands now.
        state: StateName,
        /// Where the loop stands now.
        circle: LoopName,
        /// What the next event must cite.
        head: Digest,
    },
    /// As many as may be asked at once are asked already.
    #[error("as many recipients as may be asked at once for an emergency are asked already")]
    TooManyParallel,
    /// The urgency is not in the policy.
    #[error("the urgency is not one of the policy's")]
    UnknownUrgency,
    /// A need names a code that is not in the policy.
    #[error("{0}")]
    NeedRefused(&'static str),
}

impl ReferralError {
    /// The numbered code, where there is one.
    pub const fn deny(&self) -> Option<Deny> {
        match self {
            Self::Refused(refused) => Some(refused.deny()),
            Self::MeansAnother { .. } => Some(Deny::D701),
            Self::Stale { .. } => Some(Deny::D704),
            Self::TooManyParallel => Some(Deny::D608),
            Self::Access(_)
            | Self::Storage(_)
            | Self::Member(_)
            | Self::Directory(_)
            | Self::Outbox(_)
            | Self::Audit(_)
            | Self::Key(_)
            | Self::NotAnEvent(_)
            | Self::Packet(_)
            | Self::SignerRefused
            | Self::OtherReferral
            | Self::IdReused
            | Self::UnknownUrgency
            | Self::NeedRefused(_) => None,
        }
    }
}

impl Coded for ReferralError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Directory(error) => error.code(),
            Self::Outbox(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::NotAnEvent(_) => Code::new("referral.event_malformed", Fault::Malformed),
            Self::Packet(error) => error.code(),
            Self::SignerRefused => Code::new("referral.signer_refused", Fault::Refused),
            Self::OtherReferral => Code::new("referral.other_referral", Fault::Refused),
            Self::IdReused => Code::new("referral.event_id_reused", Fault::Conflict),
            Self::Refused(refused) => match refused {
                Refused::NotFromHere { .. }
                | Refused::LoopNotThere { .. }
                | Refused::AskedEnough
                | Refused::AnswerNotOverdue => Code::new("referral.move_refused", Fault::Refused),
                Refused::NotTheirs { .. } => Code::new("referral.actor_refused", Fault::Refused),
                Refused::Reason(_) | Refused::WrongCode(_) => {
                    Code::new("referral.reason_refused", Fault::Refused)
                }
                Refused::Ended => Code::new("referral.ended", Fault::Refused),
                Refused::Restricted => Code::new("referral.restricted", Fault::Refused),
                Refused::Missing(_) => Code::new("referral.something_missing", Fault::Refused),
            },
            Self::MeansAnother { .. } => Code::new("referral.means_another", Fault::Refused),
            Self::Stale { .. } => Code::new("referral.stale", Fault::Conflict),
            Self::TooManyParallel => Code::new("referral.too_many_parallel", Fault::Refused),
            Self::UnknownUrgency => Code::new("referral.unknown_urgency", Fault::Refused),
            Self::NeedRefused(_) => Code::new("referral.need_refused", Fault::Refused),
        }
    }

    fn facts(&self) -> Option<Map<String, Value>> {
        if let Self::Packet(error) = self {
            return error.facts();
        }
        let mut facts = Map::new();
        let mut denials = Denials::none();
        denials.raise(Denial::new(self.deny()?));
        facts.insert(String::from("denials"), json!(denials));
        if let Self::Stale { state, circle, head } = self {
            facts.insert(String::from("state"), json!(state));
            facts.insert(String::from("loop"), json!(circle));
            facts.insert(String::from("head"), json!(head));
        }
        Some(facts)
    }
}
