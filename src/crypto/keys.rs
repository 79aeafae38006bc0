//! P-256 keys: public ones as JWK, private ones that do not show themselves.

use std::{fmt, panic::catch_unwind, str::FromStr, sync::Arc};

use josekit::{
    jwe::{
        ECDH_ES_A256KW,
        alg::ecdh_es::{EcdhEsJweDecrypter, EcdhEsJweEncrypter},
    },
    jwk::Jwk,
    jws::{
        ES256, JwsSigner as _, JwsVerifier as _,
        alg::ecdsa::{EcdsaJwsSigner, EcdsaJwsVerifier},
    },
};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    nid::Nid,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::gate::{decode, encode};
use crate::kernel::{Code, Coded, Fault, Secret, id::Ids};

/// Thumbprint of a key (RFC 7638, SHA-256), 43 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(Box<str>);

/// Why a key is not taken. Never quotes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A member is missing, unknown, or not what it must be.
    #[error("a key is a JWK with exactly kty EC, crv P-256, x, y, use, alg and kid")]
    Form,
    /// `kid` is not the key's own thumbprint.
    #[error("kid must be the key's RFC 7638 thumbprint")]
    Thumbprint,
    /// The numbers are no point of the curve, or private and public part do not belong together.
    #[error("the key's numbers do not make a P-256 key")]
    Numbers,
    /// The library failed.
    #[error("a key could not be used")]
    Library,
}

impl Coded for KeyError {
    fn code(&self) -> Code {
        match self {
            Self::Form => Code::new("key.form", Fault::Malformed),
            Self::Thumbprint => Code::new("key.thumbprint", Fault::Malformed),
            Self::Numbers => Code::new("key.numbers", Fault::Malformed),
            Self::Library => Code::new("key.library", Fault::Internal),
        }
    }
}

impl Kid {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(x: &str, y: &str) -> Self {
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Self(encode(&Sha256::digest(canonical)).into())
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Kid {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        match decode(text) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(text.into())),
            _ => Err(KeyError::Thumbprint),
        }
    }
}

impl Serialize for Kid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Kid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Sign,
    Encrypt,
}

impl Purpose {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Sign => ("sig", "ES256"),
            Self::Encrypt => ("enc", "ECDH-ES+A256KW"),
        }
    }
}

/// A public key, checked: a point of the curve, and `kid` its own thumbprint.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicJwk {
    kid: Kid,
    x: Box<str>,
    y: Box<str>,
    purpose: Purpose,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JwkForm {
    kty: String,
    crv: String,
    x: String,
    y: String,
    r#use: String,
    alg: String,
    kid: Kid,
    // Browsers add these two; they mean nothing here and are not kept.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "accepted and dropped")]
    key_ops: Option<Vec<String>>,
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "accepted and dropped")]
    ext: Option<bool>,
}

impl TryFrom<JwkForm> for PublicJwk {
    type Error = KeyError;

    fn try_from(form: JwkForm) -> Result<Self, KeyError> {
        let purpose = match (form.r#use.as_str(), form.alg.as_str()) {
            ("sig", "ES256") => Purpose::Sign,
            ("enc", "ECDH-ES+A256KW") => Purpose::Encrypt,
            _ => return Err(KeyError::Form),
        };
        let fits = form.kty == "EC" && form.crv == "P-256" && form.x.len() == 43 && form.y.len() == 43;
        if !fits {
            return Err(KeyError::Form);
        }
        if Kid::of(&form.x, &form.y) != form.kid {
            return Err(KeyError::Thumbprint);
        }
        let coordinate = |text: &str| decode(text).map_err(|_ignored| KeyError::Form);
        point(&coordinate(&form.x)?, &coordinate(&form.y)?)?;
        Ok(Self { kid: form.kid, x: form.x.into(), y: form.y.into(), purpose })
    }
}

impl PublicJwk {
    /// The thumbprint.
    pub const fn kid(&self) -> &Kid {
        &self.kid
    }

    /// Whether it is a signing key; otherwise it is an encryption key.
    pub fn is_for_signing(&self) -> bool {
        self.purpose == Purpose::Sign
    }

