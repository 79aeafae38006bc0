//! Keys and letters on the pages: in a real browser, beside a gateway that is the program.

use std::{process::Command, time::Duration};

use serde_json::json;
use throughline::{
    crypto::PublicJwk,
    members::{self, EnrolStaff, ReplaceRoot, SetPassphrase},
};

use super::{
    browser::{chromium, installed, is_for_the_other_run},
    find::directory,
    visitor::{PASSPHRASE, Visitor},
};
use crate::{
    cli::{
        gateway::{Gateway, keep_time},
        referral::Story,
    },
    support::{Org, TestHub, available},
};

/// Somebody of an organisation, with a passphrase; the name to sign in with.
async fn enrolled(hub: &TestHub, of: &Gateway, name: &str, roles: serde_json::Value) -> String {
    let enrol: EnrolStaff = serde_json::from_value(json!({ "name": name, "roles": roles })).unwrap();
    let id = of.id;
    let enrolment = hub
        .hub
        .write("members.enrol_staff", &hub.operator(), move |tx| {
            members::enrol_staff(tx, Some(id), &enrol, 1)
        })
        .await
        .unwrap();
    let choice = json!({ "code": enrolment.code, "passphrase": PASSPHRASE });
    let chosen: SetPassphrase = serde_json::from_value(choice).unwrap();
    let hash = throughline::crypto::hash_passphrase(&chosen.passphrase, hub.hub.ids()).unwrap();
    hub.hub
        .write("members.set_passphrase", &hub.operator(), move |tx| {
            members::set_passphrase(tx, &chosen, &hash)
        })
        .await
        .unwrap();
    enrolment.name.to_string()
}

#[actix_web::test]
async fn keys_are_made_confirmed_locked_and_lost_and_letters_opened_and_answered_in_a_browser() {
    if is_for_the_other_run() {
        return;
    }
    let ready = chromium().and_then(|chromium| Ok((chromium, installed()?)));
    let Some((chromium, folder)) = available("a browser for the pages", ready) else { return };
    let story = Story::new().await;
    let (_packet, referral) = story.send("").await;
    let hub = &story.hub;
    // Somebody else who could be named instead.
    directory(hub).await;
    let intake = enrolled(hub, &story.lakeside, "intake", json!(["intake"])).await;
    let administrator = enrolled(hub, &story.lakeside, "head", json!(["administrator", "intake"])).await;
    let sender = enrolled(hub, &story.harbour, "worker", json!(["case_worker"])).await;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "letters.test.mjs"]).current_dir(&folder);
    node.env("HUB", &hub.url).env("PASSPHRASE", PASSPHRASE).env("CHROMIUM", chromium);
    node.env("INTAKE", intake).env("ADMINISTRATOR", administrator).env("REFERRAL", &referral);
    node.env("PROGRAM", env!("CARGO_BIN_EXE_throughline")).env("FOLDER", story.lakeside.file(""));
    node.env("CANARY", "Canary").env("SENDER", sender).env("SENDER_FOLDER", story.harbour.file(""));
    let mut running = Box::pin(actix_web::web::block(move || node.output()));
    let output = loop {
        // Browsers and gateways go by the time of this machine.
        keep_time(hub);
        let done = actix_web::rt::time::timeout(Duration::from_millis(500), &mut running).await;
        if let Ok(done) = done {
            break done.unwrap().unwrap();
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let seen = story.state(&referral).await;
    assert_eq!(seen, "in_service");
}

/// Puts another root key in, as the coordinator would, when the browser has laid one out.
async fn replace_root(hub: &TestHub, of: &Gateway) {
    let (asked, done) = (of.file("new-root.jwk"), of.file("replaced"));
    if done.exists() || !asked.exists() {
        return;
    }
    let root: PublicJwk = serde_json::from_slice(&std::fs::read(asked).unwrap()).unwrap();
    let id = of.id;
    hub.hub
        .write("members.replace_root", &hub.operator(), move |tx| {
            let version = members::find_known(tx.db(), id)?.unwrap().version;
            members::replace_root(tx, &ReplaceRoot { organisation: id, version, root: root.clone() })
        })
        .await
        .unwrap();
    std::fs::write(done, "").unwrap();
}

#[actix_web::test]
async fn keys_that_end_are_told_renewed_and_hang_on_a_root_that_is_trusted_by_its_code_in_a_browser() {
    if is_for_the_other_run() {
        return;
    }
    let ready = chromium().and_then(|chromium| Ok((chromium, installed()?)));
    let Some((chromium, folder)) = available("a browser for the pages", ready) else { return };
    let story = Story::new().await;
    let (_packet, referral) = story.send("").await;
    let hub = &story.hub;
    let intake = enrolled(hub, &story.lakeside, "intake", json!(["intake"])).await;
    let administrator = enrolled(hub, &story.lakeside, "head", json!(["administrator", "intake"])).await;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "year.test.mjs"]).current_dir(&folder);
    node.env("HUB", &hub.url).env("PASSPHRASE", PASSPHRASE).env("CHROMIUM", chromium);
    node.env("INTAKE", intake).env("ADMINISTRATOR", administrator).env("REFERRAL", &referral);
    node.env("PROGRAM", env!("CARGO_BIN_EXE_throughline")).env("FOLDER", story.lakeside.file(""));
    node.env("CANARY", "Canary");
    let mut running = Box::pin(actix_web::web::block(move || node.output()));
    let output = loop {
        keep_time(hub);
        replace_root(hub, &story.lakeside).await;
        let done = actix_web::rt::time::timeout(Duration::from_millis(500), &mut running).await;
        if let Ok(done) = done {
            break done.unwrap().unwrap();
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[actix_web::test]
async fn the_pages_of_keys_are_for_people_of_organisations_and_that_of_holders_for_those_who_manage_keys() {
    let hub = TestHub::new();
    let org: Org = hub.org("Harbour Aid").await;
    let mut nobody = Visitor::new(&hub);
    nobody.get("/key").await.expect(303);
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.get("/key").await.expect(200).says("pages").does_not_say("/key/people");
    worker.get("/key/people").await.expect(403);
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    administrator.get("/key").await.expect(200).says("/key/people");
    administrator.get("/key/people").await.expect(200).says("data-place=\"people\"");
}
