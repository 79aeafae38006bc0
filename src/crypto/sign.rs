//! Signing and verifying compact tokens.

use std::sync::Arc;

use super::{
    GateError, KeyError, Kid, SigningKey, Typ, VerifyingKey,
    closed::{self, NotClosed},
    gate::{encode, signed},
};

/// A token whose signature was right. Only this file can make one.
#[derive(Debug)]
pub struct Verified {
    kid: Kid,
    payload: Vec<u8>,
}

impl Verified {
    /// The key that signed.
    pub const fn kid(&self) -> &Kid {
        &self.kid
    }

    /// What was signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What was signed, as closed JSON of at most `depth` nested objects and arrays.
    pub fn claims<'de, T: serde::Deserialize<'de>>(&'de self, depth: u8) -> Result<T, NotClosed> {
        closed::read(&self.payload, depth)
    }

    /// What was signed, by value.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }
}

/// Signs the payload as a compact JWS (RFC 7515 section 7.1).
pub fn sign_compact(key: &SigningKey, typ: Typ, payload: &[u8]) -> Result<String, KeyError> {
    let header = format!(r#"{{"alg":"ES256","kid":"{}","typ":"{}"}}"#, key.kid(), typ.name());
    let mut token = encode(header.as_bytes());
    token.push('.');
    token.push_str(&encode(payload));
    let signature = key.sign(token.as_bytes()).ok_or(KeyError::Library)?;
    token.push('.');
    token.push_str(&encode(&signature));
    Ok(token)
}

/// Claims that were signed before it was certain that they would be made: nobody has them yet.
pub struct Ahead<C> {
    claims: C,
    token: String,
}

impl<C: PartialEq> Ahead<C> {
    /// What was signed, and the token over it.
    pub const fn new(claims: C, token: String) -> Self {
        Self { claims, token }
    }

    /// What was signed.
    pub const fn claims(&self) -> &C {
        &self.claims
    }

    /// The token, for whoever came to the very same claims.
    pub fn token_over(&self, claims: &C) -> Option<&str> {
        (self.claims == *claims).then_some(self.token.as_str())
    }
}

/// Verifies a compact JWS of at most `max` characters. `find` names the key for a thumbprint out of our own store; it is not
/// asked before everything else fits.
pub fn verify_compact(
    token: &str,
    typ: Typ,
    max: usize,
    find: impl FnOnce(&Kid) -> Option<Arc<VerifyingKey>>,
) -> Result<Verified, GateError> {
    let parts = signed(token, typ, max)?;
    let key = find(&parts.kid).ok_or(GateError::UnknownKey)?;
    if *key.kid() != parts.kid {
        return Err(GateError::UnknownKey);
    }
    if !key.fits(parts.input.as_bytes(), &parts.signature) {
        return Err(GateError::Signature);
    }
    Ok(Verified { kid: parts.kid, payload: parts.payload })
}

/// A token that was taken apart and not verified: nothing in it is to be believed.
pub struct Peeked {
    kid: Kid,
    payload: Vec<u8>,
}

impl Peeked {
    /// The key it says it was signed with.
    pub const fn kid(&self) -> &Kid {
        &self.kid
    }

    /// What it says. The name is long on purpose: every use shows in a review.
    pub fn unverified(&self) -> &[u8] {
        &self.payload
    }
}

/// Takes a signed token apart without verifying it, to show to a person what it claims.
pub fn peek(token: &str, typ: Typ, max: usize) -> Result<Peeked, GateError> {
    let parts = signed(token, typ, max)?;
    Ok(Peeked { kid: parts.kid, payload: parts.payload })
}

/// Which key a client assertion or another signed token claims, without believing it: to look the key up first.
pub fn peek_kid(token: &str, typ: Typ, max: usize) -> Result<Kid, GateError> {
    Ok(signed(token, typ, max)?.kid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn a_signed_token_verifies_and_a_changed_one_does_not() {
        let key = SigningKey::generate(&SystemIds).unwrap();
        let token = sign_compact(&key, Typ::Receipt, b"{}").unwrap();
        let find = |_: &Kid| Some(key.verifier());
        assert_eq!(verify_compact(&token, Typ::Receipt, 4_096, find).unwrap().payload(), b"{}");
        let forged = token.replace(&encode(b"{}"), &encode(b"[]"));
        assert_eq!(verify_compact(&forged, Typ::Receipt, 4_096, find).unwrap_err(), GateError::Signature);
        assert_eq!(verify_compact(&token, Typ::Event, 4_096, find).unwrap_err(), GateError::Type);
    }

    #[test]
    fn a_key_found_under_another_thumbprint_is_not_used() {
        let (key, other) =
            (SigningKey::generate(&SystemIds).unwrap(), SigningKey::generate(&SystemIds).unwrap());
        let token = sign_compact(&key, Typ::Receipt, b"{}").unwrap();
        let refused = verify_compact(&token, Typ::Receipt, 4_096, |_| Some(other.verifier())).unwrap_err();
        assert_eq!(refused, GateError::UnknownKey);
        assert_eq!(verify_compact(&token, Typ::Receipt, 4_096, |_| None).unwrap_err(), GateError::UnknownKey);
    }
}
