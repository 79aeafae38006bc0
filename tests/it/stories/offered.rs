//! What a member offers is found once those who keep the directory listed it, by the inclusion criteria.

use serde_json::{Value, json};
use throughline::{
    directory::{self, Decision, DirectoryError, SetStanding, Standing},
    kernel::{Coded as _, id::ServiceId},
    policy::{Policy, ServiceCode},
    storage::Db,
};

use crate::support::{Org, Response, TestHub, as_keeper, coordinator, listed, send, version_at};

fn body(org: &Org, visibility: &str) -> Value {
    json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Care", "visibility": visibility })
}

/// Offers a service, and answers it with its path.
async fn offers(hub: &TestHub, org: &Org, visibility: &str) -> (Value, String) {
    let made = org.post(hub, "/api/v1/services", &body(org, visibility)).await.expect(201).body;
    let path = format!("/api/v1/services/{}", made["id"].as_str().unwrap());
    (made, path)
}

fn id(made: &Value) -> ServiceId {
    made["id"].as_str().unwrap().parse().unwrap()
}

async fn decide(
    hub: &TestHub,
    (org, made): (&Org, &Value),
    approve: bool,
    reason: Option<&str>,
) -> Result<(), DirectoryError> {
    let service = id(made);
    let version = version_at(hub, org, &format!("/api/v1/services/{service}/draft")).await;
    let reason = reason.map(|reason| reason.parse().unwrap());
    let decision = Decision { approve, criteria: "2026-1".parse().unwrap(), reason, visibility: None };
    let settings = hub.hub.settings().directory.clone();
    as_keeper(hub, "directory.decide", move |tx| {
        directory::decide(tx, (service, version), (&decision, &settings)).map(drop)
    })
    .await
}

async fn put(hub: &TestHub, org: &Org, path: &str, (part, seen): (&str, i64), body: Value) -> Response {
    let (path, seen) = (format!("{path}/{part}"), format!("\"{seen}\""));
    send(hub, Some(&org.token), "PUT", &path, &[("if-match", &seen)], Some(&body)).await
}

async fn write(hub: &TestHub, org: &Org, path: &str, edit: Value) -> Response {
    let body = json!({ "edit": edit, "submit": true });
    send(hub, Some(&org.token), "PUT", &format!("{path}/draft"), &[], Some(&body)).await
}

/// Whether somebody can be referred there.
async fn is_offered(hub: &TestHub, org: &Org) -> bool {
    let (id, now, code) = (org.id, hub.now(), "SV07".parse::<ServiceCode>().unwrap());
    let offer = move |db: &mut Db<'_>| directory::offer(db, id, &code, Policy::builtin(), now);
    hub.hub.read::<_, DirectoryError>(offer).await.unwrap().is_some()
}

/// Whether a member finds it, and whether everybody does.
async fn is_found(hub: &TestHub, provider: &Org, other: &Org, made: &Value) -> (bool, bool) {
    let document = format!("/hsds/services/{}", id(made).uuid());
    let one = format!("/api/v1/services/{}", id(made));
    let says = |response: &Response| response.body.to_string().to_lowercase().contains("lake clinic");
    let mut members =
        vec![other.get(hub, &one).await.status == 200, other.get(hub, &document).await.status == 200];
    for path in [
        "/api/v1/services?text=lake",
        "/api/v1/services",
        "/api/v1/services?service=SV07&members_only=true",
        "/hsds/services?full=true",
        "/hsds/services?search=lake",
        "/hsds/organizations?full_service=true",
        "/hsds/services?format=ndjson",
    ] {
        members.push(says(&other.get(hub, path).await.expect(200)));
    }
    // Its provider finds what is listed, and nothing else, where people look for help.
    members.push(says(&provider.get(hub, "/api/v1/services?text=lake").await.expect(200)));
    members.push(is_offered(hub, provider).await);
    let mut everybody = vec![send(hub, None, "GET", &document, &[], None).await.status == 200];
    for path in ["/hsds/services", "/hsds/services?format=ndjson", "/hsds/organizations?full_service=true"] {
        everybody.push(says(&send(hub, None, "GET", path, &[], None).await.expect(200)));
    }
    for (who, seen) in [("members", &members), ("everybody", &everybody)] {
        assert!(seen.iter().all(|one| *one == seen[0]), "{who}: not everywhere the same: {seen:?}");
    }
    (members[0], everybody[0])
}

