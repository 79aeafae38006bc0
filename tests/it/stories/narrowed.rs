//! Lists and searches are narrowed by the same things, and to the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use throughline::{
    directory::{self, Link, LinkService, Outcome, Visibility},
    kernel::id::ServiceId,
};

use super::hsds::lines;
use crate::support::{Org, TestHub, import_package, restrict, send, service_of_row, verify, write_package};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

/// That of the house which is hidden.
const HIDDEN_AID: &str = "11111111-1111-4111-8111-111111111112";

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
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n{HIDDEN_AID},Hidden Aid\n")),
        (
            "service",
            "id,organization_id,name,status,minimum_age,maximum_age",
            [
                format!("{clinic},{ORGANISATION},Clinic,active,0,17\n"),
                format!("{shelter},{ORGANISATION},Shelter,active,,\n"),
                format!("{hidden},{HIDDEN_AID},Clinic house,active,0,17\n"),
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
        ("agreement", "id,agreement_type,title,status", format!("{},mou,Of the house,active\n", uuid(7, 0))),
        (
            "agreement_party",
            "id,agreement_id,organization_id",
            format!("{0},{2},{ORGANISATION}\n{1},{2},{HIDDEN_AID}\n", uuid(8, 0), uuid(8, 1), uuid(7, 0)),
        ),
        (
            "agreement_service",
            "id,agreement_id,service_id",
            format!("{},{},{hidden}\n", uuid(9, 0), uuid(7, 0)),
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

/// Says how a service, of which this version is known, takes people for the next two days.
async fn takes(hub: &TestHub, (service, version): (ServiceId, i64), word: &str) {
    let said = directory::Intake {
        availability: serde_json::from_value(Value::from(word)).unwrap(),
        note: None,
        places: None,
        valid_until: Some(hub.now().plus(chrono::TimeDelta::days(2))),
    };
    let command = directory::SetAvailability { service, version, said };
    let settings = hub.hub.settings().directory.clone();
    hub.hub
        .write("directory.set_availability", &hub.operator(), move |tx| {
            directory::set_availability(tx, &command, &settings)
        })
        .await
        .unwrap();
}

#[actix_web::test]
async fn what_is_counted_counts_what_is_hidden_for_its_provider_alone() {
    let hub = hub().await;
    let (org, provider) = (hub.org("Lakeside").await, hub.org("Hillside").await);
    let link = Some(Link { organisation: provider.id, service: "SV07".parse().unwrap() });
    let command = LinkService { service: service(2), version: 2, link };
    let policy = hub.hub.policy();
    let linking = move |tx: &mut throughline::access::Tx<'_>| directory::link_service(tx, &command, &policy);
    hub.hub.write("directory.link", &hub.operator(), linking).await.unwrap();
    for asked in
        ["facets=true", "facets=true&text=clinic", "facets=true&language=ar&open_at=2026-03-02T09:00"]
    {
        for (whoever, count) in [(&org, 1), (&provider, 2)] {
            let body = whoever.get(&hub, &format!("/api/v1/services?{asked}")).await.expect(200).body;
            let facets = &body["facets"];
            let term = json!([{ "value": uuid(4, 1), "services": count }]);
            let language = json!([{ "value": "ar", "services": count }]);
            assert_eq!((&facets["taxonomy_term"], &facets["language"]), (&term, &language), "{asked}");
            assert_eq!(facets["service"].as_array().unwrap().len(), count - 1, "{asked}: its code");
        }
    }
}

#[actix_web::test]
async fn what_is_asked_of_something_hidden_is_answered_as_of_something_made_up() {
    let hub = hub().await;
    let org = hub.org("Lakeside").await;
    for (path, hidden, status) in [
        ("/hsds/services?organization_id=", HIDDEN_AID, 200),
        ("/hsds/service_at_locations?organization_id=", HIDDEN_AID, 200),
        ("/hsds/organizations/", HIDDEN_AID, 404),
        ("/hsds/services?agreement_id=", &uuid(7, 0), 200),
        ("/hsds/organizations?agreement_id=", &uuid(7, 0), 200),
        ("/hsds/agreements/", &uuid(7, 0), 404),
        ("/api/v1/services?agreement_id=", &uuid(7, 0), 200),
    ] {
        for token in [None, Some(org.token.as_str())] {
            let mut said = Vec::new();
            for id in [hidden, "11111111-1111-4111-8111-999999999999"] {
                let answer = send(&hub, token, "GET", &format!("{path}{id}"), &[], None).await;
                let status = if token.is_none() && path.starts_with("/api") { 401 } else { status };
                let mut body = answer.expect(status).body;
                if let Some(problem) = body.as_object_mut() {
                    problem.retain(|member, _| member != "request" && member != "instance");
                }
                said.push(body);
            }
            assert_eq!(said[0], said[1], "{path}{hidden}");
            assert!(!said[0].to_string().contains("Hidden Aid"), "{path}");
        }
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
        takes(&hub, (service(0), version), word).await;
        let path = format!("/hsds/services?intake_status={code}");
        let body = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
        assert_eq!(names(&body, "contents"), ["Clinic"], "{code}");
    }
    hub.clock.advance(chrono::TimeDelta::days(3));
    let path = "/hsds/services?intake_status=additional-assessment-required";
    let body = send(&hub, None, "GET", path, &[], None).await.expect(200).body;
    assert_eq!(names(&body, "contents"), [""; 0]);
}

/// Whom three of the services do not take.
fn shut_to(number: usize) -> String {
    let whom = match number {
        0 => "migration_status,in,asylum_seeker",
        4 => "nationality,in,ET",
        _ => "population,in,PG04",
    };
    format!("r{number},{},1,{whom},excluded", uuid(2, number))
}

/// The tables of [`six`] with only these services.
fn tables_of(services: &[usize]) -> Vec<(&'static str, &'static str, String)> {
    let rows = |of: &[usize], row: &dyn Fn(usize) -> String| -> String {
        of.iter().filter(|number| services.contains(number)).map(|number| row(*number) + "\n").collect()
    };
    let names = ["Lake clinic", "Lake school", "Hill clinic", "Lake shelter", "Hill school", "Hill shelter"];
    let owners = [0, 1, 2, 0, 3, 1];
    let places = ["-15.4,28.3", "10,10", "10,10", "10,10", "-15.4,28.3", "-15.4,28.3"];
    let bears = |term: usize| {
        move |number: usize| format!("x{term}{number},{},service,{}", uuid(2, number), uuid(4, term))
    };
    let agreed = uuid(7, 1);
    vec![
        (
            "organization",
            "id,name",
            ["Harbour Aid", "Harbour Care", "Inland Aid", "Inland Care"]
                .iter()
                .enumerate()
                .map(|(number, name)| format!("{},{name}\n", uuid(1, number)))
                .collect::<Vec<_>>()
                .concat(),
        ),
        ("taxonomy", "id,name", format!("{},Needs\n{},Rights\n", uuid(6, 1), uuid(6, 2))),
        (
            "taxonomy_term",
            "id,name,taxonomy_id,parent_id",
            [(1, "Health", 1, ""), (2, "Dental health", 1, "1"), (3, "Vaccination", 1, "1")]
                .into_iter()
                .chain([(4, "Advice", 2, ""), (5, "Health and the law", 2, "4")])
                .map(|(number, name, of, parent)| {
                    let parent = parent.parse().map_or_else(|_| String::new(), |parent| uuid(4, parent));
                    format!("{},{name},{},{parent}\n", uuid(4, number), uuid(6, of))
                })
                .collect::<Vec<_>>()
                .concat(),
        ),
        (
            "service",
            "id,organization_id,name,status,minimum_age",
            rows(&[0, 1, 2, 3, 4, 5], &|number| {
                let from = if number == 2 { "18" } else { "" };
                format!("{},{},{},active,{from}", uuid(2, number), uuid(1, owners[number]), names[number])
            }),
        ),
        (
            "attribute",
            "id,link_id,link_entity,taxonomy_term_id",
            rows(&[0, 1, 3], &bears(1)) + &rows(&[2, 3, 4], &bears(4)),
        ),
        (
            "language",
            "id,service_id,code",
            rows(&[1, 2, 5], &|number| format!("l{number},{},ar", uuid(2, number))),
        ),
        (
            "schedule",
            "id,service_id,freq,byday,opens_at,closes_at",
            rows(&[0, 4], &|number| format!("s{number},{},WEEKLY,TU,08:00,17:00", uuid(2, number))),
        ),
        (
            "eligibility_rule",
            "id,service_id,group_no,attribute,operator,values,kind",
            rows(&[1, 3], &|number| format!("r{number},{},1,sex,in,female,required", uuid(2, number)))
                + &rows(&[0, 4, 5], &shut_to),
        ),
        (
            "location",
            "id,location_type,latitude,longitude",
            rows(&[0, 1, 2, 3, 4, 5], &|number| format!("{},physical,{}", uuid(3, number), places[number])),
        ),
        (
            "service_at_location",
            "id,service_id,location_id",
            rows(&[0, 1, 2, 3, 4, 5], &|number| {
                format!("{},{},{}", uuid(5, number), uuid(2, number), uuid(3, number))
            }),
        ),
        (
            "service_area",
            "id,service_id,admin_area",
            rows(&[0, 3, 5], &|number| format!("ar{number},{},ZM105", uuid(2, number))),
        ),
        (
            "agreement",
            "id,agreement_type,title,valid_from,valid_to,status",
            format!("{agreed},sop,Procedure,2026-01-01,2026-12-31,active\n"),
        ),
        (
            "agreement_party",
            "id,agreement_id,organization_id",
            format!("ap1,{agreed},{}\nap2,{agreed},{}\n", uuid(1, 1), uuid(1, 2)),
        ),
        (
            "agreement_service",
            "id,agreement_id,service_id",
            rows(&[0, 1, 4], &|number| format!("as{number},{agreed},{}", uuid(2, number))),
        ),
    ]
}

/// Six services of four organisations, no two of which are alike in everything lists are narrowed by; and a moment behind which three of
/// them came in.
async fn six() -> (TestHub, Org, String) {
    let hub = TestHub::new();
    super::areas::take_areas(&hub, super::areas::AREAS).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut moment = String::new();
    for services in [&[0, 2, 4][..], &[0, 1, 2, 3, 4, 5]] {
        hub.clock.advance(chrono::TimeDelta::hours(1));
        moment = hub.now().to_string();
        write_package(folder.path(), tables_of(services));
        let report = import_package(&hub, folder.path().into(), ("test", Visibility::Public)).await;
        assert_eq!(report.refused, 0, "{:?}", report.problems);
    }
    for number in [1, 4] {
        takes(&hub, (service(number), 1), "open").await;
    }
    for number in [2, 5] {
        verify(&hub, (service(number), 1), Outcome::Confirmed).await;
    }
    let org = hub.org("Lakeside").await;
    (hub, org, moment)
}

#[actix_web::test]
async fn any_two_filters_find_what_both_find_whichever_they_are_in_every_list() {
    let (hub, org, moment) = six().await;
    let services = [
        json!({ "search": "lake" }),
        json!({ "lat": -15.4, "lon": 28.3, "proximity": 1_000 }),
        json!({ "area": "ZM105" }),
        json!({ "language": "ar" }),
        json!({ "open_at": "2026-03-02T09:00" }),
        json!({ "intake_status": "capacity" }),
        json!({ "verified_since": "2026-03-01T00:00:00Z" }),
        json!({ "taxonomy_term_id": uuid(4, 1) }),
        json!({ "taxonomy_id": uuid(6, 2) }),
        json!({ "organization_id": uuid(1, 0) }),
        json!({ "agreement_id": uuid(7, 1) }),
        json!({ "modified_after": moment }),
        json!({ "age": 16 }),
        json!({ "sex": "male" }),
        json!({ "population": ["PG04"] }),
        json!({ "nationality": "ET" }),
        json!({ "status": ["asylum_seeker"] }),
    ];
    let organizations = [
        json!({ "search": "aid" }),
        json!({ "taxonomy_term_id": uuid(4, 1) }),
        json!({ "taxonomy_id": uuid(6, 2) }),
        json!({ "agreement_id": uuid(7, 1) }),
    ];
    let terms = [
        json!({ "search": "health" }),
        json!({ "taxonomy_id": uuid(6, 1) }),
        json!({ "parent_id": uuid(4, 1) }),
        json!({ "top_only": true }),
    ];
    for (list, filters) in [
        ("services", &services[..]),
        ("service_at_locations", &services),
        ("organizations", &organizations),
        ("taxonomy_terms", &terms),
    ] {
        let path = format!("/hsds/{list}");
        let ids = |all: &[Value]| -> BTreeSet<String> {
            all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        let found = async |asked: &Value| -> BTreeSet<String> {
            let page = org.post(&hub, &path, asked).await.expect(200).body;
            let listed = ids(page["contents"].as_array().unwrap());
            assert_eq!(page["total_items"], listed.len(), "{list} {asked}");
            listed
        };
        let one_by_one = async |asked: &Value| -> BTreeSet<String> {
            let mut asked = asked.clone();
            asked["format"] = json!("ndjson");
            ids(&lines(&org.post(&hub, &path, &asked).await.expect(200).body))
        };
        let all = found(&json!({})).await.len();
        let mut alone = Vec::new();
        for filter in filters {
            let by_it = found(filter).await;
            assert!(!by_it.is_empty() && by_it.len() < all, "{list} {filter} finds {} of {all}", by_it.len());
            assert_eq!(one_by_one(filter).await, by_it, "{list} {filter}");
            alone.push((filter, by_it));
        }
        for (at, (one, by_one)) in alone.iter().enumerate() {
            for (other, by_other) in alone.iter().skip(at + 1) {
                let mut both = (*one).clone();
                both.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
                let expected: BTreeSet<String> = by_one.intersection(by_other).cloned().collect();
                assert_eq!(found(&both).await, expected, "{list} {both}");
                if *other == alone[at + 1].0 {
                    assert_eq!(one_by_one(&both).await, expected, "{list} {both}");
                }
            }
        }
    }
}
