//! What coordinators do on pages of their own, and what they and others are shown of what happened: members, notices, the log.

use serde_json::json;
use throughline::{
    access::{Role, Tx},
    crypto::SigningKey,
    kernel::id::SystemIds,
    outbox::{self, Event, OutboxError},
};

use super::visitor::{PASSPHRASE, Shown, Visitor, enrolled};
use crate::support::{TestHub, enrolled_at_node, packet::Mechanism};

/// Somebody who looks after the mechanism, signed in.
async fn coordinator(hub: &TestHub) -> Visitor {
    enrolled_at_node(hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    Visitor::named(hub, "m.tembo").await
}

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

const PLACES: [&str; 4] = ["/members", "/notices", "/audit", "/services"];

#[actix_web::test]
async fn each_of_these_pages_is_for_whose_it_is_and_stands_in_their_menu() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let member = format!("/members/{}", org.id);
    let mut nobody = Visitor::new(&hub);
    for path in ["/members", "/members/new", &member, "/notices", "/audit"] {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2F"), "{path}");
    }
    let of_org: [(&str, [u16; 4], &[&str]); 4] = [
        ("case_worker", [403, 200, 403, 200], &[]),
        ("intake", [403, 200, 403, 200], &["/services"]),
        ("administrator", [403, 200, 403, 200], &["/notices", "/services"]),
        ("data_protection", [403, 200, 403, 200], &["/notices"]),
    ];
    for (role, answers, ways) in of_org {
        let mut visitor = Visitor::signed_in(&hub, &org, &[role]).await;
        for (path, answer) in PLACES.into_iter().zip(answers) {
            visitor.get(path).await.expect(answer);
        }
        for path in ["/members/new", &member] {
            visitor.get(path).await.expect(403);
        }
        let sheet = ("sheet", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
        let fields = [sheet, ("name", "x"), ("administrator", "x"), ("why", "left"), ("seen", "1")];
        for path in ["/administrator", "/suspend", "/resume"] {
            visitor.post(&format!("{member}{path}"), &fields).await.expect(403);
        }
        visitor.post("/members/new", &fields).await.expect(403);
        in_menu(&mut visitor, ways).await;
    }
    let mut coordinator = coordinator(&hub).await;
    for (path, answer) in PLACES.into_iter().zip([200, 200, 200, 403]) {
        coordinator.get(path).await.expect(answer);
    }
    coordinator.get("/overdue").await.expect(200);
    in_menu(&mut coordinator, &["/members", "/notices", "/audit"]).await;
}

/// Of these places exactly those stand in somebody's menu.
async fn in_menu(visitor: &mut Visitor, ways: &[&str]) {
    let shown = visitor.get("/account").await.expect(200);
    for path in PLACES {
        let way = format!("<li><a href=\"{path}\"");
        assert_eq!(shown.text.contains(&way), ways.contains(&path), "{path} in {ways:?}");
    }
}

#[actix_web::test]
async fn a_coordinator_enrols_an_organisation_whose_first_administrator_comes_in() {
    let hub = TestHub::new();
    let mut coordinator = coordinator(&hub).await;
    coordinator.get("/members").await.expect(200).says("No organisation yet");
    let asked = coordinator.get("/members/new").await.expect(200).says("value=\"international\"");
    let (sheet, root) = (hidden(&asked, "sheet"), SigningKey::generate(&SystemIds).unwrap());
    let jwk = serde_json::to_string(root.public()).unwrap();
    let filled = |thumbprint| {
        [
            ("sheet", sheet.as_str()),
            ("name", "Harbour Aid"),
            ("kind", "ngo"),
            ("country", "zm"),
            ("does", "manage_cases"),
            ("enforcement", "yes"),
            ("root", jwk.as_str()),
            ("thumbprint", thumbprint),
            ("administrator", "a.mwale"),
        ]
    };
    let wrong = coordinator.post("/members/new", &filled("another")).await.expect(422).says("Error:");
    let wrong = wrong.says("not the thumbprint of that key").says("value=\"Harbour Aid\"");
    wrong.says("value=\"ngo\" checked").says("value=\"a.mwale\"").says(root.public().kid().as_str());
    let nothing = coordinator.post("/members/new", &[("sheet", sheet.as_str()), ("root", "{}")]).await;
    nothing.expect(422).says("two letters").says("not a public root key").says("at least one thing");
    coordinator.get("/members").await.expect(200).says("No organisation yet");

    let headers = [("accept-encoding", "gzip"), ("sec-fetch-site", "same-origin")];
    let right = filled(root.public().kid().as_str());
    let shown = coordinator.post_with(&headers, "/members/new", &right).await.expect(200);
    assert_eq!((shown.header("content-encoding"), shown.header("cache-control")), ("", "no-store"));
    let shown = shown.says("This is shown once").says("Harbour Aid");
    let name = between(&shown, "Name for signing in", "no\">", "<");
    let code = between(&shown, ">Code<", "no\">", "<");
    let again = coordinator.post("/members/new", &right).await.expect(303);
    assert_eq!(again.header("location"), "/members?done=sent");
    let list = coordinator.get("/members?done=sent").await.expect(200).says("was sent already");
    let list = list.says("None stated yet").says("1 person").does_not_say(&code);
    assert_eq!(list.text.matches("Harbour Aid").count(), 2, "one row, which names it twice");

    let mut administrator = Visitor::new(&hub);
    let choice = [("code", code.as_str()), ("passphrase", PASSPHRASE), ("again", PASSPHRASE)];
    administrator.post("/passphrase", &choice).await.expect(303);
    administrator.post("/sign-in", &[("name", name.as_str()), ("passphrase", PASSPHRASE)]).await.expect(303);
    administrator.get("/people").await.expect(200).says(&name);

    let page = format!("/members/{}", between(&list, "Harbour Aid</bdi></th>", "href=\"/members/", "\""));
    let shown = coordinator.get(&page).await.expect(200).says(root.public().kid().as_str());
    let shown = shown.says("May manage cases").says("has a mandate to enforce").says("stated no key yet");
    let (sheet, invite) = (hidden(&shown, "sheet"), format!("{page}/administrator"));
    coordinator
        .post(&invite, &[("sheet", sheet.as_str())])
        .await
        .expect(422)
        .says("administrator begins with");
    let second = [("sheet", sheet.as_str()), ("administrator", "b.mwale")];
    let shown = coordinator.post(&invite, &second).await.expect(200).says("This is shown once");
    assert_ne!(between(&shown, ">Code<", "no\">", "<"), code);
    let again = coordinator.post(&invite, &second).await.expect(303);
    assert_eq!(again.header("location"), format!("{page}?done=sent"));
    coordinator.get(&page).await.expect(200).says("2 people");
    assert_eq!(hub.logged("members.enrol").await.iter().filter(|facts| facts.refused.is_none()).count(), 1);

    // The same key stands for nobody else.
    let asked = coordinator.get("/members/new").await.expect(200);
    let sheet = hidden(&asked, "sheet");
    let mut taken = right;
    taken[0] = ("sheet", sheet.as_str());
    coordinator.post("/members/new", &taken).await.expect(409).says("This key is known already");
}

#[actix_web::test]
async fn an_organisation_is_suspended_for_a_reason_and_takes_part_again() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let name = enrolled(&hub, &org, &["case_worker"]).await;
    let mut worker = Visitor::named(&hub, &name).await;
    worker.get("/find").await.expect(200);
    let mut coordinator = coordinator(&hub).await;
    let page = format!("/members/{}", org.id);
    let (suspend, resume) = (format!("{page}/suspend"), format!("{page}/resume"));
    coordinator.get("/members").await.expect(200).says("Harbour Aid").says("1 person").says(&page);
    let shown = coordinator.get(&page).await.expect(200).says("Health staff").says("href=\"/agreements\"");
    let seen = hidden(&shown, "seen");
    let why = |why| [("seen", seen.as_str()), ("why", why)];
    coordinator.post(&suspend, &why("")).await.expect(422).says("Choose what happened").says("Error:");
    coordinator.post(&suspend, &why("moon")).await.expect(422);
    let helped = coordinator.post(&suspend, &why("partner")).await.expect(303);
    assert_eq!(helped.header("location"), "/agreements");
    worker.get("/find").await.expect(200);

    let done = coordinator.post(&suspend, &why("incident")).await.expect(303);
    assert_eq!(done.header("location"), format!("{page}?done=suspended"));
    let shown = coordinator.get(&format!("{page}?done=suspended")).await.expect(200);
    let shown = shown.says("suspended from now on").says("Let it take part").does_not_say("name=\"why\"");
    assert_ne!(worker.get("/find").await.status, 200);
    assert_eq!(hub.logged("members.suspend").await.len(), 1);

    let late = coordinator.post(&suspend, &why("left")).await.expect(409).says("Error:");
    late.says("Somebody else changed this organisation meanwhile").says("Let it take part");
    let now = hidden(&shown, "seen");
    let done = coordinator.post(&resume, &[("seen", now.as_str())]).await.expect(303);
    assert_eq!(done.header("location"), format!("{page}?done=resumed"));
    coordinator.get(&page).await.expect(200).says("name=\"why\"");
    Visitor::named(&hub, &name).await.get("/find").await.expect(200);
    coordinator.get("/members/org_01920000000070008000000000000000").await.expect(404);
}

