//! A packet from the sender's gateway to the recipient's, and everything that may stand against it.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Node, Role, Tx},
    crypto::{SigningKey, Typ, peek_kid},
    hub::{Caller, Reply},
    kernel::id::{RequestId, SystemIds},
    packets::{
        Arrival, Draft, MAX_RECEIPT, PacketKind, Receipt, Registry, ScopeRef, VerifiedPacket, Verifiers,
        inspect, verify,
    },
    policy::{Mode, Policy},
    referrals::{EventReceipt, ReferralError, sign_ahead, take},
    storage::Db,
};

use crate::support::{
    Org, Response, TestHub,
    agreement::{agreed, change},
    packet::{
        CANARY, Mechanism, denials, fetch, field, opened, readers, seal, submit, submit_with, take_back,
    },
    send,
};

async fn waiting(hub: &TestHub, org: &Org) -> usize {
    let page = org.get(hub, "/api/v1/packets").await.expect(200).body;
    page["items"].as_array().unwrap().len()
}

async fn refused(mechanism: &Mechanism, draft: Draft) -> Vec<String> {
    let (_, response) = mechanism.hand_in(&mechanism.harbour, draft).await;
    let response = response.expect(422);
    assert_eq!(response.code(), "packet.denied");
    denials(&response).into_iter().map(str::to_owned).collect()
}

fn agreement_path(mechanism: &Mechanism) -> String {
    mechanism.agreed.path()
}

async fn suspend(mechanism: &Mechanism) {
    let (hub, harbour) = (&mechanism.hub, &mechanism.harbour);
    let read = harbour.get(hub, &agreement_path(mechanism)).await.expect(200);
    let path = format!("{}/suspension", agreement_path(mechanism));
    let body = json!({ "reason": "security_incident" });
    change(hub, harbour, "PUT", &path, &read, Some(&body)).await.expect(200);
}

async fn resume(mechanism: &Mechanism) {
    let (hub, harbour) = (&mechanism.hub, &mechanism.harbour);
    let read = harbour.get(hub, &agreement_path(mechanism)).await.expect(200);
    let path = format!("{}/suspension", agreement_path(mechanism));
    change(hub, harbour, "DELETE", &path, &read, None).await.expect(200);
}

/// A second version of the agreement, in force.
async fn second_version(mechanism: &Mechanism, edit: impl FnOnce(&mut Value)) {
    let mut text: Value = serde_json::from_str(&mechanism.agreed.document).unwrap();
    text["version"] = json!(2);
    text["supersedes"] = json!(mechanism.agreed.digest);
    edit(&mut text);
    let parties = [&mechanism.harbour, &mechanism.clinic, &mechanism.lawyers];
    agreed(&mechanism.hub, &parties, &text).await;
}

#[actix_web::test]
async fn a_packet_reaches_its_recipient_through_a_hub_that_cannot_read_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let draft = mechanism.draft(&person, &certified);
    let referral = draft.referral;
    let (sealed, response) = mechanism.hand_in(harbour, draft).await;
    let taken = response.expect(201).body;
    assert_eq!(taken["packet"], json!(sealed.id));
    assert_eq!((&taken["referral"], &taken["again"]), (&json!(referral), &json!(false)));
    assert_eq!(waiting(hub, clinic).await, 1);

    let stored = hub.everything_stored();
    assert!(!stored.contains("anary") && !stored.contains(CANARY), "the hub holds nothing readable");

    let opened = mechanism.clinic_opens(&sealed).await;
    assert_eq!(opened.documents.len(), 3, "general, contact, medical");
    assert_eq!(waiting(hub, clinic).await, 0);
    assert_eq!(mechanism.seen(harbour, referral).await["state"], "delivered");
    assert!(mechanism.told(clinic).await.contains(&"referral.submitted".to_owned()));
    assert_eq!(hub.logged("packets.submit").await.len(), 1);
    assert_eq!(hub.logged("packets.fetch").await.len(), 1);
}

