//! The database goes away under a hub that serves: refusals in bounded time, no lie about what was done, and no restart when it is back.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use super::{
    made, new_client, path,
    start::{LATER, refused},
};
use crate::support::{
    Response, postgres,
    process::{Machine, Member, Running, answer, client, send, until},
    proxy::{Line, Proxy},
};

/// Requests that are sent at once.
const REQUESTS: usize = 12;
/// `database.lock_timeout_seconds`: how long a request may wait for a connection.
const WAIT: &str = "2";
/// What is answered in bounded time is answered by then.
const BOUND: Duration = Duration::from_secs(15);

/// A hub whose line to PostgreSQL is in our hands.
struct World {
    machine: Machine,
    proxy: Proxy,
    hub: Running,
    member: Arc<Member>,
    client: reqwest::Client,
}

impl World {
    /// Nothing without a PostgreSQL server; says so.
    async fn new(overrides: &[(&str, &str)]) -> Option<Self> {
        if postgres().is_none() {
            eprintln!("SKIPPED: THROUGHLINE_TEST_DATABASE_URL names no PostgreSQL server");
            return None;
        }
        let mut machine = Machine::with(&[("DATABASE__LOCK_TIMEOUT_SECONDS", WAIT)]);
        let mut member = machine.enrol("Harbour Aid").await;
        let (login, rest) = machine.database().split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let proxy = Proxy::to(server).await;
        let url = format!("{login}@{}/{name}?sslmode=disable", proxy.address());
        machine.set("DATABASE__URL", &url);
        for (setting, value) in overrides {
            machine.set(setting, value);
        }
        let hub = machine.serve().await;
        member.sign_in(&hub).await;
        Some(Self { machine, proxy, hub, member: Arc::new(member), client: client() })
    }

    /// Begins a write; the key of its client and its Idempotency-Key come with its name.
    fn write(&self, name: &str) -> tokio::task::JoinHandle<Answered> {
        let (member, client) = (Arc::clone(&self.member), self.client.clone());
        let asked = (name.to_owned(), new_client(name));
        let url = format!("{}{}", self.hub.url, path(&self.member));
        tokio::spawn(async move { Answered::of(member, client, url, asked).await })
    }

    fn read(&self) -> tokio::task::JoinHandle<Response> {
        let (url, token, path) = (self.hub.url.clone(), self.member.token.clone(), path(&self.member));
        tokio::spawn(async move { send(&url, Some(&token), &path).await.unwrap() })
    }

    /// Asks again with the same key and body.
    async fn again(&self, before: &Answered) -> Answered {
        let url = format!("{}{}", self.hub.url, path(&self.member));
        Answered::of(Arc::clone(&self.member), self.client.clone(), url, before.asked.clone()).await
    }

    async fn ready(&self) -> Response {
        send(&self.hub.url, None, "/health/ready").await.unwrap()
    }

    async fn until_ready(&self) {
        until("the hub is ready again", async || self.ready().await.status == 200).await;
    }

    /// Ends the hub, and holds what is there against what should be: each name once, and a log that verifies.
    async fn holds(self, names: &[String]) {
        let there = made(&self.hub, &self.member).await;
        let there: Vec<&str> = there.iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(there.len(), names.len(), "something is missing, or there twice: {there:?}");
        let (there, names): (BTreeSet<_>, BTreeSet<_>) =
            (there.into_iter().collect(), names.iter().map(String::as_str).collect());
        assert_eq!(there, names);
        self.hub.kill();
        self.machine.run("audit verify").expect(0);
    }
}

/// A write with its answer.
struct Answered {
    asked: (String, Value),
    answer: Response,
    took: Duration,
}

impl Answered {
    async fn of(member: Arc<Member>, client: reqwest::Client, url: String, asked: (String, Value)) -> Self {
        let began = Instant::now();
        let response = member.write(&client, &url, &asked.0, &asked.1).send().await.unwrap();
        let answer = answer(response).await.unwrap();
        Self { asked, answer, took: began.elapsed() }
    }
}

