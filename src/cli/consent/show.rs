//! Consents as the staff reads them: how each stands today, and every answer by itself.

use serde_json::{Value, json};

use super::{
    super::{CliError, Output, policy, session::Names},
    Held,
    records::TakenBack,
    untold::{Wish, Wishes},
};
use crate::{
    consent::{Choice, Effect, GrantLine, Named, Operation, Record, Status},
    kernel::{
        Timestamp,
        time::{Clock as _, SystemClock},
    },
    policy::{CategoryCode, FieldId, PurposeCode},
};

/// How a consent stands at a moment, whatever was written into it when it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Every answer is a yes that holds.
    Given(Timestamp),
    /// Some answers are a yes that holds, others a no or have ended.
    InPart(Timestamp),
    /// A yes that has not begun.
    NotBegun(Timestamp),
    /// Every yes has ended.
    Ended(Timestamp),
    /// The person said yes to nothing.
    Refused,
    /// It is not a consent one may rely on: its own status says so.
    As(Status),
}

impl Stands {
    const fn word(self) -> &'static str {
        match self {
            Self::Given(_) => "given",
            Self::InPart(_) => "given_in_part",
            Self::NotBegun(_) => "not_begun",
            Self::Ended(_) => "expired",
            Self::Refused => "refused",
            Self::As(status) => status.name(),
        }
    }

    /// In words.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::Given(until) => format!("given, until {until}"),
            Self::InPart(until) => format!("given in part, until {until}"),
            Self::NotBegun(from) => format!("not begun, from {from}"),
            Self::Ended(since) => format!("expired since {since}"),
            Self::Refused => String::from("refused"),
            Self::As(status) => status.name().to_owned(),
        }
    }
}

/// How a record stands.
pub(super) fn standing(record: &Record, at: Timestamp) -> Stands {
    if record.status == Status::Refused || (record.status.allows_disclosure() && record.is_refusal()) {
        return Stands::Refused;
    }
    if !record.status.allows_disclosure() {
        return Stands::As(record.status);
    }
    let yes = || record.lines.iter().map(|answer| &answer.line).filter(|line| line.effect == Effect::Permit);
    let open = yes().filter(|line| line.holds_at(at)).map(|line| line.until).max();
    let all =
        record.lines.iter().all(|answer| answer.line.effect == Effect::Permit && answer.line.holds_at(at));
    match open {
        Some(until) if all => Stands::Given(until),
        Some(until) => Stands::InPart(until),
        None => match yes().map(|line| line.from).filter(|from| at < *from).min() {
            Some(from) => Stands::NotBegun(from),
            None => Stands::Ended(yes().map(|line| line.until).max().unwrap_or(at)),
        },
    }
}

/// How what is held of a consent stands: what the person took back since the record was taken counts.
pub(super) fn stands(held: &Held, at: Timestamp) -> Result<Stands, CliError> {
    if held.is_taken_back()? { Ok(Stands::As(Status::Withdrawn)) } else { Ok(standing(&held.current()?, at)) }
}

/// How one answer stands.
fn answer(line: &GrantLine, at: Timestamp) -> &'static str {
    match (line.effect, line.holds_at(at)) {
        (Effect::Permit, true) => "yes",
        (Effect::Permit, false) if at < line.from => "yes, not begun",
        (Effect::Permit, false) => "yes, ended",
        (Effect::Deny, true) => "no",
        (Effect::Deny, false) => "no, outside its time",
    }
}

/// What a list tells of a consent: codes, times and numbers.
pub(super) fn summary(held: &Held) -> Result<Value, CliError> {
    let (record, now) = (held.current()?, SystemClock.now());
    let of = |effect| record.lines.iter().filter(|answer| answer.line.effect == effect).count();
    let stands = stands(held, now)?;
    let mut told = json!({
        "id": record.id, "version": record.version, "digest": held.digest(), "subject": record.subject,
        "status": record.status, "standing": stands.word(), "collected_at": record.collected.at,
        "yes": of(Effect::Permit), "no": of(Effect::Deny), "certificates": held.certificates().len(),
        "taken_back": held.taken_back()?,
    });
    if let (Stands::Given(until) | Stands::InPart(until) | Stands::Ended(until), Some(members)) =
        (stands, told.as_object_mut())
    {
        members.insert(String::from("until"), json!(until));
    }
    Ok(told)
}