#[actix_web::test]
async fn those_who_keep_the_directory_are_told_once_of_what_begins_to_wait() {
    let hub = TestHub::new();
    let provider = hub.org("Harbour Aid").await;
    let (made, path) = offers(&hub, &provider, "public").await;
    let names_both = json!({ "service": made["id"], "organisation": provider.id });
    assert_eq!(hub.told("service.offered").await, std::slice::from_ref(&names_both));
    write(&hub, &provider, &path, json!({ "service": { "description": "Care for all" } })).await.expect(200);
    assert_eq!(hub.told("service.offered").await.len(), 1, "it waited already");
    decide(&hub, (&provider, &made), false, Some("Say for whom")).await.unwrap();
    write(&hub, &provider, &path, json!({ "service": { "description": "Care for women" } }))
        .await
        .expect(200);
    assert_eq!(hub.told("service.offered").await.len(), 2, "it waits again");
    decide(&hub, (&provider, &made), true, None).await.unwrap();

    let edit = json!({ "service": { "description": "Care for women and children" } });
    let kept = json!({ "edit": edit, "submit": false });
    let draft = format!("{path}/draft");
    send(&hub, Some(&provider.token), "PUT", &draft, &[], Some(&kept)).await.expect(200);
    assert!(hub.told("service.draft_submitted").await.is_empty(), "the provider still writes it");
    write(&hub, &provider, &path, edit).await.expect(200);
    assert_eq!(hub.told("service.draft_submitted").await, [names_both]);
    assert!(provider.told(&hub, "service.draft_submitted").await.is_empty(), "it wrote it itself");
}

#[actix_web::test]
async fn what_a_member_offers_is_nowhere_until_those_who_keep_the_directory_take_it() {
    let hub = TestHub::new();
    let (provider, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let (made, path) = offers(&hub, &provider, "public").await;
    assert_eq!(
        ["standing", "status", "verification"].map(|member| made[member].as_str().unwrap()),
        ["proposed", "inactive", "unverified"]
    );
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (false, false));
    other.get(&hub, &format!("{path}/draft")).await.expect(404);
    let organizations = send(&hub, None, "GET", "/hsds/organizations", &[], None).await.expect(200).body;
    assert_eq!(organizations["total_items"], 0, "nor is there an organisation that offers nothing else");

    // Its provider sees how it stands, and can list it in no way.
    assert_eq!(provider.get(&hub, &path).await.expect(200).body["standing"], "proposed");
    let draft = provider.get(&hub, &format!("{path}/draft")).await.expect(200).body;
    assert_eq!(
        (&draft["state"], &draft["edit"]["visibility"], &draft["edit"]["service"]["name"]),
        (&json!("submitted"), &json!("public"), &json!("Lake clinic"))
    );
    let seen = version_at(&hub, &provider, &path).await;
    let public = put(&hub, &provider, &path, ("visibility", seen), json!({ "visibility": "public" })).await;
    assert_eq!(public.expect(409).code(), "directory.undecided");
    put(&hub, &provider, &path, ("availability", seen), json!({ "availability": "open" })).await.expect(200);
    let seen = format!("\"{}\"", version_at(&hub, &provider, &path).await);
    let confirmed = json!({ "method": "provider_update", "outcome": "confirmed" });
    let verify = format!("{path}/verifications");
    send(&hub, Some(&provider.token), "POST", &verify, &[("if-match", &seen)], Some(&confirmed))
        .await
        .expect(200);
    let decision = json!({ "approve": true, "criteria": "2026-1" });
    let headers = [("if-match", "\"1\"")];
    let own = format!("{path}/draft/decision");
    send(&hub, Some(&provider.token), "POST", &own, &headers, Some(&decision)).await.expect(403);
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (false, false));

    // Those who keep the directory decide about the draft, and not around it.
    let (service, version) = (id(&made), version_at(&hub, &provider, &path).await);
    for standing in [Standing::Listed, Standing::Archived] {
        let command =
            SetStanding { standing, criteria: "2026-1".parse().unwrap(), reason: "Fine".parse().unwrap() };
        let refused = as_keeper(&hub, "directory.set_standing", move |tx| {
            directory::set_standing(tx, (service, version), &command).map(drop)
        });
        assert_eq!(refused.await.unwrap_err().code().name(), "directory.undecided");
    }
    decide(&hub, (&provider, &made), true, None).await.unwrap();
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (true, true));
    let shown = other.get(&hub, &path).await.expect(200).body;
    assert_eq!(
        (shown.get("standing"), &shown["status"], &shown["visibility"], &shown["verification"]),
        (None, &json!("active"), &json!("public"), &json!("verified"))
    );
    let decided = provider.get(&hub, &format!("{path}/decisions")).await.expect(200).body;
    assert_eq!(
        (&decided["items"][0]["state"], &decided["items"][0]["criteria"]),
        (&json!("approved"), &json!("2026-1"))
    );
    let changes = provider.get(&hub, &format!("{path}/changes")).await.expect(200).body;
    let changed: Vec<[&str; 3]> = changes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["field", "before", "after"].map(|member| one[member].as_str().unwrap()))
        .collect();
    for change in [
        ["standing", "proposed", "listed"],
        ["visibility", "restricted", "public"],
        ["status", "inactive", "active"],
    ] {
        assert!(changed.contains(&change), "{change:?} in {changed:?}");
    }
    hub.run_jobs().await;
    assert_eq!(provider.told(&hub, "service.draft_approved").await.len(), 1);
}

