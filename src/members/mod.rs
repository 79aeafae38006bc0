//! Organisations, their people and machines, and their keys.
//!
//! # Invariants
//!
//! - A suspended organisation authenticates nobody, sends nothing and receives nothing.
//! - A passphrase is stored only as an argon2id hash; a session and an enrolment code only as a digest.
//! - Private keys of organisations never reach this room: it holds statements that the organisation's root key signed, and what
//!   follows from them.
//! - The statements of an organisation form one unbroken chain; a key once announced never leaves the history.
//!
//! It does not decide who may send what to whom: that is for `agreements` and `consent`.
//!
//! ## Decisions
//!
//! - **A machine client authenticates with a key of its own** that an administrator registered, not with one of the
//!   organisation's signing keys: no key serves two purposes.

mod client;
mod enrol;
mod error;
mod keys;
mod organisation;
mod publish;
mod sign_in;
mod staff;
mod store;
mod suspend;

pub use client::{ClientView, RegisterClient, client_by_kid, list_clients, register_client, revoke_client};
pub use enrol::{EnrolOrganisation, enrol_organisation};
pub use error::MemberError;
pub use keys::{KeyHistory, KeyRecord, KeyState, KeyUse, find_key, jwks_of, keys_of, reader_roles};
pub use organisation::{
    Country, MechanismRole, MechanismRoles, Name, Organisation, OrganisationKind, Standing, find_active,
    find_known, find_organisation, is_active, list_organisations,
};
pub(crate) use publish::STATEMENT_DEPTH;
pub use publish::{MAX_KEYS, MAX_STATEMENT, PublishKeys, StatedKey, Statement, publish_keys};
pub use sign_in::{
    LEAST_PASSPHRASE, MOST_PASSPHRASE, SEEN_EVERY, Session, SetPassphrase, SignIn, SignedIn, find_session,
    forget_sessions, mark_session, may_choose, refuse_choice, set_passphrase, sign_in, sign_out,
};
pub(crate) use sign_in::{candidate, passphrase_fits};
pub use staff::{EnrolStaff, Enrolment, StaffView, enrol_staff, list_staff, remove_staff};
pub use suspend::{Suspend, reinstate_organisation, suspend_organisation};
