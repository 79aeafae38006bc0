//! The document that a form of terms makes, and the fields of the form that complaints about it belong to.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{
    begun::{PROPOSED_KEY_DAYS, PROPOSED_LOG_MONTHS, PROPOSED_REVOCATION_MINUTES},
    moves::end_of,
    terms::{
        ARTICLE_6, ARTICLE_9, Base, MECHANISMS, NATURES, ROLES, TRIGGERS, Way, basis, borders, in_use, kept,
        longest_kept, sensitive, ticked, ways,
    },
};
use crate::{
    agreements::{Document, Item},
    kernel::Timestamp,
    members::Country,
    policy::{FieldId, Policy, PurposeCode},
    web::{
        form::{Form, Wrongs},
        words::Words,
    },
};

/// A document as it goes to the hub, and the fields its parts came from.
pub(super) struct Made {
    pub(super) text: String,
    places: Places,
}

#[derive(Default)]
struct Places {
    /// The direction of the form that each direction of the document came from.
    flows: Vec<usize>,
    retention: Vec<PurposeCode>,
    transfers: Vec<(String, String)>,
}

/// The document that a form makes, or what is wrong with the form.
pub(super) fn made(base: &Base, form: &Form, policy: &Policy, words: Words) -> Result<Made, Wrongs> {
    let mut maker = Maker { base, form, policy, words, wrongs: Wrongs::default(), places: Places::default() };
    let document = maker.document();
    if !maker.wrongs.is_empty() {
        return Err(maker.wrongs);
    }
    // In the order in which the schema has it, which people read.
    let document: Result<Document, _> = serde_json::from_value(Value::Object(document));
    match document.and_then(|document| serde_json::to_string_pretty(&document)) {
        Ok(text) => Ok(Made { text, places: maker.places }),
        Err(error) => {
            maker.wrongs.note("terms", words.with("agreements-new-unreadable", "why", error.to_string()));
            Err(maker.wrongs)
        }
    }
}

struct Maker<'a> {
    base: &'a Base,
    form: &'a Form,
    policy: &'a Policy,
    words: Words,
    wrongs: Wrongs,
    places: Places,
}

