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
    let decision = Decision { approve, criteria: "2026-1".parse().unwrap(), reason };
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

    let write = async |edit: Value| {
        let body = json!({ "edit": edit, "submit": true });
        send(&hub, Some(&provider.token), "PUT", &format!("{path}/draft"), &[], Some(&body)).await
    };
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
