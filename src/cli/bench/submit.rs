//! `throughline bench submit`

use std::{
    ops::Range,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use clap::Args;
use serde_json::json;

use super::{
    super::{CliError, Output, block_on},
    child::{ServingHub, Used, used},
    ground::Ground,
    letters::{Content, Letters},
    limits::{self, cores},
    load::{Aim, Ask, Outcome, send_all},
    report::{Details, Parameters, Row, heading, ms, per, percentile},
    stop::Stop,
    store::Pattern,
    world::{World, arrange},
};
use crate::{config::Settings, packets::MEDIA_TYPE, storage::Engine};

/// Seals packets, hands them in over HTTP as fast as the hub takes them, and prints what was accepted per second and how long it took.
///
/// Beside it stand the two limits of this machine and this database, measured in the same run: how many transactions with the very
/// same rows become durable per second without a hub, and how many packets the cores verify per second. The ratio is to the tighter
/// of the two.
#[derive(Args)]
#[command(after_help = "\
Examples:
  throughline bench submit --quick                     within a minute, to see how it works
  throughline bench submit                             SQLite in a fresh folder below the system's temporary one
  throughline bench submit --folder /var/lib           where the disk is that the hub will use
  throughline bench submit --database postgres://throughline@db.example/throughline
  throughline bench submit --packets 1000000 --sizes 2 whether memory stays flat; needs 35 GB below --folder
  throughline --json bench submit --sizes 8 --connections 64 | tee bench.jsonl

What is measured, in order: organisations, keys and an agreement are made; packets are sealed on all cores; their certificates are
registered; a hub is started as a process of its own; the packets are handed in over so many connections, each of which waits for its
answer; then the limits. The first tenth of the packets is not counted. At the end everything that was made is removed.

Settings (--config, THROUGHLINE__…) count: what is measured is the hub as it would run here, with its writers, batches and workers. Only
address, keys, database and the limits on requests are the benchmark's own.

The aim is a ratio of at least 0.6, a p99 below ten times p50, and memory that does not grow. What is missed is said at the end.")]
pub(in crate::cli) struct Submit {
    /// What a packet holds, in KB: 2, 8 or 20. Sealed, it is larger; the table says how large.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "2,8,20", value_name = "KB")]
    sizes: Vec<Content>,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Packets of each size; 10000, or 1500 with --quick.
    #[arg(long, value_parser = clap::value_parser!(u32).range(20..=1_000_000), value_name = "NUMBER")]
    packets: Option<u32>,
    /// Few packets and short limits: ends within a minute, and says less.
    #[arg(long)]
    quick: bool,
    /// Another database than a fresh SQLite file: sqlite:PATH of a file that is not there yet, or the address of a PostgreSQL database,
    /// where everything goes into a schema of its own. Nothing that is there is touched.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Folder in which the fresh folder is made. It decides which disk is measured.
    #[arg(long, value_name = "FOLDER", default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
}

/// Packets of each size, and with `--quick`.
const MANY: u32 = 10_000;
const FEW: u32 = 1_500;

impl Submit {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        let complaints = block_on(self.measure_all(settings, output))??;
        for complaint in complaints {
            output.say(complaint);
        }
        Ok(())
    }

    async fn measure_all(&self, settings: &Settings, output: &Output) -> Result<Vec<String>, CliError> {
        let (stop, listening) = Stop::listen()?;
        let mut complaints = Vec::new();
        for (number, content) in self.sizes.iter().enumerate() {
            let row = self
                .measure(settings, *content, (output, &stop))
                .await
                .map_err(|error| stop.instead_of(error))?;
            output.row(&row, |row| {
                if number == 0 { format!("{}\n{}", heading(), row.line()) } else { row.line() }
            })?;
            complaints.extend(row.complaints());
        }
        listening.abort();
        Ok(complaints)
    }

    fn packets(&self) -> usize {
        let packets = self.packets.unwrap_or(if self.quick { FEW } else { MANY });
        usize::try_from(packets).unwrap_or(usize::MAX)
    }

    /// How long each limit is measured.
    const fn limit_length(&self) -> Duration {
        if self.quick { Duration::from_millis(1_500) } else { Duration::from_secs(5) }
    }

    /// One size, in a place of its own.
    async fn measure(
        &self,
        settings: &Settings,
        content: Content,
        (output, stop): (&Output, &Stop),
    ) -> Result<Row, CliError> {
        let ground = Ground::lay(self.database.as_deref(), &self.folder)?;
        if ground.is_in_memory() {
            output.say(
                "This folder lies in memory: nothing becomes durable there. Name another with --folder.",
            );
        }
        let settings = arrange(settings.clone(), &ground.folder, &ground.url)?;
        let packets = self.packets();
        // One more goes ahead, to see what it leaves.
        let world = World::make(&settings, packets.saturating_add(1)).await?;
        let letters = {
            let progress = output.progress("sealing", packets);
            let each = || {
                progress.step();
                !stop.was_told()
            };
            Letters::seal(&world, content, packets.saturating_add(1), &ground.folder, &each)?
        };
        stop.check()?;
        let run = Run { settings, ground, world, letters, connections: usize::from(self.connections) };
        let pattern = run.prepare(output).await?;
        stop.check()?;
        let rows = pattern.tables().values().sum();
        let measured = run.load(output).await?;
        stop.check()?;
        let limits = {
            let _shown = output.working("measuring what the machine could do");
            run.limits(pattern, self.limit_length()).await?
        };
        Ok(run.row(content, rows, &measured, &limits))
    }
}

