//! What the pages of one service carry for their scripts: the service, the two organisations, and the part of the policy they are judged
//! by. Nothing of a person: what is said of one is written, judged and sealed by the script.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    form::here,
    frame::{Frame, Place},
    script::json,
    service::Tag,
    visit::Visit,
    words::Words,
};
use crate::{
    access::{AccessError, Actor, Permission},
    agreements,
    directory::{self, Availability, Reporting, Tongue},
    http::Problem,
    kernel::{
        Code, Fault, Timestamp,
        id::{OrganisationId, PaperId, ServiceId},
    },
    members::{self, Country, MemberError, Organisation},
    policy::{Deny, Excerpt, Field, FieldId, NOT_RAISED, Policy, PurposeCode, ReasonSet, ServiceCode, Shape},
    referrals::ReferralError,
    storage::Db,
};

/// Why data goes when a person is referred: to give the service that is named.
const PURPOSE: &str = "P01";

/// Which service, and the id of a sealed paper, which only the script opens.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    service: String,
    consent: String,
}

impl Asked {
    /// The service that is asked for.
    pub(super) fn service(&self) -> Option<ServiceId> {
        self.service.parse().ok()
    }

    /// What the script asks for to show consents: the one that is named, or the newest.
    pub(super) fn papers(&self) -> String {
        let named: Option<PaperId> = self.consent.parse().ok();
        named.map_or_else(
            || String::from("/api/v1/papers?kind=consent&limit=10"),
            |paper| format!("/api/v1/papers/{paper}"),
        )
    }
}

/// A service and the two organisations between which a person is referred to it.
pub(super) struct Offer {
    id: ServiceId,
    pub(super) name: String,
    pub(super) duty: Tag,
    pub(super) telephones: Vec<String>,
    pub(super) sender: Organisation,
    pub(super) recipient: Organisation,
    /// The code that the envelope carries.
    code: ServiceCode,
    /// What it really is, where that would give the need away: it travels sealed.
    detail: Option<ServiceCode>,
    purpose: PurposeCode,
    reports: Reporting,
    is_listed: bool,
    is_full: bool,
    /// The fields that an agreement in force lets pass.
    fields: BTreeSet<FieldId>,
}

/// Reads what there is to know of a service that the actor's organisation could refer to; nothing when one does not refer to it here.
pub(super) async fn read(visit: &Visit, id: ServiceId) -> Result<Option<Offer>, Problem> {
    let hub = &visit.asking.hub;
    let (actor, now, policy) = (visit.asking.caller.actor.clone(), hub.now(), hub.policy());
    actor.may(Permission::SendReferrals).map_err(MemberError::from)?;
    let purpose: PurposeCode = PURPOSE.parse().map_err(|_ignored| {
        Problem::new(Code::new("web.purpose", Fault::Internal), "The page could not be made.")
    })?;
    let words = visit.words;
    let tongue: Option<Tongue> = words.language.tag().parse().ok();
    let found =
        hub.read(move |db| of_service(db, &actor, (id, tongue.as_ref()), (&policy, purpose), now)).await?;
    Ok(found.map(|found| Offer { duty: super::service::duty(found.reports, words), ..found }))
}

fn of_service(
    db: &mut Db<'_>,
    actor: &Actor,
    (id, tongue): (ServiceId, Option<&Tongue>),
    (policy, purpose): (&Policy, PurposeCode),
    now: Timestamp,
) -> Result<Option<Offer>, ReferralError> {
    let own = actor.for_organisation()?;
    let service = directory::find_service_in(db, actor, (id, tongue.cloned()), now)?.service;
    let Some((to, named)) = service.member.zip(service.service.clone()).filter(|(to, _)| *to != own) else {
        return Ok(None);
    };
    let routed = policy.service(&named).and_then(|known| known.route_as.clone());
    let (code, detail) = match routed {
        Some(code) => (code, Some(named)),
        None => (named, None),
    };
    let leaf = directory::leaf(db, actor, (id.uuid(), tongue), now)?;
    let listed = directory::offer(db, to, &code, policy, now)?;
    Ok(Some(Offer {
        id,
        name: service.name,
        duty: Tag { tone: "", word: String::new() },
        telephones: leaf.telephones,
        sender: members::find_organisation(db, actor, own)?,
        recipient: members::find_organisation(db, actor, to)?,
        is_full: listed.as_ref().is_some_and(|offer| offer.availability == Availability::Full),
        is_listed: listed.is_some(),
        reports: service.reports_to_authorities,
        fields: agreed(db, (own, to), &purpose)?,
        purpose,
        code,
        detail,
    }))
}

