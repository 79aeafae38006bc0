//! Notices: what happened to an organisation's referrals, agreements, consents and services, or what the node was told, newest first and in
//! sentences.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use fluent_bundle::FluentArgs;

use super::{
    duties,
    form::Form,
    frame::{Frame, Place, page},
    service::Tag,
    trays::short,
    visit::Signed,
    words::Words,
};
use crate::{
    access::{Actor, Permission},
    http::Problem,
    kernel::{
        Code, Coded, Timestamp,
        id::{AgreementId, OrganisationId, ReferralId, ServiceId},
        page::Asked,
    },
    members::{self, MemberError, Name},
    outbox::{self, Notice, OutboxError},
    referrals::About,
    storage::StorageError,
};

/// How many notices stand on a page.
const PER_PAGE: u16 = 50;

/// What somebody has to look into.
const GRAVE: [&str; 9] = [
    "consent.withdrawal_breached",
    "consent.withdrawal_unheard",
    "packet.held",
    "referral.correction_overdue",
    "referral.destruction_overdue",
    "referral.escalated",
    "referral.incident",
    "referral.overdue",
    "referral.violation_reported",
];

/// What asks somebody for something.
const ASKING: [&str; 21] = [
    "agreement.offered",
    "agreement.suspended",
    "consent.withdrawal_asked",
    "consent.withdrawal_asked_again",
    "consent.withdrawal_closed",
    "contact.ends",
    "member.root_replaced",
    "referral.bounced",
    "referral.cancel_asked",
    "referral.correction_asked",
    "referral.destruction_asked",
    "referral.destruction_asked_again",
    "referral.info_requested",
    "referral.note_left",
    "referral.safety_check_asked",
    "service.availability_ended",
    "service.correction_asked",
    "service.draft_submitted",
    "service.flagged",
    "service.offered",
    "service.verification_overdue",
];

/// What the organisation answers for that has the data: the one that a notice names, or else the one that it is for.
const TO_DESTROY: [&str; 6] = [
    "consent.withdrawal_asked",
    "consent.withdrawal_asked_again",
    "consent.withdrawal_unheard",
    "referral.destruction_asked",
    "referral.destruction_asked_again",
    "referral.destruction_overdue",
];

/// What those who keep the directory decide about, on the page of the entry there.
const TO_DECIDE: [&str; 2] = ["service.draft_submitted", "service.offered"];

/// Where whoever reads notices can go.
#[derive(Clone, Copy)]
struct Reader {
    /// Whether to the pages of members.
    manages: bool,
    /// For which organisation they say what was destroyed.
    answers_for: Option<OrganisationId>,
}

/// Where a notice leads.
struct Link {
    address: String,
    word: String,
}

struct Row {
    sentence: String,
    when: String,
    link: Option<Link>,
    tag: Option<Tag>,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether this is not the first page.
    is_older: bool,
    /// Whether these are the node's notices.
    of_node: bool,
}

/// Why notices cannot be shown.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Coded for Refused {
    fn code(&self) -> Code {
        match self {
            Self::Outbox(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Storage(error) => error.code(),
        }
    }
}

/// Whether notices are a place of somebody's menu: of those who run an organisation or answer for its data protection, and of those who oversee
/// the node. Others may open the page, and find what is theirs in their lists.
pub(super) fn are_looked_at_by(actor: &Actor) -> bool {
    let asks: &[Permission] = match actor.organisation() {
        Some(_) => &[Permission::ManageStaff, Permission::ReadDisclosures],
        None => &[Permission::ReadAllReferrals],
    };
    asks.iter().any(|permission| actor.may(*permission).is_ok())
}

/// The notices, page by page, newest first.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
    let (after, now) = (form.after(), hub.now());
    let (is_older, asked) = (after.is_some(), Asked::new(Some(PER_PAGE), after));
    let of_node = actor.organisation().is_none();
    let reader = Reader {
        manages: actor.may(Permission::ManageMembers).is_ok(),
        answers_for: actor.organisation().filter(|_own| duties::answers(&actor)),
    };
    let (found, names) = hub
        .read(move |db| {
            let found = outbox::newest_notices(db, &actor, &asked, now)?;
            let spoken_of: BTreeSet<OrganisationId> = found.items.iter().filter_map(who).collect();
            let names = members::names_of(db, &spoken_of.into_iter().collect::<Vec<_>>())?;
            Ok::<_, Refused>((found, names))
        })
        .await?;
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/notices?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let shown = NoticesPage {
        f: visit.frame(Place::Notices, words.t("notices-title")),
        w: words,
        rows: found.items.iter().map(|notice| row(notice, (&names, reader), words)).collect(),
        next,
        is_older,
        of_node,
    };
    page(StatusCode::OK, &shown)
}

