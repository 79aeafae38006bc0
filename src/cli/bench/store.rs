//! What a submit leaves in the database, whatever the tables are called: found by looking before and after, and written again with
//! other ids.
//!
//! No table is named here. A copy that named them would go on measuring yesterday's tables when a submit has long been writing to
//! others. Values are read once and inserted as bound values, with a statement that is prepared once, as the hub inserts them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use diesel::{
    QueryableByName, RunQueryDsl,
    backend::Backend,
    connection::{Connection as _, SimpleConnection as _},
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{BigInt, Binary, HasSqlType, Integer, Nullable, SmallInt, Text},
};
use serde_json::Value;

use crate::{
    kernel::{Digest, Timestamp, id::Ids},
    storage::{Conn, Db, Engine, StorageError, Work, Write},
};

/// Makes an empty schema at a server.
pub(super) fn make_schema(server: &str, name: &str) -> Result<(), StorageError> {
    at_server(server, &format!("CREATE SCHEMA {name}"))
}

/// Drops a schema that [`make_schema`] made.
pub(super) fn drop_schema(server: &str, name: &str) -> Result<(), StorageError> {
    at_server(server, &format!("SET client_min_messages = warning; DROP SCHEMA {name} CASCADE"))
}

fn at_server(server: &str, sql: &str) -> Result<(), StorageError> {
    let conn = diesel::PgConnection::establish(server);
    let mut conn = conn.map_err(|error| StorageError::NotOpened(Box::new(error)))?;
    Ok(conn.batch_execute(sql)?)
}

/// Every row of every table, by table.
pub(super) struct Look {
    tables: Vec<Table>,
    rows: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Clone, Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Type)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Bytes,
    Small,
    Int,
    Big,
    /// A fraction. Packets have none: rows with one are told apart, and never written again.
    Real,
    /// A number that the database gives by itself.
    Counted,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    tbl: String,
    #[diesel(sql_type = Text)]
    col: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Integer)]
    counted: i32,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const SQLITE_COLUMNS: &str = "\
SELECT t.name AS tbl, c.name AS col, lower(c.type) AS kind, \
  (c.pk = 1 AND lower(c.type) = 'integer' AND t.wr = 0 \
   AND (SELECT count(*) FROM pragma_table_info(t.name) o WHERE o.pk > 0) = 1) AS counted \
FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
ORDER BY t.name, c.cid";

const POSTGRES_COLUMNS: &str = "\
SELECT table_name::text AS tbl, column_name::text AS col, data_type::text AS kind, \
  (is_identity = 'YES' OR coalesce(column_default, '') LIKE 'nextval%')::int AS counted \
FROM information_schema.columns \
WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%' \
ORDER BY table_name, ordinal_position";

fn select<T: QueryableByName<diesel::sqlite::Sqlite> + QueryableByName<diesel::pg::Pg> + 'static>(
    db: &mut Db<'_>,
    sqlite: &str,
    postgres: &str,
) -> Result<Vec<T>, StorageError> {
    Ok(match db.conn() {
        Conn::Sqlite(conn) => diesel::sql_query(sqlite).load(conn)?,
        Conn::Postgres(conn) => diesel::sql_query(postgres).load(conn)?,
    })
}

impl Look {
    /// Reads everything. For small databases.
    pub(super) fn around(db: &mut Db<'_>) -> Result<Self, StorageError> {
        let tables = tables(db)?;
        let mut rows = BTreeMap::new();
        for table in &tables {
            let query = table.lines(db.engine());
            let lines = select::<Line>(db, &query, &query)?;
            rows.insert(table.name.clone(), lines.into_iter().map(|line| line.line).collect());
        }
        Ok(Self { tables, rows })
    }

    fn holds(&self, word: &str) -> bool {
        self.rows.values().flatten().any(|line| line.contains(word))
    }

    fn has(&self, table: &str, line: &str) -> bool {
        self.rows.get(table).is_some_and(|lines| lines.contains(line))
    }
}

