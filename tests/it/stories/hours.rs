//! A search for what is open at a moment leaves out what is closed then, and nothing else.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use throughline::directory::Visibility;

use crate::support::{Org, TestHub, import_package, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

fn package(folder: &Path) {
    let service = |number, name: &str| format!("{},{ORGANISATION},{name},active\n", uuid(2, number));
    let place = |number| format!("{},{},{}\n", uuid(5, number), uuid(2, number), uuid(3, number));
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,status",
            [
                service(0, "Day clinic"),
                service(1, "Night clinic"),
                service(2, "Mobile clinic"),
                service(3, "Port clinic"),
            ]
            .concat(),
        ),
        (
            "location",
            "id,location_type,iana_timezone",
            format!("{},physical,\n{},physical,Africa/Lusaka\n", uuid(3, 1), uuid(3, 3)),
        ),
        ("service_at_location", "id,service_id,location_id", [place(1), place(3)].concat()),
        (
            "schedule",
            "id,service_id,service_at_location_id,location_id,freq,byday,opens_at,closes_at,description",
            [
                format!("s0,{},,,WEEKLY,MO,08:00,17:00,\n", uuid(2, 0)),
                format!("s1,,{},,WEEKLY,MO,20:00,06:00,\n", uuid(5, 1)),
                format!("s2,{},,,,,,,By appointment\n", uuid(2, 2)),
                format!("s3,,,{},WEEKLY,MO,08:00,12:00,\n", uuid(3, 3)),
            ]
            .concat(),
        ),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf) {
    let report = import_package(hub, folder, ("test", Visibility::Public)).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
}

async fn open_at(hub: &TestHub, org: &Org, when: &str) -> (Vec<(String, String)>, Value) {
    let body = org.get(hub, &format!("/api/v1/services?text=clinic&open_at={when}")).await.expect(200).body;
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = body["items"].as_array().unwrap();
    (items.iter().map(|item| (text(item, "name"), text(item, "hours"))).collect(), body["closed"].clone())
}

fn expected(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, hours)| ((*name).to_owned(), (*hours).to_owned())).collect()
}

#[actix_web::test]
async fn what_is_closed_is_left_out_and_what_nobody_knows_is_asked() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import(&hub, folder.path().into()).await;
    let org = hub.org("Lakeside").await;
    // 2 March 2026 is a Monday.
    let (found, closed) = open_at(&hub, &org, "2026-03-02T09:00").await;
    let day = [("Day clinic", "open"), ("Port clinic", "open"), ("Mobile clinic", "not_known")];
    assert_eq!((found, closed), (expected(&day), json!(1)), "what is open first");
    let (found, closed) = open_at(&hub, &org, "2026-03-03T05:00").await;
    assert_eq!(
        (found, closed),
        (expected(&[("Night clinic", "open"), ("Mobile clinic", "not_known")]), json!(2))
    );
    let (found, _) = open_at(&hub, &org, "2026-03-02T06:30:00Z").await;
    let zoned = [
        ("Port clinic", "open"),
        ("Day clinic", "not_known"),
        ("Night clinic", "not_known"),
        ("Mobile clinic", "not_known"),
    ];
    let mut sorted = expected(&zoned);
    sorted.sort();
    let mut theirs = found.clone();
    theirs.sort();
    assert_eq!((&found[0], theirs), (&expected(&zoned)[0], sorted), "only one says which clock it goes by");

    let nothing = org.get(&hub, "/api/v1/services?text=day&open_at=2026-03-08T09:00").await.expect(200).body;
    let without = nothing["nothing"]["without"].as_array().unwrap();
    assert!(without.contains(&json!({ "filter": "open_at", "services": 1 })), "{without:?}");
    for bad in [
        "tomorrow",
        "99999-01-01T00:00",
        "%2B200000-01-01T00:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59:59Z",
        "%00",
    ] {
        let bad = org.get(&hub, &format!("/api/v1/services?open_at={bad}")).await.expect(400);
        assert_eq!(bad.body["code"], "directory.bad_moment");
    }
    let listed = org.get(&hub, "/api/v1/services?text=clinic").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 4);
    assert_eq!(listed["items"][0].get("hours"), None, "nobody asked");
}
