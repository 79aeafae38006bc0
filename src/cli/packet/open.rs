//! `throughline packet open`: what is inside, and the signed statement to the hub about it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    super::{CliError, Output, files, home::Home, policy},
    reach::Gateway,
    receipt_beside, unusable,
};
use crate::{
    crypto::DecryptionKey,
    kernel::{
        Code, Fault,
        id::{PacketId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    packets::{Desk, Envelope, Opened, PacketError, PacketKind, Reading, inspect, open},
    policy::FieldId,
};

#[derive(Args)]
pub(super) struct OpenArgs {
    /// The packet.
    packet: PathBuf,
    /// The hub's receipt for it; the file that `fetch` wrote beside the packet without it.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// It was opened here before, and is opened again on purpose.
    #[arg(long)]
    again: bool,
    /// Folder for the files that are inside; without it they are listed only.
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Where to write the signed statement that it was opened.
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// Do not tell the hub. The referral does not count as delivered until it is told.
    #[arg(long)]
    no_receipt: bool,
}

impl OpenArgs {
    pub(super) async fn run(self, home: &Home, output: &Output) -> Result<(), CliError> {
        let body = files::bytes(&self.packet)?;
        let receipt = self.receipt.clone().unwrap_or_else(|| receipt_beside(&self.packet));
        let receipt = files::text(&receipt).map_err(|_ignored| {
            unusable(format!(
                "the hub's receipt {} cannot be read; name it with --receipt",
                receipt.display()
            ))
        })?;
        let claimed = inspect(&body)?;
        let id = claimed.envelope.jti;
        let folder = home.folder("opened")?;
        let seen = folder.join(id.to_string());
        let reading = reading(&seen, self.again)?;
        let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
        let mut gateway = Gateway::reach(home, keyring, &[claimed.envelope.iss]).await?;
        let readers = std::mem::take(&mut gateway.keyring.readers);
        let keys: Vec<DecryptionKey> = readers.into_iter().map(|(_, key)| key).collect();
        let desk = Desk {
            organisation: gateway.organisation,
            keys: &keys,
            signer: &gateway.keyring.signing,
            node: &gateway.node,
            policy: &gateway.policy,
            ids: &SystemIds,
            now: SystemClock.now(),
        };
        let opened = match open(&body, receipt.trim(), reading, &desk, &mut gateway.keys) {
            Ok(opened) => opened,
            Err(error) => return Err(self.quarantined(error, id, &gateway).await),
        };
        files::replace(&seen, opened.envelope_digest.to_string().as_bytes())?;
        let answer = stated(&folder, &opened, &desk)?;
        if let Some(file) = &self.answer {
            files::replace(file, answer.as_bytes())?;
        }
        show(&opened, &write_files(&opened, self.files.as_deref())?, output)?;
        // Our own packet, opened again to see what was sent, is nobody's delivery.
        if self.no_receipt || opened.envelope.iss == gateway.organisation {
            return Ok(());
        }
        gateway.state(id, &answer).await?;
        output.say("The hub knows that it was opened.");
        Ok(())
    }

    /// A quarantined packet leaves its signed report beside it, and the hub gets it.
    async fn quarantined(&self, error: PacketError, packet: PacketId, gateway: &Gateway) -> CliError {
        let PacketError::Quarantined(violation) = &error else { return error.into() };
        let report = self.packet.with_extension("violation.jws");
        if let Err(failed) = files::replace(&report, violation.report.as_bytes()) {
            return failed;
        }
        let told = !self.no_receipt && gateway.state(packet, &violation.report).await.is_ok();
        let next = if told { "The hub has the report" } else { "Hand the report in at the hub" };
        CliError::new(
            Code::new("packet.outside_manifest", Fault::Refused),
            format!("{error}. {next} ({}); do not use the packet", report.display()),
        )
    }
}

/// The signed statement that it was opened: made once, because the hub takes one and the same.
fn stated(folder: &Path, opened: &Opened, desk: &Desk<'_>) -> Result<String, CliError> {
    let kept = folder.join(format!("{}.receipt.jws", opened.envelope.jti));
    if let Some(before) = files::text_if_there(&kept)? {
        return Ok(before);
    }
    let answer = opened.receipt(desk)?;
    files::replace(&kept, answer.as_bytes())?;
    Ok(answer)
}

/// Shows what is inside. That is what this command is for; it goes to the terminal or the pipe and nowhere else.
fn show(opened: &Opened, files: &[String], output: &Output) -> Result<(), CliError> {
    let mut fields = serde_json::Map::new();
    for document in &opened.documents {
        for (field, value) in &document.fields {
            fields.insert(field.to_string(), value.expose_json());
        }
    }
    let unknown: serde_json::Map<_, _> =
        opened.unknown.iter().map(|(field, text)| (field.to_string(), json!(text.expose()))).collect();
    let shown = json!({
        "packet": opened.envelope.jti, "kind": opened.envelope.kind, "re": opened.envelope.re, "from": opened.envelope.iss, "referral": opened.envelope.referral,
        "received": opened.received, "fields": fields, "unknown": unknown, "files": files, "not_for_us": opened.not_for_us,
    });
    output.data(&shown, |_| {
        let label = |id: &str| {
            let id: Option<FieldId> = id.parse().ok();
            id.and_then(|id| policy::field(&id)).unwrap_or_default()
        };
        let mut lines = vec![format!("From {}, received {}\n", opened.envelope.iss, opened.received)];
        for (id, value) in &fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            lines.push(format!("{id:<14} {}: {value}", label(id)));
        }
        for file in files {
            lines.push(format!("file           {file}"));
        }
        if !opened.unknown.is_empty() {
            lines.push(String::from("\nSealed by another policy, which the one in force does not follow here. Look at it, work on without it:"));
            // Nothing has checked what stands in it.
            let raw = opened.unknown.iter().map(|(id, text)| format!("{id:<14} {}", text.expose().escape_debug()));
            lines.extend(raw);
        }
        if !opened.not_for_us.is_empty() {
            lines.push(format!("\n{} sections are for other readers.", opened.not_for_us.len()));
        }
        lines.push(format!("\nNext: throughline referral {}", next(&opened.envelope)));
        lines.join("\n")
    })
}

/// What comes after reading: a referral is acknowledged, what was added to it or came back is looked at beside it.
fn next(envelope: &Envelope) -> String {
    match envelope.kind {
        PacketKind::Referral => format!("acknowledge {} --worker stf_...", envelope.referral),
        PacketKind::Update | PacketKind::Reply | PacketKind::Withdraw => {
            format!("show {}", envelope.referral)
        }
    }
}

fn reading(seen: &Path, again: bool) -> Result<Reading, CliError> {
    match files::text_if_there(seen)? {
        Some(before) if again => before
            .trim()
            .parse()
            .map(Reading::Again)
            .map_err(|_ignored| unusable(format!("{} cannot be read", seen.display()))),
        Some(_) => Ok(Reading::Repeated),
        None => Ok(Reading::First),
    }
}

/// Writes the files under names of our own: what the sender calls a file is not a path.
fn write_files(opened: &Opened, folder: Option<&Path>) -> Result<Vec<String>, CliError> {
    let mut told = Vec::new();
    for (place, file) in opened.files.iter().enumerate() {
        let extension = match file.mime.as_str() {
            "application/pdf" => "pdf",
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "text/plain" => "txt",
            _ => "bin",
        };
        let size = file.bytes.expose().len();
        let Some(folder) = folder else {
            told.push(format!("{} ({size} bytes, not written)", file.field));
            continue;
        };
        files::make_folder(folder)?;
        let path = folder.join(format!("{}-{}-{place}.{extension}", opened.envelope.jti, file.field));
        files::replace(&path, file.bytes.expose())?;
        told.push(path.display().to_string());
    }
    Ok(told)
}
