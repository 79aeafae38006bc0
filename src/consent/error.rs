//! What can be refused here.

use serde_json::{Map, Value, json};

use super::certificate::NotACertificate;
use crate::{
    access::AccessError,
    agreements::AgreementError,
    audit::AuditError,
    directory::DirectoryError,
    kernel::{Code, Coded, Fault},
    members::MemberError,
    outbox::OutboxError,
    policy::{Denials, Deny},
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
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
    /// Agreements.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// The outbox failed.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The log failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The token is no certificate.
    #[error(transparent)]
    NotACertificate(#[from] NotACertificate),
    /// Not signed by a key that may sign for the caller's organisation now.
    #[error("the certificate is not signed with a valid signing key of the organisation that registers it")]
    SignerRefused,
    /// It names a recipient that takes no part, or the issuer itself.
    #[error("the certificate is for an organisation that is no active member, or for its own issuer")]
    RecipientRefused,
    /// Signed in the future.
    #[error("the certificate is dated in the future; check the gateway's clock")]
    FromTheFuture,
    /// It is over.
    #[error("the certificate's last yes has ended")]
    Over,
    /// A newer version of the record is known.
    #[error("version {known} of this consent is registered; an older one counts no more")]
    VersionOld {
        /// The newest version known here.
        known: u32,
    },
    /// Another certificate of the same version for the same recipient, or another record under the same version.
    #[error(
        "another certificate of this version of the consent is registered; a changed record needs a new version"
    )]
    VersionTaken,
    /// The id stands for another certificate.
    #[error("this certificate id was used before for another certificate")]
    IdReused,
    /// The withdrawal code is another person's.
    #[error("this withdrawal code stands for another person; give the person a code of their own")]
    CodeTaken,
    /// The person took it back.
    #[error("the person has taken this consent back; ask again and register a new version of the record")]
    TakenBack,
    /// A withdrawal names more than it may.
    #[error(
        "a withdrawal names at most 256 categories and 256 fields; to take everything back, name nothing"
    )]
    TooManyParts,
    /// A certificate of which more was taken back than can be noted piece by piece.
    #[error("more was taken back piece by piece than can be noted; take the whole back for this recipient")]
    TooManyPieces,
    /// A holder keeps data until a moment that has passed or lies too far ahead.
    #[error("say until when the data is kept: later than now, and within ten years")]
    KeptUntil,
    /// A holder has answered already, differently.
    #[error("your organisation has answered this withdrawal already")]
    Answered,
}

impl ConsentError {
    const fn deny(&self) -> Option<Deny> {
        match self {
            Self::NotACertificate(_) | Self::SignerRefused => Some(Deny::D302),
            Self::Over => Some(Deny::D305),
            Self::VersionOld { .. } | Self::TakenBack => Some(Deny::D304),
            Self::Access(_)
            | Self::Storage(_)
            | Self::Member(_)
            | Self::Directory(_)
            | Self::Agreement(_)
            | Self::Outbox(_)
            | Self::Audit(_)
            | Self::RecipientRefused
            | Self::FromTheFuture
            | Self::VersionTaken
            | Self::IdReused
            | Self::CodeTaken
            | Self::TooManyParts
            | Self::TooManyPieces
            | Self::KeptUntil
            | Self::Answered => None,
        }
    }
}

impl Coded for ConsentError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Directory(error) => error.code(),
            Self::Agreement(error) => error.code(),
            Self::Outbox(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::NotACertificate(_) => Code::new("consent.certificate_malformed", Fault::Malformed),
            Self::SignerRefused => Code::new("consent.signer_refused", Fault::Refused),
            Self::RecipientRefused => Code::new("consent.recipient_refused", Fault::Refused),
            Self::FromTheFuture => Code::new("consent.from_the_future", Fault::Refused),
            Self::Over => Code::new("consent.over", Fault::Refused),
            Self::VersionOld { .. } => Code::new("consent.version_old", Fault::Conflict),
            Self::VersionTaken => Code::new("consent.version_taken", Fault::Conflict),
            Self::IdReused => Code::new("consent.certificate_id_reused", Fault::Conflict),
            Self::CodeTaken => Code::new("consent.code_taken", Fault::Conflict),
            Self::TakenBack => Code::new("consent.taken_back", Fault::Refused),
            Self::TooManyParts | Self::TooManyPieces => Code::new("consent.too_many_parts", Fault::Refused),
            Self::KeptUntil => Code::new("consent.kept_until", Fault::Refused),
            Self::Answered => Code::new("consent.answered_already", Fault::Conflict),
        }
    }

    fn facts(&self) -> Option<Map<String, Value>> {
        let mut denials = Denials::none();
        denials.raise(self.deny()?);
        let mut facts = Map::new();
        facts.insert(String::from("denials"), json!(denials));
        Some(facts)
    }
}
