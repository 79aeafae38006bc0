//! The checks a document passes before anybody may sign it. Every complaint is made at once, with the place it is about.
//!
//! What a mechanism forbids cannot be written down here at all: a purpose outside the closed list is no purpose, a most sensitive
//! category cannot be opened as a whole, a period cannot exceed its ceiling.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Months;
use serde::Serialize;

use super::document::{DOCUMENT_FORM, Document, Flow, Item, Nature, NotADocument, OnwardRule, Retention};
use crate::{
    kernel::{Digest, id::OrganisationId},
    policy::{AtMost, CategoryCode, Deny, FieldId, Level, Policy, PurposeCode, Situation},
};

/// Something wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Complaint {
    /// Where, as a JSON pointer (RFC 6901).
    pub at: String,
    /// Which rule, in a stable word.
    pub rule: &'static str,
    /// The deny code a packet would meet, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub code: Option<Deny>,
    /// What to do about it.
    pub says: String,
}

/// A document that passed every check, with the bytes it was read from.
#[derive(Clone, Debug)]
pub struct Checked {
    document: Document,
    bytes: Vec<u8>,
    digest: Digest,
}

impl Checked {
    /// Reads and checks a document, or says everything that is wrong with it.
    pub fn read(bytes: Vec<u8>, policy: &Policy) -> Result<Self, Vec<Complaint>> {
        let prohibited = prohibited_purposes(&bytes, policy);
        let document = match Document::parse(&bytes) {
            Ok(document) => document,
            Err(error) => return Err(unread(&error, prohibited)),
        };
        let mut complaints = prohibited;
        complaints.extend(Checker::of(&document, policy).complaints());
        complaints.sort();
        complaints.dedup();
        if complaints.is_empty() {
            let digest = Digest::of(&bytes);
            Ok(Self { document, bytes, digest })
        } else {
            Err(complaints)
        }
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Its exact bytes, which are what the parties sign.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Digest of the exact bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

fn unread(error: &NotADocument, mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    let malformed = Complaint { at: String::new(), rule: "form", code: None, says: error.to_string() };
    // A prohibited purpose is also a malformed one; the sentence about the purpose is the useful one.
    if complaints.is_empty() {
        complaints.push(malformed);
    }
    complaints
}

/// Purposes that are not on the closed list, looked for in the raw JSON: they have no type of their own.
fn prohibited_purposes(bytes: &[u8], policy: &Policy) -> Vec<Complaint> {
    let Ok(raw) = serde_json::from_slice::<serde_json::Value>(bytes) else { return Vec::new() };
    let flows = raw.get("flows").and_then(serde_json::Value::as_array).into_iter().flatten().enumerate();
    let named = flows.flat_map(|(f, flow)| {
        let purposes =
            flow.get("purposes").and_then(serde_json::Value::as_array).into_iter().flatten().enumerate();
        purposes.filter_map(move |(p, purpose)| {
            let text = purpose.get("purpose")?.as_str()?;
            Some((format!("/flows/{f}/purposes/{p}/purpose"), text))
        })
    });
    named
        .filter(|(_, text)| text.parse::<PurposeCode>().map_or(true, |code| policy.purpose(&code).is_none()))
        .map(|(at, _)| Complaint {
            at,
            rule: "purpose_prohibited",
            code: Some(Deny::D216),
            says: String::from(
                "this is not one of the purposes of the closed list; immigration control, intelligence, marketing and the \
                 like can be no purpose of an agreement",
            ),
        })
        .collect()
}

/// The one packet profile there is. This and the counts below are the form of a document; how far a clause may go is policy.
const PACKET_PROFILE: &str = "rp1";
const MOST_PARTIES: usize = 16;
const MOST_FLOWS: usize = 64;
const MOST_ITEMS: usize = 400;
const MOST_ENTRIES: usize = 256;

struct Checker<'a> {
    document: &'a Document,
    policy: &'a Policy,
    limits: &'a AtMost,
    found: Vec<Complaint>,
}

impl<'a> Checker<'a> {
    fn of(document: &'a Document, policy: &'a Policy) -> Self {
        Self { document, policy, limits: &policy.agreement_limits().at_most, found: Vec::new() }
    }

    fn complaints(mut self) -> Vec<Complaint> {
        self.identity();
        self.parties();
        self.flows();
        self.sensitive();
        self.children();
        self.legal_bases();
        self.transfers();
        self.retention();
        self.ends();
        self.duties();
        self.validity();
        self.found
    }

