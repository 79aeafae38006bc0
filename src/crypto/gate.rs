//! The strict gate: a compact token taken apart, with every check that can be made before any cryptography.
//!
//! Order: length, number of parts, length of each part, canonical base64url, a header of exactly the allowed members. The numbers are
//! those of the packet format's validation order.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use super::{Kid, closed};
use crate::kernel::{Code, Coded, Fault};

/// Base64url without padding, and without bits that mean nothing.
const STRICT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// An ES256 signature is 64 bytes.
const SIGNATURE_CHARS: usize = 86;
const HEADER_CHARS: usize = 512;
const GRANT_HEADER_CHARS: usize = 1_024;

/// What a token is for. A token of one type is never taken for another (RFC 8725 section 3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typ {
    /// Envelope of a packet.
    Envelope,
    /// Section keys for one reader.
    Grant,
    /// A sealed section.
    Section,
    /// The signed content inside a document section.
    Content,
    /// Receipt of a node or an organisation.
    Receipt,
    /// Event of a referral.
    Event,
    /// Scope certificate of a consent.
    Scope,
    /// Signature of a data-sharing agreement.
    Agreement,
    /// Statement about an organisation's keys.
    Directory,
    /// Wrapped private keys.
    Keyring,
    /// What an organisation keeps at the hub, sealed to itself.
    Kept,
    /// Statement of what was disclosed about a person.
    Disclosures,
    /// Access token of this node (RFC 9068).
    AccessToken,
    /// Assertion of a machine client (RFC 7523).
    ClientAssertion,
}

impl Typ {
    /// The `typ` header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Envelope => "rp1-envelope+jws",
            Self::Grant => "rp1-grant+jwe",
            Self::Section => "rp1-section+jwe",
            Self::Content => "rp1-content+jws",
            Self::Receipt => "rp1-receipt+jws",
            Self::Event => "rp1-event+jws",
            Self::Scope => "rp1-scope+jws",
            Self::Agreement => "rp1-agreement+jws",
            Self::Directory => "rp1-directory+jws",
            Self::Keyring => "rp1-keyring+jwe",
            Self::Kept => "rp1-kept+jwe",
            Self::Disclosures => "rp1-disclosures+jws",
            Self::AccessToken => "at+jwt",
            Self::ClientAssertion => "JWT",
        }
    }
}

/// Why a token was not taken. Says nothing about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// Length, parts, base64url or the length of a part is wrong (110, 214, 215).
    #[error("the token's form is wrong")]
    Shape,
    /// The header is not JSON, or a member is unknown, repeated or missing (111).
    #[error("the token's header is wrong")]
    Header,
    /// The algorithm is not the one allowed (112).
    #[error("the token's algorithm is not the one allowed")]
    Algorithm,
    /// The type is not the one expected (113).
    #[error("the token is of another type")]
    Type,
    /// The key is not known (120).
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature is wrong (123).
    #[error("the token's signature is wrong")]
    Signature,
    /// It does not decrypt (301, 305). One message for every reason.
    #[error("the token does not open with this key")]
    Sealed,
}

impl GateError {
    /// The number in the packet format's validation order, for an envelope.
    pub const fn number(self) -> u16 {
        match self {
            Self::Shape => 110,
            Self::Header => 111,
            Self::Algorithm => 112,
            Self::Type => 113,
            Self::UnknownKey => 120,
            Self::Signature => 123,
            Self::Sealed => 301,
        }
    }
}

impl Coded for GateError {
    fn code(&self) -> Code {
        match self {
            Self::Shape => Code::new("token.shape", Fault::Malformed),
            Self::Header => Code::new("token.header", Fault::Malformed),
            Self::Algorithm => Code::new("token.algorithm", Fault::Malformed),
            Self::Type => Code::new("token.type", Fault::Malformed),
            Self::UnknownKey => Code::new("token.unknown_key", Fault::Refused),
            Self::Signature => Code::new("token.signature", Fault::Refused),
            Self::Sealed => Code::new("token.sealed", Fault::Refused),
        }
    }
}