#[actix_web::test]
async fn a_day_after_it_was_opened_the_hub_has_the_envelope_and_nothing_else() {
    let mechanism = Mechanism::new().await;
    let (.., sealed, _) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let Mechanism { hub, mut clinic, .. } = mechanism;
    hub.clock.advance(TimeDelta::hours(25));
    hub.run_jobs().await;
    clinic.sign_in(&hub).await;
    assert_eq!(fetch(&hub, &clinic, sealed.id).await.code(), "packet.purged");
    assert_eq!(hub.logged("packets.purge_due").await.len(), 1, "what was deleted is in the log, once");
    let evidence = clinic.get(&hub, &format!("/api/v1/packets/{}/evidence", sealed.id)).await.expect(200);
    assert!(evidence.body["envelope"].is_string());
    let entries = hub.logged("packets.evidence").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].organisation, Some(clinic.id));
}

#[actix_web::test]
async fn each_time_a_packet_is_fetched_again_by_either_side_is_in_the_log() {
    let mechanism = Mechanism::new().await;
    let (.., sealed, _) = mechanism.referred().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    for by in [clinic, clinic, harbour] {
        assert_eq!(fetch(hub, by, sealed.id).await.status, 200);
    }
    assert_eq!(fetch(hub, lawyers, sealed.id).await.status, 404);
    assert_eq!(hub.logged("packets.fetch").await.len(), 1);
    let mut again: Vec<_> =
        hub.logged("packets.fetch_again").await.into_iter().map(|entry| entry.organisation).collect();
    again.sort();
    let mut both = vec![Some(clinic.id), Some(harbour.id)];
    both.sort();
    assert_eq!(again, both);
}

#[actix_web::test]
async fn who_only_administers_an_organisation_fetches_no_packet() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (.., sealed, _) = mechanism.referred().await;
    let actor = Actor::client(clinic.client, clinic.id, vec![Role::Administrator].into());
    let caller = Caller { actor, request: RequestId::new(&SystemIds, hub.now()) };
    let id = sealed.id;
    let refused = hub
        .hub
        .write("packets.fetch", &caller, move |tx| {
            throughline::referrals::fetch(tx, id, Policy::builtin()).map(drop)
        })
        .await
        .unwrap_err();
    assert_eq!(throughline::kernel::Coded::code(&refused).name(), "access.forbidden");
    assert_eq!(waiting(hub, clinic).await, 1, "it still waits");
}

#[actix_web::test]
async fn the_same_packet_gets_the_same_receipt_however_often_it_comes() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let sealed = seal(harbour, mechanism.draft(&person, &certified));
    let first = submit(hub, harbour, &sealed.body).await.expect(201).body;
    let again = submit(hub, harbour, &sealed.body).await.expect(201).body;
    assert_eq!((&again["again"], &again["receipt"]), (&json!(true), &first["receipt"]));
    let keyed = [("content-type", "application/rp1+json"), ("idempotency-key", "k1")];
    let token = Some(harbour.token.as_str());
    let one = submit_with(hub, token, &sealed.body, &keyed).await.expect(201);
    let two = submit_with(hub, token, &sealed.body, &keyed).await.expect(201);
    assert_eq!(one.body, two.body);
    assert_eq!(two.headers["idempotent-replayed"], "true");
    assert_eq!(waiting(hub, clinic).await, 1);
    assert_eq!(hub.logged("packets.submit").await.len(), 1, "what happened once stands once in the log");

    let mut container: Value = serde_json::from_slice(&sealed.body).unwrap();
    let claims = serde_json::to_vec(&inspect(&sealed.body).unwrap().envelope).unwrap();
    let signed = throughline::crypto::sign_compact(&harbour.signing, Typ::Envelope, &claims).unwrap();
    container["envelope"] = json!(signed);
    let other = submit(hub, harbour, container.to_string().as_bytes()).await.expect(409);
    assert_eq!((other.code(), &other.body["check"]), ("packet.replay", &json!(220)));
}

