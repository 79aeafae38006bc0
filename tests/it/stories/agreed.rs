//! What organisations agreed with one another: how it comes in, who sees it, and what it says where people look.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use throughline::directory::{self, Documents, Link, LinkService, SetVisibility, Visibility, hsds::Report};

use super::hsds::{require_valid, validator, with_profile};
use crate::support::{
    Org, TestHub, as_keeper, import_package, restrict, send, service_of_row, write_package,
};

/// The kinds of ids below.
const ORGANISATION: usize = 1;
const SERVICE: usize = 2;
const AGREEMENT: usize = 6;

const CLINIC: usize = 0;
const HIDDEN: usize = 2;

/// An agreement that has a hidden service in its scope, one with a hidden party, and one with nothing but a hidden service in scope.
const COAST: usize = 0;
const WITH_HIDDEN: usize = 1;
const ON_HIDDEN: usize = 2;
const DIRECTIVE: usize = 3;

/// An agreement that a source of its own gives, and one that none does.
const MEMORANDUM: usize = 4;
const NO_SUCH: usize = 9;

fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

/// Three organisations with a service each, one without, and four agreements. Nobody without clearance finds the third service, or that
/// there is its organisation.
fn package(folder: &Path) {
    let (o, s, a) = (
        |number| uuid(ORGANISATION, number),
        |number| uuid(SERVICE, number),
        |number| uuid(AGREEMENT, number),
    );
    let tables = [
        (
            "organization",
            "id,name",
            format!("{},Harbour Aid\n{},Lake Legal\n{},Canary house\n{},Ministry\n", o(0), o(1), o(2), o(3)),
        ),
        (
            "service",
            "id,organization_id,name,status",
            format!(
                "{},{},Clinic,active\n{},{},Legal advice,active\n{},{},Canary shelter,active\n",
                s(0),
                o(0),
                s(1),
                o(1),
                s(2),
                o(2)
            ),
        ),
        (
            "agreement",
            "id,agreement_type,title,level,target_groups,exclusions,financing,valid_from,valid_to,status",
            format!(
                "{},sop,Procedure of the coast,local,\"PG01, PG04\",Nobody under 16,The fund pays,2026-01-01,2026-12-31,active\n\
                 {},mou,Canary memorandum,,,,,,,active\n\
                 {},service_agreement,Canary agreement on a shelter,,,,,,,active\n\
                 {},directive,Directive on referrals,national,,,,2025-01-01,2025-12-31,ended\n",
                a(0),
                a(1),
                a(2),
                a(3)
            ),
        ),
        (
            "agreement_party",
            "id,agreement_id,organization_id,role,signed_on,signatory_role",
            format!(
                "p1,{0},{4},refers,2026-01-01,Director\np2,{0},{5},,,\np3,{0},{6},Canary host,,\n\
                 p4,{1},{4},,,\np5,{1},{6},,,\np6,{2},{4},,,\np7,{2},{5},,,\np8,{3},{7},,,\n",
                a(0),
                a(1),
                a(2),
                a(3),
                o(0),
                o(1),
                o(2),
                o(3)
            ),
        ),
        (
            "agreement_service",
            "id,agreement_id,service_id",
            format!("c1,{0},{2}\nc2,{0},{3}\nc3,{1},{3}\n", a(0), a(2), s(0), s(2)),
        ),
    ];
    write_package(folder, tables);
}

async fn import(hub: &TestHub, from: PathBuf) -> Report {
    import_package(hub, from, ("coast", Visibility::Public)).await
}

async fn hub() -> (TestHub, tempfile::TempDir) {
    let (hub, folder) = (TestHub::new(), tempfile::tempdir().unwrap());
    package(folder.path());
    let report = import(&hub, folder.path().into()).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    restrict(&hub, &uuid(SERVICE, HIDDEN)).await;
    (hub, folder)
}

/// A document or a list at `/hsds`.
async fn read(hub: &TestHub, by: Option<&Org>, path: &str) -> Value {
    let path = format!("/hsds{path}");
    match by {
        Some(org) => org.get(hub, &path).await,
        None => send(hub, None, "GET", &path, &[], None).await,
    }
    .expect(200)
    .body
}

