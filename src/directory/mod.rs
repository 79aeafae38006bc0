//! The services that members offer, and those that are only known of.
//!
//! # Invariants
//!
//! - An import is one transaction: all of it or nothing. The same package a second time changes nothing.
//! - What a source no longer gives is marked and no longer found, never deleted; what changed stands in a log of changes.
//! - What members and coordinators said of a service outlives every import: the link, the code, the availability, who sees it.
//! - What is said of a service's room runs out, and then it is unknown.
//! - Rows of a package are kept as they came, so that nothing is lost that this release does not use yet.
//! - A restricted entry is found by nobody without clearance: not in lists, not by search, not by id,
//!   not in an export.
//! - What is said of a person in a search is judged and forgotten, and is not logged.
//! - Where it is kept secret where a place is, that shows to its provider and to those who keep the directory, and to no circle of searches.
//! - What a provider corrected and those who keep the directory took outlives every import.
//! - Whom one calls is for those who are signed in, and until a day: see `contacts`.
//! - What is found in one way is found in no other: lists, documents, counts and searches hold to one rule of who may see what.
//!
//! - The same search finds the same in the same order on both engines.
//!
//! It does not know who is looked for: a search carries what a case worker chose to say, and no name for it.

mod agreements;
pub mod areas;
mod brief;
mod changes;
mod contacts;
mod descriptor;
mod drafts;
pub mod eligibility;
mod error;
mod export;
pub mod fold;
mod give;
pub mod hours;
pub mod hsds;
mod import;
mod lines;
pub mod list;
mod notes;
mod offer;
mod pins;
mod plain;
pub mod profile;
mod publish;
mod rows;
pub mod search;
mod service;
pub mod sheet;
mod store;
mod taxonomies;
mod tongue;
mod twins;
mod upkeep;
mod visibility;

pub use brief::{Brief, briefs};
pub use changes::{Change, changes};
pub use contacts::{
    Contact, ContactSays, ContactsOf, MOST_CONTACTS, PhoneChannel, Telephone, Tongues, add_contact,
    anything_to_forget, change_contact, contacts, find_contact, forget_contacts, on_call, remove_contact,
};
pub use drafts::{
    Altered, Begun, Decided, Decision, Draft, DraftState, Edit, EntryPlace, FieldAltered, Review, RowBecomes,
    SetStanding, Waiting, WriteDraft, begun, decide, decisions, draft_states, drafts, drop_draft, find_draft,
    review, set_standing, waiting, write_draft,
};
pub use error::DirectoryError;
pub use export::{Exported, Target, export, export_plain};
pub use give::{Documents, give};
pub use import::{Given, dry_run, forget_source, import};
pub use notes::{NOTE_MAX, Note, WriteNote, drop_note, note, write_note};
pub use offer::{
    Availability, Intake, Link, LinkService, ListService, OfferFacts, SetAvailability, alternatives,
    enter_listed, link_service, list_service, offer, own_services, set_availability,
};
pub use pins::pins;
pub use publish::{Channel, Form, Leaf, PaperAsked, Portions, Publish, Sector, Spoken, Spot, leaf, publish};
pub use rows::{Depth, Kind, enter_rows};
pub use service::{
    Listing, Reporting, Service, ServiceInLanguage, Standing, Viewer, Visibility, find_service,
    find_service_in,
};
pub use taxonomies::{TAXONOMIES, taxonomies};
pub use tongue::{TextLanguage, Tongue};
pub use upkeep::{
    Checked, Freshness, Meeting, Met, Method, Outcome, Upkeep, Verification, Verified, Verify,
    anything_to_remind, doubted, due, remind, report, report_declined, verifications, verify,
};
pub use visibility::{SetVisibility, set_source_visibility, set_visibility};
