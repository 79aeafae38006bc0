//! The numbered checks a packet can fail, in their order, and what a refusal says to the outside.

use serde_json::{Map, Value, json};

use crate::{
    crypto::GateError,
    kernel::{Code, Coded, Fault},
    policy::{Denial, Denials, Deny},
};

/// What is wrong with a manifest (207). The number is one; the deny codes are three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestFault {
    /// Its digest is not the one in the envelope.
    Digest,
    /// It is not the JSON it must be.
    Malformed,
    /// A field of it is not known.
    Unknown,
    /// A field stands under another category or in another compartment than the dictionary says.
    Misplaced,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $code:literal, $fault:ident;)*) => {
        /// A check that a packet failed. The order is that of the checks: cheap ones first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PacketFault {
            $(#[doc = concat!(stringify!($number), ":")] $(#[$doc])* $name,)*
            /// 207: the manifest.
            Manifest(ManifestFault),
        }

        impl PacketFault {
            /// Every fault, in the order of the checks but for the manifest's, which stand last.
            pub const ALL: &'static [Self] = &[
                $(Self::$name,)*
                Self::Manifest(ManifestFault::Digest),
                Self::Manifest(ManifestFault::Malformed),
                Self::Manifest(ManifestFault::Unknown),
                Self::Manifest(ManifestFault::Misplaced),
            ];

            /// The number of the check.
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Manifest(_) => 207,
                }
            }
        }

        impl Coded for PacketFault {
            fn code(&self) -> Code {
                match self {
                    $(Self::$name => Code::new(concat!("packet.", $code), Fault::$fault),)*
                    Self::Manifest(_) => Code::new("packet.manifest", Fault::Malformed),
                }
            }

            fn facts(&self) -> Option<Map<String, Value>> {
                let mut facts = Map::new();
                facts.insert(String::from("check"), self.outward_number().into());
                let denials = self.denials();
                if !denials.is_empty() {
                    facts.insert(String::from("denials"), json!(denials));
                }
                Some(facts)
            }
        }
    };
}

faults! {
    /// the body is over its limit.
    TooLarge = 100, "too_large", TooLarge;
    /// the body is not one closed JSON object in UTF-8.
    NotOneObject = 101, "not_one_object", Malformed;
    /// the version is not supported, or there are too many or too few grants or sections.
    Version = 102, "version", Malformed;
    /// the caller is not authenticated, or over its rate.
    Caller = 103, "caller", Unauthenticated;
    /// the envelope's length, parts, base64url or signature length.
    EnvelopeShape = 110, "envelope_shape", Malformed;
    /// the envelope's header.
    EnvelopeHeader = 111, "envelope_header", Malformed;
    /// the envelope's algorithm.
    EnvelopeAlgorithm = 112, "envelope_algorithm", Malformed;
    /// the envelope's type.
    EnvelopeType = 113, "envelope_type", Malformed;
    /// the signing key is not known.
    KeyUnknown = 120, "key_unknown", Refused;
    /// the key is not for signing, or its role may not send.
    KeyUse = 121, "key_use", Refused;
    /// the key was not valid when the hub received the packet.
    KeyTime = 122, "key_time", Refused;
    /// the signature is wrong.
    Signature = 123, "signature", Refused;
    /// the envelope's claims.
    Claims = 200, "claims", Malformed;
    /// the envelope's claims, with text where only codes may stand.
    ClaimsShowText = 200, "claims", Malformed;
    /// the issuer does not own the signing key.
    Issuer = 201, "issuer", Refused;
    /// the issuer is not the caller, and the caller may not relay for it.
    NotTheCaller = 202, "not_the_caller", Forbidden;
    /// a recipient is unknown, suspended, out of order or repeated.
    Recipients = 203, "recipients", Refused;
    /// made in the future, beyond the allowed skew.
    IssuedAt = 204, "issued_at", Refused;
    /// expired, or made to live too short or too long.
    Expiry = 205, "expiry", Refused;
    /// the packet it refers to is missing, or not one of the issuer's.
    Reference = 206, "reference", Refused;
    /// the manifest names another policy than the one in force.
    OtherPolicy = 207, "policy", Refused;
    /// the numbers of grants or sections differ from the claims.
    Counts = 210, "counts", Malformed;
    /// a section's length or digest differs from the claims.
    SectionDigest = 211, "section_digest", Malformed;
    /// a grant's digest differs from the claims.
    GrantDigest = 212, "grant_digest", Malformed;
    /// a grant's key may not be used, or a reader who must have a grant has none.
    GrantKey = 213, "grant_key", Refused;
    /// a grant is not the token it must be.
    GrantShape = 214, "grant_shape", Malformed;
    /// a section is not the token it must be.
    SectionShape = 215, "section_shape", Malformed;
    /// the same issuer used this packet id for another packet.
    Replay = 220, "replay", Conflict;
    /// no grant is for a key of ours.
    NoGrant = 300, "no_grant", Refused;
    /// a grant does not decrypt.
    GrantSealed = 301, "sealed", Refused;
    /// what a grant holds is malformed.
    GrantMalformed = 302, "grant_malformed", Refused;
    /// a grant is for another packet or another reader.
    GrantMismatch = 303, "grant_mismatch", Refused;
    /// a section key is not the one the envelope commits to.
    SectionKey = 304, "section_key", Refused;
    /// a section does not decrypt.
    SectionSealed = 305, "sealed", Refused;
    /// the signed content is not a good token.
    Content = 306, "content", Refused;
    /// the signed content has another key or other claims than the envelope.
    ContentClaims = 307, "content_claims", Refused;
    /// a file is not the one its document describes.
    File = 308, "file", Refused;
    /// the data does not satisfy its schema.
    Schema = 309, "schema", Refused;
    /// seen before, or the hub's receipt is missing or wrong.
    Receipt = 310, "receipt", Refused;
    /// something is inside that the manifest does not list.
    Outside = 311, "outside_manifest", Refused;
}

