//! An agreement as people read it: who may send what to whom for what, until when, and how it stands.

use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, files, policy,
        session::{Names, Session, part, text},
    },
    stands, unusable,
};
use crate::{
    agreements::{Document, Flow, OnwardRule, Retention},
    kernel::Digest,
    policy::Trigger,
};

/// Shows a file.
pub(super) fn file(path: &str, output: &Output) -> Result<(), CliError> {
    let bytes = files::bytes(path)?;
    let document = Document::parse(&bytes).map_err(|error| unusable(error.to_string()))?;
    output.data(&json!({ "digest": Digest::of(&bytes), "document": document }), |_| {
        format!("A file; how it stands is known at the hub.\n{}", told(&document, &Names::default()))
    })
}

/// Shows what the hub has.
pub(super) async fn detail(session: &Session<'_>, found: &Value, output: &Output) -> Result<(), CliError> {
    let bytes: String = part(found, "document")?;
    let document = Document::parse(bytes.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    let names = session.names(document.signatories()).await?;
    output.data(found, |found| {
        format!("{}\n{}{}", stands(found), told(&document, &names), signed(found, &document, &names))
    })
}

/// The document in sentences.
pub(super) fn told(document: &Document, names: &Names) -> String {
    let mut lines = vec![String::from("\nBetween")];
    for party in &document.parties {
        lines.push(format!("  {} ({}), {}", party.legal_name.as_str(), party.org, party.country));
    }
    lines.push(format!("Valid from {} until {}", document.validity.from, document.validity.until));
    for flow in &document.flows {
        lines.extend(direction(flow, names));
    }
    lines.push(String::new());
    for retention in &document.retention {
        lines.push(kept(retention));
    }
    for open in &document.sensitive.categories {
        let label = policy::category(&open.category).unwrap_or_default();
        lines.push(format!("Opened: {} {label}. Protected by: {}", open.category, open.safeguard.as_str()));
    }
    for open in &document.sensitive.fields {
        lines.push(format!(
            "Opened by itself, with two approvals, for {}: {} {}",
            open.role,
            open.field,
            policy::field(&open.field).unwrap_or_default()
        ));
    }
    let children = if document.children.included { "may flow" } else { "may not flow" };
    lines.push(format!("Children's data {children}."));
    lines.push(String::from(match document.onward.rule {
        OnwardRule::None => "Nothing may be passed on.",
        OnwardRule::SameLegalPerson => {
            "It may be passed on within the same legal person, if the person agrees."
        }
        OnwardRule::Listed => "It may be passed on to listed organisations, if the person agrees.",
    }));
    lines.push(String::from("A field that is not listed does not flow."));
    lines.join("\n")
}

fn direction(flow: &Flow, names: &Names) -> Vec<String> {
    let services: Vec<String> =
        flow.services.iter().map(|code| format!("{code} {}", policy::service(code.as_str()))).collect();
    let mut lines = vec![format!(
        "\n{} may send to {}, for {}",
        names.of(flow.from),
        names.of(flow.to),
        services.join("; ")
    )];
    for purpose in &flow.purposes {
        let why = policy::purpose(&purpose.purpose).unwrap_or_default();
        lines.push(format!("  for {} {why}", purpose.purpose));
        for item in &purpose.items {
            let label = policy::field(&item.field).unwrap_or_default();
            lines.push(format!("    {:<22} {label}: {}", item.field, item.reason.as_str()));
        }
    }
    lines
}

fn kept(retention: &Retention) -> String {
    let from = match retention.trigger {
        Trigger::Received => "receipt",
        Trigger::PurposeFulfilled => "the end of the purpose",
    };
    format!(
        "Kept for {} at most {} days from {from}, and never longer than {} days",
        retention.purpose, retention.days, retention.ceiling_days
    )
}

fn signed(found: &Value, document: &Document, names: &Names) -> String {
    let signatures: Vec<Value> = part(found, "signatures").unwrap_or_default();
    let mut lines = vec![String::from("\n\nSignatures")];
    for party in document.signatories() {
        let one = signatures.iter().find(|signature| text(signature, "organisation") == party.to_string());
        lines.push(match one {
            Some(one) => format!(
                "  {}: {} ({}), {}; {}",
                names.of(party),
                text(one, "signatory"),
                text(one, "office"),
                text(one, "at"),
                text(one, "authority")
            ),
            None => format!("  {}: missing", names.of(party)),
        });
    }
    if let Some(changes) = found.get("changes") {
        let wider = changes.get("wider").and_then(Value::as_array).map_or(0, Vec::len);
        lines.push(format!(
            "Wider than the version before in {wider} place(s); what is wider needs new permissions."
        ));
    }
    lines.join("\n")
}
