//! What can go wrong with the outbox.

use crate::{
    access::AccessError,
    kernel::{Code, Coded, Fault},
    storage::StorageError,
};

/// A failure of the outbox.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Whoever asks may not read notices.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// An event could not be written as JSON.
    #[error("an event could not be written")]
    Payload(#[source] serde_json::Error),
}

impl Coded for OutboxError {
    fn code(&self) -> Code {
        match self {
            Self::Storage(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::Payload(_) => Code::new("outbox.payload", Fault::Internal),
        }
    }
}
