//! What the profile changes in the standard's own description of its API: a JSON Merge Patch (RFC 7396) of `openapi.json`. It is made of the
//! description of this API, so that the two cannot say different things.
//!
//! Verifications, decisions about listing, reports and units of administration have addresses under `/api/v1` alone and are not in it: who may
//! read them is a matter of this hub, and a reader of the standard is told what came of them in the documents.

use std::{collections::BTreeSet, sync::LazyLock};

use actix_web::web;
use serde_json::{Map, Value, json};

use super::routes::openapi;
use crate::directory;

/// The file of the standard that it is a patch of.
pub(super) const FILE: &str = "openapi.json";

/// Where the addresses of the standard begin here.
const BASE: &str = "/hsds";

/// What the standard has addresses for; an address of anything else is the profile's.
const OF_THE_STANDARD: [&str; 5] =
    ["services", "service_at_locations", "organizations", "taxonomies", "taxonomy_terms"];

/// The patch as it is sent.
pub(super) fn openapi_patch() -> web::Bytes {
    static WRITTEN: LazyLock<web::Bytes> = LazyLock::new(|| {
        let described = serde_json::to_value(openapi()).unwrap_or_default();
        serde_json::to_vec(&patch(&described)).unwrap_or_default().into()
    });
    WRITTEN.clone()
}

fn patch(described: &Value) -> Value {
    let of_paths = described.get("paths").and_then(Value::as_object).into_iter().flatten();
    let paths: Map<String, Value> = of_paths
        .filter_map(|(path, calls)| {
            let path = path.strip_prefix(BASE).filter(|path| path.starts_with('/'))?;
            let of = path.split('/').nth(1)?;
            let calls = calls.as_object()?;
            let is_new = !OF_THE_STANDARD.contains(&of);
            let call = |(method, call): (&String, &Value)| {
                (method.clone(), if is_new { call.clone() } else { changed(call) })
            };
            (of != "profile").then(|| (path.to_owned(), Value::Object(calls.iter().map(call).collect())))
        })
        .collect();
    let schemas = referred(described, &paths);
    json!({
        "info": {
            "title": "Directory of a referral mechanism",
            "summary": "HSDS 3.1 with the migrant referral profile.",
            "description": "What the standard has, with filters for place, language, hours and intake, agreements, and queries as JSON.",
            "version": directory::profile::VERSION,
            "contact": null,
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "servers": [{ "url": BASE }],
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// What a call of the standard is asked with here, and how it is refused. What it answers is as the standard has it.
fn changed(call: &Value) -> Value {
    let part = |name: &str| call.get(name).cloned();
    let mut patch = Map::new();
    patch.extend(part("operationId").map(|id| (String::from("operationId"), id)));
    // A list is replaced as a whole, and nothing takes the place of one that is not here.
    patch.insert(String::from("parameters"), part("parameters").unwrap_or_default());
    patch.extend(part("requestBody").map(|body| (String::from("requestBody"), body)));
    let mut answers = part("responses").unwrap_or_default();
    if let Some(answers) = answers.as_object_mut() {
        answers.remove("200");
    }
    patch.insert(String::from("responses"), answers);
    Value::Object(patch)
}

/// The schemas that these calls refer to, and those that they refer to.
fn referred(described: &Value, paths: &Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    let mut open = BTreeSet::new();
    paths.values().for_each(|calls| names(calls, &mut open));
    while let Some(name) = open.pop_first() {
        let schema = described.pointer(&format!("/components/schemas/{name}"));
        let Some(schema) = schema.filter(|_| !found.contains_key(&name)) else { continue };
        names(schema, &mut open);
        found.insert(name, schema.clone());
    }
    found
}

/// Notes which schemas something refers to.
fn names(within: &Value, found: &mut BTreeSet<String>) {
    match within {
        Value::Object(members) => {
            let named = members.get("$ref").and_then(Value::as_str);
            found.extend(
                named.and_then(|named| named.strip_prefix("#/components/schemas/")).map(str::to_owned),
            );
            members.values().for_each(|member| names(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
