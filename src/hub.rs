//! The workbench that entrances, couriers and jobs share: reads, writes, clock, ids and keys.
//!
//! `hub.write` settles who, what and when; opens a transaction on a writer; runs the use case; appends the audit entry; and
//! answers after the commit. A refusal is rolled back and then noted in the log by itself. `hub.answer` does the same for
//! requests that carry an `Idempotency-Key`, and remembers the answer in the same transaction.
//!
//! Domain rooms never see this type: they are handed a transaction.

mod keys;
mod metrics;
mod remember;
mod store;

use std::{future::Future, sync::Arc, time::Duration};

pub use keys::{KeyFault, NodeKeys};
pub use metrics::Metrics;
pub use remember::{Answer, Remember, Reply};
pub(crate) use store::{forget_before, use_once};

use crate::{
    access::{Actor, Node, Setting, Tx},
    audit,
    config::Settings,
    kernel::{
        Code, Coded, Fault, Timestamp,
        id::{EntryId, Ids, RequestId},
        time::Clock,
    },
    policy::Policy,
    storage::{Db, StorageError, Store, Work, Write, WriteFailed},
};

/// Everything an entrance, a courier or a job needs. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    keys: NodeKeys,
    policy: Arc<Policy>,
    settings: Settings,
    metrics: Metrics,
}

/// Who calls, and in which request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The request, from its door to its end. Stands in the answer and in the log.
    pub request: RequestId,
}

impl Caller {
    /// Whoever calls: the one who acts is the person who has a code and what belongs to it.
    #[must_use]
    pub fn as_the_person(&self) -> Self {
        Self { actor: Actor::person(), request: self.request }
    }
}

/// Why a write gave no answer of its own.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E: Coded> {
    /// The use case refused.
    #[error(transparent)]
    Refused(E),
    /// The database failed; nothing was kept.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The `Idempotency-Key` was used before, for something else.
    #[error("this Idempotency-Key was used for another request; take a new one")]
    KeyReused,
    /// The same request is being dealt with right now.
    #[error("the same request is still being dealt with; ask again in a moment")]
    InProgress,
    /// The audit entry could not be written; nothing was kept.
    #[error(transparent)]
    Audit(audit::AuditError),
}

impl<E: Coded> Coded for Failure<E> {
    fn code(&self) -> Code {
        match self {
            Self::Refused(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::KeyReused => Code::new("idempotency.key_reused", Fault::Refused),
            Self::InProgress => Code::new("idempotency.in_progress", Fault::Conflict),
            Self::Audit(error) => error.code(),
        }
    }

    fn facts(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        match self {
            Self::Refused(error) => error.facts(),
            Self::Storage(_) | Self::KeyReused | Self::InProgress | Self::Audit(_) => None,
        }
    }
}

impl Hub {
    /// Puts the pieces together.
    pub fn new(
        store: Store,
        settings: Settings,
        keys: NodeKeys,
        policy: Policy,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
    ) -> Self {
        let (policy, metrics) = (Arc::new(policy), Metrics::new());
        metrics.judges_by(&policy);
        Self { inner: Arc::new(Inner { store, clock, ids, keys, policy, settings, metrics }) }
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Where ids and salts come from.
    pub fn ids(&self) -> &dyn Ids {
        &*self.inner.ids
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The policy that everything is judged by, from the start of this process to its end.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.inner.policy)
    }

    /// The node's keys.
    pub fn keys(&self) -> &NodeKeys {
        &self.inner.keys
    }

    /// The node's name and receipt key.
    pub fn node(&self) -> &Node {
        &self.inner.keys.node
    }

    /// Counters and histograms.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The store, for health, backup and shutdown.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// A caller that is the hub itself, in a request of its own.
    pub fn itself(&self) -> Caller {
        Caller { actor: Actor::hub(), request: RequestId::new(self.ids(), self.now()) }
    }

    /// Reads on a blocking thread, on a connection that cannot write.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Db<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        self.inner.store.read(work).await
    }

