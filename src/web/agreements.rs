//! Agreements: those of one's organisation, or of the node for those who oversee them; what each says in words, who signed, and signing. The
//! signature is made on the device, over the exact bytes whose digest the page shows.

mod begun;
mod making;
pub(super) mod moves;
pub(super) mod offering;
mod terms;

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use askama::Template;
use chrono::TimeDelta;
use serde::Serialize;

use moves::Moves;

use super::{
    assets,
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    script::{Said, json, script},
    service::Tag,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Permission,
    agreements::{
        self, AgreementDetail, AgreementError, AgreementView, Document, Flow, ListedAgreement, OnwardRule,
        Purpose, Retention,
    },
    http::Problem,
    kernel::{
        Code, Fault, Timestamp,
        id::{AgreementId, OrganisationId},
        page::Asked,
        text::Line,
    },
    members::{self, Name},
    policy::{CategoryCode, FieldId, Policy, PurposeCode, ServiceCode, Trigger},
};

/// How many agreements stand on a page.
const PER_PAGE: u16 = 20;

struct Row {
    address: String,
    title: String,
    facts: Vec<String>,
    tag: Tag,
}

/// Rows that belong together.
struct Section {
    heading: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "agreements.html")]
struct AgreementsPage {
    f: Frame,
    w: Words,
    sections: Vec<Section>,
    /// That not everything stands first that could; empty where it does.
    cut: String,
    next: Option<String>,
    may_offer: bool,
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
    script: assets::Script,
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
    /// What holds at present, in sentences.
    stands: Vec<String>,
    /// Who may send what to whom, in sentences.
    says: Vec<String>,
    /// What services need to know and a draft does not list.
    lacks: Vec<String>,
    moves: Moves,
    wrongs: Wrongs,
    is_stale: bool,
    done: Option<String>,
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

    /// A field by what it is called, with a dot as a hyphen in its key.
    fn field(self, id: &FieldId) -> String {
        let label = self.policy.field(id).map_or(id.as_str(), |field| field.label.as_str());
        self.words.code(&id.as_str().replace('.', "-"), label)
    }

    fn category(self, code: &CategoryCode) -> String {
        let label = self.policy.category(code).map_or("", |known| known.label.as_str());
        self.words.code(code.as_str(), label)
    }

    fn fields(self, purpose: &Purpose) -> String {
        self.words.list(purpose.items.iter().map(|item| self.field(&item.field)))
    }

    /// A direction by the names of its ends.
    fn direction(self, from: OrganisationId, to: OrganisationId) -> String {
        let mut gaps = fluent_bundle::FluentArgs::new();
        gaps.set("from", self.name(from));
        gaps.set("to", self.name(to));
        self.words.filled("agreements-direction", &gaps)
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
            services: self.words.list(services),
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

/// The agreements, page by page; what asks for something stands first on the first.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
    let (now, policy, own) = (hub.now(), hub.policy(), actor.organisation());
    let after = form.after();
    let (is_first, asked) = (after.is_none(), Asked::new(Some(PER_PAGE), after));
    let (pressing, listed, names) = hub
        .read(move |db| {
            let pressing = if is_first { agreements::pressing(db, &actor, now)? } else { Vec::new() };
            let listed = agreements::look_through(db, &actor, &asked, now)?;
            let all = pressing.iter().chain(&listed.items);
            let parties: BTreeSet<_> =
                all.flat_map(|listed| listed.agreement.parties.iter().copied()).collect();
            let names = members::names_of(db, &parties.into_iter().collect::<Vec<_>>())?;
            Ok::<_, AgreementError>((pressing, listed, names))
        })
        .await?;
    let told = Told { words, policy: &policy, names: &names };
    let cut = if pressing.len() < agreements::MOST_PRESSING {
        String::new()
    } else {
        words.with("agreements-cut", "count", agreements::MOST_PRESSING.to_string())
    };
    let mut sections: Vec<Section> =
        FIRST.iter().filter_map(|key| section(key, &pressing, own, told)).collect();
    if !listed.items.is_empty() {
        let rows = listed.items.iter().map(|listed| row(listed, own, told)).collect();
        sections.push(Section { heading: words.t("agreements-all"), rows });
    }
    let next = listed.next.map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/agreements?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let shown = AgreementsPage {
        f: visit.frame(Place::Agreements, words.t("agreements-title")),
        w: words,
        sections,
        cut,
        next,
        may_offer: may_offer(&visit),
    };
    page(StatusCode::OK, &shown)
}

/// Whether the visitor may offer an agreement for an organisation.
fn may_offer(visit: &Visit) -> bool {
    let actor = &visit.asking.caller.actor;
    actor.organisation().is_some() && actor.may(Permission::ManageAgreements).is_ok()
}

/// In which order stands what asks for something.
const FIRST: [&str; 4] =
    ["agreements-wait", "agreements-stand-still", "agreements-end-soon", "agreements-drafts"];

/// Why a version stands first.
fn pressing_as(view: &AgreementView) -> &'static str {
    match view.state {
        "draft" => "agreements-drafts",
        "offered" => "agreements-wait",
        "suspended" => "agreements-stand-still",
        _ if !view.stopped_flows.is_empty() => "agreements-stand-still",
        _ => "agreements-end-soon",
    }
}

