//! `throughline bench directory`

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::NaiveDate;
use clap::Args;

use super::{
    super::{CliError, Output, block_on},
    child::{ServingHub, Used, used, write_settings},
    found::{Details, Parameters, Row, heading},
    generated::{self, Question, Written, question},
    ground::Ground,
    limits::{closed, cores, opened},
    load::{Aim, Ask, Outcome, send_all},
    report::{ms, per, percentile},
    stop::Stop,
    world::{World, arrange},
};
use crate::{
    access::Actor,
    config::Settings,
    directory::{DirectoryError, search::Bare},
    kernel::{
        Code, Fault,
        time::{Clock as _, SystemClock},
    },
    storage::{Engine, StorageError},
};

/// Makes a directory like a real one, imports it, and searches it over HTTP: by words with a typing error, by radius, for a person, and by
/// all of these.
///
/// Beside it stands the limit of this machine, measured in the same run: finding the candidates of the same searches, with the words folded and
/// their likenesses known, on as many threads, without HTTP and without ranking.
#[derive(Args)]
#[command(after_help = "\
Examples:
  throughline bench directory --quick                          within a minute, to see how it works
  throughline bench directory                                  10,000 and 100,000 places, SQLite
  throughline bench directory --database postgres://throughline@db.example/throughline
  throughline bench directory --places 1000000 --folder /var/lib   needs 6 GB there
  throughline --json bench directory --places 100000 | tee bench.jsonl
  throughline bench directory --places 1000000 --keep          and then --again with the folder that it names

What is measured, in order, for each number of places: a package is written (not counted); `directory import` takes it as a process of its
own, looking and then importing; a hub is started as a process of its own and asked over so many connections, each of which waits for its
answer; then the limit. The first tenth of the searches is not counted. At the end everything that was made is removed.

The aim is a p95 of 20 ms up to 100,000 places and of 100 ms above, SQLite twice that, and 100,000 places imported within two minutes. What
is missed is said at the end.")]
pub(in crate::cli) struct Directory {
    /// Services at places.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(100..=1_900_000), value_name = "NUMBER")]
    places: Vec<u32>,
    /// Connections, each with one search at a time.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Searches of each kind; 2000, or 200 with --quick.
    #[arg(long, value_parser = clap::value_parser!(u32).range(20..=1_000_000), value_name = "NUMBER")]
    searches: Option<u32>,
    /// A small directory and few searches: ends within a minute, and says less.
    #[arg(long)]
    quick: bool,
    /// Another database than a fresh SQLite file: sqlite:PATH of a file that is not there yet, or the address of a PostgreSQL database,
    /// where everything goes into a schema of its own. Nothing that is there is touched.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Folder in which the fresh folder is made. It decides which disk is measured.
    #[arg(long, value_name = "FOLDER", default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Leave the folder and the database there once the directory is imported: a large one takes long. The folder is named at the end.
    #[arg(long, conflicts_with = "again")]
    keep: bool,
    /// Search what was kept in this folder, without an import. It stays there.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["places", "database", "folder"])]
    again: Option<PathBuf>,
}

impl Directory {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        let complaints = block_on(self.measure_all(settings, output))??;
        for complaint in complaints {
            output.say(complaint);
        }
        Ok(())
    }

    async fn measure_all(&self, settings: &Settings, output: &Output) -> Result<Vec<String>, CliError> {
        let (stop, listening) = Stop::listen()?;
        let (mut complaints, mut is_first) = (Vec::new(), true);
        for places in self.sizes() {
            let mut tell = |row: Row| {
                complaints.extend(row.complaints());
                let first = std::mem::replace(&mut is_first, false);
                output.row(
                    &row,
                    |row| if first { format!("{}\n{}", heading(), row.line()) } else { row.line() },
                )
            };
            let measured = self.measure(settings, places, (output, &stop), &mut tell).await;
            measured.map_err(|error| stop.instead_of(error))?;
        }
        listening.abort();
        Ok(complaints)
    }

    fn sizes(&self) -> Vec<usize> {
        let default: &[u32] = if self.again.is_some() {
            // As many as there are.
            &[0]
        } else if self.quick {
            &[2_000]
        } else {
            &[10_000, 100_000]
        };
        let asked = if self.places.is_empty() { default } else { &self.places };
        asked.iter().filter_map(|places| usize::try_from(*places).ok()).collect()
    }

    fn searches(&self) -> usize {
        let searches = self.searches.unwrap_or(if self.quick { 200 } else { 2_000 });
        usize::try_from(searches).unwrap_or(usize::MAX)
    }

    /// How long each limit is measured.
    const fn limit_length(&self) -> Duration {
        if self.quick { Duration::from_millis(500) } else { Duration::from_secs(3) }
    }

    /// One directory, in a place of its own.
    async fn measure(
        &self,
        settings: &Settings,
        places: usize,
        (output, stop): (&Output, &Stop),
        tell: &mut impl FnMut(Row) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let (ground, kept) = match &self.again {
            Some(folder) => Ground::again(folder).map(|(ground, kept)| (ground, Some(kept)))?,
            None => (Ground::lay(self.database.as_deref(), &self.folder)?, None),
        };
        let settings = arrange(settings.clone(), &ground.folder, &ground.url)?;
        let world = World::make(&settings, 0).await?;
        let written = if let Some(kept) = kept {
            kept
        } else {
            let progress = output.progress("writing a package", places);
            let each = |more| {
                progress.steps(more);
                !stop.was_told()
            };
            generated::write(&ground.folder.join("package"), places, &each)?
        };
        stop.check()?;
        let mut run = Run { settings, ground, world, written, connections: usize::from(self.connections) };
        if kept.is_none() {
            tell(run.import(output)?)?;
        }
        if self.keep {
            run.ground.keep(&written)?;
            let folder = run.ground.folder.display();
            output.say(format!("kept; search it again with: throughline bench directory --again {folder}"));
        }
        stop.check()?;
        for of in Question::ALL {
            let (outcome, hub, load) = run.ask(of, self.searches(), output).await?;
            stop.check()?;
            let limit = {
                let _shown = output.working("measuring the limit");
                run.limit(of, self.limit_length()).await?
            };
            stop.check()?;
            tell(run.row(of, (&outcome, hub, load), &limit))?;
        }
        Ok(())
    }
}

