//! A member key under what only its person has. The formats are those of the browser's gateway, a closed set each.

use serde::{Deserialize, Serialize};

use super::CustodyError;
use crate::crypto;

/// The fewest rounds of PBKDF2 that are kept (packet format 7).
pub const LEAST_ROUNDS: u32 = 600_000;
/// The most: nobody should make a slow device work for hours.
const MOST_ROUNDS: u32 = 10_000_000;
/// How long a sealed private key may be, in characters.
const MAX_WRAP: usize = 2_048;
/// A salt is 16 bytes, in base64url.
const SALT_CHARS: usize = 22;

/// Wrapped under a drawn passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PassphraseWrap {
    /// Version of the format: 1.
    pub v: u8,
    /// `PBKDF2-SHA256` (RFC 8018).
    #[schema(max_length = 16)]
    pub kdf: String,
    /// 600,000 to 10,000,000.
    pub rounds: u32,
    /// 16 bytes, base64url.
    #[schema(max_length = 22)]
    pub salt: String,
    /// Compact JWE, `dir` and A256GCM, of type `rp1-keyring+jwe`, over the private JWK.
    #[schema(max_length = 2048)]
    pub jwe: String,
}

/// Wrapped under a recovery code that lies on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryWrap {
    /// Version of the format: 1.
    pub v: u8,
    /// `HKDF-SHA256` (RFC 5869): the code has 160 random bits.
    #[schema(max_length = 16)]
    pub kdf: String,
    /// 16 bytes, base64url.
    #[schema(max_length = 22)]
    pub salt: String,
    /// Compact JWE, `dir` and A256GCM, of type `rp1-keyring+jwe`, over the private JWK.
    #[schema(max_length = 2048)]
    pub jwe: String,
}

impl PassphraseWrap {
    /// Refuses what is weaker than the floor, or no wrap.
    pub(super) fn check(&self) -> Result<(), CustodyError> {
        let strong = self.v == 1
            && self.kdf == "PBKDF2-SHA256"
            && (LEAST_ROUNDS..=MOST_ROUNDS).contains(&self.rounds)
            && is_salt(&self.salt);
        if !strong {
            return Err(CustodyError::WeakWrap);
        }
        Ok(crypto::check_wrap_shape(&self.jwe, MAX_WRAP)?)
    }
}

impl RecoveryWrap {
    /// Refuses what is no wrap.
    pub(super) fn check(&self) -> Result<(), CustodyError> {
        if self.v != 1 || self.kdf != "HKDF-SHA256" || !is_salt(&self.salt) {
            return Err(CustodyError::WeakWrap);
        }
        Ok(crypto::check_wrap_shape(&self.jwe, MAX_WRAP)?)
    }
}

fn is_salt(text: &str) -> bool {
    text.len() == SALT_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
