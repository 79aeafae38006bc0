//! Cells as members of HSDS objects: numbers as numbers, and nothing that its schemas would refuse.
//!
//! Sources give text. A cell that cannot be what HSDS asks for is left out of the object, and so are columns that HSDS does not know and
//! the address of whoever vouched for an entry, a person; they stay in the row. Members that HSDS
//! insists on are empty texts where a country has no such thing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::directory::hsds::{Row, place};

/// The columns of HSDS 3.1 and of the profile. What a source adds stays in its rows: nobody has looked whether it may be published.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "organization",
        &[
            "id",
            "name",
            "alternate_name",
            "description",
            "email",
            "website",
            "tax_status",
            "tax_id",
            "year_incorporated",
            "legal_status",
            "logo",
            "uri",
            "parent_organization_id",
        ],
    ),
    ("taxonomy", &["id", "name", "description", "uri", "version"]),
    (
        "taxonomy_term",
        &[
            "id",
            "code",
            "name",
            "description",
            "parent_id",
            "taxonomy",
            "language",
            "taxonomy_id",
            "term_uri",
        ],
    ),
    ("program", &["id", "organization_id", "name", "alternate_name", "description"]),
    (
        "service",
        &[
            "id",
            "organization_id",
            "program_id",
            "name",
            "alternate_name",
            "description",
            "url",
            "email",
            "status",
            "interpretation_services",
            "application_process",
            "fees_description",
            "wait_time",
            "fees",
            "accreditations",
            "eligibility_description",
            "minimum_age",
            "maximum_age",
            "assured_date",
            "licenses",
            "alert",
            "last_modified",
        ],
    ),
    (
        "location",
        &[
            "id",
            "location_type",
            "url",
            "organization_id",
            "name",
            "alternate_name",
            "description",
            "transportation",
            "latitude",
            "longitude",
            "external_identifier",
            "external_identifier_type",
        ],
    ),
    ("service_at_location", &["id", "service_id", "location_id", "description"]),
    (
        "address",
        &[
            "id",
            "location_id",
            "attention",
            "address_1",
            "address_2",
            "city",
            "region",
            "state_province",
            "postal_code",
            "country",
            "address_type",
        ],
    ),
    (
        "phone",
        &[
            "id",
            "location_id",
            "service_id",
            "organization_id",
            "service_at_location_id",
            "number",
            "extension",
            "type",
            "description",
        ],
    ),
    (
        "organization_identifier",
        &["id", "organization_id", "identifier_scheme", "identifier_type", "identifier"],
    ),
    ("unit", &["id", "name", "scheme", "identifier", "uri"]),
    ("service_capacity", &["id", "service_id", "unit_id", "available", "maximum", "description", "updated"]),
    (
        "schedule",
        &[
            "id",
            "service_id",
            "location_id",
            "service_at_location_id",
            "valid_from",
            "valid_to",
            "dtstart",
            "timezone",
            "until",
            "count",
            "wkst",
            "freq",
            "interval",
            "byday",
            "byweekno",
            "bymonthday",
            "byyearday",
            "description",
            "opens_at",
            "closes_at",
            "schedule_link",
            "attending_type",
            "notes",
        ],
    ),
    ("language", &["id", "service_id", "location_id", "phone_id", "name", "code", "note"]),
    (
        "service_area",
        &[
            "id",
            "service_id",
            "service_at_location_id",
            "name",
            "description",
            "extent",
            "extent_type",
            "uri",
        ],
    ),
    ("required_document", &["id", "service_id", "document", "uri"]),
    ("accessibility", &["id", "location_id", "description", "details", "url"]),
    ("funding", &["id", "organization_id", "service_id", "source"]),
    (
        "cost_option",
        &["id", "service_id", "valid_from", "valid_to", "option", "currency", "amount", "amount_description"],
    ),
    ("url", &["id", "label", "url", "organization_id", "service_id"]),
    ("attribute", &["id", "link_id", "taxonomy_term_id", "link_type", "link_entity", "value", "label"]),
    (
        "eligibility_rule",
        &[
            "id",
            "service_id",
            "service_at_location_id",
            "group_no",
            "attribute",
            "operator",
            "values",
            "kind",
            "text",
            "source",
        ],
    ),
    (
        "access_barrier",
        &[
            "id",
            "service_id",
            "barrier_type",
            "severity",
            "affects",
            "description",
            "mitigation",
            "observed_on",
        ],
    ),
    (
        "referral_requirement",
        &[
            "id",
            "service_id",
            "form",
            "consent_evidence",
            "prior_status_determination",
            "guardian_consent",
            "minimum_data",
            "accepts_emergency",
            "accepts_self_referral",
            "reports_to_authorities",
        ],
    ),
    (
        "referral_channel",
        &[
            "id",
            "service_id",
            "channel",
            "order",
            "address",
            "hours",
            "next_step",
            "acknowledgement_time",
            "response_time",
            "feedback_method",
            "feedback_time",
            "complaints_mechanism",
        ],
    ),
    (
        "outgoing_referral",
        &["id", "organization_id", "to_organization_id", "to_service_id", "service_type", "note"],
    ),
    (
        "translation",
        &["id", "link_id", "link_entity", "field", "language", "text", "machine_made", "reviewed"],
    ),
];

