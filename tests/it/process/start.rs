//! Started wrongly: a sentence that says what to do, a documented exit code, and nothing made or harmed.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rustix::process::Signal;

use super::{made, new_client, path};
use crate::support::process::{Ended, Machine, answer, client};

/// Not now: starting again may help.
pub(super) const LATER: i32 = 75;
/// Settings, keys, certificate or tables: starting again does not help.
pub(super) const MEND: i32 = 78;

/// Every file below a folder with its content, and every folder; not what was said on standard error, and not the SQLite file, which is
/// looked into.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let (mut waiting, mut found) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                found.insert(path.clone(), None);
                waiting.push(path);
            } else if !name.starts_with("log") && !name.starts_with("hub.") {
                found.insert(path.clone(), Some(fs::read(path).unwrap()));
            }
        }
    }
    found
}

/// Starts the program, which must end by itself with a code and a sentence in which all of `says` stand, and leave its folder as it was.
pub(super) async fn refused(machine: &Machine, words: &str, exit: i32, says: &[&str]) -> Ended {
    let (before, stored) = (everything(machine.folder()), machine.stored());
    let ended = machine.start_with(words).ended().await.expect(exit);
    for part in says {
        assert!(ended.err.contains(part), "{part:?} is not in {}", ended.err);
    }
    assert!(ended.err.starts_with("error["), "{}", ended.err);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    let after = everything(machine.folder());
    let touched: Vec<_> =
        after.keys().chain(before.keys()).filter(|p| before.get(*p) != after.get(*p)).collect();
    assert!(touched.is_empty(), "{touched:?} were made or changed:\n{}", ended.err);
    assert_eq!(stored, machine.stored(), "the database was changed");
    ended
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named_before_anything_is_opened() {
    let mut machine = Machine::new();
    // Nothing but the settings may matter.
    machine.set("DATABASE__URL", "sqlite:never/made.db");
    machine.set("NODE__KEYS", "never/made");
    let file = |name: &str, text: &[u8]| fs::write(machine.folder().join(name), text).unwrap();
    fs::create_dir(machine.folder().join("folder.toml")).unwrap();
    file("bytes.toml", b"\xff\xfe");
    file("syntax.toml", b"[node]\nname = \n");
    file("unknown.toml", b"[node]\nnam = \"x\"\n[serve]\nport = 1\n");
    file("wrong.toml", b"[limits]\nbody_bytes = \"many\"\n[log]\nlevel = \"inof\"\n");
    for (words, says) in [
        ("--config nowhere.toml serve", &["nowhere.toml: cannot be read", "--config"][..]),
        ("--config folder.toml serve", &["folder.toml: cannot be read"]),
        ("--config bytes.toml serve", &["bytes.toml: cannot be read", "UTF-8"]),
        ("--config syntax.toml serve", &["line 2"]),
        (
            "--config unknown.toml serve",
            &["node.nam: is no setting; did you mean name?", "serve: is no section; sections are access, "],
        ),
        ("--config wrong.toml serve", &["limits.body_bytes: must be", "log.level: must be off, error"]),
    ] {
        refused(&machine, words, MEND, says).await.expect_code("config.invalid");
    }
    for (setting, value, says) in [
        ("SERVER__ADRESS", "127.0.0.1:0", "server.adress: is no setting; did you mean address?"),
        ("SERVER__ADDRESS", "localhost", "server.address: cannot be used"),
        ("SERVER__WORKERS", "513", "server.workers: must be between 0 and 512"),
        ("DATABASE__LOCK_TIMEOUT_SECONDS", "0", "database.lock_timeout_seconds: must be between 1 and"),
        ("DATABASE__QUEUE", "9223372036854775807", "database.queue: must be between 1 and"),
        ("DATABASE__READERS", "-1", "database.readers: must be between 1 and"),
        (
            "JOBS__CLAIM_LEASE_SECONDS",
            "9223372036854775807",
            "jobs.claim_lease_seconds: must be between 5 and",
        ),
        ("DATABASE__URL", "mysql://hub@db/hub", "database.url: must be sqlite:PATH or postgres://"),
    ] {
        let mut machine = Machine::new();
        machine.set(setting, value);
        refused(&machine, "serve", MEND, &[says]).await.expect_code("config.invalid");
    }
}

#[tokio::test]
async fn a_profile_that_widens_or_is_not_there_is_named_and_nothing_is_judged_without_it() {
    let profile = |limits: &str| format!(r#"{{ "profile": "zm", "version": 1, "limits": {limits} }}"#);
    for (text, code, says) in [
        (profile(r#"{ "keys": { "longest_days": 9999 } }"#), "refused", "9999 is more than 731"),
        (profile(r#"{ "keys": { "forever": true } }"#), "refused", "unknown field `forever`"),
        (String::from("not json"), "refused", "zm.json: expected"),
        (String::new(), "unreadable", "policy.profiles names a file, a folder"),
    ] {
        let mut machine = Machine::new();
        let path = machine.folder().join("zm.json");
        if !text.is_empty() {
            fs::write(&path, text).unwrap();
        }
        machine.set("POLICY__PROFILES", &path.display().to_string());
        let ended = refused(&machine, "serve", MEND, &[says, "zm.json"]).await;
        ended.expect_code(&format!("policy.profile_{code}"));
        let ill = machine.start_with("doctor").ended().await.expect(LATER);
        assert!(ill.err.contains("doctor.not_well"), "{}", ill.err);
    }
}

#[tokio::test]
async fn the_doctor_sees_that_what_serves_judges_by_another_policy() {
    let mut machine = Machine::new();
    let hub = machine.serve().await;
    let well = machine.run("doctor");
    assert!(well.out.contains("all judge by this policy"), "{}{}", well.out, well.err);
    let path = machine.folder().join("zm.json");
    fs::write(&path, r#"{ "profile": "zm", "version": 1, "fields": [{ "id": "ZP.7", "level": "S4" }] }"#)
        .unwrap();
    machine.set("POLICY__PROFILES", &path.display().to_string());
    let ill = machine.run("doctor");
    assert!(ill.out.contains("BAD processes") && ill.out.contains("same policy.profiles"), "{}", ill.out);
    ill.expect_code("doctor.not_well");
    hub.tell(Signal::TERM);
    let mut hub = hub;
    hub.ended().await;
    let alone = machine.run("doctor");
    assert!(alone.out.contains("none at work"), "{}{}", alone.out, alone.err);
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_named_and_never_made_anew() {
    let machine = Machine::new();
    let keys = machine.folder().join("keys");
    let key = keys.join("tokens.jwk");
    let whole = fs::read(&key).unwrap();

    fs::rename(&keys, machine.folder().join("elsewhere")).unwrap();
    let ended = refused(&machine, "serve", MEND, &["is missing", "throughline init", "node.keys"]).await;
    ended.expect_code("node_keys.missing");
    fs::rename(machine.folder().join("elsewhere"), &keys).unwrap();

    chmod(&key, 0o640);
    let ended = refused(&machine, "serve", MEND, &["tokens.jwk", "chmod 600"]).await;
    ended.expect_code("node_keys.readable_by_others");
    chmod(&key, 0o600);

    chmod(&keys, 0o770);
    let ended = refused(&machine, "serve", MEND, &["/keys", "chmod 700"]).await;
    ended.expect_code("node_keys.replaceable_by_others");
    chmod(&keys, 0o700);

    for (name, content) in [("tokens.jwk", "{}"), ("log.seed", "short")] {
        let whole = fs::read(keys.join(name)).unwrap();
        fs::write(keys.join(name), content).unwrap();
        let ended = refused(&machine, "serve", MEND, &[name, "your copy of the key folder"]).await;
        ended.expect_code("node_keys.malformed");
        fs::write(keys.join(name), whole).unwrap();
    }

    // What cannot be read, also for root: a folder in the place of the file.
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    chmod(&key, 0o700);
    let ended = refused(&machine, "serve", MEND, &["tokens.jwk cannot be used", "own the folder"]).await;
    ended.expect_code("node_keys.file");
    fs::remove_dir(&key).unwrap();

    fs::write(&key, whole).unwrap();
    chmod(&key, 0o600);
    machine.serve().await.kill();
}

#[tokio::test]
async fn new_keys_are_not_made_for_a_database_that_a_node_has_lived_in() {
    let machine = Machine::new();
    machine.enrol("Harbour Aid").await;
    let (keys, elsewhere) = (machine.folder().join("keys"), machine.folder().join("elsewhere"));
    fs::rename(&keys, &elsewhere).unwrap();
    let ended = refused(&machine, "init", MEND, &["put its key folder where node.keys says"]).await;
    ended.expect_code("node_keys.lost");
    fs::rename(&elsewhere, &keys).unwrap();
    refused(&machine, "init", MEND, &["they are not overwritten"]).await.expect_code("node_keys.exist");
    machine.run("audit verify").expect(0);
}

#[tokio::test]
async fn an_init_that_could_not_reach_its_database_can_be_repeated() {
    let mut machine = Machine::new();
    machine.set("NODE__KEYS", "new/keys");
    // No server answers at the port of a listener that is gone.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    machine.set("DATABASE__URL", &format!("postgres://hub:canary@127.0.0.1:{port}/hub"));
    let ended = refused(&machine, "init", LATER, &["the database cannot be opened", "database.url"]).await;
    ended.expect_code("storage.unreachable");
    machine.set("DATABASE__URL", "sqlite:new/hub.db");
    machine.run("init").expect(0);
    machine.serve().await.kill();
}

#[tokio::test]
async fn a_second_start_on_one_sqlite_file_is_told_so_and_the_first_goes_on() {
    let machine = Machine::on_sqlite();
    let mut member = machine.enrol("Harbour Aid").await;
    let hub = machine.serve().await;
    member.sign_in(&hub).await;
    let says = ["another process already serves from", "hub.db", "stop it first"];
    for words in ["serve", "db restore hub.db"] {
        let ended = machine.start_with(words).ended().await.expect(LATER);
        assert!(says.iter().all(|part| ended.err.contains(part)), "{}", ended.err);
        ended.expect_code("storage.in_use");
    }
    let sent = member.write(&client(), &format!("{}{}", hub.url, path(&member)), "key", &new_client("after"));
    answer(sent.send().await.unwrap()).await.unwrap().expect(201);
    assert_eq!(made(&hub, &member).await.len(), 1);
    hub.kill();
    machine.run("audit verify").expect(0);
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_not_served_and_stays_empty() {
    let mut machine = Machine::with(&[("DATABASE__MIGRATE_ON_START", "false")]);
    machine.revert_all();
    for words in ["serve", "audit verify", "init"] {
        if words == "init" {
            machine.set("NODE__KEYS", "new/keys");
        }
        let ended =
            refused(&machine, words, MEND, &["the database lacks 0001", "`throughline db migrate`"]).await;
        ended.expect_code("storage.schema");
    }
    machine.set("NODE__KEYS", "keys");
    assert!(machine.run("db status").expect(0).out.contains("applied: none"));
    machine.run("db migrate").expect(0);
    machine.serve().await.kill();
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_not_served_and_not_changed() {
    let machine = Machine::new();
    machine.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    for words in ["serve", "db migrate", "audit verify"] {
        let ended =
            refused(&machine, words, MEND, &["newer release (it has 9999)", "restore a backup"]).await;
        ended.expect_code("storage.schema");
    }
    machine.sql("DELETE FROM __diesel_schema_migrations WHERE version = '9999'");
    machine.serve().await.kill();
}

#[tokio::test]
async fn a_sqlite_file_that_is_missing_is_not_made_anew_beside_its_keys() {
    let machine = Machine::on_sqlite();
    let (file, away) = (machine.folder().join("hub.db"), machine.folder().join("away.db"));
    fs::rename(&file, &away).unwrap();
    for words in ["serve", "audit verify", "member list", "db status", "db backup copy.db"] {
        let ended =
            refused(&machine, words, MEND, &["hub.db is not there", "throughline init", "database.url"])
                .await;
        ended.expect_code("storage.missing");
    }
    fs::rename(&away, &file).unwrap();
    machine.serve().await.kill();
}

#[tokio::test]
async fn a_sqlite_file_that_is_no_database_or_is_damaged_is_not_served_and_not_changed() {
    let machine = Machine::on_sqlite();
    let file = machine.folder().join("hub.db");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, vec![b'x'; 8192]).unwrap();
    let ended = refused(&machine, "serve", MEND, &["is not a SQLite database", "restore a backup"]).await;
    ended.expect_code("storage.schema");
    fs::write(&file, whole.get(..10_000).unwrap()).unwrap();
    let ended = refused(&machine, "serve", 70, &["damaged", "keep a copy", "db restore"]).await;
    ended.expect_code("storage.damaged");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let ended = refused(&machine, "serve", LATER, &["cannot be opened", "file can be written"]).await;
    ended.expect_code("storage.unreachable");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut machine = Machine::new();
    machine.set("SERVER__ADDRESS", &address);
    let ended = machine.start_with("serve").ended().await.expect(LATER);
    assert!(ended.err.contains(&format!("cannot listen on {address}")), "{}", ended.err);
    assert!(ended.err.contains("choose another server.address"), "{}", ended.err);
    ended.expect_code("server.address");
    drop(taken);
    machine.serve().await.kill();
}
