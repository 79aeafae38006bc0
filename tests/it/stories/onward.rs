//! What was received is passed on: to whom the person named, under what every agreement on the way allows, and no further.

use diesel::{RunQueryDsl as _, connection::SimpleConnection as _};
use serde_json::{Value, json};
use throughline::{
    consent::{Attested, FieldSource},
    crypto::{Typ, sign_compact},
    kernel::{
        Digest, Id,
        id::{Kind, ReferralId, SystemIds},
    },
    packets::{Draft, PacketKind, ScopeRef, Sealed},
    referrals::{By, Move, Number},
    storage::StorageError,
};

use super::ledger::{act, disclosed, later};
use crate::support::{
    Org, Response,
    packet::{Certified, Mechanism, Person, denials, fetch, field, opened, readers, take_back},
};

/// Harbour referred somebody to the clinic, who serves the person and may pass on to the lawyers.
struct Chain {
    mechanism: Mechanism,
    person: Person,
    certified: Certified,
    first: Sealed,
    parent: ReferralId,
}

impl Chain {
    /// With the clinic at work.
    async fn new() -> Self {
        let chain = Self::accepted(|_| {}, "OW02").await;
        chain.starts().await;
        chain
    }

    /// Until the clinic has accepted it; the person's answers and the onward code may differ.
    async fn accepted(edit: impl FnOnce(&mut Value), onward: &str) -> Self {
        let mechanism = Mechanism::agreeing(|text| {
            let harbour = text["flows"][0]["from"].clone();
            let (clinic, lawyers) = (text["flows"][0]["to"].clone(), text["flows"][1]["to"].clone());
            for (from, to) in [(&clinic, &lawyers), (&lawyers, &harbour)] {
                let mut way = text["flows"][0].clone();
                (way["from"], way["to"]) = (from.clone(), to.clone());
                way["purposes"].as_array_mut().unwrap().truncate(1);
                text["flows"].as_array_mut().unwrap().push(way);
            }
            let mut basis = text["legal_bases"][0].clone();
            basis["org"] = lawyers.clone();
            text["legal_bases"].as_array_mut().unwrap().push(basis);
            text["onward"] = json!({ "rule": "listed", "organisations": [lawyers, harbour], "hops": 1 });
        })
        .await;
        mechanism.offers(&mechanism.lawyers, "SV07").await;
        mechanism.offers(&mechanism.harbour, "SV07").await;
        let lawyers = mechanism.lawyers.id;
        let person = mechanism.person_who(|record| {
            record["lines"][0]["line"]["onward"] = json!([lawyers]);
            edit(record);
        });
        let certified = mechanism.certify(&person, &mechanism.clinic).await;
        let draft = mechanism.draft(&person, &certified);
        let draft = Draft { onward: onward.parse().unwrap(), ..draft };
        let parent = draft.referral;
        let (first, response) = mechanism.hand_in(&mechanism.harbour, draft).await;
        response.expect(201);
        mechanism.clinic_opens(&first).await;
        let chain = Self { mechanism, person, certified, first, parent };
        let worker = chain.fresh();
        chain.clinic(By::Intake, Number::T03, Move::Acknowledge { worker }).await.expect(200);
        chain.clinic(By::Intake, Number::T07, Move::Accept { assignee: worker }).await.expect(200);
        chain
    }

    fn fresh<K: Kind>(&self) -> Id<K> {
        Id::new(&SystemIds, self.mechanism.hub.now())
    }

    async fn clinic(&self, by: By, number: Number, asked: Move) -> Response {
        act(&self.mechanism.hub, &self.mechanism.clinic, self.parent, (by, number), asked).await
    }

    async fn starts(&self) {
        let start = Move::Start { since: "2026-03-02".parse().unwrap() };
        self.clinic(By::CaseWorker, Number::T16, start).await.expect(200);
    }

