//! What comes in and goes out: packages, lists, and what is published.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    cli::{CliError, Output, files},
    directory::{
        self, DirectoryError, Documents, Given, Publish, Target, Visibility,
        hsds::{Package, Report},
        sheet::{self, Map, Sheet},
    },
    hub::{Caller, Hub},
    kernel::{Code, Fault},
    storage::Db,
};

pub(super) async fn export(
    hub: &Hub,
    caller: &Caller,
    (source, is_plain): (String, bool),
    to: PathBuf,
    output: &Output,
) -> Result<(), CliError> {
    let is_zip = to.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    let target = if is_zip { Target::zip(files::create_new(&to)?) } else { empty_folder(&to)? };
    let actor = caller.actor.clone();
    let exporting = move |db: &mut Db<'_>| {
        if is_plain {
            directory::export_plain(db, &actor, &source, target)
        } else {
            directory::export(db, &actor, &source, target)
        }
    };
    let written = hub.read::<_, DirectoryError>(exporting).await;
    // Nothing half written stays behind.
    let written = written.inspect_err(|_error| {
        if is_zip {
            drop(std::fs::remove_file(&to));
        }
    })?;
    output.data(&written, |written| {
        let rows: u64 = written.values().sum();
        format!("Wrote {rows} rows of {} tables to {}.", written.len(), to.display())
    })
}

fn empty_folder(folder: &Path) -> Result<Target, CliError> {
    files::make_folder(folder)?;
    if !files::names_in(folder)?.is_empty() {
        return Err(CliError::new(
            Code::new("directory.folder_not_empty", Fault::Conflict),
            format!("{} is not empty; name a new folder", folder.display()),
        ));
    }
    Ok(folder.into())
}

pub(super) async fn give(
    hub: &Hub,
    caller: &Caller,
    (source, form): (String, Documents),
    to: PathBuf,
    output: &Output,
) -> Result<(), CliError> {
    let file = files::create_new(&to)?;
    let actor = caller.actor.clone();
    let giving = move |db: &mut Db<'_>| {
        directory::give(db, &actor, (&source, form), &mut std::io::BufWriter::new(file))
    };
    let given = hub.read::<_, DirectoryError>(giving).await;
    // Nothing half written stays behind.
    let written = given.inspect_err(|_error| drop(std::fs::remove_file(&to)))?;
    output.data(&serde_json::json!({ "services": written }), |_| {
        format!("Wrote {written} services to {}.", to.display())
    })
}

pub(super) async fn publish(
    hub: &Hub,
    caller: &Caller,
    (source, what): (String, Publish),
    to: PathBuf,
    output: &Output,
) -> Result<(), CliError> {
    let file = files::create_new(&to)?;
    let (actor, now) = (caller.actor.clone(), hub.now());
    let publishing = move |db: &mut Db<'_>| {
        directory::publish(db, &actor, (&source, &what, now), &mut std::io::BufWriter::new(file))
    };
    let published = hub.read::<_, DirectoryError>(publishing).await;
    // Nothing half written stays behind.
    let written = published.inspect_err(|_error| drop(std::fs::remove_file(&to)))?;
    output.data(&serde_json::json!({ "places": written }), |_| {
        format!("Wrote {written} services at places to {}.", to.display())
    })
}

pub(super) fn suggest(list: &Path, output: &Output) -> Result<(), CliError> {
    let suggestion = Map::suggest(&Sheet::open(list)?);
    for unclear in &suggestion.unclear {
        output.say(unclear);
    }
    output.data(&suggestion.map, |_| String::new())
}

/// The package in a folder, or the one that a list makes.
pub(super) fn package(from: &Path, map: Option<&Path>, output: &Output) -> Result<Package, CliError> {
    let ends = |with| from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(with));
    if map.is_none() && (!from.is_file() || ["json", "ndjson", "jsonl", "zip"].into_iter().any(ends)) {
        return Ok(Package::open(from)?);
    }
    let given = map.map(read_map).transpose()?;
    let is_given = given.is_some();
    let (package, map) = sheet::package(Sheet::open(from)?, given)?;
    if !is_given && let Ok(text) = serde_json::to_string_pretty(&map) {
        output.say(format!("The names of the columns say what they mean:\n{text}"));
    }
    Ok(package)
}

