//! A disk that is full, and one that refuses: writes are turned away, reads go on, and nothing that was answered is lost.

use std::{collections::BTreeSet, sync::Arc};

use rustix::process::Signal;
use serde_json::Value;

use super::{made, new_client, path};
use crate::support::{
    Response, available,
    disk::SmallDisk,
    process::{Machine, Member, Running, answer, client, send, until},
};

/// More rounds of writes than the disk can hold.
const TOO_MANY: usize = 300;
/// Writes at once, so that one commit holds several.
const AT_ONCE: usize = 8;

/// A name, which is the Idempotency-Key as well, and a body.
type Asked = (String, Value);

/// What somebody writes until the disk refuses.
struct Writing {
    client: reqwest::Client,
    member: Arc<Member>,
    /// The ids of what was answered with success.
    done: BTreeSet<String>,
    refused: Vec<Asked>,
}

impl Writing {
    fn of(member: Member) -> Self {
        Self { client: client(), member: Arc::new(member), done: BTreeSet::new(), refused: Vec::new() }
    }

    /// Writes all of it at once; gives the refusals.
    async fn all(&mut self, hub: &Running, asked: Vec<Asked>) -> Vec<Response> {
        let url = format!("{}{}", hub.url, path(&self.member));
        let sent: Vec<_> = asked
            .into_iter()
            .map(|asked| {
                let sent = self.member.write(&self.client, &url, &asked.0, &asked.1).send();
                tokio::spawn(async move { (asked, answer(sent.await.unwrap()).await.unwrap()) })
            })
            .collect();
        let mut refusals = Vec::new();
        for sent in sent {
            let (asked, answer) = sent.await.unwrap();
            if answer.status == 201 {
                self.done.insert(answer.body["id"].as_str().unwrap().to_owned());
            } else {
                self.refused.push(asked);
                refusals.push(answer);
            }
        }
        refusals
    }

    /// Writes new things until the disk takes none of a round any more. Gives the refusals.
    async fn until_refused(&mut self, hub: &Running) -> Vec<Response> {
        let mut refusals = Vec::new();
        for round in 0..TOO_MANY {
            let names = (0..AT_ONCE).map(|n| format!("write-{round}-{n}"));
            let now = self.all(hub, names.map(|name| (name.clone(), new_client(&name))).collect()).await;
            let none_taken = now.len() == AT_ONCE;
            refusals.extend(now);
            if none_taken {
                assert!(self.done.len() > AT_ONCE, "the disk was full from the beginning");
                return refusals;
            }
        }
        panic!("the disk took everything");
    }

    /// Asks again for everything that was refused, with the same keys: now it is done.
    async fn again(&mut self, hub: &Running) {
        for asked in std::mem::take(&mut self.refused) {
            let refusals = self.all(hub, vec![asked]).await;
            assert!(refusals.is_empty(), "{refusals:?}");
        }
    }

    /// What was answered with success is there, each once; gives what else is.
    async fn beside(&self, hub: &Running) -> BTreeSet<String> {
        let there = made(hub, &self.member).await;
        let ids: BTreeSet<_> = there.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        let names: BTreeSet<_> = there.iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!((ids.len(), names.len()), (there.len(), there.len()), "something is there twice");
        assert!(ids.is_superset(&self.done), "something was answered and is lost");
        ids.difference(&self.done).cloned().collect()
    }

