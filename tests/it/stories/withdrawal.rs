//! What people take back: it stops at once, reaches everybody who has data, and is not closed before everybody has answered.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    consent::code_digest,
    crypto::{Typ, sign_compact},
    kernel::{Digest, Id, id::SystemIds},
    packets::Draft,
    referrals::{By, Event, Move, Number},
};

use crate::support::{
    Org, Response, TestHub,
    packet::{Certified, Mechanism, Person, denials, fetch, take_back},
    send,
};

async fn status(mechanism: &Mechanism, by: &Org, certified: &Certified) -> Value {
    by.get(&mechanism.hub, &format!("/api/v1/certificates/{}", certified.id)).await.expect(200).body
}

async fn listed(hub: &TestHub, org: &Org) -> Vec<Value> {
    let page = org.get(hub, "/api/v1/withdrawals").await.expect(200).body;
    page["items"].as_array().unwrap().clone()
}

async fn answers(hub: &TestHub, org: &Org, withdrawal: &str, body: Value) -> Response {
    org.post(hub, &format!("/api/v1/withdrawals/{withdrawal}/answers"), &body).await
}

fn id_of(response: &Response) -> String {
    response.body["withdrawal"].as_str().unwrap().to_owned()
}

/// A referral that the clinic has opened.
async fn delivered(mechanism: &Mechanism) -> (Person, Certified, throughline::kernel::id::ReferralId) {
    let (person, certified, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    (person, certified, referral)
}

#[actix_web::test]
async fn a_code_and_nothing_else_stops_everything_at_once() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (person, certified, sealed, referral) = mechanism.referred().await;
    let spoken = person.code.to_lowercase().replace('-', " ");
    let person = Person { code: spoken, ..person };
    let response = take_back(hub, &person, json!({})).await.expect(201);

    assert_eq!(status(&mechanism, harbour, &certified).await["status"], "withdrawn");
    let again = Draft { service: "SV06".parse().unwrap(), ..mechanism.draft(&person, &certified) };
    let (_, refused) = mechanism.hand_in(harbour, again).await;
    let refused = refused.expect(422);
    assert!(denials(&refused).contains(&"D304"), "{}", refused.body);
    assert_eq!(mechanism.seen(clinic, referral).await["state"], "withdrawn");
    assert_eq!(fetch(hub, clinic, sealed.id).await.code(), "packet.purged", "the ciphertext is gone");

    let path = format!("/api/v1/withdrawals/{}", id_of(&response));
    let view = harbour.get(hub, &path).await.expect(200).body;
    assert!(view["closed"].is_string(), "nobody had anything, so nobody must answer");
    assert_eq!(view["holders"], json!([]));
    assert!(mechanism.told(harbour).await.contains(&"consent.withdrawn".to_owned()));
    let logged = hub.logged("consent.withdraw").await;
    assert_eq!(logged.len(), 1);
    let stored = hub.everything_stored();
    assert!(!stored.contains(&person.code.replace(' ', "-").to_uppercase()), "the code itself is nowhere");
}

#[actix_web::test]
async fn heard_twice_it_is_one_withdrawal_and_a_wrong_code_finds_nothing() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let (person, ..) = mechanism.referred().await;
    let first = take_back(hub, &person, json!({})).await.expect(201);
    let again = take_back(hub, &person, json!({})).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(listed(hub, harbour).await.len(), 1);
    let wrong = json!({ "code": "0000-0000-0000-0000" });
    send(hub, None, "POST", "/api/v1/withdrawals", &[], Some(&wrong)).await.expect(404);
    let neither = send(hub, None, "POST", "/api/v1/withdrawals", &[], Some(&json!({}))).await.expect(400);
    assert_eq!(neither.code(), "consent.whose");
}