#[actix_web::test]
async fn two_of_the_same_packet_at_once_are_one() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    for _round in 0..5 {
        let person = mechanism.person();
        let certified = mechanism.certify(&person, clinic).await;
        let sealed = seal(harbour, mechanism.draft(&person, &certified));
        let (one, two) = tokio::join!(submit(hub, harbour, &sealed.body), submit(hub, harbour, &sealed.body));
        assert_eq!(one.expect(201).body["receipt"], two.expect(201).body["receipt"]);
    }
    assert_eq!(waiting(hub, clinic).await, 5);
}

#[actix_web::test]
async fn without_a_certificate_a_valid_agreement_is_not_enough_and_nothing_is_kept() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let unregistered = mechanism.certificate(&person, clinic);
    let draft = mechanism.draft(&person, &unregistered);
    let referral = draft.referral;
    assert_eq!(refused(&mechanism, draft).await, ["D301"]);
    let none = Draft { scope: None, ..mechanism.draft(&person, &unregistered) };
    assert_eq!(refused(&mechanism, none).await, ["D301"]);
    assert_eq!(waiting(hub, clinic).await, 0);
    clinic.get(hub, &format!("/api/v1/referrals/{referral}")).await.expect(404);
    assert!(!mechanism.told(clinic).await.iter().any(|topic| topic.starts_with("referral")));
    let entries = hub.logged("packets.submit").await;
    assert_eq!(entries.len(), 2, "a refusal stands in the log");
}

#[actix_web::test]
async fn what_the_agreement_does_not_cover_is_refused_with_its_codes() {
    let mechanism = Mechanism::new().await;
    let Mechanism { clinic, lawyers, harbour, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let draft = || mechanism.draft(&person, &certified);

    let mut unlisted = draft();
    unlisted.fields.push(field("CF.nationality"));
    assert_eq!(refused(&mechanism, unlisted).await, ["D208", "D308", "D602"]);
    let purpose = Draft { purpose: "P04".parse().unwrap(), ..draft() };
    let codes = refused(&mechanism, purpose).await;
    assert!(codes.contains(&"D206".to_owned()) && codes.contains(&"D307".to_owned()), "{codes:?}");
    let elsewhere = Draft { service: "SV12".parse().unwrap(), ..draft() };
    let codes = refused(&mechanism, elsewhere).await;
    assert!(codes.contains(&"D104".to_owned()) && codes.contains(&"D207".to_owned()), "{codes:?}");
    let longer = Draft { retention: "RT01".parse().unwrap(), ..draft() };
    assert_eq!(refused(&mechanism, longer).await, ["D211"]);
    let onward = Draft { onward: "OW01".parse().unwrap(), ..draft() };
    assert_eq!(refused(&mechanism, onward).await, ["D213"]);
    let mut uncited = draft();
    uncited.agreement.ver = 9;
    assert_eq!(refused(&mechanism, uncited).await, ["D201"]);
    let mut changed = draft();
    changed.agreement.h = throughline::kernel::Digest::of("another document");
    assert_eq!(refused(&mechanism, changed).await, ["D205"]);

    // The lawyers may send nothing to the harbour: the agreement has that direction only the other way.
    let back = Draft {
        sender: lawyers.id,
        recipients: vec![harbour.id],
        readers: readers(&[lawyers, harbour]),
        ..draft()
    };
    let (_, response) = mechanism.hand_in(lawyers, back).await;
    assert!(denials(&response.expect(422)).contains(&"D218"));
}

#[actix_web::test]
async fn what_the_person_did_not_agree_to_is_refused_with_its_codes() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, lawyers, harbour, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let mut excluded = mechanism.draft(&person, &certified);
    excluded.fields.push(field("CF.medication"));
    let sealed = seal(harbour, excluded);
    let response = submit(hub, harbour, &sealed.body).await.expect(422);
    assert_eq!(denials(&response), ["D309"]);
    assert_eq!(response.body["denials"][0]["fields"], json!(["CF.medication"]), "the code names the field");

    let somebody_else = mechanism.person();
    let theirs = mechanism.certify(&somebody_else, clinic).await;
    let mixed = mechanism.draft(&person, &theirs);
    assert_eq!(refused(&mechanism, mixed).await, ["D303"]);
    let mut cited = mechanism.draft(&person, &certified);
    cited.scope = Some(ScopeRef { id: certified.id, h: throughline::kernel::Digest::of("another") });
    assert_eq!(refused(&mechanism, cited).await, ["D302"]);

    // A yes to the clinic is none to the lawyers.
    let other = Draft {
        scope: mechanism.draft(&person, &certified).scope,
        ..mechanism.legal_draft(&person, &certified)
    };
    let codes = refused(&mechanism, other).await;
    assert!(codes.contains(&"D306".to_owned()), "{codes:?}");

    // What is most sensitive takes two people at the sender.
    let legal = mechanism.certify(&person, lawyers).await;
    assert_eq!(refused(&mechanism, mechanism.legal_draft(&person, &legal)).await, ["D210"]);
    let mut approved = mechanism.legal_draft(&person, &legal);
    approved.attested.approvals = 2;
    mechanism.hand_in(harbour, approved).await.1.expect(201);

    // Another organisation cannot use the harbour's certificate.
    let borrowed = Draft {
        sender: lawyers.id,
        readers: readers(&[lawyers, clinic]),
        ..mechanism.draft(&person, &certified)
    };
    let (_, response) = mechanism.hand_in(lawyers, borrowed).await;
    let response = response.expect(422);
    assert!(denials(&response).contains(&"D301"), "{}", response.body);
}