#[actix_web::test]
async fn what_is_refused_says_why_and_may_be_offered_again_to_others() {
    let hub = TestHub::new();
    let (provider, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let (made, path) = offers(&hub, &provider, "public").await;
    decide(&hub, (&provider, &made), false, Some("Say which nights")).await.unwrap();
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (false, false));
    let draft = provider.get(&hub, &format!("{path}/draft")).await.expect(200).body;
    assert_eq!((&draft["state"], &draft["reason"]), (&json!("rejected"), &json!("Say which nights")));

    let write = async |edit: Value| write(&hub, &provider, &path, edit).await;
    let again = write(json!({ "service": { "description": "Every night" } })).await.expect(200).body;
    assert_eq!(again["edit"]["visibility"], "public", "what it does not say again stays");
    write(json!({ "service": { "description": "Every night" }, "visibility": "members" })).await.expect(200);
    decide(&hub, (&provider, &made), true, None).await.unwrap();
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (true, false));
    assert_eq!(other.get(&hub, &path).await.expect(200).body["description"], "Every night");

    // From now on its visibility is set as that of any other.
    let refused = write(json!({ "visibility": "public" })).await.expect(422);
    assert_eq!(refused.code(), "directory.bad_draft");
    let seen = version_at(&hub, &provider, &path).await;
    put(&hub, &provider, &path, ("visibility", seen), json!({ "visibility": "public" })).await.expect(200);
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (true, true));
}

#[actix_web::test]
async fn those_who_keep_the_directory_list_what_they_enter_for_somebody_at_once() {
    let hub = TestHub::new();
    let (provider, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let made = listed(&hub, &body(&provider, "public")).await;
    assert_eq!((made.get("standing"), &made["verification"]), (None, &json!("verified")));
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (true, true));
    let cookie = coordinator(&hub).await;
    let advice =
        json!({ "organisation": provider.id, "service": "SV12", "name": "Advice", "description": "Law" });
    let entered = send(&hub, None, "POST", "/api/v1/services", &[("cookie", &cookie)], Some(&advice)).await;
    let entered = entered.expect(201).body;
    assert_eq!((entered.get("standing"), &entered["status"]), (None, &json!("active")));
    let drafts = send(&hub, None, "GET", "/api/v1/directory/drafts", &[("cookie", &cookie)], None).await;
    assert_eq!(drafts.expect(200).body["items"], json!([]), "nothing waits for a decision");
}

/// A public service that those who keep the directory entered for a member, and its path.
async fn of_a_member(hub: &TestHub, org: &Org) -> (Value, String) {
    let made = listed(hub, &body(org, "public")).await;
    let path = format!("/api/v1/services/{}", id(&made));
    (made, path)
}

/// Writes its places, and has them taken.
async fn places(hub: &TestHub, org: &Org, (made, path): (&Value, &str), places: Value) {
    write(hub, org, path, json!({ "places": places })).await.expect(200);
    decide(hub, (org, made), true, None).await.unwrap();
}

async fn open(hub: &TestHub, path: &str) -> Value {
    send(hub, None, "GET", path, &[], None).await.expect(200).body
}

