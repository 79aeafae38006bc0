//! Lists so large that links wait for one another.

use std::{fmt::Write as _, path::Path};

use diesel::{QueryableByName, RunQueryDsl as _, sql_types::BigInt};
use throughline::{
    directory::Visibility,
    storage::{Engine, StorageError},
};

use crate::support::{TestHub, import_package, write_package};

/// More than two portions, and a rest.
const SERVICES: usize = 1_200;

fn package(folder: &Path, many: usize) {
    let [mut services, mut places] = [const { String::new() }; 2];
    for at in 0..many {
        writeln!(services, "s{at},o1,Service {at},active").unwrap();
        writeln!(places, "p{at},s{at},l1").unwrap();
    }
    let files = [
        ("organization", "id,name", String::from("o1,Harbour Aid\n")),
        ("service", "id,organization_id,name,status", services),
        ("location", "id,location_type,latitude,longitude", String::from("l1,physical,-15.4,28.3\n")),
        ("service_at_location", "id,service_id,location_id", places),
    ];
    write_package(folder, files);
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(hub: &TestHub, query: &'static str) -> i64 {
    let found = hub.hub.store().read::<_, StorageError>(move |db| {
        Ok(diesel::sql_query(query).get_result::<Count>(db.conn())?.count)
    });
    found.await.unwrap()
}

#[actix_web::test]
async fn links_of_a_large_list_all_come_in_and_on_a_server_in_the_order_of_what_they_name() {
    let (hub, folder) = (TestHub::new(), tempfile::tempdir().unwrap());
    package(folder.path(), SERVICES);
    for (source, all) in [("coast", 3 * SERVICES), ("coast", 3 * SERVICES), ("inland", 6 * SERVICES)] {
        import_package(&hub, folder.path().to_owned(), (source, Visibility::Public)).await;
        let links = count(&hub, "SELECT count(*) AS count FROM directory_links").await;
        assert_eq!(usize::try_from(links).unwrap(), all, "after {source}");
    }
    let unnamed = "SELECT count(*) AS count FROM directory_links AS l \
                   WHERE NOT EXISTS (SELECT 1 FROM directory_rows AS r WHERE r.id = l.parent AND r.source = l.source)";
    assert_eq!(count(&hub, unnamed).await, 0);
    if hub.hub.store().engine() == Engine::Postgres {
        // Half of them went backwards when each came in where the file had it.
        let back = "SELECT count(*) AS count FROM (SELECT parent < lag(parent) OVER (ORDER BY ctid) AS is_back \
                    FROM directory_links WHERE source = 'inland' AND via = 'service_id') AS links WHERE is_back";
        let back = usize::try_from(count(&hub, back).await).unwrap();
        assert!(back < SERVICES / 5, "{back} of {SERVICES}");
    }
}