fn titles(of: &Value) -> Vec<&str> {
    let all = of.as_array().into_iter().flatten();
    let mut titles: Vec<&str> = all.map(|one| one["agreement"]["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    titles
}

#[actix_web::test]
async fn agreements_come_in_with_a_package_and_go_with_it() {
    let (hub, folder) = hub().await;
    let org = hub.org("Lakeside").await;
    let path = format!("/services/{}", uuid(SERVICE, CLINIC));
    let clinic = read(&hub, Some(&org), &path).await;
    let agreement = &clinic["agreement_services"][0]["agreement"];
    for (column, said) in [
        ("title", "Procedure of the coast"),
        ("agreement_type", "sop"),
        ("level", "local"),
        ("target_groups", "PG01, PG04"),
        ("exclusions", "Nobody under 16"),
        ("financing", "The fund pays"),
        ("valid_from", "2026-01-01"),
        ("valid_to", "2026-12-31"),
        ("status", "active"),
    ] {
        assert_eq!(agreement[column], said, "{column}");
    }
    let own = &clinic["organization"]["agreement_parties"][0];
    assert_eq!(own["signatory_role"], "Director");
    assert_eq!((&own["role"], &own["signed_on"]), (&json!("refers"), &json!("2026-01-01")));
    assert_eq!(own["agreement"]["id"], uuid(AGREEMENT, COAST));

    let again = import(&hub, folder.path().into()).await;
    assert_eq!((again.changes(), again.missing()), (0, 0), "a second time changes nothing");

    // When a service changed is read by everybody, so what changes of an agreement is a change of none.
    hub.clock.advance(chrono::TimeDelta::minutes(1));
    let since = format!("/services?modified_after={}", hub.now());
    let text = std::fs::read_to_string(folder.path().join("agreement.csv")).unwrap();
    std::fs::write(folder.path().join("agreement.csv"), text.replace("under 16", "under 18")).unwrap();
    let changed = import(&hub, folder.path().into()).await;
    assert_eq!((changed.changes(), changed.table("agreement").unwrap().changed), (1, 1));
    assert_eq!(read(&hub, Some(&org), &since).await["total_items"], 0, "who agreed with whom is not told");
    let clinic = read(&hub, Some(&org), &path).await;
    assert_eq!(clinic["agreement_services"][0]["agreement"]["exclusions"], "Nobody under 18");

    let service = service_of_row(&uuid(SERVICE, HIDDEN));
    let open = SetVisibility { service, version: 2, visibility: Visibility::Members };
    as_keeper(&hub, "directory.set_visibility", move |tx| directory::set_visibility(tx, &open))
        .await
        .unwrap();
    as_keeper(&hub, "directory.forget", |tx| directory::forget_source(tx, "coast")).await.unwrap();
    assert_eq!(read(&hub, Some(&org), "/services").await["total_items"], 0);
    let anew = import(&hub, folder.path().into()).await;
    assert_eq!(anew.table("agreement").unwrap().new, 4, "nothing of it was left");
}

#[actix_web::test]
async fn agreements_are_for_members_and_tell_nothing_of_what_is_hidden_from_them() {
    let (hub, _folder) = hub().await;
    let org = hub.org("Lakeside").await;
    let lists =
        ["/services?full=true", "/organizations?full_service=true", "/service_at_locations?full=true"];
    for path in lists {
        let public = read(&hub, None, path).await.to_string();
        for said in ["agreement", "Procedure of the coast", "Directive", "Canary"] {
            assert!(!public.contains(said), "{said}: {public}");
        }
        let seen = read(&hub, Some(&org), path).await.to_string();
        for said in ["Canary", &uuid(SERVICE, HIDDEN), &uuid(ORGANISATION, 2)] {
            assert!(!seen.contains(said), "{said}: {seen}");
        }
        for agreement in [WITH_HIDDEN, ON_HIDDEN] {
            assert!(!seen.contains(&uuid(AGREEMENT, agreement)), "{agreement}: {seen}");
        }
    }
    let harbour = format!("/organizations/{}", uuid(ORGANISATION, 0));
    let seen = read(&hub, Some(&org), &harbour).await;
    assert_eq!(titles(&seen["agreement_parties"]), ["Procedure of the coast"]);
    let parties = &seen["agreement_parties"][0]["agreement"]["agreement_parties"];
    let mut parties: Vec<&str> =
        parties.as_array().unwrap().iter().map(|party| party["organization_id"].as_str().unwrap()).collect();
    parties.sort_unstable();
    assert_eq!(parties, [uuid(ORGANISATION, 0), uuid(ORGANISATION, 1)], "the third is not named");
    let ministry = read(&hub, Some(&org), "/organizations?search=ministry").await;
    assert_eq!(ministry["total_items"], 1, "who offers nothing is there as well");

    // Whoever provides the hidden service sees what was agreed on it.
    let host = hub.org("Canary house").await;
    link(&hub, (&uuid(SERVICE, HIDDEN), 2), &host).await;
    let seen = read(&hub, Some(&host), &harbour).await;
    let all = ["Canary agreement on a shelter", "Canary memorandum", "Procedure of the coast"];
    assert_eq!(titles(&seen["agreement_parties"]), all);
}

/// Says that a service, of which this version is known, is the one that a member offers.
async fn link(hub: &TestHub, (service, version): (&str, i64), org: &Org) {
    let link = Some(Link { organisation: org.id, service: "SV03".parse().unwrap() });
    let command = LinkService { service: service_of_row(service), version, link };
    let policy = hub.hub.policy();
    as_keeper(hub, "directory.link", move |tx| directory::link_service(tx, &command, &policy)).await.unwrap();
}

#[actix_web::test]
async fn what_is_said_of_agreements_holds_to_the_schemas_of_the_profile() {
    let (hub, _folder) = hub().await;
    let org = hub.org("Lakeside").await;
    let Some(merged) = with_profile(&hub).await else { return };
    let judge = validator(merged.path(), "organization.json");
    let one = read(&hub, Some(&org), &format!("/organizations/{}", uuid(ORGANISATION, 0))).await;
    require_valid(&judge, &one);
    let mut broken = one.clone();
    broken["agreement_parties"][0]["agreement"]["agreement_type"] = json!("handshake");
    assert!(!judge.is_valid(&broken), "agreements are looked at");
    let judge = validator(merged.path(), "service.json");
    for document in read(&hub, Some(&org), "/services?full=true").await["contents"].as_array().unwrap() {
        require_valid(&judge, document);
    }
}

#[actix_web::test]
async fn an_agreement_that_cannot_be_is_refused_with_its_line_and_a_doubtful_one_is_named() {
    let (hub, folder) = (TestHub::new(), tempfile::tempdir().unwrap());
    package(folder.path());
    let add = |table: &str, rows: &str| {
        let path = folder.path().join(format!("{table}.csv"));
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + rows).unwrap();
    };
    let (agreement, organisation) = (uuid(AGREEMENT, COAST), uuid(ORGANISATION, 1));
    add(
        "agreement",
        "x1,handshake,A,,,,,,,active\nx2,mou,,,,,,,,\nx3,mou,B,,,,,2026-05-01,2026-04-30,active\n",
    );
    add("agreement_party", &format!("y1,{agreement},nobody,,,\ny2,x1,{organisation},,,\ny3,x3,,,,\n"));
    add("agreement_service", &format!("z1,{agreement},nothing\n"));
    let report = import(&hub, folder.path().into()).await;
    let found: Vec<(&str, &str, Option<u64>, Option<&str>)> = report
        .problems
        .iter()
        .map(|problem| (problem.code, problem.table.as_str(), problem.line, problem.column.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("not_in_list", "agreement", Some(6), Some("agreement_type")),
            ("required", "agreement", Some(7), Some("title")),
            ("required", "agreement", Some(7), Some("status")),
            ("agreement", "agreement", Some(8), Some("valid_to")),
            ("broken_reference", "agreement_party", Some(10), Some("organization_id")),
            ("broken_reference", "agreement_party", Some(11), Some("agreement_id")),
            ("required", "agreement_party", Some(12), Some("organization_id")),
            ("broken_reference", "agreement_service", Some(5), Some("service_id")),
        ]
    );
    assert!(report.problems.iter().all(|problem| !problem.remedy.is_empty()));
}

#[actix_web::test]
async fn agreements_of_a_source_without_services_are_said_of_the_services_that_are_there() {
    let (hub, _folder) = hub().await;
    let org = hub.org("Lakeside").await;
    hub.clock.advance(chrono::TimeDelta::minutes(1));
    let since = format!("/services?modified_after={}", hub.now());
    accords(&hub).await;
    let seen = read(&hub, Some(&org), &format!("/services/{}", uuid(SERVICE, 1))).await;
    let all = ["Memorandum of two", "Procedure of the coast"];
    assert_eq!(titles(&seen["organization"]["agreement_parties"]), all);
    for viewer in [None, Some(&org)] {
        assert_eq!(read(&hub, viewer, &since).await["total_items"], 0, "who agreed with whom is not told");
    }
}

#[actix_web::test]
async fn agreements_given_as_objects_come_in_elsewhere_as_they_were() {
    let (hub, _folder) = hub().await;
    let give = |db: &mut throughline::storage::Db<'_>| {
        let mut into = Vec::new();
        directory::give(db, &throughline::access::Actor::operator(), ("coast", Documents::Page), &mut into)?;
        Ok::<_, directory::DirectoryError>(String::from_utf8(into).unwrap())
    };
    let text = hub.hub.read(give).await.unwrap();
    assert!(!text.contains("Canary") && !text.contains(&uuid(SERVICE, HIDDEN)), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("services.json");
    std::fs::write(&path, &text).unwrap();
    let other = TestHub::new();
    let report = import(&other, path).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    let rows = |table: &str| report.table(table).map_or(0, |table| table.new);
    assert_eq!((rows("agreement"), rows("agreement_party"), rows("agreement_service")), (1, 2, 1));
    assert_eq!(other.hub.read(give).await.unwrap(), text);
}

fn names(body: &Value, list: &str) -> Vec<String> {
    let names = body[list].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A memorandum of the first two organisations without a scope, in a source of its own.
async fn accords(hub: &TestHub) {
    let folder = tempfile::tempdir().unwrap();
    let (harbour, lake) = (uuid(ORGANISATION, 0), uuid(ORGANISATION, 1));
    let memorandum = uuid(AGREEMENT, MEMORANDUM);
    let tables = [
        ("organization", "id,name", format!("{harbour},Harbour Aid\n{lake},Lake Legal\n")),
        (
            "agreement",
            "id,agreement_type,title,status,valid_to",
            format!("{memorandum},mou,Memorandum of two,active,2026-03-02\n"),
        ),
        (
            "agreement_party",
            "id,agreement_id,organization_id",
            format!("mp1,{memorandum},{harbour}\nmp2,{memorandum},{lake}\n"),
        ),
    ];
    write_package(folder.path(), tables);
    let report = import_package(hub, folder.path().into(), ("accords", Visibility::Members)).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
    hub.run_jobs().await;
}

#[actix_web::test]
async fn searches_and_lists_are_narrowed_to_what_an_agreement_covers() {
    let (hub, _folder) = hub().await;
    accords(&hub).await;
    let (org, host) = (hub.org("Lakeside").await, hub.org("Canary house").await);
    link(&hub, (&uuid(SERVICE, HIDDEN), 2), &host).await;
    let all = ["Canary shelter", "Clinic", "Legal advice"];
    for (agreement, for_members, for_the_host) in [
        (COAST, &["Clinic"][..], &["Canary shelter", "Clinic"][..]),
        (WITH_HIDDEN, &[], &["Canary shelter", "Clinic"]),
        (ON_HIDDEN, &[], &["Canary shelter"]),
        (DIRECTIVE, &[], &[]),
        (MEMORANDUM, &["Clinic", "Legal advice"], &["Clinic", "Legal advice"]),
        (NO_SUCH, &[], &[]),
    ] {
        let asked = format!("services?agreement_id={}", uuid(AGREEMENT, agreement));
        for (by, found) in [(&org, for_members), (&host, for_the_host)] {
            let body = by.get(&hub, &format!("/api/v1/{asked}")).await.expect(200).body;
            assert_eq!(names(&body, "items"), found, "{agreement}");
            let body = read(&hub, Some(by), &format!("/{asked}")).await;
            assert_eq!(names(&body, "contents"), found, "{agreement}");
            assert_eq!(body["total_items"], found.len(), "{agreement}");
            let posted = json!({ "agreement_id": uuid(AGREEMENT, agreement) });
            let body = by.post(&hub, "/hsds/services", &posted).await.expect(200).body;
            assert_eq!(names(&body, "contents"), found, "{agreement}");
        }
        assert_eq!(read(&hub, None, &format!("/{asked}")).await["total_items"], 0, "the public reads none");
    }
    let body = org.get(&hub, &format!("/api/v1/services?agreement_id={}", uuid(AGREEMENT, ON_HIDDEN))).await;
    let without = json!([{ "filter": "agreement_id", "services": 2 }]);
    assert_eq!(body.expect(200).body["nothing"]["without"], without);
    assert_eq!(names(&host.get(&hub, "/api/v1/services").await.expect(200).body, "items"), all);
    org.get(&hub, "/api/v1/services?agreement_id=coast").await.expect(400);

    for (agreement, found) in
        [(COAST, &["Harbour Aid", "Lake Legal"][..]), (WITH_HIDDEN, &[]), (DIRECTIVE, &["Ministry"])]
    {
        let path = format!("/organizations?agreement_id={}", uuid(AGREEMENT, agreement));
        let body = read(&hub, Some(&org), &path).await;
        assert_eq!((names(&body, "contents"), &body["total_items"]), (owned(found), &json!(found.len())));
        assert_eq!(read(&hub, None, &path).await["total_items"], 0);
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[actix_web::test]
async fn agreements_are_listed_with_their_parties_and_their_scope_for_members() {
    let (hub, _folder) = hub().await;
    let org = hub.org("Lakeside").await;
    let page = read(&hub, Some(&org), "/agreements").await;
    let titles = |page: &Value| -> Vec<String> {
        let all = page["contents"].as_array().unwrap().iter();
        all.map(|one| one["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(&page), ["Procedure of the coast", "Directive on referrals"]);
    assert_eq!(page["total_items"], 2);
    assert_eq!(
        titles(&read(&hub, Some(&org), "/agreements?search=directive").await),
        ["Directive on referrals"]
    );
    assert_eq!(
        read(&hub, Some(&org), "/agreements?per_page=1&page=2").await["contents"][0]["level"],
        "national"
    );
    assert_eq!(read(&hub, None, "/agreements").await["total_items"], 0);

    let path = |agreement| format!("/agreements/{}", uuid(AGREEMENT, agreement));
    let one = read(&hub, Some(&org), &path(COAST)).await;
    let parties = one["agreement_parties"].as_array().unwrap();
    let parties: Vec<&str> =
        parties.iter().map(|party| party["organization"]["name"].as_str().unwrap()).collect();
    assert_eq!(parties, ["Harbour Aid", "Lake Legal"]);
    let scope = one["agreement_services"].as_array().unwrap();
    let scope: Vec<&str> = scope.iter().map(|covered| covered["service"]["name"].as_str().unwrap()).collect();
    assert_eq!(scope, ["Clinic"]);
    for hidden in [WITH_HIDDEN, ON_HIDDEN, NO_SUCH] {
        org.get(&hub, &format!("/hsds{}", path(hidden))).await.expect(404);
    }
    send(&hub, None, "GET", &format!("/hsds{}", path(COAST)), &[], None).await.expect(404);

    if let Some(merged) = with_profile(&hub).await {
        require_valid(&validator(merged.path(), "agreement.json"), &one);
    }

    // What is listed comes in elsewhere.
    let full = read(&hub, Some(&org), "/agreements?full=true").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agreements.json");
    std::fs::write(&file, full.to_string()).unwrap();
    let other = TestHub::new();
    let report = import(&other, file).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
    let again = read(&other, Some(&other.org("Lakeside").await), "/agreements").await;
    assert_eq!(titles(&again), titles(&full));
}

/// What an agreement counts for each service that is found, in their order.
fn counted(body: &Value) -> Vec<(&str, Option<f64>)> {
    let all = body["items"].as_array().unwrap().iter();
    all.map(|item| (item["name"].as_str().unwrap(), item["match"]["agreement"].as_f64())).collect()
}

#[actix_web::test]
async fn what_an_agreement_in_force_covers_stands_before_what_is_as_good() {
    let (hub, folder) = (TestHub::new(), tempfile::tempdir().unwrap());
    let clinic = |number: usize| {
        format!("{},{},Clinic {number},active\n", uuid(SERVICE, number), uuid(ORGANISATION, number))
    };
    let organisation = |number: usize| format!("{},Organisation\n", uuid(ORGANISATION, number));
    let organisations = (0..6).map(organisation).collect::<Vec<_>>().concat();
    let tables = [
        ("organization", "id,name", organisations.clone()),
        ("service", "id,organization_id,name,status", (0..6).map(clinic).collect()),
    ];
    write_package(folder.path(), tables);
    import(&hub, folder.path().into()).await;
    restrict(&hub, &uuid(SERVICE, 5)).await;
    let mut org = hub.org("Lakeside").await;
    link(&hub, (&uuid(SERVICE, 0), 1), &org).await;
    let asked = "/api/v1/services?text=clinic";
    let before = org.get(&hub, asked).await.expect(200).body;
    assert!(counted(&before).iter().all(|(_, agreement)| agreement.is_none()), "there is none: {before}");

    // The second has one with the searcher that ended, the third one among others, the fourth one with the searcher, and the fifth one with
    // somebody hidden.
    let folder = tempfile::tempdir().unwrap();
    let parties = [("a", 0), ("a", 1), ("b", 2), ("b", 1), ("c", 0), ("c", 3), ("d", 4), ("d", 5)]
        .iter()
        .enumerate()
        .map(|(row, (agreement, party))| format!("p{row},{agreement},{}\n", uuid(ORGANISATION, *party)))
        .collect::<Vec<_>>()
        .concat();
    let tables = [
        ("organization", "id,name", organisations),
        (
            "agreement",
            "id,agreement_type,title,status,valid_from,valid_to",
            String::from(
                "a,mou,A,ended,,\nb,sop,B,active,,\nc,bilateral,C,active,2026-03-02,2026-03-02\nd,mou,D,active,,\n",
            ),
        ),
        ("agreement_party", "id,agreement_id,organization_id", parties),
    ];
    write_package(folder.path(), tables);
    let report = import_package(&hub, folder.path().into(), ("accords", Visibility::Members)).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    hub.run_jobs().await;
    let found = org.get(&hub, asked).await.expect(200).body;
    let best = ["Clinic 0", "Clinic 3"].map(|name| (name, Some(1.0)));
    let next = ["Clinic 1", "Clinic 2"].map(|name| (name, Some(0.5)));
    let all = [best.as_slice(), &next, &[("Clinic 4", Some(0.0))]].concat();
    assert_eq!(counted(&found), all);
    let stranger = hub.org("Harbour").await;
    let found = stranger.get(&hub, asked).await.expect(200).body;
    assert!(counted(&found).iter().all(|(_, agreement)| *agreement != Some(1.0)), "{found}");

    // Its last day is over.
    hub.clock.advance(chrono::TimeDelta::hours(20));
    org.sign_in(&hub).await;
    let found = org.get(&hub, asked).await.expect(200).body;
    let best = ["Clinic 1", "Clinic 2"].map(|name| (name, Some(0.5)));
    let rest = ["Clinic 0", "Clinic 3", "Clinic 4"].map(|name| (name, Some(0.0)));
    assert_eq!(counted(&found), [best.as_slice(), &rest].concat());

    as_keeper(&hub, "directory.forget", |tx| directory::forget_source(tx, "accords")).await.unwrap();
    hub.run_jobs().await;
    let found = org.get(&hub, asked).await.expect(200).body;
    assert!(counted(&found).iter().all(|(_, agreement)| agreement.is_none()), "{found}");
}
