//! `throughline packet held`: what this organisation sent and the hub holds back, and why.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    cli::{
        CliError, Output,
        home::Home,
        output::denial,
        session::{Session, part, text},
    },
    kernel::id::PacketId,
};

/// Lists every packet of this organisation that is held back now. The notices tell which were ever.
pub(super) async fn held(home: &Home, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let notices = session.hub.all("/api/v1/notices").await?;
    let told = notices.iter().filter(|notice| text(notice, "topic") == "packet.held");
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for told in told.filter_map(|notice| notice.get("payload")) {
        let packet: PacketId = part(told, "packet")?;
        if !seen.insert(packet) {
            continue;
        }
        if let Some(denials) = why(&session, packet).await? {
            rows.push(json!({ "packet": packet, "referral": told.get("referral"), "denials": denials }));
        }
    }
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from("Nothing is held back.");
        }
        let line = |row: &Value| {
            let denials = row.get("denials").unwrap_or_default();
            sentence((text(row, "packet"), text(row, "referral")), denials)
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// What a packet of ours is held back for at present; nothing when it is not, or is not ours.
pub(in crate::cli) async fn why(session: &Session<'_>, packet: PacketId) -> Result<Option<Value>, CliError> {
    let evidence = session.hub.get(&format!("/api/v1/packets/{packet}/evidence")).await?.body;
    let waits = evidence.get("purged").is_none_or(Value::is_null);
    Ok(evidence.get("held").filter(|held| waits && !held.is_null()).cloned())
}

/// Why, and what to do.
pub(in crate::cli) fn sentence((packet, referral): (&str, &str), denials: &Value) -> String {
    let codes: String = denials.as_array().into_iter().flatten().map(denial).collect();
    format!(
        "{packet} is held back from its recipient since they asked for it:{codes}\n  When that no longer stands against it, they get it by \
         asking again. Otherwise give it up and seal again what may pass: throughline referral cancel {referral} --reason CX01"
    )
}
