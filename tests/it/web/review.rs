//! Reviewing the directory on its pages: deciding about what waits, and noting that an entry was verified.

use serde_json::json;
use throughline::access::Role;

use super::{
    find::directory,
    visitor::{PASSPHRASE, Shown, Visitor},
};
use crate::support::{Org, TestHub, enrolled_at_node, listed, send, service_of_row};

const KITCHEN: &str = "66666666-6666-4666-8666-666666666602";

/// Somebody who looks after the mechanism, signed in.
async fn coordinator(hub: &TestHub) -> Visitor {
    enrolled_at_node(hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    Visitor::named(hub, "m.tembo").await
}

/// What a hidden field of the form that goes to an address holds.
fn hidden(shown: &Shown, action: &str, name: &str) -> String {
    let of_form = shown.text.split_once(&format!("action=\"{action}\"")).unwrap().1;
    let of_field = of_form.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1;
    of_field.split_once('"').unwrap().0.to_owned()
}

/// Offers a service, and answers its path in the API and its page here.
async fn offers(hub: &TestHub, org: &Org) -> (String, String) {
    let body = json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic",
        "description": "Primary care", "visibility": "public" });
    let made = org.post(hub, "/api/v1/services", &body).await.expect(201).body;
    let id = made["id"].as_str().unwrap();
    (format!("/api/v1/services/{id}"), format!("/directory/{id}"))
}

async fn write(hub: &TestHub, org: &Org, path: &str, edit: serde_json::Value) {
    let body = json!({ "edit": edit, "submit": true });
    let path = format!("{path}/draft");
    send(hub, Some(&org.token), "PUT", &path, &[], Some(&body)).await.expect(200);
}

#[actix_web::test]
async fn the_review_is_for_those_who_keep_the_directory_and_stands_in_their_menu() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let (_path, page) = offers(&hub, &org).await;
    let posts = [format!("{page}/decision"), format!("{page}/verifications")];
    let mut nobody = Visitor::new(&hub);
    for path in ["/directory", &page] {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2F"), "{path}");
    }
    for role in ["case_worker", "intake", "administrator", "data_protection"] {
        let mut visitor = Visitor::signed_in(&hub, &org, &[role]).await;
        for path in ["/directory", "/directory?list=due", &page] {
            visitor.get(path).await.expect(403);
        }
        let fields = [("seen", "1"), ("decision", "take"), ("criteria", "2026-1"), ("method", "telephone")];
        for path in &posts {
            visitor.post(path, &fields).await.expect(403);
        }
        visitor.get("/account").await.expect(200).does_not_say("href=\"/directory\"");
    }
    let mut coordinator = coordinator(&hub).await;
    coordinator.get("/account").await.expect(200).says("<li><a href=\"/directory\"");
    coordinator.get("/directory/svc_01920000000070008000000000000000").await.expect(404);
    let cross = [("sec-fetch-site", "cross-site")];
    coordinator.post_with(&cross, &posts[0], &[("decision", "take")]).await.expect(403);
}