impl Maker<'_> {
    fn document(&mut self) -> Map<String, Value> {
        let prior = self.base.was.as_ref().and_then(|prior| serde_json::to_value(prior).ok());
        let mut document = match prior {
            Some(Value::Object(prior)) => prior,
            _ => self.unasked(),
        };
        let ways = ways(self.base, self.form, self.policy);
        let flows = self.flows(&ways);
        let parts = [
            ("id", json!(self.base.id)),
            ("version", json!(self.base.version)),
            ("parties", self.parties()),
            ("sensitive", self.sensitive(&ways, &flows)),
            ("flows", flows),
            ("legal_bases", self.bases(&ways)),
            ("transfers", self.transfers(&ways)),
            ("retention", self.retention(&ways)),
            ("validity", self.validity()),
        ];
        document.extend(parts.map(|(name, part)| (name.to_owned(), part)));
        match self.base.supersedes {
            Some(digest) => document.insert(String::from("supersedes"), json!(digest)),
            None => document.remove("supersedes"),
        };
        self.duties(&mut document);
        document
    }

    /// What a new agreement has and the form does not ask about.
    fn unasked(&self) -> Map<String, Value> {
        let most = self.policy.agreement_limits().at_most;
        let parts = json!({
            "v": 1, "language": self.words.language.tag(), "children": { "included": false }, "jurisdiction": {},
            "destruction": { "methods": [
                { "medium": "encrypted_storage", "method": "key_destruction" }, { "medium": "paper", "method": "shredding" },
            ] },
            "onward": {}, "rights": {}, "confidentiality": {}, "audit": {}, "volumes": {},
            "incidents": { "do_no_harm": true },
            "crypto": {
                "profiles": ["rp1"], "key_lifetime_days": PROPOSED_KEY_DAYS.min(most.key_lifetime_days),
                "revocation_minutes": PROPOSED_REVOCATION_MINUTES.min(most.revocation_minutes),
                "evidence_months": PROPOSED_LOG_MONTHS.min(most.evidence_months),
            },
        });
        if let Value::Object(parts) = parts { parts } else { Map::new() }
    }

    fn parties(&mut self) -> Value {
        let mut parties = Vec::new();
        for (n, party) in self.base.parties.iter().enumerate() {
            parties.push(json!({
                "org": party.id, "country": party.country,
                "legal_name": self.text(&format!("p{n}-name"), 200),
                "nature": self.choice(&format!("p{n}-nature"), &NATURES),
                "role": self.choice(&format!("p{n}-role"), &ROLES),
                "data_protection_contact": self.text(&format!("p{n}-data"), 200),
                "oversight_contact": self.text(&format!("p{n}-oversight"), 200),
                "immunities": self.form.has(&format!("p{n}-immune")),
            }));
        }
        Value::Array(parties)
    }

    fn flows(&mut self, ways: &[Way]) -> Value {
        let mut flows = Vec::new();
        if !ways.iter().any(|way| way.is_open) {
            self.wrongs.note("ways", self.words.t("agreements-rule-flows"));
        }
        for (n, way) in ways.iter().enumerate().filter(|(_, way)| way.is_open) {
            let Some((from, to)) = self.base.ids(way.pair) else { continue };
            if way.services.is_empty() {
                self.wrongs.note(format!("f{n}-service"), self.words.t("agreements-rule-services"));
            }
            if way.purposes.is_empty() {
                self.wrongs.note(format!("f{n}-purpose"), self.words.t("agreements-rule-purposes"));
            }
            let mut purposes = Vec::new();
            for purpose in &way.purposes {
                let items = self.items((n, way), purpose);
                if items.is_empty() {
                    self.wrongs.note(format!("f{n}-{purpose}"), self.words.t("agreements-rule-items"));
                }
                purposes.push(json!({ "purpose": purpose, "items": items }));
            }
            let prior = self.base.flow(way.pair).and_then(|flow| serde_json::to_value(flow).ok());
            let mut flow = prior.unwrap_or_else(|| json!({}));
            if let Value::Object(flow) = &mut flow {
                let parts = [
                    ("from", json!(from)),
                    ("to", json!(to)),
                    ("services", json!(way.services)),
                    ("purposes", Value::Array(purposes)),
                ];
                flow.extend(parts.map(|(name, part)| (name.to_owned(), part)));
            }
            flows.push(flow);
            self.places.flows.push(n);
        }
        Value::Array(flows)
    }

    fn items(&self, (n, way): (usize, &Way), purpose: &PurposeCode) -> Vec<Value> {
        let ticked = ticked((n, way), purpose, self.form, self.policy);
        // What was listed before stays in its order, with its reason.
        let prior: Vec<&Item> = self.base.items(way.pair, purpose).collect();
        let kept = prior.iter().filter(|item| ticked.contains(&item.field));
        let new = ticked.iter().filter(|field| !prior.iter().any(|item| item.field == **field));
        kept.map(|item| json!(item)).chain(new.map(|field| self.item(field))).collect()
    }

    fn item(&self, field: &FieldId) -> Value {
        let label = self.policy.field(field).map_or(field.as_str(), |known| known.label.as_str());
        let word = self.words.code(&field.as_str().replace('.', "-"), label);
        let reason = self.words.with("agreements-new-reason", "field", word);
        json!({ "field": field, "reason": reason.chars().take(200).collect::<String>() })
    }

    /// Categories with what protects them, and the most sensitive fields that were open before and are still listed.
    fn sensitive(&mut self, ways: &[Way], flows: &Value) -> Value {
        let mut categories = Vec::new();
        for category in sensitive(ways, self.form, self.policy) {
            let safeguard = self.text(&format!("safeguard-{category}"), 400);
            categories.push(json!({ "category": category, "safeguard": safeguard }));
        }
        let listed: BTreeSet<&str> = flows
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|flow| flow.get("purposes").and_then(Value::as_array).into_iter().flatten())
            .flat_map(|purpose| purpose.get("items").and_then(Value::as_array).into_iter().flatten())
            .filter_map(|item| item.get("field")?.as_str())
            .collect();
        let prior = self.base.was.iter().flat_map(|prior| &prior.sensitive.fields);
        let fields: Vec<_> = prior.filter(|open| listed.contains(open.field.as_str())).collect();
        json!({ "categories": categories, "fields": fields })
    }

    fn bases(&mut self, ways: &[Way]) -> Value {
        let mut bases = Vec::new();
        for (purpose, parties) in in_use(ways) {
            for n in parties {
                let Some(party) = self.base.parties.get(n) else { continue };
                let prior = self.base.was.iter().flat_map(|prior| &prior.legal_bases);
                let prior =
                    prior.enumerate().find(|(_, prior)| prior.org == party.id && prior.purpose == purpose);
                let (place, prior) =
                    prior.map_or((usize::MAX, None), |(place, prior)| (place, Some(json!(prior))));
                let mut said = prior.unwrap_or_else(|| json!({ "org": party.id, "purpose": purpose }));
                if let Value::Object(said) = &mut said {
                    self.basis(said, n, &purpose);
                }
                bases.push((place, said));
            }
        }
        // In the order in which they stood before.
        bases.sort_by_key(|(place, _)| *place);
        bases.into_iter().map(|(_, said)| said).collect()
    }

    fn basis(&mut self, said: &mut Map<String, Value>, n: usize, purpose: &PurposeCode) {
        let [article6, article9, _] = basis(self.form, n, purpose, self.policy);
        for (part, field, value, known) in
            [("article6", "6", article6, &ARTICLE_6[..]), ("article9", "9", article9, &ARTICLE_9[..])]
        {
            if value.is_empty() {
                said.remove(part);
            } else if known.contains(&value.as_str()) {
                said.insert(part.to_owned(), json!(value));
            } else {
                self.wrong(&format!("b{n}-{purpose}-{field}"), "agreements-new-choose");
            }
        }
        let name = format!("b{n}-{purpose}-law");
        let law = self.optional(&name, 200);
        let is_immune = self.form.has(&format!("p{n}-immune"));
        let part = if is_immune { "internal_policy" } else { "public_law" };
        if let Some(law) = law {
            said.insert(part.to_owned(), json!(law));
            return;
        }
        said.remove(part);
        if is_immune && self.wrongs.at(&name).is_none() {
            self.wrong(&name, "agreements-new-internal-policy-missing");
        }
    }

    fn transfers(&mut self, ways: &[Way]) -> Value {
        let mut transfers = Vec::new();
        for (from, to) in borders(self.base, ways) {
            let name = format!("t-{from}-{to}");
            let mut transfer = json!({
                "from": from, "to": to, "mechanism": self.choice(&format!("{name}-by"), &MECHANISMS),
            });
            let reference = self.optional(&format!("{name}-reference"), 200);
            if let (Some(reference), Value::Object(transfer)) = (reference, &mut transfer) {
                transfer.insert(String::from("reference"), json!(reference));
            }
            transfers.push(transfer);
            self.places.transfers.push((from, to));
        }
        Value::Array(transfers)
    }

    fn retention(&mut self, ways: &[Way]) -> Value {
        let latest = self.policy.agreement_limits().at_most.retention_latest_days;
        let prior = self.base.was.as_ref().map(|prior| prior.retention.as_slice()).unwrap_or_default();
        let place = |purpose: &PurposeCode| prior.iter().position(|kept| kept.purpose == *purpose);
        let mut purposes: Vec<PurposeCode> = in_use(ways).into_keys().collect();
        purposes.sort_by_key(|purpose| place(purpose).unwrap_or(usize::MAX));
        let mut retention = Vec::new();
        for purpose in purposes {
            let [trigger, days, ceiling] = kept(self.form, &purpose, self.policy);
            let days = self.counted(&format!("r-{purpose}-days"), &days, 1, longest_kept(self.policy));
            let ceiling = self.counted(&format!("r-{purpose}-latest"), &ceiling, 1, latest);
            if !TRIGGERS.contains(&trigger.as_str()) {
                self.wrong(&format!("r-{purpose}-trigger"), "agreements-new-choose");
            }
            retention.push(json!({
                "purpose": purpose, "trigger": trigger, "days": days, "ceiling_days": ceiling,
            }));
            self.places.retention.push(purpose);
        }
        Value::Array(retention)
    }

    fn validity(&mut self) -> Value {
        let most = self.policy.agreement_limits().at_most;
        let begins = |day: NaiveDate| day.and_hms_opt(0, 0, 0).map(|at| at.and_utc().into());
        json!({
            "from": self.day("from", begins),
            "until": self.day("until", end_of),
            "review_months": self.number("review", 1, most.review_months),
            "grace_days": self.number("grace", 0, most.grace_days),
        })
    }

    /// What holds beside the flows. What the form does not ask of a part stays as it was.
    fn duties(&mut self, document: &mut Map<String, Value>) {
        let most = self.policy.agreement_limits().at_most;
        let answers = self.form.one("answers").parse().ok().and_then(|n: usize| self.base.parties.get(n));
        if answers.is_none() {
            self.wrongs.note("answers", self.words.t("agreements-new-choose"));
        }
        let rule = self.choice("onward", &["none", "same_legal_person", "listed"]);
        let prior = self.base.was.as_ref().map(|prior| &prior.onward);
        let hops = prior.map(|prior| prior.hops).filter(|hops| *hops > 0).unwrap_or(1);
        let parts: [(&str, Value); 8] = [
            (
                "jurisdiction",
                json!({
                    "law": self.text("law", 200), "data_location": self.country("place"),
                    "assessment": self.text("assessment", 400),
                }),
            ),
            (
                "destruction",
                json!({
                    "certificate": self.text("certificate", 200),
                    "within_days": self.number("destroyed", 1, most.destruction_days),
                }),
            ),
            ("onward", json!({ "rule": rule, "hops": if rule == "none" { 0 } else { hops } })),
            (
                "volumes",
                json!({
                    "packets_per_day": self.number("packets", 1, most.packets_per_day),
                    "fields_per_packet": self.number("fields", 1, most.fields_per_packet),
                }),
            ),
            (
                "rights",
                json!({
                    "contact": self.text("rights", 200), "answers": answers.map(|party| party.id),
                    "cooperation_days": self.number("cooperation", 1, most.cooperation_days),
                }),
            ),
            (
                "incidents",
                json!({
                    "parties_hours": self.number("told-parties", 1, most.incident_parties_hours),
                    "authority_hours": self.number("told-authority", 1, most.incident_authority_hours),
                }),
            ),
            (
                "confidentiality",
                json!({
                    "clause": self.text("clause", 600), "principles_annexed": self.form.has("principles"),
                }),
            ),
            (
                "audit",
                json!({
                    "right": self.form.has("audit"), "log_months": self.number("logs", 1, most.log_months),
                }),
            ),
        ];
        for (name, part) in parts {
            if let (Some(Value::Object(kept)), Value::Object(part)) = (document.get_mut(name), part) {
                kept.extend(part);
            }
        }
        if rule != "listed"
            && let Some(Value::Object(onward)) = document.get_mut("onward")
        {
            onward.remove("organisations");
        }
        match self.optional("dpia", 200) {
            Some(reference) => {
                let until = self.day("dpia-until", end_of);
                document.insert(String::from("dpia"), json!({ "reference": reference, "until": until }))
            }
            None => document.remove("dpia"),
        };
        match self.optional("mou", 200) {
            Some(mou) => document.insert(String::from("parent_mou"), json!(mou)),
            None => document.remove("parent_mou"),
        };
    }

    fn wrong(&mut self, field: &str, key: &str) {
        self.wrongs.note(field.to_owned(), self.words.t(key));
    }

    fn text(&mut self, field: &str, most: i64) -> String {
        let text = self.optional(field, most);
        if text.is_none() && self.wrongs.at(field).is_none() {
            self.wrong(field, "agreements-new-missing");
        }
        text.unwrap_or_default()
    }

    fn optional(&mut self, field: &str, most: i64) -> Option<String> {
        let typed = self.form.one(field);
        let length = i64::try_from(typed.chars().count()).unwrap_or(i64::MAX);
        if length > most {
            self.wrongs.note(field.to_owned(), self.words.with("agreements-new-long", "most", most));
            return None;
        }
        if typed.chars().any(char::is_control) {
            self.wrong(field, "agreements-new-one-line");
            return None;
        }
        (!typed.is_empty()).then(|| typed.to_owned())
    }

    fn choice(&mut self, field: &str, known: &[&str]) -> String {
        let chosen = self.form.one(field);
        if !known.contains(&chosen) {
            self.wrong(field, "agreements-new-choose");
        }
        chosen.to_owned()
    }

    fn country(&mut self, field: &str) -> String {
        let typed = self.form.one(field).to_uppercase();
        if typed.parse::<Country>().is_err() {
            self.wrong(field, "agreements-new-country-wrong");
        }
        typed
    }

    fn number(&mut self, field: &str, least: u32, most: u32) -> u32 {
        let typed = self.form.one(field).to_owned();
        self.counted(field, &typed, least, most)
    }

    fn counted(&mut self, field: &str, typed: &str, least: u32, most: u32) -> u32 {
        let number = typed.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
        number.unwrap_or_else(|| {
            let mut gaps = fluent_bundle::FluentArgs::new();
            gaps.set("least", i64::from(least));
            gaps.set("most", i64::from(most));
            self.wrongs.note(field.to_owned(), self.words.filled("agreements-new-number-wrong", &gaps));
            least
        })
    }

    fn day(&mut self, field: &str, moment: impl Fn(NaiveDate) -> Option<Timestamp>) -> Value {
        let day = self.form.one(field).parse::<NaiveDate>().ok().and_then(moment);
        if day.is_none() {
            self.wrong(field, "agreements-new-day-wrong");
        }
        json!(day)
    }
}

