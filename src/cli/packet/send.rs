//! Hand packets in, see what waits, fetch. What the node says it took is believed only when it is signed with the key this gateway
//! knows, and is about these very bytes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, consent, files,
        home::Home,
        known::node_key,
        referral::add_child,
        session::{Session, part, text},
    },
    receipt_beside,
};
use crate::{
    crypto::VerifyingKey,
    kernel::{
        Code, Fault,
        id::{OrganisationId, PacketId, ReferralId},
    },
    packets::{Inspection, MEDIA_TYPE, PacketFault, PacketKind, Receipt, ReceiptEvent, inspect},
};

/// Hands a packet in and keeps the node's receipt.
pub(super) async fn send(
    home: &Home,
    (packet, reports_known): (&Path, bool),
    output: &Output,
) -> Result<(), CliError> {
    let body = files::bytes(packet)?;
    let seen = inspect(&body)?;
    let passphrase = home.passphrase("Passphrase: ")?;
    if let Some(parent) = seen.envelope.parent.filter(|_| !seen.envelope.att.untold) {
        consent::untold::may_be_told(home, &passphrase, parent)?;
    }
    let session = Session::open_with(home, &passphrase, output).await?;
    let node = node_key(home, &session.hub).await?;
    if seen.envelope.kind == PacketKind::Referral {
        look_who_is_told(&session, &seen, reports_known, output).await?;
    }
    let answer = session.hub.post_bytes("/api/v1/packets", (MEDIA_TYPE, body)).await?.body;
    let token: String = part(&answer, "receipt")?;
    let receipt = believed(&token, &node, &seen)?;
    let file = receipt_beside(packet);
    files::replace(&file, token.as_bytes())?;
    let referral = seen.envelope.referral;
    let shown = json!({
        "packet": seen.envelope.jti, "referral": referral, "received": receipt.moment(), "receipt": file,
        "again": answer.get("again"), "warnings": answer.get("warnings"),
    });
    output.data(&shown, |shown| {
        let warnings: Vec<&str> = shown
            .get("warnings")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let warned =
            if warnings.is_empty() { String::new() } else { format!(" Look at: {}.", warnings.join(", ")) };
        format!(
            "The hub has {} since {}; its receipt is {}.{warned} Next: throughline referral show {referral}",
            seen.envelope.jti,
            receipt.moment(),
            file.display()
        )
    })?;
    // What stands on a referral, its sender reads.
    let told_of = seen.envelope.parent.filter(|_| !seen.envelope.att.untold);
    if let (PacketKind::Referral, Some(parent)) = (seen.envelope.kind, told_of) {
        // The packet is there, whatever becomes of the note.
        if let Err(error) = note_on(parent, referral, &session, &node).await {
            output.say(format!(
                "That it was passed on is not noted on {parent}: {error}. Send it once more to note it."
            ));
        }
    }
    Ok(())
}

/// Says whether the recipient tells the authorities of people who come, before anything is sent. Where it does, somebody must have said that
/// the person knows.
async fn look_who_is_told(
    session: &Session<'_>,
    seen: &Inspection,
    reports_known: bool,
    output: &Output,
) -> Result<(), CliError> {
    let path = format!("/api/v1/services?members_only=true&doubtful=true&service={}", seen.envelope.service);
    let offered = session.hub.all(&path).await?;
    let theirs = offered.iter().filter(|row| {
        part::<OrganisationId>(row, "member").is_ok_and(|member| seen.envelope.aud.contains(&member))
    });
    let told: Vec<&str> = theirs.map(|row| text(row, "reports_to_authorities")).collect();
    if told.contains(&"yes") && !reports_known {
        return Err(CliError::new(
            Code::new("packet.reports_to_authorities", Fault::Refused),
            "the recipient tells the authorities of people who come. Tell the person; if they still want it: --reports-known",
        ));
    }
    if told.contains(&"yes") {
        output.say("The recipient tells the authorities of people who come.");
    } else if told.is_empty() || told.contains(&"unknown") {
        output.say(
            "The directory does not say whether the recipient tells the authorities of people who come: ask.",
        );
    }
    Ok(())
}

/// Notes on the referral that is continued what was passed on from it (T35), once.
async fn note_on(
    parent: ReferralId,
    child: ReferralId,
    session: &Session<'_>,
    node: &Arc<VerifyingKey>,
) -> Result<(), CliError> {
    let noted = session.home.folder("receipts")?.join(format!("{child}.child"));
    if noted.exists() {
        return Ok(());
    }
    add_child(session, parent, child, node).await?;
    files::replace(&noted, parent.to_string().as_bytes())
}

/// Lists what waits.
pub(super) async fn inbox(home: &Home, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let rows = session.hub.all("/api/v1/packets").await?;
    let sender = |row: &Value| part::<OrganisationId>(row, "sender").ok();
    let names = session.names(rows.iter().filter_map(sender)).await?;
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from("No packets wait.");
        }
        let told = |row: &Value| {
            format!(
                "{} {} from {} for {}, received {}, fetch until {}",
                text(row, "id"),
                text(row, "kind"),
                sender(row).map_or_else(String::new, |id| names.of(id)),
                text(row, "referral"),
                text(row, "received"),
                text(row, "expires")
            )
        };
        rows.iter().map(told).collect::<Vec<_>>().join("\n")
            + "\nNext: throughline packet fetch ID --out in.rp1"
    })
}

/// Fetches one packet, and writes it with its receipt.
pub(super) async fn fetch(
    home: &Home,
    packet: PacketId,
    out: &Path,
    output: &Output,
) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let node = node_key(home, &session.hub).await?;
    let (body, token) = session.hub.get_with(&format!("/api/v1/packets/{packet}"), RECEIPT_HEADER).await?;
    let (seen, token) = (inspect(&body)?, token.ok_or(PacketFault::Receipt)?);
    let receipt = believed(&token, &node, &seen)?;
    if seen.envelope.jti != packet {
        return Err(PacketFault::Receipt.into());
    }
    let file: PathBuf = receipt_beside(out);
    files::replace(out, &body)?;
    files::replace(&file, token.as_bytes())?;
    let shown = json!({
        "packet": packet, "referral": seen.envelope.referral, "from": seen.envelope.iss, "received": receipt.moment(),
        "file": out, "receipt": file,
    });
    output.data(&shown, |_| {
        format!(
            "Fetched {packet} into {}; the node's receipt is {}. Next: throughline packet open {}",
            out.display(),
            file.display(),
            out.display()
        )
    })
}

/// The node's receipt, when it is the node's and about this packet.
fn believed(token: &str, node: &Arc<VerifyingKey>, seen: &Inspection) -> Result<Receipt, CliError> {
    let receipt = Receipt::verify(token, node).map_err(|_ignored| PacketFault::Receipt)?;
    let has_it = matches!(receipt.evt, ReceiptEvent::Accepted | ReceiptEvent::Delivered);
    if has_it && receipt.re == seen.envelope.jti && receipt.h == seen.envelope_digest {
        Ok(receipt)
    } else {
        Err(PacketFault::Receipt.into())
    }
}

/// The header with the node's receipt.
const RECEIPT_HEADER: &str = "throughline-receipt";
