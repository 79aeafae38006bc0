//! The table that holds what services are found by.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::index::Body;
use crate::{
    access::Tx,
    storage::{
        Conn, Db, StorageError,
        schema::directory::{directory_entered, services},
    },
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// What a service is entered from.
#[derive(Queryable)]
pub(super) struct Unsearched {
    pub(super) id: String,
    pub(super) row: String,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) description: String,
    pub(super) area: Option<String>,
    /// When what is said of it changed last, microseconds since 1970.
    pub(super) updated_at: i64,
    /// When it was last verified, or checked by its source.
    pub(super) verified_at: Option<i64>,
    /// By when it must be verified again; nothing where its source checked it.
    pub(super) verify_by: Option<i64>,
}

/// Services that are not entered as they are now, of one source or of all, with ids behind another.
pub(super) fn unsearched(
    db: &mut Db<'_>,
    source: Option<&str>,
    (after, most): (&str, i64),
) -> Result<Vec<Unsearched>, StorageError> {
    let mut query = services::table
        .filter(services::searched.eq(0).and(services::place.gt(0)).and(services::id.gt(after)))
        .order(services::id)
        .limit(most)
        .select((
            services::id,
            services::row_id,
            services::name,
            services::provider,
            services::description,
            services::area,
            services::updated_at,
            services::verified_at,
            services::verify_by,
        ))
        .into_boxed();
    if let Some(source) = source {
        query = query.filter(services::source.eq(source));
    }
    Ok(query.load(db.conn())?)
}

#[derive(Insertable)]
#[diesel(table_name = directory_entered)]
struct EnteredRow {
    service: String,
    body: String,
}

/// What services are found by.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) bodies: Vec<(String, Body)>,
    /// Services by whether their providers tell the authorities.
    pub(super) reporting: BTreeMap<&'static str, Vec<String>>,
}

/// Enters services in the place of what was entered of them before, for a day.
pub(super) fn replace(tx: &mut Tx<'_>, entered: &Entered, day: NaiveDate) -> Result<(), StorageError> {
    for bodies in entered.bodies.chunks(AT_ONCE) {
        let ids: Vec<&str> = bodies.iter().map(|(id, _)| id.as_str()).collect();
        diesel::delete(directory_entered::table.filter(directory_entered::service.eq_any(&ids)))
            .execute(tx.db().conn())?;
        let mut rows = Vec::with_capacity(bodies.len());
        for (service, body) in bodies {
            let body = serde_json::to_string(body)
                .map_err(|_reason| StorageError::Unreadable("directory_entered.body"))?;
            rows.push(EnteredRow { service: service.clone(), body });
        }
        let insert = diesel::insert_into(directory_entered::table).values(&rows);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
        diesel::update(services::table.filter(services::id.eq_any(&ids)))
            .set(services::searched.eq(number(day)))
            .execute(tx.db().conn())?;
    }
    for (word, ids) in &entered.reporting {
        diesel::update(services::table.filter(services::id.eq_any(ids).and(services::reporting.ne(word))))
            .set(services::reporting.eq(word))
            .execute(tx.db().conn())?;
    }
    Ok(())
}

/// Says of services that they are not entered as they are now.
pub(in crate::directory) fn unsearch(tx: &mut Tx<'_>, rows: &[String]) -> Result<(), StorageError> {
    for rows in rows.chunks(AT_ONCE) {
        diesel::update(services::table.filter(services::row_id.eq_any(rows).and(services::searched.ne(0))))
            .set(services::searched.eq(0))
            .execute(tx.db().conn())?;
    }
    Ok(())
}

/// Says of all services that they are not entered as they are now.
pub(in crate::directory) fn unsearch_all(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    diesel::update(services::table.filter(services::searched.ne(0)))
        .set(services::searched.eq(0))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Says of services that were entered for an earlier day that they are not entered as they are now. Answers whether there were any.
pub(super) fn unsearch_before(tx: &mut Tx<'_>, day: NaiveDate) -> Result<bool, StorageError> {
    let earlier = services::searched.gt(0).and(services::searched.lt(number(day)));
    let changed = diesel::update(services::table.filter(earlier))
        .set(services::searched.eq(0))
        .execute(tx.db().conn())?;
    Ok(changed > 0)
}

/// A day as `services.searched` has it: counted from 1970, and never 0.
fn number(day: NaiveDate) -> i64 {
    i64::from(day.to_epoch_days()).max(1)
}

/// Forgets everything that was entered of a source. While its services are still there.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE source = {})", quoted(source));
    diesel::delete(directory_entered::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    Ok(())
}

/// Lets the planner know what the tables hold now, after much came in. SQLite plans without.
pub(in crate::directory) fn analyse(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    if let Conn::Postgres(conn) = tx.db().conn() {
        let tables = "directory_rows, directory_links, directory_entered, services";
        diesel::sql_query(format!("ANALYZE {tables}")).execute(conn)?;
    }
    Ok(())
}

/// A text as it stands in a statement. No database holds the sign that is nothing, and one of them refuses to be asked for it.
pub(in crate::directory) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}
