//! Rows of this room to types and back.

use diesel::prelude::*;

use super::{
    ConsentError,
    certificate::Claims,
    duty::{DutyColumns, Owed},
    status::Status,
    withdraw::{HolderRow, WithdrawalRow},
    withdrawal::{DeniedPart, Holding},
};
use crate::{
    access::{AccessError, Tx},
    kernel::{
        Digest, Timestamp,
        id::{CertificateId, OrganisationId, SubjectToken, WithdrawalId},
    },
    storage::{
        Conn, Db, StorageError, read,
        schema::consent::{certificates, consents, withdrawal_holders, withdrawals},
    },
};

/// A certificate as the hub holds it.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) id: CertificateId,
    pub(super) issuer: OrganisationId,
    pub(super) recipient: OrganisationId,
    pub(super) subject: SubjectToken,
    pub(super) record_version: u32,
    pub(super) digest: Digest,
    /// Gone when the certificate is over and nothing that rests on it is open.
    pub(super) token: Option<String>,
    pub(super) status: Status,
    pub(super) status_since: Timestamp,
    /// The withdrawal it fell whole with.
    pub(super) withdrawal: Option<WithdrawalId>,
    pub(super) denied: Vec<DeniedPart>,
    pub(super) expires: Timestamp,
    pub(super) since: Timestamp,
    pub(super) version: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = certificates)]
struct CertificateRow {
    id: String,
    issuer: String,
    recipient: String,
    subject: String,
    record_version: i32,
    digest: String,
    token: Option<String>,
    status: String,
    status_since: i64,
    withdrawal: Option<String>,
    denied: String,
    expires_at: i64,
    registered_at: i64,
    version: i64,
}

fn json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|_ignored| StorageError::Unreadable(what))
}

fn written(value: &impl serde::Serialize, what: &'static str) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|_ignored| StorageError::Unreadable(what))
}

fn number(version: u32) -> Result<i32, StorageError> {
    i32::try_from(version).map_err(|_ignored| StorageError::Unreadable("consents.newest"))
}

fn count(number: i32) -> Result<u32, StorageError> {
    u32::try_from(number).map_err(|_ignored| StorageError::Unreadable("consents.newest"))
}

impl CertificateRow {
    fn into_registered(self) -> Result<Registered, StorageError> {
        Ok(Registered {
            id: read(&self.id, "certificates.id")?,
            issuer: read(&self.issuer, "certificates.issuer")?,
            recipient: read(&self.recipient, "certificates.recipient")?,
            subject: read(&self.subject, "certificates.subject")?,
            record_version: count(self.record_version)?,
            digest: read(&self.digest, "certificates.digest")?,
            token: self.token,
            status: read(&self.status, "certificates.status")?,
            status_since: Timestamp::from_micros(self.status_since),
            withdrawal: self.withdrawal.map(|id| read(&id, "certificates.withdrawal")).transpose()?,
            denied: json(&self.denied, "certificates.denied")?,
            expires: Timestamp::from_micros(self.expires_at),
            since: Timestamp::from_micros(self.registered_at),
            version: self.version,
        })
    }
}

fn all(rows: Vec<CertificateRow>) -> Result<Vec<Registered>, StorageError> {
    rows.into_iter().map(CertificateRow::into_registered).collect()
}

/// The newest version of a person's consent that is known, and the digest of its record. Whoever reads it to change something
/// of this person's keeps others from it until the transaction ends: on PostgreSQL two writers work at once, and a
/// certificate must not slip in beside a withdrawal.
pub(super) fn newest(
    tx: &mut Tx<'_>,
    issuer: OrganisationId,
    subject: SubjectToken,
) -> Result<Option<(u32, Digest)>, StorageError> {
    let found = consents::table
        .filter(consents::issuer.eq(issuer.to_string()).and(consents::subject.eq(subject.to_string())))
        .select((consents::newest, consents::record));
    let row: Option<(i32, String)> = match tx.db().conn() {
        Conn::Sqlite(conn) => found.first(conn).optional(),
        Conn::Postgres(conn) => found.for_update().first(conn).optional(),
    }?;
    row.map(|(newest, record)| Ok((count(newest)?, read(&record, "consents.record")?))).transpose()
}

