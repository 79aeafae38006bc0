//! What administrators, intake workers and those who answer for data protection do on pages of their own, and everybody's account.

use serde_json::json;
use throughline::access::Role;

use super::visitor::{PASSPHRASE, Shown, Visitor, enrolled};
use crate::support::{
    TestHub,
    agreement::{document, offered, signature},
    enrolled_at_node, list_offered,
    packet::Mechanism,
};

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

#[actix_web::test]
async fn these_pages_are_for_who_is_signed_in_and_for_their_roles() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let person = "/people/stf_01920000000070008000000000000000";
    let room = "/services/svc_01920000000070008000000000000000/room";
    let agreement = "/agreements/dsa_01920000000070008000000000000000/1";
    let all = [
        "/people",
        "/people/new",
        person,
        "/services",
        room,
        "/agreements",
        agreement,
        "/disclosures",
        "/account",
    ];
    let mut nobody = Visitor::new(&hub);
    for path in all {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2F"), "{path}");
    }
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    for path in ["/people", "/people/new", "/disclosures"] {
        worker.get(path).await.expect(403);
    }
    for path in [person, room, agreement] {
        worker.get(path).await.expect(404);
    }
    worker.post("/people/new", &[("name", "x"), ("roles", "administrator")]).await.expect(303);
    worker.post("/disclosures", &[("about", "sub_01920000000070008000000000000000")]).await.expect(403);
    worker
        .post_with(&[("sec-fetch-site", "cross-site")], "/account", &[("old", PASSPHRASE)])
        .await
        .expect(403);
}

#[actix_web::test]
async fn somebody_is_invited_comes_in_gets_a_new_code_and_is_removed() {
    let hub = TestHub::new();
    let (org, other) = (hub.org("Harbour Aid").await, hub.org("Clinic").await);
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    let list = administrator.get("/people").await.expect(200).says("w.banda").says("Chosen");
    list.says("href=\"/key/people\"");
    let asked = administrator.get("/people/new").await.expect(200).says("value=\"intake\"");
    let asked = asked.does_not_say("value=\"coordinator\"");
    let sheet = hidden(&asked, "sheet");
    let nothing = [("sheet", sheet.as_str()), ("name", "w.phiri")];
    let refused = administrator.post("/people/new", &nothing).await.expect(422).says("Error:");
    refused.says("at least one role").says("value=\"w.phiri\"");
    let filled = [("sheet", sheet.as_str()), ("name", "w.phiri"), ("roles", "intake")];
    let shown = administrator.post("/people/new", &filled).await.expect(200).says("This is shown once");
    assert_eq!(shown.header("cache-control"), "no-store");
    let name = between(&shown, "Name for signing in", "no\">", "<");
    let code = between(&shown, ">Code<", "no\">", "<");
    let again = administrator.post("/people/new", &filled).await.expect(303);
    assert_eq!(again.header("location"), "/people?done=sent");
    let list = administrator.get("/people?done=sent").await.expect(200).says("was sent already");
    let list = list.says("Not chosen yet").does_not_say(&code);
    assert_eq!(list.text.matches("w.phiri").count(), 2, "one row, which names them twice");

    let mut person = Visitor::new(&hub);
    let choice = [("code", code.as_str()), ("passphrase", PASSPHRASE), ("again", PASSPHRASE)];
    person.post("/passphrase", &choice).await.expect(303);
    person.post("/sign-in", &[("name", name.as_str()), ("passphrase", PASSPHRASE)]).await.expect(303);
    person.get("/find").await.expect(200);

    let page = format!("/people/{}", between(&list, &name, "href=\"/people/", "\""));
    Visitor::signed_in(&hub, &other, &["administrator"]).await.get(&page).await.expect(404);
    let shown = administrator.get(&page).await.expect(200).says("signed out everywhere");
    let (sheet, renew) = (hidden(&shown, "sheet"), format!("{page}/code"));
    let renewed =
        administrator.post(&renew, &[("sheet", sheet.as_str())]).await.expect(200).says("A new code");
    assert_ne!(between(&renewed, ">Code<", "no\">", "<"), code);
    administrator.post(&renew, &[("sheet", sheet.as_str())]).await.expect(303);
    person.get("/find").await.expect(303);

    let remove = format!("{page}/remove");
    administrator.post(&remove, &[]).await.expect(422).says("Choose what happened");
    let helped = administrator.post(&remove, &[("why", "passphrase")]).await.expect(303);
    assert_eq!(helped.header("location"), format!("{page}#code"));
    let removed = administrator.post(&remove, &[("why", "left")]).await.expect(303);
    assert_eq!(removed.header("location"), "/people?done=removed");
    administrator.get(&page).await.expect(200).says("This person was removed").does_not_say("name=\"why\"");
}

