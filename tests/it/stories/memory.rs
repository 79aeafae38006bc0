//! Searches run in memory, and memory is never behind what is written: not by whom, not in which order transactions end.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use throughline::{
    access::Actor,
    directory::{
        self, DirectoryError, Visibility,
        search::{self, Search},
    },
    kernel::{Timestamp, page::Asked},
    storage::{Conn, Db, Store},
};

use crate::support::{TestHub, database, import_package, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

fn id(number: usize) -> String {
    format!("22222222-0000-4000-8000-{number:012}")
}

fn package(folder: &Path, names: &[String]) {
    let services = names.iter().enumerate().map(|(number, name)| {
        let (id, place) = (id(number), format!("33333333-0000-4000-8000-{number:012}"));
        (
            format!("{id},{ORGANISATION},{name},active\n"),
            format!("{place},physical,10.{number:03},20\n"),
            format!("55555555-0000-4000-8000-{number:012},{id},{place}\n"),
        )
    });
    let (mut own, mut locations, mut places) = (String::new(), String::new(), String::new());
    for (service, location, place) in services {
        own.push_str(&service);
        locations.push_str(&location);
        places.push_str(&place);
    }
    let tables = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("service", "id,organization_id,name,status", own),
        ("location", "id,location_type,latitude,longitude", locations),
        ("service_at_location", "id,service_id,location_id", places),
    ];
    write_package(folder, tables);
}

async fn import(hub: &TestHub, names: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), names);
    import_package(hub, PathBuf::from(folder.path()), ("test", Visibility::Public)).await;
}

async fn hub(names: &[String]) -> TestHub {
    let hub = TestHub::new();
    import(&hub, names).await;
    hub
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

/// What a search finds, in its order, with scores.
async fn found(store: &Store, text: &str, now: Timestamp) -> Vec<(String, Option<f64>)> {
    let search = Search { text: text.to_owned(), ..Search::default() };
    let look = move |db: &mut Db<'_>| {
        search::search(db, &Actor::operator(), &search, &Asked::new(Some(200), None), now)
    };
    let found = store.read::<_, DirectoryError>(look).await.unwrap();
    found.items.into_iter().map(|found| (found.service.name, found.fit.map(|fit| fit.score))).collect()
}

/// The names of what a search finds, in their order.
async fn named(hub: &TestHub, text: &str) -> Vec<String> {
    let mut found: Vec<String> =
        found(hub.hub.store(), text, hub.now()).await.into_iter().map(|(name, _)| name).collect();
    found.sort();
    found
}

/// How many a search finds, and how many it says there are to find.
async fn counted(hub: &TestHub, text: &str) -> (usize, usize) {
    let search = Search { text: text.to_owned(), ..Search::default() };
    let (now, asked) = (hub.now(), Asked::new(None, None));
    let look = move |db: &mut Db<'_>| search::search(db, &Actor::operator(), &search, &asked, now);
    let found = hub.hub.read::<_, DirectoryError>(look).await.unwrap();
    (found.items.len(), found.nothing.map_or(0, |nothing| nothing.services))
}

async fn forget(hub: &TestHub) {
    hub.hub
        .write("directory.forget_source", &hub.operator(), |tx| directory::forget_source(tx, "test"))
        .await
        .unwrap();
}

/// A connection that the hub knows nothing of.
fn somebody(hub: &TestHub) -> Conn {
    let url = &hub.hub.settings().database.url;
    match url.strip_prefix("sqlite:") {
        Some(path) => Conn::Sqlite(diesel::Connection::establish(path).unwrap()),
        None => Conn::Postgres(diesel::Connection::establish(url).unwrap()),
    }
}

fn run(conn: &mut Conn, statement: &str) {
    match conn {
        Conn::Sqlite(conn) => conn.batch_execute(statement).unwrap(),
        Conn::Postgres(conn) => conn.batch_execute(statement).unwrap(),
    }
}

#[actix_web::test]
async fn what_is_imported_changed_and_forgotten_shows_in_the_next_search() {
    let hub = hub(&names(&["Lake clinic", "River clinic", "Night shelter"])).await;
    assert_eq!(named(&hub, "clinic").await, ["Lake clinic", "River clinic"]);
    import(&hub, &names(&["Lake clinic", "River school", "Night shelter", "Hill clinic"])).await;
    assert_eq!(named(&hub, "clinic").await, ["Hill clinic", "Lake clinic"]);
    assert_eq!(named(&hub, "school").await, ["River school"]);
    // What is left out of the list is no longer found, and comes back.
    import(&hub, &names(&["Lake clinic"])).await;
    assert_eq!(named(&hub, "").await, ["Lake clinic"]);
    import(&hub, &names(&["Lake clinic", "River clinic"])).await;
    assert_eq!(named(&hub, "river").await, ["River clinic"]);
    forget(&hub).await;
    assert_eq!(named(&hub, "").await, [""; 0]);
    assert_eq!(counted(&hub, "clinic").await, (0, 0));
    import(&hub, &names(&["Lake clinic"])).await;
    assert_eq!(named(&hub, "clinic").await, ["Lake clinic"]);
}

