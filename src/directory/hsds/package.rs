//! A folder, or a zip file, with `datapackage.json` and its CSV files. Opening it reads the descriptor and looks at every path; nothing
//! outside the folder is ever opened.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs::File,
    io::{Cursor, Read},
    path::{Component, Path, PathBuf},
};

use serde::Deserialize;

use super::{
    HsdsError, LeftOut, Problem, documents, older,
    zipped::{self, DESCRIPTOR, Limits, Packed, Zip, ZipFault},
};

/// The largest descriptor that is read.
const DESCRIPTOR_MAX: u64 = 4 * 1024 * 1024;

/// The most tables a package may have.
const TABLES_MAX: usize = 64;

/// How many files of a folder without a descriptor are looked at.
const FILES_MAX: usize = 1_000;

/// The largest file that is read.
pub(super) const FILE_MAX: u64 = 512 * 1024 * 1024;

/// A package that was looked at and can be read.
#[derive(Debug)]
pub struct Package {
    tables: Vec<TableFile>,
    pub(super) remarks: Remarks,
}

/// What is to stand in the report before anything that reading finds.
#[derive(Debug, Default)]
pub struct Remarks {
    /// What is wrong or doubtful.
    pub problems: Vec<Problem>,
    /// What was left out, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What it was read as, when that is not a package of HSDS 3.
    pub read_as: Option<&'static str>,
}

/// A table that was made out of something else.
#[derive(Debug)]
pub struct Made<Column = &'static str> {
    /// The table's name.
    pub name: &'static str,
    /// The file it was made from.
    pub file: String,
    /// Its rows: the line of that file, and the cells by column.
    pub rows: Vec<(u64, BTreeMap<Column, String>)>,
    /// What that file calls a column.
    pub called: BTreeMap<Column, String>,
}

/// One table and its file.
#[derive(Debug)]
pub struct TableFile {
    name: String,
    file: String,
    body: Body,
    bytes: u64,
}

#[derive(Debug)]
enum Body {
    File(PathBuf),
    Packed(Packed),
    Made { text: Vec<u8>, lines: Vec<u64>, called: BTreeMap<String, String> },
}

impl Package {
    /// A package that stands in no folder. Its tables are read, and limited, like others.
    pub fn made<Column: AsRef<str> + Ord>(
        tables: Vec<Made<Column>>,
        remarks: Remarks,
    ) -> Result<Self, HsdsError> {
        let tables = tables.into_iter().map(TableFile::made).collect::<Result<_, _>>()?;
        Ok(Self { tables, remarks })
    }

    /// Opens the folder, the folder that holds the given descriptor, the zip file, or a file of JSON objects.
    pub fn open(from: &Path) -> Result<Self, HsdsError> {
        if is_zip(from) {
            return Self::unzip(from, zipped::LIMITS);
        }
        if documents::is_document(from) {
            let (made, remarks) = documents::read(from)?;
            return Self::made(made, remarks);
        }
        Self::open_folder(from)
    }

    fn open_folder(from: &Path) -> Result<Self, HsdsError> {
        let folder = if from.is_file() { from.parent().unwrap_or(from) } else { from };
        let root = folder.canonicalize().map_err(|source| HsdsError::NoPackage { source })?;
        let resources = match File::open(root.join(DESCRIPTOR)) {
            Ok(descriptor) => described(descriptor)?,
            // Packages of older forms often came without one.
            Err(source) => by_name(names_in(&root)).ok_or(HsdsError::NoPackage { source })?,
        };
        let tables = resources.into_iter().map(|resource| resource.locate(&root));
        Self::of(tables.collect::<Result<_, _>>()?)
    }

    pub(super) fn unzip(from: &Path, limits: Limits) -> Result<Self, HsdsError> {
        let mut zip = Zip::open(from, limits)?;
        let resources = match zip.file(DESCRIPTOR)? {
            Some(descriptor) => {
                described(descriptor.open().map_err(|source| HsdsError::NoPackage { source })?)?
            }
            None => by_name(zip.names()).ok_or(ZipFault::Descriptor)?,
        };
        let tables = resources.into_iter().map(|resource| resource.unpack(&mut zip));
        Self::of(tables.collect::<Result<_, _>>()?)
    }

