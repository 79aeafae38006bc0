//! What can go wrong with the log.

use super::EntryError;
use crate::{
    access::AccessError,
    kernel::{Code, Coded, Fault},
    storage::StorageError,
};

/// A failure of the log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Not allowed.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// An entry could not be made.
    #[error("an entry of the log could not be made")]
    Entry(#[from] EntryError),
    /// What is stored contradicts itself.
    #[error("the stored log is broken: {0}; run `throughline audit verify`")]
    Broken(&'static str),
    /// Looking at the whole log found so many things that are wrong.
    #[error(
        "the log is not what it must be ({0} wrong); keep this database as it is and compare it with a backup and with the checkpoints that others hold"
    )]
    Unsound(u64),
    /// A place or a size that the tree does not have.
    #[error("the log has no such entry, or has not given it a place yet")]
    NotInTree,
    /// A proof that does not prove.
    #[error("this proof does not hold")]
    BadProof,
    /// A file that is not a proof, a checkpoint or a bundle.
    #[error("this is not a {what}: {reason}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A checkpoint without a valid signature of the key it is held against.
    #[error("the checkpoint is not signed by the expected key")]
    BadSignature,
    /// A key that cannot sign or check checkpoints.
    #[error("this is not a key for the log: {0}")]
    BadKey(&'static str),
}

impl Coded for AuditError {
    fn code(&self) -> Code {
        match self {
            Self::Storage(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::Entry(_) => Code::new("audit.entry", Fault::Internal),
            Self::Broken(_) => Code::new("audit.broken", Fault::Internal),
            Self::Unsound(_) => Code::new("audit.unsound", Fault::Refused),
            Self::NotInTree => Code::new("audit.not_in_tree", Fault::NotFound),
            Self::BadProof => Code::new("audit.bad_proof", Fault::Refused),
            Self::Malformed { .. } => Code::new("audit.malformed", Fault::Malformed),
            Self::BadSignature => Code::new("audit.bad_signature", Fault::Refused),
            Self::BadKey(_) => Code::new("audit.bad_key", Fault::Malformed),
        }
    }
}
