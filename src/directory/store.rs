//! Rows of this room to types and back.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::{
    Availability, DirectoryError, LinkService, Listing, Reporting, Service, SetAvailability, SetVisibility,
    Standing, Upkeep, Visibility, changes, fold::fold, hsds::Row, upkeep,
};
use crate::{
    access::{AccessError, Tx},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
        page::Asked,
    },
    storage::{
        Conn, Db, StorageError, natively,
        schema::directory::{directory_rows, services},
    },
};

/// Rows in one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// How many services of other sources are read at once.
const OTHERS_AT_ONCE: i64 = 2_000;

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
    updated_at: i64,
    version: i64,
    audit_id: String,
    missing_since: Option<i64>,
    place: i64,
    row_id: String,
    availability_note: Option<String>,
    availability_places: Option<i64>,
    availability_until: Option<i64>,
    verified_at: Option<i64>,
    verify_by: Option<i64>,
    mismatches: i64,
    flagged_at: Option<i64>,
    reporting: String,
    standing: String,
}

impl ServiceRow {
    fn of(service: &Service, place: i64, audit: String) -> Self {
        let id = service.id.to_string();
        let name: String = fold(&service.name).chars().take(80).collect();
        Self {
            sort_key: format!("{name}|{id}"),
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
            missing_since: service.missing_since.map(Timestamp::micros),
            place,
            row_id: service.id.uuid().to_string(),
            availability_note: service.upkeep.availability_note.clone(),
            availability_places: service.upkeep.availability_places,
            availability_until: service.upkeep.availability_until.map(Timestamp::micros),
            verified_at: service.upkeep.verified_at.map(Timestamp::micros),
            verify_by: service.upkeep.verify_by.map(Timestamp::micros),
            mismatches: service.upkeep.mismatches,
            flagged_at: service.upkeep.flagged_at.map(Timestamp::micros),
            reporting: service.reports_to_authorities.name().to_owned(),
            standing: service.standing.name().to_owned(),
        }
    }

    /// The service as it is at a moment.
    fn into_service(self, now: Timestamp) -> Result<Service, StorageError> {
        let unreadable = StorageError::Unreadable;
        let until = self.availability_until.map(Timestamp::from_micros);
        let said = Availability::from_name(&self.availability);
        let upkeep = Upkeep {
            availability_note: self.availability_note,
            availability_places: self.availability_places,
            availability_until: until,
            verified_at: self.verified_at.map(Timestamp::from_micros),
            verify_by: self.verify_by.map(Timestamp::from_micros),
            mismatches: self.mismatches,
            flagged_at: self.flagged_at.map(Timestamp::from_micros),
            ..Upkeep::default()
        };
        Ok(Service {
            id: self.id.parse().map_err(|_ignored| unreadable("services.id"))?,
            source: self.source,
            name: self.name,
            provider: self.provider,
            description: self.description,
            url: self.url,
            status: Listing::from_name(&self.status).ok_or(unreadable("services.status"))?,
            standing: Standing::from_name(&self.standing).ok_or(unreadable("services.standing"))?,
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
            availability: upkeep::availability_at(
                said.ok_or(unreadable("services.availability"))?,
                until,
                now,
            ),
            reports_to_authorities: Reporting::from_name(&self.reporting)
                .ok_or(unreadable("services.reporting"))?,
            upkeep: upkeep.at(now),
            missing_since: self.missing_since.map(Timestamp::from_micros),
            updated_at: Timestamp::from_micros(self.updated_at),
            version: self.version,
        })
    }
}

/// Services by their ids.
pub(super) fn by_ids(
    db: &mut Db<'_>,
    ids: &[String],
    now: Timestamp,
) -> Result<HashMap<String, Service>, StorageError> {
    let mut found = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let theirs = services::table.filter(services::id.eq_any(ids));
        let rows: Vec<ServiceRow> = natively!(db, conn => theirs.select(ServiceRow::as_select()).load(conn))?;
        for row in rows {
            found.insert(row.id.clone(), row.into_service(now)?);
        }
    }
    Ok(found)
}

pub(super) fn service(db: &mut Db<'_>, id: ServiceId, now: Timestamp) -> Result<Service, DirectoryError> {
    let row: Option<ServiceRow> = services::table
        .filter(services::id.eq(id.to_string()))
        .select(ServiceRow::as_select())
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(row.ok_or(AccessError::NotFound)?.into_service(now)?)
}

