//! Writers: threads that take waiting work in batches, give each piece its own savepoint, and commit once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use diesel::connection::SimpleConnection;
use tokio::sync::{mpsc, oneshot};

use super::{
    StorageError,
    db::{Conn, Depth, Write, begin, commit, depth, rollback},
};

/// A piece of work for a writer.
///
/// It may run more than once when a batch could not be committed, so it must have no effect outside its transaction.
pub trait Work: Send + 'static {
    /// What it gives back.
    type Done: Send + 'static;
    /// Why it refuses. A refusal rolls back what `run` did.
    type Refused: From<StorageError> + Send + 'static;

    /// Does the work.
    fn run(&mut self, write: Write<'_>) -> Result<Self::Done, Self::Refused>;

    /// Called after a refusal was rolled back, in a savepoint of its own, to note that it happened.
    fn note_refusal(&mut self, write: Write<'_>, refused: &Self::Refused) -> Result<(), StorageError>;
}

/// Why no answer of the work itself can be given.
#[derive(Debug)]
pub enum WriteFailed<E> {
    /// The work refused, and that is noted.
    Refused(E),
    /// The database failed: nothing was kept.
    Storage(StorageError),
}

/// What a batch holds: work with its type forgotten, and its answer.
pub(super) trait Job: Send {
    /// Runs in a savepoint of its own. An error means the connection or the transaction is not usable any more.
    fn run(&mut self, conn: &mut Conn) -> Result<(), StorageError>;
    /// Tells the waiting caller, after the commit or after giving up.
    fn answer(self: Box<Self>, committed: Result<(), StorageError>);
}

pub(super) struct Waiting<W: Work> {
    work: W,
    outcome: Option<Result<W::Done, WriteFailed<W::Refused>>>,
    answer: oneshot::Sender<Result<W::Done, WriteFailed<W::Refused>>>,
}

impl<W: Work> Waiting<W> {
    pub(super) fn new(work: W) -> (Self, oneshot::Receiver<Result<W::Done, WriteFailed<W::Refused>>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { work, outcome: None, answer }, receiver)
    }
}

impl<W: Work> Job for Waiting<W> {
    fn run(&mut self, conn: &mut Conn) -> Result<(), StorageError> {
        begin(conn, Depth::Savepoint)?;
        let base = depth(conn);
        let work = &mut self.work;
        let outcome = catch_unwind(AssertUnwindSafe(|| work.run(Write::new(conn))));
        match outcome {
            Ok(Ok(done)) => {
                commit(conn)?;
                self.outcome = Some(Ok(done));
            }
            Ok(Err(refused)) => {
                take_back(conn, base)?;
                begin(conn, Depth::Savepoint)?;
                let noted = catch_unwind(AssertUnwindSafe(|| work.note_refusal(Write::new(conn), &refused)));
                match noted {
                    Ok(Ok(())) => {
                        commit(conn)?;
                        self.outcome = Some(Err(WriteFailed::Refused(refused)));
                    }
                    Ok(Err(error)) => return Err(error),
                    Err(_panic) => {
                        take_back(conn, base)?;
                        self.outcome = Some(Err(WriteFailed::Storage(StorageError::Panicked)));
                    }
                }
            }
            Err(_panic) => {
                take_back(conn, base)?;
                self.outcome = Some(Err(WriteFailed::Storage(StorageError::Panicked)));
            }
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StorageError>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(WriteFailed::Storage(StorageError::Busy)),
            (Err(error), _) => Err(WriteFailed::Storage(error)),
        };
        // The caller may have gone away; its rows are committed all the same.
        let _gone = self.answer.send(outcome);
    }
}

/// Takes back what was done since the savepoint at depth `base`, that one included.
fn take_back(conn: &mut Conn, base: Option<u32>) -> Result<(), StorageError> {
    let Some(base) = base else { return Err(StorageError::Gone(None)) };
    loop {
        match depth(conn) {
            Some(now) if now >= base => rollback(conn)?,
            Some(_below) => break,
            None => return Err(StorageError::Gone(None)),
        }
    }
    // A savepoint that was rolled back to still stands. Being able to release it proves that the transaction around it does too:
    // SQLite may have ended it on a full disk, and whatever ran after that would be committed piece by piece.
    conn.batch_execute(&format!("RELEASE SAVEPOINT diesel_savepoint_{}", base.saturating_sub(1)))?;
    Ok(())
}

