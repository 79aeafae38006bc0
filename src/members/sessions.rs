//! One's own sessions: where somebody is signed in, as far as the hub knows, and ending that.
//!
//! Nothing is kept of the browser or of where it is: a session is told by when it began and when it was last used.

use serde::Serialize;

use super::{MemberError, sign_in::idle_since, store};
use crate::{
    access::{AccessError, Actor, Tx, Who},
    audit, config,
    kernel::{
        Digest, Secret, Timestamp,
        id::{SessionId, StaffId},
    },
    storage::Db,
};

/// How many sessions are listed at most, those used last.
pub const MOST_SESSIONS: i64 = 100;

/// A session as whoever it belongs to sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The session's id.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    pub last_used: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The sessions of whoever asks that count now, the one used last first.
pub fn own_sessions(
    db: &mut Db<'_>,
    actor: &Actor,
    token: Option<&Secret<String>>,
    (now, limits): (Timestamp, &config::Access),
) -> Result<Vec<SessionView>, MemberError> {
    let own = token.map(|token| Digest::of(token.expose()));
    let found = store::sessions_of(db, person(actor)?, (now, idle_since(now, limits)), MOST_SESSIONS)?;
    let view = |(view, digest)| SessionView { current: own == Some(digest), ..view };
    Ok(found.into_iter().map(view).collect())
}

/// Ends one's own session with this id.
pub fn end_session(tx: &mut Tx<'_>, session: SessionId) -> Result<(), MemberError> {
    let id = person(tx.actor())?;
    if !store::end_session(tx, id, session)? {
        return Err(AccessError::NotFound.into());
    }
    audit::record(tx, &audit::Record::about(&session.to_string()))?;
    Ok(())
}

/// Ends all of one's own sessions but the one that asks.
pub fn end_other_sessions(tx: &mut Tx<'_>, but: &Secret<String>) -> Result<(), MemberError> {
    let id = person(tx.actor())?;
    store::end_sessions(tx, id, Some(Digest::of(but.expose())))
}

/// The person who asks: machines and the hub have no sessions.
fn person(actor: &Actor) -> Result<StaffId, AccessError> {
    match actor.who() {
        Who::Staff(id) => Ok(id),
        Who::Nobody => Err(AccessError::Unauthenticated),
        Who::Client(_) | Who::Person | Who::Hub | Who::Operator => Err(AccessError::Forbidden),
    }
}
