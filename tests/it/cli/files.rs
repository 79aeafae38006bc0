//! Files that somebody names at the command line: a wrong one is told by its name, with what to do, and nobody is told to try again later.

use std::process::Command;

/// Runs a command of somebody who has a home with keys, in its folder.
fn run(folder: &std::path::Path, words: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
    let words = words.split_whitespace();
    let ran = command.args(words).current_dir(folder).output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stderr).unwrap())
}

#[test]
fn a_file_that_is_not_there_or_cannot_be_used_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("words"), "four unrelated words here\n").unwrap();
    std::fs::write(at.join("bytes"), [0xff, 0xfe]).unwrap();
    std::fs::create_dir(at.join("folder")).unwrap();
    let own = "--home home --passphrase-file words";
    assert_eq!(run(at, &format!("key {own} init")).0, Some(0));
    let org = "org_00000000000000000000000000000001";
    let seal = "--purpose P01 --service SV07 --urgency U2 --retention RT02 --out out.rp1";
    for (words, file) in [
        (format!("packet {own} inspect nowhere.rp1"), "nowhere.rp1 is not there"),
        (format!("packet {own} inspect folder"), "folder cannot be read"),
        (format!("packet {own} verify nowhere.rp1"), "nowhere.rp1 is not there"),
        (format!("packet {own} open nowhere.rp1"), "nowhere.rp1 is not there"),
        (format!("packet {own} send nowhere.rp1"), "nowhere.rp1 is not there"),
        (
            format!("packet {own} seal --form f.json --consent record.json --to {org} {seal}"),
            "record.json is not there",
        ),
        (format!("consent {own} add record.json"), "record.json is not there"),
        (format!("agreement {own} verify dsa.json"), "dsa.json is not there"),
        (format!("agreement {own} draft --check --from dsa.json"), "dsa.json is not there"),
        (String::from("key --home home --passphrase-file nobody list"), "nobody is not there"),
        (String::from("key --home home --passphrase-file bytes list"), "bytes cannot be read"),
        (String::from("key --home words/home --passphrase-file words init"), "words/home cannot be written"),
        (format!("audit verify-proof proof.txt --key {KEY}"), "proof.txt is not there"),
    ] {
        let (code, said) = run(at, &words);
        assert_eq!(code, Some(65), "{words}: {said}");
        assert!(said.starts_with("error[file.un") && said.contains(file), "{words}: {said}");
        assert!(said.contains("; name a "), "{words}: {said}");
    }
    let precious = at.join("home/client.new");
    std::fs::write(&precious, "precious").unwrap();
    assert_eq!(run(at, &format!("key {own} rotate client")).0, Some(0));
    assert_eq!(std::fs::read(&precious).unwrap(), b"precious", "a file of somebody's was overwritten");
}

/// The key of a log that is nobody's.
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
