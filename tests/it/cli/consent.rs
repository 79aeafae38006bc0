//! A case worker asks a person, keeps what was said, and hands out what one recipient may know of it.

use serde_json::{Value, json};

use super::{
    agreement::agree,
    gateway::{Gateway, hub},
};
use crate::support::TestHub;

/// Texts about the person that must stay where they belong.
const CANARIES: [&str; 4] = ["canary place", "canary folder", "canary method", "canary handling"];

const STAFF: &str = "stf_0192f0c1000070008000000000000021";

/// A consent that is kept.
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) agreement: String,
}

/// Two organisations that agree, and a record of a person who agreed to what the agreement covers, edited, not yet added.
async fn asked(hub: &TestHub, a: &Gateway, b: &Gateway, edit: impl FnOnce(&mut Value)) -> Asked {
    let agreement = agree(hub, a, b).await;
    a.run(hub, &format!("agreement fetch {agreement}")).await.expect(0);
    write_record(hub, a, b, &agreement, edit).await
}

/// Writes the template and fills it in.
pub(super) async fn write_record(
    hub: &TestHub,
    a: &Gateway,
    b: &Gateway,
    agreement: &str,
    edit: impl FnOnce(&mut Value),
) -> Asked {
    let template =
        format!("consent template --to {} --agreement {agreement} --by {STAFF} --out record.json", b.id);
    let made = a.json(hub, &template).await;
    let mut record: Value = serde_json::from_slice(&std::fs::read(a.file("record.json")).unwrap()).unwrap();
    fill_in(&mut record);
    edit(&mut record);
    std::fs::write(a.file("record.json"), record.to_string()).unwrap();
    Asked { id: made["id"].as_str().unwrap().to_owned(), agreement: agreement.to_owned() }
}

/// What the person said and how it was.
pub(super) fn fill_in(record: &mut Value) {
    record["collected"]["place"] = "canary place".into();
    record["subject_class"] = "adult".into();
    record["age_basis"] = "exact".into();
    record["notice"] =
        json!({ "id": "referral-notice", "version": "2026-01", "language": "fr", "medium": "read_aloud" });
    let told = record["//information_given"].as_str().unwrap().rsplit_once(": ").unwrap().1;
    record["information_given"] = told.trim_end_matches('.').split(", ").collect();
    record["understanding"]["teach_back"] = true.into();
    let digest = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    record["expression"] =
        json!({ "method": "mark", "evidence": { "reference": "canary folder", "digest": digest } });
    record["companion"] = "none".into();
    record["lines"][0]["line"]["effect"] = "permit".into();
    record["lines"][0]["line"]["operations"] = json!(["disclose", "feedback_return"]);
    record["lines"][0]["given"] = "separately".into();
    record["lines"][0]["condition"] = "canary handling".into();
    record["legal_bases"][0]["basis"] = "A6-1-a".into();
    record["jurisdiction"] = "ZM".into();
    record["storage_location"] = "ZM".into();
    record["retention_ceiling"] = "2099-01-01T00:00:00Z".into();
    record["withdrawal"]["method"] = "canary method".into();
    record["status"] = "given".into();
    record["emergency_notice_given"] = true.into();
    record["legal_duty_notice_given"] = true.into();
}

fn no_canary(text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in\n{text}");
    }
}

