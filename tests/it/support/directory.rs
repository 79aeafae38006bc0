//! Packages of the directory, written and imported.

use std::path::{Path, PathBuf};

use serde_json::json;
use throughline::directory::{
    self, Given, Visibility,
    hsds::{Package, Report},
};

use super::TestHub;

/// Writes a package into a folder: each table with its columns and its rows.
pub(crate) fn write_package<'a>(folder: &Path, tables: impl IntoIterator<Item = (&'a str, &'a str, String)>) {
    let mut resources = Vec::new();
    for (table, columns, rows) in tables {
        std::fs::write(folder.join(format!("{table}.csv")), format!("{columns}\n{rows}")).unwrap();
        resources.push(json!({ "name": table, "path": format!("{table}.csv") }));
    }
    let descriptor = json!({ "name": "test", "resources": resources }).to_string();
    std::fs::write(folder.join("datapackage.json"), descriptor).unwrap();
}

/// Imports what is in a folder, or a file.
pub(crate) async fn import_package(
    hub: &TestHub,
    from: PathBuf,
    (source, visibility): (&'static str, Visibility),
) -> Report {
    let package = Package::open(&from).unwrap();
    hub.hub
        .write("directory.import", &hub.operator(), move |tx| {
            let given = Given { package: &package, source, visibility };
            directory::import(tx, given, &mut |_| {})
        })
        .await
        .unwrap()
}
