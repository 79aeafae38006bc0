//! What a hub that serves says when something beneath it is no longer as it was when it started.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::{Value, json};

use crate::support::process::{Machine, Running, send};

/// What of the things that must hold does not, as `/health/ready` says it.
async fn missing(hub: &Running) -> Vec<String> {
    let said = send(&hub.url, None, "/health/ready").await.unwrap();
    let must = ["database", "writes", "migrations", "keys", "disk"];
    let missing: Vec<_> = must.into_iter().filter(|what| said.body[what] == json!(false)).collect();
    assert_eq!(said.body["ready"], Value::Bool(missing.is_empty()), "{}", said.body);
    assert_eq!(said.status, if missing.is_empty() { 200 } else { 503 }, "{}", said.body);
    missing.into_iter().map(str::to_owned).collect()
}

/// Does something to a hub that serves, which must be told as this one thing that is missing, and as nothing once it is undone.
async fn told(hub: &Running, what: &str, done: impl FnOnce(), undone: impl FnOnce()) {
    let before = missing(hub).await;
    done();
    let meanwhile = missing(hub).await;
    // Whatever was said: other tests use the database after this one.
    undone();
    assert_eq!((before, meanwhile, missing(hub).await), (Vec::new(), vec![what.to_owned()], Vec::new()));
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_hub_whose_keys_went_away_or_are_others_beneath_it_is_not_ready_until_they_are_back() {
    let (machine, other) = (Machine::new(), Machine::on_sqlite());
    let (keys, away) = (machine.folder().join("keys"), machine.folder().join("away"));
    let hub = machine.serve().await;
    let told = async |done: &dyn Fn(), undone: &dyn Fn()| told(&hub, "keys", done, undone).await;

    // The whole folder, as on a disk that is not mounted any more.
    told(&|| fs::rename(&keys, &away).unwrap(), &|| fs::rename(&away, &keys).unwrap()).await;
    for name in ["receipts.jwk", "tokens.jwk", "log.seed", "person.key"] {
        let (key, aside) = (keys.join(name), machine.folder().join("aside"));
        told(&|| fs::rename(&key, &aside).unwrap(), &|| fs::rename(&aside, &key).unwrap()).await;
        told(&|| chmod(&key, 0o644), &|| chmod(&key, 0o600)).await;
        let whole = fs::read(&key).unwrap();
        for content in [Vec::new(), fs::read(other.folder().join("keys").join(name)).unwrap()] {
            told(&|| fs::write(&key, &content).unwrap(), &|| fs::write(&key, &whole).unwrap()).await;
        }
        // What cannot be read, also for root: a folder in the place of the file.
        let (hide, show) = (
            || {
                fs::rename(&key, &aside).unwrap();
                fs::create_dir(&key).unwrap();
                chmod(&key, 0o700);
            },
            || {
                fs::remove_dir(&key).unwrap();
                fs::rename(&aside, &key).unwrap();
            },
        );
        told(&hide, &show).await;
    }
    hub.kill();
}

#[tokio::test]
async fn a_hub_whose_database_another_release_migrated_beneath_it_is_not_ready_until_it_fits_again() {
    let machine = Machine::new();
    let hub = machine.serve().await;
    let told = async |done: &str, undone: &str| {
        told(&hub, "migrations", || machine.sql(done), || machine.sql(undone)).await;
    };
    // A newer release has been there.
    told(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
        "DELETE FROM __diesel_schema_migrations WHERE version = '9999'",
    )
    .await;
    // An older one took its last step back, or a backup from before was put in place.
    told(
        "CREATE TABLE noted AS SELECT max(version) AS version FROM __diesel_schema_migrations; \
         DELETE FROM __diesel_schema_migrations WHERE version IN (SELECT version FROM noted)",
        "INSERT INTO __diesel_schema_migrations (version) SELECT version FROM noted; DROP TABLE noted",
    )
    .await;
    // And one that knows of no migrations at all.
    told(
        "ALTER TABLE __diesel_schema_migrations RENAME TO noted",
        "ALTER TABLE noted RENAME TO __diesel_schema_migrations",
    )
    .await;
    hub.kill();
}
