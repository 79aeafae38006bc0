//! The store: readers in a pool, writers on threads of their own.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use diesel::{
    RunQueryDsl,
    connection::{Connection, SimpleConnection},
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::{
    Conn, Db, Engine, StorageError,
    beside::Beside,
    migrate::{self, Applied, MigrationStatus},
    write::{Job, Log, Waiting, Work, WriteFailed, run_writer},
};

/// How to open a store. Durations and counts come from the settings.
#[derive(Clone, Debug)]
pub struct Opening {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections for reading.
    pub readers: u32,
    /// Writer threads on PostgreSQL. SQLite has one.
    pub writers: u32,
    /// How many pieces of work one commit may hold.
    pub batch: usize,
    /// How many pieces may wait before the next is turned away.
    pub queue: usize,
    /// How long a statement may take on PostgreSQL.
    pub statement_timeout: Duration,
    /// How long to wait for a lock or for a free reader.
    pub lock_timeout: Duration,
}

/// Both engines' connections, for the process's whole life. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    readers: Pool<ConnectionManager<Conn>>,
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    writers: Mutex<Vec<JoinHandle<()>>>,
    opening: Opening,
    file: Option<PathBuf>,
    /// Held as long as this process serves from the file.
    lock: Mutex<Option<File>>,
    beside: Arc<Beside>,
}

/// What the readiness check wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// A reader answered.
    pub reads: bool,
    /// It takes writes.
    pub writes: bool,
    /// Every migration this binary carries is applied, and no other.
    pub migrated: bool,
    /// Bytes free where the database file is; `None` on PostgreSQL.
    pub free_bytes: Option<u64>,
}

impl Inner {
    /// A connection that cannot write. When others have all of them and none came free in time, the database is busy and not away.
    fn reader(&self) -> Result<PooledConnection<ConnectionManager<Conn>>, StorageError> {
        self.readers.get().map_err(|error| {
            let state = self.readers.state();
            let all_in_use = state.idle_connections == 0 && state.connections >= self.readers.max_size();
            if all_in_use { StorageError::Busy } else { error.into() }
        })
    }
}

impl Store {
    /// Connects to what is there: a SQLite file that is missing is not made, because an empty database in the place of a lost one does
    /// harm.
    pub fn open_existing(opening: Opening) -> Result<Self, StorageError> {
        match opening.url.strip_prefix("sqlite:") {
            Some(path) if !Path::new(path).exists() => Err(StorageError::Missing(path.to_owned())),
            _ => Self::open(opening),
        }
    }

