//! Programs and packages from elsewhere that tests run: other libraries, the scripts of the pages, a browser.

use std::{fs, path::Path, process::Command};

use throughline::kernel::Digest;

/// Runs a program to its end; what it said when it failed.
pub(crate) fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&said)))
}

/// Installs what the `package-lock.json` of a folder names; again only when that changed.
pub(crate) fn npm(folder: &Path) -> Result<(), String> {
    let lock = fs::read(folder.join("package-lock.json")).map_err(|error| error.to_string())?;
    let (version, mark) = (Digest::of(&lock).to_string(), folder.join("installed"));
    if fs::read_to_string(&mark).is_ok_and(|done| done == version) {
        return Ok(());
    }
    run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)?;
    fs::write(mark, version).map_err(|error| error.to_string())
}
