//! Taking consent. What a person said is recorded, signed and sealed by the script of the page; no handler ever sees it.

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
    words::{Language, Words},
};
use crate::http::Problem;

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage {
    f: Frame,
    w: Words,
    script: assets::Script,
    sentences: String,
    data: String,
    /// Where the person looks, as a picture for the slip.
    qr: String,
    offer: Offer,
    need: String,
    back: String,
    /// What is to be said: the name of a group, and how many points stand in it.
    told: &'static [(&'static str, &'static [&'static str])],
    /// In which languages there are words to say it in.
    aloud: [Words; 4],
    urgencies: Vec<(String, String)>,
    /// Of a child: how a guardian decided, what they are to it, what was shown for it, what the child said, and why it was not asked.
    guardians: &'static [&'static str],
    relations: &'static [&'static str],
    mandates: &'static [&'static str],
    assents: &'static [&'static str],
    not_asked: &'static [&'static str],
}

/// The four ways of a guardian's consent.
const GUARDIANS: &[&str] = &["present_consents", "remote_consents", "unreachable_waiver", "denied"];
/// What a guardian is to a child.
const RELATIONS: &[&str] = &["parent", "relative", "customary_caregiver", "appointed", "authority"];
/// What is shown for a mandate.
const MANDATES: &[&str] = &["legal_order", "customary_statement", "authority_designation"];
/// What a child said: its no stands beside its yes.
const ASSENTS: &[&str] = &["assented", "dissented", "not_sought", "not_capable"];
/// Why a child was not asked, or could not say.
const NOT_ASKED: &[&str] = &["too_young", "not_there", "unsafe_to_ask", "unwell"];

/// What is told together, and the points in it: the eighteen that a consent is not valid without. The script has the same groups.
const TOLD: &[(&str, &[&str])] = &[
    ("who", &["who-collects", "purpose-per-line", "data-by-category", "statistics-separate"]),
    ("whom", &["recipients-by-name", "language-understood"]),
    ("good", &["benefits-and-risks", "alternatives", "no-guarantee"]),
    ("no", &["right-to-refuse", "no-conditioning", "right-to-withdraw"]),
    ("kept", &["retention", "data-rights", "misconduct-contacts"]),
    ("must", &["harm-limit", "legal-limit", "questions"]),
];

/// What a person is asked about, as far as one answer covers several kinds of data.
pub(super) const ASKS: &[Said<'static>] = &[
    ("ask-who", "consent-ask-who", &[]),
    ("ask-contact", "consent-ask-contact", &[]),
    ("ask-need", "consent-ask-need", &[]),
    ("ask-family", "consent-ask-family", &[]),
    ("ask-papers", "consent-ask-papers", &[]),
    ("ask-place", "consent-ask-place", &[]),
    ("ask-health", "consent-ask-health", &[]),
    ("ask-mind", "consent-ask-mind", &[]),
    ("ask-harm", "consent-ask-harm", &[]),
    ("ask-living", "consent-ask-living", &[]),
    ("ask-journey", "consent-ask-journey", &[]),
    ("ask-status", "consent-ask-status", &[]),
];

const SENTENCES: &[Said<'static>] = &[
    ("failed", "consent-failed", &[]),
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
    ("error-title", "consent-error-title", &["title"]),
    ("no-paper-key", "consent-no-paper-key", &[]),
    ("recording", "consent-recording", &[]),
    ("kept-until", "consent-kept-until", &["day"]),
    ("how-to-take-back", "consent-how-to-take-back", &[]),
    ("noted", "consent-noted", &[]),
    ("ask-feedback", "consent-ask-feedback", &[]),
    ("ask-statistics", "consent-ask-statistics", &[]),
    ("ask-statistics-help", "consent-ask-statistics-help", &[]),
    ("again", "consent-again", &["day"]),
    ("last-time-yes", "consent-last-time-yes", &[]),
    ("last-time-no", "consent-last-time-no", &[]),
    ("need-nickname", "consent-need-nickname", &[]),
    ("need-guardian", "consent-need-guardian", &[]),
    ("need-guardian-no", "consent-need-guardian-no", &[]),
    ("need-mandate", "consent-need-mandate", &[]),
    ("need-waiver", "consent-need-waiver", &[]),
    ("need-conflict", "consent-need-conflict", &[]),
    ("need-no-conflict", "consent-need-no-conflict", &[]),
    ("need-assent", "consent-need-assent", &[]),
    ("need-assent-no", "consent-need-assent-no", &[]),
    ("need-assent-why", "consent-need-assent-why", &[]),
    ("need-child", "consent-need-child", &[]),
    ("need-acts", "consent-need-acts", &[]),
    ("need-language", "consent-need-language", &[]),
    ("need-told", "consent-need-told", &[]),
    ("listen", "consent-listen", &[]),
    ("listen-stop", "consent-listen-stop", &[]),
    ("need-back", "consent-need-back", &[]),
    ("need-yes", "consent-need-yes", &[]),
    ("need-method", "consent-need-method", &[]),
    ("need-evidence", "consent-need-evidence", &[]),
    ("need-second", "consent-need-second", &[]),
    ("need-interpreter", "consent-need-interpreter", &[]),
    ("need-private", "consent-need-private", &[]),
    ("need-paper", "consent-need-paper", &[]),
];

/// The page on which a person is asked.
pub(super) async fn ask(Signed(visit): Signed, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let Some(id) = asked.service() else { return Ok(see("/find")) };
    let offer = offer::read(&visit, id).await?.ok_or_else(offer::not_here)?;
    let (words, hub) = (visit.words, &visit.asking.hub);
    let policy = hub.policy();
    let urgencies =
        policy.urgencies().map(|one| (one.code.to_string(), words.code(one.code.as_str(), &one.label)));
    let shown = ConsentPage {
        f: offer.frame(&visit, words.t("consent-title")),
        w: words,
        script: assets::Script::of("pages/consent.ts")
            .with_keys_of([offer.sender.id, offer.recipient.id])
            .asking("/api/v1/agreements?limit=200"),
        sentences: script(words, &[SENTENCES, ASKS].concat()),
        data: offer.data(&policy, words, &hub.settings().node.country)?,
        qr: picture::of_my_page(&hub.settings().server.public_url),
        need: offer.need(&policy, words),
        back: offer.back(),
        told: TOLD,
        aloud: Language::ALL.map(|language| Words { language }),
        urgencies: urgencies.collect(),
        guardians: GUARDIANS,
        relations: RELATIONS,
        mandates: MANDATES,
        assents: ASSENTS,
        not_asked: NOT_ASKED,
        offer,
    };
    page(StatusCode::OK, &shown)
}