/// Header of a signed token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedHeader {
    alg: String,
    #[serde(default)]
    kid: Option<Kid>,
    #[serde(default)]
    typ: Option<String>,
}

/// Header of a sealed token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedHeader {
    alg: String,
    enc: String,
    #[serde(default)]
    pub(super) kid: Option<Kid>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    pub(super) cty: Option<String>,
    #[serde(default)]
    pub(super) epk: Option<Epk>,
}

/// Ephemeral public key of a grant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Epk {
    kty: String,
    crv: String,
    pub(super) x: String,
    pub(super) y: String,
}

/// A signed token in its parts.
pub(super) struct Signed<'a> {
    pub(super) kid: Kid,
    pub(super) input: &'a str,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Takes a signed token apart.
pub(super) fn signed(token: &str, typ: Typ, max: usize) -> Result<Signed<'_>, GateError> {
    if token.len() > max || !token.is_ascii() {
        return Err(GateError::Shape);
    }
    let (input, signature) = token.rsplit_once('.').ok_or(GateError::Shape)?;
    let (header, payload) = input.split_once('.').ok_or(GateError::Shape)?;
    let lengths_fit = (1..=HEADER_CHARS).contains(&header.len()) && signature.len() == SIGNATURE_CHARS;
    if !lengths_fit || payload.is_empty() || payload.contains('.') {
        return Err(GateError::Shape);
    }
    let signature = decode(signature)?;
    let header = decode(header)?;
    let header: SignedHeader = closed::read(&header, 1).map_err(|_ignored| GateError::Header)?;
    let payload = decode(payload)?;
    if header.alg != "ES256" {
        return Err(GateError::Algorithm);
    }
    let typ_fits = match header.typ.as_deref() {
        Some(named) => named == typ.name(),
        // Libraries for RFC 7523 may leave it out.
        None => typ == Typ::ClientAssertion,
    };
    if !typ_fits {
        return Err(GateError::Type);
    }
    let kid = header.kid.ok_or(GateError::Header)?;
    Ok(Signed { kid, input, payload, signature })
}

/// A sealed token in its parts.
pub(super) struct Sealed<'a> {
    pub(super) header: SealedHeader,
    /// The header as received: the additional authenticated data.
    pub(super) aad: &'a str,
    pub(super) key: Vec<u8>,
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// Which sealed token is expected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    /// To whoever holds a key: a grant, a keyring, what is kept.
    To(Typ),
    Section,
    /// Under a key that is used for nothing else.
    Keyring,
}

/// Takes a sealed token apart.
pub(super) fn sealed(token: &str, seal: Seal, max: usize) -> Result<Sealed<'_>, GateError> {
    if token.len() > max || !token.is_ascii() {
        return Err(GateError::Shape);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(key), Some(iv), Some(ciphertext), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(GateError::Shape);
    };
    let to_a_key = matches!(seal, Seal::To(_));
    let (header_max, key_chars) = if to_a_key { (GRANT_HEADER_CHARS, 54) } else { (HEADER_CHARS, 0) };
    let lengths_fit = (1..=header_max).contains(&header.len())
        && key.len() == key_chars
        && iv.len() == 16
        && tag.len() == 22
        && !ciphertext.is_empty();
    if !lengths_fit {
        return Err(GateError::Shape);
    }
    let (key, iv, tag) = (decode(key)?, decode(iv)?, decode(tag)?);
    let aad = header;
    let header = decode(header)?;
    let header: SealedHeader = closed::read(&header, 2).map_err(|_ignored| GateError::Header)?;
    let ciphertext = decode(ciphertext)?;
    let (alg, typ) = match seal {
        Seal::To(typ) => ("ECDH-ES+A256KW", typ),
        Seal::Section => ("dir", Typ::Section),
        Seal::Keyring => ("dir", Typ::Keyring),
    };
    if header.alg != alg || header.enc != "A256GCM" {
        return Err(GateError::Algorithm);
    }
    if header.typ.as_deref() != Some(typ.name()) {
        return Err(GateError::Type);
    }
    let cty_fits = match header.cty.as_deref() {
        None => true,
        Some(cty) => seal == Seal::Section && cty == Typ::Content.name(),
    };
    if !cty_fits {
        return Err(GateError::Type);
    }
    let members_fit = match (&header.kid, &header.epk) {
        (Some(_), Some(epk)) => {
            to_a_key && epk.kty == "EC" && epk.crv == "P-256" && epk.x.len() == 43 && epk.y.len() == 43
        }
        (None, None) => !to_a_key,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !members_fit {
        return Err(GateError::Header);
    }
    Ok(Sealed { header, aad, key, iv, ciphertext, tag })
}

