//! Offering an agreement: with whom and for what, its terms as a form, or a document that was prepared elsewhere. What comes of either is
//! a draft, whose page says in sentences who may send what to whom, before it is offered.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    Told,
    begun::begun,
    making::{self, Complained, Made},
    may_offer,
    moves::Choice,
    parsed,
    terms::{self, Base, Way},
};
use crate::{
    access::{AccessError, Actor, Permission},
    agreements::{self, AgreementError, Draft, MAX_DOCUMENT_BYTES},
    http::Problem,
    kernel::{
        id::{AgreementId, OrganisationId},
        page::{Asked, MAX_PAGE},
    },
    members::{self, MemberError, Organisation},
    policy::{Level, Policy, PurposeCode, ServiceCode},
    storage::Db,
    web::{
        assets,
        form::{Form, Wrongs},
        frame::{Frame, Place, page},
        sign_in::see,
        visit::{Signed, Visit},
        words::Words,
    },
};

/// How many members can be chosen from, at most.
const MOST_MEMBERS: usize = 1_000;

/// What a new agreement is for, unless something else is chosen: to give the service that is named.
const USUAL_PURPOSE: &str = "P01";

/// Something wrong with a document that was prepared elsewhere.
struct Flaw {
    at: String,
    /// In the language of the page.
    said: Option<String>,
    /// As the hub says it, in English.
    says: String,
}

#[derive(Template)]
#[template(path = "agreement-new.html")]
struct BeginPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    partners: Vec<Choice>,
    ways: Vec<Choice>,
    services: Vec<Choice>,
    purposes: Vec<Choice>,
    flaws: Vec<Flaw>,
    document: String,
    most_kilobytes: i64,
    script: assets::Script,
}

struct PartyShown {
    n: usize,
    member: String,
    name: String,
    natures: Vec<Choice>,
    roles: Vec<Choice>,
    data: String,
    oversight: String,
    is_immune: bool,
    ids: [String; 3],
}

/// The fields of one category that can be ticked.
struct Group {
    word: String,
    fields: Vec<Choice>,
}

struct PurposeShown {
    name: String,
    word: String,
    count: String,
    groups: Vec<Group>,
    is_wrong: bool,
}

struct WayShown {
    n: usize,
    word: String,
    may: String,
    is_open: bool,
    services: Vec<Choice>,
    chosen_services: String,
    purposes: Vec<Choice>,
    chosen_purposes: String,
    lists: Vec<PurposeShown>,
    ids: [String; 2],
}

struct SafeguardShown {
    name: String,
    word: String,
    text: String,
}

struct BasisShown {
    name: String,
    word: String,
    article6: Vec<Choice>,
    article9: Vec<Choice>,
    law: String,
    law_id: String,
}

struct TransferShown {
    word: String,
    mechanisms: Vec<Choice>,
    reference: String,
    reference_id: String,
    by_id: String,
}

struct KeptShown {
    name: String,
    word: String,
    triggers: Vec<Choice>,
    days: String,
    latest: String,
    ids: [String; 2],
}

#[derive(Template)]
#[template(path = "agreement-terms.html")]
struct TermsPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    title: String,
    back: String,
    /// What tells the form where it was begun: names and values that are not typed.
    hidden: Vec<(&'static str, String)>,
    keeps: bool,
    parties: Vec<PartyShown>,
    ways: Vec<WayShown>,
    safeguards: Vec<SafeguardShown>,
    bases: Vec<BasisShown>,
    transfers: Vec<TransferShown>,
    kept: Vec<KeptShown>,
    answers: Vec<Choice>,
    onward: Vec<Choice>,
    form: Form,
}

