//! The log: sequenced, proven, and every way to tamper with it found.

use diesel::RunQueryDsl as _;
use serde_json::json;
use throughline::{
    audit::{
        self, Detail, Finding, FindingKind, Held, LogVerifier, Proof, Record, Verification, Wanted,
        proof::leaves_of_bundle, tree,
    },
    kernel::Digest,
    storage::{Engine, StorageError},
};

use crate::support::{
    TestHub,
    packet::{Mechanism, take_back},
    send,
};

/// Writes that leave `count` entries, one of them with an object; answers their leaves.
async fn entries(hub: &TestHub, count: usize) -> Vec<Digest> {
    let mut leaves = Vec::new();
    for n in 0..count {
        let leaf = hub
            .hub
            .write("tests.one", &hub.operator(), move |tx| {
                let object = format!("ref_{n:032x}");
                audit::record(tx, &Record::about(&object))
            })
            .await
            .unwrap();
        leaves.push(leaf);
    }
    leaves
}

async fn sequence(hub: &TestHub) -> audit::Sequenced {
    let key = hub.hub.keys().log_key().unwrap();
    hub.hub.tend("audit.sequence", move |tx| audit::sequence(tx, &key)).await.unwrap()
}

fn verifier(hub: &TestHub) -> LogVerifier {
    hub.hub.keys().log_key().unwrap().verifier().clone()
}

async fn verify_with(hub: &TestHub, held: Held) -> Verification {
    let verifier = verifier(hub);
    hub.hub.read(move |db| audit::verify(db, &verifier, &held, &mut |_, _| {})).await.unwrap()
}

async fn verify(hub: &TestHub) -> Verification {
    verify_with(hub, Held::default()).await
}

fn kinds(found: &Verification) -> Vec<FindingKind> {
    let mut kinds: Vec<FindingKind> = found.findings.iter().map(|Finding { kind, .. }| *kind).collect();
    kinds.dedup();
    kinds
}

