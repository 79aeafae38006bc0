//! Whether a consent record has the form its schema describes: every place where it has not, never a value.
//!
//! The schema is compiled in and looked at here for the few words it uses; what it means beyond form is in `check`.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{Complaint, check::is_left_open};
use crate::{
    consent::{Record, is_withdrawal_code},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, ConsentId, OrganisationId, StaffId, SubjectToken},
    },
    members::Country,
    policy::{CategoryCode, FieldId, ServiceCode},
};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../schemas/consent/record.v1.schema.json")).unwrap_or_default()
});

/// A pattern of the schema, who can tell whether a text fits, and how to say what is expected.
type Pattern = (&'static str, fn(&str) -> bool, &'static str);

const PATTERNS: &[Pattern] = &[
    ("^con_[0-9a-f]{32}$", |text| text.parse::<ConsentId>().is_ok(), "an id that begins with con_"),
    ("^org_[0-9a-f]{32}$", |text| text.parse::<OrganisationId>().is_ok(), "an id that begins with org_"),
    ("^stf_[0-9a-f]{32}$", |text| text.parse::<StaffId>().is_ok(), "an id that begins with stf_"),
    ("^sub_[0-9a-f]{32}$", |text| text.parse::<SubjectToken>().is_ok(), "an id that begins with sub_"),
    ("^dsa_[0-9a-f]{32}$", |text| text.parse::<AgreementId>().is_ok(), "an id that begins with dsa_"),
    (
        "^(\\*|org_[0-9a-f]{32})$",
        |text| text == "*" || text.parse::<OrganisationId>().is_ok(),
        "an id that begins with org_; in a no also *",
    ),
    ("^[A-Za-z0-9_-]{43}$", |text| text.parse::<Digest>().is_ok(), "a SHA-256 digest in base64url"),
    ("^[A-Z]{2}$", |text| text.parse::<Country>().is_ok(), "a country of two letters"),
    ("^SV[0-9]{2}$", |text| text.parse::<ServiceCode>().is_ok(), "a service such as SV07"),
    ("^K[0-9]{2}$", |text| text.parse::<CategoryCode>().is_ok(), "a category such as K03"),
    (
        "^[A-Z][A-Z0-9]{0,7}(\\.[0-9A-Za-z_]+)+$",
        |text| text.parse::<FieldId>().is_ok(),
        "a field such as CF.name",
    ),
    (
        "^[ -]*([A-Za-z0-9][ -]*){16,40}$",
        is_withdrawal_code,
        "a code of at least 16 letters A to Z or digits, in groups with hyphens or blanks",
    ),
];

/// Every place where the record does not have its form.
pub(super) fn complaints(record: &Value) -> Vec<Complaint> {
    let mut found = Vec::new();
    look(&SCHEMA, record, "", &mut found);
    let whole = || serde_json::from_value::<Record>(record.clone()).is_ok();
    if found.is_empty() && left(record).is_empty() && !whole() {
        found.push(says("", "the record does not have the expected form, in a way that has no name here"));
    }
    found
}