/// Canonical base64url, or a refusal.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, GateError> {
    STRICT.decode(text).map_err(|_ignored| GateError::Shape)
}

/// Base64url without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    STRICT.encode(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        crypto::{
            DecryptionKey, SigningKey, VerifyingKey, decrypt_grant, encrypt_grant, sign_compact,
            verify_compact,
        },
        kernel::id::SystemIds,
    };

    fn token(header: &str) -> String {
        let kid = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        let header = header.replace("KID", kid);
        format!("{}.{}.{}", encode(header.as_bytes()), encode(b"{}"), encode(&[0; 64]))
    }

    fn refusal(token: &str) -> Option<GateError> {
        signed(token, Typ::Receipt, 4_096).err()
    }

    #[test]
    fn each_fault_of_a_signed_token_has_its_own_refusal() {
        let good = token(r#"{"alg":"ES256","kid":"KID","typ":"rp1-receipt+jws"}"#);
        assert_eq!(refusal(&good), None);
        for (token, refused) in [
            (token(r#"{"alg":"none","kid":"KID","typ":"rp1-receipt+jws"}"#), GateError::Algorithm),
            (token(r#"{"alg":"HS256","kid":"KID","typ":"rp1-receipt+jws"}"#), GateError::Algorithm),
            (token(r#"{"alg":"ES256","kid":"KID","typ":"rp1-event+jws"}"#), GateError::Type),
            (token(r#"{"alg":"ES256","kid":"KID"}"#), GateError::Type),
            (token(r#"{"alg":"ES256","typ":"rp1-receipt+jws"}"#), GateError::Header),
            (
                token(r#"{"alg":"ES256","alg":"ES256","kid":"KID","typ":"rp1-receipt+jws"}"#),
                GateError::Header,
            ),
            (token(r#"{"alg":"ES256","kid":"KID","typ":"rp1-receipt+jws","crit":["x"]}"#), GateError::Header),
            (token(r#"{"alg":"ES256","kid":"KID","typ":"rp1-receipt+jws","jwk":{}}"#), GateError::Header),
            (token(r#"{"alg":"ES256","kid":"short","typ":"rp1-receipt+jws"}"#), GateError::Header),
            (token(r#"["ES256","KID","rp1-receipt+jws"]"#), GateError::Header),
            (token(r#"{"alg":"ES256","kid":null,"typ":"rp1-receipt+jws"}"#), GateError::Header),
            (token(r#"{"alg":"ES256","kid":"KID","typ":"rp1-receipt+jws"} {}"#), GateError::Header),
            (format!("{good}="), GateError::Shape),
            (format!("{good}.x"), GateError::Shape),
            (good.replace('.', ""), GateError::Shape),
            (good.replacen('.', "..", 1), GateError::Shape),
            (String::new(), GateError::Shape),
            (format!("é{good}"), GateError::Shape),
        ] {
            assert_eq!(refusal(&token), Some(refused), "{token}");
        }
    }

    #[test]
    fn a_token_over_its_limit_is_refused_before_anything_else() {
        assert_eq!(signed(&"x".repeat(10), Typ::Receipt, 9).err(), Some(GateError::Shape));
    }

    #[test]
    fn loose_bits_at_the_end_of_a_part_are_refused() {
        // "AB" decodes to one byte and four bits that should be zero; here they are not.
        assert_eq!(decode("AB"), Err(GateError::Shape));
        assert_eq!(decode("AA"), Ok(vec![0]));
    }

    #[test]
    fn a_sealed_token_with_a_short_tag_or_compression_is_refused() {
        let make = |header: &str, tag: &[u8]| {
            format!("{}..{}.{}.{}", encode(header.as_bytes()), encode(&[0; 12]), encode(b"x"), encode(tag))
        };
        let section = Seal::Section;
        let plain = r#"{"alg":"dir","enc":"A256GCM","typ":"rp1-section+jwe"}"#;
        let zipped = r#"{"alg":"dir","enc":"A256GCM","typ":"rp1-section+jwe","zip":"DEF"}"#;
        assert!(sealed(&make(plain, &[0; 16]), section, 4_096).is_ok());
        assert_eq!(sealed(&make(plain, &[0; 12]), section, 4_096).err(), Some(GateError::Shape));
        assert_eq!(sealed(&make(zipped, &[0; 16]), section, 4_096).err(), Some(GateError::Header));
    }

    /// One change of a text: what stands at a place goes, and something else comes in.
    fn spliced(text: &str, (place, gone): (&prop::sample::Index, usize), comes: &str) -> String {
        let place = place.index(text.len());
        let end = place.saturating_add(gone).min(text.len());
        format!("{}{comes}{}", text.get(..place).unwrap(), text.get(end..).unwrap())
    }

    /// What mutations are made of: letters of tokens, dots, and what no token holds.
    const PIECES: &str = "[A-Za-z0-9_.=+/ -]{0,12}|\\PC{0,6}";

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_of_any_kind_passes_no_gate_and_nothing_panics(text in "\\PC{0,300}|([A-Za-z0-9_-]{0,120}\\.){0,6}[A-Za-z0-9_-]{0,90}") {
            prop_assert!(signed(&text, Typ::Envelope, 4_096).is_err());
            for seal in [Seal::To(Typ::Grant), Seal::Section, Seal::Keyring] {
                prop_assert!(sealed(&text, seal, 4_096).is_err());
            }
        }

        #[test]
        fn a_signed_token_passes_as_it_was_made_and_in_no_other_way(
            place in any::<prop::sample::Index>(), gone in 0_usize..40, comes in PIECES,
        ) {
            thread_local! {
                static MADE: (std::sync::Arc<VerifyingKey>, String) = {
                    let key = SigningKey::generate(&SystemIds).unwrap();
                    let token = sign_compact(&key, Typ::Envelope, br#"{"v":1,"n":"some claims of a packet"}"#).unwrap();
                    (key.verifier(), token)
                };
            }
            MADE.with(|(key, good)| {
                let passes = |token: &str| {
                    verify_compact(token, Typ::Envelope, 4_096, |_| Some(std::sync::Arc::clone(key))).is_ok()
                };
                let changed = spliced(good, (&place, gone), &comes);
                prop_assert_eq!(passes(&changed), changed == *good);
                prop_assert!(passes(good));
                Ok(())
            })?;
        }

        #[test]
        fn a_sealed_token_opens_as_it_was_made_and_in_no_other_way(
            place in any::<prop::sample::Index>(), gone in 0_usize..40, comes in PIECES,
        ) {
            thread_local! {
                static MADE: (DecryptionKey, String) = {
                    let key = DecryptionKey::generate(&SystemIds).unwrap();
                    let token = encrypt_grant(&key.public().encrypter().unwrap(), &SystemIds, b"keys of sections").unwrap();
                    (key, token)
                };
            }
            MADE.with(|(key, good)| {
                let changed = spliced(good, (&place, gone), &comes);
                prop_assert_eq!(decrypt_grant(&changed, key, 4_096).is_ok(), changed == *good);
                prop_assert!(decrypt_grant(good, key, 4_096).is_ok());
                Ok(())
            })?;
        }
    }
}
