//! The form of an agreement's terms before somebody fills it in: what was agreed before, or what the mechanism recommends.

use chrono::{Months, NaiveDate, TimeDelta};

use super::terms::{Base, code_of};
use crate::{
    agreements::Document,
    kernel::{Timestamp, text::Line},
    members::OrganisationKind,
    policy::Policy,
    web::{form::Form, words::Words},
};

/// What is proposed where nothing was agreed before: what the mechanism recommends, and never more than its policy allows.
const PROPOSED_MONTHS: u32 = 24;
const PROPOSED_REVIEW_MONTHS: u32 = 12;
const PROPOSED_GRACE_DAYS: u32 = 60;
pub(super) const PROPOSED_KEPT_DAYS: u32 = 183;
pub(super) const PROPOSED_LATEST_DAYS: u32 = 730;
const PROPOSED_DESTROYED_DAYS: u32 = 7;
pub(super) const PROPOSED_KEY_DAYS: u32 = 365;
pub(super) const PROPOSED_REVOCATION_MINUTES: u32 = 60;
pub(super) const PROPOSED_LOG_MONTHS: u32 = 36;
const PROPOSED_PACKETS: u32 = 50;
const PROPOSED_FIELDS: u32 = 60;
const PROPOSED_COOPERATION_DAYS: u32 = 14;
const PROPOSED_PARTIES_HOURS: u32 = 24;
const PROPOSED_AUTHORITY_HOURS: u32 = 72;

type Fields = Vec<(String, String)>;

fn put(fields: &mut Fields, name: impl Into<String>, value: &dyn ToString) {
    fields.push((name.into(), value.to_string()));
}

/// The form before anything is filled in: what was agreed before, or else what is recommended.
pub(super) fn begun(base: &Base, chosen: &Form, (policy, words): (&Policy, Words), now: Timestamp) -> Form {
    let mut fields = Fields::new();
    match &base.was {
        Some(was) => agreed(&mut fields, base, was),
        None => proposed(&mut fields, base, chosen, (policy, words)),
    }
    dates(&mut fields, base, policy, now);
    Form::begun(fields)
}

fn agreed(fields: &mut Fields, base: &Base, was: &Document) {
    for (n, party) in was.parties.iter().enumerate() {
        put(fields, format!("p{n}-name"), &party.legal_name);
        put(fields, format!("p{n}-nature"), &code_of(&party.nature));
        put(fields, format!("p{n}-role"), &code_of(&party.role));
        put(fields, format!("p{n}-data"), &party.data_protection_contact);
        put(fields, format!("p{n}-oversight"), &party.oversight_contact);
        if party.immunities {
            put(fields, format!("p{n}-immune"), &1);
        }
    }
    for (n, pair) in base.pairs().into_iter().enumerate() {
        let (is_open, flow) = match base.flow(pair) {
            Some(flow) => (true, Some(flow)),
            // The other direction, for what goes in this one, if it is opened.
            None => (false, base.flow((pair.1, pair.0))),
        };
        let Some(flow) = flow else { continue };
        if is_open {
            put(fields, "flow", &n);
        }
        flow.services.iter().for_each(|service| put(fields, format!("f{n}-service"), service));
        for purpose in &flow.purposes {
            let code = &purpose.purpose;
            put(fields, format!("f{n}-purpose"), code);
            if is_open {
                put(fields, format!("f{n}-{code}-listed"), &1);
                purpose.items.iter().for_each(|item| put(fields, format!("f{n}-{code}"), &item.field));
            }
        }
    }
    for open in &was.sensitive.categories {
        put(fields, format!("safeguard-{}", open.category), &open.safeguard);
    }
    for basis in &was.legal_bases {
        let Some(n) = base.parties.iter().position(|party| party.id == basis.org) else { continue };
        let name = format!("b{n}-{}", basis.purpose);
        put(fields, format!("{name}-6"), &code_of(&basis.article6));
        put(fields, format!("{name}-9"), &code_of(&basis.article9));
        let law = basis.internal_policy.as_ref().or(basis.public_law.as_ref());
        put(fields, format!("{name}-law"), &law.map_or("", Line::as_str));
    }
    for transfer in &was.transfers {
        let name = format!("t-{}-{}", transfer.from, transfer.to);
        put(fields, format!("{name}-by"), &code_of(&transfer.mechanism));
        put(fields, format!("{name}-reference"), &transfer.reference.as_ref().map_or("", Line::as_str));
    }
    for kept in &was.retention {
        let name = format!("r-{}", kept.purpose);
        put(fields, format!("{name}-trigger"), &code_of(&kept.trigger));
        put(fields, format!("{name}-days"), &kept.days);
        put(fields, format!("{name}-latest"), &kept.ceiling_days);
    }
    duties_agreed(fields, base, was);
}