/// One directory while it is measured.
struct Run {
    settings: Settings,
    ground: Ground,
    world: World,
    written: Written,
    connections: usize,
}

impl Run {
    /// Imports the package as a person would, and watches the memory.
    fn import(&self, output: &Output) -> Result<Row, CliError> {
        let (file, package) =
            (write_settings(&self.settings, &self.ground.folder)?, self.ground.folder.join("package"));
        let started = Instant::now();
        let peak = import(&file, &package, output)?;
        let took = started.elapsed();
        Ok(Row {
            scenario: String::from("directory.import"),
            database: self.database(),
            parameters: self.parameters(0),
            measured: per(self.written.places, took.as_secs_f64()),
            unit: "places/s",
            limit: None,
            ratio: None,
            p50_ms: ms(took),
            p95_ms: ms(took),
            p99_ms: ms(took),
            peak_rss_mb: peak,
            details: Details::default(),
        })
    }

    /// Asks a fresh hub, and gives what hub and load had used when counting began and at the end.
    async fn ask(
        &self,
        of: Question,
        searches: usize,
        output: &Output,
    ) -> Result<(Outcome, Between, Between), CliError> {
        let hub = ServingHub::start(&self.settings, &self.ground.folder).await?;
        let token = self.world.sender.sign_in(&self.settings.server.public_url).await?;
        let warm_up = searches / WARM_UP;
        let aim = Aim {
            address: self.settings.server.address,
            ask: Ask { path: "/api/v1/services/search", media: "application/json", expected: 200 },
            token: &token,
            connections: self.connections,
            warm_up,
        };
        let from = Mutex::new((Used::default(), Used::default()));
        let at_start = || {
            *from.lock().unwrap_or_else(PoisonError::into_inner) = (hub.used(), used("self"));
        };
        let progress = output.progress("searching", searches.saturating_add(warm_up));
        let ask = |number: usize, into: &mut Vec<u8>| {
            if number >= searches.saturating_add(warm_up) {
                return Ok(false);
            }
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            *into = question(of, (number, self.written.organisations), today()).0.into_bytes();
            progress.step();
            Ok(true)
        };
        let outcome = send_all(aim, &ask, &at_start)?;
        if outcome.latencies.is_empty() {
            return Err(outcome.turned_away());
        }
        let (hub_from, own_from) = *from.lock().unwrap_or_else(PoisonError::into_inner);
        let between = ((hub_from, hub.used()), (own_from, used("self")));
        hub.stop()?;
        Ok((outcome, between.0, between.1))
    }

