//! `throughline config`

use clap::Subcommand;

use super::{CliError, Output};
use crate::config::{DEFAULTS, Settings};

#[derive(Subcommand)]
pub(super) enum Config {
    /// Print the settings in force, with secrets hidden.
    #[command(after_help = "Example:
  throughline config show")]
    Show,
    /// Say whether the settings can be used; every complaint is printed at once.
    #[command(after_help = "Example:
  throughline config check --config throughline.toml")]
    Check,
    /// Print the defaults with their comments: a good beginning for a settings file.
    #[command(after_help = "Example:
  throughline config defaults > throughline.toml")]
    Defaults,
}

impl Config {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Show => output.data(&hidden(settings), |_| settings.to_string()),
            Self::Check => output
                .data(&serde_json::json!({ "good": true }), |_| String::from("The settings can be used.")),
            Self::Defaults => output.data(&DEFAULTS, |text| (*text).to_owned()),
        }
    }
}

fn hidden(settings: &Settings) -> serde_json::Value {
    settings
        .to_string()
        .parse::<toml::Table>()
        .ok()
        .and_then(|table| serde_json::to_value(table).ok())
        .unwrap_or_default()
}
