//! The page of one's own key, the page on which key holders confirm others, and the one on which an organisation without a gateway makes its
//! root key. What is done on them is done by their scripts: the hub sees wraps, sealed keys and signed statements.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use serde::Serialize;

use super::{
    assets,
    frame::{Frame, Place, page},
    script::{Said, json, script},
    visit::Signed,
    words::Words,
};
use crate::{
    access::{AccessError, Permission},
    http::Problem,
    kernel::id::OrganisationId,
    members::MemberError,
    policy::Policy,
};

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
    data: String,
    name: String,
    organisation: String,
    /// Whether they manage the organisation's keys.
    holds: bool,
    first_day: FirstDay,
}

/// Where somebody is on the way through the four screens of the first day.
struct Way {
    title: String,
    steps: Vec<Step>,
}

struct Step {
    name: String,
    is_done: bool,
    is_here: bool,
}

/// The four screens.
struct FirstDay {
    words: Way,
    sheet: Way,
    check: Way,
    letter: Way,
}

impl FirstDay {
    fn new(words: Words) -> Self {
        let way = |here: usize| Way {
            title: words.with("key-step", "number", here.saturating_add(1)),
            steps: ["key-step-words", "key-step-sheet", "key-step-check", "key-step-letter"]
                .into_iter()
                .enumerate()
                .map(|(place, key)| Step {
                    name: words.t(key),
                    is_done: place < here,
                    is_here: place == here,
                })
                .collect(),
        };
        Self { words: way(0), sheet: way(1), check: way(2), letter: way(3) }
    }
}

#[derive(Template)]
#[template(path = "key-people.html")]
struct PeoplePage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
    data: String,
}

#[derive(Template)]
#[template(path = "key-root.html")]
struct RootPage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
    data: String,
    organisation: String,
}

/// What the scripts of these pages are told.
#[derive(Serialize)]
struct Data {
    organisation: OrganisationId,
    /// Reader roles and what they are called, in the order of the policy.
    roles: Vec<(String, String)>,
    /// How long a key lives at most, in days.
    days: u32,
}