#[actix_web::test]
async fn what_a_member_offers_is_listed_from_its_page_by_the_criteria() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut coordinator = coordinator(&hub).await;
    coordinator.get("/directory").await.expect(200).says("Nothing here");
    let (path, page) = offers(&hub, &org).await;
    let list = coordinator.get("/directory").await.expect(200).says("Lake clinic").says("Harbour Aid");
    list.says("New offer").says("Waits since").says(&format!("href=\"{page}?list=waiting\""));
    hub.clock.advance(chrono::TimeDelta::seconds(5));
    let notices = coordinator.get("/notices").await.expect(200).says("Harbour Aid offers a service.");
    notices.says(&format!("href=\"{page}\""));

    let shown = coordinator.get(&page).await.expect(200).says("Primary care").says("List the service");
    let shown = shown.says("everybody").does_not_say("name=\"method\"");
    let decide = format!("{page}/decision");
    let seen = hidden(&shown, &decide, "seen");
    let none = coordinator.post(&decide, &[("seen", seen.as_str())]).await.expect(422).says("Error:");
    none.says("Choose whether to take it").says("Write the version of the criteria");
    let bare = [("seen", seen.as_str()), ("decision", "refuse"), ("criteria", "2026-1")];
    let bare = coordinator.post(&decide, &bare).await.expect(422).says("Say why it is refused");
    bare.says("value=\"refuse\" checked").says("value=\"2026-1\"");
    let take = [("seen", seen.as_str()), ("decision", "take"), ("criteria", "2026-1")];
    let done = coordinator.post(&decide, &take).await.expect(303);
    assert_eq!(done.header("location"), "/directory?done=taken");
    let list = coordinator.get("/directory?done=taken").await.expect(200).says("as its provider wants it");
    list.does_not_say("Lake clinic");
    let service = org.get(&hub, &path).await.expect(200).body;
    assert_eq!((service.get("standing"), &service["visibility"]), (None, &json!("public")));
    let decisions = org.get(&hub, &format!("{path}/decisions")).await.expect(200).body;
    assert_eq!(decisions["items"][0]["criteria"], "2026-1");
    assert_eq!(org.told(&hub, "service.draft_approved").await.len(), 1);

    let late = coordinator.post(&decide, &take).await.expect(409).says("Somebody else changed or decided");
    late.says("Nothing of this entry waits").says("name=\"method\"");
}

/// Offers a service for members, takes it for others on its page, and answers what came of it and who finds it then.
async fn taken_for(
    (hub, org): (&TestHub, &Org),
    coordinator: &mut Visitor,
    more: &[(&str, &str)],
) -> (Shown, serde_json::Value) {
    let body = json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic",
        "description": "Primary care", "visibility": "members" });
    let made = org.post(hub, "/api/v1/services", &body).await.expect(201).body;
    let id = made["id"].as_str().unwrap();
    let page = format!("/directory/{id}");
    let decide = format!("{page}/decision");
    let shown = coordinator.get(&page).await.expect(200).says("value=\"members\" checked");
    let shown = shown.says("As its provider asked").says("Fewer than its provider asked");
    let seen = hidden(&shown.says("More than its provider asked"), &decide, "seen");
    let take = [("seen", seen.as_str()), ("decision", "take"), ("criteria", "2026-1")];
    let fields: Vec<(&str, &str)> = take.iter().chain(more).copied().collect();
    let told = coordinator.post(&decide, &fields).await;
    let after = org.get(hub, &format!("/api/v1/services/{id}")).await.expect(200).body;
    (told, after)
}

#[actix_web::test]
async fn what_is_offered_is_listed_for_fewer_and_for_more_only_with_a_reason() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut coordinator = coordinator(&hub).await;
    let at = (&hub, &org);
    for (visibility, reason) in
        [("members", ""), ("restricted", ""), ("public", "They asked for it by telephone")]
    {
        let fields = [("visibility", visibility), ("reason", reason)];
        let (told, after) = taken_for(at, &mut coordinator, &fields).await;
        assert_eq!(told.expect(303).header("location"), "/directory?done=taken");
        assert_eq!((after.get("standing"), &after["visibility"]), (None, &json!(visibility)));
    }
    let (told, after) = taken_for(at, &mut coordinator, &[("visibility", "public")]).await;
    let told = told.expect(422).says("Error:").says("Say why more are to find it than its provider asked");
    told.says("value=\"public\" checked").says("value=\"take\" checked");
    assert_eq!((&after["standing"], &after["visibility"]), (&json!("proposed"), &json!("restricted")));
    let (told, _) = taken_for(at, &mut coordinator, &[("visibility", "everybody")]).await;
    told.expect(422).says("Choose who is to find it");

    // Of what is listed the decision about a change says nothing of this.
    let listed = listed(
        &hub,
        &json!({ "organisation": org.id, "service": "SV07", "name": "Bay clinic",
        "description": "Primary care", "visibility": "members" }),
    )
    .await;
    let id = listed["id"].as_str().unwrap();
    write(
        &hub,
        &org,
        &format!("/api/v1/services/{id}"),
        json!({ "service": { "description": "Care at night" } }),
    )
    .await;
    let page = format!("/directory/{id}");
    let decide = format!("{page}/decision");
    let shown = coordinator.get(&page).await.expect(200).does_not_say("name=\"visibility\"");
    let seen = hidden(&shown, &decide, "seen");
    let wide = [
        ("seen", seen.as_str()),
        ("decision", "take"),
        ("criteria", "2026-1"),
        ("visibility", "public"),
        ("reason", "More should"),
    ];
    coordinator.post(&decide, &wide).await.expect(409);
    let after = org.get(&hub, &format!("/api/v1/services/{id}")).await.expect(200).body;
    assert_eq!((&after["visibility"], &after["description"]), (&json!("members"), &json!("Primary care")));
}