    /// Two fields that were received and one of the clinic's own, for the lawyers.
    fn draft(&self) -> Draft {
        let Mechanism { clinic, lawyers, .. } = &self.mechanism;
        let received = ["CF.name", "CF.phone"];
        Draft {
            sender: clinic.id,
            recipients: vec![lawyers.id],
            parent: Some(self.parent),
            received: received.iter().map(|id| id.parse().unwrap()).collect(),
            fields: received.into_iter().chain(["CF.need"]).map(field).collect(),
            readers: readers(&[clinic, lawyers]),
            ..self.mechanism.draft(&self.person, &self.certified)
        }
    }

    /// A consent that the clinic took itself, for the lawyers.
    async fn own_consent(&self) -> Certified {
        let Mechanism { hub, harbour, clinic, lawyers, .. } = &self.mechanism;
        let turned = [(harbour, clinic), (clinic, lawyers), (lawyers, harbour)];
        let text = self.person.record.to_string();
        let mark = |org: &Org| format!("now {}", org.id).replace("org_", "");
        let marked =
            turned.iter().fold(text, |text, (was, now)| text.replace(&was.id.to_string(), &mark(now)));
        let text = turned.iter().fold(marked, |text, (_, now)| text.replace(&mark(now), &now.id.to_string()));
        let mut record: Value = serde_json::from_str(&text).unwrap();
        let code = String::from("1357-2468-1357-2468");
        record["withdrawal"]["code"] = json!(code);
        let claims = self.mechanism.claims(&Person { record, subject: self.person.subject, code }, lawyers);
        let token = sign_compact(&clinic.signing, Typ::Scope, &claims.bytes().unwrap()).unwrap();
        clinic.post(hub, "/api/v1/certificates", &json!({ "certificate": token })).await.expect(201);
        Certified { id: claims.id, digest: Digest::of(&token), token }
    }

    /// The same draft on another consent.
    fn resting_on(&self, certified: &Certified) -> Draft {
        Draft { scope: Some(ScopeRef { id: certified.id, h: certified.digest }), ..self.draft() }
    }

    /// Harbour adds a field a second later, to be passed on and kept as these codes say.
    async fn adds(&self, (onward, retention): (&str, &str), id: &str) -> Sealed {
        self.mechanism.hub.clock.advance(chrono::TimeDelta::seconds(1));
        let draft = Draft {
            referral: self.parent,
            onward: onward.parse().unwrap(),
            retention: retention.parse().unwrap(),
            fields: vec![field(id)],
            ..self.mechanism.draft(&self.person, &self.certified)
        };
        let update = Mechanism::update(&self.first, draft);
        let (sealed, added) = self.mechanism.hand_in(&self.mechanism.harbour, update).await;
        added.expect(201);
        sealed
    }

    /// Harbour takes a packet of its own back.
    async fn takes_back(&self, packet: &Sealed) {
        let takes_back = Draft {
            kind: PacketKind::Withdraw,
            re: Some(packet.id),
            referral: self.parent,
            fields: Vec::new(),
            ..self.mechanism.draft(&self.person, &self.certified)
        };
        let (_, gone) = self.mechanism.hand_in(&self.mechanism.harbour, takes_back).await;
        gone.expect(201);
    }

    async fn passed_on(&self) -> (Sealed, ReferralId) {
        let draft = self.draft();
        let child = draft.referral;
        let (sealed, response) = self.mechanism.hand_in(&self.mechanism.clinic, draft).await;
        response.expect(201);
        (sealed, child)
    }

    /// Handed in, refused, and for these reasons.
    async fn refused(&self, by: &Org, draft: Draft, expected: &[(&str, Option<&str>)]) {
        let (_, response) = self.mechanism.hand_in(by, draft).await;
        let response = response.expect(422);
        denials(&response);
        let denials = response.body["denials"].as_array().unwrap().iter();
        let found: Vec<_> =
            denials.map(|denial| (denial["code"].as_str().unwrap(), denial["subcode"].as_str())).collect();
        assert_eq!(found, expected);
    }

    async fn state(&self, by: &Org, referral: ReferralId) -> Value {
        self.mechanism.seen(by, referral).await["state"].clone()
    }
}