/// Every field that some agreement in force lets pass from one to the other. Which of them rules is judged by the script, as everywhere.
fn agreed(
    db: &mut Db<'_>,
    (from, to): (OrganisationId, OrganisationId),
    purpose: &PurposeCode,
) -> Result<BTreeSet<FieldId>, ReferralError> {
    let covers = agreements::covering(db, from, to)?;
    let flows = covers.iter().filter_map(|cover| cover.terms.flow(from, to));
    Ok(flows
        .filter_map(|flow| flow.purposes.get(purpose))
        .flat_map(|fields| fields.keys().cloned())
        .collect())
}

#[derive(Serialize)]
struct Data<'a> {
    service: ServiceData<'a>,
    sender: PartyData<'a>,
    recipient: PartyData<'a>,
    policy: Excerpt<'a>,
    words: BTreeMap<String, String>,
    urgencies: Vec<&'a str>,
    justifications: Vec<&'a str>,
    denials: BTreeMap<&'static str, String>,
    release: &'static str,
    kept_in: &'a str,
}

#[derive(Serialize)]
struct ServiceData<'a> {
    id: ServiceId,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    name: &'a str,
    word: String,
    listed: bool,
    full: bool,
    reports: Reporting,
    telephones: &'a [String],
}

/// An organisation as the scripts judge by it.
#[derive(Serialize)]
pub(super) struct PartyData<'a> {
    id: OrganisationId,
    name: String,
    active: bool,
    country: &'a Country,
    enforcement: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority_of: Option<&'a Country>,
}

impl<'a> PartyData<'a> {
    pub(super) fn of(organisation: &'a Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.to_string(),
            active: organisation.is_active(),
            country: &organisation.country,
            enforcement: organisation.enforcement,
            authority_of: organisation.authority_of.as_ref(),
        }
    }
}

impl Offer {
    /// Whether the envelope names a broader service than this one.
    pub(super) fn is_veiled(&self) -> bool {
        self.detail.is_some()
    }

    /// What the code on the envelope is called, in the language of the page.
    pub(super) fn need(&self, policy: &Policy, words: Words) -> String {
        let label = policy.service(&self.code).map_or("", |service| service.label.as_str());
        words.code(self.code.as_str(), label)
    }

    /// The page of the service.
    pub(super) fn back(&self) -> String {
        format!("/services/{}", self.id)
    }

    /// Where somebody takes consent for it.
    pub(super) fn ask(&self) -> String {
        format!("/consents/new?service={}", self.id)
    }

    /// The frame of a page of it, whose languages lead to the same service.
    pub(super) fn frame(&self, visit: &Visit, title: String) -> Frame {
        let mut frame = visit.frame(Place::Find, title);
        if let Some(path) = here(&format!("{}?service={}", visit.path, self.id)) {
            path.clone_into(&mut frame.path);
        }
        frame
    }