#[actix_web::test]
async fn an_administrator_gives_other_roles_and_the_last_one_stays_one() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    let list = administrator.get("/people").await.expect(200);
    let own = format!("/people/{}", between(&list, "<th scope=\"row\">", "href=\"/people/", "\""));
    let name = enrolled(&hub, &org, &["case_worker"]).await;
    let mut worker = Visitor::named(&hub, &name).await;
    worker.get("/find").await.expect(200).does_not_say("href=\"/services\"");
    let list = administrator.get("/people").await.expect(200);
    let page = format!("/people/{}", between(&list, &format!("{name}</bdi></th>"), "href=\"/people/", "\""));
    let shown = administrator.get(&page).await.expect(200).says("value=\"case_worker\" checked");
    shown.does_not_say("value=\"intake\" checked").does_not_say("value=\"coordinator\"");
    let roles = format!("{page}/roles");
    administrator.post(&roles, &[]).await.expect(422).says("at least one role").says("Error:");
    worker.post(&roles, &[("roles", "administrator")]).await.expect(403);
    let given =
        administrator.post(&roles, &[("roles", "intake"), ("roles", "case_worker")]).await.expect(303);
    assert_eq!(given.header("location"), format!("{page}?done=roles#roles"));
    let shown = administrator.get(&format!("{page}?done=roles")).await.expect(200).says("roles are changed");
    shown.says("value=\"intake\" checked").says("value=\"case_worker\" checked");
    worker.get("/find").await.expect(200).says("href=\"/services\"");

    administrator.get(&own).await.expect(200).says("This is you").says("value=\"administrator\" checked");
    let alone = administrator.post(&format!("{own}/roles"), &[("roles", "intake")]).await.expect(409);
    alone.says("Nobody would be left").says("value=\"intake\" checked");
    administrator.get("/people").await.expect(200);
    let helped = administrator.post(&format!("{page}/remove"), &[("why", "roles")]).await.expect(303);
    assert_eq!(helped.header("location"), format!("{page}#roles"));
}

#[actix_web::test]
async fn the_account_lists_sessions_without_device_or_place_and_ends_them() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let name = enrolled(&hub, &org, &["case_worker"]).await;
    let (mut here, mut there) = (Visitor::named(&hub, &name).await, Visitor::named(&hub, &name).await);
    let mut third = Visitor::named(&hub, &name).await;
    let shown = here.get_with("/account", &[("user-agent", "canary-browser")]).await.expect(200);
    assert_eq!(shown.text.matches("/end\" class=\"over\"").count(), 2, "one ends others, and signs out here");
    let shown = shown.says("This one").says("Sign out everywhere else").does_not_say("canary");
    let end = format!("/account/sessions/{}/end", between(&shown, "/account/", "sessions/", "/end"));
    let mut elsewhere = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    elsewhere.post(&end, &[]).await.expect(303);
    assert_eq!(there.get("/find").await.status + third.get("/find").await.status, 400, "nobody else ends it");
    here.post(&end, &[]).await.expect(303);
    let still = [there.get("/find").await.status, third.get("/find").await.status];
    assert!(still == [200, 303] || still == [303, 200], "{still:?}");
    here.get("/account?ended=one").await.expect(200).says("That session is over");
    here.post("/account/sessions/end", &[]).await.expect(303);
    assert_eq!([there.get("/find").await.status, third.get("/find").await.status], [303, 303]);
    let alone = here.get("/account?ended=all").await.expect(200).says("This one");
    alone.does_not_say("Sign out everywhere else</button>");
}

