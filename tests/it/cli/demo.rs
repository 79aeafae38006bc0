//! The demo, as somebody runs it who has just heard of this.

use std::process::Command;

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
    for step in ["D208", "D309", "D203", "D401", "D304", "Every step held."] {
        assert!(told.contains(step), "{step} is missing in:\n{told}");
    }
    assert!(!told.contains('✗'), "{told}");
    assert!(made.join("hub.db").exists() && made.join("gateways").is_dir());
    assert!(!told.contains("Canary"), "what is said on the terminal names nobody's data");
}
