//! `throughline bench`: what the hub does on this machine, held against what this machine can do.
//!
//! A number alone says how fast the machine is. So every benchmark measures, in the same run, on the same machine and in the same
//! database, the limit that no hub could pass, and prints both and their ratio. `docs/benchmarks.md` explains how to read them.
//!
//! The hub is a process of its own, started from this very program, so that its memory is its own and the load shares the cores with
//! it as it would anywhere. Everything happens in a fresh folder, or in a fresh schema, and is removed at the end.

mod child;
mod directory;
mod found;
mod generated;
mod ground;
mod letters;
mod limits;
mod load;
mod report;
mod stop;
mod store;
mod submit;
mod world;

use clap::Subcommand;

use super::{CliError, Output};
use crate::{
    config::Settings,
    kernel::{Code, Fault},
};

/// The benchmarks.
#[derive(Subcommand)]
pub(super) enum Bench {
    /// Hand in sealed packets over HTTP and count what is accepted, against the machine's own limits.
    #[command(after_help = "Example:
  throughline bench submit")]
    Submit(submit::Submit),
    /// Import a generated directory and search it over HTTP, against finding the candidates alone.
    #[command(after_help = "Example:
  throughline bench directory")]
    Directory(directory::Directory),
}

impl Bench {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Submit(command) => command.run(settings, output),
            Self::Directory(command) => command.run(settings, output),
        }
    }
}

/// A fault of the benchmark's own: what it made for itself does not fit the rooms it hands it to.
fn unfit(error: impl std::fmt::Display) -> CliError {
    CliError::new(
        Code::new("bench.unfit", Fault::Internal),
        format!("what the benchmark made for itself was not taken: {error}"),
    )
}