/// Places where something is left of the template.
pub(super) fn left(record: &Value) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut ahead = vec![(String::new(), record)];
    while let Some((at, value)) = ahead.pop() {
        match value {
            Value::String(text) if is_left_open(text) => {
                found.push(says(&at, "this is left of the template; write what holds"));
            }
            Value::Array(items) => {
                ahead.extend(items.iter().enumerate().map(|(n, item)| (format!("{at}/{n}"), item)));
            }
            Value::Object(members) => {
                ahead.extend(members.iter().map(|(name, item)| (format!("{at}/{name}"), item)));
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

fn look(schema: &Value, value: &Value, at: &str, found: &mut Vec<Complaint>) {
    if value.as_str().is_some_and(is_left_open) {
        return;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => match value.as_object() {
            Some(members) => object(schema, members, at, found),
            None => found.push(says(at, "expected an object in braces")),
        },
        Some("array") => match value.as_array() {
            Some(items) => array(schema, items, at, found),
            None => found.push(says(at, "expected a list in brackets")),
        },
        Some("string") => string(schema, value, at, found),
        Some("boolean") if !value.is_boolean() => found.push(says(at, "expected true or false")),
        Some("integer") => integer(schema, value, at, found),
        _ => one_of(schema, value, at, found),
    }
}

fn object(schema: &Value, members: &Map<String, Value>, at: &str, found: &mut Vec<Complaint>) {
    let empty = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (name, member) in members {
        match known.get(name) {
            Some(schema) => look(schema, member, &format!("{at}/{name}"), found),
            // The name is a person's own and is not repeated beyond its place.
            None => found.push(says(&format!("{at}/{name}"), "there is no such member")),
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str).filter(|name| !members.contains_key(*name)) {
        let means = known.get(name).map_or("", description);
        found.push(says(&format!("{at}/{name}"), &format!("this is missing: {means}")));
    }
}

fn array(schema: &Value, items: &[Value], at: &str, found: &mut Vec<Complaint>) {
    let most = schema.get("maxItems").and_then(Value::as_u64);
    if most.is_some_and(|most| u64::try_from(items.len()).is_ok_and(|len| len > most)) {
        found.push(says(at, &format!("at most {} entries", most.unwrap_or_default())));
    }
    for (n, item) in items.iter().enumerate() {
        look(schema.get("items").unwrap_or(&Value::Null), item, &format!("{at}/{n}"), found);
    }
}

fn string(schema: &Value, value: &Value, at: &str, found: &mut Vec<Complaint>) {
    let Some(text) = value.as_str() else {
        found.push(says(at, "expected a text in quotes"));
        return;
    };
    let most = schema.get("maxLength").and_then(Value::as_u64);
    let long = most.is_some_and(|most| u64::try_from(text.chars().count()).is_ok_and(|chars| chars > most));
    if long {
        found.push(says(at, &format!("at most {} characters", most.unwrap_or_default())));
    } else if schema.get("format").and_then(Value::as_str) == Some("date-time") {
        if text.parse::<Timestamp>().is_err() {
            found.push(says(at, "expected a time like 2026-03-01T12:00:00Z"));
        }
    } else if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        let known = PATTERNS.iter().find(|(written, ..)| *written == pattern);
        if let Some((_, _, expected)) = known.filter(|(_, fits, _)| !fits(text)) {
            found.push(says(at, &format!("expected {expected}")));
        }
    } else if text.trim().is_empty() || text.chars().any(char::is_control) {
        found.push(says(at, "expected one line of text"));
    }
}

fn integer(schema: &Value, value: &Value, at: &str, found: &mut Vec<Complaint>) {
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
    let (least, most) = (bound("minimum").unwrap_or(0), bound("maximum").unwrap_or(u64::MAX));
    if !value.as_u64().is_some_and(|number| (least..=most).contains(&number)) {
        found.push(says(at, &format!("expected a whole number from {least} to {most}")));
    }
}

fn one_of(schema: &Value, value: &Value, at: &str, found: &mut Vec<Complaint>) {
    let constant = schema.get("const").into_iter();
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let allowed: Vec<&Value> = constant.chain(words).collect();
    if !allowed.is_empty() && !allowed.contains(&value) {
        let named: Vec<String> = allowed
            .iter()
            .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
            .collect();
        found.push(says(at, &format!("expected one of: {}", named.join(", "))));
    }
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

fn says(at: &str, says: &str) -> Complaint {
    Complaint { at: at.to_owned(), code: None, says: says.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORD: &str = include_str!("../../../schemas/consent/examples/valid/record.v1.thumbprint.json");

    fn found(edit: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
        let mut record: Value = serde_json::from_str(RECORD).unwrap();
        edit(&mut record);
        let mut found: Vec<_> =
            complaints(&record).into_iter().map(|complaint| (complaint.at, complaint.says)).collect();
        found.sort();
        found
    }

    #[test]
    fn every_pattern_of_the_schema_is_known_here() {
        fn walk(schema: &Value) {
            if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
                assert!(PATTERNS.iter().any(|(known, ..)| *known == pattern), "{pattern}");
            }
            schema["properties"].as_object().into_iter().flatten().for_each(|(_, property)| walk(property));
            schema.get("items").into_iter().for_each(walk);
        }
        walk(&SCHEMA);
        assert!(SCHEMA["properties"]["lines"].is_object());
    }

    #[test]
    fn every_place_is_named_and_no_value_is() {
        assert_eq!(found(|_| {}), []);
        let all = found(|r| {
            r["collected"]["by"] = "canary".into();
            r["collected"].as_object_mut().unwrap().remove("place");
            r["lines"][1]["given"] = "canary".into();
            r["lines"][0]["line"]["until"] = "canary".into();
            r["understanding"]["teach_back"] = "canary".into();
            r["follow_up"] = json!([{ "round": 0, "choice": "permit" }]);
            r["contact_conditions"] = json!("canary");
            r["extra"] = json!("canary");
        });
        let places: Vec<&str> = all.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(
            places,
            [
                "/collected/by",
                "/collected/place",
                "/contact_conditions",
                "/extra",
                "/follow_up/0/round",
                "/lines/0/line/until",
                "/lines/1/given",
                "/understanding/teach_back",
            ]
        );
        assert!(all.iter().all(|(_, says)| !says.contains("canary")), "{all:?}");
    }
}