fn row(notice: &Notice, (names, reader): (&HashMap<OrganisationId, Name>, Reader), words: Words) -> Row {
    Row {
        sentence: sentence(notice, names, words),
        when: words.moment(notice.at),
        link: link(notice, reader, words),
        tag: tag(&notice.topic, words),
    }
}

/// What happened. Something that there are no words for yet is named as the hub names it.
fn sentence(notice: &Notice, names: &HashMap<OrganisationId, Name>, words: Words) -> String {
    let key = format!("notice-{}", notice.topic.replace(['.', '_'], "-"));
    let somebody = || words.t("notices-somebody");
    let who = who(notice).and_then(|id| names.get(&id)).map_or_else(somebody, ToString::to_string);
    let mut gaps = FluentArgs::new();
    gaps.set("who", who);
    gaps.set("moment", moment(notice, words));
    let said = words.filled(&key, &gaps);
    if said == key { words.with("notices-other", "topic", &notice.topic) } else { said }
}

/// The organisation that a notice names.
fn who(notice: &Notice) -> Option<OrganisationId> {
    ["holder", "organisation"].iter().find_map(|member| text(notice, member)?.parse().ok())
}

/// The moment that a notice names: by when something is due, or since when it is late.
fn moment(notice: &Notice, words: Words) -> String {
    let named = ["by", "due", "at", "acknowledge_by", "answer_by", "tell_the_person_by"];
    let moment = named.iter().find_map(|member| text(notice, member)?.parse::<Timestamp>().ok());
    moment.map(|moment| words.moment(moment)).unwrap_or_default()
}

fn text<'a>(notice: &'a Notice, member: &str) -> Option<&'a str> {
    notice.payload.get(member)?.as_str()
}

/// What must be destroyed, for the organisation that has it.
fn duty(notice: &Notice, reader: Reader) -> Option<About> {
    let own = reader.answers_for.filter(|_own| TO_DESTROY.contains(&notice.topic.as_str()))?;
    if text(notice, "holder").is_some_and(|holder| holder != own.to_string()) {
        return None;
    }
    text(notice, "withdrawal").or_else(|| text(notice, "referral"))?.parse().ok()
}

/// What a notice is about: what one must answer for and a referral before all, then an agreement, a contact, a service, an organisation.
fn link(notice: &Notice, reader: Reader, words: Words) -> Option<Link> {
    if let Some(about) = duty(notice, reader) {
        return Some(Link { address: duties::address(about), word: words.t("duties-answer") });
    }
    if let Some(id) = text(notice, "referral").and_then(|id| id.parse::<ReferralId>().ok()) {
        let word = words.with("notices-referral", "short", short(id));
        return Some(Link { address: format!("/referrals/{id}"), word });
    }
    if let Some(id) = text(notice, "agreement").and_then(|id| id.parse::<AgreementId>().ok()) {
        let version = notice.payload.get("version").and_then(serde_json::Value::as_i64)?;
        return Some(Link {
            address: format!("/agreements/{id}/{version}"),
            word: words.t("notices-agreement"),
        });
    }
    if text(notice, "contact").is_some() {
        return Some(Link { address: String::from("/contacts"), word: words.t("notices-contact") });
    }
    if let Some(id) = text(notice, "service").and_then(|id| id.parse::<ServiceId>().ok()) {
        let (room, word) = if TO_DECIDE.contains(&notice.topic.as_str()) {
            ("directory", "notices-entry")
        } else {
            ("services", "notices-service")
        };
        return Some(Link { address: format!("/{room}/{id}"), word: words.t(word) });
    }
    let id = text(notice, "organisation").and_then(|id| id.parse::<OrganisationId>().ok());
    id.filter(|_| reader.manages)
        .map(|id| Link { address: format!("/members/{id}"), word: words.t("notices-organisation") })
}