/// The form to begin with, or that of the terms once it is known between whom.
pub(in crate::web) async fn ask(
    Signed(visit): Signed,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    may(&visit)?;
    let (form, words) = (Form::of_query(request.query_string()), visit.words);
    if form.has("base") {
        let base = base(&visit, &form).await?;
        return first_terms(&visit, &base, &Form::default());
    }
    if !form.has("purpose") && !form.has("with") {
        return begin_page(&visit, (Wrongs::default(), &form), Vec::new(), StatusCode::OK).await;
    }
    let mut wrongs = Wrongs::default();
    if form.one("with").parse::<OrganisationId>().is_err() {
        wrongs.note("with", words.t("agreements-new-no-partner"));
    }
    for (field, key) in [
        ("way", "agreements-rule-flows"),
        ("service", "agreements-rule-services"),
        ("purpose", "agreements-rule-purposes"),
    ] {
        if !form.has(field) {
            wrongs.note(field, words.t(key));
        }
    }
    if !wrongs.is_empty() {
        return begin_page(&visit, (wrongs, &form), Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let base = base(&visit, &form).await?;
    first_terms(&visit, &base, &form)
}

/// The terms before anybody filled them in: what an address says of them is chosen, and never typed.
fn first_terms(visit: &Visit, base: &Base, chosen: &Form) -> Result<HttpResponse, Problem> {
    let hub = &visit.asking.hub;
    let form = begun(base, chosen, (&hub.policy(), visit.words), hub.now());
    terms_page(visit, base, form, (Wrongs::default(), StatusCode::OK))
}

/// Refuses before a form is filled in what would be refused after it.
fn may(visit: &Visit) -> Result<(), Problem> {
    visit.asking.caller.actor.may(Permission::ManageAgreements).map_err(AgreementError::from)?;
    if may_offer(visit) { Ok(()) } else { Err(AgreementError::from(AccessError::Forbidden).into()) }
}

async fn begin_page(
    visit: &Visit,
    (wrongs, form): (Wrongs, &Form),
    flaws: Vec<Flaw>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, policy) = (visit.asking.caller.actor.clone(), hub.policy());
    let own = actor.organisation();
    let members = hub.read(move |db| partners(db, &actor)).await?;
    let partner = |member: Organisation| Choice {
        chosen: form.says("with", &member.id.to_string()),
        value: member.id.to_string(),
        word: format!("{} ({})", member.name, member.country),
        help: String::new(),
    };
    let way = |value: &str| Choice {
        chosen: form.says("way", value) || (value == "there" && !form.has("with") && !form.has("purpose")),
        value: value.to_owned(),
        word: words.word("agreements-way", value),
        help: String::new(),
    };
    let none = std::collections::HashMap::new();
    let told = Told { words, policy: &policy, names: &none };
    let chosen: Vec<ServiceCode> = form.all("service").filter_map(|code| code.parse().ok()).collect();
    let mut purposes: Vec<PurposeCode> = form.all("purpose").filter_map(|code| code.parse().ok()).collect();
    if !form.has("with") && purposes.is_empty() {
        purposes.extend(USUAL_PURPOSE.parse::<PurposeCode>());
    }
    let frame = visit.frame(Place::Agreements, words.t("agreements-offer-one"));
    let is_wrong = !wrongs.is_empty() || !flaws.is_empty();
    let shown = BeginPage {
        f: Frame {
            path: String::from("/agreements/new"),
            ..if is_wrong { frame.with_error() } else { frame }
        },
        w: words,
        wrongs,
        partners: members.into_iter().filter(|member| Some(member.id) != own).map(partner).collect(),
        ways: ["there", "back"].map(way).into(),
        services: services(&chosen, told),
        purposes: purposes_of(&purposes, told),
        flaws,
        document: form.raw("document").trim().to_owned(),
        most_kilobytes: i64::try_from(MAX_DOCUMENT_BYTES / 1_024).unwrap_or_default(),
        script: assets::Script::of("pages/agreement-file.ts"),
    };
    page(status, &shown)
}

/// The organisations that take part, by name.
fn partners(db: &mut Db<'_>, actor: &Actor) -> Result<Vec<Organisation>, MemberError> {
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < MOST_MEMBERS {
        let page = members::list_organisations(db, actor, &Asked::new(Some(MAX_PAGE), after))?;
        found.extend(page.items.into_iter().filter(Organisation::is_active));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.sort_by_key(|one| one.name.to_string());
    Ok(found)
}

fn services(chosen: &[ServiceCode], told: Told<'_>) -> Vec<Choice> {
    let choice = |code: &ServiceCode| Choice {
        chosen: chosen.contains(code),
        value: code.to_string(),
        word: told.service(code),
        help: String::new(),
    };
    // What nothing can be sent for has no minimum set.
    let known = told.policy.services().map(|service| &service.code);
    known.filter(|code| told.policy.minimum_set(code).is_some()).map(choice).collect()
}

fn purposes_of(chosen: &[PurposeCode], told: Told<'_>) -> Vec<Choice> {
    let choice = |code: &PurposeCode| Choice {
        chosen: chosen.contains(code),
        value: code.to_string(),
        word: told.purpose(code),
        help: String::new(),
    };
    told.policy
        .purposes()
        .filter(|purpose| purpose.is_grantable())
        .map(|purpose| choice(&purpose.code))
        .collect()
}

/// What the form is begun from: a version of an agreement, or the two organisations it names.
async fn base(visit: &Visit, form: &Form) -> Result<Base, Problem> {
    let hub = &visit.asking.hub;
    let (actor, now) = (visit.asking.caller.actor.clone(), hub.now());
    let own = actor.for_organisation().map_err(AgreementError::from)?;
    let found = |ids: Vec<OrganisationId>| {
        let actor = actor.clone();
        hub.read(move |db| {
            ids.into_iter()
                .map(|id| members::find_organisation(db, &actor, id))
                .collect::<Result<Vec<_>, _>>()
        })
    };
    let named = form
        .one("base")
        .split_once('/')
        .and_then(|(id, version)| Some((id.parse::<AgreementId>().ok()?, version.parse::<u32>().ok()?)));
    let Some(named) = named else {
        let partner = form.one("with").parse::<OrganisationId>();
        let partner = partner.map_err(|_ignored| AgreementError::from(AccessError::NotFound))?;
        if partner == own {
            return Err(AgreementError::from(AccessError::NotFound).into());
        }
        let id = form.one("id").parse().unwrap_or_else(|_new| AgreementId::new(hub.ids(), now));
        let parties = found(vec![own, partner]).await?;
        return Ok(Base { id, version: 1, supersedes: None, parties, was: None, seen: None });
    };
    let reader = actor.clone();
    let detail = hub.read(move |db| agreements::find_agreement(db, &reader, named, now)).await?;
    let view = &detail.agreement;
    if !view.parties.contains(&own) {
        return Err(AgreementError::from(AccessError::Forbidden).into());
    }
    // What waits for signatures is taken back before anybody writes on it.
    if view.state == "offered" {
        return Err(AgreementError::VersionTaken.into());
    }
    let prior = parsed(&detail)?;
    let parties = found(prior.parties.iter().map(|party| party.org).collect()).await?;
    let (version, supersedes) = if view.state == "draft" {
        (view.version, prior.supersedes)
    } else {
        (view.version.saturating_add(1), Some(view.digest))
    };
    Ok(Base { id: view.id, version, supersedes, parties, was: Some(prior), seen: Some(view.row_version) })
}

/// The terms as a form.
fn terms_page(
    visit: &Visit,
    base: &Base,
    form: Form,
    (wrongs, status): (Wrongs, StatusCode),
) -> Result<HttpResponse, Problem> {
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    let names = base.parties.iter().map(|party| (party.id, party.name.clone())).collect();
    let told = Told { words, policy: &policy, names: &names };
    let ways = terms::ways(base, &form, &policy);
    let own = visit.asking.caller.actor.organisation();
    let is_new = base.was.is_none();
    let others = base.parties.iter().filter(|party| Some(party.id) != own);
    let with = words.list(others.map(|party| party.name.to_string()));
    let title = match &base.was {
        Some(prior) if prior.version == base.version => words.with("agreements-new-change", "name", with),
        Some(_) => words.with("agreements-new-renew", "name", with),
        None => words.with("agreements-new-with", "name", with),
    };
    let from = base.was.as_ref().map(|prior| format!("{}/{}", base.id, prior.version));
    let partner = base.parties.get(1).map(|party| party.id.to_string());
    let hidden = match &from {
        Some(from) => vec![
            ("base", from.clone()),
            ("seen", base.seen.map_or_else(String::new, |seen| seen.to_string())),
        ],
        None => vec![("with", partner.unwrap_or_default()), ("id", base.id.to_string())],
    };
    let shown = TermsPage {
        f: {
            let frame = visit.frame(Place::Agreements, words.t("agreements-offer-one"));
            // Whoever changes the language begins anew: what was typed stands in no address.
            Frame {
                path: String::from("/agreements"),
                ..if wrongs.is_empty() { frame } else { frame.with_error() }
            }
        },
        w: words,
        title,
        back: from.map_or_else(|| String::from("/agreements"), |from| format!("/agreements/{from}")),
        hidden,
        keeps: !is_new,
        parties: base
            .parties
            .iter()
            .enumerate()
            .map(|(n, party)| party_shown(n, party, &form, words))
            .collect(),
        ways: ways.iter().enumerate().map(|one| way_shown(one, (base, &form, &wrongs), told)).collect(),
        safeguards: terms::sensitive(&ways, &form, &policy)
            .into_iter()
            .map(|category| {
                let name = format!("safeguard-{category}");
                SafeguardShown { text: form.one(&name).to_owned(), word: told.category(&category), name }
            })
            .collect(),
        bases: bases_shown((base, &ways, &form), told),
        transfers: terms::borders(base, &ways)
            .into_iter()
            .map(|border| transfer_shown(border, &form, words))
            .collect(),
        kept: terms::in_use(&ways).into_keys().map(|purpose| kept_shown(&purpose, &form, told)).collect(),
        answers: base
            .parties
            .iter()
            .enumerate()
            .map(|(n, party)| Choice {
                value: n.to_string(),
                word: party.name.to_string(),
                help: String::new(),
                chosen: form.says("answers", &n.to_string()),
            })
            .collect(),
        onward: onward_shown(base, &form, words),
        wrongs,
        form,
    };
    page(status, &shown)
}

/// Words of a list, of which one is chosen.
fn choices(known: &[&str], chosen: &str, word: impl Fn(&str) -> String) -> Vec<Choice> {
    let choice = |value: &&str| Choice {
        value: (*value).to_owned(),
        word: word(value),
        help: String::new(),
        chosen: *value == chosen,
    };
    known.iter().map(choice).collect()
}

fn party_shown(n: usize, party: &Organisation, form: &Form, words: Words) -> PartyShown {
    let one = |part: &str| form.one(&format!("p{n}-{part}")).to_owned();
    PartyShown {
        n,
        member: format!("{} ({})", party.name, party.country),
        name: one("name"),
        natures: choices(&terms::NATURES, &one("nature"), |value| words.word("agreements-nature", value)),
        roles: choices(&terms::ROLES, &one("role"), |value| words.word("agreements-role", value)),
        data: one("data"),
        oversight: one("oversight"),
        is_immune: form.has(&format!("p{n}-immune")),
        ids: ["name", "data", "oversight"].map(|part| format!("p{n}-{part}")),
    }
}

fn way_shown(
    (n, way): (usize, &Way),
    (base, form, wrongs): (&Base, &Form, &Wrongs),
    told: Told<'_>,
) -> WayShown {
    let ends = (base.parties.get(way.pair.0), base.parties.get(way.pair.1));
    let (from, to) = match ends {
        (Some(from), Some(to)) => (from.name.to_string(), to.name.to_string()),
        _ => (String::new(), String::new()),
    };
    let mut gaps = fluent_bundle::FluentArgs::new();
    gaps.set("from", from);
    gaps.set("to", to);
    let joined = |choices: &[Choice]| {
        let chosen = choices.iter().filter(|choice| choice.chosen);
        told.words.list(chosen.map(|choice| choice.word.as_str()))
    };
    let (services, purposes) = (services(&way.services, told), purposes_of(&way.purposes, told));
    WayShown {
        n,
        word: told.words.filled("agreements-direction", &gaps),
        may: told.words.filled("agreements-new-may", &gaps),
        is_open: way.is_open,
        chosen_services: joined(&services),
        services,
        chosen_purposes: joined(&purposes),
        purposes,
        lists: way
            .purposes
            .iter()
            .map(|purpose| list_shown((n, way), purpose, (form, wrongs), told))
            .collect(),
        ids: ["service", "purpose"].map(|part| format!("f{n}-{part}")),
    }
}

fn list_shown(
    (n, way): (usize, &Way),
    purpose: &PurposeCode,
    (form, wrongs): (&Form, &Wrongs),
    told: Told<'_>,
) -> PurposeShown {
    let policy = told.policy;
    let ticked = terms::ticked((n, way), purpose, form, policy);
    let needed: BTreeSet<_> =
        terms::needed(policy, &way.services, purpose).map(|field| field.id.clone()).collect();
    let mut groups: Vec<(_, Group)> = Vec::new();
    for field in terms::offered(policy, &way.services, purpose, &ticked) {
        let help = match (needed.contains(&field.id), field.level) {
            (true, _) => told.words.t("agreements-new-needed"),
            (false, Level::S4) => told.words.t("agreements-new-most-sensitive"),
            (false, _) => String::new(),
        };
        let choice = Choice {
            value: field.id.to_string(),
            word: told.field(&field.id),
            help,
            chosen: ticked.contains(&field.id),
        };
        if let Some((_, group)) = groups.iter_mut().find(|(category, _)| *category == field.category) {
            group.fields.push(choice);
        } else {
            let word = told.category(&field.category);
            groups.push((field.category.clone(), Group { word, fields: vec![choice] }));
        }
    }
    let name = format!("f{n}-{purpose}");
    PurposeShown {
        is_wrong: wrongs.at(&name).is_some(),
        name,
        word: told.purpose(purpose),
        count: told.words.with("agreements-new-ticked", "count", ticked.len()),
        groups: groups.into_iter().map(|(_, group)| group).collect(),
    }
}

fn bases_shown((base, ways, form): (&Base, &[Way], &Form), told: Told<'_>) -> Vec<BasisShown> {
    let mut shown = Vec::new();
    for (purpose, parties) in terms::in_use(ways) {
        for n in parties {
            let Some(party) = base.parties.get(n) else { continue };
            let [article6, article9, law] = terms::basis(form, n, &purpose, told.policy);
            let word = |code: &str| told.words.t(&format!("agreements-basis-{code}"));
            let name = format!("b{n}-{purpose}");
            shown.push(BasisShown {
                word: format!("{}: {}", party.name, told.purpose(&purpose)),
                article6: choices(&terms::ARTICLE_6, &article6, word),
                article9: choices(&terms::ARTICLE_9, &article9, word),
                law,
                law_id: format!("{name}-law"),
                name,
            });
        }
    }
    shown
}

fn transfer_shown((from, to): (String, String), form: &Form, words: Words) -> TransferShown {
    let name = format!("t-{from}-{to}");
    let (by_id, reference_id) = (format!("{name}-by"), format!("{name}-reference"));
    let mut gaps = fluent_bundle::FluentArgs::new();
    gaps.set("from", from);
    gaps.set("to", to);
    TransferShown {
        word: words.filled("agreements-direction", &gaps),
        mechanisms: choices(&terms::MECHANISMS, form.one(&by_id), |code| {
            words.t(&format!("agreements-transfer-{code}"))
        }),
        reference: form.one(&reference_id).to_owned(),
        reference_id,
        by_id,
    }
}

fn kept_shown(purpose: &PurposeCode, form: &Form, told: Told<'_>) -> KeptShown {
    let [trigger, days, latest] = terms::kept(form, purpose, told.policy);
    let name = format!("r-{purpose}");
    KeptShown {
        word: told.purpose(purpose),
        triggers: choices(&terms::TRIGGERS, &trigger, |value| told.words.word("agreements-trigger", value)),
        days,
        latest,
        ids: ["days", "latest"].map(|part| format!("{name}-{part}")),
        name,
    }
}

/// A list of organisations is not written here: it is kept where the agreement has one.
fn onward_shown(base: &Base, form: &Form, words: Words) -> Vec<Choice> {
    let has_list = base.was.as_ref().is_some_and(|prior| !prior.onward.organisations.is_empty());
    let known: &[&str] =
        if has_list { &["none", "same_legal_person", "listed"] } else { &["none", "same_legal_person"] };
    choices(known, form.one("onward"), |value| words.word("agreements-onward-rule", value))
}

/// Makes a draft of the terms, and shows it.
pub(in crate::web) async fn draft(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    may(&visit)?;
    let base = base(&visit, &form).await?;
    let policy = visit.asking.hub.policy();
    if base.seen.is_some_and(|seen| !form.says("seen", &seen.to_string())) {
        let mut wrongs = Wrongs::default();
        wrongs.note("terms", visit.words.t("agreements-new-meanwhile"));
        return terms_page(&visit, &base, form, (wrongs, StatusCode::PRECONDITION_FAILED));
    }
    let made = match making::made(&base, &form, &policy, visit.words) {
        Ok(made) => made,
        Err(wrongs) => {
            return terms_page(&visit, &base, form, (wrongs, StatusCode::UNPROCESSABLE_ENTITY));
        }
    };
    let problem = match drafted(&visit, made.text.clone()).await {
        Ok(address) => return Ok(see(&address)),
        Err(problem) => problem,
    };
    let wrongs = refused(&problem, &made, visit.words, &policy);
    if wrongs.is_empty() { Err(problem) } else { terms_page(&visit, &base, form, (wrongs, problem.status())) }
}

/// Makes a draft of a document that was prepared elsewhere, byte for byte, and shows it.
pub(in crate::web) async fn take(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    may(&visit)?;
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    // A browser sends the ends of lines of what was typed as two characters each; files have one.
    let document = form.raw("document").replace("\r\n", "\n");
    if document.trim().is_empty() {
        let mut wrongs = Wrongs::default();
        wrongs.note("document", words.t("agreements-new-no-document"));
        return begin_page(&visit, (wrongs, &form), Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let problem = match drafted(&visit, document).await {
        Ok(address) => return Ok(see(&address)),
        Err(problem) => problem,
    };
    let mut wrongs = Wrongs::default();
    if let Some(key) = in_the_way(&problem) {
        wrongs.note("document", words.t(key));
    }
    let flaw = |complained: Complained| Flaw {
        said: making::said(&complained, words, &policy),
        at: complained.at,
        says: complained.says,
    };
    let flaws: Vec<Flaw> = complaints(&problem).into_iter().map(flaw).collect();
    if flaws.is_empty() && wrongs.is_empty() {
        return Err(problem);
    }
    if !flaws.is_empty() {
        wrongs.note("document", words.with("agreements-new-flaws", "count", flaws.len()));
    }
    begin_page(&visit, (wrongs, &form), flaws, problem.status()).await
}

/// Keeps a draft; where its page is.
async fn drafted(visit: &Visit, document: String) -> Result<String, Problem> {
    let (hub, command) = (&visit.asking.hub, Draft { document });
    let policy = hub.policy();
    let drafting = move |tx: &mut crate::access::Tx<'_>| agreements::draft(tx, &command, &policy);
    let agreement = hub.write("agreements.draft", &visit.asking.caller, drafting).await?;
    Ok(format!("/agreements/{}/{}?done=drafted", agreement.id, agreement.version))
}

/// What keeps a document from becoming a draft although nothing is wrong in it.
fn in_the_way(problem: &Problem) -> Option<&'static str> {
    match problem.code().name() {
        "agreement.version_taken" => Some("agreements-new-taken"),
        "agreement.chain_broken" => Some("agreements-new-broken-chain"),
        _ => None,
    }
}

/// What the hub complains of in a document.
fn complaints(problem: &Problem) -> Vec<Complained> {
    let told = problem.member("complaints").and_then(serde_json::Value::as_array).into_iter().flatten();
    let complained = told.map(|complaint| {
        let part =
            |name: &str| complaint.get(name).and_then(|part| part.as_str()).unwrap_or_default().to_owned();
        Complained { at: part("at"), rule: part("rule"), says: part("says") }
    });
    complained.collect()
}

/// What was refused, at the fields of the form.
fn refused(problem: &Problem, made: &Made, words: Words, policy: &Policy) -> Wrongs {
    let mut wrongs = Wrongs::default();
    if let Some(key) = in_the_way(problem) {
        wrongs.note("terms", words.t(key));
    }
    for complained in complaints(problem) {
        let field = made.field(&complained.at);
        let sentence = making::said(&complained, words, policy).unwrap_or_else(|| complained.says.clone());
        if wrongs.at(&field) != Some(sentence.as_str()) {
            wrongs.note(field, sentence);
        }
    }
    wrongs
}