#[actix_web::test]
async fn what_the_clinic_received_reaches_the_lawyers_and_harbour_hears_that_it_did() {
    let chain = Chain::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &chain.mechanism;
    let (sealed, child) = chain.passed_on().await;
    chain.clinic(By::CaseWorker, Number::T35, Move::AddChild { child }).await.expect(200);
    assert_eq!(chain.state(harbour, chain.parent).await, "in_service");

    let served = fetch(hub, lawyers, sealed.id).await;
    let (read, _receipt) = opened(hub, lawyers, clinic, &served).await;
    let read = read.unwrap();
    assert_eq!(read.envelope.parent, Some(chain.parent));
    let sources: Vec<_> = read.manifest.fields.iter().map(|field| (field.f.as_str(), field.s)).collect();
    assert_eq!(
        sources,
        [
            ("CF.name", Some(FieldSource::Received)),
            ("CF.need", Some(FieldSource::Own)),
            ("CF.phone", Some(FieldSource::Received))
        ]
    );

    hub.clock.advance(chrono::TimeDelta::seconds(5));
    let notices = harbour.get(hub, "/api/v1/notices?limit=200").await.expect(200).body;
    let notices = notices["items"].as_array().unwrap();
    let told: Vec<_> = notices.iter().filter(|notice| notice["topic"] == "referral.passed_on").collect();
    assert_eq!(told.len(), 1);
    let expected = json!({ "referral": chain.parent, "purpose": "P01", "service": "SV07", "to": lawyers.id });
    assert_eq!(told[0]["payload"], expected, "codes, and nothing of what");
    assert!(notices.iter().any(|notice| notice["topic"] == "referral.child_added"));
    harbour.get(hub, &format!("/api/v1/referrals/{child}")).await.expect(404);
}

#[actix_web::test]
async fn what_the_referral_it_continues_does_not_cover_is_refused_with_its_reason() {
    let chain = Chain::accepted(|_| {}, "OW02").await;
    let Mechanism { harbour, clinic, lawyers, .. } = &chain.mechanism;
    chain.refused(clinic, chain.draft(), &[("D706", Some("not_in_service"))]).await;
    chain.starts().await;
    let never = Draft { fields: vec![field("CF.name"), field("CF.sex")], ..chain.draft() };
    let never = Draft { received: never.fields.iter().map(|field| field.field.clone()).collect(), ..never };
    chain.refused(clinic, never, &[("D706", Some("not_received"))]).await;
    let longer = Draft { retention: "RT01".parse().unwrap(), ..chain.draft() };
    let (_, response) = chain.mechanism.hand_in(clinic, longer).await;
    assert!(denials(&response.expect(422)).contains(&"D706"));
    let made_up = Draft { parent: Some(chain.fresh()), ..chain.draft() };
    chain.refused(clinic, made_up, &[("D301", None), ("D706", Some("parent"))]).await;
    let own = Draft { sender: harbour.id, readers: readers(&[harbour, lawyers]), ..chain.draft() };
    let not_theirs = [("D206", None), ("D207", None), ("D306", None), ("D706", Some("parent"))];
    chain.refused(harbour, own, &not_theirs).await;
}

#[actix_web::test]
async fn at59_whom_the_person_did_not_name_gets_nothing() {
    let chain = Chain::accepted(|record| record["lines"][0]["line"]["onward"] = json!([]), "OW02").await;
    chain.starts().await;
    chain.refused(&chain.mechanism.clinic, chain.draft(), &[("D306", None)]).await;
}

#[actix_web::test]
async fn what_was_sent_not_to_be_passed_on_stays_where_it_is() {
    let chain = Chain::accepted(|_| {}, "OW00").await;
    chain.starts().await;
    chain.refused(&chain.mechanism.clinic, chain.draft(), &[("D706", Some("onward_code"))]).await;
}