    /// Ready to verify with; nothing when it is an encryption key. Costs as much as a verification: keep it.
    pub fn verifier(&self) -> Option<Arc<VerifyingKey>> {
        if !self.is_for_signing() {
            return None;
        }
        let inner = ES256.verifier_from_jwk(&self.josekit()).ok()?;
        Some(Arc::new(VerifyingKey { kid: self.kid.clone(), inner }))
    }

    /// Ready to encrypt to; nothing when it is a signing key.
    pub fn encrypter(&self) -> Option<Arc<EncryptionKey>> {
        if self.is_for_signing() {
            return None;
        }
        let inner = ECDH_ES_A256KW.encrypter_from_jwk(&self.josekit()).ok()?;
        Some(Arc::new(EncryptionKey { kid: self.kid.clone(), inner }))
    }

    fn josekit(&self) -> Jwk {
        let mut jwk = Jwk::new("EC");
        // Only a value that is no JSON string could be refused here.
        let _fits = jwk.set_parameter("crv", Some("P-256".into()));
        let _fits = jwk.set_parameter("x", Some((*self.x).into()));
        let _fits = jwk.set_parameter("y", Some((*self.y).into()));
        jwk
    }

    fn form(&self) -> JwkForm {
        let (r#use, alg) = self.purpose.words();
        JwkForm {
            kty: String::from("EC"),
            crv: String::from("P-256"),
            x: self.x.to_string(),
            y: self.y.to_string(),
            r#use: r#use.to_owned(),
            alg: alg.to_owned(),
            kid: self.kid.clone(),
            key_ops: None,
            ext: None,
        }
    }
}

impl fmt::Debug for PublicJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicJwk({})", self.kid)
    }
}

impl Serialize for PublicJwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.form().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicJwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JwkForm::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

/// A public key ready to verify with.
pub struct VerifyingKey {
    kid: Kid,
    inner: EcdsaJwsVerifier,
}

impl VerifyingKey {
    /// The thumbprint.
    pub const fn kid(&self) -> &Kid {
        &self.kid
    }

    pub(super) fn fits(&self, input: &[u8], signature: &[u8]) -> bool {
        catch_unwind(|| self.inner.verify(input, signature).is_ok()).unwrap_or(false)
    }
}

/// A public key ready to encrypt to.
pub struct EncryptionKey {
    pub(super) kid: Kid,
    pub(super) inner: EcdhEsJweEncrypter,
}

impl EncryptionKey {
    /// The thumbprint.
    pub const fn kid(&self) -> &Kid {
        &self.kid
    }
}

/// A private key as a JWK text, for wrapping under a passphrase and for nothing else.
pub type SecretJwk = Secret<String>;

/// A private signing key.
pub struct SigningKey {
    public: PublicJwk,
    inner: EcdsaJwsSigner,
    verifier: Arc<VerifyingKey>,
    secret: Secret<Vec<u8>>,
}

impl SigningKey {
    /// A new key.
    pub fn generate(ids: &dyn Ids) -> Result<Self, KeyError> {
        let (d, public) = fresh(ids, Purpose::Sign)?;
        Self::from_parts(public, d)
    }

    /// From a private JWK: the public members and `d`. Signs and verifies once, so that a broken key is found now.
    pub fn from_secret_jwk(jwk: &SecretJwk) -> Result<Self, KeyError> {
        let (public, d) = parse_secret(jwk)?;
        if !public.is_for_signing() {
            return Err(KeyError::Form);
        }
        Self::from_parts(public, d)
    }

    fn from_parts(public: PublicJwk, d: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let inner = ES256.signer_from_jwk(&with_secret(&public, &d)).map_err(|_ignored| KeyError::Numbers)?;
        let verifier = public.verifier().ok_or(KeyError::Numbers)?;
        let key = Self { public, inner, verifier, secret: d };
        let signature = key.sign(b"once").ok_or(KeyError::Numbers)?;
        if key.verifier.fits(b"once", &signature) { Ok(key) } else { Err(KeyError::Numbers) }
    }

    /// The thumbprint.
    pub const fn kid(&self) -> &Kid {
        &self.public.kid
    }

    /// The public half.
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The public half, ready to verify with.
    pub fn verifier(&self) -> Arc<VerifyingKey> {
        Arc::clone(&self.verifier)
    }