/// Does to the database what only somebody with its file or its superuser can do.
async fn tamper(hub: &TestHub, statement: &'static str) {
    hub.hub
        .tend::<_, StorageError>("tests.tamper", move |tx| {
            let engine = tx.db().engine();
            let conn = tx.db().conn();
            let mut run = |text: &str| diesel::sql_query(text.to_owned()).execute(conn);
            match engine {
                Engine::Sqlite => {
                    for table in ["entries", "tiles", "checkpoints"] {
                        for what in ["update", "delete"] {
                            run(&format!("DROP TRIGGER IF EXISTS audit_{table}_no_{what}"))?;
                        }
                    }
                    run("DROP TRIGGER IF EXISTS audit_pending_no_loss")?;
                    run(statement)?;
                }
                Engine::Postgres => {
                    run("SET LOCAL session_replication_role = replica")?;
                    run(statement)?;
                    run("SET LOCAL session_replication_role = origin")?;
                }
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[actix_web::test]
async fn entries_get_their_places_and_the_log_is_sound() {
    let hub = TestHub::new();
    let leaves = entries(&hub, 5).await;
    assert_eq!(verify(&hub).await.pending, 5);
    let done = sequence(&hub).await;
    assert_eq!((done.placed, done.size), (5, 5));
    assert_eq!(sequence(&hub).await.placed, 0);
    entries(&hub, 3).await;
    sequence(&hub).await;
    let found = verify_with(&hub, Held { leaves, checkpoints: Vec::new() }).await;
    assert_eq!(found.findings, []);
    assert_eq!((found.entries, found.checkpoints, found.pending, found.held_against), (8, 2, 0, 5));
}

#[actix_web::test]
async fn complete_tiles_are_kept_and_proofs_go_through_them() {
    let hub = TestHub::new();
    let leaves = entries(&hub, 300).await;
    sequence(&hub).await;
    entries(&hub, 300).await;
    sequence(&hub).await;
    let found = verify(&hub).await;
    assert_eq!((found.findings, found.tiles, found.entries), (Vec::new(), 2, 600));
    let verifier = verifier(&hub);
    for leaf in [leaves[0], leaves[255], leaves[256], leaves[299]] {
        let ours = verifier.clone();
        let proof = hub.hub.read(move |db| audit::prove(db, &ours, Wanted::Leaf(leaf), Detail::Whole)).await;
        let file = proof.unwrap().to_text();
        let proven = Proof::parse(&file).unwrap().check(&verifier, Some(leaf)).unwrap();
        assert_eq!(proven.checkpoint.size, 600);
        let entry = proven.entry.unwrap();
        let by_id = verifier.clone();
        let again =
            hub.hub.read(move |db| audit::prove(db, &by_id, Wanted::Entry(entry.id()), Detail::Path)).await;
        assert!(again.unwrap().entry.is_none());
    }
    let bytes = hub.hub.read(|db| audit::tile(db, "tile/entries/001".parse().unwrap())).await.unwrap();
    let tile = hub.hub.read(|db| audit::tile(db, "tile/0/001".parse().unwrap())).await.unwrap();
    let hashes: Vec<u8> =
        leaves_of_bundle(&bytes).unwrap().iter().flat_map(|leaf| *leaf.as_bytes()).collect();
    assert_eq!(hashes, tile);
    let partial = hub.hub.read(|db| audit::tile(db, "tile/1/000.p/2".parse().unwrap())).await.unwrap();
    assert_eq!(partial.len(), 64);
    let beyond = hub.hub.read(|db| audit::tile(db, "tile/0/003".parse().unwrap())).await;
    assert!(matches!(beyond, Err(audit::AuditError::NotInTree)));
}

#[actix_web::test]
async fn a_job_sequences_what_waits() {
    let hub = TestHub::new();
    entries(&hub, 3).await;
    hub.run_jobs().await;
    let found = verify(&hub).await;
    assert_eq!((found.pending, found.wrong), (0, 0));
    assert!(found.entries >= 3);
}

#[actix_web::test]
async fn a_backlog_is_placed_batch_by_batch() {
    let hub = TestHub::new();
    for slice in [200usize, 200, 200, 200, 200, 100] {
        let writing: Vec<_> = (0..slice)
            .map(|_| {
                let (hub, caller) = (hub.hub.clone(), hub.operator());
                actix_web::rt::spawn(async move {
                    hub.write::<_, StorageError>("tests.one", &caller, |_tx| Ok(())).await.unwrap();
                })
            })
            .collect();
        for one in writing {
            one.await.unwrap();
        }
    }
    assert_eq!(sequence(&hub).await.placed, 1_000);
    assert_eq!(sequence(&hub).await.placed, 100);
    let found = verify(&hub).await;
    assert_eq!((found.wrong, found.checkpoints, found.tiles), (0, 2, 4));
}

#[actix_web::test]
async fn the_log_cannot_be_changed_through_the_hub_s_own_connection() {
    let hub = TestHub::new();
    entries(&hub, 257).await;
    sequence(&hub).await;
    entries(&hub, 1).await;
    for statement in [
        "UPDATE audit_entries SET leaf = leaf",
        "DELETE FROM audit_entries WHERE place = 0",
        "UPDATE audit_tiles SET root = root",
        "DELETE FROM audit_tiles",
        "UPDATE audit_checkpoints SET root = root",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_pending SET leaf = leaf",
        "DELETE FROM audit_pending",
    ] {
        let refused = hub
            .hub
            .tend::<_, StorageError>("tests.tamper", move |tx| {
                Ok(diesel::sql_query(statement).execute(tx.db().conn())?)
            })
            .await
            .unwrap_err();
        let said = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
        assert!(
            said.contains("append-only") || refused.to_string().contains("refused"),
            "{statement}: {said}"
        );
    }
    assert_eq!(verify(&hub).await.wrong, 0);
}

#[actix_web::test]
async fn a_tampered_entry_is_found() {
    let hub = TestHub::new();
    entries(&hub, 4).await;
    sequence(&hub).await;
    tamper(
        &hub,
        "UPDATE audit_entries SET entry = (SELECT entry FROM audit_entries WHERE place = 0) WHERE place = 2",
    )
    .await;
    let found = verify(&hub).await;
    assert_eq!(kinds(&found), [FindingKind::EntryChanged, FindingKind::CheckpointWrong]);
    assert_eq!(found.findings[0].place, Some(2));
}

#[actix_web::test]
async fn an_entry_exchanged_together_with_its_leaf_is_found() {
    let hub = TestHub::new();
    entries(&hub, 4).await;
    sequence(&hub).await;
    tamper(&hub, "UPDATE audit_entries SET leaf = (SELECT leaf FROM audit_entries WHERE place = 0), entry = (SELECT entry FROM audit_entries WHERE place = 0) WHERE place = 2").await;
    assert!(kinds(&verify(&hub).await).contains(&FindingKind::CheckpointWrong));
}

#[actix_web::test]
async fn a_removed_row_is_found_in_the_middle_and_at_the_end() {
    let hub = TestHub::new();
    entries(&hub, 4).await;
    sequence(&hub).await;
    tamper(&hub, "DELETE FROM audit_entries WHERE place = 1").await;
    let found = verify(&hub).await;
    assert_eq!(kinds(&found), [FindingKind::EntryMissing]);
    assert!(found.findings.iter().any(|finding| finding.place == Some(1)));

    let hub = TestHub::new();
    entries(&hub, 4).await;
    sequence(&hub).await;
    tamper(&hub, "DELETE FROM audit_entries WHERE place = 3").await;
    assert!(kinds(&verify(&hub).await).contains(&FindingKind::Uncovered));
}

#[actix_web::test]
async fn a_log_cut_off_with_its_checkpoint_is_found_by_what_others_hold() {
    let hub = TestHub::new();
    entries(&hub, 3).await;
    sequence(&hub).await;
    let leaves = entries(&hub, 2).await;
    sequence(&hub).await;
    let kept = hub.hub.read(audit::checkpoint).await.unwrap();
    tamper(&hub, "DELETE FROM audit_entries WHERE place >= 3").await;
    tamper(&hub, "DELETE FROM audit_checkpoints WHERE size > 3").await;
    assert_eq!(verify(&hub).await.wrong, 0, "nothing left inside tells of it");
    let found = verify_with(&hub, Held { leaves, checkpoints: vec![kept] }).await;
    assert_eq!((found.wrong, kinds(&found)), (3, vec![FindingKind::Contradicted]));
}

#[actix_web::test]
async fn a_log_written_anew_is_contradicted_by_a_checkpoint_that_somebody_kept() {
    let hub = TestHub::new();
    entries(&hub, 3).await;
    sequence(&hub).await;
    let kept = hub.hub.read(audit::checkpoint).await.unwrap();
    for statement in ["DELETE FROM audit_entries", "DELETE FROM audit_checkpoints"] {
        tamper(&hub, statement).await;
    }
    entries(&hub, 5).await;
    sequence(&hub).await;
    assert_eq!(verify(&hub).await.wrong, 0);
    let found = verify_with(&hub, Held { leaves: Vec::new(), checkpoints: vec![kept] }).await;
    assert_eq!(kinds(&found), [FindingKind::Contradicted]);
}

#[actix_web::test]
async fn a_swapped_and_a_missing_tile_are_found_and_nothing_is_proven_from_them() {
    let hub = TestHub::new();
    entries(&hub, 513).await;
    sequence(&hub).await;
    let tile = hub.hub.read(|db| audit::tile(db, "tile/0/000".parse().unwrap())).await.unwrap();
    let leaf = Digest::from_slice(&tile[..32]).unwrap();
    tamper(
        &hub,
        "UPDATE audit_tiles SET hashes = (SELECT hashes FROM audit_tiles WHERE place = 1) WHERE place = 0",
    )
    .await;
    assert_eq!(kinds(&verify(&hub).await), [FindingKind::Tile]);
    let ours = verifier(&hub);
    let proof = hub.hub.read(move |db| audit::prove(db, &ours, Wanted::Leaf(leaf), Detail::Whole)).await;
    assert!(matches!(proof, Err(audit::AuditError::Broken(_))), "{proof:?}");
    tamper(&hub, "DELETE FROM audit_tiles WHERE place = 0").await;
    assert_eq!(kinds(&verify(&hub).await), [FindingKind::Tile]);
}

#[actix_web::test]
async fn a_forged_checkpoint_is_found() {
    let hub = TestHub::new();
    entries(&hub, 3).await;
    sequence(&hub).await;
    tamper(&hub, "UPDATE audit_checkpoints SET note = replace(note, 'rhn:zm', 'rhn:zz')").await;
    assert_eq!(kinds(&verify(&hub).await), [FindingKind::CheckpointForged]);

    let hub = TestHub::new();
    entries(&hub, 3).await;
    sequence(&hub).await;
    tamper(&hub, "UPDATE audit_checkpoints SET root = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'").await;
    assert_eq!(kinds(&verify(&hub).await), [FindingKind::CheckpointForged]);
}

#[actix_web::test]
async fn a_waiting_entry_that_vanished_is_found_by_the_row_it_made() {
    let hub = TestHub::new();
    hub.org("Harbour Aid").await;
    assert_eq!(verify(&hub).await.wrong, 0);
    tamper(&hub, "DELETE FROM audit_pending").await;
    let found = verify(&hub).await;
    assert_eq!(kinds(&found), [FindingKind::Unaudited]);
    assert!(found.rows > 0);
}

#[actix_web::test]
async fn a_sequencer_does_not_go_on_over_a_broken_log() {
    let hub = TestHub::new();
    entries(&hub, 3).await;
    sequence(&hub).await;
    tamper(&hub, "DELETE FROM audit_entries WHERE place = 2").await;
    entries(&hub, 1).await;
    let key = hub.hub.keys().log_key().unwrap();
    let refused = hub.hub.tend("audit.sequence", move |tx| audit::sequence(tx, &key)).await.unwrap_err();
    assert!(refused.to_string().contains("does not cover"), "{refused}");
}

#[actix_web::test]
async fn refusals_stand_in_the_log_with_their_code() {
    let hub = TestHub::new();
    let refused =
        hub.hub.write::<(), _>("tests.refused", &hub.operator(), |_tx| Err(StorageError::Conflict)).await;
    assert!(refused.is_err());
    sequence(&hub).await;
    let bytes = hub.hub.read(|db| audit::tile(db, "tile/entries/000.p/1".parse().unwrap())).await.unwrap();
    let facts = audit::entry::Facts::decode(&bytes[2..]).unwrap();
    assert_eq!(
        (facts.action.as_str(), facts.refused.as_deref()),
        ("tests.refused", Some("storage.conflict"))
    );
    assert_eq!(tree::empty_root(), Digest::of([]));
}

#[actix_web::test]
async fn a_receipt_s_holder_gets_a_proof_that_holds_without_the_node() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let leaf = entries(&hub, 1).await[0];
    hub.run_jobs().await;
    let key = send(&hub, None, "GET", "/api/v1/audit/key", &[], None).await.expect(200);
    let verifier = LogVerifier::parse(key.body.as_str().unwrap().trim()).unwrap();
    let path = format!("/api/v1/audit/proofs/{leaf}");
    let proof = org.get(&hub, &path).await.expect(200);
    let proof = Proof::parse(proof.body.as_str().unwrap()).unwrap();
    assert_eq!(proof.entry, None, "the holder of a leaf does not see the entry");
    proof.check(&verifier, Some(leaf)).unwrap();
    let note = org.get(&hub, "/api/v1/audit/checkpoint").await.expect(200);
    verifier.open(note.body.as_str().unwrap()).unwrap();

    let unknown = format!("/api/v1/audit/proofs/{}", Digest::of(b"never"));
    assert_eq!(org.get(&hub, &unknown).await.expect(404).code(), "audit.not_in_tree");
    org.get(&hub, "/api/v1/audit/proofs/short").await.expect(404);
    assert_eq!(org.get(&hub, "/api/v1/audit/tile/0/../000").await.status / 100, 4);
    assert_eq!(org.get(&hub, "/api/v1/audit/tile/0/00").await.expect(400).code(), "audit.not_a_tile");
    sequence(&hub).await;
    let found = verify(&hub).await;
    assert_eq!(found.wrong, 0);
}

#[actix_web::test]
async fn a_key_or_an_answer_that_no_entry_tells_of_is_found() {
    let mechanism = Mechanism::new().await;
    let (person, _, sealed, _) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    take_back(&mechanism.hub, &person, json!({})).await.expect(201);
    let hub = &mechanism.hub;
    assert_eq!(verify(hub).await.findings, []);
    for (table, statement) in [
        ("organisation_keys", "UPDATE organisation_keys SET audit_id = 'aud_none' WHERE role = 'sign'"),
        ("withdrawal_holders", "UPDATE withdrawal_holders SET audit_id = 'aud_none'"),
    ] {
        tamper(hub, statement).await;
        let found = verify(hub).await;
        let last = found.findings.last().unwrap();
        assert_eq!(last.kind, FindingKind::Unaudited);
        assert!(last.what.contains(table), "{}", last.what);
    }
}

#[actix_web::test]
async fn the_nightly_look_tells_what_it_found_and_the_hub_goes_on() {
    let hub = TestHub::new();
    entries(&hub, 3).await;
    hub.run_jobs().await;
    let ready = send(&hub, None, "GET", "/health/ready", &[], None).await.expect(200).body;
    assert_eq!((&ready["log"], &ready["ready"]), (&json!(true), &json!(true)));
    tamper(&hub, "UPDATE audit_entries SET leaf = 'another' WHERE place = 1").await;
    let failed = throughline::jobs::run_all(&hub.hub).await.unwrap_err();
    assert_eq!(failed.to_string(), "audit.unsound");
    let ready = send(&hub, None, "GET", "/health/ready", &[], None).await.expect(200).body;
    assert_eq!((&ready["log"], &ready["ready"]), (&json!(false), &json!(true)));
    let metrics = send(&hub, None, "GET", "/metrics", &[], None).await.body;
    assert!(metrics.as_str().unwrap().contains("\nthroughline_log_findings 1\n"));
}