fn read_map(path: &Path) -> Result<Map, CliError> {
    Ok(Map::parse(files::beginning(path, MAP_MAX)?.as_bytes())?)
}

pub(super) async fn import(
    hub: &Hub,
    caller: &Caller,
    package: Package,
    (source, take): (String, Option<Visibility>),
    output: &Output,
) -> Result<(), CliError> {
    let package = Arc::new(package);
    let progress = output.progress_in_bytes("looking", package.bytes());
    let (actor, shown, from, looked_at) =
        (caller.actor.clone(), progress.teller(), source.clone(), Arc::clone(&package));
    let now = hub.now();
    let report = hub
        .read::<_, DirectoryError>(move |db| {
            directory::dry_run(db, &actor, (&looked_at, &from, now), &mut |p| shown(p.bytes, p.of))
        })
        .await?;
    drop(progress);
    let differs = report.changes() > 0 || report.missing() > 0;
    let Some(visibility) = take.filter(|_| report.stopped.is_none() && differs) else {
        return tell(&report, false, output);
    };
    let progress = output.progress_in_bytes("importing", package.bytes());
    let shown = progress.teller();
    let report = hub
        .write("directory.import", caller, move |tx| {
            let given = Given { package: &package, source: &source, visibility };
            directory::import(tx, given, &mut |p| shown(p.bytes, p.of))
        })
        .await?;
    drop(progress);
    tell(&report, true, output)
}

/// Takes in what comes with the program.
pub(super) async fn taxonomies(
    hub: &Hub,
    caller: &Caller,
    yes: bool,
    output: &Output,
) -> Result<(), CliError> {
    let (package, source) = (directory::taxonomies()?, directory::TAXONOMIES.to_owned());
    import(hub, caller, package, (source, yes.then_some(Visibility::Public)), output).await
}

pub(super) fn tell(report: &Report, taken: bool, output: &Output) -> Result<(), CliError> {
    output.data(&serde_json::json!({ "imported": taken, "report": report }), |_| {
        let mut lines = vec![format!(
            "{:<24} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8}",
            "table", "rows", "new", "changed", "unchanged", "refused", "missing"
        )];
        lines.extend(report.tables.iter().map(|t| {
            format!(
                "{:<24} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8}",
                t.table, t.rows, t.new, t.changed, t.unchanged, t.refused, t.missing
            )
        }));
        lines.extend(report.problems.iter().take(20).map(|p| {
            let line = p.line.map(|line| format!(" line {line}")).unwrap_or_default();
            let column = p.column.as_ref().map(|column| format!(" \"{column}\"")).unwrap_or_default();
            format!("{}{line}{column}: {} {}", p.table, p.what, p.remedy)
        }));
        if report.problems.len() > 20 {
            lines.push(format!("… and {} more; --json lists them", report.problems.len().saturating_sub(20)));
        }
        lines.extend(alike(report));
        lines.extend(report.read_as.map(|form| format!("read as {form}")));
        lines.extend(report.left_out.iter().map(|left| format!("left out: {}: {}", left.table, left.reason)));
        let (changes, missing) = (report.changes(), report.missing());
        lines.push(match (&report.stopped, taken) {
            (Some(reason), _) => format!("Nothing was imported: {reason}"),
            (None, true) => format!("Imported: {changes} rows are new or changed, {missing} are marked as missing."),
            (None, false) if changes == 0 && missing == 0 => {
                String::from("Everything is there already; nothing to import.")
            }
            (None, false) => format!(
                "Nothing was changed. {changes} rows would be new or changed and {missing} marked as missing; add --yes to take that."
            ),
        });
        lines.join("\n")
    })
}

/// What a look says of services that look like entries of other sources.
fn alike(report: &Report) -> Vec<String> {
    if report.alike == 0 {
        return Vec::new();
    }
    let mut lines = vec![format!("{} services look like entries that other sources gave:", report.alike)];
    lines.extend(report.duplicates.iter().take(20).map(|twin| {
        format!(
            "  line {}: called like {} ({}), {}",
            twin.line,
            twin.service,
            twin.source,
            twin.alike.words()
        )
    }));
    if report.duplicates.len() > 20 {
        lines.push(String::from("  …; --json lists the first 100"));
    }
    lines
}

/// More of a map than may be is refused by who reads it.
const MAP_MAX: u64 = 2 * 1024 * 1024;
