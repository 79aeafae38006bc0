//! Agreements: those of one's organisation, or of the node for those who oversee them; what each says in words, who signed, and signing. The
//! signature is made on the device, over the exact bytes whose digest the page shows.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use serde::Serialize;

use super::{
    assets,
    form::Form,
    frame::{Frame, Place, page},
    script::{Said, json, script},
    service::Tag,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Permission,
    agreements::{
        self, AgreementDetail, AgreementError, AgreementView, Document, Flow, OnwardRule, Purpose, Retention,
    },
    http::Problem,
    kernel::{
        Code, Fault,
        id::{AgreementId, OrganisationId},
        page::Asked,
    },
    members::{self, Name},
    policy::{Policy, PurposeCode, ServiceCode, Trigger},
};

/// How many agreements stand on a page: the document of each is read for it.
const PER_PAGE: u16 = 20;

struct Row {
    address: String,
    title: String,
    facts: Vec<String>,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "agreements.html")]
struct AgreementsPage {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
}

/// A party and its signature.
struct Signer {
    name: String,
    said: String,
    has_signed: bool,
}

struct PurposeShown {
    purpose: String,
    fields: String,
}

/// One direction.
struct FlowShown {
    from: String,
    to: String,
    services: String,
    purposes: Vec<PurposeShown>,
    is_stopped: bool,
}

/// What the script signs with.
struct Signing {
    script: String,
    sentences: String,
    data: String,
}

#[derive(Serialize)]
struct Data<'a> {
    path: String,
    id: AgreementId,
    version: u32,
    digest: &'a str,
    organisation: OrganisationId,
}

#[derive(Template)]
#[template(path = "agreement.html")]
struct AgreementPage {
    f: Frame,
    w: Words,
    title: String,
    tag: Tag,
    lasts: String,
    signers: Vec<Signer>,
    flows: Vec<FlowShown>,
    parties: Vec<(String, Vec<String>)>,
    facts: Vec<(String, String)>,
    digest: String,
    text: String,
    signing: Option<Signing>,
}

const SENTENCES: &[Said<'static>] = &[
    ("failed", "key-failed", &[]),
    ("unreachable", "key-unreachable", &[]),
    ("untrusted", "key-untrusted", &[]),
    ("signing", "agreements-signing", &[]),
    ("signed", "agreements-signed-now", &[]),
    ("locked", "key-unlock-title", &[]),
    ("no-key", "agreements-no-key", &[]),
    ("not-confirmed", "agreements-not-confirmed", &[]),
    ("other-text", "agreements-other-text", &[]),
    ("changed", "agreements-changed", &[]),
    ("refused", "agreements-refused", &[]),
];

/// What is shown of codes and ids: the policy's words and the names of organisations.
#[derive(Clone, Copy)]
struct Told<'a> {
    words: Words,
    policy: &'a Policy,
    names: &'a HashMap<OrganisationId, Name>,
}

impl Told<'_> {
    fn name(self, id: OrganisationId) -> String {
        self.names.get(&id).map_or_else(|| id.to_string(), ToString::to_string)
    }

    fn service(self, code: &ServiceCode) -> String {
        let label = self.policy.service(code).map_or("", |service| service.label.as_str());
        self.words.code(code.as_str(), label)
    }

    fn purpose(self, code: &PurposeCode) -> String {
        let label = self.policy.purpose(code).map_or("", |purpose| purpose.label.as_str());
        self.words.code(code.as_str(), label)
    }

    /// Fields by what they are called, with a dot as a hyphen in their key.
    fn fields(self, purpose: &Purpose) -> String {
        let called = purpose.items.iter().map(|item| {
            let id = item.field.as_str();
            let label = self.policy.field(&item.field).map_or(id, |field| field.label.as_str());
            self.words.code(&id.replace('.', "-"), label)
        });
        called.collect::<Vec<_>>().join(", ")
    }

    fn flow(self, flow: &Flow, view: &AgreementView) -> FlowShown {
        let services: Vec<String> = flow.services.iter().map(|code| self.service(code)).collect();
        let purposes = flow.purposes.iter().map(|purpose| PurposeShown {
            purpose: self.purpose(&purpose.purpose),
            fields: self.fields(purpose),
        });
        FlowShown {
            from: self.name(flow.from),
            to: self.name(flow.to),
            services: services.join(", "),
            purposes: purposes.collect(),
            is_stopped: view
                .stopped_flows
                .iter()
                .any(|stopped| stopped.from == flow.from && stopped.to == flow.to),
        }
    }

    fn kept(self, kept: &Retention) -> String {
        let key = match kept.trigger {
            Trigger::Received => "agreements-kept-received",
            Trigger::PurposeFulfilled => "agreements-kept-fulfilled",
        };
        let days = self.words.with(key, "days", i64::from(kept.days));
        format!("{}: {days}", self.purpose(&kept.purpose))
    }
}

