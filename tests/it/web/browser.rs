//! The pages in a real browser: `tests/browser`, against a hub of its own.
//!
//! What it takes is installed once from its lock file under the build folder. Where Node, the registry or Chromium is missing the test says so
//! and passes, unless `THROUGHLINE_TEST_NO_SKIP` is set.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{access::Role, crypto::SigningKey, kernel::id::SystemIds};

use super::{
    find::{directory, provinces},
    visitor::{PASSPHRASE, enrolled},
};
use crate::{
    stories::destruction::cancelled,
    support::{
        Org, TestHub, available, enrolled_at_node, is_for_the_other_run, listed,
        packet::{Mechanism, take_back},
        send,
        tools::npm,
    },
};

const FILES: [&str; 11] = [
    "package.json",
    "package-lock.json",
    "flows.test.mjs",
    "pages.test.mjs",
    "people.mjs",
    "structure.mjs",
    "structure.txt",
    "letters.test.mjs",
    "passkeys.test.mjs",
    "year.test.mjs",
    "agreements.test.mjs",
];

fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    named.into_iter().chain(usual).find(|path| path.exists()).ok_or_else(|| "there is no Chromium".to_owned())
}

/// One installation at a time: several tests ask for it at once.
static INSTALLING: Mutex<()> = Mutex::new(());

/// The tests with what they take, in the build folder. What is there already is left alone: another test may be reading it.
fn installed() -> Result<PathBuf, String> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages-in-a-browser");
    fs::create_dir_all(&folder).unwrap();
    for file in FILES {
        let (source, there) = (fs::read(sources.join(file)).unwrap(), folder.join(file));
        if fs::read(&there).is_ok_and(|before| before == source) {
            continue;
        }
        fs::write(there, source).unwrap();
    }
    npm(&folder)?;
    Ok(folder)
}

/// The tests of a file, to be told where the hub is and whatever else they take, and then run; nothing in the run on the other database, and
/// where there is no browser.
pub(super) fn tests(file: &str) -> Option<Command> {
    if is_for_the_other_run() {
        return None;
    }
    let ready = chromium().and_then(|chromium| Ok((chromium, installed()?)));
    let (chromium, folder) = available("a browser for the pages", ready)?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", file]).current_dir(folder);
    node.env("PASSPHRASE", PASSPHRASE).env("CHROMIUM", chromium);
    node.env("PROGRAM", env!("CARGO_BIN_EXE_throughline"));
    Some(node)
}

/// Runs them to their end, and does something twice a second until then.
pub(super) async fn require_passed(mut tests: Command, mut meanwhile: impl AsyncFnMut()) {
    let mut running = Box::pin(actix_web::web::block(move || tests.output()));
    let output = loop {
        meanwhile().await;
        let done = actix_web::rt::time::timeout(Duration::from_millis(500), &mut running).await;
        if let Ok(done) = done {
            break done.unwrap().unwrap();
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// What waits for those who keep the directory: a new offer, and then an entry that changes. Neither is found by others.
async fn waits(hub: &TestHub, org: &Org) {
    let offer = |name: &str| {
        json!({ "organisation": org.id, "service": "SV07", "name": name, "description": "Primary care",
            "visibility": "restricted" })
    };
    org.post(hub, "/api/v1/services", &offer("Lake clinic")).await.expect(201);
    let there = listed(hub, &offer("Hill clinic")).await;
    hub.clock.advance(TimeDelta::seconds(1));
    let place = json!({ "location": { "name": "On the hill", "confidential": "yes" },
        "address": { "city": "Siavonga", "country": "ZM" } });
    let edit = json!({ "service": { "description": "Care at night" }, "places": [place],
        "parts": { "phone": [{ "number": "+260 211 000 001" }] } });
    let draft = format!("/api/v1/services/{}/draft", there["id"].as_str().unwrap());
    let body = json!({ "edit": edit, "submit": true });
    send(hub, Some(&org.token), "PUT", &draft, &[], Some(&body)).await.expect(200);
}

#[actix_web::test]
async fn pages_are_read_reached_and_used_in_a_browser() {
    let Some(mut tests) = tests("pages.test.mjs") else { return };
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &mechanism;
    directory(hub).await;
    provinces(hub).await;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let (code, pin) = (slip["code"].as_str().unwrap(), slip["pin"].as_str().unwrap());
    let roles = ["case_worker", "intake", "administrator", "data_protection"];
    let name = enrolled(hub, harbour, &roles).await;
    tests.env("HUB", &hub.url).env("NAME", name).env("CODE", code).env("PIN", pin);
    enrolled_at_node(hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let root = SigningKey::generate(&SystemIds).unwrap();
    let jwk = serde_json::to_string(root.public()).unwrap();
    tests.env("COORDINATOR", "m.tembo").env("ROOT", jwk).env("THUMBPRINT", root.public().kid().as_str());
    // What the clinic must destroy, and who answers for it.
    let (person, _certified, sealed, _referral) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    take_back(hub, &person, json!({ "categories": ["K14"] })).await.expect(201);
    cancelled(&mechanism).await;
    tests.env("HOLDER", enrolled(hub, clinic, &["data_protection"]).await);
    waits(hub, lawyers).await;
    // What happened has its place in the log, and is settled enough to be told.
    hub.run_jobs().await;
    hub.clock.advance(TimeDelta::seconds(5));
    require_passed(tests, async || {}).await;
}
