//! The description of the API, checked in, and what it promises.

use throughline::api::routes::openapi;

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
