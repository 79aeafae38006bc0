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

#[cfg(test)]
mod tests {
    use crate::kernel::Coded as _;

    use super::*;

    fn parse(form: &str, values: &Value) -> Result<FilledForm, PolicyError> {
        let document = json!({ "form": form, "version": "1", "values": values });
        FilledForm::parse(document.to_string().as_bytes(), Policy::builtin())
    }

    fn complaints(form: &str, values: &Value) -> Vec<String> {
        match parse(form, values) {
            Err(PolicyError::FormRefused { complaints }) => {
                complaints.iter().map(ToString::to_string).collect()
            }
            other => panic!("expected complaints, got {other:?}"),
        }
    }

    #[test]
    fn a_good_form_is_taken_and_keeps_its_values() {
        let form = parse(
            "ZP",
            &json!({
                "ZP.1a": "Banda", "ZP.5": "1994-02-28", "ZP.13p": true, "ZP.20": 3, "ZP.20u": "weeks",
                "ZP.16": ["road", "water"], "ZP.c": "first line\nsecond line", "ZP.d3": true,
            }),
        )
        .unwrap();
        assert_eq!(form.value(&"ZP.1a".parse().unwrap()).map(FormValue::expose_json), Some(json!("Banda")));
        assert_eq!(
            form.value(&"ZP.16".parse().unwrap()).map(FormValue::expose_json),
            Some(json!(["road", "water"]))
        );
        let travelling: Vec<_> =
            form.travelling(Policy::builtin()).map(|(field, _)| field.id.as_str()).collect();
        assert!(!travelling.contains(&"ZP.d3"), "a signature stays with the consent record");
        assert_eq!(travelling.len(), 7);
        let without = form.without(&["ZP.c".parse().unwrap()]);
        assert!(without.value(&"ZP.c".parse().unwrap()).is_none());
    }

    #[test]
    fn every_complaint_is_reported_at_once() {
        let found = complaints(
            "ZP",
            &json!({
                "ZP.1a": "", "ZP.4": "f", "ZP.5": "28.2.1994", "ZP.13p": "yes", "ZP.20": -1, "ZP.99": "x", "no": 1,
                "ZR.1": "Banda", "ZP.h5": "name", "ZP.16": "road", "ZP.17": vec!["x"; 21],
            }),
        );
        assert_eq!(found.len(), 11, "{found:#?}");
    }

    #[test]
    fn values_are_written_in_one_way_only() {
        for (field, bad) in [
            ("ZP.5", json!("1994-2-28")),
            ("ZP.5", json!("1994-02-30")),
            ("ZP.5", json!("+199-02-28")),
            ("A4.E.start", json!("2024-13")),
            ("A4.E.start", json!("24-01")),
            ("RC.g2h", json!("24:00")),
            ("RC.g2h", json!(" 1:30")),
            ("ZP.20", json!(1.5)),
            ("ZP.20", json!("3")),
            ("ZP.20", json!(1000)),
            ("ZP.1a", json!("two\nlines")),
            ("ZP.1a", json!("x".repeat(121))),
            ("ZP.c", json!("nul\0")),
            ("ZP.4", json!(null)),
            ("CF.attachment", json!("scan.pdf")),
            ("CF.attachment", json!({ "name": "../scan.pdf", "media": "application/pdf" })),
            ("CF.attachment", json!({ "name": "scan.pdf", "media": "text/html" })),
            ("CF.attachment", json!({ "name": "scan.pdf", "media": "application/pdf", "more": 1 })),
        ] {
            let found = complaints("CF", &json!({ field: bad }));
            assert!(
                found.iter().all(|complaint| complaint.starts_with(&format!("{field}: expected"))),
                "{found:?}"
            );
        }
        let form =
            parse("CF", &json!({ "CF.attachment": { "name": "scan.pdf", "media": "application/pdf" } }))
                .unwrap();
        let files: Vec<_> = form.value(&"CF.attachment".parse().unwrap()).map(FormValue::files).unwrap();
        assert_eq!(files, [("scan.pdf", "application/pdf")]);
    }

    #[test]
    fn what_never_travels_is_refused_by_name_and_code() {
        for (form, field, value, deny) in [
            ("A8", "A8.4c", json!(["PX.1"]), Deny::D604),
            ("A8", "A8.7i", json!({ "name": "a.png", "media": "image/png" }), Deny::D603),
            ("ZP", "ZP.h5", json!("name"), Deny::D605),
            ("A1", "A1.A.2lat", json!("1.5"), Deny::D606),
            ("A2", "A2.E.12", json!("yes"), Deny::D602),
        ] {
            let error = parse(form, &json!({ field: value })).unwrap_err();
            let denials = error.denials();
            assert_eq!(denials.codes(), [deny], "{field}");
            assert_eq!(denials.primary().unwrap().fields, [field.parse().unwrap()]);
        }
        assert_eq!(parse("CF", &json!({ "ZZ.1": 1 })).unwrap_err().denials().codes(), [Deny::D012]);
    }

    #[test]
    fn a_field_given_twice_is_not_silently_overwritten() {
        let text = br#"{"form":"ZP","version":"1","values":{"ZP.1a":"A","ZP.1a":"B"}}"#;
        let error = FilledForm::parse(text, Policy::builtin()).unwrap_err();
        let PolicyError::FormRefused { complaints } = error else { panic!("{error}") };
        assert_eq!(complaints, [Complaint::Repeated { field: "ZP.1a".parse().unwrap() }]);
    }

    #[test]
    fn the_common_sheet_takes_fields_of_other_forms_and_others_do_not() {
        assert!(parse("CF", &json!({ "CF.name": "A", "ZR.6c": "presumed" })).is_ok());
        assert!(complaints("ZP", &json!({ "CF.name": "A" }))[0].contains("another form"));
    }

    #[test]
    fn nothing_of_a_form_shows_in_debug_or_in_errors() {
        let form = parse("ZP", &json!({ "ZP.1a": "canary" })).unwrap();
        let value = form.value(&"ZP.1a".parse().unwrap());
        assert!(!format!("{form:?} {value:?}").contains("canary"));
        for text in [
            r#"{"form":"ZP","version":"1","values":{"ZP.4":"canary","canary":1}}"#,
            r#"{"form":"ZP","version":"1","subject":"canary","values":{}}"#,
            r#"{"form":"canary","version":"canary","values":{}}"#,
            r#"{"form":"ZP","version":"1","values":"canary"}"#,
            r#"{"form":"ZP","version":"1","canary":1,"values":{}}"#,
        ] {
            let error = FilledForm::parse(text.as_bytes(), Policy::builtin()).unwrap_err();
            assert!(!format!("{error} {error:?} {:?}", error.facts()).contains("canary"), "{text}");
        }
    }

    #[test]
    fn a_form_has_a_size() {
        let error = FilledForm::parse(&vec![b' '; MAX_BYTES + 1], Policy::builtin()).unwrap_err();
        assert_eq!(error.code().name(), "policy.form_unreadable");
    }

    #[test]
    fn a_value_out_of_a_packet_is_checked_like_one_on_its_way_in() {
        let field = Policy::builtin().field(&"CF.sex".parse().unwrap()).unwrap();
        assert!(check_value(field, json!("female")).is_ok());
        assert!(check_value(field, json!("canary")).is_err());
    }
}
