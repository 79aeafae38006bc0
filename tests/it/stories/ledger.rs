//! What is past its time: the ledger of ended referrals goes, what is open or held stays, and what was disclosed outlives it.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use throughline::{
    audit::{self, Held},
    kernel::{
        Coded as _, Id,
        id::{ReferralId, SystemIds},
    },
    packets,
    referrals::{By, Event, Move, Number},
    storage::{Db, StorageError, schema},
};

use crate::support::{
    Org, Response, TestHub,
    packet::{Mechanism, Person, fetch},
};

pub(crate) async fn act(
    hub: &TestHub,
    by: &Org,
    referral: ReferralId,
    (role, number): (By, Number),
    asked: Move,
) -> Response {
    let path = format!("/api/v1/referrals/{referral}");
    let view = by.get(hub, &path).await.expect(200).body;
    let event = Event {
        id: Id::new(&SystemIds, hub.now()),
        referral,
        prev: Some(view["party"]["head"].as_str().unwrap().parse().unwrap()),
        issuer: by.id.to_string(),
        role,
        number,
        asked,
        occurred: hub.now(),
    };
    let token = event.sign(&by.signing).unwrap();
    by.post(hub, &format!("{path}/events"), &json!({ "event": token })).await
}

async fn cancelled(mechanism: &Mechanism) -> (Person, packets::Sealed, ReferralId) {
    let (person, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let cancel = Move::Cancel { reason: "CX01".parse().unwrap() };
    act(&mechanism.hub, &mechanism.harbour, referral, (By::Sender, Number::T24), cancel).await.expect(200);
    (person, sealed, referral)
}

async fn accepted(mechanism: &Mechanism) -> ReferralId {
    let (_, _, sealed, referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let (hub, clinic) = (&mechanism.hub, &mechanism.clinic);
    let worker = Id::new(&SystemIds, hub.now());
    act(hub, clinic, referral, (By::Intake, Number::T03), Move::Acknowledge { worker }).await.expect(200);
    let accept = Move::Accept { assignee: worker };
    act(hub, clinic, referral, (By::Intake, Number::T07), accept).await.expect(200);
    referral
}

pub(super) async fn later(mechanism: &mut Mechanism, days: i64) {
    mechanism.hub.clock.advance(TimeDelta::days(days));
    mechanism.hub.run_jobs().await;
    for org in [&mut mechanism.harbour, &mut mechanism.clinic, &mut mechanism.lawyers] {
        org.sign_in(&mechanism.hub).await;
    }
}

/// Rows of a referral: itself, events, clocks, packets.
fn rows(db: &mut Db<'_>, referral: ReferralId) -> Result<[i64; 4], StorageError> {
    use schema::{
        packets::packets,
        referrals::{referral_events, referral_timers, referrals},
    };
    let (id, conn) = (referral.to_string(), db.conn());
    Ok([
        referrals::table.filter(referrals::id.eq(&id)).count().get_result(conn)?,
        referral_events::table.filter(referral_events::referral.eq(&id)).count().get_result(conn)?,
        referral_timers::table.filter(referral_timers::referral.eq(&id)).count().get_result(conn)?,
        packets::table.filter(packets::referral.eq(&id)).count().get_result(conn)?,
    ])
}

async fn rows_of(hub: &TestHub, referral: ReferralId) -> [i64; 4] {
    hub.hub.read(move |db| rows(db, referral)).await.unwrap()
}

pub(super) async fn disclosed(mechanism: &Mechanism, by: &Org, person: &Person) -> Value {
    let asked = json!({ "subject": person.subject });
    by.post(&mechanism.hub, "/api/v1/disclosures", &asked).await.expect(200).body["disclosed"].clone()
}

#[actix_web::test]
async fn two_years_after_its_end_a_referral_is_forgotten_and_its_sides_are_told_so() {
    let mut mechanism = Mechanism::new().await;
    let (person, sealed, referral) = cancelled(&mechanism).await;
    let before = disclosed(&mechanism, &mechanism.harbour, &person).await;
    later(&mut mechanism, 729).await;
    assert_eq!(mechanism.seen(&mechanism.harbour, referral).await["state"], "cancelled", "not a day early");
    later(&mut mechanism, 2).await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    assert_eq!(rows_of(hub, referral).await, [0; 4]);
    let path = format!("/api/v1/referrals/{referral}");
    for side in [harbour, clinic] {
        assert_eq!(side.get(hub, &path).await.expect(404).code(), "referral.forgotten");
    }
    let stranger = lawyers.get(hub, &path).await.expect(404);
    assert_ne!(stranger.code(), "referral.forgotten", "a stranger hears nothing");
    let late =
        harbour.post(hub, &format!("{path}/events"), &json!({ "event": "e30.e30.e30" })).await.expect(404);
    assert_eq!(late.code(), "referral.forgotten");
    assert_eq!(fetch(hub, clinic, sealed.id).await.status, 404);
    for id in [referral, Id::new(&SystemIds, hub.now())] {
        let mut origin = super::referral::origin(hub, harbour, clinic, "U2");
        (origin.parent, origin.id) = (Some(id), Id::new(&SystemIds, hub.now()));
        let refused = super::referral::submit(hub, harbour, origin).await.unwrap_err();
        let code = if id == referral { "referral.forgotten" } else { "access.not_found" };
        assert_eq!(refused.code().name(), code, "nothing continues what is not here");
    }
    let mut again = super::referral::origin(hub, harbour, clinic, "U2");
    again.id = referral;
    let refused = super::referral::submit(hub, harbour, again).await.unwrap_err();
    assert_eq!(refused.code().name(), "referral.id_taken", "its id stays taken");

    let still = disclosed(&mechanism, &mechanism.harbour, &person).await;
    let (was, is) = (&before[0], &still[0]);
    assert_eq!((&is["packet"], &is["to"][0]["delivered"]), (&was["packet"], &was["to"][0]["delivered"]));
    assert_eq!(disclosed(&mechanism, &mechanism.clinic, &person).await, still);
    assert_eq!(disclosed(&mechanism, &mechanism.lawyers, &person).await, json!([]));
    later(&mut mechanism, 366).await;
    assert_eq!(disclosed(&mechanism, &mechanism.harbour, &person).await, json!([]), "three years");
    assert_eq!(mechanism.hub.logged("referrals.forget_disclosures").await.len(), 1);
}

#[actix_web::test]
async fn what_is_open_or_held_is_not_forgotten_and_a_batch_is_one_entry_with_numbers_only() {
    let mut mechanism = Mechanism::new().await;
    let open = accepted(&mechanism).await;
    let (_, _, held) = cancelled(&mechanism).await;
    let role = (By::DataProtection, Number::O3);
    act(&mechanism.hub, &mechanism.harbour, held, role, Move::HoldLegal {}).await.expect(200);
    let (.., first) = cancelled(&mechanism).await;
    let (.., second) = cancelled(&mechanism).await;
    later(&mut mechanism, 731).await;
    let Mechanism { hub, .. } = &mechanism;
    assert_ne!(rows_of(hub, open).await[..2], [0, 0]);
    assert_ne!(rows_of(hub, held).await[..2], [0, 0]);
    for gone in [first, second] {
        assert_eq!(rows_of(hub, gone).await, [0; 4]);
    }
    let entries = hub.logged("referrals.forget").await;
    assert_eq!(entries.len(), 1);
    let counts = json!({ "referrals": 2, "events": 6, "packets": 2 });
    assert!(entries[0].is_about(&counts.to_string()), "{entries:?}");
    hub.run_jobs().await;
    assert_eq!(hub.logged("referrals.forget").await.len(), 1, "nothing to do leaves no entry");

    let verifier = hub.hub.keys().log_key().unwrap().verifier().clone();
    let found = hub.hub.read(move |db| audit::verify(db, &verifier, &Held::default(), &mut |_, _| {})).await;
    assert_eq!(found.unwrap().findings, []);
    let key = hub.hub.node().receipts.verifier();
    let promises = hub.hub.read(move |db| packets::check_promises(db, &key)).await.unwrap();
    assert_eq!((promises.checked, promises.broken), (2, vec![]), "the receipts that stay hold");
}

#[actix_web::test]
async fn an_event_of_a_referral_that_is_not_being_forgotten_cannot_be_deleted() {
    let mechanism = Mechanism::new().await;
    let (.., referral) = cancelled(&mechanism).await;
    let id = referral.to_string();
    let deleted = mechanism.hub.hub.tend::<_, StorageError>("tests.delete", move |tx| {
        use schema::referrals::referral_events;
        diesel::delete(referral_events::table.filter(referral_events::referral.eq(&id)))
            .execute(tx.db().conn())?;
        Ok(())
    });
    assert!(deleted.await.is_err());
    assert_ne!(rows_of(&mechanism.hub, referral).await[1], 0);
}
