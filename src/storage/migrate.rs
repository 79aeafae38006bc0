//! Migrations: the same folders for both engines, applied under a lock, never past what this binary knows.

use diesel::{RunQueryDsl, connection::SimpleConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, StorageError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number will do, as long as every Throughline process uses the same.
const ADVISORY_LOCK: i64 = 0x7468_726f_7567_686c;

/// What stands in the database against what this binary carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Applied, by version.
    pub applied: Vec<String>,
    /// Carried by this binary and not applied.
    pub pending: Vec<String>,
    /// Applied and unknown to this binary: the database is newer.
    pub unknown: Vec<String>,
}

/// What a migration run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The versions applied now, in order.
    pub versions: Vec<String>,
}

pub(super) fn status(conn: &mut Conn) -> Result<MigrationStatus, StorageError> {
    let known = match conn {
        Conn::Sqlite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE)?,
        Conn::Postgres(_) => names::<diesel::pg::Pg>(&POSTGRES)?,
    };
    let migrated = was_migrated(conn)?;
    let applied = match conn {
        Conn::Sqlite(c) if migrated => c.applied_migrations(),
        Conn::Postgres(c) if migrated => c.applied_migrations(),
        Conn::Sqlite(_) | Conn::Postgres(_) => Ok(Vec::new()),
    }
    .map_err(said)?;
    let mut applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
    applied.sort();
    Ok(MigrationStatus {
        pending: known.iter().filter(|v| !applied.contains(v)).cloned().collect(),
        unknown: applied.iter().filter(|v| !known.contains(v)).cloned().collect(),
        applied,
    })
}

/// Whether there is a table of migrations. Asking diesel for what is applied would make one, also in a database that is not ours.
fn was_migrated(conn: &mut Conn) -> Result<bool, StorageError> {
    #[derive(diesel::QueryableByName)]
    struct Tables {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        there: i64,
    }
    let sql = match conn {
        Conn::Sqlite(_) => {
            "SELECT count(*) AS there FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
        Conn::Postgres(_) => "SELECT count(to_regclass('__diesel_schema_migrations')) AS there",
    };
    let tables: Tables = diesel::sql_query(sql).get_result(conn)?;
    Ok(tables.there > 0)
}

pub(super) fn up(conn: &mut Conn) -> Result<Applied, StorageError> {
    locked(conn, |conn| {
        let before = status(conn)?;
        if !before.unknown.is_empty() {
            return Err(newer(&before.unknown));
        }
        let versions = match conn {
            Conn::Sqlite(c) => {
                c.run_pending_migrations(SQLITE).map(|v| v.iter().map(ToString::to_string).collect())
            }
            Conn::Postgres(c) => {
                c.run_pending_migrations(POSTGRES).map(|v| v.iter().map(ToString::to_string).collect())
            }
        }
        .map_err(said)?;
        Ok(Applied { versions })
    })
}

pub(super) fn down_all(conn: &mut Conn) -> Result<(), StorageError> {
    locked(conn, |conn| {
        match conn {
            Conn::Sqlite(c) => c.revert_all_migrations(SQLITE).map(drop),
            Conn::Postgres(c) => c.revert_all_migrations(POSTGRES).map(drop),
        }
        .map_err(said)
    })
}

/// The sentence for a database that a newer release has migrated.
pub(super) fn newer(unknown: &[String]) -> StorageError {
    StorageError::Schema(format!(
        "the database was migrated by a newer release (it has {}); start that release, or restore a backup from before",
        unknown.join(", ")
    ))
}

fn locked<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    if let Conn::Postgres(c) = conn {
        diesel::sql_query(format!("SELECT pg_advisory_lock({ADVISORY_LOCK})")).execute(c)?;
    }
    let outcome = work(conn);
    if let Conn::Postgres(c) = conn {
        c.batch_execute(&format!("SELECT pg_advisory_unlock({ADVISORY_LOCK})"))?;
    }
    outcome
}

fn names<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, StorageError>
where
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    let found = diesel::migration::MigrationSource::<DB>::migrations(source).map_err(said)?;
    let mut names: Vec<String> = found.iter().map(|m| m.name().version().to_string()).collect();
    names.sort();
    Ok(names)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err hands over")]
fn said(error: Box<dyn std::error::Error + Send + Sync>) -> StorageError {
    StorageError::Schema(format!("a migration could not be applied: {error}"))
}