fn section(
    key: &str,
    pressing: &[ListedAgreement],
    own: Option<OrganisationId>,
    told: Told<'_>,
) -> Option<Section> {
    let fitting = pressing.iter().filter(|listed| pressing_as(&listed.agreement) == key);
    let rows: Vec<Row> = fitting.map(|listed| row(listed, own, told)).collect();
    let heading = match key {
        "agreements-end-soon" => told.words.with(key, "days", agreements::ENDS_SOON_DAYS),
        _ => told.words.t(key),
    };
    (!rows.is_empty()).then_some(Section { heading, rows })
}

fn row(listed: &ListedAgreement, own: Option<OrganisationId>, told: Told<'_>) -> Row {
    let (view, words) = (&listed.agreement, told.words);
    let mut facts = vec![words.with("agreements-version", "version", i64::from(view.version))];
    facts.push(words.list(listed.services.iter().map(|code| told.service(code))));
    facts.push(words.with("agreements-until", "day", last_day(view.valid_until, words)));
    if view.state == "offered" {
        facts.push(signed(listed, words));
        let waits = view.parties.iter().filter(|party| !listed.signed.contains(party));
        let waits: Vec<String> = waits.map(|party| told.name(*party)).collect();
        facts.push(words.with("agreements-waits-for", "names", words.list(waits)));
    }
    if let Some(reason) = view.reason {
        facts.push(words.word("agreements-reason", reason));
    }
    facts.extend(view.stopped_flows.first().map(|_| words.t("agreements-partly-stopped")));
    Row {
        address: format!("/agreements/{}/{}", view.id, view.version),
        title: with_whom(view, own, told),
        facts,
        tag: tag(view, words),
    }
}

/// The last day on which something holds that ends at this moment.
fn last_day(until: Timestamp, words: Words) -> String {
    words.day(until.minus(TimeDelta::microseconds(1)))
}

/// The parties, without one's own organisation.
fn with_whom(view: &AgreementView, own: Option<OrganisationId>, told: Told<'_>) -> String {
    let others = view.parties.iter().copied().filter(|party| Some(*party) != own);
    told.words.list(others.map(|party| told.name(party)))
}

/// How many of the parties signed.
fn signed(listed: &ListedAgreement, words: Words) -> String {
    let mut gaps = fluent_bundle::FluentArgs::new();
    gaps.set("signed", listed.signed.len());
    gaps.set("parties", listed.agreement.parties.len());
    words.filled("agreements-signatures", &gaps)
}

/// One version of an agreement.
pub(super) async fn show(
    Signed(visit): Signed,
    one: Path<(AgreementId, u32)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let asked = Form::of_query(request.query_string());
    let done = DONE.iter().find(|done| asked.says("done", done));
    let unmet =
        Unmet { done: done.map(|done| visit.words.word("agreements-done", done)), ..Unmet::default() };
    agreement_page(&visit, one.into_inner(), unmet, StatusCode::OK).await
}

