//! Passphrases: hashed for sign-in, and as the key under which private keys are wrapped at a gateway.
//!
//! argon2id (RFC 9106) with the parameters below. They are floors on reading: a stored or received value with less is refused, so
//! that nobody can talk a gateway into a weak wrap.

use std::fmt;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use serde::{Deserialize, Serialize};

use super::gate::{Seal, decode, encode, sealed};
use super::seal::{direct, open};
use crate::kernel::{Secret, id::Ids};

/// A passphrase as a person typed it.
pub type Passphrase = Secret<String>;

/// Memory of one hash, in KiB (19 MiB, the OWASP floor for argon2id).
const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Memory of a wrap, in KiB, and passes over it. Wraps are made once and attacked for years: more than a sign-in.
const WRAP_OF_A_RELEASE: (u32, u32) = (65_536, 3);
/// A build with debug assertions is for trying things out, and its tests open thousands of wraps. A release refuses what it wrapped.
const WRAP_OF_A_TRIAL: (u32, u32) = (4_096, 1);
/// Those of this build.
const WRAP: (u32, u32) = if cfg!(debug_assertions) { WRAP_OF_A_TRIAL } else { WRAP_OF_A_RELEASE };
/// Ceiling on reading, against a file that asks for all memory there is.
const MAX_MEMORY_KIB: u32 = 1_048_576;
const MAX_PASSES: u32 = 16;
const MAX_WRAP: usize = 131_072;

/// What can go wrong with a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// The parameters are below the floor or above the ceiling.
    #[error("the passphrase parameters of this file are not acceptable")]
    Parameters,
    /// It does not open: the passphrase is wrong, or the file was changed.
    #[error("this passphrase does not open it")]
    Wrong,
    /// The library failed.
    #[error("the passphrase could not be worked with")]
    Library,
}

/// An argon2id hash in the PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PassphraseHash(String);

impl PassphraseHash {
    /// As it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// To store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash that no passphrase fits, at the cost of any other: for names nobody has.
    pub fn of_nobody() -> Self {
        let nobody = format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        );
        Self(nobody)
    }
}

impl fmt::Debug for PassphraseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassphraseHash(…)")
    }
}

fn hasher(memory: u32, passes: u32, lanes: u32) -> Result<Argon2<'static>, PassphraseError> {
    let params =
        Params::new(memory, passes, lanes, Some(32)).map_err(|_ignored| PassphraseError::Parameters)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a passphrase for sign-in. Takes tens of milliseconds on purpose: not inside a transaction.
pub fn hash_passphrase(passphrase: &Passphrase, ids: &dyn Ids) -> Result<PassphraseHash, PassphraseError> {
    let mut salt = [0u8; 16];
    ids.random(&mut salt);
    let hash: PasswordHash = hasher(MEMORY_KIB, PASSES, LANES)?
        .hash_password_with_salt(passphrase.expose().as_bytes(), &salt)
        .map_err(|_ignored| PassphraseError::Library)?;
    Ok(PassphraseHash(hash.to_string()))
}

/// Whether the passphrase fits the hash.
pub fn verify_passphrase(passphrase: &Passphrase, hash: &PassphraseHash) -> bool {
    let Ok(parsed) = PasswordHash::new(&hash.0) else { return false };
    let Ok(argon2) = hasher(MEMORY_KIB, PASSES, LANES) else { return false };
    argon2.verify_password(passphrase.expose().as_bytes(), &parsed).is_ok()
}

/// A secret wrapped under a passphrase: parameters, salt, and a compact JWE (`dir`, A256GCM).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapped {
    /// Memory in KiB.
    m: u32,
    /// Passes.
    t: u32,
    /// Lanes.
    p: u32,
    /// Salt, base64url.
    salt: String,
    /// Compact JWE of type `rp1-keyring+jwe`.
    jwe: String,
}