#[actix_web::test]
async fn notices_are_sentences_that_lead_to_what_they_are_about_newest_first() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    hub.clock.advance(chrono::TimeDelta::seconds(5));
    let mut administrator = Visitor::signed_in(hub, clinic, &["administrator"]).await;
    let shown = administrator.get("/notices").await.expect(200).says("A referral came in.");
    let shown = shown.says(&format!("href=\"/referrals/{referral}\"")).says("An agreement is in force.");
    let places = ["A referral came in.", "An agreement is offered"].map(|sentence| shown.text.find(sentence));
    assert!(places[0].unwrap() < places[1].unwrap(), "what came last stands first");
    administrator.get("/language/fr?then=%2Fnotices").await.expect(303);
    administrator.get("/notices").await.expect(200).says("Une orientation est arrivée.");
    let mut officer = Visitor::signed_in(hub, harbour, &["data_protection"]).await;
    officer.get("/notices").await.expect(200).says("An agreement is in force.").does_not_say("came in.");

    let mut coordinator = coordinator(hub).await;
    let shown = coordinator.get("/notices").await.expect(200).says("Clinic of the Lake is a member now.");
    shown.says(&format!("href=\"/members/{}\"", clinic.id)).does_not_say("A referral came in.");
    let page = format!("/referrals/{referral}");
    administrator.get(&page).await.expect(200);
    assert!(hub.logged("referrals.read").await.is_empty(), "a party reads its own");
    coordinator.get(&page).await.expect(200);
    assert!(hub.logged("referrals.read").await[0].is_about(&referral.to_string()));
    let incident = move |tx: &mut Tx<'_>| {
        let incident = json!({ "referral": referral, "state": "accepted" });
        outbox::say(tx, &Event { topic: "referral.incident", organisation: None, payload: incident })?;
        for _ in 0..50 {
            let payload = json!({});
            outbox::say(tx, &Event { topic: "need.recorded", organisation: None, payload })?;
        }
        Ok::<_, OutboxError>(())
    };
    hub.hub.write("referrals.record_need", &hub.operator(), incident).await.unwrap();
    hub.clock.advance(chrono::TimeDelta::seconds(5));
    let shown = coordinator.get("/notices").await.expect(200).does_not_say("There is an incident");
    assert_eq!(shown.text.matches("A need was noted").count(), 50);
    let older = between(&shown, "class=\"pages\"", "href=\"", "\"");
    let shown = coordinator.get(&older).await.expect(200).says("There is an incident with a referral.");
    shown.says("Look into it").says("To the newest").does_not_say("A need was noted");
}

#[actix_web::test]
async fn the_log_is_read_in_words_without_names_of_people_of_organisations() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.post("/account/sessions/end", &[]).await.expect(303);
    worker.get("/audit").await.expect(403);
    let mut coordinator = coordinator(&hub).await;
    hub.run_jobs().await;
    let shown = coordinator.get("/audit").await.expect(200).says("Ended all other sessions");
    let shown = shown.says("members.end_other_sessions").says("Case worker").says("Harbour Aid");
    let shown = shown.says("access.forbidden").does_not_say("w.banda");
    shown.says("Enrolled an organisation").says("runs the node’s machine");
    hub.run_jobs().await;
    let shown = coordinator.get("/audit").await.expect(200).says("Read the log on its page");
    shown.says("m.tembo, Coordinator");
    assert!(!hub.logged("audit.read_entries").await.is_empty());
}
