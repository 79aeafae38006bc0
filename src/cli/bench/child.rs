//! The hub that is measured: this very program with `serve`, as a process of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    cli::{CliError, client::http},
    config::Settings,
    kernel::{Code, Fault},
};

/// How long a hub may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clock ticks in which Linux tells processor time, per second: the same on every machine it runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A hub that serves. Dropping it ends it.
pub(super) struct ServingHub {
    child: Child,
    log: PathBuf,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// Memory at present, in MB.
    pub(super) rss_mb: f64,
    /// The most memory so far, in MB.
    pub(super) peak_rss_mb: f64,
    /// Processor time so far, in seconds.
    pub(super) cpu_seconds: f64,
}

impl ServingHub {
    /// Starts the hub with these settings and waits until it says that it is ready.
    pub(super) async fn start(settings: &Settings, folder: &Path) -> Result<Self, CliError> {
        let file = write_settings(settings, folder)?;
        let log = folder.join("hub.log");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--config").arg(&file).arg("serve").current_dir(folder).stdin(Stdio::null());
        // The file is all it goes by: settings of the caller's environment are in it already.
        for (name, _value) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("THROUGHLINE") {
                command.env_remove(name);
            }
        }
        let child = command.stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
        let mut hub = Self { child, log };
        hub.until_ready(&settings.server.public_url).await?;
        Ok(hub)
    }

    async fn until_ready(&mut self, url: &str) -> Result<(), CliError> {
        let (client, end) = (http()?, Instant::now() + PATIENCE);
        loop {
            let answer = client.get(format!("{url}/health/ready")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() || Instant::now() >= end {
                return Err(failed(&self.last_words()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the process has used so far.
    pub(super) fn used(&self) -> Used {
        used(&self.child.id().to_string())
    }

    /// Lets it finish, and waits for its end.
    pub(super) fn stop(mut self) -> Result<(), CliError> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .map_err(std::io::Error::from)?;
        }
        // What was measured was measured; how a hub ends is looked at by the tests of the process.
        self.child.wait()?;
        Ok(())
    }

    /// The last lines of its log.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(5)).copied().collect::<Vec<_>>();
        if last.is_empty() { String::from("it said nothing") } else { last.join("\n  ") }
    }
}

impl Drop for ServingHub {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Writes the settings that a process is started with into a file.
pub(super) fn write_settings(settings: &Settings, folder: &Path) -> Result<PathBuf, CliError> {
    let file = folder.join("bench.toml");
    let text = toml::to_string(settings).map_err(|error| failed(&format!("its settings: {error}")))?;
    fs::write(&file, text)?;
    Ok(file)
}

fn failed(why: &str) -> CliError {
    CliError::new(
        Code::new("bench.hub", Fault::Unavailable),
        format!("the hub that was to be measured does not serve:\n  {why}"),
    )
}

/// What a process (`self` for this one) has used so far, as /proc tells it; zero where there is no /proc.
pub(super) fn used(process: &str) -> Used {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
    };
    // The name of the program stands in brackets and may hold anything; what counts comes after it.
    let (_, numbers) = stat.rsplit_once(')').unwrap_or_default();
    let ticks: f64 = numbers.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
    Used {
        rss_mb: megabytes("VmRSS:"),
        peak_rss_mb: megabytes("VmHWM:"),
        cpu_seconds: ticks / TICKS_PER_SECOND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_its_memory_and_its_time() {
        let used = used("self");
        assert!(used.rss_mb > 1.0 && used.peak_rss_mb >= used.rss_mb, "{used:?}");
    }
}