/// Notes the first version of a person's consent. Two at once: the second is told to ask again.
pub(super) fn begin(tx: &mut Tx<'_>, claims: &Claims) -> Result<(), StorageError> {
    let inserted = diesel::insert_into(consents::table)
        .values((
            consents::issuer.eq(claims.iss.to_string()),
            consents::subject.eq(claims.sub.to_string()),
            consents::newest.eq(number(claims.ver)?),
            consents::record.eq(claims.record.to_string()),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from);
    match inserted {
        Ok(_) => Ok(()),
        Err(StorageError::Duplicate(_)) => Err(StorageError::Conflict),
        Err(error) => Err(error),
    }
}

/// A newer version replaces the one before, and every certificate made from that one.
pub(super) fn supersede(tx: &mut Tx<'_>, claims: &Claims) -> Result<(), StorageError> {
    let now = tx.now().micros();
    let (issuer, subject) = (claims.iss.to_string(), claims.sub.to_string());
    diesel::update(consents::table.filter(consents::issuer.eq(&issuer).and(consents::subject.eq(&subject))))
        .set((consents::newest.eq(number(claims.ver)?), consents::record.eq(claims.record.to_string())))
        .execute(tx.db().conn())?;
    let valid = [Status::Given.name(), Status::Renewed.name()];
    diesel::update(
        certificates::table
            .filter(certificates::issuer.eq(issuer).and(certificates::subject.eq(subject)))
            .filter(certificates::status.eq_any(valid)),
    )
    .set((
        certificates::status.eq(Status::Superseded.name()),
        certificates::status_since.eq(now),
        certificates::version.eq(certificates::version + 1),
    ))
    .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    claims: &Claims,
    token: &str,
    denied: &[DeniedPart],
) -> Result<(), StorageError> {
    let (now, entry) = (tx.now().micros(), tx.entry().to_string());
    diesel::insert_into(certificates::table)
        .values((
            certificates::id.eq(claims.id.to_string()),
            certificates::issuer.eq(claims.iss.to_string()),
            certificates::recipient.eq(claims.aud.to_string()),
            certificates::subject.eq(claims.sub.to_string()),
            certificates::record.eq(claims.record.to_string()),
            certificates::record_version.eq(number(claims.ver)?),
            certificates::digest.eq(Digest::of(token).to_string()),
            certificates::token.eq(token),
            certificates::code.eq(claims.withdrawal.to_string()),
            certificates::status.eq(claims.status.name()),
            certificates::status_since.eq(now),
            certificates::denied.eq(written(&denied, "certificates.denied")?),
            certificates::expires_at.eq(claims.expires().micros()),
            certificates::registered_at.eq(now),
            certificates::version.eq(1_i64),
            certificates::audit_id.eq(entry),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn find(db: &mut Db<'_>, id: CertificateId) -> Result<Option<Registered>, StorageError> {
    let row: Option<CertificateRow> = certificates::table
        .filter(certificates::id.eq(id.to_string()))
        .select(CertificateRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(CertificateRow::into_registered).transpose()
}

/// Reads a certificate that something is about to rest on. On PostgreSQL a withdrawal that comes at the same time waits until
/// the transaction ends, and then finds what rests on it.
pub(super) fn find_to_rest_on(
    db: &mut Db<'_>,
    id: CertificateId,
) -> Result<Option<Registered>, StorageError> {
    let found = certificates::table.filter(certificates::id.eq(id.to_string()));
    let row: Option<CertificateRow> = match db.conn() {
        Conn::Sqlite(conn) => found.select(CertificateRow::as_select()).first(conn).optional(),
        Conn::Postgres(conn) => found.select(CertificateRow::as_select()).for_share().first(conn).optional(),
    }?;
    row.map(CertificateRow::into_registered).transpose()
}

/// Every certificate of a person's consent, whatever became of it.
pub(super) fn of_person(
    db: &mut Db<'_>,
    issuer: OrganisationId,
    subject: SubjectToken,
) -> Result<Vec<Registered>, StorageError> {
    all(certificates::table
        .filter(certificates::subject.eq(subject.to_string()))
        .filter(certificates::issuer.eq(issuer.to_string()))
        .order(certificates::id)
        .limit(MOST_OF_ONE)
        .select(CertificateRow::as_select())
        .load(db.conn())?)
}

/// Whose consent a withdrawal code is about. Registering sees to it that this is one person; none when it is not.
pub(super) fn person_of_code(
    db: &mut Db<'_>,
    code: Digest,
) -> Result<Option<(OrganisationId, SubjectToken)>, StorageError> {
    let rows: Vec<(String, String)> = certificates::table
        .filter(certificates::code.eq(code.to_string()))
        .select((certificates::issuer, certificates::subject))
        .distinct()
        .limit(2)
        .load(db.conn())?;
    let [(issuer, subject)] = rows.as_slice() else { return Ok(None) };
    Ok(Some((read(issuer, "certificates.issuer")?, read(subject, "certificates.subject")?)))
}

/// Whether a withdrawal code stands for another person already.
pub(super) fn code_is_taken(tx: &mut Tx<'_>, claims: &Claims) -> Result<bool, StorageError> {
    let code = claims.withdrawal.to_string();
    tx.take_turn(&["consent.code", &code])?;
    let (issuer, subject) = (claims.iss.to_string(), claims.sub.to_string());
    let others = certificates::table
        .filter(certificates::code.eq(code))
        .filter(certificates::issuer.ne(issuer).or(certificates::subject.ne(subject)));
    Ok(diesel::select(diesel::dsl::exists(others)).get_result(tx.db().conn())?)
}

/// Whose consent a pseudonym is about, for an organisation that took it or may have data under it.
pub(super) fn person_known_to(
    db: &mut Db<'_>,
    subject: SubjectToken,
    organisation: OrganisationId,
) -> Result<Option<OrganisationId>, StorageError> {
    let organisation = organisation.to_string();
    let row: Option<String> = certificates::table
        .filter(certificates::subject.eq(subject.to_string()))
        .filter(certificates::issuer.eq(&organisation).or(certificates::recipient.eq(&organisation)))
        .order(certificates::id.desc())
        .select(certificates::issuer)
        .first(db.conn())
        .optional()?;
    row.map(|issuer| read(&issuer, "certificates.issuer")).transpose()
}

/// What the person took back of a certificate, or all of it.
pub(super) fn note_fall(
    tx: &mut Tx<'_>,
    was: &Registered,
    status: Status,
    denied: &[DeniedPart],
    whole_with: Option<WithdrawalId>,
) -> Result<(), StorageError> {
    let since = if status == was.status { was.status_since } else { tx.now() };
    let changed = diesel::update(
        certificates::table
            .filter(certificates::id.eq(was.id.to_string()).and(certificates::version.eq(was.version))),
    )
    .set((
        certificates::status.eq(status.name()),
        certificates::status_since.eq(since.micros()),
        certificates::denied.eq(written(&denied, "certificates.denied")?),
        certificates::withdrawal.eq(whole_with.map(|id| id.to_string())),
        certificates::version.eq(was.version.saturating_add(1)),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

/// Certificates that fell whole with a withdrawal.
pub(super) fn fallen_with(
    db: &mut Db<'_>,
    withdrawal: WithdrawalId,
) -> Result<Vec<CertificateId>, StorageError> {
    let rows: Vec<String> = certificates::table
        .filter(certificates::withdrawal.eq(withdrawal.to_string()))
        .order(certificates::id)
        .select(certificates::id)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "certificates.id")).collect()
}

/// Certificates that are over and whose token is still here, after an id.
pub(super) fn over(
    db: &mut Db<'_>,
    now: Timestamp,
    after: &str,
    limit: i64,
) -> Result<Vec<CertificateId>, StorageError> {
    let rows: Vec<String> = certificates::table
        .filter(certificates::token.is_not_null())
        .filter(certificates::expires_at.le(now.micros()))
        .filter(certificates::id.gt(after))
        .order(certificates::id)
        .limit(limit)
        .select(certificates::id)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "certificates.id")).collect()
}

pub(super) fn forget_token(tx: &mut Tx<'_>, id: CertificateId) -> Result<(), StorageError> {
    diesel::update(certificates::table.filter(certificates::id.eq(id.to_string())))
        .set(certificates::token.eq(None::<String>))
        .execute(tx.db().conn())?;
    Ok(())
}

// Withdrawals

#[derive(Queryable, Selectable)]
#[diesel(table_name = withdrawals)]
struct StoredWithdrawal {
    id: String,
    issuer: String,
    subject: String,
    record_version: i32,
    heard_by: Option<String>,
    extent: String,
    withdrawn_at: i64,
    closed_at: Option<i64>,
    breach_at: Option<i64>,
    version: i64,
}

impl StoredWithdrawal {
    fn into_row(self) -> Result<WithdrawalRow, StorageError> {
        Ok(WithdrawalRow {
            id: read(&self.id, "withdrawals.id")?,
            issuer: read(&self.issuer, "withdrawals.issuer")?,
            subject: read(&self.subject, "withdrawals.subject")?,
            record_version: count(self.record_version)?,
            heard_by: self.heard_by.map(|id| read(&id, "withdrawals.heard_by")).transpose()?,
            extent: json(&self.extent, "withdrawals.extent")?,
            withdrawn: Timestamp::from_micros(self.withdrawn_at),
            closed: self.closed_at.map(Timestamp::from_micros),
            breach: self.breach_at.map(Timestamp::from_micros),
            version: self.version,
        })
    }
}

pub(super) fn insert_withdrawal(tx: &mut Tx<'_>, row: &WithdrawalRow) -> Result<(), StorageError> {
    let entry = tx.entry().to_string();
    diesel::insert_into(withdrawals::table)
        .values((
            withdrawals::id.eq(row.id.to_string()),
            withdrawals::issuer.eq(row.issuer.to_string()),
            withdrawals::subject.eq(row.subject.to_string()),
            withdrawals::record_version.eq(number(row.record_version)?),
            withdrawals::heard_by.eq(row.heard_by.map(|id| id.to_string())),
            withdrawals::extent.eq(written(&row.extent, "withdrawals.extent")?),
            withdrawals::withdrawn_at.eq(row.withdrawn.micros()),
            withdrawals::version.eq(row.version),
            withdrawals::audit_id.eq(entry),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn withdrawal(db: &mut Db<'_>, id: WithdrawalId) -> Result<WithdrawalRow, ConsentError> {
    let row: Option<StoredWithdrawal> = withdrawals::table
        .filter(withdrawals::id.eq(id.to_string()))
        .select(StoredWithdrawal::as_select())
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(row.ok_or(AccessError::NotFound)?.into_row()?)
}

/// What was taken back of a person's consent, oldest first.
pub(super) fn withdrawals_of(
    db: &mut Db<'_>,
    issuer: OrganisationId,
    subject: SubjectToken,
) -> Result<Vec<WithdrawalRow>, StorageError> {
    let rows: Vec<StoredWithdrawal> = withdrawals::table
        .filter(withdrawals::subject.eq(subject.to_string()))
        .filter(withdrawals::issuer.eq(issuer.to_string()))
        .order(withdrawals::id)
        .limit(MOST_OF_ONE)
        .select(StoredWithdrawal::as_select())
        .load(db.conn())?;
    rows.into_iter().map(StoredWithdrawal::into_row).collect()
}

/// Which withdrawals a list shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shown {
    /// All of them: for whoever oversees.
    All,
    /// Those of consents this organisation took, and those it must answer.
    Concerning(OrganisationId),
}

/// Withdrawals after an id, by id; only those still open when asked.
pub(super) fn list_withdrawals(
    db: &mut Db<'_>,
    shown: Shown,
    open_only: bool,
    (after, limit): (Option<&str>, i64),
) -> Result<Vec<WithdrawalRow>, StorageError> {
    let mut query = withdrawals::table
        .filter(withdrawals::id.gt(after.unwrap_or_default().to_owned()))
        .order(withdrawals::id)
        .limit(limit)
        .select(StoredWithdrawal::as_select())
        .into_boxed();
    if open_only {
        query = query.filter(withdrawals::closed_at.is_null());
    }
    if let Shown::Concerning(organisation) = shown {
        let theirs = withdrawal_holders::table
            .filter(withdrawal_holders::organisation.eq(organisation.to_string()))
            .filter(withdrawal_holders::withdrawal.eq(withdrawals::id))
            .select(withdrawal_holders::withdrawal);
        query =
            query.filter(withdrawals::issuer.eq(organisation.to_string()).or(diesel::dsl::exists(theirs)));
    }
    let rows: Vec<StoredWithdrawal> = query.load(db.conn())?;
    rows.into_iter().map(StoredWithdrawal::into_row).collect()
}

/// Open withdrawals in which an organisation has not answered in time, or somebody who must answer to it; the oldest first, after a moment and
/// an id.
pub(super) fn late_withdrawals(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    now: Timestamp,
    (after, limit): (Option<(i64, &str)>, i64),
) -> Result<Vec<WithdrawalRow>, StorageError> {
    let organisation = organisation.to_string();
    let theirs =
        withdrawals::issuer.eq(organisation.clone()).or(withdrawal_holders::organisation.eq(organisation));
    let late = withdrawal_holders::table
        .filter(withdrawal_holders::withdrawal.eq(withdrawals::id))
        .filter(withdrawal_holders::answered_at.is_null().and(withdrawal_holders::due_at.lt(now.micros())))
        .filter(theirs)
        .select(withdrawal_holders::withdrawal);
    let mut query = withdrawals::table
        .filter(withdrawals::closed_at.is_null())
        .filter(diesel::dsl::exists(late))
        .order((withdrawals::withdrawn_at, withdrawals::id))
        .limit(limit)
        .select(StoredWithdrawal::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        let further = withdrawals::withdrawn_at.eq(at).and(withdrawals::id.gt(id.to_owned()));
        query = query.filter(withdrawals::withdrawn_at.gt(at).or(further));
    }
    let rows: Vec<StoredWithdrawal> = query.load(db.conn())?;
    rows.into_iter().map(StoredWithdrawal::into_row).collect()
}

/// Withdrawals that are open since before a moment, after an id.
pub(super) fn open_since(
    db: &mut Db<'_>,
    before: Timestamp,
    after: &str,
    limit: i64,
) -> Result<Vec<WithdrawalRow>, StorageError> {
    let rows: Vec<StoredWithdrawal> = withdrawals::table
        .filter(withdrawals::closed_at.is_null())
        .filter(withdrawals::withdrawn_at.le(before.micros()))
        .filter(withdrawals::id.gt(after))
        .order(withdrawals::id)
        .limit(limit)
        .select(StoredWithdrawal::as_select())
        .load(db.conn())?;
    rows.into_iter().map(StoredWithdrawal::into_row).collect()
}

/// Moves a withdrawal on, unless somebody else did since it was read.
pub(super) fn advance_withdrawal(tx: &mut Tx<'_>, now: &WithdrawalRow) -> Result<(), StorageError> {
    let changed = diesel::update(
        withdrawals::table
            .filter(withdrawals::id.eq(now.id.to_string()).and(withdrawals::version.eq(now.version))),
    )
    .set((
        withdrawals::closed_at.eq(now.closed.map(Timestamp::micros)),
        withdrawals::breach_at.eq(now.breach.map(Timestamp::micros)),
        withdrawals::version.eq(now.version.saturating_add(1)),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = withdrawal_holders)]
struct StoredHolder {
    withdrawal: String,
    organisation: String,
    holding: String,
    asked_at: i64,
    rounds: i16,
    due_at: i64,
    acknowledged_at: Option<i64>,
    escalated_at: Option<i64>,
    answered_at: Option<i64>,
    answer: Option<String>,
    exception: Option<String>,
    kept_until: Option<i64>,
}

impl StoredHolder {
    fn into_row(self) -> Result<HolderRow, StorageError> {
        let columns = DutyColumns {
            asked_at: self.asked_at,
            rounds: self.rounds,
            due_at: self.due_at,
            acknowledged_at: self.acknowledged_at,
            escalated_at: self.escalated_at,
            answered_at: self.answered_at,
            answer: self.answer,
            exception: self.exception,
            kept_until: self.kept_until,
        };
        Ok(HolderRow {
            withdrawal: read(&self.withdrawal, "withdrawal_holders.withdrawal")?,
            organisation: read(&self.organisation, "withdrawal_holders.organisation")?,
            holding: Holding::named(&self.holding)
                .ok_or(StorageError::Unreadable("withdrawal_holders.holding"))?,
            duty: columns.into_duty().ok_or(StorageError::Unreadable("withdrawal_holders.answer"))?,
        })
    }
}

pub(super) fn insert_holder(tx: &mut Tx<'_>, holder: &HolderRow) -> Result<(), StorageError> {
    diesel::insert_into(withdrawal_holders::table)
        .values((
            withdrawal_holders::withdrawal.eq(holder.withdrawal.to_string()),
            withdrawal_holders::organisation.eq(holder.organisation.to_string()),
            withdrawal_holders::holding.eq(holder.holding.name()),
            withdrawal_holders::due_at.eq(holder.duty.due.micros()),
            withdrawal_holders::asked_at.eq(holder.duty.asked.micros()),
            withdrawal_holders::rounds.eq(holder.duty.rounds),
            withdrawal_holders::audit_id.eq(tx.entry().to_string()),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Who must answer these withdrawals, by withdrawal and organisation.
pub(super) fn holders(db: &mut Db<'_>, withdrawals: &[WithdrawalId]) -> Result<Vec<HolderRow>, StorageError> {
    let ids: Vec<String> = withdrawals.iter().map(ToString::to_string).collect();
    let rows: Vec<StoredHolder> = withdrawal_holders::table
        .filter(withdrawal_holders::withdrawal.eq_any(ids))
        .order((withdrawal_holders::withdrawal, withdrawal_holders::organisation))
        .select(StoredHolder::as_select())
        .load(db.conn())?;
    rows.into_iter().map(StoredHolder::into_row).collect()
}

/// What of an organisation's duties is open in one way, what is due first on top, after a moment and an id.
pub(super) fn owed(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    owed: Owed,
    (after, limit): (Option<(i64, &str)>, i64),
) -> Result<Vec<HolderRow>, StorageError> {
    let mut query = withdrawal_holders::table
        .filter(withdrawal_holders::organisation.eq(organisation.to_string()))
        .limit(limit)
        .select(StoredHolder::as_select())
        .into_boxed();
    query = match owed {
        Owed::Answer => query
            .filter(withdrawal_holders::answered_at.is_null())
            .order((withdrawal_holders::due_at, withdrawal_holders::withdrawal)),
        Owed::Kept => query
            .filter(withdrawal_holders::kept_until.is_not_null())
            .order((withdrawal_holders::kept_until, withdrawal_holders::withdrawal)),
    };
    if let Some((at, id)) = after {
        let behind = withdrawal_holders::withdrawal.gt(id.to_owned());
        query = match owed {
            Owed::Answer => {
                let further = withdrawal_holders::due_at.eq(at).and(behind);
                query.filter(withdrawal_holders::due_at.gt(at).or(further))
            }
            Owed::Kept => {
                let further = withdrawal_holders::kept_until.assume_not_null().eq(at).and(behind);
                query.filter(withdrawal_holders::kept_until.assume_not_null().gt(at).or(further))
            }
        };
    }
    let rows: Vec<StoredHolder> = query.load(db.conn())?;
    rows.into_iter().map(StoredHolder::into_row).collect()
}

/// A certificate of the person who took something back, of a version that is reached.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) withdrawal: WithdrawalId,
    pub(super) certificate: CertificateId,
    pub(super) recipient: OrganisationId,
}

/// The certificates that withdrawals may be about.
pub(super) fn reached(db: &mut Db<'_>, ids: &[WithdrawalId]) -> Result<Vec<Reached>, StorageError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let of_person = certificates::subject
        .eq(withdrawals::subject)
        .and(certificates::issuer.eq(withdrawals::issuer))
        .and(certificates::record_version.le(withdrawals::record_version));
    let rows: Vec<(String, String, String)> = withdrawals::table
        .inner_join(certificates::table.on(of_person))
        .filter(withdrawals::id.eq_any(ids))
        .order((withdrawals::id, certificates::id))
        .limit(MOST_REACHED)
        .select((withdrawals::id, certificates::id, certificates::recipient))
        .load(db.conn())?;
    let reached = |(withdrawal, certificate, recipient): (String, String, String)| {
        Ok(Reached {
            withdrawal: read(&withdrawal, "withdrawals.id")?,
            certificate: read(&certificate, "certificates.id")?,
            recipient: read(&recipient, "certificates.recipient")?,
        })
    };
    rows.into_iter().map(reached).collect()
}

/// Withdrawals by their ids.
pub(super) fn withdrawals_among(
    db: &mut Db<'_>,
    ids: &[WithdrawalId],
) -> Result<Vec<WithdrawalRow>, StorageError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<StoredWithdrawal> = withdrawals::table
        .filter(withdrawals::id.eq_any(ids))
        .order(withdrawals::id)
        .select(StoredWithdrawal::as_select())
        .load(db.conn())?;
    rows.into_iter().map(StoredWithdrawal::into_row).collect()
}

/// Withdrawals with a holder whose exception has ended, that one first which ended first.
pub(super) fn with_ended_exceptions(
    db: &mut Db<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<WithdrawalId>, StorageError> {
    let rows: Vec<String> = withdrawal_holders::table
        .filter(withdrawal_holders::kept_until.le(now.micros()))
        .order((withdrawal_holders::kept_until, withdrawal_holders::withdrawal))
        .limit(limit)
        .select(withdrawal_holders::withdrawal)
        .load(db.conn())?;
    let mut ids = Vec::new();
    for row in rows {
        let id = read(&row, "withdrawal_holders.withdrawal")?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Writes what a holder did, or that it was escalated. A row has one writer at a time: whoever comes here has moved the
/// withdrawal's version first.
pub(super) fn put_holder(tx: &mut Tx<'_>, holder: &HolderRow) -> Result<(), StorageError> {
    let duty = DutyColumns::from(&holder.duty);
    diesel::update(
        withdrawal_holders::table
            .filter(withdrawal_holders::withdrawal.eq(holder.withdrawal.to_string()))
            .filter(withdrawal_holders::organisation.eq(holder.organisation.to_string())),
    )
    .set((
        withdrawal_holders::asked_at.eq(duty.asked_at),
        withdrawal_holders::rounds.eq(duty.rounds),
        withdrawal_holders::due_at.eq(duty.due_at),
        withdrawal_holders::acknowledged_at.eq(duty.acknowledged_at),
        withdrawal_holders::escalated_at.eq(duty.escalated_at),
        withdrawal_holders::answered_at.eq(duty.answered_at),
        withdrawal_holders::answer.eq(duty.answer),
        withdrawal_holders::exception.eq(duty.exception),
        withdrawal_holders::kept_until.eq(duty.kept_until),
        withdrawal_holders::audit_id.eq(tx.entry().to_string()),
    ))
    .execute(tx.db().conn())?;
    Ok(())
}

/// The most certificates or withdrawals of one person that are looked at: a person has a handful.
const MOST_OF_ONE: i64 = 1_000;

/// The most certificates that a page of withdrawals may be about.
const MOST_REACHED: i64 = 5_000;
