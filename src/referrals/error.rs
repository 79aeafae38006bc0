//! What can be refused here.

use serde_json::{Map, Value, json};

use super::{
    event::NotAnEvent,
    names::{LoopName, StateName},
    state::Refused,
};
use crate::{
    access::AccessError,
    agreements::AgreementError,
    audit::AuditError,
    consent::ConsentError,
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
    /// Consents and certificates.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// Agreements.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// The packet, or the receipt about it.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The agreement, the consent, the directory or the minimum set does not allow the packet.
    #[error("this packet may not pass: {0}")]
    Denied(Denials),
    /// It could be sent, and may not be handed over any more. Every code that stands against it; the recipient is told those that are not
    /// about the consent, the sender all of them.
    #[error("this packet was taken, and may not be handed over now; its sender can send again")]
    Held(Denials),
    /// A packet for several recipients, or none.
    #[error("a referral goes to one recipient; send one packet to each")]
    OneRecipient,
    /// The referral's id stands for another one.
    #[error("this referral id was used before; make a new one")]
    IdTaken,
    /// A packet that takes another back holds fields.
    #[error("a packet that takes another one back holds no fields")]
    WithdrawalHoldsFields,
    /// The signing key is not known, not the issuer's, or not valid now.
    #[error("the key that signed is not a valid signing key of the organisation that the event names")]
    SignerRefused,
    /// It names another referral than it belongs to, or does not fit the one it names.
    #[error(
        "this is about another referral: its two sides, the person, the purpose and the service must be the same"
    )]
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
    /// It was here; its time in the ledger is over.
    #[error("this referral ended long ago and was forgotten; what was disclosed can still be asked for")]
    Forgotten,
    /// Another answer than before to what a person asked to have put right.
    #[error("this was answered; what is put right stays so, and what is disputed can only be put right")]
    CorrectionAnswered,
    /// A day that goes with no such note, or is over or far away.
    #[error("a day goes with please_come alone, and is one from today and within a year")]
    NoteDay,
    /// Who leaves the person a note holds nothing of them.
    #[error(
        "only who holds something of the person, and from whom they took nothing back, leaves them a note"
    )]
    HoldsNothing,
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
            | Self::Consent(_)
            | Self::Agreement(_)
            | Self::Denied(_)
            | Self::Held(_)
            | Self::OneRecipient
            | Self::IdTaken
            | Self::WithdrawalHoldsFields
            | Self::SignerRefused
            | Self::OtherReferral
            | Self::IdReused
            | Self::UnknownUrgency
            | Self::Forgotten
            | Self::CorrectionAnswered
            | Self::NoteDay
            | Self::HoldsNothing
            | Self::NeedRefused(_) => None,
        }
    }
}

impl ReferralError {
    /// Every numbered code that is told with it.
    pub fn denials(&self) -> Denials {
        if let Self::Denied(denials) = self {
            return denials.clone();
        }
        if let Self::Held(denials) = self {
            return denials.for_recipient();
        }
        if let Self::Packet(PacketError::Refused(fault)) = self {
            return fault.denials();
        }
        self.deny().map(Denial::new).into_iter().collect()
    }

    /// A refusal of another room that says more than its code.
    const fn of_another_room(&self) -> Option<&dyn Coded> {
        if let Self::Packet(error) = self {
            Some(error)
        } else if let Self::Consent(error) = self {
            Some(error)
        } else if let Self::Agreement(error) = self {
            Some(error)
        } else {
            None
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
            Self::Consent(error) => error.code(),
            Self::Agreement(error) => error.code(),
            Self::Denied(_) => Code::new("packet.denied", Fault::Refused),
            Self::Held(_) => Code::new("packet.held", Fault::Conflict),
            Self::OneRecipient => Code::new("packet.one_recipient", Fault::Refused),
            Self::IdTaken => Code::new("referral.id_taken", Fault::Conflict),
            Self::WithdrawalHoldsFields => Code::new("packet.withdrawal_holds_fields", Fault::Refused),
            Self::SignerRefused => Code::new("referral.signer_refused", Fault::Refused),
            Self::OtherReferral => Code::new("referral.other_referral", Fault::Refused),
            Self::IdReused => Code::new("referral.event_id_reused", Fault::Conflict),
            Self::Refused(refused) => match refused {
                Refused::NotFromHere { .. }
                | Refused::LoopNotThere { .. }
                | Refused::AskedEnough
                | Refused::AnswerNotOverdue => Code::new("referral.move_refused", Fault::Refused),
                Refused::TooSoon { .. } => Code::new("referral.too_soon", Fault::Refused),
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
            Self::Forgotten => Code::new("referral.forgotten", Fault::NotFound),
            Self::CorrectionAnswered => Code::new("referral.correction_answered", Fault::Conflict),
            Self::NoteDay => Code::new("referral.note_day", Fault::Refused),
            Self::HoldsNothing => Code::new("referral.holds_nothing", Fault::Refused),
            Self::NeedRefused(_) => Code::new("referral.need_refused", Fault::Refused),
        }
    }

    fn facts(&self) -> Option<Map<String, Value>> {
        let mut facts = Map::new();
        if matches!(self, Self::Denied(_) | Self::Held(_)) {
            facts.insert(String::from("denials"), json!(self.denials()));
            return Some(facts);
        }
        if let Some(inner) = self.of_another_room() {
            return inner.facts();
        }
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
