//! What the hub keeps of a packet, whom it gives it to, and when it lets go of it.

use std::sync::Arc;

use throughline::{
    access::{Actor, Role, Roles},
    audit,
    crypto::{DecryptionKey, Kid},
    hub::{Caller, Failure},
    kernel::{
        Coded as _, Digest,
        id::{PacketId, RequestId, SystemIds},
        page::Asked,
    },
    packets::{
        self, Arrival, Delivered, Desk, Kept, KeyLookup, KnownKey, Opened, PacketError, Promises, Reading,
        Registry, Sealed, VerifiedPacket, Verifiers, check_promises, deliver, keep, kept_before, open, purge,
        receipt_key, take_receipt, verify, waiting,
    },
    policy::Policy,
    storage::StorageError,
};

use super::letter::{CANARY, draft, sealed};
use crate::support::{Org, TestHub};

fn caller(hub: &TestHub, org: &Org) -> Caller {
    let roles = Roles::from(vec![Role::CaseWorker, Role::Intake]);
    Caller { actor: Actor::client(org.client, org.id, roles), request: RequestId::new(&SystemIds, hub.now()) }
}

async fn verified(hub: &TestHub, from: &Org, body: Vec<u8>) -> Result<VerifiedPacket, PacketError> {
    let arrival = Arrival { caller: from.id, at: hub.now() };
    hub.hub
        .read(move |db| {
            let verifiers = Verifiers::default();
            verify(&body, arrival, &mut Registry::new(db, &verifiers), Policy::builtin())
        })
        .await
}

async fn submit(hub: &TestHub, from: &Org, packet: &Sealed) -> Result<Kept, Failure<PacketError>> {
    submit_body(hub, from, packet.body.clone()).await
}

/// Verifies and keeps what an organisation hands in.
pub(super) async fn submit_body(
    hub: &TestHub,
    from: &Org,
    body: Vec<u8>,
) -> Result<Kept, Failure<PacketError>> {
    let packet = Arc::new(verified(hub, from, body).await.map_err(Failure::Refused)?);
    let caller = caller(hub, from);
    let keeping = hub.hub.write("packets.keep", &caller, move |tx| match kept_before(tx.db(), &packet)? {
        Some(kept) => Ok(kept),
        None => keep(tx, &packet, None, 0, None),
    });
    keeping.await
}

async fn fetch(hub: &TestHub, by: &Org, packet: &Sealed) -> Result<Delivered, Failure<PacketError>> {
    deliver_to(hub, by, packet.id).await
}

/// Serves a packet to an organisation.
pub(super) async fn deliver_to(
    hub: &TestHub,
    by: &Org,
    id: PacketId,
) -> Result<Delivered, Failure<PacketError>> {
    let actor = caller(hub, by).actor;
    let read = hub.hub.read(move |db| packets::fetch(db, &actor, id, Policy::builtin())).await;
    let read = read.map_err(Failure::Refused)?;
    let handed = hub.hub.write("packets.deliver", &caller(hub, by), move |tx| deliver(tx, id)).await?;
    assert_eq!(handed.first, read.first);
    Ok(read)
}

/// A recipient's own copy of the keys it trusts.
struct Known(Vec<KnownKey>);

impl KeyLookup for Known {
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        Ok(self.0.iter().find(|key| key.record.jwk.kid() == kid).cloned().map(Arc::new))
    }
}

/// Opens what was served, and signs that it was opened.
pub(super) async fn open_at(
    hub: &TestHub,
    by: &Org,
    from: &Org,
    got: &Delivered,
) -> (Result<Opened, PacketError>, String) {
    let kid = from.signing.kid().clone();
    let record = hub.hub.read(move |db| throughline::members::find_key(db, &kid)).await.unwrap().unwrap();
    let keys: Vec<DecryptionKey> = by
        .readers
        .iter()
        .map(|(_, key)| DecryptionKey::from_secret_jwk(&key.to_secret_jwk()).unwrap())
        .collect();
    let node = hub.hub.node().receipts.verifier();
    let desk = Desk {
        organisation: by.id,
        keys: &keys,
        signer: &by.signing,
        node: &node,
        policy: Policy::builtin(),
        ids: &SystemIds,
        now: hub.now(),
    };
    let mut known = Known(vec![KnownKey::new(record)]);
    let opened = open(&got.body, &got.receipt, Reading::First, &desk, &mut known);
    let receipt = opened.as_ref().map(|opened| opened.receipt(&desk).unwrap()).unwrap_or_default();
    (opened, receipt)
}

