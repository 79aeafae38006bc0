//! What can be refused here.

use serde_json::{Map, Value, json};

use super::{Complaint, Refused};
use crate::{
    access::AccessError,
    crypto::GateError,
    kernel::{Code, Coded, Fault, Timestamp},
    members::MemberError,
    outbox::OutboxError,
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum AgreementError {
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A party is not a member, or a key could not be looked up.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The document breaks rules; every one is named.
    #[error("the document breaks {} rule(s); each is named with its place", .0.len())]
    Document(Vec<Complaint>),
    /// This version is there already, and nobody may write on it any more.
    #[error("this version of the agreement is there already; a change is a new version")]
    VersionTaken,
    /// The version before is not there, or is another one.
    #[error("the document does not follow the version before: it must name the digest of the newest version")]
    BrokenChain,
    /// The table of moves says no.
    #[error(transparent)]
    Move(#[from] Refused),
    /// The notice ends in the past, or later than a notice may.
    #[error("the notice must end from now on and at the latest in {days} days, by {at_most}")]
    Notice {
        /// How many days a notice may be.
        days: i64,
        /// The latest moment it may end.
        at_most: Timestamp,
    },
    /// Somebody changed it since it was read.
    #[error("the agreement changed meanwhile; read it again")]
    Stale,
    /// The signature is no signature of this document by this party.
    #[error("the signature does not count: {0}")]
    Signature(&'static str),
    /// The token's form is wrong.
    #[error("the signature does not count: {0}")]
    Token(#[from] GateError),
    /// This party signed already.
    #[error("your organisation has signed this version already")]
    SignedAlready,
    /// Only whoever suspended or stopped may resume.
    #[error("whoever suspended the agreement or stopped the direction resumes it, or the coordinator does")]
    NotTheirs,
    /// No such direction in the document.
    #[error("the agreement has no such flow")]
    NoSuchFlow,
}

impl Coded for AgreementError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Document(_) => Code::new("agreement.document_refused", Fault::Refused),
            Self::VersionTaken => Code::new("agreement.version_taken", Fault::Conflict),
            Self::BrokenChain => Code::new("agreement.chain_broken", Fault::Refused),
            Self::Move(_) => Code::new("agreement.move_refused", Fault::Conflict),
            Self::Notice { .. } => Code::new("agreement.notice_refused", Fault::Refused),
            Self::Stale => Code::new("agreement.stale", Fault::Stale),
            Self::Signature(_) | Self::Token(_) => Code::new("agreement.signature_refused", Fault::Refused),
            Self::SignedAlready => Code::new("agreement.signed_already", Fault::Conflict),
            Self::NotTheirs => Code::new("agreement.not_theirs", Fault::Forbidden),
            Self::NoSuchFlow => Code::new("agreement.no_such_flow", Fault::Refused),
        }
    }

    fn facts(&self) -> Option<Map<String, Value>> {
        let mut facts = Map::new();
        if let Self::Notice { days, at_most } = self {
            facts.insert(String::from("notice_days"), json!(days));
            facts.insert(String::from("notice_until_at_most"), json!(at_most));
            return Some(facts);
        }
        let Self::Document(complaints) = self else { return None };
        facts.insert(String::from("complaints"), serde_json::to_value(complaints).unwrap_or_default());
        Some(facts)
    }
}

impl From<OutboxError> for AgreementError {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Storage(error) => error.into(),
            OutboxError::Access(error) => error.into(),
            OutboxError::Payload(_) => StorageError::Unreadable("outbox.payload").into(),
        }
    }
}
