//! Whether a service is for somebody: what it says of whom it takes, against what a case worker chose to say of the person.
//!
//! # Decisions
//!
//! - There are three answers. What neither side has said is never a no: it is [`Answer::NotKnown`], with the rule to ask the provider about.
//! - Of what a person can be several of at once (populations, health, languages, …) what was not named is not known either, until
//!   `complete` in [`Asked`] says that nothing else applies.
//! - Rules of one group all apply; groups are alternatives. A group of exclusions that applies beats every inclusion.
//! - A service that states nothing is not known to be for anybody. [`Attribute::Everybody`] says that it is open to all.
//!
//! Facts come in by POST, are judged and forgotten: no log, no table and no address holds them.

mod facts;
mod judge;
mod rule;
mod said;

pub use facts::{Age, Asked, Facts, FactsError};
pub use judge::{Answer, Decided, Eligibility};
pub(super) use judge::{Terms, judge};
pub use rule::{ATTRIBUTES, Attribute, KINDS, OPERATORS};
pub(super) use rule::{Rule, doubt};
pub use said::{Said, Whom};
pub(super) use said::{ages, maximum_age, minimum_age};
