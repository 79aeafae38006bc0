//! The load: so many connections, each with one request at a time on the same connection, and how long each request took.
//!
//! The client is as plain as one can be, a thread and a socket for each connection: load and hub share the cores, and what a full
//! client takes of them would be missing in the hub that is measured.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    cli::CliError,
    kernel::{Code, Fault},
};

/// How long the hub may take for one answer before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1_048_576;

/// What is sent, and with whose token.
#[derive(Clone, Copy)]
pub(super) struct Aim<'a> {
    /// Where the hub serves.
    pub(super) address: SocketAddr,
    /// How it is asked.
    pub(super) ask: Ask<'a>,
    /// Access token.
    pub(super) token: &'a str,
    /// Connections.
    pub(super) connections: usize,
    /// How many requests go before those that are counted.
    pub(super) warm_up: usize,
}

/// How the hub is asked.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    /// Where bodies are handed in.
    pub(super) path: &'a str,
    /// Their media type.
    pub(super) media: &'a str,
    /// The status that means yes.
    pub(super) expected: u16,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Outcome {
    /// How long each counted request took that was accepted, shortest first.
    pub(super) latencies: Vec<Duration>,
    /// How many counted requests were refused.
    pub(super) refused: usize,
    /// What was said to the first that was refused, counted or not.
    pub(super) complaint: Option<String>,
    /// From the first counted request to the last answer.
    pub(super) took: Duration,
    /// Bytes of all counted answers.
    pub(super) bytes: usize,
}

impl Outcome {
    /// The error that it is when the hub took nothing.
    pub(super) fn turned_away(&self) -> CliError {
        let said = self.complaint.as_deref().unwrap_or("nothing");
        CliError::new(
            Code::new("bench.refused", Fault::Refused),
            format!("the hub took none of it; it said: {said}"),
        )
    }
}

/// Sends every body that `bodies` gives, by number from 0 until it gives none, and waits for all the answers. `at_start` is called when
/// the first counted request goes out.
pub(super) fn send_all(
    aim: Aim<'_>,
    bodies: &(impl Fn(usize, &mut Vec<u8>) -> std::io::Result<bool> + Sync),
    at_start: &(impl Fn() + Sync),
) -> Result<Outcome, CliError> {
    let next = AtomicUsize::new(0);
    let started = Mutex::new(None::<Instant>);
    let start = || {
        *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        at_start();
    };
    let outcomes = std::thread::scope(|scope| {
        let connection = |_number| {
            let (next, start) = (&next, &start);
            scope.spawn(move || Connection::open(aim)?.send(bodies, next, start))
        };
        let sending: Vec<_> = (0..aim.connections.max(1)).map(connection).collect();
        let panicked = |_panicked| std::io::Error::other("a connection panicked");
        sending.into_iter().map(|sent| sent.join().map_err(panicked)?).collect::<std::io::Result<Vec<_>>>()
    })
    .map_err(|error| {
        CliError::new(Code::new("bench.load", Fault::Unavailable), format!("the hub did not answer: {error}"))
    })?;
    let started = *started.lock().unwrap_or_else(PoisonError::into_inner);
    let ended = outcomes.iter().filter_map(|sent| sent.last).max();
    let mut outcome = Outcome {
        took: started.zip(ended).map(|(from, to)| to.saturating_duration_since(from)).unwrap_or_default(),
        ..Outcome::default()
    };
    for sent in outcomes {
        outcome.latencies.extend(sent.latencies);
        outcome.refused = outcome.refused.saturating_add(sent.refused);
        outcome.bytes = outcome.bytes.saturating_add(sent.bytes);
        outcome.complaint = outcome.complaint.or(sent.complaint);
    }
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

/// What one connection has to tell.
#[derive(Default)]
struct Sent {
    latencies: Vec<Duration>,
    refused: usize,
    bytes: usize,
    complaint: Option<String>,
    last: Option<Instant>,
}

/// One connection that stays open.
struct Connection<'a> {
    aim: Aim<'a>,
    stream: BufReader<TcpStream>,
}

impl<'a> Connection<'a> {
    fn open(aim: Aim<'a>) -> std::io::Result<Self> {
        let stream = TcpStream::connect(aim.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { aim, stream: BufReader::new(stream) })
    }

    fn send(
        mut self,
        bodies: &impl Fn(usize, &mut Vec<u8>) -> std::io::Result<bool>,
        next: &AtomicUsize,
        at_start: &impl Fn(),
    ) -> std::io::Result<Sent> {
        let (mut sent, mut body, mut request) = (Sent::default(), Vec::new(), Vec::new());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if !bodies(number, &mut body)? {
                return Ok(sent);
            }
            self.write(&body, &mut request);
            if number == self.aim.warm_up {
                at_start();
            }
            let before = Instant::now();
            self.stream.get_mut().write_all(&request)?;
            let (status, answer) = self.answer()?;
            let after = Instant::now();
            let counted = number >= self.aim.warm_up;
            if status != self.aim.ask.expected {
                sent.refused = sent.refused.saturating_add(usize::from(counted));
                sent.complaint.get_or_insert_with(|| String::from_utf8_lossy(&answer).into_owned());
            } else if counted {
                sent.latencies.push(after.saturating_duration_since(before));
                sent.bytes = sent.bytes.saturating_add(answer.len());
            }
            if counted {
                sent.last = Some(after);
            }
        }
    }

    fn write(&self, body: &[u8], request: &mut Vec<u8>) {
        let Aim { address, ask, token, .. } = self.aim;
        let (Ask { path, media, .. }, length) = (ask, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: {media}\r\ncontent-length: {length}\r\n\r\n"
        );
        request.clear();
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(body);
    }

    /// Reads one answer to its end.
    fn answer(&mut self) -> std::io::Result<(u16, Vec<u8>)> {
        let odd = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned());
        let (mut status, mut length, mut line) = (0, 0usize, String::new());
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(odd("the connection was closed"));
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if status == 0 {
                status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| odd("no HTTP"))?;
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(|_ignored| odd("an odd content-length"))?;
            }
        }
        if length > MAX_ANSWER {
            return Err(odd("the answer is too long"));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}
