//! What can be refused here.

use crate::{
    access::AccessError,
    audit::AuditError,
    kernel::{Code, Coded, Fault},
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// The actor may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit entry could not be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// There is an app already.
    #[error("an app is set up already; turn it off first")]
    On,
    /// Nothing is set up.
    #[error("no second step is set up")]
    Off,
    /// The code is wrong, or was used.
    #[error("this code is not right, or not any more; take the one that the app shows now")]
    CodeRefused,
    /// The browser's answer does not fit what it was asked, or came too late.
    #[error("this passkey was not taken; try again")]
    PasskeyRefused,
    /// A passkey counted no further than it had before: there may be a copy of it. Said in the log alone.
    #[error("this passkey was not taken; try again")]
    PasskeyCopied,
    /// Browsers make no passkeys for the hub's address.
    #[error("passkeys need a hub whose address has a name and begins with https, and this one's does not")]
    NoSite,
    /// Somebody has this many passkeys at most.
    #[error("there are {most} passkeys at most; remove one that is not used any more")]
    TooManyPasskeys {
        /// The limit.
        most: usize,
    },
    /// What is kept does not open under the node's key.
    #[error("what is kept of a second step does not open; an administrator gives a new code")]
    Sealed,
}

impl Coded for FactorError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::On => Code::new("factor.on", Fault::Conflict),
            Self::Off => Code::new("factor.off", Fault::Conflict),
            Self::CodeRefused => Code::new("factor.code_refused", Fault::Refused),
            Self::PasskeyRefused => Code::new("factor.passkey_refused", Fault::Refused),
            Self::PasskeyCopied => Code::new("factor.passkey_copied", Fault::Refused),
            Self::NoSite => Code::new("factor.no_site", Fault::Refused),
            Self::TooManyPasskeys { .. } => Code::new("factor.too_many_passkeys", Fault::Refused),
            Self::Sealed => Code::new("factor.sealed", Fault::Internal),
        }
    }
}
