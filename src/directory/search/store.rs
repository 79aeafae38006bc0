//! The tables that the directory is searched in.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{
    sphere::{Around, Point},
    words,
};
use crate::{
    access::Tx,
    directory::{Availability, Listing, Viewer, Visibility},
    storage::{
        Conn, Db, StorageError,
        schema::directory::{
            directory_facets, directory_places, directory_terms, directory_trigrams, directory_vocabulary,
            directory_words, services,
        },
    },
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

/// How many words that share something with a typed one are compared with it.
const MOST_COMPARED: i64 = 2_000;

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
}

/// Services that are not entered as they are now, of one source or of all.
pub(super) fn unsearched(
    db: &mut Db<'_>,
    source: Option<&str>,
    most: i64,
) -> Result<Vec<Unsearched>, StorageError> {
    let mut query = services::table
        .filter(services::searched.eq(0).and(services::place.gt(0)))
        .order(services::id)
        .limit(most)
        .select((services::id, services::row_id, services::name, services::provider, services::description))
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
    pub(super) facets: Vec<FacetRow>,
}

#[derive(Insertable)]
#[diesel(table_name = directory_vocabulary)]
struct VocabularyRow<'a> {
    word: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = directory_trigrams)]
struct TrigramRow<'a> {
    trigram: String,
    letters: i64,
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
        diesel::update(services::table.filter(services::id.eq_any(ids)))
            .set(services::searched.eq(1))
            .execute(tx.db().conn())?;
    }
    insert_all!(tx, directory_words::table, entered.words);
    insert_all!(tx, directory_places::table, entered.places);
    insert_all!(tx, directory_terms::table, entered.terms);
    insert_all!(tx, directory_facets::table, entered.facets);
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
    let trigrams: Vec<TrigramRow<'_>> = words
        .iter()
        .flat_map(|word| {
            let letters = words::letters(word);
            words::trigrams(word).into_iter().map(move |trigram| TrigramRow { trigram, letters, word })
        })
        .collect();
    insert_all!(tx, directory_vocabulary::table, rows);
    insert_all!(tx, directory_trigrams::table, trigrams);
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

/// Forgets everything that was entered of a source. While its services are still there.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE source = {})", quoted(source));
    diesel::delete(directory_words::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_places::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_terms::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_facets::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    sweep(tx)
}

/// Forgets words that no service has any more.
pub(in crate::directory) fn sweep(tx: &mut Tx<'_>) -> Result<(), StorageError> {
    let unused = |table: &str| {
        format!("NOT EXISTS (SELECT 1 FROM directory_words AS used WHERE used.word = {table}.word)")
    };
    let trigrams = sql::<Bool>(&unused("directory_trigrams"));
    diesel::delete(directory_trigrams::table.filter(trigrams)).execute(tx.db().conn())?;
    let words = sql::<Bool>(&unused("directory_vocabulary"));
    diesel::delete(directory_vocabulary::table.filter(words)).execute(tx.db().conn())?;
    Ok(())
}

// Finding

/// Words of the directory that share enough with a typed one to be compared with it.
pub(super) fn alike(db: &mut Db<'_>, word: &str, edits: usize) -> Result<Vec<String>, StorageError> {
    let trigrams = words::trigrams(word);
    let fewest = words::fewest_shared(trigrams.len(), edits);
    let (letters, edits) = (words::letters(word), i64::try_from(edits).unwrap_or(0));
    let trigrams: Vec<String> = trigrams.iter().map(|trigram| quoted(trigram)).collect();
    let statement = format!(
        "SELECT word FROM directory_trigrams WHERE trigram IN ({}) AND letters BETWEEN {} AND {} \
         GROUP BY word HAVING COUNT(*) >= {fewest} ORDER BY COUNT(*) DESC, word LIMIT {MOST_COMPARED}",
        trigrams.join(", "),
        letters.saturating_sub(edits),
        letters.saturating_add(edits),
    );
    let found: Vec<FoundWord> = diesel::sql_query(statement).load(db.conn())?;
    Ok(found.into_iter().map(|found| found.word).collect())
}

#[derive(QueryableByName)]
struct FoundWord {
    #[diesel(sql_type = diesel::sql_types::Text)]
    word: String,
}

/// The condition that a row has a word: one of these, or one that begins so. What it is asked of has a column `word`.
pub(super) fn has_word(beginning: &str, alike: &BTreeMap<String, usize>) -> String {
    let alike: Vec<String> = alike.keys().map(|word| quoted(word)).collect();
    let begins =
        format!("(word >= {} AND word < {})", quoted(beginning), quoted(&format!("{beginning}\u{10ffff}")));
    if alike.is_empty() { begins } else { format!("({begins} OR word IN ({}))", alike.join(", ")) }
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

/// A text as it stands in a statement.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What is ranked.
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) updated_at: i64,
    pub(super) availability: Availability,
}

/// Services that fit conditions, `most` of them.
pub(super) fn candidates(
    db: &mut Db<'_>,
    conditions: &str,
    most: i64,
) -> Result<Vec<Candidate>, StorageError> {
    let rows: Vec<(String, i64, String)> = services::table
        .filter(sql::<Bool>(conditions))
        .order(services::id)
        .limit(most)
        .select((services::id, services::updated_at, services::availability))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(id, updated_at, availability)| {
            let availability = Availability::from_name(&availability)
                .ok_or(StorageError::Unreadable("services.availability"))?;
            Ok(Candidate { id, updated_at, availability })
        })
        .collect()
}

/// How many services fit conditions.
pub(super) fn count(db: &mut Db<'_>, conditions: &str) -> Result<i64, StorageError> {
    Ok(services::table.filter(sql::<Bool>(conditions)).count().get_result(db.conn())?)
}

/// Words that fit a condition, of services that fit others: service, word, weight.
pub(super) fn words_of(
    db: &mut Db<'_>,
    has_word: &str,
    conditions: &str,
) -> Result<Vec<(String, String, i64)>, StorageError> {
    let theirs = format!("{has_word} AND service IN (SELECT id FROM services WHERE {conditions})");
    Ok(directory_words::table
        .filter(sql::<Bool>(&theirs))
        .select((directory_words::service, directory_words::word, directory_words::weight))
        .load(db.conn())?)
}

/// Places within, of services that fit conditions.
pub(super) fn places_of(
    db: &mut Db<'_>,
    around: Around,
    conditions: &str,
) -> Result<Vec<(String, Point)>, StorageError> {
    let theirs = format!("{} AND service IN (SELECT id FROM services WHERE {conditions})", is_within(around));
    let rows: Vec<(String, f64, f64, f64)> = directory_places::table
        .filter(sql::<Bool>(&theirs))
        .select((directory_places::service, directory_places::x, directory_places::y, directory_places::z))
        .load(db.conn())?;
    Ok(rows.into_iter().map(|(service, x, y, z)| (service, Point { x, y, z })).collect())
}

/// The condition that a service has a facet.
pub(super) fn has_facet(facets: &[&str], value: &str) -> String {
    let facets: Vec<String> = facets.iter().map(|facet| quoted(facet)).collect();
    format!(
        "id IN (SELECT service FROM directory_facets WHERE facet IN ({}) AND value = {})",
        facets.join(", "),
        quoted(value)
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
