//! Databases for tests: a copy of a migrated SQLite file, or a leased PostgreSQL database.

use std::{
    path::{Path, PathBuf},
    sync::{Condvar, LazyLock, Mutex},
    time::Duration,
};

use diesel::{
    Connection as _, PgConnection, QueryResult, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _,
};
use throughline::{
    hub::Hub,
    storage::{Opening, Store},
};

/// How many PostgreSQL databases the tests share.
const SHARED: usize = 6;

/// A database for one test. Dropping it gives it back.
pub(crate) struct Lease {
    pub(crate) url: String,
    slot: Option<usize>,
}

/// Which of them this process has made already.
static MADE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

static FREE: LazyLock<(Mutex<Vec<usize>>, Condvar)> =
    LazyLock::new(|| (Mutex::new((0..SHARED).collect()), Condvar::new()));

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            FREE.0.lock().unwrap().push(slot);
            FREE.1.notify_one();
        }
    }
}

/// The address of the PostgreSQL server that tests should use, if any.
pub(crate) fn postgres() -> Option<String> {
    std::env::vars().find(|(name, _)| name == "THROUGHLINE_TEST_DATABASE_URL").map(|(_, url)| url)
}

pub(crate) fn opening(url: &str) -> Opening {
    Opening {
        url: url.to_owned(),
        readers: 2,
        writers: 2,
        batch: 16,
        queue: 256,
        statement_timeout: Duration::from_secs(20),
        lock_timeout: Duration::from_secs(20),
    }
}

pub(crate) fn lease(folder: &Path) -> Lease {
    match postgres() {
        Some(server) => lease_postgres(&server),
        None => lease_sqlite(folder),
    }
}

pub(crate) fn lease_sqlite(folder: &Path) -> Lease {
    static TEMPLATE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(opening(&format!("sqlite:{}", folder.path().join("live.db").display()))).unwrap();
        store.migrate().unwrap();
        let template = folder.path().join("template.db");
        store.backup_to(&template).unwrap();
        store.close();
        (folder, template)
    });
    let file = folder.join("hub.db");
    std::fs::copy(&TEMPLATE.1, &file).unwrap();
    Lease { url: format!("sqlite:{}", file.display()), slot: None }
}

fn lease_postgres(server: &str) -> Lease {
    let mut free = FREE.0.lock().unwrap();
    let slot = loop {
        match free.pop() {
            Some(slot) => break slot,
            None => free = FREE.1.wait(free).unwrap(),
        }
    };
    drop(free);
    let (base, _) = server.rsplit_once('/').unwrap();
    // Several test processes may run at once, so the name carries ours.
    let name = format!("throughline_test_{}_{slot}", std::process::id());
    let url = format!("{base}/{name}");
    let mut made = MADE.lock().unwrap();
    if made.contains(&slot) {
        drop(made);
        clean(&url);
    } else {
        let mut admin = PgConnection::establish(server).unwrap();
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
        admin
            .batch_execute(&format!(
                "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            ))
            .unwrap();
        let store = Store::open(opening(&url)).unwrap();
        store.migrate().unwrap();
        store.close();
        made.push(slot);
    }
    Lease { url, slot: Some(slot) }
}

/// Runs statements on a database.
pub(crate) fn execute(url: &str, statements: &str) {
    match url.strip_prefix("sqlite:") {
        // A hub that serves may be writing.
        Some(path) => SqliteConnection::establish(path)
            .unwrap()
            .batch_execute(&format!("PRAGMA busy_timeout = 20000; {statements}")),
        None => PgConnection::establish(url).unwrap().batch_execute(statements),
    }
    .unwrap();
}

/// Waits until somebody waits for a lock in a PostgreSQL database.
pub(crate) fn wait_for_a_lock(url: &str) {
    let mut conn = PgConnection::establish(url).unwrap();
    let waiting = "SELECT query AS line FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..4_000 {
        if !diesel::sql_query(waiting).load::<Line>(&mut conn).unwrap().is_empty() {
            return;
        }
        conn.batch_execute("SELECT pg_sleep(0.005)").unwrap();
    }
    panic!("nobody waits for a lock");
}

fn clean(url: &str) {
    let mut conn = PgConnection::establish(url).unwrap();
    // The log refuses to be emptied; only a superuser can look past its triggers, for this one session.
    conn.batch_execute(
        "SET session_replication_role = replica;
         DO $$ DECLARE names text; BEGIN
           SELECT string_agg(quote_ident(tablename), ', ') INTO names FROM pg_tables
             WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations';
           EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE';
         END $$",
    )
    .unwrap();
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// All rows of all tables as text.
pub(crate) fn dump(hub: &Hub, lease: &Lease) -> String {
    if let Some(path) = lease.url.strip_prefix("sqlite:") {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        hub.store().backup_to(&copy).unwrap();
        let mut bytes = std::fs::read(&copy).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    rows_of_postgres(&lease.url)
}

/// Every table with its rows, of a database that no hub need be able to open; the bytes of a SQLite file that is none.
pub(crate) fn contents(url: &str) -> String {
    let Some(path) = url.strip_prefix("sqlite:") else { return rows_of_postgres(url) };
    match std::fs::read(path) {
        Ok(bytes) => rows_of_sqlite(path).unwrap_or_else(|_| format!("{bytes:?}")),
        Err(unreadable) => unreadable.to_string(),
    }
}

fn rows_of_sqlite(path: &str) -> QueryResult<String> {
    let mut conn = SqliteConnection::establish(path).unwrap();
    let mut load = |sql: String| diesel::sql_query(sql).load::<Line>(&mut conn);
    let mut all = String::new();
    for table in load("SELECT name AS line FROM sqlite_master WHERE type = 'table' ORDER BY 1".into())? {
        let table = table.line;
        let columns = load(format!(
            "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') AS line FROM pragma_table_info('{table}')"
        ))?;
        all.push_str(&table);
        for row in load(format!("SELECT {} AS line FROM \"{table}\"", columns[0].line))? {
            all.push('\n');
            all.push_str(&row.line);
        }
    }
    Ok(all)
}

fn rows_of_postgres(url: &str) -> String {
    let mut conn = PgConnection::establish(url).unwrap();
    let tables: Vec<Line> = diesel::sql_query(
        "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    )
    .load(&mut conn)
    .unwrap();
    let mut all = String::new();
    for table in tables {
        all.push_str(&table.line);
        let rows: Vec<Line> = diesel::sql_query(format!("SELECT t::text AS line FROM {} t", table.line))
            .load(&mut conn)
            .unwrap();
        for row in rows {
            all.push('\n');
            all.push_str(&row.line);
        }
    }
    all
}
