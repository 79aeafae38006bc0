//! STUB for compiling only.
#![allow(missing_docs, clippy::all, unused, reason = "stub")]
use crate::kernel::{Secret, id::Ids};
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Kid(String);
impl std::fmt::Display for Kid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
pub struct SigningKey;
impl SigningKey {
    pub fn kid(&self) -> &Kid {
        unimplemented!()
    }
    pub fn verifier(&self) -> std::sync::Arc<VerifyingKey> {
        unimplemented!()
    }
}
pub struct VerifyingKey;
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PublicJwk;
impl PublicJwk {
    pub fn kid(&self) -> &Kid {
        unimplemented!()
    }
    pub fn verifier(&self) -> Option<std::sync::Arc<VerifyingKey>> {
        None
    }
    pub fn is_for_signing(&self) -> bool {
        false
    }
}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct KeyError;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct GateError;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct PassphraseError;
impl crate::kernel::Coded for KeyError {
    fn code(&self) -> crate::kernel::Code {
        unimplemented!()
    }
}
#[derive(Debug, Clone)]
pub struct PassphraseHash(String);
impl PassphraseHash {
    pub fn of_nobody() -> Self {
        unimplemented!()
    }
    pub fn from_stored(s: String) -> Self {
        Self(s)
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
pub fn verify_passphrase(p: &Secret<String>, h: &PassphraseHash) -> bool {
    false
}
pub fn hash_passphrase(p: &Secret<String>, ids: &dyn Ids) -> Result<PassphraseHash, PassphraseError> {
    unimplemented!()
}
pub enum Typ {
    Directory,
    AccessToken,
    ClientAssertion,
    Receipt,
}
pub struct Verified;
impl Verified {
    pub fn payload(&self) -> &[u8] {
        unimplemented!()
    }
}
pub fn verify_compact(
    t: &str,
    typ: Typ,
    max: usize,
    f: impl FnOnce(&Kid) -> Option<std::sync::Arc<VerifyingKey>>,
) -> Result<Verified, GateError> {
    unimplemented!()
}
pub fn sign_compact(k: &SigningKey, typ: Typ, p: &[u8]) -> Result<String, KeyError> {
    unimplemented!()
}
pub fn peek_kid(t: &str, max: usize) -> Result<Kid, GateError> {
    unimplemented!()
}
