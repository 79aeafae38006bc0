//! Referrals as people read them.

use serde_json::Value;

use super::{correct, notes};
use crate::{
    cli::{
        CliError, Output,
        home::Home,
        packet::{held_of, held_sentence},
        policy,
        session::{Names, Session, part, text},
    },
    kernel::id::{OrganisationId, ReferralId},
};

/// Lists a tray.
pub(super) async fn list(home: &Home, (tray, ended): (&str, bool), output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let rows = session.hub.all(&format!("/api/v1/referrals?tray={tray}&ended={ended}")).await?;
    let names = session.names(rows.iter().flat_map(sides)).await?;
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return format!("Nothing in {tray}.");
        }
        let line = |row: &Value| format!("{}\n  {}", stands(row), between(row, &names));
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// Shows one with its events.
pub(super) async fn one(home: &Home, referral: ReferralId, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let found = session.hub.get(&format!("/api/v1/referrals/{referral}")).await?.body;
    let left = session.hub.get(&format!("/api/v1/referrals/{referral}/notes")).await?.body;
    let names = session.names(sides(&found)).await?;
    output.data(&found, |found| {
        let mut lines = vec![stands(found), between(found, &names)];
        lines.extend(notes::warning(&left));
        lines.extend(held_of(found).iter().map(held_sentence));
        if let Some(party) = found.get("party") {
            lines.push(format!("Person {}, first packet {}", text(party, "subject"), text(party, "packet")));
            for (name, label) in [("appointment", "Appointment"), ("day", "Day"), ("note", "Note in packet")]
            {
                if !text(party, name).is_empty() {
                    lines.push(format!("{label}: {}", text(party, name)));
                }
            }
        }
        for wrong in found.get("corrections").and_then(Value::as_array).into_iter().flatten() {
            let who = part(wrong, "organisation").map_or_else(|_ignored| String::new(), |id| names.of(id));
            lines.push(format!("To put right by {who}: {}", correct::line(wrong)));
        }
        lines.push(String::new());
        for event in found.get("timeline").and_then(Value::as_array).into_iter().flatten() {
            lines.push(happened(event, &names));
        }
        lines.join("\n")
    })
}

fn sides(row: &Value) -> Vec<OrganisationId> {
    ["sender", "recipient"].iter().filter_map(|side| part(row, side).ok()).collect()
}

fn between(row: &Value, names: &Names) -> String {
    let name = |side| part(row, side).map_or_else(|_ignored| String::new(), |id| names.of(id));
    let service = text(row, "service");
    let label = policy::service(service);
    format!(
        "{} to {}, {service} {label}, {}, since {}",
        name("sender"),
        name("recipient"),
        text(row, "urgency"),
        text(row, "submitted_at")
    )
}

/// Where a referral stands, in a sentence: state and reason, loop, flags, and what is due.
pub(super) fn stands(row: &Value) -> String {
    let mut line = format!("{}: {}", text(row, "id"), text(row, "state"));
    if !text(row, "reason").is_empty() {
        line = format!("{line} ({})", text(row, "reason"));
    }
    line = format!("{line}, loop {}", text(row, "loop"));
    for (flag, is_set) in row.get("flags").and_then(Value::as_object).into_iter().flatten() {
        if is_set == true {
            line = format!("{line}, {flag}");
        }
    }
    for due in row.get("due").and_then(Value::as_array).into_iter().flatten() {
        let late = if text(due, "overdue_since").is_empty() { "due" } else { "OVERDUE since" };
        line = format!("{line}; {} {late} {}", text(due, "what"), text(due, "due"));
    }
    line
}

fn happened(event: &Value, names: &Names) -> String {
    let who = text(event, "issuer").parse().map_or_else(
        |_no_organisation| text(event, "issuer").to_owned(),
        |organisation| names.of(organisation),
    );
    let reason = match text(event, "reason") {
        "" => String::new(),
        code => format!(" ({code})"),
    };
    format!(
        "{} {}{reason} by {who} as {}: {}, loop {}",
        text(event, "occurred_at"),
        text(event, "move"),
        text(event, "role"),
        text(event, "state"),
        text(event, "loop")
    )
}
