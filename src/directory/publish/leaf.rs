//! One service as a case worker reads it: for whom, how to reach it, when and where, what a referral needs.
//!
//! It is made of the document that the viewer may see, so what is withheld from them is not in it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;
use uuid::Uuid;

use super::{hours, words};
use crate::{
    access::Actor,
    directory::{Depth, DirectoryError, Kind, Tongue, eligibility::Whom, list::find_as_given, tongue::Told},
    kernel::Timestamp,
    storage::Db,
};

/// One service as people read it. Texts of the provider, in the language that was asked for where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// Whom it takes, wherever it is.
    pub whom: Whom,
    /// Telephones of the service and its organisation.
    pub telephones: Vec<String>,
    /// E-mail address of the service.
    pub email: Option<String>,
    /// Languages that are spoken.
    pub languages: Vec<Spoken>,
    /// Papers that are asked for.
    pub papers: Vec<PaperAsked>,
    /// Who can refer, in the codes of the profile: `self`, `member`, `professional`. Empty where nobody said.
    pub referrers: Vec<String>,
    /// What it costs.
    pub costs: Vec<String>,
    /// When it is open, wherever it is.
    pub hours: Vec<String>,
    /// Where it is offered.
    pub places: Vec<Spot>,
    /// Whether it says that it takes urgent referrals; nothing where nobody said. Whether somebody is on call is another question.
    pub takes_urgent: Option<bool>,
    /// How one refers to it, first choice first: what is done next.
    pub channels: Vec<Channel>,
    /// What keeps people away.
    pub barriers: Vec<String>,
}

/// A place where a service is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Its name.
    pub name: String,
    /// Its address in one line; empty when there is none, or the viewer may not know it.
    pub address: String,
    /// How to come there.
    pub transport: String,
    /// Whom beside that it takes here.
    pub whom: Whom,
    /// When it is open.
    pub hours: Vec<String>,
    /// Telephones of the place.
    pub telephones: Vec<String>,
}

/// A language that is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Its name; empty where it is said of a sign language alone.
    pub name: String,
    /// Whether an interpreter is needed, and is there.
    pub via_interpreter: bool,
    /// Whether it is a sign language.
    pub is_signed: bool,
}

/// A paper that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaperAsked {
    /// What it is called.
    pub name: String,
    /// Whether another one is taken instead; nothing where nobody said.
    pub has_alternative: Option<bool>,
    /// Whether it can be done without.
    pub is_waivable: bool,
}

/// A way to refer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The word for it, such as `phone`.
    pub channel: String,
    /// Where.
    pub address: String,
    /// When.
    pub hours: String,
    /// What happens next.
    pub next_step: String,
    /// How long an answer takes.
    pub response_time: String,
}

/// One service as whoever asks may read it.
pub fn leaf(
    db: &mut Db<'_>,
    actor: &Actor,
    (id, lang): (Uuid, Option<&Tongue>),
    now: Timestamp,
) -> Result<Leaf, DirectoryError> {
    let document = find_as_given(db, (actor, now), (Kind::Service, Depth::Full, lang), id)?;
    Ok(of_document(&document, lang, now.datetime().date_naive()))
}