    /// The tables as they are, or turned into the form of today.
    fn of(tables: Vec<TableFile>) -> Result<Self, HsdsError> {
        if older::is_older(&tables) {
            let (made, remarks) = older::turn(&tables)?;
            return Self::made(made, remarks);
        }
        Ok(Self { tables, remarks: Remarks::default() })
    }

    /// The tables, in the order of the descriptor.
    pub fn tables(&self) -> &[TableFile] {
        &self.tables
    }

    /// The table with this name.
    pub fn table(&self, name: &str) -> Option<&TableFile> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Bytes over all files.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }
}

impl TableFile {
    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's name, as the descriptor has it.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn made<Column: AsRef<str> + Ord>(made: Made<Column>) -> Result<Self, HsdsError> {
        let Made { name, file, rows, called } = made;
        let named = rows.iter().flat_map(|(_, cells)| cells.keys().map(AsRef::as_ref));
        let columns: BTreeSet<&str> = named.chain(["id"]).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |reason: String| HsdsError::Form { file: file.clone(), reason };
        writer.write_record(&columns).map_err(|error| failed(error.to_string()))?;
        for (_, cells) in &rows {
            let cells: BTreeMap<&str, &str> =
                cells.iter().map(|(column, cell)| (column.as_ref(), cell.as_str())).collect();
            let cells = columns.iter().map(|column| cells.get(column).copied().unwrap_or_default());
            writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
        }
        let text = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let lines = rows.into_iter().map(|(line, _)| line).collect();
        let called = called.into_iter().map(|(column, name)| (column.as_ref().to_owned(), name)).collect();
        Ok(Self { name: name.to_owned(), file, body: Body::Made { text, lines, called }, bytes })
    }

    /// How large it is.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Opens the file.
    pub fn open(&self) -> Result<Box<dyn Read + '_>, HsdsError> {
        match &self.body {
            Body::File(path) => {
                let file = File::open(path);
                Ok(Box::new(file.map_err(|source| HsdsError::File { file: self.file.clone(), source })?))
            }
            Body::Packed(packed) => {
                let read = packed.open();
                read.map_err(|source| HsdsError::File { file: self.file.clone(), source })
            }
            Body::Made { text, .. } => Ok(Box::new(Cursor::new(text))),
        }
    }

    /// The line that a person finds the row on, when it is the `count`th and begins on this line here.
    pub(super) fn line(&self, count: u64, here: u64) -> u64 {
        let at = usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
        match &self.body {
            Body::File(_) | Body::Packed(_) => here,
            Body::Made { lines, .. } => lines.get(at).copied().unwrap_or(here),
        }
    }

    /// What a person knows the column as.
    pub(super) fn called(&self, column: String) -> String {
        match &self.body {
            Body::File(_) | Body::Packed(_) => column,
            Body::Made { called, .. } => called.get(column.as_str()).cloned().unwrap_or(column),
        }
    }
}

#[derive(Deserialize)]
struct Descriptor {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    path: Option<serde_json::Value>,
    encoding: Option<String>,
    dialect: Option<Dialect>,
}

#[derive(Deserialize)]
struct Dialect {
    delimiter: Option<String>,
}

/// Whether a file begins like a zip, or is called one.
fn is_zip(from: &Path) -> bool {
    let is_called = from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    let mut begin = [0u8; 4];
    let read = from.is_file().then(|| File::open(from).and_then(|mut file| file.read_exact(&mut begin)));
    read.is_some_and(|read| is_called || (read.is_ok() && begin == *b"PK\x03\x04"))
}

/// The names of the files in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        files.take(FILES_MAX).map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

/// What files are by their names, when services and organisations are among them.
fn by_name(files: Vec<String>) -> Option<Vec<Resource>> {
    let known = files.into_iter().filter_map(|file| {
        let path = Path::new(&file);
        let is_table = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let stem = path.file_stem().and_then(OsStr::to_str).filter(|_| is_table)?;
        let name = older::table_of(&stem.to_ascii_lowercase())?.to_owned();
        Some(Resource { name, path: Some(file.into()), encoding: None, dialect: None })
    });
    let known: Vec<Resource> = known.collect();
    let has = |name: &str| known.iter().any(|resource| resource.name == name);
    (has("organization") && has("service")).then_some(known)
}