#[actix_web::test]
async fn nobody_can_be_given_a_code_that_is_empty_or_taken() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (first, ..) = mechanism.referred().await;
    mechanism.certify(&first, lawyers).await;
    let other = mechanism.person_who(|record| record["withdrawal"]["code"] = json!(first.code));
    let shared = mechanism.register(&mechanism.certificate(&other, clinic)).await.expect(409);
    assert_eq!(shared.code(), "consent.code_taken");

    let mut claims = mechanism.claims(&mechanism.person(), clinic);
    claims.withdrawal = code_digest("-");
    let token = sign_compact(&harbour.signing, Typ::Scope, &claims.bytes().unwrap()).unwrap();
    let empty = harbour.post(hub, "/api/v1/certificates", &json!({ "certificate": token })).await.expect(400);
    assert_eq!(empty.code(), "consent.certificate_malformed");
    let dash = json!({ "code": "-" });
    send(hub, None, "POST", "/api/v1/withdrawals", &[], Some(&dash)).await.expect(404);
    take_back(hub, &first, json!({})).await.expect(201);
}

#[actix_web::test]
async fn a_recipient_that_hears_it_stops_the_sender_too() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (person, certified, _) = delivered(&mechanism).await;
    let body = json!({ "subject": person.subject });
    lawyers.post(hub, "/api/v1/withdrawals", &body).await.expect(404);
    send(hub, None, "POST", "/api/v1/withdrawals", &[], Some(&body)).await.expect(401);
    clinic.post(hub, "/api/v1/withdrawals", &body).await.expect(201);
    let (_, refused) = mechanism.hand_in(harbour, mechanism.draft(&person, &certified)).await;
    assert_eq!(denials(&refused.expect(422)), ["D304", "D707"]);
    assert!(mechanism.told(harbour).await.contains(&"consent.withdrawn".to_owned()));
}

#[actix_web::test]
async fn whoever_has_data_is_asked_and_the_last_answer_closes_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (person, _, referral) = delivered(&mechanism).await;
    let withdrawal = id_of(&take_back(hub, &person, json!({})).await.expect(201));
    let asked = &listed(hub, clinic).await[0];
    assert_eq!(asked["holders"][0]["holding"], "not_accepted");
    assert_eq!(asked["holders"][0]["answer_by"], "2026-03-05T09:00:00Z", "three days");
    assert!(mechanism.told(clinic).await.contains(&"consent.withdrawal_asked".to_owned()));
    assert_eq!(listed(hub, lawyers).await, Vec::<Value>::new());
    answers(hub, lawyers, &withdrawal, json!({ "said": "destroyed" })).await.expect(404);
    answers(hub, harbour, &withdrawal, json!({ "said": "destroyed" })).await.expect(404);

    let heard = answers(hub, clinic, &withdrawal, json!({ "said": "acknowledged" })).await.expect(200).body;
    assert!(heard["closed"].is_null() && heard["holders"][0]["acknowledged"].is_string());
    let before = mechanism.seen(harbour, referral).await;
    assert_eq!(before["flags"]["withdrawal"], true);
    let done = answers(hub, clinic, &withdrawal, json!({ "said": "destroyed" })).await.expect(200).body;
    assert_eq!((&done["holders"][0]["answer"], done["closed"].is_string()), (&json!("destroyed"), true));
    answers(hub, clinic, &withdrawal, json!({ "said": "destroyed" })).await.expect(200);
    let kept = json!({ "said": "kept", "exception": "WX3", "until": "2027-01-01T00:00:00Z" });
    assert_eq!(answers(hub, clinic, &withdrawal, kept).await.expect(409).code(), "consent.answered_already");
    let numbers: Vec<Value> = mechanism.seen(harbour, referral).await["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["move"].clone())
        .collect();
    assert!(numbers.contains(&json!("settle_withdrawal")), "{numbers:?}");
    assert!(mechanism.told(harbour).await.contains(&"consent.withdrawal_closed".to_owned()));
}

