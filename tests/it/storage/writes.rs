//! Writers: batches, savepoints, panics, refusals, durability.

use diesel::connection::{Connection as _, SimpleConnection as _};
use throughline::{
    access::Tx,
    kernel::Coded,
    members::{self, EnrolStaff, MemberError},
    outbox::{self, Event, OutboxError},
    storage::StorageError,
};

use crate::support::TestHub;

fn say(tx: &mut Tx<'_>, topic: &'static str) -> Result<(), OutboxError> {
    outbox::say(tx, &Event { topic, organisation: None, payload: serde_json::json!({}) })
}

fn said(hub: &TestHub, topic: &'static str) -> usize {
    let everything = hub.everything_stored();
    // PostgreSQL shows bytes in hexadecimal.
    let hex = topic.bytes().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
    everything.matches(topic).count() + everything.matches(&hex).count()
}

#[actix_web::test]
async fn a_refusal_takes_its_rows_with_it_and_leaves_an_entry() {
    let hub = TestHub::new();
    let refused = hub
        .hub
        .write("test.refuse", &hub.operator(), |tx| {
            say(tx, "canary.refused")?;
            Err::<(), OutboxError>(StorageError::Conflict.into())
        })
        .await
        .unwrap_err();
    assert_eq!(refused.code().name(), "storage.conflict");
    assert_eq!(said(&hub, "canary.refused"), 0);
    assert!(said(&hub, "test.refuse") >= 1, "the refusal is in the log");
}

#[actix_web::test]
async fn a_panic_is_rolled_back_and_spoils_nobody_else_s_write() {
    let hub = TestHub::new();
    let caller = hub.operator();
    let bad = hub.hub.write::<(), OutboxError>("test.panic", &caller, |tx| {
        say(tx, "canary.panicked")?;
        panic!("on purpose")
    });
    let good = hub.hub.write("test.good", &caller, |tx| say(tx, "canary.good"));
    let (bad, good) = tokio::join!(bad, good);
    assert_eq!(bad.unwrap_err().code().name(), "storage.internal");
    good.unwrap();
    assert_eq!(said(&hub, "canary.panicked"), 0);
    assert!(said(&hub, "canary.good") >= 1);
}

#[actix_web::test]
async fn an_expected_duplicate_in_a_savepoint_leaves_the_rest_usable() {
    let hub = TestHub::new();
    hub.hub
        .write("test.savepoint", &hub.operator(), |tx| {
            let setting = tx.setting().clone();
            say(tx, "canary.before")?;
            let duplicate: Result<(), StorageError> = tx.savepoint(|_db| Err(StorageError::Conflict));
            assert!(duplicate.is_err());
            assert_eq!(tx.setting().entry, setting.entry);
            say(tx, "canary.after")
        })
        .await
        .unwrap();
    assert!(said(&hub, "canary.before") >= 1 && said(&hub, "canary.after") >= 1);
}

#[actix_web::test]
async fn a_unique_violation_is_a_refusal_and_the_next_write_goes_on() {
    let hub = TestHub::new();
    let enrol = |name: &str| EnrolStaff {
        name: name.parse().unwrap(),
        roles: vec![throughline::access::Role::Coordinator],
    };
    let write = |command: EnrolStaff| {
        let hub = &hub;
        async move {
            hub.hub
                .write("members.enrol_staff", &hub.operator(), move |tx| {
                    members::enrol_staff(tx, None, &command, 1)
                })
                .await
        }
    };
    write(enrol("first")).await.unwrap();
    assert_eq!(write(enrol("first")).await.unwrap_err().code().name(), "member.name_taken");
    write(enrol("second")).await.unwrap();
}

#[actix_web::test]
async fn a_reader_cannot_write() {
    let hub = TestHub::new();
    let refused =
        hub.hub.read(|db| outbox::forget_before(db, throughline::kernel::Timestamp::from_seconds(0))).await;
    assert!(refused.is_err(), "a read connection took a DELETE");
}

