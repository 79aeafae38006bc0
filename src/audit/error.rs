//! What can go wrong with the log.

use super::EntryError;
use crate::{
    kernel::{Code, Coded, Fault},
    storage::StorageError,
};

/// A failure of the log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An entry could not be made.
    #[error("an entry of the log could not be made")]
    Entry(#[from] EntryError),
}

impl Coded for AuditError {
    fn code(&self) -> Code {
        match self {
            Self::Storage(error) => error.code(),
            Self::Entry(_) => Code::new("audit.entry", Fault::Internal),
        }
    }
}
