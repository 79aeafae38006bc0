//! `throughline agreement draft`: a document to begin with, and the check of one that somebody wrote.

use std::{collections::BTreeSet, path::PathBuf};

use chrono::{Months, TimeDelta};
use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, files, policy,
        session::{Session, part, text},
    },
    unusable,
};
use crate::{
    agreements::{Checked, Complaint},
    kernel::{
        Code, Fault, Timestamp,
        id::{AgreementId, OrganisationId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    policy::{Field, Judgement, Level, Policy, PurposeCode, ServiceCode},
};

/// What stands in a template where only the parties know the answer.
const TO_FILL_IN: &str = "to be filled in";

#[derive(Args)]
pub(super) struct DraftArgs {
    /// Write a document to begin with: this organisation sends, the partner receives, fields of the services' minimum sets.
    #[arg(long, requires = "with", conflicts_with = "from")]
    template: bool,
    /// The partner.
    #[arg(long, value_name = "ORG")]
    with: Option<OrganisationId>,
    /// What persons are referred to. May be given several times.
    #[arg(long = "service", value_name = "CODE", default_value = "SV07")]
    services: Vec<ServiceCode>,
    /// Why data is shared.
    #[arg(long, default_value = "P01")]
    purpose: PurposeCode,
    /// Let the same fields flow back as well.
    #[arg(long)]
    both_ways: bool,
    /// Where to write the template; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A document that was written by hand: check it, and leave it at the hub as a draft.
    #[arg(long, value_name = "FILE", required_unless_present = "template")]
    from: Option<PathBuf>,
    /// Only check it.
    #[arg(long, requires = "from")]
    check: bool,
}

impl DraftArgs {
    /// Whether it is only about a file.
    pub(super) fn needs_no_hub(&self) -> bool {
        self.check
    }

    /// Checks the document against every rule, and says all of them that it breaks.
    pub(super) fn check(&self, policy: &Policy, output: &Output) -> Result<Checked, CliError> {
        let file = self.from.as_ref().ok_or_else(|| unusable("name the document with --from"))?;
        let checked = read(files::bytes(file)?, policy)?;
        if self.check {
            let shown = json!({ "sound": true, "id": checked.document().id, "version": checked.document().version, "digest": checked.digest() });
            output.data(&shown, |_| {
                format!(
                    "{} is sound. Next: throughline agreement draft --from {}",
                    file.display(),
                    file.display()
                )
            })?;
        }
        Ok(checked)
    }

    pub(super) async fn run(&self, session: &Session<'_>, output: &Output) -> Result<(), CliError> {
        if let (true, Some(partner)) = (self.template, self.with) {
            return self.write(session, partner, output).await;
        }
        let checked = self.check(&policy::of(session.home)?, output)?;
        let document = String::from_utf8_lossy(checked.bytes()).into_owned();
        let view = session.hub.post("/api/v1/agreements", &json!({ "document": document })).await?.body;
        output.data(&view, |view| {
            format!("{}. Next: throughline agreement offer {}", super::stands(view), text(view, "id"))
        })
    }

    async fn write(
        &self,
        session: &Session<'_>,
        partner: OrganisationId,
        output: &Output,
    ) -> Result<(), CliError> {
        let parties = [session.member(session.organisation()).await?, session.member(partner).await?];
        let policy = policy::of(session.home)?;
        let document = self.template([session.organisation(), partner], &parties, &policy)?;
        let bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
        Checked::read(bytes.clone(), &policy).map_err(|complaints| refused(&complaints))?;
        let Some(file) = &self.out else { return output.data(&document, |_| String::new()) };
        files::replace(file, &bytes)?;
        output.data(&json!({ "file": file, "id": document.get("id") }), |_| {
            format!(
                "Wrote {}. Fill in what says \"{TO_FILL_IN}\", take out fields that are not needed, then:\n  throughline agreement \
                 draft --from {}",
                file.display(),
                file.display()
            )
        })
    }

    fn template(
        &self,
        ids: [OrganisationId; 2],
        parties: &[Value; 2],
        policy: &Policy,
    ) -> Result<Value, CliError> {
        let [us, them] = ids;
        let fields = self.fields(policy)?;
        let flow = |from, to| flow(self, from, to, &fields);
        let flows = if self.both_ways { vec![flow(us, them), flow(them, us)] } else { vec![flow(us, them)] };
        let now = SystemClock.now();
        let countries = parties.each_ref().map(|party| text(party, "country"));
        let until = later(now, 24);
        let categories: BTreeSet<String> = fields
            .iter()
            .filter(|field| field.level == Level::S3)
            .map(|field| field.category.to_string())
            .collect();
        let open: Vec<Value> = categories
            .iter()
            .map(|category| json!({ "category": category, "safeguard": format!("{TO_FILL_IN}: who opens it, where it is kept apart") }))
            .collect();
        let mut document = json!({
            "v": 1, "id": AgreementId::new(&SystemIds, now), "version": 1, "language": "en",
            "parties": [party(us, &parties[0])?, party(them, &parties[1])?],
            "flows": flows,
            "sensitive": { "categories": open, "fields": [] },
            "children": { "included": false },
            "legal_bases": parties.iter().zip(ids).map(|(member, id)| basis(member, id, &self.purpose)).collect::<Vec<_>>(),
            "jurisdiction": {
                "law": format!("Law of {}", countries[0]), "data_location": countries[0],
                "assessment": format!("{TO_FILL_IN}: law and practice at the recipient, the safety of persons included"),
            },
            "transfers": transfers(countries, self.both_ways.then_some(())),
            "retention": [{ "purpose": self.purpose, "trigger": "purpose_fulfilled", "days": 183, "ceiling_days": 730 }],
            "validity": { "from": now, "until": until, "review_months": 12, "grace_days": 60 },
        });
        if let (Some(members), Value::Object(duties)) = (document.as_object_mut(), duties(us, until)) {
            members.extend(duties);
        }
        Ok(document)
    }

    /// What the services need to know, on the common form. Most sensitive fields are opened one by one, by hand.
    fn fields<'p>(&self, policy: &'p Policy) -> Result<Vec<&'p Field>, CliError> {
        let mut sets = Vec::new();
        for service in &self.services {
            let set = policy.minimum_set(service);
            sets.push(
                set.ok_or_else(|| unusable(format!("{service} is no service that persons are referred to")))?,
            );
        }
        let needed = |field: &&Field| {
            field.form == "CF"
                && field.level != Level::S4
                && field.fits_purpose(&self.purpose)
                && sets.iter().any(|set| set.judge(field) == Judgement::Minimum)
        };
        Ok(policy.fields().filter(needed).collect())
    }
}

