//! `throughline key people`, `admit`, `rotate`, `renew` and `clear-out`: a gateway confirms colleagues who work in a browser.

use serde_json::{Value, json};
use throughline::{
    crypto::{DecryptionKey, Kid, PublicJwk, SigningKey, decrypt_keyring},
    custody::comparison_code,
    kernel::id::SystemIds,
    members::{self, EnrolStaff},
};

use super::gateway::{Gateway, hub, hub_with};
use crate::{
    api::custody::{Person, member_key},
    support::TestHub,
};

/// Somebody with a browser: their keys, as it would have made them.
struct Colleague {
    person: Person,
    member: DecryptionKey,
    device: SigningKey,
}

impl Colleague {
    async fn of(hub: &TestHub, gateway: &Gateway, roles: Value) -> Self {
        let enrol: EnrolStaff = serde_json::from_value(json!({ "name": "w.banda", "roles": roles })).unwrap();
        let id = gateway.id;
        let enrolment = hub
            .hub
            .write("members.enrol_staff", &hub.operator(), move |tx| {
                members::enrol_staff(tx, Some(id), &enrol, 1)
            })
            .await
            .unwrap();
        let person = Person::enrolled(hub, &serde_json::to_value(enrolment).unwrap()).await;
        let (member, device) =
            (DecryptionKey::generate(&SystemIds).unwrap(), SigningKey::generate(&SystemIds).unwrap());
        person.keep(hub, &member_key(&member), None).await.expect(200);
        let add = json!({ "jwk": device.public(), "name": "Telephone" });
        person.ask(hub, "POST", "/api/v1/custody/devices", Some(&add)).await.expect(201);
        Self { person, member, device }
    }

    /// What they would read from their page.
    fn code(&self, gateway: &Gateway) -> String {
        let root: PublicJwk =
            serde_json::from_slice(&std::fs::read(gateway.file("home").join("root.jwk")).unwrap()).unwrap();
        let keys = (self.member.kid(), self.device.kid());
        comparison_code((gateway.id, root.kid()), self.person.id.parse().unwrap(), keys).to_string()
    }

    async fn admitted(&self, hub: &TestHub, gateway: &Gateway, more: &str) -> Value {
        let admit = format!("key admit {} --code {} {more}", self.person.id, self.code(gateway));
        gateway.json(hub, &admit).await
    }

    /// The keys that were handed to them and open, by role: the newest first.
    async fn opened(&self, hub: &TestHub) -> Vec<(String, Kid)> {
        let seen = self.person.custody(hub).await;
        let keyrings = seen["keyrings"].as_array().unwrap().iter();
        keyrings
            .map(|keyring| {
                let token = keyring["token"].as_str().unwrap();
                let plain = decrypt_keyring(token, &self.member, 4_096).unwrap();
                let said: Value = serde_json::from_slice(plain.expose()).unwrap();
                assert_eq!(said["role"], keyring["role"]);
                assert_eq!(said["jwk"]["kid"], keyring["kid"]);
                assert!(said["jwk"]["d"].is_string());
                (said["role"].as_str().unwrap().to_owned(), keyring["kid"].as_str().unwrap().parse().unwrap())
            })
            .collect()
    }
}

async fn listed(hub: &TestHub, gateway: &Gateway) -> Value {
    gateway.json(hub, "key people").await
}

