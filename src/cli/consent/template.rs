//! `throughline consent template`: a record to fill in together with the person.

use std::{collections::BTreeSet, path::PathBuf};

use chrono::Months;
use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{CliError, Output, agreement, files, home::Home, policy},
    own,
};
use crate::{
    agreements::Terms,
    consent::Information,
    kernel::{
        Timestamp,
        id::{ConsentId, Ids as _, OrganisationId, StaffId, SubjectToken, SystemIds},
        time::{Clock as _, SystemClock},
    },
    policy::{Field, Judgement, Policy, PurposeCode, ServiceCode},
};

const TEMPLATE: &str = include_str!("record.template.json");

/// Letters and digits that are not mistaken for one another when read aloud.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[derive(Args)]
pub(super) struct TemplateArgs {
    /// Whom the person is asked about. May be given several times: one question each.
    #[arg(long = "to", value_name = "ORG")]
    recipients: Vec<OrganisationId>,
    /// Why data would be shared.
    #[arg(long, default_value = "P01")]
    purpose: PurposeCode,
    /// What the person would be referred to.
    #[arg(long, default_value = "SV07")]
    service: ServiceCode,
    /// The agreement with the recipient, dsa_… or a file: the question is then about what it covers.
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
    /// The member of staff who asks.
    #[arg(long, value_name = "STAFF")]
    by: Option<StaffId>,
    /// The person's pseudonym in this case, when there is one already; a new one without it.
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<SubjectToken>,
    /// Where to write; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl TemplateArgs {
    pub(super) fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let now = Timestamp::from_seconds(SystemClock.now().seconds());
        let terms = self.agreement.as_ref().map(|which| agreement::kept::named(home, which)).transpose()?;
        let (us, id, policy) = (own(home)?, ConsentId::new(&SystemIds, now), policy::of(home)?);
        let questions: Vec<String> = self
            .recipients
            .iter()
            .map(|to| self.question([us, *to], terms.as_deref(), now, &policy))
            .collect();
        let information: Vec<String> = Information::ALL
            .iter()
            .filter_map(|item| serde_json::to_value(item).ok()?.as_str().map(str::to_owned))
            .collect();
        let by = self.by.map_or_else(|| String::from("to be filled in"), |by| by.to_string());
        let subject = self.subject.unwrap_or_else(|| SubjectToken::new(&SystemIds, now));
        let text = TEMPLATE
            .replace("{id}", &id.to_string())
            .replace("{org}", &us.to_string())
            .replace("{by}", &by)
            .replace("{now}", &now.to_string())
            .replace("{subject}", &subject.to_string())
            .replace("{code}", &code())
            .replace("{information}", &information.join(", "))
            .replace("{lines}", &questions.join(",\n"));
        let Some(file) = &self.out else {
            return output.data(&json!({ "template": text }), |_| text.clone());
        };
        files::replace(file, text.as_bytes())?;
        output.data(&json!({ "id": id, "subject": subject, "file": file }), |_| {
            format!(
                "Wrote {}. Fill it in with the person, then: throughline consent add {}",
                file.display(),
                file.display()
            )
        })
    }

    /// One question, without its answer.
    fn question(
        &self,
        [us, to]: [OrganisationId; 2],
        terms: Option<&Terms>,
        now: Timestamp,
        policy: &Policy,
    ) -> String {
        let fields: Vec<&Field> = match terms.and_then(|terms| terms.flow(us, to)) {
            Some(flow) => {
                let agreed = flow.purposes.get(&self.purpose).into_iter().flat_map(|fields| fields.keys());
                agreed.filter_map(|id| policy.field(id)).collect()
            }
            None => policy.fields().filter(|field| self.is_needed(policy, field)).collect(),
        };
        let categories: BTreeSet<String> = fields
            .iter()
            .filter(|field| !field.is_most_sensitive())
            .map(|field| field.category.to_string())
            .collect();
        let labels: Vec<String> = categories
            .iter()
            .filter_map(|code| {
                let label = &policy.category(&code.parse().ok()?)?.label;
                Some(format!("{code} {label}"))
            })
            .collect();
        let usual = Months::new(policy.limits().consent.usual_months);
        let until = now.datetime().checked_add_months(usual).map_or(now, Timestamp::from);
        let until = terms.map_or(until, |terms| until.min(terms.document().validity.until));
        let agreement = terms.map_or_else(
            || json!({ "id": "to be filled in", "version": "to be filled in" }),
            |terms| json!({ "id": terms.id(), "version": terms.version() }),
        );
        let line = json!({
            "//scope": labels.join("; "),
            "effect": "to be filled in", "recipient": to, "purpose": self.purpose, "service": self.service,
            "scope": { "categories": categories, "fields": [] }, "exclude": [],
            "operations": ["to be filled in"], "from": now, "until": until, "agreement": agreement,
        });
        let answer: Value = json!({ "line": line, "given": "to be filled in" });
        serde_json::to_string_pretty(&answer)
            .unwrap_or_default()
            .lines()
            .map(|line| format!("    {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Whether the service needs the field; asked when no agreement was named.
    fn is_needed(&self, policy: &Policy, field: &Field) -> bool {
        field.form == "CF"
            && field.fits_purpose(&self.purpose)
            && policy.minimum_set(&self.service).is_some_and(|set| set.judge(field) == Judgement::Minimum)
    }
}

/// A withdrawal code of 80 random bits, to be read aloud.
fn code() -> String {
    let mut random = [0u8; 16];
    SystemIds.random(&mut random);
    let letter = |byte: &u8| char::from(*LETTERS.get(usize::from(byte % 32)).unwrap_or(&b'0'));
    let groups: Vec<String> = random.chunks(4).map(|group| group.iter().map(letter).collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_every_member_of_the_schema() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../schemas/consent/record.v1.schema.json")).unwrap();
        for member in schema["properties"].as_object().unwrap().keys() {
            // These come with a later version, from an import, or round by round.
            let rare = ["supersedes", "representatives", "follow_up", "protection_advice_at", "source"];
            let there = TEMPLATE.contains(&format!("\"{member}\":"))
                || TEMPLATE.contains(&format!("\"//{member}\":"));
            assert!(there || rare.contains(&member.as_str()), "{member}");
        }
    }

    #[test]
    fn a_code_is_four_groups_of_four_and_never_the_same() {
        let (one, other) = (code(), code());
        assert_eq!(one.len(), 19);
        assert_ne!(one, other);
    }
}
