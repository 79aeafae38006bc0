//! SIGKILL at any moment: what was answered with success is there, and nothing is there twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use throughline::kernel::time::{Clock as _, SystemClock};

use super::{made, new_client, path};
use crate::support::{
    TestHub,
    packet::{Mechanism, seal},
    process::{Machine, Member, Running, answer, client, send, until},
};

/// How often the hub is killed under load.
const KILLS: usize = 200;
/// Those who register machine clients, at once.
const REGISTRARS: usize = 4;
/// Those who refer people, at once.
const REFERRERS: usize = 2;
/// How many people each of them can refer until the hub dies.
const PEOPLE: usize = 2;
/// The latest moment of a kill, counted from the first request.
const LATEST: Duration = Duration::from_millis(120);

/// A write that somebody asks for, once, whoever repeats it.
#[derive(Clone)]
struct Asked {
    key: String,
    path: String,
    media: &'static str,
    body: Vec<u8>,
    /// What the hub answered with success, when it came to that.
    answered: Option<Value>,
}

impl Asked {
    fn json(key: String, path: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { key, path: path.to_owned(), media: "application/json", body, answered: None }
    }

    fn answer(&self, member: &str) -> &str {
        self.answered.as_ref().unwrap()[member].as_str().unwrap()
    }
}

/// What one writer does until the hub dies: the next write, or nothing any more.
type Writes = Box<dyn Iterator<Item = Asked> + Send>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_at_any_moment_keeps_what_it_answered_and_doubles_nothing() {
    let mechanism = Mechanism::on(TestHub::at(SystemClock.now()), |text| {
        text["volumes"]["packets_per_day"] = json!(10_000);
    });
    let mechanism = mechanism.await;
    let machine = Machine::taking_over(&mechanism.hub).await;
    let (mut harbour, mut clinic) = (Member::from(&mechanism.harbour), Member::from(&mechanism.clinic));
    let mut hub = machine.serve().await;
    harbour.sign_in(&hub).await;
    clinic.sign_in(&hub).await;
    let load = Load { member: Arc::new(harbour), client: client(), sent: Arc::new(AtomicUsize::new(0)) };
    let mut moments = Moments(0x7468_726f_7567_686c);
    let (mut all, mut unanswered) = (BTreeMap::new(), 0);
    for round in 0..KILLS {
        let registrars = (0..REGISTRARS).map(|_| load.registrar());
        let referrers = (0..REFERRERS).map(|n| referrer(&mechanism, &format!("{round}-{n}")));
        let lists: Vec<Writes> = registrars.chain(referrers).collect();
        let writers = lists.into_iter().map(|writes| {
            let (load, url) = (load.clone(), hub.url.clone());
            tokio::spawn(load.until_it_dies(url, writes))
        });
        let writers: Vec<_> = writers.collect();
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
    clients_are_there_once(&hub, &load.member, &of(&all, "client")).await;
    let referred = of(&all, "packet");
    referrals_are_there_once(&hub, [&load.member, &clinic], &referred).await;
    hub.kill();
    println!("{KILLS} kills, {} writes, {} packets, {unanswered} unanswered", all.len(), referred.len());
    // How much comes through depends on the machine; what came through is held to above.
    assert!(unanswered > KILLS / 10, "the kills hit no request in flight");
    assert!(referred.len() > KILLS / 10, "too few packets were handed in");
    machine.run("audit verify").expect(0);
}

fn of<'a>(all: &'a BTreeMap<String, Asked>, kind: &str) -> Vec<&'a Asked> {
    all.values().filter(|asked| asked.key.starts_with(kind)).collect()
}

async fn clients_are_there_once(hub: &Running, member: &Member, asked: &[&Asked]) {
    let there = made(hub, member).await;
    let names: BTreeSet<&str> = there.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(
        (names.len(), there.len()),
        (asked.len(), asked.len()),
        "something is missing, or there twice"
    );
    let ids: BTreeSet<&str> = there.iter().map(|item| item["id"].as_str().unwrap()).collect();
    for asked in asked {
        assert!(ids.contains(asked.answer("id")), "{} was answered and is lost", asked.key);
    }
}