#[actix_web::test]
async fn a_consent_ends_at_the_moment_it_says() {
    let mechanism = Mechanism::new().await;
    let end = "2026-03-02T12:00:00Z";
    let people: Vec<_> = (0..2)
        .map(|_| mechanism.person_who(|record| record["lines"][0]["line"]["until"] = json!(end)))
        .collect();
    let mut packets = Vec::new();
    for person in &people {
        let certified = mechanism.certify(person, &mechanism.clinic).await;
        packets.push(seal(&mechanism.harbour, mechanism.draft(person, &certified)));
    }
    let Mechanism { hub, mut harbour, .. } = mechanism;
    hub.clock.advance(TimeDelta::hours(3) - TimeDelta::seconds(1));
    harbour.sign_in(&hub).await;
    let in_time = submit(&hub, &harbour, &packets[0].body).await.expect(201);
    assert_eq!(in_time.body["warnings"], json!(["W301"]), "a consent about to end is warned about");
    hub.clock.advance(TimeDelta::seconds(1));
    let late = submit(&hub, &harbour, &packets[1].body).await.expect(422);
    assert_eq!(denials(&late), ["D305"]);
}

#[actix_web::test]
async fn one_need_of_one_person_is_open_once_with_one_recipient() {
    let mechanism = Mechanism::new().await;
    let (person, certified, ..) = mechanism.referred().await;
    assert_eq!(refused(&mechanism, mechanism.draft(&person, &certified)).await, ["D608"]);
}

#[actix_web::test]
async fn of_two_packets_for_one_need_at_once_one_is_refused() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    for _person in 0..4 {
        let person = mechanism.person();
        let certified = mechanism.certify(&person, &mechanism.clinic).await;
        let sealed = [(); 2].map(|()| seal(harbour, mechanism.draft(&person, &certified)));
        let [one, two] = &sealed;
        let (one, two) = tokio::join!(submit(hub, harbour, &one.body), submit(hub, harbour, &two.body));
        let refused = if one.status == 201 { two } else { one };
        assert_eq!(denials(&refused.expect(422)), ["D608"]);
    }
}

#[actix_web::test]
async fn a_day_s_volume_is_what_the_agreement_says() {
    let mechanism = Mechanism::agreeing(|text| text["volumes"]["packets_per_day"] = json!(2)).await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    mechanism.referred().await;
    mechanism.referred().await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    assert_eq!(refused(&mechanism, mechanism.draft(&person, &certified)).await, ["D220"]);
    hub.clock.advance(TimeDelta::hours(15));
    let mut next_day = mechanism.draft(&person, &certified);
    next_day.made = hub.now();
    let sealed = seal(harbour, next_day);
    let Mechanism { mut harbour, hub, .. } = mechanism;
    harbour.sign_in(&hub).await;
    submit(&hub, &harbour, &sealed.body).await.expect(201);
}