fn tables(db: &mut Db<'_>) -> Result<Vec<Table>, StorageError> {
    let mut tables: Vec<Table> = Vec::new();
    for ColumnRow { tbl, col, kind, counted } in select(db, SQLITE_COLUMNS, POSTGRES_COLUMNS)? {
        let kind = match kind.as_str() {
            _ if counted != 0 => Type::Counted,
            "text" => Type::Text,
            "blob" | "bytea" => Type::Bytes,
            "smallint" => Type::Small,
            "integer" if db.engine() == Engine::Postgres => Type::Int,
            "integer" | "bigint" => Type::Big,
            "real" | "double precision" => Type::Real,
            _ => return Err(StorageError::Unreadable("a column of a type the benchmark does not know")),
        };
        match tables.last_mut() {
            Some(table) if table.name == tbl => table.columns.push((col, kind)),
            _ => tables.push(Table { name: tbl, columns: vec![(col, kind)] }),
        }
    }
    Ok(tables)
}

impl Table {
    /// The statement that reads every row as a JSON array: bytes in hexadecimal, counted columns left out.
    fn lines(&self, engine: Engine) -> String {
        let columns = self.kept().map(|(name, kind)| match (kind, engine) {
            (Type::Bytes, Engine::Sqlite) => {
                format!("CASE WHEN \"{name}\" IS NULL THEN NULL ELSE hex(\"{name}\") END")
            }
            (Type::Bytes, Engine::Postgres) => format!("encode(\"{name}\", 'hex')"),
            (Type::Text | Type::Small | Type::Int | Type::Big | Type::Real | Type::Counted, _) => {
                format!("\"{name}\"")
            }
        });
        let columns: Vec<String> = columns.collect();
        let (make, cast) = match engine {
            Engine::Sqlite => ("json_array", ""),
            Engine::Postgres => ("json_build_array", "::text"),
        };
        format!("SELECT {make}({}){cast} AS line FROM \"{}\"", columns.join(", "), self.name)
    }

    fn kept(&self) -> impl Iterator<Item = (&str, Type)> {
        self.columns
            .iter()
            .filter(|(_, kind)| *kind != Type::Counted)
            .map(|(name, kind)| (name.as_str(), *kind))
    }

    fn insert(&self) -> String {
        let names: Vec<String> = self.kept().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("INSERT INTO \"{}\" ({}) VALUES (", self.name, names.join(", "))
    }
}

/// The rows one submit leaves, as a pattern: what is its own in them is changed from copy to copy.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    rows: Vec<Row>,
    ids: usize,
    digests: usize,
}

#[derive(Clone, Debug)]
struct Row {
    table: String,
    insert: Arc<str>,
    cells: Vec<Cell>,
}

#[derive(Clone, Debug)]
enum Cell {
    Text(Vec<Part>),
    NoText,
    Bytes(Option<Arc<Vec<u8>>>),
    Small(Option<i16>),
    Int(Option<i32>),
    Big(Option<i64>),
}

/// A piece of a text: as it is, or one of the ids or digests that are made anew for each copy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Id(usize),
    Digest(usize),
}

/// Finds the ids and digests that are a submit's own, and numbers them.
struct Own<'a> {
    world: &'a Look,
    ids: Vec<String>,
    digests: Vec<String>,
}

impl Pattern {
    /// What came between two looks. `world` is how things were before anything of the submit, its certificate included, was there:
    /// ids in it belong to everybody.
    pub(super) fn between(world: &Look, before: &Look, after: &Look) -> Result<Self, StorageError> {
        let mut own = Own { world, ids: Vec::new(), digests: Vec::new() };
        let mut rows = Vec::new();
        for table in &after.tables {
            let lines = after.rows.get(&table.name).into_iter().flatten();
            for line in lines.filter(|line| !before.has(&table.name, line)) {
                let values: Vec<Value> =
                    serde_json::from_str(line).map_err(|_ignored| StorageError::Unreadable("row"))?;
                let cells = table.kept().zip(&values).map(|((_, kind), value)| own.cell(kind, value));
                let cells = cells.collect::<Option<_>>().ok_or(StorageError::Unreadable("value"))?;
                rows.push(Row { table: table.name.clone(), insert: table.insert().into(), cells });
            }
        }
        Ok(Self { rows, ids: own.ids.len(), digests: own.digests.len() })
    }

