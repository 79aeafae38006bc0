//! A package that is exported holds to its own descriptor, and to the one of the standard, as Frictionless reads them.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::support::{
    available, is_for_the_other_run,
    tools::{installed, pip},
};

/// What Frictionless says of a folder by a descriptor: of its tables those that are there, of its fields those that are. Nothing when it is
/// not here.
pub(super) fn faults(folder: &Path, descriptor: &Value) -> Option<Vec<String>> {
    if is_for_the_other_run() {
        return None;
    }
    let sources = Path::new("tests/it/stories/frictionless");
    let installed = installed(sources, &["requirements.txt", "check.py"], &pip);
    let validator = available("a validator of data packages (frictionless)", installed)?;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), descriptor.to_string()).unwrap();
    let mut check = Command::new(validator.join("venv/bin/python"));
    let check = check.arg(validator.join("check.py")).arg(folder).arg(file.path()).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    Some(String::from_utf8(check.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// The descriptor of the standard without its faults: the columns of the capacity tables as version 3.1.1 has them, and nothing unique that
/// cannot be. Files are called as ours are.
pub(super) fn corrected(mut standard: Value) -> Value {
    let text = |name: &str, required: bool| serde_json::json!({ "name": name, "type": "string", "constraints": { "required": required } });
    for resource in standard["resources"].as_array_mut().unwrap() {
        let name = resource["name"].as_str().unwrap().to_owned();
        resource["path"] = format!("{name}.csv").into();
        match name.as_str() {
            "service_capacity" => {
                let more = [
                    text("id", true),
                    text("available", true),
                    text("updated", true),
                    text("description", false),
                ];
                resource["schema"]["fields"].as_array_mut().unwrap().extend(more);
            }
            "unit" => resource["schema"]["fields"] = vec![text("id", true), text("name", true)].into(),
            _ => {}
        }
        for field in resource["schema"]["fields"].as_array_mut().unwrap() {
            let may_repeat = matches!(
                (name.as_str(), field["name"].as_str().unwrap()),
                ("program", "organization_id") | ("taxonomy_term", "code")
            );
            if may_repeat {
                field["constraints"]["unique"] = false.into();
            }
        }
    }
    standard
}