    /// What was answered with success is there, and nothing else.
    async fn holds(&self, hub: &Running) {
        assert_eq!(self.beside(hub).await, BTreeSet::new(), "something was refused and is there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_turns_writes_away_and_loses_nothing() {
    let mut machine = Machine::on_sqlite();
    let mut member = machine.enrol("Harbour Aid").await;
    let Some(mut disk) = available("a disk of 3 MB", SmallDisk::mount(machine.folder(), "3m")) else {
        return;
    };
    machine.set("DATABASE__URL", &format!("sqlite:{}", machine.folder().join("disk/hub.db").display()));
    machine.inside(disk.inside());
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    let mut writing = Writing::of(member);

    for refusal in writing.until_refused(&hub).await {
        assert_eq!((refusal.status, refusal.code()), (503, "storage.full"));
        assert!(refusal.headers.contains_key("retry-after"));
    }
    writing.holds(&hub).await;
    let ready = send(&hub.url, None, "/health/ready").await.unwrap().expect(503).body;
    for (part, good) in
        [("ready", false), ("disk", false), ("database", true), ("migrations", true), ("keys", true)]
    {
        assert_eq!(ready[part], good, "{part}");
    }
    send(&hub.url, None, "/health/live").await.unwrap().expect(204);

    // Killed and started again on the full disk: what it has it shows.
    hub.kill();
    hub = machine.start();
    hub.until_served().await;
    writing.holds(&hub).await;

    // Room is made, and the same process goes on.
    disk.resize("16m");
    until("the hub is ready again", async || {
        send(&hub.url, None, "/health/ready").await.unwrap().status == 200
    })
    .await;
    writing.again(&hub).await;
    writing.holds(&hub).await;
    hub.tell(Signal::TERM);
    hub.ended().await.expect(0);
    machine.run("audit verify").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_refuses_to_write_turns_writes_away_and_loses_nothing() {
    let mut machine = Machine::on_sqlite();
    let mut member = machine.enrol("Harbour Aid").await;
    // No file may grow beyond a megabyte or two: the system refuses the write as a broken disk does, and not as a full one.
    let limit = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    machine.inside(["sh", "-c", limit].map(String::from).into());
    machine.set("LOG__LEVEL", "off");
    let hub = machine.serve().await;
    member.sign_in(&hub).await;
    let mut writing = Writing::of(member);

    for refusal in writing.until_refused(&hub).await {
        let code = refusal.code();
        assert!(["storage.unreachable", "storage.outcome_unknown"].contains(&code), "{code}");
        assert_eq!(refusal.status, 503);
    }
    // What the system refused in the middle of a commit may come to light when the file is opened anew; nobody was told otherwise.
    writing.beside(&hub).await;
    hub.kill();

    machine.inside(Vec::new());
    let mut hub = machine.serve().await;
    writing.beside(&hub).await;
    writing.again(&hub).await;
    writing.holds(&hub).await;
    hub.tell(Signal::TERM);
    hub.ended().await.expect(0);
    machine.run("audit verify").expect(0);
}

#[tokio::test]
async fn a_backup_or_restore_that_finds_no_room_leaves_what_was_there() {
    let mut machine = Machine::on_sqlite();
    machine.enrol("Harbour Aid").await;
    let size = std::fs::metadata(machine.folder().join("hub.db")).unwrap().len() * 3 / 2;
    let disk = available("a disk for one copy", SmallDisk::mount(machine.folder(), &size.to_string()));
    let Some(disk) = disk else { return };
    let (file, copy) = (machine.folder().join("disk/hub.db"), machine.folder().join("disk/copy.db"));
    machine.set("DATABASE__URL", &format!("sqlite:{}", file.display()));
    machine.inside(disk.inside());
    let before = std::fs::read(disk.seen(&file)).unwrap();
    let refused = machine.run(&format!("db backup {}", copy.display())).expect(75);
    refused.expect_code("storage.full");
    assert!(!disk.seen(&copy).exists(), "half a backup is there");
    let outside = machine.folder().join("hub.db");
    let refused = machine.run(&format!("db restore {}", outside.display())).expect(75);
    refused.expect_code("storage.full");
    for entry in std::fs::read_dir(disk.seen(&machine.folder().join("disk"))).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            ["hub.db", "hub.db-wal", "hub.db-shm", "hub.lock"].contains(&name.as_str()),
            "{name} is there"
        );
    }
    assert!(std::fs::read(disk.seen(&file)).unwrap() == before, "the database was changed");
    machine.run("audit verify").expect(0);
}
