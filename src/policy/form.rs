//! A filled form: values by field id. It exists at the gateway only, is checked as a whole, and never shows what it holds.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{NaiveDate, NaiveTime};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, json};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::kernel::id::SubjectToken;

use super::{
    Policy,
    code::FieldId,
    deny::Deny,
    error::PolicyError,
    field::{Field, Shape},
    level::Tier,
};

/// What somebody filled in.
pub struct FilledForm {
    form: String,
    version: String,
    subject: Option<SubjectToken>,
    values: BTreeMap<FieldId, FormValue>,
}

/// One value of a filled form. `Debug` hides it, and the memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub enum FormValue {
    /// A text, a day, a month, an hour, or a code.
    Text(String),
    /// A whole number.
    Count(u32),
    /// True or false.
    Flag(bool),
    /// A file beside the form.
    File {
        /// Its name, without a folder.
        name: String,
        /// Its media type.
        media: String,
    },
    /// Several values.
    Many(Vec<Self>),
}

/// Something wrong with a filled form. Names fields, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// A member of `values` that cannot be a field id.
    #[error("a member of values is not a field id")]
    NotAFieldId,
    /// No such form.
    #[error("there is no such form")]
    UnknownForm,
    /// The form exists in another version.
    #[error("the form is known in version {known}")]
    WrongVersion {
        /// The version that is known.
        known: String,
    },
    /// The dictionary has no such field.
    #[error("{field}: not in the dictionary (D012)")]
    UnknownField {
        /// The field.
        field: FieldId,
    },
    /// The field stands on another form.
    #[error("{field}: belongs to another form")]
    OfAnotherForm {
        /// The field.
        field: FieldId,
    },
    /// The field is given twice.
    #[error("{field}: given more than once")]
    Repeated {
        /// The field.
        field: FieldId,
    },
    /// The field never goes through the hub.
    #[error("{field}: {} ({deny})", .deny.title())]
    Refused {
        /// The field.
        field: FieldId,
        /// The code that refuses it.
        deny: Deny,
    },
    /// The value has another shape.
    #[error("{field}: expected {expected}")]
    WrongValue {
        /// The field.
        field: FieldId,
        /// What was expected.
        expected: String,
    },
    /// More values than the field takes.
    #[error("{field}: takes at most {max} values")]
    TooMany {
        /// The field.
        field: FieldId,
        /// The limit.
        max: u16,
    },
    /// More fields than a packet takes.
    #[error("more than {max} fields")]
    TooManyFields {
        /// The limit.
        max: usize,
    },
}

impl FilledForm {
    /// Reads and checks a filled form. Every complaint is reported at once.
    pub fn parse(bytes: &[u8], policy: &Policy) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_BYTES {
            return Err(unreadable(format!("it is larger than {MAX_BYTES} bytes")));
        }
        // serde_json's own message may quote a value, so only its place is passed on.
        let written: Written = serde_json::from_slice(bytes).map_err(|error| {
            unreadable(format!("line {}, column {}: not a filled form", error.line(), error.column()))
        })?;
        Self::check(written, policy).map_err(|complaints| PolicyError::FormRefused { complaints })
    }

    /// The form's code.
    pub fn form(&self) -> &str {
        &self.form
    }

    /// The form's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The pseudonym of the person it is about, when it is known already.
    pub const fn subject(&self) -> Option<SubjectToken> {
        self.subject
    }

    /// The fields that were filled in, sorted by id.
    pub fn fields(&self) -> impl Iterator<Item = &FieldId> {
        self.values.keys()
    }

    /// The value of a field.
    pub fn value(&self, field: &FieldId) -> Option<&FormValue> {
        self.values.get(field)
    }

    /// What may travel, sorted by field id: everything but what stays with the consent record or in the statistics block.
    pub fn travelling<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = (&'a Field, &'a FormValue)> {
        self.values
            .iter()
            .filter_map(|(id, value)| policy.field(id).map(|field| (field, value)))
            .filter(|(field, _)| field.tier.travels())
    }

    /// The form without these fields, so that a sender can drop what is not covered.
    #[must_use]
    pub fn without(mut self, fields: &[FieldId]) -> Self {
        self.values.retain(|id, _| !fields.contains(id));
        self
    }

    fn check(written: Written, policy: &Policy) -> Result<Self, Vec<Complaint>> {
        let Written { form, version, subject, values: Pairs(pairs) } = written;
        let mut complaints = Vec::new();
        let known = policy.form(&form);
        match known {
            None => complaints.push(Complaint::UnknownForm),
            Some(known) if known.version != version => {
                complaints.push(Complaint::WrongVersion { known: known.version.clone() });
            }
            Some(_) => {}
        }
        if pairs.len() > MAX_FIELDS {
            complaints.push(Complaint::TooManyFields { max: MAX_FIELDS });
        }
        let takes_any = known.is_none_or(|known| known.takes_any_field);
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            let Ok(id) = FieldId::from_str(&name) else {
                complaints.push(Complaint::NotAFieldId);
                continue;
            };
            let Some(field) = policy.field(&id) else {
                complaints.push(Complaint::UnknownField { field: id });
                continue;
            };
            if !takes_any && field.form != form {
                complaints.push(Complaint::OfAnotherForm { field: id.clone() });
            }
            if field.tier == Tier::Never {
                let deny = field.refused_with.unwrap_or(Deny::D602);
                complaints.push(Complaint::Refused { field: id, deny });
                continue;
            }
            match take(field, value) {
                Ok(value) => {
                    if values.insert(id.clone(), value).is_some() {
                        complaints.push(Complaint::Repeated { field: id });
                    }
                }
                Err(complaint) => complaints.push(complaint),
            }
        }
        if complaints.is_empty() { Ok(Self { form, version, subject, values }) } else { Err(complaints) }
    }
}