#[actix_web::test]
async fn each_thing_that_was_sent_keeps_its_own_promise() {
    let chain = Chain::new().await;
    let Mechanism { hub, clinic, lawyers, .. } = &chain.mechanism;
    let with_sex = || {
        let draft = chain.draft();
        let ids = ["CF.name", "CF.sex"];
        Draft { fields: ids.map(field).into(), received: ids.map(|id| id.parse().unwrap()).into(), ..draft }
    };
    let refused = |draft, why| chain.refused(clinic, draft, why);
    chain.adds(("OW00", "RT02"), "CF.sex").await;
    refused(with_sex(), &[("D706", Some("not_received"))]).await;
    let may_go_on = chain.adds(("OW02", "RT02"), "CF.sex").await;
    let (passed_on, response) = chain.mechanism.hand_in(clinic, with_sex()).await;
    response.expect(201);

    // What comes after it was passed on is not in it.
    chain.adds(("OW02", "RT04"), "CF.language").await;
    assert_eq!(fetch(hub, lawyers, passed_on.id).await.status, 200);
    refused(with_sex(), &[("D608", None), ("D706", Some("retention"))]).await;
    let as_short = || Draft { retention: "RT04".parse().unwrap(), ..with_sex() };
    refused(as_short(), &[("D608", None)]).await;
    chain.adds(("OW02", "RT07"), "CF.language").await;
    refused(as_short(), &[("D608", None), ("D706", Some("retention"))]).await;

    chain.takes_back(&may_go_on).await;
    let all = [("D608", None), ("D706", Some("not_received")), ("D706", Some("retention"))];
    refused(as_short(), &all).await;
}

#[actix_web::test]
async fn at59_a_step_further_than_the_first_agreement_allows_is_refused() {
    let chain = Chain::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &chain.mechanism;
    let draft = Draft { onward: "OW02".parse().unwrap(), ..chain.draft() };
    let child = draft.referral;
    let (sealed, response) = chain.mechanism.hand_in(clinic, draft).await;
    response.expect(201);
    let served = fetch(hub, lawyers, sealed.id).await;
    let (_, receipt) = opened(hub, lawyers, clinic, &served).await;
    let path = format!("/api/v1/packets/{}/receipts", sealed.id);
    lawyers.post(hub, &path, &json!({ "receipt": receipt })).await.expect(200);
    let worker = chain.fresh();
    let start = Move::Start { since: "2026-03-02".parse().unwrap() };
    for (by, number, asked) in [
        (By::Intake, Number::T03, Move::Acknowledge { worker }),
        (By::Intake, Number::T07, Move::Accept { assignee: worker }),
        (By::CaseWorker, Number::T16, start),
    ] {
        act(hub, lawyers, child, (by, number), asked).await.expect(200);
    }
    let further = Draft {
        sender: lawyers.id,
        recipients: vec![harbour.id],
        parent: Some(child),
        readers: readers(&[lawyers, harbour]),
        ..chain.draft()
    };
    // Nor is the consent that carried the first step good for a second.
    chain.refused(lawyers, further, &[("D301", None), ("D706", Some("hops"))]).await;
}

#[actix_web::test]
async fn what_is_added_later_is_passed_on_as_well_and_says_so() {
    let chain = Chain::new().await;
    let clinic = &chain.mechanism.clinic;
    let (sealed, child) = chain.passed_on().await;
    let more = || Mechanism::update(&sealed, Draft { referral: child, ..chain.draft() });
    let (_, silent) = chain.mechanism.hand_in(clinic, Draft { parent: None, ..more() }).await;
    assert_eq!(silent.expect(422).code(), "referral.other_referral");
    let (_, said) = chain.mechanism.hand_in(clinic, more()).await;
    said.expect(201);
}

#[actix_web::test]
async fn what_is_passed_on_is_judged_without_looking_at_the_ciphertext_it_came_from() {
    let chain = Chain::new().await;
    let Mechanism { hub, lawyers, .. } = &chain.mechanism;
    let cut = hub.hub.tend::<_, StorageError>("test.cut", |tx| {
        Ok(tx.db().conn().batch_execute("UPDATE packet_bodies SET body = substr(body, 1, 3000)")?)
    });
    cut.await.unwrap();
    let again = fetch(hub, &chain.mechanism.clinic, chain.first.id).await;
    assert_eq!((again.status, again.code().as_str()), (500, "storage.internal"), "nothing was cut off");
    let (sealed, _) = chain.passed_on().await;
    assert_eq!(fetch(hub, lawyers, sealed.id).await.status, 200);
}