fn duties_agreed(fields: &mut Fields, base: &Base, was: &Document) {
    put(fields, "law", &was.jurisdiction.law);
    put(fields, "place", &was.jurisdiction.data_location);
    put(fields, "assessment", &was.jurisdiction.assessment);
    put(fields, "onward", &code_of(&was.onward.rule));
    put(fields, "destroyed", &was.destruction.within_days);
    put(fields, "certificate", &was.destruction.certificate);
    put(fields, "packets", &was.volumes.packets_per_day);
    put(fields, "fields", &was.volumes.fields_per_packet);
    put(fields, "rights", &was.rights.contact);
    let answers = base.parties.iter().position(|party| party.id == was.rights.answers);
    put(fields, "answers", &answers.unwrap_or_default());
    put(fields, "cooperation", &was.rights.cooperation_days);
    put(fields, "told-parties", &was.incidents.parties_hours);
    put(fields, "told-authority", &was.incidents.authority_hours);
    put(fields, "clause", &was.confidentiality.clause);
    put(fields, "logs", &was.audit.log_months);
    put(fields, "mou", &was.parent_mou.as_ref().map_or("", Line::as_str));
    let dpia = was.dpia.as_ref();
    put(fields, "dpia", &dpia.map_or("", |dpia| dpia.reference.as_str()));
    put(fields, "dpia-until", &dpia.map_or_else(String::new, |dpia| last_day(dpia.until).to_string()));
    if was.confidentiality.principles_annexed {
        put(fields, "principles", &1);
    }
    if was.audit.right {
        put(fields, "audit", &1);
    }
}

fn proposed(fields: &mut Fields, base: &Base, chosen: &Form, (policy, words): (&Policy, Words)) {
    for (n, party) in base.parties.iter().enumerate() {
        put(fields, format!("p{n}-name"), &party.name);
        put(fields, format!("p{n}-nature"), &nature(party.kind));
        put(fields, format!("p{n}-role"), &"independent_controller");
        if party.kind == OrganisationKind::International {
            put(fields, format!("p{n}-immune"), &1);
        }
    }
    for (n, way) in ["there", "back"].into_iter().enumerate() {
        if chosen.says("way", way) {
            put(fields, "flow", &n);
        }
        chosen.all("service").for_each(|service| put(fields, format!("f{n}-service"), &service));
        chosen.all("purpose").for_each(|purpose| put(fields, format!("f{n}-purpose"), &purpose));
    }
    let (country, most) =
        (base.parties.first().map(|party| party.country), policy.agreement_limits().at_most);
    if let Some(country) = country {
        put(fields, "law", &words.with("agreements-new-law-of", "country", country.to_string()));
        put(fields, "place", &country);
    }
    put(fields, "onward", &"none");
    put(fields, "destroyed", &PROPOSED_DESTROYED_DAYS.min(most.destruction_days));
    put(fields, "certificate", &words.t("agreements-new-certificate-proposed"));
    put(fields, "packets", &PROPOSED_PACKETS.min(most.packets_per_day));
    put(fields, "fields", &PROPOSED_FIELDS.min(most.fields_per_packet));
    put(fields, "answers", &0);
    put(fields, "cooperation", &PROPOSED_COOPERATION_DAYS.min(most.cooperation_days));
    put(fields, "told-parties", &PROPOSED_PARTIES_HOURS.min(most.incident_parties_hours));
    put(fields, "told-authority", &PROPOSED_AUTHORITY_HOURS.min(most.incident_authority_hours));
    put(fields, "clause", &words.t("agreements-new-clause-proposed"));
    put(fields, "logs", &PROPOSED_LOG_MONTHS.min(most.log_months));
    put(fields, "principles", &1);
    put(fields, "audit", &1);
}

const fn nature(kind: OrganisationKind) -> &'static str {
    match kind {
        OrganisationKind::Government => "state_body",
        OrganisationKind::Ngo => "ngo",
        OrganisationKind::International => "international_organisation",
        OrganisationKind::Community => "community_body",
        OrganisationKind::Private => "private",
    }
}

/// From when to when: as a draft has it; from today for as long as before, or for as long as is usual.
fn dates(fields: &mut Fields, base: &Base, policy: &Policy, now: Timestamp) {
    let most = policy.agreement_limits().at_most;
    let was = base.was.as_ref().map(|was| &was.validity);
    let is_draft = base.was.as_ref().is_some_and(|was| was.version == base.version);
    let (from, until) = match was {
        Some(was) if is_draft => (first_day(was.from), last_day(was.until)),
        _ => {
            let today = first_day(now);
            let until = |months| {
                let end = today.checked_add_months(Months::new(months))?;
                end.pred_opt()
            };
            let usual = until(PROPOSED_MONTHS.min(most.validity_months)).unwrap_or(today);
            let as_before = was.map(|was| last_day(now.plus(was.until.since(was.from))));
            let longest = until(most.validity_months).unwrap_or(usual);
            (today, as_before.map_or(usual, |as_before| as_before.min(longest)))
        }
    };
    put(fields, "from", &from);
    put(fields, "until", &until);
    put(
        fields,
        "review",
        &was.map_or(PROPOSED_REVIEW_MONTHS.min(most.review_months), |was| was.review_months),
    );
    put(fields, "grace", &was.map_or(PROPOSED_GRACE_DAYS.min(most.grace_days), |was| was.grace_days));
    if base.was.is_none() {
        put(fields, "dpia-until", &until);
    }
}

fn first_day(at: Timestamp) -> NaiveDate {
    at.datetime().date_naive()
}

/// The last day on which something holds that ends at this moment.
fn last_day(until: Timestamp) -> NaiveDate {
    first_day(until.minus(TimeDelta::microseconds(1)))
}
