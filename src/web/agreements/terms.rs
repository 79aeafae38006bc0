//! The terms of an agreement as a form: what it is begun from, what it offers, and what it says.
//!
//! A form says what two parties usually agree on. What it does not ask about (units, tiers, most sensitive fields, children, bulk) stays as
//! the agreement has it from which it was begun, and a new agreement is without it.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use serde::Serialize;

use super::begun;
use crate::{
    agreements::{Document, Flow, Item},
    kernel::{
        Digest,
        id::{AgreementId, OrganisationId},
    },
    members::Organisation,
    policy::{CategoryCode, Field, FieldId, Judgement, Level, Policy, PurposeCode, ServiceCode, Situation},
    web::form::Form,
};

/// Bases of article 6, of article 9, and mechanisms of a transfer, as documents write them.
pub(super) const ARTICLE_6: [&str; 6] = ["A6-1-a", "A6-1-b", "A6-1-c", "A6-1-d", "A6-1-e", "A6-1-f"];
pub(super) const ARTICLE_9: [&str; 9] =
    ["A9-2-a", "A9-2-b", "A9-2-c", "A9-2-d", "A9-2-f", "A9-2-g", "A9-2-h", "A9-2-i", "A9-2-j"];
pub(super) const MECHANISMS: [&str; 13] = [
    "A45-3",
    "A46-2-a",
    "A46-2-b",
    "A46-2-c",
    "A46-2-d",
    "A46-2-e",
    "A46-2-f",
    "A46-3-a",
    "A46-3-b",
    "A49-1-a",
    "A49-1-d",
    "A49-1-f",
    "equivalent",
];
pub(super) const NATURES: [&str; 5] =
    ["state_body", "ngo", "international_organisation", "private", "community_body"];
pub(super) const ROLES: [&str; 3] = ["independent_controller", "joint_controller", "processor"];
pub(super) const TRIGGERS: [&str; 2] = ["purpose_fulfilled", "received"];

/// What a form is begun from.
pub(super) struct Base {
    pub(super) id: AgreementId,
    pub(super) version: u32,
    pub(super) supersedes: Option<Digest>,
    /// Who signs, in the order of the document; whoever writes it first in a new one.
    pub(super) parties: Vec<Organisation>,
    /// The version that is renewed, or the draft that is written on.
    pub(super) was: Option<Document>,
    /// Which change of that version this is; nothing where there is none.
    pub(super) seen: Option<i64>,
}

impl Base {
    /// The directions that are asked about, by the places of their ends: those of the document, and between two parties both.
    pub(super) fn pairs(&self) -> Vec<(usize, usize)> {
        let place = |org| self.parties.iter().position(|party| party.id == org);
        let flows = self.was.iter().flat_map(|was| &was.flows);
        let mut pairs: Vec<_> = flows.filter_map(|flow| Some((place(flow.from)?, place(flow.to)?))).collect();
        if self.parties.len() == 2 {
            let missing: Vec<_> = [(0, 1), (1, 0)].into_iter().filter(|pair| !pairs.contains(pair)).collect();
            pairs.extend(missing);
        }
        pairs
    }

    pub(super) fn ids(&self, (from, to): (usize, usize)) -> Option<(OrganisationId, OrganisationId)> {
        Some((self.parties.get(from)?.id, self.parties.get(to)?.id))
    }

    /// The direction as it was before.
    pub(super) fn flow(&self, pair: (usize, usize)) -> Option<&Flow> {
        let (from, to) = self.ids(pair)?;
        self.was.as_ref()?.flows.iter().find(|flow| flow.from == from && flow.to == to)
    }

    /// The fields as they were listed before.
    pub(super) fn items(&self, pair: (usize, usize), purpose: &PurposeCode) -> impl Iterator<Item = &Item> {
        let purposes = self.flow(pair).into_iter().flat_map(|flow| &flow.purposes);
        purposes.filter(move |was| was.purpose == *purpose).flat_map(|was| &was.items)
    }
}

/// A value of a document by the word it is written as; nothing for what is not there.
pub(super) fn code_of(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What the minimum sets of services say of a field.
fn judgements(policy: &Policy, services: &[ServiceCode], field: &Field) -> impl Iterator<Item = Judgement> {
    services.iter().filter_map(|code| policy.minimum_set(code)).map(|set| set.judge(field))
}

/// Whether a field may be offered at all: of the form that every referral has, and not one that is opened by itself.
fn is_common(field: &Field, purpose: &PurposeCode) -> bool {
    field.form == "CF" && field.level != Level::S4 && field.tier.travels() && field.fits_purpose(purpose)
}

/// What services need to know.
pub(super) fn needed<'p>(
    policy: &'p Policy,
    services: &'p [ServiceCode],
    purpose: &'p PurposeCode,
) -> impl Iterator<Item = &'p Field> {
    let is_needed = move |field: &&Field| {
        is_common(field, purpose)
            && judgements(policy, services, field).any(|judged| judged == Judgement::Minimum)
    };
    policy.fields().filter(is_needed)
}

/// What can be ticked for a purpose, and what is ticked already.
pub(super) fn offered<'p>(
    policy: &'p Policy,
    services: &'p [ServiceCode],
    purpose: &'p PurposeCode,
    ticked: &'p BTreeSet<FieldId>,
) -> impl Iterator<Item = &'p Field> {
    let is_offered = move |field: &&Field| {
        let fits = || {
            services.is_empty()
                || judgements(policy, services, field)
                    .any(|judged| matches!(judged, Judgement::Minimum | Judgement::Justifiable))
        };
        ticked.contains(&field.id) || (is_common(field, purpose) && fits())
    };
    policy.fields().filter(is_offered)
}

