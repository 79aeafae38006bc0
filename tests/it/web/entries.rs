//! What an organisation offers, said on its own pages: offering a service, drafts of what an entry should say, and confirming it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::Role,
    directory::{self, Decision},
    kernel::id::ServiceId,
};

use super::visitor::{PASSPHRASE, Shown, Visitor};
use crate::support::{Org, TestHub, as_keeper, enrolled_at_node, list_offered, listed, send, version_at};

/// What stands in a page between two texts, from where another one is on.
fn between(shown: &Shown, from: &str, start: &str, end: &str) -> String {
    let (_, rest) = shown.text.split_once(from).unwrap_or_else(|| panic!("no {from} in: {}", shown.text));
    let (_, rest) = rest.split_once(start).unwrap_or_else(|| panic!("no {start} in: {rest}"));
    rest.split_once(end).unwrap().0.to_owned()
}

/// What a hidden field holds.
fn hidden(shown: &Shown, name: &str) -> String {
    between(shown, &format!("name=\"{name}\""), "value=\"", "\"")
}

/// A service of an organisation that is listed, and its page.
async fn clinic(hub: &TestHub, org: &Org) -> String {
    let body = json!({
        "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Care", "visibility": "public",
    });
    format!("/services/{}", listed(hub, &body).await["id"].as_str().unwrap())
}

/// What is sent of a form that offers a service, beside its sheet.
const OFFER: [(&str, &str); 14] = [
    ("service", "SV01"),
    ("name", "Night shelter"),
    ("description", "Beds for the night.\r\nAnd breakfast."),
    ("phone", "+260 211 123456"),
    ("email", "shelter@example.org"),
    ("url", "https://example.org/shelter"),
    ("eligibility_description", "Women with children"),
    ("application_process", "By this hub"),
    ("visibility", "public"),
    ("address_1", "Canary lane 7"),
    ("city", "Canaryville"),
    ("country", "zm"),
    ("latitude", "-15.42"),
    ("longitude", "28.28"),
];

fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more).copied().collect()
}

#[actix_web::test]
async fn an_administrator_offers_a_service_and_nobody_finds_where_a_secret_place_is() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    administrator.get("/services").await.expect(200).says("href=\"/services/new\"");
    let asked = administrator.get("/services/new").await.expect(200).says("value=\"members\" checked");
    let sheet = hidden(&asked, "sheet");

    let sheet = [("sheet", sheet.as_str()), ("secret", "yes")];
    let bad = [
        ("service", ""),
        ("description", ""),
        ("phone", "nobody"),
        ("url", "example.org"),
        ("latitude", "95"),
        ("country", ""),
    ];
    let refused = administrator.post("/services/new", &with(&with(&OFFER, &bad), &sheet)).await.expect(422);
    let refused = refused.says("Error:").says("Choose what kind of service it is");
    let refused = refused.says("Write what the service is").says("Write a telephone number");
    let refused = refused.says("begins with https://").says("Write latitude and longitude");
    let refused = refused.says("Write the two letters of the country").says("value=\"example.org\"");
    let refused = refused.says("value=\"Canary lane 7\"").says("name=\"secret\" value=\"yes\" checked");
    refused.says("value=\"public\" checked").says("Women with children</textarea>");
    administrator.get("/services").await.expect(200).says("No service of yours is listed");

    let offered = administrator.post("/services/new", &with(&OFFER, &sheet)).await.expect(303);
    assert_eq!(offered.header("location"), "/services?done=offered");
    let again = administrator.post("/services/new", &with(&OFFER, &sheet)).await.expect(303);
    assert_eq!(again.header("location"), "/services?done=sent");
    let list = administrator.get("/services?done=offered").await.expect(200).says("Your offer waits");
    let list = list.says("Not listed yet");
    assert_eq!(list.text.matches("card-title").count(), 1, "the same form counts once");
    let page = between(&list, "card-title", "href=\"", "\"");
    let draft = org.get(&hub, &format!("/api/v1{page}/draft")).await.expect(200).body;
    let edit = &draft["edit"];
    assert_eq!((&draft["state"], &edit["visibility"]), (&json!("submitted"), &json!("public")));
    assert_eq!(edit["service"]["description"], "Beds for the night.\nAnd breakfast.");
    assert_eq!(edit["service"]["eligibility_description"], "Women with children");
    assert_eq!(edit["parts"]["phone"][0]["number"], "+260 211 123456");
    let place = &edit["places"][0];
    assert_eq!(
        [&place["location"]["confidential"], &place["address"]["address_1"], &place["address"]["country"]],
        ["yes", "Canary lane 7", "ZM"]
    );

    let mut elsewhere = Visitor::signed_in(&hub, &other, &["case_worker"]).await;
    elsewhere.get(&page).await.expect(404);
    list_offered(&hub).await;
    administrator.get("/services").await.expect(200).does_not_say("Not listed yet").says("Checked on");
    let shown = elsewhere.get(&page).await.expect(200).says("Night shelter").says("+260 211 123456");
    shown.does_not_say("Canary").does_not_say("15.42");
    let shown = administrator.get(&format!("{page}/edit")).await.expect(200).says("value=\"Canary lane 7\"");
    shown.says("name=\"secret\" value=\"yes\" checked").does_not_say("name=\"visibility\"");
}

