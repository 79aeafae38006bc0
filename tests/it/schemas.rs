//! Every schema under `schemas/` is a good schema: it compiles, says what each member is, bounds every text and list, takes
//! its valid examples and refuses its invalid ones. No network: a schema refers to itself only.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Every schema, with its area and its name such as `fields.v1`.
fn schemas() -> Vec<(PathBuf, String, Value)> {
    let mut found = Vec::new();
    for area in listing(&root()) {
        for path in listing(&area) {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            if let Some(name) = file.strip_suffix(".schema.json") {
                found.push((area.clone(), name.to_owned(), read(&path)));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn every_schema_is_of_the_2020_draft_and_names_itself() {
    for (area, name, schema) in schemas() {
        let area = area.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("https://throughline.example/schemas/{area}/{name}.schema.json"));
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_member_is_described_and_every_text_and_list_is_bounded() {
    let mut complaints = Vec::new();
    for (_, name, schema) in schemas() {
        look(&schema, &name, &mut complaints);
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn look(schema: &Value, place: &str, complaints: &mut Vec<String>) {
    let Value::Object(members) = schema else { return };
    let is = |kind: &str| {
        members.get("type").is_some_and(|found| {
            found == kind || found.as_array().is_some_and(|list| list.iter().any(|one| one == kind))
        })
    };
    if is("string")
        && !["maxLength", "const", "enum", "format"].iter().any(|bound| members.contains_key(*bound))
    {
        complaints.push(format!("{place}: a text without a maximum"));
    }
    if is("array") && !members.contains_key("maxItems") {
        complaints.push(format!("{place}: a list without a maximum"));
    }
    for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if property.get("description").is_none() && property.get("$ref").is_none() {
            complaints.push(format!("{place}/{name}: not described"));
        }
        look(property, &format!("{place}/{name}"), complaints);
    }
    for (name, definition) in members.get("$defs").and_then(Value::as_object).into_iter().flatten() {
        look(definition, &format!("{place}#{name}"), complaints);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = members.get(name) {
            look(inner, &format!("{place}/{name}"), complaints);
        }
    }
    for name in ["oneOf", "anyOf", "allOf"] {
        for inner in members.get(name).and_then(Value::as_array).into_iter().flatten() {
            look(inner, &format!("{place}/{name}"), complaints);
        }
    }
}

#[test]
fn every_schema_takes_its_valid_examples_and_refuses_its_invalid_ones() {
    let schemas = schemas();
    for (area, name, schema) in &schemas {
        let judge = jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (kind, expected) in [("valid", true), ("invalid", false)] {
            let examples: Vec<_> = listing(&area.join("examples").join(kind))
                .into_iter()
                .filter(|path| is_example_of(path, area, name, &schemas))
                .collect();
            assert!(!examples.is_empty(), "{name}: no {kind} example");
            for example in examples {
                let document = read(&example);
                let verdict = judge.validate(&document);
                let said = verdict.as_ref().err().map(ToString::to_string);
                assert_eq!(verdict.is_ok(), expected, "{}: {said:?}", example.display());
            }
        }
    }
}

#[test]
fn no_example_is_without_a_schema() {
    let schemas = schemas();
    for area in listing(&root()) {
        for kind in ["valid", "invalid"] {
            for example in listing(&area.join("examples").join(kind)) {
                let known = schemas
                    .iter()
                    .any(|(of, name, _)| *of == area && is_example_of(&example, &area, name, &schemas));
                assert!(known, "{}", example.display());
            }
        }
    }
}

/// An example names its schema first, with or without the version, unless its area has a single one.
fn is_example_of(example: &Path, area: &Path, name: &str, schemas: &[(PathBuf, String, Value)]) -> bool {
    let alone = schemas.iter().filter(|(of, ..)| of == area).count() == 1;
    let file = example.file_name().unwrap().to_string_lossy();
    let short = name.split('.').next().unwrap();
    alone || file.starts_with(&format!("{name}.")) || file.starts_with(&format!("{short}-"))
}

#[test]
fn the_policy_documents_satisfy_their_schemas() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy");
    let documents = listing(&config);
    assert_eq!(documents.len(), 14);
    for path in documents {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let name = file.strip_suffix(".json").unwrap();
        let schema = read(&root().join("policy").join(format!("{name}.schema.json")));
        let judge = jsonschema::validator_for(&schema).unwrap();
        let complaints: Vec<_> = judge
            .iter_errors(&read(&path))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(complaints.is_empty(), "{file}: {complaints:#?}");
    }
}

#[test]
fn the_examples_of_filled_forms_and_profiles_are_taken_by_the_code_too() {
    use throughline::policy::{Documents, FilledForm, Policy};

    for path in listing(&root().join("policy/examples/valid")) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        if file.starts_with("filled-form.") {
            FilledForm::parse(text.as_bytes(), Policy::builtin())
                .unwrap_or_else(|error| panic!("{file}: {error:?}"));
        } else if file.starts_with("profile.") {
            Policy::from_documents(&Documents::builtin().with_profile("it", text))
                .unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }
}
