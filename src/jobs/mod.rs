//! The loops and the schedule.
//!
//! The scheduler only ticks. Whether a job's slot is still to be done is a row that one process claims, with a lease that another may
//! take over; what is due inside a job is rows too, so a tick that was missed is caught up by the next. Every job may run twice.

mod processes;
mod store;
mod table;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use processes::{Serving, policies_in_use};
pub use store::LastLook;
pub use table::{Job, JobError, table};
use tokio_cron_scheduler::{Job as Tick, JobScheduler, JobSchedulerError};

use crate::{
    hub::Hub,
    storage::{Db, StorageError},
};

/// The longest time between two looks at whether a job's slot is still to be done: a process that is started anew each day does what comes
/// round once a day.
const MOST_BETWEEN_LOOKS: u64 = 600;

/// The jobs of this process, running.
pub struct Running {
    scheduler: JobScheduler,
}

/// Starts the jobs of the table.
pub async fn start(hub: &Hub) -> Result<Running, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    for job in table() {
        let (hub, busy) = (hub.clone(), Arc::new(AtomicBool::new(false)));
        let every = Duration::from_secs(job.every_seconds.min(MOST_BETWEEN_LOOKS));
        let tick = Tick::new_repeated_async(every, move |_id, _scheduler| {
            let (hub, busy) = (hub.clone(), Arc::clone(&busy));
            Box::pin(async move {
                // The scheduler starts a job again while it still runs; this process does not.
                if busy.swap(true, Ordering::AcqRel) {
                    return;
                }
                run_slot(hub, job).await;
                busy.store(false, Ordering::Release);
            })
        })?;
        scheduler.add(tick).await?;
    }
    scheduler.start().await?;
    Ok(Running { scheduler })
}

impl Running {
    /// Stops ticking. A job that runs goes on to its end.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(error = %error, "the scheduler did not stop cleanly");
        }
    }
}

/// Runs every job once, whatever the time, without claims. For tests, the demo and `throughline jobs run`.
pub async fn run_all(hub: &Hub) -> Result<(), JobError> {
    for job in table() {
        (job.run)(hub.clone()).await?;
    }
    Ok(())
}

/// How the last look at the whole log ended, if there was one.
pub fn last_look_at_log(db: &mut Db<'_>) -> Result<Option<LastLook>, StorageError> {
    store::last_look(db, table::VERIFY)
}

async fn run_slot(hub: Hub, job: Job) {
    let claimed = match store::claim(hub.clone(), job.name.to_owned(), job.every_seconds).await {
        Ok(Some(claimed)) => claimed,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(job = job.name, error = %error, "a job could not be claimed");
            return;
        }
    };
    let outcome = (job.run)(hub.clone()).await;
    let label = match &outcome {
        Ok(()) => "done",
        Err(error) => {
            tracing::error!(job = job.name, error = %error, cause = ?std::error::Error::source(error), "a job failed");
            "failed"
        }
    };
    hub.metrics().jobs.with_label_values(&[job.name, label]).inc();
    if let Err(error) = store::finish(hub.clone(), job.name.to_owned(), claimed, outcome.is_err()).await {
        tracing::warn!(job = job.name, error = %error, "the end of a job could not be noted");
    }
}