#[actix_web::test]
async fn duty_to_report_hours_and_languages_are_asked_for_and_shown_once_they_are_taken() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    let mut elsewhere = Visitor::signed_in(&hub, &other, &["case_worker"]).await;
    let asked = administrator.get("/services/new").await.expect(200);
    let asked = asked.says("name=\"reports_to_authorities\" value=\"unknown\" checked");
    let sheet = hidden(&asked, "sheet");
    let many = "Bemba\n".repeat(21);
    let bad = [
        ("sheet", sheet.as_str()),
        ("reports_to_authorities", "perhaps"),
        ("opens-mo", "08:00"),
        ("hours", ""),
        ("languages", many.as_str()),
    ];
    let refused = administrator.post("/services/new", &with(&OFFER, &bad)).await.expect(422).says("Error:");
    let refused = refused.says("Choose one of the three").says("Write both times").says("at most 20");
    refused.says("id=\"opens-mo-e\"").says("id=\"languages-e\"").says("name=\"opens-mo\" value=\"08:00\"");

    let said = [
        ("sheet", sheet.as_str()),
        ("reports_to_authorities", "yes"),
        ("opens-mo", "08:00"),
        ("closes-mo", "17:00"),
        ("opens-we", "08:00"),
        ("closes-we", "17:00"),
        ("opens-sa", "20:00"),
        ("closes-sa", "06:00"),
        ("hours", "Not on holidays"),
        ("languages", "Kiswahili (sw)\r\nBemba"),
    ];
    administrator.post("/services/new", &with(&OFFER, &said)).await.expect(303);
    let list = administrator.get("/services").await.expect(200);
    let page = between(&list, "card-title", "href=\"", "\"");
    let path = format!("/api/v1{page}/draft");
    let parts = &org.get(&hub, &path).await.expect(200).body["edit"]["parts"];
    assert_eq!(parts["referral_requirement"][0]["reports_to_authorities"], "yes");
    let week =
        [&parts["schedule"][0]["byday"], &parts["schedule"][1]["byday"], &parts["schedule"][1]["closes_at"]];
    assert_eq!(week, ["MO,WE", "SA", "06:00"]);
    assert_eq!([&parts["language"][0]["code"], &parts["language"][1]["name"]], ["sw", "Bemba"]);
    list_offered(&hub).await;
    let shown = elsewhere.get(&page).await.expect(200).says("Reports people to police or immigration");
    shown.says("Kiswahili").says("Bemba").says("08:00").says("Not on holidays");

    let edit = format!("{page}/edit");
    let shown =
        administrator.get(&edit).await.expect(200).says("value=\"yes\" checked").says("value=\"20:00\"");
    let shown = shown.says("Kiswahili (sw)").says("Bemba").says("Not on holidays</textarea>");
    let seen = hidden(&shown, "seen");
    let as_it_is = with(&with(&OFFER, &said), &[("seen", seen.as_str())]);
    let changed = with(
        &as_it_is,
        &[("reports_to_authorities", "no"), ("languages", "Bemba"), ("opens-sa", ""), ("closes-sa", "")],
    );
    administrator.post(&edit, &changed).await.expect(303);
    hub.clock.advance(TimeDelta::seconds(1));
    list_offered(&hub).await;
    let shown = elsewhere.get(&page).await.expect(200).says("Does not report to police or immigration");
    shown.says("Bemba").does_not_say("Kiswahili").says("08:00").does_not_say("20:00");

    // What says more than a week is not asked about, and stays.
    let monthly =
        json!([{ "freq": "MONTHLY", "bymonthday": "1", "opens_at": "08:00", "closes_at": "12:00" }]);
    let draft = json!({ "edit": { "parts": { "schedule": monthly } }, "submit": false });
    send(&hub, Some(&org.token), "PUT", &path, &[], Some(&draft)).await.expect(200);
    let shown = administrator.get(&edit).await.expect(200).says("cannot be changed on this page");
    let seen = hidden(&shown.does_not_say("name=\"opens-mo\"").does_not_say("name=\"hours\""), "seen");
    let kept = [("seen", seen.as_str()), ("name", "Night house"), ("then", "keep")];
    administrator.post(&edit, &with(&changed, &kept)).await.expect(303);
    let edit = &org.get(&hub, &path).await.expect(200).body["edit"];
    assert_eq!([&edit["service"]["name"], &edit["parts"]["schedule"][0]["freq"]], ["Night house", "MONTHLY"]);
}

