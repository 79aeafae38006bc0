//! `throughline demo`: a node with fictional members, in a fresh folder, and the story of what it does.
//!
//! Every step is performed through the same entrances a real gateway uses, and holds or fails: a step that fails ends the demo with a
//! non-zero exit. Nothing here is a picture of the real thing.

mod country;
mod directory;
mod gateway;
mod holdings;
mod people;
mod stage;
mod story;

use std::path::PathBuf;

use clap::Args;
use stage::Stage;

use super::{CliError, Output, files, node::start_log, serve::Told};
use crate::{
    config::{LogFormat, Settings},
    kernel::{Code, Fault},
};

/// Starts a node of a fictional country on the embedded database, in a fresh folder, tells and performs the story, and keeps the
/// node up to look at.
#[derive(Args)]
pub(super) struct Demo {
    /// Perform the story, say whether every step held, and end.
    #[arg(long)]
    once: bool,
    /// Folder to make; it must not be there yet.
    #[arg(long, default_value = "throughline-demo")]
    folder: PathBuf,
    /// Port on this machine; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

impl Demo {
    pub(super) fn run(self, settings: Settings, output: &Output) -> Result<(), CliError> {
        let folder = fresh(&self.folder)?;
        let settings = arrange(settings, &folder, self.port);
        start_log(&settings, Some(&folder.join("hub.log")))?;
        output.say(format!("Throughline, in {}. Everybody in this story is made up.\n", folder.display()));
        actix_web::rt::System::new().block_on(async {
            let mut told_to_stop = Told::listen()?;
            let stage = Stage::set(settings, folder).await?;
            let told = story::tell(&stage, output).await;
            if let Ok(told) = &told
                && !self.once
            {
                output.say(stage.farewell(told));
                let awake = actix_web::rt::spawn(Stage::confirm_keys(told.gateways.clone(), output.clone()));
                told_to_stop.stop().await;
                awake.abort();
            }
            stage.strike().await;
            told.map(drop)
        })
    }
}

/// A step that did not come out as it must.
fn broken(why: impl Into<String>) -> CliError {
    CliError::new(Code::new("demo.step", Fault::Internal), why)
}

/// The folder, made new. A folder from an earlier demo is left alone and the next free name is taken.
fn fresh(wanted: &std::path::Path) -> Result<PathBuf, CliError> {
    for number in 1..1_000 {
        let folder = if number == 1 {
            wanted.to_owned()
        } else {
            PathBuf::from(format!("{}-{number}", wanted.display()))
        };
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(std::path::absolute(folder)?),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(files::unwritable(&folder, &error)),
        }
    }
    Err(CliError::new(
        Code::new("demo.folder", Fault::Conflict),
        "there are a thousand demo folders here; remove some",
    ))
}

fn arrange(mut settings: Settings, folder: &std::path::Path, port: u16) -> Settings {
    settings.node.name = String::from("rhn:zz:national");
    settings.node.country = String::from("ZZ");
    settings.node.keys = folder.join("node-keys");
    // The story is told under the policy compiled in, whatever the caller's node tightens.
    settings.policy.profiles = PathBuf::new();
    settings.database.url = format!("sqlite:{}", folder.join("hub.db").display());
    settings.server.address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    settings.server.workers = 2;
    // Several agencies share one address here, and the story is quick.
    settings.limits.stranger_requests_per_second = 1_000;
    settings.limits.stranger_burst = 1_000;
    settings.log.format = LogFormat::Json;
    settings
}
