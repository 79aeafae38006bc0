//! The demo, as somebody runs it who has just heard of this.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::process::{send, until};

#[test]
fn every_step_of_the_demo_holds_and_its_folder_is_left_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("demo");
    let ran = Command::new(env!("CARGO_BIN_EXE_throughline"))
        .args(["demo", "--once", "--folder"])
        .arg(&made)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    let proof = [
        "✓ What members told everybody is found in the hub's database and log, plain and encoded",
        "✓ Looked for in the same way, nothing of what was sealed and no private key is in any file of the hub",
    ];
    for step in ["D208", "D309", "D203", "D401", "D304", "Every step held."].into_iter().chain(proof) {
        assert!(told.contains(step), "{step} is missing in:\n{told}");
    }
    assert!(!told.contains('✗'), "{told}");
    assert!(made.join("hub.db").exists() && made.join("gateways").is_dir());
    assert!(!told.contains("Canary"), "what is said on the terminal names nobody's data");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_once_the_demo_stays_up_at_the_addresses_it_names_until_it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_throughline"))
        .args(["demo", "--folder"])
        .arg(folder.path().join("demo"))
        .stderr(Stdio::from(File::create(&said).unwrap()))
        .spawn()
        .unwrap();
    let told = || fs::read_to_string(&said).unwrap();
    until("the story is told", async || {
        told().contains("Ctrl-C ends it.") || demo.try_wait().unwrap().is_some()
    })
    .await;
    let text = told();
    let named: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("http://")).collect();
    for page in ["/api", "/hsds", "/health/ready", "/metrics"] {
        let url = named.iter().find(|url| url.ends_with(page)).unwrap_or_else(|| panic!("{page}: {text}"));
        assert_eq!(send(url, None, "").await.unwrap().status, 200, "{url}");
    }
    kill_process(Pid::from_child(&demo), Signal::INT).unwrap();
    let mut ended = None;
    until("the demo ends", async || {
        ended = demo.try_wait().unwrap();
        ended.is_some()
    })
    .await;
    assert!(ended.unwrap().success(), "{}", told());
}
