//! Rows of this room to types and back.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Availability, DirectoryError, Listing, Service, SetAvailability, Visibility, fold::fold, hsds::Row,
};
use crate::{
    access::{AccessError, Tx},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
    },
    policy::ServiceCode,
    storage::{
        Conn, Db, StorageError,
        schema::directory::{directory_rows, services},
    },
};

/// Rows in one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_null = true)]
struct ServiceRow {
    id: String,
    source: String,
    name: String,
    provider: String,
    description: String,
    url: Option<String>,
    status: String,
    visibility: String,
    member: Option<String>,
    service_code: Option<String>,
    area: Option<String>,
    availability: String,
    sort_key: String,
    folded: String,
    updated_at: i64,
    version: i64,
    audit_id: String,
}

impl ServiceRow {
    fn of(service: &Service, audit: String) -> Self {
        let id = service.id.to_string();
        let name: String = fold(&service.name).chars().take(80).collect();
        Self {
            sort_key: format!("{name}|{id}"),
            folded: fold(&format!("{} {} {}", service.name, service.provider, service.description)),
            id,
            source: service.source.clone(),
            name: service.name.clone(),
            provider: service.provider.clone(),
            description: service.description.clone(),
            url: service.url.clone(),
            status: service.status.name().to_owned(),
            visibility: service.visibility.name().to_owned(),
            member: service.member.map(|member| member.to_string()),
            service_code: service.service.as_ref().map(ToString::to_string),
            area: service.area.clone(),
            availability: service.availability.name().to_owned(),
            updated_at: service.updated_at.micros(),
            version: service.version,
            audit_id: audit,
        }
    }

    fn into_service(self) -> Result<Service, StorageError> {
        let unreadable = StorageError::Unreadable;
        Ok(Service {
            id: self.id.parse().map_err(|_ignored| unreadable("services.id"))?,
            source: self.source,
            name: self.name,
            provider: self.provider,
            description: self.description,
            url: self.url,
            status: Listing::from_name(&self.status).ok_or(unreadable("services.status"))?,
            visibility: Visibility::from_name(&self.visibility).ok_or(unreadable("services.visibility"))?,
            member: match self.member {
                Some(member) => Some(member.parse().map_err(|_ignored| unreadable("services.member"))?),
                None => None,
            },
            service: match self.service_code {
                Some(code) => Some(code.parse().map_err(|_ignored| unreadable("services.service_code"))?),
                None => None,
            },
            area: self.area,
            availability: Availability::from_name(&self.availability)
                .ok_or(unreadable("services.availability"))?,
            updated_at: Timestamp::from_micros(self.updated_at),
            version: self.version,
        })
    }
}

pub(super) struct Wanted<'a> {
    pub(super) words: &'a [String],
    pub(super) service: Option<&'a ServiceCode>,
    pub(super) members_only: bool,
    pub(super) cleared: bool,
    pub(super) own: Option<OrganisationId>,
    pub(super) after: Option<&'a str>,
    pub(super) limit: i64,
}

pub(super) fn search(db: &mut Db<'_>, wanted: &Wanted<'_>) -> Result<Vec<(Service, String)>, DirectoryError> {
    let mut query = services::table
        .filter(services::status.eq(Listing::Active.name()))
        .filter(services::sort_key.gt(wanted.after.unwrap_or_default()))
        .order(services::sort_key)
        .limit(wanted.limit)
        .select(ServiceRow::as_select())
        .into_boxed();
    for word in wanted.words {
        // Folded words hold letters and digits only, so LIKE has nothing to escape.
        query = query.filter(services::folded.like(format!("%{word}%")));
    }
    if let Some(service) = wanted.service {
        query = query.filter(services::service_code.eq(service.to_string()));
    }
    if wanted.members_only {
        query = query.filter(services::member.is_not_null());
    }
    if !wanted.cleared {
        let open = services::visibility.ne(Visibility::Restricted.name());
        query = match wanted.own {
            Some(own) => {
                let ours = services::member
                    .is_not_null()
                    .and(services::member.assume_not_null().eq(own.to_string()));
                query.filter(open.or(ours))
            }
            None => query.filter(open),
        };
    }
    let rows: Vec<ServiceRow> = query.load(db.conn()).map_err(StorageError::from)?;
    rows.into_iter()
        .map(|row| {
            let key = row.sort_key.clone();
            Ok((row.into_service()?, key))
        })
        .collect()
}

pub(super) fn service(db: &mut Db<'_>, id: ServiceId) -> Result<Service, DirectoryError> {
    let row: Option<ServiceRow> = services::table
        .filter(services::id.eq(id.to_string()))
        .select(ServiceRow::as_select())
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(row.ok_or(AccessError::NotFound)?.into_service()?)
}

