//! The statements behind lists of documents: what a viewer may see and what fits, in the order the rows came in.

use std::collections::HashMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::{Narrowed, Sieve};
use crate::{
    directory::{Availability, Standing, Viewer, Visibility, rows::Kind},
    kernel::Timestamp,
    storage::{
        Db, Engine, StorageError,
        schema::directory::{directory_links, directory_rows, services},
    },
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// Rows of a table that their sources give at present, each once.
macro_rules! present {
    ($query:expr, $table:expr) => {
        $query
            .filter(directory_rows::tbl.eq($table).and(directory_rows::place.gt(0)))
            .filter(directory_rows::missing_since.is_null())
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(FIRST))
    };
}

/// Services at locations, with their services.
macro_rules! places {
    () => {
        present!(
            directory_rows::table
                .inner_join(
                    directory_links::table.on(directory_links::id
                        .eq(directory_rows::id)
                        .and(directory_links::tbl.eq("service_at_location"))
                        .and(directory_links::via.eq("service_id")))
                )
                .inner_join(services::table.on(services::row_id.eq(directory_links::parent))),
            "service_at_location"
        )
    };
}

/// Organisations that fit.
macro_rules! organizations {
    ($query:expr, $db:expr, $viewer:expr, $sieve:expr) => {{
        let query = present!($query, "organization").filter(of_seen_organizations($viewer, $sieve));
        among!(named!(query, &$sieve.words), $db, "directory_rows.id", &$sieve.rows)
    }};
}

/// Rows that hold words.
macro_rules! named {
    ($query:expr, $words:expr) => {{
        let mut query = $query;
        for word in $words {
            query = query.filter(directory_rows::folded.like(format!("%{word}%")));
        }
        query
    }};
}

/// Taxonomies or terms that fit.
macro_rules! terms {
    ($query:expr, $viewer:expr, ($kind:expr, $sieve:expr)) => {{
        let mut query = named!(present!($query, $kind.table()), &$sieve.words);
        if let Some(condition) = of_seen_sources($viewer) {
            query = query.filter(condition);
        }
        for condition in terms_of(&$sieve.narrowed) {
            query = query.filter(condition);
        }
        query
    }};
}

/// Services that a viewer may see, that their sources give at present, and that fit.
///
/// A macro, because a query over services alone and one over rows joined with services are different types.
macro_rules! fitting {
    ($query:expr, $db:expr, $viewer:expr, $sieve:expr) => {{
        let mut query = $query.filter(services::missing_since.is_null()).filter(services::place.gt(0));
        query = match $viewer {
            Viewer::Anybody => query.filter(
                services::visibility
                    .eq(Visibility::Public.name())
                    .and(services::standing.eq(Standing::Listed.name())),
            ),
            Viewer::Member(own) => {
                let own = own.map_or_else(String::new, |own| own.to_string());
                let ours = services::member.is_not_null().and(services::member.assume_not_null().eq(own));
                let decided = services::standing.ne(Standing::Proposed.name());
                query.filter(services::visibility.ne(Visibility::Restricted.name()).and(decided).or(ours))
            }
            Viewer::Keeper => query,
        };
        if let Some(at) = $sieve.narrowed.modified_after {
            query = query.filter(services::updated_at.ge(at.micros()));
        }
        for condition in conditions($sieve) {
            query = query.filter(condition);
        }
        among!(query, $db, "services.id", &$sieve.among.services)
    }};
}

/// Services at locations of which a viewer may know where they are.
macro_rules! told {
    ($query:expr, $viewer:expr) => {
        match of_told_places($viewer) {
            Some(condition) => $query.filter(condition),
            None => $query,
        }
    };
}

type Condition = diesel::expression::SqlLiteral<diesel::sql_types::Bool>;

/// What diesel has no way to write for both engines: a list that is a query of its own. Only ids, numbers and folded words stand
/// in it.
fn conditions(sieve: &Sieve) -> Vec<Condition> {
    texts(sieve).iter().map(|condition| diesel::dsl::sql(condition)).collect()
}

fn texts(sieve: &Sieve) -> Vec<String> {
    let narrowed = &sieve.narrowed;
    let bearing = |terms: String| {
        format!(
            "services.row_id IN (SELECT parent FROM directory_links WHERE tbl = 'attribute' AND via = 'link_id' \
             AND id IN (SELECT id FROM directory_links WHERE tbl = 'attribute' AND via = 'taxonomy_term_id' AND parent {terms}))"
        )
    };
    let organization = narrowed.organization.map(|id| {
        format!(
            "services.row_id IN (SELECT id FROM directory_links WHERE parent = '{id}' AND tbl = 'service' AND via = 'organization_id')"
        )
    });
    let term = narrowed.term.map(|id| bearing(format!("= '{id}'")));
    let taxonomy = narrowed.taxonomy.map(|id| {
        bearing(format!(
            "IN (SELECT id FROM directory_links WHERE parent = '{id}' AND tbl = 'taxonomy_term' AND via = 'taxonomy_id')"
        ))
    });
    [organization, term, taxonomy].into_iter().flatten().collect()
}

