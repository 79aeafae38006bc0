//! Whom others call, on the pages: who keeps it, who reads it where, and what a service may say of urgent referrals.

use chrono::TimeDelta;
use serde_json::json;
use throughline::access::Role;

use super::visitor::{PASSPHRASE, Shown, Visitor, enrolled};
use crate::support::{
    Org, TestHub, enrolled_at_node, list_offered, listed, packet::Mechanism, send, version_at,
};

/// What stands nowhere but in a contact.
const NAME: &str = "Canary Personaname Mwila";
const NUMBER: &str = "+260 977 31415926";

/// What is sent of a form that adds somebody, beside its sheet.
const FILLED: [(&str, &str); 8] = [
    ("label", "Duty protection officer"),
    ("telephone", NUMBER),
    ("channel", "voice"),
    ("on_call", "yes"),
    ("day_and_night", "yes"),
    ("name", NAME),
    ("languages", "en, bem"),
    ("until", "2026-12-31"),
];

fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more).copied().collect()
}

/// What stands in a page behind a text, up to a quotation mark.
fn behind(shown: &Shown, start: &str) -> String {
    let (_, rest) = shown.text.split_once(start).unwrap_or_else(|| panic!("no {start} in: {}", shown.text));
    rest.split('"').next().unwrap().to_owned()
}

/// What a hidden field holds.
fn hidden(shown: &Shown, name: &str) -> String {
    behind(shown, &format!("name=\"{name}\" value=\""))
}

/// A service of an organisation that everybody finds: its id.
async fn clinic(hub: &TestHub, org: &Org) -> String {
    let body = json!({
        "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Care", "visibility": "public",
    });
    listed(hub, &body).await["id"].as_str().unwrap().to_owned()
}

/// Somebody is on call for an organisation, or for one of its services.
async fn on_call(hub: &TestHub, org: &Org, service: Option<&str>) {
    let body = json!({
        "service": service, "label": "Duty protection officer", "name": NAME, "telephone": NUMBER, "is_on_call": true,
        "day_and_night": true, "languages": ["en", "bem"],
    });
    org.post(hub, "/api/v1/directory/contacts", &body).await.expect(201);
}

