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
            Self::Sealed => Code::new("factor.sealed", Fault::Internal),
        }
    }
}