fn flow(args: &DraftArgs, from: OrganisationId, to: OrganisationId, fields: &[&Field]) -> Value {
    let reason = |field: &Field| -> String {
        format!("Needed for the service: {}", field.label).chars().take(200).collect()
    };
    let items: Vec<Value> =
        fields.iter().map(|field| json!({ "field": field.id, "reason": reason(field) })).collect();
    json!({ "from": from, "to": to, "services": args.services, "purposes": [{ "purpose": args.purpose, "items": items }] })
}

fn party(id: OrganisationId, member: &Value) -> Result<Value, CliError> {
    let name: String = part(member, "name")?;
    let nature = match text(member, "kind") {
        "government" => "state_body",
        "ngo" => "ngo",
        "international" => "international_organisation",
        "community" => "community_body",
        _ => "private",
    };
    Ok(json!({
        "org": id, "legal_name": name, "nature": nature, "country": text(member, "country"), "role": "independent_controller",
        "data_protection_contact": format!("{TO_FILL_IN}: data protection"),
        "oversight_contact": format!("{TO_FILL_IN}: who investigates, outside the referral line"),
        "immunities": text(member, "kind") == "international",
    }))
}

fn basis(member: &Value, id: OrganisationId, purpose: &PurposeCode) -> Value {
    if text(member, "kind") == "international" {
        return json!({ "org": id, "purpose": purpose, "internal_policy": format!("{TO_FILL_IN}: the data protection policy") });
    }
    json!({ "org": id, "purpose": purpose, "article6": "A6-1-a", "article9": "A9-2-a" })
}