#[actix_web::test]
async fn what_a_person_agreed_to_is_kept_encrypted_shown_on_demand_and_certified_without_the_hub() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let asked = asked(&hub, &a, &b, |_| {}).await;
    let added = a.run(&hub, "consent add record.json").await.expect(0);
    no_canary(&format!("{}{}", added.out, added.err));
    no_canary(&a.everything_kept());
    no_canary(&hub.everything_stored());
    assert!(!hub.everything_stored().contains(&asked.id), "the hub does not even know that there is one");
    hub.stop().await;

    let listed = a.run(&hub, "consent list").await.expect(0).out;
    no_canary(&listed);
    assert!(listed.contains(&asked.id) && listed.contains("given, until"), "{listed}");
    let shown = a.run(&hub, &format!("consent show {}", asked.id)).await.expect(0).out;
    assert!(shown.contains("1. YES") && shown.contains("Lakeside") && shown.contains("canary place"));
    let receipt = a.run(&hub, &format!("consent receipt {}", asked.id)).await.expect(0);
    for part in ["Lakeside", "canary method", "YOU SAID YES TO", "They may not pass it on", "Your code: "] {
        assert!(receipt.out.contains(part), "{part} is missing in\n{}", receipt.out);
    }
    assert!(receipt.err.contains("informed in fr"), "{}", receipt.err);
    let safe = format!("consent receipt {} --safe --phone 0800", asked.id);
    let safe = a.run(&hub, &safe).await.expect(0).out;
    assert!(!safe.contains("Lakeside") && !safe.contains("YES TO") && safe.contains("0800"), "{safe}");

    let certify = format!("consent certify {} --recipient {} -o scope.jws", asked.id, b.id);
    let made = a.json(&hub, &certify).await;
    let token = std::fs::read_to_string(a.file("scope.jws")).unwrap();
    let payload = claims(&token);
    no_canary(&payload.to_string());
    assert_eq!(payload["aud"], json!(b.id));
    assert_eq!((&payload["id"], &payload["status"]), (&made["certificate"], &json!("given")));
    let kept = a.json(&hub, &format!("consent show {}", asked.id)).await;
    assert_eq!(kept["issued"][0]["id"], made["certificate"]);
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[actix_web::test]
async fn every_rule_a_record_breaks_is_named_with_its_place_and_no_value_is_repeated() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let broken = |record: &mut Value| {
        record["information_given"].as_array_mut().unwrap().remove(0);
        record["lines"][0]["given"] = "bundled".into();
        record["expression"]["method"] = "verbal".into();
    };
    asked(&hub, &a, &b, broken).await;
    let refused = a.run(&hub, "consent add record.json").await.expect(65).err;
    for place in
        ["/information_given D311", "who_collects", "/lines/0/given D316", "/second_attestation D312"]
    {
        assert!(refused.contains(place), "{place} is missing in\n{refused}");
    }
    no_canary(&refused);
    assert_eq!(a.json(&hub, "consent list").await, json!([]), "nothing was kept");
    a.run(&hub, &format!("consent template --to {} --out open.json", b.id)).await.expect(0);
    let open = a.run(&hub, "consent add open.json --check").await.expect(65).err;
    for place in ["/lines/0/line/effect this is left", "/withdrawal/method", "/subject_class"] {
        assert!(open.contains(place), "{place} is missing in\n{open}");
    }
    let malformed =
        std::fs::read_to_string(a.file("record.json")).unwrap().replace("\"adult\"", "\"canary place\"");
    std::fs::write(a.file("record.json"), malformed).unwrap();
    let wrong = a.run(&hub, "consent add record.json --json").await.expect(65).err;
    assert!(wrong.contains("/subject_class"), "{wrong}");
    no_canary(&wrong);
}