#[actix_web::test]
async fn what_would_change_is_shown_field_by_field_and_refused_with_a_reason() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut coordinator = coordinator(&hub).await;
    let body = json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic",
        "description": "Primary care", "visibility": "public" });
    let made = listed(&hub, &body).await;
    let id = made["id"].as_str().unwrap();
    let (path, page) = (format!("/api/v1/services/{id}"), format!("/directory/{id}"));
    coordinator.get(&page).await.expect(200).says("Nothing of this entry waits");
    let edit = json!({
        "service": { "description": "Care at night" },
        "parts": { "phone": [{ "number": "+260 211 000 000" }] },
        "places": [{
            "location": { "name": "Canary house", "latitude": "-15.42", "longitude": "28.28", "confidential": "yes" },
            "address": { "address_1": "Pier Road 2", "city": "Siavonga", "country": "ZM" },
        }],
    });
    write(&hub, &org, &path, edit).await;
    coordinator.get("/directory").await.expect(200).says("Lake clinic").says("Changed entry");
    let shown = coordinator.get(&page).await.expect(200).says("<bdi>Primary care</bdi>");
    let shown = shown.says("<bdi>Care at night</bdi>").says("+260 211 000 000").says("Pier Road 2");
    let shown = shown.says("Kept secret").says("Take the change").says("Telephone");
    // What is kept secret stands on no other page before it is taken, and for nobody else after it.
    let mut worker = Visitor::signed_in(&hub, &hub.org("Lakeside").await, &["case_worker"]).await;
    worker.get(&page).await.expect(403).does_not_say("Canary");
    worker.get(&format!("/services/{id}")).await.expect(200).does_not_say("Canary");

    // Who was slower than the provider sees what it says now.
    let decide = format!("{page}/decision");
    let seen = hidden(&shown, &decide, "seen");
    write(&hub, &org, &path, json!({ "service": { "description": "Care at night and at noon" } })).await;
    let take =
        [("seen", seen.as_str()), ("decision", "take"), ("criteria", "2026-1"), ("reason", "In order")];
    let late = coordinator.post(&decide, &take).await.expect(409).says("Care at night and at noon");
    let late = late.says("value=\"take\" checked").says(">In order</textarea>").does_not_say("Canary");
    let seen = hidden(&late, &decide, "seen");
    let refuse = [
        ("seen", seen.as_str()),
        ("decision", "refuse"),
        ("criteria", "2026-1"),
        ("reason", "Say\r\nwhich nights"),
    ];
    let done = coordinator.post(&decide, &refuse).await.expect(303);
    assert_eq!(done.header("location"), "/directory?done=refused");
    coordinator.get("/directory?done=refused").await.expect(200).says("Its provider reads why");
    let draft = org.get(&hub, &format!("{path}/draft")).await.expect(200).body;
    assert_eq!((&draft["state"], &draft["reason"]), (&json!("rejected"), &json!("Say which nights")));
    coordinator.get(&page).await.expect(200).says("Nothing of this entry waits").does_not_say("at noon");
}

