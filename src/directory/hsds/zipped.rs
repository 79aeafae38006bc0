//! A package in one zip file. Nothing is unpacked onto a disk: each table is read where it lies.
//!
//! What a zip says of itself may be a lie. So every entry's name is looked at, whether it is used or not, and what is used is unpacked
//! once while its bytes are counted, before anything is believed.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use flate2::{Crc, read::DeflateDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::HsdsError;

/// The name of a descriptor.
pub(super) const DESCRIPTOR: &str = "datapackage.json";

/// The most files in a zip.
const ENTRIES_MAX: usize = 512;

/// How much a zip may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of one file, unpacked.
    pub(super) file: u64,
    /// Bytes of all that is used, unpacked.
    pub(super) all: u64,
}

/// What a real package stays below.
pub(super) const LIMITS: Limits = Limits { file: super::package::FILE_MAX, all: 2 * 1024 * 1024 * 1024 };

/// What is wrong with a zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipFault {
    /// It is no zip, or it is damaged.
    #[error("it is no zip file, or it is damaged; make it again")]
    Unreadable,
    /// More files than any package has.
    #[error("it holds more than 512 files; put nothing but the package into it")]
    TooMany,
    /// A file that is too large unpacked.
    #[error("a file in it is larger than 512 MiB when unpacked")]
    FileTooLarge,
    /// All of it together.
    #[error("it holds more than 2 GiB when unpacked")]
    AllTooLarge,
    /// A name that leads elsewhere.
    #[error("the name of a file in it leads out of the folder, or is no plain name")]
    LeadsOutside,
    /// A link, or something else that is no file.
    #[error("it holds a link or something else that is neither a file nor a folder")]
    NoFile,
    /// Encrypted.
    #[error("it is encrypted; make it again without a passphrase")]
    Encrypted,
    /// An archive in the archive.
    #[error("it holds another archive; put the files themselves into it")]
    Nested,
    /// Packed in a way that is not read.
    #[error("a file in it is packed in another way than deflate; make it again with the usual settings")]
    Method,
    /// One name, or one place, for two files.
    #[error("two files in it have one name or lie over each other")]
    Twice,
    /// More than one descriptor, or none.
    #[error("it holds no datapackage.json, or several at the same depth")]
    Descriptor,
}

/// A file in a zip that was unpacked once and is what it says.
#[derive(Debug)]
pub(super) struct Packed {
    path: PathBuf,
    start: u64,
    length: u64,
    is_deflated: bool,
    bytes: u64,
}

impl Packed {
    /// How large it is, unpacked.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads it.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(unpack(&self.path, (self.start, self.length), self.is_deflated)?.take(self.bytes)))
    }
}

/// A zip that was looked at.
#[derive(Debug)]
pub(super) struct Zip {
    path: PathBuf,
    /// By name, below the folder that holds the descriptor.
    entries: BTreeMap<String, Entry>,
    limits: Limits,
    /// Bytes that were unpacked so far.
    used: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u64,
    length: u64,
    is_deflated: bool,
    is_known: bool,
    crc: u32,
}

impl Zip {
    /// Opens a zip and looks at the name of everything in it.
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self, HsdsError> {
        let mut file = File::open(path).map_err(|source| HsdsError::NoPackage { source })?;
        if announced(&mut file).map_err(|_reason| ZipFault::Unreadable)? > ENTRIES_MAX {
            return Err(ZipFault::TooMany.into());
        }
        let mut archive = ZipArchive::new(file).map_err(|_reason| ZipFault::Unreadable)?;
        if archive.len() > ENTRIES_MAX {
            return Err(ZipFault::TooMany.into());
        }
        let mut found = Vec::new();
        for at in 0..archive.len() {
            found.extend(looked_at(&mut archive, at)?);
        }
        // What is encrypted or linked is named by its own fault; whatever else is odd comes after.
        if archive.has_duplicate_names() || archive.has_overlapping_files().unwrap_or(true) {
            return Err(ZipFault::Twice.into());
        }
        let folder = folder_of_descriptor(&found)?;
        let entries = found.into_iter();
        let entries =
            entries.filter_map(|(name, entry)| Some((name.strip_prefix(&folder)?.to_owned(), entry)));
        Ok(Self { path: path.to_owned(), entries: entries.collect(), limits, used: 0 })
    }

