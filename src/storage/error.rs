//! What can go wrong between here and the disk.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::kernel::{Code, Coded, Fault};

/// A failure of the database, sorted by what the caller can do about it. Causes stay inside.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A uniqueness rule said no; the name is the constraint's or the columns'.
    #[error("a row with the same {0} is there already")]
    Duplicate(String),
    /// The row named with its version was not there any more.
    #[error("somebody else changed this first")]
    Conflict,
    /// Too much waiting work, or a lock that did not come free in time.
    #[error("the database is busy")]
    Busy,
    /// No space left.
    #[error("the disk that holds the database is full")]
    Full,
    /// The connection is gone, or none could be had.
    #[error("the database cannot be reached")]
    Gone(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// A row holds something this version cannot read.
    #[error("a stored row could not be read: {0}")]
    Unreadable(&'static str),
    /// The tables are not those this version was built for.
    #[error("{0}")]
    Schema(String),
    /// Anything else the database said.
    #[error("the database refused a statement")]
    Statement(#[source] DieselError),
    /// A piece of work panicked. It was rolled back.
    #[error("an internal fault stopped this work")]
    Panicked,
}

impl From<DieselError> for StorageError {
    fn from(error: DieselError) -> Self {
        if let DieselError::DatabaseError(kind, info) = &error {
            let message = info.message();
            match kind {
                DatabaseErrorKind::UniqueViolation => {
                    let name = info.constraint_name().unwrap_or(message).to_owned();
                    return Self::Duplicate(name);
                }
                DatabaseErrorKind::ClosedConnection => return Self::Gone(Some(Box::new(error))),
                DatabaseErrorKind::SerializationFailure => return Self::Busy,
                DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::RestrictViolation
                | DatabaseErrorKind::ExclusionViolation
                | DatabaseErrorKind::Unknown
                | _ => {}
            }
            if message.contains("database or disk is full") || message.contains("No space left") {
                return Self::Full;
            }
            if message.contains("database is locked")
                || message.contains("lock timeout")
                || message.contains("deadlock detected")
            {
                return Self::Busy;
            }
            if message.contains("server closed the connection") || message.contains("terminating connection")
            {
                return Self::Gone(Some(Box::new(error)));
            }
        }
        Self::Statement(error)
    }
}

impl From<diesel::r2d2::PoolError> for StorageError {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::Gone(Some(Box::new(error)))
    }
}

impl Coded for StorageError {
    fn code(&self) -> Code {
        match self {
            Self::Duplicate(_) => Code::new("storage.duplicate", Fault::Conflict),
            Self::Conflict => Code::new("storage.conflict", Fault::Conflict),
            Self::Busy => Code::new("storage.busy", Fault::Unavailable),
            Self::Full => Code::new("storage.full", Fault::Unavailable),
            Self::Gone(_) => Code::new("storage.unreachable", Fault::Unavailable),
            Self::Schema(_) => Code::new("storage.schema", Fault::Unavailable),
            Self::Unreadable(_) | Self::Statement(_) | Self::Panicked => {
                Code::new("storage.internal", Fault::Internal)
            }
        }
    }
}
