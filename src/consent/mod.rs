//! Consent: what a person agreed to, what of it the hub may see, and the rule that decides whether a packet may pass.
//!
//! The whole record stays with the organisation that took it. For each recipient the organisation signs a scope certificate, which
//! is pseudonymous and names nobody else the person agreed to. [`judge`] puts certificate, agreement, members, directory and minimum
//! set together; [`release`] does the same at the sender before anything is encrypted.
//!
//! # Invariants
//!
//! - No grant, no disclosure; a no beats a yes; what was not answered is a no.
//! - Every failing condition is reported, not only the first one found.
//! - A withdrawal needs no reason, is never turned away, and stops further packets in the transaction that records it.
//! - The hub holds certificates and digests, never a record.
//! - Only [`release`] makes a [`Release`]; without one nothing is sealed.
//!
//! It does not move referrals and does not look into packets.
//!
//! ## Decisions
//!
//! - **A partial withdrawal denies a part of a certificate instead of replacing it**: the hub cannot sign for the issuer, and must
//!   not wait for it. The issuer registers a narrower certificate when it can.
//! - **Modes that are not built are refused as a whole** with the first code of their family, so that nothing passes unjudged.

mod certificate;
mod grant;
mod private;
mod record;
mod release;
mod rule;
#[cfg(test)]
pub(crate) mod sample;
mod status;
mod wanted;
mod withdrawal;

pub use certificate::{Claims, Flags, MAX_CLAIMS_BYTES, Made, NotACertificate, code_digest};
pub use grant::{
    AgreementVersion, Asked, Bounds, Effect, GrantLine, MOST_LINES, Named, Operation, Scope, permitted,
};
pub use private::Private;
pub use record::{
    AgeBasis, Answer, Attestation, Capacity, CapacityFinding, Choice, Collected, Companion, ContactCondition,
    ControllerBasis, Evidence, Expression, ExpressionMethod, FollowUp, Given, Information, Interpreter,
    InterpreterRelation, MAX_RECORD_BYTES, NotARecord, Notice, NoticeMedium, Record, Representative,
    SecondAttestation, SecondAttester, Source, SubjectClass, ThirdParties, Understanding, WithdrawalWay,
};
pub use release::{Attached, Dropped, FormFacts, Narrative, Release, Released, WhenThePersonSaidNo, release};
pub use rule::{
    Area, Availability, CitedAgreement, CitedCertificate, Covering, Eligibility, Facts, FieldFact,
    KnownField, Member, Offer, Onwards, Permission, Presented, Proposal, ProtectionSignal, judge,
};
pub use status::{ConsentMove, NotAStatus, Refused, Status};
pub use wanted::{Wanted, WantedField};
pub use withdrawal::{DeniedPart, ESCALATE_AFTER, Exception, Extent, Fall, Holding, Step};