#[actix_web::test]
async fn many_writes_at_once_are_all_kept() {
    let hub = TestHub::new();
    let caller = hub.operator();
    let writes = (0..200).map(|_| hub.hub.write("test.many", &caller, |tx| say(tx, "canary.many")));
    for outcome in futures_join(writes).await {
        outcome.unwrap();
    }
    assert_eq!(hub.told("canary.many").await.len(), 200);
}

async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        all.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[actix_web::test]
async fn a_notice_shows_after_it_has_settled_and_only_to_its_organisation() {
    let hub = TestHub::new();
    let (ours, other) = (hub.org("Harbour Aid").await, hub.org("Clinic of the Lake").await);
    let to = ours.id;
    hub.hub
        .write::<_, MemberError>("test.notice", &hub.operator(), move |tx| {
            let payload = serde_json::json!({ "referral": "ref_1" });
            Ok(outbox::say(tx, &Event { topic: "referral.accepted", organisation: Some(to), payload })?)
        })
        .await
        .unwrap();
    let items =
        |response: crate::support::Response| response.expect(200).body["items"].as_array().unwrap().len();
    assert_eq!(items(ours.get(&hub, "/api/v1/notices").await), 0);
    hub.clock.advance(chrono::TimeDelta::seconds(3));
    assert_eq!(items(ours.get(&hub, "/api/v1/notices").await), 1);
    assert_eq!(items(other.get(&hub, "/api/v1/notices").await), 0);
}