/// How many services a member finds near the pier.
async fn near(hub: &TestHub, org: &Org) -> usize {
    let path = "/api/v1/services?lat=-15.42&lon=28.28&proximity=2000";
    org.get(hub, path).await.expect(200).body["items"].as_array().unwrap().len()
}

#[actix_web::test]
async fn places_of_what_was_entered_here_are_found_mapped_and_printed_once_they_are_taken() {
    let hub = TestHub::new();
    let (provider, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let (made, path) = of_a_member(&hub, &provider).await;
    let pier = json!({
        "location": { "name": "Pier house", "latitude": "-15.42", "longitude": "28.28" },
        "address": { "address_1": "Pier Road 2", "city": "Siavonga", "country": "ZM" },
        "accessibility": { "description": "No steps" },
    });
    write(&hub, &provider, &path, json!({ "places": [pier] })).await.expect(200);
    assert_eq!(near(&hub, &other).await, 0, "nothing shows before it is taken");
    decide(&hub, (&provider, &made), true, None).await.unwrap();
    assert_eq!(near(&hub, &other).await, 1);
    let document = format!("/hsds/services/{}", id(&made).uuid());
    let shown = open(&hub, &document).await["service_at_locations"].clone();
    assert_eq!(shown.as_array().unwrap().len(), 1);
    let location = &shown[0]["location"];
    assert_eq!(
        [
            &location["name"],
            &location["location_type"],
            &location["addresses"][0]["city"],
            &location["accessibility"][0]["description"]
        ],
        ["Pier house", "physical", "Siavonga", "No steps"]
    );
    let map = open(&hub, "/api/v1/directory/places.geojson").await;
    assert_eq!(map["features"].as_array().unwrap().len(), 1);
    assert_eq!(map["features"][0]["geometry"]["coordinates"], json!([28.28, -15.42]));
    for form in ["3w.csv", "page.html"] {
        let text = open(&hub, &format!("/api/v1/directory/{form}")).await.to_string();
        assert!(text.contains("Siavonga"), "{form}: {text}");
    }

    // A place that is there keeps its id, and what belongs to it; what is left out goes.
    let moved = json!({
        "id": shown[0]["id"],
        "location": { "name": "Market house", "latitude": "-16.42", "longitude": "28.28" },
        "address": { "address_1": "Market Street", "city": "Siavonga", "country": "ZM" },
    });
    places(&hub, &provider, (&made, &path), json!([moved])).await;
    assert_eq!(near(&hub, &other).await, 0);
    let after = open(&hub, &document).await["service_at_locations"].clone();
    assert_eq!(after.as_array().unwrap().len(), 1);
    assert_eq!((&after[0]["id"], &after[0]["location"]["id"]), (&shown[0]["id"], &location["id"]));
    assert_eq!(after[0]["location"]["addresses"][0]["id"], location["addresses"][0]["id"]);
    assert_eq!(after[0]["location"].get("accessibility"), None);
    let changes = provider.get(&hub, &format!("{path}/changes?limit=200")).await.expect(200).body;
    let changed: Vec<[&str; 4]> = changes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["table", "field", "before", "after"].map(|member| one[member].as_str().unwrap()))
        .collect();
    for change in [
        ["location", "listed", "no", "yes"],
        ["location", "name", "Pier house", "Market house"],
        ["address", "address_1", "Pier Road 2", "Market Street"],
        ["accessibility", "listed", "yes", "no"],
    ] {
        assert!(changed.contains(&change), "{change:?} in {changed:?}");
    }

    places(&hub, &provider, (&made, &path), json!([])).await;
    assert_eq!(open(&hub, &document).await.get("service_at_locations"), None);
    assert_eq!(open(&hub, "/api/v1/directory/places.geojson").await["features"], json!([]));
}