    /// The names of the files beside the descriptor, or at the top.
    pub(super) fn names(&self) -> Vec<String> {
        self.entries.keys().filter(|name| !name.contains('/')).cloned().collect()
    }

    /// A file, if it is there: unpacked once and counted.
    pub(super) fn file(&mut self, name: &str) -> Result<Option<Packed>, HsdsError> {
        let Some(entry) = self.entries.get(name).copied() else { return Ok(None) };
        if !entry.is_known {
            return Err(ZipFault::Method.into());
        }
        let at = (entry.start, entry.length);
        let unpacked = unpack(&self.path, at, entry.is_deflated);
        let mut unpacked = unpacked.map_err(|_reason| ZipFault::Unreadable)?;
        let (mut crc, mut bytes, mut buffer) = (Crc::new(), 0u64, vec![0u8; 64 * 1024]);
        loop {
            let count = unpacked.read(&mut buffer).map_err(|_reason| ZipFault::Unreadable)?;
            if count == 0 {
                break;
            }
            crc.update(buffer.get(..count).unwrap_or_default());
            let more = u64::try_from(count).unwrap_or(u64::MAX);
            (bytes, self.used) = (bytes.saturating_add(more), self.used.saturating_add(more));
            if bytes > self.limits.file {
                return Err(ZipFault::FileTooLarge.into());
            }
            if self.used > self.limits.all {
                return Err(ZipFault::AllTooLarge.into());
            }
        }
        if crc.sum() != entry.crc {
            return Err(ZipFault::Unreadable.into());
        }
        let Entry { start, length, is_deflated, .. } = entry;
        Ok(Some(Packed { path: self.path.clone(), start, length, is_deflated, bytes }))
    }
}

fn unpack(path: &Path, (start, length): (u64, u64), is_deflated: bool) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let file = file.take(length);
    Ok(if is_deflated { Box::new(DeflateDecoder::new(file)) } else { Box::new(file) })
}

/// How many entries the end of the file announces: a list of millions is not even read.
fn announced(file: &mut File) -> io::Result<usize> {
    const MARK: &[u8] = b"PK\x05\x06";
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(66_000)))?;
    let mut end = Vec::new();
    file.take(66_000).read_to_end(&mut end)?;
    file.seek(SeekFrom::Start(0))?;
    let marks = end.windows(12).filter(|window| window.starts_with(MARK));
    let counts = marks.filter_map(|window| Some(u16::from_le_bytes([*window.get(10)?, *window.get(11)?])));
    Ok(counts.max().map_or(0, usize::from))
}