#[actix_web::test]
async fn a_refusal_and_a_consent_in_part_are_told_as_what_they_are_and_certify_nothing_more() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let refusal = |record: &mut Value| {
        record["lines"][0]["line"]["effect"] = "deny".into();
        record["lines"][0]["line"]["operations"] = json!([]);
        record["status"] = "refused".into();
    };
    let no = asked(&hub, &a, &b, refusal).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    let in_part = |record: &mut Value| {
        let mut line = record["lines"][0].clone();
        line["line"]["effect"] = "deny".into();
        line["line"]["recipient"] = "*".into();
        line["line"]["scope"] = json!({ "categories": ["K20"] });
        record["lines"].as_array_mut().unwrap().push(line);
    };
    let partly = write_record(&hub, &a, &b, &no.agreement, in_part).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    let list = a.json(&hub, "consent list").await;
    let of =
        |id: &str| list.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap()["standing"].clone();
    assert_eq!((of(&no.id), of(&partly.id)), (json!("refused"), json!("given_in_part")));
    let receipt = a.run(&hub, &format!("consent receipt {}", no.id)).await.expect(0).out;
    assert!(
        receipt.contains("You said no. Nothing is passed on.") && !receipt.contains("YES TO"),
        "{receipt}"
    );
    let refused =
        a.run(&hub, &format!("consent certify {} --recipient {}", no.id, b.id)).await.expect(65).err;
    assert!(refused.contains("/status D304") && refused.contains("/lines D306"), "{refused}");
    let stranger = format!("consent certify {} --recipient {}", partly.id, a.id);
    let refused = a.run(&hub, &stranger).await.expect(65).err;
    assert!(refused.contains("/lines D306"), "{refused}");
    let certify = format!("consent certify {} --recipient {} -o scope.jws", partly.id, b.id);
    a.run(&hub, &certify).await.expect(0);
    let lines = claims(&std::fs::read_to_string(a.file("scope.jws")).unwrap())["lines"].clone();
    assert_eq!(lines[1]["effect"], "deny", "a no travels with the yes it limits");
}

#[actix_web::test]
async fn a_later_version_replaces_every_answer_and_must_follow_the_one_before() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let asked = asked(&hub, &a, &b, |_| {}).await;
    let first: Value = serde_json::from_slice(&std::fs::read(a.file("record.json")).unwrap()).unwrap();
    let digest = a.json(&hub, "consent add record.json").await["digest"].clone();
    a.run(&hub, "consent add record.json").await.expect(0);
    let mut next = first;
    next["version"] = 2.into();
    next["supersedes"] = json!("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    next["lines"][0]["line"]["until"] = next["lines"][0]["line"]["from"].clone();
    let from: chrono::DateTime<chrono::Utc> =
        next["lines"][0]["line"]["from"].as_str().unwrap().parse().unwrap();
    next["lines"][0]["line"]["until"] = json!(from + chrono::TimeDelta::microseconds(1));
    std::fs::write(a.file("record.json"), next.to_string()).unwrap();
    let refused = a.run(&hub, "consent add record.json").await.expect(65).err;
    assert!(refused.contains("consent.version_refused") && refused.contains(digest.as_str().unwrap()));
    next["supersedes"] = digest;
    std::fs::write(a.file("record.json"), next.to_string()).unwrap();
    a.run(&hub, "consent add record.json").await.expect(0);
    let shown = a.json(&hub, &format!("consent show {}", asked.id)).await;
    assert_eq!((&shown["version"], &shown["standing"]), (&json!(2), &json!("expired")));
    let certify = format!("consent certify {} --recipient {}", asked.id, b.id);
    let refused = a.run(&hub, &certify).await.expect(65).err;
    assert!(refused.contains("consent.not_covered"), "{refused}");
}

#[actix_web::test]
async fn a_record_that_was_changed_or_put_in_anothers_place_is_not_read() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let one = asked(&hub, &a, &b, |_| {}).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    let other = write_record(&hub, &a, &b, &one.agreement, |_| {}).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    let file = |id: &str| a.file(&format!("home/consents/{id}.jwe"));
    std::fs::copy(file(&other.id), file(&one.id)).unwrap();
    let swapped = a.run(&hub, &format!("consent show {}", one.id)).await.expect(65).err;
    assert!(swapped.contains("consent.unreadable"), "{swapped}");
    let unknown = a.run(&hub, "consent show con_0192f0c1000070008000000000000041").await.expect(69).err;
    assert!(unknown.contains("consent list"), "{unknown}");
}