pub(super) type Queue = Arc<Mutex<mpsc::Receiver<Box<dyn Job>>>>;

/// Takes work until the channel closes. `connect` makes a fresh connection when the old one is gone.
pub(super) fn run_writer(
    mut conn: Option<Conn>,
    queue: &Queue,
    batch_limit: usize,
    connect: impl Fn() -> Result<Conn, StorageError>,
    mut log: Option<Log>,
) {
    let mut batch = Vec::with_capacity(batch_limit);
    loop {
        {
            let Ok(mut queue) = queue.lock() else { return };
            if queue.blocking_recv_many(&mut batch, batch_limit) == 0 {
                return;
            }
        }
        let jobs = std::mem::take(&mut batch);
        if catch_unwind(AssertUnwindSafe(|| run_batch(&mut conn, &connect, jobs))).is_err() {
            // The jobs are dropped unanswered, which tells their callers that nobody knows. The writer itself goes on.
            tracing::error!("a batch of writes panicked outside of its work");
            conn = None;
        }
        if let (Some(log), Some(conn)) = (&mut log, &mut conn) {
            log.shorten(conn);
        }
    }
}

/// How long SQLite's write-ahead log may become, in bytes, before the writer waits for the readers in it.
const LOG_MOST: u64 = 64 * 1024 * 1024;

/// How long the writer waits for them each time, in milliseconds, and how long it works on in between.
const LOG_PATIENCE: u32 = 100;
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// SQLite's write-ahead log. It begins anew by itself only at a moment in which nobody reads from it; under a steady load there may be
/// none, and it would grow until the disk is full.
pub(super) struct Log {
    file: PathBuf,
    tried: Option<Instant>,
    patience: u128,
}

impl Log {
    /// The log of a database file; `patience` is how long its writer waits for locks, in milliseconds.
    pub(super) fn of(database: &Path, patience: u128) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self { file: file.into(), tried: None, patience }
    }

    /// Empties it when it is long, between two batches. When readers stay in it for too long, another time.
    fn shorten(&mut self, conn: &mut Conn) {
        let is_long = std::fs::metadata(&self.file).is_ok_and(|file| file.len() > LOG_MOST);
        if !is_long || self.tried.is_some_and(|tried| tried.elapsed() < LOG_PAUSE) {
            return;
        }
        self.tried = Some(Instant::now());
        let patience = self.patience;
        let statements = format!(
            "PRAGMA busy_timeout = {LOG_PATIENCE}; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = {patience};"
        );
        if let Err(error) = conn.batch_execute(&statements) {
            tracing::warn!(error = %error, "the write-ahead log could not be emptied; it is tried again");
        }
    }
}

/// How a batch came to nothing.
enum Lost {
    /// It never began: no connection, or the lock did not come free. Its pieces would fare no better alone.
    NotBegun(StorageError),
    /// It was rolled back, for certain.
    RolledBack(StorageError),
    /// The connection broke in the middle of COMMIT. It must not run again: it may have been kept.
    Unknown(StorageError),
}

fn run_batch(
    conn: &mut Option<Conn>,
    connect: &impl Fn() -> Result<Conn, StorageError>,
    mut jobs: Vec<Box<dyn Job>>,
) {
    match attempt(conn, connect, &mut jobs) {
        Ok(()) => jobs.into_iter().for_each(|job| job.answer(Ok(()))),
        Err(Lost::RolledBack(_)) => one_by_one(conn, connect, jobs),
        Err(Lost::NotBegun(error)) => give_up(jobs, error),
        Err(Lost::Unknown(error)) => give_up(jobs, StorageError::OutcomeUnknown(Some(Box::new(error)))),
    }
}

