//! What can be refused here.

use crate::{
    access::AccessError,
    audit::AuditError,
    crypto,
    kernel::{Code, Coded, Fault},
    members::MemberError,
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit entry could not be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// People or keys could not be read.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A sealed token is not of the form it must have.
    #[error("this cannot be kept: {0}")]
    Token(#[from] crypto::GateError),
    /// A wrap that a thief of the database could try out.
    #[error(
        "this wrap is weaker than the floor: 600,000 rounds of PBKDF2-SHA256, or HKDF-SHA256 over 160 random bits"
    )]
    WeakWrap,
    /// A signing key where an encryption key belongs, or the other way round.
    #[error("this key is for something else: a device key signs, a member key is encrypted to")]
    WrongUse,
    /// The key is somebody's already.
    #[error("this key is known already; every device and every person has a key of its own")]
    KeyKnown,
    /// There is one, and nobody said that it is to be replaced.
    #[error("there is a key already; name its version to replace it")]
    Exists,
    /// Somebody changed it in between.
    #[error("this was changed in between; read it again")]
    Changed,
    /// A person has this many devices at most.
    #[error("a person has {most} devices at most; remove one that is not used any more")]
    TooManyDevices {
        /// The limit.
        most: usize,
    },
    /// No statement of the organisation names this member key as confirmed.
    #[error(
        "a keyring is handed only to a key that the organisation's signed statement names; publish the statement first"
    )]
    NotConfirmed,
    /// No key of the organisation goes by this thumbprint and role.
    #[error("there is no such key of this organisation to hand out")]
    NoSuchKey,
    /// The token is sealed to somebody else.
    #[error("this keyring is sealed to another key than it names")]
    OtherMember,
    /// More at once than is taken.
    #[error("hand in 1 to {most} keyrings at once")]
    TooManyKeyrings {
        /// The limit.
        most: usize,
    },
    /// The organisation keeps too much.
    #[error("an organisation keeps {most} papers at most")]
    TooManyPapers {
        /// The limit.
        most: i64,
    },
}

impl Coded for CustodyError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Token(_) => Code::new("custody.token_refused", Fault::Refused),
            Self::WeakWrap => Code::new("custody.weak_wrap", Fault::Refused),
            Self::WrongUse => Code::new("custody.wrong_use", Fault::Refused),
            Self::KeyKnown => Code::new("custody.key_known", Fault::Conflict),
            Self::Exists => Code::new("custody.exists", Fault::Conflict),
            Self::Changed => Code::new("custody.changed", Fault::Conflict),
            Self::TooManyDevices { .. } => Code::new("custody.too_many_devices", Fault::Refused),
            Self::NotConfirmed => Code::new("custody.not_confirmed", Fault::Refused),
            Self::NoSuchKey => Code::new("custody.no_such_key", Fault::Refused),
            Self::OtherMember => Code::new("custody.other_member", Fault::Refused),
            Self::TooManyKeyrings { .. } => Code::new("custody.too_many_keyrings", Fault::Malformed),
            Self::TooManyPapers { .. } => Code::new("custody.too_many_papers", Fault::Refused),
        }
    }
}
