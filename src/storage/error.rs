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
    /// The connection broke between sending the commit and hearing of it.
    #[error(
        "the database fell silent while this was being committed, so it may have been done or not; ask again with the same \
         Idempotency-Key, or look"
    )]
    OutcomeUnknown(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The database could not be opened at all.
    #[error(
        "the database cannot be opened; see that its server runs or its file can be written, or correct database.url"
    )]
    NotOpened(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server only reads: it is a standby, or was set so.
    #[error(
        "the database server takes no writes: it stands in for another one, or was set to read only; name the one that takes them in \
         database.url"
    )]
    ReadOnly,
    /// The SQLite file is not there.
    #[error(
        "the database file {0} is not there; for a new node run `throughline init`, for an old one see that its disk is mounted, or \
         correct database.url"
    )]
    Missing(String),
    /// The SQLite file is not what was written into it.
    #[error(
        "the database file is damaged; stop the hub, keep a copy of the file, and restore a backup with `throughline db restore`"
    )]
    Damaged(#[source] DieselError),
    /// Another process serves from the same file.
    #[error("another process already serves from {0}; stop it first, or give this one another database.url")]
    InUse(String),
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
                // A server that does not take writes is one that stands in for another, or has lost its place to one.
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction => return Self::Gone(Some(Box::new(error))),
                DatabaseErrorKind::SerializationFailure => return Self::Busy,
                DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::RestrictViolation
                | DatabaseErrorKind::ExclusionViolation
                | DatabaseErrorKind::Unknown
                | _ => {}
            }
            let says = |any: &[&str]| any.iter().any(|part| message.contains(part));
            if says(&["database or disk is full", "No space left"]) {
                return Self::Full;
            }
            if says(&[
                "database is locked",
                "lock timeout",
                "deadlock detected",
                "canceling statement due to",
            ]) {
                return Self::Busy;
            }
            if says(&["database disk image is malformed"]) {
                return Self::Damaged(error);
            }
            if says(&["file is not a database"]) {
                return Self::Schema(String::from(
                    "the file of database.url is not a SQLite database; name another file, or restore a backup with \
                     `throughline db restore`",
                ));
            }
            let gone = [
                "server closed the connection",
                "terminating connection",
                "the database system is",
                "no connection to the server",
                "disk I/O error",
                "unable to open database file",
                "attempt to write a readonly database",
            ];
            if says(&gone) {
                return Self::Gone(Some(Box::new(error)));
            }
        }
        if matches!(error, DieselError::BrokenTransactionManager) {
            return Self::Gone(Some(Box::new(error)));
        }
        let DieselError::RollbackErrorOnCommit { commit_error, .. } = error else {
            return Self::Statement(error);
        };
        // The commit's own failure says more than that of the rollback after it.
        let said = Self::from(*commit_error);
        if let Self::Statement(error) = said { Self::Gone(Some(Box::new(error))) } else { said }
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
            Self::Gone(_) | Self::NotOpened(_) => Code::new("storage.unreachable", Fault::Unavailable),
            Self::OutcomeUnknown(_) => Code::new("storage.outcome_unknown", Fault::Unsure),
            Self::ReadOnly => Code::new("storage.read_only", Fault::Unavailable),
            Self::Missing(_) => Code::new("storage.missing", Fault::Unavailable),
            Self::Damaged(_) => Code::new("storage.damaged", Fault::Internal),
            Self::InUse(_) => Code::new("storage.in_use", Fault::Unavailable),
            Self::Schema(_) => Code::new("storage.schema", Fault::Unavailable),
            Self::Unreadable(_) | Self::Statement(_) | Self::Panicked => {
                Code::new("storage.internal", Fault::Internal)
            }
        }
    }
}

/// Reads a value from the text that its column holds; `column` is named when it cannot be read.
pub(crate) fn read<T: std::str::FromStr>(text: &str, column: &'static str) -> Result<T, StorageError> {
    text.parse().map_err(|_unreadable| StorageError::Unreadable(column))
}
