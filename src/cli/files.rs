//! Files: those that somebody names, and those of a gateway's home. One that cannot be read or written is told by its name, with what to do.

use std::{
    fs,
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::CliError;
use crate::kernel::{Code, Fault};

/// The whole file.
pub(super) fn bytes(path: impl AsRef<Path>) -> Result<Vec<u8>, CliError> {
    let path = path.as_ref();
    fs::read(path).map_err(|error| unreadable(path, &error))
}

/// The whole file, as text.
pub(super) fn text(path: impl AsRef<Path>) -> Result<String, CliError> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// The whole file as text; nothing where there is no file.
pub(super) fn text_if_there(path: impl AsRef<Path>) -> Result<Option<String>, CliError> {
    let path = path.as_ref();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The file as text, no further than `most` bytes of it.
pub(super) fn beginning(path: impl AsRef<Path>, most: u64) -> Result<String, CliError> {
    let path = path.as_ref();
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_string(&mut text));
    read.map_err(|error| unreadable(path, &error))?;
    Ok(text)
}

/// The names in a folder.
pub(super) fn names_in(folder: impl AsRef<Path>) -> Result<Vec<String>, CliError> {
    let folder = folder.as_ref();
    let names = || -> io::Result<Vec<String>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    names().map_err(|error| unreadable(folder, &error))
}

/// Makes a folder, where it is not there yet.
pub(super) fn make_folder(folder: impl AsRef<Path>) -> Result<(), CliError> {
    let folder = folder.as_ref();
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))
}

/// The same, for this account alone.
pub(super) fn make_folder_of_ones_own(folder: impl AsRef<Path>) -> Result<(), CliError> {
    let folder = folder.as_ref();
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| unwritable(folder, &error))
}

/// Makes a file that must not be there yet.
pub(super) fn create_new(path: impl AsRef<Path>) -> Result<fs::File, CliError> {
    let path = path.as_ref();
    fs::File::create_new(path).map_err(|error| unwritable(path, &error))
}

/// Writes a file whole, or leaves the old one. Only this account may read it.
pub(super) fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), CliError> {
    let path = path.as_ref();
    written(path, bytes).map_err(|error| unwritable(path, &error))
}

/// Writes a file that anybody may read.
pub(super) fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), CliError> {
    let path = path.as_ref();
    fs::write(path, bytes).map_err(|error| unwritable(path, &error))
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// That a file cannot be read.
fn unreadable(path: &Path, error: &io::Error) -> CliError {
    let path = path.display();
    let sentence = if error.kind() == ErrorKind::NotFound {
        format!("{path} is not there; name a file that is")
    } else {
        format!("{path} cannot be read ({error}); name a file that this account may read")
    };
    CliError::new(Code::new("file.unreadable", Fault::Malformed), sentence)
}

/// That a file or folder cannot be written.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> CliError {
    let (path, kind) = (path.display(), error.kind());
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return CliError::new(
            Code::new("file.no_room", Fault::Unavailable),
            format!("there is no room for {path} ({error}); make room, or name another place"),
        );
    }
    if kind == ErrorKind::AlreadyExists {
        return CliError::new(
            Code::new("file.there", Fault::Malformed),
            format!("{path} is there already and is not overwritten; name another file"),
        );
    }
    CliError::new(
        Code::new("file.unwritable", Fault::Malformed),
        format!("{path} cannot be written ({error}); name a place where this account may write"),
    )
}
