//! Lists and searches are narrowed by the same things, and to the same.

use serde_json::{Value, json};
use throughline::{
    directory::{self, Outcome, Visibility},
    kernel::id::ServiceId,
};

use crate::support::{TestHub, import_package, restrict, send, service_of_row, verify, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

/// A clinic that is open on Mondays, for children, with a term, in Arabic; a shelter of which nothing is said; and a house like the clinic that
/// nobody without clearance finds.
async fn hub() -> TestHub {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let (clinic, shelter, hidden) = (uuid(2, 0), uuid(2, 1), uuid(2, 2));
    let offered = |number, of: &str, at| format!("{},{of},{}\n", uuid(5, number), uuid(3, at));
    let tables = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,status,minimum_age,maximum_age",
            [
                format!("{clinic},{ORGANISATION},Clinic,active,0,17\n"),
                format!("{shelter},{ORGANISATION},Shelter,active,,\n"),
                format!("{hidden},{ORGANISATION},Clinic house,active,0,17\n"),
            ]
            .concat(),
        ),
        ("taxonomy", "id,name", String::from("t1,Needs\n")),
        (
            "taxonomy_term",
            "id,name,taxonomy_id,parent_id",
            format!("{},Health,t1,\n{},Vaccination,t1,{}\n", uuid(4, 0), uuid(4, 1), uuid(4, 0)),
        ),
        (
            "attribute",
            "id,link_id,link_entity,taxonomy_term_id",
            format!("x1,{clinic},service,{}\nx2,{hidden},service,{}\n", uuid(4, 1), uuid(4, 1)),
        ),
        ("language", "id,service_id,code", format!("l1,{clinic},ar\nl2,{hidden},ar\n")),
        (
            "schedule",
            "id,service_id,freq,byday,opens_at,closes_at",
            format!("s1,{clinic},WEEKLY,MO,08:00,17:00\ns2,{hidden},WEEKLY,MO,08:00,17:00\n"),
        ),
        (
            "eligibility_rule",
            "id,service_id,group_no,attribute,operator,values,kind,text",
            format!("r1,{shelter},1,sex,in,female,required,women\n"),
        ),
        ("location", "id,location_type", format!("{},physical\n{},physical\n", uuid(3, 0), uuid(3, 1))),
        (
            "service_at_location",
            "id,service_id,location_id",
            [offered(0, &clinic, 0), offered(1, &shelter, 1), offered(2, &hidden, 0)].concat(),
        ),
    ];
    write_package(folder.path(), tables);
    let report = import_package(&hub, folder.path().into(), ("test", Visibility::Public)).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
    restrict(&hub, &uuid(2, 2)).await;
    hub
}

fn service(number: usize) -> ServiceId {
    service_of_row(&uuid(2, number))
}

#[actix_web::test]
async fn what_was_verified_lately_is_found_by_that() {
    let hub = hub().await;
    let org = hub.org("Lakeside").await;
    verify(&hub, (service(0), 1), Outcome::Confirmed).await;
    verify(&hub, (service(2), 2), Outcome::Confirmed).await;
    for (since, found) in [("2026-03-01T00:00:00Z", &["Clinic"][..]), ("2026-03-20T00:00:00Z", &[])] {
        let asked = format!("verified_since={since}");
        let body = org.get(&hub, &format!("/api/v1/services?{asked}")).await.expect(200).body;
        assert_eq!(names(&body, "items"), found, "{asked}");
        let path = format!("/hsds/services?{asked}");
        let body = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
        assert_eq!(
            (names(&body, "contents").len(), &body["total_items"]),
            (found.len(), &json!(found.len()))
        );
    }
}