/// An entry with its name; nothing for a folder.
fn looked_at(archive: &mut ZipArchive<File>, at: usize) -> Result<Option<(String, Entry)>, HsdsError> {
    let entry = archive.by_index_raw(at).map_err(|_reason| ZipFault::Unreadable)?;
    let name = entry.name().map_err(|_reason| ZipFault::LeadsOutside)?.into_owned();
    let plain = name.strip_suffix('/').unwrap_or(&name);
    let leads_on = Path::new(plain).components().all(|part| matches!(part, Component::Normal(_)));
    let is_odd = plain.is_empty()
        || plain.len() > 255
        || plain.starts_with('/')
        || plain.contains(['\\', ':'])
        || plain.split('/').any(|part| matches!(part, "" | "." | ".."))
        || plain.chars().any(char::is_control);
    if is_odd || !leads_on {
        return Err(ZipFault::LeadsOutside.into());
    }
    if entry.encrypted() {
        return Err(ZipFault::Encrypted.into());
    }
    // The kind of file, where the system that packed it had kinds.
    let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
    if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
        return Err(ZipFault::NoFile.into());
    }
    if entry.is_dir() {
        return Ok(None);
    }
    if ARCHIVES
        .iter()
        .any(|ending| Path::new(plain).extension().is_some_and(|e| e.eq_ignore_ascii_case(ending)))
    {
        return Err(ZipFault::Nested.into());
    }
    let method = entry.compression();
    let is_deflated = method == CompressionMethod::Deflated;
    let start = entry.data_start().ok_or(ZipFault::Unreadable)?;
    let (length, crc) = (entry.compressed_size(), entry.crc32());
    let is_known = is_deflated || method == CompressionMethod::Stored;
    Ok(Some((plain.to_owned(), Entry { start, length, is_deflated, is_known, crc })))
}

/// The folder that holds the descriptor, with a `/` behind it: people pack a folder as often as what is in it.
fn folder_of_descriptor(found: &[(String, Entry)]) -> Result<String, HsdsError> {
    let folders = found.iter().filter_map(|(name, _)| {
        let folder = name.strip_suffix(DESCRIPTOR)?;
        (folder.is_empty() || folder.ends_with('/')).then_some(folder)
    });
    let mut folders: Vec<&str> = folders.collect();
    let depth = |folder: &&str| folder.matches('/').count();
    folders.sort_by_key(depth);
    match folders.as_slice() {
        [only] => Ok((*only).to_owned()),
        [first, second, ..] if depth(first) < depth(second) => Ok((*first).to_owned()),
        [] => Ok(String::new()),
        _ => Err(ZipFault::Descriptor.into()),
    }
}

