//! Custody of keys where there is nothing but a browser: what people's keys are got back from, which devices sign for an organisation, and
//! what an organisation keeps here sealed to itself (packet format 7).
//!
//! Three kinds of keys. A **device key** signs; it is made on the device and never leaves it. A **member key** opens what is for one
//! person; the browser holds it, and the hub keeps it wrapped under a passphrase and under a recovery code. An organisation's **reader
//! keys** are handed to entitled people as **keyrings**, each sealed to one member key; so is its root key, to its **key holders**.
//!
//! # Invariants
//!
//! - Nothing here can be opened by the hub: wraps are under what only a person has, keyrings and papers are sealed to keys that are
//!   themselves wrapped. What would be weaker than the floor is not kept.
//! - Nobody gets anything but their own wraps and keyrings. Papers are for the people of the organisation that keeps them.
//! - A keyring is taken only for a member key that the organisation's signed statement names as such, and only for a key it states.
//!   Whether a key is somebody's is decided outside of the hub, by two people who compare a code; this room confirms nobody.
//! - Whoever is removed gets nothing any more: their wraps and keyrings are deleted with them, and their devices are listed until the
//!   organisation has revoked them.
//!
//! # What it does not do
//!
//! It does not say which keys count: statements do, and `members` keeps them. It makes no key, and checks no code.
//!
//! ## Decisions
//!
//! - **A member key stands in the statement under the role [`MEMBER_ROLE`](crate::members::MEMBER_ROLE)**, which no field of the dictionary is for: others never
//!   encrypt letters to it, and every browser can see which keys a holder has confirmed.
//! - **A new member key takes the keyrings of the one before with it**: what was sealed to a key that is gone opens for nobody.
//! - **The hub looks at wraps** although the browser refuses weak ones by itself: a gateway of another make may not.
//! - **Limits**: [`MOST_DEVICES`] devices a person, [`MOST_PAPERS`] papers an organisation.

mod code;
mod device;
mod error;
mod keyring;
mod member_key;
mod paper;
mod people;
mod store;
mod view;
mod wrap;

pub use code::{AnswerCode, ComparisonCode, RootCode, answer_code, comparison_code, root_code};
pub use device::{AddDevice, DeviceName, DeviceView, MOST_DEVICES, add_device, give_up_device};
pub use error::CustodyError;
pub use keyring::{HandKeyrings, Handed, KeyringView, MAX_KEYRING, MOST_KEYRINGS, ROOT_ROLE, hand_keyrings};
pub use member_key::{KeepMemberKey, MemberKeyView, forget_person, keep_member_key};
pub use paper::{
    KeepPaper, MAX_PAPER, MOST_PAPERS, PaperKind, PaperView, find_paper, keep_paper, list_papers, throw_away,
};
pub use people::{Confirmed, PersonView, owners, people};
pub use view::{Custody, custody_of};
pub use wrap::{LEAST_ROUNDS, PassphraseWrap, RecoveryWrap};
