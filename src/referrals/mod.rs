//! A referral from submission to its end, and until everybody knows how it ended.
//!
//! # Invariants
//!
//! - What can happen is one table ([`Standing::step`]); a move that is not in it is refused with a code.
//! - Every move is an event: signed by whoever made it, naming the event before it, appended and never changed.
//! - The hub's order counts. An event that cites an older one is refused; only a withdrawal needs no order.
//! - A withdrawal beats everything, needs no reason and cannot be turned away.
//! - Deadlines are computed at submission and stored as moments: a later policy does not rewrite them.
//! - Events hold codes, ids and dates. Text travels in packets, sealed, and an event names the packet.
//!
//! Packets come in and go out here ([`take`], [`fetch`]): this room asks `consent` for its judgement and does nothing without it. It does not
//! look into packets, and does not send anything: what others should know goes into the outbox.
//!
//! ## Decisions
//!
//! - **A packet is judged twice**: when it comes, and when it is handed over first. In between an agreement may have been suspended or
//!   replaced, and the person may have taken something back. The day's volume and an open referral count only the first time.
//! - **A packet that takes another back needs nobody's leave**, holds no field, and deletes that one's ciphertext.
//! - **Information without data is no packet.** It is recorded as a need ([`record_need`]).
//! - **The same packet twice at once is one.** Whoever comes second gets the first one's receipt; the log has a refusal for the second.
//! - **L1 is not an event of its own.** The hub moves the loop to *outcome known* in the step that ends the referral.
//! - **Two people or two sides** (cancelling a running service, handing over, declaring an error late) are two events: the first is
//!   kept as pending, the second carries it out. A changed second one starts anew.
//! - **The third missed appointment is T18**: the same event that reports it ends the referral with FX02.
//! - **A recipient that refuses to cancel gives a DR code**: it declines the request, and no other list fits.
//! - **Destruction after the end has an answer** ([`answer_destruction`]): an authenticated call of the recipient, as for a withdrawal and
//!   by the same machine. Unanswered it becomes overdue, which the sender sees. The duty is kept beside the ledger, not in it.
//! - **What a person asks to have put right is a duty beside the ledger** ([`ask_correction`]), of each organisation for what it holds. The
//!   hub takes no words and moves no referral for it: a letter with what is right is an update like any other.
//! - **What a person and the two sides leave for each other is a sentence of a list** ([`leave_persons_note`], [`leave_note`]), beside the
//!   ledger, and no event: nothing rests on it. Each sentence stands once between the person and an organisation and is never refused for
//!   want of room, because one of them warns. That a number must not be called only the person takes back, and only in so many words.
//! - **Passing on (T35) is two things**: the packet that continues a referral, judged as every packet is and by what it continues, and the
//!   event by which its recipient signs that it did. The first sender is told by the packet, so that it hears of it whether the event
//!   comes or not: for what, and, where its own consent carries it, to whom. What is added later names the same referral and is judged
//!   the same way. When the person takes back what the next organisation may have, what was passed on to it ends and nothing else.
//! - **A referral is forgotten whole** ([`forget`]): envelopes, events, clocks and row go in one transaction when the policy's time for
//!   the ledger is over, counted from its end. One that is open, that an open one continues, or that a withdrawal, a restriction or a legal
//!   hold is on stays. What was disclosed to whom stays longer, as a record of its own. The log is not touched: it names nobody.
//! - **Restriction, legal hold and the end of a withdrawal** are rows O1 to O5: the table describes their flags and not their moves.

mod act;
mod apply;
mod correct;
mod deliver;
mod destroy;
mod disclosures;
mod error;
mod event;
mod fetch;
mod forget;
mod ground;
mod held;
mod holders;
mod meant;
mod moves;
mod named;
mod names;
mod needs;
mod notes;
mod onward;
mod oversee;
mod owe;
mod proposal;
mod read;
mod receipt;
mod referral;
mod sign_ahead;
pub mod state;
mod store;
mod submit;
mod take;
mod take_back;
mod tick;
mod timers;
mod views;
mod withdraw;

pub use act::{Act, act};
pub use apply::Moved;
pub use correct::{
    CORRECTION_BATCH, CorrectionAnswer, CorrectionAsked, CorrectionKind, CorrectionStanding, CorrectionView,
    answer_correction, ask_correction, corrections_asked, follow_corrections, has_overdue_corrections,
    late_corrections, list_corrections, may_answer, pressing_corrections,
};
pub use deliver::{Deliver, deliver};
pub use destroy::{
    DESTRUCTION_BATCH, DestructionView, answer_destruction, follow_destructions, has_due_destructions,
    late_destructions, list_destructions,
};
pub use disclosures::{Disclosures, MOST_DISCLOSED, Stated, disclosures, subject_of};
pub use error::ReferralError;
pub use event::{Event, MAX_EVENT, NotAnEvent};
pub use fetch::fetch;
pub use forget::{
    FORGET_BATCH, Forgotten, Past, forget, forget_certificates, forget_disclosures, has_past_disclosures,
    past,
};
pub use ground::Ground;
pub use held::tell_held;
pub use meant::Seen;
pub use moves::{By, CaseClosure, Move, NextStep, Number, Report, Told};
pub use names::{LoopName, StateName};
pub use needs::{Area, NeedKind, NeedView, NotAnArea, RecordNeed, list_needs, recent_needs, record_need};
pub use notes::{
    ForPerson, LastLeft, LeftByPerson, LeftForPerson, Mailbox, NOTE_BATCH, OrganisationNote, PersonNote,
    UnreadNote, forget_read_notes, has_read_notes, leave_note, leave_persons_note, look_into_mailbox,
    mailbox, read_notes, unread_notes,
};
pub use oversee::{Oversee, Oversight, oversee};
pub use owe::{About, NotADuty, OwedView, find_owed, list_owed, owed_about};
pub use read::{
    Listing, Side, Tray, Whose, find_for_person, find_referral, late_referrals, later_referrals,
    list_referrals, view_of,
};
pub use receipt::{EventReceipt, Recorded};
pub use referral::{Origin, Referral};
pub use sign_ahead::{SignedAhead, sign_ahead};
pub use state::{
    Appointment, Assigned, CancelAsked, Effect, ErrorAsked, Flags, Held, Loop, Pending, Refused, Service,
    Standing, State, Step, TransferAsked,
};
pub use submit::{Submission, Submitted, has_open, known, submit};
pub use take::{Taken, take, taken_before};
pub use take_back::{answer_withdrawal, take_back, take_back_referral};
pub use tick::{TICK_BATCH, has_due, tick};
pub use timers::{Fired, Terms, Timer, TimerKind};
pub use views::{DueView, EventView, PartyView, PersonState, PersonView, ReferralView, person_view};
pub use withdraw::{
    AgreementNow, follow_agreement, follow_standing, purge_undelivered, settle_under, withdraw_under,
};
