//! The public half of the log's Ed25519 key. Checkpoints themselves are notes and are signed in `audit`.

use openssl::pkey::{Id, PKey};

use super::KeyError;
use crate::kernel::Secret;

/// The public key that belongs to a seed of 32 bytes.
pub fn ed25519_public(seed: &Secret<Vec<u8>>) -> Result<[u8; 32], KeyError> {
    let public = PKey::private_key_from_raw_bytes(seed.expose(), Id::ED25519)
        .and_then(|key| key.raw_public_key())
        .map_err(|_reason| KeyError::Form)?;
    public.try_into().map_err(|_length| KeyError::Form)
}
