//! A package that is exported holds to its own descriptor, and to the one of the standard, as a Frictionless validator reads them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

type Table = Vec<BTreeMap<String, String>>;

fn table(path: &Path) -> (Vec<String>, Table) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        header
            .iter()
            .cloned()
            .zip(row.iter().map(str::to_owned))
            .filter(|(_, cell)| !cell.is_empty())
            .collect()
    });
    let rows = rows.collect();
    (header, rows)
}

fn fits(field: &Value, cell: &str) -> bool {
    use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
    match (field["type"].as_str().unwrap(), field["format"].as_str()) {
        ("string", Some("uuid")) => uuid::Uuid::try_parse(cell).is_ok(),
        ("string", Some("email")) => cell.contains('@'),
        ("string", Some("uri")) => cell.contains("://") && !cell.contains(' '),
        ("string", None) => true,
        ("number", _) => cell.parse::<f64>().is_ok(),
        ("date", _) => NaiveDate::parse_from_str(cell, "%Y-%m-%d").is_ok(),
        ("time", _) => NaiveTime::parse_from_str(cell, "%H:%M:%S").is_ok(),
        ("datetime", _) => NaiveDateTime::parse_from_str(cell, "%Y-%m-%dT%H:%M:%SZ").is_ok(),
        other => panic!("{other:?}"),
    }
}

/// What is wrong with a folder by a descriptor: of its tables those that are there, of its fields those that are.
pub(super) fn faults(folder: &Path, descriptor: &Value) -> Vec<String> {
    let resources: Vec<&Value> = descriptor["resources"].as_array().unwrap().iter().collect();
    let mut tables = BTreeMap::new();
    for resource in &resources {
        let path = folder.join(resource["path"].as_str().unwrap());
        if path.exists() {
            tables.insert(resource["name"].as_str().unwrap(), table(&path));
        }
    }
    let mut faults = Vec::new();
    for resource in resources {
        let name = resource["name"].as_str().unwrap();
        let Some((header, rows)) = tables.get(name) else { continue };
        let schema = &resource["schema"];
        for field in schema["fields"].as_array().unwrap() {
            let column = field["name"].as_str().unwrap();
            let limits = &field["constraints"];
            let cells: Vec<&str> =
                rows.iter().filter_map(|row| row.get(column)).map(String::as_str).collect();
            let mut wrong = |what: &str| faults.push(format!("{name}.{column}: {what}"));
            if limits["required"] == true
                && (!header.iter().any(|one| one == column) || cells.len() < rows.len())
            {
                wrong("a cell is empty");
            }
            if limits["unique"] == true && cells.iter().collect::<BTreeSet<_>>().len() < cells.len() {
                wrong("a cell stands there twice");
            }
            if let Some(words) = limits["enum"].as_array()
                && cells.iter().any(|cell| words.iter().all(|word| word != cell))
            {
                wrong("a cell is none of the list");
            }
            if let Some(cell) = cells.iter().find(|cell| !fits(field, cell)) {
                wrong(&format!("{cell} is no {}", field["type"]));
            }
        }
        for key in schema["foreignKeys"].as_array().into_iter().flatten() {
            let column = key["fields"].as_str().unwrap();
            let target = key["reference"]["resource"].as_str().unwrap();
            let target = if target.is_empty() { name } else { target };
            let known: BTreeSet<&String> = tables
                .get(target)
                .into_iter()
                .flat_map(|(_, rows)| rows.iter().filter_map(|row| row.get("id")))
                .collect();
            if rows.iter().filter_map(|row| row.get(column)).any(|cell| !known.contains(cell)) {
                faults.push(format!("{name}.{column}: names what is not in {target}"));
            }
        }
        assert_eq!(schema["primaryKey"], "id");
    }
    faults
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
                let more = [text("id", true), text("available", true), text("updated", true)];
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