/// What a descriptor lists.
fn described(from: impl Read) -> Result<Vec<Resource>, HsdsError> {
    let mut text = Vec::new();
    let read = from.take(DESCRIPTOR_MAX.saturating_add(1)).read_to_end(&mut text);
    read.map_err(|source| HsdsError::NoPackage { source })?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > DESCRIPTOR_MAX {
        return Err(HsdsError::Descriptor(String::from("it is larger than 4 MiB")));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&text);
    let descriptor: Descriptor =
        serde_json::from_slice(text).map_err(|reason| HsdsError::Descriptor(reason.to_string()))?;
    if descriptor.resources.len() > TABLES_MAX {
        return Err(HsdsError::Descriptor(format!("it lists more than {TABLES_MAX} tables")));
    }
    let mut names = BTreeSet::new();
    let twice = descriptor.resources.iter().find(|resource| !names.insert(resource.name.as_str()));
    if let Some(twice) = twice {
        return Err(HsdsError::Descriptor(format!("it lists the table {} twice", shown(&twice.name))));
    }
    Ok(descriptor.resources)
}

impl Resource {
    /// The path of its file below the folder.
    fn relative(&self) -> Result<&str, HsdsError> {
        let refused = |reason| self.refused(reason);
        let is_word = |name: &str| {
            !name.is_empty()
                && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        };
        if !is_word(&self.name) {
            return Err(refused("its name is not a plain word"));
        }
        let Some(file) = self.path.as_ref().and_then(serde_json::Value::as_str) else {
            return Err(refused("its path must be one file in this folder"));
        };
        let encoding = self.encoding.as_deref().unwrap_or("utf-8").to_ascii_lowercase();
        if !matches!(encoding.as_str(), "utf-8" | "utf8" | "utf-8-sig" | "ascii" | "us-ascii") {
            return Err(refused(
                "its encoding is not UTF-8; save the file as UTF-8 and correct the descriptor",
            ));
        }
        if self.dialect.as_ref().and_then(|dialect| dialect.delimiter.as_deref()).is_some_and(|d| d != ",") {
            return Err(refused("its cells are not parted by commas"));
        }
        let plain = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if file.is_empty()
            || file.len() > 255
            || !plain
            || file.contains(['\\', ':'])
            || file.chars().any(char::is_control)
        {
            return Err(refused(OUTSIDE));
        }
        Ok(file)
    }

    fn refused(&self, reason: &'static str) -> HsdsError {
        HsdsError::Resource { table: shown(&self.name), reason }
    }

    /// Its file in a folder.
    fn locate(self, root: &Path) -> Result<TableFile, HsdsError> {
        let file = self.relative()?.to_owned();
        let missing = |source| HsdsError::File { file: shown(&file), source };
        let path = root.join(&file).canonicalize().map_err(missing)?;
        if !path.starts_with(root) {
            return Err(self.refused(OUTSIDE));
        }
        let about = path.metadata().map_err(missing)?;
        if !about.is_file() {
            return Err(self.refused("its path is not a file"));
        }
        if about.len() > FILE_MAX {
            return Err(self.refused("its file is larger than 512 MiB"));
        }
        Ok(TableFile { name: self.name, file, body: Body::File(path), bytes: about.len() })
    }

    /// Its file in a zip.
    fn unpack(self, zip: &mut Zip) -> Result<TableFile, HsdsError> {
        let file = self.relative()?.to_owned();
        let Some(packed) = zip.file(&file)? else {
            let source = std::io::ErrorKind::NotFound.into();
            return Err(HsdsError::File { file: shown(&file), source });
        };
        let bytes = packed.bytes();
        Ok(TableFile { name: self.name, file, body: Body::Packed(packed), bytes })
    }
}

const OUTSIDE: &str = "its path leads out of the folder";

/// A foreign name, fit for a message: short and without control characters.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