fn names(body: &Value, list: &str) -> Vec<String> {
    let names = body[list].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[actix_web::test]
async fn lists_are_narrowed_by_what_searches_are_narrowed_by() {
    let hub = hub().await;
    let org = hub.org("Lakeside").await;
    let term = uuid(4, 0);
    for (asked, hsds, found) in [
        ("language=ar", "language=ar", &["Clinic"][..]),
        ("language=fr", "language=fr", &[]),
        ("open_at=2026-03-02T09:00", "open_at=2026-03-02T09:00", &["Clinic", "Shelter"]),
        ("open_at=2026-03-03T09:00", "open_at=2026-03-03T09:00", &["Shelter"]),
        ("availability=open", "intake_status=capacity", &[]),
        ("availability=unknown", "", &["Clinic", "Shelter"]),
        ("verified_since=2026-01-01T00:00:00Z", "verified_since=2026-01-01T00:00:00Z", &[]),
        (
            &format!("taxonomy_term={term}&taxonomy_term_mode=descendants"),
            &format!("taxonomy_term_id={term}&taxonomy_term_mode=descendants"),
            &["Clinic"],
        ),
        (&format!("taxonomy_term={term}"), &format!("taxonomy_term_id={term}"), &[]),
    ] {
        let body = org.get(&hub, &format!("/api/v1/services?{asked}")).await.expect(200).body;
        assert_eq!(names(&body, "items"), found, "{asked}");
        let body =
            send(&hub, None, "GET", &format!("/hsds/services?{hsds}"), &[], None).await.expect(200).body;
        assert_eq!(
            (names(&body, "contents"), &body["total_items"]),
            (found.iter().map(|name| (*name).to_owned()).collect(), &Value::from(found.len())),
            "{hsds}"
        );
        let body = send(&hub, None, "GET", &format!("/hsds/service_at_locations?{hsds}"), &[], None)
            .await
            .expect(200)
            .body;
        assert_eq!(body["total_items"], found.len(), "{hsds}");
    }
    for (asked, found) in [
        (json!({ "age": 16 }), &["Clinic", "Shelter"][..]),
        (json!({ "age": 18 }), &["Shelter"]),
        (json!({ "sex": "female" }), &["Clinic", "Shelter"]),
        (json!({ "sex": "male" }), &["Clinic"]),
        (
            json!({ "population": ["PG04"], "nationality": "ET", "status": ["asylum_seeker"] }),
            &["Clinic", "Shelter"],
        ),
    ] {
        let body = send(&hub, None, "POST", "/hsds/services", &[], Some(&asked)).await.expect(200).body;
        assert_eq!(names(&body, "contents"), found, "{asked}");
    }
    for asked in [json!({ "age": 1_000 }), json!({ "population": vec!["PG04"; 40] }), json!({ "sex": 1 })] {
        send(&hub, None, "POST", "/hsds/services", &[], Some(&asked)).await.expect(400);
    }
    for said in ["age=16", "sex=female", "population=PG04", "nationality=ET", "status=asylum_seeker"] {
        let in_an_address = send(&hub, None, "GET", &format!("/hsds/services?{said}"), &[], None).await;
        assert_eq!(in_an_address.expect(400).code(), "hsds.person", "{said}");
    }
    for wrong in ["open_at=noon", "intake_status=open", "verified_since=yesterday"] {
        send(&hub, None, "GET", &format!("/hsds/services?{wrong}"), &[], None).await.expect(400);
    }
}

#[actix_web::test]
async fn what_takes_people_is_found_by_it_until_that_runs_out() {
    let hub = hub().await;
    for (version, (word, code)) in (1..).zip([
        ("open", "capacity"),
        ("waitlist", "waitlist"),
        ("full", "no-capacity"),
        ("assessment", "additional-assessment-required"),
    ]) {
        let command = directory::SetAvailability {
            service: service(0),
            version,
            said: directory::Intake {
                availability: serde_json::from_value(Value::from(word)).unwrap(),
                note: None,
                places: None,
                valid_until: Some(hub.now().plus(chrono::TimeDelta::days(2))),
            },
        };
        let settings = hub.hub.settings().directory.clone();
        hub.hub
            .write("directory.set_availability", &hub.operator(), move |tx| {
                directory::set_availability(tx, &command, &settings)
            })
            .await
            .unwrap();
        let path = format!("/hsds/services?intake_status={code}");
        let body = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
        assert_eq!(names(&body, "contents"), ["Clinic"], "{code}");
    }
    hub.clock.advance(chrono::TimeDelta::days(3));
    let path = "/hsds/services?intake_status=additional-assessment-required";
    let body = send(&hub, None, "GET", path, &[], None).await.expect(200).body;
    assert_eq!(names(&body, "contents"), [""; 0]);
}
