//! Remembered answers: the same request with the same `Idempotency-Key` gets the same answer, and happens once.

use super::{Failure, store};
use crate::{
    access::{Actor, Tx},
    kernel::{Coded, Digest},
    storage::{Db, StorageError},
};

/// A request that wants its answer remembered.
#[derive(Clone, Debug)]
pub struct Remember {
    /// The key the caller chose, 1 to 200 visible characters.
    pub key: String,
    /// Digest of method, path and body: the same key for something else is refused.
    pub request: Digest,
}

/// What a handler answers: kept as it is when it must be remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// HTTP status, 200 to 299.
    pub status: u16,
    /// Version of the thing, for `ETag`.
    pub etag: Option<String>,
    /// The JSON body.
    pub body: serde_json::Value,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: impl serde::Serialize) -> Result<Self, StorageError> {
        Self::with(200, body)
    }

    /// 201 with a body.
    pub fn created(body: impl serde::Serialize) -> Result<Self, StorageError> {
        Self::with(201, body)
    }

    /// Any status with a body.
    pub fn with(status: u16, body: impl serde::Serialize) -> Result<Self, StorageError> {
        let body = serde_json::to_value(body).map_err(|_ignored| StorageError::Unreadable("answer"))?;
        Ok(Self { status, etag: None, body })
    }

    /// With the version of the thing as its `ETag`.
    #[must_use]
    pub fn version(mut self, version: impl std::fmt::Display) -> Self {
        self.etag = Some(version.to_string());
        self
    }
}

/// A reply, and whether it had been given before.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The reply.
    pub reply: Reply,
    /// The reply was remembered: nothing happened this time.
    pub replayed: bool,
}

impl Remember {
    /// The answer this very request got, if it got one.
    pub(super) fn answered(&self, db: &mut Db<'_>, actor: &Actor) -> Result<Option<Answer>, StorageError> {
        let found = store::find(db, &caller_name(actor), &self.key)?;
        let same = found.filter(|(request, _)| *request == self.request.to_string());
        Ok(same.map(|(_, reply)| Answer { reply, replayed: true }))
    }

    pub(super) fn run<E: Coded + From<StorageError>>(
        &self,
        tx: &mut Tx<'_>,
        work: &mut impl FnMut(&mut Tx<'_>) -> Result<Reply, E>,
    ) -> Result<Answer, Failure<E>> {
        let caller = caller_name(tx.actor());
        if let Some((request, reply)) = store::find(tx.db(), &caller, &self.key)? {
            if request != self.request.to_string() {
                return Err(Failure::KeyReused);
            }
            // What happened has its entry already.
            tx.mark_recorded();
            return Ok(Answer { reply, replayed: true });
        }
        let reply = work(tx).map_err(Failure::Refused)?;
        let at = tx.now();
        match store::keep(tx.db(), &caller, self, &reply, at) {
            Ok(()) => Ok(Answer { reply, replayed: false }),
            Err(StorageError::Duplicate(_)) => Err(Failure::InProgress),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whose key it is: an organisation's machines and people share theirs.
fn caller_name(actor: &Actor) -> String {
    actor.organisation().map_or_else(|| actor.log_name(), |organisation| organisation.to_string())
}
