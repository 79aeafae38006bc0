//! The documents beside the code hold what they promise: every code, every link, and no snapshot without its test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use throughline::{
    kernel::Coded as _,
    packets::PacketFault,
    policy::{Deny, NOT_RAISED, Warning},
};

use crate::rooms::code;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Files below these folders, by ending.
fn files(folders: &[&str], ending: &str) -> Vec<PathBuf> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found
}

/// Codes made in the sources, with the kind of fault; tests aside.
fn codes_in_sources() -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    for path in files(&["src"], "rs") {
        let text = fs::read_to_string(path).unwrap();
        let code = code(&text);
        for call in code.split("Code::new(").skip(1) {
            let Some((name, rest)) = call.trim_start().strip_prefix('"').and_then(|c| c.split_once('"'))
            else {
                continue;
            };
            let Some((_, fault)) = rest.split_once("Fault::") else { continue };
            let fault: String = fault.chars().take_while(char::is_ascii_alphabetic).collect();
            codes.insert(name.to_owned(), fault);
        }
    }
    codes
}

/// Status and exit code, as `api` and `cli` translate them.
fn translated(code: &str, fault: &str) -> (u16, u8) {
    let (status, exit) = by_fault(fault);
    let settings =
        ["config.", "node_keys.", "server.tls", "policy.profile", "storage.schema", "storage.missing"];
    (status, if settings.iter().any(|start| code.starts_with(start)) { 78 } else { exit })
}

fn by_fault(fault: &str) -> (u16, u8) {
    match fault {
        "Malformed" => (400, 65),
        "Unauthenticated" => (401, 77),
        "Forbidden" => (403, 77),
        "NotFound" => (404, 69),
        "Conflict" => (409, 75),
        "Stale" => (412, 75),
        "TooLarge" => (413, 65),
        "Refused" => (422, 65),
        "TooMany" => (429, 75),
        "Internal" => (500, 70),
        "Unavailable" | "Unsure" => (503, 75),
        other => panic!("{other} is no fault"),
    }
}

#[test]
fn every_code_is_explained_and_no_explanation_is_left_over() {
    let document = read("docs/errors.md");
    let mut codes: BTreeMap<String, String> = codes_in_sources();
    for fault in PacketFault::ALL {
        codes.insert(fault.code().name().to_owned(), format!("{:?}", fault.code().fault()));
    }
    let lacking: Vec<String> = codes
        .iter()
        .map(|(code, fault)| (code, translated(code, fault)))
        .map(|(code, (status, exit))| format!("`{code}` | {status} | {exit} |"))
        .filter(|row| !document.contains(row))
        .collect();
    assert!(lacking.is_empty(), "docs/errors.md lacks these rows: {lacking:#?}");
    let explained = document.lines().filter(|line| line.starts_with("| ")).filter_map(|line| {
        let (_, code) = line.split_once('`')?;
        let (code, rest) = code.split_once("` | ")?;
        rest.starts_with(|c: char| c.is_ascii_digit()).then(|| code.to_owned())
    });
    let left_over: BTreeSet<String> = explained.filter(|code| !codes.contains_key(code)).collect();
    assert!(left_over.is_empty(), "docs/errors.md explains what is not there: {left_over:?}");
}

#[test]
fn every_deny_code_and_every_warning_is_listed_with_its_sentence() {
    let document = read("docs/errors.md");
    let deny = Deny::ALL.iter().map(|code| format!("| {} | {} |", code.code(), code.title()));
    let warnings = Warning::ALL.iter().map(|code| format!("| {} | {} |", code.code(), code.title()));
    let lacking: Vec<String> = deny.chain(warnings).filter(|row| !document.contains(row)).collect();
    assert!(lacking.is_empty(), "docs/errors.md lacks these rows: {lacking:#?}");
}

#[test]
fn what_is_never_raised_is_said_of_just_those_codes() {
    let document = read("docs/errors.md");
    let (_, table) = document.split_once("| Not raised | Because |\n|---|---|\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut said: Vec<&str> = table
        .lines()
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.trim().split(", "))
        .collect();
    said.sort_unstable();
    let listed: Vec<&str> = NOT_RAISED.iter().map(|(deny, _)| deny.code()).collect();
    assert_eq!(said, listed);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents = files(&["docs"], "md");
    documents.extend(
        ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"]
            .map(|d| root().join(d)),
    );
    let mut broken = Vec::new();
    for path in documents {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let outside = target.contains("://") || file.is_empty();
            if !outside && !path.parent().unwrap_or(Path::new(".")).join(file).exists() {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_snapshot_belongs_to_a_test() {
    let sources: String =
        files(&["src", "tests"], "rs").into_iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for path in files(&["src", "tests"], "snap") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let test = name.rsplit("__").next().unwrap();
        assert!(
            sources.contains(&format!("fn {test}(")) || sources.contains(&format!("\"{test}\"")),
            "{} is nobody's",
            path.display()
        );
    }
}

/// The counting of `.ci/run`, with checks of our own.
#[test]
fn what_a_check_could_not_look_at_is_counted_as_not_checked_and_fails_nothing() {
    let script = read(".ci/run");
    let counts = script.lines().find(|line| line.starts_with("passed=0")).unwrap();
    let (_, check) = script.split_once("\ncheck() {\n").unwrap();
    let (check, _) = check.split_once("\n}\n").unwrap();
    let ran = Command::new("bash")
        .arg("-euo")
        .arg("pipefail")
        .arg("-c")
        .arg(format!(
            "{counts}\nheader() {{ :; }}\ncheck() {{\n{check}\n}}\n\
             away() {{ unchecked+=('no network'); return 3; }}\n\
             says_nothing() {{ return 3; }}\n\
             check good true; check away away; check bad false; check silent says_nothing\n\
             echo \"$passed ${{#unchecked[@]}} $failed ${{broken[*]}}\""
        ))
        .output()
        .unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{told} {}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(told.lines().last(), Some("1 1 2 bad silent"));
}
