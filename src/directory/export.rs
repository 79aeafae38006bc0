//! Give an import back as a package, with what the source gave and nothing that is kept secret.
//!
//! Rows stand in the order of their ids and columns in that of their names, so that the same rows give the same bytes wherever they are
//! kept: a package that is exported, imported elsewhere under the same name and exported again is the same package.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    DirectoryError, Viewer,
    descriptor::{Columns, fill},
    hsds::{HsdsError, tables::RULES},
    plain::{PROFILE, Words},
    rows::{self, Withheld},
    store,
};
use crate::{
    access::{AccessError, Actor, Permission},
    storage::{Db, StorageError},
};

/// How many rows were written, by table.
pub type Exported = BTreeMap<String, u64>;

/// Where a package is written to.
#[derive(Debug)]
pub enum Target {
    /// An empty folder.
    Folder(PathBuf),
    /// A zip file that holds nothing yet.
    Zip(Box<ZipWriter<File>>),
}

impl Target {
    /// A zip in this file.
    pub fn zip(file: File) -> Self {
        Self::Zip(Box::new(ZipWriter::new(file)))
    }

    /// One file of the package.
    fn file(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>> {
        match self {
            Self::Folder(folder) => Ok(Box::new(BufWriter::new(File::create_new(folder.join(name))?))),
            Self::Zip(zip) => {
                zip.start_file(name, SimpleFileOptions::default())?;
                Ok(Box::new(zip))
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Zip(zip) => zip.finish()?.sync_all(),
        }
    }
}

impl From<&Path> for Target {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }
}

/// Writes a source's rows as a package.
///
/// What a member without clearance may not see is left out: restricted services, and with them every row that belongs to them. A cell that a spreadsheet would calculate gets
/// an apostrophe in front. Rows that the source no longer gives are left out too.
pub fn export(
    db: &mut Db<'_>,
    actor: &Actor,
    source: &str,
    into: impl Into<Target>,
) -> Result<Exported, DirectoryError> {
    write_package(db, actor, (source, None), into.into())
}

/// The same for who reads nothing but the plain standard: no table and no column that it does not know, and what they say as words in those
/// that it does. What is for members alone is in no words.
pub fn export_plain(
    db: &mut Db<'_>,
    actor: &Actor,
    source: &str,
    into: impl Into<Target>,
) -> Result<Exported, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    let (mut words, mut withheld) = (Words::default(), Withheld::new(Viewer::Member(None)));
    for table in ["organization", "service", "taxonomy_term"] {
        each_row(db, (source, table), (&mut withheld, None), |cells| {
            words.name(table, &cells);
            Ok(())
        })?;
    }
    for table in PROFILE {
        each_row(db, (source, table), (&mut withheld, None), |cells| {
            words.note(table, &cells);
            Ok(())
        })?;
    }
    write_package(db, actor, (source, Some(&words)), into.into())
}

fn write_package(
    db: &mut Db<'_>,
    actor: &Actor,
    (source, words): (&str, Option<&Words>),
    mut into: Target,
) -> Result<Exported, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    if !store::has_source(db, source)? {
        return Err(AccessError::NotFound.into());
    }
    let mut withheld = Withheld::new(Viewer::Member(None));
    let (mut exported, mut described) = (Exported::new(), Vec::new());
    for rule in RULES.iter().filter(|rule| words.is_none() || !PROFILE.contains(&rule.name)) {
        let mut columns = Columns::of(rule);
        each_row(db, (source, rule.name), (&mut withheld, words), |cells| {
            columns.see(&cells);
            Ok(())
        })?;
        if columns.names().is_empty() {
            continue;
        }
        let file = format!("{}.csv", rule.name);
        let written = write_table(
            db,
            (source, rule.name),
            &columns.names(),
            (&mut withheld, words),
            (&file, &mut into),
        )?;
        exported.insert(rule.name.to_owned(), written);
        described.push((file, columns));
    }
    let tables: BTreeSet<&str> = exported.keys().map(String::as_str).collect();
    let resources = described.iter().map(|(file, columns)| columns.resource(file, &tables));
    let descriptor = serde_json::json!({
        "name": source, "profile": "tabular-data-package", "resources": resources.collect::<Vec<_>>(),
    });
    describe(&descriptor, into).map_err(|reason| unwritable(DESCRIPTOR, reason))?;
    Ok(exported)
}

fn describe(descriptor: &serde_json::Value, mut into: Target) -> io::Result<()> {
    let mut file = into.file(DESCRIPTOR)?;
    writeln!(file, "{descriptor:#}")?;
    file.flush()?;
    drop(file);
    into.finish()
}

const DESCRIPTOR: &str = "datapackage.json";

type Cells = BTreeMap<String, String>;

fn write_table(
    db: &mut Db<'_>,
    (source, kind): (&str, &str),
    columns: &[&str],
    leaving: (&mut Withheld, Option<&Words>),
    (name, into): (&str, &mut Target),
) -> Result<u64, DirectoryError> {
    let wrong = |reason: csv::Error| unwritable(name, io::Error::other(reason));
    let file = into.file(name).map_err(|reason| unwritable(name, reason))?;
    let mut writer = csv::Writer::from_writer(file);
    writer.write_record(columns).map_err(wrong)?;
    let mut written = 0u64;
    each_row(db, (source, kind), leaving, |cells| {
        let row = columns.iter().map(|column| cells.get(*column).map_or("", String::as_str));
        writer.write_record(row).map_err(wrong)?;
        written = written.saturating_add(1);
        Ok(())
    })?;
    writer.flush().map_err(|reason| unwritable(name, reason))?;
    Ok(written)
}

/// Each row of a table that may leave, with its cells as they are written.
fn each_row(
    db: &mut Db<'_>,
    (source, kind): (&str, &str),
    (withheld, words): (&mut Withheld, Option<&Words>),
    mut take: impl FnMut(Cells) -> Result<(), DirectoryError>,
) -> Result<(), DirectoryError> {
    let mut after = String::new();
    loop {
        let page = store::present(db, source, kind, &after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.id);
        let mut ids: Vec<String> = page.iter().map(|row| row.id.clone()).collect();
        let links = rows::store::names(db, &ids)?;
        ids.extend(links.iter().map(|link| link.parent.clone()));
        withheld.judge(db, &ids)?;
        // A row that does not belong to what is withheld, and only names it, names it no more.
        let hidden: BTreeSet<(&str, &str)> = links
            .iter()
            .filter(|link| withheld.is(&link.parent))
            .map(|link| (link.id.as_str(), link.via.as_str()))
            .collect();
        for row in page.iter().filter(|row| !withheld.is(&row.id)) {
            let mut cells: Cells = serde_json::from_str(&row.body)
                .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
            cells.retain(|column, _| !hidden.contains(&(row.id.as_str(), column.as_str())));
            cells.entry(String::from("id")).or_insert_with(|| row.id.clone());
            if let Some(words) = words {
                words.tell(kind, &mut cells);
            }
            fill(kind, &mut cells);
            for cell in cells.values_mut() {
                *cell = defuse(cell);
            }
            take(cells)?;
        }
    }
}

/// A cell no spreadsheet calculates.
pub(super) fn defuse(cell: &str) -> String {
    if super::hsds::is_formula("", cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn unwritable(file: &str, source: io::Error) -> DirectoryError {
    HsdsError::File { file: file.to_owned(), source }.into()
}
