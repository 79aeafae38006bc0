//! SIGKILL at any moment: what was answered with success is there, and nothing is there twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use super::{made, new_client, path};
use crate::support::process::{Machine, Member, answer, client};

/// How often the hub is killed under load.
const KILLS: usize = 200;
/// Clients that write at once.
const WRITERS: usize = 6;
/// The latest moment of a kill, counted from the first request.
const LATEST: Duration = Duration::from_millis(120);

/// A write that somebody asked for.
#[derive(Clone)]
struct Asked {
    key: String,
    body: Value,
    /// What the hub answered with success, when it came to that.
    answered: Option<Value>,
}

/// What the load consists of: the n-th write. Each is made once, whoever repeats it.
fn nth(n: usize) -> Asked {
    Asked { key: format!("kill-{n}"), body: new_client(&format!("client {n}")), answered: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_at_any_moment_keeps_what_it_answered_and_doubles_nothing() {
    let machine = Machine::new();
    let mut member = machine.enrol("Harbour Aid").await;
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    let load = Load { member: Arc::new(member), client: client(), sent: Arc::new(AtomicUsize::new(0)) };
    let mut moments = Moments(0x7468_726f_7567_686c);
    let mut all = BTreeMap::new();
    let mut unanswered = 0;
    for round in 0..KILLS {
        let writers: Vec<_> =
            (0..WRITERS).map(|_| tokio::spawn(load.clone().until_it_dies(hub.url.clone()))).collect();
        tokio::time::sleep(moments.before(LATEST)).await;
        hub.kill();
        if round % 10 == 0 {
            let starting = machine.start();
            tokio::time::sleep(moments.before(LATEST)).await;
            starting.kill();
        }
        hub = machine.serve().await;
        for writer in writers {
            let asked = writer.await.unwrap();
            unanswered += asked.iter().filter(|asked| asked.answered.is_none()).count();
            let repeated: Vec<_> = asked
                .into_iter()
                .map(|asked| tokio::spawn(load.clone().repeat(hub.url.clone(), asked)))
                .collect();
            for asked in repeated {
                let asked = asked.await.unwrap();
                all.insert(asked.key.clone(), asked);
            }
        }
    }
    let there = made(&hub, &load.member).await;
    hub.kill();
    let names: BTreeSet<&str> = there.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), there.len()), (all.len(), all.len()), "something is missing, or there twice");
    let ids: BTreeSet<&str> = there.iter().map(|item| item["id"].as_str().unwrap()).collect();
    for asked in all.values() {
        let answered = asked.answered.as_ref().unwrap()["id"].as_str().unwrap();
        assert!(ids.contains(answered), "{answered} was answered and is lost");
    }
    println!("{KILLS} kills, {} writes, {unanswered} unanswered", all.len());
    assert!(unanswered > KILLS / 2, "the kills hit no request in flight");
    machine.run("audit verify").expect(0);
}

#[derive(Clone)]
struct Load {
    member: Arc<Member>,
    client: reqwest::Client,
    sent: Arc<AtomicUsize>,
}

impl Load {
    /// Writes, one after the other, until the hub is gone.
    async fn until_it_dies(self, url: String) -> Vec<Asked> {
        let mut done = Vec::new();
        loop {
            let mut asked = nth(self.sent.fetch_add(1, Ordering::Relaxed));
            let response = match self.send(&url, &asked).await {
                Ok(response) => answer(response).await,
                Err(gone) => Err(gone),
            };
            asked.answered = response.ok().map(|response| response.expect(201).body);
            let gone = asked.answered.is_none();
            done.push(asked);
            if gone {
                return done;
            }
        }
    }

    /// Asks again with the same key, twice. What was answered before must be remembered; what was not is done now, if it was not done
    /// then.
    async fn repeat(self, url: String, mut asked: Asked) -> Asked {
        for _ in 0..2 {
            let response = self.send(&url, &asked).await.unwrap();
            let replayed = response.headers().contains_key("idempotent-replayed");
            let body = answer(response).await.unwrap().expect(201).body;
            if let Some(before) = &asked.answered {
                assert!(replayed, "{} was answered with success and is lost", asked.key);
                assert_eq!(before, &body, "{} has another answer now", asked.key);
            }
            asked.answered = Some(body);
        }
        asked
    }

    async fn send(&self, url: &str, asked: &Asked) -> reqwest::Result<reqwest::Response> {
        let path = format!("{url}{}", path(&self.member));
        self.member.write(&self.client, &path, &asked.key, &asked.body).send().await
    }
}

/// Moments that vary from kill to kill and are the same in every run.
struct Moments(u64);

impl Moments {
    fn before(&mut self, latest: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let micros = u64::try_from(latest.as_micros()).unwrap();
        Duration::from_micros(self.0 % micros)
    }
}