#[actix_web::test]
async fn who_takes_no_part_or_has_no_room_gets_no_packet() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let listed = clinic.get(hub, "/api/v1/services").await.expect(200).body;
    let service = listed["items"].as_array().unwrap().iter().find(|s| s["service"] == "SV07").unwrap();
    let (id, etag) = (service["id"].as_str().unwrap().to_owned(), format!("\"{}\"", service["version"]));
    let path = format!("/api/v1/services/{id}/availability");
    let body = json!({ "availability": "full" });
    send(hub, Some(&clinic.token), "PUT", &path, &[("if-match", &etag)], Some(&body)).await.expect(200);
    assert_eq!(refused(&mechanism, mechanism.draft(&person, &certified)).await, ["D107"]);
    let mut anyway = mechanism.draft(&person, &certified);
    anyway.attested.overrides = ["D107".parse().unwrap()].into();
    let (_, response) = mechanism.hand_in(harbour, anyway).await;
    assert_eq!(response.expect(201).body["warnings"], json!(["W101"]), "a soft refusal can be overridden");
}

#[actix_web::test]
async fn modes_that_are_not_built_and_packets_that_move_no_data_are_refused() {
    let mechanism = Mechanism::new().await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, &mechanism.clinic).await;
    for (mode, code) in [(Mode::Emergency, "D501"), (Mode::Legal, "D506"), (Mode::Info, "D301")] {
        let draft = Draft { mode, ..mechanism.draft(&person, &certified) };
        assert_eq!(refused(&mechanism, draft).await, [code]);
    }
}

#[actix_web::test]
async fn a_suspension_stops_what_is_new_and_what_waits_and_a_packet_held_too_long_is_deleted() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (.., held, _) = mechanism.referred().await;
    let (_, _, opened_before, running) = mechanism.referred().await;
    mechanism.clinic_opens(&opened_before).await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    suspend(&mechanism).await;
    assert_eq!(refused(&mechanism, mechanism.draft(&person, &certified)).await, ["D203"]);
    let served = fetch(hub, clinic, held.id).await;
    assert_eq!((served.status, served.code().as_str()), (409, "packet.held"));
    assert_eq!(mechanism.seen(clinic, running).await["flags"]["suspended"], true);

    resume(&mechanism).await;
    assert_eq!(mechanism.seen(clinic, running).await["flags"]["suspended"], false);
    assert_eq!(fetch(hub, clinic, held.id).await.status, 200, "what was held passes again");

    let (_, _, waits, later) = mechanism.referred().await;
    suspend(&mechanism).await;
    hub.clock.advance(TimeDelta::hours(73));
    hub.run_jobs().await;
    let Mechanism { mut harbour, mut clinic, hub, .. } = mechanism;
    harbour.sign_in(&hub).await;
    clinic.sign_in(&hub).await;
    let served = fetch(&hub, &clinic, waits.id).await;
    assert_eq!((served.status, served.code().as_str()), (404, "packet.purged"));
    assert_eq!(fetch(&hub, &clinic, held.id).await.status, 200, "what was fetched before is no longer held");
    hub.clock.advance(TimeDelta::seconds(5));
    let notices = harbour.get(&hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let told = notices["items"].as_array().unwrap().iter().filter(|n| n["topic"] == "packet.purged");
    let about: Vec<&Value> = told.map(|notice| &notice["payload"]["referral"]).collect();
    assert_eq!(about, [&json!(later)], "the sender is told, of that one only");
}

#[actix_web::test]
async fn after_a_new_version_packets_cite_it_and_what_waits_is_judged_by_it() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (.., waits, _) = mechanism.referred().await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    // The new version has no pregnancy in it.
    second_version(&mechanism, |text| {
        for flow in text["flows"].as_array_mut().unwrap() {
            let items = flow["purposes"][0]["items"].as_array_mut().unwrap();
            items.retain(|item| item["field"] != "CF.pregnancy");
        }
    })
    .await;
    assert_eq!(refused(&mechanism, mechanism.draft(&person, &certified)).await, ["D204"]);
    let served = fetch(hub, clinic, waits.id).await;
    assert_eq!((served.status, served.code().as_str()), (409, "packet.held"));
    let problem: Value = serde_json::from_slice(&served.body).unwrap();
    assert_eq!(problem["denials"][0]["code"], "D208", "{problem}");
}