impl PacketFault {
    /// The number as it may be told: whether a grant or a section did not decrypt stays inside.
    pub const fn outward_number(self) -> u16 {
        if matches!(self, Self::SectionSealed) { Self::GrantSealed.number() } else { self.number() }
    }

    /// The form code of the authorisation rule that this number stands under, for those that have one.
    pub const fn deny(self) -> Option<Deny> {
        Some(match self {
            Self::TooLarge
            | Self::NotOneObject
            | Self::Version
            | Self::EnvelopeShape
            | Self::EnvelopeHeader
            | Self::EnvelopeType
            | Self::Claims
            | Self::Recipients
            | Self::Reference
            | Self::Counts
            | Self::SectionDigest
            | Self::GrantDigest
            | Self::GrantShape
            | Self::SectionShape => Deny::D001,
            Self::Replay => Deny::D002,
            Self::KeyUnknown | Self::Signature | Self::Issuer | Self::NotTheCaller => Deny::D003,
            Self::ClaimsShowText => Deny::D010,
            Self::KeyTime => Deny::D004,
            Self::KeyUse => Deny::D005,
            Self::GrantKey => Deny::D006,
            Self::EnvelopeAlgorithm => Deny::D007,
            Self::IssuedAt | Self::Expiry => Deny::D008,
            Self::Manifest(ManifestFault::Digest | ManifestFault::Malformed) => Deny::D011,
            Self::OtherPolicy | Self::Manifest(ManifestFault::Unknown) => Deny::D012,
            Self::Manifest(ManifestFault::Misplaced) => Deny::D013,
            Self::Caller
            | Self::NoGrant
            | Self::GrantSealed
            | Self::GrantMalformed
            | Self::GrantMismatch
            | Self::SectionKey
            | Self::SectionSealed
            | Self::Content
            | Self::ContentClaims
            | Self::File
            | Self::Schema
            | Self::Receipt
            | Self::Outside => return None,
        })
    }

    /// The same as it is told: with the number as its finer code.
    pub fn denials(self) -> Denials {
        let number = self.outward_number().to_string();
        self.deny().map(|deny| Denial::new(deny).subcode(number)).into_iter().collect()
    }

    /// What claims that do not fit are called. Text in them may be about a person.
    pub(super) fn of_claims(payload: &[u8]) -> Self {
        let shows = serde_json::from_slice(payload).is_ok_and(|claims| shows_text(&claims));
        if shows { Self::ClaimsShowText } else { Self::Claims }
    }

    /// What the gate's refusal of an envelope is called here.
    pub(super) const fn of_envelope(gate: GateError) -> Self {
        match gate {
            GateError::Shape => Self::EnvelopeShape,
            GateError::Header => Self::EnvelopeHeader,
            GateError::Algorithm => Self::EnvelopeAlgorithm,
            GateError::Type => Self::EnvelopeType,
            GateError::UnknownKey => Self::KeyUnknown,
            GateError::Signature | GateError::Sealed => Self::Signature,
        }
    }
}

/// Whether a name or a value is more than an id, a code or a digest can be.
fn shows_text(value: &Value) -> bool {
    let is_code = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
    match value {
        Value::String(text) => !is_code(text),
        Value::Array(items) => items.iter().any(shows_text),
        Value::Object(members) => members.iter().any(|(name, member)| !is_code(name) || shows_text(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl std::fmt::Display for PacketFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the packet was refused at check {}", self.outward_number())?;
        if matches!(self, Self::OtherPolicy) {
            f.write_str(
                ": it was sealed by another policy than the one in force; fetch the policy and seal it again",
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for PacketFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_format_has_a_fault() {
        let mut numbers: Vec<u16> = PacketFault::ALL.iter().map(|fault| fault.number()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let expected: Vec<u16> = (100..=103)
            .chain(110..=113)
            .chain(120..=123)
            .chain(200..=207)
            .chain(210..=215)
            .chain([220])
            .chain(300..=311)
            .collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn a_refusal_says_its_number_and_nothing_else() {
        assert_eq!(PacketFault::Signature.to_string(), "the packet was refused at check 123");
        assert_eq!(PacketFault::SectionSealed.to_string(), PacketFault::GrantSealed.to_string());
        assert_eq!(PacketFault::SectionSealed.code(), PacketFault::GrantSealed.code());
        assert_eq!(PacketFault::SectionSealed.facts(), PacketFault::GrantSealed.facts());
    }

    #[test]
    fn claims_that_show_text_have_a_code_of_their_own() {
        for (claims, deny) in [
            (r#"{"purpose":"because she is ill"}"#, Deny::D010),
            (r#"{"grants":[{"note":"+260"}]}"#, Deny::D010),
            (r#"{"the name":1}"#, Deny::D010),
            (r#"{"sub":"é"}"#, Deny::D010),
            (r#"{"purpose":"because","dsa":["dsa_00",1,true,null,"-_Az09"]}"#, Deny::D001),
            ("no claims at all", Deny::D001),
        ] {
            let fault = PacketFault::of_claims(claims.as_bytes());
            assert_eq!((fault.deny(), fault.number()), (Some(deny), 200), "{claims}");
        }
    }

    #[test]
    fn what_the_hub_refuses_by_form_has_a_deny_code() {
        for fault in PacketFault::ALL {
            let by_form = (100..=220).contains(&fault.number()) && *fault != PacketFault::Caller;
            assert_eq!(fault.deny().is_some(), by_form, "{fault:?}");
        }
    }
}
