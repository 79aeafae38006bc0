//! The tables that the directory is searched in.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Bool},
};

use super::{
    sphere::{Around, Point},
    vocabulary::{self, MARKS, Vocabulary},
};
use crate::{
    access::Tx,
    directory::{Availability, Listing, Viewer, Visibility, upkeep::availability_at},
    kernel::Timestamp,
    storage::{
        Conn, Db, StorageError,
        schema::directory::{
            directory_facets, directory_hours, directory_places, directory_terms, directory_vocabulary,
            directory_vocabulary_mark, directory_words, services,
        },
    },
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// Inserts rows in portions, with one statement each.
macro_rules! insert_all {
    ($tx:expr, $table:expr, $rows:expr) => {
        for rows in $rows.chunks(AT_ONCE) {
            let insert = diesel::insert_into($table).values(rows);
            match $tx.db().conn() {
                Conn::Sqlite(conn) => insert.execute(conn)?,
                Conn::Postgres(conn) => insert.execute(conn)?,
            };
        }
    };
}

// Entering

/// What a service is entered from.
#[derive(Queryable)]
pub(super) struct Unsearched {
    pub(super) id: String,
    pub(super) row: String,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) description: String,
    pub(super) area: Option<String>,
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
        ))
        .into_boxed();
    if let Some(source) = source {
        query = query.filter(services::source.eq(source));
    }
    Ok(query.load(db.conn())?)
}

/// A word of a service.
#[derive(Insertable)]
#[diesel(table_name = directory_words)]
pub(super) struct WordRow {
    pub(super) word: String,
    pub(super) service: String,
    pub(super) weight: i64,
}

/// A place of a service.
#[derive(Insertable)]
#[diesel(table_name = directory_places)]
pub(super) struct PlaceRow {
    place: String,
    service: String,
    x: f64,
    y: f64,
    z: f64,
}

impl PlaceRow {
    pub(super) fn new(place: String, service: String, at: Point) -> Self {
        Self { place, service, x: at.x, y: at.y, z: at.z }
    }
}

/// Whom a service says it takes.
#[derive(Insertable)]
#[diesel(table_name = directory_terms)]
pub(super) struct TermsRow {
    pub(super) service: String,
    pub(super) body: String,
}

/// When a service is open.
#[derive(Insertable)]
#[diesel(table_name = directory_hours)]
pub(super) struct HoursRow {
    pub(super) service: String,
    pub(super) body: String,
}

/// Something that lists are narrowed by.
#[derive(Insertable)]
#[diesel(table_name = directory_facets)]
pub(super) struct FacetRow {
    pub(super) facet: &'static str,
    pub(super) value: String,
    pub(super) service: String,
}

/// What services are found by.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) words: Vec<WordRow>,
    pub(super) places: Vec<PlaceRow>,
    pub(super) terms: Vec<TermsRow>,
    pub(super) hours: Vec<HoursRow>,
    /// Services by whether their providers tell the authorities.
    pub(super) reporting: BTreeMap<&'static str, Vec<String>>,
    pub(super) facets: Vec<FacetRow>,
}

#[derive(Insertable)]
#[diesel(table_name = directory_vocabulary)]
struct VocabularyRow<'a> {
    word: &'a str,
}

/// Enters services in the place of what was entered of them before.
pub(super) fn replace(tx: &mut Tx<'_>, services: &[String], entered: &Entered) -> Result<(), StorageError> {
    for ids in services.chunks(AT_ONCE) {
        diesel::delete(directory_words::table.filter(directory_words::service.eq_any(ids)))
            .execute(tx.db().conn())?;
        diesel::delete(directory_places::table.filter(directory_places::service.eq_any(ids)))
            .execute(tx.db().conn())?;
        diesel::delete(directory_terms::table.filter(directory_terms::service.eq_any(ids)))
            .execute(tx.db().conn())?;
        diesel::delete(directory_facets::table.filter(directory_facets::service.eq_any(ids)))
            .execute(tx.db().conn())?;
        diesel::delete(directory_hours::table.filter(directory_hours::service.eq_any(ids)))
            .execute(tx.db().conn())?;
        diesel::update(services::table.filter(services::id.eq_any(ids)))
            .set(services::searched.eq(1))
            .execute(tx.db().conn())?;
    }
    insert_all!(tx, directory_words::table, entered.words);
    insert_all!(tx, directory_places::table, entered.places);
    insert_all!(tx, directory_terms::table, entered.terms);
    insert_all!(tx, directory_facets::table, entered.facets);
    insert_all!(tx, directory_hours::table, entered.hours);
    for (word, ids) in &entered.reporting {
        diesel::update(services::table.filter(services::id.eq_any(ids)))
            .set(services::reporting.eq(word))
            .execute(tx.db().conn())?;
    }
    let known: BTreeSet<&str> = entered.words.iter().map(|row| row.word.as_str()).collect();
    enter_words(tx, known)
}

