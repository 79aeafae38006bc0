//! Sealing without proof stays where it belongs.

use std::{fs, path::Path};

/// Who may call the mechanics of sealing: the room itself, and the benchmark, whose packets are about nobody.
const MAY_PRESS: &[&str] = &["src/packets/", "src/cli/bench"];

#[test]
fn only_the_room_itself_seals_without_a_release() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs")
                && !MAY_PRESS.iter().any(|may| name.starts_with(may))
            {
                let text = fs::read_to_string(&path).unwrap();
                let imported = text.split("packets::{").skip(1).any(|list| {
                    list.split('}').next().unwrap().split(',').any(|item| item.trim() == "press")
                });
                assert!(!imported && !text.contains("packets::press"), "{name} seals without a release");
            }
        }
    }
}