    /// The tables it writes to, and how many rows.
    pub(super) fn tables(&self) -> BTreeMap<&str, usize> {
        let mut tables = BTreeMap::new();
        for row in &self.rows {
            let rows: &mut usize = tables.entry(row.table.as_str()).or_default();
            *rows = rows.saturating_add(1);
        }
        tables
    }

    /// A copy with ids and digests of its own.
    pub(super) fn copy(&self, ids: &dyn Ids, now: Timestamp) -> Copy {
        let fresh: Vec<String> = (0..self.ids).map(|_| ids.uuid(now).simple().to_string()).collect();
        let digest = |_| {
            let mut random = [0u8; 32];
            ids.random(&mut random);
            Digest::from_bytes(random).to_string()
        };
        let digests: Vec<String> = (0..self.digests).map(digest).collect();
        let rows = self.rows.iter().map(|row| {
            let values = row.cells.iter().map(|cell| cell.with(&fresh, &digests)).collect();
            Filled { insert: Arc::clone(&row.insert), values }
        });
        Copy { rows: rows.collect() }
    }
}

impl Own<'_> {
    fn cell(&mut self, kind: Type, value: &Value) -> Option<Cell> {
        let number = || value.as_i64();
        Some(match (kind, value) {
            (Type::Text, Value::String(text)) => Cell::Text(self.parts(text)),
            (Type::Text, Value::Null) => Cell::NoText,
            (Type::Bytes, Value::String(hex)) => Cell::Bytes(Some(Arc::new(bytes(hex)?))),
            (Type::Bytes, Value::Null) => Cell::Bytes(None),
            (Type::Small, Value::Null) => Cell::Small(None),
            (Type::Int, Value::Null) => Cell::Int(None),
            (Type::Big, Value::Null) => Cell::Big(None),
            (Type::Small, _) => Cell::Small(Some(i16::try_from(number()?).ok()?)),
            (Type::Int, _) => Cell::Int(Some(i32::try_from(number()?).ok()?)),
            (Type::Big, _) => Cell::Big(Some(number()?)),
            (Type::Text | Type::Bytes | Type::Real | Type::Counted, _) => return None,
        })
    }

    fn parts(&mut self, text: &str) -> Vec<Part> {
        if text.parse::<Digest>().is_ok() && !self.world.holds(text) {
            return vec![Part::Digest(place(&mut self.digests, text))];
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, id, after)) = next_id(rest) {
            if self.world.holds(id) {
                parts.push(Part::Fixed(format!("{before}{id}")));
            } else {
                parts.extend([Part::Fixed(before.to_owned()), Part::Id(place(&mut self.ids, id))]);
            }
            rest = after;
        }
        parts.push(Part::Fixed(rest.to_owned()));
        parts
    }
}

fn place(list: &mut Vec<String>, word: &str) -> usize {
    if let Some(place) = list.iter().position(|known| known == word) {
        return place;
    }
    list.push(word.to_owned());
    list.len().saturating_sub(1)
}

/// The first id in a text, without its prefix, with what stands before and after it.
fn next_id(text: &str) -> Option<(&str, &str, &str)> {
    let is_hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
    text.match_indices('_').find_map(|(at, _)| {
        let (before, rest) = text.split_at_checked(at.saturating_add(1))?;
        let (id, after) = rest.split_at_checked(ID_DIGITS)?;
        let whole = id.as_bytes().iter().all(is_hex) && !after.as_bytes().first().is_some_and(is_hex);
        whole.then_some((before, id, after))
    })
}

/// How many hexadecimal digits an id has.
const ID_DIGITS: usize = 32;

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    hex.as_bytes().chunks(2).map(pair).collect()
}