/// Lists consents.
pub(super) fn list(all: &[Held], output: &Output) -> Result<(), CliError> {
    let rows = all.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
    let mut lines = Vec::new();
    for held in all {
        let record = held.current()?;
        let yes = record.lines.iter().filter(|answer| answer.line.effect == Effect::Permit).count();
        lines.push(format!(
            "{} version {} of {}: {} ({yes} yes, {} no)",
            record.id,
            record.version,
            record.collected.at.datetime().format("%Y-%m-%d"),
            stands(held, SystemClock.now())?.sentence(),
            record.lines.len().saturating_sub(yes)
        ));
    }
    output.data(&rows, |_| {
        if lines.is_empty() {
            return String::from("No consents are kept here. Begin with: throughline consent template");
        }
        lines.join("\n")
    })
}

/// Shows one consent whole. That it shows what the person said is what it is for.
pub(super) fn one(
    held: &Held,
    (wishes, names): (Vec<Wishes>, &Names),
    output: &Output,
) -> Result<(), CliError> {
    let (record, now) = (held.current()?, SystemClock.now());
    let (stands, taken_back) = (stands(held, now)?, held.taken_back()?);
    let mut shown = summary(held)?;
    if let Some(members) = shown.as_object_mut() {
        let answers: Vec<&str> = record.lines.iter().map(|one| answer(&one.line, now)).collect();
        members.insert(String::from("answers"), json!(answers));
        members.insert(String::from("record"), json!(record));
        let issued = held.certificates().iter().map(|one| {
            json!({
                "id": one.id, "recipient": one.recipient, "version": one.version, "at": one.at, "until": one.until,
                "registered": one.registered,
            })
        });
        members.insert(String::from("issued"), issued.collect());
        members.insert(String::from("passed_on"), json!(wishes));
    }
    output.data(&shown, |_| {
        let mut lines = vec![
            format!("{} version {}: {}", record.id, record.version, stands.sentence()),
            format!("Digest {}", held.digest()),
            format!(
                "Person {}; taken {} at {}, by {}",
                record.subject,
                record.collected.at,
                record.collected.place.expose(),
                record.collected.by
            ),
        ];
        for (n, one) in record.lines.iter().enumerate() {
            lines.push(format!("\n{}. {}", n.saturating_add(1), answer(&one.line, now).to_uppercase()));
            lines.extend(of_line(&one.line, names).into_iter().map(|line| format!("   {line}")));
            if let Some(condition) = &one.condition {
                lines.push(format!("   Handled so: {}", condition.expose()));
            }
        }
        lines.push(String::from("\nWhat was not asked is a no."));
        lines.push(format!(
            "Counting: {}. Research: {}.",
            choice(record.statistics),
            choice(record.research)
        ));
        lines.extend(record.contact_conditions.iter().map(reach));
        for one in held.certificates() {
            let at_hub = if one.registered.is_some() { "registered" } else { "not registered" };
            lines.push(format!(
                "Certificate {} for {}, until {}, {at_hub}",
                one.id,
                names.of(one.recipient),
                one.until
            ));
        }
        lines.extend(taken_back.iter().map(|one| format!("Taken back {}", taken(one, names))));
        lines.extend(wishes.iter().map(said));
        lines.join("\n")
    })
}

/// Shows what the person of a referral said about telling whoever sent it.
pub(super) fn said_of(wishes: &Wishes, output: &Output) -> Result<(), CliError> {
    output.data(wishes, said)
}

/// What a person said about telling whoever sent a referral, the last first.
fn said(wishes: &Wishes) -> String {
    let line = |heard: &super::untold::Heard| {
        let by = heard.by.map_or(String::new(), |staff| format!(", heard by {staff}"));
        let wish = match heard.wish {
            Wish::Untold => "is not to hear that it is passed on",
            Wish::Told => "may hear that it is passed on",
        };
        format!("Whoever sent {} {wish}: said by {} on {}{by}", wishes.referral, wishes.subject, heard.at)
    };
    wishes.heard.iter().rev().map(line).collect::<Vec<_>>().join("\n  before that: ")
}

/// What was taken back, and when, in words.
pub(super) fn taken(one: &TakenBack, names: &Names) -> String {
    let extent = &one.extent;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(extent.recipient.map(|org| format!("what {} may have", names.of(org))));
    parts.extend(extent.purpose.as_ref().map(|code| format!("what is for: {}", purpose(code))));
    parts.extend(extent.categories.iter().map(category));
    parts.extend(extent.fields.iter().map(field));
    let what = if parts.is_empty() { String::from("everything") } else { parts.join(", ") };
    format!("{}: {what}", day(one.at))
}

