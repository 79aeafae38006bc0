//! Cells as members of HSDS objects: numbers as numbers, and nothing that its schemas would refuse.
//!
//! Sources give text. A cell that cannot be what HSDS asks for is left out of the object, and so are columns that HSDS does not know and
//! the address of whoever vouched for an entry, a person; they stay in the row. Members that HSDS
//! insists on are empty texts where a country has no such thing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::directory::hsds::{
    Row,
    columns::{ADDRESSES, COLUMNS, INSISTED, MAILS, MOMENTS, NUMBERS, fits, lists},
    documents::given,
    place,
};

/// Columns with a closed list that the import lets pass.
const WORDS: &[(&str, &str, &[&str])] = &[("schedule", "wkst", &["MO", "TU", "WE", "TH", "FR", "SA", "SU"])];

/// The members of an object that come from the cells of its row.
pub(super) fn members(table: &str, cells: &BTreeMap<String, String>) -> Map<String, Value> {
    let mut object: Map<String, Value> = cells
        .iter()
        .filter(|(column, _)| {
            lists(COLUMNS, table, column) && !(table == "location" && is_coordinate(column))
        })
        .filter_map(|(column, cell)| Some((column.clone(), value(table, column, cell)?)))
        .collect();
    if table == "location" {
        let row = Row { id: uuid::Uuid::nil(), line: 0, cells: cells.clone(), references: BTreeMap::new() };
        if let (Some((latitude, longitude)), _) = place(&row) {
            object.insert(String::from("latitude"), latitude.into());
            object.insert(String::from("longitude"), longitude.into());
        }
    }
    for (_, columns) in INSISTED.iter().filter(|(name, _)| *name == table) {
        for column in *columns {
            object.entry(*column).or_insert_with(|| Value::from(""));
        }
    }
    object
}

/// The members of an object that HSDS does not know, and what is said of who vouched for it.
pub(super) fn unknown(table: &str, cells: &BTreeMap<String, String>) -> Map<String, Value> {
    let unknown = cells.iter().filter(|(column, _)| !lists(COLUMNS, table, column));
    unknown.map(|(column, cell)| (column.clone(), given(cell))).collect()
}

/// Whether an object has what HSDS insists on and what no filler can stand for.
pub(super) fn is_whole(table: &str, object: &Map<String, Value>) -> bool {
    let needed: &[&str] = match table {
        "url" => &["url"],
        "service_capacity" => &["unit", "available", "updated"],
        _ => &[],
    };
    needed.iter().all(|member| object.contains_key(*member))
}

fn is_coordinate(column: &str) -> bool {
    matches!(column, "latitude" | "longitude")
}

fn value(table: &str, column: &str, cell: &str) -> Option<Value> {
    let text = cell.trim();
    if lists(NUMBERS, table, column) {
        return number(text);
    }
    if lists(ADDRESSES, table, column) {
        return is_safe(text).then(|| text.into());
    }
    if lists(MAILS, table, column) {
        return is_mail(text).then(|| text.into());
    }
    if lists(MOMENTS, table, column) {
        return chrono::DateTime::parse_from_rfc3339(text).ok().map(|_| text.into());
    }
    let closed = WORDS.iter().find(|(name, listed, _)| *name == table && *listed == column);
    if closed.is_some_and(|(_, _, words)| !words.contains(&text)) || !fits(table, column, text) {
        return None;
    }
    Some(cell.into())
}

/// Whether a text is an address of mail.
pub(in crate::directory) fn is_mail(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.contains(['@', ' ', '<', '>', ',']);
    text.split_once('@').is_some_and(|(name, host)| plain(name) && plain(host) && host.contains('.'))
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
}

/// Whether an address is one that may be followed: http, https, mailto or tel, and nothing a URI has no place for.
pub(in crate::directory) fn is_safe(text: &str) -> bool {
    let known = ["http://", "https://", "mailto:", "tel:"];
    let begins = known.iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
            && text.len() > scheme.len()
    });
    let plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    begins
        && text.chars().all(plain)
        && text.split('%').skip(1).all(|after| {
            let mut digits = after.chars();
            digits.next().is_some_and(|c| c.is_ascii_hexdigit())
                && digits.next().is_some_and(|c| c.is_ascii_hexdigit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn cells_become_what_hsds_asks_for_or_stay_out() {
        let service = members(
            "service",
            &cells(&[
                ("name", "Clinic"),
                ("minimum_age", "16"),
                ("maximum_age", "many"),
                ("url", "javascript:alert(1)"),
                ("email", "not a mail"),
                ("assurer_email", "person@example.org"),
                ("contact_name", "Canary"),
            ]),
        );
        let expected = serde_json::json!({ "name": "Clinic", "minimum_age": 16 });
        assert_eq!(Value::from(service), expected);
        let location = members("location", &cells(&[("latitude", "0"), ("longitude", "0"), ("name", "x")]));
        assert_eq!(Value::from(location), serde_json::json!({ "name": "x" }), "nobody is sent to the sea");
        let location = members("location", &cells(&[("latitude", "-15.4"), ("longitude", "28.3")]));
        assert_eq!(Value::from(location), serde_json::json!({ "latitude": -15.4, "longitude": 28.3 }));
        let address = members("address", &cells(&[("country", "ZM")]));
        assert_eq!(address["state_province"], "");
    }

    #[test]
    fn what_the_profile_adds_is_published_as_its_files_say() {
        for (name, text) in crate::directory::profile::FILES {
            let schema: Value = serde_json::from_str(text).unwrap();
            let table = name.trim_end_matches(".json");
            if schema.get("$schema").is_some() {
                let described = schema["properties"].as_object().unwrap().iter();
                // What is nested is a row of another table.
                let described = described.filter(|(_, of)| of["$ref"].is_null() && of["items"].is_null());
                let described: Vec<&str> = described.map(|(name, _)| name.as_str()).collect();
                let (_, columns) = COLUMNS.iter().find(|(known, _)| *known == table).unwrap();
                assert!(described.len() == columns.len(), "{table}");
                assert!(described.iter().all(|column| columns.contains(column)), "{table}");
                for column in *columns {
                    let is_number = schema["properties"][column]["type"] == "integer";
                    assert_eq!(is_number, lists(NUMBERS, table, column), "{table}.{column}");
                }
            }
        }
    }

    #[test]
    fn only_addresses_that_are_safe_to_follow_pass() {
        for (address, passes) in [
            ("https://example.org/a%20b", true),
            ("HTTP://example.org", true),
            ("tel:+260211000000", true),
            ("https://", false),
            ("https://example.org/a b", false),
            ("https://example.org/%zz", false),
            ("data:text/html,x", false),
            ("//example.org", false),
        ] {
            assert_eq!(is_safe(address), passes, "{address}");
        }
    }
}