const ARCHIVES: &[&str] = &["zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "zst", "jar", "xlsx", "ods"];

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;
    use crate::directory::hsds::{Package, Tally, read};

    const LISTED: &str = r#"{"resources":[{"name":"organization","path":"organizations.csv"}]}"#;
    const ROWS: &str = "id,name\no1,Harbour Aid\n";
    const WHOLE: [(&str, &[u8]); 2] =
        [(DESCRIPTOR, LISTED.as_bytes()), ("organizations.csv", ROWS.as_bytes())];

    fn packed(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn deflated(more: &[(&str, &[u8])]) -> Vec<u8> {
        packed(&[&WHOLE, more].concat(), CompressionMethod::Deflated)
    }

    fn opened(bytes: &[u8], limits: Limits) -> Result<Vec<String>, HsdsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.zip");
        std::fs::write(&path, bytes).unwrap();
        let package = Package::unzip(&path, limits)?;
        let mut names = Vec::new();
        let report = read::<HsdsError>(
            &package,
            "test",
            &mut |_rule, rows| {
                names.extend(rows.iter().filter_map(|row| row.cell("name").map(str::to_owned)));
                Ok(Tally::default())
            },
            &mut |_| {},
        )?;
        assert_eq!(report.refused, 0, "{report:?}");
        Ok(names)
    }

    fn fault(bytes: &[u8]) -> ZipFault {
        match opened(bytes, LIMITS) {
            Err(HsdsError::Zip(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// Writes over something that is there, everywhere.
    fn rewritten(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut written = bytes.to_vec();
        let places: Vec<usize> =
            (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
        assert!(!places.is_empty() && from.len() == to.len());
        for at in places {
            written[at..at + to.len()].copy_from_slice(to);
        }
        written
    }

    #[test]
    fn a_zip_is_read_as_the_folder_in_it_however_it_was_packed() {
        for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
            assert_eq!(opened(&packed(&WHOLE, method), LIMITS).unwrap(), ["Harbour Aid"]);
        }
        let below =
            [("package/datapackage.json", LISTED.as_bytes()), ("package/organizations.csv", ROWS.as_bytes())];
        let more: [(&str, &[u8]); 2] = [("package/old/datapackage.json", b"{}"), ("__MACOSX/package/x", b"")];
        let bytes = packed(&[&below[..], &more].concat(), CompressionMethod::Deflated);
        assert_eq!(opened(&bytes, LIMITS).unwrap(), ["Harbour Aid"]);
    }

    #[test]
    fn no_name_in_a_zip_leads_anywhere() {
        for name in [
            "../x.csv",
            "/etc/x.csv",
            "a/../../x.csv",
            "..\\x.csv",
            "C:x.csv",
            "a//x.csv",
            "./x.csv",
            "a\u{7}b",
        ] {
            // The writer may tidy names up; what is in the file is what counts.
            let stand_in = "q".repeat(name.len());
            let bytes = deflated(&[(&stand_in, b"")]);
            let bytes = rewritten(&bytes, stand_in.as_bytes(), name.as_bytes());
            assert_eq!(fault(&bytes), ZipFault::LeadsOutside, "{name:?}");
        }
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        zip.add_symlink("organizations.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        assert_eq!(fault(&zip.finish().unwrap().into_inner()), ZipFault::NoFile);
    }

    #[test]
    fn what_grows_beyond_its_limit_is_stopped_while_it_grows_whatever_it_says_of_itself() {
        let zeros = vec![b' '; 3_000_000];
        let bomb = packed(&[WHOLE[0], ("organizations.csv", &zeros)], CompressionMethod::Deflated);
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let lying = rewritten(&bomb, &3_000_000u32.to_le_bytes(), &10u32.to_le_bytes());
        for bytes in [&bomb, &lying] {
            let limits = Limits { file: 1_000_000, all: 2_000_000 };
            let refused = opened(bytes, limits).unwrap_err();
            assert!(matches!(refused, HsdsError::Zip(ZipFault::FileTooLarge)), "{refused}");
            let limits = Limits { file: 4_000_000, all: 2_000_000 };
            let refused = opened(bytes, limits).unwrap_err();
            assert!(matches!(refused, HsdsError::Zip(ZipFault::AllTooLarge)), "{refused}");
        }
    }

    #[test]
    fn a_zip_that_is_too_full_encrypted_nested_or_damaged_is_refused_with_its_reason() {
        let names: Vec<String> = (0..600).map(|n| format!("f{n}")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        assert_eq!(fault(&deflated(&many)), ZipFault::TooMany);
        assert_eq!(fault(&deflated(&[("more.ZIP", b"PK")])), ZipFault::Nested);
        assert_eq!(fault(&packed(&[("readme", b"")], CompressionMethod::Stored)), ZipFault::Descriptor);
        assert_eq!(fault(b"no zip at all"), ZipFault::Unreadable);
        let whole = deflated(&[]);
        assert_eq!(fault(&whole[..whole.len() - 30]), ZipFault::Unreadable);

        // Bit 0 of the flags behind the mark of each central header.
        let mut encrypted = whole.clone();
        let headers: Vec<usize> =
            (0..whole.len() - 4).filter(|at| whole[*at..].starts_with(b"PK\x01\x02")).collect();
        for at in &headers {
            encrypted[at + 8] |= 1;
        }
        assert_eq!(fault(&encrypted), ZipFault::Encrypted);
        let mut other_method = whole.clone();
        for at in &headers {
            other_method[at + 10] = 12;
        }
        assert_eq!(fault(&other_method), ZipFault::Method);
        let mut damaged = whole.clone();
        for at in &headers {
            damaged[at + 16] ^= 1;
        }
        assert_eq!(fault(&damaged), ZipFault::Unreadable);
        let twice =
            rewritten(&deflated(&[("organizations.xsv", b"")]), b"organizations.xsv", b"organizations.csv");
        assert_eq!(fault(&twice), ZipFault::Twice);
    }
}