    /// Finding the candidates of such questions and no more: alone, and on as many threads as there were connections.
    async fn limit(&self, of: Question, length: Duration) -> Result<Limit, CliError> {
        let store = opened(self.settings.database.opening()).await?;
        let organisations = self.written.organisations;
        let prepared = store
            .read::<_, DirectoryError>(move |db| {
                let bare = |number| {
                    Bare::of(
                        db,
                        &Actor::operator(),
                        &question(of, (number, organisations), today()).1,
                        SystemClock.now(),
                    )
                };
                (0..SAMPLE).map(bare).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let prepared: Arc<[Bare]> = prepared.into();
        let mut limit = alone(&prepared);
        let to = Instant::now() + length;
        let asking: Vec<_> = (0..self.connections)
            .map(|begin| {
                let prepared = Arc::clone(&prepared);
                tokio::task::spawn_blocking(move || ask_until(&prepared, begin, to))
            })
            .collect();
        let mut asked = 0u32;
        for each in asking {
            asked = asked.saturating_add(each.await.map_err(|_panicked| StorageError::Panicked)?);
        }
        let took = to.elapsed() + length;
        limit.per_second = f64::from(asked) / took.as_secs_f64();
        closed(store).await;
        Ok(limit)
    }

    fn row(&self, of: Question, (outcome, hub, load): (&Outcome, Between, Between), limit: &Limit) -> Row {
        let found = outcome.latencies.len();
        let rate = per(found, outcome.took.as_secs_f64());
        let taken = |hundredth| ms(percentile(&outcome.latencies, hundredth));
        let cpu = |(from, to): Between| (to.cpu_seconds - from.cpu_seconds) * 1_000.0 / per(found, 1.0);
        Row {
            scenario: format!("directory.{}", of.name()),
            database: self.database(),
            parameters: self.parameters(found),
            measured: rate,
            unit: "searches/s",
            limit: Some(limit.per_second),
            ratio: Some(rate / limit.per_second),
            p50_ms: taken(50),
            p95_ms: taken(95),
            p99_ms: taken(99),
            peak_rss_mb: hub.1.peak_rss_mb,
            details: Details {
                candidates: limit.candidates,
                bare_p50_ms: ms(percentile(&limit.alone, 50)),
                bare_p95_ms: ms(percentile(&limit.alone, 95)),
                refused: outcome.refused,
                answer_bytes: per(outcome.bytes, per(found, 1.0)),
                hub_cpu_ms: cpu(hub),
                load_cpu_ms: cpu(load),
            },
        }
    }

    fn parameters(&self, searches: usize) -> Parameters {
        let Written { places, services, organisations } = self.written;
        Parameters {
            places,
            services,
            organisations,
            searches,
            connections: self.connections,
            cores: cores(),
        }
    }

    fn database(&self) -> &'static str {
        let is_sqlite = self.settings.database.url.starts_with("sqlite:");
        (if is_sqlite { Engine::Sqlite } else { Engine::Postgres }).name()
    }
}

fn today() -> NaiveDate {
    SystemClock.now().datetime().date_naive()
}

/// What was used when something began, and when it ended.
type Between = (Used, Used);

/// What the database could do with nothing else to do.
struct Limit {
    candidates: f64,
    alone: Vec<Duration>,
    per_second: f64,
}

/// Imports a package in a process of its own and gives the most memory that it had, in MB.
fn import(settings: &Path, package: &Path, output: &Output) -> Result<f64, CliError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--config").arg(settings).args(["directory", "import"]).arg(package);
    command.args(["--source", "generated", "--visibility", "public", "--yes"]);
    for (name, _value) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("THROUGHLINE") {
            command.env_remove(name);
        }
    }
    // Its progress bars are ours.
    let shown = if output.is_json() { Stdio::null() } else { Stdio::inherit() };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(shown).spawn()?;
    let mut peak = 0.0f64;
    loop {
        peak = peak.max(used(&child.id().to_string()).peak_rss_mb);
        if let Some(status) = child.try_wait()? {
            return if status.success() { Ok(peak) } else { Err(not_imported()) };
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn not_imported() -> CliError {
    CliError::new(
        Code::new("bench.import", Fault::Internal),
        "the generated package was not imported; run `throughline directory import` on one to see why",
    )
}

/// Each question once, one after the other.
fn alone(prepared: &[Bare]) -> Limit {
    let (mut found, mut alone) = (0usize, Vec::new());
    for bare in prepared {
        let started = Instant::now();
        found = found.saturating_add(bare.candidates());
        alone.push(started.elapsed());
    }
    alone.sort_unstable();
    let candidates = per(found, per(alone.len(), 1.0));
    Limit { candidates, alone, per_second: 0.0 }
}

/// Asks one question after the other until the time is over, and at least one.
fn ask_until(prepared: &[Bare], begin: usize, to: Instant) -> u32 {
    let mut asked = 0u32;
    for bare in prepared.iter().cycle().skip(begin.saturating_mul(7)) {
        bare.candidates();
        asked = asked.saturating_add(1);
        if Instant::now() >= to {
            break;
        }
    }
    asked
}

/// How many questions the limit is measured with.
const SAMPLE: u64 = 200;

/// The part of the searches that goes before those that are counted: one of so many.
const WARM_UP: usize = 10;
