//! The jobs: name, period, and the one use case each calls.

use std::{future::Future, pin::Pin, sync::Arc};

use chrono::TimeDelta;

use crate::{
    access::Tx,
    agreements,
    audit::{self, AuditError},
    consent, directory, factors, feedback,
    hub::{self, Hub},
    kernel::Coded,
    members, outbox,
    packets::{self, PacketError},
    referrals::{self, ReferralError},
    storage::{Db, StorageError},
};

/// Why a job did not come to its end.
#[derive(Debug, thiserror::Error)]
#[error("{code}")]
pub struct JobError {
    code: &'static str,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

impl<E: Coded> From<E> for JobError {
    fn from(error: E) -> Self {
        Self { code: error.code().name(), cause: Box::new(error) }
    }
}

type Going = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// A job.
#[derive(Clone, Copy)]
pub struct Job {
    /// Its name in claims, metrics and logs.
    pub name: &'static str,
    /// How often it comes round.
    pub every_seconds: u64,
    /// The work. May run twice; looks for what is due.
    pub run: fn(Hub) -> Going,
}

/// The job that looks at the whole log.
pub(super) const VERIFY: &str = "verify";

/// Every job of the hub.
pub fn table() -> Vec<Job> {
    vec![
        Job { name: "sequence", every_seconds: 1, run: |hub| Box::pin(sequence(hub)) },
        Job { name: "purge", every_seconds: 60, run: |hub| Box::pin(purge(hub)) },
        Job { name: "tick", every_seconds: 10, run: |hub| Box::pin(tick(hub)) },
        Job { name: "agreements_due", every_seconds: 60, run: |hub| Box::pin(agreements_due(hub)) },
        Job { name: "withdrawals", every_seconds: 60, run: |hub| Box::pin(withdrawals(hub)) },
        Job { name: "destructions", every_seconds: 60, run: |hub| Box::pin(destructions(hub)) },
        Job { name: "corrections", every_seconds: 60, run: |hub| Box::pin(corrections(hub)) },
        Job { name: "notes", every_seconds: 3_600, run: |hub| Box::pin(notes(hub)) },
        Job { name: "certificates", every_seconds: 600, run: |hub| Box::pin(certificates(hub)) },
        Job { name: "ledger", every_seconds: 3_600, run: |hub| Box::pin(ledger(hub)) },
        Job { name: "forget", every_seconds: 3_600, run: |hub| Box::pin(forget(hub)) },
        Job { name: "directory", every_seconds: 600, run: |hub| Box::pin(directory(hub)) },
        Job { name: "upkeep", every_seconds: 3_600, run: |hub| Box::pin(upkeep(hub)) },
        Job { name: VERIFY, every_seconds: 86_400, run: |hub| Box::pin(verify(hub)) },
    ]
}

/// Enters in the order of lists and for searches, batch by batch, what an earlier release stored and what areas that began or ended are around.
async fn directory(hub: Hub) -> Result<(), JobError> {
    while hub.tend("directory.enter_rows", directory::enter_rows).await? {}
    while hub.tend("directory.enter_listed", directory::enter_listed).await? {}
    hub.tend("directory.follow_areas", directory::search::follow_areas).await?;
    while hub.tend("directory.enter_searched", directory::search::enter_searched).await? {}
    Ok(())
}

/// Deletes contacts that do not hold any more, and reminds providers of what runs out, batch by batch.
async fn upkeep(hub: Hub) -> Result<(), JobError> {
    let (itself, now) = (hub.itself(), hub.now());
    while hub.read(move |db| directory::anything_to_forget(db, now)).await? {
        hub.write("directory.forget_contacts", &itself, directory::forget_contacts).await?;
    }
    loop {
        let settings = hub.settings().directory.clone();
        let asked = settings.clone();
        if !hub.read(move |db| directory::anything_to_remind(db, now, &asked)).await? {
            return Ok(());
        }
        hub.write("directory.remind", &itself, move |tx| directory::remind(tx, &settings)).await?;
    }
}

/// Gives waiting entries of the log their places, batch by batch until none waits.
async fn sequence(hub: Hub) -> Result<(), JobError> {
    let key = Arc::new(hub.keys().log_key()?);
    loop {
        let key = Arc::clone(&key);
        let done = hub.tend("audit.sequence", move |tx| audit::sequence(tx, &key)).await?;
        if done.placed < audit::BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}

/// Deletes the ciphertext of packets that are past their time, batch by batch.
async fn purge(hub: Hub) -> Result<(), JobError> {
    let itself = hub.itself();
    loop {
        let done = hub.write("packets.purge_due", &itself, packets::purge_due).await?;
        if done < usize::try_from(packets::PURGE_BATCH).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

/// Looks at the clocks of referrals that have run out, batch by batch.
async fn tick(hub: Hub) -> Result<(), JobError> {
    loop {
        let now = hub.now();
        if !hub.read(move |db| referrals::has_due(db, now)).await? {
            return Ok(());
        }
        let (itself, policy) = (hub.itself(), hub.policy());
        let look = move |tx: &mut Tx<'_>| referrals::tick(tx, referrals::TICK_BATCH, &policy);
        hub.write("referrals.tick", &itself, look).await?;
    }
}

/// Lets agreements take effect on their first day and expire after their last.
async fn agreements_due(hub: Hub) -> Result<(), JobError> {
    let itself = hub.itself();
    let now = hub.now();
    while hub.read(move |db| agreements::anything_due(db, now)).await? {
        let policy = hub.policy();
        hub.write("agreements.move_due", &itself, move |tx| {
            for agreement in agreements::move_due(tx)? {
                referrals::follow_standing(tx, &agreement, &policy)?;
            }
            Ok::<_, ReferralError>(())
        })
        .await?;
    }
    let policy = hub.policy();
    let stopped = hub.read(move |db| agreements::purging(db, now, &policy)).await?;
    for agreement in stopped {
        let purge = move |tx: &mut Tx<'_>| referrals::purge_undelivered(tx, &agreement);
        hub.write("agreements.purge", &itself, purge).await?;
    }
    Ok(())
}

/// Sees to it that no withdrawal is left unanswered, and that no exception outlives its day.
async fn withdrawals(hub: Hub) -> Result<(), JobError> {
    let (itself, now) = (hub.itself(), hub.now());
    while hub.read(move |db| consent::has_ended_exceptions(db, now)).await? {
        let policy = hub.policy();
        hub.write("consent.ask_again", &itself, move |tx| consent::ask_again(tx, &policy)).await?;
    }
    let mut after = None;
    loop {
        let policy = hub.policy();
        let escalate = move |tx: &mut Tx<'_>| consent::escalate(tx, after, &policy);
        after = hub.write("consent.escalate", &itself, escalate).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Sees to it that whoever must destroy data after the end of a referral says so.
async fn destructions(hub: Hub) -> Result<(), JobError> {
    let (itself, now) = (hub.itself(), hub.now());
    while hub.read(move |db| referrals::has_due_destructions(db, now)).await? {
        hub.write("referrals.follow_destructions", &itself, referrals::follow_destructions).await?;
    }
    Ok(())
}

/// Tells of what persons asked to have put right and nobody answered in time.
async fn corrections(hub: Hub) -> Result<(), JobError> {
    let (itself, now) = (hub.itself(), hub.now());
    while hub.read(move |db| referrals::has_overdue_corrections(db, now)).await? {
        hub.write("referrals.follow_corrections", &itself, referrals::follow_corrections).await?;
    }
    Ok(())
}

/// Lets go of notes that were read long ago, batch by batch.
async fn notes(hub: Hub) -> Result<(), JobError> {
    let (itself, now) = (hub.itself(), hub.now());
    while hub.read(move |db| referrals::has_read_notes(db, now)).await? {
        hub.write("referrals.forget_notes", &itself, referrals::forget_read_notes).await?;
    }
    Ok(())
}

/// Lets go of certificates that are over, batch by batch.
async fn certificates(hub: Hub) -> Result<(), JobError> {
    let itself = hub.itself();
    let mut after = None;
    loop {
        let forget = move |tx: &mut Tx<'_>| referrals::forget_certificates(tx, after);
        after = hub.write("consent.forget", &itself, forget).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Forgets referrals whose time in the ledger is over, and then what was disclosed, batch by batch.
async fn ledger(hub: Hub) -> Result<(), JobError> {
    let itself = hub.itself();
    let now = hub.now();
    let mut after = Some(referrals::Past::default());
    while let Some(place) = after {
        let policy = hub.policy();
        let (ids, next) = hub.read(move |db| referrals::past(db, now, &place, &policy)).await?;
        after = next;
        if !ids.is_empty() {
            let policy = hub.policy();
            hub.write("referrals.forget", &itself, move |tx| referrals::forget(tx, &ids, &policy)).await?;
        }
    }
    while hub.read(move |db| referrals::has_past_disclosures(db, now)).await? {
        hub.write("referrals.forget_disclosures", &itself, referrals::forget_disclosures).await?;
    }
    Ok(())
}

/// Forgets remembered answers, notices, persons' codes and sessions that are past their time.
async fn forget(hub: Hub) -> Result<(), JobError> {
    let jobs = hub.settings().jobs.clone();
    let answers = hub.now().minus(TimeDelta::hours(jobs.idempotency_hours));
    let notices = hub.now().minus(TimeDelta::days(jobs.outbox_days));
    hub.tend::<_, StorageError>("jobs.forget_answers", move |tx| {
        hub::forget_before(tx.db(), answers).map(drop)
    })
    .await?;
    hub.tend::<_, outbox::OutboxError>("jobs.forget_notices", move |tx| {
        outbox::forget_before(tx.db(), notices).map(drop)
    })
    .await?;
    let now = hub.now();
    hub.tend::<_, feedback::FeedbackError>("jobs.forget_person_codes", move |tx| {
        feedback::forget_before(tx, now).map(drop)
    })
    .await?;
    let limits = hub.settings().access.clone();
    hub.tend("jobs.forget_sessions", move |tx| members::forget_sessions(tx, &limits)).await?;
    hub.tend::<_, factors::FactorError>("jobs.forget_questions", factors::forget_questions).await?;
    Ok(())
}

/// Looks at the whole log and holds every receipt against it. What it finds is for a person to look at: it stands in the metrics, beside the
/// readiness, and in how the job ended. No row is changed.
async fn verify(hub: Hub) -> Result<(), JobError> {
    let verifier = hub.keys().log_key()?.verifier().clone();
    let key = hub.node().receipts.verifier();
    let looking =
        move |db: &mut Db<'_>| audit::verify(db, &verifier, &audit::Held::default(), &mut |_done, _of| {});
    let mut found = hub.read::<_, AuditError>(looking).await?;
    let holding = move |db: &mut Db<'_>| packets::hold_promises(db, &key, &mut found).map(|()| found);
    let found = hub.read::<_, PacketError>(holding).await?;
    hub.metrics().looked_at_log(hub.now().seconds(), found.wrong);
    if found.is_sound() { Ok(()) } else { Err(AuditError::Unsound(found.wrong).into()) }
}
