//! Rows of packages and their links.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::links::Link;
use crate::{
    access::Tx,
    kernel::{Timestamp, id::OrganisationId},
    storage::{
        Conn, Db, StorageError,
        schema::directory::{directory_links, directory_rows, services},
    },
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// The place of the next row that comes in. Only after [`Tx::take_turn`]. It lies behind all that there are, and not before this moment: a
/// place that a forgotten source had may still be where somebody reads a list on from.
pub(in crate::directory) fn next_place(db: &mut Db<'_>, now: Timestamp) -> Result<i64, StorageError> {
    let last: Option<i64> =
        directory_rows::table.select(diesel::dsl::max(directory_rows::place)).first(db.conn())?;
    Ok(last.unwrap_or(0).saturating_add(1).max(now.micros()))
}

#[derive(Insertable)]
#[diesel(table_name = directory_links)]
struct LinkRow<'a> {
    parent: &'a str,
    tbl: &'a str,
    via: &'a str,
    id: &'a str,
    source: &'a str,
}

/// Stores links of new rows.
pub(in crate::directory) fn insert_links(
    tx: &mut Tx<'_>,
    source: &str,
    links: &[Link],
) -> Result<(), StorageError> {
    for links in links.chunks(AT_ONCE) {
        let rows: Vec<LinkRow<'_>> = links
            .iter()
            .map(|link| LinkRow {
                parent: &link.parent,
                tbl: link.table,
                via: &link.via,
                id: &link.id,
                source,
            })
            .collect();
        let insert = diesel::insert_into(directory_links::table).values(&rows);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

/// Stores the links of a row in the place of those it had.
pub(in crate::directory) fn replace_links(
    tx: &mut Tx<'_>,
    (source, table, id): (&str, &str, &str),
    links: &[Link],
) -> Result<(), StorageError> {
    diesel::delete(
        directory_links::table
            .filter(directory_links::id.eq(id))
            .filter(directory_links::tbl.eq(table).and(directory_links::source.eq(source))),
    )
    .execute(tx.db().conn())?;
    insert_links(tx, source, links)
}

/// Forgets every link of a source.
pub(in crate::directory) fn forget_links(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    diesel::delete(directory_links::table.filter(directory_links::source.eq(source)))
        .execute(tx.db().conn())?;
    Ok(())
}

/// A row that is not entered yet.
#[derive(Queryable)]
pub(in crate::directory) struct Unplaced {
    pub(in crate::directory) source: String,
    pub(in crate::directory) table: String,
    pub(in crate::directory) id: String,
    pub(in crate::directory) body: String,
}

pub(in crate::directory) fn without_place(db: &mut Db<'_>, most: i64) -> Result<Vec<Unplaced>, StorageError> {
    Ok(directory_rows::table
        .filter(directory_rows::place.eq(0))
        .order((directory_rows::source, directory_rows::tbl, directory_rows::id))
        .limit(most)
        .select((directory_rows::source, directory_rows::tbl, directory_rows::id, directory_rows::body))
        .load(db.conn())?)
}

pub(in crate::directory) fn set_place(
    tx: &mut Tx<'_>,
    (source, table, id): (&str, &str, &str),
    (place, folded): (i64, String),
) -> Result<(), StorageError> {
    diesel::update(directory_rows::table.find((source, table, id)))
        .set((directory_rows::place.eq(place), directory_rows::folded.eq(folded)))
        .execute(tx.db().conn())?;
    if table == "service" {
        diesel::update(services::table.filter(services::row_id.eq(id).and(services::source.eq(source))))
            .set(services::place.eq(place))
            .execute(tx.db().conn())?;
    }
    Ok(())
}

/// A row as it came.
#[derive(Queryable)]
pub(in crate::directory) struct Stored {
    pub(in crate::directory) table: String,
    pub(in crate::directory) id: String,
    pub(in crate::directory) body: String,
    pub(in crate::directory) place: i64,
}

/// Rows by id that their sources give at present. Where several sources give one, the first that did.
pub(in crate::directory) fn bodies(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<Stored>, StorageError> {
    in_portions(ids, |ids| {
        directory_rows::table
            .filter(directory_rows::id.eq_any(ids).and(directory_rows::missing_since.is_null()))
            .filter(directory_rows::place.gt(0))
            .order(directory_rows::place)
            .select((directory_rows::tbl, directory_rows::id, directory_rows::body, directory_rows::place))
            .load(db.conn())
    })
}

/// The same of one source.
pub(in crate::directory) fn bodies_of(
    db: &mut Db<'_>,
    source: &str,
    ids: &[String],
) -> Result<Vec<Stored>, StorageError> {
    in_portions(ids, |ids| {
        directory_rows::table
            .filter(directory_rows::source.eq(source).and(directory_rows::id.eq_any(ids)))
            .filter(directory_rows::missing_since.is_null().and(directory_rows::place.gt(0)))
            .select((directory_rows::tbl, directory_rows::id, directory_rows::body, directory_rows::place))
            .load(db.conn())
    })
}

/// The cells of the same rows, by id.
pub(in crate::directory) fn cells(
    db: &mut Db<'_>,
    ids: &[String],
) -> Result<HashMap<String, BTreeMap<String, String>>, StorageError> {
    let mut cells = HashMap::new();
    for row in bodies(db, ids)? {
        let read = serde_json::from_str(&row.body)
            .map_err(|_reason| StorageError::Unreadable("directory_rows.body"))?;
        cells.entry(row.id).or_insert(read);
    }
    Ok(cells)
}

/// Since when rows say what they say; without those of which that was not kept.
pub(in crate::directory) fn said(
    db: &mut Db<'_>,
    ids: &[String],
) -> Result<HashMap<String, Timestamp>, StorageError> {
    let rows: Vec<(String, i64)> = in_portions(ids, |ids| {
        directory_rows::table
            .filter(directory_rows::id.eq_any(ids).and(directory_rows::missing_since.is_null()))
            .filter(directory_rows::place.gt(0).and(directory_rows::said_at.gt(0)))
            .order(directory_rows::place)
            .select((directory_rows::id, directory_rows::said_at))
            .load(db.conn())
    })?;
    // Of several sources the first that gave it, as with its cells.
    Ok(rows.into_iter().rev().map(|(id, at)| (id, Timestamp::from_micros(at))).collect())
}

/// A link as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = directory_links)]
pub(in crate::directory) struct StoredLink {
    pub(in crate::directory) parent: String,
    #[diesel(column_name = tbl)]
    pub(in crate::directory) table: String,
    pub(in crate::directory) via: String,
    pub(in crate::directory) id: String,
}

/// What these rows name.
pub(in crate::directory) fn names(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<StoredLink>, StorageError> {
    in_portions(ids, |ids| {
        let links = directory_links::table.filter(directory_links::id.eq_any(ids));
        links.select(StoredLink::as_select()).load(db.conn())
    })
}

/// Rows of these tables that name these rows.
pub(in crate::directory) fn parts(
    db: &mut Db<'_>,
    ids: &[String],
    tables: &[&str],
) -> Result<Vec<StoredLink>, StorageError> {
    in_portions(ids, |ids| {
        directory_links::table
            .filter(directory_links::parent.eq_any(ids).and(directory_links::tbl.eq_any(tables)))
            .select(StoredLink::as_select())
            .load(db.conn())
    })
}

/// The links from and to these rows.
pub(in crate::directory) fn links_around(
    db: &mut Db<'_>,
    ids: &[String],
) -> Result<Vec<StoredLink>, StorageError> {
    let mut found = names(db, ids)?;
    found.extend(in_portions(ids, |ids| {
        let links = directory_links::table.filter(directory_links::parent.eq_any(ids));
        links.select(StoredLink::as_select()).load(db.conn())
    })?);
    Ok(found)
}

/// A service and every row that belongs to it: its parts, its places, their locations, and the parts of those; and its organisation.
pub(in crate::directory) fn whole(db: &mut Db<'_>, service: &str) -> Result<Vec<String>, StorageError> {
    let mut all = vec![service.to_owned()];
    let mut level = all.clone();
    // A telephone of a place has languages, and nothing lies deeper.
    for _ in 0..4 {
        let named = names(db, &level)?.into_iter().filter(|link| is_behind(&link.table, &link.via));
        let parts: Vec<StoredLink> = in_portions(&level, |ids| {
            let links = directory_links::table.filter(directory_links::parent.eq_any(ids));
            links.select(StoredLink::as_select()).load(db.conn())
        })?;
        let parts = parts.into_iter().filter(|link| is_of_service(&link.table, &link.via));
        let mut next: Vec<String> = named.map(|link| link.parent).chain(parts.map(|link| link.id)).collect();
        next.sort_unstable();
        next.dedup();
        next.retain(|id| !all.contains(id));
        all.extend(next.iter().cloned());
        level = next;
    }
    Ok(all)
}

/// Whether a row that belongs to a service names another that does.
fn is_behind(table: &str, via: &str) -> bool {
    matches!((table, via), ("service", "organization_id") | ("service_at_location", "location_id"))
}

/// Whether a row belongs to the service, or the place of one, that it names. What else an organisation has does not.
fn is_of_service(table: &str, via: &str) -> bool {
    let is_place = table == "service_at_location" && via == "location_id";
    super::shape::is_part(table, via) && via != "organization_id" && !is_place
}

fn in_portions<T>(
    ids: &[String],
    mut load: impl FnMut(&[String]) -> QueryResult<Vec<T>>,
) -> Result<Vec<T>, StorageError> {
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        found.extend(load(ids)?);
    }
    Ok(found)
}

/// Marks the services among these rows as changed now.
pub(in crate::directory) fn touch_services(tx: &mut Tx<'_>, ids: &[String]) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    for ids in ids.chunks(AT_ONCE) {
        diesel::update(
            services::table.filter(services::row_id.eq_any(ids).and(services::updated_at.lt(now))),
        )
        .set((
            services::updated_at.eq(now),
            services::version.eq(services::version + 1),
            services::audit_id.eq(&audit),
        ))
        .execute(tx.db().conn())?;
    }
    crate::directory::search::store::unsearch(tx, ids)
}

/// The tables of rows, by id. Those that their source does not give any more are among them: they still belong to what they belonged to.
pub(super) fn tables(db: &mut Db<'_>, ids: &[String]) -> Result<HashMap<String, String>, StorageError> {
    let rows: Vec<(String, String)> = in_portions(ids, |ids| {
        directory_rows::table
            .filter(directory_rows::id.eq_any(ids).and(directory_rows::place.gt(0)))
            .select((directory_rows::id, directory_rows::tbl))
            .load(db.conn())
    })?;
    Ok(rows.into_iter().collect())
}

/// The services of these services at locations: each with the one it is of.
pub(super) fn services_at(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<(String, String)>, StorageError> {
    in_portions(ids, |ids| {
        directory_links::table
            .filter(directory_links::id.eq_any(ids))
            .filter(directory_links::tbl.eq("service_at_location").and(directory_links::via.eq("service_id")))
            .select((directory_links::id, directory_links::parent))
            .load(db.conn())
    })
}

/// The services that are offered at these locations at present: each location with one of them.
pub(super) fn services_in(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<(String, String)>, StorageError> {
    let places: Vec<(String, String)> = in_portions(ids, |ids| {
        directory_links::table
            .inner_join(directory_rows::table.on(directory_rows::id.eq(directory_links::id)))
            .filter(directory_links::parent.eq_any(ids))
            .filter(
                directory_links::tbl.eq("service_at_location").and(directory_links::via.eq("location_id")),
            )
            .filter(
                directory_rows::tbl.eq("service_at_location").and(directory_rows::missing_since.is_null()),
            )
            .select((directory_links::parent, directory_links::id))
            .load(db.conn())
    })?;
    let at: Vec<String> = places.iter().map(|(_, place)| place.clone()).collect();
    let offered: HashMap<String, String> = services_at(db, &at)?.into_iter().collect();
    Ok(places
        .into_iter()
        .filter_map(|(location, place)| Some((location, offered.get(&place)?.clone())))
        .collect())
}

/// Those of these locations of which it is kept secret where they are.
pub(in crate::directory) fn confidential(
    db: &mut Db<'_>,
    ids: &[String],
) -> Result<Vec<String>, StorageError> {
    in_portions(ids, |ids| {
        directory_rows::table
            .filter(directory_rows::id.eq_any(ids).and(directory_rows::confidential.eq(1)))
            .select(directory_rows::id)
            .load(db.conn())
    })
}

/// The locations of these services at locations: each with the one it is at.
pub(super) fn locations_of(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<(String, String)>, StorageError> {
    in_portions(ids, |ids| {
        directory_links::table
            .filter(directory_links::id.eq_any(ids))
            .filter(
                directory_links::tbl.eq("service_at_location").and(directory_links::via.eq("location_id")),
            )
            .select((directory_links::id, directory_links::parent))
            .load(db.conn())
    })
}

/// Those of these services that a member provides.
pub(super) fn provided_by(
    db: &mut Db<'_>,
    services: &[String],
    member: OrganisationId,
) -> Result<Vec<String>, StorageError> {
    in_portions(services, |ids| {
        services::table
            .filter(services::row_id.eq_any(ids).and(services::member.eq(member.to_string())))
            .select(services::row_id)
            .load(db.conn())
    })
}

/// The organisations of these services.
pub(in crate::directory) fn organizations_of(
    db: &mut Db<'_>,
    ids: &[String],
) -> Result<Vec<String>, StorageError> {
    in_portions(ids, |ids| {
        directory_links::table
            .filter(directory_links::id.eq_any(ids))
            .filter(directory_links::tbl.eq("service").and(directory_links::via.eq("organization_id")))
            .select(directory_links::parent)
            .load(db.conn())
    })
}

/// The services that name these rows through a column: each row with one of them.
pub(in crate::directory) fn services_naming(
    db: &mut Db<'_>,
    ids: &[String],
    via: &str,
) -> Result<Vec<(String, String)>, StorageError> {
    in_portions(ids, |ids| {
        directory_links::table
            .filter(directory_links::parent.eq_any(ids))
            .filter(directory_links::tbl.eq("service").and(directory_links::via.eq(via)))
            .select((directory_links::parent, directory_links::id))
            .load(db.conn())
    })
}

/// What an agreement binds or covers.
pub(in crate::directory) struct Bound {
    /// The row that says so.
    pub(in crate::directory) row: String,
    pub(in crate::directory) agreement: String,
    /// Whether it is a service in scope; otherwise an organisation that is a party.
    pub(in crate::directory) is_service: bool,
    pub(in crate::directory) target: String,
}

/// The parties of these agreements and the services in scope, also what a source no longer gives.
pub(in crate::directory) fn bound_by(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<Bound>, StorageError> {
    let named = parts(db, ids, &["agreement_party", "agreement_service"])?;
    let of: Vec<(String, String)> = named.into_iter().map(|link| (link.id, link.parent)).collect();
    let rows: Vec<String> = of.iter().map(|(row, _)| row.clone()).collect();
    let of: HashMap<String, String> = of.into_iter().collect();
    let bound = names(db, &rows)?.into_iter().filter_map(|link| {
        let is_service = match link.via.as_str() {
            "service_id" => true,
            "organization_id" => false,
            _ => return None,
        };
        Some(Bound { agreement: of.get(&link.id)?.clone(), row: link.id, is_service, target: link.parent })
    });
    Ok(bound.collect())
}

/// The services in scope of the agreements of a source, and the organisations that they bind.
pub(in crate::directory) fn bound_in(
    db: &mut Db<'_>,
    source: &str,
) -> Result<(Vec<String>, Vec<String>), StorageError> {
    let mut bound = |table: &str, via: &str| -> QueryResult<Vec<String>> {
        directory_links::table
            .filter(directory_links::source.eq(source))
            .filter(directory_links::tbl.eq(table).and(directory_links::via.eq(via)))
            .select(directory_links::parent)
            .distinct()
            .load(db.conn())
    };
    Ok((bound("agreement_service", "service_id")?, bound("agreement_party", "organization_id")?))
}

/// The rows of a table that their sources give at present.
pub(in crate::directory) fn ids_of(db: &mut Db<'_>, table: &str) -> Result<Vec<String>, StorageError> {
    Ok(directory_rows::table
        .filter(directory_rows::tbl.eq(table).and(directory_rows::place.gt(0)))
        .filter(directory_rows::missing_since.is_null())
        .select(directory_rows::id)
        .distinct()
        .load(db.conn())?)
}

/// The rows of the services that a member provides.
pub(in crate::directory) fn offered_by(
    db: &mut Db<'_>,
    member: OrganisationId,
) -> Result<Vec<String>, StorageError> {
    Ok(services::table
        .filter(services::member.eq(member.to_string()))
        .select(services::row_id)
        .load(db.conn())?)
}
