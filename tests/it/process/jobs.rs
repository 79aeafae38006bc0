//! Jobs of processes that share a database: what one has claimed the others leave to it, as long as it can be alive.

use std::time::Duration;

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use throughline::kernel::time::{Clock as _, SystemClock};

use crate::support::{
    postgres,
    process::{Machine, send, until},
    wait_for_a_lock,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_two_processes_claim_at_once_for_the_first_time_is_left_to_one_without_a_word() {
    if postgres().is_none() {
        // A SQLite file is served by one process.
        return;
    }
    let machine = Machine::new();
    let mut other = PgConnection::establish(machine.database()).unwrap();
    let lease = SystemClock.now().micros() + 600_000_000;
    other
        .batch_execute(&format!(
            "BEGIN; INSERT INTO job_runs (job, slot, leased_until, token) VALUES ('sequence', 0, {lease}, 'somebody')"
        ))
        .unwrap();
    let hub = machine.serve().await;
    let database = machine.database().to_owned();
    tokio::task::spawn_blocking(move || wait_for_a_lock(&database)).await.unwrap();
    other.batch_execute("COMMIT").unwrap();
    let claims = async |outcome: &str| -> u32 {
        let metrics = send(&hub.url, None, "/metrics").await.unwrap().body;
        let line = format!("throughline_writes_total{{action=\"jobs.claim\",outcome=\"{outcome}\"}}");
        let count =
            metrics.as_str().unwrap().lines().find_map(|l| l.strip_prefix(&line)?.trim().parse().ok());
        count.unwrap_or(0)
    };
    // It goes on claiming, this job as well.
    let before = claims("done").await;
    until("more jobs are claimed", async || claims("done").await >= before + 5).await;
    assert_eq!(claims("storage.duplicate").await, 0);
    let said = hub.said();
    assert!(!said.contains("could not be claimed"), "{said}");
    hub.kill();
}
