//! The key under which a gateway keeps files that must be read one by one. It is itself kept wrapped under the passphrase, so that
//! opening a hundred files costs one derivation, and a new passphrase changes one file.

use std::fmt;

use super::{
    GateError, KeyError,
    gate::{Seal, sealed},
    seal::{direct, open},
};
use crate::kernel::{Secret, id::Ids};

/// The longest file that is opened, in characters.
const MAX_KEPT: usize = 16 * 1_048_576;

const HEADER: &str = r#"{"alg":"dir","enc":"A256GCM","typ":"rp1-keyring+jwe"}"#;

/// A key for files. It never leaves the gateway.
pub struct FileKey(Secret<Vec<u8>>);

impl FileKey {
    /// A new key.
    pub fn random(ids: &dyn Ids) -> Self {
        let mut bytes = vec![0u8; 32];
        ids.random(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// From 32 bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == 32).then(|| Self(Secret::new(bytes)))
    }

    /// The 32 bytes, to be wrapped.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// Encrypts a file's bytes.
    pub fn shut(&self, ids: &dyn Ids, plain: &[u8]) -> Result<String, KeyError> {
        direct(self.as_bytes(), HEADER, ids, plain)
    }

    /// Opens what [`FileKey::shut`] made.
    pub fn open(&self, token: &str) -> Result<Secret<Vec<u8>>, GateError> {
        let parts = sealed(token, Seal::Keyring, MAX_KEPT)?;
        open(&parts, self.as_bytes())
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn a_file_opens_with_its_key_only_and_unchanged_only() {
        let (key, other) = (FileKey::random(&SystemIds), FileKey::random(&SystemIds));
        let token = key.shut(&SystemIds, b"what the person said").unwrap();
        assert_eq!(key.open(&token).unwrap().expose(), b"what the person said");
        assert_eq!(other.open(&token).err(), Some(GateError::Sealed));
        let mut changed = token.into_bytes();
        let middle = changed.len() - 30;
        changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
        assert!(key.open(&String::from_utf8(changed).unwrap()).is_err());
        assert!(FileKey::from_bytes(vec![0; 31]).is_none());
    }
}