/// Rows whose id is one of many: these are handed over as one text, because a statement has no room for as many values.
macro_rules! among {
    ($query:expr, $db:expr, $column:literal, $ids:expr) => {
        match $ids {
            Some(ids) => {
                let many = match $db.engine() {
                    Engine::Sqlite => "SELECT value FROM json_each(",
                    Engine::Postgres => "SELECT json_array_elements_text(",
                };
                let end = if $db.engine() == Engine::Sqlite { "))" } else { "::json))" };
                let is_among =
                    diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("{} IN ({many}", $column));
                $query.filter(is_among.bind::<diesel::sql_types::Text, _>(ids.clone()).sql(end))
            }
            None => $query,
        }
    };
}

/// Agreements that fit. Which of them a viewer may see was asked before.
macro_rules! agreements {
    ($query:expr, $db:expr, $sieve:expr) => {{
        let query = named!(present!($query, "agreement"), &$sieve.words);
        among!(query, $db, "directory_rows.id", &$sieve.rows)
    }};
}

/// Which part of a list, in the order in which the rows came.
#[derive(Clone, Copy, Debug)]
pub(in crate::directory) enum Window {
    /// So many behind the first ones.
    Numbered {
        /// How many to pass over.
        skip: i64,
        /// How many to take.
        take: i64,
    },
    /// So many behind a place.
    Behind {
        /// The place.
        place: i64,
        /// How many to take.
        take: i64,
    },
    /// One of them.
    One(Uuid),
}

/// A row of a list.
#[derive(Queryable)]
pub(in crate::directory) struct Listed {
    pub(in crate::directory) id: String,
    pub(in crate::directory) place: i64,
    pub(in crate::directory) changed: i64,
}

/// Loads the rows of a window.
macro_rules! windowed {
    ($db:expr, $query:expr, $id:expr, $place:expr, $window:expr) => {{
        let query = $query.order($place);
        let query = match $window {
            Window::Numbered { skip, take } => query.offset(skip).limit(take),
            Window::Behind { place, take } => query.filter($place.gt(place)).limit(take),
            Window::One(id) => query.filter($id.eq(id.to_string())).limit(1),
        };
        query.load::<Listed>($db.conn())
    }};
}

/// Documents of a kind that fit, in a window.
pub(in crate::directory) fn list(
    db: &mut Db<'_>,
    viewer: Viewer,
    (kind, sieve): (Kind, &Sieve),
    window: Window,
) -> Result<Vec<Listed>, StorageError> {
    let row = (directory_rows::id, directory_rows::place, directory_rows::place);
    Ok(match kind {
        Kind::Service => {
            let row = (services::row_id, services::place, services::updated_at);
            let query = fitting!(services::table.select(row).into_boxed(), db, viewer, sieve);
            windowed!(db, query, services::row_id, services::place, window)?
        }
        Kind::Place => {
            let query = fitting!(places!().select(row).distinct().into_boxed(), db, viewer, sieve);
            let query = told!(query, viewer);
            let query = among!(query, db, "directory_rows.id", &sieve.among.places);
            windowed!(db, query, directory_rows::id, directory_rows::place, window)?
        }
        Kind::Organization => {
            let query = organizations!(directory_rows::table.select(row).into_boxed(), db, viewer, sieve);
            windowed!(db, query, directory_rows::id, directory_rows::place, window)?
        }
        Kind::Agreement => {
            let query = agreements!(directory_rows::table.select(row).into_boxed(), db, sieve);
            windowed!(db, query, directory_rows::id, directory_rows::place, window)?
        }
        Kind::Taxonomy | Kind::Term => {
            let query = terms!(directory_rows::table.select(row).into_boxed(), viewer, (kind, sieve));
            windowed!(db, query, directory_rows::id, directory_rows::place, window)?
        }
    })
}

