//! How the SQLite inside the program is compiled: `.cargo/config.toml` says it, and nothing would fail without it but speed.

use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection};

#[derive(QueryableByName)]
struct Opt {
    #[diesel(sql_type = diesel::sql_types::Text)]
    compile_options: String,
}

#[test]
#[cfg_attr(not(feature = "bundled"), ignore = "the system's SQLite is compiled as the system likes")]
fn sqlite_keeps_its_plans_and_counts_no_memory_under_a_lock() {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    let options: Vec<Opt> = diesel::sql_query("PRAGMA compile_options").load(&mut conn).unwrap();
    let has = |option: &str| options.iter().any(|row| row.compile_options == option);
    assert!(has("ENABLE_QPSG") && has("DEFAULT_MEMSTATUS=0") && !has("ENABLE_MEMORY_MANAGEMENT"));
}