#[actix_web::test]
async fn the_node_manages_its_own_people_and_nobody_removes_themselves_here() {
    let hub = TestHub::new();
    hub.org("Harbour Aid").await;
    enrolled_at_node(&hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(&hub, "m.tembo").await;
    let list = coordinator.get("/people").await.expect(200).says("m.tembo").does_not_say("/key/people");
    let page = format!("/people/{}", between(&list, "m.tembo</bdi></th>", "href=\"/people/", "\""));
    coordinator.get(&page).await.expect(200).says("This is you").does_not_say("name=\"why\"");
    let asked = coordinator.get("/people/new").await.expect(200).says("value=\"operator\"");
    let sheet = hidden(&asked.does_not_say("value=\"intake\""), "sheet");
    let taken = [("sheet", sheet.as_str()), ("name", "m.tembo"), ("roles", "coordinator")];
    coordinator.post("/people/new", &taken).await.expect(409).says("Somebody has this name already");
    coordinator.get("/services").await.expect(403);
    coordinator.get("/agreements").await.expect(200).says("No agreement yet");
}

#[actix_web::test]
async fn intake_says_how_much_room_there_is_and_is_told_of_who_was_faster() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut intake = Visitor::signed_in(&hub, &org, &["intake"]).await;
    intake.get("/services").await.expect(200).says("No service of yours is listed");
    let listed = json!({
        "organisation": org.id, "service": "SV01", "name": "Night shelter", "description": "Beds for the night.",
    });
    let listed = org.post(&hub, "/api/v1/services", &listed).await.expect(201).body;
    intake.get("/services").await.expect(200).says("Night shelter").says("Not listed yet");
    list_offered(&hub).await;
    let page = format!("/services/{}/room", listed["id"].as_str().unwrap());
    let list =
        intake.get("/services").await.expect(200).says("Night shelter").says("Takes people").says(&page);
    let list = list.does_not_say("Not listed yet");
    let seen = hidden(&list, "version");
    let asked = intake.get(&page).await.expect(200).says("value=\"open\" checked");
    assert_eq!(hidden(&asked, "version"), seen);
    let wrong =
        [("version", seen.as_str()), ("availability", "open"), ("places", "many"), ("note", "Ring twice")];
    intake.post(&page, &wrong).await.expect(422).says("value=\"many\"").says("Write a number from 0");
    let full = [("version", seen.as_str()), ("availability", "full"), ("places", "0")];
    intake.post(&page, &full).await.expect(303);
    intake.get("/services?said=1").await.expect(200).says("Full").says("Holds until").says("Thank you");
    let late =
        [("version", seen.as_str()), ("availability", "open"), ("places", "3"), ("note", "Ring twice")];
    let told = intake.post(&page, &late).await.expect(409).says("Somebody else changed this service");
    let told = told.says("value=\"Ring twice\"").says("value=\"open\" checked").says("Error:");
    let now = hidden(&told, "version");
    intake
        .post(&page, &[("version", now.as_str()), ("availability", "open"), ("places", "3")])
        .await
        .expect(303);
    intake.get("/services").await.expect(200).says("3 places");
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    administrator.get("/services").await.expect(200).says("Night shelter").does_not_say(&page);
    administrator.get(&page).await.expect(403);
    administrator.post(&page, &full).await.expect(403);
}