fn purpose(code: &PurposeCode) -> String {
    policy::purpose(code).map_or_else(|| code.to_string(), str::to_owned)
}

fn category(code: &CategoryCode) -> String {
    policy::category(code).map_or_else(|| code.to_string(), str::to_owned)
}

fn field(id: &FieldId) -> String {
    policy::field(id).map_or_else(|| id.to_string(), str::to_owned)
}

fn reach(condition: &crate::consent::ContactCondition) -> String {
    let more = [&condition.when, &condition.who_may_answer];
    let more: Vec<&str> = more.into_iter().flatten().map(crate::consent::Private::expose).collect();
    let word =
        condition.code_word.as_ref().map_or(String::new(), |word| format!("; code word {}", word.expose()));
    format!("Reached by {}: {}{word}", condition.channel.expose(), more.join("; "))
}

/// Yes, no, or not asked.
pub(super) const fn choice(choice: Choice) -> &'static str {
    match choice {
        Choice::Permit => "yes",
        Choice::Deny => "no",
        Choice::NotAsked => "not asked, so no",
    }
}

/// What an answer is about: to whom, for what, which data, until when.
pub(super) fn of_line(line: &GrantLine, names: &Names) -> Vec<String> {
    let who = match &line.recipient {
        Named::All => String::from("Everybody"),
        Named::One(one) => names.of(*one),
    };
    let purpose = match &line.purpose {
        Named::All => String::from("whatever the reason"),
        Named::One(code) => purpose(code),
    };
    let service = line.service.as_ref().map(|code| policy::service(code.as_str()));
    let service =
        service.filter(|label| !label.is_empty()).map_or(String::new(), |label| format!(" ({label})"));
    let mut lines = vec![format!("{who}. For: {purpose}{service}")];
    lines.extend(line.scope.categories.iter().map(|code| format!("  - {}", category(code))));
    lines.extend(line.scope.fields.iter().map(|id| format!("  - by itself: {}", field(id))));
    lines.extend(line.exclude.iter().map(|id| format!("  - but not: {}", field(id))));
    lines.push(format!("From {} until {}", day(line.from), day(line.until)));
    if line.effect == Effect::Permit {
        lines.extend(may(line, names));
    }
    lines
}

fn may(line: &GrantLine, names: &Names) -> Vec<String> {
    let told = |operation| match operation {
        Operation::Disclose => "They may be told this.",
        Operation::FollowUpContact => "They may contact the person again.",
        Operation::FeedbackReturn => "They may say what became of it.",
    };
    let mut lines: Vec<String> = line.operations.iter().map(|one| told(*one).to_owned()).collect();
    let onward: Vec<String> = line.onward.iter().map(|org| names.of(*org)).collect();
    lines.push(if onward.is_empty() {
        String::from("They may not pass it on.")
    } else {
        format!("They may pass it on to {} only.", onward.join(", "))
    });
    lines
}

/// A day as people write it.
pub(super) fn day(at: Timestamp) -> String {
    at.datetime().format("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = include_str!("../../../schemas/consent/examples/valid/record.v1.thumbprint.json");

    fn stands(at: &str, edit: impl FnOnce(&mut Value)) -> &'static str {
        let mut record: Value = serde_json::from_str(RECORD).unwrap();
        edit(&mut record);
        let record = Record::parse(record.to_string().as_bytes()).unwrap();
        standing(&record, at.parse().unwrap()).word()
    }

    #[test]
    fn how_a_consent_stands_is_told_by_its_answers_and_not_by_its_label() {
        let noon = "2026-03-01T12:00:00Z";
        assert_eq!(stands(noon, |_| {}), "given_in_part");
        assert_eq!(stands("2026-02-01T00:00:00Z", |_| {}), "not_begun");
        assert_eq!(stands("2026-09-01T00:00:00Z", |_| {}), "expired", "although the file says given");
        let only_yes = |r: &mut Value| drop(r["lines"].as_array_mut().unwrap().pop());
        assert_eq!(stands(noon, only_yes), "given");
        assert_eq!(stands("2026-07-01T00:00:00Z", only_yes), "given_in_part", "one of two has ended");
        let only_no = |r: &mut Value| drop(r["lines"].as_array_mut().unwrap().drain(..2));
        assert_eq!(stands(noon, only_no), "refused");
        assert_eq!(stands(noon, |r| r["status"] = "withdrawn".into()), "withdrawn");
        assert_eq!(stands(noon, |r| r["status"] = "requested".into()), "requested");
    }
}