#[actix_web::test]
async fn silence_is_escalated_after_a_day_and_is_a_breach_after_two_weeks() {
    let mechanism = Mechanism::new().await;
    let (person, ..) = delivered(&mechanism).await;
    let withdrawal = id_of(&take_back(&mechanism.hub, &person, json!({})).await.expect(201));
    let Mechanism { hub, mut harbour, mut clinic, .. } = mechanism;
    hub.clock.advance(TimeDelta::hours(25));
    hub.run_jobs().await;
    hub.run_jobs().await;
    clinic.sign_in(&hub).await;
    hub.clock.advance(TimeDelta::seconds(5));
    let notices = clinic.get(&hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let unheard =
        notices["items"].as_array().unwrap().iter().filter(|n| n["topic"] == "consent.withdrawal_unheard");
    assert_eq!(unheard.count(), 1, "once, however often the job runs");
    let silent = [json!({ "withdrawal": withdrawal, "holder": clinic.id })];
    assert_eq!(hub.told("consent.withdrawal_unheard").await, silent);
    assert!(hub.told("consent.withdrawal_breached").await.is_empty());
    assert_eq!(hub.logged("consent.escalate").await.len(), 1, "and once in the log");
    hub.clock.advance(TimeDelta::days(14));
    hub.run_jobs().await;
    harbour.sign_in(&hub).await;
    let view = harbour.get(&hub, &format!("/api/v1/withdrawals/{withdrawal}")).await.expect(200).body;
    assert_eq!((&view["breached"], &view["closed"]), (&json!(true), &Value::Null), "it stays open");
    assert_eq!(hub.logged("consent.escalate").await.len(), 2);
    let breach = [json!({ "withdrawal": withdrawal })];
    assert_eq!(hub.told("consent.withdrawal_breached").await, breach);
    assert_eq!(harbour.told(&hub, "consent.withdrawal_breached").await, breach);
    assert_eq!(view["holders"][0]["overdue"], true);
    clinic.sign_in(&hub).await;
    assert!(clinic.told(&hub, "consent.withdrawal_breached").await.is_empty());
    answers(&hub, &clinic, &withdrawal, json!({ "said": "destroyed" })).await.expect(200);
    let view = harbour.get(&hub, &format!("/api/v1/withdrawals/{withdrawal}")).await.expect(200).body;
    assert!(view["closed"].is_string() && view["breached"] == true);
}

#[actix_web::test]
async fn what_is_kept_is_kept_under_an_exception_until_a_day() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (person, ..) = delivered(&mechanism).await;
    let withdrawal = id_of(&take_back(hub, &person, json!({})).await.expect(201));
    let kept = |until: &str| json!({ "said": "kept", "exception": "WX3", "until": until });
    let past = answers(hub, clinic, &withdrawal, kept("2026-03-01T00:00:00Z")).await.expect(422);
    assert_eq!(past.code(), "consent.kept_until");
    answers(hub, clinic, &withdrawal, kept("2046-03-01T00:00:00Z")).await.expect(422);
    let silent = json!({ "said": "kept", "exception": "WX9", "until": "2027-03-01T00:00:00Z" });
    answers(hub, clinic, &withdrawal, silent).await.expect(400);
    let view = answers(hub, clinic, &withdrawal, kept("2027-03-01T00:00:00Z")).await.expect(200).body;
    assert_eq!(view["holders"][0]["exception"], "WX3");
    assert!(view["closed"].is_string(), "an exception is an answer");
    answers(hub, clinic, &withdrawal, json!({ "said": "destroyed" })).await.expect(200);
}