const SENTENCES: &[Said<'static>] = &[
    ("failed", "key-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("signed-out", "desk-signed-out", &[]),
    ("wrong-words", "key-wrong-words", &[]),
    ("wrong-code", "key-wrong-code", &[]),
    ("not-a-code", "key-not-a-code", &[]),
    ("weak", "key-weak", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("changed-meanwhile", "key-changed-meanwhile", &[]),
    ("opening", "key-opening", &[]),
    ("making", "key-making", &[]),
    ("check-word", "key-check-word", &["number"]),
    ("check-wrong", "key-check-wrong", &[]),
    ("answer-wrong", "key-answer-wrong", &[]),
    ("root-differs", "key-other-root-differs", &[]),
    ("name-missing", "key-device-name-missing", &[]),
    ("example", "key-letter-text", &[]),
    ("example-open", "key-letter-open-now", &[]),
    // After how many minutes it locks, as `gateway/keys.ts` has it: on a device of one's own, and on one that others use.
    ("ready", "key-ready", &["number=30"]),
    ("ready-shared", "key-ready", &["number=5"]),
    ("minutes", "key-minutes", &["number"]),
    ("no-roles", "key-no-roles", &[]),
    ("device-here", "key-device-here", &[]),
    ("device-waits", "key-device-waits", &[]),
    ("device-active", "key-device-active", &["moment"]),
    ("device-ended", "key-device-ended", &[]),
    ("holder", "key-holder", &[]),
    ("locked", "key-unlock-title", &[]),
];

const PEOPLE_SENTENCES: &[Said<'static>] = &[
    ("failed", "key-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("signed-out", "desk-signed-out", &[]),
    ("wrong-words", "key-wrong-words", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("opening", "key-opening", &[]),
    ("changed-meanwhile", "key-changed-meanwhile", &[]),
    ("not-a-holder", "key-people-not-holder", &[]),
    ("code-differs", "key-people-differs", &[]),
    ("code-form", "key-people-form", &[]),
    ("working", "key-people-working", &[]),
    ("admitted", "key-people-admitted", &["name", "answer"]),
    ("clear-gateway", "key-people-clear-gateway", &[]),
    ("member-over", "key-people-member-over", &[]),
    ("ends", "key-people-ends", &["day"]),
    ("ended", "key-people-ended", &["day"]),
    ("reader-key", "key-people-reader-key", &["role"]),
    ("renewed", "key-people-renewed", &[]),
    ("renew-gateway", "key-people-renew-gateway", &[]),
    ("root-now", "key-people-root-now", &[]),
    ("root-before", "key-people-root-before", &[]),
    ("cleared", "key-people-cleared", &["number"]),
    ("state-none", "key-people-none", &[]),
    ("state-waits", "key-people-waits", &["name"]),
    ("state-ready", "key-people-ready", &[]),
    ("state-revoke", "key-people-revoke", &[]),
    ("holder", "key-holder", &[]),
    ("locked", "key-unlock-title", &[]),
];

const ROOT_SENTENCES: &[Said<'static>] = &[
    ("failed", "key-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("signed-out", "desk-signed-out", &[]),
    ("wrong-words", "key-wrong-words", &[]),
    ("weak", "key-weak", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("changed-meanwhile", "key-changed-meanwhile", &[]),
    ("opening", "key-opening", &[]),
    ("locked", "key-unlock-title", &[]),
    ("making", "key-root-making", &[]),
    ("looking", "key-root-looking", &[]),
    ("publishing", "key-root-publishing", &[]),
    ("not-yet", "key-root-not-yet", &[]),
    ("not-handed", "key-root-not-handed", &[]),
    ("revoked", "key-root-revoked", &[]),
];

fn data(visit: &Signed, policy: &Policy) -> Result<(String, OrganisationId), Problem> {
    let Signed(visit) = visit;
    let organisation = visit.asking.caller.actor.for_organisation().map_err(MemberError::from)?;
    let data = Data {
        organisation,
        roles: policy
            .roles()
            .filter(|role| role.code.as_str() != "statistics")
            .map(|role| (role.code.to_string(), visit.words.word("reader", role.code.as_str())))
            .collect(),
        days: policy.limits().keys.longest_days.min(365),
    };
    Ok((json(&data)?, organisation))
}

/// One's own key.
pub(super) async fn show(visit: Signed) -> Result<HttpResponse, Problem> {
    let policy = visit.0.asking.hub.policy();
    let (data, _) = data(&visit, &policy)?;
    let Signed(visit) = visit;
    let words = visit.words;
    let who = visit.who.as_ref();
    let shown = KeyPage {
        f: visit.frame(Place::Elsewhere, words.t("key-title")),
        w: words,
        script: assets::Script::of("pages/key.ts"),
        sentences: script(words, SENTENCES),
        data,
        name: who.map(|who| who.name.to_string()).unwrap_or_default(),
        organisation: who.and_then(|who| who.organisation.clone()).unwrap_or_default(),
        holds: visit.asking.caller.actor.may(Permission::ManageKeys).is_ok(),
        first_day: FirstDay::new(words),
    };
    page(StatusCode::OK, &shown)
}

/// Refuses whoever does not manage the organisation's keys.
fn must_manage_keys(Signed(visit): &Signed) -> Result<(), Problem> {
    let may = visit.asking.caller.actor.may(Permission::ManageKeys);
    Ok(may.map_err(|error: AccessError| MemberError::from(error))?)
}

/// The people of the organisation and their keys, for whoever manages them.
pub(super) async fn people(visit: Signed) -> Result<HttpResponse, Problem> {
    must_manage_keys(&visit)?;
    let policy = visit.0.asking.hub.policy();
    let (data, _) = data(&visit, &policy)?;
    let Signed(visit) = visit;
    let words = visit.words;
    let shown = PeoplePage {
        f: visit.frame(Place::Elsewhere, words.t("key-people")),
        w: words,
        script: assets::Script::of("pages/people.ts"),
        sentences: script(words, PEOPLE_SENTENCES),
        data,
    };
    page(StatusCode::OK, &shown)
}

/// Where an organisation that has nothing but browsers makes its root key.
pub(super) async fn root(visit: Signed) -> Result<HttpResponse, Problem> {
    must_manage_keys(&visit)?;
    let policy = visit.0.asking.hub.policy();
    let (data, _) = data(&visit, &policy)?;
    let Signed(visit) = visit;
    let words = visit.words;
    let organisation = visit.who.as_ref().and_then(|who| who.organisation.clone()).unwrap_or_default();
    let shown = RootPage {
        f: visit.frame(Place::Elsewhere, words.t("key-root")),
        w: words,
        script: assets::Script::of("pages/root.ts"),
        sentences: script(words, ROOT_SENTENCES),
        data,
        organisation,
    };
    page(StatusCode::OK, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_key_stays_open_is_said_as_the_scripts_have_it() {
        let keys = include_str!("assets/src/gateway/keys.ts");
        for (said, constant) in [("ready", "IDLE"), ("ready-shared", "IDLE_SHARED")] {
            let (_, _, gaps) = SENTENCES.iter().find(|(name, ..)| *name == said).unwrap();
            let minutes = gaps.first().unwrap().strip_prefix("number=").unwrap();
            assert!(keys.contains(&format!("export const {constant} = {minutes} * 60_000;")), "{said}");
        }
    }
}