    fn say(&mut self, at: impl Into<String>, rule: &'static str, says: impl Into<String>) {
        self.found.push(Complaint { at: at.into(), rule, code: None, says: says.into() });
    }

    fn say_denied(&mut self, at: impl Into<String>, rule: &'static str, code: Deny, says: impl Into<String>) {
        self.found.push(Complaint { at: at.into(), rule, code: Some(code), says: says.into() });
    }

    fn require(&mut self, holds: bool, at: &str, rule: &'static str, says: &str) {
        if !holds {
            self.say(at, rule, says);
        }
    }

    /// A number of a clause counts from one to what the policy allows.
    fn within(&mut self, value: u32, most: u32, (at, rule): (&str, &'static str), [says, unit]: [&str; 2]) {
        self.require((1..=most).contains(&value), at, rule, &format!("{says} 1 to {most} {unit}"));
    }

    fn identity(&mut self) {
        let document = self.document;
        self.require(document.v == DOCUMENT_FORM, "/v", "form", "this release reads documents of form 1");
        self.require(
            (1..=9_999).contains(&document.version),
            "/version",
            "version",
            "versions count from 1 to 9999",
        );
        self.require(
            (document.version > 1) == document.supersedes.is_some(),
            "/supersedes",
            "version",
            "a version after the first names the digest of the one before, the first names none",
        );
    }

    fn parties(&mut self) {
        let document = self.document;
        let count = document.parties.len();
        self.require(
            (2..=MOST_PARTIES).contains(&count),
            "/parties",
            "parties",
            "an agreement has 2 to 16 parties",
        );
        let mut seen = BTreeSet::new();
        for (n, party) in document.parties.iter().enumerate() {
            if !seen.insert(party.org) {
                self.say(format!("/parties/{n}/org"), "parties", "this organisation is listed twice");
            }
            if party.data_protection_contact == party.oversight_contact {
                self.say(
                    format!("/parties/{n}/oversight_contact"),
                    "oversight_in_line",
                    "who investigates stands outside the referral line: name somebody else than for data protection",
                );
            }
        }
    }

    fn flows(&mut self) {
        let document = self.document;
        let count = document.flows.len();
        self.require((1..=MOST_FLOWS).contains(&count), "/flows", "flows", "an agreement has 1 to 64 flows");
        let mut pairs = BTreeSet::new();
        for (n, flow) in document.flows.iter().enumerate() {
            let at = format!("/flows/{n}");
            if flow.from == flow.to || !document.has_party(flow.from) || !document.has_party(flow.to) {
                self.say(at.clone(), "flow_parties", "a flow goes from one party to another party");
            }
            if !pairs.insert((flow.from, flow.to)) {
                self.say(at.clone(), "flow_repeated", "this direction has a flow already: put both into one");
            }
            self.flow_services(&at, flow);
            self.flow_purposes(&at, flow);
        }
    }

    fn flow_services(&mut self, at: &str, flow: &Flow) {
        if flow.services.is_empty() {
            self.say(format!("{at}/services"), "services", "name at least one service");
        }
        let mut seen = BTreeSet::new();
        for (n, service) in flow.services.iter().enumerate() {
            if !seen.insert(service) || self.policy.service(service).is_none() {
                self.say(
                    format!("{at}/services/{n}"),
                    "services",
                    "not a service of the list, or named twice",
                );
            }
        }
    }

    fn flow_purposes(&mut self, at: &str, flow: &Flow) {
        if flow.purposes.is_empty() {
            self.say(format!("{at}/purposes"), "purposes", "name at least one purpose");
        }
        let mut seen = BTreeSet::new();
        for (n, purpose) in flow.purposes.iter().enumerate() {
            let at = format!("{at}/purposes/{n}");
            if !seen.insert(&purpose.purpose) {
                self.say(format!("{at}/purpose"), "purposes", "this purpose is named twice");
            }
            if self.policy.purpose(&purpose.purpose).is_some_and(|known| !known.is_grantable()) {
                self.say(
                    format!("{at}/purpose"),
                    "purpose_is_a_mode",
                    "emergencies and legal duties have rules of their own; no agreement grants them",
                );
            }
            if purpose.items.is_empty() || purpose.items.len() > MOST_ITEMS {
                self.say(
                    format!("{at}/items"),
                    "items",
                    "list 1 to 400 fields: what is not listed does not flow",
                );
            }
            let mut listed = BTreeSet::new();
            for (i, item) in purpose.items.iter().enumerate() {
                if !listed.insert(&item.field) {
                    self.say(format!("{at}/items/{i}/field"), "items", "this field is listed twice");
                }
                self.item(&format!("{at}/items/{i}"), item);
            }
        }
    }

    fn item(&mut self, at: &str, item: &Item) {
        let Some(field) = self.policy.field(&item.field) else {
            self.say_denied(
                format!("{at}/field"),
                "field_unknown",
                Deny::D012,
                "not a field of the dictionary",
            );
            return;
        };
        if !field.tier.travels() {
            self.say(format!("{at}/field"), "field_never", "this field never goes through the hub");
        }
        if item.tier.is_some_and(|tier| !tier.as_tier().at_least(field.tier)) {
            self.say(format!("{at}/tier"), "tier_lower", "a tier can be raised, never lowered");
        }
        let opens = &self.document.sensitive;
        let closed_category =
            field.level == Level::S3 && !opens.categories.iter().any(|open| open.category == field.category);
        if closed_category {
            let says = format!("this field is sensitive: open category {} with a safeguard", field.category);
            self.say_denied(format!("{at}/field"), "category_closed", Deny::D209, says);
        }
        if field.level == Level::S4 && !opens.fields.iter().any(|open| open.field == item.field) {
            let says =
                "this field is most sensitive: open it by itself, with a reader role and two approvals";
            self.say_denied(format!("{at}/field"), "field_closed", Deny::D210, says);
        }
    }

    fn sensitive(&mut self) {
        let document = self.document;
        self.require(
            document.sensitive.categories.len() <= MOST_ENTRIES,
            "/sensitive/categories",
            "count",
            "too many",
        );
        self.require(
            document.sensitive.fields.len() <= MOST_ENTRIES,
            "/sensitive/fields",
            "count",
            "too many",
        );
        let mut seen = BTreeSet::new();
        for (n, open) in document.sensitive.categories.iter().enumerate() {
            let at = format!("/sensitive/categories/{n}/category");
            match self.policy.category(&open.category).map(|category| category.level) {
                None => self.say(at.clone(), "category_unknown", "not a category of the list"),
                Some(Level::S4) => self.say_denied(
                    at.clone(),
                    "category_too_sensitive",
                    Deny::D210,
                    "a most sensitive category cannot be opened as a whole: open its fields one by one",
                ),
                Some(_) => {}
            }
            if !seen.insert(&open.category) {
                self.say(at, "category_repeated", "this category is opened twice");
            }
        }
        let listed = self.listed_fields();
        let mut seen = BTreeSet::new();
        for (n, open) in document.sensitive.fields.iter().enumerate() {
            let at = format!("/sensitive/fields/{n}");
            if self.policy.field(&open.field).is_none() {
                self.say_denied(
                    format!("{at}/field"),
                    "field_unknown",
                    Deny::D012,
                    "not a field of the dictionary",
                );
            } else if !listed.contains(&open.field) {
                self.say(
                    format!("{at}/field"),
                    "field_unlisted",
                    "no flow lists this field, so opening it opens nothing",
                );
            }
            if !seen.insert(&open.field) {
                self.say(format!("{at}/field"), "field_repeated", "this field is opened twice");
            }
            if self.policy.role(&open.role).is_none() {
                self.say(format!("{at}/role"), "role_unknown", "not a reader role of the list");
            }
            if !open.dual_approval {
                self.say_denied(
                    format!("{at}/dual_approval"),
                    "dual_approval",
                    Deny::D210,
                    "a most sensitive field is disclosed only when two people approve",
                );
            }
        }
    }

    fn listed_fields(&self) -> BTreeSet<FieldId> {
        let purposes = self.document.flows.iter().flat_map(|flow| &flow.purposes);
        purposes.flat_map(|purpose| &purpose.items).map(|item| item.field.clone()).collect()
    }

    fn lists_sensitive(&self, fields: impl IntoIterator<Item = FieldId>) -> bool {
        fields.into_iter().any(|field| {
            self.policy.field(&field).is_some_and(|rule| matches!(rule.level, Level::S3 | Level::S4))
        })
    }

    fn children(&mut self) {
        let document = self.document;
        let children = &document.children;
        self.require(
            children.included || children.clearances.is_empty(),
            "/children/clearances",
            "children",
            "clearances are given although children's data is excluded",
        );
        if !children.included {
            return;
        }
        let recipients: BTreeSet<_> = document.flows.iter().map(|flow| flow.to).collect();
        let cleared: BTreeSet<_> = children.clearances.iter().map(|clearance| clearance.org).collect();
        for org in recipients.difference(&cleared) {
            let says = format!("children's data needs a safeguarding clearance of recipient {org}");
            self.say_denied("/children/clearances", "clearance_missing", Deny::D407, says);
        }
        for (n, clearance) in children.clearances.iter().enumerate() {
            if clearance.until <= document.validity.from {
                self.say(
                    format!("/children/clearances/{n}/until"),
                    "clearance_over",
                    "ends before the agreement begins",
                );
            }
        }
    }

    fn legal_bases(&mut self) {
        let document = self.document;
        self.require(document.legal_bases.len() <= MOST_ENTRIES, "/legal_bases", "count", "too many entries");
        let immune: BTreeMap<_, _> =
            document.parties.iter().map(|party| (party.org, party.immunities)).collect();
        let mut needed: BTreeMap<(OrganisationId, PurposeCode), bool> = BTreeMap::new();
        for flow in &document.flows {
            for purpose in &flow.purposes {
                let sensitive = self.lists_sensitive(purpose.items.iter().map(|item| item.field.clone()));
                for org in [flow.from, flow.to] {
                    *needed.entry((org, purpose.purpose.clone())).or_default() |= sensitive;
                }
            }
        }
        for ((org, purpose), sensitive) in needed {
            let stated =
                document.legal_bases.iter().find(|basis| basis.org == org && basis.purpose == purpose);
            let immune = immune.get(&org).copied().unwrap_or_default();
            let says = match stated {
                None => "a legal basis is missing",
                Some(basis) if immune && basis.internal_policy.is_none() => {
                    "an organisation with immunities names its internal policy"
                }
                Some(basis) if !immune && basis.article6.is_none() => "an article 6 basis is missing",
                Some(basis) if !immune && sensitive && basis.article9.is_none() => {
                    "sensitive data needs an article 9 basis"
                }
                Some(_) => continue,
            };
            self.say("/legal_bases", "legal_basis", format!("{org}, {purpose}: {says}"));
        }
    }

    fn transfers(&mut self) {
        let document = self.document;
        self.require(document.transfers.len() <= MOST_ENTRIES, "/transfers", "count", "too many entries");
        for (n, transfer) in document.transfers.iter().enumerate() {
            let bare =
                transfer.mechanism == super::document::Mechanism::Equivalent && transfer.reference.is_none();
            if bare {
                self.say(format!("/transfers/{n}/reference"), "transfer", "an equivalent safeguard is named");
            }
        }
        let country: BTreeMap<_, _> =
            document.parties.iter().map(|party| (party.org, party.country)).collect();
        for (n, flow) in document.flows.iter().enumerate() {
            let (Some(from), Some(to)) = (country.get(&flow.from), country.get(&flow.to)) else { continue };
            let covered = from == to || document.transfers.iter().any(|t| t.from == *from && t.to == *to);
            if !covered {
                let says = format!("data goes from {from} to {to}: say by which mechanism");
                self.say_denied(format!("/flows/{n}"), "transfer_missing", Deny::D214, says);
            }
        }
    }

    fn retention(&mut self) {
        let document = self.document;
        let longest = self.policy.ceiling(Situation::Accepted).and_then(|ceiling| ceiling.at_most.clock());
        let ceiling = longest.and_then(|span| u32::try_from(span.num_days()).ok()).unwrap_or_default();
        let mut stated = BTreeSet::new();
        for (n, retention) in document.retention.iter().enumerate() {
            let at = format!("/retention/{n}");
            if !stated.insert(retention.purpose.clone()) {
                self.say(format!("{at}/purpose"), "retention_repeated", "this purpose has a period already");
            }
            self.period(&at, retention, ceiling);
        }
        let purposes = document.flows.iter().flat_map(|flow| &flow.purposes);
        let missing: BTreeSet<_> =
            purposes.map(|p| p.purpose.clone()).filter(|purpose| !stated.contains(purpose)).collect();
        for purpose in missing {
            let says = format!("say how long data may be kept for {purpose}");
            self.say_denied("/retention", "retention_missing", Deny::D211, says);
        }
    }

    fn period(&mut self, at: &str, retention: &Retention, ceiling: u32) {
        if retention.days > ceiling {
            let says = format!("an agreement may shorten retention, not lengthen it: at most {ceiling} days");
            self.say_denied(format!("{at}/days"), "retention_too_long", Deny::D211, says);
        }
        if retention.ceiling_days < retention.days || retention.ceiling_days == 0 {
            self.say(
                format!("{at}/ceiling_days"),
                "retention_ceiling",
                "the latest end lies at or after the period",
            );
        }
        if retention.ceiling_days > self.limits.retention_latest_days {
            self.say(
                format!("{at}/ceiling_days"),
                "retention_ceiling",
                format!("the latest end is at most {} days after receipt", self.limits.retention_latest_days),
            );
        }
    }

    fn ends(&mut self) {
        let (document, limits) = (self.document, self.limits);
        let destruction = &document.destruction;
        if destruction.methods.is_empty() {
            self.say_denied(
                "/destruction/methods",
                "destruction_missing",
                Deny::D212,
                "say how data is destroyed",
            );
        }
        self.require(
            destruction.methods.len() <= MOST_ENTRIES,
            "/destruction/methods",
            "count",
            "too many entries",
        );
        self.within(
            destruction.within_days,
            limits.destruction_days,
            ("/destruction/within_days", "destruction_slow"),
            ["data is destroyed within", "days"],
        );
        let onward = &document.onward;
        self.require(
            (onward.rule == OnwardRule::Listed) != onward.organisations.is_empty(),
            "/onward/organisations",
            "onward_list",
            "organisations are listed exactly when the rule says so",
        );
        self.require(
            onward.organisations.len() <= MOST_ENTRIES,
            "/onward/organisations",
            "count",
            "too many entries",
        );
        self.require(
            onward.hops <= self.policy.onward_hops().max
                && (onward.rule == OnwardRule::None) == (onward.hops == 0),
            "/onward/hops",
            "onward_hops",
            "no hops when nothing is passed on, otherwise 1 or 2",
        );
    }

    fn duties(&mut self) {
        let (document, limits) = (self.document, self.limits);
        let crypto = &document.crypto;
        let profiles = crypto.profiles.iter().all(|profile| profile.as_str() == PACKET_PROFILE);
        self.require(
            !crypto.profiles.is_empty() && crypto.profiles.len() <= 8 && profiles,
            "/crypto/profiles",
            "crypto_profile",
            "name packet profiles that the mechanism allows, such as rp1",
        );
        self.within(
            crypto.key_lifetime_days,
            limits.key_lifetime_days,
            ("/crypto/key_lifetime_days", "crypto_keys"),
            ["a key lives", "days"],
        );
        self.within(
            crypto.revocation_minutes,
            limits.revocation_minutes,
            ("/crypto/revocation_minutes", "crypto_revocation"),
            ["a revocation reaches everybody within", "minutes"],
        );
        self.within(
            crypto.evidence_months,
            limits.evidence_months,
            ("/crypto/evidence_months", "crypto_evidence"),
            ["evidence is kept for", "months"],
        );
        let volumes = &document.volumes;
        self.within(
            volumes.packets_per_day,
            limits.packets_per_day,
            ("/volumes/packets_per_day", "volume"),
            ["a direction carries", "packets a day"],
        );
        self.within(
            volumes.fields_per_packet,
            limits.fields_per_packet,
            ("/volumes/fields_per_packet", "volume"),
            ["a packet holds", "fields"],
        );
        for (n, flow) in document.flows.iter().enumerate() {
            let limits = self.policy.agreement_limits();
            if flow.bulk && !flow.purposes.iter().any(|purpose| limits.allow_bulk(&purpose.purpose)) {
                self.say(
                    format!("/flows/{n}/bulk"),
                    "bulk",
                    "many persons at once only under a purpose that allows it, such as a transfer of cases",
                );
            }
        }
        let rights = &document.rights;
        self.require(
            document.has_party(rights.answers),
            "/rights/answers",
            "rights",
            "a party answers the person",
        );
        self.within(
            rights.cooperation_days,
            limits.cooperation_days,
            ("/rights/cooperation_days", "rights"),
            ["the parties help one another within", "days"],
        );
        self.incidents_and_audit();
    }

    fn incidents_and_audit(&mut self) {
        let (document, limits) = (self.document, self.limits);
        let incidents = &document.incidents;
        self.within(
            incidents.parties_hours,
            limits.incident_parties_hours,
            ("/incidents/parties_hours", "incident_notice"),
            ["the other parties are told within", "hours"],
        );
        self.within(
            incidents.authority_hours,
            limits.incident_authority_hours,
            ("/incidents/authority_hours", "incident_notice"),
            ["the authority is told within", "hours"],
        );
        self.require(
            incidents.do_no_harm,
            "/incidents/do_no_harm",
            "do_no_harm",
            "persons are told without harming them",
        );
        let international =
            document.parties.iter().any(|party| party.nature == Nature::InternationalOrganisation);
        self.require(
            !international || document.confidentiality.principles_annexed,
            "/confidentiality/principles_annexed",
            "principles",
            "with an international organisation the data protection principles are annexed",
        );
        self.within(
            document.audit.log_months,
            limits.log_months,
            ("/audit/log_months", "audit_logs"),
            ["logs are kept for", "months"],
        );
        let sensitive = document.children.included || self.lists_sensitive(self.listed_fields());
        match &document.dpia {
            None if sensitive => self.say_denied(
                "/dpia",
                "dpia_missing",
                Deny::D221,
                "sensitive or children's data needs an impact assessment",
            ),
            Some(dpia) if dpia.until <= document.validity.from => {
                self.say_denied(
                    "/dpia/until",
                    "dpia_over",
                    Deny::D221,
                    "the assessment ends before the agreement begins",
                );
            }
            None | Some(_) => {}
        }
    }

    fn validity(&mut self) {
        let (validity, limits) = (&self.document.validity, self.limits);
        let latest = validity.from.datetime().checked_add_months(Months::new(limits.validity_months));
        let ordered = validity.from < validity.until;
        let short = latest.is_some_and(|latest| validity.until.datetime() <= latest);
        self.require(
            ordered && short,
            "/validity/until",
            "validity",
            &format!("an agreement ends after it begins, at most {} months later", limits.validity_months),
        );
        self.within(
            validity.review_months,
            limits.review_months,
            ("/validity/review_months", "review"),
            ["an agreement is reviewed every", "months"],
        );
        self.require(
            validity.grace_days <= limits.grace_days,
            "/validity/grace_days",
            "review",
            &format!("a review is late by at most {} days", limits.grace_days),
        );
    }
}

/// Whether a document opens what a field needs by its level. For comparing versions as well as for judging.
pub fn opens(terms: &super::Terms, field: &FieldId, category: &CategoryCode, level: Level) -> bool {
    match level {
        Level::S3 => terms.opens_category(category),
        Level::S4 => terms.opens_field(field).is_some(),
        Level::S0 | Level::S1 | Level::S2 => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{agreements::sample, policy::Documents};

    type Edit = Box<dyn FnOnce(&mut Value)>;

    fn rules(edit: impl FnOnce(&mut Value)) -> Vec<&'static str> {
        let read = Checked::read(sample::edited(edit), Policy::builtin());
        let mut rules: Vec<_> =
            read.err().unwrap_or_default().into_iter().map(|complaint| complaint.rule).collect();
        rules.dedup();
        rules
    }

    #[test]
    fn a_good_document_keeps_its_exact_bytes() {
        let checked = Checked::read(sample::BYTES.to_vec(), Policy::builtin()).unwrap();
        assert_eq!(checked.bytes(), sample::BYTES);
        assert_eq!(checked.digest(), Digest::of(sample::BYTES));
        assert_eq!(checked.document().flows.len(), 2);
    }

    #[test]
    fn a_prohibited_purpose_cannot_be_written_down() {
        for text in ["immigration enforcement", "P99", "deportation"] {
            let bytes = sample::edited(|d| d["flows"][0]["purposes"][0]["purpose"] = text.into());
            let complaints = Checked::read(bytes, Policy::builtin()).unwrap_err();
            let first = &complaints[0];
            assert_eq!(
                (first.code, first.at.as_str()),
                (Some(Deny::D216), "/flows/0/purposes/0/purpose"),
                "{text}"
            );
        }
    }

    #[test]
    fn emergencies_and_legal_duties_are_no_purposes_of_an_agreement() {
        assert!(
            rules(|d| d["flows"][0]["purposes"][0]["purpose"] = "P14".into()).contains(&"purpose_is_a_mode")
        );
    }

    #[test]
    fn every_complaint_is_made_at_once() {
        let found = rules(|d| {
            d["validity"]["until"] = "2030-01-01T00:00:00Z".into();
            d["validity"]["review_months"] = 13.into();
            d["incidents"]["do_no_harm"] = false.into();
            d["destruction"]["methods"] = json!([]);
            d["dpia"]["until"] = "2025-01-01T00:00:00Z".into();
        });
        assert_eq!(found, ["destruction_missing", "dpia_over", "do_no_harm", "review", "validity"]);
    }

    #[test]
    fn each_rule_complains_of_its_own_defect() {
        let cases: Vec<(&str, Edit)> = vec![
            ("version", Box::new(|d| d["version"] = 2.into())),
            ("parties", Box::new(|d| d["parties"][1]["org"] = d["parties"][0]["org"].clone())),
            (
                "oversight_in_line",
                Box::new(|d| {
                    d["parties"][0]["oversight_contact"] = d["parties"][0]["data_protection_contact"].clone();
                }),
            ),
            ("flow_parties", Box::new(|d| d["flows"][0]["to"] = d["flows"][0]["from"].clone())),
            ("flow_repeated", Box::new(|d| d["flows"][1]["to"] = d["flows"][0]["to"].clone())),
            ("services", Box::new(|d| d["flows"][0]["services"] = json!(["SV77"]))),
            ("purposes", Box::new(|d| d["flows"][0]["purposes"][1]["purpose"] = "P01".into())),
            (
                "field_unknown",
                Box::new(|d| d["flows"][0]["purposes"][0]["items"][0]["field"] = "ZZ.1".into()),
            ),
            (
                "field_never",
                Box::new(|d| d["flows"][0]["purposes"][0]["items"][0]["field"] = "RC.s1f".into()),
            ),
            (
                "tier_lower",
                Box::new(|d| d["flows"][0]["purposes"][0]["items"][8]["tier"] = "justified".into()),
            ),
            ("category_closed", Box::new(|d| d["sensitive"]["categories"] = json!([]))),
            ("field_closed", Box::new(|d| d["sensitive"]["fields"] = json!([]))),
            (
                "category_too_sensitive",
                Box::new(|d| d["sensitive"]["categories"][0]["category"] = "K17".into()),
            ),
            ("field_unlisted", Box::new(|d| d["sensitive"]["fields"][0]["field"] = "ZR.5f".into())),
            ("role_unknown", Box::new(|d| d["sensitive"]["fields"][0]["role"] = "anybody".into())),
            ("dual_approval", Box::new(|d| d["sensitive"]["fields"][0]["dual_approval"] = false.into())),
            ("clearance_missing", Box::new(|d| d["children"]["included"] = true.into())),
            ("legal_basis", Box::new(|d| d["legal_bases"] = json!([]))),
            ("transfer_missing", Box::new(|d| d["parties"][1]["country"] = "MW".into())),
            (
                "retention_missing",
                Box::new(|d| {
                    d["retention"].as_array_mut().unwrap().remove(0);
                }),
            ),
            ("retention_too_long", Box::new(|d| d["retention"][0]["days"] = 366.into())),
            ("retention_ceiling", Box::new(|d| d["retention"][0]["ceiling_days"] = 10.into())),
            ("destruction_missing", Box::new(|d| d["destruction"]["methods"] = json!([]))),
            ("destruction_slow", Box::new(|d| d["destruction"]["within_days"] = 31.into())),
            ("onward_list", Box::new(|d| d["onward"] = json!({"rule": "listed", "hops": 1}))),
            ("onward_hops", Box::new(|d| d["onward"]["hops"] = 1.into())),
            ("crypto_profile", Box::new(|d| d["crypto"]["profiles"] = json!(["none"]))),
            ("crypto_keys", Box::new(|d| d["crypto"]["key_lifetime_days"] = 800.into())),
            ("crypto_revocation", Box::new(|d| d["crypto"]["revocation_minutes"] = 61.into())),
            ("volume", Box::new(|d| d["volumes"]["packets_per_day"] = 0.into())),
            ("bulk", Box::new(|d| d["flows"][0]["bulk"] = true.into())),
            ("rights", Box::new(|d| d["rights"]["answers"] = "org_0192f0c1000070008000000000000099".into())),
            ("incident_notice", Box::new(|d| d["incidents"]["parties_hours"] = 25.into())),
            ("do_no_harm", Box::new(|d| d["incidents"]["do_no_harm"] = false.into())),
            (
                "principles",
                Box::new(|d| {
                    d["parties"][0]["nature"] = "international_organisation".into();
                    d["confidentiality"]["principles_annexed"] = false.into();
                }),
            ),
            (
                "dpia_missing",
                Box::new(|d| {
                    d.as_object_mut().unwrap().remove("dpia");
                }),
            ),
            ("validity", Box::new(|d| d["validity"]["until"] = "2029-01-02T00:00:00Z".into())),
            ("review", Box::new(|d| d["validity"]["review_months"] = 13.into())),
            ("review", Box::new(|d| d["validity"]["grace_days"] = 61.into())),
        ];
        for (rule, edit) in cases {
            let found = rules(edit);
            assert!(found.contains(&rule), "expected {rule}, found {found:?}");
        }
    }

    /// Each limit of the policy, the place in the document it bounds, and the rule that says so.
    const BOUNDS: [(&str, &str, &str); 14] = [
        ("validity_months", "", "validity"),
        ("review_months", "/validity/review_months", "review"),
        ("grace_days", "/validity/grace_days", "review"),
        ("retention_latest_days", "/retention/0/ceiling_days", "retention_ceiling"),
        ("destruction_days", "/destruction/within_days", "destruction_slow"),
        ("key_lifetime_days", "/crypto/key_lifetime_days", "crypto_keys"),
        ("revocation_minutes", "/crypto/revocation_minutes", "crypto_revocation"),
        ("evidence_months", "/crypto/evidence_months", "crypto_evidence"),
        ("log_months", "/audit/log_months", "audit_logs"),
        ("packets_per_day", "/volumes/packets_per_day", "volume"),
        ("fields_per_packet", "/volumes/fields_per_packet", "volume"),
        ("cooperation_days", "/rights/cooperation_days", "rights"),
        ("incident_parties_hours", "/incidents/parties_hours", "incident_notice"),
        ("incident_authority_hours", "/incidents/authority_hours", "incident_notice"),
    ];

    fn limits() -> Value {
        serde_json::from_str(include_str!("../../config/policy/agreement-limits.v1.json")).unwrap()
    }

    #[test]
    fn every_limit_but_that_of_a_notice_bounds_a_place_in_the_document() {
        let mut names: Vec<_> = BOUNDS.iter().map(|(limit, ..)| *limit).chain(["notice_days"]).collect();
        names.sort_unstable();
        let limits = limits();
        let mut written: Vec<_> = limits["at_most"].as_object().unwrap().keys().map(String::as_str).collect();
        written.sort_unstable();
        assert_eq!(names, written);
    }

    #[test]
    fn a_stricter_policy_refuses_what_this_one_allows() {
        for (limit, _, rule) in BOUNDS {
            let mut stricter = limits();
            stricter["at_most"][limit] = 1.into();
            let documents = Documents::builtin().with_base("agreement-limits", stricter.to_string());
            let policy = Policy::from_documents(&documents).unwrap();
            let complaints = Checked::read(sample::BYTES.to_vec(), &policy).unwrap_err();
            assert!(complaints.iter().all(|complaint| complaint.rule == rule), "{limit}: {complaints:?}");
        }
    }

    #[test]
    fn every_limit_is_kept_to_the_last_and_is_the_one_of_the_schema() {
        let schema: Value =
            serde_json::from_str(include_str!("../../schemas/agreements/agreement.v1.schema.json")).unwrap();
        for (limit, at, rule) in BOUNDS.into_iter().filter(|(_, at, _)| !at.is_empty()) {
            let most = limits()["at_most"][limit].as_u64().unwrap();
            let bounded = |value: u64| rules(|d| *d.pointer_mut(at).unwrap() = value.into());
            assert_eq!(bounded(most), Vec::<&str>::new(), "{limit}");
            assert_eq!(bounded(most + 1), [rule], "{limit}");
            let place =
                at.replace("/0", "/items").replace('/', "/properties/").replace("properties/items", "items");
            assert_eq!(schema.pointer(&place).unwrap()["maximum"], most, "{limit}");
        }
    }

    #[test]
    fn many_at_once_pass_only_under_a_purpose_the_policy_names() {
        let mut other = limits();
        other["bulk_purposes"] = json!(["P01"]);
        let documents = Documents::builtin().with_base("agreement-limits", other.to_string());
        let policy = Policy::from_documents(&documents).unwrap();
        let bytes = sample::edited(|d| d["flows"][0]["bulk"] = true.into());
        assert!(Checked::read(bytes.clone(), &policy).is_ok());
        let complaints = Checked::read(bytes, Policy::builtin()).unwrap_err();
        assert_eq!(complaints.iter().map(|complaint| complaint.rule).collect::<Vec<_>>(), ["bulk"]);
    }

    #[test]
    fn three_years_to_the_day_are_allowed() {
        assert_eq!(rules(|d| d["validity"]["until"] = "2029-01-01T00:00:00Z".into()), Vec::<&str>::new());
    }
}