    /// Connects, but migrates nothing. Creates the SQLite file and its folder when they are missing.
    pub fn open(opening: Opening) -> Result<Self, StorageError> {
        let (engine, file) = match opening.url.strip_prefix("sqlite:") {
            Some(path) => (Engine::Sqlite, Some(PathBuf::from(path))),
            None => (Engine::Postgres, None),
        };
        if let Some(folder) = file.as_deref().and_then(Path::parent) {
            std::fs::create_dir_all(folder).map_err(|error| StorageError::NotOpened(Box::new(error)))?;
        }
        // One connection first: it turns the SQLite file to write-ahead logging before the pool opens it many times.
        let mut first = connect(&opening, Mode::Write).map_err(|error| {
            if let StorageError::Gone(Some(cause)) = error { StorageError::NotOpened(cause) } else { error }
        })?;
        let pool = Pool::builder()
            .max_size(opening.readers.max(1))
            .min_idle(Some(1))
            .connection_timeout(opening.lock_timeout)
            .test_on_check_out(engine == Engine::Postgres)
            .connection_customizer(Box::new(Readers { opening: opening.clone() }))
            .build(ConnectionManager::new(address(&opening)))?;
        let (sender, receiver) = mpsc::channel(opening.queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let writer_count = if engine == Engine::Sqlite { 1 } else { opening.writers.max(1) };
        let mut writers = Vec::new();
        for number in 0..writer_count {
            let conn =
                if number == 0 { replace(&mut first, &opening)? } else { connect(&opening, Mode::Write)? };
            let (queue, opening) = (Arc::clone(&receiver), opening.clone());
            let thread = std::thread::Builder::new()
                .name(format!("writer-{number}"))
                .spawn(move || {
                    let batch = opening.batch.max(1);
                    let log = opening
                        .url
                        .strip_prefix("sqlite:")
                        .map(|path| Log::of(Path::new(path), opening.lock_timeout.as_millis()));
                    run_writer(Some(conn), &queue, batch, || connect(&opening, Mode::Write), log);
                })
                .map_err(|error| StorageError::Gone(Some(Box::new(error))))?;
            writers.push(thread);
        }
        drop(first);
        Ok(Self {
            inner: Arc::new(Inner {
                engine,
                readers: pool,
                queue: Mutex::new(Some(sender)),
                writers: Mutex::new(writers),
                opening,
                file,
                lock: Mutex::new(None),
                beside: Arc::default(),
            }),
        })
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Takes the right to serve from a SQLite file; a second process is told so in a sentence. Nothing to do on PostgreSQL,
    /// where several processes may serve.
    pub fn claim_file(&self) -> Result<(), StorageError> {
        let Ok(mut held) = self.inner.lock.lock() else { return Err(StorageError::Panicked) };
        if held.is_none() {
            *held = self.lock_file()?;
        }
        Ok(())
    }

    /// Refuses a SQLite file that this process may only read, which SQLite opens all the same, and a PostgreSQL server that only reads:
    /// either would refuse the first write.
    pub fn require_writable(&self) -> Result<(), StorageError> {
        let Some(file) = &self.inner.file else {
            // A fresh connection: what the server says now, and without what a reader sets for itself.
            let mut conn = connect(&self.inner.opening, Mode::Migrate)?;
            let text =
                diesel::dsl::sql::<diesel::sql_types::Text>("current_setting('transaction_read_only')");
            let read_only: String = diesel::select(text).get_result(&mut conn)?;
            return if read_only == "off" { Ok(()) } else { Err(StorageError::ReadOnly) };
        };
        rustix::fs::access(file, rustix::fs::Access::WRITE_OK)
            .map_err(|error| StorageError::NotOpened(Box::new(std::io::Error::from(error))))
    }

    /// The lock on a SQLite file that one process has; `None` on PostgreSQL. It ends with the process, however that dies.
    fn lock_file(&self) -> Result<Option<File>, StorageError> {
        let Some(file) = &self.inner.file else { return Ok(None) };
        self.require_writable()?;
        let unusable = |error: std::io::Error| StorageError::NotOpened(Box::new(error));
        let lock = File::create(file.with_extension("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Err(StorageError::InUse(file.display().to_string())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Reads on a blocking thread. The connection cannot write.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            let mut conn = inner.reader()?;
            work(&mut Db::beside(&mut conn, Arc::clone(&inner.beside)))
        })
        .await
        .map_err(|_panicked| StorageError::Panicked)?
    }

    /// Hands a piece of work to a writer and waits until its commit is durable.
    ///
    /// A full queue answers [`StorageError::Busy`] at once: nothing was kept, and the caller may try again.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Done, WriteFailed<W::Refused>> {
        let (job, answer) = Waiting::new(work);
        let sender = match self.inner.queue.lock() {
            Ok(queue) => queue.clone(),
            Err(_poisoned) => None,
        };
        let Some(sender) = sender else { return Err(WriteFailed::Storage(StorageError::Gone(None))) };
        match sender.try_send(Box::new(job)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(WriteFailed::Storage(StorageError::Busy)),
            Err(TrySendError::Closed(_)) => return Err(WriteFailed::Storage(StorageError::Gone(None))),
        }
        drop(sender);
        match answer.await {
            Ok(outcome) => outcome,
            // The writer broke down while it had the work.
            Err(_unanswered) => Err(WriteFailed::Storage(StorageError::OutcomeUnknown(None))),
        }
    }

    /// Lets the writers finish what waits, then ends them. Called once, after the last request.
    pub fn close(&self) {
        if let Ok(mut queue) = self.inner.queue.lock() {
            queue.take();
        }
        let threads = match self.inner.writers.lock() {
            Ok(mut writers) => std::mem::take(&mut *writers),
            Err(_poisoned) => Vec::new(),
        };
        for thread in threads {
            let _panicked = thread.join();
        }
    }

    /// Applies what is missing. Refuses a database that a newer release has migrated, and a SQLite file that another process
    /// serves from: the tables do not change under a running hub.
    pub fn migrate(&self) -> Result<Applied, StorageError> {
        let status = self.migrations()?;
        if status.pending.is_empty() && status.unknown.is_empty() {
            return Ok(Applied { versions: Vec::new() });
        }
        let Ok(held) = self.inner.lock.lock() else { return Err(StorageError::Panicked) };
        let _while_migrating = if held.is_none() { self.lock_file()? } else { None };
        migrate::up(&mut connect(&self.inner.opening, Mode::Migrate)?)
    }

    /// Takes every migration back: everything stored is lost. For tests of the migrations themselves.
    pub fn revert_all(&self) -> Result<(), StorageError> {
        migrate::down_all(&mut connect(&self.inner.opening, Mode::Migrate)?)
    }

    /// What is applied, missing, or unknown to this binary.
    pub fn migrations(&self) -> Result<MigrationStatus, StorageError> {
        migrate::status(&mut connect(&self.inner.opening, Mode::Migrate)?)
    }

    /// Refuses, with a sentence that says what to do, unless the tables are exactly those this binary carries.
    pub fn require_migrated(&self) -> Result<(), StorageError> {
        let status = self.migrations()?;
        if !status.unknown.is_empty() {
            return Err(migrate::newer(&status.unknown));
        }
        if !status.pending.is_empty() {
            return Err(StorageError::Schema(format!(
                "the database lacks {}; run `throughline db migrate`, or set database.migrate_on_start",
                status.pending.join(", ")
            )));
        }
        Ok(())
    }

    /// Copies the SQLite database into a file while it is in use; the copy is complete and consistent. On PostgreSQL use its own
    /// tools.
    pub fn backup_to(&self, target: &Path) -> Result<(), StorageError> {
        let mut conn = connect(&self.inner.opening, Mode::Migrate)?;
        match &mut conn {
            Conn::Sqlite(sqlite) => {
                let target = target.to_string_lossy().into_owned();
                diesel::sql_query("VACUUM INTO ?")
                    .bind::<diesel::sql_types::Text, _>(target)
                    .execute(sqlite)?;
                Ok(())
            }
            Conn::Postgres(_) => Err(StorageError::Schema(String::from(
                "on PostgreSQL back up with pg_dump or the server's own archiving; see docs/operations.md",
            ))),
        }
    }

    /// Looks whether the store can do its work.
    pub fn health(&self) -> Health {
        let reads = match self.inner.reader() {
            Ok(mut conn) => diesel::sql_query("SELECT 1").execute(&mut *conn).is_ok(),
            Err(_) => false,
        };
        let writes = reads && self.require_writable().is_ok();
        let migrated = reads && self.require_migrated().is_ok();
        let free_bytes = self.inner.file.as_deref().and_then(Path::parent).and_then(free_bytes);
        Health { reads, writes, migrated, free_bytes }
    }
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[derive(Clone, Copy)]
enum Mode {
    Read,
    Write,
    Migrate,
}

fn address(opening: &Opening) -> String {
    // MultiConnection tries SQLite first and would take any text for a file name; a server's address must not become one.
    match opening.url.strip_prefix("sqlite:") {
        Some(path) => path.to_owned(),
        None => server_address(&opening.url, opening.lock_timeout),
    }
}

/// The server's address with limits that make a dead server look dead: without them a writer would wait for hours for a machine that
/// was switched off. What the settings name already stays as it is.
fn server_address(url: &str, patience: Duration) -> String {
    let limits = [
        ("connect_timeout", patience.as_secs().max(2)),
        ("keepalives_idle", 15),
        ("keepalives_interval", 5),
        ("keepalives_count", 3),
        ("tcp_user_timeout", 30_000),
    ];
    limits.iter().filter(|(name, _)| !url.contains(name)).fold(url.to_owned(), |url, (name, value)| {
        let join = if url.contains('?') { '&' } else { '?' };
        format!("{url}{join}{name}={value}")
    })
}

fn connect(opening: &Opening, mode: Mode) -> Result<Conn, StorageError> {
    let unreachable = |error: diesel::ConnectionError| StorageError::Gone(Some(Box::new(error)));
    let mut conn = if opening.url.starts_with("sqlite:") {
        Conn::Sqlite(diesel::SqliteConnection::establish(&address(opening)).map_err(unreachable)?)
    } else {
        Conn::Postgres(diesel::PgConnection::establish(&address(opening)).map_err(unreachable)?)
    };
    prepare(&mut conn, opening, mode)?;
    Ok(conn)
}

fn prepare(conn: &mut Conn, opening: &Opening, mode: Mode) -> Result<(), StorageError> {
    let lock = opening.lock_timeout.as_millis();
    let sql = match conn {
        Conn::Sqlite(_) => {
            let durable = match mode {
                Mode::Read => "PRAGMA query_only = ON;",
                Mode::Write | Mode::Migrate => {
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
                }
            };
            format!(
                "PRAGMA busy_timeout = {lock}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16000; \
                 PRAGMA temp_store = MEMORY; {durable}"
            )
        }
        Conn::Postgres(_) => {
            let statement = opening.statement_timeout.as_millis();
            let mode = match mode {
                Mode::Read => {
                    format!("SET default_transaction_read_only = on; SET statement_timeout = {statement};")
                }
                Mode::Write => format!("SET statement_timeout = {statement};"),
                Mode::Migrate => String::from("SET statement_timeout = 0;"),
            };
            format!(
                "SET TIME ZONE 'UTC'; SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = 60000; \
                 SET application_name = 'throughline'; {mode}"
            )
        }
    };
    conn.batch_execute(&sql)?;
    Ok(())
}

fn replace(first: &mut Conn, opening: &Opening) -> Result<Conn, StorageError> {
    Ok(std::mem::replace(first, connect(opening, Mode::Write)?))
}

#[derive(Debug)]
struct Readers {
    opening: Opening,
}

impl CustomizeConnection<Conn, diesel::r2d2::Error> for Readers {
    fn on_acquire(&self, conn: &mut Conn) -> Result<(), diesel::r2d2::Error> {
        prepare(conn, &self.opening, Mode::Read).map_err(|error| {
            diesel::r2d2::Error::QueryError(diesel::result::Error::QueryBuilderError(Box::new(error)))
        })
    }
}