#[actix_web::test]
async fn a_permission_never_grows_with_its_agreement() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, harbour, .. } = &mechanism;
    second_version(&mechanism, |text| {
        let mut more = text["flows"][0]["purposes"][0]["items"][0].clone();
        more["field"] = json!("CF.nationality");
        text["flows"][0]["purposes"][0]["items"].as_array_mut().unwrap().push(more);
    })
    .await;
    let person = mechanism.person_who(|record| {
        record["lines"][0]["line"]["scope"]["categories"].as_array_mut().unwrap().push(json!("K06"));
    });
    let certified = mechanism.certify(&person, clinic).await;
    let read = harbour.get(hub, &format!("/api/v1/agreements/{}/versions/2", mechanism.agreed.id)).await;
    let digest = read.expect(200).body["digest"].as_str().unwrap().parse().unwrap();
    let cite = |mut draft: Draft| {
        draft.agreement.ver = 2;
        draft.agreement.h = digest;
        draft
    };
    let mut wider = cite(mechanism.draft(&person, &certified));
    let mut nationality = field("CF.nationality");
    nationality.justification = Some("JC05".parse().unwrap());
    wider.fields.push(nationality);
    assert_eq!(refused(&mechanism, wider).await, ["D310"]);
    mechanism.hand_in(harbour, cite(mechanism.draft(&person, &certified))).await.1.expect(201);
}

#[actix_web::test]
async fn the_sender_adds_the_recipient_answers_and_each_can_be_read_by_the_other() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let first = mechanism.draft(&person, &certified);
    let referral = first.referral;
    let (sealed, response) = mechanism.hand_in(harbour, first).await;
    response.expect(201);
    mechanism.clinic_opens(&sealed).await;
    let of_it = |draft: Draft| Draft { referral, ..draft };

    let update = of_it(Mechanism::update(&sealed, mechanism.draft(&person, &certified)));
    let (more, response) = mechanism.hand_in(harbour, update).await;
    response.expect(201);
    mechanism.clinic_opens(&more).await;

    let reply = of_it(mechanism.reply(&sealed, mechanism.draft(&person, &certified)));
    let (answer, response) = mechanism.hand_in(clinic, reply).await;
    response.expect(201);
    assert_eq!(waiting(hub, harbour).await, 1);
    let served = fetch(hub, harbour, answer.id).await;
    let (read, receipt) = opened(hub, harbour, clinic, &served).await;
    assert!(!read.unwrap().documents.is_empty());
    let path = format!("/api/v1/packets/{}/receipts", answer.id);
    harbour.post(hub, &path, &json!({ "receipt": receipt })).await.expect(200);
    assert!(mechanism.told(harbour).await.contains(&"packet.waiting".to_owned()));

    // Each in their part: the recipient adds nothing, the sender answers nothing, and neither about somebody else.
    let wrong =
        of_it(Mechanism::update(&sealed, mechanism.reply(&sealed, mechanism.draft(&person, &certified))));
    let (_, response) = mechanism.hand_in(clinic, wrong).await;
    assert_eq!(response.expect(422).code(), "packet.reference");
    let other = mechanism.person();
    let theirs = mechanism.certify(&other, clinic).await;
    let mixed = of_it(Mechanism::update(&sealed, mechanism.draft(&other, &theirs)));
    let (_, response) = mechanism.hand_in(harbour, mixed).await;
    assert_eq!(response.expect(422).code(), "referral.other_referral");
}

#[actix_web::test]
async fn nothing_goes_back_without_the_person_s_yes_to_it() {
    let mechanism = Mechanism::new().await;
    let clinic = &mechanism.clinic;
    let person =
        mechanism.person_who(|record| record["lines"][0]["line"]["operations"] = json!(["disclose"]));
    let certified = mechanism.certify(&person, clinic).await;
    let (sealed, referral) = mechanism.refer(&person, &certified).await;
    mechanism.clinic_opens(&sealed).await;
    let reply = Draft { referral, ..mechanism.reply(&sealed, mechanism.draft(&person, &certified)) };
    let (_, response) = mechanism.hand_in(clinic, reply).await;
    assert_eq!(denials(&response.expect(422)), ["D306"]);
}