#[actix_web::test]
async fn an_entry_that_is_doubtful_or_never_was_verified_is_noted_as_verified() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut coordinator = coordinator(&hub).await;
    coordinator.get("/directory?list=doubtful").await.expect(200).says("Nothing here");
    directory(&hub).await;
    let id = service_of_row(KITCHEN);
    let page = format!("/directory/{id}");
    let list = coordinator.get("/directory?list=due").await.expect(200).says("Kitchen");
    list.says("Never verified").says(&format!("href=\"{page}?list=due\""));
    let met = json!({ "met": "closed" });
    org.post(&hub, &format!("/api/v1/services/{id}/reports"), &met).await.expect(200);
    let list = coordinator.get("/directory?list=doubtful").await.expect(200).says("Kitchen");
    list.says("Did not fit 1 time").does_not_say("Shelter");

    let shown = coordinator.get(&format!("{page}?list=doubtful")).await.expect(200);
    let verify = format!("{page}/verifications");
    let shown = shown.says("Meals for everybody").says(&format!("href=\"/services/{id}\""));
    let (seen, from) = (hidden(&shown, &verify, "seen"), hidden(&shown, &verify, "list"));
    assert_eq!(from, "doubtful");
    let known = [("seen", seen.as_str()), ("list", from.as_str()), ("method", "telephone")];
    let asked = coordinator.post(&verify, &known).await.expect(422).says("Choose what came of it");
    asked.says("value=\"telephone\" checked").says("Error:");
    let found = [known[0], known[1], known[2], ("outcome", "confirmed")];
    let done = coordinator.post(&verify, &found).await.expect(303);
    assert_eq!(done.header("location"), "/directory?list=doubtful&done=verified");
    let list = coordinator.get("/directory?list=doubtful&done=verified").await.expect(200);
    list.says("What you found is noted").does_not_say("Kitchen");
    coordinator.get("/directory?list=due").await.expect(200).does_not_say("Kitchen").says("Shelter");
    coordinator.post(&verify, &found).await.expect(409).says("Somebody else changed or decided");
}

#[actix_web::test]
async fn whoever_keeps_the_directory_notes_what_a_service_risks_and_no_other_page_says_it() {
    let hub = TestHub::new();
    directory(&hub).await;
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    let mut keeper = coordinator(&hub).await;
    let page = format!("/services/{}", service_of_row(KITCHEN));
    let form = format!("{page}/note");
    let noted = "Canarywatchman lets strangers in at night";
    let shown = keeper.get(&page).await.expect(200).says("Quality and risks").does_not_say("Noted:");
    let seen = hidden(&shown, &form, "seen");
    assert_eq!(seen, "", "nothing is noted yet");
    let typed = noted.replacen(' ', "\r\n  ", 1);
    keeper.post(&form, &[("seen", &seen), ("text", &typed)]).await.expect(303);
    let shown = keeper.get(&page).await.expect(200).says(noted).says("Noted:");
    let late = keeper.post(&form, &[("seen", ""), ("text", "Safe by day")]).await.expect(409).says("Error:");
    let late = late.says("Somebody else changed this note").says(&format!("Noted now: {noted}"));
    late.says(">Safe by day</textarea>").says("name=\"seen\" value=\"1\"");
    let long = "Canarylongnote ".repeat(140);
    let refused = keeper.post(&form, &[("seen", "1"), ("text", &long)]).await.expect(422).says("Error:");
    refused.says("id=\"text-e\"").says("Canarylongnote Canarylongnote").does_not_say("Noted now");
    worker.post(&form, &[("seen", "1"), ("text", &long)]).await.expect(403);
    worker.get(&page).await.expect(200).does_not_say("Canarywatchman").does_not_say("Quality and risks");
    worker.get("/find?text=kitchen").await.expect(200).says("Kitchen").does_not_say("Canarywatchman");
    worker.post(&form, &[("seen", "1"), ("text", "Safe")]).await.expect(403);
    for (language, says) in
        [("fr", "Qualité et risques"), ("es", "Calidad y riesgos"), ("ar", "الجودة والمخاطر")]
    {
        keeper.get(&format!("/language/{language}?then=%2Ffind")).await.expect(303);
        keeper.get(&page).await.expect(200).says(says).says(noted).does_not_say("service-note");
    }
    keeper.post(&form, &[("seen", &hidden(&shown, &form, "seen")), ("text", " ")]).await.expect(303);
    keeper.get(&page).await.expect(200).does_not_say("Canarywatchman");
    assert!(!hub.rows().contains("Canarywatchman"));
}
