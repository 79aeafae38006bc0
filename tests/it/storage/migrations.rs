//! Migrations of both engines, against each other and against the schema in the code.

use std::collections::BTreeMap;

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _,
};
use throughline::storage::Store;

use crate::support::{opening, postgres};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = diesel::sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    column_name: String,
}

type Tables = BTreeMap<String, Vec<String>>;

fn grouped(columns: Vec<Column>) -> Tables {
    let mut tables = Tables::new();
    for column in columns {
        tables.entry(column.table_name).or_default().push(column.column_name);
    }
    for columns in tables.values_mut() {
        columns.sort();
    }
    tables
}

fn sqlite_tables(path: &str) -> Tables {
    let mut conn = SqliteConnection::establish(path).unwrap();
    let columns = diesel::sql_query(
        "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '__diesel%'",
    )
    .load(&mut conn)
    .unwrap();
    grouped(columns)
}

fn postgres_tables(url: &str) -> Tables {
    let mut conn = PgConnection::establish(url).unwrap();
    let columns = diesel::sql_query(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'",
    )
    .load(&mut conn)
    .unwrap();
    grouped(columns)
}

/// Tables and columns as the code names them in `diesel::table!`.
fn tables_in_code() -> Tables {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage/schema");
    let mut tables = Tables::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut current = None;
        for line in text.lines().map(str::trim) {
            if line.starts_with("//") || line.starts_with('#') {
                continue;
            }
            if let Some((name, _)) = line.strip_suffix('{').and_then(|l| l.split_once('(')) {
                current = Some(name.trim().to_owned());
            } else if line == "}" {
                current = None;
            } else if let (Some(table), Some((column, _))) = (&current, line.split_once(" -> ")) {
                tables.entry(table.clone()).or_default().push(column.trim().to_owned());
            }
        }
    }
    for columns in tables.values_mut() {
        columns.sort();
    }
    tables
}

#[test]
fn sqlite_goes_up_down_and_up_again_and_has_the_tables_of_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db").display().to_string();
    let store = Store::open(opening(&format!("sqlite:{path}"))).unwrap();
    assert!(store.require_migrated().is_err());
    store.migrate().unwrap();
    store.require_migrated().unwrap();
    assert_eq!(sqlite_tables(&path), tables_in_code());
    store.revert_all().unwrap();
    assert_eq!(sqlite_tables(&path), Tables::new());
    store.migrate().unwrap();
    assert_eq!(sqlite_tables(&path), tables_in_code());
    store.close();
}

#[test]
fn postgres_goes_up_down_and_up_again_and_has_the_tables_of_the_code() {
    let Some(server) = postgres() else {
        eprintln!("SKIPPED: THROUGHLINE_TEST_DATABASE_URL names no PostgreSQL server");
        return;
    };
    let name = format!("throughline_migrations_{}", std::process::id());
    let mut admin = PgConnection::establish(&server).unwrap();
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let store = Store::open(opening(&url)).unwrap();
    store.migrate().unwrap();
    assert_eq!(postgres_tables(&url), tables_in_code());
    store.revert_all().unwrap();
    assert_eq!(postgres_tables(&url), Tables::new());
    store.migrate().unwrap();
    assert_eq!(postgres_tables(&url), tables_in_code());
    store.close();
    drop(store);
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
}

/// One column of one row, as a number.
#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// The statements of the migrations of an engine, in order, by number.
fn written(engine: &str) -> Vec<(u32, String)> {
    let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<(u32, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let number = name.split('_').next()?.parse().ok()?;
            Some((number, std::fs::read_to_string(entry.path().join("up.sql")).unwrap()))
        })
        .collect();
    found.sort_unstable();
    found
}

/// Two referrals that are over, the second without the event that ended it, and one that is not.
const OLD_REFERRALS: [(&str, &str, &str); 3] = [
    ("'ref_ended'", "'declined', 'DR01'", "'outcome_known'"),
    ("'ref_without'", "'cancelled', 'CX01'", "'outcome_known'"),
    ("'ref_open'", "'delivered', NULL", "'open'"),
];