#[actix_web::test]
async fn entries_are_offered_by_administrators_and_changed_by_who_speaks_for_their_organisation() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let page = clinic(&hub, &org).await;
    let (edit, confirm) = (format!("{page}/edit"), format!("{page}/confirm"));
    let drop = format!("{page}/drop");
    let mut nobody = Visitor::new(&hub);
    for path in ["/services/new", edit.as_str()] {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2Fservices"), "{path}");
    }
    let mut intake = Visitor::signed_in(&hub, &org, &["intake"]).await;
    let list = intake.get("/services").await.expect(200).says(&edit).says(&format!("{page}/room"));
    list.does_not_say("href=\"/services/new\"");
    intake.get(&edit).await.expect(200).says("value=\"Lake clinic\"");
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.get("/services").await.expect(200).says("Lake clinic").does_not_say(&edit);
    let mut elsewhere = Visitor::signed_in(&hub, &other, &["administrator"]).await;
    enrolled_at_node(&hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(&hub, "m.tembo").await;
    for visitor in [&mut intake, &mut worker, &mut coordinator] {
        visitor.get("/services/new").await.expect(403);
        visitor.post("/services/new", &OFFER).await.expect(403);
    }
    let version = version_at(&hub, &org, &format!("/api/v1{page}")).await.to_string();
    for visitor in [&mut worker, &mut elsewhere, &mut coordinator] {
        visitor.get(&edit).await.expect(403);
        visitor.post(&edit, &[("name", "x"), ("description", "y")]).await.expect(403);
        visitor.post(&drop, &[("seen", "x")]).await.expect(403);
        visitor.post(&confirm, &[("version", version.as_str())]).await.expect(403);
    }
    let offered =
        json!({ "organisation": org.id, "service": "SV01", "name": "Shelter", "description": "Beds" });
    let offered = org.post(&hub, "/api/v1/services", &offered).await.expect(201).body;
    let hidden = format!("/services/{}/edit", offered["id"].as_str().unwrap());
    elsewhere.get(&hidden).await.expect(404);
    intake
        .post_with(&[("sec-fetch-site", "cross-site")], &confirm, &[("version", version.as_str())])
        .await
        .expect(403);
}

/// Refuses the draft of a service, as those who keep the directory do.
async fn refuse(hub: &TestHub, org: &Org, page: &str, reason: &str) {
    let version = version_at(hub, org, &format!("/api/v1{page}/draft")).await;
    let service: ServiceId = page.trim_start_matches("/services/").parse().unwrap();
    let decision = Decision {
        approve: false,
        criteria: "2026-1".parse().unwrap(),
        reason: Some(reason.parse().unwrap()),
        visibility: None,
    };
    let settings = hub.hub.settings().directory.clone();
    as_keeper(hub, "directory.decide", move |tx| {
        directory::decide(tx, (service, version), (&decision, &settings)).map(drop)
    })
    .await
    .unwrap();
}

