//! Tells cargo to look again when a migration or a compiled-in document changed: the macros that embed them do not.

fn main() {
    for folder in ["migrations", "config"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
