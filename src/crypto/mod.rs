//! Keys, signing and sealing: the only room that names josekit and OpenSSL.
//!
//! One suite and no negotiation: ES256 to sign, ECDH-ES+A256KW to grant section keys, A256GCM for content, compact serialisation
//! only.
//!
//! # Invariants
//!
//! - What comes from outside is taken apart by this room's own gate, never by josekit's parsers: those take short GCM tags, ignore
//!   `crit` on JWE and inflate without limit. josekit computes; it does not read.
//! - A token is verified over the bytes as received; no header is ever written again before checking.
//! - Keys are found by their RFC 7638 thumbprint in our own store. A key a token brings along is refused.
//! - A panic inside a library on foreign input becomes a refusal.
//! - Private keys and section keys have no `Debug` that shows them, no `Serialize`, and are overwritten when dropped.
//!
//! It does not decide which key may do what, nor when: `members` and `packets` do.

pub mod closed;
mod gate;
mod keys;
mod log;
mod mac;
mod one_time;
mod passphrase;
mod seal;
mod sign;
mod vault;

pub use gate::{GateError, Typ};
pub use keys::{DecryptionKey, EncryptionKey, KeyError, Kid, PublicJwk, SecretJwk, SigningKey, VerifyingKey};
pub use log::ed25519_public;
pub use mac::{keyed_digest, same_digest};
pub use one_time::OneTime;
pub use passphrase::{
    Passphrase, PassphraseError, PassphraseHash, Wrapped, hash_passphrase, unwrap, verify_passphrase, wrap,
};
pub use seal::{
    SectionKey, SectionKind, check_grant_shape, check_section_shape, check_shape_to, check_wrap_shape,
    decrypt_grant, decrypt_keyring, decrypt_section, encrypt_grant, encrypt_keyring, encrypt_section,
};
pub use sign::{Ahead, Peeked, Verified, peek, peek_kid, sign_compact, verify_compact};
pub use vault::FileKey;
