//! Rows of units.

use chrono::NaiveDate;
use diesel::prelude::*;
use uuid::Uuid;

use super::{Area, AreasWanted};
use crate::{
    access::Tx,
    directory::fold::fold,
    storage::{Conn, Db, StorageError, schema::directory::admin_areas},
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = admin_areas, treat_none_as_null = true)]
struct AreaRow {
    id: String,
    country: String,
    level: i64,
    code: String,
    code_key: String,
    name: String,
    names: String,
    folded: String,
    parent: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    replaced_by: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    sort_key: String,
    updated_at: i64,
    audit_id: String,
}

impl AreaRow {
    fn of(area: &Area, updated_at: i64, audit_id: String) -> Result<Self, StorageError> {
        let texts: Vec<&str> = [area.name.as_str(), area.code.as_str()]
            .into_iter()
            .chain(area.names.values().map(String::as_str))
            .collect();
        Ok(Self {
            id: area.id.to_string(),
            country: area.country.clone(),
            level: i64::from(area.level),
            code: area.code.clone(),
            code_key: area.code.to_uppercase(),
            name: area.name.clone(),
            names: serde_json::to_string(&area.names)
                .map_err(|_reason| StorageError::Unreadable("admin_areas.names"))?,
            folded: fold(&texts.join(" ")),
            parent: area.parent.map(|parent| parent.to_string()),
            valid_from: area.valid_from.map_or_else(String::new, |day| day.to_string()),
            valid_to: area.valid_to.map(|day| day.to_string()),
            replaced_by: area.replaced_by.clone(),
            latitude: area.latitude,
            longitude: area.longitude,
            sort_key: area.sort_key(),
            updated_at,
            audit_id,
        })
    }

    fn into_area(self) -> Result<Area, StorageError> {
        let unreadable = StorageError::Unreadable;
        let uuid = |text: &str, column| Uuid::try_parse(text).map_err(|_reason| unreadable(column));
        let day = |text: &str, column| text.parse::<NaiveDate>().map_err(|_reason| unreadable(column));
        let from = Some(self.valid_from).filter(|text| !text.is_empty());
        Ok(Area {
            id: uuid(&self.id, "admin_areas.id")?,
            key: super::read::key(&self.country, self.level, &self.code),
            country: self.country,
            level: u8::try_from(self.level).map_err(|_reason| unreadable("admin_areas.level"))?,
            code: self.code,
            name: self.name,
            names: serde_json::from_str(&self.names).map_err(|_reason| unreadable("admin_areas.names"))?,
            parent: self.parent.map(|parent| uuid(&parent, "admin_areas.parent")).transpose()?,
            valid_from: from.map(|text| day(&text, "admin_areas.valid_from")).transpose()?,
            valid_to: self.valid_to.map(|text| day(&text, "admin_areas.valid_to")).transpose()?,
            replaced_by: self.replaced_by,
            latitude: self.latitude,
            longitude: self.longitude,
        })
    }
}

fn areas(rows: Vec<AreaRow>) -> Result<Vec<Area>, StorageError> {
    rows.into_iter().map(AreaRow::into_area).collect()
}

/// Whether there are any.
pub(super) fn has_any(db: &mut Db<'_>) -> Result<bool, StorageError> {
    let first: Option<String> = admin_areas::table.select(admin_areas::id).first(db.conn()).optional()?;
    Ok(first.is_some())
}

/// The last day, no later than this one, on which a unit began or ended.
pub(in crate::directory) fn last_turn(
    db: &mut Db<'_>,
    today: NaiveDate,
) -> Result<Option<NaiveDate>, StorageError> {
    let today = today.to_string();
    let began: Option<String> = admin_areas::table
        .filter(admin_areas::valid_from.le(&today))
        .select(diesel::dsl::max(admin_areas::valid_from))
        .first(db.conn())?;
    let ended: Option<String> = admin_areas::table
        .filter(admin_areas::valid_to.le(&today))
        .select(diesel::dsl::max(admin_areas::valid_to))
        .first(db.conn())?;
    let last = began.into_iter().chain(ended).filter(|day| !day.is_empty()).max();
    let read = |day: String| day.parse().map_err(|_reason| StorageError::Unreadable("admin_areas.valid_to"));
    last.map(read).transpose()
}

/// All units of countries, whenever they were valid.
pub(super) fn of_countries(db: &mut Db<'_>, countries: &[String]) -> Result<Vec<Area>, StorageError> {
    areas(
        admin_areas::table
            .filter(admin_areas::country.eq_any(countries))
            .select(AreaRow::as_select())
            .load(db.conn())?,
    )
}

/// Units with these codes in capitals, whenever they were valid.
pub(super) fn by_codes(db: &mut Db<'_>, codes: &[String]) -> Result<Vec<Area>, StorageError> {
    let mut rows = Vec::new();
    for codes in codes.chunks(AT_ONCE) {
        rows.extend(
            admin_areas::table
                .filter(admin_areas::code_key.eq_any(codes))
                .order(admin_areas::id)
                .select(AreaRow::as_select())
                .load(db.conn())?,
        );
    }
    areas(rows)
}

/// Units by id.
pub(super) fn by_ids(db: &mut Db<'_>, ids: &[String]) -> Result<Vec<Area>, StorageError> {
    let mut rows = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        let found = admin_areas::table.filter(admin_areas::id.eq_any(ids)).select(AreaRow::as_select());
        rows.extend(found.load(db.conn())?);
    }
    areas(rows)
}

/// Units that there are on a day and that fit, by sort key.
pub(super) fn list(
    db: &mut Db<'_>,
    wanted: &AreasWanted,
    (after, limit): (&str, i64),
    today: NaiveDate,
) -> Result<Vec<Area>, StorageError> {
    let today = today.to_string();
    let mut query = admin_areas::table
        .filter(admin_areas::sort_key.gt(after).and(admin_areas::valid_from.le(today.clone())))
        .filter(admin_areas::valid_to.is_null().or(admin_areas::valid_to.assume_not_null().gt(today)))
        .order(admin_areas::sort_key)
        .limit(limit)
        .select(AreaRow::as_select())
        .into_boxed();
    for word in crate::directory::fold::words(&wanted.text, 8) {
        query = query.filter(admin_areas::folded.like(format!("%{word}%")));
    }
    if let Some(country) = &wanted.country {
        query = query.filter(admin_areas::country.eq(country.to_uppercase()));
    }
    if let Some(level) = wanted.level {
        query = query.filter(admin_areas::level.eq(i64::from(level)));
    }
    if let Some(parent) = wanted.parent {
        query = query.filter(admin_areas::parent.assume_not_null().eq(parent.to_string()));
    }
    areas(query.load(db.conn())?)
}

/// Enters units. What they lie in comes before them.
pub(super) fn insert(tx: &mut Tx<'_>, areas: &[&Area]) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    for areas in areas.chunks(AT_ONCE) {
        let rows: Result<Vec<AreaRow>, _> =
            areas.iter().map(|area| AreaRow::of(area, now, audit.clone())).collect();
        let rows = rows?;
        let insert = diesel::insert_into(admin_areas::table).values(&rows);
        match tx.db().conn() {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

/// Puts a unit in the place of what was there.
pub(super) fn replace(tx: &mut Tx<'_>, area: &Area) -> Result<(), StorageError> {
    let row = AreaRow::of(area, tx.now().micros(), tx.entry().to_string())?;
    let id = row.id.clone();
    diesel::update(admin_areas::table.filter(admin_areas::id.eq(id))).set(&row).execute(tx.db().conn())?;
    Ok(())
}
