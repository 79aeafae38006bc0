//! The description of the API, checked in, and what it promises.

use std::{path::Path, process::Command};

use serde_json::Value;
use throughline::api::routes::openapi;

use crate::support::{
    available, is_for_the_other_run,
    tools::{installed, pip},
};

/// Where the description is checked in.
const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

#[test]
fn the_checked_in_description_is_the_one_of_the_code() {
    let made = format!("{}\n", serde_json::to_string_pretty(&openapi()).unwrap());
    let kept = std::fs::read_to_string(CHECKED_IN).unwrap_or_default();
    assert!(
        made == kept,
        "docs/openapi.json is old; write it anew: cargo run -- openapi > docs/openapi.json"
    );
}

#[test]
fn every_call_says_what_it_does_and_what_it_answers() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            assert!(!call["summary"].as_str().unwrap_or("").is_empty(), "{method} {path} has no summary");
            assert!(call["tags"][0].is_string(), "{method} {path} has no tag");
            assert!(!call["responses"].as_object().unwrap().is_empty(), "{method} {path} answers nothing");
        }
    }
}

/// What the validator says of a description; nothing when it is not here.
pub(crate) fn faults(description: &Value) -> Option<String> {
    if is_for_the_other_run() {
        return None;
    }
    let files = ["requirements.txt", "check.py"];
    let installed = installed(Path::new("tests/it/api/openapi"), &files, &pip);
    let validator = available("a validator of OpenAPI (openapi-spec-validator)", installed)?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, description.to_string()).unwrap();
    let mut check = Command::new(validator.join("venv/bin/python"));
    let check = check.arg(validator.join("check.py")).arg(&file).output().unwrap();
    Some([check.stdout, check.stderr].iter().map(|said| String::from_utf8_lossy(said).into_owned()).collect())
}

#[test]
fn a_validator_of_others_finds_no_fault_in_the_description() {
    let mut described = serde_json::to_value(openapi()).unwrap();
    let Some(found) = faults(&described) else { return };
    assert_eq!(found, "");
    described["paths"].as_object_mut().unwrap().retain(|path, _| path == "/hsds/services");
    let call = described.pointer_mut("/paths/~1hsds~1services/get").unwrap();
    call["responses"]["200"].as_object_mut().unwrap().remove("description");
    let found = faults(&described).unwrap();
    assert!(found.contains("'description' is a required property"), "it looks at answers: {found}");
}
