//! What a command prints, and how it fails.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::kernel::{Code, Coded, Fault};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct CliError {
    name: String,
    fault: Fault,
    sentence: String,
    facts: Option<serde_json::Map<String, serde_json::Value>>,
}

impl CliError {
    /// A failure of the command itself.
    pub fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { name: code.name().to_owned(), fault: code.fault(), sentence: sentence.into(), facts: None }
    }

    /// A problem that a hub answered with: its document becomes the facts.
    pub(super) fn of_problem(fault: Fault, document: &serde_json::Value) -> Self {
        let text = |key: &str| document.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        Self {
            name: text("code").unwrap_or_else(|| String::from("hub.unknown")),
            fault,
            sentence: text("detail").unwrap_or_else(|| String::from("the hub refused without a reason")),
            facts: document.as_object().cloned(),
        }
    }

    /// With facts for `--json`.
    #[must_use]
    pub fn with(mut self, facts: Option<serde_json::Map<String, serde_json::Value>>) -> Self {
        self.facts = facts;
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl<E: Coded> From<E> for CliError {
    fn from(error: E) -> Self {
        let mut sentence = error.to_string();
        // On the machine itself the cause helps and harms nobody.
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            let said = inner.to_string();
            if !sentence.contains(&said) {
                sentence = format!("{sentence}: {said}");
            }
            cause = inner.source();
        }
        let code = error.code();
        Self { name: code.name().to_owned(), fault: code.fault(), sentence, facts: error.facts() }
    }
}

/// A failure of the system beneath: files, pipes, threads.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct SystemFault(#[from] io::Error);

impl Coded for SystemFault {
    fn code(&self) -> Code {
        Code::new("system.io", Fault::Unavailable)
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        SystemFault(error).into()
    }
}

/// Where a command prints: data to standard output, remarks to standard error.
#[derive(Clone, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// With or without `--json`.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether data is printed as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints data: as JSON, or as `text` makes it for people. An empty text means there is only the JSON form.
    pub fn data<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        let shown = if self.json { String::new() } else { to_the_second(&text(value)) };
        let shown = if shown.is_empty() { as_json(value)? } else { shown };
        Ok(writeln!(io::stdout().lock(), "{}", shown.trim_end())?)
    }

    /// Says something to the person at the terminal; nothing with `--json`.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.json {
            // A closed terminal is no reason to stop the work.
            let _closed = writeln!(io::stderr().lock(), "{}", to_the_second(text.as_ref()));
        }
    }

    /// Shows that something is going on, until it is dropped. Nothing with `--json` or without a terminal.
    pub(super) fn working(&self, on: &'static str) -> Progress {
        let bar = self.shown(ProgressBar::new_spinner(), on);
        bar.0.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// Shows how far work of so many steps has come, until it is dropped. Nothing with `--json` or without a terminal.
    pub(super) fn progress(&self, on: &'static str, steps: usize) -> Progress {
        self.bar(
            on,
            u64::try_from(steps).unwrap_or(u64::MAX),
            "{msg} {wide_bar} {pos}/{len}, {per_sec}, {eta}",
        )
    }

    /// Shows how far work through so many bytes has come, until it is dropped. Nothing with `--json` or without a terminal.
    pub(super) fn progress_in_bytes(&self, on: &'static str, bytes: u64) -> Progress {
        self.bar(on, bytes, "{msg} {wide_bar} {bytes}/{total_bytes}, {eta}")
    }

    fn bar(&self, on: &'static str, length: u64, template: &str) -> Progress {
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_ignored| ProgressStyle::default_bar());
        let bar = self.shown(ProgressBar::new(length).with_style(style), on);
        // Work that says little of itself is seen to have begun.
        bar.0.tick();
        bar
    }

    /// Without a terminal the library shows nothing by itself.
    fn shown(&self, bar: ProgressBar, on: &'static str) -> Progress {
        Progress(if self.json { ProgressBar::hidden() } else { bar.with_message(on) })
    }

    /// Prints one row of data as soon as it is known: one line of JSON, or as `text` makes it for people.
    pub fn row<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        let shown = if self.json {
            serde_json::to_string(value).unwrap_or_default()
        } else {
            to_the_second(&text(value))
        };
        Ok(writeln!(io::stdout().lock(), "{}", shown.trim_end())?)
    }

    /// Prints a failure and gives its exit code.
    pub fn fail(&self, error: &CliError) -> ExitCode {
        let mut stderr = io::stderr().lock();
        let written = if self.json {
            let mut document = serde_json::Map::new();
            document.insert(String::from("code"), error.name.clone().into());
            document.insert(String::from("detail"), error.sentence.clone().into());
            document.extend(error.facts.clone().unwrap_or_default());
            writeln!(stderr, "{}", serde_json::Value::Object(document))
        } else {
            let named = |name: &str| error.facts.as_ref()?.get(name)?.as_array();
            let denials = named("denials").into_iter().flatten().map(denial);
            let list: String =
                denials.chain(named("complaints").into_iter().flatten().map(complaint)).collect();
            writeln!(stderr, "error[{}]: {}{list}", error.name, error.sentence)
        };
        drop(written);
        ExitCode::from(exit_code(error))
    }
}