    /// The private JWK, for wrapping.
    pub fn to_secret_jwk(&self) -> SecretJwk {
        secret_text(&self.public, &self.secret)
    }

    pub(super) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        self.inner.sign(input).ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

/// A private decryption key.
pub struct DecryptionKey {
    public: PublicJwk,
    pub(super) inner: EcdhEsJweDecrypter,
    secret: Secret<Vec<u8>>,
}

impl DecryptionKey {
    /// A new key.
    pub fn generate(ids: &dyn Ids) -> Result<Self, KeyError> {
        let (d, public) = fresh(ids, Purpose::Encrypt)?;
        Self::from_parts(public, d)
    }

    /// From a private JWK: the public members and `d`.
    pub fn from_secret_jwk(jwk: &SecretJwk) -> Result<Self, KeyError> {
        let (public, d) = parse_secret(jwk)?;
        if public.is_for_signing() {
            return Err(KeyError::Form);
        }
        Self::from_parts(public, d)
    }

    fn from_parts(public: PublicJwk, d: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let inner = ECDH_ES_A256KW
            .decrypter_from_jwk(&with_secret(&public, &d))
            .map_err(|_ignored| KeyError::Numbers)?;
        Ok(Self { public, inner, secret: d })
    }

    /// The thumbprint.
    pub const fn kid(&self) -> &Kid {
        &self.public.kid
    }

    /// The public half.
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The private JWK, for wrapping.
    pub fn to_secret_jwk(&self) -> SecretJwk {
        secret_text(&self.public, &self.secret)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.public.kid)
    }
}

fn library<E>(_error: E) -> KeyError {
    KeyError::Library
}

fn group() -> Result<EcGroup, KeyError> {
    EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).map_err(library)
}

/// Refuses numbers that are no point of the curve.
fn point(x: &[u8], y: &[u8]) -> Result<(), KeyError> {
    let group = group()?;
    let (x, y) = (BigNum::from_slice(x).map_err(library)?, BigNum::from_slice(y).map_err(library)?);
    let key =
        EcKey::from_public_key_affine_coordinates(&group, &x, &y).map_err(|_ignored| KeyError::Numbers)?;
    key.check_key().map_err(|_ignored| KeyError::Numbers)
}

/// A private number from the handed-in source, and its point. A draw outside the group's order is drawn again.
fn fresh(ids: &dyn Ids, purpose: Purpose) -> Result<(Secret<Vec<u8>>, PublicJwk), KeyError> {
    let group = group()?;
    let mut order = BigNum::new().map_err(library)?;
    let mut context = BigNumContext::new().map_err(library)?;
    group.order(&mut order, &mut context).map_err(library)?;
    for _draw in 0..64 {
        let mut bytes = vec![0u8; 32];
        ids.random(&mut bytes);
        let d = Secret::new(bytes);
        let number = BigNum::from_slice(d.expose()).map_err(library)?;
        if number.num_bits() == 0 || number >= order {
            continue;
        }
        return Ok((d.clone(), public_of(&group, &number, purpose)?));
    }
    Err(KeyError::Library)
}

fn public_of(group: &EcGroup, d: &BigNum, purpose: Purpose) -> Result<PublicJwk, KeyError> {
    let mut context = BigNumContext::new().map_err(library)?;
    let mut point = EcPoint::new(group).map_err(library)?;
    point.mul_generator2(group, d, &mut context).map_err(library)?;
    let (mut x, mut y) = (BigNum::new().map_err(library)?, BigNum::new().map_err(library)?);
    point.affine_coordinates(group, &mut x, &mut y, &mut context).map_err(library)?;
    let text = |number: &BigNum| number.to_vec_padded(32).map(|bytes| encode(&bytes)).map_err(library);
    let (x, y) = (text(&x)?, text(&y)?);
    Ok(PublicJwk { kid: Kid::of(&x, &y), x: x.into(), y: y.into(), purpose })
}

fn with_secret(public: &PublicJwk, d: &Secret<Vec<u8>>) -> Jwk {
    let mut jwk = public.josekit();
    let _fits = jwk.set_parameter("d", Some(encode(d.expose()).into()));
    jwk
}