impl Cell {
    fn with(&self, ids: &[String], digests: &[String]) -> Bound {
        match self {
            Self::Text(parts) => {
                let text = |part: &Part| match part {
                    Part::Fixed(text) => text.clone(),
                    Part::Id(place) => ids.get(*place).cloned().unwrap_or_default(),
                    Part::Digest(place) => digests.get(*place).cloned().unwrap_or_default(),
                };
                Bound::Text(Some(parts.iter().map(text).collect()))
            }
            Self::NoText => Bound::Text(None),
            Self::Bytes(bytes) => Bound::Bytes(bytes.clone()),
            Self::Small(number) => Bound::Small(*number),
            Self::Int(number) => Bound::Int(*number),
            Self::Big(number) => Bound::Big(*number),
        }
    }
}

/// One copy of the rows, to be written.
#[derive(Debug)]
pub(super) struct Copy {
    rows: Vec<Filled>,
}

#[derive(Debug)]
struct Filled {
    insert: Arc<str>,
    values: Vec<Bound>,
}

#[derive(Debug)]
enum Bound {
    Text(Option<String>),
    Bytes(Option<Arc<Vec<u8>>>),
    Small(Option<i16>),
    Int(Option<i32>),
    Big(Option<i64>),
}

impl Filled {
    fn write(&self, db: &mut Db<'_>) -> Result<(), StorageError> {
        match db.conn() {
            Conn::Sqlite(conn) => self.execute(conn)?,
            Conn::Postgres(conn) => self.execute(conn)?,
        };
        Ok(())
    }
}

impl Work for Copy {
    type Done = ();
    type Refused = StorageError;

    fn run(&mut self, mut write: Write<'_>) -> Result<(), StorageError> {
        self.rows.iter().try_for_each(|row| row.write(write.db()))
    }

    fn note_refusal(&mut self, _write: Write<'_>, _refused: &StorageError) -> Result<(), StorageError> {
        Ok(())
    }
}

impl QueryId for &Filled {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for &Filled {}

impl<DB> QueryFragment<DB> for Filled
where
    DB: Backend
        + HasSqlType<Text>
        + HasSqlType<Binary>
        + HasSqlType<SmallInt>
        + HasSqlType<Integer>
        + HasSqlType<BigInt>,
    Option<String>: ToSql<Nullable<Text>, DB>,
    Vec<u8>: ToSql<Binary, DB>,
    Option<i16>: ToSql<Nullable<SmallInt>, DB>,
    Option<i32>: ToSql<Nullable<Integer>, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(&self.insert);
        for (place, value) in self.values.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            match value {
                Bound::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Bound::Bytes(Some(bytes)) => out.push_bind_param::<Binary, Vec<u8>>(bytes)?,
                Bound::Bytes(None) => out.push_sql("NULL"),
                Bound::Small(number) => out.push_bind_param::<Nullable<SmallInt>, _>(number)?,
                Bound::Int(number) => out.push_bind_param::<Nullable<Integer>, _>(number)?,
                Bound::Big(number) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

/// Finds an order in which the rows can be written, by trying: a row that refers to another comes after it. Writes one copy.
pub(super) struct FindOrder {
    /// The rows, in any order.
    pub(super) pattern: Pattern,
    /// A copy of them, row for row.
    pub(super) copy: Copy,
}

impl Work for FindOrder {
    type Done = Pattern;
    type Refused = StorageError;

    fn run(&mut self, mut write: Write<'_>) -> Result<Pattern, StorageError> {
        let mut waiting: Vec<(&Row, &Filled)> = self.pattern.rows.iter().zip(&self.copy.rows).collect();
        let mut rows = Vec::new();
        while !waiting.is_empty() {
            let (before, mut refused) = (rows.len(), None);
            for (row, filled) in std::mem::take(&mut waiting) {
                match write.savepoint(|db| filled.write(db)) {
                    Ok(()) => rows.push(row.clone()),
                    Err(error) => {
                        refused = Some(error);
                        waiting.push((row, filled));
                    }
                }
            }
            if let Some(error) = refused.filter(|_| rows.len() == before) {
                return Err(error);
            }
        }
        Ok(Pattern { rows, ..self.pattern.clone() })
    }

    fn note_refusal(&mut self, _write: Write<'_>, _refused: &StorageError) -> Result<(), StorageError> {
        Ok(())
    }
}
