//! `throughline serve`

use super::{CliError, Output, node::start_log, open_hub};
use crate::{
    api,
    config::Settings,
    jobs,
    kernel::{Code, Fault},
};

/// Serves until it is told to stop (SIGTERM or Ctrl-C), then lets the requests in flight finish.
pub(super) fn run(settings: Settings, output: &Output) -> Result<(), CliError> {
    start_log(&settings);
    let hub = open_hub(settings)?;
    hub.store().claim_file()?;
    actix_web::rt::System::new().block_on(async move {
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
        let serving = api::serve(&hub)?;
        tracing::info!(address = %serving.address, database = hub.store().engine().name(), "serving");
        output.say(format!(
            "Throughline serves {} at {}. Ctrl-C stops it.",
            hub.settings().node.name,
            serving.address
        ));
        stop_signal().await?;
        tracing::info!("stopping: no new requests, those in flight may finish");
        serving.handle.stop(true).await;
        if let Some(running) = running {
            running.stop().await;
        }
        let store = hub.store().clone();
        let _panicked = tokio::task::spawn_blocking(move || store.close()).await;
        tracing::info!("stopped");
        Ok(())
    })
}

async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