pub(super) fn availabilities(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    service: &ServiceCode,
) -> Result<Vec<Availability>, DirectoryError> {
    let rows: Vec<String> = services::table
        .filter(
            services::member.eq(organisation.to_string()).and(services::service_code.eq(service.to_string())),
        )
        .filter(services::status.eq(Listing::Active.name()))
        .select(services::availability)
        .load(db.conn())
        .map_err(StorageError::from)?;
    let known = rows.iter().map(|word| Availability::from_name(word));
    Ok(known.collect::<Option<_>>().ok_or(StorageError::Unreadable("services.availability"))?)
}

pub(super) fn insert_service(tx: &mut Tx<'_>, service: &Service) -> Result<(), StorageError> {
    let row = ServiceRow::of(service, tx.entry().to_string());
    diesel::insert_into(services::table).values(&row).execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn set_availability(tx: &mut Tx<'_>, cmd: &SetAvailability) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let changed = diesel::update(
        services::table
            .filter(services::id.eq(cmd.service.to_string()).and(services::version.eq(cmd.version))),
    )
    .set((
        services::availability.eq(cmd.availability.name()),
        services::version.eq(cmd.version.saturating_add(1)),
        services::updated_at.eq(now),
        services::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

// Imports

/// Digests of the rows that are there, by id.
pub(super) fn digests(
    db: &mut Db<'_>,
    source: &str,
    table: &str,
    ids: &[String],
) -> Result<HashMap<String, String>, StorageError> {
    let mut found = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let rows: Vec<(String, String)> = directory_rows::table
            .filter(directory_rows::source.eq(source).and(directory_rows::tbl.eq(table)))
            .filter(directory_rows::id.eq_any(ids))
            .select((directory_rows::id, directory_rows::digest))
            .load(db.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

#[derive(Insertable)]
#[diesel(table_name = directory_rows)]
struct PackageRow<'a> {
    source: &'a str,
    tbl: &'a str,
    id: String,
    digest: String,
    body: String,
}

pub(super) fn insert_rows(
    tx: &mut Tx<'_>,
    source: &str,
    table: &str,
    rows: &[&Row],
) -> Result<(), StorageError> {
    for rows in rows.chunks(AT_ONCE) {
        let values: Vec<PackageRow<'_>> = rows
            .iter()
            .map(|row| PackageRow {
                source,
                tbl: table,
                id: row.id.to_string(),
                digest: row.digest().to_string(),
                body: row.json(),
            })
            .collect();
        let insert = diesel::insert_into(directory_rows::table).values(&values);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

pub(super) fn update_row(tx: &mut Tx<'_>, source: &str, table: &str, row: &Row) -> Result<(), StorageError> {
    diesel::update(
        directory_rows::table
            .filter(directory_rows::source.eq(source).and(directory_rows::tbl.eq(table)))
            .filter(directory_rows::id.eq(row.id.to_string())),
    )
    .set((directory_rows::digest.eq(row.digest().to_string()), directory_rows::body.eq(row.json())))
    .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn insert_services(tx: &mut Tx<'_>, new: &[Service]) -> Result<(), StorageError> {
    let audit = tx.entry().to_string();
    for services in new.chunks(AT_ONCE) {
        let values: Vec<ServiceRow> = services.iter().map(|s| ServiceRow::of(s, audit.clone())).collect();
        let insert = diesel::insert_into(services::table).values(&values);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

/// Takes what changed at the source; what was decided here (member, code, availability) stays.
pub(super) fn replace_service(tx: &mut Tx<'_>, service: &Service) -> Result<(), StorageError> {
    let row = ServiceRow::of(service, tx.entry().to_string());
    diesel::update(services::table.filter(services::id.eq(row.id).and(services::source.eq(row.source))))
        .set((
            services::name.eq(row.name),
            services::provider.eq(row.provider),
            services::description.eq(row.description),
            services::url.eq(row.url),
            services::status.eq(row.status),
            services::sort_key.eq(row.sort_key),
            services::folded.eq(row.folded),
            services::updated_at.eq(row.updated_at),
            services::version.eq(services::version + 1),
            services::audit_id.eq(row.audit_id),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<usize, StorageError> {
    diesel::delete(directory_rows::table.filter(directory_rows::source.eq(source)))
        .execute(tx.db().conn())?;
    Ok(diesel::delete(services::table.filter(services::source.eq(source))).execute(tx.db().conn())?)
}