/// Each packet waits once, each referral is there once, and its recipient was told once.
async fn referrals_are_there_once(hub: &Running, [sender, recipient]: [&Member; 2], asked: &[&Asked]) {
    let answers = |member: &str| -> Vec<String> {
        let mut all: Vec<String> = asked.iter().map(|asked| asked.answer(member).to_owned()).collect();
        all.sort();
        all
    };
    let named = |items: Vec<Value>, path: &str| -> Vec<String> {
        let name = |item: &Value| item.pointer(path).unwrap().as_str().unwrap().to_owned();
        let mut all: Vec<String> = items.iter().map(name).collect();
        all.sort();
        all
    };
    let (packets, referrals) = (answers("packet"), answers("referral"));
    assert_eq!(named(listed(hub, recipient, "packets?").await, "/id"), packets);
    assert_eq!(named(listed(hub, sender, "referrals?tray=sent&").await, "/id"), referrals);
    assert_eq!(named(listed(hub, recipient, "referrals?tray=inbox&").await, "/id"), referrals);
    let told = async || {
        let mut notices = listed(hub, recipient, "notices?").await;
        notices.retain(|notice| notice["topic"] == "referral.submitted");
        named(notices, "/payload/referral")
    };
    until("every notice has rested", async || told().await.len() >= referrals.len()).await;
    assert_eq!(told().await, referrals);
}

/// Every page of a list; `what` ends where its own parameters end.
async fn listed(hub: &Running, by: &Member, what: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/{what}limit=200{after}");
        let page = send(&hub.url, Some(&by.token), &path).await.unwrap().expect(200).body;
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

/// Refers people: registers what each consented to, and hands the packet in.
fn referrer(mechanism: &Mechanism, name: &str) -> Writes {
    let mut writes = Vec::new();
    for n in 0..PEOPLE {
        let person = mechanism.person();
        let certified = mechanism.certificate(&person, &mechanism.clinic);
        let certificate = json!({ "certificate": certified.token });
        writes.push(Asked::json(format!("consent-{name}-{n}"), "/api/v1/certificates", &certificate));
        writes.push(Asked {
            key: format!("packet-{name}-{n}"),
            path: "/api/v1/packets".to_owned(),
            media: "application/rp1+json",
            body: seal(&mechanism.harbour, mechanism.draft(&person, &certified)).body,
            answered: None,
        });
    }
    Box::new(writes.into_iter())
}

#[derive(Clone)]
struct Load {
    member: Arc<Member>,
    client: reqwest::Client,
    sent: Arc<AtomicUsize>,
}

impl Load {
    /// Registers machine clients without end.
    fn registrar(&self) -> Writes {
        let (sent, path) = (Arc::clone(&self.sent), path(&self.member));
        Box::new(std::iter::repeat_with(move || {
            let n = sent.fetch_add(1, Ordering::Relaxed);
            Asked::json(format!("client-{n}"), &path, &new_client(&format!("client {n}")))
        }))
    }

    /// Writes, one after the other, until the hub is gone.
    async fn until_it_dies(self, url: String, writes: Writes) -> Vec<Asked> {
        let mut done = Vec::new();
        for mut asked in writes {
            let response = match self.send(&url, &asked, true).await {
                Ok(response) => answer(response).await,
                Err(gone) => Err(gone),
            };
            asked.answered = response.ok().map(|response| response.expect(201).body);
            let gone = asked.answered.is_none();
            done.push(asked);
            if gone {
                break;
            }
        }
        done
    }

    /// Asks again with the same key, twice. What was answered before must be remembered; what was not is done now, if it was not done
    /// then. A packet is known by itself, so it gets its receipt without a key as well.
    async fn repeat(self, url: String, mut asked: Asked) -> Asked {
        for _ in 0..2 {
            let response = self.send(&url, &asked, true).await.unwrap();
            let replayed = response.headers().contains_key("idempotent-replayed");
            let body = answer(response).await.unwrap().expect(201).body;
            if let Some(before) = &asked.answered {
                assert!(replayed, "{} was answered with success and is lost", asked.key);
                assert_eq!(before, &body, "{} has another answer now", asked.key);
            }
            asked.answered = Some(body);
        }
        if asked.key.starts_with("packet") {
            let again = answer(self.send(&url, &asked, false).await.unwrap()).await.unwrap().expect(201).body;
            assert_eq!((&again["again"], &again["receipt"]), (&json!(true), &json!(asked.answer("receipt"))));
        }
        asked
    }

    async fn send(&self, url: &str, asked: &Asked, with_key: bool) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(format!("{url}{}", asked.path)).bearer_auth(&self.member.token);
        let request = request.header("content-type", asked.media).body(asked.body.clone());
        if with_key {
            request.header("idempotency-key", &asked.key).send().await
        } else {
            request.send().await
        }
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