fn names(prefix: &str) -> Vec<String> {
    (0..REQUESTS).map(|n| format!("{prefix}-{n}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_said_in_bounded_time_and_used_again_when_it_is_back() {
    let Some(mut world) = World::new(&[]).await else { return };
    world.write("before").await.unwrap().answer.expect(201);
    world.proxy.down().await;

    let reading: Vec<_> = (0..REQUESTS).map(|_| world.read()).collect();
    let writing: Vec<_> = names("during").iter().map(|name| world.write(name)).collect();
    let began = Instant::now();
    let ready = world.ready().await.expect(503).body;
    assert_eq!((&ready["ready"], &ready["database"]), (&Value::Bool(false), &Value::Bool(false)));
    send(&world.hub.url, None, "/health/live").await.unwrap().expect(204);
    for reading in reading {
        let answer = reading.await.unwrap().expect(503);
        assert_eq!(answer.code(), "storage.unreachable");
        assert!(answer.headers.contains_key("retry-after"));
    }
    let mut refused = Vec::new();
    for writing in writing {
        let writing = writing.await.unwrap();
        assert_eq!((writing.answer.status, writing.answer.code()), (503, "storage.unreachable"));
        refused.push(writing);
    }
    assert!(began.elapsed() < BOUND, "that took {:?}", began.elapsed());

    world.proxy.up().await;
    world.until_ready().await;
    for before in &refused {
        world.again(before).await.answer.expect(201);
    }
    let mut all = names("during");
    all.push("before".into());
    world.holds(&all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_are_replaced_and_nobody_notices() {
    let Some(world) = World::new(&[]).await else { return };
    for name in names("cut") {
        world.proxy.cut();
        world.read().await.unwrap().expect(200);
        world.proxy.cut();
        world.write(&name).await.unwrap().answer.expect(201);
    }
    world.holds(&names("cut")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_said_to_be_unknown_and_its_repetition_tells() {
    // No job commits, so that the COMMIT which is lost is that of a request.
    let Some(world) = World::new(&[("JOBS__ENABLED", "false"), ("DATABASE__WRITERS", "1")]).await else {
        return;
    };
    let mut all = Vec::new();
    for (line, was_done) in [(Line::LosesAnswer, true), (Line::LosesCommit, false)] {
        world.proxy.set(line);
        let names = names(&format!("{line:?}"));
        let writing: Vec<_> = names.iter().map(|name| world.write(name)).collect();
        let mut unknown = 0;
        for writing in writing {
            let first = writing.await.unwrap();
            let known = first.answer.status == 201;
            if !known {
                assert_eq!((first.answer.status, first.answer.code()), (503, "storage.outcome_unknown"));
                assert!(first.answer.headers.contains_key("retry-after"));
                unknown += 1;
            }
            let second = world.again(&first).await.answer.expect(201);
            let replayed = second.headers.contains_key("idempotent-replayed");
            assert_eq!(replayed, known || was_done, "{} is not what happened", first.asked.0);
            let third = world.again(&first).await.answer.expect(201);
            assert!(third.headers.contains_key("idempotent-replayed"));
            assert_eq!(second.body, third.body);
            if known {
                assert_eq!(first.answer.body, second.body);
            }
        }
        assert!(unknown > 0 && world.proxy.is_good(), "no commit was lost");
        all.extend(names);
    }
    world.holds(&all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_holds_no_request_and_no_shutdown_for_ever() {
    let limits = [("LIMITS__REQUEST_SECONDS", "3"), ("SERVER__SHUTDOWN_SECONDS", "2")];
    let Some(mut world) = World::new(&limits).await else { return };
    world.proxy.set(Line::Silent);
    let (reading, writing) = (world.read(), world.write("slow"));
    let ready = world.ready().await.expect(503);
    assert_eq!(ready.body["database"], false, "{}", ready.body);
    let read = reading.await.unwrap().expect(503);
    let write = writing.await.unwrap();
    for code in [read.code(), write.answer.code()] {
        assert!(["api.too_slow", "storage.unreachable", "storage.busy"].contains(&code), "{code}");
    }
    for answer in [&read, &write.answer] {
        assert_eq!(answer.body["request"], answer.headers["x-request-id"].to_str().unwrap());
    }
    assert!(write.took < BOUND);

    world.proxy.set(Line::Good);
    world.until_ready().await;
    world.again(&write).await.answer.expect(201);

    world.proxy.set(Line::Silent);
    let (reading, writing) = (world.read(), world.write("never"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.hub.tell(Signal::TERM);
    let began = Instant::now();
    world.hub.ended().await.expect(0);
    assert!(began.elapsed() < BOUND, "that took {:?}", began.elapsed());
    let said = world.hub.said();
    assert!(said.contains("the database does not answer"), "{said}");
    reading.abort();
    writing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_is_a_database_that_is_away() {
    let Some(world) = World::new(&[]).await else { return };
    let name = world.machine.database().rsplit_once('/').unwrap().1.to_owned();
    world.machine.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    world.proxy.cut();
    let (write, read) = (world.write("early").await.unwrap(), world.read().await.unwrap());
    let ready = world.ready().await.expect(503).body;
    assert_eq!((&ready["database"], &ready["writes"]), (&true.into(), &false.into()), "{ready}");
    refused(&world.machine, "serve", LATER, &["storage.read_only", "takes no writes", "database.url"]).await;
    world.machine.run("doctor").expect_code("doctor.not_well");
    world.machine.sql(&format!(
        "SET transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only"
    ));
    world.proxy.cut();
    read.expect(200);
    world.ready().await.expect(200);
    assert_eq!((write.answer.status, write.answer.code()), (503, "storage.unreachable"));
    world.again(&write).await.answer.expect(201);
    world.holds(&["early".into()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_takes_too_long_is_given_up_with_an_answer_like_any_other() {
    let mut machine = Machine::on_sqlite();
    machine.set("LIMITS__REQUEST_SECONDS", "1");
    let mut member = machine.enrol("Harbour Aid").await;
    let hub = machine.serve().await;
    member.sign_in(&hub).await;
    let url = format!("{}{}", hub.url, path(&member));
    let member = Arc::new(member);
    let somebody_else = machine.lock();
    let asked = (String::from("slow"), new_client("slow"));
    let slow =
        Answered::of(Arc::clone(&member), client(), url.clone(), asked.clone()).await.answer.expect(503);
    assert_eq!(slow.code(), "api.too_slow");
    assert_eq!(slow.body["request"], slow.headers["x-request-id"].to_str().unwrap());
    assert_eq!(slow.headers["x-content-type-options"], "nosniff");
    let metrics = send(&hub.url, None, "/metrics").await.unwrap().expect(200).body;
    let counted =
        metrics.as_str().unwrap().lines().any(|line| line.contains("POST") && line.contains("\"503\""));
    assert!(counted, "{metrics}");
    drop(somebody_else);
    Answered::of(Arc::clone(&member), client(), url, asked).await.answer.expect(201);
    assert_eq!(made(&hub, &member).await.len(), 1);
}