fn transfers([ours, theirs]: [&str; 2], back: Option<()>) -> Vec<Value> {
    if ours == theirs {
        return Vec::new();
    }
    let transfer = |from: &str, to: &str| json!({ "from": from, "to": to, "mechanism": "A46-2-c", "reference": format!("{TO_FILL_IN}: the clauses") });
    let there = transfer(ours, theirs);
    if back.is_some() { vec![there, transfer(theirs, ours)] } else { vec![there] }
}

/// What every agreement promises; the values are those the mechanism recommends.
fn duties(us: OrganisationId, until: Timestamp) -> Value {
    json!({
        "destruction": {
            "methods": [
                { "medium": "encrypted_storage", "method": "key_destruction" }, { "medium": "paper", "method": "shredding" },
            ],
            "certificate": "Signed statement with the referral's id and the date", "within_days": 7,
        },
        "onward": { "rule": "none" },
        "crypto": { "profiles": ["rp1"], "key_lifetime_days": 365, "revocation_minutes": 60, "evidence_months": 36 },
        "volumes": { "packets_per_day": 50, "fields_per_packet": 60 },
        "rights": { "contact": format!("{TO_FILL_IN}: where persons turn to"), "answers": us, "cooperation_days": 14 },
        "incidents": { "parties_hours": 24, "authority_hours": 72, "do_no_harm": true },
        "confidentiality": {
            "clause": "Everybody who sees data is bound in writing, also after leaving", "principles_annexed": true,
        },
        "audit": { "right": true, "log_months": 36 },
        "dpia": { "reference": format!("{TO_FILL_IN}: where the assessment can be looked up"), "until": until },
    })
}

fn later(from: Timestamp, months: u32) -> Timestamp {
    from.datetime()
        .checked_add_months(Months::new(months))
        .map_or_else(|| from.plus(TimeDelta::days(365)), Timestamp::from)
}

/// A document that keeps every rule and has nothing left of a template.
fn read(bytes: Vec<u8>, policy: &Policy) -> Result<Checked, CliError> {
    let left = serde_json::from_slice(&bytes).map(|document| left_open(&document)).unwrap_or_default();
    let checked = Checked::read(bytes, policy);
    match checked {
        Ok(checked) if left.is_empty() => Ok(checked),
        Ok(_) => Err(refused(&left)),
        Err(complaints) => Err(refused(&complaints.into_iter().chain(left).collect::<Vec<_>>())),
    }
}

fn left_open(document: &Value) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut ahead = vec![(String::new(), document)];
    while let Some((at, value)) = ahead.pop() {
        match value {
            Value::String(text) if text.starts_with(TO_FILL_IN) => found.push(Complaint {
                at,
                rule: "template",
                code: None,
                says: String::from("this is left of the template; write what holds for the parties"),
            }),
            Value::Array(items) => {
                ahead.extend(items.iter().enumerate().map(|(n, item)| (format!("{at}/{n}"), item)));
            }
            Value::Object(members) => {
                ahead.extend(members.iter().map(|(name, item)| (format!("{at}/{name}"), item)));
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found.sort();
    found
}

pub(super) fn refused(complaints: &[Complaint]) -> CliError {
    let mut facts = serde_json::Map::new();
    facts.insert(String::from("complaints"), json!(complaints));
    CliError::new(
        Code::new("agreement.document_refused", Fault::Refused),
        format!("the document breaks {} rule(s):", complaints.len()),
    )
    .with(Some(facts))
}