#[actix_web::test]
async fn why_it_is_held_the_lawyers_do_not_hear_because_they_know_nothing_of_what_it_continues() {
    let chain = Chain::new().await;
    let Mechanism { hub, clinic, lawyers, .. } = &chain.mechanism;
    let (sealed, _child) = chain.passed_on().await;
    chain.takes_back(&chain.first).await;
    let held = fetch(hub, lawyers, sealed.id).await;
    assert_eq!(held.code(), "packet.held");
    let told = String::from_utf8(held.body).unwrap();
    assert!(!told.contains("D706") && !told.contains("not_received"), "{told}");
    let evidence = clinic.get(hub, &format!("/api/v1/packets/{}/evidence", sealed.id)).await.expect(200).body;
    let why = &evidence["held"][0];
    assert_eq!((&why["code"], &why["subcode"]), (&json!("D706"), &json!("not_received")));
}

#[actix_web::test]
async fn that_it_is_held_the_lawyers_hear_also_when_nobody_can_tell_the_clinic() {
    let chain = Chain::new().await;
    let Mechanism { hub, lawyers, .. } = &chain.mechanism;
    let (sealed, _child) = chain.passed_on().await;
    chain.takes_back(&chain.first).await;
    // The database is used again by other tests, so the table comes back.
    let rename = async |from: &'static str, to: &'static str| {
        let statement = format!("ALTER TABLE {from} RENAME TO {to}");
        let renaming = hub.hub.tend::<_, StorageError>("tests.rename", move |tx| {
            diesel::sql_query(statement.as_str()).execute(tx.db().conn())?;
            Ok(())
        });
        renaming.await.unwrap();
    };
    rename("outbox", "outbox_gone").await;
    let held = fetch(hub, lawyers, sealed.id).await;
    rename("outbox_gone", "outbox").await;
    assert_eq!(held.code(), "packet.held");
}

#[actix_web::test]
async fn what_is_added_rests_on_the_consent_that_it_began_under() {
    for began_under_own in [true, false] {
        let chain = Chain::new().await;
        let clinic = &chain.mechanism.clinic;
        let own = chain.own_consent().await;
        let (under, other) =
            if began_under_own { (&own, &chain.certified) } else { (&chain.certified, &own) };
        let draft = chain.resting_on(under);
        let child = draft.referral;
        let (sealed, begun) = chain.mechanism.hand_in(clinic, draft).await;
        begun.expect(201);
        let more = |on| Mechanism::update(&sealed, Draft { referral: child, ..chain.resting_on(on) });
        chain.refused(clinic, more(other), &[("D706", Some("certificate"))]).await;
        let (_, added) = chain.mechanism.hand_in(clinic, more(under)).await;
        added.expect(201);
    }
}

#[actix_web::test]
async fn what_was_passed_on_reaches_the_lawyers_although_the_clinic_s_own_service_has_ended() {
    let reason = |code: &str| code.parse().unwrap();
    let resume = "2026-04-01".parse().unwrap();
    let fail = Move::Fail { reason: reason("FX01"), unsafe_to_continue: false, pending: Vec::new() };
    for (number, ended) in [(Number::T19, Move::Hold { reason: reason("HX01"), resume }), (Number::T22, fail)]
    {
        let chain = Chain::new().await;
        let Mechanism { hub, clinic, lawyers, .. } = &chain.mechanism;
        let (sealed, child) = chain.passed_on().await;
        chain.clinic(By::CaseWorker, number, ended).await.expect(200);
        let served = fetch(hub, lawyers, sealed.id).await;
        assert_eq!(served.status, 200, "{}", String::from_utf8_lossy(&served.body));
        let more = Mechanism::update(&sealed, Draft { referral: child, ..chain.draft() });
        let (_, added) = chain.mechanism.hand_in(clinic, more).await;
        added.expect(201);
        let (_, begun) = chain.mechanism.hand_in(clinic, chain.draft()).await;
        assert!(denials(&begun.expect(422)).contains(&"D706"));
    }
}

