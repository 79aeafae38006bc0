//! A device with a passkey, as tests play it: it makes a key and signs what a browser would let it sign (WebAuthn Level 2, ES256, attestation
//! “none”), and lies where a test wants it to.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    sha::sha256,
    sign::Signer,
};
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// A device with a passkey.
pub(crate) struct Passkey {
    key: EcKey<Private>,
    id: Vec<u8>,
    /// How often it signed, as it says.
    pub(crate) count: u32,
    /// Where the browser says it is.
    pub(crate) origin: String,
    /// The site that it signs for; that of the question where there is none.
    pub(crate) site: Option<String>,
    /// Whether it was given its PIN, finger or face.
    pub(crate) is_verified: bool,
}

impl Passkey {
    /// A new device, at a browser that shows this site.
    pub(crate) fn at(origin: &str) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let id = sha256(&key.public_key_to_der().unwrap()).to_vec();
        Self { key, id, count: 1, origin: origin.to_owned(), site: None, is_verified: true }
    }

    /// What the browser says when it is asked to make a passkey.
    pub(crate) fn made(&self, question: &Value) -> Value {
        let asked = &question["publicKey"];
        let said = self.said("webauthn.create", asked);
        let mut data = self.data(asked["rp"]["id"].as_str().unwrap(), HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public());
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let response = json!({ "attestationObject": text(&object), "clientDataJSON": text(said.as_bytes()) });
        self.credential(&response)
    }

    /// What the browser says when it is asked for one.
    pub(crate) fn answer(&mut self, question: &Value) -> Value {
        self.count += 1;
        let asked = &question["publicKey"];
        let said = self.said("webauthn.get", asked);
        let data = self.data(asked["rpId"].as_str().unwrap(), 0);
        let key = PKey::from_ec_key(self.key.clone()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.update(&data).unwrap();
        signer.update(&sha256(said.as_bytes())).unwrap();
        let signature = signer.sign_to_vec().unwrap();
        let response = json!({
            "authenticatorData": text(&data), "clientDataJSON": text(said.as_bytes()), "signature": text(&signature), "userHandle": null,
        });
        self.credential(&response)
    }

    fn said(&self, kind: &str, asked: &Value) -> String {
        let said = json!({ "type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": false });
        said.to_string()
    }

    fn data(&self, site: &str, flags: u8) -> Vec<u8> {
        let mut data = sha256(self.site.as_deref().unwrap_or(site).as_bytes()).to_vec();
        data.push(flags | PRESENT | if self.is_verified { VERIFIED } else { 0 });
        data.extend(self.count.to_be_bytes());
        data
    }

    /// The public half, in the form of RFC 9052.
    fn public(&self) -> Vec<u8> {
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        self.key.public_key().affine_coordinates_gfp(self.key.group(), &mut x, &mut y, &mut context).unwrap();
        let mut public = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        public.extend(x.to_vec_padded(32).unwrap());
        public.extend([0x22, 0x58, 0x20]);
        public.extend(y.to_vec_padded(32).unwrap());
        public
    }

    fn credential(&self, response: &Value) -> Value {
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "response": response, "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        })
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
