//! Writers: threads that take waiting work in batches, give each piece its own savepoint, and commit once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

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
                unwind_to(conn, base)?;
                rollback(conn)?;
                begin(conn, Depth::Savepoint)?;
                match work.note_refusal(Write::new(conn), &refused) {
                    Ok(()) => commit(conn)?,
                    Err(error) => {
                        rollback(conn)?;
                        return Err(error);
                    }
                }
                self.outcome = Some(Err(WriteFailed::Refused(refused)));
            }
            Err(_panic) => {
                unwind_to(conn, base)?;
                rollback(conn)?;
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

/// Rolls back savepoints that a refusal or a panic left open.
fn unwind_to(conn: &mut Conn, base: Option<u32>) -> Result<(), StorageError> {
    while let (Some(now), Some(base)) = (depth(conn), base) {
        if now <= base {
            return Ok(());
        }
        rollback(conn)?;
    }
    Err(StorageError::Gone(None))
}

pub(super) type Queue = Arc<Mutex<mpsc::Receiver<Box<dyn Job>>>>;

/// Takes work until the channel closes. `connect` makes a fresh connection when the old one is gone.
pub(super) fn run_writer(
    mut conn: Option<Conn>,
    queue: &Queue,
    batch_limit: usize,
    connect: impl Fn() -> Result<Conn, StorageError>,
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
        let live = match conn.take() {
            Some(live) => Ok(live),
            None => connect(),
        };
        match live {
            Ok(mut live) => {
                run_batch(&mut live, jobs);
                conn = (depth(&mut live) == Some(0)).then_some(live);
            }
            Err(error) => {
                tracing::error!(error = %error, "no connection to write with");
                for job in jobs {
                    job.answer(Err(StorageError::Gone(None)));
                }
            }
        }
    }
}

fn run_batch(conn: &mut Conn, mut jobs: Vec<Box<dyn Job>>) {
    if commit_all(conn, &mut jobs).is_ok() {
        for job in jobs {
            job.answer(Ok(()));
        }
        return;
    }
    // The batch as a whole is gone. Each piece gets one more try alone, so that one bad neighbour costs nobody an answer.
    for job in jobs {
        let mut alone = vec![job];
        let committed =
            if depth(conn) == Some(0) { commit_all(conn, &mut alone) } else { Err(StorageError::Gone(None)) };
        if let Err(error) = &committed {
            tracing::error!(error = %error, cause = ?std::error::Error::source(error), "a write was not committed");
        }
        for job in alone {
            job.answer(match &committed {
                Ok(()) => Ok(()),
                Err(StorageError::Full) => Err(StorageError::Full),
                Err(StorageError::Busy) => Err(StorageError::Busy),
                Err(_) => Err(StorageError::Gone(None)),
            });
        }
    }
}

fn commit_all(conn: &mut Conn, jobs: &mut [Box<dyn Job>]) -> Result<(), StorageError> {
    begin(conn, Depth::Transaction)?;
    let ran = jobs.iter_mut().try_for_each(|job| job.run(conn));
    let outcome = ran.and_then(|()| commit(conn));
    if outcome.is_err() {
        // A failed COMMIT may leave the transaction open (disk full) or closed; bring the connection back to the ground.
        while depth(conn).is_some_and(|depth| depth > 0) {
            if rollback(conn).is_err() {
                break;
            }
        }
    }
    outcome
}
