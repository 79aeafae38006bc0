//! Gateways of a node with a profile.

use std::fs;

use serde_json::json;

use super::{gateway::hub_with, referral::Story};

#[actix_web::test]
async fn gateways_judge_by_what_their_hub_judges_by() {
    let profile = json!({
        "profile": "zm", "version": 1, "fields": [{ "id": "CF.phone", "tier": "never" }],
        "limits": { "consent": { "longest_months": 4 }, "keys": { "longest_days": 90 } },
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), profile.to_string()).unwrap();
    let story = Story::at(hub_with(&[("POLICY__PROFILES", file.path().to_str().unwrap())])).await;
    let Story { hub, harbour, lakeside, .. } = &story;

    let keys = harbour.json(hub, "key history").await;
    let lives = keys
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["exp"].as_i64().unwrap() - key["nbf"].as_i64().unwrap());
    assert!(lives.into_iter().all(|life| life == 90 * 86_400), "{keys}");

    let refused = harbour.run(hub, &story.seal("")).await.expect(65).err;
    assert!(refused.contains("D602") && refused.contains("CF.phone"), "{refused}");

    let form =
        json!({ "form": "CF", "version": "1", "values": { "CF.case_token": "H-1", "CF.name": "Canary" } });
    fs::write(harbour.file("form.json"), form.to_string()).unwrap();
    let (packet, _) = story.send("").await;
    lakeside.run(hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
    let verified = lakeside.json(hub, "packet verify in.rp1").await;
    assert_eq!(verified["manifest"]["dict"], hub.hub.policy().dictionary());
    lakeside.run(hub, "packet open in.rp1").await.expect(0);
}

#[actix_web::test]
async fn who_sent_what_is_held_back_sees_why_and_what_to_do() {
    let story = Story::at(hub_with(&[])).await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (packet, referral) = story.send("").await;
    let none = harbour.run(hub, "packet held").await.expect(0).out;
    assert!(none.contains("Nothing is held back"), "{none}");
    let agreements = harbour.json(hub, "agreement list").await;
    let agreement = agreements[0]["id"].as_str().unwrap();
    harbour.run(hub, &format!("agreement suspend {agreement} --reason security_incident")).await.expect(0);
    let fetch = format!("packet fetch {packet} --out in.rp1");
    let held = lakeside.run(hub, &fetch).await.expect(75).err;
    assert!(held.contains("packet.held"), "{held}");
    hub.clock.advance(chrono::TimeDelta::seconds(3));

    let show = format!("referral show {referral}");
    for command in ["packet held", &show] {
        let told = harbour.run(hub, command).await.expect(0).out;
        let expected = [packet.as_str(), "D203", &format!("referral cancel {referral} --reason CX01")];
        assert!(expected.iter().all(|word| told.contains(word)), "{command}: {told}");
    }
    assert_eq!(harbour.json(hub, "packet held").await[0]["denials"][0]["code"], "D203");
    assert_eq!(harbour.json(hub, &show).await["party"]["held"][0]["denials"][0]["code"], "D203");
    let theirs = lakeside.json(hub, &show).await;
    assert!(theirs["party"].get("held").is_none(), "{theirs}");
    assert_eq!(lakeside.json(hub, "packet held").await, json!([]));

    harbour.run(hub, &format!("agreement resume {agreement}")).await.expect(0);
    lakeside.run(hub, &fetch).await.expect(0);
    assert_eq!(harbour.json(hub, "packet held").await, json!([]));
}

#[actix_web::test]
async fn whatever_is_held_back_of_a_referral_is_shown_to_whoever_handed_it_in() {
    let story = Story::at(hub_with(&[])).await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (packet, referral) = story.acknowledged().await;
    let (update, _) = story.send(&format!("--update-of {packet} --referral {referral}")).await;
    let show = format!("referral show {referral}");
    let before = harbour.json(hub, &show).await;
    assert!(before["party"].get("held").is_none(), "{before}");
    let agreements = harbour.json(hub, "agreement list").await;
    let agreement = agreements[0]["id"].as_str().unwrap();
    harbour.run(hub, &format!("agreement suspend {agreement} --reason security_incident")).await.expect(0);
    lakeside.run(hub, &format!("packet fetch {update} --out more.rp1")).await.expect(75);
    hub.clock.advance(chrono::TimeDelta::seconds(3));
    for command in ["packet held", &show] {
        let told = harbour.run(hub, command).await.expect(0).out;
        let expected = [update.as_str(), "D203", "seal again what may pass"];
        assert!(expected.iter().all(|word| told.contains(word)), "{command}: {told}");
        assert!(!told.contains("referral cancel"), "the service that runs is not given up: {told}");
    }
    let theirs = lakeside.json(hub, &show).await;
    assert!(theirs["party"].get("held").is_none(), "{theirs}");
}
