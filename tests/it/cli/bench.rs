//! `throughline bench`, from the command to its last line.

use std::process::{Command, Output};

fn bench(folder: &std::path::Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
    command.args([
        "--json",
        "bench",
        "submit",
        "--quick",
        "--sizes",
        "2",
        "--packets",
        "60",
        "--connections",
        "4",
    ]);
    command.arg("--folder").arg(folder).args(more);
    command.output().unwrap()
}

#[test]
fn a_benchmark_does_not_touch_a_database_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("precious.db");
    std::fs::write(&file, b"precious").unwrap();
    let ended = bench(folder.path(), &["--database", &format!("sqlite:{}", file.display())]);
    assert_eq!(ended.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("bench.database"));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
}