fn enter_words(tx: &mut Tx<'_>, mut words: BTreeSet<&str>) -> Result<(), StorageError> {
    let asked: Vec<&str> = words.iter().copied().collect();
    for asked in asked.chunks(AT_ONCE) {
        let known: Vec<String> = directory_vocabulary::table
            .filter(directory_vocabulary::word.eq_any(asked.iter().copied()))
            .select(directory_vocabulary::word)
            .load(tx.db().conn())?;
        for word in known {
            words.remove(word.as_str());
        }
    }
    let rows: Vec<VocabularyRow<'_>> = words.iter().map(|word| VocabularyRow { word }).collect();
    insert_all!(tx, directory_vocabulary::table, rows);
    let worth = words.iter().fold(0, |sum, word| vocabulary::add(sum, vocabulary::worth(word)));
    move_mark(tx, worth)
}

/// Says that other words are there now.
fn move_mark(tx: &mut Tx<'_>, by: i64) -> Result<(), StorageError> {
    if by == 0 {
        return Ok(());
    }
    let moved = sql::<BigInt>(&format!("(mark + {by}) % {MARKS}"));
    let known = diesel::update(directory_vocabulary_mark::table)
        .set(directory_vocabulary_mark::mark.eq(moved))
        .execute(tx.db().conn())?;
    if known == 0 {
        let first = (directory_vocabulary_mark::id.eq(1), directory_vocabulary_mark::mark.eq(by));
        diesel::insert_into(directory_vocabulary_mark::table).values(first).execute(tx.db().conn())?;
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

/// Forgets everything that was entered of a source. While its services are still there.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE source = {})", quoted(source));
    diesel::delete(directory_words::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_places::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_terms::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_facets::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_hours::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    sweep(tx)
}

/// Forgets words that no service has any more.
pub(in crate::directory) fn sweep(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    let unused =
        "NOT EXISTS (SELECT 1 FROM directory_words AS used WHERE used.word = directory_vocabulary.word)";
    let gone: Vec<String> = directory_vocabulary::table
        .filter(sql::<Bool>(unused))
        .select(directory_vocabulary::word)
        .load(tx.db().conn())?;
    let mut worth = 0;
    for words in gone.chunks(AT_ONCE) {
        diesel::delete(directory_vocabulary::table.filter(directory_vocabulary::word.eq_any(words)))
            .execute(tx.db().conn())?;
        let theirs = words.iter().map(|word| vocabulary::worth(word));
        worth = theirs.fold(worth, |sum, worth| vocabulary::add(sum, MARKS.saturating_sub(worth)));
    }
    move_mark(tx, worth)
}

/// Lets the planner know what the tables hold now, after much came in. SQLite plans without.
pub(in crate::directory) fn analyse(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    if let Conn::Postgres(conn) = tx.db().conn() {
        let tables = "directory_rows, directory_links, directory_words, directory_vocabulary, directory_places, services";
        diesel::sql_query(format!("ANALYZE {tables}")).execute(conn)?;
    }
    Ok(())
}

// Finding

/// The words of the directory.
pub(super) fn vocabulary(db: &mut Db<'_>) -> Result<Arc<Vocabulary>, StorageError> {
    let before = mark(db)?;
    if let Some(kept) = Vocabulary::kept(before) {
        return Ok(kept);
    }
    let words = directory_vocabulary::table.select(directory_vocabulary::word).load(db.conn())?;
    let vocabulary = Arc::new(Vocabulary::of(words));
    // Others may have come meanwhile; then it is good for this search and no other.
    if mark(db)? == before {
        vocabulary.keep(before);
    }
    Ok(vocabulary)
}

fn mark(db: &mut Db<'_>) -> Result<i64, StorageError> {
    let mark = directory_vocabulary_mark::table.select(directory_vocabulary_mark::mark).first(db.conn());
    Ok(mark.optional()?.unwrap_or(0))
}

/// How rows are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By their words.
    Words,
    /// By their services, which are few: an index of words would only be in the way.
    Services,
}

/// The condition that a row has a word: one of these, or one that begins so. What it is asked of has a column `word`.
pub(super) fn has_word(beginning: &str, alike: &BTreeMap<String, usize>, by: By) -> String {
    let word = if by == By::Words { "word" } else { "(word || '')" };
    let alike: Vec<String> = alike.keys().map(|word| quoted(word)).collect();
    let (from, to) = (quoted(beginning), quoted(&format!("{beginning}\u{10ffff}")));
    let begins = format!("({word} >= {from} AND {word} < {to})");
    if alike.is_empty() { begins } else { format!("({begins} OR {word} IN ({}))", alike.join(", ")) }
}

/// Services of rows of a table that fit a condition, if these are few.
pub(super) fn few(
    db: &mut Db<'_>,
    (table, condition): (&str, &str),
    most: usize,
) -> Result<Option<BTreeSet<String>>, StorageError> {
    let more = most.saturating_add(1);
    let statement = format!("SELECT service FROM {table} WHERE {condition} LIMIT {more}");
    let found: Vec<FoundService> = diesel::sql_query(statement).load(db.conn())?;
    Ok((found.len() <= most).then(|| found.into_iter().map(|found| found.service).collect()))
}

#[derive(QueryableByName)]
struct FoundService {
    #[diesel(sql_type = diesel::sql_types::Text)]
    service: String,
}

/// The condition that a column names one of these services.
pub(super) fn is_one_of<'a>(column: &str, ids: impl Iterator<Item = &'a String>) -> String {
    let ids: Vec<String> = ids.map(|id| quoted(id)).collect();
    // Nothing is in an empty list.
    if ids.is_empty() { String::from("1 = 0") } else { format!("{column} IN ({})", ids.join(", ")) }
}

