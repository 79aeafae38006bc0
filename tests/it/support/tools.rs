//! Programs and packages from elsewhere that tests run: other libraries, the scripts of the pages, a browser.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

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

/// One installation at a time, whoever asks.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Installs a program from elsewhere, whose sources lie in a folder of this project, under the build folder; again only when these changed.
pub(crate) fn installed(
    sources: &Path,
    files: &[&str],
    steps: &dyn Fn(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(sources);
    let contents: Vec<Vec<u8>> = files.iter().map(|file| fs::read(from.join(file)).unwrap()).collect();
    let version = Digest::of_parts(contents.iter().map(Vec::as_slice)).to_string();
    let name = sources.file_name().unwrap().to_string_lossy();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("installed-{name}"));
    if fs::read_to_string(folder.join("installed")).is_ok_and(|done| done == version) {
        return Ok(folder);
    }
    let _fresh = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in files.iter().zip(&contents) {
        fs::write(folder.join(file), content).unwrap();
    }
    steps(&folder)?;
    fs::write(folder.join("installed"), version).unwrap();
    Ok(folder)
}

/// Installs what the `requirements.txt` of a folder names, for the Python in `venv/bin` there.
pub(crate) fn pip(folder: &Path) -> Result<(), String> {
    run("python3", &["-m", "venv", "venv"], folder)?;
    let pip = folder.join("venv/bin/pip");
    run(&pip.to_string_lossy(), &["install", "--quiet", "--requirement", "requirements.txt"], folder)
}
