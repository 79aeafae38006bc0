//! `throughline bench`, from the command to its last line.

use std::process::{Command, Output};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use serde_json::Value;

use crate::support::{lease, postgres};

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

fn folders_left(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// The schemas a benchmark made at a server and left there.
fn schemas_left(url: &str) -> usize {
    let mut conn = PgConnection::establish(url).unwrap();
    let found = "SELECT 1 FROM information_schema.schemata WHERE schema_name LIKE 'throughline_bench%'";
    diesel::sql_query(found).execute(&mut conn).unwrap()
}

#[test]
fn a_benchmark_of_submits_prints_one_object_and_leaves_nothing_behind() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // At a server it is given a database that a hub uses already.
    let server = postgres().map(|_| lease(elsewhere.path()));
    let (more, engine): (Vec<&str>, _) = match &server {
        Some(server) => (vec!["--database", &server.url], "postgres"),
        None => (Vec::new(), "sqlite"),
    };
    let ended = bench(folder.path(), &more);
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}\n{err}");
    let row: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((row["scenario"].as_str(), row["database"].as_str()), (Some("submit"), Some(engine)));
    assert_eq!(row["unit"], "packets/s");
    assert_eq!(row["parameters"]["packets"], 54, "a tenth is not counted");
    for measured in ["measured", "limit", "ratio", "p50_ms", "p95_ms", "p99_ms", "peak_rss_mb"] {
        assert!(row[measured].as_f64().unwrap() > 0.0, "{measured} in {row}");
    }
    assert!(row["p50_ms"].as_f64() <= row["p99_ms"].as_f64(), "{row}");
    let tighter = f64::min(
        row["details"]["durable_per_second"].as_f64().unwrap(),
        row["details"]["verified_per_second"].as_f64().unwrap(),
    );
    assert!((row["limit"].as_f64().unwrap() - tighter).abs() < 1e-6, "{row}");
    assert!(row["parameters"]["rows"].as_u64().unwrap() >= 8, "a submit leaves more rows than that: {row}");
    assert_eq!(folders_left(folder.path()), 0);
    assert_eq!(server.map_or(0, |server| schemas_left(&server.url)), 0);
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

#[test]
fn a_benchmark_of_the_directory_imports_and_searches_what_it_generated_and_leaves_nothing_behind() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = postgres().map(|_| lease(elsewhere.path()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
    command.args(["--json", "bench", "directory", "--quick", "--places", "500", "--searches", "40"]);
    command.args(["--connections", "4", "--folder"]).arg(folder.path());
    if let Some(server) = &server {
        command.args(["--database", &server.url]);
    }
    let ended = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}\n{err}");
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let scenarios: Vec<&str> = rows.iter().map(|row| row["scenario"].as_str().unwrap()).collect();
    let expected =
        ["import", "text", "radius", "person", "combined", "common"].map(|what| format!("directory.{what}"));
    assert_eq!(scenarios, expected);
    for row in &rows {
        assert_eq!(row["parameters"]["places"], 500, "{row}");
        assert!(row["p50_ms"].as_f64().unwrap() > 0.0 && row["peak_rss_mb"].as_f64().unwrap() > 1.0, "{row}");
        assert_eq!(row["details"]["refused"], 0, "{row}");
        if row["limit"].is_null() {
            continue;
        }
        assert_eq!(row["parameters"]["searches"], 40, "{row}");
        assert!(row["ratio"].as_f64().unwrap() > 0.0, "{row}");
        assert!(row["details"]["candidates"].as_f64().unwrap() > 0.0, "nothing was found: {row}");
    }
    assert_eq!(folders_left(folder.path()), 0);
    assert_eq!(server.map_or(0, |server| schemas_left(&server.url)), 0);
}

#[test]
fn a_directory_that_was_kept_is_searched_again_without_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let measure = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
        command.args(["--json", "bench", "directory", "--quick", "--searches", "20", "--connections", "2"]);
        command.args(more).output().unwrap()
    };
    let scenarios = |ended: &Output| {
        let out = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success(), "{out}\n{}", String::from_utf8_lossy(&ended.stderr));
        let rows = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["scenario"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let place = folder.path().to_str().unwrap();
    let first = scenarios(&measure(&["--places", "200", "--folder", place, "--keep"]));
    assert_eq!(first[0], "directory.import");
    let kept = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let kept = kept.to_str().unwrap();
    assert_eq!(scenarios(&measure(&["--again", kept])), first[1..]);
    assert!(std::path::Path::new(kept).join("kept.json").exists());
    let nothing = measure(&["--again", place]);
    assert_eq!(nothing.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("bench.database"));
}
