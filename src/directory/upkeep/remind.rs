//! Reminding providers of what is about to run out, and of what did.

use chrono::TimeDelta;
use serde::Serialize;

use super::store::{self, Told};
use crate::{
    access::Tx,
    config::DirectorySettings,
    directory::{DirectoryError, contacts},
    kernel::{Timestamp, id::ServiceId},
    outbox::{self, Event},
    storage::Db,
};

/// How many services one write reminds of.
const BATCH: i64 = 100;

/// What is about to run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// What was said of its room.
    Availability,
    /// Its verification.
    Verification,
}

impl Clock {
    const ALL: [Self; 2] = [Self::Availability, Self::Verification];

    const fn topic(self, told: Told) -> &'static str {
        match (self, told) {
            (Self::Availability, Told::Soon) => "service.availability_ends",
            (Self::Availability, Told::Over) => "service.availability_ended",
            (Self::Verification, Told::Soon) => "service.verification_due",
            (Self::Verification, Told::Over) => "service.verification_overdue",
        }
    }
}

#[derive(Serialize)]
struct Payload {
    service: ServiceId,
    at: Timestamp,
}

/// Whether there is anybody to remind.
pub fn anything_to_remind(
    db: &mut Db<'_>,
    now: Timestamp,
    settings: &DirectorySettings,
) -> Result<bool, DirectoryError> {
    let soon = now.plus(TimeDelta::days(settings.remind_days));
    for clock in Clock::ALL {
        if !store::running_out(db, clock, (now, soon), 1)?.is_empty() {
            return Ok(true);
        }
    }
    contacts::anything_to_remind(db, now)
}

/// Reminds providers, a batch of them: of what runs out soon, and of what did, and of whom one calls. Each once.
pub fn remind(tx: &mut Tx<'_>, settings: &DirectorySettings) -> Result<(), DirectoryError> {
    let now = tx.now();
    let soon = now.plus(TimeDelta::days(settings.remind_days));
    for clock in Clock::ALL {
        for due in store::running_out(tx.db(), clock, (now, soon), BATCH)? {
            let told = if due.at <= now { Told::Over } else { Told::Soon };
            let payload = Payload { service: due.service, at: due.at };
            outbox::say(tx, &Event { topic: clock.topic(told), organisation: Some(due.member), payload })?;
            store::note_told(tx, clock, &due, told)?;
        }
    }
    contacts::remind(tx)
}
