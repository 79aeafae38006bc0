//! Claims: one process does a slot, another may take over when the first is gone.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::{
    access::Tx,
    hub::{Failure, Hub},
    kernel::{Digest, Timestamp},
    storage::{
        Db, StorageError,
        schema::foundation::{job_runs, processes},
    },
};

/// Proof that this process does the slot.
pub(super) struct Claimed {
    token: String,
}

/// Claims the present slot; `None` when it is done, or when somebody else is at it.
pub(super) async fn claim(
    hub: Hub,
    job: String,
    every_seconds: u64,
) -> Result<Option<Claimed>, Failure<StorageError>> {
    let now = hub.now();
    let every = i64::try_from(every_seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    // Slots begin at multiples of the period, whatever moment the scheduler woke up at.
    let slot = now.micros().div_euclid(every.max(1)).saturating_mul(every);
    let lease = now.plus(chrono::TimeDelta::seconds(hub.settings().jobs.claim_lease_seconds));
    let mut random = [0u8; 16];
    hub.ids().random(&mut random);
    let token = Digest::of(random).to_string();
    let name = token.clone();
    let claimed = hub
        .tend("jobs.claim", move |tx| {
            let conn = tx.db().conn();
            let free = job_runs::finished_at.is_not_null().or(job_runs::leased_until.le(now.micros()));
            let mine_now = diesel::update(
                job_runs::table.filter(job_runs::job.eq(&job)).filter(job_runs::slot.lt(slot)).filter(free),
            )
            .set((
                job_runs::slot.eq(slot),
                job_runs::leased_until.eq(lease.micros()),
                job_runs::token.eq(&name),
                job_runs::finished_at.eq(None::<i64>),
            ))
            .execute(conn)?;
            if mine_now == 1 {
                return Ok(true);
            }
            first_time(tx, &job, slot, lease, &name)
        })
        .await?;
    Ok(claimed.then_some(Claimed { token }))
}

/// Claims a job that never ran; `false` when it has, or another process claims it at this very moment.
fn first_time(
    tx: &mut Tx<'_>,
    job: &str,
    slot: i64,
    lease: Timestamp,
    token: &str,
) -> Result<bool, StorageError> {
    let known: i64 = job_runs::table.filter(job_runs::job.eq(job)).count().get_result(tx.db().conn())?;
    if known > 0 {
        return Ok(false);
    }
    tx.insert_once(|db| {
        diesel::insert_into(job_runs::table)
            .values((
                job_runs::job.eq(job),
                job_runs::slot.eq(slot),
                job_runs::leased_until.eq(lease.micros()),
                job_runs::token.eq(token),
            ))
            .execute(db.conn())?;
        Ok(())
    })
}

/// When a job last came to its end, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastLook {
    /// When.
    pub at: Timestamp,
    /// Whether it failed.
    pub failed: bool,
}

pub(super) fn last_look(db: &mut Db<'_>, job: &str) -> Result<Option<LastLook>, StorageError> {
    let row: Option<(Option<i64>, Option<String>)> = job_runs::table
        .filter(job_runs::job.eq(job))
        .select((job_runs::finished_at, job_runs::outcome))
        .first(db.conn())
        .optional()?;
    let Some((Some(at), Some(outcome))) = row else { return Ok(None) };
    Ok(Some(LastLook { at: Timestamp::from_micros(at), failed: outcome == "failed" }))
}

/// Notes the end of the slot and how it was, unless somebody took it over meanwhile.
pub(super) async fn finish(
    hub: Hub,
    job: String,
    claimed: Claimed,
    failed: bool,
) -> Result<(), Failure<StorageError>> {
    hub.tend("jobs.finish", move |tx| {
        let now = tx.now().micros();
        diesel::update(
            job_runs::table.filter(job_runs::job.eq(&job).and(job_runs::token.eq(&claimed.token))),
        )
        .set((job_runs::finished_at.eq(now), job_runs::outcome.eq(if failed { "failed" } else { "done" })))
        .execute(tx.db().conn())?;
        Ok(())
    })
    .await
}

/// Notes that a process serves, and forgets those that fell silent.
pub(super) fn note_process(
    tx: &mut Tx<'_>,
    (id, policy): (&str, &str),
    until: Timestamp,
) -> Result<(), StorageError> {
    let now = tx.now().micros();
    let conn = tx.db().conn();
    diesel::delete(processes::table.filter(processes::leased_until.le(now).and(processes::id.ne(id))))
        .execute(conn)?;
    let renewed = diesel::update(processes::table.filter(processes::id.eq(id)))
        .set(processes::leased_until.eq(until.micros()))
        .execute(conn)?;
    if renewed == 0 {
        diesel::insert_into(processes::table)
            .values((
                processes::id.eq(id),
                processes::policy.eq(policy),
                processes::leased_until.eq(until.micros()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

pub(super) fn forget_process(tx: &mut Tx<'_>, id: &str) -> Result<(), StorageError> {
    diesel::delete(processes::table.filter(processes::id.eq(id))).execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn policies_in_use(db: &mut Db<'_>, at: Timestamp) -> Result<BTreeSet<String>, StorageError> {
    let serving = processes::table.filter(processes::leased_until.gt(at.micros()));
    let policies: Vec<String> = serving.select(processes::policy).load(db.conn())?;
    Ok(policies.into_iter().collect())
}