fn old_rows() -> Vec<String> {
    let digest = "A".repeat(43);
    let mut rows = Vec::new();
    for (id, state, loop_state) in OLD_REFERRALS {
        rows.push(format!(
            "INSERT INTO referrals (id, sender, recipient, subject, packet, envelope, agreement, agreement_version, mode, purpose,
                service, urgency, details_return, vulnerable, terms, state, reason, facts, loop_state, flags, head, events, version,
                submitted_at, changed_at, next_due, overdue_since)
             VALUES ({id}, 'org_a', 'org_b', 'sub', 'pkt', '{digest}', 'dsa', 1, 'consent', 'P01', 'SV07', 'U2', 0, 0, '{{}}',
                {state}, '{{}}', {loop_state}, '{{}}', '{digest}', 1, 1, 10, 900, 0, 0)"
        ));
    }
    for (seq, loop_state, at) in [(1, "open", 20), (2, "outcome_known", 300), (3, "outcome_known", 400)] {
        let (token, number) = if seq == 1 { ("NULL", "T01") } else { ("'token'", "T07") };
        rows.push(format!(
            "INSERT INTO referral_events (referral, seq, id, digest, token, issuer, role, number, asked, state, loop_state, occurred_at,
                recorded_at, receipt, audit_id)
             VALUES ('ref_ended', {seq}, 'evt_{seq}', '{digest}', {token}, 'org_b', 'intake', '{number}', '{{}}', 'declined',
                '{loop_state}', 1, {at}, 'receipt', 'aud')"
        ));
    }
    rows.push(String::from(
        "INSERT INTO withdrawals (id, issuer, subject, record_version, extent, withdrawn_at, version, audit_id)
         VALUES ('wdr', 'org_a', 'sub', 1, '{}', 700, 1, 'aud')",
    ));
    rows.push(String::from(
        "INSERT INTO withdrawal_holders (withdrawal, organisation, holding, due_at) VALUES ('wdr', 'org_b', 'accepted', 800)",
    ));
    rows
}

/// Migrates to the version before, puts rows in as they were then, migrates on, and asks.
fn what_old_rows_become(engine: &str, run: &mut impl FnMut(&str), ask: &mut impl FnMut(&str) -> Vec<i64>) {
    for (number, statements) in written(engine) {
        if number == 12 {
            for row in old_rows() {
                run(&row);
            }
        }
        run(&statements);
    }
    let ended = "SELECT ended_at AS number FROM referral_ends ORDER BY referral";
    assert_eq!(ask(ended), [300, 900], "the first event after which it was over, or else its last change");
    let open = "SELECT COUNT(*) AS number FROM referral_ends WHERE referral = 'ref_open' OR forgotten_at IS NOT NULL";
    assert_eq!(ask(open), [0]);
    assert_eq!(
        ask("SELECT asked_at AS number FROM withdrawal_holders"),
        [700],
        "as long ago as the withdrawal"
    );
    assert_eq!(ask("SELECT CAST(rounds AS BIGINT) AS number FROM withdrawal_holders"), [0]);
}

#[test]
fn old_rows_get_what_newer_tables_know_of_them_on_sqlite() {
    let conn = std::cell::RefCell::new(SqliteConnection::establish(":memory:").unwrap());
    // The organisations do not matter here.
    conn.borrow_mut().batch_execute("PRAGMA foreign_keys = OFF").unwrap();
    what_old_rows_become("sqlite", &mut |sql| conn.borrow_mut().batch_execute(sql).unwrap(), &mut |sql| {
        let rows: Vec<Number> = diesel::sql_query(sql).load(&mut *conn.borrow_mut()).unwrap();
        rows.into_iter().map(|row| row.number).collect()
    });
}

#[test]
fn old_rows_get_what_newer_tables_know_of_them_on_postgres() {
    let Some(server) = postgres() else {
        eprintln!("SKIPPED: THROUGHLINE_TEST_DATABASE_URL names no PostgreSQL server");
        return;
    };
    let name = format!("throughline_old_rows_{}", std::process::id());
    let mut admin = PgConnection::establish(&server).unwrap();
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let conn = std::cell::RefCell::new(PgConnection::establish(&url).unwrap());
    // The organisations do not matter here.
    conn.borrow_mut().batch_execute("SET session_replication_role = replica").unwrap();
    what_old_rows_become("postgres", &mut |sql| conn.borrow_mut().batch_execute(sql).unwrap(), &mut |sql| {
        let rows: Vec<Number> = diesel::sql_query(sql).load(&mut *conn.borrow_mut()).unwrap();
        rows.into_iter().map(|row| row.number).collect()
    });
    drop(conn);
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
}

#[test]
fn both_engines_have_the_same_migrations_each_with_its_reason() {
    let names = |engine: &str| -> Vec<String> {
        let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                for file in ["up.sql", "down.sql"] {
                    let text = std::fs::read_to_string(path.join(file)).unwrap();
                    assert!(
                        text.starts_with("-- "),
                        "{} does not begin with its reason",
                        path.join(file).display()
                    );
                }
                path.file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn a_database_of_a_newer_release_is_refused_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db").display().to_string();
    let store = Store::open(opening(&format!("sqlite:{path}"))).unwrap();
    store.migrate().unwrap();
    SqliteConnection::establish(&path)
        .unwrap()
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
        .unwrap();
    for refusal in [store.require_migrated().unwrap_err(), store.migrate().unwrap_err()] {
        assert!(refusal.to_string().contains("newer release"), "{refusal}");
    }
    store.close();
}

#[test]
fn a_second_process_on_one_file_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("hub.db").display());
    let (first, second) = (Store::open(opening(&url)).unwrap(), Store::open(opening(&url)).unwrap());
    first.claim_file().unwrap();
    let refusal = second.claim_file().unwrap_err().to_string();
    assert!(refusal.contains("another process"), "{refusal}");
}
