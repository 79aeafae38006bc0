//! What can be refused here.

use crate::{
    access::AccessError,
    audit::AuditError,
    kernel::{Code, Coded, Fault},
    referrals::ReferralError,
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The audit entry could not be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The referral could not be read, or what rests on it not be taken back.
    #[error(transparent)]
    Referral(#[from] ReferralError),
    /// Wrong code, wrong PIN, paused, or past its time: all the same outside.
    #[error(
        "code and PIN do not fit; after several tries there is a pause, and whoever gave you the code can give you a new one"
    )]
    NotOpened,
    /// The person has said how it went.
    #[error("this was rated already; a rating is given once")]
    RatedAlready,
    /// Nothing was answered.
    #[error("answer at least one question")]
    NothingSaid,
    /// No kind of thing was named.
    #[error("say which kind of thing is wrong, one at least")]
    NothingToCorrect,
    /// A number outside the scale.
    #[error("need_met is a number from 1 to 5")]
    OutsideTheScale,
    /// The text is not a quarter.
    #[error("a quarter looks like 2026-Q1")]
    NotAQuarter,
    /// Numbers of a quarter are released when it is over.
    #[error("this quarter is not over yet")]
    QuarterNotOver,
}

impl Coded for FeedbackError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Referral(error) => error.code(),
            Self::NotOpened => Code::new("feedback.not_opened", Fault::Unauthenticated),
            Self::RatedAlready => Code::new("feedback.rated_already", Fault::Conflict),
            Self::NothingSaid => Code::new("feedback.nothing_said", Fault::Refused),
            Self::NothingToCorrect => Code::new("feedback.nothing_to_correct", Fault::Refused),
            Self::OutsideTheScale => Code::new("feedback.outside_the_scale", Fault::Refused),
            Self::NotAQuarter => Code::new("feedback.not_a_quarter", Fault::Malformed),
            Self::QuarterNotOver => Code::new("feedback.quarter_not_over", Fault::Refused),
        }
    }
}
