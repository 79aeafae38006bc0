//! The agreements this home keeps, to cite them by id with or without the hub. Nothing in them is about a person.
//!
//! What is read back is verified like any document from outside: a file that was changed on the disk counts for nothing.

use std::{path::Path, sync::Arc};

use serde_json::Value;

use super::{
    super::{CliError, files, home::Home, known::KnownKeys, policy},
    sign, unusable,
};
use crate::{
    agreements::{Checked, Document, Terms},
    kernel::{Code, Digest, Fault, id::AgreementId},
};

const FOLDER: &str = "agreements";

/// Keeps a document with its signatures.
pub(super) fn keep(
    home: &Home,
    document: &Document,
    bytes: &[u8],
    signatures: &[Value],
) -> Result<(), CliError> {
    let folder = home.folder(FOLDER)?;
    let name = format!("{}.v{}", document.id, document.version);
    files::replace(
        folder.join(format!("{name}.signatures.json")),
        &serde_json::to_vec_pretty(signatures).unwrap_or_default(),
    )?;
    files::replace(folder.join(format!("{name}.json")), bytes)
}

/// The terms an argument names: `dsa_…` for the newest version this home keeps, `dsa_…@2` for a certain one, or a file.
pub(in crate::cli) fn named(home: &Home, which: &str) -> Result<Arc<Terms>, CliError> {
    if !which.starts_with("dsa_") {
        return of_bytes(&files::bytes(which)?);
    }
    let (id, version) = match which.split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (which, None),
    };
    let id: AgreementId =
        id.parse().map_err(|_ignored| unusable("an agreement is named by dsa_… , dsa_…@2, or a file"))?;
    let version = match version {
        Some(text) => text.parse().map_err(|_ignored| unusable("a version is a number, as in dsa_…@2"))?,
        None => versions(home)?
            .into_iter()
            .filter_map(|(kept, version)| (kept == id).then_some(version))
            .max()
            .ok_or_else(|| not_kept(which))?,
    };
    version_of(home, id, version)?.ok_or_else(|| not_kept(which))
}

/// A version, when this home keeps it.
pub(in crate::cli) fn version_of(
    home: &Home,
    id: AgreementId,
    version: u32,
) -> Result<Option<Arc<Terms>>, CliError> {
    let folder = home.folder(FOLDER)?;
    let name = format!("{id}.v{version}");
    let path = folder.join(format!("{name}.json"));
    if !path.exists() {
        return Ok(None);
    }
    let checked =
        Checked::read(files::bytes(&path)?, &policy::of(home)?).map_err(|_ignored| changed(&path))?;
    let signatures = files::bytes(folder.join(format!("{name}.signatures.json")))?;
    let signatures: Vec<Value> = serde_json::from_slice(&signatures).map_err(|_ignored| changed(&path))?;
    let document = checked.document();
    if (document.id, document.version) != (id, version) {
        return Err(changed(&path));
    }
    let mut keys = KnownKeys::default();
    for party in document.signatories() {
        keys.add_kept(home, party)?;
    }
    sign::signers(&checked, &signatures, &keys)?;
    of_bytes(checked.bytes()).map(Some)
}

/// Every agreement this home keeps.
pub(in crate::cli) fn all(home: &Home) -> Result<Vec<Arc<Terms>>, CliError> {
    let mut found = Vec::new();
    for (id, version) in versions(home)? {
        found.extend(version_of(home, id, version)?);
    }
    Ok(found)
}

fn versions(home: &Home) -> Result<Vec<(AgreementId, u32)>, CliError> {
    let mut found = Vec::new();
    for name in files::names_in(home.folder(FOLDER)?)? {
        let stem = name.strip_suffix(".json").and_then(|stem| stem.split_once(".v"));
        let named = stem.and_then(|(id, version)| Some((id.parse().ok()?, version.parse().ok()?)));
        found.extend(named);
    }
    found.sort_unstable();
    Ok(found)
}

fn of_bytes(bytes: &[u8]) -> Result<Arc<Terms>, CliError> {
    let document = Document::parse(bytes).map_err(|error| unusable(error.to_string()))?;
    Ok(Arc::new(Terms::of(document, Digest::of(bytes))))
}

fn not_kept(which: &str) -> CliError {
    CliError::new(
        Code::new("agreement.not_kept", Fault::NotFound),
        format!(
            "this home does not keep {which}; run throughline agreement fetch {} while the hub can be reached",
            which.replace('@', " --version ")
        ),
    )
}

fn changed(path: &Path) -> CliError {
    CliError::new(
        Code::new("agreement.kept_changed", Fault::Malformed),
        format!(
            "{} is not what was kept, or the hub's policy has become stricter than it; remove it and fetch the agreement again",
            path.display()
        ),
    )
}