impl Wrapped {
    /// Whether its parameters are at least these, and none that would ask for all there is.
    fn is_within(&self, (memory, passes): (u32, u32)) -> bool {
        (memory..=MAX_MEMORY_KIB).contains(&self.m)
            && (passes..=MAX_PASSES).contains(&self.t)
            && (1..=8).contains(&self.p)
    }
}

const HEADER: &str = r#"{"alg":"dir","enc":"A256GCM","typ":"rp1-keyring+jwe"}"#;

/// Wraps a secret under a passphrase.
pub fn wrap(passphrase: &Passphrase, ids: &dyn Ids, secret: &[u8]) -> Result<Wrapped, PassphraseError> {
    let mut salt = [0u8; 16];
    ids.random(&mut salt);
    let (m, t) = WRAP;
    let key = derive(passphrase, &salt, m, t, LANES)?;
    let jwe = direct(key.expose(), HEADER, ids, secret).map_err(|_ignored| PassphraseError::Library)?;
    Ok(Wrapped { m, t, p: LANES, salt: encode(&salt), jwe })
}

/// Opens a wrap.
pub fn unwrap(passphrase: &Passphrase, wrapped: &Wrapped) -> Result<Secret<Vec<u8>>, PassphraseError> {
    let salt = decode(&wrapped.salt).map_err(|_ignored| PassphraseError::Parameters)?;
    if !wrapped.is_within(WRAP) || salt.len() != 16 {
        return Err(PassphraseError::Parameters);
    }
    let parts = sealed(&wrapped.jwe, Seal::Keyring, MAX_WRAP).map_err(|_ignored| PassphraseError::Wrong)?;
    let key = derive(passphrase, &salt, wrapped.m, wrapped.t, wrapped.p)?;
    open(&parts, key.expose()).map_err(|_ignored| PassphraseError::Wrong)
}

fn derive(
    passphrase: &Passphrase,
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<Secret<Vec<u8>>, PassphraseError> {
    let mut key = vec![0u8; 32];
    hasher(memory, passes, lanes)?
        .hash_password_into(passphrase.expose().as_bytes(), salt, &mut key)
        .map_err(|_ignored| PassphraseError::Library)?;
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    fn passphrase(text: &str) -> Passphrase {
        Secret::new(text.to_owned())
    }

    #[test]
    fn only_the_right_passphrase_fits() {
        let hash = hash_passphrase(&passphrase("correct horse"), &SystemIds).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_passphrase(&passphrase("correct horse"), &hash));
        assert!(!verify_passphrase(&passphrase("wrong horse"), &hash));
        assert!(!verify_passphrase(&passphrase(""), &PassphraseHash::of_nobody()));
    }

    #[test]
    fn the_hash_of_nobody_is_well_formed_so_that_it_costs_the_same() {
        assert!(PasswordHash::new(PassphraseHash::of_nobody().as_str()).is_ok());
    }

    #[test]
    fn a_wrap_opens_with_its_passphrase_only_and_not_below_the_floor() {
        let wrapped = wrap(&passphrase("correct horse"), &SystemIds, b"secret").unwrap();
        assert_eq!(unwrap(&passphrase("correct horse"), &wrapped).unwrap().expose(), b"secret");
        assert_eq!(unwrap(&passphrase("wrong"), &wrapped).unwrap_err(), PassphraseError::Wrong);
        for weak in [Wrapped { m: 8, ..wrapped.clone() }, Wrapped { t: 0, ..wrapped.clone() }] {
            assert_eq!(unwrap(&passphrase("correct horse"), &weak).unwrap_err(), PassphraseError::Parameters);
        }
        let [trial, release] =
            [WRAP_OF_A_TRIAL, WRAP_OF_A_RELEASE].map(|(m, t)| Wrapped { m, t, ..wrapped.clone() });
        assert!(!trial.is_within(WRAP_OF_A_RELEASE), "no release reads what a trial wrapped");
        assert!(release.is_within(WRAP_OF_A_RELEASE) && release.is_within(WRAP_OF_A_TRIAL));
    }
}