#[actix_web::test]
async fn taken_back_from_the_next_organisation_it_ends_there_and_nowhere_else() {
    let chain = Chain::new().await;
    let Mechanism { hub, clinic, lawyers, .. } = &chain.mechanism;
    let (sealed, child) = chain.passed_on().await;
    take_back(hub, &chain.person, json!({ "recipient": lawyers.id })).await.expect(201);
    assert_eq!(chain.state(lawyers, child).await, "withdrawn");
    assert_eq!(fetch(hub, lawyers, sealed.id).await.code(), "packet.purged");
    assert_eq!(chain.state(clinic, chain.parent).await, "in_service");
    let again = Draft { referral: chain.fresh(), ..chain.draft() };
    let (_, response) = chain.mechanism.hand_in(clinic, again).await;
    assert!(denials(&response.expect(422)).contains(&"D306"));
}

#[actix_web::test]
async fn taken_back_whole_it_ends_everywhere_and_everybody_is_asked() {
    let chain = Chain::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &chain.mechanism;
    let (sealed, child) = chain.passed_on().await;
    fetch(hub, lawyers, sealed.id).await;
    let response = take_back(hub, &chain.person, json!({})).await.expect(201);
    assert_eq!(chain.state(lawyers, child).await, "withdrawn");
    let path = format!("/api/v1/withdrawals/{}", response.body["withdrawal"].as_str().unwrap());
    let asked = harbour.get(hub, &path).await.expect(200).body;
    let holders: Vec<_> =
        asked["holders"].as_array().unwrap().iter().map(|h| h["organisation"].clone()).collect();
    assert!(holders.contains(&json!(clinic.id)) && holders.contains(&json!(lawyers.id)), "{asked}");
    assert_eq!(fetch(hub, clinic, chain.first.id).await.code(), "packet.purged");
}

#[actix_web::test]
async fn of_two_open_withdrawals_each_settles_what_it_asked_for_once_its_holder_has_answered() {
    for lawyers_first in [true, false] {
        let chain = Chain::new().await;
        let Mechanism { hub, harbour, clinic, lawyers, .. } = &chain.mechanism;
        let (sealed, child) = chain.passed_on().await;
        fetch(hub, lawyers, sealed.id).await;
        let mut asked = Vec::new();
        for extent in [json!({ "recipient": lawyers.id }), json!({})] {
            let response = take_back(hub, &chain.person, extent).await.expect(201);
            asked.push(format!(
                "/api/v1/withdrawals/{}/answers",
                response.body["withdrawal"].as_str().unwrap()
            ));
        }
        let answers = async |by: &Org, path: &str| {
            by.post(hub, path, &json!({ "said": "destroyed" })).await.expect(200);
        };
        let under_way = async || {
            let flag = async |by, id| chain.mechanism.seen(by, id).await["flags"]["withdrawal"].clone();
            [flag(harbour, chain.parent).await, flag(lawyers, child).await]
        };
        assert_eq!(under_way().await, [true, true]);
        if lawyers_first {
            answers(lawyers, &asked[0]).await;
            assert_eq!(under_way().await, [true, false], "the clinic has not answered");
            answers(clinic, &asked[1]).await;
        } else {
            answers(clinic, &asked[1]).await;
            assert_eq!(under_way().await, [false, true], "the lawyers have not answered");
            answers(lawyers, &asked[0]).await;
        }
        assert_eq!(under_way().await, [false, false]);
    }
}

#[actix_web::test]
async fn who_asks_what_was_disclosed_hears_of_what_was_passed_on() {
    let chain = Chain::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &chain.mechanism;
    let (sealed, _child) = chain.passed_on().await;
    let ask = json!({ "subject": chain.person.subject });
    let named = |stated: &Value| {
        let disclosed = stated["disclosed"].as_array().cloned().unwrap_or_default();
        disclosed.iter().any(|one| one["packet"] == json!(sealed.id))
    };
    for by in [harbour, clinic, lawyers] {
        let stated = by.post(hub, "/api/v1/disclosures", &ask).await.expect(200).body;
        assert!(named(&stated), "{stated}");
    }
}