/// One configuration while it is measured.
struct Run {
    settings: Settings,
    ground: Ground,
    world: World,
    letters: Letters,
    connections: usize,
}

impl Run {
    /// Hands in the first packet and sees what it leaves; then registers the certificates of the others. No jobs run meanwhile: they
    /// would leave rows of their own.
    async fn prepare(&self, output: &Output) -> Result<Pattern, CliError> {
        let mut settings = self.settings.clone();
        settings.jobs.enabled = false;
        let hub = ServingHub::start(&settings, &self.ground.folder).await?;
        let token = self.sign_in().await?;
        let look = || limits::look(self.settings.database.opening());
        let world = look().await?;
        self.register(&token, 0..1, &|| {})?;
        let before = look().await?;
        self.hand_in(&token, 0..1, 0, &|| {})?;
        let after = look().await?;
        let progress = output.progress("registering certificates", self.letters.len());
        let mut next = 1;
        while next < self.letters.len() {
            let end = next.saturating_add(REGISTERED_AT_ONCE).min(self.letters.len());
            self.register(&self.sign_in().await?, next..end, &|| progress.step())?;
            next = end;
        }
        hub.stop()?;
        Ok(Pattern::between(&world, &before, &after)?)
    }

    async fn sign_in(&self) -> Result<String, CliError> {
        self.world.sender.sign_in(&self.settings.server.public_url).await
    }

    /// Registers certificates; every one must be taken.
    fn register(&self, token: &str, which: Range<usize>, done: &(impl Fn() + Sync)) -> Result<(), CliError> {
        let aim = self.aim("/api/v1/certificates", "application/json", token, 0);
        let body = |number: usize, into: &mut Vec<u8>| {
            let number = which.start.saturating_add(number);
            let certificate = if number < which.end { self.letters.certificate(number)? } else { None };
            let Some(certificate) = certificate else { return Ok(false) };
            *into = json!({ "certificate": certificate }).to_string().into_bytes();
            done();
            Ok(true)
        };
        let outcome = send_all(aim, &body, &|| {})?;
        if outcome.refused == 0 { Ok(()) } else { Err(outcome.turned_away()) }
    }

