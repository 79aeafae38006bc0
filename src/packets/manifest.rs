//! The manifest: what is inside a packet, field by field, with a salted commitment to each value.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Envelope, ManifestFault, PacketFault,
    form::{DEPTH, MAX_FIELDS, MAX_MANIFEST, Salt, SectionId, Tag},
};
use crate::{
    consent::FieldSource,
    crypto::closed::{self, MAX_INTEGER},
    kernel::Digest,
    policy::{CategoryCode, FieldId, JustificationCode, MinimumSetId, Policy},
};

/// One field of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestField {
    /// Which field.
    pub f: FieldId,
    /// Its category.
    pub c: CategoryCode,
    /// The section it is in.
    pub sec: SectionId,
    /// The commitment to its value.
    pub n: Digest,
    /// Why it is needed beyond the minimum set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub j: Option<JustificationCode>,
    /// Where the sender has it from, when the packet continues another referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s: Option<FieldSource>,
}

/// What is inside a packet. The hub judges it in memory and keeps only its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version: 1.
    pub v: u8,
    /// The version of the field dictionary.
    pub dict: Tag,
    /// The minimum set it was filled by.
    pub minset: MinimumSetId,
    /// The fields, each once in a section.
    pub fields: Vec<ManifestField>,
}

impl Manifest {
    /// The part of check 207 that no policy changes: the digest and the form.
    pub(super) fn read(encoded: &str, envelope: &Envelope) -> Result<Self, PacketFault> {
        let fault = |fault| PacketFault::Manifest(fault);
        if encoded.len() > MAX_MANIFEST {
            return Err(fault(ManifestFault::Malformed));
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_ignored| fault(ManifestFault::Malformed))?;
        if Digest::of(&bytes) != envelope.manifest {
            return Err(fault(ManifestFault::Digest));
        }
        let manifest: Self =
            closed::read(&bytes, DEPTH).map_err(|_ignored| fault(ManifestFault::Malformed))?;
        if manifest.is_formed(envelope) { Ok(manifest) } else { Err(fault(ManifestFault::Malformed)) }
    }

    fn is_formed(&self, envelope: &Envelope) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let field_is_formed = |field: &ManifestField| {
            envelope.sections.get(field.sec.place()).is_some()
                && (field.s.is_none() || envelope.parent.is_some())
        };
        self.v == 1
            && self.fields.len() <= MAX_FIELDS
            && self.fields.iter().all(|field| field_is_formed(field) && seen.insert((&field.f, field.sec)))
    }

    /// Whether it was sealed by this policy.
    pub fn is_by(&self, policy: &Policy) -> bool {
        self.dict.as_str() == policy.dictionary()
    }

    /// The rest of check 207, for what was sealed by this policy: each field under its category and in its compartment. Of what was
    /// sealed by another there is nothing to say by this one.
    pub(super) fn judge(&self, envelope: &Envelope, policy: &Policy) -> Result<(), PacketFault> {
        if !self.is_by(policy) {
            return Ok(());
        }
        for field in &self.fields {
            let known = policy.field(&field.f).ok_or(PacketFault::Manifest(ManifestFault::Unknown))?;
            let sealed_in = envelope.sections.get(field.sec.place()).map(|section| &section.role);
            if known.category != field.c || Some(&known.compartment) != sealed_in {
                return Err(PacketFault::Manifest(ManifestFault::Misplaced));
            }
        }
        Ok(())
    }

    /// The fields listed for one section.
    pub fn fields_of(&self, section: SectionId) -> impl Iterator<Item = &ManifestField> {
        self.fields.iter().filter(move |field| field.sec == section)
    }
}

/// The commitment to a value: see the room's description. `None` when the value has no canonical form.
pub fn commitment(field: &FieldId, salt: Salt, value: &Value) -> Option<Digest> {
    let mut text = String::from(r#"["rp1-field","#);
    put_text(field.as_str(), &mut text);
    text.push(',');
    put_text(&salt.to_string(), &mut text);
    text.push(',');
    put(value, &mut text)?;
    text.push(']');
    Some(Digest::of(text))
}

/// Canonical JSON: RFC 8785 for what may stand in a packet, which has no fractions, no null, and only ASCII member names, so that
/// sorting by code units, code points or bytes is the same.
fn put(value: &Value, text: &mut String) -> Option<()> {
    match value {
        Value::Null => return None,
        Value::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => {
            let whole = number.as_i64().filter(|n| n.unsigned_abs() <= MAX_INTEGER)?;
            text.push_str(&whole.to_string());
        }
        Value::String(string) => put_text(string, text),
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                put(item, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (place, (name, member)) in sorted.into_iter().enumerate() {
                if !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
                    return None;
                }
                if place > 0 {
                    text.push(',');
                }
                put_text(name, text);
                text.push(':');
                put(member, text)?;
            }
            text.push('}');
        }
    }
    Some(())
}

/// A string as JSON writes it: only quotes, backslashes and control characters are escaped.
fn put_text(string: &str, text: &mut String) {
    use std::fmt::Write as _;

    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c < ' ' => {
                // Writing to a String cannot fail.
                let _done = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canonical(value: &Value) -> Option<String> {
        let mut text = String::new();
        put(value, &mut text)?;
        Some(text)
    }

    #[test]
    fn canonical_json_sorts_members_and_escapes_as_little_as_it_may() {
        let value = json!({ "b": [1, -2, true], "a": { "z": "é\u{2028}\u{7f}/\"\\\n\u{1}", "Z": "" } });
        assert_eq!(
            canonical(&value).unwrap(),
            "{\"a\":{\"Z\":\"\",\"z\":\"é\u{2028}\u{7f}/\\\"\\\\\\n\\u0001\"},\"b\":[1,-2,true]}"
        );
        for none in
            [json!(null), json!(1.5), json!([null]), json!({ "é": 1 }), json!(9_007_199_254_740_992_i64)]
        {
            assert_eq!(canonical(&none), None, "{none}");
        }
    }

    #[test]
    fn a_commitment_is_the_digest_of_a_small_array() {
        let field: FieldId = "ZP.1a".parse().unwrap();
        let salt: Salt = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        let value = json!("Amina");
        let written = r#"["rp1-field","ZP.1a","AAAAAAAAAAAAAAAAAAAAAA","Amina"]"#;
        assert_eq!(commitment(&field, salt, &value), Some(Digest::of(written)));
        assert_ne!(commitment(&field, salt, &json!("Amena")), commitment(&field, salt, &value));
    }
}