    /// Runs a use case in a transaction, with its audit entry, and answers after the commit.
    ///
    /// `work` may run more than once; it must have no effect outside its transaction.
    pub async fn write<T, E>(
        &self,
        action: &'static str,
        caller: &Caller,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
        E: Coded + From<StorageError>,
    {
        self.submit(UseCase { setting: self.setting(action, caller), audited: true, work }).await
    }

    /// Like [`Hub::write`], for a request with an `Idempotency-Key`: asked again, it gets the first answer again.
    pub async fn answer<E>(
        &self,
        action: &'static str,
        caller: &Caller,
        remember: Option<Remember>,
        work: impl FnMut(&mut Tx<'_>) -> Result<Reply, E> + Send + 'static,
    ) -> Result<Answer, Failure<E>>
    where
        E: Coded + From<StorageError>,
    {
        self.answer_in(self.setting(action, caller), remember, work).await
    }

    /// Like [`Hub::answer`], in a setting that was settled earlier, because something was made ready for this very write.
    pub async fn answer_in<E>(
        &self,
        setting: Setting,
        remember: Option<Remember>,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<Reply, E> + Send + 'static,
    ) -> Result<Answer, Failure<E>>
    where
        E: Coded + From<StorageError>,
    {
        let Some(remember) = remember else {
            let reply = self.submit(UseCase { setting, audited: true, work }).await?;
            return Ok(Answer { reply, replayed: false });
        };
        let (asked, actor) = (remember.clone(), setting.actor.clone());
        let outcome = self
            .submit(UseCase {
                setting,
                audited: true,
                work: move |tx: &mut Tx<'_>| remember.run(tx, &mut work),
            })
            .await
            .map_err(Failure::flatten);
        let Err(Failure::Refused(refusal)) = outcome else { return outcome };
        // What stood in the way may have been the same request, done a moment before: then its answer is the answer.
        match self.read(move |db| asked.answered(db, &actor)).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) | Err(_) => Err(Failure::Refused(refusal)),
        }
    }

    /// A write that leaves no audit entry: claims, sequencing, forgetting answers, notices, codes and sessions past their time.
    pub async fn tend<T, E>(
        &self,
        action: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
        E: Coded + From<StorageError>,
    {
        self.submit(UseCase { setting: self.setting(action, &self.itself()), audited: false, work }).await
    }

    /// What is settled before a write begins.
    pub fn setting(&self, action: &'static str, caller: &Caller) -> Setting {
        let now = self.now();
        let mut salt = [0u8; 32];
        self.ids().random(&mut salt);
        Setting {
            actor: caller.actor.clone(),
            action,
            request: caller.request,
            now,
            entry: EntryId::new(self.ids(), now),
            salt,
            ids: Arc::clone(&self.inner.ids),
            node: Arc::clone(&self.inner.keys.node),
        }
    }

    async fn submit<T, E, F>(&self, work: UseCase<F>) -> Result<T, Failure<E>>
    where
        T: Send + 'static,
        E: Coded + From<StorageError>,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let action = work.setting.action;
        let timer = self.inner.metrics.write_seconds.with_label_values(&[action]).start_timer();
        let outcome = match self.inner.store.write(work).await {
            Ok(done) => Ok(done),
            Err(WriteFailed::Refused(failure)) => Err(failure),
            Err(WriteFailed::Storage(error)) => Err(Failure::Storage(error)),
        };
        timer.observe_duration();
        let label = match &outcome {
            Ok(_) => "done",
            Err(failure) => failure.code().name(),
        };
        self.inner.metrics.writes.with_label_values(&[action, label]).inc();
        outcome
    }

    /// Waits until `condition` holds, looking every 20 ms, at most `limit`. For tests and for the demo.
    pub async fn eventually<F, Fut>(&self, limit: Duration, mut condition: F) -> bool
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = bool>,
    {
        let end = tokio::time::Instant::now() + limit;
        loop {
            if condition().await {
                return true;
            }
            if tokio::time::Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl<E: Coded> Failure<Failure<E>> {
    fn flatten(self) -> Failure<E> {
        match self {
            Self::Refused(inner) => inner,
            Self::Storage(error) => Failure::Storage(error),
            Self::KeyReused => Failure::KeyReused,
            Self::InProgress => Failure::InProgress,
            Self::Audit(error) => Failure::Audit(error),
        }
    }
}

struct UseCase<F> {
    setting: Setting,
    audited: bool,
    work: F,
}

impl<T, E, F> Work for UseCase<F>
where
    T: Send + 'static,
    E: Coded + From<StorageError>,
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
{
    type Done = T;
    type Refused = Failure<E>;

    fn run(&mut self, write: Write<'_>) -> Result<T, Failure<E>> {
        let mut tx = Tx::new(write, &self.setting);
        let done = (self.work)(&mut tx).map_err(Failure::Refused)?;
        if self.audited && !tx.is_recorded() {
            audit::record(&mut tx, &audit::Record::default()).map_err(Failure::Audit)?;
        }
        Ok(done)
    }

    fn note_refusal(&mut self, write: Write<'_>, refused: &Failure<E>) -> Result<(), StorageError> {
        let is_ours = matches!(refused, Failure::Storage(_) | Failure::Audit(_));
        if !self.audited || is_ours {
            return Ok(());
        }
        // A different entry than the one the use case would have left: its id may stand in rows that were rolled back.
        let mut setting = self.setting.clone();
        setting.entry = EntryId::new(&*setting.ids, setting.now);
        setting.ids.random(&mut setting.salt);
        let mut tx = Tx::new(write, &setting);
        match audit::record(&mut tx, &audit::Record::refused(refused.code())) {
            Ok(_leaf) => Ok(()),
            Err(audit::AuditError::Storage(error)) => Err(error),
            Err(_) => Err(StorageError::Unreadable("audit entry")),
        }
    }
}