impl fmt::Debug for FilledForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilledForm")
            .field("form", &self.form)
            .field("fields", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl FormValue {
    /// The value as JSON, for sealing and nothing else. The name is long on purpose: every use shows in a review.
    pub fn expose_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Count(count) => json!(count),
            Self::Flag(flag) => json!(flag),
            Self::File { name, media } => json!({ "name": name, "media": media }),
            Self::Many(values) => values.iter().map(Self::expose_json).collect(),
        }
    }

    /// The files it points to: name and media type.
    pub fn files(&self) -> Vec<(&str, &str)> {
        match self {
            Self::File { name, media } => vec![(name, media)],
            Self::Many(values) => values.iter().flat_map(Self::files).collect(),
            Self::Text(_) | Self::Count(_) | Self::Flag(_) => Vec::new(),
        }
    }
}

impl fmt::Debug for FormValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormValue(…)")
    }
}

/// Checks a value that came back out of a packet against the dictionary, as the recipient's gateway must.
pub fn check_value(field: &Field, value: Value) -> Result<FormValue, Complaint> {
    take(field, value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: String,
    version: String,
    #[serde(default)]
    subject: Option<SubjectToken>,
    values: Pairs,
}

/// Members in the order they were written. A map would silently keep the last of two members with the same name.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by field id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn unreadable(reason: String) -> PolicyError {
    PolicyError::FormUnreadable { reason }
}

fn take(field: &Field, value: Value) -> Result<FormValue, Complaint> {
    let Some(max) = field.many else { return one(field, value) };
    let Value::Array(values) = value else {
        let expected = format!("a list of {}", field.shape.expected());
        return Err(Complaint::WrongValue { field: field.id.clone(), expected });
    };
    if values.len() > usize::from(max) {
        return Err(Complaint::TooMany { field: field.id.clone(), max });
    }
    values.into_iter().map(|value| one(field, value)).collect::<Result<_, _>>().map(FormValue::Many)
}

fn one(field: &Field, value: Value) -> Result<FormValue, Complaint> {
    let taken = match (&field.shape, value) {
        (Shape::Text { max }, Value::String(text)) if fits(&text, *max, |_| false) => {
            Some(FormValue::Text(text))
        }
        (Shape::Prose { max }, Value::String(text)) if fits(&text, *max, |c| matches!(c, '\n' | '\t')) => {
            Some(FormValue::Text(text))
        }
        (Shape::Date, Value::String(text)) if is_date(&text) => Some(FormValue::Text(text)),
        (Shape::Month, Value::String(text)) if is_date(&format!("{text}-01")) => Some(FormValue::Text(text)),
        (Shape::Time, Value::String(text)) if is_time(&text) => Some(FormValue::Text(text)),
        (Shape::Count { max }, Value::Number(number)) => number
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| count <= max)
            .map(FormValue::Count),
        (Shape::Flag, Value::Bool(flag)) => Some(FormValue::Flag(flag)),
        (Shape::Code { choices }, Value::String(text)) if choices.codes.contains(&text) => {
            Some(FormValue::Text(text))
        }
        (Shape::File { media, .. }, Value::Object(file)) => {
            match (file.len(), file.get("name"), file.get("media")) {
                (2, Some(Value::String(name)), Some(Value::String(kind)))
                    if is_file_name(name) && media.contains(kind) =>
                {
                    Some(FormValue::File { name: name.clone(), media: kind.clone() })
                }
                _ => None,
            }
        }
        _ => None,
    };
    taken.ok_or_else(|| Complaint::WrongValue { field: field.id.clone(), expected: field.shape.expected() })
}

fn fits(text: &str, max: usize, allowed: fn(char) -> bool) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= max
        && text.chars().all(|c| !c.is_control() || allowed(c))
}

fn is_date(text: &str) -> bool {
    drawn_as(text, "0000-00-00") && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_time(text: &str) -> bool {
    drawn_as(text, "00:00") && NaiveTime::parse_from_str(text, "%H:%M").is_ok()
}

/// chrono is generous with signs, blanks and missing noughts; a value here has one way to be written.
fn drawn_as(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(have, want)| if want == b'0' { have.is_ascii_digit() } else { have == want })
}

/// A bare name: no folder, nothing hidden, nothing a shell or a file system would read differently.
fn is_file_name(name: &str) -> bool {
    (1..=120).contains(&name.len())
        && !name.starts_with('.')
        && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ':'))
}

const MAX_BYTES: usize = 256 * 1024;
const MAX_FIELDS: usize = 400;
