//! Organisations, their people and machines, and their keys.
//!
//! # Invariants
//!
//! - A suspended organisation authenticates nobody, sends nothing and receives nothing.
//! - A passphrase is stored only as an argon2id hash; a session and an enrolment code only as a digest.
//! - Private keys of organisations never reach this room: it holds statements that the organisation's root key signed, and what
//!   follows from them.
//! - Whoever has a second step gets no session before it; a new enrolment code takes it away with the passphrase.
//! - The statements of an organisation form one unbroken chain; a key once announced never leaves the history. What was said of a
//!   key's beginning, end and compromise is never softened.
//! - No key is for two things: a root key, an organisation's key and a client's key are never the same.
//!
//! It does not decide who may send what to whom: that is for `agreements` and `consent`.
//!
//! ## Decisions
//!
//! - **A machine client authenticates with a key of its own** that an administrator registered, not with one of the
//!   organisation's signing keys: no key serves two purposes.
//! - **A lost root key is replaced by people of the node**, after they compared the new one outside of the hub; nobody else could. All
//!   keys it stood for are revoked with it, and the chain goes on under the new one, so that nothing of the history is lost.
//! - **The hub ends the names people sign in with**: a taken name would tell an administrator who works elsewhere, and a name that can
//!   be guessed can be paused by strangers.

mod calendar;
mod client;
mod enrol;
mod error;
mod keys;
mod organisation;
mod overview;
mod publish;
mod replace_root;
mod roles;
mod sessions;
mod sign_in;
mod staff;
mod store;
mod suspend;

pub use calendar::{Calendar, CalendarView, Day, SetCalendar, WorkingDay, find_calendar, set_calendar};
pub use client::{
    ClientView, RegisterClient, client_by_kid, list_clients, register_client, require_new_key, revoke_client,
};
pub use enrol::{EnrolOrganisation, enrol_organisation};
pub use error::MemberError;
pub use keys::{
    FormerRoot, KeyHistory, KeyRecord, KeyState, KeyUse, ending_keys, find_key, find_keys, jwks_of,
    key_history, reader_roles, root_kid,
};
pub(crate) use organisation::words;
pub use organisation::{
    Country, MechanismRole, MechanismRoles, Name, Organisation, OrganisationKind, Standing, find_active,
    find_known, find_known_two, find_organisation, is_active, list_organisations, names_of,
};
pub use overview::{Overview, overviews};
pub use publish::{MAX_KEYS, MAX_STATEMENT, MEMBER_ROLE, PublishKeys, StatedKey, Statement, publish_keys};
pub(crate) use publish::{STATEMENT_DEPTH, follow};
pub use replace_root::{ReplaceRoot, replace_root};
pub use roles::{SetRoles, set_roles};
pub use sessions::{MOST_SESSIONS, SessionView, end_other_sessions, end_session, own_sessions};
pub use sign_in::{
    ChangePassphrase, FirstStep, LEAST_PASSPHRASE, MOST_PASSPHRASE, SECOND_STEP, SEEN_EVERY, SecondAnswer,
    Session, SetPassphrase, SignIn, SignedIn, ask_passkey, both_steps, find_session, first_step,
    forget_sessions, mark_session, may_choose, refuse_choice, second_step, set_passphrase, sign_in, sign_out,
    ways_on,
};
pub(crate) use sign_in::{candidate, change_passphrase, confirm, may_change, passphrase_fits, who_confirms};
pub use staff::{
    Colleague, EnrolStaff, Enrolment, StaffView, colleague, enrol_staff, find_staff, list_staff,
    names_of_staff, reenrol_staff, remove_staff,
};
pub use suspend::{Suspend, reinstate_organisation, suspend_organisation};
