//! The policy a gateway judges by: its hub's, as it was when the gateway last signed in.
//!
//! What the hub hands out are profiles, and a profile only tightens what is compiled in: a hub cannot make a gateway let anything pass that
//! it would refuse by itself. A packet names the policy it was sealed by, so one that was sealed before the hub's changed and is handed in
//! after that is refused there.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{CliError, client::HubClient, files, home::Home, session::part};
use crate::{
    kernel::{Code, Fault},
    policy::{CategoryCode, FieldId, Policy, PurposeCode, ReasonCode, ReasonSet, ServiceCode},
};

/// What is kept of the hub's policy.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Followed {
    dictionary: String,
    profiles: Vec<String>,
}

/// Where in the home it is kept, beside what else the hub told.
const FOLDER: &str = "known";
const FILE: &str = "policy.json";

/// Keeps the policy the hub judges by. Whether it can be followed is asked where something is judged.
pub(super) async fn follow(home: &Home, hub: &HubClient) -> Result<(), CliError> {
    let answer = hub.get("/api/v1/policy").await?.body;
    let served = Followed { dictionary: part(&answer, "dictionary")?, profiles: part(&answer, "profiles")? };
    if kept(home).is_ok_and(|kept| kept.as_ref() == Some(&served)) {
        return Ok(());
    }
    let path = home.folder(FOLDER)?.join(FILE);
    let text = serde_json::to_vec_pretty(&served).map_err(|_ignored| unreadable(&path))?;
    files::replace(&path, &text)
}

/// The policy to judge by. A home that never signed in has the one compiled in.
pub(super) fn of(home: &Home) -> Result<Policy, CliError> {
    let Some(Followed { dictionary, profiles }) = kept(home)? else {
        return Ok(Policy::tightened_by::<&str>(&[])?);
    };
    let built =
        Policy::tightened_by(&profiles).map_err(|error| cannot_follow(&dictionary, &error.to_string()))?;
    if built.dictionary() == dictionary {
        Ok(built)
    } else {
        Err(cannot_follow(&dictionary, &format!("here it is {}", built.dictionary())))
    }
}

fn kept(home: &Home) -> Result<Option<Followed>, CliError> {
    if !home.has(&format!("{FOLDER}/{FILE}")) {
        return Ok(None);
    }
    let path = home.folder(FOLDER)?.join(FILE);
    serde_json::from_slice(&files::bytes(&path)?).map(Some).map_err(|_ignored| unreadable(&path))
}

fn cannot_follow(dictionary: &str, why: &str) -> CliError {
    CliError::new(
        Code::new("known.policy", Fault::Refused),
        format!(
            "the hub judges by the policy {dictionary}, which this release does not know: {why}. Nothing was done; install the \
             release the hub runs"
        ),
    )
}

fn unreadable(path: &Path) -> CliError {
    CliError::new(
        Code::new("known.policy_unreadable", Fault::Malformed),
        format!("{} is not what was kept; remove it, and it is fetched again", path.display()),
    )
}

/// What a service is called. No profile changes what codes are called.
pub(super) fn service(code: &str) -> &'static str {
    let code: Option<ServiceCode> = code.parse().ok();
    code.and_then(|code| words().service(&code)).map_or("", |known| &known.label)
}

/// What a purpose is called.
pub(super) fn purpose(code: &PurposeCode) -> Option<&'static str> {
    words().purpose(code).map(|known| known.label.as_str())
}

/// What a category is called.
pub(super) fn category(code: &CategoryCode) -> Option<&'static str> {
    words().category(code).map(|known| known.label.as_str())
}

/// What a field is called.
pub(super) fn field(id: &FieldId) -> Option<&'static str> {
    words().field(id).map(|known| known.label.as_str())
}

/// What a reason for having no referral is called.
pub(super) fn no_referral(code: &str) -> &'static str {
    let code: Option<ReasonCode> = code.parse().ok();
    code.and_then(|code| words().reason(ReasonSet::Np, &code)).map_or("", |known| &known.label)
}

/// For words, never to judge by.
fn words() -> &'static Policy {
    Policy::builtin()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::cli::home::HomeArgs;

    fn home_with(kept: Option<&serde_json::Value>) -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(&HomeArgs { home: folder.path().to_owned(), passphrase_file: None });
        if let Some(kept) = kept {
            fs::write(home.folder(FOLDER).unwrap().join(FILE), kept.to_string()).unwrap();
        }
        (folder, home)
    }

    fn refused(kept: &serde_json::Value) -> String {
        let (_folder, home) = home_with(Some(kept));
        of(&home).unwrap_err().code().to_owned()
    }

    #[test]
    fn a_home_that_never_signed_in_judges_by_what_is_compiled_in_and_is_not_touched() {
        let (folder, home) = home_with(None);
        assert_eq!(of(&home).unwrap().digest(), Policy::builtin().digest());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_the_hub_judges_by_is_followed() {
        let profile =
            r#"{ "profile": "zm", "version": 1, "limits": { "consent": { "longest_months": 3 } } }"#;
        let hubs = Policy::tightened_by(&[profile]).unwrap();
        let (_folder, home) =
            home_with(Some(&json!({ "dictionary": hubs.dictionary(), "profiles": hubs.profiles() })));
        let followed = of(&home).unwrap();
        assert_eq!((followed.digest(), followed.limits().consent.longest_months), (hubs.digest(), 3));
    }

    #[test]
    fn a_policy_that_cannot_be_followed_is_no_reason_to_judge_by_another() {
        let unknown = r#"{ "profile": "zm", "version": 1, "forbids": ["P01"] }"#;
        let wider = r#"{ "profile": "zm", "version": 1, "limits": { "keys": { "longest_days": 9999 } } }"#;
        for profile in [unknown, wider] {
            assert_eq!(
                refused(&json!({ "dictionary": "throughline-1.zm-1", "profiles": [profile] })),
                "known.policy"
            );
        }
        assert_eq!(refused(&json!({ "dictionary": "throughline-2", "profiles": [] })), "known.policy");
        assert_eq!(refused(&json!({ "dictionary": "throughline-1" })), "known.policy_unreadable");
    }
}