#[actix_web::test]
async fn a_packet_goes_through_the_hub_and_the_hub_holds_nothing_readable_of_it() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let packet = sealed(&from, &to, hub.now());
    let kept = submit(&hub, &from, &packet).await.unwrap();
    assert!(!kept.again);
    let again = submit(&hub, &from, &packet).await.unwrap();
    assert!(again.again);
    assert_eq!(again.receipt, kept.receipt, "the same packet gets the same receipt");
    let actor = caller(&hub, &to).actor;
    let inbox = hub.hub.read(move |db| waiting(db, &actor, &Asked::new(None, None))).await.unwrap();
    assert_eq!(inbox.items.len(), 1);
    let stored = hub.everything_stored();
    assert!(!stored.contains("anary") && !stored.contains(CANARY));
    let got = fetch(&hub, &to, &packet).await.unwrap();
    assert!(got.first);
    assert!(!fetch(&hub, &to, &packet).await.unwrap().first);
    let (opened, receipt) = open_at(&hub, &to, &from, &got).await;
    assert_eq!(opened.unwrap().documents.len(), 4);

    // The signed receipt is taken once, and again when it is the same one.
    for _time in 0..2 {
        let (id, token, now) = (packet.id, receipt.clone(), hub.now());
        let taken = hub
            .hub
            .write("packets.take_receipt", &caller(&hub, &to), move |tx| {
                let verifiers = Verifiers::default();
                let signer = receipt_key(&token, now, &mut Registry::new(tx.db(), &verifiers))?;
                take_receipt(tx, id, &token, &signer, Policy::builtin())
            })
            .await;
        assert_eq!(taken.unwrap().re, packet.id);
    }
}

#[actix_web::test]
async fn a_packet_id_is_used_once() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let packet = sealed(&from, &to, hub.now());
    submit(&hub, &from, &packet).await.unwrap();
    // The same claims signed again are another packet under the same id: an ES256 signature is never twice the same.
    let mut container: serde_json::Value = serde_json::from_slice(&packet.body).unwrap();
    let envelope = packets::inspect(&packet.body).unwrap().envelope;
    let claims = serde_json::to_vec(&envelope).unwrap();
    let token = throughline::crypto::sign_compact(&from.signing, throughline::crypto::Typ::Envelope, &claims);
    container["envelope"] = token.unwrap().into();
    let other = Sealed { body: container.to_string().into_bytes(), ..packet.clone() };
    let refused = submit(&hub, &from, &other).await.unwrap_err();
    assert_eq!(refused.code().name(), "packet.replay");
    assert_eq!(refused.facts().unwrap()["check"], 220);
}

#[actix_web::test]
async fn a_stranger_finds_no_packet_and_the_sender_finds_its_own() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let stranger = hub.org("Ndola Legal Aid").await;
    let packet = sealed(&from, &to, hub.now());
    submit(&hub, &from, &packet).await.unwrap();
    assert_eq!(fetch(&hub, &stranger, &packet).await.err().unwrap().code().name(), "access.not_found");
    let own = fetch(&hub, &from, &packet).await.unwrap();
    assert!(!own.first, "reading one's own packet delivers nothing");
    assert!(fetch(&hub, &to, &packet).await.unwrap().first);
}