#[actix_web::test]
async fn whoever_writes_to_the_table_is_noticed() {
    let hub = hub(&names(&["Lake clinic", "River clinic"])).await;
    assert_eq!(named(&hub, "clinic").await.len(), 2);
    let mut somebody = somebody(&hub);
    run(&mut somebody, "UPDATE services SET status = 'inactive' WHERE name = 'Lake clinic'");
    assert_eq!(counted(&hub, "zebra").await, (0, 1));
    assert_eq!(named(&hub, "clinic").await, ["River clinic"]);
    run(&mut somebody, "UPDATE services SET status = 'active'");
    assert_eq!(named(&hub, "clinic").await.len(), 2);
    run(&mut somebody, "DELETE FROM services WHERE name = 'River clinic'");
    assert_eq!(named(&hub, "clinic").await, ["Lake clinic"]);
    assert_eq!(counted(&hub, "zebra").await, (0, 1), "what is gone is not counted either");
    run(&mut somebody, "DELETE FROM services");
    assert_eq!(counted(&hub, "clinic").await, (0, 0));
}

#[actix_web::test]
async fn a_change_that_began_before_another_and_ended_behind_it_is_seen() {
    let hub = hub(&names(&["Lake clinic", "River clinic", "Hill clinic"])).await;
    assert_eq!(named(&hub, "clinic").await.len(), 3);
    let (mut first, mut second) = (somebody(&hub), somebody(&hub));
    let close = |name: &str| format!("UPDATE services SET status = 'inactive' WHERE name = '{name}'");
    run(&mut first, "BEGIN");
    run(&mut first, &close("Lake clinic"));
    // SQLite has one writer; PostgreSQL lets the second one pass.
    if matches!(second, Conn::Postgres(_)) {
        run(&mut second, &close("River clinic"));
        assert_eq!(named(&hub, "clinic").await, ["Hill clinic", "Lake clinic"]);
        assert_eq!(counted(&hub, "zebra").await, (0, 2));
    } else {
        assert_eq!(named(&hub, "clinic").await.len(), 3, "what is not committed is not so");
    }
    run(&mut first, "COMMIT");
    if matches!(second, Conn::Sqlite(_)) {
        run(&mut second, &close("River clinic"));
    }
    // What is shown is looked at once more in the database; what is counted is what memory knows.
    assert_eq!(counted(&hub, "zebra").await, (0, 1));
    assert_eq!(named(&hub, "clinic").await, ["Hill clinic"]);
    run(&mut first, "BEGIN");
    run(&mut first, &close("Hill clinic"));
    run(&mut first, "ROLLBACK");
    assert_eq!(named(&hub, "clinic").await, ["Hill clinic"]);
}

#[actix_web::test]
async fn memory_that_was_kept_up_finds_what_one_that_reads_all_finds() {
    let kinds = ["clinic", "shelter", "school", "legal advice", "food bank"];
    let all = |turn: usize| -> Vec<String> {
        (0..60)
            .filter(|number| !(number + turn).is_multiple_of(7))
            .map(|number| format!("{} {}", kinds[(number * 3 + turn) % kinds.len()], number % 9))
            .collect()
    };
    let hub = hub(&all(1)).await;
    for turn in 2..8 {
        import(&hub, &all(turn)).await;
        if turn == 5 {
            forget(&hub).await;
            import(&hub, &all(turn + 1)).await;
        }
        let fresh = Store::open(hub.hub.settings().database.opening()).unwrap();
        for text in ["clinic", "shelfer", "food", "advice 3", ""] {
            let (kept, read) =
                (found(hub.hub.store(), text, hub.now()).await, found(&fresh, text, hub.now()).await);
            assert_eq!(kept, read, "turn {turn}, {text:?}");
            assert!(text.is_empty() || !kept.is_empty() || text == "advice 3", "turn {turn}, {text:?}");
        }
    }
}

#[actix_web::test]
async fn numbers_that_came_from_another_server_keep_no_change_from_being_seen() {
    let hub = hub(&names(&["Lake clinic", "River clinic"])).await;
    let mut somebody = somebody(&hub);
    run(&mut somebody, "UPDATE directory_touched SET touched = 9000000000000");
    assert_eq!(named(&hub, "clinic").await.len(), 2);
    run(&mut somebody, "UPDATE services SET status = 'inactive' WHERE name = 'Lake clinic'");
    assert_eq!(counted(&hub, "zebra").await, (0, 1));
}

#[actix_web::test]
async fn both_databases_find_the_same_with_the_same_scores_in_the_same_order() {
    // Where there is no server there is one database, and nothing to compare it with.
    if database::postgres().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = database::lease_sqlite(folder.path());
    let hubs = [TestHub::new(), TestHub::with(&[("DATABASE__URL", file.url.as_str())])];
    let kinds = [
        "clinic",
        "Clínica",
        "Zażółć łódź",
        "العيادة القانونية",
        "難民支援協会",
        "คลินิกกฎหมาย",
        "የሕግ ድጋፍ",
        "Straße",
    ];
    let all: Vec<String> =
        (0..96).map(|number| format!("{} {}", kinds[number % kinds.len()], number / kinds.len())).collect();
    for hub in &hubs {
        import(hub, &all).await;
    }
    let typed =
        ["clinic", "clnic", "clini", "zazolc", "lodz", "القانونيه", "支援", "กฎหมาย", "የህግ", "strasse"];
    let mut most = 0;
    for text in typed.iter().flat_map(|word| ["", " 3", " 11", " zebra"].map(|more| format!("{word}{more}")))
    {
        let [on_server, in_file] = [&hubs[0], &hubs[1]].map(|hub| found(hub.hub.store(), &text, hub.now()));
        let (on_server, in_file) = (on_server.await, in_file.await);
        assert_eq!(on_server, in_file, "{text}");
        most = most.max(on_server.len());
    }
    assert!(most > 10, "{most}");
}