#[actix_web::test]
async fn who_sent_it_first_hears_of_what_was_passed_on_when_that_is_forgotten_and_of_no_other_consent_s() {
    let names = |disclosed: &Value, sealed: &Sealed| {
        disclosed.as_array().unwrap().iter().any(|one| one["packet"] == json!(sealed.id))
    };
    for under_own in [false, true] {
        let mut chain = Chain::new().await;
        let draft = if under_own { chain.resting_on(&chain.own_consent().await) } else { chain.draft() };
        let child = draft.referral;
        let (sealed, begun) = chain.mechanism.hand_in(&chain.mechanism.clinic, draft).await;
        begun.expect(201);
        let Mechanism { hub, harbour, clinic, .. } = &chain.mechanism;
        assert_eq!(names(&disclosed(&chain.mechanism, harbour, &chain.person).await, &sealed), !under_own);
        let cancel = Move::Cancel { reason: "CX01".parse().unwrap() };
        act(hub, clinic, child, (By::Sender, Number::T24), cancel).await.expect(200);
        later(&mut chain.mechanism, 731).await;
        let Mechanism { hub, harbour, clinic, .. } = &chain.mechanism;
        let gone = clinic.get(hub, &format!("/api/v1/referrals/{child}")).await.expect(404);
        assert_eq!(gone.code(), "referral.forgotten");
        assert_eq!(names(&disclosed(&chain.mechanism, harbour, &chain.person).await, &sealed), !under_own);
        assert!(names(&disclosed(&chain.mechanism, clinic, &chain.person).await, &sealed));
    }
}

#[actix_web::test]
async fn of_what_the_person_wants_untold_who_sent_it_first_hears_nothing_anywhere() {
    let names = |disclosed: &Value, sealed: &Sealed| {
        disclosed.as_array().unwrap().iter().any(|one| one["packet"] == json!(sealed.id))
    };
    let mut chain = Chain::new().await;
    let untold = Attested { untold: true, ..Attested::default() };
    let draft = Draft { attested: untold.clone(), ..chain.draft() };
    let child = draft.referral;
    let (sealed, begun) = chain.mechanism.hand_in(&chain.mechanism.clinic, draft).await;
    begun.expect(201);
    let noted = chain.clinic(By::CaseWorker, Number::T35, Move::AddChild { child }).await.expect(422);
    assert_eq!(noted.code(), "referral.something_missing");
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &chain.mechanism;
    let nothing = Draft { attested: untold, parent: None, received: [].into(), ..chain.draft() };
    let (_, refused) = chain.mechanism.hand_in(clinic, nothing).await;
    assert_eq!(refused.expect(400).code(), "packet.claims", "what passes nothing on has nobody to tell");

    hub.clock.advance(chrono::TimeDelta::seconds(5));
    let notices = harbour.get(hub, "/api/v1/notices?limit=200").await.expect(200).body.to_string();
    let told = ["referral.passed_on", "child", &child.to_string(), &sealed.id.to_string()];
    assert!(told.iter().all(|word| !notices.contains(word)), "{notices}");
    let timeline = chain.mechanism.seen(harbour, chain.parent).await["timeline"].to_string();
    assert!(!timeline.contains("T35"), "{timeline}");
    let knows = async |by: &Org| names(&disclosed(&chain.mechanism, by, &chain.person).await, &sealed);
    assert_eq!((knows(harbour).await, knows(clinic).await, knows(lawyers).await), (false, true, true));

    let cancel = Move::Cancel { reason: "CX01".parse().unwrap() };
    act(hub, clinic, child, (By::Sender, Number::T24), cancel).await.expect(200);
    later(&mut chain.mechanism, 731).await;
    let Mechanism { harbour, clinic, .. } = &chain.mechanism;
    let knows = async |by: &Org| names(&disclosed(&chain.mechanism, by, &chain.person).await, &sealed);
    assert_eq!((knows(harbour).await, knows(clinic).await), (false, true));
}