/// Each piece gets one more try alone, so that one bad neighbour, or a connection that broke before the commit, costs nobody an
/// answer.
fn one_by_one(
    conn: &mut Option<Conn>,
    connect: &impl Fn() -> Result<Conn, StorageError>,
    jobs: Vec<Box<dyn Job>>,
) {
    let mut left = jobs.into_iter();
    while let Some(job) = left.next() {
        let mut alone = vec![job];
        match attempt(conn, connect, &mut alone) {
            Ok(()) => alone.into_iter().for_each(|job| job.answer(Ok(()))),
            Err(Lost::RolledBack(error)) => give_up(alone, error),
            Err(Lost::Unknown(error)) => give_up(alone, StorageError::OutcomeUnknown(Some(Box::new(error)))),
            Err(Lost::NotBegun(error)) => {
                alone.extend(left);
                return give_up(alone, error);
            }
        }
    }
}

/// Answers every piece with the same failure; the first gets the cause.
fn give_up(jobs: Vec<Box<dyn Job>>, error: StorageError) {
    tracing::error!(writes = jobs.len(), error = %error, cause = ?std::error::Error::source(&error), "writes were not committed");
    let again = |error: &StorageError| match error {
        StorageError::Full => StorageError::Full,
        StorageError::Busy => StorageError::Busy,
        StorageError::OutcomeUnknown(_) => StorageError::OutcomeUnknown(None),
        StorageError::Duplicate(_)
        | StorageError::Conflict
        | StorageError::Gone(_)
        | StorageError::NotOpened(_)
        | StorageError::ReadOnly
        | StorageError::Missing(_)
        | StorageError::Damaged(_)
        | StorageError::InUse(_)
        | StorageError::Unreadable(_)
        | StorageError::Schema(_)
        | StorageError::Statement(_)
        | StorageError::Panicked => StorageError::Gone(None),
    };
    let mut left = jobs.into_iter();
    let first = left.next();
    for job in left {
        job.answer(Err(again(&error)));
    }
    if let Some(job) = first {
        job.answer(Err(error));
    }
}

fn attempt(
    conn: &mut Option<Conn>,
    connect: &impl Fn() -> Result<Conn, StorageError>,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), Lost> {
    let live = begun(conn, connect).map_err(Lost::NotBegun)?;
    let outcome = match jobs.iter_mut().try_for_each(|job| job.run(live)) {
        Err(error) => Err(Lost::RolledBack(error)),
        Ok(()) => match commit(live) {
            Ok(()) => Ok(()),
            Err(error) if was_refused(live, &error) => Err(Lost::RolledBack(error)),
            Err(error) => Err(Lost::Unknown(error)),
        },
    };
    if outcome.is_err() && !comes_to_ground(live) {
        *conn = None;
    }
    outcome
}

/// A connection with a transaction begun on it. One that was cut while it was idle is replaced: nothing was sent on it that could
/// count.
fn begun<'c>(
    conn: &'c mut Option<Conn>,
    connect: &impl Fn() -> Result<Conn, StorageError>,
) -> Result<&'c mut Conn, StorageError> {
    if let Some(mut live) = conn.take() {
        match begin(&mut live, Depth::Transaction) {
            Ok(()) => return Ok(conn.insert(live)),
            Err(error @ (StorageError::Busy | StorageError::Full)) => {
                *conn = Some(live);
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(cause = ?std::error::Error::source(&error), "connecting anew to write");
            }
        }
    }
    let mut fresh = connect()?;
    begin(&mut fresh, Depth::Transaction)?;
    Ok(conn.insert(fresh))
}

/// Whether a COMMIT that failed is known to have kept nothing: the server said so and still answers. A connection that broke may
/// have carried the commit and lost the answer; a file that could not be synced may have it after a crash.
fn was_refused(conn: &mut Conn, error: &StorageError) -> bool {
    match conn {
        Conn::Sqlite(_) => !matches!(error, StorageError::Gone(_)),
        Conn::Postgres(_) => comes_to_ground(conn),
    }
}

/// Leaves whatever transaction is open. False when the connection is not usable any more.
fn comes_to_ground(conn: &mut Conn) -> bool {
    while depth(conn).is_some_and(|depth| depth > 0) {
        if rollback(conn).is_err() {
            break;
        }
    }
    depth(conn) == Some(0) && conn.batch_execute("SELECT 1").is_ok()
}
