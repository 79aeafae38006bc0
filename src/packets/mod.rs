//! The sealed packet, `rp1`: sealing at the sender, judging at the hub, opening at the recipient.
//!
//! A packet is one JSON object of tokens: a signed **envelope** that the hub reads, a **manifest** that says which fields are inside, a
//! **grant** of section keys for each reader, and the encrypted **sections**, one for each compartment and one for each file.
//!
//! # Invariants
//!
//! - The hub decrypts nothing and holds no key that could.
//! - A [`VerifiedPacket`] exists only after checks 100 to 215 have passed in their order, cheap ones first; nothing is stored and no
//!   replay memory is touched before that.
//! - [`seal`](fn@seal) demands a `Release`: what was never held against consent and agreement is not sealed.
//! - No plaintext leaves [`open`](fn@open) before check 311 has passed. What the manifest does not list is quarantined, and reported in a
//!   signed receipt that names known fields only.
//! - A section key is random, used once, and committed to in the envelope (`kc`), because A256GCM does not commit to its key.
//! - Documents are padded to 2, 8 or 32 KiB.
//!
//! - The hub keeps the envelope for ever and the rest only until it is due: `purge` deletes grants, sections and the manifest
//!   together; of the manifest only the digest stays.
//! - A packet id is used once. The same packet again gets its first receipt again; another under the same id is refused (220).
//!
//! # The commitment to a value
//!
//! `n` of a manifest field is the base64url SHA-256 of the canonical JSON of an array of four:
//!
//! ```json
//! ["rp1-field","ZP.1a","<salt>",<value>]
//! ```
//!
//! The salt is 16 random bytes as 22 characters of base64url; it travels in `salts` of the document, under the field's id. For a
//! file, the value is its description in `files` of the document (an object of `sec`, `name`, `mime`, `size`, `sha256`), the field id is
//! the one the manifest lists for the file's section, and the salt stands under the section's id.
//!
//! Canonical means: members sorted by name, no blanks, integers as digits, strings with only `"`, `\` and control characters
//! escaped (`\b \f \n \r \t`, otherwise `\u00xx` in lower case). Values hold no fractions and no `null`, integers lie within ±(2⁵³ − 1), member
//! names are ASCII. That is what `JSON.stringify` writes for an array whose objects have sorted members, and Python's
//! `json.dumps(…, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.
//!
//! # What it does not do
//!
//! It does not decide whether agreement and consent allow a packet: `referrals` asks `agreements` and `consent` with the envelope and
//! the manifest of a [`VerifiedPacket`]. It does not tell anybody anything: receipts are made here and sent elsewhere.
//!
//! # Decisions
//!
//! - **Ids in claims carry their prefix** (`pkt_…`, `org_…`) as everywhere on the wire.
//! - **An old `iat` is no fault**: a gateway without network seals now and submits later. `exp` bounds the age.
//! - **A document has the same signing key as its envelope** (307): one author, one device.
//! - **Each number up to 220 is told with its deny code** and leaves an entry in the log, but for 103: who calls is found out by the
//!   entrance, before there is a packet, and refused with its codes; the number stands beside them. Nobody writes in the log whom the
//!   hub does not know.
//! - **Claims that do not fit and show text are D010**: a name or a value with anything in it that no id, code or digest has. A single
//!   word that is no code of the policy is D001. Both are 200, and neither is kept.
//! - **Whether a packet was sealed by the policy in force is asked last, after 220** (`VerifiedPacket::judge_policy`), although it is part of
//!   207: what was taken before the policy changed gets its receipt again. A kept manifest may name a policy of before; whoever judges
//!   it again does so by its fields. A reader that has the hub's receipt opens it, and sets aside what its own policy does not know.
//! - **The hub's receipt is looked at first when opening**, although its number is 310, because it gives the moment by which the
//!   sender's key and the times are judged.

mod answer;
mod check;
#[cfg(test)]
mod checks;
mod content;
mod deliver;
mod disclosed;
mod envelope;
mod error;
mod fault;
#[cfg(test)]
mod forge;
mod form;
mod inspect;
mod keep;
mod manifest;
mod open;
mod press;
mod promises;
mod purge;
mod receipt;
mod registry;
mod seal;
mod store;
mod verify;

pub use answer::{receipt_key, take_receipt};
pub use check::{Checked, check};
pub use content::DOCUMENT_SIZES;
pub use deliver::{
    Delivered, Evidence, Handed, HandedOver, Waiting, claims_of, deliver, envelope_of, evidence, fetch,
    has_fetched, held_back, is_first_fetched, is_handed_in, sent_on, set_held, signature_stands, waiting,
};
pub use disclosed::{Disclosed, DisclosedTo, disclosed};
pub use envelope::{AgreementRef, Envelope, GrantRef, PacketKind, ScopeRef, SectionRef};
pub use error::{DraftFault, PacketError};
pub use fault::{ManifestFault, PacketFault};
pub use form::{
    MAX_BODY, MAX_DOCUMENT, MAX_DOCUMENT_SECTION, MAX_ENVELOPE, MAX_FIELDS, MAX_FILE, MAX_FILE_SECTION,
    MAX_GRANT, MAX_GRANTS, MAX_LIFE, MAX_MANIFEST, MAX_SECTIONS, MEDIA_TYPE, MIN_LIFE, NotAWord, SKEW, Salt,
    SectionId, Tag,
};
pub use inspect::{Inspection, claimed, inspect};
pub use keep::{Kept, keep, kept_before, sign_ahead};
pub use manifest::{Manifest, ManifestField, commitment};
pub use open::{Desk, Opened, OpenedDocument, OpenedFile, Reading, open};
pub use press::{Draft, DraftField, DraftFile, Reader, Sealed, press};
pub use promises::{Promises, check_promises, hold_promises};
pub use purge::{PURGE_BATCH, forget_referral, purge, purge_due, purge_referral};
pub use receipt::{MAX_RECEIPT, Receipt, ReceiptEvent, Violation, ViolationNote};
pub use registry::{HubView, KeyLookup, KnownKey, Registry, Verifiers};
pub use seal::{Letter, seal};
pub use verify::{Arrival, VerifiedPacket, verify};