#[actix_web::test]
async fn a_draft_is_kept_handed_in_refused_and_handed_in_again() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let page = clinic(&hub, &org).await;
    let edit = format!("{page}/edit");
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    let mut elsewhere = Visitor::signed_in(&hub, &other, &["case_worker"]).await;
    let shown = administrator.get(&edit).await.expect(200).says("It is right as it stands");
    let first = hidden(&shown, "seen");
    let as_it_is = [("seen", first.as_str()), ("name", "Lake clinic"), ("description", "Care")];
    administrator.post(&edit, &as_it_is).await.expect(422).says("You changed nothing").says("Error:");

    let better = [("description", "Care every day"), ("phone", "+260 211 1"), ("then", "keep")];
    let kept = administrator.post(&edit, &with(&as_it_is, &better)).await.expect(303);
    assert_eq!(kept.header("location"), "/services?done=kept");
    administrator.get("/services?done=kept").await.expect(200).says("A draft is kept, and not handed in");
    let shown = administrator.get(&edit).await.expect(200).says("Care every day").says("+260 211 1");
    let shown = shown.does_not_say("It is right as it stands").says("Throw the draft away");
    let second = hidden(&shown, "seen");
    elsewhere.get(&page).await.expect(200).does_not_say("Care every day");

    // Who began before is told what holds now, and keeps what they wrote.
    let late = with(&as_it_is, &[("description", "Care at night")]);
    let told = administrator.post(&edit, &late).await.expect(409).says("Somebody else changed this service");
    let told = told.says("Now it says: Care every day").says("Care at night</textarea>").says("Error:");
    assert_eq!(hidden(&told, "seen"), second);

    let again = with(&as_it_is, &with(&better, &[("seen", second.as_str()), ("then", "submit")]));
    let handed_in = administrator.post(&edit, &again).await.expect(303);
    assert_eq!(handed_in.header("location"), "/services?done=submitted");
    administrator.get("/services").await.expect(200).says("A change waits for a decision");
    refuse(&hub, &org, &page, "Say which days").await;
    administrator.get("/services").await.expect(200).says("Refused: change it");
    let shown = administrator.get(&edit).await.expect(200).says("Say which days").says("Care every day");
    let third = hidden(&shown, "seen");
    let again = with(&again, &[("seen", third.as_str()), ("description", "Care on weekdays")]);
    administrator.post(&edit, &again).await.expect(303);
    hub.clock.advance(TimeDelta::seconds(1));
    list_offered(&hub).await;
    elsewhere.get(&page).await.expect(200).says("Care on weekdays").says("+260 211 1");

    let shown = administrator.get(&edit).await.expect(200).does_not_say("Throw the draft away");
    let fourth = hidden(&shown, "seen");
    let other_draft = with(&again, &[("seen", fourth.as_str()), ("name", "Clinic"), ("then", "keep")]);
    administrator.post(&edit, &other_draft).await.expect(303);
    let drop = format!("{page}/drop");
    administrator.post(&drop, &[("seen", fourth.as_str())]).await.expect(409);
    let fifth = hidden(&administrator.get(&edit).await.expect(200), "seen");
    let dropped = administrator.post(&drop, &[("seen", fifth.as_str())]).await.expect(303);
    assert_eq!(dropped.header("location"), "/services?done=dropped");
    administrator.get(&edit).await.expect(200).says("value=\"Lake clinic\"");
}

#[actix_web::test]
async fn who_speaks_for_the_provider_confirms_an_entry_as_they_saw_it() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let page = clinic(&hub, &org).await;
    let (edit, confirm) = (format!("{page}/edit"), format!("{page}/confirm"));
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    let shown = administrator.get(&edit).await.expect(200);
    let (seen, version) = (hidden(&shown, "seen"), hidden(&shown, "version"));
    let as_seen = [("seen", seen.as_str()), ("version", version.as_str())];
    administrator.post(&confirm, &with(&as_seen, &[("seen", "something else")])).await.expect(409);
    let confirmed = administrator.post(&confirm, &as_seen).await.expect(303);
    assert_eq!(confirmed.header("location"), "/services?done=confirmed");
    let list = administrator.get("/services?done=confirmed").await.expect(200).says("was checked today");
    list.says("to be checked again by");
    let kept: Value = org.get(&hub, &format!("/api/v1{page}/verifications")).await.expect(200).body;
    assert_eq!(
        ["method", "outcome"].map(|member| kept["items"][0][member].as_str().unwrap()),
        ["provider_update", "confirmed"]
    );
    let late = administrator.post(&confirm, &as_seen).await.expect(409);
    late.says("Somebody else changed this service").says("value=\"Lake clinic\"");
}
