//! Sealing: sections under a fresh key each, and grants that hand section keys to one reader.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use josekit::jwe::{
    JweContentEncryption, JweDecrypter as _, JweEncrypter as _, JweHeader, enc::aesgcm::AesgcmJweEncryption,
};

use super::{
    DecryptionKey, EncryptionKey, GateError, KeyError, Kid, Typ,
    gate::{Seal, Sealed, encode, sealed},
};
use crate::kernel::{Digest, Secret, id::Ids};

const GCM: AesgcmJweEncryption = AesgcmJweEncryption::A256gcm;

/// The key of one section: random, used once, never for a resend.
pub struct SectionKey(Secret<Vec<u8>>);

impl SectionKey {
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

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// What the envelope says of this key (`kc`): A256GCM by itself does not commit to a key.
    pub fn commitment(&self) -> Digest {
        Digest::of(self.0.expose())
    }
}

impl fmt::Debug for SectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SectionKey(…)")
    }
}

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// A signed document.
    Document,
    /// A file's bytes.
    File,
}

impl SectionKind {
    fn of(parts: &Sealed<'_>) -> Self {
        if parts.header.cty.is_some() { Self::Document } else { Self::File }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Document => {
                r#"{"alg":"dir","enc":"A256GCM","typ":"rp1-section+jwe","cty":"rp1-content+jws"}"#
            }
            Self::File => r#"{"alg":"dir","enc":"A256GCM","typ":"rp1-section+jwe"}"#,
        }
    }
}

/// Seals a section.
pub fn encrypt_section(
    key: &SectionKey,
    kind: SectionKind,
    ids: &dyn Ids,
    plaintext: &[u8],
) -> Result<String, KeyError> {
    direct(key.as_bytes(), kind.header(), ids, plaintext)
}

/// A compact JWE with `dir` and A256GCM.
pub(super) fn direct(key: &[u8], header: &str, ids: &dyn Ids, plaintext: &[u8]) -> Result<String, KeyError> {
    finish(&encode(header.as_bytes()), "", key, ids, plaintext)
}

fn finish(
    header: &str,
    wrapped: &str,
    key: &[u8],
    ids: &dyn Ids,
    plaintext: &[u8],
) -> Result<String, KeyError> {
    let mut iv = [0u8; 12];
    ids.random(&mut iv);
    let (ciphertext, tag) =
        GCM.encrypt(key, Some(&iv), plaintext, header.as_bytes()).map_err(|_ignored| KeyError::Library)?;
    let tag = tag.ok_or(KeyError::Library)?;
    Ok(format!("{header}.{wrapped}.{}.{}.{}", encode(&iv), encode(&ciphertext), encode(&tag)))
}

/// Opens a section of at most `max` characters.
pub fn decrypt_section(
    token: &str,
    kind: SectionKind,
    key: &SectionKey,
    max: usize,
) -> Result<Secret<Vec<u8>>, GateError> {
    let parts = sealed(token, Seal::Section, max)?;
    if SectionKind::of(&parts) != kind {
        return Err(GateError::Type);
    }
    open(&parts, key.as_bytes())
}

/// Opens what was taken apart, with its content key.
pub(super) fn open(parts: &Sealed<'_>, key: &[u8]) -> Result<Secret<Vec<u8>>, GateError> {
    let opened = catch_unwind(|| {
        GCM.decrypt(key, Some(&parts.iv), &parts.ciphertext, parts.aad.as_bytes(), Some(&parts.tag))
    });
    match opened {
        Ok(Ok(plaintext)) => Ok(Secret::new(plaintext)),
        Ok(Err(_)) | Err(_) => Err(GateError::Sealed),
    }
}

/// Looks at a section's form and answers what it holds, without opening it.
pub fn check_section_shape(token: &str, max: usize) -> Result<SectionKind, GateError> {
    sealed(token, Seal::Section, max).map(|parts| SectionKind::of(&parts))
}

/// Seals section keys to one reader.
pub fn encrypt_grant(to: &EncryptionKey, ids: &dyn Ids, plaintext: &[u8]) -> Result<String, KeyError> {
    encrypt_to(to, Typ::Grant, ids, plaintext)
}

/// Seals a private key to one member.
pub fn encrypt_keyring(to: &EncryptionKey, ids: &dyn Ids, plaintext: &[u8]) -> Result<String, KeyError> {
    encrypt_to(to, Typ::Keyring, ids, plaintext)
}

