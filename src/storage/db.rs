//! One connection, either engine, and the two ways to hold it: for reading and for writing.

use std::sync::Arc;

use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::{PgConnection, RunQueryDsl as _, SqliteConnection, sql_types::BigInt};

use super::{StorageError, beside::Beside};
use crate::kernel::Digest;

/// A connection to one of the two engines; queries written in diesel's language run on both.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// Runs a statement on the engine's own connection, so that diesel finds the prepared one by its type and writes no text.
///
/// For statements that run with every packet.
macro_rules! natively {
    ($db:expr, $conn:ident => $run:expr) => {
        match $db.conn() {
            $crate::storage::Conn::Sqlite($conn) => $run,
            $crate::storage::Conn::Postgres($conn) => $run,
        }
    };
}
pub(crate) use natively;

/// Which engine is behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded database.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    /// The engine's name as it stands in settings, metrics and benchmarks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A connection for reading. `store.rs` files take it; nobody else looks inside.
pub struct Db<'a> {
    conn: &'a mut Conn,
    beside: Option<Arc<Beside>>,
}

impl<'a> Db<'a> {
    pub(super) fn new(conn: &'a mut Conn) -> Self {
        Self { conn, beside: None }
    }

    /// With what rooms keep in memory of this database.
    pub(super) fn beside(conn: &'a mut Conn, beside: Arc<Beside>) -> Self {
        Self { conn, beside: Some(beside) }
    }

    /// What a room keeps in memory of this database; inside a write, where nothing is kept, one of its own.
    pub fn kept<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.beside.as_ref().map_or_else(|| Arc::new(T::default()), |beside| beside.of())
    }

    /// The connection itself, for `store.rs`.
    pub fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match self.conn {
            Conn::Sqlite(_) => Engine::Sqlite,
            Conn::Postgres(_) => Engine::Postgres,
        }
    }
}

diesel::define_sql_function! {
    /// Waits for the lock of a number, and holds it until the transaction ends. What it gives back is nothing, and never read.
    fn pg_advisory_xact_lock(key: BigInt) -> Text;
}

/// A connection inside a write transaction. Only [`super::Store::write`] makes one.
pub struct Write<'a> {
    db: Db<'a>,
}

impl<'a> Write<'a> {
    pub(super) fn new(conn: &'a mut Conn) -> Self {
        Self { db: Db::new(conn) }
    }

    /// The connection, for reading and for the writing functions of `store.rs`.
    pub fn db(&mut self) -> &mut Db<'a> {
        &mut self.db
    }

    /// Makes others that name the same thing wait until this transaction has ended, so that what is read after this is still so when
    /// it is written. On SQLite there is one writer, and nothing to wait for.
    pub fn take_turn(&mut self, what: &[&str]) -> Result<(), StorageError> {
        let Conn::Postgres(conn) = &mut *self.db.conn else { return Ok(()) };
        let name = Digest::of(what.join(" "));
        let key = name.as_bytes().first_chunk().map_or(0, |first| i64::from_be_bytes(*first));
        diesel::select(pg_advisory_xact_lock(key)).execute(conn)?;
        Ok(())
    }

    /// Runs `work` in a savepoint of its own: when it fails, its changes are gone and the transaction can go on. The only
    /// right way to expect a uniqueness violation, because PostgreSQL aborts a transaction at the first error.
    pub fn savepoint<T, E>(&mut self, work: impl FnOnce(&mut Db<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StorageError>,
    {
        begin(self.db.conn, Depth::Savepoint)?;
        let outcome = work(&mut Db::new(self.db.conn));
        match outcome {
            Ok(value) => {
                commit(self.db.conn)?;
                Ok(value)
            }
            Err(error) => {
                rollback(self.db.conn)?;
                Err(error)
            }
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Depth {
    /// The outermost: on SQLite it takes the write lock at once, because a transaction that reads first and writes later
    /// fails under load whatever the busy timeout.
    Transaction,
    Savepoint,
}

pub(super) fn begin(conn: &mut Conn, depth: Depth) -> Result<(), StorageError> {
    match (depth, &mut *conn) {
        (Depth::Transaction, Conn::Sqlite(sqlite)) => {
            AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?;
        }
        (Depth::Transaction, Conn::Postgres(postgres)) => {
            AnsiTransactionManager::begin_transaction(postgres)?;
        }
        (Depth::Savepoint, _) => Manager::begin_transaction(conn)?,
    }
    Ok(())
}

pub(super) fn commit(conn: &mut Conn) -> Result<(), StorageError> {
    Ok(Manager::commit_transaction(conn)?)
}

pub(super) fn rollback(conn: &mut Conn) -> Result<(), StorageError> {
    Ok(Manager::rollback_transaction(conn)?)
}

/// How many transactions and savepoints are open; `None` when the connection is not usable any more.
pub(super) fn depth(conn: &mut Conn) -> Option<u32> {
    match Manager::transaction_manager_status_mut(conn).transaction_depth() {
        Ok(depth) => Some(depth.map_or(0, std::num::NonZeroU32::get)),
        Err(_) => None,
    }
}

type Manager = <Conn as Connection>::TransactionManager;
