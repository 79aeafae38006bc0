//! `throughline serve`

use std::time::Duration;

use actix_web::dev::ServerHandle;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, timeout_at},
};

use super::{CliError, Output, node::start_log, open_hub};
use crate::{
    config::Settings,
    directory,
    hub::Hub,
    jobs,
    kernel::{Code, Fault},
};

/// Serves until it is told to stop (SIGTERM or Ctrl-C), then lets the requests in flight finish.
pub(super) fn run(settings: Settings, output: &Output) -> Result<(), CliError> {
    start_log(&settings, None)?;
    let hub = open_hub(settings)?;
    hub.store().claim_file()?;
    let system = actix_web::rt::System::new();
    // One handle of the system stays for ever. When the process ends while a worker's thread does, the last one would be dropped among the
    // thread's own storage, where waking whoever listens aborts the process (tokio's local task sets keep theirs there).
    std::mem::forget(actix_web::rt::System::try_current());
    let outcome = system.block_on(until_told(hub, output));
    // Taking the runtime down would wait for threads that wait for a database, for ever when that has fallen silent.
    std::mem::forget(system);
    outcome
}

async fn until_told(hub: Hub, output: &Output) -> Result<(), CliError> {
    // Listening for the signals before anything is answered: one that came in between would end the process at once.
    let mut told = Told::listen()?;
    let serving = crate::serve(&hub)?;
    // Only a process that has its address takes jobs: one that cannot serve must not leave claims behind.
    let judging = jobs::Serving::begin(&hub).await;
    let running = if hub.settings().jobs.enabled {
        let started = jobs::start(&hub).await;
        Some(started.map_err(|error| {
            CliError::new(
                Code::new("jobs.start", Fault::Internal),
                format!("the jobs could not be started: {error}"),
            )
        })?)
    } else {
        None
    };
    let warmed = hub.clone();
    // When it fails, the first search says why.
    tokio::spawn(async move { warmed.read(directory::search::warm).await });
    tracing::info!(address = %serving.address, database = hub.store().engine().name(), policy = hub.policy().dictionary(), "serving");
    if !hub.settings().complaints.is_named() {
        tracing::warn!(
            "nobody is named to whom people can complain beside the agency; set complaints.name with a telephone or an address"
        );
    }
    output.say(format!(
        "Throughline serves {} at {}. Ctrl-C stops it.",
        hub.settings().node.name,
        serving.address
    ));
    let (handle, mut ended) = (serving.handle, serving.ended);
    let outcome = tokio::select! {
        () = told.stop() => Ok(()),
        ended = &mut ended => Err(stopped_by_itself(ended)),
    };
    judging.stop().await;
    wind_down(&hub, &mut told, &handle, running).await;
    outcome
}

/// Lets the requests in flight finish, then the writers. Waits for nothing without an end.
async fn wind_down(hub: &Hub, told: &mut Told, server: &ServerHandle, jobs: Option<jobs::Running>) {
    tracing::info!("stopping: no new requests, those in flight may finish");
    let end = Instant::now() + Duration::from_secs(hub.settings().server.shutdown_seconds) + CLOSING;
    tokio::select! {
        () = server.stop(true) => {}
        // Told twice: somebody does not want to wait.
        () = told.stop() => {},
    }
    if let Some(jobs) = jobs {
        jobs.stop().await;
    }
    let store = hub.store().clone();
    let closing = tokio::task::spawn_blocking(move || store.close());
    tokio::select! {
        closed = timeout_at(end, closing) => if closed.is_err() {
            tracing::warn!("the database does not answer; what waited for it was answered to nobody and may be lost");
        },
        () = told.stop() => {},
    }
    tracing::info!("stopped");
}

/// The signals that tell a process to stop.
pub(super) struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A server that ended though nobody told it to: the process must not stay behind and serve nothing.
fn stopped_by_itself(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> CliError {
    let why = match ended {
        Ok(Ok(())) => String::from("it gave no reason"),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    CliError::new(
        Code::new("server.ended", Fault::Unavailable),
        format!("the server stopped by itself: {why}; start it again"),
    )
}

/// How long the writers may take for what waits, beyond the grace of requests.
const CLOSING: Duration = Duration::from_secs(3);
