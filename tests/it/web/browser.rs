//! The pages in a real browser: `tests/browser`, against a hub of its own.
//!
//! What it takes is installed once from its lock file under the build folder. Where Node, the registry or Chromium is missing the test says so
//! and passes, unless `THROUGHLINE_TEST_NO_SKIP` is set.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{
    find::{directory, provinces},
    visitor::{PASSPHRASE, enrolled},
};
use crate::support::{available, packet::Mechanism, tools::npm};

const FILES: [&str; 5] =
    ["package.json", "package-lock.json", "pages.test.mjs", "letters.test.mjs", "year.test.mjs"];

pub(super) fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    named.into_iter().chain(usual).find(|path| path.exists()).ok_or_else(|| "there is no Chromium".to_owned())
}

/// A browser does not see which database there is, and takes minutes: it is opened in one of the two runs.
pub(super) fn is_for_the_other_run() -> bool {
    std::env::var_os("THROUGHLINE_TEST_DATABASE_URL").is_some()
}

/// The tests with what they take, in the build folder.
pub(super) fn installed() -> Result<PathBuf, String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages-in-a-browser");
    fs::create_dir_all(&folder).unwrap();
    for file in FILES {
        fs::copy(sources.join(file), folder.join(file)).unwrap();
    }
    npm(&folder)?;
    Ok(folder)
}

#[actix_web::test]
async fn pages_are_read_reached_and_used_in_a_browser() {
    if is_for_the_other_run() {
        return;
    }
    let ready = chromium().and_then(|chromium| Ok((chromium, installed()?)));
    let Some((chromium, folder)) = available("a browser for the pages", ready) else { return };
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, .. } = &mechanism;
    directory(hub).await;
    provinces(hub).await;
    let (_person, _certified, _sealed, referral) = mechanism.referred().await;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = harbour.post(hub, &path, &Value::Null).await.expect(201).body;
    let (code, pin) = (slip["code"].as_str().unwrap(), slip["pin"].as_str().unwrap());
    let roles = ["case_worker", "intake", "administrator", "data_protection"];
    let name = enrolled(hub, harbour, &roles).await;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "pages.test.mjs"]).current_dir(&folder);
    node.env("HUB", &hub.url).env("NAME", name).env("PASSPHRASE", PASSPHRASE).env("CHROMIUM", chromium);
    node.env("CODE", code).env("PIN", pin);
    let output = actix_web::web::block(move || node.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