/// The document out of its exact bytes.
fn parsed(detail: &AgreementDetail) -> Result<Document, Problem> {
    Document::parse(detail.document.as_bytes()).map_err(|error| {
        tracing::error!(error = %error, "the document of an agreement could not be read");
        Problem::new(Code::new("web.page", Fault::Internal), "The page could not be made.")
    })
}

/// How it stands, as a mark.
fn tag(view: &AgreementView, words: Words) -> Tag {
    let tone = match (view.state, view.standing) {
        ("in_force", "active") => "good",
        ("offered", _) | ("in_force", "review_late") => "warn",
        ("suspended" | "in_force", _) => "bad",
        _ => "",
    };
    // What the calendar made of it says more than that it is in force.
    let word = if view.state == "in_force" && view.standing != "active" {
        words.word("agreements-standing", view.standing)
    } else {
        words.word("agreements-state", view.state)
    };
    Tag { tone, word }
}

/// The agreements, page by page.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
    let (asked, now, policy) = (Asked::new(Some(PER_PAGE), form.after()), hub.now(), hub.policy());
    let own = actor.organisation();
    let (details, next, names) = hub
        .read(move |db| {
            let listed = agreements::list_agreements(db, &actor, &asked, now)?;
            let mut details = Vec::with_capacity(listed.items.len());
            let mut parties = BTreeSet::new();
            for view in &listed.items {
                parties.extend(view.parties.iter().copied());
                details.push(agreements::find_agreement(db, &actor, (view.id, view.version), now)?);
            }
            let names = members::names_of(db, &parties.into_iter().collect::<Vec<_>>())?;
            Ok::<_, AgreementError>((details, listed.next, names))
        })
        .await?;
    let told = Told { words, policy: &policy, names: &names };
    let rows = details.iter().map(|detail| row(detail, own, told)).collect::<Result<Vec<Row>, Problem>>()?;
    let next = next.map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/agreements?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let shown = AgreementsPage {
        f: visit.frame(Place::Agreements, words.t("agreements-title")),
        w: words,
        rows,
        next,
    };
    page(StatusCode::OK, &shown)
}

fn row(detail: &AgreementDetail, own: Option<OrganisationId>, told: Told<'_>) -> Result<Row, Problem> {
    let (view, words, document) = (&detail.agreement, told.words, parsed(detail)?);
    let mut facts = vec![words.with("agreements-version", "version", i64::from(view.version))];
    let services: BTreeSet<&ServiceCode> = document.flows.iter().flat_map(|flow| &flow.services).collect();
    facts.push(services.into_iter().map(|code| told.service(code)).collect::<Vec<_>>().join(", "));
    facts.push(words.with("agreements-until", "day", words.day(view.valid_until)));
    if view.state == "offered" {
        facts.push(signed(detail, words));
    }
    Ok(Row {
        address: format!("/agreements/{}/{}", view.id, view.version),
        title: with_whom(view, own, told),
        facts,
        tag: tag(view, words),
    })
}

/// The parties, without one's own organisation.
fn with_whom(view: &AgreementView, own: Option<OrganisationId>, told: Told<'_>) -> String {
    let others = view.parties.iter().copied().filter(|party| Some(*party) != own);
    others.map(|party| told.name(party)).collect::<Vec<_>>().join(", ")
}

/// How many of the parties signed.
fn signed(detail: &AgreementDetail, words: Words) -> String {
    let mut gaps = fluent_bundle::FluentArgs::new();
    gaps.set("signed", detail.signatures.len());
    gaps.set("parties", detail.agreement.parties.len());
    words.filled("agreements-signatures", &gaps)
}

/// One version of an agreement.
pub(super) async fn show(
    Signed(visit): Signed,
    one: Path<(AgreementId, u32)>,
) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let (one, own) = (one.into_inner(), actor.organisation());
    let (detail, names) = hub
        .read(move |db| {
            let detail = agreements::find_agreement(db, &actor, one, now)?;
            let names = members::names_of(db, &detail.agreement.parties)?;
            Ok::<_, AgreementError>((detail, names))
        })
        .await?;
    let (view, document) = (&detail.agreement, parsed(&detail)?);
    let told = Told { words, policy: &policy, names: &names };
    let title = with_whom(view, own, told);
    let shown = AgreementPage {
        f: visit.frame(Place::Agreements, words.t("agreements-one")),
        w: words,
        title,
        tag: tag(view, words),
        lasts: lasts(view, words),
        signers: signers(&detail, told),
        flows: document.flows.iter().map(|flow| told.flow(flow, view)).collect(),
        parties: parties(&document, words),
        facts: facts(&document, told),
        digest: view.digest.to_string(),
        text: path(view),
        signing: signing(&visit, &detail)?,
    };
    page(StatusCode::OK, &shown)
}