#[actix_web::test]
async fn when_an_exception_has_ended_its_holder_is_asked_again_and_silence_is_escalated_anew() {
    let mechanism = Mechanism::new().await;
    let (person, ..) = delivered(&mechanism).await;
    let withdrawal = id_of(&take_back(&mechanism.hub, &person, json!({})).await.expect(201));
    let Mechanism { hub, mut harbour, mut clinic, .. } = mechanism;
    let path = format!("/api/v1/withdrawals/{withdrawal}");
    let kept = |until: &str| json!({ "said": "kept", "exception": "WX2", "until": until });
    answers(&hub, &clinic, &withdrawal, kept("2026-04-01T09:00:00Z")).await.expect(200);
    hub.clock.advance(TimeDelta::days(29));
    hub.run_jobs().await;
    harbour.sign_in(&hub).await;
    let before = harbour.get(&hub, &path).await.expect(200).body;
    assert!(before["closed"].is_string() && before["holders"][0]["answer"] == "kept", "not a day early");

    hub.clock.advance(TimeDelta::days(1));
    hub.run_jobs().await;
    hub.run_jobs().await;
    harbour.sign_in(&hub).await;
    clinic.sign_in(&hub).await;
    let open = harbour.get(&hub, &path).await.expect(200).body;
    let holder = &open["holders"][0];
    assert!(open["closed"].is_null() && holder["answer"].is_null() && holder["exception"].is_null());
    assert_eq!((&holder["asked_again"], &holder["overdue"]), (&json!(1), &json!(false)));
    assert_eq!(holder["answer_by"], "2026-04-04T09:00:00Z", "three days, as at first");
    assert_eq!(open["breached"], false, "the two weeks begin anew");
    assert_eq!(hub.logged("consent.ask_again").await.len(), 1);

    hub.clock.advance(TimeDelta::hours(25));
    hub.run_jobs().await;
    hub.clock.advance(TimeDelta::seconds(5));
    clinic.sign_in(&hub).await;
    let notices = clinic.get(&hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let told = |topic: &str| {
        notices["items"].as_array().unwrap().iter().filter(|notice| notice["topic"] == topic).count()
    };
    assert_eq!((told("consent.withdrawal_asked_again"), told("consent.withdrawal_unheard")), (1, 1));
    hub.clock.advance(TimeDelta::days(13));
    hub.run_jobs().await;
    harbour.sign_in(&hub).await;
    clinic.sign_in(&hub).await;
    assert_eq!(harbour.get(&hub, &path).await.expect(200).body["breached"], true);
    answers(&hub, &clinic, &withdrawal, kept("2026-04-30T00:00:00Z")).await.expect(200);
    let view = answers(&hub, &clinic, &withdrawal, json!({ "said": "destroyed" })).await.expect(200).body;
    assert!(view["closed"].is_string());
}

#[actix_web::test]
async fn a_part_that_was_taken_back_does_not_pass_and_the_rest_does() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    take_back(hub, &person, json!({ "categories": ["K14"] })).await.expect(201);
    let (_, refused) = mechanism.hand_in(harbour, mechanism.draft(&person, &certified)).await;
    let refused = refused.expect(422);
    assert_eq!(denials(&refused), ["D309"]);
    assert_eq!(refused.body["denials"][0]["fields"], json!(["CF.pregnancy"]));
    let mut without = mechanism.draft(&person, &certified);
    without.fields.retain(|field| field.field.as_str() != "CF.pregnancy");
    mechanism.hand_in(harbour, without).await.1.expect(201);
    let view = status(&mechanism, clinic, &certified).await;
    assert_eq!((&view["status"], &view["denied"][0]["categories"]), (&json!("given"), &json!(["K14"])));
}

#[actix_web::test]
async fn taking_one_recipient_back_leaves_the_other() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let person = mechanism.person();
    let health = mechanism.certify(&person, clinic).await;
    let legal = mechanism.certify(&person, lawyers).await;
    take_back(hub, &person, json!({ "recipient": lawyers.id })).await.expect(201);
    assert_eq!(status(&mechanism, harbour, &legal).await["status"], "withdrawn");
    mechanism.refer(&person, &health).await;
}

#[actix_web::test]
async fn a_withdrawal_of_one_referral_takes_back_the_consent_behind_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (person, certified, referral) = delivered(&mechanism).await;
    let head = mechanism.seen(harbour, referral).await["party"]["head"].as_str().unwrap().parse().unwrap();
    let event = Event {
        id: Id::new(&SystemIds, hub.now()),
        referral,
        prev: Some(head),
        issuer: harbour.id.to_string(),
        role: By::Person,
        number: Number::T30,
        asked: Move::Withdraw { reason: None },
        occurred: hub.now(),
    };
    let token = event.sign(&harbour.signing).unwrap();
    let path = format!("/api/v1/referrals/{referral}/events");
    let moved = harbour.post(hub, &path, &json!({ "event": token })).await.expect(200).body;
    assert_eq!(moved["referral"]["state"], "withdrawn");
    assert_eq!(status(&mechanism, harbour, &certified).await["status"], "withdrawn");
    let asked = listed(hub, clinic).await;
    assert_eq!(asked[0]["holders"][0]["holding"], "not_accepted");
    let (_, refused) = mechanism.hand_in(harbour, mechanism.draft(&person, &certified)).await;
    assert!(denials(&refused.expect(422)).contains(&"D304"));
}