#[actix_web::test]
async fn a_colleague_is_confirmed_by_the_code_they_read_and_reads_what_their_role_does() {
    let hub = hub();
    let gateway = Gateway::enrolled(&hub, "Harbour").await;
    assert_eq!(listed(&hub, &gateway).await, json!([]));
    let worker = Colleague::of(&hub, &gateway, json!(["case_worker"])).await;
    let waiting = listed(&hub, &gateway).await;
    assert_eq!((&waiting[0]["waits"], &waiting[0]["confirmed"]), (&json!(["Telephone"]), &json!(false)));
    let wrong = worker.code(&gateway);
    let wrong = if wrong.starts_with('A') {
        wrong.replacen('A', "B", 1)
    } else {
        format!("A{}", wrong.get(1..).unwrap())
    };
    let refused = gateway.run(&hub, &format!("key admit {} --code {wrong}", worker.person.id)).await;
    assert!(refused.expect(65).err.contains("key.code_differs"));
    assert!(worker.opened(&hub).await.is_empty());
    let made = worker.admitted(&hub, &gateway, "").await;
    assert_eq!((&made["reads"], &made["holder"]), (&json!(["case_worker", "intake"]), &json!(false)));
    let roles: Vec<String> = worker.opened(&hub).await.into_iter().map(|(role, _)| role).collect();
    assert_eq!(roles, ["case_worker", "intake"]);
    let seen = worker.person.custody(&hub).await;
    assert_eq!((&seen["confirmed"], &seen["devices"][0]["state"]), (&json!(true), &json!("active")));
    // The gateway's next statement leaves the colleague's keys where they are.
    gateway.run(&hub, "key publish").await.expect(0);
    let seen = worker.person.custody(&hub).await;
    assert_eq!((&seen["confirmed"], &seen["devices"][0]["state"]), (&json!(true), &json!("active")));
    // More than the role needs, and the root key, only when it is asked for.
    let more = worker.admitted(&hub, &gateway, "--reader medical --holder").await;
    assert_eq!((&more["reads"], &more["seq"]), (&json!(["medical"]), &Value::Null));
    let roles: Vec<String> = worker.opened(&hub).await.into_iter().map(|(role, _)| role).collect();
    assert_eq!(roles, ["case_worker", "intake", "medical", "root"]);
    assert_eq!(worker.person.custody(&hub).await["holders"], 1);
    let unknown = format!("key admit {} --code {} --reader cook", worker.person.id, worker.code(&gateway));
    assert!(gateway.run(&hub, &unknown).await.expect(69).err.contains("key.no_such_role"));
}

#[actix_web::test]
async fn a_new_reader_key_goes_to_those_who_had_the_old_one_and_who_left_has_none() {
    let hub = hub();
    let gateway = Gateway::enrolled(&hub, "Harbour").await;
    let (stays, leaves) = (
        Colleague::of(&hub, &gateway, json!(["intake"])).await,
        Colleague::of(&hub, &gateway, json!(["intake"])).await,
    );
    for colleague in [&stays, &leaves] {
        colleague.admitted(&hub, &gateway, "").await;
    }
    gateway.run(&hub, "key rotate intake").await.expect(0);
    assert_eq!((stays.opened(&hub).await.len(), leaves.opened(&hub).await.len()), (2, 2));
    assert_eq!(gateway.json(&hub, "key clear-out").await["revoked"], json!([]));
    // Somebody leaves: what they signed with is revoked, and whoever stays gets new keys of every role they had.
    let (id, gone) = (gateway.id, leaves.person.id.parse().unwrap());
    hub.hub
        .write("members.remove_staff", &hub.operator(), move |tx| {
            members::remove_staff(tx, Some(id), gone)?;
            throughline::custody::forget_person(tx, gone)
        })
        .await
        .unwrap();
    let listed = listed(&hub, &gateway).await;
    let of = |id: &str| listed.as_array().unwrap().iter().find(|row| row["person"] == id).unwrap().clone();
    assert_eq!(of(&leaves.person.id)["to_revoke"], json!(["Telephone"]));
    let before = stays.opened(&hub).await;
    let cleared = gateway.json(&hub, "key clear-out").await;
    let revoked: Vec<&str> =
        cleared["revoked"].as_array().unwrap().iter().map(|kid| kid.as_str().unwrap()).collect();
    assert_eq!(revoked, [leaves.device.kid().as_str(), leaves.member.kid().as_str()]);
    let after = stays.opened(&hub).await;
    assert_eq!(after.len(), before.len() + 1);
    let history = gateway.json(&hub, "key history").await;
    let state = |kid: &Kid| {
        let keys = history.as_array().unwrap().iter();
        keys.clone().find(|key| key["jwk"]["kid"] == kid.as_str()).unwrap()["status"].clone()
    };
    assert_eq!((state(leaves.device.kid()), state(stays.device.kid())), (json!("revoked"), json!("active")));
    let newest = after.iter().find(|one| !before.contains(one)).unwrap();
    assert_eq!(state(&newest.1), "active");
    assert!(before.iter().all(|(_, kid)| state(kid) == "retired"));
    assert_eq!(gateway.json(&hub, "key clear-out").await["revoked"], json!([]));
}