/// What an organisation offers under some codes at present.
pub(super) fn offered(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    codes: &[String],
    now: Timestamp,
) -> Result<Vec<Service>, StorageError> {
    let rows: Vec<ServiceRow> = services::table
        .filter(services::member.eq(organisation.to_string()).and(services::service_code.eq_any(codes)))
        .filter(services::status.eq(Listing::Active.name()).and(services::missing_since.is_null()))
        .order(services::id)
        .limit(2)
        .select(ServiceRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(|row| row.into_service(now)).collect()
}

/// What a member is linked with, by id, as far as its source still has it.
pub(super) fn of_member(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    asked: &Asked,
    now: Timestamp,
) -> Result<Vec<Service>, StorageError> {
    let rows: Vec<ServiceRow> = services::table
        .filter(services::member.eq(organisation.to_string()).and(services::missing_since.is_null()))
        .filter(services::id.gt(asked.after().unwrap_or_default().to_owned()))
        .order(services::id)
        .limit(asked.rows_to_load())
        .select(ServiceRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(|row| row.into_service(now)).collect()
}

/// What members offer for any of some codes, are listed with, and other members may see, by name.
pub(super) fn offered_by_members(
    db: &mut Db<'_>,
    codes: &[String],
    (most, now): (i64, Timestamp),
) -> Result<Vec<Service>, DirectoryError> {
    let rows: Vec<ServiceRow> = services::table
        // Every member's: by its index of members, which are few beside all services.
        .filter(services::member.gt("").and(services::service_code.eq_any(codes)))
        .filter(services::status.eq(Listing::Active.name()).and(services::missing_since.is_null()))
        .filter(services::visibility.ne(Visibility::Restricted.name()).and(services::flagged_at.is_null()))
        .order((services::sort_key, services::id))
        .limit(most)
        .select(ServiceRow::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(|row| row.into_service(now)).collect::<Result<_, _>>()?)
}

pub(super) fn availabilities(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    codes: &[String],
    now: Timestamp,
) -> Result<Vec<Availability>, DirectoryError> {
    // Everything the organisation offers is little, and a list of codes in the statement would have SQLite prepare it anew each time.
    let query = services::table
        .filter(services::member.eq(organisation.to_string()))
        .filter(services::status.eq(Listing::Active.name()).and(services::missing_since.is_null()))
        .select((services::service_code, services::availability, services::availability_until));
    let rows: Vec<(Option<String>, String, Option<i64>)> =
        natively!(db, conn => query.load(conn)).map_err(StorageError::from)?;
    let wanted = rows.iter().filter(|(code, ..)| code.as_ref().is_some_and(|code| codes.contains(code)));
    let known = wanted.map(|(_, word, until)| {
        let said = Availability::from_name(word)?;
        Some(upkeep::availability_at(said, until.map(Timestamp::from_micros), now))
    });
    Ok(known.collect::<Option<_>>().ok_or(StorageError::Unreadable("services.availability"))?)
}

pub(super) fn insert_service(tx: &mut Tx<'_>, service: &Service, place: i64) -> Result<(), StorageError> {
    let row = ServiceRow::of(service, place, tx.entry().to_string());
    diesel::insert_into(services::table).values(&row).execute(tx.db().conn())?;
    Ok(())
}

/// A service of a source that no row stands behind yet.
pub(super) fn without_rows(
    db: &mut Db<'_>,
    source: &str,
    now: Timestamp,
) -> Result<Option<Service>, StorageError> {
    let row: Option<ServiceRow> = services::table
        .filter(services::source.eq(source).and(services::place.eq(0)))
        .order(services::id)
        .select(ServiceRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(|row| row.into_service(now)).transpose()
}

/// Notes the place of the row that stands behind a service.
pub(super) fn set_place(tx: &mut Tx<'_>, id: ServiceId, place: i64) -> Result<(), StorageError> {
    diesel::update(services::table.filter(services::id.eq(id.to_string())))
        .set(services::place.eq(place))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn set_availability(tx: &mut Tx<'_>, cmd: &SetAvailability) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let changed = diesel::update(
        services::table
            .filter(services::id.eq(cmd.service.to_string()).and(services::version.eq(cmd.version))),
    )
    .set((
        services::availability.eq(cmd.said.availability.name()),
        services::availability_note.eq(cmd.said.note.as_ref().map(ToString::to_string)),
        services::availability_places.eq(cmd.said.places.map(i64::from)),
        services::availability_until.eq(cmd.said.valid_until.map(Timestamp::micros)),
        services::availability_told.eq(0),
        services::version.eq(cmd.version.saturating_add(1)),
        services::updated_at.eq(now),
        services::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

pub(super) fn set_visibility(tx: &mut Tx<'_>, cmd: &SetVisibility) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let changed = diesel::update(
        services::table
            .filter(services::id.eq(cmd.service.to_string()).and(services::version.eq(cmd.version))),
    )
    .set((
        services::visibility.eq(cmd.visibility.name()),
        services::version.eq(cmd.version.saturating_add(1)),
        services::updated_at.eq(now),
        services::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

/// Says whether an entry is listed, and what its status is by that.
pub(super) fn set_standing(
    tx: &mut Tx<'_>,
    (service, version): (ServiceId, i64),
    standing: Standing,
) -> Result<(), StorageError> {
    let (now, audit, id) = (tx.now().micros(), tx.entry().to_string(), service.to_string());
    let (row, closed): (String, Option<i64>) = services::table
        .filter(services::id.eq(&id))
        .select((services::row_id, services::closed_at))
        .first(tx.db().conn())?;
    let given = super::rows::store::cells(tx.db(), std::slice::from_ref(&row))?;
    let given = given.get(&row).and_then(|cells| Listing::from_name(cells.get("status")?.trim()));
    let status = standing.listing(closed.is_some(), given);
    let changed =
        diesel::update(services::table.filter(services::id.eq(&id).and(services::version.eq(version))))
            .set((
                services::standing.eq(standing.name()),
                services::status.eq(status.name()),
                services::version.eq(version.saturating_add(1)),
                services::updated_at.eq(now),
                services::audit_id.eq(audit),
            ))
            .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

pub(super) fn set_source_visibility(
    tx: &mut Tx<'_>,
    source: &str,
    visibility: Visibility,
) -> Result<usize, StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    Ok(diesel::update(
        services::table
            .filter(services::source.eq(source).and(services::visibility.ne(visibility.name())))
            .filter(services::visibility.ne(Visibility::Restricted.name())),
    )
    .set((
        services::visibility.eq(visibility.name()),
        services::version.eq(services::version + 1),
        services::updated_at.eq(now),
        services::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())?)
}

// Imports

/// What is known of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) digest: String,
    pub(super) missing: bool,
}

/// What is known of these rows, by id.
pub(super) fn known(
    db: &mut Db<'_>,
    source: &str,
    table: &str,
    ids: &[String],
) -> Result<HashMap<String, Known>, StorageError> {
    let mut found = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let rows: Vec<(String, String, Option<i64>)> = directory_rows::table
            .filter(directory_rows::source.eq(source).and(directory_rows::tbl.eq(table)))
            .filter(directory_rows::id.eq_any(ids))
            .select((directory_rows::id, directory_rows::digest, directory_rows::missing_since))
            .load(db.conn())?;
        found.extend(
            rows.into_iter().map(|(id, digest, missing)| (id, Known { digest, missing: missing.is_some() })),
        );
    }
    Ok(found)
}

/// What these rows held before, by id.
pub(super) fn cells_before(
    db: &mut Db<'_>,
    (source, table): (&str, &str),
    ids: &[String],
) -> Result<HashMap<String, BTreeMap<String, String>>, StorageError> {
    let mut found = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let rows: Vec<(String, String)> = directory_rows::table
            .filter(directory_rows::source.eq(source).and(directory_rows::tbl.eq(table)))
            .filter(directory_rows::id.eq_any(ids))
            .select((directory_rows::id, directory_rows::body))
            .load(db.conn())?;
        for (id, body) in rows {
            let cells = serde_json::from_str(&body)
                .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
            found.insert(id, cells);
        }
    }
    Ok(found)
}

/// Tables a source has rows of.
pub(super) fn tables(db: &mut Db<'_>, source: &str) -> Result<Vec<String>, StorageError> {
    Ok(directory_rows::table
        .filter(directory_rows::source.eq(source))
        .select(directory_rows::tbl)
        .distinct()
        .order(directory_rows::tbl)
        .load(db.conn())?)
}

/// A row that its source gives at present.
#[derive(Queryable)]
pub(super) struct Present {
    pub(super) id: String,
    pub(super) body: String,
}

/// Rows that are not missing, by id, after `after`.
pub(super) fn present(
    db: &mut Db<'_>,
    source: &str,
    table: &str,
    after: &str,
) -> Result<Vec<Present>, StorageError> {
    Ok(directory_rows::table
        .filter(directory_rows::source.eq(source).and(directory_rows::tbl.eq(table)))
        .filter(directory_rows::missing_since.is_null().and(directory_rows::id.gt(after)))
        .order(directory_rows::id)
        .limit(i64::try_from(AT_ONCE).unwrap_or(i64::MAX))
        .select((directory_rows::id, directory_rows::body))
        .load(db.conn())?)
}

/// Marks a row as no longer given by its source, and the service made of it, with the change.
pub(super) fn mark_missing(
    tx: &mut Tx<'_>,
    (source, table, id): (&str, &str, &str),
) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::update(directory_rows::table.find((source, table, id)))
        .set(directory_rows::missing_since.eq(Some(now)))
        .execute(tx.db().conn())?;
    if let (true, Ok(uuid)) = (table == "service", uuid::Uuid::try_parse(id)) {
        let service = ServiceId::from_uuid(uuid).to_string();
        diesel::update(services::table.filter(services::id.eq(service).and(services::source.eq(source))))
            .set((
                services::missing_since.eq(Some(now)),
                services::updated_at.eq(now),
                services::version.eq(services::version + 1),
                services::audit_id.eq(audit),
            ))
            .execute(tx.db().conn())?;
    }
    changes::store::note(tx, source, &[changes::listed((table, id), false)])
}

/// Another source that brought one of these services before.
pub(super) fn other_source(
    db: &mut Db<'_>,
    source: &str,
    rows: &[&Row],
) -> Result<Option<String>, StorageError> {
    for rows in rows.chunks(AT_ONCE) {
        let ids: Vec<String> = rows.iter().map(|row| ServiceId::from_uuid(row.id).to_string()).collect();
        let other: Option<String> = services::table
            .filter(services::id.eq_any(ids).and(services::source.ne(source)))
            .select(services::source)
            .first(db.conn())
            .optional()?;
        if other.is_some() {
            return Ok(other);
        }
    }
    Ok(None)
}

/// A service that another source gives at present.
#[derive(Clone, Queryable)]
pub(super) struct Other {
    pub(super) id: String,
    pub(super) row: String,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) source: String,
}

/// Services that other sources give at present, behind an id.
pub(super) fn others(db: &mut Db<'_>, source: &str, after: &str) -> Result<Vec<Other>, StorageError> {
    Ok(services::table
        .filter(services::source.ne(source).and(services::missing_since.is_null()))
        .filter(services::place.gt(0).and(services::id.gt(after)))
        .order(services::id)
        .limit(OTHERS_AT_ONCE)
        .select((services::id, services::row_id, services::name, services::provider, services::source))
        .load(db.conn())?)
}

/// How many services of a source are linked to members.
pub(super) fn linked(db: &mut Db<'_>, source: &str) -> Result<i64, StorageError> {
    Ok(services::table
        .filter(services::source.eq(source).and(services::member.is_not_null()))
        .count()
        .get_result(db.conn())?)
}

/// Whether anything came from a source.
pub(super) fn has_source(db: &mut Db<'_>, source: &str) -> Result<bool, StorageError> {
    let rows: i64 = directory_rows::table
        .filter(directory_rows::source.eq(source))
        .limit(1)
        .count()
        .get_result(db.conn())?;
    Ok(rows > 0)
}

/// Services of a source that are not for everybody who is signed in.
pub(super) fn restricted(db: &mut Db<'_>, source: &str) -> Result<Vec<String>, StorageError> {
    Ok(services::table
        .filter(services::source.eq(source))
        .filter(services::visibility.eq(Visibility::Restricted.name()))
        .select(services::row_id)
        .load(db.conn())?)
}

/// Restricts services of a source.
pub(super) fn restrict(tx: &mut Tx<'_>, source: &str, rows: &[String]) -> Result<(), StorageError> {
    for rows in rows.chunks(AT_ONCE) {
        diesel::update(
            services::table.filter(services::source.eq(source).and(services::row_id.eq_any(rows))),
        )
        .set(services::visibility.eq(Visibility::Restricted.name()))
        .execute(tx.db().conn())?;
    }
    Ok(())
}

/// Links a service, if it still has the version the caller saw.
pub(super) fn link(tx: &mut Tx<'_>, cmd: &LinkService) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let (member, code) =
        cmd.link.as_ref().map(|link| (link.organisation.to_string(), link.service.to_string())).unzip();
    let changed = diesel::update(
        services::table
            .filter(services::id.eq(cmd.service.to_string()).and(services::version.eq(cmd.version))),
    )
    .set((
        services::member.eq(member),
        services::service_code.eq(code),
        services::version.eq(cmd.version.saturating_add(1)),
        services::updated_at.eq(now),
        services::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

#[derive(Insertable)]
#[diesel(table_name = directory_rows)]
struct PackageRow<'a> {
    source: &'a str,
    tbl: &'a str,
    id: String,
    digest: String,
    body: String,
    place: i64,
    folded: String,
    confidential: i64,
    said_at: i64,
}

/// What lists of a table are searched in.
pub(super) fn folded(table: &str, cells: &BTreeMap<String, String>) -> String {
    if !matches!(table, "organization" | "taxonomy" | "taxonomy_term" | "agreement") {
        return String::new();
    }
    let texts = ["name", "alternate_name", "acronym", "description", "title"];
    let texts = texts.iter().filter_map(|column| cells.get(*column));
    fold(&texts.map(String::as_str).collect::<Vec<_>>().join(" "))
}

/// Whether it is kept secret where a location is: 0 or 1.
fn confidential(table: &str, cells: &BTreeMap<String, String>) -> i64 {
    let secret = table == "location" && cells.get("confidential").is_some_and(|cell| cell.trim() == "yes");
    i64::from(secret)
}

/// Stores rows, the first at a place and the others behind it.
pub(super) fn insert_rows(
    tx: &mut Tx<'_>,
    (source, table): (&str, &str),
    rows: &[&Row],
    first: i64,
) -> Result<(), StorageError> {
    let placed: Vec<(i64, &&Row)> = (first..).zip(rows).collect();
    let said_at = tx.now().micros();
    for rows in placed.chunks(AT_ONCE) {
        let values: Vec<PackageRow<'_>> = rows
            .iter()
            .map(|(place, row)| PackageRow {
                source,
                tbl: table,
                id: row.id.to_string(),
                digest: row.digest().to_string(),
                body: row.json(),
                place: *place,
                folded: folded(table, &row.cells),
                confidential: confidential(table, &row.cells),
                said_at,
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

/// Takes a row's present content in the place of what it held, with a change for each field.
pub(super) fn update_row(
    tx: &mut Tx<'_>,
    (source, table): (&str, &str),
    row: &Row,
    (before, was_missing): (&BTreeMap<String, String>, bool),
) -> Result<(), StorageError> {
    let (id, digest) = (row.id.to_string(), row.digest().to_string());
    diesel::update(directory_rows::table.find((source, table, &id)))
        .set((
            directory_rows::digest.eq(&digest),
            directory_rows::body.eq(row.json()),
            directory_rows::folded.eq(folded(table, &row.cells)),
            directory_rows::confidential.eq(confidential(table, &row.cells)),
            directory_rows::said_at.eq(tx.now().micros()),
            directory_rows::missing_since.eq(None::<i64>),
        ))
        .execute(tx.db().conn())?;
    changes::store::note(tx, source, &changes::between((table, &id), (before, &row.cells), was_missing))
}

pub(super) fn insert_services(tx: &mut Tx<'_>, new: &[Service], first: i64) -> Result<(), StorageError> {
    let audit = tx.entry().to_string();
    let placed: Vec<(i64, &Service)> = (first..).zip(new).collect();
    for services in placed.chunks(AT_ONCE) {
        let values: Vec<ServiceRow> =
            services.iter().map(|(place, service)| ServiceRow::of(service, *place, audit.clone())).collect();
        let insert = diesel::insert_into(services::table).values(&values);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

/// Takes what changed at the source; what was decided here (member, code, availability, that it is closed) stays.
pub(super) fn replace_service(tx: &mut Tx<'_>, service: &Service) -> Result<(), StorageError> {
    let row = ServiceRow::of(service, 0, tx.entry().to_string());
    diesel::update(services::table.filter(services::id.eq(&row.id).and(services::source.eq(&row.source))))
        .set((
            services::name.eq(row.name),
            services::provider.eq(row.provider),
            services::description.eq(row.description),
            services::url.eq(row.url),
            services::sort_key.eq(row.sort_key),
            services::updated_at.eq(row.updated_at),
            services::version.eq(services::version + 1),
            services::audit_id.eq(row.audit_id),
            services::missing_since.eq(None::<i64>),
            services::searched.eq(0),
        ))
        .execute(tx.db().conn())?;
    diesel::update(services::table.filter(services::id.eq(row.id).and(services::source.eq(row.source))))
        .filter(services::closed_at.is_null().and(services::standing.eq(Standing::Listed.name())))
        .set(services::status.eq(row.status))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<usize, StorageError> {
    super::agreements::unsearch(tx, source)?;
    super::rows::store::forget_links(tx, source)?;
    super::search::store::forget(tx, source)?;
    upkeep::store::forget(tx, source)?;
    changes::store::forget(tx, source)?;
    super::drafts::forget(tx, source)?;
    super::notes::store::forget(tx, source)?;
    super::contacts::forget_source(tx, source)?;
    diesel::delete(directory_rows::table.filter(directory_rows::source.eq(source)))
        .execute(tx.db().conn())?;
    Ok(diesel::delete(services::table.filter(services::source.eq(source))).execute(tx.db().conn())?)
}