/// What can have been done before the page of an agreement is shown.
const DONE: [&str; 8] =
    ["drafted", "offered", "retracted", "declined", "suspended", "stopped", "resumed", "ended"];

/// What is told of what was asked before: that it was done, or why not, and what had been filled in.
#[derive(Default)]
struct Unmet {
    wrongs: Wrongs,
    form: Form,
    /// Whether somebody changed the agreement since the form was opened.
    is_stale: bool,
    done: Option<String>,
}

async fn agreement_page(
    visit: &Visit,
    one: (AgreementId, u32),
    unmet: Unmet,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    let own = actor.organisation();
    let (detail, names) = hub
        .read(move |db| {
            let detail = agreements::find_agreement(db, &actor, one, now)?;
            let names = members::names_of(db, &detail.agreement.parties)?;
            Ok::<_, AgreementError>((detail, names))
        })
        .await?;
    let (view, document) = (&detail.agreement, parsed(&detail)?);
    let told = Told { words, policy: &policy, names: &names };
    let frame = visit.frame(Place::Agreements, words.t("agreements-one"));
    let is_wrong = unmet.is_stale || !unmet.wrongs.is_empty();
    let shown = AgreementPage {
        f: Frame {
            path: format!("/agreements/{}/{}", view.id, view.version),
            ..if is_wrong { frame.with_error() } else { frame }
        },
        w: words,
        title: with_whom(view, own, told),
        tag: tag(view, words),
        lasts: lasts(view, words),
        stands: stands(view, told),
        signers: signers(&detail, told),
        says: says(&document, told),
        lacks: if view.state == "draft" { lacks(&document, told) } else { Vec::new() },
        flows: document.flows.iter().map(|flow| told.flow(flow, view)).collect(),
        parties: parties(&document, words),
        facts: facts(&document, told),
        digest: view.digest.to_string(),
        text: path(view),
        signing: signing(visit, &detail)?,
        moves: Moves::of(visit, (&detail, &document), told, &unmet.form),
        wrongs: unmet.wrongs,
        is_stale: unmet.is_stale,
        done: unmet.done,
    };
    page(status, &shown)
}

/// What holds at present, where that is more than a mark can say.
fn stands(view: &AgreementView, told: Told<'_>) -> Vec<String> {
    let words = told.words;
    let reason = view.reason.map(|reason| words.word("agreements-reason", reason));
    let notice = view.notice_until.filter(|_| view.state == "terminated");
    let notice = notice.map(|until| words.with("agreements-finish-until", "moment", words.moment(until)));
    let by = view.superseded_by.map(|by| words.with("agreements-replaced-by", "version", i64::from(by)));
    let due = view.review_due.map(|due| words.with("agreements-review-due", "day", words.day(due)));
    [reason, notice, by, due].into_iter().flatten().collect()
}

/// In sentences, who may send what to whom. Between two parties also what may not go back.
fn says(document: &Document, told: Told<'_>) -> Vec<String> {
    let words = told.words;
    let flow = |flow: &Flow| {
        let items = flow.purposes.iter().flat_map(|purpose| &purpose.items);
        let categories: BTreeSet<&CategoryCode> =
            items.filter_map(|item| told.policy.field(&item.field)).map(|field| &field.category).collect();
        let what: Vec<String> = categories.into_iter().map(|code| told.category(code)).collect();
        let services: Vec<String> = flow.services.iter().map(|code| told.service(code)).collect();
        let mut gaps = fluent_bundle::FluentArgs::new();
        gaps.set("from", told.name(flow.from));
        gaps.set("to", told.name(flow.to));
        gaps.set("services", words.list(services));
        gaps.set("what", what.join("; "));
        words.filled("agreements-says", &gaps)
    };
    let mut said: Vec<String> = document.flows.iter().map(flow).collect();
    if document.parties.len() == 2 {
        let goes = |from, to| document.flows.iter().any(|flow| flow.from == from && flow.to == to);
        let back = document.flows.iter().filter(|flow| !goes(flow.to, flow.from));
        said.extend(back.map(|flow| {
            let mut gaps = fluent_bundle::FluentArgs::new();
            gaps.set("from", told.name(flow.to));
            gaps.set("to", told.name(flow.from));
            words.filled("agreements-says-nothing", &gaps)
        }));
    }
    said
}

