//! The people an organisation accompanies, under its own nicknames: a page for the script, which reads them out of sealed papers.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use serde::Serialize;

use super::{
    assets, consents,
    frame::{Frame, Place, page},
    script::{Said, json, script},
    visit::Signed,
    words::Words,
};
use crate::{access::Permission, http::Problem, members::MemberError};

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
    data: String,
}

/// What the script is told: what services are called, kinds of data, and the fields that somebody says yes to by their names.
#[derive(Serialize)]
struct Data {
    words: BTreeMap<String, String>,
}

const SENTENCES: &[Said<'static>] = &[
    ("failed", "cases-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("signed-out", "desk-signed-out", &[]),
    ("not-allowed", "desk-not-allowed", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("wrong-words", "key-wrong-words", &[]),
    ("not-a-code", "key-not-a-code", &[]),
    ("weak", "key-weak", &[]),
    ("changed-meanwhile", "key-changed-meanwhile", &[]),
    ("opening", "key-opening", &[]),
    ("locked", "key-unlock-title", &[]),
    ("said-no", "cases-said-no", &["day"]),
    ("of-a-child", "cases-of-a-child", &["services", "day"]),
    ("holds", "cases-holds", &["services", "day"]),
    ("ended", "cases-ended", &["services", "day"]),
    ("in-part", "cases-in-part", &["services", "day"]),
    ("taken-back", "cases-taken-back", &["services", "day"]),
    ("not-known", "cases-not-known", &["services", "day"]),
    ("ask-again", "cases-ask-again", &[]),
    ("nothing-chosen", "cases-nothing-chosen", &[]),
    ("taking-back", "cases-taking-back", &[]),
    ("taken-all", "cases-taken-all", &[]),
    ("taken-part", "cases-taken-part", &[]),
    ("taken-here", "cases-taken-here", &[]),
];

/// The page of one's people.
pub(super) async fn show(Signed(visit): Signed) -> Result<HttpResponse, Problem> {
    visit.asking.caller.actor.may(Permission::SendReferrals).map_err(MemberError::from)?;
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    let services = policy
        .services()
        .map(|service| (service.code.to_string(), words.code(service.code.as_str(), &service.label)));
    let kinds =
        policy.categories().map(|kind| (kind.code.to_string(), words.code(kind.code.as_str(), &kind.label)));
    // Forms of before have fields of their own, which no page asks for.
    let by_name =
        policy.fields().filter(|field| field.is_most_sensitive() && field.id.as_str().starts_with("CF."));
    let fields = by_name.map(|field| {
        let key = field.id.as_str().replace('.', "-");
        (field.id.to_string(), words.code(&key, &field.label))
    });
    let named = services.chain(kinds).chain(fields);
    let shown = CasesPage {
        f: visit.frame(Place::Cases, words.t("cases-title")),
        w: words,
        script: assets::Script::of("pages/cases.ts"),
        sentences: script(words, &[SENTENCES, consents::ASKS].concat()),
        data: json(&Data { words: named.collect() })?,
    };
    page(StatusCode::OK, &shown)
}
