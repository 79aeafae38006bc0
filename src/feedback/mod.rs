//! What the person a referral is about can do by themselves: see where it stands and what was left for them, leave a note, take back consent,
//! ask that something be put right, say how it went.
//!
//! The sender hands the person a [code](PersonCode) and a [PIN](Pin) for one referral. There is no account, no name and no
//! address behind them.
//!
//! # Invariants
//!
//! - Code and PIN are shown once, to the sender, and stored only as keyed digests: whoever reads the database cannot try them out
//!   without the node's key.
//! - A wrong code, a wrong PIN, a pause and a code past its time get one and the same answer after the same statements.
//! - A rating is given once. No row ties it to the referral, to the code or to a moment: it knows its quarter.
//! - Ratings are released for quarters that are over, and only where at least [`LEAST_RATINGS`] were given.
//!
//! # What it does not do
//!
//! It takes no text: complaints are a channel of their own, past the organisations concerned. It does not withdraw a consent itself, and keeps
//! neither notes nor wishes to have something put right: it says whose referral it is, and `referrals` does the rest.
//!
//! ## Decisions
//!
//! - **A keyed digest and not a slow hash.** A slow hash protects against somebody who has the digest and can try; without the node's
//!   key nobody can try here, and with it (the node's own machine) there is nothing to gain that its database does not show anyway.
//!   So strangers cannot make the hub spend its processors on wrong codes.
//! - **The pause doubles** from one round of wrong PINs to the next, up to a day. It holds for the right PIN too, or it would tell
//!   which one is right.
//! - **Given up**: where a service has few referrals in a quarter, the node's operator can guess whose rating it was. Nobody is shown
//!   it; see the released numbers above.

mod code;
mod correct;
mod error;
mod hand_out;
mod key;
mod leave_note;
mod look;
mod rate;
mod status;
mod store;
mod summary;

pub use code::{PersonCode, Pin};
pub use correct::{Correct, correct};
pub use error::FeedbackError;
pub use hand_out::hand_out;
pub use key::{Issue, Issued, Opened, Pauses, Presented, forget_before, issue, open};
pub use leave_note::{LeaveNote, leave_note};
pub use look::{look, take_back};
pub use rate::{Rate, Rating, rate};
pub use status::{RatingGiven, WhereItStands, Word};
pub use summary::{About, LEAST_RATINGS, Quarter, Share, Summary, summary};