/// How many there are.
pub(in crate::directory) fn count(
    db: &mut Db<'_>,
    viewer: Viewer,
    (kind, sieve): (Kind, &Sieve),
) -> Result<i64, StorageError> {
    let rows = diesel::dsl::count(directory_rows::id).aggregate_distinct();
    Ok(match kind {
        Kind::Service => {
            let all = diesel::dsl::count(services::row_id);
            fitting!(services::table.select(all).into_boxed(), db, viewer, sieve).first(db.conn())?
        }
        Kind::Place => {
            let query = fitting!(places!().select(rows).into_boxed(), db, viewer, sieve);
            let query = told!(query, viewer);
            among!(query, db, "directory_rows.id", &sieve.among.places).first(db.conn())?
        }
        Kind::Organization => {
            organizations!(directory_rows::table.select(rows).into_boxed(), db, viewer, sieve)
                .first(db.conn())?
        }
        Kind::Agreement => {
            agreements!(directory_rows::table.select(rows).into_boxed(), db, sieve).first(db.conn())?
        }
        Kind::Taxonomy | Kind::Term => {
            terms!(directory_rows::table.select(rows).into_boxed(), viewer, (kind, sieve)).first(db.conn())?
        }
    })
}

/// A row that another source gave before is shown once. The others are found by their id alone: by table and place, which a planner
/// without statistics may choose as well, each row would be compared with all before it.
const FIRST: &str = "NOT EXISTS (SELECT 1 FROM directory_rows AS other WHERE other.id = directory_rows.id \
    AND other.tbl || '' = directory_rows.tbl AND other.place + 0 < directory_rows.place AND other.place + 0 > 0 \
    AND other.missing_since IS NULL)";

/// Services at locations whose whereabouts are no secret, or where the viewer offers something.
fn of_told_places(viewer: Viewer) -> Option<Condition> {
    let secret = "SELECT at.id FROM directory_links AS at JOIN directory_rows AS location ON location.id = at.parent \
        AND location.confidential = 1 WHERE at.tbl = 'service_at_location' AND at.via = 'location_id'";
    let own = match viewer {
        Viewer::Keeper => return None,
        Viewer::Member(Some(own)) => format!(
            " OR directory_rows.id IN (SELECT at.id FROM directory_links AS at \
             JOIN directory_links AS other ON other.parent = at.parent AND other.via = 'location_id' AND other.tbl = 'service_at_location' \
             JOIN directory_links AS offered ON offered.id = other.id AND offered.via = 'service_id' AND offered.tbl = 'service_at_location' \
             JOIN services AS own ON own.row_id = offered.parent AND own.member = '{own}' \
             WHERE at.via = 'location_id' AND at.tbl = 'service_at_location')"
        ),
        Viewer::Member(None) | Viewer::Anybody => String::new(),
    };
    Some(diesel::dsl::sql(&format!("(directory_rows.id NOT IN ({secret}){own})")))
}

/// Organisations with a service that the viewer may see and that fits; and those that have none and never had, for whom something of their source is
/// there to see: a list that is for members does not tell the public who is in it. Where something is asked of services, what has none does not fit.
///
/// What an organisation offers or offered is still linked with it when its source does not give it any more: whoever had nothing but what the
/// viewer may not see stays away with it.
fn of_seen_organizations(viewer: Viewer, sieve: &Sieve) -> Condition {
    let mut fitting =
        vec![String::from("services.missing_since IS NULL"), String::from("services.place > 0")];
    fitting.extend(match viewer {
        Viewer::Anybody => {
            Some(String::from("services.visibility = 'public' AND services.standing = 'listed'"))
        }
        Viewer::Member(Some(own)) => {
            Some(format!(
                "(services.visibility <> 'restricted' AND services.standing <> 'proposed' OR services.member = '{own}')"
            ))
        }
        Viewer::Member(None) => Some(String::from(
            "services.visibility <> 'restricted' AND services.standing <> 'proposed'",
        )),
        Viewer::Keeper => None,
    });
    let changed = sieve.narrowed.modified_after.map(|at| format!("services.updated_at >= {}", at.micros()));
    let asked: Vec<String> = texts(sieve).into_iter().chain(changed).collect();
    let is_asked = !asked.is_empty();
    fitting.extend(asked);
    let named = "SELECT 1 FROM directory_links AS named";
    let theirs =
        "named.parent = directory_rows.id AND named.tbl = 'service' AND named.via = 'organization_id'";
    let fitting = fitting.join(" AND ");
    let offering =
        format!("EXISTS ({named} JOIN services ON services.row_id = named.id WHERE {theirs} AND {fitting})");
    if is_asked {
        return diesel::dsl::sql(&offering);
    }
    let of_source = "SELECT 1 FROM services WHERE services.source = directory_rows.source";
    let seen = match viewer {
        Viewer::Anybody => {
            format!(
                " AND EXISTS ({of_source} AND services.visibility = 'public' AND services.standing = 'listed')"
            )
        }
        Viewer::Member(_) => format!(
            " AND (EXISTS ({of_source} AND services.visibility IN ('public', 'members')) OR NOT EXISTS ({of_source}))"
        ),
        Viewer::Keeper => String::new(),
    };
    diesel::dsl::sql(&format!("({offering} OR (NOT EXISTS ({named} WHERE {theirs}){seen}))"))
}