#[actix_web::test]
async fn a_secret_place_of_what_was_entered_here_shows_to_its_provider_alone() {
    let hub = TestHub::new();
    let (provider, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let (made, path) = of_a_member(&hub, &provider).await;
    let hidden = json!({
        "location": {
            "name": "Canary house", "latitude": "-15.42", "longitude": "28.28", "confidential": "yes",
            "plus_code": "5GJCF22C+2G", "coord_precision": "settlement",
        },
        "address": { "address_1": "Canary lane 7", "city": "Canaryville", "country": "ZM" },
        "accessibility": { "description": "Canary steps" },
    });
    places(&hub, &provider, (&made, &path), json!([hidden])).await;
    assert_eq!(is_found(&hub, &provider, &other, &made).await, (true, true), "the service is no secret");
    assert_eq!((near(&hub, &other).await, near(&hub, &provider).await), (0, 0), "no circle closes in on it");
    let document = format!("/hsds/services/{}", id(&made).uuid());
    for path in [
        document.as_str(),
        "/hsds/services?full=true",
        "/hsds/service_at_locations?full=true",
        "/hsds/organizations?full_service=true",
    ] {
        for response in [other.get(&hub, path).await, send(&hub, None, "GET", path, &[], None).await] {
            let text = response.expect(200).body.to_string();
            for secret in ["Canary", "-15.42", "5GJCF22C", "settlement"] {
                assert!(!text.contains(secret), "{path}: {secret}: {text}");
            }
        }
    }
    for form in ["places.geojson", "3w.csv", "page.html"] {
        let text = open(&hub, &format!("/api/v1/directory/{form}")).await.to_string();
        assert!(!text.contains("Canary") && !text.contains("5GJCF22C"), "{form}: {text}");
    }
    let own = provider.get(&hub, &document).await.expect(200).body;
    assert_eq!(own["service_at_locations"][0]["location"]["name"], "Canary house");
    assert_eq!(own["service_at_locations"][0]["location"]["plus_code"], "5GJCF22C+2G");
    other.get(&hub, &format!("{path}/changes")).await.expect(403);
    other.get(&hub, &format!("{path}/draft")).await.expect(403);

    // It is told once its provider says that it is no secret, and not before.
    let told = json!({
        "id": own["service_at_locations"][0]["id"],
        "location": { "name": "Open house", "latitude": "-15.42", "longitude": "28.28", "confidential": "no" },
    });
    places(&hub, &provider, (&made, &path), json!([told])).await;
    assert_eq!(near(&hub, &other).await, 1);
    let shown = open(&hub, &document).await.to_string();
    assert!(shown.contains("Open house") && !shown.contains("Canary"), "{shown}");
}

#[actix_web::test]
async fn a_place_that_an_import_would_doubt_is_refused() {
    let hub = TestHub::new();
    let provider = hub.org("Harbour Aid").await;
    let (made, path) = of_a_member(&hub, &provider).await;
    let at = |latitude: &str, longitude: &str| json!({ "location": { "latitude": latitude, "longitude": longitude } });
    let place = |part: &str, cells: Value| json!({ part: cells });
    for (place, says) in [
        (at("0", "0"), "both coordinates are zero"),
        (at("128.28", "-15.42"), "swapped"),
        (at("-15,42", "28,28"), "decimal commas"),
        (at("north", "28.28"), "not a number"),
        (place("location", json!({ "latitude": "-15.42" })), "one of the two coordinates is missing"),
        (place("location", json!({ "confidential": "perhaps" })), "location.confidential"),
        (place("location", json!({ "plus_code": "by the quay" })), "location.plus_code"),
        (place("location", json!({ "coord_precision": "about" })), "location.coord_precision"),
        (place("location", json!({ "organization_id": "1" })), "location.organization_id"),
        (place("address", json!({ "city": "Siavonga" })), "address.country"),
        (place("address", json!({ "attention": "A. Banda", "country": "ZM" })), "address.attention"),
        (place("id", json!("33333333-3333-4333-8333-333333333331")), "places.id"),
    ] {
        let refused = write(&hub, &provider, &path, json!({ "places": [place] })).await.expect(422);
        assert_eq!(refused.code(), "directory.bad_draft", "{place}");
        assert!(refused.body["detail"].as_str().unwrap().contains(says), "{place}: {}", refused.body);
    }
    for (edit, says) in [
        (json!({ "service": { "who_can_refer": "self, friends" } }), "service.who_can_refer"),
        (json!({ "parts": { "phone": [{ "number": "+260 1", "channel": "fax" }] } }), "phone.channel"),
    ] {
        let refused = write(&hub, &provider, &path, edit).await.expect(422);
        assert!(refused.body["detail"].as_str().unwrap().contains(says), "{says}: {}", refused.body);
    }
    let document = format!("/hsds/services/{}", id(&made).uuid());
    assert_eq!(open(&hub, &document).await.get("service_at_locations"), None);
}