#[actix_web::test]
async fn who_speaks_for_an_organisation_adds_changes_and_removes_whom_others_call() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let service = clinic(&hub, &org).await;
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    let list = administrator.get("/contacts").await.expect(200).says("No contact yet");
    list.says("urgent or waits for an answer").says("href=\"/contacts/new\"").says("aria-current=\"page\"");
    administrator.get("/services").await.expect(200).says("href=\"/contacts\"");
    let asked = administrator.get("/contacts/new").await.expect(200).says("value=\"2027-03-02\"");
    let asked = asked.says("Lake clinic</option>").says("The whole organisation</option>");
    let sheet = hidden(&asked, "sheet");
    let sheet = [("sheet", sheet.as_str())];

    let bad =
        [("label", ""), ("telephone", "ask inside"), ("languages", "english!"), ("until", "2029-01-01")];
    let refused = administrator.post("/contacts/new", &with(&with(&FILLED, &bad), &sheet)).await.expect(422);
    let refused =
        refused.says("Error:").says("Write whom one asks for").says("Write a number of 3 to 15 digits");
    let refused = refused.says("Write codes of languages").says("value=\"ask inside\"");
    refused.says("name=\"on_call\" value=\"yes\" checked").says(&format!("value=\"{NAME}\""));
    let late = with(&with(&FILLED, &[("until", "2029-01-01")]), &sheet);
    administrator.post("/contacts/new", &late).await.expect(400).says("at most two years from now");

    let added = administrator.post("/contacts/new", &with(&FILLED, &sheet)).await.expect(303);
    assert_eq!(added.header("location"), "/contacts?done=added");
    let again = administrator.post("/contacts/new", &with(&FILLED, &sheet)).await.expect(303);
    assert_eq!(again.header("location"), "/contacts?done=sent");
    let list = administrator.get("/contacts?done=added").await.expect(200).says("The contact is added");
    let list = list.says(NAME).says(NUMBER).says("On call · Day and night · Speaks English, bem");
    let list = list.says("The whole organisation · Until 31 December 2026");
    assert_eq!(list.text.matches(NUMBER).count(), 1, "the same form counts once");
    let page = format!("/contacts/ctc_{}", behind(&list, "/contacts/ctc_"));
    let remove = format!("{page}/remove");

    // Who reads it does not change it, and others do not find it here.
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.get("/contacts").await.expect(200).says(NUMBER).does_not_say(&page).does_not_say("/contacts/new");
    let mut elsewhere = Visitor::signed_in(&hub, &other, &["administrator"]).await;
    elsewhere.get("/contacts").await.expect(200).does_not_say(NUMBER);
    enrolled_at_node(&hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(&hub, "m.tembo").await;
    for (visitor, status) in [(&mut worker, 403), (&mut elsewhere, 404), (&mut coordinator, 403)] {
        visitor.get(&page).await.expect(status);
        visitor.post(&page, &with(&FILLED, &[("version", "1")])).await.expect(status);
        visitor.post(&remove, &[("version", "1")]).await.expect(status);
    }
    worker.get("/contacts/new").await.expect(403);
    coordinator.get("/contacts").await.expect(403);
    let mut nobody = Visitor::new(&hub);
    for path in ["/contacts", "/contacts/new", &page] {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2Fcontacts"), "{path}");
    }

    // Who was slower keeps what they wrote, beside what holds now.
    let shown = administrator.get(&page).await.expect(200).says(&format!("value=\"{NUMBER}\""));
    shown.says("value=\"2026-12-31\"").says("name=\"version\" value=\"1\"").does_not_say("<title>Duty");
    let changed = with(&FILLED, &[("version", "1"), ("label", "Night desk"), ("service", service.as_str())]);
    let kept = administrator.post(&page, &changed).await.expect(303);
    assert_eq!(kept.header("location"), "/contacts?done=changed");
    administrator.get("/contacts").await.expect(200).says("Night desk").says("Lake clinic");
    let late = with(&FILLED, &[("version", "1"), ("label", "Morning desk")]);
    let told = administrator.post(&page, &late).await.expect(409).says("Somebody else changed this contact");
    let told = told.says("<bdi>Night desk</bdi>").says("value=\"Morning desk\"").says("Error:");
    assert_eq!(hidden(&told, "version"), "2");
    administrator.post(&remove, &[("version", "1")]).await.expect(409).says("Somebody else changed");
    let gone = administrator.post(&remove, &[("version", "2")]).await.expect(303);
    assert_eq!(gone.header("location"), "/contacts?done=removed");
    administrator.get("/contacts?done=removed").await.expect(200).says("No contact yet").does_not_say(NUMBER);
    administrator.get(&page).await.expect(404);
}

#[actix_web::test]
async fn members_are_told_on_the_page_of_a_service_whom_to_call_and_nobody_else_is() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let service = clinic(&hub, &org).await;
    let page = format!("/services/{service}");
    let name = enrolled(&hub, &other, &["case_worker"]).await;
    let mut worker = Visitor::named(&hub, &name).await;
    worker.get(&page).await.expect(200).does_not_say("Whom to call");
    on_call(&hub, &org, Some(&service)).await;
    let desk = json!({ "label": "Front desk", "telephone": "112", "channel": "sms", "is_focal_point": true });
    org.post(&hub, "/api/v1/directory/contacts", &desk).await.expect(201);
    let shown = worker.get(&page).await.expect(200).says("Whom to call").says(NAME);
    let shown =
        shown.says("href=\"tel:+26097731415926\"").says("On call · Day and night · Speaks English, bem");
    let shown = shown.says("href=\"tel:112\"").says("Short message to <bdi>112</bdi>");
    let (first, _) = shown.text.split_once("Front desk").unwrap();
    assert!(first.contains("Duty protection officer"), "who is on call stands first");

    let row = service.trim_start_matches("svc_");
    let mut nobody = Visitor::new(&hub);
    let sent_on = nobody.get(&page).await.expect(303);
    assert!(sent_on.header("location").starts_with("/sign-in"), "{}", sent_on.text);
    for path in [
        page.as_str(),
        &format!("/hsds/services/{row}"),
        "/api/v1/directory/page.html",
        "/api/v1/directory/3w.csv",
        "/api/v1/directory/places.geojson",
    ] {
        nobody.get(path).await.does_not_say("Canary").does_not_say("31415926").does_not_say("Front desk");
    }
    worker.get("/find?text=lake").await.expect(200).says("Lake clinic").does_not_say("Canary");

    hub.clock.advance(TimeDelta::days(365));
    let mut worker = Visitor::named(&hub, &name).await;
    worker.get(&page).await.expect(200).does_not_say("Whom to call").does_not_say(NAME);
}

