//! The second step when people sign in: a code of an app on their telephone, a passkey, or one of ten recovery codes on paper.
//!
//! # Invariants
//!
//! - What the app and the hub share is sealed under a key of the node, for each person another: a copy of the database makes no code.
//! - A recovery code is stored as a keyed digest, and shown once.
//! - Nothing counts before a first code was right, so that nobody shuts themselves out.
//! - A code counts once: a step of the clock that was used, and those before it, count no more; a recovery code is deleted with its use.
//! - What a browser is asked for a passkey is kept here, for minutes, and an answer to it counts once; an answer that was right takes all other questions of
//!   that person with it.
//! - A passkey answers for the hub's public address alone, and after the PIN, finger or face of whoever holds it. One that counts no further
//!   than it had opens nothing: there may be a copy.
//! - Whoever has a second step has recovery codes, and they go with the last app or passkey.
//! - Nobody sets up, sees or takes away anything here but their own; whoever manages people only takes all of it away, with the passphrase.
//!
//! # What it does not do
//!
//! It counts no tries, opens no session and looks at no passphrase: `members` does.

mod app;
mod error;
mod key;
mod passkey;
mod recovery;
mod standing;
mod store;

pub use app::{AppCode, AppSecret, app_in_hand, begin_app, confirm_app};
pub use error::FactorError;
pub use key::FactorKey;
pub use passkey::{
    AddPasskey, AddedPasskey, MOST_PASSKEYS, PasskeyName, PasskeyView, Site, Used, add_passkey, ask_passkey,
    begin_passkey, remove_passkey, use_passkey,
};
pub use recovery::{MANY, RecoveryCodes, new_recovery_codes};
pub use standing::{SecondStep, Ways, forget, forget_questions, is_on, standing, turn_off, use_code, ways};