#[actix_web::test]
async fn a_sender_takes_a_packet_back_and_its_ciphertext_is_gone() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let (person, certified, sealed, referral) = mechanism.referred().await;
    let back = Draft {
        kind: PacketKind::Withdraw,
        re: Some(sealed.id),
        referral,
        fields: Vec::new(),
        ..mechanism.draft(&person, &certified)
    };
    let holding = Draft {
        kind: PacketKind::Withdraw,
        re: Some(sealed.id),
        referral,
        ..mechanism.draft(&person, &certified)
    };
    let (_, response) = mechanism.hand_in(harbour, holding).await;
    assert_eq!(response.expect(422).code(), "packet.withdrawal_holds_fields");
    // It needs nobody's leave: not an agreement in force either.
    suspend(&mechanism).await;
    mechanism.hand_in(harbour, back).await.1.expect(201);
    assert_eq!(fetch(hub, clinic, sealed.id).await.code(), "packet.purged");
    let evidence = clinic.get(hub, &format!("/api/v1/packets/{}/evidence", sealed.id)).await.expect(200);
    assert!(evidence.body["purged"].is_string());
    assert!(mechanism.told(clinic).await.contains(&"packet.taken_back".to_owned()));
}

#[actix_web::test]
async fn a_referral_id_is_used_once_and_goes_to_one_recipient() {
    let mechanism = Mechanism::new().await;
    let Mechanism { harbour, clinic, lawyers, .. } = &mechanism;
    let (.., referral) = mechanism.referred().await;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let again = Draft { referral, ..mechanism.draft(&person, &certified) };
    let (_, response) = mechanism.hand_in(harbour, again).await;
    assert_eq!(response.expect(409).code(), "referral.id_taken");
    let both = Draft {
        recipients: vec![clinic.id, lawyers.id],
        readers: readers(&[harbour, clinic, lawyers]),
        ..mechanism.draft(&person, &certified)
    };
    let (_, response) = mechanism.hand_in(harbour, both).await;
    assert_eq!(response.expect(422).code(), "packet.one_recipient");
}

#[actix_web::test]
async fn a_sender_reads_its_own_packet_and_delivers_nothing_by_that() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let (.., sealed, _) = mechanism.referred().await;
    assert_eq!(fetch(hub, harbour, sealed.id).await.status, 200);
    assert_eq!(waiting(hub, &mechanism.clinic).await, 1);
}

#[actix_web::test]
async fn who_does_not_send_referrals_sends_no_packet() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let sealed = seal(harbour, mechanism.draft(&person, &certified));
    let actor = Actor::client(harbour.client, harbour.id, vec![Role::Intake].into());
    let caller = Caller { actor, request: RequestId::new(&SystemIds, hub.now()) };
    let packet = verified(hub, harbour, sealed.body).await;
    let refused = hub
        .hub
        .write("packets.submit", &caller, move |tx| take(tx, &packet, None, Policy::builtin()))
        .await
        .unwrap_err();
    assert_eq!(throughline::kernel::Coded::code(&refused).name(), "access.forbidden");
}

async fn verified(hub: &TestHub, from: &Org, body: Vec<u8>) -> Arc<VerifiedPacket> {
    let arrival = Arrival { caller: from.id, at: hub.now() };
    let verifying = move |db: &mut Db<'_>| {
        verify(&body, arrival, &mut Registry::new(db, Verifiers::shared()), Policy::builtin())
    };
    Arc::new(hub.hub.read(verifying).await.unwrap())
}