    /// Everything for the script, as JSON that may stand in a page.
    pub(super) fn data(&self, policy: &Policy, words: Words, kept_in: &str) -> Result<String, Problem> {
        let excerpt = Excerpt::of(policy, (&self.code, &self.purpose), Some(&self.fields));
        json(&Data {
            service: ServiceData {
                id: self.id,
                code: self.code.as_str(),
                detail: self.detail.as_ref().map(ServiceCode::as_str),
                name: &self.name,
                word: self.need(policy, words),
                listed: self.is_listed,
                full: self.is_full,
                reports: self.reports,
                telephones: &self.telephones,
            },
            sender: PartyData::of(&self.sender),
            recipient: PartyData::of(&self.recipient),
            policy: excerpt,
            words: called(policy, words, &self.fields),
            urgencies: policy.urgencies().map(|urgency| urgency.code.as_str()).collect(),
            justifications: policy.justifications().map(|reason| reason.code.as_str()).collect(),
            denials: denials(words),
            release: env!("CARGO_PKG_VERSION"),
            kept_in,
        })
    }
}

/// What the codes are called that a script shows, for these fields.
pub(super) fn called(policy: &Policy, words: Words, fields: &BTreeSet<FieldId>) -> BTreeMap<String, String> {
    let mut called = BTreeMap::new();
    let mut name = |code: &str, label: &str| {
        called.insert(code.to_owned(), words.code(code, label));
    };
    for urgency in policy.urgencies() {
        name(urgency.code.as_str(), &urgency.label);
    }
    for reason in policy.justifications() {
        name(reason.code.as_str(), &reason.label);
    }
    let fields: Vec<&Field> = fields.iter().filter_map(|id| policy.field(id)).collect();
    for field in &fields {
        if let Some(category) = policy.category(&field.category) {
            name(category.code.as_str(), &category.label);
        }
    }
    for service in policy.services() {
        name(service.code.as_str(), &service.label);
    }
    for role in policy.roles() {
        let (code, said) = (role.code.as_str(), words.word("reader", role.code.as_str()));
        called.insert(format!("reader-{code}"), said);
    }
    for field in fields {
        // A dot is no part of a key.
        let key = field.id.as_str().replace('.', "-");
        called.insert(field.id.to_string(), words.code(&key, &field.label));
        if let Shape::Code { choices } = &field.shape {
            for code in &choices.codes {
                called.entry(code.clone()).or_insert_with(|| choice(code, policy, words));
            }
        }
    }
    called
}

/// What one of the choices of a field is called: as the policy's own code for it is, otherwise as a choice is; the code with blanks where
/// nobody gave it a name.
pub(super) fn choice(code: &str, policy: &Policy, words: Words) -> String {
    if let Some(label) = listed(code, policy) {
        return words.code(code, label);
    }
    let key = format!("choice-{}", code.replace('_', "-"));
    let said = words.t(&key);
    if said == key { code.replace('_', " ") } else { said }
}

/// The label of a choice that is a code of another list of the policy: a service, how soon, a group of people, or why a case was closed.
fn listed<'a>(code: &str, policy: &'a Policy) -> Option<&'a str> {
    let service = code.parse().ok().and_then(|code| policy.service(&code)).map(|known| &known.label);
    let urgency = || code.parse().ok().and_then(|code| policy.urgency(&code)).map(|known| &known.label);
    let population = || code.parse().ok().and_then(|code| policy.population(&code)).map(|known| &known.label);
    let closed =
        || code.parse().ok().and_then(|code| policy.reason(ReasonSet::Cl, &code)).map(|known| &known.label);
    service.or_else(urgency).or_else(population).or_else(closed).map(String::as_str)
}

/// A sentence for every code that can stand against a letter or a consent.
pub(super) fn denials(words: Words) -> BTreeMap<&'static str, String> {
    let is_raised = |deny: &Deny| !NOT_RAISED.iter().any(|(never, _)| never == deny);
    let raised = Deny::ALL.iter().copied().filter(is_raised).chain([Deny::D401]);
    raised.map(|deny| (deny.code(), words.code(deny.code(), deny.title()))).collect()
}

/// Somebody asked for a page of a service that one does not refer to through this hub.
pub(super) fn not_here() -> Problem {
    MemberError::from(AccessError::NotFound).into()
}
