//! Opening a node on its own machine.

use std::{path::Path, sync::Arc};

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt::writer::BoxMakeWriter};

use super::{CliError, files};
use crate::{
    audit,
    config::{LogFormat, Settings},
    hub::{Hub, KeyFault, NodeKeys},
    kernel::{Code, Coded, Fault, id::SystemIds, time::SystemClock},
    policy::{Policy, PolicyError},
    storage::{StorageError, Store},
};

/// Why a node cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Coded for NodeError {
    fn code(&self) -> Code {
        match self {
            Self::Storage(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Policy(error) => error.code(),
        }
    }
}

/// Opens the policy, the store and the keys the settings name. Migrates when the settings say so, and refuses tables that do not fit.
pub fn open_hub(settings: Settings) -> Result<Hub, NodeError> {
    let policy = Policy::load(&settings.policy.profiles)?;
    let keys = NodeKeys::load(&settings.node.keys, &settings.node.name)?;
    let store = migrated(Store::open_existing(settings.database.opening())?, &settings)?;
    Ok(Hub::new(store, settings, keys, policy, (Arc::new(SystemClock), Arc::new(SystemIds))))
}

/// Makes the database of a new node. One that a node has lived in is refused: its keys are elsewhere, and new ones would do harm.
pub(super) async fn make_database(settings: &Settings) -> Result<(), CliError> {
    let store = migrated(Store::open(settings.database.opening())?, settings)?;
    let lived_in = store.read(audit::has_entries).await;
    store.close();
    if lived_in? {
        return Err(CliError::new(
            Code::new("node_keys.lost", Fault::Conflict),
            "the database is that of a node that had keys; put its key folder where node.keys says, or give the new node another \
             database.url",
        ));
    }
    Ok(())
}

fn migrated(store: Store, settings: &Settings) -> Result<Store, StorageError> {
    // First, because even a look at the migrations writes on PostgreSQL, and would be refused for another reason.
    store.require_writable()?;
    if settings.database.migrate_on_start {
        store.migrate()?;
    }
    store.require_migrated()?;
    Ok(store)
}

/// Starts the log of this process. What rooms hold back (names, contacts, packets) has no way into it: such types cannot be shown.
pub(super) fn start_log(settings: &Settings, file: Option<&Path>) -> Result<(), CliError> {
    let filter =
        EnvFilter::try_new(heard(&settings.log.level)).unwrap_or_else(|_ignored| EnvFilter::new("info"));
    let writer = match file {
        Some(path) => BoxMakeWriter::new(files::create_new(path)?),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer);
    // A log that was started already stays.
    let _already = match settings.log.format {
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    Ok(())
}

/// A level is that of this program. Libraries speak up only when something is wrong, whatever it is: what they say at louder levels
/// quotes paths and headers. One that is named speaks as it is told.
fn heard(level: &str) -> String {
    let (named, bare): (Vec<&str>, Vec<&str>) =
        level.split(',').partition(|part| part.parse::<LevelFilter>().is_err());
    let ours = bare.last().and_then(|part| part.parse().ok()).unwrap_or(LevelFilter::OFF);
    let theirs = ours.min(LevelFilter::WARN);
    [format!("{theirs},throughline={ours}")]
        .into_iter()
        .chain(named.into_iter().map(str::to_owned))
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_that_of_this_program_and_libraries_only_warn() {
        for (level, expected) in [
            ("trace", "warn,throughline=trace"),
            ("INFO", "warn,throughline=info"),
            ("off", "off,throughline=off"),
            ("error", "error,throughline=error"),
            ("info,h2=trace", "warn,throughline=info,h2=trace"),
            ("throughline::storage=debug", "off,throughline=off,throughline::storage=debug"),
        ] {
            assert_eq!(heard(level), expected);
        }
    }
}
