//! Where a benchmark happens: a fresh folder, and a database of its own in it or at a server. Both are removed at the end.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{super::CliError, store};
use crate::kernel::{
    Code, Fault,
    id::{Ids as _, SystemIds},
    time::{Clock as _, SystemClock},
};

/// A fresh place. Dropping it removes what was made, and nothing else.
pub(super) struct Ground {
    /// The folder: settings, keys, log, packets, and the SQLite file when no other is named.
    pub(super) folder: PathBuf,
    /// Address of the fresh database.
    pub(super) url: String,
    database: Made,
}

/// What must be removed of the database.
enum Made {
    /// It lies in the folder.
    InFolder,
    /// A file elsewhere, with those that SQLite puts beside it.
    File(PathBuf),
    /// A schema of our own at a server.
    Schema { server: String, name: String },
    /// Nothing, nor the folder: it was asked to stay.
    Kept,
}

/// What a kept folder says of itself.
#[derive(Deserialize, Serialize)]
struct Kept<W> {
    url: String,
    written: W,
}

/// Where it says so.
const KEPT: &str = "kept.json";

impl Ground {
    /// Makes the folder below `beneath`, and a database: in the folder, or where `wanted` says. What is there is never touched: a file
    /// must not exist yet, and at a server everything goes into a schema of its own.
    pub(super) fn lay(wanted: Option<&str>, beneath: &Path) -> Result<Self, CliError> {
        let name = format!("throughline_bench_{}", SystemIds.uuid(SystemClock.now()).simple());
        // The hub that is measured runs in this folder, and must find it all the same.
        let folder = std::path::absolute(beneath)?.join(&name);
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let mut ground = Self { url: String::new(), database: Made::InFolder, folder };
        match wanted {
            None => ground.url = format!("sqlite:{}", ground.folder.join("hub.db").display()),
            Some(url) => ground.take_database(url, name)?,
        }
        Ok(ground)
    }

    /// What was kept in a folder: the place as it was, and what was written there.
    pub(super) fn again<W: DeserializeOwned>(folder: &Path) -> Result<(Self, W), CliError> {
        let none = |_unreadable| refused(format!("nothing was kept in {}", folder.display()));
        let text = fs::read_to_string(folder.join(KEPT)).map_err(none)?;
        let kept: Kept<W> = serde_json::from_str(&text)
            .map_err(|_other| refused(format!("another version kept {}", folder.display())))?;
        let folder = std::path::absolute(folder)?;
        Ok((Self { folder, url: kept.url, database: Made::Kept }, kept.written))
    }

    /// Lets everything stay, from now on.
    pub(super) fn keep(&mut self, written: &impl Serialize) -> Result<(), CliError> {
        let kept = serde_json::to_string(&Kept { url: self.url.clone(), written }).map_err(super::unfit)?;
        fs::write(self.folder.join(KEPT), kept)?;
        self.database = Made::Kept;
        Ok(())
    }

    fn take_database(&mut self, url: &str, name: String) -> Result<(), CliError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = PathBuf::from(path);
            if path.exists() {
                return Err(refused(format!("{} is there already; name a new file", path.display())));
            }
            url.clone_into(&mut self.url);
            self.database = Made::File(path);
            return Ok(());
        }
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(refused(String::from("name sqlite:PATH or postgres://USER@HOST/NAME")));
        }
        if url.contains("options=") {
            return Err(refused(String::from(
                "the address must not have options of its own: the benchmark sets the schema there",
            )));
        }
        store::make_schema(url, &name)?;
        let join = if url.contains('?') { '&' } else { '?' };
        self.url = format!("{url}{join}options=-c%20search_path%3D{name}");
        self.database = Made::Schema { server: url.to_owned(), name };
        Ok(())
    }

    /// Whether what is written here lies in memory only: a commit costs nothing then, and the numbers say nothing.
    pub(super) fn is_in_memory(&self) -> bool {
        let place = match &self.database {
            Made::InFolder => Some(self.folder.as_path()),
            Made::File(path) => path.parent().filter(|folder| !folder.as_os_str().is_empty()),
            Made::Schema { .. } | Made::Kept => None,
        };
        place.and_then(|place| rustix::fs::statfs(place).ok()).is_some_and(|stat| stat.f_type == TMPFS)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if matches!(self.database, Made::Kept) {
            return;
        }
        let _left = fs::remove_dir_all(&self.folder);
        match &self.database {
            Made::InFolder | Made::Kept => {}
            Made::File(path) => {
                let beside =
                    ["-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", path.display())));
                for file in beside.iter().chain([path, &path.with_extension("lock")]) {
                    let _left = fs::remove_file(file);
                }
            }
            Made::Schema { server, name } => {
                let _left = store::drop_schema(server, name);
            }
        }
    }
}

fn refused(sentence: String) -> CliError {
    CliError::new(Code::new("bench.database", Fault::Refused), sentence)
}

/// What the system calls a filesystem in memory.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_there_is_never_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("precious.db");
        fs::write(&file, b"precious").unwrap();
        let refused = Ground::lay(Some(&format!("sqlite:{}", file.display())), folder.path());
        assert_eq!(refused.err().unwrap().code(), "bench.database");
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the fresh folder stayed behind");
    }

    #[test]
    fn what_was_made_is_removed_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bench.db");
        let ground = Ground::lay(Some(&format!("sqlite:{}", file.display())), folder.path()).unwrap();
        for ending in ["", "-wal", "-shm"] {
            fs::write(format!("{}{ending}", file.display()), b"x").unwrap();
        }
        drop(ground);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