/// Whether the person answered beforehand.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Yes {
    /// Do not ask at the terminal.
    #[arg(long)]
    yes: bool,
}

impl Yes {
    /// Asks the person at the terminal, unless they answered beforehand.
    pub(super) fn confirm(self, question: &str) -> Result<(), CliError> {
        if self.yes {
            return Ok(());
        }
        let refused =
            |sentence: &str| CliError::new(Code::new("cli.not_confirmed", Fault::Refused), sentence);
        if !io::stdin().is_terminal() {
            return Err(refused("there is no terminal to ask at; give --yes when it is meant"));
        }
        write!(io::stderr().lock(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(refused("nothing was done")) }
    }
}

/// Work that goes on, and how far it has come; dropping it ends the display.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// One more step is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// So many are done.
    pub(super) fn steps(&self, done: usize) {
        self.0.inc(u64::try_from(done).unwrap_or(u64::MAX));
    }

    /// For work on another thread: says how much of how much is done.
    pub(super) fn teller(&self) -> impl Fn(u64, u64) + Send + 'static {
        let bar = self.0.clone();
        move |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// One complaint about a document as a line: its place, the code a packet would meet, what to do; or the sentence it is.
fn complaint(complaint: &serde_json::Value) -> String {
    if let Some(sentence) = complaint.as_str() {
        return format!("\n  {sentence}");
    }
    let text = |key: &str| complaint.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let code = if text("code").is_empty() { String::new() } else { format!("{} ", text("code")) };
    format!("\n  {} {code}{}", text("at"), text("says"))
}

/// One denial as a line: its code, its sentence, the fields it names.
pub(super) fn denial(denial: &serde_json::Value) -> String {
    let text = |key: &str| denial.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let fields: Vec<&str> = denial
        .get("fields")
        .and_then(|f| f.as_array())
        .into_iter()
        .flatten()
        .filter_map(|f| f.as_str())
        .collect();
    let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    let finer = if text("subcode").is_empty() { String::new() } else { format!(" [{}]", text("subcode")) };
    format!("\n  {} {}{finer}{fields}", text("code"), text("title"))
}

/// Moments as people read them: to the second. JSON keeps what there is.
fn to_the_second(text: &str) -> String {
    let mut pieces = text.split('.');
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_fraction = rest.len() < piece.len() && rest.starts_with('Z') && ends_with_a_time(&shown);
        if is_fraction {
            shown.push_str(rest);
        } else {
            shown.push('.');
            shown.push_str(piece);
        }
    }
    shown
}

fn ends_with_a_time(text: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let tail = text.len().checked_sub(SHAPE.len()).and_then(|start| text.get(start..));
    let fits = |(seen, shape): (u8, u8)| if shape == b'0' { seen.is_ascii_digit() } else { seen == shape };
    tail.is_some_and(|tail| tail.bytes().zip(SHAPE.bytes()).all(fits))
}

fn as_json<T: Serialize>(value: &T) -> Result<String, CliError> {
    serde_json::to_string_pretty(value).map_err(|_ignored| {
        CliError::new(Code::new("output.json", Fault::Internal), "the answer could not be written as JSON")
    })
}

fn exit_code(error: &CliError) -> u8 {
    let settings =
        ["config.", "node_keys.", "server.tls", "policy.profile", "storage.schema", "storage.missing"];
    if settings.iter().any(|start| error.name.starts_with(start)) {
        return 78;
    }
    match error.fault {
        Fault::Malformed | Fault::TooLarge | Fault::Refused => 65,
        Fault::NotFound => 69,
        Fault::Internal => 70,
        Fault::Conflict | Fault::Stale | Fault::TooMany | Fault::Unavailable | Fault::Unsure => 75,
        Fault::Unauthenticated | Fault::Forbidden => 77,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_moments_to_the_second() {
        for (text, shown) in [
            ("due 2026-03-01T12:00:00.123456Z.", "due 2026-03-01T12:00:00Z."),
            (
                "2026-03-01T12:00:00.5Z and 2026-03-01T12:00:01.000001Z",
                "2026-03-01T12:00:00Z and 2026-03-01T12:00:01Z",
            ),
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
            ("at 12:00:00.5Z, version 1.2Z", "at 12:00:00.5Z, version 1.2Z"),
            ("é2026-03-01T12:00:00.Z", "é2026-03-01T12:00:00.Z"),
        ] {
            assert_eq!(to_the_second(text), shown);
        }
    }
}
