//! What can be refused here.

use crate::{
    access::AccessError,
    audit::AuditError,
    crypto,
    factors::FactorError,
    kernel::{Code, Coded, Fault},
    outbox,
    policy::CalendarError,
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit entry could not be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The organisation is suspended.
    #[error("this organisation is suspended; its coordinator can say why")]
    Suspended,
    /// The node's own roles cannot be given to members, nor members' roles to the node's people.
    #[error(
        "this role cannot be given here: coordinator and operator belong to the node, the others to member organisations"
    )]
    RoleDoesNotFit,
    /// Somebody without any role could do nothing.
    #[error("give at least one role")]
    NoRole,
    /// Nobody would be left who can manage people.
    #[error("somebody must remain who manages people; give that role to somebody else first")]
    LastAdministrator,
    /// Somebody of the node has this name.
    #[error("somebody has this name already; take another")]
    NameTaken,
    /// With what the hub adds, the name is longer than a name may be.
    #[error("this name is too long: the hub adds five characters to it, and 120 is the most")]
    NameTooLong,
    /// Wrong name, wrong passphrase, paused or removed: all the same outside.
    #[error("name and passphrase do not fit; after several tries there is a pause of some minutes")]
    SignInRefused,
    /// The passphrase was right, and a code is needed as well.
    #[error("this passphrase is right; give the code of the app, or a recovery code, as well")]
    SecondStepNeeded,
    /// A second step could not be worked with.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// The enrolment code is wrong, used, or past its time.
    #[error("this enrolment code is not good any more; ask your administrator for a new one")]
    EnrolmentRefused,
    /// Too short, or one of the words everybody tries.
    #[error("a passphrase needs at least {least} characters; four unrelated words do well")]
    PassphraseTooWeak {
        /// The least number of characters.
        least: usize,
    },
    /// Longer than anybody types.
    #[error("a passphrase has at most {most} characters")]
    PassphraseTooLong {
        /// The greatest number of characters.
        most: usize,
    },
    /// A key is not one that this hub takes.
    #[error("this key cannot be used: {0}")]
    Key(#[from] crypto::KeyError),
    /// A key is known already, here or at another organisation.
    #[error("this key is known already; every purpose takes a key of its own")]
    KeyKnown,
    /// A token is not what it should be.
    #[error("this statement cannot be taken: {0}")]
    Statement(#[from] crypto::GateError),
    /// A statement does not follow the one before.
    #[error(
        "this statement does not follow the last one: expected number {expected} that names the digest of the one before"
    )]
    BrokenChain {
        /// The number that would follow.
        expected: i64,
    },
    /// A statement says something that may not be said.
    #[error("this statement cannot be taken: {0}")]
    StatementRefused(&'static str),
    /// A calendar cannot be worked with.
    #[error("this calendar cannot be used: {0}")]
    Calendar(#[from] CalendarError),
    /// Secrets could not be made or checked.
    #[error("a secret could not be worked with")]
    Secret(#[source] crypto::PassphraseError),
}

impl Coded for MemberError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Suspended => Code::new("member.suspended", Fault::Forbidden),
            Self::RoleDoesNotFit => Code::new("member.role_does_not_fit", Fault::Refused),
            Self::NoRole => Code::new("member.no_role", Fault::Refused),
            Self::LastAdministrator => Code::new("member.last_administrator", Fault::Conflict),
            Self::NameTaken => Code::new("member.name_taken", Fault::Conflict),
            Self::NameTooLong => Code::new("member.name_too_long", Fault::Malformed),
            Self::SignInRefused => Code::new("member.sign_in_refused", Fault::Unauthenticated),
            Self::SecondStepNeeded => Code::new("member.second_step_needed", Fault::Unauthenticated),
            Self::Factor(error) => error.code(),
            Self::EnrolmentRefused => Code::new("member.enrolment_refused", Fault::Unauthenticated),
            Self::PassphraseTooWeak { .. } => Code::new("member.passphrase_too_weak", Fault::Refused),
            Self::PassphraseTooLong { .. } => Code::new("member.passphrase_too_long", Fault::Refused),
            Self::Key(_) => Code::new("member.key_refused", Fault::Refused),
            Self::KeyKnown => Code::new("member.key_known", Fault::Conflict),
            Self::Statement(_) | Self::StatementRefused(_) => {
                Code::new("member.statement_refused", Fault::Refused)
            }
            Self::BrokenChain { .. } => Code::new("member.statement_out_of_order", Fault::Conflict),
            Self::Calendar(_) => Code::new("member.calendar_refused", Fault::Refused),
            Self::Secret(_) => Code::new("member.secret", Fault::Internal),
        }
    }
}

impl From<outbox::OutboxError> for MemberError {
    fn from(error: outbox::OutboxError) -> Self {
        match error {
            outbox::OutboxError::Storage(error) => error.into(),
            outbox::OutboxError::Access(error) => error.into(),
            outbox::OutboxError::Payload(_) => StorageError::Unreadable("outbox.payload").into(),
        }
    }
}
