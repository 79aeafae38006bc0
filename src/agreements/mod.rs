//! Data-sharing agreements: what two organisations signed about which fields may flow for which purpose.
//!
//! An agreement is one JSON document. Its parties sign its exact bytes; its digest is the digest of those bytes; a change is a new
//! version. The hub refuses what no agreement in force covers, so the document is executable, not a file in a drawer.
//!
//! # Invariants
//!
//! - What is signed is never written again: bytes, digest and signatures are kept as they came.
//! - In force means: signed by every party, begun, not ended, not suspended, reviewed in time, and the newest version.
//! - Nothing is symmetric and nothing is implied: a flow has one direction, a field that is not listed does not flow, a most
//!   sensitive field is opened by itself.
//! - A document that breaks a rule of the mechanism cannot be offered; a prohibited purpose cannot even be written down.
//!
//! It does not decide about a packet: `consent` judges, with what the agreement says as one of its facts. How far an agreement may
//! go is not decided here either: that is the policy's `agreement-limits`. Only what the form of the document demands is in code.

mod agreement;
mod changes;
mod check;
mod cover;
mod document;
mod draft;
mod error;
mod offer;
mod review;
#[cfg(test)]
pub(crate) mod sample;
mod sign;
mod standing;
mod state;
mod store;
mod suspend;
mod take_effect;
mod terminate;
mod terms;
mod views;

pub use agreement::{Agreement, Which};
pub use changes::{Changes, Part, Use, Wider, wider_for};
pub use check::{Checked, Complaint, opens};
pub use cover::{Cover, cover, covering, covers_direction, signatures_stand};
pub use document::{
    Article6, Article9, AuditRights, Children, Clearance, Confidentiality, ControllerRole, Crypto,
    Destruction, DestructionMethod, Document, Dpia, Flow, Incidents, Item, Jurisdiction, Keep, LegalBasis,
    MAX_DOCUMENT_BYTES, Mechanism, Medium, Method, Nature, NotADocument, Onward, OnwardRule, OpenCategory,
    OpenField, Party, Purpose, Retention, Rights, Sensitive, StricterTier, Transfer, Validity, Volumes,
};
pub use draft::{Draft, draft};
pub use error::AgreementError;
pub use offer::{offer, retract};
pub use review::review;
pub use sign::{MAX_SIGNATURE, Sign, Signature, digest_of_signed, sign};
pub use standing::{Destroy, Effects, NewPackets, OpenReferrals, Queued, Reports, Standing, review_due};
pub use state::{Ending, Move, Refused, State, StoppedFlow, SuspensionReason};
pub use suspend::{FlowName, Suspend, resume, suspend};
pub use take_effect::{DUE_BATCH, anything_due, move_due, purging};
pub use terminate::{Terminate, terminate};
pub use terms::{FlowTerms, Terms};
pub use views::{
    AgreementDetail, AgreementView, ENDS_SOON_DAYS, ListedAgreement, MOST_PRESSING, SignatureView,
    StoppedFlowView, ending, find_agreement, list_agreements, look_through, pressing,
};
