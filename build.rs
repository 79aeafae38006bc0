//! Packs the scripts and styles of the pages, and tells cargo to look again when a migration or a compiled-in document changed: the macros
//! that embed them do not.
//!
//! The pages are packed with Node in the build folder: their sources are copied there, so that nothing is written beside them. Who has no Node
//! or no network names a folder that was packed elsewhere in `THROUGHLINE_WEB_ASSETS`, or leaves the pages out.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// What the scripts and styles are made of.
const SOURCES: [&str; 6] = ["package.json", "package-lock.json", "tsconfig.json", "build.mjs", "src", "css"];

fn main() {
    for folder in ["migrations", "config"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    println!("cargo:rerun-if-env-changed=THROUGHLINE_WEB_ASSETS");
    if env::var_os("CARGO_FEATURE_WEB").is_none() {
        return;
    }
    if let Err(why) = pages() {
        // One line each is what cargo shows as an error of the build.
        println!("cargo::error=The pages could not be packed: {}", why.trim().replace('\n', " | "));
        println!(
            "cargo::error=They take Node 20 or newer with npm, and the npm registry the first time. Without: name a folder that was packed \
             elsewhere in THROUGHLINE_WEB_ASSETS, or leave the pages out with --no-default-features --features bundled."
        );
    }
}

/// Packs the pages into the folder that the binary embeds.
fn pages() -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo named no folder")?);
    let (packed, work) = (out.join("pages"), out.join("packing"));
    if let Some(given) = env::var_os("THROUGHLINE_WEB_ASSETS") {
        let given = PathBuf::from(given);
        println!("cargo:rerun-if-changed={}", given.display());
        if !given.join("manifest.json").is_file() {
            return Err(format!("{} has no manifest.json", given.display()));
        }
        clear(&packed).and_then(|()| copy(&given, &packed)).map_err(|error| about(&given, &error))?;
        return table(&out, &packed);
    }
    let sources = Path::new("src/web/assets");
    for name in SOURCES {
        println!("cargo:rerun-if-changed={}", sources.join(name).display());
    }
    let lock = fs::read(sources.join("package-lock.json")).map_err(|error| about(sources, &error))?;
    let installed = work.join("installed-lock.json");
    let is_installed = fs::read(&installed).is_ok_and(|before| before == lock);
    fs::create_dir_all(&work).map_err(|error| about(&work, &error))?;
    for name in SOURCES {
        let (from, to) = (sources.join(name), work.join(name));
        clear(&to).and_then(|()| copy(&from, &to)).map_err(|error| about(&from, &error))?;
    }
    if !is_installed {
        run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], &work)?;
        fs::write(&installed, lock).map_err(|error| about(&installed, &error))?;
    }
    clear(&packed).map_err(|error| about(&packed, &error))?;
    run("node", &["build.mjs", &packed.display().to_string()], &work)?;
    table(&out, &packed)
}

/// Writes the table of what was packed, sorted by name, which the binary includes.
fn table(out: &Path, packed: &Path) -> Result<(), String> {
    let names = fs::read_dir(packed).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()
    });
    let mut names = names.map_err(|error| about(packed, &error))?;
    names.sort_unstable();
    let line = |name: &String| {
        format!("    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/pages/\", {name:?}))),\n")
    };
    let lines: Vec<String> = names.iter().map(line).collect();
    let text = format!("static FILES: &[(&str, &[u8])] = &[\n{}];\n", lines.concat());
    let file = out.join("pages.rs");
    fs::write(&file, text).map_err(|error| about(&file, &error))
}

fn about(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn clear(path: &Path) -> io::Result<()> {
    let outcome = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {} failed: {said}", arguments.join(" ")))
}
