//! Consent: what a person agreed to, what of it the hub may see, and the rule that decides whether a packet may pass.
//!
//! The whole record stays with the organisation that took it. For each recipient the organisation signs a scope certificate, which
//! is pseudonymous and names nobody else the person agreed to, and registers it at the hub ([`register`]). [`gather`] reads what there is
//! to know, and [`judge`] puts certificate, agreement, members, directory and minimum set together; [`release`] does the same at the
//! sender before anything is encrypted. [`withdraw`] takes a consent back, [`ask_holders`] and [`answer`] see it through.
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
//! - **A withdrawal reaches every version of the record that is known when it comes**, certificates registered later included. Only a newer
//!   version of the record, for which the person was asked again, brings a consent back. A newer version replaces every certificate of the
//!   older ones.
//! - **An answer to a withdrawal is an authenticated call, not a signed token.** The log keeps who gave it and when; what it says is worth what
//!   the holder's word is worth.
//! - **An exception ends.** On its day the holder is asked again, with as much time as at first and the same escalation, and a withdrawal that
//!   was closed is open until it has answered: destroyed, or kept for another reason and until another day.
//! - **What a recipient writes back rests on two yeses**: the agreement's flow in that direction, and the person's yes to what goes back. The
//!   scope of the certificate does not bound it, because nobody can name beforehand what a recipient finds out.
//! - **Passing on rests on the person, on every agreement on the way, and on what was received** (D706, and D306 where the person did not name
//!   the next recipient). Where the text leaves room, the narrower reading counts:
//!   - The referral that is continued must be in service: whoever passes on is serving the person, and nobody restricted or withdrew it.
//!   - The yes is either the sender's own certificate for the next recipient, or that of the referral it continues, whose line for this
//!     sender names the next recipient. The second reaches one step: nobody was asked about a third organisation through it, so who
//!     received something that was passed on asks the person again. What rests on it falls with it, everywhere.
//!   - Each agreement on the way back to the first sender must list the next recipient and leave a step over, in the version that was cited
//!     and in the newest: what was narrowed counts at once, what was widened later does not. "Within the same legal person" lists nobody,
//!     because the hub knows organisations and not whose they are.
//!   - The purpose stays the same; a purpose that is narrower is not on the closed list. The person's line may name the service.
//!   - Each field says where it is from. That a field was in the referral is held against its manifest while the hub has it and against what
//!     its agreement lets flow afterwards; the sender's gateway, which has the packet, always holds it against the manifest.
//!   - What an organisation that was never named was denied cannot be seen in a certificate; whoever makes one leaves out of a line's onward
//!     list everybody whom another line refuses anything.
//!   - Who received what was passed on under the first sender's certificate writes nothing back sealed: nobody was asked about that.
//! - **A partial withdrawal denies a part of a certificate instead of replacing it**: the hub cannot sign for the issuer, and must
//!   not wait for it. The issuer registers a narrower certificate when it can.
//! - **Eligibility and area (D105, D106) are not judged at the hub.** What a service is for stands in the directory in words, and who and where
//!   the person is stands in sealed fields: age, sex and place would have to be told to the hub, for a refusal that the sender can lift anyhow.
//!   The hub takes both as unknown; who chooses the service looks at them, and the recipient declines with a reason.
//! - **Bars for safeguarding and complaints (D108, D109) are not judged**, because nobody keeps either yet. The conditions are in the rule;
//!   [`policy::NOT_RAISED`](crate::policy::NOT_RAISED) lists what nothing raises.
//! - **Modes that are not built are refused as a whole** with the first code of their family, so that nothing passes unjudged.

mod attested;
mod certificate;
mod duty;
mod error;
mod facts;
mod forget;
mod grant;
mod holders;
mod onward;
mod owe;
mod private;
mod record;
mod register;
mod release;
mod reply;
mod rule;
#[cfg(test)]
pub(crate) mod sample;
mod status;
mod store;
mod views;
mod wanted;
mod withdraw;
mod withdrawal;

pub use attested::Attested;
pub use certificate::{
    Claims, Flags, MAX_CLAIMS_BYTES, Made, NotACertificate, code_digest, is_withdrawal_code,
};
pub use duty::{Duty, DutyColumns, DutyView, HolderAnswer, Owed, Said, days_to_keep_until};
pub use error::ConsentError;
pub use facts::{Counted, gather};
pub use forget::{FORGET_BATCH, forget_certificate, over};
pub use grant::{
    AgreementVersion, Asked, Bounds, Effect, GrantLine, MOST_LINES, Named, Operation, Scope, permitted,
};
pub use holders::{Answered, Settled, answer, ask_again, ask_holders, escalate, has_ended_exceptions};
pub use onward::{FieldSource, Link, Parent, shorter};
pub use owe::{OwedWithdrawal, owed_withdrawal, owed_withdrawals, owed_withdrawals_of};
pub use private::Private;
pub use record::{
    AgeBasis, Answer, Assent, Assented, Attestation, Capacity, CapacityFinding, Choice, Collected, Companion,
    ContactCondition, ControllerBasis, Evidence, Expression, ExpressionMethod, FollowUp, Given, Guardian,
    GuardianMode, GuardianRelation, Information, Interpreter, InterpreterRelation, MAX_RECORD_BYTES, Mandate,
    MandateEvidence, NotARecord, NotAsked, Notice, NoticeMedium, Record, Representative, SecondAttestation,
    SecondAttester, Source, SubjectClass, ThirdParties, Understanding, Waiver, WithdrawalWay,
};
pub use register::{MAX_CERTIFICATE, Register, register};
pub use release::{Attached, Dropped, FormFacts, Narrative, Release, Released, WhenThePersonSaidNo, release};
pub use reply::{SeenCertificate, release_seen};
pub use rule::{
    Area, Availability, CitedAgreement, CitedCertificate, Course, Covering, Eligibility, Facts, FieldFact,
    KnownField, Member, Offer, Onwards, Permission, Presented, Proposal, ProtectionSignal, judge,
};
pub use status::{ConsentMove, NotAStatus, Refused, Status};
pub use views::{
    CertificateView, HolderView, WithdrawalView, find_certificate, find_withdrawal, late_withdrawals,
    list_withdrawals,
};
pub use wanted::{Wanted, WantedField, promised};
pub use withdraw::{Whose, Withdraw, Withdrawn, withdraw};
pub use withdrawal::{DeniedPart, Exception, Extent, Fall, Holding, Step};