fn tag(topic: &str, words: Words) -> Option<Tag> {
    if GRAVE.contains(&topic) {
        Some(Tag { tone: "bad", word: words.t("notices-grave") })
    } else if ASKING.contains(&topic) {
        Some(Tag { tone: "warn", word: words.t("notices-asking") })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::json;

    use super::*;
    use crate::web::words::Language;

    /// Everything that the domain rooms tell anybody, as it stands in their sources.
    fn topics(folder: &Path, found: &mut BTreeSet<String>) {
        let firsts =
            ["agreement.", "consent.", "contact.", "member.", "need.", "packet.", "referral.", "service."];
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                topics(&path, found);
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                // Codes of refusals, files of schemas and turns look the same.
                if ["Code::new", "json", "take_turn"].iter().any(|other| line.contains(other))
                    && !line.contains("say(")
                {
                    continue;
                }
                let quoted = line.split('"').skip(1).step_by(2);
                let is_one = |word: &&str| {
                    firsts.iter().any(|first| word.starts_with(first))
                        && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte))
                };
                found.extend(quoted.filter(is_one).map(str::to_owned));
            }
        }
    }

    #[test]
    fn whatever_somebody_is_told_of_has_a_sentence_in_every_language() {
        let mut all = BTreeSet::new();
        for room in ["agreements", "consent", "directory", "members", "referrals"] {
            topics(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut all);
        }
        assert!(all.len() > 70, "{}", all.len());
        for known in GRAVE.iter().chain(&ASKING) {
            assert!(all.contains(*known), "{known} is told by nobody");
        }
        for language in Language::ALL {
            let key = |topic: &String| format!("notice-{}", topic.replace(['.', '_'], "-"));
            let missing: Vec<String> =
                all.iter().map(key).filter(|key| Words { language }.t(key) == *key).collect();
            assert!(missing.is_empty(), "{}: {missing:#?}", language.tag());
        }
    }

    #[test]
    fn a_notice_is_a_sentence_that_leads_to_what_it_is_about() {
        let words = Words { language: Language::En };
        let notice = |topic: &str, payload| Notice {
            seq: 1,
            id: String::from("msg_1"),
            topic: topic.to_owned(),
            payload,
            at: Timestamp::from_seconds(0),
        };
        let organisation: OrganisationId = "org_01920000000070008000000000000000".parse().unwrap();
        let names = HashMap::from([(organisation, "Clinic".parse().unwrap())]);
        let late = json!({ "referral": "ref_01920000000070008000000000000000", "holder": organisation });
        let late = notice("referral.destruction_overdue", late);
        assert!(sentence(&late, &names, words).contains("Clinic"));
        let address = |notice: &Notice, manages| {
            link(notice, Reader { manages, answers_for: None }, words).map(|link| link.address)
        };
        assert_eq!(address(&late, false).as_deref(), Some("/referrals/ref_01920000000070008000000000000000"));
        let enrolled = notice("member.enrolled", json!({ "organisation": organisation }));
        assert_eq!(address(&enrolled, false), None);
        assert!(address(&enrolled, true).is_some_and(|address| address.starts_with("/members/org_")));
        let service =
            json!({ "service": "svc_01920000000070008000000000000000", "organisation": organisation });
        let offered = notice("service.offered", service.clone());
        assert!(sentence(&offered, &names, words).contains("Clinic"));
        assert_eq!(
            address(&offered, true).as_deref(),
            Some("/directory/svc_01920000000070008000000000000000")
        );
        let listed = notice("service.listed", service);
        assert!(address(&listed, true).is_some_and(|address| address.starts_with("/services/svc_")));
        let ends = json!({ "contact": "ctc_01920000000070008000000000000000", "at": "2026-03-02T09:00:00Z" });
        let ends = notice("contact.ends", ends);
        assert_eq!(address(&ends, false).as_deref(), Some("/contacts"));
        assert!(sentence(&ends, &names, words).contains("2 March 2026"));
        let answered = |notice: &Notice, own: &str| {
            let reader = Reader { manages: false, answers_for: own.parse().ok() };
            link(notice, reader, words).map(|link| link.address).unwrap_or_default()
        };
        let (own, other) = (organisation.to_string(), "org_01920000000070008000000000000001");
        assert_eq!(answered(&late, &own), "/duties/ref_01920000000070008000000000000000");
        assert_eq!(answered(&late, other), "/referrals/ref_01920000000070008000000000000000");
        let asked = json!({ "withdrawal": "wdr_01920000000070008000000000000000" });
        let asked = notice("consent.withdrawal_asked", asked);
        assert_eq!(answered(&asked, &own), "/duties/wdr_01920000000070008000000000000000");
        assert_eq!((address(&asked, false), answered(&asked, "")), (None, String::new()));
        let unknown = notice("moon.risen", json!({}));
        assert!(
            sentence(&unknown, &names, words).contains("moon.risen") && tag("moon.risen", words).is_none()
        );
    }
}