fn secret_text(public: &PublicJwk, d: &Secret<Vec<u8>>) -> SecretJwk {
    let (r#use, alg) = public.purpose.words();
    Secret::new(format!(
        r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}","use":"{use}","alg":"{alg}","kid":"{}","d":"{}"}}"#,
        public.x,
        public.y,
        public.kid,
        encode(d.expose())
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretForm {
    kty: String,
    crv: String,
    x: String,
    y: String,
    r#use: String,
    alg: String,
    kid: Kid,
    d: Secret<String>,
}

fn parse_secret(jwk: &SecretJwk) -> Result<(PublicJwk, Secret<Vec<u8>>), KeyError> {
    let form: SecretForm = serde_json::from_str(jwk.expose()).map_err(|_ignored| KeyError::Form)?;
    let d = Secret::new(decode(form.d.expose()).map_err(|_ignored| KeyError::Form)?);
    let public = PublicJwk::try_from(JwkForm {
        kty: form.kty,
        crv: form.crv,
        x: form.x,
        y: form.y,
        r#use: form.r#use,
        alg: form.alg,
        kid: form.kid,
        key_ops: None,
        ext: None,
    })?;
    let number = BigNum::from_slice(d.expose()).map_err(library)?;
    let belongs = d.expose().len() == 32 && public_of(&group()?, &number, public.purpose)? == public;
    if belongs { Ok((public, d)) } else { Err(KeyError::Numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn a_key_survives_its_private_form_and_shows_nothing_of_it() {
        let key = SigningKey::generate(&SystemIds).unwrap();
        let secret = key.to_secret_jwk();
        let again = SigningKey::from_secret_jwk(&secret).unwrap();
        assert_eq!(again.public(), key.public());
        let d = secret.expose().split("\"d\":\"").nth(1).unwrap().trim_end_matches("\"}").to_owned();
        assert!(!format!("{key:?}").contains(&d));
        assert!(!serde_json::to_string(key.public()).unwrap().contains(&d));
    }

    #[test]
    fn a_public_key_survives_its_json_and_loses_what_browsers_add() {
        let key = DecryptionKey::generate(&SystemIds).unwrap();
        let mut json = serde_json::to_value(key.public()).unwrap();
        json["key_ops"] = serde_json::json!(["deriveKey"]);
        json["ext"] = true.into();
        let again: PublicJwk = serde_json::from_value(json).unwrap();
        assert_eq!(&again, key.public());
        assert_eq!(serde_json::to_value(&again).unwrap().as_object().unwrap().len(), 7);
    }

    #[test]
    fn a_key_that_is_not_what_it_says_is_refused() {
        let good = serde_json::to_value(SigningKey::generate(&SystemIds).unwrap().public()).unwrap();
        let other = serde_json::to_value(SigningKey::generate(&SystemIds).unwrap().public()).unwrap();
        let change = |member: &str, value: serde_json::Value| {
            let mut json = good.clone();
            json[member] = value;
            serde_json::from_value::<PublicJwk>(json).unwrap_err().to_string()
        };
        assert!(change("kid", other["kid"].clone()).contains("thumbprint"));
        assert!(change("y", other["y"].clone()).contains("thumbprint"));
        assert!(change("use", "enc".into()).contains("exactly"));
        assert!(change("d", "AAAA".into()).contains("unknown field"));
        let (x, y) = ("A".repeat(43), "A".repeat(43));
        let off_curve = serde_json::json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256",
            "kid": Kid::of(&x, &y) });
        assert!(serde_json::from_value::<PublicJwk>(off_curve).unwrap_err().to_string().contains("numbers"));
    }

    #[test]
    fn a_private_number_of_another_key_is_refused() {
        let (a, b) = (SigningKey::generate(&SystemIds).unwrap(), SigningKey::generate(&SystemIds).unwrap());
        let (a, b) = (a.to_secret_jwk(), b.to_secret_jwk());
        let d = b.expose().split("\"d\":").nth(1).unwrap();
        let mixed = format!("{}\"d\":{d}", a.expose().split("\"d\":").next().unwrap());
        assert_eq!(SigningKey::from_secret_jwk(&Secret::new(mixed)).err(), Some(KeyError::Numbers));
    }
}
