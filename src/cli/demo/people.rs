//! The people of the story, as their case worker meets them. Nobody in it exists.

use serde_json::{Value, json};

use super::broken;
use crate::{
    agreements::Document,
    cli::CliError,
    consent::{Claims, Made, Record},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, CertificateId, ConsentId, Ids, OrganisationId, StaffId, SubjectToken, SystemIds},
    },
    policy::{Denials, Policy},
};

/// What only the gateways of the story may ever hold. The hub's files are searched for each of these.
pub(super) const SECRETS: [&str; 3] =
    ["Ibrahim Canary Sesay", "+000 7700 900 461", "tenofovir and lamivudine"];

/// Somebody who was asked, and what they answered.
pub(super) struct Person {
    /// The consent record, as the gateway keeps it.
    pub(super) record: Value,
    /// What stands on the receipt the person took along.
    pub(super) code: String,
}

/// Who asks whom, under which agreement.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    /// Who asks.
    pub(super) from: OrganisationId,
    /// Whom the person says yes to.
    pub(super) to: OrganisationId,
    /// The agreement that is in force.
    pub(super) agreement: AgreementId,
    /// The moment.
    pub(super) at: Timestamp,
}

/// Ibrahim came home after twenty years. He needs his medicines, and a job; of his past illness he wants nobody to hear.
pub(super) fn ibrahim(asking: Asking) -> Result<Person, CliError> {
    person(asking, "adult")
}

/// Mary is sixteen and came alone. What protects a child is not one yes of hers.
pub(super) fn mary(asking: Asking) -> Result<Person, CliError> {
    person(asking, "child")
}

fn person(asking: Asking, class: &str) -> Result<Person, CliError> {
    let Asking { from, to, agreement, at } = asking;
    let code = code();
    let words = [
        ("{HARBOUR}", from.to_string()),
        ("{CLINIC}", to.to_string()),
        ("{AGREEMENT}", agreement.to_string()),
        ("{RECORD}", ConsentId::new(&SystemIds, at).to_string()),
        ("{WORKER}", StaffId::new(&SystemIds, at).to_string()),
        ("{SUBJECT}", SubjectToken::new(&SystemIds, at).to_string()),
        ("{CODE}", code.clone()),
        ("{NOW}", at.to_string()),
        ("{UNTIL}", at.plus(chrono::TimeDelta::days(180)).to_string()),
        ("{LATER}", at.plus(chrono::TimeDelta::days(700)).to_string()),
    ];
    let mut record = filled(include_str!("consent.template.json"), &words)?;
    if let Some(asked) = record.get_mut("subject_class") {
        *asked = json!(class);
    }
    Ok(Person { record, code })
}

/// The certificate of a person's consent for a recipient, as far as the record supports one.
pub(super) fn certificate(
    person: &Person,
    recipient: OrganisationId,
    agreement: &Document,
    at: Timestamp,
    policy: &Policy,
) -> Result<Result<Claims, Denials>, CliError> {
    let record =
        Record::parse(person.record.to_string().as_bytes()).map_err(|error| broken(error.to_string()))?;
    let bytes = record.bytes().map_err(|error| broken(error.to_string()))?;
    let made =
        Made { id: CertificateId::new(&SystemIds, at), record: Digest::of(bytes.expose()), at, policy };
    Ok(Claims::of(&record, recipient, made, |_| Some(agreement.validity.until)))
}

/// The agreement of the two agencies.
pub(super) fn agreement(asking: Asking) -> Result<Value, CliError> {
    let words = [
        ("{HARBOUR}", asking.from.to_string()),
        ("{CLINIC}", asking.to.to_string()),
        ("{AGREEMENT}", asking.agreement.to_string()),
        ("{TODAY}", asking.at.to_string()),
        ("{LATER}", asking.at.plus(chrono::TimeDelta::days(700)).to_string()),
    ];
    filled(include_str!("agreement.template.json"), &words)
}

/// What the case worker writes for the clinic.
pub(super) fn form(need: &str, more: &[(&str, &str)]) -> Value {
    let [name, phone, medicines] = SECRETS;
    let mut values = json!({
        "CF.case_token": "H-17", "CF.name": name, "CF.age_band": "40_59", "CF.phone": phone, "CF.language": "Krio",
        "CF.need": need,
    });
    if let Some(values) = values.as_object_mut() {
        if need == "SV07" {
            values.insert(String::from("CF.medication"), json!(medicines));
        }
        values.extend(more.iter().map(|(field, value)| ((*field).to_owned(), json!(value))));
    }
    json!({ "form": "CF", "version": "1", "values": values })
}

fn filled(template: &str, words: &[(&str, String)]) -> Result<Value, CliError> {
    let text = words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value));
    serde_json::from_str(&text).map_err(|error| broken(error.to_string()))
}

/// Four groups of four digits: easy to say on a telephone.
fn code() -> String {
    let groups = (0..4).map(|_| {
        let mut random = [0_u8; 2];
        SystemIds.random(&mut random);
        format!("{:04}", u16::from_le_bytes(random).checked_rem(10_000).unwrap_or_default())
    });
    groups.collect::<Vec<_>>().join("-")
}
