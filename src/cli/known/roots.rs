//! The root keys this home trusts, for each organisation and for the node: one thumbprint on each line of a file.
//!
//! The first answer about somebody unknown is believed. From then on a root key that is not in the file, be it in force or replaced, is
//! refused until somebody has compared its thumbprint outside of the hub. For our own organisation nothing is believed at first: the home
//! holds its root key.

use std::{collections::BTreeSet, fmt, path::PathBuf, str::FromStr};

use crate::{
    cli::{CliError, files, home::Home},
    crypto::Kid,
    kernel::{Code, Fault, Timestamp, id::OrganisationId},
};

/// Somebody whose key is remembered.
#[derive(Clone, Copy)]
pub(in crate::cli) enum Whose {
    /// The node, which signs receipts.
    Node,
    /// An organisation.
    Organisation(OrganisationId),
}

impl FromStr for Whose {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "node" {
            return Ok(Self::Node);
        }
        text.parse().map(Self::Organisation).map_err(|_ignored| "expected the id of an organisation, or node")
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => f.write_str("node"),
            Self::Organisation(id) => id.fmt(f),
        }
    }
}

/// Remembers a key that was compared outside of the hub.
pub(in crate::cli) fn trust(home: &Home, whose: Whose, kid: &Kid) -> Result<(), CliError> {
    let mut trusted = trusted(home, whose)?.unwrap_or_default();
    trusted.insert(kid.to_string());
    keep(home, whose, &trusted)
}

/// Refuses a key that is not remembered. `own` is the organisation's own root key, when it is ours. Each key comes with the moment it was
/// replaced.
pub(super) fn require(
    home: &Home,
    whose: Whose,
    own: Option<&Kid>,
    keys: &[(&Kid, Option<Timestamp>)],
) -> Result<(), CliError> {
    let known = trusted(home, whose)?;
    let mut trusted = match (&known, own) {
        (None, None) => keys.iter().map(|(kid, _)| kid.to_string()).collect(),
        _ => known.clone().unwrap_or_default(),
    };
    trusted.extend(own.map(Kid::to_string));
    for &(kid, replaced) in keys {
        if !trusted.contains(kid.as_str()) {
            return Err(changed(whose, kid, replaced));
        }
    }
    if known.as_ref() == Some(&trusted) { Ok(()) } else { keep(home, whose, &trusted) }
}

fn changed(whose: Whose, kid: &Kid, replaced: Option<Timestamp>) -> CliError {
    let was = replaced.map_or_else(
        || String::from("is said to be the one in force"),
        |at| format!("is said to have been in force until {at}"),
    );
    CliError::new(
        Code::new("known.changed", Fault::Refused),
        format!(
            "the key of {whose} is not one this gateway knows: {kid} {was}. Ask them over another channel; if it is theirs, run \
             `throughline key trust {whose} {kid}`"
        ),
    )
}

fn path(home: &Home, whose: Whose) -> Result<PathBuf, CliError> {
    Ok(home.folder("known")?.join(whose.to_string()))
}

fn trusted(home: &Home, whose: Whose) -> Result<Option<BTreeSet<String>>, CliError> {
    let text = files::text_if_there(path(home, whose)?)?;
    Ok(text.map(|text| text.split_whitespace().map(str::to_owned).collect()))
}

fn keep(home: &Home, whose: Whose, trusted: &BTreeSet<String>) -> Result<(), CliError> {
    let lines: Vec<&str> = trusted.iter().map(String::as_str).collect();
    files::replace(&path(home, whose)?, lines.join("\n").as_bytes())
}