#[actix_web::test]
async fn what_ends_soon_goes_on_for_people_who_are_there_and_is_made_anew_for_letters() {
    // Where keys live fifty days, all of them end within sixty.
    let profile = json!({ "profile": "zm", "version": 1, "limits": { "keys": { "longest_days": 50 } } });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), profile.to_string()).unwrap();
    let hub = hub_with(&[("POLICY__PROFILES", file.path().to_str().unwrap())]);
    let gateway = Gateway::enrolled(&hub, "Harbour").await;
    let (stays, leaves) = (
        Colleague::of(&hub, &gateway, json!(["intake"])).await,
        Colleague::of(&hub, &gateway, json!(["intake"])).await,
    );
    for colleague in [&stays, &leaves] {
        colleague.admitted(&hub, &gateway, "").await;
    }
    let (id, gone) = (gateway.id, leaves.person.id.parse().unwrap());
    hub.hub
        .write("members.remove_staff", &hub.operator(), move |tx| {
            members::remove_staff(tx, Some(id), gone)?;
            throughline::custody::forget_person(tx, gone)
        })
        .await
        .unwrap();
    let listed = listed(&hub, &gateway).await;
    let of = |id: &str| listed.as_array().unwrap().iter().find(|row| row["person"] == id).unwrap().clone();
    assert!(of(&stays.person.id)["ends"].is_string(), "{listed}");
    assert_eq!(of(&leaves.person.id)["ends"], Value::Null);

    let history = async || gateway.json(&hub, "key history").await;
    let stated = |history: &Value, kid: &Kid| {
        let keys = history.as_array().unwrap().iter();
        keys.clone().find(|key| key["jwk"]["kid"] == kid.as_str()).unwrap().clone()
    };
    let (before, had) = (history().await, stays.opened(&hub).await);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let made = gateway.json(&hub, "key renew").await;
    assert_eq!(made["prolonged"], json!([stays.device.kid(), stays.member.kid()]));
    assert!(made["renewed"].as_array().unwrap().iter().any(|role| role == "intake"), "{made}");
    let after = history().await;
    for kid in [stays.device.kid(), stays.member.kid()] {
        let (was, is) = (stated(&before, kid), stated(&after, kid));
        assert!(is["exp"].as_i64() > was["exp"].as_i64(), "{was} {is}");
        assert_eq!((&is["nbf"], &is["status"]), (&was["nbf"], &json!("active")));
    }
    for kid in [leaves.device.kid(), leaves.member.kid()] {
        assert_eq!(stated(&before, kid), stated(&after, kid));
    }
    let has = stays.opened(&hub).await;
    assert_eq!(has.len(), had.len() + 1, "the old key stays, for old letters");
    assert!(had.iter().all(|(_, kid)| stated(&after, kid)["status"] == "retired"));
    let newest = has.iter().find(|one| !had.contains(one)).unwrap();
    assert_eq!(stated(&after, &newest.1)["status"], "active");
    let seen = stays.person.custody(&hub).await;
    assert_eq!((&seen["confirmed"], &seen["devices"][0]["state"]), (&json!(true), &json!("active")));
    // Beside people's keys the list shows what is read aloud of the root key.
    assert!(gateway.run(&hub, "key list").await.expect(0).out.contains("root, read aloud"));
}