/// Columns that hold numbers.
const NUMBERS: &[(&str, &[&str])] = &[
    ("organization", &["year_incorporated"]),
    ("service", &["minimum_age", "maximum_age"]),
    ("phone", &["extension"]),
    ("schedule", &["timezone", "count", "interval"]),
    ("cost_option", &["amount"]),
    ("service_capacity", &["available", "maximum"]),
    ("eligibility_rule", &["group_no"]),
    ("referral_channel", &["order"]),
];

/// Columns that hold addresses of pages.
const ADDRESSES: &[(&str, &[&str])] = &[
    ("organization", &["website", "uri", "logo"]),
    ("service", &["url"]),
    ("location", &["url"]),
    ("accessibility", &["url"]),
    ("required_document", &["uri"]),
    ("schedule", &["schedule_link"]),
    ("taxonomy", &["uri"]),
    ("taxonomy_term", &["term_uri"]),
    ("unit", &["uri"]),
    ("url", &["url"]),
];

const MAILS: &[(&str, &[&str])] = &[("organization", &["email"]), ("service", &["email"])];

const MOMENTS: &[(&str, &[&str])] = &[("service", &["last_modified"]), ("service_capacity", &["updated"])];

/// Columns with a closed list that the import lets pass.
const WORDS: &[(&str, &str, &[&str])] = &[("schedule", "wkst", &["MO", "TU", "WE", "TH", "FR", "SA", "SU"])];

/// Members that HSDS insists on and that may be empty.
const INSISTED: &[(&str, &[&str])] = &[
    ("organization", &["description"]),
    ("program", &["description"]),
    ("taxonomy", &["description"]),
    ("taxonomy_term", &["description"]),
    ("address", &["address_1", "city", "state_province", "postal_code"]),
];

fn lists(of: &[(&str, &[&str])], table: &str, column: &str) -> bool {
    of.iter().any(|(name, columns)| *name == table && columns.contains(&column))
}

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
        let (name, host) = text.split_once('@')?;
        let plain = |part: &str| !part.is_empty() && !part.contains(['@', ' ', '<', '>', ',']);
        return (plain(name) && plain(host) && host.contains('.')).then(|| text.into());
    }
    if lists(MOMENTS, table, column) {
        return chrono::DateTime::parse_from_rfc3339(text).ok().map(|_| text.into());
    }
    let closed = WORDS.iter().find(|(name, listed, _)| *name == table && *listed == column);
    if closed.is_some_and(|(_, _, words)| !words.contains(&text)) {
        return None;
    }
    Some(cell.into())
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
}

/// Whether an address is one that may be followed: http, https, mailto or tel, and nothing a URI has no place for.
fn is_safe(text: &str) -> bool {
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
                let described: Vec<&str> =
                    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
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