/// What a form says of one direction.
pub(super) struct Way {
    pub(super) pair: (usize, usize),
    pub(super) is_open: bool,
    pub(super) services: Vec<ServiceCode>,
    pub(super) purposes: Vec<PurposeCode>,
}

/// The directions as a form has them: of codes those that the policy knows, each once.
pub(super) fn ways(base: &Base, form: &Form, policy: &Policy) -> Vec<Way> {
    let is_service = |code: &ServiceCode| policy.minimum_set(code).is_some();
    let is_purpose = |code: &PurposeCode| policy.purpose(code).is_some();
    let way = |(n, pair): (usize, (usize, usize))| Way {
        pair,
        is_open: form.says("flow", &n.to_string()),
        services: known(form.all(&format!("f{n}-service")), is_service),
        purposes: known(form.all(&format!("f{n}-purpose")), is_purpose),
    };
    base.pairs().into_iter().enumerate().map(way).collect()
}

fn known<'f, T: FromStr + PartialEq>(
    said: impl Iterator<Item = &'f str>,
    is_known: impl Fn(&T) -> bool,
) -> Vec<T> {
    let mut found = Vec::new();
    for code in said.filter_map(|code| code.parse().ok()).filter(is_known) {
        if !found.contains(&code) {
            found.push(code);
        }
    }
    found
}

/// The fields that are ticked for a purpose; what the services need, where the form has not asked yet.
pub(super) fn ticked(
    (n, way): (usize, &Way),
    purpose: &PurposeCode,
    form: &Form,
    policy: &Policy,
) -> BTreeSet<FieldId> {
    if form.has(&format!("f{n}-{purpose}-listed")) {
        return form.all(&format!("f{n}-{purpose}")).filter_map(|id| id.parse().ok()).collect();
    }
    needed(policy, &way.services, purpose).map(|field| field.id.clone()).collect()
}

/// The purposes that are in use, each with the parties that process for it.
pub(super) fn in_use(ways: &[Way]) -> BTreeMap<PurposeCode, BTreeSet<usize>> {
    let mut found: BTreeMap<PurposeCode, BTreeSet<usize>> = BTreeMap::new();
    for way in ways.iter().filter(|way| way.is_open) {
        for purpose in &way.purposes {
            found.entry(purpose.clone()).or_default().extend([way.pair.0, way.pair.1]);
        }
    }
    found
}

/// The sensitive categories of what is ticked: each is opened with what protects it.
pub(super) fn sensitive(ways: &[Way], form: &Form, policy: &Policy) -> BTreeSet<CategoryCode> {
    let mut found = BTreeSet::new();
    for (n, way) in ways.iter().enumerate().filter(|(_, way)| way.is_open) {
        for purpose in &way.purposes {
            let fields = ticked((n, way), purpose, form, policy);
            let known = fields.iter().filter_map(|field| policy.field(field));
            found.extend(known.filter(|field| field.level == Level::S3).map(|field| field.category.clone()));
        }
    }
    found
}

/// The pairs of countries between which something goes.
pub(super) fn borders(base: &Base, ways: &[Way]) -> BTreeSet<(String, String)> {
    let open = ways.iter().filter(|way| way.is_open);
    let ends = open.filter_map(|way| {
        let (from, to) = (base.parties.get(way.pair.0)?, base.parties.get(way.pair.1)?);
        (from.country != to.country).then(|| (from.country.to_string(), to.country.to_string()))
    });
    ends.collect()
}

/// The basis of an article that is usual for a purpose; the person's consent where the policy names none.
pub(super) fn usual(policy: &Policy, purpose: &PurposeCode, article: u8) -> String {
    let known = policy.purpose(purpose);
    let points = known.map(|known| if article == 6 { &known.article_6 } else { &known.article_9 });
    let point = points.and_then(|points| points.first()).map_or("a", String::as_str);
    if article == 6 { format!("A6-1-{point}") } else { format!("A9-2-{point}") }
}

/// For how many days what was accepted may be kept, at most.
pub(super) fn longest_kept(policy: &Policy) -> u32 {
    let longest = policy.ceiling(Situation::Accepted).and_then(|ceiling| ceiling.at_most.clock());
    longest.and_then(|span| u32::try_from(span.num_days()).ok()).unwrap_or_default()
}

/// How a purpose is kept, where the form has not asked yet.
pub(super) fn kept(form: &Form, purpose: &PurposeCode, policy: &Policy) -> [String; 3] {
    let name = |part: &str| format!("r-{purpose}-{part}");
    let or = |part: &str, proposed: String| {
        let name = name(part);
        if form.has(&name) { form.one(&name).to_owned() } else { proposed }
    };
    let latest = policy.agreement_limits().at_most.retention_latest_days;
    [
        or("trigger", String::from("purpose_fulfilled")),
        or("days", begun::PROPOSED_KEPT_DAYS.min(longest_kept(policy)).to_string()),
        or("latest", begun::PROPOSED_LATEST_DAYS.min(latest).to_string()),
    ]
}

/// Why a party processes for a purpose, where the form has not asked yet.
pub(super) fn basis(form: &Form, n: usize, purpose: &PurposeCode, policy: &Policy) -> [String; 3] {
    let or = |part: &str, proposed: String| {
        let name = format!("b{n}-{purpose}-{part}");
        if form.has(&name) { form.one(&name).to_owned() } else { proposed }
    };
    [or("6", usual(policy, purpose, 6)), or("9", usual(policy, purpose, 9)), or("law", String::new())]
}