/// Takes a packet whose receipts were signed in one setting in a write with another, which knows another key. Gives the keys with
/// which the two receipts were signed: of the first setting, or of the write.
async fn taken_with_receipts_of(mechanism: &Mechanism, same_write: bool) -> [&'static str; 2] {
    let Mechanism { hub, harbour, clinic, .. } = mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let packet = verified(hub, harbour, seal(harbour, mechanism.draft(&person, &certified)).body).await;
    let actor = Actor::client(harbour.client, harbour.id, vec![Role::CaseWorker].into());
    let caller = Caller { actor, request: RequestId::new(&SystemIds, hub.now()) };
    let setting = hub.hub.setting("packets.submit", &caller);
    let ahead = sign_ahead(&setting, &packet);
    let mut of_write = if same_write { setting } else { hub.hub.setting("packets.submit", &caller) };
    let receipts = SigningKey::generate(&SystemIds).unwrap();
    of_write.node = Arc::new(Node { name: of_write.node.name.clone(), receipts });
    let (first, later) = (hub.hub.node().receipts.verifier(), of_write.node.receipts.verifier());
    let signed_by = |token: &str| {
        let kid = peek_kid(token, Typ::Receipt, MAX_RECEIPT).unwrap();
        if kid == *first.kid() { "first" } else { "write" }
    };
    let id = packet.envelope().referral;
    let taking = move |tx: &mut Tx<'_>| {
        let taken = take(tx, &packet, ahead.as_ref(), Policy::builtin())?;
        Ok::<_, ReferralError>(Reply::ok(taken.receipt)?)
    };
    let receipt = hub.hub.answer_in(of_write, None, taking).await.unwrap().reply.body;
    let event = harbour.get(hub, &format!("/api/v1/referrals/{id}")).await.expect(200).body;
    let (receipt, event) = (receipt.as_str().unwrap(), event["timeline"][0]["receipt"].as_str().unwrap());
    let key = if same_write { &first } else { &later };
    let leaves =
        [Receipt::verify(receipt, key).unwrap().leaf, EventReceipt::verify(event, key).unwrap().leaf];
    assert_eq!(leaves[0], leaves[1]);
    let leaf = leaves[0].unwrap();
    assert!(hub.hub.read(move |db| throughline::audit::has_leaf(db, leaf)).await.unwrap());
    [signed_by(receipt), signed_by(event)]
}

#[actix_web::test]
async fn receipts_signed_ahead_are_given_by_the_write_they_were_signed_for_and_by_no_other() {
    let mechanism = Mechanism::new().await;
    assert_eq!(taken_with_receipts_of(&mechanism, true).await, ["first", "first"]);
    assert_eq!(taken_with_receipts_of(&mechanism, false).await, ["write", "write"]);
}

#[actix_web::test]
async fn what_is_no_packet_is_refused_before_anything_else_is_looked_at() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    let token = Some(harbour.token.as_str());
    let packet = [("content-type", "application/rp1+json")];
    let plain = submit_with(hub, token, b"{}", &[("content-type", "application/json")]).await.expect(400);
    assert_eq!(plain.code(), "packet.media_type");
    for (body, check) in [(&b"{}"[..], 101), (b"not json", 101), (b"{\"v\":1,\"v\":1}", 101)] {
        let response = submit_with(hub, token, body, &packet).await;
        assert_eq!(response.body["check"], check, "{}", response.body);
    }
    let large = vec![b' '; 12 * 1024 * 1024 + 1];
    let response = submit_with(hub, token, &large, &packet).await;
    assert_eq!(response.status, 413, "{}", response.body);
    let key = [("content-type", "application/rp1+json"), ("idempotency-key", "")];
    let response: Response = submit_with(hub, token, b"{}", &key).await;
    assert_eq!(response.status, 400);
}

#[actix_web::test]
async fn a_packet_taken_back_in_part_while_it_waits_is_held() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, clinic, .. } = &mechanism;
    let (person, _, sealed, _) = mechanism.referred().await;
    take_back(hub, &person, json!({ "fields": ["CF.pregnancy"] })).await.expect(201);
    let served = fetch(hub, clinic, sealed.id).await;
    assert_eq!((served.status, served.code().as_str()), (409, "packet.held"));
    let problem: Value = serde_json::from_slice(&served.body).unwrap();
    assert_eq!(problem["denials"], json!([]), "the recipient learns nothing of the consent");
}
