//! Ending before the end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::task::JoinHandle;

use crate::{
    cli::{CliError, serve::Told},
    kernel::{Code, Fault},
};

/// Whether somebody wants it to end. The hub hears the same signal and stops serving, so whatever goes on ends soon, and what was made
/// is removed as after any failure.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Begins to listen. Whoever is done ends the listening.
    pub(super) fn listen() -> Result<(Self, JoinHandle<()>), CliError> {
        let (stop, mut told) = (Self::default(), Told::listen()?);
        let listening = tokio::spawn({
            let stop = stop.clone();
            async move {
                told.stop().await;
                stop.now();
            }
        });
        Ok((stop, listening))
    }

    fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told.
    pub(super) fn was_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error when it was told.
    pub(super) fn check(&self) -> Result<(), CliError> {
        if self.was_told() { Err(stopped()) } else { Ok(()) }
    }

    /// What failed after it was told to stop failed because of that.
    pub(super) fn instead_of(&self, error: CliError) -> CliError {
        if self.was_told() { stopped() } else { error }
    }
}

fn stopped() -> CliError {
    CliError::new(
        Code::new("bench.stopped", Fault::Unavailable),
        "stopped before the end; what was made is removed",
    )
}