#[actix_web::test]
async fn sections_without_a_key_for_the_reader_are_not_served() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let mut letter = draft(&from, &to, hub.now());
    // Two recipients' worth of roles, but the second organisation gets intake only.
    let second = hub.org("Kitwe Shelter").await;
    letter.recipients.push(second.id);
    let intake = &second.readers.iter().find(|(role, _)| *role == "intake").unwrap().1;
    letter.readers.push(packets::Reader {
        organisation: second.id,
        role: "intake".parse().unwrap(),
        key: intake.public().encrypter().unwrap(),
    });
    let packet = packets::press(letter, &from.signing, Policy::builtin(), &SystemIds).unwrap();
    submit(&hub, &from, &packet).await.unwrap();
    let present = |got: &Delivered| packets::inspect(&got.body).unwrap().sections_present;
    let whole = fetch(&hub, &to, &packet).await.unwrap();
    let part = fetch(&hub, &second, &packet).await.unwrap();
    assert_eq!(present(&whole), 5);
    assert_eq!(present(&part), 2, "general and contact");
    let (opened, _) = open_at(&hub, &second, &from, &part).await;
    let opened = opened.unwrap();
    assert_eq!(opened.documents.len(), 2);
    assert_eq!(opened.not_for_us.len(), 3);
}

#[actix_web::test]
async fn ciphertext_is_deleted_when_it_is_due_and_the_envelope_stays() {
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let (expiring, withdrawn) = (sealed(&from, &to, hub.now()), sealed(&from, &to, hub.now()));
    for packet in [&expiring, &withdrawn] {
        submit(&hub, &from, packet).await.unwrap();
    }
    let id = withdrawn.id;
    let purged = hub.hub.write("packets.purge", &hub.hub.itself(), move |tx| purge(tx, id)).await;
    assert!(purged.unwrap());
    assert_eq!(fetch(&hub, &to, &withdrawn).await.err().unwrap().code().name(), "packet.purged");
    hub.run_jobs().await;
    assert!(fetch(&hub, &to, &expiring).await.is_ok());
    hub.clock.advance(chrono::TimeDelta::days(1));
    hub.run_jobs().await;
    assert_eq!(fetch(&hub, &to, &expiring).await.err().unwrap().code().name(), "packet.purged");
    let (actor, id) = (caller(&hub, &from).actor, expiring.id);
    let evidence = hub.hub.read(move |db| packets::evidence(db, &actor, id)).await.unwrap();
    assert!(evidence.purged.is_some());
    assert_eq!(Digest::of(&evidence.envelope), expiring.envelope);
}

#[actix_web::test]
async fn a_receipt_that_the_log_does_not_keep_is_found() {
    use diesel::RunQueryDsl as _;
    let hub = TestHub::new();
    let (from, to) = (hub.org("Lusaka Shelter").await, hub.org("Chipata Clinic").await);
    let mut promised = Vec::new();
    for leaf_is_true in [true, false] {
        let sealed = sealed(&from, &to, hub.now());
        let packet = Arc::new(verified(&hub, &from, sealed.body.clone()).await.unwrap());
        hub.hub
            .write("packets.keep", &caller(&hub, &from), move |tx| {
                let about = packet.envelope().jti.to_string();
                let leaf = audit::record(tx, &audit::Record::about(&about)).unwrap();
                keep(tx, &packet, Some(if leaf_is_true { leaf } else { Digest::of("never") }), 0, None)
            })
            .await
            .unwrap();
        promised.push(sealed.id);
    }
    let check = || {
        let (hub, key) = (hub.hub.clone(), hub.hub.node().receipts.verifier());
        async move { hub.read(move |db| check_promises(db, &key)).await.unwrap() }
    };
    assert_eq!(check().await, Promises { checked: 2, broken: vec![promised[1]] });
    hub.hub
        .tend::<_, StorageError>("tests.tamper", |tx| {
            let swap = "UPDATE packets SET receipt = (SELECT max(receipt) FROM packets)";
            Ok(diesel::sql_query(swap).execute(tx.db().conn())?)
        })
        .await
        .unwrap();
    assert!(check().await.broken.contains(&promised[1]), "a receipt of another packet is none");
}