#[actix_web::test]
async fn an_agreement_is_read_in_words_and_signed_only_by_who_may() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let (clinic, lawyers) = (hub.org("Clinic").await, hub.org("Lawyers").await);
    let stranger = hub.org("Far Away").await;
    let agreed = offered(&hub, &harbour, &document(&hub, [&harbour, &clinic, &lawyers])).await;
    let page = format!("/agreements/{}/{}", agreed.id, agreed.version);
    let mut administrator = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
    let list = administrator.get("/agreements").await.expect(200).says("Offered").says(&page);
    list.says("Signatures: 0 of 3").says("Harbour Aid").says("Lawyers");
    let shown = administrator.get(&page).await.expect(200).says("Not signed yet").says("What it allows");
    shown.says(&agreed.digest.to_string()).says("data-place=\"sign\"").says("class=\"round\"");
    let mut worker = Visitor::signed_in(&hub, &clinic, &["case_worker"]).await;
    worker.get(&page).await.expect(200).does_not_say("data-place=\"sign\"");
    let path = format!("{}/signatures", agreed.path());
    clinic.post(&hub, &path, &signature(&clinic, &agreed.document)).await.expect(201);
    let shown = administrator.get(&page).await.expect(200).says("A. Director, Director");
    shown.does_not_say("data-place=\"sign\"");
    administrator.get("/agreements").await.expect(200).says("Signatures: 1 of 3");
    let mut elsewhere = Visitor::signed_in(&hub, &stranger, &["administrator"]).await;
    elsewhere.get("/agreements").await.expect(200).says("No agreement yet");
    elsewhere.get(&page).await.expect(404);
    enrolled_at_node(&hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(&hub, "m.tembo").await;
    coordinator.get(&page).await.expect(200).says("Not signed yet").does_not_say("data-place=\"sign\"");
}

#[actix_web::test]
async fn who_answers_for_data_protection_gets_a_statement_of_what_was_disclosed() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, lawyers, .. } = &mechanism;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let mut officer = Visitor::signed_in(hub, harbour, &["data_protection"]).await;
    officer.get("/disclosures").await.expect(200).says("noted in the log");
    officer.post("/disclosures", &[("about", "somebody")]).await.expect(422).says("value=\"somebody\"");
    let about = referral.to_string();
    let stated = officer.post("/disclosures", &[("about", about.as_str())]).await.expect(200);
    let stated = stated.says("Statement of disclosures").says("Clinic").says("With consent");
    stated.says("The signed statement").does_not_say("sub_");
    assert!(!hub.logged("referrals.disclosures").await.is_empty());
    let mut elsewhere = Visitor::signed_in(hub, lawyers, &["data_protection"]).await;
    elsewhere.post("/disclosures", &[("about", about.as_str())]).await.expect(404).says("no such referral");
    let nobody = "sub_01920000000070008000000000000000";
    elsewhere.post("/disclosures", &[("about", nobody)]).await.expect(200).says("Nothing was disclosed");
}

#[actix_web::test]
async fn a_new_passphrase_needs_the_old_one_and_ends_every_other_session() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let name = enrolled(&hub, &org, &["case_worker"]).await;
    let (mut here, mut there) = (Visitor::named(&hub, &name).await, Visitor::named(&hub, &name).await);
    here.get("/account").await.expect(200).says(&name).says("Case worker").says("Harbour Aid");
    let new = "four other words there";
    let chosen = |old, again| [("old", old), ("passphrase", new), ("again", again)];
    here.post("/account", &chosen(PASSPHRASE, "something")).await.expect(422).says("not the same");
    let wrong = here.post("/account", &chosen("not what it was", new)).await.expect(401);
    wrong.says("This is not your passphrase").does_not_say(new).does_not_say("not what it was");
    let long = "x".repeat(257);
    let chosen_long = [("old", PASSPHRASE), ("passphrase", long.as_str()), ("again", long.as_str())];
    here.post("/account", &chosen_long).await.expect(422).says("This passphrase is too long");
    let done = here.post("/account", &chosen(PASSPHRASE, new)).await.expect(303);
    assert_eq!(done.header("location"), "/account?changed=1");
    here.get("/account?changed=1").await.expect(200).says("Your passphrase is changed");
    there.get("/account").await.expect(303);
    Visitor::new(&hub).post("/sign-in", &[("name", name.as_str()), ("passphrase", new)]).await.expect(303);
}