#[actix_web::test]
async fn the_sender_of_a_referral_that_waits_or_is_late_is_told_whom_to_call() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let path = format!("/referrals/{referral}");
    let name = enrolled(hub, harbour, &["case_worker"]).await;
    let desk = enrolled(hub, clinic, &["intake"]).await;
    let mut sender = Visitor::named(hub, &name).await;
    sender.get(&path).await.expect(200).does_not_say("Whom to call");
    on_call(hub, clinic, None).await;
    on_call(hub, lawyers, None).await;
    let front = json!({ "label": "Front desk", "telephone": "112", "is_focal_point": true });
    clinic.post(hub, "/api/v1/directory/contacts", &front).await.expect(201);
    let other = mechanism.offers(clinic, "SV12").await.body["id"].as_str().unwrap().to_owned();
    let legal = json!({ "label": "Legal desk", "telephone": "113", "is_on_call": true, "service": other });
    clinic.post(hub, "/api/v1/directory/contacts", &legal).await.expect(201);
    let shown = sender.get(&path).await.expect(200).says("Whom to call").says("say nothing about the person");
    let shown =
        shown.says("href=\"tel:+26097731415926\"").does_not_say("Front desk").does_not_say("Legal desk");
    assert_eq!(
        shown.text.matches("href=\"tel:").count(),
        1,
        "nobody of another organisation, and who is on call alone"
    );
    let mut intake = Visitor::named(hub, &desk).await;
    intake.get(&path).await.expect(200).does_not_say("Whom to call").does_not_say(NAME);

    hub.clock.advance(TimeDelta::days(3));
    hub.run_jobs().await;
    let mut sender = Visitor::named(hub, &name).await;
    sender.get("/sent").await.expect(200).says("No answer since").does_not_say(NAME);
    sender.get(&path).await.expect(200).says("Whom to call").says(NAME);
}

#[actix_web::test]
async fn an_entry_says_that_urgent_referrals_are_taken_only_while_somebody_is_on_call() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Lakeside").await);
    let service = clinic(&hub, &org).await;
    let (page, edit) = (format!("/services/{service}"), format!("/services/{service}/edit"));
    let (head, name) =
        (enrolled(&hub, &org, &["administrator"]).await, enrolled(&hub, &other, &["case_worker"]).await);
    let mut administrator = Visitor::named(&hub, &head).await;
    let shown = administrator.get(&edit).await.expect(200).says("Are urgent referrals taken?");
    let shown = shown.says("name=\"urgent\" value=\"unknown\" checked").says("href=\"/contacts\"");
    let seen = hidden(&shown, "seen");
    let yes = [("seen", seen.as_str()), ("name", "Lake clinic"), ("description", "Care"), ("urgent", "yes")];
    let refused = administrator.post(&edit, &yes).await.expect(422).says("Error:");
    let refused = refused.says("Nobody is on call for this service").says("id=\"urgent-e\"");
    refused.says("name=\"urgent\" value=\"yes\" checked");
    on_call(&hub, &org, Some(&service)).await;
    let handed_in = administrator.post(&edit, &yes).await.expect(303);
    assert_eq!(handed_in.header("location"), "/services?done=submitted");
    hub.clock.advance(TimeDelta::seconds(1));
    list_offered(&hub).await;
    let mut worker = Visitor::named(&hub, &name).await;
    worker.get(&page).await.expect(200).says("Urgent referrals").says("Who is on call stands above");
    administrator.get(&edit).await.expect(200).says("name=\"urgent\" value=\"yes\" checked");

    // While nobody is on call it is not shown, whatever the entry says.
    let contacts = format!("/api/v1/directory/contacts?service={service}");
    let found = org.get(&hub, &contacts).await.expect(200).body;
    let contact = format!("/api/v1/directory/contacts/{}", found["items"][0]["id"].as_str().unwrap());
    let version = format!("\"{}\"", version_at(&hub, &org, &contact).await);
    send(&hub, Some(&org.token), "DELETE", &contact, &[("if-match", &version)], None).await.expect(204);
    worker.get(&page).await.expect(200).does_not_say("Urgent referrals");
    let seen = hidden(&administrator.get(&edit).await.expect(200), "seen");
    let no = with(&yes, &[("seen", seen.as_str()), ("urgent", "no")]);
    administrator.post(&edit, &no).await.expect(303);
    hub.clock.advance(TimeDelta::seconds(1));
    list_offered(&hub).await;
    worker.get(&page).await.expect(200).says("Urgent referrals").says("Not taken");
}
