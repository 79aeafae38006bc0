//! Rows of drafts and decisions.

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{Decided, Draft, DraftState, Edit, Of};
use crate::{
    access::Tx,
    directory::{DirectoryError, Service, search::store::quoted},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
        page::Asked,
    },
    storage::{
        Db, StorageError,
        schema::directory::{directory_decisions, directory_drafts},
    },
};

type Row = (String, String, String, String, Option<String>, i64, i64);

fn draft(row: Row) -> Result<(Draft, Of), StorageError> {
    let unreadable = StorageError::Unreadable;
    let (service, state, body, of, reason, version, at) = row;
    let edit: Edit = serde_json::from_str(&body).map_err(|_reason| unreadable("directory_drafts.body"))?;
    let draft = Draft {
        service: service.parse().map_err(|_reason| unreadable("directory_drafts.service"))?,
        state: DraftState::from_name(&state).ok_or(unreadable("directory_drafts.state"))?,
        edit,
        reason,
        is_outdated: false,
        updated_at: Timestamp::from_micros(at),
        version,
    };
    Ok((draft, of.parse().map_err(|_reason| unreadable("directory_drafts.of_digest"))?))
}

/// The draft of a service, and the digest of the entry it was written of.
pub(super) fn find(db: &mut Db<'_>, service: ServiceId) -> Result<Option<(Draft, Of)>, StorageError> {
    use directory_drafts as table;
    let row: Option<Row> = table::table
        .find(service.to_string())
        .select((
            table::service,
            table::state,
            table::body,
            table::of_digest,
            table::reason,
            table::version,
            table::updated_at,
        ))
        .first(db.conn())
        .optional()?;
    row.map(draft).transpose()
}

/// Drafts that wait, of one organisation or of all, the longest waiting first.
pub(super) fn list(
    db: &mut Db<'_>,
    own: Option<OrganisationId>,
    asked: &Asked,
) -> Result<Vec<Draft>, DirectoryError> {
    use directory_drafts as table;
    let mut query = table::table
        .order((table::updated_at, table::service))
        .limit(asked.rows_to_load())
        .select((
            table::service,
            table::state,
            table::body,
            table::of_digest,
            table::reason,
            table::version,
            table::updated_at,
        ))
        .into_boxed();
    query = match own {
        Some(own) => query.filter(table::organisation.eq(own.to_string())),
        None => query.filter(table::state.eq(DraftState::Submitted.name())),
    };
    if let Some(key) = asked.after() {
        let (at, service) = key.split_once(' ').ok_or(DirectoryError::BadCursor)?;
        let at: i64 = at.parse().map_err(|_reason| DirectoryError::BadCursor)?;
        let behind = format!("(updated_at > {at} OR (updated_at = {at} AND service > {}))", quoted(service));
        query = query.filter(sql::<Bool>(&behind));
    }
    let rows: Vec<Row> = query.load(db.conn()).map_err(StorageError::from)?;
    Ok(rows.into_iter().map(|row| draft(row).map(|(draft, _)| draft)).collect::<Result<_, _>>()?)
}

/// How far drafts of an organisation's services have come.
pub(super) fn states(
    db: &mut Db<'_>,
    own: OrganisationId,
    services: &[ServiceId],
) -> Result<Vec<(ServiceId, DraftState)>, StorageError> {
    use directory_drafts as table;
    let unreadable = StorageError::Unreadable;
    let ids: Vec<String> = services.iter().map(ToString::to_string).collect();
    let rows: Vec<(String, String)> = table::table
        .filter(table::service.eq_any(&ids).and(table::organisation.eq(own.to_string())))
        .select((table::service, table::state))
        .load(db.conn())?;
    let read = |(service, state): (String, String)| {
        let service = service.parse().map_err(|_reason| unreadable("directory_drafts.service"))?;
        let state = DraftState::from_name(&state).ok_or(unreadable("directory_drafts.state"))?;
        Ok((service, state))
    };
    rows.into_iter().map(read).collect()
}

/// Keeps a draft in the place of the one there was.
pub(super) fn put(
    tx: &mut Tx<'_>,
    was: &Service,
    (state, edit, of): (DraftState, &Edit, Of),
) -> Result<(), StorageError> {
    use directory_drafts as table;
    let body =
        serde_json::to_string(edit).map_err(|_reason| StorageError::Unreadable("directory_drafts.body"))?;
    let member = was.member.map_or_else(String::new, |member| member.to_string());
    let (at, audit, service) = (tx.now().micros(), tx.entry().to_string(), was.id.to_string());
    let version: Option<i64> =
        table::table.find(&service).select(table::version).first(tx.db().conn()).optional()?;
    diesel::delete(table::table.find(&service)).execute(tx.db().conn())?;
    diesel::insert_into(table::table)
        .values((
            table::service.eq(&service),
            table::organisation.eq(member),
            table::state.eq(state.name()),
            table::body.eq(body),
            table::of_digest.eq(of.to_string()),
            table::reason.eq(None::<String>),
            table::version.eq(version.unwrap_or(0).saturating_add(1)),
            table::updated_at.eq(at),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Refuses a draft; its provider may change it.
pub(super) fn reject(tx: &mut Tx<'_>, service: ServiceId, reason: &str) -> Result<(), StorageError> {
    use directory_drafts as table;
    let (at, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::update(table::table.find(service.to_string()))
        .set((
            table::state.eq(DraftState::Rejected.name()),
            table::reason.eq(Some(reason)),
            table::version.eq(table::version + 1),
            table::updated_at.eq(at),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Throws a draft away. Answers whether there was one.
pub(super) fn remove(tx: &mut Tx<'_>, service: ServiceId) -> Result<bool, StorageError> {
    let gone = diesel::delete(directory_drafts::table.find(service.to_string())).execute(tx.db().conn())?;
    Ok(gone > 0)
}

/// Keeps a decision.
pub(super) fn note_decision(
    tx: &mut Tx<'_>,
    service: ServiceId,
    (state, criteria, reason): (&str, &str, Option<&str>),
) -> Result<(), StorageError> {
    use directory_decisions as table;
    let (at, audit, by) = (tx.now().micros(), tx.entry().to_string(), tx.actor().log_name());
    diesel::insert_into(table::table)
        .values((
            table::service.eq(service.to_string()),
            table::at.eq(at),
            table::state.eq(state),
            table::criteria.eq(criteria),
            table::reason.eq(reason),
            table::decided_by.eq(by),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// The version of the inclusion criteria that the last decision held an entry against.
pub(super) fn last_criteria(db: &mut Db<'_>) -> Result<Option<String>, StorageError> {
    use directory_decisions as table;
    let last = table::table.order(table::at.desc()).select(table::criteria);
    Ok(last.first(db.conn()).optional()?)
}

/// Decisions about a service before a moment, newest first.
pub(super) fn decisions(
    db: &mut Db<'_>,
    service: ServiceId,
    before: i64,
    limit: i64,
) -> Result<Vec<Decided>, StorageError> {
    use directory_decisions as table;
    let rows: Vec<(i64, String, String, Option<String>, String)> = table::table
        .filter(table::service.eq(service.to_string()).and(table::at.lt(before)))
        .order(table::at.desc())
        .limit(limit)
        .select((table::at, table::state, table::criteria, table::reason, table::decided_by))
        .load(db.conn())?;
    Ok(rows
        .into_iter()
        .map(|(at, state, criteria, reason, by)| Decided {
            state,
            criteria,
            reason,
            by,
            at: Timestamp::from_micros(at),
        })
        .collect())
}
