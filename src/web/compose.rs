//! Composing a referral. The letter is written, judged and sealed by the script of the page; no handler ever sees it.

use actix_web::{HttpResponse, http::StatusCode, web::Query};
use askama::Template;

use super::{
    assets,
    frame::{Frame, page},
    offer::{self, Asked, Offer},
    picture,
    script::{Said, script},
    sign_in::see,
    visit::Signed,
    words::Words,
};
use crate::http::Problem;

#[derive(Template)]
#[template(path = "compose.html")]
struct ComposePage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
    data: String,
    /// Where the person looks, as a picture for the slip.
    qr: String,
    offer: Offer,
    heading: String,
    need: String,
    back: String,
    /// Where consent for it is taken.
    ask: String,
    urgencies: Vec<(String, String)>,
    organisation: String,
}

const SENTENCES: &[Said<'static>] = &[
    ("failed", "compose-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("signed-out", "desk-signed-out", &[]),
    ("not-allowed", "desk-not-allowed", &[]),
    ("chosen-anew", "compose-chosen-anew", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("wrong-words", "key-wrong-words", &[]),
    ("not-a-code", "key-not-a-code", &[]),
    ("weak", "key-weak", &[]),
    ("changed-meanwhile", "key-changed-meanwhile", &[]),
    ("opening", "key-opening", &[]),
    ("locked", "key-unlock-title", &[]),
    ("error-title", "compose-error-title", &["title"]),
    ("nobody-reads", "compose-nobody-reads", &[]),
    ("not-sealed", "compose-not-sealed", &[]),
    ("no-receipt", "compose-no-receipt", &[]),
    ("looking", "compose-looking", &[]),
    ("sealing", "compose-sealing", &[]),
    ("sending", "compose-sending", &[]),
    ("mend", "compose-mend", &[]),
    ("not-chosen", "compose-not-chosen", &[]),
    ("only-needed", "compose-only-needed", &[]),
    ("one-a-line", "compose-one-a-line", &[]),
    ("count", "compose-count", &["count", "most"]),
    ("for-readers", "compose-for-readers", &["readers"]),
    ("stays", "compose-stays", &["what"]),
    ("taken", "compose-taken", &["day"]),
    ("waits", "compose-waits", &["service", "to", "moment"]),
    ("bad-value", "compose-bad-value", &["field"]),
    ("need-soon", "compose-need-soon", &[]),
    ("need-reports", "compose-need-reports", &[]),
    ("need-consent", "compose-need-consent", &[]),
    ("need-something", "compose-need-something", &[]),
    ("sent-to", "compose-sent-to", &["to", "moment"]),
    ("good-until", "compose-good-until", &["day"]),
    ("by", "compose-by", &["moment"]),
    ("draft-kept", "compose-draft-kept", &["time"]),
    ("draft-today", "compose-draft-today", &["time"]),
    ("draft-of", "compose-draft-of", &["moment"]),
    ("if-silent", "compose-if-silent", &["moment"]),
];

/// The page on which a referral is composed.
pub(super) async fn compose(Signed(visit): Signed, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let Some(id) = asked.service() else { return Ok(see("/find")) };
    let offer = offer::read(&visit, id).await?.ok_or_else(offer::not_here)?;
    let (words, hub) = (visit.words, &visit.asking.hub);
    let policy = hub.policy();
    let heading = words.with("compose-title", "to", offer.recipient.name.to_string());
    let urgencies =
        policy.urgencies().map(|one| (one.code.to_string(), words.code(one.code.as_str(), &one.label)));
    let shown = ComposePage {
        f: offer.frame(&visit, heading.clone()),
        w: words,
        script: assets::Script::of("pages/compose.ts")
            .with_keys_of([offer.sender.id, offer.recipient.id])
            .asking("/api/v1/agreements?limit=200")
            .asking(&asked.papers()),
        sentences: script(words, SENTENCES),
        data: offer.data(&policy, words, &hub.settings().node.country)?,
        heading,
        qr: picture::of_my_page(&hub.settings().server.public_url),
        need: offer.need(&policy, words),
        back: offer.back(),
        ask: offer.ask(),
        urgencies: urgencies.collect(),
        organisation: offer.sender.name.to_string(),
        offer,
    };
    page(StatusCode::OK, &shown)
}