fn encrypt_to(to: &EncryptionKey, typ: Typ, ids: &dyn Ids, plaintext: &[u8]) -> Result<String, KeyError> {
    let content = SectionKey::random(ids);
    let header = JweHeader::new();
    let mut made = JweHeader::new();
    let wrapped = to
        .inner
        .encrypt(content.as_bytes(), &header, &mut made)
        .map_err(|_ignored| KeyError::Library)?
        .ok_or(KeyError::Library)?;
    let epk = made.claim("epk").and_then(|epk| epk.as_object()).ok_or(KeyError::Library)?;
    let part = |name: &str| epk.get(name).and_then(|value| value.as_str()).ok_or(KeyError::Library);
    let header = format!(
        r#"{{"alg":"ECDH-ES+A256KW","enc":"A256GCM","kid":"{}","typ":"{}","epk":{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}}}"#,
        to.kid,
        typ.name(),
        part("x")?,
        part("y")?
    );
    finish(&encode(header.as_bytes()), &encode(&wrapped), content.as_bytes(), ids, plaintext)
}

/// Opens a grant of at most `max` characters.
pub fn decrypt_grant(token: &str, key: &DecryptionKey, max: usize) -> Result<Secret<Vec<u8>>, GateError> {
    decrypt_to(token, Typ::Grant, key, max)
}

/// Opens a keyring of at most `max` characters.
pub fn decrypt_keyring(token: &str, key: &DecryptionKey, max: usize) -> Result<Secret<Vec<u8>>, GateError> {
    decrypt_to(token, Typ::Keyring, key, max)
}

fn decrypt_to(token: &str, typ: Typ, key: &DecryptionKey, max: usize) -> Result<Secret<Vec<u8>>, GateError> {
    let parts = sealed(token, Seal::To(typ), max)?;
    if parts.header.kid.as_ref() != Some(key.kid()) {
        return Err(GateError::UnknownKey);
    }
    let epk = parts.header.epk.as_ref().ok_or(GateError::Header)?;
    let mut header = JweHeader::new();
    let claim = serde_json::json!({ "kty": "EC", "crv": "P-256", "x": epk.x, "y": epk.y });
    header.set_claim("epk", Some(claim)).map_err(|_ignored| GateError::Header)?;
    header.set_claim("alg", Some("ECDH-ES+A256KW".into())).map_err(|_ignored| GateError::Header)?;
    let content = catch_unwind(AssertUnwindSafe(|| {
        key.inner.decrypt(Some(&parts.key), &GCM, &header).map(|content| Secret::new(content.into_owned()))
    }));
    let content = match content {
        Ok(Ok(content)) if content.expose().len() == 32 => content,
        Ok(Ok(_) | Err(_)) | Err(_) => return Err(GateError::Sealed),
    };
    open(&parts, content.expose())
}

/// Looks at a grant's form and answers whose key it is for, without opening it.
pub fn check_grant_shape(token: &str, max: usize) -> Result<Kid, GateError> {
    check_shape_to(token, Typ::Grant, max)
}

/// Looks at the form of what is sealed to a key (a grant, a keyring, what is kept) and answers whose key it is for, without opening it.
pub fn check_shape_to(token: &str, typ: Typ, max: usize) -> Result<Kid, GateError> {
    sealed(token, Seal::To(typ), max)?.header.kid.ok_or(GateError::Header)
}

/// Looks at the form of a private key under a passphrase or a recovery code, without opening it.
pub fn check_wrap_shape(token: &str, max: usize) -> Result<(), GateError> {
    sealed(token, Seal::Keyring, max).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn a_section_opens_with_its_key_and_with_no_other() {
        let (key, other) = (SectionKey::random(&SystemIds), SectionKey::random(&SystemIds));
        let token = encrypt_section(&key, SectionKind::File, &SystemIds, b"canary").unwrap();
        assert!(!token.contains("canary"));
        let opened = decrypt_section(&token, SectionKind::File, &key, 4_096).unwrap();
        assert_eq!(opened.expose(), b"canary");
        let refused = |kind, key| decrypt_section(&token, kind, key, 4_096).unwrap_err();
        assert_eq!(refused(SectionKind::File, &other), GateError::Sealed);
        assert_eq!(refused(SectionKind::Document, &key), GateError::Type);
        assert_eq!(format!("{key:?}"), "SectionKey(…)");
    }

    #[test]
    fn a_grant_opens_for_its_reader_only() {
        let (reader, other) =
            (DecryptionKey::generate(&SystemIds).unwrap(), DecryptionKey::generate(&SystemIds).unwrap());
        let to = reader.public().encrypter().unwrap();
        let token = encrypt_grant(&to, &SystemIds, b"keys").unwrap();
        assert_eq!(check_grant_shape(&token, 4_096).as_ref(), Ok(reader.kid()));
        assert_eq!(decrypt_grant(&token, &reader, 4_096).unwrap().expose(), b"keys");
        assert_eq!(decrypt_grant(&token, &other, 4_096).unwrap_err(), GateError::UnknownKey);
    }

    #[test]
    fn every_changed_character_of_a_grant_is_found() {
        let reader = DecryptionKey::generate(&SystemIds).unwrap();
        let token = encrypt_grant(&reader.public().encrypter().unwrap(), &SystemIds, b"keys").unwrap();
        for place in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(decrypt_grant(&changed, &reader, 4_096).is_err(), "changed at {place}");
        }
    }
}
