//! `throughline directory`

use std::path::PathBuf;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, Output, block_on, open_hub};
use crate::{
    access::Actor,
    config::Settings,
    directory::{
        self, DirectoryError, Search,
        hsds::{Package, Report},
    },
    hub::{Caller, Hub},
    kernel::{id::RequestId, page::Asked},
    policy::ServiceCode,
};

#[derive(Subcommand)]
pub(super) enum Directory {
    /// Import an HSDS 3 package (datapackage.json and CSV files). Looks first and prints a report; --yes then takes it.
    Import {
        /// Folder of the package.
        folder: PathBuf,
        /// A name for where it comes from; importing again under the same name updates.
        #[arg(long)]
        source: String,
        /// Take it, after the look. Without this nothing is changed.
        #[arg(long)]
        yes: bool,
    },
    /// Look at a package and report; the same as import without --yes.
    Validate {
        /// Folder of the package.
        folder: PathBuf,
        /// A name for where it comes from.
        #[arg(long, default_value = "look")]
        source: String,
    },
    /// Forget everything that came from a source.
    Forget {
        /// The source.
        source: String,
    },
    /// Search the directory.
    Search {
        /// Words in name, provider or description.
        words: Vec<String>,
        /// A service code, such as SV07.
        #[arg(long)]
        service: Option<ServiceCode>,
        /// Only what one can refer to through this hub.
        #[arg(long)]
        members_only: bool,
        /// How many at most, 1 to 200.
        #[arg(long, default_value_t = 20)]
        limit: u16,
    },
}

impl Directory {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        let hub = open_hub(settings.clone())?;
        let caller = Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) };
        let outcome = block_on(self.act(&hub, &caller, output));
        hub.store().close();
        outcome?
    }

    async fn act(self, hub: &Hub, caller: &Caller, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Import { folder, source, yes } => import(hub, caller, folder, source, yes, output).await,
            Self::Validate { folder, source } => import(hub, caller, folder, source, false, output).await,
            Self::Forget { source } => {
                let gone = hub
                    .write("directory.forget_source", caller, move |tx| directory::forget_source(tx, &source))
                    .await?;
                output.data(&serde_json::json!({ "services": gone }), |_| format!("Forgot {gone} services."))
            }
            Self::Search { words, service, members_only, limit } => {
                let search = Search { text: words.join(" "), service, members_only };
                let (actor, asked) = (caller.actor.clone(), Asked::new(Some(limit), None));
                let page = hub
                    .read::<_, DirectoryError>(move |db| directory::search(db, &actor, &search, &asked))
                    .await?;
                output.data(&page, |page| {
                    if page.items.is_empty() {
                        return String::from(
                            "Nothing found. Try fewer or other words, or leave out --service.",
                        );
                    }
                    let line = |s: &directory::Service| format!("{}  {} · {}", s.id, s.name, s.provider);
                    page.items.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
        }
    }
}

async fn import(
    hub: &Hub,
    caller: &Caller,
    folder: PathBuf,
    source: String,
    yes: bool,
    output: &Output,
) -> Result<(), CliError> {
    let package = Package::open(&folder)?;
    let bar = bar(output, package.bytes(), "looking");
    let (actor, shown, from) = (caller.actor.clone(), bar.clone(), source.clone());
    let report = hub
        .read::<_, DirectoryError>(move |db| {
            directory::dry_run(db, &actor, &package, &from, &mut |p| shown.set_position(p.bytes))
        })
        .await?;
    bar.finish_and_clear();
    if !yes || report.stopped.is_some() || report.changes() == 0 {
        return tell(&report, false, output);
    }
    let package = Package::open(&folder)?;
    let bar = self::bar(output, package.bytes(), "importing");
    let shown = bar.clone();
    let report = hub
        .write("directory.import", caller, move |tx| {
            directory::import(tx, &package, &source, &mut |p| shown.set_position(p.bytes))
        })
        .await?;
    bar.finish_and_clear();
    tell(&report, true, output)
}

fn bar(output: &Output, bytes: u64, what: &'static str) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
    ProgressBar::new(bytes)
        .with_style(style.unwrap_or_else(|_ignored| ProgressStyle::default_bar()))
        .with_message(what)
}

fn tell(report: &Report, taken: bool, output: &Output) -> Result<(), CliError> {
    output.data(&serde_json::json!({ "imported": taken, "report": report }), |_| {
        let mut lines = vec![format!(
            "{:<24} {:>8} {:>8} {:>8} {:>9} {:>8}",
            "table", "rows", "new", "changed", "unchanged", "refused"
        )];
        lines.extend(report.tables.iter().map(|t| {
            format!(
                "{:<24} {:>8} {:>8} {:>8} {:>9} {:>8}",
                t.table, t.rows, t.new, t.changed, t.unchanged, t.refused
            )
        }));
        lines.extend(report.problems.iter().take(20).map(|p| {
            let line = p.line.map(|line| format!(" line {line}")).unwrap_or_default();
            format!("{}{line}: {} {}", p.table, p.what, p.remedy)
        }));
        if report.problems.len() > 20 {
            lines.push(format!("… and {} more; --json lists them", report.problems.len().saturating_sub(20)));
        }
        lines.push(match (&report.stopped, taken, report.changes()) {
            (Some(reason), _, _) => format!("Nothing was imported: {reason}"),
            (None, true, changes) => format!("Imported: {changes} rows are new or changed."),
            (None, false, 0) => String::from("Everything is there already; nothing to import."),
            (None, false, changes) => format!(
                "Nothing was changed. {changes} rows would be new or changed; add --yes to take them."
            ),
        });
        lines.join("\n")
    })
}