/// The condition that a point in space lies within. What it is asked of has columns `x`, `y` and `z`.
pub(super) fn is_within(around: Around) -> String {
    let (line, Point { x, y, z }) = (around.line(), around.middle);
    let range = |name: &str, at: f64| format!("{name} BETWEEN ({:?}) AND ({:?})", at - line, at + line);
    let square = |name: &str, at: f64| format!("({name} - ({at:?})) * ({name} - ({at:?}))");
    format!(
        "({} AND {} AND {} AND {} + {} + {} <= {:?})",
        range("z", z),
        range("x", x),
        range("y", y),
        square("x", x),
        square("y", y),
        square("z", z),
        line * line
    )
}

/// The condition that a service is offered and that a viewer may see it.
pub(super) fn is_open(viewer: Viewer) -> String {
    let offered = format!("status = {} AND missing_since IS NULL", quoted(Listing::Active.name()));
    match viewer {
        Viewer::Keeper => offered,
        Viewer::Anybody => format!("{offered} AND visibility = {}", quoted(Visibility::Public.name())),
        Viewer::Member(own) => {
            let own = own.map_or_else(String::new, |own| own.to_string());
            format!(
                "{offered} AND (visibility <> {} OR member = {})",
                quoted(Visibility::Restricted.name()),
                quoted(&own)
            )
        }
    }
}

/// The condition that a service is not flagged, and not stale: it was verified lately, or never.
pub(super) fn is_trusted(now: Timestamp) -> String {
    let now = now.micros();
    format!(
        "flagged_at IS NULL AND (verified_at IS NULL OR verify_by IS NULL OR verify_by + (verify_by - verified_at) > {now})"
    )
}

/// A text as it stands in a statement. No database holds the sign that is nothing, and one of them refuses to be asked for it.
pub(in crate::directory) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// What is ranked.
pub(super) struct Candidate {
    pub(super) id: String,
    /// When it was last verified; of what nobody verified, when it last changed.
    pub(super) fresh_at: i64,
    pub(super) availability: Availability,
}

type CandidateRow = (String, i64, Option<i64>, String, Option<i64>);

