//! The command-line entrance, and the member's gateway.
//!
//! Two kinds of commands live here. Those of the **node** (`init`, `serve`, `db`, `member`, `audit` …) work on the node's database and
//! keys and are for whoever runs its machine. Those of the **gateway** (`key`, `consent`, `packet`, `referral` …) hold an
//! organisation's keys and consents in a folder of their own and talk to a hub over HTTP.
//!
//! # Exit codes
//!
//! 0 done · 2 the command line is wrong · 65 the input is wrong or refused by a rule · 69 not found · 70 a fault of ours ·
//! 75 try again · 77 not allowed · 78 the settings cannot be used.

mod agreement;
mod audit;
mod bench;
mod client;
mod config;
mod consent;
mod db;
mod demo;
mod directory;
mod disclosures;
mod doctor;
mod feedback;
mod files;
mod home;
mod init;
mod key;
mod known;
mod member;
mod need;
mod node;
mod output;
mod packet;
mod policy;
mod referral;
mod serve;
mod service;
mod session;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
pub use node::{NodeError, open_hub};
pub use output::{CliError, Output};

/// The federation hub of a referral mechanism, and the gateway of its members.
#[derive(Parser)]
#[command(name = "throughline", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Settings file; the environment (THROUGHLINE__SECTION__KEY) wins over it.
    #[arg(long, global = true, value_name = "FILE", env = "THROUGHLINE_CONFIG")]
    config: Option<PathBuf>,
    /// Print data as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Begin here:
  throughline demo                see what it does
  throughline init                make a node's keys and database
  throughline serve               serve it
  throughline doctor              see whether everything a node needs is there";

#[derive(Subcommand)]
enum Command {
    /// Start a node of a fictional country and perform what it is for. Begin here.
    #[command(after_help = "Examples:
  throughline demo
  throughline demo --once     perform it, say whether every step held, and end")]
    Demo(demo::Demo),
    /// Make a new node: its keys, its database, and the first coordinator.
    #[command(after_help = "Example:
  throughline init --coordinator a.banda")]
    Init(init::Init),
    /// Serve the node.
    #[command(after_help = "Example:
  throughline serve --config throughline.toml")]
    Serve,
    /// Show the settings in force, or check them.
    #[command(subcommand)]
    Config(config::Config),
    /// Look after the database.
    #[command(subcommand)]
    Db(db::Db),
    /// Enrol and list member organisations, on the node's machine.
    #[command(subcommand)]
    Member(member::Member),
    /// Verify the log, prove what is in it, check proofs, and ask what was disclosed about a person.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Import, search and look after the referral directory, on the node's machine.
    #[command(subcommand)]
    Directory(directory::Directory),
    /// See whether everything a node needs is there.
    #[command(after_help = "Example:
  throughline doctor")]
    Doctor,
    /// Make, publish and rotate an organisation's keys, at its gateway.
    Key(key::Key),
    /// Draft, sign, verify and end data-sharing agreements, at an organisation's gateway.
    Agreement(agreement::Agreement),
    /// Keep what persons agreed to, hand out receipts, and sign certificates, at an organisation's gateway.
    Consent(consent::Consent),
    /// Say what an organisation offers for referral, at its gateway.
    Service(service::Service),
    /// Seal, send, fetch, open, verify and look at packets, at an organisation's gateway.
    Packet(packet::Packet),
    /// List, show and move referrals, at an organisation's gateway.
    Referral(referral::Referral),
    /// Record and list needs that did not become a referral, at an organisation's gateway.
    Need(need::Need),
    /// Get the code for the person, and read what people said, at an organisation's gateway.
    Feedback(feedback::Feedback),
    /// Measure what the hub does on this machine, against what the machine can do.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Print the description of the HTTP API (OpenAPI 3.1).
    #[command(after_help = "Example:
  throughline openapi > openapi.json")]
    Openapi,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let outcome = dispatch(cli, &output);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.fail(&error),
    }
}

fn dispatch(cli: Cli, output: &Output) -> Result<(), CliError> {
    let settings = || crate::config::load(cli.config.as_deref()).map_err(CliError::from);
    match cli.command {
        Command::Demo(command) => command.run(settings()?, output),
        Command::Init(command) => command.run(&settings()?, output),
        Command::Serve => serve::run(settings()?, output),
        Command::Config(command) => command.run(&settings()?, output),
        Command::Db(command) => command.run(&settings()?, output),
        Command::Member(command) => command.run(&settings()?, output),
        Command::Audit(command) => command.run(settings, output),
        Command::Directory(command) => command.run(&settings()?, output),
        Command::Doctor => doctor::run(&settings()?, output),
        Command::Key(command) => command.run(output),
        Command::Agreement(command) => command.run(output),
        Command::Consent(command) => command.run(output),
        Command::Service(command) => command.run(output),
        Command::Packet(command) => command.run(output),
        Command::Referral(command) => command.run(output),
        Command::Need(command) => command.run(output),
        Command::Feedback(command) => command.run(output),
        Command::Bench(command) => command.run(&settings()?, output),
        Command::Openapi => output.data(&crate::api::routes::openapi(), |_| String::new()),
    }
}

/// Runs async work of a command on a small runtime of its own.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(runtime.block_on(work))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Every command without commands of its own, with its words.
    fn leaves(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
        for inner in command.get_subcommands() {
            let words = format!("{words} {}", inner.get_name());
            if inner.has_subcommands() {
                leaves(inner, &words, found);
            } else {
                found.push((words, inner.clone()));
            }
        }
    }

    #[test]
    fn every_command_says_what_it_is_for_and_shows_an_example() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "throughline", &mut found);
        assert!(found.len() > 90, "{}", found.len());
        let lacking = found.iter().filter(|(words, command)| {
            let told = command.get_about().is_some_and(|about| about.to_string().len() > 10);
            let shown = command.get_after_help().is_some_and(|help| help.to_string().contains(words));
            !told || !shown
        });
        let lacking: Vec<&String> = lacking.map(|(words, _)| words).collect();
        assert!(lacking.is_empty(), "{lacking:#?}");
    }

    #[test]
    fn a_thumbprint_or_a_leaf_may_begin_with_a_hyphen() {
        for begin in ["-h", "--"] {
            let text = format!("{begin}{}A", "x".repeat(40));
            for words in [
                format!("key revoke {text}"),
                format!("key trust node {text}"),
                format!("key revoke --compromised-at 2026-03-02T00:00:00Z {text}"),
                format!(
                    "member replace-root org_00000000000000000000000000000001 --root r.jwk --thumbprint {text}"
                ),
                format!("audit verify --leaf {text} --leaf {text}"),
                format!("audit prove {text} --out proof.txt"),
                format!("audit verify-proof proof.txt --key KEY --leaf {text}"),
            ] {
                let parsed = Cli::try_parse_from(["throughline"].into_iter().chain(words.split(' ')));
                assert!(parsed.is_ok(), "{words}: {}", parsed.err().unwrap());
            }
        }
        assert!(Cli::try_parse_from(["throughline", "key", "revoke", "-h"]).is_err());
    }
}
