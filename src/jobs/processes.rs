//! Which policies the processes on one database judge by. Every process says its own while it serves, and hears the others': two that judge
//! by different ones give the same packet different answers. That is somebody's mistake or a change under way, so work goes on and it
//! shows: in `/health/ready`, in the metrics, in the log and in `throughline doctor`.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::Notify;

use super::store;
use crate::{
    hub::{Failure, Hub},
    kernel::{Digest, Timestamp},
    storage::{Db, StorageError},
};

/// How often a process says that it is there.
const EVERY: Duration = Duration::from_secs(20);

/// How long it counts as serving without saying so.
const LEASE_SECONDS: i64 = 60;

/// How long a process that stops waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process that says what it judges by, until it stops.
pub struct Serving {
    hub: Hub,
    id: String,
    end: Arc<Notify>,
}

impl Serving {
    /// Says it now, and from then on again and again.
    pub async fn begin(hub: &Hub) -> Self {
        let mut random = [0u8; 16];
        hub.ids().random(&mut random);
        let (id, end) = (Digest::of(random).to_string(), Arc::new(Notify::new()));
        beat(hub, &id).await;
        let (ours, ended) = ((hub.clone(), id.clone()), Arc::clone(&end));
        actix_web::rt::spawn(async move {
            let (hub, id) = ours;
            while tokio::time::timeout(EVERY, ended.notified()).await.is_err() {
                beat(&hub, &id).await;
            }
        });
        Self { hub: hub.clone(), id, end }
    }

    /// Stops saying it. A database that does not answer is not waited for: then it counts as serving for another minute.
    pub async fn stop(self) {
        self.end.notify_one();
        let id = self.id;
        let gone = self.hub.tend("processes.stop", move |tx| store::forget_process(tx, &id));
        match tokio::time::timeout(PATIENCE, gone).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "that this process stops could not be noted"),
            Err(_elapsed) => tracing::warn!("that this process stops could not be noted in time"),
        }
    }
}

/// The policies of the processes that serve at a moment.
pub fn policies_in_use(db: &mut Db<'_>, at: Timestamp) -> Result<BTreeSet<String>, StorageError> {
    store::policies_in_use(db, at)
}

async fn beat(hub: &Hub, id: &str) {
    match said(hub, id.to_owned()).await {
        Ok(others) => {
            let was_alike = hub.metrics().policies_are_alike();
            hub.metrics().judged_otherwise(others.len());
            if was_alike && !others.is_empty() {
                let (policy, others) = (hub.policy(), Vec::from_iter(others).join(", "));
                tracing::error!(
                    ours = policy.dictionary(),
                    others,
                    "processes on this database judge by different policies; give all of them the same policy.profiles and start them anew"
                );
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, "which policy this process judges by could not be noted");
        }
    }
}

/// Notes it; the policies of others that are not ours.
async fn said(hub: &Hub, id: String) -> Result<BTreeSet<String>, Failure<StorageError>> {
    let policy = hub.policy().dictionary().to_owned();
    let said = hub.tend("processes.serve", move |tx| {
        let now = tx.now();
        store::note_process(tx, (&id, &policy), now.plus(TimeDelta::seconds(LEASE_SECONDS)))?;
        let mut others = store::policies_in_use(tx.db(), now)?;
        others.remove(&policy);
        Ok(others)
    });
    said.await
}
