//! SIGKILL while a list is taken in: nothing of it is there, and it comes in whole the next time.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _,
};

use crate::support::{
    process::{Machine, PATIENCE},
    write_package,
};

/// So many that taking them in takes a while.
const SERVICES: usize = 1_500;

/// How long after the first row was written it is killed.
const MOMENTS: [u64; 4] = [0, 20, 90, 250];

const IMPORT: &str = "directory import list --source coast --visibility public --yes";

fn package(machine: &Machine) {
    let [mut services, mut places, mut phones] = [const { String::new() }; 3];
    for at in 0..SERVICES {
        writeln!(services, "s{at},o1,Service {at} of the coast,Food and shelter number {at},active").unwrap();
        writeln!(places, "p{at},s{at},l1").unwrap();
        writeln!(phones, "t{at},+26021100{at:04},s{at}").unwrap();
    }
    let folder = machine.folder().join("list");
    std::fs::create_dir(&folder).unwrap();
    let files = [
        ("organization", "id,name", String::from("o1,Harbour Aid\n")),
        ("service", "id,organization_id,name,description,status", services),
        ("location", "id,location_type,latitude,longitude", String::from("l1,physical,-15.4,28.3\n")),
        ("service_at_location", "id,service_id,location_id", places),
        ("phone", "id,number,service_id", phones),
    ];
    write_package(&folder, files);
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// Whether a transaction writes to the database that is not at its end.
fn is_writing(machine: &Machine) -> bool {
    if let Some(file) = machine.database().strip_prefix("sqlite:") {
        let mut conn = SqliteConnection::establish(file).unwrap();
        let is_free = conn.batch_execute("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK").is_ok();
        return !is_free;
    }
    let mut conn = PgConnection::establish(machine.database()).unwrap();
    let writing = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL";
    diesel::sql_query(writing).get_result::<Count>(&mut conn).unwrap().count > 0
}

#[tokio::test]
async fn an_import_that_is_killed_half_way_changes_nothing_and_comes_in_whole_the_next_time() {
    let machine = Machine::new();
    package(&machine);
    let before = machine.stored();
    let mut hits = 0;
    for moment in MOMENTS {
        let importing = machine.start_with(IMPORT);
        let end = Instant::now() + PATIENCE;
        while !is_writing(&machine) {
            assert!(Instant::now() < end, "nothing is written:\n{}", importing.said());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(moment)).await;
        hits += usize::from(is_writing(&machine));
        importing.kill();
        assert!(machine.stored() == before, "something is left of what was killed after {moment} ms");
    }
    assert!(hits > MOMENTS.len() / 2, "only {hits} were killed while they wrote");
    machine.run(IMPORT).expect(0);
    let last = format!("Service {} of the coast", SERVICES - 1);
    assert!(!before.contains(&last) && machine.stored().contains(&last), "all of it is there");
    let listed = machine.run("--json directory search coast --limit 1").expect(0);
    assert!(listed.out.contains("Service "), "{}", listed.out);
    let again = machine.run(IMPORT).expect(0);
    assert!(again.out.contains("Everything is there already"), "{}", again.out);
    machine.run("audit verify").expect(0);
}
