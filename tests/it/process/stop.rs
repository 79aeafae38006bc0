//! SIGTERM: what is in flight is finished, nothing new is begun, and nothing that was answered is lost.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::Version;
use rustix::process::Signal;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{made, new_client, path};
use crate::support::process::{Machine, Member, Running, answer, client, until};

/// Requests that are in flight at once.
const FLIGHTS: usize = 32;
/// A hub that has nothing left to do ends much sooner than the grace it gives requests (`server.shutdown_seconds`, 30).
const SOON: Duration = Duration::from_secs(10);

/// A request that the hub is reading: it has the headers, has begun to wait for the body, and got half of it.
struct Flight {
    stream: TcpStream,
    name: String,
    rest: Vec<u8>,
}

impl Flight {
    async fn begin(hub: &Running, member: &Member, name: &str) -> Self {
        let mut body = new_client(name).to_string().into_bytes();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: hub.test\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             idempotency-key: {name}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            path(member),
            member.token,
            body.len()
        );
        let mut stream = TcpStream::connect(hub.url.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        let rest = body.split_off(body.len() / 2);
        stream.write_all(&body).await.unwrap();
        Self { stream, name: name.to_owned(), rest }
    }

    /// Sends the rest, and reads the answer until the hub hangs up.
    async fn finish(mut self) -> Value {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) =
            answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{}: {answer:?}", self.name));
        assert!(head.starts_with("HTTP/1.1 201 "), "{head}\n{body}");
        serde_json::from_str(body).unwrap()
    }
}

/// Waits until the hub has heard that it shall stop and takes no new connection.
async fn until_closed(hub: &Running) {
    until("the hub stops", async || hub.said().contains("stopping: no new requests")).await;
    until("new connections are refused", async || {
        let connected = TcpStream::connect(hub.url.strip_prefix("http://").unwrap()).await;
        connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_told_to_stop_finishes_what_is_in_flight_and_begins_nothing_new() {
    let machine = Machine::new();
    let mut member = machine.enrol("Harbour Aid").await;
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    // A connection that its client keeps for later: nobody waits for it.
    let idle = client();
    idle.get(format!("{}/health/live", hub.url)).send().await.unwrap();
    let mut flights = Vec::new();
    for n in 0..FLIGHTS {
        flights.push(Flight::begin(&hub, &member, &format!("flight-{n}")).await);
    }
    hub.tell(Signal::TERM);
    until_closed(&hub).await;
    let finishing: Vec<_> = flights.into_iter().map(|flight| tokio::spawn(flight.finish())).collect();
    let mut answered = BTreeSet::new();
    for flight in finishing {
        answered.insert(flight.await.unwrap()["id"].as_str().unwrap().to_owned());
    }
    let began = Instant::now();
    let ended = hub.ended().await.expect(0);
    assert!(began.elapsed() < SOON, "it waited for a connection on which nothing was asked");
    assert!(ended.err.contains("\"stopped\""), "{}", ended.err);
    drop(idle);

    let hub = machine.serve().await;
    let there = made(&hub, &member).await;
    let there: BTreeSet<_> = there.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(answered, there, "what was answered is not what is there");
    assert_eq!(there.len(), FLIGHTS);
    hub.kill();
    machine.run("audit verify").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_told_twice_to_stop_does_not_wait_and_harms_nothing() {
    let machine = Machine::new();
    let mut member = machine.enrol("Harbour Aid").await;
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    let before = Flight::begin(&hub, &member, "before").await;
    let never = Flight::begin(&hub, &member, "never").await;
    hub.tell(Signal::TERM);
    until_closed(&hub).await;
    before.finish().await;
    hub.tell(Signal::TERM);
    let began = Instant::now();
    hub.ended().await.expect(0);
    assert!(began.elapsed() < SOON, "it waited for the request all the same");
    drop(never);

    let mut hub = machine.serve().await;
    let there = made(&hub, &member).await;
    assert_eq!(there.iter().map(|item| item["name"].as_str().unwrap()).collect::<Vec<_>>(), ["before"]);
    // Ctrl-C, with nothing in flight.
    hub.tell(Signal::INT);
    hub.ended().await.expect(0);
    machine.run("audit verify").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_does_not_end_keeps_a_stopping_hub_no_longer_than_its_grace() {
    let machine = Machine::with(&[("SERVER__SHUTDOWN_SECONDS", "1")]);
    let mut member = machine.enrol("Harbour Aid").await;
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    let stuck = Flight::begin(&hub, &member, "stuck").await;
    hub.tell(Signal::TERM);
    let began = Instant::now();
    hub.ended().await.expect(0);
    assert!(began.elapsed() > Duration::from_millis(900), "it did not wait for the request at all");
    assert!(began.elapsed() < SOON, "it waited longer than the settings say");
    drop(stuck);
    machine.run("audit verify").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_for_the_database_is_answered_before_the_hub_ends_in_either_version_of_http() {
    let machine = Machine::on_sqlite();
    let mut member = machine.enrol("Harbour Aid").await;
    let mut hub = machine.serve().await;
    member.sign_in(&hub).await;
    let member = Arc::new(member);
    let second = || reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let somebody_else = machine.lock();
    let mut waiting = Vec::new();
    for (name, client) in [("first", client()), ("second", second())] {
        client.get(format!("{}/health/live", hub.url)).send().await.unwrap();
        let (member, url) = (Arc::clone(&member), format!("{}{}", hub.url, path(&member)));
        waiting.push(tokio::spawn(async move {
            let response = member.write(&client, &url, name, &new_client(name)).send().await.unwrap();
            (response.version(), answer(response).await.unwrap().expect(201))
        }));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    hub.tell(Signal::TERM);
    until_closed(&hub).await;
    drop(somebody_else);
    for (waiting, version) in waiting.into_iter().zip([Version::HTTP_11, Version::HTTP_2]) {
        assert_eq!(waiting.await.unwrap().0, version);
    }
    let began = Instant::now();
    hub.ended().await.expect(0);
    assert!(began.elapsed() < SOON, "it waited for connections on which nothing was asked");
    let hub = machine.serve().await;
    assert_eq!(made(&hub, &member).await.len(), 2);
}