/// Words of a source are there for those who may see one of its services, or when it has none: they may name what is hidden.
fn of_seen_sources(viewer: Viewer) -> Option<Condition> {
    let seen = match viewer {
        Viewer::Anybody => "= 'public'",
        Viewer::Member(_) => "<> 'restricted'",
        Viewer::Keeper => return None,
    };
    let theirs = "SELECT 1 FROM services WHERE services.source = directory_rows.source";
    Some(diesel::dsl::sql(&format!(
        "(EXISTS ({theirs} AND services.visibility {seen}) OR NOT EXISTS ({theirs}))"
    )))
}

fn terms_of(narrowed: &Narrowed) -> Vec<Condition> {
    let under = |via: &str, parent: Uuid| {
        format!(
            "directory_rows.id IN (SELECT id FROM directory_links WHERE parent = '{parent}' AND tbl = 'taxonomy_term' AND via = '{via}')"
        )
    };
    let top = "directory_rows.id NOT IN (SELECT id FROM directory_links WHERE tbl = 'taxonomy_term' AND via = 'parent_id')";
    let all = [
        narrowed.taxonomy.map(|taxonomy| under("taxonomy_id", taxonomy)),
        narrowed.parent.map(|parent| under("parent_id", parent)),
        narrowed.top_only.then(|| top.to_owned()),
    ];
    all.into_iter().flatten().map(|condition| diesel::dsl::sql(&condition)).collect()
}

/// What is known here of a service, beside its row.
#[derive(Clone, Debug)]
pub(in crate::directory) struct Seen {
    /// When it last changed.
    pub(in crate::directory) changed: Timestamp,
    /// When it was last verified, or checked by its source.
    pub(in crate::directory) verified: Option<Timestamp>,
    /// By when it must be verified again; nothing where its source checked it.
    pub(in crate::directory) verify_by: Option<Timestamp>,
    /// Since when it is flagged, because it did not fit what people met too often.
    pub(in crate::directory) flagged: Option<Timestamp>,
    /// Whether a verification found it closed, or those who keep the directory do not list it.
    pub(in crate::directory) is_inactive: bool,
    /// What was said of whether it takes people.
    pub(in crate::directory) intake: SeenIntake,
}

/// What was said of whether a service takes people, which may have run out.
#[derive(Clone, Debug)]
pub(in crate::directory) struct SeenIntake {
    /// Whether it does.
    pub(in crate::directory) availability: Availability,
    /// How many it can take.
    pub(in crate::directory) places: Option<i64>,
    /// What the provider adds.
    pub(in crate::directory) note: Option<String>,
    /// Until when it holds.
    pub(in crate::directory) until: Option<Timestamp>,
}

/// What is read of a service beside its row.
#[derive(Queryable)]
struct SeenRow {
    id: String,
    changed: i64,
    verified: Option<i64>,
    verify_by: Option<i64>,
    flagged: Option<i64>,
    closed: Option<i64>,
    standing: String,
    availability: String,
    places: Option<i64>,
    note: Option<String>,
    until: Option<i64>,
}

impl SeenRow {
    fn seen(self) -> Seen {
        let at = |at: Option<i64>| at.map(Timestamp::from_micros);
        Seen {
            changed: Timestamp::from_micros(self.changed),
            verified: at(self.verified),
            verify_by: at(self.verify_by),
            flagged: at(self.flagged),
            is_inactive: self.closed.is_some() || self.standing != Standing::Listed.name(),
            intake: SeenIntake {
                availability: Availability::from_name(&self.availability).unwrap_or(Availability::Unknown),
                places: self.places,
                note: self.note,
                until: at(self.until),
            },
        }
    }
}

/// Those of these services that the viewer may see, and when they last changed.
pub(in crate::directory) fn seen(
    db: &mut Db<'_>,
    viewer: Viewer,
    ids: &[String],
) -> Result<HashMap<String, Seen>, StorageError> {
    let (mut found, all) = (HashMap::new(), Sieve::nothing());
    for ids in ids.chunks(AT_ONCE) {
        let query = services::table
            .filter(services::row_id.eq_any(ids))
            .select((
                services::row_id,
                services::updated_at,
                services::verified_at,
                services::verify_by,
                services::flagged_at,
                services::closed_at,
                services::standing,
                services::availability,
                services::availability_places,
                services::availability_note,
                services::availability_until,
            ))
            .into_boxed();
        let rows: Vec<SeenRow> = fitting!(query, db, viewer, &all).load(db.conn())?;
        found.extend(rows.into_iter().map(|row| (row.id.clone(), row.seen())));
    }
    Ok(found)
}
