//! Rows of corrections to types and back.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{Correction, CorrectionAnswer, CorrectionKind};
use crate::{
    access::Tx,
    kernel::{
        Timestamp,
        id::{CorrectionId, OrganisationId, ReferralId},
    },
    storage::{Db, StorageError, read, schema::referrals::corrections},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = corrections)]
struct CorrectionRow {
    id: String,
    organisation: String,
    referral: String,
    kinds: String,
    asked_at: i64,
    due_at: i64,
    escalated_at: Option<i64>,
    answered_at: Option<i64>,
    answer: Option<String>,
    version: i64,
}

impl CorrectionRow {
    fn into_correction(self) -> Result<Correction, StorageError> {
        let kinds: Option<BTreeSet<_>> = self.kinds.split_whitespace().map(CorrectionKind::named).collect();
        let answer = match (self.answered_at, self.answer.as_deref().map(CorrectionAnswer::named)) {
            (None, None) => None,
            (Some(at), Some(Some(answer))) => Some((Timestamp::from_micros(at), answer)),
            _ => return Err(StorageError::Unreadable("corrections.answer")),
        };
        Ok(Correction {
            id: read(&self.id, "corrections.id")?,
            organisation: read(&self.organisation, "corrections.organisation")?,
            referral: read(&self.referral, "corrections.referral")?,
            kinds: kinds.ok_or(StorageError::Unreadable("corrections.kinds"))?,
            asked: Timestamp::from_micros(self.asked_at),
            due: Timestamp::from_micros(self.due_at),
            escalated: self.escalated_at.map(Timestamp::from_micros),
            answer,
            version: self.version,
        })
    }
}

fn corrections_in(rows: Vec<CorrectionRow>) -> Result<Vec<Correction>, StorageError> {
    rows.into_iter().map(CorrectionRow::into_correction).collect()
}

pub(super) fn insert(tx: &mut Tx<'_>, row: &Correction) -> Result<(), StorageError> {
    let audit = tx.entry().to_string();
    let kinds: Vec<&str> = row.kinds.iter().map(|kind| kind.name()).collect();
    diesel::insert_into(corrections::table)
        .values((
            corrections::id.eq(row.id.to_string()),
            corrections::organisation.eq(row.organisation.to_string()),
            corrections::referral.eq(row.referral.to_string()),
            corrections::kinds.eq(kinds.join(" ")),
            corrections::asked_at.eq(row.asked.micros()),
            corrections::due_at.eq(row.due.micros()),
            corrections::version.eq(row.version),
            corrections::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Writes how far an organisation has come, unless somebody else did since it was read.
pub(super) fn put(tx: &mut Tx<'_>, row: &Correction) -> Result<(), StorageError> {
    let (answered, answer) = row.answer.unzip();
    let changed = diesel::update(
        corrections::table
            .filter(corrections::id.eq(row.id.to_string()))
            .filter(corrections::organisation.eq(row.organisation.to_string()))
            .filter(corrections::version.eq(row.version)),
    )
    .set((
        corrections::escalated_at.eq(row.escalated.map(Timestamp::micros)),
        corrections::answered_at.eq(answered.map(Timestamp::micros)),
        corrections::answer.eq(answer.map(CorrectionAnswer::name)),
        corrections::version.eq(row.version.saturating_add(1)),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

pub(super) fn find(
    db: &mut Db<'_>,
    id: CorrectionId,
    organisation: OrganisationId,
) -> Result<Option<Correction>, StorageError> {
    let row: Option<CorrectionRow> = corrections::table
        .filter(corrections::id.eq(id.to_string()))
        .filter(corrections::organisation.eq(organisation.to_string()))
        .select(CorrectionRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(CorrectionRow::into_correction).transpose()
}

/// Everything that was asked about a referral, the newest first. There is a limit to what is open at once, and to what is shown.
pub(super) fn of_referral(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<Correction>, StorageError> {
    let rows: Vec<CorrectionRow> = corrections::table
        .filter(corrections::referral.eq(referral.to_string()))
        .order((corrections::id.desc(), corrections::organisation))
        .limit(MOST_LOADED)
        .select(CorrectionRow::as_select())
        .load(db.conn())?;
    corrections_in(rows)
}

/// What organisations must answer, of one or all of them, after one; only what is not answered when asked.
pub(super) fn list(
    db: &mut Db<'_>,
    organisation: Option<OrganisationId>,
    open_only: bool,
    (after, limit): (Option<&str>, i64),
) -> Result<Vec<Correction>, StorageError> {
    let mut query = corrections::table
        .order((corrections::id, corrections::organisation))
        .limit(limit)
        .select(CorrectionRow::as_select())
        .into_boxed();
    if let Some((id, whose)) = after.and_then(|key| key.split_once(' ')) {
        let (id, whose) = (id.to_owned(), whose.to_owned());
        query = query.filter(
            corrections::id
                .gt(id.clone())
                .or(corrections::id.eq(id).and(corrections::organisation.gt(whose))),
        );
    }
    if open_only {
        query = query.filter(corrections::answered_at.is_null());
    }
    if let Some(organisation) = organisation {
        query = query.filter(corrections::organisation.eq(organisation.to_string()));
    }
    corrections_in(query.load(db.conn())?)
}

/// What is not answered, of one or all organisations, by when it is due; only what was due before a moment where one is given, and behind a
/// place of one organisation's.
pub(super) fn pressing(
    db: &mut Db<'_>,
    organisation: Option<OrganisationId>,
    late: Option<Timestamp>,
    (after, limit): (Option<(i64, &str)>, i64),
) -> Result<Vec<Correction>, StorageError> {
    let mut query = corrections::table
        .filter(corrections::answered_at.is_null())
        .order((corrections::due_at, corrections::id, corrections::organisation))
        .limit(limit)
        .select(CorrectionRow::as_select())
        .into_boxed();
    if let Some(organisation) = organisation {
        query = query.filter(corrections::organisation.eq(organisation.to_string()));
    }
    if let Some(late) = late {
        query = query.filter(corrections::due_at.lt(late.micros()));
    }
    if let Some((due, id)) = after {
        let further = corrections::due_at.eq(due).and(corrections::id.gt(id.to_owned()));
        query = query.filter(corrections::due_at.gt(due).or(further));
    }
    corrections_in(query.load(db.conn())?)
}

/// What nobody answered in time and nobody was told of.
pub(super) fn overdue(db: &mut Db<'_>, now: Timestamp, limit: i64) -> Result<Vec<Correction>, StorageError> {
    let rows: Vec<CorrectionRow> = corrections::table
        .filter(corrections::answered_at.is_null())
        .filter(corrections::escalated_at.is_null())
        .filter(corrections::due_at.lt(now.micros()))
        .order((corrections::due_at, corrections::id, corrections::organisation))
        .limit(limit)
        .select(CorrectionRow::as_select())
        .load(db.conn())?;
    corrections_in(rows)
}

/// Lets go of what was asked about a referral.
pub(super) fn forget(tx: &mut Tx<'_>, referral: ReferralId) -> Result<(), StorageError> {
    diesel::delete(corrections::table.filter(corrections::referral.eq(referral.to_string())))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Two organisations, and far more wishes than kinds.
const MOST_LOADED: i64 = 200;
