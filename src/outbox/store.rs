//! Rows of the outbox and of its consumers.

use diesel::prelude::*;

use super::{Notice, OutboxError};
use crate::{
    access::Tx,
    kernel::{
        Timestamp,
        id::{MessageId, OrganisationId},
    },
    storage::{
        Db, StorageError, natively,
        schema::foundation::{outbox, outbox_cursors},
    },
};

pub(super) fn append(
    db: &mut Db<'_>,
    id: MessageId,
    topic: &str,
    organisation: Option<OrganisationId>,
    payload: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    let insert = diesel::insert_into(outbox::table).values((
        outbox::id.eq(id.to_string()),
        outbox::topic.eq(topic),
        outbox::organisation.eq(organisation.map(|o| o.to_string())),
        outbox::payload.eq(payload),
        outbox::at.eq(at.micros()),
    ));
    natively!(db, conn => insert.execute(conn))?;
    Ok(())
}

type Row = (i64, String, String, String, i64);

fn notice((seq, id, topic, payload, at): Row) -> Result<Notice, StorageError> {
    let payload =
        serde_json::from_str(&payload).map_err(|_ignored| StorageError::Unreadable("outbox.payload"))?;
    Ok(Notice { seq, id, topic, payload, at: Timestamp::from_micros(at) })
}

/// Which way a reader goes on, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) enum Onward {
    /// To what came after this place.
    Newer(i64),
    /// To what came before it, newest first.
    Older(i64),
}

/// The messages for an organisation, or for the node itself.
pub(super) fn for_reader(
    db: &mut Db<'_>,
    reader: Option<OrganisationId>,
    onward: Onward,
    settled: Timestamp,
    limit: i64,
) -> Result<Vec<Notice>, OutboxError> {
    let settled = outbox::table.filter(outbox::at.le(settled.micros())).into_boxed();
    let theirs = match reader {
        Some(organisation) => settled.filter(outbox::organisation.eq(organisation.to_string())),
        None => settled.filter(outbox::organisation.is_null()),
    };
    let theirs = match onward {
        Onward::Newer(after) => theirs.filter(outbox::seq.gt(after)).order(outbox::seq.asc()),
        Onward::Older(before) => theirs.filter(outbox::seq.lt(before)).order(outbox::seq.desc()),
    };
    let rows: Vec<Row> = theirs
        .limit(limit)
        .select((outbox::seq, outbox::id, outbox::topic, outbox::payload, outbox::at))
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(notice).collect::<Result<_, _>>()?)
}

/// A consumer's turn: the messages it may deal with now, and the token that proves the claim.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Proves that the claim is still ours when the cursor moves.
    pub token: String,
    /// The messages after the cursor, oldest first.
    pub messages: Vec<Notice>,
}

/// Claims the next messages for a consumer until `lease` ends; `None` when another process holds the claim.
pub fn claim(
    tx: &mut Tx<'_>,
    consumer: &str,
    token: &str,
    lease: Timestamp,
    limit: i64,
) -> Result<Option<Claimed>, OutboxError> {
    let now = tx.now();
    let mine = diesel::update(
        outbox_cursors::table
            .filter(outbox_cursors::consumer.eq(consumer).and(outbox_cursors::leased_until.le(now.micros()))),
    )
    .set((outbox_cursors::leased_until.eq(lease.micros()), outbox_cursors::token.eq(token)))
    .execute(tx.db().conn())
    .map_err(StorageError::from)?;
    if mine == 0 && !first_time(tx, consumer, token, lease)? {
        return Ok(None);
    }
    let after: i64 = outbox_cursors::table
        .filter(outbox_cursors::consumer.eq(consumer))
        .select(outbox_cursors::seq)
        .first(tx.db().conn())
        .map_err(StorageError::from)?;
    let settled = now.minus(chrono::TimeDelta::seconds(super::SETTLE_SECONDS));
    let rows: Vec<Row> = outbox::table
        .filter(outbox::seq.gt(after).and(outbox::at.le(settled.micros())))
        .order(outbox::seq)
        .limit(limit)
        .select((outbox::seq, outbox::id, outbox::topic, outbox::payload, outbox::at))
        .load(tx.db().conn())
        .map_err(StorageError::from)?;
    let messages = rows.into_iter().map(notice).collect::<Result<_, _>>()?;
    Ok(Some(Claimed { token: token.to_owned(), messages }))
}

/// Claims for a consumer that never claimed; `false` when it has, or does at this very moment in another process.
fn first_time(tx: &mut Tx<'_>, consumer: &str, token: &str, lease: Timestamp) -> Result<bool, StorageError> {
    let known: i64 = outbox_cursors::table
        .filter(outbox_cursors::consumer.eq(consumer))
        .count()
        .get_result(tx.db().conn())?;
    if known > 0 {
        return Ok(false);
    }
    tx.insert_once(|db| {
        diesel::insert_into(outbox_cursors::table)
            .values((
                outbox_cursors::consumer.eq(consumer),
                outbox_cursors::seq.eq(0),
                outbox_cursors::leased_until.eq(lease.micros()),
                outbox_cursors::token.eq(token),
                outbox_cursors::failures.eq(0),
            ))
            .execute(db.conn())?;
        Ok(())
    })
}

/// Moves the consumer's cursor and gives the claim back. A claim that somebody took over meanwhile is a conflict: its
/// messages will be dealt with again.
pub fn advance(db: &mut Db<'_>, consumer: &str, token: &str, seq: i64) -> Result<(), OutboxError> {
    let moved = diesel::update(
        outbox_cursors::table
            .filter(outbox_cursors::consumer.eq(consumer).and(outbox_cursors::token.eq(token))),
    )
    .set((outbox_cursors::seq.eq(seq), outbox_cursors::leased_until.eq(0), outbox_cursors::failures.eq(0)))
    .execute(db.conn())
    .map_err(StorageError::from)?;
    if moved == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

/// Notes a failure and keeps the claim until `again`, so that nobody tries before. A claim that somebody took over meanwhile is a
/// conflict: theirs stands.
pub fn fail(db: &mut Db<'_>, consumer: &str, token: &str, again: Timestamp) -> Result<(), OutboxError> {
    let kept = diesel::update(
        outbox_cursors::table
            .filter(outbox_cursors::consumer.eq(consumer).and(outbox_cursors::token.eq(token))),
    )
    .set((
        outbox_cursors::leased_until.eq(again.micros()),
        outbox_cursors::failures.eq(outbox_cursors::failures + 1),
    ))
    .execute(db.conn())
    .map_err(StorageError::from)?;
    if kept == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

/// Deletes messages older than `before`. Returns how many.
pub fn forget_before(db: &mut Db<'_>, before: Timestamp) -> Result<usize, OutboxError> {
    Ok(diesel::delete(outbox::table.filter(outbox::at.lt(before.micros())))
        .execute(db.conn())
        .map_err(StorageError::from)?)
}