/// Services that fit conditions, `most` of them, as they are at a moment.
pub(super) fn candidates(
    db: &mut Db<'_>,
    conditions: &str,
    most: i64,
    now: Timestamp,
) -> Result<Vec<Candidate>, StorageError> {
    let rows: Vec<CandidateRow> = services::table
        .filter(sql::<Bool>(conditions))
        .order(services::id)
        .limit(most)
        .select((
            services::id,
            services::updated_at,
            services::verified_at,
            services::availability,
            services::availability_until,
        ))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(id, changed, verified, said, until)| {
            let said =
                Availability::from_name(&said).ok_or(StorageError::Unreadable("services.availability"))?;
            let availability = availability_at(said, until.map(Timestamp::from_micros), now);
            Ok(Candidate { id, fresh_at: verified.unwrap_or(changed), availability })
        })
        .collect()
}

/// How many services fit conditions.
pub(super) fn count(db: &mut Db<'_>, conditions: &str) -> Result<i64, StorageError> {
    Ok(services::table.filter(sql::<Bool>(conditions)).count().get_result(db.conn())?)
}

/// Words that fit a condition, of services that fit another: service, word, weight.
pub(super) fn words_of(
    db: &mut Db<'_>,
    has_word: &str,
    of_services: &str,
) -> Result<Vec<(String, String, i64)>, StorageError> {
    let theirs = format!("{has_word} AND {of_services}");
    Ok(directory_words::table
        .filter(sql::<Bool>(&theirs))
        .select((directory_words::service, directory_words::word, directory_words::weight))
        .load(db.conn())?)
}

/// Places within, of services that fit a condition.
pub(super) fn places_of(
    db: &mut Db<'_>,
    around: Around,
    of_services: &str,
) -> Result<Vec<(String, Point)>, StorageError> {
    let theirs = format!("{} AND {of_services}", is_within(around));
    let rows: Vec<(String, f64, f64, f64)> = directory_places::table
        .filter(sql::<Bool>(&theirs))
        .select((directory_places::service, directory_places::x, directory_places::y, directory_places::z))
        .load(db.conn())?;
    Ok(rows.into_iter().map(|(service, x, y, z)| (service, Point { x, y, z })).collect())
}

/// The condition that the service whose id stands in a column has one of some facets with one of some values.
pub(super) fn has_facet(id: &str, facets: &[&str], values: &[&str]) -> String {
    let list = |texts: &[&str]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    format!(
        "{id} IN (SELECT service FROM directory_facets WHERE facet IN ({}) AND value IN ({}))",
        list(facets),
        list(values)
    )
}

/// What services that fit conditions say of whom they take.
pub(super) fn terms_of(db: &mut Db<'_>, conditions: &str) -> Result<Vec<(String, String)>, StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE {conditions})");
    Ok(directory_terms::table
        .filter(sql::<Bool>(&theirs))
        .order(directory_terms::service)
        .select((directory_terms::service, directory_terms::body))
        .load(db.conn())?)
}

/// When services that fit conditions are open.
pub(super) fn hours_of(db: &mut Db<'_>, conditions: &str) -> Result<Vec<(String, String)>, StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE {conditions})");
    Ok(directory_hours::table
        .filter(sql::<Bool>(&theirs))
        .select((directory_hours::service, directory_hours::body))
        .load(db.conn())?)
}

/// A facet of services that fit conditions: its values, each with a service.
pub(super) fn facets_of(
    db: &mut Db<'_>,
    (facet, conditions): (&str, &str),
) -> Result<Vec<(String, String)>, StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE {conditions})");
    Ok(directory_facets::table
        .filter(directory_facets::facet.eq(facet))
        .filter(sql::<Bool>(&theirs))
        .select((directory_facets::value, directory_facets::service))
        .load(db.conn())?)
}

/// Service codes of services that fit conditions, with their services.
pub(super) fn codes_of(db: &mut Db<'_>, conditions: &str) -> Result<Vec<(String, String)>, StorageError> {
    let rows: Vec<(Option<String>, String)> = services::table
        .filter(sql::<Bool>(conditions))
        .filter(services::service_code.is_not_null())
        .select((services::service_code, services::id))
        .load(db.conn())?;
    Ok(rows.into_iter().filter_map(|(code, id)| Some((code?, id))).collect())
}