#[actix_web::test]
async fn a_certificate_is_registered_once_however_often_it_is_asked_for() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let Asked { id, .. } = asked(&hub, &a, &b, |_| {}).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    let register = format!("consent register {id} --recipient {}", b.id);
    let missing = a.run(&hub, &register).await.expect(69).err;
    assert!(missing.contains("consent.not_certified") && missing.contains("certify"), "{missing}");
    let certify = format!("consent certify {id} --recipient {} --register", b.id);
    let first = a.json(&hub, &certify).await;
    for again in [&certify, &register] {
        let again = a.json(&hub, again).await;
        assert_eq!((&again["certificate"], &again["registered"]), (&first["certificate"], &json!(true)));
    }
    let shown = a.json(&hub, &format!("consent show {id}")).await;
    assert_eq!(shown["issued"].as_array().unwrap().len(), 1);
    assert!(shown["issued"][0]["registered"].is_string());
    assert!(hub.everything_stored().contains(first["certificate"].as_str().unwrap()));
}

#[actix_web::test]
async fn what_a_person_takes_back_is_taken_back_at_the_hub_and_here() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let Asked { id, .. } = asked(&hub, &a, &b, |_| {}).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    a.run(&hub, &format!("consent certify {id} --recipient {} --register", b.id)).await.expect(0);
    let part = a.json(&hub, &format!("consent withdraw {id} --category K03 --field CF.phone")).await;
    assert!(part["withdrawal"].is_string());
    let shown = a.json(&hub, &format!("consent show {id}")).await;
    assert_eq!((&shown["standing"], shown["taken_back"].as_array().unwrap().len()), (&json!("given"), 1));
    assert_eq!(shown["taken_back"][0]["extent"], json!({ "categories": ["K03"], "fields": ["CF.phone"] }));
    let receipt = a.run(&hub, &format!("consent receipt {id}")).await.expect(0).out;
    let told = receipt.split("YOU TOOK BACK").nth(1).unwrap_or_else(|| panic!("{receipt}"));
    assert!(!told.contains("K03") && !told.contains("CF.phone"), "the person's copy has no codes: {told}");

    let record: Value = serde_json::from_slice(&std::fs::read(a.file("record.json")).unwrap()).unwrap();
    let code = record["withdrawal"]["code"].as_str().unwrap().to_lowercase();
    let whole = b.json(&hub, &format!("consent withdraw --code {code}")).await;
    let again = a.json(&hub, &format!("consent withdraw --code {code}")).await;
    assert_eq!(whole["withdrawal"], again["withdrawal"], "whoever hears it, it is one");
    let shown = a.json(&hub, &format!("consent show {id}")).await;
    assert_eq!(shown["standing"], "withdrawn");
    let receipt = a.run(&hub, &format!("consent receipt {id}")).await.expect(0).out;
    assert!(receipt.contains("does not hold at present"), "{receipt}");
    let refused = a.run(&hub, &format!("consent certify {id} --recipient {}", b.id)).await.expect(65).err;
    assert!(refused.contains("consent.taken_back"), "{refused}");
    let listed = a.json(&hub, "consent withdrawals").await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(a.json(&hub, "consent withdrawals --open").await, json!([]), "nobody had anything");
    let wrong = a.run(&hub, "consent withdraw --code 0000-0000-0000-0000").await.expect(69).err;
    assert!(wrong.contains("access.not_found"), "{wrong}");
}

#[actix_web::test]
async fn a_consent_the_hub_never_heard_of_is_taken_back_here() {
    let hub = hub();
    let (a, b) = (Gateway::enrolled(&hub, "Harbour").await, Gateway::enrolled(&hub, "Lakeside").await);
    let Asked { id, .. } = asked(&hub, &a, &b, |_| {}).await;
    a.run(&hub, "consent add record.json").await.expect(0);
    let taken = a.json(&hub, &format!("consent withdraw {id}")).await;
    assert_eq!(taken["withdrawal"], Value::Null);
    let list = a.json(&hub, "consent list").await;
    assert_eq!(list[0]["standing"], "withdrawn");
    let unclear = a.run(&hub, "consent answer wdr_0192f0c1000070008000000000000041 kept").await.expect(2).err;
    assert!(unclear.contains("--exception"), "{unclear}");
    let unclear = "consent answer wdr_0192f0c1000070008000000000000041 destroyed --exception WX3";
    let unclear = a.run(&hub, unclear).await.expect(65).err;
    assert!(unclear.contains("consent.answer_unclear"), "{unclear}");
}