#[actix_web::test]
async fn a_log_that_a_reader_kept_open_is_emptied_when_it_is_gone() {
    if crate::support::postgres().is_some() {
        // PostgreSQL looks after its own.
        return;
    }
    let hub = TestHub::new();
    let database = hub.hub.settings().database.url.strip_prefix("sqlite:").unwrap().to_owned();
    let log = || std::fs::metadata(format!("{database}-wal")).unwrap().len();
    let fill = async |statements: String| {
        let filling = hub
            .hub
            .tend::<_, StorageError>("test.fill", move |tx| Ok(tx.db().conn().batch_execute(&statements)?));
        filling.await.unwrap();
    };
    fill(String::from("CREATE TABLE filler (bytes BLOB)")).await;
    let mut reader = diesel::SqliteConnection::establish(&database).unwrap();
    reader.batch_execute("BEGIN; SELECT COUNT(*) FROM filler").unwrap();
    for _ in 0..8 {
        fill("INSERT INTO filler VALUES (zeroblob(10000000));".into()).await;
    }
    assert!(log() > 70_000_000, "it cannot begin anew while somebody reads: {}", log());
    reader.batch_execute("COMMIT").unwrap();
    // The writer tries again a second after it last did.
    for _ in 0..100 {
        fill("INSERT INTO filler VALUES (x'00');".into()).await;
        if log() < 1_000_000 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it stayed at {} bytes", log());
}

#[actix_web::test]
async fn a_write_that_reads_first_holds_the_lock_from_its_beginning() {
    if crate::support::postgres().is_some() {
        // PostgreSQL has no one lock for all writers.
        return;
    }
    let hub = TestHub::new();
    let database = hub.hub.settings().database.url.strip_prefix("sqlite:").unwrap().to_owned();
    let reading_first = hub.hub.tend::<_, OutboxError>("test.read_first", move |tx| {
        tx.db().conn().batch_execute("SELECT COUNT(*) FROM outbox").map_err(StorageError::from)?;
        let mut somebody = diesel::SqliteConnection::establish(&database).unwrap();
        let came_between = somebody.batch_execute("DELETE FROM outbox");
        assert!(
            came_between.is_err(),
            "what was read may be different now, and SQLite lets this write no more"
        );
        say(tx, "canary.read_first")
    });
    reading_first.await.unwrap();
    assert!(said(&hub, "canary.read_first") >= 1);
}

/// What a consumer claims for a minute, as the seqs of its messages; nothing when somebody else has the claim.
async fn claim(hub: &TestHub, token: &'static str) -> Option<Vec<i64>> {
    let end = hub.now().plus(chrono::TimeDelta::seconds(60));
    let claiming =
        hub.hub.tend::<_, OutboxError>("test.claim", move |tx| outbox::claim(tx, "courier", token, end, 2));
    let claimed = claiming.await.unwrap()?;
    assert_eq!(claimed.token, token);
    Some(claimed.messages.iter().map(|message| message.seq).collect())
}

async fn advance(hub: &TestHub, token: &'static str, seq: i64) -> Result<(), &'static str> {
    let advancing = move |tx: &mut Tx<'_>| outbox::advance(tx.db(), "courier", token, seq);
    hub.hub.tend("test.advance", advancing).await.map_err(|error| error.code().name())
}

#[actix_web::test]
async fn what_the_world_should_know_is_claimed_by_one_courier_at_a_time_and_by_another_when_it_is_gone() {
    let hub = TestHub::new();
    for _ in 0..3 {
        hub.hub.write("test.say", &hub.operator(), |tx| say(tx, "canary.told")).await.unwrap();
    }
    assert_eq!(claim(&hub, "first").await, Some(Vec::new()), "it has not settled yet");
    let seconds = async |n| hub.clock.advance(chrono::TimeDelta::seconds(n));
    seconds(61).await;
    let told = claim(&hub, "second").await.unwrap();
    assert_eq!(told.len(), 2, "no more than asked for");
    assert_eq!(claim(&hub, "third").await, None, "two at once");
    seconds(61).await;
    assert_eq!(claim(&hub, "third").await.as_ref(), Some(&told), "who is gone keeps it for ever");
    assert_eq!(advance(&hub, "second", told[1]).await, Err("storage.conflict"), "the claim is another's now");
    advance(&hub, "third", told[1]).await.unwrap();
    let last = claim(&hub, "fourth").await.unwrap();
    assert!(last.len() == 1 && last[0] > told[1], "{last:?} after {told:?}");

    // It could not be delivered: nobody tries before the time, and a courier that lost its claim puts nothing off.
    let again = hub.now().plus(chrono::TimeDelta::seconds(300));
    for token in ["second", "fourth"] {
        let failing = move |tx: &mut Tx<'_>| outbox::fail(tx.db(), "courier", token, again);
        let failed = hub.hub.tend("test.fail", failing).await.map_err(|error| error.code().name());
        assert_eq!(failed, if token == "fourth" { Ok(()) } else { Err("storage.conflict") });
        seconds(61).await;
        let next = claim(&hub, "fourth").await;
        assert_eq!(next.is_some(), token == "second", "{token}");
    }
    seconds(300).await;
    assert_eq!(claim(&hub, "fifth").await, Some(last));
}

#[actix_web::test]
async fn of_two_couriers_that_claim_at_once_for_the_first_time_one_hears_that_it_is_taken() {
    for keeps in [true, false] {
        let hub = TestHub::new();
        let (end, url) =
            (hub.now().plus(chrono::TimeDelta::seconds(60)), hub.hub.settings().database.url.clone());
        let (claimed, has_claimed) = tokio::sync::oneshot::channel();
        let mut claimed = Some(claimed);
        let first = hub.hub.tend::<_, OutboxError>("test.claim", move |tx| {
            assert!(outbox::claim(tx, "courier", "first", end, 2)?.is_some());
            if let Some(claimed) = claimed.take() {
                claimed.send(()).unwrap();
            }
            // On SQLite the other waits for this writer.
            if crate::support::postgres().is_some() {
                crate::support::wait_for_a_lock(&url);
            }
            if keeps { Ok(()) } else { Err(StorageError::Conflict.into()) }
        });
        let second = async {
            has_claimed.await.unwrap();
            claim(&hub, "second").await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.is_ok(), second), (keeps, (!keeps).then(Vec::new)));
    }
}