/// A complaint of the hub about a document: where, which rule, and what it says of it in English.
pub(super) struct Complained {
    pub(super) at: String,
    pub(super) rule: String,
    pub(super) says: String,
}

/// A complaint in the language of the page, where there are words for its rule.
pub(super) fn said(complained: &Complained, words: Words, policy: &Policy) -> Option<String> {
    let key = format!("agreements-rule-{}", complained.rule.replace('_', "-"));
    let limits = policy.agreement_limits();
    let mut gaps = fluent_bundle::FluentArgs::new();
    gaps.set("months", i64::from(limits.at_most.validity_months));
    gaps.set("days", i64::from(longest_kept(policy)));
    let said = words.filled(&key, &gaps);
    (said != key).then_some(said)
}

impl Made {
    /// The field of the form that a complaint is about.
    pub(super) fn field(&self, at: &str) -> String {
        let parts: Vec<&str> = at.split('/').skip(1).collect();
        let place = |n: &str| n.parse::<usize>().ok();
        let named = match *parts.as_slice() {
            ["parties", n, "oversight_contact"] => Some(format!("p{n}-oversight")),
            ["parties", n, ..] => Some(format!("p{n}-name")),
            ["flows", n, "services", ..] => self.flow(place(n), "service"),
            ["flows", n, "purposes", ..] => self.flow(place(n), "purpose"),
            ["flows", ..] => Some(String::from("ways")),
            ["retention", n, "ceiling_days"] => self.kept(place(n), "latest"),
            ["retention", n, ..] => self.kept(place(n), "days"),
            ["transfers", n, ..] => {
                let border = place(n).and_then(|n| self.places.transfers.get(n));
                border.map(|(from, to)| format!("t-{from}-{to}-reference"))
            }
            ["legal_bases", ..] => Some(String::from("legal")),
            ["sensitive", ..] => Some(String::from("sensitive")),
            ["validity", "from"] => Some(String::from("from")),
            ["validity", ..] => Some(String::from("until")),
            ["dpia", "until"] => Some(String::from("dpia-until")),
            ["dpia"] => Some(String::from("dpia")),
            ["onward", ..] => Some(String::from("onward")),
            ["confidentiality", ..] => Some(String::from("principles")),
            _ => None,
        };
        named.unwrap_or_else(|| String::from("terms"))
    }

    fn flow(&self, n: Option<usize>, part: &str) -> Option<String> {
        let n = self.places.flows.get(n?)?;
        Some(format!("f{n}-{part}"))
    }

    fn kept(&self, n: Option<usize>, part: &str) -> Option<String> {
        Some(format!("r-{}-{part}", self.places.retention.get(n?)?))
    }
}