fn of_document(service: &Value, lang: Option<&Tongue>, today: NaiveDate) -> Leaf {
    let organisation = service.get("organization").unwrap_or(&Value::Null);
    let mut telephones: Vec<String> =
        many(service, "phones").chain(many(organisation, "phones")).map(telephone).collect();
    telephones.dedup();
    let opens = |owner: &Value| opening(owner, lang, today);
    let spot = |at: &Value| {
        let location = at.get("location").unwrap_or(&Value::Null);
        let (mut hours, mut theirs) = (opens(at), opens(location));
        hours.append(&mut theirs);
        Spot {
            name: text(location, "name"),
            address: many(location, "addresses").map(address).next().unwrap_or_default(),
            transport: text(location, "transportation"),
            whom: whom(at),
            hours,
            telephones: many(at, "phones").chain(many(location, "phones")).map(telephone).collect(),
        }
    };
    let mut channels: Vec<(String, Channel)> = many(service, "referral_channels")
        .map(|row| {
            let channel = Channel {
                channel: text(row, "channel"),
                address: text(row, "address"),
                hours: text(row, "hours"),
                next_step: text(row, "next_step"),
                response_time: text(row, "response_time"),
            };
            (text(row, "order"), channel)
        })
        .collect();
    channels.sort_by(|(one, _), (other, _)| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    Leaf {
        whom: whom(service).with(
            &cells(service),
            Some(text(service, "eligibility_description")).filter(|words| !words.is_empty()),
        ),
        telephones,
        email: Some(text(service, "email")).filter(|email| !email.is_empty()),
        languages: many(service, "languages")
            .map(spoken)
            .filter(|spoken| spoken.is_signed || !spoken.name.is_empty())
            .collect(),
        papers: many(service, "required_documents")
            .map(paper)
            .filter(|paper| !paper.name.is_empty())
            .collect(),
        referrers: text(service, "who_can_refer")
            .split(',')
            .map(|code| code.trim().to_owned())
            .filter(|code| !code.is_empty())
            .collect(),
        costs: many(service, "cost_options").map(cost).filter(|text| !text.is_empty()).collect(),
        hours: opens(service),
        places: many(service, "service_at_locations").map(spot).collect(),
        takes_urgent: takes_urgent(service),
        channels: channels.into_iter().map(|(_, channel)| channel).collect(),
        barriers: many(service, "access_barriers")
            .map(|row| first(row, &["description", "barrier_type"]))
            .filter(|text| !text.is_empty())
            .collect(),
    }
}

/// Whom the rules of a row say that it takes.
fn whom(owner: &Value) -> Whom {
    let rules: Vec<BTreeMap<String, String>> = many(owner, "eligibility_rules").map(cells).collect();
    Whom::of_rules(rules.iter().map(|cells| (cells, cells.get("text").cloned())))
}

/// What stands in a row, without what is empty.
fn cells(row: &Value) -> BTreeMap<String, String> {
    let names = row.as_object().into_iter().flat_map(|row| row.keys());
    names.map(|name| (name.clone(), text(row, name))).filter(|(_, text)| !text.is_empty()).collect()
}

fn many<'a>(owner: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    owner.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn first(row: &Value, names: &[&str]) -> String {
    names.iter().map(|name| text(row, name)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// What a column says that says yes or no.
fn yes_or_no(row: &Value, name: &str) -> Option<bool> {
    match text(row, name).as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// What the requirements say of urgent referrals; one that says yes counts before one that says no.
fn takes_urgent(service: &Value) -> Option<bool> {
    let said = many(service, "referral_requirements").filter_map(|row| yes_or_no(row, "accepts_emergency"));
    said.max()
}

fn spoken(row: &Value) -> Spoken {
    Spoken {
        name: first(row, &["name", "code"]),
        via_interpreter: yes_or_no(row, "via_interpreter") == Some(true),
        is_signed: yes_or_no(row, "sign_language") == Some(true),
    }
}

fn paper(row: &Value) -> PaperAsked {
    PaperAsked {
        name: text(row, "document"),
        has_alternative: yes_or_no(row, "alternative_accepted"),
        is_waivable: yes_or_no(row, "waivable") == Some(true),
    }
}

fn telephone(row: &Value) -> String {
    let (number, extension) = (text(row, "number"), text(row, "extension"));
    if extension.is_empty() { number } else { format!("{number} ext. {extension}") }
}

fn address(row: &Value) -> String {
    let parts = ["address_1", "address_2", "city", "region", "state_province", "postal_code"];
    let mut parts: Vec<String> =
        parts.iter().map(|name| text(row, name)).filter(|part| !part.is_empty()).collect();
    parts.dedup();
    parts.join(", ")
}

fn cost(row: &Value) -> String {
    let said = first(row, &["amount_description", "option"]);
    let amount = [text(row, "amount"), text(row, "currency")].join(" ");
    if said.is_empty() { amount.trim().to_owned() } else { said }
}

fn opening(owner: &Value, lang: Option<&Tongue>, today: NaiveDate) -> Vec<String> {
    let words = words::of(lang);
    let said = many(owner, "schedules").filter_map(|row| {
        let cells = cells(row);
        if !hours::is_current(&cells, today) {
            return None;
        }
        let description = text(row, "description");
        let times = hours::Times::new(&cells, Told { text: description.clone(), ..Told::default() }, today);
        let parts = [times.say(words), description];
        Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". "))
    });
    let mut said: Vec<String> = said.filter(|text| !text.is_empty()).collect();
    said.dedup();
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::directory::eligibility::{Attribute, Said};

    #[test]
    fn a_document_becomes_what_people_read() {
        let document = json!({
            "name": "House", "eligibility_description": "not said twice", "maximum_age": 29,
            "eligibility_rules": [
                {"attribute": "sex", "operator": "in", "values": "female", "kind": "required", "text": "women"},
                {"attribute": "health", "operator": "exists", "kind": "excluded"},
            ],
            "phones": [{"number": "1", "extension": 7}], "organization": {"phones": [{"number": "2"}]},
            "schedules": [{"freq": "WEEKLY", "byday": "MO", "opens_at": "08:00", "closes_at": "12:00"}],
            "service_at_locations": [{"eligibility_rules": [{"attribute": "everybody", "operator": "exists", "kind": "required"}], "location": {"name": "Harbour", "addresses": [{"address_1": "1 Quay", "city": "Selam"}]}}],
            "referral_channels": [{"channel": "email", "order": 10}, {"channel": "phone", "order": "2"}],
            "referral_requirements": [{"form": "F1"}, {"accepts_emergency": "no"}, {"accepts_emergency": "yes"}],
            "who_can_refer": "self, professional",
            "languages": [
                {"name": "Tigrinya", "code": "ti", "via_interpreter": "yes", "sign_language": "no"},
                {"sign_language": "yes"}, {"via_interpreter": "yes"},
            ],
            "required_documents": [
                {"document": "Passport", "alternative_accepted": "yes"},
                {"document": "Permit", "alternative_accepted": "no", "waivable": "yes"}, {"waivable": "yes"},
            ],
        });
        let leaf = of_document(&document, None, NaiveDate::from_ymd_opt(2026, 3, 2).unwrap());
        let age = Said::Age { from: None, to: Some(359) };
        assert_eq!(leaf.whom.takes, [[age, Said::Text(String::from("women"))]]);
        assert_eq!(leaf.whom.refuses, [[Said::Any(Attribute::Health)]]);
        assert_eq!(leaf.places[0].whom.takes, [[Said::Everybody]]);
        assert_eq!(leaf.telephones, ["1 ext. 7", "2"]);
        assert_eq!(leaf.places[0].address, "1 Quay, Selam");
        assert_eq!(
            leaf.channels.iter().map(|way| way.channel.as_str()).collect::<Vec<_>>(),
            ["phone", "email"]
        );
        assert!(leaf.hours[0].contains("08:00"), "{:?}", leaf.hours);
        assert_eq!(leaf.referrers, ["self", "professional"]);
        assert_eq!(
            (leaf.takes_urgent, of_document(&json!({}), None, NaiveDate::MIN).takes_urgent),
            (Some(true), None)
        );
        let spoken = leaf.languages.iter().map(|one| (&*one.name, one.via_interpreter, one.is_signed));
        assert_eq!(spoken.collect::<Vec<_>>(), [("Tigrinya", true, false), ("", false, true)]);
        let papers = leaf.papers.iter().map(|one| (&*one.name, one.has_alternative, one.is_waivable));
        let expected = [("Passport", Some(true), false), ("Permit", Some(false), true)];
        assert_eq!(papers.collect::<Vec<_>>(), expected);
    }
}
