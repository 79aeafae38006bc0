//! Keys and letters on the pages: in a real browser, beside a gateway that is the program.

use serde_json::json;
use throughline::{
    crypto::PublicJwk,
    members::{self, EnrolStaff, ReplaceRoot, SetPassphrase},
};

use super::{
    browser::{require_passed, tests},
    find::directory,
    visitor::{PASSPHRASE, Visitor},
};
use crate::{
    cli::{
        gateway::{Gateway, keep_time},
        referral::Story,
    },
    support::{Org, TestHub, packet::CANARY},
};

/// Somebody of an organisation, with a passphrase; the name to sign in with.
pub(super) async fn enrolled(hub: &TestHub, of: &Gateway, name: &str, roles: serde_json::Value) -> String {
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
    let Some(mut tests) = tests("letters.test.mjs") else { return };
    let story = Story::new().await;
    let (_packet, referral) = story.send("").await;
    let hub = &story.hub;
    // Somebody else who could be named instead.
    directory(hub).await;
    let intake = enrolled(hub, &story.lakeside, "intake", json!(["intake"])).await;
    let administrator = enrolled(hub, &story.lakeside, "head", json!(["administrator", "intake"])).await;
    let sender = enrolled(hub, &story.harbour, "worker", json!(["case_worker"])).await;
    tests.env("HUB", &hub.url);
    tests.env("INTAKE", intake).env("ADMINISTRATOR", administrator).env("REFERRAL", &referral);
    tests.env("FOLDER", story.lakeside.file(""));
    tests.env("CANARY", CANARY).env("SENDER", sender).env("SENDER_FOLDER", story.harbour.file(""));
    require_passed(tests, async || keep_time(hub)).await;
    let seen = story.state(&referral).await;
    assert_eq!(seen, "in_service");
    // What was typed in the browsers is nowhere here.
    let stored = hub.everything_stored();
    for said in [CANARY, "Blue suitcase", "Green kite", "Sister of the ward", "aunt, file 7"] {
        assert!(!stored.contains(said), "{said}");
    }
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
    let Some(mut tests) = tests("year.test.mjs") else { return };
    let story = Story::new().await;
    let (_packet, referral) = story.send("").await;
    let hub = &story.hub;
    let intake = enrolled(hub, &story.lakeside, "intake", json!(["intake"])).await;
    let administrator = enrolled(hub, &story.lakeside, "head", json!(["administrator", "intake"])).await;
    tests.env("HUB", &hub.url);
    tests.env("INTAKE", intake).env("ADMINISTRATOR", administrator).env("REFERRAL", &referral);
    tests.env("FOLDER", story.lakeside.file(""));
    tests.env("CANARY", CANARY);
    require_passed(tests, async || {
        keep_time(hub);
        replace_root(hub, &story.lakeside).await;
    })
    .await;
}

#[actix_web::test]
async fn an_agreement_is_offered_signed_by_both_suspended_and_goes_on_in_browsers() {
    let Some(mut tests) = tests("agreements.test.mjs") else { return };
    let story = Story::new().await;
    let hub = &story.hub;
    let ours = enrolled(hub, &story.harbour, "head", json!(["administrator", "case_worker"])).await;
    let theirs = enrolled(hub, &story.lakeside, "head", json!(["administrator", "intake"])).await;
    tests.env("HUB", &hub.url);
    tests.env("OURS", ours).env("THEIRS", theirs).env("PARTNER", story.lakeside.id.to_string());
    tests.env("FOLDER", story.harbour.file(""));
    tests.env("OTHER_FOLDER", story.lakeside.file(""));
    require_passed(tests, async || keep_time(hub)).await;
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

#[actix_web::test]
async fn the_pages_of_keys_name_roles_and_minutes_in_the_language_of_the_page() {
    let hub = TestHub::new();
    let org: Org = hub.org("Harbour Aid").await;
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator"]).await;
    for path in ["/key", "/key/people", "/key/root"] {
        let roles = [("fr", "Personne de l’accueil"), ("es", "Personal de acogida"), ("ar", "موظف الاستقبال")];
        for (language, role) in roles {
            let shown = administrator.get_with(path, &[("accept-language", language)]).await.expect(200);
            shown.says(role).does_not_say("Receives referrals");
        }
    }
    let shown = administrator.get_with("/key", &[("accept-language", "ar")]).await.expect(200);
    shown.says("5\u{2069} دقائق").says("30\u{2069} دقيقة");
}
