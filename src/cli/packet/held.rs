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
    kernel::id::ReferralId,
};

/// Lists every packet of this organisation that is held back now. The notices tell which ever were.
pub(super) async fn held(home: &Home, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let notices = session.hub.all("/api/v1/notices").await?;
    let told = notices.iter().filter(|notice| text(notice, "topic") == "packet.held");
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for told in told.filter_map(|notice| notice.get("payload")) {
        let referral: ReferralId = part(told, "referral")?;
        if seen.insert(referral) {
            rows.extend(of(&session.hub.get(&format!("/api/v1/referrals/{referral}")).await?.body));
        }
    }
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from("Nothing is held back.");
        }
        rows.iter().map(sentence).collect::<Vec<_>>().join("\n")
    })
}

/// What is held back of a referral, as the hub shows it to whoever handed it in.
pub(in crate::cli) fn of(referral: &Value) -> Vec<Value> {
    let party = referral.get("party").unwrap_or_default();
    let held = party.get("held").and_then(Value::as_array).into_iter().flatten();
    let row = |held: &Value| {
        json!({
            "packet": held.get("packet"), "referral": referral.get("id"), "begins": held.get("packet") == party.get("packet"),
            "denials": held.get("denials"),
        })
    };
    held.map(row).collect()
}

/// Why, and what to do.
pub(in crate::cli) fn sentence(held: &Value) -> String {
    let denials = held.get("denials").and_then(Value::as_array).into_iter().flatten();
    let codes: String = denials.map(denial).collect();
    let otherwise = if held.get("begins") == Some(&json!(true)) {
        let cancel = format!("throughline referral cancel {} --reason CX01", text(held, "referral"));
        format!("Otherwise give it up and seal again what may pass: {cancel}")
    } else {
        String::from("Otherwise seal again what may pass; the hub deletes this one when its time is up.")
    };
    format!(
        "{} is held back from its recipient since they asked for it:{codes}\n  When that no longer stands against it, they get it by \
         asking again. {otherwise}",
        text(held, "packet")
    )
}
