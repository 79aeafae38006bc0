//! Jobs of processes that share a database: what one has claimed the others leave to it, as long as it can be alive.

use std::time::Duration;

use throughline::kernel::time::{Clock as _, SystemClock};

use crate::support::process::{Machine, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_another_process_claimed_is_left_to_it_until_its_lease_runs_out() {
    let machine = Machine::new();
    machine.enrol("Harbour Aid").await;
    let now = SystemClock.now().micros();
    let lease = now + 8_000_000;
    // Somebody died at one job, and has done the other for a long time to come.
    machine.sql(&format!(
        "INSERT INTO job_runs (job, slot, leased_until, token) VALUES ('sequence', 0, {lease}, 'somebody'); \
         INSERT INTO job_runs (job, slot, leased_until, token, finished_at, outcome) \
         VALUES ('verify', {later}, {now}, 'somebody', {now}, 'done')",
        later = now + 86_400_000_000
    ));
    let hub = machine.serve().await;
    let has_run = async |job: &str| {
        let metrics = send(&hub.url, None, "/metrics").await.unwrap().body;
        let line = format!("throughline_job_runs_total{{job=\"{job}\",outcome=\"done\"}}");
        (metrics.as_str().unwrap().contains(&line), SystemClock.now().micros())
    };
    let (mut ran, mut at) = has_run("sequence").await;
    while !ran {
        assert!(at < lease + 20_000_000, "nobody takes it over");
        tokio::time::sleep(Duration::from_millis(50)).await;
        (ran, at) = has_run("sequence").await;
    }
    assert!(at >= lease, "it was done beside whoever had claimed it");
    assert!(!has_run("verify").await.0, "what was done is done again");
    hub.kill();
}