#[actix_web::test]
async fn a_withdrawal_and_a_packet_at_the_same_moment_leave_nothing_standing() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    for _round in 0..6 {
        let person = mechanism.person();
        let certified = mechanism.certify(&person, clinic).await;
        let draft = mechanism.draft(&person, &certified);
        let referral = draft.referral;
        let ((_, sent), withdrawn) =
            tokio::join!(mechanism.hand_in(harbour, draft), take_back(hub, &person, json!({})));
        withdrawn.expect(201);
        if sent.status == 201 {
            assert_eq!(mechanism.seen(clinic, referral).await["state"], "withdrawn");
        } else {
            assert!(denials(&sent.expect(422)).contains(&"D304"));
        }
    }
}

#[actix_web::test]
async fn a_new_version_of_a_consent_replaces_the_old_and_a_withdrawn_one_does_not_come_back() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let person = mechanism.person();
    let first = mechanism.certify(&person, clinic).await;
    let mut newer = person.record.clone();
    newer["version"] = json!(2);
    newer["supersedes"] = json!(Digest::of("the first record"));
    let second = Person { record: newer, subject: person.subject, code: person.code.clone() };
    let renewed = mechanism.certify(&second, clinic).await;
    assert_eq!(status(&mechanism, harbour, &first).await["status"], "superseded");
    let (_, refused) = mechanism.hand_in(harbour, mechanism.draft(&person, &first)).await;
    assert_eq!(denials(&refused.expect(422)), ["D304"]);
    let old = mechanism.certificate(&person, lawyers);
    assert_eq!(mechanism.register(&old).await.expect(409).code(), "consent.version_old");

    take_back(hub, &person, json!({})).await.expect(201);
    assert_eq!(status(&mechanism, harbour, &renewed).await["status"], "withdrawn");
    let late = mechanism.certificate(&second, lawyers);
    let refused = mechanism.register(&late).await.expect(422);
    assert_eq!((refused.code(), denials(&refused)), ("consent.taken_back", vec!["D304"]));
    let mut third = second.record.clone();
    third["version"] = json!(3);
    let anew = Person { record: third, subject: person.subject, code: person.code.clone() };
    let asked_again = mechanism.certify(&anew, clinic).await;
    mechanism.refer(&anew, &asked_again).await;
}

#[actix_web::test]
async fn a_certificate_is_registered_once_by_whoever_signed_it_for_somebody_who_takes_part() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certificate(&person, clinic);
    let body = json!({ "certificate": certified.token });
    let foreign = lawyers.post(hub, "/api/v1/certificates", &body).await.expect(422);
    assert_eq!((foreign.code(), denials(&foreign)), ("consent.signer_refused", vec!["D302"]));
    send(hub, None, "POST", "/api/v1/certificates", &[], Some(&body)).await.expect(401);
    let first = mechanism.register(&certified).await.expect(201);
    assert_eq!(mechanism.register(&certified).await.expect(201).body, first.body);
    let another = mechanism.certificate(&person, clinic);
    assert_eq!(mechanism.register(&another).await.expect(409).code(), "consent.version_taken");

    let payload = |edit: &dyn Fn(&mut Value)| {
        let part = certified.token.split('.').nth(1).unwrap();
        let bytes = base64_decode(part);
        let mut claims: Value = serde_json::from_slice(&bytes).unwrap();
        claims["id"] = json!(Id::<throughline::kernel::id::Certificate>::new(&SystemIds, hub.now()));
        claims["sub"] = json!(mechanism.person().subject);
        edit(&mut claims);
        let token = sign_compact(&harbour.signing, Typ::Scope, claims.to_string().as_bytes()).unwrap();
        Certified { token, ..certified.clone() }
    };
    let reused = payload(&|claims| claims["id"] = json!(certified.id));
    assert_eq!(mechanism.register(&reused).await.expect(409).code(), "consent.certificate_id_reused");
    let future = payload(&|claims| claims["iat"] = json!(hub.now().seconds() + 3_600));
    assert_eq!(mechanism.register(&future).await.expect(422).code(), "consent.from_the_future");
    let nobody = payload(&|claims| {
        let stranger = "org_0192f0c10000700080000000000000ff";
        claims["aud"] = json!(stranger);
        claims["lines"][0]["recipient"] = json!(stranger);
    });
    assert_eq!(mechanism.register(&nobody).await.expect(422).code(), "consent.recipient_refused");
    let garbled = payload(&|claims| claims["note"] = json!("please"));
    let response = mechanism.register(&garbled).await.expect(400);
    assert_eq!(response.code(), "consent.certificate_malformed");
    lawyers.get(hub, &format!("/api/v1/certificates/{}", certified.id)).await.expect(404);
}

