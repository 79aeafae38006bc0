//! `throughline db`

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, Output, files};
use crate::{
    config::Settings,
    kernel::{Code, Fault},
    storage::{StorageError, Store},
};

#[derive(Subcommand)]
pub(super) enum Db {
    /// Apply the migrations that are missing.
    #[command(after_help = "Example:
  throughline db migrate")]
    Migrate,
    /// Say which migrations are applied, missing, or unknown to this release.
    #[command(after_help = "Example:
  throughline db status")]
    Status,
    /// Copy the SQLite database into a new file, while the hub may serve. For PostgreSQL use pg_dump.
    #[command(after_help = "Example:
  throughline db backup backup.db")]
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Put a backup in the place of the SQLite database. The hub must not serve.
    #[command(after_help = "Example:
  throughline db restore backup.db")]
    Restore {
        /// The backup.
        file: PathBuf,
    },
}

impl Db {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        if let Self::Restore { file } = &self {
            return restore(settings, file, output);
        }
        let opening = settings.database.opening();
        let store = match self {
            Self::Migrate => Store::open(opening),
            Self::Status | Self::Backup { .. } | Self::Restore { .. } => Store::open_existing(opening),
        }?;
        match self {
            Self::Migrate => {
                let applied = store.migrate()?.versions;
                output.data(&serde_json::json!({ "applied": applied }), |_| {
                    if applied.is_empty() {
                        String::from("Nothing to do: every migration is applied.")
                    } else {
                        format!("Applied {}.", applied.join(", "))
                    }
                })
            }
            Self::Status => {
                let status = store.migrations()?;
                let facts = serde_json::json!({
                    "applied": status.applied, "pending": status.pending, "unknown": status.unknown,
                });
                output.data(&facts, |_| {
                    format!(
                        "applied: {}\npending: {}\nunknown: {}",
                        list(&status.applied),
                        list(&status.pending),
                        list(&status.unknown)
                    )
                })
            }
            Self::Backup { file } => {
                if file.exists() {
                    return Err(CliError::new(
                        Code::new("db.backup_exists", Fault::Conflict),
                        format!("{} is there already; name a new file", file.display()),
                    ));
                }
                if let Err(error) = store.backup_to(&file) {
                    // Half a backup must not be taken for one.
                    let _was_not_begun = std::fs::remove_file(&file);
                    return Err(error.into());
                }
                output.data(&serde_json::json!({ "backup": file }), |_| format!("Wrote {}.", file.display()))
            }
            Self::Restore { .. } => Ok(()),
        }
    }
}

fn list(versions: &[String]) -> String {
    if versions.is_empty() { String::from("none") } else { versions.join(", ") }
}

fn restore(settings: &Settings, file: &PathBuf, output: &Output) -> Result<(), CliError> {
    let Some(path) = settings.database.url.strip_prefix("sqlite:") else {
        return Err(CliError::new(
            Code::new("db.restore_postgres", Fault::Refused),
            "on PostgreSQL restore with pg_restore or the server's own archiving; see docs/operations.md",
        ));
    };
    // Look at the backup before the present database is touched.
    let mut opening = settings.database.opening();
    opening.url = format!("sqlite:{}", file.display());
    if !file.exists() {
        return Err(CliError::new(
            Code::new("db.no_backup", Fault::NotFound),
            format!("{} is not there", file.display()),
        ));
    }
    let status = Store::open(opening)?.migrations()?;
    if status.applied.is_empty() || !status.unknown.is_empty() {
        return Err(CliError::new(
            Code::new("db.not_a_backup", Fault::Refused),
            format!("{} is not a backup that this release can use", file.display()),
        ));
    }
    let present = Store::open(settings.database.opening())?;
    present.claim_file()?;
    present.close();
    drop(present);
    let beside = PathBuf::from(format!("{path}.restoring"));
    let whole = std::fs::copy(file, &beside).and_then(|_bytes| std::fs::File::open(&beside)?.sync_all());
    if let Err(error) = whole {
        let _was_not_begun = std::fs::remove_file(&beside);
        let full = error.kind() == std::io::ErrorKind::StorageFull;
        return Err(if full { StorageError::Full.into() } else { files::unwritable(&beside, &error) });
    }
    for ending in ["", "-wal", "-shm"] {
        let old = PathBuf::from(format!("{path}{ending}"));
        if old.exists() {
            std::fs::rename(&old, format!("{path}{ending}.before-restore"))?;
        }
    }
    std::fs::rename(&beside, path)?;
    output.data(&serde_json::json!({ "restored": file }), |_| {
        format!("Restored {}. What was there is kept beside it as {path}.before-restore.", file.display())
    })
}
