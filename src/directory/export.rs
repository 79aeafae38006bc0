//! Give an import back as a package, with what the source gave and nothing that is kept secret.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    DirectoryError,
    hsds::{HsdsError, tables::RULES},
    store,
};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::id::ServiceId,
    storage::{Db, StorageError},
};

/// How many rows were written, by table.
pub type Exported = BTreeMap<String, u64>;

/// Writes a source's rows as a package into an empty folder.
///
/// Restricted services are left out, and with them every row that refers to them. A cell that a spreadsheet would calculate gets
/// an apostrophe in front. Rows that the source no longer gives are left out too.
pub fn export(
    db: &mut Db<'_>,
    actor: &Actor,
    source: &str,
    folder: &Path,
) -> Result<Exported, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    if !store::has_source(db, source)? {
        return Err(AccessError::NotFound.into());
    }
    let secret = secret_ids(db, source)?;
    let mut secret: BTreeSet<String> = secret.into_iter().collect();
    let (mut exported, mut resources) = (Exported::new(), Vec::new());
    for rule in RULES {
        let columns = columns(db, source, rule.name, &mut secret)?;
        if columns.is_empty() {
            continue;
        }
        let file = format!("{}.csv", rule.name);
        let written = write_table(db, (source, rule.name), &columns, &secret, &folder.join(&file))?;
        resources.push(serde_json::json!({
            "name": rule.name, "path": file, "format": "csv", "encoding": "utf-8",
            "schema": { "primaryKey": "id", "fields": columns.iter().map(|name| serde_json::json!({ "name": name, "type": "string" })).collect::<Vec<_>>() },
        }));
        exported.insert(rule.name.to_owned(), written);
    }
    let descriptor =
        serde_json::json!({ "name": source, "profile": "tabular-data-package", "resources": resources });
    let path = folder.join("datapackage.json");
    std::fs::write(&path, format!("{descriptor:#}\n")).map_err(|reason| unwritable(&path, reason))?;
    Ok(exported)
}

/// Ids, as sources have them, of what must not leave.
fn secret_ids(db: &mut Db<'_>, source: &str) -> Result<Vec<String>, DirectoryError> {
    let ids = store::restricted(db, source)?;
    Ok(ids
        .into_iter()
        .map(|id| id.parse::<ServiceId>().map_or(id, |service| service.uuid().to_string()))
        .collect())
}

type Cells = BTreeMap<String, String>;

/// The columns of a table over the rows that may leave. Rows that hang on a secret one become secret themselves.
fn columns(
    db: &mut Db<'_>,
    source: &str,
    kind: &str,
    secret: &mut BTreeSet<String>,
) -> Result<Vec<String>, DirectoryError> {
    let mut columns = BTreeSet::new();
    each_row(db, source, kind, |id, cells| {
        if is_secret(source, id, &cells, secret) {
            secret.insert(id.to_owned());
        } else {
            columns.extend(cells.into_keys());
        }
        Ok(())
    })?;
    columns.remove("id");
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    Ok(std::iter::once(String::from("id")).chain(columns).collect())
}

fn write_table(
    db: &mut Db<'_>,
    (source, kind): (&str, &str),
    columns: &[String],
    secret: &BTreeSet<String>,
    path: &Path,
) -> Result<u64, DirectoryError> {
    let wrong = |reason: csv::Error| unwritable(path, std::io::Error::other(reason));
    let mut writer = csv::Writer::from_path(path).map_err(wrong)?;
    writer.write_record(columns).map_err(wrong)?;
    let mut written = 0u64;
    each_row(db, source, kind, |id, cells| {
        if !secret.contains(id) {
            let row = columns.iter().map(|column| defuse(cells.get(column).map_or("", String::as_str)));
            writer.write_record(row.collect::<Vec<_>>()).map_err(wrong)?;
            written = written.saturating_add(1);
        }
        Ok(())
    })?;
    writer.flush().map_err(|reason| unwritable(path, reason))?;
    Ok(written)
}

fn each_row(
    db: &mut Db<'_>,
    source: &str,
    kind: &str,
    mut take: impl FnMut(&str, Cells) -> Result<(), DirectoryError>,
) -> Result<(), DirectoryError> {
    let mut after = String::new();
    loop {
        let page = store::present(db, source, kind, &after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for row in &page {
            let cells: Cells = serde_json::from_str(&row.body)
                .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
            take(&row.id, cells)?;
        }
    }
}

/// Whether a row is secret or names one that is.
fn is_secret(source: &str, id: &str, cells: &Cells, secret: &BTreeSet<String>) -> bool {
    let names_one = |column: &str, table: &str| {
        cells
            .get(column)
            .is_some_and(|value| secret.contains(&super::hsds::stable_id(source, table, value).to_string()))
    };
    secret.contains(id)
        || names_one("service_id", "service")
        || names_one("location_id", "location")
        || names_one("service_at_location_id", "service_at_location")
        || cells.get("link_entity").is_some_and(|entity| names_one("link_id", entity))
}

/// A cell no spreadsheet calculates.
fn defuse(cell: &str) -> String {
    if super::hsds::is_formula("", cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn unwritable(path: &Path, source: std::io::Error) -> DirectoryError {
    HsdsError::File { file: path.display().to_string(), source }.into()
}