    /// Hands packets in; the first `warm_up` of them are not counted.
    fn hand_in(
        &self,
        token: &str,
        which: Range<usize>,
        warm_up: usize,
        at_start: &(impl Fn() + Sync),
    ) -> Result<Outcome, CliError> {
        let aim = self.aim("/api/v1/packets", MEDIA_TYPE, token, warm_up);
        let body = |number: usize, into: &mut Vec<u8>| {
            let number = which.start.saturating_add(number);
            if number < which.end { self.letters.read(number, into) } else { Ok(false) }
        };
        let outcome = send_all(aim, &body, at_start)?;
        if outcome.latencies.is_empty() { Err(outcome.turned_away()) } else { Ok(outcome) }
    }

    fn aim<'a>(&self, path: &'a str, media: &'a str, token: &'a str, warm_up: usize) -> Aim<'a> {
        Aim {
            address: self.settings.server.address,
            ask: Ask { path, media, expected: 201 },
            token,
            connections: self.connections,
            warm_up,
        }
    }

    /// The load itself, against a fresh process.
    async fn load(&self, output: &Output) -> Result<Measured, CliError> {
        let hub = ServingHub::start(&self.settings, &self.ground.folder).await?;
        let token = self.sign_in().await?;
        let packets = 1..self.letters.len();
        let _shown = output.working("handing in");
        let from = Mutex::new((Used::default(), Used::default()));
        let at_start = || {
            *from.lock().unwrap_or_else(PoisonError::into_inner) = (hub.used(), used("self"));
        };
        let outcome = self.hand_in(&token, packets.clone(), packets.len() / WARM_UP, &at_start)?;
        let (hub_from, own_from) = *from.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = Measured { outcome, hub: (hub_from, hub.used()), own: (own_from, used("self")) };
        hub.stop()?;
        Ok(measured)
    }

    async fn limits(&self, pattern: Pattern, length: Duration) -> Result<Limits, CliError> {
        let of_one_core = limits::verifications(&self.world, &self.letters, length / 3)?;
        let opening = self.settings.database.opening();
        let durable = limits::transactions(opening, pattern, self.connections, length).await?;
        Ok(Limits { durable, verified: of_one_core * per(cores(), 1.0) })
    }

    fn row(&self, content: Content, rows: usize, measured: &Measured, limits: &Limits) -> Row {
        let Measured { outcome, hub, own } = measured;
        let accepted = outcome.latencies.len();
        let rate = per(accepted, outcome.took.as_secs_f64());
        let limit = limits.durable.min(limits.verified);
        let of = |hundredth| ms(percentile(&outcome.latencies, hundredth));
        let cpu =
            |(from, to): &(Used, Used)| (to.cpu_seconds - from.cpu_seconds) * 1_000.0 / per(accepted, 1.0);
        let database = &self.settings.database;
        let sqlite = database.url.starts_with("sqlite:");
        Row {
            scenario: "submit",
            database: if sqlite { Engine::Sqlite.name() } else { Engine::Postgres.name() },
            parameters: Parameters {
                content_kb: content.kilobytes(),
                wire_bytes: self.letters.mean_bytes(),
                packets: accepted,
                connections: self.connections,
                cores: cores(),
                writers: if sqlite { 1 } else { database.writers },
                batch: database.batch,
                rows,
            },
            measured: rate,
            unit: "packets/s",
            limit,
            ratio: rate / limit,
            p50_ms: of(50),
            p95_ms: of(95),
            p99_ms: of(99),
            peak_rss_mb: hub.1.peak_rss_mb,
            details: Details {
                durable_per_second: limits.durable,
                verified_per_second: limits.verified,
                refused: outcome.refused,
                hub_cpu_ms: cpu(hub),
                load_cpu_ms: cpu(own),
                rss_mb_at_start: hub.0.rss_mb,
                load_peak_rss_mb: own.1.peak_rss_mb,
            },
        }
    }
}

/// What the load came to, and what hub and load had used when counting began and at the end.
struct Measured {
    outcome: Outcome,
    hub: (Used, Used),
    own: (Used, Used),
}

/// What this machine could do in a second.
struct Limits {
    durable: f64,
    verified: f64,
}

/// How many certificates are registered with one token, which is good for an hour.
const REGISTERED_AT_ONCE: usize = 100_000;

/// The part of the packets that is not counted: one of so many.
const WARM_UP: usize = 10;