/// What the services of a direction need to know and no purpose of it lists, for each direction that lacks something.
fn lacks(document: &Document, told: Told<'_>) -> Vec<String> {
    let lacking = document.flows.iter().filter_map(|flow| {
        let listed: BTreeSet<_> =
            flow.purposes.iter().flat_map(|purpose| &purpose.items).map(|item| &item.field).collect();
        let needed: BTreeSet<_> = flow
            .purposes
            .iter()
            .flat_map(|purpose| terms::needed(told.policy, &flow.services, &purpose.purpose))
            .map(|field| &field.id)
            .collect();
        let missing: Vec<String> = needed.difference(&listed).map(|field| told.field(field)).collect();
        (!missing.is_empty())
            .then(|| format!("{}: {}", told.direction(flow.from, flow.to), told.words.list(missing)))
    });
    lacking.collect()
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
    gaps.set("until", last_day(view.valid_until, words));
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
    let categories = document
        .sensitive
        .categories
        .iter()
        .map(|open| format!("{} ({})", told.category(&open.category), open.safeguard));
    let fields = document.sensitive.fields.iter().map(|open| told.field(&open.field));
    let sensitive: Vec<String> = categories.chain(fields).collect();
    let onward = match document.onward.rule {
        OnwardRule::None => words.t("agreements-onward-none"),
        OnwardRule::SameLegalPerson => words.t("agreements-onward-same"),
        OnwardRule::Listed => {
            let listed = document.onward.organisations.iter().map(|id| told.name(*id));
            format!("{} {}", words.t("agreements-onward-listed"), words.list(listed))
        }
    };
    let children =
        if document.children.included { "agreements-children-yes" } else { "agreements-children-no" };
    let nothing = || words.t("agreements-nothing-opened");
    vec![
        (words.t("agreements-kept"), kept.join("; ")),
        (
            words.t("agreements-sensitive"),
            if sensitive.is_empty() { nothing() } else { words.list(sensitive) },
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
        (words.t("agreements-bases"), bases(document, told)),
        (words.t("agreements-law"), document.jurisdiction.law.to_string()),
        (words.t("agreements-across"), across(document, words)),
        (
            words.t("agreements-review"),
            number("agreements-every-months", "months", document.validity.review_months),
        ),
    ]
}

/// Why each party may process, by law.
fn bases(document: &Document, told: Told<'_>) -> String {
    let said = document.legal_bases.iter().map(|basis| {
        let law = [&basis.public_law, &basis.internal_policy];
        let law = law.into_iter().flatten().map(ToString::to_string);
        let codes = [terms::code_of(&basis.article6), terms::code_of(&basis.article9)];
        let codes = codes
            .into_iter()
            .filter(|code| !code.is_empty())
            .map(|code| told.words.t(&format!("agreements-basis-{code}")));
        let said: Vec<String> = codes.chain(law).collect();
        format!("{}, {}: {}", told.name(basis.org), told.purpose(&basis.purpose), told.words.list(said))
    });
    said.collect::<Vec<_>>().join("; ")
}

/// What lets data cross borders.
fn across(document: &Document, words: Words) -> String {
    let said = document.transfers.iter().map(|transfer| {
        let mechanism = terms::code_of(&transfer.mechanism);
        let mut gaps = fluent_bundle::FluentArgs::new();
        gaps.set("from", transfer.from.to_string());
        gaps.set("to", transfer.to.to_string());
        gaps.set("by", words.t(&format!("agreements-transfer-{mechanism}")));
        gaps.set("reference", transfer.reference.as_ref().map_or("", Line::as_str));
        words.filled("agreements-transfer", &gaps)
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { words.t("agreements-across-none") } else { said.join("; ") }
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
        script: assets::Script::of("pages/sign.ts"),
        sentences: script(words, SENTENCES),
        data: json(&data)?,
    }))
}