fn base64_decode(part: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()
}

#[actix_web::test]
async fn of_a_certificate_that_is_over_only_the_digest_stays() {
    let mechanism = Mechanism::new().await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, &mechanism.clinic).await;
    let Mechanism { hub, mut clinic, .. } = mechanism;
    assert_eq!(hub.hub.read(tokens_left).await.unwrap(), 1);
    hub.clock.advance(TimeDelta::days(200));
    hub.run_jobs().await;
    clinic.sign_in(&hub).await;
    let view = clinic.get(&hub, &format!("/api/v1/certificates/{}", certified.id)).await.expect(200).body;
    assert_eq!(view["digest"], json!(certified.digest));
    assert_eq!(hub.hub.read(tokens_left).await.unwrap(), 0);
}

fn tokens_left(db: &mut throughline::storage::Db<'_>) -> Result<i64, throughline::storage::StorageError> {
    use diesel::prelude::*;
    use throughline::storage::schema::consent::certificates;
    Ok(certificates::table.filter(certificates::token.is_not_null()).count().get_result(db.conn())?)
}

#[actix_web::test]
async fn a_person_can_be_told_what_was_disclosed_to_whom_and_under_what() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    let (person, certified, referral) = delivered(&mechanism).await;
    take_back(hub, &person, json!({})).await.expect(201);
    let asked = json!({ "subject": person.subject });
    let stated = harbour.post(hub, "/api/v1/disclosures", &asked).await.expect(200).body;
    let one = &stated["disclosed"][0];
    assert_eq!((&one["referral"], &one["purpose"]), (&json!(referral), &json!("P01")));
    assert_eq!(one["agreement"]["id"], json!(mechanism.agreed.id));
    assert_eq!(one["consent"]["h"], json!(certified.digest));
    assert_eq!(one["to"][0]["organisation"], json!(clinic.id));
    assert!(one["to"][0]["delivered"].is_string() && one["purged"].is_string(), "{one}");
    assert_eq!(stated["disclosed"].as_array().unwrap().len(), 1);

    let node = hub.hub.node().receipts.verifier();
    let signed = throughline::crypto::verify_compact(
        stated["statement"].as_str().unwrap(),
        Typ::Disclosures,
        16_384,
        |kid| (kid == node.kid()).then(|| node.clone()),
    );
    let claims: Value = serde_json::from_slice(signed.unwrap().payload()).unwrap();
    assert_eq!(claims["disclosed"], stated["disclosed"]);

    let theirs = clinic.post(hub, "/api/v1/disclosures", &asked).await.expect(200).body;
    assert_eq!(theirs["disclosed"], stated["disclosed"], "it was a side of all of it");
    let nothing = lawyers.post(hub, "/api/v1/disclosures", &asked).await.expect(200).body;
    assert_eq!(nothing["disclosed"], json!([]), "a stranger's statement is empty");
    send(hub, None, "POST", "/api/v1/disclosures", &[], Some(&asked)).await.expect(401);
    assert_eq!(hub.logged("referrals.disclosures").await.len(), 4, "who looked stands in the log");
}