/// Where the API has it.
fn path(view: &AgreementView) -> String {
    format!("/api/v1/agreements/{}/versions/{}", view.id, view.version)
}

/// From when to when, and which version it is.
fn lasts(view: &AgreementView, words: Words) -> String {
    let mut gaps = fluent_bundle::FluentArgs::new();
    gaps.set("version", i64::from(view.version));
    gaps.set("from", words.day(view.valid_from));
    gaps.set("until", words.day(view.valid_until));
    words.filled("agreements-lasts", &gaps)
}

fn signers(detail: &AgreementDetail, told: Told<'_>) -> Vec<Signer> {
    let words = told.words;
    let signer = |party: &OrganisationId| {
        let signature = detail.signatures.iter().find(|signature| signature.organisation == *party);
        let said = signature.map_or_else(
            || words.t("agreements-not-signed"),
            |one| format!("{}, {}; {}; {}", one.signatory, one.office, one.authority, words.moment(one.at)),
        );
        Signer { name: told.name(*party), said, has_signed: signature.is_some() }
    };
    detail.agreement.parties.iter().map(signer).collect()
}

/// Each party as the document names it.
fn parties(document: &Document, words: Words) -> Vec<(String, Vec<String>)> {
    let told = document.parties.iter().map(|party| {
        let mut facts = vec![
            format!("{}: {}", words.t("agreements-data-protection"), party.data_protection_contact),
            format!("{}: {}", words.t("agreements-oversight"), party.oversight_contact),
        ];
        if party.immunities {
            facts.push(words.t("agreements-immunities"));
        }
        (format!("{} ({})", party.legal_name, party.country), facts)
    });
    told.collect()
}

/// What holds beside the flows, in the order in which it is asked for.
fn facts(document: &Document, told: Told<'_>) -> Vec<(String, String)> {
    let words = told.words;
    let number = |key: &str, name: &'static str, value: u32| words.with(key, name, i64::from(value));
    let kept: Vec<String> = document.retention.iter().map(|kept| told.kept(kept)).collect();
    let categories = document.sensitive.categories.iter().map(|open| {
        let label = told.policy.category(&open.category).map_or("", |known| known.label.as_str());
        words.code(open.category.as_str(), label)
    });
    let fields = document.sensitive.fields.iter().map(|open| {
        let id = open.field.as_str();
        let label = told.policy.field(&open.field).map_or(id, |field| field.label.as_str());
        words.code(&id.replace('.', "-"), label)
    });
    let sensitive: Vec<String> = categories.chain(fields).collect();
    let onward = match document.onward.rule {
        OnwardRule::None => words.t("agreements-onward-none"),
        OnwardRule::SameLegalPerson => words.t("agreements-onward-same"),
        OnwardRule::Listed => {
            let listed = document.onward.organisations.iter().map(|id| told.name(*id));
            format!("{} {}", words.t("agreements-onward-listed"), listed.collect::<Vec<_>>().join(", "))
        }
    };
    let children =
        if document.children.included { "agreements-children-yes" } else { "agreements-children-no" };
    let nothing = || words.t("agreements-nothing-opened");
    vec![
        (words.t("agreements-kept"), kept.join("; ")),
        (
            words.t("agreements-sensitive"),
            if sensitive.is_empty() { nothing() } else { sensitive.join(", ") },
        ),
        (words.t("agreements-children"), words.t(children)),
        (words.t("agreements-onward"), onward),
        (
            words.t("agreements-destroyed"),
            number("agreements-within-days", "days", document.destruction.within_days),
        ),
        (words.t("agreements-rights"), document.rights.contact.to_string()),
        (
            words.t("agreements-incidents"),
            number("agreements-within-hours", "hours", document.incidents.parties_hours),
        ),
        (words.t("agreements-law"), document.jurisdiction.law.to_string()),
        (
            words.t("agreements-review"),
            number("agreements-every-months", "months", document.validity.review_months),
        ),
    ]
}

/// What the script needs, when the visitor may sign and nobody of their organisation did.
fn signing(visit: &Visit, detail: &AgreementDetail) -> Result<Option<Signing>, Problem> {
    let (view, actor, words) = (&detail.agreement, &visit.asking.caller.actor, visit.words);
    let Some(organisation) = actor.organisation().filter(|own| view.parties.contains(own)) else {
        return Ok(None);
    };
    let has_signed = detail.signatures.iter().any(|signature| signature.organisation == organisation);
    if view.state != "offered" || has_signed || actor.may(Permission::ManageAgreements).is_err() {
        return Ok(None);
    }
    let digest = view.digest.to_string();
    let data = Data { path: path(view), id: view.id, version: view.version, digest: &digest, organisation };
    Ok(Some(Signing {
        script: assets::address("pages/sign.ts"),
        sentences: script(words, SENTENCES),
        data: json(&data)?,
    }))
}
